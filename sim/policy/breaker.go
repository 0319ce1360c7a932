package policy

import (
	"errors"
	"math"
	"time"

	"github.com/sony/gobreaker/v2"

	"cascade/topology"
)

// A Result is what a request that a Breaker admitted came to.
type Result uint8

// The results.
const (
	Succeeded Result = iota
	Failed
	Excluded // neither, as by gobreaker's IsExcluded: cancelled, or turned away by a later guard
)

// A Breaker is a circuit breaker of github.com/sony/gobreaker/v2, v2.4.0, in
// virtual time: every request goes to the library itself.
//
//	          ReadyToTrip              later than OpenFor, at the next call
//	closed ---------------> open --------------------------> half-open
//	   ^                     ^                                |     |
//	   |                     +----------- a failure ----------+     |
//	   +------------- HalfOpen successes in a row ------------------+
//
// The library reads the machine's clock, and nothing else can be put in its place.
// So it is given settings in which that clock decides nothing (no Interval, and a
// Timeout of a nanosecond), and stands behind a gate that keeps the periods:
//
//   - open: the gate turns away without asking the library, which would be half-open
//     at once. After OpenFor it lets the library leave open;
//   - a fixed window is over: what the library does then is to begin anew, so a new
//     one takes its place;
//   - a rolling window: the gate counts, and the library's ReadyToTrip is shown those
//     counts;
//   - a result that comes after its generation (the window, or the stay in a state, in
//     which the request was admitted) is dropped by the gate, as the library would.
//
// What comes out was held against the library under a fake clock: the same decisions,
// states and counts after every call (TestBreakerIsGobreaker). With that come the
// library's ways: a period is over strictly later than its end; a state changes at a
// call, not by itself; the half-open state counts all the requests it admitted, not
// those under way, so probes that never answer block it for ever.
type Breaker struct {
	policy     *topology.Breaker
	openFor    time.Duration
	fixed      time.Duration // the length of a fixed window; 0: none
	library    *gobreaker.TwoStepCircuitBreaker[struct{}]
	settings   gobreaker.Settings
	state      topology.BreakerState
	generation uint64
	now, since time.Duration // the present call; the start of the generation
	over       time.Duration // later than this the stay in open, the fixed window or the bucket is over
	isRolling  bool          // the gate counts: in the closed state with a rolling window
	rolling    rolling
	pending    []pending
	free       int32 // the first free place of pending; -1: none
}

// A pending request was admitted and has not come to a result.
type pending struct {
	done       func(error) // the library's; nil: the place is free
	generation uint64
	bucket     uint64 // in which it was admitted, of a rolling window
	next       int32  // the next free place
}

// defaultOpenFor is the library's for a Timeout of 0.
const defaultOpenFor = 60 * time.Second

// What the library is told of a result.
var (
	errFailed   = errors.New("failed")
	errExcluded = errors.New("excluded")
)

// NewBreaker is a closed breaker that was made at the start of the run.
func NewBreaker(b *topology.Breaker) *Breaker { return NewBreakerAt(0, b) }

// NewBreakerAt is a closed breaker that is made at the given instant: its first
// window begins then.
func NewBreakerAt(now time.Duration, p *topology.Breaker) *Breaker {
	b := &Breaker{policy: p, openFor: p.OpenFor, free: -1}
	if b.openFor <= 0 {
		b.openFor = defaultOpenFor
	}
	switch {
	case p.Interval <= 0:
	case p.Bucket <= 0:
		b.fixed = p.Interval
	case p.Interval <= p.Bucket: // one bucket is a fixed window of that length
		b.fixed = p.Bucket
	default:
		n := p.Interval / p.Bucket
		if p.Interval%p.Bucket > 0 {
			n++
		}
		b.rolling.buckets = make([]gobreaker.Counts, n)
	}
	b.settings = gobreaker.Settings{
		MaxRequests:   uint32(p.HalfOpen),
		Timeout:       1,
		ReadyToTrip:   b.readyToTrip,
		OnStateChange: b.changed,
		IsExcluded:    func(err error) bool { return err == errExcluded },
	}
	b.library = gobreaker.NewTwoStepCircuitBreaker[struct{}](b.settings)
	b.begin(now)
	return b
}

// State is the state as the last Allow or Done left it.
func (b *Breaker) State() topology.BreakerState { return b.state }

// Allow says whether a request may be sent, and counts it. The ticket is for Done;
// it means nothing where ok is false.
func (b *Breaker) Allow(now time.Duration) (ticket int32, ok bool) {
	if b.state == topology.StateOpen && now <= b.over {
		return 0, false
	}
	b.advance(now)
	done, err := b.library.Allow()
	if err != nil {
		return 0, false
	}
	if ticket = b.free; ticket >= 0 {
		b.free = b.pending[ticket].next
	} else {
		ticket = int32(len(b.pending))
		b.pending = append(b.pending, pending{})
	}
	p := &b.pending[ticket]
	p.done, p.generation = done, b.generation
	if b.isRolling {
		p.bucket = b.rolling.age
		b.rolling.request()
	}
	return ticket, true
}

// Done says what a request that was admitted came to, once for each ticket.
func (b *Breaker) Done(now time.Duration, ticket int32, r Result) {
	p := &b.pending[ticket]
	done := p.done
	if done == nil {
		panic("policy: a breaker's ticket was handed in twice")
	}
	p.done, p.next = nil, b.free
	b.free = ticket

	b.advance(now)
	if p.generation != b.generation {
		return
	}
	if b.isRolling {
		b.rolling.result(p.bucket, r)
	}
	switch r {
	case Succeeded:
		done(nil)
	case Failed:
		done(errFailed)
	case Excluded:
		done(errExcluded)
	}
}

// advance does what the library does first at every call: it ends a period that is
// over.
func (b *Breaker) advance(now time.Duration) {
	b.now = now
	if now > b.over {
		b.end()
	}
}

// end ends the period.
func (b *Breaker) end() {
	switch {
	case b.state == topology.StateOpen:
		b.leaveOpen()
	case b.isRolling:
		b.rolling.advance(uint64((b.now - b.since) / b.policy.Bucket))
		b.endBucket()
	default:
		b.library = gobreaker.NewTwoStepCircuitBreaker[struct{}](b.settings)
		b.begin(b.now)
	}
}

// endBucket sets the end of the present bucket of a rolling window: the next begins at
// its end, and not later.
func (b *Breaker) endBucket() {
	b.over = later(b.since, time.Duration(b.rolling.age+1)*b.policy.Bucket-1)
}

// patience is how often the library is asked whether its nanosecond in the open
// state is over. As a rule it is at the first; 1<<26 questions take some seconds,
// longer than any clock's tick.
const patience = 1 << 26

// leaveOpen waits for the library to be half-open. How long it takes changes
// nothing: no virtual time passes, and nobody else asks the library.
func (b *Breaker) leaveOpen() {
	for range patience {
		if b.library.State() != gobreaker.StateOpen {
			return
		}
	}
	panic("policy: the machine's clock stands still, and a breaker cannot leave its open state")
}

// changed is the library's OnStateChange. Its states are numbered as ours are.
func (b *Breaker) changed(_ string, _, to gobreaker.State) {
	b.state = topology.BreakerState(to)
	b.begin(b.now)
}

// begin begins a generation.
func (b *Breaker) begin(now time.Duration) {
	b.generation++
	b.since = now
	b.rolling.clear(0)
	b.isRolling = len(b.rolling.buckets) > 0 && b.state == topology.StateClosed
	switch {
	case b.state == topology.StateOpen:
		b.over = later(now, b.openFor)
	case b.isRolling:
		b.endBucket()
	case b.state == topology.StateClosed && b.fixed > 0:
		b.over = later(now, b.fixed)
	default: // half-open counts from its beginning to its end
		b.over = math.MaxInt64
	}
}

// later is t+d, or the end of time.
func later(t, d time.Duration) time.Duration {
	if d > math.MaxInt64-t {
		return math.MaxInt64
	}
	return t + d
}

// readyToTrip is the library's ReadyToTrip, asked at every failure in the closed
// state. The share is of all requests counted, also of those under way and of those
// excluded, as in the library's own example.
func (b *Breaker) readyToTrip(c gobreaker.Counts) bool {
	if b.isRolling {
		c = b.rolling.total
	}
	p := b.policy
	if p.Consecutive != topology.Unlimited && c.ConsecutiveFailures > uint32(p.Consecutive) {
		return true
	}
	return p.Ratio > 0 && c.Requests >= uint32(p.MinRequests) && float64(c.TotalFailures)/float64(c.Requests) >= p.Ratio
}

// rolling is the rolling window of the library: the counts of the last
// len(buckets) buckets, and their total.
type rolling struct {
	total   gobreaker.Counts
	buckets []gobreaker.Counts // a ring: that of age a is at a%len
	age     uint64             // of the present bucket, the number of its predecessors in the generation
}

func (w *rolling) clear(age uint64) {
	w.total = gobreaker.Counts{}
	clear(w.buckets)
	w.age = age
}

func (w *rolling) at(age uint64) *gobreaker.Counts { return &w.buckets[age%uint64(len(w.buckets))] }

// advance makes the bucket of that age the present one and forgets those that have
// left the window.
func (w *rolling) advance(age uint64) {
	if age-w.age >= uint64(len(w.buckets)) {
		w.clear(age)
		return
	}
	for w.age < age {
		w.age++
		oldest := w.at(w.age)
		w.forget(oldest)
		*oldest = gobreaker.Counts{}
	}
}

// forget takes a bucket out of the total. A run of successes, or of failures, is
// shortened only where it is all that the window holds of its kind, beginning with
// the run at the end of the oldest bucket; else it stays as long as it was, even if
// its first ones were in that bucket. So the library has it.
func (w *rolling) forget(oldest *gobreaker.Counts) {
	t := &w.total
	t.Requests -= oldest.Requests
	t.TotalSuccesses -= oldest.TotalSuccesses
	t.TotalFailures -= oldest.TotalFailures
	t.TotalExclusions -= oldest.TotalExclusions
	if t.ConsecutiveSuccesses == oldest.ConsecutiveSuccesses+t.TotalSuccesses {
		t.ConsecutiveSuccesses = t.TotalSuccesses
	}
	if t.ConsecutiveFailures == oldest.ConsecutiveFailures+t.TotalFailures {
		t.ConsecutiveFailures = t.TotalFailures
	}
}

func (w *rolling) request() {
	w.total.Requests++
	w.at(w.age).Requests++
}

// result counts a result in the bucket in which its request was counted, if that is
// still in the window.
func (w *rolling) result(age uint64, r Result) {
	if w.age-age >= uint64(len(w.buckets)) {
		return
	}
	count(&w.total, r)
	count(w.at(age), r)
}

func count(c *gobreaker.Counts, r Result) {
	switch r {
	case Succeeded:
		c.TotalSuccesses++
		c.ConsecutiveSuccesses++
		c.ConsecutiveFailures = 0
	case Failed:
		c.TotalFailures++
		c.ConsecutiveFailures++
		c.ConsecutiveSuccesses = 0
	case Excluded:
		c.TotalExclusions++
	}
}
