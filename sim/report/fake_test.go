package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	ms     = des.Time(time.Millisecond)
	second = des.Time(time.Second)
)

// shop is the plan of most tests: shoppers and staff ask a gateway, whose buy
// calls checkout, which calls payment twice (the second time to note it); browse
// is the gateway's alone. The source of every number here is the fake below.
//
//	shoppers -> gateway.buy -> checkout -> payment.charge, payment.note
//	staff    -> gateway.browse
func shop() *sim.Plan {
	call := callTo
	t := &topology.Topology{Services: []topology.Service{
		{Name: "gateway", Instances: 2, Threads: 5, Blocking: true, Queue: 100, Operations: []topology.Operation{
			{Name: "buy", Steps: []topology.Step{call(1, 0)}}, {Name: "browse"}}},
		{Name: "checkout", Instances: 1, Threads: 10, Blocking: true, Queue: 100, Operations: []topology.Operation{
			{Steps: []topology.Step{call(2, 0), call(2, 1), call(2, 0)}}}},
		{Name: "payment", Instances: 1, Threads: 4, Blocking: true, Queue: 100, Operations: []topology.Operation{
			{Name: "charge"}, {Name: "note"}}},
		{Name: "mail", Instances: 1, Threads: topology.Unlimited, Blocking: true, Operations: []topology.Operation{{}}},
	}}
	t.Index()
	source := func(name string, op int, id string) sim.Source {
		return sim.Source{Name: name, Kind: sim.Open, Instances: 1, Rate: 100, Edge: &topology.Edge{
			From: topology.OpRef{Service: -1, Op: -1}, To: topology.OpRef{Service: 0, Op: op}, ID: id, Chance: 1, Times: 1}}
	}
	return &sim.Plan{
		Name: "shop", Seed: 7, Duration: 120 * second, Warmup: 10 * second, Interval: second, Topology: t,
		Sources: []sim.Source{source("shoppers", 0, "shoppers->gateway.buy"), source("staff", 1, "staff->gateway.browse")},
		Faults: []sim.Fault{{Name: "payment-slow", Kind: sim.Latency, On: "payment.charge", Ops: []topology.OpRef{{Service: 2, Op: 0}},
			From: 30 * second, Until: 50 * second}},
	}
}

func callTo(service, op int) topology.Step {
	return topology.Step{Kind: topology.Call, Call: &topology.Edge{To: topology.OpRef{Service: service, Op: op}, Chance: 1, Times: 1}}
}

// Indexes of shop.
const (
	shoppers, staff                               = 0, 1
	gateway, checkout, payment, mail              = 0, 1, 2, 3
	toBuy, toBrowse, toCheckout, toCharge, toNote = 0, 1, 2, 3, 4
)

// tallies are empty ones of the right size.
func tallies(p *sim.Plan) *sim.Tallies {
	t := &sim.Tallies{Sources: make([]sim.SourceTally, len(p.Sources)), Edges: make([]sim.EdgeTally, len(p.Edges())), Services: make([]sim.ServiceTally, len(p.Topology.Services))}
	for i := range t.Services {
		t.Services[i].Operations = make([]sim.OpTally, len(p.Topology.Services[i].Operations))
		n := p.Topology.Services[i].Instances
		if a := p.Topology.Services[i].Autoscale; a != nil {
			n = a.Max
		}
		t.Services[i].Instances = make([]sim.InstanceTally, n)
	}
	t.Publishes = make([]sim.PublishTally, len(p.Topology.Publishes))
	for i, pub := range p.Topology.Publishes {
		s := &t.Services[pub.From.Service]
		for _, op := range []*sim.OpTally{&s.OpTally, &s.Operations[pub.From.Op]} {
			op.Publishing = append(op.Publishing, sim.QueueTime{Publish: i})
		}
	}
	for i := range p.Topology.Queues {
		q := &p.Topology.Queues[i]
		qt := sim.QueueTally{}
		if q.Kind == topology.Stream {
			qt.Groups = make([]sim.GroupTally, len(p.Topology.Groups(i)))
			for g := range qt.Groups {
				qt.Groups[g].Partitions = make([]sim.PartitionTally, q.Partitions)
			}
		}
		t.Queues = append(t.Queues, qt)
	}
	for i, e := range p.Edges() {
		if e.From.Service >= 0 {
			s := &t.Services[e.From.Service]
			for _, op := range []*sim.OpTally{&s.OpTally, &s.Operations[e.From.Op]} {
				op.WaitingOn = append(op.WaitingOn, sim.EdgeTime{Edge: i})
				op.BackingOff = append(op.BackingOff, sim.EdgeTime{Edge: i})
			}
		}
	}
	return t
}

// run shows a collector the samples of a run up to end, each filled by the script,
// and returns the report. Totals are the sums of what samples after the warm-up say.
func run(t *testing.T, p *sim.Plan, end des.Time, expectations []string, script func(from, to des.Time, t *sim.Tallies)) *Report {
	t.Helper()
	return runWith(t, p, end, expectations, nil, script)
}

// runWith is run, with changes of state between the samples, in time order.
func runWith(t *testing.T, p *sim.Plan, end des.Time, expectations []string, changes []sim.Transition, script func(from, to des.Time, t *sim.Tallies)) *Report {
	t.Helper()
	var exps []Expectation
	for _, text := range expectations {
		e, problems := ParseExpectation(text, p)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", text, problems)
		}
		exps = append(exps, e)
	}
	p.Cuts = Cuts(exps)
	ends := append([]des.Time{p.Warmup, end}, p.Cuts...)
	for at := p.Interval; at < end; at += p.Interval {
		ends = append(ends, at)
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	c := NewCollector(p, exps)
	totals := &sim.Totals{From: p.Warmup, To: end, Complete: end == p.Duration, Events: 123456, Fingerprint: 0xabc, Tallies: *tallies(p)}
	from := des.Time(0)
	for _, to := range ends {
		if to <= 0 || to > end {
			continue
		}
		s := &sim.Sample{From: from, To: to, Tallies: *tallies(p)}
		script(from, to, &s.Tallies)
		if from >= p.Warmup {
			sum(&totals.Tallies, &s.Tallies, to-from)
		}
		for len(changes) > 0 && changes[0].At < to {
			c.Transition(changes[0])
			changes = changes[1:]
		}
		c.Sample(s)
		from = to
	}
	for i := range totals.Sources {
		t := &totals.Sources[i]
		t.InFlight = t.Offered - min(t.Offered, (*outcomes)(&t.Ended).all())
		if good := t.Ended[topology.Success]; t.Completion.Count() > 0 {
			t.Unfinished = good - min(good, t.Completion.Count()+t.Lost)
		}
	}
	for i := range totals.Services {
		s := &totals.Services[i]
		s.InThreads = s.Arrived - min(s.Arrived, (*outcomes)(&s.Answers).all())
		undone := func(op *sim.OpTally) {
			if good := op.Answers[topology.Success]; op.Completion.Count() > 0 {
				op.Unfinished = good - min(good, op.Completion.Count()+op.Lost)
			}
		}
		undone(&s.OpTally)
		for k := range s.Operations {
			op := &s.Operations[k]
			undone(op)
			op.InThreads = op.Arrived - min(op.Arrived, (*outcomes)(&op.Answers).all())
		}
	}
	for i := range totals.Edges {
		e := &totals.Edges[i]
		e.UnderWay = e.Attempts - min(e.Attempts, (*outcomes)(&e.Outcomes).all())
	}
	for i := range totals.Queues {
		q := &totals.Queues[i]
		for _, r := range readerTallies(q, p.Topology.Queues[i].Kind == topology.Stream) {
			r.Waiting = q.Published - min(q.Published, r.Acknowledged+r.DeadLettered+r.Dropped)
			if r.Left == 0 { // no script says otherwise
				r.Left = r.Waiting
			}
			r.AgeMean /= max(float64(end-p.Warmup), 1)
		}
	}
	return c.Report(totals)
}

func merge(into **hist.Hist, h *hist.Hist) {
	if h == nil {
		return
	}
	if *into == nil {
		*into = &hist.Hist{}
	}
	(*into).Merge(h)
}

// sum adds the tallies of so long a span to others; means are added up as sums.
func sum(a, b *sim.Tallies, length des.Time) {
	for i := range b.Sources {
		x, y := &a.Sources[i], &b.Sources[i]
		x.Offered += y.Offered
		x.Attempts += y.Attempts
		for o := range y.Ended {
			x.Ended[o] += y.Ended[o]
		}
		merge(&x.Latency, y.Latency)
		merge(&x.Failed, y.Failed)
		merge(&x.Completion, y.Completion)
		x.Lost += y.Lost
	}
	op := func(x, y *sim.OpTally) {
		x.Arrived += y.Arrived
		for o := range y.Answers {
			x.Answers[o] += y.Answers[o]
		}
		x.Waited += y.Waited
		x.Working += y.Working
		x.Wasted += y.Wasted
		x.Paused += y.Paused
		x.QueueTime += y.QueueTime
		x.QueueMax = max(x.QueueMax, y.QueueMax)
		x.SuspendedTime += y.SuspendedTime
		for k := range y.WaitingOn {
			x.WaitingOn[k].Time += y.WaitingOn[k].Time
			x.BackingOff[k].Time += y.BackingOff[k].Time
		}
		for k := range y.Publishing {
			x.Publishing[k].Time += y.Publishing[k].Time
		}
		merge(&x.Completion, y.Completion)
		x.Lost += y.Lost
		merge(&x.Latency, y.Latency)
		merge(&x.Other, y.Other)
		merge(&x.Waiting, y.Waiting)
	}
	for i := range b.Services {
		x, y := &a.Services[i], &b.Services[i]
		op(&x.OpTally, &y.OpTally)
		for k := range y.Operations {
			op(&x.Operations[k], &y.Operations[k])
		}
		for k := range y.Instances {
			x.Instances[k].Arrived += y.Instances[k].Arrived
			for o := range y.Instances[k].Answers {
				x.Instances[k].Answers[o] += y.Instances[k].Answers[o]
			}
			x.Instances[k].Held += y.Instances[k].Held
			x.Instances[k].Capacity += y.Instances[k].Capacity
			x.Instances[k].Down += y.Instances[k].Down
		}
		x.Capacity += y.Capacity
		x.Idle += y.Idle
		x.Down += y.Down
		x.PausedIdle += y.PausedIdle
	}
	for i := range b.Edges {
		x, y := &a.Edges[i], &b.Edges[i]
		x.Calls += y.Calls
		x.Attempts += y.Attempts
		x.Retries += y.Retries
		x.Hedges += y.Hedges
		x.Unpaid += y.Unpaid
		x.Ejections += y.Ejections
		x.CacheHits += y.CacheHits
		x.CacheMisses += y.CacheMisses
		x.Coalesced += y.Coalesced
		x.Open += y.Open
		x.LateAnswers += y.LateAnswers
		for o := range y.Outcomes {
			x.Outcomes[o] += y.Outcomes[o]
			x.CallOutcomes[o] += y.CallOutcomes[o]
			x.TurnedAway[o] += y.TurnedAway[o]
		}
		merge(&x.Latency, y.Latency)
		merge(&x.Failed, y.Failed)
	}
	group := func(x, y *sim.GroupTally) {
		x.Delivered += y.Delivered
		x.Redelivered += y.Redelivered
		x.Duplicates += y.Duplicates
		x.Acknowledged += y.Acknowledged
		x.DeadLettered += y.DeadLettered
		x.Dropped += y.Dropped
		x.WaitingTime += y.WaitingTime
		x.HeldTime += y.HeldTime
		x.DepthMax, x.LagMax, x.AgeMax = max(x.DepthMax, y.DepthMax), max(x.LagMax, y.LagMax), max(x.AgeMax, y.AgeMax)
		x.AgeMean += y.AgeMean * float64(length)
		x.Left = y.Left
		merge(&x.Latency, y.Latency)
		for k := range y.Partitions {
			p, q := &x.Partitions[k], &y.Partitions[k]
			p.LagTime += q.LagTime
			p.LagMax, p.Lag = max(p.LagMax, q.LagMax), q.Lag
			p.Acknowledged += q.Acknowledged
		}
	}
	for i := range b.Queues {
		x, y := &a.Queues[i], &b.Queues[i]
		x.Published += y.Published
		x.Full += y.Full
		x.Refused += y.Refused
		x.TimedOut += y.TimedOut
		x.Redriven += y.Redriven
		group(&x.GroupTally, &y.GroupTally)
		for g := range y.Groups {
			group(&x.Groups[g], &y.Groups[g])
		}
	}
	for i := range b.Publishes {
		x, y := &a.Publishes[i], &b.Publishes[i]
		x.Published += y.Published
		x.Blocked += y.Blocked
		for o := range y.Failed {
			x.Failed[o] += y.Failed[o]
		}
	}
}

// each is a distribution of the given values, so often each.
func each(times int, values ...des.Time) *hist.Hist {
	h := &hist.Hist{}
	for range times {
		for _, v := range values {
			h.Add(int64(v))
		}
	}
	return h
}

// requests books n requests a second of a source, of which good succeed in 20ms
// and the others time out after 2s, and their attempts.
func requests(t *sim.Tallies, source int, length des.Time, n, good int) {
	n, good = n*int(length)/int(second), good*int(length)/int(second)
	s, e := &t.Sources[source], &t.Edges[source]
	s.Offered, s.Attempts = uint64(n), uint64(n)
	s.Ended[topology.Success], s.Ended[topology.Timeout] = uint64(good), uint64(n-good)
	s.Latency, s.Failed = each(good, 20*ms), each(n-good, 2*second)
	e.Calls, e.Attempts, e.Outcomes, e.CallOutcomes = s.Offered, s.Attempts, s.Ended, s.Ended
	e.Latency, e.Failed = s.Latency, s.Failed
}

// pool books what the threads of a service did, in threads: own work, waiting on
// its edges in order; and how many attempts waited.
func pool(t *sim.Tallies, p *sim.Plan, service int, length des.Time, queue, own float64, waiting ...float64) {
	s := &t.Services[service]
	times := func(x float64) des.Time { return des.Time(x*1000+0.5) * (length / 1000) }
	for _, op := range []*sim.OpTally{&s.OpTally, &s.Operations[0]} {
		op.Working, op.QueueTime, op.QueueMax = times(own), times(queue), uint64(2*queue)
		for k, w := range waiting {
			op.WaitingOn[k].Time = times(w)
		}
	}
	if n := p.Topology.Services[service].Threads; n != topology.Unlimited {
		s.Capacity = length * des.Time(n*p.Topology.Services[service].Instances)
		s.Idle = s.Capacity - s.Held()
	}
	s.Instances[0].Held, s.Instances[0].Capacity = s.Held(), s.Capacity/des.Time(len(s.Instances))
}

// attempts books what arrived at a service's first operation.
func attempts(t *sim.Tallies, service int, length des.Time, good, failed int) {
	s := &t.Services[service]
	good, failed = good*int(length)/int(second), failed*int(length)/int(second)
	for _, op := range []*sim.OpTally{&s.OpTally, &s.Operations[0]} {
		op.Arrived = uint64(good + failed)
		op.Answers[topology.Success], op.Answers[topology.Error] = uint64(good), uint64(failed)
		op.Latency, op.Waiting = each(good+failed, 10*ms), each(good+failed, 0)
	}
	s.Instances[0].Arrived, s.Instances[0].Answers = s.Arrived, s.Answers
}

// calls books the attempts over an edge.
func calls(t *sim.Tallies, edge int, length des.Time, calls, retries, good int) {
	n := func(k int) uint64 { return uint64(k * int(length) / int(second)) }
	e := &t.Edges[edge]
	e.Calls, e.Attempts, e.Retries = n(calls), n(calls+retries), n(retries)
	e.Outcomes[topology.Success], e.Outcomes[topology.Timeout] = n(good), n(calls+retries-good)
	e.CallOutcomes[topology.Success], e.CallOutcomes[topology.Timeout] = n(good), n(calls-good)
	e.Latency, e.Failed = each(int(n(good)), 15*ms), each(int(n(calls+retries-good)), 300*ms)
	e.Tries = []uint64{n(calls - retries), n(retries)}
}

// golden holds a text against a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func asText(t *testing.T, r *Report, o TextOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJSON(t *testing.T, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
