// Package sim says what happens when time passes: requests arrive, attempts take
// threads and hold them while they wait for others, time-outs run out, faults
// come and go. It is a function of its Plan: the same Plan gives the same run,
// byte for byte, however it is stepped, paused or watched.
//
// It speaks in values only: Samples and Transitions while it goes on, Totals at
// the end. It leaves out what they mean (package report), files and terminals.
//
//	s := sim.New(plan, observer)
//	s.RunUntil(plan.Duration)
//	totals, err := s.Finish()
//
// The life of a call, and the file that tells it:
//
//	source.go     a request arrives: a call of a source
//	call.go       a call sends an attempt, waits, times out, tries again, ends
//	attempt.go    an attempt arrives at an instance, waits, works, calls others, answers
//	balance.go    which instance it goes to
//	admission.go  what an instance turns away, throws out and stretches
//	pool.go       an instance's threads and waiting room
//	autoscale.go  how many instances there are
//	publish.go    a message is handed to a broker
//	queue.go      a queue of work: what waits, is handed out, comes back, is given up
//	stream.go     a log of partitions, and the groups that read it
//	consume.go    idle threads take messages
//	completion.go when everything that a request set off is done
//	span.go       what a Tracer is told of a request, and of what it sets off
//	fault.go      what breaks, and how it mends
//	tally.go      what is counted, and how it becomes a Sample
//	laws.go       what must be conserved
package sim

import (
	"fmt"
	"slices"

	"cascade/sim/des"
	"cascade/topology"
)

// none is the index that points at nothing.
const none = -1

// Kinds of event.
const (
	evArrival   uint8 = iota // ref: source; an arrival of an open source, a burst or a trace
	evThink                  // ref: call slot of a user; a user has thought
	evWork                   // ref: attempt; its own work ends
	evDeliver                // ref: attempt; its request reaches the callee
	evAnswer                 // ref: attempt; its answer reaches the caller
	evBackoff                // ref: call; time for the next try
	evFallback               // ref: call; the work done instead of its answer ends
	evTimer                  // ref: timer; its first entry is due
	evHedge                  // ref: call; time for another copy
	evHedges                 // ref: edge; the first copy that its calls wait for is due
	evExpire                 // ref: attempt; the time limit that was sent along with it
	evInstance               // ref: instance; it has started, or its health check has found it down
	evService                // ref: service; its autoscaler reads the books, or a figure reaches it
	evReadable               // ref: message; it becomes readable
	evPartition              // ref: partition; a message of it becomes readable, or too old
	evCrew                   // ref: crew; one of its alarms is due
)

// Bounds. A run that would pass one stops and says so.
const (
	// MaxInFlight bounds the attempts, and the calls, that are under way at once, and
	// with them the memory of a run: to about 1.2 GB. An event's ref would hold eight
	// times as many.
	MaxInFlight = 1 << 21
	// MaxMessages bounds the messages in queues, those in streams and, at twice as many,
	// the requests and attempts that wait for them: to about 2 GB.
	MaxMessages = 1 << 22
	// MaxAtOnce bounds the events of a single instant: a loop without work or
	// waiting in it would hold the clock still for ever.
	MaxAtOnce = 20_000_000
)

// A System is a Plan in motion.
type System struct {
	plan   *Plan
	now    des.Time
	list   *des.List
	seq    uint64 // of the last event scheduled
	maxSeq uint64 // then they are renumbered
	most   int    // attempts, and calls, that may be under way: MaxInFlight
	events uint64
	print  uint64 // the fingerprint so far

	attempts    []attempt
	freeAttempt int32
	calls       []call
	freeCall    int32

	messages     []message
	freeMessage  int32
	deliveries   []delivery
	freeDelivery int32
	trails       []trail
	freeTrail    int32
	trailOf      []int32 // by attempt, where it has one
	tracing      bool    // there are trails
	mostMessages int     // that may be in queues: mostMessages

	services   []service
	ops        []operation
	instances  []instance
	edges      []edge // as in Plan.Edges
	publishes  []edge // as in Topology.Publishes
	queues     []queue
	links      []*link
	partitions []*partition
	crews      []*crew
	members    []*member
	entries    int // in streams
	sources    []source
	timers     []timer
	timerOf    map[timerKey]int32

	next      int32      // attempt that goes on before what is in ready; none
	ready     []followUp // what goes on in this instant, in order
	readyHead int

	faults     []fault
	turns      uint64      // faults that have begun
	nextChange des.Time    // when a fault begins or ends next
	changed    []*instance // by the faults of this instant
	released   []*edge     // on which a partition ends in this instant
	retuned    []*queue    // whose settings change in this instant

	observers  []Observer
	spans      *spans // nil: nobody follows requests
	sample     Sample
	nextSample des.Time
	sampledAt  des.Time
	cuts       []des.Time         // to come, by time
	warm       bool               // the warm-up is over
	pauses     int                // instances that are paused
	ticket     int32              // of the breaker that has just let a try pass; none: there is none
	orphans    map[int32]des.Time // by attempt: the time limit that it keeps though its caller is gone

	users []user

	candidates, unavoided []int32 // what pick has left, for as long as it picks
	taken                 []int32 // instances that have a copy of a try

	atOnce int   // events that this instant has had
	err    error // a bound was reached
}

// A followUp is something that goes on in the present instant, after what is being
// done now. It keeps the stack flat however long a chain of instantaneous things is.
type followUp struct {
	do  uint8
	out topology.Outcome
	ref int32
}

// What a followUp does.
const (
	doBegin   uint8 = iota // attempt ref has got a thread
	doResume               // attempt ref goes on: its call step has ended
	doTry                  // call ref sends its next try
	doLaunch               // call ref begins (again: times)
	doSend                 // call ref, which waited for another's answer, is sent itself
	doReceive              // the answer `out` of attempt ref reaches its caller
	doRegroup              // crew ref: its members may have changed
	doPump                 // queue ref: who waits for a place, or for a message, may get it
	doNothing              // what was to be done has been cancelled
)

// New sets a Plan up at time 0. Observers are shown the run in the order given.
func New(p *Plan, observers ...Observer) *System {
	if p.Calm {
		calm := *p
		calm.Faults = nil
		p = &calm
	}
	s := &System{plan: p, freeAttempt: none, freeCall: none, next: none, list: des.NewList(), observers: observers, maxSeq: des.MaxSeq - 1, most: MaxInFlight, timerOf: map[timerKey]int32{},
		freeMessage: none, freeDelivery: none, freeTrail: none, mostMessages: MaxMessages}
	s.findTracer()
	s.compile()
	s.cuts = append(s.cuts, p.Cuts...)
	s.cuts = append(s.cuts, p.Warmup, p.Duration)
	slices.Sort(s.cuts)
	s.warm = p.Warmup == 0
	s.setNextSample()
	s.compileFaults()
	s.startConsumers()
	for i := range s.sources {
		s.startSource(int32(i))
	}
	return s
}

// Now is how far the run has come: everything before it has happened.
func (s *System) Now() des.Time { return s.now }

// Done says whether the run is over: at its end, or stopped at a bound.
func (s *System) Done() bool { return s.now >= s.plan.Duration || s.err != nil }

// RunUntil runs everything that happens before t, or before the plan's end where
// that comes first. How a run is cut into calls of RunUntil changes nothing in it.
func (s *System) RunUntil(t des.Time) {
	t = min(t, s.plan.Duration)
	for s.err == nil {
		stop := min(t, s.nextSample, s.nextChange)
		s.runEvents(stop)
		if s.err != nil {
			return
		}
		s.now = max(s.now, stop)
		if stop == s.nextSample {
			s.endSample()
		}
		// At the end of the run nothing happens any more, and before t it waits for a
		// later call: a fault at t is not before t.
		if s.now >= t {
			return
		}
		if stop == s.nextChange {
			s.applyChanges()
		}
	}
}

func (s *System) runEvents(stop des.Time) {
	for {
		e, ok := s.list.PopBefore(stop)
		if !ok {
			return
		}
		if e.At != s.now {
			s.now, s.atOnce = e.At, 0
		} else if s.atOnce++; s.atOnce > MaxAtOnce {
			s.stop("more than %d events at one instant: something loops without work, waiting or thinking in it", MaxAtOnce)
			return
		}
		// An entry whose sequence number is not its owner's any more was cancelled.
		ref := e.Ref()
		switch e.Kind() {
		case evWork:
			if at := &s.attempts[ref]; at.seq == e.Seq() {
				s.note(uint64(at.key))
				s.workDone(ref, at)
			}
		case evArrival:
			if s.sources[ref].seq == e.Seq() {
				s.note(uint64(ref))
				s.arrive(ref)
			}
		case evDeliver:
			at := &s.attempts[ref]
			s.note(uint64(at.key) + 1)
			if at.op.traced {
				s.traceArrival(ref)
			}
			s.deliver(ref, at)
		case evAnswer:
			at := &s.attempts[ref]
			s.note(uint64(at.key) + 2)
			s.receive(ref, at, at.outcome)
		case evTimer:
			s.timerDue(ref, e.Seq())
		case evBackoff:
			if cl := &s.calls[ref]; cl.seq == e.Seq() {
				s.note(uint64(cl.key) + 3)
				s.backoffDone(ref)
			}
		case evFallback:
			if cl := &s.calls[ref]; cl.seq == e.Seq() {
				s.note(uint64(cl.key) + 4)
				s.fallbackDone(ref)
			}
		case evHedge:
			if cl := &s.calls[ref]; cl.hedge == e.Seq() {
				s.note(uint64(cl.key) + 7)
				s.hedgeDue(ref)
			}
		case evHedges:
			s.hedgesDue(ref)
		case evExpire:
			if at := &s.attempts[ref]; at.flags&orphan != 0 && at.timeout.seq == e.Seq() {
				s.note(uint64(at.key) + 8)
				s.expire(ref)
			}
		case evInstance:
			if in := &s.instances[ref]; s.instanceEvent(in, e.Seq()) {
				s.note(uint64(in.service.number)<<32 ^ uint64(in.ordinal) + 9)
			}
		case evService:
			if s.serviceEvent(&s.services[ref], e.Seq()) {
				s.note(uint64(ref) + 10)
			}
		case evReadable:
			if m := &s.messages[ref]; m.seq == e.Seq() {
				s.note(uint64(m.key) + 11)
				s.readableDue(ref)
			}
		case evPartition:
			if p := s.partitions[ref]; p.alarm == e.Seq() {
				s.note(uint64(ref) + 14)
				s.partitionDue(p)
			}
		case evCrew:
			s.note(uint64(ref) + 15)
			s.crewDue(s.crews[ref], e.Seq())
		case evThink:
			s.note(s.users[ref].known)
			s.thought(ref)
		}
		if s.next >= 0 || len(s.ready) > 0 {
			s.settle()
		}
		if s.err != nil {
			return
		}
	}
}

// note counts an event that runs now and takes it into the fingerprint: its instant
// and whom it is about, in an order that nothing but the plan decides.
func (s *System) note(whom uint64) {
	s.events++
	s.print = (s.print ^ uint64(s.now) ^ whom) * 0x9e3779b97f4a7c15
	s.print ^= s.print >> 29
}

// settle does what is left to do in this instant.
func (s *System) settle() {
	for s.err == nil {
		if a := s.next; a >= 0 {
			s.next = none
			s.advance(a, &s.attempts[a])
			continue
		}
		if s.readyHead == len(s.ready) {
			break
		}
		d := s.ready[s.readyHead]
		s.readyHead++
		switch d.do {
		case doBegin:
			s.begin(d.ref, &s.attempts[d.ref])
		case doResume:
			s.advance(d.ref, &s.attempts[d.ref])
		case doTry:
			s.retry(d.ref, &s.calls[d.ref])
		case doLaunch:
			s.launch(d.ref)
		case doSend:
			s.succeedTo(d.ref)
		case doReceive:
			s.receive(d.ref, &s.attempts[d.ref], d.out)
		case doRegroup:
			s.regroup(s.crews[d.ref])
		case doPump:
			s.pumpNow(&s.queues[d.ref])
		}
		if s.readyHead > MaxAtOnce {
			s.stop("more than %d steps at one instant: something loops without work, waiting or thinking in it", MaxAtOnce)
			break
		}
	}
	s.ready, s.readyHead = s.ready[:0], 0
}

// resume lets attempt a go on as soon as what is being done now is done: its call
// step has ended. Nearly always it is the only thing left to do.
func (s *System) resume(a int32) {
	if s.next < 0 && s.readyHead == len(s.ready) {
		s.next = a
		return
	}
	s.soon(doResume, a)
}

func (s *System) soon(do uint8, ref int32) { s.ready = append(s.ready, followUp{do: do, ref: ref}) }

// stop ends the run before its time: a bound was reached.
func (s *System) stop(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("stopped at %v: "+format, append([]any{s.now}, args...)...)
	}
}

// schedule puts an event at the end of those of its instant and returns its
// sequence number. At des.Never nothing is scheduled.
func (s *System) schedule(at des.Time, kind uint8, ref int32) uint64 {
	seq := s.nextSeq()
	if at < s.plan.Duration { // what would come later never happens in this run
		s.list.Push(des.MakeEvent(at, seq, kind, ref))
	}
	return seq
}

func (s *System) nextSeq() uint64 {
	s.seq++
	if s.seq > s.maxSeq {
		s.renumber()
		s.seq++
	}
	return s.seq
}

// renumber gives every sequence number in use a new, small one and keeps their
// order: a run may be longer than the numbers last.
func (s *System) renumber() {
	var used []uint64
	s.list.Each(func(e *des.Event) { used = append(used, e.Seq()) })
	s.eachSeq(func(q *uint64) { used = append(used, *q) })
	slices.Sort(used)
	used = slices.Compact(used)
	if len(used) > 0 && used[0] == 0 {
		used = used[1:]
	}
	renamed := func(q uint64) uint64 {
		i, _ := slices.BinarySearch(used, q)
		return uint64(i + 1)
	}
	s.list.Each(func(e *des.Event) { *e = des.MakeEvent(e.At, renamed(e.Seq()), e.Kind(), e.Ref()) })
	s.eachSeq(func(q *uint64) {
		if *q != 0 {
			*q = renamed(*q)
		}
	})
	s.seq = uint64(len(used))
}

func (s *System) eachSeq(f func(*uint64)) {
	for i := range s.attempts {
		f(&s.attempts[i].seq)
		f(&s.attempts[i].timeout.seq)
	}
	for i := range s.calls {
		f(&s.calls[i].seq)
		f(&s.calls[i].deadline.seq)
		f(&s.calls[i].hedge)
	}
	for _, p := range s.partitions {
		f(&p.alarm)
	}
	for _, c := range s.crews {
		for i := range c.alarms {
			f(&c.alarms[i].seq)
		}
	}
	for i := range s.messages {
		f(&s.messages[i].seq)
		f(&s.messages[i].ttl.seq)
	}
	for i := range s.deliveries {
		f(&s.deliveries[i].hide.seq)
	}
	for i := range s.edges {
		if l := s.edges[i].hedges; l != nil {
			for k := range l.waits[l.head:] {
				f(&l.waits[l.head+k].seq)
			}
		}
	}
	for i := range s.sources {
		f(&s.sources[i].seq)
	}
	for i := range s.instances {
		in := &s.instances[i]
		for j := range in.deferred {
			f(&in.deferred[j].seq)
		}
		f(&in.notice)
		f(&in.start)
		f(&in.pace)
	}
	for i := range s.services {
		c := &s.services[i].scaler
		f(&c.read)
		for j := range c.pending {
			f(&c.pending[j].seq)
		}
	}
}

// Finish tells what the run has come to, up to now, and checks that nothing was
// lost on the way. The error lists each law that was broken (a bug of the
// engine's), or the bound at which the run stopped; the Totals are good to look at
// all the same.
func (s *System) Finish() (*Totals, error) {
	if s.now > s.sampledAt || s.err != nil { // stopped within an instant: that is not told yet
		s.emitSample()
	}
	s.spanOpen()
	t := s.Totals()
	if err := s.checkLaws(t); err != nil {
		return t, err
	}
	return t, s.err
}
