//go:build soak

package sim_test

import (
	"fmt"
	"testing"

	"cascade/topology"
)

// moreRuns is by how much the runs of a study are multiplied. The bounds are four times
// as narrow.
const moreRuns = 16

// What takes too long to be waited for every time: a load at which the last 100,000
// requests still say something about the next.
func TestHeavyTraffic(t *testing.T) {
	const mu = 100.0
	var studies []study
	for _, c := range []int{1, 4} {
		rate := 0.95 * mu * float64(c)
		m, off := erlangC(c, rate, mu), erlangC(c, rate*1.01, mu)
		studies = append(studies, study{name: fmt.Sprintf("M/M/%d at 95%%", c), plan: station(c, topology.Unlimited, rate, topology.Exponential(10*ms), 400_000),
			answers: []answer{
				{what: "mean wait", from: "Erlang C", exact: m.wait, limit: 0.06, of: meanWait(0), wrong: off.wait, wrongly: "λ 1% higher"},
				{what: "p99 of the stay", from: "Cooper, 3.4", exact: quantileOf(0.99, m.past), limit: 0.1, dist: stays(0), q: 0.99, wrong: quantileOf(0.99, off.past), wrongly: "λ 1% higher"},
				{what: "share that waits", from: "Erlang C", exact: m.waits, limit: 0.01, of: waited(0), wrong: off.waits, wrongly: "λ 1% higher"},
			}})
	}
	mean, _ := mg1(0.9*mu, hyperMoments())
	off, _ := mg1(0.92*mu, hyperMoments())
	studies = append(studies, study{name: "M/H2/1 at 90%", plan: station(1, topology.Unlimited, 0.9*mu, hyperWork, 400_000), answers: []answer{
		{what: "mean wait", from: "Pollaczek–Khinchine", exact: mean, limit: 0.08, of: meanWait(0), wrong: off, wrongly: "λ 2% higher"},
		{what: "p99 of the wait", from: "two exponentials, from the transform", exact: quantileOf(0.99, hyperWait(0.9*mu)), limit: 0.12, dist: waits(0), q: 0.99, wrong: quantileOf(0.99, hyperWait(0.92*mu)), wrongly: "λ 2% higher"},
	}})
	runStudies(t, studies)
}
