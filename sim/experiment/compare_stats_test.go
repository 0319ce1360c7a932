package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The hours of sleep that two drugs gave ten patients: the example by which Student
// introduced the paired test. The intervals are those of R's t.test, paired and Welch's.
var (
	hyoscyamine = []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2}
	hyoscine    = []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
)

func TestIntervalsOfDifferences(t *testing.T) {
	for _, row := range []struct {
		name      string
		s         sampling
		c         float64
		mean      float64
		low, high float64
		freedom   float64
	}{
		{"paired", sampling{a: hyoscyamine, b: hyoscine, paired: true}, 1, 1.58, 0.7001142, 2.4598858, 9},
		{"Welch", sampling{a: hyoscyamine, b: hyoscine, paired: false}, 1, 1.58, -0.2054832, 3.3654832, 17.776},
		{"b less twice a", sampling{a: []float64{1, 2, 3}, b: []float64{3, 6, 9}, paired: true}, 2, 2, 2 - 4.302653/math.Sqrt(3), 2 + 4.302653/math.Sqrt(3), 2},
		{"unlike sizes", sampling{a: []float64{4, 6}, b: []float64{10, 10, 10, 10}, paired: false}, 1, 5, 5 - 12.7062, 5 + 12.7062, 1},
	} {
		m := row.s.against(row.c)
		low, high := m.within(0.95)
		for _, v := range [][2]float64{{m.mean, row.mean}, {low, row.low}, {high, row.high}} {
			if math.Abs(v[0]-v[1]) > 1e-4 {
				t.Errorf("%s: %v from %v to %v, not %v from %v to %v", row.name, m.mean, low, high, row.mean, row.low, row.high)
				break
			}
		}
		if math.Abs(m.freedom-row.freedom) > 1e-3 {
			t.Errorf("%s: %v degrees of freedom, not %v", row.name, m.freedom, row.freedom)
		}
	}
	one := sampling{a: []float64{1}, b: []float64{2}, paired: true}
	if low, high := one.against(1).within(0.95); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("one pair has the interval %v to %v", low, high)
	}
}

// Both ends of the interval of a ratio r are where b - r a is as far from 0 as its own
// interval is wide: what Fieller's solves for.
func TestIntervalsOfRatios(t *testing.T) {
	a, b := []float64{10, 11, 9.5, 10.2, 10.9}, []float64{12.1, 13.5, 11, 12.9, 12.7}
	s := sampling{a: a, b: b, paired: true}
	r, low, high, known := s.ratio(0.95)
	if !known || math.Abs(r-62.2/51.6) > 1e-12 || low >= r || high <= r {
		t.Fatalf("%v, from %v to %v, known %v", r, low, high, known)
	}
	for _, end := range []float64{low, high} {
		l, h := s.against(end).within(0.95)
		if math.Abs(l) > 1e-9 && math.Abs(h) > 1e-9 {
			t.Errorf("b less %v a is from %v to %v: 0 is at neither end", end, l, h)
		}
	}
	same := sampling{a: a, b: a, paired: true}
	if r, low, high, known := same.ratio(0.95); !known || r != 1 || low != 1 || high != 1 {
		t.Errorf("a over itself is %v, from %v to %v", r, low, high)
	}
	for name, s := range map[string]sampling{
		"one run":                  {a: []float64{1}, b: []float64{2}, paired: true},
		"nothing in a":             {a: []float64{0, 0, 0}, b: []float64{1, 2, 3}, paired: true},
		"a that may as well be 0":  {a: []float64{0, 0, 3}, b: []float64{1, 2, 3}},
		"a single run on one side": {a: []float64{5}, b: []float64{1, 2, 3}},
	} {
		if r, low, high, known := s.ratio(0.95); known {
			t.Errorf("%s: %v, from %v to %v", name, r, low, high)
		}
	}
}

// TestComparedIntervalsCover: of 4,000 comparisons of 12 runs a side the 95% intervals hold the
// true difference and the true ratio in 95%, give or take 1.4 points (four standard
// deviations of such a count). The values are right-skewed, as latencies are, and those
// of a pair have two thirds of their luck in common.
func TestComparedIntervalsCover(t *testing.T) {
	if Raced {
		t.Skip("nothing here has a second goroutine")
	}
	const experiments, n = 4000, 12
	random := rand.New(rand.NewPCG(1, 2))
	luck := func() float64 {
		return random.ExpFloat64() + random.ExpFloat64() + random.ExpFloat64() + random.ExpFloat64()
	} // mean 4
	for _, paired := range []bool{true, false} {
		differences, ratios := 0, 0
		for range experiments {
			s := sampling{paired: paired}
			for range n {
				common := 2 * luck()
				s.a = append(s.a, 30+common+luck()) // mean 42
				if !paired {
					common = 2 * luck()
				}
				s.b = append(s.b, 20+common+1.5*luck()) // mean 34
			}
			if low, high := s.against(1).within(0.95); low <= 34-42 && 34-42 <= high {
				differences++
			}
			if _, low, high, known := s.ratio(0.95); known && low <= 34./42 && 34./42 <= high {
				ratios++
			}
		}
		for name, held := range map[string]int{"difference": differences, "ratio": ratios} {
			if share := float64(held) / experiments; share < 0.936 || share > 0.964 {
				t.Errorf("paired %v: the interval of the %s holds it in %.1f%%", paired, name, 100*share)
			}
		}
	}
}

// The number of runs that would tell is the least for which the interval ends short of 0.
func TestRunsToTell(t *testing.T) {
	for _, row := range []struct {
		mean, error float64
		runs        int
		confidence  float64
	}{{1, 0.8, 20, 0.95}, {-0.3, 0.8, 20, 0.95}, {0.1, 0.2, 5, 0.99}, {2, 1, 2, 0.95}} {
		m := average{mean: row.mean, error: row.error, freedom: float64(row.runs - 1)}
		got := m.toTell(row.runs, row.confidence)
		sd := row.error * math.Sqrt(float64(row.runs))
		tells := func(n int) bool {
			return StudentT(n-1, row.confidence)*sd/math.Sqrt(float64(n)) <= math.Abs(row.mean)
		}
		if got <= row.runs || !tells(got) || got > row.runs+1 && tells(got-1) {
			t.Errorf("%+v: %d runs", row, got)
		}
	}
	for name, m := range map[string]average{"no distance": {error: 1, freedom: 9}, "too little": {mean: 1e-9, error: 1, freedom: 9}, "no spread known": {mean: 1, error: math.NaN()}} {
		if n := m.toTell(10, 0.95); n != 0 {
			t.Errorf("%s: %d runs", name, n)
		}
	}
	// The same number n times in a row: 2^(1-n) is below 5% from six on.
	if n := fewest(0.95); n != 6 {
		t.Errorf("%d runs with the same difference are enough", n)
	}
}
