package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// Queues and streams in random plans: what publishes, what consumes, what breaks.

// queues makes queues of work and streams. Dead letters go to later ones: never in a
// circle.
func (m maker) queues() []topology.Queue {
	if m.plain || m.seldom("no queues", 3) {
		return nil
	}
	queues := make([]topology.Queue, 5-m.n("queues, of four", 1, 4))
	for i := range queues {
		q := &queues[i]
		*q = topology.Queue{Name: fmt.Sprintf("q%d", i), Capacity: topology.Unlimited, DeadLetter: topology.None}
		if m.once("dead letters", 2) && i < len(queues)-1 {
			q.DeadLetter = m.n("dead letters go to", i+1, len(queues)-1)
		}
		if m.once("queue latency", 3) {
			q.Latency = m.dist("queue latency", 10)
		}
		if m.once("stream", 2) {
			m.stream(q)
			if q.OnFailure == topology.DeadLetterFailed && i < len(queues)-1 {
				q.DeadLetter = i + 1
			}
		} else {
			m.workQueue(q)
		}
	}
	return queues
}

func (m maker) workQueue(q *topology.Queue) {
	q.Kind = topology.WorkQueue
	if m.once("capacity", 2) {
		q.Capacity, q.OnFull = m.n("capacity", 1, 6), topology.BlockPublish-topology.OnFull(m.n("on full, from the last", 0, 2))
	}
	q.FIFO = m.once("fifo", 3)
	if m.once("ttl", 4) {
		q.TTL = m.millis("ttl", 1, 100)
	}
	if m.once("visibility", 2) {
		q.Visibility = m.millis("visibility", 1, 60)
	}
	if !m.once("received for ever", 4) {
		q.MaxReceives = m.n("receives", 1, 4)
	}
	if m.once("redelivery", 2) {
		q.Redelivery = m.millis("redelivery", 1, 20)
	}
}

func (m maker) stream(q *topology.Queue) {
	q.Kind, q.Partitions = topology.Stream, m.n("partitions", 1, 5)
	q.OnFailure = topology.DeadLetterFailed - topology.OnFailure(m.n("on failure, from the last", 0, 2))
	if m.once("retention", 3) {
		q.Retention = m.millis("retention", 1, 150)
	}
	if m.once("retry every", 2) {
		q.RetryEvery = m.millis("retry every", 1, 20)
	}
	if m.once("rebalance", 2) {
		q.Rebalance = m.millis("rebalance", 1, 50)
	}
	if m.once("max poll", 2) {
		q.MaxPoll = &topology.MaxPoll{Records: m.n("records", 1, 6), Interval: m.millis("interval", 1, 60)}
	}
}

// seldom says yes in fewer than one of n cases: small numbers are drawn more often than
// others.
func (m maker) seldom(label string, n int) bool { return m.n(label, 1, n) == n }

// faultKind is a kind of fault, of those on queues and their consumers more often, if
// there are queues.
func (m maker) faultKind(p *sim.Plan) sim.FaultKind {
	if len(p.Topology.Queues) == 0 {
		return sim.FaultKind(m.n("kind of fault", 0, int(sim.Outage)-1))
	}
	if m.once("on a consumer", 3) {
		return []sim.FaultKind{sim.Crash, sim.Pause, sim.Threads, sim.Errors, sim.Slow}[m.n("kind of fault", 0, 4)]
	}
	return sim.NumFaultKinds - 1 - sim.FaultKind(m.n("kind of fault, from the last", 0, int(sim.NumFaultKinds)-1))
}

// consumers lets services consume queues: none, one or several a queue.
func (m maker) consumers(services []topology.Service, queues []topology.Queue) {
	for q := range queues {
		for range 3 - m.n("consumers, of three", 0, 3) {
			s := &services[m.n("consumer", 0, len(services)-1)]
			if slices.ContainsFunc(s.Consumes, func(c topology.Consume) bool { return c.Queue == q }) {
				continue
			}
			c := topology.Consume{Queue: q, Op: m.n("consumer's operation", 0, len(s.Operations)-1), Batch: 1}
			if queues[q].Kind == topology.WorkQueue {
				if m.once("prefetch", 2) {
					c.Prefetch = m.n("prefetch", 1, 5)
				}
				if m.once("batch", 3) {
					c.Batch = m.n("batch", 2, 4)
				}
				if m.once("time to acknowledge", 4) {
					c.AckTimeout = m.millis("time to acknowledge", 1, 60)
				}
			}
			s.Consumes = append(s.Consumes, c)
		}
	}
}

// consumersLast puts the operations that work on messages behind the others, so that
// these may publish to them without coming round to where they began.
func consumersLast(order []topology.OpRef, services []topology.Service) {
	consumes := func(r topology.OpRef) int {
		if slices.ContainsFunc(services[r.Service].Consumes, func(c topology.Consume) bool { return c.Op == r.Op }) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b topology.OpRef) int { return consumes(a) - consumes(b) })
}

// publishers are the operations that have publish steps.
func publishers(services []topology.Service) []topology.OpRef {
	var l []topology.OpRef
	for i := range services {
		for k, o := range services[i].Operations {
			if slices.ContainsFunc(o.Steps, func(st topology.Step) bool { return st.Kind == topology.Message }) {
				l = append(l, topology.OpRef{Service: i, Op: k})
			}
		}
	}
	return l
}

// A flow says what a message of each queue may set off.
type flow struct {
	services []topology.Service
	queues   []topology.Queue
	worst    map[topology.OpRef]int // attempts that one of the operation sets off, itself included
}

// ofMessage is how many attempts a message may set off at worst; false where that is not
// known yet.
func (f *flow) ofMessage(q int) (int, bool) {
	spec := &f.queues[q]
	sum, receives := 1, 2
	if spec.MaxReceives > 0 {
		receives = spec.MaxReceives
	}
	for i := range f.services {
		for _, c := range f.services[i].Consumes {
			if c.Queue != q {
				continue
			}
			w, ok := f.worst[topology.OpRef{Service: i, Op: c.Op}]
			if !ok {
				return 0, false
			}
			sum += w * receives
		}
	}
	if spec.DeadLetter != topology.None {
		w, ok := f.ofMessage(spec.DeadLetter)
		if !ok {
			return 0, false
		}
		sum += w
	}
	return sum, true
}

// publish makes a publish step, and says how many attempts it may set off. What comes
// round to where it began does so seldom, and dies out.
func (m maker) publish(f *flow) (topology.Step, int) {
	p := &topology.Publish{Queue: m.n("publishes to", 0, len(f.queues)-1), Chance: 1, Times: 1, Keys: m.n("keys", 1, 12)}
	p.Key = topology.KeyKind(m.n("kind of key", 0, 2))
	p.Zipf = float64(m.n("zipf", 0, 3)) / 2
	p.Optional = m.once("optional", 3)
	if m.once("time-out", 3) {
		p.Timeout = m.millis("time-out", 1, 40)
	}
	w, known := f.ofMessage(p.Queue)
	if !known {
		p.Chance = float64(m.n("chance", 1, 4)) / 50
		return topology.Step{Kind: topology.Message, Publish: p}, 1
	}
	if m.once("chance", 4) {
		p.Chance = float64(m.n("chance", 0, 10)) / 10
	}
	if m.once("times", 4) {
		p.Times = m.n("times", 2, 4)
	}
	return topology.Step{Kind: topology.Message, Publish: p}, p.Times * w
}

// queueFault makes a fault on queues of the plan, which has some; false where there is
// none that the kind can be on.
func (m maker) queueFault(p *sim.Plan, f *sim.Fault) bool {
	t := p.Topology
	var all, ofWork, read []int
	for i := range t.Queues {
		all = append(all, i)
		if t.Queues[i].Kind == topology.WorkQueue {
			ofWork = append(ofWork, i)
		} else if len(t.Groups(i)) > 0 {
			read = append(read, i)
		}
	}
	instant := func() {
		f.Until, f.Ramp = f.From, 0
		if f.Every > 0 {
			f.Every = at(m.millis("every", 5, 100))
		}
	}
	switch f.Kind {
	case sim.Outage:
		f.Ramp = 0
		f.Queues = some(m, "on", all)
	case sim.Poison:
		f.Ramp = 0
		f.Rate = float64(10-m.n("rate, of what is well", 0, 10)) / 10
		f.Queues = some(m, "on", all)
	case sim.Redrive:
		instant()
		if len(all) < 2 || len(ofWork) == 0 {
			return false
		}
		f.Queues = some(m, "on", ofWork)
		f.To = m.n("to", 0, len(all)-1)
		f.Queues = slices.DeleteFunc(f.Queues, func(q int) bool { return q == f.To })
		return len(f.Queues) > 0
	case sim.Rewind:
		instant()
		if len(read) == 0 {
			return false
		}
		q := read[m.n("on", 0, len(read)-1)]
		groups := t.Groups(q)
		f.Queues, f.Group = []int{q}, groups[m.n("group", 0, len(groups)-1)]
		f.By = at(m.millis("by", 1, 400))
	case sim.Latency:
		f.Queues = some(m, "on", all)
	}
	return true
}

// alike are all queues of work, or all streams, of those that there are.
func (m maker) alike(queues []topology.Queue) (l []int) {
	kind := queues[m.n("alike", 0, len(queues)-1)].Kind
	for i := range queues {
		if queues[i].Kind == kind {
			l = append(l, i)
		}
	}
	return l
}

// queueSettings are those that a set fault may have on some queues of one kind. Dead
// letters still go to later ones.
func (m maker) queueSettings(queues []topology.Queue, on []int) (s sim.Settings) {
	var to topology.Queue
	s.Latency = maybe(m, m.dist("queue latency", 10))
	if last := slices.Max(on); last < len(queues)-1 {
		s.DeadLetter = maybe(m, m.n("dead letters go to", last+1, len(queues)-1))
	}
	if queues[on[0]].Kind == topology.Stream {
		m.stream(&to)
		s.Retention, s.OnFailure = maybe(m, to.Retention), maybe(m, to.OnFailure)
		s.RetryEvery, s.Rebalance, s.MaxPoll = maybe(m, to.RetryEvery), maybe(m, to.Rebalance), to.MaxPoll
		return s
	}
	m.workQueue(&to)
	if to.Capacity == 0 { // it has none
		to.Capacity = topology.Unlimited
	}
	s.Capacity, s.OnFull = maybe(m, to.Capacity), maybe(m, to.OnFull)
	s.TTL, s.Visibility = maybe(m, to.TTL), maybe(m, to.Visibility)
	s.MaxReceives, s.Redelivery = maybe(m, to.MaxReceives), maybe(m, to.Redelivery)
	return s
}

// rewound are the streams that a group goes back in.
func rewound(p *sim.Plan) map[int]bool {
	l := map[int]bool{}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Kind == sim.Rewind {
			l[f.Queues[0]] = true
		}
	}
	return l
}

// queuesAddUp checks that samples add up to totals.
func queuesAddUp(t rapid.TB, p *sim.Plan, r *record, tt *sim.Totals) {
	t.Helper()
	rewound := rewound(p)
	for i := range tt.Queues {
		w := &tt.Queues[i]
		var g sim.QueueTally
		groups := make([]sim.GroupTally, len(w.Groups))
		for _, sm := range r.samples {
			x := &sm.Queues[i]
			g.Published += x.Published
			g.Full += x.Full
			g.Refused += x.Refused
			g.TimedOut += x.TimedOut
			g.Redriven += x.Redriven
			addGroup(&g.GroupTally, &x.GroupTally)
			for k := range groups {
				addGroup(&groups[k], &x.Groups[k])
			}
		}
		name := fmt.Sprintf("queue %d", i)
		if g.Published != w.Published || g.Full != w.Full || g.Refused != w.Refused || g.TimedOut != w.TimedOut || g.Redriven != w.Redriven {
			t.Fatalf("%s: samples add up to %+v, totals %+v", name, g, *w)
		}
		if w.Groups == nil {
			groupAddsUp(t, name, &g.GroupTally, &w.GroupTally, true)
		}
		for k := range groups {
			groupAddsUp(t, fmt.Sprintf("%s, group %d", name, k), &groups[k], &w.Groups[k], !rewound[i])
		}
	}
	for i := range tt.Publishes {
		w := tt.Publishes[i]
		var g sim.PublishTally
		for _, sm := range r.samples {
			x := &sm.Publishes[i]
			g.Published += x.Published
			g.Blocked += x.Blocked
			addAll(&g.Failed, &x.Failed)
		}
		if g != w {
			t.Fatalf("publish step %d: samples add up to %+v, totals %+v", i, g, w)
		}
	}
}

func addGroup(g, x *sim.GroupTally) {
	g.Delivered += x.Delivered
	g.Redelivered += x.Redelivered
	g.Duplicates += x.Duplicates
	g.Acknowledged += x.Acknowledged
	g.DeadLettered += x.DeadLettered
	g.Dropped += x.Dropped
	g.WaitingTime += x.WaitingTime
	g.HeldTime += x.HeldTime
	g.DepthMax = max(g.DepthMax, x.DepthMax)
	g.LagMax = max(g.LagMax, x.LagMax)
	g.AgeMax = max(g.AgeMax, x.AgeMax)
	for i := range x.Partitions {
		if i == len(g.Partitions) {
			g.Partitions = append(g.Partitions, sim.PartitionTally{})
		}
		g.Partitions[i].LagTime += x.Partitions[i].LagTime
		g.Partitions[i].Acknowledged += x.Partitions[i].Acknowledged
		g.Partitions[i].LagMax = max(g.Partitions[i].LagMax, x.Partitions[i].LagMax)
	}
	g.Latency = hist.Merged(g.Latency, x.Latency)
}

// groupAddsUp compares; ends: what has been concluded too, which a rewind takes back in
// the totals alone.
func groupAddsUp(t rapid.TB, what string, g, w *sim.GroupTally, ends bool) {
	t.Helper()
	same := g.Delivered == w.Delivered && g.Redelivered == w.Redelivered && g.Duplicates == w.Duplicates &&
		g.WaitingTime == w.WaitingTime && g.HeldTime == w.HeldTime && g.DepthMax == w.DepthMax && g.LagMax == w.LagMax && g.AgeMax == w.AgeMax
	if ends {
		same = same && g.Acknowledged == w.Acknowledged && g.DeadLettered == w.DeadLettered && g.Dropped == w.Dropped
	} else {
		same = same && g.Acknowledged >= w.Acknowledged && g.DeadLettered >= w.DeadLettered && g.Dropped >= w.Dropped
	}
	for i := range w.Partitions {
		a, b := g.Partitions[i], w.Partitions[i]
		same = same && a.LagTime == b.LagTime && a.LagMax == b.LagMax && (a.Acknowledged == b.Acknowledged || !ends && a.Acknowledged > b.Acknowledged)
	}
	if !same {
		t.Fatalf("%s: samples add up to %+v, totals %+v", what, *g, *w)
	}
	sameHist(t, what+", latency", g.Latency, w.Latency)
}

// publishedWhere checks that what publish steps have handed over is what queues have
// taken, but for what came from other queues.
func publishedWhere(t rapid.TB, p *sim.Plan, tt *sim.Totals) {
	t.Helper()
	if slices.ContainsFunc(p.Faults, func(f sim.Fault) bool { return f.Kind == sim.Pause }) {
		return // a publisher that stands still has not heard yet that the broker took it
	}
	published := make([]uint64, len(tt.Queues))
	unheard := make([]uint64, len(tt.Queues))
	moved := uint64(0)
	for i := range tt.Publishes {
		q := p.Topology.Publishes[i].Queue
		published[q] += tt.Publishes[i].Published
		unheard[q] += tt.Publishes[i].Failed[topology.Cancelled] + tt.Publishes[i].Failed[topology.Timeout]
	}
	left := uint64(0)
	for i := range tt.Queues {
		w := &tt.Queues[i]
		left += w.DeadLettered + w.Redriven
		if w.Published < published[i] {
			t.Fatalf("queue %d has taken %d, and %d were handed over", i, w.Published, published[i])
		}
		moved += w.Published - published[i]
		left += unheard[i]
	}
	again := slices.ContainsFunc(p.Topology.Queues, func(q topology.Queue) bool {
		return q.Kind == topology.Stream && q.OnFailure == topology.DeadLetterFailed
	})
	if moved > left && !again { // a stream's letter is sent before it is acknowledged, and may be sent again
		t.Fatalf("%d messages came from nowhere, of which %d may be letters", moved, left)
	}
}

// littlesLawOfQueues checks, of a queue of work that is empty and from which nothing went
// any other way, that the time from publish to acknowledgement is the time integral of
// what waited and what was held. A message that is read again counts only the first time.
func littlesLawOfQueues(t rapid.TB, p *sim.Plan, tt *sim.Totals) {
	t.Helper()
	rewound := rewound(p)
	check := func(name string, w *sim.GroupTally, published uint64) {
		if w.Lag() > 0 || w.Acknowledged != published || w.Latency.Count() != published || w.Dropped+w.DeadLettered > 0 {
			return
		}
		spent := w.Latency.Mean() * float64(published)
		there := float64(w.WaitingTime + w.HeldTime)
		if d := spent - there; d > 1e-9*there+1 || d < -1e-9*there-1 {
			t.Fatalf("%s: messages spent %v ns, were there for %v ns", name, spent, there)
		}
	}
	for i := range tt.Queues {
		w := &tt.Queues[i]
		if w.Groups == nil {
			check(fmt.Sprintf("queue %d", i), &w.GroupTally, w.Published)
		}
		for k := range w.Groups {
			if rewound[i] {
				break
			}
			check(fmt.Sprintf("queue %d, group %d", i, k), &w.Groups[k], w.Published)
		}
	}
}

// completions checks that what completes has succeeded, and later than it was answered.
func completions(t rapid.TB, tt *sim.Totals) {
	t.Helper()
	for i := range tt.Sources {
		r := &tt.Sources[i]
		if done := r.Completion.Count() + r.Lost; done+r.Unfinished != r.Ended[topology.Success] || done > r.Ended[topology.Success] {
			t.Fatalf("source %d: %d succeeded, %d completed, %d lost, %d unfinished", i, r.Ended[topology.Success], r.Completion.Count(), r.Lost, r.Unfinished)
		}
	}
	for i := range tt.Services {
		for k := range tt.Services[i].Operations {
			o := &tt.Services[i].Operations[k]
			if o.Completion == nil || o.Completion == o.Latency { // it sets off no publish
				continue
			}
			if done := o.Completion.Count() + o.Lost; done+o.Unfinished != o.Answers[topology.Success] || done > o.Answers[topology.Success] {
				t.Fatalf("service %d, operation %d: %d succeeded, %d completed, %d lost, %d unfinished", i, k, o.Answers[topology.Success], o.Completion.Count(), o.Lost, o.Unfinished)
			}
		}
	}
}

// Wherever a run stops because too much is in queues, what has run is good.
func TestRunThatStopsAtItsMessages(t *testing.T) {
	stopped := 0
	check(t, func(t *rapid.T) {
		p := maker{T: t}.plan()
		s := sim.New(p)
		s.LimitMessages(rapid.IntRange(1, 40).Draw(t, "bound"))
		s.RunUntil(p.Duration)
		_, err := s.Finish()
		if s.Now() < p.Duration {
			stopped++
			if err == nil || strings.Contains(err.Error(), "broken law") {
				t.Fatalf("stopped at %v: %v", s.Now(), err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
	})
	if stopped == 0 {
		t.Error("no run has come to its bound")
	}
}
