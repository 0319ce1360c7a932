package tui

import (
	"strings"

	"cascade/sim"
	"cascade/topology"
	"cascade/tui/player"
)

// A state is what all views share: the newest frame, and where the hand is. It belongs
// to the screen's own goroutine.
type state struct {
	frame    *player.Frame
	look     *look
	editor   Editor
	changes  []Change // what hands did to the scenario, in order
	selected string   // a service, operation, edge, queue or source by its name in files; "": nothing
	filter   string   // only what has it in its name is listed
}

func (s *state) plan() *sim.Plan { return s.frame.Run.Plan }

// point is the place of the timeline's newest point, whose numbers are those of now; -1
// before the first.
func (s *state) point() int { return len(s.frame.Run.Report.Timeline.Starts) - 1 }

// passes says whether a name is shown under the filter.
func (s *state) passes(name string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(s.filter))
}

// A target is what a name means.
type target struct {
	kind  targetKind
	index int            // into the list of its kind: Topology.Services, Plan.Edges(), Topology.Queues, Plan.Sources
	op    topology.OpRef // of an operation
}

type targetKind uint8

const (
	noTarget targetKind = iota
	serviceTarget
	operationTarget
	edgeTarget
	queueTarget
	sourceTarget
)

// String is the word of the format.
func (k targetKind) String() string {
	return [...]string{"", "service", "operation", "edge", "queue", "source"}[k]
}

// kindsOf are the kinds of all names that mean something in a plan, as find has them.
func kindsOf(p *sim.Plan) map[string]targetKind {
	t, kinds := p.Topology, map[string]targetKind{}
	for i := range t.Services {
		s := &t.Services[i]
		for k := range s.Operations {
			if op := s.Operations[k].Name; op != "" {
				kinds[s.Name+"."+op] = operationTarget
			}
		}
		kinds[s.Name] = serviceTarget
	}
	for _, e := range p.Edges() {
		kinds[e.ID] = edgeTarget
	}
	for i := range t.Queues {
		kinds[t.Queues[i].Name] = queueTarget
	}
	for i := range p.Sources {
		kinds[p.Sources[i].Name] = sourceTarget
	}
	return kinds
}

// find is what a name means in a plan. A source's edge goes by the name it has as an edge.
func find(p *sim.Plan, name string) target {
	t := p.Topology
	for i := range p.Sources {
		if p.Sources[i].Name == name {
			return target{kind: sourceTarget, index: i}
		}
	}
	for i := range t.Queues {
		if t.Queues[i].Name == name {
			return target{kind: queueTarget, index: i}
		}
	}
	for i, e := range p.Edges() {
		if e.ID == name {
			return target{kind: edgeTarget, index: i}
		}
	}
	service, op, _ := strings.Cut(name, ".")
	for i := range t.Services {
		if t.Services[i].Name != service {
			continue
		}
		if op == "" {
			return target{kind: serviceTarget, index: i}
		}
		for k := range t.Services[i].Operations {
			if t.Services[i].Operations[k].Name == op {
				return target{kind: operationTarget, index: i, op: topology.OpRef{Service: i, Op: k}}
			}
		}
	}
	return target{}
}
