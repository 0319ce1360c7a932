package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// A pen draws on a part of the screen, and nothing outside of it.
type pen struct {
	screen     tcell.Screen
	x, y, w, h int
}

// in is a part of the part: at x, y of it, so wide and high, as far as there is room.
func (p pen) in(x, y, w, h int) pen {
	x0, y0 := max(x, 0), max(y, 0)
	w, h = max(min(x+w, p.w)-x0, 0), max(min(y+h, p.h)-y0, 0)
	return pen{p.screen, p.x + x0, p.y + y0, w, h}
}

// put draws one letter of one column.
func (p pen) put(x, y int, r rune, s tcell.Style) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		p.screen.Put(p.x+x, p.y+y, string(r), s)
	}
}

// style changes the style of a cell, and leaves what stands in it.
func (p pen) style(x, y int, change func(tcell.Style) tcell.Style) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		text, s, _ := p.screen.Get(p.x+x, p.y+y)
		p.screen.Put(p.x+x, p.y+y, text, change(s))
	}
}

// text draws a line from x on, as far as there is room, and returns where it ends.
// What a person wrote is not markup here; what cannot be shown is left out.
func (p pen) text(x, y int, text string, s tcell.Style) int {
	if y < 0 || y >= p.h {
		return x + widthOf(text)
	}
	for state := -1; text != ""; {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		if width == 0 {
			continue
		}
		if x >= 0 && x+width <= p.w {
			p.screen.Put(p.x+x, p.y+y, cluster, s)
		}
		x += width
	}
	return x
}

// right draws a line that ends before x.
func (p pen) right(x, y int, text string, s tcell.Style) { p.text(x-widthOf(text), y, text, s) }

// holds says whether a place of the screen is on the part.
func (p pen) holds(x, y int) bool { return x >= p.x && y >= p.y && x < p.x+p.w && y < p.y+p.h }

// cut is the beginning of a text that fits into so many columns, with dots where it is
// not all of it.
func (g *glyphs) cut(text string, width int) string {
	if widthOf(text) <= width {
		return text
	}
	room := width - widthOf(g.dots)
	if room <= 0 {
		room, g = max(width, 0), &glyphs{}
	}
	kept, used := 0, 0
	for rest, state := text, -1; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > room {
			break
		}
		used, kept = used+w, kept+len(cluster)
	}
	return text[:kept] + g.dots
}

// cutMiddle is a text that fits into so many columns, with dots in its middle where it is
// not all of it: long names often differ in their ends only.
func (g *glyphs) cutMiddle(text string, width int) string {
	if widthOf(text) <= width {
		return text
	}
	room := width - widthOf(g.dots)
	if room < 2 {
		return g.cut(text, width)
	}
	var clusters []string
	var widths []int
	for rest, state := text, -1; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		clusters, widths = append(clusters, cluster), append(widths, w)
	}
	from, to, used := 0, len(clusters), 0
	for used+widths[from] <= room-room/2 {
		used += widths[from]
		from++
	}
	for to > from && used+widths[to-1] <= room {
		to--
		used += widths[to]
	}
	return strings.Join(clusters[:from], "") + g.dots + strings.Join(clusters[to:], "")
}

// wrapped is a text in lines of at most so many columns, broken between words; a word
// that is longer than a line is broken itself.
func wrapped(text string, width int) (lines []string) {
	width = max(width, 1)
	line := ""
	for _, word := range strings.Fields(text) {
		for widthOf(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			head := (&glyphs{}).cut(word, width)
			if head == "" { // a letter that is wider than the line
				break
			}
			lines, word = append(lines, head), word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case widthOf(line)+1+widthOf(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fill draws a letter all over.
func (p pen) fill(r rune, s tcell.Style) {
	for y := range p.h {
		for x := range p.w {
			p.put(x, y, r, s)
		}
	}
}

// box draws a frame around the part, with a title in its upper side, and returns what
// is inside of it.
func (p pen) box(l *look, title string, s, titleStyle tcell.Style) pen {
	for x := 1; x < p.w-1; x++ {
		p.put(x, 0, l.horizontal, s)
		p.put(x, p.h-1, l.horizontal, s)
	}
	for y := 1; y < p.h-1; y++ {
		p.put(0, y, l.vertical, s)
		p.put(p.w-1, y, l.vertical, s)
	}
	p.put(0, 0, l.corners[0], s)
	p.put(p.w-1, 0, l.corners[1], s)
	p.put(0, p.h-1, l.corners[2], s)
	p.put(p.w-1, p.h-1, l.corners[3], s)
	if title != "" && p.w > 6 {
		p.text(2, 0, " "+l.cutMiddle(title, p.w-6)+" ", titleStyle) // names may differ in their ends only
	}
	return p.in(1, 1, p.w-2, p.h-2)
}

// bar draws a share of a width in eighths of a column, and the rest of it as a track, which
// begins in the cell where the share ends, so that there is no hole between the two.
func (p pen) bar(l *look, x, y, width int, share float64, s tcell.Style) {
	for i := range width {
		p.put(x+i, y, l.track, l.dim)
	}
	p.stripe(l, x, y, width, share, s.Background(l.behind))
}

// stripe is a bar without a track, for rows that lie above each other: their tracks would be
// a wall, and what is in front of it not seen at once. It is never in reverse, for that would
// show it empty.
func (p pen) stripe(l *look, x, y, width int, share float64, s tcell.Style) {
	eighths := int(share*float64(8*width) + 0.5)
	if share > 0 && eighths == 0 {
		eighths = 1 // there is something
	}
	for i := 0; i < width && 8*i < eighths; i++ {
		p.put(x+i, y, l.glyphs.eighths[min(eighths-8*i, 8)], s.Reverse(false))
	}
}

// widthOf is how many columns a text takes.
func widthOf(text string) int {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return uniseg.StringWidth(text)
		}
	}
	return len(text) // as most texts are
}
