package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/des"
	"cascade/tui/player"
)

// A Script is keys that are pressed at times, for demonstrations and tests. A line is a
// moment and the keys that are pressed then, one after the other:
//
//	2s i                         two seconds after the start
//	+500ms down down enter       half a second after the line before
//	@32s "payment" enter         when the run has come to 32 s; what stands in quotes is typed
//	60s                          waits, and presses nothing
//
// Lines are played in their order: none begins before the one above is done. A # begins
// a comment.
type Script struct{ lines []scriptLine }

type scriptLine struct {
	number int // in the file, from 1
	since  moment
	wait   time.Duration // since the moment
	keys   []*tcell.EventKey
}

// A moment is what the time of a script's line counts from.
type moment uint8

const (
	fromStart  moment = iota // of the script, in time that passes on the wall
	fromBefore               // from the end of the line before, likewise
	fromZero                 // of the run's own time
)

// A ScriptProblem is one thing wrong with a script, and where: its line and column from 1
// on, in letters.
type ScriptProblem struct {
	Line, Column int
	Message      string
	Source       string // the line
}

// mostScriptProblems are remembered of one script.
const mostScriptProblems = 100

// ParseScript reads a script for a run that ends at an instant, or tells all that is wrong
// with it. How to offer the name that may have been meant is up to suggest, which says
// otherwise where none is near.
func ParseScript(text string, end des.Time, suggest func(word string, known []string, otherwise string) string) (*Script, []ScriptProblem) {
	r := &scriptReader{end: end, suggest: suggest, keys: namedKeys()}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		r.number++
		r.line(strings.TrimRight(line, "\r\n"))
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return &r.script, nil
}

type scriptReader struct {
	end     des.Time
	suggest func(word string, known []string, otherwise string) string
	keys    map[string]*tcell.EventKey

	number   int
	source   string
	earliest time.Duration // since the start, at which the line can begin, as far as that is known
	script   Script
	problems []ScriptProblem
}

// problem notes what is wrong at a byte of the line.
func (r *scriptReader) problem(at int, format string, args ...any) {
	if len(r.problems) < mostScriptProblems {
		r.problems = append(r.problems, ScriptProblem{r.number, utf8.RuneCountInString(r.source[:at]) + 1, fmt.Sprintf(format, args...), r.source})
	}
}

func (r *scriptReader) line(source string) {
	r.source = source
	words, ok := r.words()
	if !ok || len(words) == 0 {
		return
	}
	for _, w := range words {
		if !utf8.ValidString(w.text) {
			r.problem(w.at, "%q is no text in UTF-8", w.text)
			return
		}
	}
	l := scriptLine{number: r.number}
	l.since, l.wait, ok = r.moment(words[0])
	if !ok {
		return
	}
	for _, w := range words[1:] {
		l.keys = append(l.keys, r.press(w)...)
	}
	r.script.lines = append(r.script.lines, l)
}

// A word of a script, and its first byte in the line.
type word struct {
	text   string
	at     int
	quoted bool
}

// words splits the line at blanks; what stands in quotes is one word, in which a
// backslash makes the next letter one of the text.
func (r *scriptReader) words() (words []word, ok bool) {
	text := []byte(r.source)
	for i := 0; i < len(text); {
		switch text[i] {
		case ' ', '\t':
			i++
		case '#':
			return words, true
		case '"':
			w := word{at: i, quoted: true}
			for i++; ; i++ {
				if i < len(text)-1 && text[i] == '\\' {
					i++
				} else if i < len(text) && text[i] == '"' {
					break
				}
				if i >= len(text) {
					r.problem(w.at, "a text without an end; want a closing quote")
					return nil, false
				}
				w.text += string(text[i : i+1])
			}
			i++
			words = append(words, w)
		default:
			n := strings.IndexAny(r.source[i:], " \t")
			if n < 0 {
				n = len(text) - i
			}
			words = append(words, word{text: r.source[i : i+n], at: i})
			i += n
		}
	}
	return words, true
}

const wantMoment = "want when it is first: 2s since the start, +500ms since the line before, or @32s of the run's time"

// moment reads the first word of a line.
func (r *scriptReader) moment(w word) (since moment, wait time.Duration, ok bool) {
	text := w.text
	switch {
	case strings.HasPrefix(text, "@"):
		since, text = fromZero, text[1:]
	case strings.HasPrefix(text, "+"):
		since, text = fromBefore, text[1:]
	}
	wait, err := time.ParseDuration(text)
	if err == nil && w.quoted {
		r.problem(w.at, "what stands in quotes is typed; %s", wantMoment)
		return 0, 0, false
	}
	if err != nil {
		r.problem(w.at, "%q is no time; %s", w.text, wantMoment)
		return 0, 0, false
	}
	if wait < 0 {
		r.problem(w.at, "a time before the beginning; %s", wantMoment)
		return 0, 0, false
	}
	switch since {
	case fromStart:
		if wait < r.earliest {
			r.problem(w.at, "%v is before the line above, which is not done until %v; want the lines in their order", wait, r.earliest)
			return 0, 0, false
		}
		r.earliest = wait
	case fromBefore:
		r.earliest += wait
	case fromZero:
		if des.Time(wait) > r.end {
			r.problem(w.at, "the run ends at %v, and never comes to %v", r.end, des.Time(wait))
			return 0, 0, false
		}
	}
	return since, wait, true
}

// press is the keys that a word stands for.
func (r *scriptReader) press(w word) []*tcell.EventKey {
	if w.quoted {
		var keys []*tcell.EventKey
		for i, letter := range w.text {
			if !unicode.IsPrint(letter) {
				r.problem(w.at, "letter %d of the text cannot be typed", utf8.RuneCountInString(w.text[:i])+1)
				return nil
			}
			keys = append(keys, tcell.NewEventKey(tcell.KeyRune, letter, tcell.ModNone))
		}
		return keys
	}
	if k := keyCalled(r.keys, w.text); k != nil {
		return []*tcell.EventKey{k}
	}
	known := make([]string, 0, len(r.keys))
	for name := range r.keys {
		known = append(known, name)
	}
	slices.Sort(known)
	r.problem(w.at, "no key is called %q; %s", w.text, r.suggest(w.text, known, "what is to be typed stands in quotes"))
	return nil
}

// keyCalled is the key of a name, as keyName writes it; nil where there is none. Names of
// more than a letter may be written large.
func keyCalled(named map[string]*tcell.EventKey, name string) *tcell.EventKey {
	if letter, size := utf8.DecodeRuneInString(name); size > 0 && size == len(name) && unicode.IsPrint(letter) && letter != ' ' {
		return tcell.NewEventKey(tcell.KeyRune, letter, tcell.ModNone)
	}
	if k := named[strings.ToLower(name)]; k != nil {
		return k
	}
	if letter, ok := strings.CutPrefix(name, "alt-"); ok && utf8.RuneCountInString(letter) == 1 {
		r, _ := utf8.DecodeRuneInString(letter)
		return tcell.NewEventKey(tcell.KeyRune, r, tcell.ModAlt)
	}
	return nil
}

// namedKeys are the keys that are no letters, by their names.
func namedKeys() map[string]*tcell.EventKey {
	named := map[string]*tcell.EventKey{}
	add := func(key tcell.Key, letter rune, with tcell.ModMask) {
		e := tcell.NewEventKey(key, letter, with)
		named[keyName(e)] = e
	}
	add(tcell.KeyRune, ' ', tcell.ModNone)
	for letter := range rune(26) {
		add(tcell.KeyCtrlA+tcell.Key(letter), 'a'+letter, tcell.ModCtrl)
	}
	for n := range tcell.Key(12) {
		add(tcell.KeyF1+n, 0, tcell.ModNone)
	}
	for key := range keyNames {
		add(key, 0, tcell.ModNone)
		if key >= tcell.KeyUp && key <= tcell.KeyEnd {
			add(key, 0, tcell.ModShift)
		}
	}
	return named
}

// How a script is played.
const (
	betweenKeys = 30 * time.Millisecond // of a line: as a quick hand does it, and a recording shows each
	betweenLook = 10 * time.Millisecond // at the run, while its time is waited for
	stuckAfter  = 3 * time.Second       // a run that stands will not go on by itself
)

// Play presses the keys on a screen, and returns when that is done or ctx is. The newest
// frame of the run tells its time. Alone, nobody else can press a key: then a run that
// stands, and whose time a line waits for, is an error.
func (s *Script) Play(ctx context.Context, screen tcell.Screen, frame func() *player.Frame, alone bool) error {
	start := time.Now()
	for _, l := range s.lines {
		if err := l.await(ctx, start, frame, alone); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		for i, k := range l.keys {
			if i > 0 {
				pause(ctx, betweenKeys)
			}
			// A key may be sent once only: it has the time of when it was made.
			for screen.PostEvent(tcell.NewEventKey(k.Key(), k.Rune(), k.Modifiers())) != nil && ctx.Err() == nil {
				pause(ctx, betweenLook) // many are waiting
			}
		}
	}
	return nil
}

// await waits until the line is to be played.
func (l *scriptLine) await(ctx context.Context, start time.Time, frame func() *player.Frame, alone bool) error {
	switch l.since {
	case fromStart:
		pause(ctx, l.wait-time.Since(start))
		return nil
	case fromBefore:
		pause(ctx, l.wait)
		return nil
	}
	stands := time.Now()
	for ctx.Err() == nil {
		f := frame()
		if f.State != player.Seeking && f.Now >= des.Time(l.wait) {
			return nil
		}
		if f.State != player.Paused && f.State != player.AtEnd {
			stands = time.Now()
		} else if alone && time.Since(stands) > stuckAfter {
			return fmt.Errorf("line %d waits for %v, and the run stands at %v", l.number, l.wait, f.Now)
		}
		pause(ctx, betweenLook)
	}
	return nil
}

// pause lets time pass, until ctx is done at the latest.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
