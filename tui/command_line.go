package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/sim/report"
)

// A commanding is the line on which a command is typed, with what may stand there in a
// list above it.
type commanding struct {
	*console
	input *field
	at    int    // of the list; -1: none is chosen
	typed string // before one was chosen
	back  int    // how far back in the history
	wrong string

	in    string // of a path to be set: up to its last dot
	known []Key  // what may follow there
}

// command opens the line with a beginning.
func (c *console) command(line string) {
	m := &commanding{console: c, input: newField(c.look, "", line), at: -1}
	m.typed = line
	c.over = m
}

// offers are the words that may stand where the hand is, with what they mean; before
// is what stands before it.
func (m *commanding) offers() (before string, offers []choice) {
	line := m.typed
	name, of, spaced := strings.Cut(line, " ")
	f := field{input: tview.NewInputField(), choices: m.words(name, spaced)}
	if spaced {
		before, f.choices = name+" ", m.words(name, true)
		switch kind, on, more := strings.Cut(of, " "); {
		case m.editor == nil:
		case name == "set":
			f.choices = m.paths(of)
		case name == "inject" && more:
			before, of, f.choices = before+kind+" ", on, nil
			for _, target := range m.editor.Targets(m.scenario.Plan, kind) {
				f.choices = append(f.choices, choice{name: target})
			}
		}
		f.input.SetText(of)
	} else {
		f.input.SetText(name)
	}
	return before, f.fitting()
}

// paths are what may be set: what was begun goes on a dot further, or with a value.
func (m *commanding) paths(begun string) []choice {
	path, _, valued := strings.Cut(begun, "=")
	if in := path[:strings.LastIndexByte(path, '.')+1]; m.known == nil || m.in != in {
		m.in, m.known = in, m.editor.Paths(m.changes, in) // asking reads the whole scenario
	}
	var all []choice
	for _, k := range m.known {
		switch {
		case valued && k.Name != path:
		case valued && len(k.Choices) > 0:
			for _, word := range k.Choices {
				all = append(all, choice{name: path + "=" + word})
			}
		case valued: // whatever it is, what it was and how it is written is of use
			all = append(all, choice{begun, pathAbout(&k)})
		case strings.HasSuffix(k.Name, "."):
			all = append(all, choice{k.Name, k.About})
		default:
			all = append(all, choice{k.Name + "=", pathAbout(&k)})
		}
	}
	return all
}

// pathAbout is what a key is, and what it is for.
func pathAbout(k *Key) string {
	value := k.Value
	if value == "" {
		value = missing
	}
	if k.About == "" {
		return value
	}
	return value + "  " + k.About
}

// words are what may stand first on the line, or after a command.
func (m *commanding) words(name string, spaced bool) []choice {
	var words []choice
	if !spaced {
		for _, word := range m.commandNames() {
			about := ""
			for _, b := range m.table {
				if string(b.action) == word {
					about = b.about
				}
			}
			for _, of := range commands() {
				if of.name == word {
					about = strings.TrimSpace(of.takes + "  " + of.about)
				}
			}
			words = append(words, choice{word, about})
		}
		return words
	}
	for _, of := range commands() {
		if of.name == name && of.words != nil {
			for _, word := range of.words(m.console) {
				words = append(words, choice{name: word})
			}
		}
	}
	return words
}

func (m *commanding) draw(p pen) {
	line := p.in(0, p.h-footerLines, p.w, 1)
	line.fill(' ', m.look.plain)
	x := line.text(1, 0, ":", m.look.accent)
	m.input.fresh = false
	m.input.draw(line.in(x, 0, line.w-x-1, 1), m.look, true)
	_, offers := m.offers()
	h := min(len(offers), 10, p.h-m.headerLines()-footerLines-2)
	if m.wrong != "" {
		lines := wrapped(m.wrong, p.w-4)
		above := p.in(0, p.h-footerLines-len(lines), p.w, len(lines))
		above.fill(' ', m.look.plain)
		style, mark := m.look.level(report.Critical)
		for y, text := range lines {
			above.text(3, y, text, style)
		}
		above.text(1, 0, mark, style)
		return
	}
	if h <= 0 {
		return
	}
	name := 0
	for _, of := range offers {
		name = max(name, widthOf(of.name))
	}
	list := p.in(0, p.h-footerLines-h-2, min(p.w, max(76, name+40)), h+2)
	list.fill(' ', m.look.plain)
	in := list.box(m.look, "", m.look.dim, m.look.dim)
	top := scrolled(0, max(m.at, 0), len(offers), in.h)
	if len(offers) > in.h {
		list.right(list.w-2, list.h-1, fmt.Sprintf(" %d to %d of %d ", top+1, top+in.h, len(offers)), m.look.dim)
	}
	for y := range in.h {
		of := offers[top+y]
		style := m.look.plain
		in.text(1, y, m.look.cutMiddle(of.name, in.w-2), style)
		in.text(name+3, y, m.look.cut(of.about, in.w-name-3), m.look.dim)
		if top+y == m.at {
			for x := range in.w {
				in.style(x, y, func(tcell.Style) tcell.Style { return m.look.cursor })
			}
		}
	}
}

func (m *commanding) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch e.Key() {
	case tcell.KeyEscape:
		return false
	case tcell.KeyEnter:
		line := strings.TrimSpace(m.input.text())
		if line == "" {
			return false
		}
		if m.history = slices.DeleteFunc(m.history, func(old string) bool { return old == line }); len(m.history) >= mostHistory {
			m.history = m.history[1:]
		}
		m.history = append(m.history, line)
		m.leave()
		if err := m.run(line); err != nil {
			m.over, m.wrong = m, err.Error()
			m.typed, m.at = m.input.input.GetText(), -1
		}
		return true
	case tcell.KeyTab, tcell.KeyBacktab:
		m.complete(e.Key() == tcell.KeyTab)
	case tcell.KeyUp, tcell.KeyDown:
		m.recall(e.Key() == tcell.KeyUp)
	default:
		m.wrong = ""
		m.input.key(e)
		m.typed, m.at = m.input.input.GetText(), -1
	}
	return true
}

// mostHistory is how many lines are kept to come back to.
const mostHistory = 200

// complete puts the next of the offers on the line, or the one before.
func (m *commanding) complete(forth bool) {
	m.wrong = ""
	before, offers := m.offers()
	if len(offers) == 0 {
		return
	}
	m.at = turned(m.at, len(offers), forth)
	m.input.put(before + offers[m.at].name)
	if len(offers) == 1 { // nothing else can be meant: on to what follows
		if name := offers[0].name; !strings.HasSuffix(name, ".") && !strings.Contains(name, "=") { // a path goes on at once
			m.input.put(before + name + " ")
		}
		m.typed, m.at = m.input.input.GetText(), -1
	}
}

// recall puts a line of the history on the line.
func (m *commanding) recall(older bool) {
	if older {
		m.back = min(m.back+1, len(m.history))
	} else {
		m.back = max(m.back-1, 0)
	}
	line := ""
	if m.back > 0 {
		line = m.history[len(m.history)-m.back]
	}
	m.input.put(line)
	m.typed, m.at, m.wrong = line, -1, ""
}

func (m *commanding) paste(text string) {
	m.input.paste(text)
	m.typed, m.at, m.wrong = m.input.input.GetText(), -1, ""
}

func (m *commanding) about() string { return "" }
