package tui

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
)

// A slate is what tview draws on in place of the screen, which is begun already. tview
// wipes all of it before it draws a frame, and a tcell screen (v2.13) sends to the
// terminal whatever was written since, be it what has stood there all the time: eight
// kilobytes a frame at 120 columns and 40 lines. A slate hands on what is different.
type slate struct {
	tcell.Screen
	cells tcell.CellBuffer
	shown [2]int // columns and lines of the screen when it was written on last

	ended func() bool // the screen is not to be entered again
	fail  func(error) // has it end, since it cannot be entered
	away  bool        // it is left for a while

	leaving atomic.Bool
	deaf    chan struct{} // has a value when the terminal is not read from any more
}

func newSlate(s tcell.Screen, ended func() bool, fail func(error)) *slate {
	return &slate{Screen: s, ended: ended, fail: fail, deaf: make(chan struct{}, 1)}
}

// Init does nothing more.
func (s *slate) Init() error { return nil }

// Clear begins a frame, of the size that the screen has now.
func (s *slate) Clear() { s.Fill(' ', tcell.StyleDefault) }

// Fill is Clear with something else than spaces.
func (s *slate) Fill(r rune, style tcell.Style) {
	s.cells.Resize(s.Size())
	s.cells.Fill(r, style)
}

// SetContent writes a cell of the frame.
func (s *slate) SetContent(x, y int, r rune, more []rune, style tcell.Style) {
	s.cells.SetContent(x, y, r, more, style)
}

// SetCell writes a cell of the frame.
func (s *slate) SetCell(x, y int, style tcell.Style, runes ...rune) {
	s.cells.Put(x, y, string(runes)+" ", style)
}

// Put writes the first letter of a text into the frame, and returns the rest of it.
func (s *slate) Put(x, y int, text string, style tcell.Style) (rest string, width int) {
	return s.cells.Put(x, y, text, style)
}

// PutStrStyled writes a line into the frame.
func (s *slate) PutStrStyled(x, y int, text string, style tcell.Style) {
	for width := 1; text != "" && width > 0; x += width {
		text, width = s.cells.Put(x, y, text, style)
	}
}

// PutStr writes a line into the frame.
func (s *slate) PutStr(x, y int, text string) { s.PutStrStyled(x, y, text, tcell.StyleDefault) }

// Get is a cell of the frame.
func (s *slate) Get(x, y int) (text string, style tcell.Style, width int) { return s.cells.Get(x, y) }

// GetContent is a cell of the frame.
func (s *slate) GetContent(x, y int) (rune, []rune, tcell.Style, int) {
	return s.cells.GetContent(x, y)
}

// Show shows the frame. Neither it nor Sync does so while the screen is left: tcell (v2.13)
// would look for its cells for ever.
func (s *slate) Show() {
	if !s.away {
		s.handOn()
		s.Screen.Show()
	}
}

// Sync shows the frame, and all of it is sent.
func (s *slate) Sync() {
	if !s.away {
		s.handOn()
		s.Screen.Sync()
	}
}

// PollEvent waits for the next event.
func (s *slate) PollEvent() tcell.Event {
	for {
		if e := s.Screen.PollEvent(); s.heard(e) {
			return e
		}
	}
}

// heard notes that nothing is read from the terminal any more, and says whether the event
// is for who asks for events: while the screen is being left such an error is ours.
func (s *slate) heard(e tcell.Event) bool {
	if _, failed := e.(*tcell.EventError); !failed {
		return true
	}
	ours := s.leaving.Load() // asked first: who waits for the word below may be done with leaving at once
	select {
	case s.deaf <- struct{}{}:
	default:
	}
	return !ours
}

// Suspend leaves the screen for a while. tcell (v2.13) waits there for its goroutines, and
// they for room in their queues; tview, which empties those, waits for the screen. So where
// keys come faster than they are taken, as from a paste without brackets, nobody would ever
// go on. Here no more of them are read, and those on the way are thrown away.
func (s *slate) Suspend() error {
	if s.away {
		return nil
	}
	s.away = true
	s.leaving.Store(true)
	defer s.leaving.Store(false)
	events, over := make(chan tcell.Event), make(chan struct{})
	go s.Screen.ChannelEvents(events, over)
	var drained sync.WaitGroup
	drained.Go(func() {
		for e := range events {
			s.heard(e)
		}
	})
	if terminal, ok := s.Screen.Tty(); ok && terminal.Drain() == nil {
		select {
		case <-s.deaf:
		case <-time.After(time.Second): // it must be left all the same
		}
	}
	err := s.Screen.Suspend()
	close(over)
	drained.Wait()
	return err
}

// Resume enters the screen again, unless it ended while it was left. Then others have the
// terminal, and who takes it from them in the background is stopped until he may (POSIX:
// SIGTTOU), instead of ending.
func (s *slate) Resume() error {
	if s.ended() {
		return nil
	}
	err := s.Screen.Resume()
	if err != nil {
		s.fail(err)
		return err
	}
	s.away = false
	return nil
}

// Fini leaves the screen, for good.
func (s *slate) Fini() {
	s.Suspend()
	s.leaving.Store(true)
	s.Screen.Fini()
}

// handOn writes on the screen what is not there yet. Of a screen that has grown nobody
// knows what is on the new part until all of it was written once.
func (s *slate) handOn() {
	w, h := s.cells.Size()
	if shown := [2]int{w, h}; s.shown != shown {
		s.Screen.Clear()
		s.shown = shown
	}
	for y := range h {
		for x := range w {
			text, style, _ := s.cells.Get(x, y)
			if there, as, _ := s.Screen.Get(x, y); there != text || as != style {
				s.Screen.Put(x, y, text, style)
			}
		}
	}
}
