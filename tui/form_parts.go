package tui

import (
	"github.com/gdamore/tcell/v2"
)

// A parting is the form of a mapping, such as a retry: a field for each key that may
// stand in it. The field of the mapping as a whole has the text of what they say.
type parting struct {
	form
	editor Editor
	of     *field   // the mapping as a whole
	below  *parting // of one of its fields; nil: none is open
}

// opens says whether a key opens the mapping of a field, as right does until the hand is in
// the text.
func (f *field) opens(e *tcell.EventKey) bool {
	return f != nil && len(f.keys) > 0 && f.fresh && !f.picking && e.Key() == tcell.KeyRight
}

// newParting opens a mapping: as it is typed, or where nothing is, as it could be meant.
func newParting(l *look, e Editor, of *field) *parting {
	of.was = was{of.input.GetText(), of.typed}
	p := &parting{form: form{look: l, button: "Done"}, editor: e, of: of}
	typed := e.Parts(of.text())
	if typed == nil {
		typed = e.Parts(of.example)
	}
	for _, k := range of.keys {
		f := keyField(l, k)
		f.hint = k.Default // what it is where it is not written, whatever is written now
		if f.hint == "" {
			f.hint = k.Written
		}
		for _, t := range typed {
			if t.Name == k.Name {
				f.put(t.Value)
			}
		}
		p.fields = append(p.fields, f)
	}
	p.goTo(0)
	p.compose()
	return p
}

// compose brings the text of the mapping in line with the fields.
func (p *parting) compose() {
	var fields []Field
	for _, of := range p.fields {
		if v := of.value(); v != "" {
			fields = append(fields, Field{of.name, v})
		}
	}
	p.of.put(p.editor.Mapping(fields))
	p.of.typed = true
}

// deepest is the form where the hand is.
func (p *parting) deepest() *parting {
	for p.below != nil {
		p = p.below
	}
	return p
}

// key takes a key, and says whether the mapping stays open. Esc leaves it as it was.
func (p *parting) key(e *tcell.EventKey) bool {
	switch {
	case p.below != nil:
		if !p.below.key(e) {
			p.below = nil
			if e.Key() != tcell.KeyEscape {
				p.move(1)
			}
		}
	case p.current().opens(e):
		p.below = newParting(p.look, p.editor, p.current())
	default:
		switch p.form.key(e) {
		case formLeft:
			p.of.put(p.of.was.text)
			p.of.typed = p.of.was.typed
			return false
		case formApplied:
			p.compose()
			return false
		}
	}
	p.compose()
	return true
}

func (p *parting) paste(text string) {
	if p.below != nil {
		p.below.paste(text)
	} else {
		p.form.paste(text)
	}
	p.compose()
}

// path are the names of the mappings that are open.
func (p *parting) path() string {
	if p.below != nil {
		return p.of.name + ", " + p.below.path()
	}
	return p.of.name
}

// draw shows the fields of the innermost mapping that is open, below its name.
func (p *parting) draw(on pen) {
	on.text(0, 0, p.look.cut(p.path(), on.w), p.look.title)
	p.deepest().form.draw(on.in(0, 1, on.w, on.h-1))
}

// drawChoices shows the choices of the field where the hand is; on is where draw drew, but
// as wide as they may be.
func (p *parting) drawChoices(on pen, room int) {
	p.deepest().form.drawChoices(on.in(0, 1, on.w, on.h-1), room-1)
}

// says is the word about the field where the hand is.
func (p *parting) says() string {
	if of := p.deepest().current(); of != nil {
		return of.about
	}
	return ""
}

// keysAre what the keys do while a mapping is open; done is what the form as a whole does.
func (p *parting) keysAre(done string) string {
	in := p.deepest()
	switch {
	case in.isTyped():
		return "enter next   esc as it was   " + done
	case in.current() != nil && len(in.current().keys) > 0:
		return "enter next   right its keys   esc back   " + done
	}
	return "enter next   esc back   " + done
}
