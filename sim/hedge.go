package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// Hedges: when no answer to a try has come after a while another copy is sent, to
// another instance where there is one (J. Dean, L. Barroso, "The Tail at Scale", CACM
// 56(2), 2013). A call that may have several copies under way has them in a list.

// A copy is seldom sent: nearly always the answer is there before. So the times at
// which copies are due wait in a list an edge, in their order, and only the first that
// is still wanted is in the event list. As with time-outs (timer.go) the order of
// events is what it would be with an event each. What does not fit in at the end of
// the list, because the quantile that is waited for has sunk, is an event of its own.

// A hedgeList is the copies that an edge's calls may send.
type hedgeList struct {
	waits []waitingHedge // the due times ascend
	head  int
	armed bool
}

// A waitingHedge is wanted as long as its call has its sequence number.
type waitingHedge struct {
	due  des.Time
	seq  uint64
	call int32
}

// awaitHedge sets the time for the next copy of the call's try.
func (s *System) awaitHedge(c int32, cl *call) {
	h := cl.edge.policy.Hedge
	if int(cl.copies) >= h.Max {
		return
	}
	after := h.After
	if h.Quantile > 0 {
		var known bool
		if after, known = s.callerOf(cl).recent.Quantile(h.Quantile); !known {
			return
		}
	}
	cl.flags = cl.flags&^hedgeNow | hedging
	w := waitingHedge{later(s.now, des.Time(after)), s.nextSeq(), c}
	cl.hedge = w.seq
	if w.due >= s.plan.Duration {
		return
	}
	l := cl.edge.hedges
	if n := len(l.waits); n > l.head && l.waits[n-1].due > w.due {
		s.list.Push(des.MakeEvent(w.due, w.seq, evHedge, c))
		return
	}
	if len(l.waits) == cap(l.waits) {
		s.thinOut(l)
	}
	l.waits = append(l.waits, w)
	if !l.armed {
		s.armHedges(cl.edge, l)
	}
}

// thinOut drops what is not wanted any more, so that the list stays as short as the
// calls that are under way are many.
func (s *System) thinOut(l *hedgeList) {
	n := 0
	for i, w := range l.waits[l.head:] {
		if s.calls[w.call].hedge == w.seq || l.armed && i == 0 {
			l.waits[n] = w
			n++
		}
	}
	l.waits, l.head = l.waits[:n], 0
}

// armHedges puts the first copy that is wanted into the event list.
func (s *System) armHedges(e *edge, l *hedgeList) {
	for l.head < len(l.waits) {
		if w := &l.waits[l.head]; s.calls[w.call].hedge == w.seq {
			l.armed = true
			s.list.Push(des.MakeEvent(w.due, w.seq, evHedges, e.number))
			return
		}
		l.head++
	}
	l.waits, l.head = l.waits[:0], 0
}

// hedgesDue runs when the entry that the edge's list had in the event list comes up.
func (s *System) hedgesDue(number int32) {
	e := &s.edges[number]
	l := e.hedges
	w := l.waits[l.head]
	l.head++
	l.armed = false
	s.armHedges(e, l)
	if s.calls[w.call].hedge == w.seq {
		s.note(uint64(s.calls[w.call].key) + 7)
		s.hedgeDue(w.call)
	}
}

// hedgeDue sends another copy, if no guard is against it.
func (s *System) hedgeDue(c int32) {
	cl := &s.calls[c]
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferHedge, ref: c, seq: cl.hedge})
		return
	}
	if cl.flags&hedgeNow == 0 {
		// An answer that comes in this instant has come by then.
		cl.flags |= hedgeNow
		cl.hedge = s.schedule(s.now, evHedge, c)
		return
	}
	cl.hedge = 0
	e := cl.edge
	cl.copies++
	ordinal := s.ordinalOf(cl)
	w := &e.callers[ordinal]
	o := topology.Success
	if w.limiter != nil && !w.limiter.Allow(s.now.Duration()) {
		o = topology.RateLimited
	} else if e.guarded {
		o = s.check(cl, w, ordinal, cl.try, cl.copies)
	}
	if o == topology.Success {
		cl.flags |= copying | passed
		s.send(c, cl)
		return
	}
	s.countOnce(&e.count.turnedAway[o], &e.uncounted.turnedAway[o])
	if cl.flags&spanned != 0 {
		s.spanTurnedAway(c, cl, cl.copies, o)
	}
	if e.policy.Hedge != nil {
		s.awaitHedge(c, cl)
	}
}

// unlink takes an attempt out of those that its call has under way.
func (s *System) unlink(cl *call, a int32) {
	if cl.attempt == a {
		cl.attempt = s.attempts[a].peer
		return
	}
	for b := cl.attempt; b >= 0; b = s.attempts[b].peer {
		if s.attempts[b].peer == a {
			s.attempts[b].peer = s.attempts[a].peer
			return
		}
	}
}

// another is what a further copy of the call's try goes to, an instance that has none yet,
// if there is such a one, and its luck.
//
//go:noinline
func (s *System) another(cl *call) (*instance, des.Key) {
	e := cl.edge
	cl.flags &^= copying | passed
	s.countOnce(&e.count.attempts, &e.uncounted.attempts)
	s.countOnce(&e.count.hedges, &e.uncounted.hedges)
	luck := cl.copyKey(cl.try, cl.copies)
	if e.sole != nil {
		return e.sole, luck
	}
	s.taken = s.taken[:0]
	for a := cl.attempt; a >= 0; a = s.attempts[a].peer {
		s.taken = append(s.taken, s.attempts[a].in.ordinal)
	}
	return s.pick(cl, luck, s.taken), luck
}
