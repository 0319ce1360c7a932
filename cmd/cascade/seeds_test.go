package main

import (
	"fmt"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"
)

// TestBuiltinsOverSeeds holds every expectation of every built-in scenario over 20
// seeds: what a scenario teaches is not the luck of one run.
func TestBuiltinsOverSeeds(t *testing.T) {
	for _, b := range scenarios.Names() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			for seed := 1; seed <= 20; seed++ {
				sc, err := scenarios.Builtin(b.Name, scenarios.Override{Path: "seed", Value: fmt.Sprint(seed)})
				if err != nil {
					t.Fatal(err)
				}
				c := report.NewCollector(sc.Plan, sc.Expectations)
				s := sim.New(sc.Plan, c)
				s.RunUntil(sc.Plan.Duration)
				totals, err := s.Finish()
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				r := c.Report(totals)
				if len(r.Expectations) == 0 {
					t.Fatal("it expects nothing")
				}
				for _, e := range r.Expectations {
					if !e.Pass {
						t.Errorf("seed %d: not met: %s", seed, e.Text)
					}
				}
			}
		})
	}
}
