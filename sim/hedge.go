package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// Hedges: when no answer to a try has come after a while another copy is sent, to
// another instance where there is one (J. Dean, L. Barroso, "The Tail at Scale", CACM
// 56(2), 2013). A call that may have several copies under way has them in a list.

// awaitHedge sets the time for the next copy of the call's try.
func (s *System) awaitHedge(c int32, cl *call) {
	h := cl.edge.policy.Hedge
	if h == nil || int(cl.copies) >= h.Max {
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
	cl.hedge = s.schedule(later(s.now, des.Time(after)), evHedge, c)
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
	luck := cl.keyOf(cl.try).With(saltHedge + uint64(cl.copies)<<16)
	o := topology.Success
	if w := s.callerOf(cl); w.limiter != nil && !w.limiter.Allow(s.now.Duration()) {
		o = topology.RateLimited
	} else if e.guarded {
		o = s.check(cl, luck)
	}
	if o != topology.Success {
		s.countTurnedAway(e, o)
	} else {
		s.countHedge(e)
		s.dispatch(c, cl, s.pickAnother(cl, luck), luck, furtherCopy)
		if s.err != nil {
			return
		}
	}
	if cl = &s.calls[c]; cl.state == underWay && cl.attempt >= 0 {
		s.awaitHedge(c, cl)
	}
}

func (s *System) countHedge(e *edge) {
	e.count.attempts++
	e.count.hedges++
	if !s.warm {
		e.uncounted.attempts++
		e.uncounted.hedges++
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

// pickAnother chooses an instance for a further copy: one that has none yet, if there
// is such a one.
func (s *System) pickAnother(cl *call, luck des.Key) *instance {
	if cl.edge.sole != nil {
		return cl.edge.sole
	}
	in := s.pick(cl)
	for range in.service.members {
		if !s.hasCopy(cl, in) {
			break
		}
		in = &in.service.members[(in.ordinal+1)%in.service.instances]
	}
	return in
}

func (s *System) hasCopy(cl *call, in *instance) bool {
	for a := cl.attempt; a >= 0; a = s.attempts[a].peer {
		if s.attempts[a].in == in {
			return true
		}
	}
	return false
}
