package tui

import (
	"cmp"
	"slices"
)

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
