package sim_test

import (
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// What becomes of work that nobody waits for any more: it goes on, or is stopped where the
// callee has `cancel` or the call `propagate`. Instants and thread times are worked out by
// hand.

func propagate(e *topology.Edge) { e.Propagate = true }

// row is a client that asks a (20 ms, then b), b (20 ms, then c), c (20 ms) with a time-out of
// 50 ms, in the middle of c's work. Those named can be cancelled.
func row(cancelled string, change ...func(*topology.Edge)) *sim.Plan {
	services := []topology.Service{
		service("a", 1, 10, works(20*ms), call(1, 0), works(5*ms)),
		service("b", 1, 10, works(20*ms), call(2, 0), works(5*ms)),
		service("c", 1, 10, works(20*ms)),
	}
	for _, name := range cancelled {
		services[name-'a'].Cancel = true
	}
	return plan(1*sec, services, request("one", 0, 0, append(change, timeout(50*ms))...))
}

// Cancellation goes down the chain as far as the callees have it, and no further.
func TestCancelDownTheChain(t *testing.T) {
	for _, c := range []struct{ cancelled, a, b, c string }{
		{"", "working 25ms, of it wasted 5ms, a->b 45ms, idle 930ms",
			"working 25ms, of it wasted 5ms, b->c 20ms, idle 955ms",
			"working 20ms, of it wasted 10ms, idle 980ms"},
		{"abc", "working 20ms, a->b 30ms, idle 950ms",
			"working 20ms, b->c 10ms, idle 970ms",
			"working 10ms, idle 990ms"},
		{"ab", "working 20ms, a->b 30ms, idle 950ms",
			"working 20ms, b->c 10ms, idle 970ms",
			"working 20ms, of it wasted 10ms, idle 980ms"},
		// a stops; b is not told, and so c is not.
		{"ac", "working 20ms, a->b 30ms, idle 950ms",
			"working 25ms, of it wasted 5ms, b->c 20ms, idle 955ms",
			"working 20ms, of it wasted 10ms, idle 980ms"},
		// a goes on, and so all do.
		{"bc", "working 25ms, of it wasted 5ms, a->b 45ms, idle 930ms",
			"working 25ms, of it wasted 5ms, b->c 20ms, idle 955ms",
			"working 20ms, of it wasted 10ms, idle 980ms"},
	} {
		r := tell(t, row(c.cancelled))
		says(t, "fate", fates(&r.Tallies), "timeout 50ms")
		says(t, "cancel "+c.cancelled+": a", r.threads("a"), c.a)
		says(t, "cancel "+c.cancelled+": b", r.threads("b"), c.b)
		says(t, "cancel "+c.cancelled+": c", r.threads("c"), c.c)
	}
	r := tell(t, row("abc"))
	says(t, "a", r.answers("a"), "1 arrived: 1 cancelled")
	says(t, "one->a", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	says(t, "b->c", r.calls("b->c"), "1 calls: 1 cancelled; 1 attempts: 1 cancelled")
}

// A thread that is freed takes the next, in this instant.
func TestCancelFreesTheThread(t *testing.T) {
	a := service("a", 1, 10, works(100*ms))
	a.Cancel = true
	p := plan(1*sec, []topology.Service{a}, request("r0", 0, 0, timeout(50*ms)), request("r1", 10*ms, 0, timeout(20*ms)), request("r2", 20*ms, 0))
	r := tell(t, p)
	// r1 leaves the waiting room at 30, r0 its thread at 50, which r2 has from 50 to 150.
	says(t, "fates", fates(&r.Tallies), "timeout 50ms, timeout 20ms, success 130ms")
	says(t, "a", r.answers("a"), "3 arrived: 1 success, 2 cancelled")
	says(t, "threads", r.threads("a"), "working 150ms, idle 850ms")
	if r.service("a").QueueTime != at(50*ms) || r.service("a").QueueMax != 2 {
		t.Errorf("waited %v in all, %d at most", r.service("a").QueueTime, r.service("a").QueueMax)
	}
	// A place in the waiting room is free as well: r3 of 40 has it.
	p = plan(1*sec, []topology.Service{a}, request("r0", 0, 0), request("r1", 10*ms, 0, timeout(20*ms)), request("r2", 20*ms, 0), request("r3", 40*ms, 0))
	p.Topology.Services[0].Queue = 1
	says(t, "places", fatesOf(t, p), "success 100ms, timeout 20ms, rejected 0s, success 160ms")
}

// On its way, or on its way back. A network of 20 ms each way, 5 ms of work.
func TestCancelOnTheWay(t *testing.T) {
	build := func(limit time.Duration, cancel bool) *telling {
		a := service("a", 1, 10, works(5*ms))
		a.Cancel = cancel
		return tell(t, plan(1*sec, []topology.Service{a}, request("one", 0, 0, timeout(limit), network(20*ms))))
	}
	// Given up at 10: turned away as it arrives, at 20.
	r := build(10*ms, true)
	says(t, "on its way", r.answers("a"), "1 arrived: 1 cancelled")
	says(t, "on its way", r.threads("a"), "idle 1s")
	says(t, "on its way", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	says(t, "nobody is told", build(10*ms, false).threads("a"), "working 5ms, of it wasted 5ms, idle 995ms")
	// At 22: a stops after 2 ms of work.
	says(t, "at work", build(22*ms, true).threads("a"), "working 2ms, idle 998ms")
	// At 30: the answer is on its way back since 25, and comes late.
	r = build(30*ms, true)
	says(t, "on its way back", r.answers("a"), "1 arrived: 1 success")
	says(t, "on its way back", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
}

// A request that a partition keeps on its way is turned away when it arrives.
func TestCancelWhileHeldBack(t *testing.T) {
	a := service("a", 1, 10, works(5*ms))
	a.Cancel = true
	p := plan(1*sec, []topology.Service{a}, request("one", 0, 0, timeout(30*ms)))
	f := onEdge(p, fault(sim.Partition, 0, 100*ms), "one->a")
	f.Hold = true
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "a", r.answers("a"), "1 arrived: 1 cancelled")
	says(t, "threads", r.threads("a"), "idle 1s")
}

// An operation that holds no thread while it waits is stopped all the same, and one that
// has its answer and waits for a thread.
func TestCancelWhileSuspended(t *testing.T) {
	build := func(b time.Duration, others ...sim.Source) *telling {
		a := service("a", 1, 10, works(10*ms), call(1, 0), works(10*ms))
		a.Blocking, a.Cancel = false, true
		c := service("b", 5, 10, works(b))
		c.Cancel = true
		return tell(t, plan(1*sec, []topology.Service{a, c}, append([]sim.Source{request("one", 0, 0, timeout(50*ms))}, others...)...))
	}
	r := build(100 * ms)
	says(t, "a", r.answers("a"), "1 arrived: 1 cancelled")
	says(t, "b's threads", r.threads("b"), "working 40ms, idle 4.96s")
	if got := r.service("a").SuspendedTime; got != at(40*ms) {
		t.Errorf("suspended %v, want 40 ms", got)
	}
	// Its answer is there at 45, and the thread taken from 41 to 51.
	r = build(35*ms, request("two", 41*ms, 0))
	says(t, "waits for a thread", fates(&r.Tallies), "timeout 50ms, success 55ms")
	says(t, "waits for a thread", r.threads("a"), "working 30ms, idle 970ms")
	if got := r.service("a").SuspendedTime; got != at(75*ms) { // 10 to 50, and two's 51 to 86
		t.Errorf("suspended %v, want 75 ms", got)
	}
}

// An instance that stands still hears of it when it goes on: 10 ms of work, paused from 10
// to 60, given up at 30.
func TestCancelInAPause(t *testing.T) {
	build := func(change ...func(*topology.Edge)) *telling {
		a := service("a", 1, 10, works(100*ms))
		a.Cancel = true
		p := plan(1*sec, []topology.Service{a}, request("one", 0, 0, append(change, timeout(30*ms))...), request("two", 20*ms, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 10*ms, 60*ms), 0)}
		return tell(t, p)
	}
	r := build()
	says(t, "fates", fates(&r.Tallies), "timeout 30ms, success 140ms")
	says(t, "threads", r.threads("a"), "working 110ms, paused 50ms, idle 840ms")
	// A retry comes in between, and is another attempt: it waits behind two, and is given up
	// too, at 60. (The pause's end comes before anything else of that instant.)
	r = build(tries(2, 0))
	says(t, "a retry", fates(&r.Tallies), "timeout 60ms, success 140ms")
	says(t, "a retry", r.answers("a"), "3 arrived: 1 success, 2 cancelled")
	says(t, "a retry", r.threads("a"), "working 110ms, paused 50ms, idle 840ms")
}

// Fallback work, a wait between tries and branches are ended like work.
func TestCancelInAllStates(t *testing.T) {
	never := topology.Dist{Kind: topology.NeverDist}
	for _, c := range []struct {
		name string
		step topology.Step
		want string
	}{
		{"fallback work", call(1, 0, timeout(20*ms), fallback(100*ms)), "working 30ms, a->b 20ms, idle 950ms"},
		{"a wait between tries", call(1, 0, timeout(20*ms), tries(2, 100*ms)), "a->b 20ms, backoff a->b 30ms, idle 950ms"},
		{"branches", parallel(call(1, 0, timeout(20*ms), optional), call(1, 0)), "a->b 20ms, a->b#2 30ms, idle 950ms"},
		{"the second of several", call(1, 0, timeout(40*ms), optional, times(3)), "a->b 50ms, idle 950ms"},
		{"copies", call(1, 0, hedge), "a->b 50ms, idle 950ms"},
	} {
		a := service("a", 1, 10, c.step)
		a.Cancel = true
		b := service("b", topology.Unlimited, 0, work(never))
		b.Cancel = true
		r := tell(t, plan(1*sec, []topology.Service{a, b}, request("one", 0, 0, timeout(50*ms))))
		says(t, c.name, r.threads("a"), c.want)
		if got := r.service("b"); got.Wasted != 0 || got.InThreads != 0 {
			t.Errorf("%s: b wastes %v, and %d go on", c.name, got.Wasted, got.InThreads)
		}
	}
}

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

// chain is row without cancellation, over edges that propagate where they are named, in a
// client that gives up at 50.
func chain(propagated ...string) *sim.Plan {
	p := row("")
	for _, id := range propagated {
		p.Edges()[edgeNamed(p, id)].Propagate = true
	}
	return p
}

// A limit that is sent along ends the work without anybody's being told, as far down as it
// is sent along.
func TestPropagateDownTheChain(t *testing.T) {
	r := tell(t, chain("one->a", "a->b", "b->c"))
	says(t, "all the way: a", r.threads("a"), "working 20ms, a->b 30ms, idle 950ms")
	says(t, "all the way: b", r.threads("b"), "working 20ms, b->c 10ms, idle 970ms")
	says(t, "all the way: c", r.threads("c"), "working 10ms, idle 990ms")
	says(t, "all the way: a", r.answers("a"), "1 arrived: 1 cancelled")

	r = tell(t, chain("one->a", "a->b"))
	says(t, "to b: b", r.threads("b"), "working 20ms, b->c 10ms, idle 970ms")
	says(t, "to b: c", r.threads("c"), "working 20ms, of it wasted 10ms, idle 980ms")

	// Where the first does not send it, there is none to send on.
	r = tell(t, chain("a->b", "b->c"))
	says(t, "not from the client: c", r.threads("c"), "working 20ms, of it wasted 10ms, idle 980ms")
}

// The limit holds though the caller crashes at 45, which nobody is told of: b ends at the
// client's limit of 50, and so does c.
func TestPropagatedLimitOutlivesTheCaller(t *testing.T) {
	crash := func(p *sim.Plan) *telling {
		p.Faults = []sim.Fault{on(p, fault(sim.Crash, 45*ms, 46*ms), 0)}
		return tell(t, p)
	}
	r := crash(chain("one->a", "a->b", "b->c"))
	says(t, "fate", fates(&r.Tallies), "reset 45ms")
	says(t, "b", r.threads("b"), "working 20ms, b->c 10ms, idle 970ms")
	says(t, "c", r.threads("c"), "working 10ms, of it wasted 5ms, idle 990ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 cancelled; 1 attempts: 1 cancelled")
	says(t, "b", r.answers("b"), "1 arrived: 1 cancelled")
	// Not sent along to b: it goes on to its end, for nobody since 45.
	r = crash(chain("one->a"))
	says(t, "not sent along: b", r.threads("b"), "working 25ms, of it wasted 5ms, b->c 20ms, idle 955ms")
	says(t, "not sent along: c", r.threads("c"), "working 20ms, of it wasted 15ms, idle 980ms")
	// A limit of a's own, of 28 ms from 20 on: b ends at 48.
	p := chain("a->b", "b->c")
	p.Edges()[edgeNamed(p, "a->b")].Timeout = 28 * ms
	says(t, "its own limit: c", crash(p).threads("c"), "working 8ms, of it wasted 3ms, idle 992ms")
	// Or a deadline.
	p = chain("a->b", "b->c")
	p.Edges()[edgeNamed(p, "a->b")].Deadline = 28 * ms
	says(t, "its own deadline: c", crash(p).threads("c"), "working 8ms, of it wasted 3ms, idle 992ms")
	// Cancellation alone does not help: who would tell them?
	p = row("abc")
	says(t, "cancel: c", crash(p).threads("c"), "working 20ms, of it wasted 15ms, idle 980ms")
}

// Each try has its own limit, and the call's deadline is the last one's.
func TestPropagateTriesAndDeadline(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(100*ms))},
		request("one", 0, 0, propagate, timeout(30*ms), tries(3, 10*ms), deadline(60*ms)))
	r := tell(t, p)
	// 0 to 30, 40 to 60.
	says(t, "fate", fates(&r.Tallies), "timeout 60ms")
	says(t, "threads", r.threads("a"), "working 50ms, idle 950ms")
	says(t, "a", r.answers("a"), "2 arrived: 2 cancelled")
}

// Over a network: it is the caller's limit, not that and the time of the way.
func TestPropagateOverANetwork(t *testing.T) {
	build := func(limit time.Duration) *telling {
		return tell(t, plan(1*sec, []topology.Service{service("a", 1, 10, works(50*ms))}, request("one", 0, 0, propagate, network(20*ms), timeout(limit))))
	}
	r := build(40 * ms)
	says(t, "at work", r.threads("a"), "working 20ms, idle 980ms")
	says(t, "at work", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	// The limit is over before it arrives.
	r = build(10 * ms)
	says(t, "on its way", r.threads("a"), "idle 1s")
	says(t, "on its way", r.answers("a"), "1 arrived: 1 cancelled")
	// The answer of 70 is on its way back at 80.
	r = build(80 * ms)
	says(t, "on its way back", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
}

// A caller that stands still does not keep the callee from its limit.
func TestPropagateInAPauseOfTheCaller(t *testing.T) {
	build := func(change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{service("a", 1, 10, call(1, 0, append(change, timeout(30*ms))...)), service("b", 1, 10, works(100*ms))}, request("one", 0, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 10*ms, 60*ms), 0)}
		return tell(t, p)
	}
	r := build(propagate)
	says(t, "fate", fates(&r.Tallies), "error 60ms")
	says(t, "b", r.threads("b"), "working 30ms, idle 970ms")
	// Without it the callee works on, and a learns of its time-out at 60.
	r = build()
	says(t, "fate", fates(&r.Tallies), "error 60ms")
	says(t, "b", r.threads("b"), "working 100ms, of it wasted 40ms, idle 900ms")
}

// A deploy that brings cancellation in, and takes it out again.
func TestSetCancel(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 10, works(50*ms))},
		traced("load", 0, durations(0, 100*ms, 200*ms), timeout(10*ms)))
	f := on(p, fault(sim.Set, 105*ms, 205*ms), 0)
	f.Set.Cancel = new(bool)
	*f.Set.Cancel = true
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	// What counts is what is in force when the call is given up, at 10, 110 and 210.
	says(t, "a", r.answers("a"), "3 arrived: 2 success, 1 cancelled")
	says(t, "threads", r.threads("a"), "working 110ms, of it wasted 80ms, idle 4.89s")
}

// An M/M/1 station at load 0.8 (80 a second, 10 ms) whose callers wait 100 ms at most: in
// time are 1-e^-2 of the requests where nobody is told (69.2 a second); 75.7 a second where
// those given up are thrown away when a thread reaches them; 77.6 where they are stopped at
// once. The latter two are published figures of a simulation. 400,000 s of each: the bound is
// 0.3 a second, some four standard errors.
func TestGoodputByCancellation(t *testing.T) {
	onlyMore(t)
	for _, c := range []struct {
		name             string
		cancel, deadline bool
		want             float64
	}{
		{"nobody is told", false, false, 80 * (1 - math.Exp(-2))},
		{"thrown away in the queue", false, true, 75.7},
		{"stopped", true, false, 77.6},
	} {
		a := service("a", 1, topology.Unlimited, work(topology.Exponential(10*ms)))
		a.Cancel, a.Deadline = c.cancel, c.deadline
		p := plan(20_000*sec, []topology.Service{a}, openSource("s", 0, 80, func(e *topology.Edge) { e.Timeout = 100 * ms }))
		tt := run(t, p)
		got := float64(tt.Sources[0].Ended[topology.Success]) / time.Duration(p.Duration).Seconds()
		v := &tt.Services[0]
		t.Logf("%s: goodput %.2f/s, wasted %.3f of the work", c.name, got, v.Wasted.Seconds()/v.Working.Seconds())
		if math.Abs(got-c.want) > 0.3 {
			t.Errorf("%s: goodput %.2f/s, want %.2f", c.name, got, c.want)
		}
	}
}

// Two copies of a request begin in one instant, at the end of a pause. Where one has
// nothing to call it succeeds at once, and the other is stopped between its parallel
// step and the first call of it: a call that has not begun, for which no thread waits
// yet. Chance has it so in about a quarter of forty cases.
func TestStoppedBeforeItsCallsBegin(t *testing.T) {
	stoppedThen := 0
	for seed := range 40 {
		half := call(1, 0, func(e *topology.Edge) { e.Chance = 0.5 })
		a := service("a", 4, 10, parallel(half))
		a.Cancel = true
		p := plan(1*sec, []topology.Service{a, service("b", 4, 10, works(10*ms))},
			request("r", 10*ms, 0, func(e *topology.Edge) { e.Hedge = &topology.Hedge{After: 1 * ms, Max: 1} }))
		p.Seed = uint64(seed)
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 5*ms, 20*ms), 0)}
		r := tell(t, p) // the laws are checked
		if r.edge("a->b").Calls == 0 && r.service("a").Answers[topology.Cancelled] == 1 {
			stoppedThen++
			if n := r.samples[0].Edges[edgeNamed(p, "a->b")].CallOutcomes; n != [topology.NumOutcomes]uint64{} {
				t.Errorf("calls that never began have ended: %v", n)
			}
		}
	}
	if stoppedThen < 4 {
		t.Errorf("only %d of 40 were stopped before a call began", stoppedThen)
	}
}

// An answer that came before the deadline is an answer, over a call that propagates too,
// though its caller stood still until after the deadline.
func TestAnswerBeforeADeadlineInAPause(t *testing.T) {
	for _, change := range [][]func(*topology.Edge){{deadline(50 * ms)}, {deadline(50 * ms), propagate}} {
		p := plan(1*sec, []topology.Service{service("a", 1, 10, call(1, 0, change...)), service("b", 1, 10, works(20*ms))}, request("one", 0, 0))
		p.Faults = append(p.Faults, on(p, fault(sim.Pause, 10*ms, 100*ms), 0))
		r := tell(t, p)
		says(t, "fate", fates(&r.Tallies), "success 100ms")
		says(t, "a->b", r.calls("a->b"), "1 calls: 1 success; 1 attempts: 1 success")
	}
}

// A limit goes on through a service that stands still when it is reached: those it has
// asked have clocks of their own.
func TestPropagateThroughAPause(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, call(1, 0, propagate)), service("b", 1, 10, works(300*ms))},
		request("one", 0, 0, propagate, timeout(50*ms)))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 10*ms, 200*ms), 0)}
	r := tell(t, p)
	says(t, "fate", fates(&r.Tallies), "timeout 50ms")
	says(t, "b", r.threads("b"), "working 50ms, idle 950ms")
	says(t, "a", r.answers("a"), "1 arrived: 1 cancelled")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 cancelled; 1 attempts: 1 cancelled")
}
