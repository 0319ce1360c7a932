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
