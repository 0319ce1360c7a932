package report_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/internal/apart"
	"cascade/sim/report"
	"cascade/topology"
)

// everyone passes what it is shown on to all.
type everyone []sim.Observer

func (e *everyone) Sample(s *sim.Sample) {
	for _, o := range *e {
		o.Sample(s)
	}
}

func (e *everyone) Transition(t sim.Transition) {
	for _, o := range *e {
		o.Transition(t)
	}
}

// told is a report in both of its forms.
func told(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteText(&b, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestClone: at any instant of any of the scenarios, within an interval or not, the
// report of a copy is that of a run which was broken off there; the original notices
// nothing; and a copy that goes on comes to the same as the original.
func TestClone(t *testing.T) {
	for i, info := range scenarios.Names() {
		s, err := scenarios.Builtin(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(21, uint64(i)))
		at := des.Time(r.Int64N(int64(s.Plan.Duration)))
		if i%2 == 0 { // also where a sample ends
			at -= at % s.Plan.Interval
		}
		cloneAt(t, s, at)
	}
	s, err := scenarios.Parse("test.yaml", []byte(everything), ".")
	if err != nil {
		t.Fatal(err)
	}
	for at := des.Time(0); at < s.Plan.Duration; at += s.Plan.Duration / 16 {
		cloneAt(t, s, at)
	}
}

// everything has what none of the scenarios has: points of the timeline that are cut in
// pieces, and instances that come and go.
const everything = `
name: everything
duration: 20s
topology:
  services:
    a: {threads: 2, autoscale: {min: 1, max: 4, target: 60%, every: 1s, delay: 500ms, cooldown: 2s}, steps: [{sync: b, breaker: {consecutive: 3, open_for: 1s}}]}
    b: {threads: 4, queue: 10, steps: [work: exponential(10ms)]}
traffic: {load: {rate: 100/s, to: a}}
faults: [{name: f, at: 6s, for: 5s, errors: {on: b, rate: 90%}}]
expect: [load.p99 < 100ms from 3300ms to 4600ms, a.success > 1% from 6700ms to 12700ms]
`

// cloneAt clones the collector of a scenario's run at an instant.
func cloneAt(t *testing.T, s *scenarios.Scenario, at des.Time) {
	t.Helper()
	name := s.Plan.Name
	c := report.NewCollector(s.Plan, s.Expectations)
	all := everyone{c}
	run := sim.New(s.Plan, &all)
	run.RunUntil(at)
	so := c.Clone()
	if shared := apart.Shared(c, so, unchanging); len(shared) > 0 {
		t.Errorf("%s: a copy at %v shares %q", name, at, shared)
	}
	still := c.Still()
	past := func(path string, of reflect.Type) bool {
		return unchanging(path, of) || c.Past() > 0 && strings.HasPrefix(path, ".timeline.")
	}
	if shared := apart.Shared(c, still, past); len(shared) > 0 {
		t.Errorf("%s: a still at %v shares %q", name, at, shared)
	}
	got := told(t, c.Clone().Report(run.Totals()))
	kept := c.Still().Report(run.Totals())
	if seen := told(t, kept); seen != got {
		t.Errorf("%s: the report of a still at %v is not that of a copy:\n%s", name, at, firstDifference(seen, got))
	}

	stopped := report.NewCollector(s.Plan, s.Expectations)
	short := sim.New(s.Plan, stopped)
	short.RunUntil(at)
	if want := told(t, stopped.Report(short.Totals())); got != want {
		t.Errorf("%s: the report of a copy at %v is not that of the run up to there:\n%s", name, at, firstDifference(got, want))
	}

	late := still.Clone()
	all = append(all, so, late)
	run.RunUntil(s.Plan.Duration)
	totals, err := run.Finish()
	if err != nil {
		t.Fatal(err)
	}
	want := told(t, judged(t, s))
	if got := told(t, c.Report(totals)); got != want {
		t.Errorf("%s: the original comes to something else after it was copied at %v:\n%s", name, at, firstDifference(got, want))
	}
	if got := told(t, so.Report(totals)); got != want {
		t.Errorf("%s: the copy made at %v comes to something else:\n%s", name, at, firstDifference(got, want))
	}
	if got := told(t, late.Report(totals)); got != want {
		t.Errorf("%s: the copy of a still made at %v comes to something else:\n%s", name, at, firstDifference(got, want))
	}
	if seen := told(t, kept); seen != got {
		t.Errorf("%s: the report of a still at %v has changed since:\n%s", name, at, firstDifference(seen, got))
	}
}

// unchanging is what a collector is made from, and what it worked out of that at once.
func unchanging(path string, of reflect.Type) bool {
	switch path {
	case ".leaving", ".leaving[]", ".setsOff", ".setsOff[]", ".watches[].exp", ".watches[].spans", ".watches[].back.rec":
		return true
	}
	return of == reflect.TypeFor[sim.Plan]() || of == reflect.TypeFor[topology.Edge]() || path == ".edges"
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got  " + a[i] + "\nwant " + b[i]
		}
	}
	return "one is longer than the other"
}

func BenchmarkClone(b *testing.B) {
	for _, name := range []string{"retry-storm", "hot-partition"} {
		s, err := scenarios.Builtin(name)
		if err != nil {
			b.Fatal(err)
		}
		c := report.NewCollector(s.Plan, s.Expectations)
		run := sim.New(s.Plan, c)
		run.RunUntil(s.Plan.Duration)
		totals := run.Totals()
		b.Run(name+"/clone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Clone()
			}
		})
		b.Run(name+"/totals", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run.Totals()
			}
		})
		b.Run(name+"/report", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Clone().Report(totals)
			}
		})
	}
}

// A footprint is within a factor of three of what a clone takes, early in a run and late; so
// is what is left of it without the past of what a still takes.
func TestFootprint(t *testing.T) {
	for _, info := range scenarios.Names() {
		s, err := scenarios.Builtin(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		c := report.NewCollector(s.Plan, s.Expectations)
		system := sim.New(s.Plan, c)
		for _, at := range []des.Time{5 * s.Plan.Interval, s.Plan.Duration} {
			system.RunUntil(at)
			for what, copies := range map[string]struct {
				make func() *report.Collector
				is   int
			}{"clone": {c.Clone, c.Footprint()}, "still": {c.Still, c.Footprint() - c.Past()}} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				copies.make()
				runtime.ReadMemStats(&after)
				took, got := int(after.TotalAlloc-before.TotalAlloc), copies.is
				if got > 3*took || took > 3*got {
					t.Errorf("%s at %v: a %s took %d bytes, the footprint is %d", info.Name, at, what, took, got)
				}
				t.Logf("%s at %v: %s: %d bytes, footprint %d", info.Name, at, what, took, got)
			}
		}
	}
}
