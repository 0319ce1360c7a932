package tui

import (
	"cmp"
	"math"
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

// A wiring is a graph in layers from left to right, as Sugiyama, Tagawa and Toda draw
// graphs (IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981): a layer lies
// right of all that asks it, lines that skip a layer have a slot of their own in it, and
// the slots of a layer stand so that few lines cross. It does not depend on the size of
// the screen.
type wiring struct {
	*graph
	slots  []slot
	layers [][]int // slots by layer, from the top
	nets   []net
}

// A slot is a box's place in a layer, or a row in which lines pass through the layer.
type slot struct {
	box   int // -1: lines pass
	layer int
	trunk int // of lines that pass: which
	links []int
}

// A net joins slots at both sides of a gap between two layers: a vertical lane, and a
// line to it from every slot. All nets that begin at one box and are drawn alike are one
// trunk, and may lie upon one another.
type net struct {
	trunk int
	gap   int // 0: left of the first layer; i: between layers i-1 and i
	from  pin
	to    []pin
}

// A pin is where a net meets a slot.
type pin struct {
	slot  int
	right bool // the slot is at the right of the gap
	links []int
}

// mostSlots is how many slots a wiring may have: more would be neither read nor found in
// time.
const mostSlots = 20_000

// newWiring puts a graph into layers; nil where it is too large for that.
func newWiring(g *graph) *wiring {
	w := &wiring{graph: g}
	back, met, order := g.walk()
	rank := make([]int, len(g.boxes))
	deepest := 0
	for _, b := range slices.Backward(order) {
		if g.boxes[b].kind != sourceTarget && len(g.plan.Sources) > 0 {
			rank[b] = max(rank[b], 1)
		}
		for _, l := range g.out[b] {
			if to := g.links[l].to; !back[l] {
				rank[to] = max(rank[to], rank[b]+1)
			}
		}
		deepest = max(deepest, rank[b])
	}
	w.layers = make([][]int, deepest+1)
	at := make([]int, len(g.boxes))
	for _, b := range met {
		at[b] = w.slot(slot{box: b, layer: rank[b]})
	}
	for b := range g.boxes {
		for _, messages := range []bool{false, true} {
			var forward, backward []int
			for _, l := range g.out[b] {
				switch {
				case g.links[l].messages != messages:
				case back[l]:
					backward = append(backward, l)
				default:
					forward = append(forward, l)
				}
			}
			w.trunk(at, rank, b, messages, forward)
			w.trunkBack(at, rank, b, messages, backward)
			if len(w.slots) > mostSlots {
				return nil
			}
		}
	}
	w.order()
	return w
}

func (w *wiring) slot(s slot) int {
	w.slots = append(w.slots, s)
	w.layers[s.layer] = append(w.layers[s.layer], len(w.slots)-1)
	return len(w.slots) - 1
}

// trunkOf numbers the lines of a box by how they are drawn.
func trunkOf(box int, messages, back bool) int {
	n := 4 * box
	if messages {
		n++
	}
	if back {
		n += 2
	}
	return n
}

// dashed says whether a trunk is one of messages.
func dashed(trunk int) bool { return trunk%2 == 1 }

// split are the links that end at a rank, and those that go further.
func (g *graph) split(links []int, ends func(to int) bool) (here, further []int) {
	for _, l := range links {
		if ends(g.links[l].to) {
			here = append(here, l)
		} else {
			further = append(further, l)
		}
	}
	return here, further
}

// trunk draws the links from a box to the layers right of it.
func (w *wiring) trunk(at, rank []int, b int, messages bool, links []int) {
	from := at[b]
	for r := rank[b] + 1; len(links) > 0 && len(w.slots) <= mostSlots; r++ {
		here, further := w.split(links, func(to int) bool { return rank[to] == r })
		n := net{trunk: trunkOf(b, messages, false), gap: r, from: pin{slot: from, links: links}}
		for _, l := range here {
			n.to = append(n.to, pin{slot: at[w.links[l].to], right: true, links: []int{l}})
		}
		if len(further) > 0 {
			from = w.slot(slot{box: -1, layer: r, trunk: n.trunk, links: further})
			n.to = append(n.to, pin{slot: from, right: true, links: further})
		}
		w.nets = append(w.nets, n)
		links = further
	}
}

// trunkBack draws the links from a box to layers left of it: they leave it at its right
// too, turn round, pass through its own layer and those before it, and arrive from the
// left as all others do.
func (w *wiring) trunkBack(at, rank []int, b int, messages bool, links []int) {
	if len(links) == 0 {
		return
	}
	trunk := trunkOf(b, messages, true)
	r := rank[b]
	from := w.slot(slot{box: -1, layer: r, trunk: trunk, links: links})
	w.nets = append(w.nets, net{trunk: trunk, gap: r + 1, from: pin{slot: at[b], links: links}, to: []pin{{slot: from, links: links}}})
	for ; len(links) > 0 && len(w.slots) <= mostSlots; r-- {
		here, further := w.split(links, func(to int) bool { return rank[to] == r })
		n := net{trunk: trunk, gap: r, from: pin{slot: from, right: true, links: links}}
		for _, l := range here {
			n.to = append(n.to, pin{slot: at[w.graph.links[l].to], right: true, links: []int{l}})
		}
		if len(further) > 0 {
			from = w.slot(slot{box: -1, layer: r - 1, trunk: trunk, links: further})
			n.to = append(n.to, pin{slot: from, links: further})
		}
		w.nets = append(w.nets, n)
		links = further
	}
}

// neighbours are, by slot, the slots that nets join it to in the layer before, and in
// the one behind.
func (w *wiring) neighbours() (before, behind [][]int) {
	before, behind = make([][]int, len(w.slots)), make([][]int, len(w.slots))
	for i := range w.nets {
		n := &w.nets[i]
		for _, to := range n.to {
			a, b := n.from.slot, to.slot
			if w.slots[a].layer > w.slots[b].layer {
				a, b = b, a
			}
			if w.slots[a].layer < w.slots[b].layer {
				behind[a], before[b] = append(behind[a], b), append(before[b], a)
			}
		}
	}
	return before, behind
}

// order sorts the slots of each layer by the mean place of their neighbours, forth and
// back again, and keeps what had the fewest crossings.
func (w *wiring) order() {
	before, behind := w.neighbours()
	place := make([]int, len(w.slots))
	number := func() {
		for _, layer := range w.layers {
			for i, s := range layer {
				place[s] = i
			}
		}
	}
	sortBy := func(layer []int, neighbours [][]int) {
		mean := make(map[int]float64, len(layer)) // looked up only
		for i, s := range layer {
			mean[s] = float64(i)
			if of := neighbours[s]; len(of) > 0 {
				sum := 0
				for _, n := range of {
					sum += place[n]
				}
				mean[s] = float64(sum) / float64(len(of))
			}
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
		for i, s := range layer {
			place[s] = i
		}
	}
	number()
	least, best := w.crossings(behind, place), cloneAll(w.layers)
	for sweep := 0; sweep < 8 && least > 0; sweep++ {
		if sweep%2 == 0 {
			for i := 1; i < len(w.layers); i++ {
				sortBy(w.layers[i], before)
			}
		} else {
			for i := len(w.layers) - 2; i >= 0; i-- {
				sortBy(w.layers[i], behind)
			}
		}
		if n := w.crossings(behind, place); n < least {
			least, best = n, cloneAll(w.layers)
		}
	}
	w.layers = best
}

func cloneAll(layers [][]int) [][]int {
	c := make([][]int, len(layers))
	for i := range layers {
		c[i] = slices.Clone(layers[i])
	}
	return c
}

// crossings is how many pairs of lines cross. Between two layers that are the pairs whose
// ends stand the other way round: counted with a tree of sums over the places (Barth,
// Mutzel and Jünger, JGAA 8(2), 2004).
func (w *wiring) crossings(behind [][]int, place []int) int {
	count := 0
	for i := 0; i+1 < len(w.layers); i++ {
		sums := make([]int, len(w.layers[i+1])+1)
		seen := 0
		for _, s := range w.layers[i] {
			to := behind[s]
			for _, n := range to {
				below := seen
				for k := place[n] + 1; k > 0; k &= k - 1 {
					below -= sums[k]
				}
				count += below
			}
			for _, n := range to {
				seen++
				for k := place[n] + 1; k < len(sums); k += k & -k {
					sums[k]++
				}
			}
		}
	}
	return count
}

// A layout is a wiring with its place in a pane.
type layout struct {
	*wiring
	lines     int // inside of each box
	boxWidth  int
	boxHeight int
	w, h      int   // of everything
	top       []int // by slot: its first row
	layerX    []int
	gapX      []int // by gap: its first column
	gapWidth  []int
	lane      []int // by net: the column of its lane; -1: it is a straight line
	rows      []netRows
	cells     []cell
	paths     [][]int32 // by link: its cells, from the caller to the callee
	ends      []span    // by link: where there may be words on it
	exits     [][]int   // by box: the rows in which lines leave it
}

// netRows are the rows of a net's pins.
type netRows struct {
	from int
	to   []int
}

func (r *netRows) bounds() (top, bottom int) {
	top, bottom = r.from, r.from
	for _, y := range r.to {
		top, bottom = min(top, y), max(bottom, y)
	}
	return top, bottom
}

// A cell is a part of a line.
type cell struct {
	x, y  int
	trunk int
	ways  ways
	arrow bool
}

// ways are the sides of a cell to which a line goes from its middle.
type ways uint8

const (
	up ways = 1 << iota
	down
	left
	right
)

// A span is a part of a row.
type span struct{ x, y, width int }

// The widths that boxes may have, and how far a gap is stretched where there is room.
const (
	leastBox, mostBox = 14, 28
	mostGap           = 22
	mostPages         = 3 // how many times as high as the pane a layout may be
)

// newLayout places a wiring in a pane; nil where it does not fit: where its boxes are too
// wide together, or so many that one could not look through them. least and most are the
// numbers of lines that a box may have inside.
func newLayout(wr *wiring, w, h, least, most int) *layout {
	if wr == nil || leastBox*len(wr.layers) > w {
		return nil
	}
	l := &layout{wiring: wr}
	space := 0
	fits := false
	for lines := most; lines >= least && !fits; lines-- {
		for _, space = range []int{1, 0} {
			l.lines, l.boxHeight = lines, lines+2
			if l.h = l.highest(space); l.h <= h {
				fits = true
				break
			}
		}
	}
	if !fits {
		l.lines = min(least+1, most)
		l.boxHeight, space = l.lines+2, 0
		if l.h = l.highest(space); l.h > mostPages*h {
			return nil
		}
	}
	l.h = max(l.h, h)
	l.rise(space)
	l.pinRows()
	lanes := l.lanes()
	if !l.spread(lanes, w) {
		return nil
	}
	l.draw()
	return l
}

func (l *layout) height(s int) int {
	if l.slots[s].box < 0 {
		return 1
	}
	return l.boxHeight
}

// highest is the height of the highest layer, with so many free rows between boxes.
func (l *layout) highest(space int) int {
	most := 0
	for _, layer := range l.layers {
		sum := 0
		for i, s := range layer {
			sum += l.height(s) + l.between(layer, i, space)
		}
		most = max(most, sum)
	}
	return most
}

// between is how many rows stay free above a slot of a layer.
func (l *layout) between(layer []int, i, space int) int {
	if i > 0 && l.slots[layer[i]].box >= 0 && l.slots[layer[i-1]].box >= 0 {
		return space
	}
	return 0
}

// middle is the row of a slot, from its top, where its lines meet it.
func (l *layout) middle(s int) int {
	if l.slots[s].box < 0 {
		return 0
	}
	return (l.boxHeight - 1) / 2
}

// rise finds the rows of the slots: each wants to be level with its neighbours, forth
// and back a few times.
func (l *layout) rise(space int) {
	before, behind := l.neighbours()
	l.top = make([]int, len(l.slots))
	for _, layer := range l.layers {
		l.settle(layer, space, func(s int) (want, weight float64) { return float64(l.h-l.height(s)) / 2, 1 })
	}
	level := func(neighbours ...[][]int) func(s int) (want, weight float64) {
		return func(s int) (float64, float64) {
			sum, n := 0, 0
			for _, of := range neighbours {
				for _, o := range of[s] {
					sum += l.top[o] + l.middle(o)
					n++
				}
			}
			switch {
			case n == 0:
				return float64(l.top[s]), 0.01
			case l.slots[s].box < 0:
				return float64(sum) / float64(n), 2 // a bend for nothing is worse than a box beside its place
			}
			return float64(sum)/float64(n) - float64(l.middle(s)), 1
		}
	}
	for range 3 {
		for i := 1; i < len(l.layers); i++ {
			l.settle(l.layers[i], space, level(before))
		}
		for i := len(l.layers) - 2; i >= 0; i-- {
			l.settle(l.layers[i], space, level(behind))
		}
	}
	for i := 1; i < len(l.layers); i++ {
		l.settle(l.layers[i], space, level(before, behind))
	}
	above, below := l.h, l.h
	for s, top := range l.top {
		above, below = min(above, top), min(below, l.h-top-l.height(s))
	}
	for s := range l.top {
		l.top[s] += (below - above) / 2 // as much room above all as below
	}
}

// settle gives the slots of a layer the rows nearest to those that they want, in their
// order and without overlapping: the least squares of that are the means of those that
// have to move together (pool adjacent violators; Ayer et al., Annals of Mathematical
// Statistics 26(4), 1955).
func (l *layout) settle(layer []int, space int, wants func(s int) (want, weight float64)) {
	type pool struct {
		sum, weight float64
		n           int
	}
	var pools []pool
	offsets := make([]int, len(layer))
	offset := 0
	for i, s := range layer {
		offset += l.between(layer, i, space)
		offsets[i] = offset
		want, weight := wants(s)
		p := pool{(want - float64(offset)) * weight, weight, 1}
		for len(pools) > 0 {
			last := pools[len(pools)-1]
			if last.sum/last.weight <= p.sum/p.weight {
				break
			}
			p = pool{p.sum + last.sum, p.weight + last.weight, p.n + last.n}
			pools = pools[:len(pools)-1]
		}
		pools = append(pools, p)
		offset += l.height(s)
	}
	i := 0
	for _, p := range pools {
		row := min(max(int(math.Round(p.sum/p.weight)), 0), l.h-offset)
		for range p.n {
			l.top[layer[i]] = row + offsets[i]
			i++
		}
	}
}

// pinRows finds the rows in which lines leave and reach their slots. Lines of different
// trunks reach a box in rows of their own, as long as it has rows.
func (l *layout) pinRows() {
	l.rows = make([]netRows, len(l.nets))
	l.exits = make([][]int, len(l.boxes))
	// What each box has to do with nets, in order.
	type arrival struct{ net, to int }
	arrivals := make([][]arrival, len(l.boxes))
	leaving := make([][]int, len(l.boxes))
	for i := range l.nets {
		n := &l.nets[i]
		l.rows[i].to = make([]int, len(n.to))
		l.rows[i].from = l.top[n.from.slot]
		if b := l.slots[n.from.slot].box; b >= 0 {
			leaving[b] = append(leaving[b], i)
		}
		for k, to := range n.to {
			if b := l.slots[to.slot].box; b >= 0 {
				arrivals[b] = append(arrivals[b], arrival{i, k})
			} else {
				l.rows[i].to[k] = l.top[to.slot]
			}
		}
	}
	for b, nets := range leaving {
		l.leave(b, nets)
	}
	for _, of := range arrivals {
		slices.SortStableFunc(of, func(x, y arrival) int { return cmp.Compare(l.rows[x.net].from, l.rows[y.net].from) })
		for i, a := range of {
			s := l.nets[a.net].to[a.to].slot
			first, row := l.top[s]+1, l.top[s]+l.middle(s)
			if from := l.rows[a.net].from; len(of) == 1 && from >= first && from < first+l.lines {
				row = from
			} else if len(of) > l.lines {
				row = first + i*l.lines/len(of)
			} else if len(of) > 1 {
				row = first + (l.lines-len(of))/2 + i
			}
			l.rows[a.net].to[a.to] = row
		}
	}
}

// leave finds the rows in which the nets of a box leave it: that which leads up highest
// above the others.
func (l *layout) leave(b int, nets []int) {
	height := func(i int) float64 {
		sum := 0
		for _, to := range l.nets[i].to {
			sum += l.top[to.slot] + l.middle(to.slot)
		}
		return float64(sum) / float64(len(l.nets[i].to))
	}
	slices.SortStableFunc(nets, func(x, y int) int { return cmp.Compare(height(x), height(y)) })
	for k, i := range nets {
		s := l.nets[i].from.slot
		first := max(l.middle(s)-1-(len(nets)-1)/2, 0)
		row := l.top[s] + 1 + min(first+k, l.lines-1)
		l.rows[i].from = row
		l.exits[b] = append(l.exits[b], row)
	}
}

// lanes gives every net that is no straight line a lane in its gap, counted from the
// left; and says how many lanes each gap has. Two nets share a lane only where neither
// passes the other.
func (l *layout) lanes() []int {
	l.lane = make([]int, len(l.nets))
	counts := make([]int, len(l.layers)+1)
	byGap := make([][]int, len(l.layers)+1)
	for i := range l.nets {
		l.lane[i] = -1
		if top, bottom := l.rows[i].bounds(); top != bottom {
			byGap[l.nets[i].gap] = append(byGap[l.nets[i].gap], i)
		}
	}
	for g, nets := range byGap {
		for _, i := range l.laneOrder(nets) {
			top, bottom := l.rows[i].bounds()
			for _, other := range nets {
				if l.lane[other] < 0 || other == i {
					continue
				}
				if t, b := l.rows[other].bounds(); t <= bottom && top <= b {
					l.lane[i] = max(l.lane[i], l.lane[other]+1)
				}
			}
			l.lane[i] = max(l.lane[i], 0)
			counts[g] = max(counts[g], l.lane[i]+1)
		}
	}
	return counts
}

// laneOrder is an order of the nets of a gap, from left to right. A line that comes from
// the left in a row where another leaves to the right must turn off before that begins,
// or the two would run into one; beyond that those that go down come from the lowest
// on, and those that go up from the highest on, and so do not cross each other.
func (l *layout) laneOrder(nets []int) []int {
	type claim struct {
		turn int // turns at the left come first, turns at the right last
		down bool
		row  int
	}
	claims := make(map[int]claim, len(nets))   // looked up only
	leftIn := make(map[int][]int, len(nets))   // by row: nets that come from the left
	rightOut := make(map[int][]int, len(nets)) // by row: nets that leave to the right
	for _, i := range nets {
		n, rows := &l.nets[i], &l.rows[i]
		sum, sides := 0, 0
		note := func(p pin, row int) {
			if p.right {
				rightOut[row] = append(rightOut[row], i)
				sides++
			} else {
				leftIn[row] = append(leftIn[row], i)
				sides--
			}
		}
		note(n.from, rows.from)
		for k, to := range n.to {
			note(to, rows.to[k])
			sum += rows.to[k]
		}
		c := claim{row: rows.from, down: sum > rows.from*len(n.to)}
		if sides == len(n.to)+1 {
			c.turn = 1
		} else if sides == -len(n.to)-1 {
			c.turn = -1
		}
		claims[i] = c
	}
	rest := slices.Clone(nets)
	slices.SortStableFunc(rest, func(x, y int) int {
		a, b := claims[x], claims[y]
		switch {
		case a.turn != b.turn:
			return cmp.Compare(a.turn, b.turn)
		case a.down != b.down:
			if a.down {
				return 1
			}
			return -1
		case a.down:
			return cmp.Compare(b.row, a.row)
		}
		return cmp.Compare(a.row, b.row)
	})
	// waits is how many others must come before a net; then says before which it must.
	waits, then := make(map[int]int, len(nets)), make(map[int][]int, len(nets))
	for _, i := range nets {
		for _, row := range append([]int{l.rows[i].from}, l.rows[i].to...) {
			if !slices.Contains(leftIn[row], i) {
				continue
			}
			for _, other := range rightOut[row] {
				if other != i {
					then[i] = append(then[i], other)
					waits[other]++
				}
			}
		}
	}
	var order []int
	for len(rest) > 0 {
		// Where each waits for another, the first goes first, and two lines share a row.
		k := max(slices.IndexFunc(rest, func(i int) bool { return waits[i] == 0 }), 0)
		next := rest[k]
		rest = slices.Delete(rest, k, k+1)
		order = append(order, next)
		for _, other := range then[next] {
			waits[other]--
		}
	}
	return order
}

// spread finds the columns: boxes alike wide, and what is left over to the gaps, where it
// makes room for words on the lines. It says whether there is room for all.
func (l *layout) spread(lanes []int, w int) bool {
	used := make([]bool, len(lanes))
	for i := range l.nets {
		used[l.nets[i].gap] = true
	}
	l.gapWidth = make([]int, len(lanes))
	narrow, inner := 0, 0
	for g := range lanes {
		switch {
		case g > 0 && g < len(l.layers):
			l.gapWidth[g] = lanes[g] + 3
			inner++
		case used[g]:
			l.gapWidth[g] = lanes[g] + 3
		}
		narrow += l.gapWidth[g]
	}
	n := len(l.layers)
	if narrow+leastBox*n > w {
		return false
	}
	l.boxWidth = leastBox
	spare := w - narrow - leastBox*n
	// Turn by turn a column to every box and every gap.
	for grew := true; grew; {
		grew = false
		if l.boxWidth < mostBox && spare >= n {
			l.boxWidth++
			spare -= n
			grew = true
		}
		for g := 1; g < n && spare > 0; g++ {
			if l.gapWidth[g] < mostGap {
				l.gapWidth[g]++
				spare--
				grew = true
			}
		}
	}
	x := spare / 2
	for g := range lanes {
		l.gapX = append(l.gapX, x)
		x += l.gapWidth[g]
		if g < n {
			l.layerX = append(l.layerX, x)
			x += l.boxWidth
		}
	}
	l.w = w
	for i, lane := range l.lane {
		if g := l.nets[i].gap; lane >= 0 {
			apart := 1
			if 2*lanes[g]+8 <= l.gapWidth[g] {
				apart = 2
			}
			l.lane[i] = l.gapX[g] + 1 + lane*apart
		}
	}
	return true
}

// A path is the way of links through a trunk, cell by cell.
type path struct {
	l     *layout
	trunk int
	links []int
	known map[cellKey]int32
	last  int32 // the cell before; -1: none

	arriving bool // on the last part, that leads to a box
	meets    map[[2]int][]int32
}

type cellKey struct{ x, y, trunk int }

// to goes on to a cell in the same row or column.
func (p *path) to(x, y int) {
	l := p.l
	if p.last < 0 {
		p.at(x, y)
		return
	}
	for {
		c := &l.cells[p.last]
		dx, dy := cmp.Compare(x, c.x), cmp.Compare(y, c.y)
		if dx == 0 && dy == 0 {
			return
		}
		out, in := right, left
		switch {
		case dx < 0:
			out, in = left, right
		case dy < 0:
			out, in = up, down
		case dy > 0:
			out, in = down, up
		}
		c.ways |= out
		p.at(c.x+dx, c.y+dy)
		l.cells[p.last].ways |= in
	}
}

func (p *path) at(x, y int) {
	l := p.l
	k := cellKey{x, y, p.trunk}
	i, ok := p.known[k]
	if !ok {
		i = int32(len(l.cells))
		p.known[k] = i
		l.cells = append(l.cells, cell{x: x, y: y, trunk: p.trunk})
	}
	p.last = i
	if p.arriving {
		p.meets[[2]int{x, y}] = append(p.meets[[2]int{x, y}], i)
	}
	for _, k := range p.links {
		l.paths[k] = append(l.paths[k], i)
	}
}

// draw finds the cells of all lines.
func (l *layout) draw() {
	l.paths = make([][]int32, len(l.links))
	l.ends = make([]span, len(l.links))
	known := map[cellKey]int32{}
	meets := map[[2]int][]int32{} // by place: the cells there on the last part of a way
	for i := range l.nets {
		n, rows := &l.nets[i], &l.rows[i]
		first, last := l.gapX[n.gap], l.gapX[n.gap]+l.gapWidth[n.gap]-1
		edge := func(p pin) (x int, outside ways) {
			if p.right {
				return last, right
			}
			return first, left
		}
		for k, to := range n.to {
			box := l.slots[to.slot].box >= 0
			p := path{l: l, trunk: n.trunk, links: to.links, known: known, last: -1, meets: meets}
			x, outside := edge(n.from)
			p.arriving = box && l.lane[i] < 0
			p.to(x, rows.from)
			l.cells[p.last].ways |= outside
			if l.lane[i] >= 0 {
				p.to(l.lane[i], rows.from)
				p.to(l.lane[i], rows.to[k])
				if p.arriving = box; box {
					at := [2]int{l.lane[i], rows.to[k]}
					meets[at] = append(meets[at], p.last)
				}
			}
			x, outside = edge(to)
			p.to(x, rows.to[k])
			l.cells[p.last].ways |= outside
			if box {
				l.cells[p.last].arrow = true
				from := max(first, l.lane[i]) + 1
				l.ends[to.links[0]] = span{from, rows.to[k], last - from}
			}
		}
	}
	// Lines that reach a box in the same row join on the way.
	for _, there := range meets { // each place by itself: their order does not matter
		all := ways(0)
		for _, i := range there {
			all |= l.cells[i].ways
		}
		for _, i := range there {
			l.cells[i].ways = all
		}
	}
	for s := range l.slots {
		if l.slots[s].box >= 0 {
			continue
		}
		p := path{l: l, trunk: l.slots[s].trunk, links: l.slots[s].links, known: known, last: -1}
		x := l.layerX[l.slots[s].layer]
		p.to(x, l.top[s])
		l.cells[p.last].ways |= left
		p.to(x+l.boxWidth-1, l.top[s])
		l.cells[p.last].ways |= right
	}
}

// slotsOf are the slots of the boxes.
func (l *layout) slotsOf() []int {
	at := make([]int, len(l.boxes))
	for s := range l.slots {
		if b := l.slots[s].box; b >= 0 {
			at[b] = s
		}
	}
	return at
}
