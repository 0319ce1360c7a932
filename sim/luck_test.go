package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// Luck belongs to the request: what is drawn for it does not depend on what else goes on.
// A run is compared with variants of itself, in which one thing is different.

// arrival names a request by its luck.
type arrival struct {
	source string
	key    des.Key
}

// seen is what can be seen of a run's luck: when each request came, and how long each
// piece of own work took that was begun.
type seen struct {
	arrivals map[arrival]des.Time
	work     map[string]map[sim.Piece]des.Time // by service
	print    uint64
}

// watch runs a plan instant by instant and writes down what begins in each.
func watch(t *testing.T, p *sim.Plan) *seen {
	t.Helper()
	o := &seen{arrivals: map[arrival]des.Time{}, work: map[string]map[sim.Piece]des.Time{}}
	for i := range p.Topology.Services {
		o.work[p.Topology.Services[i].Name] = map[sim.Piece]des.Time{}
	}
	s := sim.New(p)
	for !s.Done() {
		now := s.NextInstant()
		s.RunUntil(now + 1)
		s.EachRequest(func(source int, key des.Key, began des.Time) {
			o.arrivals[arrival{p.Sources[source].Name, key}] = began
		})
		s.EachWork(func(piece sim.Piece, service int, end des.Time) {
			m := o.work[p.Topology.Services[service].Name]
			if _, known := m[piece]; !known {
				m[piece] = end - now
			}
		})
	}
	tt, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	o.print = tt.Fingerprint
	return o
}

// lucky is a system with a bit of everything that is drawn: own work, chance, network, jitter,
// retries, think times, instances at random.
func lucky() *sim.Plan {
	retry := func(e *topology.Edge) {
		e.Timeout = 60 * ms
		e.Retry.Attempts, e.Retry.Backoff, e.Retry.Jitter = 3, 5*ms, topology.FullJitter
		e.Network = topology.Exponential(1 * ms)
	}
	left := service("left", 6, 50, work(topology.Exponential(20*ms)), call(3, 0))
	left.Balance, left.Instances = topology.Random, 2
	staff := users("staff", 0, 20, topology.Exponential(200*ms), timeout(300*ms))
	return plan(5*sec, []topology.Service{
		service("front", 16, 100, work(topology.Exponential(2*ms)),
			call(1, 0, optional, retry),
			call(2, 0, optional, retry, func(e *topology.Edge) { e.Chance = 0.5 }),
			parallel(call(3, 0, optional, timeout(100*ms)), call(4, 0, times(2))),
			work(topology.Dist{Kind: topology.GammaDist, A: float64(3 * ms), B: 0.7})),
		left,
		service("right", 8, 50, work(topology.Dist{Kind: topology.LognormalDist, A: float64(10 * ms), B: float64(80 * ms)}), call(3, 0)),
		service("store", 10, 100, work(topology.Exponential(5*ms))),
		service("log", topology.Unlimited, 0, work(topology.Exponential(1*ms)), work(topology.Exponential(1*ms))),
	}, openSource("shoppers", 0, 150, timeout(500*ms)), openSource("robots", 1, 80), staff)
}

// same holds two runs against each other: every request and every piece of work that both
// have seen is alike, and they have enough in common for that to mean something. A service
// whose own work was changed is left out.
func same(t *testing.T, what string, a, b *seen, except string) {
	t.Helper()
	if a.print == b.print {
		t.Errorf("%s: nothing came of the change", what)
	}
	both, open := 0, 0
	for k, when := range a.arrivals {
		other, ok := b.arrivals[k]
		if !ok {
			continue
		}
		both++
		if k.source == "staff" { // they come when they have been answered
			continue
		}
		open++
		if when != other {
			t.Errorf("%s: a request of %s came at %v, now at %v", what, k.source, when, other)
			return
		}
	}
	if open < 700 {
		t.Errorf("%s: only %d arrivals in common", what, open)
	}
	if both == open {
		t.Errorf("%s: no request of the closed source in common", what)
	}
	for name, works := range a.work {
		if name == except {
			continue
		}
		both := 0
		for piece, took := range works {
			other, ok := b.work[name][piece]
			if !ok {
				continue
			}
			both++
			if took != other {
				t.Errorf("%s: a piece of %s's work took %v, now %v", what, name, took, other)
				return
			}
		}
		if both < 150 {
			t.Errorf("%s: of %d pieces of %s's work only %d in common", what, len(works), name, both)
		}
	}
}

func TestLuckBelongsToTheRequest(t *testing.T) {
	reference := watch(t, lucky())
	faulty := func(kind sim.FaultKind, service int, set func(*sim.Fault)) func(*sim.Plan) {
		return func(p *sim.Plan) {
			f := on(p, fault(kind, 1*sec, 3*sec), service)
			set(&f)
			p.Faults = append(p.Faults, f)
		}
	}
	onAnEdge := func(kind sim.FaultKind, id string, set func(*sim.Fault)) func(*sim.Plan) {
		return func(p *sim.Plan) {
			f := onEdge(p, fault(kind, 1*sec, 3*sec), id)
			set(&f)
			p.Faults = append(p.Faults, f)
		}
	}
	edge := func(id string, set func(*topology.Edge)) func(*sim.Plan) {
		return func(p *sim.Plan) { set(p.Edges()[edgeNamed(p, id)]) }
	}
	for _, c := range []struct {
		what   string
		change func(*sim.Plan)
		except string // the service whose own work is changed
	}{
		{"another time-out", edge("front->left", func(e *topology.Edge) { e.Timeout = 25 * ms }), ""},
		{"another time-out of a source", edge("shoppers->front", func(e *topology.Edge) { e.Timeout = 100 * ms }), ""},
		{"a deadline", edge("front->right", func(e *topology.Edge) { e.Deadline = 40 * ms }), ""},
		{"no retries", edge("front->left", func(e *topology.Edge) { e.Retry.Attempts = 1 }), ""},
		{"another backoff", edge("front->left", func(e *topology.Edge) { e.Retry.Backoff = 20 * ms }), ""},
		{"another network", edge("front->left", func(e *topology.Edge) { e.Network = topology.Constant(0) }), ""},
		{"a call that is not optional", edge("front->left", func(e *topology.Edge) { e.Optional = false }), ""},
		{"a smaller chance", edge("front->right", func(e *topology.Edge) { e.Chance = 0.3 }), ""},
		{"fewer threads", func(p *sim.Plan) { p.Topology.Services[1].Threads = 2 }, ""},
		{"more threads", func(p *sim.Plan) { p.Topology.Services[3].Threads = topology.Unlimited }, ""},
		{"no waiting room", func(p *sim.Plan) { p.Topology.Services[0].Queue = 0 }, ""},
		{"last come, first served", func(p *sim.Plan) { p.Topology.Services[3].Order, p.Topology.Services[3].Threads = topology.LIFO, 4 }, ""},
		{"not blocking", func(p *sim.Plan) { p.Topology.Services[0].Blocking = false }, ""},
		{"more instances", func(p *sim.Plan) { p.Topology.Services[1].Instances = 3 }, ""},
		{"slower work", func(p *sim.Plan) { p.Topology.Services[3].Operations[0].Steps[0].Work = topology.Exponential(8 * ms) }, "store"},
		{"other work of another family", func(p *sim.Plan) { p.Topology.Services[3].Operations[0].Steps[0].Work = topology.Constant(8 * ms) }, "store"},
		{"an interval", func(p *sim.Plan) { p.Interval = at(100 * ms); p.Topology.Services[1].Threads = 5 }, ""},
		{"latency", faulty(sim.Latency, 3, func(f *sim.Fault) { f.Add = topology.Exponential(10 * ms) }), "store"},
		{"slow", faulty(sim.Slow, 3, func(f *sim.Fault) { f.Factor = 3 }), "store"},
		{"errors", faulty(sim.Errors, 3, func(f *sim.Fault) { f.Rate = 0.3 }), ""},
		{"errors after work", faulty(sim.Errors, 3, func(f *sim.Fault) { f.Rate, f.AfterWork = 0.3, true }), ""},
		{"crash", faulty(sim.Crash, 1, func(f *sim.Fault) { f.Instances = 1 }), ""},
		{"pause", faulty(sim.Pause, 1, func(f *sim.Fault) { f.Until = at(1200 * ms) }), ""},
		{"threads", faulty(sim.Threads, 3, func(f *sim.Fault) { f.To = 2 }), ""},
		{"loss", onAnEdge(sim.Loss, "front->left", func(f *sim.Fault) { f.Rate = 0.2 }), ""},
		{"partition", onAnEdge(sim.Partition, "front->left", func(f *sim.Fault) { f.Until = at(1500 * ms) }), ""},
		{"latency of an edge", onAnEdge(sim.Latency, "front->left", func(f *sim.Fault) { f.Add = topology.Exponential(10 * ms) }), ""},
		{"a deploy", onAnEdge(sim.Set, "front->left", func(f *sim.Fault) { d := 20 * ms; f.Set.Timeout = &d }), ""},
		{"a surge of the users", func(p *sim.Plan) {
			f := fault(sim.Surge, 1*sec, 3*sec)
			f.Source, f.Factor = 2, 2
			p.Faults = append(p.Faults, f)
		}, ""},
	} {
		p := lucky()
		c.change(p)
		same(t, c.what, reference, watch(t, p), c.except)
	}
}

// Another source, another service, another call: nobody else's luck changes, wherever in the
// file they stand.
func TestLuckOfTheOthersStays(t *testing.T) {
	reference := watch(t, lucky())
	build := func(change func(services *[]topology.Service, sources *[]sim.Source)) *sim.Plan {
		p := lucky()
		services, sources := p.Topology.Services, p.Sources
		change(&services, &sources)
		n := plan(p.Duration.Duration(), services, sources...)
		return n
	}
	same(t, "a source before the others", reference, watch(t, build(func(_ *[]topology.Service, sources *[]sim.Source) {
		*sources = append([]sim.Source{openSource("more", 3, 100)}, *sources...)
	})), "")
	same(t, "one source less", watch(t, build(func(_ *[]topology.Service, sources *[]sim.Source) {
		(*sources)[1] = openSource("others", 3, 30)
	})), func() *seen {
		r := watch(t, lucky())
		for k := range r.arrivals { // the requests of the one that is gone
			if k.source == "robots" {
				delete(r.arrivals, k)
			}
		}
		return r
	}(), "")
	same(t, "a service more, called first", reference, watch(t, build(func(services *[]topology.Service, _ *[]sim.Source) {
		*services = append(*services, service("audit", 4, 100, work(topology.Exponential(1*ms))))
		front := &(*services)[0].Operations[0]
		front.Steps = append([]topology.Step{call(5, 0)}, front.Steps...)
	})), "")
	same(t, "a call less", reference, watch(t, build(func(services *[]topology.Service, _ *[]sim.Source) {
		front := &(*services)[0].Operations[0]
		front.Steps = append(append([]topology.Step{}, front.Steps[:1]...), front.Steps[2:]...)
		right := &(*services)[2].Operations[0]
		right.Steps = right.Steps[:1]
	})), "left") // which nobody asks any more but its own source
}

// A surge or a profile stretches time and changes nothing else: the n-th request has the
// same luck, and comes when the integral reaches the same point.
func TestLuckUnderASurge(t *testing.T) {
	p := lucky()
	f := fault(sim.Surge, 1*sec, 3*sec)
	f.Source, f.Factor = 0, 2
	p.Faults = []sim.Fault{f}
	a, b := watch(t, lucky()), watch(t, p)
	stretched := func(when des.Time) des.Time { // when what came at `when` comes under the surge
		switch {
		case when <= at(1*sec):
			return when
		case when <= at(5*sec):
			return at(1*sec) + (when-at(1*sec))/2
		default:
			return when - at(2*sec)
		}
	}
	n := 0
	for k, when := range a.arrivals {
		other, ok := b.arrivals[k]
		if k.source == "staff" || !ok {
			continue
		}
		n++
		want := when
		if k.source == "shoppers" {
			want = stretched(when)
		}
		if d := other - want; d < -1 || d > 1 { // rounded to the nanosecond before and after
			t.Fatalf("a request of %s came at %v, now at %v, want %v", k.source, when, other, want)
		}
	}
	if n < 900 {
		t.Errorf("only %d arrivals in common", n)
	}
}

// Common random numbers in the distributions: with threads for all, the latencies of a run
// are bit for bit those of another in which only what does not matter to them is changed.
func TestLuckInTheDistributions(t *testing.T) {
	build := func(change func(*sim.Plan)) *sim.Totals {
		p := plan(5*sec, []topology.Service{
			service("a", topology.Unlimited, 0, work(topology.Exponential(10*ms)), call(1, 0, timeout(1*time.Hour))),
			service("b", topology.Unlimited, 0, work(topology.Exponential(10*ms))),
		}, openSource("load", 0, 200), openSource("side", 1, 50))
		change(p)
		return run(t, p)
	}
	a := build(func(*sim.Plan) {})
	b := build(func(p *sim.Plan) {
		p.Topology.Edges[0].Timeout = 0
		p.Topology.Services[0].Threads = 100000
		p.Topology.Services[1].Order = topology.LIFO
		p.Sources[1].Rate = 70
	})
	x, y := a.Sources[0].Latency, b.Sources[0].Latency
	if x.Count() < 900 || x.Count() != y.Count() || x.Mean() != y.Mean() || x.SD() != y.SD() || x.Min() != y.Min() || x.Max() != y.Max() {
		t.Errorf("latencies %d, mean %v, sd %v; now %d, mean %v, sd %v", x.Count(), x.Mean(), x.SD(), y.Count(), y.Mean(), y.SD())
	}
	c := build(func(p *sim.Plan) { p.Seed = 2 })
	if c.Sources[0].Latency.Mean() == x.Mean() || c.Fingerprint == a.Fingerprint {
		t.Error("another seed, the same luck")
	}
}
