package policy

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"cascade/sim/internal/apart"
	"cascade/topology"
)

// A decider is something that can be cloned, and what those who ask it keep of its
// answers. What it is asked, and what comes of it, is one number of the trace.
type decider struct {
	state  any
	ask    func(d *decider, now time.Duration, u uint64) string
	clone  func(state any) any
	ticket []int32
	tokens []Reservation
}

func (d *decider) copy() *decider {
	return &decider{d.clone(d.state), d.ask, d.clone, slices.Clone(d.ticket), slices.Clone(d.tokens)}
}

// take takes one of a list out.
func take[T any](l *[]T, u uint64) T {
	i := int(u % uint64(len(*l)))
	v := (*l)[i]
	*l = slices.Delete(*l, i, i+1)
	return v
}

var outcomesAsked = []topology.Outcome{topology.Success, topology.Success, topology.Error, topology.Timeout, topology.Cancelled}

// deciders are one of each kind, with random settings; nothing else about them is random.
var deciders = map[string]func(r *rand.Rand) *decider{
	"breaker": func(r *rand.Rand) *decider {
		return &decider{state: NewBreaker(0, randomBreaker(r)), clone: func(s any) any { return s.(*Breaker).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			b := d.state.(*Breaker)
			if u%3 > 0 && len(d.ticket) > 0 {
				b.Done(now, take(&d.ticket, u>>20), []Result{Succeeded, Succeeded, Failed, Failed, Excluded}[u>>10%5])
				return b.State().String()
			}
			ticket, ok := b.Allow(now)
			if ok {
				d.ticket = append(d.ticket, ticket)
			}
			return fmt.Sprint(ticket, ok, b.State())
		}}
	},
	"limiter": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.RateLimit {
			return &topology.RateLimit{Rate: float64(1 + u%1000), Burst: 1 + int(u>>10%40), Wait: time.Duration(u >> 20 % 50e6)}
		}
		return &decider{state: NewLimiter(random(r.Uint64())), clone: func(s any) any { return s.(*Limiter).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			l := d.state.(*Limiter)
			switch u >> 40 % 12 {
			case 0:
				l.Retune(now, random(u))
				return ""
			case 1, 2, 3:
				if len(d.tokens) > 0 {
					l.Cancel(now, take(&d.tokens, u>>20))
				}
				return fmt.Sprint(l.Tokens(now))
			case 4, 5:
				wait, ok := l.Turn(now, time.Second)
				return fmt.Sprint(wait, ok)
			case 6, 7:
				return fmt.Sprint(l.Allow(now))
			default:
				token, wait, ok := l.Reserve(now, time.Hour)
				if wait > 0 {
					d.tokens = append(d.tokens, token)
				}
				return fmt.Sprint(token, wait, ok)
			}
		}}
	},
	"budget": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.Budget {
			return &topology.Budget{Like: topology.BudgetKind(u % uint64(topology.NumBudgetKinds)), Ratio: float64(u>>10%5) / 10, Burst: float64(u >> 20 % 5)}
		}
		return &decider{state: NewBudget(random(r.Uint64())), clone: func(s any) any { return s.(*Budget).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			b := d.state.(*Budget)
			o := outcomesAsked[u>>10%5]
			switch {
			case u>>40%100 == 0:
				b.Retune(random(u))
			case u%3 == 0:
				b.Deposit(now)
			case u%3 == 1 && len(d.ticket) > 0:
				b.Ended(now, o, take(&d.ticket, u>>20))
			case u%3 == 1:
				b.Ended(now, o, 0)
			default:
				paid, ok := b.Withdraw(now, o)
				if ok {
					d.ticket = append(d.ticket, paid)
				}
				return fmt.Sprint(paid, ok)
			}
			return ""
		}}
	},
	"throttle": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.Throttle {
			return &topology.Throttle{K: 1 + float64(u%5)/2, Window: time.Duration(1+u>>10%500) * ms}
		}
		return &decider{state: NewThrottle(random(r.Uint64())), clone: func(s any) any { return s.(*Throttle).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			t := d.state.(*Throttle)
			switch {
			case u>>40%50 == 0:
				t.Retune(random(u))
			case u%4 == 0:
				t.Accepted(now)
			case u%40 == 1:
				t.Withdrawn(now)
			default:
				return fmt.Sprint(t.Admit(now, float64(u>>10%1000)/1000))
			}
			return ""
		}}
	},
	"cache": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.Cache {
			return &topology.Cache{Keys: 30, Size: 1 + int(u%25), TTL: time.Duration(u>>10%50) * ms}
		}
		return &decider{state: NewCache(random(r.Uint64())), clone: func(s any) any { return s.(*Cache).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			c, key := d.state.(*Cache), int(u>>20%30)
			switch {
			case u>>40%100 == 0:
				c.Flush()
			case u>>40%100 == 1:
				c.Retune(random(u))
			case u%2 == 0:
				c.Fill(now, key)
			default:
				return fmt.Sprint(c.Get(now, key))
			}
			return ""
		}}
	},
	"recent": func(*rand.Rand) *decider {
		return &decider{state: NewRecent(), clone: func(s any) any { return s.(*Recent).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			l := d.state.(*Recent)
			if u%4 > 0 {
				l.Add(now, time.Duration(u>>20>>(u>>10%40)))
				return ""
			}
			took, ok := l.Quantile([]float64{0.5, 0.9, 0.99}[u>>20%3])
			return fmt.Sprint(took, ok)
		}}
	},
	"outlier": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.Outlier {
			return &topology.Outlier{Consecutive: 1 + int(u%4), Interval: time.Duration(1+u>>10%20) * ms, Eject: time.Duration(1+u>>20%20) * ms, Max: float64(1+u>>30%4) / 4}
		}
		return &decider{state: NewOutlier(random(r.Uint64()), 5), clone: func(s any) any { return s.(*Outlier).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			o, instance := d.state.(*Outlier), int(u>>20%5)
			switch {
			case u>>40%100 == 0:
				o.Retune(random(u))
			case u>>40%100 == 1:
				o.Count(1 + int(u%5))
			case u>>40%100 == 2:
				o.Forget(instance)
			case u%2 == 0:
				return fmt.Sprint(o.Result(now, instance, u>>10%3 > 0))
			default:
				return fmt.Sprint(o.Out(now, instance), o.AnyOut())
			}
			return ""
		}}
	},
	"adaptive limit": func(r *rand.Rand) *decider {
		random := func(u uint64) *topology.AdaptiveLimit {
			return &topology.AdaptiveLimit{Kind: topology.LimitKind(u % 2), Min: 1, Max: 100, Initial: 20, Timeout: 50 * ms}
		}
		return &decider{state: NewAdaptiveLimit(random(r.Uint64())), clone: func(s any) any { return s.(*AdaptiveLimit).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			l := d.state.(*AdaptiveLimit)
			if u>>40%200 == 0 {
				l.Retune(random(u))
			}
			l.Sample(now, time.Duration(u>>20%60e6), int(u>>10%100), u%50 == 0)
			return fmt.Sprint(l.limit)
		}}
	},
	"autoscale": func(r *rand.Rand) *decider {
		return &decider{state: NewAutoscale(&topology.Autoscale{Min: 1, Max: 20, Target: 0.6, Cooldown: time.Duration(r.IntN(40)) * ms}), clone: func(s any) any { return s.(*Autoscale).Clone() }, ask: func(d *decider, now time.Duration, u uint64) string {
			return fmt.Sprint(d.state.(*Autoscale).Want(now, 1+int(u>>10%20), float64(u%1000)/1000))
		}}
	},
}

// unchanging are settings, and the time zone of the library's instants.
func unchanging(_ string, of reflect.Type) bool {
	return of.PkgPath() == reflect.TypeFor[topology.Breaker]().PkgPath() || of == reflect.TypeFor[time.Location]()
}

// In random traces, a copy that is made anywhere in them, and a copy of that copy, decide
// as the original, which decides as one that was never copied; and they share nothing
// that changes. They are asked in turn: what one changes the others would feel.
func TestClonesDecideAlike(t *testing.T) {
	for name, make := range deciders {
		t.Run(name, func(t *testing.T) {
			answers := map[string]bool{}
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 2))
				first := make(rand.New(rand.NewPCG(seed, 3)))
				all := []*decider{make(rand.New(rand.NewPCG(seed, 3))), first} // the one that is never copied leads
				now := time.Duration(0)
				for step := range 200 {
					if len(all) < 4 && r.IntN(60) == 0 {
						last := all[len(all)-1]
						next := last.copy()
						if shared := apart.Shared(last.state, next.state, unchanging); len(shared) > 0 {
							t.Fatalf("seed %d, step %d: the copy shares %q", seed, step, shared)
						}
						all = append(all, next)
					}
					switch r.IntN(8) {
					case 0, 1:
						now += time.Duration(r.IntN(4)) * ms
					case 2:
						now += time.Duration(r.Int64N(int64(20 * ms)))
					case 3:
						now += time.Duration(r.Int64N(int64(time.Second)))
					}
					u := r.Uint64()
					want := ""
					for i, d := range all {
						got := d.ask(d, now, u)
						if i == 0 {
							want = got
						} else if got != want {
							t.Fatalf("seed %d, step %d: number %d says %q, and the one that was never copied %q", seed, step, i, got, want)
						}
					}
					answers[want] = true
				}
			}
			if len(answers) < 2 {
				t.Errorf("the traces are dull: %v", answers)
			}
		})
	}
}

// A copy of a breaker that is half-open has admitted as much, and closes at the same
// success.
func TestCloneOfAHalfOpenBreaker(t *testing.T) {
	p := &topology.Breaker{Consecutive: 0, OpenFor: ms, HalfOpen: 4}
	for succeeded := range 4 {
		for pending := range 4 - succeeded {
			for excluded := range 3 {
				b := NewBreaker(0, p)
				old, _ := b.Allow(0) // of another time
				trip, _ := b.Allow(0)
				b.Done(0, trip, Failed)
				var left []int32
				admit := func() int32 {
					ticket, ok := b.Allow(2 * ms)
					if !ok {
						t.Fatal("a half-open breaker has no place")
					}
					return ticket
				}
				for range excluded {
					b.Done(2*ms, admit(), Excluded)
				}
				for range succeeded {
					b.Done(2*ms, admit(), Succeeded)
				}
				for range pending {
					left = append(left, admit())
				}
				if succeeded+pending+excluded == 0 {
					continue // it is still open
				}
				for _, c := range []*Breaker{b.Clone(), b.Clone().Clone()} {
					c.Done(2*ms, old, Failed)
					for range 4 - succeeded - pending {
						ticket, ok := c.Allow(3 * ms)
						if !ok {
							t.Fatalf("%d, %d, %d: a copy has no place", succeeded, pending, excluded)
						}
						left = append(left, ticket)
					}
					if _, ok := c.Allow(3 * ms); ok {
						t.Fatalf("%d, %d, %d: a copy has a place more", succeeded, pending, excluded)
					}
					for i, ticket := range left {
						if c.State() != topology.StateHalfOpen {
							t.Fatalf("%d, %d, %d: a copy is %v after %d more successes", succeeded, pending, excluded, c.State(), i)
						}
						c.Done(3*ms, ticket, Succeeded)
					}
					if c.State() != topology.StateClosed {
						t.Fatalf("%d, %d, %d: a copy is %v", succeeded, pending, excluded, c.State())
					}
					left = left[:pending]
				}
			}
		}
	}
}
