package report

import "cascade/sim"

// keysOf are the keys that a set fault sets, by their names in a file and in the
// order that they have in its format. A protocol is a network delay and an overhead;
// needed changes nothing in a run and is not known here.
func keysOf(s *sim.Settings) []string {
	keys := []string{} // in the report also where there is none
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"timeout", s.Timeout != nil},
		{"deadline", s.Deadline != nil || s.Abandon != nil},
		{"retry", s.Retry != nil},
		{"breaker", s.Breaker != nil},
		{"bulkhead", s.Calls != nil || s.Bulkhead != nil},
		{"rate_limit", s.Limit != nil || s.RateLimit != nil},
		{"hedge", s.Hedge != nil},
		{"throttle", s.Throttle != nil},
		{"propagate", s.Propagate != nil},
		{"priority", s.Priority != nil},
		{"protocol", s.Overhead != nil},
		{"network", s.Network != nil && s.Overhead == nil},
		{"chance", s.Chance != nil},
		{"times", s.Times != nil},
		{"optional", s.Optional != nil},
		{"fallback", s.Fallback != nil},
		{"cache", s.Cache != nil},

		{"threads", s.Threads != nil},
		{"queue", s.Queue != nil},
		{"order", s.Order != nil},
		{"balance", s.Balance != nil},
		{"health_check", s.HealthCheck != nil},
		{"cancel", s.Cancel != nil},
		{"adaptive_limit", s.AdaptiveLimit != nil},
		{"outlier", s.Outlier != nil},
		{"contention", s.Contention != nil},
		{"autoscale", s.Autoscale != nil},

		{"capacity", s.Capacity != nil},
		{"on_full", s.OnFull != nil},
		{"latency", s.Latency != nil},
		{"ttl", s.TTL != nil},
		{"visibility", s.Visibility != nil},
		{"max_receives", s.MaxReceives != nil},
		{"redelivery", s.Redelivery != nil},
		{"retention", s.Retention != nil},
		{"on_failure", s.OnFailure != nil},
		{"retry_every", s.RetryEvery != nil},
		{"rebalance", s.Rebalance != nil},
		{"max_poll", s.MaxPoll != nil},
		{"dead_letter", s.DeadLetter != nil},
	} {
		if k.set {
			keys = append(keys, k.name)
		}
	}
	return keys
}
