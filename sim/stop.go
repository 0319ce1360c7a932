package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// What becomes of an attempt that its caller has given up. As a rule it goes on, and
// nobody waits for it. A service with `cancel` is told, and stops it at once, with all
// that it has asked of others. Over an edge with `propagate` the caller's time limit
// is sent along, and the callee stops when it is reached: then nobody has to be told.

// A reason is why a caller has given up an attempt.
type reason uint8

const (
	becauseLate    reason = iota // its time limit was reached
	becauseOver                  // it was stopped itself, or another copy has answered
	becauseStopped               // its own time limit, sent along to it, was reached
	becauseCrashed               // it went down: nobody is told
)

// parted decides what becomes of attempt a, which has just been given up.
func (s *System) parted(a int32, at *attempt, why reason, limit des.Time) {
	e := at.edge
	expired := e.propagates && (why == becauseLate || why == becauseStopped)
	switch {
	case at.state == lost: // it will never get there
		s.dropLost(a, at)
	case expired:
		s.stopAttempt(a, at, true)
	case e.to.cancel && why != becauseCrashed:
		if limit != des.Never {
			s.keepLimit(a, at, limit) // those that it has asked know it
		}
		s.stopAttempt(a, at, false)
	case limit != des.Never: // it knows its limit, and has nobody any more who would tell it
		s.keepLimit(a, at, limit)
		at.timeout.seq = s.schedule(max(limit, s.now), evExpire, a)
	}
}

// keepLimit lets attempt a, which has no caller any more, know its time limit for as long
// as it lasts.
func (s *System) keepLimit(a int32, at *attempt, limit des.Time) {
	at.flags |= orphan
	at.timeout.timer = none
	if s.orphans == nil {
		s.orphans = map[int32]des.Time{}
	}
	s.orphans[a] = limit
}

// limitOf is the time limit that attempt a was sent along with, its own caller's or
// one further up; des.Never: none.
func (s *System) limitOf(at *attempt, a int32) des.Time {
	if at.flags&orphan != 0 {
		return s.orphans[a]
	}
	if at.call < 0 || !at.edge.propagates {
		return des.Never
	}
	limit := des.Never
	if at.timeout.seq != 0 {
		limit = later(at.sent, s.timers[at.timeout.timer].span)
	}
	cl := &s.calls[at.call]
	if cl.flags&timed != 0 {
		limit = min(limit, later(cl.began, s.timers[cl.deadline.timer].span))
	}
	if cl.owner >= 0 {
		limit = min(limit, s.limitOf(&s.attempts[cl.owner], cl.owner))
	}
	return limit
}

// forget drops what was kept of an orphan.
func (s *System) forget(a int32, at *attempt) {
	delete(s.orphans, a)
	at.timeout.seq = 0
	at.flags &^= orphan
}

// expire ends an attempt at the time limit that was sent along with it.
func (s *System) expire(a int32) {
	at := &s.attempts[a]
	s.forget(a, at)
	s.stopAttempt(a, at, true)
}

// stopAttempt ends an attempt that nobody waits for any more, as far as its instance
// has it; expired: at a time limit. One that is on its way there is turned away as it
// arrives; an answer that is on its way back comes too late.
func (s *System) stopAttempt(a int32, at *attempt, expired bool) {
	in := at.in
	switch at.state {
	case inTransit, heldBack:
		at.flags |= stopped
		return
	case taken: // it goes on in this instant, and ends there
		at.flags |= stopped
		return
	case waiting, working, calling, suspended, resuming:
	default:
		return
	}
	if in.still { // who stands still hears nothing
		in.deferred = append(in.deferred, deferral{do: deferStop, ref: a, key: at.key, expired: expired})
		if expired {
			s.expireBelow(at)
		}
		return
	}
	why := becauseOver
	if expired {
		why = becauseStopped
	}
	s.leaveThread(a)
	holds := true
	switch at.state {
	case waiting:
		s.unqueue(in, a)
		holds = false
	case resuming:
		s.unresume(in, a)
		fallthrough
	case suspended:
		at.op.suspended.leave(s.now)
		holds = false
	}
	started := at.state != waiting
	s.cancelCalls(a, why)
	at = &s.attempts[a] // a thread that this has freed may have taken up a message
	s.countOther(a, at, topology.Cancelled)
	if started && at.op.tracked {
		in.inOp[at.op.ordinal]--
	}
	at.flags &^= late // there will be no answer
	s.dropAttempt(a, at)
	if holds {
		s.release(in)
	} else {
		s.spare(in) // there may be room for a message
	}
}

// expireBelow stops what an attempt of a paused instance has asked of others and sent its
// time limit along with: they have clocks of their own.
func (s *System) expireBelow(at *attempt) {
	if at.state != calling && at.state != suspended {
		return
	}
	for c := at.kid; c >= 0; c = s.calls[c].sibling {
		cl := &s.calls[c]
		if cl.edge.propagates {
			s.giveUpAll(cl, topology.Cancelled, becauseStopped)
		}
	}
}

// unresume takes an attempt out of those that wait to go on.
func (s *System) unresume(in *instance, a int32) {
	before := int32(none)
	for b := in.resumeHead; b != a; b = s.attempts[b].next {
		before = b
	}
	next := s.attempts[a].next
	if before < 0 {
		in.resumeHead = next
	} else {
		s.attempts[before].next = next
	}
	if in.resumeTail == a {
		in.resumeTail = before
	}
}

// endStopped ends an attempt that was stopped while it was about to go on.
func (s *System) endStopped(a int32, at *attempt) {
	at.flags &^= stopped | late
	s.countOther(a, at, topology.Cancelled)
	if at.op.tracked {
		at.in.inOp[at.op.ordinal]--
	}
	in := at.in
	s.dropAttempt(a, at)
	s.release(in)
}
