package tui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim/report"
)

// A form is a list of fields, one of which the hand is in. It knows nothing of what
// they are for.
type form struct {
	look   *look
	fields []*field
	at     int    // the field where the hand is; len(fields): the button
	top    int    // the first field that is shown
	button string // what the last line does

	on      pen // where it was drawn, the button included
	list    pen // where the choices were; nowhere: they are not shown
	listTop int // the first of those
}

// A field is what a hand types: a text, or one of some words.
type field struct {
	name    string
	about   string
	hint    string // shown where nothing is typed
	choices []choice
	keys    []Key  // of a mapping: those that may stand in it
	example string // of a mapping: as it could be meant
	input   *tview.InputField
	typed   bool // by the hand; else it is what the form came with
	fresh   bool // the hand has just come: what is typed takes the place of the text
	picking bool // the choices are shown
	picked  int  // of those that fit
	was     was  // what it was when the hand came
}

// A was is a field as it was.
type was struct {
	text  string
	typed bool
}

// A choice is a word that a field takes.
type choice struct{ name, about string }

func newField(l *look, name, text string) *field {
	f := &field{name: name, input: tview.NewInputField()}
	f.input.SetBackgroundColor(tcell.ColorDefault)
	f.input.SetFieldStyle(l.plain).SetPlaceholderStyle(l.dim)
	f.input.SetText(text)
	return f
}

func (f *field) text() string { return strings.TrimSpace(f.input.GetText()) }

// value is the text, or the choice that is marked while the hand is choosing.
func (f *field) value() string {
	if f.picking && f.text() != "" {
		if fit := f.fitting(); len(fit) > 0 {
			return fit[min(f.picked, len(fit)-1)].name
		}
	}
	return f.text()
}

// put changes the text, not by hand.
func (f *field) put(text string) {
	f.input.SetText(text)
	f.typed = false
}

// enter brings the hand into the field.
func (f *field) enter() {
	f.fresh, f.picking, f.picked = true, false, 0
	f.was = was{f.input.GetText(), f.typed}
}

// asItWas takes back what was typed since the hand came, and says whether there was any.
func (f *field) asItWas() bool {
	if f.fresh || f.input.GetText() == f.was.text {
		return false
	}
	f.put(f.was.text)
	f.typed = f.was.typed
	f.fresh, f.picking, f.picked = true, false, 0
	return true
}

// key takes a key of the field's own, and says whether it was one.
func (f *field) key(e *tcell.EventKey) bool {
	if len(f.choices) > 0 && f.choose(e) {
		return true
	}
	switch e.Key() {
	case tcell.KeyEnter, tcell.KeyTab, tcell.KeyBacktab, tcell.KeyEscape, tcell.KeyUp, tcell.KeyDown, tcell.KeyPgUp, tcell.KeyPgDn,
		tcell.KeyCtrlC, tcell.KeyCtrlL, tcell.KeyCtrlS, tcell.KeyCtrlZ:
		return false
	case tcell.KeyRune, tcell.KeyBackspace, tcell.KeyBackspace2, tcell.KeyDelete:
		if f.fresh && e.Modifiers()&tcell.ModAlt == 0 {
			f.input.SetText("")
		}
	}
	f.fresh = false
	before := f.input.GetText()
	f.input.InputHandler()(e, func(tview.Primitive) {})
	f.edited(before)
	return true
}

// edited notes that the hand may have changed the text.
func (f *field) edited(before string) {
	if f.input.GetText() == before && before != "" {
		return
	}
	f.typed = true
	f.picking, f.picked = len(f.choices) > 0, 0
}

// paste takes what was pasted, on one line.
func (f *field) paste(text string) {
	if f.fresh {
		f.input.SetText("")
	}
	f.fresh = false
	before := f.input.GetText()
	f.input.PasteHandler()(strings.Join(strings.Fields(text), " "), func(tview.Primitive) {})
	f.edited(before)
}

// choose takes the keys that go through the choices.
func (f *field) choose(e *tcell.EventKey) bool {
	fit := f.fitting()
	switch key := e.Key(); {
	case f.picking && key == tcell.KeyEscape:
		if f.picking = false; f.asItWas() {
			return true
		}
	case f.picking && (key == tcell.KeyDown || key == tcell.KeyUp):
		f.picked = turned(f.picked, len(fit), key == tcell.KeyDown)
	case f.picking && (key == tcell.KeyEnter || key == tcell.KeyTab):
		f.pick()
		return false
	case !f.picking && (key == tcell.KeyLeft || key == tcell.KeyRight):
		at := slices.IndexFunc(f.choices, func(c choice) bool { return c.name == f.text() })
		f.put(f.choices[turned(at, len(f.choices), key == tcell.KeyRight)].name)
		f.typed, f.fresh = true, true
	default:
		return false
	}
	return true
}

// pick takes the choice that is marked, where the text is none of them by itself.
func (f *field) pick() {
	f.picking = false
	fit := f.fitting()
	if len(fit) > 0 && f.text() != "" {
		f.put(fit[min(f.picked, len(fit)-1)].name)
		f.typed = true
	}
}

// fitting are the choices that have the text in their name: those that are it or begin
// with it first.
func (f *field) fitting() []choice {
	word := strings.ToLower(f.text())
	var ranks [3][]choice
	for _, c := range f.choices {
		switch name := strings.ToLower(c.name); {
		case name == word:
			ranks[0] = append(ranks[0], c)
		case strings.HasPrefix(name, word):
			ranks[1] = append(ranks[1], c)
		case strings.Contains(name, word):
			ranks[2] = append(ranks[2], c)
		}
	}
	return slices.Concat(ranks[:]...)
}

// turned is the next place of so many, or the one before, round and round.
func turned(at, of int, forth bool) int {
	switch {
	case of == 0:
		return 0
	case forth:
		return (at + 1) % of
	}
	return (max(at, 0) + of - 1) % of
}

// A formWord is what a key means for who holds the form.
type formWord uint8

const (
	formStays formWord = iota
	formChanged
	formLeft    // nothing is to be done
	formApplied // what it says is to be done
)

// isTyped says whether something was typed since the hand came to the field where it is.
func (f *form) isTyped() bool {
	of := f.current()
	return of != nil && !of.fresh && of.input.GetText() != of.was.text
}

// current is the field where the hand is; nil: it is on the button.
func (f *form) current() *field {
	if f.at >= len(f.fields) {
		return nil
	}
	return f.fields[f.at]
}

// field finds a field by its name.
func (f *form) field(name string) *field {
	if i := slices.IndexFunc(f.fields, func(of *field) bool { return of.name == name }); i >= 0 {
		return f.fields[i]
	}
	return nil
}

// value is what a field holds; "" where there is no such field.
func (f *form) value(name string) string {
	if of := f.field(name); of != nil {
		return of.value()
	}
	return ""
}

// key takes a key.
func (f *form) key(e *tcell.EventKey) formWord {
	if of := f.current(); of != nil {
		picking, before := of.picking, of.input.GetText()
		if of.key(e) {
			return formChanged
		}
		if picking && of.input.GetText() != before {
			f.move(1)
			return formChanged
		}
	}
	switch e.Key() {
	case tcell.KeyEscape:
		if of := f.current(); of != nil && of.asItWas() {
			return formChanged
		}
		return formLeft
	case tcell.KeyCtrlS:
		return formApplied
	case tcell.KeyEnter:
		if f.at >= len(f.fields)-1 {
			return formApplied
		}
		f.move(1)
	case tcell.KeyTab, tcell.KeyDown:
		f.move(1)
	case tcell.KeyBacktab, tcell.KeyUp:
		f.move(-1)
	case tcell.KeyPgDn:
		f.goTo(len(f.fields))
	case tcell.KeyPgUp:
		f.goTo(0)
	}
	return formStays
}

func (f *form) move(by int) { f.goTo((f.at + by + len(f.fields) + 1) % (len(f.fields) + 1)) }

func (f *form) goTo(place int) {
	f.at = place
	if of := f.current(); of != nil {
		of.enter()
	}
}

func (f *form) paste(text string) {
	if of := f.current(); of != nil {
		of.paste(text)
	}
}

// labels is how wide the names of the fields are.
func (f *form) labels() int {
	width := 0
	for _, of := range f.fields {
		width = max(width, widthOf(of.name))
	}
	return min(width, 16)
}

// draw shows the fields, as many as there is room for, and the button below them.
func (f *form) draw(p pen) {
	f.on, f.list = p, pen{}
	button := f.look.accent
	if f.current() == nil {
		button = f.look.cursor
	}
	p.text(2, f.buttonLine(), "[ "+f.button+" ]", button)
	p.h--
	f.top = scrolled(f.top, min(f.at, len(f.fields)-1), len(f.fields), p.h)
	label := f.labels()
	for y := range min(p.h, len(f.fields)-f.top) {
		of := f.fields[f.top+y]
		here := of == f.current()
		style := f.look.dim
		if here {
			style = f.look.accent
			p.text(0, y, f.look.bullet, style)
		}
		p.text(2, y, f.look.cut(of.name, label), style)
		of.draw(p.in(label+3, y, p.w-label-4, 1), f.look, here)
	}
	f.look.drawMore(p, f.top, len(f.fields))
}

// buttonLine is the line of the form where the button is.
func (f *form) buttonLine() int { return min(len(f.fields), f.on.h-1) }

// click brings the hand to where the mouse is, and presses the keys that this amounts to.
func (f *form) click(x, y int, press func(tcell.Key)) {
	line := y - f.on.y
	switch {
	case f.list.holds(x, y):
		f.current().picked = f.listTop + y - f.list.y
		press(tcell.KeyTab)
	case !f.on.holds(x, y) || line > f.buttonLine():
	case line < f.buttonLine() && f.top+line == f.at:
		if f.current().fresh {
			press(tcell.KeyRight) // the next choice, or the keys of a mapping
		}
	default:
		name := ""
		if line < f.buttonLine() {
			name = f.fields[f.top+line].name
		}
		if of := f.current(); of != nil && of.picking {
			press(tcell.KeyTab) // what is marked counts, and there may be other fields then
		}
		if i := slices.IndexFunc(f.fields, func(of *field) bool { return of.name == name }); i >= 0 {
			f.goTo(i)
		} else if name == "" {
			f.goTo(len(f.fields))
			press(tcell.KeyEnter)
		}
	}
}

// drawChoices shows the choices of the field where the hand is, over what is drawn
// already, where they are asked for. p is the part on which the form was drawn, and
// below it may go on as far as room.
func (f *form) drawChoices(p pen, room int) {
	of := f.current()
	if of == nil || !of.picking {
		return
	}
	fit := of.fitting()
	if len(fit) == 0 || len(fit) == 1 && fit[0].name == of.text() {
		return
	}
	y := f.at - f.top + 1
	h := min(len(fit)+2, 9, room-y)
	if h < 4 { // above, then
		h = min(len(fit)+2, 9, y-1)
		y -= 1 + h
	}
	name, about := 0, 0
	for _, c := range fit {
		name, about = max(name, widthOf(c.name)), max(about, widthOf(c.about))
	}
	w := min(name+4, p.w)
	if about > 0 {
		w = min(name+about+6, p.w)
	}
	list := pen{p.screen, p.x + min(f.labels()+1, max(p.w-w, 0)), p.y + y, w, h}
	list.fill(' ', f.look.plain)
	list = list.box(f.look, "", f.look.dim, f.look.dim)
	top := scrolled(0, of.picked, len(fit), list.h)
	f.list, f.listTop = list, top
	for line := range list.h {
		i := top + line
		if i >= len(fit) {
			break
		}
		style, aboutStyle := f.look.plain, f.look.dim
		if i == of.picked {
			style, aboutStyle = f.look.cursor, f.look.cursor
			list.in(0, line, list.w, 1).fill(' ', style)
		}
		list.text(1, line, f.look.cut(fit[i].name, list.w-1), style)
		if room := list.w - name - 4; room > 3 {
			list.text(name+3, line, f.look.cut(fit[i].about, room), aboutStyle)
		}
	}
	f.look.drawMore(list, top, len(fit))
}

// draw shows what is typed in the field, or how it may be.
func (f *field) draw(p pen, l *look, here bool) {
	if p.w <= 0 || p.h <= 0 {
		return
	}
	text := f.input.GetText()
	switch {
	case !here && text == "":
		p.text(0, 0, l.cut(f.hint, p.w), l.dim)
	case !here:
		style := l.plain
		if f.typed {
			style = l.strong
		}
		p.text(0, 0, l.cut(text, p.w), style)
	case f.fresh && text != "":
		end := p.text(0, 0, l.cut(text, p.w-1), l.cursor)
		p.screen.ShowCursor(p.x+min(end, p.w-1), p.y)
	default:
		f.input.SetPlaceholder(l.cut(f.hint, p.w))
		f.input.SetFieldStyle(l.plain.Underline(true)).SetPlaceholderStyle(l.dim.Underline(true))
		f.input.SetRect(p.x, p.y, p.w, 1)
		f.input.Focus(func(tview.Primitive) {})
		f.input.Draw(p.screen)
		f.input.Blur()
	}
}

// scrolled is the first line to show of so many, where one has to be among those there
// is room for, and as little as can be moves.
func scrolled(top, at, of, room int) int {
	if room <= 0 {
		return 0
	}
	top = min(top, at)
	top = max(top, at-room+1)
	return max(min(top, of-room), 0)
}

// drawMore marks at the right edge that there is more of a list than is shown, above or
// below: of so many lines it shows from top on as many as there is room for.
func (l *look) drawMore(p pen, top, of int) {
	if top > 0 {
		p.right(p.w, 0, l.up, l.dim)
	}
	if top+p.h < of {
		p.right(p.w, p.h-1, l.down, l.dim)
	}
}

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
