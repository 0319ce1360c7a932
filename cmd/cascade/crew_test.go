package main

import (
	"bytes"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim/experiment"
)

// What panics in a worker is a bug that is told with the seed that shows it, as the
// engine's own are, and neither ends the process nor keeps the others waiting.
func TestBugInAWorkerIsTold(t *testing.T) {
	c, spec := trying(t)
	c.cores = 2
	err := c.run(t.Context(), spec.Trials(), func(r experiment.Record) {
		if r.Cell == 1 && r.Seed == 2 {
			panic("two and two are five")
		}
	})
	const want = `with seed 2 after 2s: two and two are five; the same scenario and seed show it again`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
	if code := c.sh.tell(err); code != exitBroken {
		t.Errorf("exit code %d, want %d", code, exitBroken)
	}
}

// BenchmarkRuns is what a run of the built-in scenario takes among many, on one core:
// with the report's totals only, and with its timeline kept.
func BenchmarkRuns(b *testing.B) {
	for _, timelines := range []bool{false, true} {
		name := "totals"
		if timelines {
			name = "timelines"
		}
		b.Run(name, func(b *testing.B) {
			s, err := scenarios.Builtin(defaultScenario)
			if err != nil {
				b.Fatal(err)
			}
			var said bytes.Buffer
			c := crew{sh: &shell{err: &said}, cores: 1, quiet: true, timelines: timelines, cell: func(int) (*scenarios.Scenario, error) { return s, nil }}
			var trials []experiment.Trial
			for i := range b.N {
				trials = append(trials, experiment.Trial{Seed: uint64(i)})
			}
			reports, err := newShelf()
			if err != nil {
				b.Fatal(err)
			}
			words := experiment.Words{}
			b.ReportAllocs()
			b.ResetTimer()
			if err := c.run(b.Context(), trials, func(r experiment.Record) {
				if timelines {
					reports.put(r.Trial, r.Report)
				}
				words.Shared(r.Slim())
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
