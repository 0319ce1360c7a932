package experiment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/experiment"
	"cascade/sim/report"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The queue M/M/1, half loaded: arrivals of a Poisson process at 50 a second, one thread
// with exponential work of 10 ms. It begins empty, and forgets that with a time constant of
// 1/(μ(1-√ρ)²) = 117 ms (J. W. Cohen, "The Single Server Queue", 1982): after two seconds
// what is left of it is 4 parts in 100 million. From then on each mean over time has, as
// its expected value, exactly what theory has for ever: of the share of the thread ρ = 0.5,
// of those that wait ρ²/(1-ρ) = 0.5, of arrivals 50 a second.
const mm1 = `
name: mm1
duration: %s
warmup: 2s
interval: 1s
topology:
  services: {one: {threads: 1, queue: unbounded, steps: [work: exponential(10ms)]}}
traffic: {load: {rate: 50/s, to: one}}
`

// once runs a scenario with a seed.
func once(t *testing.T, s *scenarios.Scenario, seed uint64) *report.Report {
	t.Helper()
	plan := *s.Plan
	plan.Seed = seed
	c := report.NewCollector(&plan, s.Expectations)
	run := sim.New(&plan, c)
	run.RunUntil(plan.Duration)
	totals, err := run.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return c.Report(totals)
}

// A truth is a number of M/M/1 whose expected value is known, and an interval for it.
type truth struct {
	name     string
	value    float64
	read     func(*report.Report) float64
	interval func([]float64) (low, high float64)
}

// coverage makes experiments of so many runs, of so many seconds each, and says for each
// truth in which share of them its interval holds it.
func coverage(t *testing.T, experiments, runs, seconds int, truths []truth) []float64 {
	t.Helper()
	s, err := scenarios.Parse("mm1.yaml", fmt.Appendf(nil, mm1, fmt.Sprintf("%ds", 2+seconds)), ".")
	if err != nil {
		t.Fatal(err)
	}
	shares := make([]float64, len(truths))
	values := make([][]float64, len(truths))
	for e := range experiments {
		for r := range runs {
			report := once(t, s, uint64(1+e*runs+r))
			for i := range truths {
				values[i] = append(values[i][:r], truths[i].read(report))
			}
		}
		for i := range truths {
			if low, high := truths[i].interval(values[i]); low <= truths[i].value && truths[i].value <= high {
				shares[i] += 1 / float64(experiments)
			}
		}
	}
	return shares
}

func student(values []float64) (low, high float64) {
	e := experiment.MeanOf(values, experiment.Confidence)
	return e.Low, e.High
}

// normal is what is wrong of few runs: as if their spread were known.
func normal(values []float64) (low, high float64) {
	e := experiment.MeanOf(values, experiment.Confidence)
	half := 1.96 * e.SD / math.Sqrt(float64(e.N))
	return e.Mean - half, e.Mean + half
}

func utilization(r *report.Report) float64 { return r.Services[0].Utilization }
func waiting(r *report.Report) float64     { return r.Services[0].QueueMean }
func offered(r *report.Report) float64     { return float64(r.Sources[0].Offered) }

// TestIntervalsCover: of 1000 experiments of 10 runs each, the 95% interval holds the true
// mean in 93 to 97% (95% ± 3 standard deviations of such a share). With the normal
// distribution's 1.96 in place of Student's 2.26 it does not.
func TestIntervalsCover(t *testing.T) {
	if experiment.Raced {
		t.Skip("10,000 runs, and nothing to race with")
	}
	truths := []truth{
		{"utilization", 0.5, utilization, student},
		{"arrivals", 50 * 4, offered, student},
		{"utilization, wrongly", 0.5, utilization, normal},
	}
	shares := coverage(t, 1000, 10, 4, truths)
	for i, share := range shares[:2] {
		if share < 0.93 || share > 0.97 {
			t.Errorf("the interval of the %s holds in %.1f%% of experiments", truths[i].name, 100*share)
		}
	}
	if shares[2] > 0.92 {
		t.Errorf("an interval that is too narrow holds in %.1f%% of experiments: the test could not fail", 100*shares[2])
	}
}

// TestRunsJSON: of no run, of one, of several, it fits the schema, and has each report as
// it was written.
func TestRunsJSON(t *testing.T) {
	s, err := scenarios.Parse("mm1.yaml", fmt.Appendf(nil, mm1, "6s"), ".")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var reports [][]byte
	var records []experiment.Record
	for seed := range uint64(12) {
		var text bytes.Buffer
		if err := once(t, s, seed).WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		record, err := experiment.ReadRecord(0, text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		record.Expectations = []experiment.Outcome{{Text: "a"}, {Text: "b", Met: seed != 4}, {Text: "c", Met: true}}
		for i := range record.Metrics { // of two kinds
			if record.Metrics[i].Path == "services.one.utilization" && seed > 6 {
				record.Metrics[i].Value = 25
			}
		}
		reports = append(reports, bytes.TrimSpace(text.Bytes()))
		records = append(records, record)
	}
	spec := &experiment.Spec{Scenario: "mm1", Runs: 12, Expectations: []experiment.Wanted{{Text: "a"}, {Text: "b <&>", Share: 0.9}, {Text: "c", Share: 0.95}}}
	of := func(r *experiment.Record) ([]byte, error) { return r.Report, nil }
	for _, n := range []int{0, 1, 12} {
		for _, looks := range []*experiment.Looks{nil, {First: 6}} {
			spec.Looks = looks
			var text bytes.Buffer
			if err := experiment.NewRuns(spec, records[:n]).WriteJSON(&text, of); err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(value); err != nil {
				t.Errorf("%d runs: %v", n, err)
			}
			for i := range n {
				if !bytes.Contains(text.Bytes(), reports[i]) {
					t.Errorf("%d runs: the report of seed %d is not as it was written", n, i)
				}
			}
			for _, want := range []string{"\"b <&>\"", "\"runs_needed\"", "\"modes\""} {
				if n == 12 && !bytes.Contains(text.Bytes(), []byte(want)) {
					t.Errorf("no %s", want)
				}
			}
			if n == 12 {
				// A key more, or one less, does not fit.
				object := value.(map[string]any)
				for key, v := range object {
					delete(object, key)
					if compiled.Validate(value) == nil {
						t.Errorf("it fits without %s", key)
					}
					object[key] = v
				}
				object["more"] = 1
				if compiled.Validate(value) == nil {
					t.Error("it fits with a key more")
				}
			}
		}
	}
	failing := func(*experiment.Record) ([]byte, error) { return nil, errors.New("it is gone") }
	if err := experiment.NewRuns(spec, records).WriteJSON(io.Discard, failing); err == nil || err.Error() != "the report of the seed 0: it is gone" {
		t.Errorf("without its reports: %v", err)
	}
}

// TestSummaryIsOfTheReports: what is folded from the JSON of runs is what their reports
// have, to the last digit.
func TestSummaryIsOfTheReports(t *testing.T) {
	s, err := scenarios.Parse("mm1.yaml", fmt.Appendf(nil, mm1, "6s"), ".")
	if err != nil {
		t.Fatal(err)
	}
	spec := &experiment.Spec{Scenario: "mm1", Seed: 3, Runs: 12}
	var records []experiment.Record
	want := map[string][]float64{}
	words := experiment.Words{}
	for _, trial := range spec.Trials() {
		r := once(t, s, trial.Seed)
		var text bytes.Buffer
		if err := r.WriteTotals(&text); err != nil {
			t.Fatal(err)
		}
		record, err := experiment.ReadRecord(0, text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, words.Shared(record.Slim()))
		for path, v := range map[string]float64{
			"sources.load.offered": offered(r), "sources.load.latency.p99_s": r.Sources[0].Latency.P99, "services.one.utilization": utilization(r),
			"services.one.queue_mean": waiting(r), "services.one.instances.0.saturation": r.Services[0].Instances[0].Saturation, "edges.load->one.attempts": float64(r.Edges[0].Attempts),
		} {
			want[path] = append(want[path], v)
		}
	}
	backwards := slices.Clone(records)
	slices.Reverse(backwards)
	for _, records := range [][]experiment.Record{records, backwards} {
		runs := experiment.NewRuns(spec, records)
		for path, values := range want {
			m := runs.Metric(path)
			if m == nil {
				t.Fatalf("no %s", path)
			}
			e := experiment.MeanOf(values, 0.95)
			if m.Estimate != e || m.Min != slices.Min(values) || m.Max != slices.Max(values) || !slices.Equal(m.Values, values) {
				t.Errorf("%s: %+v, not %+v of %v", path, m, e, values)
			}
		}
	}
}
