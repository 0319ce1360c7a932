package sim

import (
	"slices"

	"cascade/sim/des"
	"cascade/topology"
)

// A message of a queue of work, from its publish to the end of it:
//
//	publish ──▶ delayed ──▶ readable ── hand-out ──▶ held ── success ──▶ gone
//	 latency       ▲                                  │ failure, visibility, crash
//	               └────────── redelivery ◀───────────┤
//	                                                  └─ received too often ──▶ dead-lettered
//
// The messages of a stream are entries of its logs (stream.go).
type message struct {
	key       des.Key  // its luck
	seq       uint64   // of the event that makes it readable
	published des.Time // in this queue
	q         *queue
	ttl       alarm
	next      int32 // in the list of the readable, or of the free
	prev      int32
	behind    int32  // fifo: the next of its key
	before    int32  // fifo: the one before it
	group     int32  // its key
	trail     int32  // whose completion waits for it; none
	holder    int32  // the delivery that hides it; none: it waits
	out       int32  // the first of its deliveries that are not over
	receives  int32  // hand-outs
	serial    uint64 // how manieth publish of its queue it is
	state     uint8
	flags     uint8
}

// What a message is at.
const (
	msgFree  uint8 = iota
	delayed        // not readable yet
	readable       // waits for a consumer; listed, unless it waits for another of its key
	held           // a consumer has it
)

// Flags of a message, and of its deliveries.
const (
	msgCounted uint8 = 1 << iota // published here after the warm-up
	poisoned                     // it fails whenever it is taken up
	listed                       // it is in the list of the readable
	dated                        // its queue's ager has it
	tooOld                       // its ttl ran out while it was held
	unseen                       // of a delivery: the queue had a visibility, and nobody sees its consumer go
)

// inThread stands for the holder of a message of a plain queue: a thread works on it.
const inThread = -2

// A delivery is one hand-out of a message to an instance. A plain queue does without:
// its consumers have no more than they work on, and none loses a message while it does,
// so that the message tells all.
type delivery struct {
	key     des.Key // luck of the work
	hide    alarm   // its visibility; set while it is the holder
	began   des.Time
	taker   *taker
	message int32 // none: it is of no consequence any more
	attempt int32 // that works on it; none: none does, not yet or not any more
	next    int32 // in its batch, or of the free
	other   int32 // the next of the message's deliveries
	trail   int32 // that its work, yet to begin, is under where the message is gone; none
	flags   uint8
	ghost   bool // its consumer is gone, and the broker does not know
}

func (s *System) newMessage() (int32, *message) {
	m := s.freeMessage
	if m >= 0 {
		s.freeMessage = s.messages[m].next
	} else {
		if len(s.messages) >= s.mostMessages {
			s.stop("more than %d messages in queues: bound them with capacity, ttl or max_receives, or lower the rate", s.mostMessages)
		}
		s.messages = append(s.messages, message{behind: none, before: none, holder: none, out: none})
		m = int32(len(s.messages) - 1)
	}
	return m, &s.messages[m] // as a message leaves it behind: of no key, held by nobody
}

func (s *System) dropMessage(m int32) {
	ms := &s.messages[m]
	s.clearAlarm(&ms.ttl)
	ms.state, ms.seq, ms.holder = msgFree, 0, none
	ms.next = s.freeMessage
	s.freeMessage = m
}

func (s *System) newDelivery() (int32, *delivery) {
	d := s.freeDelivery
	if d >= 0 {
		s.freeDelivery = s.deliveries[d].next
	} else {
		if len(s.deliveries) >= s.mostMessages {
			s.stop("more than %d deliveries under way: bound them with prefetch or max_receives", s.mostMessages)
		}
		s.deliveries = append(s.deliveries, delivery{})
		d = int32(len(s.deliveries) - 1)
	}
	dl := &s.deliveries[d]
	*dl = delivery{attempt: none, next: none, other: none, trail: none}
	return d, dl
}

func (s *System) dropDelivery(d int32) {
	dl := &s.deliveries[d]
	s.clearAlarm(&dl.hide)
	dl.taker = nil
	dl.next = s.freeDelivery
	s.freeDelivery = d
}

// A queue is one of the topology's, of work or a stream.
type queue struct {
	spec   *topology.Queue // as it is in force
	number int32
	salt   uint64
	dead   *queue // where dead letters go; nil: they are dropped
	outage int32  // outages in force
	faults *queueFaults

	delay    sampler
	near     bool  // its latency is 0
	straight bool  // what is published may go straight to a consumer
	capacity int32 // waiting messages; topology.Unlimited
	ttl      int32 // timer; none

	// Of a queue of work.
	head, tail  int32 // the list of the readable
	keys        map[int32]keyGroup
	hungry      []waitingTaker // that want a message, in the order in which they get one
	hungryHead  int
	places      int32 // takers, of all links
	blockedHead int32 // calls that wait for a place
	blockedTail int32
	links       []*link
	ages        ager
	pumped      bool // it is to be pumped in this instant
	plain       bool // its messages have no deliveries

	waiting   integral
	holding   integral
	depthMax  peak
	lagMax    peak
	count     queueCount
	latency   track // from publish to acknowledgement, of what is not in its links'
	latencies spread

	uncounted, seen queueCount

	logs *logs // of a stream
}

// A keyGroup are the messages of a fifo queue that have the same key, the first one out
// or next.
type keyGroup struct{ head, tail int32 }

// queueFaults are the faults in force on a queue.
type queueFaults struct {
	latency, poison []*fault
}

// queueCount counts what happened to the messages of a queue, or of a group of a
// stream.
type queueCount struct {
	published, full, refused, timedOut, redriven uint64
	delivered, redelivered, duplicates           uint64
	acknowledged, deadLettered, dropped          uint64
}

func (q *queue) stream() bool { return q.logs != nil }

// A link is a queue that a service consumes.
type link struct {
	q        *queue
	v        *service
	spec     *topology.Consume
	edge     *edge // of its attempts; no call
	salt     uint64
	prefetch int32
	batch    int32
	hide     int32 // timer of the visibility; none
	takers   []taker
	latency  track // of a plain queue: what was taken up as it was published, the same for the queue and the operation
}

// A taker is an instance that takes messages from a queue.
type taker struct {
	link   *link
	in     *instance
	hungry bool    // it stands in queue.hungry
	place  int32   // among all takers of the queue
	served uint64  // the queue's how-manieth hand-out was the last that it got
	has    int32   // deliveries that it has not ended
	atHand []int32 // prefetched
	ready  []int32 // the next delivery of each batch that has none in a thread
}

// checkQueues holds what is counted step by step against the records.
func (s *System) checkQueues(t *Totals, law func(holds bool, format string, args ...any)) {
	waiting, holding := make([]int64, len(s.queues)), make([]int64, len(s.queues))
	deliveries := map[int32]int32{} // by message
	for i := range s.messages {
		m := &s.messages[i]
		switch m.state {
		case delayed, readable:
			waiting[m.q.number]++
			law(m.holder < 0, "a message of %s waits and is held", m.q.spec.Name)
		case held:
			holding[m.q.number]++
			law(m.q.plain && m.holder == inThread || m.holder >= 0 && s.deliveries[m.holder].message == int32(i), "a message of %s is held by nobody", m.q.spec.Name)
		}
		if m.state != msgFree {
			for d := m.out; d >= 0; d = s.deliveries[d].other {
				deliveries[int32(i)]++
				law(s.deliveries[d].message == int32(i), "a delivery of %s is of another message", m.q.spec.Name)
			}
		}
	}
	has := map[*taker]int32{}
	for i := range s.deliveries {
		if d := &s.deliveries[i]; d.taker != nil {
			if !d.ghost {
				has[d.taker]++
			}
			if d.message >= 0 {
				deliveries[d.message]--
			}
		}
	}
	lost := 0
	for i := range s.messages {
		if deliveries[int32(i)] != 0 {
			lost++
		}
	}
	law(lost == 0, "%d messages do not know all of their deliveries", lost)
	for _, l := range s.links {
		for i := range l.takers {
			t := &l.takers[i]
			law(t.has == has[t], "instance %d of %s has %d deliveries of %s, counted %d", i, l.v.spec.Name, has[t], l.q.spec.Name, t.has)
		}
	}
	for i := range s.queues {
		q, tq := &s.queues[i], &t.Queues[i]
		name := q.spec.Name
		if q.stream() {
			s.checkLogs(q, tq, law)
			continue
		}
		law(q.waiting.n == waiting[i], "queue %s: %d waiting, counted %d", name, waiting[i], q.waiting.n)
		law(q.holding.n == holding[i], "queue %s: %d held, counted %d", name, holding[i], q.holding.n)
		law(tq.Published == tq.Acknowledged+tq.DeadLettered+tq.Dropped+tq.Waiting+tq.Held, "queue %s: published %d, acknowledged %d, dead-lettered %d, dropped %d, waiting %d, held %d",
			name, tq.Published, tq.Acknowledged, tq.DeadLettered, tq.Dropped, tq.Waiting, tq.Held)
		law(tq.Acknowledged-tq.Redriven == tq.Latency.Count(), "queue %s: acknowledged %d, redriven %d, latencies %d", name, tq.Acknowledged, tq.Redriven, tq.Latency.Count())
		law(tq.Delivered >= tq.Redelivered && tq.Redelivered >= tq.Duplicates, "queue %s: delivered %d, redelivered %d, duplicates %d", name, tq.Delivered, tq.Redelivered, tq.Duplicates)
	}
	s.checkLists(law)
	s.checkRest(law)
	s.checkTrails(law)
}

// checkLists holds the lists of queues against the records that are to be in them.
func (s *System) checkLists(law func(holds bool, format string, args ...any)) {
	inList, first, inKeys := make([]int, len(s.queues)), make([]int, len(s.queues)), make([]int, len(s.queues))
	for i := range s.messages {
		m := &s.messages[i]
		if m.state == msgFree {
			continue
		}
		if m.flags&listed != 0 {
			inList[m.q.number]++
		}
		if m.state == readable && m.before < 0 {
			first[m.q.number]++
		}
		if m.q.spec.FIFO {
			inKeys[m.q.number]++
			law(m.before < 0 || m.state != held, "a message of %s is held before another of its key", m.q.spec.Name)
		}
	}
	waiting := make([]int, len(s.queues))
	for i := range s.calls {
		if cl := &s.calls[i]; cl.state == blocked {
			waiting[cl.edge.q.number]++
		}
	}
	for i := range s.queues {
		q := &s.queues[i]
		name := q.spec.Name
		n := 0
		for m := q.head; m >= 0; m = s.messages[m].next {
			n++
		}
		law(n == inList[i] && n == first[i], "queue %s: %d in the list of the readable, %d say that they are, and %d are to be", name, n, inList[i], first[i])
		n = 0
		for _, g := range q.keys { // only counted: the order does not matter
			for m := g.head; m >= 0; m = s.messages[m].behind {
				n++
			}
		}
		law(n == inKeys[i], "queue %s: %d messages stand with their keys, of %d", name, n, inKeys[i])
		n = 0
		for c := q.blockedHead; c >= 0; c = s.calls[c].follower {
			n++
		}
		law(n == waiting[i], "queue %s: %d publishers in the list of those that wait, of %d", name, n, waiting[i])
		in := map[*taker]int{}
		for _, w := range q.hungry[q.hungryHead:] {
			t := w.t
			in[t]++
			law(t.hungry && in[t] == 1, "queue %s: instance %d of %s stands %d times in line", name, t.in.ordinal, t.link.v.spec.Name, in[t])
		}
		for _, l := range q.links {
			for k := range l.takers {
				t := &l.takers[k]
				law(!t.hungry || in[t] == 1, "queue %s: instance %d of %s is to be in line", name, k, l.v.spec.Name)
				most := l.prefetch
				if l.v.bounded() {
					most = max(most, s.mostThreads(l.v))
				}
				law(l.prefetch == 0 || t.has <= most, "queue %s: instance %d of %s has %d messages, of at most %d", name, k, l.v.spec.Name, t.has, most)
			}
		}
	}
}

// checkRest says that nothing is left to do in this instant: nobody waits for what is
// there.
func (s *System) checkRest(law func(holds bool, format string, args ...any)) {
	if s.err != nil {
		return // stopped in the midst of an instant
	}
	for _, l := range s.links {
		q := l.q
		if q.stream() {
			continue
		}
		for i := range l.takers {
			t := &l.takers[i]
			in := t.in
			idle := in.freeFor(l.edge.op)
			law(!idle || len(t.ready)+len(t.atHand) == 0, "queue %s: instance %d of %s is idle, and has %d messages at hand", q.spec.Name, i, l.v.spec.Name, len(t.ready)+len(t.atHand))
			if q.head < 0 || q.outage > 0 || !in.up || in.leaving {
				continue
			}
			wants := idle
			if l.prefetch > 0 {
				wants = t.hasRoom()
			}
			law(!wants, "queue %s: a message is readable, and instance %d of %s wants one", q.spec.Name, i, l.v.spec.Name)
		}
	}
	for i := range s.queues {
		q := &s.queues[i]
		law(q.blockedHead < 0 || q.full() && q.outage == 0 && q.spec.OnFull == topology.BlockPublish, "queue %s: a publisher waits for a place, and is not to", q.spec.Name)
	}
	for _, m := range s.members {
		in := m.in
		law(!m.wanting || slices.Contains(in.wanting, m), "instance %d of %s does not know what its thread %d wants", in.ordinal, in.service.spec.Name, m.thread)
		if m.attempt >= 0 || !in.up {
			continue
		}
		if l := s.workOf(m); l != nil && (m.at < len(m.batch) || s.oldestOf(m, nil).restsUntil() < s.now) { // what is due now is to come
			law(m.wanting && !in.freeFor(l.edge.op), "stream %s: thread %d of instance %d of %s does not read what is there", l.q.spec.Name, m.thread, in.ordinal, in.service.spec.Name)
		}
	}
}

// restsUntil is when a reading may be gone on with.
func (r *reading) restsUntil() des.Time { return max(r.retryAt, r.g.still) }

// freeFor says whether an instance could take up a message for an operation.
func (in *instance) freeFor(op *operation) bool {
	switch {
	case in.idle <= 0 || !in.open:
		return false
	case !op.tracked:
		return true
	case op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead, in.limit != nil && int(in.inHand) >= in.limit.Limit():
		return false
	}
	return in.limiter == nil || in.token
}
