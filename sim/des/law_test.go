package des

import (
	"math"
	"testing"
)

// A law is a distribution and what is known of it.
type law struct {
	name string
	draw func(*Draw) float64
	cdf  func(float64) float64
	mean float64
	sd   float64
	m4   float64 // fourth central moment
}

func gammaLaw(name string, shape float64) law {
	return law{name, func(d *Draw) float64 { return d.Gamma(shape) },
		func(x float64) float64 { return gammaShare(shape, x) },
		shape, math.Sqrt(shape), 3*shape*shape + 6*shape}
}

var laws = []law{
	{"uniform", (*Draw).Uniform, func(x float64) float64 { return x }, 0.5, math.Sqrt(1. / 12), 1. / 80},
	{"exponential", (*Draw).Exponential, func(x float64) float64 { return -math.Expm1(-x) }, 1, 1, 9},
	{"normal", (*Draw).Normal, func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }, 0, 1, 3},
	gammaLaw("gamma 0.3", 0.3),
	gammaLaw("gamma 1", 1),
	gammaLaw("gamma 4.5", 4.5),
}

// gammaShare is the share of Gamma(shape, 1) below x: the series of the incomplete
// gamma function (NIST Digital Library of Mathematical Functions, 8.7.1).
func gammaShare(shape, x float64) float64 {
	if x > shape+40*math.Sqrt(shape)+40 {
		return 1
	}
	term := 1 / shape
	sum := term
	for n := 1.0; term > 1e-17*sum; n++ {
		term *= x / (shape + n)
		sum += term
	}
	lg, _ := math.Lgamma(shape)
	return math.Min(1, sum*math.Exp(shape*math.Log(x)-x-lg))
}

// A fit is how well a sample fits a law, each figure over its bound: at most 1 if it does.
type fit struct {
	distance float64 // Kolmogorov–Smirnov
	square   float64 // chi-square, cells of equal chance
	mean     float64
	spread   float64 // of the variance
}

func (f fit) good() bool { return max(f.distance, f.square, f.mean, f.spread) <= 1 }

const cells = 400

// fitOf draws n numbers. The bounds: Kolmogorov's distance 2.22/√n (exceeded once in
// ten thousand times), looked at between 400 cells; chi-square of the same cells; mean
// and variance within 4 of their standard deviations.
func fitOf(l law, n int, next func(i int) float64) fit {
	var counts [cells]int
	var sum, square float64
	for i := range n {
		x := next(i)
		counts[min(int(cells*l.cdf(x)), cells-1)]++
		sum += x - l.mean
		square += (x - l.mean) * (x - l.mean)
	}
	seen, distance := 0, 0.0
	for i, c := range counts {
		seen += c
		distance = max(distance, math.Abs(float64(seen)/float64(n)-float64(i+1)/cells))
	}
	root := math.Sqrt(float64(n))
	v := l.sd * l.sd
	return fit{
		distance: distance / (2.22 / root),
		square:   chiSquare(counts[:]) / chiSquareBound(cells-1),
		mean:     math.Abs(sum/float64(n)) / (4 * l.sd / root),
		spread:   math.Abs(square/float64(n)-v) / (4 * math.Sqrt(l.m4-v*v) / root),
	}
}

// Every law is held against 400,000 numbers of one stream, and 400,000 first numbers
// of neighbouring keys. Each sample that is 2% too large, or shifted by 2% of its
// standard deviation, or 2% too narrow about its mean, fails the same test.
func TestLaws(t *testing.T) {
	const n = 400_000
	for i, l := range laws {
		d := Key(11).With(uint64(i)).Draw()
		sample := make([]float64, n)
		for k := range sample {
			sample[k] = l.draw(&d)
		}
		if f := fitOf(l, n, func(k int) float64 { return sample[k] }); !f.good() {
			t.Errorf("%s, a stream: %+v", l.name, f)
		}
		keys := Key(12).With(uint64(i))
		if f := fitOf(l, n, func(k int) float64 { d := keys.With(uint64(k)).Draw(); return l.draw(&d) }); !f.good() {
			t.Errorf("%s, neighbouring keys: %+v", l.name, f)
		}
		for _, wrong := range []struct {
			name string
			of   func(x float64) float64
		}{
			{"2% too large", func(x float64) float64 { return 1.02 * x }},
			{"shifted", func(x float64) float64 { return x + 0.02*l.sd }},
			{"too narrow", func(x float64) float64 { return l.mean + 0.98*(x-l.mean) }},
		} {
			if f := fitOf(l, n, func(k int) float64 { return wrong.of(sample[k]) }); f.good() {
				t.Errorf("%s, %s, passes: %+v", l.name, wrong.name, f)
			}
		}
	}
}

// Four million numbers: 1,816 are expected beyond the ziggurat's last layer, give or
// take 43, bound five of those; and what they are beyond it by is exponential again,
// its mean 1 give or take 0.0235, bound four. A tail cut off or a tenth too long fails.
func TestExponentialTail(t *testing.T) {
	const n = 4_000_000
	p := math.Exp(-tailStart)
	good := func(stretch float64) bool {
		d := Key(13).With(0).Draw()
		beyond, far, excess := 0, 0, 0.0
		for range n {
			x := d.Exponential()
			if x > tailStart {
				x = tailStart + stretch*(x-tailStart)
			}
			if x > tailStart {
				beyond++
				excess += x - tailStart
			}
			if x > tailStart+2 {
				far++
			}
		}
		count := float64(beyond)
		return math.Abs(count-n*p) < 5*math.Sqrt(n*p) &&
			math.Abs(excess/count-1) < 4/math.Sqrt(count) &&
			math.Abs(float64(far)-n*p*math.Exp(-2)) < 5*math.Sqrt(n*p*math.Exp(-2))
	}
	if !good(1) {
		t.Error("the tail is not exponential")
	}
	for _, wrong := range []float64{0, 0.85, 1.15} {
		if good(wrong) {
			t.Errorf("a tail stretched by %v passes", wrong)
		}
	}
}

// The ziggurat's own law: 256 layers of the same area, one on the other, from the
// tail's start up to the curve's top.
func TestZigguratIsClosed(t *testing.T) {
	const places = 1 << 53
	almost := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-11*want {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	almost("the tail's start", layers[255].width*places, tailStart)
	almost("the lowest layer with its tail", tailStart*math.Exp(-tailStart)+math.Exp(-tailStart), layerArea)
	almost("the share of the lowest layer that is not tail", float64(layers[0].inside)*layers[0].width, tailStart)
	for i := 1; i < 256; i++ {
		x := layers[i].width * places
		almost("a layer's area", x*(heights[i-1]-heights[i]), layerArea)
		almost("a layer's lower edge", heights[i], math.Exp(-x))
		above := 0.0
		if i > 1 {
			above = layers[i-1].width * places
		}
		if got := float64(layers[i].inside) * layers[i].width; math.Abs(got-above) > 1e-11 {
			t.Errorf("layer %d is under the curve up to %v, want %v", i, got, above)
		}
	}
}

// A million numbers that fall onto the edges of layers, each layer in turn: as many are
// kept as the curve has under it there, within 4 of 0.0005. A curve that is 1% lower
// in these places alone would not show in the whole.
func TestZigguratEdges(t *testing.T) {
	const n, places = 1_000_000, 1 << 53
	place := Key(17).With(0).Draw()
	kept, want := 0.0, 0.0
	for k := range uint64(n) {
		i := 1 + k%255
		l := layers[i]
		at := l.inside + uint64(place.Uniform()*float64(places-l.inside))
		d := Draw{number: at<<11 | i}
		if x := float64(at) * l.width; d.Exponential() == x {
			kept++
		}
		from, to := float64(l.inside)*l.width, places*l.width
		under := math.Exp(-from) - math.Exp(-to) - heights[i]*(to-from)
		want += under / ((to - from) * (heights[i-1] - heights[i]))
	}
	good := func(kept float64) bool { return math.Abs(kept-want) < 4*math.Sqrt(n)/2 }
	if !good(kept) {
		t.Errorf("%.0f of %d kept, want %.0f", kept, n, want)
	}
	if good(1.01*kept) || good(0.99*kept) {
		t.Error("1% more or fewer pass")
	}
}

func TestUniformIsOnItsGrid(t *testing.T) {
	d := Key(14).With(0).Draw()
	for range 100_000 {
		u := d.Uniform()
		if u < 0 || u >= 1 || u*0x1p53 != math.Trunc(u*0x1p53) {
			t.Fatalf("uniform gives %v", u)
		}
	}
	last := Draw{number: 1<<64 - 1}
	if u := last.Uniform(); u >= 1 {
		t.Errorf("the largest uniform is %v", u)
	}
	first := Draw{number: 0}
	if x := first.Exponential(); x != 0 {
		t.Errorf("the least exponential is %v", x)
	}
}

// Bits from the lowest up, in groups of eight, are alike: 300,000 numbers, 255 degrees
// of freedom.
func TestBitsAreAlike(t *testing.T) {
	d := Key(15).With(0).Draw()
	var counts [8][256]int
	for range 300_000 {
		u := d.Uint64()
		for k := range counts {
			counts[k][uint8(u>>(8*k))]++
		}
	}
	for k := range counts {
		if s := chiSquare(counts[k][:]); s > chiSquareBound(255) {
			t.Errorf("bits from %d on: chi-square %.0f, bound %.0f", 8*k, s, chiSquareBound(255))
		}
	}
}

// 300,000 draws each, in thirds or in their own values.
func TestIntn(t *testing.T) {
	const n = 300_000
	d := Key(16).With(0).Draw()
	square := func(of, parts int, draw func() int) float64 {
		counts := make([]int, parts)
		for range n {
			x := draw()
			if x < 0 || x >= of {
				t.Fatalf("one of %d is %d", of, x)
			}
			counts[int(float64(x)/float64(of)*float64(parts))]++
		}
		return chiSquare(counts)
	}
	for _, row := range []struct{ of, parts int }{{2, 2}, {3, 3}, {10, 10}, {64, 64}, {1000, 1000}, {3 << 61, 3}, {math.MaxInt64, 5}} {
		s := square(row.of, row.parts, func() int { return d.Intn(row.of) })
		if bound := chiSquareBound(float64(row.parts - 1)); s > bound {
			t.Errorf("one of %d: chi-square %.1f, bound %.1f", row.of, s, bound)
		}
	}
	if d.Intn(1) != 0 {
		t.Error("one of one is not 0")
	}
	// What the test is worth: a remainder favours the low third.
	if s := square(3<<61, 3, func() int { return int(d.Uint64() % (3 << 61)) }); s < chiSquareBound(2) {
		t.Errorf("remainders pass: chi-square %.1f", s)
	}
	if s := square(10, 10, func() int { return d.Intn(1010) % 101 / 10 % 10 }); s < chiSquareBound(9) {
		t.Errorf("a first value 10%% too frequent passes: chi-square %.1f", s)
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, l := range laws {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			d := Key(1).With(0).Draw()
			sum := 0.0
			for b.Loop() {
				sum += l.draw(&d)
			}
			if sum == 0 {
				b.Error("nothing drawn")
			}
		})
	}
	b.Run("key and exponential", func(b *testing.B) {
		b.ReportAllocs()
		sum, n := 0.0, uint64(0)
		for b.Loop() {
			n++
			sum += Key(1).With(n).Exponential()
		}
		if sum == 0 {
			b.Error("nothing drawn")
		}
	})
}
