package sim

import (
	"cmp"
	"slices"

	"cascade/sim/des"
	"cascade/topology"
)

// A queue of work keeps a message until it is acknowledged: at least once. What is
// handed out is hidden; it comes back when its consumer fails, is gone, or takes longer
// than the visibility, whose end the consumer does not hear of.

// roundTrip is how long a delivery is under way at least that fails at once, on a queue
// that bounds its receives by nothing: a broker's answer takes some time, and without it
// the clock would stand still.
const roundTrip = des.Time(1e6)

// take lets a queue of work take a message, which is to be handed over or to enter next.
func (s *System) take(q *queue, key des.Key, group, trail int32, flags uint8) (int32, *message) {
	if q.full() {
		s.dropOldest(q)
	}
	m, ms := s.newMessage()
	ms.key, ms.q, ms.group, ms.trail = key, q, group, trail
	if trail >= 0 {
		s.trails[trail].open++
	}
	ms.published, ms.flags, ms.receives = s.now, flags, 0
	q.count.published++
	ms.serial = q.count.published
	if s.warm {
		ms.flags |= msgCounted
	} else {
		q.uncounted.published++
	}
	return m, ms
}

// handOver gives a message that has just been published to a taker that wants one, if
// there is one, and nothing that has to be dealt with before.
func (s *System) handOver(q *queue, m int32, ms *message) bool {
	if q.head >= 0 || !q.straight || q.faults != nil {
		return false
	}
	for t := q.nextHungry(); t != nil; t = q.nextHungry() {
		if s.wants(t) {
			if q.ttl >= 0 {
				s.setAlarm(q.ttl, m, &ms.ttl)
			}
			if q.plain {
				s.hold(q, m, ms, t)
			} else {
				s.serve(t, s.handTo(q, m, ms, t))
			}
			return true
		}
	}
	return false
}

// enter lets a message wait that has just been published.
func (s *System) enter(m int32, ms *message) {
	q := ms.q
	q.waiting.enter(s.now)
	s.date(q, m, ms)
	if q.ttl >= 0 {
		s.setAlarm(q.ttl, m, &ms.ttl)
	}
	if q.spec.FIFO {
		g, ok := q.keys[ms.group]
		if ok {
			s.messages[g.tail].behind = m
			ms.before, g.tail = g.tail, m
		} else {
			g = keyGroup{m, m}
		}
		q.keys[ms.group] = g
	}
	if q.near && q.faults == nil {
		s.makeReadable(m, ms)
		return
	}
	s.delay(m, ms, s.delayOf(q, ms.key))
}

// delay lets a message that waits become readable after d.
func (s *System) delay(m int32, ms *message, d des.Time) {
	if d == 0 {
		s.makeReadable(m, ms)
		return
	}
	ms.state = delayed
	ms.seq = s.schedule(later(s.now, d), evReadable, m)
}

// readableDue runs when a message becomes readable.
func (s *System) readableDue(m int32) {
	ms := &s.messages[m]
	ms.seq = 0
	s.makeReadable(m, ms)
	s.pump(ms.q)
}

// makeReadable lists a message, unless it has to wait for another of its key.
func (s *System) makeReadable(m int32, ms *message) {
	ms.state = readable
	if ms.before >= 0 {
		return
	}
	q := ms.q
	ms.flags |= listed
	ms.next, ms.prev = none, q.tail
	if q.tail >= 0 {
		s.messages[q.tail].next = m
	} else {
		q.head = m
	}
	q.tail = m
}

// unlist takes a message out of the list of the readable.
func (s *System) unlist(q *queue, ms *message) {
	if ms.flags&listed == 0 {
		return
	}
	ms.flags &^= listed
	if ms.prev >= 0 {
		s.messages[ms.prev].next = ms.next
	} else {
		q.head = ms.next
	}
	if ms.next >= 0 {
		s.messages[ms.next].prev = ms.prev
	} else {
		q.tail = ms.prev
	}
}

// stopWaiting takes a message out of those that wait.
func (s *System) stopWaiting(m int32, ms *message) {
	q := ms.q
	s.unlist(q, ms)
	ms.seq = 0
	ms.state = held
	q.waiting.leave(s.now)
	if q.ages.oldest == m {
		s.age(q)
	}
}

// leaveKey takes a message out of its key's: the next of them may be readable now.
func (s *System) leaveKey(m int32, ms *message) {
	q := ms.q
	if !q.spec.FIFO {
		return
	}
	if ms.before >= 0 {
		s.messages[ms.before].behind = ms.behind
	}
	g := q.keys[ms.group]
	if g.head == m {
		g.head = ms.behind
	}
	if g.tail == m {
		g.tail = ms.before
	}
	if g.head < 0 {
		delete(q.keys, ms.group)
	} else {
		q.keys[ms.group] = g
	}
	if next := ms.behind; next >= 0 {
		ns := &s.messages[next]
		ns.before = ms.before
		if ns.before < 0 && ns.state == readable {
			s.makeReadable(next, ns)
		}
	}
	ms.before, ms.behind = none, none
}

// pass hands a message that is published straight to an idle consumer of a plain queue, if
// there is one: what take, serve and hold come to where nothing waits.
func (s *System) pass(q *queue, key des.Key, trail int32) bool {
	var t *taker
	alone := q.hungryHead+1 == len(q.hungry) // who stands alone in line keeps the place
	if alone {
		t = q.hungry[q.hungryHead].t
	} else if t = q.nextHungry(); t == nil {
		return false
	}
	for !s.wants(t) {
		if alone {
			return false
		}
		if t = q.nextHungry(); t == nil {
			return false
		}
	}
	m := s.freeMessage
	if m < 0 {
		m, _ = s.newMessage()
	} else {
		s.freeMessage = s.messages[m].next
	}
	q.count.published++
	q.count.delivered++
	t.served = q.count.delivered
	q.holding.enter(s.now)
	ms := &s.messages[m]
	ms.key, ms.q, ms.trail, ms.group = key, q, trail, none
	ms.published, ms.serial = s.now, q.count.published
	ms.receives, ms.state, ms.holder = 1, held, inThread
	if s.warm {
		ms.flags = msgCounted
	} else {
		ms.flags = 0
		q.uncounted.published++
		q.uncounted.delivered++
	}
	if trail >= 0 {
		s.trails[trail].open++
	}
	work := key.With(t.link.salt)
	if s.spans != nil {
		s.spanHandOut(key, work, false)
	}
	s.startAttempt(t.in, t.link.edge, work, m, trail)
	if alone {
		q.hungry[q.hungryHead].served = t.served
	} else if t.in.idle > 0 {
		s.hunger(t)
	}
	q.lagMax.see(int32(q.waiting.n + q.holding.n))
	return true
}

// takeFirst takes the first readable message out of those that wait.
func (s *System) takeFirst(q *queue) (int32, *message) {
	m := q.head
	ms := &s.messages[m]
	s.stopWaiting(m, ms)
	if q.blockedHead >= 0 {
		s.pumpSoon(q)
	}
	return m, ms
}

// handOut gives the first readable message to a taker.
func (s *System) handOut(q *queue, t *taker) int32 {
	m, ms := s.takeFirst(q)
	return s.handTo(q, m, ms, t)
}

// countHandOut counts a hand-out, and is the luck of the work.
func (s *System) countHandOut(q *queue, ms *message, t *taker) des.Key {
	ms.state = held
	q.holding.enter(s.now)
	ms.receives++
	ms.tell(&q.count.delivered, &q.uncounted.delivered)
	t.served = q.count.delivered
	key := ms.key.With(t.link.salt)
	if ms.receives > 1 {
		key = key.With(saltDelivery + uint64(ms.receives)<<16)
		ms.tell(&q.count.redelivered, &q.uncounted.redelivered)
		if ms.out >= 0 {
			ms.tell(&q.count.duplicates, &q.uncounted.duplicates)
		}
	}
	if s.spans != nil {
		s.spanHandOut(ms.key, key, ms.receives > 1)
	}
	return key
}

// hold gives a message of a plain queue to an idle thread of a taker's instance.
func (s *System) hold(q *queue, m int32, ms *message, t *taker) {
	key := s.countHandOut(q, ms, t)
	ms.holder = inThread
	s.startAttempt(t.in, t.link.edge, key, m, ms.trail)
	if t.in.idle > 0 {
		s.hunger(t)
	}
}

// workedOn ends the work on a message of a plain queue, which went well or not.
func (s *System) workedOn(l *link, m int32, success bool, began des.Time, counted bool) {
	ms := &s.messages[m]
	q := ms.q
	if success && q.outage == 0 && ms.published == began {
		l.latency.add(s.now-began, counted)
	} else {
		l.edge.op.latency.add(s.now-began, counted)
		if success && q.outage == 0 {
			q.latency.add(s.now-ms.published, ms.flags&msgCounted != 0)
		}
	}
	if !success || q.outage > 0 {
		s.comeBack(m, ms, s.waitAgain(q, began))
		s.pump(q)
		return
	}
	ms.tell(&q.count.acknowledged, &q.uncounted.acknowledged)
	q.holding.leave(s.now)
	if q.spec.FIFO {
		s.leaveKey(m, ms)
	}
	trail := ms.trail
	s.dropMessage(m)
	s.messageDone(trail, false)
	if q.head >= 0 {
		s.pump(q)
	}
}

// waitAgain is how long a message waits whose delivery, begun then, has failed.
func (s *System) waitAgain(q *queue, began des.Time) des.Time {
	switch delay := des.Time(q.spec.Redelivery); {
	case q.outage > 0: // the connection is lost
		return 0
	case delay == 0 && q.spec.MaxReceives == 0 && began == s.now:
		return roundTrip
	default:
		return delay
	}
}

// handTo gives a message that does not wait, or not any more, to a taker, as a delivery.
func (s *System) handTo(q *queue, m int32, ms *message, t *taker) int32 {
	key := s.countHandOut(q, ms, t)
	d, dl := s.newDelivery()
	dl.began, dl.taker, dl.message, dl.flags = s.now, t, m, ms.flags&poisoned
	if q.spec.Visibility > 0 {
		dl.flags |= unseen
	}
	dl.key = key
	dl.other, ms.out, ms.holder = ms.out, d, d
	if t.link.hide >= 0 {
		s.setAlarm(t.link.hide, d, &dl.hide)
	}
	t.has++
	return d
}

// tell counts something that happens to a message.
func (ms *message) tell(count, uncounted *uint64) {
	*count++
	if ms.flags&msgCounted == 0 {
		*uncounted++
	}
}

// visibilityDue runs when the visibility of delivery d, or its consumer's time to
// acknowledge, is over: the message is there again, and the consumer does not know.
func (s *System) visibilityDue(d int32) {
	dl := &s.deliveries[d]
	m := dl.message
	ms := &s.messages[m]
	q := ms.q
	if dl.ghost {
		s.part(d, dl, ms)
		s.dropDelivery(d)
	}
	s.comeBack(m, ms, des.Time(q.spec.Redelivery))
	s.pump(q)
}

// part takes delivery d out of those of its message.
func (s *System) part(d int32, dl *delivery, ms *message) {
	if ms.out == d {
		ms.out = dl.other
		return
	}
	for b := ms.out; ; b = s.deliveries[b].other {
		if p := &s.deliveries[b]; p.other == d {
			p.other = dl.other
			return
		}
	}
}

// comeBack ends the holding of a message by a delivery that was not acknowledged: it
// waits again, unless it has been received too often or is too old.
func (s *System) comeBack(m int32, ms *message, delay des.Time) {
	q := ms.q
	if ms.holder >= 0 {
		s.clearAlarm(&s.deliveries[ms.holder].hide)
	}
	ms.holder = none
	q.holding.leave(s.now)
	if most := q.spec.MaxReceives; most > 0 && int(ms.receives) >= most {
		s.deadLetter(m, ms)
		return
	}
	if ms.flags&tooOld != 0 {
		s.giveUpMessage(m, ms)
		return
	}
	q.waiting.enter(s.now)
	s.date(q, m, ms)
	s.delay(m, ms, delay)
}

// delivered ends a delivery: its consumer has done what it does, well or not.
func (s *System) delivered(d int32, success bool) {
	dl := &s.deliveries[d]
	t := dl.taker
	q := t.link.q
	t.has--
	dl.attempt = none
	if dl.next >= 0 {
		t.ready = append(t.ready, dl.next)
		dl.next = none
	}
	m := dl.message
	if m < 0 {
		s.dropDelivery(d)
	} else {
		ms := &s.messages[m]
		switch {
		case success && q.outage == 0:
			s.acknowledge(m, ms, d)
		case ms.holder != d: // it has come back already
			s.part(d, dl, ms)
			s.dropDelivery(d)
		case q.outage > 0 && dl.flags&unseen != 0: // nobody hears of it
			dl.ghost = true
		default:
			s.part(d, dl, ms)
			s.comeBack(m, ms, s.waitAgain(q, dl.began))
			s.dropDelivery(d)
		}
	}
	if t.link.prefetch > 0 {
		s.hunger(t)
	}
	s.pump(q)
}

// forsake ends a delivery whose consumer has gone down, or has given it back.
func (s *System) forsake(d int32) {
	dl := &s.deliveries[d]
	t, m := dl.taker, dl.message
	t.has--
	dl.attempt, dl.next = none, none
	if m < 0 {
		if dl.trail >= 0 {
			s.closeTrail(dl.trail)
			dl.trail = none
		}
		s.dropDelivery(d)
		return
	}
	ms := &s.messages[m]
	q := ms.q
	switch {
	case ms.holder != d:
		s.part(d, dl, ms)
		s.dropDelivery(d)
	case dl.flags&unseen != 0:
		dl.ghost = true
	default:
		s.part(d, dl, ms)
		s.comeBack(m, ms, 0)
		s.dropDelivery(d)
	}
	s.pumpSoon(q)
}

// acknowledge takes a message off its queue: delivery by has succeeded. What others
// still do with it is done for nobody.
func (s *System) acknowledge(m int32, ms *message, by int32) {
	q := ms.q
	s.part(by, &s.deliveries[by], ms)
	s.dropDelivery(by)
	ms.tell(&q.count.acknowledged, &q.uncounted.acknowledged)
	q.latency.add(s.now-ms.published, ms.flags&msgCounted != 0)
	trail := ms.trail
	s.endMessage(m, ms)
	s.dropMessage(m)
	s.messageDone(trail, false)
}

// endMessage takes a message out of its queue, wherever it is in it.
func (s *System) endMessage(m int32, ms *message) {
	switch ms.state {
	case held:
		if ms.holder != none {
			ms.q.holding.leave(s.now)
		}
	default:
		s.stopWaiting(m, ms)
	}
	ms.holder = none
	for d := ms.out; d >= 0; {
		dl := &s.deliveries[d]
		next := dl.other
		dl.message, dl.other = none, none
		s.clearAlarm(&dl.hide)
		if dl.ghost {
			s.dropDelivery(d)
		} else if dl.attempt >= 0 {
			s.abandon(dl.attempt)
		} else if ms.trail >= 0 && dl.taker.link.edge.traced { // it is worked on all the same, and may publish
			dl.trail = ms.trail
			s.trails[ms.trail].open++
		}
		d = next
	}
	ms.out = none
	s.clearAlarm(&ms.ttl)
	s.leaveKey(m, ms)
	if q := ms.q; q.blockedHead >= 0 {
		s.pumpSoon(q)
	}
}

// giveUpMessage drops a message.
func (s *System) giveUpMessage(m int32, ms *message) {
	q := ms.q
	ms.tell(&q.count.dropped, &q.uncounted.dropped)
	if s.spans != nil {
		s.spanDrop(ms.key, q, none)
	}
	trail := ms.trail
	s.endMessage(m, ms)
	s.dropMessage(m)
	s.messageDone(trail, true)
}

// deadLetter moves a message to the dead-letter queue, if there is one that takes it.
func (s *System) deadLetter(m int32, ms *message) {
	from := ms.q
	to := from.dead
	if to == nil || !s.hasRoom(to) {
		s.giveUpMessage(m, ms)
		return
	}
	ms.tell(&from.count.deadLettered, &from.uncounted.deadLettered)
	s.moveTo(to, m, ms)
}

// hasRoom says whether a queue takes a message that comes from another.
func (s *System) hasRoom(q *queue) bool {
	switch {
	case q.outage > 0:
		s.countOnce(&q.count.refused, &q.uncounted.refused)
		return false
	case q.full() && q.spec.OnFull != topology.DropOldest:
		s.countOnce(&q.count.full, &q.uncounted.full)
		return false
	}
	return true
}

// moveTo moves a message to another queue.
func (s *System) moveTo(to *queue, m int32, ms *message) {
	if s.spans != nil {
		s.spanMove(ms.key, ms.key.With(to.salt), ms.q, to)
	}
	s.endMessage(m, ms)
	key, group, trail, flags := ms.key.With(to.salt), ms.group, ms.trail, ms.flags&poisoned
	s.dropMessage(m)
	s.carryTo(to, key, group, trail, flags)
	s.messageDone(trail, false) // here; there it waits
}

// carryTo publishes what comes from another queue or stream. Nobody takes it up before
// what is being done is done: instances may be about to go down.
func (s *System) carryTo(to *queue, key des.Key, group, trail int32, flags uint8) {
	switch {
	case group >= 0:
	case to.stream(): // it has no key: any partition
		d := key.With(saltMessageKey).Draw()
		group = int32(d.Intn(len(to.logs.parts)))
	case to.spec.FIFO: // one of its own
		group = int32(uint32(key) >> 1)
	}
	if to.stream() {
		s.appendTo(to, key, group, trail, flags&poisoned != 0)
	} else {
		s.enter(s.take(to, key, group, trail, flags))
	}
	s.pumpSoon(to)
}

// dropOldest makes room: the message that was published first of those that wait goes.
func (s *System) dropOldest(q *queue) {
	m := q.ages.oldest
	s.giveUpMessage(m, &s.messages[m])
}

// tooOldNow runs when the ttl of a message is over.
func (s *System) tooOldNow(m int32) {
	ms := &s.messages[m]
	if ms.state == held {
		ms.flags |= tooOld
		return
	}
	q := ms.q
	s.giveUpMessage(m, ms)
	s.pump(q) // one of its key may be readable now
}

// followSettings deals with what is in a queue, or waits for it, when its settings have
// changed: what is too old by them goes, and so does what is too much where the oldest
// make room; the ages of the others count from their publishing; and who waits for a place
// may have one, or wait in vain.
func (s *System) followSettings(q *queue) {
	s.pumpSoon(q)
	if q.stream() {
		for _, p := range q.logs.parts {
			s.retain(p)
			s.armPartition(p)
		}
		return
	}
	if ttl := des.Time(q.spec.TTL); q.ttl < 0 && ttl > 0 || q.ttl >= 0 && ttl != s.timers[q.ttl].span {
		s.redate(q, ttl)
	}
	if q.spec.OnFull == topology.DropOldest {
		for q.capacity >= 0 && q.waiting.n > int64(q.capacity) {
			s.dropOldest(q)
		}
	}
}

// redate gives a queue another ttl, and all of its messages with it; 0: none.
func (s *System) redate(q *queue, ttl des.Time) {
	var all []int32
	for i := range s.messages {
		if ms := &s.messages[i]; ms.q == q && ms.state != msgFree {
			s.clearAlarm(&ms.ttl)
			ms.flags &^= tooOld
			all = append(all, int32(i))
		}
	}
	if q.ttl = none; ttl == 0 {
		return
	}
	// In a list of their own: in the common one, what runs out sooner would stand behind
	// what was set before and runs out later.
	q.ttl = s.ownTimer(q, ttl)
	slices.SortFunc(all, func(a, b int32) int { return cmp.Compare(s.messages[a].serial, s.messages[b].serial) })
	for _, m := range all {
		switch ms := &s.messages[m]; {
		case s.now-ms.published < ttl:
			s.setAlarm(q.ttl, m, &ms.ttl)
		case ms.state == held:
			ms.flags |= tooOld
		default:
			s.giveUpMessage(m, ms)
		}
	}
}

// redrive moves what waits in a queue to another, what was published first first, as
// long as that takes it.
func (s *System) redrive(from, to *queue) {
	if from.outage > 0 {
		return
	}
	var all []int32
	for i := range s.messages {
		if ms := &s.messages[i]; ms.q == from && (ms.state == readable || ms.state == delayed) {
			all = append(all, int32(i))
		}
	}
	slices.SortFunc(all, func(a, b int32) int { return cmp.Compare(s.messages[a].serial, s.messages[b].serial) })
	s.pumpSoon(from) // some of what stays may be readable now
	for i, m := range all {
		if !s.hasRoom(to) {
			return
		}
		if g := &from.ages.age; i == 0 { // the sample that tells of the redrive may begin only now
			g.most = max(g.most, s.now-g.born)
		}
		ms := &s.messages[m]
		ms.tell(&from.count.acknowledged, &from.uncounted.acknowledged)
		ms.tell(&from.count.redriven, &from.uncounted.redriven)
		s.moveTo(to, m, ms)
	}
}

// pump hands readable messages to those that want one.
func (s *System) pump(q *queue) {
	for q.head >= 0 && q.outage == 0 {
		t := q.nextHungry()
		if t == nil {
			break
		}
		if s.wants(t) {
			s.serveNext(t)
		}
	}
	s.see(q)
}

// see notes how much there is.
func (s *System) see(q *queue) {
	q.depthMax.see(int32(q.waiting.n))
	q.lagMax.see(int32(q.waiting.n + q.holding.n))
}

// pumpNow does what pumpSoon has put off.
func (s *System) pumpNow(q *queue) {
	q.pumped = false
	if q.stream() {
		s.nudgeAll(q)
		return
	}
	s.admitBlocked(q)
	s.pump(q)
}

// pumpSoon deals with a queue when what is being done now is done: who waits for a place
// may have one, and what is readable may find a consumer.
func (s *System) pumpSoon(q *queue) {
	if !q.pumped {
		q.pumped = true
		s.ready = append(s.ready, followUp{do: doPump, ref: q.number})
	}
}
