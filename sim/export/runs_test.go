package export

import (
	"fmt"
	"strings"
	"testing"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// severalRuns are n runs of a scenario with a seed each, by hand: on every third the
// requests fail, and the fifth was stopped by a bound where stopped is set. There is an
// expectation that fails, one that is undecided, and one that holds.
func severalRuns(t *testing.T, n, asked int, stopped bool) *experiment.Runs {
	t.Helper()
	var records []experiment.Record
	for i := range n {
		success, p99, metastable := 0.99+float64(i)/1e4, 0.05+float64(i)/1e3, false
		if i%3 == 2 {
			success, p99, metastable = 0.31+float64(i)/1e4, 2.5, true
		}
		text := fmt.Sprintf(`{"schema": "cascade.report/v1", "scenario": {"name": "knee", "seed": %d}, "complete": %v, "events": 1, "fingerprint": "0000000000000abc",
			"expectations": [{"text": "load.success > 99%%", "pass": %v, "actual": %v, "bound": 0.99}, {"text": "load.p99 < 1s", "pass": %v, "actual": 1, "bound": 1}, {"text": "load.success > 10%%", "pass": true, "actual": 1, "bound": 0.1}],
			"sources": {"load": {"success": %v, "goodput": %v, "latency": {"count": 9, "p50_s": 0.02, "p99_s": %v}}},
			"services": {"shop": {"saturation": %v, "saturation_max": 1, "queue_mean": 1.5, "wasted": 0}}, "edges": {}, "queues": {"orders": {"acknowledged": 100, "depth_max": 3}},
			"cascade": {"metastable": %v, "blast_radius": ["shop"]}}`, i+1, !(stopped && i == 4), success > 0.9, success, i%7 != 2, success, 100*success, p99, 1-success, metastable)
		r, err := experiment.ReadRecord(0, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return experiment.NewRuns(&experiment.Spec{Scenario: "knee", Seed: 1, Runs: asked, Expectations: []experiment.Wanted{
		{Text: "load.success > 99%", Share: 0.95}, {Text: "load.p99  < 1s in 90% of runs", Share: 0.9}, {Text: "load.success > 10% in 50% of runs", Share: 0.5}, {Text: "load.success > 10%"}}}, records)
}

func TestSeveralRunsGolden(t *testing.T) {
	whole := Result{Name: "knee", Runs: severalRuns(t, 40, 40, false), Places: []Place{{"knee.yaml", 9}}, File: "knee.yaml"}
	golden(t, "runs.md", markdown(t, whole))
	golden(t, "runs.xml", junit(t, whole))
	golden(t, "runs.txt", annotated(t, whole))
}

// TestShareInterval: the interval of a share ends where shares do.
func TestShareInterval(t *testing.T) {
	runs := severalRuns(t, 4, 4, false)
	m := runs.Metric("sources.load.success")
	m.Mean, m.Low, m.High = 0.75, -0.25, 1.5
	if page := markdown(t, Result{Name: "knee", Runs: runs}); !strings.Contains(page, "| 75% (0% to 100%) |") {
		t.Errorf("a share is said to be below 0%% or above 100%%:\n%s", page)
	}
}

func TestSeveralRunsThatAreNotWhole(t *testing.T) {
	for _, row := range []struct {
		n, asked int
		stopped  bool
		why      string
		errors   int // beside that of the expectations
	}{
		{9, 9, false, "", 0}, {9, 20, false, "9 of 20 runs are there", 1}, {9, 9, true, "a bound of the engine's stopped 1 of 9 runs", 1}, {0, 3, false, "0 of 3 runs are there", 1},
	} {
		runs := severalRuns(t, row.n, row.asked, row.stopped)
		r := Result{Name: "knee", Runs: runs}
		if got := r.broke(); got != row.why {
			t.Errorf("%+v: %q", row, got)
		}
		doc := read(t, junit(t, r))
		undecided := 0
		for _, st := range runs.Expectations {
			if st.Verdict == report.Undecided {
				undecided++
			}
		}
		if got := doc.Suites[0].Errors; got != row.errors+undecided {
			t.Errorf("%+v: %d errors, %d expectations are undecided", row, got, undecided)
		}
		if page := markdown(t, r); strings.Contains(page, "**Not a whole run:**") != (row.why != "") || !strings.Contains(page, row.why) {
			t.Errorf("%+v:\n%s", row, page)
		}
	}
}

// TestSeveralRunsAreOnlyText: names and texts of runs are escaped as those of one are.
func TestSeveralRunsAreOnlyText(t *testing.T) {
	for _, name := range hostile {
		runs := severalRuns(t, 12, 12, false)
		runs.Name = name
		for i := range runs.Expectations {
			runs.Expectations[i].Text = name
		}
		clean := strings.NewReplacer(".", "").Replace(name) // a name has no dots
		for i := range runs.Summary {
			runs.Summary[i].Path = strings.Replace(runs.Summary[i].Path, ".load.", "."+clean+".", 1)
		}
		r := Result{Name: name + "n", Runs: runs}
		page := rendered(t, markdown(t, r))
		wellFormed(t, name, page)
		if n := strings.Count(page, "<tr>"); n != strings.Count(rendered(t, markdown(t, Result{Name: "n", Runs: severalRuns(t, 12, 12, false)})), "<tr>") {
			t.Errorf("%q changes the number of rows", name)
		}
		read(t, junit(t, r))
	}
}
