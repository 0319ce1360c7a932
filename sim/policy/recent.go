package policy

import (
	"math"
	"slices"
	"time"
)

const (
	recentMost  = 1000 // answers that a Recent keeps
	recentLeast = 20   // below this it names no quantile
)

// Recent knows the quantiles of the last 1,000 answers' latencies of an edge, exactly,
// for a hedge that is sent after, say, the 95th percentile of what is usual (J. Dean and
// L. Barroso, "The Tail at Scale", 2013). gRPC and Envoy hedge after fixed times only.
// Finagle's BackupRequestFilter goes by a percentile: that of a histogram of the last
// three times ten seconds, read every three seconds, with no backups before the first
// ten seconds are over. A number of answers in place of seconds bounds the memory and
// follows a change after the same number of calls whatever the load is; no hedge is
// sent before twenty answers were seen.
//
// What counts as an answer is the caller's choice. Finagle takes successes and
// time-outs: other failures come fast and would make hedges early.
type Recent struct {
	last   []time.Duration // in a ring; the oldest is at `at` once it is full
	at     int
	sorted []time.Duration // the same, in order
}

// NewRecent has seen nothing.
func NewRecent() *Recent { return &Recent{} }

// Add takes an answer's latency in, in the place of that of 1,000 answers ago.
func (r *Recent) Add(d time.Duration) {
	to, _ := slices.BinarySearch(r.sorted, d)
	if len(r.last) < recentMost {
		r.last = append(r.last, d)
		r.sorted = slices.Insert(r.sorted, to, d)
		return
	}
	from, _ := slices.BinarySearch(r.sorted, r.last[r.at])
	r.last[r.at] = d
	r.at = (r.at + 1) % recentMost
	// Only what lies between the one that goes and the one that comes moves.
	if to > from {
		to--
		copy(r.sorted[from:to], r.sorted[from+1:])
	} else {
		copy(r.sorted[to+1:from+1], r.sorted[to:])
	}
	r.sorted[to] = d
}

// Quantile is the least latency that at least a share q of the answers kept did not
// exceed: of 1,000 answers and q = 0.95 the 950th in order. ok is false while fewer than
// twenty have been seen.
func (r *Recent) Quantile(q float64) (d time.Duration, ok bool) {
	n := len(r.sorted)
	if n < recentLeast {
		return 0, false
	}
	// A little less, so that the 7% of a hundred, 7.000000000000001, are seven.
	rank := int(math.Ceil(float64(q*float64(n)) - 1e-9))
	return r.sorted[min(max(rank, 1), n)-1], true
}
