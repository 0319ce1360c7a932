package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Threads that are held downstream. No product formula holds there: the exact figures
// are those of a Markov chain that the test solves by itself.

// A pair is a service A that works and then asks B, holding its thread, both with
// exponential work.
type pair struct {
	rate               float64
	threads, room      int // A's
	below, belowRoom   int // B's
	workMean, askedFor float64
}

// A pairFigures is what a pair comes to, per second and on average.
type pairFigures struct {
	lost, failed           float64 // share turned away by A, and failed because B turned A away
	working, asking, queue float64 // A's threads at work, those that wait for B, A's waiting room
	busy                   float64 // B's threads
	wait                   float64 // mean in A's waiting room
}

// solve sets the chain up, of the states (i at work in A, j with B, q waiting), and
// solves it.
func (m pair) solve() pairFigures {
	type state struct{ i, j, q int }
	var states []state
	number := map[state]int{}
	add := func(s state) {
		number[s] = len(states)
		states = append(states, s)
	}
	most := min(m.threads, m.below+m.belowRoom)
	for j := 0; j <= most; j++ {
		for i := 0; i+j <= m.threads; i++ {
			add(state{i, j, 0})
		}
		for q := 1; q <= m.room; q++ {
			add(state{m.threads - j, j, q})
		}
	}
	rates := make([][]float64, len(states))
	for k, s := range states {
		rates[k] = make([]float64, len(states))
		to := func(n state, rate float64) {
			if n.q > 0 && n.i+n.j < m.threads { // a thread that has become free takes the next
				n.q--
				n.i++
			}
			rates[k][number[n]] += rate
		}
		if s.i+s.j < m.threads {
			to(state{s.i + 1, s.j, s.q}, m.rate)
		} else if s.q < m.room {
			to(state{s.i, s.j, s.q + 1}, m.rate)
		}
		if s.i > 0 {
			done := float64(s.i) / m.workMean
			if s.j < most {
				to(state{s.i - 1, s.j + 1, s.q}, done)
			} else { // B turns it away
				to(state{s.i - 1, s.j, s.q}, done)
			}
		}
		if s.j > 0 {
			to(state{s.i, s.j - 1, s.q}, float64(min(s.j, m.below))/m.askedFor)
		}
	}
	p := steadyState(rates)
	var f pairFigures
	for k, s := range states {
		f.working += p[k] * float64(s.i)
		f.asking += p[k] * float64(s.j)
		f.queue += p[k] * float64(s.q)
		f.busy += p[k] * float64(min(s.j, m.below))
		if s.i+s.j == m.threads && s.q == m.room {
			f.lost += p[k]
		}
		if s.j == most && most < m.threads {
			f.failed += p[k] * float64(s.i) / m.workMean / m.rate
		}
	}
	f.wait = f.queue / m.rate / (1 - f.lost)
	return f
}

// steadyState solves πQ = 0 for the rates between states, by elimination without a
// subtraction (W. Grassmann, M. Taksar, D. Heyman, Oper. Res. 33, 1985).
func steadyState(q [][]float64) []float64 {
	n := len(q)
	for k := n - 1; k > 0; k-- {
		out := 0.0
		for j := range k {
			out += q[k][j]
		}
		for i := range k {
			q[i][k] /= out
			if q[i][k] == 0 {
				continue
			}
			for j := range k {
				if i != j {
					q[i][j] += q[i][k] * q[k][j]
				}
			}
		}
	}
	p := make([]float64, n)
	p[0] = 1
	sum := 1.0
	for k := 1; k < n; k++ {
		for i := range k {
			p[k] += p[i] * q[i][k]
		}
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}

func TestThreadsHeldDownstream(t *testing.T) {
	// The solver itself, where a formula is known: B so fast that A is alone.
	alone := pair{rate: 900, threads: 10, room: 20, below: 10, belowRoom: 10, workMean: 0.01, askedFor: 1e-9}.solve()
	if lost, wait := mmcK(10, 20, 900, 100); math.Abs(alone.lost-lost) > 1e-6 || math.Abs(alone.wait-wait) > 1e-6 {
		t.Fatalf("the chain gives M/M/10 a loss of %g and a wait of %g, want %g and %g", alone.lost, alone.wait, lost, wait)
	}
	var studies []study
	for _, m := range []pair{
		{rate: 390, threads: 10, room: 20, below: 4, belowRoom: 100, workMean: 0.005, askedFor: 0.01},
		{rate: 360, threads: 10, room: 20, below: 4, belowRoom: 100, workMean: 0.01, askedFor: 0.01},
		{rate: 450, threads: 10, room: 20, below: 4, belowRoom: 3, workMean: 0.01, askedFor: 0.01},
		{rate: 500, threads: 10, room: 20, below: 4, belowRoom: 0, workMean: 0.015, askedFor: 0.01},
	} {
		f := m.solve()
		more, less, given, faster := m, m, m, m
		faster.rate *= 1.05
		more.threads++
		less.below++
		given.askedFor = 1e-9 // A's threads would not be held while B works
		fMore, fLess, fGiven, fFaster := more.solve(), less.solve(), given.solve(), faster.solve()
		st := study{
			name: fmt.Sprintf("10 threads and 20 places before 4 threads and %d places at %g a second", m.belowRoom, m.rate),
			plan: func() *sim.Plan {
				return warmed(0.1, plan(lasting(60_000, m.rate), []topology.Service{
					service("A", m.threads, m.room, work(topology.Dist{Kind: topology.ExponentialDist, A: m.workMean * 1e9}), call(1, 0)),
					service("B", m.below, m.belowRoom, work(topology.Dist{Kind: topology.ExponentialDist, A: m.askedFor * 1e9})),
				}, openSource("people", 0, m.rate)))
			},
			answers: []answer{
				{what: "share that A turns away", from: "the chain", exact: f.lost, limit: 0.16, of: turnedAway(0), wrong: fFaster.lost, wrongly: "λ 5% higher"},
				{what: "A's threads at work", from: "the chain", exact: f.working, limit: 0.02, of: func(t *sim.Totals) float64 { return float64(t.Services[0].Working) / float64(t.To-t.From) }, wrong: fGiven.working, wrongly: "threads given back while B works"},
				{what: "A's threads that wait for B", from: "the chain", exact: f.asking, limit: 0.04, of: func(t *sim.Totals) float64 {
					return float64(t.Services[0].WaitingOn[0].Time) / float64(t.To-t.From)
				}, wrong: fLess.asking, wrongly: "a thread more in B"},
				{what: "mean queue", from: "the chain", exact: f.queue, limit: 0.09, of: meanQueue(0), wrong: fGiven.queue, wrongly: "threads given back while B works"},
				{what: "mean wait", from: "the chain, and Little's law", exact: f.wait, limit: 0.09, of: meanWait(0), wrong: fMore.wait, wrongly: "a thread more"},
				{what: "B's threads at work", from: "the chain", exact: f.busy, limit: 0.02, of: func(t *sim.Totals) float64 { return float64(t.Services[1].Working) / float64(t.To-t.From) }, wrong: fLess.busy, wrongly: "a thread more in B"},
			},
		}
		if f.failed > 0 {
			st.answers = append(st.answers, answer{what: "share failed by B", from: "the chain", exact: f.failed, limit: 0.05, of: func(t *sim.Totals) float64 {
				return float64(t.Services[0].Answers[topology.Error]) / float64(t.Services[0].Arrived)
			}, wrong: fLess.failed, wrongly: "a thread more in B"})
		}
		studies = append(studies, st)
	}
	runStudies(t, studies)
}

// An operation that gives its thread back. One thread works for 1/µ on what arrives,
// which then waits for somebody else without it, and wants it again for no time at all.
// Those who come back are a Poisson stream that does not depend on the present state
// of the thread (Burke, Oper. Res. 4, 1956), so that each finds it at work with the
// chance ρ and then waits for the rest of that work, 1/µ.
func TestNonBlocking(t *testing.T) {
	const rate, mu, away = 60.0, 100.0, 0.5
	plan := func(blocking bool, threads int) func() *sim.Plan {
		return func() *sim.Plan {
			front := service("front", threads, topology.Unlimited, work(topology.Exponential(10*ms)), call(1, 0))
			front.Blocking = blocking
			return warmed(0.1, plan(lasting(60_000, rate), []topology.Service{front,
				service("back", topology.Unlimited, 0, work(topology.Exponential(500*ms)))}, openSource("people", 0, rate)))
		}
	}
	rho := rate / mu
	stay := 1/(mu-rate) + away + rho/mu
	suspended := func(t *sim.Totals) float64 { return float64(t.Services[0].SuspendedTime) / float64(t.To-t.From) }
	runStudies(t, []study{
		{name: "threads given back", plan: plan(false, 1), answers: []answer{
			{what: "mean stay", from: "M/M/1, M/G/∞, and the rest of a work", exact: stay, limit: 0.01, of: meanStay(0), wrong: stay + 1/(mu-rate), wrongly: "at the end of the queue again"},
			{what: "suspended", from: "Little's law", exact: rate * (away + rho/mu), limit: 0.02, of: suspended, wrong: 1, wrongly: "one thread holds one"},
			{what: "mean wait", from: "M/M/1", exact: rho / (mu - rate), limit: 0.05, of: meanWait(0), wrong: rho / (mu - rate) * 1.1, wrongly: "λ 4% higher"},
			{what: "utilization", from: "ρ", exact: rho, limit: 0.02, of: utilization(0), wrong: 1, wrongly: "held while it waits"},
			{what: "throughput", from: "all that comes", exact: rate, limit: 0.02, of: perSecond(func(t *sim.Totals) uint64 { return t.Services[0].Answers[topology.Success] }), wrong: 1 / (1/mu + away), wrongly: "held while it waits"},
		}},
		// 40 threads that are held: M/G/40 at a load of 60·0.51 = 30.6. The other way round
		// it would be 40 times what one thread can do.
		{name: "threads held", plan: plan(true, 40), answers: []answer{
			{what: "threads held", from: "Little's law", exact: rate * (1/mu + away), limit: 0.02, of: func(t *sim.Totals) float64 { return float64(t.Services[0].Held()) / float64(t.To-t.From) }, wrong: rho, wrongly: "threads given back"},
			{what: "threads that wait", from: "Little's law", exact: rate * away, limit: 0.02, of: func(t *sim.Totals) float64 { return float64(t.Services[0].WaitingOn[0].Time) / float64(t.To-t.From) }, wrong: rate * away * 1.03, wrongly: "3% longer"},
		}},
	})
}

// The pool of the SRE book (B. Beyer and others, Site Reliability Engineering, 2016,
// ch. 22, "Bimodal latency"): 10 frontends of 100 threads, 1,000 requests a second of
// 100 ms keep 100 of the 1,000 threads busy. Then 5% never end before their deadline
// of 100 s: they want 5,000 threads, the others 95, and 1000/5095 = 19.6% are served.
// A waiting room would not help; without one it is Erlang's loss system an instance,
// insensitive to what a call's time is like, so that B(100, 509.5) is the exact share.
func TestBimodalLatency(t *testing.T) {
	frontends := func(hang float64, rounds time.Duration) func() *sim.Plan {
		return func() *sim.Plan {
			front := service("frontend", 100, 0, call(1, 0, timeout(100*sec)))
			front.Instances, front.Balance = 10, topology.Random
			// Threads that get stuck together get free together 100 s later, and drift apart by
			// two seconds a round only. So the traffic starts at a fifth: that fills the pools
			// over the first 100 s, evenly. The mean is taken over whole rounds, of 101.9 s.
			people := openSource("people", 0, 200)
			people.Profile = []sim.RatePoint{{At: at(100 * sec), Rate: 1000}}
			p := plan(204*sec+rounds*101900*ms, []topology.Service{front, service("backend", topology.Unlimited, 0,
				work(topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{{Share: 1 - hang, Dist: topology.Constant(100 * ms)}, {Share: hang, Dist: topology.Dist{Kind: topology.NeverDist}}}}))},
				people)
			p.Warmup, p.Interval = at(204*sec), p.Duration
			return p
		}
	}
	served := func(t *sim.Totals) float64 { return 1 - turnedAway(0)(t) }
	succeeded := func(t *sim.Totals) float64 {
		return float64(t.Sources[0].Ended[topology.Success]) / float64(t.Sources[0].Offered)
	}
	exact := 1 - erlangB(100, 509.5)
	if math.Abs(exact-1000.0/5095) > 0.0008 {
		t.Errorf("Erlang B serves %.4f, the book's arithmetic %.4f", exact, 1000.0/5095)
	}
	runStudies(t, []study{
		{name: "5% hang", runs: 8, plan: frontends(0.05, 10), answers: []answer{
			{what: "share served", from: "1000/5095, the SRE book; Erlang B", exact: exact, limit: 0.03, of: served, wrong: 0.95, wrongly: "only those that hang suffer"},
			{what: "share that succeeded", from: "95% of it", exact: 0.95 * exact, limit: 0.03, of: succeeded, wrong: exact, wrongly: "all that were served"},
			// Slack: from round to round who got stuck when changes slowly, so that 12 rounds
			// are not quite the long run.
			{what: "threads held", from: "a(1-B)", exact: 5095 * exact, limit: 0.01, slack: 0.0005, of: func(t *sim.Totals) float64 { return float64(t.Services[0].Held()) / float64(t.To-t.From) }, wrong: 100, wrongly: "as before"},
		}},
		{name: "none hang", runs: 6, plan: frontends(0, 1), answers: []answer{
			{what: "share served", from: "10 erlangs on 100 threads", exact: 1, limit: 0.001, of: served, wrong: exact, wrongly: "5% hang"},
			{what: "threads held", from: "Little's law", exact: 100, limit: 0.01, of: func(t *sim.Totals) float64 { return float64(t.Services[0].Held()) / float64(t.To-t.From) }, wrong: 102, wrongly: "2% more"},
		}},
	})
}

// One pool, two operations: 20 threads, browsing for 50 ms 200 times a second (10
// threads' worth), and buying, 20 times a second, whose payment is dead and found out
// by a time-out of 2 s (40 threads' worth). Browsing never calls it and starves. With
// at most 8 threads for buying it lives. Both are loss systems of two classes, in which
// n1 and n2 threads are in use with a chance in proportion to a1^n1/n1!·a2^n2/n2!,
// whatever the times are like (J. Kaufman, IEEE Trans. Commun. 29, 1981).
func TestMixedPool(t *testing.T) {
	const threads, browse, buy = 20, 200 * 0.05, 20 * 2.0
	refused := func(bulkhead int) (browsing, buying, full float64) {
		sum := 0.0
		for n2 := 0; n2 <= bulkhead; n2++ {
			for n1 := 0; n1+n2 <= threads; n1++ {
				l1, _ := math.Lgamma(float64(n1 + 1))
				l2, _ := math.Lgamma(float64(n2 + 1))
				p := math.Exp(float64(n1)*math.Log(browse) - l1 + float64(n2)*math.Log(buy) - l2)
				sum += p
				if n1+n2 == threads {
					browsing += p
				}
				if n2 == bulkhead && bulkhead < threads { // looked at first
					full += p
				} else if n1+n2 == threads {
					buying += p
				}
			}
		}
		return browsing / sum, buying / sum, full / sum
	}
	shop := func(bulkhead int) func() *sim.Plan {
		return func() *sim.Plan {
			s := several("shop", threads, 0,
				operation("browse", work(topology.Exponential(50*ms))),
				operation("buy", call(1, 0, timeout(2*sec))))
			s.Operations[1].Bulkhead = bulkhead
			buyers := openSource("buyers", 0, 20)
			buyers.Edge.To.Op = 1
			p := warmed(0.1, plan(500*sec, []topology.Service{s, service("payment", 10, 100, works(10*ms))}, openSource("browsers", 0, 200), buyers))
			dead := sim.Fault{Name: "payment is dead", Kind: sim.Partition, Until: p.Duration}
			p.Faults = []sim.Fault{onEdge(p, dead, "shop.buy->payment")}
			return p
		}
	}
	share := func(source int, o topology.Outcome) func(*sim.Totals) float64 {
		return func(t *sim.Totals) float64 {
			return float64(t.Sources[source].Ended[o]) / float64(t.Sources[source].Offered)
		}
	}
	starved, bought, _ := refused(threads)
	saved, boughtThen, full := refused(8)
	if b := erlangB(threads, browse+buy); math.Abs(starved-b) > 1e-12 || math.Abs(bought-b) > 1e-12 {
		t.Fatalf("without a bulkhead %g and %g are turned away, Erlang B says %g", starved, bought, b)
	}
	runStudies(t, []study{
		{name: "a dead dependency on a pool for all", plan: shop(0), answers: []answer{
			{what: "browsers turned away", from: "Kaufman; Erlang B(20, 50)", exact: starved, limit: 0.02, of: share(0, topology.Rejected), wrong: erlangB(threads, browse), wrongly: "buying does not matter"},
			{what: "buyers turned away", from: "the same", exact: bought, limit: 0.02, of: share(1, topology.Rejected), wrong: erlangB(threads, buy), wrongly: "browsing does not matter"},
		}},
		{name: "with a bulkhead of 8", plan: shop(8), answers: []answer{
			{what: "browsers turned away", from: "Kaufman", exact: saved, limit: 0.06, of: share(0, topology.Rejected), wrong: starved, wrongly: "no bulkhead"},
			{what: "buyers turned away by it", from: "Kaufman", exact: full, limit: 0.02, of: share(1, topology.BulkheadFull), wrong: bought, wrongly: "no bulkhead"},
			{what: "buyers turned away by the pool", from: "Kaufman", exact: boughtThen, limit: 0.3, of: share(1, topology.Rejected), wrong: saved, wrongly: "the bulkhead looked at last"},
		}},
	})
}
