package main

import (
	"context"
	"runtime/debug"
	"time"

	"cascade/tui"
	"cascade/tui/player"

	"github.com/gdamore/tcell/v2"
)

// A stage is the screen that the live screen is drawn on: the terminal, or one in memory.
type stage struct {
	tcell.Screen
	w, h  int // of one in memory; 0: it is the terminal
	begun chan struct{}
}

func onto(terminal tcell.Screen) *stage {
	return &stage{Screen: terminal, begun: make(chan struct{})}
}

func memory(w, h int) *stage {
	return &stage{Screen: tcell.NewSimulationScreen("UTF-8"), w: w, h: h, begun: make(chan struct{})}
}

// alone says that nobody sits there.
func (s *stage) alone() bool { return s.w > 0 }

// Init begins, and says so to whoever waits for it.
func (s *stage) Init() error {
	if err := s.Screen.Init(); err != nil {
		return err
	}
	if s.alone() {
		s.SetSize(s.w, s.h)
	}
	close(s.begun)
	return nil
}

// lastLook is how long one sees what the last key of a script has done.
const lastLook = 500 * time.Millisecond

// play plays a script from when the screen has begun. Where nobody sits it returns a
// little after the last key. The error is the script's, or a *tui.Panic.
func (s *stage) play(ctx context.Context, script *tui.Script, p *player.Player) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &tui.Panic{What: what, Stack: debug.Stack()}
		}
	}()
	select {
	case <-s.begun:
	case <-ctx.Done():
		return nil
	}
	if script == nil {
		return nil
	}
	err = script.Play(ctx, s.Screen, p.Frame, s.alone())
	if err == nil && s.alone() {
		select {
		case <-time.After(lastLook):
		case <-ctx.Done():
		}
	}
	return err
}
