package experiment

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cascade/sim/report"
)

// SweepText says how a grid is written for a terminal.
type SweepText struct {
	report.TextOptions
	Rich bool // with Color: the terminal has 256 colours and not only 16
}

// Bounds of the text. What is left out is said, and where it is.
const (
	maxTableRows = 60
	maxMaps      = 6  // heat maps
	maxMapLines  = 60 // of one of them
	barWidth     = 10
)

// WriteText writes the grid for a terminal. With one axis it is a table with a bar for
// what is shown first, with two a heat map of each quantity that is shown, with more heat
// maps of the first quantity over the last two axes, and the table. Nothing is said by
// colour alone.
func (g *Grid) WriteText(w io.Writer, o SweepText) error {
	t := &page{report.NewSheet(o.TextOptions), o.Rich}
	t.heading(g)
	switch axes := len(g.Spec.Axes); {
	case axes < 2:
		t.table(g, true)
	case axes == 2:
		for k := range g.views[:min(len(g.views), maxMaps)] {
			t.heat(g, &g.views[k], 0)
		}
		if more := len(g.views) - maxMaps; more > 0 {
			t.Line("")
			t.Line(fmt.Sprintf("... and %s more in --csv", grouped(more)))
		}
	default:
		if len(g.views) > 0 {
			last := len(g.Spec.Axes[axes-1].Values) * len(g.Spec.Axes[axes-2].Values)
			maps := len(g.Cells) / last
			for m := range min(maps, maxMaps) {
				t.heat(g, &g.views[0], m*last)
			}
			if maps > maxMaps {
				t.Line("")
				t.Line(fmt.Sprintf("... and %s more maps; the numbers are in --csv", grouped(maps-maxMaps)))
			}
		}
		t.table(g, false)
	}
	_, err := t.WriteTo(w)
	return err
}

// A page is the text as it is written.
type page struct {
	*report.Sheet
	rich bool
}

func (t *page) heading(g *Grid) {
	s := g.Spec
	how := fmt.Sprintf("%s, %s each, seeds %d to %d", report.SeveralText(len(g.Cells), "setting"), report.SeveralText(s.Runs, "run"), s.Seed, s.Seed+uint64(s.Runs)-1)
	if s.Runs == 1 {
		how = fmt.Sprintf("%s, 1 run each, with the seed %d", report.SeveralText(len(g.Cells), "setting"), s.Seed)
	}
	t.Line(t.In(report.Bold, t.Cut(s.Scenario, max(t.Width-len(how)-2, 8))), "  ", how)
	if g.Done < len(g.Cells)*s.Runs {
		t.Line(t.In(report.Yellow, "INTERRUPTED"), fmt.Sprintf("  %s of %s done", grouped(g.Done), report.SeveralText(len(g.Cells)*s.Runs, "run")))
	}
	if g.Stopped > 0 {
		t.Wrapped(0, report.Yellow, fmt.Sprintf("A bound of the engine's stopped %s: nothing held there, and no mean has it.", report.SeveralText(g.Stopped, "run")))
	}
	for i := range s.Axes {
		a := &s.Axes[i]
		values := strings.Join(a.Values, ", ")
		if n := len(a.Values); n > 5 {
			values = fmt.Sprintf("%s, %s, ... %s (%d values)", a.Values[0], a.Values[1], a.Values[n-1], n)
		}
		t.Line(t.In(report.Dim, t.Cut(a.Path+" = "+values, t.Width)))
	}
	for i := range s.Sets {
		t.Line(t.In(report.Dim, t.Cut(s.Sets[i].String(), t.Width)))
	}
	if !g.anyExpected() {
		return
	}
	always, never, stuck := 0, 0, 0
	for i := range g.Cells {
		c := &g.Cells[i]
		switch {
		case c.Runs > 0 && c.Held.Count == c.Runs:
			always++
		case c.Runs > 0 && c.Held.Count == 0:
			never++
		}
		if c.Metastable.Count > 0 {
			stuck++
		}
	}
	t.Line("")
	said := fmt.Sprintf("At %s of %s every expectation held in every run", grouped(always), report.SeveralText(len(g.Cells), "setting"))
	if never > 0 {
		said += fmt.Sprintf(", at %s in none", grouped(never))
	}
	if stuck > 0 {
		said += fmt.Sprintf("; at %s some run is metastable", grouped(stuck))
	}
	t.Wrapped(0, "", said+".")
	for k := range s.Expectations {
		name := fmt.Sprintf("%s.%d", expectPath, k)
		if slices.ContainsFunc(g.views, func(q View) bool { return q.Name == name || q.Name == name+".actual" }) && !s.varies("expect") {
			t.Hung("", name+": ", s.Expectations[k].Text, "")
		}
	}
}

func (g *Grid) anyExpected() bool {
	return slices.ContainsFunc(g.Cells, func(c Cell) bool { return len(c.Expectations) > 0 })
}

// varies says whether an axis is a value of one of the scenario's keys.
func (s *Spec) varies(key string) bool {
	return slices.ContainsFunc(s.Axes, func(a Axis) bool { return a.Path == key || strings.HasPrefix(a.Path, key+".") })
}

// brief is an axis' path without its root.
func (a *Axis) brief() string {
	p := strings.TrimPrefix(a.Path, "topology.")
	if _, rest, ok := strings.Cut(p, "."); ok {
		return rest
	}
	return p
}

// A tableColumn is one of a table: its main text to the right, the rest beside it.
type tableColumn struct {
	name       string
	main, rest []string
	bars       []string
}

func (c *tableColumn) width() int {
	return max(utf8.RuneCountInString(c.name), c.content())
}

func (c *tableColumn) content() int {
	w := widest(c.main)
	if r := widest(c.rest); r > 0 {
		w += 1 + r
	}
	if len(c.bars) > 0 {
		w += 1 + barWidth
	}
	return w
}

func widest(texts []string) int {
	w := 0
	for _, s := range texts {
		w = max(w, utf8.RuneCountInString(s))
	}
	return w
}

// table writes a row a setting. Where the columns are wider than the page they go on
// below, with what is varied before them again.
func (t *page) table(g *Grid, bars bool) {
	rows := min(len(g.Cells), maxTableRows)
	var labels []tableColumn
	room := (t.Width/2 - 2*len(g.Spec.Axes)) / max(len(g.Spec.Axes), 1)
	for i := range g.Spec.Axes {
		c := tableColumn{name: t.Cut(g.Spec.Axes[i].brief(), max(room, 6))}
		for _, cell := range g.Cells[:rows] {
			c.main = append(c.main, t.Cut(cell.Settings[i].Value, max(room, 6)))
		}
		labels = append(labels, c)
	}
	var columns []tableColumn
	for k := range g.views {
		q := &g.views[k]
		c := tableColumn{name: t.Cut(q.Name, t.Width/2)}
		scale := g.scale(q)
		for i := range g.Cells[:rows] {
			p := q.At(&g.Cells[i])
			main, rest := t.point(q, p, g.Cells[i].Runs > 0)
			c.main, c.rest = append(c.main, main), append(c.rest, rest)
			if bars && k == 0 {
				c.bars = append(c.bars, t.bar(scale.fromZero(p)))
			}
		}
		columns = append(columns, c)
	}
	for first := 0; first < len(columns); {
		width := 0
		for i := range labels {
			width += labels[i].width() + 2
		}
		n := first
		for n < len(columns) && (n == first || width+columns[n].width() <= t.Width) {
			width += columns[n].width() + 2
			n++
		}
		t.rows(rows, append(slices.Clone(labels), columns[first:n]...), len(labels))
		first = n
	}
	if more := len(g.Cells) - rows; more > 0 {
		t.Line(fmt.Sprintf("... and %s more in --csv", grouped(more)))
	}
	if g.Spec.Runs > 1 {
		t.Line(t.In(report.Dim, t.Sign("behind ± and in brackets: 95% intervals", "behind +- and in brackets: 95% intervals")))
	}
}

func (t *page) rows(rows int, columns []tableColumn, labels int) {
	t.Line("")
	var heads []string
	for i := range columns {
		c := &columns[i]
		if i < labels {
			heads = append(heads, t.Right(c.name, c.width()))
		} else {
			heads = append(heads, t.Left(c.name, c.width()))
		}
	}
	t.Line(t.In(report.Bold, strings.TrimRight(strings.Join(heads, "  "), " ")))
	for r := range rows {
		var cells []string
		for i := range columns {
			c := &columns[i]
			text := t.Right(c.main[r], widest(c.main))
			if w := widest(c.rest); w > 0 {
				text += " " + t.Left(c.rest[r], w)
			}
			if len(c.bars) > 0 {
				text = t.Left(c.bars[r], barWidth) + " " + text
			}
			if i < labels {
				text = t.Right(text, c.width())
			} else {
				text = t.Left(text, c.width())
			}
			cells = append(cells, text)
		}
		t.Line(strings.Join(cells, "  "))
	}
}

// point writes a quantity at a setting, and its interval.
func (t *page) point(q *View, p Seen, ran bool) (main, rest string) {
	switch {
	case !p.Known && !ran:
		return "not run", ""
	case !p.Known:
		return "-", ""
	case p.Of > 0:
		return fmt.Sprintf("%d/%d", p.Count, p.Of), fmt.Sprintf("(%s-%s)", q.Text(p.Low), q.Text(p.High))
	case math.IsNaN(p.Low):
		return q.Text(p.Value), ""
	}
	return q.Text(p.Value), t.Sign("±", "+-") + q.Text((p.High-p.Low)/2)
}

// bar is a bar of so much of its full width; of a share below nothing there is none.
func (t *page) bar(share float64) string {
	if math.IsNaN(share) {
		return ""
	}
	eighths := int(math.Round(min(max(share, 0), 1) * barWidth * 8))
	if t.ASCII {
		return strings.Repeat("#", (eighths+4)/8)
	}
	bar := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		bar += string([]rune(" ▏▎▍▌▋▊▉")[part])
	}
	return bar
}

// A scale is what a quantity's values lie between.
type scale struct {
	low, high float64
	log       bool // each step of it is the same factor
}

// scale is from 0 to 1 for shares, and for others from the least value to the greatest,
// where that is a hundred times as much and more by factors.
func (g *Grid) scale(q *View) scale {
	if q.Share {
		return scale{high: 1}
	}
	s := scale{low: math.Inf(1), high: math.Inf(-1)}
	for i := range g.Cells {
		if p := q.At(&g.Cells[i]); p.Known {
			s.low, s.high = min(s.low, p.Value), max(s.high, p.Value)
		}
	}
	s.log = s.low > 0 && s.high >= 100*s.low
	return s
}

// place is where on the scale a value lies, from 0 to 1.
func (s scale) place(v float64) float64 {
	switch {
	case s.high <= s.low:
		return 0
	case s.log:
		return math.Log(v/s.low) / math.Log(s.high/s.low)
	}
	return (v - s.low) / (s.high - s.low)
}

// level is one of so many that the scale is cut into; the last is all of it that is left.
func (s scale) level(v float64, levels int) int {
	return min(max(int(s.place(v)*float64(levels)), 0), levels-1)
}

// fromZero is which share of the greatest value a point is; NaN where it is unknown.
func (s scale) fromZero(p Seen) float64 {
	if !p.Known || s.high <= 0 {
		return math.NaN()
	}
	return p.Value / s.high
}
