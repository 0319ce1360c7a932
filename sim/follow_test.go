package sim_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// A follower follows requests, one in so many of them, and keeps their spans.
type follower struct {
	record
	one   uint64 // in so many; 0: every request
	spans []sim.Span
}

func (f *follower) Follow(_ int, _ int64, luck des.Key) bool {
	return f.one == 0 || uint64(luck)%f.one == 0
}
func (f *follower) Span(s *sim.Span) { f.spans = append(f.spans, *s) }

// follows runs a plan with all of its requests followed.
func follows(t rapid.TB, p *sim.Plan) (*follower, *sim.Totals) {
	t.Helper()
	f := new(follower)
	s := sim.New(p, f)
	s.RunUntil(p.Duration)
	tt, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return f, tt
}

// tree tells the spans of a request, each under what it is in, by their beginning.
func (f *follower) tree(p *sim.Plan, source int, request int64) string {
	var b strings.Builder
	edges := p.Edges()
	millis := func(t des.Time) string { return strings.TrimSuffix(fmt.Sprint(t.Duration()), "s") + "s" }
	var under func(parent, depth int)
	under = func(parent, depth int) {
		var l []*sim.Span
		for i := range f.spans {
			if s := &f.spans[i]; s.Source == source && s.Request == request && s.Parent == parent {
				l = append(l, s)
			}
		}
		slices.SortStableFunc(l, func(a, b *sim.Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
		for _, s := range l {
			fmt.Fprintf(&b, "\n%s%v", strings.Repeat("  ", depth), s.Kind)
			switch s.Kind {
			case sim.SpanRequest, sim.SpanCall, sim.SpanBackoff:
				fmt.Fprintf(&b, " %s", edges[s.Edge].ID)
			case sim.SpanAttempt:
				fmt.Fprintf(&b, " %d", s.Try)
				if s.Copy > 0 {
					fmt.Fprintf(&b, " copy %d", s.Copy)
				}
				if s.TurnedAway {
					fmt.Fprint(&b, " turned away")
				}
			case sim.SpanStay, sim.SpanDelivery:
				fmt.Fprintf(&b, " at %s/%d", p.Topology.Services[s.Service].Name, s.Instance)
				if s.Redelivered {
					fmt.Fprint(&b, " again")
				}
			}
			fmt.Fprintf(&b, " %s–%s", millis(s.From), millis(s.To))
			switch s.Kind {
			case sim.SpanRequest, sim.SpanCall, sim.SpanAttempt, sim.SpanStay, sim.SpanPublish, sim.SpanDelivery:
				if !s.Unfinished {
					fmt.Fprintf(&b, " %v", s.Outcome)
				}
			}
			if s.Unfinished {
				fmt.Fprint(&b, " unfinished")
			}
			if s.Thread != des.Never && s.Thread != s.From {
				fmt.Fprintf(&b, ", thread at %s", millis(s.Thread))
			}
			if s.GivenUp != des.Never {
				fmt.Fprintf(&b, ", given up at %s", millis(s.GivenUp))
			}
			if s.Wasted > 0 {
				fmt.Fprintf(&b, ", %s wasted", millis(s.Wasted))
			}
			if s.Cache != sim.NoCache {
				fmt.Fprintf(&b, ", cache %v", s.Cache)
			}
			if s.Fallback {
				fmt.Fprint(&b, ", fallback")
			}
			if s.Kind == sim.SpanDelivery {
				fmt.Fprintf(&b, ", published at %s", millis(s.Published))
			}
			under(s.ID, depth+1)
		}
	}
	under(0, 0)
	return b.String()
}

// What a trace of a request looks like, in the cases that a textbook would draw.
func TestSpansOfARequest(t *testing.T) {
	twice := func(e *topology.Edge) { e.Timeout, e.Retry.Attempts, e.Retry.Backoff = 30*ms, 2, 10*ms }
	fallback := func(e *topology.Edge) {
		d := topology.Constant(7 * ms)
		e.Fallback = &d
	}
	fallback30 := func(e *topology.Edge) { e.Fallback.A = float64(30 * ms) }
	two := service("b", 1, 10, works(100*ms))
	two.Instances = 2
	for _, row := range []struct {
		name string
		plan *sim.Plan
		want string
	}{
		// The second try waits behind the first, which nobody waits for any more.
		{"a time-out, a retry, an abandoned callee", plan(sec, []topology.Service{
			service("a", 1, 0, works(5*ms), call(1, 0, twice)),
			service("b", 1, 10, works(50*ms)),
		}, request("load", 0, 0)), `
request load->a 0s–75ms error
  attempt 1 0s–75ms error
    stay at a/0 0s–75ms error
      work 0s–5ms
      call a->b 5ms–75ms timeout
        attempt 1 5ms–35ms timeout
          stay at b/0 5ms–55ms success, given up at 35ms
            work 5ms–55ms, 20ms wasted
        backoff a->b 35ms–45ms
        attempt 2 45ms–75ms timeout
          stay at b/0 45ms–105ms success, thread at 55ms, given up at 75ms
            work 55ms–105ms, 30ms wasted`},
		{"a fallback over a network, and a cache", plan(sec, []topology.Service{
			service("a", 1, 0, call(1, 0, network(3*ms), timeout(10*ms), fallback, func(e *topology.Edge) { e.Cache = &topology.Cache{} })),
			service("b", 1, 0, works(20*ms)),
		}, request("load", 0, 0)), `
request load->a 0s–17ms success
  attempt 1 0s–17ms success
    stay at a/0 0s–17ms success
      call a->b 0s–10ms timeout, cache miss
        attempt 1 0s–10ms timeout
          stay at b/0 3ms–23ms success, given up at 10ms
            work 3ms–23ms, 13ms wasted
      work 10ms–17ms, fallback`},
		{"a hedge", plan(sec, []topology.Service{
			service("a", 1, 0, call(1, 0, func(e *topology.Edge) { e.Hedge = &topology.Hedge{After: 40 * ms, Max: 1} })), two,
		}, request("load", 0, 0)), `
request load->a 0s–100ms success
  attempt 1 0s–100ms success
    stay at a/0 0s–100ms success
      call a->b 0s–100ms success
        attempt 1 0s–100ms success
          stay at b/0 0s–100ms success
            work 0s–100ms
        attempt 1 copy 1 40ms–100ms cancelled
          stay at b/1 40ms–140ms success, given up at 100ms
            work 40ms–140ms, 40ms wasted`},
		{"a guard, and the end of the run", plan(200*ms, []topology.Service{
			service("a", 2, 0, call(1, 0, optional, func(e *topology.Edge) { e.Bulkhead = 1 }), works(500*ms)),
			service("b", 2, 0, works(50*ms)),
		}, request("other", 0, 0), request("load", 10*ms, 0)), `
request load->a 10ms–200ms unfinished
  attempt 1 10ms–200ms unfinished
    stay at a/0 10ms–200ms unfinished
      call a->b 10ms–10ms bulkhead_full
        attempt 1 turned away 10ms–10ms bulkhead_full
      work 10ms–200ms unfinished`},
		{"a wait that the run's end cuts short", plan(100*ms, []topology.Service{service("a", 0, 0)}, request("load", 0, 0, tries(2, 200*ms))), `
request load->a 0s–100ms unfinished
  attempt 1 0s–0s rejected
    stay at a/0 0s–0s rejected
  backoff load->a 0s–100ms unfinished`},
		{"a queue, where the first delivery fails", func() *sim.Plan {
			q := workQueue("jobs", func(q *topology.Queue) { q.Latency, q.MaxReceives, q.Redelivery = topology.Constant(5*ms), 3, 15*ms })
			p := queued(sec, []topology.Queue{q}, []topology.Service{front(works(1*ms), publish(0)), consumer("worker", 1, 0, works(20*ms))}, request("load", 0, 0))
			f := fault(sim.Errors, 0, 10*ms)
			f.Rate = 1
			p.Faults = []sim.Fault{on(p, f, 1)}
			return p
		}(), `
request load->shop 0s–1ms success
  attempt 1 0s–1ms success
    stay at shop/0 0s–1ms success
      work 0s–1ms
      publish 1ms–1ms success
        delivery at worker/0 6ms–6ms error, published at 1ms
        delivery at worker/0 again 21ms–41ms success, published at 1ms
          work 21ms–41ms`},
		// The first message is in the only place until 16 ms, when the worker takes it up.
		{"a publisher that waits for a place", func() *sim.Plan {
			q := workQueue("jobs", func(q *topology.Queue) { q.Capacity, q.OnFull = 1, topology.BlockPublish })
			p := queued(sec, []topology.Queue{q}, []topology.Service{front(publish(0)), consumer("worker", 1, 0, works(15*ms))},
				request("one", 1*ms, 0), request("two", 2*ms, 0), request("load", 5*ms, 0))
			return p
		}(), `
request load->shop 5ms–16ms success
  attempt 1 5ms–16ms success
    stay at shop/0 5ms–16ms success
      publish 5ms–16ms success
        delivery at worker/0 31ms–46ms success, published at 16ms
          work 31ms–46ms`},
		{"a pause in a fallback, and a crash in another", func() *sim.Plan {
			p := plan(sec, []topology.Service{service("a", 1, 0, call(1, 0, fallback, fallback30)), service("b", 1, 0)}, request("load", 0, 0))
			f := fault(sim.Errors, 0, sec)
			f.Rate = 1
			p.Faults = []sim.Fault{on(p, f, 1), on(p, fault(sim.Pause, 10*ms, 25*ms), 0), on(p, fault(sim.Pause, 30*ms, 50*ms), 0), on(p, fault(sim.Crash, 40*ms, 45*ms), 0)}
			return p
		}(), `
request load->a 0s–40ms reset
  attempt 1 0s–40ms reset
    stay at a/0 0s–40ms reset
      call a->b 0s–0s error
        attempt 1 0s–0s error
          stay at b/0 0s–0s error
      work 0s–10ms, fallback
      paused 10ms–25ms
      work 25ms–30ms, fallback
      paused 30ms–40ms`},
		{"a pause", func() *sim.Plan {
			p := plan(sec, []topology.Service{service("a", 1, 0, works(30*ms))}, request("load", 0, 0))
			p.Faults = []sim.Fault{on(p, fault(sim.Pause, 10*ms, 25*ms), 0)}
			return p
		}(), `
request load->a 0s–45ms success
  attempt 1 0s–45ms success
    stay at a/0 0s–45ms success
      work 0s–10ms
      paused 10ms–25ms
      work 25ms–45ms`},
	} {
		f, _ := follows(t, row.plan)
		source := len(row.plan.Sources) - 1
		says(t, row.name, f.tree(row.plan, source, 0), row.want)
	}
}

// A group that goes back twice reads a message a second time, and a third with the same luck
// as the second, and so publishes the same again. Where that finds no place what was
// published before is still known by whose it is.
func TestSpansOfWhatIsPublishedAgain(t *testing.T) {
	jobs := workQueue("jobs", func(q *topology.Queue) { q.Capacity = 2 })
	middle := consumer("middle", 1, 0, publish(1))
	p := queued(sec, []topology.Queue{stream("events", 1, onFailure(topology.SkipFailed)), jobs},
		[]topology.Service{front(publish(0)), middle, consumer("worker", 1, 1, works(10*ms))}, request("load", 1*ms, 0))
	p.Faults = []sim.Fault{on(p, fault(sim.Pause, 0, 500*ms), 2), rewind(100*ms, 0, 1, sec), rewind(200*ms, 0, 1, sec)}
	f, tt := follows(t, p)
	addUp(t, p, f.spans, tt)
	nested(t, f.spans)
	says(t, "the request", f.tree(p, 0, 0), `
request load->shop 1ms–1ms success
  attempt 1 1ms–1ms success
    stay at shop/0 1ms–1ms success
      publish 1ms–1ms success
        delivery at middle/0 1ms–1ms success, published at 1ms
          publish 1ms–1ms success
            delivery at worker/0 500ms–510ms success, published at 1ms
              work 500ms–510ms
        delivery at middle/0 again 100ms–100ms success, published at 1ms
          publish 100ms–100ms success
            delivery at worker/0 510ms–520ms success, published at 100ms
              work 510ms–520ms
        delivery at middle/0 again 200ms–200ms error, published at 1ms
          publish 200ms–200ms rejected
        dropped 200ms–200ms`)
}

// A run of which every request is followed, or some are, is the same as one that nobody
// follows, whatever the system; and so is one that goes on as a clone, which nobody follows.
func TestFollowingChangesNothing(t *testing.T) {
	spans := 0
	check(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		want := show(t, p, toTheEnd(p))
		for _, one := range []uint64{0, 3} {
			f := &follower{one: one}
			s := sim.New(p, f)
			s.RunUntil(m.instant("cloned", p))
			clone, half := s.Clone(), len(f.spans)
			s.RunUntil(p.Duration)
			tt, err := s.Finish()
			if err != nil {
				t.Fatal(err)
			}
			alike(t, "followed", &shown{f.record, tt}, want)
			all := len(f.spans)
			clone.RunUntil(p.Duration)
			ct, err := clone.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if ct.Fingerprint != want.totals.Fingerprint || len(f.spans) != all || half > all {
				t.Fatalf("a clone of a run that is followed: fingerprint %x, want %x; %d spans more", ct.Fingerprint, want.totals.Fingerprint, len(f.spans)-all)
			}
			spans += all
		}
	})
	if spans < 25_000 {
		t.Errorf("only %d spans were told", spans)
	}
}

// The spans of all requests add up to what was counted, and are in each other as they say.
func TestSpansAddUp(t *testing.T) {
	checkOften(t, func(t *rapid.T) {
		p := maker{T: t}.plan()
		p.Warmup = 0
		f, tt := follows(t, p)
		addUp(t, p, f.spans, tt)
		nested(t, f.spans)
	})
}

// parallelFallbacks says whether a branch of a parallel step may have a fallback: of the
// work of several at a time a thread's time is booked for one.
func parallelFallbacks(p *sim.Plan) bool {
	for i := range p.Faults {
		if p.Faults[i].Set.Fallback != nil {
			return true
		}
	}
	for i := range p.Topology.Services {
		for _, o := range p.Topology.Services[i].Operations {
			for _, st := range o.Steps {
				for _, b := range st.Parallel {
					if b.Kind == topology.Call && b.Call.Fallback != nil {
						return true
					}
				}
			}
		}
	}
	return false
}

func addUp(t rapid.TB, p *sim.Plan, spans []sim.Span, tt *sim.Totals) {
	t.Helper()
	same := func(got, want any, format string, args ...any) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: the spans say %v, the totals %v", fmt.Sprintf(format, args...), got, want)
		}
	}
	edges := make([]sim.EdgeTally, len(tt.Edges))
	ops := make([][]sim.OpTally, len(tt.Services))
	held := make([][]des.Time, len(tt.Services))
	instances := make([][]sim.InstanceTally, len(tt.Services))
	steps := make([]sim.PublishTally, len(tt.Publishes))
	left, gone := make([]uint64, len(tt.Queues)), make([]uint64, len(tt.Queues))
	took, failing, stayed, waited := make([]float64, len(edges)), make([]float64, len(edges)), make([][]float64, len(ops)), make([][]float64, len(ops))
	for i := range ops {
		n := len(tt.Services[i].Operations)
		ops[i], held[i], stayed[i], waited[i] = make([]sim.OpTally, n), make([]des.Time, n), make([]float64, n), make([]float64, n)
		instances[i] = make([]sim.InstanceTally, len(tt.Services[i].Instances))
	}
	unfinished := make([][]uint64, len(ops))
	for i := range ops {
		unfinished[i] = make([]uint64, len(ops[i]))
	}
	for i := range spans {
		s := &spans[i]
		lasts := s.To - s.From
		if lasts < 0 {
			t.Fatalf("%v ends before it begins: %+v", s.Kind, s)
		}
		switch s.Kind {
		case sim.SpanRequest, sim.SpanCall:
			e := &edges[s.Edge]
			e.Calls++
			if s.Unfinished {
				e.CallsUnderWay++
			} else {
				e.CallOutcomes[s.Outcome]++
			}
			switch s.Cache {
			case sim.CacheHit:
				e.CacheHits++
			case sim.CacheMiss:
				e.CacheMisses++
			case sim.CacheCoalesced:
				e.Coalesced++
			}
			if s.Unpaid {
				e.Unpaid++
			}
		case sim.SpanAttempt:
			e := &edges[s.Edge]
			if s.TurnedAway {
				e.TurnedAway[s.Outcome]++
				break
			}
			e.Attempts++
			switch {
			case s.Copy > 0:
				e.Hedges++
			case s.Try > 1:
				e.Retries++
			}
			switch {
			case s.Unfinished:
				e.UnderWay++
			case s.Outcome == topology.Success:
				took[s.Edge] += float64(lasts)
				e.Outcomes[s.Outcome]++
			default:
				failing[s.Edge] += float64(lasts)
				e.Outcomes[s.Outcome]++
			}
		case sim.SpanStay, sim.SpanDelivery:
			o := &ops[s.Service][s.Op]
			o.Arrived++
			instances[s.Service][s.Instance].Arrived++
			if s.Thread != des.Never {
				held[s.Service][s.Op] += s.To - s.Thread
				waited[s.Service][s.Op] += float64(s.Thread - s.From)
				if s.Thread > s.From {
					o.Waited++
				}
			}
			if s.Unfinished {
				unfinished[s.Service][s.Op]++
				break
			}
			o.Answers[s.Outcome]++
			instances[s.Service][s.Instance].Answers[s.Outcome]++
			if s.Outcome == topology.Success || s.Outcome == topology.Error {
				stayed[s.Service][s.Op] += float64(lasts)
			}
		case sim.SpanWork:
			ops[s.Service][s.Op].Working += lasts
			ops[s.Service][s.Op].Wasted += s.Wasted
		case sim.SpanPaused:
			ops[s.Service][s.Op].Paused += lasts
		case sim.SpanSuspended:
			ops[s.Service][s.Op].SuspendedTime += lasts
			held[s.Service][s.Op] -= lasts
		case sim.SpanPublish:
			switch {
			case s.Unfinished:
			case s.Outcome == topology.Success:
				steps[s.Publish].Published++
			default:
				steps[s.Publish].Failed[s.Outcome]++
			}
		case sim.SpanMoved:
			left[s.Queue]++
		case sim.SpanDropped:
			gone[s.Queue]++
		}
	}
	sum := func(h *hist.Hist) float64 { return h.Mean() * float64(h.Count()) }
	near := func(got, want float64, format string, args ...any) {
		t.Helper()
		if math.Abs(got-want) > 1+1e-9*want {
			t.Fatalf("%s: the spans add up to %v ns, the totals to %v", fmt.Sprintf(format, args...), got, want)
		}
	}
	for i := range edges {
		got, want := &edges[i], &tt.Edges[i]
		id := p.Edges()[i].ID
		same(got.Calls, want.Calls, "%s: calls", id)
		same(got.CallOutcomes, want.CallOutcomes, "%s: calls by outcome", id)
		same(got.CallsUnderWay, want.CallsUnderWay, "%s: calls under way", id)
		same(got.Attempts, want.Attempts, "%s: attempts", id)
		same(got.Outcomes, want.Outcomes, "%s: attempts by outcome", id)
		same(got.UnderWay, want.UnderWay, "%s: attempts under way", id)
		same(got.Retries, want.Retries, "%s: retries", id)
		same(got.Hedges, want.Hedges, "%s: hedges", id)
		same(got.TurnedAway, want.TurnedAway, "%s: turned away", id)
		same([3]uint64{got.CacheHits, got.CacheMisses, got.Coalesced}, [3]uint64{want.CacheHits, want.CacheMisses, want.Coalesced}, "%s: cache hits, misses, coalesced", id)
		same(got.Unpaid, want.Unpaid, "%s: retries not paid for", id)
		near(took[i], sum(want.Latency), "%s: latency", id)
		near(failing[i], sum(want.Failed), "%s: latency of failures", id)
	}
	fallbacks := parallelFallbacks(p)
	for i := range ops {
		for k := range ops[i] {
			got, want := &ops[i][k], &tt.Services[i].Operations[k]
			name := p.Topology.OpName(topology.OpRef{Service: i, Op: k})
			same(got.Arrived, want.Arrived, "%s: arrived", name)
			same(got.Answers, want.Answers, "%s: answers", name)
			if got.Waited > want.Waited { // some got a place and a thread in one instant
				t.Fatalf("%s: of %d spans with a wait, %d waited", name, got.Waited, want.Waited)
			}
			same(unfinished[i][k], want.InWaiting+want.InThreads+want.Suspended, "%s: in hand", name)
			same(held[i][k], want.Held(), "%s: thread time held", name)
			same(got.SuspendedTime, want.SuspendedTime, "%s: time suspended", name)
			same(got.Paused, want.Paused, "%s: time paused", name)
			if !fallbacks {
				same(got.Working, want.Working, "%s: own work", name)
				same(got.Wasted, want.Wasted, "%s: wasted", name)
			}
			near(stayed[i][k], sum(want.Latency), "%s: latency", name)
			near(waited[i][k], sum(want.Waiting), "%s: waiting", name)
		}
		for k := range instances[i] {
			same(instances[i][k], sim.InstanceTally{Arrived: tt.Services[i].Instances[k].Arrived, Answers: tt.Services[i].Instances[k].Answers}, "service %d, instance %d", i, k)
		}
	}
	for i := range steps {
		same(steps[i].Published, tt.Publishes[i].Published, "publish step %d: published", i)
		same(steps[i].Failed, tt.Publishes[i].Failed, "publish step %d: failed", i)
	}
	for i := range tt.Queues {
		if p.Topology.Queues[i].Kind == topology.WorkQueue {
			same(left[i], tt.Queues[i].DeadLettered+tt.Queues[i].Redriven, "queue %d: moved", i)
			same(gone[i], tt.Queues[i].Dropped, "queue %d: dropped", i)
		}
	}
}

// nested checks that spans know what they are in, and are within it but for what its
// caller has given up, and for what comes of a message.
func nested(t rapid.TB, spans []sim.Span) {
	t.Helper()
	type id struct {
		trace des.Key
		id    int
	}
	known := map[id]*sim.Span{}
	for i := range spans {
		s := &spans[i]
		if known[id{s.Trace, s.ID}] != nil || s.ID <= 0 {
			t.Fatalf("two spans with the number %d", s.ID)
		}
		known[id{s.Trace, s.ID}] = s
	}
	parents := map[sim.SpanKind][]sim.SpanKind{
		sim.SpanCall: {sim.SpanStay, sim.SpanDelivery}, sim.SpanAttempt: {sim.SpanRequest, sim.SpanCall}, sim.SpanStay: {sim.SpanAttempt},
		sim.SpanWork: {sim.SpanStay, sim.SpanDelivery}, sim.SpanPaused: {sim.SpanStay, sim.SpanDelivery}, sim.SpanSuspended: {sim.SpanStay, sim.SpanDelivery},
		sim.SpanBackoff: {sim.SpanRequest, sim.SpanCall}, sim.SpanPaced: {sim.SpanRequest, sim.SpanCall}, sim.SpanPublish: {sim.SpanStay, sim.SpanDelivery},
		sim.SpanDelivery: {sim.SpanPublish, sim.SpanMoved}, sim.SpanMoved: {sim.SpanPublish, sim.SpanMoved}, sim.SpanDropped: {sim.SpanPublish, sim.SpanMoved},
	}
	for i := range spans {
		s := &spans[i]
		if s.Kind == sim.SpanRequest {
			if s.Parent != 0 {
				t.Fatalf("a request is in something: %+v", s)
			}
			continue
		}
		in := known[id{s.Trace, s.Parent}]
		if in == nil || !slices.Contains(parents[s.Kind], in.Kind) {
			t.Fatalf("%+v is in %+v", s, in)
		}
		within := s.From >= in.From && s.To <= in.To
		switch s.Kind {
		case sim.SpanStay:
			within = within || s.From >= in.From && s.GivenUp != des.Never || s.Unfinished && in.Unfinished
		case sim.SpanDelivery, sim.SpanMoved, sim.SpanDropped:
			within = s.From >= in.From
		}
		if !within {
			t.Fatalf("%+v is not within %+v", s, in)
		}
	}
}

// Who follows one request in three is told the same of it as who follows all.
func TestFollowingSomeIsFollowingThem(t *testing.T) {
	p := overloaded(2 * time.Second)
	all, _ := follows(t, p)
	some := &follower{one: 3}
	s := sim.New(p, some)
	s.RunUntil(p.Duration)
	if _, err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	var want []sim.Span
	for _, s := range all.spans {
		if some.Follow(0, 0, s.Trace) {
			want = append(want, s)
		}
	}
	if byTrace := func(l []sim.Span) []sim.Span {
		slices.SortStableFunc(l, func(a, b sim.Span) int { return cmp.Or(cmp.Compare(a.Trace, b.Trace), cmp.Compare(a.ID, b.ID)) })
		return l
	}; !slices.Equal(byTrace(some.spans), byTrace(want)) || len(want) < 1000 {
		t.Errorf("%d spans of some requests, %d of the same among all, and not the same", len(some.spans), len(want))
	}
}
