// Package player runs a scenario at the pace that a person wants: it plays, pauses,
// steps, goes back and forth, and branches. It is the only code that knows both
// virtual and wall-clock time.
//
// What it shows are Frames, newest first and only the newest: a screen that is slow
// sees fewer of them, and the run never waits for it. How a run is paced changes
// nothing in it.
//
//	p := player.New(player.Scenario{Plan: plan, Expectations: exps}, player.Options{})
//	go p.Run(ctx)
//	p.Play()
//	for range p.Updates() {
//		draw(p.Frame())
//	}
//
// It leaves out terminals, and how a hand's wishes become another scenario: whoever
// amends a run hands it the scenario that says so from the beginning, of which all
// that has happened yet is the same.
package player

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cascade/sim/des"
	"cascade/sim/report"
)

// Options of a Player.
type Options struct {
	Period time.Duration // between frames, at least; 0: a tenth of a second
	Speed  Speed         // at first
}

// A Player plays a run, and perhaps its twin beside it. Its methods may be called from
// any goroutine; each returns when it is done, except that what takes time (Seek,
// Amend and their like) goes on in Run.
type Player struct {
	period  time.Duration
	updates chan struct{}
	wake    chan struct{}
	frame   atomic.Pointer[Frame]

	waiting  atomic.Int32 // hands that want a word
	mu       sync.Mutex
	main     *run
	twin     *run // nil: no branch
	branched des.Time
	number   uint64
	speed    Speed
	playing  bool
	goal     des.Time // while seeking; else none
	origin   des.Time // where the way to the goal began
	shown    [2]Run   // what the last frame showed of both
	shownNow des.Time // and when that was
	held     bool     // what was amended, or went back, has not arrived: the frames keep what they showed

	// Where and when playing began, to tell how far it should be.
	from  des.Time
	since time.Time
}

const none des.Time = -1

// frameShare is how many times as long as it takes to make what a frame shows the run
// goes on until the next: of 1,000 services that is more than a period.
const frameShare = 10

// New makes a Player of a run at its beginning, paused.
func New(s Scenario, o Options) *Player {
	p := &Player{period: o.Period, speed: o.Speed, goal: none, updates: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	if p.period <= 0 {
		p.period = time.Second / 10
	}
	p.main = newRun(s)
	p.publish()
	return p
}

// Frame is the newest frame.
func (p *Player) Frame() *Frame { return p.frame.Load() }

// Updates has a value whenever there may be a newer frame.
func (p *Player) Updates() <-chan struct{} { return p.updates }

// Run lets time pass until ctx is done.
func (p *Player) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		idle := p.advance(began)
		if idle {
			select {
			case <-ctx.Done():
			case <-p.wake:
			}
			continue
		}
		// As fast as it goes, it goes on at once; else it waits for the next frame.
		wait := p.period - time.Since(began)
		p.mu.Lock()
		hurry := p.goal != none || p.speed == Max
		p.mu.Unlock()
		if hurry || wait <= 0 {
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// Advance does at once what Run would do until the next frame: it is for who drives a
// Player without a clock, and only moves one that seeks or is played at Max.
func (p *Player) Advance() { p.advance(time.Now()) }

// advance brings the run as far as it should be by now, or as far as it comes within
// a period, and publishes a frame. It reports that there is nothing to do.
func (p *Player) advance(began time.Time) (idle bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var cost time.Duration
	for _, r := range p.runs() {
		cost += r.cost
	}
	deadline := began.Add(max(p.period, frameShare*cost))
	switch {
	case p.goal != none:
		p.forward(p.goal, deadline)
		if p.behind() >= p.last(p.goal) {
			p.goal, p.held = none, false
			p.restart()
		}
	case p.playing && !p.main.done():
		to := p.main.end()
		if p.speed != Max {
			passed := time.Since(p.since)
			if to = min(to, p.from+des.Time(float64(passed)*float64(p.speed))); to < p.main.end() {
				to -= to % p.main.tick
			}
		}
		if to <= p.now() {
			return false // not yet a tick
		}
		if p.forward(to, deadline) {
			p.restart() // it cannot keep up: what is behind is not made up for
		}
	default:
		return true
	}
	if p.goal == none && p.main.done() {
		p.playing = false
		if p.stale() { // the run was stopped, and the twin was not told of where
			p.goTo(p.now())
		}
	}
	p.publish()
	return false
}

// restart begins to count the time that playing has had from here.
func (p *Player) restart() { p.from, p.since = p.now(), time.Now() }

func (p *Player) now() des.Time { return p.main.system.Now() }

// runs are the run, and its twin if there is one.
func (p *Player) runs() []*run {
	if p.twin == nil {
		return []*run{p.main}
	}
	return []*run{p.main, p.twin}
}

// behind is where the one stands that has come less far.
func (p *Player) behind() des.Time {
	if p.twin == nil || p.twin.done() {
		return p.now()
	}
	return min(p.now(), p.twin.system.Now())
}

// last is how far the run comes on its way to an instant, as far as is known: it may have
// been stopped.
func (p *Player) last(to des.Time) des.Time {
	if p.main.done() {
		return min(to, p.now())
	}
	return to
}

// stale says that of where the runs stand there is nothing to show.
func (p *Player) stale() bool { return slices.ContainsFunc(p.runs(), (*run).stale) }

// forward brings both runs to an instant, or as far as they come by the deadline: then
// it is late. It stops only at whole ticks, so that what is done by hand happens at an
// instant that a person would write down; and once the deadline is over where there is
// something to show, at the end of an interval, unless that takes too long. A hand that
// wants a word does not wait.
func (p *Player) forward(to des.Time, deadline time.Time) (late bool) {
	i := p.main.plan.Interval
	_, began := p.main.shownAt(to)
	owed := p.stale() // the last time it came no further
	for now := p.behind(); now < p.last(to) && p.waiting.Load() == 0; now = p.behind() {
		left := time.Until(deadline)
		boundary := now - now%i + i
		owed = owed && p.stale()
		seen := !p.held && (left <= 0 || owed) // of the way nothing is shown while frames are held
		keep, show := seen || now >= began, seen || boundary+i > to
		stop := min(to, boundary, now-now%p.main.tick+p.main.tick)
		for _, r := range p.runs() {
			r.runUntil(stop, keep, show)
		}
		if left <= 0 && (stop == boundary && (p.held || !p.stale()) || left < -p.period) {
			return p.behind() < p.last(to)
		}
	}
	return false
}

// publish makes the newest frame.
func (p *Player) publish() {
	p.number++
	f := &Frame{Number: p.number, Speed: p.speed, Now: p.now(), Goal: none, Branched: p.branched}
	switch {
	case p.goal != none:
		f.State, f.Goal = Seeking, p.goal
		if way := p.goal - p.origin; way > 0 {
			f.Progress = float64(p.now()-p.origin) / float64(way)
		}
	case p.main.done():
		f.State = AtEnd
	case p.playing:
		f.State = Playing
	}
	if p.held || p.stale() {
		f.Now = p.shownNow
	} else {
		p.shown[0] = p.main.show()
		if p.twin != nil {
			p.shown[1] = p.twin.show()
		}
		p.shownNow = f.Now
	}
	f.Run = p.shown[0]
	if p.twin != nil {
		twin := p.shown[1]
		f.Twin, f.Difference = &twin, report.Compare(f.Run.Report, twin.Report, p.branched)
	}
	p.frame.Store(f)
	select {
	case p.updates <- struct{}{}:
	default:
	}
}
