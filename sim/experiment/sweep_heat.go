package experiment

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cascade/sim/report"
)

// A heatMap is a quantity over two axes, as it is drawn: rows and columns may be the one
// axis or the other.
type heatMap struct {
	rows, columns *Axis
	at            func(row, column int) *Cell
	q             *View
	scale         scale
}

// flipped has the axes the other way round.
func (h heatMap) flipped() heatMap {
	at := h.at
	h.rows, h.columns, h.at = h.columns, h.rows, func(row, column int) *Cell { return at(column, row) }
	return h
}

// maxLabel is how wide the values of the rows may be.
const maxLabel = 20

func (h *heatMap) label() int { return min(max(widest(h.rows.Values), 1), maxLabel) }

// heat draws a quantity over the last two axes, for the settings from the first on. Each
// place of the map has its number, or where there is no room for these a digit for the
// part of the scale that it lies in; shades, or colours, are beside that.
func (t *page) heat(g *Grid, q *View, first int) {
	n := len(g.Spec.Axes)
	down, across := &g.Spec.Axes[n-2], &g.Spec.Axes[n-1]
	h := heatMap{down, across, func(row, column int) *Cell { return &g.Cells[first+row*len(across.Values)+column] }, q, g.scale(q)}
	wide := t.wide(&h)
	if wide == 0 {
		if turned := h.flipped(); t.wide(&turned) > 0 {
			h, wide = turned, t.wide(&turned)
		}
	}
	t.Line("")
	what := "mean of the runs"
	if q.OfRuns {
		what = "share of the runs"
	}
	t.Line(t.In(report.Bold, t.Cut(q.Name, t.Width-2-len(what))), ", ", what)
	for _, s := range g.Cells[first].Settings[:n-2] {
		t.Line(t.Cut("with "+s.String(), t.Width))
	}
	t.Line(t.In(report.Dim, t.Cut(fmt.Sprintf("down: %s, across: %s", h.rows.brief(), h.columns.brief()), t.Width)))
	if wide > 0 {
		t.numbers(&h, wide)
	} else {
		t.digits(&h)
	}
}

// wide is how wide a column is with numbers in it; 0 where they have no room.
func (t *page) wide(h *heatMap) int {
	w := min(widest(h.columns.Values), maxLabel)
	for r := range h.rows.Values {
		for c := range h.columns.Values {
			w = max(w, utf8.RuneCountInString(t.number(h, r, c)))
		}
	}
	w++ // the shade
	if h.label()+(1+w)*len(h.columns.Values) > t.Width {
		return 0
	}
	return w
}

// number is what stands at a place.
func (t *page) number(h *heatMap, row, column int) string {
	p := h.q.At(h.at(row, column))
	switch {
	case p.Known:
		return h.q.Text(p.Value)
	case h.at(row, column).Runs == 0:
		return t.Sign("·", ".")
	}
	return "-"
}

// shades are from the least to the most.
func shades(ascii bool) []string {
	if ascii {
		return []string{" ", ".", ":", "+", "#"}
	}
	return []string{" ", "░", "▒", "▓", "█"}
}

func (t *page) numbers(h *heatMap, wide int) {
	label := h.label()
	line := strings.Repeat(" ", label)
	for _, v := range h.columns.Values {
		line += " " + t.Right(v, wide-1) + " "
	}
	t.Line(line)
	rows := min(len(h.rows.Values), maxMapLines)
	for r := range rows {
		line := t.Right(h.rows.Values[r], label)
		for c := range h.columns.Values {
			text := t.Right(t.number(h, r, c), wide-1)
			p := h.q.At(h.at(r, c))
			switch {
			case !p.Known:
				text += " "
			case t.Color:
				text = t.shaded(h.scale, p.Value, text+" ")
			default:
				text += shades(t.ASCII)[h.scale.level(p.Value, 5)]
			}
			line += " " + text
		}
		t.Line(line)
	}
	t.leftOut(len(h.rows.Values)-rows, "row")
}

// digits draws the map with a digit a place, in as many parts below each other as it takes.
// A * is all of a share: it is not the same as most of it.
func (t *page) digits(h *heatMap) {
	label := h.label()
	pitch := 2 // columns of the page for each of the map
	if n := len(h.columns.Values); label+2*n > t.Width && label+1+n <= t.Width {
		pitch = 1
	}
	part := (t.Width - label - 1 + (pitch - 1)) / pitch
	rows := min(len(h.rows.Values), maxMapLines)
	lines := 0
	for first := 0; first < len(h.columns.Values); first += part {
		last := min(first+part, len(h.columns.Values))
		if lines > 0 && lines+rows > maxMapLines {
			t.leftOut(len(h.columns.Values)-first, "column")
			break
		}
		// The values of the columns, as many as have room.
		ruler, free := "", label+1
		for c := first; c < last; c++ {
			if at := label + 1 + pitch*(c-first); at >= free {
				v := t.Cut(h.columns.Values[c], maxLabel)
				if at+utf8.RuneCountInString(v) > t.Width {
					break
				}
				ruler += strings.Repeat(" ", at-utf8.RuneCountInString(ruler)) + v
				free = at + utf8.RuneCountInString(v) + 1
			}
		}
		t.Line(ruler)
		for r := range rows {
			line := t.Right(h.rows.Values[r], label) + " "
			for c := first; c < last; c++ {
				p := h.q.At(h.at(r, c))
				digit := "-"
				switch {
				case p.Known:
					digit = fmt.Sprint(h.scale.level(p.Value, 10))
					if h.q.Share && p.Value >= 1 {
						digit = "*"
					}
					digit = t.shaded(h.scale, p.Value, digit)
				case h.at(r, c).Runs == 0:
					digit = t.Sign("·", ".")
				}
				line += digit + strings.Repeat(" ", pitch-1)
			}
			t.Line(line)
			lines++
		}
	}
	t.leftOut(len(h.rows.Values)-rows, "row")
	if h.scale.high >= h.scale.low {
		how := "in ten equal steps"
		switch {
		case h.q.Share:
			how += "; * is 100%"
		case h.scale.log:
			how = "in ten steps of the same factor"
		}
		t.Line(t.In(report.Dim, fmt.Sprintf("0 to 9: from %s to %s, %s", h.q.Text(h.scale.low), h.q.Text(h.scale.high), how)))
	}
}

func (t *page) leftOut(n int, what string) {
	if n > 0 {
		t.Line(fmt.Sprintf("... and %s more; the numbers are in --csv", report.SeveralText(n, what)))
	}
}

// shaded is a text, blanks and all, on the colour of a value, from dark to light: viridis,
// by the nearest of xterm's 256 colours, or where there are 16 those whose lightness goes
// up. The letters are white or black, whichever is easier to read.
func (t *page) shaded(s scale, v float64, text string) string {
	if !t.Color {
		return text
	}
	look := []string{"37;40", "97;44", "30;46", "30;43", "30;47"}[s.level(v, 5)]
	if t.rich {
		look = []string{"97;48;5;53", "97;48;5;54", "97;48;5;60", "97;48;5;24", "30;48;5;30", "30;48;5;36", "30;48;5;71", "30;48;5;77", "30;48;5;149", "30;48;5;227"}[s.level(v, 10)]
	}
	return "\x1b[" + look + "m" + text + "\x1b[0m"
}
