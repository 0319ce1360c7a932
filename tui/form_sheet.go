package tui

import (
	"strconv"
	"strings"

	"cascade/sim/report"
)

// sheet is where a form lies over the panes: below the header and above the footer, in
// the middle, no larger than it has use for.
func (c *console) sheet(p pen, title string, w, h int) pen {
	top := c.headerLines()
	room := p.h - top - footerLines
	if p.w-w < 8 {
		w = p.w // beside a narrow rest of the panes it would be hard to tell apart
	}
	h = min(h, room)
	at := p.in((p.w-w)/2, top+(room-h)/2, w, h)
	at.fill(' ', c.look.plain)
	in := at.box(c.look, title, c.look.accent, c.look.accent)
	return in.in(1, 0, in.w-2, in.h)
}

// draftSheet is how wide a sheet with fields and a file is on a screen: the wider it is,
// the more of a long value is seen.
func draftSheet(w int) int { return min(max(92, w-8), 160) }

// beside is how a sheet is shared out to fields, and to what they make as it stands in a
// file, of which the lines are short: of what is more than enough the fields have the rest,
// and where there is little room for both they have what a policy with its value takes.
func (p pen) beside() (fields, draft pen) {
	const enough, policy = 44, 33
	right := min(p.w-(p.w-2)/2-1, enough, p.w-policy-1)
	return p.in(0, 0, p.w-right-1, p.h), p.in(p.w-right, 0, right, p.h)
}

// drawDraft shows what a form says as it stands in a file, a line that is too long in
// several: the fields to the left are drawn by who holds them.
func (c *console) drawDraft(p pen, text string) {
	for y := range p.h {
		p.put(0, y, c.look.vertical, c.look.dim)
	}
	p = p.in(2, 0, p.w-2, p.h)
	p.text(0, 0, c.look.cut("in a file", p.w), c.look.dim)
	p = p.in(0, 1, p.w, p.h-1)
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if widthOf(line) <= p.w {
			lines = append(lines, line)
			continue
		}
		margin := widthOf(line) - widthOf(strings.TrimLeft(line, " "))
		for i, part := range wrapped(line, p.w-margin-2) {
			lines = append(lines, strings.Repeat(" ", margin+2*min(i, 1))+part)
		}
	}
	top := max(len(lines)-p.h, 0) // what the kind is made of stands at the end
	for y, line := range lines[top:] {
		p.text(0, y, line, c.look.plain)
	}
	c.look.drawMore(p, top, len(lines))
}

// drawProblems shows the first of the problems on as many lines as there are, or else a
// word about the field where the hand is.
func (c *console) drawProblems(p pen, problems []string, about string) {
	style, text := c.look.dim, about
	if len(problems) > 0 {
		var mark string
		style, mark = c.look.level(report.Critical)
		text = mark + " " + problems[0]
		if n := len(problems) - 1; n > 0 {
			text += " (and " + strconv.Itoa(n) + " more)"
		}
	}
	lines := wrapped(text, p.w)
	for y, line := range lines[:min(len(lines), p.h)] {
		if y == p.h-1 && len(lines) > p.h {
			line = c.look.cut(line+" "+lines[y+1], p.w)
		}
		p.text(0, y, line, style)
	}
}
