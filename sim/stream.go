package sim

import (
	"cmp"
	"slices"
	"sort"

	"cascade/sim/des"
	"cascade/topology"
)

// A stream is a log of partitions. Each service that consumes it is a group, which reads
// all of it: a place in each partition, and a member that goes on from there. Members
// are the service's threads; the partitions of all streams that it reads are dealt out
// over them. A member takes up one message, or as many as a poll may have, works through
// them and acknowledges them together.
type logs struct {
	parts      []*partition
	groups     []*group // as topology.Groups has them
	keep       des.Time // entries are kept so long for rewinds, read or not
	rewindable bool
}

// A partition is a part of a log: entries in order.
type partition struct {
	q       *queue
	number  int32 // in System.partitions
	place   int   // in its stream
	entries []entry
	first   int64    // offset of the first entry that is kept
	open    int64    // offset of the first that is not readable yet
	expired int64    // offset of the first that the retention keeps
	last    des.Time // when the last entry becomes readable
	alarm   uint64   // of the event at which one becomes readable, or too old
	alarmAt des.Time
}

// An entry is a message of a partition.
type entry struct {
	key       des.Key
	published des.Time
	readable  des.Time
	trail     int32
	left      int16 // groups that have not done with it
	counted   bool
	poisoned  bool
}

// undone is the first offset that is not done.
func (r *reading) undone() int64 {
	if r.held > 0 {
		return r.first
	}
	return r.next
}

// tell counts something that happens to an entry.
func (e *entry) tell(count, uncounted *uint64) {
	*count++
	if !e.counted {
		*uncounted++
	}
}

func (p *partition) end() int64          { return p.first + int64(len(p.entries)) }
func (p *partition) at(off int64) *entry { return &p.entries[off-p.first] }

// A group is a service that reads a stream.
type group struct {
	q        *queue
	link     *link
	crew     *crew
	readings []*reading // as the stream's partitions
	still    des.Time   // it stands still until then

	waiting, holding       integral
	depthMax, lagMax       peak
	count, uncounted, seen queueCount
	undone, undoneEarly    queueCount // what rewinds have taken back of count and of uncounted
	latencyOf              track
}

// A reading is a group's place in a partition: from next on nothing has been handed out,
// and below it all is done but for the held entries from first on. Between those and next
// may be some that have become too old meanwhile.
type reading struct {
	g        *group
	p        *partition
	next     int64
	first    int64
	held     int64
	high     int64 // first offset that was never handed out
	done     int64 // first offset that was never done with
	owner    *member
	busy     *member  // that has what is held
	retryAt  des.Time // a failed message is tried again then
	retried  int64    // which
	lag      integral
	lagMax   peak
	acked    counter
	unread   counter // what rewinds have taken back of it
	age      aging
	fates    []fate          // of the entries, where there may be a rewind
	failed   map[int64]int32 // how often what is not done with has been given back
	position int             // in its crew's
	listed   bool            // it is in its owner's work
}

// A fate is what a group has made of an entry.
type fate uint8

const (
	fateOpen fate = iota
	fateAcknowledged
	fateDropped
	fateDead
)

// A crew are the threads of a service as members of the groups that it is in.
type crew struct {
	v        *service
	number   int32
	groups   []*group
	readings []*reading  // of all groups, in file order
	members  []*member   // all that are known, thread 0 of each instance first
	byThread [][]*member // those of each instance
	active   []*member   // those that have something to read
	roll     []int32     // threads of each instance that are members
	moved    bool        // one was put out, or has returned
	stale    []*member   // that work on what is not theirs any more
	alarms   []crewAlarm
	changed  bool // it is to be dealt out anew in this instant
}

// A crewAlarm is something that a crew waits for: the end of a standstill, the next try
// of a failed message, or the time that a member may take for a batch.
type crewAlarm struct {
	seq uint64
	g   *group
	r   *reading
	m   *member
}

// A member is a thread of an instance.
type member struct {
	crew    *crew
	in      *instance
	number  int32 // in System.members
	thread  int32
	work    []*reading // that are its, and at which there is something to read
	batch   []item
	at      int      // the one it works on, or comes to next
	due     des.Time // when it is put out if it is not through with its batch; des.Never
	attempt int32    // that works for it; none
	watched des.Time // when it is looked next whether it takes too long; 0: it is not
	wanting bool     // it stands in its instance's wanting
	stale   bool     // its batch is given back: it does not know
	out     bool     // put out of the group
}

// An item is an entry that was handed out.
type item struct {
	r        *reading
	offset   int64
	key      des.Key
	trail    int32
	fate     fate
	poisoned bool
	again    bool // the group has done with it once: it has gone back since
}

func (m *member) poisoned() bool { return m.batch[m.at].poisoned }

func (s *System) compileLogs(q *queue) {
	l := &logs{}
	for range q.spec.Partitions {
		p := &partition{q: q, number: int32(len(s.partitions)), place: len(l.parts)}
		s.partitions = append(s.partitions, p)
		l.parts = append(l.parts, p)
	}
	for i := range s.plan.Faults {
		if f := &s.plan.Faults[i]; f.Kind == Rewind && slices.Contains(f.Queues, int(q.number)) {
			l.rewindable = true
			l.keep = max(l.keep, f.By)
		}
	}
	q.logs, q.capacity = l, topology.Unlimited
}

// compileCrews makes the groups of the streams and the members that read them.
func (s *System) compileCrews() {
	for i := range s.services {
		v := &s.services[i]
		c := &crew{v: v, number: int32(len(s.crews))}
		for k := range s.queues {
			q := &s.queues[k]
			for _, l := range q.links {
				if l.v != v || !q.stream() {
					continue
				}
				g := &group{q: q, link: l, crew: c}
				for _, p := range q.logs.parts {
					r := &reading{g: g, p: p, position: len(c.readings)}
					g.readings = append(g.readings, r)
					c.readings = append(c.readings, r)
				}
				q.logs.groups = append(q.logs.groups, g)
				c.groups = append(c.groups, g)
			}
		}
		if len(c.groups) == 0 {
			continue
		}
		v.crew = c
		s.crews = append(s.crews, c)
		c.roll = make([]int32, len(v.members))
		c.byThread = make([][]*member, len(v.members))
		s.deal(c)
	}
}

// mostThreads is how many threads an instance may ever have.
func (s *System) mostThreads(v *service) int32 {
	n := poolSize(v.spec.Threads)
	for i := range s.plan.Faults {
		f := &s.plan.Faults[i]
		if !slices.Contains(f.Services, int(v.number)) {
			continue
		}
		switch {
		case f.Kind == Threads:
			n = max(n, int32(f.To))
		case f.Kind == Set && f.Set.Threads != nil:
			n = max(n, poolSize(*f.Set.Threads))
		}
	}
	return n
}

// deal deals the partitions out over the members that are there, and says whether these
// have changed. Those that would get none need not be known.
func (s *System) deal(c *crew) bool {
	changed := c.moved
	c.moved = false
	for k := range c.roll {
		n := int32(0)
		if in := &c.v.members[k]; in.there && in.up && !in.leaving {
			n = in.planned
		}
		changed = changed || n != c.roll[k]
		c.roll[k] = n
	}
	if !changed {
		return false
	}
	for _, m := range c.active {
		m.work = m.work[:0]
	}
	c.active = c.active[:0]
	for thread := int32(0); len(c.active) < len(c.readings) && slices.Max(c.roll) > thread; thread++ {
		for k := range c.roll {
			if c.roll[k] <= thread || len(c.active) == len(c.readings) {
				continue
			}
			if m := s.memberOf(c, k, thread); !m.out {
				c.active = append(c.active, m)
			}
		}
	}
	for i, r := range c.readings {
		r.owner, r.listed = nil, false
		if len(c.active) > 0 {
			r.owner = c.active[i%len(c.active)]
			r.list()
		}
	}
	return true
}

// memberOf is the member that a thread of an instance is; from the first time that it has
// something to read it is known.
func (s *System) memberOf(c *crew, instance int, thread int32) *member {
	for len(c.byThread[instance]) <= int(thread) {
		m := &member{crew: c, in: &c.v.members[instance], number: int32(len(s.members)), thread: int32(len(c.byThread[instance])), attempt: none}
		s.members = append(s.members, m)
		c.byThread[instance] = append(c.byThread[instance], m)
		i, _ := slices.BinarySearchFunc(c.members, m, func(a, b *member) int {
			return cmp.Or(cmp.Compare(a.thread, b.thread), cmp.Compare(a.in.ordinal, b.in.ordinal))
		})
		c.members = slices.Insert(c.members, i, m)
	}
	return c.byThread[instance][thread]
}

// regroupSoon deals a crew's partitions out anew when what is being done now is done.
func (s *System) regroupSoon(c *crew) {
	if c != nil && !c.changed {
		c.changed = true
		s.ready = append(s.ready, followUp{do: doRegroup, ref: c.number})
	}
}

// regroup deals a crew's partitions out anew, if its members have changed, and lets them
// look at what one that is none any more has given back.
func (s *System) regroup(c *crew) {
	c.changed = false
	if s.deal(c) {
		s.standStill(c)
	}
	for _, r := range c.readings {
		s.nudge(r.owner)
	}
	for _, r := range c.readings {
		s.seeGroup(r.g, r)
	}
	for k := range c.v.members {
		s.drained(&c.v.members[k])
	}
}

// standStill lets the groups of a crew rest whose members have changed.
func (s *System) standStill(c *crew) {
	for _, g := range c.groups {
		if g.q.spec.Rebalance > 0 {
			g.still = later(s.now, des.Time(g.q.spec.Rebalance))
			s.alarm(c, g.still, crewAlarm{g: g})
		}
		s.tell(Transition{At: s.now, Kind: Rebalanced, Queue: int(g.q.number), Service: int(c.v.number)})
	}
}

// alarm lets a crew wait for something.
func (s *System) alarm(c *crew, at des.Time, a crewAlarm) {
	a.seq = s.schedule(at, evCrew, c.number)
	c.alarms = append(c.alarms, a)
}

// crewDue runs when one of a crew's alarms is due.
func (s *System) crewDue(c *crew, seq uint64) {
	i, _ := slices.BinarySearchFunc(c.alarms, seq, func(a crewAlarm, seq uint64) int { return cmp.Compare(a.seq, seq) }) // in the order of their setting
	a := c.alarms[i]
	c.alarms = slices.Delete(c.alarms, i, i+1)
	switch {
	case a.m != nil:
		s.watchBatch(a.m)
	case a.r != nil:
		s.nudge(a.r.owner)
	default:
		for _, r := range a.g.readings {
			s.nudge(r.owner)
		}
	}
}

// appendTo appends a message to the partition of its key. If it is readable at once the
// partition is returned, for its readers to be told.
func (s *System) appendTo(q *queue, key des.Key, k, trail int32, poisoned bool) *partition {
	l := q.logs
	s.countOnce(&q.count.published, &q.uncounted.published)
	if len(l.groups) == 0 {
		if trail >= 0 {
			s.trails[trail].last = s.now
		}
		return nil // nobody will ever read it: it is done
	}
	if s.entries++; s.entries > s.mostMessages {
		s.stop("more than %d messages in streams: bound them with retention, or lower the rate", s.mostMessages)
	}
	p := l.parts[int(k)%len(l.parts)]
	p.last = max(p.last, later(s.now, s.delayOf(q, key)))
	off := p.end()
	p.entries = append(p.entries, entry{key: key, published: s.now, readable: p.last, trail: trail, left: int16(len(l.groups)), counted: s.warm, poisoned: poisoned})
	if trail >= 0 {
		s.trails[trail].open++
	}
	for _, g := range l.groups {
		r := g.readings[p.place]
		g.waiting.enter(s.now)
		r.lag.enter(s.now)
		if r.next == off {
			r.age.change(s.now, true, s.now)
		}
		if l.rewindable {
			r.fates = append(r.fates, fateOpen)
		}
	}
	now := p.last == s.now && p.open == off
	if now {
		p.open++
		p.listReaders()
	}
	if p.open < p.end() || q.spec.Retention > 0 {
		s.armPartition(p)
	}
	if !now {
		s.seePartition(p)
		return nil
	}
	return p
}

// seePartition notes how much the groups have left, when what can be read has been handed
// out.
func (s *System) seePartition(p *partition) {
	for _, g := range p.q.logs.groups {
		s.seeGroup(g, g.readings[p.place])
	}
}

// seeGroup notes how much a group has left.
func (s *System) seeGroup(g *group, r *reading) {
	g.depthMax.see(int32(g.waiting.n))
	g.lagMax.see(int32(g.waiting.n + g.holding.n))
	r.lagMax.see(int32(r.lag.n))
}

// nudgeReaders lets the members that read a partition look at it.
func (s *System) nudgeReaders(p *partition) {
	for _, g := range p.q.logs.groups {
		s.nudge(g.readings[p.place].owner)
	}
	s.seePartition(p)
}

// nudgeAll lets all members of a stream's groups look at what they read.
func (s *System) nudgeAll(q *queue) {
	for _, g := range q.logs.groups {
		for _, m := range g.crew.members {
			s.nudge(m)
		}
	}
	for _, p := range q.logs.parts {
		s.seePartition(p)
	}
}

// armPartition schedules the instant at which the next entry becomes readable, or too
// old.
func (s *System) armPartition(p *partition) {
	next := des.Never
	if p.open < p.end() {
		next = p.at(p.open).readable
	}
	if keep, kept := des.Time(p.q.spec.Retention), max(p.expired, p.first); keep > 0 && kept < p.end() {
		next = min(next, later(p.at(kept).published, keep))
	}
	if next == des.Never || p.alarm != 0 && p.alarmAt <= next {
		return
	}
	p.alarmAt = next
	p.alarm = s.schedule(next, evPartition, p.number)
}

// partitionDue runs when an entry becomes readable, or too old.
func (s *System) partitionDue(p *partition) {
	p.alarm = 0
	for p.open < p.end() && p.at(p.open).readable <= s.now {
		p.open++
	}
	p.listReaders()
	s.retain(p)
	s.armPartition(p)
	s.nudgeReaders(p)
}

// retain takes the entries away that are older than the retention.
func (s *System) retain(p *partition) {
	keep := des.Time(p.q.spec.Retention)
	if keep == 0 {
		return
	}
	for p.expired = max(p.expired, p.first); p.expired < p.end() && later(p.at(p.expired).published, keep) <= s.now; p.expired++ {
		s.expireEntry(p, p.expired)
	}
	p.open = max(p.open, p.expired)
	s.trim(p)
}

// expireEntry takes an entry that is too old from the groups that have not taken it up.
func (s *System) expireEntry(p *partition, off int64) {
	for _, g := range p.q.logs.groups {
		r := g.readings[p.place]
		if r.next > off {
			continue
		}
		r.next = off + 1
		r.high = max(r.high, r.next)
		g.waiting.leave(s.now)
		s.dateReading(r)
		s.conclude(r, off, fateDropped, off < r.done)
	}
}

// conclude counts what a group has made of an entry, for the first time or again.
func (s *System) conclude(r *reading, off int64, f fate, again bool) {
	g, e := r.g, r.p.at(off)
	r.lag.leave(s.now)
	switch f {
	case fateAcknowledged:
		e.tell(&g.count.acknowledged, &g.uncounted.acknowledged)
		e.tell(&r.acked.count, &r.acked.uncounted)
	case fateDropped:
		e.tell(&g.count.dropped, &g.uncounted.dropped)
		if s.spans != nil {
			s.spanDrop(e.key, g.q, g.crew.v.number)
		}
	case fateDead:
		e.tell(&g.count.deadLettered, &g.uncounted.deadLettered)
	}
	if r.fates != nil {
		r.fates[off-r.p.first] = f
	}
	delete(r.failed, off)
	if again {
		return
	}
	r.done = max(r.done, off+1)
	if f == fateAcknowledged {
		g.latencyOf.add(s.now-e.published, e.counted)
	}
	e.left--
	if e.trail < 0 {
		return
	}
	switch f { // a dead letter is done where it has gone
	case fateAcknowledged:
		s.trails[e.trail].last = s.now
	case fateDropped:
		s.loseTrail(e.trail)
	}
	if e.left == 0 {
		s.closeTrail(e.trail)
	}
}

// trim drops the entries that nobody will read any more.
func (s *System) trim(p *partition) {
	n := int64(len(p.entries))
	if n < 64 {
		return // it moves what is left: not for every entry
	}
	for _, g := range p.q.logs.groups {
		r := g.readings[p.place]
		n = min(n, r.undone()-p.first)
	}
	if p.q.logs.rewindable {
		n = int64(sort.Search(int(n), func(k int) bool {
			off := p.first + int64(k)
			return off >= p.expired && later(p.at(off).published, p.q.logs.keep) >= s.now
		}))
	}
	if n < 64 || n < int64(len(p.entries))/2 {
		return
	}
	s.entries -= int(n)
	p.entries = append(p.entries[:0], p.entries[n:]...)
	p.first += n
	for _, g := range p.q.logs.groups {
		if r := g.readings[p.place]; r.fates != nil {
			r.fates = append(r.fates[:0], r.fates[n:]...)
		}
	}
}

// dateReading notes that another entry is the oldest that waits.
func (s *System) dateReading(r *reading) {
	r.list()
	if r.next < r.p.end() {
		r.age.change(s.now, true, r.p.at(r.next).published)
	} else {
		r.age.change(s.now, false, 0)
	}
}

// before says whether the next message of r was published before that of o; of two at once
// the one that comes first in the file was.
func (r *reading) before(o *reading) bool {
	a, b := r.p.at(r.next).published, o.p.at(o.next).published
	return a < b || a == b && r.position < o.position
}

// list puts a reading at which there is something to read among those that its member
// looks at.
func (r *reading) list() {
	if m := r.owner; m != nil && !r.listed && r.next < r.p.open {
		r.listed = true
		m.work = append(m.work, r)
	}
}

// listReaders lists a partition for those that read it: there is more to read.
func (p *partition) listReaders() {
	for _, g := range p.q.logs.groups {
		g.readings[p.place].list()
	}
}

// oldestOf is the reading of a member that has the oldest message ready, of group g or, if
// that is nil, of any; nil: none has.
func (s *System) oldestOf(m *member, g *group) *reading {
	var best *reading
	for i := 0; i < len(m.work); i++ {
		r := m.work[i]
		if r.next >= r.p.open { // it has been read to its end
			r.listed = false
			last := len(m.work) - 1
			m.work[i] = m.work[last]
			m.work = m.work[:last]
			i--
			continue
		}
		if (g == nil || r.g == g) && (r.busy == nil || r.busy == m && g != nil) && (r.retryAt <= s.now || r.next != r.retried) && r.g.still <= s.now && r.g.q.outage == 0 {
			if best == nil || r.before(best) {
				best = r
			}
		}
	}
	return best
}

// workOf is what a member has to do next: the link of it; nil: nothing.
func (s *System) workOf(m *member) *link {
	if m.at < len(m.batch) {
		return m.batch[m.at].r.g.link
	}
	if r := s.oldestOf(m, nil); r != nil {
		return r.g.link
	}
	return nil
}

// nudge lets a member take up what there is for it, with a thread or as soon as it gets
// one.
func (s *System) nudge(m *member) {
	if m == nil || m.attempt >= 0 {
		return
	}
	l := s.workOf(m)
	if l == nil {
		return
	}
	switch {
	case s.startable(m.in, l.edge.op):
		if m.wanting {
			m.wanting = false
			m.in.wanting = slices.DeleteFunc(m.in.wanting, func(o *member) bool { return o == m })
		}
		s.proceed(m)
	case !m.wanting:
		m.wanting = true
		m.in.wanting = append(m.in.wanting, m)
	}
}

// readOne lets a thread of an instance serve a member that waits for one.
func (s *System) readOne(in *instance) bool {
	for i := 0; i < len(in.wanting); {
		m := in.wanting[i]
		l := s.workOf(m)
		if l != nil && !s.startable(in, l.edge.op) {
			i++ // there may be room for another operation
			continue
		}
		in.wanting = slices.Delete(in.wanting, i, i+1)
		m.wanting = false
		if l != nil {
			s.proceed(m)
			return true
		}
	}
	return false
}

// proceed lets a member take up its next message.
func (s *System) proceed(m *member) {
	if m.at == len(m.batch) {
		s.poll(m)
	}
	it := &m.batch[m.at]
	if it.again || m.stale && it.offset < it.r.done { // what it set off has been told
		it.trail = none
	}
	a := s.startAttempt(m.in, it.r.g.link.edge, it.key, m.number, it.trail)
	m.attempt = a
	if m.stale {
		s.attempts[a].flags |= abandoned
	}
}

// poll takes a batch.
func (s *System) poll(m *member) {
	m.batch, m.at = m.batch[:0], 0
	g := s.oldestOf(m, nil).g
	most := 1
	m.due = des.Never
	if k := g.q.spec.MaxPoll; k != nil {
		most = k.Records
		m.due = later(s.now, des.Time(k.Interval))
		s.watchUntil(m, m.due)
	}
	for len(m.batch) < most {
		r := s.oldestOf(m, g)
		if r == nil {
			break
		}
		m.batch = append(m.batch, s.handOutEntry(m.crew, r))
		if r.held == 0 {
			r.first = r.next
		}
		r.next++
		r.held++
		r.busy = m
		g.waiting.leave(s.now)
		g.holding.enter(s.now)
		s.dateReading(r)
	}
}

// handOutEntry is the next entry of a reading, handed out.
func (s *System) handOutEntry(c *crew, r *reading) item {
	g, off := r.g, r.next
	e := r.p.at(off)
	it := item{r: r, offset: off, key: e.key.With(g.link.salt), trail: e.trail, fate: fateAcknowledged, poisoned: e.poisoned, again: off < r.done}
	e.tell(&g.count.delivered, &g.uncounted.delivered)
	if off >= r.high {
		r.high = off + 1
		if s.spans != nil {
			s.spanHandOut(e.key, it.key, false)
		}
		return it
	}
	e.tell(&g.count.redelivered, &g.uncounted.redelivered)
	again := uint64(r.failed[off])
	if it.again {
		again++
	}
	it.key = it.key.With(saltDelivery + again<<16)
	if s.spans != nil {
		s.spanHandOut(e.key, it.key, true)
	}
	for _, m := range c.stale {
		if slices.ContainsFunc(m.batch[m.at:], func(o item) bool { return o.r == r && o.offset == off }) {
			e.tell(&g.count.duplicates, &g.uncounted.duplicates)
			break
		}
	}
	return it
}

// read ends a member's work on a message, which went well or not.
func (s *System) read(number int32, success bool) {
	m := s.members[number]
	it := &m.batch[m.at]
	q := it.r.g.q
	switch {
	case m.stale || success:
	case q.spec.OnFailure == topology.RetryInPlace:
		s.retryLater(m)
		return
	case q.spec.OnFailure == topology.DeadLetterFailed && q.dead != nil && s.hasRoom(q.dead):
		it.fate = fateDead
		key := it.r.p.at(it.offset).key
		if s.spans != nil {
			s.spanMove(key, key.With(q.dead.salt), q, q.dead)
		}
		s.carryTo(q.dead, key.With(q.dead.salt), int32(it.r.p.place), it.trail, it.flags())
	default:
		it.fate = fateDropped
	}
	m.attempt = none // from here on it may be asked to go on
	m.at++
	if m.at < len(m.batch) {
		s.nudge(m)
		return
	}
	s.endBatch(m, len(m.batch))
}

func (it *item) flags() uint8 {
	if it.poisoned {
		return poisoned
	}
	return 0
}

// retryLater acknowledges what a member has done of its batch, and gives back the rest:
// the message that failed is tried again later, and what is behind it waits.
func (s *System) retryLater(m *member) {
	failed := m.batch[m.at].r
	q := failed.g.q
	wait := des.Time(q.spec.RetryEvery)
	if wait == 0 {
		wait = roundTrip
	}
	failed.retryAt, failed.retried = later(s.now, wait), m.batch[m.at].offset
	s.alarm(m.crew, failed.retryAt, crewAlarm{r: failed})
	m.attempt = none
	s.endBatch(m, m.at)
}

// endBatch acknowledges the first n of a batch, if that is still its member's, and gives
// back the rest.
func (s *System) endBatch(m *member, n int) {
	if m.stale {
		s.endStale(m)
		s.nudge(m)
		return
	}
	batch, g := m.batch, m.batch[0].r.g // all of one group
	if g.q.outage > 0 {                 // nobody hears of it
		n = 0
	}
	s.commit(batch[:n])
	s.giveBack(batch[n:])
	m.batch, m.at = m.batch[:0], 0
	for i := range batch {
		r := batch[i].r
		r.busy = nil
		s.trim(r.p)
	}
	for i := range batch {
		if r := batch[i].r; r.owner != m {
			s.nudge(r.owner)
		}
	}
	s.nudge(m) // whose next batch takes this one's place
	g.depthMax.see(int32(g.waiting.n))
}

// endStale ends a batch that is not its member's any more.
func (s *System) endStale(m *member) {
	m.stale = false
	m.crew.stale = slices.DeleteFunc(m.crew.stale, func(o *member) bool { return o == m })
	m.batch, m.at = m.batch[:0], 0
	if m.out {
		m.out, m.crew.moved = false, true
		s.regroupSoon(m.crew)
	}
}

// commit acknowledges what was handed out.
func (s *System) commit(batch []item) {
	for i := range batch {
		it := &batch[i]
		it.r.held--
		it.r.first = it.offset + 1
		it.r.g.holding.leave(s.now)
		s.conclude(it.r, it.offset, it.fate, it.again)
	}
}

// giveBack lets what was handed out wait again, unless it has become too old meanwhile.
func (s *System) giveBack(batch []item) {
	for i := range batch {
		it := &batch[i]
		r := it.r
		r.held--
		r.first = it.offset + 1
		r.busy = nil
		r.g.holding.leave(s.now)
		if it.offset < r.p.expired {
			s.conclude(r, it.offset, fateDropped, it.again)
			continue
		}
		r.next = min(r.next, it.offset)
		r.g.waiting.enter(s.now)
		if r.failed == nil {
			r.failed = map[int64]int32{}
		}
		r.failed[it.offset]++
	}
	for i := range batch {
		s.dateReading(batch[i].r)
	}
}

// takeAway takes a member's batch from it, which it does not hear of.
func (s *System) takeAway(m *member) {
	s.giveBack(m.batch)
	m.stale = true
	m.crew.stale = append(m.crew.stale, m)
	if m.attempt >= 0 {
		s.abandon(m.attempt)
	}
}

// watchBatch looks whether a member takes longer for its batch than it may. Then it is
// put out of the group until it is done.
func (s *System) watchBatch(m *member) {
	if m.watched == s.now {
		m.watched = 0
	}
	if len(m.batch) == 0 || m.stale || m.due == des.Never {
		return
	}
	if m.due > s.now {
		s.watchUntil(m, m.due)
		return
	}
	s.takeAway(m)
	m.out, m.crew.moved = true, true
	s.regroupSoon(m.crew)
}

// watchUntil lets a member be looked at when its batch is due, if it is not before that:
// another stream that it reads may give it more time.
func (s *System) watchUntil(m *member, due des.Time) {
	if m.watched == 0 || due < m.watched {
		m.watched = due
		s.alarm(m.crew, due, crewAlarm{m: m})
	}
}

// loseReadings gives back what the members of an instance had that has gone down.
func (s *System) loseReadings(in *instance) {
	c := in.service.crew
	if c == nil {
		return
	}
	for _, m := range c.members {
		if m.in != in {
			continue
		}
		if m.stale {
			c.stale = slices.DeleteFunc(c.stale, func(o *member) bool { return o == m })
		} else {
			s.giveBack(m.batch)
		}
		m.batch, m.at, m.attempt = m.batch[:0], 0, none
		m.stale, m.out, m.wanting = false, false, false
	}
	in.wanting = in.wanting[:0]
	s.regroupSoon(c)
}

// rewind takes a group of a stream back by so long, to read again what is still kept.
func (s *System) rewind(q *queue, service int, by des.Time) {
	for _, g := range q.logs.groups {
		if int(g.crew.v.number) == service {
			s.rewindGroup(g, by)
		}
	}
}

func (s *System) rewindGroup(g *group, by des.Time) {
	for _, m := range g.crew.members {
		if len(m.batch) > 0 && !m.stale && m.batch[0].r.g == g {
			s.takeAway(m)
			if m.attempt < 0 { // it had not begun with the next: there is nothing to end
				s.endStale(m)
			}
		}
	}
	for _, r := range g.readings {
		p := r.p
		to := max(p.first, p.expired)
		for to < r.next && p.at(to).published < s.now-by {
			to++
		}
		for off := r.next - 1; off >= to; off-- {
			e := p.at(off)
			switch r.fates[off-p.first] {
			case fateAcknowledged:
				e.tell(&g.undone.acknowledged, &g.undoneEarly.acknowledged)
				e.tell(&r.unread.count, &r.unread.uncounted)
			case fateDropped:
				e.tell(&g.undone.dropped, &g.undoneEarly.dropped)
			case fateDead:
				e.tell(&g.undone.deadLettered, &g.undoneEarly.deadLettered)
			}
			r.fates[off-p.first] = fateOpen
			g.waiting.enter(s.now)
			r.lag.enter(s.now)
		}
		if to < r.next {
			r.next = to
			s.dateReading(r)
		}
	}
	s.pumpSoon(g.q)
}

// checkLogs holds what a stream has counted against its entries.
func (s *System) checkLogs(q *queue, t *QueueTally, law func(holds bool, format string, args ...any)) {
	for k, g := range q.logs.groups {
		tg := &t.Groups[k]
		name, who := q.spec.Name, g.crew.v.spec.Name
		waiting, holding := int64(0), int64(0)
		for i, r := range g.readings {
			waiting += r.p.end() - r.next
			law(r.held == 0 || r.first+r.held <= r.next, "stream %s, partition %d: %s holds %d from %d on, and reads from %d on", name, i, who, r.held, r.first, r.next)
			holding += r.held
			law(r.lag.n == r.p.end()-r.next+r.held, "stream %s, partition %d: %s has a lag of %d, counted %d", name, i, who, r.p.end()-r.next+r.held, r.lag.n)
			law(r.owner == nil || r.next >= r.p.open || r.listed && slices.Contains(r.owner.work, r), "stream %s, partition %d: its reader of %s does not look at it", name, i, who)
			law(r.held == 0 || r.busy != nil, "stream %s, partition %d: nobody of %s has the %d that are held", name, i, who, r.held)
		}
		law(g.waiting.n == waiting && g.holding.n == holding, "stream %s: %d wait for %s, %d held, counted %d and %d", name, waiting, who, holding, g.waiting.n, g.holding.n)
		law(t.Published == tg.Acknowledged+tg.DeadLettered+tg.Dropped+tg.Waiting+tg.Held, "stream %s: published %d; %s acknowledged %d, dead-lettered %d, dropped %d, waiting %d, held %d",
			name, t.Published, who, tg.Acknowledged, tg.DeadLettered, tg.Dropped, tg.Waiting, tg.Held)
		law(tg.Delivered >= tg.Redelivered && tg.Redelivered >= tg.Duplicates, "stream %s: %s delivered %d, redelivered %d, duplicates %d", name, who, tg.Delivered, tg.Redelivered, tg.Duplicates)
		lag := uint64(0)
		for i := range tg.Partitions {
			lag += tg.Partitions[i].Lag
		}
		law(lag == tg.Lag(), "stream %s: %s lags by %d, in its partitions %d", name, who, tg.Lag(), lag)
	}
}

// eachOpen tells the trails that wait for a stream's entries.
func (l *logs) eachOpen(under func(trail int32)) {
	for _, p := range l.parts {
		for i := range p.entries {
			if e := &p.entries[i]; e.left > 0 {
				under(e.trail)
			}
		}
	}
}
