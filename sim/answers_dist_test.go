package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Every distribution, as the work of a single attempt that nothing delays: mean,
// standard deviation and quantiles, by the closed forms of N. Johnson, S. Kotz,
// N. Balakrishnan, Continuous Univariate Distributions I, 1994. Times in milliseconds.

type law struct {
	name     string
	dist     topology.Dist
	mean, sd float64               // NaN: there is none, or its estimate has no variance
	past     func(float64) float64 // share longer than t
}

func laws() []law {
	none := math.NaN()
	lognormal := func(median, p99 float64) law {
		s := math.Log(p99/median) / topology.Z99
		mean := median * math.Exp(s*s/2)
		return law{dist: topology.Dist{Kind: topology.LognormalDist, A: median * 1e6, B: p99 * 1e6}, mean: mean, sd: mean * math.Sqrt(math.Exp(s*s)-1),
			past: func(t float64) float64 { return normalPast(math.Log(t/median) / s) }}
	}
	pareto := func(least, alpha float64) law {
		l := law{dist: topology.Dist{Kind: topology.ParetoDist, A: least * 1e6, B: alpha}, mean: none, sd: none,
			past: func(t float64) float64 { return math.Min(1, math.Pow(least/t, alpha)) }}
		if alpha > 2 {
			l.mean = least * alpha / (alpha - 1)
		}
		if alpha > 4 {
			l.sd = least / (alpha - 1) * math.Sqrt(alpha/(alpha-2))
		}
		return l
	}
	weibull := func(scale, shape float64) law {
		m := math.Gamma(1 + 1/shape)
		return law{dist: topology.Dist{Kind: topology.WeibullDist, A: scale * 1e6, B: shape}, mean: scale * m, sd: scale * math.Sqrt(math.Gamma(1+2/shape)-m*m),
			past: func(t float64) float64 { return math.Exp(-math.Pow(t/scale, shape)) }}
	}
	gamma := func(mean, cv float64) law {
		shape := 1 / (cv * cv)
		return law{dist: topology.Dist{Kind: topology.GammaDist, A: mean * 1e6, B: cv}, mean: mean, sd: mean * cv,
			past: func(t float64) float64 { return 1 - gammaBelow(shape, shape*t/mean) }}
	}
	erlang := func(k int, mean float64) law {
		n := float64(k)
		return law{dist: topology.Dist{Kind: topology.ErlangDist, A: mean * 1e6, B: n}, mean: mean, sd: mean / math.Sqrt(n),
			past: func(t float64) float64 { return 1 - gammaBelow(n, n*t/mean) }}
	}
	// What is below zero is put to zero.
	normal := func(m, s float64) law {
		z := m / s
		density, above := math.Exp(-z*z/2)/math.Sqrt(2*math.Pi), normalPast(-z)
		mean := m*above + s*density
		return law{dist: topology.Dist{Kind: topology.NormalDist, A: m * 1e6, B: s * 1e6}, mean: mean, sd: math.Sqrt((m*m+s*s)*above + m*s*density - mean*mean),
			past: func(t float64) float64 { return normalPast((t - m) / s) }}
	}
	named := func(name string, l law) law { l.name = name; return l }
	e := topology.Exponential(10 * ms)
	return []law{
		{"exponential(10ms)", e, 10, 10, func(t float64) float64 { return math.Exp(-t / 10) }},
		{"uniform(2ms, 10ms)", topology.Dist{Kind: topology.UniformDist, A: 2e6, B: 10e6}, 6, 8 / math.Sqrt(12), func(t float64) float64 { return math.Max(0, math.Min(1, (10-t)/8)) }},
		named("normal(10ms, 3ms)", normal(10, 3)),
		named("normal(5ms, 5ms), cut off at 0", normal(5, 5)),
		named("lognormal(4ms, 20ms)", lognormal(4, 20)),
		named("pareto(2ms, 5)", pareto(2, 5)),
		named("pareto(2ms, 2.5)", pareto(2, 2.5)),
		named("pareto(1ms, 0.8)", pareto(1, 0.8)),
		named("erlang(4, 12ms)", erlang(4, 12)),
		named("erlang(100, 10ms)", erlang(100, 10)),
		named("weibull(10ms, 1.5)", weibull(10, 1.5)),
		named("weibull(10ms, 0.6)", weibull(10, 0.6)),
		named("gamma(10ms, 0.5)", gamma(10, 0.5)),
		named("gamma(10ms, 1)", law{dist: topology.Dist{Kind: topology.GammaDist, A: 10e6, B: 1}, mean: 10, sd: 10, past: func(t float64) float64 { return math.Exp(-t / 10) }}),
		named("gamma(10ms, 2)", gamma(10, 2)),
		{"mix(90% exponential(4ms), 10% exponential(64ms))", hyperWork, 10, 1e3 * math.Sqrt(hyperMoments().m2-hyperMoments().m1*hyperMoments().m1),
			func(t float64) float64 { return 0.9*math.Exp(-t/4) + 0.1*math.Exp(-t/64) }},
		{"mix of three", topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{
			{Share: 0.2, Dist: topology.Constant(1 * ms)}, {Share: 0.5, Dist: topology.Dist{Kind: topology.UniformDist, A: 2e6, B: 4e6}}, {Share: 0.3, Dist: topology.Constant(20 * ms)}}},
			7.7, math.Sqrt(0.2*1 + 0.5*(9+1.0/3) + 0.3*400 - 7.7*7.7), nil},
		{"empirical of 1, 2, 3, 10 ms", topology.Dist{Kind: topology.EmpiricalDist, Values: []time.Duration{1 * ms, 2 * ms, 3 * ms, 10 * ms}}, 4, math.Sqrt((1+4+9+100)/4.0 - 16), nil},
	}
}

// normalPast is the share of the standard normal above z.
func normalPast(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// gammaBelow is the share of the gamma of that shape, and scale 1, below x: the series
// of M. Abramowitz, I. Stegun, Handbook, 6.5.29.
func gammaBelow(shape, x float64) float64 {
	lg, _ := math.Lgamma(shape + 1)
	term := math.Exp(shape*math.Log(x) - x - lg)
	sum := 0.0
	for k := 1.0; k < 2000 && term > 1e-18*sum; k++ {
		sum += term
		term *= x / (shape + k)
	}
	return sum
}

func TestDistributions(t *testing.T) {
	if got, want := 1-gammaBelow(3, 2), math.Exp(-2)*(1+2+2); math.Abs(got-want) > 1e-12 { // an Erlang of 3 stages
		t.Fatalf("the gamma's own formula gives %g, want %g", got, want)
	}
	var studies []study
	for _, l := range laws() {
		st := study{name: l.name, plan: func() *sim.Plan {
			src := steady("people", 0, 1000)
			p := plan(40*time.Second, []topology.Service{service("desk", topology.Unlimited, 0, work(l.dist))}, src)
			p.Sources[0].Limit = 15_000
			p.Interval = p.Duration
			return p
		}}
		latency := requestLatency(0)
		if !math.IsNaN(l.mean) {
			st.answers = append(st.answers, answer{what: "mean", from: "its moments", exact: l.mean, limit: 0.028,
				of: func(t *sim.Totals) float64 { return latency(t).Mean() / 1e6 }, wrong: l.mean * 1.03, wrongly: "3% more"})
			if got := l.dist.Mean() / 1e6; math.Abs(got-l.mean) > 1e-9*l.mean {
				t.Errorf("%s: its mean is given as %g, is %g", l.name, got, l.mean)
			}
		}
		if !math.IsNaN(l.sd) {
			st.answers = append(st.answers, answer{what: "sd", from: "its moments", exact: l.sd, limit: 0.08,
				of: func(t *sim.Totals) float64 { return latency(t).SD() / 1e6 }, wrong: l.sd * 1.1, wrongly: "10% more"})
		}
		for _, q := range []float64{0.25, 0.5, 0.9, 0.99} {
			if l.past == nil || l.past(1e-9) < 1-q {
				continue // of one that is 0 so often it is 0
			}
			exact, limit, wrongly := quantileOf(q, l.past), 0.05, "6% more"
			if q == 0.99 {
				limit, wrongly = 0.14, "15% more"
			}
			st.answers = append(st.answers, answer{what: fmt.Sprintf("p%g", 100*q), from: "its distribution", exact: exact / 1e3, limit: limit,
				dist: latency, q: q, wrong: exact * (1.01 + limit) / 1e3, wrongly: wrongly})
		}
		studies = append(studies, st)
	}
	runStudies(t, studies)
}

// Distributions of which each value, or its share, is known.
func TestDistributionsOfPoints(t *testing.T) {
	single := func(d topology.Dist, limit time.Duration) *sim.Totals {
		p := plan(time.Minute, []topology.Service{service("desk", topology.Unlimited, 0, work(d))}, steady("people", 0, 4000, timeout(limit)))
		p.Sources[0].Limit = 200_000
		return run(t, p)
	}
	constant := single(topology.Constant(5*ms), 0).Sources[0].Latency
	if constant.Count() != 200_000 || constant.Min() != 5e6 || constant.Max() != 5e6 || constant.SD() != 0 {
		t.Errorf("constant: %d from %d to %d ns, sd %g", constant.Count(), constant.Min(), constant.Max(), constant.SD())
	}
	// 200,000 draws: the share is within 4.5·√(p(1-p)/200,000) ≤ 0.5 percentage points.
	share := func(what string, n uint64, p float64) {
		t.Helper()
		bound := sigmas * math.Sqrt(p*(1-p)/200_000)
		if got := float64(n) / 200_000; math.Abs(got-p) > bound {
			t.Errorf("%s: a share of %g, want %g ± %.2g", what, got, p, bound)
		}
	}
	never := single(topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{
		{Share: 0.95, Dist: topology.Constant(5 * ms)}, {Share: 0.05, Dist: topology.Dist{Kind: topology.NeverDist}}}}, time.Second)
	share("never", never.Sources[0].Ended[topology.Timeout], 0.05)
	if h := never.Sources[0].Latency; h.Max() != 5e6 {
		t.Errorf("never: an answer after %d ns", h.Max())
	}
	if in := never.Services[0].InThreads; in != never.Sources[0].Ended[topology.Timeout] {
		t.Errorf("never: %d timed out, %d still at work", never.Sources[0].Ended[topology.Timeout], in)
	}
	// A limit between two values tells how often each is drawn.
	values := []time.Duration{1 * ms, 2 * ms, 3 * ms, 10 * ms}
	for k, limit := range []time.Duration{1500 * time.Microsecond, 2500 * time.Microsecond, 5 * ms} {
		tt := single(topology.Dist{Kind: topology.EmpiricalDist, Values: values}, limit)
		share("empirical", tt.Sources[0].Ended[topology.Success], float64(k+1)/4)
	}
	truncated := single(topology.Dist{Kind: topology.NormalDist, A: 5e6, B: 5e6}, time.Nanosecond)
	share("normal below zero", truncated.Sources[0].Ended[topology.Success], normalPast(1))
}
