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
// virtual time.
//
//	          ReadyToTrip              later than OpenFor, at the next call
//	closed ---------------> open --------------------------> half-open
//	   ^                     ^                                |     |
//	   |                     +----------- a failure ----------+     |
//	   +------------- HalfOpen successes in a row ------------------+
//
// The library reads the machine's clock, and nothing else can be put in its place.
// So it is given settings in which that clock decides nothing (no Interval, and a
// Timeout of a nanosecond), and stands behind a gate. Each has its part:
//
//   - every change of state is the library's. It is asked where it can make one: at a
//     failure in the closed state, which it sees as a request that fails at once, with
//     a ReadyToTrip that judges the gate's counts; at the end of the open state; and
//     at all that happens in the half-open state, where it decides and counts;
//   - the gate keeps the periods. Before OpenFor is over it turns away without asking
//     the library, which would be half-open at once;
//   - the gate counts in the closed state: from its beginning, in a fixed window, or in
//     a rolling one. There the library admits everything, and a success only adds to
//     its counts, for two locks, two looks at the clock and a closure. That was a third
//     of the work of a request with a breaker on each of its three calls;
//   - a result that comes after its generation (the window, or the stay in a state, in
//     which the request was admitted) is dropped by the gate, as the library would.
//
// What comes out was held against the library with its true settings under a fake
// clock: the same decisions, states and counts after every call
// (TestBreakerIsGobreaker). With that come the library's ways: a period is over
// strictly later than its end; a state changes at a call, not by itself; the half-open
// state counts all the requests it admitted, not those under way, so probes that never
// answer block it for ever.
type Breaker struct {
	library    *gobreaker.TwoStepCircuitBreaker[struct{}]
	state      topology.BreakerState
	generation uint64        // from 1
	since      time.Duration // the start of the generation
	lasts      time.Duration // later than that after since, advance has something to do
	closed     tally         // what is counted in the closed state
	pending    []pending
	free       int32         // the first free place of pending; -1: none
	now        time.Duration // of the call in which the library is asked
	policy     *topology.Breaker
	openFor    time.Duration
	fixed      time.Duration // the length of a fixed window; 0: none
}

// A pending request was admitted and has not come to a result.
type pending struct {
	generation uint64      // in which it was admitted; 0: the place is free
	bucket     uint64      // in which it was counted, of a rolling window
	done       func(error) // the library's, of a request in the half-open state; else nil
	next       int32       // the next free place
}

// defaultOpenFor is the library's for a Timeout of 0.
const defaultOpenFor = 60 * time.Second

// ever is for what has no end.
const ever time.Duration = math.MaxInt64

// What the library is told of a result.
var (
	errFailed   = errors.New("failed")
	errExcluded = errors.New("excluded")
)

// NewBreaker is a closed breaker that is made at the given instant: its first
// window begins then.
func NewBreaker(now time.Duration, p *topology.Breaker) *Breaker {
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
		b.closed.buckets = make([]gobreaker.Counts, n)
	}
	b.library = b.newLibrary()
	b.begin(now)
	return b
}

// newLibrary is the library's closed breaker, for b to ask.
func (b *Breaker) newLibrary() *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   uint32(b.policy.HalfOpen),
		Timeout:       1,
		ReadyToTrip:   func(gobreaker.Counts) bool { return b.readyToTrip(b.closed.total) },
		OnStateChange: b.changed,
		IsExcluded:    func(err error) bool { return err == errExcluded },
	})
}

// State is the state as the last Allow or Done left it.
func (b *Breaker) State() topology.BreakerState { return b.state }

// Allow says whether a request may be sent, and counts it. The ticket is for Done;
// it means nothing where ok is false.
func (b *Breaker) Allow(now time.Duration) (ticket int32, ok bool) {
	if now-b.since > b.lasts {
		b.advance(now)
	}
	var done func(error)
	switch b.state {
	case topology.StateClosed:
		b.closed.request()
	case topology.StateOpen:
		return 0, false
	case topology.StateHalfOpen:
		var err error
		if done, err = b.library.Allow(); err != nil {
			return 0, false
		}
	}
	if ticket = b.free; ticket >= 0 {
		b.free = b.pending[ticket].next
	} else {
		ticket = int32(len(b.pending))
		b.pending = append(b.pending, pending{})
	}
	p := &b.pending[ticket]
	p.generation, p.bucket, p.done = b.generation, b.closed.age, done
	return ticket, true
}

// Done says what a request that was admitted came to, once for each ticket.
func (b *Breaker) Done(now time.Duration, ticket int32, r Result) {
	p := &b.pending[ticket]
	generation, bucket, done := p.generation, p.bucket, p.done
	if generation == 0 {
		panic("policy: a breaker's ticket was handed in twice")
	}
	p.generation, p.next = 0, b.free
	b.free = ticket

	if now-b.since > b.lasts {
		b.advance(now)
	}
	if generation != b.generation {
		return
	}
	if b.state == topology.StateClosed {
		b.closed.result(bucket, r)
		if r == Failed {
			b.failed(now)
		}
		return
	}
	b.now = now
	switch r {
	case Succeeded:
		done(nil)
	case Failed:
		done(errFailed)
	case Excluded:
		done(errExcluded)
	}
}

// failed lets the library see a failure in the closed state. Its own counts are of
// failures alone, and nobody looks at them.
func (b *Breaker) failed(now time.Duration) {
	b.now = now
	done, err := b.library.Allow()
	if err != nil {
		panic("policy: a closed breaker turns a request away: " + err.Error())
	}
	done(errFailed)
}

// advance does what the library does first at every call: it ends a period that is
// over. That is so where more than b.lasts has passed in the generation.
func (b *Breaker) advance(now time.Duration) {
	switch b.state {
	case topology.StateClosed:
		if b.fixed > 0 {
			b.begin(now)
			return
		}
		b.closed.advance(uint64((now - b.since) / b.policy.Bucket))
		b.lasts = b.bucketEnd()
	case topology.StateOpen:
		b.now = now
		b.leaveOpen()
	}
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
	b.since, b.lasts = now, ever
	b.closed.clear(0)
	switch {
	case b.state == topology.StateOpen:
		b.lasts = b.openFor
	case b.state == topology.StateHalfOpen:
	case b.fixed > 0:
		b.lasts = b.fixed
	case len(b.closed.buckets) > 0:
		b.lasts = b.bucketEnd()
	}
}

// bucketEnd is the last instant of the present bucket, since the beginning of the
// generation. Unlike a window, a bucket ends before its length is over.
func (b *Breaker) bucketEnd() time.Duration {
	return time.Duration(b.closed.age+1)*b.policy.Bucket - 1
}

// readyToTrip says whether a closed breaker with those counts opens, at a failure.
// The share is of all requests counted, also of those under way and of those
// excluded, as in the library's own example.
func (b *Breaker) readyToTrip(c gobreaker.Counts) bool {
	p := b.policy
	if p.Consecutive != topology.Unlimited && c.ConsecutiveFailures > uint32(p.Consecutive) {
		return true
	}
	return p.Ratio > 0 && c.Requests >= uint32(p.MinRequests) && float64(c.TotalFailures)/float64(c.Requests) >= p.Ratio
}

// A tally is what the library counts in the closed state. One that rolls is the
// counts of the last len(buckets) buckets, and their total.
type tally struct {
	total   gobreaker.Counts
	buckets []gobreaker.Counts // a ring, each bucket after the one before it; none: it does not roll
	present int                // where the present bucket is in the ring
	age     uint64             // of the present bucket, the number of its predecessors in the generation
}

func (t *tally) clear(age uint64) {
	t.total = gobreaker.Counts{}
	clear(t.buckets)
	t.age, t.present = age, 0
}

// advance makes the bucket of that age the present one and forgets those that have
// left the window.
func (t *tally) advance(age uint64) {
	if age-t.age >= uint64(len(t.buckets)) {
		t.clear(age)
		return
	}
	for t.age < age {
		t.age++
		if t.present++; t.present == len(t.buckets) {
			t.present = 0
		}
		oldest := &t.buckets[t.present]
		t.forget(oldest)
		*oldest = gobreaker.Counts{}
	}
}

// forget takes a bucket out of the total. A run of successes, or of failures, is
// shortened only where it is all that the window holds of its kind, beginning with
// the run at the end of the oldest bucket; else it stays as long as it was, even if
// its first ones were in that bucket. So the library has it.
func (t *tally) forget(oldest *gobreaker.Counts) {
	c := &t.total
	c.Requests -= oldest.Requests
	c.TotalSuccesses -= oldest.TotalSuccesses
	c.TotalFailures -= oldest.TotalFailures
	c.TotalExclusions -= oldest.TotalExclusions
	if c.ConsecutiveSuccesses == oldest.ConsecutiveSuccesses+c.TotalSuccesses {
		c.ConsecutiveSuccesses = c.TotalSuccesses
	}
	if c.ConsecutiveFailures == oldest.ConsecutiveFailures+c.TotalFailures {
		c.ConsecutiveFailures = c.TotalFailures
	}
}

func (t *tally) request() {
	t.total.Requests++
	if len(t.buckets) > 0 {
		t.buckets[t.present].Requests++
	}
}

// result counts a result in the bucket in which its request was counted, if that is
// still in the window.
func (t *tally) result(bucket uint64, r Result) {
	if len(t.buckets) > 0 {
		ago := t.age - bucket
		if ago >= uint64(len(t.buckets)) {
			return
		}
		i := t.present - int(ago)
		if i < 0 {
			i += len(t.buckets)
		}
		count(&t.buckets[i], r)
	}
	count(&t.total, r)
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
