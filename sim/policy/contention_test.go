package policy

import (
	"math"
	"testing"

	"cascade/topology"
)

func TestStretch(t *testing.T) {
	const unlimited = topology.Unlimited
	for _, row := range []struct {
		law        topology.Contention
		n, threads int
		want       float64
	}{
		{topology.Contention{}, 50, 8, 1},

		// 2% in line, 0.01% in crosstalk: alone nothing, then n/C(n) of the law.
		{topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}, 1, 8, 1},
		{topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}, 2, 8, 1.0202},
		{topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}, 100, 8, 3.97},
		{topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}, 100, unlimited, 3.97},
		{topology.Contention{Kind: topology.USLContention, A: 1}, 7, 8, 7}, // nothing goes at once

		{topology.Contention{Kind: topology.LinearContention, A: 0.5}, 4, 8, 1.25},
		{topology.Contention{Kind: topology.LinearContention, A: 0.5}, 8, 8, 1.5},
		{topology.Contention{Kind: topology.LinearContention, A: 0.5}, 16, 8, 2}, // u above 1
		{topology.Contention{Kind: topology.LinearContention, A: 0.5}, 1 << 40, unlimited, 1},

		{topology.Contention{Kind: topology.PolynomialContention, A: 2, B: 3}, 4, 8, 1.25},
		{topology.Contention{Kind: topology.PolynomialContention, A: 2, B: 3}, 8, 8, 3},
		{topology.Contention{Kind: topology.PolynomialContention, A: 2, B: 1}, 4, 8, 2},
		{topology.Contention{Kind: topology.PolynomialContention, A: 2, B: 3}, 9, unlimited, 1},

		{topology.Contention{Kind: topology.ExponentialContention, A: math.Ln2}, 8, 8, 2},
		{topology.Contention{Kind: topology.ExponentialContention, A: math.Ln2}, 4, 8, math.Sqrt2},
		{topology.Contention{Kind: topology.ExponentialContention, A: math.Ln2}, 9, unlimited, 1},
		{topology.Contention{Kind: topology.ExponentialContention, A: 1000}, 8, 8, math.Inf(1)},
		{topology.Contention{Kind: topology.ExponentialContention, A: 0}, 8, 8, 1},
	} {
		got := Stretch(&row.law, row.n, row.threads)
		if got != row.want && !(math.Abs(got-row.want) <= 1e-12*row.want) {
			t.Errorf("%+v, %d in hand on %d threads: %v, want %v", row.law, row.n, row.threads, got, row.want)
		}
	}
}

// By the universal scalability law throughput, n over the stretch, has its peak at
// sqrt((1-A)/B) in hand (N. Gunther, "Guerrilla Capacity Planning", 2007).
func TestStretchPeak(t *testing.T) {
	law := topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}
	best, at := 0.0, 0
	for n := 1; n <= 1000; n++ {
		if x := float64(n) / Stretch(&law, n, 8); x > best {
			best, at = x, n
		}
	}
	if at != 99 { // sqrt(9800) = 98.99
		t.Errorf("the peak is at %d in hand, want 99", at)
	}
}
