package tui

import (
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// A finder is a list of which a part is found by typing.
type finder struct {
	look  *look
	input *field
	rows  []finderRow
	at    int // among those that are found
	top   int // the first line that is shown

	on    pen   // where the lines are
	lined []int // on each the row that is found, or -1 for a heading
}

// A finderRow is one that may be chosen.
type finderRow struct {
	group string // a heading stands above the first of each
	text  string // by which it is found
	about string // a sentence, for who shows one below the list
	draw  func(p pen)
	does  func() // nil: nothing
	place int    // for who holds the list
}

func newFinder(l *look, rows []finderRow) finder {
	f := finder{look: l, input: newField(l, "", ""), rows: rows}
	f.input.hint = "type to find"
	return f
}

// found are the rows that have all the words that are typed.
func (f *finder) found() []finderRow {
	words := strings.Fields(strings.ToLower(f.input.text()))
	var found []finderRow
rows:
	for _, r := range f.rows {
		text := strings.ToLower(r.group + " " + r.text)
		for _, w := range words {
			if !strings.Contains(text, w) {
				continue rows
			}
		}
		found = append(found, r)
	}
	return found
}

// row is the one where the hand is; nil: none is found.
func (f *finder) row() *finderRow {
	found := f.found()
	if len(found) == 0 {
		return nil
	}
	return &found[min(f.at, len(found)-1)]
}

// meant is the row that is found first by how it begins, else the first that is found.
func (f *finder) meant() int {
	word := strings.ToLower(f.input.text())
	return max(slices.IndexFunc(f.found(), func(r finderRow) bool { return strings.HasPrefix(strings.ToLower(r.text), word) }), 0)
}

// key takes a key. Enter applies; Esc leaves once nothing is typed any more.
func (f *finder) key(e *tcell.EventKey, page int) formWord {
	last := len(f.found()) - 1
	f.at = max(min(f.at, last), 0)
	switch e.Key() {
	case tcell.KeyEnter:
		return formApplied
	case tcell.KeyEscape:
		if f.input.text() == "" {
			return formLeft
		}
		f.input.put("")
		f.at = 0
	case tcell.KeyDown, tcell.KeyTab:
		f.at = turned(f.at, last+1, true)
	case tcell.KeyUp, tcell.KeyBacktab:
		f.at = turned(f.at, last+1, false)
	case tcell.KeyPgDn:
		f.at = max(min(f.at+page, last), 0)
	case tcell.KeyPgUp:
		f.at = max(f.at-page, 0)
	default:
		before := f.input.text()
		f.input.key(e)
		if f.input.text() != before {
			f.at = f.meant()
		}
	}
	return formStays
}

// click brings the hand to the row where the mouse is; to the row where it is already it
// is as Enter.
func (f *finder) click(x, y int, press func(tcell.Key)) {
	line := y - f.on.y
	if !f.on.holds(x, y) || line >= len(f.lined) || f.lined[line] < 0 {
		return
	}
	if f.lined[line] == f.at {
		press(tcell.KeyEnter)
	} else {
		f.at = f.lined[line]
	}
}

// lines are how many lines the whole list takes: what is typed, headings and rows.
func (f *finder) lines() int {
	n, group := 1, ""
	for _, r := range f.rows {
		if r.group != group {
			n, group = n+1, r.group
		}
		n++
	}
	return n
}

// draw shows what is typed, and below it what is found.
func (f *finder) draw(p pen) {
	p.text(0, 0, f.look.bullet, f.look.accent)
	f.input.draw(p.in(2, 0, p.w-2, 1), f.look, true)
	p = p.in(0, 1, p.w, p.h-1)
	type line struct {
		heading string
		row     int
	}
	found := f.found()
	var lines []line
	here, group := 0, ""
	f.at = max(min(f.at, len(found)-1), 0)
	for i, r := range found {
		if r.group != group {
			group = r.group
			lines = append(lines, line{group, 0})
		}
		if i == f.at {
			here = len(lines)
		}
		lines = append(lines, line{"", i})
	}
	if here == 1 {
		f.top = 0 // with its heading
	}
	f.top = scrolled(f.top, here, len(lines), p.h)
	rows := p.w - 2
	if len(lines) > p.h {
		rows -= 2 // the marks of more have their own column
	}
	if len(found) == 0 {
		p.text(2, 0, "nothing has that in it", f.look.dim)
	}
	f.on, f.lined = p, f.lined[:0]
	for y := range p.h {
		i := f.top + y
		if i >= len(lines) {
			break
		}
		if lines[i].heading != "" {
			f.lined = append(f.lined, -1)
		} else {
			f.lined = append(f.lined, lines[i].row)
		}
		if l := lines[i]; l.heading != "" {
			p.text(0, y, f.look.cut(l.heading, p.w), f.look.title)
		} else {
			at := p.in(0, y, p.w, 1)
			found[l.row].draw(at.in(2, 0, rows, 1))
			if i == here {
				for x := range at.w {
					at.style(x, 0, func(tcell.Style) tcell.Style { return f.look.cursor })
				}
			}
		}
	}
	f.look.drawMore(p, f.top, len(lines))
}
