package tui

import (
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"
)

// A tally is a screen that counts the cells that are written on it, and how often all of
// it is.
type tally struct {
	tcell.SimulationScreen
	written, wiped int
}

func (t *tally) Clear() {
	t.wiped++
	t.SimulationScreen.Clear()
}

func (t *tally) Put(x, y int, text string, s tcell.Style) (string, int) {
	t.written++
	return t.SimulationScreen.Put(x, y, text, s)
}

func newTally(t *testing.T, at size) *tally {
	t.Helper()
	screen := &tally{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Fini)
	screen.SetSize(at.w, at.h)
	return screen
}

func TestTheTerminalIsSentOnlyWhatHasChanged(t *testing.T) {
	screen := newTally(t, size{120, 40})
	over := newSlate(screen, func() bool { return false }, nil)
	c := consoleAt(t, "slow-dependency", 40*time.Second, newLook(Dark, 256, false))
	c.SetRect(0, 0, 120, 40)
	show := func() int {
		screen.written = 0
		over.Clear()
		c.Draw(over)
		over.Show()
		if diff := cmp.Diff(grid(drawn(t, c, size{120, 40})), grid(screen)); diff != "" {
			t.Fatalf("another screen than without a slate:\n%s", diff)
		}
		return screen.written
	}
	whole := show()
	if again := show(); again != 0 {
		t.Errorf("%d cells are written of a frame that is there already", again)
	}
	c.player.Step(1)
	for c.player.Advance(); c.player.Frame().Now == c.frame.Now; {
		c.player.Advance()
	}
	c.frame = c.player.Frame()
	if next := show(); next == 0 || next > whole/4 {
		t.Errorf("%d cells are written of the next frame, and the whole has %d", next, whole)
	}
	for _, view := range []action{doStory, doMap} {
		if c.act(view); show() == 0 {
			t.Errorf("nothing is written of %s", view)
		}
	}
}

func TestAScreenOfAnotherSizeIsWrittenWhole(t *testing.T) {
	screen := newTally(t, size{10, 2})
	over := newSlate(screen, func() bool { return false }, nil)
	for _, row := range []struct{ w, h, wiped, written int }{
		{10, 2, 1, 2}, // as it is found
		{10, 2, 0, 0},
		{12, 3, 1, 2},
		{12, 3, 0, 0},
		{10, 2, 1, 2},
	} {
		screen.SetSize(row.w, row.h)
		screen.wiped, screen.written = 0, 0
		over.Clear()
		over.PutStr(1, 1, "ok")
		over.Show()
		if screen.wiped != row.wiped || screen.written != row.written {
			t.Errorf("%d x %d: wiped %d times, %d cells written, want %d and %d", row.w, row.h, screen.wiped, screen.written, row.wiped, row.written)
		}
	}
}

func TestASlateIsWrittenOnAsAScreenIs(t *testing.T) {
	at := size{12, 3}
	screen, plain := newTally(t, at), newTally(t, at)
	over := newSlate(screen, func() bool { return false }, nil)
	red := tcell.StyleDefault.Foreground(tcell.ColorRed)
	for n, frame := range []func(tcell.Screen){
		func(s tcell.Screen) { s.PutStrStyled(2, 0, "a 日本 wide line", red); s.PutStr(0, 1, "plain") },
		func(s tcell.Screen) { s.PutStrStyled(3, 0, "日本", red); s.SetCell(0, 1, red, 'e', '\u0301') },
		func(s tcell.Screen) { s.SetCell(4, 0, red); s.SetContent(5, 0, 'x', nil, red) },
		func(s tcell.Screen) {
			s.Fill('.', red)
			rest, width := s.Put(0, 0, "本x", red)
			s.PutStr(width, 1, rest)
			r, more, style, _ := s.GetContent(0, 0)
			s.SetContent(3, 2, r, more, style)
			text, style, _ := s.Get(2, 1)
			s.PutStrStyled(6, 2, text, style)
		},
		func(tcell.Screen) {},
	} {
		for _, s := range []tcell.Screen{over, plain} {
			s.Clear()
			frame(s)
			s.Show()
		}
		if diff := cmp.Diff(grid(plain), grid(screen)); diff != "" {
			t.Errorf("frame %d:\n%s", n, diff)
		}
	}
}
