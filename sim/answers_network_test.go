package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/hist"
	"cascade/topology"
)

// Several services, or several instances, or a closed circle of users, where the exact
// figures are known.

// The machine repairman, M/M/c//N: n users who think and ask again when they have their
// answer. While k of them think the rate is k/think (Kleinrock I, 3.8). What the thinking
// times are like does not matter, but for their mean (F. Baskett, K. Chandy, R. Muntz,
// F. Palacios, J. ACM 22, 1975).
func repairman(n, c int, think, work float64) (throughput, stay, waits float64) {
	p := stationary(n, func(k int) float64 { return float64(n-k) / think }, func(k int) float64 { return float64(min(k, c)) / work })
	inHand, asked := 0.0, 0.0
	for k, pk := range p {
		throughput += pk * float64(min(k, c)) / work
		inHand += pk * float64(k)
		asked += pk * float64(n-k)
	}
	for k := c; k <= n; k++ {
		waits += p[k] * float64(n-k) / asked // who asks finds n-1 others
	}
	return throughput, inHand / throughput, waits
}

func TestMachineRepairman(t *testing.T) {
	var studies []study
	for _, row := range []struct {
		n, c  int
		think topology.Dist
		name  string
	}{
		{10, 1, topology.Exponential(100 * ms), "exponential"},
		{10, 1, topology.Constant(100 * ms), "constant"},
		{30, 2, topology.Exponential(100 * ms), "exponential"},
		{30, 2, topology.Dist{Kind: topology.LognormalDist, A: 100e6 / math.Exp(0.5), B: 100e6 / math.Exp(0.5) * math.Exp(topology.Z99)}, "lognormal"},
	} {
		x, stay, waits := repairman(row.n, row.c, 0.1, 0.01)
		less, lessStay, lessWaits := repairman(row.n-1, row.c, 0.1, 0.01)
		studies = append(studies, study{name: fmt.Sprintf("M/M/%d//%d, %s thinking", row.c, row.n, row.name),
			plan: func() *sim.Plan {
				return warmed(0.1, plan(lasting(60_000, x), []topology.Service{service("desk", row.c, topology.Unlimited, work(topology.Exponential(10*ms)))},
					users("people", 0, row.n, row.think)))
			},
			answers: []answer{
				{what: "throughput", from: "birth and death, Kleinrock I, 3.8", exact: x, limit: 0.01, of: perSecond(func(t *sim.Totals) uint64 { return t.Services[0].Arrived }), wrong: less, wrongly: "a user less"},
				{what: "mean stay", from: "the same: N/X - Z", exact: stay, limit: 0.03, of: meanStay(0), wrong: lessStay, wrongly: "a user less"},
				{what: "share that waits", from: "the same, with one user less", exact: waits, limit: 0.02, of: waited(0), wrong: lessWaits, wrongly: "two users less"},
				{what: "utilization", from: "X·work/c", exact: x * 0.01 / float64(row.c), limit: 0.01, of: utilization(0), wrong: less * 0.01 / float64(row.c), wrongly: "a user less"},
			}})
	}
	runStudies(t, studies)
}

// Two queues one after the other: what leaves M/M/1 is Poisson again (P. Burke, Oper.
// Res. 4, 1956), so that the second is M/M/1 too, and the stays are independent. Who asks
// has threads without number, and a network of 5 ms on average each way.
func TestTandem(t *testing.T) {
	const rate, mu = 70.0, 100.0
	stay := 1 / (mu - rate)
	link := func(e *topology.Edge) { e.Network = topology.Exponential(5 * ms) }
	runStudies(t, []study{{name: "two in a row", plan: func() *sim.Plan {
		return warmed(0.1, plan(lasting(80_000, rate), []topology.Service{
			service("front", topology.Unlimited, 0, call(1, 0, link), call(2, 0)),
			service("first", 1, topology.Unlimited, work(topology.Exponential(10*ms))),
			service("second", 1, topology.Unlimited, work(topology.Exponential(10*ms))),
		}, openSource("people", 0, rate)))
	}, answers: []answer{
		{what: "mean wait at the second", from: "Burke, M/M/1", exact: rate / mu * stay, limit: 0.05, of: meanWait(2), wrong: rate / mu * stay * 1.12, wrongly: "λ 3% higher"},
		{what: "p99 of the stay at the second", from: "ln 100/(µ-λ)", exact: math.Log(100) * stay, limit: 0.1, dist: stays(2), q: 0.99, wrong: math.Log(100) * stay * 1.25, wrongly: "λ 9% higher"},
		{what: "mean latency", from: "two stays and two ways", exact: 2*stay + 0.01, limit: 0.04, of: func(t *sim.Totals) float64 { return t.Sources[0].Latency.Mean() / 1e9 }, wrong: 2*stay + 0.005, wrongly: "one way only"},
		{what: "sd of the latency", from: "independent exponentials", exact: math.Sqrt(2*stay*stay + 2*0.005*0.005), limit: 0.08, of: func(t *sim.Totals) float64 { return t.Sources[0].Latency.SD() / 1e9 }, wrong: 2 * stay, wrongly: "the same stay twice"},
		{what: "the edge's mean latency", from: "a stay and two ways", exact: stay + 0.01, limit: 0.05, of: func(t *sim.Totals) float64 { return t.Edges[1].Latency.Mean() / 1e9 }, wrong: stay, wrongly: "no network"},
		{what: "the other's", from: "a stay", exact: stay, limit: 0.05, of: func(t *sim.Totals) float64 { return t.Edges[2].Latency.Mean() / 1e9 }, wrong: stay + 0.01, wrongly: "its network"},
		{what: "threads that wait for the first", from: "Little's law", exact: rate * (stay + 0.01), limit: 0.05, of: func(t *sim.Totals) float64 {
			return float64(t.Services[0].WaitingOn[0].Time) / float64(t.To-t.From)
		}, wrong: rate * stay, wrongly: "its stay alone"},
	}}})
}

// Instances behind a balancer. Dealt out at random each gets a Poisson stream, and is
// M/M/1; in turn, every third arrival, and is E3/M/1.
func TestBalancing(t *testing.T) {
	const n, rate, mu = 3, 210.0, 100.0
	random, turn := (rate/n)/mu/(mu-rate/n), gim1(mu, erlangGaps(n, rate/n)).wait
	pooled := erlangC(n, rate, mu).wait
	balanced := func(b topology.Balance) func() *sim.Plan {
		return func() *sim.Plan {
			s := service("desk", 1, topology.Unlimited, work(topology.Exponential(10*ms)))
			s.Instances, s.Balance = n, b
			return warmed(0.1, plan(lasting(80_000, rate), []topology.Service{s}, openSource("people", 0, rate)))
		}
	}
	first := func(t *sim.Totals) float64 {
		return float64(t.Services[0].Instances[0].Arrived) / float64(t.Services[0].Arrived)
	}
	runStudies(t, []study{
		{name: "at random", plan: balanced(topology.Random), answers: []answer{
			{what: "mean wait", from: "M/M/1 of a third", exact: random, limit: 0.05, of: meanWait(0), wrong: turn, wrongly: "in turn"},
			{what: "the first instance's share", from: "1/3", exact: 1.0 / 3, limit: 0.01, of: first, wrong: 0.34, wrongly: "2% more"},
		}},
		{name: "in turn", plan: balanced(topology.RoundRobin), answers: []answer{
			{what: "mean wait", from: "E3/M/1 of a third, Kleinrock I, 6.4", exact: turn, limit: 0.05, of: meanWait(0), wrong: random, wrongly: "at random"},
			{what: "share that waits", from: "σ", exact: gim1(mu, erlangGaps(n, rate/n)).sigma, limit: 0.02, of: waited(0), wrong: 0.7, wrongly: "at random"},
		}},
		{name: "one pool for all", plan: station(n, topology.Unlimited, rate, topology.Exponential(10*ms), 80_000), answers: []answer{
			{what: "mean wait", from: "Erlang C", exact: pooled, limit: 0.05, of: meanWait(0), wrong: turn, wrongly: "instances in turn"},
		}},
	})
}

// Fork and join of two M/M/1 that get their work at once: (12-ρ)/8 times the stay of one
// (L. Flatto, S. Hahn, SIAM J. Appl. Math. 44, 1984; R. Nelson, A. Tantawi, IEEE Trans.
// Comput. 37, 1988). And of n without queues: the longest of n exponentials, with the
// mean 1+1/2+…+1/n and the variance 1+1/4+…+1/n² of one.
func TestForkAndJoin(t *testing.T) {
	const rate, mu = 60.0, 100.0
	one := 1 / (mu - rate)
	latency := func(t *sim.Totals) float64 { return t.Sources[0].Latency.Mean() / 1e9 }
	sd := func(t *sim.Totals) float64 { return t.Sources[0].Latency.SD() / 1e9 }
	longest, square := 0.0, 0.0
	for k := 1.0; k <= 8; k++ {
		longest += 0.01 / k
		square += 0.0001 / k / k
	}
	independent := one * 1.5
	runStudies(t, []study{
		{name: "two queues", plan: func() *sim.Plan {
			return warmed(0.1, plan(lasting(60_000, rate), []topology.Service{
				service("root", topology.Unlimited, 0, parallel(call(1, 0), call(2, 0))),
				service("left", 1, topology.Unlimited, work(topology.Exponential(10*ms))),
				service("right", 1, topology.Unlimited, work(topology.Exponential(10*ms))),
			}, openSource("people", 0, rate)))
		}, answers: []answer{
			{what: "mean latency", from: "(12-ρ)/8/(µ-λ), Flatto and Hahn", exact: (12 - rate/mu) / 8 * one, limit: 0.03, of: latency, wrong: independent, wrongly: "queues that have nothing to do with each other"},
		}},
		{name: "eight without queues", plan: func() *sim.Plan {
			var branches []topology.Step
			for range 8 {
				branches = append(branches, call(1, 0))
			}
			return warmed(0.1, plan(lasting(6_000, 1000), []topology.Service{service("root", topology.Unlimited, 0, parallel(branches...)),
				service("leaf", topology.Unlimited, 0, work(topology.Exponential(10*ms)))}, openSource("people", 0, 1000)))
		}, answers: []answer{
			{what: "mean latency", from: "1+1/2+…+1/8 times 10 ms", exact: longest, limit: 0.01, of: latency, wrong: longest - 0.01/8, wrongly: "seven"},
			{what: "sd of the latency", from: "√(1+1/4+…+1/64) times 10 ms", exact: math.Sqrt(square), limit: 0.02, of: sd, wrong: 0.01, wrongly: "as one"},
			{what: "threads held", from: "Little's law", exact: 1000 * longest, limit: 0.03, of: func(t *sim.Totals) float64 { return float64(t.Services[0].Held()) / float64(t.To-t.From) }, wrong: 1000 * 0.01 * 8, wrongly: "once a branch"},
		}},
	})
}

// A call made only so often, and one made several times over: a sum of exponentials.
func TestChanceAndTimes(t *testing.T) {
	front := func(change func(*topology.Edge)) func() *sim.Plan {
		return func() *sim.Plan {
			src := steady("people", 0, 1000)
			src.Limit = 10_000
			p := plan(20*sec, []topology.Service{service("front", topology.Unlimited, 0, call(1, 0, change)),
				service("back", topology.Unlimited, 0, work(topology.Exponential(10*ms)))}, src)
			p.Interval = p.Duration
			return p
		}
	}
	stay := func(q float64, exact, wrong float64, from, wrongly string) answer {
		return answer{what: fmt.Sprintf("p%g", 100*q), from: from, exact: exact, limit: 0.05,
			dist: func(t *sim.Totals) *hist.Hist { return t.Sources[0].Latency }, q: q, wrong: wrong, wrongly: wrongly}
	}
	erlang := func(q float64, k float64) float64 {
		return quantileOf(q, func(t float64) float64 { return 1 - gammaBelow(k, t/0.01) })
	}
	runStudies(t, []study{
		{name: "a chance of 30%", plan: front(func(e *topology.Edge) { e.Chance = 0.3 }), answers: []answer{
			{what: "calls a request", from: "30%", exact: 0.3, limit: 0.02, of: func(t *sim.Totals) float64 { return float64(t.Edges[1].Calls) / float64(t.Sources[0].Offered) }, wrong: 0.31, wrongly: "31%"},
			stay(0.9, 0.01*math.Log(3), 0.01*math.Log(10), "of the 30%, two thirds are shorter", "always"),
		}},
		{name: "five times", plan: front(func(e *topology.Edge) { e.Times = 5 }), answers: []answer{
			{what: "calls a request", from: "5", exact: 5, limit: 0.001, of: func(t *sim.Totals) float64 { return float64(t.Edges[1].Calls) / float64(t.Sources[0].Offered) }, wrong: 1, wrongly: "1"},
			{what: "mean", from: "five exponentials", exact: 0.05, limit: 0.01, of: func(t *sim.Totals) float64 { return t.Sources[0].Latency.Mean() / 1e9 }, wrong: 0.04, wrongly: "four"},
			{what: "sd", from: "√5 of one: each has its own luck", exact: 0.01 * math.Sqrt(5), limit: 0.02, of: func(t *sim.Totals) float64 { return t.Sources[0].Latency.SD() / 1e9 }, wrong: 0.05, wrongly: "the same luck five times"},
			stay(0.5, erlang(0.5, 5), erlang(0.5, 4), "an Erlang of 5 stages", "of 4"),
			stay(0.99, erlang(0.99, 5), erlang(0.99, 4), "an Erlang of 5 stages", "of 4"),
		}},
	})
}

// An answer comes late or not at all, as the network is: the delays of the request and
// of the answer are drawn apart.
func TestNetwork(t *testing.T) {
	const limit = 20 * time.Millisecond
	// Two exponentials of 5 ms, and nothing else: an Erlang of two stages.
	within := gammaBelow(2, 4)
	runStudies(t, []study{{name: "a network of exponentials", plan: func() *sim.Plan {
		src := steady("people", 0, 1000, timeout(limit), func(e *topology.Edge) { e.Network = topology.Exponential(5 * ms) })
		src.Limit = 10_000
		p := plan(20*sec, []topology.Service{service("desk", topology.Unlimited, 0)}, src)
		p.Interval = p.Duration
		return p
	}, answers: []answer{
		{what: "share in time", from: "an Erlang of 2 stages", exact: within, limit: 0.01, of: func(t *sim.Totals) float64 {
			return float64(t.Edges[0].Outcomes[topology.Success]) / float64(t.Edges[0].Attempts)
		}, wrong: 1 - math.Exp(-2), wrongly: "the same delay both ways"},
		{what: "late answers", from: "the rest", exact: 1 - within, limit: 0.04, of: func(t *sim.Totals) float64 { return float64(t.Edges[0].LateAnswers) / float64(t.Edges[0].Attempts) }, wrong: 1 - within - math.Exp(-4), wrongly: "the requests alone that are not there at the time-out"},
	}}})
}
