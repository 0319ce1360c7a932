// Package tui is the live screen: an incident console in the terminal. It draws what a
// player's frames say and computes nothing; whatever a hand does on it becomes a change
// of the scenario that a file can say too.
//
// It leaves out time (package player), files and their format (it is handed an Editor),
// and exit codes.
//
//	header.go   what runs, how far it is, what is in force; footer.go: the keys that matter here
//	console.go  the root: keys, and what they do; mouse.go: what clicks do; panes.go: what is
//	            shown where
//	state.go    what all views share; view.go: what a view is
//	keys.go     the table of everything that a hand can do; keymap.go: other keys for it
//	look.go     themes, and the letters that lines and bars are made of
//	pen.go      drawing on a part of the screen; spark.go: numbers over time, in a line
//	slate.go    what the screen is sent: what has changed
//	map.go      who calls whom: in boxes (map_box.go), or as a tree (map_tree.go). Where
//	            the boxes stand: graph.go who asks whom, wiring.go layers, layout.go
//	            places, lines.go the ways of lines
//	table.go    a table, its rows (table_rows.go) and keys (table_keys.go); what stands in
//	            them: services.go, edges.go, queues.go, sources.go
//	charts.go   over time; chart_plot.go draws one, chart_axis.go the time below them
//	story.go    what happened, in order
//	page.go     all about one thing, in sections; page_*.go what they say of each kind of it
//	session.go  what hands have done to the scenario, to be done, taken back, begun anew
//	editor.go   who says what a hand does as a file says it
//	form.go     fields and a button; form_field.go: one of those; form_sheet.go: where they lie,
//	            and what they make as a file has it; form_list.go: what is found by typing;
//	            form_nearest.go: what may have been meant; form_parts.go: the keys of a mapping
//	inject.go   a fault; dial.go: what can be set; heal.go: the end of a fault
//	command.go  what can be typed; command_line.go: the line; filter.go, help.go, write.go: the
//	            other things to lie over the panes
//	script.go   keys that are pressed at times
package tui

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/tui/player"
)

// Options of a screen.
type Options struct {
	Screen  tcell.Screen // to draw on: Run begins it and ends it
	Theme   Theme
	ASCII   bool
	Mouse   bool     // taken at the start; otherwise the terminal's own selection works
	Keys    Keys     // in place of the usual ones
	Changes []Change // that the player's scenario has already

	// Save writes a file, whole or not at all; one that is there already only if it is to
	// be replaced, else the error is ErrExists. Any other error is a sentence for the hand.
	Save func(path string, replace bool, fill func(io.Writer) error) error
	// Suspend stops the process until it is woken up again; nil where there is no such
	// thing.
	Suspend func()
	// Aside has what is to be done while the screen is left, as somebody outside wants;
	// it comes back afterwards.
	Aside <-chan func()
}

// Run shows a player until the hand quits, or ctx is done. The player runs for as long.
// The screen is left as it was found, whatever happens. The error is the screen's, or a
// *Panic.
func Run(ctx context.Context, p *player.Player, e Editor, o Options) (err error) {
	if err := o.Screen.Init(); err != nil {
		return err
	}
	defer o.Screen.Fini()
	ctx, cancel := context.WithCancel(ctx)
	var gone error // the terminal is not there any more
	on := newSlate(o.Screen, func() bool { return ctx.Err() != nil }, func(why error) { gone = tcell.NewEventError(why); cancel() })
	app := tview.NewApplication().SetScreen(on).EnablePaste(true).EnableMouse(o.Mouse)
	c := newConsole(p, e, newLook(o.Theme, o.Screen.Colors(), o.ASCII), o.Changes, o.Keys)
	c.mouse = o.Mouse
	c.out = outside{
		quit: cancel, save: o.Save, repaint: on.Sync,
		mouse: func(on bool) { app.EnableMouse(on) },
		copy:  func(text string) { o.Screen.SetClipboard([]byte(text)) },
	}
	if o.Suspend != nil {
		c.out.suspend = func() { app.Suspend(o.Suspend) }
	}
	app.SetRoot(c, true)
	// tview ends by itself at Ctrl-C, without a word to whoever waits for it to draw.
	app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
		if e.Key() == tcell.KeyCtrlC {
			cancel()
			return nil
		}
		return e
	})

	var crash crash
	var playing sync.WaitGroup
	playing.Go(func() {
		defer crash.catch(cancel)
		p.Run(ctx)
	})
	go func() {
		// The last word is the pump's, also if it breaks: no key ends the screen but by it.
		defer app.QueueUpdate(func() { app.Stop() })
		defer crash.catch(cancel)
		pump(ctx, app, c, o.Aside)
	}()
	defer func() {
		if what := recover(); what != nil {
			crash.note(what)
		}
		cancel()
		playing.Wait()
		if bug := crash.first(); bug != nil {
			err = bug
		}
	}()
	if err := app.Run(); err != nil {
		return err
	}
	return gone
}

// pump alone hands frames to the screen, the newest only, and its goroutine alone has it
// end, in the screen's own: tview looks at its screen at the end without a lock. Where the
// screen ends by itself (the terminal is gone, or it panicked) the pump may wait for ever for a
// word from it: nobody may wait for the pump.
func pump(ctx context.Context, app *tview.Application, c *console, aside <-chan func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.player.Updates():
			app.QueueUpdateDraw(func() { c.frame = c.player.Frame() })
		case do := <-aside:
			app.QueueUpdateDraw(func() { c.away(func() { app.Suspend(do) }) })
		}
	}
}

// A Panic is a bug that ended the screen.
type Panic struct {
	What  any
	Stack []byte
}

// Error names it.
func (p *Panic) Error() string { return fmt.Sprint(p.What) }

// A crash is the first panic of any goroutine.
type crash struct {
	mu   sync.Mutex
	what *Panic
}

func (c *crash) note(what any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.what == nil {
		c.what = &Panic{what, debug.Stack()}
	}
}

func (c *crash) first() *Panic {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.what
}

// catch is deferred in a goroutine, whose panic ends the others.
func (c *crash) catch(cancel func()) {
	if what := recover(); what != nil {
		c.note(what)
		cancel()
	}
}
