package shot

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// A terminal shows what it is sent, of the little that recordings have.
type terminal struct {
	w, h, x, y int
	style      tcell.Style
	cells      []cell
	cursor     bool
}

func newTerminal(w, h int) *terminal {
	return &terminal{w: w, h: h, cells: make([]cell, w*h), cursor: true}
}

// grid is what is to be seen; a place where nothing has been written since it was made or
// resized is none.
func (e *terminal) grid() Grid { return Grid{w: e.w, h: e.h, cells: e.cells} }

func (e *terminal) write(text string) error {
	for state := -1; text != ""; {
		if !strings.HasPrefix(text, "\x1b[") {
			var letter string
			var width int
			letter, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
			if err := e.put(letter, width); err != nil {
				return err
			}
			continue
		}
		state = -1
		end := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' }) + 2
		if end < 2 {
			return fmt.Errorf("a sequence without an end: %q", text)
		}
		if err := e.obey(text[2:end], text[end]); err != nil {
			return err
		}
		text = text[end+1:]
	}
	return nil
}

func (e *terminal) put(letter string, width int) error {
	if width < 1 || e.x+width > e.w || e.y >= e.h {
		return fmt.Errorf("%q of %d columns at %d, %d of %d, %d", letter, width, e.x, e.y, e.w, e.h)
	}
	for i := range width {
		e.erase(e.x + i)
	}
	for i := range width {
		e.cells[e.y*e.w+e.x+i] = cell{letter, e.style}
		letter = ""
	}
	e.x += width
	return nil
}

// erase makes a place free: of a letter of two columns nothing is left.
func (e *terminal) erase(x int) {
	line := e.cells[e.y*e.w:][:e.w]
	for to := x + 1; to < e.w && line[to].text == ""; to++ {
		line[to].text = " "
	}
	for from := x; from > 0 && line[from].text == ""; from-- {
		line[from].text, line[from-1].text = " ", " "
	}
}

func (e *terminal) obey(numbers string, command byte) error {
	if numbers == "?25" && (command == 'h' || command == 'l') {
		e.cursor = command == 'h'
		return nil
	}
	var n []int
	for text := range strings.SplitSeq(numbers, ";") {
		i, err := strconv.Atoi(text)
		if err != nil && numbers != "" {
			return err
		}
		n = append(n, i)
	}
	switch command {
	case 'H':
		e.x, e.y = n[1]-1, n[0]-1
	case 'C':
		e.x += max(n[0], 1)
	case 'J':
		if n[0] != 2 || e.style != tcell.StyleDefault {
			return fmt.Errorf("erases %d in %v", n[0], e.style)
		}
		for i := range e.cells {
			e.cells[i] = cell{text: " "}
		}
	case 'm':
		return e.paint(n)
	default:
		return fmt.Errorf("no command %c is known", command)
	}
	return nil
}

func (e *terminal) paint(n []int) error {
	attributes := map[int]tcell.AttrMask{1: tcell.AttrBold, 2: tcell.AttrDim, 3: tcell.AttrItalic, 4: tcell.AttrUnderline,
		5: tcell.AttrBlink, 7: tcell.AttrReverse, 9: tcell.AttrStrikeThrough}
	fg, bg, on := e.style.Decompose()
	for len(n) > 0 {
		code := n[0]
		n = n[1:]
		c := &fg
		if code >= 40 && code < 50 || code >= 100 {
			c, code = &bg, code-10
		}
		switch {
		case code == 0:
			fg, bg, on = tcell.ColorDefault, tcell.ColorDefault, 0
		case attributes[code] != 0:
			on |= attributes[code]
		case code >= 30 && code < 38:
			*c = tcell.PaletteColor(code - 30)
		case code >= 90 && code < 98:
			*c = tcell.PaletteColor(code - 90 + 8)
		case code == 38 && n[0] == 5:
			*c, n = tcell.PaletteColor(n[1]), n[2:]
		case code == 38 && n[0] == 2:
			*c, n = tcell.NewRGBColor(int32(n[1]), int32(n[2]), int32(n[3])), n[4:]
		default:
			return fmt.Errorf("nothing is known to look like %d", code)
		}
	}
	e.style = tcell.StyleDefault.Foreground(fg).Background(bg).Attributes(on)
	return nil
}

// play plays a recording on a terminal of its size, and returns the terminal and when the
// last event was.
func play(recording string) (e *terminal, at float64, err error) {
	lines := strings.Split(strings.TrimSuffix(recording, "\n"), "\n")
	var header struct{ Version, Width, Height int }
	if err := json.Unmarshal([]byte(lines[0]), &header); err != nil {
		return nil, 0, err
	}
	if header.Version != 2 {
		return nil, 0, fmt.Errorf("version %d", header.Version)
	}
	e = newTerminal(header.Width, header.Height)
	for _, text := range lines[1:] {
		var event []any
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", text, err)
		}
		at = event[0].(float64)
		switch event[1] {
		case "o":
			err = e.write(event[2].(string))
		case "r":
			cursor := e.cursor
			e = newTerminal(0, 0)
			if _, err := fmt.Sscanf(event[2].(string), "%dx%d", &e.w, &e.h); err != nil {
				return nil, 0, err
			}
			e.cells, e.cursor = make([]cell, e.w*e.h), cursor
		default:
			err = fmt.Errorf("no event %v is known", event[1])
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", text, err)
		}
	}
	return e, at, nil
}

// plainly is a grid with only what a recording keeps of its styles.
func plainly(g Grid) Grid {
	g.cells = append([]cell(nil), g.cells...)
	for i := range g.cells {
		fg, bg, attributes := g.cells[i].style.Decompose()
		g.cells[i].style = tcell.StyleDefault.Foreground(fg).Background(bg).Attributes(attributes)
	}
	return g
}

func recordingOf(t interface{ Fatal(...any) }, r *Recorder) string {
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRecordingsArriveAtTheScreen plays recordings of random screens, which are drawn on
// and resized, and looks at the end of each whether the same is to be seen.
func TestRecordingsArriveAtTheScreen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 20), rapid.IntRange(1, 6)
		screen := screenOf(t, w.Draw(t, "w"), h.Draw(t, "h"))
		defer screen.Fini()
		now := time.Unix(1, 0)
		r := Record(screen, RecorderOptions{Now: func() time.Time { return now }})
		var want float64
		for i := range rapid.IntRange(1, 6).Draw(t, "shows") {
			if i > 0 {
				now = now.Add(1500 * time.Millisecond)
			}
			if rapid.IntRange(0, 4).Draw(t, "resized") == 0 {
				screen.SetSize(w.Draw(t, "w"), h.Draw(t, "h"))
			}
			scribble(t, screen)
			columns, lines := screen.Size()
			cursor := rapid.Bool().Draw(t, "cursor")
			x, y := rapid.IntRange(0, columns-1).Draw(t, "x"), rapid.IntRange(0, lines-1).Draw(t, "y")
			if cursor {
				r.ShowCursor(x, y)
			} else {
				r.HideCursor()
			}
			before := len(recordingOf(t, r))
			if rapid.Bool().Draw(t, "sync") {
				r.Sync()
			} else {
				r.Show()
			}
			if len(recordingOf(t, r)) > before {
				want = now.Sub(time.Unix(1, 0)).Seconds()
			}
			e, at, err := play(recordingOf(t, r))
			if err != nil {
				t.Fatal(err)
			}
			got, want, end := e.grid(), plainly(Take(screen)), want
			if got.w != want.w || got.h != want.h {
				t.Fatalf("the terminal is of %d, %d, the screen of %d, %d", got.w, got.h, want.w, want.h)
			}
			for i := range want.cells {
				if got.cells[i] != want.cells[i] {
					t.Fatalf("at %d, %d stands %+v, want %+v", i%want.w, i/want.w, got.cells[i], want.cells[i])
				}
			}
			if at != end {
				t.Fatalf("the last event is at %v, want %v", at, end)
			}
			if e.cursor != cursor || cursor && (e.x != x || e.y != y) {
				t.Fatalf("the cursor is %v at %d, %d, want %v at %d, %d", e.cursor, e.x, e.y, cursor, x, y)
			}
		}
	})
}

func TestNothingIsRecordedWhereNothingChanged(t *testing.T) {
	screen := screenOf(t, 10, 2)
	defer screen.Fini()
	r := Record(screen, RecorderOptions{Title: `a "title" <&>`, Light: true, Now: func() time.Time { return time.Unix(5, 0) }})
	screen.PutStr(0, 0, "still")
	r.Show()
	once := recordingOf(t, r)
	r.Show()
	r.Sync()
	if got := recordingOf(t, r); got != once {
		t.Errorf("there is more: %q", strings.TrimPrefix(got, once))
	}
	golden(t, "still.cast", []byte(once))
}

func TestRecordingsAreBounded(t *testing.T) {
	screen := screenOf(t, 10, 2)
	defer screen.Fini()
	r := Record(screen, RecorderOptions{Now: func() time.Time { return time.Unix(5, 0) }, Most: 200})
	for i := range 100 {
		screen.PutStr(0, 0, fmt.Sprint("no ", i))
		r.Show()
	}
	if !r.Full() {
		t.Error("it goes on for ever")
	}
	e, _, err := play(recordingOf(t, r))
	if err != nil {
		t.Fatal(err)
	}
	if text := e.grid().Text(); !strings.HasPrefix(text, "no ") || strings.HasPrefix(text, "no 99") {
		t.Errorf("what was recorded ends with %q", text)
	}
	if _, text, _ := strings.Cut(recordingOf(t, r), "\n"); len(text) > 200 {
		t.Errorf("%d bytes were remembered", len(text))
	}
}

// Not all terminals agree how wide a letter of several parts, or of two columns, is: what
// follows one has its own place.
func TestWhatFollowsAWideLetterHasItsPlace(t *testing.T) {
	screen := screenOf(t, 10, 1)
	defer screen.Fini()
	empty := screenOf(t, 10, 1)
	defer empty.Fini()
	screen.PutStr(0, 0, "ae\u0301b世c")
	if got, want := difference(Take(empty), Take(screen)), "\x1b[1;1Hae\u0301\x1b[1;3Hb世\x1b[1;6Hc"; got != want {
		t.Errorf("it is sent %q, want %q", got, want)
	}
}
