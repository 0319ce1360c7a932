package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"
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

// TestFewColorsCanBeRead: gray, which is the ground of some terminals of 16 colours and does
// not exist where there are 8, is the colour of nothing; nor is dark blue on a dark ground.
func TestFewColorsCanBeRead(t *testing.T) {
	for _, colors := range []int{8, 16} {
		for _, theme := range []Theme{Dark, Light} {
			l := newLook(theme, colors, false)
			for name, s := range map[string]tcell.Style{
				"ok": l.levels[0], "warning": l.levels[1], "critical": l.levels[2], "dim": l.dim, "plain": l.plain,
				"accent": l.accent, "twin": l.twin, "fault": l.fault, "key": l.key, "title": l.title,
			} {
				color, _, _ := s.Decompose()
				if color == tcell.ColorGray || theme == Dark && (color == tcell.ColorNavy || colors == 8 && color == tcell.ColorBlue) {
					t.Errorf("%s of %d colours: %s is %v", theme, colors, name, color)
				}
			}
			if _, _, attributes := l.dim.Decompose(); attributes&tcell.AttrDim == 0 {
				t.Errorf("%s of %d colours: what is faint does not look so", theme, colors)
			}
		}
	}
}

// TestAnotherThemeIsOfAllThatIsShown at once, also of what a view keeps while the run is
// held: it is the screen that there would be had it begun so.
func TestAnotherThemeIsOfAllThatIsShown(t *testing.T) {
	screen := func(l *look, keys string) string {
		d := deskAt(t, "slow-dependency", 45*time.Second, l)
		d.size, d.selected = size{200, 60}, "checkout"
		d.draw()
		return grid(drawn(t, d.press(keys).console, d.size))
	}
	if diff := cmp.Diff(screen(looks()["light"], ""), screen(dark(), ":theme light[enter]")); diff != "" {
		t.Errorf("(-begun so +by the command):\n%s", diff)
	}
}

// TestNoEmoji: what is drawn, as the goldens of all views and overlays have it, is letters,
// lines, blocks and plain shapes. A terminal may have an emoji (a shape such as U+23F8 is one,
// too) from another font, in colour and two cells wide, or not at all; likewise braille.
func TestNoEmoji(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d goldens, %v", len(files), err)
	}
	foreign := map[rune]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(text) {
			switch {
			case r < 0x400: // Latin and Greek
			case r >= 0x2010 && r < 0x2070: // punctuation
			case r >= 0x2190 && r < 0x2200: // arrows
			case r >= 0x2500 && r < 0x2600: // lines, blocks, shapes
			case r == '✖':
			default:
				foreign[r] = file
			}
		}
	}
	for r, file := range foreign {
		t.Errorf("%q (%U) is drawn in %s", r, r, file)
	}
}

// TestWhatIsSetLooksLikeNoFault in any view: it may as well be the cure.
func TestWhatIsSetLooksLikeNoFault(t *testing.T) {
	d := deskAt(t, "slow-dependency", 10*time.Second, dark())
	d.size = size{200, 60}
	d.press(":dial checkout->payment[enter]timeout[enter]500ms[enter][ctrl-s]:goto 20s[enter]")
	signs := 0
	for _, selected := range []string{"payment", "shop.order->payment", "checkout"} {
		d.selected = selected
		for _, keys := range []string{"1", "2", "3", "6", "7", "[enter]", "h", "[esc]"} {
			signs += strings.Count(d.press(keys).shows(), string(unicodeSigns.set)+" ")
			cells, _, _ := drawn(t, d.console, d.size).GetContents()
			for i, cell := range cells {
				if cell.Style == d.look.fault && i/200 != 1 { // the header tells of the fault to come
					t.Fatalf("%s of %s: %q in line %d looks like a fault\n%s", keys, selected, string(cell.Runes), i/200, d.shows())
				}
			}
		}
	}
	if signs < 10 {
		t.Errorf("only %d signs of what is set", signs)
	}
}
