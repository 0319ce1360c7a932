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
//
// The library is not asked where its answer is certain: where there is more in the
// bucket, by a reckoning that is never in its favour, than rounding could take away.
// What it has let through so is kept, and told to the library before its next
// question; once the bucket is full again it need not be told, for a full bucket has
// no past.
type Limiter struct {
	library *rate.Limiter
	rate    float64
	wait    time.Duration

	gain   time.Duration   // a token's time, a little more than that; 0: the library is always asked
	slack  time.Duration   // so far from full the bucket holds a token for certain
	fullAt time.Duration   // then at the latest the bucket is full
	untold []time.Duration // when tokens were taken of which the library does not know
}

// maxUntold bounds what is kept for the library.
const maxUntold = 32

// A Reservation is a token of the future that was taken: when it comes, and at what
// rate it was to come. The zero Reservation is of a token that was there, of which
// nothing can be given back.
type Reservation struct {
	at   time.Duration
	rate rate.Limit // 0: it is of none
}

// NewLimiter is a full bucket.
func NewLimiter(r *topology.RateLimit) *Limiter {
	l := &Limiter{library: rate.NewLimiter(rate.Limit(r.Rate), r.Burst)}
	l.tune(r)
	return l
}

func (l *Limiter) tune(r *topology.RateLimit) {
	l.rate, l.wait, l.gain, l.slack = r.Rate, r.Wait, 0, 0
	if ns := float64(time.Second) / r.Rate; ns < float64(time.Hour) && r.Burst < 1e6 {
		// Two nanoseconds and a millionth more: each gain of the library's is rounded, by
		// far less.
		l.gain = time.Duration(ns*(1+1e-6)) + 2
		l.slack = l.gain * time.Duration(min(r.Burst-1, 1000))
	}
}

// instant is a virtual time as the library takes it. Which day a run begins on makes
// no difference to it.
func instant(now time.Duration) time.Time { return time.Unix(0, int64(now)) }

// Allow takes a token, where there is one.
func (l *Limiter) Allow(now time.Duration) bool {
	switch {
	case l.gain == 0:
		return l.library.AllowN(instant(now), 1)
	case now >= l.fullAt:
		l.untold, l.fullAt = append(l.untold[:0], now), now+l.gain
		return true
	case l.fullAt-now < l.slack && len(l.untold) < maxUntold:
		l.untold = append(l.untold, now)
		l.fullAt += l.gain
		return true
	}
	l.tell()
	if !l.library.AllowN(instant(now), 1) {
		return false
	}
	l.fullAt += l.gain
	return true
}

// tell brings the library up to date.
func (l *Limiter) tell() {
	for _, t := range l.untold {
		if !l.library.AllowN(instant(t), 1) {
			panic("policy: a rate limit has let through what its library would not")
		}
	}
	l.untold = l.untold[:0]
}

// Reserve takes a token, and says how long to wait for it; ok is false where that is
// longer than the policy's Wait, or than the time that is left to the caller, and
// nothing is taken then. It decides as the library's Wait does with a context that
// ends after the shorter of the two. There a token that comes at that very instant is
// had or not by luck; here it is had.
func (l *Limiter) Reserve(now, left time.Duration) (r Reservation, wait time.Duration, ok bool) {
	if l.Allow(now) { // as the library reserves where there is no delay, and cheaper
		return Reservation{}, 0, true
	}
	return l.queue(now, min(l.wait, left))
}

// Turn takes a token, as Reserve does, for one who waits for it as long as it takes, up to
// most: a consumer that paces itself. Its token is not given back.
func (l *Limiter) Turn(now, most time.Duration) (wait time.Duration, ok bool) {
	if l.Allow(now) {
		return 0, true
	}
	_, wait, ok = l.queue(now, most)
	return wait, ok
}

// queue takes a token of the future, if it is not too far.
func (l *Limiter) queue(now, most time.Duration) (r Reservation, wait time.Duration, ok bool) {
	if most <= 0 {
		return Reservation{}, 0, false
	}
	// To reserve and to cancel would leave rounding errors and the time of an
	// event that did not happen. So look first, with the library's own arithmetic.
	t := instant(now)
	ns := (1 - l.library.TokensAt(t)) / l.rate * float64(time.Second)
	if ns > math.MaxInt64 || time.Duration(ns) > most { // a rate of 0: infinite
		return Reservation{}, 0, false
	}
	wait = l.library.ReserveN(t, 1).DelayFrom(t)
	l.fullAt += l.gain
	return Reservation{now + wait, l.library.Limit()}, wait, true
}

// Cancel gives a token back that will not be used, as far as the library does: one
// that was there or whose time has passed is gone, and so is what later reservations
// have built on.
//
// The library's own reservation is made anew: a limiter of the rate of that time, which
// has just one token, reserves it at the instant at which the token comes. So a
// Reservation is a value, and good for a copy of the limiter as well.
func (l *Limiter) Cancel(now time.Duration, r Reservation) {
	if r.rate == 0 {
		return
	}
	l.tell()
	was := new(rate.Limiter)
	become(was, l.library)
	become(l.library, rate.NewLimiter(r.rate, 1))
	token := l.library.ReserveN(instant(r.at), 1)
	become(l.library, was)
	token.CancelAt(instant(now))
}

// Retune changes rate, size and wait. Tokens that were gained so far are kept, as far
// as they fit, and those who wait keep their turn.
func (l *Limiter) Retune(now time.Duration, r *topology.RateLimit) {
	l.tell()
	t := instant(now)
	l.library.SetLimitAt(t, rate.Limit(r.Rate))
	l.library.SetBurstAt(t, r.Burst)
	l.tune(r)
	missing := math.Ceil(float64(r.Burst)-l.library.TokensAt(t)) + 1
	if missing*float64(l.gain) > float64(math.MaxInt64/4) {
		l.gain = 0
		return
	}
	l.fullAt = now + time.Duration(missing)*l.gain
}
