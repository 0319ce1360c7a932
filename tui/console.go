package tui

import (
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
	keys   map[string]action
	table  []binding
	views  []view // by their number, from 1
	page   view   // of what is selected

	view      int // of views
	focus     int // of the panes that the layout has
	maximised bool
	over      overlay // nil: nothing lies over the panes
	said      string  // the latest word to the hand, in the footer
	stop      func()  // leaves the screen
	suspend   func()
	sync      func()
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

// A pane is a view and its part of the screen, the header and the footer left out.
type pane struct {
	view       view
	x, y, w, h int
}

// The smallest screen that there is something to see on.
const leastWidth, leastHeight = 60, 16

func newConsole(p *player.Player, e Editor, l *look, changes []Change) *console {
	c := &console{Box: tview.NewBox(), player: p, state: state{frame: p.Frame(), look: l, editor: e, changes: changes}, keys: map[string]action{}, table: keyTable()}
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

// HasFocus is always so: what lies over the panes is drawn by the console, and gets its
// keys from it.
func (c *console) HasFocus() bool { return true }

// Draw draws the newest frame.
func (c *console) Draw(screen tcell.Screen) {
	x, y, w, h := c.GetRect()
	p := pen{screen, x, y, w, h}
	if w < leastWidth || h < leastHeight {
		c.drawTooSmall(p)
		return
	}
	c.header(p.in(0, 0, w, headerLines))
	for i, pane := range c.panes(w, h-headerLines-footerLines) {
		c.drawPane(p.in(pane.x, pane.y+headerLines, pane.w, pane.h), pane.view, i == c.focus && c.over == nil)
	}
	c.footer(p.in(0, h-footerLines, w, footerLines))
	if c.over != nil {
		c.over.draw(p)
	}
}

// drawTooSmall says that it goes on without being seen.
func (c *console) drawTooSmall(p pen) {
	f := c.frame
	line := f.Run.Plan.Name + " " + clockText(f.Now) + ": the screen is too small; it goes on running (q quits)"
	p.text(0, 0, c.look.cut(line, p.w), c.look.plain)
}

func (c *console) drawPane(p pen, v view, focused bool) {
	border := c.look.dim
	title := c.look.title
	if focused {
		border, title = c.look.accent, c.look.accent
	}
	v.draw(p.box(c.look, v.name(), border, title), focused)
}

// panes are what is shown where: the chosen view; beside it, where there is room, the
// page of what is selected and the story.
func (c *console) panes(w, h int) []pane {
	main := c.views[c.view]
	if c.maximised || w < 110 || h < 28 {
		if c.focus == 1 && c.maximised {
			main = c.page
		}
		return []pane{{main, 0, 0, w, h}}
	}
	story := c.views[storyView]
	if main == story {
		story = c.views[0]
	}
	top := h * 3 / 5
	left := w / 2
	return []pane{{main, 0, 0, w, top}, {c.page, 0, top, left, h - top}, {story, left, top, w - left, h - top}}
}

const storyView = 6

// InputHandler takes every key.
func (c *console) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, setFocus func(tview.Primitive)) {
		if c.over != nil {
			if !c.over.key(e, setFocus) {
				c.over = nil
			}
			return
		}
		c.said = ""
		if a, ok := c.keys[keyName(e)]; ok {
			c.act(a)
		}
	}
}

// act does what a hand wants.
func (c *console) act(a action) {
	if c.focused().act(a) {
		return
	}
	switch a {
	case doPause:
		if c.player.Playing() {
			c.frame = c.player.Pause()
		} else {
			c.player.Play()
		}
	case doStep:
		c.player.Step(1)
	case doStepBack:
		c.player.Step(-1)
	case doFaster:
		c.player.SetSpeed(c.frame.Speed.Faster())
	case doSlower:
		c.player.SetSpeed(c.frame.Speed.Slower())
	case doNormal:
		c.player.SetSpeed(1)
	case doBack:
		c.player.Skip(-10 * second)
	case doForth:
		c.player.Skip(10 * second)
	case doFarBack:
		c.player.Skip(-60 * second)
	case doFarForth:
		c.player.Skip(60 * second)
	case doMap, doServices, doEdges, doQueues, doSources, doCharts, doStory:
		for i, b := range []action{doMap, doServices, doEdges, doQueues, doSources, doCharts, doStory} {
			if a == b {
				c.view, c.focus = i, 0
			}
		}
	case doMaximise:
		c.maximised = !c.maximised
	case doQuit:
		c.stop()
	}
	c.frame = c.player.Frame()
}

const second = des.Time(1_000_000_000)

// focused is the view where the hand is.
func (c *console) focused() view {
	_, _, w, h := c.GetRect()
	panes := c.panes(w, h-headerLines-footerLines)
	c.focus = min(c.focus, len(panes)-1)
	return panes[c.focus].view
}
