package tui

import (
	"slices"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
	"cascade/tui/player"
)

// A page tells all about what is selected, in sections that flow into as many columns as
// there is room for.
type page struct {
	*state
	top    int    // the first line that is shown
	about  string // what it was scrolled in
	hidden int    // lines that did not fit at the last draw
	height int    // lines that it had then

	made     []section // of madeFor
	madeFor  pageKey
	policies []Key // of askedFor: asking reads the whole scenario
	askedFor string
}

// A pageKey is all that a page's sections are made from.
type pageKey struct {
	frame    *player.Frame
	look     *look
	selected string
	changes  int
}

func newPage(s *state) view { return &page{state: s} }

func (v *page) name() string {
	if at := find(v.plan(), v.selected); at.kind != noTarget {
		return at.kind.String() + " " + v.selected
	}
	return "page"
}

func (v *page) footer() []action { return []action{doDial, doInject} }

func (v *page) act(a action) bool {
	page := max(v.height-2, 1)
	switch a {
	case doUp:
		v.top--
	case doDown:
		v.top++
	case doPageUp:
		v.top -= page
	case doPageDown:
		v.top += page
	case doTop:
		v.top = 0
	case doBottom:
		v.top += v.hidden
	default:
		return false
	}
	v.top = max(v.top, 0) // how far down is known when it is drawn
	return true
}

func (v *page) click(_, _ int, button tcell.ButtonMask) bool {
	switch button {
	case tcell.WheelUp:
		return v.act(doUp)
	case tcell.WheelDown:
		return v.act(doDown)
	}
	return false
}

// The columns that a page has, and how wide a number is.
const (
	pageColumn  = 56 // at least, where there are several
	pageGap     = 2
	mostColumns = 3
	numberWidth = 9
)

func (v *page) draw(p pen, focused bool) {
	if v.about != v.selected {
		v.about, v.top = v.selected, 0
	}
	v.height, v.hidden = p.h, 0
	sections := v.sections()
	if len(sections) == 0 {
		text := "nothing is selected: choose a box or a row, and its page stands here"
		if v.selected != "" {
			text = v.selected + " is not in this scenario"
		}
		for y, line := range wrapped(text, p.w-1) {
			p.text(1, y, line, v.look.dim)
		}
		return
	}
	columns := max(min((p.w+pageGap)/(pageColumn+pageGap), mostColumns), 1)
	width := (p.w - pageGap*(columns-1)) / columns
	heights := make([]int, len(sections))
	for i := range sections {
		heights[i] = sections[i].height(width)
	}
	places, all := flow(heights, columns)
	body := p
	if all > p.h {
		body.h = max(p.h-1, 0)
	}
	v.top = max(min(v.top, all-body.h), 0)
	v.hidden = max(all-body.h-v.top, 0)
	for i := range sections {
		at := places[i]
		sections[i].draw(body.in(at.column*(width+pageGap), 0, width, body.h), at.y-v.top, v.look)
	}
	if all > p.h {
		v.drawRest(p)
	}
}

// drawRest says what does not fit.
func (v *page) drawRest(p pen) {
	text := "the end"
	if v.hidden > 0 {
		text = "more below: " + lineCount(v.hidden)
	}
	if v.top > 0 {
		text += ", above: " + lineCount(v.top)
	}
	p.right(p.w, p.h-1, v.look.cut(text, p.w), v.look.dim)
}

func lineCount(n int) string {
	if n == 1 {
		return "1 line"
	}
	return report.CountText(float64(n)) + " lines"
}

// A place is where a section begins.
type place struct{ column, y int }

// flow lays sections out one below the other, in order, in so many columns that are as
// short as can be, with a line between two sections. It returns how long the longest is.
func flow(heights []int, columns int) (places []place, longest int) {
	for _, h := range heights {
		longest = max(longest, h)
	}
	places = make([]place, len(heights))
	for ; ; longest++ {
		at, used := place{}, 0
		for i, h := range heights {
			if at.y > 0 && at.y+h > longest {
				at = place{column: at.column + 1}
			}
			places[i] = at
			at.y += h + 1
			used = max(used, at.column+1)
		}
		if used <= columns {
			return places, longest
		}
	}
}

// A section is a part of a page: a title, and rows below it. To the right of its title
// stand the names of the numbers of its rows.
type section struct {
	title   string
	columns []string // of the numbers that every row has
	more    []string // of those that are shown where there is room, and no twin
	twin    []string // of the twin's; nil: there is none
	rows    []entry
}

// An entry is a line of a section, or a few. Which of its fields hold decides what it looks like.
type entry struct {
	mark  string // before the label
	label string
	style tcell.Style // of both

	cells, twin, more []figure
	barred            bool    // there is a bar between the label and the numbers
	bar               float64 // what it shows, a share
	barStyle          tcell.Style

	stack []segment     // a bar of several parts, behind the label
	trace *report.Trace // a line over time, behind the label
	top   float64       // of a trace: what fills it

	text      string // behind a label that is a name or an instant, over as many lines as it takes
	textStyle tcell.Style
}

// A figure is a number in its style.
type figure struct {
	text  string
	style tcell.Style
}

// A segment is a part of a bar.
type segment struct {
	share float64
	glyph rune
	style tcell.Style
}

// Widths of the labels of what is no number.
const (
	traceLabel = 14
	textLabel  = 17
)

func (s *section) height(width int) int {
	lines := 1
	for i := range s.rows {
		lines += s.rows[i].height(width)
	}
	return lines
}

func (r *entry) height(width int) int {
	if r.text == "" {
		return 1
	}
	return len(wrapped(r.text, width-r.indent(width)))
}

// indent is where the text of a row begins.
func (r *entry) indent(width int) int {
	if r.label == "" && r.mark == "" {
		return 2
	}
	return min(max(textLabel, widthOf(r.mark)+widthOf(r.label)+3), width/2)
}

// draw draws a section from a line on that may lie above the part of the screen.
func (s *section) draw(p pen, y int, l *look) {
	if y < p.h && y+s.height(p.w) > 0 {
		names := s.columns
		room := p.w - numberWidth*len(names)
		room -= numberWidth * len(s.twin)
		more := s.fits(p.w)
		if more {
			room -= numberWidth * len(s.more)
		}
		p.text(0, y, l.cut(s.title, max(room-1, 0)), l.title)
		x := room
		put := func(text string, style tcell.Style) {
			x += numberWidth
			p.right(x, y, text, style)
		}
		for _, name := range names {
			put(name, l.dim)
		}
		if more {
			for _, name := range s.more {
				put(name, l.dim)
			}
		}
		for _, name := range s.twin {
			put(name, l.twin)
		}
	}
	y++
	for i := range s.rows {
		r := &s.rows[i]
		h := r.height(p.w)
		if y+h > 0 && y < p.h {
			s.drawEntry(p, y, r, l)
		}
		y += h
	}
}

// fits says whether there is room for the numbers that are not always shown.
func (s *section) fits(width int) bool {
	const leastLabel = 18
	return s.twin == nil && len(s.more) > 0 && width >= leastLabel+numberWidth*(len(s.columns)+len(s.more))
}

func (s *section) drawEntry(p pen, y int, r *entry, l *look) {
	x := 0
	if r.mark != "" {
		x = p.text(0, y, r.mark, r.style) + 1
	}
	switch {
	case r.text != "":
		x0 := r.indent(p.w)
		p.text(x, y, l.cut(r.label, max(x0-x-1, 0)), r.style)
		for k, line := range wrapped(r.text, p.w-x0) {
			p.text(x0, y+k, line, r.textStyle)
		}
	case r.stack != nil:
		p.text(x, y, l.cut(r.label, traceLabel-1), r.style)
		drawStack(p.in(traceLabel, y, p.w-traceLabel, 1), r.stack)
	case r.trace != nil:
		p.text(x, y, l.cut(r.label, traceLabel-1), r.style)
		end := p.w - numberWidth
		level, style := r.trace.Level, func(v report.Level) tcell.Style { return l.levels[v] }
		if level == nil {
			level, style = func(int) report.Level { return report.OK }, func(report.Level) tcell.Style { return r.style }
		}
		p.in(0, 0, end, p.h).spark(l, traceLabel, y, newStretch(r.trace.Points, end-traceLabel), series{r.trace.At, level, r.top}, style)
		for k := range r.cells {
			p.right(end+numberWidth*(k+1), y, r.cells[k].text, r.cells[k].style)
		}
	default:
		cells := r.cells
		if s.fits(p.w) {
			cells = append(slices.Clip(cells), r.more...)
		}
		end := p.w - numberWidth*(len(cells)+len(r.twin))
		if r.twin == nil {
			end -= numberWidth * len(s.twin)
		}
		width := end - x - 1
		if bar := width - 20; r.barred && bar >= 5 {
			bar = min(bar, 20)
			p.stripe(l, end-bar-1, y, bar, r.bar, r.barStyle)
			width -= bar + 1
		}
		p.text(x, y, l.cut(r.label, max(width, 0)), r.style)
		at := end
		for _, c := range append(slices.Clip(cells), r.twin...) {
			at += numberWidth
			p.right(at, y, c.text, c.style)
		}
	}
}

// drawStack draws the parts of a bar one behind the other.
func drawStack(p pen, parts []segment) {
	from, sum := 0, 0.0
	for _, part := range parts {
		sum += part.share
		to := int(sum*float64(p.w) + 0.5)
		for x := from; x < to; x++ {
			p.put(x, 0, part.glyph, part.style)
		}
		from = max(from, to)
	}
}

// highest is the largest value of a trace so far.
func highest(t *report.Trace) float64 {
	most := 0.0
	for n := range t.Points {
		most = max(most, t.At(n))
	}
	return most
}
