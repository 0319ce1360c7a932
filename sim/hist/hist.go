// Package hist is a histogram of durations: exact count, mean, standard deviation,
// least and greatest; quantiles within 1%. It grows with the range of what it has
// seen, not with how much.
//
//	var h hist.Hist
//	h.Add(1_500_000)
//	p99 := h.Quantile(0.99)
package hist

import (
	"maps"
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// A Hist counts whole nanoseconds in buckets, 64 to each doubling, so that a bucket
// is at most 1/64 as wide as what it holds and its middle within 0.8% of all of it.
// Below 128 every value has a bucket of its own. The zero Hist is empty; a nil Hist
// reads as empty.
type Hist struct {
	counts []uint32 // of the buckets from base on
	base   int
	zeros  uint64
	others uint64 // all that is not 0; what follows is of those
	sum    wide
	square wide
	over   uint64 // how many times square has gone beyond its 128 bits
	min    int64  // of none: the largest number
	max    int64
	carry  map[int]uint64 // by bucket: multiples of 2^32 that its count has dropped
}

// wide is an unsigned 128-bit number.
type wide struct{ hi, lo uint64 }

// add returns what goes beyond 128 bits.
func (w *wide) add(hi, lo uint64) (over uint64) {
	var c uint64
	w.lo, c = bits.Add64(w.lo, lo, 0)
	w.hi, over = bits.Add64(w.hi, hi, c)
	return over
}

func (w *wide) big() *big.Int {
	b := new(big.Int).SetUint64(w.hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(w.lo))
}

const (
	subBits = 6 // 64 buckets a doubling
	chunk   = 1 << subBits
)

// bucketOf is the number of the bucket that holds v.
func bucketOf(v uint64) int {
	e := uint(bits.Len64(v|chunk)) - 1 - subBits
	return int(e<<subBits) + int(v>>(e&63))
}

// middleOf is the middle of a bucket.
func middleOf(b int) int64 {
	if b < 2*chunk {
		return int64(b)
	}
	e := uint(b>>subBits) - 1
	return int64(uint64(b&(chunk-1)|chunk)<<e + 1<<e>>1)
}

// Add counts a duration in nanoseconds, 0 or more.
func (h *Hist) Add(ns int64) {
	if ns == 0 {
		h.zeros++
		return
	}
	v := uint64(ns)
	i := bucketOf(v) - h.base
	if uint(i) >= uint(len(h.counts)) {
		i = h.reach(i)
	}
	n := &h.counts[i]
	if *n++; *n == 0 {
		h.carried(i)
	}
	h.others++
	var c uint64
	h.sum.lo, c = bits.Add64(h.sum.lo, v, 0)
	h.sum.hi += c
	hi, lo := bits.Mul64(v, v)
	h.square.lo, c = bits.Add64(h.square.lo, lo, 0)
	h.square.hi, c = bits.Add64(h.square.hi, hi, c)
	h.over += c
	h.min, h.max = min(h.min, ns), max(h.max, ns)
}

// AddZeros is Add(0) n times.
func (h *Hist) AddZeros(n uint64) { h.zeros += n }

// reach makes room for the bucket at i, counted from base, and returns its place.
func (h *Hist) reach(i int) int {
	b := i + h.base
	if b > bucketOf(math.MaxInt64) { // no Hist has a place for it, so all come by here
		panic("hist: a negative duration")
	}
	first := b &^ (chunk - 1)
	switch {
	case h.counts == nil:
		h.base = first
		h.counts = make([]uint32, chunk)
		h.min = math.MaxInt64
	case first < h.base:
		more := h.base - first
		counts := make([]uint32, more+len(h.counts))
		copy(counts[more:], h.counts)
		h.counts = counts
		h.base = first
	default:
		counts := make([]uint32, first+chunk-h.base)
		copy(counts, h.counts)
		h.counts = counts
	}
	return b - h.base
}

// carried keeps what the count at i has lost by going round.
func (h *Hist) carried(i int) {
	if h.carry == nil {
		h.carry = map[int]uint64{}
	}
	h.carry[i+h.base] += 1 << 32
}

// at is the full count of the bucket at i.
func (h *Hist) at(i int) uint64 {
	n := uint64(h.counts[i])
	if h.carry != nil {
		n += h.carry[i+h.base]
	}
	return n
}

// Merge adds all that o has counted.
func (h *Hist) Merge(o *Hist) {
	if o == nil {
		return
	}
	h.zeros += o.zeros
	if o.others == 0 {
		return
	}
	h.others += o.others
	h.sum.add(o.sum.hi, o.sum.lo)
	h.over += o.over
	h.over += h.square.add(o.square.hi, o.square.lo)
	lo, hi := o.used()
	// Both ends first, so that what lies between has its place.
	for _, i := range [2]int{lo, hi - 1} {
		if k := i + o.base - h.base; uint(k) >= uint(len(h.counts)) {
			h.reach(k)
		}
	}
	h.min, h.max = min(h.min, o.min), max(h.max, o.max)
	// What o has carried before what is carried now: o may be h.
	for i := lo; o.carry != nil && i < hi; i++ {
		if c := o.carry[i+o.base]; c > 0 {
			if h.carry == nil {
				h.carry = map[int]uint64{}
			}
			h.carry[i+o.base] += c
		}
	}
	shift := o.base - h.base
	to := h.counts[lo+shift : hi+shift]
	for k, n := range o.counts[lo:hi] {
		if to[k] += n; to[k] < n {
			h.carried(lo + k + shift)
		}
	}
}

// used is the part of counts that is in use, where anything but zeros was counted.
func (h *Hist) used() (lo, hi int) {
	return bucketOf(uint64(h.min)) - h.base, bucketOf(uint64(h.max)) - h.base + 1
}

// Merged is a new Hist with all that a and b have counted; either may be nil.
func Merged(a, b *Hist) *Hist {
	h := new(Hist)
	h.Merge(a)
	h.Merge(b)
	return h
}

// Reset forgets everything and keeps the memory.
func (h *Hist) Reset() {
	if h.others > 0 {
		lo, hi := h.used()
		clear(h.counts[lo:hi])
	}
	h.zeros, h.others, h.min, h.max = 0, 0, math.MaxInt64, 0
	h.sum, h.square, h.over, h.carry = wide{}, wide{}, 0, nil
}

// Clone is a copy that shares nothing with h.
func (h *Hist) Clone() *Hist {
	c := h.Copy()
	return &c
}

// Copy is Clone by value, for a Hist that is a part of something.
func (h *Hist) Copy() Hist {
	if h == nil {
		return Hist{}
	}
	if h.others == 0 { // the memory that an empty one keeps is not worth a copy
		return Hist{zeros: h.zeros}
	}
	c := *h
	lo, hi := h.used()
	lo, hi = lo&^(chunk-1), (hi+chunk-1)&^(chunk-1) // as Merge would reach for them
	c.base += lo
	c.counts, c.carry = slices.Clone(h.counts[lo:hi]), maps.Clone(h.carry)
	return c
}

// Count is how many were counted.
func (h *Hist) Count() uint64 {
	if h == nil {
		return 0
	}
	return h.zeros + h.others
}

// Min is the least, in nanoseconds; 0 for an empty one.
func (h *Hist) Min() int64 {
	if h == nil || h.zeros > 0 || h.others == 0 {
		return 0
	}
	return h.min
}

// Max is the greatest, in nanoseconds; 0 for an empty one.
func (h *Hist) Max() int64 {
	if h == nil {
		return 0
	}
	return h.max
}

// Mean is the arithmetic mean in nanoseconds, of an exact sum; 0 for an empty one.
func (h *Hist) Mean() float64 {
	count := h.Count()
	if count == 0 {
		return 0
	}
	if h.sum.hi == 0 && h.sum.lo < 1<<53 {
		return float64(h.sum.lo) / float64(count)
	}
	mean, _ := new(big.Rat).SetFrac(h.sum.big(), new(big.Int).SetUint64(count)).Float64()
	return mean
}

// SD is the sample's standard deviation in nanoseconds (divided by n-1), of exact
// sums; 0 for fewer than two.
func (h *Hist) SD() float64 {
	count := h.Count()
	if count < 2 {
		return 0
	}
	n := new(big.Int).SetUint64(count)
	sum := h.sum.big()
	square := new(big.Int).SetUint64(h.over)
	square.Lsh(square, 128).Or(square, h.square.big())
	spread := new(big.Int).Mul(n, square)
	spread.Sub(spread, sum.Mul(sum, sum)) // n·Σx² - (Σx)²
	n1 := new(big.Int).SetUint64(count - 1)
	variance, _ := new(big.Rat).SetFrac(spread, n1.Mul(n1, n)).Float64()
	return math.Sqrt(variance)
}

// Quantile is the value below which, or at which, a share q of all lie: of the
// smallest such sample (nearest rank), within 1%, never outside [Min, Max]. 0 for an
// empty one.
func (h *Hist) Quantile(q float64) int64 {
	var to [1]int64
	h.Quantiles([]float64{q}, to[:])
	return to[0]
}

// Quantiles is Quantile of several shares, which grow, in one go.
func (h *Hist) Quantiles(shares []float64, to []int64) {
	count := h.Count()
	if count == 0 {
		clear(to)
		return
	}
	seen, i, end := h.zeros, 0, 0 // of all the buckets before i
	if h.others > 0 {
		i, end = h.used()
	}
	for k, q := range shares {
		// A hair less, so that 0.55 of 100 is the 55th in binary fractions too.
		rank := uint64(math.Ceil(q * float64(count) * (1 - 4e-16)))
		rank = min(max(rank, 1), count)
		if h.carry == nil {
			for counts := h.counts[:end]; seen < rank && i < len(counts); i++ {
				seen += uint64(counts[i])
			}
		}
		for ; seen < rank && i < end; i++ {
			seen += h.at(i)
		}
		switch {
		case rank <= h.zeros:
			to[k] = 0
		case seen < rank:
			to[k] = h.max
		default:
			to[k] = min(max(middleOf(i-1+h.base), h.min), h.max)
		}
	}
}
