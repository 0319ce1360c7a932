package main

import (
	"fmt"
	"io"
	"time"

	"cascade/sim"
	"cascade/sim/des"
)

// A meter is a line on a terminal that is written over and over while something goes on.
type meter struct {
	to    io.Writer
	began time.Time
	shown time.Time // last; zero: never
}

// When something takes long enough to tell of, and how often.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

// watched says whether somebody could see how far something has come.
func (sh *shell) watched(quiet bool) bool { return !quiet && !isDumb() && isTerminal(sh.err) }

// due says whether it is time to tell again.
func (m *meter) due(at time.Time) bool {
	return at.Sub(m.began) >= progressAfter && at.Sub(m.shown) >= progressEvery
}

// show writes the line over the one before, no further than the terminal goes: what
// breaks into two lines cannot be written over.
func (m *meter) show(at time.Time, line string) {
	m.shown = at
	if width := widthOf(m.to); width > 0 {
		line = line[:min(len(line), width-1)]
	}
	fmt.Fprintf(m.to, "\r%s\x1b[K", line)
}

func (m *meter) erase() {
	if m.shown.IsZero() {
		return
	}
	m.shown = time.Time{}
	fmt.Fprint(m.to, "\r\x1b[K")
}

// A progress says how far a run has come. The nil progress shows nothing.
type progress struct {
	meter
	duration des.Time
}

// newProgress is nil where nobody could see it.
func newProgress(sh *shell, quiet bool, p *sim.Plan) *progress {
	if !sh.watched(quiet) {
		return nil
	}
	return &progress{meter{to: sh.err, began: time.Now()}, p.Duration}
}

func (p *progress) show(at time.Time, now des.Time) {
	if p == nil || !p.due(at) {
		return
	}
	done := now.Seconds() / p.duration.Seconds()
	line := fmt.Sprintf("%3.0f%%  %s of %s", 100*done, now.Duration().Round(100*time.Millisecond), p.duration.Duration())
	if done > 0.01 {
		left := time.Duration(float64(at.Sub(p.began)) * (1 - done) / done)
		line += fmt.Sprintf(", about %s to go", left.Round(time.Second))
	}
	p.meter.show(at, line)
}

func (p *progress) erase() {
	if p != nil {
		p.meter.erase()
	}
}

// A tally says how many runs of how many have ended. The nil tally shows nothing.
type tally struct {
	meter
	done, runs int
}

// newTally is nil where nobody could see it.
func newTally(sh *shell, quiet bool, runs int) *tally {
	if !sh.watched(quiet) {
		return nil
	}
	return &tally{meter: meter{to: sh.err, began: time.Now()}, runs: runs}
}

// step counts a run that has ended.
func (t *tally) step(at time.Time) {
	if t == nil {
		return
	}
	t.done++
	if !t.due(at) {
		return
	}
	left := time.Duration(float64(at.Sub(t.began)) * float64(t.runs-t.done) / float64(t.done))
	t.show(at, fmt.Sprintf("%3.0f%%  %d of %d runs, about %s to go", 100*float64(t.done)/float64(t.runs), t.done, t.runs, left.Round(time.Second)))
}

func (t *tally) erase() {
	if t != nil {
		t.meter.erase()
	}
}
