package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

// mall is the plan of the tests of queues: buyers ask a front, which publishes an
// order (and a second one, which it can do without) and an event of it. A mailer
// consumes the orders, stats and audit each read all the events; failed takes the
// dead letters of the orders, log is a stream that nobody reads.
//
//	buyers -> front -> orders -> mailer      failed     log
//	                -> events -> stats, audit
func mall() *sim.Plan {
	publish := func(queue int, optional bool) topology.Step {
		return topology.Step{Kind: topology.Message, Publish: &topology.Publish{Queue: queue, Chance: 1, Times: 1, Optional: optional, Keys: 1}}
	}
	consumer := func(name string, queue int) topology.Service {
		return topology.Service{Name: name, Instances: 1, Threads: 2, Blocking: true, Operations: []topology.Operation{{}}, Consumes: []topology.Consume{{Queue: queue, Batch: 1}}}
	}
	t := &topology.Topology{
		Services: []topology.Service{
			{Name: "front", Instances: 1, Threads: 4, Blocking: true, Queue: 100, Operations: []topology.Operation{
				{Steps: []topology.Step{publish(orders, false), publish(events, false), publish(orders, true)}}}},
			consumer("mailer", orders), consumer("stats", events), consumer("audit", events),
		},
		Queues: []topology.Queue{
			{Name: "orders", Capacity: topology.Unlimited, DeadLetter: failed, MaxReceives: 3},
			{Name: "failed", Capacity: topology.Unlimited, DeadLetter: topology.None},
			{Name: "events", Kind: topology.Stream, Partitions: 2, DeadLetter: topology.None},
			{Name: "log", Kind: topology.Stream, Partitions: 1, DeadLetter: topology.None},
		},
	}
	t.Index()
	return &sim.Plan{
		Name: "mall", Seed: 7, Duration: 12 * second, Warmup: 2 * second, Interval: second, Topology: t,
		Sources: []sim.Source{{Name: "buyers", Kind: sim.Open, Instances: 1, Rate: 100, Edge: &topology.Edge{
			From: topology.OpRef{Service: -1, Op: -1}, ID: "buyers->front", Chance: 1, Times: 1}}},
		Faults: []sim.Fault{
			{Name: "slow-mail", Kind: sim.Slow, On: "mailer", Ops: []topology.OpRef{{Service: mailer}}, Factor: 10, From: 4 * second, Until: 6 * second},
			{Name: "again", Kind: sim.Redrive, On: "failed", Queues: []int{failed}, To: orders, From: 9 * second, Until: 9 * second},
			{Name: "back", Kind: sim.Rewind, On: "events", Queues: []int{events}, Group: stats, By: 3 * second, From: 8 * second, Until: 8 * second},
		},
	}
}

// longMall is the mall for two minutes, with the warm-up and the first fault as in shop.
func longMall() *sim.Plan {
	p := mall()
	p.Duration, p.Warmup = 120*second, 10*second
	p.Faults = p.Faults[:1]
	p.Faults[0].From, p.Faults[0].Until = 30*second, 50*second
	return p
}

// Indexes of mall.
const (
	front, mailer, stats, audit                = 0, 1, 2, 3
	orders, failed, events, wholeLog           = 0, 1, 2, 3
	buyers                                     = 0
	firstOrder, anEvent, anotherOrder          = 0, 1, 2
	perSecondOfMall                            = 100
	answered, doneAfter               des.Time = 20 * ms, 300 * ms
)

// through books a second's messages of a queue or group: so many handed out,
// acknowledged after done, waiting and held on average, and the age of the oldest.
func through(g *sim.GroupTally, length des.Time, delivered, acknowledged int, waiting, held float64, age des.Time) {
	n := func(k int) uint64 { return uint64(k * int(length) / int(second)) }
	g.Delivered, g.Acknowledged = n(delivered), n(acknowledged)
	g.WaitingTime, g.HeldTime = des.Time(waiting*1000+0.5)*(length/1000), des.Time(held*1000+0.5)*(length/1000)
	g.DepthMax, g.LagMax = uint64(2*waiting), uint64(2*waiting+held)
	g.AgeMean, g.AgeMax = float64(age), 2*age
	g.Latency = each(int(n(acknowledged)), doneAfter)
}

// selling is the mall on a good day.
func selling(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	return func(from, to des.Time, t *sim.Tallies) {
		length := to - from
		k := int(length) * perSecondOfMall / int(second)
		requests(t, buyers, length, perSecondOfMall, perSecondOfMall)
		t.Sources[buyers].Completion = each(k, doneAfter)
		pool(t, p, front, length, 0, 1)
		attempts(t, front, length, perSecondOfMall, 0)
		for _, op := range []*sim.OpTally{&t.Services[front].OpTally, &t.Services[front].Operations[0]} {
			op.Completion = each(k, doneAfter-answered)
			op.Publishing[firstOrder].Time, op.Publishing[anEvent].Time, op.Publishing[anotherOrder].Time = length/8, 0, length/16
		}
		for i := range t.Publishes {
			t.Publishes[i].Published = uint64(k)
		}
		for _, s := range []int{mailer, stats, audit} {
			pool(t, p, s, length, 0, 0.5)
			attempts(t, s, length, perSecondOfMall, 0)
		}
		t.Queues[orders].Published = uint64(2 * k)
		through(&t.Queues[orders].GroupTally, length, 2*perSecondOfMall, 2*perSecondOfMall, 1, 0.5, 5*ms)
		e := &t.Queues[events]
		e.Published = uint64(k)
		for g := range e.Groups {
			through(&e.Groups[g], length, perSecondOfMall, perSecondOfMall, 0, 0.5, 0)
			for i := range e.Groups[g].Partitions {
				p := &e.Groups[g].Partitions[i]
				p.LagTime, p.LagMax, p.Acknowledged = length/4, 1, uint64(k/2)
			}
		}
		topOf(e)
	}
}

// topOf makes a stream's own numbers of its groups', as far as they are sums.
func topOf(q *sim.QueueTally) {
	q.GroupTally = sim.GroupTally{}
	for i := range q.Groups {
		x, y := &q.GroupTally, &q.Groups[i]
		x.Delivered += y.Delivered
		x.Redelivered += y.Redelivered
		x.Duplicates += y.Duplicates
		x.Acknowledged += y.Acknowledged
		x.DeadLettered += y.DeadLettered
		x.Dropped += y.Dropped
		x.Latency = hist.Merged(x.Latency, y.Latency)
	}
}

// rushed books something under every key that a report has of queues: between 4s and
// 7s half of the orders come twice and are not done in time, some are given up; the
// stats fall behind, most on the second partition.
func rushed(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := selling(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from < 4*second || from >= 7*second {
			return
		}
		length := to - from
		o := &t.Queues[orders]
		o.Full, o.Refused, o.TimedOut, o.Redriven = 10, 20, 5, 3
		through(&o.GroupTally, length, 150, 100, 80, 2, 2*second)
		o.Redelivered, o.Duplicates, o.DeadLettered, o.Dropped = 50, 40, 7, 4
		t.Queues[failed].Published = 7
		t.Queues[failed].WaitingTime, t.Queues[failed].DepthMax = 14*length, 14
		first := &t.Publishes[firstOrder]
		first.Failed = [topology.NumOutcomes]uint64{topology.Rejected: 10, topology.Refused: 20, topology.Timeout: 4, topology.Cancelled: 1}
		first.Published, first.Blocked = 65, 30
		g := &t.Queues[events].Groups[0] // stats
		through(g, length, 60, 40, 50, 1, 3*second)
		g.Dropped = 2
		g.Partitions[1].LagTime, g.Partitions[1].LagMax, g.Partitions[1].Lag = 45*length, 60, 58
		topOf(&t.Queues[events])
		t.Sources[buyers].Completion, t.Sources[buyers].Lost = each(60, 2*second), 12
		for _, op := range []*sim.OpTally{&t.Services[front].OpTally, &t.Services[front].Operations[0]} {
			op.Completion, op.Lost = each(60, 2*second), 12
			op.Publishing[firstOrder].Time = 2 * length
			op.Working = length
		}
		pool(t, p, mailer, length, 0, 2)
		attempts(t, mailer, length, 100, 20)
	}
}

// TestQueued holds what the golden report says of queues against numbers reckoned by
// hand: ten seconds, of which three are rushed.
func TestQueued(t *testing.T) {
	var all map[string]any
	if err := json.Unmarshal(asJSON(t, goldenRun(t, "queued")), &all); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"queues.orders.published": 2000.0, "queues.orders.rejected": 105.0, "queues.orders.rejections": map[string]any{"full": 30.0, "outage": 60.0, "timeout": 15.0},
		"queues.orders.delivered": 1850.0, "queues.orders.redelivered": 150.0, "queues.orders.duplicates": 120.0, "queues.orders.acknowledged": 1700.0,
		"queues.orders.dead_lettered": 21.0, "queues.orders.dropped": 12.0, "queues.orders.waiting": 2000.0 - 1700 - 33, "queues.orders.held": 0.0, "queues.orders.lag": 267.0, "queues.orders.redriven": 9.0,
		"queues.orders.depth_mean": 24.7, "queues.orders.depth_max": 160.0, "queues.orders.lag_mean": 25.65, "queues.orders.lag_max": 162.0,
		"queues.orders.age_mean_s": (7*0.005 + 3*2) / 10, "queues.orders.age_max_s": 4.0, "queues.orders.drain_s": nil, "queues.orders.latency.count": 1700.0, "queues.orders.latency.max_s": 0.3,
		"queues.orders.published_rate": 200.0, "queues.orders.acknowledged_rate": 170.0, "queues.orders.groups": map[string]any{},
		"queues.orders.publishers.front->orders":   map[string]any{"published": 7*100.0 + 3*65, "failed": map[string]any{"rejected": 30.0, "refused": 60.0, "timeout": 12.0, "cancelled": 3.0}, "blocked": 90.0},
		"queues.orders.publishers.front->orders#2": map[string]any{"published": 1000.0, "failed": map[string]any{}, "blocked": 0.0},
		"queues.failed.published":                  21.0, "queues.failed.lag": 21.0, "queues.failed.depth_max": 14.0, "queues.failed.publishers": map[string]any{},
		// Of a stream sums, and of lag, depth and ages the worst group's.
		"queues.events.published": 1000.0, "queues.events.delivered": 880.0 + 1000, "queues.events.acknowledged": 820.0 + 1000, "queues.events.dropped": 6.0, "queues.events.latency.count": 1820.0,
		"queues.events.waiting": 174.0, "queues.events.lag": 174.0, "queues.events.depth_mean": 15.0, "queues.events.lag_mean": 15.65, "queues.events.depth_max": 100.0, "queues.events.lag_max": 101.0, "queues.events.age_max_s": 6.0,
		"queues.events.groups.stats.acknowledged": 820.0, "queues.events.groups.stats.lag": 174.0, "queues.events.groups.audit.lag": 0.0, "queues.events.groups.audit.lag_mean": 0.5, "queues.events.groups.audit.drain_s": 0.0,
		"queues.events.groups.stats.partitions.1": map[string]any{"lag": 0.0, "lag_mean": (7*0.25 + 3*45) / 10, "lag_max": 60.0, "acknowledged": 500.0}, "queues.events.groups.stats.partitions.2": nil,
		"queues.log.published": 0.0, "queues.log.drain_s": 0.0, "queues.log.groups": map[string]any{},
		"services.front.thread_time_s.publishing": map[string]any{"orders": 7*(1/8.0+1/16.0) + 3*(2+1/16.0), "events": 0.0}, "services.mailer.thread_time_s.publishing": map[string]any{},
		"sources.buyers.completion.count": 880.0, "sources.buyers.completion.mean_s": (700*0.3 + 180*2) / 880, "sources.buyers.completion_lost": 36.0, "sources.buyers.completion_unfinished": 84.0,
		"services.front.completion.count": 880.0, "services.front.completion_lost": 36.0, "services.front.completion.max_s": 2.0,
		"services.mailer.completion.count": 7*100.0 + 3*120, "services.mailer.completion_lost": 0.0, // it publishes nothing: its latency
		"faults.1": map[string]any{"name": "again", "kind": "redrive", "on": "failed", "to": "orders", "from_s": 9.0, "to_s": 9.0},
		"faults.2": map[string]any{"name": "back", "kind": "rewind", "on": "events", "group": "stats", "by_s": 3.0, "from_s": 8.0, "to_s": 8.0},

		"timeline.queues.orders.depth.5": 80.0, "timeline.queues.orders.age_s.5": 2.0, "timeline.queues.orders.held.5": 2.0, "timeline.queues.orders.lag.5": 82.0,
		"timeline.queues.orders.published.5": 200.0, "timeline.queues.orders.acknowledged.5": 100.0, "timeline.queues.orders.drain_s.5": nil, "timeline.queues.orders.groups": map[string]any{},
		"timeline.queues.events.held.5": 1.5, "timeline.queues.events.lag.5": 51.0, "timeline.queues.events.acknowledged.5": 140.0, "timeline.queues.events.groups.stats.lag.5": 51.0,
		"timeline.queues.events.groups.stats.partitions.1.5": 45.0, "timeline.queues.events.groups.audit.partitions.1.5": 0.25, "timeline.queues.failed.drain_s.0": 0.0, "timeline.queues.log.depth.11": 0.0,
	} {
		got := lookUp(all, path)
		if a, ok := got.(float64); ok {
			if b, ok := want.(float64); ok && math.Abs(a-b) <= 1e-12*math.Abs(b) {
				continue
			}
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestDrain: a lag is gone after the time that it takes at the rates of late.
func TestDrain(t *testing.T) {
	for _, row := range []struct {
		lag        float64
		came, left uint64
		length     des.Time
		want       float64
	}{
		{0, 10, 5, second, 0}, {4800, 80, 100, second, 240}, {4800, 160, 200, 2 * second, 240}, {1, 100, 100, second, -1}, {1, 101, 100, second, -1},
	} {
		if got := drain(row.lag, row.came, row.left, row.length); got != row.want {
			t.Errorf("%v: got %v", row, got)
		}
	}
	// A stream's is that of the group which lags most; one that stands at two messages says
	// nothing about it.
	s := QueueSeries{Published: []uint64{80, 80}, Readers: []ReaderSeries{
		{Depth: []float64{0, 4798}, Held: []float64{2, 2}, left: []uint64{80, 100}},
		{Depth: []float64{0, 0}, Held: []float64{2, 2}, left: []uint64{80, 80}},
	}}
	if standing, draining := s.Drain(0, second), s.Drain(1, second); standing != -1 || draining != 240 {
		t.Errorf("drained in %v and %v, want -1 and 240", standing, draining)
	}
	groups := []Reader{{Lag: 2, Drain: -1}, {Lag: 4800, Drain: 240}, {Lag: 1, Drain: 5}}
	if got := worstOf(Reader{}, groups); got.Drain != 240 || got.Lag != 4800 {
		t.Errorf("a lag of %d drained in %v, want 4800 and 240", got.Lag, got.Drain)
	}
}

// tenOfMall is the mall for ten seconds, without warm-up.
func tenOfMall() *sim.Plan {
	p := mall()
	p.Duration = 10 * second
	p.Warmup = 0
	p.Faults = []sim.Fault{{Name: "payment-slow", Kind: sim.Slow, On: "mailer", Ops: []topology.OpRef{{Service: mailer}}, Factor: 10, From: 4 * second, Until: 8 * second}}
	return p
}

// sold is rushed, but in the end all is done or given up.
func sold(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	rush := rushed(p)
	return func(from, to des.Time, t *sim.Tallies) {
		rush(from, to, t)
		if o := &t.Queues[orders]; o.Dropped > 0 {
			o.Acknowledged, o.Latency = 189, each(189, doneAfter)
			t.Sources[buyers].Completion = each(88, 2*second)
		}
	}
}

// queueValues are what sold comes to: three of the ten seconds are rushed, and three
// of the four in the window. 12 of 1,979 orders are lost, in the window of 779. Of a stream the stats are the worst group.
var queueValues = []value{
	{"buyers.completion.p50", 0.3, 2},
	{"buyers.completion.p90", 2, 2},
	{"buyers.completion.mean", unmet, unmet},
	{"buyers.completion.max", unmet, unmet},
	{"buyers.completion.lost", 0.036, 0.09},
	{"orders.p50", 0.3, 0.3},
	{"orders.p90", 0.3, 0.3},
	{"orders.p95", 0.3, 0.3},
	{"orders.p99", 0.3, unmet},
	{"orders.p999", unmet, unmet},
	{"orders.mean", unmet, unmet},
	{"orders.max", unmet, unmet},
	{"orders.depth", 24.7, (1 + 3*80) / 4.0},
	{"orders.depth.max", 160, 160},
	{"orders.age.max", 4, 4},
	{"orders.lag", 25.65, (1.5 + 3*82) / 4},
	{"orders.lag.max", 162, 162},
	{"orders.dead_lettered", 21, 21},
	{"orders.redelivered", 150, 150},
	{"orders.duplicates", 120, 120},
	{"orders.dropped", 12, 12},
	{"orders.published", 2000, 800},
	{"orders.acknowledged", 7*200 + 3*189, 200 + 3*189},
	{"orders.rejected", 105, 105},
	{"events.depth", 15, 3 * 50 / 4.0},
	{"events.depth.max", 100, 100},
	{"events.age.max", 6, 6},
	{"events.lag", (7*0.5 + 3*51) / 10, (0.5 + 3*51) / 4},
	{"events.lag.max", 101, 101},
	{"events.dropped", 6, 6},
	{"events.acknowledged", 2*700 + 3*140, 200 + 3*140},
	// The groups of the stream, each by itself.
	{"events.stats.p50", 0.3, 0.3},
	{"events.stats.p90", 0.3, 0.3},
	{"events.stats.p95", 0.3, 0.3},
	{"events.stats.p99", 0.3, unmet},
	{"events.stats.p999", unmet, unmet},
	{"events.stats.mean", unmet, unmet},
	{"events.audit.max", 0.3, 0.3},
	{"events.stats.depth", 15, 3 * 50 / 4.0},
	{"events.stats.depth.max", 100, 100},
	{"events.audit.depth.max", 0, 0},
	{"events.stats.age.max", 6, 6},
	{"events.audit.age.max", 0, 0},
	{"events.stats.lag", (7*0.5 + 3*51) / 10, (0.5 + 3*51) / 4},
	{"events.audit.lag", 0.5, 0.5},
	{"events.stats.lag.max", 101, 101},
	{"events.stats.dropped", 6, 6},
	{"events.audit.dropped", 0, 0},
	{"events.stats.dead_lettered", 0, 0},
	{"events.stats.redelivered", 0, 0},
	{"events.stats.duplicates", 0, 0},
	{"events.stats.acknowledged", 700 + 3*40, 100 + 3*40},
	{"events.audit.acknowledged", 1000, 400},
	{"failed.depth", 4.2, 10.5},
	{"failed.published", 21, 21},
}

// TestUnjudgedQueues: what is about messages that never were is not met, and says
// why; a count may be none, and where nothing died nothing waits among the dead.
func TestUnjudgedQueues(t *testing.T) {
	for _, row := range []struct {
		name   string
		script func(*sim.Plan) func(from, to des.Time, t *sim.Tallies)
		want   map[string]string // why, or "" for a number
	}{
		{"dead", func(*sim.Plan) func(from, to des.Time, t *sim.Tallies) { return func(_, _ des.Time, _ *sim.Tallies) {} }, map[string]string{
			"buyers.completion.p99 < 1h": "no request was done", "front.completion.lost < 1": "no attempt was done", "orders.p99 < 1h": "no message was acknowledged",
			"orders.depth < 1": "no message reached it", "orders.age.max < 1h": "no message reached it", "orders.lag.max < 1": "no message reached it during payment-slow", "failed.depth.max < 1": "no message reached it",
			"orders.dropped == 0": "", "orders.published == 0": ""}},
		{"out", func(*sim.Plan) func(from, to des.Time, t *sim.Tallies) {
			return func(_, _ des.Time, t *sim.Tallies) { t.Queues[orders].Refused = 10 }
		}, map[string]string{"orders.depth < 1": "all publishes were turned away", "orders.rejected == 100": ""}},
		{"well", selling, map[string]string{"failed.depth.max < 1": "", "failed.p99 < 1h": "no message was acknowledged", "log.lag < 1": "no message reached it"}},
		{"stalled", func(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) { // from 4s on nothing is done
			well := selling(p)
			return func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				if from >= 4*second {
					through(&t.Queues[orders].GroupTally, to-from, 0, 0, 500, 0, second)
					through(&t.Queues[events].Groups[1], to-from, 0, 0, 500, 0, second)
					t.Sources[buyers].Completion = nil
					t.Services[front].Completion = nil
				}
			}
		}, map[string]string{
			"buyers.completion.p99 < 1h": "600 of 1,000 requests were never done", "front.completion.p99 < 1h": "600 of 1,000 attempts were never done", "buyers.p99 < 1h": "",
			"orders.p99 < 1h": "1,200 of 2,000 messages were never done", "events.p99 < 1h": "600 of 2,600 messages were never done",
			"events.audit.p99 < 1h": "600 of 1,000 messages were never done", "events.stats.p99 < 1h": "",
			"orders.p99 < 1h from 2s to 8s": "800 messages were not done by 8s, and 400 done"}},
	} {
		p := tenOfMall()
		var texts []string
		for text, why := range row.want {
			if window := " during payment-slow"; strings.HasSuffix(why, window) {
				delete(row.want, text)
				text += window
				row.want[text] = strings.TrimSuffix(why, window)
			}
			texts = append(texts, text)
		}
		for _, j := range run(t, p, p.Duration, texts, row.script(p)).Expectations {
			if want := row.want[j.Text]; j.Why != want || j.Pass != (want == "") {
				t.Errorf("%s: %s: got %q (%v), want %q", row.name, j.Text, j.Why, j.Pass, want)
			}
		}
	}
}

// TestUnfinished: what is not done at the end is a share of all that succeeded.
func TestUnfinished(t *testing.T) {
	p := tenOfMall()
	sell := selling(p)
	r := run(t, p, p.Duration, []string{"buyers.completion.unfinished < 1%", "front.completion.unfinished == 0%", "mailer.completion.unfinished == 0%"}, func(from, to des.Time, t *sim.Tallies) {
		sell(from, to, t)
		t.Sources[buyers].Completion, t.Sources[buyers].Lost = each(49, doneAfter), 1 // of 100
	})
	for i, want := range []float64{0.5, 0, 0} {
		if j := &r.Expectations[i]; !j.Measured || j.Actual != want || j.Pass != (want != 0.5) {
			t.Errorf("%+v, want %v", j, want)
		}
	}
	r = run(t, p, p.Duration, []string{"buyers.completion.unfinished < 1%", "front.completion.unfinished < 1%"}, func(_, _ des.Time, _ *sim.Tallies) {})
	for i, want := range []string{"no request succeeded", "no attempt succeeded"} {
		if j := &r.Expectations[i]; j.Pass || j.Why != want {
			t.Errorf("%+v, want %s", j, want)
		}
	}
}

// TestRecoversOfAnInstant: what takes no time has a time after it, which is not over
// as it begins.
func TestRecoversOfAnInstant(t *testing.T) {
	p := mall()
	p.Faults[1].Every = 2 * second
	for text, want := range map[string]string{
		"buyers recovers within 500ms of again": "source 0 back in 0.5s before [2s,9s) [9s,9.5s,11s) [11s,11.5s,12s)",
		"buyers recovers within 1s of back":     "source 0 back in 1s before [2s,8s) [8s,9s,9s)",
	} {
		e, problems := ParseExpectation(text, p)
		if got := understood(&e); len(problems) > 0 || got != want {
			t.Errorf("%s: got %s (%v), want %s", text, got, problems, want)
		}
	}
}

// TestTroubledQueues: a queue that lost messages, or is behind, has a line, however many
// there are and however little room; one with nothing to tell may be left out. A stream
// for all of whose groups there is no room has one line, with what all of them dropped
// and the worst group's other numbers.
func TestTroubledQueues(t *testing.T) {
	for _, row := range []struct {
		troubled, calm, streams int
		want                    string // the last line
	}{
		{8, 30, 0, "  and 30 more with less to tell"},
		{0, 30, 0, "  and 24 more with less to tell"},
		{25, 0, 0, "  and 5 more that lost messages or are behind"},
		{3, 4, 8, "  and 4 more with less to tell"},
	} {
		p := longMall()
		top := p.Topology
		top.Queues = top.Queues[:0]
		top.Services = top.Services[:1]
		top.Services[0].Operations[0].Steps = nil
		add := func(name string, kind topology.QueueKind, groups int) {
			top.Queues = append(top.Queues, topology.Queue{Name: name, Kind: kind, Capacity: topology.Unlimited, DeadLetter: topology.None, Partitions: 2})
			for g := range groups {
				top.Services = append(top.Services, topology.Service{Name: fmt.Sprintf("%s-%d", name, g), Instances: 1, Threads: 2, Blocking: true,
					Operations: []topology.Operation{{}}, Consumes: []topology.Consume{{Queue: len(top.Queues) - 1, Batch: 1}}})
			}
		}
		for i := range row.troubled {
			add(fmt.Sprintf("lossy%d", i), topology.WorkQueue, 1)
		}
		for i := range row.calm {
			add(fmt.Sprintf("calm%d", i), topology.WorkQueue, 1)
		}
		for i := range row.streams {
			add(fmt.Sprintf("events%d", i), topology.Stream, 3)
		}
		top.Publishes = nil
		top.Index()
		p.Faults = nil
		text := string(asText(t, run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			requests(t, buyers, to-from, perSecondOfMall, perSecondOfMall)
			for i := range t.Queues {
				q := &t.Queues[i]
				q.Published = 100
				through(&q.GroupTally, to-from, 100, 100, 1, 0.5, 5*ms)
				for g := range q.Groups {
					through(&q.Groups[g], to-from, 99-g, 99-g, 1, 0.5, 5*ms)
					q.Groups[g].Dropped = uint64(1 + g)
				}
				switch {
				case i < row.troubled:
					q.Dropped, q.Acknowledged = 1, 99
				case q.Groups != nil:
					topOf(q)
				}
			}
		}), TextOptions{}))
		_, table, _ := strings.Cut(text, "\nQueues ")
		table, _, _ = strings.Cut(table, "\n\n")
		lines := strings.Split(table, "\n")
		if got := lines[len(lines)-1]; got != row.want {
			t.Errorf("%+v: the last line is %q:\n%s", row, got, table)
		}
		for i := range min(row.troubled, maxTroubled) {
			if !strings.Contains(table, fmt.Sprintf("\n  lossy%d ", i)) {
				t.Errorf("%+v: lossy%d has no line:\n%s", row, i, table)
			}
		}
		for i := range row.streams { // 110 seconds; 1, 2 and 3 of each are dropped, 97 is the slowest
			if !strings.Contains(squeeze(table), fmt.Sprintf("\nevents%d, 3 groups 100 97 0%% 660 ", i)) {
				t.Errorf("%+v: events%d has no line of its own:\n%s", row, i, table)
			}
		}
	}
}

// TestLeft: what the text says is left is all that is, also what was published in the
// warm-up, of which the JSON's lag knows nothing.
func TestLeft(t *testing.T) {
	p := longMall()
	well := selling(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		t.Queues[orders].Left = 70
		t.Queues[failed].Left = 3
		t.Queues[events].Groups[1].Left = 50
	})
	text := squeeze(string(asText(t, r, TextOptions{})))
	for _, want := range []string{"\norders 200 200 0% 2 70 ", "\naudit 100 0% 0 50 ", "\nnobody consumes what is left: 3 messages in failed\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if q := &r.Queues[orders]; q.Lag != 0 || q.Left != 70 {
		t.Errorf("a lag of %d, %d left", q.Lag, q.Left)
	}
}

// squeeze leaves one blank between the words of each line.
func squeeze(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}
