package policy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"

	"cascade/topology"
)

const (
	closed   = topology.StateClosed
	halfOpen = topology.StateHalfOpen
	open     = topology.StateOpen
)

// gobreakers are gobreaker's own defaults.
var gobreakers = topology.Breaker{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1}

// TestBreaker plays scripts. A row is a call: "send" or "turned" is what Allow is to
// say, "ok 0", "fail 0", "left 0" how the first admitted request ends.
func TestBreaker(t *testing.T) {
	type row struct {
		at    time.Duration
		what  string
		state topology.BreakerState
	}
	const s = time.Second
	for name, script := range map[string]struct {
		breaker topology.Breaker
		rows    []row
	}{
		"trips at one failure more, opens again at a failed probe, closes at a good one": {
			topology.Breaker{Consecutive: 1, OpenFor: 10 * s, HalfOpen: 1},
			[]row{
				{0, "send", closed}, {0, "fail 0", closed}, {s, "send", closed}, {s, "fail 1", open}, {s, "turned", open},
				{11 * s, "turned", open}, // not later than that
				{11*s + 1, "send", halfOpen}, {12 * s, "turned", halfOpen}, {13 * s, "fail 2", open}, {23 * s, "turned", open},
				{24 * s, "send", halfOpen}, {25 * s, "ok 3", closed}, {25 * s, "send", closed}, {25 * s, "send", closed},
			},
		},
		"successes between failures": {
			topology.Breaker{Consecutive: 1, OpenFor: s, HalfOpen: 1},
			[]row{
				{0, "send", closed}, {0, "fail 0", closed}, {0, "send", closed}, {0, "ok 1", closed}, {0, "send", closed},
				{0, "fail 2", closed}, {0, "send", closed}, {0, "left 3", closed}, {0, "send", closed}, {0, "fail 4", open},
			},
		},
		"as many probes as successes to close": {
			topology.Breaker{Consecutive: 0, OpenFor: s, HalfOpen: 2},
			[]row{
				{0, "send", closed}, {0, "fail 0", open}, {2 * s, "send", halfOpen}, {2 * s, "send", halfOpen}, {2 * s, "turned", halfOpen},
				{3 * s, "ok 1", halfOpen}, {3 * s, "turned", halfOpen}, // admitted in all, not under way
				{4 * s, "ok 2", closed},
			},
		},
		"a probe that never answers": {
			topology.Breaker{Consecutive: 0, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "fail 0", open}, {2 * s, "send", halfOpen}, {1e6 * s, "turned", halfOpen}, {2e6 * s, "turned", halfOpen}},
		},
		"a probe that is left": {
			topology.Breaker{Consecutive: 0, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "fail 0", open}, {2 * s, "send", halfOpen}, {3 * s, "left 1", halfOpen}, {3 * s, "send", halfOpen}, {4 * s, "ok 2", closed}},
		},
		"late results": {
			topology.Breaker{Consecutive: 0, OpenFor: s, HalfOpen: 1},
			[]row{
				{0, "send", closed}, {0, "send", closed}, {0, "send", closed}, {0, "send", closed}, {0, "fail 0", open},
				{s, "ok 1", open}, {2 * s, "fail 2", halfOpen}, // moved by the call; its result is of another time
				{2 * s, "send", halfOpen}, {3 * s, "fail 3", halfOpen}, {3 * s, "ok 4", closed},
			},
		},
		"a fixed window": {
			topology.Breaker{Consecutive: 1, Interval: 10 * s, OpenFor: s, HalfOpen: 1},
			[]row{
				{0, "send", closed}, {10 * s, "fail 0", closed}, {10*s + 1, "send", closed}, // and a new window
				{11 * s, "fail 1", closed}, {12 * s, "send", closed}, {20*s + 1, "fail 2", open},
			},
		},
		"a result from the window before": {
			topology.Breaker{Consecutive: 0, Interval: 10 * s, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {11 * s, "fail 0", closed}, {11 * s, "send", closed}, {21 * s, "fail 1", open}},
		},
		"a rolling window": {
			topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, MinRequests: 4, Interval: 3 * s, Bucket: s, OpenFor: s, HalfOpen: 1},
			[]row{
				{0, "send", closed}, {0, "send", closed}, {0, "fail 0", closed}, {0, "ok 1", closed},
				{2 * s, "send", closed}, {2 * s, "fail 2", closed},
				{3 * s, "send", closed}, {3 * s, "fail 3", closed}, // the first two are gone
				{3 * s, "send", closed}, {3 * s, "send", closed}, {3 * s, "ok 4", closed}, {4 * s, "fail 5", open},
			},
		},
		"a result from a bucket that is gone": {
			topology.Breaker{Consecutive: 0, Interval: 3 * s, Bucket: s, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "send", closed}, {3 * s, "fail 0", closed}, {3 * s, "send", closed}, {5 * s, "fail 2", open}},
		},
		"a share of few": {
			topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.6, MinRequests: 3, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "fail 0", closed}, {0, "send", closed}, {0, "fail 1", closed}, {0, "send", closed}, {0, "fail 2", open}},
		},
		"a share of those under way too": {
			topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, MinRequests: 1, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "send", closed}, {0, "send", closed}, {0, "fail 0", closed}, {0, "fail 1", open}},
		},
		"neither": {
			topology.Breaker{Consecutive: topology.Unlimited, OpenFor: s, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "fail 0", closed}, {0, "send", closed}, {0, "fail 1", closed}},
		},
		"no time in the open state is the library's minute": {
			topology.Breaker{Consecutive: 0, HalfOpen: 1},
			[]row{{0, "send", closed}, {0, "fail 0", open}, {60 * s, "turned", open}, {60*s + 1, "send", halfOpen}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBreaker(0, &script.breaker)
			var tickets []int32
			for i, r := range script.rows {
				var word string
				var n int
				switch fmt.Sscanf(r.what, "%s %d", &word, &n); word {
				case "send", "turned":
					ticket, ok := b.Allow(r.at)
					if ok != (word == "send") {
						t.Fatalf("row %d, at %v: %s is wanted, and it says %t", i, r.at, r.what, ok)
					}
					if ok {
						tickets = append(tickets, ticket)
					}
				default:
					b.Done(r.at, tickets[n], map[string]Result{"ok": Succeeded, "fail": Failed, "left": Excluded}[word])
				}
				if b.State() != r.state {
					t.Fatalf("row %d, at %v, %s: %v, want %v", i, r.at, r.what, b.State(), r.state)
				}
			}
		})
	}
}

// Ten calls a second for ten minutes, all of which fail, by gobreaker's defaults: six
// trip it, and a probe a minute and a tenth is sent after.
func TestBreakerFifteenOfSixThousand(t *testing.T) {
	b := NewBreaker(0, &gobreakers)
	sent := 0
	for i := range 6000 {
		now := time.Duration(i) * 100 * ms
		if ticket, ok := b.Allow(now); ok {
			sent++
			b.Done(now, ticket, Failed)
		}
	}
	if sent != 15 {
		t.Errorf("%d of 6000 are sent, want 15", sent)
	}
}

func TestBreakerTicketTwice(t *testing.T) {
	b := NewBreaker(0, &gobreakers)
	ticket, _ := b.Allow(0)
	b.Done(0, ticket, Failed)
	defer func() {
		if recover() == nil {
			t.Error("a ticket was good for two results")
		}
	}()
	b.Done(0, ticket, Failed)
}

// A closed breaker that sees no failure does not ask the library, whose answer to a
// request is a closure.
func TestBreakerAllocates(t *testing.T) {
	for _, p := range []topology.Breaker{
		{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1},
		{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1, Interval: 10 * ms},
		{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1, Interval: 10 * ms, Bucket: 2 * ms},
	} {
		b := NewBreaker(0, &p)
		var now time.Duration
		if n := testing.AllocsPerRun(100, func() {
			now += ms
			ticket, _ := b.Allow(now)
			b.Done(now, ticket, Succeeded)
			ticket, _ = b.Allow(now)
			b.Done(now, ticket, Excluded)
		}); n != 0 {
			t.Errorf("%+v: %v allocations for two requests, want none", p, n)
		}
	}
}

// A step of a trace: what was asked of the library, and how it stood then.
type step struct {
	at     time.Duration
	done   bool // a request ends, else one asks
	n      int  // which one ends, of the admitted
	result Result
	ok     bool // it is admitted
	state  gobreaker.State
	counts gobreaker.Counts
	turns  int // changes of state in this step, each at this instant
}

// library plays a random trace of the given number of calls to the library with
// its true settings under a fake clock. Times are often whole milliseconds, as the
// settings are, so that many calls come at the very end of a period, and a nanosecond
// before and after.
func library(p *topology.Breaker, r *rand.Rand, made time.Duration, n int) []step {
	start := time.Now()
	time.Sleep(made)
	turns, state := 0, gobreaker.StateClosed
	cb := gobreaker.NewTwoStepCircuitBreaker[int](gobreaker.Settings{
		MaxRequests:  uint32(p.HalfOpen),
		Interval:     p.Interval,
		BucketPeriod: p.Bucket,
		Timeout:      p.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			byRun := p.Consecutive >= 0 && int(c.ConsecutiveFailures) > p.Consecutive
			byShare := p.Ratio != 0 && int(c.Requests) >= p.MinRequests && float64(c.TotalFailures)/float64(c.Requests) >= p.Ratio
			return byRun || byShare
		},
		OnStateChange: func(_ string, _, to gobreaker.State) { turns, state = turns+1, to }, // to call State would be to change it
		IsExcluded:    func(err error) bool { return errors.Is(err, errExcluded) },
	})
	var done []func(error)
	var underWay []int
	sick := r.Float64()
	var steps []step
	for range n {
		switch r.IntN(12) {
		case 0, 1, 2:
			time.Sleep(time.Duration(r.IntN(4)) * ms)
		case 3, 4:
			time.Sleep(p.OpenFor)
		case 5:
			time.Sleep(p.Interval / time.Duration(1+r.IntN(3)))
		case 6:
			time.Sleep(p.Bucket)
		case 7:
			time.Sleep(1)
		case 8:
			time.Sleep(ms - 1)
		}
		if r.IntN(30) == 0 {
			sick = r.Float64()
		}
		s := step{at: time.Since(start)}
		turns = 0
		if len(underWay) > 0 && r.IntN(2) == 0 {
			i := len(underWay) - 1 - min(r.IntN(len(underWay)), r.IntN(len(underWay))) // seldom the oldest
			s.done, s.n = true, underWay[i]
			underWay = append(underWay[:i], underWay[i+1:]...)
			var err error
			if u := r.Float64(); u < sick {
				s.result, err = Failed, errFailed
			} else if r.IntN(6) == 0 {
				s.result, err = Excluded, errExcluded
			}
			done[s.n](err)
		} else if d, err := cb.Allow(); err == nil {
			s.ok = true
			underWay = append(underWay, len(done))
			done = append(done, d)
		}
		s.state, s.counts, s.turns = state, cb.Counts(), turns
		steps = append(steps, s)
	}
	return steps
}

func randomBreaker(r *rand.Rand) *topology.Breaker {
	p := &topology.Breaker{
		Consecutive: r.IntN(5) - 1,
		OpenFor:     time.Duration(1+r.IntN(8)) * ms,
		HalfOpen:    1 + r.IntN(3),
	}
	if r.IntN(2) == 0 || p.Consecutive < 0 {
		p.Ratio = []float64{0.25, 0.5, 0.6, 1, r.Float64()}[r.IntN(5)]
		p.MinRequests = r.IntN(8)
	}
	if r.IntN(4) > 0 {
		p.Interval = time.Duration(1+r.IntN(20)) * ms
		if r.IntN(3) > 0 {
			p.Bucket = time.Duration(1+r.IntN(6)) * ms
		}
	}
	return p
}

// In 4000 random traces of 250 calls, a quarter of them without a window, a quarter
// with a fixed one, half with a rolling one, the breaker decides as the library with
// the same settings under a fake clock, and its state and counts are the library's
// after every call. The test fails when, in the gate, a period is over at its end
// and not later, the result of an older generation is handed on, a call for a late
// result does not end a period, a single bucket rolls, a bucket lasts to its end and
// not a nanosecond less, a result is counted in the present bucket, a failure is shown
// to the library before it is counted, an old bucket's failure does not ask
// ReadyToTrip, counts outlive their generation, or a run is not shortened as the
// library does: each was tried.
func TestBreakerIsGobreaker(t *testing.T) {
	turned, ends := 0, [3]int{}
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := randomBreaker(r)
		made := time.Duration(r.IntN(3)) * 7 * ms
		var steps []step
		synctest.Test(t, func(*testing.T) { steps = library(p, r, made, 250) })

		b := NewBreaker(made, p)
		var tickets []int32
		before := b.State()
		for i, s := range steps {
			if s.done {
				b.Done(s.at, tickets[s.n], s.result)
				ends[s.result]++
			} else {
				ticket, ok := b.Allow(s.at)
				if ok != s.ok {
					t.Fatalf("seed %d, step %d, %+v: allowed %t, the library says %t", seed, i, *p, ok, s.ok)
				}
				if ok {
					tickets = append(tickets, ticket)
				}
			}
			turns := 0
			if b.State() != before {
				turns, before = 1, b.State()
			}
			turned += turns
			if turns != s.turns || b.State().String() != s.state.String() || b.Counts() != s.counts {
				t.Fatalf("seed %d, step %d, %+v, %+v:\n%d changes of state, want %d; now %v, want %v\ncounts %+v\n  want %+v",
					seed, i, *p, s, turns, s.turns, b.State(), s.state, b.Counts(), s.counts)
			}
		}
	}
	if turned < 50_000 || ends[Failed] < 50_000 || ends[Succeeded] < 50_000 || ends[Excluded] < 10_000 {
		t.Errorf("the traces are dull: %d changes of state, %v results", turned, ends)
	}
}

func BenchmarkBreaker(b *testing.B) {
	rolling := gobreakers
	rolling.Interval, rolling.Bucket = 10*time.Second, time.Second
	for _, row := range []struct {
		name   string
		policy *topology.Breaker
	}{{"plain", &gobreakers}, {"rolling", &rolling}} {
		b.Run(row.name, func(b *testing.B) {
			br := NewBreaker(0, row.policy)
			b.ReportAllocs()
			var now time.Duration
			for b.Loop() {
				now += ms
				ticket, _ := br.Allow(now)
				br.Done(now, ticket, Succeeded)
			}
		})
	}
	b.Run("failures", func(b *testing.B) {
		br := NewBreaker(0, &topology.Breaker{Consecutive: topology.Unlimited, OpenFor: time.Minute, HalfOpen: 1})
		b.ReportAllocs()
		for b.Loop() {
			ticket, _ := br.Allow(0)
			br.Done(0, ticket, Failed)
		}
	})
	b.Run("open", func(b *testing.B) {
		br := NewBreaker(0, &topology.Breaker{OpenFor: time.Minute, HalfOpen: 1})
		ticket, _ := br.Allow(0)
		br.Done(0, ticket, Failed)
		b.ReportAllocs()
		for b.Loop() {
			br.Allow(time.Second)
		}
	})
}
