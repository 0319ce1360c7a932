package sim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// The guards that a caller puts on a call, one by one and in their order, with instants
// and counts that were worked out by hand.

func durations(d ...time.Duration) []time.Duration { return d }

func bulkhead(n int) func(*topology.Edge) { return func(e *topology.Edge) { e.Bulkhead = n } }

// limit is a rate limit; a rate of 0 stands for one at which no token comes within a test.
func limit(rate float64, burst int, wait time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { e.RateLimit = &topology.RateLimit{Rate: rate, Burst: burst, Wait: wait} }
}

// breaker trips at the n+1-th failure in a row.
func breaker(n int, openFor time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) {
		e.Breaker = &topology.Breaker{Consecutive: n, OpenFor: openFor, HalfOpen: 1, On: topology.BreakerDefault}
	}
}

func fallback(d time.Duration) func(*topology.Edge) {
	return func(e *topology.Edge) { back := topology.Constant(d); e.Fallback = &back }
}

// guarded tells what an edge's guards did.
func (r *telling) guarded(id string) string {
	e := r.edge(id)
	var away, all clause
	away.outcomes(&e.TurnedAway)
	if len(away.parts) > 0 {
		all.parts = append(all.parts, "turned away "+away.String())
	}
	all.count("hedges", e.Hedges)
	all.count("retries", e.Retries)
	all.count("hits", e.CacheHits)
	all.count("misses", e.CacheMisses)
	all.count("coalesced", e.Coalesced)
	all.span("open", e.Open)
	return all.String()
}

// breakers tells what breakers did: when, whose, what.
func (r *telling) breakers() string {
	var l []string
	for _, t := range r.transitions {
		if t.Kind == sim.BreakerChanged {
			l = append(l, fmt.Sprintf("%v %s/%d %v", time.Duration(t.At), r.p.Edges()[t.Edge].ID, t.Instance, t.To))
		}
	}
	return strings.Join(l, ", ")
}

// dead lets a service fail all that it gets, from begin to end.
func dead(p *sim.Plan, service int, begin, end time.Duration) sim.Fault {
	f := on(p, fault(sim.Errors, begin, end), service)
	f.Rate = 1
	return f
}

// An edge's bulkhead holds attempts from their sending to their end for the caller.
func TestEdgeBulkhead(t *testing.T) {
	build := func(places int, when []time.Duration, change ...func(*topology.Edge)) *telling {
		load := traced("load", 0, when, append(change, bulkhead(places))...)
		return tell(t, plan(1*sec, []topology.Service{service("a", 10, 0, works(100*ms))}, load))
	}
	// 0 and 10 have the two places, 20 has none. At 100 the first one's answer has come
	// before the fourth call begins; at 105 both are taken again.
	r := build(2, durations(0, 10*ms, 20*ms, 100*ms, 105*ms))
	says(t, "load->a", r.calls("load->a"), "5 calls: 3 success, 2 bulkhead_full; 3 attempts: 3 success")
	says(t, "guards", r.guarded("load->a"), "turned away 2 bulkhead_full")

	// A time-out frees the place, though the callee works on.
	r = build(1, durations(0, 40*ms, 50*ms), timeout(50*ms))
	says(t, "time-outs", r.calls("load->a"), "3 calls: 2 timeout, 1 bulkhead_full; 2 attempts: 2 timeout; 2 late")
	says(t, "a's threads", r.threads("a"), "working 200ms, of it wasted 100ms, idle 9.8s")

	// Each client process has its own: 0 and 2 are the first one's, 1 and 3 the second's.
	load := traced("load", 0, durations(0, 1*ms, 2*ms, 3*ms), bulkhead(1))
	load.Instances = 2
	r = tell(t, plan(1*sec, []topology.Service{service("a", 10, 0, works(100*ms))}, load))
	says(t, "two processes", r.calls("load->a"), "4 calls: 2 success, 2 bulkhead_full; 2 attempts: 2 success")

	// A further copy takes a place of its own: where it finds none it is not sent, where it
	// does the next call may find none.
	r = build(1, durations(0, 20*ms), hedge)
	says(t, "one place", r.calls("load->a"), "2 calls: 1 success, 1 bulkhead_full; 1 attempts: 1 success")
	says(t, "one place", r.guarded("load->a"), "turned away 2 bulkhead_full")
	r = build(2, durations(0, 20*ms), hedge)
	says(t, "two places", r.calls("load->a"), "2 calls: 1 success, 1 bulkhead_full; 2 attempts: 1 success, 1 cancelled")
	says(t, "two places", r.guarded("load->a"), "turned away 1 bulkhead_full, 1 hedges")
}

// The first try fails at 30 and gives its place back; the second call takes it from 35 to
// 65. The retry at 50 finds none.
func TestRetryMeetsABulkhead(t *testing.T) {
	build := func(worthARetry topology.OutcomeSet) *telling {
		p := plan(1*sec, []topology.Service{service("a", 10, 0, works(30*ms))},
			traced("load", 0, durations(0, 35*ms), bulkhead(1), tries(3, 20*ms), func(e *topology.Edge) { e.Retry.On = worthARetry }))
		f := dead(p, 0, 0, 35*ms)
		f.AfterWork = true
		p.Faults = []sim.Fault{f}
		return tell(t, p)
	}
	r := build(topology.RetryDefault)
	says(t, "it ends there", r.calls("load->a"), "2 calls: 1 success, 1 bulkhead_full; 2 attempts: 1 success, 1 error")
	says(t, "it ends there", fmt.Sprint(r.edge("load->a").Tries, r.edge("load->a").Retries), "[1 1] 0")
	// Tried again 40 ms later, which is the third try and the second attempt.
	r = build(topology.RetryDefault.With(topology.BulkheadFull))
	says(t, "it is tried again", r.calls("load->a"), "2 calls: 2 success; 3 attempts: 2 success, 1 error")
	says(t, "it is tried again", fmt.Sprint(r.edge("load->a").Tries, r.edge("load->a").Retries), "[1 0 1] 1")
	if got := r.source("load").Latency.Max(); got != int64(120*ms) {
		t.Errorf("ended after %d ns, want 120 ms", got)
	}
}

// Ten tokens a second, one at the start, a wait of 150 ms at most; b works 20 ms.
func TestEdgeRateLimitWithAWait(t *testing.T) {
	p := func() *sim.Plan {
		return plan(1*sec, []topology.Service{
			service("a", 5, 0, call(1, 0, limit(10, 1, 150*ms))),
			service("b", 5, 0, works(20*ms)),
		}, request("r0", 0, 0), request("r1", 10*ms, 0), request("r2", 20*ms, 0), request("r3", 60*ms, 0))
	}
	// The tokens are there at 0, 100 and 200. r1 waits for the one of 100. r2 would have to
	// wait 180 ms for that of 200, and does not; r3 waits 140 for it.
	r := tell(t, p())
	says(t, "fates", fates(&r.Tallies), "success 20ms, success 110ms, error 0s, success 160ms")
	sent(t, p(), "a->b", 0, 100*ms, 200*ms)
	says(t, "a->b", r.calls("a->b"), "4 calls: 3 success, 1 rate_limited; 3 attempts: 3 success")
	// Who waits for a token holds its thread, and waits on that edge.
	says(t, "a's threads", r.threads("a"), "a->b 290ms, idle 4.71s")
	says(t, "guards", r.guarded("a->b"), "turned away 1 rate_limited")
}

// A call whose deadline would end its wait for a token takes none: who comes at 50 has that
// of 100, not that of 200. A call that is stopped as it waits, its caller's client having
// gone at 40, gives it back.
func TestRateLimitTokensComeBack(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 5, 0, call(1, 0, limit(10, 1, 500*ms), deadline(30*ms))),
		service("b", 5, 0, works(20*ms)),
	}, request("r0", 0, 0), request("r1", 10*ms, 0), request("r2", 50*ms, 0))
	f := onEdge(p, fault(sim.Set, 45*ms, 1*sec), "a->b")
	f.Set.Deadline = new(time.Duration)
	*f.Set.Deadline = 1 * sec
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "deadline", fates(&r.Tallies), "success 20ms, error 0s, success 70ms")
	says(t, "deadline", r.calls("a->b"), "3 calls: 2 success, 1 rate_limited; 2 attempts: 2 success")

	a := service("a", 5, 0, call(1, 0, limit(10, 1, 500*ms)))
	a.Cancel = true
	r = tell(t, plan(1*sec, []topology.Service{a, service("b", 5, 0, works(20*ms))},
		request("r0", 0, 0), request("r1", 10*ms, 0, timeout(30*ms)), request("r2", 50*ms, 0)))
	says(t, "stopped", fates(&r.Tallies), "success 20ms, timeout 30ms, success 70ms")
	says(t, "stopped", r.calls("a->b"), "3 calls: 2 success, 1 cancelled; 2 attempts: 2 success")

	// Where nobody stops it, it waits on for nobody, and the token is gone.
	a.Cancel = false
	r = tell(t, plan(1*sec, []topology.Service{a, service("b", 5, 0, works(20*ms))},
		request("r0", 0, 0), request("r1", 10*ms, 0, timeout(30*ms)), request("r2", 50*ms, 0)))
	says(t, "not stopped", fates(&r.Tallies), "success 20ms, timeout 30ms, success 170ms")
}

// A caller that is paused from 50 to 150 sends at 150 what had its token at 100.
func TestPauseOfWhoWaitsForAToken(t *testing.T) {
	p := plan(1*sec, []topology.Service{
		service("a", 5, 0, call(1, 0, limit(10, 1, 500*ms))),
		service("b", 5, 0, works(20*ms)),
	}, request("r0", 0, 0), request("r1", 10*ms, 0))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 50*ms, 150*ms), 0)}
	says(t, "fates", fatesOf(t, p), "success 20ms, success 160ms")
}

// Each try takes a token of its own.
func TestRetriesTakeTokens(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0)}, request("one", 0, 0, limit(0, 2, 0), tries(5, 10*ms)))
	p.Faults = []sim.Fault{dead(p, 0, 0, 1*sec)}
	r := tell(t, p)
	// Tries at 0 and 10 are sent, those at 30, 70 and 150 are not.
	says(t, "fate", fates(&r.Tallies), "rate_limited 150ms")
	says(t, "the edge", r.calls("one->a"), "1 calls: 1 rate_limited; 2 attempts: 2 error")
	says(t, "guards", r.guarded("one->a"), "turned away 3 rate_limited, 1 retries")
}

// A call every 10 ms; a fails at once up to 95 ms, then works 1 ms.
func TestBreakerAtExactInstants(t *testing.T) {
	p := plan(200*ms, []topology.Service{service("a", 5, 0, works(1*ms))}, steady("load", 0, 100, breaker(2, 50*ms)))
	p.Faults = []sim.Fault{dead(p, 0, 0, 95*ms)}
	r := tell(t, p)
	// The third failure in a row, at 20, opens it. It is open for 50 ms and a bit: the call at
	// 70 is still turned away, the one at 80 is a probe and fails. So is 130, and the probe at
	// 140 succeeds at 141.
	says(t, "breaker", r.breakers(), "20ms load->a/0 open, 80ms load->a/0 half-open, 80ms load->a/0 open, 140ms load->a/0 half-open, 141ms load->a/0 closed")
	says(t, "load->a", r.calls("load->a"), "20 calls: 6 success, 4 error, 10 breaker_open; 10 attempts: 6 success, 4 error")
	says(t, "guards", r.guarded("load->a"), "turned away 10 breaker_open, open 120ms")
}

// While a probe is under way the others are turned away.
func TestBreakerProbesOneByOne(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0, works(50*ms))},
		traced("load", 0, durations(0, 101*ms, 120*ms, 151*ms, 160*ms), breaker(0, 100*ms)))
	p.Faults = []sim.Fault{dead(p, 0, 0, 10*ms)}
	r := tell(t, p)
	says(t, "breaker", r.breakers(), "0s load->a/0 open, 101ms load->a/0 half-open, 151ms load->a/0 closed")
	says(t, "load->a", r.calls("load->a"), "5 calls: 3 success, 1 error, 1 breaker_open; 4 attempts: 3 success, 1 error")
}

// Two client processes, in turn, each with a breaker of its own.
func TestBreakerOfEachCallerInstance(t *testing.T) {
	load := steady("load", 0, 100, breaker(1, 1*sec))
	load.Instances = 2
	p := plan(100*ms, []topology.Service{service("a", 5, 0)}, load)
	p.Faults = []sim.Fault{dead(p, 0, 0, 100*ms)}
	r := tell(t, p)
	says(t, "breakers", r.breakers(), "20ms load->a/0 open, 30ms load->a/1 open")
	says(t, "load->a", r.calls("load->a"), "10 calls: 4 error, 6 breaker_open; 4 attempts: 4 error")
	says(t, "guards", r.guarded("load->a"), "turned away 6 breaker_open, open 150ms")
}

// A breaker that trips at the first failure. What a bulkhead behind it turns away, and what
// is given up for another copy's answer, is no failure.
func TestWhatIsNoFailureToABreaker(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0, works(100*ms))}, traced("load", 0, durations(0, 10*ms, 110*ms), breaker(0, 1*sec), bulkhead(1)))
	r := tell(t, p)
	says(t, "bulkhead", r.calls("load->a"), "3 calls: 2 success, 1 bulkhead_full; 2 attempts: 2 success")
	says(t, "bulkhead", r.breakers(), "")

	p = plan(1*sec, []topology.Service{service("a", 5, 0, works(100*ms))}, traced("load", 0, durations(0, 110*ms), breaker(0, 1*sec), hedge))
	r = tell(t, p)
	says(t, "hedge", r.calls("load->a"), "2 calls: 2 success; 4 attempts: 2 success, 2 cancelled")
	says(t, "hedge", r.breakers(), "")

	// It is no success either: between the first failure and the next, which is the second in
	// a row, lies a call that was stopped. b fails up to 10 and from 90 on.
	a := service("a", 5, 0, call(1, 0, breaker(1, 1*sec)))
	a.Cancel = true
	p = plan(1*sec, []topology.Service{a, service("b", 5, 0, works(100*ms))},
		request("r0", 0, 0), request("r1", 20*ms, 0, timeout(30*ms)), request("r2", 100*ms, 0))
	p.Faults = []sim.Fault{dead(p, 1, 0, 10*ms), dead(p, 1, 90*ms, 1*sec)}
	r = tell(t, p)
	says(t, "stopped", r.calls("a->b"), "3 calls: 2 error, 1 cancelled; 3 attempts: 2 error, 1 cancelled")
	says(t, "stopped", r.breakers(), "100ms a->b/0 open")
}

// The rate limit is asked before the breaker, that before the bulkhead. Four tokens in all.
func TestOrderOfTheGuards(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0, works(100*ms))},
		traced("load", 0, durations(0, 10*ms, 60*ms, 70*ms, 80*ms), timeout(50*ms), limit(0, 4, 0), breaker(0, 1*sec), bulkhead(1)))
	r := tell(t, p)
	// 10: let through by the breaker, not by the bulkhead. At 50 the time-out opens the
	// breaker. 60 and 70: a token each, and then turned away. 80: no token.
	says(t, "load->a", r.calls("load->a"), "5 calls: 1 timeout, 1 rate_limited, 2 breaker_open, 1 bulkhead_full; 1 attempts: 1 timeout; 1 late")
	says(t, "breaker", r.breakers(), "50ms load->a/0 open")
}

// The throttle is asked before the breaker, so what that turns away is offered and not
// accepted to it: it turns away the n+1-th call with the chance n/(n+1). Of 1,000 calls
// after one that fails 1/2 + … + 1/1000 = 6.5 reach the open breaker, with a deviation of
// 2.4; four times that is 10. (The other way round all 999 would.)
func TestThrottleBeforeTheBreaker(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0)}, steady("load", 0, 1000, breaker(0, 1*sec),
		func(e *topology.Edge) { e.Throttle = &topology.Throttle{K: 2, Window: 120 * sec} }, timeout(1)))
	p.Faults = []sim.Fault{onEdge(p, fault(sim.Partition, 0, 1*sec), "load->a")}
	e := tell(t, p).edge("load->a")
	open, throttled := e.TurnedAway[topology.BreakerOpen], e.TurnedAway[topology.Throttled]
	if e.Attempts != 1 || open < 1 || open > 16 || open+throttled != 999 {
		t.Errorf("%d attempts, %d met the open breaker, %d were throttled", e.Attempts, open, throttled)
	}
}

// Google's throttling with K = 2 and a window of a second: offered 1,000 a second, of which
// the callee takes 100, it sends (2·100+1)·1000/1001 = 201 a second (B. Beyer et al., "Site
// Reliability Engineering", 2016, chapter 21). 100 s: some 20,000 of 100,000 are sent, with a
// deviation of at most √(100,000·0.2·0.8) = 126; 4.5 times that is 5.7 a second. (K = 1.9:
// 191 a second.)
func TestThrottleSendsTwiceWhatIsAccepted(t *testing.T) {
	p := plan(105*sec, []topology.Service{service("a", 1, 10, works(10*ms))},
		openSource("load", 0, 1000, func(e *topology.Edge) { e.Throttle = &topology.Throttle{K: 2, Window: 1 * sec} }))
	p.Warmup = at(5 * sec)
	e := tell(t, p).edge("load->a")
	if got := float64(e.Attempts) / 100; math.Abs(got-200.8) > 5.7 {
		t.Errorf("%.1f a second are sent, want 200.8", got)
	}
	if got := float64(e.Outcomes[topology.Success]) / 100; math.Abs(got-100) > 0.2 {
		t.Errorf("%.1f a second are accepted, want 100", got)
	}
}

// b never answers; a waits 100 ms for it, or has its breaker turn the call away, and then
// has something else to do, or nothing, or fails.
func TestWhatFollowsATurnedAwayCall(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*topology.Edge)
		want   string
	}{
		{"fallback", fallback(5 * ms), "success 105ms, success 5ms"},
		{"optional", optional, "success 100ms, success 0s"},
		{"needed", func(*topology.Edge) {}, "error 100ms, error 0s"},
	} {
		for _, guard := range []func(*topology.Edge){breaker(0, 1*sec), limit(0, 1, 0)} {
			for _, blocking := range []bool{true, false} {
				a := service("a", 5, 0, call(1, 0, timeout(100*ms), guard, row.change))
				a.Blocking = blocking
				p := plan(1*sec, []topology.Service{a, service("b", 5, 0, work(topology.Dist{Kind: topology.NeverDist}))}, request("r0", 0, 0), request("r1", 200*ms, 0))
				says(t, fmt.Sprint(row.name, blocking), fatesOf(t, p), row.want)
			}
		}
	}
}

// A budget gains by a first attempt that is sent, and by nothing else: one token at the
// start and one an attempt, and a rate limit of two tokens.
func TestBudgetGainsByWhatIsSent(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0)}, traced("load", 0, durations(0, 20*ms), limit(0, 2, 0), tries(2, 10*ms),
		func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Ratio: 1, Burst: 1} }))
	p.Faults = []sim.Fault{dead(p, 0, 0, 1*sec)}
	r := tell(t, p)
	// The first call's retry has the one token. The second call's first try is turned away,
	// gains nothing, and has no second.
	says(t, "load->a", r.calls("load->a"), "2 calls: 1 error, 1 rate_limited; 2 attempts: 2 error")
	says(t, "its tries", fmt.Sprint(r.edge("load->a").Tries), "[1 1]")
}

// The budgets of libraries and proxies, by their own arithmetic: calls that all fail, or
// all time out, and how many retries they get.
func TestBudgetsOfLibraries(t *testing.T) {
	build := func(like topology.BudgetKind, calls, attempts int, limit time.Duration) uint64 {
		load := steady("load", 0, 100, tries(attempts, 0), timeout(limit), func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Like: like} })
		load.Limit = int64(calls)
		p := plan(9*sec, []topology.Service{service("a", topology.Unlimited, 0, works(100*ms))}, load)
		if limit == 0 {
			p.Faults = []sim.Fault{dead(p, 0, 0, 9*sec)}
		}
		return tell(t, p).edge("load->a").Retries
	}
	for _, row := range []struct {
		name  string
		got   uint64
		wants uint64
	}{
		{"500 tokens, 5 a retry", build(topology.AWSBudget, 200, 3, 0), 100},
		{"500 tokens, 10 a time-out", build(topology.AWSBudget, 200, 3, 50*ms), 50},
		// 10 tokens, a failure costs 1, retries while there are more than 5: after 9, 8, 7, 6.
		{"more than half of 10 tokens", build(topology.GRPCBudget, 200, 10, 0), 4},
		// 100 in reserve, and 20% of what has been sent: after the n-th call 100+n/5 in all.
		// With two retries a call the reserve is spent when 2n = 100+n/5: from there on one in
		// five; 200 calls in 2 s have 140.
		{"a fifth, and 100", build(topology.FinagleBudget, 200, 3, 0), 140},
		{"a fifth of none, and 100", build(topology.LinkerdBudget, 200, 3, 0), 100},
		// A retry runs for 50 ms, and three may: of a call each 10 ms three out of five.
		{"three at once", build(topology.EnvoyBudget, 200, 2, 50*ms), 120},
	} {
		if row.got != row.wants {
			t.Errorf("%s: %d retries, want %d", row.name, row.got, row.wants)
		}
	}
}

// What a deploy keeps: a limiter's tokens, a budget's; a breaker as it is, where its
// settings are the same. With others it is another breaker.
func TestWhatADeployKeeps(t *testing.T) {
	// Two tokens, of which one is left at 10, when the bucket gets room for five. After the
	// deploy, at 25, none is left.
	p := plan(1*sec, []topology.Service{service("a", 5, 0)}, traced("load", 0, durations(0, 15*ms, 20*ms, 30*ms), limit(0, 2, 0)))
	f := onEdge(p, fault(sim.Set, 10*ms, 25*ms), "load->a")
	f.Set.Limit = &topology.RateLimit{Burst: 5}
	p.Faults = []sim.Fault{f}
	says(t, "limiter", tell(t, p).calls("load->a"), "4 calls: 2 success, 2 rate_limited; 2 attempts: 2 success")

	p = plan(1*sec, []topology.Service{service("a", 5, 0)}, traced("load", 0, durations(0, 20*ms, 30*ms), tries(2, 0), func(e *topology.Edge) { e.Retry.Budget = &topology.Budget{Burst: 2} }))
	f = onEdge(p, fault(sim.Set, 10*ms, 1*sec), "load->a")
	f.Set.Retry = &topology.Retry{Attempts: 2, Factor: 2, On: topology.RetryDefault, Budget: &topology.Budget{Burst: 5}}
	p.Faults = []sim.Fault{dead(p, 0, 0, 1*sec), f}
	says(t, "budget", tell(t, p).calls("load->a"), "3 calls: 3 error; 5 attempts: 5 error")

	build := func(other time.Duration) *telling {
		p := plan(1*sec, []topology.Service{service("a", 5, 0)}, steady("load", 0, 100, breaker(0, 10*sec)))
		p.Sources[0].Limit = 10
		f := onEdge(p, fault(sim.Set, 45*ms, 75*ms), "load->a")
		e := topology.Edge{}
		breaker(0, other)(&e)
		f.Set.Breaker = e.Breaker
		p.Faults = []sim.Fault{dead(p, 0, 0, 1*sec), f}
		return tell(t, p)
	}
	says(t, "the same breaker", build(10*sec).breakers(), "0s load->a/0 open")
	r := build(20 * sec)
	says(t, "another breaker", r.breakers(), "0s load->a/0 open, 45ms load->a/0 closed, 50ms load->a/0 open, 75ms load->a/0 closed, 80ms load->a/0 open")
	// 0 to 45, 50 to 75, 80 to the end.
	says(t, "another breaker", r.guarded("load->a"), "turned away 7 breaker_open, open 990ms")
}

// A breaker that is replaced hears no more of what the old one let pass.
func TestDeployOverCallsUnderWay(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 0, works(50*ms))}, traced("load", 0, durations(0, 60*ms), breaker(0, 1*sec)))
	set := onEdge(p, fault(sim.Set, 20*ms, 1*sec), "load->a")
	e := topology.Edge{}
	breaker(0, 2*sec)(&e)
	set.Set.Breaker = e.Breaker
	fails := dead(p, 0, 0, 55*ms)
	fails.AfterWork = true
	p.Faults = []sim.Fault{set, fails}
	r := tell(t, p)
	says(t, "load->a", r.calls("load->a"), "2 calls: 1 success, 1 error; 2 attempts: 1 success, 1 error")
	says(t, "breakers", r.breakers(), "")
}

// A bulkhead that a deploy puts up over an edge that had no guard, and a hedge: what is
// under way takes its place in it.
func TestGuardsPutUpOverACallUnderWay(t *testing.T) {
	p := plan(1*sec, []topology.Service{service("a", 5, 10, works(100*ms))}, traced("load", 0, durations(0, 60*ms, 110*ms)))
	f := onEdge(p, fault(sim.Set, 50*ms, 1*sec), "load->a")
	f.Set.Calls, f.Set.Hedge = new(int), &topology.Hedge{After: 500 * ms, Max: 1}
	*f.Set.Calls = 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "load->a", r.calls("load->a"), "3 calls: 2 success, 1 bulkhead_full; 2 attempts: 2 success")
}

// A caller that comes back from a crash has full buckets, closed breakers and empty
// bulkheads.
func TestCrashRenewsTheGuards(t *testing.T) {
	build := func(change ...func(*topology.Edge)) *telling {
		p := plan(1*sec, []topology.Service{
			service("a", 5, 0, call(1, 0, change...)),
			service("b", 5, 0, works(100*ms)),
		}, traced("load", 0, durations(0, 10*ms, 60*ms, 70*ms)))
		p.Faults = []sim.Fault{on(p, fault(sim.Crash, 20*ms, 30*ms), 0)}
		return tell(t, p)
	}
	says(t, "limiter", build(limit(0, 1, 0)).calls("a->b"), "4 calls: 1 success, 2 rate_limited, 1 cancelled; 2 attempts: 1 success, 1 cancelled")
	says(t, "bulkhead", build(bulkhead(1)).calls("a->b"), "4 calls: 1 success, 2 bulkhead_full, 1 cancelled; 2 attempts: 1 success, 1 cancelled")
	r := build(breaker(0, 1*sec), timeout(5*ms))
	says(t, "breaker", r.calls("a->b"), "4 calls: 2 timeout, 2 breaker_open; 2 attempts: 2 timeout; 2 late")
	says(t, "breaker", r.breakers(), "5ms a->b/0 open, 20ms a->b/0 closed, 65ms a->b/0 open")
}

// A worker asks 42 services that are all dead, each behind a breaker. What a breaker lets
// through, to see whether its service is back, costs the whole time-out: one of 0.25 s every
// 2 s comes to 42·0.25/2 = 5.25 threads, of a worker's two threads 263%; one of 0.05 s every 30
// s to 4% ("Your Circuit Breaker is Misconfigured", Shopify Engineering, 2020, of Semian's
// breaker). Every 2 s is a breaker that stays open for 1.75 s: where it does so for 2 s the
// probe comes every 2.25 s, and it is 233%.
func TestBreakersOf42DeadServices(t *testing.T) {
	build := func(warm, d time.Duration, threads int, rate float64, openFor, limit time.Duration) *telling {
		worker := service("worker", threads, topology.Unlimited)
		services, steps := []topology.Service{worker}, []topology.Step{works(100 * ms)}
		for k := range 42 {
			services = append(services, service(fmt.Sprint("dead", k+1), topology.Unlimited, 0, work(topology.Dist{Kind: topology.NeverDist})))
			steps = append(steps, call(k+1, 0, timeout(limit), breaker(0, openFor), optional))
		}
		services[0].Operations[0].Steps = steps
		p := plan(warm+d, services, steady("load", 0, rate, timeout(1*sec)))
		p.Interval, p.Warmup = p.Duration, at(warm)
		return tell(t, p)
	}
	// What they would hold, with as many threads as they like and a call every 5 or 10 ms, so
	// that a probe is late by 2.5 or 5 ms on average, a six-hundredth at most.
	for _, row := range []struct {
		warm, d        time.Duration
		rate           float64
		openFor, limit time.Duration
		want           float64
	}{
		{20 * sec, 36 * sec, 200, 1750 * ms, 250 * ms, 2.625},
		{20 * sec, 36 * sec, 200, 2000 * ms, 250 * ms, 2.333},
		{30 * sec, 240 * sec, 100, 29950 * ms, 50 * ms, 0.035},
	} {
		r := build(row.warm, row.d, topology.Unlimited, row.rate, row.openFor, row.limit)
		held := 0.0
		for _, w := range r.service("worker").WaitingOn {
			held += w.Time.Seconds()
		}
		got := held / (r.To - r.From).Seconds() / 2
		if math.Abs(got-row.want) > 0.01*row.want {
			t.Errorf("open for %v, time-out %v: %.2f%% of two threads, want %.2f%%", row.openFor, row.limit, 100*got, 100*row.want)
		}
	}
	// What becomes of it with two threads and 5 requests a second of 100 ms, a quarter of what
	// they can do: with the one nobody is served within a second, with the other 99% are.
	if n := build(60*sec, 240*sec, 2, 5, 1750*ms, 250*ms).source("load").Ended[topology.Success]; n > 0 {
		t.Errorf("%d of 1200 are served", n)
	}
	if n := build(60*sec, 240*sec, 2, 5, 29950*ms, 50*ms).source("load").Ended[topology.Success]; n < 1188 {
		t.Errorf("only %d of 1200 are served", n)
	}
}

// At 10 calls a second that all fail, gobreaker's defaults let exactly 15 of 6,000 pass in
// 600 s: 6 in a row open it, then one probe a minute and a bit.
func TestBreakerLets15Of6000Pass(t *testing.T) {
	r := openSource("s", 0, 10, func(e *topology.Edge) {
		e.Breaker = &topology.Breaker{Consecutive: 5, OpenFor: 60 * sec, HalfOpen: 1, On: topology.BreakerDefault}
	})
	r.Arrivals.Kind = sim.ConstantGaps
	p := failing(plan(600*sec, []topology.Service{service("a", 8, 0, work(topology.Constant(ms)))}, r), 0, 1)
	e := &run(t, p).Edges[0]
	if e.Calls != 6000 || e.Attempts != 15 || e.TurnedAway[topology.BreakerOpen] != 5985 || e.CallOutcomes[topology.BreakerOpen] != 5985 {
		t.Errorf("%d calls, %d attempts, turned away %v, ended %v", e.Calls, e.Attempts, e.TurnedAway, e.CallOutcomes)
	}
}

// A deploy takes all guards away while two tries wait for a token, and puts others up before
// the tries that follow: those are asked of the guards as any other.
func TestGuardsTakenAwayOverATryThatWaits(t *testing.T) {
	p := plan(2*sec, []topology.Service{service("a", 4, 10, works(50*ms))}, traced("two", 0, durations(1*ms, 2*ms), tries(4, 100*ms), timeout(20*ms)))
	for _, span := range [][2]time.Duration{{0, 30 * ms}, {100 * ms, 2 * sec}} {
		f := fault(sim.Set, span[0], span[1])
		f.Set.Limit = &topology.RateLimit{Rate: 20, Burst: 1, Wait: 1 * sec}
		f.Set.Breaker = &topology.Breaker{Consecutive: 3, OpenFor: sec, HalfOpen: 1, On: topology.BreakerDefault}
		p.Faults = append(p.Faults, onEdge(p, f, "two->a"))
	}
	// The breaker of 100 ms opens at its 4th failure, that of the second request's third try,
	// and the fourth tries of both are turned away.
	r := tell(t, p)
	says(t, "the edge", r.calls("two->a"), "2 calls: 2 breaker_open; 6 attempts: 6 timeout; 6 late")
	says(t, "guards", r.guarded("two->a"), "turned away 2 breaker_open, 4 retries, open 1.589s")
}

// A call does not queue for a token that would come after its deadline, its own or one that
// was sent along to its caller: it is refused at once, as the library's Wait refuses, and
// takes nothing. Else the queue would be full of calls that end in it, and give back what
// nobody can use: 12 attempts of 2,000 calls, where 200 have a token.
func TestRateLimitKnowsTheDeadline(t *testing.T) {
	slow := limit(10, 1, 10*sec)
	own := plan(20*sec, []topology.Service{service("a", 8, 0, works(ms))}, steady("s", 0, 100, slow, deadline(sec)))
	r := tell(t, own)
	if e := r.edge("s->a"); e.Attempts != 200 || e.CallOutcomes[topology.Timeout] > 10 {
		t.Errorf("by its own deadline: %s", r.calls("s->a"))
	}
	sent := plan(20*sec, []topology.Service{service("a", 1000, 0, call(1, 0, slow)), service("b", 8, 0, works(ms))},
		steady("s", 0, 100, propagate, timeout(sec)))
	r = tell(t, sent)
	if e := r.edge("a->b"); e.Attempts != 200 {
		t.Errorf("by a limit that was sent along: %s", r.calls("a->b"))
	}
}

// Copies that lose the race are no requests that the callee turned down: a healthy callee is
// not throttled for them.
func TestThrottleAndHedges(t *testing.T) {
	r := tell(t, plan(20*sec, []topology.Service{service("a", 100, 0, works(30*ms))}, steady("s", 0, 100, copies(10*ms, 2),
		func(e *topology.Edge) { e.Throttle = &topology.Throttle{K: 2, Window: 2 * time.Minute} })))
	// Only at the start, when nothing has been answered yet.
	if e := r.edge("s->a"); e.Hedges < 3900 || e.TurnedAway[topology.Throttled] == 0 || e.TurnedAway[topology.Throttled] > 50 {
		t.Errorf("%d hedges, %s", e.Hedges, r.guarded("s->a"))
	}
}
