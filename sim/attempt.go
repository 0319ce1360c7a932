package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// An attempt is one copy of a request, sent to one instance:
//
//	inTransit ── deliver ──▶ waiting ── begin ──▶ working ◀─▶ calling ── finish ──▶ answering ──▶ gone
//	     │                      │                                                       │
//	     └─▶ lost, held back    └─▶ turned away (admission.go) ──────────────────────────┘
//
// Its caller may give it up at any point. It goes on all the same, with nobody to
// answer to: abandoned.
type attempt struct {
	key     des.Key // its luck
	seq     uint64  // of the event that ends its own work
	arrived des.Time
	sent    des.Time
	op      *operation
	in      *instance
	edge    *edge
	call    int32 // the call it belongs to; none once the caller has given it up
	kid     int32 // first of the calls it has under way
	next    int32 // in the waiting room, or in the free list
	prev    int32
	step    uint16 // the operation's step that comes next
	flags   uint16
	state   uint8
	outcome topology.Outcome
	pending uint16 // parallel branches not ended

	timeout alarm
	until   des.Time // working: when that ends; held back: when it would arrive; paused: what is left of its work
	debt    des.Time // fallback work that is still to be done, of an operation that gave its thread back
	ticket  int32    // of the breaker that let it pass; none
	peer    int32    // the next of its call's copies that are under way
}

// What an attempt is at.
const (
	free      uint8 = iota
	inTransit       // its request is on the way
	lost            // its request vanished
	heldBack        // its request is kept on the way by a partition
	waiting         // in the waiting room
	taken           // has a thread, about to go on in this instant
	working         // a thread works on it
	calling         // holds a thread that waits for its calls
	suspended       // holds no thread while it waits for its calls
	resuming        // its calls have ended; waits for a thread to go on
	answering       // its answer is on the way
)

// Flags of an attempt.
const (
	abandoned   uint16 = 1 << iota // its caller, or one above it, has given up
	counted                        // sent after the warm-up
	countedHere                    // arrived after the warm-up
	callFailed                     // a call that it needed has failed
	late                           // its caller gave it up at a time-out, so that its answer will be late
	frozen                         // its thread stands still: the instance is paused
	atLatency                      // an injected latency comes next
	atError                        // an injected error, and the protocol's overhead
	owing                          // it has fallback work to do
	shared                         // its latency has been counted for the edge too
	stopped                        // nobody wants it any more, and its callee knows
	orphan                         // nobody wants it, and it keeps the time limit that was sent along with it
	furtherCopy                    // a hedge
	low                            // of low priority
	admitted                       // it is one of its instance's inHand
	heard                          // its answer has come, and waits for the end of its caller's pause
)

func (s *System) newAttempt() int32 {
	if a := s.freeAttempt; a >= 0 {
		s.freeAttempt = s.attempts[a].next
		return a
	}
	return s.growAttempts()
}

//go:noinline
func (s *System) growAttempts() int32 {
	if len(s.attempts) >= s.most {
		// The run ends with what is being done now, and that is done in full.
		s.stop("more than %d attempts in flight: bound a waiting room, set time-outs, or lower the rate", s.most)
	}
	s.attempts = append(s.attempts, attempt{ticket: none})
	return int32(len(s.attempts) - 1)
}

func (s *System) dropAttempt(a int32, at *attempt) {
	if at.flags&orphan != 0 {
		s.forget(a, at)
	}
	at.state = free
	at.seq = 0
	at.next = s.freeAttempt
	s.freeAttempt = a
}

// dropLost drops an attempt that will never get there.
func (s *System) dropLost(a int32, at *attempt) {
	if at.edge.traced {
		s.traceEnd(a, false)
	}
	s.dropAttempt(a, at)
}

// deliver brings an attempt to its instance.
func (s *System) deliver(a int32, at *attempt) {
	op, in := at.op, at.in
	at.arrived = s.now
	op.count.arrived++
	if !in.alone {
		in.count.arrived++
	}
	if s.warm {
		at.flags |= countedHere
	} else {
		op.uncounted.arrived++
		if !in.alone {
			in.uncounted.arrived++
		}
	}
	if in.idle > 0 && in.open && !op.tracked && at.flags&stopped == 0 {
		in.idle--
		in.held.enter(s.now)
		at.state = taken
		op.waitingTime.addZeros(1, at.flags&countedHere != 0)
		s.begin(a, at)
		return
	}
	s.seat(a, at)
}

// seat finds a thread or a place for an attempt that has arrived, or turns it away.
//
//go:noinline
func (s *System) seat(a int32, at *attempt) {
	op, in := at.op, at.in
	if at.flags&stopped != 0 {
		at.flags &^= late
		s.turnAway(a, at, topology.Cancelled)
		return
	}
	o := s.verdict(in, op)
	switch {
	case o != topology.Success:
		s.turnAway(a, at, o)
	case in.idle > 0 && in.open && in.deadline && at.call < 0:
		s.discard(a, at)
	case in.idle > 0 && in.open:
		in.takeIn(at)
		s.takeThread(in)
		at.state = taken
		in.inOp[op.ordinal]++
		op.waitingTime.addZeros(1, at.flags&countedHere != 0)
		s.begin(a, at)
	case in.room == topology.Unlimited || in.queued < in.room:
		in.takeIn(at)
		s.enqueue(in, a, at)
	case in.lows > 0 && at.flags&low == 0:
		s.displace(in, a, at)
	default:
		s.turnAway(a, at, topology.Rejected)
	}
}

// turnAway answers an attempt without a thread.
func (s *System) turnAway(a int32, at *attempt, o topology.Outcome) {
	s.countOther(a, at, o)
	s.answer(a, at, o)
}

// begin runs when a thread takes an attempt up, which came from the waiting room or
// straight from its caller.
func (s *System) begin(a int32, at *attempt) {
	at.step, at.pending, at.kid = 0, 0, none
	if at.op.faults != nil || !at.edge.bare {
		at.flags |= atLatency
		at.debt = 0
	}
	s.advance(a, at)
}

// Before its next step an attempt may have something else to do. In this order: an
// injected latency, an injected error, the protocol's overhead; to fail, because of
// a call that it needed; fallback work that it owes.
const beforeStep = atLatency | atError | callFailed | owing | stopped

// prepare does what an attempt has to do before its next step, and says whether that
// takes time or has ended it.
func (s *System) prepare(a int32, at *attempt) bool {
	op := at.op
	if at.flags&stopped != 0 {
		s.endStopped(a, at)
		return true
	}
	if at.flags&atLatency != 0 {
		at.flags ^= atLatency | atError
		if op.faults != nil {
			if d := s.faultLatency(op, at); d > 0 {
				s.work(a, at, d)
				return true
			}
		}
	}
	if at.flags&atError != 0 {
		at.flags &^= atError
		if op.faults != nil && s.fails(op.faults.errors, at, saltFaultError) {
			s.finish(a, at, topology.Error)
			return true
		}
		if at.edge.link != nil {
			if s.poisons(at) {
				s.finish(a, at, topology.Error)
				return true
			}
		} else if !at.edge.bare {
			if d := s.ownWork(op, at, &at.edge.overhead, saltOverhead); d > 0 {
				s.work(a, at, d)
				return true
			}
		}
	}
	if at.flags&callFailed != 0 {
		s.finish(a, at, topology.Error)
		return true
	}
	if at.flags&owing != 0 {
		at.flags &^= owing
		d := at.debt
		at.debt = 0
		s.work(a, at, d)
		return true
	}
	return false
}

// advance takes an attempt that has a thread through its steps, up to the next that
// takes time.
func (s *System) advance(a int32, at *attempt) {
	if at.flags&beforeStep != 0 && s.prepare(a, at) {
		return
	}
	op := at.op
	for int(at.step) < len(op.steps) {
		st := &op.steps[at.step]
		at.step++
		switch st.kind {
		case topology.Work:
			if d := s.ownWork(op, at, &st.work, st.salt); d > 0 {
				s.work(a, at, d)
				return
			}
		case topology.Call:
			e := st.edge
			if e.chance < 1 {
				d := at.key.With(e.salt).With(saltChance).Draw()
				if d.Uniform() >= e.chance {
					continue
				}
			}
			c, cl := s.newCall(a, e)
			at.kid, at.state = c, calling
			if op.blocking {
				cl.flags = booked
				e.waiting.enter(s.now)
			} else {
				cl.flags = yields
			}
			cl.key = at.key.With(e.salt)
			s.beginCall(c, cl)
			return
		case topology.Parallel:
			if s.fanOut(a, st) {
				return
			}
		case topology.Message:
			if !s.publish(a, at, st.edge) {
				return
			}
			at = &s.attempts[a] // it may have moved
		}
	}
	if op.faults != nil && s.fails(op.faults.errorsAfter, at, saltFaultErrorAfter) {
		s.finish(a, at, topology.Error)
		return
	}
	s.finish(a, at, topology.Success)
}

// fanOut begins the calls of a parallel step and says whether there were any.
func (s *System) fanOut(a int32, st *opStep) bool {
	at := &s.attempts[a]
	first, last, n := int32(none), int32(none), 0
	for _, e := range st.branches {
		if e.chance < 1 {
			d := at.key.With(e.salt).With(saltChance).Draw()
			if d.Uniform() >= e.chance {
				continue
			}
		}
		c, _ := s.newCall(a, e)
		if last >= 0 {
			s.calls[last].sibling = c
		} else {
			first = c
		}
		last = c
		n++
	}
	if n == 0 {
		return false
	}
	at.kid, at.pending = first, uint16(n)
	if at.op.blocking {
		at.state = calling
	} else {
		s.suspend(a, at)
	}
	for c := first; c >= 0; c = s.calls[c].sibling {
		s.soon(doLaunch, c)
	}
	return true
}

// ownWork draws a piece of own work, stretched by the faults that slow it and by
// contention.
func (s *System) ownWork(op *operation, at *attempt, w *sampler, salt uint64) des.Time {
	d := w.fixed
	if w.kind != topology.ConstantDist {
		d = w.draw(at.key.With(salt))
	}
	if op.faults != nil {
		d = s.slowed(op, at, d)
	}
	if in := at.in; in.crowded {
		d = in.contend(d)
	}
	return d
}

// work keeps the attempt's thread at own work for d.
func (s *System) work(a int32, at *attempt, d des.Time) {
	at.state = working
	if at.flags&abandoned == 0 {
		at.op.useful.enter(s.now)
	} else {
		at.op.wasted.enter(s.now)
	}
	at.until = later(s.now, d)
	at.seq = s.schedule(at.until, evWork, a)
	if at.op.marked {
		s.spanWork(a)
	}
}

func (s *System) workDone(a int32, at *attempt) {
	at.seq = 0
	at.state = taken
	if at.flags&abandoned == 0 {
		at.op.useful.leave(s.now)
	} else {
		at.op.wasted.leave(s.now)
	}
	if at.op.marked {
		s.spanWorked(a, at)
	}
	s.advance(a, at)
}

// suspend takes the thread from an attempt of an operation that does not block: it
// is about to wait for calls.
func (s *System) suspend(a int32, at *attempt) {
	if at.op.marked {
		s.spanSuspend(a)
	}
	at.state = suspended
	at.op.suspended.enter(s.now)
	s.release(at.in)
}

// goOn is called when the calls that an attempt waited for have ended.
func (s *System) goOn(a int32, at *attempt) {
	at.kid = none
	if at.state == calling {
		at.state = taken
		s.resume(a)
		return
	}
	in := at.in
	if in.idle > 0 && in.open && in.resumeHead < 0 {
		s.resumeOn(in, a)
		return
	}
	at.state = resuming
	at.next = none
	if in.resumeTail >= 0 {
		s.attempts[in.resumeTail].next = a
	} else {
		in.resumeHead = a
	}
	in.resumeTail = a
}

// resumeOn gives a suspended attempt a thread again.
func (s *System) resumeOn(in *instance, a int32) {
	at := &s.attempts[a]
	at.op.suspended.leave(s.now)
	if at.op.marked {
		s.spanResume(a)
	}
	s.takeThread(in)
	at.state = taken
	s.resume(a)
}

// finish ends an attempt that has a thread. The thread takes the next that waits,
// and the answer sets out.
func (s *System) finish(a int32, at *attempt, o topology.Outcome) {
	s.countAnswer(at, o)
	if at.op.tracked {
		at.in.inOp[at.op.ordinal]--
	}
	if at.op.marked {
		s.markEnd(a, at, o)
	}
	if at.edge.fed {
		s.processed(a, at, o)
		return
	}
	s.release(at.in)
	at = &s.attempts[a] // its thread may have taken up a message
	if at.flags&shared != 0 {
		s.succeed(a, at)
		return
	}
	s.answer(a, at, o)
}

// answer sends an attempt's outcome back to its caller.
func (s *System) answer(a int32, at *attempt, o topology.Outcome) {
	at.state, at.outcome = answering, o
	if at.call < 0 && at.flags&late == 0 {
		s.dropAttempt(a, at) // nobody is there to hear it
		return
	}
	e := at.edge
	if e.near {
		s.receive(a, at, o)
		return
	}
	d := e.network.draw(at.key.With(saltNetworkBack))
	s.schedule(later(s.now, d), evAnswer, a)
}
