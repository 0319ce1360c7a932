package hist

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// samples are the shapes that a histogram is held against.
var samples = []struct {
	name string
	draw func(r *rand.Rand) int64
}{
	{"exponential", func(r *rand.Rand) int64 { return int64(r.ExpFloat64() * 5e6) }},
	{"lognormal", func(r *rand.Rand) int64 { return int64(math.Exp(15 + 2*r.NormFloat64())) }},
	{"constant", func(*rand.Rand) int64 { return 123_456_789 }},
	{"bimodal", func(r *rand.Rand) int64 {
		if r.IntN(10) == 0 {
			return 91_000_000 + r.Int64N(100_000)
		}
		return 1_000_000 + r.Int64N(1000)
	}},
	{"tiny", func(r *rand.Rand) int64 { return r.Int64N(300) }},
	{"zeros", func(*rand.Rand) int64 { return 0 }},
	{"mostly zeros", func(r *rand.Rand) int64 { return max(0, r.Int64N(1000)-990) }},
	{"huge", func(r *rand.Rand) int64 { return math.MaxInt64 - r.Int64N(1<<uint(1+r.IntN(62))) }},
	{"any magnitude", func(r *rand.Rand) int64 { return r.Int64() >> uint(r.IntN(63)) }},
	{"edges of buckets", func(r *rand.Rand) int64 {
		return int64(64+r.Uint64N(65))<<uint(r.IntN(56)) - r.Int64N(2)
	}},
}

var shares = []float64{0, 0.001, 0.01, 0.1, 0.25, 1. / 3, 0.5, 0.55, 0.9, 0.95, 0.99, 0.999, 0.9999, 1}

func histOf(values ...int64) *Hist {
	h := new(Hist)
	for _, v := range values {
		h.Add(v)
	}
	return h
}

// moments are the mean and the standard deviation, by whole numbers of any size.
func moments(values []int64) (mean, sd float64) {
	n := big.NewRat(int64(len(values)), 1)
	sum, square := new(big.Int), new(big.Int)
	for _, v := range values {
		b := big.NewInt(v)
		sum.Add(sum, b)
		square.Add(square, b.Mul(b, b))
	}
	m := new(big.Rat).Quo(new(big.Rat).SetInt(sum), n)
	mean, _ = m.Float64()
	if len(values) < 2 {
		return mean, 0
	}
	v := new(big.Rat).Mul(m, m)
	v.Sub(new(big.Rat).Quo(new(big.Rat).SetInt(square), n), v)
	v.Mul(v, new(big.Rat).Quo(n, new(big.Rat).Sub(n, big.NewRat(1, 1))))
	f, _ := v.Float64()
	return mean, math.Sqrt(f)
}

// nearestRank is the exact quantile of a sorted sample: the smallest value that at
// least a share q are at most.
func nearestRank(sorted []int64, q float64) int64 {
	// The share as a person writes it, 0.55 and not the binary fraction next to it.
	exact, _ := new(big.Rat).SetString(fmt.Sprint(q))
	exact.Mul(exact, big.NewRat(int64(len(sorted)), 1))
	up := new(big.Int).Add(exact.Num(), exact.Denom())
	up.Sub(up, big.NewInt(1)).Quo(up, exact.Denom())
	return sorted[min(max(up.Int64(), 1), int64(len(sorted)))-1]
}

// check holds a histogram against the sample that it is of.
func check(t *testing.T, h *Hist, values []int64) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if h.Count() != uint64(n) {
		t.Errorf("count %d, want %d", h.Count(), n)
	}
	if n == 0 {
		sorted = []int64{0}
	}
	if h.Min() != sorted[0] || h.Max() != sorted[len(sorted)-1] {
		t.Errorf("from %d to %d, want %d to %d", h.Min(), h.Max(), sorted[0], sorted[len(sorted)-1])
	}
	mean, sd := 0.0, 0.0
	if n > 0 {
		mean, sd = moments(values)
	}
	if h.Mean() != mean {
		t.Errorf("mean %v, want %v", h.Mean(), mean)
	}
	if !(math.Abs(h.SD()-sd) <= 1e-15*sd) { // nor is NaN right
		t.Errorf("standard deviation %v, want %v", h.SD(), sd)
	}
	all := make([]int64, len(shares))
	h.Quantiles(shares, all)
	for k, q := range shares {
		want := nearestRank(sorted, q)
		if all[k] != h.Quantile(q) {
			t.Errorf("quantile %v is %d among others, and %d alone", q, all[k], h.Quantile(q))
		}
		if got := h.Quantile(q); math.Abs(float64(got)-float64(want)) > 0.01*float64(want) || want < 128 && got != want {
			t.Errorf("quantile %v is %d, want %d within 1%%", q, got, want)
		}
	}
}

func TestHistAgainstTheSample(t *testing.T) {
	for i, s := range samples {
		for _, n := range []int{0, 1, 2, 3, 10, 100, 20_000} {
			t.Run(fmt.Sprintf("%s, %d", s.name, n), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(i), uint64(n)))
				values := make([]int64, n)
				for k := range values {
					values[k] = s.draw(r)
				}
				check(t, histOf(values...), values)
			})
		}
	}
}

// Quantiles of ranks that binary fractions miss: the k-th of a hundred, and of a
// thousand, for every k.
func TestQuantileRanks(t *testing.T) {
	for _, n := range []int{100, 1000} {
		h := new(Hist)
		values := make([]int64, n)
		for i := range values {
			values[i] = int64(math.Pow(1.02, float64(i*1000/n)) * 1000) // each in a bucket of its own
			h.Add(values[i])
		}
		for k := 1; k <= n; k++ {
			got, want := h.Quantile(float64(k)/float64(n)), values[k-1]
			if math.Abs(float64(got-want)) > 0.009*float64(want) {
				t.Errorf("of %d, the share %d/%d is %d, want %d", n, k, n, got, want)
			}
		}
	}
}

// Each bucket's middle is in it and within 0.8% of its ends; buckets follow each other
// without a gap.
func TestBuckets(t *testing.T) {
	last := bucketOf(math.MaxInt64)
	for b := range last + 1 {
		m := middleOf(b)
		if m < 0 || bucketOf(uint64(m)) != b {
			t.Fatalf("the middle of bucket %d is %d, in bucket %d", b, m, bucketOf(uint64(m)))
		}
		// The ends by bisection between the neighbours' middles.
		first, least := uint64(0), int64(0)
		if b > 0 {
			least = middleOf(b - 1)
		}
		for lo, hi := uint64(least), uint64(m); ; {
			if bucketOf(lo) == b {
				first = lo
				break
			}
			if hi-lo == 1 {
				first = hi
				break
			}
			if mid := lo + (hi-lo)/2; bucketOf(mid) == b {
				hi = mid
			} else {
				lo = mid
			}
		}
		if b > 0 && bucketOf(first-1) != b-1 {
			t.Fatalf("before %d, the first of bucket %d, comes bucket %d", first, b, bucketOf(first-1))
		}
		if below := float64(uint64(m) - first); below > 0.008*float64(first) {
			t.Fatalf("bucket %d begins %v below its middle %d", b, below, m)
		}
	}
}

func TestEmptyAndNil(t *testing.T) {
	var none *Hist
	reset := histOf(1, 1e9)
	reset.Reset()
	for name, h := range map[string]*Hist{"nil": none, "zero": {}, "reset": reset, "of nothing": Merged(nil, nil), "copy of nil": none.Clone()} {
		if h.Count() != 0 || h.Mean() != 0 || h.SD() != 0 || h.Min() != 0 || h.Max() != 0 || h.Quantile(0.5) != 0 {
			t.Errorf("%s: count %d, mean %v, sd %v, from %d to %d, median %d",
				name, h.Count(), h.Mean(), h.SD(), h.Min(), h.Max(), h.Quantile(0.5))
		}
	}
}

// content is all that can be asked of a histogram, and its buckets.
func content(h *Hist) string {
	s := fmt.Sprintln(h.Count(), h.Mean(), h.SD(), h.Min(), h.Max())
	if h == nil || h.others == 0 {
		return s
	}
	lo, hi := h.used()
	for i := lo; i < hi; i++ {
		if n := h.at(i); n > 0 {
			s += fmt.Sprintln(i+h.base, n)
		}
	}
	return s
}

func equal(t *testing.T, what string, got, want *Hist) {
	t.Helper()
	if g, w := content(got), content(want); g != w {
		t.Errorf("%s: got\n%swant\n%s", what, g, w)
	}
}

func TestMergeIsUnion(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		parts := make([]*Hist, 1+r.IntN(4))
		var all []int64
		for i := range parts {
			if r.IntN(8) == 0 {
				continue // nil
			}
			parts[i] = new(Hist)
			if r.IntN(4) == 0 { // used before
				parts[i].Add(r.Int64N(1 << uint(1+r.IntN(62))))
				parts[i].Reset()
			}
			s := samples[r.IntN(len(samples))]
			for range r.IntN(20) {
				v := s.draw(r)
				parts[i].Add(v)
				all = append(all, v)
			}
		}
		want := histOf(all...)
		got := new(Hist)
		for _, p := range parts {
			before := content(p)
			got.Merge(p)
			if p != nil && content(p) != before {
				t.Errorf("seed %d: merging changes what is merged", seed)
			}
		}
		equal(t, "one after the other", got, want)
		equal(t, "the first two", Merged(parts[0], parts[len(parts)-1]), Merged(parts[len(parts)-1], parts[0]))
		if seed%20 == 0 {
			check(t, got, all)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestAddZerosIsAddOfZeros(t *testing.T) {
	got, want := histOf(5, 900), histOf(5, 900)
	for n := range 5 {
		got.AddZeros(uint64(n))
		for range n {
			want.Add(0)
		}
	}
	equal(t, "ten zeros", got, want)
	check(t, got, append(make([]int64, 10), 5, 900))
}

func TestResetIsAFreshStart(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	used := new(Hist)
	for range 300 {
		s := samples[r.IntN(len(samples))]
		fresh := new(Hist)
		used.Reset()
		for range r.IntN(50) {
			v := s.draw(r)
			used.Add(v)
			fresh.Add(v)
		}
		equal(t, "after Reset", used, fresh)
		for i, n := range used.counts { // nothing is left outside of the part in use
			if n > 0 && fresh.others == 0 {
				t.Fatalf("bucket %d still counts %d", i, n)
			}
		}
	}
}

func TestNegativeDurationsPanic(t *testing.T) {
	for _, ns := range []int64{-1, math.MinInt64} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d was counted", ns)
				}
			}()
			h := histOf(1, math.MaxInt64) // every bucket that there is
			h.Add(ns)
		}()
	}
}

func TestCloneSharesNothing(t *testing.T) {
	h := histOf(0, 5, 1e6, 1e6, 1e9)
	h.carried(bucketOf(1e6) - h.base)
	c := h.Clone()
	equal(t, "copy", c, h)
	before := content(h)
	c.Add(1e6)
	c.Add(1)
	c.carried(bucketOf(1e6) - c.base)
	if content(h) != before {
		t.Error("adding to the copy changes what it is of")
	}
	before = content(c)
	h.Reset()
	if content(c) != before {
		t.Error("Reset changes a copy")
	}
}

// A copy takes no more memory than what it holds needs, as if it had been merged into
// an empty one: whatever h reached before it was reset.
func TestCopyIsAMerge(t *testing.T) {
	for _, values := range [][]int64{nil, {0}, {1}, {63, 64}, {127, 128}, {1e6, 1e6 + 1, 1e9}, {0, math.MaxInt64}} {
		h := histOf(1, 1e12)
		h.Reset()
		for _, v := range values {
			h.Add(v)
		}
		if got, want := h.Copy(), Merged(h, nil); !reflect.DeepEqual(&got, want) {
			t.Errorf("of %d: %+v, want %+v", values, got, *want)
		}
	}
}

func TestCountsBeyond32Bits(t *testing.T) {
	// One bucket after the other goes round, by Add and by Merge.
	h := histOf(10, 1e6, 1e9)
	h.counts[bucketOf(1e6)-h.base] = math.MaxUint32
	h.others += math.MaxUint32 - 1
	o := h.Clone()
	if got := h.at(bucketOf(1e6) - h.base); got != math.MaxUint32 {
		t.Fatalf("counted %d, want %d", got, uint32(math.MaxUint32))
	}
	h.Add(1e6)
	if got := h.at(bucketOf(1e6) - h.base); got != 1<<32 {
		t.Errorf("after one more, counted %d, want 2^32", got)
	}
	if h.Quantile(0.5) < 990_000 || h.Quantile(0.5) > 1_010_000 {
		t.Errorf("median %d, want 1,000,000 within 1%%", h.Quantile(0.5))
	}
	o.Merge(h)
	if got := o.at(bucketOf(1e6) - o.base); got != 1<<33-1 {
		t.Errorf("of both, counted %d, want 2^33-1", got)
	}
	equal(t, "copy", o.Clone(), o)
	h.Reset()
	h.Add(1e6)
	equal(t, "after Reset", h, histOf(1e6))

	// Doubled forty times, as a copy merged and as itself: 2^40 of each.
	for _, itself := range []bool{false, true} {
		d := histOf(0, 0, 7, 1e6, 1e6, 3e9)
		want := []uint64{1 << 40, 2 << 40, 1 << 40}
		for range 40 {
			if itself {
				d.Merge(d)
			} else {
				d.Merge(d.Clone())
			}
		}
		for i, v := range []uint64{7, 1e6, 3e9} {
			if got := d.at(bucketOf(v) - d.base); got != want[i] {
				t.Errorf("itself: %v: %d are counted %d times, want %d", itself, v, got, want[i])
			}
		}
		if d.Count() != 6<<40 || d.Mean() != (7+2e6+3e9)/6 || d.Max() != 3e9 || d.Min() != 0 {
			t.Errorf("itself: %v: count %d, mean %v, from %d to %d", itself, d.Count(), d.Mean(), d.Min(), d.Max())
		}
		for q, want := range map[float64]int64{0.33: 0, 0.34: 7, 0.5: 7, 0.51: 1e6, 0.83: 1e6, 0.84: 3e9} {
			if got := d.Quantile(q); cmp.Compare(math.Abs(float64(got-want)), 0.01*float64(want)) > 0 {
				t.Errorf("itself: %v: quantile %v is %d, want %d", itself, q, got, want)
			}
		}
	}
}

// What the checks are worth: a histogram that is 2% off, has one value too few, or has
// lost a square's upper half, is not what was counted.
func TestChecksCanFail(t *testing.T) {
	values := []int64{1_000_000, 2_000_000, 3_000_000, 5_000_000_000}
	for name, spoil := range map[string]func(*Hist){
		"a bucket three further": func(h *Hist) { h.counts = slices.Insert(h.counts, 0, 0, 0, 0) },
		"one too few":            func(h *Hist) { h.others-- },
		"a sum short of one":     func(h *Hist) { h.sum.lo-- },
		"a square lost":          func(h *Hist) { h.square.hi-- },
	} {
		h := histOf(values...)
		spoil(h)
		sorted := slices.Sorted(slices.Values(values))
		mean, sd := moments(values)
		same := h.Count() == 4 && h.Mean() == mean && math.Abs(h.SD()-sd) <= 1e-15*sd
		for _, q := range shares {
			same = same && math.Abs(float64(h.Quantile(q)-nearestRank(sorted, q))) <= 0.01*float64(nearestRank(sorted, q))
		}
		if same {
			t.Errorf("%s is not noticed", name)
		}
	}
}

func TestHistAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	h, o := new(Hist), new(Hist)
	work := func() {
		for range 1000 {
			h.Add(int64(r.ExpFloat64() * 5e6))
			h.AddZeros(2)
		}
		o.Merge(h)
		if h.Quantile(0.99) == 0 {
			t.Error("a 99th percentile of 0")
		}
		h.Reset()
	}
	for v := int64(1); v < 1e12; v *= 2 {
		h.Add(v)
	}
	o.Merge(h)
	if n := testing.AllocsPerRun(20, work); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}

// exponential is a histogram of latencies about 5 ms, and the latencies.
func exponential() (*Hist, []int64) {
	r := rand.New(rand.NewPCG(1, 1))
	h := new(Hist)
	values := make([]int64, 4096)
	for i := range values {
		values[i] = int64(r.ExpFloat64() * 5e6)
		h.Add(values[i])
	}
	return h, values
}

func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	h, values := exponential()
	i := 0
	for b.Loop() {
		h.Add(values[i&4095])
		i++
	}
}

func BenchmarkMerge(b *testing.B) {
	b.ReportAllocs()
	h, _ := exponential()
	sum := h.Clone()
	for b.Loop() {
		sum.Merge(h)
	}
}

func BenchmarkQuantile(b *testing.B) {
	b.ReportAllocs()
	h, _ := exponential()
	for b.Loop() {
		h.Quantile(0.99)
	}
}
