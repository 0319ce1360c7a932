package tui

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWrapped: no line is longer than it may be, no word is lost, and no line could have
// taken the next one's first word.
func TestWrapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zé×語]{1,12} ?){0,20}`).Draw(t, "text")
		width := rapid.IntRange(2, 40).Draw(t, "width")
		lines := wrapped(text, width)
		for i, l := range lines {
			if widthOf(l) > width {
				t.Fatalf("%q is %d columns, of %d", l, widthOf(l), width)
			}
			if i == 0 {
				continue
			}
			next, _, _ := strings.Cut(l, " ")
			if !strings.HasSuffix(lines[i-1], " ") && widthOf(lines[i-1])+1+widthOf(next) <= width {
				t.Fatalf("%q would have had room for %q", lines[i-1], next)
			}
		}
		bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := strings.Join(lines, ""); bare(got) != bare(text) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
}
