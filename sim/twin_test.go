package sim_test

import (
	"container/heap"
	"fmt"
	"math"
	"slices"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// The engine's dumb twin: the same rules written down as plainly as can be, with closures
// on container/heap, an object for everything, an event for every time-out and no record
// ever reused. It knows no faults. Where it draws, it draws what the engine draws: the keys
// are the engine's promise. It sums up nothing on the way that it can work out at the end.
type twin struct {
	p         *sim.Plan
	now       des.Time
	seq       int
	agenda    agenda
	next      func()   // who goes on first, its calls having ended
	soon      []func() // what else goes on in this instant, in order
	instances [][]*twinInstance
	edges     []*twinEdge
	edgeOf    map[*topology.Edge]*twinEdge
	attempts  []*twinAttempt // all that there ever were
}

type twinEvent struct {
	at  des.Time
	seq int
	do  func()
	off bool
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
	number int
	salt   uint64
	turn   map[int]int   // by caller instance
	tokens map[int]int64 // in billionths
	tally  sim.EdgeTally
	source sim.SourceTally
}

type twinCall struct {
	edge     *twinEdge
	key      des.Key
	owner    *twinAttempt // nil: a request of a source
	client   int
	began    des.Time
	round    int
	rounds   int // ended
	try      int
	attempt  *twinAttempt
	last     topology.Outcome
	deadline *twinEvent
	over     bool // a branch that has ended
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
	arrived  des.Time
	here     bool     // it has arrived
	gaveUp   des.Time // when its caller gave it up
	late     bool     // the caller's time-out was the reason
	answered bool
	outcome  topology.Outcome
	timeout  *twinEvent
	step     int
	works    int // own work begun
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
	done     bool
	doneAt   des.Time
}

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
		te := &twinEdge{Edge: e, number: i, salt: des.NameKey(e.ID), turn: map[int]int{}, tokens: map[int]int64{}}
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

func (w *twin) caller(c *twinCall) int {
	if c.owner != nil {
		return c.owner.number
	}
	return c.client
}

func (w *twin) begin(c *twinCall) {
	e := c.edge
	c.began, c.try = w.now, 0
	e.tally.Calls++
	if b := e.Retry.Budget; b != nil {
		full := int64(math.Round(b.Burst * 1e9))
		if _, known := e.tokens[w.caller(c)]; !known {
			e.tokens[w.caller(c)] = full
		}
		e.tokens[w.caller(c)] = min(full, e.tokens[w.caller(c)]+int64(math.Round(b.Ratio*1e9)))
	}
	if e.Deadline > 0 {
		c.deadline = w.after(des.Time(e.Deadline), func() {
			if c.attempt != nil {
				w.giveUp(c.attempt)
			}
			w.end(c, topology.Timeout)
		})
	}
	w.send(c)
}

func (w *twin) send(c *twinCall) {
	e := c.edge
	c.try++
	a := &twinAttempt{call: c, parent: c.owner, edge: e, sent: w.now, gaveUp: forever, key: c.key, op: w.p.Topology.Op(e.To)}
	w.attempts = append(w.attempts, a)
	c.attempt = a
	e.tally.Attempts++
	e.source.Attempts++
	if c.try > 1 {
		e.tally.Retries++
		a.key = c.key.With(sim.SaltTry + uint64(c.try)<<16)
	}
	all := w.instances[e.To.Service]
	if len(all) > 1 {
		a.number = e.turn[w.caller(c)]
		e.turn[w.caller(c)] = (a.number + 1) % len(all)
	}
	a.in = all[a.number]
	if e.Timeout > 0 {
		a.timeout = w.after(des.Time(e.Timeout), func() {
			w.giveUp(a)
			w.endTry(c, topology.Timeout)
		})
	}
	if e.Network.IsZero() {
		w.arrive(a)
		return
	}
	w.after(sim.Draw(&e.Network, a.key.With(sim.SaltNetworkOut)), func() { w.arrive(a) })
}

func (w *twin) arrive(a *twinAttempt) {
	in := a.in
	a.arrived, a.here = w.now, true
	switch {
	case a.op.Bulkhead > 0 && in.inOp[a.op] >= a.op.Bulkhead:
		w.turnAway(a, topology.BulkheadFull)
	case in.idle > 0:
		w.take(a)
		w.start(a)
	case in.spec.Queue == topology.Unlimited || len(in.waiting) < in.spec.Queue:
		a.queued = &span{w.now, forever}
		in.waiting = append(in.waiting, a)
	default:
		w.turnAway(a, topology.Rejected)
	}
}

func (w *twin) take(a *twinAttempt) {
	a.in.idle--
	a.in.inOp[a.op]++
	a.held = append(a.held, &span{w.now, forever})
}

func (w *twin) start(a *twinAttempt) {
	a.began, a.started = w.now, true
	w.advance(a)
}

func (w *twin) advance(a *twinAttempt) {
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
		a.branches, a.pending = calls, len(calls)
		if !a.in.spec.Blocking {
			a.suspends = append(a.suspends, &span{w.now, forever})
			w.release(a)
		}
		if st.Kind == topology.Call {
			w.begin(calls[0])
			return
		}
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
	s := &span{w.now, w.now + d}
	a.work = append(a.work, s)
	w.at(s.to, then)
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
			w.turnAway(b, topology.BulkheadFull)
			continue
		}
		w.take(b)
		w.later(func() { w.start(b) })
	}
}

func (w *twin) goOn(a *twinAttempt) {
	if a.in.spec.Blocking {
		w.resume(a)
		return
	}
	if a.in.idle > 0 && len(a.in.resuming) == 0 {
		w.goOnWithThread(a)
		return
	}
	a.in.resuming = append(a.in.resuming, a)
}

func (w *twin) goOnWithThread(a *twinAttempt) {
	a.suspends[len(a.suspends)-1].to = w.now
	a.in.idle--
	a.held = append(a.held, &span{w.now, forever})
	w.resume(a)
}

func (w *twin) turnAway(a *twinAttempt, o topology.Outcome) {
	a.done, a.doneAt, a.outcome = true, w.now, o
	w.answer(a)
}

func (w *twin) finish(a *twinAttempt, o topology.Outcome) {
	a.done, a.doneAt, a.outcome, a.answered = true, w.now, o, true
	a.in.inOp[a.op]--
	w.release(a)
	w.answer(a)
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
	if a.timeout != nil {
		a.timeout.off = true
	}
	c := a.call
	c.attempt = nil
	w.count(a, a.outcome)
	if a.outcome == topology.Success {
		w.end(c, topology.Success)
	} else {
		w.endTry(c, a.outcome)
	}
}

// count counts an attempt as its caller saw it.
func (w *twin) count(a *twinAttempt, o topology.Outcome) {
	t := &a.edge.tally
	t.Outcomes[o]++
	h := &t.Failed
	if o == topology.Success {
		h = &t.Latency
	}
	if *h == nil {
		*h = new(hist.Hist)
	}
	(*h).Add(int64(w.now - a.sent))
}

func (w *twin) giveUp(a *twinAttempt) {
	if a.timeout != nil {
		a.timeout.off = true
	}
	a.call.attempt = nil
	a.call, a.gaveUp, a.late = nil, w.now, true
	w.count(a, topology.Timeout)
}

func (w *twin) endTry(c *twinCall, o topology.Outcome) {
	r := &c.edge.Retry
	c.last = o
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
	round := c.rounds
	again := func() {
		if c.rounds != round { // its deadline has passed
			return
		}
		if r.Budget != nil {
			if c.edge.tokens[w.caller(c)] < 1e9 {
				w.end(c, c.last)
				return
			}
			c.edge.tokens[w.caller(c)] -= 1e9
		}
		w.send(c)
	}
	if d := des.Time(math.Round(wait)); d > 0 {
		w.after(d, again)
	} else {
		w.later(again)
	}
}

func (w *twin) end(c *twinCall, o topology.Outcome) {
	e := c.edge
	if c.deadline != nil {
		c.deadline.off = true
	}
	e.tally.CallOutcomes[o]++
	c.rounds++
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
			w.after(d, func() { w.endRound(c, topology.Success) })
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
		case a.done && a.answered:
			t.Answers[a.outcome]++
			t.Latency.Add(int64(a.doneAt - a.arrived))
		case a.done:
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

// The engine and its twin come to the same counts, the same latencies and the same thread
// time, of every source, edge and operation.
func TestTwin(t *testing.T) {
	attempts, kinds := 0, map[topology.Outcome]uint64{}
	check(t, func(t *rapid.T) {
		p := maker{T: t, plain: true}.plan()
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
		tt := show(t, p, toTheEnd(p)).totals
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
			if g.Calls != x.Calls || g.Attempts != x.Attempts || g.Retries != x.Retries || g.LateAnswers != x.LateAnswers ||
				g.Outcomes != x.Outcomes || g.CallOutcomes != x.CallOutcomes {
				t.Fatalf("edge %s: %+v, its twin %+v", w.edges[i].ID, g, x)
			}
			sameHist(t, w.edges[i].ID+", latency", g.Latency, x.Latency)
			sameHist(t, w.edges[i].ID+", failed", g.Failed, x.Failed)
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
