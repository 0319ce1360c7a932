package des

import (
	"fmt"
	"math"
	"math/bits"
	"testing"
)

// The first numbers of some keys, pinned: another number here is another luck for
// every scenario that was ever run. Seed 0's are also the published first numbers of
// SplitMix64.
func TestDrawsArePinned(t *testing.T) {
	for _, row := range []struct {
		key  Key
		want [3]uint64
	}{
		{Key(0).With(0), [3]uint64{0xe220a8397b1dcdaf, 0xa706dd2f4d197e6f, 0x238275bc38fcbe91}},
		{Key(0).With(1), [3]uint64{0x6e789e6aa1b965f4, 0x46b73e79f0c37c00, 0x80abe802ac1e182e}},
		{Key(0).With(2), [3]uint64{0x06c45d188009454f, 0xee2751b92135351c, 0x3edfba9281257392}},
		{Key(1).With(NameKey("checkout->payment")), [3]uint64{0x59d13e3253d03b9d, 0xc54ab1828a558ba, 0xb6fa1ecc2bb16fc}},
		{Key(1).With(7).With(1 << 40), [3]uint64{0xe89d3f8f80e48a9a, 0x42f84b919bf61551, 0xa7cf726d963bdeaa}},
	} {
		d := row.key.Draw()
		got := [3]uint64{d.Uint64(), d.Uint64(), d.Uint64()}
		if got != row.want {
			t.Errorf("key %#x gives %#x, want %#x", uint64(row.key), got, row.want)
		}
	}
	// Of seed 1, a fresh key a row. Bits of logarithms and powers are the platform's
	// own, so these are held to 1 in 10^13.
	for i, row := range []struct {
		name string
		draw func(*Draw) float64
		want [3]float64
	}{
		{"uniform", (*Draw).Uniform, [3]float64{0.5665615751722809, 0.36818951565166946, 0.6935121390102292}},
		{"of ten", func(d *Draw) float64 { return float64(d.Intn(10)) }, [3]float64{7, 4, 0}},
		{"exponential", (*Draw).Exponential, [3]float64{1.2365081518973482, 0.37216663930729305, 2.8686475406587006}},
		{"normal", (*Draw).Normal, [3]float64{0.014440937257900242, 0.41578687533064546, -1.777688137717655}},
		{"gamma 0.3", func(d *Draw) float64 { return d.Gamma(0.3) }, [3]float64{0.011064910405791847, 0.00907870277343975, 0.1447475557972914}},
		{"gamma 4.5", func(d *Draw) float64 { return d.Gamma(4.5) }, [3]float64{8.344936308124307, 2.9033636673607304, 3.9526169225575836}},
	} {
		d := Key(1).With(uint64(i)).Draw()
		for k, want := range row.want {
			if got := row.draw(&d); math.Abs(got-want) > 1e-13*math.Abs(want) {
				t.Errorf("%s: number %d is %v, want %v", row.name, k+1, got, want)
			}
		}
	}
}

func TestKeyExponentialIsTheFirstOfItsStream(t *testing.T) {
	edges := 0
	for i := range uint64(200_000) {
		k := Key(3).With(i)
		d := k.Draw()
		want := d.Exponential()
		if got := k.Exponential(); got != want {
			t.Fatalf("key %#x: %v, its stream begins with %v", uint64(k), got, want)
		}
		if l := layers[uint8(k)]; uint64(k)>>11 >= l.inside {
			edges++
		}
	}
	if edges < 1000 {
		t.Errorf("only %d draws fell onto an edge", edges)
	}
}

func TestNamesHaveKeysOfTheirOwn(t *testing.T) {
	seen := map[uint64]string{}
	var names []string
	for a := range 26 {
		for b := range 26 {
			x, y := string(rune('a'+a)), string(rune('a'+b))
			names = append(names, x+y, x+"->"+y, fmt.Sprint(x, 26*a+b))
		}
	}
	for _, name := range append(names, "", "a", "aa", "aaa", "a\x00", "\x00a") {
		k := NameKey(name)
		if other, ok := seen[k]; ok && other != name {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[k] = name
	}
}

// avalanche is the farthest from 1/2 that any bit of f's results comes, as a share of
// the times it changes when any one bit of what goes in does: over n inputs each.
func avalanche(n int, input func(uint64) uint64, f func(uint64) uint64) float64 {
	worst := 0.0
	for bit := range 64 {
		var flips [64]int
		for i := range n {
			z := input(uint64(i))
			for diff := f(z) ^ f(z^1<<bit); diff != 0; diff &= diff - 1 {
				flips[bits.TrailingZeros64(diff)]++
			}
		}
		for _, k := range flips {
			worst = max(worst, math.Abs(float64(k)/float64(n)-0.5))
		}
	}
	return worst
}

// Each bit of a key and of a salt, flipped, flips each bit of what With gives half of
// the time. 4,096 inputs: the share's standard deviation is 1/128, and the worst of
// 4,096 shares is within 5.5 of them but once in 6,000.
func TestWithAvalanche(t *testing.T) {
	const n, bound = 4096, 5.5 / 128
	scattered := func(i uint64) uint64 { return mix(i ^ 0x5bf0_3635) }
	counted := func(i uint64) uint64 { return i }
	for _, row := range []struct {
		name  string
		input func(uint64) uint64
		f     func(uint64) uint64
		good  bool
	}{
		{"key", scattered, func(z uint64) uint64 { return uint64(Key(z).With(17)) }, true},
		{"salt", scattered, func(z uint64) uint64 { return uint64(Key(42).With(z)) }, true},
		{"small key", counted, func(z uint64) uint64 { return uint64(Key(z).With(17)) }, true},
		{"small salt", counted, func(z uint64) uint64 { return uint64(Key(42).With(z)) }, true},
		// What the test is worth: mixers that are not good enough fail it.
		{"multiplied only", scattered, func(z uint64) uint64 { return z * golden }, false},
		{"half the mixer", scattered, func(z uint64) uint64 { return (z ^ z>>30) * 0xbf58476d1ce4e5b9 }, false},
		{"without its last step", scattered, func(z uint64) uint64 {
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			return (z ^ z>>27) * 0x94d049bb133111eb
		}, false},
	} {
		if worst := avalanche(n, row.input, row.f); worst < bound != row.good {
			t.Errorf("%s: worst bit is %.4f from 1/2, bound %.4f", row.name, worst, bound)
		}
	}
}

// neighbours are streams of uniforms in which neighbouring keys follow each other.
var neighbours = []struct {
	name string
	at   func(n uint64) float64
}{
	{"parts of a key", func(n uint64) float64 { return uniform(Key(9).With(n)) }},
	{"parts of parts", func(n uint64) float64 { return uniform(Key(9).With(n / 16).With(n % 16)) }},
	{"the same part of parts", func(n uint64) float64 { return uniform(Key(9).With(n).With(3)) }},
	{"seeds", func(n uint64) float64 { return uniform(Key(n).With(3)) }},
	{"far apart", func(n uint64) float64 { return uniform(Key(9).With(n << 32)) }},
	{"second numbers", func(n uint64) float64 {
		d := Key(9).With(n).Draw()
		d.Uint64()
		return d.Uniform()
	}},
}

func uniform(k Key) float64 {
	d := k.Draw()
	return d.Uniform()
}

// dependence measures how much at(n) tells of at(n+1): their correlation over n
// numbers, and chi-square of the pairs (at(0), at(1)), (at(2), at(3)) … on a board of
// 16 by 16.
func dependence(n int, at func(uint64) float64) (correlation, square float64) {
	var board [256]int
	var xy, xx float64
	x := at(0)
	for i := 1; i < n; i++ {
		y := at(uint64(i))
		xy += (x - 0.5) * (y - 0.5)
		xx += (x - 0.5) * (x - 0.5)
		if i%2 == 1 {
			board[int(16*x)*16+int(16*y)]++
		}
		x = y
	}
	return xy / xx, chiSquare(board[:])
}

// Half a million numbers: the correlation's standard deviation is 1/724; 4.5 of them
// are exceeded once in 150,000. The board has 255 degrees of freedom.
func TestNeighbouringKeysAreIndependent(t *testing.T) {
	const n = 1 << 19
	line, square := 4.5/math.Sqrt(n), chiSquareBound(255)
	for _, row := range neighbours {
		if c, s := dependence(n, row.at); math.Abs(c) > line || s > square {
			t.Errorf("%s: correlation %.5f (bound %.5f), chi-square %.0f (bound %.0f)", row.name, c, line, s, square)
		}
	}
	// What the test is worth: 1% of the neighbour mixed in, or a multiple of the golden
	// ratio, does not pass.
	leak := func(n uint64) float64 {
		return (uniform(Key(9).With(n)) + 0.01*uniform(Key(9).With(n+1))) / 1.01
	}
	if c, _ := dependence(n, leak); math.Abs(c) < line {
		t.Errorf("a leak of 1%% passes: correlation %.5f", c)
	}
	if c, s := dependence(n, func(n uint64) float64 { return float64(n*golden>>11) * 0x1p-53 }); math.Abs(c) < line || s < square {
		t.Errorf("multiples of the golden ratio pass: correlation %.5f, chi-square %.0f", c, s)
	}
}

// chiSquare is Pearson's statistic of counts that should all be alike.
func chiSquare(counts []int) float64 {
	n := 0
	for _, c := range counts {
		n += c
	}
	want, sum := float64(n)/float64(len(counts)), 0.0
	for _, c := range counts {
		sum += (float64(c) - want) * (float64(c) - want) / want
	}
	return sum
}

// chiSquareBound is exceeded once in ten thousand times (E. Wilson, M. Hilferty, PNAS
// 17(12), 1931).
func chiSquareBound(freedom float64) float64 {
	v := 2 / (9 * freedom)
	return freedom * math.Pow(1-v+3.719*math.Sqrt(v), 3)
}
