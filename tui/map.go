package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/tui/player"
)

// A netMap shows who asks whom, and how each is at present: in boxes with lines between
// them where they fit, else as a tree.
type netMap struct {
	*state
	graph  *graph
	wiring *wiring // nil: too large for boxes
	laid   *layout // nil: the boxes do not fit
	slotOf []int   // of laid: by box
	tree   *tree

	of    *sim.Plan // what these were found for: a plan, a size, and whether there is a twin
	w, h  int
	twins bool

	room roomFor // that was last asked for
	want int     // lines, there

	spread   spreadOver // that was last asked for
	spreadIs bool       // the answer

	top   int    // the first row that is seen
	shown string // what was selected when that was chosen
}

func newMap(s *state) view { return &netMap{state: s} }

func (m *netMap) name() string { return "map" }

func (m *netMap) footer() []action { return []action{doOpen, doInject, doDial, doHeal} }

// A roomFor is what the map was asked for how much room it wants.
type roomFor struct {
	graph       *graph
	width, most int
	twins       bool
}

// A spreadOver is what the map was asked whether it has boxes in.
type spreadOver struct {
	graph              *graph
	narrow, wide, high int
	twins              bool
}

// find finds the graph, unless that has been done for this plan.
func (m *netMap) find() {
	if m.graph == nil || m.of != m.plan() {
		m.of = m.plan()
		m.graph = newGraph(m.of)
		m.wiring = newWiring(m.graph)
		m.tree = newTree(m.graph)
		m.w = -1
	}
}

// inside are how few and how many lines a box has inside.
func (m *netMap) inside() (least, most int) {
	if m.frame.Twin != nil {
		return 2, 5
	}
	return 1, 4
}

// wants is as many lines as show all boxes as high as can be, or all of the tree, and the
// line at the bottom.
func (m *netMap) wants(width, most int) int {
	m.find()
	asked := roomFor{m.graph, width, most, m.frame.Twin != nil}
	if m.room == asked {
		return m.want
	}
	m.room, m.want = asked, len(m.tree.lines)+1
	if m.wiring != nil {
		least, lines := m.inside()
		high := (&layout{wiring: m.wiring, boxHeight: lines + 2}).highest(1)
		if newLayout(m.wiring, width, min(high, most-1), least, lines) != nil {
			m.want = high + 1
		}
	}
	return m.want
}

// spreads says whether the boxes fit in a wide pane, and not in a narrower one.
func (m *netMap) spreads(narrow, wide, high int) bool {
	m.find()
	asked := spreadOver{m.graph, narrow, wide, high, m.frame.Twin != nil}
	if m.spread != asked {
		least, most := m.inside()
		fit := func(width int) bool { return newLayout(m.wiring, width, high-1, least, most) != nil }
		m.spread, m.spreadIs = asked, fit(wide) && !fit(narrow)
	}
	return m.spreadIs
}

// lay finds the places of everything, unless that has been done for this plan and size.
func (m *netMap) lay(w, h int) {
	m.find()
	twins := m.frame.Twin != nil
	if m.w == w && m.h == h && m.twins == twins {
		return
	}
	m.w, m.h, m.twins, m.shown = w, h, twins, ""
	least, most := m.inside()
	m.laid, m.slotOf = newLayout(m.wiring, w, h-1, least, most), nil
	if m.laid != nil {
		m.slotOf = m.laid.slotsOf()
	}
}

// cursor is the box where the hand is: that of what is selected; of an edge its caller's.
func (m *netMap) cursor() int {
	switch t := find(m.plan(), m.selected); t.kind {
	case sourceTarget:
		return t.index
	case serviceTarget, operationTarget:
		if t.kind == operationTarget {
			t.index = t.op.Service
		}
		return m.graph.byService[t.index]
	case queueTarget:
		return m.graph.byQueue[t.index]
	case edgeTarget:
		for i := range m.graph.links {
			if slices.Contains(m.graph.links[i].edges, t.index) {
				return m.graph.links[i].from
			}
		}
	}
	return 0
}

// lit says of which links the lines are lit: those of the box where the hand is, or the
// one that is selected.
func (m *netMap) lit(cursor int) []bool {
	lit := make([]bool, len(m.graph.links))
	if t := find(m.plan(), m.selected); t.kind == edgeTarget {
		for i := range lit {
			lit[i] = slices.Contains(m.graph.links[i].edges, t.index)
		}
		return lit
	}
	for _, l := range m.graph.out[cursor] {
		lit[l] = true
	}
	for _, l := range m.graph.in[cursor] {
		lit[l] = true
	}
	return lit
}

func (m *netMap) draw(p pen, focused bool) {
	if p.w <= 0 || p.h <= 0 {
		return
	}
	m.lay(p.w, p.h)
	if len(m.graph.boxes) == 0 {
		return
	}
	cursor := m.cursor()
	if focused && m.selected == "" {
		m.selected = m.graph.boxes[cursor].name
	}
	n := m.now(&m.frame.Run)
	var twin *now
	if m.frame.Twin != nil {
		t := m.now(m.frame.Twin)
		twin = &t
	}
	if m.laid == nil {
		m.drawTree(p, &n, twin, cursor)
		return
	}
	m.drawBoxes(p, &n, twin, cursor)
}

// scroll moves what is seen so that a part is, when another was selected than before.
func (m *netMap) scroll(from, height, all, room int) {
	if key := m.selected; key != m.shown {
		m.shown = key
		if from < m.top {
			m.top = from
		} else if from+height > m.top+room {
			m.top = from + height - room
		}
	}
	m.top = max(min(m.top, all-room), 0)
}

func (m *netMap) drawBoxes(p pen, n, twin *now, cursor int) {
	l := m.laid
	room := p.h - 1
	m.scroll(l.top[m.slotOf[cursor]], l.boxHeight, l.h, room)
	field := p.in(0, 0, p.w, room)
	m.drawLines(field, n, m.lit(cursor))
	above, below := 0, 0
	for b := range l.boxes {
		s := m.slotOf[b]
		x, y := l.layerX[l.slots[s].layer], l.top[s]-m.top
		switch {
		case y+l.boxHeight <= 0:
			above++
		case y >= room:
			below++
		default:
			m.drawBox(field, x, y, b, n, twin, b == cursor)
		}
	}
	m.bottomLine(p, above, below)
}

// bottomLine says what lies beyond the pane, and what the signs mean.
func (m *netMap) bottomLine(p pen, above, below int) {
	l, g := m.look, m.look.signs()
	x := p.w
	var beyond []string
	if above > 0 {
		beyond = append(beyond, fmt.Sprintf("%s %d more", l.up, above))
	}
	if below > 0 {
		beyond = append(beyond, fmt.Sprintf("%s %d more", l.down, below))
	}
	if text := strings.Join(beyond, "  "); text != "" {
		x -= widthOf(text) + 1
		p.text(x, p.h-1, text, l.accent)
	}
	legend := fmt.Sprintf("%c threads held   %c%c call   %c fault", l.glyphs.eighths[len(l.glyphs.eighths)-1], l.horizontal, l.arrow, g.fault)
	if len(m.graph.byQueue) > 0 {
		legend = fmt.Sprintf("%s   %c%c message", legend, l.dashed, l.arrow)
		if m.laid != nil && m.graph.streams() {
			legend += " (not done)" // as the numbers on the lines are where there is no room for the words
		}
	}
	if m.frame.Twin != nil {
		legend += "   lower bar: the twin"
	}
	retries := fmt.Sprintf("   %c retries", g.retry)
	marks := fmt.Sprintf("   %s ok  %s warning  %s critical", l.marks[report.OK], l.marks[report.Warn], l.marks[report.Critical])
	texts := []string{legend + retries + marks, legend + marks, legend}
	if m.laid == nil || m.laid.boxWidth < wideBox {
		const short = "   q waiting   e errors" // as they are called where there is no room for more
		texts = []string{legend + short + marks, legend + short, legend}
	}
	for _, text := range texts {
		if widthOf(text)+2 < x {
			p.text(1, p.h-1, text, l.dim)
			return
		}
	}
}

// wideBox is from how many columns on a box has room for words before its numbers.
const wideBox = 20

// signs are the letters of the map; the story has that of a fault, too.
type signs struct {
	fault    rune // in force on something
	set      rune // what was set there
	retry    rune
	loop     rune                // a service that calls itself
	vertical rune                // of a line of messages
	frames   [frameKinds][8]rune // corners as in glyphs, then horizontal, left, right, and where a line leaves
}

// The frames of boxes.
const (
	serviceFrame = iota
	sourceFrame
	queueFrame
	chosenFrame
	chosenQueueFrame
	frameKinds
)

var unicodeSigns = signs{fault: '↯', set: '◆', retry: '↻', loop: '↺', vertical: '╎', frames: [frameKinds][8]rune{
	serviceFrame:     {'╭', '╮', '╰', '╯', '─', '│', '│', '├'},
	sourceFrame:      {'┌', '┐', '└', '┘', '─', '│', '│', '├'},
	queueFrame:       {'╔', '╗', '╚', '╝', '═', '║', '║', '╟'},
	chosenFrame:      {'┏', '┓', '┗', '┛', '━', '┃', '┃', '┠'},
	chosenQueueFrame: {'╔', '╗', '╚', '╝', '═', '║', '║', '╟'},
}}

var asciiSigns = signs{fault: '*', set: '&', retry: '@', loop: '@', vertical: ':', frames: [frameKinds][8]rune{
	serviceFrame:     {'+', '+', '+', '+', '-', '|', '|', '|'},
	sourceFrame:      {'+', '+', '+', '+', '-', '(', ')', ')'},
	queueFrame:       {'+', '+', '+', '+', '-', '[', ']', ']'},
	chosenFrame:      {'#', '#', '#', '#', '=', '|', '|', '|'},
	chosenQueueFrame: {'#', '#', '#', '#', '=', '[', ']', ']'},
}}

func (l *look) signs() *signs {
	if l.ascii {
		return &asciiSigns
	}
	return &unicodeSigns
}

// A now is what a run says of the present.
type now struct {
	run    *player.Run
	line   *report.Timeline
	point  int       // the newest; -1: there is none yet
	faults []inForce // on each box
	edges  []inForce // on each edge of the plan
}

// An inForce is what is in force on something: faults, and what was set.
type inForce struct{ names, sets []string }

func (i *inForce) add(f *sim.Fault) {
	to := &i.names
	if f.Kind == sim.Set {
		to = &i.sets
	}
	if !slices.Contains(*to, f.Name) {
		*to = append(*to, f.Name)
	}
}

func (i *inForce) some() bool { return len(i.names)+len(i.sets) > 0 }

// mark is the sign of the worst of it.
func (i *inForce) mark(g *signs) string {
	if len(i.names) > 0 {
		return string(g.fault)
	}
	return string(g.set)
}

// text is the names, faults first, with something between a sign and them, and between them.
func (i *inForce) text(g *signs, after, between string) string {
	var parts []string
	if len(i.names) > 0 {
		parts = append(parts, string(g.fault)+after+strings.Join(i.names, between))
	}
	if len(i.sets) > 0 {
		parts = append(parts, string(g.set)+after+strings.Join(i.sets, between))
	}
	return strings.Join(parts, " ")
}

func (i *inForce) style(l *look) tcell.Style {
	if len(i.names) > 0 {
		return l.fault
	}
	return l.set
}

func (m *netMap) now(r *player.Run) now {
	g := m.graph
	n := now{run: r, line: &r.Report.Timeline, point: len(r.Report.Timeline.Starts) - 1,
		faults: make([]inForce, len(g.boxes)), edges: make([]inForce, len(r.Report.Timeline.Edges))}
	for i, on := range r.Active {
		if !on {
			continue
		}
		f := &r.Plan.Faults[i]
		add := func(b int) { n.faults[b].add(f) }
		for _, s := range f.Services {
			add(g.byService[s])
		}
		for _, op := range f.Ops {
			add(g.byService[op.Service])
		}
		for _, q := range f.Queues {
			add(g.byQueue[q])
		}
		for _, e := range f.Edges {
			n.edges[e].add(f)
		}
		if f.Kind == sim.Surge {
			add(f.Source)
		}
	}
	return n
}

// A strain is how a link is at present.
type strain struct {
	level  report.Level
	labels []label
}

// A label is a word on a line: in full, shorter, and as one letter; "" where that would
// say nothing.
type label struct {
	long, short, mark string
	style             tcell.Style
}

// strain is the worst of a link's edges, and what there is to say of them.
func (m *netMap) strain(l *link, n *now) strain {
	var s strain
	look, g := m.look, m.look.signs()
	var failed, retries float64
	var tripped report.Tripped
	var faults inForce
	for _, e := range l.edges {
		faults.names = append(faults.names, n.edges[e].names...)
		faults.sets = append(faults.sets, n.edges[e].sets...)
		if of := n.run.Report.Edges[e].Breaker.Tripped(n.run.Breakers[e]); of.Level() > tripped.Level() {
			tripped = of
		}
		if series := &n.line.Edges[e]; n.point >= 0 {
			failed = max(failed, series.FailedShare(n.point))
			retries = max(retries, n.line.Rate(n.point, series.Retries[n.point]))
		}
	}
	s.level = report.ErrorLevel(failed)
	if faults.some() {
		mark := faults.mark(g)
		s.labels = append(s.labels, label{faults.text(g, "", " "), mark, mark, faults.style(look)})
	}
	if tripped.All() > 0 {
		s.level = max(s.level, tripped.Level())
		style, mark := look.level(tripped.Level())
		short := mark + "open"
		if tripped.Open == 0 {
			short = mark + "half"
		}
		s.labels = append(s.labels, label{mark + tripped.Text(), short, mark, style})
	}
	if level := report.ErrorLevel(failed); level > report.OK {
		style, mark := look.level(level)
		short := mark
		if len(s.labels) > 0 {
			short = ""
		}
		s.labels = append(s.labels, label{mark + report.ShareText(failed), short, short, style})
	}
	if retries > 0 {
		s.labels = append(s.labels, label{string(g.retry) + report.RateText(retries) + "/s", "", "", look.plain})
	}
	if from := m.graph.boxes[l.from]; from.kind == queueTarget && n.point >= 0 {
		for i := range n.line.Queues[from.index].Readers {
			r := &n.line.Queues[from.index].Readers[i]
			if lag := r.Lag(n.point); r.Name != "" && r.Name == m.graph.boxes[l.to].name && lag >= 1 {
				s.labels = append(s.labels, label{report.CountText(lag) + " not done", report.CountText(lag), "", look.plain})
			}
		}
	}
	return s
}

// drawLines draws all lines: those that lead across first, those that lead up and down
// over them, so that a line that passes another is not taken for one that joins it; and
// those that are lit over all.
func (m *netMap) drawLines(p pen, n *now, lit []bool) {
	l, look := m.laid, m.look
	const dim, warn, critical, bright = 0, 1, 2, 3
	of := make([]uint8, len(l.cells))
	strains, waits := make([]strain, len(l.links)), m.waits(n)
	for i := range l.links {
		strains[i] = m.strain(&l.links[i], n)
		style := uint8(max(strains[i].level, waits[i]))
		if lit[i] {
			style = bright
		}
		for _, c := range l.paths[i] {
			of[c] = max(of[c], style)
		}
	}
	styles := [...]tcell.Style{look.dim, unreversed(look.levels[report.Warn]), unreversed(look.levels[report.Critical]), look.accent}
	across := left | right
	for pass := range 3 {
		for i := range l.cells {
			c := &l.cells[i]
			mine := 1
			if of[i] == bright {
				mine = 2
			} else if c.ways == across {
				mine = 0
			}
			if y := c.y - m.top; mine == pass && y >= 0 && y < p.h {
				p.put(c.x, y, m.stroke(c), styles[of[i]])
			}
		}
	}
	for i := range l.links {
		m.drawLabels(p, l.ends[i], strains[i].labels)
	}
}

// waits says of each link how bad it is that a service waits there.
func (m *netMap) waits(n *now) []report.Level {
	waits := make([]report.Level, len(m.graph.links))
	for b := range m.graph.boxes {
		name, _, level := m.blocked(b, n)
		if level == report.OK {
			continue
		}
		for _, l := range m.graph.out[b] {
			if m.graph.boxes[m.graph.links[l].to].name == name {
				waits[l] = level
			}
		}
	}
	return waits
}

// blocked says for whom a service mostly waits, for how much of the time, and how bad that
// is; ok where it is not full, or not because of that.
func (m *netMap) blocked(b int, n *now) (on string, share float64, level report.Level) {
	box := &m.graph.boxes[b]
	if box.kind != serviceTarget {
		return "", 0, report.OK
	}
	full := m.gauge(b, n).full
	if full == report.OK {
		return "", 0, report.OK
	}
	if on, share, _ = waitedFor(n, box.index); report.WaitLevel(full, share) == report.OK {
		return "", 0, report.OK
	}
	return on, share, report.WaitLevel(full, share)
}

// unreversed is a style for what is a filled area, or a line, by itself.
func unreversed(s tcell.Style) tcell.Style { return s.Reverse(false) }

// stroke is the letter of a part of a line.
func (m *netMap) stroke(c *cell) rune {
	l, g := m.look, m.look.signs()
	if c.arrow {
		return l.arrow
	}
	horizontal, vertical := l.horizontal, l.vertical
	if dashed(c.trunk) {
		horizontal, vertical = l.dashed, g.vertical
	}
	switch c.ways {
	case up | down, up, down:
		return vertical
	case right | down:
		return l.corners[0]
	case left | down:
		return l.corners[1]
	case right | up:
		return l.corners[2]
	case left | up:
		return l.corners[3]
	case up | down | right:
		return l.tees[0]
	case up | down | left:
		return l.tees[1]
	case left | right | down:
		return l.tees[2]
	case left | right | up:
		return l.tees[3]
	case up | down | left | right:
		return l.tees[4]
	}
	return horizontal
}

// drawLabels draws on the last part of a line what there is room for, nearest to the
// callee.
func (m *netMap) drawLabels(p pen, s span, labels []label) {
	room := max(s.width-1, min(s.width, 1)) // a piece of the line stays, where it can
	x := s.x + s.width
	for _, t := range slices.Backward(fitting(labels, room)) {
		x -= widthOf(t.long)
		p.text(x, s.y-m.top, t.long, t.style)
		x--
	}
}

// fitting are as many labels as there is room for: in full, else with the first of them
// in short, for that is where the names are.
func fitting(labels []label, room int) []label {
	for n := len(labels); n > 0; n-- {
		for short := range n + 1 {
			var kept []label
			used := 0
			for i, t := range labels[:n] {
				if i < short {
					t.long = t.short
				}
				if t.long != "" {
					kept = append(kept, t)
					used += widthOf(t.long) + 1
				}
			}
			if used > 0 && used-1 <= room {
				return kept
			}
		}
	}
	if len(labels) > 0 && labels[0].mark != "" && room > 0 { // a mark is better than nothing
		t := labels[0]
		t.long = t.mark
		return []label{t}
	}
	return nil
}

func (m *netMap) act(a action) bool {
	if m.graph == nil || len(m.graph.boxes) == 0 {
		return false
	}
	if m.laid == nil {
		return m.actTree(a)
	}
	c := m.cursor()
	switch a {
	case doUp:
		c = m.along(c, -1)
	case doDown:
		c = m.along(c, 1)
	case doPageUp, doPageDown:
		by := max(m.h/m.laid.boxHeight, 1)
		if a == doPageUp {
			by = -by
		}
		c = m.along(c, by)
	case doLeft:
		c = m.across(c, -1)
	case doRight:
		c = m.across(c, 1)
	case doTop:
		c = m.inOrder()[0]
	case doBottom:
		order := m.inOrder()
		c = order[len(order)-1]
	default:
		return false
	}
	m.selected = m.graph.boxes[c].name
	return true
}

// inOrder are all boxes, from the left, and from the top.
func (m *netMap) inOrder() []int {
	order := make([]int, len(m.graph.boxes))
	for b := range order {
		order[b] = b
	}
	slices.SortStableFunc(order, func(a, b int) int {
		s, t := m.slotOf[a], m.slotOf[b]
		return cmp.Or(cmp.Compare(m.laid.slots[s].layer, m.laid.slots[t].layer), cmp.Compare(m.laid.top[s], m.laid.top[t]))
	})
	return order
}

// along is the box so many places below another in its layer, or the last one there.
func (m *netMap) along(b, by int) int {
	var layer []int
	for _, s := range m.laid.layers[m.laid.slots[m.slotOf[b]].layer] {
		if other := m.laid.slots[s].box; other >= 0 {
			layer = append(layer, other)
		}
	}
	return layer[min(max(slices.Index(layer, b)+by, 0), len(layer)-1)]
}

// across is the nearest box in the next layer, one that a line leads to before others.
func (m *netMap) across(b, by int) int {
	l := m.laid
	layer := l.slots[m.slotOf[b]].layer + by
	if layer < 0 || layer >= len(l.layers) {
		return b
	}
	best, least := b, 0
	for _, s := range l.layers[layer] {
		other := l.slots[s].box
		if other < 0 {
			continue
		}
		far := l.top[s] - l.top[m.slotOf[b]]
		far = max(far, -far)
		if !m.joined(b, other) {
			far += l.h
		}
		if best == b || far < least {
			best, least = other, far
		}
	}
	return best
}

// joined says whether a line leads from one of two boxes to the other.
func (m *netMap) joined(a, b int) bool {
	return slices.ContainsFunc(m.graph.out[a], func(l int) bool { return m.graph.links[l].to == b }) ||
		slices.ContainsFunc(m.graph.out[b], func(l int) bool { return m.graph.links[l].to == a })
}

func (m *netMap) click(x, y int, button tcell.ButtonMask) bool {
	if m.graph == nil {
		return false
	}
	switch {
	case button&tcell.WheelUp != 0:
		m.top -= 3 // draw keeps it within bounds
		return true
	case button&tcell.WheelDown != 0:
		m.top += 3
		return true
	case button&tcell.Button1 == 0 || y < 0 || y >= m.h-1:
		return false
	}
	y += m.top
	if m.laid == nil {
		return m.clickTree(y)
	}
	for b, s := range m.slotOf {
		left, top := m.laid.layerX[m.laid.slots[s].layer], m.laid.top[s]
		if x >= left && x < left+m.laid.boxWidth && y >= top && y < top+m.laid.boxHeight {
			m.selected = m.graph.boxes[b].name
			return true
		}
	}
	return false
}
