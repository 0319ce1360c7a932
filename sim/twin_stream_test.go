package sim_test

import (
	"slices"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// The streams of the naive twin: partitions are slices that nothing leaves, and for each
// entry and each group there is an object that knows what became of it.

type mailEntry struct {
	q         *mailQueue
	key       des.Key
	part      int
	number    int // in its partition
	published des.Time
	readable  des.Time
	poisoned  bool
	expired   bool
	ttl       *mailEvent
	reads     []*mailRead // a group each
}

// A mailRead is what a group has made of an entry.
type mailRead struct {
	e         *mailEntry
	g         *mailGroup
	state     mailState
	delivered int
	failed    int
	told      bool        // it has been done once
	fate      mailState   // the first time
	ended     des.Time    // likewise
	moves     []mailThing // where it has gone: more than once, where a batch was not acknowledged
	attempts  []*mailAttempt
	waits     []*span
	holds     []*span
}

// A mailThing is something that is published.
type mailThing interface{ settled() settled }

func (e *mailEntry) settled() (s settled) {
	s.last = e.published // which is all, where nobody reads it
	for _, rd := range e.reads {
		switch {
		case !rd.told:
			s.open = true
		case rd.fate == isDropped:
			s.lost = true
		case rd.fate == isAcknowledged:
			s.last = max(s.last, rd.ended)
		}
		for _, x := range rd.moves {
			s.add(x.settled())
		}
		for _, a := range rd.attempts {
			s.add(a.setOff())
		}
	}
	return s
}

type mailGroup struct {
	q        *mailQueue
	v        *mailService
	op       *topology.Operation
	salt     uint64
	readings []*mailReading // a partition each
	still    des.Time       // it stands still until then
	waiting  int
	held     int
	tally    sim.GroupTally
}

// A mailReading is a group's place in a partition.
type mailReading struct {
	g       *mailGroup
	part    int
	next    int
	busy    *mailMember
	owner   *mailMember
	retryAt des.Time
	retried int // entry that is not tried again before
	tally   sim.PartitionTally
}

func (r *mailReading) entries() []*mailEntry { return r.g.q.parts[r.part] }

// A mailMember is a thread of an instance, as a reader of streams.
type mailMember struct {
	in     *mailInstance
	thread int
	owns   []*mailReading
	out    bool
	stale  bool // its batch is not its own any more
	batch  []*mailItem
	at     int
	polls  int
	a      *mailAttempt
	wants  bool
}

type mailItem struct {
	r     *mailReading
	rd    *mailRead
	key   des.Key
	again bool // it had been done before
	fate  mailState
}

// members makes the members of all services and gives them their partitions.
func (w *mailTwin) members() {
	for _, v := range w.services {
		for _, q := range w.queues { // in file order
			for _, c := range v.spec.Consumes {
				if w.queues[c.Queue] != q || q.spec.Kind != topology.Stream {
					continue
				}
				op := &v.spec.Operations[c.Op]
				g := &mailGroup{q: q, v: v, op: op, salt: des.NameKey(q.spec.Name + "->" + w.p.Topology.OpName(op.Ref))}
				for part := range q.spec.Partitions {
					g.readings = append(g.readings, &mailReading{g: g, part: part, retried: -1})
				}
				v.readings = append(v.readings, g.readings...)
				v.groups = append(v.groups, g)
				q.groups = append(q.groups, g)
			}
		}
		if len(v.groups) == 0 {
			continue
		}
		threads := v.spec.Threads
		if threads == topology.Unlimited {
			threads = len(v.readings) + 64 // more than are ever put out at once
		}
		for thread := range threads {
			for _, in := range v.instances {
				m := &mailMember{in: in, thread: thread}
				v.members = append(v.members, m)
				in.members = append(in.members, m)
			}
		}
		v.deal()
	}
}

// deal deals the partitions out, and says whether that changes who has which.
func (v *mailService) deal() bool {
	var active []*mailMember
	for _, m := range v.members {
		if m.owns = nil; m.in.down == 0 && !m.out {
			active = append(active, m)
		}
	}
	changed := !slices.Equal(active, v.active)
	v.active = active
	for i, r := range v.readings {
		if r.owner = nil; len(active) > 0 {
			r.owner = active[i%len(active)]
			r.owner.owns = append(r.owner.owns, r)
		}
	}
	return changed
}

func (w *mailTwin) regroupSoon(v *mailService) {
	if v.regroups || len(v.groups) == 0 {
		return
	}
	v.regroups = true
	w.later(func() {
		v.regroups = false
		if v.deal() {
			for _, g := range v.groups {
				if d := des.Time(g.q.spec.Rebalance); d > 0 {
					g.still = w.now + d
					w.after(d, func() { w.nudgeAll(g.readings) })
				}
			}
		}
		w.nudgeAll(v.readings)
	})
}

func (w *mailTwin) nudgeAll(l []*mailReading) {
	for _, r := range l {
		w.nudge(r.owner)
	}
	for _, r := range l {
		w.seeGroup(r.g, r)
	}
}

// append appends a message to the partition of its key.
func (w *mailTwin) append(q *mailQueue, key des.Key, k int, poisoned bool) *mailEntry {
	e := &mailEntry{q: q, key: key, part: k % q.spec.Partitions, published: w.now, poisoned: poisoned}
	q.entries = append(q.entries, e)
	log := q.parts[e.part]
	e.number = len(log)
	e.readable = w.now + w.delay(q, key)
	behind := e.number > 0 && log[e.number-1].readable >= e.readable // one that is not readable before
	if behind {
		e.readable = log[e.number-1].readable
	}
	q.parts[e.part] = append(log, e)
	for _, g := range q.groups {
		e.reads = append(e.reads, &mailRead{e: e, g: g})
		w.waits(e.reads[len(e.reads)-1])
	}
	if q.spec.Retention > 0 {
		w.keep(e, des.Time(q.spec.Retention))
	}
	if e.readable > w.now && !behind {
		w.after(e.readable-w.now, func() { w.nudgeReaders(e) }).part = e.part + 1
	}
	return e
}

// keep lets an entry be gone after d.
func (w *mailTwin) keep(e *mailEntry, d des.Time) {
	e.ttl = w.after(d, func() {
		for _, old := range e.q.parts[e.part] {
			if !old.expired && old.published <= e.published { // with others of the same instant
				w.expire(old)
			}
		}
		w.nudgeReaders(e)
	})
	e.ttl.part = e.part + 1
}

// expire drops an entry for the groups that have not taken it up.
func (w *mailTwin) expire(e *mailEntry) {
	e.expired = true
	for i, g := range e.q.groups {
		if r := g.readings[e.part]; r.next <= e.number {
			r.next = e.number + 1
			w.conclude(e.reads[i], isDropped)
		}
	}
}

// nudgeReaders lets those who read an entry's partition look at it.
func (w *mailTwin) nudgeReaders(e *mailEntry) {
	for _, g := range e.q.groups {
		w.nudge(g.readings[e.part].owner)
	}
	for _, g := range e.q.groups {
		w.seeGroup(g, g.readings[e.part])
	}
}

// waits lets an entry wait for its group.
func (w *mailTwin) waits(rd *mailRead) {
	rd.state = isReadable
	rd.waits = append(rd.waits, &span{w.now, forever})
	rd.g.waiting++
}

// leaves ends an entry's waiting or being held.
func (w *mailTwin) leaves(rd *mailRead) {
	if rd.state == isHeld {
		rd.g.held--
		rd.holds[len(rd.holds)-1].to = w.now
	} else {
		rd.g.waiting--
		rd.waits[len(rd.waits)-1].to = w.now
	}
}

// seeGroup notes how much a group has left.
func (w *mailTwin) seeGroup(g *mailGroup, r *mailReading) {
	t := &g.tally
	t.DepthMax = max(t.DepthMax, uint64(g.waiting))
	t.LagMax = max(t.LagMax, uint64(g.waiting+g.held))
	lag := uint64(0)
	for _, e := range r.entries() {
		for _, rd := range e.reads {
			if rd.g == g && rd.state <= isHeld {
				lag++
			}
		}
	}
	r.tally.LagMax = max(r.tally.LagMax, lag)
}

// conclude ends an entry for a group.
func (w *mailTwin) conclude(rd *mailRead, fate mailState) {
	w.leaves(rd)
	rd.state, rd.failed = fate, 0
	if !rd.told {
		rd.told, rd.fate, rd.ended = true, fate, w.now
	}
}

// oldest is the reading of a member with the oldest message that it may read now, of a group
// or of any.
func (w *mailTwin) oldest(m *mailMember, g *mailGroup) (best *mailReading) {
	at := func(r *mailReading) des.Time { return r.entries()[r.next].published }
	for _, r := range m.owns {
		switch {
		case g != nil && r.g != g, r.busy != nil && (g == nil || r.busy != m):
		case r.next == len(r.entries()) || r.entries()[r.next].readable > w.now:
		case r.retried == r.next && r.retryAt > w.now, r.g.still > w.now, r.g.q.outages > 0:
		case best == nil || at(r) < at(best):
			best = r
		}
	}
	return best
}

// nudge lets a member work on what there is for it, now or as soon as it has a thread.
func (w *mailTwin) nudge(m *mailMember) {
	if m == nil || m.a != nil || m.at == len(m.batch) && w.oldest(m, nil) == nil {
		return
	}
	if m.in.ready() {
		m.wants = false
		m.in.wanting = less(m.in.wanting, m)
		w.proceed(m)
	} else if !m.wants {
		m.wants = true
		m.in.wanting = append(m.in.wanting, m)
	}
}

// readFor lets an idle thread work for a member that waits for one.
func (w *mailTwin) readFor(in *mailInstance) bool {
	for len(in.wanting) > 0 {
		m := in.wanting[0]
		in.wanting = in.wanting[1:]
		m.wants = false
		if m.at < len(m.batch) || w.oldest(m, nil) != nil {
			w.proceed(m)
			return true
		}
	}
	return false
}

func (w *mailTwin) proceed(m *mailMember) {
	if m.at == len(m.batch) {
		w.poll(m)
	}
	it := m.batch[m.at]
	a := &mailAttempt{in: m.in, op: it.r.g.op, key: it.key, member: m, item: it, arrived: w.now, useless: forever}
	if m.stale {
		a.useless = w.now
	}
	if !it.again && !(m.stale && it.rd.told) { // else what it sets off is of no request any more
		it.rd.attempts = append(it.rd.attempts, a)
	}
	m.a = a
	w.attempts = append(w.attempts, a)
	w.take(a)
}

// poll lets a member take up messages.
func (w *mailTwin) poll(m *mailMember) {
	m.batch, m.at = nil, 0
	m.polls++
	g := w.oldest(m, nil).g
	most := 1
	if k := g.q.spec.MaxPoll; k != nil {
		most = k.Records
		n := m.polls
		w.after(des.Time(k.Interval), func() {
			if m.polls == n && len(m.batch) > 0 && !m.stale {
				w.takeAway(m)
				m.out = true
				w.regroupSoon(g.v)
				w.tied = w.tied || g.v.putOut == w.now
				g.v.putOut = w.now
			}
		})
	}
	for len(m.batch) < most {
		r := w.oldest(m, g)
		if r == nil {
			break
		}
		m.batch = append(m.batch, w.read(m, r))
	}
}

// read hands a member the next entry of a partition.
func (w *mailTwin) read(m *mailMember, r *mailReading) *mailItem {
	g := r.g
	e := r.entries()[r.next]
	rd := e.reads[slices.Index(g.q.groups, g)]
	it := &mailItem{r: r, rd: rd, key: e.key.With(g.salt), again: rd.told, fate: isAcknowledged}
	g.tally.Delivered++
	if rd.delivered++; rd.delivered > 1 {
		g.tally.Redelivered++
		n := uint64(rd.failed)
		if rd.told {
			n++
		}
		it.key = it.key.With(sim.SaltDelivery + n<<16)
		for _, o := range g.v.members {
			if o.stale && slices.ContainsFunc(o.batch[o.at:], func(x *mailItem) bool { return x.rd == rd }) {
				g.tally.Duplicates++
				break
			}
		}
	}
	w.leaves(rd)
	rd.state = isHeld
	rd.holds = append(rd.holds, &span{w.now, forever})
	g.held++
	r.next++
	r.busy = m
	return it
}

// hasRead ends a member's work on a message.
func (w *mailTwin) hasRead(m *mailMember, success bool) {
	it := m.batch[m.at]
	q := it.r.g.q
	m.a = nil
	switch {
	case m.stale || success:
	case q.spec.OnFailure == topology.RetryInPlace:
		every := des.Time(q.spec.RetryEvery)
		it.r.retryAt, it.r.retried = w.now+every, it.rd.e.number
		w.after(every, func() { w.nudge(it.r.owner) })
		w.endBatch(m, m.at)
		return
	case q.spec.OnFailure == topology.DeadLetterFailed && q.dead != nil && w.hasRoom(q.dead):
		it.fate = isMoved
		x := w.carry(q.dead, it.rd.e.key.With(q.dead.salt), it.rd.e.part, it.rd.e.poisoned)
		if !it.again {
			it.rd.moves = append(it.rd.moves, x)
		}
	default:
		it.fate = isDropped
	}
	if m.at++; m.at < len(m.batch) {
		w.nudge(m)
		return
	}
	w.endBatch(m, len(m.batch))
}

// endBatch acknowledges the first n of a member's batch and gives back the rest.
func (w *mailTwin) endBatch(m *mailMember, n int) {
	batch := m.batch
	m.batch, m.at = nil, 0
	if m.stale {
		m.stale = false
		if m.out {
			m.out = false
			w.regroupSoon(m.in.service)
		}
		w.nudge(m)
		return
	}
	if batch[0].r.g.q.outages > 0 { // nobody hears of it
		n = 0
	}
	for _, it := range batch[:n] {
		w.conclude(it.rd, it.fate)
	}
	w.giveBack(batch[n:])
	for _, it := range batch {
		it.r.busy = nil
	}
	for _, it := range batch {
		if it.r.owner != m {
			w.nudge(it.r.owner)
		}
	}
	w.nudge(m)
	for _, it := range batch {
		w.seeGroup(it.r.g, it.r)
	}
}

// giveBack lets messages wait again that were handed out.
func (w *mailTwin) giveBack(batch []*mailItem) {
	for _, it := range batch {
		it.r.busy = nil
		if it.rd.e.expired {
			w.conclude(it.rd, isDropped)
			continue
		}
		it.rd.failed++
		it.r.next = min(it.r.next, it.rd.e.number)
		w.leaves(it.rd)
		w.waits(it.rd)
	}
}

// takeAway takes a member's batch from it, which it does not hear of.
func (w *mailTwin) takeAway(m *mailMember) {
	w.giveBack(m.batch)
	m.stale = true
	if m.a != nil {
		m.a.useless = w.now
	}
}

// loseReads gives back what the members of an instance had that goes down.
func (w *mailTwin) loseReads(in *mailInstance) {
	for _, m := range in.members {
		if !m.stale {
			w.giveBack(m.batch)
		}
		m.batch, m.at, m.a, m.stale, m.out, m.wants = nil, 0, nil, false, false, false
	}
	in.wanting = nil
	w.regroupSoon(in.service)
}

// rewind takes a group back.
func (w *mailTwin) rewind(g *mailGroup, by des.Time) {
	for _, m := range g.v.members {
		if len(m.batch) > 0 && !m.stale && m.batch[0].r.g == g {
			if w.takeAway(m); m.a == nil { // it has not begun with the next, and need not
				m.batch, m.at, m.stale = nil, 0, false
			}
		}
	}
	for _, r := range g.readings {
		for _, e := range r.entries()[:r.next] {
			if e.expired || e.published < w.now-by {
				continue
			}
			w.waits(e.reads[slices.Index(g.q.groups, g)])
			r.next = min(r.next, e.number)
		}
	}
	w.pumpSoon(g.q)
}

// tallyGroup works out the rest of a group's tally from its entries.
func (w *mailTwin) tallyGroup(g *mailGroup) *sim.GroupTally {
	t := &g.tally
	end := w.p.Duration
	t.Latency = new(hist.Hist)
	for _, r := range g.readings {
		p := r.tally
		for _, e := range r.entries() {
			rd := e.reads[slices.Index(g.q.groups, g)]
			switch rd.state {
			case isHeld:
				t.Held++
				p.Lag++
			case isAcknowledged:
				t.Acknowledged++
				p.Acknowledged++
			case isDropped:
				t.Dropped++
			case isMoved:
				t.DeadLettered++
			default:
				t.Waiting++
				p.Lag++
			}
			if rd.told && rd.fate == isAcknowledged {
				t.Latency.Add(int64(rd.ended - e.published))
			}
			for _, s := range rd.waits {
				t.WaitingTime += s.within(end)
				p.LagTime += s.within(end)
				if s.to > s.from {
					t.AgeMax = max(t.AgeMax, min(s.to, end)-e.published)
				}
			}
			for _, s := range rd.holds {
				t.HeldTime += s.within(end)
				p.LagTime += s.within(end)
			}
		}
		p.Left = p.Lag
		t.Partitions = append(t.Partitions, p)
	}
	return t
}

// stream makes one, which gives its dead letters to a queue behind it.
func (m mailMaker) stream(i, n int) topology.Queue {
	q := topology.Queue{Name: m.name(i), Kind: topology.Stream, DeadLetter: topology.None, Partitions: m.n("partitions", 1, 5), Capacity: topology.Unlimited,
		OnFailure: topology.OnFailure(m.n("on failure", 0, 1)), RetryEvery: m.span("retry every", 20)}
	if m.once("latency", 3) {
		q.Latency = topology.Exponential(m.span("latency", 20)) // not at one instant in two partitions
	}
	if i+1 < n && m.once("dead letters", 2) {
		q.OnFailure, q.DeadLetter = topology.DeadLetterFailed, m.n("dead letters", i+1, n-1)
	}
	if m.once("retention", 3) {
		q.Retention = m.span("retention", 150)
	}
	if m.once("rebalance", 2) {
		q.Rebalance = m.span("rebalance", 20)
	}
	if m.once("max poll", 3) {
		q.MaxPoll = &topology.MaxPoll{Records: m.n("records", 1, 6), Interval: m.span("interval", 60)}
	}
	return q
}

// The engine and its twin come to the same of streams, alone and mixed with queues of work.
func TestTwinOfStreams(t *testing.T) {
	var sum sim.QueueTally
	ties := 0
	manyChecks(t, func(t *rapid.T) {
		m := mailMaker{maker{T: t}, true, new(int)}
		p := m.plan()
		for i := range m.n("faults", 0, 4) {
			p.Faults = append(p.Faults, m.fault(p, i))
		}
		w := compareMail(t, p)
		if w.tied {
			ties++
		}
		for _, q := range w.queues {
			sum.Published += uint64(len(q.entries))
			for _, g := range q.groups {
				addQueue(&sum, &sim.QueueTally{GroupTally: g.tally})
			}
		}
	})
	t.Logf("%d ties, %+v", ties, sum)
}
