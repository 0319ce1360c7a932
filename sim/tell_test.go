package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// Words for the tests that are read as documents: requests that are sent at known
// instants, faults that begin at one and end at another, and sentences about what
// became of them, which a test compares with the ones that were worked out by hand.

// several is a blocking FIFO service with several operations on one pool.
func several(name string, threads, queue int, ops ...topology.Operation) topology.Service {
	return topology.Service{Name: name, Instances: 1, Threads: threads, Queue: queue, Blocking: true, Operations: ops}
}

func operation(name string, steps ...topology.Step) topology.Operation {
	return topology.Operation{Name: name, Steps: steps}
}

// works is a step of constant own work.
func works(d time.Duration) topology.Step { return work(topology.Constant(d)) }

// request is a source that sends a single request to operation 0 of a service.
func request(name string, when time.Duration, to int, change ...func(*topology.Edge)) sim.Source {
	return traced(name, to, []time.Duration{when}, change...)
}

// requestTo is a source that sends a single request to an operation of a service.
func requestTo(name string, when time.Duration, to, op int, change ...func(*topology.Edge)) sim.Source {
	r := traced(name, to, []time.Duration{when}, change...)
	r.Edge.To.Op = op
	return r
}

// traced is a source that sends to operation 0 of a service at the given instants.
func traced(name string, to int, when []time.Duration, change ...func(*topology.Edge)) sim.Source {
	r := openSource(name, to, 0, change...)
	r.Kind = sim.Trace
	for _, w := range when {
		r.Trace = append(r.Trace, at(w))
	}
	return r
}

// steady is a source of constant arrivals: the n-th at (n-1)/rate.
func steady(name string, to int, rate float64, change ...func(*topology.Edge)) sim.Source {
	r := openSource(name, to, rate, change...)
	r.Arrivals.Kind = sim.ConstantGaps
	return r
}

// herd is a source that sends count requests at once.
func herd(name string, to int, when time.Duration, count int, change ...func(*topology.Edge)) sim.Source {
	r := openSource(name, to, 0, change...)
	r.Kind = sim.Bursts
	r.Burst = sim.Burst{At: at(when), Count: count}
	return r
}

// users is a closed source.
func users(name string, to, n int, think topology.Dist, change ...func(*topology.Edge)) sim.Source {
	r := openSource(name, to, 0, change...)
	r.Kind, r.Users, r.Think = sim.Closed, n, think
	return r
}

// Policies of an edge, for call and the sources.

func timeout(d time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { e.Timeout = d }
}

func deadline(d time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { e.Deadline = d }
}

func network(d time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { e.Network = topology.Constant(d) }
}

// tries is how many there are of a call, and the wait before the second.
func tries(n int, backoff time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { e.Retry.Attempts, e.Retry.Backoff = n, backoff }
}

func optional(e *topology.Edge) { e.Optional = true }

// fault is one that lasts from begin to end.
func fault(kind sim.FaultKind, begin, end time.Duration) sim.Fault {
	return sim.Fault{Name: fmt.Sprintf("%v at %v", kind, begin), Kind: kind, From: at(begin), Until: at(end)}
}

// on puts a fault on services: on all of their operations, where it is of a kind that
// is on operations.
func on(p *sim.Plan, f sim.Fault, services ...int) sim.Fault {
	f.Services = services
	switch f.Kind {
	case sim.Latency, sim.Slow, sim.Errors, sim.Set:
		for _, s := range services {
			for o := range p.Topology.Services[s].Operations {
				f.Ops = append(f.Ops, topology.OpRef{Service: s, Op: o})
			}
		}
	}
	return f
}

// edgeNamed is the place of an edge in the plan.
func edgeNamed(p *sim.Plan, id string) int {
	for i, e := range p.Edges() {
		if e.ID == id {
			return i
		}
	}
	panic("no edge " + id)
}

// onEdge puts a fault on an edge.
func onEdge(p *sim.Plan, f sim.Fault, id string) sim.Fault {
	f.Edges = []int{edgeNamed(p, id)}
	return f
}

// A record keeps what a run shows.
type record struct {
	samples     []sim.Sample
	transitions []sim.Transition
}

func (r *record) Transition(t sim.Transition) { r.transitions = append(r.transitions, t) }

func (r *record) Sample(s *sim.Sample) { r.samples = append(r.samples, *s.Clone()) }

// says compares sentences with those that were worked out by hand.
func says(t *testing.T, what string, got, want string) {
	t.Helper()
	if got, want = strings.TrimSpace(got), strings.TrimSpace(want); got != want {
		t.Errorf("%s\n got: %s\nwant: %s", what, got, want)
	}
}

// fates tells what became of the requests of sources that send one each: outcome and
// time, in the order of the sources.
func fates(tt *sim.Tallies) string {
	var l []string
	for i := range tt.Sources {
		r := &tt.Sources[i]
		if r.Offered != 1 {
			panic(fmt.Sprintf("source %d sent %d requests", i, r.Offered))
		}
		fate := "in flight"
		for o, n := range r.Ended {
			if n > 0 {
				fate = fmt.Sprintf("%v %v", topology.Outcome(o), time.Duration(hist.Merged(r.Latency, r.Failed).Max()))
			}
		}
		l = append(l, fate)
	}
	return strings.Join(l, ", ")
}

// clause writes what is not 0.
type clause struct{ parts []string }

func (c *clause) count(name string, n uint64) {
	if n > 0 {
		c.parts = append(c.parts, fmt.Sprintf("%d %s", n, name))
	}
}

func (c *clause) span(name string, d des.Time) {
	if d != 0 {
		c.parts = append(c.parts, fmt.Sprintf("%s %v", name, time.Duration(d)))
	}
}

func (c *clause) outcomes(a *[topology.NumOutcomes]uint64) {
	for o, n := range a {
		c.count(topology.Outcome(o).String(), n)
	}
}

func (c *clause) String() string {
	if len(c.parts) == 0 {
		return "none"
	}
	return strings.Join(c.parts, ", ")
}

// sourceLine tells what became of a source's requests.
func sourceLine(r *sim.SourceTally) string {
	var c clause
	c.outcomes(&r.Ended)
	c.count("in flight", r.InFlight)
	return fmt.Sprintf("%d offered: %v", r.Offered, &c)
}

// answersLine tells what became of the attempts that reached a service or an operation.
func answersLine(v *sim.OpTally) string {
	var c clause
	c.outcomes(&v.Answers)
	c.count("waiting", v.InWaiting)
	c.count("in threads", v.InThreads)
	c.count("suspended", v.Suspended)
	return fmt.Sprintf("%d arrived: %v", v.Arrived, &c)
}

// threadLine tells where a service's thread time went.
func threadLine(p *sim.Plan, v *sim.ServiceTally) string {
	var c clause
	c.span("working", v.Working)
	c.span("of it wasted", v.Wasted)
	edges := p.Edges()
	for _, w := range v.WaitingOn {
		c.span(edges[w.Edge].ID, w.Time)
	}
	for _, b := range v.BackingOff {
		c.span("backoff "+edges[b.Edge].ID, b.Time)
	}
	c.span("paused", v.Paused+v.PausedIdle)
	c.span("idle", v.Idle)
	c.span("down", v.Down)
	return c.String()
}

// edgeLine tells what became of an edge's calls and attempts.
func edgeLine(e *sim.EdgeTally) string {
	var calls, attempts clause
	calls.outcomes(&e.CallOutcomes)
	calls.count("under way", e.CallsUnderWay)
	attempts.outcomes(&e.Outcomes)
	attempts.count("under way", e.UnderWay)
	s := fmt.Sprintf("%d calls: %v; %d attempts: %v", e.Calls, &calls, e.Attempts, &attempts)
	if e.LateAnswers > 0 {
		s += fmt.Sprintf("; %d late", e.LateAnswers)
	}
	return s
}

// telling names a run's parts, so that a test can speak of them by name.
type telling struct {
	*sim.Totals
	p *sim.Plan
	record
}

// tell runs a plan to its end and keeps what it showed.
func tell(t *testing.T, p *sim.Plan) *telling {
	t.Helper()
	r := &telling{p: p}
	r.Totals = run(t, p, &r.record)
	return r
}

func (r *telling) source(name string) *sim.SourceTally {
	for i := range r.p.Sources {
		if r.p.Sources[i].Name == name {
			return &r.Sources[i]
		}
	}
	panic("no source " + name)
}

func (r *telling) service(name string) *sim.ServiceTally {
	for i := range r.p.Topology.Services {
		if r.p.Topology.Services[i].Name == name {
			return &r.Services[i]
		}
	}
	panic("no service " + name)
}

func (r *telling) edge(id string) *sim.EdgeTally { return &r.Edges[edgeNamed(r.p, id)] }

func (r *telling) threads(name string) string  { return threadLine(r.p, r.service(name)) }
func (r *telling) answers(name string) string  { return answersLine(&r.service(name).OpTally) }
func (r *telling) requests(name string) string { return sourceLine(r.source(name)) }
func (r *telling) calls(id string) string      { return edgeLine(r.edge(id)) }
