package sim_test

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// The dumb twin of queues: what publishers, brokers and consumers do, written down from
// what the model says of them, with an object for everything that is kept for ever and a
// list of events of which the next is looked for every time. Its services only work and
// publish: what calls come to is the other twin's. It draws what the engine draws, and sums
// up at the end what it can.
type mailTwin struct {
	p         *sim.Plan
	now       des.Time
	seq       int
	events    []*mailEvent
	soon      []func() // what else goes on in this instant, in order
	services  []*mailService
	queues    []*mailQueue
	publishes map[*topology.Publish]*mailPublish
	requests  []*mailRequest
	attempts  []*mailAttempt
	served    int
	last      *mailEvent
	tied      bool // which of two things that came together is first is anyone's guess
}

// A mailEvent is something that will happen.
type mailEvent struct {
	from des.Time // since when it is known that it will
	at   des.Time
	seq  int
	part int // of a stream, from 1 on: its alarms are set one after the other, each when the last has gone off
	do   func()
	off  bool
}

// cancel takes an event back; there may be none.
func (e *mailEvent) cancel() {
	if e != nil {
		e.off = true
	}
}

type mailService struct {
	spec      *topology.Service
	instances []*mailInstance
	faults    []*mailFault // in force on all or some of its operations
	groups    []*mailGroup
	readings  []*mailReading // of all of them
	members   []*mailMember
	active    []*mailMember
	regroups  bool
	putOut    des.Time // when one of its members was put out last
}

type mailInstance struct {
	service   *mailService
	number    int
	idle      int
	waiting   []*mailAttempt
	resuming  []*mailAttempt
	has       []*mailAttempt // in threads and suspended
	consumers []*mailConsumer
	turn      int
	paused    int
	down      int
	deferred  []func() // what came during a pause
	members   []*mailMember
	wanting   []*mailMember // for a thread
}

func (in *mailInstance) open() bool { return in.paused == 0 && in.down == 0 }

// ready says whether an instance has a thread that nothing else waits for.
func (in *mailInstance) ready() bool {
	return in.open() && in.idle > 0 && len(in.waiting)+len(in.resuming) == 0
}

// A mailConsumer is an instance at a queue.
type mailConsumer struct {
	*topology.Consume
	in      *mailInstance
	q       *mailQueue
	op      *topology.Operation
	salt    uint64
	has     int // deliveries that it has not ended
	served  int // when it was given something last
	atHand  []*mailDelivery
	batches [][]*mailDelivery // begun ones, of which no thread has one
}

type mailQueue struct {
	spec      *topology.Queue
	salt      uint64
	dead      *mailQueue
	outages   int
	faults    []*mailFault
	all       []*mailMessage
	waiting   int
	held      int
	readable  []*mailMessage
	keys      map[int][]*mailMessage // fifo: all that are not done, in order
	blocked   []*mailAttempt
	consumers []*mailConsumer
	pumped    bool
	tally     sim.QueueTally

	parts   [][]*mailEntry // of a stream
	entries []*mailEntry   // of all of them
	groups  []*mailGroup
}

type mailState uint8

const (
	isDelayed mailState = iota
	isReadable
	isHeld
	isAcknowledged
	isDropped
	isMoved
)

type mailMessage struct {
	q         *mailQueue
	key       des.Key
	group     int
	published des.Time
	poisoned  bool
	state     mailState
	ripen     *mailEvent
	ttl       *mailEvent
	tooOld    bool
	receives  int
	holder    *mailDelivery
	out       []*mailDelivery // not over
	all       []*mailDelivery
	waits     []*span
	holds     []*span
	ended     des.Time
	next      mailThing // in the queue that it has moved to
}

func (m *mailMessage) done() bool { return m.state >= isAcknowledged }

type mailDelivery struct {
	m       *mailMessage
	c       *mailConsumer
	key     des.Key
	began   des.Time
	hide    *mailEvent
	rest    []*mailDelivery // of its batch, after it
	attempt *mailAttempt
	over    bool // the consumer has ended it, or is gone
	unseen  bool // nobody sees its consumer go
}

type mailPublish struct {
	*topology.Publish
	q     *mailQueue
	salt  uint64
	turn  int
	tally sim.PublishTally
}

type mailRequest struct {
	source  int
	began   des.Time
	ended   des.Time
	over    bool
	outcome topology.Outcome
	a       *mailAttempt
}

type mailAttempt struct {
	in       *mailInstance
	op       *topology.Operation
	key      des.Key
	request  *mailRequest
	delivery *mailDelivery
	arrived  des.Time
	queued   *span
	started  bool
	stage    int // of what comes before the steps
	step     int
	works    int
	over     bool
	answered bool // by a thread
	outcome  topology.Outcome
	doneAt   des.Time
	useless  des.Time // from then on nobody needs it
	working  *mailEvent
	left     des.Time
	publish  *mailPublish // under way
	round    int
	called   bool // it had to wait for a place once
	failed   bool
	waits    bool // for a place
	waited   int  // how often it has heard after a wait
	timeout  *mailEvent
	holds    bool // a thread
	work     []*span
	blocks   []mailBlock
	pauses   []*span
	suspends []*span
	sent     []mailThing
	member   *mailMember // that it works for
	item     *mailItem
}

type mailBlock struct {
	publish *topology.Publish
	*span
}

type mailFault struct {
	*sim.Fault
	salt uint64
	from des.Time
}

func (f *mailFault) has(in *mailInstance) bool { return f.Instances == 0 || in.number < f.Instances }

// grown is how much of its full size a fault has.
func (f *mailFault) grown(now des.Time) float64 {
	if now-f.from >= f.Ramp {
		return 1
	}
	return float64(now-f.from) / float64(f.Ramp)
}

// stretched is d times factor, rounded.
func stretched(d des.Time, factor float64) des.Time {
	return des.Time(math.Floor(float64(d)*factor + 0.5))
}

func (w *mailTwin) after(d des.Time, do func()) *mailEvent {
	w.seq++
	e := &mailEvent{from: w.now, at: w.now + d, seq: w.seq, do: do}
	w.events = append(w.events, e)
	return e
}

func (w *mailTwin) later(do func()) { w.soon = append(w.soon, do) }

// happen lets everything happen, one thing after the other.
func (w *mailTwin) happen() {
	for {
		w.events = slices.DeleteFunc(w.events, func(e *mailEvent) bool { return e.off })
		if len(w.events) == 0 {
			return
		}
		e := slices.MinFunc(w.events, func(a, b *mailEvent) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
		if e.at >= w.p.Duration {
			return
		}
		e.off = true
		if e.at == w.now && e.part != w.last.part {
			w.tied = true
		}
		w.now, w.last = e.at, e
		e.do()
		w.settle()
	}
}

// settle does all that goes on in this instant.
func (w *mailTwin) settle() {
	for len(w.soon) > 0 {
		do := w.soon[0]
		w.soon = w.soon[1:]
		do()
	}
}

func runMail(p *sim.Plan) *mailTwin {
	t := p.Topology
	w := &mailTwin{p: p, last: &mailEvent{}, publishes: map[*topology.Publish]*mailPublish{}}
	for i := range t.Queues {
		spec := &t.Queues[i]
		w.queues = append(w.queues, &mailQueue{spec: spec, salt: des.NameKey(spec.Name), keys: map[int][]*mailMessage{}, parts: make([][]*mailEntry, spec.Partitions)})
	}
	for _, q := range w.queues {
		if q.spec.DeadLetter != topology.None {
			q.dead = w.queues[q.spec.DeadLetter]
		}
	}
	for _, x := range t.Publishes {
		w.publishes[x] = &mailPublish{Publish: x, q: w.queues[x.Queue], salt: des.NameKey(x.ID)}
	}
	for i := range t.Services {
		v := &mailService{spec: &t.Services[i]}
		w.services = append(w.services, v)
		for n := range v.spec.Instances {
			in := &mailInstance{service: v, number: n, idle: v.spec.Threads}
			if in.idle == topology.Unlimited {
				in.idle = math.MaxInt
			}
			v.instances = append(v.instances, in)
		}
		for k := range v.spec.Consumes {
			x := &v.spec.Consumes[k]
			q := w.queues[x.Queue]
			op := &v.spec.Operations[x.Op]
			for _, in := range v.instances {
				c := &mailConsumer{Consume: x, in: in, q: q, op: op, salt: des.NameKey(q.spec.Name + "->" + t.OpName(op.Ref))}
				in.consumers = append(in.consumers, c)
				if q.spec.Kind == topology.WorkQueue {
					q.consumers = append(q.consumers, c)
				}
			}
		}
	}
	w.members()
	for i := range p.Faults {
		w.fault(&p.Faults[i])
	}
	for i := range p.Sources {
		w.source(i)
	}
	w.happen()
	return w
}

// source sends the requests of a Poisson process at a constant rate, to the instances in
// turn.
func (w *mailTwin) source(i int) {
	r := &w.p.Sources[i]
	key := des.Key(w.p.Seed).With(0).With(des.NameKey(r.Name))
	gaps := key.With(sim.SaltGap)
	to := w.services[r.Edge.To.Service]
	point := 0.0
	n := 0
	var next func()
	next = func() {
		point += gaps.With(uint64(n)).Exponential()
		w.after(des.Time(math.Floor(point/r.Rate*1e9+0.5))-w.now, func() {
			q := &mailRequest{source: i, began: w.now}
			w.requests = append(w.requests, q)
			a := &mailAttempt{in: to.instances[n%len(to.instances)], op: &to.spec.Operations[r.Edge.To.Op], key: key.With(sim.SaltRequest + uint64(n)<<16), request: q}
			n++
			w.arrive(a)
			next()
		})
	}
	next()
}

func (w *mailTwin) arrive(a *mailAttempt) {
	in := a.in
	a.arrived, a.useless = w.now, forever
	a.request.a = a
	w.attempts = append(w.attempts, a)
	turnAway := func(o topology.Outcome) {
		a.over, a.doneAt, a.outcome = true, w.now, o
		w.answer(a.request, o)
	}
	switch {
	case in.down > 0:
		turnAway(topology.Refused)
	case in.ready():
		w.take(a)
	case in.service.spec.Queue == topology.Unlimited || len(in.waiting) < in.service.spec.Queue:
		a.queued = &span{w.now, forever}
		in.waiting = append(in.waiting, a)
	default:
		turnAway(topology.Rejected)
	}
}

func (w *mailTwin) answer(q *mailRequest, o topology.Outcome) {
	q.over, q.ended, q.outcome = true, w.now, o
}

// take gives an attempt a thread, which begins with it as soon as all else is done that is
// being done.
func (w *mailTwin) take(a *mailAttempt) {
	in := a.in
	in.idle--
	in.has = append(in.has, a)
	a.holds, a.started = true, true
	w.later(func() {
		if !a.over {
			w.advance(a)
		}
	})
}

// look lets idle threads take what there is: who goes on, who waits, messages.
func (w *mailTwin) look(in *mailInstance) {
	for in.open() && in.idle > 0 {
		switch {
		case len(in.resuming) > 0:
			a := in.resuming[0]
			in.resuming = in.resuming[1:]
			w.goOnWithThread(a)
		case len(in.waiting) > 0:
			a := in.waiting[0]
			in.waiting = in.waiting[1:]
			a.queued.to = w.now
			w.take(a)
		case !w.lookForMessage(in):
			return
		}
	}
}

// lookForMessage looks at the queues in turn.
func (w *mailTwin) lookForMessage(in *mailInstance) bool {
	for k := range in.consumers {
		n := (in.turn + k) % len(in.consumers)
		c := in.consumers[n]
		switch {
		case c.q.spec.Kind == topology.Stream:
			if !w.readFor(in) {
				continue
			}
		case len(c.batches) > 0:
			b := c.batches[0]
			c.batches = c.batches[1:]
			w.work(b)
		case len(c.atHand) > 0:
			n := min(len(c.atHand), max(c.Batch, 1))
			b := slices.Clone(c.atHand[:n])
			c.atHand = c.atHand[n:]
			w.work(b)
		case c.Prefetch == 0 && c.q.outages == 0 && len(c.q.readable) > 0:
			w.work(w.handOutBatch(c))
		default:
			continue
		}
		in.turn = n + 1
		return true
	}
	return false
}

func (w *mailTwin) handOutBatch(c *mailConsumer) (b []*mailDelivery) {
	for len(b) < max(c.Batch, 1) && len(c.q.readable) > 0 {
		b = append(b, w.handOut(c))
	}
	return b
}

// work lets a thread begin with the first delivery of a batch.
func (w *mailTwin) work(b []*mailDelivery) {
	d := b[0]
	d.rest = b[1:]
	a := &mailAttempt{in: d.c.in, op: d.c.op, key: d.key, delivery: d, arrived: w.now, useless: forever}
	if d.m.done() {
		a.useless = w.now
	}
	d.attempt = a
	w.attempts = append(w.attempts, a)
	w.take(a)
}

// wants says whether a consumer has a use for a message.
func (c *mailConsumer) wants() bool {
	if c.Prefetch > 0 {
		return c.in.down == 0 && c.has < max(c.Prefetch, c.in.service.spec.Threads)
	}
	return c.in.ready()
}

// pump hands out what is readable, to those that have been served longest ago first.
func (w *mailTwin) pump(q *mailQueue) {
	for q.outages == 0 && len(q.readable) > 0 {
		var to *mailConsumer
		for _, c := range q.consumers {
			if c.wants() && (to == nil || c.served < to.served) {
				to = c
			}
		}
		if to == nil {
			break
		}
		switch {
		case to.Prefetch == 0:
			w.work(w.handOutBatch(to))
		case to.in.ready() && len(to.atHand) == 0 && len(to.batches) == 0:
			w.work([]*mailDelivery{w.handOut(to)})
		default:
			to.atHand = append(to.atHand, w.handOut(to))
		}
	}
	w.see(q)
}

func (w *mailTwin) see(q *mailQueue) {
	q.tally.DepthMax = max(q.tally.DepthMax, uint64(q.waiting))
	q.tally.LagMax = max(q.tally.LagMax, uint64(q.waiting+q.held))
}

// pumpSoon gives places to those that wait for them, and messages to those who want them,
// when what is being done is done.
func (w *mailTwin) pumpSoon(q *mailQueue) {
	if q.pumped {
		return
	}
	q.pumped = true
	w.later(func() {
		q.pumped = false
		for _, g := range q.groups {
			for _, m := range g.v.members {
				w.nudge(m)
			}
		}
		for _, g := range q.groups {
			for _, r := range g.readings {
				w.seeGroup(g, r)
			}
		}
		for len(q.blocked) > 0 && !(q.outages == 0 && q.full() && q.spec.OnFull == topology.BlockPublish) {
			a := q.blocked[0]
			q.blocked = q.blocked[1:]
			o := w.offer(a)
			w.pump(q)
			w.taken(a, o)
		}
		w.pump(q)
	})
}

func (q *mailQueue) full() bool {
	return q.spec.Capacity != topology.Unlimited && q.waiting >= q.spec.Capacity
}

// advance takes an attempt that has a thread as far as it goes.
func (w *mailTwin) advance(a *mailAttempt) {
	if a.failed {
		w.finish(a, topology.Error)
		return
	}
	for ; a.stage < 2; a.stage++ {
		if a.stage == 0 {
			d := des.Time(0)
			for _, f := range a.in.service.faults {
				if f.Kind == sim.Latency && f.has(a.in) {
					d += stretched(sim.Draw(&f.Add, a.key.With(sim.SaltFaultLatency).With(f.salt)), f.grown(w.now))
				}
			}
			if d > 0 {
				a.stage++
				w.ownWork(a, d)
				return
			}
			continue
		}
		if w.errs(a, false, sim.SaltFaultError) || a.delivery != nil && a.delivery.m.poisoned || a.item != nil && a.item.rd.e.poisoned {
			w.finish(a, topology.Error)
			return
		}
	}
	for a.step < len(a.op.Steps) {
		st := &a.op.Steps[a.step]
		a.step++
		if st.Kind == topology.Work {
			d := sim.Draw(&st.Work, a.key.With(des.NameKey("work")+uint64(a.works)))
			a.works++
			for _, f := range a.in.service.faults {
				if f.Kind == sim.Slow && f.has(a.in) {
					d = stretched(d, 1+(f.Factor-1)*f.grown(w.now))
				}
			}
			if d > 0 {
				w.ownWork(a, d)
				return
			}
			continue
		}
		x := w.publishes[st.Publish]
		if x.Chance < 1 {
			d := a.key.With(x.salt).With(sim.SaltChance).Draw()
			if d.Uniform() >= x.Chance {
				continue
			}
		}
		a.publish, a.round, a.called = x, 0, false
		if !w.publish(a) {
			return
		}
	}
	if w.errs(a, true, sim.SaltFaultErrorAfter) {
		w.finish(a, topology.Error)
		return
	}
	w.finish(a, topology.Success)
}

func (w *mailTwin) errs(a *mailAttempt, afterWork bool, salt uint64) bool {
	well := 1.0
	for _, f := range a.in.service.faults {
		if f.Kind == sim.Errors && f.AfterWork == afterWork && f.has(a.in) {
			well *= 1 - f.Rate*f.grown(w.now)
		}
	}
	d := a.key.With(salt).Draw()
	return d.Uniform() < 1-well
}

func (w *mailTwin) ownWork(a *mailAttempt, d des.Time) {
	a.work = append(a.work, &span{w.now, forever})
	a.working = w.after(d, func() {
		a.working = nil
		a.work[len(a.work)-1].to = w.now
		w.advance(a)
	})
}

// publish does a publish step, and says whether it is done at once.
func (w *mailTwin) publish(a *mailAttempt) bool {
	for a.round < a.publish.Times && !a.failed {
		if w.mustWait(a) {
			w.block(a)
			return false
		}
		w.hand(a)
	}
	if a.failed {
		w.finish(a, topology.Error)
		return false
	}
	return true
}

// mustWait says whether a publisher has to wait: for a place, or for those before it.
func (w *mailTwin) mustWait(a *mailAttempt) bool {
	q := a.publish.q
	return q.outages == 0 && (q.full() || len(q.blocked) > 0) && q.spec.OnFull == topology.BlockPublish
}

// hand hands the broker a message, and it to a consumer.
func (w *mailTwin) hand(a *mailAttempt) {
	o := w.offer(a)
	w.pump(a.publish.q)
	w.word(a, o)
}

// word is what the broker says about a message.
func (w *mailTwin) word(a *mailAttempt, o topology.Outcome) {
	x := a.publish
	a.round++
	if o == topology.Success {
		x.tally.Published++
		return
	}
	x.tally.Failed[o]++
	a.failed = a.failed || !x.Optional
}

// block lets a publisher wait for a place.
func (w *mailTwin) block(a *mailAttempt) {
	x := a.publish
	x.tally.Blocked++
	x.q.blocked = append(x.q.blocked, a)
	a.waits = true
	if !a.called {
		a.called = true
		if a.in.service.spec.Blocking {
			a.blocks = append(a.blocks, mailBlock{x.Publish, &span{w.now, forever}})
		} else {
			a.suspends = append(a.suspends, &span{w.now, forever})
			a.holds = false
			a.in.idle++
			w.look(a.in)
		}
	}
	if x.Timeout > 0 {
		n := a.waited
		a.timeout = w.after(des.Time(x.Timeout), func() {
			w.tell(a, func() {
				if a.waited != n { // it has heard of it
					return
				}
				if a.waits {
					x.q.blocked = less(x.q.blocked, a)
					x.q.tally.TimedOut++
					a.waits = false
				}
				w.hear(a, topology.Timeout)
			})
		})
	}
}

// tell tells a publisher something, as soon as it does not stand still.
func (w *mailTwin) tell(a *mailAttempt, what func()) {
	if a.in.paused > 0 {
		a.in.deferred = append(a.in.deferred, what)
		return
	}
	what()
}

// taken ends a publisher's waiting for a place.
func (w *mailTwin) taken(a *mailAttempt, o topology.Outcome) {
	a.waits = false
	n := a.waited
	w.tell(a, func() {
		if a.waited == n {
			w.hear(a, o)
		}
	})
}

// hear lets a publisher that had to wait hear what the broker says, and go on with its next
// message or its next step.
func (w *mailTwin) hear(a *mailAttempt, o topology.Outcome) {
	a.waited++
	if w.word(a, o); !a.failed && a.round < a.publish.Times {
		w.later(func() {
			switch {
			case a.over:
			case w.mustWait(a):
				w.block(a)
			default:
				o := w.offer(a)
				w.pump(a.publish.q)
				w.hear(a, o)
			}
		})
		return
	}
	a.publish, a.called = nil, false
	switch {
	case a.holds:
		a.blocks[len(a.blocks)-1].to = w.now
		w.later(func() {
			if !a.over {
				w.advance(a)
			}
		})
	case a.in.open() && a.in.idle > 0 && len(a.in.resuming) == 0:
		w.goOnWithThread(a)
	default:
		a.in.resuming = append(a.in.resuming, a)
	}
}

func (w *mailTwin) goOnWithThread(a *mailAttempt) {
	a.suspends[len(a.suspends)-1].to = w.now
	a.in.idle--
	a.holds = true
	w.later(func() {
		if !a.over {
			w.advance(a)
		}
	})
}

// offer hands the message of a's publish step to the broker.
func (w *mailTwin) offer(a *mailAttempt) topology.Outcome {
	x := a.publish
	q := x.q
	key := a.key.With(x.salt + uint64(a.round))
	switch {
	case q.outages > 0:
		q.tally.Refused++
		return topology.Refused
	case q.full() && q.spec.OnFull != topology.DropOldest:
		q.tally.Full++
		return topology.Rejected
	}
	group := -1 // it has no key
	if q.spec.FIFO || q.spec.Kind == topology.Stream {
		group = x.turn % x.Keys
		if x.turn++; x.Key != topology.RoundRobinKeys {
			group = sim.DrawThing(&topology.Cache{Keys: x.Keys, Zipf: x.Zipf}, key.With(sim.SaltMessageKey))
		}
	}
	well := 1.0
	for _, f := range q.faults {
		if f.Kind == sim.Poison {
			well *= 1 - f.Rate
		}
	}
	luck := key.With(sim.SaltPoison).Draw()
	poisoned := luck.Uniform() < 1-well
	if q.spec.Kind == topology.Stream {
		e := w.append(q, key, group, poisoned)
		a.sent = append(a.sent, e)
		w.nudgeReaders(e)
	} else {
		a.sent = append(a.sent, w.enter(q, key, group, poisoned))
	}
	return topology.Success
}

// enter lets a queue take a message.
func (w *mailTwin) enter(q *mailQueue, key des.Key, group int, poisoned bool) *mailMessage {
	if q.full() { // the one that was published first of those that wait makes room
		for _, m := range q.all {
			if m.state == isDelayed || m.state == isReadable {
				w.end(m, isDropped)
				break
			}
		}
	}
	m := &mailMessage{q: q, key: key, group: group, poisoned: poisoned, published: w.now}
	q.all = append(q.all, m)
	if q.spec.FIFO {
		q.keys[group] = append(q.keys[group], m)
	}
	if q.spec.TTL > 0 {
		w.limit(m, des.Time(q.spec.TTL))
	}
	w.wait(m, w.delay(q, key))
	return m
}

// limit lets a message be too old after d.
func (w *mailTwin) limit(m *mailMessage, d des.Time) {
	m.ttl = w.after(d, func() {
		if m.state == isHeld {
			m.tooOld = true
			return
		}
		w.end(m, isDropped)
		w.pump(m.q)
	})
}

// delay is from a message's publish until it is readable.
func (w *mailTwin) delay(q *mailQueue, key des.Key) des.Time {
	d := sim.Draw(&q.spec.Latency, key.With(sim.SaltQueueLatency))
	for _, f := range q.faults {
		if f.Kind == sim.Latency {
			d += stretched(sim.Draw(&f.Add, key.With(sim.SaltQueueFault).With(f.salt)), f.grown(w.now))
		}
	}
	return d
}

// wait lets a message wait, readable after d.
func (w *mailTwin) wait(m *mailMessage, d des.Time) {
	m.q.waiting++
	m.state = isDelayed
	m.waits = append(m.waits, &span{w.now, forever})
	if d == 0 {
		w.ripe(m)
		return
	}
	m.ripen = w.after(d, func() {
		w.ripe(m)
		w.pump(m.q)
	})
}

// ripe makes a message readable, if its turn has come among those of its key.
func (w *mailTwin) ripe(m *mailMessage) {
	m.state = isReadable
	if !m.q.spec.FIFO || m.q.keys[m.group][0] == m {
		m.q.readable = append(m.q.readable, m)
	}
}

// less is a list without v.
func less[T comparable](l []T, v T) []T {
	return slices.DeleteFunc(l, func(x T) bool { return x == v })
}

// waitNoMore ends a message's waiting or being held.
func (w *mailTwin) waitNoMore(m *mailMessage) {
	switch m.state {
	case isHeld:
		m.q.held--
		m.holds[len(m.holds)-1].to = w.now
		m.holder.hide.cancel()
		m.holder = nil
	default:
		m.q.waiting--
		m.waits[len(m.waits)-1].to = w.now
		m.ripen.cancel()
		m.q.readable = less(m.q.readable, m)
	}
	if len(m.q.blocked) > 0 {
		w.pumpSoon(m.q)
	}
}

func (w *mailTwin) handOut(c *mailConsumer) *mailDelivery {
	q := c.q
	m := q.readable[0]
	w.waitNoMore(m)
	m.state = isHeld
	m.holds = append(m.holds, &span{w.now, forever})
	q.held++
	m.receives++
	d := &mailDelivery{m: m, c: c, began: w.now, key: m.key.With(c.salt), unseen: q.spec.Visibility > 0}
	q.tally.Delivered++
	if m.receives > 1 {
		d.key = d.key.With(sim.SaltDelivery + uint64(m.receives)<<16)
		q.tally.Redelivered++
		if len(m.out) > 0 {
			q.tally.Duplicates++
		}
	}
	m.holder = d
	m.out = append(m.out, d)
	m.all = append(m.all, d)
	hide := q.spec.Visibility
	if hide == 0 || c.AckTimeout > 0 && c.AckTimeout < hide {
		hide = c.AckTimeout
	}
	if hide > 0 {
		d.hide = w.after(des.Time(hide), func() {
			if d.over { // only the broker did not know
				m.out = less(m.out, d)
			}
			w.comeBack(m, des.Time(q.spec.Redelivery))
			w.pump(q)
		})
	}
	c.has++
	w.served++
	c.served = w.served
	return d
}

// comeBack ends the holding of a message that was not acknowledged.
func (w *mailTwin) comeBack(m *mailMessage, d des.Time) {
	q := m.q
	switch {
	case q.spec.MaxReceives > 0 && m.receives >= q.spec.MaxReceives:
		if q.dead == nil || !w.hasRoom(q.dead) {
			w.end(m, isDropped)
			return
		}
		q.tally.DeadLettered++
		w.move(m, q.dead)
	case m.tooOld:
		w.end(m, isDropped)
	default:
		w.waitNoMore(m)
		w.wait(m, d)
	}
}

func (w *mailTwin) hasRoom(q *mailQueue) bool {
	switch {
	case q.outages > 0:
		q.tally.Refused++
	case q.full() && q.spec.OnFull != topology.DropOldest:
		q.tally.Full++
	default:
		return true
	}
	return false
}

// move takes a message to another queue, where it is published anew.
func (w *mailTwin) move(m *mailMessage, to *mailQueue) {
	w.end(m, isMoved)
	m.next = w.carry(to, m.key.With(to.salt), m.group, m.poisoned)
}

// carry publishes what comes from another queue; group below 0: it has no key.
func (w *mailTwin) carry(to *mailQueue, key des.Key, group int, poisoned bool) mailThing {
	defer w.pumpSoon(to)
	if to.spec.Kind == topology.Stream {
		if group < 0 {
			d := key.With(sim.SaltMessageKey).Draw()
			group = d.Intn(to.spec.Partitions)
		}
		return w.append(to, key, group, poisoned)
	}
	if to.spec.FIFO && group < 0 {
		group = int(uint32(key) >> 1) // of its own
	}
	return w.enter(to, key, group, poisoned)
}

// end takes a message off its queue.
func (w *mailTwin) end(m *mailMessage, s mailState) {
	q := m.q
	w.waitNoMore(m)
	m.state, m.ended = s, w.now
	if s == isDropped {
		q.tally.Dropped++
	}
	m.ttl.cancel()
	for _, d := range m.out {
		if d.attempt != nil && !d.attempt.over {
			d.attempt.useless = w.now
		}
	}
	m.out = nil
	if q.spec.FIFO {
		was := q.keys[m.group][0] == m
		l := less(q.keys[m.group], m)
		q.keys[m.group] = l
		if was && len(l) > 0 && l[0].state == isReadable {
			q.readable = append(q.readable, l[0])
		}
	}
}

// finish ends an attempt by its thread.
func (w *mailTwin) finish(a *mailAttempt, o topology.Outcome) {
	in := a.in
	a.over, a.answered, a.outcome, a.doneAt = true, true, o, w.now
	in.has = less(in.has, a)
	switch {
	case a.delivery != nil:
		w.delivered(a.delivery, o == topology.Success)
	case a.member != nil:
		w.hasRead(a.member, o == topology.Success)
	default:
		w.answer(a.request, o)
	}
	a.holds = false
	in.idle++
	w.look(in)
}

// delivered ends a delivery.
func (w *mailTwin) delivered(d *mailDelivery, success bool) {
	m, c, q := d.m, d.c, d.m.q
	d.over = true
	c.has--
	if len(d.rest) > 0 {
		c.batches = append(c.batches, d.rest)
	}
	switch {
	case m.done():
	case success && q.outages == 0:
		q.tally.Acknowledged++
		w.end(m, isAcknowledged)
	case m.holder != d:
		m.out = less(m.out, d)
	case q.outages > 0 && d.unseen: // it comes back when that runs out
	default:
		m.out = less(m.out, d)
		back := des.Time(q.spec.Redelivery)
		if q.outages > 0 {
			back = 0
		} else if back == 0 && q.spec.MaxReceives == 0 && d.began == w.now {
			back = des.Time(time.Millisecond)
		}
		w.comeBack(m, back)
	}
	w.pump(q)
}

// forsake ends a delivery whose consumer has gone down.
func (w *mailTwin) forsake(d *mailDelivery) {
	m := d.m
	d.over = true
	d.c.has--
	switch {
	case m.done():
	case m.holder != d:
		m.out = less(m.out, d)
	case d.unseen:
	default:
		m.out = less(m.out, d)
		w.comeBack(m, 0)
	}
	w.pumpSoon(m.q)
}

// fault lets a fault come and go, before all else of the same instant.
func (w *mailTwin) fault(spec *sim.Fault) {
	first := func(d des.Time, do func()) { w.after(d, do).seq -= math.MaxInt32 }
	var begin func()
	begin = func() {
		f := &mailFault{Fault: spec, salt: des.NameKey(spec.Name), from: w.now}
		w.strike(f, 1)
		if spec.Every > 0 {
			first(spec.Every, begin)
		}
		if !spec.Kind.Instant() {
			first(spec.Until-spec.From, func() { w.strike(f, -1) })
		}
	}
	first(spec.From, begin)
}

// strike puts a fault into force, or with -1 out of it.
func (w *mailTwin) strike(f *mailFault, step int) {
	list := func(l *[]*mailFault) {
		if *l = less(*l, f); step > 0 {
			*l = append(*l, f)
		}
	}
	for _, r := range f.Ops { // all of their services'
		list(&w.services[r.Service].faults)
	}
	for _, i := range f.Queues {
		switch q := w.queues[i]; f.Kind {
		case sim.Outage:
			q.outages += step
			w.pumpSoon(q)
		case sim.Set:
			list(&q.faults)
			w.set(q, &w.p.Topology.Queues[i])
		case sim.Redrive:
			w.redrive(q, w.queues[f.To])
		case sim.Rewind:
			for _, g := range q.groups {
				if g.v == w.services[f.Group] {
					w.rewind(g, f.By)
				}
			}
		default:
			list(&q.faults)
		}
	}
	var touched []*mailInstance
	for _, i := range f.Services {
		for _, in := range w.services[i].instances {
			if f.has(in) {
				touched = append(touched, in)
			}
		}
	}
	for _, in := range touched {
		switch f.Kind {
		case sim.Crash:
			if in.down += step; step > 0 && in.down == 1 {
				w.crash(in)
			}
		case sim.Pause:
			if in.paused += step; in.paused == 1 && step > 0 {
				w.freeze(in)
			} else if in.paused == 0 {
				w.thaw(in)
			}
		}
	}
	for _, in := range touched { // none of them is held up any more
		if in.paused == 0 {
			l := in.deferred
			in.deferred = nil
			for _, do := range l { // and what comes of one is done before the next
				do()
				w.settle()
			}
		}
		w.regroupSoon(in.service)
		w.look(in)
		for _, c := range in.consumers {
			if c.Prefetch > 0 {
				w.pumpSoon(c.q)
			}
		}
	}
	for _, q := range w.queues { // who was down may want something
		w.pumpSoon(q)
	}
}

// set gives a queue the settings that it has now: those of the plan, changed by faults in
// the order of their begins.
func (w *mailTwin) set(q *mailQueue, of *topology.Queue) {
	was, spec := q.spec, *of
	for _, f := range q.faults {
		if f.Kind != sim.Set {
			continue
		}
		s := &f.Set
		put(&spec.Latency, s.Latency)
		put(&spec.DeadLetter, s.DeadLetter)
		put(&spec.Capacity, s.Capacity)
		put(&spec.OnFull, s.OnFull)
		put(&spec.TTL, s.TTL)
		put(&spec.Visibility, s.Visibility)
		put(&spec.MaxReceives, s.MaxReceives)
		put(&spec.Redelivery, s.Redelivery)
		put(&spec.Retention, s.Retention)
		put(&spec.OnFailure, s.OnFailure)
		put(&spec.RetryEvery, s.RetryEvery)
		put(&spec.Rebalance, s.Rebalance)
		if s.MaxPoll != nil {
			spec.MaxPoll = s.MaxPoll
		}
	}
	q.spec, q.dead = &spec, nil
	if spec.DeadLetter != topology.None {
		q.dead = w.queues[spec.DeadLetter]
	}
	for _, m := range q.all {
		if m.done() || spec.TTL == was.TTL {
			continue
		}
		m.ttl.cancel()
		m.tooOld = false
		left := m.published + des.Time(spec.TTL) - w.now
		switch {
		case spec.TTL == 0:
		case left > 0:
			w.limit(m, left)
		case m.state == isHeld:
			m.tooOld = true
		default:
			w.end(m, isDropped)
		}
	}
	for spec.OnFull == topology.DropOldest && spec.Capacity != topology.Unlimited && q.waiting > spec.Capacity {
		w.end(q.all[slices.IndexFunc(q.all, func(m *mailMessage) bool { return m.state < isHeld })], isDropped)
	}
	for _, e := range q.entries {
		if e.expired || spec.Retention == was.Retention {
			continue
		}
		e.ttl.cancel()
		left := e.published + des.Time(spec.Retention) - w.now
		switch {
		case spec.Retention == 0:
		case left > 0:
			w.keep(e, left)
		default:
			w.expire(e)
		}
	}
	w.pumpSoon(q)
}

func put[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

// redrive moves what waits, what was published first first, as long as there is room.
func (w *mailTwin) redrive(q, to *mailQueue) {
	if q.outages > 0 {
		return
	}
	for _, m := range q.all {
		if m.state != isDelayed && m.state != isReadable {
			continue
		}
		if !w.hasRoom(to) {
			return
		}
		q.tally.Acknowledged++
		q.tally.Redriven++
		w.move(m, to)
	}
}

func (w *mailTwin) crash(in *mailInstance) {
	held := append(slices.Clone(in.waiting), in.has...)
	slices.SortStableFunc(held, func(a, b *mailAttempt) int {
		return cmp.Or(cmp.Compare(a.arrived, b.arrived), cmp.Compare(a.key, b.key))
	})
	in.idle = in.service.spec.Threads
	if in.idle == topology.Unlimited {
		in.idle = math.MaxInt
	}
	in.waiting, in.resuming, in.has, in.deferred = nil, nil, nil, nil
	var lost []*mailDelivery
	for _, a := range held {
		a.over, a.outcome, a.doneAt = true, topology.Reset, w.now
		a.working.cancel()
		a.timeout.cancel()
		a.close(w.now)
		if a.publish != nil && a.called { // also where the broker's word has not been heard
			a.publish.tally.Failed[topology.Cancelled]++
			if a.waits {
				a.publish.q.tally.TimedOut++
				a.publish.q.blocked = less(a.publish.q.blocked, a)
			}
		}
		if a.delivery != nil {
			lost = append(lost, a.delivery)
		} else if a.request != nil {
			w.later(func() { w.answer(a.request, topology.Reset) })
		}
	}
	for _, d := range lost {
		if w.forsake(d); len(d.rest) > 0 {
			d.c.batches = append(d.c.batches, d.rest)
		}
	}
	for _, c := range in.consumers {
		for _, b := range append(c.batches, c.atHand) {
			for _, d := range b {
				w.forsake(d)
			}
		}
		c.batches, c.atHand = nil, nil
	}
	w.loseReads(in)
}

// close ends what an attempt's time is booked to.
func (a *mailAttempt) close(now des.Time) {
	if a.queued != nil {
		a.queued.to = min(a.queued.to, now)
	}
	for _, l := range [][]*span{a.work, a.pauses, a.suspends} {
		for _, s := range l {
			s.to = min(s.to, now)
		}
	}
	for _, b := range a.blocks {
		b.to = min(b.to, now)
	}
}

func (w *mailTwin) freeze(in *mailInstance) {
	for _, a := range in.has {
		if !a.holds {
			continue
		}
		if a.working != nil {
			a.left = a.working.at - w.now
			a.working.cancel()
		}
		a.close(w.now)
		a.pauses = append(a.pauses, &span{w.now, forever})
	}
}

func (w *mailTwin) thaw(in *mailInstance) {
	for _, a := range in.has {
		if !a.holds {
			continue
		}
		a.close(w.now)
		if a.working != nil {
			w.ownWork(a, a.left)
		} else {
			a.blocks = append(a.blocks, mailBlock{a.publish.Publish, &span{w.now, forever}})
		}
	}
}

// A settled is what has become of all that something set off: when the last of it was
// done, whether something was lost, whether something is not done.
type settled struct {
	last       des.Time
	lost, open bool
}

func (s *settled) add(o settled) {
	s.last, s.lost, s.open = max(s.last, o.last), s.lost || o.lost, s.open || o.open
}

func (a *mailAttempt) setOff() (s settled) {
	s.open = !a.over && mayPublish(a.op)
	for _, m := range a.sent {
		s.add(m.settled())
	}
	return s
}

func mayPublish(op *topology.Operation) bool {
	return slices.ContainsFunc(op.Steps, func(st topology.Step) bool { return st.Kind == topology.Message })
}

func (m *mailMessage) settled() (s settled) {
	switch m.state {
	case isAcknowledged:
		s.last = m.ended
	case isDropped:
		s.lost = true
	case isMoved:
		s = m.next.settled()
	default:
		s.open = true
	}
	for _, d := range m.all {
		if d.attempt != nil {
			s.add(d.attempt.setOff())
		} else if !d.over { // it will be worked on, wanted or not
			s.open = s.open || mayPublish(d.c.op)
		}
	}
	return s
}

// tallyOp works out an operation's tally from the attempts that it had.
func (w *mailTwin) tallyOp(ref topology.OpRef) sim.OpTally {
	t := sim.OpTally{Latency: new(hist.Hist), Other: new(hist.Hist), Waiting: new(hist.Hist), Completion: new(hist.Hist)}
	end := w.p.Duration
	for _, x := range w.p.Topology.Publishes {
		if x.From == ref {
			t.Publishing = append(t.Publishing, sim.QueueTime{Publish: slices.Index(w.p.Topology.Publishes, x)})
		}
	}
	for _, a := range w.attempts {
		if a.op.Ref != ref {
			continue
		}
		t.Arrived++
		switch {
		case a.over && a.answered:
			t.Answers[a.outcome]++
			t.Latency.Add(int64(a.doneAt - a.arrived))
		case a.over:
			t.Answers[a.outcome]++
			t.Other.Add(int64(a.doneAt - a.arrived))
		case !a.started:
			t.InWaiting++
		case !a.holds:
			t.Suspended++
		default:
			t.InThreads++
		}
		if a.queued != nil {
			t.QueueTime += a.queued.within(end)
		}
		if a.started {
			began := a.arrived
			if a.queued != nil {
				t.Waited++
				began = a.queued.to
			}
			t.Waiting.Add(int64(began - a.arrived))
		}
		for _, s := range a.work {
			t.Working += s.within(end)
			t.Wasted += (&span{max(s.from, min(a.useless, s.to)), s.to}).within(end)
		}
		for _, s := range a.suspends {
			t.SuspendedTime += s.within(end)
		}
		for _, s := range a.pauses {
			t.Paused += s.within(end)
		}
		for _, b := range a.blocks {
			k := slices.IndexFunc(t.Publishing, func(x sim.QueueTime) bool { return w.p.Topology.Publishes[x.Publish] == b.publish })
			t.Publishing[k].Time += b.within(end)
		}
		if a.over && a.answered && a.outcome == topology.Success && mayPublish(a.op) {
			count(a.setOff(), a.arrived, a.doneAt, t.Completion, &t.Lost, &t.Unfinished)
		}
	}
	if len(t.Publishing) == 0 { // what sets off nothing is done with its answer, whatever that says
		t.Completion = t.Latency
	}
	return t
}

func (w *mailTwin) tallyInstance(in *mailInstance) (t sim.InstanceTally) {
	for _, a := range w.attempts {
		if a.in != in {
			continue
		}
		t.Arrived++
		if a.over {
			t.Answers[a.outcome]++
		}
		for _, l := range [][]*span{a.work, a.pauses} {
			for _, s := range l {
				t.Held += s.within(w.p.Duration)
			}
		}
		for _, b := range a.blocks {
			t.Held += b.within(w.p.Duration)
		}
	}
	return t
}

// count counts the completion of what succeeded.
func count(s settled, began, ended des.Time, h *hist.Hist, lost, unfinished *uint64) {
	switch {
	case s.lost:
		*lost++
	case s.open:
		*unfinished++
	default:
		h.Add(int64(max(ended, s.last) - began))
	}
}

// tallyQueue works out the rest of a queue's tally from its messages.
func (w *mailTwin) tallyQueue(q *mailQueue) *sim.QueueTally {
	t := &q.tally
	end := w.p.Duration
	t.Latency = new(hist.Hist)
	t.Published = uint64(len(q.all) + len(q.entries))
	for _, m := range q.all {
		switch m.state {
		case isDelayed, isReadable:
			t.Waiting++
		case isHeld:
			t.Held++
		case isAcknowledged:
			t.Latency.Add(int64(m.ended - m.published))
		}
		for _, s := range m.waits {
			t.WaitingTime += s.within(end)
			if s.to > s.from {
				t.AgeMax = max(t.AgeMax, min(s.to, end)-m.published)
			}
		}
		for _, s := range m.holds {
			t.HeldTime += s.within(end)
		}
	}
	return t
}

func (w *mailTwin) tallySource(i int) sim.SourceTally {
	t := sim.SourceTally{Latency: new(hist.Hist), Failed: new(hist.Hist), Completion: new(hist.Hist)}
	for _, q := range w.requests {
		if q.source != i {
			continue
		}
		t.Offered++
		switch {
		case !q.over:
			t.InFlight++
		case q.outcome == topology.Success:
			t.Ended[q.outcome]++
			t.Latency.Add(int64(q.ended - q.began))
			count(q.a.setOff(), q.began, q.ended, t.Completion, &t.Lost, &t.Unfinished)
		default:
			t.Ended[q.outcome]++
			t.Failed.Add(int64(q.ended - q.began))
		}
	}
	return t
}

// A mailMaker makes random plans of services that work and publish, with hardly two things
// at one instant: every time has nanoseconds.
type mailMaker struct {
	maker
	streams bool // some queues are streams
	spans   *int // that it has made
}

func (m mailMaker) name(i int) string { return fmt.Sprintf("q%d", i) }

// span is a time of so many milliseconds, and of nanoseconds that no other has: sums of a few
// of them differ too.
func (m mailMaker) span(label string, most int) time.Duration {
	*m.spans++
	n := *m.spans
	return time.Duration(m.n(label, 1, most))*ms + time.Duration(n*n*n*7919%999_983)
}

func (m mailMaker) dist(label string, most int) topology.Dist {
	d := m.span(label, most)
	if !m.streams && m.once(label+" constant", 2) { // what streams wait for comes together with it else
		return topology.Constant(d)
	}
	return topology.Exponential(d)
}

// queue makes one that gives its dead letters to one behind it.
func (m mailMaker) queue(i, n int) topology.Queue {
	q := topology.Queue{Name: m.name(i), Capacity: topology.Unlimited, DeadLetter: topology.None}
	if m.once("latency", 3) {
		q.Latency = m.dist("latency", 20)
	}
	if m.once("capacity", 2) {
		q.Capacity = m.n("capacity", 1, 8)
		q.OnFull = topology.OnFull(m.n("on full", 0, 2))
	}
	q.FIFO = m.once("fifo", 3)
	if m.once("ttl", 4) {
		q.TTL = m.span("ttl", 100)
	}
	if m.once("visibility", 2) {
		q.Visibility = m.span("visibility", 40)
	}
	if m.once("max receives", 2) {
		q.MaxReceives = m.n("max receives", 1, 3)
		if i+1 < n && m.once("dead letters", 2) {
			q.DeadLetter = m.n("dead letters", i+1, n-1)
		}
	}
	if m.once("redelivery", 2) {
		q.Redelivery = m.span("redelivery", 20)
	}
	return q
}

func (m mailMaker) steps(from, queues int) []topology.Step {
	steps := []topology.Step{work(m.dist("work", 15))}
	for from < queues && m.once("publish", 2) {
		p := &topology.Publish{Queue: m.n("queue", from, queues-1), Chance: 1, Times: 1, Keys: m.n("keys", 1, 4), Key: topology.KeyKind(m.n("kind of key", 0, 2))}
		if p.Key == topology.ZipfKeys {
			p.Zipf = 1.1
		}
		if m.once("chance", 4) {
			p.Chance = float64(m.n("chance", 1, 9)) / 10
		}
		if m.once("times", 4) {
			p.Times = m.n("times", 2, 3)
		}
		if m.once("time-out", 3) {
			p.Timeout = m.span("time-out", 20)
		}
		p.Optional = m.once("optional", 2)
		steps = append(steps, topology.Step{Kind: topology.Message, Publish: p})
		if m.once("more work", 3) {
			steps = append(steps, work(m.dist("work", 5)))
		}
	}
	return steps
}

func (m mailMaker) plan() *sim.Plan {
	var queues []topology.Queue
	n := m.n("queues", 1, 4)
	for i := range n {
		if m.streams && m.once("stream", 2) {
			queues = append(queues, m.stream(i, n))
		} else {
			queues = append(queues, m.queue(i, n))
		}
	}
	var services []topology.Service
	var sources []sim.Source
	for i := range m.n("services", 1, 4) {
		s := topology.Service{Name: fmt.Sprintf("s%d", i), Instances: m.n("instances", 1, 3), Threads: m.n("threads", 1, 4),
			Queue: m.n("waiting room", 0, 6), Blocking: !m.once("not blocking", 3)}
		if m.once("unlimited threads", 8) {
			s.Threads = topology.Unlimited
		}
		if i == 0 || m.once("asked", 3) {
			sources = append(sources, openSource(fmt.Sprintf("c%d", i), i, float64(m.n("rate", 40, 300))))
			op := topology.Operation{Name: "ask", Steps: m.steps(0, n)}
			if i == 0 && len(op.Steps) == 1 {
				op.Steps = append(op.Steps, topology.Step{Kind: topology.Message, Publish: &topology.Publish{Chance: 1, Times: 1, Keys: 3}})
			}
			s.Operations = append(s.Operations, op)
		}
		for q := range n {
			if i == 0 && !m.once("consumes", 4) || !m.once("consumes", 2) {
				continue
			}
			c := topology.Consume{Queue: q, Op: len(s.Operations), Batch: 1}
			if queues[q].Kind == topology.WorkQueue {
				if m.once("prefetch", 3) {
					c.Prefetch = m.n("prefetch", 1, 6)
				}
				if m.once("batch", 3) {
					c.Batch = m.n("batch", 2, 4)
				}
				if m.once("ack time-out", 5) {
					c.AckTimeout = m.span("ack time-out", 40)
				}
			}
			s.Consumes = append(s.Consumes, c)
			s.Operations = append(s.Operations, topology.Operation{Name: fmt.Sprintf("on%d", q), Steps: m.steps(q+1, n)})
		}
		if len(s.Operations) == 0 {
			s.Operations = []topology.Operation{{Name: "rest", Steps: []topology.Step{work(topology.Constant(ms))}}}
		}
		services = append(services, s)
	}
	t := &topology.Topology{Services: services, Queues: queues}
	t.Index()
	for i := range sources {
		e := sources[i].Edge
		e.From = topology.OpRef{Service: -1, Op: -1}
		e.ID = sources[i].Name + "->" + t.OpName(e.To)
	}
	return &sim.Plan{Name: "test", Seed: rapid.Uint64().Draw(m.T, "seed"), Duration: at(m.millis("duration", 200, 500)), Interval: at(sec), Topology: t, Sources: sources}
}

// fault makes one, of any kind that a service without calls or a queue can have.
func (m mailMaker) fault(p *sim.Plan, n int) sim.Fault {
	kinds := []sim.FaultKind{sim.Latency, sim.Slow, sim.Errors, sim.Crash, sim.Pause, sim.Outage, sim.Poison, sim.Redrive, sim.Rewind, sim.Set, sim.Set}
	f := sim.Fault{Name: fmt.Sprintf("f%d", n), Kind: kinds[m.n("kind of fault", 0, len(kinds)-1)]}
	f.From = at(m.span("begin", int(p.Duration.Duration()/ms)-2))
	f.Until = min(f.From+at(m.span("length", 100)), p.Duration)
	if m.once("every", 3) {
		f.Every = f.Until - f.From + at(m.span("rest", 100))
	}
	var services, queues []int
	for i := range p.Topology.Services {
		services = append(services, i)
	}
	for i := range p.Topology.Queues {
		queues = append(queues, i)
	}
	onServices := func() {
		f = on(p, f, some(m.maker, "on", services)...)
		if m.once("instances", 3) {
			f.Instances = m.n("instances", 1, 2)
		}
	}
	ramp := func() {
		if m.once("ramp", 3) {
			f.Ramp = at(m.span("ramp", 100))
		}
	}
	switch f.Kind {
	case sim.Latency:
		f.Add = m.dist("latency", 20)
		if ramp(); m.once("on queues", 2) {
			f.Add = topology.Exponential(m.span("latency", 20))
			f.Queues = some(m.maker, "on", queues)
			break
		}
		onServices()
		f.Services = nil
	case sim.Slow:
		f.Factor = float64(m.n("factor", 1, 20)) / 4
		ramp()
		onServices()
		f.Services = nil
	case sim.Errors:
		f.Rate, f.AfterWork = float64(m.n("rate", 1, 10))/10, m.once("after work", 2)
		ramp()
		onServices()
		f.Services = nil
	case sim.Crash, sim.Pause:
		onServices()
	case sim.Set:
		f.Queues = some(m.maker, "on", m.alike(p.Topology.Queues))
		f.Set = m.settings(p.Topology.Queues, f.Queues)
	case sim.Poison:
		f.Rate = float64(m.n("rate", 1, 10)) / 10
		f.Queues = some(m.maker, "on", queues)
	case sim.Redrive:
		f.Until = f.From
		f.To = m.n("to", 0, len(queues)-1)
		queues = slices.DeleteFunc(less(queues, f.To), func(q int) bool { return p.Topology.Queues[q].Kind == topology.Stream })
		if len(queues) == 0 {
			f.Kind, f.Until, f.Queues = sim.Outage, f.From+at(ms), []int{f.To}
			break
		}
		f.Queues = some(m.maker, "on", queues)
		if slices.Max(f.Queues) > f.To { // back again and again, there would be ever more
			f.Every = 0
		}
	case sim.Rewind:
		queues = slices.DeleteFunc(queues, func(q int) bool {
			return p.Topology.Queues[q].Kind != topology.Stream || len(p.Topology.Groups(q)) == 0
		})
		if len(queues) == 0 {
			f.Kind, f.Queues = sim.Outage, []int{0}
			break
		}
		f.Until = f.From
		f.Queues = []int{queues[m.n("on", 0, len(queues)-1)]}
		groups := p.Topology.Groups(f.Queues[0])
		f.Group, f.By = groups[m.n("group", 0, len(groups)-1)], at(m.span("by", 200))
	default:
		f.Queues = some(m.maker, "on", queues)
	}
	return f
}

// settings are those that a set may have on some queues of one kind.
func (m mailMaker) settings(queues []topology.Queue, on []int) (s sim.Settings) {
	last, n := slices.Max(on), len(queues)
	if m.once("set latency", 3) {
		s.Latency = maybe(m.maker, topology.Exponential(m.span("latency", 20)))
	}
	if last+1 < n && m.once("set dead letters", 2) {
		s.DeadLetter = maybe(m.maker, m.n("dead letters", last+1, n-1))
	}
	if queues[on[0]].Kind == topology.Stream {
		to := m.stream(last, n)
		s.Retention, s.OnFailure = maybe(m.maker, to.Retention), maybe(m.maker, to.OnFailure)
		s.RetryEvery, s.Rebalance, s.MaxPoll = maybe(m.maker, to.RetryEvery), maybe(m.maker, to.Rebalance), to.MaxPoll
		return s
	}
	to := m.queue(last, n)
	s.Capacity, s.OnFull = maybe(m.maker, to.Capacity), maybe(m.maker, to.OnFull)
	s.TTL, s.Visibility = maybe(m.maker, to.TTL), maybe(m.maker, to.Visibility)
	s.MaxReceives, s.Redelivery = maybe(m.maker, to.MaxReceives), maybe(m.maker, to.Redelivery)
	return s
}

// compareMail runs a plan twice, once by the engine and once by the twin.
func compareMail(t rapid.TB, p *sim.Plan) *mailTwin {
	tt := show(t, p, toTheEnd(p)).totals
	w := runMail(p)
	if w.tied {
		return w
	}
	for i := range p.Sources {
		g, x := &tt.Sources[i], w.tallySource(i)
		if g.Offered != x.Offered || g.Ended != x.Ended || g.InFlight != x.InFlight || g.Lost != x.Lost || g.Unfinished != x.Unfinished {
			t.Fatalf("source %d: %+v, its twin %+v", i, g, x)
		}
		sameHist(t, fmt.Sprintf("source %d, latency", i), g.Latency, x.Latency)
		sameHist(t, fmt.Sprintf("source %d, failed", i), g.Failed, x.Failed)
		sameHist(t, fmt.Sprintf("source %d, completion", i), g.Completion, x.Completion)
	}
	for i, q := range w.queues {
		g, x := &tt.Queues[i], w.tallyQueue(q)
		if g.Published != x.Published || g.Full != x.Full || g.Refused != x.Refused || g.TimedOut != x.TimedOut || g.Redriven != x.Redriven {
			t.Fatalf("queue %s: %+v, its twin %+v", q.spec.Name, g, x)
		}
		if q.spec.Kind == topology.WorkQueue {
			sameGroup(t, "queue "+q.spec.Name, &g.GroupTally, &x.GroupTally)
		}
		for k, group := range q.groups {
			g, x := &g.Groups[k], w.tallyGroup(group)
			sameGroup(t, fmt.Sprintf("group %s of %s", group.v.spec.Name, q.spec.Name), g, x)
			if !slices.Equal(g.Partitions, x.Partitions) {
				t.Fatalf("group %s of %s: %+v, its twin %+v", group.v.spec.Name, q.spec.Name, g.Partitions, x.Partitions)
			}
		}
	}
	for i, x := range p.Topology.Publishes {
		if g, x := &tt.Publishes[i], &w.publishes[x].tally; *g != *x {
			t.Fatalf("%s: %+v, its twin %+v", p.Topology.Publishes[i].ID, g, x)
		}
	}
	for i := range tt.Services {
		for k := range tt.Services[i].Instances {
			g, x := &tt.Services[i].Instances[k], w.tallyInstance(w.services[i].instances[k])
			if g.Arrived != x.Arrived || g.Answers != x.Answers || g.Held != x.Held {
				t.Fatalf("instance %d of %s: %+v, its twin %+v", k, p.Topology.Services[i].Name, g, x)
			}
		}
		for k := range tt.Services[i].Operations {
			ref := topology.OpRef{Service: i, Op: k}
			name := p.Topology.OpName(ref)
			g, x := &tt.Services[i].Operations[k], w.tallyOp(ref)
			if g.InWaiting != x.InWaiting || g.InThreads != x.InThreads || g.Suspended != x.Suspended || g.Lost != x.Lost || g.Unfinished != x.Unfinished ||
				g.Arrived != x.Arrived || !slices.Equal(g.Publishing, x.Publishing) {
				t.Fatalf("%s: %+v, its twin %+v", name, g, x)
			}
			x.WaitingOn, x.BackingOff = g.WaitingOn, g.BackingOff // there are no calls
			sameOp(t, name, g, &x)
			sameHist(t, name+", completion", g.Completion, x.Completion)
		}
	}
	return w
}

func sameGroup(t rapid.TB, what string, g, x *sim.GroupTally) {
	t.Helper()
	if g.Delivered != x.Delivered || g.Redelivered != x.Redelivered || g.Duplicates != x.Duplicates || g.Acknowledged != x.Acknowledged ||
		g.DeadLettered != x.DeadLettered || g.Dropped != x.Dropped || g.Waiting != x.Waiting || g.Held != x.Held ||
		g.WaitingTime != x.WaitingTime || g.HeldTime != x.HeldTime || g.DepthMax != x.DepthMax || g.LagMax != x.LagMax || g.AgeMax != x.AgeMax {
		t.Fatalf("%s: %+v, its twin %+v", what, g, x)
	}
	sameHist(t, what+", latency", g.Latency, x.Latency)
}

// The engine and its twin come to the same counts, latencies and thread time of queues of
// work, their publishers and their consumers.
func TestTwinOfQueues(t *testing.T) {
	var sum sim.QueueTally
	manyChecks(t, func(t *rapid.T) {
		m := mailMaker{maker{T: t}, false, new(int)}
		p := m.plan()
		for i := range m.n("faults", 0, 4) {
			p.Faults = append(p.Faults, m.fault(p, i))
		}
		w := compareMail(t, p)
		for _, q := range w.queues {
			addQueue(&sum, &q.tally)
		}
	})
	t.Logf("%+v", sum)
}

// manyChecks runs a property over more random cases than others: small plans run fast.
func manyChecks(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("1000"); err != nil {
			t.Fatal(err)
		}
		defer f.Value.Set(f.DefValue)
	}
	check(t, property)
}

// addQueue adds the counts of one queue to those of all.
func addQueue(sum, q *sim.QueueTally) {
	sum.Published += q.Published
	sum.Full += q.Full
	sum.Refused += q.Refused
	sum.TimedOut += q.TimedOut
	sum.Redriven += q.Redriven
	sum.Delivered += q.Delivered
	sum.Redelivered += q.Redelivered
	sum.Duplicates += q.Duplicates
	sum.Acknowledged += q.Acknowledged
	sum.DeadLettered += q.DeadLettered
	sum.Dropped += q.Dropped
}
