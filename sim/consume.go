package sim

import (
	"slices"
	"time"

	"cascade/sim/des"
	"cascade/topology"
)

// Consumers take messages when they have an idle thread that nothing else waits for.
// A queue keeps those that found nothing in a row, the one that was served longest ago
// first, and hands them what comes.

// compilePublishes makes the edges of the publish steps.
func (s *System) compilePublishes() map[*topology.Publish]*edge {
	s.queues = make([]queue, len(s.plan.Topology.Queues))
	for i := range s.queues {
		spec := &s.plan.Topology.Queues[i]
		q := &s.queues[i]
		*q = queue{spec: spec, number: int32(i), salt: des.NameKey(spec.Name), head: none, tail: none, blockedHead: none, blockedTail: none, ttl: none, ages: ager{oldest: none}}
		if spec.Kind == topology.Stream {
			s.compileLogs(q)
		} else {
			q.ttl = s.timerFor(des.Time(spec.TTL), ofMessages)
			if spec.FIFO {
				q.keys = map[int32]keyGroup{}
			}
		}
		s.tuneQueue(q, spec)
	}
	known := map[*topology.Publish]*edge{}
	s.publishes = make([]edge, len(s.plan.Topology.Publishes))
	for i, p := range s.plan.Topology.Publishes {
		e := &s.publishes[i]
		*e = edge{q: &s.queues[p.Queue], publish: p, salt: des.NameKey(p.ID), chance: p.Chance, times: int32(p.Times), optional: p.Optional,
			timeout: none, deadline: s.timerFor(des.Time(p.Timeout), ofCalls), tries: 1, cached: true, near: true, number: int32(i)}
		switch p.Key {
		case topology.ZipfKeys:
			e.popularity = newZipf(p.Zipf, p.Keys)
		case topology.UniformKeys:
			e.popularity = newZipf(0, p.Keys)
		}
		known[p] = e
	}
	return known
}

// compileQueues joins the queues and the services that consume them.
func (s *System) compileQueues() {
	poison := false
	for i := range s.plan.Faults {
		poison = poison || s.plan.Faults[i].Kind == Poison
	}
	for i := range s.queues {
		q := &s.queues[i]
		q.latencies.of = append(q.latencies.of, &q.latency)
	}
	for i := range s.services {
		v := &s.services[i]
		for k := range v.spec.Consumes {
			c := &v.spec.Consumes[k]
			q := &s.queues[c.Queue]
			l := &link{q: q, v: v, spec: c, prefetch: int32(c.Prefetch), batch: int32(max(c.Batch, 1))}
			s.tuneLink(l)
			op := &s.ops[int(v.firstOp)+c.Op]
			name := q.spec.Name + "->" + s.plan.Topology.OpName(op.spec.Ref)
			l.salt = des.NameKey(name)
			l.edge = &edge{op: op, to: v, near: true, direct: true, bare: !poison, number: none, fed: true, link: l, timeout: none, deadline: none, tries: 1, times: 1}
			l.takers = make([]taker, len(v.members))
			for m := range v.members {
				l.takers[m] = taker{link: l, in: &v.members[m], place: q.places}
				q.places++
				v.members[m].takers = append(v.members[m].takers, &l.takers[m])
			}
			q.plain = !q.stream() && (q.plain || len(q.links) == 0) && l.prefetch == 0 && l.batch == 1 && l.hide < 0 && !s.mayHide(q)
			if q.plain {
				op.latencies.of = append(op.latencies.of, &l.latency)
				q.latencies.of = append(q.latencies.of, &l.latency)
			}
			q.links = append(q.links, l)
			s.links = append(s.links, l)
		}
	}
	s.compileCrews()
	s.findTraced()
}

// tuneQueue puts settings of a queue into force: those of the plan, or others for a while.
// What is there already is dealt with by followSettings, its ttl too.
func (s *System) tuneQueue(q *queue, spec *topology.Queue) {
	q.spec = spec
	q.delay, q.near = newSampler(&spec.Latency), spec.Latency.IsZero()
	q.straight = q.near && !spec.FIFO
	q.dead = nil
	if spec.DeadLetter != topology.None {
		q.dead = &s.queues[spec.DeadLetter]
	}
	if q.stream() {
		return
	}
	q.capacity = int32(spec.Capacity)
	for _, l := range q.links {
		s.tuneLink(l)
	}
}

// tuneLink sets how long what a link hands out is hidden from then on.
func (s *System) tuneLink(l *link) {
	l.hide = s.timerFor(des.Time(shorter(l.q.spec.Visibility, l.spec.AckTimeout)), ofDeliveries)
}

// mayHide says whether a fault sets a visibility of a queue, so that its deliveries are to
// be told apart.
func (s *System) mayHide(q *queue) bool {
	return slices.ContainsFunc(s.plan.Faults, func(f Fault) bool {
		return f.Set.Visibility != nil && slices.Contains(f.Queues, int(q.number))
	})
}

// shorter is the shorter of two spans, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// startConsumers lets the consumers ask for messages.
func (s *System) startConsumers() {
	for i := range s.instances {
		if in := &s.instances[i]; in.there && in.takers != nil {
			s.fill(in)
		}
	}
}

// wake lets an instance that goes on be among those that want messages.
func (s *System) wake(in *instance) {
	if !in.open {
		return
	}
	for _, t := range in.takers {
		if !t.link.q.stream() {
			s.hunger(t)
		}
	}
}

// ask lets an instance that takes messages ahead of its threads ask for them again: it was
// away, or was to leave.
func (s *System) ask(in *instance) {
	for _, t := range in.takers {
		if t.link.prefetch > 0 && in.up {
			s.hunger(t)
			s.pumpSoon(t.link.q)
		}
	}
}

// poisons says whether the message that an attempt works on fails it.
func (s *System) poisons(at *attempt) bool {
	switch q := at.edge.link.q; {
	case q.plain:
		return s.messages[at.peer].flags&poisoned != 0
	case q.stream():
		return s.members[at.peer].poisoned()
	default:
		return s.deliveries[at.peer].flags&poisoned != 0
	}
}

// loseMessages gives back what an instance had that has just gone down.
func (s *System) loseMessages(in *instance, lost []int32, by []*link) {
	for i, ref := range lost {
		switch q := by[i].q; {
		case q.stream():
			continue // its crew knows
		case q.plain:
			s.comeBack(ref, &s.messages[ref], 0)
			s.pumpSoon(q)
			continue
		}
		d := &s.deliveries[ref]
		t := d.taker
		next := d.next
		s.forsake(ref)
		if next >= 0 {
			t.ready = append(t.ready, next)
		}
	}
	s.forsakeAll(in, true)
	s.loseReadings(in)
}

// pull lets the idle threads of an instance take messages.
//
//go:noinline
func (s *System) pull(in *instance) {
	if len(in.takers) == 1 {
		if t := in.takers[0]; t.hungry && t.link.q.head < 0 && len(t.ready)+len(t.atHand) == 0 {
			return // it has just asked
		}
	}
	for in.idle > 0 && in.open && s.pullOne(in) {
	}
}

// pullOne takes one message, the queues and streams that the service consumes in turn.
func (s *System) pullOne(in *instance) bool {
	n := len(in.takers)
	for k := range n {
		i := (int(in.turn) + k) % n
		t := in.takers[i]
		if t.link.q.stream() && s.readOne(in) || !t.link.q.stream() && s.takeOne(t) {
			in.turn = int32(i + 1)
			return true
		}
	}
	return false
}

// takeOne lets an idle thread of a taker's instance take a message, if there is one.
func (s *System) takeOne(t *taker) bool {
	q := t.link.q
	fresh := !t.in.leaving && t.link.prefetch == 0 && q.head >= 0 && q.outage == 0
	if !fresh && len(t.ready)+len(t.atHand) == 0 {
		s.hunger(t)
		return false
	}
	if !s.startable(t.in, t.link.edge.op) {
		return false
	}
	if len(t.ready) > 0 {
		d := t.ready[0]
		t.ready = append(t.ready[:0], t.ready[1:]...)
		s.start(t, d)
		return true
	}
	if len(t.atHand) > 0 {
		n := min(len(t.atHand), int(t.link.batch))
		s.startBatch(t, t.atHand[:n])
		t.atHand = append(t.atHand[:0], t.atHand[n:]...)
		return true
	}
	s.takeBatch(t)
	return true
}

// takeBatch takes as many readable messages as go into a batch, and starts with the
// first.
func (s *System) takeBatch(t *taker) {
	q := t.link.q
	if q.plain {
		m, ms := s.takeFirst(q)
		s.hold(q, m, ms, t)
		return
	}
	if t.link.batch == 1 {
		s.start(t, s.handOut(q, t))
		return
	}
	var batch []int32
	for len(batch) < int(t.link.batch) && q.head >= 0 {
		batch = append(batch, s.handOut(q, t))
	}
	s.startBatch(t, batch)
}

// startBatch chains deliveries, one to be worked on after the other, and starts with
// the first.
func (s *System) startBatch(t *taker, batch []int32) {
	for i := 1; i < len(batch); i++ {
		s.deliveries[batch[i-1]].next = batch[i]
	}
	s.start(t, batch[0])
}

// startable says whether an instance may take up a message now.
func (s *System) startable(in *instance, op *operation) bool {
	if in.idle <= 0 || !in.open || in.queued > 0 || in.resumeHead >= 0 { // others come first
		return false
	}
	if !op.tracked {
		return true
	}
	switch {
	case op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead:
		return false
	case in.limit != nil && int(in.inHand) >= in.limit.Limit():
		return false
	case in.limiter == nil || in.token:
		return true
	case in.pace != 0: // its turn comes
		return false
	}
	wait, ok := in.limiter.Turn(s.now.Duration(), s.plan.Duration.Duration())
	switch {
	case !ok: // not in this run
		return false
	case wait > 0:
		in.pace = s.schedule(s.now+des.Time(wait), evInstance, in.service.first+in.ordinal)
		return false
	}
	in.token = true
	return true
}

// paceDue runs when the rate limit lets an instance take up its next message.
func (s *System) paceDue(in *instance) {
	in.pace = 0
	in.token = true
	s.fill(in)
}

// hasRoom says whether a taker that prefetches may have one message more: as many as
// that, and not fewer than it has threads.
func (t *taker) hasRoom() bool {
	most := t.link.prefetch
	if t.in.bounded {
		most = max(most, t.in.planned)
	}
	return t.has < most
}

// wants says whether a taker has a use for a message now.
func (s *System) wants(t *taker) bool {
	in := t.in
	if in.leaving || !in.up {
		return false
	}
	if t.link.prefetch > 0 {
		return t.hasRoom()
	}
	return s.startable(in, t.link.edge.op)
}

// serveNext gives a taker that wants one the first readable message, or a batch of them.
func (s *System) serveNext(t *taker) {
	if t.link.q.plain {
		m, ms := s.takeFirst(t.link.q)
		s.hold(t.link.q, m, ms, t)
		return
	}
	if t.link.prefetch > 0 || t.link.batch == 1 {
		s.serve(t, s.handOut(t.link.q, t))
		return
	}
	s.takeBatch(t)
	if t.in.idle > 0 {
		s.hunger(t)
	}
}

// serve lets a taker that wanted one have a message.
func (s *System) serve(t *taker, d int32) {
	if t.link.prefetch == 0 {
		s.start(t, d)
		if t.in.idle > 0 {
			s.hunger(t)
		}
		return
	}
	if s.startable(t.in, t.link.edge.op) && len(t.atHand) == 0 && len(t.ready) == 0 {
		s.start(t, d)
	} else {
		t.atHand = append(t.atHand, d)
	}
	if t.hasRoom() {
		s.hunger(t)
	}
}

// hunger puts a taker among those that want a message.
func (s *System) hunger(t *taker) {
	if !t.hungry && !t.in.leaving {
		t.hungry = true
		t.link.q.await(t)
	}
}

// await puts a taker into its place in the row. Who comes back has mostly been served
// later than all who stand there.
func (q *queue) await(t *taker) {
	if q.hungryHead > 64 && q.hungryHead > len(q.hungry)/2 {
		q.hungry = append(q.hungry[:0], q.hungry[q.hungryHead:]...)
		q.hungryHead = 0
	}
	w := waitingTaker{t, t.served}
	q.hungry = append(q.hungry, w)
	i := len(q.hungry) - 1
	for ; i > q.hungryHead && w.before(q.hungry[i-1]); i-- {
		q.hungry[i] = q.hungry[i-1]
	}
	q.hungry[i] = w
}

// A waitingTaker is a taker in the row, by when it had been served last as it came.
type waitingTaker struct {
	t      *taker
	served uint64
}

func (w waitingTaker) before(o waitingTaker) bool {
	return w.served < o.served || w.served == o.served && w.t.place < o.t.place
}

// nextHungry is the taker, of those that want a message, that was served longest ago; of
// those that never were, the first in the file. nil: none wants one.
func (q *queue) nextHungry() *taker {
	for q.hungryHead < len(q.hungry) {
		w := q.hungry[q.hungryHead]
		q.hungryHead++
		if w.t.served != w.served { // it has helped itself meanwhile
			q.await(w.t)
			continue
		}
		w.t.hungry = false
		return w.t
	}
	q.hungry, q.hungryHead = q.hungry[:0], 0
	return nil
}

// start lets a thread of the taker's instance take up a delivery.
func (s *System) start(t *taker, d int32) {
	dl := &s.deliveries[d]
	if dl.message >= 0 {
		dl.attempt = s.startAttempt(t.in, t.link.edge, dl.key, d, s.messages[dl.message].trail)
		return
	}
	trail := dl.trail
	dl.trail = none
	dl.attempt = s.startAttempt(t.in, t.link.edge, dl.key, d, trail)
	s.attempts[dl.attempt].flags |= abandoned // nobody needs it any more
	if trail >= 0 {
		s.closeTrail(trail)
	}
}

// startAttempt begins work for a message, delivery or member ref, on an idle thread.
func (s *System) startAttempt(in *instance, e *edge, key des.Key, ref, trail int32) int32 {
	a := s.newAttempt()
	at := &s.attempts[a]
	op := e.op
	at.key = key
	at.sent, at.arrived = s.now, s.now
	at.call, at.edge, at.op, at.in = none, e, op, in
	at.peer, at.ticket = ref, none
	at.state, at.flags = taken, 0
	op.count.arrived++
	if !in.alone {
		in.count.arrived++
	}
	if s.warm {
		at.flags = counted | countedHere
	} else {
		op.uncounted.arrived++
		if !in.alone {
			in.uncounted.arrived++
		}
	}
	if op.tracked {
		in.takeIn(at)
		in.inOp[op.ordinal]++
		in.token = false
	}
	s.takeThread(in)
	op.waitingTime.addZeros(1, s.warm)
	if e.marked {
		s.markTaken(a, key, trail)
	}
	s.soon(doBegin, a)
	return a
}

// processed ends an attempt that worked on a message.
func (s *System) processed(a int32, at *attempt, o topology.Outcome) {
	in, ref, l, began := at.in, at.peer, at.edge.link, at.arrived
	q := l.q
	here := at.flags&countedHere != 0
	s.dropAttempt(a, at)
	switch {
	case q.plain:
		s.workedOn(l, ref, o == topology.Success, began, here)
	case q.stream():
		s.read(ref, o == topology.Success)
	default:
		s.delivered(ref, o == topology.Success)
	}
	s.release(in)
}

// forsakeAll gives back what an instance that goes down, or leaves, has at hand.
func (s *System) forsakeAll(in *instance, batches bool) {
	for _, t := range in.takers {
		if batches {
			for _, d := range t.ready {
				for d >= 0 {
					next := s.deliveries[d].next
					s.forsake(d)
					d = next
				}
			}
			t.ready = t.ready[:0]
		}
		for _, d := range t.atHand {
			s.forsake(d)
		}
		t.atHand = t.atHand[:0]
	}
}
