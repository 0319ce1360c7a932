package main

import (
	"bytes"
	"testing"

	"cascade/scenarios"
	"cascade/sim/experiment"
)

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
