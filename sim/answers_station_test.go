package sim_test

import (
	"fmt"
	"math"
	"testing"

	"cascade/sim"
	"cascade/topology"
)

// One service, and the systems of queueing theory that it can be. Rates are a second,
// times are in seconds. The formulas are in any textbook: L. Kleinrock, Queueing
// Systems I, 1975, and R. Cooper, Introduction to Queueing Theory, 1981, are cited.

// station is a plan of one service with c threads and a waiting room, asked at the
// given rate, for so many requests after a warm-up of a tenth.
func station(c, room int, rate float64, w topology.Dist, requests int, change ...func(*sim.Plan)) func() *sim.Plan {
	return func() *sim.Plan {
		p := warmed(0.1, plan(lasting(requests, rate), []topology.Service{service("desk", c, room, work(w))}, openSource("people", 0, rate)))
		for _, c := range change {
			c(p)
		}
		return p
	}
}

func arrivals(a sim.Arrivals) func(*sim.Plan) {
	return func(p *sim.Plan) { p.Sources[0].Arrivals = a }
}

func lifo(p *sim.Plan) { p.Topology.Services[0].Order = topology.LIFO }

// A multi is what M/M/c comes to.
type multi struct {
	waits float64 // share that has to wait: Erlang's C
	wait  float64 // mean
	queue float64 // mean
	past  func(t float64) float64
}

// erlangC solves M/M/c (Kleinrock I, 3.5; the stay's distribution: Cooper, 3.4).
func erlangC(c int, lambda, mu float64) multi {
	b, n, a := erlangB(c, lambda/mu), float64(c), lambda/mu
	m := multi{waits: b * n / (n - a*(1-b))}
	m.wait = m.waits / (n*mu - lambda)
	m.queue = lambda * m.wait
	// A stay is the work alone, or that and an exponential wait of rate cµ-λ.
	m.past = func(t float64) float64 {
		return math.Exp(-mu*t) * (1 + m.waits*(1-math.Exp(-mu*t*(n-1-a)))/(n-1-a))
	}
	return m
}

// erlangB is the share of calls that c lines lose at an offered load of a erlangs, by
// the usual recursion.
func erlangB(c int, a float64) float64 {
	b := 1.0
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	return b
}

// stationary is the distribution of a birth-and-death process with the rates birth(n)
// and death(n), n up to most.
func stationary(most int, birth, death func(n int) float64) []float64 {
	p := []float64{1}
	sum := 1.0
	for n := 1; n <= most; n++ {
		p = append(p, p[n-1]*birth(n-1)/death(n))
		sum += p[n]
	}
	for n := range p {
		p[n] /= sum
	}
	return p
}

// mmcK solves M/M/c with k places in the waiting room: the share lost, and the mean
// wait of the others.
func mmcK(c, k int, lambda, mu float64) (lost, wait float64) {
	p := stationary(c+k, func(int) float64 { return lambda }, func(n int) float64 { return float64(min(n, c)) * mu })
	queue := 0.0
	for n := c; n <= c+k; n++ {
		queue += float64(n-c) * p[n]
	}
	return p[c+k], queue / (lambda * (1 - p[c+k]))
}

// A moments is the first three moments of a distribution of work.
type moments struct{ m1, m2, m3 float64 }

// mg1 is the mean and the standard deviation of the wait of M/G/1, first come first
// served (Pollaczek and Khinchine; Takács: Kleinrock I, 5.7).
func mg1(lambda float64, s moments) (mean, sd float64) {
	rho := lambda * s.m1
	mean = lambda * s.m2 / 2 / (1 - rho)
	return mean, math.Sqrt(mean*mean + lambda*s.m3/3/(1-rho))
}

// mg1LIFO is the same with the last come first served. The mean does not change; the
// second moment is 1/(1-rho) times as large (Cooper, 5.9; Takács, Oper. Res. 11, 1963).
func mg1LIFO(lambda float64, s moments) (mean, sd float64) {
	mean, fifo := mg1(lambda, s)
	return mean, math.Sqrt((mean*mean+fifo*fifo)/(1-lambda*s.m1) - mean*mean)
}

func exponentialMoments(m float64) moments { return moments{m, 2 * m * m, 6 * m * m * m} }

// lognormalMoments of median d.A and 99th percentile d.B: the k-th is A^k·e^(k²σ²/2).
func lognormalMoments(d topology.Dist) moments {
	v := math.Pow(math.Log(d.B/d.A)/topology.Z99, 2)
	m := d.A / 1e9
	return moments{m * math.Exp(v/2), m * m * math.Exp(2*v), m * m * m * math.Exp(4.5*v)}
}

// Two exponentials: 90% of 4 ms, 10% of 64 ms; together 10 ms, and 2.93 times the
// variance of an exponential one.
const (
	shortShare = 0.9
	shortMean  = 0.004
	longMean   = 0.064
)

var hyperWork = topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{
	{Share: shortShare, Dist: topology.Exponential(4 * ms)}, {Share: 1 - shortShare, Dist: topology.Exponential(64 * ms)}}}

func hyperMoments() moments {
	f := func(k int, factorial float64) float64 {
		return factorial * (shortShare*math.Pow(shortMean, float64(k)) + (1-shortShare)*math.Pow(longMean, float64(k)))
	}
	return moments{f(1, 1), f(2, 2), f(3, 6)}
}

// hyperWait is the share of waits longer than t in M/H2/1. The transform of the wait,
// (1-ρ)/(1-λp/(a+s)-λq/(b+s)), is a fraction of two quadratics, so that the wait is 0
// or one of two exponentials.
func hyperWait(lambda float64) func(t float64) float64 {
	p, a, b := shortShare, 1/shortMean, 1/longMean
	q := 1 - p
	rho := lambda * (p/a + q/b)
	// s² + us + v = 0 at -r1 and -r2
	u, v := a+b-lambda, a*b-lambda*(p*b+q*a)
	d := math.Sqrt(u*u - 4*v)
	r1, r2 := (u-d)/2, (u+d)/2
	residue := func(r, other float64) float64 { return (a - r) * (b - r) / (other - r) }
	return func(t float64) float64 {
		return (1 - rho) * (residue(r1, r2)/r1*math.Exp(-r1*t) + residue(r2, r1)/r2*math.Exp(-r2*t))
	}
}

// constantWait is the share of waits longer than t in M/D/1 (Erlang 1909; Crommelin
// 1932).
func constantWait(lambda, work float64) func(t float64) float64 {
	return func(t float64) float64 {
		sum := 0.0
		for k := 0; float64(k)*work <= t; k++ {
			x := lambda * (float64(k)*work - t)
			term := math.Exp(-x)
			for j := 1; j <= k; j++ {
				term *= x / float64(j)
			}
			sum += term
		}
		return 1 - (1-lambda*work)*sum
	}
}

// A single is what GI/M/1 comes to (Kleinrock I, 6.4): an arrival finds n others with
// the chance (1-σ)σ^n.
type single struct{ sigma, wait, rate float64 }

// gim1 finds σ = A*(µ(1-σ)), of the gaps' transform A*; the stay is exponential of
// the rate µ(1-σ).
func gim1(mu float64, transform func(s float64) float64) single {
	// From inside the unit interval: σ = 1 is a root always, and not the one.
	sigma := root(0, 1-1e-6, func(x float64) float64 { return x - transform(mu*(1-x)) })
	return single{sigma, sigma / mu / (1 - sigma), mu * (1 - sigma)}
}

func erlangGaps(k int, lambda float64) func(float64) float64 {
	n := float64(k)
	return func(s float64) float64 { return math.Pow(n*lambda/(n*lambda+s), n) }
}

func constantGaps(lambda float64) func(float64) float64 {
	return func(s float64) float64 { return math.Exp(-s / lambda) }
}

// hyperGaps are short ones with chance p, and ratio times as long ones.
func hyperGaps(p, ratio, lambda float64) func(float64) float64 {
	short := lambda * (p + (1-p)*ratio)
	long := short / ratio
	return func(s float64) float64 { return p*short/(short+s) + (1-p)*long/(long+s) }
}

// quantileOf solves past(t) = 1-q.
func quantileOf(q float64, past func(float64) float64) float64 {
	far := 1e-6
	for past(far) > 1-q {
		far *= 2
	}
	return root(0, far, func(t float64) float64 { return 1 - q - past(t) })
}

func TestMM1(t *testing.T) {
	var studies []study
	for _, rate := range []float64{50, 80} {
		const mu = 100
		off := rate * 1.05
		past := func(lambda float64) float64 { return 1 / (mu - lambda) }
		studies = append(studies, study{
			name: fmt.Sprintf("M/M/1 at %g%%", rate), plan: station(1, topology.Unlimited, rate, topology.Exponential(10*ms), 100_000),
			answers: []answer{
				{what: "mean wait", from: "λ/µ/(µ-λ), Kleinrock I, 3.2", exact: rate / mu * past(rate), limit: 0.06, of: meanWait(0), wrong: off / mu * past(off), wrongly: "λ 5% higher"},
				{what: "mean stay", from: "1/(µ-λ)", exact: past(rate), limit: 0.05, of: meanStay(0), wrong: past(off), wrongly: "λ 5% higher"},
				{what: "share that waits", from: "λ/µ", exact: rate / mu, limit: 0.01, of: waited(0), wrong: off / mu, wrongly: "λ 5% higher"},
				{what: "median stay", from: "ln 2/(µ-λ): stays are exponential", exact: math.Ln2 * past(rate), limit: 0.06, dist: stays(0), q: 0.5, wrong: math.Ln2 * past(off), wrongly: "λ 5% higher"},
				{what: "p99 of the stay", from: "ln 100/(µ-λ)", exact: math.Log(100) * past(rate), limit: 0.1, dist: stays(0), q: 0.99, wrong: math.Log(100) * past(rate*1.1), wrongly: "λ 10% higher"},
				{what: "utilization", from: "λ/µ", exact: rate / mu, limit: 0.01, of: utilization(0), wrong: rate / mu * 1.02, wrongly: "work of 10.2 ms"},
				{what: "mean queue", from: "ρ²/(1-ρ)", exact: rate * rate / mu * past(rate), limit: 0.06, of: meanQueue(0), wrong: off * off / mu * past(off), wrongly: "λ 5% higher"},
			},
		})
	}
	runStudies(t, studies)
}

func TestMG1(t *testing.T) {
	const rate = 70
	ten := exponentialMoments(0.01)
	constant := moments{0.01, 0.0001, 0.000001}
	tail := topology.Dist{Kind: topology.LognormalDist, A: 5e6, B: 50e6}
	lognormal := lognormalMoments(tail)
	uniform := uniformMoments(0, 0.02)
	single := func(s moments) float64 { m, _ := mg1(rate, s); return m }
	spread := func(s moments) float64 { _, sd := mg1(rate, s); return sd }
	pk, takacs := "Pollaczek–Khinchine: λE[S²]/2(1-ρ)", "Takács: E[W²] = 2E[W]²+λE[S³]/3(1-ρ)"
	runStudies(t, []study{
		{name: "M/D/1", plan: station(1, topology.Unlimited, rate, topology.Constant(10*ms), 60_000), answers: []answer{
			{what: "mean wait", from: pk, exact: single(constant), limit: 0.03, of: meanWait(0), wrong: single(ten), wrongly: "exponential work"},
			{what: "sd of the wait", from: takacs, exact: spread(constant), limit: 0.04, of: sdWait(0), wrong: spread(uniform), wrongly: "uniform work"},
			{what: "p90 of the wait", from: "Crommelin 1932", exact: quantileOf(0.9, constantWait(rate, 0.01)), limit: 0.05, dist: waits(0), q: 0.9, wrong: quantileOf(0.9, constantWait(rate*1.05, 0.01)), wrongly: "λ 5% higher"},
			{what: "p99 of the wait", from: "Crommelin 1932", exact: quantileOf(0.99, constantWait(rate, 0.01)), limit: 0.06, dist: waits(0), q: 0.99, wrong: quantileOf(0.99, constantWait(rate*1.05, 0.01)), wrongly: "λ 5% higher"},
			{what: "share that waits", from: "ρ", exact: 0.7, limit: 0.01, of: waited(0), wrong: 0.735, wrongly: "λ 5% higher"},
		}},
		{name: "M/U/1", plan: station(1, topology.Unlimited, rate, topology.Dist{Kind: topology.UniformDist, A: 0, B: 20e6}, 60_000), answers: []answer{
			{what: "mean wait", from: pk, exact: single(uniform), limit: 0.03, of: meanWait(0), wrong: single(constant), wrongly: "constant work"},
			{what: "sd of the wait", from: takacs, exact: spread(uniform), limit: 0.05, of: sdWait(0), wrong: spread(constant), wrongly: "constant work"},
		}},
		{name: "M/H2/1", plan: station(1, topology.Unlimited, rate, hyperWork, 100_000), answers: []answer{
			{what: "mean wait", from: pk, exact: single(hyperMoments()), limit: 0.08, of: meanWait(0), wrong: single(ten), wrongly: "exponential work"},
			{what: "sd of the wait", from: takacs, exact: spread(hyperMoments()), limit: 0.12, of: sdWait(0), wrong: spread(ten), wrongly: "exponential work"},
			{what: "p90 of the wait", from: "two exponentials, from the transform", exact: quantileOf(0.9, hyperWait(rate)), limit: 0.1, dist: waits(0), q: 0.9, wrong: quantileOf(0.9, hyperWait(rate*1.05)), wrongly: "λ 5% higher"},
			{what: "p99 of the wait", from: "two exponentials, from the transform", exact: quantileOf(0.99, hyperWait(rate)), limit: 0.15, dist: waits(0), q: 0.99, wrong: quantileOf(0.99, hyperWait(rate*1.08)), wrongly: "λ 8% higher"},
			{what: "utilization", from: "ρ", exact: 0.7, limit: 0.02, of: utilization(0), wrong: 0.735, wrongly: "λ 5% higher"},
		}},
		{name: "M/LN/1", plan: station(1, topology.Unlimited, rate, tail, 100_000), answers: []answer{
			{what: "mean wait", from: pk, exact: meanOf(mg1(rate, lognormal)), limit: 0.06, of: meanWait(0), wrong: meanOf(mg1(rate, exponentialMoments(lognormal.m1))), wrongly: "exponential work of the same mean"},
			{what: "utilization", from: "λE[S]", exact: rate * lognormal.m1, limit: 0.02, of: utilization(0), wrong: rate * 0.005, wrongly: "the median for the mean"},
		}},
	})
}

func meanOf(mean, _ float64) float64 { return mean }

func uniformMoments(a, b float64) moments {
	f := func(k float64) float64 { return (math.Pow(b, k+1) - math.Pow(a, k+1)) / (k + 1) / (b - a) }
	return moments{f(1), f(2), f(3)}
}

func TestMMc(t *testing.T) {
	var studies []study
	for _, row := range []struct {
		c    int
		rate float64
	}{{2, 150}, {4, 320}, {32, 2900}} {
		const mu = 100
		m, off, less := erlangC(row.c, row.rate, mu), erlangC(row.c, row.rate*1.03, mu), erlangC(row.c+1, row.rate, mu)
		studies = append(studies, study{
			name: fmt.Sprintf("M/M/%d at %g", row.c, row.rate/mu), plan: station(row.c, topology.Unlimited, row.rate, topology.Exponential(10*ms), 100_000),
			answers: []answer{
				{what: "share that waits", from: "Erlang C", exact: m.waits, limit: 0.04, of: waited(0), wrong: less.waits, wrongly: "a thread more"},
				{what: "mean wait", from: "C/(cµ-λ), Kleinrock I, 3.5", exact: m.wait, limit: 0.12, of: meanWait(0), wrong: off.wait, wrongly: "λ 3% higher"},
				{what: "median stay", from: "Cooper, 3.4", exact: quantileOf(0.5, m.past), limit: 0.04, dist: stays(0), q: 0.5, wrong: math.Ln2 / mu, wrongly: "nobody waits"},
				{what: "p90 of the stay", from: "Cooper, 3.4", exact: quantileOf(0.9, m.past), limit: 0.05, dist: stays(0), q: 0.9, wrong: math.Log(10) * (m.wait + 1.0/mu), wrongly: "an exponential stay"},
				{what: "p99 of the stay", from: "Cooper, 3.4", exact: quantileOf(0.99, m.past), limit: 0.06, dist: stays(0), q: 0.99, wrong: math.Log(100) * (m.wait + 1.0/mu), wrongly: "an exponential stay"},
				{what: "utilization", from: "λ/cµ", exact: row.rate / mu / float64(row.c), limit: 0.01, of: utilization(0), wrong: row.rate / mu / float64(row.c) * 1.03, wrongly: "λ 3% higher"},
			},
		})
	}
	runStudies(t, studies)
}

func TestRoomsThatFill(t *testing.T) {
	var studies []study
	for _, row := range []struct {
		c, room int
		rate    float64
	}{{1, 5, 90}, {1, 20, 120}, {3, 4, 280}, {8, 10, 1000}} {
		const mu = 100
		lost, wait := mmcK(row.c, row.room, row.rate, mu)
		lostMore, _ := mmcK(row.c, row.room, row.rate*1.05, mu)
		_, waitMore := mmcK(row.c, row.room+1, row.rate, mu)
		studies = append(studies, study{
			name: fmt.Sprintf("M/M/%d with %d places at %g", row.c, row.room, row.rate/mu), plan: station(row.c, row.room, row.rate, topology.Exponential(10*ms), 40_000),
			answers: []answer{
				{what: "share lost", from: "birth and death, Kleinrock I, 3.6", exact: lost, limit: 0.04, of: turnedAway(0), wrong: lostMore, wrongly: "λ 5% higher"},
				{what: "mean wait", from: "the same, and Little's law", exact: wait, limit: 0.03, of: meanWait(0), wrong: waitMore, wrongly: "a place more"},
				{what: "utilization", from: "λ(1-lost)/cµ", exact: row.rate * (1 - lost) / mu / float64(row.c), limit: 0.02, of: utilization(0), wrong: row.rate / mu / float64(row.c), wrongly: "nobody lost"},
			},
		})
	}
	runStudies(t, studies)
}

// What is lost where there is no waiting room does not depend on the distribution of
// the work, but for its mean (Erlang 1917; Sevastyanov 1957).
func TestErlangB(t *testing.T) {
	mean := lognormalMoments(topology.Dist{A: 7e6, B: 50e6}).m1
	scale := 0.01 / mean
	var studies []study
	for _, row := range []struct {
		name string
		work topology.Dist
	}{
		{"exponential", topology.Exponential(10 * ms)},
		{"constant", topology.Constant(10 * ms)},
		{"hyperexponential", hyperWork},
		{"lognormal", topology.Dist{Kind: topology.LognormalDist, A: 7e6 * scale, B: 50e6 * scale}},
		{"uniform", topology.Dist{Kind: topology.UniformDist, B: 20e6}},
	} {
		for _, c := range []int{5, 20} {
			load := 0.9 * float64(c)
			studies = append(studies, study{
				name: fmt.Sprintf("M/G/%d/%d with %s work", c, c, row.name), plan: station(c, 0, load*100, row.work, 30_000),
				answers: []answer{
					{what: "share lost", from: "Erlang B", exact: erlangB(c, load), limit: 0.11, of: turnedAway(0), wrong: erlangB(c+1, load), wrongly: "a thread more"},
					{what: "utilization", from: "a(1-B)/c", exact: load * (1 - erlangB(c, load)) / float64(c), limit: 0.02, of: utilization(0), wrong: load / float64(c), wrongly: "nobody lost"},
				},
			})
		}
	}
	runStudies(t, studies)
}

// The order of the waiting room does not change the mean wait, but how unlike the
// waits are.
func TestLIFO(t *testing.T) {
	var studies []study
	for _, row := range []struct {
		name string
		work topology.Dist
		m    moments
	}{
		{"exponential", topology.Exponential(10 * ms), exponentialMoments(0.01)},
		{"constant", topology.Constant(10 * ms), moments{1e-2, 1e-4, 1e-6}},
	} {
		const rate = 60
		mean, fifo := mg1(rate, row.m)
		_, last := mg1LIFO(rate, row.m)
		more, _ := mg1(rate*1.05, row.m)
		studies = append(studies,
			study{name: "first come first served, " + row.name + " work", plan: station(1, topology.Unlimited, rate, row.work, 60_000), answers: []answer{
				{what: "mean wait", from: "Pollaczek–Khinchine", exact: mean, limit: 0.04, of: meanWait(0), wrong: more, wrongly: "λ 5% higher"},
				{what: "sd of the wait", from: "Takács", exact: fifo, limit: 0.06, of: sdWait(0), wrong: last, wrongly: "last come first served"},
			}},
			study{name: "last come first served, " + row.name + " work", plan: station(1, topology.Unlimited, rate, row.work, 60_000, lifo), answers: []answer{
				{what: "mean wait", from: "Pollaczek–Khinchine: the order does not matter", exact: mean, limit: 0.04, of: meanWait(0), wrong: more, wrongly: "λ 5% higher"},
				{what: "sd of the wait", from: "E[W²] = E[W²]fifo/(1-ρ), Cooper 5.9", exact: last, limit: 0.08, of: sdWait(0), wrong: fifo, wrongly: "first come first served"},
			}})
	}
	runStudies(t, studies)
}

// Arrivals that are more, or less, regular than Poisson's.
func TestGIM1(t *testing.T) {
	const rate, mu = 70, 100
	poisson := gim1(mu, func(s float64) float64 { return rate / (rate + s) })
	if math.Abs(poisson.sigma-0.7) > 1e-9 {
		t.Fatalf("σ of M/M/1 at 0.7 is %g", poisson.sigma)
	}
	var studies []study
	for _, row := range []struct {
		name string
		a    sim.Arrivals
		g    func(float64) func(float64) float64 // the gaps' transform, by rate
	}{
		{"D/M/1", sim.Arrivals{Kind: sim.ConstantGaps}, constantGaps},
		{"E4/M/1", sim.Arrivals{Kind: sim.ErlangGaps, K: 4}, func(r float64) func(float64) float64 { return erlangGaps(4, r) }},
		{"E40/M/1", sim.Arrivals{Kind: sim.ErlangGaps, K: 40}, func(r float64) func(float64) float64 { return erlangGaps(40, r) }},
		{"H2/M/1", sim.Arrivals{Kind: sim.HyperexponentialGaps, P: 0.8, Ratio: 10}, func(r float64) func(float64) float64 { return hyperGaps(0.8, 10, r) }},
	} {
		x, off := gim1(mu, row.g(rate)), gim1(mu, row.g(rate*1.05))
		from := "σ = A*(µ(1-σ)), Kleinrock I, 6.4"
		studies = append(studies, study{
			name: row.name, plan: station(1, topology.Unlimited, rate, topology.Exponential(10*ms), 80_000, arrivals(row.a)),
			answers: []answer{
				{what: "share that waits", from: from, exact: x.sigma, limit: 0.02, of: waited(0), wrong: poisson.sigma, wrongly: "Poisson arrivals"},
				{what: "mean wait", from: from, exact: x.wait, limit: 0.08, of: meanWait(0), wrong: off.wait, wrongly: "λ 5% higher"},
				{what: "p99 of the stay", from: "ln 100/µ(1-σ)", exact: math.Log(100) / x.rate, limit: 0.12, dist: stays(0), q: 0.99, wrong: math.Log(100) / poisson.rate, wrongly: "Poisson arrivals"},
				{what: "utilization", from: "ρ", exact: 0.7, limit: 0.02, of: utilization(0), wrong: 0.735, wrongly: "λ 5% higher"},
			},
		})
	}
	runStudies(t, studies)
}
