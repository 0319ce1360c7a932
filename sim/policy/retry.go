// Package policy holds the decisions that clients and pools take: when to try
// again, what a budget allows. Each is a function of what was seen, and of a
// random number where luck has a part. Nothing here schedules anything or knows
// of an event.
package policy

import (
	"math"
	"time"

	"cascade/topology"
)

// Backoff is the wait before retry k (1 for the first), min(Max,
// Backoff·Factor^(k-1)), with its jitter taken from u in [0, 1).
func Backoff(r *topology.Retry, k int, u float64) time.Duration {
	if r.Backoff == 0 {
		return 0
	}
	wait := float64(r.Backoff) * math.Pow(r.Factor, float64(k-1))
	if limit := float64(r.Max); wait > limit {
		wait = limit
	}
	switch r.Jitter {
	case topology.FullJitter:
		wait *= u
	case topology.EqualJitter:
		wait = wait/2 + float64(wait/2*u)
	}
	if wait = math.Round(wait); wait >= float64(r.Max) { // which may lie a little above Max
		return r.Max
	}
	return time.Duration(wait)
}

// budgetUnit is a token in the whole numbers that a Budget counts in, so that
// ten deposits of 10% pay for exactly one retry.
const budgetUnit = 1_000_000_000

// A Budget is a token bucket for the retries of one client: it starts full,
// gains a share of a token a first attempt and pays a token a retry. Zero: a
// bucket that never pays.
type Budget struct {
	tokens, gain, full int64
}

// NewBudget is a full bucket of the given policy.
func NewBudget(b topology.Budget) Budget {
	full := int64(math.Round(b.Burst * budgetUnit))
	return Budget{tokens: full, gain: int64(math.Round(b.Ratio * budgetUnit)), full: full}
}

// Deposit is called for a first attempt.
func (b *Budget) Deposit() { b.tokens = min(b.tokens+b.gain, b.full) }

// Withdraw pays for a retry and says whether there was a token to pay with.
func (b *Budget) Withdraw() bool {
	if b.tokens < budgetUnit {
		return false
	}
	b.tokens -= budgetUnit
	return true
}

// Retune changes the bucket's size and gain and keeps what is in it, as far as
// it still fits.
func (b *Budget) Retune(p topology.Budget) {
	n := NewBudget(p)
	b.gain, b.full = n.gain, n.full
	b.tokens = min(b.tokens, b.full)
}
