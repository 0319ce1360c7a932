package experiment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// RunsSchema names the form of the JSON of Runs.
const RunsSchema = "cascade.runs/v1"

// WriteJSON writes the runs as cascade.runs/v1: what was expected of them, each run's
// report as it was written, by seed, and the summary. reports gives a record's report; it
// is asked for one at a time, so that not all of them need to be at hand.
func (r *Runs) WriteJSON(w io.Writer, reports func(*Record) ([]byte, error)) error {
	o := lines{to: w}
	o.write("{\n  \"schema\": ", RunsSchema)
	o.key("complete", r.Complete)
	o.key("verdict", r.Verdict.String())
	o.key("confidence", Confidence)
	o.open("expectations", '[')
	for i := range r.Expectations {
		o.item("", r.Expectations[i].wire(r.confidence()))
	}
	o.close(']')
	o.open("runs", '[')
	for i := range r.Records {
		text, err := reports(&r.Records[i])
		if err != nil {
			return fmt.Errorf("the report of the seed %d: %w", r.Records[i].Seed, err)
		}
		o.item("", json.RawMessage(bytes.TrimSpace(text)))
	}
	o.close(']')
	o.open("summary", '{')
	for i := range r.Summary {
		m := &r.Summary[i]
		o.item(m.Path, m.wire())
		if of, isCount := strings.CutSuffix(m.Path, ".count"); isCount && m.Max == 0 {
			for _, key := range ofDistribution {
				o.item(of+key, m.wire()) // 0 in every run, as the count
			}
		}
	}
	o.close('}')
	o.text("\n}\n")
	return o.err
}

// ofDistribution are what a report has of a distribution beside its count: 0 where that
// is 0, and then no metrics.
var ofDistribution = []string{".mean_s", ".sd_s", ".p50_s", ".p90_s", ".p95_s", ".p99_s", ".p999_s", ".max_s"}

// wire is the standing as it is written. The confidence is that of its interval.
func (st *Standing) wire(confidence float64) any {
	j := struct {
		Text       string   `json:"text"`
		Share      *float64 `json:"share"` // null: in every run
		Held       int      `json:"held"`
		Runs       int      `json:"runs"`
		Low        float64  `json:"low"`
		High       float64  `json:"high"`
		Confidence float64  `json:"confidence"`
		Verdict    string   `json:"verdict"`
		Needed     *int     `json:"runs_needed,omitempty"`
		Failed     []uint64 `json:"failed_seeds"`
	}{Text: st.Text, Held: st.Held, Runs: st.Of, Low: st.Low, High: st.High, Confidence: confidence, Verdict: st.Verdict.String(), Failed: st.Failed}
	if st.Share > 0 {
		j.Share = &st.Share
	}
	if st.Needed > 0 {
		j.Needed = &st.Needed
	}
	if j.Failed == nil {
		j.Failed = []uint64{}
	}
	return j
}

func (m *Summary) wire() any {
	type mode struct {
		Runs int     `json:"runs"`
		Mean float64 `json:"mean"`
		Min  float64 `json:"min"`
		Max  float64 `json:"max"`
	}
	j := struct {
		Mean  float64  `json:"mean"`
		Low   *float64 `json:"low"` // null of one run
		High  *float64 `json:"high"`
		SD    float64  `json:"sd"`
		Min   float64  `json:"min"`
		Max   float64  `json:"max"`
		Runs  int      `json:"runs"`
		Modes []mode   `json:"modes,omitempty"`
	}{Mean: m.Mean, Low: known(m.Low), High: known(m.High), SD: m.SD, Min: m.Min, Max: m.Max, Runs: m.N}
	for _, k := range m.Modes {
		j.Modes = append(j.Modes, mode(k))
	}
	return j
}
