package sim

import (
	"time"

	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// The guards that an attempt passes before it is sent: a rate limit, a throttle, a
// breaker, a bulkhead, in this order. What one of them turns away was never sent.
// Before all of them stands the cache (cache.go).

// A caller is what one calling instance keeps for an edge.
type caller struct {
	turn     uint32 // round robin's next
	underWay int32  // attempts, where there is a bulkhead
	budget   *policy.Budget
	limiter  *policy.Limiter
	throttle *policy.Throttle
	breaker  *policy.Breaker
	recent   *policy.Recent // for a hedge after a quantile
	cache    *policy.Cache
	flights  map[int32]int32              // by key: the call under way that others wait for
	reserved map[int32]policy.Reservation // by call: what waits for the limiter
}

// equip gives a caller instance what the edge's policy asks for. What it has stays
// as far as the real thing lets it stay when its settings change: a limiter and a
// budget keep their tokens, a cache its entries; a breaker with other settings is
// another breaker.
func (s *System) equip(e *edge, ordinal int32, before *topology.Edge) {
	w, p := &e.callers[ordinal], &e.policy
	now := s.now.Duration()
	switch b := p.Retry.Budget; {
	case b == nil:
		w.budget = nil
	case w.budget == nil:
		w.budget = policy.NewBudget(b)
	default:
		w.budget.Retune(b)
	}
	switch {
	case p.RateLimit == nil:
		w.limiter = nil
	case w.limiter == nil:
		w.limiter = policy.NewLimiter(p.RateLimit)
	default:
		w.limiter.Retune(now, p.RateLimit)
	}
	switch {
	case p.Throttle == nil:
		w.throttle = nil
	case w.throttle == nil:
		w.throttle = policy.NewThrottle(p.Throttle)
	default:
		w.throttle.Retune(p.Throttle)
	}
	if w.breaker == nil || !sameBreaker(before.Breaker, p.Breaker) {
		s.replaceBreaker(e, ordinal)
	}
	if p.Hedge == nil || p.Hedge.Quantile == 0 {
		w.recent = nil
	} else if w.recent == nil {
		w.recent = policy.NewRecent()
	}
	switch k := p.Cache; {
	case k == nil || k.Keys == 0:
		w.cache = nil
	case w.cache == nil || before.Cache.Keys != k.Keys || before.Cache.Zipf != k.Zipf:
		w.cache = policy.NewCache(k)
	default:
		w.cache.Retune(k)
	}
}

// replaceBreaker gives a caller instance a new breaker, or none.
func (s *System) replaceBreaker(e *edge, ordinal int32) {
	w := &e.callers[ordinal]
	if w.breaker != nil {
		s.breakerMoved(e, ordinal, w.breaker.State(), topology.StateClosed)
	}
	w.breaker = nil
	if e.policy.Breaker != nil {
		w.breaker = policy.NewBreaker(s.now.Duration(), e.policy.Breaker)
	}
}

func sameBreaker(a, b *topology.Breaker) bool { return a == b || a != nil && b != nil && *a == *b }

// breakerMoved books and tells a breaker's change.
func (s *System) breakerMoved(e *edge, ordinal int32, from, to topology.BreakerState) {
	if from == to {
		return
	}
	switch topology.StateOpen {
	case from:
		e.open.leave(s.now)
	case to:
		e.open.enter(s.now)
	}
	s.tell(Transition{At: s.now, Kind: BreakerChanged, Edge: int(e.number), Instance: int(ordinal), From: from, To: to})
}

// ordinalOf is the number of the instance or client process that makes the call.
func (s *System) ordinalOf(cl *call) int32 {
	if cl.owner >= 0 {
		return s.attempts[cl.owner].in.ordinal
	}
	return cl.client
}

// admit lets the call's next try pass the guards and says whether it may be sent
// now. Where it may not, it waits for the rate limit, or has been turned away.
func (s *System) admit(c int32, cl *call) bool {
	ordinal := s.ordinalOf(cl)
	w := &cl.edge.callers[ordinal]
	if w.limiter != nil {
		r, wait, ok := w.limiter.Reserve(s.now.Duration(), s.timeLeft(cl))
		if !ok {
			s.refuse(c, cl, topology.RateLimited)
			return false
		}
		if wait > 0 {
			s.yield(cl)
			cl.state = paced // booked like underWay
			if cl.flags&spanned != 0 {
				s.spanWait(c, SpanPaced)
			}
			cl.seq = s.schedule(later(s.now, des.Time(wait)), evBackoff, c)
			if w.reserved == nil {
				w.reserved = map[int32]policy.Reservation{}
			}
			w.reserved[c] = r
			return false
		}
	}
	if o := s.check(cl, w, ordinal, cl.try+1, 0); o != topology.Success {
		s.refuse(c, cl, o)
		return false
	}
	return true
}

// timeLeft is how long the call may wait yet: up to the last instant before its own
// deadline, and before the limit that was sent along to its caller.
func (s *System) timeLeft(cl *call) time.Duration {
	limit := des.Never
	if cl.flags&timed != 0 {
		limit = later(cl.began, s.timers[cl.deadline.timer].span)
	}
	if cl.owner >= 0 {
		limit = min(limit, s.limitOf(&s.attempts[cl.owner], cl.owner))
	}
	return (limit - 1 - s.now).Duration()
}

// pacedDone goes on with a try that has waited for the rate limit.
func (s *System) pacedDone(c int32, cl *call) {
	ordinal := s.ordinalOf(cl)
	w := &cl.edge.callers[ordinal]
	delete(w.reserved, c)
	if cl.flags&overdue != 0 {
		s.repay(cl)
		s.endCall(c, cl, topology.Timeout)
		return
	}
	cl.state = underWay
	if o := s.check(cl, w, ordinal, cl.try+1, 0); o != topology.Success {
		s.refuse(c, cl, o)
		return
	}
	if cl.edge.guarded { // else a deploy has taken all guards away, and send asks none
		cl.flags |= passed
	}
	s.send(c, cl)
}

// unreserve gives back what a try that waits for the rate limit has taken of it, and of
// the budget.
func (s *System) unreserve(c int32, cl *call) {
	w := s.callerOf(cl)
	if r, ok := w.reserved[c]; ok {
		delete(w.reserved, c)
		if w.limiter != nil {
			w.limiter.Cancel(s.now.Duration(), r)
		}
	}
	s.repay(cl)
}

// repay tells the budget that the call's next try, where that is a retry that was paid
// for, is not sent.
func (s *System) repay(cl *call) {
	if w := s.callerOf(cl); cl.try > 0 && cl.paid > 0 && w.budget != nil {
		w.budget.Ended(s.now.Duration(), topology.Cancelled, cl.paid)
	}
}

// check asks throttle, breaker and bulkhead about a try, or a further copy of it, and
// says who is against it; Success: nobody. The breaker's ticket is in s.ticket then.
func (s *System) check(cl *call, w *caller, ordinal, try, copy int32) topology.Outcome {
	e := cl.edge
	if w.throttle != nil {
		d := cl.copyKey(try, copy).With(saltThrottle).Draw()
		if !w.throttle.Admit(s.now.Duration(), d.Uniform()) {
			return topology.Throttled
		}
	}
	s.ticket = none
	if w.breaker != nil {
		before := w.breaker.State()
		ticket, ok := w.breaker.Allow(s.now.Duration())
		s.breakerMoved(e, ordinal, before, w.breaker.State())
		if !ok {
			return topology.BreakerOpen
		}
		s.ticket = ticket
	}
	if e.bulkhead > 0 {
		if w.underWay >= e.bulkhead {
			if w.breaker != nil {
				s.tellBreaker(e, ordinal, s.ticket, policy.Excluded)
			}
			return topology.BulkheadFull
		}
		w.underWay++
	}
	return topology.Success
}

// tellBreaker brings a breaker the result of what it let through.
func (s *System) tellBreaker(e *edge, ordinal, ticket int32, r policy.Result) {
	b := e.callers[ordinal].breaker
	before := b.State()
	b.Done(s.now.Duration(), ticket, r)
	s.breakerMoved(e, ordinal, before, b.State())
}

// refuse ends the call's next try before it was sent.
func (s *System) refuse(c int32, cl *call, o topology.Outcome) {
	s.repay(cl)
	cl.try++
	s.countOnce(&cl.edge.count.turnedAway[o], &cl.edge.uncounted.turnedAway[o])
	if cl.flags&spanned != 0 {
		s.spanTurnedAway(c, cl, 0, o)
	}
	s.endTry(c, cl, o)
}

// watchFor notes what the caller's guards want to know of an attempt that is sent.
//
//go:noinline
func (s *System) watchFor(c int32, cl *call, at *attempt) {
	at.ticket = none
	if cl.edge.guarded {
		at.ticket = s.ticket
	}
	if cl.edge.policy.Hedge != nil {
		if at.flags&furtherCopy == 0 {
			cl.copies = 0
		}
		s.awaitHedge(c, cl)
	}
}

// attemptEnded tells the caller's guards how one of its attempts has ended for it.
func (s *System) attemptEnded(a int32, at *attempt, o topology.Outcome) {
	if s.spans != nil {
		s.spanAttempt(a, at, o, false)
	}
	e, cl := at.edge, &s.calls[at.call]
	ordinal := s.ordinalOf(cl)
	now := s.now.Duration()
	if e.viewed {
		if e.views[ordinal].ended(now, at, o) {
			s.countOnce(&e.count.ejections, &e.uncounted.ejections)
		}
	}
	if !e.heard {
		return
	}
	w := &e.callers[ordinal]
	if e.bulkhead > 0 {
		w.underWay--
	}
	if w.throttle != nil {
		switch o {
		case topology.Success, topology.Error:
			w.throttle.Accepted(now)
		case topology.Cancelled:
			w.throttle.Withdrawn(now)
		}
	}
	if at.ticket >= 0 {
		r := policy.Succeeded
		if e.policy.Breaker.On.Has(o) {
			r = policy.Failed
		} else if o == topology.Cancelled {
			r = policy.Excluded
		}
		s.tellBreaker(e, ordinal, at.ticket, r)
		at.ticket = none
	}
	first := at.flags&furtherCopy == 0
	if w.budget != nil && w.budget.Watches() {
		paid := int32(0)
		if first && cl.try > 1 {
			paid = cl.paid
		}
		counts := o
		if o != topology.Success && !e.retryOn.Has(o) {
			counts = topology.Cancelled // gRPC counts the failures that its policy would retry, and no others
		}
		w.budget.Ended(now, counts, paid)
	}
	if w.recent != nil && first {
		switch o { // one that is given up would have taken longer still
		case topology.Success, topology.Timeout, topology.Cancelled:
			w.recent.Add(now, (s.now - at.sent).Duration())
		}
	}
}

// tearTickets forgets what the edge's breakers have let pass: others take their place.
func (s *System) tearTickets(e *edge) {
	for i := range s.attempts {
		if s.attempts[i].edge == e {
			s.attempts[i].ticket = none
		}
	}
}

// recount counts the attempts under way a caller instance, for a bulkhead that has
// just been put up.
func (s *System) recount(e *edge) {
	for i := range e.callers {
		e.callers[i].underWay = 0
	}
	for i := range s.attempts {
		if at := &s.attempts[i]; at.state != free && at.edge == e && at.call >= 0 {
			e.callers[s.ordinalOf(&s.calls[at.call])].underWay++
		}
	}
}
