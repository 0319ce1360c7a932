package sim

import (
	"cmp"
	"slices"

	"cascade/sim/des"
	"cascade/topology"
)

// A fault is one of the plan's, and whether it is in force now.
type fault struct {
	spec   *Fault
	salt   uint64 // its name: what it draws is its own
	add    sampler
	active bool
	turn   uint64   // how many had begun before it did, the first time; it is known by that in the fingerprint
	begun  des.Time // of the occurrence in force
	from   des.Time // of the next occurrence, or of the one in force; des.Never: none is to come
}

// grown is how far the fault has grown at now, 0 to 1.
func (f *fault) grown(now des.Time) float64 {
	if f.spec.Ramp == 0 {
		return 1
	}
	return ramped(now, f.begun, f.spec.Ramp)
}

// has says whether the fault is on the instance of that number.
func (f *fault) has(ordinal int32) bool {
	return f.spec.Instances == 0 || int(ordinal) < f.spec.Instances
}

// opFaults are the faults in force on an operation, by what they do to an attempt,
// in the order in which they began.
type opFaults struct {
	latency, slow, errors, errorsAfter []*fault
}

// edgeFaults are the faults in force on an edge.
type edgeFaults struct {
	latency, loss, partition, flush []*fault
}

func (s *System) compileFaults() {
	s.faults = make([]fault, len(s.plan.Faults))
	for i := range s.plan.Faults {
		spec := &s.plan.Faults[i]
		s.faults[i] = fault{spec: spec, salt: des.NameKey(spec.Name), add: newSampler(&spec.Add), from: spec.From}
		if spec.Set.Bulkhead != nil {
			for _, r := range spec.Ops {
				s.ops[int(s.services[r.Service].firstOp)+r.Op].tracked = true
			}
		}
	}
	s.findNextChange()
}

// findNextChange sets the instant at which the next fault begins or ends.
func (s *System) findNextChange() {
	s.nextChange = des.Never
	for i := range s.faults {
		s.nextChange = min(s.nextChange, s.faults[i].next())
	}
}

func (f *fault) next() des.Time {
	if f.active {
		return f.from + f.spec.Until - f.spec.From
	}
	return f.from
}

// applyChanges ends and begins the faults whose time has come: first the ends, then
// the begins, each in the order of the file. What follows from them comes when all
// are in force, so that one that ends and one that begins in an instant leave no gap.
func (s *System) applyChanges() {
	for i := range s.faults {
		f := &s.faults[i]
		if !f.active || f.next() != s.now {
			continue
		}
		f.active = false
		f.from = s.recurs(f)
		s.change(i)
		s.tell(Transition{At: s.now, Kind: FaultEnded, Fault: i})
	}
	for i := range s.faults {
		f := &s.faults[i]
		if f.active || f.from != s.now {
			continue
		}
		if f.active, f.begun = true, s.now; s.now == f.spec.From {
			f.turn = s.turns
			s.turns++
		}
		s.change(i)
		s.tell(Transition{At: s.now, Kind: FaultBegan, Fault: i})
		if f.spec.Kind.Instant() {
			f.active, f.from = false, s.recurs(f)
			s.tell(Transition{At: s.now, Kind: FaultEnded, Fault: i})
		}
	}
	s.followChanges()
	s.findNextChange()
}

// followChanges brings queues and instances into the state that the faults now in force
// want: down or up, paused or not, and at last lets go on what may go on.
func (s *System) followChanges() {
	for _, q := range s.retuned {
		s.followSettings(q)
	}
	for _, in := range s.changed {
		switch {
		case in.down > 0 && in.up:
			s.crash(in)
		case in.down == 0 && !in.up && in.there:
			s.restart(in)
		}
		if in.paused > 0 && !in.still && in.there {
			s.freeze(in)
		}
	}
	for _, in := range s.changed {
		if in.paused == 0 && in.still {
			s.thaw(in)
		}
		s.wake(in)
	}
	for _, in := range s.changed {
		s.catchUp(in)
		s.regroupSoon(in.service.crew)
		s.fill(in)
		s.ask(in)
		in.touched = false
	}
	s.letGo(s.released)
	s.changed, s.released, s.retuned = s.changed[:0], s.released[:0], s.retuned[:0]
	s.settle()
	if s.now == s.sampledAt { // what was there before the faults of this instant lasts no time in this sample
		s.eachPeak(func(p *peak, n int64) { p.sample = int32(n) })
	}
}

// touch notes that a fault has changed something about an instance.
func (s *System) touch(in *instance) {
	if !in.touched {
		in.touched = true
		s.changed = append(s.changed, in)
	}
}

func (s *System) recurs(f *fault) des.Time {
	if f.spec.Every == 0 || f.from+f.spec.Every >= s.plan.Duration {
		return des.Never
	}
	return f.from + f.spec.Every
}

func (s *System) tell(t Transition) {
	whom := uint64(t.Service)<<16 ^ uint64(t.Instance)
	if t.Kind == FaultBegan || t.Kind == FaultEnded { // whatever faults there are yet to come
		whom = s.faults[t.Fault].turn << 32
	}
	s.note(uint64(t.Kind)<<56 ^ whom)
	for _, o := range s.observers {
		o.Transition(t)
	}
}

// change puts fault i into force, or out of it.
func (s *System) change(i int) {
	f := &s.faults[i]
	step := int32(1)
	if !f.active {
		step = -1
	}
	switch f.spec.Kind {
	case Crash:
		s.onInstances(f, func(in *instance) { in.down += step })
	case Pause:
		s.onInstances(f, func(in *instance) { in.paused += step })
	case Surge:
		s.setSurges(int32(f.spec.Source), func(r *source) {
			if f.active {
				r.surges = append(r.surges, surge{fault: i, from: s.now, ramp: f.spec.Ramp, factor: f.spec.Factor})
			} else {
				r.surges = slices.DeleteFunc(r.surges, func(u surge) bool { return u.fault == i })
			}
		})
	case Threads:
		s.retuneServices(f)
	case Set:
		s.retuneServices(f)
		s.retuneEdges(f)
		s.retuneQueues(f)
	case Outage:
		for _, k := range f.spec.Queues {
			s.queues[k].outage += step
			s.pumpSoon(&s.queues[k])
		}
	case Redrive:
		for _, k := range f.spec.Queues {
			s.redrive(&s.queues[k], &s.queues[f.spec.To])
		}
	case Rewind:
		for _, k := range f.spec.Queues {
			s.rewind(&s.queues[k], f.spec.Group, f.spec.By)
		}
	default:
		s.listFault(f)
	}
}

func (s *System) onInstances(f *fault, do func(*instance)) {
	for _, v := range f.spec.Services {
		for k := range s.services[v].instances {
			if f.has(k) {
				in := &s.instances[s.services[v].first+k]
				do(in)
				s.touch(in)
			}
		}
	}
}

// listFault brings the lists of the operations and edges that f is on up to date.
func (s *System) listFault(f *fault) {
	for _, r := range f.spec.Ops {
		op := &s.ops[int(s.services[r.Service].firstOp)+r.Op]
		if op.faults == nil {
			op.faults = new(opFaults)
		}
		l := op.faults
		switch {
		case f.spec.Kind == Latency:
			list(&l.latency, f)
		case f.spec.Kind == Slow:
			list(&l.slow, f)
		case f.spec.AfterWork:
			list(&l.errorsAfter, f)
		default:
			list(&l.errors, f)
		}
		if len(l.latency)+len(l.slow)+len(l.errors)+len(l.errorsAfter) == 0 {
			op.faults = nil
		}
	}
	for _, i := range f.spec.Edges {
		e := &s.edges[i]
		if e.faults == nil {
			e.faults = new(edgeFaults)
		}
		l := e.faults
		switch f.spec.Kind {
		case Latency:
			list(&l.latency, f)
		case Loss:
			list(&l.loss, f)
		case Partition:
			list(&l.partition, f)
		case CacheFlush:
			list(&l.flush, f)
			s.flush(e)
		}
		if f.spec.Kind == Partition && !f.active && !slices.Contains(s.released, e) {
			s.released = append(s.released, e)
		}
		if len(l.latency)+len(l.loss)+len(l.partition)+len(l.flush) == 0 {
			e.faults = nil
		}
		e.direct = e.near && e.faults == nil
	}
	for _, i := range f.spec.Queues {
		q := &s.queues[i]
		if q.faults == nil {
			q.faults = new(queueFaults)
		}
		if f.spec.Kind == Poison {
			list(&q.faults.poison, f)
		} else {
			list(&q.faults.latency, f)
		}
		if len(q.faults.poison)+len(q.faults.latency) == 0 {
			q.faults = nil
		}
	}
}

// flush empties the caches of an edge.
func (s *System) flush(e *edge) {
	for i := range e.callers {
		if c := e.callers[i].cache; c != nil {
			c.Flush()
		}
	}
}

func list(l *[]*fault, f *fault) {
	if f.active {
		*l = append(*l, f)
	} else {
		*l = slices.DeleteFunc(*l, func(g *fault) bool { return g == f })
	}
}

// faultLatency is the latency injected into an attempt that a thread takes up.
func (s *System) faultLatency(op *operation, at *attempt) des.Time {
	var sum des.Time
	for _, f := range op.faults.latency {
		if f.has(at.in.ordinal) {
			sum = plus(sum, stretch(f.add.draw(at.key.With(saltFaultLatency).With(f.salt)), f.grown(s.now)))
		}
	}
	return sum
}

// plus adds two durations; des.Never where one is.
func plus(a, b des.Time) des.Time {
	if a >= longest || b >= longest {
		return des.Never
	}
	return a + b
}

// fails decides whether an injected error fails an attempt. It combines the faults' shares as independent chances and holds one number
// against them: what fails at a small share fails at a larger one too.
func (s *System) fails(faults []*fault, at *attempt, salt uint64) bool {
	well := 1.0
	for _, f := range faults {
		if f.has(at.in.ordinal) {
			well *= 1 - float64(f.spec.Rate*f.grown(s.now))
		}
	}
	if well == 1 {
		return false
	}
	d := at.key.With(salt).Draw()
	return d.Uniform() < 1-well
}

// slowed stretches a piece of own work by the faults that slow it.
func (s *System) slowed(op *operation, at *attempt, d des.Time) des.Time {
	for _, f := range op.faults.slow {
		if f.has(at.in.ordinal) {
			d = stretch(d, 1+float64((f.spec.Factor-1)*f.grown(s.now)))
		}
	}
	return d
}

// onTheWay applies an edge's faults to a request that sets out, whose network delay
// is given. It says how long the request takes, and false where it does not arrive
// by itself: lost, or kept until a partition ends.
func (s *System) onTheWay(e *edge, at *attempt, delay des.Time) (des.Time, bool) {
	for _, f := range e.faults.latency {
		delay = plus(delay, stretch(f.add.draw(at.key.With(saltEdgeLatency).With(f.salt)), f.grown(s.now)))
	}
	gone := 1.0
	for _, f := range e.faults.loss {
		gone *= 1 - float64(f.spec.Rate*f.grown(s.now))
	}
	if gone < 1 {
		d := at.key.With(saltLoss).Draw()
		if d.Uniform() < 1-gone {
			at.state = lost
			return 0, false
		}
	}
	if len(e.faults.partition) > 0 {
		at.state = lost
		if e.faults.holds() {
			at.state, at.until = heldBack, later(s.now, delay)
			at.seq = s.nextSeq() // its place among those that are kept
		}
		return 0, false
	}
	return delay, true
}

// holds says whether all partitions in force keep what they stop.
func (l *edgeFaults) holds() bool {
	for _, f := range l.partition {
		if !f.spec.Hold {
			return false
		}
	}
	return len(l.partition) > 0
}

// letGo sends on, in the order of their sending, the requests that partitions on the
// given edges have kept, where none is in force that keeps them; where one is in force
// that keeps nothing, they are lost.
func (s *System) letGo(edges []*edge) {
	if len(edges) == 0 {
		return
	}
	var kept []int32
	for i := range s.attempts {
		at := &s.attempts[i]
		if at.state == heldBack && slices.Contains(edges, at.edge) && (at.edge.faults == nil || !at.edge.faults.holds()) {
			kept = append(kept, int32(i))
		}
	}
	slices.SortFunc(kept, func(a, b int32) int { return cmp.Compare(s.attempts[a].seq, s.attempts[b].seq) })
	for _, a := range kept {
		at := &s.attempts[a]
		at.seq = 0
		if at.edge.faults != nil && len(at.edge.faults.partition) > 0 {
			at.state = lost
			if at.call < 0 {
				s.dropLost(a, at)
			}
			continue
		}
		at.state = inTransit
		s.schedule(max(at.until, s.now), evDeliver, a)
	}
}

// retuneServices works out anew what is in force on the services that f is on: the
// plan's settings, over them those of the Set faults, over them the sizes of the
// Threads faults, a later begin over an earlier one.
func (s *System) retuneServices(f *fault) {
	touched := append([]int{}, f.spec.Services...)
	for _, r := range f.spec.Ops {
		touched = append(touched, r.Service)
	}
	inForce := s.inForce()
	for _, i := range touched {
		v := &s.services[i]
		v.balance, v.cancel = v.spec.Balance, v.spec.Cancel
		check, outlier, autoscale := v.spec.HealthCheck, v.spec.Outlier, v.spec.Autoscale
		for k := range v.ops {
			op := &s.ops[v.firstOp+k]
			op.bulkhead = int32(op.spec.Bulkhead)
		}
		for _, g := range inForce {
			if g.spec.Kind != Set {
				continue
			}
			if set := &g.spec.Set; slices.Contains(g.spec.Services, i) {
				put(&v.balance, set.Balance)
				put(&v.cancel, set.Cancel)
				put(&check, set.HealthCheck)
				replace(&outlier, set.Outlier)
				replace(&autoscale, set.Autoscale)
			}
			if g.spec.Set.Bulkhead != nil {
				for _, r := range g.spec.Ops {
					if r.Service == i {
						s.ops[int(v.firstOp)+r.Op].bulkhead = int32(*g.spec.Set.Bulkhead)
					}
				}
			}
		}
		for k := range v.instances {
			in := &s.instances[v.first+k]
			now := settingOf(v.spec)
			for _, kind := range []FaultKind{Set, Threads} {
				for _, g := range inForce {
					if g.spec.Kind != kind || !slices.Contains(g.spec.Services, i) || !g.has(k) {
						continue
					}
					if kind == Threads {
						now.threads = g.spec.To
					} else {
						now.put(&g.spec.Set)
					}
				}
			}
			s.tuneInstance(in, &now)
			if in.there {
				s.resize(in, in.planned)
			}
			if in.takers != nil { // it may take messages that it might not before
				s.touch(in)
			}
		}
		s.tuneRotation(v, des.Time(check), outlier)
		s.tuneScaler(v, autoscale)
	}
}

// inForce are the faults in force, by their begin, then by their place in the file.
func (s *System) inForce() []*fault {
	var l []*fault
	for i := range s.faults {
		if s.faults[i].active {
			l = append(l, &s.faults[i])
		}
	}
	slices.SortStableFunc(l, func(a, b *fault) int { return cmp.Compare(a.begun, b.begun) })
	return l
}

// retuneEdges works out anew the policies in force on the edges that f is on.
func (s *System) retuneEdges(f *fault) {
	inForce := s.inForce()
	for _, i := range f.spec.Edges {
		e := &s.edges[i]
		p := *e.spec
		for _, g := range inForce {
			if g.spec.Kind != Set || !slices.Contains(g.spec.Edges, i) {
				continue
			}
			set := &g.spec.Set
			put(&p.Timeout, set.Timeout)
			put(&p.Deadline, set.Deadline)
			put(&p.Retry, set.Retry)
			put(&p.Network, set.Network)
			put(&p.Overhead, set.Overhead)
			put(&p.Chance, set.Chance)
			put(&p.Times, set.Times)
			put(&p.Optional, set.Optional)
			if set.Fallback != nil {
				p.Fallback = set.Fallback
			}
			replace(&p.Cache, set.Cache)
			replace(&p.RateLimit, set.Limit)
			replace(&p.Throttle, set.Throttle)
			replace(&p.Breaker, set.Breaker)
			put(&p.Bulkhead, set.Calls)
			replace(&p.Hedge, set.Hedge)
			put(&p.Propagate, set.Propagate)
			put(&p.Priority, set.Priority)
		}
		s.tune(e, &p)
	}
}

// retuneQueues works out anew the settings in force of the queues that f is on.
func (s *System) retuneQueues(f *fault) {
	inForce := s.inForce()
	for _, i := range f.spec.Queues {
		spec := s.plan.Topology.Queues[i]
		for _, g := range inForce {
			if g.spec.Kind == Set && slices.Contains(g.spec.Queues, i) {
				g.spec.Set.ApplyTo(&spec)
			}
		}
		q := &s.queues[i]
		s.tuneQueue(q, &spec)
		if !slices.Contains(s.retuned, q) {
			s.retuned = append(s.retuned, q)
		}
	}
}

// replace puts a guard in the place of another.
func replace[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// heldBy lists the attempts that an instance has, in its threads and its waiting room
// and suspended, by their arrival.
func (s *System) heldBy(in *instance) []int32 {
	var l []int32
	for i := range s.attempts {
		at := &s.attempts[i]
		switch at.state {
		case waiting, taken, working, calling, suspended, resuming:
			if at.in == in {
				l = append(l, int32(i))
			}
		}
	}
	slices.SortStableFunc(l, func(a, b int32) int {
		x, y := &s.attempts[a], &s.attempts[b]
		return cmp.Or(cmp.Compare(x.arrived, y.arrived), cmp.Compare(x.key, y.key))
	})
	return l
}

// crash takes an instance down: what it held ends as reset, what it had asked of
// others goes on there, and nobody is told.
func (s *System) crash(in *instance) {
	var lost []int32 // deliveries and members
	var lostBy []*link
	for _, a := range s.heldBy(in) {
		s.leaveThread(a)
		at := &s.attempts[a]
		at.debt = 0
		switch at.state {
		case waiting:
			s.unqueue(in, a)
		case suspended, resuming:
			at.op.suspended.leave(s.now)
		default:
			in.held.leave(s.now)
		}
		s.cancelCalls(a, becauseCrashed)
		s.countOther(a, at, topology.Reset)
		if at.edge.link != nil {
			lost = append(lost, at.peer)
			lostBy = append(lostBy, at.edge.link)
			s.dropAttempt(a, at)
			continue
		}
		at.state, at.outcome = answering, topology.Reset
		if at.call < 0 {
			at.flags &^= late // a reset is no answer
		}
		s.ready = append(s.ready, followUp{do: doReceive, out: topology.Reset, ref: a})
	}
	for _, d := range in.deferred {
		if d.do == deferAnswer {
			s.attempts[d.ref].flags &^= late
			s.dropAttempt(d.ref, &s.attempts[d.ref]) // its call was cancelled just now
		}
	}
	in.deferred = nil
	in.idle = in.size
	in.resumeHead, in.resumeTail = none, none
	clear(in.inOp)
	in.up, in.open = false, false
	in.downTime.enter(s.now)
	s.countThreads(in)
	s.bookPausedIdle(in)
	s.renew(in)
	s.watch(in)
	s.loseMessages(in, lost, lostBy)
	s.tell(Transition{At: s.now, Kind: InstanceDown, Service: int(in.service.number), Instance: int(in.ordinal)})
	s.drained(in)
}

// restart brings an instance back, empty.
func (s *System) restart(in *instance) {
	in.up, in.open = true, in.paused == 0 && !in.still
	in.downTime.leave(s.now)
	s.unwatch(in)
	s.countThreads(in)
	s.bookPausedIdle(in)
	s.tell(Transition{At: s.now, Kind: InstanceUp, Service: int(in.service.number), Instance: int(in.ordinal)})
}

// cancelCalls ends the calls of an attempt that crashed or was stopped.
func (s *System) cancelCalls(a int32, why reason) {
	at := &s.attempts[a]
	if at.state != calling && at.state != suspended {
		return
	}
	for c := at.kid; c >= 0; {
		cl := &s.calls[c]
		next := cl.sibling
		if cl.state == blocked {
			s.waitedInVain(c, cl)
		}
		if cl.state == fallingBack {
			s.spanFellBack(c, cl)
		}
		if cl.state != branchEnded {
			if cl.attempt < 0 && (cl.state == due || cl.state == underWay) {
				s.forgetFollowUps(c)
			}
			s.giveUpAll(cl, topology.Cancelled, why)
			s.clearAlarm(&cl.deadline)
			if why != becauseCrashed { // else what its instance keeps is gone with it
				s.letOff(c, cl)
			}
			cl.hedge = 0
			if cl.state != fallingBack && cl.state != due { // then it has ended, or not begun
				s.countCall(cl, topology.Cancelled)
			}
			if cl.flags&spanned != 0 {
				s.spanCallEnded(c, cl, topology.Cancelled)
			}
		}
		s.dropCall(c, cl)
		c = next
	}
	s.attempts[a].kid = none
}

// letOff takes a call that is cancelled out of what its caller keeps.
func (s *System) letOff(c int32, cl *call) {
	switch cl.state {
	case paced:
		s.unreserve(c, cl)
	case coalesced:
		s.unfollow(c, cl)
	}
	if cl.flags&leads != 0 {
		s.inherit(cl)
	}
}

// forgetFollowUps takes out what call c, which is cancelled, was about to do in this
// instant: its record may be another's by then.
func (s *System) forgetFollowUps(c int32) {
	for i := s.readyHead; i < len(s.ready); i++ {
		switch d := &s.ready[i]; d.do {
		case doTry, doLaunch, doSend:
			if d.ref == c {
				d.do = doNothing
			}
		}
	}
}

// threadCause is where the time of an attempt's thread goes; nil where it holds none.
func (s *System) threadCause(at *attempt) *integral {
	switch at.state {
	case working:
		if at.flags&abandoned != 0 {
			return &at.op.wasted
		}
		return &at.op.useful
	case calling:
		if cl := &s.calls[s.firstOpen(at)]; cl.flags&booked != 0 {
			return s.cause(cl)
		}
		return nil // a parallel step whose calls begin in this instant
	default:
		return nil
	}
}

// leaveThread stops booking the time of a's thread.
func (s *System) leaveThread(a int32) {
	at := &s.attempts[a]
	if at.op.marked {
		s.spanCut(a, at)
	}
	if at.flags&frozen != 0 {
		at.op.paused.leave(s.now)
		at.flags &^= frozen
	} else if c := s.threadCause(at); c != nil {
		c.leave(s.now)
	}
	at.seq = 0
}

// A deferral is what came for a paused instance: it is dealt with when the pause is over.
type deferral struct {
	do      uint8
	out     topology.Outcome
	ref     int32
	seq     uint64  // of a backoff or a hedge: of the event that ended it
	key     des.Key // of a time-out, a deadline or a stop: of what it is for, whose record may be another's by then
	expired bool    // of a stop: at a time limit that was sent along
}

// What was deferred.
const (
	deferAnswer uint8 = iota
	deferTimeout
	deferDeadline
	deferBackoff
	deferHedge
	deferTry
	deferStop
	deferTaken // the broker's word on a publish
)

// freeze stops an instance's threads where they are.
func (s *System) freeze(in *instance) {
	in.open, in.still = false, true
	s.pauses++
	s.bookPausedIdle(in)
	in.frozen = s.heldBy(in)
	// In the order in which their work would have ended, so that it ends in that order.
	slices.SortStableFunc(in.frozen, func(a, b int32) int {
		x, y := &s.attempts[a], &s.attempts[b]
		return cmp.Or(cmp.Compare(x.until, y.until), cmp.Compare(x.seq, y.seq))
	})
	for _, a := range in.frozen {
		at := &s.attempts[a]
		c := s.threadCause(at)
		if c == nil {
			continue
		}
		c.leave(s.now)
		at.op.paused.enter(s.now)
		if at.op.marked {
			s.spanFreeze(a, at)
		}
		at.flags |= frozen
		if at.state == working {
			at.seq = 0
			at.until = remaining(at.until, s.now)
			continue
		}
		for k := at.kid; k >= 0; k = s.calls[k].sibling {
			if cl := &s.calls[k]; cl.state == fallingBack {
				cl.seq = 0
				cl.until = remaining(cl.until, s.now)
			}
		}
	}
}

// remaining is what is left of something that ends at end.
func remaining(end, now des.Time) des.Time {
	if end == des.Never {
		return end
	}
	return end - now
}

// thaw lets an instance's threads go on: work keeps what was left of it, and what
// came meanwhile is dealt with in its order.
func (s *System) thaw(in *instance) {
	in.open, in.still = in.up, false
	s.pauses--
	s.bookPausedIdle(in)
	for _, a := range in.frozen {
		at := &s.attempts[a]
		if at.flags&frozen == 0 || at.in != in {
			continue
		}
		at.flags &^= frozen
		at.op.paused.leave(s.now)
		if at.op.marked {
			s.spanThaw(a, at)
		}
		s.threadCause(at).enter(s.now)
		if at.state == working {
			at.until = later(s.now, at.until)
			at.seq = s.schedule(at.until, evWork, a)
			continue
		}
		for k := at.kid; k >= 0; k = s.calls[k].sibling {
			if cl := &s.calls[k]; cl.state == fallingBack {
				cl.until = later(s.now, cl.until)
				cl.seq = s.schedule(cl.until, evFallback, k)
			}
		}
	}
	in.frozen = nil
}

// catchUp deals with what came for the calls of an instance while it was paused. All whose
// pause ends in the same instant stand still no more.
func (s *System) catchUp(in *instance) {
	if in.still {
		return
	}
	for i := range in.deferred {
		d := in.deferred[i] // as it is now: sequence numbers may be given anew on the way
		switch d.do {
		case deferAnswer:
			s.receive(d.ref, &s.attempts[d.ref], d.out)
		case deferTimeout:
			if at := &s.attempts[d.ref]; at.state != free && at.key == d.key && at.call >= 0 {
				s.timedOut(d.ref)
			}
		case deferDeadline:
			if cl := &s.calls[d.ref]; cl.key == d.key && cl.waits() {
				s.deadlinePassed(d.ref)
			}
		case deferTry:
			if cl := &s.calls[d.ref]; cl.key == d.key && cl.state == underWay {
				s.tryOver(d.ref, cl)
			}
		case deferTaken:
			if cl := &s.calls[d.ref]; cl.key == d.key && cl.state == answered {
				s.endCall(d.ref, cl, d.out)
			}
		case deferHedge:
			if s.calls[d.ref].hedge == d.seq {
				s.hedgeDue(d.ref)
			}
		case deferStop:
			if at := &s.attempts[d.ref]; at.state != free && at.key == d.key && at.call < 0 {
				s.stopAttempt(d.ref, at, d.expired)
			}
		case deferBackoff:
			if s.calls[d.ref].seq == d.seq {
				s.backoffDone(d.ref)
			}
		}
		s.settle() // what comes of one is done before the next, which may put an end to it
	}
	in.deferred = nil
}

// bookPausedIdle books the idle threads of a paused instance.
func (s *System) bookPausedIdle(in *instance) {
	n := int64(0)
	if in.up && in.paused > 0 && in.bounded {
		n = int64(max(in.idle, 0))
	}
	in.pausedIdle.set(s.now, n)
}
