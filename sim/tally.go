package sim

import (
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

type outcome = topology.Outcome

// An integral is how many of something there are, summed up over time: what began
// at t counts T-t by T. Kept as the sum of -t for every beginning and +t for every
// end, so that a change costs two additions and every instant can be read exactly.
type integral struct {
	n    int64
	sum  int64
	seen int64 // the integral at the last sample's end
	warm int64 // and at the warm-up's
}

func (i *integral) enter(now des.Time) { i.n++; i.sum -= int64(now) }
func (i *integral) leave(now des.Time) { i.n--; i.sum += int64(now) }

func (i *integral) set(now des.Time, n int64) {
	i.sum += (i.n - n) * int64(now)
	i.n = n
}

// at is the integral from 0 to now.
func (i *integral) at(now des.Time) int64 { return i.sum + i.n*int64(now) }

// A track is a distribution over time: cur of the present sample, total of all
// before it, both of what began after the warm-up; early of what began before, in
// the present sample.
type track struct {
	cur, total hist.Hist
	early      *hist.Hist
}

func (t *track) add(d des.Time, counted bool) {
	if !counted {
		t.addEarly(d)
		return
	}
	t.cur.Add(int64(d))
}

// addZeros is add(0, counted) n times; most waiting times are 0.
func (t *track) addZeros(n uint64, counted bool) {
	if counted {
		t.cur.AddZeros(n)
		return
	}
	if t.early == nil {
		t.early = new(hist.Hist)
	}
	t.early.AddZeros(n)
}

func (t *track) addEarly(d des.Time) {
	if t.early == nil {
		t.early = new(hist.Hist)
	}
	t.early.Add(int64(d))
}

// seen is the present sample's distribution.
func (t *track) seen() *hist.Hist {
	if t.early == nil || t.early.Count() == 0 {
		return &t.cur
	}
	return hist.Merged(&t.cur, t.early)
}

// A spread is a distribution that is kept in several tracks. The latency of a
// success is nearly always the same for the operation that answers, for the edge it
// was asked over and, where nothing was tried again, for the source: then it is
// counted once, in a track that they share.
type spread struct {
	of     []*track
	merged hist.Hist
}

func (p *spread) seen() *hist.Hist {
	var only *hist.Hist
	several := false
	for _, t := range p.of {
		if h := t.seen(); h.Count() > 0 {
			several = several || only != nil
			only = h
		}
	}
	if !several {
		if only == nil {
			only = &p.of[0].cur
		}
		return only
	}
	p.merged.Reset()
	for _, t := range p.of {
		p.merged.Merge(&t.cur)
		p.merged.Merge(t.early)
	}
	return &p.merged
}

func (p *spread) total() *hist.Hist {
	all := new(hist.Hist)
	for _, t := range p.of {
		all.Merge(&t.total)
		all.Merge(&t.cur)
	}
	return all
}

// all is the distribution of what began after the warm-up, the present sample's included.
func (t *track) all() *hist.Hist { return hist.Merged(&t.total, &t.cur) }

// next begins a new sample.
func (t *track) next() {
	if t.cur.Count() > 0 {
		t.total.Merge(&t.cur)
		t.cur.Reset()
	}
	if t.early != nil {
		t.early.Reset()
	}
}

type opCount struct {
	arrived, waited uint64
	answers         [topology.NumOutcomes]uint64
}

type instanceCount struct {
	arrived uint64
	answers [topology.NumOutcomes]uint64
}

type edgeCount struct {
	blocked                 uint64 // publishes that had to wait for a place
	calls, attempts         uint64
	callOutcomes            [topology.NumOutcomes]uint64
	outcomes                [topology.NumOutcomes]uint64
	turnedAway              [topology.NumOutcomes]uint64
	retries, hedges, late   uint64
	hits, misses, coalesced uint64
	unpaid, ejections       uint64
}

// What happens is counted in count; what of it began before the warm-up's end in
// uncounted too. The totals are the difference, a sample that of count and seen.

// An instance that is alone is counted with its service's operations. A source is
// counted on its edge: its requests are the calls there.

// countAnswer counts an attempt that a thread answers.
func (s *System) countAnswer(at *attempt, o outcome) {
	op := at.op
	op.count.answers[o]++
	here := at.flags&countedHere != 0
	if at.flags&(countedHere|admitted) != countedHere || !at.in.alone {
		s.countRest(at, o, false)
	}
	took := s.now - at.arrived
	e := at.edge
	if e.fed && e.link.q.plain {
		return // workedOn tells
	}
	if o != topology.Success || at.call < 0 || !e.near || at.sent != at.arrived || s.pauses > 0 {
		op.latency.add(took, here)
		return
	}
	at.flags |= shared // the caller has this answer at once, and counts it no more
	if cl := &s.calls[at.call]; cl.owner < 0 && cl.try == 1 && cl.began == at.sent {
		cl.flags |= passedThrough
		e.through.add(took, here)
		return
	}
	e.shared.add(took, here)
}

// countOther counts an attempt that ends without a thread's answer.
func (s *System) countOther(a int32, at *attempt, o outcome) {
	op := at.op
	op.count.answers[o]++
	if op.marked {
		s.markEnd(a, at, o)
	}
	here := at.flags&countedHere != 0
	if at.flags&(countedHere|admitted) != countedHere || !at.in.alone {
		s.countRest(at, o, true)
	}
	op.other.add(s.now-at.arrived, here)
}

// countRest counts what seldom is to be counted: dropped, where no thread answered.
func (s *System) countRest(at *attempt, o outcome, dropped bool) {
	if at.flags&admitted != 0 {
		s.left(at, dropped)
	}
	here, alone := at.flags&countedHere != 0, at.in.alone
	if !here {
		at.op.uncounted.answers[o]++
	}
	if !alone {
		at.in.count.answers[o]++
		if !here {
			at.in.uncounted.answers[o]++
		}
	}
}

func (op *operation) waited(at *attempt) {
	op.count.waited++
	if at.flags&countedHere == 0 {
		op.uncounted.waited++
	}
}

// countAttempt counts an attempt's end as its caller sees it.
func (s *System) countAttempt(a int32, at *attempt, o outcome) {
	e := at.edge
	if e.watched {
		s.attemptEnded(a, at, o)
	}
	in := at.flags&counted != 0
	e.count.outcomes[o]++
	if !in {
		e.uncounted.outcomes[o]++
	}
	if o == topology.Success {
		e.latency.add(s.now-at.sent, in)
	} else {
		e.failed.add(s.now-at.sent, in)
	}
}

func (s *System) countLate(at *attempt) {
	e := at.edge
	e.count.late++
	if at.flags&counted == 0 {
		e.uncounted.late++
	}
}

// countCall counts a call's end. Only those that took more than one try, or none, are
// counted by the try: the others are the rest.
func (s *System) countCall(cl *call, o outcome) {
	e := cl.edge
	e.count.callOutcomes[o]++
	if cl.flags&callCounted == 0 {
		e.uncounted.callOutcomes[o]++
	}
	if cl.try != 1 {
		s.countTries(cl)
	}
}

func (s *System) countTries(cl *call) {
	e, k := cl.edge, int(cl.try)-1
	if k < 0 {
		k = 0 // where those of one try would stand
	}
	for len(e.ended) <= k {
		e.ended = append(e.ended, 0)
		e.endedSeen = append(e.endedSeen, 0)
		e.endedUncounted = append(e.endedUncounted, 0)
	}
	e.ended[k]++
	if cl.flags&callCounted == 0 {
		e.endedUncounted[k]++
	}
}

// countRequest tells how long a request of a source took.
func (s *System) countRequest(r *source, cl *call, o outcome) {
	in := cl.flags&callCounted != 0
	if o == topology.Success {
		if cl.flags&passedThrough == 0 {
			r.latency.add(s.now-cl.began, in)
		}
	} else {
		r.failed.add(s.now-cl.began, in)
	}
}

// setNextSample finds the next instant at which a sample ends: a multiple of the
// interval, or a cut.
func (s *System) setNextSample() {
	for len(s.cuts) > 0 && s.cuts[0] <= s.now {
		s.cuts = s.cuts[1:]
	}
	s.nextSample = (s.now/s.plan.Interval + 1) * s.plan.Interval
	if len(s.cuts) > 0 {
		s.nextSample = min(s.nextSample, s.cuts[0])
	}
}

// endSample ends the present sample, and the warm-up where it ends now.
func (s *System) endSample() {
	s.emitSample()
	if !s.warm && s.now >= s.plan.Warmup {
		s.warm = true
		s.markWarm()
	}
	s.setNextSample()
}

// A peak is the most there was of something: in the present sample, and since the
// warm-up's end.
type peak struct{ sample, total int32 }

func (p *peak) see(n int32) { p.sample = max(p.sample, n) }

// next begins a new sample, with so many.
func (p *peak) next(n int32) {
	p.total = max(p.total, p.sample)
	p.sample = n
}

// grown is how much the integral has grown since the last sample's end.
func (i *integral) grown(now des.Time) des.Time { return des.Time(i.at(now) - i.seen) }

// total is how much it has grown since the warm-up's end.
func (i *integral) total(now des.Time) des.Time { return des.Time(i.at(now) - i.warm) }

// emitSample shows the observers what was seen since the last sample.
func (s *System) emitSample() {
	sm := &s.sample
	sm.From, sm.To = s.sampledAt, s.now
	for i := range s.sources {
		r, t := &s.sources[i], &sm.Sources[i]
		e := &s.edges[i] // sources' edges come first
		t.Offered = e.count.calls - e.seen.calls
		t.Attempts = e.count.attempts - e.seen.attempts
		subtract(&t.Ended, &e.count.callOutcomes, &e.seen.callOutcomes)
		t.Latency, t.Failed = r.latencies.seen(), r.failed.seen()
		t.Completion = t.Latency
		if e.traced {
			t.Completion, t.Lost = r.completions.seen(), sampleReader.count(&r.lost)
		}
	}
	for i := range s.services {
		s.sampleService(&s.services[i], &sm.Services[i])
	}
	for i := range s.edges {
		e, t := &s.edges[i], &sm.Edges[i]
		t.Calls = e.count.calls - e.seen.calls
		t.Attempts = e.count.attempts - e.seen.attempts
		t.Retries = e.count.retries - e.seen.retries
		t.LateAnswers = e.count.late - e.seen.late
		countGuards(t, &e.count, &e.seen)
		t.Open = e.open.grown(s.now)
		subtract(&t.Outcomes, &e.count.outcomes, &e.seen.outcomes)
		subtract(&t.CallOutcomes, &e.count.callOutcomes, &e.seen.callOutcomes)
		t.Tries = triesOf(t.Tries[:0], sum(&t.CallOutcomes), e.ended, e.endedSeen)
		copy(e.endedSeen, e.ended)
		t.Latency, t.Failed = e.latencies.seen(), e.failed.seen()
		e.seen = e.count
	}
	rd := sampleReader
	rd.now, rd.from = s.now, s.sampledAt
	s.tellPublishes(sm.Publishes, false)
	s.tellQueues(sm.Queues, &rd, false)
	for _, o := range s.observers {
		o.Sample(sm)
	}
	s.eachIntegral(func(i *integral) { i.seen = i.at(s.now) })
	s.eachTrack((*track).next)
	s.eachAging((*aging).next)
	s.eachPeak(func(p *peak, n int64) { p.next(int32(n)) })
	s.sampledAt = s.now
}

// triesOf is how many of the calls that ended took one try, two, and so on: those of
// more than one are counted, and in the first place those of none; the rest took one.
func triesOf(tries []uint64, calls uint64, count, less []uint64) []uint64 {
	tries = append(tries, calls)
	if len(count) > 0 {
		tries[0] -= count[0] - less[0]
	}
	for k := 1; k < len(count); k++ {
		tries = append(tries, count[k]-less[k])
		tries[0] -= tries[k]
	}
	return tries
}

// countOnce counts something that begins and ends now.
func (s *System) countOnce(count, uncounted *uint64) {
	*count++
	if !s.warm {
		*uncounted++
	}
}

func countGuards(t *EdgeTally, a, b *edgeCount) {
	t.Hedges = a.hedges - b.hedges
	t.Unpaid, t.Ejections = a.unpaid-b.unpaid, a.ejections-b.ejections
	t.CacheHits, t.CacheMisses, t.Coalesced = a.hits-b.hits, a.misses-b.misses, a.coalesced-b.coalesced
	subtract(&t.TurnedAway, &a.turnedAway, &b.turnedAway)
}

func subtract(out, a, b *[topology.NumOutcomes]uint64) {
	for k := range out {
		out[k] = a[k] - b[k]
	}
}

// A reader reads integrals, distributions and peaks over the present sample, or over
// the whole run after the warm-up.
type reader struct {
	from   des.Time
	now    des.Time
	grow   func(*integral, des.Time) des.Time
	dist   func(*track) *hist.Hist
	spread func(*spread) *hist.Hist
	count  func(*counter) uint64
	most   func(p *peak, n int64) uint64 // n: how much there is now
	age    func(*aging, des.Time) (area float64, most des.Time)
}

// The first forgets as it reads what it has told already; the others change nothing.
var (
	sampleReader = reader{grow: (*integral).grown, dist: (*track).seen, spread: (*spread).seen, count: (*counter).grown,
		most: func(p *peak, _ int64) uint64 { return uint64(p.sample) }, age: (*aging).grown}
	totalReader = reader{grow: (*integral).total, dist: (*track).all, spread: (*spread).total, count: (*counter).total,
		most: func(p *peak, n int64) uint64 { return uint64(max(int64(p.total), int64(p.sample), n)) }, age: (*aging).total}
	// Within the warm-up nothing counts, and of a queue only what there is.
	warmupReader = reader{grow: func(*integral, des.Time) des.Time { return 0 }, dist: (*track).all, spread: (*spread).total, count: (*counter).total,
		most: func(_ *peak, n int64) uint64 { return uint64(n) }, age: func(*aging, des.Time) (float64, des.Time) { return 0, 0 }}
)

func (s *System) sampleService(v *service, t *ServiceTally) {
	rd := sampleReader
	rd.now = s.now
	for k := range t.Operations {
		op := &s.ops[int(v.firstOp)+k]
		countOp(&t.Operations[k], &op.count, &op.seen)
		s.readOp(op, &t.Operations[k], &rd)
		t.Operations[k].QueueMax = rd.most(&op.queueMax, op.queue.n)
		op.queueMax.next(int32(op.queue.n))
		op.seen = op.count
	}
	for k := range t.Instances {
		in, ti := &s.instances[int(v.first)+k], &t.Instances[k]
		ti.Arrived = in.count.arrived - in.seen.arrived
		subtract(&ti.Answers, &in.count.answers, &in.seen.answers)
		in.seen = in.count
	}
	s.readService(v, t, &rd)
	t.QueueMax = rd.most(&v.queueMax, int64(v.queued))
	v.queueMax.next(v.queued)
}

func countOp(t *OpTally, a, b *opCount) {
	t.Arrived = a.arrived - b.arrived
	t.Waited = a.waited - b.waited
	subtract(&t.Answers, &a.answers, &b.answers)
}

// readOp fills in what of an operation's tally is read off integrals and tracks.
func (s *System) readOp(op *operation, t *OpTally, rd *reader) {
	t.Latency, t.Other, t.Waiting = rd.spread(&op.latencies), rd.dist(&op.other), rd.dist(&op.waitingTime)
	t.Wasted = rd.grow(&op.wasted, rd.now)
	t.Working = rd.grow(&op.useful, rd.now) + t.Wasted
	t.Paused = rd.grow(&op.paused, rd.now)
	t.QueueTime = rd.grow(&op.queue, rd.now)
	t.SuspendedTime = rd.grow(&op.suspended, rd.now)
	for k := range t.WaitingOn {
		e := &s.edges[t.WaitingOn[k].Edge]
		t.WaitingOn[k].Time = rd.grow(&e.waiting, rd.now)
		t.BackingOff[k].Time = rd.grow(&e.backoff, rd.now)
	}
	for k := range t.Publishing {
		t.Publishing[k].Time = rd.grow(&s.publishes[t.Publishing[k].Publish].waiting, rd.now)
	}
	t.Completion = t.Latency
	if op.traced {
		t.Completion, t.Lost = rd.spread(&op.completions), rd.count(&op.lost)
	}
}

// readService adds up a service's operations and instances.
func (s *System) readService(v *service, t *ServiceTally, rd *reader) {
	sum := &t.OpTally
	w, b, p := sum.WaitingOn[:0], sum.BackingOff[:0], sum.Publishing[:0]
	*sum = OpTally{}
	for k := range t.Operations {
		o := &t.Operations[k]
		sum.Arrived += o.Arrived
		sum.Waited += o.Waited
		for i, n := range o.Answers {
			sum.Answers[i] += n
		}
		sum.InWaiting += o.InWaiting
		sum.InThreads += o.InThreads
		sum.Suspended += o.Suspended
		sum.Working += o.Working
		sum.Wasted += o.Wasted
		sum.Paused += o.Paused
		sum.QueueTime += o.QueueTime
		sum.SuspendedTime += o.SuspendedTime
		w, b, p = append(w, o.WaitingOn...), append(b, o.BackingOff...), append(p, o.Publishing...)
		sum.Lost += o.Lost
		sum.Unfinished += o.Unfinished
		if len(t.Operations) == 1 {
			sum.Latency, sum.Other, sum.Waiting, sum.Completion = o.Latency, o.Other, o.Waiting, o.Completion
			continue
		}
		sum.Completion = hist.Merged(sum.Completion, o.Completion)
		sum.Latency, sum.Other, sum.Waiting = hist.Merged(sum.Latency, o.Latency), hist.Merged(sum.Other, o.Other), hist.Merged(sum.Waiting, o.Waiting)
	}
	sum.WaitingOn, sum.BackingOff, sum.Publishing = w, b, p
	if len(t.Instances) == 1 {
		t.Instances[0].Arrived, t.Instances[0].Answers = sum.Arrived, sum.Answers
	}
	t.Capacity, t.Idle, t.Down, t.PausedIdle = 0, 0, 0, 0
	for k := range t.Instances {
		in, ti := &s.instances[int(v.first)+k], &t.Instances[k]
		ti.Held = rd.grow(&in.held, rd.now)
		ti.Capacity = rd.grow(&in.capacity, rd.now)
		ti.Down = rd.grow(&in.downTime, rd.now)
		t.Down += rd.grow(&in.downThreads, rd.now)
		t.PausedIdle += rd.grow(&in.pausedIdle, rd.now)
		t.Capacity += ti.Capacity
		if in.bounded {
			t.Idle += ti.Capacity - ti.Held
		}
	}
	if t.Capacity > 0 {
		t.Idle -= t.Down + t.PausedIdle
	}
}

func (s *System) eachIntegral(f func(*integral)) {
	for i := range s.ops {
		op := &s.ops[i]
		f(&op.useful)
		f(&op.wasted)
		f(&op.paused)
		f(&op.queue)
		f(&op.suspended)
	}
	for i := range s.edges {
		f(&s.edges[i].waiting)
		f(&s.edges[i].backoff)
		f(&s.edges[i].open)
	}
	for i := range s.publishes {
		f(&s.publishes[i].waiting)
	}
	for i := range s.queues {
		f(&s.queues[i].waiting)
		f(&s.queues[i].holding)
	}
	s.eachGroup(func(g *group) {
		f(&g.waiting)
		f(&g.holding)
		for _, r := range g.readings {
			f(&r.lag)
		}
	})
	for i := range s.instances {
		in := &s.instances[i]
		f(&in.held)
		f(&in.capacity)
		f(&in.downTime)
		f(&in.downThreads)
		f(&in.pausedIdle)
	}
}

func (s *System) eachTrack(f func(*track)) {
	for i := range s.sources {
		f(&s.sources[i].latency)
		f(&s.sources[i].failed)
		f(&s.sources[i].completion)
		f(&s.sources[i].both)
	}
	for i := range s.queues {
		f(&s.queues[i].latency)
	}
	for _, l := range s.links {
		f(&l.latency)
	}
	s.eachGroup(func(g *group) { f(&g.latencyOf) })
	for i := range s.ops {
		f(&s.ops[i].latency)
		f(&s.ops[i].other)
		f(&s.ops[i].waitingTime)
		f(&s.ops[i].completion)
	}
	for i := range s.edges {
		f(&s.edges[i].shared)
		f(&s.edges[i].through)
		f(&s.edges[i].latency)
		f(&s.edges[i].failed)
	}
}

// markWarm ends the warm-up: the totals begin here.
func (s *System) markWarm() {
	s.eachIntegral(func(i *integral) { i.warm = i.at(s.now) })
	for i := range s.services {
		s.services[i].queueMax.total = s.services[i].queued
	}
	for i := range s.ops {
		s.ops[i].queueMax.total = int32(s.ops[i].queue.n)
	}
	s.eachAging((*aging).markWarm)
	s.eachPeak(func(p *peak, n int64) { p.total = 0 }) // the new sample has what there is
}

// Totals is what the run has come to, up to Now, and changes nothing: no sample ends,
// no law is checked, and the run goes on as if nobody had asked. What happened since
// the last sample's end is in it, though no observer has been told of that yet; it is
// what Finish would give. Within the warm-up nothing counts but events. Every call
// makes a new one.
func (s *System) Totals() *Totals {
	t := &Totals{From: s.plan.Warmup, To: s.now, Complete: s.now >= s.plan.Duration, Events: s.events, Fingerprint: s.print, Tallies: s.newTallies()}
	rd := totalReader
	if !s.warm {
		rd = warmupReader
		t.From = s.now
	}
	rd.now = s.now
	for i := range s.sources {
		r, ts := &s.sources[i], &t.Sources[i]
		e := &s.edges[i]
		ts.Offered = e.count.calls - e.uncounted.calls
		ts.Attempts = e.count.attempts - e.uncounted.attempts
		subtract(&ts.Ended, &e.count.callOutcomes, &e.uncounted.callOutcomes)
		ts.Latency, ts.Failed = r.latencies.total(), rd.dist(&r.failed)
		ts.Completion = ts.Latency
		if e.traced {
			ts.Completion, ts.Lost = r.completions.total(), rd.count(&r.lost)
			ts.Unfinished = ts.Ended[topology.Success] - ts.Completion.Count() - ts.Lost
		}
	}
	for i := range s.edges {
		e, te := &s.edges[i], &t.Edges[i]
		te.Calls = e.count.calls - e.uncounted.calls
		te.Attempts = e.count.attempts - e.uncounted.attempts
		te.Retries = e.count.retries - e.uncounted.retries
		te.LateAnswers = e.count.late - e.uncounted.late
		countGuards(te, &e.count, &e.uncounted)
		te.Open = e.open.total(s.now)
		subtract(&te.Outcomes, &e.count.outcomes, &e.uncounted.outcomes)
		subtract(&te.CallOutcomes, &e.count.callOutcomes, &e.uncounted.callOutcomes)
		te.Tries = triesOf(nil, sum(&te.CallOutcomes), e.ended, e.endedUncounted)
		te.Latency, te.Failed = e.latencies.total(), rd.dist(&e.failed)
	}
	for i := range s.services {
		v, ts := &s.services[i], &t.Services[i]
		for k := range ts.Operations {
			op := &s.ops[int(v.firstOp)+k]
			countOp(&ts.Operations[k], &op.count, &op.uncounted)
			s.readOp(op, &ts.Operations[k], &rd)
			ts.Operations[k].QueueMax = rd.most(&op.queueMax, op.queue.n)
			if o := &ts.Operations[k]; op.traced {
				o.Unfinished = o.Answers[topology.Success] - o.Completion.Count() - o.Lost
			}
		}
		for k := range ts.Instances {
			in := &s.instances[int(v.first)+k]
			ts.Instances[k].Arrived = in.count.arrived - in.uncounted.arrived
			subtract(&ts.Instances[k].Answers, &in.count.answers, &in.uncounted.answers)
		}
	}
	rd.from = t.From
	s.tellPublishes(t.Publishes, true)
	s.tellQueues(t.Queues, &rd, true)
	s.countInFlight(t)
	for i := range s.services {
		s.readService(&s.services[i], &t.Services[i], &rd)
		t.Services[i].QueueMax = rd.most(&s.services[i].queueMax, int64(s.services[i].queued))
	}
	return t
}

// countInFlight counts, record by record, what is under way and counts.
func (s *System) countInFlight(t *Totals) {
	for i := range s.attempts {
		at := &s.attempts[i]
		if at.state == free {
			continue
		}
		if at.call >= 0 && at.flags&counted != 0 {
			t.Edges[at.edge.number].UnderWay++
		}
		if at.flags&countedHere == 0 {
			continue
		}
		op := at.op
		o := &t.Services[op.service].Operations[op.ordinal]
		switch at.state {
		case waiting:
			o.InWaiting++
		case taken, working, calling:
			o.InThreads++
		case suspended, resuming:
			o.Suspended++
		}
	}
	for i := range s.calls {
		cl := &s.calls[i]
		if cl.flags&callCounted == 0 {
			continue
		}
		if cl.waits() && cl.edge.q == nil {
			t.Edges[cl.edge.number].CallsUnderWay++
			if cl.owner < 0 {
				t.Sources[cl.edge.number].InFlight++
			}
		}
	}
}

func (s *System) newTallies() Tallies {
	t := Tallies{
		Sources:  make([]SourceTally, len(s.sources)),
		Services: make([]ServiceTally, len(s.services)),
		Edges:    make([]EdgeTally, len(s.edges)),
	}
	s.newQueueTallies(&t)
	for i := range s.services {
		v, ts := &s.services[i], &t.Services[i]
		ts.Operations = make([]OpTally, v.ops)
		ts.Instances = make([]InstanceTally, v.instances)
		for k := range ts.Operations {
			for _, e := range s.ops[int(v.firstOp)+k].edges {
				ts.Operations[k].WaitingOn = append(ts.Operations[k].WaitingOn, EdgeTime{Edge: int(e.number)})
				ts.Operations[k].BackingOff = append(ts.Operations[k].BackingOff, EdgeTime{Edge: int(e.number)})
			}
			for _, e := range s.ops[int(v.firstOp)+k].publishes {
				ts.Operations[k].Publishing = append(ts.Operations[k].Publishing, QueueTime{Publish: int(e.number)})
			}
		}
	}
	return t
}
