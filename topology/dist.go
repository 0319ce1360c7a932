package topology

import (
	"math"
	"time"
)

// A Dist is a distribution of durations. The zero Dist is the constant 0.
//
// What A and B mean depends on Kind; durations among them are in nanoseconds.
type Dist struct {
	Kind   DistKind
	A, B   float64
	Parts  []Part          // of a Mix
	Values []time.Duration // of an Empirical
	File   string          // where an Empirical came from, as written
}

// A Part is one component of a Mix.
type Part struct {
	Share float64 // shares of a mix add up to 1
	Dist  Dist
}

// DistKind names a family of distributions.
type DistKind uint8

// The families, with what A and B are.
const (
	ConstantDist    DistKind = iota // always A
	ExponentialDist                 // mean A
	UniformDist                     // from A to B
	NormalDist                      // mean A, standard deviation B; below zero counts as zero
	LognormalDist                   // median A, 99th percentile B
	ParetoDist                      // minimum A, shape B
	ErlangDist                      // B stages, mean A
	WeibullDist                     // scale A, shape B
	GammaDist                       // mean A, coefficient of variation B
	MixDist                         // one of Parts, by their shares
	EmpiricalDist                   // one of Values, each alike
	NeverDist                       // does not come
)

// Constant is the distribution that always gives d.
func Constant(d time.Duration) Dist { return Dist{Kind: ConstantDist, A: float64(d)} }

// Exponential is the exponential distribution of the given mean.
func Exponential(mean time.Duration) Dist { return Dist{Kind: ExponentialDist, A: float64(mean)} }

// IsZero says whether d is the constant 0, which costs no draw and no time.
func (d *Dist) IsZero() bool { return d.Kind == ConstantDist && d.A == 0 }

// Z99 is the 99th percentile of the standard normal distribution.
const Z99 = 2.3263478740408408

// Mean is the expected value in nanoseconds; +Inf where there is none (a heavy
// Pareto tail, a share of never). The normal's is that of the truncated one.
func (d *Dist) Mean() float64 {
	switch d.Kind {
	case ConstantDist, ExponentialDist, ErlangDist, GammaDist:
		return d.A
	case UniformDist:
		return (d.A + d.B) / 2
	case NormalDist:
		if d.B == 0 {
			return math.Max(d.A, 0)
		}
		z := d.A / d.B
		return d.A*0.5*math.Erfc(-z/math.Sqrt2) + d.B*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
	case LognormalDist:
		s := math.Log(d.B/d.A) / Z99
		return d.A * math.Exp(s*s/2)
	case ParetoDist:
		if d.B <= 1 {
			return math.Inf(1)
		}
		return d.A * d.B / (d.B - 1)
	case WeibullDist:
		return d.A * math.Gamma(1+1/d.B)
	case MixDist:
		m := 0.0
		for i := range d.Parts {
			if d.Parts[i].Share > 0 {
				m += d.Parts[i].Share * d.Parts[i].Dist.Mean()
			}
		}
		return m
	case EmpiricalDist:
		m := 0.0
		for _, v := range d.Values {
			m += float64(v)
		}
		return m / float64(len(d.Values))
	default:
		return math.Inf(1)
	}
}
