package player

import (
	"slices"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A watch is an observer that knows what is the case at present: what faults are in
// force, which breakers are open, which instances are down; and the latest sample.
type watch struct {
	keep      bool // the sample that ends next may be shown
	at        des.Time
	last      *sim.Sample
	active    []bool
	breakers  [][]topology.BreakerState
	down      []int
	instances []int
}

func newWatch(p *sim.Plan) *watch {
	w := &watch{active: make([]bool, len(p.Faults)), breakers: make([][]topology.BreakerState, len(p.Edges())),
		down: make([]int, len(p.Topology.Services)), instances: make([]int, len(p.Topology.Services))}
	for i := range p.Topology.Services {
		w.instances[i] = p.Topology.Services[i].Instances
	}
	return w
}

// Sample keeps the sample, if it may be shown.
func (w *watch) Sample(s *sim.Sample) {
	w.at = s.To
	if w.keep {
		w.last = s.Clone()
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
	return &watch{at: w.at, last: w.last, active: r.Active, breakers: r.Breakers, down: r.Down, instances: r.Instances}
}
