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
	leastContrast = 0.02  // of the larger mean: what differs by less is of no use to tell
)

// TwoModes says whether values fall into two groups with next to nothing in between: a
// system that collapses in some runs and in others does not. It returns the lower group
// and the higher one, or nil.
//
// Every split of the sorted values in two is looked at. The gap between its sides, in
// standard deviations within them, must reach wideEnough for a side of the smaller's
// size; the split where it is widest beyond that is taken. What a sample of a normal,
// uniform, exponential or lognormal distribution looks like was simulated: of 10 to 1000
// values far less than one in a hundred is taken for two groups.
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
	middle := sorted[n/2] // sums around it keep their digits
	var all, squares float64
	whole := true
	for _, v := range sorted {
		d := v - middle
		all += d
		squares += float64(d * d)
		whole = whole && v == math.Trunc(v)
	}
	floor := 0.0 // of the variance within the groups
	if whole {
		// Counts stray by their root at the least, as Poisson's do: none in most runs and
		// one in some is no two kinds of runs.
		floor = math.Abs(middle + all/float64(n))
	}
	best, at := 1.0, 0
	sum, square := 0.0, 0.0
	for k := 1; k < n; k++ { // the lower side is of k values
		d := sorted[k-1] - middle
		sum += d
		square += float64(d * d)
		smaller := min(k, n-k)
		if smaller < fewestOfAMode {
			continue
		}
		strayed := int(strayedShare * float64(smaller))
		gap := sorted[k+strayed] - sorted[k-1-strayed]
		if gap <= 0 {
			continue
		}
		lower := square - float64(sum*sum)/float64(k)
		higher := squares - square - float64((all-sum)*(all-sum))/float64(n-k)
		within := max((max(lower, 0)+max(higher, 0))/float64(n-2), floor)
		// By how much it is wide enough; without any spread within, by as much as it likes.
		if wide := gap / (math.Sqrt(within)*wideEnough(smaller) + math.SmallestNonzeroFloat64); wide > best {
			best, at = wide, k
		}
	}
	if at == 0 {
		return nil
	}
	modes := []Mode{modeOf(sorted[:at]), modeOf(sorted[at:])}
	if a, b := modes[0].Mean, modes[1].Mean; b-a < leastContrast*max(math.Abs(a), math.Abs(b)) {
		return nil
	}
	return modes
}

// wideEnough is how many standard deviations there must be between two groups of which
// the smaller one has n values: few far from the others are common where tails are long.
func wideEnough(n int) float64 { return max(1.6, 28/float64(n)) }

func modeOf(sorted []float64) Mode {
	return Mode{Runs: len(sorted), Mean: MeanOf(sorted, Confidence).Mean, Min: sorted[0], Max: sorted[len(sorted)-1]}
}
