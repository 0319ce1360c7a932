package tui

import (
	"cmp"
	"math"
	"slices"
)

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
	wordGap, mostGap  = 9, 22 // a line, a share of failures, the arrow; and beyond that it is only far
	mostPages         = 3     // how many times as high as the pane a layout may be
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
