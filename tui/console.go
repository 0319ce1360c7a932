package tui

import (
	"fmt"
	"io"
	"slices"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim/des"
	"cascade/tui/player"
	"cascade/tui/shot"
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

// A clicked overlay knows what a click of the mouse means on it: it brings the hand there,
// and presses keys.
type clicked interface {
	click(x, y int, press func(tcell.Key))
}

// A pane is a view and its part of the screen, the header and the footer left out.
type pane struct {
	view       view
	x, y, w, h int
}

// A step is what a hand did to what is seen, to be gone back from.
type step struct {
	zoomed bool  // a pane was given the whole screen
	from   shown // else something else was turned to: what was shown before
}

// A named action stands in the footer, in so many columns from x on.
type named struct {
	action   action
	x, width int
}

// What is shown in the largest pane: a view, or in its place the page.
type shown struct {
	view int
	page bool
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

func (c *console) drawPane(p pen, pane *pane, focused bool) {
	border, title := c.look.dim, c.look.title
	if focused {
		border, title = c.look.accent, c.look.accent
	}
	pane.view.draw(p.in(pane.x, pane.y, pane.w, pane.h).box(c.look, c.titleOf(pane.view), border, title), focused)
}

// titleOf is a view's name, with the key that chooses it, and the filter, which a page
// has no use for; of a table it tells what is selected where none of its rows is, for that
// is what opens.
func (c *console) titleOf(v view) string {
	title := v.name()
	for i := range c.views {
		if c.views[i] == v {
			title = c.binding(viewActions[i]).keys[0] + " " + title
		}
	}
	if c.filter != "" && v != c.page {
		title += " /" + c.filter
	}
	if t, ok := v.(*table); ok && !t.holds() && find(c.plan(), c.selected).kind != noTarget {
		title += ", selected: " + c.selected
	}
	return title
}

// panes are what is shown where: what was chosen, and where there is room the page of
// what is selected, the story, and charts.
func (c *console) panes() []pane {
	_, _, w, h := c.GetRect()
	top := c.headerLines()
	h -= top + footerLines
	main := c.views[c.chosen]
	if c.opened {
		main = c.page
	}
	beside := []view{c.page, c.views[storyView], c.views[chartsView], c.views[mapView]}
	beside = slices.DeleteFunc(beside, func(v view) bool { return v == main })
	var all []pane
	switch {
	case w >= 170 && h >= 45 && c.spreads(main, w*3/5, w, h*2/3):
		first, left, middle := upper(main, w, h), w/2, w/4
		all = []pane{{main, 0, 0, w, first}, {beside[2], 0, first, left, h - first}, {beside[0], left, first, middle, h - first}, {beside[1], left + middle, first, w - left - middle, h - first}}
	case w >= 170 && h >= 45:
		left, right := w*3/5, w-w*3/5
		first, second := upper(main, left, h), upper(beside[0], right, h)
		all = []pane{{main, 0, 0, left, first}, {beside[2], 0, first, left, h - first}, {beside[0], left, 0, right, second}, {beside[1], left, second, right, h - second}}
	case w >= 110 && h >= 28:
		left, first := w/2, upper(main, w, h)
		all = []pane{{main, 0, 0, w, first}, {beside[0], 0, first, left, h - first}, {beside[1], left, first, w - left, h - first}}
		if rest := h - first; rest >= 26 { // so many that the charts have a use for some
			story := rest * 2 / 5
			all[2].h = story
			all = append(all, pane{beside[2], left, first + story, w - left, rest - story})
		}
	default:
		all = []pane{{main, 0, 0, w, h}}
		if v, ok := main.(measured); ok {
			if first := v.wants(w-2, h-2) + 2; h-first >= leastPane {
				all = []pane{{main, 0, 0, w, first}, {c.views[storyView], 0, first, w, h - first}}
			}
		}
	}
	if c.maximised {
		all = []pane{{all[min(c.focus, len(all)-1)].view, 0, 0, w, h}}
	}
	for i := range all {
		all[i].y += top
	}
	return all
}

// leastPane is from how many lines on it is worth having a pane, frame and all.
const leastPane = 5

// upper is how high the pane of a view is that others lie below: three fifths of the height;
// or if the view knows what it has a use for, so much, and at most two thirds.
func upper(v view, w, h int) int {
	if v, ok := v.(measured); ok {
		return min(v.wants(w-2, h*2/3-2)+2, h*2/3)
	}
	return h * 3 / 5
}

// spreads says whether a view is a map whose boxes fit beside each other in the wider of
// two panes, and not in the other.
func (c *console) spreads(v view, narrow, wide, h int) bool {
	m, ok := v.(*netMap)
	return ok && m.spreads(narrow-2, wide-2, h-2)
}

// focused is the view where the hand is.
func (c *console) focused() view {
	panes := c.panes()
	return panes[min(c.focus, len(panes)-1)].view
}

// InputHandler takes every key.
func (c *console) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, setFocus func(tview.Primitive)) {
		a := c.keys[keyName(e)]
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

// PasteHandler takes what was pasted: it is for what lies over the panes.
func (c *console) PasteHandler() func(string, func(tview.Primitive)) {
	return func(text string, _ func(tview.Primitive)) {
		if c.over != nil {
			c.over.paste(text)
		}
	}
}

// MouseHandler gives a click to the pane where it is, or to what lies over the panes, and a
// key in the footer is pressed by one. The wheel scrolls, or moves the hand. Two clicks on a
// thing open its page.
func (c *console) MouseHandler() func(tview.MouseAction, *tcell.EventMouse, func(tview.Primitive)) (bool, tview.Primitive) {
	return func(m tview.MouseAction, e *tcell.EventMouse, setFocus func(tview.Primitive)) (bool, tview.Primitive) {
		wheel, key := action(""), tcell.KeyNUL
		switch m {
		case tview.MouseScrollUp:
			wheel, key = doUp, tcell.KeyUp
		case tview.MouseScrollDown:
			wheel, key = doDown, tcell.KeyDown
		case tview.MouseLeftDown, tview.MouseLeftDoubleClick:
		default:
			return false, nil
		}
		if c.over != nil {
			press := func(k tcell.Key) { c.InputHandler()(tcell.NewEventKey(k, 0, tcell.ModNone), setFocus) }
			over, ok := c.over.(clicked)
			switch {
			case !ok:
			case wheel != "":
				press(key)
			case m == tview.MouseLeftDown:
				x, y := e.Position()
				over.click(x, y, press)
			}
			return ok, nil
		}
		x, y := e.Position()
		if _, _, _, h := c.GetRect(); y == h-1 && m == tview.MouseLeftDown {
			return c.clickFooter(x), nil
		}
		for i, p := range c.panes() {
			if x < p.x || y < p.y || x >= p.x+p.w || y >= p.y+p.h {
				continue
			}
			switch {
			case wheel != "":
				return p.view.click(x-p.x-1, y-p.y-1, e.Buttons()) || p.view.act(wheel), nil
			case m == tview.MouseLeftDown:
				c.said, c.leaving = "", false
				if !c.maximised {
					c.focus = i
				}
				c.hit = p.view.click(x-p.x-1, y-p.y-1, e.Buttons())
				if t, ok := p.view.(*table); ok && y-p.y-1 < t.first {
					c.hit = false // it sorts
				}
			case c.hit:
				c.act(doOpen)
			}
			return true, nil
		}
		return false, nil
	}
}

// clickFooter presses the key that stands in a column of the footer.
func (c *console) clickFooter(x int) bool {
	for _, n := range c.named {
		if x >= n.x && x < n.x+n.width {
			c.press(n.action, c.binding(n.action).keys[0])
			return true
		}
	}
	return false
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
		c.player.Skip(-10 * second)
	case doForth:
		if !c.isOver() {
			c.player.Skip(10 * second)
		}
	case doFarBack:
		c.player.Skip(-60 * second)
	case doFarForth:
		if !c.isOver() {
			c.player.Skip(60 * second)
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

// setSpeed changes how fast time passes, and says so where the header has other words.
func (c *console) setSpeed(s player.Speed) {
	c.player.SetSpeed(s)
	if c.frame.State == player.Seeking || c.frame.State == player.AtEnd {
		c.said = "the speed is " + c.speedText(s) + " from now on"
	}
}

// turn moves the hand to another pane.
func (c *console) turn(by int) {
	if c.maximised {
		c.maximised = false
		n := len(c.panes())
		c.focus = (c.focus + by + n) % n
		c.maximised = true
		return
	}
	n := len(c.panes())
	c.focus = (c.focus + by + n) % n
}

// show shows a view, or the page in its place, and the hand goes there.
func (c *console) show(what shown) {
	was := shown{c.chosen, c.opened}
	c.chosen, c.opened, c.focus = what.view, what.page, 0
	if was == what {
		return
	}
	// To turn to where one came from is to go back, else the way back would be without end.
	if last := len(c.steps) - 1; last >= 0 && c.steps[last] == (step{from: what}) {
		c.steps = c.steps[:last]
		return
	}
	if len(c.steps) == mostSteps {
		c.steps = slices.Delete(c.steps, 0, 1)
	}
	c.steps = append(c.steps, step{from: was})
}

// mostSteps bounds how far one can go back.
const mostSteps = 50

// zoom gives the pane in focus the whole screen, or takes it away again.
func (c *console) zoom(on bool) {
	c.maximised = on
	c.steps = slices.DeleteFunc(c.steps, func(s step) bool { return s.zoomed })
	if on {
		c.steps = append(c.steps, step{zoomed: true})
	}
}

// escape takes the filter away where it is in force, and else the latest step back.
func (c *console) escape() {
	last := len(c.steps) - 1
	switch {
	case c.filter != "" && !c.opened: // a page has all there is of its thing
		c.filter = ""
		return
	case last < 0:
		return
	}
	s := c.steps[last]
	c.steps = c.steps[:last]
	if s.zoomed {
		c.maximised = false
		return
	}
	c.chosen, c.opened, c.focus = s.from.view, s.from.page, 0
}

// copy hands the text of the pane in focus to the clipboard.
func (c *console) copy() {
	panes := c.panes()
	p := panes[min(c.focus, len(panes)-1)]
	w, h := p.w-2, p.h-2
	screen := tcell.NewSimulationScreen("UTF-8")
	if c.out.copy == nil || w <= 0 || h <= 0 || screen.Init() != nil {
		return
	}
	defer screen.Fini()
	screen.SetSize(w, h)
	p.view.draw(pen{screen, 0, 0, w, h}, false)
	c.out.copy(shot.Take(screen).Text())
	c.said = "copied, if the terminal allows it (OSC 52)"
}
