package tui

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
	"cascade/tui/player"
)

// anyPlan is a plan with services that call each other and themselves, in circles too,
// and with queues between them. Operations call only those of the next letter, so that
// every call ends.
func anyPlan(t *rapid.T) *sim.Plan {
	top := &topology.Topology{}
	services := rapid.IntRange(1, 16).Draw(t, "services")
	queues := rapid.IntRange(0, 4).Draw(t, "queues")
	service := rapid.IntRange(0, services-1)
	for q := range queues {
		kind := topology.WorkQueue
		if rapid.Bool().Draw(t, "stream") {
			kind = topology.Stream
		}
		dead := topology.None
		if rapid.IntRange(0, 3).Draw(t, "dead letters") == 0 {
			dead = rapid.IntRange(0, queues-1).Draw(t, "to")
		}
		top.Queues = append(top.Queues, topology.Queue{Name: fmt.Sprintf("queue-%d", q), Kind: kind, Capacity: topology.Unlimited, Partitions: 2, DeadLetter: dead})
	}
	for s := range services {
		svc := topology.Service{Name: fmt.Sprintf("service-%d%.*s", s, rapid.IntRange(0, 30).Draw(t, "long"), "-with-a-[red]-name-that-is-long"),
			Instances: rapid.IntRange(1, 3).Draw(t, "instances"), Threads: rapid.IntRange(1, 4).Draw(t, "threads"), Queue: 2, Blocking: true}
		if rapid.IntRange(0, 5).Draw(t, "unlimited") == 0 {
			svc.Threads = topology.Unlimited
		}
		for op := range 3 {
			steps := []topology.Step{{Kind: topology.Work, Work: topology.Constant(30 * time.Millisecond)}}
			for range rapid.IntRange(0, 2).Draw(t, "calls") {
				if op < 2 {
					steps = append(steps, topology.Step{Kind: topology.Call, Call: &topology.Edge{
						To: topology.OpRef{Service: service.Draw(t, "callee"), Op: op + 1}, Timeout: 100 * time.Millisecond, Chance: 1, Times: 1, Retry: topology.Retry{Attempts: 2, On: topology.RetryDefault}}})
				}
			}
			if op == 0 && queues > 0 && rapid.Bool().Draw(t, "publishes") {
				steps = append(steps, topology.Step{Kind: topology.Message, Publish: &topology.Publish{Queue: rapid.IntRange(0, queues-1).Draw(t, "queue"), Chance: 1, Times: 1, Keys: 4}})
			}
			svc.Operations = append(svc.Operations, topology.Operation{Name: string(rune('a' + op)), Steps: steps})
		}
		if queues > 0 && rapid.IntRange(0, 2).Draw(t, "consumes") == 0 {
			svc.Consumes = []topology.Consume{{Queue: rapid.IntRange(0, queues-1).Draw(t, "of"), Op: 1, Batch: 1}}
		}
		top.Services = append(top.Services, svc)
	}
	top.Index()
	p := &sim.Plan{Name: "any", Seed: 1, Duration: 3e9, Interval: des.Time(time.Second), Topology: top}
	for i := range rapid.IntRange(0, 3).Draw(t, "sources") {
		to := topology.OpRef{Service: service.Draw(t, "target")}
		p.Sources = append(p.Sources, sim.Source{Name: fmt.Sprintf("source-%d", i), Instances: 1, Rate: 20,
			Edge: &topology.Edge{From: topology.OpRef{Service: -1, Op: -1}, To: to, ID: fmt.Sprintf("source-%d->%s", i, top.OpName(to)), Chance: 1, Times: 1}})
	}
	slow := service.Draw(t, "slow")
	p.Faults = []sim.Fault{
		{Name: "slow", Kind: sim.Slow, On: top.Services[slow].Name, Ops: []topology.OpRef{{Service: slow}}, Until: p.Duration, Factor: 2},
		{Name: "crash", Kind: sim.Crash, On: top.Services[slow].Name, Services: []int{slow}, From: 1e9, Until: p.Duration, Instances: 1},
	}
	return p
}

// reaches says whether links lead from a box to another.
func reaches(g *graph, from, to int) bool {
	seen := make([]bool, len(g.boxes))
	queue := []int{from}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		for _, l := range g.out[b] {
			next := g.links[l].to
			if next == to {
				return true
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return false
}

func TestLayoutOfAnyPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		w, h := rapid.IntRange(60, 400).Draw(t, "w"), rapid.IntRange(5, 100).Draw(t, "h")
		g := newGraph(p)
		l := newLayout(newWiring(g), w, h, 1, 4)
		if l == nil {
			return
		}
		if again := newLayout(newWiring(newGraph(p)), w, h, 1, 4); !reflect.DeepEqual(l, again) {
			t.Fatal("the same plan has two layouts")
		}
		owner := map[[2]int]int{}
		slots := l.slotsOf()
		for b, s := range slots {
			x, y := l.layerX[l.slots[s].layer], l.top[s]
			if x < 0 || y < 0 || x+l.boxWidth > w || y+l.boxHeight > l.h {
				t.Fatalf("%s lies at %d,%d, outside", g.boxes[b].name, x, y)
			}
			for dy := range l.boxHeight {
				for dx := range l.boxWidth {
					at := [2]int{x + dx, y + dy}
					if other, taken := owner[at]; taken {
						t.Fatalf("%s and %s overlap", g.boxes[b].name, g.boxes[other].name)
					}
					owner[at] = b
				}
			}
		}
		for i := range g.links {
			link := &g.links[i]
			from, to := slots[link.from], slots[link.to]
			if l.slots[to].layer <= l.slots[from].layer && !reaches(g, link.to, link.from) {
				t.Fatalf("%s is not right of %s", g.boxes[link.to].name, g.boxes[link.from].name)
			}
			follow(t, l, i, owner)
		}
		for i := range l.nets {
			for j := range i {
				a, b := &l.nets[i], &l.nets[j]
				if a.gap != b.gap || l.lane[i] < 0 || l.lane[i] != l.lane[j] {
					continue
				}
				top, bottom := l.rows[i].bounds()
				if t2, b2 := l.rows[j].bounds(); t2 <= bottom && top <= b2 {
					t.Fatalf("two nets lie upon one another in gap %d", a.gap)
				}
			}
		}
	})
}

// follow goes along a link's line, and fails where it does not lead from its caller to
// its callee, or runs into a box.
func follow(t *rapid.T, l *layout, link int, owner map[[2]int]int) {
	g := l.graph
	name := g.boxes[g.links[link].from].name + " -> " + g.boxes[g.links[link].to].name
	cells := map[[2]int]*cell{}
	var todo [][2]int
	for _, i := range l.paths[link] {
		c := &l.cells[i]
		at := [2]int{c.x, c.y}
		if b, taken := owner[at]; taken {
			t.Fatalf("the line %s runs through %s", name, g.boxes[b].name)
		}
		cells[at] = c
		if b, ok := owner[[2]int{c.x - 1, c.y}]; ok && b == g.links[link].from && c.ways&left != 0 {
			todo = append(todo, at)
		}
	}
	if len(todo) == 0 {
		t.Fatalf("the line %s does not begin at its caller", name)
	}
	seen := map[[2]int]bool{}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		c := cells[at]
		if c == nil || seen[at] {
			continue
		}
		seen[at] = true
		if b, ok := owner[[2]int{at[0] + 1, at[1]}]; ok && b == g.links[link].to && c.arrow {
			return
		}
		for _, step := range []struct {
			way    ways
			dx, dy int
		}{{up, 0, -1}, {down, 0, 1}, {left, -1, 0}, {right, 1, 0}} {
			if c.ways&step.way != 0 {
				todo = append(todo, [2]int{at[0] + step.dx, at[1] + step.dy})
			}
		}
	}
	t.Fatalf("the line %s does not end at its callee", name)
}

func TestCrossingsAreCountedAsPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWiring(newGraph(anyPlan(t)))
		_, behind := w.neighbours()
		place := make([]int, len(w.slots))
		for _, layer := range w.layers {
			for i, s := range layer {
				place[s] = i
			}
		}
		pairs := 0
		for _, layer := range w.layers {
			for i, a := range layer {
				for _, b := range layer[:i] {
					for _, x := range behind[a] {
						for _, y := range behind[b] {
							if place[x] < place[y] {
								pairs++
							}
						}
					}
				}
			}
		}
		if got := w.crossings(behind, place); got != pairs {
			t.Fatalf("%d crossings, want %d", got, pairs)
		}
	})
}

// A chain of services lies in a row, and its lines are straight.
func TestChainIsStraight(t *testing.T) {
	l := newLayout(newWiring(newGraph(builtin(t, "slow-dependency").Plan)), 118, 37, 1, 4)
	slots := l.slotsOf()
	var tops []int
	for _, b := range l.byService {
		tops = append(tops, l.top[slots[b]])
	}
	if tops[0] != tops[1] || tops[1] != tops[2] {
		t.Errorf("gateway, checkout and payment begin in rows %v", tops)
	}
	for i := range l.nets {
		if from := l.slots[l.nets[i].from.slot].box; from >= l.byService[0] && l.lane[i] >= 0 {
			t.Errorf("the line from %s bends", l.boxes[from].name)
		}
	}
}

// manyServices is a plan of so many services, a few dozen in each layer, each of which
// calls up to three of the next.
func manyServices(n, layer int) *sim.Plan {
	top := &topology.Topology{}
	for i := range n {
		var steps []topology.Step
		for k := range 3 {
			if to := (i/layer+1)*layer + (i*7+k*11)%layer; to < n {
				steps = append(steps, topology.Step{Kind: topology.Call, Call: &topology.Edge{To: topology.OpRef{Service: to}, Chance: 0.3, Times: 1}})
			}
		}
		top.Services = append(top.Services, topology.Service{Name: fmt.Sprintf("service-%d", i), Instances: 1, Threads: 8, Queue: 8, Blocking: true, Operations: []topology.Operation{{Steps: steps}}})
	}
	top.Index()
	to := topology.OpRef{}
	return &sim.Plan{Name: "many", Seed: 1, Duration: 10e9, Interval: 1e9, Topology: top, Sources: []sim.Source{
		{Name: "users", Instances: 1, Rate: 1, Edge: &topology.Edge{From: topology.OpRef{Service: -1, Op: -1}, To: to, ID: "users->service-0", Chance: 1, Times: 1}}}}
}

func BenchmarkLayout(b *testing.B) {
	for _, row := range []struct{ services, layer int }{{30, 6}, {250, 50}, {1000, 25}, {1000, 250}} {
		b.Run(fmt.Sprintf("%d services, %d a layer", row.services, row.layer), func(b *testing.B) {
			p := manyServices(row.services, row.layer)
			for b.Loop() {
				g := newGraph(p)
				newTree(g)
				newLayout(newWiring(g), 300, 60, 1, 4)
			}
		})
	}
}

// TestPanesTakeWhatTheyNeed of a screen with others below them: so much that they show all
// they have, as with more room, and at most two thirds of the height. A small screen has
// the story below where there is room. While a run goes on nothing moves.
func TestPanesTakeWhatTheyNeed(t *testing.T) {
	for _, row := range []struct {
		scenario string
		view     action
		size     size
		high     int // lines of the pane, frame and all
		lines    int // inside of a box
	}{
		{"sick-replica", doMap, size{120, 40}, 9, 4},
		{"slow-dependency", doMap, size{120, 40}, 16, 4},
		{"slow-dependency", doMap, size{200, 60}, 16, 4},
		{"slow-dependency", doMap, size{120, 31}, 16, 4},
		{"checkout-email-queue", doMap, size{120, 31}, 18, 3}, // two thirds
		{"slow-dependency", doServices, size{120, 40}, 9, 0},
		{"slow-dependency", doServices, size{80, 24}, 9, 0},
		{"slow-dependency", doMap, size{80, 24}, 16, 4},
		{"redelivery-spiral", doMap, size{80, 24}, 8, 0},
		{"slow-dependency", doMap, size{60, 16}, 8, 0},
		{"slow-dependency", doCharts, size{120, 40}, 22, 0}, // can do with any height
	} {
		c := consoleAt(t, row.scenario, 0, dark())
		c.act(row.view)
		for _, at := range []des.Time{0, 45 * second} {
			c.player.Seek(at)
			for c.player.Frame().State == player.Seeking {
				c.player.Advance()
			}
			c.frame = c.player.Frame()
			drawn(t, c, row.size)
			panes := c.panes()
			if got := panes[0].h; got != row.high {
				t.Errorf("%s on %v at %v: it has %d lines, want %d", row.scenario, row.size, at, got, row.high)
			}
			if below := panes[1]; below.y != panes[0].y+row.high {
				t.Errorf("%s on %v: the pane below begins in line %d", row.scenario, row.size, below.y)
			}
		}
		if row.lines > 0 && c.views[mapView].(*netMap).laid.lines != row.lines {
			t.Errorf("%s on %v: boxes have %d lines inside, want %d", row.scenario, row.size, c.views[mapView].(*netMap).laid.lines, row.lines)
		}
	}
}

// TestMapTakesTheWidthThatItNeeds of a large screen: beside others where its boxes fit
// there, else above them all, so that it is no tree on a screen that has room for boxes.
func TestMapTakesTheWidthThatItNeeds(t *testing.T) {
	for _, row := range []struct {
		chain int // of so many services
		view  action
		width int // of the pane
		boxes bool
	}{
		{6, doMap, 120, true},
		{7, doMap, 200, true},
		{11, doMap, 120, false}, // nowhere
		{7, doServices, 120, true},
	} {
		c := newConsole(playedTo(t, player.Scenario{Plan: manyServices(row.chain, 1)}, 0), nil, dark(), nil, nil)
		c.act(row.view)
		drawn(t, c, size{200, 60})
		panes, covered := c.panes(), 0
		for _, p := range panes {
			covered += p.w * p.h
		}
		if panes[0].w != row.width || len(panes) != 4 || covered != 200*57 {
			t.Errorf("%d services, %s: %d panes cover %d cells, and the first is %d wide, want %d", row.chain, row.view, len(panes), covered, panes[0].w, row.width)
		}
		if m := c.views[mapView].(*netMap); row.view == doMap && (m.laid != nil) != row.boxes {
			t.Errorf("%d services: in boxes: %v", row.chain, m.laid != nil)
		}
	}
}
