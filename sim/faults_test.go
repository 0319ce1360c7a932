package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Every kind of fault, each with numbers worked out by hand.

// one is a service of 10 ms work with the given threads and requests, under faults that
// make makes.
func one(threads int, make func(*sim.Plan) []sim.Fault, sources ...sim.Source) *sim.Plan {
	p := plan(1*sec, []topology.Service{service("a", threads, 10, works(10*ms))}, sources...)
	p.Faults = make(p)
	return p
}

func fatesOf(t *testing.T, p *sim.Plan) string {
	t.Helper()
	return fates(&tell(t, p).Tallies)
}

func TestLatencyFault(t *testing.T) {
	p := one(1, func(p *sim.Plan) []sim.Fault {
		f := on(p, fault(sim.Latency, 100*ms, 200*ms), 0)
		f.Add = topology.Constant(40 * ms)
		return []sim.Fault{f}
	}, request("before", 95*ms, 0), // in its thread at 100: not touched
		request("at", 106*ms, 0),    // 40 and 10 of work: 156
		request("waits", 150*ms, 0), // taken up at 156, so 206: it lasts
		request("after", 199*ms, 0), // taken up at 206, when it is over
	)
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 10ms, success 50ms, success 56ms, success 17ms")
	// The added latency is the thread's own work.
	says(t, "threads", r.threads("a"), "working 120ms, idle 880ms")
}

// On one operation of two.
func TestLatencyFaultOnAnOperation(t *testing.T) {
	p := plan(1*sec, []topology.Service{several("a", 4, 10, operation("x", works(10*ms)), operation("y", works(10*ms)))},
		requestTo("x", 0, 0, 0), requestTo("y", 0, 0, 1))
	f := fault(sim.Latency, 0, 1*sec)
	f.Ops = []topology.OpRef{{Service: 0, Op: 1}}
	f.Add = topology.Constant(5 * ms)
	p.Faults = []sim.Fault{f}
	says(t, "fates", fatesOf(t, p), "success 10ms, success 15ms")
}

// On an edge the request is longer on its way; the answer is not.
func TestLatencyFaultOnAnEdge(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, network(2*ms))),
		service("b", 1, 10, works(10*ms)),
	}, request("before", 95*ms, 0), request("in it", 120*ms, 0), request("sent in it", 198*ms, 0), request("after", 300*ms, 0))
	f := onEdge(p, fault(sim.Latency, 100*ms, 200*ms), "a->b")
	f.Add = topology.Constant(30 * ms)
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 14ms, success 44ms, success 44ms, success 14ms")
	says(t, "b's threads", r.threads("b"), "working 40ms, idle 960ms")
}

func TestSlowFault(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 4, 10, works(10*ms), works(20*ms))},
		request("straddles", 95*ms, 0),     // 10 to 105 as it began, the next piece ten times 20: 305
		request("in it", 150*ms, 0),        // 100 to 250, and 20: the fault is over at 240, so 270
		request("begins in it", 239*ms, 0), // 100 to 339, 20
		request("after", 240*ms, 0))        // over before anything else of that instant
	f := on(p, fault(sim.Slow, 100*ms, 240*ms), 0)
	f.Factor = 10
	p.Faults = []sim.Fault{f}
	says(t, "fates", fatesOf(t, p), "success 210ms, success 120ms, success 120ms, success 30ms")

	// A factor below 1 makes it faster.
	p.Faults[0].Factor = 0.5
	says(t, "fates", fatesOf(t, p), "success 20ms, success 15ms, success 25ms, success 30ms")
}

// Fallback work and a protocol's overhead are own work too.
func TestSlowFaultOnAllOwnWork(t *testing.T) {
	back := topology.Constant(3 * ms)
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, call(1, 0, func(e *topology.Edge) { e.Fallback = &back })),
		service("b", 1, 10, works(10*ms)),
	}, request("one", 0, 0, func(e *topology.Edge) { e.Overhead = topology.Constant(2 * ms) }))
	slow := on(p, fault(sim.Slow, 0, 1*sec), 0)
	slow.Factor = 2
	fails := on(p, fault(sim.Errors, 0, 1*sec), 1)
	fails.Rate = 1
	p.Faults = []sim.Fault{slow, fails}
	says(t, "fate", fatesOf(t, p), "success 10ms") // 4 and 6
}

func TestErrorsFault(t *testing.T) {
	build := func(after bool) string {
		return fatesOf(t, one(1, func(p *sim.Plan) []sim.Fault {
			f := on(p, fault(sim.Errors, 100*ms, 200*ms), 0)
			f.Rate, f.AfterWork = 1, after
			return []sim.Fault{f}
		}, request("before", 95*ms, 0), request("in it", 120*ms, 0), request("ends after", 195*ms, 0), request("after", 210*ms, 0)))
	}
	// At once, when a thread takes it up.
	says(t, "before the work", build(false), "success 10ms, error 0s, error 0s, success 10ms")
	// After its steps: what began at 95 ends at 105 and fails, what began at 195 does not.
	says(t, "after the work", build(true), "error 10ms, error 10ms, success 10ms, success 10ms")
}

// 40 ms of latency, then the error, then the steps.
func TestLatencyThenErrorThenSteps(t *testing.T) {
	build := func(rate float64, after bool) *telling {
		return tell(t, one(1, func(p *sim.Plan) []sim.Fault {
			e := on(p, fault(sim.Errors, 0, 1*sec), 0)
			e.Rate, e.AfterWork = rate, after
			l := on(p, fault(sim.Latency, 0, 1*sec), 0)
			l.Add = topology.Constant(40 * ms)
			return []sim.Fault{e, l}
		}, request("one", 0, 0, func(e *topology.Edge) { e.Overhead = topology.Constant(5 * ms) })))
	}
	r := build(1, false)
	says(t, "fails", fates(&r.Tallies), "error 40ms")
	says(t, "threads", r.threads("a"), "working 40ms, idle 960ms")
	says(t, "fails after its work", fates(&build(1, true).Tallies), "error 55ms")
	says(t, "does not fail", fates(&build(0, false).Tallies), "success 55ms")
}

// The error is decided when the latency is over: the fault has ended by then.
func TestErrorDecidedAfterTheLatency(t *testing.T) {
	p := one(1, func(p *sim.Plan) []sim.Fault {
		e := on(p, fault(sim.Errors, 0, 20*ms), 0)
		e.Rate = 1
		l := on(p, fault(sim.Latency, 0, 1*sec), 0)
		l.Add = topology.Constant(40 * ms)
		return []sim.Fault{e, l}
	}, request("one", 0, 0))
	says(t, "fate", fatesOf(t, p), "success 50ms")
}

// Latencies add, factors multiply.
func TestFaultsOverlap(t *testing.T) {
	p := plan(2*sec, []topology.Service{service("a", 10, 10, works(10*ms))},
		request("none", 0, 0), request("first", 100*ms, 0), request("both", 200*ms, 0), request("second", 300*ms, 0), request("after", 400*ms, 0),
		request("slow", 1000*ms, 0), request("slower", 1100*ms, 0), request("slowish", 1300*ms, 0))
	latency := func(begin, end, add time.Duration) sim.Fault {
		f := on(p, fault(sim.Latency, begin, end), 0)
		f.Add = topology.Constant(add)
		return f
	}
	slow := func(begin, end time.Duration, factor float64) sim.Fault {
		f := on(p, fault(sim.Slow, begin, end), 0)
		f.Factor = factor
		return f
	}
	p.Faults = []sim.Fault{latency(50*ms, 250*ms, 40*ms), latency(150*ms, 350*ms, 30*ms),
		slow(1000*ms, 1200*ms, 2), slow(1050*ms, 1400*ms, 3)}
	says(t, "fates", fatesOf(t, p), "success 10ms, success 50ms, success 80ms, success 40ms, success 10ms, "+
		"success 20ms, success 60ms, success 30ms")
}

// Two faults of 50% are independent chances: 75% fail. Of 10,000 that is 7,500, with a
// deviation of √(10,000·0.75·0.25) = 43.3; 4.5 times that is 195. (A sum would be 10,000,
// the greater of the two 5,000.) So it is with loss.
func TestErrorsAndLossCombine(t *testing.T) {
	build := func(kind sim.FaultKind) *telling {
		p := plan(100*sec, []topology.Service{service("a", 10, 10)}, steady("load", 0, 100, timeout(5*ms)))
		for _, end := range []time.Duration{100 * sec, 100 * sec} {
			f := on(p, fault(kind, 0, end), 0)
			f.Services = nil
			if kind == sim.Loss {
				f = onEdge(p, fault(kind, 0, end), "load->a")
			}
			f.Rate = 0.5
			p.Faults = append(p.Faults, f)
		}
		return tell(t, p)
	}
	if n := build(sim.Errors).source("load").Ended[topology.Error]; n < 7500-195 || n > 7500+195 {
		t.Errorf("%d of 10,000 failed, want 7500 ± 195", n)
	}
	if n := build(sim.Loss).source("load").Ended[topology.Timeout]; n < 7500-195 || n > 7500+195 {
		t.Errorf("%d of 10,000 were lost, want 7500 ± 195", n)
	}
}

// Who fails at a small share fails at a larger one too.
func TestErrorsOfASmallShareAreAmongThoseOfALargeOne(t *testing.T) {
	failed := func(rate float64) map[int]bool {
		p := plan(1*sec, []topology.Service{service("a", 10, 10)}, steady("load", 0, 1000))
		f := on(p, fault(sim.Errors, 0, 1*sec), 0)
		f.Rate = rate
		p.Faults = []sim.Fault{f}
		p.Interval = at(1 * ms)
		m := map[int]bool{}
		for i, sm := range tell(t, p).samples {
			if sm.Sources[0].Ended[topology.Error] > 0 {
				m[i] = true
			}
		}
		return m
	}
	small, large := failed(0.2), failed(0.4)
	if len(small) == 0 || len(large) <= len(small) {
		t.Fatalf("%d and %d failed", len(small), len(large))
	}
	for i := range small {
		if !large[i] {
			t.Errorf("request %d failed at 20%% and not at 40%%", i)
		}
	}
}

// An instance is down twice over: it comes back when both faults are over.
func TestCrashesOverlap(t *testing.T) {
	p := one(1, func(p *sim.Plan) []sim.Fault {
		return []sim.Fault{on(p, fault(sim.Crash, 100*ms, 200*ms), 0), on(p, fault(sim.Crash, 150*ms, 300*ms), 0)}
	}, request("r0", 50*ms, 0), request("r1", 120*ms, 0), request("r2", 250*ms, 0), request("r3", 300*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 10ms, refused 0s, refused 0s, success 10ms")
	says(t, "threads", r.threads("a"), "working 20ms, idle 780ms, down 200ms")
}

// What waits is reset like what is in threads; the room is empty when it comes back.
func TestCrashEmptiesTheWaitingRoom(t *testing.T) {
	p := one(1, func(p *sim.Plan) []sim.Fault { return []sim.Fault{on(p, fault(sim.Crash, 15*ms, 20*ms), 0)} },
		request("r0", 10*ms, 0), request("r1", 11*ms, 0), request("r2", 12*ms, 0), request("r3", 20*ms, 0))
	says(t, "fates", fatesOf(t, p), "reset 5ms, reset 4ms, reset 3ms, success 10ms")
}

// A reset is no late answer: its caller had given up, and never hears of it.
func TestCrashOfWhatWasGivenUp(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(100*ms))}, request("one", 0, 0, timeout(50*ms)))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 80*ms, 90*ms), 0)}
	r := tell(t, p)
	says(t, "fate", fates(&r.Tallies), "timeout 50ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	says(t, "a", r.answers("a"), "1 arrived: 1 reset")
	says(t, "threads", r.threads("a"), "working 80ms, of it wasted 30ms, idle 910ms, down 10ms")
}

// A crash to the end of the run.
func TestCrashForGood(t *testing.T) {
	p := one(2, func(p *sim.Plan) []sim.Fault { return []sim.Fault{on(p, fault(sim.Crash, 400*ms, 1*sec), 0)} },
		request("r0", 395*ms, 0), request("r1", 999*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "reset 5ms, refused 0s")
	says(t, "threads", r.threads("a"), "working 5ms, idle 795ms, down 1.2s")
}

// A retry of what a crash has reset goes to the next instance in turn.
func TestRetryAfterAReset(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(100*ms))}, request("one", 0, 0, tries(2, 0)))
	p.Topology.Services[0].Instances = 2
	f := on(p, fault(sim.Crash, 30*ms, 1*sec), 0)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "fate", fates(&r.Tallies), "success 130ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 success; 2 attempts: 1 success, 1 reset")
}

// A frozen instance: 10 ms of work, paused from 100 to 200 ms.
func TestPause(t *testing.T) {
	pause := func(p *sim.Plan) []sim.Fault { return []sim.Fault{on(p, fault(sim.Pause, 100*ms, 200*ms), 0)} }
	p := one(1, pause,
		request("r0", 94*ms, 0),                  // 6 ms before, the other 4 after: 204
		request("r1", 120*ms, 0),                 // waits, 204 to 214
		request("r2", 150*ms, 0, timeout(30*ms)), // its client does not stand still: gives up at 180. 214 to 224 for nobody
		request("r3", 205*ms, 0))                 // 224 to 234
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 110ms, success 94ms, timeout 30ms, success 29ms")
	says(t, "threads", r.threads("a"), "working 40ms, of it wasted 10ms, paused 100ms, idle 860ms")

	// Two threads: the idle one is paused as well, and takes up nothing.
	p = one(2, pause, request("r0", 94*ms, 0), request("r1", 120*ms, 0))
	r = tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 110ms, success 90ms")
	says(t, "threads", r.threads("a"), "working 20ms, paused 200ms, idle 1.78s")
	if v := r.service("a"); v.Paused != at(100*ms) || v.PausedIdle != at(100*ms) {
		t.Errorf("paused: held %v, idle %v", v.Paused, v.PausedIdle)
	}

	// Unlimited threads do not help; and the waiting room goes on filling.
	p = one(topology.Unlimited, pause, request("r0", 94*ms, 0), request("r1", 120*ms, 0), request("r2", 130*ms, 0))
	p.Topology.Services[0].Queue = 1
	says(t, "unlimited", fatesOf(t, p), "success 110ms, success 90ms, rejected 0s")

	// Twice over: until both are over.
	p = one(1, func(p *sim.Plan) []sim.Fault {
		return append(pause(p), on(p, fault(sim.Pause, 150*ms, 250*ms), 0))
	}, request("r0", 94*ms, 0))
	says(t, "twice", fatesOf(t, p), "success 160ms")

	// Down in the middle of it, back at 180: it still stands still up to 200.
	p = one(1, func(p *sim.Plan) []sim.Fault {
		return append(pause(p), on(p, fault(sim.Crash, 150*ms, 180*ms), 0))
	}, request("r0", 94*ms, 0), request("r1", 160*ms, 0), request("r2", 190*ms, 0))
	r = tell(t, p)
	says(t, "crash in a pause", fates(&r.Tallies), "reset 56ms, refused 0s, success 20ms")
	says(t, "threads", r.threads("a"), "working 16ms, paused 70ms, idle 884ms, down 30ms")
}

// The caller is frozen from 100 to 200 ms while b works for it. a calls at 90.
func TestPauseOfTheCaller(t *testing.T) {
	build := func(b time.Duration, change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", 1, 10, works(10*ms), call(1, 0, change...), works(5*ms)),
			service("b", 5, 10, works(b)),
		}, request("one", 80*ms, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 100*ms, 200*ms), 0)}
		return tell(t, p)
	}
	// The answer is there at 150: a goes on at 200. To b the thread was worth 10 ms.
	r := build(60 * ms)
	says(t, "an answer in the pause", fates(&r.Tallies), "success 125ms")
	says(t, "a's threads", r.threads("a"), "working 15ms, a->b 10ms, paused 100ms, idle 875ms")
	// The answer comes at 250: as without a pause.
	r = build(160 * ms)
	says(t, "an answer after it", fates(&r.Tallies), "success 175ms")
	says(t, "a's threads", r.threads("a"), "working 15ms, a->b 60ms, paused 100ms, idle 825ms")
	// The time-out is due at 130 and the answer never comes: a learns of it at 200.
	r = build(2*sec, timeout(40*ms))
	says(t, "a time-out in the pause", fates(&r.Tallies), "error 120ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	// The time-out is due at 130, the answer there at 150: the time-out comes first at 200 too.
	r = build(60*ms, timeout(40*ms))
	says(t, "a time-out, then an answer", fates(&r.Tallies), "error 120ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 timeout; 1 attempts: 1 timeout; 1 late")
	// The answer there at 150, the time-out due at 170: there is none any more.
	r = build(60*ms, timeout(80*ms))
	says(t, "an answer, then a time-out", fates(&r.Tallies), "success 125ms")
	// A deadline in the pause, likewise.
	r = build(2*sec, deadline(40*ms))
	says(t, "a deadline in the pause", fates(&r.Tallies), "error 120ms")
	// Gives up at 95, the backoff would be over at 105: it tries again at 200, and once more
	// with a backoff of 20 at 225.
	r = build(2*sec, timeout(5*ms), tries(3, 10*ms))
	says(t, "a backoff in the pause", fates(&r.Tallies), "error 150ms")
	says(t, "a's threads", r.threads("a"), "working 10ms, a->b 15ms, backoff a->b 25ms, paused 100ms, idle 850ms")
	// Fallback work from 95 to 100, and the other 25 of 30 ms after the pause.
	r = build(2*sec, timeout(5*ms), func(e *topology.Edge) { d := topology.Constant(30 * ms); e.Fallback = &d })
	says(t, "fallback work in the pause", fates(&r.Tallies), "success 150ms")
	says(t, "a's threads", r.threads("a"), "working 45ms, a->b 5ms, paused 100ms, idle 850ms")
}

// Several things come for one call while its caller is paused: each at its turn, and none
// after the call's end, or for another call in its place.
func TestPauseOfTheCallerAndSeveralThings(t *testing.T) {
	build := func(more func(*sim.Plan), steps ...topology.Step) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", 1, 10, append([]topology.Step{works(10 * ms)}, steps...)...),
			service("b", 5, 10, works(20*ms)),
			service("c", 5, 10, works(2*sec)),
		}, request("one", 80*ms, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 100*ms, 200*ms), 0)}
		if more != nil {
			more(p)
		}
		return tell(t, p)
	}
	// A time-out at 110 and a deadline at 130. At 200 the first would ask for another try, but
	// by then the call's time is over.
	r := build(nil, call(2, 0, timeout(20*ms), deadline(40*ms), tries(3, 0)))
	says(t, "time-out, then deadline", fates(&r.Tallies), "error 120ms")
	says(t, "a->c", r.calls("a->c"), "1 calls: 1 timeout; 1 attempts: 1 timeout")
	// The answer at 110, and the deadline at 130 of a call that has ended: the next call, up to
	// 220, is not the one that it was for.
	r = build(nil, call(1, 0, deadline(40*ms)), call(1, 0))
	says(t, "answer, then deadline", fates(&r.Tallies), "success 140ms")
	r = build(nil, call(1, 0, deadline(40*ms), times(2)))
	says(t, "answer, then deadline, twice", fates(&r.Tallies), "success 140ms")
	// A deadline at 110 and a time-out at 130 of the attempt that it has given up; the second
	// time that attempt was lost on its way, and another has its place when the time-out's turn comes.
	steps := func() []topology.Step {
		return []topology.Step{call(2, 0, timeout(40*ms), deadline(20*ms), optional), call(1, 0, timeout(500*ms))}
	}
	says(t, "deadline, then time-out", fates(&build(nil, steps()...).Tallies), "success 140ms")
	lost := func(p *sim.Plan) {
		f := onEdge(p, fault(sim.Loss, 0, 100*ms), "a->c")
		f.Rate = 1
		p.Faults = append(p.Faults, f)
	}
	says(t, "deadline, then time-out, lost", fates(&build(lost, steps()...).Tallies), "success 140ms")
}

// Sequence numbers that run out in the middle of a pause are given anew to what waits for
// its end too.
func TestPauseAndNewSequenceNumbers(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 1, 10, works(10*ms), call(1, 0, timeout(5*ms), tries(3, 10*ms))),
		service("b", topology.Unlimited, 0, works(2*ms)),
		service("c", topology.Unlimited, 0, works(2*sec)),
	}, request("one", 80*ms, 0), steady("others", 1, 1000))
	p.Topology.Services[0].Operations[0].Steps[1].Call.To.Service = 2
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 100*ms, 200*ms), 0)}
	// Two a millisecond: with 250 the first time is within the pause, after the backoff is over.
	for _, limit := range []uint64{1 << 30, 250, 20, 5} {
		r := show(t, p, func(s *sim.System) {
			s.LimitSequence(limit)
			s.RunUntil(p.Duration)
		})
		// As without: it gives up at 95, at 205 and at 230.
		says(t, "one", fates(&sim.Tallies{Sources: r.totals.Sources[:1]}), "error 150ms")
		says(t, "others", sourceLine(&r.totals.Sources[1]), "1000 offered: 998 success, 2 in flight")
	}
}

// A paused caller crashes: what had come for it is forgotten with it.
func TestCrashOfAPausedCaller(t *testing.T) {
	build := func(change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", 3, 10, call(1, 0, change...)),
			service("b", 5, 10, works(60*ms)),
		}, request("one", 80*ms, 0))
		p.Faults = []sim.Fault{on(p, fault(sim.Pause, 100*ms, 200*ms), 0), on(p, fault(sim.Crash, 150*ms, 160*ms), 0)}
		return tell(t, p)
	}
	r := build() // the answer came at 140
	says(t, "one", fates(&r.Tallies), "reset 70ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 cancelled; 1 attempts: 1 cancelled")
	r = build(timeout(30 * ms)) // due at 110
	says(t, "one", fates(&r.Tallies), "reset 70ms")
	says(t, "a->b", r.calls("a->b"), "1 calls: 1 cancelled; 1 attempts: 1 cancelled")
}

// Eight threads become two and eight again.
func TestThreadsFault(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 8, 10, works(100*ms))},
		herd("eight", 0, 0, 8),
		request("r0", 60*ms, 0), request("r1", 61*ms, 0), request("r2", 62*ms, 0),
		request("r3", 63*ms, 0), request("r4", 64*ms, 0), request("r5", 65*ms, 0))
	f := on(p, fault(sim.Threads, 50*ms, 250*ms), 0)
	f.To = 2
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	// Eight are at work at 50: they end what they do, at 100, and six of the threads with it.
	// Two go on with r0 and r1, to 200, then r2 and r3; at 250 there are eight again, for r4, r5.
	says(t, "eight", r.requests("eight"), "8 offered: 8 success")
	var got []time.Duration
	for i := range r.Sources[1:] {
		got = append(got, time.Duration(r.Sources[1+i].Latency.Max()))
	}
	want := []time.Duration{140 * ms, 139 * ms, 238 * ms, 237 * ms, 286 * ms, 285 * ms}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("r%d took %v, want %v", i, got[i], want[i])
		}
	}
	// Threads that there are: 8 up to 100, 2 up to 250, 8 up to 1000.
	v := r.service("a")
	if v.Capacity != at(800*ms+300*ms+6000*ms) || v.Instances[0].Capacity != v.Capacity {
		t.Errorf("capacity %v, want 7.1s", v.Capacity)
	}
	says(t, "threads", r.threads("a"), "working 1.4s, idle 5.7s")
}

// No threads at all: who is at work ends it, who comes waits.
func TestThreadsFaultToZero(t *testing.T) {
	p := one(1, func(p *sim.Plan) []sim.Fault {
		f := on(p, fault(sim.Threads, 50*ms, 150*ms), 0)
		return []sim.Fault{f}
	}, request("r0", 45*ms, 0), request("r1", 70*ms, 0), request("r2", 150*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 10ms, success 90ms, success 20ms")
	// One thread up to 55, none up to 150, one from there on.
	says(t, "threads", r.threads("a"), "working 30ms, idle 875ms")
}

// More threads than before; on one instance of two; a later fault over an earlier one.
func TestThreadsFaultsInTurn(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(100*ms))}, herd("early", 0, 0, 6), herd("late", 0, 500*ms, 4))
	p.Topology.Services[0].Instances = 2
	more := on(p, fault(sim.Threads, 0, 1*sec), 0)
	more.To, more.Instances = 2, 1
	most := on(p, fault(sim.Threads, 100*ms, 300*ms), 0)
	most.To, most.Instances = 3, 1
	p.Faults = []sim.Fault{more, most}
	r := tell(t, p)
	// Three to each. First: two, and from 100 on one more: done at 100, 100, 200. Second: 100,
	// 200, 300. From 300 on the first has two again: 600, 600; the second 600, 700.
	says(t, "early", r.requests("early"), "6 offered: 6 success")
	if h := r.source("early").Latency; h.Mean() != float64(1000*ms)/6 || h.Max() != int64(300*ms) {
		t.Errorf("early: %v ns on average, %d at most", h.Mean(), h.Max())
	}
	if h := r.source("late").Latency; h.Mean() != float64(500*ms)/4 {
		t.Errorf("late: %v ns on average", h.Mean())
	}
	if c := r.service("a").Instances[0].Capacity; c != at(200*ms+600*ms+1400*ms) {
		t.Errorf("the first instance's capacity %v, want 2.2s", c)
	}
}

// A fault of threads holds over a deploy, whichever came first.
func TestThreadsFaultOverADeploy(t *testing.T) {
	build := func(faultAt, deployAt time.Duration) string {
		p := plan(1*sec, []topology.Service{service("a", 4, 10, works(50*ms))}, request("r0", 300*ms, 0), request("r1", 300*ms, 0), request("r2", 300*ms, 0))
		f := on(p, fault(sim.Threads, faultAt, 900*ms), 0)
		f.To = 1
		d := on(p, fault(sim.Set, deployAt, 900*ms), 0)
		two := 2
		d.Set.Threads = &two
		p.Faults = []sim.Fault{f, d}
		return fatesOf(t, p)
	}
	says(t, "fault, deploy", build(100*ms, 200*ms), "success 50ms, success 100ms, success 150ms")
	says(t, "deploy, fault", build(200*ms, 100*ms), "success 50ms, success 100ms, success 150ms")
}

func TestLossFault(t *testing.T) {
	p := one(5, func(p *sim.Plan) []sim.Fault {
		var l []sim.Fault
		for _, id := range []string{"waits->a", "gives up->a", "before->a", "tries->a"} {
			f := onEdge(p, fault(sim.Loss, 100*ms, 200*ms), id)
			f.Rate = 1
			l = append(l, f)
		}
		return l
	}, request("before", 99*ms, 0, network(5*ms), timeout(50*ms)), // on its way already; the answer is not lost
		request("gives up", 110*ms, 0, timeout(50*ms)),
		request("tries", 120*ms, 0, timeout(50*ms), tries(2, 35*ms)), // at 205 it gets through
		request("waits", 130*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 20ms, timeout 50ms, success 95ms, in flight")
	says(t, "a", r.answers("a"), "2 arrived: 2 success")
}

// Of a loss of 20% as many requests are lost: of 10,000 2,000, with a deviation of 40.
func TestLossShare(t *testing.T) {
	p := plan(100*sec, []topology.Service{service("a", 5, 0)}, steady("load", 0, 100, timeout(1*ms)))
	f := onEdge(p, fault(sim.Loss, 0, 100*sec), "load->a")
	f.Rate = 0.2
	p.Faults = []sim.Fault{f}
	if n := tell(t, p).source("load").Ended[topology.Timeout]; n < 2000-180 || n > 2000+180 {
		t.Errorf("%d of 10,000 lost, want 2000 ± 180", n)
	}
}

// The way from a to b is cut from 100 to 300 ms. 5 ms there, 10 of work, 5 back.
func TestPartitionFault(t *testing.T) {
	build := func(hold bool, change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", topology.Unlimited, 0, call(1, 0, append(change, network(5*ms))...)),
			service("b", 1, 10, works(10*ms)),
		}, request("before", 97*ms, 0), request("in it", 150*ms, 0), request("at its end", 298*ms, 0), request("after", 330*ms, 0))
		f := onEdge(p, fault(sim.Partition, 100*ms, 300*ms), "a->b")
		f.Hold = hold
		p.Faults = []sim.Fault{f}
		return tell(t, p)
	}
	// Vanished: nobody ever says so.
	r := build(false)
	says(t, "vanish", fates(&r.Tallies), "success 20ms, in flight, in flight, success 20ms")
	says(t, "b", r.answers("b"), "2 arrived: 2 success")
	r = build(false, timeout(60*ms))
	says(t, "vanish, with a time-out", fates(&r.Tallies), "success 20ms, error 60ms, error 60ms, success 20ms")
	// Held: the one of 150 is there at 300, works to 310, heard at 315. The one of 298 would be
	// there at 303 and is; works from 310 to 320, heard at 325. The last is there at 335.
	r = build(true)
	says(t, "held", fates(&r.Tallies), "success 20ms, success 165ms, success 27ms, success 20ms")
	// Given up at 210, there at 300 all the same; tried again at 215, given up again at 275. b
	// works for both of them first, up to 320; the one of 298 has it up to 330.
	r = build(true, timeout(60*ms), tries(2, 5*ms))
	says(t, "held, with a time-out", fates(&r.Tallies), "success 20ms, error 125ms, success 37ms, success 20ms")
	says(t, "b's threads", r.threads("b"), "working 50ms, of it wasted 20ms, idle 950ms")
	says(t, "a->b", r.calls("a->b"), "4 calls: 3 success, 1 timeout; 5 attempts: 3 success, 2 timeout; 2 late")
}

// What a partition holds is not there before its time, nor at once when it ends: sent at
// 298 ms over 5 ms of network, it is there at 303.
func TestPartitionEndsWhileARequestIsOnItsWay(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 1, 10, works(10*ms))}, request("one", 298*ms, 0, network(5*ms)))
	f := onEdge(p, fault(sim.Partition, 100*ms, 300*ms), "one->a")
	f.Hold = true
	p.Faults = []sim.Fault{f}
	says(t, "fate", fatesOf(t, p), "success 20ms")
}

// Requests held by a partition arrive in the order in which they were sent, those of one
// instant too, whoever was in flight before.
func TestPartitionKeepsTheOrder(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", topology.Unlimited, 0, call(1, 0)),
		service("b", 1, 10, works(10*ms)),
	}, herd("first", 0, 0, 6), // leaves its records behind, in another order
		request("r0", 150*ms, 0), request("r1", 150*ms, 0), request("r2", 150*ms, 0), request("r3", 150*ms, 0))
	f := onEdge(p, fault(sim.Partition, 100*ms, 300*ms), "a->b")
	f.Hold = true
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	r.Sources = r.Sources[1:]
	says(t, "fates", fates(&r.Tallies), "success 160ms, success 170ms, success 180ms, success 190ms")
}

// A second partition that keeps nothing: what the first has kept is lost when the first
// ends within it.
func TestPartitionsOverlap(t *testing.T) {
	build := func(second bool) string {
		p := plan(1*sec, []topology.Service{service("a", 5, 0)}, request("one", 150*ms, 0, timeout(500*ms)))
		first := onEdge(p, fault(sim.Partition, 100*ms, 300*ms), "one->a")
		first.Hold = true
		other := onEdge(p, fault(sim.Partition, 200*ms, 400*ms), "one->a")
		other.Hold = second
		p.Faults = []sim.Fault{first, other}
		return fatesOf(t, p)
	}
	says(t, "the other holds", build(true), "success 250ms")
	says(t, "the other loses", build(false), "timeout 500ms")
}

// A constant 10/s, three times as much from 1 to 2 s. It starts at 50 ms.
func TestSurgeOfOpenArrivals(t *testing.T) {
	build := func(ramp time.Duration, factor float64) *sim.Plan {
		s := steady("load", 0, 10)
		s.Start = at(50 * ms)
		p := plan(2500*ms, []topology.Service{service("a", topology.Unlimited, 0)}, s)
		f := fault(sim.Surge, 1*sec, 2*sec)
		f.Factor, f.Ramp = factor, at(ramp)
		p.Faults = []sim.Fault{f}
		return p
	}
	// Ten up to 950 ms. The integral of the rate is 9.5 at 1 s, so the next is at 1 s + 0.5/30,
	// and so every 1/30 s: 30 up to 2 s, when it is 39.5; the next at 2050.
	var want []time.Duration
	for i := range 10 {
		want = append(want, 50*ms+time.Duration(i)*100*ms)
	}
	before := append([]time.Duration(nil), want...)
	for i := range 30 {
		want = append(want, 1*sec+(time.Duration(2*i+1)*sec+30)/60)
	}
	for i := range 5 {
		want = append(want, 2050*ms+time.Duration(i)*100*ms)
	}
	sent(t, build(0, 3), "load->a", want...)

	// A factor of 0: silence. The integral stands at 9.5 up to 2 s.
	quiet := append([]time.Duration(nil), before...)
	for i := range 5 {
		quiet = append(quiet, 2050*ms+time.Duration(i)*100*ms)
	}
	sent(t, build(0, 0), "load->a", quiet...)

	// Growing over its second: the rate u seconds into it is 10+20u, the integral 10u+10u² and
	// 20 in all: 20 requests where u = (√(1+0.4·(k+0.5))-1)/2.
	r := tell(t, build(1*sec, 3))
	var counts []uint64
	for _, sm := range r.samples {
		counts = append(counts, sm.Sources[0].Offered)
	}
	if len(counts) != 3 || counts[0] != 10 || counts[1] != 20 || counts[2] != 5 {
		t.Errorf("%v a second, want 10, 20, 5", counts)
	}
	sent(t, func() *sim.Plan {
		p := build(1*sec, 3)
		p.Duration = at(1150 * ms)
		p.Faults[0].Until = p.Duration
		return p
	}(), "load->a",
		append(before, 1047722558, 1132455532)...)
}

// A surge between two requests that are far apart, with more to come in the profile: 0.08/s
// at first, 125 times as many from 5 to 5.5 s, 1/s from 10 s on. The integral is 0.4 at 5 s,
// 5.4 at 5.5 s, 5.76 at 10 s.
func TestSurgeBetweenTwoArrivals(t *testing.T) {
	s := steady("load", 0, 0.08)
	s.Profile = []sim.RatePoint{{At: at(10 * sec), Rate: 1}}
	p := plan(12*sec, []topology.Service{service("a", topology.Unlimited, 0)}, s)
	f := fault(sim.Surge, 5*sec, 5500*ms)
	f.Factor = 125
	p.Faults = []sim.Fault{f}
	sent(t, p, "load->a", 0, 5060*ms, 5160*ms, 5260*ms, 5360*ms, 5460*ms, 10240*ms, 11240*ms)
}

// Two surges at once multiply.
func TestSurgesOverlap(t *testing.T) {
	p := plan(4*sec, []topology.Service{service("a", topology.Unlimited, 0)}, steady("load", 0, 10))
	p.Sources[0].Start = at(50 * ms)
	for _, c := range []struct {
		begin, end time.Duration
		factor     float64
	}{{1 * sec, 3 * sec, 2}, {2 * sec, 4 * sec, 3}} {
		f := fault(sim.Surge, c.begin, c.end)
		f.Factor = c.factor
		p.Faults = append(p.Faults, f)
	}
	var counts []uint64
	for _, sm := range tell(t, p).samples {
		counts = append(counts, sm.Sources[0].Offered)
	}
	if len(counts) != 4 || counts[0] != 10 || counts[1] != 20 || counts[2] != 60 || counts[3] != 30 {
		t.Errorf("%v a second, want 10, 20, 60, 30", counts)
	}
}

// Four users, think 100 ms and are answered in 50, become eight from 1 to 2 s.
func TestSurgeOfUsers(t *testing.T) {
	p := plan(3*sec, []topology.Service{service("a", topology.Unlimited, 0, works(50*ms))}, users("staff", 0, 4, topology.Constant(100*ms)))
	f := fault(sim.Surge, 1*sec, 2*sec)
	f.Factor = 2
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	// The four ask at 100+150k, up to 2950: 20 times each, the last not answered before the end. The others think first, and ask at
	// 1100+150k up to 1850, 6 times; at 2000 they are gone, before anything else of that instant.
	says(t, "staff", r.requests("staff"), "104 offered: 100 success, 4 in flight")

	// Half of them leave: the two ask 20 times, the others at 100 … 850, 6 times; at 1000 they
	// have left. They are back at 2 s and think first: 2100 … 2850, 6 times.
	p.Faults[0].Factor = 0.5
	says(t, "half", tell(t, p).requests("staff"), "64 offered: 62 success, 2 in flight")
}

// Users whom a surge calls before the source's start wait for it like the others.
func TestSurgeOfUsersBeforeTheStart(t *testing.T) {
	s := users("staff", 0, 1, topology.Constant(100*ms))
	s.Start = at(500 * ms)
	p := plan(1*sec, []topology.Service{service("a", topology.Unlimited, 0, works(50*ms))}, s)
	f := fault(sim.Surge, 100*ms, 1*sec)
	f.Factor = 2
	p.Faults = []sim.Fault{f}
	// Both ask at 600, 750 and 900.
	says(t, "staff", tell(t, p).requests("staff"), "6 offered: 6 success")
	// Only up to 400: nobody more.
	p.Faults[0].Until = at(400 * ms)
	says(t, "staff", tell(t, p).requests("staff"), "3 offered: 3 success")
}

func TestSurgeOfBurstsAndTraces(t *testing.T) {
	burst := herd("herd", 0, 100*ms, 10)
	burst.Burst.Every = at(300 * ms)
	p := plan(1*sec, []topology.Service{service("a", topology.Unlimited, 0)}, burst,
		traced("log", 0, []time.Duration{50 * ms, 450 * ms, 500 * ms, 900 * ms}))
	for source := range 2 {
		f := fault(sim.Surge, 300*ms, 600*ms)
		f.Source, f.Factor = source, 3
		p.Faults = append(p.Faults, f)
	}
	r := tell(t, p)
	says(t, "herd", r.requests("herd"), "50 offered: 50 success") // 10, 30, 10
	says(t, "log", r.requests("log"), "8 offered: 8 success")     // 1, 3, 3, 1

	// None of them.
	p.Faults[0].Factor, p.Faults[1].Factor = 0, 0
	r = tell(t, p)
	says(t, "herd", r.requests("herd"), "20 offered: 20 success")
	says(t, "log", r.requests("log"), "2 offered: 2 success")

	// Half as many again of a trace of 10,000: 15,000, with a deviation of √(10,000/4) = 50.
	var when []time.Duration
	for i := range 10000 {
		when = append(when, time.Duration(i)*ms)
	}
	p = plan(10*sec, []topology.Service{service("a", topology.Unlimited, 0)}, traced("log", 0, when))
	f := fault(sim.Surge, 0, 10*sec)
	f.Factor = 1.5
	p.Faults = []sim.Fault{f}
	if n := tell(t, p).source("log").Offered; n < 15000-225 || n > 15000+225 {
		t.Errorf("%d requests, want 15000 ± 225", n)
	}
}

// Faults that grow over a second, from 1 s on: full size at 2 s.
func TestRamp(t *testing.T) {
	build := func(make func(*sim.Plan) sim.Fault, sources ...sim.Source) string {
		p := plan(4*sec, []topology.Service{service("a", topology.Unlimited, 0, works(10*ms))}, sources...)
		f := make(p)
		f.Ramp = at(1 * sec)
		p.Faults = []sim.Fault{f}
		return fatesOf(t, p)
	}
	times := func() []sim.Source {
		return []sim.Source{request("begin", 1*sec, 0), request("quarter", 1250*ms, 0), request("half", 1500*ms, 0),
			request("full", 2*sec, 0), request("later", 2500*ms, 0), request("after", 3*sec, 0)}
	}
	says(t, "latency of 100 ms", build(func(p *sim.Plan) sim.Fault {
		f := on(p, fault(sim.Latency, 1*sec, 3*sec), 0)
		f.Add = topology.Constant(100 * ms)
		return f
	}, times()...), "success 10ms, success 35ms, success 60ms, success 110ms, success 110ms, success 10ms")
	says(t, "five times as slow", build(func(p *sim.Plan) sim.Fault {
		f := on(p, fault(sim.Slow, 1*sec, 3*sec), 0)
		f.Factor = 5
		return f
	}, times()...), "success 10ms, success 20ms, success 30ms, success 50ms, success 50ms, success 10ms")
	says(t, "five times as slow, over before it has grown", build(func(p *sim.Plan) sim.Fault {
		f := on(p, fault(sim.Slow, 1*sec, 1500*ms), 0)
		f.Factor = 5
		return f
	}, times()...), "success 10ms, success 20ms, success 10ms, success 10ms, success 10ms, success 10ms")
	says(t, "an edge's latency", build(func(p *sim.Plan) sim.Fault {
		f := onEdge(p, fault(sim.Latency, 1*sec, 3*sec), "half->a")
		f.Add = topology.Constant(100 * ms)
		return f
	}, times()...), "success 10ms, success 10ms, success 60ms, success 10ms, success 10ms, success 10ms")

	// A share that grows from 0 to 1 between 1 and 11 s fails half of the 1,000 requests in
	// between, all after: 500 ± 4.5 times a deviation of √(1000·(1/2-1/3)) = 12.9.
	for _, kind := range []sim.FaultKind{sim.Errors, sim.Loss} {
		p := plan(12*sec, []topology.Service{service("a", topology.Unlimited, 0)}, steady("load", 0, 100, timeout(1*ms)))
		f := onEdge(p, fault(kind, 1*sec, 12*sec), "load->a")
		if kind == sim.Errors {
			f = on(p, fault(kind, 1*sec, 12*sec), 0)
			f.Services = nil
		}
		f.Rate, f.Ramp = 1, at(10*sec)
		p.Faults = []sim.Fault{f}
		var well []uint64
		for _, sm := range tell(t, p).samples {
			well = append(well, sm.Sources[0].Ended[topology.Success])
		}
		middle := uint64(0)
		for _, n := range well[1:11] {
			middle += n
		}
		if well[0] != 100 || well[11] != 0 || middle < 500-58 || middle > 500+58 || well[1] < well[10] {
			t.Errorf("%v: %v well a second", kind, well)
		}
	}
}

// A fault that comes back every 200 ms, for 50 ms.
func TestEvery(t *testing.T) {
	var sources []sim.Source
	for _, when := range []time.Duration{99, 100, 149, 150, 299, 300, 349, 350, 900, 949, 950} {
		sources = append(sources, request("at "+(when*ms).String(), when*ms, 0))
	}
	p := one(topology.Unlimited, func(p *sim.Plan) []sim.Fault {
		f := on(p, fault(sim.Errors, 100*ms, 150*ms), 0)
		f.Rate, f.Every = 1, at(200*ms)
		return []sim.Fault{f}
	}, sources...)
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 10ms, error 0s, error 0s, success 10ms, success 10ms, error 0s, error 0s, success 10ms, "+
		"error 0s, error 0s, success 10ms")
	began, ended := 0, 0
	for _, tr := range r.transitions {
		switch tr.Kind {
		case sim.FaultBegan:
			began++
		case sim.FaultEnded:
			ended++
		}
	}
	if began != 5 || ended != 5 {
		t.Errorf("it began %d times and ended %d times, want 5 and 5", began, ended)
	}
	// As long as the gap: without a break.
	p.Faults[0].Until, p.Faults[0].Every = at(300*ms), at(200*ms)
	says(t, "fates", fatesOf(t, p), "success 10ms, error 0s, error 0s, error 0s, error 0s, error 0s, error 0s, error 0s, "+
		"error 0s, error 0s, error 0s")
	// Cut off at the end of the run: the third time it begins at 900 and does not end.
	p.Faults[0].Until, p.Faults[0].Every = at(350*ms), at(400*ms)
	r = tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 10ms, error 0s, error 0s, error 0s, error 0s, error 0s, error 0s, success 10ms, "+
		"error 0s, error 0s, error 0s")
}

// A ramp begins anew each time.
func TestEveryWithARamp(t *testing.T) {
	p := one(topology.Unlimited, func(p *sim.Plan) []sim.Fault {
		f := on(p, fault(sim.Latency, 100*ms, 200*ms), 0)
		f.Add, f.Ramp, f.Every = topology.Constant(40*ms), at(100*ms), at(300*ms)
		return []sim.Fault{f}
	}, request("r0", 150*ms, 0), request("r1", 425*ms, 0), request("r2", 775*ms, 0))
	says(t, "fates", fatesOf(t, p), "success 30ms, success 20ms, success 40ms")
}

// Faults on one instance of three, in turn.
func TestInstancesOfAFault(t *testing.T) {
	build := func(kind sim.FaultKind, change func(*sim.Fault)) string {
		p := plan(1*sec, []topology.Service{service("a", 1, 10, works(10*ms))}, traced("load", 0, []time.Duration{0, 0, 0}),
			request("held", 100*ms, 0))
		p.Topology.Services[0].Instances = 3
		f := on(p, fault(kind, 0, 50*ms), 0)
		f.Instances = 1
		change(&f)
		p.Faults = []sim.Fault{f}
		r := tell(t, p)
		var c clause
		c.outcomes(&r.source("load").Ended)
		c.span("at most", at(time.Duration(max(r.source("load").Latency.Max(), r.source("load").Failed.Max()))))
		return c.String()
	}
	says(t, "latency", build(sim.Latency, func(f *sim.Fault) { f.Add = topology.Constant(5 * ms) }), "3 success, at most 15ms")
	says(t, "slow", build(sim.Slow, func(f *sim.Fault) { f.Factor = 3 }), "3 success, at most 30ms")
	says(t, "errors", build(sim.Errors, func(f *sim.Fault) { f.Rate = 1 }), "2 success, 1 error, at most 10ms")
	says(t, "crash", build(sim.Crash, func(f *sim.Fault) {}), "2 success, 1 refused, at most 10ms")
	says(t, "pause", build(sim.Pause, func(f *sim.Fault) {}), "3 success, at most 60ms")
	says(t, "threads", build(sim.Threads, func(f *sim.Fault) {}), "3 success, at most 60ms")
	room := 0
	says(t, "set", build(sim.Set, func(f *sim.Fault) { f.Set.Queue, f.Set.Threads = &room, &room }), "2 success, 1 rejected, at most 10ms")
}

// A deploy: from 100 to 200 ms an edge has other policies.
func TestSetOnAnEdge(t *testing.T) {
	build := func(fails bool, set sim.Settings, sources ...sim.Source) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", topology.Unlimited, 0, call(1, 0, timeout(50*ms))),
			service("b", topology.Unlimited, 0, works(20*ms)),
		}, sources...)
		f := onEdge(p, fault(sim.Set, 100*ms, 200*ms), "a->b")
		f.Set = set
		p.Faults = []sim.Fault{f}
		if fails {
			e := on(p, fault(sim.Errors, 0, 1*sec), 1)
			e.Rate = 1
			p.Faults = append(p.Faults, e)
		}
		return tell(t, p)
	}
	three := func() []sim.Source {
		return []sim.Source{request("before", 90*ms, 0), request("in it", 150*ms, 0), request("after", 200*ms, 0)}
	}
	span := func(d time.Duration) *time.Duration { return &d }

	// The first was sent under the old time-out, which it keeps.
	says(t, "timeout", fates(&build(false, sim.Settings{Timeout: span(15 * ms)}, three()...).Tallies), "success 20ms, error 15ms, success 20ms")
	says(t, "deadline", fates(&build(false, sim.Settings{Deadline: span(12 * ms)}, three()...).Tallies), "success 20ms, error 12ms, success 20ms")

	retry := topology.Retry{Attempts: 3, Backoff: 10 * ms, Factor: 2, Max: 1 * sec, On: topology.RetryDefault}
	r := build(true, sim.Settings{Retry: &retry}, three()...)
	says(t, "retry", fates(&r.Tallies), "error 0s, error 30ms, error 0s")
	says(t, "a->b", r.calls("a->b"), "3 calls: 3 error; 5 attempts: 5 error")
	// It begins to try in time and goes on by what holds when it fails: at 195, and no more at 205.
	r = build(true, sim.Settings{Retry: &retry}, request("late", 195*ms, 0))
	says(t, "late", r.calls("a->b"), "1 calls: 1 error; 2 attempts: 2 error")

	// What was asked before and answered in it comes back over the new network, and is made
	// twice where that is said by then.
	delay := topology.Constant(3 * ms)
	says(t, "network", fates(&build(false, sim.Settings{Network: &delay}, three()...).Tallies), "success 23ms, success 26ms, success 20ms")
	says(t, "overhead", fates(&build(false, sim.Settings{Overhead: &delay}, three()...).Tallies), "success 20ms, success 23ms, success 20ms")
	no, yes, twice := 0.0, true, 2
	says(t, "chance", fates(&build(false, sim.Settings{Chance: &no}, three()...).Tallies), "success 20ms, success 0s, success 20ms")
	says(t, "times", fates(&build(false, sim.Settings{Times: &twice}, three()...).Tallies), "success 40ms, success 40ms, success 20ms")
	says(t, "optional", fates(&build(true, sim.Settings{Optional: &yes}, three()...).Tallies), "error 0s, success 0s, error 0s")
	back := topology.Constant(7 * ms)
	says(t, "fallback", fates(&build(true, sim.Settings{Fallback: &back}, three()...).Tallies), "error 0s, success 7ms, error 0s")
}

// Two deploys at once: the later begin wins, and the earlier comes back when it is over.
func TestSetsOverlap(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", topology.Unlimited, 0, works(500*ms))},
		request("r", 0, 0), traced("load", 0, []time.Duration{50 * ms, 150 * ms, 250 * ms, 350 * ms, 450 * ms}, timeout(90*ms)))
	set := func(begin, end, limit time.Duration) sim.Fault {
		f := onEdge(p, fault(sim.Set, begin, end), "load->a")
		f.Set.Timeout = &limit
		return f
	}
	p.Faults = []sim.Fault{set(200*ms, 300*ms, 20*ms), set(100*ms, 400*ms, 40*ms)}
	r := tell(t, p)
	// 90, 40, 20, 40, 90: 280 ms in all.
	if h := r.source("load").Failed; h.Count() != 5 || h.Mean() != float64(280*ms)/5 || h.Min() != int64(20*ms) {
		t.Errorf("time-outs of %v ns on average", h.Mean())
	}
}

// A deploy of a service, from 100 to 200 ms.
func TestSetOnAService(t *testing.T) {
	build := func(queue int, set sim.Settings, sources ...sim.Source) *telling {
		p := plan(1*sec, []topology.Service{service("a", 2, queue, works(100*ms))}, sources...)
		f := on(p, fault(sim.Set, 100*ms, 200*ms), 0)
		f.Set = set
		p.Faults = []sim.Fault{f}
		return tell(t, p)
	}
	requests := func(when ...time.Duration) (l []sim.Source) {
		for _, w := range when {
			l = append(l, request("at "+w.String(), w, 0))
		}
		return l
	}
	three, none, lifo := 3, 0, topology.LIFO
	says(t, "threads", fates(&build(10, sim.Settings{Threads: &three}, requests(50*ms, 60*ms, 70*ms, 110*ms)...).Tallies),
		"success 100ms, success 100ms, success 130ms, success 140ms")
	// 50 and 60 have the threads, 90 waits, up to 150; the room has no place for 120 and 155. The
	// thread of 60 is idle from 160 on.
	says(t, "queue", fates(&build(1, sim.Settings{Queue: &none}, requests(50*ms, 60*ms, 90*ms, 120*ms, 155*ms, 201*ms)...).Tallies),
		"success 100ms, success 100ms, success 160ms, rejected 0s, rejected 0s, success 100ms")
	// At 150 and 160 the last ones are taken; at 250 and 260, back in order, the first.
	says(t, "order", fates(&build(10, sim.Settings{Order: &lifo}, requests(50*ms, 60*ms, 70*ms, 80*ms, 90*ms, 105*ms)...).Tallies),
		"success 100ms, success 100ms, success 280ms, success 280ms, success 170ms, success 145ms")
}

func TestSetBulkheadAndBalance(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 2, 10, works(100*ms))},
		request("r0", 90*ms, 0), request("r1", 110*ms, 0), request("r2", 195*ms, 0), request("r3", 201*ms, 0))
	f := on(p, fault(sim.Set, 100*ms, 200*ms), 0)
	one := 1
	f.Set.Bulkhead = &one
	p.Faults = []sim.Fault{f}
	// r0 is counted though it came before: r1 finds the place taken, r2 free at 190, r3 comes
	// when there is no bound any more.
	says(t, "bulkhead", fatesOf(t, p), "success 100ms, bulkhead_full 0s, success 100ms, success 100ms")

	// Random for half of the time: in turn each instance gets 250 of 500, at random not.
	p = plan(10*sec, []topology.Service{service("a", topology.Unlimited, 0)}, steady("load", 0, 100))
	p.Topology.Services[0].Instances = 2
	f = on(p, fault(sim.Set, 5*sec, 10*sec), 0)
	random := topology.Random
	f.Set.Balance = &random
	p.Faults = []sim.Fault{f}
	early, late := [2]uint64{}, [2]uint64{}
	for _, sm := range tell(t, p).samples {
		for k := range 2 {
			if sm.From < at(5*sec) {
				early[k] += sm.Services[0].Instances[k].Arrived
			} else {
				late[k] += sm.Services[0].Instances[k].Arrived
			}
		}
	}
	if early != [2]uint64{250, 250} || late[0]+late[1] != 500 || late[0] == 250 || late[0] < 200 || late[0] > 300 {
		t.Errorf("in turn %v, at random %v", early, late)
	}
}

// A fault begins and ends before anything else of the same instant; what ends makes room
// for what begins.
func TestFaultsBeforeAllElseOfAnInstant(t *testing.T) {
	p := one(topology.Unlimited, func(p *sim.Plan) []sim.Fault {
		a := on(p, fault(sim.Latency, 100*ms, 200*ms), 0)
		a.Add = topology.Constant(40 * ms)
		b := on(p, fault(sim.Latency, 200*ms, 300*ms), 0)
		b.Add = topology.Constant(5 * ms)
		return []sim.Fault{b, a}
	}, request("r0", 100*ms, 0), request("r1", 200*ms, 0), request("r2", 300*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "success 50ms, success 15ms, success 10ms")
	want := []sim.Transition{
		{At: at(100 * ms), Kind: sim.FaultBegan, Fault: 1},
		{At: at(200 * ms), Kind: sim.FaultEnded, Fault: 1},
		{At: at(200 * ms), Kind: sim.FaultBegan, Fault: 0},
		{At: at(300 * ms), Kind: sim.FaultEnded, Fault: 0},
	}
	if len(r.transitions) != len(want) {
		t.Fatalf("transitions %v", r.transitions)
	}
	for i := range want {
		if r.transitions[i] != want[i] {
			t.Errorf("transition %d: %+v, want %+v", i, r.transitions[i], want[i])
		}
	}
}

// A deploy leaves a call fewer tries than it has sent: the one it waits to send still
// goes out, and is the last.
func TestSetFewerTriesThanSent(t *testing.T) {
	p := plan(10*sec, []topology.Service{
		service("a", 10, 10, call(1, 0, tries(5, 1*sec))),
		service("b", 1, 0, works(20*sec)),
	}, request("first", 0, 0), request("second", 1*sec, 0))
	f := on(p, fault(sim.Set, 3500*ms, 10*sec), 0)
	f.Services, f.Edges = nil, []int{2}
	f.Set.Retry = &topology.Retry{Attempts: 1, Factor: 2, Max: 10 * time.Second, On: topology.RetryDefault}
	p.Faults = []sim.Fault{f}
	// The second is turned away at 1 s, 2 s and 4 s (backoffs of 1 s and 2 s).
	says(t, "a->b", tell(t, p).calls("a->b"), "2 calls: 1 rejected, 1 under way; 4 attempts: 3 rejected, 1 under way")
}
