package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cascade/sim/des"
	"cascade/topology"
)

// A Line is one sentence of the story of a run.
type Line struct {
	At    des.Time // when it happened
	Timed bool     // At means something; else it is about the whole run
	Text  string
	Tone  Tone

	again bool // what guards and queues did, which the summary tells once more in its own place
}

// String is the sentence with its time: at 32s checkout saturated until ….
func (l Line) String() string {
	if !l.Timed {
		return l.Text
	}
	return "at " + clock(l.At) + " " + l.Text
}

// Bounds of what the story tells one by one.
const (
	maxToldFaults    = 4
	maxToldSaturated = 6
	maxToldSources   = 3
	maxToldKeys      = 4 // of a set
)

// Story tells what happened in plain sentences, in the order of time: when faults
// began, which service was saturated and what held its threads, which breakers
// opened, which sources' requests failed, what work was wasted, and how it ended.
func (r *Report) Story() []Line { return r.tell(&telling{}) }

func (r *Report) tell(t *telling) []Line {
	told := 0
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.From >= r.End {
			continue
		}
		if told++; told > t.most(maxToldFaults) {
			continue
		}
		if f.Instant {
			again := ""
			if f.Times > 1 {
				again = fmt.Sprintf(", %s times, every %s", grouped(uint64(f.Times)), clock(f.Every))
			}
			t.line(Caused, f.From, "%s: %s%s", f.Name, r.does(f), again)
			continue
		}
		tone := Caused
		if f.Keys != nil {
			tone = Changed
		}
		times, end := "", ", until "+clock(f.LastEnd)
		if f.Times > 1 {
			times = fmt.Sprintf(", %s times, every %s", grouped(uint64(f.Times)), clock(f.Every))
		}
		if f.LastEnd >= r.Duration {
			end = ", to the end"
		}
		t.line(tone, f.From, "%s begins: %s%s%s", f.Name, f.What(), times, end)
		if t.long && f.LastEnd <= r.End && f.LastEnd < r.Duration {
			t.line(tone, f.LastEnd, "%s is over", f.Name)
		}
	}
	t.more(told-t.most(maxToldFaults), "more fault", "")
	t.more(r.tellSaturated(t), "more saturated service", "")
	t.more(r.tellBacklogs(t), "more backlog", "")
	r.tellLosses(t)
	r.tellRebalances(t)
	r.tellConsumers(t)
	t.more(r.tellBreakers(t), "more breaker", " that opened")
	t.more(r.tellEjected(t), "more edge", " that left out instances")
	t.more(r.tellBudgets(t), "more retry budget", " that ran out")
	t.more(r.tellScaled(t), "more scaled service", "")
	told = 0
	for i := range r.Timeline.Sources {
		f := &r.Cascade.failures[i]
		if !f.ever && !f.calm.ever {
			continue
		}
		if told++; told <= t.most(maxToldSources) {
			r.tellFailures(i, t)
		}
	}
	t.more(told-t.most(maxToldSources), "more source", " that failed")
	for i := range r.Timeline.Sources {
		if n := r.lastEnded(i) + 1; r.Cascade.silent[i] && n < len(r.Timeline.Starts) {
			t.at(r.since(r.Timeline.Starts[n], r.Timeline.Point), "%s: no request ended any more", r.Timeline.Sources[i].Name)
		}
	}
	if c := &r.Cascade; c.RecoveredAt >= 0 {
		t.line(Recovered, c.RecoveredAt, "everything was back to what it was before")
	}
	sortLines(t.lines)
	t.cut()

	var rest []string // sentences about the whole run
	rest = append(rest, r.wasted()...)
	rest = append(rest, r.ending(t)...)
	rest = append(rest, r.done(t)...)
	if text := r.mostForCopies(); text != "" {
		rest = append(rest, text)
	}
	repeats, much := r.mostAgain()
	if much {
		rest = append(rest, repeats)
		repeats = ""
	}
	inTables := []string{repeats, r.leftOver(), r.mostStopped()} // these the summary tells once more
	for _, text := range inTables {
		if text != "" {
			rest = append(rest, text)
		}
	}
	if len(t.untold) > 0 {
		rest = append(rest, "not told here: "+strings.Join(t.untold, ", "))
	}
	for _, text := range rest {
		t.lines = append(t.lines, Line{Text: text, again: slices.Contains(inTables, text)})
	}
	return t.lines
}

// does is what a fault that takes no time does. How many messages a redrive moved is
// known of all redrives of a queue together, and so told only where one is planned.
func (r *Report) does(f *Fault) string {
	if f.Group != "" {
		return fmt.Sprintf("%s of %s on %s by %s", f.Kind, f.Group, f.On, clock(f.By))
	}
	other := func(o Fault) bool { return o.Into != "" && o.On == f.On && o.Name != f.Name }
	for i := range r.Queues {
		if q := &r.Queues[i]; q.Name == f.On && !slices.ContainsFunc(r.Faults, other) {
			if n := q.redriven.n; n > 0 {
				return fmt.Sprintf("%s of %s from %s to %s, the oldest there for %s", f.Kind, several(int(n), "message"), f.On, f.Into, brief(q.redrivenAge))
			}
			return fmt.Sprintf("%s of %s to %s, which found nothing to move", f.Kind, f.On, f.Into)
		}
	}
	return fmt.Sprintf("%s of %s to %s", f.Kind, f.On, f.Into)
}

// What a fault is, in a few words, as in "latency on payment", "set retry on shop->stock"
// or "errors on prices (1 of 10)".
func (f *Fault) What() string { return f.Kind + f.settings() + " on " + f.On + f.Part() }

// Part is how many of a service's instances a fault is on, where it is not on all.
func (f *Fault) Part() string {
	switch {
	case f.Instances == 0:
		return ""
	case f.Of == 0:
		return " (" + several(f.Instances, "instance") + ")"
	}
	return fmt.Sprintf(" (%s of %s)", grouped(uint64(f.Instances)), grouped(uint64(f.Of)))
}

// settings is what a set sets.
func (f *Fault) settings() string {
	if len(f.Keys) == 0 {
		return ""
	}
	told, more := f.Keys, ""
	if n := len(told) - maxToldKeys; n > 0 {
		told, more = told[:maxToldKeys], fmt.Sprintf(" and %d more", n)
	}
	return " " + strings.Join(told, ", ") + more
}

func sortLines(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.At, b.At) })
}

// tellSaturated tells of each service's longest span that is worth telling, at length
// of all of them, and says how many services it left out.
func (r *Report) tellSaturated(t *telling) (more int) {
	if t.long {
		r.tellSpans(t)
		return 0
	}
	longest := map[string]int{}
	count := map[string]int{}
	var order []string // of services, by their first such span
	all := r.Cascade.Saturated
	for i := range all {
		s := &all[i]
		if !r.Cascade.notes[i].told {
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
			return len(order) - maxToldSaturated
		}
		again := ""
		switch n := count[name]; {
		case n == 2:
			again = " (and once more)"
		case n > 2:
			again = fmt.Sprintf(" (and %s more times)", grouped(uint64(n-1)))
		}
		r.tellSpan(t, longest[name], again)
	}
	return 0
}

// tellSpans tells of all spans that are worth telling, but for those that cut would
// leave out: there may be very many.
func (r *Report) tellSpans(t *telling) {
	var told []int
	for i := range r.Cascade.Saturated {
		if r.Cascade.notes[i].told {
			told = append(told, i)
		}
	}
	t.before = max(len(told)-maxLongStory, 0)
	for _, i := range told[t.before:] {
		r.tellSpan(t, i, "")
	}
}

func (r *Report) tellSpan(t *telling, i int, again string) {
	s := &r.Cascade.Saturated[i]
	what := s.Service + " saturated"
	if r.unlimited(s.Service) { // no pool that could be full
		what = s.Service + ": attempts waited"
	}
	t.at(r.since(s.At, r.Interval), "%s %s%s; %s", what, r.until(s.Until), again, s.why(&r.Cascade.notes[i]))
}

// why says what held a service's threads.
func (s *Saturated) why(n *note) string {
	switch {
	case n.paused:
		return "its threads stood still (paused)"
	case s.Share == 0:
		return "attempts wait while no thread is held"
	case s.HeldBy != "":
		how := "waits"
		if n.blocked {
			how = "is blocked"
		}
		why := fmt.Sprintf("%s of its thread time %s on %s", roughly(s.Share), how, calleeOf(s.HeldBy))
		if s.Root != calleeOf(s.HeldBy) && s.Root != s.Service {
			why += " (root: " + s.Root + ")"
		}
		return why
	case n.slowed != "":
		return fmt.Sprintf("%s own work (%s)", roughly(s.Share), n.slowed)
	}
	return fmt.Sprintf("%s of its thread time is own work", roughly(s.Share))
}

func (r *Report) unlimited(service string) bool {
	for i := range r.Services {
		if r.Services[i].Name == service {
			return r.Services[i].Unlimited
		}
	}
	return false
}

// since is when something began, as it is told, that was first seen in the stretch of
// time that began at at. Where in it, nobody knows. But where a fault began in it, what
// began there too is told behind the fault, which is likely why: at the fault's begin, or
// the last one's if there are several. A set may be the cure, and counts only where no
// other fault began there.
func (r *Report) since(at, width des.Time) des.Time {
	told, set := at, at
	for i := range r.Faults {
		f := &r.Faults[i]
		switch {
		case f.From >= min(at+width, r.End):
		case f.Keys != nil:
			set = max(set, f.From)
		default:
			told = max(told, f.From)
		}
	}
	if told > at {
		return told
	}
	return set
}

// until is an end of a span in words. Of a run that was interrupted, or goes on, what
// was there at the last that was seen of it has no end yet.
func (r *Report) until(t des.Time) string {
	switch {
	case !r.Complete && t >= r.Timeline.end:
		return "ever since"
	case t >= r.End:
		return "until the end"
	}
	return "until " + clock(t)
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
// before, how many of them, which interval was the worst, and in what way they
// failed; and whether they had failed before any fault began.
func (r *Report) tellFailures(source int, t *telling) {
	name, f := r.Timeline.Sources[source].Name, &r.Cascade.failures[source]
	calm := f.calm
	already := f.ever && calm.atEnd // one spell, of which the fault's part is told
	if calm.ever && !already {
		when := " already"
		if !calm.atEnd {
			when = " until " + clock(calm.until) + ","
		}
		t.at(calm.from, "%s: %s failed%s%s before any fault: %s", name, roughly(calm.ended.failed()), calm.inSpells(), when, calm.kinds())
	}
	if !f.ever {
		return
	}
	share, worst, before := f.ended.failed(), "", ""
	if roughly(f.worst) != roughly(share) {
		worst = ", worst " + roughly(f.worst)
		if f.worstAt != f.from {
			worst += " at " + clock(r.since(f.worstAt, r.Interval))
		}
	}
	if already {
		before = fmt.Sprintf(" (%s already since %s)", roughly(calm.last.ended.failed()), clock(calm.last.from))
	}
	until := f.until
	if f.atEnd && !r.Complete { // a moment without a failure does not end it
		until = r.End
	}
	t.at(r.since(f.from, r.Interval), "%s: %s failed%s %s%s%s: %s", name, roughly(share), f.inSpells(), r.until(until), before, worst, f.kinds())
}

// inSpells says how often it began, where that is more than once: the shares are
// those of the spells then.
func (f *failures) inSpells() string {
	if f.spells < 2 {
		return ""
	}
	return fmt.Sprintf(" in %s spells", grouped(uint64(f.spells)))
}

// failed is the share of what ended that failed.
func (o *outcomes) failed() float64 {
	all := o.all()
	return ratio(all-o[topology.Success], all)
}

// maxToldKinds of failures are told of a source, those beyond one in ten of them;
// those beyond one in fifty make that "mostly".
const maxToldKinds = 3

// kinds says in what way requests failed: the kinds by their share of all
// requests, or the only one that matters by its name.
func (f *failures) kinds() string {
	all := f.ended.all()
	bad := all - f.ended[topology.Success]
	var kinds []topology.Outcome
	mostly := ""
	for k := range topology.NumOutcomes {
		switch n := f.ended[k]; {
		case k == topology.Success || n == 0:
		case 10*n >= bad:
			kinds = append(kinds, k)
		case 50*n >= bad:
			mostly = "mostly "
		}
	}
	slices.SortStableFunc(kinds, func(a, b topology.Outcome) int { return cmp.Compare(f.ended[b], f.ended[a]) })
	kinds = kinds[:min(len(kinds), maxToldKinds)]
	var parts []string
	for _, k := range kinds {
		part := outcomeWords(k)
		if len(kinds) > 1 {
			part = roughly(ratio(f.ended[k], all)) + " " + part
		}
		switch k {
		case topology.Error:
			if f.blame != "" { // before any fault nobody looked for it
				part += " (" + f.blame + ")"
			}
		case topology.Rejected, topology.Refused, topology.Reset, topology.RateLimited, topology.Limited, topology.BulkheadFull:
			switch {
			case len(kinds) > 1 || f.guards.Has(k): // it may as well have been the client's own guard
			case k == topology.BulkheadFull:
				part += " at " + f.target
			default:
				part += " by " + f.target
			}
		}
		parts = append(parts, part)
	}
	return mostly + strings.Join(parts, ", ")
}

// outcomeWords is an outcome's name without underscores.
func outcomeWords(o topology.Outcome) string { return strings.ReplaceAll(o.String(), "_", " ") }

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
// that are asked about and wasted one part in a hundred or more; -1 if none did.
func (r *Report) mostWasted(asked func(*Service) bool) int {
	most := -1
	for i := range r.Services {
		s := &r.Services[i]
		if s.Wasted >= 0.01 && asked(s) && (most < 0 || s.Wasted > r.Services[most].Wasted) {
			most = i
		}
	}
	return most
}

// wasted tells of the service that did most of its work for callers that had given
// up; one that leaves for the end what came first is told of beside it, with what
// that does to its latency. Hedges' copies are not among it: see mostForCopies.
func (r *Report) wasted() (lines []string) {
	if i := r.mostWasted(func(s *Service) bool { return !s.waste.hedges && !s.leavesForTheEnd() }); i >= 0 {
		whom := "callers that had given up"
		if r.Services[i].waste.messages {
			whom = "messages that were done already or given up"
		}
		lines = append(lines, fmt.Sprintf("%s did %s of its work for %s", r.Services[i].Name, roughly(r.Services[i].Wasted), whom))
	}
	if i := r.mostWasted((*Service).leavesForTheEnd); i >= 0 {
		s := &r.Services[i]
		lines = append(lines, fmt.Sprintf("%s takes the last first: %s of its work was for callers long gone, whose waits make its p99 (%s); of answers in time it is %s",
			s.Name, roughly(s.Wasted), brief(s.Latency.P99), brief(s.waste.callersP99)))
	}
	return lines
}

// ending tells how it ended, where that is not a recovery.
func (r *Report) ending(t *telling) []string {
	c := &r.Cascade
	switch {
	case c.Metastable:
		last := des.Time(0)
		for i := range r.Faults {
			last = max(last, r.Faults[i].LastEnd)
		}
		text := fmt.Sprintf("metastable: still not back %s after the last fault", clock(r.End-last))
		if l := c.Loop; l != nil && l.Queue != "" {
			text += fmt.Sprintf("; what %s hands out again feeds it (%s of its deliveries since then, %s a message)", l.Queue, roughly(l.Retries), decimal(l.Amplification))
		} else if l != nil && l.Wasted > 0 {
			whom := "callers that have given up"
			if slices.ContainsFunc(r.Services, func(s Service) bool { return s.Name == calleeOf(l.Edge) && s.waste.messages }) {
				whom = "messages that were done already or given up"
			}
			text += fmt.Sprintf("; %s of %s work, for %s, feeds it", roughly(l.Wasted), whose(calleeOf(l.Edge)), whom)
		} else if l != nil {
			what, share := "retries", l.Retries
			if l.Hedges > l.Retries {
				what, share = "hedges", l.Hedges
			}
			text += fmt.Sprintf("; %s on %s feed it (%s of its attempts, %s a call)", what, l.Edge, roughly(share), decimal(l.Amplification))
		}
		return []string{text}
	case c.RecoveredAt >= 0:
		return nil
	case c.broke && len(r.Faults) == 0:
		return nil // it may never have been better
	case c.broke && !r.Complete && t.long:
		return []string{"it is not back yet"}
	case c.broke && !r.Complete:
		return []string{"it was not back when it was interrupted"}
	case c.broke:
		return []string{"it was not back by the end"}
	case len(c.Saturated) == 0 && !r.Complete && t.long:
		return []string{"no service has been saturated yet"}
	case len(c.Saturated) == 0:
		return []string{"no service was saturated"}
	}
	spans, most := map[string]int{}, map[string]des.Time{}
	name := ""
	for i := range c.Saturated {
		s := &c.Saturated[i]
		if c.notes[i].told {
			return nil
		}
		spans[s.Service]++
		most[s.Service] = max(most[s.Service], s.Until-s.At)
		if name == "" || spans[s.Service] > spans[name] {
			name = s.Service
		}
	}
	times := "once, for "
	if n := spans[name]; n > 1 {
		times = grouped(uint64(n)) + " times, for at most "
	}
	return []string{fmt.Sprintf("nothing out of the ordinary: a full pool now and then (%s: %s%s)", name, times, clock(most[name]))}
}
