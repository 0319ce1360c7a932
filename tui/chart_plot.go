package tui

import (
	"math"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
)

// A curve is a number in each point of a timeline.
type curve struct {
	points   int
	at       func(n int) float64
	level    func(n int) report.Level // nil: no number is better than another
	worse    func(n int) float64      // of a column's points the one with most of it is shown; nil: the highest
	second   func(n int) float64      // another number beside it; nil: there is none
	together bool                     // second is that of the point that is shown; else the highest
}

// A chart is a curve, as a filled area, with what lies over it as marks: a second number,
// and the twin's curve.
type chart struct {
	curve
	name, what string
	secondName string
	text       func(float64) string
	full       float64 // the top of the scale; 0: a round number that there is room under
	twin       *curve  // nil: there is none
}

// scaleWidth is the columns of the scale at the left, its line among them.
const scaleWidth = 9

// A pooled is what a column shows of its points.
type pooled struct {
	any           bool // it has points
	value, second float64
	level         report.Level
}

// pool is what each column shows: the worst of the points in it, so that a spike never
// vanishes.
func (c *curve) pool(t *timeAxis) []pooled {
	columns := make([]pooled, t.width)
	for x := range columns {
		first, last := t.points(x)
		col, worst := &columns[x], math.Inf(-1)
		for n := first; n <= min(last, c.points-1); n++ {
			v := c.at(n)
			how := v
			if c.worse != nil {
				how = c.worse(n)
			}
			if how > worst {
				worst, col.value = how, v
				if c.together {
					col.second = c.second(n)
				}
			}
			if c.second != nil && !c.together {
				col.second = max(col.second, c.second(n))
			}
			if c.level != nil {
				col.level = max(col.level, c.level(n))
			}
			col.any = true
		}
	}
	return columns
}

// most is the largest number of a curve, the second one among them.
func (c *curve) most() float64 {
	most := 0.0
	for n := range c.points {
		most = max(most, c.at(n))
		if c.second != nil {
			most = max(most, c.second(n))
		}
	}
	return most
}

// roundUp is the next number that a scale may end with: 1, 2, 3, 4, 5, 6, 8 or 10 times
// a power of ten.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range [...]float64{1, 2, 3, 4, 5, 6, 8} {
		if v <= step*power*(1+1e-9) {
			return step * power
		}
	}
	return 10 * power
}

// scale is the top of the scale. It only grows while a run goes on.
func (c *chart) scale() float64 {
	if c.full > 0 {
		return c.full
	}
	most := c.most()
	if c.twin != nil {
		most = max(most, c.twin.most())
	}
	return roundUp(most)
}

// eighthsOf is how many eighths of so many lines a value fills: none of nothing, and at
// least one of anything.
func eighthsOf(v, full float64, lines int) int {
	if v <= 0 {
		return 0
	}
	return min(max(int(math.Ceil(float64(8*lines)*v/full-1e-9)), 1), 8*lines)
}

// draw draws the chart: its title with the newest numbers, the scale, and what it is of.
func (c *chart) draw(p pen, l *look, t *timeAxis) {
	c.title(p.in(0, 0, p.w, 1), l)
	lines := p.h - 1
	if lines <= 0 || t.width <= 0 {
		return
	}
	full := c.scale()
	c.drawScale(p.in(0, 1, scaleWidth, lines), l, full)
	plot := p.in(scaleWidth, 1, t.width, lines)
	t.drawMarks(plot, l)
	columns := c.pool(t)
	for x := range columns {
		col := &columns[x]
		eighths := eighthsOf(col.value, full, lines)
		style := areaStyle(l, col.level)
		for k := 0; 8*k < eighths; k++ {
			plot.put(x, lines-1-k, l.glyphs.levels[min(eighths-8*k, 8)], style)
		}
	}
	// What ends in the same line as the area has no mark: there is no difference to see.
	// Where a mark lies in the area, it stands out of it in the colour of the ground.
	mark := func(x int, v float64, r rune, s tcell.Style) {
		eighths, area := eighthsOf(v, full, lines), eighthsOf(columns[x].value, full, lines)
		k := (eighths - 1) / 8
		if eighths == 0 || area > 0 && k == (area-1)/8 {
			return
		}
		if area > eighths {
			s = areaStyle(l, columns[x].level).Reverse(true)
		}
		plot.put(x, lines-1-k, r, s)
	}
	if c.twin != nil {
		for x, col := range c.twin.pool(t) {
			if col.any {
				mark(x, col.value, l.dashed, l.twin)
			}
		}
	}
	if c.second != nil {
		for x := range columns {
			if columns[x].any {
				mark(x, columns[x].second, secondMark(l), l.strong)
			}
		}
	}
}

// areaStyle is the style of an area: a level's, but never reversed, for that would
// show it empty.
func areaStyle(l *look, v report.Level) tcell.Style { return l.levels[v].Reverse(false) }

// secondMark is the mark of a second number: a letter that no area, level or twin has.
func secondMark(l *look) rune {
	if l.ascii {
		return '^'
	}
	return '•'
}

// title names the chart; at its right are the newest numbers, each with the mark that
// its line is drawn with.
func (c *chart) title(p pen, l *look) {
	n := c.points - 1
	x := p.w
	put := func(text string, s tcell.Style) {
		if n < 0 {
			return
		}
		if w := widthOf(text); x-w >= min(p.w/3, widthOf(c.name)) {
			x -= w
			p.text(x, 0, text, s)
		}
	}
	if c.twin != nil {
		if n := c.twin.points - 1; n >= 0 {
			put(string(l.dashed)+" twin "+c.text(c.twin.at(n)), l.twin)
			put("  ", l.plain)
		}
	}
	if c.second != nil && n >= 0 {
		put(string(secondMark(l))+" "+c.secondName+" "+c.text(c.second(n)), l.plain)
		put("  ", l.plain)
	}
	if n >= 0 {
		text, style := c.text(c.at(n)), l.strong
		if c.level != nil {
			var mark string
			style, mark = l.level(c.level(n))
			text = mark + " " + text
		}
		put(text, style)
	}
	room := x - 1
	name := l.cut(c.name, room)
	end := p.text(0, 0, name, l.title)
	if end+1+widthOf(c.what) <= room {
		p.text(end+1, 0, c.what, l.dim)
	}
}

// drawScale writes what the top, the middle and the bottom of the chart mean.
func (c *chart) drawScale(p pen, l *look, full float64) {
	for y := range p.h {
		tick, text := l.vertical, ""
		switch {
		case y == 0:
			text = c.text(full)
		case y == p.h-1:
			text = "0"
		case y == p.h/2 && p.h >= 4: // its upper edge, or where the lines are odd its middle
			text = c.text(full / 2)
		}
		if text != "" {
			tick = l.tees[1]
		}
		p.put(p.w-1, y, tick, l.dim)
		p.right(p.w-1, y, text, l.dim)
	}
}
