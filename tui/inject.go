package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim/des"
)

// An injection is the form of a fault that begins where the run stands, or later. Its fields
// are the keys that a fault of that kind has in a file.
type injection struct {
	*console
	form
	parts    *parting // nil: no mapping is open
	kinds    []FaultKind
	kind, on string            // what the fields are for
	wanted   string            // what a hand would have it on, if the kind can be
	moved    string            // says that it cannot, and on what it is instead
	typed    map[string]string // what a hand typed, by the field's name: it comes back with a field of that name
	begins   des.Time
	text     string // the fault as it stands in a file
	problems []string
}

// inject opens the form. Of kind and on what is "" is chosen by what is selected.
func (c *console) inject(kind, on string) {
	if !c.canEdit() || c.isOver() {
		return
	}
	c.hold()
	f := &injection{console: c, form: form{look: c.look, button: "Inject"}, kinds: c.editor.FaultKinds(), typed: map[string]string{}}
	wanted := on
	if wanted == "" {
		wanted = c.selected
	}
	fits := func(k FaultKind) bool { return slices.Contains(c.editor.Targets(c.scenario.Plan, k.Name), wanted) }
	if kind == "" {
		kind = f.kinds[0].Name
		if i := slices.IndexFunc(f.kinds, fits); i >= 0 {
			kind = f.kinds[i].Name
		}
		if find(c.scenario.Plan, wanted).kind == queueTarget {
			kind = "outage" // what most often happens to a broker, and not the first in the format's order
		}
	}
	kindField := newField(c.look, "kind", kind)
	for _, possible := range []bool{true, false} { // what can be on the one that is wanted comes first
		for _, k := range f.kinds {
			if fits(k) == possible {
				kindField.choices = append(kindField.choices, choice{k.Name, k.About + ": on " + either(k.On)})
			}
		}
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
		targets, kinds := f.editor.Targets(f.scenario.Plan, kind), kindsOf(f.plan())
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
		// A word that is no target yet, while it is typed, has no keys: those of the one before stay.
		if keys := f.editor.FaultKeys(f.changes, kind, on); keys != nil || kind != f.kind {
			if f.kind, f.on = kind, on; kind == "set" {
				keys = f.atPresent(keys, on)
			}
			f.refill(keys)
		}
	}
	if name := f.field("name"); name != nil && !name.typed {
		name.put(f.editor.FreshName(f.changes, f.kind, f.on))
	}
	d := f.draft()
	f.text = f.editor.DraftText(d)
	f.begins, f.problems = f.beginning(d)
}

// beginning is when a fault begins, or what is wrong with it. It cannot begin in what is over.
func (f *injection) beginning(d Draft) (des.Time, []string) {
	now := f.paused.at
	s, problems := f.editor.Read(f.now(&deed{drafts: []Draft{d}}))
	if len(problems) > 0 {
		return now, problems
	}
	at := s.Plan.Faults[len(s.Plan.Faults)-1].From
	if at < now {
		return now, []string{fmt.Sprintf("at: the run stands at %s, and %s is over; write %s or later, or go back first", clockText(now), clockText(at), clockText(now))}
	}
	return at, nil
}

// refill makes the fields of the kind's own keys. What a hand has typed for a key of the
// same name stays.
func (f *injection) refill(keys []Key) {
	before := f.fields
	here := f.current()
	f.fields = before[:2:2]
	filled := f.kind != "set"
	for _, k := range keys {
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
	at, name := newField(f.look, "at", clockText(f.paused.at)), newField(f.look, "name", "")
	at.about = "when it begins: where the run stands, or later on"
	name.about = "what the story and the expectations call it"
	f.fields = append(f.fields, at, name)
	for _, of := range before[2:] {
		if of.typed {
			f.typed[of.name] = of.text()
		}
	}
	for i, of := range f.fields[2:] {
		if text, ok := f.typed[of.name]; ok {
			of.put(text)
			of.typed = true
		}
		if here != nil && here.name == of.name {
			f.at = i + 2
		}
	}
	f.at = min(f.at, len(f.fields))
}

// draft is what the fields say.
func (f *injection) draft() Draft {
	d := Draft{Name: f.value("name"), At: time.Duration(f.paused.at), Kind: f.value("kind"), On: f.value("on")}
	for _, of := range f.fields {
		if v := of.value(); v != "" && !slices.Contains([]string{"kind", "on", "name"}, of.name) && (of.name != "at" || of.typed) {
			d.Fields = append(d.Fields, Field{of.name, v})
		}
	}
	return d
}

func (f *injection) draw(p pen) {
	lines := max(len(f.fields)+1, strings.Count(f.text, "\n")+1)
	if f.parts != nil {
		lines = max(lines, len(f.parts.deepest().fields)+2)
	}
	in := f.sheet(p, "inject at "+clockText(f.paused.at), draftSheet(p.w), lines+5)
	foot := 2
	fields, draft := in.in(0, 0, in.w, in.h-foot).beside()
	f.drawDraft(draft, f.text)
	whole := fields
	whole.w = in.w
	if f.parts != nil {
		f.parts.draw(fields)
		f.drawProblems(in.in(0, in.h-foot, in.w, foot), f.problems, f.parts.says())
		f.parts.drawChoices(whole, in.h)
		return
	}
	f.form.draw(fields)
	about := ""
	if of := f.current(); of != nil {
		about = of.about
	}
	if f.moved != "" {
		about = f.moved + "; " + about
	}
	f.drawProblems(in.in(0, in.h-foot, in.w, foot), f.problems, about)
	f.drawChoices(whole, in.h)
}

func (f *injection) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch {
	case f.parts != nil && e.Key() != tcell.KeyCtrlS:
		if !f.parts.key(e) {
			f.parts = nil
			f.goTo(f.at) // it may be opened again
			if e.Key() != tcell.KeyEscape {
				f.move(1)
			}
		}
		f.changed()
		return true
	case f.parts == nil && f.current().opens(e):
		f.parts = newParting(f.look, f.editor, f.current())
		f.changed()
		return true
	}
	f.parts = nil
	switch f.form.key(e) {
	case formChanged:
		f.changed()
	case formLeft:
		return false
	case formApplied:
		f.changed()
		if len(f.problems) == 0 {
			d, words := f.draft(), "injected "
			if f.begins > f.paused.at {
				words = "to come: "
			}
			f.do(deed{at: f.begins, words: words + d.Name + " at " + clockText(f.begins), drafts: []Draft{d}})
			return false
		}
	}
	return true
}

func (f *injection) click(x, y int, press func(tcell.Key)) {
	if f.parts != nil {
		f.parts.deepest().click(x, y, press)
	} else {
		f.form.click(x, y, press)
	}
}

func (f *injection) paste(text string) {
	if f.parts != nil {
		f.parts.paste(text)
	} else {
		f.form.paste(text)
	}
	f.changed()
}

func (f *injection) about() string {
	if f.parts != nil {
		return f.parts.keysAre("ctrl-s inject")
	}
	if of := f.current(); of != nil && len(of.keys) > 0 && of.fresh {
		return "enter next   right its keys   ctrl-s inject   esc leave"
	}
	enter := "enter next   ctrl-s inject   "
	if f.atLast() {
		enter = "enter inject   "
	}
	if f.isTyped() {
		return enter + "esc as it was"
	}
	if of := f.current(); of != nil && len(of.choices) > 0 {
		return enter + "esc leave   type or left/right: choose"
	}
	return enter + "esc leave"
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
