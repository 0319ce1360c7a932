package tui

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/gdamore/tcell/v2"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// A timeAxis maps columns to time, and so to points of the timeline. All charts on a
// screen share it.
type timeAxis struct {
	width    int
	from, to des.Time
	point    des.Time // of the timeline
	reached  des.Time // the end of what the points cover
	marks    []axisMark
}

// An axisMark is an instant that is seen in every chart.
type axisMark struct {
	x int
	s func(*look) tcell.Style
}

// newTimeAxis is the time of the whole run, or of its latest window.
func newTimeAxis(f *player.Frame, width int, window des.Time) *timeAxis {
	r := f.Run.Report
	t := &timeAxis{width: max(width, 0), to: r.Duration, point: r.Timeline.Point, reached: f.Run.At}
	if window > 0 && window < r.Duration && t.width > 0 {
		// Columns of whole points that begin at multiples of themselves, so that what stands
		// in one stays as it is while time passes.
		column := max(window/des.Time(t.width), 1)
		if column > t.point {
			column = (column + t.point - 1) / t.point * t.point
			window = column * des.Time(t.width)
		}
		step := max(column, t.point)
		t.from = (max(t.reached-window, 0) + step - 1) / step * step
		t.to = t.from + window
	}
	dim := func(l *look) tcell.Style { return l.dim }
	fault := func(l *look) tcell.Style { return l.fault.Underline(false) }
	set := func(l *look) tcell.Style { return l.set }
	mark := func(at des.Time, s func(*look) tcell.Style) {
		if at > t.from && at < t.to && len(t.marks) < maxAxisMarks {
			t.marks = append(t.marks, axisMark{t.column(at), s})
		}
	}
	mark(r.Warmup, dim)
	for i := range r.Faults {
		if fa := &r.Faults[i]; fa.From < f.Now {
			style := fault
			if fa.Keys != nil {
				style = set
			}
			mark(fa.From, style)
			if fa.LastEnd <= f.Now {
				mark(fa.LastEnd, style)
			}
		}
	}
	if f.Twin != nil {
		mark(f.Branched, func(l *look) tcell.Style { return l.twin })
	}
	if t.reached > 0 && t.reached < t.to {
		t.marks = append(t.marks, axisMark{t.column(t.reached), func(l *look) tcell.Style { return l.accent }})
	}
	return t
}

// maxAxisMarks bounds the instants that are seen in every chart.
const maxAxisMarks = 40

// column is the one that an instant at or after the axis' beginning is in.
func (t *timeAxis) column(at des.Time) int {
	if t.to <= t.from {
		return 0
	}
	high, low := bits.Mul64(uint64(max(at-t.from, 0)), uint64(t.width))
	x, _ := bits.Div64(high, low, uint64(t.to-t.from))
	return int(x)
}

// start is when a column begins: the first instant that is in it.
func (t *timeAxis) start(x int) des.Time {
	high, low := bits.Mul64(uint64(t.to-t.from), uint64(x))
	at, rest := bits.Div64(high, low, uint64(t.width))
	if rest > 0 {
		at++
	}
	return t.from + des.Time(at)
}

// points are the first and the last point that lie in a column, wholly or in part; none
// (last is before first) where the run has not come to it.
func (t *timeAxis) points(x int) (first, last int) {
	from, to := t.start(x), min(t.start(x+1), t.reached)
	if from >= to {
		return 0, -1
	}
	return int(from / t.point), int((to - 1) / t.point)
}

// drawMarks draws the instants through a chart, before its area.
func (t *timeAxis) drawMarks(p pen, l *look) {
	for _, m := range t.marks {
		for y := range p.h {
			p.put(m.x, y, l.glyphs.now, m.s(l))
		}
	}
}

// An axisBar is what lasts for a while along the axis, with its name.
type axisBar struct {
	name  string
	fault *report.Fault // nil: the warm-up, or the time since the branch
	twin  bool
	spans [][2]int // columns, the last not in it
	row   int
}

// axisBars are the bars in as many rows as they take.
type axisBars struct {
	list []axisBar
	rows int
	more int // that there was no row for
}

// bars are what lasts for a while, in the order in which it must not be left out: the
// faults, what was set, what was branched, the warm-up. Those that do not touch, names and
// all, share a row, of which there are at most so many.
func (t *timeAxis) bars(f *player.Frame, rows int) axisBars {
	r := f.Run.Report
	var faults, sets []axisBar
	for i := range r.Faults {
		b := axisBar{name: r.Faults[i].Name, fault: &r.Faults[i], spans: t.spansOf(&r.Faults[i])}
		if f.Run.Plan.Faults[i].Kind == sim.Set {
			sets = append(sets, b)
		} else {
			faults = append(faults, b)
		}
	}
	bars := append(faults, sets...)
	if f.Twin != nil {
		bars = append(bars, axisBar{name: "branched", twin: true, spans: t.span(nil, f.Branched, f.Branched+1)})
	}
	if r.Warmup > 0 {
		bars = append(bars, axisBar{name: "warm-up", spans: t.span(nil, 0, r.Warmup)})
	}
	var all axisBars
	var taken [][][2]int // of each row, from which column to which; there are two between
	for _, b := range bars {
		if len(b.spans) == 0 || t.width == 0 {
			continue
		}
		first, last := b.spans[0][0], b.spans[len(b.spans)-1][1]
		if name := widthOf(b.name) + 1; last+name <= t.width || first-name < 0 {
			last += name
		} else {
			first -= name
		}
		b.row = slices.IndexFunc(taken, func(row [][2]int) bool {
			return !slices.ContainsFunc(row, func(of [2]int) bool { return first <= of[1]+1 && of[0] <= last+1 })
		})
		if b.row < 0 {
			if len(taken) == rows {
				all.more++
				continue
			}
			b.row = len(taken)
			taken = append(taken, nil)
		}
		taken[b.row] = append(taken[b.row], [2]int{first, last})
		all.list = append(all.list, b)
	}
	all.rows = len(taken)
	return all
}

// span adds the columns that a time touches; those that touch the last are one with it.
func (t *timeAxis) span(spans [][2]int, from, to des.Time) [][2]int {
	from, to = max(from, t.from), min(to, t.to)
	if from >= to {
		return spans
	}
	first := min(t.column(from), t.width-1)
	last := max(t.column(to-1), first) + 1
	if n := len(spans); n > 0 && spans[n-1][1] >= first {
		spans[n-1][1] = max(spans[n-1][1], min(last, t.width))
		return spans
	}
	return append(spans, [2]int{first, min(last, t.width)})
}

// spansOf are the columns in which a fault is there, each time that it comes.
func (t *timeAxis) spansOf(f *report.Fault) (spans [][2]int) {
	length := max(f.To-f.From, 1)
	if f.Instant {
		length = 1
	}
	from := f.From
	if f.Every > 0 && from+length < t.from {
		from += (t.from - from - length) / f.Every * f.Every
	}
	for ; from < t.to; from += f.Every {
		spans = t.span(spans, from, from+length)
		if f.Every <= 0 {
			break
		}
	}
	return spans
}

// tickSteps are what may lie between two times that are written along the axis.
var tickSteps = [...]des.Time{second / 1000, second / 500, second / 200, second / 100, second / 50, second / 20, second / 10, second / 5, second / 2,
	second, 2 * second, 5 * second, 10 * second, 20 * second, 30 * second, 60 * second, 120 * second, 300 * second, 600 * second, 1200 * second, 1800 * second,
	3600 * second, 2 * 3600 * second, 4 * 3600 * second, 6 * 3600 * second, 12 * 3600 * second, 24 * 3600 * second, 2 * 24 * 3600 * second, 7 * 24 * 3600 * second}

// draw writes the times along the axis, and below them the bars. Where is written at the
// left.
func (t *timeAxis) draw(p pen, l *look, bars axisBars, where string) {
	if t.width == 0 || t.to <= t.from {
		return
	}
	p.text(0, 0, where, l.dim)
	step := tickSteps[len(tickSteps)-1]
	for i := len(tickSteps) - 1; i >= 0; i-- {
		if s := tickSteps[i]; int64(t.width)*int64(s)/max(int64(t.to-t.from), 1) >= leastTick {
			step = s
		}
	}
	axis := p.in(scaleWidth-1, 0, t.width+1, p.h)
	for at := (t.from + step - 1) / step * step; at <= t.to; at += step {
		x, text := t.column(at), clockText(at)
		if x+widthOf(text) > axis.w-1 && x > 0 {
			continue
		}
		axis.put(x, 0, l.vertical, l.dim)
		axis.text(x+1, 0, text, l.dim)
	}
	if bars.more > 0 {
		p.right(scaleWidth-1, bars.rows, fmt.Sprintf("+%d", bars.more), l.dim)
	}
	for i := range bars.list {
		bars.list[i].draw(axis.in(1, 1, t.width, p.h-1), l, t)
	}
}

// leastTick is how many columns lie between two times, at least.
const leastTick = 10

// draw draws the bar as far as it is past, and dim as far as it is planned.
func (b *axisBar) draw(p pen, l *look, t *timeAxis) {
	now := t.column(t.reached)
	style, glyph := l.fault.Underline(false), l.glyphs.fault
	switch {
	case b.twin:
		style, glyph = l.twin, l.glyphs.now
	case b.fault == nil:
		style, glyph = l.dim, l.track
	case b.fault.Keys != nil:
		style = l.set
	}
	first, last := b.spans[0][0], b.spans[len(b.spans)-1][1]
	for _, s := range b.spans {
		for x := s[0]; x < s[1]; x++ {
			of := style
			if x > now {
				of = l.dim
			}
			p.put(x, b.row, glyph, of)
		}
	}
	named := style
	if first > now {
		named = l.dim
	}
	switch width := widthOf(b.name); {
	case last+1+width <= p.w:
		p.text(last+1, b.row, b.name, named)
	case first-1-width >= 0:
		p.right(first-1, b.row, b.name, named)
	default: // over its end
		p.text(first+1, b.row, l.cut(b.name, p.w-first-2), named)
	}
}
