package experiment

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"
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
	leastWidth   = 60
)

// WriteText writes the grid for a terminal. With one axis it is a table with a bar for
// what is shown first, with two a heat map of each quantity that is shown, with more heat
// maps of the first quantity over the last two axes, and the table. Nothing is said by
// colour alone.
func (g *Grid) WriteText(w io.Writer, o SweepText) error {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, leastWidth)
	t := &page{SweepText: o}
	t.heading(g)
	switch axes := len(g.Spec.Axes); {
	case axes < 2:
		t.table(g, true)
	case axes == 2:
		for k := range g.columns[:min(len(g.columns), maxMaps)] {
			t.heat(g, &g.columns[k], 0)
		}
		if more := len(g.columns) - maxMaps; more > 0 {
			t.line("")
			t.line(fmt.Sprintf("... and %d more in --csv", more))
		}
	default:
		if len(g.columns) > 0 {
			last := len(g.Spec.Axes[axes-1].Values) * len(g.Spec.Axes[axes-2].Values)
			maps := len(g.Cells) / last
			for m := range min(maps, maxMaps) {
				t.heat(g, &g.columns[0], m*last)
			}
			if maps > maxMaps {
				t.line("")
				t.line(fmt.Sprintf("... and %d more maps; the numbers are in --csv", maps-maxMaps))
			}
		}
		t.table(g, false)
	}
	_, err := w.Write(t.out.Bytes())
	return err
}

// A page is a text as it is written.
type page struct {
	SweepText
	out bytes.Buffer
}

// An ink is an ANSI rendition.
type ink string

const (
	strong ink = "1"
	faint  ink = "2"
	bad    ink = "31;1"
	good   ink = "32"
	doubt  ink = "33"
)

func (t *page) in(i ink, text string) string {
	if !t.Color || i == "" || text == "" {
		return text
	}
	return "\x1b[" + string(i) + "m" + text + "\x1b[0m"
}

// line ends a line, without blanks at its end.
func (t *page) line(parts ...string) {
	t.out.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	t.out.WriteByte('\n')
}

// sign is the first text, or with ASCII the second.
func (t *page) sign(fine, ascii string) string {
	if t.ASCII {
		return ascii
	}
	return fine
}

// clean takes out of a person's words what would move the cursor.
func (t *page) clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || t.ASCII && r > '~' {
			return '?'
		}
		return r
	}, s)
}

// cut shortens a text to n letters by its middle: long names often differ in their ends.
func (t *page) cut(s string, n int) string {
	runes := []rune(t.clean(s))
	if len(runes) <= n {
		return string(runes)
	}
	mark := t.sign("…", "...")
	keep := max(n-utf8.RuneCountInString(mark), 0)
	return string(runes[:keep-keep/2]) + mark + string(runes[len(runes)-keep/2:])
}

func (t *page) left(s string, n int) string {
	s = t.cut(s, n)
	return s + strings.Repeat(" ", n-utf8.RuneCountInString(s))
}

func (t *page) right(s string, n int) string {
	s = t.cut(s, n)
	return strings.Repeat(" ", n-utf8.RuneCountInString(s)) + s
}

// wrapped writes words in lines, those behind the first indented.
func (t *page) wrapped(i ink, indent int, text string) {
	var line string
	for _, word := range strings.Fields(t.clean(text)) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.Width {
			t.line(t.in(i, line))
			line = strings.Repeat(" ", indent) + word
			continue
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	t.line(t.in(i, line))
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (t *page) heading(g *Grid) {
	s := g.Spec
	how := fmt.Sprintf("%s, %s each, seeds %d to %d", counted(len(g.Cells), "setting"), counted(s.Runs, "run"), s.Seed, s.Seed+uint64(s.Runs)-1)
	if s.Runs == 1 {
		how = fmt.Sprintf("%s, 1 run each, with the seed %d", counted(len(g.Cells), "setting"), s.Seed)
	}
	t.line(t.in(strong, t.cut(s.Scenario, max(t.Width-len(how)-2, 8))), "  ", how)
	if g.Done < len(g.Cells)*s.Runs {
		t.line(t.in(doubt, "INTERRUPTED"), fmt.Sprintf("  %d of %s done", g.Done, counted(len(g.Cells)*s.Runs, "run")))
	}
	if g.Stopped > 0 {
		t.wrapped(doubt, 0, fmt.Sprintf("A bound of the engine's stopped %s: nothing held there, and no mean has it.", counted(g.Stopped, "run")))
	}
	for i := range s.Axes {
		a := &s.Axes[i]
		values := strings.Join(a.Values, ", ")
		if n := len(a.Values); n > 5 {
			values = fmt.Sprintf("%s, %s, ... %s (%d values)", a.Values[0], a.Values[1], a.Values[n-1], n)
		}
		t.line(t.in(faint, t.cut(a.Path+" = "+values, t.Width)))
	}
	for i := range s.Sets {
		t.line(t.in(faint, t.cut(s.Sets[i].String(), t.Width)))
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
	t.line("")
	said := fmt.Sprintf("At %d of %s every expectation held in every run", always, counted(len(g.Cells), "setting"))
	if never > 0 {
		said += fmt.Sprintf(", at %d in none", never)
	}
	if stuck > 0 {
		said += fmt.Sprintf("; at %d some run is metastable", stuck)
	}
	t.wrapped("", 0, said+".")
	for k := range s.Expectations {
		name := fmt.Sprintf("%s.%d", expectPath, k)
		if slices.ContainsFunc(g.columns, func(q shownAs) bool { return q.name == name || q.name == name+".actual" }) && !s.varies("expect") {
			t.wrapped("", 2, name+": "+s.Expectations[k].Text)
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
		c := tableColumn{name: t.cut(g.Spec.Axes[i].brief(), max(room, 6))}
		for _, cell := range g.Cells[:rows] {
			c.main = append(c.main, t.cut(cell.Settings[i].Value, max(room, 6)))
		}
		labels = append(labels, c)
	}
	var columns []tableColumn
	for k := range g.columns {
		q := &g.columns[k]
		c := tableColumn{name: t.cut(q.name, t.Width/2)}
		scale := g.scale(q)
		for i := range g.Cells[:rows] {
			p := q.of(&g.Cells[i])
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
		t.line(fmt.Sprintf("... and %d more in --csv", more))
	}
	if g.Spec.Runs > 1 {
		t.line(t.in(faint, t.sign("behind ± and in brackets: 95% intervals", "behind +- and in brackets: 95% intervals")))
	}
}

func (t *page) rows(rows int, columns []tableColumn, labels int) {
	t.line("")
	var heads []string
	for i := range columns {
		c := &columns[i]
		if i < labels {
			heads = append(heads, t.right(c.name, c.width()))
		} else {
			heads = append(heads, t.left(c.name, c.width()))
		}
	}
	t.line(t.in(strong, strings.TrimRight(strings.Join(heads, "  "), " ")))
	for r := range rows {
		var cells []string
		for i := range columns {
			c := &columns[i]
			text := t.right(c.main[r], widest(c.main))
			if w := widest(c.rest); w > 0 {
				text += " " + t.left(c.rest[r], w)
			}
			if len(c.bars) > 0 {
				text = t.left(c.bars[r], barWidth) + " " + text
			}
			if i < labels {
				text = t.right(text, c.width())
			} else {
				text = t.left(text, c.width())
			}
			cells = append(cells, text)
		}
		t.line(strings.Join(cells, "  "))
	}
}

// point writes a quantity at a setting, and its interval.
func (t *page) point(q *shownAs, p point, ran bool) (main, rest string) {
	switch {
	case !p.known && !ran:
		return "not run", ""
	case !p.known:
		return "-", ""
	case p.of > 0:
		return fmt.Sprintf("%d/%d", p.count, p.of), fmt.Sprintf("(%s-%s)", q.write(p.low), q.write(p.high))
	case math.IsNaN(p.low):
		return q.write(p.value), ""
	}
	return q.write(p.value), t.sign("±", "+-") + q.write((p.high-p.low)/2)
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
func (g *Grid) scale(q *shownAs) scale {
	if q.share {
		return scale{high: 1}
	}
	s := scale{low: math.Inf(1), high: math.Inf(-1)}
	for i := range g.Cells {
		if p := q.of(&g.Cells[i]); p.known {
			s.low, s.high = min(s.low, p.value), max(s.high, p.value)
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
func (s scale) fromZero(p point) float64 {
	if !p.known || s.high <= 0 {
		return math.NaN()
	}
	return p.value / s.high
}
