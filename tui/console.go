package tui

import (
	"fmt"
	"io"
	"slices"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim/des"
	"cascade/tui/player"
)

// A console is the root of the screen: the header, the panes, the footer, and what lies
// over them for a while. It is a tview primitive that chooses the layout in its own Draw,
// and has the focus always: keys come to it first.
type console struct {
	*tview.Box
	state
	player *player.Player
	table  []binding
	keys   map[string]action
	views  []view // by their number, from 1
	page   view   // of what is selected

	chosen    int     // of views
	opened    bool    // the page is shown in its place
	focus     int     // of the panes that the layout has
	maximised bool    // the pane in focus is all there is
	steps     []step  // to be gone back from, the latest last
	named     []named // what the footer names
	hit       bool    // the latest click was on something that has a page
	over      overlay // nil: nothing lies over the panes
	said      string  // the latest word to the hand, in the footer
	mouse     bool
	leaving   bool     // q was pressed, and once more leaves what is not written
	history   []string // lines of the command line

	out outside
	session
	paused held // while a form is open
}

// outside is what a console does beyond the screen; each may be nil where there is no
// such thing.
type outside struct {
	quit    func()            // leaves the screen
	suspend func()            // leaves it for a while
	repaint func()            // paints it anew
	mouse   func(on bool)     // takes the mouse, or lets it go
	copy    func(text string) // to the clipboard
	save    func(path string, replace bool, fill func(io.Writer) error) error
}

// An overlay lies over the panes, and has the keys while it does.
type overlay interface {
	// draw shows it over what is on the screen.
	draw(p pen)
	// key takes a key, and says whether the overlay stays.
	key(e *tcell.EventKey, setFocus func(tview.Primitive)) (stays bool)
	// paste takes what was pasted.
	paste(text string)
	// about is what the footer says meanwhile.
	about() string
}

// The smallest screen that there is something to see on.
const leastWidth, leastHeight = 60, 16

// newConsole makes the console of a player, which takes the table's keys, or others.
func newConsole(p *player.Player, e Editor, l *look, changes []Change, keys Keys) *console {
	c := &console{Box: tview.NewBox(), player: p, keys: map[string]action{}, table: keys.table(),
		state: state{frame: p.Frame(), look: l, editor: e, changes: changes}}
	c.session = session{given: changes, scenario: c.frame.Run.Scenario}
	for _, b := range c.table {
		for _, k := range b.keys {
			c.keys[k] = b.action
		}
	}
	s := &c.state
	c.views = []view{newMap(s), newServices(s), newEdges(s), newQueues(s), newSources(s), newCharts(s), newStory(s)}
	c.page = newPage(s)
	return c
}

// viewActions are the actions that choose a view, by the view's place.
var viewActions = [...]action{doMap, doServices, doEdges, doQueues, doSources, doCharts, doStory}

const mapView, chartsView, storyView = 0, 5, 6

// HasFocus is always so: what lies over the panes is drawn by the console, and gets its
// keys from it.
func (c *console) HasFocus() bool { return true }

// Draw draws the newest frame.
func (c *console) Draw(screen tcell.Screen) {
	screen.HideCursor()
	x, y, w, h := c.GetRect()
	p := pen{screen, x, y, w, h}
	if w < leastWidth || h < leastHeight {
		c.drawTooSmall(p)
		return
	}
	c.header(p.in(0, 0, w, c.headerLines()))
	panes := c.panes()
	here := 0
	if !c.maximised { // then there is no other pane, and the hand stays in that of them all
		c.focus = min(c.focus, len(panes)-1)
		here = c.focus
	}
	for i := range panes {
		c.drawPane(p, &panes[i], i == here && c.over == nil)
	}
	c.footer(p.in(0, h-footerLines, w, footerLines))
	if c.over != nil {
		c.over.draw(p)
	}
}

// drawTooSmall says that it goes on without being seen, and how much room it wants.
func (c *console) drawTooSmall(p pen) {
	c.named = nil
	goes := "the run waits"
	if s := c.frame.State; s == player.Playing || s == player.Seeking {
		goes = "it goes on"
	}
	text := fmt.Sprintf("%s %s: this is %dx%d, wants %dx%d; %s, q quits", c.plan().Name, c.clock(), p.w, p.h, leastWidth, leastHeight, goes)
	lines := wrapped(text, p.w)
	for y, line := range lines[:min(len(lines), p.h)] {
		p.text(0, y, c.look.cut(line, p.w), c.look.plain)
	}
}

// InputHandler takes every key. Enter that was pressed before the screen was open comes as
// Ctrl-J: until then the terminal makes one of the other (termios, ICRNL).
func (c *console) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, setFocus func(tview.Primitive)) {
		a := c.keys[keyName(e)]
		if e.Key() == tcell.KeyCtrlJ && a == "" {
			e = tcell.NewEventKey(tcell.KeyEnter, 0, tcell.ModNone)
			a = c.keys[keyName(e)]
		}
		if c.over == nil {
			c.press(a, keyName(e))
			return
		}
		c.said, c.leaving = "", false
		switch {
		case e.Key() == tcell.KeyCtrlL:
			c.act(doRepaint)
		case e.Key() == tcell.KeyCtrlZ:
			c.act(doSuspend)
		case e.Key() == tcell.KeyCtrlC:
			c.act(doQuit)
		case !c.over.key(e, setFocus):
			c.leave()
		}
	}
}

// press does what a key means where nothing lies over the panes.
func (c *console) press(a action, key string) {
	leaving := c.leaving
	c.said, c.leaving = "", false
	switch {
	case a == doQuit && key != alwaysQuits && !leaving && c.unwritten():
		c.leaving = true
		c.said = fmt.Sprintf("what was done is not written: %s writes it, %s once more leaves", c.binding(doWrite).keys[0], key)
	case a != "":
		c.act(a)
	case key != "":
		c.said = fmt.Sprintf("%s does nothing here; %s tells which keys do", key, c.binding(doHelp).keys[0])
	}
}

// binding is the row of an action.
func (c *console) binding(a action) *binding {
	for i := range c.table {
		if c.table[i].action == a {
			return &c.table[i]
		}
	}
	return &binding{keys: []string{""}}
}

// PasteHandler takes what was pasted: it is for what lies over the panes.
func (c *console) PasteHandler() func(string, func(tview.Primitive)) {
	return func(text string, _ func(tview.Primitive)) {
		if c.over != nil {
			c.over.paste(text)
		}
	}
}

// act does what a hand wants: what it means where the hand is, or what it means anywhere.
func (c *console) act(a action) {
	if c.focused().act(a) {
		return
	}
	switch a {
	case doPause:
		switch {
		case c.player.Playing():
			c.player.Pause()
		case !c.isOver(): // to go on from there would only mean to run off once one goes back
			c.player.Play()
		}
	case doStep:
		if !c.isOver() {
			c.player.Step(1)
		}
	case doStepBack:
		c.player.Step(-1)
	case doFaster:
		c.setSpeed(c.frame.Speed.Faster())
	case doSlower:
		c.setSpeed(c.frame.Speed.Slower())
	case doNormal:
		c.setSpeed(1)
	case doBack:
		c.player.Skip(-c.leap(10))
	case doForth:
		if !c.isOver() {
			c.player.Skip(c.leap(10))
		}
	case doFarBack:
		c.player.Skip(-c.leap(60))
	case doFarForth:
		if !c.isOver() {
			c.player.Skip(c.leap(60))
		}
	case doAgain:
		c.again()
	case doNextSeed:
		c.nextSeed()
	case doInject:
		c.inject("", "")
	case doDial:
		c.dial("")
	case doHeal:
		c.heal()
	case doBranch:
		c.branch()
	case doWrite:
		c.writeForm()
	case doFilter:
		c.filterLine()
	case doNext:
		c.next(true)
	case doPrevious:
		c.next(false)
	case doCommand:
		c.command("")
	case doHelp:
		c.help()
	case doMap, doServices, doEdges, doQueues, doSources, doCharts, doStory:
		c.show(shown{view: slices.Index(viewActions[:], a)})
	case doOpen:
		if find(c.plan(), c.selected).kind == noTarget {
			c.said = "nothing is selected that has a page"
			break
		}
		c.show(shown{c.chosen, true})
	case doEscape:
		c.escape()
	case doPane:
		c.turn(1)
	case doPaneBack:
		c.turn(-1)
	case doMaximise:
		c.zoom(!c.maximised)
	case doSort, doReverse:
		c.said = "there is nothing to sort here: a table is sorted"
	case doMouse:
		c.mouse = !c.mouse
		c.said = "the mouse is the terminal's again"
		if c.mouse {
			c.said = "the mouse is taken: click what you want; " + c.binding(doMouse).keys[0] + " lets it go"
		}
		if c.out.mouse != nil {
			c.out.mouse(c.mouse)
		}
	case doCopy:
		c.copy()
	case doRepaint:
		if c.out.repaint != nil {
			c.out.repaint()
		}
	case doSuspend:
		if c.out.suspend != nil {
			c.away(c.out.suspend)
		}
	case doQuit:
		if c.out.quit != nil {
			c.out.quit()
		}
	}
	c.frame = c.player.Frame()
}

// isOver says whether the run is at its end, where nothing more can happen, and if it is what
// can be done there.
func (c *console) isOver() bool {
	over := c.player.Frame().State == player.AtEnd
	if over {
		c.said = fmt.Sprintf("the run is over: %s goes back in it, %s begins it again", c.binding(doBack).keys[0], c.binding(doAgain).keys[0])
	}
	return over
}

// away does what leaves the screen for a while. The run waits for it to come back.
func (c *console) away(do func()) {
	playing := c.player.Playing()
	c.player.Pause()
	do()
	if playing {
		c.player.Play()
	}
	c.frame = c.player.Frame()
}

const second = des.Time(1_000_000_000)

// leap is how far the keys of time go: so many seconds, or as many intervals where they are
// longer. Of a run with half an hour an interval ten seconds more or less show nothing.
func (c *console) leap(n des.Time) des.Time { return n * max(second, c.plan().Interval) }

// setSpeed changes how fast time passes, and says so where the header has other words.
func (c *console) setSpeed(s player.Speed) {
	c.player.SetSpeed(s)
	if c.frame.State == player.Seeking || c.frame.State == player.AtEnd {
		c.said = "the speed is " + c.speedText(s) + " from now on"
	}
}
