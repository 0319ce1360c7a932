package sim_test

import (
	"fmt"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// Incidents, worked out by hand to the last request and the last nanosecond. Each
// test tells what happens, does the arithmetic, and then holds the engine to it.

// A service of 4 threads gets a request every 10 ms, at 5, 15, 25 … ms, and works 32 ms
// on each: the k-th (from 0) arrives at 5+10k and is done at 37+10k. From 500 to 700 ms
// the service is down.
func TestCrashAtASteadyRate(t *testing.T) {
	load := steady("load", 0, 100)
	load.Start = at(5 * ms)
	p := plan(1*sec, []topology.Service{service("a", 4, 10, works(32*ms))}, load)
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 500*ms, 700*ms), 0)}
	r := tell(t, p)

	// Before: 37+10k < 500 holds for k = 0 … 46, 47 successes. In its threads at 500 ms
	// are 47, 48 and 49: reset. Down: 505 … 695, 20 refused. Back: of those from 705 on
	// (k = 70 … 99) 37+10k < 1000 holds up to 96: 27 more; 3 are in its threads at the end.
	says(t, "load", r.requests("load"), "100 offered: 74 success, 20 refused, 3 reset, 3 in flight")
	says(t, "a", r.answers("a"), "100 arrived: 74 success, 20 refused, 3 reset, 3 in threads")
	says(t, "the edge", r.calls("load->a"), "100 calls: 74 success, 20 refused, 3 reset, 3 under way; "+
		"100 attempts: 74 success, 20 refused, 3 reset, 3 under way")
	// 74 times 32 ms, the reset ones' 25+15+5 and the last three's 25+15+5; 4 threads down
	// for 200 ms; the rest of 4 s is idle.
	says(t, "a's threads", r.threads("a"), "working 2.458s, idle 742ms, down 800ms")

	var tells []string
	for _, tr := range r.transitions {
		tells = append(tells, fmt.Sprint(tr.At.Duration(), " ", tr.Kind))
	}
	if len(tells) != 4 || r.transitions[1].At != at(500*ms) || r.transitions[2].At != at(700*ms) {
		t.Errorf("transitions %v, want two at 500 ms and two at 700 ms", tells)
	}
}

// The same load on two instances of 2 threads in turn: even requests go to the first,
// which goes down; the second serves the odd ones as if nothing had happened.
func TestCrashOfOneInstance(t *testing.T) {
	load := steady("load", 0, 100)
	load.Start = at(5 * ms)
	p := plan(1*sec, []topology.Service{service("a", 2, 10, works(32*ms))}, load)
	p.Topology.Services[0].Instances = 2
	f := on(p, fault(sim.Crash, 500*ms, 700*ms), 0)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)

	// First instance: 0, 2 … 46 done before, 48 (485 ms) reset; 50 … 68 refused; 70 … 96
	// done after, 98 in a thread. Second: 1, 3 … 95 done, 97 and 99 in threads.
	says(t, "load", r.requests("load"), "100 offered: 86 success, 10 refused, 1 reset, 3 in flight")
	first, second := &r.service("a").Instances[0], &r.service("a").Instances[1]
	var c1, c2 clause
	c1.outcomes(&first.Answers)
	c2.outcomes(&second.Answers)
	says(t, "first instance", c1.String(), "38 success, 10 refused, 1 reset")
	says(t, "second instance", c2.String(), "48 success")
	if first.Down != at(200*ms) || second.Down != 0 {
		t.Errorf("down %v and %v, want 200ms and none", first.Down, second.Down)
	}
	// The first held 38 whole works, 15 ms of the reset one, 15 of the last; the second
	// 48, and 25 and 5 of its last two.
	if first.Held != at(38*32*ms+30*ms) || second.Held != at(48*32*ms+30*ms) {
		t.Errorf("held %v and %v", first.Held, second.Held)
	}
}

// Over a network that takes 7 ms each way, to a service that is down from 100 to 200 ms
// and works 10 ms.
func TestCrashSeenOverANetwork(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 4, 10, works(10*ms))},
		request("before", 70*ms, 0, network(7*ms)),   // 77 to 87, heard at 94
		request("held", 85*ms, 0, network(7*ms)),     // there at 92, not done at 100: reset at that instant
		request("sent", 95*ms, 0, network(7*ms)),     // there at 102: refused, heard at 109
		request("down", 150*ms, 0, network(7*ms)),    // there at 157: refused, heard at 164
		request("arrives", 195*ms, 0, network(7*ms)), // there at 202: it is up again
	)
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 100*ms, 200*ms), 0)}
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 24ms, reset 15ms, refused 14ms, refused 14ms, success 24ms")
}

// A caller crashes: what it had asked of others goes on there, and nobody hears of it.
func TestCrashOfTheCaller(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 2, 10, works(10*ms), call(1, 0, timeout(300*ms))),
		service("b", 1, 10, works(100*ms)),
	}, request("one", 0, 0), request("two", 30*ms, 0))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 50*ms, 60*ms), 0)}
	r := tell(t, p)

	// One: a works to 10, b from 10 to 110. Two: a works from 30 to 40 and waits for b, which
	// takes it up at 110 and is done at 210. a crashes at 50: both are reset; of b's 200 ms
	// the first 40 were for somebody.
	says(t, "fates", fates(&r.Tallies), "reset 50ms, reset 20ms")
	says(t, "a->b", r.calls("a->b"), "2 calls: 2 cancelled; 2 attempts: 2 cancelled")
	says(t, "b", r.answers("b"), "2 arrived: 2 success")
	says(t, "b's threads", r.threads("b"), "working 200ms, of it wasted 160ms, idle 800ms")
	says(t, "a's threads", r.threads("a"), "working 20ms, a->b 50ms, idle 1.91s, down 20ms")
}

// A caller's budget is new when it comes back from a crash.
func TestCrashRenewsTheBudget(t *testing.T) {
	budget := func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Ratio: 0, Burst: 1} }
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, tries(3, 0), budget)),
		service("b", 1, 10, works(10*ms)),
	}, traced("load", 0, []time.Duration{0, 100 * ms, 300 * ms, 400 * ms}))
	errors := on(p, fault(sim.Errors, 0, 1*sec), 1)
	errors.Rate = 1
	p.Faults = []sim.Fault{errors, on(p, fault(sim.Crash, 200*ms, 250*ms), 0)}
	// One token: the first request's second try has it, its third and the second request
	// have none. After the crash the same again.
	says(t, "a->b", tell(t, p).calls("a->b"), "4 calls: 4 error; 6 attempts: 6 error")
}

// A service of 4 threads gets a request every 10 ms, at 5, 15, 25 … ms, and works 8 ms on
// each. From 1 to 3 s it works ten times as long.
func TestTenfoldSlowDown(t *testing.T) {
	build := func() *sim.Plan {
		load := steady("load", 0, 100)
		load.Start = at(5 * ms)
		p := plan(4*sec, []topology.Service{service("a", 4, topology.Unlimited, works(8*ms))}, load)
		slow := on(p, fault(sim.Slow, 1*sec, 3*sec), 0)
		slow.Factor = 10
		p.Faults = []sim.Fault{slow}
		return p
	}

	// Slow, a thread that begins at 1005, 1015, 1025, 1035 ms ends 80 ms later and begins
	// anew: 4 begin every 80 ms, 100 in 25 rounds until 2955 ms, while 200 arrive. So 100
	// wait at 3 s, and 4 are in threads.
	p := build()
	s := sim.New(p)
	s.RunUntil(at(3 * sec))
	half, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	says(t, "a at 3 s", answersLine(&half.Services[0].OpTally), "300 arrived: 196 success, 100 waiting, 4 in threads")

	// From 3005 ms on the threads come free one after the other, every 10 ms, and work 8 ms
	// again. x ms after 3005, from x = 30 on, one begins at every even x: 10 until then, so
	// 10+(x-30)/2 by x. There have come 1+⌊x/10⌋. What waits, 100+1+⌊x/10⌋-10-(x-30)/2,
	// is 0 first at x = 264, when no one arrives: the waiting room is empty at 3269 ms.
	p = build()
	p.Cuts = []des.Time{at(1035 * ms), at(1045 * ms), at(3269 * ms)}
	r := tell(t, p)
	for _, sm := range r.samples {
		v := &sm.Services[0]
		span := sm.To - sm.From
		switch sm.From {
		case at(1035 * ms): // from the fourth one's begin on all threads are held
			if v.Held() != 4*span || v.QueueTime != 0 {
				t.Errorf("from 1035 ms on: held %v, waiting %v", v.Held(), v.QueueTime)
			}
		case at(1045 * ms), at(2 * sec):
			if v.Held() != 4*span || v.QueueTime == 0 {
				t.Errorf("from %v on: held %v, waiting %v", sm.From, v.Held(), v.QueueTime)
			}
		case at(3 * sec): // the threads are all held up to the queue's end
			if v.Held() != 4*span || v.QueueTime == 0 {
				t.Errorf("from 3 s on: held %v, waiting %v", v.Held(), v.QueueTime)
			}
		case at(3269 * ms): // and none waits ever after
			if v.Held() == 4*span || v.QueueTime != 0 {
				t.Errorf("after 3269 ms: held %v, waiting %v", v.Held(), v.QueueTime)
			}
		}
	}
	// 100 and 199 times 8 ms, 100 times 80, and 5 ms of the last (3995 ms).
	says(t, "load", r.requests("load"), "400 offered: 399 success, 1 in flight")
	says(t, "a's threads", r.threads("a"), "working 10.397s, idle 5.603s")
	v := r.service("a")
	// Whoever came from 1045 to 3265 ms waited: numbers 104 to 326. At 3005 ms, when a thread
	// ends and a request arrives, the end was known first: the room never held more than 100.
	if v.Waited != 223 || v.QueueMax != 100 {
		t.Errorf("%d waited, %d at most; want 223, 100", v.Waited, v.QueueMax)
	}
	// The 200th (2005 ms) begins at 3005, a wait of 1 s. The 199th (1995 ms) waited 960 ms
	// and worked 80.
	if v.Waiting.Max() != int64(1*sec) || r.source("load").Latency.Max() != int64(1040*ms) {
		t.Errorf("longest wait %d ns, longest request %d ns", v.Waiting.Max(), r.source("load").Latency.Max())
	}
}

// One thread, 100 ms of work, two places in the waiting room.
func TestWaitingRoomFull(t *testing.T) {
	build := func(places int, order topology.Order) string {
		a := service("a", 1, places, works(100*ms))
		a.Order = order
		r := tell(t, plan(1*sec, []topology.Service{a},
			request("r0", 0, 0), request("r1", 10*ms, 0), request("r2", 20*ms, 0),
			request("r3", 30*ms, 0), request("r4", 110*ms, 0), request("r5", 120*ms, 0)))
		return fates(&r.Tallies)
	}
	// r1 and r2 wait, r3 finds no place. At 100 r1 gets the thread, and r4 its place; r5 finds
	// none. r2 begins at 200, r4 at 300.
	says(t, "first come, first served", build(2, topology.FIFO),
		"success 100ms, success 190ms, success 280ms, rejected 0s, success 290ms, rejected 0s")
	// At 100 r2 is taken, the last that came, at 200 r4, and r1 at 300.
	says(t, "last come, first served", build(2, topology.LIFO),
		"success 100ms, success 390ms, success 180ms, rejected 0s, success 190ms, rejected 0s")
	says(t, "no waiting room", build(0, topology.FIFO),
		"success 100ms, rejected 0s, rejected 0s, rejected 0s, success 100ms, rejected 0s")
	// r3 begins at 300, r4 at 400, r5 at 500.
	says(t, "room for all", build(topology.Unlimited, topology.FIFO),
		"success 100ms, success 190ms, success 280ms, success 370ms, success 390ms, success 480ms")
}

// Two requests in the same instant: the first in the file comes first.
func TestSameInstantInTheOrderOfTheFile(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 1, works(10*ms))},
		request("r0", 100*ms, 0), request("r1", 100*ms, 0), request("r2", 100*ms, 0))
	says(t, "fates", fates(&tell(t, p).Tallies), "success 10ms, success 20ms, rejected 0s")
}

// A caller that gives up after 50 ms, a callee that works 80 ms with one thread.
func TestTimeoutsAndLateAnswers(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 2, 10, works(10*ms), call(1, 0, timeout(50*ms))),
		service("b", 1, 10, works(80*ms)),
	}, request("one", 0, 0), request("two", 20*ms, 0))
	r := tell(t, p)
	// One calls b at 10 and gives up at 60; b works from 10 to 90, 30 of it for nobody.
	// Two calls at 30, waits in b's room, gives up at 80; b takes it up at 90 all the same and
	// works 80 ms for nobody.
	says(t, "fates", fates(&r.Tallies), "error 60ms, error 60ms")
	says(t, "a->b", r.calls("a->b"), "2 calls: 2 timeout; 2 attempts: 2 timeout; 2 late")
	says(t, "a", r.answers("a"), "2 arrived: 2 error")
	says(t, "b", r.answers("b"), "2 arrived: 2 success")
	says(t, "a's threads", r.threads("a"), "working 20ms, a->b 100ms, idle 1.88s")
	says(t, "b's threads", r.threads("b"), "working 160ms, of it wasted 110ms, idle 840ms")
}

// An answer that comes at the very instant of the time-out: the time-out was set first.
func TestTimeoutAtTheInstantOfTheAnswer(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(50*ms))},
		request("tie", 0, 0, timeout(50*ms)), request("in time", 100*ms, 0, timeout(50*ms+1)))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "timeout 50ms, success 50ms")
	says(t, "tie", r.calls("tie->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
}

// The client gives up in the middle of a chain: everything from that instant on is
// wasted, at every depth, to the nanosecond.
func TestAbandonedWorkIsWasted(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, works(20*ms), call(1, 0), works(5*ms)),
		service("b", 1, 10, works(20*ms), call(2, 0)),
		service("c", 1, 10, works(20*ms)),
	}, request("one", 0, 0, timeout(30*ms+1)))
	r := tell(t, p)
	// a works to 20, b to 40, c to 60, a to 65. Up to 30 ms and 1 ns it was for somebody.
	says(t, "fate", fates(&r.Tallies), "timeout 30.000001ms")
	says(t, "a's threads", r.threads("a"), "working 25ms, of it wasted 5ms, a->b 40ms, idle 935ms")
	says(t, "b's threads", r.threads("b"), "working 20ms, of it wasted 9.999999ms, b->c 20ms, idle 960ms")
	says(t, "c's threads", r.threads("c"), "working 20ms, of it wasted 20ms, idle 980ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
	// Whoever is called for an abandoned caller does not know it: no time-out here.
	says(t, "b->c", r.calls("b->c"), "1 calls: 1 success; 1 attempts: 1 success")
}

// An abandoned attempt gives up its own calls and tries them again, all for nobody.
func TestAbandonedCallersGoOnTrying(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, timeout(40*ms), tries(2, 10*ms))),
		service("b", 2, 10, works(60*ms)),
	}, request("one", 0, 0, timeout(20*ms)))
	r := tell(t, p)
	// b works from 0 to 60 and from 50 to 110: 20 ms for the client. a waits 40, backs off 10,
	// waits 40, fails at 90.
	says(t, "fate", fates(&r.Tallies), "timeout 20ms")
	says(t, "a", r.answers("a"), "1 arrived: 1 error")
	says(t, "a's threads", r.threads("a"), "a->b 80ms, backoff a->b 10ms, idle 910ms")
	says(t, "b's threads", r.threads("b"), "working 120ms, of it wasted 100ms, idle 1.88s")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 timeout; 2 attempts: 2 timeout; 2 late")
}

// Nothing ever answers. Tries of 40 ms, 10 ms apart, as many as the deadline lets.
func TestDeadlineAcrossTries(t *testing.T) {
	flat := func(e *topology.Edge) { e.Retry.Factor = 1 }
	p := plan(1*sec, []topology.Service{service("a", topology.Unlimited, 0, work(topology.Dist{Kind: topology.NeverDist}))},
		request("in a backoff", 0, 0, timeout(40*ms), tries(5, 10*ms), flat, deadline(95*ms)),  // tries at 0, 50
		request("in a try", 0, 0, timeout(40*ms), tries(5, 10*ms), flat, deadline(120*ms)),     // at 0, 50, 100
		request("no time-out", 0, 0, tries(5, 10*ms), flat, deadline(70*ms)),                   // one
		request("out of tries", 0, 0, timeout(40*ms), tries(2, 10*ms), flat, deadline(500*ms)), // at 0, 50
		request("no deadline", 0, 0, timeout(40*ms), tries(5, 10*ms), flat),                    // 5·40 + 4·10
	)
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "timeout 95ms, timeout 120ms, timeout 70ms, timeout 90ms, timeout 240ms")
	says(t, "in a backoff", r.calls("in a backoff->a"), "1 calls: 1 timeout; 2 attempts: 2 timeout")
	says(t, "in a try", r.calls("in a try->a"), "1 calls: 1 timeout; 3 attempts: 3 timeout")
	says(t, "no time-out", r.calls("no time-out->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	says(t, "out of tries", r.calls("out of tries->a"), "1 calls: 1 timeout; 2 attempts: 2 timeout")
	says(t, "no deadline", r.calls("no deadline->a"), "1 calls: 1 timeout; 5 attempts: 5 timeout")
}

// A deadline that passes when the answer has come does nothing; the next call of the
// same step has one of its own.
func TestDeadlineOfEachCall(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, deadline(35*ms), times(3)), works(30*ms)),
		service("b", 1, 10, works(30*ms)),
	}, request("one", 0, 0))
	says(t, "fate", fates(&tell(t, p).Tallies), "success 120ms")
}

func times(n int) func(*topology.Edge) { return func(e *topology.Edge) { e.Times = n } }

// sent checks at which instants, to the nanosecond, attempts set out over an edge.
func sent(t *testing.T, p *sim.Plan, edge string, want ...time.Duration) {
	t.Helper()
	for _, w := range want {
		p.Cuts = append(p.Cuts, at(w), at(w)+1)
	}
	r := tell(t, p)
	count := map[des.Time]int{}
	for _, w := range want {
		count[at(w)]++
	}
	n := edgeNamed(p, edge)
	for _, sm := range r.samples {
		if got, want := int(sm.Edges[n].Attempts), count[sm.From]; got != want {
			t.Errorf("%s: %d attempts from %v to %v, want %d", edge, got, sm.From, sm.To, want)
		}
	}
}

// A service that works 20 ms and then fails, and a client that tries five times.
func TestBackoffAtExactInstants(t *testing.T) {
	build := func(change ...func(*topology.Edge)) *sim.Plan {
		p := plan(3*sec, []topology.Service{service("a", 1, 10, works(20*ms))}, request("one", 0, 0, change...))
		f := on(p, fault(sim.Errors, 0, 3*sec), 0)
		f.Rate, f.AfterWork = 1, true
		p.Faults = []sim.Fault{f}
		return p
	}
	// The wait before retry k is min(300, 100·2^(k-1)): 100, 200, 300, 300, each from the failure.
	limit := func(e *topology.Edge) { e.Retry.Max = 300 * ms }
	sent(t, build(tries(5, 100*ms), limit), "one->a", 0, 120*ms, 340*ms, 660*ms, 980*ms)
	says(t, "its fate", fates(&tell(t, build(tries(5, 100*ms), limit)).Tallies), "error 1s")
	// A factor of 3, and no limit in reach.
	cubed := func(e *topology.Edge) { e.Retry.Factor = 3 }
	sent(t, build(tries(4, 10*ms), cubed), "one->a", 0, 30*ms, 80*ms, 190*ms)
	// No backoff: at once, in the same instant.
	sent(t, build(tries(3, 0)), "one->a", 0, 20*ms, 40*ms)
	// One attempt, or none said: no retry.
	sent(t, build(tries(1, 100*ms)), "one->a", 0)
	sent(t, build(), "one->a", 0)
	// An error is not among what is worth a retry.
	only := func(e *topology.Edge) { e.Retry.On = topology.OutcomeSet(0).With(topology.Timeout) }
	sent(t, build(tries(5, 100*ms), only), "one->a", 0)
}

// Full jitter waits between 0 and the whole, equal jitter between half and the whole;
// each retry of each request has its own luck.
func TestJitterWithinItsBounds(t *testing.T) {
	for _, c := range []struct {
		jitter   topology.Jitter
		from, to time.Duration
	}{{topology.FullJitter, 0, 100 * ms}, {topology.EqualJitter, 50 * ms, 100 * ms}} {
		jitter := func(e *topology.Edge) { e.Retry.Jitter = c.jitter }
		p := plan(100*sec, []topology.Service{service("a", 1, 10)}, steady("load", 0, 100, tries(2, 100*ms), jitter))
		f := on(p, fault(sim.Errors, 0, 100*sec), 0)
		f.Rate = 1
		p.Faults = []sim.Fault{f}
		h := tell(t, p).source("load").Failed
		// The fewest and the most of some 9,990 uniform waits lie within 0.2% of the ends but once
		// in e^20.
		width := c.to - c.from
		if lo, hi := time.Duration(h.Min()), time.Duration(h.Max()); lo < c.from || lo > c.from+width/500 || hi > c.to || hi < c.to-width/500 {
			t.Errorf("jitter %d: waits from %v to %v, want all of %v to %v", c.jitter, lo, hi, c.from, c.to)
		}
	}
}

// A budget of 10%, one token large: ten first tries pay for one retry, exactly.
func TestBudgetArithmetic(t *testing.T) {
	build := func(n, processes int, burst float64) *sim.Plan {
		budget := func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Ratio: 0.1, Burst: burst} }
		load := steady("load", 0, 100, tries(3, 0), budget)
		load.Limit, load.Instances = int64(n), processes
		p := plan(1*sec, []topology.Service{service("a", 1, 10)}, load)
		f := on(p, fault(sim.Errors, 0, 1*sec), 0)
		f.Rate = 1
		p.Faults = []sim.Fault{f}
		return p
	}
	retries := func(p *sim.Plan) uint64 { return tell(t, p).edge("load->a").Retries }
	for _, c := range []struct {
		n, processes int
		burst        float64
		want         uint64
		why          string
	}{
		{1, 1, 1, 1, "the bucket starts full: one token, one retry"},
		{10, 1, 1, 1, "nine first tries since make 0.9"},
		{11, 1, 1, 2, "the eleventh's own makes it a whole one"},
		{31, 1, 1, 4, "1, 11, 21, 31"},
		{1, 1, 5, 2, "five tokens, but three tries"},
		{3, 1, 5, 5, "2, 2 and 1: 5 tokens, and 0.1 twice is no token"},
		{22, 1, 1, 3, "1, 11, 21"},
		{22, 2, 1, 4, "two client processes in turn: 1, 21 of the one, 2, 22 of the other"},
		{40, 1, 0.5, 0, "a bucket that holds half a token never pays"},
	} {
		if got := retries(build(c.n, c.processes, c.burst)); got != c.want {
			t.Errorf("%d requests of %d processes, burst %v: %d retries, want %d (%s)", c.n, c.processes, c.burst, got, c.want, c.why)
		}
	}
	// Without a token the call ends as its last try did.
	says(t, "the rest", tell(t, build(11, 1, 1)).calls("load->a"), "11 calls: 11 error; 13 attempts: 13 error")
}

// The budget pays at the moment of sending, after the backoff.
func TestBudgetPaysAtTheMomentOfSending(t *testing.T) {
	budget := func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Ratio: 0.5, Burst: 1} }
	build := func(when ...time.Duration) *sim.Plan {
		p := plan(1*sec, []topology.Service{service("a", 1, 10)}, traced("load", 0, when, tries(2, 50*ms), budget))
		f := on(p, fault(sim.Errors, 0, 1*sec), 0)
		f.Rate = 1
		p.Faults = []sim.Fault{f}
		return p
	}
	// One token: at 50 the first has it; at 60 and 70 there is none.
	sent(t, build(0, 10*ms, 20*ms), "load->a", 0, 10*ms, 20*ms, 50*ms)
	// First tries at 55 and 58 make another, just in time for the second's retry at 60. At 70,
	// 105 and 108 there is none.
	sent(t, build(0, 10*ms, 20*ms, 55*ms, 58*ms), "load->a", 0, 10*ms, 20*ms, 50*ms, 55*ms, 58*ms, 60*ms)
}

// A budget of a service's edge is kept an instance of the caller.
func TestBudgetOfEachCallerInstance(t *testing.T) {
	budget := func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Ratio: 0, Burst: 1} }
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, tries(2, 0), budget)),
		service("b", 1, 10),
	}, traced("load", 0, []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 40 * ms, 50 * ms}))
	p.Topology.Services[0].Instances = 3
	f := on(p, fault(sim.Errors, 0, 1*sec), 1)
	f.Rate = 1
	p.Faults = []sim.Fault{f}
	// Three instances in turn, each with one token.
	says(t, "a->b", tell(t, p).calls("a->b"), "6 calls: 6 error; 9 attempts: 9 error")
}

// a works 5 ms and asks b, c and d side by side: 30, 50 and 10 ms.
func TestParallelOfUnequalBranches(t *testing.T) {
	type branch = func(*topology.Edge)
	build := func(b, c, d branch) *sim.Plan {
		return plan(1*sec, []topology.Service{
			service("a", 1, 10, works(5*ms), parallel(call(1, 0, b), call(2, 0, c), call(3, 0, d))),
			service("b", 1, 10, works(30*ms)), service("c", 1, 10, works(50*ms)), service("d", 1, 10, works(10*ms)),
		}, request("one", 0, 0))
	}
	plain := func(*topology.Edge) {}
	fails := func(p *sim.Plan, service int) *sim.Plan {
		f := on(p, fault(sim.Errors, 0, 1*sec), service)
		f.Rate, f.AfterWork = 1, true
		p.Faults = append(p.Faults, f)
		return p
	}
	back := topology.Constant(40 * ms)
	falls := func(e *topology.Edge) { e.Fallback = &back }

	// Its thread waits for the first in the file that has not ended: b up to 35, then c up to
	// 55, when d has long been there.
	r := tell(t, build(plain, plain, plain))
	says(t, "all well", fates(&r.Tallies), "success 55ms")
	says(t, "a's threads", r.threads("a"), "working 5ms, a->b 30ms, a->c 20ms, idle 945ms")

	// A branch fails: the others are waited for all the same.
	r = tell(t, fails(build(plain, plain, plain), 1))
	says(t, "b fails at 35", fates(&r.Tallies), "error 55ms")
	says(t, "c", r.answers("c"), "1 arrived: 1 success")
	r = tell(t, fails(build(optional, plain, plain), 1))
	says(t, "b fails and is optional", fates(&r.Tallies), "success 55ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 error; 1 attempts: 1 error")
	r = tell(t, fails(fails(build(optional, plain, plain), 1), 3))
	says(t, "b fails and is optional, d fails and is not", fates(&r.Tallies), "error 55ms")

	// b fails at 35 and the thread works 40 ms instead; c's answer waits for that.
	r = tell(t, fails(build(falls, plain, plain), 1))
	says(t, "b has a fallback", fates(&r.Tallies), "success 75ms")
	says(t, "a's threads", r.threads("a"), "working 45ms, a->b 30ms, idle 925ms")
	// d fails at 15, and its 40 ms run side by side with what its thread waits for.
	r = tell(t, fails(build(plain, plain, falls), 3))
	says(t, "d has a fallback", fates(&r.Tallies), "success 55ms")
	says(t, "a's threads", r.threads("a"), "working 5ms, a->b 30ms, a->c 20ms, idle 945ms")

	// A branch that times out at 25 and is tried once more, up to 45.
	r = tell(t, build(func(e *topology.Edge) { e.Timeout, e.Retry.Attempts = 20*ms, 2 }, plain, plain))
	says(t, "b is tried twice", fates(&r.Tallies), "error 55ms")
	says(t, "a's threads", r.threads("a"), "working 5ms, a->b 40ms, a->c 10ms, idle 945ms")

	// Nothing to do: branches of no chance.
	never := func(e *topology.Edge) { e.Chance = 0 }
	r = tell(t, build(never, never, never))
	says(t, "no branch", fates(&r.Tallies), "success 5ms")
	r = tell(t, build(never, plain, never))
	says(t, "c alone", fates(&r.Tallies), "success 55ms")

	// Each branch three times, one after the other: 90, 150 and 30 ms.
	r = tell(t, build(times(3), times(3), times(3)))
	says(t, "thrice", fates(&r.Tallies), "success 155ms")
	says(t, "a's threads", r.threads("a"), "working 5ms, a->b 90ms, a->c 60ms, idle 845ms")
}

// a works 10 ms, calls b (20 ms) with various policies, works 5 ms.
func TestTimesOptionalFallbackChance(t *testing.T) {
	build := func(fails bool, change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", 1, 10, works(10*ms), call(1, 0, change...), works(5*ms)),
			service("b", 1, 10, works(20*ms)),
		}, request("one", 0, 0))
		if fails {
			f := on(p, fault(sim.Errors, 0, 1*sec), 1)
			f.Rate, f.AfterWork = 1, true
			p.Faults = []sim.Fault{f}
		}
		return tell(t, p)
	}
	back := topology.Constant(7 * ms)
	falls := func(e *topology.Edge) { e.Fallback = &back }
	for _, c := range []struct {
		name    string
		fails   bool
		change  []func(*topology.Edge)
		fate    string
		calls   string
		threads string
	}{
		{"five times", false, []func(*topology.Edge){times(5)},
			"success 115ms", "5 calls: 5 success; 5 attempts: 5 success", "working 15ms, a->b 100ms, idle 885ms"},
		{"a failure ends the operation at once", true, nil,
			"error 30ms", "1 calls: 1 error; 1 attempts: 1 error", "working 10ms, a->b 20ms, idle 970ms"},
		{"the first of five fails", true, []func(*topology.Edge){times(5)},
			"error 30ms", "1 calls: 1 error; 1 attempts: 1 error", "working 10ms, a->b 20ms, idle 970ms"},
		{"optional", true, []func(*topology.Edge){optional},
			"success 35ms", "1 calls: 1 error; 1 attempts: 1 error", "working 15ms, a->b 20ms, idle 965ms"},
		{"optional, five times", true, []func(*topology.Edge){optional, times(5)},
			"success 115ms", "5 calls: 5 error; 5 attempts: 5 error", "working 15ms, a->b 100ms, idle 885ms"},
		{"with a fallback of 7 ms", true, []func(*topology.Edge){falls},
			"success 42ms", "1 calls: 1 error; 1 attempts: 1 error", "working 22ms, a->b 20ms, idle 958ms"},
		{"with a fallback, three times", true, []func(*topology.Edge){falls, times(3)},
			"success 96ms", "3 calls: 3 error; 3 attempts: 3 error", "working 36ms, a->b 60ms, idle 904ms"},
		{"a fallback that is not needed", false, []func(*topology.Edge){falls},
			"success 35ms", "1 calls: 1 success; 1 attempts: 1 success", "working 15ms, a->b 20ms, idle 965ms"},
		{"no chance", false, []func(*topology.Edge){func(e *topology.Edge) { e.Chance = 0 }},
			"success 15ms", "0 calls: none; 0 attempts: none", "working 15ms, idle 985ms"},
		{"a fallback at a time-out", false, []func(*topology.Edge){falls, timeout(12 * ms)},
			"success 34ms", "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late", "working 22ms, a->b 12ms, idle 966ms"},
		{"the protocol costs the callee 3 ms", false, []func(*topology.Edge){func(e *topology.Edge) { e.Overhead = topology.Constant(3 * ms) }},
			"success 38ms", "1 calls: 1 success; 1 attempts: 1 success", "working 15ms, a->b 23ms, idle 962ms"},
	} {
		r := build(c.fails, c.change...)
		says(t, c.name, fates(&r.Tallies), c.fate)
		says(t, c.name+": a->b", r.calls("a->b"), c.calls)
		says(t, c.name+": a's threads", r.threads("a"), c.threads)
	}
}

// Of 10,000 requests a call with a chance of 30% is made by 3,000, give or take 4.5 times
// the binomial's deviation of √(10,000·0.3·0.7) = 45.8. (A chance of 32% misses by 200.)
func TestChance(t *testing.T) {
	p := plan(100*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, func(e *topology.Edge) { e.Chance = 0.3 })),
		service("b", 1, 10),
	}, steady("load", 0, 100))
	r := tell(t, p)
	if n := r.edge("a->b").Calls; n < 3000-206 || n > 3000+206 {
		t.Errorf("%d calls, want 3000 ± 206", n)
	}
	says(t, "load", r.requests("load"), "10000 offered: 10000 success")
}

// 7 ms there, 7 ms back, 10 ms of work.
func TestNetworkBothWays(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 1, works(10*ms)),
	}, request("plain", 0, 0, network(7*ms)), // 7 to 17, 24
		request("waits", 5*ms, 0, network(7*ms)),                              // there at 12, 17 to 27, 34
		request("rejected", 6*ms, 0, network(7*ms)),                           // there at 13, no place, 20
		request("late", 100*ms, 0, network(7*ms), timeout(20*ms)),             // gives up at 120, answer at 124
		request("before it arrives", 200*ms, 0, network(7*ms), timeout(5*ms)), // at 205; works from 207 on for nobody
	)
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 24ms, success 29ms, rejected 14ms, timeout 20ms, timeout 5ms")
	says(t, "late", r.calls("late->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
	// Of four works the last was for nobody from its begin on; the other late one was done
	// (at 117) when its caller gave up.
	says(t, "a's threads", r.threads("a"), "working 40ms, of it wasted 10ms, idle 960ms")
	// A callee's latency knows nothing of the network, a source's all of it.
	if v := r.service("a"); v.Latency.Max() != int64(15*ms) || v.Latency.Min() != int64(10*ms) {
		t.Errorf("a's latencies from %d to %d ns", v.Latency.Min(), v.Latency.Max())
	}
}

// What a thread of a does for 220 ms in a chain of three, and where that time is booked.
func TestThreadTimeByCause(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 2, 10, works(10*ms), call(1, 0, timeout(50*ms), tries(3, 20*ms))),
		service("b", 4, 10, works(5*ms), call(2, 0)),
		service("c", 1, 10, works(200*ms)),
	}, request("one", 0, 0))
	r := tell(t, p)
	// a: works to 10; tries from 10 to 60, 80 to 130, 170 to 220, with 20 and 40 ms between.
	says(t, "fate", fates(&r.Tallies), "error 220ms")
	says(t, "a's threads", r.threads("a"), "working 10ms, a->b 150ms, backoff a->b 60ms, idle 1.78s")
	// b: each try works 5 ms, at 10, 80, 170, the last two's whole for somebody too, and waits
	// for c: 15 to 215, 85 to 415, 175 to 615.
	says(t, "b's threads", r.threads("b"), "working 15ms, b->c 970ms, idle 3.015s")
	// c: three times 200 ms one after the other; only 15 to 60 was for somebody.
	says(t, "c's threads", r.threads("c"), "working 600ms, of it wasted 555ms, idle 400ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 timeout; 3 attempts: 3 timeout; 3 late")
	says(t, "b->c", r.calls("b->c"), "3 calls: 3 success; 3 attempts: 3 success")
	if q := r.service("c").QueueTime; q != at(130*ms+240*ms) { // 85 to 215, 175 to 415
		t.Errorf("waiting at c %v, want 370ms", q)
	}
}

// a.dead calls b, which never answers; a.well only works, on the same 3 threads.
func TestOperationsShareThePool(t *testing.T) {
	build := func(bulkhead int) *telling {
		dead := operation("dead", call(1, 0))
		dead.Bulkhead = bulkhead
		p := plan(1*sec, []topology.Service{
			several("a", 3, 1, dead, operation("well", works(10*ms))),
			service("b", topology.Unlimited, 0, work(topology.Dist{Kind: topology.NeverDist})),
		}, requestTo("d1", 0, 0, 0), requestTo("w1", 1*ms, 0, 1), requestTo("d2", 2*ms, 0, 0), requestTo("w2", 20*ms, 0, 1),
			requestTo("d3", 40*ms, 0, 0), requestTo("w3", 50*ms, 0, 1), requestTo("w4", 60*ms, 0, 1))
		return tell(t, p)
	}
	// At 40 the third of them takes the last thread: w3 waits for good, w4 finds no place.
	r := build(0)
	says(t, "one pool", fates(&r.Tallies), "in flight, success 10ms, in flight, success 10ms, in flight, in flight, rejected 0s")
	says(t, "a.dead", answersLine(&r.service("a").Operations[0]), "3 arrived: 3 in threads")
	says(t, "a.well", answersLine(&r.service("a").Operations[1]), "4 arrived: 2 success, 1 rejected, 1 waiting")
	// A bulkhead of 2 keeps one thread for the others.
	r = build(2)
	says(t, "with a bulkhead", fates(&r.Tallies), "in flight, success 10ms, in flight, success 10ms, bulkhead_full 0s, success 10ms, success 10ms")
}

// A bulkhead also holds for what comes from the waiting room: threads 2, bulkhead 1.
func TestBulkheadFromTheWaitingRoom(t *testing.T) {
	narrow := operation("narrow", works(100*ms))
	narrow.Bulkhead = 1
	p := plan(1*sec, []topology.Service{several("a", 2, 10, narrow, operation("wide", works(50*ms)))},
		requestTo("w1", 0, 0, 1), requestTo("w2", 10*ms, 0, 1), requestTo("n1", 20*ms, 0, 0), requestTo("n2", 30*ms, 0, 0),
		requestTo("w3", 40*ms, 0, 1), requestTo("n3", 70*ms, 0, 0), requestTo("n4", 200*ms, 0, 0))
	// At 50 n1 gets w1's thread, up to 150. At 60 w2's thread reaches n2: one is in there, so
	// it is turned away, and the thread takes w3, up to 110. n3 is turned away at the door. At
	// 200 the place is free again.
	says(t, "fates", fates(&tell(t, p).Tallies),
		"success 50ms, success 50ms, success 130ms, bulkhead_full 30ms, success 70ms, bulkhead_full 0s, success 100ms")
}

// a works 10 ms, calls b (50 ms), works 10 ms, with one thread.
func TestBlockingOrNot(t *testing.T) {
	build := func(blocking bool, sources ...sim.Source) *telling {
		a := service("a", 1, 10, works(10*ms), call(1, 0), works(10*ms))
		a.Blocking = blocking
		return tell(t, plan(1*sec, []topology.Service{a, service("b", topology.Unlimited, 0, works(50*ms))}, sources...))
	}
	r0, r1 := request("r0", 0, 0), request("r1", 5*ms, 0)
	// Held: 0 to 70, then 70 to 140.
	r := build(true, r0, r1)
	says(t, "blocking", fates(&r.Tallies), "success 70ms, success 135ms")
	says(t, "its threads", r.threads("a"), "working 40ms, a->b 100ms, idle 860ms")
	// Given back: r0 0 to 10 and 60 to 70, r1 10 to 20 and, its answer there at 70, 70 to 80.
	r = build(false, request("r0", 0, 0), request("r1", 5*ms, 0))
	says(t, "not blocking", fates(&r.Tallies), "success 70ms, success 75ms")
	says(t, "its threads", r.threads("a"), "working 40ms, idle 960ms")
	if s := r.service("a").SuspendedTime; s != at(100*ms) {
		t.Errorf("suspended %v, want 100ms", s)
	}
	// Whoever goes on comes ahead of the waiting room: r2 has the thread from 55 to 65, r3
	// waits since 58, r0 since 60, and r0 is next: 65 to 75. Then r3.
	r = build(false, request("r0", 0, 0), request("r2", 55*ms, 0), request("r3", 58*ms, 0))
	says(t, "goes on first", fates(&r.Tallies), "success 75ms, success 70ms, success 87ms")
	// At the end of the run: one has its thread, one waits for b, none has been forgotten.
	r = build(false, request("r0", 940*ms, 0), request("r1", 995*ms, 0))
	says(t, "at the end", r.answers("a"), "2 arrived: 1 in threads, 1 suspended")
}

// An operation that does not block, and a fallback: the work is done when it has its
// thread again.
func TestFallbackWithoutAThread(t *testing.T) {
	back := topology.Constant(7 * ms)
	a := service("a", 1, 10, works(10*ms), parallel(
		call(1, 0, timeout(20*ms), func(e *topology.Edge) { e.Fallback = &back }),
		call(1, 0)), works(5*ms))
	a.Blocking = false
	p := plan(1*sec, []topology.Service{a, service("b", topology.Unlimited, 0, works(50*ms))}, request("one", 0, 0))
	r := tell(t, p)
	// 10, both branches over at 60, then 7 and 5.
	says(t, "fate", fates(&r.Tallies), "success 72ms")
	says(t, "threads", r.threads("a"), "working 22ms, idle 978ms")
}

// An operation that does not block fails with fallback work still to be done: the next
// one, in whose place it was, has only its own to do.
func TestFallbackWorkOfAnother(t *testing.T) {
	back := topology.Constant(7 * ms)
	a := service("a", 1, 10, works(10*ms), parallel(
		call(1, 0, timeout(20*ms), func(e *topology.Edge) { e.Fallback = &back }),
		call(2, 0)), works(5*ms))
	a.Blocking = false
	p := plan(1*sec, []topology.Service{a,
		service("b", topology.Unlimited, 0, work(topology.Dist{Kind: topology.NeverDist})), service("c", 1, 10)},
		request("fails", 0, 0), request("well", 200*ms, 0))
	f := on(p, fault(sim.Errors, 0, 100*ms), 2)
	f.Rate = 1
	p.Faults = []sim.Fault{f}
	says(t, "fates", fates(&tell(t, p).Tallies), "error 30ms, success 42ms")
}

// a.root calls b, and b calls a.leaf. One thread of a: root holds it, leaf waits for it.
func TestDeadlockOnAPool(t *testing.T) {
	build := func(threads int, change ...func(*topology.Edge)) *telling {
		return tell(t, plan(1*sec, []topology.Service{
			several("a", threads, 10, operation("root", call(1, 0)), operation("leaf", works(10*ms))),
			service("b", 5, 10, call(0, 1, change...)),
		}, requestTo("one", 0, 0, 0), requestTo("two", 20*ms, 0, 0)))
	}
	r := build(2)
	says(t, "two threads", fates(&r.Tallies), "success 10ms, success 10ms")

	r = build(1)
	says(t, "one thread", fates(&r.Tallies), "in flight, in flight")
	says(t, "a", r.answers("a"), "3 arrived: 2 waiting, 1 in threads")
	says(t, "a's threads", r.threads("a"), "a.root->b 1s")

	// A time-out of 100 ms: b fails at 100, and so does root. Its thread goes to two's root,
	// which came (20) after the first leaf (0): first to that leaf, for nobody, up to 110. Then
	// two's root, whose leaf waits for it from 110 to 210, and works for nobody up to 220.
	r = build(1, timeout(100*ms))
	says(t, "a time-out frees it", fates(&r.Tallies), "error 100ms, error 190ms")
	says(t, "a's threads", r.threads("a"), "working 20ms, of it wasted 20ms, a.root->b 200ms, idle 780ms")
	says(t, "b->a.leaf", r.calls("b->a.leaf"), "2 calls: 2 timeout; 2 attempts: 2 timeout; 2 late")
}

// What began before the warm-up's end is not counted, thread time from there on is.
func TestWarmup(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 2, 10, works(30*ms), call(1, 0)),
		service("b", 1, 10, works(20*ms)),
	}, traced("load", 0, []time.Duration{30 * ms, 90 * ms, 100 * ms}), request("late", 300*ms, 0))
	p.Warmup = at(100 * ms)
	r := tell(t, p)
	// 30: a to 60, b to 80: over before. 90: a to 120, calls b at 120, b to 140: the request
	// and its attempt at a began before 100, the call of b after. 100: at the very instant, it
	// counts: a to 130, calls b, which is busy up to 140, to 160. 300: a to 330, b to 350.
	says(t, "load", r.requests("load"), "1 offered: 1 success")
	says(t, "a", r.answers("a"), "2 arrived: 2 success")
	says(t, "a->b", r.calls("a->b"), "3 calls: 3 success; 3 attempts: 3 success")
	says(t, "b", r.answers("b"), "3 arrived: 3 success")
	// From 100 on: a works 20, 30, 30 and waits 20, 30, 20, of 2·900; b works 3·20 of 900.
	says(t, "a's threads", r.threads("a"), "working 80ms, a->b 70ms, idle 1.65s")
	says(t, "b's threads", r.threads("b"), "working 60ms, idle 840ms")
	if r.From != at(100*ms) || r.To != at(1*sec) || !r.Complete {
		t.Errorf("totals from %v to %v", r.From, r.To)
	}
	// The timeline has it all.
	offered := uint64(0)
	for _, sm := range r.samples {
		offered += sm.Sources[0].Offered
	}
	if offered != 3 || r.samples[0].To != at(100*ms) {
		t.Errorf("the samples saw %d of load's requests, the first up to %v", offered, r.samples[0].To)
	}
}

// A call that began before the warm-up's end, and a retry of it after: the attempt
// counts, the call does not.
func TestWarmupBetweenTwoTries(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 2, 10, works(70*ms))}, request("one", 40*ms, 0, timeout(50*ms), tries(2, 20*ms)))
	p.Warmup = at(100 * ms)
	r := tell(t, p)
	// Tries from 40 to 90 and from 110 to 160; the first works up to 110, the second up to 180.
	says(t, "one", r.requests("one"), "0 offered: none")
	says(t, "the edge", r.calls("one->a"), "0 calls: none; 1 attempts: 1 timeout; 1 late")
	says(t, "a", r.answers("a"), "1 arrived: 1 success")
	says(t, "a's threads", r.threads("a"), "working 80ms, of it wasted 30ms, idle 1.72s")
}

// Two users think 100 ms, ask a service with one thread for 50 ms of work, think again.
func TestClosedUsers(t *testing.T) {
	build := func(change ...func(*sim.Source)) *telling {
		u := users("staff", 0, 2, topology.Constant(100*ms))
		for _, c := range change {
			c(&u)
		}
		return tell(t, plan(1*sec, []topology.Service{service("a", 1, 10, works(50*ms))}, u))
	}
	// The first asks at 100, 250 … 850: 6 times. The second asks at 100 too, has to wait and is
	// answered at 200, asks at 300, 450 … 900: 6 times.
	r := build()
	says(t, "staff", r.requests("staff"), "12 offered: 12 success")
	says(t, "a's threads", r.threads("a"), "working 600ms, idle 400ms")
	if h := r.source("staff").Latency; h.Max() != int64(100*ms) || h.Mean() != float64(13*50*ms)/12 {
		t.Errorf("latency at most %d, on average %v ns", h.Max(), h.Mean())
	}
	// From 500 ms on: 600, 750, 900 and 600, 800, 950, the last not done at the end.
	r = build(func(s *sim.Source) { s.Start = at(500 * ms) })
	says(t, "a late start", r.requests("staff"), "6 offered: 5 success, 1 in flight")
	// Five in all.
	r = build(func(s *sim.Source) { s.Limit = 5 })
	says(t, "a limit", r.requests("staff"), "5 offered: 5 success")
}

// A failure is an answer: a user who gets one thinks and asks again.
func TestClosedUsersGoOnAfterFailures(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 2, 10, works(500*ms))}, users("staff", 0, 1, topology.Constant(100*ms), timeout(50*ms)))
	// Asks at 100, 250, 400 … 850.
	says(t, "staff", tell(t, p).requests("staff"), "6 offered: 6 timeout")
}

// Five at once at 100 ms and every 200 ms on; a thread, 10 ms of work, three places.
func TestBursts(t *testing.T) {
	b := herd("herd", 0, 100*ms, 5)
	b.Burst.Every = at(200 * ms)
	r := tell(t, plan(1*sec, []topology.Service{service("a", 1, 3, works(10*ms))}, b))
	// Five bursts; of each one works, three wait, one is turned away.
	says(t, "herd", r.requests("herd"), "25 offered: 20 success, 5 rejected")
	says(t, "a's threads", r.threads("a"), "working 200ms, idle 800ms")
	if h := r.source("herd").Latency; h.Max() != int64(40*ms) || h.Mean() != float64(25*ms) {
		t.Errorf("latency at most %d, on average %v ns", h.Max(), h.Mean())
	}
	b = herd("herd", 0, 100*ms, 5)
	b.Limit = 3
	says(t, "three of five", tell(t, plan(1*sec, []topology.Service{service("a", 1, 3, works(10*ms))}, b)).requests("herd"), "3 offered: 3 success")
}

// A trace is followed to the nanosecond; what lies beyond the run is not sent.
func TestTrace(t *testing.T) {
	when := []time.Duration{0, 1, 1, 5 * ms, 700*ms + 3, 1 * sec, 2 * sec}
	sent(t, plan(1*sec, []topology.Service{service("a", topology.Unlimited, 0)}, traced("log", 0, when)),
		"log->a", 0, 1, 1, 5*ms, 700*ms+3)
}

// Constant arrivals: the n-th at start + (n-1)/rate.
func TestConstantArrivals(t *testing.T) {
	a := []topology.Service{service("a", topology.Unlimited, 0)}
	s := steady("load", 0, 3)
	sent(t, plan(1*sec, a, s), "load->a", 0, 333333333, 666666667)
	s = steady("load", 0, 3)
	s.Start = at(200 * ms)
	sent(t, plan(1*sec, a, s), "load->a", 200*ms, 533333333, 866666667)
	s = steady("load", 0, 3)
	s.Limit = 2
	sent(t, plan(1*sec, a, s), "load->a", 0, 333333333)
	sent(t, plan(1*sec, a, steady("load", 0, 0)), "load->a")
}

// A rate that changes at once and along a straight line. The n-th request goes out when
// the integral of the rate reaches n-1.
func TestProfile(t *testing.T) {
	a := []topology.Service{service("a", topology.Unlimited, 0)}
	// 2/s to 1 s: requests 1 and 2 at 0 and 0.5. Then 4/s: the integral is 2 at 1 s, so 3 to 6
	// go out at 1, 1.25, 1.5 and 1.75. At 2 s it is 6, but the rate is 0 there: 4/s for a second
	// are four requests, and the 7th waits for 3 s. From there, at 1/s, it takes a second to the 8th.
	s := steady("load", 0, 2)
	s.Profile = []sim.RatePoint{{At: at(1 * sec), Rate: 4}, {At: at(2 * sec), Rate: 0}, {At: at(3 * sec), Rate: 1}}
	sent(t, plan(5*sec, a, s), "load->a", 0, 500*ms, 1*sec, 1250*ms, 1500*ms, 1750*ms, 3*sec, 4*sec)

	// 2/s to 1 s, then in a second up to 6/s: u seconds into the ramp the rate is 2+4u, the
	// integral 2+2u+2u². It is 2+m at u = (√(1+2m)-1)/2: m = 0, 1, 2, 3 at 0, 0.3660254,
	// 0.6180340, 0.8228757; at u = 1 it is 6, and 1/6 s apart from there on.
	s = steady("load", 0, 2)
	s.Profile = []sim.RatePoint{{At: at(1 * sec), Rate: 6, Ramp: at(1 * sec)}}
	sent(t, plan(2500*ms, a, s), "load->a", 0, 500*ms, 1*sec, 1366025404, 1618033989, 1822875656,
		2*sec, 2166666667, 2333333333)

	// Down to nothing: from 4/s at 0 to 0 at 2 s the integral is 4t-t², 4 in all: m = 0, 1, 2, 3
	// at 2-√(4-m), and the fifth at the very end of it, 2 s.
	s = steady("load", 0, 4)
	s.Profile = []sim.RatePoint{{At: 0, Rate: 0, Ramp: at(2 * sec)}}
	r := tell(t, plan(2*sec, a, s))
	says(t, "down to nothing", r.requests("load"), "4 offered: 4 success")
	sent(t, plan(2*sec, a, s), "load->a", 0, 267949192, 585786438, 1*sec)
}

// Without a warm-up, what the samples saw adds up to the totals, and they follow each
// other without a gap. (Of random systems: see the properties.)
func TestSamplesAddUp(t *testing.T) {
	p := plan(2300*ms, []topology.Service{
		service("a", 2, 2, works(10*ms), call(1, 0, timeout(50*ms), tries(3, 20*ms))),
		service("b", 2, 3, work(topology.Exponential(30*ms))),
	}, openSource("load", 0, 60))
	p.Interval = at(300 * ms)
	p.Cuts = []des.Time{at(1 * sec), at(1 * sec), at(1234567890)}
	r := tell(t, p)
	var ends []des.Time
	for _, sm := range r.samples {
		ends = append(ends, sm.To)
	}
	want := fmt.Sprint([]des.Time{at(300 * ms), at(600 * ms), at(900 * ms), at(1 * sec), at(1200 * ms), at(1234567890),
		at(1500 * ms), at(1800 * ms), at(2100 * ms), at(2300 * ms)})
	if fmt.Sprint(ends) != want {
		t.Errorf("samples end at %v, want %v", ends, want)
	}
	addsUp(t, &r.record, r.Totals)
}
