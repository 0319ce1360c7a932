// Package shot takes what is on a terminal's screen as a grid of cells, and gives it
// back as text, as a picture (SVG), or as a recording (asciicast).
//
//	grid := shot.Take(screen)
//	os.WriteFile("screen.svg", grid.SVG("cascade"), 0o644)
//
// It knows cells and nothing of what they mean.
package shot

import (
	"strings"
	"unicode"

	"github.com/gdamore/tcell/v2"
)

// A Grid is what stood on a screen at one moment. The zero Grid is that of a screen
// without a cell.
type Grid struct {
	w, h  int
	cells []cell // line by line
	light bool
}

// A cell is a place on the screen. The right half of a letter that is two columns wide
// has no text, and the style of the left half.
type cell struct {
	text  string
	style tcell.Style
}

func (c cell) blank() bool { return c.text == " " }

// Take reads what is to be seen on a screen once it has been shown.
func Take(s tcell.Screen) Grid {
	w, h := s.Size()
	g := Grid{w: w, h: h, cells: make([]cell, 0, w*h)}
	for y := range h {
		for x := 0; x < w; {
			text, style, width := s.Get(x, y)
			if width < 1 || width > w-x || strings.ContainsFunc(text, unicode.IsControl) {
				text, width = " ", 1 // as tcell shows a wide letter that there is no room for
			}
			g.cells = append(g.cells, cell{text, style})
			for range width - 1 {
				g.cells = append(g.cells, cell{"", style})
			}
			x += width
		}
	}
	return g
}

// OnLight is the same grid of a terminal whose own background is light: its picture has
// dark letters on a light one.
func (g Grid) OnLight() Grid {
	g.light = true
	return g
}

// Size is how many columns and lines the grid has.
func (g Grid) Size() (columns, lines int) { return g.w, g.h }

func (g Grid) at(x, y int) cell { return g.cells[y*g.w+x] }

// Text is the letters, a line of the screen a line, without the blanks at its end.
func (g Grid) Text() string {
	var b strings.Builder
	for y := range g.h {
		var line strings.Builder
		for x := range g.w {
			line.WriteString(g.at(x, y).text)
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}
