package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// A call is one call step of an attempt, or one request of a source: one or more
// attempts, one after the other, and the waits between them.
//
//	due ── send ──▶ underWay ── success ──────────────────────────▶ ended
//	 ▲                 │ failure, time-out                            ▲
//	 │                 ├── no more tries: fallback work ──────────────┤
//	 └── backingOff ◀──┘                                              │
//	        └── its deadline passed, no token left ───────────────────┘
type call struct {
	key      des.Key // its luck
	seq      uint64  // of the event that ends its backoff or its fallback work
	began    des.Time
	owner    int32 // the attempt that calls; none for a request of a source
	edge     int32
	attempt  int32 // under way; none: none is
	sibling  int32 // next branch of a parallel step; next in the free list
	caller   int32 // ordinal of the calling instance or client process
	user     int32 // of a closed source
	round    int32 // of the step's `times`
	try      int32 // tries sent
	state    uint8
	flags    uint8
	last     topology.Outcome // of the last try
	deadline alarm
	until    des.Time // fallback: when it ends; paused: what is left of it
}

// What a call is at.
const (
	callFree    uint8 = iota
	due               // about to send in this instant
	underWay          // an attempt is under way
	backingOff        // waits for its next try
	fallingBack       // the thread works instead of its answer
	branchEnded       // a parallel branch that has ended
)

// Flags of a call.
const (
	callCounted uint8 = 1 << iota // began after the warm-up
	booked                        // the owner's thread time goes to this call
	callFrozen                    // its fallback work stands still
)

func (s *System) newCall(owner, e int32) int32 {
	c := s.freeCall
	if c >= 0 {
		s.freeCall = s.calls[c].sibling
	} else {
		if len(s.calls) >= MaxInFlight {
			s.stop("more than %d calls under way: bound a waiting room, set time-outs, or lower the rate", MaxInFlight)
			return int32(len(s.calls) - 1)
		}
		s.calls = append(s.calls, call{})
		c = int32(len(s.calls) - 1)
	}
	cl := &s.calls[c]
	cl.owner, cl.edge = owner, e
	cl.attempt, cl.sibling, cl.user = none, none, none
	cl.round, cl.state, cl.flags = 0, due, 0
	cl.seq, cl.deadline.seq = 0, 0
	if owner >= 0 {
		cl.caller = s.instances[s.attempts[owner].inst].ordinal
	}
	return c
}

func (s *System) dropCall(c int32) {
	cl := &s.calls[c]
	cl.state, cl.seq = callFree, 0
	cl.sibling = s.freeCall
	s.freeCall = c
}

// launch begins a call of an attempt's step.
func (s *System) launch(c int32) {
	cl := &s.calls[c]
	at := &s.attempts[cl.owner]
	e := &s.edges[cl.edge]
	cl.key = at.key.With(e.salt + uint64(cl.round))
	if at.state == calling && cl.flags&booked == 0 && s.firstOpen(at) == c {
		cl.flags |= booked
		e.waiting.enter(s.now)
	}
	s.beginCall(c)
}

// beginCall starts a call whose key and owner are set.
func (s *System) beginCall(c int32) {
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	cl.began, cl.try, cl.state = s.now, 0, due
	cl.flags &^= callCounted
	e.count.calls++
	if s.warm {
		cl.flags |= callCounted
	} else {
		e.uncounted.calls++
	}
	if e.budgeted {
		e.callers[cl.caller].budget.Deposit()
	}
	if e.deadline >= 0 {
		s.setAlarm(e.deadline, c)
	}
	s.send(c)
}

// firstOpen is the first of an attempt's calls that has not ended: the one its
// thread waits for.
func (s *System) firstOpen(at *attempt) int32 {
	for c := at.kid; c >= 0; c = s.calls[c].sibling {
		if s.calls[c].state != branchEnded {
			return c
		}
	}
	return none
}

// cause is where the owner's thread time goes while call c has it.
func (s *System) cause(cl *call) *integral {
	switch cl.state {
	case backingOff:
		return &s.edges[cl.edge].backoff
	case fallingBack:
		at := &s.attempts[cl.owner]
		if at.flags&abandoned != 0 {
			return &s.ops[at.op].wasted
		}
		return &s.ops[at.op].useful
	default:
		return &s.edges[cl.edge].waiting
	}
}

func (s *System) setState(cl *call, state uint8) {
	if cl.flags&booked != 0 {
		s.cause(cl).leave(s.now)
		cl.state = state
		s.cause(cl).enter(s.now)
		return
	}
	cl.state = state
}

// send sends the call's next try.
func (s *System) send(c int32) {
	a := s.newAttempt()
	if s.err != nil {
		return
	}
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	cl.try++
	cl.attempt = a
	if cl.state != due {
		s.setState(cl, underWay)
	} else {
		cl.state = underWay // due and underWay are booked alike
	}
	at := &s.attempts[a]
	at.key = cl.key
	if cl.try > 1 {
		at.key = cl.key.With(saltTry + uint64(cl.try)<<16)
	}
	at.seq, at.timeout.seq = 0, 0
	at.sent = s.now
	at.call, at.edge, at.op = c, cl.edge, e.op
	at.kid = none
	at.flags = 0
	at.inst = s.pick(e, cl.caller, at.key)
	e.count.attempts++
	if cl.try > 1 {
		e.count.retries++
	}
	if s.warm {
		at.flags = counted
	} else {
		e.uncounted.attempts++
		if cl.try > 1 {
			e.uncounted.retries++
		}
	}
	if cl.owner >= 0 {
		at.flags |= s.attempts[cl.owner].flags & abandoned
	} else {
		s.countSourceAttempt(e, cl)
	}
	at.state = inTransit
	if e.timeout >= 0 {
		s.setAlarm(e.timeout, a)
	}
	var delay des.Time
	if !e.network.zero() {
		delay = e.network.draw(at.key.With(saltNetworkOut))
	}
	if e.faults != nil {
		var arrives bool
		if delay, arrives = s.onTheWay(e, at, delay); !arrives {
			return
		}
	}
	if delay == 0 {
		s.deliver(a)
		return
	}
	s.schedule(later(s.now, delay), evDeliver, a)
}

// receive brings an attempt's answer to its caller, who may have given it up.
func (s *System) receive(a int32, o topology.Outcome) {
	at := &s.attempts[a]
	if at.call < 0 {
		if at.flags&late != 0 {
			s.countLate(at)
		}
		s.dropAttempt(a)
		return
	}
	c := at.call
	s.clearAlarm(&at.timeout)
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferAnswer, ref: a, out: o})
		return
	}
	s.countAttempt(at, o)
	s.dropAttempt(a)
	s.calls[c].attempt = none
	if o == topology.Success {
		s.endCall(c, o)
		return
	}
	s.endTry(c, o)
}

// pausedCaller is the instance that makes call c, if it is paused; else nil.
func (s *System) pausedCaller(c int32) *instance {
	if s.pauses == 0 {
		return nil
	}
	if owner := s.calls[c].owner; owner >= 0 {
		if in := &s.instances[s.attempts[owner].inst]; in.paused > 0 {
			return in
		}
	}
	return nil
}

// timedOut runs when attempt a's time-out is due: its caller goes on, the attempt
// does not know.
func (s *System) timedOut(a int32) {
	at := &s.attempts[a]
	c := at.call
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferTimeout, ref: a})
		return
	}
	s.giveUp(a, topology.Timeout)
	s.endTry(c, topology.Timeout)
}

// deadlinePassed runs when call c's deadline is due.
func (s *System) deadlinePassed(c int32) {
	cl := &s.calls[c]
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferDeadline, ref: c})
		return
	}
	if cl.attempt >= 0 {
		s.giveUp(cl.attempt, topology.Timeout)
	}
	cl.seq = 0
	s.endCall(c, topology.Timeout)
}

// giveUp parts attempt a from its call, which counts it as o. What the attempt does
// from here on is done for nobody.
func (s *System) giveUp(a int32, o topology.Outcome) {
	at := &s.attempts[a]
	s.clearAlarm(&at.timeout)
	s.countAttempt(at, o)
	s.calls[at.call].attempt = none
	at.call = none
	if o == topology.Timeout {
		at.flags |= late
	}
	s.abandon(a)
	if at.state == lost {
		s.dropAttempt(a)
	}
}

// abandon marks a and all that is under way on its behalf: work from here on is
// wasted.
func (s *System) abandon(a int32) {
	at := &s.attempts[a]
	if at.flags&abandoned != 0 {
		return
	}
	op := &s.ops[at.op]
	if at.state == working && at.flags&frozen == 0 {
		op.useful.leave(s.now)
		op.wasted.enter(s.now)
	}
	at.flags |= abandoned
	if at.state != calling && at.state != suspended {
		return
	}
	for c := at.kid; c >= 0; c = s.calls[c].sibling {
		cl := &s.calls[c]
		if cl.state == fallingBack && cl.flags&booked != 0 && at.flags&frozen == 0 {
			op.useful.leave(s.now)
			op.wasted.enter(s.now)
		}
		if cl.attempt >= 0 {
			s.abandon(cl.attempt)
		}
	}
}

// endTry decides, after an attempt has failed with o, between another try and the
// end of the call.
func (s *System) endTry(c int32, o topology.Outcome) {
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	cl.last = o
	if cl.try >= e.tries || !e.retryOn.Has(o) {
		s.endCall(c, o)
		return
	}
	if e.policy.Retry.Backoff > 0 {
		u := 0.0
		if e.policy.Retry.Jitter != topology.NoJitter {
			d := cl.key.With(saltBackoff + uint64(cl.try)<<16).Draw()
			u = d.Uniform()
		}
		if wait := des.Time(policy.Backoff(&e.policy.Retry, int(cl.try), u)); wait > 0 {
			s.setState(cl, backingOff)
			cl.seq = s.schedule(later(s.now, wait), evBackoff, c)
			return
		}
	}
	s.soon(doTry, c)
}

func (s *System) backoffDone(c int32) {
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferBackoff, ref: c, seq: s.calls[c].seq})
		return
	}
	s.calls[c].seq = 0
	s.retry(c)
}

// retry sends the next try, if the budget pays for it.
func (s *System) retry(c int32) {
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	if e.budgeted && !e.callers[cl.caller].budget.Withdraw() {
		s.endCall(c, cl.last)
		return
	}
	s.send(c)
}

// endCall ends a call, and with it, where nothing is left to do, the step.
func (s *System) endCall(c int32, o topology.Outcome) {
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	if cl.deadline.seq != 0 {
		s.clearAlarm(&cl.deadline)
	}
	s.countCall(e, cl, o)
	if cl.owner < 0 {
		s.endRequest(c, o)
		return
	}
	if o != topology.Success && e.falls {
		at := &s.attempts[cl.owner]
		op := &s.ops[at.op]
		d := s.ownWork(op, at, &e.fallback, saltFallback+e.salt+uint64(cl.round))
		if at.state == suspended {
			at.debt = min(at.debt, longest) + min(d, longest) // done when a thread has been taken anew
		} else if d > 0 {
			s.setState(cl, fallingBack)
			cl.until = later(s.now, d)
			cl.seq = s.schedule(cl.until, evFallback, c)
			return
		}
		o = topology.Success
	}
	s.endRound(c, o)
}

func (s *System) fallbackDone(c int32) {
	s.calls[c].seq = 0
	s.endRound(c, topology.Success)
}

// endRound ends one of the step's `times`.
func (s *System) endRound(c int32, o topology.Outcome) {
	cl := &s.calls[c]
	e := &s.edges[cl.edge]
	failed := o != topology.Success && !e.optional
	if !failed && cl.round+1 < e.times {
		cl.round++
		s.setState(cl, due)
		s.soon(doLaunch, c)
		return
	}
	s.endStep(c, failed)
}

// endStep ends a call step, or one branch of a parallel one.
func (s *System) endStep(c int32, failed bool) {
	cl := &s.calls[c]
	owner := cl.owner
	at := &s.attempts[owner]
	if failed {
		at.flags |= callFailed
	}
	wasBooked := cl.flags&booked != 0
	if wasBooked {
		s.cause(cl).leave(s.now)
		cl.flags &^= booked
	}
	if at.pending == 0 {
		s.dropCall(c)
		s.goOn(owner)
		return
	}
	cl.state = branchEnded
	if at.pending--; at.pending > 0 {
		if wasBooked {
			// The thread waits for the next branch that is still under way.
			next := &s.calls[s.firstOpen(at)]
			next.flags |= booked
			s.cause(next).enter(s.now)
		}
		return
	}
	for k := at.kid; k >= 0; {
		next := s.calls[k].sibling
		s.dropCall(k)
		k = next
	}
	s.goOn(owner)
}
