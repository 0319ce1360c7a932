package experiment

import (
	"cmp"
	"math"
	"slices"
)

// A Grid is what a sweep comes to: each of its settings in numbers.
type Grid struct {
	Spec     *Spec
	Cells    []Cell
	Metrics  []string // paths of the metrics that are shown
	Complete bool     // all runs are there, and came to their end
	Done     int      // runs that are there
	Stopped  int      // of them, those that a bound of the engine's stopped

	views []View
}

// A Cell is one setting of a grid, and what its runs come to. A run that a bound of the
// engine's stopped counts as one in which no expectation held, and is in no mean.
type Cell struct {
	Settings     []Set
	Runs         int
	Stopped      int
	Held         Share // every expectation
	Metastable   Share // the system did not come back though every fault was over
	Expectations []Held
	Metrics      []Estimate // of each of the grid's; N is 0 where no run has it
}

// A Share is in how many of the runs something was so, with Wilson's 95% interval for
// the share of all seeds there are. Without a run Low and High are NaN.
type Share struct {
	Count, Of int
	Low, High float64
}

// Held is how an expectation came out at one setting.
type Held struct {
	Text string
	Share
	Actual Estimate // of what was measured, where it was
}

// value is the share itself.
func (s Share) value() float64 { return float64(s.Count) / float64(s.Of) }

// shareOf counts the records of which something is so.
func shareOf(records []Record, is func(*Record) bool) Share {
	s := Share{Of: len(records), Low: math.NaN(), High: math.NaN()}
	for i := range records {
		if is(&records[i]) {
			s.Count++
		}
	}
	if s.Of > 0 {
		s.Low, s.High = wilson(float64(s.Count), float64(s.Of))
	}
	return s
}

// NewSweep says what the records of a sweep come to. Their order does not matter; of
// each it reads no more than Show.Hold keeps.
func NewSweep(spec *Spec, show *Show, records []Record) *Grid {
	order := func(a, b Record) int { return a.Compare(b.Trial) }
	if !slices.IsSortedFunc(records, order) {
		records = slices.SortedFunc(slices.Values(records), order)
	}
	g := &Grid{Spec: spec, Metrics: show.metrics(records), Cells: make([]Cell, spec.Cells()), Done: len(records)}
	for i := range g.Cells {
		n, _ := slices.BinarySearchFunc(records, i+1, func(r Record, cell int) int { return cmp.Compare(r.Cell, cell) })
		g.Cells[i] = spec.newCell(i, g.Metrics, records[:n])
		g.Stopped += g.Cells[i].Stopped
		records = records[n:]
	}
	g.Complete = g.Stopped == 0 && g.Done == len(g.Cells)*spec.Runs
	g.views = show.views(g)
	return g
}

// newCell folds the records of a setting.
func (s *Spec) newCell(i int, metrics []string, records []Record) Cell {
	c := Cell{Settings: s.Cell(i), Runs: len(records)}
	expectations := len(s.Expectations)
	ended := make([]*Record, 0, len(records))
	for i := range records {
		if r := &records[i]; r.Complete {
			ended = append(ended, r)
			expectations = len(r.Expectations) // of this setting
		}
	}
	c.Stopped = c.Runs - len(ended)
	c.Held = shareOf(records, func(r *Record) bool {
		return r.Complete && !slices.ContainsFunc(r.Expectations, func(o Outcome) bool { return !o.Met })
	})
	c.Metastable = shareOf(records, func(r *Record) bool { return r.Complete && r.Metastable })
	for k := range expectations {
		h := Held{Share: shareOf(records, func(r *Record) bool { return r.Complete && k < len(r.Expectations) && r.Expectations[k].Met })}
		if k < len(s.Expectations) && !s.varies("expect") {
			h.Text = s.Expectations[k].Text
		}
		var actual []float64
		for _, r := range ended {
			o := &r.Expectations[k]
			h.Text = o.Text
			if o.Measured {
				actual = append(actual, o.Actual)
			}
		}
		h.Actual = MeanOf(actual, Confidence)
		c.Expectations = append(c.Expectations, h)
	}
	values := make([][]float64, len(metrics))
	place := places(metrics)
	for i, r := range ended {
		for _, m := range r.Metrics {
			if k, ok := place[m.Path]; ok {
				values[k] = append(values[k], m.Value)
			}
		}
		for k := range values {
			if len(values[k]) == i && isKind(metrics[k]) {
				values[k] = append(values[k], 0) // it did not occur
			}
		}
	}
	c.Metrics = make([]Estimate, len(metrics))
	for k := range metrics {
		c.Metrics[k] = MeanOf(values[k], Confidence)
	}
	return c
}
