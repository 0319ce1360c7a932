package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// Plans for the tests, in few words. Services are named by letters or words, calls
// find them by name when the plan is put together.

const (
	ms  = time.Millisecond
	sec = time.Second
)

// at turns a duration since the start into an instant.
func at(d time.Duration) des.Time { return des.Time(d) }

// service is a blocking FIFO service with one unnamed operation.
func service(name string, threads, queue int, steps ...topology.Step) topology.Service {
	return topology.Service{Name: name, Instances: 1, Threads: threads, Queue: queue, Blocking: true,
		Operations: []topology.Operation{{Steps: steps}}}
}

func work(d topology.Dist) topology.Step { return topology.Step{Kind: topology.Work, Work: d} }

// edgeTo is the plain call of the service and operation at that place in the plan.
func edgeTo(service, op int) *topology.Edge {
	return &topology.Edge{To: topology.OpRef{Service: service, Op: op}, Chance: 1, Times: 1, Needed: true,
		Retry: topology.Retry{Factor: 2, Max: 10 * time.Second, On: topology.RetryDefault}}
}

// call is a call step; change may set its policies.
func call(service, op int, change ...func(*topology.Edge)) topology.Step {
	e := edgeTo(service, op)
	for _, c := range change {
		c(e)
	}
	return topology.Step{Kind: topology.Call, Call: e}
}

func parallel(branches ...topology.Step) topology.Step {
	return topology.Step{Kind: topology.Parallel, Parallel: branches}
}

// openSource sends to operation 0 of a service at a rate a second.
func openSource(name string, to int, rate float64, change ...func(*topology.Edge)) sim.Source {
	e := edgeTo(to, 0)
	for _, c := range change {
		c(e)
	}
	return sim.Source{Name: name, Kind: sim.Open, Instances: 1, Rate: rate, Edge: e}
}

// plan puts services and sources together.
func plan(d time.Duration, services []topology.Service, sources ...sim.Source) *sim.Plan {
	t := &topology.Topology{Services: services}
	t.Index()
	for i := range sources {
		e := sources[i].Edge
		e.From = topology.OpRef{Service: -1, Op: -1}
		e.ID = sources[i].Name + "->" + t.OpName(e.To)
	}
	return &sim.Plan{Name: "test", Seed: 1, Duration: des.Time(d), Interval: des.Time(time.Second), Topology: t, Sources: sources}
}

// run runs a plan to its end and fails the test if a law is broken.
func run(t testing.TB, p *sim.Plan, observers ...sim.Observer) *sim.Totals {
	t.Helper()
	s := sim.New(p, observers...)
	s.RunUntil(p.Duration)
	totals, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return totals
}
