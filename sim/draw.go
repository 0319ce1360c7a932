package sim

import (
	"math"

	"cascade/sim/des"
	"cascade/topology"
)

// Salts name what is drawn. Every draw is a function of the seed, the request's
// path to here and one of these, so that the same request meets the same luck
// whatever else goes on (common random numbers).
const (
	saltRequest uint64 = 0x5e01 + iota<<8
	saltUser
	saltGap
	saltThink
	saltTry
	saltChance
	saltNetworkOut
	saltNetworkBack
	saltOverhead
	saltInstance
	saltBackoff
	saltFallback
	saltFaultLatency
	saltFaultError
	saltFaultErrorAfter
	saltLoss
	saltEdgeLatency
	saltSurge
	saltThrottle
	saltHedge
	saltCache
	saltMessageKey
	saltQueueLatency
	saltQueueFault
	saltPoison
	saltDelivery
)

// A product that is added to is rounded first, by a conversion, here and elsewhere:
// where a compiler may fuse the two (on arm64, say) the sum would differ in its last
// bit, and the run with it.

// longest caps a drawn duration: about 36 years, beyond every run, far from overflow.
const longest = des.Time(1) << 60

// A sampler draws from a topology.Dist, with the parameters that its family wants
// worked out beforehand.
type sampler struct {
	kind   topology.DistKind
	fixed  des.Time // of a constant
	a, b   float64
	parts  []samplerPart
	values []des.Time
}

type samplerPart struct {
	upTo float64 // the shares so far, this part's included
	of   sampler
}

func newSampler(d *topology.Dist) sampler {
	s := sampler{kind: d.Kind, a: d.A, b: d.B}
	switch d.Kind {
	case topology.ConstantDist:
		s.fixed = des.Time(math.Round(d.A))
	case topology.UniformDist:
		s.b = d.B - d.A
	case topology.LognormalDist: // the median is e^µ, the 99th percentile e^(µ+z99·σ)
		s.b = math.Log(d.B/d.A) / topology.Z99
	case topology.ParetoDist, topology.WeibullDist:
		s.b = 1 / d.B
	case topology.GammaDist: // shape 1/CV², scale mean·CV²
		if d.B == 0 {
			return sampler{kind: topology.ConstantDist, fixed: des.Time(math.Round(d.A))}
		}
		s.b = 1 / (d.B * d.B)
		s.a = d.A / s.b
	case topology.ErlangDist:
		s.a = d.A / d.B
	case topology.MixDist:
		upTo := 0.0
		for i := range d.Parts {
			upTo += d.Parts[i].Share
			s.parts = append(s.parts, samplerPart{upTo, newSampler(&d.Parts[i].Dist)})
		}
	case topology.EmpiricalDist:
		for _, v := range d.Values {
			s.values = append(s.values, des.Time(v))
		}
	}
	return s
}

// draw is the duration that belongs to the key; des.Never for one that does not end.
func (s *sampler) draw(k des.Key) des.Time {
	if s.kind == topology.ConstantDist {
		return s.fixed
	}
	if s.kind == topology.ExponentialDist {
		return des.Time(float64(k.Exponential()*s.a) + 0.5)
	}
	d := k.Draw()
	return s.from(&d)
}

func (s *sampler) from(d *des.Draw) des.Time {
	switch s.kind {
	case topology.ConstantDist:
		return s.fixed
	case topology.ExponentialDist:
		return span(d.Exponential() * s.a)
	case topology.UniformDist:
		return span(s.a + float64(s.b*d.Uniform()))
	case topology.NormalDist:
		return span(s.a + float64(s.b*d.Normal()))
	case topology.LognormalDist:
		return span(s.a * math.Exp(s.b*d.Normal()))
	case topology.ParetoDist: // inverse of 1-(min/x)^alpha, by an exponential in place of -log(1-u)
		return span(s.a * math.Exp(d.Exponential()*s.b))
	case topology.WeibullDist:
		return span(s.a * math.Pow(d.Exponential(), s.b))
	case topology.GammaDist:
		return span(s.a * d.Gamma(s.b))
	case topology.ErlangDist:
		if s.b > 32 { // the sum of that many exponentials is a gamma of that shape
			return span(s.a * d.Gamma(s.b))
		}
		sum := 0.0
		for i := 0; i < int(s.b); i++ {
			sum += d.Exponential()
		}
		return span(s.a * sum)
	case topology.MixDist:
		u := d.Uniform()
		i := 0
		for i < len(s.parts)-1 && u >= s.parts[i].upTo {
			i++
		}
		return s.parts[i].of.from(d)
	case topology.EmpiricalDist:
		return s.values[d.Intn(len(s.values))]
	default:
		return des.Never
	}
}

// span rounds nanoseconds to a duration within [0, longest].
func span(ns float64) des.Time {
	if !(ns < float64(longest)) {
		return longest
	}
	if ns <= 0 {
		return 0
	}
	return des.Time(float64(ns) + 0.5)
}

// stretch is d times factor; des.Never stays so.
func stretch(d des.Time, factor float64) des.Time {
	if d == des.Never {
		return d
	}
	return span(float64(d) * factor)
}

// later is t+d, and des.Never where either is, or where the sum is out of reach.
func later(t, d des.Time) des.Time {
	if d >= longest || t >= longest {
		return des.Never
	}
	return t + d
}

// A zipf draws numbers from 0 to n-1, the k-th with a weight of (k+1)^-s; with s = 0
// all are alike. By rejection-inversion, which needs no table (W. Hörmann, G.
// Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", ACM TOMACS 6(3), 1996).
type zipf struct {
	n           int
	s           float64
	first, last float64 // the integral of the weights at the ends of the range that is inverted
	sure        float64 // so near to its integer a point is taken without a look at the weight
}

func newZipf(s float64, n int) zipf {
	z := zipf{n: n, s: s}
	if s > 0 {
		z.first = z.integral(1.5) - 1
		z.last = z.integral(float64(n) + 0.5)
		z.sure = 2 - z.inverse(z.integral(2.5)-math.Exp(-s*math.Ln2))
	}
	return z
}

// integral is that of x^-s, up to a constant.
func (z *zipf) integral(x float64) float64 {
	l := math.Log(x)
	if e := (1 - z.s) * l; math.Abs(e) > 1e-8 {
		return math.Expm1(e) / (1 - z.s)
	}
	return l // of x^-1, and of what is so near to it that no number tells them apart
}

func (z *zipf) inverse(y float64) float64 {
	if e := y * (1 - z.s); math.Abs(e) > 1e-8 {
		return math.Exp(math.Log1p(math.Max(e, -1)) / (1 - z.s))
	}
	return math.Exp(y)
}

func (z *zipf) draw(k des.Key) int32 {
	d := k.Draw()
	if z.s == 0 {
		return int32(d.Intn(z.n))
	}
	for {
		y := z.last + float64(d.Uniform()*(z.first-z.last))
		x := z.inverse(y)
		n := math.Min(math.Max(math.Floor(x+0.5), 1), float64(z.n))
		if n-x <= z.sure || y >= z.integral(n+0.5)-math.Exp(-float64(z.s*math.Log(n))) {
			return int32(n) - 1
		}
	}
}
