package tui

import (
	"fmt"
	"strings"

	"cascade/sim/report"
)

// meant ends a sentence about a word that is unknown with the known one that is
// nearest; it is empty where none is near.
func meant(word string, known []string) string {
	best := report.Nearest(word, known)
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
