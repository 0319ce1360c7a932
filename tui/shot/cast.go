package shot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gdamore/tcell/v2"
)

// A Recorder is a screen that remembers all that is shown on it, as a recording in
// asciicast v2: https://docs.asciinema.org/manual/asciicast/v2. It draws nothing itself;
// whatever is asked of it goes to the screen beneath.
//
// What it remembers is bounded. It is for one goroutine that shows, as a screen is.
type Recorder struct {
	tcell.Screen
	options RecorderOptions

	mu      sync.Mutex
	began   time.Time // zero: nothing was shown yet
	size    [2]int    // of the first grid
	last    Grid
	cursor  string // what shows it where it is
	shown   string // the cursor that has been recorded
	events  bytes.Buffer
	stopped bool // the bound was reached
}

// RecorderOptions say how a recording is made.
type RecorderOptions struct {
	Title string
	Light bool             // the terminal's own background is
	Now   func() time.Time // what time it is
	Most  int              // bytes that are remembered at most; 0: MostRecorded
}

// MostRecorded is how many bytes a recorder remembers, unless it is told otherwise.
const MostRecorded = 64 << 20

const hidden = "\x1b[?25l"

// Record makes a recorder of a screen.
func Record(s tcell.Screen, o RecorderOptions) *Recorder {
	if o.Most == 0 {
		o.Most = MostRecorded
	}
	return &Recorder{Screen: s, options: o, cursor: hidden}
}

// Show shows what was drawn, and remembers what has changed by that.
func (r *Recorder) Show() {
	r.Screen.Show()
	r.remember()
}

// Sync is Show, and draws all of it anew.
func (r *Recorder) Sync() {
	r.Screen.Sync()
	r.remember()
}

// ShowCursor shows the cursor from the next Show on.
func (r *Recorder) ShowCursor(x, y int) {
	r.Screen.ShowCursor(x, y)
	r.cursor = hidden
	if w, h := r.Screen.Size(); x >= 0 && y >= 0 && x < w && y < h {
		r.cursor = fmt.Sprintf("\x1b[%d;%dH\x1b[?25h", y+1, x+1)
	}
}

// HideCursor hides it from the next Show on.
func (r *Recorder) HideCursor() { r.ShowCursor(-1, -1) }

func (r *Recorder) remember() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	now, g := r.options.Now(), Take(r.Screen)
	if r.began.IsZero() {
		r.began, r.size = now, [2]int{g.w, g.h}
	} else if g.w != r.last.w || g.h != r.last.h {
		r.event(now, "r", fmt.Sprintf("%dx%d", g.w, g.h))
	}
	text := difference(r.last, g)
	if text != "" && r.shown != hidden {
		text, r.shown = hidden+text, hidden // it would jump about
	}
	if r.cursor != r.shown {
		text += r.cursor
	}
	r.last, r.shown = g, r.cursor
	if text != "" {
		r.event(now, "o", text)
	}
}

// event appends a line to the recording, unless there is no more room.
func (r *Recorder) event(at time.Time, kind, text string) {
	line := fmt.Sprintf("[%.6f, %s, %s]\n", at.Sub(r.began).Seconds(), quoted(kind), quoted(text))
	if r.stopped = r.stopped || r.events.Len()+len(line) > r.options.Most; !r.stopped {
		r.events.WriteString(line)
	}
}

// Full says whether the bound was reached: then the recording ends before the session
// did.
func (r *Recorder) Full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// Write writes the recording so far. It does not say when it was made: what is the same
// is the same bytes.
func (r *Recorder) Write(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	paper := r.last.paper()
	if r.options.Light {
		paper = &lightPaper
	}
	var palette []string
	for _, c := range paper.named {
		palette = append(palette, c.String())
	}
	if _, err := fmt.Fprintf(w, `{"version": 2, "width": %d, "height": %d, "title": %s, "env": {"TERM": "xterm-256color"}, "theme": {"fg": "%v", "bg": "%v", "palette": "%s"}}`+"\n",
		r.size[0], r.size[1], quoted(r.options.Title), paper.ink, paper.ground, strings.Join(palette, ":")); err != nil {
		return err
	}
	_, err := w.Write(r.events.Bytes())
	return err
}

// quoted is a text as JSON has it.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic("a text that JSON has no words for: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
