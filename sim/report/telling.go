package report

import (
	"fmt"
	"math"
	"slices"

	"cascade/sim/des"
)

// A Tone says what a line of the story is about, for whoever shows it in colour.
type Tone uint8

// The tones.
const (
	Plain     Tone = iota
	Caused         // a fault begins, or is over
	Trouble        // something went wrong
	Recovered      // everything was back to what it was
	Changed        // something was set, which may as well be the cure
)

// maxLongStory is how many lines that have a time the long story tells.
const maxLongStory = 200

// LongStory tells what Story tells, for who follows it while the run goes on and has
// the room: every fault, and when it was over; every time that something was saturated
// or piled up, not just the worst. Of more than 200 lines it tells the last, and how many
// there were before. What still lasts where the run has come to is told as such.
func (r *Report) LongStory() []Line { return r.tell(&telling{long: true}) }

// A telling is a story while it is told.
type telling struct {
	long   bool
	lines  []Line
	untold []string // what there was more of
	before int      // lines that are left out already, all before the last maxLongStory
}

// at tells what went wrong at an instant.
func (t *telling) at(when des.Time, format string, args ...any) {
	t.line(Trouble, when, format, args...)
}

// again tells what the summary tells once more in a place of its own.
func (t *telling) again(when des.Time, format string, args ...any) {
	t.at(when, format, args...)
	t.lines[len(t.lines)-1].again = true
}

func (t *telling) line(tone Tone, when des.Time, format string, args ...any) {
	t.lines = append(t.lines, Line{At: when, Timed: true, Text: fmt.Sprintf(format, args...), Tone: tone})
}

// most is how many of a kind are told, of which the summary has room for so many.
func (t *telling) most(inSummary int) int {
	if t.long {
		return math.MaxInt
	}
	return inSummary
}

// more notes how many of a kind are not told.
func (t *telling) more(n int, thing, what string) {
	if n > 0 {
		t.untold = append(t.untold, several(n, thing)+what)
	}
}

// cut leaves out the lines, which are sorted, that the long story has no room for:
// the first, for who follows it has seen them.
func (t *telling) cut() {
	if n := len(t.lines) - maxLongStory; t.long && n > 0 {
		t.untold = append(t.untold, fmt.Sprintf("%s before %s", several(t.before+n, "line"), clock(t.lines[n].At)))
		t.lines = slices.Delete(t.lines, 0, n)
	}
}
