package policy

import (
	"math"
	"math/bits"
	"time"
)

const (
	recentMost  = 1000                 // answers that a Recent keeps
	recentLeast = 20                   // below this it names no quantile
	recentFresh = 32                   // a quantile is good for so many answers
	recentGap   = 5 * time.Millisecond // between one answer that is kept and the next, at least
	recentChunk = 64                   // buckets to each doubling
	recentSpans = 58                   // doublings, up to the longest time.Duration
)

// Recent knows the quantiles of the last 1,000 answers' latencies of an edge, for a
// hedge that is sent after, say, the 95th percentile of what is usual (J. Dean and
// L. Barroso, "The Tail at Scale", 2013). gRPC and Envoy hedge after fixed times only.
// Finagle's BackupRequestFilter goes by a percentile: that of a histogram of the last
// three times ten seconds, read every three seconds, with no backups before the first
// ten seconds are over. A number of answers in place of seconds bounds the memory and
// follows a change after the same number of calls whatever the load is; no hedge is
// sent before twenty answers were seen.
//
// What counts as an answer is the caller's choice. Finagle takes successes and
// time-outs: other failures come fast and would make hedges early. Of answers that come
// within 5 ms of one that was kept, none is: so a thousand are never of less than five
// seconds, and on a busy edge most answers cost next to nothing.
//
// Latencies are counted in buckets, 64 to each doubling as in package hist; below 128 ns
// every value has a bucket of its own. The memory is 2.5 KB, and 650 bytes for each
// doubling that was ever seen.
type Recent struct {
	last  [recentMost]uint16 // the buckets of the answers, in a ring; the oldest is at `at` once it is full
	n, at int
	spans [recentSpans]*span

	// The bucket that the last quantile was in, from which the next is not far, and how
	// many answers lie in those below.
	near, below int

	q     float64       // the quantile that was asked for last
	value time.Duration // and what it was
	fresh int           // answers for which that is good

	next time.Duration // before it no answer is kept
}

// A span is the buckets of a doubling; the first two are of the values below 128.
type span struct {
	used  uint64 // bit by bit: the bucket is not empty
	count [recentChunk]uint16
	most  [recentChunk]time.Duration // the greatest since the bucket was last empty
}

// NewRecent has seen nothing.
func NewRecent() *Recent { return &Recent{} }

// Add takes an answer's latency in, 0 or more, in the place of that of 1,000 answers
// ago.
func (r *Recent) Add(now, d time.Duration) {
	if now < r.next {
		return
	}
	r.next = now + recentGap
	r.fresh--
	if r.n < recentMost {
		r.n++
	} else {
		r.forget(int(r.last[r.at]))
	}
	e := uint(bits.Len64(uint64(d)|recentChunk)) - 7
	b := int(e*recentChunk) + int(d>>e)
	s := r.spans[b/recentChunk]
	if s == nil {
		s = new(span)
		r.spans[b/recentChunk] = s
	}
	i := uint(b) % recentChunk
	if s.count[i]++; s.count[i] == 1 {
		s.used |= 1 << i
		s.most[i] = d
	} else {
		s.most[i] = max(s.most[i], d)
	}
	if b < r.near {
		r.below++
	}
	r.last[r.at] = uint16(b)
	if r.at++; r.at == recentMost {
		r.at = 0
	}
}

// forget takes an answer out of its bucket.
func (r *Recent) forget(b int) {
	s, i := r.spans[b/recentChunk], uint(b)%recentChunk
	if s.count[i]--; s.count[i] == 0 {
		s.used &^= 1 << i
	}
	if b < r.near {
		r.below--
	}
}

// Quantile is the least latency that at least a share q of the answers kept did not
// exceed: of 1,000 answers and q = 0.95 the 950th in order. What is returned is the
// greatest latency that its bucket has had since it was last empty: less than a 64th
// more, and the same where the answers of a bucket are alike. It is worked out anew when
// 32 answers have been kept since. ok is false while fewer than twenty have been seen.
func (r *Recent) Quantile(q float64) (d time.Duration, ok bool) {
	if r.fresh > 0 && r.q == q {
		return r.value, true
	}
	if r.n < recentLeast {
		return 0, false
	}
	r.q, r.value, r.fresh = q, r.quantile(q), recentFresh
	return r.value, true
}

func (r *Recent) quantile(q float64) time.Duration {
	// A little less, so that the 7% of a hundred, 7.000000000000001, are seven.
	rank := int(math.Ceil(float64(q*float64(r.n)) - 1e-9))
	rank = min(max(rank, 1), r.n)
	for r.below >= rank {
		r.down()
	}
	for {
		if s := r.spans[r.near/recentChunk]; s != nil {
			i := r.near % recentChunk
			upTo := r.below + int(s.count[i])
			if upTo >= rank {
				return s.most[i]
			}
			r.below = upTo
		}
		r.up()
	}
}

// down makes the next bucket below that is not empty the near one.
func (r *Recent) down() {
	k := r.near / recentChunk
	here := uint64(1)<<(r.near%recentChunk) - 1
	for ; ; k, here = k-1, math.MaxUint64 {
		if s := r.spans[k]; s != nil && s.used&here != 0 {
			i := bits.Len64(s.used&here) - 1
			r.near = k*recentChunk + i
			r.below -= int(s.count[i])
			return
		}
	}
}

// up makes the next bucket above that is not empty the near one; below has the answers
// of the present one already.
func (r *Recent) up() {
	k := r.near / recentChunk
	here := uint64(math.MaxUint64) << (r.near % recentChunk) << 1
	for ; ; k, here = k+1, math.MaxUint64 {
		if s := r.spans[k]; s != nil && s.used&here != 0 {
			r.near = k*recentChunk + bits.TrailingZeros64(s.used&here)
			return
		}
	}
}
