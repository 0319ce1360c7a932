package shot

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// The window that a picture shows, in pixels.
const (
	barHeight = 36.0
	margin    = 14.0 // between the window's edge and the cells
	baseline  = 14.0 // of letters, below the upper edge of their cell
)

// SVG is a picture of the screen in a window with a title. It is one file that needs no
// other; the same grid and title give the same bytes. Lines, bars and marks are drawn as
// shapes, so that they join in whatever font; letters stand in their columns in any.
func (g Grid) SVG(title string) []byte {
	p := &painter{paper: g.paper()}
	for y := range g.h {
		p.line(g.cells[y*g.w:][:g.w], margin, barHeight+cellHeight*float64(y))
	}
	width, height := 2*margin+cellWidth*float64(g.w), barHeight+cellHeight*float64(g.h)+margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="title desc">`+"\n", number(width), number(height))
	fmt.Fprintf(&b, `<title id="title">%s</title>`+"\n", escaped(title))
	fmt.Fprintf(&b, `<desc id="desc">A terminal screen of %d columns and %d lines</desc>`+"\n", g.w, g.h)
	b.WriteString("<style>\ntext{font:15px ui-monospace,Menlo,Consolas,monospace}\n.b{font-weight:bold}\n.i{font-style:italic}\n</style>\n")
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%s" height="%s" rx="9" fill="%s" stroke="%s"/>`+"\n", number(width-1), number(height-1), p.paper.ground, p.paper.edge)
	fmt.Fprintf(&b, `<path d="M1 %sV9.5a8.5 8.5 0 0 1 8.5 -8.5H%sa8.5 8.5 0 0 1 8.5 8.5V%sZ" fill="%s"/>`+"\n",
		number(barHeight-8), number(width-9.5), number(barHeight-8), p.paper.bar)
	for i, c := range []color{0xff5f57, 0xfebc2e, 0x28c840} {
		fmt.Fprintf(&b, `<circle cx="%s" cy="%s" r="5.5" fill="%s"/>`+"\n", number(20+19*float64(i)), number(barHeight/2-4), c)
	}
	// As much of the title as there is room for beside the three dots, on both sides.
	if room := int((width - 2*80) / cellWidth); room > 0 {
		short := []rune(title)
		fmt.Fprintf(&b, `<text x="%s" y="%s" text-anchor="middle" style="font-size:13px" fill="%s">%s</text>`+"\n",
			number(width/2), number(barHeight/2), p.paper.ink.towards(p.paper.bar, 0.35), escaped(string(short[:min(len(short), room)])))
	}
	for _, way := range []ink{under, filled, line, heavy} {
		for _, path := range p.paths {
			if path.how != way {
				continue
			}
			how := `fill="` + path.color.String() + `"`
			if way == line || way == heavy {
				how = fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%s"`, path.color, number([...]float64{line: 1.2, heavy: 2.4}[way]))
			}
			if way == heavy {
				how += ` stroke-linecap="square"` // corners have no notch
			}
			fmt.Fprintf(&b, `<path %s d="%s"/>`+"\n", how, path.d.String())
		}
	}
	b.WriteString(p.text.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// A painter gathers the shapes of a picture by their colour, in the order in which the
// colours first come, and the letters by line.
type painter struct {
	paper *paper
	paths []*shape
	text  strings.Builder
}

type shape struct {
	color color
	how   ink
	d     strings.Builder
}

func (p *painter) path(c color, how ink) *strings.Builder {
	for _, s := range p.paths {
		if s.color == c && s.how == how {
			return &s.d
		}
	}
	s := &shape{color: c, how: how}
	p.paths = append(p.paths, s)
	return &s.d
}

// line paints a line of the screen whose upper left corner is at x, y.
func (p *painter) line(cells []cell, x, y float64) {
	column := func(i int) float64 { return x + cellWidth*float64(i) }
	for i := 0; i < len(cells); {
		ink, ground := p.paper.colors(cells[i].style)
		n := 1
		for i+n < len(cells) && cells[i+n].style == cells[i].style {
			n++
		}
		if ground != p.paper.ground {
			p.path(ground, under).WriteString(block(column(i), y, cellWidth*float64(n), cellHeight))
		}
		_, _, attributes := cells[i].style.Decompose()
		if attributes&tcell.AttrUnderline != 0 {
			p.path(ink, line).WriteString(d("M%v %vh%v", column(i), y+baseline+2.5, cellWidth*float64(n)))
		}
		if attributes&tcell.AttrStrikeThrough != 0 {
			p.path(ink, line).WriteString(d("M%v %vh%v", column(i), y+cellHeight/2, cellWidth*float64(n)))
		}
		p.run(cells[i:i+n], column(i), y, ink, ground)
		i += n
	}
}

// run paints letters of one style.
func (p *painter) run(cells []cell, x, y float64, c, ground color) {
	for i := 0; i < len(cells); {
		text := cells[i].text
		if text == " " || text == "" {
			i++
			continue
		}
		at := x + cellWidth*float64(i)
		if r, size := utf8.DecodeRuneInString(text); size == len(text) {
			if thin, thick := lines(r, at, y); thin+thick != "" {
				if thin != "" {
					p.path(c, line).WriteString(thin)
				}
				if thick != "" {
					p.path(c, heavy).WriteString(thick)
				}
				i++
				continue
			}
			if path, how := drawn(r, at, y); path != "" {
				shade := c
				if how == shaded {
					shade, how = ground.towards(c, shades[r]), filled
				}
				p.path(shade, how).WriteString(path)
				i++
				continue
			}
		}
		// Letters that every font has at its one width are written together, over a
		// single blank between words too; any other has its place for itself.
		n := 1
		if plain(text) {
			for i+n < len(cells) && (plain(cells[i+n].text) || cells[i+n].blank() && i+n+1 < len(cells) && plain(cells[i+n+1].text)) {
				text += cells[i+n].text
				n++
			}
		} else {
			for i+n < len(cells) && cells[i+n].text == "" {
				n++
			}
		}
		_, _, attributes := cells[i].style.Decompose()
		p.letters(text, at, y+baseline, n, c, attributes)
		i += n
	}
}

// letters writes a text into so many columns.
func (p *painter) letters(text string, x, y float64, columns int, c color, attributes tcell.AttrMask) {
	class := ""
	switch bold, italic := attributes&tcell.AttrBold != 0, attributes&tcell.AttrItalic != 0; {
	case bold && italic:
		class = ` class="b i"`
	case bold:
		class = ` class="b"`
	case italic:
		class = ` class="i"`
	}
	fmt.Fprintf(&p.text, `<text x="%s" y="%s"%s fill="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">%s</text>`+"\n",
		number(x), number(y), class, c, number(cellWidth*float64(columns)), escaped(text))
}

// plain says whether a cell holds a letter of ASCII.
func plain(text string) bool { return len(text) == 1 && text > " " && text < "\x7f" }

// escaped is a text as XML has it; what XML has no room for is replaced.
func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder takes all
	return b.String()
}
