package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// A helping is the list of everything that a hand can do: it is found by typing, and
// done by Enter.
type helping struct {
	*console
	finder
	title string
}

// help opens the list.
func (c *console) help() {
	h := &helping{console: c, title: "help"}
	var rows []finderRow
	line := func(group, left, right string, style tcell.Style, does func()) *finderRow {
		right = strings.ReplaceAll(right, "×", c.look.times)
		rows = append(rows, finderRow{group: group, text: left + " " + right, about: right, does: does, draw: func(p pen) {
			x := max(p.text(0, 0, left, style)+2, 17)
			p.text(x, 0, c.look.cut(right, p.w-x), c.look.plain)
		}})
		return &rows[len(rows)-1]
	}
	for _, b := range c.table {
		row := line(b.group, strings.Join(b.keys, "  "), b.about, c.look.key, func() { c.pressNamed(b.action) })
		// It is found by what the footer, the command line and the settings call it, too.
		row.text += " " + b.short + " " + string(b.action)
		row.about += "; as a command :" + string(b.action)
	}
	for _, m := range commands() {
		does := func() { c.command(m.name + " ") }
		if m.takes == "" { // there is nothing to be typed
			does = func() { c.mention(m.does(c, "")) }
		}
		line("on the command line", ":"+m.name+" "+m.takes, m.about, c.look.key, does)
	}
	for i, words := range [3]string{"in order", "strained: near its limit", "critical: saturated, or failing"} {
		style, mark := c.look.levels[i], c.look.marks[i]
		line("signs", mark, words, style, nil)
	}
	l, g := c.look, c.look.signs()
	for _, w := range [...]struct {
		sign  string
		words string
		style tcell.Style
	}{
		{string(g.fault), "a fault is in force there", l.fault},
		{string(g.set), "something is set there, as a dial does", l.set},
		{string(l.glyphs.fault), "and when: along the time", l.fault.Underline(false)},
		{string([]rune{l.horizontal, l.arrow}), "calls", l.plain},
		{string([]rune{l.dashed, l.arrow}), "messages", l.plain},
		{string(g.retry), "retries a second, of the calls", l.plain},
		{string(g.loop), "a service that calls itself", l.strong},
		{l.delta, "the difference in a branch, the twin in brackets", l.twin},
	} {
		line("signs", w.sign, w.words, w.style, nil)
	}
	for _, w := range [...][2]string{
		{"expectations", "what the scenario says must hold; :expectations lists them"},
		{"held", "the share of the threads that have an attempt, at work or waiting for an answer; from 95% on it is saturated"},
		{"in hand", "attempts at a service that has a thread for each"},
		{"goodput", "requests a second that were answered well, of those offered"},
		{"wasted", "the share of the work that was done for callers who had given up"},
		{"twin", "the run as it was planned when it was branched, on the same luck"},
		{"not done", "messages that wait, or are handed out and not acknowledged yet; a file calls it lag"},
		{"drained in", "how long until they are done, as fast as it goes of late"},
		{"again", "the share of the messages that was handed out more than once"},
	} {
		line("words", w[0], w[1], c.look.strong, nil)
	}
	h.finder = newFinder(c.look, rows)
	h.input.hint = "type to find, enter to do it"
	c.over = h
}

func (h *helping) draw(p pen) {
	const foot = 2
	in := h.sheet(p, h.title, 100, h.lines()+2+foot)
	h.finder.draw(in.in(0, 0, in.w, in.h-foot))
	if r := h.row(); r != nil {
		h.drawProblems(in.in(0, in.h-foot, in.w, foot), nil, r.about)
	}
}

func (h *helping) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch h.finder.key(e, 10) {
	case formLeft:
		return false
	case formApplied:
		if r := h.row(); r != nil && r.does != nil {
			h.leave()
			r.does()
		}
	}
	return true
}

func (h *helping) paste(text string) { h.input.paste(text) }

func (h *helping) about() string {
	if r := h.row(); r != nil && r.does == nil {
		return "type to find   esc leave"
	}
	return "enter do it   type to find   esc leave"
}
