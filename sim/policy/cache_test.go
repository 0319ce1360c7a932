package policy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"cascade/topology"
)

func TestCache(t *testing.T) {
	type at = time.Duration
	const s = time.Second
	for _, row := range []struct {
		name  string
		size  int
		ttl   time.Duration
		steps []any // an instant; then "+k" fills, "k" is a hit, "-k" a miss, "flush"
	}{
		{"empty", 2, 0, []any{"-1"}},
		{"filled", 2, 0, []any{"+1", "1", "-2"}},
		{"the oldest goes", 2, 0, []any{"+1", "+2", "+3", "-1", "2", "3"}},
		{"a use makes it the newest", 2, 0, []any{"+1", "+2", "1", "+3", "1", "-2", "3"}},
		{"a filling too", 2, 0, []any{"+1", "+2", "+1", "+3", "1", "-2", "3"}},
		{"a miss changes nothing", 2, 0, []any{"+1", "+2", "-9", "+3", "-1"}},
		{"of one", 1, 0, []any{"+1", "1", "+2", "-1", "2"}},
		{"for ever", 2, 0, []any{"+1", at(1 << 62), "1"}},
		{"good for ten seconds", 2, 10 * s, []any{"+1", at(10*s - 1), "1", at(10 * s), "-1", "-1"}},
		{"from the filling, not the use", 2, 10 * s, []any{"+1", at(9 * s), "1", at(11 * s), "-1"}},
		{"filled anew", 2, 10 * s, []any{"+1", at(9 * s), "+1", at(18 * s), "1", at(19 * s), "-1", "+1", "1"}},
		{"found expired, it goes next", 2, 10 * s, []any{"+1", at(9 * s), "+2", at(10 * s), "-1", "+3", "2", "3"}},
		{"not yet found expired, it holds its place", 2, 10 * s, []any{"+1", at(9 * s), "+2", "1", at(10 * s), "+3", "-2", "3"}},
		{"all found expired", 2, s, []any{"+1", "+2", at(s), "-1", "-2", "+3", "+4", "3", "4"}},
		{"flushed", 2, 0, []any{"+1", "+2", "flush", "-1", "-2", "+3", "+4", "3", "4", "+5", "-3", "4", "5"}},
	} {
		c := NewCache(&topology.Cache{Keys: 10, Size: row.size, TTL: row.ttl})
		now := time.Duration(0)
		for i, step := range row.steps {
			if then, ok := step.(at); ok {
				now = then
				continue
			}
			text, key := step.(string), 0
			switch {
			case text == "flush":
				c.Flush()
			case text[0] == '+':
				fmt.Sscan(text[1:], &key)
				c.Fill(now, key)
			default:
				fmt.Sscan(text, &key)
				if got := c.Get(now, max(key, -key)); got != (key > 0) {
					t.Errorf("%s, step %d: key %d is there: %v", row.name, i, max(key, -key), got)
				}
			}
		}
	}
}

func TestCacheRetune(t *testing.T) {
	for _, row := range []struct {
		name string
		then topology.Cache
		want []int // of 1 … 5, filled at 1 … 5 s, and 2 used after that; at 6 s
	}{
		{"the same", topology.Cache{Size: 5}, []int{1, 2, 3, 4, 5}},
		{"larger", topology.Cache{Size: 50}, []int{1, 2, 3, 4, 5}},
		{"smaller: those used last", topology.Cache{Size: 3}, []int{2, 4, 5}},
		{"one", topology.Cache{Size: 1}, []int{2}},
		{"a TTL from now on, from the filling", topology.Cache{Size: 5, TTL: 3 * time.Second}, []int{4, 5}},
		{"both", topology.Cache{Size: 3, TTL: 3 * time.Second}, []int{4, 5}},
	} {
		c := NewCache(&topology.Cache{Keys: 10, Size: 5})
		for k := 1; k <= 5; k++ {
			c.Fill(time.Duration(k)*time.Second, k)
		}
		c.Get(5*time.Second, 2)
		row.then.Keys = 10
		c.Retune(&row.then)
		var got []int
		for k := 1; k <= 5; k++ {
			if c.Get(6*time.Second, k) {
				got = append(got, k)
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v are there, want %v", row.name, got, row.want)
		}
	}
}

// shelf is a cache's dumb twin: the answers in a slice, the newest first. What has
// expired is taken off when it is asked for.
type shelf struct {
	size    int
	ttl     time.Duration
	answers []answer
}

type answer struct {
	key    int
	filled time.Duration
}

func (s *shelf) find(key int) int {
	return slices.IndexFunc(s.answers, func(a answer) bool { return a.key == key })
}

func (s *shelf) get(now time.Duration, key int) bool {
	i := s.find(key)
	if i < 0 {
		return false
	}
	a := s.answers[i]
	s.answers = slices.Delete(s.answers, i, i+1)
	if s.ttl > 0 && now >= a.filled+s.ttl {
		return false
	}
	s.answers = slices.Insert(s.answers, 0, a)
	return true
}

func (s *shelf) fill(now time.Duration, key int) {
	if i := s.find(key); i >= 0 {
		s.answers = slices.Delete(s.answers, i, i+1)
	}
	s.answers = slices.Insert(s.answers, 0, answer{key, now})
	s.fit()
}

func (s *shelf) fit() { s.answers = s.answers[:min(len(s.answers), s.size)] }

func TestCacheIsAsTheTwinSays(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	decided := map[bool]int{}
	for trial := range 3000 {
		draw := func() topology.Cache {
			p := topology.Cache{Keys: 1 + r.IntN(30), Size: 1 + r.IntN(12)}
			if r.IntN(3) > 0 {
				p.TTL = time.Duration(1 + r.IntN(60))
			}
			return p
		}
		p := draw()
		keys := p.Keys
		c, twin := NewCache(&p), shelf{size: p.Size, ttl: p.TTL}
		now := time.Duration(0)
		for step := range 200 {
			now += time.Duration(r.IntN(3))
			key := r.IntN(keys)
			switch u := r.IntN(100); {
			case u == 0:
				c.Flush()
				twin.answers = nil
			case u == 1:
				p = draw()
				c.Retune(&p)
				twin.size, twin.ttl = p.Size, p.TTL
				twin.fit()
			case u < 35:
				c.Fill(now, key)
				twin.fill(now, key)
			default:
				got, want := c.Get(now, key), twin.get(now, key)
				if got != want {
					t.Fatalf("trial %d, step %d, %+v: key %d is there: %v, want %v", trial, step, p, key, got, want)
				}
				decided[got]++
			}
			held := 0
			for i, e := range c.entries[1:] {
				if e.key != vacant && c.find(e.key) == int32(i+1) {
					held++
				}
			}
			if held != len(twin.answers) || len(c.entries)-1 > p.Size || len(c.chains) < len(c.entries)-1 {
				t.Fatalf("trial %d, step %d, %+v: %d keys, want %d; %d entries, %d chains", trial, step, p, held, len(twin.answers), len(c.entries)-1, len(c.chains))
			}
		}
	}
	if min(decided[false], decided[true]) < 10_000 {
		t.Errorf("%d misses, %d hits", decided[false], decided[true])
	}
}

// What is known of hit ratios, a million requests each, every miss filled at once:
//   - keys all alike: any cache of S of N keys hits S/N of the time;
//   - one key, asked for λ times a second at random, good for T: λT hits follow each
//     filling, so the ratio is λT/(1+λT);
//   - Zipf's popularity: Che's approximation (H. Che, Y. Tung and Z. Wang, 2002), Σ p·(1-e^(-pt))
//     with the t at which Σ (1-e^(-pt)) is the cache's size.
//
// The standard deviation of such a ratio is about 0.0005, and below 0.001 with what
// follows from each miss; the bound is 0.003. Tried and failed: throwing out the newest
// (Zipf 0.13, not 0.58), a use that does not count, which is first in, first out (0.52), one
// place too few (alike 0.29).
func TestCacheHitRatio(t *testing.T) {
	const n = 1_000_000
	ratio := func(p *topology.Cache, rate float64, popularity []float64) float64 {
		r := rand.New(rand.NewPCG(7, 7))
		c := NewCache(p)
		upTo := make([]float64, len(popularity))
		sum := 0.0
		for i, share := range popularity {
			sum += share
			upTo[i] = sum
		}
		hits, now := 0, 0.0
		for range n {
			now += r.ExpFloat64() / rate
			at := time.Duration(now * 1e9)
			key := min(sort.SearchFloat64s(upTo, r.Float64()*sum), len(upTo)-1)
			if c.Get(at, key) {
				hits++
			} else {
				c.Fill(at, key)
			}
		}
		return float64(hits) / n
	}
	zipf := make([]float64, 1000)
	sum := 0.0
	for i := range zipf {
		zipf[i] = 1 / float64(i+1)
		sum += zipf[i]
	}
	for i := range zipf {
		zipf[i] /= sum
	}
	for _, row := range []struct {
		name       string
		cache      topology.Cache
		rate       float64
		popularity []float64
		want       float64
	}{
		{"alike", topology.Cache{Keys: 100, Size: 30}, 1, slices.Repeat([]float64{0.01}, 100), 0.3},
		{"TTL", topology.Cache{Keys: 1, Size: 1, TTL: 4 * time.Second}, 1, []float64{1}, 0.8},
		{"Zipf", topology.Cache{Keys: 1000, Size: 100}, 1, zipf, che(zipf, 100)},
	} {
		if got := ratio(&row.cache, row.rate, row.popularity); math.Abs(got-row.want) > 0.003 {
			t.Errorf("%s: hits %.4f, want %.4f", row.name, got, row.want)
		}
	}
}

// che is Che's approximation of the hit ratio of an LRU cache.
func che(popularity []float64, size float64) float64 {
	held := func(t float64) (n, hits float64) {
		for _, p := range popularity {
			n += 1 - math.Exp(-p*t)
			hits += p * (1 - math.Exp(-p*t))
		}
		return n, hits
	}
	low, high := 0.0, 1e9
	for range 200 {
		if n, _ := held((low + high) / 2); n < size {
			low = (low + high) / 2
		} else {
			high = (low + high) / 2
		}
	}
	_, hits := held(low)
	return hits
}

func TestCacheAllocatesNothingWhenFull(t *testing.T) {
	c := NewCache(&topology.Cache{Keys: 1000, Size: 100})
	for k := range 1000 {
		c.Fill(0, k)
	}
	k := 0
	if n := testing.AllocsPerRun(10_000, func() {
		k = (k + 7) % 1000
		if !c.Get(0, k) {
			c.Fill(0, k)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCache(b *testing.B) {
	b.ReportAllocs()
	c := NewCache(&topology.Cache{Keys: 10_000, Size: 1000})
	k := 0
	for b.Loop() {
		k = (k + 7919) % 10_000
		if !c.Get(0, k/3) {
			c.Fill(0, k/3)
		}
	}
}
