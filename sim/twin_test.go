package sim_test

import (
	"container/heap"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/sim/policy"
	"cascade/topology"

	"pgregory.net/rapid"
)

// The engine's dumb twin: the same rules written down as plainly as can be, with closures
// on container/heap, an object for everything, an event for every time-out and no record
// ever reused. It knows no faults, and of the guards those of the caller: what a breaker,
// a limiter, a throttle, a budget, a cache and a quantile decide it asks package policy,
// where they are held against their models; when they are asked, and what comes of it, is
// its own. Where it draws, it draws what the engine draws: the keys are the engine's
// promise. It sums up nothing on the way that it can work out at the end.
type twin struct {
	p           *sim.Plan
	now         des.Time
	seq         int
	agenda      agenda
	next        func()   // who goes on first, its calls having ended
	soon        []func() // what else goes on in this instant, in order
	instances   [][]*twinInstance
	edges       []*twinEdge
	edgeOf      map[*topology.Edge]*twinEdge
	attempts    []*twinAttempt // all that there ever were
	transitions []sim.Transition
}

type twinEvent struct {
	at  des.Time
	seq int
	do  func()
	off bool
}

// cancel takes an event back; there may be none.
func (e *twinEvent) cancel() {
	if e != nil {
		e.off = true
	}
}

type agenda []*twinEvent

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(*twinEvent)) }
func (a *agenda) Pop() any     { x := (*a)[len(*a)-1]; *a = (*a)[:len(*a)-1]; return x }

type twinInstance struct {
	spec     *topology.Service
	idle     int
	inOp     map[*topology.Operation]int
	waiting  []*twinAttempt
	resuming []*twinAttempt
}

type twinEdge struct {
	*topology.Edge
	number  int
	salt    uint64
	callers []*twinCaller
	tally   sim.EdgeTally
	source  sim.SourceTally
}

// A twinCaller is what one calling instance keeps for an edge.
type twinCaller struct {
	turn     int
	underWay int
	budget   *policy.Budget
	limiter  *policy.Limiter
	throttle *policy.Throttle
	breaker  *policy.Breaker
	recent   *policy.Recent
	cache    *policy.Cache
	flights  map[int]*twinCall
}

type twinCall struct {
	edge     *twinEdge
	key      des.Key
	owner    *twinAttempt // nil: a request of a source
	client   int
	began    des.Time
	round    int
	try      int // tries sent or turned away
	further  int // copies of the try, sent or turned away
	paid     int32
	underWay []*twinAttempt // copies of the try, as they were sent
	last     topology.Outcome
	deadline *twinEvent
	wait     *twinEvent // for the next try, or for the limiter
	reserved *policy.Reservation
	hedge    *twinEvent
	fallback *twinEvent
	thing    int // it asks the cache for
	missed   bool
	leads    bool
	leader   *twinCall // for whose answer it waits
	follows  []*twinCall
	open     bool // it has begun and not ended
	over     bool // a branch that has ended
	gone     bool // its owner was stopped
}

type span struct{ from, to des.Time }

type twinAttempt struct {
	call     *twinCall // nil once it has been given up
	parent   *twinAttempt
	edge     *twinEdge
	key      des.Key
	in       *twinInstance
	number   int // of the instance
	op       *topology.Operation
	sent     des.Time
	limit    des.Time // that was sent along
	ticket   int32
	further  bool // not the first copy
	arrived  des.Time
	here     bool     // it has arrived
	gaveUp   des.Time // when its caller gave it up
	late     bool     // the caller's time-out was the reason
	stopped  bool     // it is to end as soon as it arrives or goes on
	at       place
	answered bool
	outcome  topology.Outcome
	timeout  *twinEvent
	step     int
	works    int // own work begun
	working  *twinEvent
	pending  int
	branches []*twinCall
	failed   bool
	debt     des.Time
	owes     bool
	began    des.Time // got its first thread
	started  bool
	queued   *span
	held     []*span
	suspends []*span
	work     []*span
	doneAt   des.Time
}

// A place is where an attempt is.
type place uint8

const (
	onItsWay place = iota
	inQueue
	goesOn // has a thread, and goes on in this instant
	atWork
	awaits  // its calls, with its thread
	without // a thread, while it waits
	wantsOne
	isDone
)

const forever = des.Never

func (w *twin) at(when des.Time, do func()) *twinEvent {
	w.seq++
	e := &twinEvent{at: when, seq: w.seq, do: do}
	heap.Push(&w.agenda, e)
	return e
}

func (w *twin) after(d des.Time, do func()) *twinEvent { return w.at(w.now+d, do) }

func (w *twin) later(do func()) { w.soon = append(w.soon, do) }

func (w *twin) resume(a *twinAttempt) {
	a.at = goesOn
	do := func() { w.advance(a) }
	if w.next == nil && len(w.soon) == 0 {
		w.next = do
	} else {
		w.later(do)
	}
}

func runTwin(p *sim.Plan) *twin {
	w := &twin{p: p, edgeOf: map[*topology.Edge]*twinEdge{}}
	for i := range p.Topology.Services {
		spec := &p.Topology.Services[i]
		var l []*twinInstance
		for range spec.Instances {
			in := &twinInstance{spec: spec, idle: spec.Threads, inOp: map[*topology.Operation]int{}}
			if spec.Threads == topology.Unlimited {
				in.idle = math.MaxInt
			}
			l = append(l, in)
		}
		w.instances = append(w.instances, l)
	}
	for i, e := range p.Edges() {
		te := &twinEdge{Edge: e, number: i, salt: des.NameKey(e.ID)}
		n := 1
		if i < len(p.Sources) {
			n = p.Sources[i].Instances
		} else {
			n = p.Topology.Services[e.From.Service].Instances
		}
		for range n {
			te.callers = append(te.callers, newTwinCaller(e))
		}
		w.edges = append(w.edges, te)
		w.edgeOf[e] = te
	}
	for i := range p.Sources {
		w.source(i)
	}
	for len(w.agenda) > 0 {
		e := heap.Pop(&w.agenda).(*twinEvent)
		if e.at >= p.Duration {
			break
		}
		if e.off {
			continue
		}
		w.now = e.at
		e.do()
		for w.next != nil || len(w.soon) > 0 {
			do := w.next
			if w.next = nil; do == nil {
				do, w.soon = w.soon[0], w.soon[1:]
			}
			do()
		}
	}
	return w
}

func newTwinCaller(e *topology.Edge) *twinCaller {
	g := &twinCaller{recent: policy.NewRecent(), flights: map[int]*twinCall{}}
	if e.Retry.Budget != nil {
		g.budget = policy.NewBudget(e.Retry.Budget)
	}
	if e.RateLimit != nil {
		g.limiter = policy.NewLimiter(e.RateLimit)
	}
	if e.Throttle != nil {
		g.throttle = policy.NewThrottle(e.Throttle)
	}
	if e.Breaker != nil {
		g.breaker = policy.NewBreaker(0, e.Breaker)
	}
	if e.Cache != nil && e.Cache.Keys > 0 {
		g.cache = policy.NewCache(e.Cache)
	}
	return g
}

// source sends the requests of a Poisson process at a constant rate.
func (w *twin) source(i int) {
	r := &w.p.Sources[i]
	key := des.Key(w.p.Seed).With(0).With(des.NameKey(r.Name))
	gaps := key.With(sim.SaltGap)
	point := 0.0
	n := 0
	var next func()
	next = func() {
		if r.Limit > 0 && int64(n) >= r.Limit {
			return
		}
		point += gaps.With(uint64(n)).Exponential()
		w.at(des.Time(math.Floor(point/r.Rate*1e9+0.5)), func() {
			c := &twinCall{edge: w.edges[i], client: n % r.Instances, key: key.With(sim.SaltRequest + uint64(n)<<16)}
			n++
			w.edges[i].source.Offered++
			w.begin(c)
			next()
		})
	}
	next()
}

func (c *twinCall) caller() int {
	if c.owner != nil {
		return c.owner.number
	}
	return c.client
}

func (c *twinCall) guards() *twinCaller { return c.edge.callers[c.caller()] }

func (w *twin) begin(c *twinCall) {
	if c.gone {
		return
	}
	e := c.edge
	c.began, c.try, c.paid, c.open = w.now, 0, 0, true
	c.missed = false
	e.tally.Calls++
	if e.Deadline > 0 {
		c.deadline = w.after(des.Time(e.Deadline), func() {
			w.giveUpAll(c, topology.Timeout, true)
			w.waitNoMore(c)
			w.end(c, topology.Timeout)
		})
	}
	if e.Cache == nil || !w.fromCache(c) {
		w.send(c)
	}
}

// fromCache says whether the cache, or a call for the same thing, answers the call.
func (w *twin) fromCache(c *twinCall) bool {
	k, g, t := c.edge.Cache, c.guards(), &c.edge.tally
	luck := c.key.With(sim.SaltCache)
	var hit bool
	if k.Keys == 0 {
		d := luck.Draw()
		hit = d.Uniform() < k.Hit
	} else {
		c.thing = sim.DrawThing(k, luck)
		hit = g.cache.Get(w.now.Duration(), c.thing)
	}
	if hit {
		t.CacheHits++
		w.end(c, topology.Success)
		return true
	}
	if k.Coalesce {
		if c.leader = g.flights[c.thing]; c.leader != nil {
			t.Coalesced++
			w.yield(c)
			c.leader.follows = append(c.leader.follows, c)
			return true
		}
		c.leads = true
		g.flights[c.thing] = c
	}
	c.missed = true
	t.CacheMisses++
	return false
}

// waitNoMore ends the call's waiting for anything but an answer.
func (w *twin) waitNoMore(c *twinCall) {
	c.wait.cancel()
	if c.reserved != nil {
		c.guards().limiter.Cancel(w.now.Duration(), *c.reserved)
		c.reserved = nil
		w.notSent(c)
	}
	if l := c.leader; l != nil {
		k := slices.Index(l.follows, c)
		l.follows = slices.Delete(l.follows, k, k+1)
		c.leader = nil
	}
}

// notSent gives the budget back what a retry that is not sent holds of it.
func (w *twin) notSent(c *twinCall) {
	if c.paid > 0 {
		c.guards().budget.Ended(w.now.Duration(), topology.Cancelled, c.paid)
		c.paid = 0
	}
}

// send lets the call's next try pass the guards, and sends it if it does.
func (w *twin) send(c *twinCall) {
	if l := c.guards().limiter; l != nil {
		left := forever
		if c.edge.Deadline > 0 {
			left = c.began + des.Time(c.edge.Deadline)
		}
		if c.owner != nil {
			left = min(left, c.owner.limit)
		}
		r, wait, ok := l.Reserve(w.now.Duration(), (left - 1 - w.now).Duration())
		if !ok {
			w.turnedAway(c, topology.RateLimited)
			return
		}
		if wait > 0 {
			w.yield(c)
			c.reserved = &r
			c.wait = w.after(des.Time(wait), func() {
				c.reserved = nil
				w.pass(c)
			})
			return
		}
	}
	w.pass(c)
}

// yield takes the thread from whoever waits for a call and does not block.
func (w *twin) yield(c *twinCall) {
	if a := c.owner; a != nil && !a.in.spec.Blocking && a.at == awaits {
		a.at = without
		a.suspends = append(a.suspends, &span{w.now, forever})
		w.release(a)
	}
}

func (w *twin) turnedAway(c *twinCall, o topology.Outcome) {
	c.try++
	c.edge.tally.TurnedAway[o]++
	w.notSent(c)
	w.endTry(c, o)
}

// pass goes on where the limiter has let the try pass.
func (w *twin) pass(c *twinCall) {
	e := c.edge
	luck := c.luck(c.try + 1)
	ticket, o := w.ask(c, luck)
	if o != topology.Success {
		w.turnedAway(c, o)
		return
	}
	w.yield(c)
	c.try++
	c.further = 0
	if c.try > 1 {
		e.tally.Retries++
	} else if e.Retry.Budget != nil {
		c.guards().budget.Deposit(w.now.Duration())
	}
	w.transmit(c, &twinAttempt{key: luck, ticket: ticket, number: w.turn(c)})
}

// luck is that of a try.
func (c *twinCall) luck(try int) des.Key {
	if try == 1 {
		return c.key
	}
	return c.key.With(sim.SaltTry + uint64(try)<<16)
}

// ask asks throttle, breaker and bulkhead: Success, or who is against it.
func (w *twin) ask(c *twinCall, luck des.Key) (ticket int32, o topology.Outcome) {
	e, g := c.edge, c.guards()
	if g.throttle != nil {
		d := luck.With(sim.SaltThrottle).Draw()
		if !g.throttle.Admit(w.now.Duration(), d.Uniform()) {
			return 0, topology.Throttled
		}
	}
	if g.breaker != nil {
		ok := false
		w.watch(e, c.caller(), func() { ticket, ok = g.breaker.Allow(w.now.Duration()) })
		if !ok {
			return 0, topology.BreakerOpen
		}
	}
	if e.Bulkhead > 0 && g.underWay >= e.Bulkhead {
		if g.breaker != nil {
			w.watch(e, c.caller(), func() { g.breaker.Done(w.now.Duration(), ticket, policy.Excluded) })
		}
		return 0, topology.BulkheadFull
	}
	return ticket, topology.Success
}

// watch writes down what a use of a caller's breaker changes.
func (w *twin) watch(e *twinEdge, caller int, use func()) {
	b := e.callers[caller].breaker
	from := b.State()
	use()
	if to := b.State(); to != from {
		w.transitions = append(w.transitions, sim.Transition{At: w.now, Kind: sim.BreakerChanged, Edge: e.number, Instance: caller, From: from, To: to})
	}
}

// turn is the instance whose turn it is, of those that the call has no copy at, if there
// are such; the next turn is that of the one behind.
func (w *twin) turn(c *twinCall) int {
	n, g := len(w.instances[c.edge.To.Service]), c.guards()
	i := g.turn
	for range n {
		if !slices.ContainsFunc(c.underWay, func(a *twinAttempt) bool { return a.number == i }) {
			break
		}
		i = (i + 1) % n
	}
	g.turn = (i + 1) % n
	return i
}

// transmit sends a copy of the call's try.
func (w *twin) transmit(c *twinCall, a *twinAttempt) {
	e := c.edge
	a.call, a.parent, a.edge, a.sent, a.gaveUp, a.op = c, c.owner, e, w.now, forever, w.p.Topology.Op(e.To)
	a.in = w.instances[e.To.Service][a.number]
	w.attempts = append(w.attempts, a)
	c.underWay = append(c.underWay, a)
	c.guards().underWay++
	e.tally.Attempts++
	e.source.Attempts++
	a.limit = forever
	if e.Propagate {
		if e.Timeout > 0 {
			a.limit = w.now + des.Time(e.Timeout)
		}
		if e.Deadline > 0 {
			a.limit = min(a.limit, c.began+des.Time(e.Deadline))
		}
		if c.owner != nil {
			a.limit = min(a.limit, c.owner.limit)
		}
	}
	if e.Timeout > 0 {
		a.timeout = w.after(des.Time(e.Timeout), func() {
			w.giveUp(a, topology.Timeout, true)
			if len(c.underWay) == 0 {
				w.endTry(c, topology.Timeout)
			}
		})
	}
	w.awaitHedge(c)
	if e.Network.IsZero() {
		w.arrive(a)
		return
	}
	w.after(sim.Draw(&e.Network, a.key.With(sim.SaltNetworkOut)), func() { w.arrive(a) })
}

// awaitHedge lets another copy go out after a while. One that would go out in the instant
// of the answer does not.
func (w *twin) awaitHedge(c *twinCall) {
	h := c.edge.Hedge
	if h == nil || c.further >= h.Max {
		return
	}
	after := h.After
	if h.Quantile > 0 {
		var known bool
		if after, known = c.guards().recent.Quantile(h.Quantile); !known {
			return
		}
	}
	c.hedge = w.after(des.Time(after), func() {
		c.hedge = w.at(w.now, func() { w.sendHedge(c) })
	})
}

func (w *twin) sendHedge(c *twinCall) {
	c.hedge = nil
	c.further++
	luck := c.luck(c.try).With(sim.SaltHedge + uint64(c.further)<<16)
	g := c.guards()
	ticket, o := int32(0), topology.RateLimited
	if g.limiter == nil || g.limiter.Allow(w.now.Duration()) {
		ticket, o = w.ask(c, luck)
	}
	if o != topology.Success {
		c.edge.tally.TurnedAway[o]++
		w.awaitHedge(c)
		return
	}
	c.edge.tally.Hedges++
	w.transmit(c, &twinAttempt{key: luck, ticket: ticket, number: w.turn(c), further: true})
}

func (w *twin) arrive(a *twinAttempt) {
	in := a.in
	a.arrived, a.here = w.now, true
	switch {
	case a.stopped:
		a.late = false
		w.turnAway(a, topology.Cancelled)
	case a.op.Bulkhead > 0 && in.inOp[a.op] >= a.op.Bulkhead:
		w.turnAway(a, topology.BulkheadFull)
	case in.idle > 0:
		w.take(a)
		w.start(a)
	case in.spec.Queue == topology.Unlimited || len(in.waiting) < in.spec.Queue:
		a.at = inQueue
		a.queued = &span{w.now, forever}
		in.waiting = append(in.waiting, a)
	default:
		w.turnAway(a, topology.Rejected)
	}
}

func (w *twin) take(a *twinAttempt) {
	a.at = goesOn
	a.in.idle--
	a.in.inOp[a.op]++
	a.held = append(a.held, &span{w.now, forever})
}

func (w *twin) start(a *twinAttempt) {
	a.began, a.started = w.now, true
	w.advance(a)
}

func (w *twin) advance(a *twinAttempt) {
	if a.stopped {
		w.cutShort(a)
		return
	}
	if a.failed {
		w.finish(a, topology.Error)
		return
	}
	if a.owes {
		d := a.debt
		a.owes, a.debt = false, 0
		w.ownWork(a, d, func() { w.advance(a) })
		return
	}
	for a.step < len(a.op.Steps) {
		st := &a.op.Steps[a.step]
		a.step++
		var calls []*twinCall
		switch st.Kind {
		case topology.Work:
			d := sim.Draw(&st.Work, a.key.With(des.NameKey("work")+uint64(a.works)))
			a.works++
			if d > 0 {
				w.ownWork(a, d, func() { w.advance(a) })
				return
			}
			continue
		case topology.Call:
			calls = w.made(a, st.Call, calls)
		case topology.Parallel:
			for i := range st.Parallel {
				calls = w.made(a, st.Parallel[i].Call, calls)
			}
		}
		if len(calls) == 0 {
			continue
		}
		a.at, a.branches, a.pending = awaits, calls, len(calls)
		if st.Kind == topology.Call {
			w.begin(calls[0])
			return
		}
		w.yield(calls[0])
		for _, c := range calls {
			w.later(func() { w.begin(c) })
		}
		return
	}
	w.finish(a, topology.Success)
}

// made appends the call of an edge, if it is made.
func (w *twin) made(a *twinAttempt, spec *topology.Edge, calls []*twinCall) []*twinCall {
	e := w.edgeOf[spec]
	if e.Chance < 1 {
		d := a.key.With(e.salt).With(sim.SaltChance).Draw()
		if d.Uniform() >= e.Chance {
			return calls
		}
	}
	return append(calls, &twinCall{edge: e, owner: a, key: a.key.With(e.salt)})
}

func (w *twin) ownWork(a *twinAttempt, d des.Time, then func()) {
	a.at = atWork
	s := &span{w.now, w.now + d}
	a.work = append(a.work, s)
	a.working = w.at(s.to, func() {
		a.at = goesOn
		then()
	})
}

func (w *twin) release(a *twinAttempt) {
	a.held[len(a.held)-1].to = w.now
	in := a.in
	in.idle++
	for in.idle > 0 {
		if len(in.resuming) > 0 {
			b := in.resuming[0]
			in.resuming = in.resuming[1:]
			w.goOnWithThread(b)
			continue
		}
		if len(in.waiting) == 0 {
			return
		}
		k := 0
		if in.spec.Order == topology.LIFO {
			k = len(in.waiting) - 1
		}
		b := in.waiting[k]
		in.waiting = slices.Delete(in.waiting, k, k+1)
		b.queued.to = w.now
		if b.op.Bulkhead > 0 && in.inOp[b.op] >= b.op.Bulkhead {
			b.at, b.doneAt, b.outcome = isDone, w.now, topology.BulkheadFull
			if b.edge.Network.IsZero() {
				w.later(func() { w.answer(b) }) // whoever is giving something up just now does that first
			} else {
				w.answer(b)
			}
			continue
		}
		w.take(b)
		w.later(func() { w.start(b) })
	}
}

func (w *twin) goOn(a *twinAttempt) {
	a.branches = nil
	if a.at == awaits {
		w.resume(a)
		return
	}
	if a.in.idle > 0 && len(a.in.resuming) == 0 {
		w.goOnWithThread(a)
		return
	}
	a.at = wantsOne
	a.in.resuming = append(a.in.resuming, a)
}

func (w *twin) goOnWithThread(a *twinAttempt) {
	a.suspends[len(a.suspends)-1].to = w.now
	a.in.idle--
	a.held = append(a.held, &span{w.now, forever})
	w.resume(a)
}

func (w *twin) turnAway(a *twinAttempt, o topology.Outcome) {
	a.at, a.doneAt, a.outcome = isDone, w.now, o
	w.answer(a)
}

func (w *twin) finish(a *twinAttempt, o topology.Outcome) {
	a.at, a.doneAt, a.outcome, a.answered = isDone, w.now, o, true
	a.in.inOp[a.op]--
	w.release(a)
	w.answer(a)
}

// cutShort ends an attempt that holds a thread and is wanted no more.
func (w *twin) cutShort(a *twinAttempt) {
	a.at, a.doneAt, a.outcome, a.late = isDone, w.now, topology.Cancelled, false
	a.in.inOp[a.op]--
	w.release(a)
}

// stop ends an attempt that nobody waits for any more, and what it has asked of others;
// expired: because its time is over.
func (w *twin) stop(a *twinAttempt, expired bool) {
	was := a.at
	switch was {
	case onItsWay, goesOn:
		a.stopped = true
		return
	case isDone:
		return
	case inQueue:
		k := slices.Index(a.in.waiting, a)
		a.in.waiting = slices.Delete(a.in.waiting, k, k+1)
		a.queued.to = w.now
	case wantsOne:
		k := slices.Index(a.in.resuming, a)
		a.in.resuming = slices.Delete(a.in.resuming, k, k+1)
	}
	a.working.cancel()
	for _, s := range a.work {
		s.to = min(s.to, w.now)
	}
	if was == without || was == wantsOne {
		a.suspends[len(a.suspends)-1].to = w.now
	}
	for _, c := range a.branches {
		w.cancel(c, expired)
	}
	if was == atWork || was == awaits {
		w.cutShort(a)
		return
	}
	a.at, a.doneAt, a.outcome, a.late = isDone, w.now, topology.Cancelled, false
	if a.started {
		a.in.inOp[a.op]--
	}
}

// cancel ends a call whose owner is stopped.
func (w *twin) cancel(c *twinCall, expired bool) {
	if c.over {
		return
	}
	c.gone = true
	w.giveUpAll(c, topology.Cancelled, expired)
	c.deadline.cancel()
	c.hedge.cancel()
	c.fallback.cancel()
	w.waitNoMore(c)
	if c.leads { // the first of those who wait is sent in its place
		g := c.guards()
		delete(g.flights, c.thing)
		if len(c.follows) > 0 {
			h := c.follows[0]
			h.leader, h.leads, h.missed, h.follows = nil, true, true, c.follows[1:]
			for _, f := range h.follows {
				f.leader = h
			}
			g.flights[c.thing] = h
			w.later(func() {
				if !h.gone {
					w.send(h)
				}
			})
		}
	}
	if c.open {
		w.countCall(c, topology.Cancelled)
	}
}

func (w *twin) answer(a *twinAttempt) {
	if a.edge.Network.IsZero() {
		w.receive(a)
		return
	}
	w.after(sim.Draw(&a.edge.Network, a.key.With(sim.SaltNetworkBack)), func() { w.receive(a) })
}

func (w *twin) receive(a *twinAttempt) {
	if a.call == nil {
		if a.late {
			a.edge.tally.LateAnswers++
		}
		return
	}
	c := a.call
	w.part(a, a.outcome)
	if a.outcome == topology.Success {
		w.end(c, topology.Success)
	} else if len(c.underWay) == 0 {
		w.endTry(c, a.outcome)
	}
}

// part ends an attempt for its caller, whose guards learn of it.
func (w *twin) part(a *twinAttempt, o topology.Outcome) {
	a.timeout.cancel()
	t, c := &a.edge.tally, a.call
	t.Outcomes[o]++
	h := &t.Failed
	if o == topology.Success {
		h = &t.Latency
	}
	if *h == nil {
		*h = new(hist.Hist)
	}
	(*h).Add(int64(w.now - a.sent))
	k := slices.Index(c.underWay, a)
	c.underWay = slices.Delete(c.underWay, k, k+1)
	a.call = nil

	g, now := c.guards(), w.now.Duration()
	g.underWay--
	if g.throttle != nil && (o == topology.Success || o == topology.Error) {
		g.throttle.Accepted(now)
	}
	if g.throttle != nil && o == topology.Cancelled {
		g.throttle.Withdrawn(now)
	}
	if g.breaker != nil {
		r := policy.Succeeded
		switch {
		case a.edge.Breaker.On.Has(o):
			r = policy.Failed
		case o == topology.Cancelled:
			r = policy.Excluded
		}
		w.watch(a.edge, c.caller(), func() { g.breaker.Done(now, a.ticket, r) })
	}
	if g.budget != nil {
		paid, seen := int32(0), o
		if !a.further {
			paid, c.paid = c.paid, 0
		}
		if o != topology.Success && !a.edge.Retry.On.Has(o) { // not what the retries are for
			seen = topology.Cancelled
		}
		g.budget.Ended(now, seen, paid)
	}
	if !a.further && (o == topology.Success || o == topology.Timeout || o == topology.Cancelled) {
		g.recent.Add(now, time.Duration(w.now-a.sent))
	}
}

// giveUpAll gives up what the call has under way, the last copy first.
func (w *twin) giveUpAll(c *twinCall, o topology.Outcome, expired bool) {
	for len(c.underWay) > 0 {
		w.giveUp(c.underWay[len(c.underWay)-1], o, expired)
	}
}

// giveUp parts an attempt from its call. Whether it hears of it depends on the service; its
// time limit it knows by itself, if that was sent along.
func (w *twin) giveUp(a *twinAttempt, o topology.Outcome, expired bool) {
	w.part(a, o)
	a.gaveUp, a.late = w.now, o == topology.Timeout
	switch {
	case expired && a.edge.Propagate:
		w.stop(a, true)
	case a.in.spec.Cancel:
		w.stop(a, false)
	case a.limit != forever:
		w.at(a.limit, func() { w.stop(a, true) })
	}
}

func (w *twin) endTry(c *twinCall, o topology.Outcome) {
	r := &c.edge.Retry
	c.last = o
	c.hedge.cancel()
	if c.try >= max(r.Attempts, 1) || !r.On.Has(o) {
		w.end(c, o)
		return
	}
	wait := float64(r.Backoff)
	for range c.try - 1 {
		wait *= r.Factor
	}
	wait = min(wait, float64(r.Max))
	if r.Jitter != topology.NoJitter {
		d := c.key.With(sim.SaltBackoff + uint64(c.try)<<16).Draw()
		if u := d.Uniform(); r.Jitter == topology.FullJitter {
			wait *= u
		} else {
			wait = wait/2 + wait/2*u
		}
	}
	again := func() {
		if c.gone {
			return
		}
		if r.Budget != nil {
			var ok bool
			if c.paid, ok = c.guards().budget.Withdraw(w.now.Duration(), c.last); !ok {
				c.edge.tally.Unpaid++
				w.end(c, c.last)
				return
			}
		}
		w.send(c)
	}
	if d := des.Time(math.Round(wait)); d > 0 {
		w.yield(c)
		c.wait = w.after(d, again)
	} else {
		w.later(again)
	}
}

// countCall counts a call's end.
func (w *twin) countCall(c *twinCall, o topology.Outcome) {
	t := &c.edge.tally
	c.open = false
	t.CallOutcomes[o]++
	if c.try > 0 {
		for len(t.Tries) < c.try {
			t.Tries = append(t.Tries, 0)
		}
		t.Tries[c.try-1]++
	}
}

func (w *twin) end(c *twinCall, o topology.Outcome) {
	e := c.edge
	c.deadline.cancel()
	c.hedge.cancel()
	w.giveUpAll(c, topology.Cancelled, false)
	if g := c.guards(); c.missed && o == topology.Success && g.cache != nil {
		g.cache.Fill(w.now.Duration(), c.thing)
	}
	if c.leads {
		delete(c.guards().flights, c.thing)
		for _, f := range c.follows {
			f.leader = nil
			w.end(f, o)
		}
		c.leads, c.follows = false, nil
	}
	w.countCall(c, o)
	a := c.owner
	if a == nil {
		e.source.Ended[o]++
		h := &e.source.Failed
		if o == topology.Success {
			h = &e.source.Latency
		}
		if *h == nil {
			*h = new(hist.Hist)
		}
		(*h).Add(int64(w.now - c.began))
		return
	}
	if o != topology.Success && e.Fallback != nil {
		d := sim.Draw(e.Fallback, a.key.With(sim.SaltFallback+e.salt+uint64(c.round)))
		if !a.in.spec.Blocking {
			a.owes, a.debt = true, a.debt+d
		} else if d > 0 {
			if s := (&span{w.now, w.now + d}); len(a.branches) == 1 {
				a.work = append(a.work, s)
			}
			c.fallback = w.after(d, func() { w.endRound(c, topology.Success) })
			return
		}
		o = topology.Success
	}
	w.endRound(c, o)
}

func (w *twin) endRound(c *twinCall, o topology.Outcome) {
	a := c.owner
	bad := o != topology.Success && !c.edge.Optional
	if !bad && c.round+1 < c.edge.Times {
		c.round++
		c.key = a.key.With(c.edge.salt + uint64(c.round))
		w.later(func() { w.begin(c) })
		return
	}
	if bad {
		a.failed = true
	}
	c.over = true
	if a.pending--; a.pending == 0 {
		w.goOn(a)
	}
}

// abandoned is the instant from which on nobody waits for an attempt any more.
func (a *twinAttempt) abandoned() des.Time {
	if a.parent == nil {
		return a.gaveUp
	}
	return min(a.gaveUp, a.parent.abandoned())
}

func (s *span) within(end des.Time) des.Time { return max(0, min(s.to, end)-s.from) }

// tallyOp works out an operation's tally from the attempts that it had.
func (w *twin) tallyOp(ref topology.OpRef) sim.OpTally {
	t := sim.OpTally{Latency: new(hist.Hist), Other: new(hist.Hist), Waiting: new(hist.Hist)}
	end := w.p.Duration
	for _, a := range w.attempts {
		if a.edge.To != ref || !a.here {
			continue
		}
		t.Arrived++
		switch {
		case a.at == isDone && a.answered:
			t.Answers[a.outcome]++
			t.Latency.Add(int64(a.doneAt - a.arrived))
		case a.at == isDone:
			t.Answers[a.outcome]++
			t.Other.Add(int64(a.doneAt - a.arrived))
		case !a.started:
			t.InWaiting++
		case len(a.suspends) > 0 && a.suspends[len(a.suspends)-1].to == forever:
			t.Suspended++
		default:
			t.InThreads++
		}
		if a.queued != nil {
			t.QueueTime += a.queued.within(end)
		}
		if a.started {
			t.Waiting.Add(int64(a.began - a.arrived))
			if a.queued != nil {
				t.Waited++
			}
		}
		for _, s := range a.suspends {
			t.SuspendedTime += s.within(end)
		}
		for _, s := range a.work {
			t.Working += s.within(end)
			t.Wasted += (&span{max(s.from, min(a.abandoned(), s.to)), s.to}).within(end)
		}
	}
	return t
}

func (w *twin) heldBy(ref topology.OpRef) (sum des.Time) {
	for _, a := range w.attempts {
		if a.edge.To == ref {
			for _, s := range a.held {
				sum += s.within(w.p.Duration)
			}
		}
	}
	return sum
}

// openTime is how long the breakers of an edge were open, all callers' together.
func (w *twin) openTime(edge int) (sum des.Time) {
	for _, t := range w.transitions {
		switch {
		case t.Edge != edge:
		case t.To == topology.StateOpen:
			sum += w.p.Duration - t.At
		case t.From == topology.StateOpen:
			sum -= w.p.Duration - t.At
		}
	}
	return sum
}

// upToLast is the numbers without the zeros at their end.
func upToLast(n []uint64) []uint64 {
	for len(n) > 0 && n[len(n)-1] == 0 {
		n = n[:len(n)-1]
	}
	return n
}

// The engine and its twin come to the same counts, the same latencies and the same thread
// time, of every source, edge and operation.
func TestTwin(t *testing.T) {
	attempts, kinds := 0, map[topology.Outcome]uint64{}
	// Guards meet in many ways, and small plans run fast.
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("1000"); err != nil {
			t.Fatal(err)
		}
		defer f.Value.Set(f.DefValue)
	}
	check(t, func(t *rapid.T) {
		m := maker{T: t, plain: true}
		m.one = m.n("one edge with a guard in", 2, 8) // the fewer, the more gets through; the more, the more of them meet
		p := m.plan()
		// Fallback work side by side with another branch is the thread's own only while it is the
		// first in the file that has not ended: that is told by hand elsewhere, and too clever for
		// the twin.
		clever := map[topology.OpRef]bool{}
		for i := range p.Topology.Services {
			for k := range p.Topology.Services[i].Operations {
				op := &p.Topology.Services[i].Operations[k]
				for _, st := range op.Steps {
					for _, b := range st.Parallel {
						clever[op.Ref] = clever[op.Ref] || b.Call.Fallback != nil && p.Topology.Services[i].Blocking
					}
				}
			}
		}
		shown := show(t, p, toTheEnd(p))
		tt := shown.totals
		w := runTwin(p)
		attempts += len(w.attempts)
		for i := range p.Sources {
			g, x := &tt.Sources[i], &w.edges[i].source
			if g.Offered != x.Offered || g.Ended != x.Ended || g.Attempts != x.Attempts {
				t.Fatalf("source %d: %+v, its twin %+v", i, g, x)
			}
			for o, n := range x.Ended {
				kinds[topology.Outcome(o)] += n
			}
			sameHist(t, fmt.Sprintf("source %d, latency", i), g.Latency, x.Latency)
			sameHist(t, fmt.Sprintf("source %d, failed", i), g.Failed, x.Failed)
		}
		for i := range w.edges {
			g, x := &tt.Edges[i], &w.edges[i].tally
			x.Open = w.openTime(i)
			if g.Calls != x.Calls || g.Attempts != x.Attempts || g.Retries != x.Retries || g.LateAnswers != x.LateAnswers ||
				g.Outcomes != x.Outcomes || g.CallOutcomes != x.CallOutcomes || !slices.Equal(upToLast(g.Tries), x.Tries) ||
				g.Hedges != x.Hedges || g.Unpaid != x.Unpaid || g.TurnedAway != x.TurnedAway || g.Open != x.Open ||
				g.CacheHits != x.CacheHits || g.CacheMisses != x.CacheMisses || g.Coalesced != x.Coalesced {
				t.Fatalf("edge %s: %+v, its twin %+v", w.edges[i].ID, g, x)
			}
			sameHist(t, w.edges[i].ID+", latency", g.Latency, x.Latency)
			sameHist(t, w.edges[i].ID+", failed", g.Failed, x.Failed)
		}
		if !slices.Equal(shown.transitions, w.transitions) {
			t.Fatalf("breakers changed so: %+v, the twin's %+v", shown.transitions, w.transitions)
		}
		for i := range tt.Services {
			for k := range tt.Services[i].Operations {
				ref := topology.OpRef{Service: i, Op: k}
				name := p.Topology.OpName(ref)
				g, x := &tt.Services[i].Operations[k], w.tallyOp(ref)
				if g.Arrived != x.Arrived || g.Answers != x.Answers || g.Waited != x.Waited || g.QueueTime != x.QueueTime ||
					g.SuspendedTime != x.SuspendedTime || g.InWaiting != x.InWaiting || g.InThreads != x.InThreads || g.Suspended != x.Suspended {
					t.Fatalf("%s: %+v, its twin %+v", name, g, x)
				}
				if !clever[ref] && (g.Working != x.Working || g.Wasted != x.Wasted) {
					t.Fatalf("%s: working %v, wasted %v, its twin %v, %v", name, g.Working, g.Wasted, x.Working, x.Wasted)
				}
				if held := w.heldBy(ref); g.Held() != held {
					t.Fatalf("%s: threads held %v, its twin %v", name, g.Held(), held)
				}
				sameHist(t, name+", latency", g.Latency, x.Latency)
				sameHist(t, name+", other", g.Other, x.Other)
				sameHist(t, name+", waiting", g.Waiting, x.Waiting)
			}
		}
	})
	t.Logf("%d attempts, requests by outcome %v", attempts, kinds)
}
