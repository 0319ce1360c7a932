package tui

import (
	"math"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/des"
	"cascade/sim/report"
)

// A series is a number over time, from the first point of the timeline to the newest.
type series struct {
	value func(n int) float64
	level func(n int) report.Level // how bad it was
	full  float64                  // what fills a column; 0: the most that there was
}

// A stretch maps the points of a timeline to columns, the newest at the right: each column
// is several points, as few as let all of them be seen. Columns begin at whole multiples
// of that, so that what stands in one does not change when another comes.
type stretch struct{ points, each, columns, width int }

func newStretch(points, width int) stretch {
	if points <= 0 || width <= 0 {
		return stretch{width: max(width, 0)}
	}
	each := (points-1)/width + 1
	return stretch{points, each, (points-1)/each + 1, width}
}

// pool is the worst of each column's points: a spike never vanishes.
func (s stretch) pool(of series) (values []float64, levels []report.Level) {
	values, levels = make([]float64, s.columns), make([]report.Level, s.columns)
	for n := range s.points {
		c := n / s.each
		values[c] = max(values[c], of.value(n))
		levels[c] = max(levels[c], of.level(n))
	}
	return values, levels
}

// spark draws a series from x on. A column without a glyph is exactly nothing; in reverse,
// which it never is, the others would look so.
func (p pen) spark(l *look, x, y int, s stretch, of series, style func(report.Level) tcell.Style) {
	values, levels := s.pool(of)
	full := of.full
	if full == 0 {
		for _, v := range values {
			full = max(full, v)
		}
	}
	x += s.width - s.columns
	for c, v := range values {
		if g := height(v, full, len(l.glyphs.levels)-1); g > 0 {
			p.put(x+c, y, l.glyphs.levels[g], style(levels[c]).Reverse(false))
		}
	}
}

// height is how many of so many steps a value fills: none of nothing, and at least one of
// anything.
func height(v, full float64, steps int) int {
	if v <= 0 || full <= 0 {
		return 0
	}
	return min(max(int(math.Ceil(float64(steps)*v/full-1e-9)), 1), steps)
}

// faults marks the columns in which a fault was in force, what was set left out.
func (p pen) faults(l *look, x, y int, s stretch, r *report.Report) {
	x += s.width - s.columns
	each := r.Timeline.Point * des.Time(s.each)
	for c := range s.columns {
		from := each * des.Time(c)
		to := min(from+each, r.End)
		for i := range r.Faults {
			if r.Faults[i].Keys == nil && r.Faults[i].Within(from, to) {
				p.put(x+c, y, l.glyphs.fault, l.fault)
				break
			}
		}
	}
}
