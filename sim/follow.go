package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// Following requests. What it takes stands beside the records of attempts and calls and
// not in them, so that a run that nobody follows pays nothing for it: the few places that
// every attempt passes ask marks that are there anyway (marked, watched, cached).

// spans is what is kept of the requests that a Tracer follows.
type spans struct {
	tracer   Tracer
	attempts []attemptSpan // by attempt
	calls    []callSpan    // by call

	// Messages that followed requests published, by their luck, and the work on them by
	// its own. They stay here when they are done: no more than were published.
	parcels map[des.Key]parcel
	out     Span // the one that is told
}

// A followed is a request that is followed.
type followed struct {
	luck   des.Key
	source int32
	number int64
	last   int // ID given out
}

func (f *followed) next() int {
	f.last++
	return f.last
}

// An attemptSpan is what is known of the spans of an attempt.
type attemptSpan struct {
	of      *followed // nil: it is not followed
	id      int       // of the Attempt; 0: it works on a message
	parent  int
	stay    int // ID of the Stay or the Delivery
	try     int
	copy    int
	thread  des.Time // when one took it out of the waiting room; Never
	givenUp des.Time // Never
	since   des.Time // what it does now began: own work, or a standstill
	resting des.Time // when it gave its thread back; Never: it has not
	parcel  parcel
}

// A callSpan is what is known of the spans of a call.
type callSpan struct {
	of      *followed
	id      int
	parent  int
	cache   CacheUse
	unpaid  bool
	waits   bool
	waiting SpanKind // what it waits for
	since   des.Time // that, or a fallback's work, began
}

// A parcel is a message, or a delivery of it, as the one who published it knows it.
type parcel struct {
	*letter
	again bool // of a delivery: not the first
}

type letter struct {
	of *followed
	id int      // of the Publish or the Moved
	at des.Time // when it was published

	// What has the same luck and was published before, until the broker has taken this one:
	// what a group reads again after each of several rewinds publishes the same again.
	before *letter
}

func (s *System) findTracer() {
	for _, o := range s.observers {
		if t, ok := o.(Tracer); ok {
			s.spans = &spans{tracer: t, parcels: map[des.Key]parcel{}}
			return
		}
	}
}

// markSent notes that attempt a has been sent by call c.
//
//go:noinline
func (s *System) markSent(a, c int32, cl *call) {
	if s.spans != nil {
		s.spanSent(a, c, cl)
	}
	if cl.edge.traced {
		s.traceCall(a, cl)
	}
}

// markTaken notes that attempt a has been begun for a message, of that luck.
func (s *System) markTaken(a int32, key des.Key, trail int32) {
	if s.spans != nil {
		s.spanTaken(a, key)
	}
	if s.attempts[a].op.traced {
		s.traceAttempt(a, trail)
	}
}

// markEnd notes that attempt a has ended, answered by a thread or not.
//
//go:noinline
func (s *System) markEnd(a int32, at *attempt, o outcome) {
	if m := s.followedAttempt(a); m != nil {
		s.spanStay(a, at, m, o, false)
	}
	if at.op.traced {
		s.traceEnd(a, o == topology.Success)
	}
}

// followedAttempt is what is known of attempt a; nil: it is not followed.
func (s *System) followedAttempt(a int32) *attemptSpan {
	if s.spans == nil {
		return nil
	}
	if m := &s.spans.attempts[a]; m.of != nil {
		return m
	}
	return nil
}

// spanFor is a span to be filled in and told.
func (s *System) spanFor(of *followed, kind SpanKind, parent int, from, to des.Time) *Span {
	sp := &s.spans.out
	*sp = Span{Kind: kind, Trace: of.luck, Source: int(of.source), Request: of.number, Parent: parent, From: from, To: to,
		Edge: none, Publish: none, Queue: none, Service: none, Op: none, Instance: none, Target: none, ToQueue: none, Thread: des.Never, GivenUp: des.Never}
	return sp
}

// at puts a span where an attempt is.
func (sp *Span) at(at *attempt) {
	sp.Service, sp.Op, sp.Instance = int(at.op.service), int(at.op.ordinal), int(at.in.ordinal)
}

// by puts a span where the caller of a call is.
func (s *System) by(sp *Span, cl *call) {
	if cl.owner >= 0 {
		sp.at(&s.attempts[cl.owner])
	} else {
		sp.Instance = int(cl.client)
	}
}

// spanCall begins to follow a call, if its caller is followed or, of a request of a
// source, the Tracer wants it.
func (s *System) spanCall(c int32, cl *call) {
	p := s.spans
	for len(p.calls) <= int(c) {
		p.calls = append(p.calls, callSpan{})
	}
	m := &p.calls[c]
	*m = callSpan{}
	if cl.owner >= 0 {
		o := s.followedAttempt(cl.owner)
		if o == nil {
			return
		}
		m.of, m.parent = o.of, o.stay
	} else {
		source := cl.edge.number
		n := s.sources[source].sent - 1
		if !p.tracer.Follow(int(source), n, cl.key) {
			return
		}
		m.of = &followed{luck: cl.key, source: source, number: n}
	}
	m.id = m.of.next()
	cl.flags |= spanned
	if cl.edge.q != nil {
		s.spanOffer(cl.key, m.of, m.id)
	}
}

// spanCallEnded tells of a call, a publish that had to wait, or a request.
func (s *System) spanCallEnded(c int32, cl *call, o outcome) {
	if s.spans != nil {
		s.spanWaited(c, cl)
		s.tellCall(c, cl, o, false)
	}
}

func (s *System) tellCall(c int32, cl *call, o outcome, unfinished bool) {
	m := &s.spans.calls[c]
	if cl.edge.q != nil {
		s.tellPublish(m.of, m.id, m.parent, cl.began, cl.key, &s.attempts[cl.owner], cl.edge, cl.round, o, unfinished)
		return
	}
	kind := SpanCall
	if cl.owner < 0 {
		kind = SpanRequest
	}
	sp := s.spanFor(m.of, kind, m.parent, cl.began, s.now)
	s.by(sp, cl)
	sp.ID, sp.Edge, sp.Outcome, sp.Unfinished = m.id, int(cl.edge.number), o, unfinished
	sp.Try, sp.Round, sp.Cache, sp.Unpaid = int(cl.try), int(cl.round), m.cache, m.unpaid
	s.spans.tracer.Span(sp)
}

// spanWait notes that a followed call begins to wait before its next try.
func (s *System) spanWait(c int32, kind SpanKind) {
	if s.spans != nil {
		m := &s.spans.calls[c]
		m.waits, m.waiting, m.since = true, kind, s.now
	}
}

// spanWaited tells of what a followed call waited for before its next try, if it did.
func (s *System) spanWaited(c int32, cl *call) {
	if s.spans == nil || !s.spans.calls[c].waits {
		return
	}
	s.spans.calls[c].waits = false
	s.tellWait(c, cl, false)
}

func (s *System) tellWait(c int32, cl *call, unfinished bool) {
	m := &s.spans.calls[c]
	sp := s.spanFor(m.of, m.waiting, m.id, m.since, s.now)
	s.by(sp, cl)
	sp.ID, sp.Edge, sp.Try, sp.Unfinished = m.of.next(), int(cl.edge.number), int(cl.try), unfinished
	s.spans.tracer.Span(sp)
}

func (s *System) spanCached(c int32, cl *call, use CacheUse) {
	if s.spans != nil && cl.flags&spanned != 0 {
		s.spans.calls[c].cache = use
	}
}

func (s *System) spanUnpaid(c int32) {
	if s.spans != nil {
		s.spans.calls[c].unpaid = true
	}
}

// spanTurnedAway tells of a try, or of a further copy of it, that a guard of the caller's
// was against.
func (s *System) spanTurnedAway(c int32, cl *call, copy int32, o outcome) {
	if s.spans == nil {
		return
	}
	m := &s.spans.calls[c]
	sp := s.spanFor(m.of, SpanAttempt, m.id, s.now, s.now)
	s.by(sp, cl)
	sp.ID, sp.Edge, sp.Outcome, sp.TurnedAway = m.of.next(), int(cl.edge.number), o, true
	sp.Try, sp.Copy = int(cl.try), int(copy)
	s.spans.tracer.Span(sp)
}

// spanFallback notes that the work begins that is done instead of a call's answer.
func (s *System) spanFallback(c int32) {
	if s.spans != nil {
		s.spans.calls[c].since = s.now
	}
}

// spanFellBack tells of that work, up to now.
func (s *System) spanFellBack(c int32, cl *call) {
	if s.spans != nil && s.spans.calls[c].of != nil {
		s.tellFallback(c, cl, false)
	}
}

func (s *System) tellFallback(c int32, cl *call, unfinished bool) {
	owner := &s.attempts[cl.owner]
	if owner.flags&frozen == 0 {
		s.tellWork(owner, &s.spans.attempts[cl.owner], s.spans.calls[c].since, true, unfinished)
	}
}

// spanSent begins to follow an attempt, if the call that sends it is followed.
func (s *System) spanSent(a, c int32, cl *call) {
	m := s.newAttemptSpan(a)
	if cl.flags&spanned == 0 {
		return
	}
	k := &s.spans.calls[c]
	m.of, m.parent = k.of, k.id
	m.id, m.stay = m.of.next(), m.of.next()
	m.try = int(cl.try)
	if s.attempts[a].flags&furtherCopy != 0 {
		m.copy = int(cl.copies)
	}
}

func (s *System) newAttemptSpan(a int32) *attemptSpan {
	p := s.spans
	for len(p.attempts) <= int(a) {
		p.attempts = append(p.attempts, attemptSpan{})
	}
	m := &p.attempts[a]
	*m = attemptSpan{thread: des.Never, givenUp: des.Never, resting: des.Never}
	return m
}

// spanAttempt tells of an attempt as its caller sees it.
func (s *System) spanAttempt(a int32, at *attempt, o outcome, unfinished bool) {
	m := s.followedAttempt(a)
	if m == nil {
		return
	}
	sp := s.spanFor(m.of, SpanAttempt, m.parent, at.sent, s.now)
	s.by(sp, &s.calls[at.call])
	sp.ID, sp.Edge, sp.Outcome, sp.Unfinished = m.id, int(at.edge.number), o, unfinished
	sp.Try, sp.Copy, sp.Target = m.try, m.copy, int(at.in.ordinal)
	s.spans.tracer.Span(sp)
}

// spanTaken begins to follow the work on a message, if that was published for a request
// that is followed. key is the luck of the work.
func (s *System) spanTaken(a int32, key des.Key) {
	m := s.newAttemptSpan(a)
	if b := s.spans.parcels[key]; b.letter != nil {
		m.of, m.parent, m.parcel = b.of, b.id, b
		m.stay = m.of.next()
	}
}

// spanThread notes that a thread takes an attempt out of the waiting room.
func (s *System) spanThread(a int32) {
	if m := s.followedAttempt(a); m != nil {
		m.thread = s.now
	}
}

// spanGivenUp notes that nobody waits for attempt a any more.
func (s *System) spanGivenUp(a int32) {
	if m := s.followedAttempt(a); m != nil {
		m.givenUp = s.now
	}
}

// spanStay tells of attempt a at its instance, which it leaves.
func (s *System) spanStay(a int32, at *attempt, m *attemptSpan, o outcome, unfinished bool) {
	if m.resting != des.Never {
		s.tellRest(at, m, unfinished)
	}
	kind := SpanStay
	if at.edge.link != nil {
		kind = SpanDelivery
	}
	sp := s.spanFor(m.of, kind, m.parent, at.arrived, s.now)
	sp.at(at)
	sp.ID, sp.Edge, sp.Outcome, sp.Unfinished = m.stay, int(at.edge.number), o, unfinished
	switch at.state {
	case taken, working, calling, suspended, resuming:
		sp.Thread = at.arrived
		if m.thread != des.Never {
			sp.Thread = m.thread
		}
	}
	sp.GivenUp = s.givenUpSince(at, m)
	if l := at.edge.link; l != nil {
		sp.Queue, sp.Published, sp.Redelivered = int(l.q.number), m.parcel.at, m.parcel.again
	} else {
		sp.Parent = m.id
	}
	s.spans.tracer.Span(sp)
}

// givenUpSince is since when nobody waits for an attempt: of one that was sent for
// somebody who had been given up already, from its arrival on.
func (s *System) givenUpSince(at *attempt, m *attemptSpan) des.Time {
	if at.flags&abandoned != 0 && m.givenUp == des.Never {
		return at.arrived
	}
	return m.givenUp
}

// spanWork notes that attempt a begins a piece of own work.
func (s *System) spanWork(a int32) {
	if m := s.followedAttempt(a); m != nil {
		m.since = s.now
	}
}

// spanWorked tells of a piece of own work that has come to its end.
func (s *System) spanWorked(a int32, at *attempt) {
	if m := s.followedAttempt(a); m != nil {
		s.tellWork(at, m, m.since, false, false)
	}
}

// tellWork tells of own work from the given instant up to now.
func (s *System) tellWork(at *attempt, m *attemptSpan, from des.Time, fallback, unfinished bool) {
	if m.of == nil || from == s.now {
		return
	}
	sp := s.spanFor(m.of, SpanWork, m.stay, from, s.now)
	sp.at(at)
	sp.ID, sp.Fallback, sp.Unfinished = m.of.next(), fallback, unfinished
	if since := s.givenUpSince(at, m); since < s.now {
		sp.Wasted = s.now - max(from, since)
	}
	s.spans.tracer.Span(sp)
}

// spanCut ends what the thread of attempt a does, which is about to leave it.
func (s *System) spanCut(a int32, at *attempt) {
	m := s.followedAttempt(a)
	if m == nil {
		return
	}
	s.tellDoing(at, m, false)
	if at.flags&frozen != 0 {
		s.sinceNow(at)
	}
}

// sinceNow lets the fallbacks of an attempt, as far as they have been told, go on from now.
func (s *System) sinceNow(at *attempt) {
	for k := at.kid; at.state == calling && k >= 0; k = s.calls[k].sibling {
		if s.calls[k].state == fallingBack {
			s.spans.calls[k].since = s.now
		}
	}
}

// tellDoing tells of what a thread does up to now: own work, or standing still.
func (s *System) tellDoing(at *attempt, m *attemptSpan, unfinished bool) {
	switch {
	case at.flags&frozen != 0:
		sp := s.spanFor(m.of, SpanPaused, m.stay, m.since, s.now)
		sp.at(at)
		sp.ID, sp.Unfinished = m.of.next(), unfinished
		s.spans.tracer.Span(sp)
	case at.state == working:
		s.tellWork(at, m, m.since, false, unfinished)
	}
}

// spanFreeze notes that the thread of attempt a stops where it is.
func (s *System) spanFreeze(a int32, at *attempt) {
	m := s.followedAttempt(a)
	if m == nil {
		return
	}
	s.tellDoing(at, m, false)
	for k := at.kid; at.state == calling && k >= 0; k = s.calls[k].sibling {
		if cl := &s.calls[k]; cl.state == fallingBack {
			s.tellFallback(k, cl, false)
		}
	}
	m.since = s.now
}

// spanThaw tells how long it stood still. The flag that says so is off already.
func (s *System) spanThaw(a int32, at *attempt) {
	m := s.followedAttempt(a)
	if m == nil {
		return
	}
	at.flags |= frozen
	s.tellDoing(at, m, false)
	at.flags &^= frozen
	m.since = s.now
	s.sinceNow(at)
}

// spanSuspend notes that attempt a gives its thread back.
func (s *System) spanSuspend(a int32) {
	if m := s.followedAttempt(a); m != nil {
		m.resting = s.now
	}
}

// spanResume tells how long attempt a had no thread.
func (s *System) spanResume(a int32) {
	if m := s.followedAttempt(a); m != nil {
		s.tellRest(&s.attempts[a], m, false)
	}
}

func (s *System) tellRest(at *attempt, m *attemptSpan, unfinished bool) {
	sp := s.spanFor(m.of, SpanSuspended, m.stay, m.resting, s.now)
	sp.at(at)
	sp.ID, sp.Unfinished = m.of.next(), unfinished
	m.resting = des.Never
	s.spans.tracer.Span(sp)
}

// spanPublish notes that attempt a publishes a message of that luck.
func (s *System) spanPublish(a int32, key des.Key) {
	if m := s.followedAttempt(a); m != nil {
		s.spanOffer(key, m.of, m.of.next())
	}
}

func (s *System) spanOffer(key des.Key, of *followed, id int) {
	s.spans.parcels[key] = parcel{letter: &letter{of, id, s.now, s.spans.parcels[key].letter}}
}

// spanOffered tells of that, and of the broker's word.
func (s *System) spanOffered(a int32, key des.Key, e *edge, round int32, o outcome) {
	if m := s.followedAttempt(a); m != nil {
		l := s.spans.parcels[key]
		s.tellPublish(m.of, l.id, m.stay, s.now, key, &s.attempts[a], e, round, o, false)
	}
}

// spanPlace notes that a message of that luck, whose publisher has waited, gets a place.
func (s *System) spanPlace(key des.Key) {
	if s.spans == nil {
		return
	}
	if l := s.spans.parcels[key]; l.letter != nil {
		l.at = s.now
	}
}

func (s *System) tellPublish(of *followed, id, parent int, from des.Time, key des.Key, at *attempt, e *edge, round int32, o outcome, unfinished bool) {
	sp := s.spanFor(of, SpanPublish, parent, from, s.now)
	sp.at(at)
	sp.ID, sp.Publish, sp.Queue, sp.Round = id, int(e.number), int(e.q.number), int(round)
	sp.Outcome, sp.Unfinished = o, unfinished
	switch l := s.spans.parcels[key].letter; {
	case unfinished:
	case o == topology.Success:
		l.before = nil
	case l.before != nil:
		s.spans.parcels[key] = parcel{letter: l.before}
	default:
		delete(s.spans.parcels, key)
	}
	s.spans.tracer.Span(sp)
}

// spanHandOut lets the work on a message, of luck work, be known by whose it is.
func (s *System) spanHandOut(message, work des.Key, again bool) {
	if l := s.spans.parcels[message]; l.letter != nil {
		s.spans.parcels[work] = parcel{l.letter, again}
	}
}

// spanMove tells that a message goes to another queue, where it has another luck.
func (s *System) spanMove(key, then des.Key, from, to *queue) {
	l := s.spans.parcels[key]
	if l.letter == nil {
		return
	}
	sp := s.spanFor(l.of, SpanMoved, l.id, s.now, s.now)
	sp.ID, sp.Queue, sp.ToQueue = l.of.next(), int(from.number), int(to.number)
	s.spans.parcels[then] = parcel{letter: &letter{of: l.of, id: sp.ID, at: s.now}}
	s.spans.tracer.Span(sp)
}

// spanDrop tells that a message is given up, by a group if it is a stream's.
func (s *System) spanDrop(key des.Key, q *queue, group int32) {
	l := s.spans.parcels[key]
	if l.letter == nil {
		return
	}
	sp := s.spanFor(l.of, SpanDropped, l.id, s.now, s.now)
	sp.ID, sp.Queue, sp.Service = l.of.next(), int(q.number), int(group)
	s.spans.tracer.Span(sp)
}

// spanOpen tells of all that is under way as the run ends, and ends the following.
func (s *System) spanOpen() {
	p := s.spans
	if p == nil {
		return
	}
	for c := range p.calls {
		cl := &s.calls[c]
		switch {
		case p.calls[c].of == nil || cl.state == callFree:
		case cl.state == fallingBack:
			s.tellFallback(int32(c), cl, true)
		case cl.flags&spanned != 0:
			if p.calls[c].waits {
				s.tellWait(int32(c), cl, true)
			}
			s.tellCall(int32(c), cl, topology.Success, true)
		}
	}
	for a := range p.attempts {
		at, m := &s.attempts[a], &p.attempts[a]
		if m.of == nil || at.state == free {
			continue
		}
		if at.call >= 0 {
			s.spanAttempt(int32(a), at, topology.Success, true)
		}
		switch at.state {
		case waiting, taken, working, calling, suspended, resuming:
			s.tellDoing(at, m, true)
			s.spanStay(int32(a), at, m, topology.Success, true)
		}
	}
	s.spans = nil
}
