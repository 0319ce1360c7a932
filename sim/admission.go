package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// What an instance does to keep its load in bounds, from an attempt's arrival on:
//
//	 arrives ─▶ up? ─▶ rate limit ─▶ adaptive limit ─▶ bulkhead ─▶ thread, or waiting room
//	             │         │              │                │          │            │
//	          refused  rate_limited    limited       bulkhead_full    │     full: low gives way to high
//	                                                                  ▼            ▼ thread reaches it
//	                                               work, stretched by contention ◀─┴─▶ given up, or waited too long
//
// Operations of a service that has any of this, or may get it by a fault, are tracked:
// what arrives takes the longer way through deliver, and is counted in hand.

// guards are an instance's, as they are in force. Those of one that crashes, or is
// new, are new.
type guards struct {
	limiter    *policy.Limiter
	limit      *policy.AdaptiveLimit
	contention *topology.Contention
	deadline   bool     // a thread throws away what its caller has given up
	codel      bool     // a thread turns away what has waited too long
	inHand     int32    // attempts admitted that have not ended
	lows       int32    // of low priority, in the waiting room
	lastEmpty  des.Time // when the waiting room was empty last, while it is not

	rateLimit *topology.RateLimit     // limiter's settings
	adaptive  *topology.AdaptiveLimit // limit's
}

// A setting is what a service's instance is to be like, faults taken into account.
type setting struct {
	threads, room int
	order         topology.Order
	rateLimit     *topology.RateLimit
	adaptive      *topology.AdaptiveLimit
	contention    *topology.Contention
	deadline      bool
}

func settingOf(v *topology.Service) setting {
	return setting{v.Threads, v.Queue, v.Order, v.RateLimit, v.AdaptiveLimit, &v.Contention, v.Deadline}
}

// put lays a Set fault over it.
func (g *setting) put(set *Settings) {
	put(&g.threads, set.Threads)
	put(&g.room, set.Queue)
	put(&g.order, set.Order)
	put(&g.deadline, set.Abandon)
	if set.RateLimit != nil {
		g.rateLimit = set.RateLimit
	}
	if set.AdaptiveLimit != nil {
		g.adaptive = set.AdaptiveLimit
	}
	if set.Contention != nil {
		g.contention = set.Contention
	}
}

// guarded says whether a service's instances have guards that have to see every
// arrival, or may get them.
func (s *System) guarded(v *service) bool {
	if p := v.spec; p.RateLimit != nil || p.AdaptiveLimit != nil || p.Deadline || p.Contention.Kind != topology.NoContention {
		return true
	}
	return s.maySet(v, func(set *Settings) bool {
		return set.RateLimit != nil || set.AdaptiveLimit != nil || set.Abandon != nil || set.Contention != nil
	})
}

// tuneInstance puts settings into force on an instance. A limiter keeps its tokens, an
// adaptive limit what it has found.
func (s *System) tuneInstance(in *instance, g *setting) {
	in.room, in.lifo, in.codel = int32(g.room), g.order == topology.LIFO, g.order == topology.CoDel
	in.deadline, in.choosy = g.deadline, g.deadline || in.codel
	in.planned = poolSize(g.threads)
	in.contention, in.crowded = g.contention, g.contention.Kind != topology.NoContention
	if in.rateLimit != g.rateLimit {
		old := in.limiter
		in.rateLimit, in.limiter = g.rateLimit, nil
		in.pace, in.token = 0, false // whoever waits for a message's turn asks anew
		if g.rateLimit != nil {
			if old == nil {
				old = policy.NewLimiter(g.rateLimit)
			} else {
				old.Retune(s.now.Duration(), g.rateLimit)
			}
			in.limiter = old
		}
	}
	if in.adaptive != g.adaptive {
		old := in.limit
		in.adaptive, in.limit = g.adaptive, nil
		if g.adaptive != nil {
			if old == nil {
				old = policy.NewAdaptiveLimit(g.adaptive)
			} else {
				old.Retune(g.adaptive)
			}
			in.limit = old
		}
	}
}

// renew gives an instance that is new, or was down, new guards, its own and those of
// its calls.
func (s *System) renew(in *instance) {
	in.pace, in.token = 0, false
	if in.rateLimit != nil {
		in.limiter = policy.NewLimiter(in.rateLimit)
	}
	if in.adaptive != nil {
		in.limit = policy.NewAdaptiveLimit(in.adaptive)
	}
	v := in.service
	for k := range v.ops {
		for _, e := range s.ops[v.firstOp+k].edges {
			if b := e.callers[in.ordinal].breaker; b != nil {
				s.breakerMoved(e, in.ordinal, b.State(), topology.StateClosed)
			}
			e.callers[in.ordinal] = caller{}
			s.equip(e, in.ordinal, &e.policy)
			if e.views != nil {
				e.views[in.ordinal].renew(e.to)
			}
		}
	}
}

// verdict is what the instance says to an attempt that arrives, before it looks for a
// thread or a place; Success: come in.
func (s *System) verdict(in *instance, op *operation) outcome {
	switch {
	case !in.up:
		return topology.Refused
	case !op.tracked:
		return topology.Success
	case in.limiter != nil && !in.limiter.Allow(s.now.Duration()):
		return topology.RateLimited
	case in.limit != nil && int(in.inHand) >= in.limit.Limit():
		return topology.Limited
	case op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead:
		return topology.BulkheadFull
	}
	return topology.Success
}

// takeIn counts an attempt that has got a thread or a place.
func (in *instance) takeIn(at *attempt) {
	if at.op.tracked {
		in.inHand++
		at.timeout.load = in.inHand
		at.flags |= admitted
	}
}

// left notes that an admitted attempt has ended. dropped: without a thread's answer.
func (s *System) left(at *attempt, dropped bool) {
	in := at.in
	if in.limit != nil {
		in.limit.Sample(s.now.Duration(), (s.now - at.arrived).Duration(), int(at.timeout.load), dropped)
	}
	in.inHand--
	at.flags &^= admitted
}

// displace gives an attempt of high priority that finds the waiting room full the
// place of the one of low priority that came last.
func (s *System) displace(in *instance, a int32, at *attempt) {
	b := in.tail
	for s.attempts[b].flags&low == 0 {
		b = s.attempts[b].prev
	}
	s.unqueue(in, b)
	in.takeIn(at)
	s.enqueue(in, a, at)
	s.turnAway(b, &s.attempts[b], topology.Rejected)
}

// stale ends an attempt that a thread reaches in the waiting room too late, and says
// so.
func (s *System) stale(in *instance, a int32, at *attempt) bool {
	switch {
	case in.deadline && at.call < 0:
		s.discard(a, at)
	case in.codel && s.now > at.until:
		s.throwOut(a, at, topology.Rejected)
	default:
		return false
	}
	return true
}

// throwOut answers an attempt of the waiting room without a thread. The answer sets out
// after what is being done now: a thread may be free because an attempt is just being
// given up, and the call that gives it up may have this one under way too.
func (s *System) throwOut(a int32, at *attempt, o topology.Outcome) {
	s.countOther(a, at, o)
	if !at.edge.near {
		s.answer(a, at, o)
		return
	}
	at.state, at.outcome = answering, o
	s.ready = append(s.ready, followUp{do: doReceive, out: o, ref: a})
}

// discard throws an attempt away that nobody waits for: no answer sets out.
func (s *System) discard(a int32, at *attempt) {
	s.countOther(a, at, topology.Cancelled)
	at.flags &^= late
	s.dropAttempt(a, at)
}

// contend stretches a piece of own work of the instance that starts now by what is in
// its threads or suspended. Those in the waiting room have not begun to be in each
// other's way.
func (in *instance) contend(d des.Time) des.Time {
	threads := topology.Unlimited
	if in.bounded {
		threads = int(max(in.size, in.size-in.idle)) // while the pool shrinks, those still at work
	}
	return stretch(d, policy.Stretch(in.contention, int(in.inHand-in.queued), threads))
}
