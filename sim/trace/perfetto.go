package trace

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"cascade/sim"
	"cascade/sim/des"
)

// The Chrome trace event format ("Trace Event Format", the Chromium project; Perfetto reads
// it as it is): a process for each instance, client process and queue, and one for the run;
// in each as many lanes, its threads, as things overlapped there. A lane holds complete
// events, and these have to nest: whatever begins in one ends in it. So a span is put into
// the lane of what it is in, where there is room within that, or else into one that is free.
// Arrows lead from a try to its stay, and from a publish to the work on its message.

// A chromeEvent is one of the format's. Times are in microseconds, in decimals.
type chromeEvent struct {
	Phase    string     `json:"ph"`
	Name     string     `json:"name,omitempty"`
	Category string     `json:"cat,omitempty"`
	Process  int        `json:"pid"`
	Thread   int        `json:"tid"`
	Time     micros     `json:"ts"`
	Lasts    *micros    `json:"dur,omitempty"`
	ID       int        `json:"id,omitempty"`
	Bind     string     `json:"bp,omitempty"`
	Scope    string     `json:"s,omitempty"`
	Args     chromeArgs `json:"args,omitempty"`
}

type micros des.Time

// MarshalJSON writes microseconds with three decimals, exactly.
func (m micros) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", int64(m)/1000, int64(m)%1000), nil
}

type chromeArgs []note

// MarshalJSON writes an object, in the order of the notes.
func (l chromeArgs) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, n := range l {
		if i > 0 {
			b = append(b, ',')
		}
		v, err := encode(n.value)
		if err != nil {
			return nil, err
		}
		b = append(append(strconv.AppendQuote(b, n.key), ':'), v...)
	}
	return append(b, '}'), nil
}

// A lane holds spans that nest: those that are open where the last one was put begin, the
// outermost first.
type lane []*sim.Span

// admits says whether s may be put into the lane: nothing in it lasts beyond s's beginning
// but what s is in, and s ends within that.
func (l *lane) admits(s *sim.Span, within func(inner, outer *sim.Span) bool) bool {
	for n := len(*l); n > 0; n-- {
		switch o := (*l)[n-1]; {
		case within(s, o):
			if o.To < s.To {
				return false
			}
		case o.To > s.From:
			return false
		default:
			*l = (*l)[:n-1] // it has ended, and all that is to come begins no earlier
			continue
		}
		break
	}
	*l = append(*l, s)
	return true
}

// WritePerfetto writes the traces as one object of the Chrome trace event format, an event
// a line.
func (c *Collector) WritePerfetto(w io.Writer) error {
	out := bufio.NewWriter(w)
	var failed error
	events := 0
	write := func(e chromeEvent) {
		b, err := encode(e)
		if err != nil {
			failed = err
		}
		if events++; events > 1 {
			out.WriteString(",")
		}
		out.WriteString("\n")
		out.Write(b)
	}
	about, err := encode(chromeArgs(c.about()))
	if err != nil {
		return err
	}
	out.WriteString("{\"displayTimeUnit\":\"ms\",\"otherData\":")
	out.Write(about)
	out.WriteString(",\"traceEvents\":[")
	process := func(pid int, name string) {
		write(chromeEvent{Phase: "M", Name: "process_name", Process: pid, Args: chromeArgs{{"name", name}}})
		write(chromeEvent{Phase: "M", Name: "process_sort_index", Process: pid, Args: chromeArgs{{"sort_index", int64(pid)}}})
	}
	process(1, "cascade: "+c.plan.Name)
	lasting := func(from, to des.Time) *micros {
		d := micros(to - from)
		return &d
	}
	for i, p := range c.periods() {
		write(chromeEvent{Phase: "M", Name: "thread_name", Process: 1, Thread: i + 1, Args: chromeArgs{{"name", p.name}}})
		write(chromeEvent{Phase: "X", Name: p.name, Category: "run", Process: 1, Thread: i + 1, Time: micros(p.from), Lasts: lasting(p.from, p.to), Args: chromeArgs(p.note)})
		write(chromeEvent{Phase: "i", Name: p.name, Category: "run", Process: 1, Thread: i + 1, Time: micros(p.from), Scope: "g"})
	}
	traces := c.traces()
	arrows, byID := c.arrows(traces)
	faults := c.faultPeriods()
	places, spans := c.byPlace(traces)
	for i, p := range places {
		if len(spans[i]) == 0 {
			continue
		}
		pid := i + 2
		_, name := c.name(p)
		process(pid, name)
		lanes := c.lanes(spans[i], byID)
		for k := range slices.Max(lanes) {
			write(chromeEvent{Phase: "M", Name: "thread_name", Process: pid, Thread: k + 1, Args: chromeArgs{{"name", fmt.Sprintf("lane %d", k+1)}}})
		}
		for k, s := range spans[i] {
			t := c.tell(s, faults)
			at := chromeEvent{Process: pid, Thread: lanes[k], Time: micros(s.From)}
			e := at
			e.Phase, e.Name, e.Category, e.Lasts = "X", t.name, s.Kind.String(), lasting(s.From, s.To)
			e.Args = append(chromeArgs{{"trace", traceID(s.Trace)}}, t.notes...)
			write(e)
			for _, m := range t.marks {
				e := at
				e.Phase, e.Name, e.Category, e.Scope, e.Time = "i", m.name, s.Kind.String(), "t", micros(m.at)
				write(e)
			}
			a := arrows[s]
			for _, id := range a.out {
				e := at
				e.Phase, e.Name, e.Category, e.ID = "s", "sent", "sent", id
				write(e)
			}
			if a.in > 0 {
				e := at
				e.Phase, e.Name, e.Category, e.ID, e.Bind = "f", "sent", "sent", a.in, "e"
				write(e)
			}
		}
	}
	out.WriteString("]}\n")
	if failed != nil {
		return failed
	}
	return out.Flush()
}

// spanKey is a span's number in all traces.
type spanKey struct {
	luck des.Key
	id   int
}

// arrow is which arrows begin and end at a span.
type arrow struct {
	out []int
	in  int // 0: none
}

// arrows numbers what leads from one place to another.
func (c *Collector) arrows(traces [][]sim.Span) (map[*sim.Span]arrow, map[spanKey]*sim.Span) {
	byID := map[spanKey]*sim.Span{}
	for i := range traces {
		for k := range traces[i] {
			s := &traces[i][k]
			byID[spanKey{s.Trace, s.ID}] = s
		}
	}
	all := map[*sim.Span]arrow{}
	n := 0
	for i := range traces {
		for k := range traces[i] {
			s := &traces[i][k]
			from := byID[spanKey{s.Trace, s.Parent}]
			if from == nil || c.placeOf(from) == c.placeOf(s) {
				continue
			}
			n++
			a := all[from]
			a.out = append(a.out, n)
			all[from] = a
			a = all[s]
			a.in = n
			all[s] = a
		}
	}
	return all, byID
}

// lanes puts the spans of a place, which it sorts, into lanes, numbered from 1: the outer
// before the inner, and so that in each they nest.
func (c *Collector) lanes(spans []*sim.Span, byID map[spanKey]*sim.Span) []int {
	slices.SortStableFunc(spans, func(a, b *sim.Span) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To))
	})
	within := func(inner, outer *sim.Span) bool {
		for s := byID[spanKey{inner.Trace, inner.Parent}]; s != nil; s = byID[spanKey{s.Trace, s.Parent}] {
			if s == outer {
				return true
			}
			if c.placeOf(s) != c.placeOf(outer) {
				return false
			}
		}
		return false
	}
	var lanes []lane
	of := map[*sim.Span]int{}
	numbers := make([]int, len(spans))
	for i, s := range spans {
		n := -1
		if parent := byID[spanKey{s.Trace, s.Parent}]; parent != nil {
			if k, ok := of[parent]; ok && lanes[k].admits(s, within) {
				n = k
			}
		}
		for k := 0; n < 0 && k < len(lanes); k++ {
			if lanes[k].admits(s, within) {
				n = k
			}
		}
		if n < 0 {
			n = len(lanes)
			lanes = append(lanes, lane{s})
		}
		of[s] = n
		numbers[i] = n + 1
	}
	return numbers
}
