package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// A publish step hands a message to a broker, which says at once whether it has taken
// it, unless the queue is full and lets the publisher wait. Then the step becomes a
// call that waits for a place, its thread held like that of any other call.

// publish does a publish step of attempt a and says whether the attempt goes on at once.
//
//go:noinline
func (s *System) publish(a int32, at *attempt, e *edge) bool {
	if e.chance < 1 {
		d := at.key.With(e.salt).With(saltChance).Draw()
		if d.Uniform() >= e.chance {
			return true
		}
	}
	straight := e.times == 1 && e.q.passes()
	if s.spans != nil && straight {
		s.spanPublish(a, at.key.With(e.salt))
	}
	if straight && s.pass(e.q, at.key.With(e.salt), s.trailOf[a]) {
		if s.spans != nil {
			s.spanOffered(a, at.key.With(e.salt), e, 0, topology.Success)
		}
		e.count.calls++
		e.count.callOutcomes[topology.Success]++
		if !s.warm {
			e.uncounted.calls++
			e.uncounted.callOutcomes[topology.Success]++
		}
		return true
	}
	for round := int32(0); round < e.times; round++ {
		if e.q.blocks() {
			s.publishSlowly(a, at, e, round)
			return false
		}
		s.countOnce(&e.count.calls, &e.uncounted.calls)
		key := at.key.With(e.salt + uint64(round))
		if s.spans != nil && !straight {
			s.spanPublish(a, key)
		}
		o := s.offer(e.q, key, e, s.trailOf[a])
		if s.spans != nil {
			s.spanOffered(a, key, e, round, o)
		}
		if !e.q.stream() {
			s.pump(e.q)
		}
		s.countOnce(&e.count.callOutcomes[o], &e.uncounted.callOutcomes[o])
		at = &s.attempts[a] // a consumer's attempt may have moved the records
		if o != topology.Success && !e.optional {
			s.finish(a, at, topology.Error)
			return false
		}
	}
	return true
}

// passes says whether a message may go straight to an idle consumer, if there is one:
// nothing waits, for a consumer or for a place, and nothing is to be looked at before.
func (q *queue) passes() bool {
	return q.plain && q.straight && q.head < 0 && q.blockedHead < 0 && !q.full() && q.faults == nil && q.ttl < 0 && q.outage == 0
}

// publishSlowly goes on with a publish step, from the given round on, as a call.
func (s *System) publishSlowly(a int32, at *attempt, e *edge, round int32) {
	c, cl := s.newCall(a, e)
	at.kid, at.state = c, calling
	if at.op.blocking {
		cl.flags = booked
		e.waiting.enter(s.now)
	} else {
		cl.flags = yields
	}
	cl.round = round
	cl.key = at.key.With(e.salt + uint64(round))
	s.beginCall(c, cl)
}

// publishCall is what a call of a publish step comes to.
func (s *System) publishCall(c int32, cl *call) {
	e := cl.edge
	cl.try = 1
	if !e.q.blocks() {
		o := s.offer(e.q, cl.key, e, s.trailOf[cl.owner])
		s.pump(e.q)
		s.endCall(c, cl, o)
		return
	}
	s.countOnce(&e.count.blocked, &e.uncounted.blocked)
	cl.state = blocked // booked like due
	q := e.q
	cl.follower, cl.lastFollower = none, q.blockedTail
	if q.blockedTail >= 0 {
		s.calls[q.blockedTail].follower = c
	} else {
		q.blockedHead = c
	}
	q.blockedTail = c
	s.yield(cl) // the thread may take up a message of this very queue
}

// unblock takes a call out of those that wait for a place.
func (s *System) unblock(c int32, cl *call) {
	q := cl.edge.q
	if cl.lastFollower >= 0 {
		s.calls[cl.lastFollower].follower = cl.follower
	} else {
		q.blockedHead = cl.follower
	}
	if cl.follower >= 0 {
		s.calls[cl.follower].lastFollower = cl.lastFollower
	} else {
		q.blockedTail = cl.lastFollower
	}
}

// waitedInVain takes a call out that has waited for a place for too long, or whose
// publisher is gone.
func (s *System) waitedInVain(c int32, cl *call) {
	s.unblock(c, cl)
	s.countOnce(&cl.edge.q.count.timedOut, &cl.edge.q.uncounted.timedOut)
}

// admitBlocked gives the places that have become free to those that wait for them. Where
// none is to wait any more, they are told what they would be told if they came now.
func (s *System) admitBlocked(q *queue) {
	for q.blockedHead >= 0 && (q.outage > 0 || !q.full() || q.spec.OnFull != topology.BlockPublish) {
		c := q.blockedHead
		cl := &s.calls[c]
		s.unblock(c, cl)
		s.spanPlace(cl.key)
		o := s.offer(q, cl.key, cl.edge, s.trailOf[cl.owner])
		s.pump(q) // which may make the next place
		if in := s.pausedCaller(c); in != nil {
			cl.state = answered
			in.deferred = append(in.deferred, deferral{do: deferTaken, ref: c, key: cl.key, out: o})
			continue
		}
		s.endCall(c, cl, o)
	}
}

// blocks says whether a publisher that comes now has to wait: behind those that do.
func (q *queue) blocks() bool {
	return q.spec.OnFull == topology.BlockPublish && (q.full() || q.blockedHead >= 0) && q.outage == 0
}

func (q *queue) full() bool { return q.capacity >= 0 && q.waiting.n >= int64(q.capacity) }

// offer hands the broker a message of a publish step, and says whether it takes it.
func (s *System) offer(q *queue, key des.Key, e *edge, trail int32) outcome {
	switch {
	case q.outage > 0:
		s.countOnce(&q.count.refused, &q.uncounted.refused)
		return topology.Refused
	case q.stream():
		if p := s.appendTo(q, key, e.messageKey(key), trail, s.isPoisoned(q, key)); p != nil {
			s.nudgeReaders(p)
		}
		return topology.Success
	case q.full() && q.spec.OnFull != topology.DropOldest:
		s.countOnce(&q.count.full, &q.uncounted.full)
		return topology.Rejected
	}
	group := int32(none) // it has no key
	if q.spec.FIFO {
		group = e.messageKey(key)
	}
	flags := uint8(0)
	if q.faults != nil && s.isPoisoned(q, key) {
		flags = poisoned
	}
	if m, ms := s.take(q, key, group, trail, flags); !s.handOver(q, m, ms) {
		s.enter(m, ms)
	}
	return topology.Success
}

// messageKey is the key of the message with that luck.
func (e *edge) messageKey(key des.Key) int32 {
	p := e.publish
	switch p.Key {
	case topology.RoundRobinKeys:
		k := e.turn
		if e.turn++; e.turn == int32(p.Keys) {
			e.turn = 0
		}
		return k
	default:
		return e.popularity.draw(key.With(saltMessageKey))
	}
}

// isPoisoned decides whether a message that is published now is poisoned for good.
func (s *System) isPoisoned(q *queue, key des.Key) bool {
	if q.faults == nil || len(q.faults.poison) == 0 {
		return false
	}
	well := 1.0
	for _, f := range q.faults.poison {
		well *= 1 - float64(f.spec.Rate*f.grown(s.now))
	}
	d := key.With(saltPoison).Draw()
	return d.Uniform() < 1-well
}

// delayOf is how long after its publish a message of that luck becomes readable.
func (s *System) delayOf(q *queue, key des.Key) des.Time {
	var delay des.Time
	if !q.near {
		delay = q.delay.draw(key.With(saltQueueLatency))
	}
	if q.faults != nil {
		for _, f := range q.faults.latency {
			delay = plus(delay, stretch(f.add.draw(key.With(saltQueueFault).With(f.salt)), f.grown(s.now)))
		}
	}
	return delay
}
