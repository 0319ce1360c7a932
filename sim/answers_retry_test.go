package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Time-outs, retries, fan-out: how much work a system makes for itself, and what it
// gets for it.

// Time-outs without cancellation. The callee of M/M/1 does not notice that its caller
// has gone, so that the stays are what they are without a time-out, exponential of the
// rate µ-λ: λ(1-e^-(µ-λ)T) a second succeed. At 80 a second, µ = 100 and T = 100 ms
// that is 69.2; the other 10.8 are worked off all the same. A request is given up at T,
// and what is left of its work then (all of it, if it is still waiting) is exponential
// again, so that of all work the share e^-(µ-λ)T is wasted.
func TestTimeoutsWithoutCancellation(t *testing.T) {
	const rate, mu = 80.0, 100.0
	var studies []study
	for _, row := range []struct {
		limit   time.Duration
		goodput float64 // by hand
	}{{50 * ms, 50.57}, {100 * ms, 69.17}, {200 * ms, 78.53}} {
		in := 1 - math.Exp(-(mu-rate)*row.limit.Seconds())
		if math.Abs(rate*in-row.goodput) > 0.005 {
			t.Errorf("the formula gives %.2f at %v, want %.2f", rate*in, row.limit, row.goodput)
		}
		studies = append(studies, study{name: fmt.Sprint("M/M/1 at 80% with a time-out of ", row.limit),
			plan: func() *sim.Plan {
				return warmed(0.1, plan(lasting(80_000, rate), []topology.Service{service("desk", 1, topology.Unlimited, work(topology.Exponential(10*ms)))},
					openSource("people", 0, rate, timeout(row.limit))))
			},
			answers: []answer{
				{what: "goodput", from: "λ(1-e^-(µ-λ)T)", exact: rate * in, limit: 0.03, of: perSecond(func(t *sim.Totals) uint64 { return t.Sources[0].Ended[topology.Success] }),
					wrong: rate * (1 - math.Exp(-(mu-rate*1.05)*row.limit.Seconds())), wrongly: "λ 5% higher in the queue"},
				{what: "share of the work that is wasted", from: "e^-(µ-λ)T", exact: 1 - in, limit: 0.25, of: func(t *sim.Totals) float64 {
					return float64(t.Services[0].Wasted) / float64(t.Services[0].Working)
				}, wrong: math.Exp(-(mu - rate*1.05) * row.limit.Seconds()), wrongly: "λ 5% higher"},
				{what: "utilization", from: "ρ, as without a time-out", exact: rate / mu, limit: 0.01, of: utilization(0), wrong: rate / mu * in, wrongly: "late work is not done"},
				{what: "late answers", from: "λe^-(µ-λ)T", exact: rate * (1 - in), limit: 0.25, of: perSecond(func(t *sim.Totals) uint64 { return t.Edges[0].LateAnswers }), wrong: 1e-9, wrongly: "cancelled"},
			}})
	}
	runStudies(t, studies)
}

// failing lets a service fail so large a share of its attempts.
func failing(p *sim.Plan, service int, share float64) *sim.Plan {
	f := sim.Fault{Name: "flaky", Kind: sim.Errors, Until: p.Duration, Rate: share}
	p.Faults = append(p.Faults, on(p, f, service))
	return p
}

// A call that fails with the chance p and is tried three times takes 1+p+p² attempts
// and succeeds with the chance 1-p³: at p = 0.3, 1.39 and 97.3%.
func TestRetryAmplification(t *testing.T) {
	attempts := func(t *sim.Totals) float64 { return float64(t.Sources[0].Attempts) / float64(t.Sources[0].Offered) }
	success := func(t *sim.Totals) float64 {
		return float64(t.Sources[0].Ended[topology.Success]) / float64(t.Sources[0].Offered)
	}
	tried := func(k int) func(t *sim.Totals) float64 {
		return func(t *sim.Totals) float64 { return float64(t.Edges[0].Tries[k]) / float64(t.Sources[0].Offered) }
	}
	flaky := func(n int, requests int64) func() *sim.Plan {
		return func() *sim.Plan {
			p := plan(200*sec, idleDesk(), steady("people", 0, 1000, tries(n, 0)))
			p.Sources[0].Limit, p.Interval = requests, p.Duration
			return failing(p, 0, 0.3)
		}
	}
	runStudies(t, []study{
		{name: "three tries at p = 0.3", plan: flaky(3, 15_000), answers: []answer{
			{what: "attempts a request", from: "1+p+p²", exact: 1.39, limit: 0.01, of: attempts, wrong: 1.3, wrongly: "two tries"},
			{what: "success", from: "1-p³", exact: 0.973, limit: 0.01, of: success, wrong: 0.91, wrongly: "two tries"},
			{what: "ended with the first try", from: "1-p", exact: 0.7, limit: 0.01, of: tried(0), wrong: 0.72, wrongly: "p = 0.28"},
			{what: "ended with the second", from: "(1-p)p", exact: 0.21, limit: 0.02, of: tried(1), wrong: 0.3, wrongly: "failures with it"},
			{what: "ended with the third", from: "p²", exact: 0.09, limit: 0.03, of: tried(2), wrong: 0.063, wrongly: "failures left out"},
		}},
		{name: "ten tries at p = 0.3", plan: flaky(10, 15_000), answers: []answer{
			{what: "attempts a request", from: "(1-p^10)/(1-p)", exact: (1 - math.Pow(0.3, 10)) / 0.7, limit: 0.01, of: attempts, wrong: 1.39, wrongly: "three tries"},
		}},
	})
}

// Three layers of three tries each over a dead leaf: 27 attempts there for a request,
// none of them with a chance. Exactly.
func TestRetriesMultiply(t *testing.T) {
	for _, row := range []struct{ layers, tries int }{{1, 3}, {2, 3}, {3, 3}, {3, 4}} {
		const requests = 100
		three := tries(row.tries, 0)
		var services []topology.Service
		for k := 1; k < row.layers; k++ {
			services = append(services, service(fmt.Sprint("layer", k), 50, 100, works(1*ms), call(k, 0, three)))
		}
		services = append(services, service("leaf", 50, 100, works(1*ms)))
		src := steady("people", 0, 100, three)
		src.Limit = requests
		tt := run(t, failing(plan(10*sec, services, src), row.layers-1, 1))
		want := uint64(requests)
		for k := range row.layers {
			want *= uint64(row.tries)
			if e := &tt.Edges[k]; e.Attempts != want || e.Outcomes[topology.Error] != want {
				t.Errorf("%d layers of %d tries: %d attempts at layer %d, %d failed; want %d", row.layers, row.tries, e.Attempts, k+1, e.Outcomes[topology.Error], want)
			}
		}
		if s := &tt.Sources[0]; s.Ended[topology.Error] != requests {
			t.Errorf("%d of %d failed", s.Ended[topology.Error], requests)
		}
	}
}

// The same with a budget of 10% on every layer: 1.1³ in the long run. 30,000 requests;
// what the buckets hold at first is 10 tokens each.
func TestBudgetsBoundTheProduct(t *testing.T) {
	const requests = 30_000
	budget := func(e *topology.Edge) {
		e.Retry.Attempts, e.Retry.Budget = 3, &topology.Budget{Ratio: 0.1, Burst: 10}
	}
	src := steady("people", 0, 1000, budget)
	src.Limit = requests
	tt := run(t, failing(plan(time.Minute, []topology.Service{
		service("first", 50, 100, works(1*ms), call(1, 0, budget)),
		service("second", 50, 100, works(1*ms), call(2, 0, budget)),
		service("leaf", 50, 100, works(1*ms)),
	}, src), 2, 1))
	calls := uint64(requests)
	for k := range 3 {
		e := &tt.Edges[k]
		// The first call's own tenth finds the bucket full and is lost; then every tenth is
		// spent, as far as it makes whole tokens.
		want := (calls-1)/10 + 10
		if e.Calls != calls || e.Retries != want {
			t.Errorf("layer %d: %d calls, %d retries; want %d and %d", k+1, e.Calls, e.Retries, calls, want)
		}
		calls += e.Retries
	}
	if got := float64(calls) / requests; math.Abs(got-1.331) > 0.002 {
		t.Errorf("%g attempts a request at the leaf, want 1.331 and the first tokens", got)
	}
}

// Backoff with jitter: the wait before retry k of a call that always fails is uniform
// from 0 to min(max, b·2^(k-1)) with full jitter, from a half of it with equal (M.
// Brooker, "Exponential Backoff And Jitter", 2015). b = 100 ms, at most 300 ms, four
// tries: 100, 200 and 300 ms. The thread that waits is held: Little's law.
func TestBackoff(t *testing.T) {
	const rate = 50.0
	wait := func(service int) func(t *sim.Totals) float64 {
		return func(t *sim.Totals) float64 {
			return t.Services[service].BackingOff[0].Time.Seconds() / float64(t.Edges[1].Calls)
		}
	}
	stay := func(t *sim.Totals) float64 { return t.Services[0].Latency.Mean() / 1e9 }
	spread := func(t *sim.Totals) float64 { return t.Services[0].Latency.SD() / 1e9 }
	var studies []study
	for _, row := range []struct {
		name         string
		jitter       topology.Jitter
		mean, spread float64
	}{
		{"full jitter", topology.FullJitter, 0.3, math.Sqrt((0.01 + 0.04 + 0.09) / 12)},
		{"equal jitter", topology.EqualJitter, 0.45, math.Sqrt((0.01 + 0.04 + 0.09) / 48)},
	} {
		studies = append(studies, study{name: row.name, plan: func() *sim.Plan {
			backoff := func(e *topology.Edge) {
				e.Retry.Attempts, e.Retry.Backoff, e.Retry.Jitter, e.Retry.Max = 4, 100*ms, row.jitter, 300*ms
			}
			src := steady("people", 0, rate)
			src.Limit = 2000
			p := plan(50*sec, []topology.Service{service("front", topology.Unlimited, 0, call(1, 0, backoff)), service("leaf", topology.Unlimited, 0, works(1*ms))}, src)
			p.Interval = p.Duration
			return failing(p, 1, 1)
		}, answers: []answer{
			{what: "mean wait of a call", from: "half of 600 ms, or three quarters", exact: row.mean, limit: 0.01, of: wait(0), wrong: 0.6, wrongly: "no jitter"},
			{what: "mean stay", from: "the same", exact: row.mean, limit: 0.01, of: stay, wrong: 0.35 / 0.3 * row.mean, wrongly: "without the maximum"},
			{what: "sd of the stay", from: "three uniform ones", exact: row.spread, limit: 0.02, of: spread, wrong: row.spread * 1.05, wrongly: "5% more"},
		}})
	}
	runStudies(t, studies)
}

// A request that asks a hundred at once, of which each is slow once in a hundred times,
// is slow 63.4% of the time (J. Dean, L. Barroso, "The Tail at Scale", CACM 56(2), 2013).
func TestFanOut(t *testing.T) {
	slow := topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{{Share: 0.99, Dist: topology.Constant(1 * ms)}, {Share: 0.01, Dist: topology.Constant(1 * sec)}}}
	fan := func(n int) func() *sim.Plan {
		return func() *sim.Plan {
			var branches []topology.Step
			for range n {
				branches = append(branches, call(1, 0))
			}
			src := steady("people", 0, 100)
			src.Limit = int64(max(500, 20_000/n))
			p := plan(300*sec, []topology.Service{service("root", topology.Unlimited, 0, parallel(branches...)), service("leaf", topology.Unlimited, 0, work(slow))}, src)
			p.Interval = p.Duration
			return p
		}
	}
	// All take 1 ms or 1 s, so that the mean tells how many.
	share := func(t *sim.Totals) float64 { return (t.Sources[0].Latency.Mean() - 1e6) / (1e9 - 1e6) }
	late := func(n float64) float64 { return 1 - math.Pow(0.99, n) }
	if got := fmt.Sprintf("%.1f%%", 100*late(100)); got != "63.4%" {
		t.Errorf("1-0.99^100 is %s", got)
	}
	runStudies(t, []study{
		{name: "1 in parallel", runs: 12, plan: fan(1), answers: []answer{{what: "share slow", from: "1%", exact: 0.01, limit: 0.1, of: share, wrong: late(2), wrongly: "two branches"}}},
		{name: "10 in parallel", plan: fan(10), answers: []answer{{what: "share slow", from: "1-0.99^10", exact: late(10), limit: 0.1, of: share, wrong: late(12), wrongly: "12 branches"}}},
		{name: "100 in parallel", plan: fan(100), answers: []answer{
			{what: "share slow", from: "1-0.99^100, Dean and Barroso", exact: late(100), limit: 0.05, of: share, wrong: late(90), wrongly: "90 branches"},
			{what: "share slow", from: "the thread is held by the first branch still out, so that it is all waiting time", exact: late(100)*0.999 + 0.001, limit: 0.05, of: func(t *sim.Totals) float64 {
				held := 0.0
				for _, w := range t.Services[0].WaitingOn {
					held += w.Time.Seconds()
				}
				return held / float64(t.Services[0].Latency.Count())
			}, wrong: late(90), wrongly: "90 branches"},
		}},
	})
}

// Open and closed load of a system that stands still for a while: what a load test of a
// user who waits leaves out (G. Tene, "How NOT to Measure Latency", 2013: coordinated
// omission). 100 requests a second of 1 ms; it stands still from 100 s to 200 s.
//
// Open: 10,000 requests of 1 ms, then 10,000 that wait for the end, the first for 100 s,
// each 10 ms shorter than the one before: 25.0 s on average, a median of at most 10 ms,
// a quarter over 50 s.
//
// Closed: a user who asks 10 ms after he asked, if he can: 9,999 of 1 ms and the one
// that hung: 11 ms on average, p99.9 of 1 ms.
func TestCoordinatedOmission(t *testing.T) {
	stall := func(p *sim.Plan) *sim.Plan {
		f := sim.Fault{Name: "stall", Kind: sim.Pause, From: at(100 * sec), Until: at(200 * sec)}
		p.Faults = append(p.Faults, on(p, f, 0))
		return p
	}
	desk := []topology.Service{service("desk", topology.Unlimited, topology.Unlimited, works(1*ms))}
	p := plan(300*sec, desk, steady("everybody", 0, 100))
	p.Sources[0].Limit = 20_000
	open := run(t, stall(p)).Sources[0].Latency
	// Σ of 10 ms·k, k from 1 to 10,000, and 1 ms for each of the 20,000.
	if want := (0.01*10_000*10_001/2 + 20) / 20_000 * 1e9; open.Count() != 20_000 || math.Abs(open.Mean()-want) > 1 {
		t.Errorf("open: %d answers, mean %g ns; want 20000, %g", open.Count(), open.Mean(), want)
	}
	if open.Max() != 100_001e6 {
		t.Errorf("open: at most %d ns, want 100.001 s", open.Max())
	}
	for _, row := range []struct{ q, want float64 }{{0.5, 0.001}, {0.75, 50.001}, {0.9, 80.001}, {0.99, 98.001}} {
		if got := float64(open.Quantile(row.q)) / 1e9; math.Abs(got-row.want) > row.want*grain {
			t.Errorf("open: p%g of %g s, want %g", 100*row.q, got, row.want)
		}
	}

	p = plan(300*sec, desk, users("tester", 0, 1, topology.Constant(9*ms)))
	// He starts 5 ms late, so that he is not just done when it stops: asks at 14, 24 …
	// 99,994 ms and 100.004 s, which is answered at 200.001 s.
	p.Sources[0].Start, p.Sources[0].Limit = at(5*ms), 10_000
	closed := run(t, stall(p)).Sources[0].Latency
	if closed.Count() != 10_000 || closed.Max() != 99_997e6 {
		t.Errorf("closed: %d answers, at most %d ns; want 10,000, 99.997 s", closed.Count(), closed.Max())
	}
	if want := (9999*1e6 + 99_997e6) / 10_000; math.Abs(closed.Mean()-want) > 1e-3 {
		t.Errorf("closed: mean %g ns, want %g", closed.Mean(), want)
	}
	if got := float64(closed.Quantile(0.999)) / 1e9; math.Abs(got-0.001) > 0.001*grain {
		t.Errorf("closed: p99.9 of %g s, want 1 ms", got)
	}
}
