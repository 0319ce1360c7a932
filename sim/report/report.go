// Package report says what a run means. It folds the samples of a run into a
// Report (the JSON contract cascade.report/v1), tells the story of the cascade
// (which service was saturated when, and who is to blame), and judges the run by
// its expectations.
//
// It never asks: everything comes to it as values, through sim.Observer, and it
// keeps copies. It does not know how the run was paced, who watches, or where the
// plan was read from.
//
//	exp, problems := report.ParseExpectation("shoppers.p99 < 400ms", plan)
//	plan.Cuts = report.Cuts([]report.Expectation{exp})
//	c := report.NewCollector(plan, []report.Expectation{exp})
//	… run the plan with c as its observer, up to its totals …
//	r := c.Report(totals)
//	r.WriteText(os.Stdout, report.TextOptions{})
package report

import (
	"math"
	"slices"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// A Report is what a run comes to. Lists are in file order. Times in it are
// virtual; there is no wall-clock time, host or path, so the same run gives the
// same Report. Totals count what began at or after the warm-up; thread time,
// saturation and queues cover the time after it.
type Report struct {
	Name                       string
	Seed                       uint64
	Duration, Warmup, Interval des.Time
	End                        des.Time // how far the run came
	Complete                   bool     // End is Duration
	Verdict                    Verdict
	Events                     uint64
	Fingerprint                uint64
	Expectations               []Judgement
	Sources                    []Source
	Services                   []Service
	Edges                      []Edge
	Queues                     []Queue
	Faults                     []Fault
	Cascade                    Cascade
	Timeline                   Timeline
}

// Verdict is what all expectations come to.
type Verdict uint8

// The verdicts.
const (
	Pass      Verdict = iota // every expectation held; also where there is none
	Fail                     // one or more did not
	Undecided                // none failed, but one needs more runs to be decided, or the run did not come to its end
)

// String is the verdict's name in files and reports.
func (v Verdict) String() string { return [...]string{"pass", "fail", "undecided"}[v] }

// A Judgement is how one expectation came out.
type Judgement struct {
	Text      string
	Pass      bool
	Undecided bool    // too few runs to say, or it is too early to
	Measured  bool    // Actual is a number
	Actual    float64 // seconds, a share, a rate a second, or a number; of a recovery how long it took, in seconds
	Bound     float64 // likewise
	Why       string  // what there is to say beside the numbers

	unit unit
}

// A Distribution describes a hist.Hist, in seconds. Count, mean and maximum are
// exact, percentiles within 1%.
type Distribution struct {
	Count                                       uint64
	Mean, SD, P50, P90, P95, P99, P999, Maximum float64
}

// A Source is a source's totals.
type Source struct {
	Name                string
	Offered             uint64
	Ended               [topology.NumOutcomes]uint64
	InFlight            uint64
	Attempts            uint64
	Amplification       float64      // attempts a request
	Goodput             float64      // successes a second
	Success             float64      // share of those that ended
	Latency, LatencyAll Distribution // of successes; of all that ended
	Completed
}

// Completed is how long it takes, from the start of what succeeds, until all that it
// published is done too, and all that this published.
type Completed struct {
	Completion Distribution // the latency of what publishes nothing
	Lost       uint64       // succeeded, and something published was given up; not in Completion
	Unfinished uint64       // succeeded, and something published is not done at the end
	Publishes  bool         // something may be published

	p99 float64 // seconds, of what is done or lost; Completion's own is of the survivors
}

// undone is what a percentile of all that succeeded is where it lies among what was
// not done: "never" where what was given up is enough for that, else "not yet"; ""
// where it lies among what was done.
func (c *Completed) undone(q float64) string {
	all := c.Completion.Count + c.Lost + c.Unfinished
	below := rankOf(q, all) // as many as must be done for the percentile to be known
	switch {
	case below > all-c.Lost:
		return "never"
	case below > c.Completion.Count:
		return "not yet"
	}
	return ""
}

// rankOf is the rank of a quantile among so many: the smallest part of them that is a
// share q or more.
func rankOf(q float64, n uint64) uint64 {
	return uint64(math.Ceil(q * float64(n) * (1 - 4e-16))) // a hair less, so that 0.99 of 100 is 99 in binary fractions too
}

// nth is the n-th of a distribution by size, from 1 on.
func nth(h *hist.Hist, n uint64) int64 {
	return h.Quantile((float64(n) - 0.5) / float64(h.Count()))
}

// p99OfAll is the p99 of what is done or lost, the lost later than all that is done, in
// seconds; where it lies among them it is the longest of the others.
func p99OfAll(done *hist.Hist, lost uint64) float64 {
	n := done.Count()
	if n == 0 {
		return 0
	}
	return float64(nth(done, min(rankOf(0.99, n+lost), n))) / 1e9
}

// A Pool is what a service and an operation have in common.
type Pool struct {
	Name                             string
	Arrived                          uint64
	Answers                          [topology.NumOutcomes]uint64
	Waiting, InThreads, Suspended    uint64 // at the end
	Waited                           uint64
	HeldMean                         float64 // threads held
	Saturation, Utilization          float64 // shares of the threads: held, at own work; 0 with unlimited ones
	SaturationMax                    float64 // of the worst interval after the warm-up
	QueueMean                        float64
	QueueMax                         uint64
	Wasted                           float64 // share of own work
	ThreadTime                       ThreadTime
	Latency, LatencyAll, WaitingTime Distribution
	Completed
}

// ThreadTime is thread time by cause, in seconds.
type ThreadTime struct {
	Working, Paused  float64
	Waiting, Backoff []EdgeSeconds
	Publishing       []QueueSeconds
	Idle, Down       float64 // of a service
}

// EdgeSeconds is thread time booked to an edge.
type EdgeSeconds struct {
	Edge    string
	Seconds float64
}

// A Service is a service's totals.
type Service struct {
	Pool
	Unlimited  bool // threads
	Instances  []Instance
	Operations []Pool     // none for a service that has only steps
	Autoscale  *Autoscale // nil: it has none

	waste wasteStory
}

// A wasteStory is what explains the work that a service did for callers that had
// given up.
type wasteStory struct {
	lastFirst  bool    // it takes the attempt first that came last
	callersP99 float64 // seconds: of the answers that they waited for, over the edge where it is longest
	hedges     bool    // nearly all of it was for copies that lost a race
	messages   bool    // no source asks it, however far: it was for messages that were done already, or given up
}

// An Instance is an instance's totals.
type Instance struct {
	Arrived    uint64
	Answers    [topology.NumOutcomes]uint64
	Saturation float64
	Down       float64 // seconds
}

// An Edge is an edge's totals.
type Edge struct {
	ID                       string
	Calls, Attempts, Retries uint64
	RetriesRefused           uint64 // by the budget: it did not pay for them
	Hedges                   uint64 // attempts that were a further copy of a try
	Outcomes, CallOutcomes   [topology.NumOutcomes]uint64
	TurnedAway               [topology.NumOutcomes]uint64 // tries never sent, by the guard of the caller's that was against it
	Ejections                uint64                       // times that a caller instance left out an instance of the callee from then on
	CallsUnderWay, UnderWay  uint64
	LateAnswers              uint64
	Tries                    []uint64 // [k]: calls that ended with their k+1-th try
	Latency, LatencyAll      Distribution
	Cache                    *Cache // nil: it has none
	Breaker                  Breaker

	refused, ejected times   // in the whole run: retries by the budget, instances of the callee
	unpaid           float64 // share of the retries that were refused, in the whole run
}

// A Fault is a fault as planned; where it comes back, its first occurrence.
type Fault struct {
	Name, Kind, On string
	Keys           []string // that a set sets, as a file names them; nil: it is no set
	Into           string   // the queue that a redrive moves to
	Group          string   // the service that a rewind is of
	By             des.Time // how far a rewind goes back
	Instances, Of  int      // of the service's Of instances it is on so many; 0: on all; Of 0: an autoscaler says of how many
	Instant        bool     // it takes no time
	From, To       des.Time
	Every          des.Time // 0: it does not come back
	Times          int      // occurrences that began by the report's End
	LastEnd        des.Time // the end of its last occurrence in the plan
}

// A Timeline is the run in points of one interval each, or of several (Coarsened)
// where a point an interval would be too many. Counters count what happened in
// the point, at its own instant; gauges are means over it; percentiles are of what
// ended in it, 0 where nothing did.
type Timeline struct {
	Coarsened int // intervals a point
	Point     des.Time
	Starts    []des.Time
	Sources   []SourceSeries
	Services  []ServiceSeries
	Edges     []EdgeSeries
	Queues    []QueueSeries

	blocked [][]des.Time // of each publish step: thread time blocked on its queue, a point each
	end     des.Time     // how far the run came
}

// A SourceSeries is a source over time.
type SourceSeries struct {
	Name                       string
	Offered, Succeeded, Failed []uint64
	P50, P99                   []float64 // seconds
}

// A ServiceSeries is a service over time.
type ServiceSeries struct {
	Name              string
	Saturation, Queue []float64
	InHand            []float64 // attempts in threads, waiting or suspended
	Arrived           []uint64
	Errors            []uint64 // ended in any other way than success or cancellation
	Ended             []uint64 // as success or error: what was cancelled is neither
	P99               []float64

	own []des.Time // thread time at own work or paused
}

// An EdgeSeries is an edge over time.
type EdgeSeries struct {
	ID                        string
	Attempts, Retries, Failed []uint64
	Ended                     []uint64  // as success or failure: what was cancelled is neither
	Open                      []float64 // share of its caller instances whose breaker was open; nil without one

	held []des.Time // the caller's thread time waiting or backing off on it, and the time suspended
}

// Report folds everything up. It may be called once, at the end of the run or
// where it was interrupted.
func (c *Collector) Report(t *sim.Totals) *Report {
	c.finish()
	p := c.plan
	r := &Report{
		Name: p.Name, Seed: p.Seed, Duration: p.Duration, Warmup: p.Warmup, Interval: p.Interval,
		End: t.To, Complete: t.Complete, Events: t.Events, Fingerprint: t.Fingerprint,
		Timeline: c.timeline,
	}
	length := max(t.To-t.From, 0)
	for i := range p.Sources {
		r.Sources = append(r.Sources, c.sourceTotals(i, &t.Sources[i], length))
	}
	for i := range p.Topology.Services {
		r.Services = append(r.Services, c.serviceTotals(i, &t.Services[i], length))
	}
	for i, e := range c.edges {
		r.Edges = append(r.Edges, c.edgeTotals(i, e, &t.Edges[i]))
	}
	for i := range p.Topology.Queues {
		r.Queues = append(r.Queues, c.queueTotals(i, &t.Queues[i], t.Publishes, length))
	}
	c.explainWaste(r)
	for i := range p.Faults {
		r.Faults = append(r.Faults, c.faultOf(&p.Faults[i], t.To))
	}
	for i := range c.watches {
		r.Expectations = append(r.Expectations, c.watches[i].judge(t, c.reached))
	}
	if !r.Complete {
		r.Verdict = Undecided // what has held so far need not hold to the end
	}
	for i := range r.Expectations {
		switch j := &r.Expectations[i]; {
		case j.Undecided && r.Verdict == Pass:
			r.Verdict = Undecided
		case !j.Pass && !j.Undecided:
			r.Verdict = Fail
		}
	}
	r.Cascade = c.cascade()
	return r
}

func (c *Collector) sourceTotals(i int, t *sim.SourceTally, length des.Time) Source {
	ended := outcomes(t.Ended)
	src := &c.plan.Sources[i]
	return Source{
		Name: src.Name, Offered: t.Offered, Ended: t.Ended, InFlight: t.InFlight, Attempts: t.Attempts,
		Amplification: ratio(t.Attempts, t.Offered),
		Goodput:       perSecond(t.Ended[topology.Success], length),
		Success:       ratio(t.Ended[topology.Success], ended.all()),
		Latency:       describe(t.Latency),
		LatencyAll:    describe(hist.Merged(t.Latency, t.Failed)),
		Completed:     completed(c.setsOff.at(src.Edge.To), t.Latency, t.Completion, t.Lost, t.Unfinished),
	}
}

func completed(publishes bool, latency, completion *hist.Hist, lost, unfinished uint64) Completed {
	if !publishes {
		return Completed{Completion: describe(latency), p99: p99OfAll(latency, 0)}
	}
	return Completed{describe(completion), lost, unfinished, true, p99OfAll(completion, lost)}
}

func (c *Collector) serviceTotals(i int, t *sim.ServiceTally, length des.Time) Service {
	svc := &c.plan.Topology.Services[i]
	s := Service{
		Pool:      c.pool(svc.Name, &t.OpTally, slices.Contains(c.setsOff[i], true), t.Capacity, length),
		Unlimited: svc.Threads == topology.Unlimited,
	}
	s.SaturationMax = c.services[i].saturationMax
	s.ThreadTime.Paused = (t.Paused + t.PausedIdle).Seconds()
	s.ThreadTime.Idle, s.ThreadTime.Down = t.Idle.Seconds(), t.Down.Seconds()
	for k := range t.Instances {
		in := &t.Instances[k]
		s.Instances = append(s.Instances, Instance{in.Arrived, in.Answers, portion(in.Held, in.Capacity), in.Down.Seconds()})
	}
	for k := range t.Operations {
		if name := svc.Operations[k].Name; name != "" {
			op := c.pool(name, &t.Operations[k], c.setsOff[i][k], t.Capacity, length)
			op.SaturationMax = c.services[i].operations[k].saturationMax
			s.Operations = append(s.Operations, op)
		}
	}
	if scales(c.plan, i) {
		s.Autoscale = &c.services[i].scaled
	}
	return s
}

func (c *Collector) pool(name string, t *sim.OpTally, publishes bool, capacity, length des.Time) Pool {
	held := t.Held()
	p := Pool{
		Name: name, Arrived: t.Arrived, Answers: t.Answers,
		Waiting: t.InWaiting, InThreads: t.InThreads, Suspended: t.Suspended, Waited: t.Waited,
		HeldMean:    ratio(held, length),
		Saturation:  portion(held, capacity),
		Utilization: portion(t.Working, capacity),
		QueueMean:   ratio(t.QueueTime, length),
		QueueMax:    t.QueueMax,
		Wasted:      ratio(t.Wasted, t.Working),
		ThreadTime:  ThreadTime{Working: t.Working.Seconds(), Paused: t.Paused.Seconds()},
		Latency:     describe(t.Latency),
		LatencyAll:  describe(hist.Merged(t.Latency, t.Other)),
		WaitingTime: describe(t.Waiting),
		Completed:   completed(publishes, t.Latency, t.Completion, t.Lost, t.Unfinished),
	}
	p.ThreadTime.Publishing = c.publishing(t)
	for _, w := range t.WaitingOn {
		p.ThreadTime.Waiting = append(p.ThreadTime.Waiting, EdgeSeconds{c.edges[w.Edge].ID, w.Time.Seconds()})
	}
	for _, b := range t.BackingOff {
		if b.Time > 0 {
			p.ThreadTime.Backoff = append(p.ThreadTime.Backoff, EdgeSeconds{c.edges[b.Edge].ID, b.Time.Seconds()})
		}
	}
	return p
}

func (c *Collector) edgeTotals(i int, e *topology.Edge, t *sim.EdgeTally) Edge {
	d := edgeCounts(e.ID, t)
	d.Breaker = c.breakers[i].totals(t.Open, c.reached)
	d.refused, d.ejected = c.waits[i].refused, c.waits[i].ejected
	d.unpaid = ratio(d.refused.n, d.refused.n+c.waits[i].retries)
	if hasCache(c.plan, i, e) {
		d.Cache = &Cache{t.CacheHits, t.CacheMisses, t.Coalesced}
	}
	return d
}

// edgeCounts is what is counted of an edge.
func edgeCounts(id string, t *sim.EdgeTally) Edge {
	return Edge{
		ID: id, Calls: t.Calls, Attempts: t.Attempts, Retries: t.Retries, RetriesRefused: t.Unpaid, Hedges: t.Hedges,
		Outcomes: t.Outcomes, CallOutcomes: t.CallOutcomes, TurnedAway: t.TurnedAway, Ejections: t.Ejections,
		CallsUnderWay: t.CallsUnderWay, UnderWay: t.UnderWay, LateAnswers: t.LateAnswers,
		Tries:      append([]uint64(nil), t.Tries...),
		Latency:    describe(t.Latency),
		LatencyAll: describe(hist.Merged(t.Latency, t.Failed)),
	}
}

func (c *Collector) faultOf(f *sim.Fault, end des.Time) Fault {
	of := Fault{Name: f.Name, Kind: f.Kind.String(), On: f.On, From: f.From, To: min(f.Until, c.plan.Duration), Every: f.Every}
	if f.Kind == sim.Set {
		of.Keys = keysOf(&f.Set)
	}
	if s := serviceOf(f); s >= 0 && scales(c.plan, s) {
		of.Instances = f.Instances
	} else if s >= 0 && f.Instances < c.plan.Topology.Services[s].Instances {
		of.Instances, of.Of = f.Instances, c.plan.Topology.Services[s].Instances
	}
	of.Instant = f.Kind.Instant()
	switch f.Kind {
	case sim.Redrive:
		of.Into = c.plan.Topology.Queues[f.To].Name
	case sim.Rewind:
		of.Group, of.By = c.plan.Topology.Services[f.Group].Name, f.By
	}
	_, of.LastEnd = lastOccurrence(f, c.plan.Duration)
	eachOccurrence(f, c.plan.Duration, func(from, _ des.Time) {
		if from < end {
			of.Times++
		}
	})
	return of
}

// serviceOf is the service on some of whose instances a fault is; -1 where it is on all
// that there is.
func serviceOf(f *sim.Fault) int {
	switch {
	case f.Instances == 0:
		return -1
	case len(f.Services) > 0:
		return f.Services[0]
	case len(f.Ops) > 0:
		return f.Ops[0].Service
	}
	return -1
}

func describe(h *hist.Hist) Distribution {
	if h.Count() == 0 {
		return Distribution{}
	}
	var at [5]int64
	h.Quantiles([]float64{0.5, 0.9, 0.95, 0.99, 0.999}, at[:])
	q := func(k int) float64 { return float64(at[k]) / 1e9 }
	return Distribution{
		Count: h.Count(), Mean: h.Mean() / 1e9, SD: h.SD() / 1e9,
		P50: q(0), P90: q(1), P95: q(2), P99: q(3), P999: q(4), Maximum: float64(h.Max()) / 1e9,
	}
}
