package report

import (
	"slices"

	"cascade/sim/hist"
)

// Clone is a copy in the middle of a run that shares nothing with c that changes. Both
// may go on, each with a run of its own; and a Report may be asked of the copy, which
// closes what is under way there, while c goes on. It must be made before c's own
// Report. What it costs is what the run has filled so far, most of it the timeline.
func (c *Collector) Clone() *Collector { return c.with(c.timeline.clone(false)) }

// Still is a Clone to be asked for a Report, or cloned, and not to go on. Where no point of
// the timeline is under way it costs no more late in a run than early: what is over does
// not change any more, and stays shared.
func (c *Collector) Still() *Collector { return c.with(c.timeline.clone(!c.inPoint())) }

// inPoint says that a point of the timeline is under way.
func (c *Collector) inPoint() bool { return len(c.timeline.Starts) > 0 && c.reached < c.pointEnd() }

// with is a copy that has a timeline of its own.
func (c *Collector) with(t Timeline) *Collector {
	n := *c // the plan, and what was worked out from it alone, stays shared
	n.timeline = t
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
	const aSource, aService, anEdge, aQueue = 1 << 10, 4 << 10, 1 << 10, 1 << 10
	t := &c.timeline
	return t.footprint() + len(t.Sources)*aSource + len(t.Services)*aService + len(t.Edges)*anEdge + len(t.Queues)*aQueue
}

// Past is about how many bytes of the Footprint a Still takes no memory of its own for:
// it shares them with c and with all that c has ever been asked for.
func (c *Collector) Past() int {
	if c.inPoint() {
		return 0
	}
	return c.timeline.footprint()
}

// footprint is how many bytes the numbers of all series take.
func (t *Timeline) footprint() int {
	series := 1 + 5*len(t.Sources) + 8*len(t.Services) + 4*len(t.Edges) + len(t.blocked)
	for i := range t.Queues {
		series += 2
		for k := range t.Queues[i].Readers {
			series += 4 + len(t.Queues[i].Readers[k].Partitions)
		}
	}
	return series * len(t.Starts) * 8
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

// clone copies what is filled of each series, or shares that. One that goes on grows in
// memory of its own.
func (t *Timeline) clone(shared bool) Timeline {
	n := *t
	n.Starts = past(t.Starts, shared)
	n.Sources = slices.Clone(t.Sources)
	for i := range n.Sources {
		s := &n.Sources[i]
		s.Offered, s.Succeeded, s.Failed = past(s.Offered, shared), past(s.Succeeded, shared), past(s.Failed, shared)
		s.P50, s.P99 = past(s.P50, shared), past(s.P99, shared)
	}
	n.Services = slices.Clone(t.Services)
	for i := range n.Services {
		s := &n.Services[i]
		s.Saturation, s.Queue, s.InHand = past(s.Saturation, shared), past(s.Queue, shared), past(s.InHand, shared)
		s.Arrived, s.Errors, s.Ended = past(s.Arrived, shared), past(s.Errors, shared), past(s.Ended, shared)
		s.P99, s.own = past(s.P99, shared), past(s.own, shared)
	}
	n.Edges = slices.Clone(t.Edges)
	for i := range n.Edges {
		s := &n.Edges[i]
		s.Attempts, s.Retries = past(s.Attempts, shared), past(s.Retries, shared)
		s.Failed, s.Ended = past(s.Failed, shared), past(s.Ended, shared)
		s.Open, s.held = past(s.Open, shared), past(s.held, shared)
	}
	n.Queues = slices.Clone(t.Queues)
	for i := range n.Queues {
		s := &n.Queues[i]
		s.Published, s.Acknowledged, s.Readers = past(s.Published, shared), past(s.Acknowledged, shared), slices.Clone(s.Readers)
		for g := range s.Readers {
			r := &s.Readers[g]
			r.Depth, r.Held, r.Age, r.left = past(r.Depth, shared), past(r.Held, shared), past(r.Age, shared), past(r.left, shared)
			r.Partitions = pasts(r.Partitions, shared)
		}
	}
	n.blocked = pasts(t.blocked, shared)
	return n
}

// past is a series as it is now, without room to grow in where it is shared.
func past[T any](of []T, shared bool) []T {
	if shared {
		return slices.Clip(of)
	}
	return slices.Clone(of)
}

func pasts[T any](of [][]T, shared bool) [][]T {
	all := slices.Clone(of)
	for i := range all {
		all[i] = past(all[i], shared)
	}
	return all
}
