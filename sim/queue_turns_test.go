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
