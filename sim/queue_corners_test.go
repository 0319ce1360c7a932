package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// Corners of queues and streams in which random plans have found something wrong, each in
// the fewest words.

// A message that is worked on while it, and what is behind it, becomes too old is still
// the worker's; when that crashes it is dropped as the others were, and none of them twice.
func TestRetentionWhileTheFirstIsWorkedOn(t *testing.T) {
	for _, row := range []struct {
		crash      bool
		line, when string
	}{
		{false, "4 published: 2 acknowledged, 2 dropped; 2 delivered", "60ms, 70ms"},
		{true, "4 published: 1 acknowledged, 3 dropped; 2 delivered", "60ms, 70ms, 90ms"},
	} {
		p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, retention(50*ms))},
			[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms))}, requests(0, 0, 10*ms, 20*ms, 150*ms)...))
		if row.crash {
			p.Faults = append(p.Faults, on(p, fault(sim.Crash, 90*ms, 95*ms), 1))
		}
		r := mail(t, p)
		says(t, "messages", r.messages("events"), row.line)
		says(t, "dropped", r.when("events", dropped), row.when)
	}
}

// A member that was put out works its batch to the end. What it still takes up of it when
// another has done with the message is of no request any more: the first comes alone, the
// other two are a batch, which takes too long at 60 ms.
func TestPutOutMemberWorksOnWhatIsDone(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms), publish(1))
	worker.Instances = 2
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 1, maxPoll(2, 50*ms)), workQueue("told")},
		[]topology.Service{front(publish(0), publish(0), publish(0)), worker, consumer("desk", 1, 1, works(1*ms))}, request("one", 0, 0)))
	slow := on(p, fault(sim.Slow, 5*ms, 1*sec), 1)
	slow.Instances, slow.Factor = 1, 10
	p.Faults = append(p.Faults, slow)
	r := mail(t, p)
	says(t, "messages", r.messages("events"), "3 published: 3 acknowledged; 5 delivered, 2 redelivered, 2 duplicates")
	says(t, "acknowledged", r.when("events", acknowledged), "10ms, 80ms ×2")
	says(t, "told", r.when("told", published), "10ms, 70ms, 80ms, 110ms, 210ms")
	says(t, "completion", r.completion("one"), "1 complete; mean 111ms, max 111ms")
}

// What fails goes to a stream that the same thread reads, while another thread of its
// instance is idle: it takes that up after this.
func TestDeadLetterForTheThreadThatFails(t *testing.T) {
	worker := consumer("worker", 2, 0, works(10*ms))
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Batch: 1})
	dead := func(q *topology.Queue) { q.OnFailure, q.DeadLetter = topology.DeadLetterFailed, 1 }
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2, dead), stream("failed", 1)},
		[]topology.Service{front(publish(0, inTurn(2))), worker}, request("one", 0, 0)))
	p.Faults = append(p.Faults, failsDuring(p, 0, 15*ms, true, 1))
	r := mail(t, p)
	says(t, "events", r.messages("events"), "1 published: 1 dead-lettered; 1 delivered")
	says(t, "failed", r.messages("failed"), "1 published: 1 acknowledged; 1 delivered")
	says(t, "acknowledged", r.when("failed", acknowledged), "20ms")
}

// An injected latency on the way to the service is part of the request's completion, and
// of nothing of the service's.
func TestCompletionAfterALateArrival(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("emails")}, []topology.Service{front(works(10*ms), publish(0)), consumer("email", 1, 0, works(20*ms))}, request("one", 0, 0))
	late := fault(sim.Latency, 0, 1*sec)
	late.Add, late.Edges = topology.Constant(50*ms), []int{0}
	p.Faults = append(p.Faults, late)
	r := mail(t, p)
	says(t, "completion", r.completion("one"), "1 complete; mean 80ms, max 80ms")
	says(t, "the shop's", r.opCompletion(t, "shop"), "1 complete; mean 30ms, max 30ms")
}

// The thread that an answer sets free takes up a message, and the records of attempts grow
// with it: the answer is still this attempt's.
func TestMessageForTheThreadThatAnswers(t *testing.T) {
	worker := service("worker", 1, 5, works(10*ms))
	worker.Operations = append(worker.Operations, topology.Operation{Name: "mail", Steps: []topology.Step{works(5 * ms)}})
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}}
	shop, long := front(publish(0)), service("long", topology.Unlimited, 0, works(100*ms))
	r := mail(t, queued(1*sec, []topology.Queue{workQueue("mails")}, []topology.Service{worker, shop, long}, request("answered", 0, 0), request("writer", 5*ms, 1), request("long", 6*ms, 2)))
	says(t, "answered", fates(&r.Tallies), "success 10ms, success 0s, success 100ms")
	says(t, "mails", r.messages("mails"), "1 published: 1 acknowledged; 1 delivered")
}

// What a redrive moves at the instant at which a sample begins is not in that sample's
// most: it was there for no time of it.
func TestMostBeginsAfterTheFaultsOfItsInstant(t *testing.T) {
	p := queued(4*sec, []topology.Queue{workQueue("orders", receives(1, 1)), workQueue("failed")},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(10*ms))}, traced("people", 0, every(100*ms, 100*ms, 3)))
	p.Faults = []sim.Fault{failsDuring(p, 0, sec, false, 1), redrive(2*sec, 1, 0)}
	var most samples
	run(t, p, &most)
	says(t, "dead letters", fmt.Sprint(most.depths[1]), "[3 3 0 0]")

	// Nor is it in the most of the run. The caller goes on before the workers do, and
	// lets the broker look for somebody who takes the letters.
	p = queued(4*sec, []topology.Queue{workQueue("orders"), workQueue("failed")},
		[]topology.Service{front(publish(1)), consumer("worker", 3, 0, works(10*ms)), service("caller", 1, 0, call(3, 0)), service("called", 1, 0, works(50*ms))},
		traced("people", 0, every(100*ms, 100*ms, 3)), request("one", 1900*ms, 2))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 1920*ms, 2*sec), 2), on(p, fault(sim.Pause, 1920*ms, 2*sec), 1), redrive(2*sec, 1, 0)}
	most = samples{}
	tt := run(t, p, &most)
	says(t, "moved", fmt.Sprint(most.depths[0], tt.Queues[0].DepthMax), "[0 0 0 0] 0")
}

// samples are the depths of the queues, a sample each.
type samples struct{ depths [2][]uint64 }

func (s *samples) Sample(sm *sim.Sample) {
	for i := range s.depths {
		s.depths[i] = append(s.depths[i], sm.Queues[i].DepthMax)
	}
}

func (*samples) Transition(sim.Transition) {}

// A consumer that prefetches asks for messages again when it is back.
func TestPrefetchAfterACrash(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Consumes[0].Prefetch = 2
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 4)))
	p.Faults = append(p.Faults, on(p, fault(sim.Crash, 5*ms, 20*ms), 1))
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "4 published: 4 acknowledged; 6 delivered, 2 redelivered")
	says(t, "acknowledged", r.when("orders", acknowledged), "30ms, 40ms, 50ms, 60ms")
}

// A call that is stopped while it holds no thread leaves room for a message.
func TestMessageForTheRoomOfAStoppedCall(t *testing.T) {
	worker := consumer("worker", 2, 0, call(2, 0))
	worker.Blocking, worker.Cancel, worker.Operations[0].Bulkhead = false, true, 1
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")},
		[]topology.Service{front(publish(0)), worker, service("slow", topology.Unlimited, 0, works(200*ms))},
		request("stopped", 0, 1, timeout(50*ms)), request("writer", 10*ms, 0)))
	says(t, "acknowledged", mail(t, p).when("orders", acknowledged), "250ms")
}

// Three threads, each with its partition. The second wants to begin an operation that has
// no room, the third another: it does not wait behind the second.
func TestMembersThatWantAThread(t *testing.T) {
	worker := service("worker", 3, 0, works(50*ms))
	worker.Operations = append(worker.Operations,
		topology.Operation{Name: "narrow", Bulkhead: 1, Steps: []topology.Step{works(100 * ms)}},
		topology.Operation{Name: "wide", Steps: []topology.Step{works(10 * ms)}})
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}, {Queue: 1, Op: 2, Batch: 1}}
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("narrow", 2), stream("wide", 1)},
		[]topology.Service{worker, front(publish(0, inTurn(2))), service("other", 1, 0, publish(1))},
		herd("callers", 0, 0, 2), request("one", 0, 1), request("two", 10*ms, 1), request("three", 20*ms, 2)))
	r := mail(t, p)
	says(t, "narrow", r.when("narrow", acknowledged), "100ms, 200ms")
	says(t, "wide", r.when("wide", acknowledged), "60ms")
}

// When a pause ends, and an outage with it, a call that waits is served before a message.
func TestWaitingCallBeforeAMessage(t *testing.T) {
	worker := service("worker", 2, 5, call(2, 0), works(30*ms))
	worker.Operations = append(worker.Operations, topology.Operation{Name: "mail", Steps: []topology.Step{works(10 * ms)}})
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}}
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("mails", readableAfter(2*ms))},
		[]topology.Service{front(publish(0)), worker, service("dep", topology.Unlimited, 0, works(25*ms))},
		request("first", 0, 1), request("writer", 11*ms, 0), request("second", 20*ms, 1)))
	p.Faults = append(p.Faults, on(p, fault(sim.Pause, 10*ms, 50*ms), 1), onQueue(fault(sim.Outage, 12*ms, 50*ms), 0))
	r := mail(t, p)
	says(t, "calls", fates(&r.Tallies), "success 80ms, success 0s, success 85ms")
	says(t, "mails", r.when("mails", acknowledged), "90ms")
}

// A dead letter of a consumer that goes down is taken up by nobody who goes down, or
// stands still, in that very instant.
func TestDeadLetterInTheInstantOfACrash(t *testing.T) {
	for _, kind := range []sim.FaultKind{sim.Crash, sim.Pause} {
		for _, letters := range []topology.Queue{workQueue("letters"), stream("letters", 1)} {
			p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", receives(1, 1)), letters},
				[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*ms)), consumer("clerk", 1, 1, works(10*ms))}, request("one", 0, 0)))
			p.Faults = append(p.Faults, on(p, fault(sim.Crash, 50*ms, 60*ms), 1), on(p, fault(kind, 50*ms, 60*ms), 2))
			r := mail(t, p)
			says(t, "letters", r.messages("letters"), "1 published: 1 acknowledged; 1 delivered")
			says(t, "acknowledged", r.when("letters", acknowledged), "70ms")
		}
	}
}

// A publisher that waits for a place gives back the very thread that makes one.
func TestPublisherThatConsumesItsQueue(t *testing.T) {
	worker := service("worker", 1, 0, publish(0), publish(0))
	worker.Blocking = false
	worker.Operations = append(worker.Operations, topology.Operation{Name: "work", Steps: []topology.Step{works(10 * ms)}})
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}}
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", room(1, topology.BlockPublish))}, []topology.Service{worker}, request("one", 0, 0))))
	says(t, "one", fates(&r.Tallies), "success 10ms")
	says(t, "acknowledged", r.when("orders", acknowledged), "10ms, 20ms")
}

// Who waits for a place has it before a publisher that comes in the instant in which it
// becomes free.
func TestPlacesInTurn(t *testing.T) {
	p := queued(1*sec, []topology.Queue{workQueue("orders", room(1, topology.BlockPublish))},
		[]topology.Service{service("shop", 2, 5, publish(0)), consumer("worker", 1, 0, works(10*ms))}, requests(0, 0, 10*ms, 20*ms)...)
	one, nobody := on(p, fault(sim.Threads, 0, 50*ms), 0), on(p, fault(sim.Threads, 0, 50*ms), 1)
	one.To, nobody.To = 1, 0
	p.Faults = append(p.Faults, one, nobody)
	says(t, "publishers", fates(&mail(t, p).Tallies), "success 0s, success 40ms, success 40ms")
}

// The first of a key goes to another queue, which has no place for the second: that is
// the first now, and there is somebody to take it up.
func TestRedriveOfTheFirstOfAKey(t *testing.T) {
	p := byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders", fifo, redelivery(100*ms)), workQueue("aside", room(1, topology.RejectPublish))},
		[]topology.Service{front(publish(0, inTurn(1))), consumer("worker", 1, 0, works(10*ms))}, requests(0, 0, 5*ms)...))
	p.Faults = append(p.Faults, failsDuring(p, 0, 15*ms, true, 1), redrive(50*ms, 0, 1))
	says(t, "acknowledged", mail(t, p).when("orders", acknowledged), "50ms, 60ms")
}

// The second instance leaves at 200 ms with a message that takes it too long: at 260 ms it
// is the first one's, though the members are the same as before.
func TestMemberThatLeavesTakesTooLong(t *testing.T) {
	worker := consumer("worker", 1, 0, works(300*ms))
	worker.Instances = 2
	worker.Autoscale = &topology.Autoscale{Min: 1, Max: 2, Target: 0.9, Every: 100 * ms, Lag: 50 * ms}
	p := byTheMillisecond(queued(1*sec, []topology.Queue{stream("events", 2, maxPoll(1, 100*ms))},
		[]topology.Service{front(publish(0, inTurn(2))), worker}, request("one", 10*ms, 0), request("two", 160*ms, 0)))
	fast := on(p, fault(sim.Slow, 0, 1*sec), 1)
	fast.Instances, fast.Factor = 1, 0.1
	p.Faults = append(p.Faults, fast)
	says(t, "acknowledged", mail(t, p).when("events", acknowledged), "40ms, 290ms")
}

// Dead letters of a queue that knows no keys go to any partition of a stream.
func TestDeadLettersWithoutKeysSpread(t *testing.T) {
	p := queued(4*sec, []topology.Queue{workQueue("orders", receives(1, 1)), stream("failed", 4)},
		[]topology.Service{front(publish(0)), consumer("worker", 4, 0, works(1*ms)), consumer("desk", 4, 1, works(1*ms))}, herd("people", 0, 0, 400))
	p.Faults = []sim.Fault{failsDuring(p, 0, 4*sec, false, 1)}
	r := run(t, p)
	for i, k := range r.Queues[1].Groups[0].Partitions {
		// Binomial, 400 times a quarter: 100 by 5 standard deviations of 8.7.
		if k.Acknowledged < 57 || k.Acknowledged > 143 {
			t.Errorf("partition %d has %d of 400", i, k.Acknowledged)
		}
	}
}

// A consumer asks its rate limit for a turn when it has a message, not before: the token is
// there for a request that comes, and a herd finds no turn saved up beside it.
func TestConsumerTakesNoTurnInVain(t *testing.T) {
	worker := several("worker", 10, 0, operation("web", works(1*ms)), operation("mail", works(1*ms)))
	worker.RateLimit = &topology.RateLimit{Rate: 1, Burst: 1}
	worker.Consumes = []topology.Consume{{Queue: 0, Op: 1, Batch: 1}}
	r := mail(t, queued(10*sec, []topology.Queue{workQueue("orders")}, []topology.Service{worker}, requestTo("one", 500*ms, 0, 0)))
	says(t, "request", r.requests("one"), "1 offered: 1 success")

	paced := consumer("worker", 10, 0, works(10*ms))
	paced.RateLimit = &topology.RateLimit{Rate: 1, Burst: 1}
	r = mail(t, byTheMillisecond(queued(10*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), paced}, herd("people", 0, 5*sec, 3))))
	says(t, "herd", r.when("orders", delivered), "5s, 6s, 7s")
}

// A deploy of a faster rate limit reaches a consumer that waits for its turn.
func TestFasterPaceReachesWhoWaits(t *testing.T) {
	paced := consumer("worker", 10, 0, works(10*ms))
	paced.RateLimit = &topology.RateLimit{Rate: 1.0 / 60, Burst: 1}
	p := byTheMillisecond(queued(100*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), paced}, herd("people", 0, 0, 4)))
	f := on(p, fault(sim.Set, 10*sec, 100*sec), 1)
	f.Set.RateLimit = &topology.RateLimit{Rate: 10, Burst: 1}
	p.Faults = []sim.Fault{f}
	// The turn at 60 s was taken: at 10 s the bucket is a token in debt, of which a sixth has
	// come back. 1.833 tokens come in 183 ms.
	says(t, "delivered", mail(t, p).when("orders", delivered), "0s, 10.183s, 10.283s, 10.383s")
}

// A queue and a stream of one service have their turns like two queues.
func TestStreamBesideAQueue(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Consumes = append(worker.Consumes, topology.Consume{Queue: 1, Batch: 1})
	p := byTheMillisecond(queued(20*sec, []topology.Queue{workQueue("orders"), stream("events", 1)}, []topology.Service{front(publish(0), publish(1)), worker}, herd("people", 0, 0, 50)))
	r := mail(t, p)
	for _, q := range []string{"orders", "events"} {
		if n := r.by(5*sec, q, acknowledged); n < 24 || n > 25 {
			t.Errorf("%s: %d of 50 acknowledged by 5 s, want half of what one thread can do", q, n)
		}
	}
}

// An adaptive limit of the consumer bounds what it takes.
func TestAdaptiveLimitOfAConsumer(t *testing.T) {
	worker := consumer("worker", 10, 0, works(100*ms))
	worker.AdaptiveLimit = &topology.AdaptiveLimit{Min: 2, Max: 2, Initial: 2, Timeout: 5 * sec}
	r := mail(t, byTheMillisecond(queued(1*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 6))))
	says(t, "delivered", r.when("orders", delivered), "0s ×2, 100ms ×2, 200ms ×2")
	says(t, "answers", r.answers("worker"), "6 arrived: 6 success")
}

// Backlogs without a bound end the run, and it says what would bound them.
func TestRunThatStopsAtTooManyMessages(t *testing.T) {
	for want, q := range map[string]topology.Queue{
		"more than 50 messages in queues":  workQueue("orders"),
		"more than 50 messages in streams": stream("orders", 2),
	} {
		worker := consumer("worker", 1, 0, works(100*ms))
		p := queued(10*sec, []topology.Queue{q}, []topology.Service{front(publish(0)), worker}, traced("people", 0, every(10*ms, 0, 900)))
		s := sim.New(p)
		s.LimitMessages(50)
		s.RunUntil(p.Duration)
		if _, err := s.Finish(); err == nil || !strings.Contains(err.Error(), want) || !s.Done() {
			t.Errorf("%v, want %q", err, want)
		}
		// 10 a second are done of 100: the 50th that is left comes after 0.55 s or so.
		if now := s.Now(); now < at(500*ms) || now > at(600*ms) {
			t.Errorf("stopped at %v", now)
		}
	}
	worker := consumer("worker", 1, 0, works(100*ms))
	worker.Consumes[0].Prefetch = 100
	p := queued(10*sec, []topology.Queue{workQueue("orders", visibility(1*ms))}, []topology.Service{front(publish(0)), worker}, traced("people", 0, every(100*ms, 0, 40)))
	s := sim.New(p)
	s.LimitMessages(50)
	s.RunUntil(p.Duration)
	if _, err := s.Finish(); err == nil || !strings.Contains(err.Error(), "more than 50 deliveries under way") {
		t.Errorf("%v, want that there are more than 50 deliveries", err)
	}
}

// A member that goes down while it is put out is a member like the others when it is back.
func TestMemberCrashesWhilePutOut(t *testing.T) {
	worker := consumer("worker", 1, 0, works(100*ms))
	p := byTheMillisecond(queued(2*sec, []topology.Queue{stream("events", 1, maxPoll(10, 150*ms))}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 0, 3)))
	// All three are a batch, or one and two are: it is put out. It goes down before it returns.
	p.Faults = append(p.Faults, on(p, fault(sim.Crash, 260*ms, 300*ms), 1), on(p, fault(sim.Slow, 300*ms, 2*sec), 1))
	p.Faults[1].Factor = 0.1
	r := mail(t, p)
	g := &r.queue("events").Groups[0]
	if g.Acknowledged != 3 || g.Redelivered == 0 || g.Lag() != 0 {
		t.Errorf("%s: want all of them acknowledged once the member is back and quick", r.messages("events"))
	}
}

// A log is kept for a rewind, all of it read, until its first entry is too old: then nothing
// is left of it, and it goes on.
func TestRetentionOfALogThatIsRead(t *testing.T) {
	when := append(every(1*ms, 0, 200), every(1*ms, 2*sec, 200)...)
	p := queued(5*sec, []topology.Queue{stream("events", 1, retention(1*sec))},
		[]topology.Service{front(publish(0)), consumer("worker", 1, 0, works(100*time.Microsecond))}, traced("people", 0, when))
	p.Faults = []sim.Fault{rewind(4*sec, 0, 1, 500*ms)}
	r := mail(t, p)
	says(t, "messages", r.messages("events"), "400 published: 400 acknowledged; 400 delivered")
}

// What is read of a log is dropped, though not at once, and of a queue what has gone on while
// one message waits: a run that passes many on does not come to its bound.
func TestWhatHasGoneOnIsForgotten(t *testing.T) {
	for _, q := range []topology.Queue{stream("orders", 2), stream("orders", 2, retention(1*sec)), workQueue("orders")} {
		p := queued(20*sec, []topology.Queue{q}, []topology.Service{front(publish(0, inTurn(2))), consumer("worker", 2, 0, works(1*ms))}, traced("people", 0, every(2*ms, 0, 9000)))
		s := sim.New(p)
		s.LimitMessages(300)
		s.RunUntil(p.Duration)
		if _, err := s.Finish(); err != nil {
			t.Errorf("%s: %v", q.Name, err)
		}
	}
	// The first of key 0 fails for good, and each time it comes back behind the others.
	p := queued(20*sec, []topology.Queue{workQueue("orders", fifo, redelivery(10*sec))}, []topology.Service{front(publish(0, inTurn(9000))), consumer("worker", 2, 0, works(1*ms))},
		traced("people", 0, every(2*ms, 0, 9000)))
	p.Faults = []sim.Fault{failsDuring(p, 0, 1*ms, false, 1)}
	s := sim.New(p)
	s.RunUntil(at(9 * sec))
	if n := s.Dated(0); n > 2100 {
		t.Errorf("the ages of %d messages are kept while one waits", n)
	}
	s.RunUntil(p.Duration)
	if _, err := s.Finish(); err != nil {
		t.Error(err)
	}
}

// An instance that is to leave works the batch that it has taken to its end, also while its
// rate limit lets none of its threads go on.
func TestLeavingInTheMiddleOfAPacedBatch(t *testing.T) {
	worker := consumer("worker", 1, 0, works(10*ms))
	worker.Instances = 2
	worker.Consumes[0].Batch = 4
	worker.RateLimit = &topology.RateLimit{Rate: 5, Burst: 1}
	worker.Autoscale = &topology.Autoscale{Min: 1, Max: 2, Target: 0.9, Every: 1 * sec}
	p := byTheMillisecond(queued(4*sec, []topology.Queue{workQueue("orders")}, []topology.Service{front(publish(0)), worker}, herd("people", 0, 800*ms, 8)))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 700*ms, 950*ms), 1)} // then each takes four
	r := mail(t, p)
	says(t, "orders", r.messages("orders"), "8 published: 8 acknowledged; 8 delivered")
	says(t, "acknowledged", r.when("orders", acknowledged), "960ms ×2, 1.16s ×2, 1.36s ×2, 1.56s ×2")
}
