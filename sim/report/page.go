package report

import (
	"cmp"
	"slices"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// What a screen shows of one thing: the latest sample in the terms of the totals, and
// what follows from the counts of either.

// ServiceIn is what a sample saw of a service, in the terms of its totals. What only the
// whole run has is left at zero: SaturationMax, Autoscale, and what there is at the end.
func (r *Report) ServiceIn(p *sim.Plan, s *sim.Sample, i int) Service {
	c := &Collector{plan: p, edges: p.Edges()}
	t, of := &s.Services[i], &r.Services[i]
	length := s.To - s.From
	now := Service{Pool: c.pool(of.Name, &t.OpTally, of.Publishes, t.Capacity, length), Unlimited: of.Unlimited}
	now.ThreadTime.Paused = (t.Paused + t.PausedIdle).Seconds()
	now.ThreadTime.Idle, now.ThreadTime.Down = t.Idle.Seconds(), t.Down.Seconds()
	for k := range t.Instances {
		in := &t.Instances[k]
		now.Instances = append(now.Instances, Instance{in.Arrived, in.Answers, portion(in.Held, in.Capacity), in.Down.Seconds()})
	}
	for k := range of.Operations { // an operation without a name is alone, and not listed
		now.Operations = append(now.Operations, c.pool(of.Operations[k].Name, &t.Operations[k], of.Operations[k].Publishes, t.Capacity, length))
	}
	return now
}

// SourceIn is what a sample saw of a source, in the terms of its totals.
func (r *Report) SourceIn(s *sim.Sample, i int) Source {
	t, of := &s.Sources[i], &r.Sources[i]
	ended := outcomes(t.Ended)
	return Source{
		Name: of.Name, Offered: t.Offered, Ended: t.Ended, Attempts: t.Attempts,
		Amplification: ratio(t.Attempts, t.Offered),
		Goodput:       perSecond(t.Ended[topology.Success], s.To-s.From),
		Success:       ratio(t.Ended[topology.Success], ended.all()),
		Latency:       describe(t.Latency),
		Completed:     completed(of.Publishes, t.Latency, t.Completion, t.Lost, 0),
	}
}

// EdgeIn is what a sample saw of an edge, in the terms of its totals. Changes of breakers
// are in the totals only.
func (r *Report) EdgeIn(s *sim.Sample, i int) Edge {
	t, of := &s.Edges[i], &r.Edges[i]
	now := edgeCounts(of.ID, t)
	now.Breaker = Breaker{Callers: of.Breaker.Callers, Open: t.Open.Seconds()}
	if of.Cache != nil {
		now.Cache = &Cache{t.CacheHits, t.CacheMisses, t.Coalesced}
	}
	return now
}

// QueueIn is what a sample saw of a queue, in the terms of its totals. How long it takes
// to drain is in the totals only, at the rates of late.
func (r *Report) QueueIn(p *sim.Plan, s *sim.Sample, i int) Queue {
	t, of := &s.Queues[i], &r.Queues[i]
	length := s.To - s.From
	now := Queue{
		Stream:    of.Stream,
		Published: t.Published, Full: t.Full, Refused: t.Refused, TimedOut: t.TimedOut, Redriven: t.Redriven,
		PublishedRate: perSecond(t.Published, length), AcknowledgedRate: perSecond(t.Acknowledged, length),
	}
	for g, tally := range readerTallies(t, of.Stream) {
		reader := readerCounts(tally)
		reader.DepthMean = ratio(tally.WaitingTime, length)
		reader.LagMean = ratio(tally.WaitingTime+tally.HeldTime, length)
		reader.AgeMean = tally.AgeMean / 1e9
		for k := range tally.Partitions {
			part := &tally.Partitions[k]
			reader.Partitions = append(reader.Partitions, Partition{LagMean: ratio(part.LagTime, length), LagMax: part.LagMax, Acknowledged: part.Acknowledged, left: part.Left})
		}
		if of.Stream {
			reader.Name = of.Groups[g].Name
		}
		now.Groups = append(now.Groups, reader)
	}
	if of.Stream {
		now.Reader = worstOf(readerCounts(&t.GroupTally), now.Groups)
	} else {
		now.Reader, now.Groups = now.Groups[0], nil
	}
	now.Name = of.Name
	for k, publish := range p.Topology.Publishes {
		if publish.Queue == i {
			pt := &s.Publishes[k]
			now.Publishers = append(now.Publishers, Publisher{publish.ID, pt.Published, pt.Failed, pt.Blocked})
		}
	}
	return now
}

// A Use is what a thread does.
type Use uint8

// The uses of threads.
const (
	AtWork     Use = iota // own work, also that of which nobody wants the result any more
	Awaiting              // waits for a call's answer
	BackingOff            // waits before a retry
	Publishing            // waits for the broker's word
	Paused                // stands still, whether it is held or not
	Elsewhere             // of an operation: is held by another one
	Idle                  // is there for whoever comes
	Down                  // is lost to a crash
)

// A Part is how many of a service's threads do one thing.
type Part struct {
	Use     Use
	On      string  // the edge that is waited on or backed off from, or the queue that is published to
	Threads float64 // on average
	Share   float64 // of the threads that there are; of unlimited ones, of those held
}

// Parts are what a service's threads did in a time of that length: their shares come to
// 1, or there are none where no thread did anything. Work, idleness and every edge that
// leaves the service are always there; the others where there is any of it.
func (s *Service) Parts(length des.Time) []Part {
	return s.partsOf(&s.ThreadTime, 0, s.ThreadTime.Paused, length)
}

// OperationParts are what the threads of a service did from where one of its operations
// stands.
func (s *Service) OperationParts(op int, length des.Time) []Part {
	paused, others := s.ThreadTime.Paused, 0.0 // paused: what is left of it was not held
	for k := range s.Operations {
		t := &s.Operations[k].ThreadTime
		paused -= t.Paused
		if k != op {
			others += t.held()
		}
	}
	own := &s.Operations[op].ThreadTime
	return s.partsOf(own, others, own.Paused+max(paused, 0), length)
}

// held is the time for which threads were held or, of a service, stood still.
func (t *ThreadTime) held() float64 {
	sum := t.Working + t.Paused
	for _, w := range t.Waiting {
		sum += w.Seconds
	}
	for _, b := range t.Backoff {
		sum += b.Seconds
	}
	for _, p := range t.Publishing {
		sum += p.Seconds
	}
	return sum
}

func (s *Service) partsOf(t *ThreadTime, others, paused float64, length des.Time) []Part {
	var parts []Part
	var seconds []float64
	all := 0.0
	add := func(use Use, on string, s float64, always bool) {
		if s < float64(time.Nanosecond)/2e9 { // the rest of a difference, or of a pool that shrank while more was held
			s = 0
		}
		if s > 0 || always {
			parts, seconds = append(parts, Part{Use: use, On: on}), append(seconds, s)
			all += s
		}
	}
	add(AtWork, "", t.Working, true)
	for _, w := range t.Waiting {
		add(Awaiting, w.Edge, w.Seconds, true)
	}
	for _, b := range t.Backoff {
		add(BackingOff, b.Edge, b.Seconds, false)
	}
	for _, p := range t.Publishing {
		add(Publishing, p.Queue, p.Seconds, true)
	}
	add(Paused, "", paused, false)
	add(Elsewhere, "", others, false)
	add(Idle, "", s.ThreadTime.Idle, !s.Unlimited)
	add(Down, "", s.ThreadTime.Down, false)
	if all == 0 {
		return nil
	}
	for i := range parts {
		parts[i].Share = seconds[i] / all
		if length > 0 {
			parts[i].Threads = seconds[i] / length.Seconds()
		}
	}
	return parts
}

// A Span is a time in which something was counted.
type Span des.Time

// Judged is the time that the totals are of.
func (r *Report) Judged() Span { return Span(r.judged()) }

// Rate is how many that is a second; 0 in no time at all.
func (s Span) Rate(n uint64) float64 { return perSecond(n, des.Time(s)) }

// Share of a time in seconds, at most 1.
func (s Span) Share(seconds float64) float64 {
	if s <= 0 {
		return 0
	}
	return min(seconds/des.Time(s).Seconds(), 1)
}

// Endings are how attempts, calls or requests ended: counts by topology.Outcome.
type Endings [topology.NumOutcomes]uint64

// Share is the share of them that ended so: of those that were cancelled of all, of the
// others of what was not, as everywhere.
func (e Endings) Share(o topology.Outcome) (share float64, known bool) {
	if o == topology.Cancelled {
		return Share(e[o], (*outcomes)(&e).all())
	}
	return EndedAs(o, (*[topology.NumOutcomes]uint64)(&e))
}

// OutcomeText is an outcome in words.
func OutcomeText(o topology.Outcome) string { return outcomeWords(o) }

// What follows is unknown where there is nothing that it would be a share of.

// Delayed is the share of those that reached an instance that had to wait for a thread.
func (p *Pool) Delayed() (share float64, known bool) { return Share(p.Waited, p.Arrived) }

// WastedShare is the share of the own work that was done in vain.
func (p *Pool) WastedShare() (share float64, known bool) {
	return p.Wasted, p.ThreadTime.Working > 0
}

// TryShares are the shares of calls that ended with their first try, their second, and
// so on; nil where none ended so.
func (d *Edge) TryShares() []float64 {
	all := uint64(0)
	for _, n := range d.Tries {
		all += n
	}
	if all == 0 {
		return nil
	}
	shares := make([]float64, len(d.Tries))
	for k, n := range d.Tries {
		shares[k] = ratio(n, all)
	}
	return shares
}

// RefusedShare is the share of the retries wanted that the budget did not pay for.
func (d *Edge) RefusedShare() (share float64, known bool) {
	return Share(d.RetriesRefused, d.RetriesRefused+d.Retries)
}

// RetryShare and HedgeShare are parts of the attempts.
func (d *Edge) RetryShare() (share float64, known bool) { return Share(d.Retries, d.Attempts) }

// HedgeShare is the part that were a further copy of a try.
func (d *Edge) HedgeShare() (share float64, known bool) { return Share(d.Hedges, d.Attempts) }

// TurnedAwayShare is the share of the tries that a guard of the caller's never let out.
func (d *Edge) TurnedAwayShare(o topology.Outcome) (share float64, known bool) {
	turned := (*outcomes)(&d.TurnedAway)
	return Share(d.TurnedAway[o], d.Attempts+turned.all())
}

// OpenShare is the share of a time that the edge's breakers were open, on average.
func (b *Breaker) OpenShare(s Span) float64 {
	return portion(des.Time(b.Open*1e9+0.5), des.Time(s)*des.Time(b.Callers))
}

// HitShare is the share of the calls that the caches answered.
func (d *Edge) HitShare() (share float64, known bool) { return Share(d.Cache.Hits, d.Calls) }

// CoalescedShare is the share of the calls that waited for another one's answer.
func (d *Edge) CoalescedShare() (share float64, known bool) { return Share(d.Cache.Coalesced, d.Calls) }

// P99Text is the p99 of what is done, in at most seven columns: "never" or "not yet"
// where it lies among what was given up, or is not done; "-" where there is nothing.
func (c *Completed) P99Text() string { return doneCell(c).text }

// Again is the share of the hand-outs that were beyond a message's first.
func (r *Reader) Again() (share float64, known bool) { return Share(r.Redelivered, r.Delivered) }

// A PartitionLag is what a group had not acknowledged of a partition, on average.
type PartitionLag struct {
	Partition int
	Lag       float64
	Share     float64 // of the largest
}

// ByLag are the partitions, those first of which most is left.
func (r *Reader) ByLag() []PartitionLag {
	all := make([]PartitionLag, len(r.Partitions))
	for k := range r.Partitions {
		all[k] = PartitionLag{Partition: k, Lag: r.Partitions[k].LagMean}
	}
	slices.SortStableFunc(all, func(a, b PartitionLag) int { return cmp.Compare(b.Lag, a.Lag) })
	for k := range all {
		if all[0].Lag > 0 {
			all[k].Share = all[k].Lag / all[0].Lag
		}
	}
	return all
}

// DrainText is how long a lag lasts, of a queue with which it is so bad: where it does not
// shrink "growing", or where nothing is wrong "steady", for it comes and goes.
func DrainText(s float64, of Level) string {
	switch {
	case s >= 0:
		return compact(s)
	case of == OK:
		return "steady"
	}
	return "growing"
}

// A Trace is one number of a thing over time, a value a point of the timeline.
type Trace struct {
	Name   string
	Points int
	At     func(n int) float64
	Whole  float64 // what fills it: 1 of a share; 0: the largest so far
	Text   func(float64) string
	Level  func(n int) Level // nil: none is better than another
}

// ServiceTraces are a service's: threads held and waiting room, or of unlimited threads
// what is in hand; errors, p99.
func (r *Report) ServiceTraces(i int) []Trace {
	t := &r.Timeline
	s, n := &t.Services[i], len(t.Starts)
	traces := []Trace{
		{"threads held", n, func(n int) float64 { return s.Saturation[n] }, 1, ShareText, func(n int) Level { return SaturationLevel(s.Saturation[n], 0) }},
		{"waiting", n, func(n int) float64 { return s.Queue[n] }, 0, CountText, func(n int) Level { return WaitingLevel(s.Queue[n]) }},
	}
	if r.Services[i].Unlimited {
		traces = []Trace{{"in hand", n, func(n int) float64 { return s.InHand[n] }, 0, CountText, nil}}
	}
	return append(traces, []Trace{
		{"errors", n, s.ErrorShare, 1, ShareText, func(n int) Level { return ErrorLevel(s.ErrorShare(n)) }},
		{"p99", n, func(n int) float64 { return s.P99[n] }, 0, someTime, nil},
	}...)
}

// EdgeTraces are an edge's: attempts, those that failed, retries, open breakers.
func (r *Report) EdgeTraces(i int) []Trace {
	t := &r.Timeline
	s, n := &t.Edges[i], len(t.Starts)
	traces := []Trace{
		{"attempts/s", n, t.rate(s.Attempts), 0, RateText, nil},
		{"failed", n, s.FailedShare, 1, ShareText, func(n int) Level { return ErrorLevel(s.FailedShare(n)) }},
		{"retries/s", n, t.rate(s.Retries), 0, RateText, nil},
	}
	if s.Open != nil {
		traces = append(traces, Trace{"breakers open", n, func(n int) float64 { return s.Open[n] }, 1, ShareText, func(n int) Level { return OpenLevel(s.Open[n]) }})
	}
	return traces
}

// QueueTraces are a queue's: what is not acknowledged, the age of the oldest, in, done.
func (r *Report) QueueTraces(i int) []Trace {
	t := &r.Timeline
	s, n := &t.Queues[i], len(t.Starts)
	done := "done/s"
	if len(s.Readers) > 1 { // of several groups it is the sum
		done = "done/s by all"
	}
	return []Trace{
		{"not done", n, s.Lag, 0, CountText, nil},
		{"oldest", n, s.Age, 0, SecondsText, nil},
		{"in/s", n, t.rate(s.Published), 0, RateText, nil},
		{done, n, t.rate(s.Acknowledged), 0, RateText, nil},
	}
}

// SourceTraces are a source's: offered, goodput, failures, p99.
func (r *Report) SourceTraces(i int) []Trace {
	t := &r.Timeline
	s, n := &t.Sources[i], len(t.Starts)
	return []Trace{
		{"offered/s", n, t.rate(s.Offered), 0, RateText, nil},
		{"goodput/s", n, t.rate(s.Succeeded), 0, RateText, nil},
		{"failed", n, s.FailedShare, 1, ShareText, func(n int) Level { return ErrorLevel(s.FailedShare(n)) }},
		{"p99", n, func(n int) float64 { return s.P99[n] }, 0, someTime, nil},
	}
}

// rate is a count of each point, a second.
func (t *Timeline) rate(counts []uint64) func(n int) float64 {
	return func(n int) float64 { return t.Rate(n, counts[n]) }
}

// someTime is a latency of a point, of which 0 says that there was none.
func someTime(s float64) string {
	if s == 0 {
		return missing
	}
	return compact(s)
}

// TimeText is a number of seconds out of a distribution, "-" where that is empty.
func (d *Distribution) TimeText(s float64) string { return timeCell(d, s).text }

// Time is how long a span is.
func (s Span) Time() des.Time { return des.Time(s) }

// PublishText says how a publish failed.
func PublishText(o topology.Outcome) string { return publishWords(o) }

// MostConcerned are the n services that the story is most about, by their places in the
// report and in its order: those that were saturated out of the ordinary and their roots,
// what had a fault and what suffered, then the others by their worst saturation.
func (r *Report) MostConcerned(n int) []int { return r.mostConcerned(n) }

// Consumers are the services that work on a queue's messages, in file order.
func (q *Queue) Consumers() []string { return slices.Clone(q.consumers) }
