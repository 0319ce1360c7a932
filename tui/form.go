package tui

import (
	"slices"

	"github.com/gdamore/tcell/v2"
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

// atLast says whether Enter applies what the form says: on the button, and in the last field.
func (f *form) atLast() bool { return f.at >= len(f.fields)-1 }

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
		if f.atLast() {
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
