package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// alone is a service with requests of its own, one a source.
func alone(v topology.Service, requests ...sim.Source) *sim.Plan {
	return plan(2*sec, []topology.Service{v}, requests...)
}

// with is a service that is a little different.
func with(v topology.Service, change func(*topology.Service)) topology.Service {
	change(&v)
	return v
}

func at0(when ...time.Duration) []sim.Source {
	var l []sim.Source
	for _, w := range when {
		l = append(l, request("at "+w.String(), w, 0))
	}
	return l
}

// Two tokens at the start and ten a second: at 0 two pass; at 100 ms one is there again,
// at 150 ms half of one.
func TestServiceRateLimit(t *testing.T) {
	v := with(service("a", 4, 10, works(1*ms)), func(v *topology.Service) { v.RateLimit = &topology.RateLimit{Rate: 10, Burst: 2} })
	p := alone(v, at0(0, 0, 0, 100*ms, 150*ms)...)
	says(t, "fates", fatesOf(t, p), "success 1ms, success 1ms, rate_limited 0s, success 1ms, rate_limited 0s")

	// A new instance has new tokens: the crash from 110 to 120 ms has two at 150 ms. While
	// it is down it refuses.
	p = alone(v, at0(0, 0, 115*ms, 150*ms, 150*ms, 150*ms)...)
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 110*ms, 120*ms), 0)}
	says(t, "after a crash", fatesOf(t, p), "success 1ms, success 1ms, refused 0s, success 1ms, success 1ms, rate_limited 0s")

	// A deploy keeps the tokens: none is left at 10 ms, and 1 a second from then on.
	p = alone(v, at0(0, 0, 20*ms, 1200*ms, 1200*ms)...)
	f := on(p, fault(sim.Set, 10*ms, 2*sec), 0)
	f.Set.RateLimit = &topology.RateLimit{Rate: 1, Burst: 2}
	p.Faults = []sim.Fault{f}
	says(t, "another rate", fatesOf(t, p), "success 1ms, success 1ms, rate_limited 0s, success 1ms, rate_limited 0s")
}

// Two in hand at most: the one in the thread and the one that waits; or those that are
// suspended.
func TestAdaptiveLimitCountsWhatIsInHand(t *testing.T) {
	two := &topology.AdaptiveLimit{Kind: topology.AIMDLimit, Min: 2, Max: 2, Initial: 2, Timeout: 5 * sec}
	v := with(service("a", 1, 10, works(10*ms)), func(v *topology.Service) { v.AdaptiveLimit = two })
	says(t, "waiting", fatesOf(t, alone(v, at0(0, 1*ms, 2*ms, 12*ms, 13*ms)...)),
		"success 10ms, success 19ms, limited 0s, success 18ms, limited 0s")

	v = with(service("a", 8, 10, call(1, 0)), func(v *topology.Service) { v.AdaptiveLimit, v.Blocking = two, false })
	p := plan(1*sec, []topology.Service{v, service("b", 8, 10, works(10*ms))}, at0(0, 1*ms, 2*ms, 12*ms)...)
	says(t, "suspended", fatesOf(t, p), "success 10ms, success 10ms, limited 0s, success 10ms")
}

// An AIMD limit of 1 to 10 that begins at 10: one that ends without a thread's answer is
// a drop, and cuts it to 9.
func TestAdaptiveLimitHearsOfDrops(t *testing.T) {
	l := &topology.AdaptiveLimit{Kind: topology.AIMDLimit, Min: 1, Max: 10, Initial: 10, Timeout: 5 * sec}
	v := several("a", 1, 20, operation("x", works(100*ms)))
	v.AdaptiveLimit, v.Order, v.Deadline = l, topology.FIFO, true
	// The second is given up at 60 ms and thrown away at 100 ms. At 250 ms none is in hand,
	// and of ten one is too many.
	requests := []sim.Source{request("first", 0, 0), request("second", 50*ms, 0, timeout(10*ms)), herd("more", 0, 250*ms, 10)}
	r := tell(t, alone(v, requests...))
	says(t, "more", r.requests("more"), "10 offered: 9 success, 1 limited")
	v.Deadline = false // then a thread answers it, and nothing is dropped
	r = tell(t, alone(v, requests...))
	says(t, "more, all of them answered", r.requests("more"), "10 offered: 10 success")
}

// One thread, 30 ms a piece. Four that wait since 0 are reached at 30, 60, 90 ms, and at
// 120 ms, when their 100 ms are over. The one that comes at 105 ms finds that the room has not
// been empty for more than 100 ms: it may wait 5, and is reached after 15.
func TestCoDel(t *testing.T) {
	v := with(service("a", 1, 100, works(30*ms)), func(v *topology.Service) { v.Order = topology.CoDel })
	requests := at0(0, 0, 0, 0, 0, 105*ms, 118*ms, 119*ms, 121*ms, 1*sec, 1*sec)
	// At 118 ms and 119 ms likewise 5 ms, and they are reached after 2 and after 31 (at 150 ms).
	// At 121 ms the room has held that one since before: 5 ms, reached at 150 ms too. At 1 s it
	// is empty again.
	says(t, "fates", fatesOf(t, alone(v, requests...)),
		"success 30ms, success 60ms, success 90ms, success 120ms, rejected 120ms, rejected 15ms, success 32ms, rejected 31ms, rejected 29ms, success 30ms, success 60ms")
	v.Order = topology.FIFO
	says(t, "fifo", fatesOf(t, alone(v, requests[:6]...)), "success 30ms, success 60ms, success 90ms, success 120ms, success 150ms, success 75ms")
}

// The second is given up at 11 ms, the thread reaches it at 50 ms and throws it away.
// The third arrives over a slow network at 110 ms, having been given up at 65 ms, and finds
// an idle thread.
func TestServiceDeadline(t *testing.T) {
	requests := []sim.Source{request("a", 0, 0), request("b", 1*ms, 0, timeout(10*ms)), request("c", 55*ms, 0, timeout(10*ms), network(55*ms))}
	v := service("a", 1, 10, works(50*ms))
	r := tell(t, alone(v, requests...))
	says(t, "without", r.answers("a")+"; "+r.threads("a"), "3 arrived: 3 success; working 150ms, of it wasted 100ms, idle 1.85s")
	v.Deadline = true
	r = tell(t, alone(v, requests...))
	says(t, "with", r.answers("a")+"; "+r.threads("a"), "3 arrived: 1 success, 2 cancelled; working 50ms, idle 1.95s")
	if late := r.edge("b->a").LateAnswers; late != 0 {
		t.Errorf("%d late answers to what was thrown away", late)
	}
}

// One thread, 100 ms a piece, two places. At 3 ms the high one takes the place of the low
// one that came last, at 5 ms of the other one; a low one is turned away, and so is a high
// one when only high ones wait.
func TestPriority(t *testing.T) {
	low := func(e *topology.Edge) { e.Priority = topology.LowPriority }
	requests := []sim.Source{request("low 0", 0, 0, low), request("low 1", 1*ms, 0, low), request("low 2", 2*ms, 0, low), request("high 3", 3*ms, 0),
		request("low 4", 4*ms, 0, low), request("high 5", 5*ms, 0), request("high 6", 6*ms, 0)}
	want := "success 100ms, rejected 4ms, rejected 1ms, success 197ms, rejected 0s, success 295ms, rejected 0s"
	says(t, "fates", fatesOf(t, alone(service("a", 1, 2, works(100*ms)), requests...)), want)

	// What is called on behalf of a low one is low, unless its edge says otherwise.
	services := []topology.Service{service("front", 10, 0, call(1, 0)), service("a", 1, 2, works(100*ms))}
	want = "success 100ms, error 4ms, error 1ms, success 197ms, error 0s, success 295ms, error 0s"
	says(t, "inherited", fatesOf(t, plan(2*sec, services, requests...)), want)
	services[0] = service("front", 10, 0, call(1, 0, func(e *topology.Edge) { e.Priority = topology.HighPriority }))
	want = "success 100ms, success 199ms, success 298ms, error 0s, error 0s, error 0s, error 0s"
	says(t, "all high", fatesOf(t, plan(2*sec, services, requests...)), want)
}

// linear(1) on two threads: work of 10 ms is 15 ms alone and 20 ms beside another. What
// waits does not count; the load is that at the start. Injected latency is not stretched.
func TestContention(t *testing.T) {
	v := with(service("a", 2, 10, works(10*ms)), func(v *topology.Service) {
		v.Contention = topology.Contention{Kind: topology.LinearContention, A: 1}
	})
	p := alone(v, at0(0, 0, 0, 100*ms)...)
	says(t, "fates", fatesOf(t, p), "success 15ms, success 20ms, success 35ms, success 15ms")
	f := on(p, fault(sim.Latency, 0, 2*sec), 0)
	f.Add = topology.Constant(5 * ms)
	p.Faults = []sim.Fault{f}
	says(t, "with latency", fatesOf(t, p), "success 25ms, success 25ms, success 45ms, success 20ms")

	// usl(10%, 0) without threads held: three suspended are in hand too, so the fourth, 1 ms
	// later, works 1 + 0.1·3 times as long.
	v = with(service("a", 8, 10, works(10*ms), call(1, 0)), func(v *topology.Service) {
		v.Contention, v.Blocking = topology.Contention{Kind: topology.USLContention, A: 0.1}, false
	})
	p = plan(1*sec, []topology.Service{v, service("b", 8, 10, works(20*ms))}, at0(0, 20*ms, 25*ms, 50*ms)...)
	// At 20 ms the first is suspended (10 … 30): 11 ms, 31, 51. At 25 ms both are in hand: 12 ms, 37, 57.
	// At 50 ms the second and third: 12 ms, 62, 82.
	says(t, "suspended", fatesOf(t, p), "success 30ms, success 31ms, success 32ms, success 32ms")
}

// A deploy from 100 ms to 200 ms changes them all, and its end puts them back.
func TestSetGuardsOfAService(t *testing.T) {
	p := alone(service("a", 1, 10, works(10*ms)), at0(0, 100*ms, 100*ms, 130*ms, 200*ms, 200*ms)...)
	f := on(p, fault(sim.Set, 100*ms, 200*ms), 0)
	f.Set.Contention = &topology.Contention{Kind: topology.LinearContention, A: 1}
	f.Set.AdaptiveLimit = &topology.AdaptiveLimit{Kind: topology.AIMDLimit, Min: 1, Max: 1, Initial: 1, Timeout: 5 * sec}
	p.Faults = []sim.Fault{f}
	says(t, "fates", fatesOf(t, p), "success 10ms, success 20ms, limited 0s, success 20ms, success 10ms, success 20ms")
}
