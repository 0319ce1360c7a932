package experiment

import "io"

// CompareSchema names the form of a Comparison's JSON.
const CompareSchema = "cascade.compare/v1"

type sideJSON struct {
	Name     string  `json:"name"`
	Sets     []Set   `json:"sets"`
	Duration float64 `json:"duration_s"`
	Runs     int     `json:"runs"`
	LeftOut  int     `json:"left_out"`
}

type spanJSON struct {
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

type comparedJSON struct {
	A          float64        `json:"a"`
	B          float64        `json:"b"`
	Difference spanJSON       `json:"difference"`
	Relative   *spanJSON      `json:"relative"`
	Runs       [2]int         `json:"runs"`
	Direction  string         `json:"direction"`
	Headline   bool           `json:"headline"`
	Tolerance  float64        `json:"tolerance"`
	Verdict    CompareVerdict `json:"verdict"`
	Decides    *int           `json:"runs_to_decide"`
}

// WriteJSON writes the comparison as cascade.compare/v1: one object, keys in a fixed
// order, a line a metric, in the order of the report.
func (c *Comparison) WriteJSON(w io.Writer) error {
	side := func(k int, of *Side) sideJSON {
		return sideJSON{of.Name, append([]Set{}, of.Sets...), of.Duration, c.Runs[k], c.LeftOut[k]}
	}
	list := func(names []string) []string { return append([]string{}, names...) }
	o := &lines{to: w}
	o.write("{\n  \"schema\": ", CompareSchema)
	for _, member := range []struct {
		key   string
		value any
	}{
		{"a", side(0, &c.A)}, {"b", side(1, &c.B)},
		{"complete", c.Complete}, {"paired", c.Paired}, {"verdict", c.Verdict},
		{"headlines_worse", map[CompareVerdict]string{Worse: "yes", NotWorse: "no", Unclear: "undecided"}[c.Gate]},
		{"runs_to_decide", orNull(c.Decides)},
		{"only_a", list(c.OnlyA)}, {"only_b", list(c.OnlyB)}, {"unmeasured", list(c.Unmeasured)},
	} {
		o.key(member.key, member.value)
	}
	o.open("metrics", '{')
	for i := range c.Metrics {
		m := &c.Metrics[i]
		j := comparedJSON{
			A: m.Mean[0], B: m.Mean[1], Difference: spanJSON{m.Difference(), known(m.Low), known(m.High)},
			Runs: m.Runs, Direction: m.Better.String(), Headline: m.Headline(), Tolerance: m.tolerance, Verdict: m.Verdict, Decides: orNull(m.Decides),
		}
		if m.RatioKnown {
			j.Relative = &spanJSON{m.Ratio - 1, known(m.RatioLow - 1), known(m.RatioHigh - 1)}
		}
		o.item(m.Path, j)
	}
	o.close('}')
	o.text("\n}\n")
	return o.err
}

// orNull is a number of runs, or null where it is 0: not known, or not needed.
func orNull(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
