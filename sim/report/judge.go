package report

import (
	"fmt"
	"math"

	"cascade/sim"
	"cascade/sim/des"
)

// A watch follows one expectation through the run.
type watch struct {
	exp    *Expectation
	window window
	spans  []span // where the window looks
	next   int    // the span that comes next, or is under way
	flow   *flow  // of what must end; nil where that does not matter

	back comeback
}

func newWatch(e *Expectation, p *sim.Plan) watch {
	w := watch{exp: e, spans: e.spans, window: window{kind: e.subject.kind}}
	need := metrics[e.metric].need
	switch {
	case e.recovery != nil:
		w.flow = newFlow(p)
		w.back.rec, w.back.flow = e.recovery, w.flow
		return w
	case !e.windowed && need&intervals != 0:
		// Totals know no intervals: the worst one is followed here, the rest is theirs.
		w.spans = []span{{p.Warmup, p.Duration}}
	}
	if need&endings != 0 {
		w.flow = newFlow(p)
		w.flow.completion = need&completions != 0 && e.subject.publishes
	}
	return w
}

// sample takes in a sample; endsInterval says whether the plan's interval ends with it.
func (w *watch) sample(s *sim.Sample, endsInterval bool) {
	if w.flow != nil && (len(w.spans) == 0 || s.From < w.spans[len(w.spans)-1].to) {
		w.flow.add(&w.exp.subject, s)
	}
	if w.exp.recovery != nil {
		w.back.sample(&w.exp.subject, s, endsInterval)
		return
	}
	for w.next < len(w.spans) && w.spans[w.next].to <= s.From {
		w.next++
	}
	if w.next == len(w.spans) || s.To <= w.spans[w.next].from {
		return
	}
	sp := w.spans[w.next]
	holdWithin(sp, s)
	if w.flow != nil {
		w.flow.see(&w.exp.subject, &s.Tallies)
	}
	w.window.add(&w.exp.subject, s.To-s.From, &s.Tallies, metrics[w.exp.metric].need)
	if endsInterval || s.To == sp.to {
		w.window.endInterval()
	}
}

func holdWithin(sp span, s *sim.Sample) {
	if s.From < sp.from || s.To > sp.to {
		panic(fmt.Sprintf("report: the sample from %v to %v crosses the edge of a window from %v to %v: the plan's Cuts must hold those of its expectations",
			s.From, s.To, sp.from, sp.to))
	}
}

// judge says how the expectation came out. What it speaks of must have happened:
// a dead system meets nothing.
func (w *watch) judge(t *sim.Totals, reached des.Time) Judgement {
	e := w.exp
	m := &metrics[e.metric]
	j := Judgement{Text: e.Text, Bound: e.bound, unit: m.unit}
	switch {
	case e.recovery != nil:
		j.unit = duration
		w.back.judge(&j, e.subject.kind, reached)
	case e.windowed && len(e.spans) == 0:
		j.Why = e.emptiness
	case e.windowed && reached <= e.spans[0].from:
		j.Why = fmt.Sprintf("at %s its window has not begun", clock(reached))
	default:
		seen := &w.window
		if !e.windowed {
			seen = &window{kind: e.subject.kind}
			seen.add(&e.subject, max(t.To-t.From, 0), &t.Tallies, m.need)
			w.window.endInterval()
			seen.worstSaturation = w.window.worstSaturation
		} else {
			seen.endInterval()
		}
		if w.flow != nil && !e.windowed {
			w.flow.total(&e.subject, t)
		}
		seen.late = newLate(&e.subject, m.need, seen, w.flow)
		j.Actual, j.Why = m.value(seen)
		if j.Why == "" && w.flow != nil && seen.late == nil {
			j.Why = w.flow.stuck(e.subject.kind)
		}
		j.Measured = j.Why == ""
		j.Pass = j.Measured && e.op.holds(j.Actual, e.bound)
	}
	if !j.Measured {
		j.Actual = 0
	}
	switch {
	case t.Complete:
	case !j.Measured && !w.back.late:
		j.Undecided = true // what has not happened yet may still
		return j
	case j.Measured && !j.Pass && w.mayCome(j.Actual, reached):
		j.Why = fmt.Sprintf("%s at %s, too early to tell", j.Outcome(), clock(reached))
		j.Undecided = true
		return j
	}
	if e.runs > 0 {
		j.overRuns(e.runs)
	}
	return j
}

// mayCome says whether what an expectation is not met for may still come, in a run
// that is not over: while its window is open, of a number that only grows and has not come
// to its bound, and of any that has to be more than nothing.
func (w *watch) mayCome(actual float64, reached des.Time) bool {
	e := w.exp
	switch {
	case e.recovery != nil || e.windowed && reached >= e.spans[len(e.spans)-1].to:
		return false
	case metrics[e.metric].need&grows == 0 && (e.bound != 0 || actual != 0):
		return false
	case e.op == equal:
		return actual < e.bound
	}
	return e.op == more || e.op == atLeast || e.op == unequal
}

// Standing is how many expectations have held so far, and how many have failed; the others
// are undecided.
func (r *Report) Standing() (held, failed int) {
	for i := range r.Expectations {
		switch j := &r.Expectations[i]; {
		case j.Pass:
			held++
		case !j.Undecided:
			failed++
		}
	}
	return held, failed
}

// overRuns judges a share of runs by the one run that there is: it is undecided
// unless the share lies outside the 95% interval that one run allows.
func (j *Judgement) overRuns(share float64) {
	good := 0
	if j.Pass {
		good = 1
	}
	low, high := Wilson(good, 1, 1.959963984540054)
	switch {
	case low >= share:
		j.Pass = true
	case high < share:
		j.Pass = false
	default:
		j.Pass, j.Undecided = false, true
		said := "not met"
		if good == 1 {
			said = "met"
		}
		if j.Why != "" {
			said += " (" + j.Why + ")"
		}
		j.Why = said + " in this run; one run cannot decide it"
	}
}

// Wilson is the interval of a share of which good in n were seen (E. B. Wilson,
// "Probable inference, the law of succession, and statistical inference", JASA 1927).
// z is how many standard deviations wide it is to either side: 1.96 for 95%.
func Wilson(good, n int, z float64) (low, high float64) {
	return WilsonOf(float64(good)/float64(n), float64(n), z)
}

// WilsonOf is the interval where the share p was seen of m, which need not be whole: to
// ask what more of the same would say.
func WilsonOf(p, m, z float64) (low, high float64) {
	middle := p + z*z/(2*m)
	spread := z * math.Sqrt(float64(p*(1-p)/m)+float64(z*z)/(4*m*m))
	low, high = max(0, (middle-spread)/(1+float64(z*z/m))), min(1, (middle+spread)/(1+float64(z*z/m)))
	switch p { // exactly, whatever the floats make of it
	case 0:
		low = 0
	case 1:
		high = 1
	}
	return low, high
}

// backWithin is how far below its earlier value a success rate may lie and still
// count as back: one percentage point.
const backWithin = 0.01

// enough is how many must have ended so that a success rate of p strays by
// backWithin through luck alone less often than once in 700 times (three standard
// deviations of a binomial share); at least 100.
func enough(p float64) uint64 {
	return uint64(max(100, math.Ceil(9*p*(1-p)/(backWithin*backWithin))))
}

// isBack says whether a rate is back to an earlier one. The last term forgives
// the rounding of floats.
func isBack(rate, before float64) bool { return rate >= before-backWithin-1e-12 }
