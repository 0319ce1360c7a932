package experiment

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"
)

// TipSchema names the form of the JSON of a Tipping.
const TipSchema = "cascade.tip/v1"

// WriteJSON writes the search as cascade.tip/v1. Values are in the unit of the range,
// texts as a scenario file writes them.
func (t *Tipping) WriteJSON(w io.Writer) error {
	type edge struct {
		Value float64  `json:"value"`
		Text  string   `json:"text"`
		Low   *float64 `json:"low"` // null: not told
		High  *float64 `json:"high"`
	}
	type claim struct {
		Value float64 `json:"value"`
		Text  string  `json:"text"`
		Runs  int     `json:"runs"`
		Bad   int     `json:"bad"`
		Under float64 `json:"under"`
		Shown bool    `json:"shown"`
	}
	type point struct {
		Value     float64 `json:"value"`
		Text      string  `json:"text"`
		Variant   string  `json:"variant"`
		Runs      int     `json:"runs"`
		Collapsed int     `json:"collapsed"`
		Low       float64 `json:"low"`
		High      float64 `json:"high"`
	}
	pointOf := func(p *CurvePoint) point {
		return point{p.Value.Value, p.Value.String(), t.variant(p), p.Runs, p.Collapsed, p.Low, p.High}
	}
	edgeOf := func(e *Edge) *edge {
		if e == nil {
			return nil
		}
		j := &edge{Value: e.Value.Value, Text: e.Value.String()}
		if e.LowKnown {
			j.Low = &e.Low.Value
		}
		if e.HighKnown {
			j.High = &e.High.Value
		}
		return j
	}
	claimOf := func(c *Claim) *claim {
		if c == nil {
			return nil
		}
		return &claim{c.Value.Value, c.Value.String(), c.Runs, c.Bad, c.Under, c.Shown}
	}
	s := t.Spec.Search
	var j struct {
		Schema     string     `json:"schema"`
		Scenario   string     `json:"scenario"`
		Seed       uint64     `json:"seed"`
		Path       string     `json:"path"`
		Low        string     `json:"low"`
		High       string     `json:"high"`
		Step       string     `json:"step"`
		Unit       string     `json:"unit"`
		Until      string     `json:"until"`
		Safe       float64    `json:"safe"`
		Confidence float64    `json:"confidence"`
		Pushed     bool       `json:"pushed"`
		Complete   bool       `json:"complete"`
		Verdict    TipVerdict `json:"verdict"`
		Sentence   string     `json:"sentence"`
		GoodEnd    string     `json:"good_end"`
		Edges      struct {
			Safe    *claim `json:"safe"`
			Tipping *edge  `json:"tipping"`
			Alone   *edge  `json:"alone"`
			Lost    *claim `json:"lost"`
		} `json:"edges"`
		Falls   []point `json:"falls,omitempty"`
		Curve   []point `json:"curve"`
		Runs    int     `json:"runs"`
		Budget  int     `json:"budget"`
		Stopped int     `json:"stopped"`
		Stages  []Stage `json:"stages"`
	}
	j.Schema, j.Scenario, j.Seed = TipSchema, t.Spec.Scenario, t.Spec.Seed
	j.Path, j.Low, j.High, j.Step, j.Unit, j.Until = s.Path, s.Low, s.High, s.Step, t.Unit, s.Until
	j.Safe, j.Confidence, j.Pushed = s.Safe, s.Confidence, s.Pushed
	j.Complete, j.Verdict, j.Sentence, j.GoodEnd = t.Verdict != Unfinished, t.Verdict, t.Sentence(), t.GoodEnd
	j.Edges.Safe, j.Edges.Lost = claimOf(t.Safe), claimOf(t.Lost)
	if s.Pushed {
		j.Edges.Tipping, j.Edges.Alone = edgeOf(t.Pushed), edgeOf(t.Alone)
	} else {
		j.Edges.Tipping, j.Edges.Alone = edgeOf(t.Pushed), edgeOf(t.Pushed)
	}
	if t.Fall != nil {
		j.Falls = []point{pointOf(&t.Fall.Better), pointOf(&t.Fall.Worse)}
	}
	j.Curve = []point{}
	for i := range t.Curve {
		j.Curve = append(j.Curve, pointOf(&t.Curve[i]))
	}
	j.Runs, j.Budget, j.Stopped = t.Runs, t.Spec.Runs, t.Stopped
	j.Stages = slices.Clone(t.Stages)
	if j.Stages == nil {
		j.Stages = []Stage{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(j)
}

// WriteCSV writes the curve: a row for each value and variant.
func (t *Tipping) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{t.Spec.Search.Path, "variant", "runs", "collapsed", "share", "low", "high"}}
	float := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for i := range t.Curve {
		p := &t.Curve[i]
		rows = append(rows, []string{p.Value.String(), t.variant(p), strconv.Itoa(p.Runs), strconv.Itoa(p.Collapsed),
			float(float64(p.Collapsed) / float64(p.Runs)), float(p.Low), float(p.High)})
	}
	return c.WriteAll(rows)
}

// variant names how a point's runs were: pushed by the scenario's faults, or alone.
func (t *Tipping) variant(p *CurvePoint) string {
	if p.Calm || !t.Spec.Search.Pushed {
		return "alone"
	}
	return "pushed"
}
