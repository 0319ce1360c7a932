package player

import (
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"
)

// BenchmarkMax holds a run that is played as fast as it goes against the same run without
// a player: of each the events a second.
func BenchmarkMax(b *testing.B) {
	s := builtin(b, "slow-dependency", scenarios.Override{Path: "duration", Value: "2h"})
	b.Run("headless", func(b *testing.B) {
		events := uint64(0)
		for b.Loop() {
			c := report.NewCollector(s.Plan, s.Expectations)
			system := sim.New(s.Plan, c)
			system.RunUntil(s.Plan.Duration)
			totals, err := system.Finish()
			if err != nil {
				b.Fatal(err)
			}
			events += c.Report(totals).Events
		}
		b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("player", func(b *testing.B) {
		events := uint64(0)
		for b.Loop() {
			p := New(s, Options{Speed: Max})
			p.Play()
			for p.Frame().State != AtEnd {
				p.Advance()
			}
			events += p.Frame().Run.Report.Events
		}
		b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	})
}
