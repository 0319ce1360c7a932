package sim_test

import (
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// How many requests a source sends: the integral of its rate.

// profiled is a rate that goes up and down:
//
//	100 ───┐                 ┌── 300 ──┐
//	       │              ╱╱╱          │
//	       └─ 0 ─┐── 20 ╱╱             └─── 40 ───
//	0    10.005  15    20    30        35        60 s
//
// Its integral, by hand: 1000.5 up to 10.005 s, nothing up to 15 s, 100 up to 20 s,
// 1600 on the line from 20 to 300/s, 1500 up to 35 s, 1000 up to the end. That the rate
// stops between two requests is on purpose: the integral says how many came before an
// instant only where it is no whole number there, or goes on growing.
func profiled() sim.Source {
	r := openSource("people", 0, 100)
	r.Profile = []sim.RatePoint{
		{At: at(10005 * ms), Rate: 0},
		{At: at(15 * sec), Rate: 20},
		{At: at(20 * sec), Rate: 300, Ramp: at(10 * sec)},
		{At: at(35 * sec), Rate: 40},
	}
	return r
}

// profileIntegral is the number of requests that are due before t.
func profileIntegral(t float64) float64 {
	part := func(from, to float64) float64 { return math.Max(0, math.Min(t, to)-from) }
	ramp := part(20, 30)
	return 100*part(0, 10.005) + 20*part(15, 20) + 20*ramp + 14*ramp*ramp + 300*part(30, 35) + 40*part(35, 60)
}

// offered is what a plan's first source sent in each second.
func offered(t *testing.T, p *sim.Plan) []float64 {
	var got offeredEach
	run(t, p, &got)
	return got
}

type offeredEach []float64

func (o *offeredEach) Sample(s *sim.Sample)      { *o = append(*o, float64(s.Sources[0].Offered)) }
func (o *offeredEach) Transition(sim.Transition) {}

func idleDesk() []topology.Service {
	return []topology.Service{service("desk", topology.Unlimited, 0, work(topology.Constant(1*ms)))}
}

// Constant arrivals: the n-th is due when the integral reaches n-1, so that ⌈integral⌉
// have come before t. Exact, each second.
func TestProfileExactly(t *testing.T) {
	for _, row := range []struct {
		name     string
		surge    *sim.Fault
		integral func(t float64) float64
	}{
		{"profile", nil, profileIntegral},
		{"profile and a surge of 3 from 32.25 s to 40.25 s",
			&sim.Fault{Name: "rush", Kind: sim.Surge, From: at(32250 * ms), Until: at(40250 * ms), Factor: 3},
			func(t float64) float64 {
				return profileIntegral(t) + 2*(profileIntegral(math.Min(t, 40.25))-profileIntegral(math.Min(t, 32.25)))
			}},
		// The surge grows from 1 to 5 between 5 s and 9 s: more by a half of (t-5)² a 100/s.
		{"profile and a surge that grows to 5 in 4 s",
			&sim.Fault{Name: "rush", Kind: sim.Surge, From: at(5 * sec), Until: at(9 * sec), Ramp: at(4 * sec), Factor: 5},
			func(t float64) float64 {
				d := math.Max(0, math.Min(t, 9)-5)
				return profileIntegral(t) + 100*d*d/2
			}},
		// Two lines that grow at once: rate 20+28u, factor 1+u/5, from 20 s to 30 s.
		{"profile and a surge that grows with its ramp",
			&sim.Fault{Name: "rush", Kind: sim.Surge, From: at(20 * sec), Until: at(30 * sec), Ramp: at(10 * sec), Factor: 3},
			func(t float64) float64 {
				u := math.Max(0, math.Min(t, 30)-20)
				return profileIntegral(t) + 0.2*(20*u*u/2+28*u*u*u/3)
			}},
	} {
		r := profiled()
		r.Arrivals.Kind = sim.ConstantGaps
		p := plan(time.Minute, idleDesk(), r)
		if row.surge != nil {
			p.Faults = []sim.Fault{*row.surge}
		}
		before := 0.0
		for k, got := range offered(t, p) {
			// An integral within a millionth of a whole number is that number: a request that
			// is due at the very end of a second belongs to the next.
			until := math.Ceil(row.integral(float64(k+1)) - 1e-6)
			if got != until-before {
				t.Errorf("%s: %g requests in second %d, want %g", row.name, got, k, until-before)
			}
			before = until
		}
	}
}

// Poisson arrivals through the same profile: the counts of a stretch are Poisson, with
// the integral as their mean and their variance. 200 runs.
func TestProfileOfPoisson(t *testing.T) {
	const runs = 200
	stretches := []struct{ from, to int }{{0, 11}, {11, 15}, {15, 20}, {20, 25}, {25, 30}, {30, 35}, {35, 60}}
	sum, square := make([]float64, len(stretches)), make([]float64, len(stretches))
	for seed := range runs {
		p := plan(time.Minute, idleDesk(), profiled())
		p.Seed = uint64(seed)
		each := offered(t, p)
		for i, s := range stretches {
			n := 0.0
			for _, v := range each[s.from:s.to] {
				n += v
			}
			sum[i] += n
			square[i] += n * n
		}
	}
	for i, s := range stretches {
		want := profileIntegral(float64(s.to)) - profileIntegral(float64(s.from))
		mean := sum[i] / runs
		variance := square[i]/runs - mean*mean
		// The mean's standard error is √(want/runs), the variance's about want·√(2/runs).
		if bound := sigmas * math.Sqrt(want/runs); math.Abs(mean-want) > bound {
			t.Errorf("%d to %d s: %g requests on average, want %g ± %.2g", s.from, s.to, mean, want, bound)
		}
		if bound := sigmas * want * math.Sqrt(2.0/runs); math.Abs(variance-want) > bound {
			t.Errorf("%d to %d s: a variance of %g, want %g ± %.2g", s.from, s.to, variance, want, bound)
		}
	}
}

// The gaps themselves: mean 1/rate, and the variance of their law, which shows in the
// counts of a long stretch (its index of dispersion goes to the gaps' squared
// coefficient of variation: D. Cox, Renewal Theory, 1962, 4.5). 400 runs of 100 s at 20/s.
func TestGaps(t *testing.T) {
	onlyMore(t)
	const runs, rate, span = 400, 20, 100
	for _, row := range []struct {
		name string
		a    sim.Arrivals
		scv  float64
	}{
		{"poisson", sim.Arrivals{}, 1},
		{"erlang(4)", sim.Arrivals{Kind: sim.ErlangGaps, K: 4}, 1.0 / 4},
		{"erlang(50)", sim.Arrivals{Kind: sim.ErlangGaps, K: 50}, 1.0 / 50},
		// Short gaps of mean 1, long ones of mean 5, as often: second moment 2(1+25)/2, mean 3.
		{"hyperexponential(0.5, 5)", sim.Arrivals{Kind: sim.HyperexponentialGaps, P: 0.5, Ratio: 5}, 26.0/9 - 1},
	} {
		var counts []float64
		for seed := range runs {
			r := openSource("people", 0, rate)
			r.Arrivals = row.a
			p := plan(span*sec, idleDesk(), r)
			p.Seed, p.Interval = uint64(seed), p.Duration
			counts = append(counts, float64(run(t, p).Sources[0].Offered))
		}
		mean, se := meanAndError(counts)
		// A renewal process that begins at 0 with a gap is (scv-1)/2 ahead of its rate.
		want := rate*span + (row.scv-1)/2
		if math.Abs(mean-want) > sigmas*se {
			t.Errorf("%s: %g requests on average, want %g ± %.2g", row.name, mean, want, sigmas*se)
		}
		index := se * se * runs / mean
		if bound := sigmas*math.Sqrt(2.0/runs)*row.scv + 0.003; math.Abs(index-row.scv) > bound {
			t.Errorf("%s: counts with an index of dispersion of %g, want %g ± %.2g", row.name, index, row.scv, bound)
		}
	}
}

// Users of a closed source who never wait send at users/(think+work).
func TestClosedRate(t *testing.T) {
	for _, think := range []topology.Dist{topology.Exponential(9 * ms), topology.Constant(9 * ms)} {
		p := warmed(0.1, plan(100*sec, idleDesk(), users("people", 0, 20, think)))
		tt := run(t, p)
		got := float64(tt.Sources[0].Offered) / (tt.To - tt.From).Seconds()
		// 180,000 cycles of 10 ms with a standard deviation of at most 9 ms: within 1%.
		if math.Abs(got-2000) > 2000*sigmas*0.9/math.Sqrt(180_000) {
			t.Errorf("20 users with a think time of %v: %g requests a second, want 2000", think.Kind, got)
		}
	}
}

// A herd of 500 at once on 50 threads with 10 ms of work each: ten waves, the k-th done
// after 10k ms; the last 90% wait.
func TestHerd(t *testing.T) {
	p := plan(10*sec, []topology.Service{service("desk", 50, topology.Unlimited, work(topology.Constant(10*ms)))}, herd("people", 0, 1*sec, 500))
	tt := run(t, p)
	h := tt.Sources[0].Latency
	if h.Count() != 500 || h.Min() != 10e6 || h.Max() != 100e6 || h.Mean() != 55e6 {
		t.Errorf("500 at once: %d answers after %d to %d ns, mean %g; want 10 to 100 ms, mean 55 ms", h.Count(), h.Min(), h.Max(), h.Mean())
	}
	if v := &tt.Services[0]; v.Waited != 450 || v.QueueMax != 450 || v.QueueTime != des.Time(50*10e6*(1+2+3+4+5+6+7+8+9)) {
		t.Errorf("500 at once: %d waited, at most %d at once, %v in all; want 450, 450, 22.5s", v.Waited, v.QueueMax, v.QueueTime)
	}
}

// The same with exponential work: while all threads are busy one ends every 1/cµ on
// average, and then, with k left, every 1/kµ. 60 herds of 200 on 20 threads.
func TestHerdOfExponentials(t *testing.T) {
	const n, c, mean = 200, 20, 0.01
	sum, passed := 0.0, 0.0
	last := 0.0
	for k := range n {
		passed += mean / math.Min(c, float64(n-k))
		sum += passed
		last = passed
	}
	runStudies(t, []study{{name: "herd", runs: 100, plan: func() *sim.Plan {
		return plan(10*sec, []topology.Service{service("desk", c, topology.Unlimited, work(topology.Exponential(10*ms)))}, herd("people", 0, 1*sec, n))
	}, answers: []answer{
		{what: "mean latency", from: "the pure death process", exact: sum / n, limit: 0.05,
			of: func(t *sim.Totals) float64 { return t.Sources[0].Latency.Mean() / 1e9 }, wrong: sum / n * 20 / 19, wrongly: "a thread less"},
		{what: "the last one", from: "the pure death process", exact: last, limit: 0.06,
			of: func(t *sim.Totals) float64 { return float64(t.Sources[0].Latency.Max()) / 1e9 }, wrong: float64(n) / c * mean, wrongly: "threads busy to the end"},
	}}})
}
