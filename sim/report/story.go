package report

import (
	"fmt"
	"strings"

	"cascade/sim/des"
)

// A Line is one sentence of the story of a run.
type Line struct {
	At    des.Time // when it happened
	Timed bool     // At means something; else it is about the whole run
	Text  string
}

// String is the sentence with its time: at 32s checkout saturated until ….
func (l Line) String() string {
	if !l.Timed {
		return l.Text
	}
	return "at " + l.At.String() + " " + l.Text
}

// Bounds of what the story tells one by one.
const (
	maxToldFaults    = 4
	maxToldSaturated = 6
	maxToldSources   = 3
)

// Story tells what happened in plain sentences, in the order of time: when faults
// began, which service was saturated and what held its threads, which sources'
// requests failed, what work was wasted, and how it ended.
func (r *Report) Story() []Line {
	var lines []Line
	var rest []string // sentences without a time
	at := func(t des.Time, format string, args ...any) {
		lines = append(lines, Line{t, true, fmt.Sprintf(format, args...)})
	}

	told := 0
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.From >= r.End {
			continue
		}
		if told++; told > maxToldFaults {
			continue
		}
		times, end := "", ", until "+f.LastEnd.String()
		if f.Times > 1 {
			times = fmt.Sprintf(", %d times, every %s", f.Times, f.Every)
		}
		if f.LastEnd >= r.Duration {
			end = ", to the end"
		}
		at(f.From, "%s begins: %s on %s%s%s", f.Name, f.Kind, f.On, times, end)
	}
	if told > maxToldFaults {
		rest = append(rest, several(told-maxToldFaults, "more fault")+" began")
	}
	rest = append(rest, r.tellSaturated(at)...)
	told = 0
	for i := range r.Timeline.Sources {
		if told < maxToldSources && r.tellFailures(i, at) {
			told++
		}
	}
	for i := range r.Timeline.Sources {
		if n := r.lastEnded(i) + 1; r.Cascade.silent[i] && n < len(r.Timeline.Starts) {
			at(r.Timeline.Starts[n], "%s: no request ended any more", r.Timeline.Sources[i].Name)
		}
	}
	if c := &r.Cascade; c.RecoveredAt >= 0 {
		at(c.RecoveredAt, "everything was back to what it was before")
	}
	sortLines(lines)

	if w := r.mostWasted(); w >= 0 {
		rest = append(rest, fmt.Sprintf("%s did %s of its work for callers that had given up", r.Services[w].Name, roughly(r.Services[w].Wasted)))
	}
	for _, text := range append(rest, r.ending()...) {
		lines = append(lines, Line{Text: text})
	}
	return lines
}

func sortLines(lines []Line) {
	// Insertion: there are few, mostly in order, and equal times stay as they are.
	for i := range lines {
		for k := i; k > 0 && lines[k].At < lines[k-1].At; k-- {
			lines[k], lines[k-1] = lines[k-1], lines[k]
		}
	}
}

// tellSaturated tells of each service's longest span that is out of the ordinary.
func (r *Report) tellSaturated(at func(des.Time, string, ...any)) (rest []string) {
	longest := map[string]int{}
	count := map[string]int{}
	var order []string // of services, by their first such span
	all := r.Cascade.Saturated
	for i := range all {
		s := &all[i]
		if !r.Cascade.unusual[i] {
			continue
		}
		if count[s.Service]++; count[s.Service] == 1 {
			order = append(order, s.Service)
			longest[s.Service] = i
		} else if l := &all[longest[s.Service]]; s.Until-s.At > l.Until-l.At {
			longest[s.Service] = i
		}
	}
	for k, name := range order {
		if k == maxToldSaturated {
			rest = append(rest, several(len(order)-maxToldSaturated, "more service")+" saturated")
			break
		}
		s := &all[longest[name]]
		why := fmt.Sprintf("%s of its thread time is own work", roughly(s.Share))
		if s.HeldBy != "" {
			why = fmt.Sprintf("%s of its thread time waits on %s", roughly(s.Share), calleeOf(s.HeldBy))
			if s.Root != calleeOf(s.HeldBy) && s.Root != s.Service {
				why += " (root: " + s.Root + ")"
			}
		}
		if s.Share == 0 {
			why = "attempts wait while no thread is held"
		}
		again := ""
		switch n := count[name]; {
		case n == 2:
			again = " (and once more)"
		case n > 2:
			again = fmt.Sprintf(" (and %d more times)", n-1)
		}
		at(s.At, "%s saturated until %s%s; %s", name, r.until(s.Until), again, why)
	}
	return rest
}

// until is an end of a span in words.
func (r *Report) until(t des.Time) string {
	if t >= r.End {
		return "the end"
	}
	return t.String()
}

// calleeOf is the service at the end of an edge.
func calleeOf(id string) string {
	_, to, _ := strings.Cut(id, "->")
	if i := strings.IndexAny(to, ".#"); i >= 0 {
		to = to[:i]
	}
	return to
}

// tellFailures tells from when to when a source's requests failed more often than
// before, how many of them, and which point was the worst.
func (r *Report) tellFailures(source int, at func(des.Time, string, ...any)) bool {
	t := &r.Timeline
	s := &t.Sources[source]
	first, last, worst := -1, -1, -1
	share := func(n int) float64 { return ratio(s.Failed[n], s.Failed[n]+s.Succeeded[n]) }
	for n := range t.Starts {
		if !rose(s.Failed[n], s.Failed[n]+s.Succeeded[n], 1-r.Cascade.before[source]) {
			continue
		}
		last = n
		if first < 0 {
			first = n
		}
		if worst < 0 || share(n) > share(worst) {
			worst = n
		}
	}
	if first < 0 {
		return false
	}
	var failed, all uint64
	for n := first; n <= last; n++ {
		failed, all = failed+s.Failed[n], all+s.Failed[n]+s.Succeeded[n]
	}
	worstText := ""
	if roughly(share(worst)) != roughly(ratio(failed, all)) {
		worstText = fmt.Sprintf(", worst %s at %s", roughly(share(worst)), t.Starts[worst])
	}
	at(t.Starts[first], "%s: %s of requests failed until %s%s", s.Name, roughly(ratio(failed, all)), r.until(min(t.Starts[last]+t.Point, r.End)), worstText)
	return true
}

// lastEnded is the last point in which a request of a source ended; -1 if none did.
func (r *Report) lastEnded(source int) int {
	s := &r.Timeline.Sources[source]
	n := len(s.Failed) - 1
	for n >= 0 && s.Failed[n]+s.Succeeded[n] == 0 {
		n--
	}
	return n
}

// mostWasted is the service that wasted the largest share of its work, of those
// that wasted one part in a hundred or more; -1 if none did.
func (r *Report) mostWasted() int {
	most := -1
	for i := range r.Services {
		if w := r.Services[i].Wasted; w >= 0.01 && (most < 0 || w > r.Services[most].Wasted) {
			most = i
		}
	}
	return most
}

// ending tells how it ended, where that is not a recovery.
func (r *Report) ending() []string {
	c := &r.Cascade
	switch {
	case c.Metastable:
		last := des.Time(0)
		for i := range r.Faults {
			last = max(last, r.Faults[i].LastEnd)
		}
		text := fmt.Sprintf("metastable: still not back %s after the last fault", r.End-last)
		if l := c.Loop; l != nil && l.Wasted > 0 {
			text += fmt.Sprintf("; %s of %s's work, for callers that have given up, feeds it", roughly(l.Wasted), calleeOf(l.Edge))
		} else if l != nil {
			text += fmt.Sprintf("; retries on %s feed it (%s of its attempts, %s a call)", l.Edge, roughly(l.Retries), decimal(l.Amplification))
		}
		return []string{text}
	case c.RecoveredAt >= 0:
		return nil
	case c.broke:
		return []string{"it was not back by the end"}
	}
	for i := range c.Saturated {
		if !c.unusual[i] {
			return []string{"nothing got worse than it was before"}
		}
	}
	return []string{"no service was saturated"}
}
