package player

import (
	"fmt"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

// A run is a scenario in motion, with what watches it.
type run struct {
	Scenario
	plan      *sim.Plan
	tick      des.Time // it stands still only at multiples of it
	system    *sim.System
	collector *report.Collector
	watch     *watch
	told      *report.Report // of the end of the latest interval that was to be shown
	last      *sim.Sample    // what was seen in the newest point of its timeline
	cost      time.Duration  // of making that report
	ended     des.Time       // the end of the latest interval, or where the run ended
	err       error
	marks     marks
}

func newRun(s Scenario) *run {
	r := &run{Scenario: s, plan: s.Plan, tick: tickOf(s.Plan.Interval)}
	r.begin()
	return r
}

func (r *run) begin() {
	r.collector = report.NewCollector(r.plan, r.Expectations)
	r.watch = newWatch(r.plan, r.collector.Point())
	r.system = sim.New(r.plan, r.collector, r.watch)
	r.err, r.ended = nil, 0
	r.tell()
}

// tickOf is a tenth of an interval, or what is near it that a person would write.
func tickOf(interval des.Time) des.Time {
	for _, unit := range []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, 100 * time.Microsecond, 10 * time.Microsecond, time.Microsecond} {
		if u := des.Time(unit); u*10 <= interval && interval%u == 0 {
			return u
		}
	}
	return 1
}

// end is where the run ends; it may not be a whole tick.
func (r *run) end() des.Time { return r.plan.Duration }

func (r *run) done() bool { return r.err != nil || r.system.Done() }

// shownAt is of which instant there is something to see at t, the end of an interval or of
// the run, and when the point of the timeline that it is of began.
func (r *run) shownAt(t des.Time) (at, began des.Time) {
	if at = t; t < r.end() {
		at -= t % r.plan.Interval
	}
	if at == 0 {
		return 0, 0
	}
	return at, (at - 1) - (at-1)%r.watch.point
}

// runUntil runs to an instant, and keeps the samples on the way if keep says so; if show
// does too, what they came to there is told. Where the engine panics, that is what the run
// ends with.
func (r *run) runUntil(t des.Time, keep, show bool) {
	if r.done() || t <= r.system.Now() {
		return
	}
	defer func() {
		if what := recover(); what != nil {
			r.err = fmt.Errorf("a bug in the engine stopped it after %v: %v", r.system.Now(), what)
		}
	}()
	r.watch.keep = keep
	before := time.Now()
	r.system.RunUntil(t)
	if r.system.Done() {
		show, r.watch.keep, r.watch.final = true, true, true // a run that was stopped ends a sample there
		_, r.err = r.system.Finish()                         // a bound that stopped it, or a law that it broke
	}
	// A sample that ends within an interval, at an expectation's edge or the warm-up's, is
	// not shown by itself: of so short a time any number can be seen.
	if now := r.system.Now(); r.watch.at == now && (now%r.plan.Interval == 0 || r.system.Done()) {
		r.ended = now
		if show && r.watch.last != nil && r.watch.last.To == now {
			r.tell()
		}
	}
	if t%r.collector.Point() == 0 { // of the way within a point a copy is dear, and hardly of use: see back
		r.marks.worked(r, time.Since(before))
	} else {
		r.marks.since += time.Since(before)
	}
}

// copy is the run in mid-flight, for another to go on with.
func (r *run) copy() *run { return r.with(r.collector.Clone()) }

// still is a copy that is kept, and does not go on.
func (r *run) still() *run { return r.with(r.collector.Still()) }

func (r *run) with(c *report.Collector) *run {
	n := &run{Scenario: r.Scenario, plan: r.plan, tick: r.tick, told: r.told, last: r.last, cost: r.cost, ended: r.ended, err: r.err}
	n.collector, n.watch = c, r.watch.clone()
	n.system = r.system.Clone(n.collector, n.watch)
	return n
}

// footprint is about how many bytes a still takes, with the report that it keeps; and how
// many more of the past it shares with those of the same run.
func (r *run) footprint() (own, past int) {
	past = r.collector.Past()
	own = r.system.Footprint() + 2*(r.collector.Footprint()-past)
	if r.told.End%r.collector.Point() != 0 {
		own += past // told within a point, whose report shares nothing
	}
	return own, past
}

// back returns to an instant from where the way to t can be gone again: that of a mark, or
// the beginning. It lies no later than where the point begins that is to be shown at t, so
// that this is passed anew.
func (r *run) back(t des.Time) {
	kept := r.marks
	_, began := r.shownAt(t)
	if m := kept.before(began + 1); m != nil {
		*r = *m.state.copy()
	} else {
		r.begin()
	}
	r.marks = kept
	r.marks.line++
	r.marks.since = 0
}

// tell makes the report that frames show, where an interval has just ended: the totals are
// those of that instant.
func (r *run) tell() {
	before := time.Now()
	// A report closes what is under way, so a copy is asked for it.
	r.told, r.last = r.collector.Still().Report(r.system.Totals()), r.watch.last
	r.cost = time.Since(before)
}

// stale says that an interval has ended since the one of which the report was made, and
// that what was seen in it is gone.
func (r *run) stale() bool { return r.err == nil && r.told.End < r.ended }

// passed says that the way to t has to be gone anew: t is over, or what was seen in the point
// that is to be shown there is gone.
func (r *run) passed(t des.Time) bool {
	now := r.system.Now()
	switch at, began := r.shownAt(t); {
	case t < now:
		return true
	case at <= now:
		return r.stale()
	default:
		return r.watch.since > began
	}
}

// show is what there is to see of the run.
func (r *run) show() Run {
	s := Run{Scenario: r.Scenario, At: r.told.End, Report: r.told, Last: r.last, Err: r.err}
	r.watch.show(&s)
	for i := range s.Active {
		s.Active[i] = s.Active[i] && !endsAt(&r.plan.Faults[i], r.system.Now(), r.end())
	}
	return s
}

// endsAt says that a fault is over from now on, in a run that ends at end. The engine comes
// to an instant and has not done what is due there; the story says already that it is over.
func endsAt(f *sim.Fault, now, end des.Time) bool {
	since := now - f.Until
	return since == 0 && now < end || f.Every > 0 && since > 0 && since%f.Every == 0
}

// report is what the run has come to at this instant, within an interval too.
func (r *run) report() (*report.Report, error) {
	if r.done() {
		return r.told, r.err // a system is finished once
	}
	c := r.copy()
	totals, err := c.system.Finish()
	return c.collector.Report(totals), err
}
