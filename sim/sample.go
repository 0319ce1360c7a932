package sim

import (
	"slices"

	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// An Observer is shown a run as it goes on, in time order. What it is handed is
// valid only until it returns; what it wants to keep it copies.
type Observer interface {
	Sample(*Sample)
	Transition(Transition)
}

// A Sample is what was seen in [From, To), everything counted at its own instant.
// Samples follow each other without a gap from 0 to the end of the run. They end
// at every multiple of the plan's interval, at the warm-up's end and at every cut.
type Sample struct {
	From, To des.Time
	Tallies
}

// Totals are what is counted over the whole run after the warm-up: requests,
// calls and attempts that began at or after it, and thread time since then.
type Totals struct {
	From, To    des.Time // the warm-up's end, and how far the run has come
	Complete    bool     // To is the plan's duration
	Events      uint64   // events that ran, warm-up included
	Fingerprint uint64   // a hash over every event that ran
	Tallies
}

// Tallies are counts, distributions and integrals over a span of time, one entry
// a source, service, operation, edge. A service's is that of its operations and
// instances together.
type Tallies struct {
	Sources   []SourceTally  // as in Plan.Sources
	Services  []ServiceTally // as in Topology.Services
	Edges     []EdgeTally    // as in Plan.Edges()
	Queues    []QueueTally   // as in Topology.Queues
	Publishes []PublishTally // as in Topology.Publishes
}

// A SourceTally tells of a source's requests.
type SourceTally struct {
	Offered  uint64                       // began
	Ended    [topology.NumOutcomes]uint64 // by the outcome of the last try
	InFlight uint64                       // of those counted in Offered, not ended at the span's end (Totals only)
	Attempts uint64                       // attempts sent
	Latency  *hist.Hist                   // from the request's start to its success
	Failed   *hist.Hist                   // from the request's start to its failure

	Completion *hist.Hist // of requests that succeeded: from the start until all that they published is done too
	Lost       uint64     // succeeded, and something that they published was given up
	Unfinished uint64     // succeeded, and something that they published is not done at the span's end (Totals only)
}

// A ServiceTally tells of a service.
type ServiceTally struct {
	OpTally              // of all operations together
	Operations []OpTally // as in Service.Operations
	Instances  []InstanceTally
	Capacity   des.Time // thread time that there was: the pools' sizes times time; 0 with unlimited threads
	Idle       des.Time // thread time that nobody used; 0 with unlimited threads
	Down       des.Time // thread time lost to crashes
	PausedIdle des.Time // thread time of paused instances in which no attempt was held (held: OpTally.Paused)
}

// An OpTally tells of an operation, or of all of a service's.
type OpTally struct {
	Arrived uint64                       // attempts that reached an instance, whatever became of them
	Answers [topology.NumOutcomes]uint64 // Success and Error were given by a thread; the others turned away, or were lost
	Waited  uint64                       // got a thread, and had to wait for it
	Latency *hist.Hist                   // from arrival to the answer, of those that a thread answered
	Other   *hist.Hist                   // from arrival to the end, of all others
	Waiting *hist.Hist                   // time in the waiting room of those that got a thread

	InWaiting uint64 // of those counted in Arrived, at the span's end (Totals only), as are the next two
	InThreads uint64
	Suspended uint64 // of a service with Blocking false: no thread held, its calls under way

	// Thread time by cause; together, what was held. Integrals over the span: a
	// thread held for two seconds counts two seconds.
	Working    des.Time   // own work, all of it
	Wasted     des.Time   // the part of Working done when the attempt's caller, or one above it, had given up
	WaitingOn  []EdgeTime // waiting for a call's answer, an entry for each edge that leaves the operation or service, in file order
	BackingOff []EdgeTime // waiting before a retry, likewise
	Paused     des.Time   // held while the instance was paused

	QueueMax uint64 // most attempts in the waiting rooms at once, all instances together

	Publishing []QueueTime // thread time blocked on queues, an entry for each publish step, in file order

	Completion *hist.Hist // of attempts answered with success: from arrival until all that they published is done too
	Lost       uint64     // so answered, and something that they published was given up
	Unfinished uint64     // so answered, and something that they published is not done at the span's end (Totals only)

	QueueTime     des.Time // attempts in the waiting room, integral over the span: divided by its length, the mean queue
	SuspendedTime des.Time // attempts suspended, likewise
}

// An EdgeTime is thread time booked to an edge.
type EdgeTime struct {
	Edge int // index into Plan.Edges()
	Time des.Time
}

// A QueueTime is thread time booked to a publish step.
type QueueTime struct {
	Publish int // index into Topology.Publishes
	Time    des.Time
}

// Held is the thread time that was held, whatever for.
func (t *OpTally) Held() des.Time {
	held := t.Working + t.Paused
	for _, w := range t.WaitingOn {
		held += w.Time
	}
	for _, b := range t.BackingOff {
		held += b.Time
	}
	for _, p := range t.Publishing {
		held += p.Time
	}
	return held
}

// An InstanceTally tells of one instance of a service.
type InstanceTally struct {
	Arrived  uint64
	Answers  [topology.NumOutcomes]uint64
	Held     des.Time // thread time held
	Capacity des.Time // thread time that there was; 0 with unlimited threads
	Down     des.Time // time, not thread time, that the instance was down
}

// An EdgeTally tells of the calls over an edge, and of their attempts.
type EdgeTally struct {
	Calls         uint64                       // began
	CallOutcomes  [topology.NumOutcomes]uint64 // how calls ended
	CallsUnderWay uint64                       // of those counted in Calls, at the span's end (Totals only)
	Attempts      uint64                       // sent
	Retries       uint64                       // attempts that were not a call's first try
	Hedges        uint64                       // attempts that were a further copy of a try
	TurnedAway    [topology.NumOutcomes]uint64 // not sent, by the guard of the caller's that was against it
	Unpaid        uint64                       // retries that the budget did not pay for
	Ejections     uint64                       // times that a caller instance left out an instance of the callee from then on
	CacheHits     uint64                       // calls that the cache answered
	CacheMisses   uint64                       // calls that it did not answer, with a cache
	Coalesced     uint64                       // calls that waited for another one's answer
	Outcomes      [topology.NumOutcomes]uint64 // how attempts ended, as the caller saw it
	UnderWay      uint64                       // of those counted in Attempts, at the span's end (Totals only)
	LateAnswers   uint64                       // answers that came after the caller had given up
	Tries         []uint64                     // [k]: calls that ended with their k+1-th try; those that the cache or another call answered had none
	Open          des.Time                     // that breakers of the edge were open, all caller instances' together
	Latency       *hist.Hist                   // from an attempt's sending to its successful answer
	Failed        *hist.Hist                   // from an attempt's sending to any other end
}

// A QueueTally tells of a queue. Of a stream the GroupTally sums its groups up, and
// Waiting, Left, the times, the most and the ages are the worst group's: of each that of
// the group that has most.
type QueueTally struct {
	Published uint64 // taken by the broker, dead letters and redriven ones too
	Full      uint64 // publishes turned away for want of a place
	Refused   uint64 // publishes turned away because of an outage
	TimedOut  uint64 // publishes that waited too long for a place, or whose publisher went down or was stopped
	Redriven  uint64 // moved to another queue; counted in Acknowledged too

	GroupTally
	Groups []GroupTally // of a stream: as in Topology.Groups; nil of a queue of work
}

// A GroupTally tells what became of the messages of a queue, or of a stream in one
// of its groups.
type GroupTally struct {
	Delivered    uint64 // hand-outs
	Redelivered  uint64 // those beyond a message's first
	Duplicates   uint64 // those made while another delivery of the message was still held
	Acknowledged uint64 // net of those that a rewind has made unread again, in Totals
	DeadLettered uint64 // likewise, as is the next
	Dropped      uint64 // given up: out of room, too old, failed too often without a dead-letter queue, skipped

	Waiting uint64 // not handed out, of those counted in Published, at the span's end (Totals only)
	Held    uint64 // handed out and not acknowledged, likewise
	Left    uint64 // waiting or held at the span's end, whenever published

	WaitingTime des.Time // messages waiting, integral over the span: divided by its length, the mean depth
	HeldTime    des.Time // messages held, likewise
	DepthMax    uint64   // most messages waiting at once
	LagMax      uint64   // most messages waiting or held at once
	AgeMean     float64  // age of the oldest that waits, in ns, averaged over the span; 0 while none does. Of a group that of its worst partition
	AgeMax      des.Time

	Latency *hist.Hist // from publish to acknowledgement

	Partitions []PartitionTally // of a stream's group
}

// Lag is what is not yet acknowledged.
func (t *GroupTally) Lag() uint64 { return t.Waiting + t.Held }

// A PartitionTally tells what a group has left of a partition.
type PartitionTally struct {
	LagTime      des.Time // messages not yet acknowledged, integral over the span
	LagMax       uint64
	Lag          uint64 // at the span's end, of those counted in Published (Totals only)
	Left         uint64 // likewise, whenever published, in Samples too
	Acknowledged uint64
}

// A PublishTally tells of a publish step.
type PublishTally struct {
	Published uint64
	Failed    [topology.NumOutcomes]uint64 // Rejected: full; Refused: outage; Timeout; Cancelled: the publisher went down, or was stopped
	Blocked   uint64                       // had to wait for a place
}

// A Transition is something that changed state.
type Transition struct {
	At       des.Time
	Kind     TransitionKind
	Fault    int // of a fault's: index into Plan.Faults
	Service  int // of an instance's
	Instance int // of a service, or of the caller that has the breaker
	Edge     int // of a breaker's: index into Plan.Edges()
	Queue    int // of a rebalance: index into Topology.Queues
	From, To topology.BreakerState
}

// TransitionKind says what changed.
type TransitionKind uint8

// The kinds of Transition.
const (
	FaultBegan TransitionKind = iota
	FaultEnded                // not sent for a fault that lasts to the end of the run
	InstanceDown
	InstanceUp
	InstanceAdded   // by the autoscaler: it takes attempts from now on
	InstanceRemoved // by the autoscaler: it gets no more attempts
	BreakerChanged  // at the instant of the call, or the result, that made it
	Rebalanced      // the members of a stream's group have changed: Queue, Service
)

// Clone is a copy that shares nothing with t, distributions included: it stays good
// when what an Observer was handed does not.
func (t *Sample) Clone() *Sample {
	return &Sample{From: t.From, To: t.To, Tallies: t.Tallies.clone()}
}

func (t *Tallies) clone() Tallies {
	h := histCopies{}
	c := Tallies{slices.Clone(t.Sources), slices.Clone(t.Services), slices.Clone(t.Edges), slices.Clone(t.Queues), slices.Clone(t.Publishes)}
	for i := range c.Sources {
		r := &c.Sources[i]
		r.Latency, r.Failed, r.Completion = h.of(r.Latency), h.of(r.Failed), h.of(r.Completion)
	}
	for i := range c.Services {
		v := &c.Services[i]
		v.Operations, v.Instances = slices.Clone(v.Operations), slices.Clone(v.Instances)
		v.OpTally.separate(h)
		for k := range v.Operations {
			v.Operations[k].separate(h)
		}
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		e.Tries, e.Latency, e.Failed = slices.Clone(e.Tries), h.of(e.Latency), h.of(e.Failed)
	}
	for i := range c.Queues {
		q := &c.Queues[i]
		q.GroupTally.separate(h)
		q.Groups = slices.Clone(q.Groups)
		for k := range q.Groups {
			q.Groups[k].separate(h)
		}
	}
	return c
}

// separate gives a copied tally lists and distributions of its own.
func (t *OpTally) separate(h histCopies) {
	t.Latency, t.Other, t.Waiting, t.Completion = h.of(t.Latency), h.of(t.Other), h.of(t.Waiting), h.of(t.Completion)
	t.WaitingOn, t.BackingOff, t.Publishing = slices.Clone(t.WaitingOn), slices.Clone(t.BackingOff), slices.Clone(t.Publishing)
}

func (t *GroupTally) separate(h histCopies) {
	t.Latency, t.Partitions = h.of(t.Latency), slices.Clone(t.Partitions)
}

// histCopies are copies of distributions, by their originals: what several tallies have
// in common their copies have in common too.
type histCopies map[*hist.Hist]*hist.Hist

func (c histCopies) of(h *hist.Hist) *hist.Hist {
	if h == nil {
		return nil
	}
	if c[h] == nil {
		c[h] = h.Clone()
	}
	return c[h]
}

// Append makes of t, which is a copy, the sample of its stretch of time and of the next,
// which begins where it ends: the same as if there had been one of both, but for the mean
// age of a group's oldest message. That is of the partition where it is highest, and here of
// the one that was so in each of the two: where those are not the same it is higher, as it
// is in a point of a report's timeline that is of several samples.
func (t *Sample) Append(next *Sample) {
	if next.From != t.To {
		panic("a sample is appended to one that does not end where it begins")
	}
	a, b := float64(t.To-t.From), float64(next.To-next.From)
	t.To = next.To
	h := histSums{}
	for i := range t.Sources {
		t.Sources[i].append(&next.Sources[i], h)
	}
	for i := range t.Services {
		t.Services[i].append(&next.Services[i], h)
	}
	for i := range t.Edges {
		t.Edges[i].append(&next.Edges[i], h)
	}
	for i := range t.Queues {
		q, o := &t.Queues[i], &next.Queues[i]
		q.Published += o.Published
		q.Full += o.Full
		q.Refused += o.Refused
		q.TimedOut += o.TimedOut
		q.Redriven += o.Redriven
		if q.Groups == nil {
			q.GroupTally.append(&o.GroupTally, a, b, h)
			continue
		}
		q.GroupTally = GroupTally{}
		for k := range q.Groups {
			q.Groups[k].append(&o.Groups[k], a, b, h)
			q.add(&q.Groups[k])
		}
		if q.Latency == nil {
			q.Latency = new(hist.Hist)
		}
	}
	for i := range t.Publishes {
		p, o := &t.Publishes[i], &next.Publishes[i]
		p.Published += o.Published
		p.Blocked += o.Blocked
		addEach(&p.Failed, &o.Failed)
	}
}

func addEach(to, more *[topology.NumOutcomes]uint64) {
	for k, n := range more {
		to[k] += n
	}
}

func (t *SourceTally) append(o *SourceTally, h histSums) {
	t.Offered += o.Offered
	t.Attempts += o.Attempts
	t.Lost += o.Lost
	addEach(&t.Ended, &o.Ended)
	t.Latency = h.of(t.Latency, o.Latency)
	t.Failed = h.of(t.Failed, o.Failed)
	t.Completion = h.of(t.Completion, o.Completion)
}

func (t *ServiceTally) append(o *ServiceTally, h histSums) {
	t.OpTally.append(&o.OpTally, h)
	for k := range t.Operations {
		t.Operations[k].append(&o.Operations[k], h)
	}
	for k := range t.Instances {
		in, more := &t.Instances[k], &o.Instances[k]
		in.Arrived += more.Arrived
		addEach(&in.Answers, &more.Answers)
		in.Held += more.Held
		in.Capacity += more.Capacity
		in.Down += more.Down
	}
	t.Capacity += o.Capacity
	t.Idle += o.Idle
	t.Down += o.Down
	t.PausedIdle += o.PausedIdle
}

func (t *OpTally) append(o *OpTally, h histSums) {
	t.Arrived += o.Arrived
	addEach(&t.Answers, &o.Answers)
	t.Waited += o.Waited
	t.Latency = h.of(t.Latency, o.Latency)
	t.Other = h.of(t.Other, o.Other)
	t.Waiting = h.of(t.Waiting, o.Waiting)
	t.Completion = h.of(t.Completion, o.Completion)
	t.Working += o.Working
	t.Wasted += o.Wasted
	t.Paused += o.Paused
	for k := range t.WaitingOn {
		t.WaitingOn[k].Time += o.WaitingOn[k].Time
	}
	for k := range t.BackingOff {
		t.BackingOff[k].Time += o.BackingOff[k].Time
	}
	for k := range t.Publishing {
		t.Publishing[k].Time += o.Publishing[k].Time
	}
	t.QueueMax = max(t.QueueMax, o.QueueMax)
	t.Lost += o.Lost
	t.QueueTime += o.QueueTime
	t.SuspendedTime += o.SuspendedTime
}

func (t *EdgeTally) append(o *EdgeTally, h histSums) {
	t.Calls += o.Calls
	addEach(&t.CallOutcomes, &o.CallOutcomes)
	t.Attempts += o.Attempts
	t.Retries += o.Retries
	t.Hedges += o.Hedges
	addEach(&t.TurnedAway, &o.TurnedAway)
	t.Unpaid += o.Unpaid
	t.Ejections += o.Ejections
	t.CacheHits += o.CacheHits
	t.CacheMisses += o.CacheMisses
	t.Coalesced += o.Coalesced
	addEach(&t.Outcomes, &o.Outcomes)
	t.LateAnswers += o.LateAnswers
	for k, n := range o.Tries {
		if k == len(t.Tries) {
			t.Tries = append(t.Tries, 0)
		}
		t.Tries[k] += n
	}
	t.Open += o.Open
	t.Latency = h.of(t.Latency, o.Latency)
	t.Failed = h.of(t.Failed, o.Failed)
}

// append takes in what came next, where the one was so long and the other so long.
func (t *GroupTally) append(o *GroupTally, length, more float64, h histSums) {
	t.Delivered += o.Delivered
	t.Redelivered += o.Redelivered
	t.Duplicates += o.Duplicates
	t.Acknowledged += o.Acknowledged
	t.DeadLettered += o.DeadLettered
	t.Dropped += o.Dropped
	t.Left = o.Left
	t.WaitingTime += o.WaitingTime
	t.HeldTime += o.HeldTime
	t.DepthMax, t.LagMax = max(t.DepthMax, o.DepthMax), max(t.LagMax, o.LagMax)
	t.AgeMean = (t.AgeMean*length + o.AgeMean*more) / (length + more)
	t.AgeMax = max(t.AgeMax, o.AgeMax)
	t.Latency = h.of(t.Latency, o.Latency)
	for k := range t.Partitions {
		p, of := &t.Partitions[k], &o.Partitions[k]
		p.LagTime += of.LagTime
		p.LagMax = max(p.LagMax, of.LagMax)
		p.Left = of.Left
		p.Acknowledged += of.Acknowledged
	}
}

// histSums are sums of two distributions, by both: several tallies may have them in common,
// and what one has in common in a sample may be its own in the next.
type histSums map[[2]*hist.Hist]*hist.Hist

func (s histSums) of(a, b *hist.Hist) *hist.Hist {
	both := [2]*hist.Hist{a, b}
	if s[both] == nil {
		s[both] = hist.Merged(a, b)
	}
	return s[both]
}
