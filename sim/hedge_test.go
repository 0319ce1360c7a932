package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Hedges: when which copy goes where, whose answer counts, and what becomes of the others.

// copies hedges: a further copy after a time, as many as are said.
func copies(after time.Duration, most int) func(*topology.Edge) {
	return func(e *topology.Edge) { e.Hedge = &topology.Hedge{After: after, Max: most} }
}

// hedge sends one more copy, after 10 ms.
func hedge(e *topology.Edge) { copies(10*ms, 1)(e) }

// three is a service of three instances, a thread each, under faults that make makes.
func three(d time.Duration, cancel bool, make func(*sim.Plan) []sim.Fault, sources ...sim.Source) *sim.Plan {
	a := service("a", 1, 10, works(d))
	a.Instances, a.Cancel = 3, cancel
	p := plan(1*sec, []topology.Service{a}, sources...)
	if make != nil {
		p.Faults = make(p)
	}
	return p
}

func TestHedgesAtExactInstants(t *testing.T) {
	sent(t, three(100*ms, false, nil, request("one", 0, 0, copies(10*ms, 2))), "one->a", 0, 10*ms, 20*ms)
	// One to each instance. The first has its answer at 100; the others run on, 10 and 20 ms
	// for nobody. Whoever is given up for another answer is no late answer.
	r := tell(t, three(100*ms, false, nil, request("one", 0, 0, copies(10*ms, 2))))
	says(t, "fate", fates(&r.Tallies), "success 100ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 success; 3 attempts: 1 success, 2 cancelled")
	says(t, "guards", r.guarded("one->a"), "2 hedges")
	says(t, "a", r.answers("a"), "3 arrived: 3 success")
	says(t, "threads", r.threads("a"), "working 300ms, of it wasted 30ms, idle 2.7s")
	for k, in := range r.service("a").Instances {
		if in.Arrived != 1 {
			t.Errorf("instance %d has %d copies", k, in.Arrived)
		}
	}
	// Where a is told, they stop at 100.
	r = tell(t, three(100*ms, true, nil, request("one", 0, 0, copies(10*ms, 2))))
	says(t, "cancel", r.answers("a"), "3 arrived: 1 success, 2 cancelled")
	says(t, "cancel", r.threads("a"), "working 270ms, idle 2.73s")
}

// Where there is one instance the copy goes there too, and waits behind the first.
func TestHedgeToTheSameInstance(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(100*ms))}, request("one", 0, 0, copies(10*ms, 1)))
	r := tell(t, p)
	says(t, "fate", fates(&r.Tallies), "success 100ms")
	says(t, "threads", r.threads("a"), "working 200ms, of it wasted 100ms, idle 800ms")
	p.Topology.Services[0].Cancel = true
	r = tell(t, p)
	says(t, "cancelled where it waits", r.threads("a"), "working 100ms, idle 900ms")
	says(t, "cancelled where it waits", r.answers("a"), "2 arrived: 1 success, 1 cancelled")
}

// The next in turn has a copy of it already, so the copy goes to the one after: the first
// request goes to instance 1 and the second to instance 2, which is the only one well.
func TestHedgeToAnotherInstanceThanTheNextInTurn(t *testing.T) {
	a := service("a", 5, 10, works(10*ms))
	a.Instances = 2
	p := plan(1*sec, []topology.Service{a}, traced("load", 0, durations(0, 5*ms), copies(10*ms+1, 1)))
	f := on(p, fault(sim.Latency, 0, 1*sec), 0)
	f.Add, f.Instances = topology.Constant(100*ms), 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	if got := r.source("load").Latency.Max(); got != int64(20*ms+1) {
		t.Errorf("the slower one took %d ns, want 20 ms and 1 ns", got)
	}
}

// Which copy succeeds first is all the same. Instance 1 is 100 ms slower.
func TestFirstSuccessCounts(t *testing.T) {
	p := three(10*ms, false, func(p *sim.Plan) []sim.Fault {
		f := on(p, fault(sim.Latency, 0, 1*sec), 0)
		f.Add, f.Instances = topology.Constant(100*ms), 1
		return []sim.Fault{f}
	}, request("one", 0, 0, copies(20*ms, 1)))
	r := tell(t, p)
	says(t, "fate", fates(&r.Tallies), "success 30ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 success; 2 attempts: 1 success, 1 cancelled")
	says(t, "threads", r.threads("a"), "working 120ms, of it wasted 80ms, idle 2.88s")
}

// Failures: instance 1 fails 30 ms after it took the attempt up.
func TestFailureOfACopy(t *testing.T) {
	failing := func(instances int) func(*sim.Plan) []sim.Fault {
		return func(p *sim.Plan) []sim.Fault {
			l, e := on(p, fault(sim.Latency, 0, 1*sec), 0), dead(p, 0, 0, 1*sec)
			l.Add, l.Instances, e.Instances = topology.Constant(30*ms), instances, instances
			return []sim.Fault{l, e}
		}
	}
	// Sent at 0 to instance 1, at 10 to instance 2, which answers at 110. The failure at 30 is
	// not the end of the try.
	r := tell(t, three(100*ms, false, failing(1), request("one", 0, 0, copies(10*ms, 1), tries(2, 0))))
	says(t, "another copy is under way", fates(&r.Tallies), "success 110ms")
	says(t, "another copy is under way", r.calls("one->a"), "1 calls: 1 success; 2 attempts: 1 success, 1 error")
	// None was sent yet: the try is over, and the next begins at once, on instance 2. That has
	// a copy of its own 50 ms later.
	r = tell(t, three(100*ms, false, failing(1), request("one", 0, 0, copies(50*ms, 1), tries(2, 0))))
	says(t, "none was sent yet", fates(&r.Tallies), "success 130ms")
	says(t, "none was sent yet", r.calls("one->a"), "1 calls: 1 success; 3 attempts: 1 success, 1 error, 1 cancelled")
	says(t, "none was sent yet", r.guarded("one->a"), "1 hedges, 1 retries")
	// All fail, at 30 and at 40: over at 40.
	r = tell(t, three(100*ms, false, failing(3), request("one", 0, 0, copies(10*ms, 1))))
	says(t, "all fail", fates(&r.Tallies), "error 40ms")
}

// An answer at the very instant at which the copy would go out has come by then.
func TestAnswerForestallsTheCopy(t *testing.T) {
	for _, row := range []struct {
		work, network time.Duration
		want          string
	}{
		{10 * ms, 0, "none"}, {10*ms + 1, 0, "1 hedges"}, {2 * ms, 4 * ms, "none"}, {2*ms + 1, 4 * ms, "1 hedges"},
	} {
		r := tell(t, three(row.work, false, nil, request("one", 0, 0, copies(10*ms, 1), network(row.network))))
		says(t, "guards", r.guarded("one->a"), row.want)
	}
}

// Nothing ever answers: two copies a try, each with its time-out, and a try is over with
// the last of them.
func TestHedgesTriesAndTimeouts(t *testing.T) {
	never := func(change ...func(*topology.Edge)) *sim.Plan {
		p := three(0, false, nil, request("one", 0, 0, append(change, copies(10*ms, 1))...))
		p.Topology.Services[0].Operations[0].Steps = []topology.Step{work(topology.Dist{Kind: topology.NeverDist})}
		return p
	}
	// 0 and 10, over at 30 and 40; 20 ms later 60 and 70, over at 90 and 100.
	sent(t, never(timeout(30*ms), tries(2, 20*ms)), "one->a", 0, 10*ms, 60*ms, 70*ms)
	r := tell(t, never(timeout(30*ms), tries(2, 20*ms)))
	says(t, "fate", fates(&r.Tallies), "timeout 100ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 timeout; 4 attempts: 4 timeout")
	says(t, "guards", r.guarded("one->a"), "2 hedges, 1 retries")
	// A deadline is the end of all copies.
	r = tell(t, never(deadline(25*ms)))
	says(t, "deadline", fates(&r.Tallies), "timeout 25ms")
	says(t, "deadline", r.calls("one->a"), "1 calls: 1 timeout; 2 attempts: 2 timeout")
	// A time-out at the instant of the copy comes first.
	r = tell(t, never(timeout(10*ms)))
	says(t, "time-out", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
}

// A copy asks the guards as a try does, and does not wait: what is turned away counts as
// one of the copies.
func TestHedgeMeetsARateLimit(t *testing.T) {
	r := tell(t, three(100*ms, false, nil, request("one", 0, 0, copies(10*ms, 2), limit(50, 1, 1*sec))))
	// Tokens at 0 and 20: the copy of 10 finds none, that of 20 does.
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 success; 2 attempts: 1 success, 1 cancelled")
	says(t, "guards", r.guarded("one->a"), "turned away 1 rate_limited, 1 hedges")
}

// After the 95th percentile of the edge's own answers, once it has seen twenty. All take 10
// ms but the last, which takes 110 and is sent within a slow spell of 5 ms.
func TestHedgeAfterAQuantile(t *testing.T) {
	build := func(answers int) *telling {
		var when []time.Duration
		for k := range answers {
			when = append(when, time.Duration(k)*20*ms)
		}
		return tell(t, three(10*ms, false, func(p *sim.Plan) []sim.Fault {
			f := on(p, fault(sim.Latency, 500*ms, 505*ms), 0)
			f.Add = topology.Constant(100 * ms)
			return []sim.Fault{f}
		}, traced("load", 0, append(when, 500*ms), func(e *topology.Edge) { e.Hedge = &topology.Hedge{Quantile: 0.95, Max: 1} })))
	}
	r := build(19)
	says(t, "too few", r.guarded("load->a"), "none")
	if got := r.source("load").Latency.Max(); got != int64(110*ms) {
		t.Errorf("the last takes %d ns, want 110 ms", got)
	}
	r = build(20)
	says(t, "enough", r.guarded("load->a"), "1 hedges")
	if got := r.source("load").Latency.Max(); got != int64(20*ms) {
		t.Errorf("the last takes %d ns, want 20 ms", got)
	}
}

// A caller that stands still sends the copy when it goes on.
func TestHedgeDueInAPause(t *testing.T) {
	build := func() *sim.Plan {
		b := service("b", 1, 10, works(100*ms))
		b.Instances = 2
		p := plan(1*sec, []topology.Service{service("a", 1, 10, call(1, 0, copies(10*ms, 1))), b}, request("one", 0, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 5*ms, 50*ms), 0)}
		return p
	}
	sent(t, build(), "a->b", 0, 50*ms)
	says(t, "fate", fatesOf(t, build()), "success 100ms")
	// An answer that came meanwhile makes it needless.
	p := build()
	p.Topology.Services[1].Operations[0].Steps = []topology.Step{works(30 * ms)}
	r := tell(t, p)
	says(t, "answered meanwhile", fates(&r.Tallies), "success 50ms")
	says(t, "answered meanwhile", r.guarded("a->b"), "none")
}

// Hedges without cancellation turn metastable at 70% load. Ten instances of one thread,
// exponential work of 10 ms, an instance at random: the stay is exponential with a mean of
// 33 ms, its 95th percentile 100 ms, and after that a second copy goes out. Once all calls
// need one the load is 140%, and it stays so. At 45% it is 90%, and what a slow spell of five
// seconds has left is worked off. At 70% it is too where the loser is stopped, or where a
// bulkhead bounds the copies. 5 seeds of 60 s; the last 10 s are 4,500 or 7,000 calls.
func TestHedgingTurnsMetastable(t *testing.T) {
	for _, row := range []struct {
		name   string
		load   float64
		hedged bool
		cancel bool
		places int
		stuck  bool
	}{
		{"not hedged", 0.7, false, false, 0, false},
		{"hedged", 0.7, true, false, 0, true},
		{"hedged at 45%", 0.45, true, false, 0, false},
		{"losers are stopped", 0.7, true, true, 0, false},
		{"under a bulkhead", 0.7, true, false, 40, false},
	} {
		for seed := range uint64(5) {
			a := service("a", 1, topology.Unlimited, work(topology.Exponential(10*ms)))
			a.Instances, a.Balance, a.Cancel = 10, topology.Random, row.cancel
			p := plan(60*sec, []topology.Service{a}, openSource("load", 0, 1000*row.load, bulkhead(row.places)))
			if row.hedged {
				p.Sources[0].Edge.Hedge = &topology.Hedge{After: 100 * ms, Max: 1}
			}
			p.Seed, p.Interval = seed+1, at(10*sec)
			f := on(p, fault(sim.Slow, 10*sec, 15*sec), 0)
			f.Factor = 3
			p.Faults = []sim.Fault{f}
			r := tell(t, p)
			last := &r.samples[len(r.samples)-1]
			median := time.Duration(last.Sources[0].Latency.Quantile(0.5))
			attempts := float64(last.Edges[0].Attempts) / float64(last.Edges[0].Calls)
			if row.stuck != (median > 1*sec && attempts > 1.99) || !row.stuck && (median > 50*ms || attempts > 1.2) {
				t.Errorf("%s, seed %d: at the end a median of %v, %.2f attempts a call", row.name, p.Seed, median, attempts)
			}
		}
	}
}

// The thread that a stopped try leaves reaches the other copy of the same call, which has
// waited too long for codel. The call ends once, when that answer is there too.
func TestStopThatThrowsOutTheOtherCopy(t *testing.T) {
	a := service("a", 1, 10, works(300*ms))
	a.Order, a.Cancel = topology.CoDel, true
	r := tell(t, plan(1*sec, []topology.Service{a}, request("one", 0, 0, copies(10*ms, 1), timeout(200*ms))))
	says(t, "fate", fates(&r.Tallies), "rejected 200ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 rejected; 2 attempts: 1 timeout, 1 rejected")
	says(t, "a", r.answers("a"), "2 arrived: 1 rejected, 1 cancelled")
}
