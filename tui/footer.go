package tui

import "slices"

const footerLines = 1

// A named action stands in the footer, in so many columns from x on.
type named struct {
	action   action
	x, width int
}

// footer names the keys that matter here, and always the one that tells of all others;
// or it has a word for the hand.
func (c *console) footer(p pen) {
	l := c.look
	c.named = c.named[:0]
	switch {
	case c.said != "":
		p.text(1, 0, l.cut(c.said, p.w-2), l.accent)
		return
	case c.over != nil:
		p.text(1, 0, l.cut(c.over.about(), p.w-2), l.dim)
		return
	}
	here := c.focused()
	put := func(x int, a action) int {
		b := c.binding(a)
		end := p.text(p.text(x, 0, b.keys[0], l.key)+1, 0, c.word(here, a), l.bar)
		c.named = append(c.named, named{a, x, end - x})
		return end + 2
	}
	width := func(a action) int { return widthOf(c.binding(a).keys[0]) + 1 + widthOf(c.word(here, a)) }
	end := p.w - 1
	for _, a := range []action{doQuit, doHelp} {
		end -= width(a)
		put(end, a)
		end -= 2
	}
	var all []action
	switch {
	case c.filter != "" && here != c.page:
		all = append(all, doNext, doEscape)
	case c.opened || c.maximised:
		all = append(all, doEscape)
	}
	all = append(all, here.footer()...)
	x := 1
	for _, a := range append(all, doPause, doInject, doDial, doHeal, doBranch, doWrite, doOpen, doFaster, doBack, doStep, doFilter, doPane, doMaximise, doCommand, doMouse, doAgain) {
		known := slices.ContainsFunc(c.named, func(n named) bool { return n.action == a })
		if !known && c.word(here, a) != "" && x+width(a) <= end {
			x = put(x, a)
		}
	}
}

// word is what the footer calls an action in a view; "": it does not name it.
func (c *console) word(v view, a action) string {
	if a == doEscape && c.filter != "" && v != c.page {
		return "all"
	}
	if a == doBack {
		return clockText(c.leap(10)) + " back"
	}
	if v, ok := v.(worded); ok {
		if word := v.word(a); word != "" {
			return word
		}
	}
	return c.binding(a).short
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
