package tui

import (
	"slices"

	"cascade/sim"
	"cascade/topology"
)

// A graph is who asks whom: the sources, services and queues of a plan, and the links
// between them.
type graph struct {
	plan  *sim.Plan
	boxes []box
	links []link
	out   [][]int // by box: the links that leave it, in file order
	in    [][]int // by box: those that lead to it

	byService []int // the box of each service
	byQueue   []int
}

// A box is a source, a service or a queue.
type box struct {
	kind  targetKind
	index int // into the plan's list of its kind
	name  string
	loops bool // it calls itself: another of its operations
}

// A link is everything that goes from one box to another in one way.
type link struct {
	from, to int   // boxes
	messages bool  // they go through a queue, and nobody waits for them
	edges    []int // into Plan.Edges(); none of messages
}

// newGraph finds out who asks whom. A service that calls another by several steps has
// one link to it.
func newGraph(p *sim.Plan) *graph {
	g := &graph{plan: p}
	t := p.Topology
	for i := range p.Sources {
		g.boxes = append(g.boxes, box{kind: sourceTarget, index: i, name: p.Sources[i].Name})
	}
	for i := range t.Services {
		g.byService = append(g.byService, len(g.boxes))
		g.boxes = append(g.boxes, box{kind: serviceTarget, index: i, name: t.Services[i].Name})
	}
	for i := range t.Queues {
		g.byQueue = append(g.byQueue, len(g.boxes))
		g.boxes = append(g.boxes, box{kind: queueTarget, index: i, name: t.Queues[i].Name})
	}
	type way struct {
		from, to int
		messages bool
	}
	known := map[way]int{}
	add := func(from, to int, messages bool) *link {
		w := way{from, to, messages}
		i, ok := known[w]
		if !ok {
			i = len(g.links)
			known[w] = i
			g.links = append(g.links, link{from: from, to: to, messages: messages})
		}
		return &g.links[i]
	}
	for i, e := range p.Edges() {
		from := i // a source's edge stands where the source stands
		if i >= len(p.Sources) {
			from = g.byService[e.From.Service]
		}
		to := g.byService[e.To.Service]
		if from == to {
			g.boxes[from].loops = true
			continue
		}
		l := add(from, to, false)
		l.edges = append(l.edges, i)
	}
	for _, publish := range t.Publishes {
		add(g.byService[publish.From.Service], g.byQueue[publish.Queue], true)
	}
	for i := range t.Services {
		for k := range t.Services[i].Consumes {
			add(g.byQueue[t.Services[i].Consumes[k].Queue], g.byService[i], true)
		}
	}
	for i := range t.Queues {
		if dead := t.Queues[i].DeadLetter; dead != topology.None && dead != i {
			add(g.byQueue[i], g.byQueue[dead], true)
		}
	}
	g.out, g.in = make([][]int, len(g.boxes)), make([][]int, len(g.boxes))
	for i := range g.links {
		l := &g.links[i]
		g.out[l.from] = append(g.out[l.from], i)
		g.in[l.to] = append(g.in[l.to], i)
	}
	return g
}

// streams says whether any queue is one that groups read, each for itself.
func (g *graph) streams() bool {
	return slices.ContainsFunc(g.plan.Topology.Queues, func(q topology.Queue) bool { return q.Kind == topology.Stream })
}

// walk goes through all boxes depth first, sources first, and says which links lead back
// to where the walk came from, in what order the boxes were met, and in what order they
// were left: the last one first is an order in which every other link leads forward.
func (g *graph) walk() (back []bool, met, left []int) {
	back = make([]bool, len(g.links))
	const fresh, open, done = 0, 1, 2
	state := make([]uint8, len(g.boxes))
	type step struct{ box, next int }
	for root := range g.boxes {
		if state[root] != fresh {
			continue
		}
		// With a stack of its own: a chain of ten thousand services is a legal file.
		stack := []step{{box: root}}
		state[root], met = open, append(met, root)
		for len(stack) > 0 {
			s := &stack[len(stack)-1]
			if s.next == len(g.out[s.box]) {
				state[s.box] = done
				left = append(left, s.box)
				stack = stack[:len(stack)-1]
				continue
			}
			l := g.out[s.box][s.next]
			s.next++
			switch to := g.links[l].to; state[to] {
			case open:
				back[l] = true
			case fresh:
				state[to], met = open, append(met, to)
				stack = append(stack, step{box: to})
			}
		}
	}
	return back, met, left
}
