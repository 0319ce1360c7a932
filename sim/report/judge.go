package report

import (
	"fmt"
	"math"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A watch follows one expectation through the run.
type watch struct {
	exp    *Expectation
	window window
	spans  []span // where the window looks
	next   int    // the span that comes next, or is under way

	back comeback
}

func newWatch(e *Expectation, p *sim.Plan) watch {
	w := watch{exp: e, spans: e.spans, window: window{kind: e.subject.kind}}
	if e.recovery == nil && !e.windowed && metrics[e.metric].need == intervals {
		// Totals know no intervals: the worst one is followed here, the rest is theirs.
		w.spans = []span{{p.Warmup, p.Duration}}
	}
	if e.recovery != nil {
		w.back.rec = e.recovery
	}
	return w
}

// sample takes in a sample; endsInterval says whether the plan's interval ends with it.
func (w *watch) sample(s *sim.Sample, endsInterval bool) {
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
	w.window.add(&w.exp.subject, s.To-s.From, &s.Tallies, metrics[w.exp.metric].need == latencies)
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
		w.back.judge(&j, reached)
	case e.windowed && len(e.spans) == 0:
		j.Why = e.emptiness
	case e.windowed && reached <= e.spans[0].from:
		j.Why = fmt.Sprintf("the run ended at %s, before its window", reached)
	default:
		seen := &w.window
		if !e.windowed {
			seen = &window{kind: e.subject.kind}
			seen.add(&e.subject, max(t.To-t.From, 0), &t.Tallies, m.need == latencies)
			w.window.endInterval()
			seen.worstSaturation, seen.worstQueue = w.window.worstSaturation, w.window.worstQueue
		} else {
			seen.endInterval()
		}
		j.Actual, j.Why = m.value(seen)
		j.Measured = j.Why == ""
		j.Pass = j.Measured && e.op.holds(j.Actual, e.bound)
	}
	if e.runs > 0 {
		j.overRuns(e.runs)
	}
	return j
}

// overRuns judges a share of runs by the one run that there is: it is undecided
// unless the share lies outside the 95% interval that one run allows.
func (j *Judgement) overRuns(share float64) {
	good := 0
	if j.Pass {
		good = 1
	}
	low, high := wilson(good, 1)
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

// wilson is the 95% interval of a share of which good in n were seen (E. B. Wilson,
// "Probable inference, the law of succession, and statistical inference", JASA 1927).
func wilson(good, n int) (low, high float64) {
	const z = 1.959963984540054
	p, m := float64(good)/float64(n), float64(n)
	middle := p + z*z/(2*m)
	spread := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (middle-spread)/(1+z*z/m)), min(1, (middle+spread)/(1+z*z/m))
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

// A comeback follows whether a subject's success rate recovers from a fault. The
// rate is looked at in stretches of whole intervals, each long enough that luck
// alone hardly moves it (see enough); what is left over at the end of an
// aftermath is joined to the stretch before. Intervals in which nothing ended
// belong to the stretch around them.
type comeback struct {
	rec    *recovery
	before outcomes // of [warm-up, fault)
	next   int      // the aftermath that comes next, or is under way
	under  bool     // it is under way

	now, last stretch  // being filled; the one before, not looked at yet
	backAt    des.Time // of this aftermath: since when it has been back
	bad       bool     // the last stretch looked at was not back
	lateBad   bool     // one behind the time allowed was not
	judged    int      // aftermaths that got as far as the time allowed
	ended     uint64   // of this aftermath, behind the time allowed
	empty     bool     // in some aftermath nothing ended there
	never     bool     // some aftermath ended without being back
	took      des.Time // the longest time to come back
}

type stretch struct {
	from, to des.Time
	ended    outcomes
}

func (c *comeback) sample(s *subject, sm *sim.Sample, endsInterval bool) {
	if b := c.rec.before; sm.From < b.to && sm.To > b.from {
		holdWithin(b, sm)
		c.before.add(ended(s, sm))
	}
	for c.next < len(c.rec.after) && c.rec.after[c.next].next <= sm.From {
		c.next++
	}
	if c.next == len(c.rec.after) || sm.To <= c.rec.after[c.next].end {
		return
	}
	a := &c.rec.after[c.next]
	if sm.From < a.judged {
		holdWithin(span{a.end, a.judged}, sm)
	} else {
		holdWithin(span{a.judged, a.next}, sm)
	}
	if !c.under {
		c.under, c.backAt, c.bad, c.ended = true, a.end, false, 0
	}
	if c.now.to == 0 {
		c.now.from = sm.From
	}
	now := ended(s, sm)
	c.now.ended.add(now)
	c.now.to = sm.To
	if sm.From >= a.judged {
		o := outcomes(*now)
		c.ended += o.counted()
	}
	switch {
	case sm.To == a.next:
		c.leave()
	case sm.To == a.judged:
		c.flush()
	case endsInterval && c.now.ended.counted() >= enough(c.rate()):
		c.look(c.last)
		c.last, c.now = c.now, stretch{}
	}
}

// leave ends an aftermath.
func (c *comeback) leave() {
	a := &c.rec.after[c.next]
	reachedCheck := c.now.to > a.judged || c.last.to > a.judged
	length := max(c.now.to, c.last.to) - a.judged
	c.flush()
	c.under = false
	if !reachedCheck {
		return
	}
	c.judged++
	if c.bad {
		c.never = true
	}
	c.took = max(c.took, c.backAt-a.end)
	// A blink before the next fault may well see nothing; a whole interval may not.
	if c.ended == 0 && (length >= c.rec.interval || len(c.rec.after) == 1) {
		c.empty = true
	}
}

// flush looks at all that is there: no stretch reaches across this instant.
func (c *comeback) flush() {
	if c.now.ended.counted() > 0 && c.last.ended.counted() > 0 && c.now.ended.counted() < enough(c.rate()) {
		c.last.to = c.now.to
		c.last.ended.add((*[topology.NumOutcomes]uint64)(&c.now.ended))
		c.now = stretch{}
	}
	c.look(c.last)
	c.look(c.now)
	c.last, c.now = stretch{}, stretch{}
}

func (c *comeback) look(st stretch) {
	n := st.ended.counted()
	if n == 0 {
		return
	}
	c.bad = !isBack(ratio(st.ended[topology.Success], n), c.rate())
	if c.bad {
		c.backAt = st.to
		if st.from >= c.rec.after[c.next].judged {
			c.lateBad = true
		}
	}
}

func (c *comeback) rate() float64 { return ratio(c.before[topology.Success], c.before.counted()) }

func (c *comeback) judge(j *Judgement, reached des.Time) {
	if c.under {
		c.leave()
	}
	rec := c.rec
	switch {
	case len(rec.after) == 0:
		j.Why = rec.nothing
	case c.before.counted() == 0:
		j.Why = "nothing ended before " + rec.fault + " began, so there is no rate to come back to"
	case c.judged == 0 && reached < rec.after[0].judged+1:
		j.Why = fmt.Sprintf("the run ended at %s, too early to tell", reached)
	case c.empty || c.judged == 0:
		j.Why = "nothing ended after " + rec.fault
	case c.never:
		j.Why = fmt.Sprintf("it did not come back to %s", percent(c.rate()))
	default:
		j.Measured, j.Actual = true, c.took.Seconds()
		j.Pass = !c.lateBad
	}
}

// ended are what an expectation about success counts of a subject.
func ended(s *subject, sm *sim.Sample) *[topology.NumOutcomes]uint64 {
	switch s.kind {
	case sourceSubject:
		return &sm.Sources[s.index].Ended
	case serviceSubject:
		return &sm.Services[s.index].Answers
	case operationSubject:
		return &sm.Services[s.index].Operations[s.op].Answers
	}
	var sum outcomes
	for _, i := range s.edges {
		sum.add(&sm.Edges[i].CallOutcomes)
	}
	return (*[topology.NumOutcomes]uint64)(&sum)
}
