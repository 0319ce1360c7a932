package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cascade/sim/experiment"

	"github.com/google/go-cmp/cmp"
)

// A swept is the JSON of a sweep, as far as the tests read it.
type swept struct {
	Complete bool
	Cells    []struct {
		Settings     map[string]string
		Runs         int
		Held         struct{ Count int }
		Expectations []struct {
			Text   string
			Held   int
			Actual *sweptNumber
		}
		Metrics map[string]sweptNumber
	}
}

type sweptNumber struct {
	Mean      float64
	Low, High *float64
	SD        float64
	Runs      int
}

func readSwept(t *testing.T, text string) swept {
	t.Helper()
	if err := fitsSchema([]byte(text)); err != nil {
		t.Errorf("the sweep does not fit its schema: %v", err)
	}
	var s swept
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// busy is a scenario whose expectations hold in some runs and not in others.
const busy = `name: busy
duration: 5s
topology:
  services:
    shop:
      threads: 32
      steps:
        - work: 5ms
        - {sync: stock, timeout: 80ms, retry: {attempts: 2}}
    stock:
      threads: 4
      steps: [{work: exponential(10ms)}]
traffic:
  load: {to: shop, rate: 350/s}
expect:
  - load.success > 99%
  - stock.queue.max < 20
`

// ofBusy is a sweep of four settings of busy, which comes from standard input.
func ofBusy(more ...string) []string {
	return append([]string{"sweep", "-", "--vary", "traffic.load.rate=300/s,340/s", "--vary", "services.stock.threads=4,5", "--runs", "3", "--seed", "5"}, more...)
}

// TestSweepIsOfSingleRuns: the numbers of a setting are those of cascade run with the same
// values and seeds, every metric that a report has.
func TestSweepIsOfSingleRuns(t *testing.T) {
	code, out, errs := command(t.Context(), busy, ofBusy("--show", "*", "--json", "-")...)
	if code != exitHeld || errs != "" {
		t.Fatalf("exit code %d, said %q", code, errs)
	}
	s := readSwept(t, out)
	if len(s.Cells) != 4 || !s.Complete {
		t.Fatalf("%d settings, complete %v", len(s.Cells), s.Complete)
	}
	for _, cell := range []int{0, 1, 2} { // one that holds now and then, and one along each axis
		c := &s.Cells[cell]
		var records []experiment.Record
		for seed := 5; seed < 8; seed++ {
			args := []string{"run", "-", "--quiet", "--json", "-", "--seed", fmt.Sprint(seed)}
			for path, value := range c.Settings {
				args = append(args, "--set", path+"="+value)
			}
			_, out, _ := command(t.Context(), busy, args...)
			r, err := experiment.ReadRecord(0, []byte(out))
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, r)
		}
		columns := experiment.Columns(records)
		zeros := 0 // what occurred at other settings only
		for _, m := range c.Metrics {
			if m.Mean == 0 && m.SD == 0 {
				zeros++
			}
		}
		for _, column := range columns {
			if slices.Max(column.Values) == 0 {
				zeros--
			}
		}
		if len(columns) < 100 || len(columns)+zeros != len(c.Metrics) {
			t.Errorf("the runs have %d metrics, and the sweep %d, of which %d more are 0", len(columns), len(c.Metrics), zeros)
		}
		for _, column := range columns {
			want := experiment.MeanOf(column.Values, 0.95)
			got, ok := c.Metrics[column.Path]
			if !ok || got.Mean != want.Mean || got.SD != want.SD || got.Runs != want.N || got.Low != nil && (*got.Low != want.Low || *got.High != want.High) {
				t.Errorf("%v: %s is %+v, not %+v", c.Settings, column.Path, got, want)
			}
		}
		held := 0
		for k, e := range c.Expectations {
			met, actual := 0, []float64(nil)
			for _, r := range records {
				if o := r.Expectations[k]; o.Met {
					met++
				}
				if o := r.Expectations[k]; o.Measured {
					actual = append(actual, o.Actual)
				}
			}
			if want := experiment.MeanOf(actual, 0.95); e.Held != met || e.Text != records[0].Expectations[k].Text || e.Actual == nil || e.Actual.Mean != want.Mean {
				t.Errorf("%v: %+v, and of the runs %d hold", c.Settings, e, met)
			}
		}
		for _, r := range records {
			if !slices.ContainsFunc(r.Expectations, func(o experiment.Outcome) bool { return !o.Met }) {
				held++
			}
		}
		if c.Held.Count != held {
			t.Errorf("%v: held in %d runs, not in %d", c.Settings, c.Held.Count, held)
		}
	}
}

// TestSweepIsOfRunsTogether: the numbers of a setting are the summary of cascade run --runs
// with the same values.
func TestSweepIsOfRunsTogether(t *testing.T) {
	_, out, _ := command(t.Context(), busy, ofBusy("--show", "*", "--json", "-")...)
	c := readSwept(t, out).Cells[2]
	_, out, _ = command(t.Context(), busy, "run", "-", "--runs", "3", "--seed", "5", "--json", "-",
		"--set", "traffic.load.rate=340/s", "--set", "services.stock.threads=4")
	var runs struct{ Summary map[string]sweptNumber }
	if err := json.Unmarshal([]byte(out), &runs); err != nil {
		t.Fatal(err)
	}
	if c.Settings["services.stock.threads"] != "4" || len(runs.Summary) < 100 {
		t.Fatalf("%v, %d metrics", c.Settings, len(runs.Summary))
	}
	if diff := cmp.Diff(runs.Summary, c.Metrics); diff != "" {
		t.Error(diff)
	}
}

// TestSweepToldOfBounds: a run that a bound of the engine's stopped is told, and is exit
// code 3, though all there is was written.
func TestSweepToldOfBounds(t *testing.T) {
	sh, out := testShell()
	var said bytes.Buffer
	sh.err = &said
	spec := &experiment.Spec{Kind: experiment.Sweep, Scenario: "shop", Runs: 2, Axes: []experiment.Axis{{Path: "duration", Values: []string{"1s"}}}}
	show := experiment.ShowPaths([]string{"held"})
	records := []experiment.Record{{Trial: experiment.Trial{Seed: 0}, Complete: true}, {Trial: experiment.Trial{Seed: 1}}}
	s := &sweepCommand{sh: sh, grid: experiment.NewSweep(spec, show, records)}
	if code := s.tell(false); code != exitBroken || said.String() != "cascade: a bound of the engine's stopped 1 run\n" {
		t.Errorf("exit code %d, said %q", code, said.String())
	}
	if !strings.Contains(out.String(), "stopped 1 run: nothing held there") || !strings.Contains(out.String(), "1/2") {
		t.Errorf("printed %q", out.String())
	}
}

// TestSweepIsTheSameOnAnyCores: on one core and on several, kept or not, in shards or not.
func TestSweepIsTheSameOnAnyCores(t *testing.T) {
	sweep := func(more ...string) string {
		t.Helper()
		dir := t.TempDir()
		args := ofBusy(append([]string{"--ascii", "--color", "never", "--csv", filepath.Join(dir, "csv"), "--json", filepath.Join(dir, "json")}, more...)...)
		code, out, errs := command(t.Context(), busy, args...)
		if code != exitHeld || errs != "" {
			t.Fatalf("exit code %d, said %q", code, errs)
		}
		return out + read(t, filepath.Join(dir, "csv")) + read(t, filepath.Join(dir, "json"))
	}
	want := sweep("--cores", "1")
	if got := sweep("--cores", "3"); got != want {
		t.Errorf("on three cores the sweep differs %s", firstDifference(got, want))
	}
	dir := t.TempDir()
	for i := range 2 {
		if code, _, errs := command(t.Context(), busy, ofBusy("--out", dir, "--shard", fmt.Sprintf("%d/2", i+1))...); code != exitHeld || errs != "" {
			t.Fatalf("exit code %d, said %q", code, errs)
		}
	}
	before := stamps(t, dir)
	if got := sweep("--out", dir); got != want {
		t.Errorf("of two shards the sweep differs %s", firstDifference(got, want))
	}
	if after := stamps(t, dir); len(before) != 12 || !sameStamps(before, after) {
		t.Errorf("there were %d reports, and some of them were done again", len(before))
	}
}

// stamps are the reports of a store, and which files they are.
func stamps(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	all := map[string]os.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(e.Name(), "seed-") {
			return err
		}
		info, err := e.Info()
		all[path] = info
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return all
}

// sameStamps says whether all files of before are still there, and none was replaced.
func sameStamps(before, after map[string]os.FileInfo) bool {
	for path, info := range before {
		now, ok := after[path]
		if !ok || !os.SameFile(info, now) || !info.ModTime().Equal(now.ModTime()) {
			return false
		}
	}
	return true
}

// TestExperimentsShowTheSweep: the manual shows what the transcript does.
func TestExperimentsShowTheSweep(t *testing.T) {
	script := read(t, filepath.Join("testdata", "script", "sweep.txtar"))
	_, printed, found := strings.Cut(script, "\n-- two.txt --\n")
	printed, _, _ = strings.Cut(printed, "\n-- ")
	if !found || !strings.Contains(read(t, filepath.Join("..", "..", "sim", "experiment", "EXPERIMENTS.md")), "```text\n"+printed+"\n```\n") {
		t.Error("EXPERIMENTS.md does not show what testdata/script/sweep.txtar has as two.txt")
	}
}
