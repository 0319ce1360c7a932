package tui

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
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

// TestWhatIsFullLooksFull: a bar, a sparkline and an area are letters that are filled; in
// reverse, as what is critical is written in some themes, they would show as nothing.
func TestWhatIsFullLooksFull(t *testing.T) {
	for _, theme := range []Theme{Dark, Light, Mono} {
		c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(theme, 256, false))
		filled := 0
		for _, view := range viewActions {
			c.act(view)
			for _, selected := range []string{"shoppers", "payment"} {
				c.selected = selected
				cells, _, _ := drawn(t, c, size{200, 60}).GetContents()
				for i, cell := range cells {
					r, _ := utf8.DecodeRuneInString(string(cell.Runes))
					if r < '▁' || r > '▏' {
						continue
					}
					filled++
					if _, _, attributes := cell.Style.Decompose(); attributes&tcell.AttrReverse != 0 {
						t.Fatalf("%s, %s of %s: %c in column %d of line %d is in reverse", theme, view, selected, r, i%200, i/200)
					}
				}
			}
		}
		if filled < 1000 {
			t.Errorf("%s: only %d letters were filled", theme, filled)
		}
	}
}

// A title that does not fit keeps its end, by which long names differ.
func TestBoxTitle(t *testing.T) {
	screen := paper(t, 40, 3)
	pen{screen, 0, 0, 40, 3}.box(dark(), "edge users->a-service-with-a-very-long-name-number-0042", dark().plain, dark().plain)
	if got := lineOf(screen, 0, 0, 40); !strings.HasPrefix(got, "╭─ edge users->a") || !strings.HasSuffix(got, "number-0042 ─╮") {
		t.Errorf("the title is %q", got)
	}
}

// TestTextStaysInItsColumns: a letter of two columns of which only half would fit is left
// out, and so is what cannot be shown.
func TestTextStaysInItsColumns(t *testing.T) {
	screen := paper(t, 10, 1)
	screen.Fill('~', tcell.StyleDefault)
	end := pen{screen, 1, 0, 5, 1}.text(0, 0, "a\x1b\u200b日b日", tcell.StyleDefault)
	if got := lineOf(screen, 0, 0, 10); got != "~a日~b~~~~~" || end != 6 { // the right half of a letter is what was there
		t.Errorf("there stands %q, and it ends at %d", got, end)
	}
}
