package tui

import (
	"slices"

	"github.com/gdamore/tcell/v2"

	"cascade/tui/shot"
)

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

// What is shown in the largest pane: a view, or in its place the page.
type shown struct {
	view int
	page bool
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

// drawPane draws a pane: its frame, and what is in it.
func (c *console) drawPane(p pen, pane *pane, focused bool) {
	border, title := c.look.dim, c.look.title
	if focused {
		border, title = c.look.accent, c.look.accent
	}
	pane.view.draw(p.in(pane.x, pane.y, pane.w, pane.h).box(c.look, c.titleOf(pane.view), border, title), focused)
}

// titleOf is a view's name, with the key that chooses it, and the filter, which a page
// has no use for; of a table it tells what is selected where none of its rows is, for that
// is what a fault or a dial would be of.
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

// turn moves the hand to another pane.
func (c *console) turn(by int) {
	zoomed := c.maximised
	c.maximised = false // so that there are all of them
	n := len(c.panes())
	c.focus = (c.focus + by + n) % n
	c.maximised = zoomed
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
