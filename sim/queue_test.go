package sim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// Queues of work, counted by hand: to the message, and to the instant.

// queued puts queues, services and sources together.
func queued(d time.Duration, queues []topology.Queue, services []topology.Service, sources ...sim.Source) *sim.Plan {
	t := &topology.Topology{Queues: queues, Services: services}
	t.Index()
	for i := range sources {
		e := sources[i].Edge
		e.From = topology.OpRef{Service: -1, Op: -1}
		e.ID = sources[i].Name + "->" + t.OpName(e.To)
	}
	return &sim.Plan{Name: "test", Seed: 1, Duration: at(d), Interval: at(1 * sec), Topology: t, Sources: sources}
}

// workQueue is a queue of work without bounds.
func workQueue(name string, change ...func(*topology.Queue)) topology.Queue {
	q := topology.Queue{Name: name, Kind: topology.WorkQueue, Capacity: topology.Unlimited, DeadLetter: topology.None}
	for _, c := range change {
		c(&q)
	}
	return q
}

func visibility(d time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Visibility = d }
}

func redelivery(d time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Redelivery = d }
}

// receives is the bound on hand-outs, and where a message goes then.
func receives(n, deadLetter int) func(*topology.Queue) {
	return func(q *topology.Queue) { q.MaxReceives, q.DeadLetter = n, deadLetter }
}

// room is a capacity, and what happens when it is used up.
func room(n int, full topology.OnFull) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Capacity, q.OnFull = n, full }
}

func readableAfter(d time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Latency = topology.Constant(d) }
}

func fifo(q *topology.Queue) { q.FIFO = true }

// publish is a publish step; change may set its policies.
func publish(queue int, change ...func(*topology.Publish)) topology.Step {
	m := &topology.Publish{Queue: queue, Chance: 1, Times: 1, Keys: 1000}
	for _, c := range change {
		c(m)
	}
	return topology.Step{Kind: topology.Message, Publish: m}
}

// inTurn gives messages the keys 0 … n-1, one after the other.
func inTurn(n int) func(*topology.Publish) {
	return func(m *topology.Publish) { m.Key, m.Keys = topology.RoundRobinKeys, n }
}

func publishTimeout(d time.Duration) func(*topology.Publish) {
	return func(m *topology.Publish) { m.Timeout = d }
}

func perhaps(m *topology.Publish) { m.Optional = true }

// front is a service that takes every request at once, for publishers.
func front(steps ...topology.Step) topology.Service {
	return service("shop", topology.Unlimited, 0, steps...)
}

// consumer is a service that works on what is in a queue.
func consumer(name string, threads, from int, steps ...topology.Step) topology.Service {
	s := service(name, threads, 0, steps...)
	s.Consumes = []topology.Consume{{Queue: from, Op: 0, Batch: 1}}
	return s
}

// onQueue puts a fault on queues.
func onQueue(f sim.Fault, queues ...int) sim.Fault {
	f.Queues = queues
	return f
}

func poison(begin, end time.Duration) sim.Fault {
	f := fault(sim.Poison, begin, end)
	f.Rate = 1
	return f
}

// failsDuring makes every attempt of a service fail, at once or after its work.
func failsDuring(p *sim.Plan, begin, end time.Duration, afterWork bool, services ...int) sim.Fault {
	f := on(p, fault(sim.Errors, begin, end), services...)
	f.Rate, f.AfterWork = 1, afterWork
	return f
}

// redrive moves what waits in one queue to another.
func redrive(when time.Duration, from, to int) sim.Fault {
	f := onQueue(fault(sim.Redrive, when, when), from)
	f.To = to
	return f
}

// A mailbook keeps what each sample tells of the queues, without distributions.
type mailbook struct {
	from, to []des.Time
	queues   [][]sim.QueueTally
}

func (b *mailbook) Transition(sim.Transition) {}

func (b *mailbook) Sample(s *sim.Sample) {
	b.from, b.to = append(b.from, s.From), append(b.to, s.To)
	var queues []sim.QueueTally
	for _, q := range s.Queues {
		q.Latency = nil
		q.Partitions = append([]sim.PartitionTally(nil), q.Partitions...)
		q.Groups = append([]sim.GroupTally(nil), q.Groups...)
		for g := range q.Groups {
			q.Groups[g].Latency = nil
			q.Groups[g].Partitions = append([]sim.PartitionTally(nil), q.Groups[g].Partitions...)
		}
		queues = append(queues, q)
	}
	b.queues = append(b.queues, queues)
}

// A mailing is a run with queues: its totals, and what its samples told.
type mailing struct {
	telling
	book mailbook
}

// mail runs a plan.
func mail(t *testing.T, p *sim.Plan) *mailing {
	t.Helper()
	r := &mailing{telling: telling{p: p}}
	r.Totals = run(t, p, &r.book)
	return r
}

// byTheMillisecond makes the samples so short that each tells of one instant, in a
// plan in which everything happens at whole milliseconds.
func byTheMillisecond(p *sim.Plan) *sim.Plan {
	p.Interval = at(1 * ms)
	return p
}

func (r *mailing) place(queue string) int {
	for i := range r.p.Topology.Queues {
		if r.p.Topology.Queues[i].Name == queue {
			return i
		}
	}
	panic("no queue " + queue)
}

func (r *mailing) queue(name string) *sim.QueueTally { return &r.Queues[r.place(name)] }

// What is counted of a queue, to be asked for by name.
func published(q *sim.QueueTally) uint64    { return q.Published }
func delivered(q *sim.QueueTally) uint64    { return q.Delivered }
func acknowledged(q *sim.QueueTally) uint64 { return q.Acknowledged }
func deadLettered(q *sim.QueueTally) uint64 { return q.DeadLettered }
func dropped(q *sim.QueueTally) uint64      { return q.Dropped }

// by is how much had been counted before an instant, at which a sample has to end.
func (r *mailing) by(when time.Duration, queue string, of func(*sim.QueueTally) uint64) (n uint64) {
	q, met := r.place(queue), false
	for i := range r.book.queues {
		if r.book.to[i] <= at(when) {
			n += of(&r.book.queues[i][q])
			met = met || r.book.to[i] == at(when)
		}
	}
	if !met {
		panic(fmt.Sprintf("no sample ends at %v", when))
	}
	return n
}

// when tells at which instants something was counted, by the samples' beginnings.
func (r *mailing) when(queue string, of func(*sim.QueueTally) uint64) string {
	q := r.place(queue)
	var l []string
	for i := range r.book.queues {
		switch n := of(&r.book.queues[i][q]); {
		case n == 1:
			l = append(l, time.Duration(r.book.from[i]).String())
		case n > 1:
			l = append(l, fmt.Sprintf("%v ×%d", time.Duration(r.book.from[i]), n))
		}
	}
	if l == nil {
		return "never"
	}
	return strings.Join(l, ", ")
}

// groupLine tells what became of messages.
func groupLine(g *sim.GroupTally) string {
	var fate, hands clause
	fate.count("acknowledged", g.Acknowledged)
	fate.count("dead-lettered", g.DeadLettered)
	fate.count("dropped", g.Dropped)
	fate.count("waiting", g.Waiting)
	fate.count("held", g.Held)
	hands.count("delivered", g.Delivered)
	hands.count("redelivered", g.Redelivered)
	hands.count("duplicates", g.Duplicates)
	return fate.String() + "; " + hands.String()
}

// queueLine tells what became of a queue's messages, and of the publishes that it did
// not take.
func queueLine(q *sim.QueueTally) string {
	var not clause
	not.count("full", q.Full)
	not.count("refused", q.Refused)
	not.count("timed out", q.TimedOut)
	not.count("redriven", q.Redriven)
	s := fmt.Sprintf("%d published: %s", q.Published, groupLine(&q.GroupTally))
	if len(not.parts) > 0 {
		s += "; " + not.String()
	}
	return s
}

func (r *mailing) messages(queue string) string { return queueLine(r.queue(queue)) }

// publishes tells what became of a publish step's messages.
func (r *mailing) publishes(id string) string {
	for i, m := range r.p.Topology.Publishes {
		if m.ID == id {
			var c clause
			c.count("published", r.Publishes[i].Published)
			c.outcomes(&r.Publishes[i].Failed)
			c.count("blocked", r.Publishes[i].Blocked)
			return c.String()
		}
	}
	panic("no publish step " + id)
}

// publishing tells how long threads of a service were blocked on queues.
func (r *mailing) publishing(name string) string {
	var c clause
	for _, b := range r.service(name).Publishing {
		c.span(r.p.Topology.Publishes[b.Publish].ID, b.Time)
	}
	return c.String()
}

// latency tells the mean and the largest of the times from publish to acknowledgement.
func latency(h *hist.Hist) string {
	return fmt.Sprintf("mean %v, max %v", time.Duration(math.Round(h.Mean())), time.Duration(h.Max()))
}

// every gives n instants, the first at first and then one after each gap.
func every(gap, first time.Duration, n int) []time.Duration {
	var when []time.Duration
	for i := range n {
		when = append(when, first+time.Duration(i)*gap)
	}
	return when
}

// requests are sources that send one each.
func requests(to int, when ...time.Duration) []sim.Source {
	var l []sim.Source
	for i, w := range when {
		l = append(l, request(fmt.Sprintf("r%d", i+1), w, to))
	}
	return l
}

// 100/s for a minute into 4 threads of 50 ms, which do 80/s. The n-th comes at
// (n-1/2)/100 s. With n = 4q+r it begins when n-4 ends: at 5+10(r-1)+50q ms, and waits
// 10q ms. By 60 s those with 5+10(r-1)+50(q+1) ≤ 60,000 are done: 1,199 of each r.
func TestBacklogOfFourThreads(t *testing.T) {
	p := queued(80*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), consumer("worker", 4, 0, works(50*ms))},
		traced("people", 0, every(10*ms, 5*ms, 6000)))
	last := 75*sec + 35*ms
	p.Cuts = []des.Time{at(60 * sec), at(last), at(last) + 1}
	r := mail(t, p)
	if n := r.by(60*sec, "orders", acknowledged); n != 4796 {
		t.Errorf("%d done at 60 s, want 4,796", n)
	}
	if n, m := r.by(last, "orders", acknowledged), r.by(last+1, "orders", acknowledged); n != 5999 || m != 6000 {
		t.Errorf("%d done before 75.035 s and %d then, want 5,999 and 6,000", n, m)
	}
	says(t, "orders", r.messages("orders"), "6000 published: 6000 acknowledged; 6000 delivered")
	// 10q+50 with q = 0 … 1499, four of each.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 7.545s, max 15.04s")
	// At 59.995 s, 1,200 of each r have begun. Waits of 10q ms, 300 s of work.
	q := r.queue("orders")
	if q.DepthMax != 1200 || q.AgeMax != at(14990*ms) {
		t.Errorf("at most %d waited, the oldest for %v, want 1,200 and 14.99s", q.DepthMax, q.AgeMax)
	}
	if q.WaitingTime != at(44_970*sec) || q.HeldTime != at(300*sec) {
		t.Errorf("waiting %v, held %v, want 44,970 s and 300 s", q.WaitingTime, q.HeldTime)
	}
	says(t, "threads", r.threads("worker"), "working 5m0s, idle 20s")
	says(t, "answers", r.answers("worker"), "6000 arrived: 6000 success")
	says(t, "requests", r.requests("people"), "6000 offered: 6000 success")
	says(t, "publishes", r.publishes("shop->orders"), "6000 published")
}

// 80/s into a thread that does 100/s, and is away from 60 s to 120 s: 4,800 wait then.
// The j-th to come after that begins at 120+(4800+j)/100 s, having waited 48-0.0025j s:
// from the 19,200th on, at 360 s, nobody waits.
func TestConsumersAway(t *testing.T) {
	for _, kind := range []sim.FaultKind{sim.Crash, sim.Pause} {
		p := queued(400*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))},
			steady("people", 0, 80))
		p.Faults = []sim.Fault{on(p, fault(kind, 60*sec, 120*sec), 1)}
		p.Cuts = []des.Time{at(60 * sec), at(120 * sec), at(360 * sec)}
		r := mail(t, p)
		if n := r.by(60*sec, "orders", acknowledged); n != 4800 {
			t.Errorf("%v: %d done at 60 s, want 4,800", kind, n)
		}
		if n, m := r.by(120*sec, "orders", published), r.by(120*sec, "orders", acknowledged); n-m != 4800 {
			t.Errorf("%v: %d wait at 120 s, want 4,800", kind, n-m)
		}
		q := r.queue("orders")
		if q.DepthMax != 4800 || q.AgeMax != at(60*sec) {
			t.Errorf("%v: at most %d waited, the oldest for %v, want 4,800 and a minute", kind, q.DepthMax, q.AgeMax)
		}
		for i, from := range r.book.from {
			// The message of 360 s is taken up in the instant in which it comes.
			if waited := r.book.queues[i][0].WaitingTime > 0; waited != (from >= at(60*sec) && from < at(360*sec)) {
				t.Errorf("%v: messages wait in the second from %v: %v", kind, from, waited)
			}
		}
		// Of those of the minute 60-0.0025i, of those after it 48-0.0025j: 259,206 and 460,824 s.
		if q.WaitingTime != at(720_030*sec) {
			t.Errorf("%v: messages waited for %v together, want 720,030 s", kind, q.WaitingTime)
		}
		says(t, "orders", r.messages("orders"), "32000 published: 32000 acknowledged; 32000 delivered")
	}
}

// Messages that take 29, 45 and 100 s, on a queue that hands them out again after 30 s:
// at 0; at 0 and 30; at 0, 30, 60 and 90. The first to end acknowledges. The others work
// on, for nothing since then.
func TestVisibility(t *testing.T) {
	for _, row := range []struct {
		work, working, wasted time.Duration
		want                  string
	}{
		{29 * sec, 29 * sec, 0, "1000 published: 1000 acknowledged; 1000 delivered"},
		{45 * sec, 90 * sec, 30 * sec, "1000 published: 1000 acknowledged; 2000 delivered, 1000 redelivered, 1000 duplicates"},
		{100 * sec, 400 * sec, 180 * sec, "1000 published: 1000 acknowledged; 4000 delivered, 3000 redelivered, 3000 duplicates"},
	} {
		people := steady("people", 0, 100)
		people.Limit = 1000
		p := queued(210*sec, []topology.Queue{workQueue("orders", visibility(30*sec))},
			[]topology.Service{front(publish(0)), consumer("worker", topology.Unlimited, 0, works(row.work))}, people)
		r := mail(t, p)
		says(t, "orders", r.messages("orders"), row.want)
		if h := r.queue("orders").Latency; h.Min() != int64(row.work) || h.Max() != int64(row.work) {
			t.Errorf("work of %v: acknowledged after %v to %v", row.work, time.Duration(h.Min()), time.Duration(h.Max()))
		}
		v := r.service("worker")
		if v.Working != at(1000*row.working) || v.Wasted != at(1000*row.wasted) {
			t.Errorf("work of %v: worked for %v, for nothing %v, want %v and %v", row.work, v.Working, v.Wasted, 1000*row.working, 1000*row.wasted)
		}
		if q := r.queue("orders"); q.HeldTime != at(1000*row.work) || q.WaitingTime != 0 {
			t.Errorf("work of %v: held for %v, waiting %v", row.work, q.HeldTime, q.WaitingTime)
		}
	}
}

// One message of 45 s.
func TestVisibilityByTheInstant(t *testing.T) {
	for _, row := range []struct {
		what       string
		queue      topology.Queue
		threads    int
		ack        time.Duration
		messages   int
		want, when string
	}{
		{"by the queue", workQueue("orders", visibility(20*sec)), 9, 0, 1, "1 published: 1 acknowledged; 3 delivered, 2 redelivered, 2 duplicates", "0s, 20s, 40s"},
		{"by the consumer", workQueue("orders"), 9, 20 * sec, 1, "1 published: 1 acknowledged; 3 delivered, 2 redelivered, 2 duplicates", "0s, 20s, 40s"},
		{"the consumer's is shorter", workQueue("orders", visibility(30*sec)), 9, 20 * sec, 1, "1 published: 1 acknowledged; 3 delivered, 2 redelivered, 2 duplicates", "0s, 20s, 40s"},
		{"the queue's is shorter", workQueue("orders", visibility(20*sec)), 9, 30 * sec, 1, "1 published: 1 acknowledged; 3 delivered, 2 redelivered, 2 duplicates", "0s, 20s, 40s"},
		{"a wait before it is readable", workQueue("orders", visibility(30*sec), redelivery(10*sec)), 9, 0, 1, "1 published: 1 acknowledged; 2 delivered, 1 redelivered, 1 duplicates", "0s, 40s"},
		{"acknowledged while it waits", workQueue("orders", visibility(30*sec), redelivery(20*sec)), 9, 0, 1, "1 published: 1 acknowledged; 1 delivered", "0s"},
		{"no thread for it", workQueue("orders", visibility(30*sec)), 1, 0, 2, "2 published: 2 acknowledged; 2 delivered", "0s, 45s"},
	} {
		worker := consumer("worker", row.threads, 0, works(45*sec))
		worker.Consumes[0].AckTimeout = row.ack
		p := queued(150*sec, []topology.Queue{row.queue}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, row.messages))
		r := mail(t, p)
		says(t, row.what, r.messages("orders"), row.want)
		says(t, row.what+": delivered", r.when("orders", delivered), row.when)
	}
}

// A message that ran out for the last time is dead-lettered then, though it is still
// worked on, and may yet succeed.
func TestVisibilityAndReceives(t *testing.T) {
	for _, row := range []struct {
		receives               int
		work, working, wasted  time.Duration
		orders, failed, letter string
	}{
		{1, 45 * sec, 45 * sec, 15 * sec, "1 published: 1 dead-lettered; 1 delivered", "1 published: 1 waiting; none", "30s"},
		{2, 45 * sec, 90 * sec, 30 * sec, "1 published: 1 acknowledged; 2 delivered, 1 redelivered, 1 duplicates", "0 published: none; none", "never"},
		{2, 100 * sec, 200 * sec, 110 * sec, "1 published: 1 dead-lettered; 2 delivered, 1 redelivered, 1 duplicates", "1 published: 1 waiting; none", "1m0s"},
	} {
		p := queued(200*sec, []topology.Queue{workQueue("orders", visibility(30*sec), receives(row.receives, 1)), workQueue("failed")},
			[]topology.Service{front(publish(0)), consumer("worker", 9, 0, works(row.work))}, request("one", 0, 0))
		r := mail(t, p)
		what := fmt.Sprintf("%v, %d receives", row.work, row.receives)
		says(t, what, r.messages("orders"), row.orders)
		says(t, what+": dead letters", r.messages("failed"), row.failed)
		says(t, what+": dead-lettered", r.when("orders", deadLettered), row.letter)
		if v := r.service("worker"); v.Working != at(row.working) || v.Wasted != at(row.wasted) {
			t.Errorf("%s: worked for %v, for nothing %v, want %v and %v", what, v.Working, v.Wasted, row.working, row.wasted)
		}
	}
}

// Ten messages, of which those of the first half second are poisoned. They fail on each
// delivery, at once, and come again after a second.
func TestPoison(t *testing.T) {
	for _, row := range []struct {
		receives                 int
		orders, delivered, dead  string
		answers, dead2, atFailed string
	}{
		{1, "10 published: 5 acknowledged, 5 dead-lettered; 10 delivered",
			"0s, 100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms",
			"0s, 100ms, 200ms, 300ms, 400ms", "10 arrived: 5 success, 5 error",
			"5 published: 5 waiting; none", "0s, 100ms, 200ms, 300ms, 400ms"},
		{3, "10 published: 5 acknowledged, 5 dead-lettered; 20 delivered, 10 redelivered",
			"0s, 100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s, 1.1s, 1.2s, 1.3s, 1.4s, 2s, 2.1s, 2.2s, 2.3s, 2.4s",
			"2s, 2.1s, 2.2s, 2.3s, 2.4s", "20 arrived: 5 success, 15 error",
			"5 published: 5 waiting; none", "2s, 2.1s, 2.2s, 2.3s, 2.4s"},
		{5, "10 published: 5 acknowledged, 5 dead-lettered; 30 delivered, 20 redelivered",
			"0s, 100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s, 1.1s, 1.2s, 1.3s, 1.4s, 2s, 2.1s, 2.2s, 2.3s, 2.4s, " +
				"3s, 3.1s, 3.2s, 3.3s, 3.4s, 4s, 4.1s, 4.2s, 4.3s, 4.4s",
			"4s, 4.1s, 4.2s, 4.3s, 4.4s", "30 arrived: 5 success, 25 error",
			"5 published: 5 waiting; none", "4s, 4.1s, 4.2s, 4.3s, 4.4s"},
	} {
		p := byTheMillisecond(queued(6*sec, []topology.Queue{workQueue("orders", receives(row.receives, 1), redelivery(1*sec)), workQueue("failed")},
			[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(100*ms, 0, 10))))
		p.Faults = []sim.Fault{onQueue(poison(0, 500*ms), 0)}
		r := mail(t, p)
		what := fmt.Sprintf("%d receives", row.receives)
		says(t, what, r.messages("orders"), row.orders)
		says(t, what+": delivered", r.when("orders", delivered), row.delivered)
		says(t, what+": acknowledged", r.when("orders", acknowledged), "510ms, 610ms, 710ms, 810ms, 910ms")
		says(t, what+": dead-lettered", r.when("orders", deadLettered), row.dead)
		says(t, what+": the worker", r.answers("worker"), row.answers)
		says(t, what+": its threads", r.threads("worker"), "working 50ms, idle 23.95s")
		says(t, what+": dead letters", r.messages("failed"), row.dead2)
		says(t, what+": dead letters come", r.when("failed", published), row.atFailed)
	}
}

// Without a wait all of its deliveries are at once, and without a bound there is a
// millisecond between them, for ever. Without a queue for dead letters it is dropped.
func TestPoisonWithoutAWait(t *testing.T) {
	for _, row := range []struct {
		what    string
		queue   topology.Queue
		want    string
		dropped string
	}{
		{"five receives", workQueue("orders", receives(5, topology.None)), "1 published: 1 dropped; 5 delivered, 4 redelivered", "20ms"},
		{"no bound", workQueue("orders"), "1 published: 1 waiting; 80 delivered, 79 redelivered", "never"},
	} {
		p := byTheMillisecond(queued(100*ms, []topology.Queue{row.queue},
			[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms))}, request("one", 20*ms, 0)))
		p.Faults = []sim.Fault{onQueue(poison(0, 100*ms), 0)}
		r := mail(t, p)
		says(t, row.what, r.messages("orders"), row.want)
		says(t, row.what+": dropped", r.when("orders", dropped), row.dropped)
	}
}

// Of many messages a share is poisoned, and that share alone is dead-lettered. Of 10,000
// at 20% that is 2,000, with a deviation of 40; 4.5 times that is 180.
func TestPoisonShare(t *testing.T) {
	p := queued(102*sec, []topology.Queue{workQueue("orders", receives(3, topology.None))},
		[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(10*ms, 0, 10_000)))
	f := onQueue(poison(0, 102*sec), 0)
	f.Rate = 0.2
	p.Faults = []sim.Fault{f}
	q := mail(t, p).queue("orders")
	if n := q.Dropped; n < 2000-180 || n > 2000+180 {
		t.Errorf("%d of 10,000 were poisoned, want 2,000 ± 180", n)
	}
	if q.Delivered != q.Acknowledged+3*q.Dropped || q.Acknowledged+q.Dropped != 10_000 {
		t.Errorf("%s: want each poisoned one delivered three times and each other one once", queueLine(q))
	}
}

// A dead letter takes its poison with it: who consumes the dead letters fails too. One
// that failed for a reason of the consumer's does not.
func TestDeadLettersConsumed(t *testing.T) {
	build := func(faults func(*sim.Plan) sim.Fault) *mailing {
		p := byTheMillisecond(queued(2*sec, []topology.Queue{
			workQueue("orders", receives(2, 1), redelivery(100*ms)),
			workQueue("failed", receives(2, topology.None), redelivery(300*ms)),
		}, []topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms)), consumer("repair", 1, 1, works(50*ms))}, request("one", 0, 0)))
		p.Faults = []sim.Fault{faults(p)}
		return mail(t, p)
	}
	r := build(func(*sim.Plan) sim.Fault { return onQueue(poison(0, 1*ms), 0) })
	says(t, "poison", r.messages("orders"), "1 published: 1 dead-lettered; 2 delivered, 1 redelivered")
	says(t, "poison: dead letters", r.messages("failed"), "1 published: 1 dropped; 2 delivered, 1 redelivered")
	says(t, "poison: dead letters delivered", r.when("failed", delivered), "100ms, 400ms")
	says(t, "poison: dead letters dropped", r.when("failed", dropped), "400ms")
	r = build(func(p *sim.Plan) sim.Fault { return failsDuring(p, 0, 2*sec, true, 1) })
	// Delivered at 0 and at 110, failed at 10 and at 120.
	says(t, "errors", r.messages("orders"), "1 published: 1 dead-lettered; 2 delivered, 1 redelivered")
	says(t, "errors: dead letters", r.messages("failed"), "1 published: 1 acknowledged; 1 delivered")
	says(t, "errors: dead letters acknowledged", r.when("failed", acknowledged), "170ms")
	says(t, "errors: latency of the dead letter", latency(r.queue("failed").Latency), "mean 50ms, max 50ms")
}

// A queue of dead letters that is full, or away, does not take them: they are dropped.
func TestDeadLettersNotTaken(t *testing.T) {
	build := func(dead topology.Queue, faults ...sim.Fault) *mailing {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", receives(1, 1)), dead},
			[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(100*ms, 0, 5))))
		p.Faults = append([]sim.Fault{onQueue(poison(0, 1*sec), 0)}, faults...)
		return mail(t, p)
	}
	for _, full := range []topology.OnFull{topology.RejectPublish, topology.BlockPublish} {
		r := build(workQueue("failed", room(2, full)))
		says(t, "full", r.messages("orders"), "5 published: 2 dead-lettered, 3 dropped; 5 delivered")
		says(t, "full: dropped", r.when("orders", dropped), "200ms, 300ms, 400ms")
	}
	r := build(workQueue("failed", room(2, topology.DropOldest)))
	says(t, "drops its oldest", r.messages("orders"), "5 published: 5 dead-lettered; 5 delivered")
	says(t, "drops its oldest: dead letters", r.messages("failed"), "5 published: 3 dropped, 2 waiting; none")
	r = build(workQueue("failed"), onQueue(fault(sim.Outage, 150*ms, 350*ms), 1))
	says(t, "away", r.messages("orders"), "5 published: 3 dead-lettered, 2 dropped; 5 delivered")
	says(t, "away: dead-lettered", r.when("orders", deadLettered), "0s, 100ms, 400ms")
}

// Three messages fail, are dead-lettered and go back when the cause is mended, or too early.
func TestRedrive(t *testing.T) {
	build := func(mended time.Duration) *mailing {
		p := byTheMillisecond(queued(5*sec, []topology.Queue{workQueue("orders", receives(1, 1)), workQueue("failed")},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, every(100*ms, 100*ms, 3))))
		p.Faults = []sim.Fault{failsDuring(p, 0, mended, false, 1), redrive(2*sec, 1, 0)}
		return mail(t, p)
	}
	r := build(1 * sec)
	says(t, "mended", r.messages("orders"), "6 published: 3 acknowledged, 3 dead-lettered; 6 delivered")
	says(t, "mended: acknowledged", r.when("orders", acknowledged), "2.01s, 2.02s, 2.03s")
	// It has been in this queue since the redrive.
	says(t, "mended: latency", latency(r.queue("orders").Latency), "mean 20ms, max 30ms")
	says(t, "mended: dead letters", r.messages("failed"), "3 published: 3 acknowledged; none; 3 redriven")
	says(t, "mended: dead letters moved", r.when("failed", acknowledged), "2s ×3")
	if n := r.queue("failed").Latency.Count(); n != 0 {
		t.Errorf("%d latencies of dead letters that were moved", n)
	}
	r = build(3 * sec)
	says(t, "too early", r.messages("orders"), "6 published: 6 dead-lettered; 6 delivered")
	says(t, "too early: dead letters", r.messages("failed"), "6 published: 3 acknowledged, 3 waiting; none; 3 redriven")
}

// Receives are counted anew after a redrive; what finds the other queue full stays.
func TestRedriveReceivesAndRoom(t *testing.T) {
	p := byTheMillisecond(queued(5*sec, []topology.Queue{workQueue("orders", receives(2, 1), redelivery(100*ms)), workQueue("failed")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{onQueue(poison(0, 1*sec), 0), redrive(2*sec, 1, 0)}
	r := mail(t, p)
	says(t, "delivered", r.when("orders", delivered), "0s, 100ms, 2s, 2.1s")
	says(t, "dead-lettered", r.when("orders", deadLettered), "100ms, 2.1s")

	p = byTheMillisecond(queued(5*sec, []topology.Queue{workQueue("failed"), workQueue("parked", room(2, topology.RejectPublish))},
		[]topology.Service{front(publish(0))}, traced("people", 0, every(100*ms, 0, 3))))
	p.Faults = []sim.Fault{redrive(1*sec, 0, 1)}
	r = mail(t, p)
	says(t, "full", r.messages("failed"), "3 published: 2 acknowledged, 1 waiting; none; 2 redriven")
	// Two waited for 1 and 0.9 s, the last since 0.2 s to the end: the oldest move first.
	if q := r.queue("failed"); q.WaitingTime != at(6700*ms) || q.AgeMax != at(4800*ms) {
		t.Errorf("messages waited for %v, the oldest for %v, want 6.7s and 4.8s", q.WaitingTime, q.AgeMax)
	}
}

// What is held when a redrive comes is not moved.
func TestRedriveOfWhatWaits(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("parked")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, traced("people", 0, every(10*ms, 0, 3))))
	p.Faults = []sim.Fault{redrive(50*ms, 0, 1)}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "3 published: 3 acknowledged; 1 delivered; 2 redriven")
	says(t, "acknowledged", r.when("orders", acknowledged), "50ms ×2, 100ms")
	says(t, "latency", latency(r.queue("orders").Latency), "mean 100ms, max 100ms")
	says(t, "parked", r.messages("parked"), "2 published: 2 waiting; none")
}

// Two places, and a thread that takes 100 ms: the first message is taken up at once, the
// next two wait, and the fourth and the fifth find the queue full.
func filling(full topology.OnFull, shop topology.Service) *sim.Plan {
	return byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(2, full))},
		[]topology.Service{shop, consumer("worker", 1, 0, works(100*ms))}, requests(0, 0, 10*ms, 20*ms, 30*ms, 40*ms)...))
}

func TestQueueFullRejects(t *testing.T) {
	r := mail(t, filling(topology.RejectPublish, front(publish(0))))
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, error 0s, error 0s")
	says(t, "orders", r.messages("orders"), "3 published: 3 acknowledged; 3 delivered; 2 full")
	says(t, "publishes", r.publishes("shop->orders"), "3 published, 2 rejected")
	says(t, "acknowledged", r.when("orders", acknowledged), "100ms, 200ms, 300ms")

	// An operation that does not need it goes on.
	r = mail(t, filling(topology.RejectPublish, front(publish(0, perhaps), works(5*ms))))
	says(t, "optional: fates", fates(&r.Tallies), "success 5ms, success 5ms, success 5ms, success 5ms, success 5ms")
	says(t, "optional", r.messages("orders"), "3 published: 3 acknowledged; 3 delivered; 2 full")
}

// The fourth takes the place of the second, the fifth that of the third.
func TestQueueFullDropsTheOldest(t *testing.T) {
	r := mail(t, filling(topology.DropOldest, front(publish(0))))
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 0s, success 0s")
	says(t, "orders", r.messages("orders"), "5 published: 3 acknowledged, 2 dropped; 3 delivered")
	says(t, "dropped", r.when("orders", dropped), "30ms, 40ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "100ms, 200ms, 300ms")
	// The first after 100 ms, the fourth after 170, the fifth after 260.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 176.666667ms, max 260ms")
	// 20 ms each of those that were dropped, 70 and 160 of the others.
	if w := r.queue("orders").WaitingTime; w != at(270*ms) {
		t.Errorf("messages waited for %v, want 270ms", w)
	}
}

// What has failed and waits again was published first, and goes first, though others are
// handed out before it.
func TestQueueFullDropsWhatFailed(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(2, topology.DropOldest), redelivery(500*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, 0, 110*ms, 120*ms, 130*ms)...))
	p.Faults = []sim.Fault{failsDuring(p, 0, 105*ms, true, 1)}
	r := mail(t, p)
	// The first fails at 100, the second is taken up at 110; the first and the third wait when the fourth comes.
	says(t, "orders", r.messages("orders"), "4 published: 3 acknowledged, 1 dropped; 4 delivered")
	says(t, "dropped", r.when("orders", dropped), "130ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "210ms, 310ms, 410ms")
}

// The fourth waits for a place until the second is taken up, at 100; the fifth until 200.
func TestQueueFullBlocks(t *testing.T) {
	r := mail(t, filling(topology.BlockPublish, front(publish(0))))
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 70ms, success 160ms")
	says(t, "orders", r.messages("orders"), "5 published: 5 acknowledged; 5 delivered")
	says(t, "published", r.when("orders", published), "0s, 10ms, 20ms, 100ms, 200ms")
	says(t, "publishes", r.publishes("shop->orders"), "5 published, 2 blocked")
	says(t, "blocked", r.publishing("shop"), "shop->orders 230ms")
	// From its entry, not from the attempt to enter.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 234ms, max 300ms")
	if v := r.service("shop"); v.Held() != at(230*ms) || v.Working != 0 {
		t.Errorf("threads held for %v, at work %v, want 230ms and none", v.Held(), v.Working)
	}

	// One thread: the fifth request waits until the fourth has its place, and works 5 ms.
	shop := service("shop", 1, 10, publish(0), works(5*ms))
	r = mail(t, filling(topology.BlockPublish, shop))
	says(t, "one thread: fates", fates(&r.Tallies), "success 5ms, success 5ms, success 5ms, success 75ms, success 165ms")
	says(t, "one thread: blocked", r.publishing("shop"), "shop->orders 165ms")
	if v := r.service("shop"); v.QueueTime != at(65*ms) || v.Working != at(25*ms) {
		t.Errorf("one thread: in the waiting room %v, at work %v, want 65ms and 25ms", v.QueueTime, v.Working)
	}

	// Who holds no thread while he waits leaves it to the fifth.
	shop.Blocking = false
	r = mail(t, filling(topology.BlockPublish, shop))
	says(t, "not blocking: fates", fates(&r.Tallies), "success 5ms, success 5ms, success 5ms, success 75ms, success 165ms")
	says(t, "not blocking: blocked", r.publishing("shop"), "none")
	if v := r.service("shop"); v.QueueTime != 0 || v.Working != at(25*ms) || v.SuspendedTime != at(230*ms) {
		t.Errorf("not blocking: in the waiting room %v, at work %v, suspended %v, want none, 25ms and 230ms", v.QueueTime, v.Working, v.SuspendedTime)
	}
}

// Who waits longer than the time-out fails, and what comes after him moves up.
func TestPublishTimeout(t *testing.T) {
	r := mail(t, filling(topology.BlockPublish, front(publish(0, publishTimeout(100*ms)))))
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 70ms, error 100ms")
	says(t, "orders", r.messages("orders"), "4 published: 4 acknowledged; 4 delivered; 1 timed out")
	says(t, "publishes", r.publishes("shop->orders"), "4 published, 1 timeout, 2 blocked")
	says(t, "blocked", r.publishing("shop"), "shop->orders 170ms")

	r = mail(t, filling(topology.BlockPublish, front(publish(0, publishTimeout(65*ms)))))
	says(t, "a place too late: fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, error 65ms, success 60ms")
	says(t, "a place too late: published", r.when("orders", published), "0s, 10ms, 20ms, 100ms")
	says(t, "a place too late: blocked", r.publishing("shop"), "shop->orders 125ms")
}

// Six publishers wait for places, of two services: they get them in the order in which
// they came, one each 100 ms.
func TestOrderOfTheBlocked(t *testing.T) {
	shop, mill := front(publish(0)), service("mill", topology.Unlimited, 0, publish(0))
	p := byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders", room(1, topology.BlockPublish))},
		[]topology.Service{shop, mill, consumer("worker", 1, 0, works(100*ms))},
		request("taken up", 0, 0), request("waits", 0, 0),
		request("sixth", 50*ms, 0), request("first", 10*ms, 1), request("second", 20*ms, 0), request("third", 30*ms, 1), request("fifth", 45*ms, 0), request("fourth", 40*ms, 1)))
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 550ms, success 90ms, success 180ms, success 270ms, success 455ms, success 360ms")
	says(t, "blocked", r.publishing("shop")+"; "+r.publishing("mill"), "shop->orders 1.185s; mill->orders 720ms")
}

// A publisher that goes down while it waits for a place gives it up. One that stands
// still has it taken, and goes on when it can.
func TestBlockedPublisherAway(t *testing.T) {
	build := func(kind sim.FaultKind) *mailing {
		shop := service("shop", 10, 0, publish(0))
		p := filling(topology.BlockPublish, shop)
		p.Sources[4].Trace[0] = at(300 * ms)
		p.Faults = []sim.Fault{on(p, fault(kind, 50*ms, 150*ms), 0)}
		return mail(t, p)
	}
	r := build(sim.Crash)
	says(t, "crash: fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, reset 20ms, success 0s")
	says(t, "crash", r.messages("orders"), "4 published: 4 acknowledged; 4 delivered; 1 timed out")
	says(t, "crash: published", r.when("orders", published), "0s, 10ms, 20ms, 300ms")
	says(t, "crash: publishes", r.publishes("shop->orders"), "4 published, 1 cancelled, 1 blocked")
	says(t, "crash: blocked", r.publishing("shop"), "shop->orders 20ms")
	r = build(sim.Pause)
	says(t, "pause: fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 120ms, success 0s")
	says(t, "pause: published", r.when("orders", published), "0s, 10ms, 20ms, 100ms, 300ms")
	// 20 ms until the pause; its thread stands still for the rest of it.
	says(t, "pause: blocked", r.publishing("shop"), "shop->orders 20ms")
	if v := r.service("shop"); v.Paused != at(100*ms) {
		t.Errorf("pause: threads held in it for %v, want 100ms", v.Paused)
	}
}

// A caller that gives up stops the publisher where it cancels, and takes its message back.
func TestBlockedPublisherStopped(t *testing.T) {
	shop := front(publish(0))
	shop.Cancel = true
	p := filling(topology.BlockPublish, shop)
	for i := range p.Sources {
		p.Sources[i].Edge.Timeout = 65 * ms
	}
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, timeout 65ms, success 60ms")
	says(t, "orders", r.messages("orders"), "4 published: 4 acknowledged; 4 delivered; 1 timed out")
	says(t, "blocked", r.publishing("shop"), "shop->orders 125ms")

	// Where it does not, the message comes all the same.
	shop.Cancel = false
	p = filling(topology.BlockPublish, shop)
	for i := range p.Sources {
		p.Sources[i].Edge.Timeout = 65 * ms
	}
	r = mail(t, p)
	says(t, "not cancelled: fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, timeout 65ms, timeout 65ms")
	says(t, "not cancelled", r.messages("orders"), "5 published: 5 acknowledged; 5 delivered")
}

// Side by side with a call: the step ends when all have ended, and fails when one has
// failed that is needed.
func TestPublishInParallel(t *testing.T) {
	build := func(full topology.OnFull, how ...func(*topology.Publish)) *mailing {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(1, full)), workQueue("events")},
			[]topology.Service{front(parallel(publish(0, how...), publish(1), call(2, 0))), consumer("worker", 1, 0, works(200*ms)), service("stock", 10, 0, works(50*ms))},
			requests(0, 0, 10*ms, 20*ms)...))
		return mail(t, p)
	}
	r := build(topology.RejectPublish)
	says(t, "reject: fates", fates(&r.Tallies), "success 50ms, success 50ms, error 50ms")
	says(t, "reject: events", r.messages("events"), "3 published: 3 waiting; none")
	says(t, "optional: fates", fates(&build(topology.RejectPublish, perhaps).Tallies), "success 50ms, success 50ms, success 50ms")
	r = build(topology.BlockPublish)
	says(t, "block: fates", fates(&r.Tallies), "success 50ms, success 50ms, success 180ms")
	says(t, "block: events", r.when("events", published), "0s, 10ms, 20ms")
	// What the threads of the shop were held for, whichever of the two it is booked to.
	if v := r.service("shop"); v.Held() != at(280*ms) {
		t.Errorf("block: threads held for %v, want 280ms", v.Held())
	}
}

// Three messages one after the other: the second has the only place, the third waits.
func TestPublishTimes(t *testing.T) {
	three := func(m *topology.Publish) { m.Times = 3 }
	build := func(how ...func(*topology.Publish)) *mailing {
		return mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(1, topology.BlockPublish))},
			[]topology.Service{front(publish(0, how...)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0))))
	}
	r := build(three)
	says(t, "fate", fates(&r.Tallies), "success 100ms")
	says(t, "published", r.when("orders", published), "0s ×2, 100ms")
	says(t, "blocked", r.publishing("shop"), "shop->orders 100ms")
	// The limit is each message's.
	r = build(three, publishTimeout(50*ms))
	says(t, "time-out: fate", fates(&r.Tallies), "error 50ms")
	says(t, "time-out", r.messages("orders"), "2 published: 2 acknowledged; 2 delivered; 1 timed out")
	r = build(three, publishTimeout(50*ms), perhaps)
	says(t, "optional: fate", fates(&r.Tallies), "success 50ms")
}

// Of 10,000 requests 30% publish: 3,000, with a deviation of 45.8; 4.5 times that is 206.
// Those that do at 30% do so at 60% too.
func TestPublishChance(t *testing.T) {
	build := func(chance float64) *mailing {
		p := queued(10*sec, []topology.Queue{workQueue("orders")},
			[]topology.Service{front(publish(0, func(m *topology.Publish) { m.Chance = chance }))}, steady("people", 0, 1000))
		return mail(t, byTheMillisecond(p))
	}
	few, many := build(0.3), build(0.6)
	if n := few.queue("orders").Published; n < 3000-206 || n > 3000+206 {
		t.Errorf("%d of 10,000 published, want 3,000 ± 206", n)
	}
	if n := many.queue("orders").Published; n < 6000-221 || n > 6000+221 {
		t.Errorf("%d of 10,000 published, want 6,000 ± 221", n)
	}
	for i := range few.book.queues {
		if few.book.queues[i][0].Published > many.book.queues[i][0].Published {
			t.Errorf("the request of %v published at 30%% and not at 60%%", few.book.from[i])
		}
	}
}

// A message that waits for more than a second is dropped at that instant; one that is
// held then is dropped when it comes back.
func TestTTL(t *testing.T) {
	aSecond := func(q *topology.Queue) { q.TTL = 1 * sec }
	p := byTheMillisecond(queued(3*sec, []topology.Queue{workQueue("orders", aSecond)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(600*ms))}, requests(0, 0, 100*ms, 150*ms)...))
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "3 published: 2 acknowledged, 1 dropped; 2 delivered")
	says(t, "acknowledged", r.when("orders", acknowledged), "600ms, 1.2s")
	says(t, "dropped", r.when("orders", dropped), "1.15s")

	// Delivered at 0, 0.7 and 1.4 s, were it not for that.
	p = byTheMillisecond(queued(3*sec, []topology.Queue{workQueue("orders", aSecond)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(700*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{failsDuring(p, 0, 3*sec, true, 1)}
	r = mail(t, p)
	says(t, "held", r.messages("orders"), "1 published: 1 dropped; 2 delivered, 1 redelivered")
	says(t, "held: dropped", r.when("orders", dropped), "1.4s")

	// It waits for its next delivery when its time is over.
	p = byTheMillisecond(queued(3*sec, []topology.Queue{workQueue("orders", aSecond, redelivery(400*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(700*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{failsDuring(p, 0, 3*sec, true, 1)}
	r = mail(t, p)
	says(t, "waits", r.messages("orders"), "1 published: 1 dropped; 1 delivered")
	says(t, "waits: dropped", r.when("orders", dropped), "1s")

	// In the queue of dead letters it has a second again.
	p = byTheMillisecond(queued(3*sec, []topology.Queue{workQueue("orders", aSecond, receives(1, 1)), workQueue("failed", aSecond)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(700*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{failsDuring(p, 0, 3*sec, true, 1)}
	r = mail(t, p)
	says(t, "dead letter: dropped", r.when("failed", dropped), "1.7s")
}

// 100 ms of work that fails until 250 ms: at 100, readable at 200, fails at 300 no more.
func TestRedelivery(t *testing.T) {
	for _, row := range []struct {
		wait      time.Duration
		delivered string
		done      string
	}{
		{0, "0s, 100ms, 200ms", "300ms"},
		{1 * ms, "0s, 101ms, 202ms", "302ms"},
		{100 * ms, "0s, 200ms", "300ms"},
		{350 * ms, "0s, 450ms", "550ms"},
	} {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", redelivery(row.wait))},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0)))
		p.Faults = []sim.Fault{failsDuring(p, 0, 250*ms, true, 1)}
		r := mail(t, p)
		what := fmt.Sprintf("redelivery %v", row.wait)
		says(t, what+": delivered", r.when("orders", delivered), row.delivered)
		says(t, what+": acknowledged", r.when("orders", acknowledged), row.done)
	}
}

// A failed message comes late: those that were readable before it are not passed.
func TestFailedMessagesComeLate(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", redelivery(25*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, every(1*ms, 0, 5))))
	p.Faults = []sim.Fault{failsDuring(p, 0, 5*ms, false, 1)}
	r := mail(t, p)
	// All five fail at once, at 0 … 4 ms, and are readable at 25 … 29.
	says(t, "delivered", r.when("orders", delivered), "0s, 1ms, 2ms, 3ms, 4ms, 25ms, 35ms, 45ms, 55ms, 65ms")
	// Delivered 25, 34, 43, 52, 61 ms after its publish each.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 53ms, max 71ms")
}

// 20 ms from publish to readable, and 100 more of what is published during a fault: it
// is passed by what comes after it. A fifo queue does not let it be, of the same key.
func TestLatencyOfAQueue(t *testing.T) {
	build := func(how ...func(*topology.Queue)) *mailing {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", append(how, readableAfter(20*ms))...)},
			[]topology.Service{front(publish(0, inTurn(1))), consumer("worker", 1, 0, works(10*ms))}, requests(0, 0, 40*ms, 60*ms)...))
		f := onQueue(fault(sim.Latency, 30*ms, 50*ms), 0)
		f.Add = topology.Constant(100 * ms)
		p.Faults = []sim.Fault{f}
		return mail(t, p)
	}
	r := build()
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s")
	says(t, "delivered", r.when("orders", delivered), "20ms, 80ms, 160ms")
	// 30, 30 and 130 ms; 20 each and 120 of waiting.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 63.333333ms, max 130ms")
	if w := r.queue("orders").WaitingTime; w != at(160*ms) {
		t.Errorf("messages waited for %v, want 160ms", w)
	}
	r = build(fifo)
	says(t, "fifo: delivered", r.when("orders", delivered), "20ms, 160ms, 170ms")
	says(t, "fifo: latency", latency(r.queue("orders").Latency), "mean 93.333333ms, max 130ms")
}

// Between 100 and 200 ms the broker is away: it takes nothing, hands nothing out and
// hears no acknowledgement. What was worked on then comes again.
func TestOutage(t *testing.T) {
	build := func(how ...func(*topology.Queue)) *mailing {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", how...)},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, 50*ms, 60*ms, 120*ms, 199*ms, 200*ms)...))
		p.Faults = []sim.Fault{onQueue(fault(sim.Outage, 100*ms, 200*ms), 0)}
		return mail(t, p)
	}
	r := build()
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, error 0s, error 0s, success 0s")
	says(t, "orders", r.messages("orders"), "3 published: 3 acknowledged; 4 delivered, 1 redelivered; 2 refused")
	says(t, "publishes", r.publishes("shop->orders"), "3 published, 2 refused")
	says(t, "delivered", r.when("orders", delivered), "50ms, 200ms, 300ms, 400ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "300ms, 400ms, 500ms")
	says(t, "threads", r.threads("worker"), "working 400ms, idle 600ms")

	// With a visibility of 300 ms it comes again when that has run out: at 350, and gets the thread at 400.
	r = build(visibility(300 * ms))
	says(t, "visibility: delivered", r.when("orders", delivered), "50ms, 200ms, 300ms, 400ms")
	says(t, "visibility: acknowledged", r.when("orders", acknowledged), "300ms, 400ms, 500ms")
	r = build(visibility(600 * ms))
	says(t, "long visibility: delivered", r.when("orders", delivered), "50ms, 200ms, 300ms, 650ms")
	says(t, "long visibility: acknowledged", r.when("orders", acknowledged), "300ms, 400ms, 750ms")
}

// A delivery whose visibility has run out ends well while the broker is away: that is not
// heard of either.
func TestOutageAfterTheVisibility(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", visibility(60*ms), redelivery(100*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{onQueue(fault(sim.Outage, 90*ms, 200*ms), 0)}
	r := mail(t, p)
	// Readable again at 160, handed out at 200, acknowledged at 300 while it waits once more.
	says(t, "orders", r.messages("orders"), "1 published: 1 acknowledged; 2 delivered, 1 redelivered")
	says(t, "delivered", r.when("orders", delivered), "0s, 200ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "300ms")
}

// Who waits for a place when the broker goes away is refused.
func TestOutageOfAFullQueue(t *testing.T) {
	p := filling(topology.BlockPublish, front(publish(0)))
	p.Faults = []sim.Fault{onQueue(fault(sim.Outage, 60*ms, 70*ms), 0)}
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, error 30ms, error 20ms")
	says(t, "orders", r.messages("orders"), "3 published: 3 acknowledged; 3 delivered; 2 refused")
	says(t, "publishes", r.publishes("shop->orders"), "3 published, 2 refused, 2 blocked")
	says(t, "blocked", r.publishing("shop"), "shop->orders 50ms")
}

// Ten messages at once for two instances, the first of which takes 100 ms a message and
// the second 10. Four at hand each: the slow one gets the first, third, fifth and seventh,
// and has the last of them at 400 ms, while the other is idle from 60 on.
func TestPrefetchOfASlowInstance(t *testing.T) {
	build := func(prefetch int) *mailing {
		worker := consumer("worker", 1, 0, works(10*ms))
		worker.Instances = 2
		worker.Consumes[0].Prefetch = prefetch
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 10)))
		f := on(p, fault(sim.Slow, 0, 1*sec), 1)
		f.Factor, f.Instances = 10, 1
		p.Faults = []sim.Fault{f}
		return mail(t, p)
	}
	r := build(4)
	says(t, "four: delivered", r.when("orders", delivered), "0s ×8, 10ms, 20ms")
	says(t, "four: acknowledged", r.when("orders", acknowledged), "10ms, 20ms, 30ms, 40ms, 50ms, 60ms, 100ms, 200ms, 300ms, 400ms")
	in := r.service("worker").Instances
	if in[0].Held != at(400*ms) || in[1].Held != at(60*ms) {
		t.Errorf("four: the slow one worked for %v, the other for %v, want 400ms and 60ms", in[0].Held, in[1].Held)
	}
	// At hand is held: 100+200+300+400, and 10+…+40, 40 and 40.
	if h := r.queue("orders").HeldTime; h != at(1180*ms) {
		t.Errorf("four: held for %v, want 1.18s", h)
	}
	r = build(0)
	says(t, "one a thread: acknowledged", r.when("orders", acknowledged), "10ms, 20ms, 30ms, 40ms, 50ms, 60ms, 70ms, 80ms, 90ms, 100ms")
}

// A prefetch below the number of threads holds none of them back. With blocking: false,
// where a waiting operation holds no thread, it bounds what is in hand.
func TestPrefetchBounds(t *testing.T) {
	worker := consumer("worker", 4, 0, works(100*ms))
	worker.Consumes[0].Prefetch = 2
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 6))))
	says(t, "acknowledged", r.when("orders", acknowledged), "100ms ×4, 200ms ×2")

	for _, row := range []struct {
		prefetch int
		want     string
	}{{0, "100ms ×6"}, {4, "100ms ×4, 200ms ×2"}} {
		async := consumer("worker", 1, 0, call(2, 0))
		async.Blocking = false
		async.Consumes[0].Prefetch = row.prefetch
		r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")},
			[]topology.Service{front(publish(0)), async, service("store", 10, 0, works(100*ms))}, herd("people", 0, 0, 6))))
		says(t, fmt.Sprintf("not blocking, prefetch %d", row.prefetch), r.when("orders", acknowledged), row.want)
	}
}

// What was at hand of an instance that crashes is given back at once, and waits for no
// redelivery.
func TestCrashOfAPrefetcher(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Instances = 2
	worker.Consumes[0].Prefetch = 3
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", redelivery(500*ms))}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 6)))
	slow := on(p, fault(sim.Slow, 0, 1*sec), 1)
	slow.Factor, slow.Instances = 10, 1
	crash := on(p, fault(sim.Crash, 50*ms, 1*sec), 1)
	crash.Instances = 1
	p.Faults = []sim.Fault{slow, crash}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "6 published: 6 acknowledged; 9 delivered, 3 redelivered")
	says(t, "delivered", r.when("orders", delivered), "0s ×6, 50ms ×3")
	says(t, "acknowledged", r.when("orders", acknowledged), "10ms, 20ms, 30ms, 60ms, 70ms, 80ms")
}

// A message that is held by a consumer that crashes at 50 ms, of two and of one.
func TestCrashOfAConsumer(t *testing.T) {
	for _, row := range []struct {
		what           string
		instances      int
		queue          topology.Queue
		when, done, of string
	}{
		{"another takes it", 2, workQueue("orders", redelivery(1*sec)), "0s, 50ms", "150ms", "1 published: 1 acknowledged; 2 delivered, 1 redelivered"},
		{"it is back at 80 ms", 1, workQueue("orders", redelivery(1*sec)), "0s, 80ms", "180ms", "1 published: 1 acknowledged; 2 delivered, 1 redelivered"},
		{"it runs out", 2, workQueue("orders", visibility(400*ms)), "0s, 400ms", "500ms", "1 published: 1 acknowledged; 2 delivered, 1 redelivered"},
		{"it runs out, and there is a wait", 2, workQueue("orders", visibility(400*ms), redelivery(100*ms)), "0s, 500ms", "600ms", "1 published: 1 acknowledged; 2 delivered, 1 redelivered"},
		{"it was the last time", 2, workQueue("orders", receives(1, topology.None)), "0s", "never", "1 published: 1 dropped; 1 delivered"},
		{"it will have been the last time", 2, workQueue("orders", receives(1, topology.None), visibility(400*ms)), "0s", "never", "1 published: 1 dropped; 1 delivered"},
	} {
		worker := consumer("worker", 1, 0, works(100*ms))
		worker.Instances = row.instances
		p := byTheMillisecond(queued(1*sec, []topology.Queue{row.queue}, []topology.Service{front(publish(0)), worker}, request("one", 0, 0)))
		f := on(p, fault(sim.Crash, 50*ms, 80*ms), 1)
		f.Instances = 1
		p.Faults = []sim.Fault{f}
		r := mail(t, p)
		says(t, row.what, r.messages("orders"), row.of)
		says(t, row.what+": delivered", r.when("orders", delivered), row.when)
		says(t, row.what+": acknowledged", r.when("orders", acknowledged), row.done)
		says(t, row.what+": the request", fates(&r.Tallies), "success 0s")
	}
}

// A consumer that stands still holds what it has, and the visibility runs on.
func TestPauseOfAConsumer(t *testing.T) {
	build := func(how ...func(*topology.Queue)) *mailing {
		worker := consumer("worker", 1, 0, works(100*ms))
		worker.Instances = 2
		p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", how...)}, []topology.Service{front(publish(0)), worker}, request("one", 0, 0)))
		f := on(p, fault(sim.Pause, 50*ms, 300*ms), 1)
		f.Instances = 1
		p.Faults = []sim.Fault{f}
		return mail(t, p)
	}
	says(t, "no visibility", build().when("orders", acknowledged), "350ms")
	r := build(visibility(200 * ms))
	says(t, "visibility: delivered", r.when("orders", delivered), "0s, 200ms")
	says(t, "visibility: acknowledged", r.when("orders", acknowledged), "300ms")
	says(t, "visibility", r.messages("orders"), "1 published: 1 acknowledged; 2 delivered, 1 redelivered, 1 duplicates")
}

// A thousand messages wait for a consumer that takes ten at a time and needs 4 s for
// each. The eighth, the ninth and the tenth of each ten are not acknowledged when 30 s
// are over: 30% are delivered twice.
func TestBatchesOfTen(t *testing.T) {
	worker := consumer("worker", topology.Unlimited, 0, works(4*sec))
	worker.Consumes[0].Batch = 10
	p := queued(100*sec, []topology.Queue{workQueue("orders", visibility(30*sec))}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 500*ms, 1000))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*sec), 1)}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "1000 published: 1000 acknowledged; 1300 delivered, 300 redelivered, 300 duplicates")
	says(t, "delivered", r.when("orders", delivered), "1s ×1000, 31s ×300")
	// The first seven of each ten in turn, the eighth at 33 s. The other copies begin at 31 s,
	// each in a thread of its own, and are done before the ninth is, at 37 s.
	says(t, "acknowledged", r.when("orders", acknowledged), "5s ×100, 9s ×100, 13s ×100, 17s ×100, 21s ×100, 25s ×100, 29s ×100, 33s ×100, 35s ×200")
}

// With one thread nobody else is there to take them.
func TestBatchOfOneThread(t *testing.T) {
	worker := consumer("worker", 1, 0, works(4*sec))
	worker.Consumes[0].Batch = 10
	p := queued(60*sec, []topology.Queue{workQueue("orders", visibility(30*sec))}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 500*ms, 10))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*sec), 1)}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "10 published: 10 acknowledged; 10 delivered")
	says(t, "acknowledged", r.when("orders", acknowledged), "5s, 9s, 13s, 17s, 21s, 25s, 29s, 33s, 37s, 41s")
	says(t, "threads", r.threads("worker"), "working 40s, idle 19s, down 1s")
}

// A thread does not wait until there are ten, and takes no more than there are.
func TestBatchOfWhatIsThere(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Consumes[0].Batch = 3
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker},
		traced("people", 0, []time.Duration{0, 1 * ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms}))))
	says(t, "delivered", r.when("orders", delivered), "0s, 10ms ×3, 40ms ×2")
	says(t, "acknowledged", r.when("orders", acknowledged), "10ms, 20ms, 30ms, 40ms, 50ms, 60ms")
}

// Keys 0 and 1 in turn, four threads: one message of each key at a time.
func TestFIFOGroups(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", fifo)},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 4, 0, works(100*ms))}, herd("people", 0, 0, 6)))
	r := mail(t, p)
	says(t, "delivered", r.when("orders", delivered), "0s ×2, 100ms ×2, 200ms ×2")
	p.Topology.Queues[0].FIFO = false
	says(t, "standard", mail(t, p).when("orders", delivered), "0s ×4, 100ms ×2")
}

// The first message of key 0 is poisoned: what is behind it, of the same key, waits until
// it has been dead-lettered, at the third failure. Key 1 goes on.
func TestFIFOBehindAPoisonedMessage(t *testing.T) {
	build := func(how ...func(*topology.Queue)) *mailing {
		p := byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders", append(how, receives(3, topology.None), redelivery(200*ms))...)},
			[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(10*ms, 0, 6))))
		p.Faults = []sim.Fault{onQueue(poison(0, 5*ms), 0)}
		return mail(t, p)
	}
	r := build(fifo)
	says(t, "delivered", r.when("orders", delivered), "0s, 10ms, 30ms, 50ms, 200ms, 400ms ×2, 410ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "20ms, 40ms, 60ms, 410ms, 420ms")
	says(t, "dropped", r.when("orders", dropped), "400ms")
	r = build()
	says(t, "standard: acknowledged", r.when("orders", acknowledged), "20ms, 30ms, 40ms, 50ms, 60ms")
	says(t, "standard: dropped", r.when("orders", dropped), "400ms")
}

// A message whose visibility has run out is still the first of its key.
func TestFIFOAndVisibility(t *testing.T) {
	p := byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders", fifo, visibility(60*ms), redelivery(20*ms))},
		[]topology.Service{front(publish(0, inTurn(1))), consumer("worker", 4, 0, works(100*ms))}, herd("people", 0, 0, 2)))
	r := mail(t, p)
	// The second delivery of the first at 80, acknowledged at 100 by the first; so with the second.
	says(t, "delivered", r.when("orders", delivered), "0s, 80ms, 100ms, 180ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "100ms, 200ms")
}

// Two services at one queue share what is in it.
func TestServicesCompete(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")},
		[]topology.Service{front(publish(0)), consumer("this", 1, 0, works(10*ms)), consumer("that", 1, 0, works(30*ms))}, herd("people", 0, 0, 8)))
	r := mail(t, p)
	says(t, "acknowledged", r.when("orders", acknowledged), "10ms, 20ms, 30ms ×2, 40ms, 50ms, 60ms ×2")
	says(t, "this", r.answers("this"), "6 arrived: 6 success")
	says(t, "that", r.answers("that"), "2 arrived: 2 success")

	// Where both are idle each has its turn.
	p = queued(2*sec, []topology.Queue{workQueue("orders")},
		[]topology.Service{front(publish(0)), consumer("this", 1, 0, works(10*ms)), consumer("that", 1, 0, works(30*ms))}, traced("people", 0, every(100*ms, 0, 10)))
	r = mail(t, p)
	says(t, "this in turn", r.answers("this"), "5 arrived: 5 success")
	says(t, "that in turn", r.answers("that"), "5 arrived: 5 success")
}

// One service at two queues looks at each in turn, whatever waits in the other.
func TestQueuesInTurn(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Op: 0, Batch: 1})
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("returns")},
		[]topology.Service{front(publish(0), publish(0), publish(0), publish(0), publish(1), publish(1)), worker}, request("one", 50*ms, 0)))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 100*ms), 1)}
	r := mail(t, p)
	says(t, "orders", r.when("orders", acknowledged), "110ms, 130ms, 150ms, 160ms")
	says(t, "returns", r.when("returns", acknowledged), "120ms, 140ms")
}

// What is in the waiting room goes before messages.
func TestWaitingRoomBeforeMessages(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Queue = 10
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker},
		request("message", 1*ms, 0), request("a", 0, 1), request("b", 2*ms, 1), request("c", 19*ms, 1)))
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 10ms, success 18ms, success 11ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "40ms")
	says(t, "answers", r.answers("worker"), "4 arrived: 4 success")
	// A message has not waited in the room: 8 and 1 ms of the others.
	if v := r.service("worker"); v.Waiting.Max() != int64(8*ms) || v.Latency.Max() != int64(18*ms) || v.Waited != 2 {
		t.Errorf("%d waited, up to %v, and stayed up to %v, want 2, 8ms and 18ms", v.Waited, time.Duration(v.Waiting.Max()), time.Duration(v.Latency.Max()))
	}
}

// A rate limit of the consumer paces what it takes; a bulkhead of its operation bounds it.
func TestConsumerGuards(t *testing.T) {
	paced := consumer("worker", 10, 0, works(10*ms))
	paced.RateLimit = &topology.RateLimit{Rate: 10, Burst: 2}
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), paced}, herd("people", 0, 0, 5))))
	says(t, "paced", r.when("orders", delivered), "0s ×2, 100ms, 200ms, 300ms")
	says(t, "paced: orders", r.messages("orders"), "5 published: 5 acknowledged; 5 delivered")
	says(t, "paced: answers", r.answers("worker"), "5 arrived: 5 success")
	bound := consumer("worker", 10, 0, works(100*ms))
	bound.Operations[0].Bulkhead = 2
	r = mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), bound}, herd("people", 0, 0, 5))))
	says(t, "bound", r.when("orders", delivered), "0s ×2, 100ms ×2, 200ms")
	says(t, "bound: answers", r.answers("worker"), "5 arrived: 5 success")
}

// Consumers call others, and are called; a failed call fails the message.
func TestConsumerThatCalls(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", redelivery(50*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms), call(2, 0)), service("store", 1, 0, works(20*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{failsDuring(p, 0, 50*ms, true, 2)}
	r := mail(t, p)
	// 0 to 30 fails, 80 to 110.
	says(t, "delivered", r.when("orders", delivered), "0s, 80ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "110ms")
	says(t, "calls", r.calls("worker->store"), "2 calls: 1 success, 1 error; 2 attempts: 1 success, 1 error")
	says(t, "threads", r.threads("worker"), "working 20ms, worker->store 40ms, idle 940ms")
}

// Nobody consumes: messages wait, to the end.
func TestQueueWithoutAConsumer(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0))}, traced("people", 0, every(100*ms, 0, 10))))
	says(t, "orders", r.messages("orders"), "10 published: 10 waiting; none")
	q := r.queue("orders")
	// 1 + 0.9 + … + 0.1 s. The oldest is that of 0 s.
	if q.WaitingTime != at(5500*ms) || q.DepthMax != 10 || q.AgeMax != at(1*sec) || math.Abs(q.AgeMean-5e8) > 1 {
		t.Errorf("messages waited for %v, at most %d at once, the oldest for %v, on average %v ns, want 5.5s, 10, 1s and 500ms", q.WaitingTime, q.DepthMax, q.AgeMax, q.AgeMean)
	}
}

// busyMail is a system with a bit of everything that a queue does.
func busyMail() *sim.Plan {
	worker := consumer("worker", 6, 0, work(topology.Exponential(20*ms)), publish(1))
	worker.Instances = 2
	people := openSource("people", 0, 200)
	p := queued(8*sec, []topology.Queue{
		workQueue("orders", receives(4, 2), redelivery(30*ms)),
		workQueue("receipts", room(50, topology.DropOldest)),
		workQueue("failed"),
	}, []topology.Service{front(work(topology.Exponential(2*ms)), publish(0)), worker, consumer("archive", 4, 1, work(topology.Exponential(10*ms)))}, people)
	f := on(p, fault(sim.Errors, 0, 8*sec), 1)
	f.Rate = 0.2
	sick := onQueue(fault(sim.Poison, 0, 8*sec), 0)
	sick.Rate = 0.02
	p.Faults = []sim.Fault{f, sick}
	return p
}

// The same seed gives the same run, however it is stepped; another seed another.
func TestQueuesAreDeterministic(t *testing.T) {
	print := func(seed uint64, step time.Duration) uint64 {
		p := busyMail()
		p.Seed = seed
		s := sim.New(p)
		for when := step; !s.Done(); when += step {
			s.RunUntil(at(when))
		}
		tt, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return tt.Fingerprint
	}
	if a, b, c := print(1, 8*sec), print(1, 8*sec), print(1, 7*ms); a != b || a != c {
		t.Errorf("fingerprints %x, %x and, in steps, %x of the same run", a, b, c)
	}
	if print(1, 8*sec) == print(2, 8*sec) {
		t.Error("another seed gives the same run")
	}
}

// Luck belongs to the request, behind a queue too: how long a message takes does not
// depend on how the queue is set, who else is there and when it is handed out.
func TestLuckOfMessages(t *testing.T) {
	reference := watch(t, busyMail())
	for _, variant := range []struct {
		what   string
		change func(*sim.Plan)
	}{
		{"visibility", func(p *sim.Plan) { p.Topology.Queues[0].Visibility = 40 * ms }},
		{"redelivery", func(p *sim.Plan) { p.Topology.Queues[0].Redelivery = 200 * ms }},
		{"receives", func(p *sim.Plan) { p.Topology.Queues[0].MaxReceives = 2 }},
		{"capacity", func(p *sim.Plan) { p.Topology.Queues[0].Capacity = 3 }},
		{"order", func(p *sim.Plan) { p.Topology.Queues[0].FIFO = true }},
		{"latency", func(p *sim.Plan) { p.Topology.Queues[0].Latency = topology.Exponential(50 * ms) }},
		{"prefetch", func(p *sim.Plan) { p.Topology.Services[1].Consumes[0].Prefetch = 20 }},
		{"threads", func(p *sim.Plan) { p.Topology.Services[1].Threads = 3 }},
		{"crash", func(p *sim.Plan) { p.Faults = append(p.Faults, on(p, fault(sim.Crash, 1*sec, 3*sec), 1)) }},
		{"outage", func(p *sim.Plan) { p.Faults = append(p.Faults, onQueue(fault(sim.Outage, 1*sec, 3*sec), 0)) }},
		{"others", func(p *sim.Plan) {
			robots := openSource("robots", 0, 50)
			robots.Edge.From, robots.Edge.ID = topology.OpRef{Service: -1, Op: -1}, "robots->shop"
			p.Sources = append(p.Sources, robots)
		}},
	} {
		p := busyMail()
		variant.change(p)
		other := watch(t, p)
		if other.print == reference.print {
			t.Errorf("%s: nothing came of the change", variant.what)
		}
		for name, works := range reference.work {
			both := 0
			for piece, took := range works {
				now, ok := other.work[name][piece]
				if !ok {
					continue
				}
				both++
				if now != took {
					t.Errorf("%s: a piece of %s's work took %v, now %v", variant.what, name, took, now)
					break
				}
			}
			if both < 500 {
				t.Errorf("%s: of %d pieces of %s's work only %d in common", variant.what, len(works), name, both)
			}
		}
	}
}

// What is at hand runs out like what is worked on. One thread, three at hand, 20 s each,
// a visibility of 30 s: at 30 the second is in its thread and the third at hand. There is
// room for one, the second again; at 40 for the third. Those copies are worked on when the
// messages have long been acknowledged.
func TestPrefetchAndVisibility(t *testing.T) {
	worker := consumer("worker", 1, 0, works(20*sec))
	worker.Consumes[0].Prefetch = 3
	r := mail(t, queued(200*sec, []topology.Queue{workQueue("orders", visibility(30*sec))}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 3)))
	says(t, "orders", r.messages("orders"), "3 published: 3 acknowledged; 5 delivered, 2 redelivered, 2 duplicates")
	says(t, "delivered", r.when("orders", delivered), "0s ×3, 30s, 40s")
	says(t, "acknowledged", r.when("orders", acknowledged), "20s, 40s, 1m0s")
	says(t, "threads", r.threads("worker"), "working 1m40s, of it wasted 40s, idle 1m40s")
}

// A redrive that comes back each second, of a message that fails each time.
func TestRedriveEvery(t *testing.T) {
	p := byTheMillisecond(queued(4*sec, []topology.Queue{workQueue("orders", receives(1, 1)), workQueue("failed")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, request("one", 0, 0)))
	again := redrive(500*ms, 1, 0)
	again.Every = at(1 * sec)
	p.Faults = []sim.Fault{onQueue(poison(0, 1*ms), 0), again}
	r := mail(t, p)
	says(t, "delivered", r.when("orders", delivered), "0s, 500ms, 1.5s, 2.5s, 3.5s")
	says(t, "dead letters", r.messages("failed"), "5 published: 4 acknowledged, 1 waiting; none; 4 redriven")
	says(t, "redelivered", r.messages("orders"), "5 published: 5 dead-lettered; 5 delivered")
}

// Totals are of what was published after the warm-up; a message that was published before
// it is left out whenever it ends.
func TestQueueTotalsAndTheWarmup(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("parked")},
		[]topology.Service{front(publish(0), publish(1)), consumer("worker", 1, 0, works(200*ms))}, traced("people", 0, []time.Duration{50 * ms, 100 * ms, 250 * ms, 300 * ms})))
	p.Warmup = at(200 * ms)
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "2 published: 2 acknowledged; 2 delivered")
	says(t, "parked", r.messages("parked"), "2 published: 2 waiting; none")
	says(t, "publishes", r.publishes("shop->orders"), "2 published")
	// 250 to 650 and 300 to 850; before them 50 to 250 and 100 to 450, of which the samples tell.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 475ms, max 550ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "250ms, 450ms, 650ms, 850ms")
	// What waits and is held is a quantity of the span: from 200 ms on, whoever it is.
	if q := r.queue("orders"); q.WaitingTime != at(50*ms+200*ms+350*ms) || q.HeldTime != at(650*ms) {
		t.Errorf("waited for %v, held for %v, want 600ms and 650ms", q.WaitingTime, q.HeldTime)
	}
}

// A service that is made of more instances while there is a backlog.
func TestScaledConsumers(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Autoscale = &topology.Autoscale{Min: 1, Max: 3, Target: 0.5, Every: 1 * sec, Delay: 500 * ms}
	r := mail(t, byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 25))))
	// All busy: twice as many from 1.5 s on. Ten by 1 s, five by 1.5, then two at a time.
	says(t, "acknowledged", r.when("orders", acknowledged), "100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s, 1.1s, 1.2s, 1.3s, 1.4s, 1.5s, 1.6s ×2, 1.7s ×2, 1.8s ×2, 1.9s ×2")
	says(t, "orders", r.messages("orders"), "25 published: 23 acknowledged, 2 held; 25 delivered")
}

// An instance that is taken away gives back what it has at hand, and ends what it works on.
func TestScaledDownPrefetcher(t *testing.T) {
	worker := consumer("worker", 1, 0, works(400*ms))
	worker.Instances = 2
	worker.Consumes[0].Prefetch = 2
	worker.Autoscale = &topology.Autoscale{Min: 1, Max: 2, Target: 0.9, Every: 1 * sec}
	// Nothing is held up to 900 ms, so that one is enough at 1 s: of 40% in the last second.
	r := mail(t, byTheMillisecond(queued(4*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 900*ms, 4))))
	says(t, "orders", r.messages("orders"), "4 published: 4 acknowledged; 5 delivered, 1 redelivered")
	// The first and the third are with the first instance, the second with the other, which
	// gives the fourth back at 1 s. There is room for it at 1.3 s, and a thread at 1.7.
	says(t, "delivered", r.when("orders", delivered), "900ms ×4, 1.3s")
	says(t, "acknowledged", r.when("orders", acknowledged), "1.3s ×2, 1.7s, 2.1s")
}

// Each sample tells of the age in its own time, whatever it was before. A redrive is told
// with the age of what it moves, even in the instant in which its sample begins.
func TestAgesOfSamples(t *testing.T) {
	p := queued(4*sec, []topology.Queue{workQueue("orders"), workQueue("failed"), workQueue("parked")},
		[]topology.Service{front(publish(0), publish(1)), consumer("worker", 1, 0, works(100*ms))}, herd("people", 0, 0, 10))
	p.Faults = []sim.Fault{redrive(2*sec, 1, 2)}
	var seen record
	run(t, p, &seen)
	ages := func(queue int) string {
		var l []string
		for i := range seen.samples {
			q := &seen.samples[i].Queues[queue]
			l = append(l, fmt.Sprintf("%v (mean %v)", q.AgeMax, time.Duration(q.AgeMean)))
		}
		return strings.Join(l, ", ")
	}
	// All at 0: the last of the ten is taken up at 900 ms.
	says(t, "worked off", ages(0), "0.9s (mean 405ms), 0s (mean 0s), 0s (mean 0s), 0s (mean 0s)")
	says(t, "redriven", ages(1), "1s (mean 500ms), 2s (mean 1.5s), 2s (mean 0s), 0s (mean 0s)")
	says(t, "to there", ages(2), "0s (mean 0s), 0s (mean 0s), 1s (mean 500ms), 2s (mean 1.5s)")
}
