package policy

import (
	"math"

	"cascade/topology"
)

// Stretch is how many times longer own work takes that starts with n attempts in
// hand, this one included, on an instance of so many threads: 1 without load, and
// +Inf where the law gives more than a number can hold. The laws stand with
// topology.ContentionKind.
//
// Where threads is topology.Unlimited, u is 0, n over no bound: there linear,
// polynomial and exponential stretch nothing, and usl is the law to take.
func Stretch(c *topology.Contention, n, threads int) float64 {
	if c.Kind == topology.USLContention {
		n := float64(n)
		return 1 + float64(c.A*(n-1)) + float64(c.B*n*(n-1))
	}
	u := 0.0
	if threads != topology.Unlimited {
		u = float64(n) / float64(threads)
	}
	switch c.Kind {
	case topology.LinearContention:
		return 1 + float64(c.A*u)
	case topology.PolynomialContention:
		return 1 + float64(c.A*math.Pow(u, c.B))
	case topology.ExponentialContention:
		return math.Exp(c.A * u)
	}
	return 1
}
