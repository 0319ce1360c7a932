package tui

import (
	"slices"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// A filtering is the line on which the filter is typed. What is listed follows it, and once it
// is kept so does the hand: who looked for a thing means to open it.
type filtering struct {
	*console
	input *field
}

// filterLine opens the line.
func (c *console) filterLine() {
	f := &filtering{console: c, input: newField(c.look, "", c.filter)}
	f.input.hint = "a part of a name"
	f.input.enter()
	c.over = f
}

func (f *filtering) draw(p pen) {
	line := p.in(0, p.h-footerLines, p.w, 1)
	line.fill(' ', f.look.plain)
	x := line.text(1, 0, "/", f.look.accent)
	const words = "enter keep   esc all"
	f.input.draw(line.in(x, 0, line.w-x-widthOf(words)-2, 1), f.look, true)
	line.right(line.w-1, 0, words, f.look.dim)
}

func (f *filtering) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch e.Key() {
	case tcell.KeyEnter:
		switch {
		case slices.Contains(f.names(), f.filter):
			f.selected = f.filter
		case f.filter != "" && !f.passes(f.selected):
			f.next(true)
		}
		return false
	case tcell.KeyEscape:
		f.filter = ""
		return false
	}
	f.input.key(e)
	f.filter = f.input.text()
	return true
}

func (f *filtering) paste(text string) {
	f.input.paste(text)
	f.filter = f.input.text()
}

func (f *filtering) about() string { return "" }

// names are what can be selected: services with their operations, edges, queues, sources.
func (c *console) names() []string {
	p := c.plan()
	var names []string
	for i := range p.Topology.Services {
		s := &p.Topology.Services[i]
		names = append(names, s.Name)
		for _, op := range s.Operations {
			if op.Name != "" {
				names = append(names, s.Name+"."+op.Name)
			}
		}
	}
	for _, e := range p.Edges() {
		names = append(names, e.ID)
	}
	for i := range p.Topology.Queues {
		names = append(names, p.Topology.Queues[i].Name)
	}
	for i := range p.Sources {
		names = append(names, p.Sources[i].Name)
	}
	return names
}

// next selects the next of what the filter lets pass, or the one before.
func (c *console) next(forth bool) {
	names := slices.DeleteFunc(c.names(), func(name string) bool { return !c.passes(name) })
	if len(names) == 0 {
		c.said = "no name has " + c.filter + " in it"
		return
	}
	c.selected = names[turned(slices.Index(names, c.selected), len(names), forth)]
	c.said = c.selected
}
