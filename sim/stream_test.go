package sim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Streams, counted by hand: to the message, and to the instant.

// stream is a stream that keeps everything and skips what fails.
func stream(name string, partitions int, change ...func(*topology.Queue)) topology.Queue {
	q := topology.Queue{Name: name, Kind: topology.Stream, Capacity: topology.Unlimited, DeadLetter: topology.None, Partitions: partitions, RetryEvery: 1 * sec}
	for _, c := range change {
		c(&q)
	}
	return q
}

func onFailure(f topology.OnFailure) func(*topology.Queue) {
	return func(q *topology.Queue) { q.OnFailure = f }
}

func rebalance(d time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Rebalance = d }
}

func maxPoll(records int, interval time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.MaxPoll = &topology.MaxPoll{Records: records, Interval: interval} }
}

func retention(d time.Duration) func(*topology.Queue) {
	return func(q *topology.Queue) { q.Retention = d }
}

// rewind sends a group of a stream back.
func rewind(when time.Duration, queue, group int, by time.Duration) sim.Fault {
	f := onQueue(fault(sim.Rewind, when, when), queue)
	f.Group, f.By = group, at(by)
	return f
}

// of is what a group has counted, by its place among the stream's.
func of(group int, what func(*sim.GroupTally) uint64) func(*sim.QueueTally) uint64 {
	return func(q *sim.QueueTally) uint64 { return what(&q.Groups[group]) }
}

func groupDelivered(g *sim.GroupTally) uint64    { return g.Delivered }
func groupAcknowledged(g *sim.GroupTally) uint64 { return g.Acknowledged }
func groupDropped(g *sim.GroupTally) uint64      { return g.Dropped }

// lags is what a group has left of each partition at the end.
func lags(g *sim.GroupTally) string {
	var l []string
	for i := range g.Partitions {
		l = append(l, fmt.Sprint(g.Partitions[i].Lag))
	}
	return strings.Join(l, " ")
}

// done is what a group has acknowledged of each partition.
func done(g *sim.GroupTally) string {
	var l []string
	for i := range g.Partitions {
		l = append(l, fmt.Sprint(g.Partitions[i].Acknowledged))
	}
	return strings.Join(l, " ")
}

// Eight threads on four partitions: four work, and four have nothing to do. At a queue of
// work all eight do.
func TestEightConsumersOfFourPartitions(t *testing.T) {
	for _, row := range []struct {
		queue          topology.Queue
		when, threads  string
		threadsPerUnit int
	}{
		{stream("events", 4), "100ms ×4, 200ms ×4, 300ms ×4, 400ms ×4, 500ms ×4, 600ms ×4, 700ms ×4, 800ms ×4, 900ms ×4, 1s ×4", "working 4s, idle 12s", 8},
		{workQueue("events"), "100ms ×8, 200ms ×8, 300ms ×8, 400ms ×8, 500ms ×8", "working 4s, idle 12s", 8},
		// Spread over instances it is the same.
		{stream("events", 4), "100ms ×4, 200ms ×4, 300ms ×4, 400ms ×4, 500ms ×4, 600ms ×4, 700ms ×4, 800ms ×4, 900ms ×4, 1s ×4", "working 4s, idle 12s", 2},
		{stream("events", 4), "100ms ×4, 200ms ×4, 300ms ×4, 400ms ×4, 500ms ×4, 600ms ×4, 700ms ×4, 800ms ×4, 900ms ×4, 1s ×4", "working 4s, idle 12s", 1},
	} {
		worker := consumer("worker", row.threadsPerUnit, 0, works(100*ms))
		worker.Instances = 8 / row.threadsPerUnit
		p := byTheMillisecond(queued(2*sec, []topology.Queue{row.queue}, []topology.Service{front(publish(0, inTurn(4))), worker}, herd("people", 0, 0, 40)))
		r := mail(t, p)
		what := fmt.Sprintf("%d instances, %d partitions", worker.Instances, row.queue.Partitions)
		says(t, what, r.messages("events"), "40 published: 40 acknowledged; 40 delivered")
		says(t, what+": acknowledged", r.when("events", acknowledged), row.when)
		says(t, what+": threads", r.threads("worker"), row.threads)
		if row.queue.Kind == topology.Stream {
			says(t, what+": partitions", done(&r.queue("events").Groups[0]), "10 10 10 10")
		}
	}
}

// Threads come first by their number, then by instance: with two instances of two threads
// and two partitions each instance has one.
func TestPartitionsOverInstances(t *testing.T) {
	worker := consumer("worker", 2, 0, works(100*ms))
	worker.Instances = 2
	r := mail(t, queued(3*sec, []topology.Queue{stream("events", 2)}, []topology.Service{front(publish(0, inTurn(2))), worker}, herd("people", 0, 0, 20)))
	in := r.service("worker").Instances
	if in[0].Held != at(1*sec) || in[1].Held != at(1*sec) {
		t.Errorf("the instances worked for %v and %v, want a second each", in[0].Held, in[1].Held)
	}

	// Three partitions over two instances of one thread: 0 and 2, and 1.
	worker.Threads = 1
	r = mail(t, queued(3*sec, []topology.Queue{stream("events", 3)}, []topology.Service{front(publish(0, inTurn(3))), worker}, herd("people", 0, 0, 30)))
	in = r.service("worker").Instances
	if in[0].Held != at(2*sec) || in[1].Held != at(1*sec) {
		t.Errorf("the instances worked for %v and %v, want 2s and 1s", in[0].Held, in[1].Held)
	}
}

// The partitions of two streams are dealt out together: of streams of two and of two, over
// three threads, the first has a partition of each.
func TestPartitionsOfTwoStreams(t *testing.T) {
	worker := consumer("worker", 3, 0, works(100*ms))
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Op: 0, Batch: 1})
	p := byTheMillisecond(queued(2*sec, []topology.Queue{stream("clicks", 2), stream("views", 2)},
		[]topology.Service{front(publish(0, inTurn(2)), publish(1, inTurn(2))), worker}, traced("people", 0, []time.Duration{0, 1 * ms, 2 * ms, 3 * ms})))
	r := mail(t, p)
	// Clicks of 0 at 0 and 2, of 1 at 1 and 3; views likewise. The first thread has clicks 0 and views 1: 0, 1, 2, 3.
	says(t, "clicks", r.when("clicks", acknowledged), "100ms, 101ms, 201ms, 300ms")
	says(t, "views", r.when("views", acknowledged), "100ms, 200ms ×2, 400ms")
}

// Six partitions on four threads of 50 ms. The threads do 80/s, and a message comes every
// 14 ms, 71.4/s. But the first thread has partitions 0 and 4, which get two messages in
// 84 ms, and does 1.68 of them; so the second, with 1 and 5. When all 6,000 are published,
// and those two partitions of a thread of their own read, each of the first two has done
// 1,680 of its 2,000: the first ends its k-th at 50(k+1)+6 ms, k ≥ 1, the second at
// 50(k+1)+20 (the second message of each comes 6 ms after the first is done).
func TestSixPartitionsOnFourThreads(t *testing.T) {
	build := func(threads int, d time.Duration) *mailing {
		return mail(t, queued(d, []topology.Queue{stream("events", 6)},
			[]topology.Service{front(publish(0, inTurn(6))), consumer("worker", threads, 0, works(50*ms))}, traced("people", 0, every(14*ms, 0, 6000))))
	}
	r := build(4, 84*sec+20*ms+1)
	g := &r.queue("events").Groups[0]
	says(t, "lag", lags(g), "160 160 0 0 160 160")
	says(t, "done", done(g), "840 840 1000 1000 840 840")
	if r.queue("events").Lag() != 640 || g.Lag() != 640 {
		t.Errorf("a lag of %d, want 640", g.Lag())
	}
	// All done.
	last := 100*sec + 20*ms
	r = build(4, last+1)
	says(t, "all", r.messages("events"), "6000 published: 6000 acknowledged; 6000 delivered")
	r = build(4, last)
	says(t, "all but the last", r.messages("events"), "6000 published: 5999 acknowledged, 1 held; 6000 delivered")
	// A thread for each partition: nothing is left but what is being worked on.
	r = build(6, 84*sec)
	if q := r.queue("events"); q.LagMax > 4 || q.WaitingTime != 0 {
		t.Errorf("with six threads a lag of %d, and %v of waiting", q.LagMax, q.WaitingTime)
	}
}

// A slow message: what is behind it in its partition waits, though there are idle
// threads. At a queue of work it is passed.
func TestHeadOfLine(t *testing.T) {
	build := func(q topology.Queue) *mailing {
		p := byTheMillisecond(queued(3*sec, []topology.Queue{q},
			[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(50*ms, 0, 8))))
		slow := on(p, fault(sim.Slow, 0, 5*ms), 1)
		slow.Factor = 100
		p.Faults = []sim.Fault{slow}
		return mail(t, p)
	}
	r := build(stream("events", 2))
	// Of partition 0 those of 0, 100, 200 and 300 ms; of partition 1 those of 50, 150, 250 and 350.
	says(t, "stream", r.when("events", acknowledged), "60ms, 160ms, 260ms, 360ms, 1s, 1.01s, 1.02s, 1.03s")
	if q := r.queue("events"); q.WaitingTime != at(900*ms+810*ms+720*ms) || q.AgeMax != at(900*ms) {
		t.Errorf("messages waited for %v, the oldest for %v, want 2.43s and 900ms", q.WaitingTime, q.AgeMax)
	}
	says(t, "queue", build(workQueue("events")).when("events", acknowledged), "60ms, 110ms, 160ms, 210ms, 260ms, 310ms, 360ms, 1s")
}

// A message that fails until 2.5 s: skipped, tried again in place each second, or
// dead-lettered; and at a queue of work.
func TestFailureInAStream(t *testing.T) {
	build := func(q topology.Queue) *mailing {
		p := byTheMillisecond(queued(5*sec, []topology.Queue{q, workQueue("failed")},
			[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(100*ms, 100*ms, 6))))
		// Of the first one only: it alone begins in [100,105).
		p.Faults = []sim.Fault{onQueue(poison(100*ms, 105*ms), 0)}
		return mail(t, p)
	}
	r := build(stream("events", 2))
	says(t, "skip", r.messages("events"), "6 published: 5 acknowledged, 1 dropped; 6 delivered")
	says(t, "skip: acknowledged", r.when("events", acknowledged), "210ms, 310ms, 410ms, 510ms, 610ms")
	says(t, "skip: dropped", r.when("events", dropped), "100ms")
	r = build(stream("events", 2, onFailure(topology.DeadLetterFailed), func(q *topology.Queue) { q.DeadLetter = 1 }))
	says(t, "dead letter", r.messages("events"), "6 published: 5 acknowledged, 1 dead-lettered; 6 delivered")
	says(t, "dead letter: acknowledged", r.when("events", acknowledged), "210ms, 310ms, 410ms, 510ms, 610ms")
	says(t, "dead letter: in its queue", r.messages("failed"), "1 published: 1 waiting; none")
	r = build(stream("events", 2, onFailure(topology.RetryInPlace)))
	// Partition 1 has those of 200, 400 and 600. Partition 0 never gets past its first.
	says(t, "retry", r.messages("events"), "6 published: 3 acknowledged, 3 waiting; 8 delivered, 4 redelivered")
	says(t, "retry: acknowledged", r.when("events", acknowledged), "210ms, 410ms, 610ms")
	says(t, "retry: delivered", r.when("events", delivered), "100ms, 200ms, 400ms, 600ms, 1.1s, 2.1s, 3.1s, 4.1s")
	says(t, "retry: lag", lags(&r.queue("events").Groups[0]), "3 0")

	// An error that is over in time.
	p := byTheMillisecond(queued(5*sec, []topology.Queue{stream("events", 1, onFailure(topology.RetryInPlace))},
		[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(10*ms))}, traced("people", 0, every(100*ms, 0, 3))))
	p.Faults = []sim.Fault{failsDuring(p, 0, 2500*ms, true, 1)}
	r = mail(t, p)
	// 0 to 10, 1010 to 1020, 2020 to 2030, 3030 to 3040.
	says(t, "over in time: delivered", r.when("events", delivered), "0s, 1.01s, 2.02s, 3.03s, 3.04s, 3.05s")
	says(t, "over in time: acknowledged", r.when("events", acknowledged), "3.04s, 3.05s, 3.06s")
}

// Each service that consumes a stream reads all of it.
func TestGroupsReadAll(t *testing.T) {
	p := byTheMillisecond(queued(2*sec, []topology.Queue{stream("events", 2)}, []topology.Service{
		front(publish(0, inTurn(2))), consumer("fast", 2, 0, works(10*ms)), consumer("slow", 1, 0, works(100*ms)), consumer("away", 4, 0, works(10*ms))},
		herd("people", 0, 0, 10)))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 2*sec), 3)}
	r := mail(t, p)
	q := r.queue("events")
	for g, want := range []string{"10 acknowledged; 10 delivered", "10 acknowledged; 10 delivered", "10 waiting; none"} {
		says(t, r.p.Topology.Services[g+1].Name, groupLine(&q.Groups[g]), want)
	}
	says(t, "fast", r.when("events", of(0, groupAcknowledged)), "10ms ×2, 20ms ×2, 30ms ×2, 40ms ×2, 50ms ×2")
	says(t, "slow", r.when("events", of(1, groupAcknowledged)), "100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s")
	// Published once; the rest is the groups' sum, and of what is left the worst group's.
	if q.Published != 10 || q.Acknowledged != 20 || q.Delivered != 20 || q.Waiting != 10 || q.Held != 0 || q.Lag() != 10 {
		t.Errorf("the stream: %s", queueLine(q))
	}
	if q.WaitingTime != at(20*sec) || q.HeldTime != 0 || q.DepthMax != 10 || q.LagMax != 10 || q.AgeMax != at(2*sec) {
		t.Errorf("the stream: %v of waiting, %v held, a depth of %d, a lag of %d, an age of %v; want those of the group that is away: 20s, none, 10, 10, 2s", q.WaitingTime, q.HeldTime, q.DepthMax, q.LagMax, q.AgeMax)
	}
	says(t, "latency of the fast", latency(q.Groups[0].Latency), "mean 30ms, max 50ms")
	says(t, "latency of the slow", latency(q.Groups[1].Latency), "mean 550ms, max 1s")
	if n := q.Latency.Count(); n != 20 {
		t.Errorf("%d latencies of the stream, want 20", n)
	}
	// 5·9·10+… : with two threads 0, 10, 20, 30, 40 twice; with one 0, 100 … 900; and 10 of 2 s.
	for g, want := range []time.Duration{200 * ms, 4500 * ms, 20 * sec} {
		if w := q.Groups[g].WaitingTime; w != at(want) {
			t.Errorf("group %d waited for %v, want %v", g, w, want)
		}
	}
}

// A stream that nobody reads: a message is done as soon as it is published.
func TestStreamWithoutAConsumer(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{stream("events", 2)}, []topology.Service{front(works(10*ms), publish(0))}, request("one", 0, 0)))
	if q := r.queue("events"); q.Published != 1 || q.Waiting != 0 {
		t.Errorf("the stream: %s", queueLine(q))
	}
	says(t, "completion", r.completion("one"), "1 complete; mean 10ms, max 10ms")
}

// The slowest group is the last; a message that one of them skips is lost.
func TestCompletionOfAStream(t *testing.T) {
	build := func() *sim.Plan {
		return queued(1*sec, []topology.Queue{stream("events", 2)}, []topology.Service{
			front(works(10*ms), publish(0)), consumer("a", 1, 0, works(50*ms)), consumer("b", 1, 0, works(200*ms)), consumer("c", 1, 0, works(10*ms))}, request("one", 0, 0))
	}
	says(t, "fan-out", mail(t, build()).completion("one"), "1 complete; mean 210ms, max 210ms")
	p := build()
	p.Faults = []sim.Fault{failsDuring(p, 0, 1*sec, true, 3)}
	says(t, "skipped by one", mail(t, p).completion("one"), "1 lost")
	p = build()
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*sec), 2)}
	says(t, "not read by one", mail(t, p).completion("one"), "1 unfinished")
}

// Partitions by key: eight keys in turn over three partitions are 3, 3 and 2 of eight.
func TestKeysInTurn(t *testing.T) {
	r := mail(t, queued(10*sec, []topology.Queue{stream("events", 3)},
		[]topology.Service{front(publish(0, inTurn(8))), consumer("worker", 3, 0, works(1*ms))}, steady("people", 0, 100)))
	// 1,000 messages: 125 of each key.
	says(t, "done", done(&r.queue("events").Groups[0]), "375 375 250")
}

// The shares of four partitions, of 20,000 messages, within 4.5 standard deviations: a
// quarter each with uniform keys, and, of 100 keys of a zipf of 1.1, the sums of the
// weights (k+1)^-1.1 of every fourth. The hottest has 45% of all.
func TestKeysByChance(t *testing.T) {
	const n = 20_000
	for _, row := range []struct {
		what string
		how  func(*topology.Publish)
		s    float64
	}{
		{"uniform", func(m *topology.Publish) { m.Keys = 100 }, 0},
		{"zipf", func(m *topology.Publish) { m.Key, m.Zipf, m.Keys = topology.ZipfKeys, 1.1, 100 }, 1.1},
	} {
		r := mail(t, queued(20*sec+10*ms, []topology.Queue{stream("events", 4)},
			[]topology.Service{front(publish(0, row.how)), consumer("worker", 4, 0, works(100*time.Microsecond))}, traced("people", 0, every(1*ms, 0, n))))
		var share [4]float64
		sum := 0.0
		for k := range 100 {
			w := math.Pow(float64(k+1), -row.s)
			share[k%4] += w
			sum += w
		}
		for i := range share {
			want := n * share[i] / sum
			bound := 4.5 * math.Sqrt(want*(1-share[i]/sum))
			got := float64(r.queue("events").Groups[0].Partitions[i].Acknowledged)
			if math.Abs(got-want) > bound {
				t.Errorf("%s: %v messages in partition %d, want %.0f ± %.0f", row.what, got, i, want, bound)
			}
			t.Logf("%s: %v messages in partition %d, want %.0f ± %.0f", row.what, got, i, want, bound)
		}
	}
}

// In a partition one works after the other, also where there are many threads; unlimited
// threads are as many members as partitions.
func TestOrderInAPartition(t *testing.T) {
	for _, threads := range []int{1, 3, topology.Unlimited} {
		r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2)},
			[]topology.Service{front(publish(0, inTurn(1))), consumer("worker", threads, 0, works(100*ms))}, herd("people", 0, 0, 4))))
		says(t, fmt.Sprintf("%d threads", threads), r.when("events", acknowledged), "100ms, 200ms, 300ms, 400ms")
	}
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2)},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", topology.Unlimited, 0, works(100*ms))}, herd("people", 0, 0, 4))))
	says(t, "two keys", r.when("events", acknowledged), "100ms ×2, 200ms ×2")
}

// Readable 20 ms after its publish, and 100 more while a fault lasts. A later one does
// not pass it in its partition.
func TestLatencyOfAStream(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, readableAfter(20*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, []time.Duration{0, 40 * ms, 60 * ms})))
	f := onQueue(fault(sim.Latency, 30*ms, 50*ms), 0)
	f.Add = topology.Constant(100 * ms)
	p.Faults = []sim.Fault{f}
	says(t, "delivered", mail(t, p).when("events", delivered), "20ms, 160ms, 170ms")
}

// A consumer is called too: its member has to wait for a thread of the pool.
func TestMembersNeedThreads(t *testing.T) {
	worker := consumer("worker", 2, 0, works(10*ms))
	worker.Queue = 10
	worker.Operations = append(worker.Operations[:1:1], operation("ask", works(100*ms)))
	worker.Operations[0].Name = "read"
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2)}, []topology.Service{front(publish(0, inTurn(2))), worker},
		requestTo("a", 0, 1, 1), requestTo("b", 30*ms, 1, 1), herd("people", 0, 50*ms, 2)))
	// Both threads are held, by a until 100 and by b until 130.
	r := mail(t, p)
	says(t, "acknowledged", r.when("events", acknowledged), "110ms, 120ms")
}

// Two instances of one thread, a partition each, a message every 50 ms for one and the
// other in turn, 20 ms of work. The first is down from 10 to 20 s, and at each change the
// group stands still for 3 s. At 13 s there are 60 messages, which the other reads: the
// k-th, of 10+0.05k s, at 13+0.02k s, until it has caught up at 15 s. So it is from 23 s
// on, with two to read.
func TestRebalance(t *testing.T) {
	worker := consumer("worker", 1, 0, works(20*ms))
	worker.Instances = 2
	p := queued(40*sec, []topology.Queue{stream("events", 2, rebalance(3*sec))}, []topology.Service{front(publish(0, inTurn(2))), worker}, steady("people", 0, 20))
	f := on(p, fault(sim.Crash, 10*sec, 20*sec), 1)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	p.Interval = at(10 * ms)
	r := mail(t, p)
	says(t, "events", r.messages("events"), "800 published: 800 acknowledged; 800 delivered")
	for _, row := range []struct {
		when time.Duration
		n    uint64
	}{{10 * sec, 200}, {13 * sec, 200}, {13*sec + 20*ms, 200}, {13*sec + 30*ms, 201}, {14 * sec, 249}, {15 * sec, 299}, {20 * sec, 400}, {23 * sec, 400}, {23*sec + 30*ms, 402}} {
		if n := r.by(row.when, "events", acknowledged); n != row.n {
			t.Errorf("%d done at %v, want %d", n, row.when, row.n)
		}
	}
	q := r.queue("events")
	// 3-0.03k for k = 0 … 100; 3-0.08k for k = 0 … 37 and 2.95-0.08k for k = 0 … 36.
	if q.WaitingTime != at(265_130*ms) || q.LagMax != 61 || q.AgeMax != at(3*sec) {
		t.Errorf("messages waited for %v, at most %d, the oldest for %v, want 4m25.13s, 61 and 3s", q.WaitingTime, q.LagMax, q.AgeMax)
	}
	var changes []string
	tr := &record{}
	run(t, p, tr)
	for _, c := range tr.transitions {
		if c.Kind == sim.Rebalanced {
			changes = append(changes, fmt.Sprintf("%v queue %d service %d", time.Duration(c.At), c.Queue, c.Service))
		}
	}
	says(t, "rebalances", strings.Join(changes, ", "), "10s queue 0 service 1, 20s queue 0 service 1")
}

// What is in a thread goes on in a standstill, and its partition is read on when it has
// ended; what the crash took is read again.
func TestRebalanceWithWorkUnderWay(t *testing.T) {
	worker := consumer("worker", 1, 0, works(400*ms))
	worker.Instances = 2
	p := byTheMillisecond(queued(4*sec, []topology.Queue{stream("events", 2, rebalance(100*ms))}, []topology.Service{front(publish(0, inTurn(2))), worker}, herd("people", 0, 0, 4)))
	f := on(p, fault(sim.Crash, 200*ms, 1*sec), 1)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := mail(t, p)
	// The second instance ends its message at 400, and has both partitions: of two messages of
	// 0 and one of 1 it reads the oldest first, 400 to 800 and 800 to 1,200. At 1 s the first
	// is back and gets partition 0 at 1,200; by then that is read.
	says(t, "events", r.messages("events"), "4 published: 4 acknowledged; 5 delivered, 1 redelivered")
	says(t, "delivered", r.when("events", delivered), "0s ×2, 400ms, 800ms, 1.2s")
	says(t, "acknowledged", r.when("events", acknowledged), "400ms, 800ms, 1.2s, 1.6s")
}

// A pool that grows from one thread to two is a new member, after a standstill.
func TestRebalanceOfAPool(t *testing.T) {
	p := byTheMillisecond(queued(4*sec, []topology.Queue{stream("events", 2, rebalance(500*ms))},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 1, 0, works(100*ms))}, traced("people", 0, every(1*ms, 0, 20))))
	f := on(p, fault(sim.Threads, 1*sec, 4*sec), 1)
	f.To = 2
	p.Faults = []sim.Fault{f}
	r := mail(t, p)
	// Ten by 1 s, then nothing for half a second, then two at a time.
	says(t, "acknowledged", r.when("events", acknowledged), "100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s, 1.6s ×2, 1.7s ×2, 1.8s ×2, 1.9s ×2, 2s ×2")
}

// Two groups of a stream: that one stands still is nothing to the other.
func TestRebalanceIsTheGroups(t *testing.T) {
	p := queued(4*sec, []topology.Queue{stream("events", 2, rebalance(500*ms))},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("a", 2, 0, works(10*ms)), consumer("b", 2, 0, works(10*ms))}, steady("people", 0, 20))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 1*sec, 2*sec), 1)}
	q := mail(t, p).queue("events")
	if q.Groups[0].LagMax != 31 || q.Groups[0].AgeMax != at(1500*ms) {
		t.Errorf("group a: a lag of %d, an age of %v, want 31 and 1.5s", q.Groups[0].LagMax, q.Groups[0].AgeMax)
	}
	if q.Groups[1].WaitingTime != 0 {
		t.Errorf("group b waited for %v", q.Groups[1].WaitingTime)
	}
}

// Kafka's defaults: batches of 500, and 300 s for each. At 0.59 s a record one takes 295 s.
// At 0.61 s it takes 305: after 300 the member is put out, it works on for the other five,
// and reads the same 500 again, for ever.
func TestMaxPoll(t *testing.T) {
	build := func(work time.Duration, d time.Duration) *mailing {
		p := queued(d, []topology.Queue{stream("events", 1, maxPoll(500, 300*sec))},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(work))}, herd("people", 0, 500*ms, 2000))
		p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*sec), 1)}
		return mail(t, p)
	}
	r := build(590*ms, 1200*sec)
	says(t, "0.59 s", r.messages("events"), "2000 published: 2000 acknowledged; 2000 delivered")
	says(t, "0.59 s: acknowledged", r.when("events", acknowledged), "4m56s ×500, 9m51s ×500, 14m46s ×500, 19m41s ×500")
	says(t, "0.59 s: delivered", r.when("events", delivered), "1s ×500, 4m56s ×500, 9m51s ×500, 14m46s ×500")
	// The twelfth batch begins at 1+11·305 s.
	r = build(610*ms, 3600*sec)
	says(t, "0.61 s", r.messages("events"), "2000 published: 1500 waiting, 500 held; 6000 delivered, 5500 redelivered")
	says(t, "0.61 s: acknowledged", r.when("events", acknowledged), "never")
	if v := r.service("worker"); v.Working != at(3599*sec) {
		t.Errorf("0.61 s: worked for %v, want 3,599 s", v.Working)
	}
	// Just in time.
	r = build(600*ms-1, 1300*sec)
	says(t, "just in time", r.messages("events"), "2000 published: 2000 acknowledged; 2000 delivered")
}

// Two members and two partitions, of which one has all the messages. Put out after 300 s,
// the first member leaves it to the second, which reads it after a standstill of 3 s, is
// put out in turn, and so on: a batch begins every 303 s, the twelfth at 4+11·303 s.
func TestMaxPollOfTwoMembers(t *testing.T) {
	worker := consumer("worker", 1, 0, works(610*ms))
	worker.Instances = 2
	p := queued(3600*sec, []topology.Queue{stream("events", 2, maxPoll(500, 300*sec), rebalance(3*sec))}, []topology.Service{front(publish(0, inTurn(1))), worker}, herd("people", 0, 500*ms, 2000))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*sec), 1)}
	r := mail(t, p)
	var begins []string
	for _, w := range every(303*sec, 4*sec, 12) {
		begins = append(begins, fmt.Sprintf("%v ×500", w))
	}
	says(t, "delivered", r.when("events", delivered), strings.Join(begins, ", "))
	says(t, "acknowledged", r.when("events", acknowledged), "never")
	// 303 s after its batch began, who was put out is at its 497th: it has four at hand that
	// the other is handed too.
	says(t, "events", r.messages("events"), "2000 published: 1500 waiting, 500 held; 6000 delivered, 5500 redelivered, 44 duplicates")
	// Six batches of 305 s; five, and 263 s of the sixth.
	in := r.service("worker").Instances
	if in[0].Held != at(1830*sec) || in[1].Held != at(1788*sec) {
		t.Errorf("the instances worked for %v and %v, want 1,830 and 1,788 s", in[0].Held, in[1].Held)
	}
}

// An instance that is added is a new member.
func TestRebalanceOfAScaledGroup(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Autoscale = &topology.Autoscale{Min: 1, Max: 2, Target: 0.5, Every: 1 * sec, Delay: 500 * ms}
	r := mail(t, byTheMillisecond(queued(3*sec, []topology.Queue{stream("events", 2, rebalance(200*ms))},
		[]topology.Service{front(publish(0, inTurn(2))), worker}, traced("people", 0, every(1*ms, 0, 22)))))
	// It is there at 1.5 s, when 15 are done, and reads from 1.7 on.
	says(t, "acknowledged", r.when("events", acknowledged), "100ms, 200ms, 300ms, 400ms, 500ms, 600ms, 700ms, 800ms, 900ms, 1s, 1.1s, 1.2s, 1.3s, 1.4s, 1.5s, 1.8s ×2, 1.9s ×2, 2s ×2, 2.1s")
}

// A member that stands still for longer than it may take for a batch is put out: the
// other reads what it had. What it goes on with when it can is for nothing.
func TestMaxPollInAPause(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Instances = 2
	p := byTheMillisecond(queued(2*sec, []topology.Queue{stream("events", 2, maxPoll(10, 300*ms))}, []topology.Service{front(publish(0, inTurn(1))), worker}, request("one", 0, 0)))
	f := on(p, fault(sim.Pause, 50*ms, 1050*ms), 1)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := mail(t, p)
	says(t, "events", r.messages("events"), "1 published: 1 acknowledged; 2 delivered, 1 redelivered, 1 duplicates")
	says(t, "delivered", r.when("events", delivered), "0s, 300ms")
	says(t, "acknowledged", r.when("events", acknowledged), "400ms")
	if v := r.service("worker"); v.Working != at(200*ms) || v.Wasted != at(50*ms) || v.Paused != at(1*sec) {
		t.Errorf("worked for %v, for nothing %v, stood still for %v, want 200ms, 50ms and 1s", v.Working, v.Wasted, v.Paused)
	}
}

// Partitions 0 and 2 are the first instance's, which is down until 250 ms; then partition 2
// is with the other, in a batch that takes until 410. Until then nothing of it goes into
// the first's batches.
func TestMaxPollAfterARebalance(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Instances = 2
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 4, maxPoll(10, 10*sec))}, []topology.Service{front(publish(0, inTurn(4))), worker},
		traced("people", 0, []time.Duration{10 * ms, 11 * ms, 12 * ms, 13 * ms, 200 * ms, 201 * ms, 202 * ms})))
	f := on(p, fault(sim.Crash, 0, 250*ms), 1)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := mail(t, p)
	says(t, "delivered", r.when("events", delivered), "10ms, 110ms ×3, 250ms, 410ms ×2")
	says(t, "acknowledged", r.when("events", acknowledged), "110ms, 350ms, 410ms ×3, 510ms ×2")
}

// What a member does that was put out is for nothing, but it is done: a message that takes
// too long publishes each time, and is never done itself.
func TestMaxPollOfAPublisher(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, maxPoll(1, 150*ms)), workQueue("records")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(200*ms), publish(1)), consumer("archive", 1, 1, works(10*ms))}, request("one", 0, 0)))
	r := mail(t, p)
	says(t, "delivered", r.when("events", delivered), "0s, 200ms, 400ms, 600ms, 800ms")
	says(t, "records", r.when("records", acknowledged), "210ms, 410ms, 610ms, 810ms")
	says(t, "completion", r.completion("one"), "1 unfinished")
	if v := r.service("worker"); v.Working != at(1*sec) || v.Wasted != at(250*ms) {
		t.Errorf("worked for %v, for nothing %v, want 1s and five times 50ms", v.Working, v.Wasted)
	}
}

// A batch is acknowledged together, and takes what is readable, up to so many.
func TestMaxPollBatches(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2, maxPoll(3, 10*sec))},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, every(1*ms, 0, 6))))
	r := mail(t, p)
	says(t, "delivered", r.when("events", delivered), "0s, 10ms ×3, 40ms ×2")
	says(t, "acknowledged", r.when("events", acknowledged), "10ms, 40ms ×3, 60ms ×2")
	if h := r.queue("events").HeldTime; h != at(10*ms+90*ms+40*ms) {
		t.Errorf("held for %v, want 140ms", h)
	}
}

// A stream that keeps messages for 59.98 s. The group is away from 10 to 110 s, and 10
// messages a second are published, at half steps. What was published from 10 to 50 s is
// gone by then: 400 messages. A group that was there has lost nothing.
func TestRetention(t *testing.T) {
	p := queued(140*sec, []topology.Queue{stream("events", 2, retention(59980*ms))},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("away", 1, 0, works(10*ms)), consumer("there", 1, 0, works(10*ms))}, traced("people", 0, every(100*ms, 50*ms, 1300)))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 10*sec, 110*sec), 1)}
	r := mail(t, p)
	q := r.queue("events")
	says(t, "away", groupLine(&q.Groups[0]), "900 acknowledged, 400 dropped; 900 delivered")
	says(t, "there", groupLine(&q.Groups[1]), "1300 acknowledged; 1300 delivered")
	// As each is that old: that of 10.05 s at 70.03 s.
	for _, row := range []struct {
		when time.Duration
		n    uint64
	}{{70 * sec, 0}, {71 * sec, 10}, {90 * sec, 200}, {110 * sec, 400}, {140 * sec, 400}} {
		if n := r.by(row.when, "events", of(0, groupDropped)); n != row.n {
			t.Errorf("%d dropped by %v, want %d", n, row.when, row.n)
		}
	}
	says(t, "done", done(&q.Groups[0]), "450 450")
	if q.Groups[0].LagMax != 600 || q.Groups[0].AgeMax != at(59980*ms) {
		t.Errorf("a lag of %d, an age of %v, want 600 and 59.98s", q.Groups[0].LagMax, q.Groups[0].AgeMax)
	}
}

// A group that is too slow: what becomes too old behind the message that it works on is
// gone; that one is not.
func TestRetentionOfASlowGroup(t *testing.T) {
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, retention(145*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, traced("people", 0, every(30*ms, 0, 9)))))
	// Those of 0, 30 and 60 ms; when that is done, at 300, those up to 150 are gone, and 180 is
	// next; then there are none.
	says(t, "events", r.messages("events"), "9 published: 4 acknowledged, 5 dropped; 4 delivered")
	says(t, "acknowledged", r.when("events", acknowledged), "100ms, 200ms, 300ms, 400ms")
	says(t, "dropped", r.when("events", dropped), "235ms, 265ms, 295ms, 355ms, 385ms")
	// 100, 170, 240 and 220 ms.
	says(t, "latency", latency(r.queue("events").Latency), "mean 182.5ms, max 240ms")
	says(t, "completion", r.completion("people"), "4 complete, 5 lost; mean 182.5ms, max 240ms")
	says(t, "lag", lags(&r.queue("events").Groups[0]), "0")
}

// A message that is tried again in place is gone when it has become too old meanwhile,
// whether it waits then or is worked on.
func TestRetentionOfAFailedMessage(t *testing.T) {
	for _, row := range []struct {
		work    time.Duration
		dropped string
	}{
		{100 * ms, "145ms"}, // it fails at 100, and would be tried again at 300
		{200 * ms, "200ms"},
	} {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, retention(145*ms), onFailure(topology.RetryInPlace), func(q *topology.Queue) { q.RetryEvery = 200 * ms })},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(row.work))}, request("one", 0, 0)))
		p.Faults = []sim.Fault{failsDuring(p, 0, 250*ms, true, 1)}
		r := mail(t, p)
		says(t, fmt.Sprintf("work of %v", row.work), r.messages("events"), "1 published: 1 dropped; 1 delivered")
		says(t, fmt.Sprintf("work of %v: dropped", row.work), r.when("events", dropped), row.dropped)
	}
}

// The wait before the next try is the failed message's: when that has become too old the
// next is read, and when a rewind goes back before it what is there.
func TestRetryWaitIsTheMessages(t *testing.T) {
	build := func(errors, end time.Duration, keep time.Duration, faults ...sim.Fault) *mailing {
		p := byTheMillisecond(queued(3*sec, []topology.Queue{stream("events", 1, retention(keep), onFailure(topology.RetryInPlace))},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(50*ms))}, requests(0, 0, 120*ms)...))
		p.Faults = append([]sim.Fault{failsDuring(p, errors, end, true, 1)}, faults...)
		return mail(t, p)
	}
	r := build(0, 60*ms, 145*ms)
	says(t, "too old", r.messages("events"), "2 published: 1 acknowledged, 1 dropped; 2 delivered")
	says(t, "too old: delivered", r.when("events", delivered), "0s, 145ms")
	r = build(100*ms, 200*ms, 0, rewind(300*ms, 0, 1, 1*sec))
	says(t, "rewound", r.messages("events"), "2 published: 2 acknowledged; 4 delivered, 2 redelivered")
	says(t, "rewound: delivered", r.when("events", delivered), "0s, 120ms, 300ms, 1.17s")
}

// At 100 s a group that has read everything goes back by 10 s, and reads the 100 messages
// of that time again; by 10 minutes: those that are kept, of the last half minute.
func TestRewind(t *testing.T) {
	build := func(by time.Duration, how ...func(*topology.Queue)) *mailing {
		p := queued(120*sec, []topology.Queue{stream("events", 2, how...)},
			[]topology.Service{front(publish(0, inTurn(2))), consumer("a", 1, 0, works(10*ms)), consumer("b", 1, 0, works(10*ms))}, traced("people", 0, every(100*ms, 50*ms, 1190)))
		p.Faults = []sim.Fault{rewind(100*sec, 0, 1, by)}
		return mail(t, p)
	}
	for _, row := range []struct {
		what  string
		r     *mailing
		again uint64
	}{{"10 s", build(10 * sec), 100}, {"10 m", build(10 * time.Minute), 1000}, {"10 m, of which half a minute is kept", build(10*time.Minute, retention(30*sec)), 300}} {
		q := row.r.queue("events")
		// Acknowledged, net: each message once.
		says(t, row.what, groupLine(&q.Groups[0]), fmt.Sprintf("1190 acknowledged; %d delivered, %d redelivered", 1190+row.again, row.again))
		says(t, row.what+": the other group", groupLine(&q.Groups[1]), "1190 acknowledged; 1190 delivered")
		if n := row.r.by(100*sec, "events", of(0, groupAcknowledged)); n != 1000 {
			t.Errorf("%s: %d acknowledged at 100 s, want 1,000", row.what, n)
		}
		// In the seconds what happened in them: 100/s until it has caught up.
		if n := row.r.by(101*sec, "events", of(0, groupDelivered)); n != 1000+100 {
			t.Errorf("%s: %d delivered at 101 s, want 1,100", row.what, n)
		}
		if n := row.r.by(120*sec, "events", of(0, groupAcknowledged)); n != 1190+row.again {
			t.Errorf("%s: %d acknowledged in all, want %d", row.what, n, 1190+row.again)
		}
		says(t, row.what+": lag", lags(&q.Groups[0]), "0 0")
	}
}

// What a group has skipped comes again too; what is not yet read is read once.
func TestRewindOfWhatFailed(t *testing.T) {
	p := byTheMillisecond(queued(4*sec, []topology.Queue{stream("events", 1)},
		[]topology.Service{front(publish(0)), consumer("a", 1, 0, works(10*ms))}, traced("people", 0, every(100*ms, 0, 5))))
	p.Faults = []sim.Fault{failsDuring(p, 0, 250*ms, true, 1), rewind(2*sec, 0, 1, 1900*ms)}
	r := mail(t, p)
	// Those of 0, 100 and 200 ms were skipped, those of 100 ms and later come again.
	says(t, "events", r.messages("events"), "5 published: 4 acknowledged, 1 dropped; 9 delivered, 4 redelivered")
	says(t, "acknowledged", r.when("events", acknowledged), "310ms, 410ms, 2.01s, 2.02s, 2.03s, 2.04s")
}

// An outage: publishes are refused, nothing is read, and what is worked on comes again.
func TestOutageOfAStream(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, 50*ms, 60*ms, 120*ms, 200*ms)...))
	p.Faults = []sim.Fault{onQueue(fault(sim.Outage, 100*ms, 200*ms), 0)}
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, error 0s, success 0s")
	says(t, "events", r.messages("events"), "3 published: 3 acknowledged; 4 delivered, 1 redelivered; 1 refused")
	says(t, "acknowledged", r.when("events", acknowledged), "300ms, 400ms, 500ms")
}

// busyStream is a system with a bit of everything that a stream does.
func busyStream() *sim.Plan {
	a := consumer("a", 2, 0, work(topology.Exponential(10*ms)), publish(1))
	a.Instances = 2
	zipf := func(m *topology.Publish) { m.Key, m.Zipf, m.Keys = topology.ZipfKeys, 0.8, 50 }
	p := queued(8*sec, []topology.Queue{
		stream("events", 6, rebalance(50*ms), retention(4*sec), onFailure(topology.RetryInPlace), func(q *topology.Queue) { q.RetryEvery = 20 * ms }),
		workQueue("jobs"),
	}, []topology.Service{front(work(topology.Exponential(2*ms)), publish(0, zipf)), a, consumer("b", 8, 0, work(topology.Exponential(15*ms))),
		consumer("c", 4, 1, work(topology.Exponential(10*ms)))}, openSource("people", 0, 100))
	f := on(p, fault(sim.Errors, 0, 8*sec), 1, 2)
	f.Rate = 0.1
	crash := on(p, fault(sim.Crash, 2*sec, 2500*ms), 1)
	crash.Instances = 1
	p.Faults = []sim.Fault{f, crash, rewind(5*sec, 0, 2, 1*sec)}
	return p
}

func TestStreamsAreDeterministic(t *testing.T) {
	print := func(seed uint64, step time.Duration) uint64 {
		p := busyStream()
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

// A message has the same luck in every variant, and its own in each group.
func TestLuckOfAStream(t *testing.T) {
	reference := watch(t, busyStream())
	for _, variant := range []struct {
		what   string
		change func(*sim.Plan)
	}{
		{"partitions", func(p *sim.Plan) { p.Topology.Queues[0].Partitions = 4 }},
		{"rebalance", func(p *sim.Plan) { p.Topology.Queues[0].Rebalance = 300 * ms }},
		{"max_poll", func(p *sim.Plan) { p.Topology.Queues[0].MaxPoll = &topology.MaxPoll{Records: 5, Interval: 10 * sec} }},
		{"threads", func(p *sim.Plan) { p.Topology.Services[2].Threads = 3 }},
		{"rewind", func(p *sim.Plan) { p.Faults = p.Faults[:2] }},
		{"latency", func(p *sim.Plan) { p.Topology.Queues[0].Latency = topology.Exponential(50 * ms) }},
	} {
		p := busyStream()
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
			if both < 300 {
				t.Errorf("%s: of %d pieces of %s's work only %d in common", variant.what, len(works), name, both)
			}
		}
	}
	alike := 0
	for piece := range reference.work["a"] {
		if _, ok := reference.work["b"][piece]; ok {
			alike++
		}
	}
	if alike > 0 {
		t.Errorf("%d messages have the same luck with a as with b", alike)
	}
}
