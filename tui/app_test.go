package tui

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/des"
	"cascade/tui/player"
	"cascade/tui/shot"
)

// A watched screen remembers what was shown last, for a test to read while the screen is
// drawn on.
type watched struct {
	tcell.SimulationScreen
	blind bool // nothing is remembered but that something was shown

	mu    sync.Mutex
	text  string
	shown int
	ended int
	asked []string // what else it was asked for
}

func (w *watched) ask(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
}

func (w *watched) EnableMouse(...tcell.MouseFlags) { w.ask("mouse") }
func (w *watched) DisableMouse()                   { w.ask("no mouse") }
func (w *watched) EnablePaste()                    { w.ask("paste") }
func (w *watched) SetClipboard(text []byte)        { w.ask("copy " + string(text)) }
func (w *watched) Suspend() error                  { w.ask("suspend"); return w.SimulationScreen.Suspend() }
func (w *watched) Resume() error                   { w.ask("resume"); return w.SimulationScreen.Resume() }
func (w *watched) Sync()                           { w.SimulationScreen.Sync(); w.ask("sync") }

func (w *watched) Show() {
	w.SimulationScreen.Show()
	text := ""
	if !w.blind {
		text = shot.Take(w.SimulationScreen).Text()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = text
	w.shown++
}

func (w *watched) Fini() {
	w.SimulationScreen.Fini()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended++
}

func (w *watched) look() (text string, shown, ended int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text, w.shown, w.ended
}

// A sitting is a person at the screen.
type sitting struct {
	t      testing.TB
	screen *watched
	player *player.Player
	stop   context.CancelFunc
	over   chan error
}

// patience is how long a test waits before it calls the screen frozen.
const patience = 60 * time.Second

func sit(t testing.TB, s player.Scenario, at size, o Options, e Editor, po player.Options) *sitting {
	t.Helper()
	return sitBefore(t, &watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}, s, at, o, e, po)
}

func sitBefore(t testing.TB, screen *watched, s player.Scenario, at size, o Options, e Editor, po player.Options) *sitting {
	t.Helper()
	p := player.New(s, po)
	ctx, stop := context.WithCancel(context.Background())
	o.Screen = screen
	if o.Theme == "" {
		o.Theme = Dark
	}
	sit := &sitting{t: t, screen: screen, player: p, stop: stop, over: make(chan error, 1)}
	go func() { sit.over <- Run(ctx, p, e, o) }()
	sit.until("the first frame", func(string) bool { return true })
	screen.SetSize(at.w, at.h)
	t.Cleanup(func() {
		stop()
		sit.end()
	})
	return sit
}

// until waits for what is on the screen to be as wanted.
func (s *sitting) until(what string, wanted func(text string) bool) string {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(2 * time.Millisecond) {
		if text, shown, _ := s.screen.look(); shown > 0 && wanted(text) {
			return text
		}
	}
	text, _, _ := s.screen.look()
	s.t.Fatalf("%s: it never came; the screen:\n%s\n%s", what, text, stacks())
	return ""
}

func (s *sitting) sees(words string) string {
	s.t.Helper()
	return s.until(words, func(text string) bool { return strings.Contains(text, words) })
}

// keys presses keys, by their letters or by their names in angle brackets.
func (s *sitting) keys(keys ...any) {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			for _, r := range k {
				s.screen.InjectKey(tcell.KeyRune, r, tcell.ModNone)
			}
		case tcell.Key:
			s.screen.InjectKey(k, 0, tcell.ModNone)
		}
	}
}

// post hands in what is no key, once there is room for it.
func (s *sitting) post(e tcell.Event) {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(time.Millisecond) {
		if s.screen.PostEvent(e) == nil {
			return
		}
	}
	s.t.Fatalf("there is no room for %T\n%s", e, stacks())
}

// end waits for the screen to be left, and returns with what.
func (s *sitting) end() error {
	s.t.Helper()
	select {
	case err := <-s.over:
		s.over <- err
		if _, _, ended := s.screen.look(); ended == 0 {
			s.t.Error("the terminal was not restored")
		}
		return err
	case <-time.After(patience):
		s.t.Fatalf("it does not end\n%s", stacks())
		return nil
	}
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

func TestPlaysAndPauses(t *testing.T) {
	s := sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{}, nil, player.Options{Speed: 1, Period: 5 * time.Millisecond})
	s.sees("paused")
	s.keys(" ")
	s.sees("▶ ×1")
	s.keys("++++++++++")
	s.sees("at the end")
	s.keys(tcell.KeyLeft)
	s.sees("110.0s of 120s")
	s.keys("q")
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestEndsByItsContext(t *testing.T) {
	s := sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{}, nil, player.Options{Speed: player.Max, Period: time.Millisecond})
	s.keys(" ")
	s.sees("1")
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestCtrlCQuits(t *testing.T) {
	s := sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{}, nil, player.Options{Speed: 1})
	s.keys(tcell.KeyCtrlC)
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// A screen that cannot be begun says so, and one that fails leaves nobody waiting.
func TestAScreenThatFails(t *testing.T) {
	p := player.New(builtin(t, "slow-dependency"), player.Options{})
	bad := failing{tcell.NewSimulationScreen("no such letters")}
	if err := Run(t.Context(), p, nil, Options{Screen: bad, Theme: Dark}); err == nil {
		t.Error("no error")
	}
	s := sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{}, nil, player.Options{Speed: 1, Period: time.Millisecond})
	s.keys(" ")
	s.post(tcell.NewEventError(errors.New("the terminal is gone")))
	if err := s.end(); err == nil || !strings.Contains(err.Error(), "the terminal is gone") {
		t.Errorf("it ended with %v", err)
	}
}

type failing struct{ tcell.SimulationScreen }

func (failing) Init() error { return errors.New("no terminal here") }

// A panic while drawing leaves the terminal as it was found, and is told.
func TestAPanicRestoresTheTerminal(t *testing.T) {
	screen := &panicking{watched: watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}}
	p := player.New(builtin(t, "slow-dependency"), player.Options{Speed: 1, Period: time.Millisecond})
	p.Play()
	over := make(chan error, 1)
	go func() { over <- Run(context.Background(), p, nil, Options{Screen: screen, Theme: Dark}) }()
	select {
	case err := <-over:
		var bug *Panic
		if !errors.As(err, &bug) || bug.What != "ink spilt" || len(bug.Stack) == 0 {
			t.Errorf("it ended with %v", err)
		}
		if _, _, ended := screen.look(); ended == 0 {
			t.Error("the terminal was not restored")
		}
	case <-time.After(patience):
		t.Fatalf("it does not end\n%s", stacks())
	}
}

type panicking struct {
	watched
	shows int
}

func (p *panicking) Show() {
	if p.shows++; p.shows > 5 {
		panic("ink spilt")
	}
	p.watched.Show()
}

// The terminal may go away while the screen is left: then it ends, and nothing is shown.
func TestATerminalThatGoesAwayMeanwhile(t *testing.T) {
	screen := &locked{watched: watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}}
	p := player.New(builtin(t, "slow-dependency"), player.Options{Speed: 1, Period: time.Millisecond})
	p.Play()
	aside, over := make(chan func(), 1), make(chan error, 1)
	shown, did := 0, make(chan bool, 1)
	aside <- func() { _, shown, _ = screen.look(); did <- true }
	go func() { over <- Run(context.Background(), p, nil, Options{Screen: screen, Theme: Dark, Aside: aside}) }()
	select {
	case err := <-over:
		var event *tcell.EventError
		if !errors.As(err, &event) || err.Error() != "no way back" {
			t.Errorf("it ended with %v", err)
		}
		<-did
		if _, after, ended := screen.look(); after != shown || ended == 0 {
			t.Errorf("shown %d times, and then %d; ended: %v", shown, after, ended > 0)
		}
	case <-time.After(patience):
		t.Fatalf("it does not end\n%s", stacks())
	}
}

// A locked screen cannot be entered again.
type locked struct{ watched }

func (*locked) Resume() error { return errors.New("no way back") }

// The terminal may go away while a signal says so as well: nobody is left waiting for a
// screen that has ended by itself.
func TestATerminalThatGoesAwayAtASignal(t *testing.T) {
	scenario := builtin(t, "slow-dependency")
	for range 30 {
		ctx, stop := context.WithCancel(context.Background())
		screen := &leaving{watched: watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}, signal: stop}
		p := player.New(scenario, player.Options{Speed: 1000, Period: time.Microsecond})
		over := make(chan error, 1)
		go func() { over <- Run(ctx, p, nil, Options{Screen: screen, Theme: Dark}) }()
		go func() { // frames, one after the other
			for ctx.Err() == nil {
				p.SetSpeed(1)
			}
		}()
		for shown := 0; shown < 3; _, shown, _ = screen.look() {
			time.Sleep(time.Millisecond)
		}
		screen.PostEvent(tcell.NewEventError(errors.New("the terminal is gone")))
		select {
		case <-over:
		case <-time.After(patience):
			t.Fatalf("it does not end\n%s", stacks())
		}
		stop()
	}
}

// A leaving screen is ended by the one who shows it, and there is a signal then.
type leaving struct {
	watched
	signal func()
}

func (l *leaving) Fini() {
	l.signal()
	l.watched.Fini()
}

// Nothing is drawn while nothing changes, once what was under way has been drawn.
func TestAnUnchangedFrameDrawsNothing(t *testing.T) {
	s := sit(t, builtin(t, "slow-dependency"), size{120, 40}, Options{}, nil, player.Options{Speed: 10, Period: 5 * time.Millisecond})
	s.keys(" ")
	s.sees("3.")
	s.keys(" ")
	s.sees("paused")
	quiet := func() bool { // for forty frames
		_, before, _ := s.screen.look()
		time.Sleep(200 * time.Millisecond)
		_, after, _ := s.screen.look()
		return after == before
	}
	// A screen that draws what has not changed is never quiet; a busy machine may be late
	// with the last frames that had.
	for range 10 {
		if quiet() {
			return
		}
	}
	t.Error("paused, it goes on drawing")
}

// Ten thousand random keys and resizes: no panic, no hang, and at the end it still obeys.
func TestRandomKeys(t *testing.T) {
	keys := 10_000
	if raced || testing.Short() {
		keys = 1_000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	screen := &watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8"), blind: true}
	s := sitBefore(t, screen, builtin(t, "retry-storm"), size{120, 40}, Options{}, editorOf(t, "retry-storm"), player.Options{Speed: 100, Period: time.Millisecond})
	special := []tcell.Key{tcell.KeyEnter, tcell.KeyEscape, tcell.KeyTab, tcell.KeyBacktab, tcell.KeyUp, tcell.KeyDown, tcell.KeyLeft, tcell.KeyRight,
		tcell.KeyPgUp, tcell.KeyPgDn, tcell.KeyHome, tcell.KeyEnd, tcell.KeyBackspace2, tcell.KeyDelete, tcell.KeyCtrlL, tcell.KeyF1, tcell.KeyCtrlS, tcell.KeyCtrlU}
	var trail strings.Builder
	defer func() {
		if t.Failed() {
			text := trail.String()
			t.Log("the last keys: ", text[max(0, len(text)-500):])
		}
	}()
	for n := range keys {
		switch k := rng.IntN(100); {
		case k < 1:
			w, h := 20+rng.IntN(1+rng.IntN(200)), 5+rng.IntN(1+rng.IntN(60)) // few are large: they take long to draw
			fmt.Fprintf(&trail, "[%dx%d]", w, h)
			s.screen.SetSize(w, h)
		case k < 35:
			k := special[rng.IntN(len(special))]
			fmt.Fprintf(&trail, "<%s>", tcell.KeyNames[k])
			s.keys(k)
		default:
			r := rune(' ' + rng.IntN(95))
			if r == 'q' {
				continue // that one is obeyed at the end
			}
			trail.WriteRune(r)
			s.keys(string(r))
		}
		if n%100 == 0 { // it is not that keys pile up unread
			_, shown, _ := s.screen.look()
			s.screen.InjectKey(tcell.KeyCtrlL, 0, tcell.ModNone)
			s.until("a frame after a hundred keys", func(string) bool { _, now, _ := s.screen.look(); return now > shown })
		}
		select {
		case err := <-s.over:
			s.over <- err
			t.Fatalf("it ended after %d keys: %v", n, err)
		default:
		}
	}
	s.screen.SetSize(80, 24)
	s.keys(tcell.KeyEscape, tcell.KeyEscape, tcell.KeyEscape, tcell.KeyEscape, tcell.KeyCtrlC)
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// The player's frames keep coming while the screen is slow, and the newest wins.
func TestTheRunNeverWaitsForTheScreen(t *testing.T) {
	slow := &slowScreen{watched: watched{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}}
	p := player.New(builtin(t, "slow-dependency"), player.Options{Speed: player.Max, Period: time.Millisecond})
	p.Play()
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- Run(ctx, p, nil, Options{Screen: slow, Theme: Dark}) }()
	for began := time.Now(); p.Frame().Now < 120*des.Time(time.Second); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("the run has come to %v only", p.Frame().Now)
		}
	}
	if _, shown, _ := slow.look(); uint64(shown) > p.Frame().Number {
		t.Errorf("%d drawings of %d frames", shown, p.Frame().Number)
	}
	stop()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatalf("it does not end\n%s", stacks())
	}
}

type slowScreen struct{ watched }

func (s *slowScreen) Show() {
	time.Sleep(50 * time.Millisecond)
	s.watched.Show()
}

// What is pasted is text, and no keys: outside a form it does nothing.
func TestAPasteIsNoKeys(t *testing.T) {
	s := sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{}, nil, player.Options{Speed: 1})
	paste := func(text string) {
		s.post(tcell.NewEventPaste(true))
		s.keys(text)
		s.post(tcell.NewEventPaste(false))
	}
	paste("q")
	s.keys(":")
	paste("goto 7s")
	s.sees(":goto 7s")
	s.keys(tcell.KeyEnter)
	s.sees("7.0s of 120s")
}

// TestWhatTheTerminalIsAskedFor at the start, and by the keys that are its affair; what the
// options say is so.
func TestWhatTheTerminalIsAskedFor(t *testing.T) {
	var s *sitting
	asked := func() []string {
		s.screen.mu.Lock()
		defer s.screen.mu.Unlock()
		return slices.Clone(s.screen.asked)
	}
	slept := make(chan []string, 1)
	s = sit(t, builtin(t, "slow-dependency"), size{80, 24}, Options{Mouse: true, ASCII: true, Keys: Keys{"pause": {"p"}},
		Suspend: func() { slept <- asked() }}, nil, player.Options{Speed: 1})
	s.keys("p")
	s.sees("> x1")
	s.keys("p")
	s.sees("|| paused, x1")
	after := func(keys any, want ...string) {
		t.Helper()
		before := len(asked())
		s.keys(keys)
		s.until(fmt.Sprint(want, " asked for after ", keys), func(string) bool {
			now := asked()[before:]
			return len(now) >= len(want) && slices.EqualFunc(now[:len(want)], want, strings.HasPrefix)
		})
	}
	if all := asked(); !slices.Contains(all, "mouse") || !slices.Contains(all, "paste") || slices.Contains(all, "no mouse") {
		t.Errorf("at the start it asks for %q", all)
	}
	after("m", "no mouse")
	after("m", "mouse")
	after("y", "copy ")
	after(tcell.KeyCtrlL, "sync")
	after(tcell.KeyCtrlZ, "suspend", "resume")
	if all := <-slept; all[len(all)-1] != "suspend" {
		t.Errorf("it sleeps after %q", all)
	}
}
