package tui

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/tui/player"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// A size is that of a screen, in columns and lines.
type size struct{ w, h int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.w, s.h) }

var sizes = []size{{60, 16}, {80, 24}, {120, 40}, {200, 60}}

// builtin is a built-in scenario, with changes made to it.
func builtin(t testing.TB, name string, sets ...scenarios.Override) player.Scenario {
	t.Helper()
	s, err := scenarios.Builtin(name, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return player.Scenario{Plan: s.Plan, Expectations: s.Expectations}
}

// playedTo is a player that stands at an instant of a scenario.
func playedTo(t testing.TB, s player.Scenario, at time.Duration) *player.Player {
	t.Helper()
	p := player.New(s, player.Options{Speed: 1})
	p.Seek(des.Time(at))
	for p.Frame().State == player.Seeking {
		p.Advance()
	}
	return p
}

// consoleAt is a console whose player stands at an instant of a built-in scenario.
func consoleAt(t testing.TB, name string, at time.Duration, l *look) *console {
	t.Helper()
	return newConsole(playedTo(t, builtin(t, name), at), nil, l, nil, nil)
}

// drawn is what a console shows on a screen of that size.
func drawn(t testing.TB, c *console, s size) tcell.SimulationScreen {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Fini)
	screen.SetSize(s.w, s.h)
	screen.Clear()
	c.SetRect(0, 0, s.w, s.h)
	c.Draw(screen)
	screen.Show()
	return screen
}

// grid is the text of a screen, and below it the styles: a letter for each style, whose
// meaning is listed at the end.
func grid(screen tcell.SimulationScreen) string {
	cells, w, h := screen.GetContents()
	letters := map[tcell.Style]byte{tcell.StyleDefault: ' '}
	var legend []string
	var text, styles strings.Builder
	for y := range h {
		var line, look strings.Builder
		for x := 0; x < w; x++ {
			cell := cells[y*w+x]
			s := string(cell.Runes)
			if s == "" {
				s = " "
			}
			line.WriteString(s)
			letter, known := letters[cell.Style]
			if !known {
				letter = byte('a' + len(legend))
				letters[cell.Style] = letter
				fg, bg, attrs := cell.Style.Decompose()
				// tcell has two names for some colours, and takes either.
				name := strings.ReplaceAll(fg.String(), "grey", "gray")
				legend = append(legend, fmt.Sprintf("%c fg=%v bg=%v attributes=%b", letter, name, bg, attrs))
			}
			look.WriteByte(letter)
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		styles.WriteString(strings.TrimRight(look.String(), " ") + "\n")
	}
	return text.String() + "----\n" + styles.String() + "----\n" + strings.Join(legend, "\n") + "\n"
}

// golden holds what is on a screen against a file, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// looks are what every golden is drawn in, by name.
func looks() map[string]*look {
	return map[string]*look{
		"dark": newLook(Dark, 256, false), "light": newLook(Light, 256, false), "mono": newLook(Mono, 256, false),
		"ascii": newLook(Dark, 256, true), "16": newLook(Dark, 16, false),
	}
}

// TestPictureIsOfTheTheme: a picture of a screen on a light ground has one.
func TestPictureIsOfTheTheme(t *testing.T) {
	for theme, light := range map[Theme]bool{Dark: false, Light: true} {
		c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(theme, 256, false))
		c.SetRect(0, 0, 80, 24)
		g, err := c.shoot()
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Equal(g.SVG(""), g.OnLight().SVG("")); got != light {
			t.Errorf("%s: a light ground: %v", theme, got)
		}
	}
}
