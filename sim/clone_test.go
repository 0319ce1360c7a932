package sim_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/internal/apart"
	"cascade/topology"

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

// unchanging is what Systems share: the plan, what it says, and what was worked out from
// it once and for all.
func unchanging(path string, of reflect.Type) bool {
	switch of {
	case reflect.TypeFor[sim.Plan](), reflect.TypeFor[sim.Source](), reflect.TypeFor[sim.Fault](), reflect.TypeFor[time.Location]():
		return true
	}
	field := path[strings.LastIndex(path, ".")+1:]
	switch strings.TrimRight(field, "[]") {
	case "Values", "parts", "values": // of a topology.Dist, and of its sampler
		return true
	}
	return path == ".sources[].pieces" || path == ".sources[].users" || of.PkgPath() == reflect.TypeFor[topology.Edge]().PkgPath()
}

// A clone that is made at a random instant of a random plan shares nothing with what it is
// a copy of but what never changes. The test fails where any line of Clone is left out.
func TestClonesShareNothing(t *testing.T) {
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		s := sim.New(p)
		for i := range 4 {
			s.RunUntil(m.instant(fmt.Sprintf("clone %d", i), p))
			if shared := apart.Shared(s, s.Clone(), unchanging); len(shared) > 0 {
				t.Fatalf("a clone at %v shares %q", s.Now(), shared)
			}
		}
	})
}

// A clone, and a clone of it, made at random instants of random plans go on as what they
// are copies of: all come to what a run comes to that was never cloned, whatever turns
// they take.
func TestClonesGoOnAlike(t *testing.T) {
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		numbers := uint64(1 << 30)
		if m.once("numbers run out", 4) {
			numbers = uint64(m.n("sequence numbers", 20, 5000))
		}
		want := show(t, p, func(s *sim.System) {
			s.LimitSequence(numbers)
			s.RunUntil(p.Duration)
		})
		seen := []*shown{{}}
		runs := []*sim.System{sim.New(p, &seen[0].record)}
		runs[0].LimitSequence(numbers)
		for i := range m.n("clones", 1, 2) {
			last, before := runs[i], seen[i]
			last.RunUntil(max(last.Now(), m.instant(fmt.Sprintf("clone %d", i), p)))
			own := &shown{record: record{slices.Clone(before.samples), slices.Clone(before.transitions)}}
			runs, seen = append(runs, last.Clone(&own.record)), append(seen, own)
		}
		order := rapid.Permutation(runs).Draw(t, "order")
		step := max(p.Duration/des.Time(m.n("steps", 1, 50)), 1)
		for at := des.Time(0); at < p.Duration; at += step {
			for _, s := range order {
				s.RunUntil(at + step)
			}
		}
		for i, s := range runs {
			var err error
			if seen[i].totals, err = s.Finish(); err != nil {
				t.Fatalf("run %d of %d: %v", i, len(runs), err)
			}
			alike(t, fmt.Sprintf("run %d of %d", i, len(runs)), seen[i], want)
		}
	})
}

// A mesh is n services that call each other in n/10 chains of ten with a breaker, a rate
// limit and a budget on every call, and cache what the last one says.
func mesh(n int, d time.Duration) *sim.Plan {
	var services []topology.Service
	var sources []sim.Source
	for i := range n {
		steps := []topology.Step{work(topology.Exponential(2 * ms))}
		if i%10 < 9 {
			steps = append(steps, call(i+1, 0, func(e *topology.Edge) {
				e.Timeout = sec
				e.Breaker = &topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, MinRequests: 20, Interval: 10 * sec, Bucket: sec, OpenFor: 5 * sec, HalfOpen: 1, On: topology.BreakerDefault}
				e.RateLimit = &topology.RateLimit{Rate: 1000, Burst: 100}
				e.Retry = topology.Retry{Attempts: 3, Factor: 2, Max: 40 * ms, On: topology.RetryDefault, Budget: &topology.Budget{Ratio: 0.1, Burst: 10}}
				if i%10 == 8 {
					e.Cache = &topology.Cache{Keys: 10_000, Size: 1000, TTL: sec}
				}
			}))
		}
		s := service(fmt.Sprintf("s%d", i), 16, 100, steps...)
		s.Instances = 3
		services = append(services, s)
		if i%10 == 0 {
			sources = append(sources, openSource(fmt.Sprintf("c%d", i), i, 500))
		}
	}
	return plan(d, services, sources...)
}

// What a clone costs after a minute: of a chain of three, as it is and overloaded, of a
// mesh, and of a queue with 600,000 messages.
func BenchmarkClone(b *testing.B) {
	for _, row := range []struct {
		name string
		plan *sim.Plan
	}{
		{"chain", chains(1, 2*60*sec)},
		{"overloaded", overloaded(2 * 60 * sec)},
		{"mesh_50", mesh(50, 2*60*sec)},
		{"backlog", backlog(2 * 60 * sec)},
	} {
		b.Run(row.name, func(b *testing.B) {
			s := sim.New(row.plan)
			s.RunUntil(at(60 * sec))
			b.ReportAllocs()
			for b.Loop() {
				s.Clone()
			}
			b.ReportMetric(float64(s.Footprint()), "footprint-B")
		})
	}
}

// A footprint is within a factor of three of what a clone takes, where that is much and
// where it is little.
func TestFootprint(t *testing.T) {
	stream := backlog(10 * sec)
	q := &stream.Topology.Queues[0]
	q.Kind, q.Partitions = topology.Stream, 16
	rewindable := *stream
	rewindable.Faults = []sim.Fault{{Name: "back", Kind: sim.Rewind, Queues: []int{0}, Group: 1, From: at(9 * sec), Until: at(9 * sec), By: at(10 * sec)}}
	chain := chains(1, 10*sec)
	for _, e := range chain.Topology.Edges {
		e.Cache = &topology.Cache{Keys: 1_000_000, Size: 100_000}
	}
	for name, p := range map[string]*sim.Plan{
		"chain": chains(1, 4*sec), "chains": chains(100, 1*sec), "overloaded": overloaded(10 * sec), "mesh": mesh(50, 4*sec), "caches": chain,
		"backlog": backlog(10 * sec), "stream": stream, "stream that goes back": &rewindable,
	} {
		s := sim.New(p)
		s.RunUntil(p.Duration / 2)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c := s.Clone()
		runtime.ReadMemStats(&after)
		took := int(after.TotalAlloc - before.TotalAlloc)
		got := s.Footprint()
		if got > 3*took || took > 3*got {
			t.Errorf("%s: a clone took %d bytes, the footprint is %d", name, took, got)
		}
		t.Logf("%s: %d bytes, footprint %d", name, took, got)
		if c.Footprint() != got {
			t.Errorf("%s: a clone's footprint is %d, the original's %d", name, c.Footprint(), got)
		}
	}
}

// backlog is a queue that nobody works off: ten thousand messages a second.
func backlog(d time.Duration) *sim.Plan {
	worker := service("b", 1, topology.Unlimited, work(topology.Constant(time.Hour)))
	worker.Consumes = []topology.Consume{{Batch: 1}}
	publish := topology.Step{Kind: topology.Message, Publish: &topology.Publish{Chance: 1, Times: 1, Keys: 1000}}
	return queued(d, []topology.Queue{{Name: "q", DeadLetter: topology.None, Capacity: topology.Unlimited}}, []topology.Service{
		service("a", 64, topology.Unlimited, work(topology.Constant(1*ms)), publish), worker}, openSource("s", 0, 10_000))
}

// Samples that are cut are, put together, those of a run that is not.
func TestSamplesPutTogether(t *testing.T) {
	puts := 0
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		for range m.n("more cuts", 1, 8) {
			p.Cuts = append(p.Cuts, at(m.millis("cut", 0, 700)))
		}
		whole := *p
		whole.Cuts = []des.Time{p.Warmup}
		want := show(t, &whole, toTheEnd(&whole)).samples
		var got []*sim.Sample
		for _, s := range show(t, p, toTheEnd(p)).samples {
			if n := len(got) - 1; n >= 0 && got[n].To < want[n].To {
				got[n].Append(&s)
				puts++
			} else {
				got = append(got, s.Clone())
			}
		}
		for i := range want {
			w, g := want[i].Clone(), got[i].Clone() // distributions too are alike then
			for q := range w.Queues {
				nearlyAsOld(t, &g.Queues[q].GroupTally, &w.Queues[q].GroupTally, w.Queues[q].Groups == nil)
				for k := range w.Queues[q].Groups {
					nearlyAsOld(t, &g.Queues[q].Groups[k], &w.Queues[q].Groups[k], len(w.Queues[q].Groups[k].Partitions) == 1)
				}
			}
			if !reflect.DeepEqual(g, w) {
				t.Fatalf("from %v to %v:\n got %+v\nwant %+v", w.From, w.To, g, w)
			}
		}
	})
	if puts == 0 {
		t.Error("no sample was cut")
	}
}

// nearlyAsOld lets a mean age pass that is as it should be but for rounding; or, where it is
// of more than one partition, of the worst of them at each time.
func nearlyAsOld(t rapid.TB, got, want *sim.GroupTally, one bool) {
	t.Helper()
	if off := got.AgeMean - want.AgeMean; off < -1e-6*want.AgeMean || one && off > 1e-6*want.AgeMean || got.AgeMean > float64(want.AgeMax) {
		t.Fatalf("a mean age of %v, want %v", got.AgeMean, want.AgeMean)
	}
	got.AgeMean = want.AgeMean
}
