package tui

import (
	"fmt"
	"slices"

	"github.com/gdamore/tcell/v2"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/tui/player"
)

// A sheet says what a table shows: what its rows are, and its columns. One row of
// columns is all there is to a number on the screen.
type sheet struct {
	title string
	one   string // of what it lists
	none  string // said where the scenario has none
	count func(p *sim.Plan) int
	label func(p *sim.Plan, i int) string            // by which it is selected, too
	parts func(p *sim.Plan, i int) int               // operations of a service, groups of a stream; nil: there are none
	part  func(p *sim.Plan, i, k int) (label string) // of a part
	// Parts are selected by the name whole.part, and listed where there is room, or their
	// whole is selected. Else they cannot be selected, and are listed always.
	selects bool
	level   func(s spot) report.Level         // how bad it is with a row, now
	drawn   string                            // what the sparkline shows
	series  func(s spot) (of series, ok bool) // a row's sparkline
	columns []column
}

// A column is a number of each row.
type column struct {
	title string
	width int
	rank  int  // the lower, the sooner there is room for it
	past  bool // it is of the run so far, else of now
	left  bool // its text begins at its left

	value func(s spot) (v float64, known bool)
	text  func(v float64) string               // how it is written
	words func(s spot) string                  // or what stands for it
	level func(s spot, v float64) report.Level // how bad it is; nil: it is neither good nor bad
	bar   bool                                 // it is drawn as a share, and not sorted by
	only  func(r *report.Report) bool          // whether the plan has what it tells of; nil: it has
}

// A spot is a row in a run, to be asked for its numbers.
type spot struct {
	run   *player.Run
	now   int // the newest point of the run's timeline; -1 before the first
	index int
	part  int // -1: the whole
}

func spotOf(run *player.Run, r row) spot {
	return spot{run, len(run.Report.Timeline.Starts) - 1, int(r.index), int(r.part)}
}

// A row is a thing, or a part of one.
type row struct{ index, part int32 }

// What a table can be sorted by, beside its columns.
const (
	byFile = -2 // file order
	byName = -1
)

// A table is a view of a sheet. It draws cells itself: tview's own table takes users'
// words for markup, measures each column anew by what is in sight, so that columns move
// while the run goes on, and knows neither bars nor two lines a row.
type table struct {
	*state
	sheet
	sorted   int // byFile, byName, or a column
	reversed bool
	top      int // the first row in sight

	// What was drawn last, for clicks and pages.
	rows     []row
	fits     int // rows in sight at once
	each     int // lines a row
	first    int // line of the first row in sight
	headings []heading

	listed listed
	order  order
	hand   hand
}

// A heading is where a column stands.
type heading struct{ column, x, width int }

func newTable(s *state, of sheet) *table { return &table{state: s, sheet: of, sorted: byFile} }

func (t *table) name() string { return t.title }

func (t *table) footer() []action { return []action{doOpen, doSort, doReverse, doFilter} }

// wants is as many lines as show all rows, whatever the filter.
func (t *table) wants(_, most int) int {
	lines, each := 2, 1 // two of titles
	if t.frame.Twin != nil {
		each = 2
	}
	for i := 0; i < t.count(t.plan()) && lines < most; i++ {
		lines += each * (1 + t.partsOf(t.plan(), i))
	}
	return lines
}

// draw shows as many rows as there is room for, and of each as many columns.
func (t *table) draw(p pen, focused bool) {
	t.rows, t.headings = t.rows[:0], t.headings[:0]
	if t.count(t.plan()) == 0 {
		t.say(p, t.none)
		return
	}
	t.list()
	if len(t.listed.all) == 0 {
		t.say(p, fmt.Sprintf("no %s has %q in its name: esc takes the filter away", t.one, t.filter))
		return
	}
	t.each, t.first = 1, 2
	if t.frame.Twin != nil {
		t.each = 2
	}
	if p.h < min(6, t.wants(p.w, 6)) {
		t.first = 1 // the titles alone
	}
	foot := 0
	if t.filter != "" || len(t.listed.all)*t.each > p.h-t.first {
		foot = 1
	}
	t.fits = max((p.h-t.first-foot)/t.each, 1)
	t.build()
	if foot == 0 && len(t.rows) > t.fits { // for the parts of what is selected
		foot = 1
		t.fits = max((p.h-t.first-foot)/t.each, 1)
	}
	at := t.place()
	if at >= 0 {
		t.top = min(max(t.top, at-t.fits+1), at)
	}
	t.top = max(min(t.top, len(t.rows)-t.fits), 0)

	name, line := t.layout(p.w)
	t.titles(p, line)
	for i := t.top; i < min(t.top+t.fits, len(t.rows)); i++ {
		y, r := t.first+(i-t.top)*t.each, t.rows[i]
		t.row(p, y, spotOf(&t.frame.Run, r), t.labelOf(r), name, line, false)
		if t.frame.Twin != nil {
			t.row(p, y+1, spotOf(t.frame.Twin, r), "  twin", name, line, true)
		}
		if i == at {
			t.point(p, y, name, line, focused)
		}
	}
	if foot == 1 {
		t.foot(p)
	}
}

// say tells what there is instead of rows.
func (t *table) say(p pen, text string) {
	for y, line := range wrapped(text, p.w-4) {
		p.text(2, 1+y, line, t.look.dim)
	}
}

// The places of a line that are no column.
const (
	nameColumn  = -1
	sparkColumn = -2
)

// layout chooses the columns that there is room for, by their rank, what the table is
// sorted by before all others; the sparkline gets what is left. It returns how wide the
// names are, and what follows them.
func (t *table) layout(w int) (name int, line []heading) {
	gap := 1
	if w >= 100 {
		gap = 2
	}
	name = min(2+max(t.listed.widest, 8), max(14, w/3), w)
	spark := 8 + max(w-60, 0)/8
	room := w - name - gap - spark
	ranks := make([]int, len(t.columns))
	for i := range ranks {
		ranks[i] = i
	}
	rank := func(i int) int {
		if i == t.sorted {
			return -1
		}
		return t.columns[i].rank
	}
	slices.SortStableFunc(ranks, func(a, b int) int { return rank(a) - rank(b) })
	width := func(i int) int {
		if i == t.sorted { // with the arrow before its title
			return max(t.columns[i].width, widthOf(t.look.down)+widthOf(t.columns[i].title))
		}
		return t.columns[i].width
	}
	var shown []int
	for _, i := range ranks {
		if t.listed.lacks[i] {
			continue
		}
		if need := width(i) + gap; need <= room {
			room -= need
			shown = append(shown, i)
			continue
		}
		break
	}
	slices.SortFunc(shown, func(a, b int) int {
		if x, y := t.columns[a].past, t.columns[b].past; x != y {
			if y {
				return -1
			}
			return 1
		}
		return a - b
	})
	more := max(min(room, 2+t.listed.widest-name), 0) // names first
	name, room = name+more, room-more
	// No more of it than there will be points, and nothing where the pane is too narrow.
	tl := &t.frame.Run.Report.Timeline
	spark = max(min(spark+room, int((t.plan().Duration-1)/tl.Point)+1), min(spark, w-name-gap))
	t.headings = append(t.headings, heading{nameColumn, 0, name})
	x := name + gap
	if spark > 0 {
		line = append(line, heading{sparkColumn, x, spark})
		x += spark + gap
	}
	for _, i := range shown {
		line = append(line, heading{i, x, width(i)})
		x += width(i) + gap
	}
	t.headings = append(t.headings, line...)
	return name, line
}

// titles draws what the columns are called, and above them of what time they are. Above
// the sparklines, which have one axis, stands when faults were in force.
func (t *table) titles(p pen, line []heading) {
	l, r, y := t.look, t.frame.Run.Report, t.first-1
	style := func(column int) tcell.Style {
		if t.sorted == column {
			return l.accent
		}
		return l.dim
	}
	arrow := l.down
	if (t.sorted < 0) != t.reversed {
		arrow = l.up
	}
	head := t.one
	if t.sorted == byName || t.sorted == byFile && t.reversed {
		if head += " " + arrow; widthOf(head) > t.headings[0].width-2 {
			head = t.one + arrow
		}
	}
	p.text(2, y, l.cut(head, t.headings[0].width-2), style(byName))
	past, began := false, false
	for i, h := range line {
		if h.column == sparkColumn {
			title := t.drawn + " over " + report.ClockText(r.End)
			if widthOf(title) > h.width {
				title = t.drawn
			}
			p.text(h.x, y, l.cut(title, h.width), l.dim)
			if y > 0 {
				p.faults(l, h.x, 0, newStretch(len(r.Timeline.Starts), h.width), r)
			}
			continue
		}
		c := &t.columns[h.column]
		title := c.title
		if t.sorted == h.column {
			title = arrow + title
			if widthOf(title) < h.width {
				title = arrow + " " + c.title
			}
		}
		if c.left {
			p.text(h.x, y, l.cut(title, h.width), style(h.column))
		} else {
			p.right(h.x+h.width, y, l.cut(title, h.width), style(h.column))
		}
		if y > 0 && (!began || past != c.past) {
			began, past = true, c.past
			end := line[len(line)-1]
			for _, o := range line[i:] {
				if o.column >= 0 && t.columns[o.column].past == past {
					end = o
				}
			}
			t.group(p.in(h.x, 0, end.x+end.width-h.x, 1), past)
		}
	}
}

// group draws a line over the columns of one time.
func (t *table) group(p pen, past bool) {
	r, text := t.frame.Run.Report, "now"
	if past {
		text = "so far"
		if long := text + ", from " + report.ClockText(r.Warmup); r.Warmup > 0 && widthOf(long) < p.w-2 {
			text = long
		}
	}
	x := p.text(0, 0, t.look.cut(text, p.w), t.look.dim) + 1
	for ; x < p.w; x++ {
		p.put(x, 0, t.look.horizontal, t.look.dim)
	}
}

// row draws a line: of the run, or below it of its twin.
func (t *table) row(p pen, y int, s spot, label string, name int, line []heading, twin bool) {
	l := t.look
	style := func(v report.Level) tcell.Style {
		if twin {
			return l.twin
		}
		return l.levels[v]
	}
	plain := l.plain
	if twin {
		plain = l.twin
	} else if s.part >= 0 {
		plain = l.dim
	}
	level := report.OK
	if s.now >= 0 && s.run.Last != nil {
		level = t.level(s)
	}
	p.text(0, y, l.marks[level], style(level))
	p.text(2, y, l.cutMiddle(label, name-2), plain)
	for _, h := range line {
		if h.column == sparkColumn {
			if of, ok := t.series(s); ok && s.now >= 0 {
				p.spark(l, h.x, y, newStretch(s.now+1, h.width), of, style)
			}
			continue
		}
		c := &t.columns[h.column]
		text, style := missing, style
		v, known := c.value(s)
		if known {
			if c.text != nil {
				text = c.text(v)
			} else if c.words != nil {
				text = c.words(s)
			}
		}
		look := plain
		if known && c.level != nil {
			if level := c.level(s, v); level > report.OK || c.bar {
				look = style(level)
			}
		}
		switch {
		case c.bar:
			if known {
				p.stripe(l, h.x, y, h.width, v, look)
			}
		case c.left:
			p.text(h.x, y, l.cut(text, h.width), look)
		default:
			p.right(h.x+h.width, y, l.cut(text, h.width), look)
		}
	}
}

// missing stands for a number that does not exist.
const missing = "-"

// point shows where the hand is. What is drawn in a row, and not written, stays as it is.
func (t *table) point(p pen, y, name int, line []heading, focused bool) {
	change := t.look.pointed
	if !focused {
		change = func(s tcell.Style) tcell.Style { return s.Bold(true).Underline(true) }
	}
	from := 0
	for _, h := range append(line, heading{column: sparkColumn, x: p.w}) {
		if drawn := h.column == sparkColumn || t.columns[h.column].bar; drawn {
			to := h.x
			if h.x < p.w {
				to-- // the gap before it
			}
			for x := from; x < min(to, p.w); x++ {
				if focused || x < name {
					p.style(x, y, change)
				}
			}
			from = h.x + h.width + 1
		}
	}
}

// foot says how much of it is in sight.
func (t *table) foot(p pen) {
	l, x, y := t.look, 2, p.h-1
	if t.filter != "" {
		text := fmt.Sprintf("%d of %d %s shown, filter: %s", len(t.listed.all), t.count(t.plan()), t.title, t.filter)
		x = p.text(x, y, l.cut(text, p.w-2), l.accent)
	}
	if len(t.rows) > t.fits {
		text := fmt.Sprintf("%s to %s of %s", report.GroupedText(uint64(t.top+1)), report.GroupedText(uint64(min(t.top+t.fits, len(t.rows)))), report.GroupedText(uint64(len(t.rows))))
		if x+2+widthOf(text) <= p.w {
			p.right(p.w, y, text, l.dim)
		}
	}
}
