package tui

import (
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

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

// keyField is the field of a key.
func keyField(l *look, k Key) *field {
	f := newField(l, k.Name, "")
	f.hint = k.Written
	switch {
	case k.Value != "":
		f.hint = k.Value
	case k.Default != "":
		f.hint = k.Default
	}
	f.about = k.About
	if len(k.Keys) == 0 {
		f.about += ": " + k.Written
	}
	if k.Default != "" {
		f.about += "; without it " + k.Default
	}
	if f.keys, f.example = k.Keys, k.Example; len(k.Keys) > 0 {
		var names []string
		for _, below := range k.Keys {
			names = append(names, below.Name)
		}
		f.about += "; right opens its keys: " + strings.Join(names, ", ")
	}
	for _, word := range k.Choices {
		f.choices = append(f.choices, choice{name: word})
	}
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
