package experiment

import (
	"slices"
	"strings"
	"testing"
)

const aReport = `{
  "schema": "cascade.report/v1",
  "scenario": {"name": "shop", "seed": 7, "duration_s": 60, "warmup_s": 0, "interval_s": 1},
  "complete": true, "verdict": "fail", "events": 12, "fingerprint": "00ff",
  "expectations": [{"text": "load.p99 < 1s", "pass": false, "actual": 1.5, "bound": 1}, {"text": "a.success >= 99% in 95% of runs", "pass": true, "actual": null, "bound": 0.99, "why": "it had none"}],
  "sources": {"load": {"offered": 10, "failed": {"timeout": 2}, "success": 0.8, "latency": {"count": 8, "mean_s": 0.5}, "completion": {"count": 0, "mean_s": 0}}},
  "services": {"a": {"instances": [{"arrived": 4, "failed": {}}, {"arrived": 6, "failed": {"error": 1}}], "recovered": null, "up": true, "name": "x"}},
  "edges": {"a.b->c": {"tries": [8, 2], "breaker": {"open_s": 1.25, "changes": [{"at_s": 3, "instance": 0}]}}},
  "queues": {},
  "faults": [{"name": "slow", "from_s": 3}],
  "cascade": {"saturated": [], "blast_radius": ["a"], "recovered_at_s": null, "metastable": true, "loop": null},
  "timeline": {"t_s": [0, 1], "sources": {"load": {"offered": [5, 5]}}}
}
`

func TestReadRecord(t *testing.T) {
	r, err := ReadRecord(3, []byte(aReport))
	if err != nil {
		t.Fatal(err)
	}
	want := []Metric{
		{"sources.load.offered", 10, false}, {"sources.load.failed.timeout", 2, true}, {"sources.load.success", 0.8, false},
		{"sources.load.latency.count", 8, false}, {"sources.load.latency.mean_s", 0.5, false},
		{"sources.load.completion.count", 0, false}, // and no mean of nothing
		{"services.a.instances.0.arrived", 4, false}, {"services.a.instances.1.arrived", 6, false}, {"services.a.instances.1.failed.error", 1, true},
		{"edges.a.b->c.tries.0", 8, true}, {"edges.a.b->c.tries.1", 2, true}, {"edges.a.b->c.breaker.open_s", 1.25, false},
	}
	if !slices.Equal(r.Metrics, want) {
		t.Errorf("the numbers are %v, not %v", r.Metrics, want)
	}
	if r.Trial != (Trial{3, 7}) || r.Name != "shop" || !r.Complete || r.Events != 12 || r.Fingerprint != "00ff" || !r.Metastable || !slices.Equal(r.Blast, []string{"a"}) {
		t.Errorf("the record is %+v", r)
	}
	wanted := []Outcome{{Text: "load.p99 < 1s", Measured: true, Actual: 1.5, Bound: 1}, {Text: "a.success >= 99% in 95% of runs", Met: true, Bound: 0.99, Why: "it had none"}}
	if !slices.Equal(r.Expectations, wanted) {
		t.Errorf("the expectations are %+v", r.Expectations)
	}
}

// A file cut short, or of something else, is no report.
func TestReadRecordRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", aReport[:len(aReport)/2], strings.Replace(aReport, "report/v1", "runs/v1", 1),
		strings.Replace(aReport, `"x"`, strings.Repeat("[", 100)+strings.Repeat("]", 100), 1)} {
		if r, err := ReadRecord(0, []byte(text)); err == nil {
			t.Errorf("%.60q is read as %+v", text, r)
		}
	}
}

// What only some runs have stands where they have it, and a kind that did not occur is 0.
func TestColumns(t *testing.T) {
	records := []Record{
		{Metrics: []Metric{{"offered", 1, false}, {"failed.timeout", 2, true}, {"p99", 3, false}}},
		{Metrics: []Metric{{"offered", 4, false}, {"failed.error", 5, true}, {"failed.timeout", 6, true}, {"p99", 7, false}, {"lag", 8, false}}},
		{Metrics: []Metric{{"offered", 9, false}, {"lag", 10, false}}},
	}
	got := Columns(records)
	want := []Column{
		{"offered", []float64{1, 4, 9}, []int{0, 1, 2}},
		{"failed.error", []float64{0, 5, 0}, []int{0, 1, 2}},
		{"failed.timeout", []float64{2, 6, 0}, []int{0, 1, 2}},
		{"p99", []float64{3, 7}, []int{0, 1}},
		{"lag", []float64{8, 10}, []int{1, 2}},
	}
	equal := func(a, b Column) bool {
		return a.Path == b.Path && slices.Equal(a.Values, b.Values) && slices.Equal(a.Of, b.Of)
	}
	if !slices.EqualFunc(got, want, equal) {
		t.Errorf("the columns are %v, not %v", got, want)
	}
}

// The parts of a shard are all trials, each once, whatever the number of shards.
func TestShards(t *testing.T) {
	spec := Spec{Seed: 5, Runs: 7, Axes: []Axis{{"a", []string{"1", "2"}}, {"b", []string{"x", "y", "z"}}}}
	trials := spec.Trials()
	if len(trials) != 42 || trials[41] != (Trial{5, 11}) {
		t.Fatalf("the trials are %v", trials)
	}
	if got, want := spec.Cell(4), []Set{{"a", "2"}, {"b", "y"}}; !slices.Equal(got, want) {
		t.Errorf("the fifth setting is %v, not %v", got, want)
	}
	for _, of := range []int{0, 1, 2, 5, 42, 50} {
		var all []Trial
		for i := range max(of, 1) {
			all = append(all, Shard{i + 1, of}.Part(trials)...)
		}
		slices.SortFunc(all, Trial.Compare)
		if !slices.Equal(all, trials) {
			t.Errorf("%d shards together run %v", of, all)
		}
	}
	records := []Record{{Trial: trials[0]}, {Trial: trials[9]}}
	if missing := Missing(trials, records); len(missing) != 40 || missing[0] != trials[1] || slices.Contains(missing, trials[9]) {
		t.Errorf("of all but two, missing are %v", missing)
	}
}

// FuzzReadRecord: no text makes the reader of reports panic.
func FuzzReadRecord(f *testing.F) {
	f.Add(aReport)
	f.Fuzz(func(t *testing.T, text string) { ReadRecord(0, []byte(text)) })
}
