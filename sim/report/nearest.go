package report

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean is the suggestion that ends a message about an unknown name, or "".
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// Nearest is the known name that may have been meant by one that is not known, capitals
// aside; "" where none is near. It is what messages about expectations go by.
func Nearest(name string, known []string) string {
	small := make([]string, len(known))
	for i, k := range known {
		small[i] = strings.ToLower(k)
	}
	if best := nearest(strings.ToLower(name), small); best != "" {
		return known[slices.Index(small, best)]
	}
	return ""
}

// near says whether a name may be a slip of the pen for another.
func near(name, other string) bool { return nearest(name, []string{other}) != "" }

// nearest is the known name closest to the one given, the first of several; ""
// where none is so close that it may be meant (at most a third of it is wrong).
func nearest(name string, known []string) string {
	const most = 300_000 // pairs of letters: the names of a file, not of a hostile text
	best, distance, compared := "", 0, 0
	for _, k := range known {
		allowed := max(1, len(k)/3)
		if len(k)-len(name) > allowed || len(name)-len(k) > allowed {
			continue
		}
		if compared += len(k) * len(name); compared > most {
			return best
		}
		d := edits(name, k)
		if d <= allowed && d < len(k) && (best == "" || d < distance) {
			best, distance = k, d
		}
	}
	return best
}

// edits counts the letters to insert, drop, change or swap with a neighbour until
// a is b (optimal string alignment).
func edits(a, b string) int {
	if len(a) > 100 || len(b) > 100 { // names of a file, not a hostile text
		return 100
	}
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		older, old, row = old, row, older
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, old[j]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
