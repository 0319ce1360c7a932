package report

import (
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// Bounds of what a Collector keeps, however long the run.
const (
	maxPoints  = 10_000    // points of the timeline
	maxNumbers = 4_000_000 // numbers in all its series together
	maxSpans   = 10_000    // saturated spans
)

// saturatedShare of the threads that are up held on average over an interval is
// saturated; so is one attempt or more waiting on average.
const saturatedShare = 0.95

// A Collector watches a run and keeps what its Report needs: the timeline, the
// saturated spans with what held the threads in them, and for each expectation
// what was seen in its window. It implements sim.Observer.
type Collector struct {
	plan    *sim.Plan
	edges   []*topology.Edge
	leaving [][]int // by service: the ways that leave it, its edges' first
	watches []watch
	reached des.Time // the last sample's end

	timeline Timeline
	services []serviceFold
	sources  []sourceFold
	waits    []edgeFold // by way: an edge, or behind them all a publish step
	queues   []queueFold
	setsOff  publishing
	breakers []breakerFold // by edge
	changes  int           // kept, of breakers and instances

	interval struct{ from, length, judged des.Time } // the one under way; judged: its part after the warm-up
	spans    []saturated                             // closed ones, by their ends
	leftOut  int                                     // spans beyond maxSpans
	failing  []span                                  // when sources failed more than before; in cascade() sorted and apart

	lastFault des.Time // every fault is over then; des.Never with a fault that lasts, or none
}

// A serviceFold is what is summed up of a service.
type serviceFold struct {
	interval struct { // the one under way
		held, up, queue, own, paused des.Time // up: thread time of instances that are
		judgedHeld, judgedCapacity   des.Time // after the warm-up
	}
	point struct { // likewise
		held, capacity, queue, inHand, own des.Time
		latency                            hist.Hist
	}
	open          bool // a saturated span is under way
	span          saturated
	saturationMax float64
	operations    []operationFold
	calm          struct { // before the first fault, after the warm-up
		intervals, saturated, streak, longest int
		held, queue                           float64 // of the worst interval: share of the threads, attempts waiting
	}
	afterFaults struct{ working, wasted des.Time }
	scaled      Autoscale
	changed     des.Time // the last time that an instance came or went; 0: never
}

// An operationFold is an operation's part of its service's pool.
type operationFold struct {
	judgedHeld    des.Time // of the interval under way, after the warm-up
	saturationMax float64
	consumer      *consumerFold // of one that works on messages; nil of the others
}

// An edgeFold is the caller's thread time waiting or backing off on an edge (in a
// point also the time suspended), and what went over it after the last fault.
type edgeFold struct {
	interval, point, span des.Time
	afterFaults           struct{ attempts, retries, hedges, calls, timeouts uint64 }
	calm                  struct{ attempts, hedges uint64 } // before the first fault, after the warm-up
	refused, ejected      times                             // retries, by the budget; instances of the callee
	retries               uint64                            // in the whole run
	all                   outcomes                          // of calls, in the whole run; of publishes those that failed
	doubtful, failing     outcomes                          // of calls, while it is not clear yet whether a source fails; while one did
}

// NewCollector makes a Collector for a run of p, judged by exps, which were parsed
// against p. The plan's Cuts must hold Cuts(exps).
func NewCollector(p *sim.Plan, exps []Expectation) *Collector {
	c := &Collector{
		plan:     p,
		edges:    p.Edges(),
		leaving:  make([][]int, len(p.Topology.Services)),
		services: make([]serviceFold, len(p.Topology.Services)),
		sources:  make([]sourceFold, len(p.Sources)),
	}
	c.waits = make([]edgeFold, len(c.edges)+len(p.Topology.Publishes))
	c.queues = newQueues(p.Topology)
	c.setsOff = setsOff(p.Topology)
	c.breakers = make([]breakerFold, len(c.edges))
	for i, e := range c.edges {
		c.breakers[i].states = make([]topology.BreakerState, breakersOf(p, i, e))
		c.breakers[i].apart = c.apart(i, e)
	}
	for i := len(p.Sources); i < len(c.edges); i++ {
		from := c.edges[i].From.Service
		c.leaving[from] = append(c.leaving[from], i)
	}
	for k, pub := range p.Topology.Publishes {
		c.leaving[pub.From.Service] = append(c.leaving[pub.From.Service], len(c.edges)+k)
	}
	for i := range c.services {
		c.services[i].operations = make([]operationFold, len(p.Topology.Services[i].Operations))
		for _, from := range p.Topology.Services[i].Consumes {
			c.services[i].operations[from.Op].consumer = &consumerFold{}
		}
	}
	for i := range exps {
		c.watches = append(c.watches, newWatch(&exps[i], p))
	}
	c.lastFault = des.Never
	if len(p.Faults) > 0 {
		c.lastFault = 0
		for i := range p.Faults {
			_, end := lastOccurrence(&p.Faults[i], p.Duration)
			if end >= p.Duration {
				end = des.Never
			}
			c.lastFault = max(c.lastFault, end)
		}
	}

	c.timeline = newTimeline(p, c.edges)
	return c
}

// Point is how long a point of the report's timeline is: an interval, or in a long run
// several.
func (c *Collector) Point() des.Time { return c.timeline.Point }

// newTimeline makes room for all the points that a run may come to, each series in
// a part of one array of its kind: nothing grows while the run goes on.
func newTimeline(p *sim.Plan, edges []*topology.Edge) Timeline {
	intervals := divideUp(int64(p.Duration), int64(p.Interval))
	sources, services := int64(len(p.Sources)), int64(len(p.Topology.Services))
	breakers := 0 // edges that have one
	for i, e := range edges {
		if breakersOf(p, i, e) > 0 {
			breakers++
		}
	}
	queueCounts, queueGauges := queueNumbers(p.Topology)
	publishes := len(p.Topology.Publishes)
	series := 1 + 5*sources + 8*services + 5*int64(len(edges)) + int64(breakers+queueCounts+queueGauges+publishes)
	most := max(min(maxPoints, maxNumbers/series), 1)
	coarsened := max(divideUp(intervals, most), 1)
	t := Timeline{Coarsened: int(coarsened), Point: p.Interval * des.Time(coarsened)}

	points := int(divideUp(intervals, coarsened))
	t.Starts = make([]des.Time, 0, points)
	counts := make([]uint64, points*int(3*sources+3*services)+points*(4*len(edges)+queueCounts))
	gauges := make([]float64, points*(int(2*sources+4*services)+breakers+queueGauges))
	times := make([]des.Time, points*(int(services)+len(edges)+publishes))
	for i := range p.Sources {
		t.Sources = append(t.Sources, SourceSeries{Name: p.Sources[i].Name,
			Offered: carve(&counts, points), Succeeded: carve(&counts, points), Failed: carve(&counts, points),
			P50: carve(&gauges, points), P99: carve(&gauges, points)})
	}
	for i := range p.Topology.Services {
		t.Services = append(t.Services, ServiceSeries{Name: p.Topology.Services[i].Name,
			Saturation: carve(&gauges, points), Queue: carve(&gauges, points), InHand: carve(&gauges, points), P99: carve(&gauges, points),
			Arrived: carve(&counts, points), Errors: carve(&counts, points), Ended: carve(&counts, points), own: carve(&times, points)})
	}
	for i, e := range edges {
		t.Edges = append(t.Edges, EdgeSeries{ID: e.ID,
			Attempts: carve(&counts, points), Retries: carve(&counts, points), Failed: carve(&counts, points), Ended: carve(&counts, points), held: carve(&times, points)})
		if breakersOf(p, i, e) > 0 {
			t.Edges[i].Open = carve(&gauges, points)
		}
	}
	for i := range p.Topology.Queues {
		t.Queues = append(t.Queues, newQueueSeries(p.Topology, i, &counts, &gauges, points))
	}
	for range publishes {
		t.blocked = append(t.blocked, carve(&times, points))
	}
	return t
}

// carve takes the room for n numbers off an array, empty yet.
func carve[T any](from *[]T, n int) []T {
	part := (*from)[:0:n]
	*from = (*from)[n:]
	return part
}

func divideUp(a, b int64) int64 { return (a-1)/b + 1 }

// Sample takes in what was seen in a stretch of time.
func (c *Collector) Sample(s *sim.Sample) {
	length := s.To - s.From
	if length <= 0 {
		return
	}
	if s.From%c.timeline.Point == 0 {
		c.beginPoint(s.From)
	}
	if s.From%c.plan.Interval == 0 {
		c.interval.from = s.From
	}
	c.interval.length += length
	afterWarmup := s.From >= c.plan.Warmup
	if afterWarmup {
		c.interval.judged += length
	}
	n := len(c.timeline.Starts) - 1
	// A point that is one sample has that sample's percentiles; only where it is cut up are they merged.
	whole := s.From == c.timeline.Starts[n] && s.To == min(s.From+c.timeline.Point, c.plan.Duration)
	afterFaults := s.From >= c.lastFault
	beforeFaults := len(c.plan.Faults) > 0 && s.From >= c.calmFrom() && s.To <= c.firstFault()

	for i := range s.Sources {
		t, series := &s.Sources[i], &c.timeline.Sources[i]
		ended := outcomes(t.Ended)
		series.Offered[n] += t.Offered
		series.Succeeded[n] += t.Ended[topology.Success]
		series.Failed[n] += ended.all() - t.Ended[topology.Success]
		c.sources[i].interval.add(&t.Ended)
		if beforeFaults {
			c.sources[i].before.add(&t.Ended)
		}
		latency := t.Latency
		if !whole {
			c.sources[i].latency.Merge(latency)
			latency = &c.sources[i].latency
		}
		if whole || s.To == c.pointEnd() {
			series.P50[n], series.P99[n] = seconds(latency, 0.5), seconds(latency, 0.99)
		}
	}
	for i := range s.Services {
		c.sampleService(i, &s.Services[i], length, n, whole, s.To == c.pointEnd(), afterWarmup)
		if afterFaults {
			c.services[i].afterFaults.working += s.Services[i].Working
			c.services[i].afterFaults.wasted += s.Services[i].Wasted
		}
		if s.Services[i].SuspendedTime > 0 {
			c.bookSuspended(i, s)
		}
	}
	for i := range s.Edges {
		t, series := &s.Edges[i], &c.timeline.Edges[i]
		o := outcomes(t.Outcomes)
		series.Attempts[n] += t.Attempts
		series.Retries[n] += t.Retries
		series.Failed[n] += o.failures()
		series.Ended[n] += o.counted()
		c.breakers[i].isOpen(t.Open)
		w := &c.waits[i]
		w.all.add(&t.CallOutcomes)
		w.doubtful.add(&t.CallOutcomes)
		w.retries += t.Retries
		w.refused.add(t.Unpaid, c.interval.from, c.plan.Interval)
		w.ejected.add(t.Ejections, c.interval.from, c.plan.Interval)
		if beforeFaults {
			w.calm.attempts += t.Attempts
			w.calm.hedges += t.Hedges
		}
		if after := &w.afterFaults; afterFaults {
			after.attempts += t.Attempts
			after.retries += t.Retries
			after.hedges += t.Hedges
			after.calls += t.Calls
			after.timeouts += t.Outcomes[topology.Timeout]
		}
	}
	for i := range s.Queues {
		c.sampleQueue(i, &s.Queues[i], length, n, beforeFaults, afterFaults)
	}
	for i := range s.Publishes {
		c.waits[len(c.edges)+i].all.add(&s.Publishes[i].Failed)
		c.waits[len(c.edges)+i].doubtful.add(&s.Publishes[i].Failed)
	}

	endsInterval := s.To%c.plan.Interval == 0 || s.To == c.plan.Duration
	for i := range c.watches {
		c.watches[i].sample(s, endsInterval)
	}
	c.reached = s.To
	if endsInterval {
		c.endInterval()
	}
	if s.To == c.pointEnd() {
		c.endPoint()
	}
}

func (c *Collector) sampleService(i int, t *sim.ServiceTally, length des.Time, n int, whole, endsPoint, afterWarmup bool) {
	f, series := &c.services[i], &c.timeline.Services[i]
	held, own := t.Held(), t.Working+t.Paused
	for _, w := range t.WaitingOn {
		c.waits[w.Edge].interval += w.Time
	}
	for _, b := range t.BackingOff {
		c.waits[b.Edge].interval += b.Time
	}
	for _, p := range t.Publishing {
		c.waits[len(c.edges)+p.Publish].interval += p.Time
	}
	f.interval.held += held
	f.interval.up += t.Capacity - t.Down
	f.interval.queue += t.QueueTime
	f.interval.own += own
	f.interval.paused += t.Paused + t.PausedIdle
	if afterWarmup {
		f.interval.judgedHeld += held
		f.interval.judgedCapacity += t.Capacity
		for k := range t.Operations {
			f.operations[k].judgedHeld += t.Operations[k].Held()
		}
	}
	for k := range f.operations {
		if of := f.operations[k].consumer; of != nil {
			of.interval[topology.Success] += t.Operations[k].Answers[topology.Success]
			of.interval[topology.Error] += t.Operations[k].Answers[topology.Error]
		}
	}
	f.point.held += held
	f.point.capacity += t.Capacity
	f.point.queue += t.QueueTime
	f.point.inHand += held + t.QueueTime + t.SuspendedTime
	f.point.own += own

	answers := outcomes(t.Answers)
	series.Arrived[n] += t.Arrived
	series.Errors[n] += answers.failures()
	series.Ended[n] += answers.counted()
	latency := t.Latency
	if !whole {
		f.point.latency.Merge(latency)
		latency = &f.point.latency
	}
	if whole || endsPoint {
		series.P99[n] = seconds(latency, 0.99)
	}
}

// bookSuspended shares out the time that attempts were suspended over the edges
// that leave the service, by how long the attempts that ended on them took (where
// none ended, by how many were sent). No thread was held, so it says nothing of
// saturation; but it says for whom those wait who wait for this service.
func (c *Collector) bookSuspended(service int, s *sim.Sample) {
	took := func(e int) float64 {
		t := &s.Edges[e]
		return float64(t.Latency.Mean()*float64(t.Latency.Count())) + float64(t.Failed.Mean()*float64(t.Failed.Count()))
	}
	edges := c.leaving[service]
	for len(edges) > 0 && edges[len(edges)-1] >= len(c.edges) { // what a suspended publish waits for is not told apart
		edges = edges[:len(edges)-1]
	}
	sent := func(e int) float64 { return float64(s.Edges[e].Attempts) }
	for _, weight := range []func(int) float64{took, sent} {
		sum := 0.0
		for _, e := range edges {
			sum += weight(e)
		}
		if sum == 0 {
			continue
		}
		for _, e := range edges {
			c.waits[e].point += des.Time(float64(s.Services[service].SuspendedTime) * (weight(e) / sum))
		}
		return
	}
}

func seconds(h *hist.Hist, q float64) float64 {
	if h.Count() == 0 {
		return 0
	}
	return float64(h.Quantile(q)) / 1e9
}

// pointEnd is where the point under way ends.
func (c *Collector) pointEnd() des.Time {
	return min(c.timeline.Starts[len(c.timeline.Starts)-1]+c.timeline.Point, c.plan.Duration)
}

func (c *Collector) beginPoint(at des.Time) {
	t := &c.timeline
	t.Starts = append(t.Starts, at)
	for i := range t.Sources {
		s := &t.Sources[i]
		s.Offered, s.Succeeded, s.Failed = append(s.Offered, 0), append(s.Succeeded, 0), append(s.Failed, 0)
		s.P50, s.P99 = append(s.P50, 0), append(s.P99, 0)
	}
	for i := range t.Services {
		s := &t.Services[i]
		s.Saturation, s.Queue, s.InHand = append(s.Saturation, 0), append(s.Queue, 0), append(s.InHand, 0)
		s.Arrived, s.Errors, s.Ended = append(s.Arrived, 0), append(s.Errors, 0), append(s.Ended, 0)
		s.P99, s.own = append(s.P99, 0), append(s.own, 0)
	}
	for i := range t.Edges {
		e := &t.Edges[i]
		e.Attempts, e.Retries = append(e.Attempts, 0), append(e.Retries, 0)
		e.Failed, e.Ended = append(e.Failed, 0), append(e.Ended, 0)
		e.held = append(e.held, 0)
		if len(c.breakers[i].states) > 0 {
			e.Open = append(e.Open, 0)
		}
	}
	for i := range t.Queues {
		t.Queues[i].beginPoint()
	}
	for i := range t.blocked {
		t.blocked[i] = append(t.blocked[i], 0)
	}
}

// endPoint turns the sums of the point under way into means.
func (c *Collector) endPoint() {
	t := &c.timeline
	n := len(t.Starts) - 1
	length := c.reached - t.Starts[n]
	for i := range c.services {
		f, s := &c.services[i], &t.Services[i]
		s.Saturation[n] = portion(f.point.held, f.point.capacity)
		s.Queue[n] = ratio(f.point.queue, length)
		s.InHand[n] = ratio(f.point.inHand, length)
		s.own[n] = f.point.own
		f.point.held, f.point.capacity, f.point.queue, f.point.inHand, f.point.own = 0, 0, 0, 0, 0
		f.point.latency.Reset()
	}
	for i := range c.sources {
		c.sources[i].latency.Reset()
	}
	t.end = c.reached
	for i := range c.queues {
		c.queues[i].endQueuePoint(&t.Queues[i], n, length)
	}
	for i := range t.blocked {
		w := &c.waits[len(c.edges)+i]
		t.blocked[i][n], w.point = w.point, 0
	}
	for i := range c.edges {
		t.Edges[i].held[n] = c.waits[i].point
		c.waits[i].point = 0
		if b := &c.breakers[i]; len(b.states) > 0 {
			t.Edges[i].Open[n] = b.share(b.point, length)
			b.point = 0
		}
	}
}

// endInterval decides which services were saturated in it, and begins, continues
// and ends their spans.
func (c *Collector) endInterval() {
	iv := &c.interval
	firstFault := c.firstFault()
	c.endSources()
	c.endConsumers()
	for i := range c.services {
		f := &c.services[i]
		held, queue := portion(f.interval.held, f.interval.up), ratio(f.interval.queue, iv.length)
		is := f.interval.up > 0 && float64(f.interval.held) >= saturatedShare*float64(f.interval.up) ||
			f.interval.queue >= iv.length
		if is {
			if !f.open {
				f.open = true
				f.span = saturated{Saturated: Saturated{At: iv.from}, service: i}
			}
			f.span.Until = c.reached
			f.span.own += f.interval.own
			f.span.paused += f.interval.paused
			f.span.held += f.interval.held
			f.span.up += f.interval.up
			f.span.worstHeld, f.span.worstQueue = max(f.span.worstHeld, held), max(f.span.worstQueue, queue)
		} else if f.open {
			c.endSpan(i)
		}
		for _, e := range c.leaving[i] {
			w := &c.waits[e]
			if is {
				w.span += w.interval
			}
			w.point += w.interval
			w.interval = 0
		}
		if iv.judged > 0 {
			f.saturationMax = max(f.saturationMax, portion(f.interval.judgedHeld, f.interval.judgedCapacity))
			for k := range f.operations {
				op := &f.operations[k]
				op.saturationMax = max(op.saturationMax, portion(op.judgedHeld, f.interval.judgedCapacity))
				op.judgedHeld = 0
			}
			if c.reached <= firstFault {
				f.calm.intervals++
				f.calm.held, f.calm.queue = max(f.calm.held, held), max(f.calm.queue, queue)
				if is {
					f.calm.saturated++
					f.calm.streak++
					f.calm.longest = max(f.calm.longest, f.calm.streak)
				} else {
					f.calm.streak = 0
				}
			}
		}
		f.interval.held, f.interval.up, f.interval.queue, f.interval.own, f.interval.paused = 0, 0, 0, 0, 0
		f.interval.judgedHeld, f.interval.judgedCapacity = 0, 0
	}
	iv.from, iv.length, iv.judged = c.reached, 0, 0
}

// firstFault is when the first fault begins; the run's end without one.
func (c *Collector) firstFault() des.Time {
	first := c.plan.Duration
	for i := range c.plan.Faults {
		first = min(first, c.plan.Faults[i].From)
	}
	return first
}

// endSpan closes the saturated span of a service.
func (c *Collector) endSpan(service int) {
	f := &c.services[service]
	f.open = false
	span := f.span
	times := make([]des.Time, len(c.leaving[service]))
	for k, e := range c.leaving[service] {
		times[k] = c.waits[e].span
		c.waits[e].span = 0
	}
	span.cause, span.Share = c.cause(service, span.own, times)
	if len(c.spans) == maxSpans {
		c.leftOut++
		return
	}
	c.spans = append(c.spans, span)
}

// finish ends what is under way where the run ended, or was interrupted.
func (c *Collector) finish() {
	if c.interval.length > 0 {
		c.endInterval()
	}
	c.finishSources()
	c.finishConsumers()
	if n := len(c.timeline.Starts); c.inPoint() {
		for i := range c.sources {
			h := &c.sources[i].latency
			c.timeline.Sources[i].P50[n-1], c.timeline.Sources[i].P99[n-1] = seconds(h, 0.5), seconds(h, 0.99)
		}
		for i := range c.services {
			c.timeline.Services[i].P99[n-1] = seconds(&c.services[i].point.latency, 0.99)
		}
		c.endPoint()
	}
	for i := range c.services {
		if c.services[i].open {
			c.endSpan(i)
		}
	}
}
