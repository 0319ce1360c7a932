package experiment

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// SweepSchema names the form of a Grid's JSON.
const SweepSchema = "cascade.sweep/v1"

// WriteJSON writes the grid as cascade.sweep/v1: one object, a line a setting.
func (g *Grid) WriteJSON(w io.Writer) error {
	e := lineWriter{w: w}
	e.write("{\n")
	e.key("schema", SweepSchema)
	e.key("scenario", g.Spec.Scenario)
	e.key("seed", g.Spec.Seed)
	e.key("runs", g.Spec.Runs)
	e.key("sets", g.Spec.Sets)
	e.key("axes", g.Spec.Axes)
	e.key("complete", g.Complete)
	e.write("  \"cells\": [")
	for i := range g.Cells {
		if i > 0 {
			e.write(",")
		}
		e.write("\n    ")
		e.value(g.Cells[i].wire(g.Metrics))
	}
	e.write("\n  ]\n}\n")
	return e.err
}

// A lineWriter writes JSON with a key, or a member of a list, a line. After an error it
// writes no more.
type lineWriter struct {
	w   io.Writer
	err error
}

func (e *lineWriter) write(s string) {
	if e.err == nil {
		_, e.err = io.WriteString(e.w, s)
	}
}

func (e *lineWriter) value(v any) {
	text, err := encode(v)
	if e.err == nil {
		e.err = err
	}
	e.write(string(text))
}

func (e *lineWriter) key(name string, v any) {
	e.write(fmt.Sprintf("  %q: ", name))
	e.value(v)
	e.write(",\n")
}

// encode is the JSON of a value on one line, with the > of edges as it is.
func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
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

// keyed are values with a key each, in their order.
type keyed []entry

type entry struct {
	key   string
	value any
}

// MarshalJSON writes them as one object.
func (k keyed) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i := range k {
		if i > 0 {
			text = append(text, ',')
		}
		for _, v := range []any{k[i].key, k[i].value} {
			part, err := encode(v)
			if err != nil {
				return nil, err
			}
			text = append(append(text, part...), ':')
		}
		text = text[:len(text)-1]
	}
	return append(text, '}'), nil
}

func (c *Cell) wire(metrics []string) *cellForm {
	f := &cellForm{Settings: keyed{}, Runs: c.Runs, Stopped: c.Stopped, Held: c.Held.wire(), Metastable: c.Metastable.wire(), Expectations: []heldForm{}, Metrics: keyed{}}
	for _, s := range c.Settings {
		f.Settings = append(f.Settings, entry{s.Path, s.Value})
	}
	for i := range c.Expectations {
		h := &c.Expectations[i]
		f.Expectations = append(f.Expectations, heldForm{h.Text, h.Count, limit(h.Low), limit(h.High), h.Actual.wire()})
	}
	for k := range c.Metrics {
		if e := c.Metrics[k].wire(); e != nil {
			f.Metrics = append(f.Metrics, entry{metrics[k], e})
		}
	}
	return f
}

func (s Share) wire() shareForm { return shareForm{s.Count, limit(s.Low), limit(s.High)} }

// wire is nil where no run has the number.
func (e Estimate) wire() *estimateForm {
	if e.N == 0 {
		return nil
	}
	return &estimateForm{e.Mean, limit(e.Low), limit(e.High), e.SD, e.N}
}

// limit is one of an interval, or nil where there is none.
func limit(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
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
			h := Held{Actual: MeanOf(nil, confidence)}
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
