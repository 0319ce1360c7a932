package html

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/experiment"
	"cascade/sim/report"
)

// differentRuns is how many runs there are really: under the race detector they take a
// while, and what the page does with more of them it does with the same ones again.
const differentRuns = 4

// runs are so many runs of a built-in scenario, with the first one's report. From the
// fifth on they are the first again, under other seeds.
func runs(t testing.TB, name string, n int) (*report.Report, *experiment.Runs) {
	t.Helper()
	s, err := scenarios.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	spec := &experiment.Spec{Schema: experiment.SpecSchema, Kind: experiment.Seeds, Scenario: name, Seed: s.Plan.Seed, Runs: n}
	var single []report.Expectation
	for _, e := range s.Expectations {
		spec.Expectations = append(spec.Expectations, experiment.Wanted{Text: e.Text, Share: e.Share()})
		single = append(single, e.OfOneRun())
	}
	var first *report.Report
	var records []experiment.Record
	for k := range min(n, differentRuns) {
		plan := *s.Plan
		plan.Seed += uint64(k)
		c := report.NewCollector(&plan, single)
		system := sim.New(&plan, c)
		system.RunUntil(plan.Duration)
		totals, err := system.Finish()
		if err != nil {
			t.Fatal(err)
		}
		r := c.Report(totals)
		if k == 0 {
			first = r
		}
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		record, err := experiment.ReadRecord(0, b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	for k := differentRuns; k < n; k++ {
		record := records[k%differentRuns]
		record.Seed = s.Plan.Seed + uint64(k)
		records = append(records, record)
	}
	return first, experiment.NewRuns(spec, records)
}

func TestRunsOnThePage(t *testing.T) {
	first, all := runs(t, "flash-sale", 23)
	page := written(t, Document{Report: first, Runs: all})
	if again := written(t, Document{Report: first, Runs: all}); again != page {
		t.Error("the same runs make another page")
	}
	said := text(page)
	for i := range all.Expectations {
		e := &all.Expectations[i]
		if want := fmt.Sprintf("%s held in %d of 23, ", strings.Join(strings.Fields(e.Text), " "), e.Held); !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, path := range []string{"sources.customers.success", "services.orders.saturation"} {
		m := all.Metric(path)
		if want := fmt.Sprintf("%s %s – %s", report.FineShareText(m.Mean), report.FineShareText(m.Low), report.FineShareText(m.High)); !strings.Contains(said, want) {
			t.Errorf("the page does not say %q of %s", want, path)
		}
	}
	for _, want := range []string{"runs 23", "seeds 1 to 23", "The charts draw the first 20 of 23 runs over each other.", "From here on it is told of the run with seed 1"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}

	// What is drawn over each other are the timelines of the records.
	found := regexp.MustCompile(`id="overlay">([A-Za-z0-9+/=]*)<`).FindStringSubmatch(page)
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(found[1])))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var drawn []struct {
		Seed     uint64
		Timeline any
	}
	if err := json.Unmarshal(b, &drawn); err != nil || len(drawn) != 19 {
		t.Fatalf("%d runs are drawn over the first, %v", len(drawn), err)
	}
	for i, d := range drawn {
		var record struct{ Timeline any }
		if err := json.Unmarshal(all.Records[i+1].Report, &record); err != nil {
			t.Fatal(err)
		}
		if d.Seed != uint64(i+2) || fmt.Sprint(d.Timeline) != fmt.Sprint(record.Timeline) {
			t.Errorf("run %d is drawn as that of seed %d, or is another one", i+2, d.Seed)
		}
	}
}

// TestRunsWithoutTimelines: of records that keep none, none is drawn.
func TestRunsWithoutTimelines(t *testing.T) {
	first, all := runs(t, "flash-sale", 3)
	for i := range all.Records {
		all.Records[i] = all.Records[i].Slim()
	}
	said := text(written(t, Document{Report: first, Runs: all}))
	if strings.Contains(said, "over each other") || !strings.Contains(said, "runs 3") {
		t.Error("runs without timelines are said to be drawn")
	}
}

// TestTwoKindsOfRuns: what is of two kinds is told as such.
func TestTwoKindsOfRuns(t *testing.T) {
	first, all := runs(t, "flash-sale", 3)
	m := all.Metric("sources.customers.success")
	m.Modes = []experiment.Mode{{Runs: 12, Mean: 0.25}, {Runs: 8, Mean: 0.75}}
	said := text(written(t, Document{Report: first, Runs: all}))
	if want := "Two kinds of runs: customers success is about 25% in 12 and about 75% in 8; the mean is neither."; !strings.Contains(said, want) {
		t.Errorf("the page does not say %q", want)
	}
}

// TestShareInterval: the interval of a share ends where shares do.
func TestShareInterval(t *testing.T) {
	first, all := runs(t, "flash-sale", 3)
	m := all.Metric("sources.customers.success")
	m.Mean, m.Low, m.High = 0.75, -0.25, 1.5
	if said := text(written(t, Document{Report: first, Runs: all})); !strings.Contains(said, "customers success 75% 0% – 100%") {
		t.Error("a share is said to be below 0% or above 100%")
	}
}

// TestBoundsOfTheTables: there may be ten thousand runs, and as many numbers of each; the
// page says what it leaves out.
func TestBoundsOfTheTables(t *testing.T) {
	var records []experiment.Record
	for i := range 201 {
		r := experiment.Record{Trial: experiment.Trial{Seed: uint64(i + 1)}, Complete: true}
		if i == 0 {
			for k := range 3001 {
				r.Metrics = append(r.Metrics, experiment.Metric{Path: fmt.Sprintf("sources.a.n%d", k), Value: 1})
			}
		}
		records = append(records, r)
	}
	said := text(written(t, Document{Runs: experiment.NewRuns(&experiment.Spec{Scenario: "big", Runs: len(records)}, records)}))
	for want, there := range map[string]bool{"The first 200 of 201 runs.": true, "seed 200 ": true, "seed 201 ": false, "The first 3,000 of 3,001; the JSON has all.": true, "sources.a.n2999 ": true, "sources.a.n3000 ": false} {
		if strings.Contains(said, want) != there {
			t.Errorf("that the page says %q is %v", want, !there)
		}
	}
}

// TestTelling: which run is told of. A row has a letter a run: what became of it.
func TestTelling(t *testing.T) {
	for _, row := range []struct {
		runs, why string
		want      int
	}{
		{"", "", -1},
		{"=", "", 0},
		{"==", "", 0},
		{"=+-", "the middle one by success and latency", 0},
		{"-+=", "the middle one by success and latency", 2},
		{"+slow", "the middle one by success and latency", 3}, // of w, o, l and s the lower one in the middle
		{"==x=x", "the first in which an expectation did not hold", 2},
		{"=mx=", "the first in which an expectation did not hold", 2},
		{"==m=", "the first that did not come back", 2},
		{"mmm", "the middle one by success and latency", 1},
		{"/=x", "the first in which an expectation did not hold", 2},
		{"/+", "", 1},
		{"//", "", 0},
	} {
		var records []experiment.Record
		for i, letter := range row.runs {
			r := experiment.Record{Trial: experiment.Trial{Seed: uint64(i + 1)}, Complete: letter != '/', Metastable: letter == 'm',
				Expectations: []experiment.Outcome{{Met: true}, {Met: letter != 'x' && letter != '/'}}}
			success, slow := 0.9, 0.2
			switch letter {
			case '+':
				success = 1
			case '-':
				success = 0.5
			case 's', 'l', 'o', 'w': // the later in the alphabet, the slower
				slow = float64(letter)
			}
			r.Metrics = []experiment.Metric{{Path: "sources.a.success", Value: success}, {Path: "sources.a.latency.p99_s", Value: slow}, {Path: "sources.b.success", Value: float64(-i)}}
			records = append(records, r)
		}
		place, why := Telling(experiment.NewRuns(&experiment.Spec{Runs: len(records)}, records))
		if place != row.want || why != row.why {
			t.Errorf("%q: %d, %q; want %d, %q", row.runs, place, why, row.want, row.why)
		}
	}
}

// TestToldRun: a page says why it tells of a run, and what else its charts draw.
func TestToldRun(t *testing.T) {
	_, all := runs(t, "flash-sale", 30)
	for seed, want := range map[uint64]string{
		7:  "From here on it is told of the run with seed 7, the first in which an expectation did not hold: fail, ",
		30: "From here on it is told of the run with seed 30: fail, ",
	} {
		for i := range all.Records {
			all.Records[i].Expectations = []experiment.Outcome{{Met: i != 6}}
		}
		told, _ := runs(t, "flash-sale", 1)
		told.Seed, told.Verdict = seed, report.Fail
		said := text(written(t, Document{Report: told, Runs: all}))
		drawn := "The charts draw the first 20 of 30 runs over each other."
		if seed == 30 {
			drawn = "The charts draw the one with seed 30 over the first 19 of 30."
		}
		if !strings.Contains(said, want) || !strings.Contains(said, drawn) {
			t.Errorf("seed %d: the page does not say %q and %q", seed, want, drawn)
		}
	}
}

// TestRunsAlone: without the report of one of them a page is about the runs, and draws
// the one that tells most.
func TestRunsAlone(t *testing.T) {
	_, all := runs(t, "flash-sale", 4)
	page := written(t, Document{Runs: all})
	if place, _ := Telling(all); !bytes.Equal(unpacked(t, page), all.Records[place].Report) {
		t.Errorf("the run with seed %d is not what is drawn", place+1)
	}
	said := text(page)
	if !strings.Contains(said, "The charts draw 4 runs over each other.") || strings.Contains(said, "What happened") || strings.Contains(said, "told of") {
		t.Errorf("the page is about more, or less, than the runs: %.600s", said)
	}
	for i := range all.Records {
		all.Records[i] = all.Records[i].Slim()
	}
	if page := written(t, Document{Runs: all}); len(unpacked(t, page)) != 0 {
		t.Error("something is drawn of runs without timelines")
	}
	none := experiment.NewRuns(&experiment.Spec{Scenario: "none", Runs: 3}, nil)
	if said := text(written(t, Document{Runs: none})); !strings.Contains(said, "none interrupted") || !strings.Contains(said, "runs 0 of 3") {
		t.Errorf("of no runs the page says %.300s", said)
	}
}
