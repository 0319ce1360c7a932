package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// The known answers: systems for which queueing theory, or a page of arithmetic, has
// the exact figures. They are in the answers_*_test.go files, by subject.
//
// A study runs one system several times, under seeds made of its name and 1, 2, 3 …
// The runs are independent, so that the spread between them gives the standard error of their
// mean, whatever the correlation within a run. An answer passes if the mean is within
// sigmas standard errors of the exact figure. What that amounts to is checked too:
// the bound has to be narrower than the answer's own limit, and has to exclude what
// the wrong model next to the right one would give. An answer that could not tell the
// two apart fails.

// sigmas is the half width of what is accepted, in standard errors. With 24 runs
// (Student's t, 23 degrees of freedom) a right figure is outside once in 6,000 times:
// whoever changes what is drawn has a chance of 5% that one of the three hundred answers
// fails for nothing, and runs the long form (the build tag soak) to see.
const sigmas = 4.5

// grain is by how much a quantile read off a histogram may be off: half a bucket.
const grain = 0.5 / 64

type study struct {
	name    string
	plan    func() *sim.Plan
	runs    int // 0: 24
	answers []answer
}

// An answer is a figure that is known.
type answer struct {
	what  string
	from  string // where the exact figure comes from
	exact float64
	limit float64 // the bound must be narrower than this share of exact
	slack float64 // by what share exact itself may be off, for a reason that is told

	// What is compared: a figure of each run, or a quantile of all the runs together.
	of   func(*sim.Totals) float64
	dist func(*sim.Totals) *hist.Hist
	q    float64

	wrong   float64 // what a wrong model gives: the bound has to exclude it
	wrongly string  // which
}

func (st *study) run(t *testing.T) {
	t.Helper()
	n := st.runs
	if n == 0 {
		n = 24
	}
	n *= moreRuns
	if underRaceDetector {
		n = (n + 5) / 6
	}
	figures := make([][]float64, len(st.answers))
	merged := make([]hist.Hist, len(st.answers))
	requests := uint64(0)
	for seed := 1; seed <= n; seed++ {
		p := st.plan()
		p.Seed = uint64(des.Key(des.NameKey(st.name)).With(uint64(seed)))
		tt := run(t, p)
		if no := littleBreach(p, tt); no != "" {
			t.Errorf("%s, seed %d: little's law: %s", st.name, p.Seed, no)
		}
		for i := range tt.Sources {
			requests += tt.Sources[i].Offered
		}
		for i := range st.answers {
			a := &st.answers[i]
			if a.of != nil {
				figures[i] = append(figures[i], a.of(tt))
				continue
			}
			merged[i].Merge(a.dist(tt))
			figures[i] = append(figures[i], float64(a.dist(tt).Quantile(a.q))/1e9)
		}
	}
	for i := range st.answers {
		a := &st.answers[i]
		found, bound := meanAndError(figures[i])
		bound = sigmas*bound + (a.slack+1e-12)*a.exact
		if a.dist != nil {
			found = float64(merged[i].Quantile(a.q)) / 1e9
			bound += grain * a.exact
		}
		about := fmt.Sprintf("%s: %s: exact %.6g (%s), found %.6g ± %.2g in %d runs, %d requests; %s: %.6g",
			st.name, a.what, a.exact, a.from, found, bound, n, requests, a.wrongly, a.wrong)
		t.Log(about)
		if no := a.judge(found, bound); no != "" && !underRaceDetector {
			t.Errorf("%s: %s", no, about)
		}
	}
}

// judge says what is wrong with a figure that was found, or "".
func (a *answer) judge(found, bound float64) string {
	switch {
	case !(math.Abs(found-a.exact) <= bound):
		return "not the known answer"
	case !(bound <= a.limit*math.Abs(a.exact)):
		return fmt.Sprintf("the bound is wider than %g%% of the figure", 100*a.limit)
	case a.wrongly == "" || !(math.Abs(found-a.wrong) > bound):
		return "a wrong model would pass too"
	}
	return ""
}

func runStudies(t *testing.T, studies []study) {
	t.Helper()
	for i := range studies {
		t.Run(studies[i].name, func(t *testing.T) {
			t.Parallel()
			studies[i].run(t)
		})
	}
}

// meanAndError is the mean of independent figures and its standard error.
func meanAndError(x []float64) (mean, se float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		se += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(se / (n - 1) / n)
}

// littleBreach holds every service of a run against Little's law, L = λW, for its
// waiting room and for all that it has in hand: the integral of how many there are is
// the sum of the times that they spend there. It says what is wrong, or "".
//
// The sum is of those that came after the warm-up and have gone again; who was there at
// either end accounts for the rest, at most as many as were there at once, each for at
// most as long as the longest stayed (those still there at the end: four times that).
func littleBreach(p *sim.Plan, tt *sim.Totals) string {
	for i := range tt.Services {
		v, spec := &tt.Services[i], &p.Topology.Services[i]
		apart := func(what string, integral des.Time, sum *hist.Hist, more float64, most, left, longest float64) string {
			stays := sum.Mean()*float64(sum.Count()) + more
			ends := 2*most*longest + left*math.Min(float64(tt.To-tt.From), 4*longest)
			if d := math.Abs(float64(integral) - stays); d > ends+1e-9*stays {
				return fmt.Sprintf("the integral of what %s has %s is %v, the stays there add up to %v s: %v s apart, and at most %v were possible", spec.Name, what, integral, stays/1e9, d/1e9, ends/1e9)
			}
			return ""
		}
		queue := float64(v.QueueMax)
		if v.Answers[topology.Cancelled]+v.Answers[topology.Reset]+v.Answers[topology.BulkheadFull] == 0 {
			if no := apart("in the waiting room", v.QueueTime, v.Waiting, 0, queue, float64(v.InWaiting), float64(v.Waiting.Max())); no != "" {
				return no
			}
		}
		if spec.Threads == topology.Unlimited || !spec.Blocking {
			continue // how many were there at once is not known
		}
		other := v.Other.Mean() * float64(v.Other.Count())
		longest := math.Max(float64(v.Latency.Max()), float64(v.Waiting.Max()))
		if no := apart("in hand", v.Held()+v.QueueTime, v.Latency, other, queue+float64(spec.Instances*spec.Threads), float64(v.InThreads+v.InWaiting), longest); no != "" {
			return no
		}
	}
	return ""
}

// Figures that the studies share.

// meanWait is the mean time in the waiting room, in seconds, of those that got a thread.
func meanWait(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 { return t.Services[service].Waiting.Mean() / 1e9 }
}

// sdWait is the standard deviation of that time.
func sdWait(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 { return t.Services[service].Waiting.SD() / 1e9 }
}

// waited is the share of them that had to wait at all.
func waited(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 {
		v := &t.Services[service]
		return float64(v.Waited) / float64(v.Waiting.Count())
	}
}

// utilization is the share of thread time at own work.
func utilization(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 {
		v := &t.Services[service]
		return float64(v.Working) / float64(v.Capacity)
	}
}

// meanQueue is the mean number in the waiting room.
func meanQueue(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 { return float64(t.Services[service].QueueTime) / float64(t.To-t.From) }
}

// turnedAway is the share of attempts that found the waiting room full.
func turnedAway(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 {
		v := &t.Services[service]
		return float64(v.Answers[topology.Rejected]) / float64(v.Arrived)
	}
}

// meanStay is the mean time of an answer, in seconds, from its arrival.
func meanStay(service int) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 { return t.Services[service].Latency.Mean() / 1e9 }
}

// perSecond is a count as a rate.
func perSecond(count func(*sim.Totals) uint64) func(*sim.Totals) float64 {
	return func(t *sim.Totals) float64 { return float64(count(t)) / (t.To - t.From).Seconds() }
}

func stays(service int) func(*sim.Totals) *hist.Hist {
	return func(t *sim.Totals) *hist.Hist { return t.Services[service].Latency }
}

func waits(service int) func(*sim.Totals) *hist.Hist {
	return func(t *sim.Totals) *hist.Hist { return t.Services[service].Waiting }
}

func requestLatency(source int) func(*sim.Totals) *hist.Hist {
	return func(t *sim.Totals) *hist.Hist { return t.Sources[source].Latency }
}

// warmed gives a plan a warm-up of that share of its duration, and few samples.
func warmed(share float64, p *sim.Plan) *sim.Plan {
	p.Warmup = des.Time(share * float64(p.Duration))
	p.Interval = p.Duration
	return p
}

// lasting is how long a source of that rate takes for so many requests.
func lasting(requests int, rate float64) time.Duration {
	return time.Duration(float64(requests) / rate * 1e9)
}

// root finds where f, which changes its sign between lo and hi, is 0.
func root(lo, hi float64, f func(float64) float64) float64 {
	up := f(hi) > 0
	for range 200 {
		mid := (lo + hi) / 2
		if (f(mid) > 0) == up {
			hi = mid
		} else {
			lo = mid
		}
	}
	return (lo + hi) / 2
}

// The apparatus itself: a system that is a little off has to be found out.
func TestWrongSystemsAreRejected(t *testing.T) {
	onlyMore(t)
	right := study{name: "M/M/3", plan: station(3, topology.Unlimited, 240, topology.Exponential(10*ms), 40_000)}
	exact := erlangC(3, 240, 100)
	for _, wrong := range []struct {
		what string
		plan func() *sim.Plan
	}{
		{"5% more arrivals", station(3, topology.Unlimited, 252, topology.Exponential(10*ms), 40_000)},
		{"a thread more", station(4, topology.Unlimited, 240, topology.Exponential(10*ms), 40_000)},
		{"work of 10.5 ms", station(3, topology.Unlimited, 240, topology.Exponential(10500*time.Microsecond), 40_000)},
		{"constant work", station(3, topology.Unlimited, 240, topology.Constant(10*ms), 40_000)},
		{"work of cv 1.2", station(3, topology.Unlimited, 240, topology.Dist{Kind: topology.GammaDist, A: 10e6, B: 1.2}, 40_000)},
	} {
		figures := func(plan func() *sim.Plan) (mean, se float64) {
			var x []float64
			for seed := range 12 {
				p := plan()
				p.Seed = uint64(seed + 1)
				x = append(x, meanWait(0)(run(t, p)))
			}
			return meanAndError(x)
		}
		if mean, se := figures(wrong.plan); math.Abs(mean-exact.wait) <= sigmas*se {
			t.Errorf("%s with %s passes: a mean wait of %.4g ± %.2g s, exact %.4g", right.name, wrong.what, mean, sigmas*se, exact.wait)
		} else {
			t.Logf("%s with %s: a mean wait of %.4g ± %.2g s, exact %.4g", right.name, wrong.what, mean, sigmas*se, exact.wait)
		}
	}
}

// Little's law to the nanosecond, in a run that begins and ends with nobody there.
func TestLittleExactly(t *testing.T) {
	hyper := topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{
		{Share: 0.9, Dist: topology.Exponential(2 * ms)}, {Share: 0.1, Dist: topology.Exponential(80 * ms)}}}
	front := service("front", 10, 30, work(topology.Exponential(3*ms)), call(2, 0, timeout(50*ms), tries(3, 5*ms)), parallel(call(1, 0), call(2, 0)))
	front.Instances = 2
	async := service("async", 3, 30, work(topology.Exponential(3*ms)), call(2, 0, network(4*ms)), work(topology.Exponential(3*ms)))
	async.Blocking = false
	last := service("last", 4, topology.Unlimited, work(hyper))
	last.Order = topology.LIFO
	first, second := openSource("first", 0, 150), openSource("second", 1, 40)
	first.Limit, second.Limit = 6000, 1600
	p := plan(10*time.Minute, []topology.Service{front, async, last}, first, second)
	tt := run(t, p)
	for i := range tt.Services {
		v, name := &tt.Services[i], p.Topology.Services[i].Name
		if v.InWaiting+v.InThreads+v.Suspended > 0 {
			t.Fatalf("%s is not empty at the end, so that the test says nothing", name)
		}
		if v.Waited == 0 || i == 0 && v.Answers[topology.Rejected] == 0 {
			t.Fatalf("nobody waits for, or is turned away by, %s, so that the test says nothing", name)
		}
		queue := v.Waiting.Mean() * float64(v.Waiting.Count())
		inHand := v.Latency.Mean() * float64(v.Latency.Count())
		// The histogram's sums are exact; read as a mean times a count they are so within
		// rounding, which is far below a nanosecond a visitor.
		if d := float64(v.QueueTime) - queue; math.Abs(d) > 0.5 {
			t.Errorf("%s: the integral of the queue is %d ns, the waits add up to %.0f ns", name, v.QueueTime, queue)
		}
		if d := float64(v.Held()+v.QueueTime+v.SuspendedTime) - inHand; math.Abs(d) > 0.5 {
			t.Errorf("%s: the integral of what is in hand is %d ns, the stays add up to %.0f ns", name, v.Held()+v.QueueTime+v.SuspendedTime, inHand)
		}
	}
}

// The law is held against every run of every study, with room for what the two ends of
// a run account for. A book that is 3% out, or that forgets who waits, has to be noticed.
func TestLittleBreachesAreFound(t *testing.T) {
	p := station(3, topology.Unlimited, 240, topology.Exponential(10*ms), 200_000)()
	tt := run(t, p)
	if no := littleBreach(p, tt); no != "" {
		t.Errorf("a good run is blamed: %s", no)
	}
	v := &tt.Services[0]
	for _, wrong := range []struct {
		what   string
		change func()
	}{
		{"3% more of queue", func() { v.QueueTime += v.QueueTime * 3 / 100 }},
		{"3% less of queue", func() { v.QueueTime -= v.QueueTime * 3 / 100 }},
		{"no queue", func() { v.QueueTime = 0 }},
		{"3% more of work", func() { v.Working += v.Working * 3 / 100 }},
		{"threads that are not held while they wait", func() { v.Working = 0 }},
	} {
		keep := *v
		wrong.change()
		if littleBreach(p, tt) == "" {
			t.Errorf("%s is not noticed", wrong.what)
		}
		*v = keep
	}
}

// The judge of the answers has to say no to what is not known well enough.
func TestAnswersAreJudged(t *testing.T) {
	a := answer{what: "wait", exact: 10, limit: 0.05, wrong: 11, wrongly: "a thread less"}
	for _, row := range []struct {
		found, bound, wrong float64
		wrongly, want       string
	}{
		{10.2, 0.4, 11, "a thread less", ""},
		{9.7, 0.4, 11, "a thread less", ""},
		{10.5, 0.4, 11, "a thread less", "not the known answer"},
		{9.5, 0.4, 11, "a thread less", "not the known answer"},
		{math.NaN(), 0.4, 11, "a thread less", "not the known answer"},
		{10, math.NaN(), 11, "a thread less", "not the known answer"},
		{10, 0.6, 11, "a thread less", "the bound is wider than 5% of the figure"},
		{10.2, 0.4, 10.5, "a thread less", "a wrong model would pass too"},
		{10.2, 0.4, 0, "", "a wrong model would pass too"},
	} {
		a.wrong, a.wrongly = row.wrong, row.wrongly
		if got := a.judge(row.found, row.bound); got != row.want {
			t.Errorf("%g ± %g, with the wrong model %q at %g: %q, want %q", row.found, row.bound, row.wrongly, row.wrong, got, row.want)
		}
	}
	mean, se := meanAndError([]float64{1, 1.1, 0.9, 1})
	// Squares of the distances: 0.02; /3 is the variance, /4 that of the mean.
	if want := math.Sqrt(0.02 / 3 / 4); math.Abs(mean-1) > 1e-12 || math.Abs(se-want) > 1e-12 {
		t.Errorf("mean %g ± %g, want 1 ± %g", mean, se, want)
	}
}
