package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// What becomes of messages when a queue's settings change, counted by hand: to the message,
// and to the instant.

// setting is a set on queue 0.
func setting(begin, end time.Duration, of sim.Settings) sim.Fault {
	f := onQueue(fault(sim.Set, begin, end), 0)
	f.Set = of
	return f
}

func to[T any](v T) *T { return &v }

// oneAfterTheOther is a queue whose messages come at some instants to one thread, which
// takes 100 ms for each.
func oneAfterTheOther(q topology.Queue, when ...time.Duration) *sim.Plan {
	return byTheMillisecond(queued(2*sec, []topology.Queue{q}, []topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, when...)...))
}

// A smaller capacity throws nothing out: the queue is full until the consumers have made
// room. A greater one lets in at once who waits, in their order.
func TestSetCapacity(t *testing.T) {
	p := oneAfterTheOther(workQueue("orders"), 0, 1*ms, 2*ms, 3*ms, 60*ms, 110*ms, 210*ms, 310*ms)
	p.Faults = []sim.Fault{setting(50*ms, 300*ms, sim.Settings{Capacity: to(1)})}
	r := mail(t, p)
	// Three wait at 50 ms, two at 110; the last of the first four is taken up at 300.
	says(t, "smaller", r.messages("orders"), "5 published: 5 acknowledged; 5 delivered; 3 full")
	says(t, "smaller: published", r.when("orders", published), "0s, 1ms, 2ms, 3ms, 310ms")

	p = filling(topology.BlockPublish, front(publish(0)))
	p.Faults = []sim.Fault{setting(60*ms, 70*ms, sim.Settings{Capacity: to(3)}), setting(80*ms, 1*sec, sim.Settings{Capacity: to(topology.Unlimited)})}
	r = mail(t, p)
	// The fourth waits from 30 ms on, the fifth from 40; the capacity is two again at 70.
	says(t, "greater: fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 30ms, success 40ms")
	says(t, "greater: published", r.when("orders", published), "0s, 10ms, 20ms, 60ms, 80ms")

	// An end and a begin in one instant leave no gap through which one could slip.
	p = filling(topology.BlockPublish, front(publish(0)))
	p.Sources = p.Sources[:3]
	p.Faults = []sim.Fault{setting(5*ms, 60*ms, sim.Settings{Capacity: to(1)}), setting(60*ms, 1*sec, sim.Settings{Capacity: to(1)})}
	r = mail(t, p)
	says(t, "no gap: published", r.when("orders", published), "0s, 10ms, 100ms")
}

// Where the oldest make room, those that are too much go at once.
func TestSetCapacityWhereTheOldestGo(t *testing.T) {
	p := oneAfterTheOther(workQueue("orders", room(10, topology.DropOldest)), 0, 1*ms, 2*ms, 3*ms, 4*ms, 150*ms)
	p.Faults = []sim.Fault{setting(50*ms, 1*sec, sim.Settings{Capacity: to(2)})}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "6 published: 4 acknowledged, 2 dropped; 4 delivered")
	says(t, "dropped", r.when("orders", dropped), "50ms ×2")
	// Those of 3 and 4 ms are left, and done at 200 and 300; that of 150 at 400.
	says(t, "latency", latency(r.queue("orders").Latency), "mean 210.75ms, max 296ms")
}

// Who waits for a place when nobody is to wait any more is told what he would be told if he
// came then: he is turned away, or the oldest makes room.
func TestSetOnFull(t *testing.T) {
	for _, row := range []struct {
		full                    topology.OnFull
		fates, orders, publishs string
	}{
		{topology.RejectPublish, "success 0s, success 0s, success 0s, error 30ms, error 20ms", "3 published: 3 acknowledged; 3 delivered; 2 full", "3 published, 2 rejected, 2 blocked"},
		{topology.DropOldest, "success 0s, success 0s, success 0s, success 30ms, success 20ms", "5 published: 3 acknowledged, 2 dropped; 3 delivered", "5 published, 2 blocked"},
		{topology.BlockPublish, "success 0s, success 0s, success 0s, success 70ms, success 160ms", "5 published: 5 acknowledged; 5 delivered", "5 published, 2 blocked"},
	} {
		p := filling(topology.BlockPublish, front(publish(0)))
		p.Faults = []sim.Fault{setting(60*ms, 1*sec, sim.Settings{OnFull: &row.full})}
		r := mail(t, p)
		says(t, "fates", fates(&r.Tallies), row.fates)
		says(t, "orders", r.messages("orders"), row.orders)
		says(t, "publishes", r.publishes("shop->orders"), row.publishs)
	}
	// From reject to block: who comes then waits.
	p := filling(topology.RejectPublish, front(publish(0)))
	p.Faults = []sim.Fault{setting(35*ms, 1*sec, sim.Settings{OnFull: to(topology.BlockPublish)})}
	says(t, "to block", fates(&mail(t, p).Tallies), "success 0s, success 0s, success 0s, error 0s, success 60ms")
}

// A latency is of the messages that are published from then on; those under way are
// readable when they would have been.
func TestSetLatency(t *testing.T) {
	p := oneAfterTheOther(workQueue("orders", readableAfter(30*ms)), 0, 200*ms, 210*ms, 400*ms)
	p.Faults = []sim.Fault{setting(205*ms, 300*ms, sim.Settings{Latency: to(topology.Constant(500 * ms))})}
	r := mail(t, p)
	says(t, "delivered", r.when("orders", delivered), "30ms, 230ms, 430ms, 710ms")

	// None at all: straight to the thread that is idle.
	p = oneAfterTheOther(workQueue("orders", readableAfter(30*ms)), 0, 200*ms, 400*ms)
	p.Faults = []sim.Fault{setting(150*ms, 300*ms, sim.Settings{Latency: to(topology.Constant(0))})}
	says(t, "none: delivered", mail(t, p).when("orders", delivered), "30ms, 200ms, 430ms")

	// Where there was none it does not go straight to a thread.
	p = oneAfterTheOther(workQueue("orders"), 0, 200*ms, 400*ms)
	p.Faults = []sim.Fault{setting(150*ms, 300*ms, sim.Settings{Latency: to(topology.Constant(500 * ms))})}
	says(t, "from none: delivered", mail(t, p).when("orders", delivered), "0s, 400ms, 700ms")

	// A stream keeps its order: what is behind a late one waits for it.
	p = oneAfterTheOther(stream("events", 1), 0, 200*ms, 310*ms)
	p.Faults = []sim.Fault{setting(150*ms, 300*ms, sim.Settings{Latency: to(topology.Constant(500 * ms))})}
	says(t, "stream: delivered", mail(t, p).when("events", delivered), "0s, 700ms, 800ms")
}

// A ttl counts from the publishing of what is there: what is too old goes at once, the rest
// when it is; what a consumer has, when it comes back.
func TestSetTTL(t *testing.T) {
	ttl := func(begin, end, d time.Duration) sim.Fault { return setting(begin, end, sim.Settings{TTL: &d}) }
	crowd := []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 90 * ms}
	for _, row := range []struct {
		what     string
		queue    topology.Queue
		faults   []sim.Fault
		messages string
		dropped  string
	}{
		// At 150 the second is worked on; the third is 130 ms old.
		{"shorter", workQueue("orders"), []sim.Fault{ttl(150*ms, 1*sec, 125*ms)}, "5 published: 3 acknowledged, 2 dropped; 3 delivered", "150ms, 155ms"},
		// The file's again, which is none: the fourth, due at 155, is saved at 152.
		{"for a while", workQueue("orders"), []sim.Fault{ttl(150*ms, 152*ms, 125*ms)}, "5 published: 4 acknowledged, 1 dropped; 4 delivered", "150ms"},
		{"longer", workQueue("orders", func(q *topology.Queue) { q.TTL = 125 * ms }), []sim.Fault{ttl(50*ms, 1*sec, 1*sec)}, "5 published: 5 acknowledged; 5 delivered", "never"},
		{"no longer", workQueue("orders", func(q *topology.Queue) { q.TTL = 125 * ms }), nil, "5 published: 3 acknowledged, 2 dropped; 3 delivered", "145ms, 155ms"},
		// 290 ms old, the last, at 380: the one of 30 ms is taken up at 300.
		{"twice the same", workQueue("orders"), []sim.Fault{ttl(150*ms, 160*ms, 290*ms), ttl(170*ms, 1*sec, 290*ms)}, "5 published: 4 acknowledged, 1 dropped; 4 delivered", "380ms"},
		// The later begin counts while both last: the fourth, due at 270, goes when that has ended.
		{"overlapping", workQueue("orders"), []sim.Fault{ttl(100*ms, 1*sec, 240*ms), ttl(250*ms, 280*ms, 1*sec)}, "5 published: 4 acknowledged, 1 dropped; 4 delivered", "280ms"},
		{"no gap", workQueue("orders", func(q *topology.Queue) { q.TTL = 50 * ms }), []sim.Fault{ttl(0, 100*ms, 1*sec), ttl(100*ms, 1*sec, 1*sec)}, "5 published: 5 acknowledged; 5 delivered", "never"},
	} {
		p := oneAfterTheOther(row.queue, crowd...)
		p.Faults = row.faults
		r := mail(t, p)
		says(t, row.what, r.messages("orders"), row.messages)
		says(t, row.what+": dropped", r.when("orders", dropped), row.dropped)
	}

	// Of what a consumer has the ttl of its return decides.
	for _, row := range []struct {
		what    string
		file    time.Duration
		faults  []sim.Fault
		dropped string
	}{
		{"too old by then", 0, []sim.Fault{ttl(50*ms, 2*sec, 40*ms)}, "100ms"},
		{"saved by then", 40 * ms, []sim.Fault{ttl(50*ms, 150*ms, 1*sec)}, "200ms"},
		{"saved for good", 40 * ms, []sim.Fault{ttl(50*ms, 2*sec, 10*sec)}, "never"},
	} {
		p := oneAfterTheOther(workQueue("orders", func(q *topology.Queue) { q.TTL = row.file }), 0)
		p.Faults = append(row.faults, failsDuring(p, 0, 2*sec, true, 1))
		says(t, row.what, mail(t, p).when("orders", dropped), row.dropped)
	}

	// Another queue, whose messages have that long all along and were set later, holds up nobody.
	p := oneAfterTheOther(workQueue("orders"), 0, 10*ms, 20*ms, 30*ms, 90*ms)
	p.Topology.Queues = append(p.Topology.Queues, workQueue("others", func(q *topology.Queue) { q.TTL = 125 * ms }))
	p.Topology.Services[0].Operations = append(p.Topology.Services[0].Operations, operation("other", publish(1)))
	p = byTheMillisecond(queued(2*sec, p.Topology.Queues, p.Topology.Services, append(requests(0, 0, 10*ms, 20*ms, 30*ms, 90*ms), requestTo("other", 140*ms, 0, 1))...))
	p.Faults = []sim.Fault{ttl(150*ms, 1*sec, 125*ms)}
	r := mail(t, p)
	says(t, "beside another: dropped", r.when("orders", dropped)+"; "+r.when("others", dropped), "150ms, 155ms; 265ms")

	// Of a key the next is readable at once when the one before it goes.
	p = byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders", fifo, redelivery(500*ms))},
		[]topology.Service{front(publish(0, inTurn(1))), consumer("worker", 2, 0, works(100*ms))}, requests(0, 0, 80*ms)...))
	p.Faults = []sim.Fault{failsDuring(p, 0, 150*ms, true, 1), ttl(200*ms, 2*sec, 150*ms)}
	r = mail(t, p)
	says(t, "fifo: dropped", r.when("orders", dropped), "200ms")
	says(t, "fifo: delivered", r.when("orders", delivered), "0s, 200ms")
}

// A visibility is of what is handed out from then on; what is out keeps the one it has, or
// none, and comes back as it would have.
func TestSetVisibility(t *testing.T) {
	build := func(q topology.Queue, begin time.Duration, d time.Duration, more ...sim.Fault) *mailing {
		p := byTheMillisecond(queued(2*sec, []topology.Queue{q}, []topology.Service{front(publish(0)), consumer("worker", 4, 0, works(500*ms))}, requests(0, 0, 100*ms)...))
		p.Faults = []sim.Fault{setting(begin, 2*sec, sim.Settings{Visibility: &d})}
		for _, f := range more {
			p.Faults = append(p.Faults, on(p, f, 1))
		}
		return mail(t, p)
	}
	says(t, "from none", build(workQueue("orders"), 50*ms, 300*ms).when("orders", delivered), "0s, 100ms, 400ms")
	says(t, "longer", build(workQueue("orders", visibility(300*ms)), 50*ms, 1*sec).when("orders", delivered), "0s, 100ms, 300ms")
	says(t, "shorter", build(workQueue("orders", visibility(450*ms)), 50*ms, 300*ms).when("orders", delivered), "0s, 100ms, 400ms, 450ms")

	// Nobody sees the consumer go of what was handed out under a visibility, and of nothing
	// else. The first comes back at 150 and, with a visibility now, at 500; it is done at 700.
	crash := fault(sim.Crash, 150*ms, 200*ms)
	says(t, "a crash", build(workQueue("orders"), 50*ms, 300*ms, crash).when("orders", delivered), "0s, 100ms, 200ms, 400ms, 500ms, 700ms")
	r := build(workQueue("orders", visibility(300*ms)), 150*ms, 1*sec, crash)
	says(t, "a crash in that instant", r.when("orders", delivered), "0s, 100ms, 300ms, 400ms")
	says(t, "in the end", r.messages("orders"), "2 published: 2 acknowledged; 4 delivered, 2 redelivered")

	// An outage: the connection is lost, and only what has a visibility waits for its end.
	p := oneAfterTheOther(workQueue("orders"), 0)
	p.Faults = []sim.Fault{setting(50*ms, 2*sec, sim.Settings{Visibility: to(300 * ms)}), onQueue(fault(sim.Outage, 80*ms, 120*ms), 0)}
	says(t, "an outage", mail(t, p).when("orders", delivered), "0s, 120ms")

	// The consumer's time to acknowledge is shorter still.
	p = byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), consumer("worker", 3, 0, works(500*ms))}, requests(0, 100*ms)...))
	p.Topology.Services[1].Consumes[0].AckTimeout = 200 * ms
	p.Faults = []sim.Fault{setting(50*ms, 2*sec, sim.Settings{Visibility: to(450 * ms)})}
	says(t, "time to acknowledge", mail(t, p).when("orders", delivered), "100ms, 300ms, 500ms")
}

// Receives, the wait before the next and where dead letters go are asked for when a delivery
// ends: 100 ms of work that fails each time.
func TestSetReceives(t *testing.T) {
	build := func(change ...func(*topology.Queue)) *sim.Plan {
		p := byTheMillisecond(queued(2*sec, []topology.Queue{workQueue("orders", change...), workQueue("failed"), workQueue("others")},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0)))
		p.Faults = []sim.Fault{failsDuring(p, 0, 2*sec, true, 1)}
		return p
	}
	p := build(receives(5, 1))
	p.Faults = append(p.Faults, setting(250*ms, 1*sec, sim.Settings{MaxReceives: to(2), DeadLetter: to(2)}))
	r := mail(t, p)
	says(t, "fewer", r.messages("orders"), "1 published: 1 dead-lettered; 3 delivered, 2 redelivered")
	says(t, "fewer: dead-lettered", r.when("orders", deadLettered), "300ms")
	says(t, "where they go", r.messages("others"), "1 published: 1 waiting; none")

	p = build(receives(2, 1))
	p.Faults = append(p.Faults, setting(150*ms, 250*ms, sim.Settings{MaxReceives: to(9), DeadLetter: to(2)}))
	r = mail(t, p)
	says(t, "more, for a while", r.when("orders", deadLettered), "300ms")
	says(t, "where they go again", r.messages("failed"), "1 published: 1 waiting; none")

	p = build(receives(2, topology.None))
	p.Faults = append(p.Faults, setting(50*ms, 150*ms, sim.Settings{DeadLetter: to(1)}))
	says(t, "nowhere again", mail(t, p).messages("orders"), "1 published: 1 dropped; 2 delivered, 1 redelivered")

	p = build(redelivery(30 * ms))
	p.Faults = append(p.Faults, setting(110*ms, 500*ms, sim.Settings{Redelivery: to(200 * ms)}))
	// Fails at 100, is taken up at 130, fails at 230 and waits 200 ms, then 30 again.
	p.Duration = at(900 * ms)
	p.Faults[0].Until = p.Duration
	says(t, "redelivery", mail(t, p).when("orders", delivered), "0s, 130ms, 430ms, 560ms, 690ms, 820ms")
}

// A retention counts from the publishing of what is there.
func TestSetRetention(t *testing.T) {
	keep := func(begin, end, d time.Duration) sim.Fault { return setting(begin, end, sim.Settings{Retention: &d}) }
	for _, row := range []struct {
		what     string
		file     time.Duration
		faults   []sim.Fault
		messages string
		dropped  string
	}{
		{"shorter", 0, []sim.Fault{keep(150*ms, 1*sec, 125*ms)}, "5 published: 3 acknowledged, 2 dropped; 3 delivered", "150ms, 155ms"},
		{"for a while", 0, []sim.Fault{keep(150*ms, 152*ms, 125*ms)}, "5 published: 4 acknowledged, 1 dropped; 4 delivered", "150ms"},
		{"longer", 125 * ms, []sim.Fault{keep(50*ms, 1*sec, 1*sec)}, "5 published: 5 acknowledged; 5 delivered", "never"},
		{"no longer", 125 * ms, nil, "5 published: 3 acknowledged, 2 dropped; 3 delivered", "145ms, 155ms"},
		{"no gap", 50 * ms, []sim.Fault{keep(0, 100*ms, 1*sec), keep(100*ms, 1*sec, 1*sec)}, "5 published: 5 acknowledged; 5 delivered", "never"},
	} {
		p := oneAfterTheOther(stream("events", 1, retention(row.file)), 0, 10*ms, 20*ms, 30*ms, 90*ms)
		p.Faults = row.faults
		r := mail(t, p)
		says(t, row.what, r.messages("events"), row.messages)
		says(t, row.what+": dropped", r.when("events", dropped), row.dropped)
	}
	// They wait for 90, 130, 125 and 110 ms: the third until 150, though it is too old from 145 on.
	p := oneAfterTheOther(stream("events", 1), 0, 10*ms, 20*ms, 30*ms, 90*ms)
	p.Faults = []sim.Fault{keep(150*ms, 1*sec, 125*ms)}
	if w := mail(t, p).queue("events").WaitingTime; w != at(455*ms) {
		t.Errorf("messages waited for %v, want 455ms", w)
	}
	// What the log has lost does not come back with a longer one, though a consumer has it.
	p = oneAfterTheOther(stream("events", 1, retention(50*ms), onFailure(topology.RetryInPlace)), 0)
	p.Faults = []sim.Fault{failsDuring(p, 0, 150*ms, true, 1), keep(60*ms, 2*sec, 1*sec)}
	says(t, "too late", mail(t, p).when("events", dropped), "100ms")
}

// What a failure does, and when it is tried again, is asked for when it comes.
func TestSetOnFailure(t *testing.T) {
	every := func(d time.Duration) func(*topology.Queue) { return func(q *topology.Queue) { q.RetryEvery = d } }
	build := func(q topology.Queue, of sim.Settings) *mailing {
		p := oneAfterTheOther(q, 0, 10*ms)
		p.Topology.Queues = append(p.Topology.Queues, workQueue("failed"))
		p.Faults = []sim.Fault{failsDuring(p, 0, 450*ms, true, 1), setting(150*ms, 1*sec, of)}
		return mail(t, p)
	}
	// Fails at 100, is tried at 200, fails at 300.
	r := build(stream("events", 1, onFailure(topology.RetryInPlace), every(100*ms)), sim.Settings{OnFailure: to(topology.SkipFailed)})
	says(t, "skip", r.messages("events"), "2 published: 2 dropped; 3 delivered, 1 redelivered")
	says(t, "skip: delivered", r.when("events", delivered), "0s, 200ms, 300ms")
	r = build(stream("events", 1, onFailure(topology.RetryInPlace), every(100*ms)), sim.Settings{OnFailure: to(topology.DeadLetterFailed), DeadLetter: to(1)})
	says(t, "dead letter", r.messages("events"), "2 published: 2 dead-lettered; 3 delivered, 1 redelivered")
	says(t, "dead letters", r.messages("failed"), "2 published: 2 waiting; none")
	r = build(stream("events", 1, onFailure(topology.RetryInPlace), every(100*ms)), sim.Settings{RetryEvery: to(300 * ms)})
	says(t, "retry every", r.when("events", delivered), "0s, 200ms, 600ms, 700ms")
	// The second is the first that is tried again: it fails at 200, and well at 550.
	r = build(stream("events", 1, every(250*ms)), sim.Settings{OnFailure: to(topology.RetryInPlace)})
	says(t, "retry", r.messages("events"), "2 published: 1 acknowledged, 1 dropped; 3 delivered, 1 redelivered")
	says(t, "retry: delivered", r.when("events", delivered), "0s, 100ms, 450ms")
}

// A standstill is as long as it is to be when it begins.
func TestSetRebalance(t *testing.T) {
	p := byTheMillisecond(queued(2*sec, []topology.Queue{stream("events", 1, rebalance(200*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, every(500*ms, 150*ms, 4))))
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 100*ms, 120*ms), 1), setting(130*ms, 900*ms, sim.Settings{Rebalance: to(350 * ms)}), on(p, fault(sim.Crash, 600*ms, 620*ms), 1), on(p, fault(sim.Crash, 1100*ms, 1120*ms), 1)}
	says(t, "delivered", mail(t, p).when("events", delivered), "320ms, 970ms, 1.32s, 1.65s")
}

// A poll has as many messages, and as long for them, as is in force when it is made.
func TestSetMaxPoll(t *testing.T) {
	build := func(q topology.Queue, begin time.Duration, records int, interval time.Duration) *mailing {
		p := oneAfterTheOther(q, 0, 1*ms, 2*ms, 3*ms, 4*ms, 5*ms, 6*ms)
		p.Faults = []sim.Fault{setting(begin, 2*sec, sim.Settings{MaxPoll: &topology.MaxPoll{Records: records, Interval: interval}})}
		return mail(t, p)
	}
	r := build(stream("events", 1), 150*ms, 3, 1*sec)
	says(t, "from none", r.when("events", delivered), "0s, 100ms, 200ms ×3, 500ms ×2")
	says(t, "from none: acknowledged", r.when("events", acknowledged), "100ms, 200ms, 500ms ×3, 700ms ×2")
	// The batch of 100 ms has a second. The next has 250 ms: its member is put out then, works
	// on to 700, and is given the same, six times.
	r = build(stream("events", 1, maxPoll(3, 1*sec)), 150*ms, 3, 250*ms)
	says(t, "shorter", r.messages("events"), "7 published: 4 acknowledged, 3 held; 22 delivered, 15 redelivered")
	says(t, "shorter: acknowledged", r.when("events", acknowledged), "100ms, 400ms ×3")
	// And a batch that has 250 ms is put out after that, whatever is given to the next.
	r = build(stream("events", 1, maxPoll(3, 250*ms)), 150*ms, 3, 1*sec)
	says(t, "longer: delivered", r.when("events", delivered), "0s, 100ms ×3, 400ms ×3, 700ms ×3")
	says(t, "longer: acknowledged", r.when("events", acknowledged), "100ms, 700ms ×3, 1s ×3")
}

// What is polled when a set has ended that brought a max_poll has as long as it likes, though
// a member is still to be looked at for a batch that it is through with.
func TestSetMaxPollEnds(t *testing.T) {
	p := oneAfterTheOther(stream("events", 1), 0, 1*ms, 2*ms, 3*ms)
	p.Faults = []sim.Fault{setting(0, 150*ms, sim.Settings{MaxPoll: &topology.MaxPoll{Records: 1, Interval: 250 * ms}})}
	says(t, "events", mail(t, p).messages("events"), "4 published: 4 acknowledged; 4 delivered")
}

// A set that comes back is in force each time, and between two of them the file's values.
func TestSetQueueEvery(t *testing.T) {
	p := oneAfterTheOther(workQueue("orders", room(1, topology.RejectPublish)), every(10*ms, 0, 40)...)
	f := setting(50*ms, 100*ms, sim.Settings{Capacity: to(topology.Unlimited)})
	f.Every = at(200 * ms)
	p.Faults = []sim.Fault{f}
	r := mail(t, p)
	// Five are let in at 50 to 90 ms, and at 250 to 290; between them one waits already, or
	// more, but for the second of all.
	says(t, "published", r.when("orders", published), "0s, 10ms, 50ms, 60ms, 70ms, 80ms, 90ms, 250ms, 260ms, 270ms, 280ms, 290ms")
}
