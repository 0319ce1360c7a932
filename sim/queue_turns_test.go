package sim_test

import (
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Whose turn it is at a queue, and what counts as waiting: what random plans have shown.

// Of those that are idle the one gets a message that was given one longest ago, not the one
// that has been idle longest: this has its first until 30 ms, that until 10 ms.
func TestServedLongestAgo(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("orders")},
		[]topology.Service{front(publish(0)), consumer("this", 1, 0, works(30*ms)), consumer("that", 1, 0, works(10*ms))},
		requests(0, 0, 0, 50*ms)...)
	r := mail(t, p)
	says(t, "this", r.answers("this"), "2 arrived: 2 success")
	says(t, "that", r.answers("that"), "1 arrived: 1 success")
}

// A worker without blocking publishes two messages to the queue that it consumes, which has
// one place. As it waits for a place its only thread takes the first, and that is the place:
// the second is published in the same instant, and the operation goes on when the thread
// has ended with the first.
func TestPublisherMakesItsOwnPlace(t *testing.T) {
	worker := service("worker", 1, 10, works(10*ms), publish(0, func(m *topology.Publish) { m.Times = 2 }))
	worker.Blocking = false
	worker.Operations[0].Name = "order"
	worker.Operations = append(worker.Operations, topology.Operation{Name: "pack", Steps: []topology.Step{works(20 * ms)}})
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}}
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(1, topology.BlockPublish))}, []topology.Service{worker}, request("one", 0, 0))))
	says(t, "published", r.when("orders", published), "10ms ×2")
	says(t, "fate", fates(&r.Tallies), "success 30ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "30ms, 50ms")
}

// What comes back and is handed out in the same instant has not waited, however old it is.
func TestAgeOfWhatDoesNotWait(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders", visibility(100*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 10, 0, works(450*ms))}, request("one", 0, 0)))
	says(t, "orders", r.messages("orders"), "1 published: 1 acknowledged; 5 delivered, 4 redelivered, 4 duplicates")
	if q := r.queue("orders"); q.AgeMax != 0 || q.DepthMax != 0 || q.WaitingTime != 0 {
		t.Errorf("the oldest was %v old, %d waited at most, %v in all; want none", time.Duration(q.AgeMax), q.DepthMax, time.Duration(q.WaitingTime))
	}
}

// A message that waits for its next delivery has its place, idle consumers or not: the
// second message finds the queue full.
func TestFullOfWhatComesAgain(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("orders", room(1, topology.RejectPublish), redelivery(100*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, requests(0, 0, 50*ms, 150*ms)...)
	p.Faults = []sim.Fault{failsDuring(p, 0, 20*ms, false, 1)}
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, error 0s, success 0s")
	says(t, "orders", r.messages("orders"), "2 published: 2 acknowledged; 3 delivered, 1 redelivered; 1 full")
}

// A slow worker has two messages in a batch when their visibility runs out, and another
// acknowledges both before the worker has begun the second. It works on that too, and what
// it then publishes is set off by the request: neither is done.
func TestCompletionOfWhatIsAtHand(t *testing.T) {
	slow := consumer("slow", 1, 0, works(30*ms), publish(1))
	slow.Consumes[0].Batch = 2
	p := queued(1*sec, []topology.Queue{workQueue("orders", visibility(10*ms)), workQueue("mails")},
		[]topology.Service{front(publish(0)), slow, consumer("quick", 2, 0, works(5*ms))}, requests(0, 0, 0)...)
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 0, 1*ms), 1), on(p, fault(sim.Crash, 0, 5*ms), 2)}
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "2 published: 2 acknowledged; 4 delivered, 2 redelivered, 2 duplicates")
	says(t, "mails", r.messages("mails"), "2 published: 2 waiting; none")
	for i := range r.Sources {
		if s := &r.Sources[i]; s.Unfinished != 1 || s.Completion.Count() != 0 {
			t.Errorf("request %d: %d unfinished, %d done, want it unfinished", i, s.Unfinished, s.Completion.Count())
		}
	}
}

// A pause ends for all that it was on before any of them goes on: what a publisher has to
// say then goes to this, which stood still with it and was served longer ago than that.
func TestPauseThatEndsForAll(t *testing.T) {
	shop := service("shop", 10, 0, publish(0, publishTimeout(50*ms), perhaps), publish(1))
	p := queued(1*sec, []topology.Queue{workQueue("full", room(1, topology.BlockPublish)), workQueue("orders")},
		[]topology.Service{shop, front(publish(1)), consumer("this", 1, 1, works(10*ms)), consumer("that", 1, 1, works(10*ms))},
		request("a", 0, 1), request("b", 20*ms, 1), request("fills", 30*ms, 0), request("c", 60*ms, 1), request("waits", 80*ms, 0), request("d", 150*ms, 1))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 100*ms, 300*ms), 0, 2)}
	r := mail(t, p)
	says(t, "fates", fates(&r.Tallies), "success 0s, success 0s, success 0s, success 0s, success 220ms, success 0s")
	says(t, "this", r.answers("this"), "3 arrived: 3 success")
	says(t, "that", r.answers("that"), "3 arrived: 3 success")
}

// Of two streams that one thread reads each has a time of its own for a batch. A second
// after a batch of the patient one, which may take a minute, comes one of the other that
// takes 300 ms: it is given back after 100.
func TestMaxPollOfTwoStreams(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Operations[0].Name = "quick"
	worker.Operations = append(worker.Operations, topology.Operation{Name: "slow", Steps: []topology.Step{works(300 * ms)}})
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Op: 1, Batch: 1})
	p := queued(2*sec, []topology.Queue{stream("patient", 1, maxPoll(10, 60*sec)), stream("strict", 1, maxPoll(10, 100*ms))},
		[]topology.Service{front(publish(0)), front(publish(1)), worker}, request("a", 0, 0), request("b", 1*sec, 1))
	p.Topology.Services[1].Name = "desk"
	r := mail(t, byTheMillisecond(p))
	says(t, "patient", r.messages("patient"), "1 published: 1 acknowledged; 1 delivered")
	// Taken up at 1, 1.3 and 1.6 s, and given back each time: nobody else may have it.
	says(t, "strict", r.when("strict", delivered), "1s, 1.3s, 1.6s, 1.9s")
	says(t, "strict: acknowledged", r.when("strict", acknowledged), "never")
}

// One partition and an instance of two threads: when the first is put out after 100 ms the
// second, which was to spare, reads.
func TestSpareThreadReads(t *testing.T) {
	p := byTheMillisecond(queued(500*ms, []topology.Queue{stream("events", 1, maxPoll(1, 100*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 2, 0, works(350*ms))}, request("a", 0, 0)))
	r := mail(t, p)
	// Put out at 100 and 200 ms; the first is back at 350.
	says(t, "delivered", r.when("events", delivered), "0s, 100ms, 350ms, 450ms")
}

// What is read as it is appended does not wait, in a stream as in a queue of work.
func TestDepthOfAStreamThatIsReadAtOnce(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{stream("events", 2)},
		[]topology.Service{front(publish(0, inTurn(2))), consumer("worker", 2, 0, works(100*ms))}, requests(0, 0, 10*ms)...))
	if g := &r.queue("events").Groups[0]; g.DepthMax != 0 || g.LagMax != 2 {
		t.Errorf("at most %d waited and %d were there, want none and 2", g.DepthMax, g.LagMax)
	}
}

// Two messages are read in one batch. The first is poisoned and goes to a queue where it is
// acknowledged at once, at 0 ms: its request is done then, and not when the batch is.
func TestCompletionOfADeadLetterInABatch(t *testing.T) {
	events := stream("events", 1, onFailure(topology.DeadLetterFailed), maxPoll(2, 10*sec))
	events.DeadLetter = 1
	p := queued(1*sec, []topology.Queue{events, stream("failed", 1)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, 0, 10*ms)...)
	p.Faults = []sim.Fault{onQueue(poison(0, 5*ms), 0), on(p, fault(sim.Crash, 0, 20*ms), 1)}
	r := mail(t, p)
	says(t, "events", r.messages("events"), "2 published: 1 acknowledged, 1 dead-lettered; 2 delivered")
	for i, want := range []time.Duration{20 * ms, 110 * ms} {
		if c := r.Sources[i].Completion; c.Count() != 1 || c.Max() != int64(want) {
			t.Errorf("request %d: %d done, after %v, want %v", i, c.Count(), time.Duration(c.Max()), want)
		}
	}
}

// A duplicate of a message that has been acknowledged publishes to a stream that nobody
// reads: that is done as it is published, and the request with it.
func TestCompletionOfWhatNobodyReads(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("orders", visibility(10*ms)), stream("events", 1)},
		[]topology.Service{front(publish(0)), consumer("slow", 1, 0, works(50*ms), publish(1)), consumer("quick", 1, 0, works(5*ms))}, request("one", 0, 0))
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "1 published: 1 acknowledged; 2 delivered, 1 redelivered, 1 duplicates")
	if c := r.Sources[0].Completion; c.Count() != 1 || c.Max() != int64(50*ms) {
		t.Errorf("%d done, after %v, want 50ms", c.Count(), time.Duration(c.Max()))
	}
}

// A member fails with a message of the first stream, gives it back and takes up one of the
// second on a thread that is idle: the first waits all the same, and counts.
func TestDepthOfWhatIsGivenBack(t *testing.T) {
	worker := consumer("worker", 2, 0, works(100*ms))
	worker.Operations[0].Name = "slow"
	worker.Operations = append(worker.Operations, topology.Operation{Name: "quick", Steps: []topology.Step{works(10 * ms)}})
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Op: 1, Batch: 1})
	desk := front(publish(1, inTurn(2)))
	desk.Name = "desk"
	// The first thread has the first stream and the second's partition 1.
	p := queued(1*sec, []topology.Queue{stream("first", 1, onFailure(topology.RetryInPlace)), stream("second", 2)},
		[]topology.Service{front(publish(0)), desk, worker}, request("a", 0, 0), request("b", 10*ms, 1), request("c", 10*ms, 1))
	f := fault(sim.Errors, 0, 120*ms)
	f.Rate, f.AfterWork, f.Ops = 1, true, []topology.OpRef{{Service: 2, Op: 0}}
	p.Faults = []sim.Fault{f}
	p.Topology.Queues[0].RetryEvery = 50 * ms
	r := mail(t, p)
	says(t, "first", r.messages("first"), "1 published: 1 acknowledged; 2 delivered, 1 redelivered")
	if g := &r.queue("first").Groups[0]; g.DepthMax != 1 {
		t.Errorf("at most %d waited in the first, want 1", g.DepthMax)
	}
}
