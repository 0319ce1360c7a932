// Package tui is the live screen: an incident console in the terminal. It draws what a
// player's frames say and computes nothing; whatever a hand does on it becomes a change
// of the scenario that a file can say too.
//
// It leaves out time (package player), files and their format (it is handed an Editor),
// and exit codes.
//
//	header.go   what runs, how far it is, what is in force
//	console.go  the root: panes, keys, what lies over them
//	keys.go     the table of everything that a hand can do
//	look.go     themes, and the letters that lines and bars are made of
//	pen.go      drawing on a part of the screen
//	map.go      who calls whom
//	table.go    the tables of services, edges, queues and sources
//	charts.go   over time
//	story.go    what happened, in order
//	page.go     all about one thing
package tui

import (
	"context"
	"io"
	"sync"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/tui/player"
)

// Options of a screen.
type Options struct {
	Screen  tcell.Screen // to draw on; Run initialises it, and restores it
	Theme   Theme
	ASCII   bool
	Changes []Change // that the player's scenario has already

	// Save writes a file, whole or not at all. The error is a sentence for the hand.
	Save func(path string, fill func(io.Writer) error) error
}

// Run shows a player until the hand quits, or ctx is done. The player runs for as long.
func Run(ctx context.Context, p *player.Player, e Editor, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	app := tview.NewApplication()
	app.SetScreen(o.Screen)
	l := newLook(o.Theme, o.Screen.Colors(), o.ASCII)
	c := newConsole(p, e, l, o.Changes)
	c.stop = cancel
	app.SetRoot(c, true)

	var workers sync.WaitGroup
	workers.Go(func() { p.Run(ctx) })
	// The pump alone hands frames to the screen. It ends before the screen does, or its
	// last word would wait for ever.
	workers.Go(func() {
		for {
			select {
			case <-ctx.Done():
				app.QueueUpdate(func() {}) // what is under way has been drawn
				go app.Stop()
				return
			case <-p.Updates():
				f := p.Frame()
				app.QueueUpdateDraw(func() { c.frame = f })
			}
		}
	})
	err := app.Run()
	cancel()
	workers.Wait()
	return err
}
