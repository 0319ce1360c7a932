package policy

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"cascade/topology"
)

// A Limiter is the token bucket of golang.org/x/time/rate, v0.16.0, in virtual
// time: the library takes the instant of every call as an argument. Its ways come
// with it: a lack that would be made up for in less than a nanosecond is no lack, so
// that arrivals at exactly the rate are all let through; and who waits takes a token
// of the future, which those who come after find gone.
type Limiter struct {
	library *rate.Limiter
	rate    float64
	wait    time.Duration
}

// A Reservation is a token of the future that was taken. The zero Reservation is of a
// token that was there, of which nothing can be given back.
type Reservation struct{ library *rate.Reservation }

// NewLimiter is a full bucket.
func NewLimiter(r *topology.RateLimit) *Limiter {
	return &Limiter{rate.NewLimiter(rate.Limit(r.Rate), r.Burst), r.Rate, r.Wait}
}

// instant is a virtual time as the library takes it. Which day a run begins on makes
// no difference to it.
func instant(now time.Duration) time.Time { return time.Unix(0, int64(now)) }

// Allow takes a token, where there is one.
func (l *Limiter) Allow(now time.Duration) bool { return l.library.AllowN(instant(now), 1) }

// Reserve takes a token, and says how long to wait for it; ok is false where that is
// longer than the policy's Wait, and nothing is taken then. It decides as the
// library's Wait does with a context that ends after the policy's Wait. There a token
// that comes at that very instant is had or not by luck; here it is had.
func (l *Limiter) Reserve(now time.Duration) (r Reservation, wait time.Duration, ok bool) {
	if l.Allow(now) { // as the library reserves where there is no delay, and cheaper
		return Reservation{}, 0, true
	}
	return l.queue(now)
}

// queue takes a token of the future, if it is not too far.
func (l *Limiter) queue(now time.Duration) (r Reservation, wait time.Duration, ok bool) {
	if l.wait <= 0 {
		return Reservation{}, 0, false
	}
	// To reserve and to cancel would leave rounding errors and the time of an
	// event that did not happen. So look first, with the library's own arithmetic.
	t := instant(now)
	ns := (1 - l.library.TokensAt(t)) / l.rate * float64(time.Second)
	if ns > math.MaxInt64 || time.Duration(ns) > l.wait { // a rate of 0: infinite
		return Reservation{}, 0, false
	}
	r.library = l.library.ReserveN(t, 1)
	return r, r.library.DelayFrom(t), true
}

// Cancel gives a token back that will not be used, as far as the library does: one
// that was there or whose time has passed is gone, and so is what later reservations
// have built on.
func (l *Limiter) Cancel(now time.Duration, r Reservation) {
	if r.library != nil {
		r.library.CancelAt(instant(now))
	}
}

// Retune changes rate, size and wait. Tokens that were gained so far are kept, as far
// as they fit, and those who wait keep their turn.
func (l *Limiter) Retune(now time.Duration, r *topology.RateLimit) {
	t := instant(now)
	l.library.SetLimitAt(t, rate.Limit(r.Rate))
	l.library.SetBurstAt(t, r.Burst)
	l.rate, l.wait = r.Rate, r.Wait
}
