package report

import (
	"cmp"
	"slices"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// A sourceFold is what is summed up of a source: interval by interval, however
// coarse the timeline, whether its requests failed more often than before.
type sourceFold struct {
	latency  hist.Hist
	interval outcomes // the one under way
	before   outcomes // after the warm-up, before the first fault
	worst    float64  // share that failed, of the worst interval after the warm-up

	calm  failureFold // before the first fault, when no request is expected to fail
	since failureFold // from then on; without faults, of the whole run after the warm-up
}

// A failureFold tells by the interval whether requests fail more often than expected.
//
// An interval of few requests says little. So intervals are joined to a stretch
// until it tells: more failures than luck explains, or so many requests that there
// are none to speak of. While all is well a stretch begins with a failure.
type failureFold struct {
	failed  failures
	stretch stretchOfFailures
}

// failures are a source's requests that failed more often than expected.
type failures struct {
	ever        bool
	from, until des.Time // from the first interval in which one failed to the end of the last
	ended       outcomes // in the spells
	worst       float64  // share that failed, of the worst interval
	worstAt     des.Time
	spells      int  // how often it began, having been well in between
	atEnd       bool // the time that was looked at ended so

	last struct { // spell
		from  des.Time
		ended outcomes
	}

	// Set at the end of the run.
	calm   *failures           // those before the first fault
	target string              // the service that is asked
	guards topology.OutcomeSet // failures that a guard of the source's own may have given
	blame  string              // of errors: the call that failed most, or the service that gave them
	peak   float64             // share that failed, of the worst interval after the warm-up, whatever it was before
}

// A stretchOfFailures is intervals joined to tell whether a source fails.
type stretchOfFailures struct {
	open        bool
	ended       outcomes
	from, until des.Time // of the intervals in which a request failed; until is 0 without one
	worst       float64
	worstAt     des.Time
}

// fewest failures make a failing source, however few requests it has.
const fewest = 3

// rateBefore is a source's success rate before the first fault; 1 where nothing
// had ended by then, and without faults: then nothing is expected to fail.
func (f *sourceFold) rateBefore() float64 {
	if f.before.all() == 0 {
		return 1
	}
	return ratio(f.before[topology.Success], f.before.all())
}

// endInterval judges an interval and what ended in it, of which a share of before is
// expected to succeed, and says what it was that failed: from the first to the last
// interval of a stretch; nothing if until is 0.
func (f *failureFold) endInterval(now *outcomes, before float64, from, until des.Time) (failing span) {
	all := now.all()
	bad := all - now[topology.Success]
	st := &f.stretch
	if bad == 0 && !st.open && !f.failed.atEnd {
		return span{}
	}
	st.open = true
	st.ended.add((*[topology.NumOutcomes]uint64)(now))
	if bad > 0 {
		if st.until == 0 {
			st.from = from
		}
		st.until = until
		if share := ratio(bad, all); share > st.worst {
			st.worst, st.worstAt = share, from
		}
	}
	ended := st.ended.all()
	failed := ended - st.ended[topology.Success]
	switch {
	case rose(failed, ended, 1-before) && (failed >= fewest || ended >= enough(before)):
		return f.endFailing()
	case ended >= enough(before):
		f.endWell()
	}
	return span{}
}

func (f *failureFold) endFailing() span {
	st, all := &f.stretch, &f.failed
	if !all.ever {
		all.ever, all.from = true, st.from
	}
	if !all.atEnd {
		all.spells++
		all.last.from, all.last.ended = st.from, outcomes{}
	}
	all.until, all.atEnd = st.until, true
	all.ended.add((*[topology.NumOutcomes]uint64)(&st.ended))
	all.last.ended.add((*[topology.NumOutcomes]uint64)(&st.ended))
	if st.worst > all.worst {
		all.worst, all.worstAt = st.worst, st.worstAt
	}
	failing := span{st.from, st.until}
	f.stretch = stretchOfFailures{}
	return failing
}

func (f *failureFold) endWell() {
	f.failed.atEnd = false
	f.stretch = stretchOfFailures{}
}

// finish judges what is left over at the end: of a source that was failing a single
// failure is one more.
func (f *failureFold) finish(before float64) (failing span) {
	ended := f.stretch.ended.all()
	if ended == 0 {
		return span{}
	}
	failed := ended - f.stretch.ended[topology.Success]
	if rose(failed, ended, 1-before) && (failed >= fewest || f.failed.atEnd) {
		return f.endFailing()
	}
	f.endWell()
	return span{}
}

// endSources judges the sources in the interval that ends. Without faults all
// that is after the warm-up is judged, else what is not wholly before the first;
// what is before it is judged by itself.
func (c *Collector) endSources() {
	from := c.interval.from
	failing, doubt := false, false
	for i := range c.sources {
		f := &c.sources[i]
		if all := f.interval.all(); from >= c.plan.Warmup && all > 0 {
			f.worst = max(f.worst, ratio(all-f.interval[topology.Success], all))
		}
		judged := c.reached > c.firstFault()
		if len(c.plan.Faults) == 0 {
			judged = c.reached > c.plan.Warmup
		}
		now := f.interval
		f.interval = outcomes{}
		if !judged {
			if from >= c.calmFrom() && len(c.plan.Faults) > 0 {
				f.calm.endInterval(&now, 1, from, c.reached)
			}
			continue
		}
		if s := f.since.endInterval(&now, f.rateBefore(), from, c.reached); s.to > 0 {
			failing = true
			c.noteFailing(s)
		}
		doubt = doubt || f.since.stretch.until > 0
	}
	for i := range c.waits {
		w := &c.waits[i]
		if failing {
			w.failing.add((*[topology.NumOutcomes]uint64)(&w.doubtful))
		}
		if failing || !doubt {
			w.doubtful = outcomes{}
		}
	}
}

func (c *Collector) finishSources() {
	failing := false
	for i := range c.sources {
		f := &c.sources[i]
		f.calm.finish(1)
		if s := f.since.finish(f.rateBefore()); s.to > 0 {
			failing = true
			c.noteFailing(s)
		}
	}
	if failing {
		for i := range c.waits {
			c.waits[i].failing.add((*[topology.NumOutcomes]uint64)(&c.waits[i].doubtful))
		}
	}
}

// noteFailing adds a time in which a source failed. Times close to each other are
// one; beyond maxSpans of them the last grows.
func (c *Collector) noteFailing(s span) {
	if n := len(c.failing); n > 0 {
		last := &c.failing[n-1]
		if n >= maxSpans || s.from <= last.to+c.slack() && s.to >= last.from {
			last.from, last.to = min(last.from, s.from), max(last.to, s.to)
			return
		}
	}
	c.failing = append(c.failing, s)
}

// slack is how far apart two things may be and still belong together.
func (c *Collector) slack() des.Time { return 2 * c.plan.Interval }

// apart sorts spans and joins those that touch.
func apart(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// sourceFailed says whether a source failed in [at, until).
func (c *Collector) sourceFailed(at, until des.Time) bool {
	n, _ := slices.BinarySearchFunc(c.failing, at, func(s span, at des.Time) int {
		if s.to <= at {
			return -1
		}
		return 1
	})
	return n < len(c.failing) && c.failing[n].from < until
}

// notes says of each span, which are sorted by time, whether it is out of the
// ordinary: it is unlike what the service did before, and it is near to what may
// be its reason: a fault, failing requests, or another such span. A pool that is
// busy on the best of days is full for moments, and those say nothing.
func (c *Collector) notes() []note {
	notes := make([]note, len(c.spans))
	chain := des.Time(-1) // end of the last span out of the ordinary
	for i := range c.spans {
		s := &c.spans[i]
		n := &notes[i]
		near := chain >= 0 && s.At <= chain+c.slack() || c.sourceFailed(s.At-c.slack(), s.Until+c.slack())
		for k := range c.plan.Faults {
			// What a fault does may show some time after it.
			near = near || inForce(&c.plan.Faults[k], s.At-10*c.plan.Interval, s.Until)
		}
		n.unusual = near && c.unlikeBefore(s)
		if n.unusual {
			chain = max(chain, s.Until)
		}
		n.told = n.unusual || len(c.plan.Faults) == 0 && s.Until-s.At >= c.while()
		n.paused = s.cause < 0 && s.paused > 0 && 2*s.paused >= s.own
		if s.own == 0 && s.cause < 0 { // unlimited threads have no idle time that could be booked as paused
			n.paused = n.paused || c.faulted(s.service, s.At, s.Until, func(f *sim.Fault) bool { return f.Kind == sim.Pause })
		}
		n.slowed = c.slowedBy(s)
		n.blocked = s.cause >= len(c.edges)
	}
	return notes
}

// unlikeBefore says whether a span is unlike what the service did between the
// warm-up and the first fault. It was saturated for less than half of that time,
// and never for more than half as long in one go; and now, beside,
//   - requests of a source failed meanwhile, or
//   - 95% of its threads were held on average for ten intervals or more, with at
//     least twice as many attempts waiting as ever before, or
//   - it was full, and had never had more than half of its threads held, or
//   - far more attempts waited: three times as many as ever before, and twice
//     as many again as it has threads.
//
// Without faults there is no before, and only failing requests make a difference.
func (c *Collector) unlikeBefore(s *saturated) bool {
	if len(c.plan.Faults) == 0 { // there is no before
		return c.sourceFailed(s.At, s.Until)
	}
	calm := &c.services[s.service].calm
	length := s.Until - s.At
	if calm.intervals > 0 && 2*calm.saturated >= calm.intervals || length <= 2*des.Time(calm.longest)*c.plan.Interval {
		return false
	}
	threads := max(ratio(s.up, length), 1)
	switch {
	case c.sourceFailed(s.At, s.Until):
		return true
	case portion(s.held, s.up) >= saturatedShare && length >= 10*c.plan.Interval && s.worstQueue >= 2*calm.queue:
		return true
	case s.worstHeld >= saturatedShare && calm.intervals > 0 && calm.held <= 0.5:
		return true
	}
	return s.worstQueue > float64(3*calm.queue)+float64(2*threads)
}

// slowedBy is the first fault that made a service's own work longer during a span,
// with its kind; "" where none did, or where it is not own work that held it.
func (c *Collector) slowedBy(s *saturated) string {
	if s.cause >= 0 {
		return ""
	}
	for i := range c.plan.Faults {
		f := &c.plan.Faults[i]
		if f.Kind != sim.Latency && f.Kind != sim.Slow || !inForce(f, s.At, s.Until) {
			continue
		}
		if slices.Contains(f.Services, s.service) || slices.ContainsFunc(f.Ops, func(op topology.OpRef) bool { return op.Service == s.service }) {
			return f.Name + ": " + f.Kind.String()
		}
	}
	return ""
}

// failuresOf is how a source's requests failed.
func (c *Collector) failuresOf(source int) failures {
	f := c.sources[source].since.failed
	f.calm = &c.sources[source].calm.failed
	f.peak = max(c.sources[source].worst, f.worst)
	edge := c.plan.Sources[source].Edge
	if edge.RateLimit != nil {
		f.guards = f.guards.With(topology.RateLimited)
	}
	if edge.Bulkhead > 0 {
		f.guards = f.guards.With(topology.BulkheadFull)
	}
	to := edge.To
	f.target = c.plan.Topology.Services[to.Service].Name
	f.calm.target, f.calm.guards = f.target, f.guards
	if f.ended[topology.Error] > 0 {
		f.blame, _ = c.blame(to, f.ended[topology.Error], span{f.from, f.until}, func(w *edgeFold) *outcomes { return &w.failing })
	}
	return f
}

// blame follows the errors that an operation answered with to where they come
// from: the call that failed most meanwhile, from callee to callee as
// long as it was with an error. Where a fault makes the operation fail by itself, the
// call must have failed for at least one in five of the errors; else any does, for
// there is no other reason. Called is whether a call was to blame.
func (c *Collector) blame(at topology.OpRef, errors uint64, when span, meanwhile func(*edgeFold) *outcomes) (by string, called bool) {
	seen := map[topology.OpRef]bool{}
	for !seen[at] {
		seen[at] = true
		worst, most := -1, uint64(0)
		for _, e := range c.leaving[at.Service] {
			if !c.fails(e, at.Op) {
				continue
			}
			if n := meanwhile(&c.waits[e]).failures(); n > most {
				worst, most = e, n
			}
		}
		if worst < 0 || 5*most < errors && c.failsItself(at, when.from, when.to) {
			break
		}
		called = true
		kind := meanwhile(&c.waits[worst]).worstKind()
		if kind == topology.BreakerOpen { // a protection: what made it open is behind it
			why := *meanwhile(&c.waits[worst])
			why[topology.BreakerOpen] = 0
			if why.failures() > 0 {
				return c.edges[worst].ID + ": breaker open after " + outcomeWords(why.worstKind()), true
			}
		}
		if kind != topology.Error {
			return c.wayID(worst) + ": " + c.wayWords(worst, kind), true
		}
		at = c.edges[worst].To
	}
	by = "by " + c.plan.Topology.Services[at.Service].Name
	if c.failsItself(at, when.from, when.to) {
		by += " itself"
	}
	return by, called
}

// fails says whether a failure on a way fails the operation that took it.
func (c *Collector) fails(way, op int) bool {
	if way < len(c.edges) {
		e := c.edges[way]
		return e.From.Op == op && !e.Optional && e.Fallback == nil
	}
	p := c.plan.Topology.Publishes[way-len(c.edges)]
	return p.From.Op == op && !p.Optional
}

// wayWords is how a call or a publish failed.
func (c *Collector) wayWords(way int, o topology.Outcome) string {
	if way < len(c.edges) {
		return outcomeWords(o)
	}
	return publishWords(o)
}

// publishWords is how a publish failed.
func publishWords(o topology.Outcome) string {
	switch o {
	case topology.Rejected:
		return "queue full"
	case topology.Refused:
		return "broker out"
	}
	return outcomeWords(o)
}

// failsItself says whether a fault makes an operation answer with errors at some
// time in [from, until).
func (c *Collector) failsItself(at topology.OpRef, from, until des.Time) bool {
	for i := range c.plan.Faults {
		f := &c.plan.Faults[i]
		if f.Kind == sim.Errors && inForce(f, from, until) && (slices.Contains(f.Ops, at) || slices.Contains(f.Services, at.Service)) {
			return true
		}
	}
	return false
}

// worstKind is the failure that there is most of.
func (o *outcomes) worstKind() topology.Outcome {
	worst := topology.Error
	for k := range topology.NumOutcomes {
		if k != topology.Success && k != topology.Cancelled && o[k] > o[worst] {
			worst = k
		}
	}
	return worst
}
