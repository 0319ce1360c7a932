package player

import (
	"slices"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A watch is an observer that knows what is the case at present: what faults are in
// force, which breakers are open, which instances are down; and what was seen lately.
type watch struct {
	point     des.Time    // how long one of the report's timeline is
	keep      bool        // what ends next may be shown
	final     bool        // it is the last, and is shown however little it is of
	at        des.Time    // the end of the latest sample
	since     des.Time    // from here on all have been kept
	last      *sim.Sample // of the newest point whose samples were kept, as far as they were
	part      *sim.Sample // of the point under way, if it has begun and all of it was kept; else nil
	active    []bool
	breakers  [][]topology.BreakerState
	down      []int
	instances []int
}

func newWatch(p *sim.Plan, point des.Time) *watch {
	w := &watch{point: point, active: make([]bool, len(p.Faults)), breakers: make([][]topology.BreakerState, len(p.Edges())),
		down: make([]int, len(p.Topology.Services)), instances: make([]int, len(p.Topology.Services))}
	for i := range p.Topology.Services {
		w.instances[i] = p.Topology.Services[i].Instances
	}
	return w
}

// Sample keeps the sample, if it may be shown. Several are one where they are of one point:
// an interval is cut where an expectation's window begins or ends, and in a long run a point
// has several intervals.
func (w *watch) Sample(s *sim.Sample) {
	w.at = s.To
	switch {
	case !w.keep:
		w.part, w.since = nil, s.To
		return
	case w.part != nil:
		w.part.Append(s)
	case s.From%w.point == 0 || w.final:
		w.part = s.Clone()
	default:
		return // how its point began is gone
	}
	if w.last = w.part; s.To%w.point == 0 {
		w.part = nil
	} else {
		w.last = w.part.Clone() // it grows
	}
}

// Transition notes what has changed.
func (w *watch) Transition(t sim.Transition) {
	switch t.Kind {
	case sim.FaultBegan:
		w.active[t.Fault] = true
	case sim.FaultEnded:
		w.active[t.Fault] = false
	case sim.InstanceDown:
		w.down[t.Service]++
	case sim.InstanceUp:
		w.down[t.Service]--
	case sim.InstanceAdded:
		w.instances[t.Service]++
	case sim.InstanceRemoved:
		w.instances[t.Service]--
	case sim.BreakerChanged:
		b := &w.breakers[t.Edge]
		for len(*b) <= t.Instance {
			*b = append(*b, topology.StateClosed)
		}
		(*b)[t.Instance] = t.To
	}
}

// show copies what is the case.
func (w *watch) show(r *Run) {
	r.Active, r.Down, r.Instances = slices.Clone(w.active), slices.Clone(w.down), slices.Clone(w.instances)
	r.Breakers = make([][]topology.BreakerState, len(w.breakers))
	for i, b := range w.breakers {
		r.Breakers[i] = slices.Clone(b)
	}
}

func (w *watch) clone() *watch {
	var r Run
	w.show(&r)
	part := w.part
	if part != nil {
		part = part.Clone()
	}
	return &watch{point: w.point, at: w.at, since: w.since, last: w.last, part: part, active: r.Active, breakers: r.Breakers, down: r.Down, instances: r.Instances}
}
