package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// oneKind are what runs may look like that are all of one kind.
var oneKind = []struct {
	name string
	draw func(*rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return 10 + r.NormFloat64() }},
	{"uniform", (*rand.Rand).Float64},
	{"exponential", (*rand.Rand).ExpFloat64},
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }},
}

// TestOneKindIsNotTakenForTwo: of 2000 samples (400 of the large ones) at most 1 in 200
// may be taken for two kinds. With nine tenths of the width that is asked for, it fails.
func TestOneKindIsNotTakenForTwo(t *testing.T) {
	if Raced {
		t.Skip("much of the same, and nothing to race with")
	}
	for _, n := range []int{10, 12, 15, 20, 30, 40, 70, 100, 300, 1000} {
		for _, kind := range oneKind {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			samples := 2000
			if n > 100 {
				samples = 400
			}
			values, taken := make([]float64, n), 0
			for range samples {
				for i := range values {
					values[i] = kind.draw(r)
				}
				if TwoModes(values) != nil {
					taken++
				}
			}
			if taken*200 > samples {
				t.Errorf("%s: %d of %d samples of %d are taken for two kinds", kind.name, taken, samples, n)
			}
		}
	}
}

// TestTwoKindsAreFound: runs of which some collapse. Of 300 samples each, so many at
// least are told apart, and split where they should be, give or take one
// (of more than 100, one in 100).
func TestTwoKindsAreFound(t *testing.T) {
	if Raced {
		t.Skip("much of the same, and nothing to race with")
	}
	for _, row := range []struct {
		well, collapsed int
		draw            func(*rand.Rand, bool) float64
		least           int
	}{
		{35, 5, success, 297}, {38, 2, success, 297}, {20, 20, success, 297}, {500, 500, success, 297}, {970, 30, success, 297},
		{35, 5, latency, 297}, {20, 20, latency, 297}, {12, 3, latency, 297},
		{20, 20, apart(8), 297}, {35, 5, apart(13), 297}, {38, 2, apart(24), 297}, {500, 500, apart(8), 297},
		{35, 5, early, 297}, {37, 3, early, 290}, {28, 12, early, 297}, {900, 100, early, 297},
		{5, 35, success, 240}, // the many are those that stray
	} {
		r := rand.New(rand.NewPCG(uint64(row.well), uint64(row.collapsed)))
		found := 0
		for range 300 {
			var values []float64
			for range row.well {
				values = append(values, row.draw(r, false))
			}
			for range row.collapsed {
				values = append(values, row.draw(r, true))
			}
			r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
			m := TwoModes(values)
			if m == nil {
				continue
			}
			if a, b := m[0].Runs, m[1].Runs; min(abs(a-row.well), abs(b-row.well)) <= max(1, len(values)/100) {
				found++
			}
		}
		if found < row.least {
			t.Errorf("%d well and %d collapsed are told apart in %d of 300 samples", row.well, row.collapsed, found)
		}
	}
}

// success is a share that is near to all, or somewhere between a fifth and a half.
func success(r *rand.Rand, collapsed bool) float64 {
	if collapsed {
		return 0.2 + 0.3*r.Float64()
	}
	return 1 - 0.002*r.ExpFloat64()
}

// early is a share that is near to all, or anything below: of runs that collapse sooner
// or later.
func early(r *rand.Rand, collapsed bool) float64 {
	if collapsed {
		return 0.2 + 0.75*r.Float64()
	}
	return 1 - 0.002*r.ExpFloat64()
}

// latency is a p99 with a long tail, or one near to the time-out.
func latency(r *rand.Rand, collapsed bool) float64 {
	if collapsed {
		return 0.95 + 0.05*r.Float64()
	}
	return 0.08 * math.Exp(0.2*r.NormFloat64())
}

func apart(by float64) func(*rand.Rand, bool) float64 {
	return func(r *rand.Rand, collapsed bool) float64 {
		v := 100 + r.NormFloat64()
		if collapsed {
			v += by
		}
		return v
	}
}

func abs(i int) int { return max(i, -i) }

func TestTwoModes(t *testing.T) {
	repeat := func(v float64, n int) (all []float64) {
		for range n {
			all = append(all, v)
		}
		return all
	}
	for _, row := range []struct {
		what   string
		values []float64
		want   string
	}{
		{"all the same", repeat(3, 40), "[]"},
		{"two values", append(repeat(0.25, 5), repeat(0.75, 35)...), "[{5 0.25 0.25 0.25} {35 0.75 0.75 0.75}]"},
		{"too few", append(repeat(0.25, 4), repeat(0.75, 5)...), "[]"},
		{"one alone may be a tail", append(repeat(0.25, 1), repeat(0.75, 39)...), "[]"},
		{"hardly different", append(repeat(0.990, 20), repeat(0.995, 20)...), "[]"},
		{"none in most runs, one in some", append(repeat(0, 30), repeat(1, 10)...), "[]"},
		{"none in most runs, very many in some", append(repeat(0, 35), repeat(5000, 5)...), "[{35 0 0 0} {5 5000 5000 5000}]"},
		{"below nothing", append(repeat(-7.5, 20), repeat(0.5, 20)...), "[{20 -7.5 -7.5 -7.5} {20 0.5 0.5 0.5}]"},
	} {
		if got := fmt.Sprint(TwoModes(row.values)); got != row.want {
			t.Errorf("%s: %s, not %s", row.what, got, row.want)
		}
	}
}
