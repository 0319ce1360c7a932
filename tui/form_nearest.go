package tui

import (
	"fmt"
	"strings"
)

// meant ends a sentence about a word that is unknown with the known one that is
// nearest; it is empty where none is near.
func meant(word string, known []string) string {
	best, fewest := "", 0
	for _, k := range known {
		n := slips(strings.ToLower(word), strings.ToLower(k))
		if n <= max(1, len(k)/3) && n < len(k) && (best == "" || n < fewest) {
			best, fewest = k, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// oneOf ends a sentence about a word that is unknown with the known one that is nearest,
// or where none is near with all of them, which are few.
func oneOf(word string, known []string) string {
	if near := meant(word, known); near != "" || len(known) == 0 {
		return near
	}
	return "; there are " + strings.Join(known[:len(known)-1], ", ") + " and " + known[len(known)-1]
}

// slips are how many letters have to be put in, left out, changed or swapped with the
// next until a is b.
func slips(a, b string) int {
	const longest = 100 // no word that a person mistypes is longer
	if len(a) > longest || len(b) > longest {
		return longest
	}
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		older, old, row = old, row, older
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(row[j-1]+1, old[j]+1, old[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
