package tui

import (
	"cmp"
	"slices"
)

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
	// Turn by turn a column to every box and every gap; a gap that has room for a word waits
	// until the boxes have room for all of theirs.
	for _, most := range [...]int{wordGap, mostGap} {
		for grew := true; grew; {
			grew = false
			if l.boxWidth < mostBox && spare >= n {
				l.boxWidth++
				spare -= n
				grew = true
			}
			for g := 1; g < n && spare > 0; g++ {
				if l.gapWidth[g] < most {
					l.gapWidth[g]++
					spare--
					grew = true
				}
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
