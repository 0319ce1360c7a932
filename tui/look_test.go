package tui

import (
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestEightColors: of those that a terminal without bright ones has, blue and black are not
// read on a dark ground, nor is white on a light one. Where there is no grey
// what is of less weight is dim.
func TestEightColors(t *testing.T) {
	for theme, unread := range map[Theme][]tcell.Color{
		Dark: {tcell.ColorBlack, tcell.ColorNavy}, Light: {tcell.ColorSilver},
	} {
		l := newLook(theme, 8, false)
		all := append(l.levels[:], l.dim, l.accent, l.twin, l.fault, l.key)
		for i, style := range all {
			ink, _, attributes := style.Decompose()
			if style == l.dim {
				if ink != tcell.ColorDefault || attributes&tcell.AttrDim == 0 {
					t.Errorf("%s: what is dim is of colour %v", theme, ink)
				}
				continue
			}
			if ink < tcell.ColorBlack || ink > tcell.ColorSilver {
				t.Errorf("%s: style %d is of colour %v, not of the eight", theme, i, ink)
			}
			for _, c := range unread {
				if ink == c {
					t.Errorf("%s: style %d is of colour %v", theme, i, ink)
				}
			}
		}
		if l.levels[0] == l.levels[1] || l.levels[1] == l.levels[2] || l.levels[0] == l.twin || l.levels[0] == l.accent {
			t.Errorf("%s: styles are the same: %v", theme, all)
		}
	}
}
