package topology

import (
	"math"
	"testing"
	"time"
)

const (
	ms = float64(time.Millisecond)
	s  = float64(time.Second)
)

func TestMean(t *testing.T) {
	inf := math.Inf(1)
	never := Dist{Kind: NeverDist}
	for _, row := range []struct {
		name string
		dist Dist
		want float64
	}{
		{"zero", Dist{}, 0},
		{"constant", Constant(5 * time.Millisecond), 5 * ms},
		{"exponential", Exponential(3 * time.Millisecond), 3 * ms},
		{"uniform", Dist{Kind: UniformDist, A: 2 * ms, B: 6 * ms}, 4 * ms},
		{"erlang", Dist{Kind: ErlangDist, A: 8 * ms, B: 4}, 8 * ms},
		{"gamma", Dist{Kind: GammaDist, A: 8 * ms, B: 0.7}, 8 * ms},

		{"normal, all of it", Dist{Kind: NormalDist, A: 100 * ms, B: 1 * ms}, 100 * ms},
		{"normal, half of it below zero", Dist{Kind: NormalDist, B: 10 * ms}, 10 * ms / math.Sqrt(2*math.Pi)},
		// Φ(1) + φ(1) = 0.841344746068543 + 0.241970724519143
		{"normal, a sixth below zero", Dist{Kind: NormalDist, A: 10 * ms, B: 10 * ms}, 10.83315470587686 * ms},
		// φ(1) - (1 - Φ(1)) = 0.241970724519143 - 0.158655253931457
		{"normal, mean below zero", Dist{Kind: NormalDist, A: -10 * ms, B: 10 * ms}, 0.83315470587686 * ms},
		{"normal, no deviation", Dist{Kind: NormalDist, A: 10 * ms}, 10 * ms},
		{"normal, no deviation, below zero", Dist{Kind: NormalDist, A: -10 * ms}, 0},

		{"lognormal, a constant in truth", Dist{Kind: LognormalDist, A: 4 * ms, B: 4 * ms}, 4 * ms},
		// σ = ln 5 / 2.32634787 = 0.69183028, e^(σ²/2) = 1.27037810
		{"lognormal", Dist{Kind: LognormalDist, A: 4 * ms, B: 20 * ms}, 4 * 1.270378098530589 * ms},

		{"pareto", Dist{Kind: ParetoDist, A: 2 * ms, B: 3}, 3 * ms},
		{"pareto, heavy", Dist{Kind: ParetoDist, A: 2 * ms, B: 1.25}, 10 * ms},
		{"pareto without a mean", Dist{Kind: ParetoDist, A: 2 * ms, B: 1}, inf},
		{"pareto, heavier still", Dist{Kind: ParetoDist, A: 2 * ms, B: 0.5}, inf},

		{"weibull, exponential in truth", Dist{Kind: WeibullDist, A: 7 * ms, B: 1}, 7 * ms},
		{"weibull, shape 2", Dist{Kind: WeibullDist, A: 7 * ms, B: 2}, 7 * ms * math.Sqrt(math.Pi) / 2},
		{"weibull, shape 1/2", Dist{Kind: WeibullDist, A: 7 * ms, B: 0.5}, 14 * ms},

		{"empirical", Dist{Kind: EmpiricalDist, Values: []time.Duration{1, 2, 2, 5}}, 2.5},
		{"empirical, one", Dist{Kind: EmpiricalDist, Values: []time.Duration{7}}, 7},

		{"mix", Dist{Kind: MixDist, Parts: []Part{{0.9, Exponential(time.Millisecond)}, {0.1, Exponential(91 * time.Millisecond)}}}, 10 * ms},
		{"mix of a mix", Dist{Kind: MixDist, Parts: []Part{
			{0.5, Constant(2 * time.Millisecond)},
			{0.5, Dist{Kind: MixDist, Parts: []Part{{0.25, Constant(0)}, {0.75, Constant(8 * time.Millisecond)}}}},
		}}, 4 * ms},
		{"never", never, inf},
		{"mix with never", Dist{Kind: MixDist, Parts: []Part{{0.95, Constant(time.Millisecond)}, {0.05, never}}}, inf},
		{"mix with no share of never", Dist{Kind: MixDist, Parts: []Part{{1, Constant(time.Millisecond)}, {0, never}}}, 1 * ms},
	} {
		if got := row.dist.Mean(); got != row.want && !(math.Abs(got-row.want) <= 1e-9*row.want) {
			t.Errorf("%s: mean %v, want %v", row.name, got, row.want)
		}
	}
}

// The mean is the area under the share that is longer than x, which is added up here by
// the trapezoid rule, from each family's definition. 400,000 steps: within 1 in 10,000.
func TestMeanIsTheAreaOfWhatIsLonger(t *testing.T) {
	phi := func(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }
	// Of a sum of stages, the chance that fewer than k have ended.
	stages := func(k int, mean float64) func(float64) float64 {
		return func(x float64) float64 {
			rate := float64(k) / mean * x
			term, sum := 1.0, 1.0
			for i := 1; i < k; i++ {
				term *= rate / float64(i)
				sum += term
			}
			return sum * math.Exp(-rate)
		}
	}
	for _, row := range []struct {
		name   string
		dist   Dist
		longer func(x float64) float64
		until  float64
	}{
		{"constant", Constant(5 * time.Millisecond), func(x float64) float64 { return step(x < 5*ms) }, s},
		{"exponential", Exponential(3 * time.Millisecond), func(x float64) float64 { return math.Exp(-x / (3 * ms)) }, s},
		{"uniform", Dist{Kind: UniformDist, A: 2 * ms, B: 6 * ms}, func(x float64) float64 { return min(1, max(0, (6*ms-x)/(4*ms))) }, s},
		{"normal", Dist{Kind: NormalDist, A: 4 * ms, B: 6 * ms}, func(x float64) float64 { return phi(-(x - 4*ms) / (6 * ms)) }, s},
		{"normal below zero", Dist{Kind: NormalDist, A: -4 * ms, B: 6 * ms}, func(x float64) float64 { return phi(-(x + 4*ms) / (6 * ms)) }, s},
		{"lognormal", Dist{Kind: LognormalDist, A: 4 * ms, B: 20 * ms}, func(x float64) float64 {
			// Its 99th percentile is where 1% is longer: the middle is A, and 2.326 deviations up is B.
			return phi(-2.3263478740408408 * math.Log(x/(4*ms)) / math.Log(5))
		}, 10 * s},
		{"pareto", Dist{Kind: ParetoDist, A: 2 * ms, B: 3}, func(x float64) float64 { return min(1, math.Pow(2*ms/x, 3)) }, 100 * s},
		{"erlang", Dist{Kind: ErlangDist, A: 8 * ms, B: 4}, stages(4, 8*ms), s},
		{"gamma of a variation of 1/2", Dist{Kind: GammaDist, A: 8 * ms, B: 0.5}, stages(4, 8*ms), s},
		{"weibull", Dist{Kind: WeibullDist, A: 7 * ms, B: 0.8}, func(x float64) float64 { return math.Exp(-math.Pow(x/(7*ms), 0.8)) }, s},
	} {
		area := 0.0
		const n = 400_000
		// Steps that grow: x = until·u³.
		last, high := 0.0, 1.0
		if row.dist.Kind == NormalDist {
			high = row.longer(0)
		}
		for i := 1; i <= n; i++ {
			u := float64(i) / n
			x := row.until * u * u * u
			y := row.longer(x)
			area += (x - last) * (y + high) / 2
			last, high = x, y
		}
		off := func(mean float64) bool { return math.Abs(mean-area) > 1e-4*area }
		if mean := row.dist.Mean(); off(mean) || !off(1.01*mean) {
			t.Errorf("%s: mean %v, by its definition %v", row.name, mean, area)
		}
	}
}

func step(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Z99 is where the normal distribution has 1% above.
func TestZ99(t *testing.T) {
	if above := 0.5 * math.Erfc(Z99/math.Sqrt2); math.Abs(above-0.01) > 1e-15 {
		t.Errorf("above Z99 lies %v", above)
	}
}

func TestIsZero(t *testing.T) {
	zero, one := Constant(0), Constant(1)
	never, of := Dist{Kind: NeverDist}, Exponential(0)
	if !zero.IsZero() || !new(Dist).IsZero() {
		t.Error("the constant 0 is not zero")
	}
	for _, d := range []*Dist{&one, &never, &of} {
		if d.IsZero() {
			t.Errorf("%+v is zero", *d)
		}
	}
}
