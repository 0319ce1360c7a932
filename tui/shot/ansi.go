package shot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// difference is what a terminal is to be sent that shows one grid, to show another: ECMA-48
// cursor movements and colours, with colours of 256 and of their own as xterm has them.
// Where the sizes differ the terminal is empty, and its cursor anywhere.
//
// The colours in force afterwards are the terminal's own.
func difference(from, to Grid) string {
	var b strings.Builder
	fresh := from.w != to.w || from.h != to.h
	if fresh {
		b.WriteString("\x1b[m\x1b[2J")
	}
	style := tcell.StyleDefault
	x, y := -1, -1 // of the cursor, where it is known
	for row := range to.h {
		for column := range to.w {
			c := to.at(column, row)
			was := cell{text: " "}
			if !fresh {
				was = from.at(column, row)
			}
			if c == was || c.text == "" {
				continue
			}
			if x != column || y != row {
				moveTo(&b, column, row, x, y)
			}
			if c.style != style {
				paint(&b, c.style)
				style = c.style
			}
			b.WriteString(c.text)
			x, y = column+1, row
			// Not all terminals agree how wide a letter beyond the simple ones is, nor
			// where the cursor is behind the last column.
			if len([]rune(c.text)) > 1 || column+1 < to.w && to.at(column+1, row).text == "" || x == to.w {
				x, y = -1, -1
			}
		}
	}
	if style != tcell.StyleDefault {
		b.WriteString("\x1b[m")
	}
	return b.String()
}

func moveTo(b *strings.Builder, column, row, x, y int) {
	if y == row && x >= 0 && column > x {
		if n := column - x; n > 1 {
			fmt.Fprintf(b, "\x1b[%dC", n)
		} else {
			b.WriteString("\x1b[C")
		}
		return
	}
	fmt.Fprintf(b, "\x1b[%d;%dH", row+1, column+1)
}

// paint writes the sequence (SGR, select graphic rendition) of a style, whatever was
// before.
func paint(b *strings.Builder, s tcell.Style) {
	fg, bg, attributes := s.Decompose()
	codes := []string{"0"}
	for _, a := range attributeCodes {
		if attributes&a.attribute != 0 {
			codes = append(codes, strconv.Itoa(a.code))
		}
	}
	codes = append(codes, colorCodes(fg, 30)...)
	codes = append(codes, colorCodes(bg, 40)...)
	b.WriteString("\x1b[" + strings.Join(codes, ";") + "m")
}

var attributeCodes = []struct {
	attribute tcell.AttrMask
	code      int
}{
	{tcell.AttrBold, 1}, {tcell.AttrDim, 2}, {tcell.AttrItalic, 3}, {tcell.AttrUnderline, 4},
	{tcell.AttrBlink, 5}, {tcell.AttrReverse, 7}, {tcell.AttrStrikeThrough, 9},
}

// colorCodes select a colour for letters (first is 30) or their ground (40).
func colorCodes(c tcell.Color, first int) []string {
	switch n := int(c - tcell.ColorValid); {
	case !c.Valid() || c.Hex() < 0:
		return nil
	case c.IsRGB():
		r, g, b := c.RGB()
		return []string{strconv.Itoa(first + 8), "2", strconv.Itoa(int(r)), strconv.Itoa(int(g)), strconv.Itoa(int(b))}
	case n < 8:
		return []string{strconv.Itoa(first + n)}
	case n < 16:
		return []string{strconv.Itoa(first + 60 + n - 8)}
	default:
		return []string{strconv.Itoa(first + 8), "5", strconv.Itoa(n)}
	}
}
