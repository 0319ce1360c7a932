package tui

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim"
	"cascade/sim/des"
)

// A healing is the list of the faults that can be ended, and those that are to come.
type healing struct {
	*console
	finder
}

// A ward is a fault as it is at an instant.
type ward struct {
	*sim.Fault
	begun   des.Time // of the time that it is in force, or the last one
	inForce bool
	times   int  // how often it has begun
	over    bool // it does not come any more
}

// wardOf is a fault at now, of a run that ends at end: one that begins at now has not
// begun, and one that ends at now has ended.
func wardOf(f *sim.Fault, now, end des.Time) ward {
	w := ward{Fault: f, begun: f.From}
	if now <= f.From {
		return w
	}
	w.times = 1
	if f.Every > 0 {
		k := (now - f.From - 1) / f.Every
		w.begun += k * f.Every
		w.times += int(k)
	}
	w.inForce = now < w.until()
	w.over = !w.inForce && (f.Every == 0 || w.begun+f.Every >= end)
	return w
}

// until is when the time that it is in force ends.
func (w *ward) until() des.Time { return w.begun + w.Until - w.From }

// heal ends the fault if only one is in force, else it shows which there are. What was set
// is only ended when it is chosen: it may be the cure.
func (c *console) heal() {
	if !c.canEdit() {
		return
	}
	c.hold()
	wards := c.wards()
	sick := slices.DeleteFunc(slices.Clone(wards), func(w ward) bool { return !w.inForce || w.Kind == sim.Set })
	switch {
	case len(wards) == 0:
		c.said = "no fault is in force, and none is to come"
		c.leave()
	case len(sick) == 1:
		c.mention(c.end(sick[0]))
		c.leave()
	default:
		c.listWards()
	}
}

// faultsList shows the faults that there are, whatever is in force.
func (c *console) faultsList() {
	if c.canEdit() {
		c.hold()
		c.listWards()
	}
}

// healNamed ends a fault by its name. The error is a sentence for the hand.
func (c *console) healNamed(name string) error {
	if !c.canEdit() {
		return nil
	}
	c.hold()
	defer c.leave()
	var names []string
	for _, w := range c.wards() {
		if w.Name == name {
			return c.end(w)
		}
		names = append(names, w.Name)
	}
	return fmt.Errorf("no fault %q is in force or to come%s", name, meant(name, names))
}

// wards are the faults that are not over: those in force, then those to come as they come.
func (c *console) wards() []ward {
	var in, toCome []ward
	p := c.scenario.Plan
	for i := range p.Faults {
		switch w := wardOf(&p.Faults[i], c.paused.at, p.Duration); {
		case w.inForce:
			in = append(in, w)
		case !w.over:
			toCome = append(toCome, w)
		}
	}
	slices.SortStableFunc(toCome, func(a, b ward) int { return cmp.Compare(a.next(), b.next()) })
	return append(in, toCome...)
}

func (c *console) listWards() {
	h := &healing{console: c}
	wards := c.wards()
	whens := make([]string, len(wards))
	var name, what, when int // columns that they take
	for i := range wards {
		w := &wards[i]
		whens[i] = w.when()
		name, what, when = max(name, widthOf(w.Name)), max(what, widthOf(w.what())), max(when, widthOf(whens[i]))
	}
	var rows []finderRow
	for i, w := range wards {
		group, style := "in force", c.look.fault
		switch {
		case !w.inForce:
			group, style = "to come", c.look.plain
		case w.Kind == sim.Set:
			style = c.look.set
		}
		rows = append(rows, finderRow{group: group, text: w.Name + " " + w.what(), draw: func(p pen) {
			// What leaves room for when is for the two before, and what one does not take is the other's.
			half := max((p.w-when-4)/2, 12)
			first := min(name, max(half, 2*half-what))
			second := min(what, 2*half-first)
			p.text(0, 0, c.look.cutMiddle(w.Name, first), style)
			p.text(first+2, 0, c.look.cutMiddle(w.what(), second), c.look.plain)
			x := first + second + 4
			p.text(x, 0, c.look.cut(whens[i], p.w-x), c.look.dim)
		}, does: func() { c.mention(c.end(w)) }})
	}
	h.finder = newFinder(c.look, rows)
	c.over = h
}

// what it is, and on what.
func (w *ward) what() string { return fmt.Sprintf("%s on %s", w.Kind, w.On) }

// when it is in force, or comes.
func (w *ward) when() string {
	when := "at " + clockText(w.next())
	if w.inForce {
		when = "since " + clockText(w.begun) + ", until " + clockText(w.until())
	}
	if w.Every > 0 {
		when += ", every " + time.Duration(w.Every).String()
	}
	return when
}

// next is when a fault that is to come begins.
func (w *ward) next() des.Time {
	if w.times == 0 {
		return w.From
	}
	return w.begun + w.Every
}

// end ends a fault where the run stands, in the words that a file has for it, which leave
// all that has happened as it was. The error says why a file has none.
func (c *console) end(w ward) error {
	now := c.paused.at
	d := deed{at: now, words: "healed " + w.Name + " at " + clockText(now)}
	path := "faults." + w.Name + "."
	lasted := Change{path + "for", time.Duration(now - w.begun).String()}
	once := Change{path + "every", time.Duration(c.scenario.Plan.Duration).String()} // when the run is over
	switch {
	case w.times == 0:
		if place := c.added(w.Name); place >= 0 {
			return problem(c.takeBack(place, now))
		}
		return fmt.Errorf("%s begins at %s; a file has no word for a fault that never begins, so end it once it has begun", w.Name, clockText(w.From))
	case w.Every == 0:
		d.changes = []Change{lasted}
	case w.inForce && w.times == 1:
		d.changes = []Change{lasted, once}
		d.words += ", and it does not come back"
	case !w.inForce && w.times == 1:
		d.changes, d.words = []Change{once}, w.Name+" does not come back, as of "+clockText(now)
	default:
		return fmt.Errorf("%s has come %d times, and a file says the same of all of them: what is changed now would change those before", w.Name, w.times)
	}
	if problems := c.do(d); problems != nil {
		return fmt.Errorf("%s cannot be ended here: %s", w.Name, problems[0])
	}
	return nil
}

func (h *healing) draw(p pen) {
	in := h.sheet(p, "end a fault at "+clockText(h.paused.at), 92, h.lines()+3)
	h.finder.draw(in)
}

func (h *healing) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch h.finder.key(e, 8) {
	case formApplied:
		if r := h.row(); r != nil {
			r.does()
			return false
		}
	case formLeft:
		return false
	}
	return true
}

func (h *healing) paste(text string) { h.input.paste(text) }

func (h *healing) about() string { return "enter end it here   type to find   esc leave" }
