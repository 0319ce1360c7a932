// Package trace keeps what became of some of a run's requests, and writes it as the
// distributed traces that people look at with the tools for real ones: OTLP JSON, which
// Jaeger and Grafana Tempo load, and the Chrome trace event format, which Perfetto does.
//
// It leaves out which spans there are (that is package sim) and where the file goes.
//
//	c := trace.NewCollector(plan, trace.Options{})
//	s := sim.New(plan, c)
//	…
//	err := c.WriteOTLP(w)
//
// # Which requests
//
// A run has more requests than anybody looks at. Each has a rank, drawn from its own luck,
// and those of the lowest ranks are kept: as many as the Options say, evenly from the whole
// run, and the same ones whatever else is changed in the scenario. Where what they set off
// has more spans than the Options allow, those of the highest ranks are let go again, whole:
// a trace is complete or not there. (This is bottom-k sampling: E. Cohen, H. Kaplan,
// "Summarizing data using bottom-k sketches", PODC 2007.)
package trace

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// Options bound what is kept.
type Options struct {
	Requests int // traces at most; 0: DefaultRequests
	Spans    int // spans at most, of all traces together; 0: DefaultSpans
}

// What is kept where the Options say nothing.
const (
	DefaultRequests = 1000
	DefaultSpans    = 100_000
)

// A Collector is the Tracer that keeps the traces of a run.
type Collector struct {
	plan  *sim.Plan
	edges []*topology.Edge // as in Plan.Edges
	most  Options

	asked    int               // requests that began
	limit    uint64            // ranks from here on are not kept
	requests map[des.Key]*kept // by luck
	ranks    []*kept           // a heap: the highest rank first
	spans    int
	cut      int // spans that were let go of a trace that is too long by itself

	events []sim.Transition
	missed int      // transitions beyond the bound, which is that of spans
	end    des.Time // how far the run has come
}

// A kept is a request that is kept, so far.
type kept struct {
	luck  des.Key
	rank  uint64
	spans []sim.Span
}

// NewCollector is a Collector for one run of p.
func NewCollector(p *sim.Plan, o Options) *Collector {
	if o.Requests == 0 {
		o.Requests = DefaultRequests
	}
	if o.Spans == 0 {
		o.Spans = DefaultSpans
	}
	return &Collector{plan: p, edges: p.Edges(), most: o, limit: 1<<64 - 1, requests: map[des.Key]*kept{}}
}

// saltRank names what a request's rank is drawn for.
var saltRank = des.NameKey("trace rank")

// Follow wants a request if its rank is low enough.
func (c *Collector) Follow(_ int, _ int64, luck des.Key) bool {
	c.asked++
	draw := luck.With(saltRank).Draw()
	rank := draw.Uint64()
	if rank >= c.limit {
		return false
	}
	k := &kept{luck: luck, rank: rank}
	c.requests[luck] = k
	c.push(k)
	if len(c.ranks) > c.most.Requests {
		c.letGo()
	}
	return c.requests[luck] != nil
}

// Span keeps a span of a request that is kept.
func (c *Collector) Span(s *sim.Span) {
	k := c.requests[s.Trace]
	if k == nil {
		return
	}
	for c.spans >= c.most.Spans && len(c.ranks) > 1 {
		c.letGo()
	}
	if c.requests[s.Trace] == nil {
		return
	}
	if c.spans >= c.most.Spans {
		c.cut++
		return
	}
	k.spans = append(k.spans, *s)
	c.spans++
}

// letGo lets go the request of the highest rank, and those of higher ones from now on.
func (c *Collector) letGo() {
	k := c.pop()
	c.limit = k.rank
	c.spans -= len(k.spans)
	delete(c.requests, k.luck)
}

func (c *Collector) push(k *kept) {
	h := append(c.ranks, k)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up].rank >= h[i].rank {
			break
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
	c.ranks = h
}

func (c *Collector) pop() *kept {
	h := c.ranks
	top, last := h[0], len(h)-1
	h[0], h[last] = h[last], nil
	h = h[:last]
	for i := 0; ; {
		k := 2*i + 1
		if k+1 < len(h) && h[k+1].rank > h[k].rank {
			k++
		}
		if k >= len(h) || h[i].rank >= h[k].rank {
			break
		}
		h[i], h[k] = h[k], h[i]
		i = k
	}
	c.ranks = h
	return top
}

// Transition keeps what changed state, for the trace of the run itself.
func (c *Collector) Transition(t sim.Transition) {
	if len(c.events) == c.most.Spans {
		c.missed++
		return
	}
	c.events = append(c.events, t)
}

// Sample notes how far the run has come.
func (c *Collector) Sample(s *sim.Sample) { c.end = s.To }

// A Tally says how much of a run a Collector has kept.
type Tally struct {
	Asked    int  // requests that began in the run
	Requests int  // of them kept
	Spans    int  // as they were told; the file leaves out calls that came to a single try
	Bounded  bool // fewer than Options.Requests, because they would have more than Options.Spans
	Cut      int  // spans that are not kept of a single request that has more than that
	Missed   int  // faults, crashes and breakers that changed state when there had been as many changes as that
}

// Tally is how much has been kept so far.
func (c *Collector) Tally() Tally {
	return Tally{c.asked, len(c.ranks), c.spans, len(c.ranks) < min(c.asked, c.most.Requests), c.cut, c.missed}
}

// Short says whether a bound on spans was reached, so that less was kept than was asked for.
func (t Tally) Short() bool { return t.Bounded || t.Cut > 0 || t.Missed > 0 }

// String says it in a sentence: 1000 of 240311 requests, 14210 spans.
func (t Tally) String() string {
	s := fmt.Sprintf("%d of %d requests, %d spans", t.Requests, t.Asked, t.Spans)
	if t.Bounded {
		s += ": more would have passed the bound on spans"
	}
	if t.Cut > 0 {
		s += fmt.Sprintf("; the only one has %d more, which are left out", t.Cut)
	}
	if t.Missed > 0 {
		s += fmt.Sprintf("; %d changes of faults, instances and breakers are left out", t.Missed)
	}
	return s
}

// traces are the spans of the requests, in the order in which these began, each request's
// by their beginning. A call that came to a single try is left out, and the try stands in
// its place.
func (c *Collector) traces() [][]sim.Span {
	var all [][]sim.Span
	for _, k := range c.ranks {
		if len(k.spans) == 0 {
			continue
		}
		l := slices.Clone(k.spans)
		slices.SortFunc(l, func(a, b sim.Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
		all = append(all, folded(l))
	}
	slices.SortFunc(all, func(a, b []sim.Span) int {
		return cmp.Or(cmp.Compare(a[0].From, b[0].From), cmp.Compare(a[0].Source, b[0].Source), cmp.Compare(a[0].Request, b[0].Request))
	})
	return all
}

// folded leaves out the calls, and the request, of which an attempt tells all: it began and
// ended with it, the same way, and there was nothing else.
func folded(spans []sim.Span) []sim.Span {
	place := make(map[int]int, len(spans))
	inside := make(map[int]int, len(spans)) // how much is in each
	for i := range spans {
		place[spans[i].ID] = i
		inside[spans[i].Parent]++
	}
	out := map[int]bool{} // IDs that are left out
	for i := range spans {
		a := &spans[i]
		at, ok := place[a.Parent]
		if a.Kind != sim.SpanAttempt || !ok {
			continue
		}
		call := &spans[at]
		if inside[call.ID] == 1 && call.From == a.From && call.To == a.To && call.Outcome == a.Outcome && call.Unfinished == a.Unfinished && !call.Unpaid {
			out[call.ID] = true
			a.Parent, a.Round, a.Cache = call.Parent, call.Round, call.Cache
		}
	}
	return slices.DeleteFunc(spans, func(s sim.Span) bool { return out[s.ID] })
}

// A period is a time in which something was wrong, or otherwise than before.
type period struct {
	name     string
	from, to des.Time
	open     bool // it lasts to the end
	note     []note
}

// periods are what the run itself went through: faults, instances that were down, breakers
// that were open, in the order of their beginning.
func (c *Collector) periods() []period {
	var all []period
	open := map[string]int{}
	begin := func(key, name string, at des.Time, notes ...note) {
		open[key] = len(all)
		all = append(all, period{name: name, from: at, to: c.end, open: true, note: notes})
	}
	end := func(key string, at des.Time) {
		if i, ok := open[key]; ok {
			all[i].to, all[i].open = at, false
			delete(open, key)
		}
	}
	for _, t := range c.events {
		switch t.Kind {
		case sim.FaultBegan:
			f := &c.plan.Faults[t.Fault]
			begin(fmt.Sprint("fault ", t.Fault), f.Name, t.At, note{"cascade.fault.kind", f.Kind.String()}, note{"cascade.fault.on", f.On})
		case sim.FaultEnded:
			end(fmt.Sprint("fault ", t.Fault), t.At)
		case sim.InstanceDown:
			name := c.instance(t.Service, t.Instance)
			begin("down "+name, name+" down", t.At, note{"service.name", c.plan.Topology.Services[t.Service].Name})
		case sim.InstanceUp:
			end("down "+c.instance(t.Service, t.Instance), t.At)
		case sim.BreakerChanged:
			key := fmt.Sprintf("breaker %d %d", t.Edge, t.Instance)
			end(key, t.At)
			if t.To != topology.StateClosed {
				begin(key, fmt.Sprintf("breaker %s %v", c.edges[t.Edge].ID, t.To), t.At, note{"cascade.edge", c.edges[t.Edge].ID}, note{"cascade.instance", int64(t.Instance)})
			}
		}
	}
	return all
}

// faultsDuring names the faults that were in force on what a span is about.
func (c *Collector) faultsDuring(all []faultPeriod, s *sim.Span) []string {
	var names []string
	n := sort.Search(len(all), func(i int) bool { return all[i].from > s.To })
	for _, p := range all[:n] {
		f := p.fault
		if p.to < s.From || p.to == s.From && p.from < s.From || slices.Contains(names, f.Name) {
			continue
		}
		on := false
		switch s.Kind {
		case sim.SpanStay, sim.SpanDelivery:
			here := f.Instances == 0 || s.Instance < f.Instances
			on = here && (slices.Contains(f.Services, s.Service) || slices.ContainsFunc(f.Ops, func(r topology.OpRef) bool { return r == topology.OpRef{Service: s.Service, Op: s.Op} }))
			on = on || s.Kind == sim.SpanDelivery && slices.Contains(f.Queues, s.Queue)
		case sim.SpanAttempt:
			on = slices.Contains(f.Edges, s.Edge)
		case sim.SpanPublish:
			on = slices.Contains(f.Queues, s.Queue)
		}
		if on {
			names = append(names, f.Name)
		}
	}
	return names
}

// A faultPeriod is a time for which a fault was in force.
type faultPeriod struct {
	fault    *sim.Fault
	from, to des.Time
}

func (c *Collector) faultPeriods() []faultPeriod {
	var all []faultPeriod
	open := map[int]int{}
	for _, t := range c.events {
		switch t.Kind {
		case sim.FaultBegan:
			open[t.Fault] = len(all)
			all = append(all, faultPeriod{&c.plan.Faults[t.Fault], t.At, c.end})
		case sim.FaultEnded:
			all[open[t.Fault]].to = t.At
		}
	}
	return all
}
