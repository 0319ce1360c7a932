package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// The guards that a caller puts on a call, one by one and in their order, with instants
// and counts that were worked out by hand.

// A bulkhead that a deploy puts up, and a hedge, over an edge that had no guard: what is
// under way takes its place in it.
func TestGuardsPutUpOverACallUnderWay(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 10, works(100*ms))}, traced("load", 0, durations(0, 60*ms, 110*ms)))
	f := onEdge(p, fault(sim.Set, 50*ms, 1*sec), "load->a")
	f.Set.Calls, f.Set.Hedge = new(int), &topology.Hedge{After: 500 * ms, Max: 1}
	*f.Set.Calls = 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "load->a", r.calls("load->a"), "3 calls: 2 success, 1 bulkhead_full; 2 attempts: 2 success")
}

func durations(d ...time.Duration) []time.Duration { return d }
