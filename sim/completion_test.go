package sim_test

import (
	"fmt"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/hist"
	"cascade/topology"
)

// Completion: when everything that a request has set off is done, behind its answer.

// completionLine tells of the completion of a source's or an operation's successes.
func completionLine(h *hist.Hist, lost, unfinished uint64) string {
	var c clause
	c.count("complete", h.Count())
	c.count("lost", lost)
	c.count("unfinished", unfinished)
	if h.Count() > 0 {
		return fmt.Sprintf("%v; %s", &c, latency(h))
	}
	return c.String()
}

func (r *mailing) completion(source string) string {
	v := r.source(source)
	return completionLine(v.Completion, v.Lost, v.Unfinished)
}

// opCompletion is that of the only operation of a service, which is the service's too.
func (r *mailing) opCompletion(t *testing.T, service string) string {
	t.Helper()
	v := r.service(service)
	all, op := completionLine(v.Completion, v.Lost, v.Unfinished), completionLine(v.Operations[0].Completion, v.Operations[0].Lost, v.Operations[0].Unfinished)
	if all != op {
		t.Errorf("%s: completion of the service: %s; of its only operation: %s", service, all, op)
	}
	return op
}

// Checkout with its email on a call, and on a queue: the answer comes after 110 ms, or
// after 10, and all is done after 110 in both.
func TestCompletionOfACallAndOfAQueue(t *testing.T) {
	email := service("email", 1, 100, works(100*ms))
	r := mail(t, queued(1*sec, nil, []topology.Service{front(works(10*ms), call(1, 0)), email}, request("one", 0, 0)))
	says(t, "call: fate", fates(&r.Tallies), "success 110ms")
	says(t, "call: completion", r.completion("one"), "1 complete; mean 110ms, max 110ms")
	says(t, "call: the shop's", r.opCompletion(t, "shop"), "1 complete; mean 110ms, max 110ms")
	says(t, "call: the email's", r.opCompletion(t, "email"), "1 complete; mean 100ms, max 100ms")

	r = mail(t, queued(1*sec, []topology.Queue{workQueue("emails")}, []topology.Service{front(works(10*ms), publish(0)), consumer("email", 1, 0, works(100*ms))}, request("one", 0, 0)))
	says(t, "queue: fate", fates(&r.Tallies), "success 10ms")
	says(t, "queue: completion", r.completion("one"), "1 complete; mean 110ms, max 110ms")
	says(t, "queue: the shop's", r.opCompletion(t, "shop"), "1 complete; mean 110ms, max 110ms")
	says(t, "queue: the email's", r.opCompletion(t, "email"), "1 complete; mean 100ms, max 100ms")
}

// Without a publish step anywhere completion is the latency, to the nanosecond.
func TestCompletionWithoutQueues(t *testing.T) {
	p := plan(20*sec, []topology.Service{
		service("front", 8, 50, work(topology.Exponential(5*ms)), call(1, 0, timeout(80*ms), tries(2, 5*ms))),
		service("back", 4, 20, work(topology.Exponential(20*ms))),
	}, openSource("people", 0, 150, network(2*ms)))
	tt := run(t, p)
	same := func(what string, a, b *hist.Hist) {
		if a.Count() == 0 || a.Count() != b.Count() || a.Mean() != b.Mean() || a.SD() != b.SD() || a.Max() != b.Max() || a.Min() != b.Min() {
			t.Errorf("%s: %d complete after %v ns on average, at most %d; %d answered after %v, at most %d", what, a.Count(), a.Mean(), a.Max(), b.Count(), b.Mean(), b.Max())
		}
		for _, q := range []float64{0.1, 0.5, 0.9, 0.99} {
			if a.Quantile(q) != b.Quantile(q) {
				t.Errorf("%s: the quantiles of %g are %d and %d", what, q, a.Quantile(q), b.Quantile(q))
			}
		}
	}
	same("people", tt.Sources[0].Completion, tt.Sources[0].Latency)
	if tt.Sources[0].Ended[topology.Error] == 0 {
		t.Error("no request failed, so that the test says less")
	}
	same("back", tt.Services[1].Completion, tt.Services[1].Latency) // it gives no error
}

// Three requests at once: one answer after 10 ms each, done after 110, 210 and 310.
func TestCompletionBehindABacklog(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("emails")}, []topology.Service{front(works(10*ms), publish(0)), consumer("email", 1, 0, works(100*ms))}, herd("people", 0, 0, 3)))
	says(t, "latency", latency(r.source("people").Latency), "mean 10ms, max 10ms")
	says(t, "completion", r.completion("people"), "3 complete; mean 210ms, max 310ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "3 complete; mean 210ms, max 310ms")
}

// The answer may be the last of all.
func TestCompletionBeforeTheAnswer(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("emails")}, []topology.Service{front(publish(0), works(300*ms)), consumer("email", 1, 0, works(100*ms))},
		request("one", 0, 0, network(5*ms))))
	says(t, "completion", r.completion("one"), "1 complete; mean 310ms, max 310ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "1 complete; mean 300ms, max 300ms")
}

// From the request's start, its way there included; from the arrival at the operation,
// its wait included.
func TestCompletionFrom(t *testing.T) {
	shop := service("shop", 1, 10, works(10*ms), publish(0))
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("emails", readableAfter(7*ms))}, []topology.Service{shop, consumer("email", 9, 0, works(100*ms))},
		herd("people", 0, 0, 2, network(5*ms))))
	// Published at 15 and 25, acknowledged at 122 and 132; they arrived at 5.
	says(t, "completion", r.completion("people"), "2 complete; mean 127ms, max 132ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "2 complete; mean 122ms, max 127ms")
}

// Through two queues in a row, whichever of the consumer's steps comes first.
func TestCompletionThroughTwoQueues(t *testing.T) {
	build := func(steps ...topology.Step) *mailing {
		return mail(t, queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("records")},
			[]topology.Service{front(works(10*ms), publish(0)), consumer("worker", 1, 0, steps...), consumer("archive", 1, 1, works(50*ms))}, request("one", 0, 0)))
	}
	r := build(works(100*ms), publish(1))
	says(t, "last step", r.completion("one"), "1 complete; mean 160ms, max 160ms")
	says(t, "last step: the worker's", r.opCompletion(t, "worker"), "1 complete; mean 150ms, max 150ms")
	says(t, "last step: the archive's", r.opCompletion(t, "archive"), "1 complete; mean 50ms, max 50ms")
	r = build(publish(1), works(100*ms))
	says(t, "first step", r.completion("one"), "1 complete; mean 110ms, max 110ms")
	says(t, "first step: the worker's", r.opCompletion(t, "worker"), "1 complete; mean 100ms, max 100ms")
}

// What is published by what the request calls counts with it, and with the caller.
func TestCompletionOfWhatIsCalled(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders")},
		[]topology.Service{front(works(10*ms), call(1, 0)), service("cart", 1, 10, works(20*ms), publish(0)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0)))
	says(t, "fate", fates(&r.Tallies), "success 30ms")
	says(t, "completion", r.completion("one"), "1 complete; mean 130ms, max 130ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "1 complete; mean 130ms, max 130ms")
	says(t, "the cart's", r.opCompletion(t, "cart"), "1 complete; mean 120ms, max 120ms")
}

// Several messages: the last of them.
func TestCompletionOfSeveralMessages(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("events")},
		[]topology.Service{front(publish(0, func(m *topology.Publish) { m.Times = 3 }), publish(1)), consumer("worker", 1, 0, works(100*ms)), consumer("stats", 1, 1, works(50*ms))},
		request("one", 0, 0)))
	says(t, "completion", r.completion("one"), "1 complete; mean 300ms, max 300ms")
}

// A failed message is waited for until it succeeds; a dead letter until it has been
// acknowledged in a queue to which it was moved.
func TestCompletionOfFailedMessages(t *testing.T) {
	build := func(moved bool, how ...func(*topology.Queue)) *mailing {
		p := queued(4*sec, []topology.Queue{workQueue("orders", append(how, redelivery(500*ms))...), workQueue("failed")},
			[]topology.Service{front(works(10*ms), publish(0)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0))
		p.Faults = []sim.Fault{failsDuring(p, 0, 1*sec, true, 1)}
		if moved {
			p.Faults = append(p.Faults, redrive(3*sec, 1, 0))
		}
		return mail(t, p)
	}
	// 10 to 110, 610 to 710, 1210 to 1310.
	r := build(false)
	says(t, "redelivered", r.completion("one"), "1 complete; mean 1.31s, max 1.31s")
	r = build(false, receives(2, 1))
	says(t, "dead letter", r.completion("one"), "1 unfinished")
	says(t, "dead letter: the shop's", r.opCompletion(t, "shop"), "1 unfinished")
	says(t, "moved", build(true, receives(2, 1)).completion("one"), "1 complete; mean 3.1s, max 3.1s")
	says(t, "dropped", build(false, receives(2, topology.None)).completion("one"), "1 lost")
}

// A dead letter that is consumed is done when it has been.
func TestCompletionOfADeadLetter(t *testing.T) {
	p := queued(4*sec, []topology.Queue{workQueue("orders", receives(1, 1)), workQueue("failed")},
		[]topology.Service{front(works(10*ms), publish(0)), consumer("worker", 1, 0, works(100*ms)), consumer("repair", 1, 1, works(200*ms))}, request("one", 0, 0))
	p.Faults = []sim.Fault{failsDuring(p, 0, 4*sec, true, 1)}
	says(t, "completion", mail(t, p).completion("one"), "1 complete; mean 310ms, max 310ms")
}

// Lost: of the five, the first is done at 100, the second and the third are dropped by
// those that come after them, the fourth is done at 200, the fifth at 300.
func TestCompletionLost(t *testing.T) {
	p := filling(topology.DropOldest, front(publish(0)))
	p.Sources = []sim.Source{p.Sources[0]}
	p.Sources[0].Trace = nil
	for _, w := range every(10*ms, 0, 5) {
		p.Sources[0].Trace = append(p.Sources[0].Trace, at(w))
	}
	r := mail(t, p)
	says(t, "dropped", r.completion("r1"), "3 complete, 2 lost; mean 176.666667ms, max 260ms")
	says(t, "dropped: the shop's", r.opCompletion(t, "shop"), "3 complete, 2 lost; mean 176.666667ms, max 260ms")

	// A message that was not taken is a failure, and no loss; where it was optional the
	// request has set nothing off.
	p.Topology.Queues[0].OnFull = topology.RejectPublish
	r = mail(t, p)
	says(t, "rejected", r.completion("r1"), "3 complete; mean 190ms, max 280ms")
	p.Topology.Publishes[0].Optional = true
	r = mail(t, p)
	says(t, "optional", r.completion("r1"), "5 complete; mean 114ms, max 280ms")

	// So is what a consumer has published, or what was called.
	short := func(q *topology.Queue) { q.TTL = 300 * ms }
	p = queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("records", short)},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms), publish(1))}, request("one", 0, 0))
	r = mail(t, p)
	says(t, "in the second queue", r.completion("one"), "1 lost")
	says(t, "in the second queue: the worker's", r.opCompletion(t, "worker"), "1 lost")
	p = queued(1*sec, []topology.Queue{workQueue("records", short)},
		[]topology.Service{front(call(1, 0), works(10*ms)), service("cart", 1, 10, publish(0))}, request("one", 0, 0))
	r = mail(t, p)
	says(t, "by what is called", r.completion("one"), "1 lost")
	says(t, "by what is called: the shop's", r.opCompletion(t, "shop"), "1 lost")
	says(t, "by what is called: the cart's", r.opCompletion(t, "cart"), "1 lost")

	// One of two messages is enough; the other is done in vain.
	p = queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("events", short)},
		[]topology.Service{front(publish(0), publish(1)), consumer("worker", 1, 0, works(100*ms))}, request("one", 0, 0))
	says(t, "one of two", mail(t, p).completion("one"), "1 lost")
}

// Unfinished: what waits, what is held, and what may yet be published by work that goes on.
func TestCompletionUnfinished(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), consumer("worker", 1, 0, works(400*ms))}, traced("people", 0, every(1*ms, 0, 4))))
	// The third is held, the fourth waits.
	says(t, "people", r.completion("people"), "2 complete, 2 unfinished; mean 599.5ms, max 799ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "2 complete, 2 unfinished; mean 599.5ms, max 799ms")
	says(t, "the worker's", r.opCompletion(t, "worker"), "2 complete; mean 400ms, max 400ms")
	// In the second queue.
	r = mail(t, queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("records")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, publish(1))}, request("one", 0, 0)))
	says(t, "in the second queue", r.completion("one"), "1 unfinished")
	says(t, "in the second queue: the worker's", r.opCompletion(t, "worker"), "1 unfinished")
	// One is lost already.
	r = mail(t, queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("events", func(q *topology.Queue) { q.TTL = 300 * ms })},
		[]topology.Service{front(publish(0), publish(1))}, request("one", 0, 0)))
	v := r.source("one")
	if v.Lost+v.Unfinished != 1 || v.Completion.Count() != 0 {
		t.Errorf("one message lost and one waiting: %s, want lost or unfinished, and once", completionLine(v.Completion, v.Lost, v.Unfinished))
	}
}

// Every request that succeeded is complete, lost or unfinished.
func TestCompletionOfAll(t *testing.T) {
	p := busyMail()
	p.Topology.Queues[0].DeadLetter = topology.None
	r := mail(t, p)
	for i := range r.Sources {
		v := &r.Sources[i]
		if v.Ended[topology.Success] != v.Completion.Count()+v.Lost+v.Unfinished {
			t.Errorf("%d succeeded: %s", v.Ended[topology.Success], completionLine(v.Completion, v.Lost, v.Unfinished))
		}
		if v.Completion.Count() < 1000 || v.Lost < 10 || v.Unfinished < 1 {
			t.Errorf("%s: too few of a kind for the test to say much", completionLine(v.Completion, v.Lost, v.Unfinished))
		}
	}
	for i := range r.Services {
		v := &r.Services[i]
		if v.Answers[topology.Success] != v.Completion.Count()+v.Lost+v.Unfinished {
			t.Errorf("%s: %d succeeded: %s", p.Topology.Services[i].Name, v.Answers[topology.Success], completionLine(v.Completion, v.Lost, v.Unfinished))
		}
	}
}

// A request that failed is in no distribution, though its message is delivered. The
// operation succeeded: it is in the operation's.
func TestCompletionOfAFailedRequest(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0), works(50*ms)), consumer("worker", 1, 0, works(100*ms))},
		request("one", 0, 0, timeout(20*ms))))
	says(t, "fate", fates(&r.Tallies), "timeout 20ms")
	says(t, "orders", r.messages("orders"), "1 published: 1 acknowledged; 1 delivered")
	says(t, "completion", r.completion("one"), "none")
	says(t, "the shop's", r.opCompletion(t, "shop"), "1 complete; mean 100ms, max 100ms")
}

// An operation that fails after its publish is in no distribution either, nor is a
// consumer's that is tried again. What it has published is waited for.
func TestCompletionOfAFailedOperation(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders"), workQueue("full", room(1, topology.RejectPublish))},
		[]topology.Service{front(publish(0), publish(1)), consumer("worker", 9, 0, works(100*ms))}, requests(0, 0, 10*ms)...))
	says(t, "fates", fates(&r.Tallies), "success 0s, error 0s")
	says(t, "orders", r.messages("orders"), "2 published: 2 acknowledged; 2 delivered")
	says(t, "the first", r.completion("r1"), "1 unfinished")
	says(t, "the second", r.completion("r2"), "none")
	says(t, "the shop's", r.opCompletion(t, "shop"), "1 unfinished")

	p := queued(2*sec, []topology.Queue{workQueue("orders", redelivery(500*ms)), workQueue("records")},
		[]topology.Service{front(publish(0)), consumer("worker", 9, 0, publish(1), works(100*ms)), consumer("archive", 9, 1, works(10*ms))}, request("one", 0, 0))
	p.Faults = []sim.Fault{failsDuring(p, 0, 1*sec, true, 1)}
	r = mail(t, p)
	// 0 to 100, 600 to 700, 1200 to 1300.
	says(t, "records", r.messages("records"), "3 published: 3 acknowledged; 3 delivered")
	says(t, "tried again", r.completion("one"), "1 complete; mean 1.3s, max 1.3s")
	says(t, "tried again: the worker's", r.opCompletion(t, "worker"), "1 complete; mean 100ms, max 100ms")

	// The last of them may be that of a delivery that failed: it takes a second, and the
	// second delivery is done before it.
	p.Topology.Queues[0].Redelivery = 100 * ms
	p.Topology.Services[2].Operations[0].Steps = []topology.Step{works(1 * sec)}
	p.Faults = []sim.Fault{failsDuring(p, 0, 150*ms, true, 1)}
	slow := on(p, fault(sim.Slow, 100*ms, 2*sec), 2)
	slow.Factor = 0.01
	p.Faults = append(p.Faults, slow)
	r = mail(t, p)
	says(t, "of a failed delivery", r.completion("one"), "1 complete; mean 1s, max 1s")
}

// What a try that was given up has published belongs to the request too: the first try
// publishes at 0, the second at 30, and each message takes 100 ms of one thread.
func TestCompletionOfSeveralTries(t *testing.T) {
	shop := front(publish(0), works(20*ms))
	p := queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{shop, consumer("worker", 1, 0, works(100*ms))},
		request("one", 0, 0, timeout(25*ms), tries(2, 5*ms)))
	slow := on(p, fault(sim.Slow, 0, 10*ms), 0)
	slow.Factor = 10
	p.Faults = []sim.Fault{slow}
	r := mail(t, p)
	says(t, "fate", fates(&r.Tallies), "success 50ms")
	says(t, "completion", r.completion("one"), "1 complete; mean 200ms, max 200ms")

	// The given up try has not published yet when the second's message is done: it may, and does, at 180.
	shop = front(works(20*ms), publish(0))
	p = queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{shop, consumer("worker", 1, 0, works(100*ms))},
		request("one", 0, 0, timeout(25*ms), tries(2, 5*ms)))
	slow = on(p, fault(sim.Slow, 0, 10*ms), 0)
	slow.Factor = 9
	p.Faults = []sim.Fault{slow}
	r = mail(t, p)
	// 30 to 50, then 50 to 150 of work on its message; the first's is published at 180.
	says(t, "still to publish: fate", fates(&r.Tallies), "success 50ms")
	says(t, "still to publish", r.completion("one"), "1 complete; mean 280ms, max 280ms")
}

// A message that is delivered twice may publish twice, and both are waited for: the first
// delivery publishes at 45 ms, the second, of 30 ms, at 75.
func TestCompletionOfDuplicates(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders", visibility(30*ms)), workQueue("records")},
		[]topology.Service{front(publish(0)), consumer("worker", 9, 0, works(45*ms), publish(1)), consumer("archive", 9, 1, works(10*ms))}, request("one", 0, 0)))
	says(t, "records", r.messages("records"), "2 published: 2 acknowledged; 2 delivered")
	says(t, "completion", r.completion("one"), "1 complete; mean 85ms, max 85ms")
}

// A message that nobody needs any more is no part of it: what was acknowledged is done,
// though a duplicate is still worked on.
func TestCompletionWhileADuplicateWorks(t *testing.T) {
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("orders", visibility(30*ms))},
		[]topology.Service{front(publish(0)), consumer("worker", 9, 0, works(45*ms))}, request("one", 0, 0)))
	says(t, "completion", r.completion("one"), "1 complete; mean 45ms, max 45ms")
}

// A publisher that waits for a place: from its answer on the rest is as ever.
func TestCompletionOfABlockedPublisher(t *testing.T) {
	r := mail(t, filling(topology.BlockPublish, front(publish(0))))
	for i, want := range []time.Duration{100 * ms, 190 * ms, 280 * ms, 370 * ms, 460 * ms} {
		if got := time.Duration(r.Sources[i].Completion.Max()); got != want {
			t.Errorf("%s is complete after %v, want %v", r.p.Sources[i].Name, got, want)
		}
	}
}

// Requests of the warm-up are left out, as with the latency, when they are complete after it.
func TestCompletionAndTheWarmup(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), consumer("worker", 9, 0, works(100*ms))}, traced("people", 0, every(100*ms, 50*ms, 5)))
	p.Warmup = at(200 * ms)
	r := mail(t, p)
	says(t, "latency", latency(r.source("people").Latency), "mean 0s, max 0s")
	says(t, "completion", r.completion("people"), "3 complete; mean 100ms, max 100ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "3 complete; mean 100ms, max 100ms")
}

// A request is lost as soon as one of its messages is, whatever becomes of the others: here
// one is dropped, and the other waits among the dead letters for good.
func TestLostBesideADeadLetter(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", receives(1, 1)), workQueue("failed"), stream("audit", 1)},
		[]topology.Service{front(publish(0), publish(2)), consumer("worker", 1, 0, works(10*ms)), consumer("auditor", 1, 2, works(20*ms))}, request("one", 0, 0)))
	p.Faults = []sim.Fault{onQueue(poison(0, 1*sec), 0), onQueue(poison(0, 1*sec), 2)}
	p.Faults[1].Name = "second"
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "1 published: 1 dead-lettered; 1 delivered")
	says(t, "audit", r.messages("audit"), "1 published: 1 dropped; 1 delivered")
	if s, o := &r.Sources[0], &r.Services[0].Operations[0]; s.Lost != 1 || s.Unfinished != 0 || o.Lost != 1 || o.Unfinished != 0 {
		t.Errorf("of the source %d lost, %d unfinished, of its operation %d and %d, want 1 and 0", s.Lost, s.Unfinished, o.Lost, o.Unfinished)
	}
}
