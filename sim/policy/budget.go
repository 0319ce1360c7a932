package policy

import (
	"math"
	"time"

	"cascade/topology"
)

// A Budget bounds the retries of one client. What it counts in, and by whose
// rules, says its kind:
//
//   - TokenBudget: a bucket that starts full, gains a share of a token a first
//     attempt and pays a token a retry.
//   - AWSBudget: the retry quota of the AWS SDKs' standard mode, as botocore has it
//     (retries/standard.py): 500 tokens; a retry costs 5, after a timeout 10; its
//     success gives that back, and the success of a first attempt gives 1. Hence 100
//     retries when all fail, 50 when all time out. (aws-sdk-go-v2 gives 1 for a
//     retry's success on top; SDKs of 2026 may charge 14 a retry instead.)
//   - GRPCBudget: gRPC's retryThrottling with the example values of its proposal
//     (gRFC A6): maxTokens 10, tokenRatio 0.1. A failed attempt, retry or not, costs
//     1 token and a success gives 0.1; retries are sent while there are more than 5.
//     It lasts for ever if at most 1 in 11 attempts fails (9.09%).
//   - FinagleBudget: Finagle's RetryBudget() as it comes: 20% of the requests of the
//     last ten seconds, and 10 a second. The latter are a reserve of 100 in any ten
//     seconds, which may go at once. Its WindowedAdder counts in milliseconds, in
//     nine whole parts of a second and the one under way.
//   - LinkerdBudget: the retryBudget of a Linkerd service profile (retryRatio 0.2,
//     minRetriesPerSecond 10, ttl 10s), which is the budget of the Rust library
//     tower. Nearly Finagle's, but what it is 20% of are the successes, retries'
//     included, and it looks at ten whole parts, so the reserve of 100 is for any
//     eleven seconds.
//   - EnvoyBudget: Envoy's circuit breaker on retries, max_retries 3: at most three
//     retries are under way.
//
// Zero: a TokenBudget that never pays.
type Budget struct {
	kind               topology.BudgetKind
	tokens, gain, full int64 // of all but the two with a window; in what, says the kind
	recent             *window
}

const (
	// budgetUnit is a token in the whole numbers that a TokenBudget counts in, so that
	// ten deposits of 10% pay for exactly one retry.
	budgetUnit = 1_000_000_000

	awsTokens, awsCost, awsTimeoutCost, awsGain = 500, 5, 10, 1

	// gRPC counts in thousandths of a token, too.
	grpcUnit, grpcTokens, grpcGain = 1000, 10 * 1000, 100

	// A retry costs as many deposits as make 100% of 20%. (Finagle counts each of them
	// in thousandths, which changes nothing at these values.)
	windowCost    = 5
	windowReserve = 10 * 10 * windowCost // 10 a second for ten seconds

	envoyRetries = 3
)

// NewBudget is a budget of the given policy as a client starts with it.
func NewBudget(b *topology.Budget) *Budget {
	n := &Budget{kind: b.Like}
	switch b.Like {
	case topology.TokenBudget:
		n.full = int64(math.Round(b.Burst * budgetUnit))
		n.gain = int64(math.Round(b.Ratio * budgetUnit))
	case topology.AWSBudget:
		n.full, n.gain = awsTokens, awsGain
	case topology.GRPCBudget:
		n.full, n.gain = grpcTokens, grpcGain
	case topology.FinagleBudget:
		n.recent = &window{parts: make([]int64, 9)}
	case topology.LinkerdBudget:
		n.recent = &window{parts: make([]int64, 10), tower: true}
	case topology.EnvoyBudget:
		n.full = envoyRetries
	}
	n.tokens = n.full
	return n
}

// Deposit is called for a first attempt.
func (b *Budget) Deposit(now time.Duration) {
	switch b.kind {
	case topology.TokenBudget:
		b.gains(b.gain)
	case topology.FinagleBudget:
		b.recent.add(now, 1)
	}
}

// Withdraw says whether a retry may be sent after an attempt with the given outcome,
// and pays for it. What was paid belongs to the retry, for its Ended: more than 0
// where ok, and nothing else can be read from it.
func (b *Budget) Withdraw(now time.Duration, after topology.Outcome) (paid int32, ok bool) {
	cost := int64(1)
	switch b.kind {
	case topology.TokenBudget:
		cost = budgetUnit
	case topology.AWSBudget:
		if cost = awsCost; after == topology.Timeout {
			cost = awsTimeoutCost
		}
	case topology.GRPCBudget: // the failure has been paid for as it ended
		if b.tokens <= b.full/2 {
			return 0, false
		}
		return b.receipt(1), true
	case topology.FinagleBudget, topology.LinkerdBudget:
		if b.recent.sum(now)+windowReserve < windowCost {
			return 0, false
		}
		b.recent.add(now, -windowCost)
		return b.receipt(1), true
	}
	if b.tokens < cost {
		return 0, false
	}
	b.tokens -= cost
	if b.kind == topology.TokenBudget {
		cost = 1
	}
	return b.receipt(cost), true
}

// Ended is called once for every attempt that was sent, with its outcome and what
// its Withdraw gave, 0 for a first attempt. A cancelled attempt is neither a success
// nor a failure; whoever calls says so too of failures that the policy would not retry,
// which gRPC does not count.
func (b *Budget) Ended(now time.Duration, o topology.Outcome, paid int32) {
	cost, ours := b.cost(paid)
	switch b.kind {
	case topology.AWSBudget:
		switch {
		case o != topology.Success:
		case paid == 0:
			b.gains(b.gain)
		case ours:
			b.gains(cost)
		}
	case topology.GRPCBudget:
		switch {
		case o == topology.Success:
			b.gains(b.gain)
		case o != topology.Cancelled:
			b.tokens = max(b.tokens-grpcUnit, 0)
		}
	case topology.LinkerdBudget:
		if o == topology.Success {
			b.recent.add(now, 1)
		}
	case topology.EnvoyBudget:
		if ours {
			b.gains(1)
		}
	}
}

// Watches says whether Ended matters for this kind of budget.
func (b *Budget) Watches() bool {
	return b.kind != topology.TokenBudget && b.kind != topology.FinagleBudget
}

// Retune puts another policy into force. A TokenBudget keeps its tokens as far as
// they still fit; a budget of another kind begins anew.
func (b *Budget) Retune(p *topology.Budget) {
	n := NewBudget(p)
	switch {
	case p.Like != b.kind:
		*b = *n
	case b.kind == topology.TokenBudget:
		b.gain, b.full = n.gain, n.full
		b.tokens = min(b.tokens, b.full)
	}
}

func (b *Budget) gains(tokens int64) { b.tokens = min(b.tokens+tokens, b.full) }

// receipt is what a Withdraw gives: the cost, and the kind that it was paid to, so
// that after a change of kind nothing is given back that was never taken.
func (b *Budget) receipt(cost int64) int32 { return int32(cost) | int32(b.kind)<<8 }

func (b *Budget) cost(paid int32) (tokens int64, ours bool) {
	return int64(paid & 0xff), paid > 0 && paid>>8 == int32(b.kind)
}

// A window sums what was added in the last ten seconds or so, in parts of a second
// that are dropped whole. A part begins with the first call after the one before has
// ended, not on the full second.
type window struct {
	parts   []int64 // the whole parts; the oldest is at `at`, and goes next
	at      int
	current int64         // of the part under way
	began   time.Duration // when that began
	tower   bool          // as tower has it, not Finagle
}

const windowPart = time.Second

func (w *window) add(now time.Duration, n int64) {
	w.roll(now)
	w.current += n
}

func (w *window) sum(now time.Duration) int64 {
	w.roll(now)
	sum := w.current
	for _, n := range w.parts {
		sum += n
	}
	return sum
}

func (w *window) roll(now time.Duration) {
	if !w.tower {
		now = now.Truncate(time.Millisecond)
	}
	past := now - w.began
	if past < windowPart {
		return
	}
	w.push(w.current)
	w.current, w.began = 0, now
	// Parts in which nobody called. Finagle counts the whole ones; tower takes parts
	// away for as long as more than one is left.
	skipped := past/windowPart - 1
	if w.tower {
		skipped = (past - 1) / windowPart
	}
	for range min(int(skipped), len(w.parts)) {
		w.push(0)
	}
}

func (w *window) push(n int64) {
	w.parts[w.at] = n
	w.at = (w.at + 1) % len(w.parts)
}
