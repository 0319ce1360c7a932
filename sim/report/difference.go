package report

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"cascade/sim/des"
)

// A Difference is what tells two runs of the same topology and traffic apart, from an
// instant on up to which they were the same. Of each pair the first is of the run, the
// second of the other one.
type Difference struct {
	From, To des.Time   // whole points of the timelines; alike where there is none yet
	Goodput  [2]float64 // successes a second of all sources together
	Source   string     // the one that is slowest in either run, of several; "": there is but one
	P99      [2]float64 // seconds: of that source, in the last point; 0: nobody succeeded in it
	Service  string     // the one whose threads are held most differently; "": none differs
	Held     [2]float64 // share of its threads held on average
	Queue    string     // the one where what is not done differs most; "": none differs
	Lag      [2]float64 // its messages that were not done in the last point
	Wasted   [2]float64 // seconds of thread time that all services have worked for callers that had given up, since the warm-up
}

// Compare holds a run against another one from an instant on, as far as both have come.
func Compare(run, other *Report, from des.Time) Difference {
	point := run.Timeline.Point
	first := int(divideUp(int64(from), int64(point)))
	last := min(run.Timeline.whole(), other.Timeline.whole()) // of the points that are over
	d := Difference{From: des.Time(first) * point, To: des.Time(last) * point}
	if last <= first {
		d.To = d.From
		return d
	}
	for k, r := range []*Report{run, other} {
		succeeded := uint64(0)
		for i := range r.Timeline.Sources {
			s := &r.Timeline.Sources[i]
			for _, n := range s.Succeeded[first:last] {
				succeeded += n
			}
		}
		d.Goodput[k] = perSecond(succeeded, d.To-d.From)
		for i := range r.Services {
			d.Wasted[k] += float64(r.Services[i].Wasted * r.Services[i].ThreadTime.Working)
		}
	}
	// Of one source in both: where nobody succeeds any more in the slowest one, the next one's
	// p99 is no better one.
	slowest := 0.0
	for i := range run.Timeline.Sources {
		p99 := [2]float64{run.Timeline.Sources[i].P99[last-1], other.Timeline.Sources[i].P99[last-1]}
		if worst := max(p99[0], p99[1]); worst > slowest {
			slowest, d.P99 = worst, p99
			if len(run.Timeline.Sources) > 1 {
				d.Source = run.Timeline.Sources[i].Name
			}
		}
	}
	most := 0.0
	for i := range run.Timeline.Services {
		var held [2]float64
		for k, r := range []*Report{run, other} {
			sum := 0.0
			for _, s := range r.Timeline.Services[i].Saturation[first:last] {
				sum += s
			}
			held[k] = sum / float64(last-first)
		}
		if by := math.Abs(held[0] - held[1]); by > most {
			most, d.Service, d.Held = by, run.Timeline.Services[i].Name, held
		}
	}
	most = 0
	for i := range run.Timeline.Queues {
		lag := [2]float64{run.Timeline.Queues[i].Lag(last - 1), other.Timeline.Queues[i].Lag(last - 1)}
		if by := math.Abs(lag[0] - lag[1]); by > most {
			most, d.Queue, d.Lag = by, run.Timeline.Queues[i].Name, lag
		}
	}
	return d
}

// whole is how many of the points are over.
func (t *Timeline) whole() int { return int(t.end / t.Point) }

// Text says it in one line: what the run has, and in brackets what the other one has.
// Where so many columns are too few for that it leaves out words.
func (d *Difference) Text(columns int) string {
	if d.To == d.From {
		return "nothing has happened yet that could differ"
	}
	p99 := func(s float64) string {
		if s == 0 {
			return missing
		}
		return compact(s)
	}
	type part struct{ name, short, least, unit, one, other string }
	of := strings.TrimPrefix(d.Source+" p99", " ")
	parts := []part{
		{"goodput", "goodput", "goodput", "/s", often(d.Goodput[0]), often(d.Goodput[1])},
		{of + " now", of, "p99", "", p99(d.P99[0]), p99(d.P99[1])},
	}
	if d.Service != "" {
		parts = append(parts, part{d.Service + " held", d.Service, d.Service, "", roughly(d.Held[0]), roughly(d.Held[1])})
	}
	if d.Queue != "" {
		parts = append(parts, part{d.Queue + " not done", d.Queue, d.Queue, "", CountText(d.Lag[0]), CountText(d.Lag[1])})
	}
	told := len(parts) // where neither wasted any work that is told only where it fits
	parts = append(parts, part{"wasted work", "wasted", "wasted", "", compact(d.Wasted[0]), compact(d.Wasted[1])})
	if d.Wasted != [2]float64{} {
		told++
	}
	var long, short, least []string
	for _, p := range parts {
		long = append(long, fmt.Sprintf("%s %s%s (%s%s)", p.name, p.one, p.unit, p.other, p.unit))
		short = append(short, fmt.Sprintf("%s %s%s (%s)", p.short, p.one, p.unit, p.other))
		least = append(least, fmt.Sprintf("%s %s%s (%s)", p.least, p.one, p.unit, p.other))
	}
	for _, words := range [...][]string{long, long[:told], short[:told]} {
		if text := strings.Join(words, " · "); utf8.RuneCountInString(text) <= columns {
			return text
		}
	}
	return strings.Join(least[:told], " · ")
}
