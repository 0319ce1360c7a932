package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// A call is one call step of an attempt, or one request of a source: one or more tries,
// one after the other, and the waits between them. A try is one attempt, and further
// copies of it where there is a hedge (hedge.go).
//
//	 ┌── cache: it has the answer, or coalesced until another call has it ──▶ ended
//	 │                                                                          ▲
//	due ── guards ── send ──▶ underWay ── success ──────────────────────────────┤
//	 ▲     │    ╲                │ failure, time-out                            │
//	 │     │     turned away ────┤                                              │
//	 │   paced: waits for        ├── no more tries: fallback work ──────────────┤
//	 │   the rate limit          │                                              │
//	 └── backingOff ◀────────────┘                                              │
//	        └── its deadline passed, the budget does not pay ───────────────────┘
type call struct {
	key     des.Key // its luck
	seq     uint64  // of the event that ends its backoff or its fallback work
	began   des.Time
	edge    *edge
	owner   int32 // the attempt that calls; none for a request of a source
	attempt int32 // under way; none: none is
	sibling int32 // next branch of a parallel step; next in the free list
	client  int32 // client process, of a source
	user    int32 // of a closed source
	round   int32 // of the step's `times`
	try     int32 // tries sent
	flags   uint16
	state   uint8
	last    topology.Outcome // of the last try

	// The second cache line, which few calls touch.
	deadline     alarm    // set if flags has timed
	until        des.Time // fallback: when it ends; paused: what is left of it
	hedge        uint64   // sequence number of the event that sends the next copy
	copies       int32    // further copies of the try, sent or turned away
	paid         int32    // to the budget for the try, if that is not the first
	thing        int32    // that it asks the cache for
	follower     int32    // the first call that waits for this one's answer; of one that waits, the next
	lastFollower int32    // of one that waits for a place in a queue: the one before it
	trail        int32    // of a request of a source that is traced
}

// What a call is at.
const (
	callFree    uint8 = iota
	due               // about to send in this instant
	underWay          // an attempt is under way
	backingOff        // waits for its next try
	fallingBack       // the thread works instead of its answer
	paced             // waits for the rate limit
	coalesced         // waits for the answer to another call
	blocked           // waits for a place in a queue
	answered          // the broker has given its word, and the publisher stands still
	branchEnded       // a parallel branch that has ended
)

// Flags of a call.
const (
	callCounted   uint16 = 1 << iota // began after the warm-up
	booked                           // the owner's thread time goes to this call
	passedThrough                    // its latency has been counted for the source too
	overdue                          // its deadline ran out while its caller was paused
	timed                            // it has a deadline
	hedging                          // it may have several copies under way: cl.attempt begins a list
	hedgeNow                         // its next copy goes out at the end of this instant
	missed                           // it asks for what the cache does not have
	leads                            // others that ask for the same may wait for it
	passed                           // the guards have let its next try pass
	copying                          // it sends a further copy of its try
	yields                           // its owner, which does not block, gives its thread back when it has to wait
	spanned                          // a Tracer follows it
)

// ending are the flags of a call that leaves something to do at its end.
const ending = timed | hedging | hedgeNow | missed | leads | spanned

// waits says whether the call is waiting for its answer.
func (cl *call) waits() bool {
	switch cl.state {
	case underWay, backingOff, paced, coalesced, blocked, answered:
		return true
	}
	return false
}

func (s *System) newCall(owner int32, e *edge) (int32, *call) {
	c := s.freeCall
	if c >= 0 {
		s.freeCall = s.calls[c].sibling
	} else {
		if len(s.calls) >= s.most {
			// The run ends with what is being done now, and that is done in full.
			s.stop("more than %d calls under way: bound a waiting room, set time-outs, or lower the rate", s.most)
		}
		s.calls = append(s.calls, call{})
		c = int32(len(s.calls) - 1)
	}
	cl := &s.calls[c]
	cl.owner, cl.edge = owner, e
	cl.attempt, cl.sibling = none, none
	cl.round, cl.state, cl.flags = 0, due, 0
	return c, cl
}

func (s *System) dropCall(c int32, cl *call) {
	cl.state, cl.seq = callFree, 0
	cl.sibling = s.freeCall
	s.freeCall = c
}

// launch begins a call of a parallel step, or one more of the step's `times`.
func (s *System) launch(c int32) {
	cl := &s.calls[c]
	at := &s.attempts[cl.owner]
	e := cl.edge
	cl.key = at.key.With(e.salt + uint64(cl.round))
	if at.op.blocking && at.state == calling && cl.flags&booked == 0 && s.firstOpen(at) == c {
		cl.flags |= booked
		e.waiting.enter(s.now)
	}
	s.beginCall(c, cl)
}

// beginCall starts a call whose key and owner are set.
func (s *System) beginCall(c int32, cl *call) {
	e := cl.edge
	cl.began, cl.try, cl.state = s.now, 0, due
	cl.flags = cl.flags&^(overdue|ending) | callCounted
	e.count.calls++
	if !s.warm {
		cl.flags &^= callCounted
		e.uncounted.calls++
	}
	if e.deadline >= 0 {
		cl.flags |= timed
		s.setAlarm(e.deadline, c, &cl.deadline)
	}
	if e.cached && s.elsewhere(c, cl) {
		return
	}
	s.send(c, cl)
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
		return &cl.edge.backoff
	case fallingBack:
		at := &s.attempts[cl.owner]
		if at.flags&abandoned != 0 {
			return &at.op.wasted
		}
		return &at.op.useful
	default:
		return &cl.edge.waiting
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

// send sends the call's next try, if the guards let it pass, or a further copy of its
// present one, which has passed them.
func (s *System) send(c int32, cl *call) {
	e := cl.edge
	if cl.state == backingOff {
		s.setState(cl, underWay)
	} else {
		cl.state = underWay // due and underWay are booked alike
	}
	if e.guarded {
		if cl.flags&passed == 0 && !s.admit(c, cl) {
			return
		}
		cl.flags &^= passed
	}
	if cl.flags&yields != 0 {
		s.yield(cl)
	}
	in, key, flags := e.sole, cl.key, e.marks
	if cl.flags&copying != 0 {
		in, key = s.another(cl)
		flags |= furtherCopy
	} else {
		if e.budgeted && cl.try == 0 {
			s.deposit(cl)
		}
		if in == nil {
			in = s.pick(cl, cl.keyOf(cl.try+1), nil)
		}
		if in.idle <= 0 && in.queued == in.room && e.direct && in.up && !e.op.tracked && in.lows == 0 && !e.watched && s.pauses == 0 {
			s.bounce(c, cl, in)
			return
		}
		cl.try++
		e.count.attempts++
		if cl.try > 1 {
			key = cl.keyOf(cl.try)
			e.count.retries++
		}
		if !s.warm {
			e.uncounted.attempts++
			if cl.try > 1 {
				e.uncounted.retries++
			}
		}
	}
	a := s.newAttempt()
	at := &s.attempts[a]
	at.peer = cl.attempt // none, unless there are copies under way
	cl.attempt = a
	at.key = key
	at.sent = s.now
	at.call, at.edge, at.op, at.in = c, e, e.op, in
	at.state = inTransit
	if s.warm {
		flags |= counted
	}
	if cl.owner >= 0 {
		flags |= s.attempts[cl.owner].flags & e.inherits
	}
	at.flags = flags
	if e.timeout >= 0 {
		s.setAlarm(e.timeout, a, &at.timeout)
	}
	if e.watched {
		s.watchFor(c, cl, at)
	}
	if e.marked {
		s.markSent(a, c, cl)
	}
	if e.direct {
		s.deliver(a, at)
		return
	}
	s.post(a, at)
}

//go:noinline
func (s *System) deposit(cl *call) { s.callerOf(cl).budget.Deposit(s.now.Duration()) }

// keyOf is the luck of the call's try of that number.
func (cl *call) keyOf(try int32) des.Key {
	if try == 1 {
		return cl.key
	}
	return cl.key.With(saltTry + uint64(try)<<16)
}

// copyKey is the luck of a further copy of the call's try of that number; copy 0 is
// the try itself.
func (cl *call) copyKey(try, copy int32) des.Key {
	if copy == 0 {
		return cl.keyOf(try)
	}
	return cl.keyOf(try).With(saltHedge + uint64(copy)<<16)
}

// bounce is what sending comes to where the answer is there at once, the waiting room
// being full: the attempt is counted, and needs no record. Where the call would try
// again at once, there is nothing else to do before, and only that instance to try,
// all of its tries end so.
func (s *System) bounce(c int32, cl *call, in *instance) {
	e, op := cl.edge, cl.edge.op
	tries := int32(1)
	if e.eager && e.sole != nil && s.next < 0 && s.readyHead == len(s.ready) {
		tries = max(e.tries-cl.try, 1) // a deploy may have left fewer than it has sent already
	}
	n := uint64(tries)
	again := n
	if cl.try == 0 {
		again--
	}
	cl.try += tries
	e.count.attempts += n
	e.count.retries += again
	e.count.outcomes[topology.Rejected] += n
	op.count.arrived += n
	op.count.answers[topology.Rejected] += n
	if !in.alone {
		in.count.arrived += n
		in.count.answers[topology.Rejected] += n
	}
	if !s.warm {
		e.uncounted.attempts += n
		e.uncounted.retries += again
		e.uncounted.outcomes[topology.Rejected] += n
		op.uncounted.arrived += n
		op.uncounted.answers[topology.Rejected] += n
		if !in.alone {
			in.uncounted.arrived += n
			in.uncounted.answers[topology.Rejected] += n
		}
	}
	op.other.addZeros(n, s.warm)
	e.failed.addZeros(n, s.warm)
	s.endTry(c, cl, topology.Rejected)
}

// post puts an attempt's request on its way.
func (s *System) post(a int32, at *attempt) {
	e := at.edge
	var delay des.Time
	if !e.near {
		delay = e.network.draw(at.key.With(saltNetworkOut))
	}
	if e.faults != nil {
		var arrives bool
		if delay, arrives = s.onTheWay(e, at, delay); !arrives {
			return
		}
	}
	if delay == 0 {
		s.deliver(a, at)
		return
	}
	s.schedule(later(s.now, delay), evDeliver, a)
}

// receive brings an attempt's answer to its caller, who may have given it up.
func (s *System) receive(a int32, at *attempt, o topology.Outcome) {
	c := at.call
	if c < 0 {
		if at.flags&late != 0 {
			s.countLate(at)
		}
		s.dropAttempt(a, at)
		return
	}
	if at.timeout.seq != 0 {
		s.clearAlarm(&at.timeout)
	}
	if in := s.pausedCaller(c); in != nil {
		at.flags |= heard
		in.deferred = append(in.deferred, deferral{do: deferAnswer, ref: a, out: o})
		return
	}
	s.countAttempt(a, at, o)
	cl := &s.calls[c]
	s.unlink(cl, a)
	s.dropAttempt(a, at)
	switch {
	case o == topology.Success:
		s.endCall(c, cl, o)
	case cl.attempt < 0:
		s.endTry(c, cl, o)
	} // else another copy may still succeed
}

// succeed is what answer and receive come to for a success that its caller has at
// once: the attempt's latency has been counted, and nobody is paused.
func (s *System) succeed(a int32, at *attempt) {
	if at.timeout.seq != 0 {
		s.clearAlarm(&at.timeout)
	}
	c, e := at.call, at.edge
	e.count.outcomes[topology.Success]++
	if at.flags&counted == 0 {
		e.uncounted.outcomes[topology.Success]++
	}
	if e.watched {
		s.attemptEnded(a, at, topology.Success)
	}
	cl := &s.calls[c]
	if cl.attempt == a {
		cl.attempt = at.peer
	} else {
		s.unlink(cl, a)
	}
	s.dropAttempt(a, at)
	s.endCall(c, cl, topology.Success)
}

// callerOf is what the instance or client process that makes the call keeps for its
// edge.
func (s *System) callerOf(cl *call) *caller {
	if cl.owner >= 0 {
		return &cl.edge.callers[s.attempts[cl.owner].in.ordinal]
	}
	return &cl.edge.callers[cl.client]
}

// pausedCaller is the instance that makes call c, if it is paused; else nil.
func (s *System) pausedCaller(c int32) *instance {
	if s.pauses == 0 {
		return nil
	}
	if owner := s.calls[c].owner; owner >= 0 {
		if in := s.attempts[owner].in; in.still {
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
	cl := &s.calls[c]
	if in := s.pausedCaller(c); in != nil {
		if at.edge.propagates { // the callee has a clock of its own
			s.giveUp(a, topology.Timeout, becauseLate)
			in.deferred = append(in.deferred, deferral{do: deferTry, ref: c, key: cl.key})
			return
		}
		in.deferred = append(in.deferred, deferral{do: deferTimeout, ref: a, key: at.key})
		return
	}
	s.giveUp(a, topology.Timeout, becauseLate)
	s.tryOver(c, cl)
}

// tryOver goes on with a call of which an attempt has timed out, unless another copy
// is under way.
func (s *System) tryOver(c int32, cl *call) {
	if cl.attempt < 0 {
		s.endTry(c, cl, topology.Timeout)
	}
}

// deadlinePassed runs when call c's deadline is due.
func (s *System) deadlinePassed(c int32) {
	cl := &s.calls[c]
	if in := s.pausedCaller(c); in != nil {
		if cl.edge.propagates { // the callees have clocks of their own
			for a := cl.attempt; a >= 0; {
				next := s.attempts[a].peer
				if s.attempts[a].flags&heard == 0 {
					s.giveUp(a, topology.Timeout, becauseLate)
				}
				a = next
			}
		}
		cl.flags |= overdue
		in.deferred = append(in.deferred, deferral{do: deferDeadline, ref: c, key: cl.key})
		return
	}
	s.giveUpAll(cl, topology.Timeout, becauseLate)
	switch cl.state {
	case paced:
		s.unreserve(c, cl)
	case coalesced:
		s.unfollow(c, cl)
	case blocked:
		s.waitedInVain(c, cl)
	}
	cl.seq = 0
	s.endCall(c, cl, topology.Timeout)
}

// giveUpAll gives up whatever the call has under way.
func (s *System) giveUpAll(cl *call, o topology.Outcome, why reason) {
	for cl.attempt >= 0 {
		s.giveUp(cl.attempt, o, why)
	}
}

// giveUp parts attempt a from its call, which counts it as o. What the attempt does
// from here on is done for nobody, if it goes on.
func (s *System) giveUp(a int32, o topology.Outcome, why reason) {
	at := &s.attempts[a]
	limit := des.Never
	if at.edge.propagates {
		limit = s.limitOf(at, a)
	}
	s.clearAlarm(&at.timeout)
	s.countAttempt(a, at, o)
	s.unlink(&s.calls[at.call], a)
	at.call = none
	if o == topology.Timeout {
		at.flags |= late
	}
	s.abandon(a)
	s.parted(a, at, why, limit)
}

// abandon marks a and all that is under way on its behalf: work from here on is
// wasted.
func (s *System) abandon(a int32) {
	at := &s.attempts[a]
	if at.flags&abandoned != 0 {
		return
	}
	op := at.op
	if op.marked {
		s.spanGivenUp(a)
	}
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
		for b := cl.attempt; b >= 0; b = s.attempts[b].peer {
			s.abandon(b)
		}
	}
}

// yield lets the call's owner give its thread back, if it does not block: the call is not
// over in the instant in which it began, and is waited for. What a cache answers, or a
// guard turns away, at once is not.
//
//go:noinline
func (s *System) yield(cl *call) {
	if cl.flags&yields != 0 {
		cl.flags &^= yields
		s.suspend(cl.owner, &s.attempts[cl.owner])
	}
}

// endTry decides, after an attempt has failed with o, between another try and the
// end of the call.
func (s *System) endTry(c int32, cl *call, o topology.Outcome) {
	e := cl.edge
	cl.last = o
	cl.hedge = 0
	if cl.try >= e.tries || !e.retryOn.Has(o) || cl.flags&overdue != 0 {
		s.endCall(c, cl, o)
		return
	}
	if e.policy.Retry.Backoff > 0 {
		u := 0.0
		if e.policy.Retry.Jitter != topology.NoJitter {
			d := cl.key.With(saltBackoff + uint64(cl.try)<<16).Draw()
			u = d.Uniform()
		}
		if wait := des.Time(policy.Backoff(&e.policy.Retry, int(cl.try), u)); wait > 0 {
			s.yield(cl)
			s.setState(cl, backingOff)
			if cl.flags&spanned != 0 {
				s.spanWait(c, SpanBackoff)
			}
			cl.seq = s.schedule(later(s.now, wait), evBackoff, c)
			return
		}
	}
	s.soon(doTry, c)
}

func (s *System) backoffDone(c int32) {
	cl := &s.calls[c]
	if in := s.pausedCaller(c); in != nil {
		in.deferred = append(in.deferred, deferral{do: deferBackoff, ref: c, seq: cl.seq})
		return
	}
	cl.seq = 0
	if cl.flags&spanned != 0 {
		s.spanWaited(c, cl)
	}
	if cl.state == paced {
		s.pacedDone(c, cl)
		return
	}
	s.retry(c, cl)
}

// retry sends the next try, if the budget pays for it.
func (s *System) retry(c int32, cl *call) {
	if cl.flags&overdue != 0 {
		s.endCall(c, cl, topology.Timeout)
		return
	}
	cl.paid = 0
	if cl.edge.budgeted {
		paid, ok := s.callerOf(cl).budget.Withdraw(s.now.Duration(), cl.last)
		if !ok {
			s.countOnce(&cl.edge.count.unpaid, &cl.edge.uncounted.unpaid)
			if cl.flags&spanned != 0 {
				s.spanUnpaid(c)
			}
			s.endCall(c, cl, cl.last)
			return
		}
		cl.paid = paid
	}
	s.send(c, cl)
}

// endCall ends a call, and with it, where nothing is left to do, the step.
func (s *System) endCall(c int32, cl *call, o topology.Outcome) {
	e := cl.edge
	if cl.flags&ending != 0 {
		s.wrapUp(c, cl, o)
	}
	s.countCall(cl, o)
	if cl.owner < 0 {
		s.endRequest(c, cl, o)
		return
	}
	if o != topology.Success && e.falls {
		at := &s.attempts[cl.owner]
		d := s.ownWork(at.op, at, &e.fallback, saltFallback+e.salt+uint64(cl.round))
		if !at.op.blocking { // done when a thread has been taken anew
			if at.flags&owing == 0 {
				at.flags |= owing
				at.debt = 0 // an attempt that failed may have left some in the record
			}
			at.debt = min(at.debt, longest) + min(d, longest)
		} else if d > 0 {
			s.setState(cl, fallingBack)
			s.spanFallback(c)
			cl.until = later(s.now, d)
			cl.seq = s.schedule(cl.until, evFallback, c)
			return
		}
		o = topology.Success
	}
	s.endRound(c, cl, o)
}

// wrapUp does what is left to do at the end of some calls.
func (s *System) wrapUp(c int32, cl *call, o topology.Outcome) {
	if cl.flags&timed != 0 {
		s.clearAlarm(&cl.deadline)
	}
	if cl.flags&hedging != 0 {
		cl.hedge = 0
		s.giveUpAll(cl, topology.Cancelled, becauseOver)
	}
	if cl.flags&missed != 0 && o == topology.Success {
		s.fillCache(cl)
	}
	if cl.flags&leads != 0 {
		s.land(cl, o)
	}
	if cl.flags&spanned != 0 {
		s.spanCallEnded(c, cl, o)
	}
	cl.flags &^= ending
}

func (s *System) fallbackDone(c int32) {
	cl := &s.calls[c]
	s.spanFellBack(c, cl)
	cl.seq = 0
	s.endRound(c, cl, topology.Success)
}

// endRound ends one of the step's `times`.
func (s *System) endRound(c int32, cl *call, o topology.Outcome) {
	e := cl.edge
	failed := o != topology.Success && !e.optional
	if !failed && cl.round+1 < e.times {
		cl.round++
		s.setState(cl, due)
		s.soon(doLaunch, c)
		return
	}
	owner := cl.owner
	at := &s.attempts[owner]
	if failed {
		at.flags |= callFailed
	}
	if cl.flags&booked != 0 {
		s.cause(cl).leave(s.now)
	}
	if at.pending == 0 {
		s.dropCall(c, cl)
		s.goOn(owner, at)
		return
	}
	s.endBranch(owner, at, cl)
}

// endBranch ends one branch of a parallel step.
func (s *System) endBranch(owner int32, at *attempt, cl *call) {
	wasBooked := cl.flags&booked != 0
	cl.flags &^= booked
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
		branch := &s.calls[k]
		next := branch.sibling
		s.dropCall(k, branch)
		k = next
	}
	s.goOn(owner, at)
}
