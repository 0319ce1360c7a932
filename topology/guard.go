package topology

import "time"

// The guards: policies that decide whether an attempt is sent, admitted or sent
// again. What each decides, and after which library or paper, stands with its
// implementation in package policy; here are their settings.

// A Budget bounds retries, one for each caller instance and edge.
type Budget struct {
	Like  BudgetKind
	Ratio float64 // of a TokenBudget: tokens gained a first attempt
	Burst float64 // of a TokenBudget: tokens at the start, and at most
}

// BudgetKind says by whose rules a Budget goes.
type BudgetKind uint8

// The kinds of Budget; all but the first are what a library or a proxy does by
// default.
const (
	TokenBudget   BudgetKind = iota // starts with Burst tokens, gains Ratio a first attempt, pays 1 a retry
	AWSBudget                       // the retry quota of the AWS SDKs' standard mode
	GRPCBudget                      // gRPC's retryThrottling
	FinagleBudget                   // Finagle's RetryBudget
	LinkerdBudget                   // Linkerd's retryBudget
	EnvoyBudget                     // Envoy's bound on active retries
	NumBudgetKinds
)

var budgetNames = [NumBudgetKinds]string{"", "aws-sdk", "grpc", "finagle", "linkerd", "envoy"}

// String is the kind's name in files, "" for a TokenBudget.
func (k BudgetKind) String() string { return budgetNames[k] }

// A RateLimit is a token bucket.
type RateLimit struct {
	Rate  float64       // tokens gained a second
	Burst int           // tokens at the start, and at most; at least 1
	Wait  time.Duration // on an edge: the longest wait for a token; 0: none
}

// A Breaker is a circuit breaker with the settings of sony/gobreaker.
type Breaker struct {
	Consecutive int           // trips when more failures than this follow each other; Unlimited: not for that
	Ratio       float64       // trips when at least this share of those counted failed; 0: not for that
	MinRequests int           // Ratio holds when at least so many are counted
	Interval    time.Duration // the counts of the closed state are cleared so often; 0: never
	Bucket      time.Duration // with Interval, a rolling window: counts are kept in parts of this length; 0: not rolling
	OpenFor     time.Duration // from opening to the first probe
	HalfOpen    int           // probes that are let through, and successes in a row that close it; at least 1
	On          OutcomeSet    // outcomes that count as failures
}

// BreakerState is what a breaker is at.
type BreakerState uint8

// The states of a breaker.
const (
	StateClosed BreakerState = iota
	StateHalfOpen
	StateOpen
)

// String is the state's name in reports.
func (s BreakerState) String() string { return [...]string{"closed", "half-open", "open"}[s] }

// BreakerDefault is what a breaker without `on` counts as failures: every failure
// of the callee.
const BreakerDefault OutcomeSet = 1<<NumOutcomes - 1 - 1<<Success - 1<<BreakerOpen - 1<<Throttled - 1<<Cancelled

// A Hedge sends further copies of an attempt when no answer comes.
type Hedge struct {
	After    time.Duration // from the sending of the copy before
	Quantile float64       // instead of After: this quantile of the edge's own recent answers; 0: After it is
	Max      int           // further copies of a try; at least 1
}

// A Throttle is the adaptive throttling of a client (B. Beyer et al., "Site
// Reliability Engineering", chapter 21, 2016).
type Throttle struct {
	K      float64       // requests let through for each that the callee accepts
	Window time.Duration // over which both are counted
}

// A Cache answers calls in the callee's place.
type Cache struct {
	Hit float64 // share of calls that it answers; for a cache without Keys

	Keys     int           // how many different things are asked for; 0: the cache is just its Hit
	Zipf     float64       // exponent of their popularity; 0: all alike
	Size     int           // how many it holds, the least recently used goes; at least 1
	TTL      time.Duration // how long an answer is good for, from its filling; 0: for ever
	Coalesce bool          // one call under way a key, for which the others wait
}

// Priority says who is shed first.
type Priority uint8

// The priorities.
const (
	InheritPriority Priority = iota // that of the attempt on whose behalf it is; of a source: high
	HighPriority
	LowPriority // a full waiting room turns it away, or throws it out, for a high one
)

// An AdaptiveLimit bounds the attempts that an instance has in hand, and finds the
// bound itself.
type AdaptiveLimit struct {
	Kind     LimitKind
	Min, Max int           // the limit stays between them
	Initial  int           // the limit at first
	Timeout  time.Duration // of an AIMDLimit: an answer that takes longer counts as a drop
}

// LimitKind says by whose rules an AdaptiveLimit moves.
type LimitKind uint8

// The kinds of AdaptiveLimit.
const (
	AIMDLimit     LimitKind = iota // additive increase, multiplicative decrease
	GradientLimit                  // by the ratio of the long-term latency to the present one
)

// An Outlier says when callers leave out an instance that fails.
type Outlier struct {
	Consecutive int           // failures in a row that eject an instance
	Interval    time.Duration // ejected ones are looked at so often
	Eject       time.Duration // how long the first ejection lasts; the n-th n times as long
	Max         float64       // share of the instances that may be out at once
}

// A Contention is the law by which own work is stretched as load grows.
type Contention struct {
	Kind ContentionKind
	A, B float64
}

// ContentionKind names a law of contention. n are the attempts in the threads of the
// instance, or suspended, as the work starts, this one included; u is n over its threads.
type ContentionKind uint8

// The laws of contention.
const (
	NoContention          ContentionKind = iota
	USLContention                        // 1 + A(n-1) + Bn(n-1) (N. Gunther, "Guerrilla Capacity Planning", 2007)
	LinearContention                     // 1 + Au
	PolynomialContention                 // 1 + Au^B
	ExponentialContention                // e^(Au)
)

// An Autoscale lets the number of instances follow the share of threads held.
type Autoscale struct {
	Min, Max int
	Target   float64       // share of threads held that it aims at
	Every    time.Duration // how often it decides
	Lag      time.Duration // how old the figures are that it decides by
	Delay    time.Duration // from a decision to the new instance's first attempt: its start-up
	Cooldown time.Duration // instances are taken away only when none of the decisions of so long wanted more
}
