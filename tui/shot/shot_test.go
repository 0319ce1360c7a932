package shot

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
	"pgregory.net/rapid"
)

// screenOf is a screen of that size, to be drawn on.
func screenOf(t interface{ Fatal(...any) }, w, h int) tcell.SimulationScreen {
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	s.SetSize(w, h)
	s.Clear()
	return s
}

// letters are what a random screen is made of: of one byte, of more, drawn ones, of two
// columns, with marks, and what has no place on a screen.
var letters = []string{" ", " ", "a", "Z", "<", "&", `"`, "'", "é", "…", "×", "Δ", "─", "│", "╭", "╯", "┼", "┠", "╌", "█", "▃", "▌", "░", "●", "▲", "✖", "世", "界", "🙂", "e\u0301", "\x1b", "\u202e"}

// scribble draws letters in styles at places, all at random.
func scribble(t *rapid.T, s tcell.Screen) {
	w, h := s.Size()
	colors := []tcell.Color{tcell.ColorDefault, tcell.ColorRed, tcell.Color75, tcell.Color214, tcell.NewRGBColor(1, 2, 3)}
	for range rapid.IntRange(0, 40).Draw(t, "letters") {
		style := tcell.StyleDefault.
			Foreground(rapid.SampledFrom(colors).Draw(t, "ink")).
			Background(rapid.SampledFrom(colors).Draw(t, "ground")).
			Attributes(tcell.AttrMask(rapid.IntRange(0, 127).Draw(t, "attributes")))
		if rapid.Bool().Draw(t, "underlined") {
			style = style.Underline(true)
		}
		x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
		s.Put(x, y, rapid.SampledFrom(letters).Draw(t, "letter"), style)
	}
}

func TestTextIsWhatStandsThere(t *testing.T) {
	s := screenOf(t, 12, 4)
	defer s.Fini()
	s.PutStr(0, 0, "left")
	s.PutStr(2, 1, "世界 e\u0301.")
	s.Put(11, 2, "世", tcell.StyleDefault) // no room for it
	s.SetContent(4, 3, '\x1b', []rune{'x'}, tcell.StyleDefault)
	g := Take(s)
	if want, got := "left\n  世界 e\u0301.\n\n\n", g.Text(); got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}
	if w, h := g.Size(); w != 12 || h != 4 {
		t.Errorf("the size is %d, %d", w, h)
	}
	// A grid does not change with its screen.
	s.PutStr(0, 0, "wrong")
	if !strings.HasPrefix(g.Text(), "left\n") {
		t.Errorf("the text has become %q", g.Text())
	}
	if got := (Grid{}).Text(); got != "" {
		t.Errorf("nothing has the text %q", got)
	}
}

// TestPicturesAreXML reads pictures of random screens as a reader of XML does, and finds
// every letter in them that is not drawn.
func TestPicturesAreXML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := screenOf(t, rapid.IntRange(1, 30).Draw(t, "w"), rapid.IntRange(1, 8).Draw(t, "h"))
		defer s.Fini()
		scribble(t, s)
		g := Take(s)
		if rapid.Bool().Draw(t, "light") {
			g = g.OnLight()
		}
		title := rapid.String().Draw(t, "title")
		picture := g.SVG(title)
		if !bytes.Equal(picture, Take(s).withPaper(g.light).SVG(title)) {
			t.Fatal("the same screen gives another picture")
		}
		var seen strings.Builder
		for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, picture)
			}
			if text, ok := token.(xml.CharData); ok {
				seen.Write(text)
			}
		}
		for _, c := range g.cells {
			r, path := []rune(c.text), ""
			if len(r) == 1 {
				thin, thick := lines(r[0], 0, 0)
				path, _ = drawn(r[0], 0, 0)
				path += thin + thick
			}
			if path == "" && !strings.Contains(seen.String(), c.text) {
				t.Fatalf("%q is not in the picture\n%s", c.text, picture)
			}
		}
	})
}

func (g Grid) withPaper(light bool) Grid { g.light = light; return g }

// TestPictureOfAScreen holds a whole picture, as one may look at it.
func TestPictureOfAScreen(t *testing.T) {
	s := screenOf(t, 24, 8)
	defer s.Fini()
	plain := tcell.StyleDefault
	s.PutStrStyled(0, 0, "╭─ checkout ───────────╮", plain.Dim(true))
	s.PutStrStyled(0, 1, "│", plain)
	s.PutStrStyled(2, 1, "▲ 81%", plain.Foreground(tcell.Color214))
	s.PutStrStyled(9, 1, "██▌░░", plain.Foreground(tcell.Color75))
	s.PutStrStyled(15, 1, "▁▃▅█", plain.Foreground(tcell.ColorRed))
	s.PutStrStyled(2, 2, " payment <3 ", plain.Reverse(true).Bold(true))
	s.PutStrStyled(2, 3, "a  b 世", plain.Underline(true).Foreground(tcell.NewRGBColor(1, 2, 3)).Background(tcell.Color203))
	s.PutStrStyled(0, 4, "╰╌╌╌▶ ●•○■◆✖▀▐░▒▓▘▟", plain)
	s.PutStrStyled(0, 5, "╔═╗┏━┯┓┌┬┐", plain)
	s.PutStrStyled(0, 6, "║ ╟┨ ┊┠┼┼┤ ↯", plain)
	s.PutStrStyled(0, 7, "╚═╝┗━┷┛└┴┘", plain)
	golden(t, "picture.svg", Take(s).SVG("cascade: a picture"))
	golden(t, "picture-light.svg", Take(s).OnLight().SVG("cascade: a picture"))
}

func TestColorsOfStyles(t *testing.T) {
	for _, row := range []struct {
		name        string
		style       tcell.Style
		ink, ground color
	}{
		{"the terminal's own", tcell.StyleDefault, darkPaper.ink, darkPaper.ground},
		{"reset", tcell.StyleDefault.Foreground(tcell.ColorReset), darkPaper.ink, darkPaper.ground},
		{"reversed", tcell.StyleDefault.Reverse(true), darkPaper.ground, darkPaper.ink},
		{"named", tcell.StyleDefault.Foreground(tcell.ColorRed), darkPaper.named[9], darkPaper.ground},
		{"of 256", tcell.StyleDefault.Foreground(tcell.Color75), 0x5fafff, darkPaper.ground},
		{"of the words of CSS", tcell.StyleDefault.Background(tcell.ColorTomato), darkPaper.ink, 0xff6347},
		{"of its own", tcell.StyleDefault.Background(tcell.NewHexColor(0x123456)), darkPaper.ink, 0x123456},
		{"dim", tcell.StyleDefault.Foreground(tcell.NewHexColor(0x646464)).Background(tcell.NewHexColor(0)).Dim(true), 0x373737, 0},
	} {
		if ink, ground := darkPaper.colors(row.style); ink != row.ink || ground != row.ground {
			t.Errorf("%s: %v on %v, want %v on %v", row.name, ink, ground, row.ink, row.ground)
		}
	}
}
