package player

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

const second = des.Time(time.Second)

// builtin is a built-in scenario with changes made to it.
func builtin(t testing.TB, name string, sets ...scenarios.Override) Scenario {
	t.Helper()
	s, err := scenarios.Builtin(name, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return Scenario{Plan: s.Plan, Expectations: s.Expectations}
}

// headless is the report of a run without a player that is interrupted at an instant.
func headless(t testing.TB, s Scenario, at des.Time) string {
	t.Helper()
	c := report.NewCollector(s.Plan, s.Expectations)
	system := sim.New(s.Plan, c)
	system.RunUntil(at)
	totals, err := system.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, c.Report(totals))
}

func written(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// arrive lets a seek come to its end.
func arrive(p *Player) *Frame {
	for p.Frame().State == Seeking {
		p.Advance()
	}
	return p.Frame()
}

// standing is what a player's run has come to where it stands.
func standing(t testing.TB, p *Player) string {
	t.Helper()
	r, err := p.Report()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, r)
}

var known = []string{"slow-dependency", "retry-storm", "crash-restart", "hot-partition", "checkout-email-queue", "poison-message-dead-letter", "dead-dependency-breaker"}

func TestAFrameIsTheReportOfItsInstant(t *testing.T) {
	for _, name := range known {
		s := builtin(t, name)
		p := New(s, Options{})
		i := s.Plan.Interval
		for _, at := range []des.Time{0, i, 7 * i, s.Plan.Duration / 2 / i * i, s.Plan.Duration} {
			p.Seek(at)
			f := arrive(p)
			want := headless(t, s, at)
			if f.Now != at || f.Run.At != at || written(t, f.Run.Report) != want {
				t.Errorf("%s at %v: the frame (at %v, of %v) is not the report of that instant", name, at, f.Now, f.Run.At)
			}
			if got := standing(t, p); got != want {
				t.Errorf("%s at %v: Report is not that of the instant", name, at)
			}
			if at > 0 && f.Run.Last.To != at {
				t.Errorf("%s at %v: the latest sample ends at %v", name, at, f.Run.Last.To)
			}
		}
		// Within an interval the frame is of its beginning, and Report is exact.
		at := 3*i + p.main.tick
		p.Seek(at)
		if f := arrive(p); f.Now != at || f.Run.At != 3*i || standing(t, p) != headless(t, s, at) || written(t, f.Run.Report) != headless(t, s, 3*i) {
			t.Errorf("%s at %v: wrong within an interval", name, at)
		}
	}
}

func TestBackAndForthIsTheSameRun(t *testing.T) {
	for _, name := range known {
		s := builtin(t, name)
		end := headless(t, s, s.Plan.Duration)
		i := s.Plan.Interval
		steps := s.Plan.Duration / i
		way, was := []des.Time{steps / 2 * i, steps / 3 * i, steps / 3 * i, steps * 3 / 4 * i, 0, i}, map[des.Time]string{}
		for _, at := range way {
			was[at] = headless(t, s, at)
		}
		for _, marked := range []bool{false, true} {
			p := New(s, Options{})
			p.main.marks.apart = math.MaxInt64 // none by itself, however slow the machine is
			for k := des.Time(1); k <= steps; k += 7 {
				p.Seek(k * i)
				arrive(p)
				if marked {
					p.main.marks.apart = 0
					p.main.marks.worked(p.main, time.Hour)
					p.main.marks.apart = math.MaxInt64
				}
			}
			if marked != (len(p.main.marks.list) > 0) {
				t.Fatal("the marks are not what was asked for")
			}
			for _, at := range way {
				p.Seek(at)
				if f := arrive(p); f.Now != at || written(t, f.Run.Report) != was[at] {
					t.Errorf("%s, marked %v: at %v it is not what it was", name, marked, at)
				}
			}
			p.Seek(s.Plan.Duration)
			if f := arrive(p); f.State != AtEnd || written(t, f.Run.Report) != end || standing(t, p) != end {
				t.Errorf("%s, marked %v: another end", name, marked)
			}
		}
	}
}

func TestSteps(t *testing.T) {
	p := New(builtin(t, "slow-dependency"), Options{})
	for _, row := range []struct {
		what string
		do   func()
		want des.Time
	}{
		{"a step", func() { p.Step(1) }, 1 * second},
		{"three", func() { p.Step(3) }, 4 * second},
		{"one back", func() { p.Step(-1) }, 3 * second},
		{"to between two ends of intervals", func() { p.Seek(3*second + 700_000_000) }, 3*second + 700_000_000},
		{"a step from there", func() { p.Step(1) }, 4 * second},
		{"there again", func() { p.Seek(3*second + 700_000_000) }, 3*second + 700_000_000},
		{"one back from there", func() { p.Step(-1) }, 3 * second},
		{"ten seconds on", func() { p.Skip(10 * second) }, 13 * second},
		{"twice, without waiting", func() { p.Skip(10 * second); p.Skip(10 * second) }, 33 * second},
		{"a minute back, before the beginning", func() { p.Skip(-60 * second) }, 0},
		{"a step back at the beginning", func() { p.Step(-1) }, 0},
		{"beyond the end", func() { p.Seek(1000 * second) }, 120 * second},
		{"an instant that is no tick", func() { p.Seek(5*second + 123_456_789) }, 5*second + 100_000_000},
	} {
		row.do()
		if f := arrive(p); f.Now != row.want {
			t.Errorf("%s: at %v, want %v", row.what, f.Now, row.want)
		}
	}
}

// A run that ends at no tick comes to its end all the same, at any pace.
func TestTheEndMayBeNoTick(t *testing.T) {
	s := builtin(t, "slow-dependency", scenarios.Override{Path: "duration", Value: "90.55s"})
	end := s.Plan.Duration
	p := New(s, Options{})
	p.Seek(end)
	if f := arrive(p); f.Now != end || f.State != AtEnd || written(t, f.Run.Report) != headless(t, s, end) {
		t.Errorf("sought, it is %v at %v", f.State, f.Now)
	}
	p.Seek(90 * second)
	if f := arrive(p); f.Now != 90*second || f.State != Paused {
		t.Errorf("back, it is %v at %v", f.State, f.Now)
	}
	synctest.Test(t, func(t *testing.T) {
		p := New(s, Options{Speed: 100})
		ctx, stop := context.WithCancel(t.Context())
		go p.Run(ctx)
		p.Play()
		time.Sleep(2 * time.Second)
		if f := p.Frame(); f.Now != end || f.State != AtEnd {
			t.Errorf("played, it is %v at %v", f.State, f.Now)
		}
		stop()
		synctest.Wait()
	})
}

// Within an interval a sample ends where an expectation's window does, or the warm-up. What
// is shown is of whole intervals all the same.
func TestACutWithinAnInterval(t *testing.T) {
	for _, set := range []scenarios.Override{
		{Path: "warmup", Value: "4.5s"},
		{Path: "warmup", Value: "4.55s"}, // which is no tick
		{Path: "faults.0", Value: "{name: payment-slow, at: 4.3s, for: 0.32s, latency: {on: payment, add: 500ms}}"}, // which expectations ask about
	} {
		s := builtin(t, "slow-dependency", set)
		p := New(s, Options{})
		for _, at := range []des.Time{4400, 4500, 4600, 4900, 5000, 5100, 6000, 4300, 5000} {
			p.Seek(at * 1e6)
			f := arrive(p)
			shows(t, set.Value, s, f)
			point := f.Run.Report.Timeline.Starts
			if offered := f.Run.Report.Timeline.Sources[0].Offered; f.Run.Last.From != point[len(point)-1] || f.Run.Last.Sources[0].Offered != offered[len(point)-1] {
				t.Errorf("%s: at %v what was seen lately began at %v", set.Value, f.Now, f.Run.Last.From)
			}
		}
	}
}

// In a run so long that the timeline's points are of several intervals, what was seen lately
// is of its newest point.
func TestWhatWasSeenLately(t *testing.T) {
	s := builtin(t, "slow-dependency", scenarios.Override{Path: "interval", Value: "4ms"})
	p := New(s, Options{})
	for _, at := range []des.Time{4000, 4004, 4008, 4012, 4016, 4004} {
		p.Seek(at * 1e6)
		f := arrive(p)
		of := &f.Run.Report.Timeline
		if n := len(of.Starts) - 1; of.Coarsened != 3 || f.Run.At != f.Now || f.Run.Last.To != f.Now || f.Run.Last.From != of.Starts[n] || f.Run.Last.Sources[0].Offered != of.Sources[0].Offered[n] {
			t.Errorf("at %v what was seen lately began at %v, and the newest of the points, %d intervals each, at %v", f.Now, f.Run.Last.From, of.Coarsened, of.Starts[n])
		}
	}
	p.Branch() // both go on from the middle of a point, each by itself
	p.Seek(4008 * 1e6)
	f := arrive(p)
	for _, r := range []*Run{&f.Run, f.Twin} {
		if of := r.Report.Timeline.Sources[0].Offered; r.Last.Sources[0].Offered != of[len(of)-1] || r.At != f.Now {
			t.Errorf("branched, at %v %d requests were offered lately, and %d in the newest point", r.At, r.Last.Sources[0].Offered, of[len(of)-1])
		}
	}
}

// shows fails unless a frame is of the end of the interval before it.
func shows(t *testing.T, what string, s Scenario, f *Frame) {
	t.Helper()
	at := f.Now - f.Now%s.Plan.Interval
	if f.Run.At != at || at > 0 && f.Run.Last.To != at || written(t, f.Run.Report) != headless(t, s, at) {
		t.Errorf("%s: at %v it shows %v", what, f.Now, f.Run.At)
	}
}

// A hand that wants a word stops a run that is on its way anywhere. What is shown then is
// of where it stands, though the samples on the way were not kept.
func TestAHandStopsARunAnywhere(t *testing.T) {
	s := builtin(t, "slow-dependency")
	for _, row := range []struct {
		what  string
		hand  func(p *Player)
		stand des.Time
	}{
		{"a pause", func(p *Player) { p.Pause() }, 20*second + 300_000_000},
		{"another speed", func(p *Player) { p.SetSpeed(1) }, 20*second + 300_000_000},
		{"a seek within the interval", func(p *Player) { p.Seek(20*second + 700_000_000) }, 20*second + 700_000_000},
		{"a seek beyond it", func(p *Player) { p.Seek(21 * second) }, 21 * second},
		{"a branch, and a pause", func(p *Player) { p.Branch(); p.Pause() }, 20*second + 300_000_000},
	} {
		p := New(s, Options{Speed: Max})
		p.Play()
		// As it would be stopped on the way to the end.
		for p.now() < 20*second+300_000_000 {
			for _, r := range p.runs() {
				r.runUntil(p.now()+r.tick, false, false)
			}
		}
		row.hand(p)
		if f := p.Frame(); f.Now != f.Run.At {
			t.Errorf("%s: on the way it shows %v as of %v", row.what, f.Run.At, f.Now)
		}
		f := arrive(p)
		if f.Now != row.stand {
			t.Errorf("%s: at %v, want %v", row.what, f.Now, row.stand)
		}
		shows(t, row.what, s, f)
		if f.Twin != nil {
			shows(t, row.what+", the twin", s, &Frame{Now: f.Now, Run: *f.Twin})
		}
	}

	// At Max something is to be seen soon, and it goes on.
	p := New(s, Options{Speed: Max})
	p.Play()
	for p.now() < 20*second+300_000_000 {
		p.main.runUntil(p.now()+p.main.tick, false, false)
	}
	p.SetSpeed(Max)
	if f := p.Frame(); f.State != Playing || f.Now != 0 || f.Run.At != 0 {
		t.Errorf("at Max: %v, it shows %v as of %v", f.State, f.Run.At, f.Now)
	}
}

// A slow observer takes so long for every sample up to an instant, and for every fault
// that begins.
type slow struct {
	sample, fault time.Duration
	until         des.Time
}

func (o slow) Sample(s *sim.Sample) {
	if s.To <= o.until {
		time.Sleep(o.sample)
	}
}

func (o slow) Transition(t sim.Transition) {
	if t.Kind == sim.FaultBegan {
		time.Sleep(o.fault)
	}
}

// slowed runs a player, in a bubble, whose engine is as slow as the observer, and stops
// it after the test's part.
func slowed(t *testing.T, s Scenario, o Options, by slow, part func(t *testing.T, p *Player)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := New(s, o)
		p.main.system = sim.New(s.Plan, p.main.collector, p.main.watch, by)
		ctx, stop := context.WithCancel(t.Context())
		go p.Run(ctx)
		part(t, p)
		stop()
		time.Sleep(time.Hour) // it has come to the end of what it was at
	})
}

// An engine that takes longer than two periods at a time has something to show all the same.
func TestASlowEngineIsSeen(t *testing.T) {
	s := builtin(t, "slow-dependency")
	slowed(t, s, Options{Speed: Max}, slow{sample: 250 * time.Millisecond, until: des.Never}, func(t *testing.T, p *Player) {
		p.Play()
		time.Sleep(5 * time.Second)
		if f := p.Frame(); f.Run.At < 18*second || f.Now-f.Run.At > second {
			t.Errorf("after twenty intervals it shows %v as of %v", f.Run.At, f.Now)
		}
	})
	// So it does where a point of the timeline is of several intervals, all of which have to be seen.
	long := builtin(t, "slow-dependency", scenarios.Override{Path: "interval", Value: "2ms"})
	for _, sample := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 250 * time.Millisecond} {
		slowed(t, long, Options{Speed: Max}, slow{sample: sample, until: des.Never}, func(t *testing.T, p *Player) {
			p.Play()
			seen, frames := map[des.Time]bool{}, 40
			for range frames {
				time.Sleep(20 * sample)
				f := p.Frame()
				seen[f.Run.At] = true
				if f.Run.Report.Timeline.Coarsened != 6 {
					t.Fatalf("points are of %d intervals", f.Run.Report.Timeline.Coarsened)
				}
			}
			// At most a frame a period, and 800 intervals went by.
			if f := p.Frame(); len(seen) < min(frames, int(800*sample/(100*time.Millisecond)))-1 || f.Run.At < 1400*second/1000 {
				t.Errorf("where a sample takes %v there were %d frames up to %v", sample, len(seen), f.Run.At)
			}
		})
	}
	// Of an interval that takes many periods one sees the way through it.
	often := builtin(t, "slow-dependency", scenarios.Override{Path: "faults.0", Value: "{name: payment-slow, at: 50ms, for: 10ms, every: 100ms, latency: {on: payment, add: 1ms}}"})
	slowed(t, often, Options{}, slow{fault: 250 * time.Millisecond}, func(t *testing.T, p *Player) {
		p.Seek(10 * second)
		seen := map[float64]bool{}
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			seen[p.Frame().Progress] = true
		}
		if f := p.Frame(); len(seen) < 3 || f.Progress >= 0.1 {
			t.Errorf("after %v of the way there were %d frames that differ", f.Progress, len(seen))
		}
	})
}

// However long it takes to make what is shown, of the run and of its twin: the runs go on
// for many times as long before the next of it.
func TestFramesTakeLittleOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := builtin(t, "slow-dependency")
		p := New(s, Options{Speed: Max})
		p.Branch()
		for _, r := range p.runs() {
			r.system = sim.New(s.Plan, r.collector, r.watch, slow{sample: 10 * time.Millisecond, until: des.Never})
		}
		p.Play()
		p.main.cost, p.twin.cost = 50*time.Millisecond, 100*time.Millisecond
		began := time.Now()
		p.Advance()
		if went := time.Since(began); went < 10*150*time.Millisecond || went > 11*150*time.Millisecond {
			t.Errorf("the next frame comes after %v", went)
		}
	})
}

// A hand that wants a word waits for no more than a tick, however rare the frames are.
func TestAHandDoesNotWait(t *testing.T) {
	hands := map[string]func(p *Player){"pause": func(p *Player) { p.Pause() }, "report": func(p *Player) { p.Report() }, "playing": func(p *Player) { p.Playing() }}
	for what, hand := range hands {
		s := builtin(t, "slow-dependency")
		p := New(s, Options{Speed: Max, Period: time.Hour})
		permits := make(permitted)
		p.main.system = sim.New(s.Plan, p.main.collector, p.main.watch, permits)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan bool)
		go func() { p.Run(ctx); close(over) }()
		p.Play()
		for range 3 {
			permits <- true
		}
		done := make(chan bool)
		go func() { hand(p); close(done) }()
		for wants := true; wants && p.waiting.Load() == 0; {
			select {
			case <-done: // it came between two ticks
				wants = false
			case <-time.After(time.Millisecond):
			}
		}
		select {
		case permits <- true: // for the interval that it is in, and no other
		case <-done:
		}
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("%s: it waits for more than an interval", what)
		}
		stop()
		close(permits)
		<-over
	}
}

// An observer that is permitted is waited for at every sample.
type permitted chan bool

func (o permitted) Sample(*sim.Sample)        { <-o }
func (o permitted) Transition(sim.Transition) {}

// What an engine was late by is not made up for, and neither is the time of a seek.
func TestLostTimeIsLost(t *testing.T) {
	s := builtin(t, "slow-dependency")
	by := slow{sample: 500 * time.Millisecond, until: 10 * second}
	slowed(t, s, Options{Speed: 8}, by, func(t *testing.T, p *Player) {
		p.Play()
		for p.Frame().Now < by.until {
			time.Sleep(50 * time.Millisecond)
		}
		late := p.Frame().Now // so far it went two seconds a second, and has not made up for it
		if late > by.until+8*second/10 {
			t.Errorf("it comes to %v at once", late)
		}
		time.Sleep(time.Second)
		if by := p.Frame().Now - late; by < 7*second || by > 9*second {
			t.Errorf("from %v on it goes %v in a second at ×8", late, by)
		}
	})
	slowed(t, s, Options{Speed: 1}, by, func(t *testing.T, p *Player) {
		p.Play()
		p.Seek(10 * second)
		time.Sleep(5500 * time.Millisecond)
		if now := p.Frame().Now; now < 10*second+300_000_000 || now > 11*second {
			t.Errorf("half a second after it has arrived it is at %v", now)
		}
	})
	// It stands at whole ticks only, however short the frames are.
	slowed(t, s, Options{Speed: 1, Period: 7 * time.Millisecond}, slow{}, func(t *testing.T, p *Player) {
		p.Play()
		number := p.Frame().Number
		time.Sleep(333 * time.Millisecond)
		if by := p.Frame().Number - number; by != 3 {
			t.Errorf("%d frames of three ticks", by)
		}
		if f := p.Pause(); f.Now != 300*second/1000 {
			t.Errorf("it stands at %v", f.Now)
		}
	})
}

// At Max and on the way somewhere it does not wait for the next frame.
func TestAtMaxItDoesNotWait(t *testing.T) {
	slowed(t, builtin(t, "slow-dependency"), Options{Speed: Max}, slow{sample: 90 * time.Millisecond, until: des.Never}, func(t *testing.T, p *Player) {
		p.Play()
		time.Sleep(120 * 95 * time.Millisecond)
		if f := p.Frame(); f.State != AtEnd {
			t.Errorf("played, it is at %v", f.Now)
		}
	})
	slowed(t, builtin(t, "slow-dependency"), Options{Speed: 1, Period: 10 * time.Millisecond}, slow{sample: 90 * time.Millisecond, until: des.Never}, func(t *testing.T, p *Player) {
		p.Seek(100 * second)
		time.Sleep(100 * 95 * time.Millisecond)
		if f := p.Frame(); f.Now != 100*second {
			t.Errorf("sought, it is at %v", f.Now)
		}
	})
}

// A hand is obeyed at once, however long it is to the next frame.
func TestAHandIsObeyedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(builtin(t, "slow-dependency"), Options{Speed: 1, Period: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		go p.Run(ctx)
		for k, hand := range []func(){func() { p.Play() }, func() { p.Seek(50 * second) }, func() { p.Skip(10 * second) }, func() { p.Step(-1) }} {
			hand()
			synctest.Wait()
			if want := []des.Time{0, 50 * second, 60 * second, 59 * second}[k]; p.Frame().Now != want {
				t.Errorf("after hand %d it is at %v, want %v", k, p.Frame().Now, want)
			}
		}
		stop()
		synctest.Wait()
	})
}

// A mark may be of an interval's end of which nothing was kept: it is not the one to go
// back to where that is to be shown.
func TestAMarkLiesBeforeWhatIsShown(t *testing.T) {
	s := builtin(t, "slow-dependency")
	p := New(s, Options{})
	p.main.runUntil(20*second, false, false)
	p.main.marks = marks{}
	p.main.marks.worked(p.main, time.Hour)
	if m := p.main.marks.before(21 * second); m == nil || m.at != 20*second {
		t.Fatalf("the mark is %+v", m)
	}
	for _, at := range []des.Time{30 * second, 20*second + 300_000_000, 30 * second, 20 * second, 30 * second, 21 * second} {
		p.Seek(at)
		shows(t, fmt.Sprint("at ", at), s, arrive(p))
	}
}

// Where the engine panics the run ends, with a word about it, and what was there is shown.
func TestAPanicOfTheEngine(t *testing.T) {
	s := builtin(t, "slow-dependency")
	p := New(s, Options{})
	p.Branch()
	p.main.system = sim.New(s.Plan, p.main.collector, p.main.watch, panicky{})
	p.Seek(20 * second)
	f := arrive(p)
	if f.State != AtEnd || f.Run.Err == nil || !strings.Contains(f.Run.Err.Error(), "ink spilt") || f.Now > 5*second || f.Run.Report == nil {
		t.Errorf("it is %v at %v: %v", f.State, f.Now, f.Run.Err)
	}
	if r, err := p.Report(); err != f.Run.Err || r != f.Run.Report {
		t.Errorf("the report: %v, %v", r, err)
	}
	p.Seek(3 * second) // another engine comes there, and goes on
	if f := arrive(p); f.Now != 3*second || f.Run.Err != nil {
		t.Errorf("gone back, it is %v at %v: %v", f.State, f.Now, f.Run.Err)
	}
	p.Seek(20 * second)
	shows(t, "gone back, and on", s, arrive(p))
	p.Begin(s)
	p.Seek(20 * second)
	shows(t, "begun anew", s, arrive(p))
}

// What is the case at an instant: faults in force, instances that there are, and those that
// are down.
func TestWhatIsTheCase(t *testing.T) {
	crash := builtin(t, "crash-restart")
	p := New(crash, Options{})
	fault := &crash.Plan.Faults[0]
	for _, row := range []struct {
		at     des.Time
		active bool
	}{{fault.From - second, false}, {fault.From + second, true}, {fault.Until + second, false}, {fault.From + second, true}} {
		p.Seek(row.at)
		f := arrive(p)
		down := 0
		for _, n := range f.Run.Down {
			down += n
		}
		if f.Run.Active[0] != row.active || (down > 0) != row.active {
			t.Errorf("at %v the crash is in force: %v, and %d instances are down", row.at, f.Run.Active[0], down)
		}
	}

	scaled := builtin(t, "slow-dependency", scenarios.Override{Path: "services.payment.autoscale", Value: "{min: 1, max: 6, target: 60%, every: 5s, delay: 5s, cooldown: 10s}"}, scenarios.Override{Path: "services.payment.instances", Value: "4"}, scenarios.Override{Path: "warmup", Value: "0s"})
	p = New(scaled, Options{})
	payment, removed := 2, false
	for at := 10 * second; at <= scaled.Plan.Duration; at += 10 * second {
		p.Seek(at)
		f := arrive(p)
		a := f.Run.Report.Services[payment].Autoscale
		if want := 4 + int(a.Added) - int(a.Removed); f.Run.Instances[payment] != want {
			t.Errorf("at %v there are %d instances, want %d", f.Now, f.Run.Instances[payment], want)
		}
		removed = removed || a.Removed > 0
	}
	if !removed {
		t.Error("none was ever taken away: it shows nothing")
	}

	w := newWatch(crash.Plan, second)
	w.Transition(sim.Transition{Kind: sim.BreakerChanged, Instance: 2, To: topology.StateOpen})
	if want := []topology.BreakerState{topology.StateClosed, topology.StateClosed, topology.StateOpen}; !slices.Equal(w.breakers[0], want) {
		t.Errorf("with the third caller's breaker open they are %v", w.breakers[0])
	}
}

type panicky struct{}

func (panicky) Transition(sim.Transition) {}
func (panicky) Sample(s *sim.Sample) {
	if s.To == 5*second {
		panic("ink spilt")
	}
}

// inject is a fault that a hand injects.
var inject = scenarios.Override{Path: "faults.1", Value: "{name: by-hand, at: 40s, for: 20s, errors: {on: payment, rate: 50%}}"}

func TestAmendIsTheScenarioThatSaysSo(t *testing.T) {
	s, amended := builtin(t, "slow-dependency"), builtin(t, "slow-dependency", inject)
	p := New(s, Options{})
	p.Seek(40 * second)
	before := arrive(p)
	p.Amend(amended)
	// On the way there again it shows what it showed.
	if f := p.Frame(); f.State != Seeking || f.Now != before.Now || f.Run.Report != before.Run.Report {
		t.Errorf("meanwhile it shows %v, %v", f.State, f.Now)
	}
	f := arrive(p)
	if f.Now != before.Now || f.Run.Report.Events != before.Run.Report.Events || f.Run.Report.Fingerprint != before.Run.Report.Fingerprint {
		t.Errorf("the past is another one: %d events, were %d", f.Run.Report.Events, before.Run.Report.Events)
	}
	p.Seek(45 * second)
	if f := arrive(p); !f.Run.Active[1] {
		t.Error("the fault is not in force")
	}
	p.Seek(120 * second)
	if got := written(t, arrive(p).Run.Report); got != headless(t, amended, 120*second) || got == headless(t, s, 120*second) {
		t.Error("the end is not that of the scenario that says so")
	}
	// What was injected is part of the run from then on, whichever way one comes to it.
	p.Seek(30 * second)
	arrive(p)
	p.Seek(50 * second)
	if got := written(t, arrive(p).Run.Report); got != headless(t, amended, 50*second) {
		t.Error("gone back and forth, it is another run")
	}
}

func TestBranchKeepsTheTwin(t *testing.T) {
	s, amended := builtin(t, "slow-dependency"), builtin(t, "slow-dependency", inject)
	p := New(s, Options{})
	p.Seek(40 * second)
	arrive(p)
	p.Branch()
	if f := p.Frame(); f.Twin == nil || f.Branched != 40*second || written(t, f.Twin.Report) != written(t, f.Run.Report) {
		t.Fatal("the twin is not the run at its beginning")
	}
	p.Amend(amended)
	arrive(p)
	for _, at := range []des.Time{60 * second, 35 * second, 90 * second, 120 * second} {
		p.Seek(at)
		f := arrive(p)
		if written(t, f.Run.Report) != headless(t, amended, at) || written(t, f.Twin.Report) != headless(t, s, at) {
			t.Errorf("at %v the two are not what each is alone", at)
		}
		if f.Run.At != f.Twin.At {
			t.Errorf("at %v they are at %v and %v", at, f.Run.At, f.Twin.At)
		}
	}
	if d := p.Frame().Difference; d.From != 40*second || d.To != 120*second || d.Goodput[0] >= d.Goodput[1] {
		t.Errorf("half of the payments fail, and the difference is %+v", d)
	}
	p.Unbranch()
	if p.Frame().Twin != nil {
		t.Error("the twin is there still")
	}
	// On the way somewhere it is from there on that they may differ, and that it will play.
	p.Play()
	p.Seek(70 * second)
	if f := p.Frame(); f.State != Seeking || !p.Playing() {
		t.Errorf("%v; it will play: %v", f.State, p.Playing())
	}
	if p.Branch(); p.Frame().State != Seeking || p.Frame().Branched != 70*second {
		t.Errorf("on the way to 70s it is branched at %v", p.Frame().Branched)
	}
}

func TestBeginAgain(t *testing.T) {
	s := builtin(t, "slow-dependency")
	p := New(s, Options{Period: time.Nanosecond})
	p.Seek(40 * second)
	arrive(p)
	p.Branch()
	p.Seek(100 * second)
	before := p.Frame()
	if before.Progress != 0 || before.Goal != 100*second || before.State != Seeking {
		t.Errorf("at its beginning a seek is %v, %v to %v", before.State, before.Progress, before.Goal)
	}
	p.main.cost, p.twin.cost = 0, 0 // a report that took long gives it longer, and it might come there at once
	p.Advance()
	if f := p.Frame(); f.Progress != float64(p.now()-40*second)/float64(60*second) || f.Progress <= 0 {
		t.Errorf("at %v it is %v of the way", p.now(), f.Progress)
	}
	p.Begin(s)
	if f := p.Frame(); f.Now != 0 || f.State != Paused || f.Twin != nil || f.Run.At != 0 {
		t.Errorf("begun again, it is %v at %v", f.State, f.Now)
	}
	p.Advance()
	if f := p.Frame(); f.Now != 0 {
		t.Errorf("it goes on by itself, to %v", f.Now)
	}
}

// Run and twin may have come apart: what is done to one while the other waits brings both
// to where the hand goes.
func TestTheTwinComesAlong(t *testing.T) {
	s, amended := builtin(t, "slow-dependency"), builtin(t, "slow-dependency", inject)
	p := New(amended, Options{})
	p.Seek(60 * second)
	arrive(p)
	p.Branch()
	p.Amend(s) // begins anew, and the twin does not
	p.Seek(45 * second)
	f := arrive(p)
	if f.Now != 45*second || f.Twin.At != 45*second || written(t, f.Twin.Report) != headless(t, amended, 45*second) || written(t, f.Run.Report) != headless(t, s, 45*second) {
		t.Errorf("the run is at %v, the twin at %v", f.Run.At, f.Twin.At)
	}
	// The one that is behind stands still where the other one did.
	p.twin.runUntil(45*second+300_000_000, false, false)
	p.main.runUntil(45*second+100_000_000, false, false)
	p.Seek(45*second + 200_000_000)
	if f := arrive(p); f.Run.At != 45*second || f.Twin.At != 45*second || f.Twin.Last.To != 45*second {
		t.Errorf("the run shows %v, the twin %v", f.Run.At, f.Twin.At)
	}
	// What the twin has passed unseen it passes again, when the run begins anew.
	p.SetSpeed(Max)
	p.Play()
	for _, r := range p.runs() {
		r.runUntil(49*second, false, false)
	}
	p.Amend(s)
	p.Pause()
	if f := arrive(p); f.Run.At != 49*second || f.Twin.At != 49*second {
		t.Errorf("the run shows %v, the twin %v", f.Run.At, f.Twin.At)
	}
	// They differ since before they were branched.
	p.Seek(40 * second)
	p.Amend(s)
	p.Seek(50 * second)
	if f := arrive(p); f.Branched != 40*second || f.Difference.From != 40*second || f.Difference.Goodput[0] <= f.Difference.Goodput[1] {
		t.Errorf("branched at %v; the difference is %+v", f.Branched, f.Difference)
	}
}

func TestAFrameDoesNotChange(t *testing.T) {
	p := New(builtin(t, "dead-dependency-breaker"), Options{})
	p.Seek(45 * second)
	f := arrive(p)
	all := func() string {
		return fmt.Sprintf("%s%+v%v%v%v%v", written(t, f.Run.Report), f.Run.Last.Services, f.Run.Active, f.Run.Breakers, f.Run.Down, f.Run.Instances)
	}
	before := all()
	if !strings.Contains(fmt.Sprint(f.Run.Breakers), fmt.Sprint(topology.StateOpen)) {
		t.Fatalf("no breaker is open: %v", f.Run.Breakers)
	}
	p.Step(1)
	arrive(p)
	p.Seek(120 * second)
	arrive(p)
	if all() != before {
		t.Error("a frame has changed after it was handed out")
	}
}

// In a bubble of package synctest the clock moves only while all wait: what the pace
// comes to is exact.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(builtin(t, "slow-dependency"), Options{Speed: 5})
		ctx, stop := context.WithCancel(t.Context())
		go p.Run(ctx)
		at := func(what string, want des.Time) {
			t.Helper()
			time.Sleep(time.Millisecond) // the frame of this instant is out
			if now := p.Frame().Now; now != want {
				t.Errorf("%s: at %v, want %v", what, now, want)
			}
			time.Sleep(-time.Millisecond + 100*time.Millisecond)
		}
		time.Sleep(time.Second)
		at("not playing yet", 0)
		p.Play()
		time.Sleep(2 * time.Second)
		at("two seconds at ×5", 10*second)
		p.Pause()
		stood := p.Frame().Now
		time.Sleep(time.Minute)
		at("paused", stood)
		p.SetSpeed(20)
		p.Play()
		time.Sleep(time.Second)
		at("a second at ×20", stood+20*second)
		p.SetSpeed(Max)
		time.Sleep(time.Second)
		at("max", 120*second)
		if s := p.Frame().State; s != AtEnd {
			t.Errorf("at the end it is %v", s)
		}
		p.Seek(30 * second)
		time.Sleep(time.Second)
		at("back from the end it stands", 30*second)
		stop()
		synctest.Wait()
	})
}

func TestSpeeds(t *testing.T) {
	var up []string
	for s := Speed(0.1); ; s = s.Faster() {
		up = append(up, s.String())
		if s == Max {
			break
		}
	}
	for i, s := len(up)-1, Max; i >= 0; i, s = i-1, s.Slower() {
		if s.String() != up[i] {
			t.Errorf("down from the top it is %v where it was %v on the way up", s, up[i])
		}
	}
	if Max.Faster() != Max || Speed(0.1).Slower() != 0.1 || Speed(3).Faster() != 5 || Speed(3).Slower() != 2 {
		t.Error("wrong at the ends, or between")
	}
}

func TestUsualSpeed(t *testing.T) {
	for _, row := range []struct {
		duration time.Duration
		usual    Speed
	}{
		{2 * time.Minute, 5},
		{5 * time.Minute, 5},
		{5*time.Minute + 1, 10},
		{30 * time.Minute, 50},
		{16 * time.Hour, 1000},
		{120 * time.Hour, 1000},
	} {
		if s := Usual(des.Time(row.duration)); s != row.usual {
			t.Errorf("%v begin at %v, want %v", row.duration, s, row.usual)
		}
	}
}

// TestWhatEndsNowIsOver, as the story says and the list of what can be healed, though the
// engine has yet to do what is due at the instant where it stands.
func TestWhatEndsNowIsOver(t *testing.T) {
	for _, row := range []struct {
		when   string
		at     time.Duration
		active bool
	}{
		{"at: 30s, for: 30s", 30 * time.Second, false},
		{"at: 30s, for: 30s", 31 * time.Second, true},
		{"at: 30s, for: 30s", 60 * time.Second, false},
		{"at: 30s, for: 90s", 120 * time.Second, true}, // to the end
		{"at: 10s, for: 5s, every: 20s", 34 * time.Second, true},
		{"at: 10s, for: 5s, every: 20s", 35 * time.Second, false},
	} {
		p := New(builtin(t, "slow-dependency", scenarios.Override{Path: "faults", Value: "[{name: f, latency: {on: payment, add: 500ms}, " + row.when + "}]"}, scenarios.Override{Path: "expect", Value: "[]"}), Options{Speed: 1})
		p.Seek(des.Time(row.at))
		if f := arrive(p); f.Now != des.Time(row.at) || f.Run.Active[0] != row.active {
			t.Errorf("%s at %v: in force %v, want %v", row.when, f.Now, f.Run.Active[0], row.active)
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	r := newRun(builtin(t, "slow-dependency"))
	for k := range 2000 {
		r.system.RunUntil(des.Time(k+1) * 50_000_000)
		r.marks.cost = 0 // however slow the machine is
		r.marks.worked(r, patience)
		if n := len(r.marks.list); n > mostMarks {
			t.Fatalf("%d marks", n)
		}
		if k > 5 {
			for _, at := range []des.Time{r.system.Now() / 4, r.system.Now() / 2, r.system.Now()} { // they lie all along the way
				if m := r.marks.before(at); at > second && (m == nil || at-m.at > r.system.Now()/8+second) {
					t.Fatalf("at %v the last mark before %v is %+v", r.system.Now(), at, m)
				}
			}
		}
	}
	if r.marks.apart < 16*patience {
		t.Errorf("after 2000 copies they are made every %v", r.marks.apart)
	}
	n := len(r.marks.list)
	r.marks.worked(r, time.Hour)
	r.marks.worked(r, time.Hour)
	if len(r.marks.list) > n+1 {
		t.Error("two marks of one instant")
	}
	if m := r.marks.before(1); m != nil {
		t.Errorf("a mark at %v before the first", m.at)
	}
}

// Copies of a run that is large are few, and those that take long are far apart.
func TestMarksOfALargeRun(t *testing.T) {
	r := newRun(builtin(t, "slow-dependency"))
	step := func(took time.Duration) int {
		r.system.RunUntil(r.system.Now() + second/2)
		r.marks.worked(r, took)
		return len(r.marks.list)
	}
	for range 20 {
		step(time.Hour)
		last := &r.marks.list[len(r.marks.list)-1]
		past := r.collector.Past()
		if want := r.system.Footprint() + 2*(r.collector.Footprint()-past); last.size != want || last.past != past || (past == 0) != (r.system.Now() < second) {
			t.Fatalf("a mark counts as %d bytes and %d that are shared, want %d and %d", last.size, last.past, want, past)
		}
		last.size, last.past = mostBytes/3-1000, 3000
		if r.marks.bytes() > mostBytes {
			t.Fatalf("%d marks of %d bytes", len(r.marks.list), r.marks.bytes())
		}
	}
	if n := len(r.marks.list); n < 2 || n > 3 {
		t.Errorf("%d marks", n)
	}
	// What is shared counts once for all between which the run did not go back.
	r.marks = marks{list: []mark{{size: 1, past: 100}, {size: 1, past: 200}, {size: 1, past: 300, line: 1}, {size: 1, past: 400, line: 1}}}
	if n := r.marks.bytes(); n != 4+200+400 {
		t.Errorf("the marks count as %d bytes", n)
	}
	r.marks = marks{cost: time.Minute}
	if step(19*time.Minute) > 0 || step(2*time.Minute) != 1 || r.marks.cost <= 0 || r.marks.cost > 30*time.Second {
		t.Errorf("%d marks where one takes a minute, and %v", len(r.marks.list), r.marks.cost)
	}
}

// Copies share the past: they are made where no point of the timeline is under way, in which
// there would be some to copy; and after the run went back it is another memory.
func TestMarksShareThePast(t *testing.T) {
	r := newRun(builtin(t, "slow-dependency", scenarios.Override{Path: "interval", Value: "2ms"}))
	point := r.collector.Point()
	const interval = 2 * second / 1000
	for r.system.Now() < second {
		r.marks.since = time.Hour
		r.runUntil(r.system.Now()+interval, true, true)
	}
	if point != 6*interval || len(r.marks.list) < mostMarks/2 {
		t.Fatalf("%d marks, where points are of %v", len(r.marks.list), point)
	}
	for _, m := range r.marks.list {
		if m.at%point != 0 || m.past == 0 || m.line != 0 {
			t.Fatalf("a mark at %v is of line %d, and shares %d bytes", m.at, m.line, m.past)
		}
	}
	at := second - second%point
	r.back(at)
	if r.marks.line != 1 || r.marks.copy().line != 2 {
		t.Errorf("gone back, it goes on with line %d", r.marks.line)
	}
	// A report that was told within a point has a copy of its own.
	for until, copies := range map[des.Time]int{at + 2*point - interval: 1, at + 4*point: 0} {
		r := r.copy()
		r.runUntil(until, true, true)
		r.runUntil(until+interval, false, false)
		r.runUntil(until-until%point+point, false, false)
		own, past := r.footprint()
		if want := r.system.Footprint() + 2*(r.collector.Footprint()-past) + copies*past; own != want || past == 0 || r.told.End != until {
			t.Errorf("at %v, told at %v, a copy takes %d bytes, want %d", r.system.Now(), r.told.End, own, want)
		}
	}
}

// Whatever hands do, at whatever moment: every frame is of one instant of the run that it
// is of, and of the same instant of the twin; and where they go they arrive.
func TestRandomHands(t *testing.T) {
	rounds := uint64(20)
	if testing.Short() {
		rounds = 8
	}
	randomHands(t, "1s", rounds)
}

// So it is where the points of the timeline are of two intervals.
func TestRandomHandsOnALongRun(t *testing.T) { randomHands(t, "4ms", 2) }

func randomHands(t *testing.T, interval string, rounds uint64) {
	const name = "slow-dependency"
	faults := []scenarios.Override{
		{Path: "faults.1", Value: "{name: a, at: 10s, for: 5s, errors: {on: payment, rate: 50%}}"},
		{Path: "faults.2", Value: "{name: b, at: 22.3s, for: 9s, slow: {on: gateway, factor: 3}}"},
		{Path: "faults.3", Value: "{name: c, at: 30s, crash: {on: payment}}"},
		{Path: "duration", Value: "40.25s"},
		{Path: "expect", Value: "[]"},
		{Path: "interval", Value: interval},
		{Path: "warmup", Value: "10.55s"}, // where a sample ends
	}
	var all []Scenario // each has one more fault than the one before, all of them later
	for n := range 4 {
		all = append(all, builtin(t, name, append(faults[:n:n], faults[3:]...)...))
	}
	said := map[string]string{}
	alone := func(s Scenario, at des.Time) string {
		key := fmt.Sprint(len(s.Plan.Faults), at)
		if said[key] == "" {
			said[key] = headless(t, s, at)
		}
		return said[key]
	}
	each := all[0].Plan.Interval
	// Of a long run it would take too long to hold all that each frame says.
	same := func(r *Run, at des.Time) bool {
		tl := &r.Report.Timeline
		n := len(tl.Starts) - 1
		if n >= 0 && (r.Last.From != tl.Starts[n] || r.Last.To != at || r.Last.Sources[0].Offered != tl.Sources[0].Offered[n]) {
			return false
		}
		return r.At == at && (each < second || written(t, r.Report) == alone(r.Scenario, at))
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(seed, 1))
		p := New(all[0], Options{Period: time.Nanosecond, Speed: Max})
		now, twin := 0, -1 // which of all
		var trail []string
		check := func() {
			f := p.Frame()
			at := f.Now - f.Now%each
			if f.Now == p.main.end() {
				at = f.Now
			}
			if !same(&f.Run, at) {
				t.Fatalf("seed %d: %v: at %v it shows %v", seed, trail, f.Now, f.Run.At)
			}
			if (f.Twin != nil) != (twin >= 0) {
				t.Fatalf("seed %d: %v: the twin is %v", seed, trail, f.Twin)
			}
			if f.Twin != nil && !same(f.Twin, at) {
				t.Fatalf("seed %d: %v: at %v the twin shows %v", seed, trail, f.Now, f.Twin.At)
			}
		}
		for range 40 {
			do := ""
			switch heading := p.heading(); rng.IntN(10) {
			case 0, 1:
				to := des.Time(rng.IntN(420)) * second / 10
				do = fmt.Sprintf("seek %v", to)
				p.Seek(to)
			case 2:
				n := rng.IntN(5) - 2
				do = fmt.Sprintf("step %d", n)
				p.Step(n)
			case 3:
				do = "play"
				p.Play()
			case 4:
				do = "pause"
				p.Pause()
			case 5:
				if twin < 0 {
					do, twin = "branch", now
					p.Branch()
				} else {
					do, twin = "unbranch", -1
					p.Unbranch()
				}
			case 6: // a fault that is yet to come is added, or taken away
				to := (now + 1) % len(all)
				if f := all[max(now, to)].Plan.Faults; f[len(f)-1].From >= heading && to != 0 {
					do, now = fmt.Sprintf("amend to %d", to), to
					p.Amend(all[to])
				}
			case 7: // one that is over is taken away: back to it
				if now > 0 {
					f := all[now].Plan.Faults
					at := f[len(f)-1].From
					now--
					do = fmt.Sprintf("back to %v, amend to %d", at, now)
					if at < heading {
						p.Seek(at)
					}
					p.Amend(all[now])
				}
			case 8:
				do = "mark"
				if m := &p.main.marks; p.main.system.Now()%each == 0 && !p.main.done() {
					m.worked(p.main, time.Hour)
				}
			case 9:
				do = "rest"
				arrive(p)
			}
			trail = append(trail, do)
			check()
			for range rng.IntN(4) {
				p.Advance()
				check()
			}
		}
		p.Pause()
		if f := arrive(p); len(f.Run.Plan.Faults) != now+1 || twin >= 0 && len(f.Twin.Plan.Faults) != twin+1 {
			t.Fatalf("seed %d: %v: it is another scenario", seed, trail)
		}
		check()
		if got := standing(t, p); got != alone(all[now], p.now()) {
			t.Fatalf("seed %d: %v: at %v the report is another", seed, trail, p.now())
		}
	}
}

// TestManual: what SCREEN.md says of the copies that are kept to go back to.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../SCREEN.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(manual)), " ")
	for _, want := range []string{
		fmt.Sprintf("There are at most %d of them, with %d MB together", mostMarks, mostBytes>>20),
		fmt.Sprintf("it took %d ms to get here from the one before, or %s times as long as a copy takes", patience.Milliseconds(), map[int]string{20: "twenty"}[mostShare]),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("SCREEN.md does not say %q", want)
		}
	}
}
