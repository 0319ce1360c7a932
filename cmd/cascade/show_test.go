package main

import (
	"go/format"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/sim"
	"cascade/topology"
)

// The breakers of a plan are printed in file order, under their edges' names; edges
// without are left out, and imports that nothing uses. Those that faults deploy follow.
func TestBreakersAsGo(t *testing.T) {
	call := func(to int, b *topology.Breaker) topology.Step {
		return topology.Step{Kind: topology.Call, Call: &topology.Edge{To: topology.OpRef{Service: to}, Breaker: b}}
	}
	plan := func(mail, again *topology.Breaker, faults ...sim.Fault) *sim.Plan {
		p := &topology.Topology{Services: []topology.Service{
			{Name: "time.checkout", Operations: []topology.Operation{{Steps: []topology.Step{
				call(1, nil),
				{Kind: topology.Parallel, Parallel: []topology.Step{call(2, mail), call(1, again)}},
			}}}},
			{Name: "payment", Operations: []topology.Operation{{}}},
			{Name: "mail", Operations: []topology.Operation{{}}},
		}}
		p.Index()
		return &sim.Plan{Topology: p, Faults: faults}
	}

	if text, err := breakersAsGo(plan(nil, nil, sim.Fault{Name: "slower", Edges: []int{1}})); text != nil || err != nil {
		t.Errorf("no breaker: %q, error %v", text, err)
	}

	text, err := breakersAsGo(plan(
		&topology.Breaker{Consecutive: 2, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault},
		&topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, OpenFor: time.Minute, HalfOpen: 2, On: topology.BreakerDefault},
		sim.Fault{Name: "rollout", Kind: sim.Set, Edges: []int{0, 1}, Set: sim.Settings{
			Breaker: &topology.Breaker{Consecutive: 3, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault},
		}},
	))
	if err != nil {
		t.Fatal(err)
	}
	const want = `// Package breakers holds the circuit breakers of a simulation by cascade.
package breakers

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"
)

// TimeCheckoutToMail is for the calls "time.checkout->mail": a breaker in each
// process that makes them.
var TimeCheckoutToMail = gobreaker.Settings{
	Name: "time.checkout->mail",
	ReadyToTrip: func(counts gobreaker.Counts) bool {
		return counts.ConsecutiveFailures > 2
	},
	// Failures in the simulation: error, timeout, rejected, refused, reset,
	// rate_limited, limited, bulkhead_full.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}

// TimeCheckoutToPayment2 is for the calls "time.checkout->payment#2": a breaker
// in each process that makes them.
var TimeCheckoutToPayment2 = gobreaker.Settings{
	Name:        "time.checkout->payment#2",
	MaxRequests: 2,
	ReadyToTrip: func(counts gobreaker.Counts) bool {
		return float64(counts.TotalFailures)/float64(counts.Requests) >= 0.5
	},
	// Failures in the simulation: error, timeout, rejected, refused, reset,
	// rate_limited, limited, bulkhead_full.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}

// TimeCheckoutToPayment is for the calls "time.checkout->payment": a breaker in
// each process that makes them.
// Deployed by the fault "rollout".
var TimeCheckoutToPayment = gobreaker.Settings{
	Name: "time.checkout->payment",
	ReadyToTrip: func(counts gobreaker.Counts) bool {
		return counts.ConsecutiveFailures > 3
	},
	// Failures in the simulation: error, timeout, rejected, refused, reset,
	// rate_limited, limited, bulkhead_full.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}

// TimeCheckoutToMail_2 is for the calls "time.checkout->mail": a breaker in
// each process that makes them.
// Deployed by the fault "rollout".
var TimeCheckoutToMail_2 = gobreaker.Settings{
	Name: "time.checkout->mail",
	ReadyToTrip: func(counts gobreaker.Counts) bool {
		return counts.ConsecutiveFailures > 3
	},
	// Failures in the simulation: error, timeout, rejected, refused, reset,
	// rate_limited, limited, bulkhead_full.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if formatted, err := format.Source(text); err != nil || string(formatted) != string(text) {
		t.Errorf("it is not as gofmt leaves it (%v)", err)
	}
}
