// Package topology says what exists: services with their thread pools, the
// operations they offer, the call steps that join them, and the queues between them.
// It is plain data.
//
// It leaves out everything that happens when time passes (that is package sim)
// and how a person writes it down (that is package scenarios). A Topology is
// built once, numbered with Index, and read by everyone after that:
//
//	t := &topology.Topology{Services: []topology.Service{
//		{Name: "shop", Instances: 1, Threads: 8, Queue: 100, Blocking: true, Operations: []topology.Operation{
//			{Steps: []topology.Step{{Kind: topology.Work, Work: topology.Constant(5 * time.Millisecond)}}},
//		}},
//	}}
//	t.Index()
package topology

import "time"

// Unlimited, as a number of threads or of places in a waiting room, is no bound.
const Unlimited = -1

// A Topology is the services and queues of a system and the edges between them.
type Topology struct {
	Services []Service
	Queues   []Queue

	// Edges holds every call step, in file order, depth first. Index fills it.
	Edges []*Edge

	// Publishes holds every publish step, likewise.
	Publishes []*Publish
}

// A Service is a set of identical instances, each with a pool of threads and a
// waiting room in front of it.
type Service struct {
	Name       string
	Instances  int  // at least 1
	Threads    int  // per instance, at least 1, or Unlimited
	Blocking   bool // a thread is held while its calls wait
	Queue      int  // places in the waiting room of an instance, 0 for none, or Unlimited
	Order      Order
	Balance    Balance
	Operations []Operation // at least one; a service that has only steps has one, without a name
	Consumes   []Consume   // at most one a queue

	HealthCheck   time.Duration  // an instance that is down leaves the rotation this long after it went down; 0: never
	Cancel        bool           // an attempt whose caller has given up is stopped at once, with all that it has asked of others
	Deadline      bool           // a waiting attempt whose caller has given up is thrown away when a thread reaches it
	RateLimit     *RateLimit     // on admission, an instance; nil: none
	AdaptiveLimit *AdaptiveLimit // on admission, an instance; nil: none
	Outlier       *Outlier       // what makes callers leave an instance out; nil: nothing
	Contention    Contention     // how own work is stretched as load grows
	Autoscale     *Autoscale     // nil: there are always Instances
}

// An Operation is what a service does for one kind of attempt. All operations of
// a service share its threads.
type Operation struct {
	Name     string // "" for the only operation of a service that has just steps
	Bulkhead int    // threads of an instance in this operation at once; 0: no such bound
	Steps    []Step

	// Ref is where the operation stands. Index fills it.
	Ref OpRef
}

// A Step is one thing that an operation does.
type Step struct {
	Kind     StepKind
	Work     Dist     // of a Work step
	Call     *Edge    // of a Call step
	Publish  *Publish // of a Message step
	Parallel []Step   // of a Parallel step: Call and Message steps only
}

// StepKind says what a Step does.
type StepKind uint8

// The kinds of Step.
const (
	Work     StepKind = iota // the thread works
	Call                     // calls another operation and waits
	Parallel                 // runs its steps side by side, ends when all have ended
	Message                  // hands a message to a queue
)

// OpRef points at an operation by its place in the file.
type OpRef struct {
	Service int // index into Topology.Services
	Op      int // index into that service's Operations
}

// An Edge is one call step: who calls whom, and the policies on that call. A
// traffic source has an Edge too, from the source to the operation it asks for.
type Edge struct {
	From OpRef // of a source's edge: {-1, -1}
	To   OpRef

	// ID is the edge's name: checkout->payment, checkout.place->payment.charge
	// between operations that have names, with #2, #3 … for further steps between
	// the same two. Index fills it (a source's edge is named by its source).
	ID string

	Timeout  time.Duration // one attempt's limit, from sending to the answer's arrival; 0: none
	Deadline time.Duration // the whole call's limit, tries and waits included; 0: none
	Retry    Retry
	Protocol string  // "", "rest" or "grpc"; says where Network and Overhead come from
	Network  Dist    // delay of the request and, drawn anew, of the answer
	Overhead Dist    // own work the callee spends on an attempt before its steps (protocol)
	Chance   float64 // share of times that the call is made at all; 1: always
	Times    int     // calls made one after the other; at least 1
	Optional bool    // a failure does not fail the caller
	Needed   bool    // the answer uses its result; changes nothing in a run
	Fallback *Dist   // on failure the thread works this long and goes on; nil: none

	// The guards that an attempt passes before it is sent, in this order. Their state
	// is kept a caller instance.
	Cache     *Cache     // nil: none, as with those that follow
	RateLimit *RateLimit // an attempt waits at most RateLimit.Wait for its turn
	Throttle  *Throttle
	Breaker   *Breaker
	Bulkhead  int // attempts under way at once; 0: no bound

	Hedge     *Hedge   // nil: one copy only
	Propagate bool     // the callee's attempt ends at this caller's time limit
	Priority  Priority // of the attempts
}

// A Retry says when and how often a failed attempt is tried again.
type Retry struct {
	Attempts int           // tries of a call, the first included; 0 and 1 both mean no retry
	Backoff  time.Duration // wait before the first retry
	Factor   float64       // the wait before retry k is min(Max, Backoff·Factor^(k-1))
	Max      time.Duration
	Jitter   Jitter
	On       OutcomeSet // outcomes worth a retry
	Budget   *Budget    // nil: none
}

// Jitter says which part of a backoff is drawn at random.
type Jitter uint8

// The kinds of Jitter, as in M. Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015.
const (
	NoJitter    Jitter = iota
	FullJitter         // uniform from 0 to the wait
	EqualJitter        // half fixed, half uniform
)

// Order says which waiting attempt a free thread takes.
type Order uint8

// The orders of a waiting room.
const (
	FIFO  Order = iota // the one that has waited longest
	LIFO               // the one that came last
	CoDel              // as FIFO, and what has waited too long is turned away: controlled delay
)

// Balance says how callers pick an instance.
type Balance uint8

// The ways to pick an instance.
const (
	RoundRobin    Balance = iota // each caller instance takes its turn, from the first instance on
	Random                       // uniformly
	LeastRequests                // the one with the fewest attempts of this caller instance under way; ties at random
	TwoChoices                   // the better, by that measure, of two drawn at random
)

// Outcome is how an attempt or a call ended.
type Outcome uint8

// The outcomes.
const (
	Success      Outcome = iota
	Error                // the callee failed: an injected error, or a call that it needed failed
	Timeout              // no answer within the limit
	Rejected             // the waiting room was full
	Refused              // the instance was down
	Reset                // the instance crashed while it held the attempt
	RateLimited          // turned away by a rate limit
	Limited              // turned away by an adaptive limit
	BreakerOpen          // turned away by the caller's breaker
	BulkheadFull         // turned away by a bulkhead
	Throttled            // turned away by the caller's throttle
	Cancelled            // the caller gave up, or crashed
	NumOutcomes
)

var outcomeNames = [NumOutcomes]string{"success", "error", "timeout", "rejected", "refused", "reset",
	"rate_limited", "limited", "breaker_open", "bulkhead_full", "throttled", "cancelled"}

// String is the outcome's name in files and reports.
func (o Outcome) String() string { return outcomeNames[o] }

// OutcomeNamed finds an outcome by its name.
func OutcomeNamed(name string) (Outcome, bool) {
	for o, n := range outcomeNames {
		if n == name {
			return Outcome(o), true
		}
	}
	return 0, false
}

// OutcomeSet is a set of outcomes, a bit each.
type OutcomeSet uint16

// RetryDefault is what a retry without `on` repeats: every failure but those
// that the caller's own guards gave, and the cancelled.
const RetryDefault OutcomeSet = 1<<NumOutcomes - 1 - 1<<Success - 1<<BreakerOpen - 1<<BulkheadFull - 1<<Cancelled

// Has says whether o is in the set.
func (s OutcomeSet) Has(o Outcome) bool { return s>>o&1 != 0 }

// With is the set and o.
func (s OutcomeSet) With(o Outcome) OutcomeSet { return s | 1<<o }

// Index numbers the operations and the edges and names the edges. It must be
// called once, after the last change.
func (t *Topology) Index() {
	t.Edges, t.Publishes = t.Edges[:0], t.Publishes[:0]
	seen := map[string]int{}
	for s := range t.Services {
		for o := range t.Services[s].Operations {
			op := &t.Services[s].Operations[o]
			op.Ref = OpRef{s, o}
			t.indexSteps(op, op.Steps, seen)
		}
	}
}

func (t *Topology) indexSteps(op *Operation, steps []Step, seen map[string]int) {
	for i := range steps {
		switch st := &steps[i]; st.Kind {
		case Call:
			e := st.Call
			e.From = op.Ref
			e.ID = numbered(t.OpName(e.From)+"->"+t.OpName(e.To), seen)
			t.Edges = append(t.Edges, e)
		case Message:
			t.indexPublish(op, st.Publish, seen)
		case Parallel:
			t.indexSteps(op, st.Parallel, seen)
		}
	}
}

// Op is the operation that r points at.
func (t *Topology) Op(r OpRef) *Operation { return &t.Services[r.Service].Operations[r.Op] }

// OpName is the operation's name in files and reports: the service's alone for a
// service that has only steps, else service.operation.
func (t *Topology) OpName(r OpRef) string {
	s := &t.Services[r.Service]
	if op := s.Operations[r.Op].Name; op != "" {
		return s.Name + "." + op
	}
	return s.Name
}

// Cycle finds a cycle of call steps among operations and returns its edges in
// order, or nil where every call ends. Services may call each other in a circle
// as long as their operations do not.
func (t *Topology) Cycle() []*Edge {
	out := map[OpRef][]*Edge{}
	for _, e := range t.Edges {
		out[e.From] = append(out[e.From], e)
	}
	done := map[OpRef]bool{}
	type frame struct {
		op   OpRef
		next int
	}
	for s := range t.Services {
		for o := range t.Services[s].Operations {
			// Depth first with a stack of its own: a chain of ten thousand services is a legal file.
			var path []*Edge
			onPath := map[OpRef]bool{}
			stack := []frame{{op: OpRef{s, o}}}
			if done[OpRef{s, o}] {
				continue
			}
			onPath[OpRef{s, o}] = true
			for len(stack) > 0 {
				f := &stack[len(stack)-1]
				if f.next == len(out[f.op]) {
					done[f.op] = true
					delete(onPath, f.op)
					stack = stack[:len(stack)-1]
					if len(path) > 0 {
						path = path[:len(path)-1]
					}
					continue
				}
				e := out[f.op][f.next]
				f.next++
				if onPath[e.To] {
					path = append(path, e)
					for i := range path {
						if path[i].From == e.To {
							return path[i:]
						}
					}
				}
				if !done[e.To] {
					path = append(path, e)
					onPath[e.To] = true
					stack = append(stack, frame{op: e.To})
				}
			}
		}
	}
	return nil
}
