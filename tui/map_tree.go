package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
)

// A tree is the graph in lines: every box once, below the first that asks it. Whom it
// asks stands at the end of its line, so that no line is lost.
type tree struct {
	lines []treeLine
	line  []int // by box
	width int   // of the widest beginning of a line with its name
}

type treeLine struct {
	box, parent int // parent: a line; -1: it is a root
	depth       int
	child       int       // the first line below it; -1: there is none
	branch      [2]string // what stands before the name, in unicode and ascii
}

// deepestIndent is how many levels are indented; below it the level is written as a number.
const deepestIndent = 8

// newTree walks through the graph from the sources, then from whatever nobody asks, then
// from what is left: circles.
func newTree(g *graph) *tree {
	t := &tree{line: make([]int, len(g.boxes))}
	parent, children := make([]int, len(g.boxes)), make([][]int, len(g.boxes))
	var roots []int
	met := make([]bool, len(g.boxes))
	explore := func(root int) {
		roots = append(roots, root)
		met[root] = true
		parent[root] = -1
		stack := []int{root} // preorder: a box is taken by the first line above it that asks it
		for len(stack) > 0 {
			b := stack[len(stack)-1]
			next := -1
			for _, l := range g.out[b] {
				if to := g.links[l].to; !met[to] {
					next = to
					break
				}
			}
			if next < 0 {
				stack = stack[:len(stack)-1]
				continue
			}
			met[next], parent[next] = true, b
			children[b] = append(children[b], next)
			stack = append(stack, next)
		}
	}
	for b := range g.boxes {
		if !met[b] && (g.boxes[b].kind == sourceTarget || len(g.in[b]) == 0) {
			explore(b)
		}
	}
	for b := range g.boxes {
		if !met[b] {
			explore(b)
		}
	}
	type open struct {
		box, above, depth int
		rails             [2]string // what goes on before the lines below
		last              bool
	}
	var stack []open
	for _, r := range slices.Backward(roots) {
		stack = append(stack, open{box: r, above: -1})
	}
	for len(stack) > 0 {
		o := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		line := treeLine{box: o.box, parent: o.above, depth: o.depth, child: -1}
		below := o.rails
		if o.depth > 0 {
			tip, ascii, rail, plain := "├ ", "|- ", "│ ", "|  "
			if o.last {
				tip, ascii, rail, plain = "└ ", "`- ", "  ", "   "
			}
			line.branch = [2]string{o.rails[0] + tip, o.rails[1] + ascii}
			below = [2]string{o.rails[0] + rail, o.rails[1] + plain}
			if o.depth > deepestIndent {
				number := strings.Repeat(" ", deepestIndent) + strconv.Itoa(o.depth) + " "
				line.branch = [2]string{number, number}
				below = [2]string{}
			}
		}
		n := len(t.lines)
		if o.above >= 0 && t.lines[o.above].child < 0 {
			t.lines[o.above].child = n
		}
		t.line[o.box] = n
		t.lines = append(t.lines, line)
		for i, c := range slices.Backward(children[o.box]) {
			stack = append(stack, open{c, n, o.depth + 1, below, i == len(children[o.box])-1})
		}
	}
	for _, line := range t.lines {
		t.width = max(t.width, widthOf(line.branch[1])+widthOf(g.boxes[line.box].name))
	}
	return t
}

// drawTree draws the lines that there is room for.
func (m *netMap) drawTree(p pen, n, twin *now, cursor int) {
	room := max(p.h-1, 1)
	m.scroll(m.tree.line[cursor], 1, len(m.tree.lines), room)
	lit := m.lit(cursor)
	for y := 0; y < room && m.top+y < len(m.tree.lines); y++ {
		m.drawTreeLine(p.in(0, y, p.w, 1), &m.tree.lines[m.top+y], n, twin, cursor, lit)
	}
	if p.h > 1 {
		m.bottomLine(p, m.top, max(len(m.tree.lines)-m.top-room, 0))
	}
}

func (m *netMap) drawTreeLine(p pen, line *treeLine, n, twin *now, cursor int, lit []bool) {
	look := m.look
	box := &m.graph.boxes[line.box]
	faded := !m.passes(box.name)
	style := func(s tcell.Style) tcell.Style {
		if faded {
			return look.dim
		}
		return s
	}
	g := m.gauge(line.box, n)
	name := look.strong
	if g.level > report.OK {
		name = unreversed(look.levels[g.level])
	}
	if line.box == cursor {
		name = look.cursor
	}
	branch := line.branch[0]
	if look.ascii {
		branch = line.branch[1]
	}
	names := min(m.tree.width, p.w*2/5)
	x := p.text(0, 0, branch, look.dim)
	p.text(x, 0, look.cut(box.name, max(names-x, 1)), style(name))
	x = names + 1

	bar := 10
	rest := p.w - x - bar - 26 // for those that it asks
	if twin != nil {
		rest -= 10
	}
	if rest < 24 {
		bar = max(rest-14, 0)
	}
	if bar < 3 {
		bar = 0
	}
	s := strip{pen: p.in(x, 0, bar+9, 1), look: look, style: style, row: true}
	if bar == 0 {
		g.bare = true
	}
	if box.kind == queueTarget {
		s.pen = p.in(x, 0, bar+9+16, 1) // as far as a service's numbers go
		m.queueLines(first(s), line.box, n, nil)
	} else {
		s.gauge(g, false)
	}
	x += bar + 10
	if twin != nil {
		s.pen = p.in(x, 0, 9, 1)
		if box.kind == queueTarget {
			x = x + 16
		} else {
			t := m.gauge(line.box, twin)
			t.bare = true
			s.gauge(t, true)
			x += 10
		}
	}
	if box.kind != queueTarget {
		s.pen = p.in(x, 0, 15, 1)
		m.second(s, box, n)
	}
	x += 16
	x = m.treeMarks(p, x, line.box, n, style)
	m.drawCallees(p, x, line.box, n, lit, style)
}

// first draws only the first line of a box.
func first(s strip) func(func(strip)) {
	drawn := false
	return func(draw func(strip)) {
		if !drawn {
			draw(s)
		}
		drawn = true
	}
}

// second draws what matters next: who waits and what fails, or what is offered.
func (m *netMap) second(s strip, box *box, n *now) {
	if n.point < 0 {
		return
	}
	if box.kind == sourceTarget {
		of := &n.line.Sources[box.index]
		good := m.rate(n, of.Succeeded)
		s.both(s.look.plain, s.look.plain, [2]string{good + " of " + m.rate(n, of.Offered)}, [2]string{good + " ok"})
		return
	}
	of := &n.line.Services[box.index]
	waiting, failed := of.Queue[n.point], of.ErrorShare(n.point)
	s.text(0, 0, "q "+report.CountText(waiting), s.style(s.quiet(waiting, report.WaitingLevel(waiting))))
	s.text(8, 0, "e "+report.ShareText(failed), s.style(s.quiet(failed, report.ErrorLevel(failed))))
}

// treeMarks says what is broken there.
func (m *netMap) treeMarks(p pen, x, b int, n *now, style func(tcell.Style) tcell.Style) int {
	if box := m.graph.boxes[b]; box.kind == serviceTarget && n.run.Down[box.index] > 0 {
		level, mark := m.look.level(report.DownLevel(n.run.Down[box.index], n.run.Instances[box.index]))
		x = p.text(x, 0, mark+strconv.Itoa(n.run.Down[box.index])+"/"+strconv.Itoa(n.run.Instances[box.index])+" down", style(level)) + 1
	}
	if faults := &n.faults[b]; faults.some() {
		x = p.text(x, 0, faults.text(m.look.signs(), "", ","), style(faults.style(m.look))) + 1
	}
	return x
}

// drawCallees lists whom a box asks, with what there is to say of the line there. Where its
// threads are held, and most of the time wait for one of them, it says so. What is worst
// comes first, for the end may be cut off.
func (m *netMap) drawCallees(p pen, x, b int, n *now, lit []bool, style func(tcell.Style) tcell.Style) {
	look := m.look
	type callee struct {
		*link
		strain
		waits bool
		lit   bool
	}
	callees := make([]callee, len(m.graph.out[b]))
	awaited, share, _ := m.blocked(b, n)
	waits := label{long: "(waits " + report.ShareText(share) + ")", style: look.strong}
	for i, l := range m.graph.out[b] {
		line := &m.graph.links[l]
		callees[i] = callee{line, m.strain(line, n), m.graph.boxes[line.to].name == awaited, lit[l]}
	}
	slices.SortStableFunc(callees, func(a, b callee) int {
		switch {
		case a.waits == b.waits:
			return cmp.Compare(b.level, a.level)
		case a.waits:
			return -1
		}
		return 1
	})
	for i, c := range callees {
		arrow := string(look.horizontal) + string(look.arrow)
		if c.messages {
			arrow = string(look.dashed) + string(look.arrow)
		}
		if i > 0 && c.messages == callees[i-1].messages {
			x = p.text(x-1, 0, ", ", look.dim)
		} else {
			x = p.text(x, 0, arrow+" ", look.dim)
		}
		to := look.plain
		if c.level > report.OK {
			to = unreversed(look.levels[c.level])
		}
		if c.lit {
			to = look.accent
		}
		x = p.text(x, 0, look.cut(m.graph.boxes[c.to].name, max(p.w-x, 0)), style(to)) + 1
		labels := fitting(c.labels, p.w-x)
		if c.waits {
			if with := fitting(append([]label{waits}, c.labels...), p.w-x); with != nil {
				labels = with
			}
		}
		for _, t := range labels {
			x = p.text(x, 0, t.long, style(t.style)) + 1
		}
		if x >= p.w {
			return
		}
	}
}

func (m *netMap) actTree(a action) bool {
	at := m.tree.line[m.cursor()]
	last := len(m.tree.lines) - 1
	switch a {
	case doUp:
		at--
	case doDown:
		at++
	case doPageUp:
		at -= m.h - 1
	case doPageDown:
		at += m.h - 1
	case doLeft:
		at = m.tree.lines[at].parent
	case doRight:
		if child := m.tree.lines[at].child; child >= 0 {
			at = child
		}
	case doTop:
		at = 0
	case doBottom:
		at = last
	default:
		return false
	}
	m.selected = m.graph.boxes[m.tree.lines[min(max(at, 0), last)].box].name
	return true
}

func (m *netMap) clickTree(y int) bool {
	if y >= len(m.tree.lines) {
		return false
	}
	m.selected = m.graph.boxes[m.tree.lines[y].box].name
	return true
}
