package sim_test

import (
	"fmt"
	"reflect"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/internal/apart"

	"pgregory.net/rapid"
)

// instant is a random one of a run, now and then one at which a sample ends.
func (m maker) instant(label string, p *sim.Plan) des.Time {
	t := des.Time(rapid.Int64Range(0, int64(p.Duration)).Draw(m.T, label))
	if m.once(label+" at a sample's end", 3) {
		t -= t % p.Interval
	}
	return t
}

// Totals may be asked at any time: they are what a run comes to that is broken off there,
// and a run that was asked is the same as one that was not.
func TestTotalsChangeNothing(t *testing.T) {
	check(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		asked := show(t, p, func(s *sim.System) {
			for i := range m.n("times asked", 1, 3) {
				s.RunUntil(max(s.Now(), m.instant(fmt.Sprintf("asked %d", i), p)))
				got := s.Totals()
				stopped := sim.New(p)
				stopped.RunUntil(s.Now())
				want, err := stopped.Finish()
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("at %v:\n got %+v\nwant %+v", s.Now(), got, want)
				}
				if shared := apart.Shared(s, got, nil); len(shared) > 0 {
					t.Fatalf("totals share %q with their run", shared)
				}
			}
			s.RunUntil(p.Duration)
		})
		alike(t, "a run that was not asked", asked, show(t, p, toTheEnd(p)))
	})
}

// A lender shows that what it copies of each sample shares nothing with it.
type lender struct {
	rapid.TB
	copies int
}

func (l *lender) Transition(sim.Transition) {}

func (l *lender) Sample(s *sim.Sample) {
	c := s.Clone()
	if shared := apart.Shared(s, c, nil); len(shared) > 0 {
		l.Fatalf("the copy of a sample shares %q with it", shared)
	}
	if !reflect.DeepEqual(c.Clone(), c) {
		l.Fatalf("the copy of a copy is another")
	}
	l.copies++
}

func TestSampleCopiesShareNothing(t *testing.T) {
	l := &lender{TB: t}
	check(t, func(t *rapid.T) {
		p := maker{T: t}.plan()
		sim.New(p, l).RunUntil(p.Duration)
	})
	if l.copies == 0 {
		t.Error("no sample was shown")
	}
}
