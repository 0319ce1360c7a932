package experiment

import (
	"math"
	"slices"
)

// Bounds of what counts as two groups.
const (
	fewestValues  = 10    // of fewer none is told to be of two kinds
	fewestOfAMode = 2     // one that stands apart may be a long tail's
	strayedShare  = 0.025 // of the smaller group, on either side, may lie in between
	ofTheTail     = 8     // standard deviations: of no more than a tail of the many
	leastContrast = 0.02  // of the larger mean: what differs by less is of no use to tell
)

// TwoModes says whether values fall into two groups: a system that collapses in some runs
// and in others does not. It returns the lower group and the higher one, or nil.
//
// Every split of the sorted values in two is looked at, in two ways. Is there a gap? It
// must be wideEnough for a smaller side of its size, in standard deviations within the
// sides, with next to nothing in between. Or else: do the many lie so close together that
// the few, however they are spread, are farEnough from them, in standard deviations of the
// many? Runs that collapse at different times are spread so. The split that is most beyond
// what is asked for is taken, one of the second way first.
//
// What a sample of a normal, uniform, exponential or lognormal distribution looks like was
// simulated: of 10 to 1000 values less than one in a hundred is taken for two groups.
func TwoModes(values []float64) []Mode {
	n := len(values)
	if n < fewestValues {
		return nil
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	if sorted[0] == sorted[n-1] {
		return nil
	}
	at := split(sorted)
	if at == 0 {
		return nil
	}
	modes := []Mode{modeOf(sorted[:at]), modeOf(sorted[at:])}
	if a, b := modes[0].Mean, modes[1].Mean; b-a < leastContrast*max(math.Abs(a), math.Abs(b)) {
		return nil
	}
	return modes
}

// split is how many of the sorted values are in the lower of two groups; 0 where there
// are no two.
func split(sorted []float64) int {
	n := len(sorted)
	middle := sorted[n/2] // sums around it keep their digits
	whole := true
	var all moments
	for _, v := range sorted {
		all.add(v - middle)
		whole = whole && v == math.Trunc(v)
	}
	floor := math.SmallestNonzeroFloat64 // of the variance within a group
	if whole {
		// Counts stray by their root at the least, as Poisson's do: none in most runs and
		// one in some is no two kinds of runs.
		floor = max(floor, math.Abs(middle+all.mean()))
	}
	widest, farthest := 1.0, 1.0 // as multiples of what is asked for
	gapAt, farAt := 0, 0
	var low moments
	for k := 1; k < n; k++ { // values in the lower group
		low.add(sorted[k-1] - middle)
		few := min(k, n-k)
		if few < fewestOfAMode || sorted[k] == sorted[k-1] {
			continue
		}
		high := all.without(low)
		strayed := int(strayedShare * float64(few))
		gap := sorted[k+strayed] - sorted[k-1-strayed]
		within := math.Sqrt(max((low.squares()+high.squares())/float64(n-2), floor))
		if wide := gap / within / wideEnough(few); wide > widest {
			widest, gapAt = wide, k
		}
		many := low
		if k < n-k {
			many = high
		}
		among := math.Sqrt(max(many.squares()/(many.n-1), floor))
		if far := (high.mean() - low.mean()) / among / farEnough(few, n); far > farthest {
			farthest, farAt = far, k
		}
	}
	if farAt > 0 {
		return withTail(sorted, farAt, floor)
	}
	return gapAt
}

// withTail moves a split so that the many have their tail: what is no further from their
// mean than ofTheTail standard deviations. Where they are split off best is often within it.
func withTail(sorted []float64, at int, floor float64) int {
	n := len(sorted)
	up := at >= n-at // the many are the lower ones, and their tail goes up
	many, middle := moments{}, sorted[n/2]
	for i, v := range sorted {
		if (i < at) == up {
			many.add(v - middle)
		}
	}
	for {
		next := at
		if !up {
			next--
		}
		if few := min(at, n-at); few <= fewestOfAMode {
			return at
		}
		v := sorted[next] - middle
		if math.Abs(v-many.mean()) > ofTheTail*math.Sqrt(max(many.squares()/(many.n-1), floor)) {
			return at
		}
		many.add(v)
		if at--; up {
			at += 2
		}
	}
}

// wideEnough is how many standard deviations there must be between two groups of which
// the smaller one has so many: few that lie far from the others are common where tails are
// long.
func wideEnough(few int) float64 { return max(1.6, 28/float64(few)) }

// farEnough is how many standard deviations of the many the few must be away on average,
// among n values: of few values some lie close together by luck.
func farEnough(few, n int) float64 {
	return (25 + 350/float64(n)) * max(1, 5/float64(few))
}

// moments are what a variance is worked out of.
type moments struct{ n, sum, square float64 }

func (m *moments) add(v float64) { m.n, m.sum, m.square = m.n+1, m.sum+v, m.square+float64(v*v) }

func (m moments) without(l moments) moments {
	return moments{m.n - l.n, m.sum - l.sum, m.square - l.square}
}

func (m moments) mean() float64 { return m.sum / m.n }

// squares are the sum of the squared distances from the mean.
func (m moments) squares() float64 { return max(0, m.square-float64(m.sum*m.sum)/m.n) }

func modeOf(sorted []float64) Mode {
	return Mode{Runs: len(sorted), Mean: MeanOf(sorted, Confidence).Mean, Min: sorted[0], Max: sorted[len(sorted)-1]}
}
