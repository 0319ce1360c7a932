package experiment

import "math"

// A sampling is one metric as both sides of a comparison have it: in pairs, where each
// value of a has its counterpart with the same seed in b, or each side for itself.
type sampling struct {
	a, b   []float64
	paired bool
	memory quantiles
}

// quantiles remember what Student's are, which take long to find and are asked for again
// and again: by degrees of freedom and confidence. A nil one remembers nothing.
type quantiles map[[2]float64]float64

func (q quantiles) student(freedom, confidence float64) float64 {
	asked := [2]float64{freedom, confidence}
	t, known := q[asked]
	if !known {
		t = studentT(freedom, confidence)
		if q != nil && len(q) < 10_000 {
			q[asked] = t
		}
	}
	return t
}

// An average is an estimated mean with the spread of that estimate.
type average struct {
	mean    float64
	error   float64 // the standard error of the mean; NaN where one run says nothing of it
	freedom float64
	memory  quantiles
}

// within is the interval that holds the mean with the confidence.
func (m average) within(confidence float64) (low, high float64) {
	if math.IsNaN(m.error) {
		return math.Inf(-1), math.Inf(1)
	}
	half := m.memory.student(m.freedom, confidence) * m.error
	return m.mean - half, m.mean + half
}

// runs is how many runs a side the sampling has.
func (s *sampling) runs() int { return min(len(s.a), len(s.b)) }

// against is the mean of b - c a. In pairs the differences are values of their own, and
// what both sides owe to the luck that they share is gone from them; else the spreads
// of both sides add up, with the degrees of freedom that B. L. Welch gives them ("The
// generalization of Student's problem when several different population variances are
// involved", Biometrika 1947).
func (s *sampling) against(c float64) average {
	if s.paired {
		d := make([]float64, len(s.a))
		for i, a := range s.a {
			d[i] = s.b[i] - float64(c*a)
		}
		e := MeanOf(d, Confidence)
		m := average{mean: e.Mean, error: math.NaN(), freedom: float64(e.N - 1), memory: s.memory}
		if e.N > 1 {
			m.error = e.SD / math.Sqrt(float64(e.N))
		}
		return m
	}
	a, b := MeanOf(s.a, Confidence), MeanOf(s.b, Confidence)
	m := average{mean: b.Mean - float64(c*a.Mean), error: math.NaN(), memory: s.memory}
	if a.N < 2 || b.N < 2 {
		return m
	}
	va, vb := float64(c*a.SD)*float64(c*a.SD)/float64(a.N), b.SD*b.SD/float64(b.N)
	m.error = math.Sqrt(va + vb)
	m.freedom = float64(min(a.N, b.N) - 1)
	if sum := va + vb; sum > 0 {
		m.freedom = sum * sum / (va*va/float64(a.N-1) + vb*vb/float64(b.N-1))
	}
	return m
}

// ratio is the interval for the mean of b over that of a: all ratios r for which b - r a
// may well have the mean 0 (E. C. Fieller, "Some problems in interval estimation",
// Journal of the Royal Statistical Society B, 1954). It is unknown where the mean of a
// may as well be 0.
func (s *sampling) ratio(confidence float64) (r, low, high float64, known bool) {
	whole := s.against(1)
	a, b := MeanOf(s.a, confidence), MeanOf(s.b, confidence)
	if a.Mean <= 0 || math.IsNaN(whole.error) {
		return 0, 0, 0, false
	}
	t := s.memory.student(whole.freedom, confidence)
	spread := float64(t * t)
	vaa, vbb, vab := spread*shared(s.a, s.a, a.Mean, a.Mean), spread*shared(s.b, s.b, b.Mean, b.Mean), 0.0
	if s.paired {
		vab = spread * shared(s.a, s.b, a.Mean, b.Mean)
	}
	square, cross, rest := float64(a.Mean*a.Mean)-vaa, float64(a.Mean*b.Mean)-vab, float64(b.Mean*b.Mean)-vbb
	if square <= 0 {
		return 0, 0, 0, false
	}
	root := math.Sqrt(max(0, float64(cross*cross)-float64(square*rest)))
	return b.Mean / a.Mean, (cross - root) / square, (cross + root) / square, true
}

// shared is the covariance of the means of two lists of values in pairs; of a list with
// itself, the variance of its mean.
func shared(x, y []float64, meanX, meanY float64) float64 {
	sum := 0.0
	for i := range x {
		sum += float64((x[i] - meanX) * (y[i] - meanY))
	}
	n := float64(len(x))
	return sum / (n - 1) / n
}

// maxRuns is how many runs are thought of at most where it is said how many would decide.
const maxRuns = 1_000_000

// toTell is about how many runs a side it takes until the interval around a mean, now
// estimated with so many, is all on one side of zero; 0 where even a million would not
// do, or nothing is known of the spread.
func (m average) toTell(runs int, confidence float64) int {
	if math.IsNaN(m.error) || m.mean == 0 {
		return 0
	}
	sd := m.error * math.Sqrt(float64(runs))
	tells := func(n int) bool {
		return studentT(float64(n-1), confidence)*sd/math.Sqrt(float64(n)) <= math.Abs(m.mean)
	}
	// With the normal quantile, which Student's is never below, it takes at least so many.
	// With Student's for so few it takes no more than high.
	need := func(t float64) int {
		return int(min(math.Ceil(t*t*sd/m.mean*sd/m.mean), maxRuns+1))
	}
	low := max(need(math.Sqrt2*math.Erfinv(confidence)), runs+1)
	high := max(need(studentT(float64(low-1), confidence)), low)
	if high > maxRuns {
		return 0
	}
	for low < high {
		if middle := low + (high-low)/2; tells(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return high
}

// alike says whether all differences in the pairs, or of all values of one side to all
// of the other, are the same number.
func (s *sampling) alike() bool {
	if s.paired {
		for i := range s.a {
			if s.b[i]-s.a[i] != s.b[0]-s.a[0] {
				return false
			}
		}
		return true
	}
	for _, side := range [][]float64{s.a, s.b} {
		for _, v := range side {
			if v != side[0] {
				return false
			}
		}
	}
	return true
}

// fewest is how many runs must differ by the very same number before that is more than
// luck: with fair luck all would go the same way in one of 2^(n-1) experiments.
func fewest(confidence float64) int { return 1 + int(math.Ceil(-math.Log2(1-confidence))) }
