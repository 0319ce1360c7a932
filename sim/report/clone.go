package report

import (
	"slices"

	"cascade/sim/hist"
)

// Clone is a copy in the middle of a run that shares nothing with c that changes. Both
// may go on, each with a run of its own; and a Report may be asked of the copy, which
// closes what is under way there, while c goes on. It must be made before c's own
// Report. What it costs is what the run has filled so far, most of it the timeline.
func (c *Collector) Clone() *Collector {
	n := *c // the plan, and what was worked out from it alone, stays shared
	n.timeline = c.timeline.clone()
	n.watches = slices.Clone(c.watches)
	for i := range n.watches {
		n.watches[i].separate()
	}
	n.services = slices.Clone(c.services)
	for i := range n.services {
		n.services[i].separate()
	}
	n.sources = slices.Clone(c.sources)
	for i := range n.sources {
		n.sources[i].latency = n.sources[i].latency.Copy()
	}
	n.waits = slices.Clone(c.waits)
	n.queues = slices.Clone(c.queues)
	for i := range n.queues {
		n.queues[i].separate()
	}
	n.breakers = slices.Clone(c.breakers)
	for i := range n.breakers {
		b := &n.breakers[i]
		b.states, b.changes, b.spells = slices.Clone(b.states), slices.Clone(b.changes), slices.Clone(b.spells)
	}
	n.spans, n.failing = slices.Clone(c.spans), slices.Clone(c.failing)
	return &n
}

// Footprint is about how many bytes a Clone takes now, within a factor of three where
// that is much. It is cheap to ask.
func (c *Collector) Footprint() int {
	// What there is of each beside the timeline. Measured.
	const aSource, aService, anEdge, aQueue, aNumber = 1 << 10, 3 << 10, 512, 1 << 10, 8
	t := &c.timeline
	series := 1 + 5*len(t.Sources) + 8*len(t.Services) + 4*len(t.Edges) + len(t.blocked)
	for i := range t.Queues {
		series += 2
		for k := range t.Queues[i].Readers {
			series += 4 + len(t.Queues[i].Readers[k].Partitions)
		}
	}
	return series*len(t.Starts)*aNumber + len(t.Sources)*aSource + len(t.Services)*aService + len(t.Edges)*anEdge + len(t.Queues)*aQueue
}

// separate gives a copied watch what it shares with the one that it was copied from.
func (w *watch) separate() {
	if w.flow != nil {
		f := *w.flow
		f.recent.counts = slices.Clone(f.recent.counts)
		w.flow = &f
	}
	if w.back.flow != nil {
		w.back.flow = w.flow
	}
	w.back.now.falls, w.back.last.falls = slices.Clone(w.back.now.falls), slices.Clone(w.back.last.falls)
	w.window.latency, w.window.completion = cloned(w.window.latency), cloned(w.window.completion)
	w.window.readers = slices.Clone(w.window.readers)
}

// cloned is a copy of a distribution; nil of none.
func cloned(h *hist.Hist) *hist.Hist {
	if h == nil {
		return nil
	}
	return h.Clone()
}

func (f *serviceFold) separate() {
	f.point.latency = f.point.latency.Copy()
	f.scaled.Changes = slices.Clone(f.scaled.Changes)
	f.operations = slices.Clone(f.operations)
	for k := range f.operations {
		if of := f.operations[k].consumer; of != nil {
			own := *of
			f.operations[k].consumer = &own
		}
	}
}

func (f *queueFold) separate() {
	f.readers = slices.Clone(f.readers)
	for g := range f.readers {
		r := &f.readers[g]
		r.partitions, r.point.partitions = slices.Clone(r.partitions), slices.Clone(r.point.partitions)
	}
}

// clone copies what is filled of each series. One that goes on grows in memory of its own.
func (t *Timeline) clone() Timeline {
	n := *t
	n.Starts = slices.Clone(t.Starts)
	n.Sources = slices.Clone(t.Sources)
	for i := range n.Sources {
		s := &n.Sources[i]
		s.Offered, s.Succeeded, s.Failed = slices.Clone(s.Offered), slices.Clone(s.Succeeded), slices.Clone(s.Failed)
		s.P50, s.P99 = slices.Clone(s.P50), slices.Clone(s.P99)
	}
	n.Services = slices.Clone(t.Services)
	for i := range n.Services {
		s := &n.Services[i]
		s.Saturation, s.Queue, s.InHand = slices.Clone(s.Saturation), slices.Clone(s.Queue), slices.Clone(s.InHand)
		s.Arrived, s.Errors, s.Ended = slices.Clone(s.Arrived), slices.Clone(s.Errors), slices.Clone(s.Ended)
		s.P99, s.own = slices.Clone(s.P99), slices.Clone(s.own)
	}
	n.Edges = slices.Clone(t.Edges)
	for i := range n.Edges {
		s := &n.Edges[i]
		s.Attempts, s.Retries = slices.Clone(s.Attempts), slices.Clone(s.Retries)
		s.Failed, s.Ended = slices.Clone(s.Failed), slices.Clone(s.Ended)
		s.Open, s.held = slices.Clone(s.Open), slices.Clone(s.held)
	}
	n.Queues = slices.Clone(t.Queues)
	for i := range n.Queues {
		s := &n.Queues[i]
		s.Published, s.Acknowledged, s.Readers = slices.Clone(s.Published), slices.Clone(s.Acknowledged), slices.Clone(s.Readers)
		for g := range s.Readers {
			r := &s.Readers[g]
			r.Depth, r.Held, r.Age, r.left = slices.Clone(r.Depth), slices.Clone(r.Held), slices.Clone(r.Age), slices.Clone(r.left)
			r.Partitions = clones(r.Partitions)
		}
	}
	n.blocked = clones(t.blocked)
	return n
}

func clones[T any](of [][]T) [][]T {
	all := slices.Clone(of)
	for i := range all {
		all[i] = slices.Clone(all[i])
	}
	return all
}
