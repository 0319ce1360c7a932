package report

import (
	"fmt"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A comeback follows whether a subject's success rate recovers from a fault.
//
// The rate is looked at in stretches of whole intervals, each long enough that
// luck alone hardly moves it (see enough); what is left over at the end of an
// aftermath is joined to the stretch before. Intervals in which nothing ended
// belong to the stretch around them. None of this depends on the time allowed, and
// so a longer time is never harder to keep: the instant of coming back is the
// earliest sample's end from which on the last bad stretch has no more failures
// than a stretch of its size may have.
type comeback struct {
	rec  *recovery
	flow *flow

	recent, free, before outcomes // of the times that the rate may be taken from
	nextFree             int      // of rec.free, that comes next or is under way
	next                 int      // the aftermath that comes next, or is under way
	under                bool     // it is under way

	now, last stretch  // being filled; the one before, not looked at yet
	backAt    des.Time // of this aftermath: since when it has been back
	goodAt    des.Time // of this aftermath: the end of the last sample with a success
	ended     uint64   // of this aftermath

	judged int      // aftermaths that got as far as they had to
	empty  bool     // in some aftermath nothing ended
	never  bool     // some aftermath ended without being back
	late   bool     // in some aftermath it was not back in time
	stuck  string   // what never ended in some aftermath
	took   des.Time // the longest time to come back
}

// A stretch is how many ended in some time, and when the bad ones of them did.
type stretch struct {
	ended, bad uint64
	to         des.Time
	falls      []fall
}

// A fall is how many failed in a sample that ended at an instant.
type fall struct {
	to  des.Time
	bad uint64
}

func (st *stretch) clear() { *st = stretch{falls: st.falls[:0]} }

func (c *comeback) sample(s *subject, sm *sim.Sample, endsInterval bool) {
	rec := c.rec
	if b := rec.before; sm.From < b.to && sm.To > b.from {
		holdWithin(b, sm)
		now := ended(s, sm)
		c.before.add(now)
		for c.nextFree < len(rec.free) && rec.free[c.nextFree].to <= sm.From {
			c.nextFree++
		}
		if c.nextFree < len(rec.free) && sm.To > rec.free[c.nextFree].from {
			holdWithin(rec.free[c.nextFree], sm)
			c.free.add(now)
		}
		if sm.From >= rec.recent.from && sm.To <= rec.recent.to {
			c.recent.add(now)
		}
	}
	for c.next < len(rec.after) && rec.after[c.next].next <= sm.From {
		c.next++
	}
	if c.next == len(rec.after) || sm.To <= rec.after[c.next].end {
		return
	}
	a := &rec.after[c.next]
	if due := min(a.due, a.next); sm.From < due {
		holdWithin(span{a.end, due}, sm)
	} else {
		holdWithin(span{due, a.next}, sm)
	}
	if !c.under {
		c.under, c.backAt, c.goodAt, c.ended = true, a.end, a.end, 0
		c.flow.begin()
	}
	c.flow.see(s, &sm.Tallies)
	now := outcomes(*ended(s, sm))
	c.now.to = sm.To
	c.now.ended += now.counted()
	c.ended += now.counted()
	if bad := now.failures(); bad > 0 {
		c.now.bad += bad
		c.now.falls = append(c.now.falls, fall{sm.To, bad})
	}
	if now[topology.Success] > 0 {
		c.goodAt = sm.To
	}
	switch {
	case sm.To == a.next:
		c.leave(s.kind)
	case endsInterval && c.now.ended >= enough(c.rate()):
		c.look(&c.last)
		c.last, c.now = c.now, c.last
		c.now.clear()
	}
}

// leave ends an aftermath, or breaks it off where the run ended.
func (c *comeback) leave(kind subjectKind) {
	a := &c.rec.after[c.next]
	reached := max(c.now.to, c.last.to)
	if c.last.ended > 0 && c.now.ended < enough(c.rate()) {
		c.last.to = c.now.to
		c.last.ended += c.now.ended
		c.last.bad += c.now.bad
		c.last.falls = append(c.last.falls, c.now.falls...)
		c.now.clear()
	}
	c.look(&c.last)
	c.look(&c.now)
	c.last.clear()
	c.now.clear()
	c.under = false
	if reached < min(a.due, a.next) {
		return
	}
	c.judged++
	took := c.backAt - a.end
	never := took > 0 && c.rec.piece(a, c.goodAt) <= c.rec.piece(a, c.backAt)
	c.never = c.never || never
	c.late = c.late || c.backAt > a.due || never && reached == a.next
	c.took = max(c.took, took)
	// A blink before the next fault may well see nothing; a whole interval may not.
	if c.ended == 0 && (reached-a.end >= c.rec.interval || len(c.rec.after) == 1) {
		c.empty = true
	}
	if c.stuck == "" {
		c.stuck = c.flow.stuck(kind)
	}
}

// look notes of a stretch that is not back from when on it was.
func (c *comeback) look(st *stretch) {
	if st.ended == 0 {
		return
	}
	isBackWith := func(bad uint64) bool { return isBack(ratio(st.ended-bad, st.ended), c.rate()) }
	left := st.bad
	for _, f := range st.falls {
		if isBackWith(left) {
			return
		}
		left -= f.bad
		c.backAt = f.to
	}
}

// rate is what the subject has to come back to.
func (c *comeback) rate() float64 {
	for _, o := range []*outcomes{&c.recent, &c.free} {
		if n := o.counted(); n > 0 {
			return ratio(o[topology.Success], n)
		}
	}
	return ratio(c.before[topology.Success], c.before.counted())
}

func (c *comeback) judge(j *Judgement, kind subjectKind, reached des.Time) {
	if c.under {
		c.leave(kind)
	}
	rec := c.rec
	switch {
	case len(rec.after) == 0:
		j.Why = rec.nothing
	case c.before.counted() == 0:
		j.Why = "nothing ended before " + rec.fault + " began, so there is no rate to come back to"
	case c.judged == 0:
		j.Why = fmt.Sprintf("at %s it is too early to tell", clock(reached))
	case c.empty:
		j.Why = "nothing ended after " + rec.fault
	case c.stuck != "":
		j.Why = c.stuck
	case c.never:
		j.Why = fmt.Sprintf("it did not come back to within one percentage point of %s", percent(c.rate()))
	default:
		j.Measured, j.Actual = true, c.took.Seconds()
		j.Pass = !c.late
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
