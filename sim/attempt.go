package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// An attempt is one copy of a request, sent to one instance:
//
//	inTransit ── deliver ──▶ waiting ── begin ──▶ working ◀─▶ calling ── finish ──▶ answering ──▶ gone
//	     │                      │                                                       │
//	     └─▶ lost, held back    └─▶ turned away (rejected, refused, bulkhead_full) ──────┘
//
// Its caller may give it up at any point. It goes on all the same, with nobody to
// answer to: abandoned.
type attempt struct {
	key     des.Key // its luck
	seq     uint64  // of the event that ends its own work
	arrived des.Time
	sent    des.Time
	call    int32 // the call it belongs to; none once the caller has given it up
	op      int32
	inst    int32
	edge    int32
	kid     int32 // first of the calls it has under way
	next    int32 // in the waiting room, or in the free list
	prev    int32
	step    uint16 // the operation's step that comes next
	state   uint8
	flags   uint8

	timeout alarm
	since   des.Time // work: when it ends; held back: when it would arrive; paused: what is left of its work
	debt    des.Time // fallback work that is still to be done, of an operation that gave its thread back
	outcome topology.Outcome
	phase   uint8
	pending uint16 // parallel branches not ended
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
	abandoned   uint8 = 1 << iota // its caller, or one above it, has given up
	counted                       // sent after the warm-up
	countedHere                   // arrived after the warm-up
	callFailed                    // a call that it needed has failed
	late                          // its caller gave it up at a time-out, so that its answer will be late
	frozen                        // its thread stands still: the instance is paused
)

// Phases of an attempt that a thread has taken up. An injected latency comes before
// both.
const (
	atError uint8 = iota // an injected error comes next
	atSteps              // then the protocol's overhead and the steps
)

func (s *System) newAttempt() int32 {
	if a := s.freeAttempt; a >= 0 {
		s.freeAttempt = s.attempts[a].next
		return a
	}
	if len(s.attempts) >= MaxInFlight {
		s.stop("more than %d attempts in flight: bound a waiting room, set time-outs, or lower the rate", MaxInFlight)
		return int32(len(s.attempts) - 1)
	}
	s.attempts = append(s.attempts, attempt{})
	return int32(len(s.attempts) - 1)
}

func (s *System) dropAttempt(a int32) {
	at := &s.attempts[a]
	at.state = free
	at.seq = 0
	at.next = s.freeAttempt
	s.freeAttempt = a
}

// deliver brings an attempt to its instance.
func (s *System) deliver(a int32) {
	at := &s.attempts[a]
	op, in := &s.ops[at.op], &s.instances[at.inst]
	at.arrived = s.now
	if s.warm {
		at.flags |= countedHere
	}
	s.countArrival(op, in, at)
	switch {
	case !in.up:
		s.turnAway(a, topology.Refused)
	case op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead:
		s.turnAway(a, topology.BulkheadFull)
	case in.idle > 0 && in.paused == 0:
		s.takeThread(in)
		at.state = taken
		if op.tracked {
			in.inOp[op.ordinal]++
		}
		op.waitingTime.add(0, at.flags&countedHere != 0)
		s.begin(a)
	case in.room == topology.Unlimited || in.queued < in.room:
		s.enqueue(in, a)
	default:
		s.turnAway(a, topology.Rejected)
	}
}

// turnAway answers an attempt without a thread.
func (s *System) turnAway(a int32, o topology.Outcome) {
	at := &s.attempts[a]
	s.countOther(at, o)
	s.answer(a, o)
}

// begin runs when a thread takes an attempt up, which came from the waiting room or
// straight from its caller.
func (s *System) begin(a int32) {
	at := &s.attempts[a]
	at.step, at.kid, at.pending = 0, none, 0
	at.debt = 0
	at.flags &^= callFailed
	at.phase = atSteps
	op := &s.ops[at.op]
	if op.faults != nil {
		at.phase = atError
		if d := s.faultLatency(op, at); d > 0 {
			s.work(a, d)
			return
		}
	}
	s.advance(a)
}

// advance takes an attempt through its steps, up to the next that takes time.
func (s *System) advance(a int32) {
	at := &s.attempts[a]
	op := &s.ops[at.op]
	if at.phase == atError {
		at.phase = atSteps
		if s.faultError(op, at) {
			s.finish(a, topology.Error)
			return
		}
	}
	if at.flags&callFailed != 0 {
		s.finish(a, topology.Error)
		return
	}
	if at.debt > 0 {
		d := at.debt
		at.debt = 0
		s.work(a, d)
		return
	}
	if at.step == 0 {
		if over := &s.edges[at.edge].overhead; !over.zero() {
			at.step = 1
			if d := s.ownWork(op, at, over, saltOverhead); d > 0 {
				s.work(a, d)
				return
			}
		} else {
			at.step = 1
		}
	}
	for int(at.step) <= len(op.steps) {
		st := &op.steps[at.step-1]
		at.step++
		switch st.kind {
		case topology.Work:
			if d := s.ownWork(op, at, &st.work, st.salt); d > 0 {
				s.work(a, d)
				return
			}
		case topology.Call:
			e := &s.edges[st.edge]
			if e.chance < 1 {
				d := at.key.With(e.salt).With(saltChance).Draw()
				if d.Uniform() >= e.chance {
					continue
				}
			}
			s.wait(a)
			c := s.newCall(a, st.edge)
			s.attempts[a].kid = c
			s.launch(c)
			return
		case topology.Parallel:
			if s.fanOut(a, st) {
				return
			}
		}
	}
	if op.faults != nil && s.faultErrorAfter(op, at) {
		s.finish(a, topology.Error)
		return
	}
	s.finish(a, topology.Success)
}

// fanOut begins the calls of a parallel step and says whether there were any.
func (s *System) fanOut(a int32, st *opStep) bool {
	at := &s.attempts[a]
	first, last, n := int32(none), int32(none), 0
	for _, ei := range st.branches {
		e := &s.edges[ei]
		if e.chance < 1 {
			d := at.key.With(e.salt).With(saltChance).Draw()
			if d.Uniform() >= e.chance {
				continue
			}
		}
		c := s.newCall(a, ei)
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
	s.wait(a)
	for c := first; c >= 0; c = s.calls[c].sibling {
		s.soon(doLaunch, c)
	}
	return true
}

// ownWork draws a piece of own work, stretched by the faults that slow it.
func (s *System) ownWork(op *operation, at *attempt, w *sampler, salt uint64) des.Time {
	var d des.Time
	if w.kind == topology.ConstantDist {
		d = w.fixed
	} else {
		d = w.draw(at.key.With(salt))
	}
	if op.faults != nil {
		d = s.slowed(op, at, d)
	}
	return d
}

// work keeps the attempt's thread at own work for d.
func (s *System) work(a int32, d des.Time) {
	at := &s.attempts[a]
	op := &s.ops[at.op]
	at.state = working
	if at.flags&abandoned == 0 {
		op.useful.enter(s.now)
	} else {
		op.wasted.enter(s.now)
	}
	at.since = later(s.now, d)
	at.seq = s.schedule(at.since, evWork, a)
}

func (s *System) workDone(a int32) {
	at := &s.attempts[a]
	op := &s.ops[at.op]
	at.seq = 0
	at.state = taken
	if at.flags&abandoned == 0 {
		op.useful.leave(s.now)
	} else {
		op.wasted.leave(s.now)
	}
	s.advance(a)
}

// wait is called when an attempt is about to wait for calls. A blocking operation
// holds its thread meanwhile, the others give it back.
func (s *System) wait(a int32) {
	at := &s.attempts[a]
	op := &s.ops[at.op]
	if op.blocking {
		at.state = calling
		return
	}
	at.state = suspended
	op.suspended.enter(s.now)
	s.release(&s.instances[at.inst])
}

// goOn is called when the calls that an attempt waited for have ended.
func (s *System) goOn(a int32) {
	at := &s.attempts[a]
	at.kid = none
	if at.state == calling {
		at.state = taken
		s.resume(a)
		return
	}
	in := &s.instances[at.inst]
	if in.idle > 0 && in.paused == 0 && in.resumeHead < 0 {
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
	s.ops[at.op].suspended.leave(s.now)
	s.takeThread(in)
	at.state = taken
	s.resume(a)
}

// finish ends an attempt that has a thread. The thread takes the next that waits,
// and the answer sets out.
func (s *System) finish(a int32, o topology.Outcome) {
	at := &s.attempts[a]
	op, in := &s.ops[at.op], &s.instances[at.inst]
	s.countAnswer(op, in, at, o)
	if op.tracked {
		in.inOp[op.ordinal]--
	}
	s.release(in)
	s.answer(a, o)
}

// answer sends an attempt's outcome back to its caller.
func (s *System) answer(a int32, o topology.Outcome) {
	at := &s.attempts[a]
	at.state, at.outcome = answering, o
	if at.call < 0 && at.flags&late == 0 {
		s.dropAttempt(a) // nobody is there to hear it
		return
	}
	e := &s.edges[at.edge]
	if e.network.zero() {
		s.receive(a, o)
		return
	}
	d := e.network.draw(at.key.With(saltNetworkBack))
	s.schedule(later(s.now, d), evAnswer, a)
}
