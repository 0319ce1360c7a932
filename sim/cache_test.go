package sim_test

import (
	"fmt"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Caches in front of a call: what they answer, what they let wait for another's answer, and
// what happens when they do not answer any more.

// oneKey is a cache that is asked for one thing only.
func oneKey(ttl time.Duration, coalesce bool) func(*topology.Edge) {
	return func(e *topology.Edge) {
		e.Cache = &topology.Cache{Keys: 1, Size: 1, TTL: ttl, Coalesce: coalesce}
	}
}

// A share of hits: of 10,000 calls 9,000, with a deviation of √(10,000·0.9·0.1) = 30; 4.5
// times that is 135. A hit takes no time and sends nothing.
func TestCacheOfAShare(t *testing.T) {
	r := tell(t, plan(100*sec, []topology.Service{service("a", 5, 0, works(10*ms))},
		steady("load", 0, 100, func(e *topology.Edge) { e.Cache = &topology.Cache{Hit: 0.9} })))
	e := r.edge("load->a")
	if e.CacheHits < 9000-135 || e.CacheHits > 9000+135 {
		t.Errorf("%d of 10,000 hit, want 9000 ± 135", e.CacheHits)
	}
	if e.CacheHits+e.CacheMisses != 10_000 || e.Attempts != e.CacheMisses || e.CallOutcomes[topology.Success] != 10_000 {
		t.Errorf("%d hits, %d misses, %d attempts, %d successes", e.CacheHits, e.CacheMisses, e.Attempts, e.CallOutcomes[topology.Success])
	}
	if h := r.source("load").Latency; h.Min() != 0 || h.Max() != int64(10*ms) {
		t.Errorf("latencies from %d to %d ns, want 0 and 10 ms", h.Min(), h.Max())
	}
}

// LRU of 30 things out of 100 that are asked for alike: it holds the last 30 different ones,
// and the next is among them three times in ten, whichever it is. Of 10,000 calls 3,000, with
// a deviation of 45.8; 4.5 times that is 206. (Size 31: 3,100 on average.) Two client
// processes have a cache each, and the same share.
func TestCacheOfKeys(t *testing.T) {
	for _, processes := range []int{1, 2} {
		load := steady("load", 0, 100, func(e *topology.Edge) { e.Cache = &topology.Cache{Keys: 100, Size: 30} })
		load.Instances = processes
		p := plan(104*sec, []topology.Service{service("a", 5, 0)}, load)
		p.Warmup = at(4 * sec)
		if e := tell(t, p).edge("load->a"); e.CacheHits < 3000-206 || e.CacheHits > 3000+206 || e.CacheHits+e.CacheMisses != 10_000 {
			t.Errorf("%d processes: %d hits and %d misses, want 3000 ± 206 of 10,000", processes, e.CacheHits, e.CacheMisses)
		}
	}
}

// An answer of 10 ms, good for 50 ms from its arrival at 10: up to 60, and not at 60.
func TestCacheTimeToLive(t *testing.T) {
	build := func(when ...time.Duration) *sim.Plan {
		return plan(1*sec, []topology.Service{service("a", 5, 0, works(10*ms))}, traced("load", 0, when, oneKey(50*ms, false)))
	}
	sent(t, build(0, 20*ms, 60*ms-1, 60*ms, 119*ms, 120*ms), "load->a", 0, 60*ms, 120*ms)
	// The answer that is there in this instant is a hit for who comes after it.
	says(t, "filled and asked in one instant", tell(t, build(0, 5*ms, 10*ms)).guarded("load->a"), "1 hits, 2 misses")
}

// A failure fills nothing. Up to 25 ms a fails.
func TestCacheKeepsNoFailures(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0, works(10*ms))}, traced("load", 0, durations(0, 20*ms, 30*ms, 50*ms), oneKey(0, false)))
	p.Faults = []sim.Fault{dead(p, 0, 0, 25*ms)}
	r := tell(t, p)
	says(t, "load->a", r.calls("load->a"), "4 calls: 2 success, 2 error; 3 attempts: 1 success, 2 error")
	says(t, "guards", r.guarded("load->a"), "1 hits, 3 misses")
}

// The cache is asked first: a hit takes no token and meets no open breaker.
func TestCacheBeforeTheOtherGuards(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0)},
		traced("load", 0, durations(0, 10*ms, 20*ms, 200*ms, 210*ms), oneKey(100*ms, false), limit(0, 2, 0)))
	r := tell(t, p)
	says(t, "load->a", r.calls("load->a"), "5 calls: 5 success; 2 attempts: 2 success")
	says(t, "guards", r.guarded("load->a"), "3 hits, 2 misses")
}

// shop is a service a that asks b (100 ms) through a cache of one thing, and three who ask a
// at 0, 10 and 20 ms.
func shop(change ...func(*topology.Edge)) *sim.Plan {
	return plan(1*sec, []topology.Service{
		service("a", 10, 0, call(1, 0, change...)),
		service("b", 10, 0, works(100*ms)),
	}, request("r0", 0, 0), request("r1", 10*ms, 0), request("r2", 20*ms, 0))
}

func TestCoalescing(t *testing.T) {
	r := tell(t, shop(oneKey(0, false)))
	says(t, "each for itself", fates(&r.Tallies), "success 100ms, success 100ms, success 100ms")
	says(t, "each for itself", r.calls("a->b"), "3 calls: 3 success; 3 attempts: 3 success")

	// The others end with the first, and their threads wait on the edge as long.
	r = tell(t, shop(oneKey(0, true)))
	says(t, "together", fates(&r.Tallies), "success 100ms, success 90ms, success 80ms")
	says(t, "together", r.calls("a->b"), "3 calls: 3 success; 1 attempts: 1 success")
	says(t, "together", r.guarded("a->b"), "1 misses, 2 coalesced")
	says(t, "together", r.threads("a"), "a->b 270ms, idle 9.73s")
	if got := fmt.Sprint(r.edge("a->b").Tries); got != "[1]" {
		t.Errorf("calls by tries: %s, want one of one try", got)
	}

	// So they do where it fails, after its retry; and each has its own fallback work.
	fails := func(p *sim.Plan) *sim.Plan {
		f := dead(p, 1, 0, 1*sec)
		f.AfterWork = true
		p.Faults = []sim.Fault{f}
		return p
	}
	r = tell(t, fails(shop(oneKey(0, true), tries(2, 20*ms))))
	says(t, "failure", fates(&r.Tallies), "error 220ms, error 210ms, error 200ms")
	says(t, "failure", r.calls("a->b"), "3 calls: 3 error; 2 attempts: 2 error")
	says(t, "fallback", fatesOf(t, fails(shop(oneKey(0, true), fallback(5*ms)))), "success 105ms, success 95ms, success 85ms")
	says(t, "optional", fatesOf(t, fails(shop(oneKey(0, true), optional))), "success 100ms, success 90ms, success 80ms")
}

// Who waits for a call that waits for its token waits as long.
func TestCoalescingBehindARateLimit(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 10, 0, call(1, 0, oneKey(0, true), limit(10, 1, 200*ms))), service("b", 10, 0, works(20*ms))},
		request("r0", 0, 0), request("r1", 10*ms, 0), request("r2", 20*ms, 0))
	p.Faults = []sim.Fault{dead(p, 1, 0, 5*ms)}
	r := tell(t, p)
	// r0 has the token and fails at once. r1 waits for the one of 100, and r2 for r1.
	says(t, "fates", fates(&r.Tallies), "error 0s, success 110ms, success 100ms")
	says(t, "guards", r.guarded("a->b"), "2 misses, 1 coalesced")
}

// Deadlines. The first call's is the end of all who wait for it. One that waits has a
// deadline of its own: it goes, and the rest wait on.
func TestDeadlinesOfCoalescedCalls(t *testing.T) {
	r := tell(t, shop(oneKey(0, true), deadline(50*ms)))
	says(t, "the first one's", fates(&r.Tallies), "error 50ms, error 40ms, error 30ms")
	says(t, "the first one's", r.calls("a->b"), "3 calls: 3 timeout; 1 attempts: 1 timeout; 1 late")

	// Only the second one has any.
	p := shop(oneKey(0, true))
	f := onEdge(p, fault(sim.Set, 5*ms, 15*ms), "a->b")
	f.Set.Deadline = new(time.Duration)
	*f.Set.Deadline = 30 * ms
	p.Faults = []sim.Fault{f}
	r = tell(t, p)
	says(t, "the second one's", fates(&r.Tallies), "success 100ms, error 30ms, success 80ms")
	says(t, "the second one's", r.calls("a->b"), "3 calls: 2 success, 1 timeout; 1 attempts: 1 success")

	// Only the last one has.
	f.From, f.Until = at(15*ms), at(1*sec)
	p.Faults = []sim.Fault{f}
	says(t, "the last one's", fatesOf(t, p), "success 100ms, success 90ms, error 30ms")
	// And one comes after it.
	p = plan(1*sec, p.Topology.Services, append(p.Sources, request("r3", 60*ms, 0))...)
	f = onEdge(p, f, "a->b")
	p.Faults = []sim.Fault{f}
	says(t, "one after it", fatesOf(t, p), "success 100ms, success 90ms, error 30ms, error 30ms")
	p.Faults[0].Until = at(30 * ms)
	says(t, "one without after it", fatesOf(t, p), "success 100ms, success 90ms, error 30ms, success 40ms")
}

// The first call is stopped, its client having gone at 30: the next of those who wait is
// sent in its place, and the rest wait for that.
func TestHeirOfACoalescedCall(t *testing.T) {
	build := func(cancel bool, limits ...time.Duration) *telling {
		p := shop(oneKey(0, true))
		p.Topology.Services[0].Cancel = cancel
		for i, d := range limits {
			p.Sources[i].Edge.Timeout = d
		}
		return tell(t, p)
	}
	r := build(true, 30*ms)
	says(t, "stopped", fates(&r.Tallies), "timeout 30ms, success 120ms, success 110ms")
	says(t, "stopped", r.calls("a->b"), "3 calls: 2 success, 1 cancelled; 2 attempts: 1 success, 1 cancelled")
	says(t, "stopped", r.guarded("a->b"), "1 misses, 2 coalesced")
	// The heir's client goes too, at 40: then the last is sent, up to 140.
	r = build(true, 30*ms, 30*ms)
	says(t, "twice", fates(&r.Tallies), "timeout 30ms, timeout 30ms, success 120ms")
	says(t, "twice", r.calls("a->b"), "3 calls: 1 success, 2 cancelled; 3 attempts: 1 success, 2 cancelled")
	// All go.
	r = build(true, 30*ms, 30*ms, 30*ms)
	says(t, "all", r.calls("a->b"), "3 calls: 3 cancelled; 3 attempts: 3 cancelled")
	// One that waits goes, at 25: nothing else changes.
	r = build(true, 0, 15*ms)
	says(t, "one that waits", fates(&r.Tallies), "success 100ms, timeout 15ms, success 80ms")
	says(t, "one that waits", r.calls("a->b"), "3 calls: 2 success, 1 cancelled; 1 attempts: 1 success")
	// Where a is not told the first call goes on for the others.
	r = build(false, 30*ms)
	says(t, "not stopped", fates(&r.Tallies), "timeout 30ms, success 90ms, success 80ms")
	says(t, "not stopped", r.calls("a->b"), "3 calls: 3 success; 1 attempts: 1 success")
}

// Two branches of one request ask for the same thing; the request is stopped.
func TestStoppedBranchesOfOneThing(t *testing.T) {
	shared := oneKey(0, true)
	a := service("a", 10, 0, parallel(call(1, 0, shared), call(1, 0, shared)))
	a.Cancel = true
	p := plan(1*sec, []topology.Service{a, service("b", 10, 0, works(100*ms))}, request("one", 0, 0, timeout(30*ms)), request("two", 200*ms, 0))
	r := tell(t, p)
	says(t, "fates", fates(&r.Tallies), "timeout 30ms, success 100ms")
	says(t, "a", r.answers("a"), "2 arrived: 1 success, 1 cancelled")
}

// While it is flushed a cache answers nothing and keeps nothing.
func TestCacheFlush(t *testing.T) {
	build := func(change func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{service("a", 5, 0)}, traced("load", 0, durations(0, 10*ms, 50*ms, 60*ms, 100*ms, 110*ms), change))
		p.Faults = []sim.Fault{onEdge(p, fault(sim.CacheFlush, 50*ms, 100*ms), "load->a")}
		return tell(t, p)
	}
	says(t, "of keys", build(oneKey(0, false)).guarded("load->a"), "2 hits, 4 misses")
	says(t, "of a share", build(func(e *topology.Edge) { e.Cache = &topology.Cache{Hit: 1} }).guarded("load->a"), "4 hits, 2 misses")
}

// A call every 10 ms for one thing; its answer takes 50 ms and is good for a second. Five
// ask at 0, 10 … 40; their answers come from 50 to 90, and the last is good up to 1090: every
// 1090 ms five calls. With coalescing it is one every 1050 ms, for which four others wait.
// In 10 s either has ten of them.
func TestStampede(t *testing.T) {
	build := func(coalesce bool) string {
		p := plan(10*sec, []topology.Service{service("a", 100, 0, works(50*ms))}, steady("load", 0, 100, oneKey(1*sec, coalesce)))
		return tell(t, p).guarded("load->a")
	}
	says(t, "each for itself", build(false), "950 hits, 50 misses")
	says(t, "together", build(true), "950 hits, 10 misses, 40 coalesced")
}

// A hot key, five threads of 50 ms, 200 calls a second: all is well for as long as the cache
// answers. Flushed for a moment it has ten who ask at once, of whom five find no place. With
// coalescing one call is enough.
func TestStampedeFillsTheCallee(t *testing.T) {
	build := func(coalesce bool) *telling {
		p := plan(1*sec, []topology.Service{service("a", 5, 0, works(50*ms))}, steady("load", 0, 200, oneKey(0, coalesce)))
		p.Faults = []sim.Fault{onEdge(p, fault(sim.CacheFlush, 500*ms, 500*ms+1), "load->a")}
		return tell(t, p)
	}
	// At 0, 5 … 45 and at 500, 505 … 545: five places each time.
	says(t, "each for itself", build(false).requests("load"), "200 offered: 190 success, 10 rejected")
	r := build(true)
	says(t, "together", r.requests("load"), "200 offered: 200 success")
	says(t, "together", r.guarded("load->a"), "180 hits, 2 misses, 18 coalesced")
}

// A caller that comes back from a crash has an empty cache; a deploy that changes the
// cache's time to live or size leaves its entries, one that asks for other things does not.
func TestWhatACacheKeeps(t *testing.T) {
	build := func(make func(*sim.Plan) sim.Fault) *telling {
		p := plan(1*sec, []topology.Service{service("a", 5, 0, call(1, 0, oneKey(0, false))), service("b", 5, 0, works(1*ms))},
			traced("load", 0, durations(0, 10*ms, 50*ms, 60*ms)))
		p.Faults = []sim.Fault{make(p)}
		return tell(t, p)
	}
	set := func(c topology.Cache) func(*sim.Plan) sim.Fault {
		return func(p *sim.Plan) sim.Fault {
			f := onEdge(p, fault(sim.Set, 30*ms, 1*sec), "a->b")
			f.Set.Cache = &c
			return f
		}
	}
	says(t, "crash", build(func(p *sim.Plan) sim.Fault { return on(p, fault(sim.Crash, 30*ms, 40*ms), 0) }).guarded("a->b"), "2 hits, 2 misses")
	says(t, "another size", build(set(topology.Cache{Keys: 1, Size: 5})).guarded("a->b"), "3 hits, 1 misses")
	// Filled at 1: old at 50 already. Filled anew at 51.
	says(t, "another time to live", build(set(topology.Cache{Keys: 1, Size: 1, TTL: 20 * ms})).guarded("a->b"), "2 hits, 2 misses")
	says(t, "other things", build(set(topology.Cache{Keys: 1, Zipf: 1, Size: 1})).guarded("a->b"), "2 hits, 2 misses")
}

// The first call is stopped at the end of a pause in which the deadline of the one that waits
// for its answer ran out: that is sent no more.
func TestHeirWhoseDeadlineIsOver(t *testing.T) {
	a := service("a", 2, 10, call(1, 0, oneKey(0, true), deadline(60*ms)))
	a.Cancel = true
	p := plan(1*sec, []topology.Service{a, service("b", 1, 10, works(500*ms))}, request("one", 0, 0, timeout(50*ms)), request("two", 5*ms, 0))
	p.Faults = append(p.Faults, on(p, fault(sim.Pause, 20*ms, 100*ms), 0))
	r := tell(t, p)
	says(t, "a->b", r.calls("a->b"), "2 calls: 1 timeout, 1 cancelled; 1 attempts: 1 cancelled")
}

// An operation that does not block gives its thread back for a call that is waited for. What
// the cache answers at once is not: three requests at once have the one thread in turn, 20 ms
// each, and not 10 ms and 10 ms around each other. So it is with what a guard turns away: there
// the first has the token and yields, the second goes on at once.
func TestHitTakesNoThreadAway(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*topology.Edge)
		want   string
	}{
		{"hit", func(e *topology.Edge) { e.Cache = &topology.Cache{Hit: 1} }, "success 20ms, success 40ms, success 60ms"},
		{"rate limited", func(e *topology.Edge) { e.RateLimit, e.Optional = &topology.RateLimit{Burst: 1}, true }, "success 40ms, success 30ms, success 60ms"},
	} {
		a := service("a", 1, 10, works(10*ms), call(1, 0, c.change), works(10*ms))
		a.Blocking = false
		r := tell(t, plan(1*sec, []topology.Service{a, service("b", 5, 0, works(1*ms))}, request("x", 0, 0), request("y", 0, 0), request("z", 0, 0)))
		says(t, c.name, fates(&r.Tallies), c.want)
	}
}
