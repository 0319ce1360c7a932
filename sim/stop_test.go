package sim_test

import (
	"testing"

	"cascade/topology"

	"cascade/sim"
)

// What becomes of work that nobody waits for any more: it goes on, or is stopped where the
// callee has `cancel` or the call `propagate`. Instants and thread times are worked out by
// hand.

func hedge(e *topology.Edge) { e.Hedge = &topology.Hedge{After: 10 * ms, Max: 1} }

// Two copies of a request wait for b, which crashes at 250 ms. Of the first copy's instance
// the budget is spent, so that it goes on at once and answers; the second copy is about to
// try again in this instant, for the third time, and is stopped before it does.
func TestStoppedWhileAboutToTryAgain(t *testing.T) {
	a := service("a", 5, 10, works(10*ms), call(1, 0, tries(5, 0), optional, func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Burst: 3} }))
	a.Instances, a.Cancel = 2, true
	p := plan(1*sec, []topology.Service{a, service("b", 5, 10, works(100*ms))},
		request("spends instance 1's", 0, 0), // its turn is the source's own
		request("one", 200*ms, 0, hedge))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 50*ms, 60*ms), 1), on(p, fault(sim.Crash, 250*ms, 260*ms), 1)}
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 50ms, success 50ms")
	// At 50 a reset and three retries, refused. At 250 the first copy's reset, which ends its
	// call; the second copy's, and one retry, refused, before it hears that it is stopped.
	says(t, "a->b", r.calls("a->b"), "3 calls: 1 refused, 1 reset, 1 cancelled; 7 attempts: 4 refused, 3 reset")
	says(t, "a", r.answers("a"), "3 arrived: 2 success, 1 cancelled")
}
