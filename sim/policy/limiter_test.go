package policy

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"cascade/topology"
)

// TestLimiter plays scripts. A row asks ("allow"), reserves ("reserve"), gives the
// first reservation back ("cancel 0") or changes rate and size ("tune 20 1"); an answer
// below zero is no.
func TestLimiter(t *testing.T) {
	const no, yes = -1, 0
	type row struct {
		at   time.Duration
		what string
		want time.Duration
	}
	for name, script := range map[string]struct {
		limit topology.RateLimit
		rows  []row
	}{
		"a burst, then the rate": {
			topology.RateLimit{Rate: 10, Burst: 2},
			[]row{{0, "allow", yes}, {0, "allow", yes}, {0, "allow", no}, {99 * ms, "allow", no}, {100 * ms, "allow", yes}, {100 * ms, "allow", no}},
		},
		"full is full": {
			topology.RateLimit{Rate: 10, Burst: 2},
			[]row{{time.Hour, "allow", yes}, {time.Hour, "allow", yes}, {time.Hour, "allow", no}},
		},
		"no wait is as allowed": {
			topology.RateLimit{Rate: 10, Burst: 1},
			[]row{{0, "reserve", yes}, {0, "reserve", no}, {100 * ms, "reserve", yes}},
		},
		"wait up to the limit, and for what others wait for too": {
			topology.RateLimit{Rate: 10, Burst: 1, Wait: 200 * ms},
			[]row{
				{0, "reserve", yes}, {0, "reserve", 100 * ms}, {0, "reserve", 200 * ms}, {0, "reserve", no}, {99 * ms, "reserve", no},
				{100 * ms, "reserve", 200 * ms}, {100 * ms, "allow", no}, {399 * ms, "allow", no}, {400 * ms, "allow", yes},
			},
		},
		"the last place in the queue is given back": {
			topology.RateLimit{Rate: 10, Burst: 1, Wait: 200 * ms},
			[]row{{0, "reserve", yes}, {0, "reserve", 100 * ms}, {0, "reserve", 200 * ms}, {0, "reserve", no}, {0, "cancel 2", yes}, {0, "reserve", 200 * ms}},
		},
		"a place before others is not": {
			topology.RateLimit{Rate: 10, Burst: 1, Wait: 200 * ms},
			[]row{{0, "reserve", yes}, {0, "reserve", 100 * ms}, {0, "reserve", 200 * ms}, {0, "cancel 1", yes}, {0, "reserve", no}},
		},
		"nor one whose time has passed": {
			topology.RateLimit{Rate: 10, Burst: 1},
			[]row{{0, "reserve", yes}, {1, "cancel 0", yes}, {1, "allow", no}},
		},
		"a rate of nothing": {
			topology.RateLimit{Rate: 0, Burst: 1, Wait: time.Hour},
			[]row{{0, "reserve", yes}, {time.Hour, "reserve", no}, {time.Hour, "allow", no}},
		},
		"a new rate holds from now on": {
			topology.RateLimit{Rate: 10, Burst: 1},
			[]row{{0, "allow", yes}, {50 * ms, "tune 100 1", yes}, {54 * ms, "allow", no}, {55 * ms, "allow", yes}},
		},
		"a smaller bucket spills": {
			topology.RateLimit{Rate: 1, Burst: 5},
			[]row{{0, "tune 1 2", yes}, {0, "allow", yes}, {0, "allow", yes}, {0, "allow", no}},
		},
		"a larger one is not filled": {
			topology.RateLimit{Rate: 1, Burst: 1},
			[]row{{0, "tune 1 5", yes}, {0, "allow", yes}, {0, "allow", no}, {2 * time.Second, "allow", yes}, {2 * time.Second, "allow", yes}, {2 * time.Second, "allow", no}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLimiter(&script.limit)
			var taken []Reservation
			for i, r := range script.rows {
				var word string
				var a, b int
				got := time.Duration(yes)
				switch fmt.Sscanf(r.what, "%s %d %d", &word, &a, &b); word {
				case "allow":
					if !l.Allow(r.at) {
						got = no
					}
				case "reserve":
					res, wait, ok := l.Reserve(r.at, math.MaxInt64)
					if got = wait; !ok {
						got = no
					}
					taken = append(taken, res)
				case "cancel":
					l.Cancel(r.at, taken[a])
				case "tune":
					l.Retune(r.at, &topology.RateLimit{Rate: float64(a), Burst: b})
				}
				if got != r.want {
					t.Fatalf("row %d, at %v, %s: %d, want %d", i, r.at, r.what, got, r.want)
				}
			}
		})
	}
}

// Arrivals at exactly the rate, each at the last whole nanosecond, are all let
// through, by a bucket of one token. One that forgives no lack turns some away.
func TestLimiterExactlyTheRate(t *testing.T) {
	const arrivals = 1000
	for _, perSecond := range []int{1, 3, 7, 10, 30, 100, 999, 1000, 12345} {
		l := NewLimiter(&topology.RateLimit{Rate: float64(perSecond), Burst: 1})
		passed, naive := 0, 0
		tokens, last := 1.0, time.Duration(0)
		for i := range arrivals {
			now := time.Duration(i) * time.Second / time.Duration(perSecond)
			if l.Allow(now) {
				passed++
			}
			tokens, last = min(1, tokens+float64((now-last).Seconds()*float64(perSecond))), now
			if tokens >= 1 {
				tokens--
				naive++
			}
		}
		if passed != arrivals {
			t.Errorf("%d a second: %d of %d pass", perSecond, passed, arrivals)
		}
		if perSecond == 3 && naive == arrivals {
			t.Errorf("%d a second: the naive bucket lets all pass too: the test shows nothing", perSecond)
		}
	}
}

// asked is a step of a trace: what was asked of the library, and what it said.
type asked struct {
	at       time.Duration
	what     string
	n        int // which reservation is cancelled
	ok       bool
	answered time.Duration // when the token of a reservation comes
	limit    topology.RateLimit
	tokens   float64
}

// libraryLimits plays a random trace to the library's own clocked methods under a
// fake clock. Callers wait by its Wait, with a context that ends after the policy's
// Wait and is cancelled where the caller gives up before; or, with direct, by its
// Reserve.
func libraryLimits(p topology.RateLimit, r *rand.Rand, n int, direct bool) []asked {
	start := time.Now()
	l := rate.NewLimiter(rate.Limit(p.Rate), p.Burst)
	steps := make([]asked, n)
	type waiter struct {
		step   int
		cancel func()
		ended  bool
		err    error
		at     time.Duration
	}
	var waiters []*waiter // by reservation
	step := time.Duration(float64(time.Second) / (p.Rate + 1))
	for i := range n {
		switch r.IntN(5) {
		case 0:
			time.Sleep(time.Duration(r.Int64N(int64(step))))
		case 1:
			time.Sleep(step)
		case 2:
			time.Sleep(time.Duration(float64(time.Second) / max(p.Rate, 1)))
		}
		synctest.Wait() // who is due now is gone
		s := asked{at: time.Since(start)}
		switch u := r.IntN(20); {
		case u < 6:
			s.what, s.ok = "allow", l.Allow()
		case u < 14 && direct:
			s.what, s.ok = "reserve", true
			res := l.Reserve()
			s.answered = s.at + res.Delay()
			waiters = append(waiters, &waiter{step: i, cancel: res.Cancel, ended: res.Delay() == 0})
		case u < 14:
			s.what = "reserve"
			parent, cancel := context.WithCancel(context.Background())
			w := &waiter{step: i, cancel: cancel}
			waiters = append(waiters, w)
			go func() {
				ctx, done := context.WithTimeout(parent, p.Wait)
				defer done()
				w.err = l.Wait(ctx)
				w.ended, w.at = true, time.Since(start)
			}()
		case u < 18 && len(waiters) > 0:
			n := max(0, len(waiters)-1-r.IntN(4))
			if w := waiters[n]; w.ended { // nothing to give back
				s.what, s.ok = "allow", l.Allow()
			} else {
				s.what, s.n = "cancel", n
				steps[w.step].ok = true // it was waiting
				w.cancel()
			}
		case u == 19:
			if p.Burst = 1 + r.IntN(5); r.IntN(2) == 0 {
				p.Rate = 1 + 100*r.Float64()
			}
			s.what, s.limit = "tune", p
			l.SetLimit(rate.Limit(p.Rate))
			l.SetBurst(p.Burst)
		default:
			s.what, s.ok = "allow", l.Allow()
		}
		synctest.Wait()
		s.tokens = l.Tokens()
		steps[i] = s
	}
	time.Sleep(p.Wait)
	synctest.Wait()
	for _, w := range waiters {
		if !direct && w.err == nil {
			steps[w.step].ok, steps[w.step].answered = true, w.at
		}
	}
	return steps
}

// In 3000 random traces of 200 calls, the limiter says what the library says under a
// fake clock by the methods that people call (Allow; Reserve and Cancel; Wait with a
// deadline, given up or not; SetLimit and SetBurst), to the nanosecond, and after
// one in eight there are as many tokens, to the bit. The test fails when a bucket is
// taken for full a token's time too soon, when what was let through unasked is not told,
// or told twice; when a reservation that
// would wait too long is made and cancelled, or when cancelling, a new rate or a new
// size does nothing: each was tried. (A wait of just as long as allowed, which with
// the library is a matter of luck, is a row of TestLimiter.)
func TestLimiterIsRate(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		p := topology.RateLimit{Rate: []float64{0, 1, 3, 10, 100, 1000 * r.Float64()}[r.IntN(6)], Burst: 1 + r.IntN(5)}
		if r.IntN(3) == 0 {
			p.Burst = 1 + r.IntN(100)
		}
		direct := p.Rate > 0 && r.IntN(3) == 0
		if p.Wait = 1 + time.Duration(r.Int64N(int64(time.Second))); direct {
			p.Wait = 1e6 * time.Second
		}
		var steps []asked
		synctest.Test(t, func(*testing.T) { steps = libraryLimits(p, r, 200, direct) })

		l := NewLimiter(&p)
		var taken []Reservation
		var due []time.Duration
		cancelled := map[int]bool{}
		for _, s := range steps {
			if s.what == "cancel" {
				cancelled[s.n] = true
			}
		}
		for i, s := range steps {
			what := s.what
			switch s.what {
			case "allow":
				if ok := l.Allow(s.at); ok != s.ok {
					t.Fatalf("seed %d, step %d, %+v: allowed %t, the library says %t", seed, i, p, ok, s.ok)
				}
			case "reserve":
				res, wait, ok := l.Reserve(s.at, math.MaxInt64)
				if ok != s.ok || ok && (direct || !cancelled[len(taken)]) && s.at+wait != s.answered {
					t.Fatalf("seed %d, step %d, %+v: reserved %t for %v, the library says %t, %v", seed, i, p, ok, s.at+wait, s.ok, s.answered)
				}
				if wait > 0 {
					what = "wait"
				} else if !ok {
					what = "turned away"
				}
				taken, due = append(taken, res), append(due, s.at+wait)
			case "cancel":
				if due[s.n] < s.at && !direct {
					t.Fatalf("seed %d, step %d, %+v: the library still waits, and it was due at %v", seed, i, p, due[s.n])
				}
				l.Cancel(s.at, taken[s.n])
			case "tune":
				l.Retune(s.at, &s.limit)
			}
			// To look is to tell the library everything, so not at every step.
			if r.IntN(8) == 0 {
				if got := l.Tokens(s.at); got != s.tokens {
					t.Fatalf("seed %d, step %d, %+v, %+v: %v tokens, want %v", seed, i, p, s, got, s.tokens)
				}
			}
			if len(l.untold) > 1 {
				counts["untold"]++
			}
			counts[what]++
		}
	}
	for _, what := range []string{"allow", "reserve", "wait", "turned away", "cancel", "tune", "untold"} {
		if counts[what] < 10_000 {
			t.Errorf("the traces are dull: %v", counts)
			break
		}
	}
}

func BenchmarkLimiter(b *testing.B) {
	p := &topology.RateLimit{Rate: 100, Burst: 10, Wait: 10 * ms}
	b.Run("allow", func(b *testing.B) {
		l := NewLimiter(p)
		b.ReportAllocs()
		var now time.Duration
		for b.Loop() {
			now += ms
			l.Allow(now)
		}
	})
	b.Run("reserve", func(b *testing.B) {
		l := NewLimiter(p)
		b.ReportAllocs()
		var now time.Duration
		for b.Loop() {
			now += ms
			l.Reserve(now, math.MaxInt64)
		}
	})
}
