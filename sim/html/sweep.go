package html

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

var (
	//go:embed sweep.html
	sweepHTML string
	//go:embed sweep.js
	sweepJS string
)

// Bounds of what the page of a sweep shows. What is left out is said, and is in the JSON.
const (
	maxViews     = 24     // quantities
	maxSlices    = 60     // maps of one quantity
	maxMapped    = 20_000 // places on all maps together
	maxSettings  = 2_000  // rows of the table of settings
	mostNumbered = 14     // columns of a map up to which its places have their numbers
)

// A sweepPage is what the template sweep.html is filled with.
type sweepPage struct {
	Policy                 string
	License, Style, Script template.HTML
	Packed, Hints          template.HTML
	Heading                heading
	Axes                   []fact
	Expectations           []string
	Views                  []view
	Lines                  bool // one axis: charts are drawn of it
	LeftOut                string
	Table                  table
}

// A view is a quantity with its maps: one for each setting of the axes before the last two.
type view struct {
	Name, What  string
	Least, Most string
	Log         bool
	Maps        []heatMap
	Levels      []int // for the scale
}

// A heatMap is a quantity over the last two axes, or over the only one.
type heatMap struct {
	Name, With   string // the quantity, and settings of the axes before
	Down, Across string
	Columns      []string
	Rows         []heatRow
	Dense        bool // there is no room for numbers
}

type heatRow struct {
	Name   string
	Places []heatPlace
}

// A heatPlace is a setting on a map.
type heatPlace struct {
	Cell  int
	Level int // of the scale, 0 to 10; -1: there is no number
	Text  string
	More  string // the interval, and of a share of runs how many
}

const levels = 11

// WriteSweep writes what a sweep comes to as one HTML file: a heat map of each quantity
// that is shown, or where one value alone is varied a chart, and a table of all settings.
// The same grid gives the same bytes.
func WriteSweep(w io.Writer, g *experiment.Grid) error {
	packed, err := pack(g.WriteJSON)
	if err != nil {
		return err
	}
	p := sweepPage{Packed: template.HTML(`<script type="text/plain" id="packed">` + packed + "</script>"), Lines: len(g.Spec.Axes) == 1, Table: settingsOf(g)}
	p.Policy, p.License, p.Style, p.Script = dressed(sweepJS)
	p.Heading = heading{Name: g.Spec.Scenario, About: []fact{{"settings", report.GroupedText(uint64(len(g.Cells)))}, {"runs each", report.GroupedText(uint64(g.Spec.Runs))}, {"seeds from", fmt.Sprint(g.Spec.Seed)}}}
	switch all := len(g.Cells) * g.Spec.Runs; {
	case g.Done < all:
		p.Heading.Verdict, p.Heading.Tone, p.Heading.How = "interrupted", "warn", fmt.Sprintf("%s of %s runs are there", report.GroupedText(uint64(g.Done)), report.GroupedText(uint64(all)))
	case g.Stopped > 0:
		p.Heading.Verdict, p.Heading.Tone, p.Heading.How = "stopped", "warn", fmt.Sprintf("a bound stopped %s of %s runs", report.GroupedText(uint64(g.Stopped)), report.GroupedText(uint64(all)))
	default:
		p.Heading.Verdict, p.Heading.Tone, p.Heading.How = "sweep", "", report.GroupedText(uint64(all))+" runs"
	}
	for _, s := range g.Spec.Sets {
		p.Heading.About = append(p.Heading.About, fact{"with", s.String()})
	}
	for i := range g.Spec.Axes {
		a := &g.Spec.Axes[i]
		p.Axes = append(p.Axes, fact{a.Path, between(a.Values)})
	}
	for i := range g.Spec.Expectations {
		p.Expectations = append(p.Expectations, g.Spec.Expectations[i].Text)
	}
	views := g.Views()
	places := 0
	for i := range views { // the same for charts: each has as many points
		if places += len(g.Cells); i == maxViews || places > maxMapped && i > 0 {
			p.LeftOut = fmt.Sprintf("Quantities that there is no room for here, and that the JSON has: %d.", len(views)-i)
			break
		}
		p.Views = append(p.Views, viewOfGrid(g, &views[i]))
	}
	shown := views[:len(p.Views)]
	if p.Lines { // the charts say it better
		p.Views = nil
	}
	if slices := slicesOf(g); slices > maxSlices {
		p.LeftOut += fmt.Sprintf(" Of each quantity the first %d maps of %s are shown.", maxSlices, report.GroupedText(uint64(slices)))
	}
	hints, err := json.Marshal(lineHints(g, shown))
	if err != nil {
		return err
	}
	p.Hints = template.HTML(`<script type="application/json" id="hints">` + string(hints) + "</script>")
	t, err := template.New("page").Parse(pageHTML)
	if err == nil {
		t, err = t.New("sweep").Parse(sweepHTML)
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// between says what values there are: the first and the last, and how many.
func between(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return fmt.Sprintf("%s to %s, %d values", values[0], values[len(values)-1], len(values))
}

// slicesOf is how many maps a quantity has.
func slicesOf(g *experiment.Grid) int {
	n := 1
	for i := range max(len(g.Spec.Axes)-2, 0) {
		n *= len(g.Spec.Axes[i].Values)
	}
	return n
}

func viewOfGrid(g *experiment.Grid, v *experiment.View) view {
	s := scaleOf(g, v)
	made := view{Name: v.Name, What: whatOf(g, v), Least: v.Text(s.least), Most: v.Text(s.most), Log: s.log}
	if !s.known {
		made.Least, made.Most = "", ""
	} else if s.most > s.least {
		for l := range levels {
			made.Levels = append(made.Levels, l)
		}
	}
	n := len(g.Spec.Axes)
	rows, columns := 1, 1
	m := heatMap{Name: v.Name}
	if n > 0 {
		columns, m.Across, m.Columns = len(g.Spec.Axes[n-1].Values), g.Spec.Axes[n-1].Path, g.Spec.Axes[n-1].Values
	}
	if n > 1 {
		rows, m.Down = len(g.Spec.Axes[n-2].Values), g.Spec.Axes[n-2].Path
	}
	m.Dense = columns > mostNumbered
	for slice := range min(slicesOf(g), maxSlices) {
		first := slice * rows * columns
		m.With, m.Rows = "", nil
		for k := range max(n-2, 0) {
			if k > 0 {
				m.With += ", "
			}
			m.With += g.Cells[first].Settings[k].String()
		}
		for r := range rows {
			row := heatRow{}
			if n > 1 {
				row.Name = g.Spec.Axes[n-2].Values[r]
			}
			for c := range columns {
				row.Places = append(row.Places, s.place(g, v, first+r*columns+c))
			}
			m.Rows = append(m.Rows, row)
		}
		made.Maps = append(made.Maps, m)
	}
	return made
}

// whatOf says what a quantity is, beside its name.
func whatOf(g *experiment.Grid, v *experiment.View) string {
	var n int
	if _, err := fmt.Sscanf(v.Name, "expectations.%d", &n); err == nil && n >= 0 && n < len(g.Spec.Expectations) {
		if v.OfRuns {
			return "share of the runs in which it held: " + g.Spec.Expectations[n].Text
		}
		return "mean of what was measured: " + g.Spec.Expectations[n].Text
	}
	switch {
	case v.Name == "held" && v.OfRuns:
		return "share of the runs in which every expectation held"
	case v.OfRuns:
		return "share of the runs"
	}
	return "mean over the runs"
}

// A scale makes levels of a quantity's values.
type scale struct {
	least, most float64
	log, known  bool
}

// manyfold is from which ratio on of the largest to the least the scale is of the
// logarithm: else all but the largest would look alike.
const manyfold = 100

func scaleOf(g *experiment.Grid, v *experiment.View) scale {
	s := scale{least: math.Inf(1), most: math.Inf(-1)}
	for i := range g.Cells {
		if seen := v.At(&g.Cells[i]); seen.Known {
			s.least, s.most, s.known = min(s.least, seen.Value), max(s.most, seen.Value), true
		}
	}
	if !s.known {
		return scale{}
	}
	if v.Share {
		s.least, s.most = 0, max(s.most, 1)
	}
	s.log = s.least > 0 && s.most/s.least >= manyfold
	return s
}

func (s scale) level(v float64) int {
	if s.most <= s.least {
		return levels / 2
	}
	part := (v - s.least) / (s.most - s.least)
	if s.log {
		part = math.Log(v/s.least) / math.Log(s.most/s.least)
	}
	return int(math.Round(min(max(part, 0), 1) * (levels - 1)))
}

func (s scale) place(g *experiment.Grid, v *experiment.View, cell int) heatPlace {
	seen := v.At(&g.Cells[cell])
	p := heatPlace{Cell: cell, Level: -1, Text: "–"}
	if !seen.Known {
		return p
	}
	p.Level, p.Text = s.level(seen.Value), v.Text(seen.Value)
	p.More = interval(v, seen)
	return p
}

// interval is that of what was seen, and of a share of runs how many of how many. What is
// shown is never below 0, and where the interval is, it begins there.
func interval(v *experiment.View, seen experiment.Seen) string {
	text := bounds(v, seen)
	if v.OfRuns {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d of %d runs", seen.Count, seen.Of)
	}
	return text
}

// bounds are those of the interval, "" where one run says nothing of others.
func bounds(v *experiment.View, seen experiment.Seen) string {
	if math.IsNaN(seen.Low) || math.IsNaN(seen.High) {
		return ""
	}
	return v.Text(max(seen.Low, 0)) + " – " + v.Text(seen.High)
}

// settingsOf is a row for each setting.
func settingsOf(g *experiment.Grid) table {
	t := table{ID: "settings", Title: "All settings"}
	for i := range g.Spec.Axes {
		if i > 0 {
			t.Head = append(t.Head, column{g.Spec.Axes[i].Path, ""})
		}
	}
	if len(g.Spec.Axes) > 0 {
		t.Corner = g.Spec.Axes[0].Path
	}
	views := g.Views()
	views = views[:min(len(views), maxViews)]
	t.Head = append(t.Head, column{"runs", ""})
	for i := range views {
		t.Head = append(t.Head, column{views[i].Name, ""}, column{"95% interval", ""})
	}
	for i := range g.Cells {
		if i == maxSettings {
			t.About = fmt.Sprintf("The first %s of %s settings; the JSON has all.", report.GroupedText(maxSettings), report.GroupedText(uint64(len(g.Cells))))
			break
		}
		c := &g.Cells[i]
		var r row
		for k, s := range c.Settings {
			if k == 0 {
				r.Name = s.Value
				continue
			}
			r.Cells = append(r.Cells, plain(s.Value))
		}
		r.Cells = append(r.Cells, plain(fmt.Sprint(c.Runs)))
		for k := range views {
			seen := views[k].At(c)
			if !seen.Known {
				r.Cells = append(r.Cells, none, none)
				continue
			}
			around := none
			if text := bounds(&views[k], seen); text != "" {
				around = plain(text)
			}
			r.Cells = append(r.Cells, plain(views[k].Text(seen.Value)), around)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// A line is a quantity over the only axis; null where there is no number.
type line struct {
	Name  string     `json:"name"`
	What  string     `json:"what"`
	Unit  string     `json:"unit"` // share, seconds or count
	Mean  []*float64 `json:"mean"`
	Low   []*float64 `json:"low"`
	High  []*float64 `json:"high"`
	Texts []string   `json:"texts"`
}

// lineHints are what the charts of a sweep with one axis are drawn from.
func lineHints(g *experiment.Grid, views []experiment.View) any {
	hints := struct {
		Path   string    `json:"path"`
		Values []string  `json:"values"`
		X      []float64 `json:"x"` // the values as numbers, or their places
		Lines  []line    `json:"lines"`
	}{Lines: []line{}}
	if len(g.Spec.Axes) != 1 {
		return hints
	}
	a := &g.Spec.Axes[0]
	hints.Path, hints.Values, hints.X = a.Path, a.Values, numbersOn(a.Values)
	for i := range views {
		v := &views[i]
		l := line{Name: v.Name, What: whatOf(g, v), Unit: "count"}
		switch {
		case v.Share:
			l.Unit = "share"
		case v.Time:
			l.Unit = "seconds"
		}
		for k := range g.Cells {
			seen := v.At(&g.Cells[k])
			number := func(f float64) *float64 {
				if !seen.Known || math.IsNaN(f) || math.IsInf(f, 0) {
					return nil
				}
				return &f
			}
			l.Mean, l.Low, l.High = append(l.Mean, number(seen.Value)), append(l.Low, number(max(seen.Low, 0))), append(l.High, number(seen.High))
			text := "–"
			if seen.Known {
				text = v.Text(seen.Value)
				if around := interval(v, seen); around != "" {
					text += " (" + around + ")"
				}
			}
			l.Texts = append(l.Texts, text)
		}
		hints.Lines = append(hints.Lines, l)
	}
	return hints
}

// numbersOn are the values of an axis as numbers in the first one's unit, if they ascend
// so; else their places.
func numbersOn(values []string) []float64 {
	numbers := make([]float64, len(values))
	unit := ""
	for i, text := range values {
		q, err := experiment.ParseQuantity(text)
		if err == nil && i > 0 {
			q, err = q.In(unit)
		}
		if err != nil || i > 0 && q.Value <= numbers[i-1] {
			return ranks(len(values))
		}
		if i == 0 {
			unit = q.Unit
		}
		numbers[i] = q.Value
	}
	return numbers
}

// ranks are the places 0, 1, 2 …
func ranks(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i)
	}
	return all
}
