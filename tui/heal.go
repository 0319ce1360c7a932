package tui

import (
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
		c.said = c.end(sick[0])
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

// healNamed ends a fault by its name, and says what came of it.
func (c *console) healNamed(name string) string {
	if !c.canEdit() {
		return c.said
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
	return fmt.Sprintf("no fault %q is in force or to come%s", name, meant(name, names))
}

// wards are the faults that are not over, those in force first.
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
	return append(in, toCome...)
}

func (c *console) listWards() {
	h := &healing{console: c}
	var rows []finderRow
	for _, w := range c.wards() {
		group, when := "in force", "since "+clockText(w.begun)+", until "+clockText(w.until())
		if !w.inForce {
			group, when = "to come", "at "+clockText(w.next())
		}
		if w.Every > 0 {
			when += ", every " + time.Duration(w.Every).String()
		}
		what := fmt.Sprintf("%s on %s", w.Kind, w.On)
		style := c.look.fault
		if !w.inForce {
			style = c.look.plain
		}
		rows = append(rows, finderRow{group: group, text: w.Name + " " + what, draw: func(p pen, here bool) {
			x := max(p.text(0, 0, w.Name, style)+2, 20)
			x = max(p.text(x, 0, what, c.look.plain)+2, 40)
			p.text(x, 0, c.look.cut(when, p.w-x), c.look.dim)
		}, does: func() { c.said = c.end(w) }})
	}
	h.finder = newFinder(c.look, rows)
	c.over = h
}

// next is when a fault that is to come begins.
func (w *ward) next() des.Time {
	if w.times == 0 {
		return w.From
	}
	return w.begun + w.Every
}

// end ends a fault where the run stands, in the words that a file has for it, which leave
// all that has happened as it was. It returns what came of it, or why a file has none.
func (c *console) end(w ward) string {
	now := c.paused.at
	d := deed{at: now, words: "healed " + w.Name + " at " + clockText(now)}
	path := "faults." + w.Name + "."
	lasted := Change{path + "for", time.Duration(now - w.begun).String()}
	once := Change{path + "every", time.Duration(c.scenario.Plan.Duration).String()} // when the run is over
	switch {
	case w.times == 0:
		if place := c.added(w.Name); place >= 0 {
			if problems := c.takeBack(place, now); problems != nil {
				return problems[0]
			}
			return c.said
		}
		return fmt.Sprintf("%s begins at %s; a file has no word for a fault that never begins, so end it once it has begun", w.Name, clockText(w.From))
	case w.Every == 0:
		d.changes = []Change{lasted}
	case w.inForce && w.times == 1:
		d.changes = []Change{lasted, once}
		d.words += ", and it does not come back"
	case !w.inForce && w.times == 1:
		d.changes, d.words = []Change{once}, w.Name+" does not come back, as of "+clockText(now)
	default:
		return fmt.Sprintf("%s has come %d times, and a file says the same of all of them: what is changed now would change those before", w.Name, w.times)
	}
	if problems := c.do(d); problems != nil {
		return w.Name + " cannot be ended here: " + problems[0]
	}
	return d.words
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
