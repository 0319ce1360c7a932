package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// A dialling is the list of all that can be set on one thing from now on. What is turned
// becomes set faults, and a surge, that begin where the run stands and last to the end.
type dialling struct {
	*console
	finder
	target   string // "": the rows lead to targets
	says     string // why there is nothing to turn
	dials    []dial
	editing  *field   // nil: the hand is in the list
	words    form     // of the dial that is edited, for its choices
	parts    *parting // nil: no mapping is open
	edited   int      // the dial that is
	cell     pen      // where the list has it
	button   pen      // where that is that turns them
	ready    bool     // the hand is on it
	text     string
	problems []string
}

// A dial is a key, and what it is to be.
type dial struct {
	Key
	kind, on string // the fault that turns it
	value    string // "": it stays as it is
}

// dial opens the list for what is selected, or for a target by its name.
func (c *console) dial(target string) {
	if !c.canEdit() || c.isOver() {
		return
	}
	if target == "" {
		target = c.selected
	}
	c.hold()
	d := &dialling{console: c, target: target}
	var rows []finderRow
	switch t := find(c.plan(), target); t.kind {
	case noTarget:
		rows = d.targets()
	default:
		d.dials = d.all(t)
		for i := range d.dials {
			rows = append(rows, d.rowOf(i))
		}
		switch t.kind {
		case queueTarget:
			rows = append(rows, d.consumers(t.index)...)
		case serviceTarget, operationTarget:
			// Before those that cannot be turned.
			fixed := slices.IndexFunc(d.dials, func(of dial) bool { return of.Fixed != "" })
			if fixed < 0 {
				fixed = len(rows)
			}
			rows = slices.Insert(rows, fixed, d.ways(t.index)...)
		}
	}
	d.finder = newFinder(c.look, rows)
	d.changed()
	c.over = d
}

// all are the dials of a target: what can be set on it; with a service those of its
// operations, with an operation those of its service; of a source its traffic, and its
// way in. Behind them are those that cannot be set, which say why.
func (d *dialling) all(t target) []dial {
	p := d.plan()
	var dials []dial
	set := func(on string) { dials = append(dials, d.sets(on)...) }
	fixed := func(on string) {
		for _, k := range d.editor.Policies(d.changes, on, time.Duration(d.paused.at)) {
			if k.Fixed != "" {
				dials = append(dials, dial{Key: k, kind: "set", on: on})
			}
		}
	}
	switch t.kind {
	case sourceTarget:
		for _, k := range d.editor.FaultKeys(d.changes, "surge", d.target) {
			if k.Required {
				k.Value = "1"
				dials = append(dials, dial{Key: k, kind: "surge", on: d.target})
			}
		}
		set(p.Sources[t.index].Edge.ID)
		fixed(d.target)
	case serviceTarget, operationTarget:
		service := &p.Topology.Services[t.index]
		if t.kind == operationTarget {
			set(d.target)
		}
		set(service.Name)
		for i := range service.Operations {
			name := service.Name + "." + service.Operations[i].Name
			if name != d.target && find(p, name).kind == operationTarget && service.Operations[i].Name != "" {
				set(name)
			}
		}
		fixed(service.Name)
	default:
		set(d.target)
		fixed(d.target)
	}
	return dials
}

// sets are the keys that a set on a target may have, with what they are at present.
func (d *dialling) sets(on string) []dial {
	var dials []dial
	for _, k := range d.atPresent(d.editor.FaultKeys(d.changes, "set", on), on) {
		if !k.OfFault {
			dials = append(dials, dial{Key: k, kind: "set", on: on})
		}
	}
	return dials
}

// atPresent are the keys of a set on a target with what they are where the run stands.
func (c *console) atPresent(keys []Key, on string) []Key {
	at := c.editor.Policies(c.changes, on, time.Duration(c.paused.at))
	keys = slices.Clone(keys)
	for i := range keys {
		k := &keys[i]
		if j := slices.IndexFunc(at, func(now Key) bool { return now.Name == k.Name }); j >= 0 && !k.OfFault {
			k.Value, k.Set, k.By = at[j].Value, at[j].Set, at[j].By
		}
	}
	return keys
}

// rowOf is a dial in the list.
func (d *dialling) rowOf(i int) finderRow {
	of := &d.dials[i]
	group := of.on
	switch {
	case of.Fixed != "":
		group = "what " + of.on + " is"
	case of.kind == "surge":
		group = "traffic of " + of.on
	}
	return finderRow{place: i, group: group, text: of.Name + " " + of.About, does: func() { d.edit(i) }, draw: func(p pen) {
		name, room := 15, p.w
		p.text(0, 0, d.console.look.cut(of.Name, name-1), d.console.look.plain)
		if d.editing != nil && d.edited == i {
			d.cell = p.in(name, 0, room-name, 1)
			return // it is drawn last, over the cursor of the list
		}
		text, style := of.Value, d.console.look.plain
		if !of.Set || of.Fixed != "" {
			style = d.console.look.dim
		}
		if of.By != "" {
			style = d.console.look.set
		}
		x := name
		if of.value != "" {
			// What it was is left out where only that leaves room for what it is to be.
			if was := d.console.look.cut(text, max(8, room/3)); x+widthOf(was)+len(" to ")+widthOf(of.value) <= room || room >= 48 {
				x = p.text(x, 0, was, d.console.look.dim) + 1
			}
			x = p.text(x, 0, "to", d.console.look.dim) + 1
			text, style = of.value, d.console.look.accent
		}
		p.text(x, 0, d.console.look.cut(text, room-x), style)
	}}
}

// edit begins to turn a dial.
func (d *dialling) edit(i int) {
	of := &d.dials[i]
	if of.Fixed != "" {
		return // which is said below
	}
	d.editing, d.edited = keyField(d.console.look, of.Key), i
	text := of.value
	if text == "" && (of.Set || of.Example == "") {
		text = of.Value
	}
	if text == "" || text == "none" {
		text = of.Example
	}
	d.editing.put(text)
	d.editing.enter()
}

// targets are rows that lead to what has dials.
func (d *dialling) targets() []finderRow {
	d.says = "choose what to turn a dial of"
	kinds := kindsOf(d.plan())
	var rows []finderRow
	for _, kind := range []string{"set", "surge"} {
		for _, name := range d.editor.Targets(d.scenario.Plan, kind) {
			rows = append(rows, d.leads("choose", name, kinds[name].String(), func() { d.dial(name) }))
		}
	}
	return rows
}

// consumers are rows that lead to who takes the messages of a queue.
func (d *dialling) consumers(i int) []finderRow {
	p := d.plan()
	var rows []finderRow
	for s := range p.Topology.Services {
		for _, k := range p.Topology.Services[s].Consumes {
			if k.Queue == i {
				name := p.Topology.Services[s].Name
				rows = append(rows, d.leads("who takes its messages", name, "its dials", func() { d.dial(name) }))
			}
		}
	}
	return rows
}

// ways are rows that lead to the calls of a service and to it, and to the queues that it
// knows: a time-out and a breaker are the call's, and are looked for at either end of it.
func (d *dialling) ways(i int) []finderRow {
	p := d.plan()
	var rows []finderRow
	add := func(group, name, about string) {
		rows = append(rows, d.leads(group, name, about, func() { d.dial(name) }))
	}
	const ofCall = "timeout, retry, breaker, hedge and more"
	for _, e := range p.Edges() {
		if e.From.Service == i {
			add("its calls", e.ID, ofCall)
		}
	}
	for _, e := range p.Edges() {
		if e.To.Service == i {
			add("calls to it", e.ID, ofCall)
		}
	}
	named := make([]bool, len(p.Topology.Queues))
	queue := func(q int) {
		if !named[q] {
			named[q] = true
			add("its queues", p.Topology.Queues[q].Name, "its dials")
		}
	}
	for _, of := range p.Topology.Publishes {
		if of.From.Service == i {
			queue(of.Queue)
		}
	}
	for _, of := range p.Topology.Services[i].Consumes {
		queue(of.Queue)
	}
	return rows
}

// leads is a row that opens another form. The run was held for this one, and is for that.
func (d *dialling) leads(group, name, about string, open func()) finderRow {
	c := d.console
	return finderRow{place: -1, group: group, text: name + " " + about, draw: func(p pen) {
		x := p.text(0, 0, name, c.look.plain)
		p.text(max(x+2, 24), 0, c.look.cut(about, p.w-max(x+2, 24)), c.look.dim)
	}, does: func() {
		held := c.paused
		open()
		c.paused.playing = held.playing
	}}
}

// drafts are the faults that what is turned comes to: one for each thing that it is on.
func (d *dialling) drafts() []Draft {
	var drafts []Draft
	for i := range d.dials {
		of := &d.dials[i]
		value := of.value
		if d.editing != nil && d.edited == i {
			value = d.turnedTo()
		}
		if value == "" {
			continue
		}
		at := slices.IndexFunc(drafts, func(f Draft) bool { return f.Kind == of.kind && f.On == of.on })
		if at < 0 {
			word := of.Name
			if of.kind != "set" {
				word = of.kind
			}
			at = len(drafts)
			drafts = append(drafts, Draft{Name: d.editor.FreshName(d.changes, word, of.on), At: time.Duration(d.paused.at), Kind: of.kind, On: of.on})
		}
		drafts[at].Fields = append(drafts[at].Fields, Field{of.Name, value})
	}
	return drafts
}

// turnedTo is what is typed; "" where that is what it is already.
func (d *dialling) turnedTo() string {
	if v := d.editing.value(); v != d.dials[d.edited].Value {
		return v
	}
	return ""
}

// deed is what the dials come to.
func (d *dialling) deed() deed {
	drafts := d.drafts()
	var words []string
	for _, f := range drafts {
		for _, of := range f.Fields {
			words = append(words, fmt.Sprintf("%s of %s to %s", of.Name, f.On, of.Value))
		}
	}
	return deed{at: d.paused.at, words: "turned " + strings.Join(words, ", ") + " at " + clockText(d.paused.at), drafts: drafts}
}

// changed says what it is in a file, and what is wrong with it.
func (d *dialling) changed() {
	of := d.deed()
	var texts []string
	for _, f := range of.drafts {
		texts = append(texts, d.editor.DraftText(f))
	}
	d.text, d.problems = strings.Join(texts, ""), nil
	if len(of.drafts) > 0 {
		d.problems = d.try(of)
	}
}

func (d *dialling) draw(p pen) {
	title := "turn a dial"
	if d.target != "" && len(d.dials) > 0 {
		title += " of " + d.target
	}
	title += " at " + clockText(d.paused.at)
	foot := 2
	lines := max(d.lines(), strings.Count(d.text, "\n")+1) + 1
	in := d.sheet(p, title, draftSheet(p.w), lines+foot+3)
	list := in.in(0, 0, in.w, in.h-foot)
	about := d.says
	d.input.hint = "type to find, enter to turn"
	if len(d.dials) == 0 {
		d.finder.draw(list)
		d.drawProblems(in.in(0, in.h-foot, in.w, foot), nil, about)
		return
	}
	list, draft := list.beside()
	if d.parts != nil {
		whole := list
		whole.w = in.w
		d.drawDraft(draft, d.text)
		d.parts.draw(list)
		d.drawProblems(in.in(0, in.h-foot, in.w, foot), d.problems, d.parts.says())
		d.parts.drawChoices(whole, in.h)
		return
	}
	rows := list.in(0, 0, list.w, list.h-1)
	d.cell, d.words = pen{}, form{}
	d.finder.draw(rows)
	d.button = list.in(2, list.h-1, widthOf("[ Turn ]"), 1)
	style := d.console.look.accent
	if d.ready {
		style = d.console.look.cursor
	}
	list.text(2, list.h-1, "[ Turn ]", style)
	text := d.text
	if text == "" {
		text = "nothing is turned yet"
	}
	d.drawDraft(draft, text)
	if r := d.here(); r >= 0 && !d.ready {
		of := &d.dials[r]
		about = keyField(d.console.look, of.Key).about
		if of.Fixed != "" {
			about = of.Fixed
		}
		if of.By != "" {
			about = "it is so by " + of.By + "; " + about
		}
	}
	d.drawProblems(in.in(0, in.h-foot, in.w, foot), d.problems, about)
	if d.editing != nil && d.cell.w > 0 {
		d.cell.fill(' ', d.console.look.plain)
		d.editing.draw(d.cell, d.console.look, true)
		d.words = form{look: d.console.look, fields: []*field{d.editing}}
		d.words.drawChoices(d.cell, in.y+in.h-d.cell.y)
	}
}

// here is the dial where the hand is; -1: none.
func (d *dialling) here() int {
	if d.editing != nil {
		return d.edited
	}
	if r := d.row(); r != nil {
		return r.place // below 0 of one that leads elsewhere
	}
	return -1
}

func (d *dialling) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	if e.Key() == tcell.KeyCtrlS {
		return d.apply()
	}
	if d.editing != nil {
		switch {
		case d.parts != nil:
			if !d.parts.key(e) {
				d.parts = nil
				d.editing.enter()
				if e.Key() != tcell.KeyEscape {
					d.turned()
				}
			}
		case d.editing.opens(e):
			d.parts = newParting(d.console.look, d.editor, d.editing)
		case d.editing.key(e):
		case e.Key() == tcell.KeyEscape:
			d.editing = nil
		case e.Key() == tcell.KeyEnter || e.Key() == tcell.KeyTab || e.Key() == tcell.KeyDown || e.Key() == tcell.KeyUp:
			d.turned()
		}
		d.changed()
		d.ready = d.ready && len(d.problems) == 0 // else the hand is still on what is to be mended
		return true
	}
	if d.ready {
		switch e.Key() {
		case tcell.KeyEnter:
			return d.apply()
		case tcell.KeyEscape:
			return false
		case tcell.KeyUp, tcell.KeyDown, tcell.KeyTab, tcell.KeyBacktab: // back to the list
			d.ready = false
			return true
		}
		d.ready = false
	}
	if i := d.here(); i >= 0 && d.input.text() == "" && slices.Contains([]tcell.Key{tcell.KeyDelete, tcell.KeyBackspace, tcell.KeyBackspace2}, e.Key()) {
		d.dials[i].value = "" // as it was
		d.changed()
		return true
	}
	switch d.finder.key(e, 8) {
	case formApplied:
		if r := d.row(); r != nil {
			r.does()
		}
	case formLeft:
		return false
	}
	return true
}

// turned ends the editing of a dial: the hand is on the button then, if it can be pressed.
func (d *dialling) turned() {
	d.dials[d.edited].value = d.turnedTo()
	d.editing, d.ready = nil, true
	d.input.put("")
	d.at = d.edited // all are shown, in the order of the dials
}

// apply turns the dials, and says whether the list stays.
func (d *dialling) apply() bool {
	if d.editing != nil {
		d.dials[d.edited].value = d.turnedTo()
		d.editing, d.parts = nil, nil
	}
	d.changed()
	of := d.deed()
	if len(of.drafts) == 0 || len(d.problems) > 0 {
		return true
	}
	d.do(of)
	return false
}

func (d *dialling) click(x, y int, press func(tcell.Key)) {
	switch {
	case d.parts != nil:
		d.parts.deepest().click(x, y, press)
	case d.words.list.holds(x, y):
		d.words.click(x, y, press)
	case d.cell.holds(x, y) && d.editing.fresh:
		press(tcell.KeyRight)
	case d.button.holds(x, y):
		if d.editing != nil {
			press(tcell.KeyEnter)
		}
		if d.ready = len(d.problems) == 0; d.ready {
			press(tcell.KeyEnter)
		}
	default:
		if d.editing != nil && d.on.holds(x, y) {
			press(tcell.KeyEnter) // what is typed counts
			d.ready = false
			return
		}
		d.ready = false
		d.finder.click(x, y, press)
	}
}

func (d *dialling) paste(text string) {
	switch {
	case d.parts != nil:
		d.parts.paste(text)
		d.changed()
	case d.editing != nil:
		d.editing.paste(text)
		d.changed()
	default:
		d.input.paste(text)
	}
}

func (d *dialling) about() string {
	if d.parts != nil {
		return d.parts.keysAre("ctrl-s turn it at once")
	}
	if d.editing != nil && len(d.editing.keys) > 0 && d.editing.fresh {
		return "enter done   right its keys   esc as it was   ctrl-s turn it at once"
	}
	if d.editing != nil {
		return "enter done   esc as it was   ctrl-s turn it at once"
	}
	if d.ready {
		return "enter turn   up back to the list   esc leave"
	}
	return "enter choose   type to find   del as it was   ctrl-s turn   esc leave"
}
