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

// Queueing theory behind a queue: what waits in a broker and not in a waiting room waits
// as long, and what a broker loses, hands out again or gives up has figures of its own.
//
// Wrong engines were held against them too, and each was found out: one that throws out
// the newest message, has a place more, a receive more or a thread less, has the same luck
// in each delivery of a message, waits 5 ms before what ran out is readable, gives all
// partitions to one thread, or reads them in the order of their numbers.

// desk is a plan of one consumer with c threads behind a queue, in front of which people
// publish at a rate, for so many requests after a warm-up of a tenth.
func desk(c int, rate float64, q topology.Queue, w topology.Dist, requests int, change ...func(*sim.Plan)) func() *sim.Plan {
	return func() *sim.Plan {
		p := warmed(0.1, queued(lasting(requests, rate), []topology.Queue{q},
			[]topology.Service{front(publish(0)), consumer("desk", c, 0, work(w))}, openSource("people", 0, rate)))
		for _, c := range change {
			c(p)
		}
		return p
	}
}

// Figures of queue 0.

// depth is the mean number of messages that wait.
func depth(t *sim.Totals) float64 { return float64(t.Queues[0].WaitingTime) / float64(t.To-t.From) }

// acknowledgedAfter is the mean time from publish to acknowledgement, in seconds.
func acknowledgedAfter(t *sim.Totals) float64 { return t.Queues[0].Latency.Mean() / 1e9 }

func acknowledgedIn(t *sim.Totals) *hist.Hist { return t.Queues[0].Latency }

// full is the share of publishes that found no room.
func full(t *sim.Totals) float64 {
	q := &t.Queues[0]
	return float64(q.Full) / float64(q.Full+q.Published)
}

// pushedOut is the share of messages that were dropped.
func pushedOut(t *sim.Totals) float64 {
	return float64(t.Queues[0].Dropped) / float64(t.Queues[0].Published)
}

// handOuts is the mean number of deliveries of a message.
func handOuts(t *sim.Totals) float64 {
	return float64(t.Queues[0].Delivered) / float64(t.Queues[0].Published)
}

// M/M/c and M/G/1, as of a waiting room.
func TestDeskBehindAQueue(t *testing.T) {
	const mu = 100
	var studies []study
	for _, row := range []struct {
		c    int
		rate float64
	}{{1, 70}, {4, 320}} {
		m, off, less := erlangC(row.c, row.rate, mu), erlangC(row.c, row.rate*1.05, mu), erlangC(row.c+1, row.rate, mu)
		answers := []answer{
			{what: "mean depth", from: "λC/(cµ-λ), Kleinrock I, 3.5", exact: m.queue, limit: 0.2, of: depth, wrong: less.queue, wrongly: "a thread more"},
			{what: "mean time to the acknowledgement", from: "C/(cµ-λ)+1/µ", exact: m.wait + 1.0/mu, limit: 0.1, of: acknowledgedAfter, wrong: off.wait + 1.0/mu, wrongly: "λ 5% higher"},
			{what: "utilization", from: "λ/cµ", exact: row.rate / mu / float64(row.c), limit: 0.01, of: utilization(1), wrong: row.rate / mu / float64(row.c) * 1.03, wrongly: "λ 3% higher"},
		}
		if row.c > 1 {
			answers = append(answers,
				answer{what: "p90 of it", from: "Cooper, 3.4", exact: quantileOf(0.9, m.past), limit: 0.08, dist: acknowledgedIn, q: 0.9, wrong: math.Log(10) * (m.wait + 1.0/mu), wrongly: "an exponential stay"})
		}
		studies = append(studies, study{name: fmt.Sprintf("M/M/%d behind a queue", row.c), plan: desk(row.c, row.rate, workQueue("orders"), topology.Exponential(10*ms), 50_000), answers: answers})
	}
	wait, _ := mg1(70, hyperMoments())
	exponential, _ := mg1(70, exponentialMoments(0.01))
	studies = append(studies, study{name: "M/H2/1 behind a queue", plan: desk(1, 70, workQueue("orders"), hyperWork, 50_000), answers: []answer{
		{what: "mean time to the acknowledgement", from: "Pollaczek–Khinchine, and the work", exact: wait + 0.01, limit: 0.12, of: acknowledgedAfter, wrong: exponential + 0.01, wrongly: "exponential work"},
	}})
	runStudies(t, studies)
}

// pushOut solves M/M/c with k places, where who comes to a full queue throws out the one
// that has waited longest: the share thrown out, and the mean wait of the others.
//
// How many there are goes as in M/M/c/c+k, so that as many are lost as where the one that
// comes is turned away. Who has i before him and b behind him in the queue moves up when a
// thread is free, and when one comes while all places are taken; so, by what happens next,
//
//	served(i,b) = (cµ·served(i-1,b) + λ·served(i,b+1))/(λ+cµ)       i+b+1 < k
//	served(i,b) = (cµ·served(i-1,b) + λ·served(i-1,b+1))/(λ+cµ)     i+b+1 = k
//
// where served(-1,b) is 1 after the first, and 0 after the second: thrown out. The wait of
// those that are served likewise, with served(i,b)/(λ+cµ) for the time until then.
func pushOut(c, k int, lambda, mu float64) (lost, wait float64) {
	type chance struct{ served, wait float64 }
	cmu := float64(c) * mu
	known := map[[2]int]chance{}
	var solve func(i, b int) chance
	solve = func(i, b int) chance {
		if x, ok := known[[2]int{i, b}]; ok {
			return x
		}
		ends := chance{served: 1}
		if i > 0 {
			ends = solve(i-1, b)
		}
		var comes chance
		switch {
		case i+b+1 < k:
			comes = solve(i, b+1)
		case i > 0:
			comes = solve(i-1, b+1)
		}
		x := chance{served: (cmu*ends.served + lambda*comes.served) / (lambda + cmu)}
		x.wait = (x.served + cmu*ends.wait + lambda*comes.wait) / (lambda + cmu)
		known[[2]int{i, b}] = x
		return x
	}
	p := stationary(c+k, func(int) float64 { return lambda }, func(n int) float64 { return float64(min(n, c)) * mu })
	served := 0.0
	for n, share := range p {
		x := chance{served: 1}
		if n >= c {
			x = solve(min(n-c, k-1), 0)
		}
		served += share * x.served
		wait += share * x.wait
	}
	return 1 - served, wait / served
}

// A full queue turns away, or throws out its oldest: as many are lost, but who is served
// has waited less where the oldest go.
func TestQueuesThatFill(t *testing.T) {
	const mu = 100
	var studies []study
	for _, row := range []struct {
		c, room int
		rate    float64
	}{{1, 5, 90}, {1, 10, 150}, {3, 4, 280}} {
		lost, wait := mmcK(row.c, row.room, row.rate, mu)
		lostMore, _ := mmcK(row.c, row.room, row.rate*1.05, mu)
		_, waitMore := mmcK(row.c, row.room+1, row.rate, mu)
		out, outWait := pushOut(row.c, row.room, row.rate, mu)
		if math.Abs(out-lost) > 1e-12 {
			t.Errorf("pushOut: %g lost, M/M/c/K: %g", out, lost)
		}
		if outWait > 0.95*wait {
			t.Errorf("pushOut: a wait of %g, where the last is turned away of %g: hardly different", outWait, wait)
		}
		queue := 0.0
		for n, share := range stationary(row.c+row.room, func(int) float64 { return row.rate }, func(n int) float64 { return float64(min(n, row.c)) * mu }) {
			queue += share * float64(max(n-row.c, 0))
		}
		name := fmt.Sprintf("M/M/%d with a queue of %d at %g", row.c, row.room, row.rate/mu)
		from := "birth and death, Kleinrock I, 3.6"
		w := topology.Exponential(10 * ms)
		studies = append(studies,
			study{name: name + ", reject", plan: desk(row.c, row.rate, workQueue("orders", room(row.room, topology.RejectPublish)), w, 20_000), answers: []answer{
				{what: "share lost", from: from, exact: lost, limit: 0.06, of: full, wrong: lostMore, wrongly: "λ 5% higher"},
				{what: "mean time to the acknowledgement", from: "the same, and Little's law", exact: wait + 1.0/mu, limit: 0.03, of: acknowledgedAfter, wrong: waitMore + 1.0/mu, wrongly: "a place more"},
				{what: "mean depth", from: from, exact: queue, limit: 0.05, of: depth, wrong: queue * row.rate / mu / float64(row.c), wrongly: "only those that find all threads busy"},
			}},
			study{name: name + ", drop the oldest", plan: desk(row.c, row.rate, workQueue("orders", room(row.room, topology.DropOldest)), w, 20_000), answers: []answer{
				{what: "share lost", from: from, exact: lost, limit: 0.06, of: pushedOut, wrong: lostMore, wrongly: "λ 5% higher"},
				{what: "mean time to the acknowledgement", from: "served(i,b)", exact: outWait + 1.0/mu, limit: 0.03, of: acknowledgedAfter, wrong: wait + 1.0/mu, wrongly: "the last are lost"},
				{what: "mean depth", from: from, exact: queue, limit: 0.05, of: depth, wrong: queue * row.rate / mu / float64(row.c), wrongly: "only those that find all threads busy"},
			}})
	}
	runStudies(t, studies)
}

// Publishers that wait for a place are a queue before the queue: together they are M/M/1.
func TestBlockedPublishersAreAQueue(t *testing.T) {
	const rate, mu, places = 70.0, 100.0, 2
	wait := rate / mu / (mu - rate)
	past := math.Pow(rate/mu, places+1) // who comes waits for a place: all of them are taken
	blocked := func(t *sim.Totals) float64 {
		return float64(t.Services[0].Held()) / float64(t.To-t.From)
	}
	together := func(t *sim.Totals) float64 { return depth(t) + blocked(t) }
	runStudies(t, []study{{name: "M/M/1 with blocked publishers", plan: desk(1, rate, workQueue("orders", room(places, topology.BlockPublish)), topology.Exponential(10*ms), 60_000), answers: []answer{
		{what: "those that wait in it and for it", from: "ρ²/(1-ρ)", exact: rate * wait, limit: 0.1, of: together, wrong: rate * 1.05 * rate * 1.05 / mu / (mu - rate*1.05), wrongly: "λ 5% higher"},
		// With n > places+1 in all, n-places-1 are blocked.
		{what: "publishers that are blocked", from: "ρ^(k+2)/(1-ρ)", exact: math.Pow(rate/mu, places+2) / (1 - rate/mu), limit: 0.15, of: blocked, wrong: math.Pow(rate/mu, places+3) / (1 - rate/mu), wrongly: "a place more"},
		{what: "share that is blocked", from: "ρ^(k+1)", exact: past, limit: 0.04, of: func(t *sim.Totals) float64 {
			return float64(t.Publishes[0].Blocked) / float64(t.Publishes[0].Published)
		}, wrong: past * rate / mu, wrongly: "a place more"},
	}}})
}

// failsAfterWork makes a share of the desk's attempts fail after their work.
func failsAfterWork(share float64) func(*sim.Plan) {
	return func(p *sim.Plan) {
		f := on(p, sim.Fault{Name: "bugs", Kind: sim.Errors, Until: p.Duration}, 1)
		f.Rate, f.AfterWork = share, true
		p.Faults = append(p.Faults, f)
	}
}

// A share p of the deliveries fails, each for itself: p^n of the messages fail n times
// and are dead-lettered.
func TestDeadLetterShare(t *testing.T) {
	var studies []study
	for _, row := range []struct {
		p float64
		n int
	}{{0.2, 1}, {0.4, 3}, {0.6, 5}} {
		dead := math.Pow(row.p, float64(row.n))
		q := workQueue("orders", receives(row.n, topology.None))
		studies = append(studies, study{
			name: fmt.Sprintf("%g%% fail, %d receives", 100*row.p, row.n), plan: desk(topology.Unlimited, 200, q, topology.Exponential(10*ms), 15_000, failsAfterWork(row.p)),
			answers: []answer{
				{what: "share dead-lettered", from: "p^n", exact: dead, limit: 0.06, of: pushedOut, wrong: dead * row.p, wrongly: "a receive more"},
				{what: "deliveries a message", from: "(1-p^n)/(1-p)", exact: (1 - dead) / (1 - row.p), limit: 0.02, of: handOuts, wrong: (1 - dead*row.p) / (1 - row.p), wrongly: "a receive more"},
				{what: "share acknowledged", from: "1-p^n", exact: 1 - dead, limit: 0.02, of: func(t *sim.Totals) float64 {
					return float64(t.Queues[0].Acknowledged) / float64(t.Queues[0].Published)
				}, wrong: 1 - row.p, wrongly: "one receive", slack: 0.0005}, // some are on their way at the end
			},
		})
	}
	studies[0].answers[2].wrong, studies[0].answers[2].wrongly = 1, "nothing is given up"
	runStudies(t, studies)
}

// A message that fails comes again and draws its work anew: a single thread with feedback,
// and, where it waits before it is readable again, a second station with room for all
// (J. R. Jackson, Oper. Res. 5, 1957; the wait may have any distribution: F. Baskett, K. M.
// Chandy, R. R. Muntz, F. G. Palacios, J. ACM 22, 1975).
func TestFeedback(t *testing.T) {
	const rate, mu, p = 50.0, 100.0, 0.3
	load := rate / (1 - p) / mu
	once := load / (1 - load) / rate
	off := rate * 1.05 / (1 - p) / mu
	for _, wait := range []time.Duration{0, 200 * ms} {
		again := p / (1 - p) * wait.Seconds()
		name := fmt.Sprintf("M/M/1 with feedback after %v", wait)
		wrong, wrongly := off/(1-off)/(rate*1.05)+again, "λ 5% higher"
		runStudies(t, []study{{name: name, plan: desk(1, rate, workQueue("orders", redelivery(wait)), topology.Exponential(10*ms), 40_000, failsAfterWork(p)), answers: []answer{
			{what: "mean time to the acknowledgement", from: "ρ/(1-ρ)/λ with ρ = λ/µ(1-p), and p/(1-p) waits", exact: once + again, limit: 0.1, of: acknowledgedAfter, wrong: wrong, wrongly: wrongly},
			{what: "deliveries a message", from: "1/(1-p)", exact: 1 / (1 - p), limit: 0.01, of: handOuts, wrong: 1 + p, wrongly: "tried again once"},
			{what: "utilization", from: "ρ", exact: load, limit: 0.02, of: utilization(1), wrong: rate / mu, wrongly: "no feedback"},
		}}})
	}
}

// Exponential work of mean m, a visibility of v, and as many threads as are needed. A
// delivery begins each v until one of them has ended; at kv+s all of the k+1 that are under
// way are still so with probability q^(k(k+1)/2)·e^(-(k+1)s/m), where q = e^(-v/m).
func visibilityRace(m, v float64) (deliveries, ends float64) {
	q := math.Exp(-v / m)
	for k := 0.0; k < 50; k++ {
		still := math.Pow(q, k*(k+1)/2)
		deliveries += still
		ends += still * m / (k + 1) * (1 - math.Pow(q, k+1))
	}
	return deliveries, ends
}

func TestVisibilityOfExponentialWork(t *testing.T) {
	var studies []study
	for _, v := range []time.Duration{10 * ms, 20 * ms, 40 * ms} {
		deliveries, ends := visibilityRace(0.02, v.Seconds())
		q := math.Exp(-v.Seconds() / 0.02)
		studies = append(studies, study{
			name: fmt.Sprintf("work of 20ms, visibility %v", v), plan: desk(topology.Unlimited, 200, workQueue("orders", visibility(v)), topology.Exponential(20*ms), 10_000),
			answers: []answer{
				{what: "deliveries a message", from: "Σ q^(k(k+1)/2), q = e^(-v/m)", exact: deliveries, limit: 0.02, of: handOuts, wrong: 1 / (1 - q), wrongly: "each delivery ends with its visibility"},
				{what: "mean time to the acknowledgement", from: "the first of them to end", exact: ends, limit: 0.02, of: acknowledgedAfter, wrong: 0.02, wrongly: "only the first counts"},
				{what: "work a message", from: "all go on to their end", exact: 0.02 * deliveries, limit: 0.03, of: func(t *sim.Totals) float64 {
					return t.Services[1].Working.Seconds() / float64(t.Queues[0].Published)
				}, wrong: 0.02, wrongly: "only the first works"},
			},
		})
	}
	runStudies(t, studies)
}

// Four partitions of a stream with a thread each are four M/M/1, not an M/M/4; two threads
// for the four are two M/M/1 of twice the load. Each group is for itself.
func TestPartitionsAreQueues(t *testing.T) {
	const rate = 280.0
	build := func() *sim.Plan {
		return warmed(0.1, queued(lasting(60_000, rate), []topology.Queue{stream("events", 4)}, []topology.Service{front(publish(0)),
			consumer("four", 4, 0, work(topology.Exponential(10*ms))), consumer("eight", 8, 0, work(topology.Exponential(10*ms))), consumer("two", 2, 0, work(topology.Exponential(5*ms)))},
			openSource("people", 0, rate)))
	}
	wait := func(lambda, mu float64) float64 { return lambda / mu / (mu - lambda) }
	stay := func(group int) func(*sim.Totals) float64 {
		return func(t *sim.Totals) float64 { return t.Queues[0].Groups[group].Latency.Mean() / 1e9 }
	}
	shared := erlangC(4, rate, 100)
	var answers []answer
	for g, name := range []string{"four threads", "eight threads"} {
		answers = append(answers,
			answer{what: "mean time with " + name, from: "1/(µ-λ/4)", exact: wait(rate/4, 100) + 0.01, limit: 0.08, of: stay(g), wrong: shared.wait + 0.01, wrongly: "M/M/4"},
			answer{what: "median with " + name, from: "ln 2/(µ-λ/4)", exact: math.Ln2 / (100 - rate/4), limit: 0.08, dist: func(t *sim.Totals) *hist.Hist { return t.Queues[0].Groups[g].Latency }, q: 0.5, wrong: math.Ln2 / (100 - rate/4*1.1), wrongly: "λ 10% higher"})
	}
	answers = append(answers, answer{what: "mean time with two threads", from: "1/(µ-λ/2)", exact: wait(rate/2, 200) + 0.005, limit: 0.08, of: stay(2), wrong: erlangC(2, rate, 200).wait + 0.005, wrongly: "M/M/2"})
	runStudies(t, []study{{name: "partitions", plan: build, answers: answers}})
}

// Which message of a partition is worked on next is settled by when it was published: of
// the partitions that a thread reads it takes the oldest, so that their messages wait as in
// one queue, first come first served. The spread of the waits says so; the mean would be the
// same in any order (Takács).
func TestOldestOfThePartitionsFirst(t *testing.T) {
	const rate = 70.0
	build := func() *sim.Plan {
		return warmed(0.1, queued(lasting(60_000, rate), []topology.Queue{stream("events", 8)}, []topology.Service{front(publish(0)), consumer("one", 1, 0, works(10*ms))},
			openSource("people", 0, rate)))
	}
	constant := moments{0.01, 0.0001, 0.000001}
	_, sd := mg1(rate, constant)
	_, last := mg1LIFO(rate, constant)
	runStudies(t, []study{{name: "eight partitions, one thread", plan: build, answers: []answer{
		{what: "sd of the time to the acknowledgement", from: "Takács: that of the wait, the work being constant", exact: sd, limit: 0.06, of: func(t *sim.Totals) float64 { return t.Queues[0].Latency.SD() / 1e9 }, wrong: last, wrongly: "last come first served"},
	}}})
}
