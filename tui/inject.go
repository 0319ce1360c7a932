package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// An injection is the form of a fault that begins where the run stands. Its fields are
// the keys that a fault of that kind has in a file.
type injection struct {
	*console
	form
	kinds    []FaultKind
	kind, on string // what the fields are for
	wanted   string // what a hand would have it on, if the kind can be
	moved    string // says that it cannot, and on what it is instead
	text     string // the fault as it stands in a file
	problems []string
}

// inject opens the form. Of kind and on what is "" is chosen by what is selected.
func (c *console) inject(kind, on string) {
	if !c.canEdit() {
		return
	}
	c.hold()
	f := &injection{console: c, form: form{look: c.look, button: "Inject"}, kinds: c.editor.FaultKinds()}
	wanted := on
	if wanted == "" {
		wanted = c.selected
	}
	if kind == "" {
		kind = f.kinds[0].Name
		for _, k := range slices.Backward(f.kinds) {
			if slices.Contains(c.editor.Targets(k.Name), wanted) {
				kind = k.Name
			}
		}
	}
	kindField := newField(c.look, "kind", kind)
	for _, k := range f.kinds {
		kindField.choices = append(kindField.choices, choice{k.Name, k.About + ": on " + either(k.On)})
	}
	onField := newField(c.look, "on", wanted)
	onField.typed, f.wanted = on != "", wanted
	f.fields = []*field{kindField, onField}
	f.changed()
	if on == "" && f.moved != "" { // the hand has not said yet what it is to be on
		f.wanted, f.moved = onField.text(), ""
	}
	kindField.enter()
	c.over = f
}

// changed brings the fields in line with the kind and the target, and says what it is
// in a file, and what is wrong with it.
func (f *injection) changed() {
	kind := f.value("kind")
	known := slices.IndexFunc(f.kinds, func(k FaultKind) bool { return k.Name == kind })
	if known >= 0 && kind != f.kind {
		of := f.kinds[known]
		on := f.field("on")
		on.about, on.hint, on.choices = "what it is on: "+either(of.On), either(of.On), nil
		targets, kinds := f.editor.Targets(kind), kindsOf(f.plan())
		for _, name := range targets {
			on.choices = append(on.choices, choice{name, kinds[name].String()})
		}
		if at := nearTo(targets, f.wanted); at != on.text() || !on.typed {
			on.put(at)
		}
		if f.moved = ""; f.wanted == "" {
			f.wanted = on.text()
		} else if on.text() != f.wanted {
			f.moved = fmt.Sprintf("on %s now: %s cannot be on %s", on.text(), kind, f.wanted)
		}
		f.field("kind").about = of.About
	} else if on := f.field("on"); on.typed && on.value() != f.on {
		f.wanted, f.moved = on.value(), ""
	}
	if on := f.value("on"); known >= 0 && (kind != f.kind || on != f.on) {
		f.kind, f.on = kind, on
		f.refill()
	}
	if name := f.field("name"); name != nil && !name.typed {
		name.put(f.editor.FreshName(f.changes, f.kind, f.on))
	}
	d := f.draft()
	f.text = f.editor.DraftText(d)
	f.problems = f.try(deed{drafts: []Draft{d}})
}

// refill makes the fields of the kind's own keys. What a hand has typed for a key of the
// same name stays.
func (f *injection) refill() {
	before := f.fields
	here := f.current()
	f.fields = before[:2:2]
	filled := f.kind != "set"
	for _, k := range f.editor.FaultKeys(f.changes, f.kind, f.on) {
		of := keyField(f.look, k)
		switch {
		case k.Name == "for":
			of.put("30s")
		case f.kind == "set" && !filled && (k.Value != "" && k.Set || k.Example != "" && k.Default == "none"):
			filled = true // a set sets something: the first key is the one that comes with a value
			of.put(k.Example)
			if k.Set {
				of.put(k.Value)
			}
		case k.Required:
			of.put(k.Example)
		}
		f.fields = append(f.fields, of)
	}
	name := newField(f.look, "name", "")
	name.about = "what the story and the expectations call it"
	f.fields = append(f.fields, name)
	for i, of := range f.fields[2:] {
		old := slices.IndexFunc(before, func(b *field) bool { return b.name == of.name })
		if old >= 0 && before[old].typed {
			of.put(before[old].text())
			of.typed = true
		}
		if old >= 0 && before[old] == here {
			f.at = i + 2
		}
	}
	f.at = min(f.at, len(f.fields))
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
	f.about = k.About + ": " + k.Written
	if k.Default != "" {
		f.about += "; without it " + k.Default
	}
	if len(k.Keys) > 0 {
		var names []string
		for _, below := range k.Keys {
			names = append(names, below.Name)
		}
		f.about += "; it has " + strings.Join(names, ", ")
		if k.Example != "" {
			f.about += ", as in " + k.Example
		}
	}
	for _, word := range k.Choices {
		f.choices = append(f.choices, choice{name: word})
	}
	return f
}

// draft is what the fields say.
func (f *injection) draft() Draft {
	d := Draft{Name: f.value("name"), At: time.Duration(f.paused.at), Kind: f.value("kind"), On: f.value("on")}
	for _, of := range f.fields {
		if v := of.value(); v != "" && of.name != "kind" && of.name != "on" && of.name != "name" {
			d.Fields = append(d.Fields, Field{of.name, v})
		}
	}
	return d
}

func (f *injection) draw(p pen) {
	lines := max(len(f.fields)+1, strings.Count(f.text, "\n")+1)
	in := f.sheet(p, "inject at "+clockText(f.paused.at), draftSheet(p.w), lines+5)
	foot := 2
	fields, draft := in.in(0, 0, in.w, in.h-foot).beside()
	f.form.draw(fields)
	f.drawDraft(draft, f.text)
	about := ""
	if of := f.current(); of != nil {
		about = of.about
	}
	if f.moved != "" {
		about = f.moved + "; " + about
	}
	f.drawProblems(in.in(0, in.h-foot, in.w, foot), f.problems, about)
	whole := fields
	whole.w = in.w
	f.drawChoices(whole, in.h)
}

func (f *injection) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch f.form.key(e) {
	case formChanged:
		f.changed()
	case formLeft:
		return false
	case formApplied:
		f.changed()
		if len(f.problems) == 0 {
			d := f.draft()
			f.do(deed{at: f.paused.at, words: "injected " + d.Name + " at " + clockText(f.paused.at), drafts: []Draft{d}})
			return false
		}
	}
	return true
}

func (f *injection) paste(text string) {
	f.form.paste(text)
	f.changed()
}

func (f *injection) about() string {
	return "enter next   ctrl-s inject   esc leave   left/right or type: choose"
}

// either are words of which one is meant: a, b or c.
func either(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// nearTo is the target that has most to do with what a hand has selected: itself, what
// calls it or is called by it, the service that it is of; else the first.
func nearTo(targets []string, wanted string) string {
	switch {
	case slices.Contains(targets, wanted):
		return wanted
	case len(targets) == 0:
		return ""
	case wanted == "":
		return targets[0]
	}
	parts := func(name string) []string {
		return strings.FieldsFunc(strings.ReplaceAll(name, "->", " "), func(r rune) bool { return r == ' ' || r == '#' })
	}
	service := func(name string) string { s, _, _ := strings.Cut(name, "."); return s }
	of := parts(wanted)
	slices.Reverse(of) // of an edge the callee first
	for _, whole := range []bool{true, false} {
		for _, w := range of {
			for _, t := range targets {
				in := parts(t)
				slices.Reverse(in)
				for _, name := range in {
					if name == w || !whole && service(name) == service(w) {
						return t
					}
				}
			}
		}
	}
	return targets[0]
}
