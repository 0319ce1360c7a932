package sim

import (
	"time"

	"cascade/sim/des"
	"cascade/topology"
)

// A Plan is everything that decides a run: what exists, who asks for it, what
// breaks and when. The same Plan gives the same run, byte for byte.
//
// A Plan is valid: whoever builds one (package scenarios) has checked it. The
// engine does not check again, and panics where a Plan contradicts itself.
type Plan struct {
	Name        string
	Description string
	Seed        uint64
	Duration    des.Time // the run covers [0, Duration)
	Warmup      des.Time // what begins before it is left out of the totals; 0: nothing is
	Interval    des.Time // length of one Sample
	Topology    *topology.Topology
	Sources     []Source
	Faults      []Fault
	Calm        bool // the faults do not happen; whoever judges the run knows of their times all the same

	// Cuts are further instants at which a Sample ends, so that what happened
	// between two of them can be told exactly. Any order, repeats allowed.
	Cuts []des.Time
}

// Edges are all edges of the plan, the sources' first, in file order, then the
// topology's. An edge's index in faults, samples and transitions is its place here.
func (p *Plan) Edges() []*topology.Edge {
	edges := make([]*topology.Edge, 0, len(p.Sources)+len(p.Topology.Edges))
	for i := range p.Sources {
		edges = append(edges, p.Sources[i].Edge)
	}
	return append(edges, p.Topology.Edges...)
}

// A Source sends requests to an operation.
type Source struct {
	Name      string
	Kind      SourceKind
	Instances int            // client processes, for what is kept per caller instance; at least 1
	Edge      *topology.Edge // From is {-1, -1}; ID is name->target

	Start des.Time // silent before it: what a burst or a trace has before it is left out
	Limit int64    // requests sent in all; 0: no limit

	Rate     float64 // of an Open source: requests a second, before Profile says otherwise
	Arrivals Arrivals
	Profile  []RatePoint // by time, not overlapping

	Users int           // of a Closed source
	Think topology.Dist // of a Closed source

	Burst Burst      // of a Burst source
	Trace []des.Time // of a Trace source, ascending
}

// SourceKind says what makes a Source send.
type SourceKind uint8

// The kinds of Source.
const (
	Open   SourceKind = iota // arrivals at a rate, which do not wait for answers
	Closed                   // users who think, ask, wait for the answer, think
	Bursts                   // many at once
	Trace                    // at given instants
)

// Arrivals is the law of the gaps between the arrivals of an Open source, all of
// mean 1 at unit rate.
type Arrivals struct {
	Kind  ArrivalKind
	K     int     // stages of an ErlangGaps
	P     float64 // of a HyperexponentialGaps: the chance of the short exponential
	Ratio float64 // of a HyperexponentialGaps: how many times the long one's mean is the short one's
}

// ArrivalKind names a law of gaps.
type ArrivalKind uint8

// The laws of gaps.
const (
	PoissonGaps ArrivalKind = iota
	ConstantGaps
	ErlangGaps
	HyperexponentialGaps
)

// A RatePoint changes the rate of an Open source: at once, or in a straight line
// that starts at At and arrives at At+Ramp.
type RatePoint struct {
	At   des.Time
	Rate float64 // requests a second
	Ramp des.Time
}

// A Burst is Count requests at once at At, and again every Every (0: only once).
type Burst struct {
	At    des.Time
	Count int
	Every des.Time
}

// A Fault is something that breaks, and when. What it is on stands in the field
// that fits its Kind; the others are nil.
type Fault struct {
	Name string
	Kind FaultKind
	On   string // the target as written

	Services []int // of a fault on a service: all of its operations
	Ops      []topology.OpRef
	Edges    []int // index into Plan.Edges
	Source   int   // of a Surge: index into Plan.Sources
	Queues   []int // of an Outage, a Poison, a Redrive, a Rewind, or a Latency or Set of a queue: index into Topology.Queues

	From  des.Time // within [0, Duration)
	Until des.Time // at most Duration; of a Redrive and a Rewind, which take no time, From
	Ramp  des.Time // it grows to its full size over this long; 0: at once
	Every des.Time // it comes back this often, each time for Until-From; 0: it does not

	Instances int // of a fault on a service: only so many, the first ones; 0: all

	Add       topology.Dist // of a Latency
	Factor    float64       // of a Slow or Surge
	Rate      float64       // of an Errors, Loss or Poison: share
	AfterWork bool          // of an Errors: the attempt fails after its steps, not before
	To        int           // of a Threads: size of the pool; of a Redrive: index into Topology.Queues
	Group     int           // of a Rewind: the consuming service
	By        des.Time      // of a Rewind: how far back
	Hold      bool          // of a Partition: requests are kept and arrive when it ends
	Set       Settings      // of a Set
}

// FaultKind says what a Fault does.
type FaultKind uint8

// The kinds of Fault. Latency is on operations (Ops), edges (Edges) or queues; Slow and
// Errors on operations; Crash, Pause and Threads on services; Loss and Partition
// on edges; Surge on a source; Set on edges, services, an operation or queues; CacheFlush on
// edges; Outage, Poison and Redrive on queues; Rewind on streams.
const (
	Latency FaultKind = iota
	Slow
	Errors
	Crash
	Pause
	Threads
	Loss
	Partition
	Surge
	Set
	CacheFlush
	Outage  // the broker takes and gives nothing
	Poison  // messages that fail on every delivery
	Redrive // at one instant: what waits in a queue moves to another
	Rewind  // at one instant: a group of a stream goes back and reads again
	NumFaultKinds
)

var faultNames = [NumFaultKinds]string{"latency", "slow", "errors", "crash", "pause", "threads", "loss", "partition", "surge", "set", "cache_flush",
	"outage", "poison", "redrive", "rewind"}

// Instant says whether a fault of that kind takes no time.
func (k FaultKind) Instant() bool { return k == Redrive || k == Rewind }

// String is the fault's key in a file.
func (k FaultKind) String() string { return faultNames[k] }

// Settings are the keys that a Set fault changes; nil: unchanged. Those of an
// edge apply to Fault.Edges, those of a service to Fault.Services, Bulkhead to
// Fault.Ops, those of a queue to Fault.Queues.
type Settings struct {
	Timeout  *time.Duration
	Deadline *time.Duration
	Retry    *topology.Retry
	Network  *topology.Dist
	Overhead *topology.Dist
	Chance   *float64
	Times    *int
	Optional *bool
	Fallback *topology.Dist

	Cache     *topology.Cache
	Limit     *topology.RateLimit // of an edge
	Throttle  *topology.Throttle
	Breaker   *topology.Breaker
	Calls     *int // bulkhead of an edge
	Hedge     *topology.Hedge
	Propagate *bool
	Priority  *topology.Priority

	Threads       *int
	Queue         *int
	Order         *topology.Order
	Balance       *topology.Balance
	HealthCheck   *time.Duration
	Cancel        *bool
	Abandon       *bool               // the key deadline of a service
	RateLimit     *topology.RateLimit // of a service
	AdaptiveLimit *topology.AdaptiveLimit
	Outlier       *topology.Outlier
	Contention    *topology.Contention
	Autoscale     *topology.Autoscale

	Bulkhead *int // of an operation

	// Of a queue or a stream, see topology.Queue. What one is does not change.
	Latency     *topology.Dist
	DeadLetter  *int // index into Topology.Queues
	Capacity    *int
	OnFull      *topology.OnFull
	TTL         *time.Duration
	Visibility  *time.Duration
	MaxReceives *int
	Redelivery  *time.Duration
	Retention   *time.Duration
	OnFailure   *topology.OnFailure
	RetryEvery  *time.Duration
	Rebalance   *time.Duration
	MaxPoll     *topology.MaxPoll
}

// ApplyTo makes of a queue what it is while these settings are in force.
func (s *Settings) ApplyTo(q *topology.Queue) {
	put(&q.Latency, s.Latency)
	put(&q.DeadLetter, s.DeadLetter)
	put(&q.Capacity, s.Capacity)
	put(&q.OnFull, s.OnFull)
	put(&q.TTL, s.TTL)
	put(&q.Visibility, s.Visibility)
	put(&q.MaxReceives, s.MaxReceives)
	put(&q.Redelivery, s.Redelivery)
	put(&q.Retention, s.Retention)
	put(&q.OnFailure, s.OnFailure)
	put(&q.RetryEvery, s.RetryEvery)
	put(&q.Rebalance, s.Rebalance)
	replace(&q.MaxPoll, s.MaxPoll)
}
