package player

import (
	"cascade/sim/des"
	"cascade/sim/report"
)

// do makes a change of what is played, shows it, and lets Run see to it.
func (p *Player) do(change func()) *Frame {
	defer p.wait()()
	change()
	// The hand may have stopped a run on which nothing was to be seen yet. At Max there is
	// something soon.
	if p.goal == none && p.stale() && !(p.playing && p.speed == Max) {
		p.goTo(p.now())
	}
	p.restart()
	p.publish()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return p.frame.Load()
}

// wait is for a word with the run, which is stopped for as long.
func (p *Player) wait() (leave func()) {
	p.waiting.Add(1)
	p.mu.Lock()
	return func() {
		p.mu.Unlock()
		p.waiting.Add(-1)
	}
}

// Play lets time pass.
func (p *Player) Play() { p.do(func() { p.playing = true }) }

// Pause holds the run, and returns the frame at which it stands. A seek goes on.
func (p *Player) Pause() *Frame { return p.do(func() { p.playing = false }) }

// Playing says whether time passes, or will once a seek has arrived.
func (p *Player) Playing() bool {
	defer p.wait()()
	return p.playing
}

// SetSpeed changes how fast time passes.
func (p *Player) SetSpeed(s Speed) { p.do(func() { p.speed = s }) }

// Seek goes to an instant of the run, back or forth. Back, the past is run again, the
// same as it was.
func (p *Player) Seek(to des.Time) { p.do(func() { p.seek(to) }) }

// Step goes so many intervals on, or back, and stays there: to the next end of an
// interval, to the one before.
func (p *Player) Step(intervals int) {
	p.do(func() {
		p.playing = false
		i := p.main.plan.Interval
		now := p.heading()
		at := now / i
		if intervals < 0 && now%i != 0 {
			at++
		}
		p.seek((at + des.Time(intervals)) * i)
	})
}

// Skip goes so far on, or back.
func (p *Player) Skip(by des.Time) { p.do(func() { p.seek(p.heading() + by) }) }

// heading is where the run is, or will be once a seek has arrived.
func (p *Player) heading() des.Time {
	if p.goal != none {
		return p.goal
	}
	return p.now()
}

func (p *Player) seek(to des.Time) {
	if to = min(max(to, 0), p.main.end()); to < p.main.end() {
		to -= to % p.main.tick
	}
	p.goTo(to)
}

// goTo sets out for an instant. Who is beyond it goes back first.
func (p *Player) goTo(to des.Time) {
	for _, r := range p.runs() {
		if r.passed(to) {
			p.held = true
			r.back(to)
		}
	}
	p.goal, p.origin = to, p.now()
}

// Amend goes on from here with another scenario, which says the same of all that has
// happened yet; so the run comes to where it is again, and only then differs. A twin that
// was branched later is one from here on.
func (p *Player) Amend(s Scenario) {
	p.do(func() {
		now := p.heading()
		p.branched = min(p.branched, now)
		p.main, p.held = newRun(s), true
		p.goTo(now)
	})
}

// Begin starts a scenario from its beginning, without a twin.
func (p *Player) Begin(s Scenario) {
	p.do(func() {
		p.main, p.twin, p.goal, p.held = newRun(s), nil, none, false
	})
}

// Branch keeps the run as it is planned now as the twin, which goes on beside it.
func (p *Player) Branch() {
	p.do(func() {
		p.twin, p.branched = p.main.copy(), p.heading()
		p.twin.marks = p.main.marks.copy()
		p.shown[1] = p.shown[0]
	})
}

// Unbranch lets the twin go.
func (p *Player) Unbranch() { p.do(func() { p.twin = nil }) }

// Report is what the run has come to at this instant, as a run without a screen that is
// interrupted here would say. The error is the engine's: a broken law, or a bound.
func (p *Player) Report() (*report.Report, error) {
	defer p.wait()()
	return p.main.report()
}
