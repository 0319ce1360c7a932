package sim_test

import (
	"fmt"
	"testing"

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
}

// samples are the depths of the queues, a sample each.
type samples struct{ depths [2][]uint64 }

func (s *samples) Sample(sm *sim.Sample) {
	for i := range s.depths {
		s.depths[i] = append(s.depths[i], sm.Queues[i].DepthMax)
	}
}

func (*samples) Transition(sim.Transition) {}
