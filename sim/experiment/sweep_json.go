package experiment

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
)

// SweepSchema names the form of a Grid's JSON.
const SweepSchema = "cascade.sweep/v1"

// WriteJSON writes the grid as cascade.sweep/v1: one object, a line a setting.
func (g *Grid) WriteJSON(w io.Writer) error {
	o := lines{to: w}
	o.write("{\n  \"schema\": ", SweepSchema)
	o.key("scenario", g.Spec.Scenario)
	o.key("seed", g.Spec.Seed)
	o.key("runs", g.Spec.Runs)
	o.key("sets", g.Spec.Sets)
	o.key("axes", g.Spec.Axes)
	o.key("complete", g.Complete)
	o.open("cells", '[')
	for i := range g.Cells {
		o.item("", g.Cells[i].wire(g.Metrics))
	}
	o.close(']')
	o.text("\n}\n")
	return o.err
}

// The forms of a grid's parts. Low and high are null where one run says nothing of others.
type (
	cellForm struct {
		Settings     keyed      `json:"settings"`
		Runs         int        `json:"runs"`
		Stopped      int        `json:"stopped"`
		Held         shareForm  `json:"held"`
		Metastable   shareForm  `json:"metastable"`
		Expectations []heldForm `json:"expectations"`
		Metrics      keyed      `json:"metrics"`
	}
	shareForm struct {
		Count int      `json:"count"`
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
	}
	heldForm struct {
		Text   string        `json:"text"`
		Held   int           `json:"held"`
		Low    *float64      `json:"low"`
		High   *float64      `json:"high"`
		Actual *estimateForm `json:"actual"`
	}
	estimateForm struct {
		Mean float64  `json:"mean"`
		Low  *float64 `json:"low"`
		High *float64 `json:"high"`
		SD   float64  `json:"sd"`
		Runs int      `json:"runs"`
	}
)

func (c *Cell) wire(metrics []string) *cellForm {
	f := &cellForm{Settings: keyed{}, Runs: c.Runs, Stopped: c.Stopped, Held: c.Held.wire(), Metastable: c.Metastable.wire(), Expectations: []heldForm{}, Metrics: keyed{}}
	for _, s := range c.Settings {
		f.Settings = append(f.Settings, entry{s.Path, s.Value})
	}
	for i := range c.Expectations {
		h := &c.Expectations[i]
		f.Expectations = append(f.Expectations, heldForm{h.Text, h.Count, known(h.Low), known(h.High), h.Actual.wire()})
	}
	for k := range c.Metrics {
		if e := c.Metrics[k].wire(); e != nil {
			f.Metrics = append(f.Metrics, entry{metrics[k], e})
		}
	}
	return f
}

func (s Share) wire() shareForm { return shareForm{s.Count, known(s.Low), known(s.High)} }

// wire is nil where no run has the number.
func (e Estimate) wire() *estimateForm {
	if e.N == 0 {
		return nil
	}
	return &estimateForm{e.Mean, known(e.Low), known(e.High), e.SD, e.N}
}

// WriteCSV writes the grid as a table of comma-separated values (RFC 4180), a row a
// setting: what is varied by its path, how many runs there are, for each expectation and
// for what else is a share of runs the share and its interval, for each metric its mean,
// the interval, the standard deviation and the runs that have it. What is not known is
// empty.
func (g *Grid) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	var row []string
	for i := range g.Spec.Axes {
		row = append(row, g.Spec.Axes[i].Path)
	}
	row = append(row, "runs", "stopped")
	several := func(name string, ends ...string) {
		row = append(row, name)
		for _, end := range ends {
			row = append(row, name+end)
		}
	}
	several(heldPath, "_low", "_high")
	several(metastablePath, "_low", "_high")
	expectations := len(g.Spec.Expectations)
	for i := range g.Cells {
		expectations = max(expectations, len(g.Cells[i].Expectations))
	}
	for k := range expectations {
		several(fmt.Sprintf("%s.%d", expectPath, k), "_low", "_high")
		several(fmt.Sprintf("%s.%d.actual", expectPath, k), "_low", "_high", "_sd", "_runs")
	}
	for _, m := range g.Metrics {
		several(m, "_low", "_high", "_sd", "_runs")
	}
	if err := c.Write(row); err != nil {
		return err
	}
	number := func(fs ...float64) {
		for _, f := range fs {
			text := ""
			if !math.IsNaN(f) {
				text = strconv.FormatFloat(f, 'g', -1, 64)
			}
			row = append(row, text)
		}
	}
	share := func(s Share) {
		if s.Of == 0 {
			number(math.NaN(), math.NaN(), math.NaN())
			return
		}
		number(s.value(), s.Low, s.High)
	}
	estimate := func(e Estimate) {
		if e.N == 0 {
			e.SD = math.NaN()
		}
		number(e.Mean, e.Low, e.High, e.SD)
		row = append(row, strconv.Itoa(e.N))
	}
	for i := range g.Cells {
		cell := &g.Cells[i]
		row = row[:0]
		for _, s := range cell.Settings {
			row = append(row, s.Value)
		}
		row = append(row, strconv.Itoa(cell.Runs), strconv.Itoa(cell.Stopped))
		share(cell.Held)
		share(cell.Metastable)
		for k := range expectations {
			h := Held{Actual: MeanOf(nil, Confidence)}
			if k < len(cell.Expectations) {
				h = cell.Expectations[k]
			}
			share(h.Share)
			estimate(h.Actual)
		}
		for _, e := range cell.Metrics {
			estimate(e)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
