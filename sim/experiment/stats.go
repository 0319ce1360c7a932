package experiment

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// An Estimate is the mean of what several runs gave, and its confidence interval.
type Estimate struct {
	N         int
	Mean      float64
	SD        float64 // of the values; 0 of fewer than two
	Low, High float64 // around the mean; NaN of fewer than two values
}

// MeanOf estimates the mean that the values come from, with Student's t interval at the
// confidence, 0.95 say ("Student", "The probable error of a mean", Biometrika 1908).
func MeanOf(values []float64, confidence float64) Estimate {
	e := Estimate{N: len(values), Low: math.NaN(), High: math.NaN()}
	if e.N == 0 {
		e.Mean = math.NaN()
		return e
	}
	// Around the first value, so that what hardly varies keeps its digits.
	first, sum := values[0], 0.0
	for _, v := range values {
		sum += v - first
	}
	e.Mean = first + sum/float64(e.N)
	if e.N < 2 {
		return e
	}
	squares := 0.0
	for _, v := range values {
		d := v - e.Mean
		squares += float64(d * d)
	}
	e.SD = math.Sqrt(squares / float64(e.N-1))
	half := StudentT(e.N-1, confidence) * e.SD / math.Sqrt(float64(e.N))
	e.Low, e.High = e.Mean-half, e.Mean+half
	return e
}

// StudentT is how many standard errors wide an interval is to either side, to hold with
// the confidence where the spread was estimated with so many degrees of freedom.
func StudentT(freedom int, confidence float64) float64 {
	return studentT(float64(freedom), confidence)
}

// studentT takes parts of degrees of freedom too.
func studentT(n, confidence float64) float64 {
	x := mathext.InvRegIncBeta(n/2, 0.5, 1-confidence)
	return math.Sqrt(n * (1 - x) / x)
}

// ClopperPearson is an interval for a share of which good in n were seen, that holds it
// with at least the confidence, whatever the share is: low and high each miss it with
// half of the rest (C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial
// limits illustrated in the case of the binomial", Biometrika 1934).
func ClopperPearson(good, n int, confidence float64) (low, high float64) {
	return clopperPearson(float64(good), float64(n), confidence)
}

// clopperPearson is ClopperPearson of numbers that need not be whole.
func clopperPearson(good, n, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	low, high = 0, 1
	if good > 0 {
		low = mathext.InvRegIncBeta(good, n-good+1, tail)
	}
	if good < n {
		high = mathext.InvRegIncBeta(good+1, n-good, 1-tail)
	}
	return low, high
}
