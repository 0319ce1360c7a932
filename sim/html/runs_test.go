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
		if want := fmt.Sprintf("%s %s – %s", finely(m.Mean), finely(m.Low), finely(m.High)); !strings.Contains(said, want) {
			t.Errorf("the page does not say %q of %s", want, path)
		}
	}
	for _, want := range []string{"runs 23", "seeds 1 to 23", "The charts draw the first 20 of 23 runs over each other.", "The run with seed 1, which is told of from here on"} {
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
	if want := "success of customers is of two kinds: about 25% in 12 runs, about 75% in 8. The mean is neither."; !strings.Contains(said, want) {
		t.Errorf("the page does not say %q", want)
	}
}

// TestRunsAlone: without the report of one of them a page is about the runs, and draws
// the first that has a timeline.
func TestRunsAlone(t *testing.T) {
	_, all := runs(t, "flash-sale", 4)
	page := written(t, Document{Runs: all})
	if !bytes.Equal(unpacked(t, page), all.Records[0].Report) {
		t.Error("the first run is not what is drawn")
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
