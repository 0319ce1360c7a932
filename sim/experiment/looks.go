package experiment

import "math/bits"

// Looks are when an experiment that goes on until it is decided is looked at: after
// First runs, then each time there are twice as many, and at the last of all.
//
// Whoever looks again and again, and stops when luck would have it, decides wrongly more
// often than each look would let him believe (P. Armitage, C. K. McPherson and B. C.
// Rowe, "Repeated significance tests on accumulating data", JRSS A 1969). So each look
// has only its part of the 5% that all of them together may be wrong in (Bonferroni), and
// an interval that is exact, whatever the share.
type Looks struct {
	First int `json:"first"`
}

// Many is how many looks there are until there have been max runs.
func (l *Looks) Many(max int) int {
	if l.First >= max {
		return 1
	}
	return 1 + bits.Len(uint((max-1)/l.First))
}

// At are the runs there are at the look, from 0, of which max is the last.
func (l *Looks) At(look, max int) int {
	return min(l.First<<look, max)
}

// upTo is the look that is next, or now, where there are n runs.
func (l *Looks) upTo(max, n int) int {
	for look := range l.Many(max) {
		if at := l.At(look, max); at >= n {
			return at
		}
	}
	return max
}

// Confidence is what an interval of one look holds with, so that those of all of them
// hold together in 95% of experiments.
func (l *Looks) Confidence(max int) float64 {
	return 1 - (1-Confidence)/float64(l.Many(max))
}

func (l *Looks) interval(max int) interval {
	confidence := l.Confidence(max)
	return func(good, n float64) (low, high float64) { return clopperPearson(good, n, confidence) }
}
