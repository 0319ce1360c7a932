package des

import (
	"math"
	"math/bits"
)

// A Key names what is drawn, and for whom. Every draw is a function of its key, and
// of nothing that happened before it: two runs that meet the same key meet the same
// luck (common random numbers). Keys are derived from each other by With.
type Key uint64

// golden is 2^64 over the golden ratio, the increment of SplitMix64.
const golden = 0x9e3779b97f4a7c15

// mix is a bijection of 64 bits in which every bit of the output depends on every
// bit of the input: variant 13 of D. Stafford's finalizers, as in SplitMix64
// (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// With is the key of the part of k that salt names. With(0), With(1), With(2) … are
// the numbers of a SplitMix64 generator that is seeded with k.
func (k Key) With(salt uint64) Key { return Key(mix(uint64(k) + (salt+1)*golden)) }

// NameKey is a salt that stands for a name: FNV-1a, mixed.
func NameKey(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return mix(h)
}

// A Draw is the stream of random numbers that belongs to one key. A key is drawn
// from, or others are derived from it, not both.
type Draw struct {
	number uint64 // the last one given out; before the first, the first
	begun  bool
}

// Draw begins the key's stream. The key must come from With: its bits are the
// stream's first number.
func (k Key) Draw() Draw { return Draw{number: uint64(k)} }

// Uint64 is uniform over all 64-bit numbers.
func (d *Draw) Uint64() uint64 {
	if d.begun {
		d.number = mix(d.number + golden)
	}
	d.begun = true
	return d.number
}

// Uniform is uniform over [0, 1), a multiple of 2^-53.
func (d *Draw) Uniform() float64 { return float64(d.Uint64()>>11) * 0x1p-53 }

// Intn is uniform over 0 … n-1, within n·2^-64 (D. Lemire, ACM TOMACS 29(1), 2019,
// without the rejection). n must be positive.
func (d *Draw) Intn(n int) int {
	hi, _ := bits.Mul64(d.Uint64(), uint64(n))
	return int(hi)
}

// The exponential is drawn by a ziggurat (G. Marsaglia, W. Tsang, J. Stat. Softw.
// 5(8), 2000) of 256 layers of equal area, with 53-bit positions: a number's low 8
// bits choose the layer, its high 53 the place in it.
type layer struct {
	inside uint64  // places below it are under the curve for sure
	width  float64 // of a place
}

const (
	tailStart = 7.69711747013104972  // where the lowest layer's tail begins
	layerArea = 3.949659822581572e-3 // of each layer
)

var layers, heights = ziggurat()

func ziggurat() (l [256]layer, height [256]float64) {
	const places = 1 << 53
	x := tailStart
	base := layerArea / math.Exp(-x) // the lowest layer as a rectangle, its tail laid flat
	l[0] = layer{uint64(x / base * places), base / places}
	l[255].width = x / places
	height[0], height[255] = 1, math.Exp(-x)
	for i := 254; i >= 1; i-- {
		up := -math.Log(layerArea/x + math.Exp(-x))
		l[i+1].inside = uint64(up / x * places)
		x = up
		height[i] = math.Exp(-x)
		l[i].width = x / places
	}
	return l, height
}

// Exponential has mean 1.
func (d *Draw) Exponential() float64 {
	u := d.Uint64()
	l := &layers[uint8(u)]
	if place := u >> 11; place < l.inside {
		return float64(int64(place)) * l.width
	}
	return d.exponentialEdge(u)
}

// Exponential is the first number of the key's stream of them.
func (k Key) Exponential() float64 {
	l := &layers[uint8(k)]
	if place := uint64(k) >> 11; place < l.inside {
		return float64(int64(place)) * l.width
	}
	return k.exponentialEdge()
}

//go:noinline
func (k Key) exponentialEdge() float64 {
	d := k.Draw()
	return d.Exponential()
}

// exponentialEdge finishes a draw that fell onto a layer's edge or into the tail.
//
//go:noinline
func (d *Draw) exponentialEdge(u uint64) float64 {
	for {
		i, place := uint8(u), u>>11
		x := float64(int64(place)) * layers[i].width
		switch {
		case place < layers[i].inside:
			return x
		case i == 0: // without memory: beyond the tail's start it begins anew
			return tailStart - math.Log(1-d.Uniform())
		case heights[i]+float64(d.Uniform()*(heights[i-1]-heights[i])) < math.Exp(-x):
			return x
		}
		u = d.Uint64()
	}
}

// Normal has mean 0 and standard deviation 1 (G. Box, M. Muller, Ann. Math. Stat.
// 29(2), 1958).
func (d *Draw) Normal() float64 {
	return math.Sqrt(2*d.Exponential()) * math.Cos(2*math.Pi*d.Uniform())
}

// Gamma has the given shape, which must be positive, and scale 1 (G. Marsaglia,
// W. Tsang, ACM TOMS 26(3), 2000; below shape 1 by their boost).
func (d *Draw) Gamma(shape float64) float64 {
	if shape < 1 {
		boost := math.Exp(-d.Exponential() / shape) // U^(1/shape)
		return d.Gamma(shape+1) * boost
	}
	a := shape - 1.0/3
	c := 1 / math.Sqrt(9*a)
	for {
		x := d.Normal()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if -d.Exponential() < float64(0.5*x*x)+a-float64(a*v)+float64(a*math.Log(v)) {
			return a * v
		}
	}
}
