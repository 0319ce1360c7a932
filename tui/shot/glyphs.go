package shot

import (
	"fmt"
	"strconv"
	"strings"
)

// The size of a cell in a picture: letters of 15 pixels are 9 wide in most fonts, and
// whole pixels keep lines sharp.
const (
	cellWidth  = 9.0
	cellHeight = 19.0
)

// An ink is how a path is painted.
type ink uint8

const (
	under ink = iota // filled, beneath the letters
	filled
	line   // drawn along, thin
	heavy  // drawn along, thick
	shaded // filled, by shade of the letter's colour
)

// arms are which ways the lines of a box go from the middle of their cell: small letters
// are thin lines.
var arms = map[rune]string{
	'─': "lr", '│': "ud", '┌': "rd", '┐': "ld", '└': "ru", '┘': "lu", '├': "rud", '┤': "lud", '┬': "lrd", '┴': "lru", '┼': "lrud",
	// Where thin lines meet thick ones.
	'┍': "Rd", '┎': "rD", '┑': "Ld", '┒': "lD", '┕': "Ru", '┖': "rU", '┙': "Lu", '┚': "lU",
	'┝': "Rud", '┞': "rUd", '┟': "ruD", '┠': "rUD", '┡': "RUd", '┢': "RuD", '┥': "Lud", '┦': "lUd", '┧': "luD", '┨': "lUD", '┩': "LUd", '┪': "LuD",
	'┭': "Lrd", '┮': "lRd", '┯': "LRd", '┰': "lrD", '┱': "LrD", '┲': "lRD", '┵': "Lru", '┶': "lRu", '┷': "LRu", '┸': "lrU", '┹': "LrU", '┺': "lRU",
	'┽': "Lrud", '┾': "lRud", '┿': "LRud", '╀': "lrUd", '╁': "lruD", '╂': "lrUD",
	'━': "LR", '┃': "UD", '┏': "RD", '┓': "LD", '┗': "RU", '┛': "LU", '┣': "RUD", '┫': "LUD", '┳': "LRD", '┻': "LRU", '╋': "LRUD",
	'╴': "l", '╵': "u", '╶': "r", '╷': "d", '╸': "L", '╹': "U", '╺': "R", '╻': "D", '╼': "lR", '╾': "Lr",
}

// dashes are lines with gaps: how many dashes a cell has, across or down.
var dashes = map[rune]struct {
	count int
	down  bool
}{
	'╌': {2, false}, '┄': {3, false}, '┈': {4, false}, '╎': {2, true}, '┆': {3, true}, '┊': {4, true},
}

// quadrants are the quarters of a block: upper left, upper right, lower left, lower right.
var quadrants = map[rune]string{
	'▘': "1", '▝': "2", '▖': "3", '▗': "4", '▚': "14", '▞': "23", '▙': "134", '▛': "123", '▜': "124", '▟': "234",
}

// shades are how much of a block's ground its colour covers.
var shades = map[rune]float64{'░': 0.25, '▒': 0.5, '▓': 0.75}

// lines are the lines of a box in the cell at x, y: thin ones, thick ones; "" for a letter
// that is none.
func lines(r rune, x, y float64) (thin, thick string) {
	cx, cy := x+cellWidth/2, y+cellHeight/2
	for _, way := range arms[r] {
		var path string
		switch way | 0x20 {
		case 'l':
			path = d("M%v %vH%v", cx, cy, x)
		case 'r':
			path = d("M%v %vH%v", cx, cy, x+cellWidth)
		case 'u':
			path = d("M%v %vV%v", cx, cy, y)
		case 'd':
			path = d("M%v %vV%v", cx, cy, y+cellHeight)
		}
		if way < 'a' {
			thick += path
		} else {
			thin += path
		}
	}
	return thin, thick
}

// drawn is the path of any other letter that has to join its neighbours, or to look the
// same in whatever font, in the cell at x, y; "" for all others.
func drawn(r rune, x, y float64) (path string, how ink) {
	cx, cy := x+cellWidth/2, y+cellHeight/2
	right, bottom := x+cellWidth, y+cellHeight
	var b strings.Builder
	if dash := dashes[r]; dash.count > 0 {
		for i := range dash.count {
			from, to := (float64(i)+0.2)/float64(dash.count), (float64(i)+0.8)/float64(dash.count)
			if dash.down {
				b.WriteString(d("M%v %vV%v", cx, y+from*cellHeight, y+to*cellHeight))
			} else {
				b.WriteString(d("M%v %vH%v", x+from*cellWidth, cy, x+to*cellWidth))
			}
		}
		return b.String(), line
	}
	if quarters := quadrants[r]; quarters != "" {
		for _, q := range quarters {
			qx, qy := x, y
			if q == '2' || q == '4' {
				qx = cx
			}
			if q >= '3' {
				qy = cy
			}
			b.WriteString(block(qx, qy, cellWidth/2, cellHeight/2))
		}
		return b.String(), filled
	}
	const reach, bend = cellWidth / 2, 4.0
	const round, small = 4.0, 2.6
	const apart = 1.5 // of double lines, from the middle
	switch r {
	case '═':
		return d("M%v %vH%vM%v %vH%v", x, cy-apart, right, x, cy+apart, right), line
	case '║', '╟', '╢':
		path := d("M%v %vV%vM%v %vV%v", cx-apart, y, bottom, cx+apart, y, bottom)
		if r == '╟' {
			path += d("M%v %vH%v", cx+apart, cy, right)
		} else if r == '╢' {
			path += d("M%v %vH%v", cx-apart, cy, x)
		}
		return path, line
	case '╔':
		return d("M%v %vV%vH%vM%v %vV%vH%v", cx-apart, bottom, cy-apart, right, cx+apart, bottom, cy+apart, right), line
	case '╗':
		return d("M%v %vV%vH%vM%v %vV%vH%v", cx+apart, bottom, cy-apart, x, cx-apart, bottom, cy+apart, x), line
	case '╚':
		return d("M%v %vV%vH%vM%v %vV%vH%v", cx-apart, y, cy+apart, right, cx+apart, y, cy-apart, right), line
	case '╝':
		return d("M%v %vV%vH%vM%v %vV%vH%v", cx+apart, y, cy+apart, x, cx-apart, y, cy-apart, x), line
	case '╭':
		return d("M%v %vV%vQ%v %v %v %vH%v", cx, bottom, cy+bend, cx, cy, cx+bend, cy, right), line
	case '╮':
		return d("M%v %vV%vQ%v %v %v %vH%v", cx, bottom, cy+bend, cx, cy, cx-bend, cy, x), line
	case '╰':
		return d("M%v %vV%vQ%v %v %v %vH%v", cx, y, cy-bend, cx, cy, cx+bend, cy, right), line
	case '╯':
		return d("M%v %vV%vQ%v %v %v %vH%v", cx, y, cy-bend, cx, cy, cx-bend, cy, x), line
	case '▀':
		return block(x, y, cellWidth, cellHeight/2), filled
	case '▐':
		return block(cx, y, cellWidth/2, cellHeight), filled
	case '▔':
		return block(x, y, cellWidth, cellHeight/8), filled
	case '▕':
		return block(right-cellWidth/8, y, cellWidth/8, cellHeight), filled
	case '░', '▒', '▓':
		return block(x, y, cellWidth, cellHeight), shaded
	case '▶':
		return d("M%v %vL%v %vL%v %vZ", x, cy-reach, right, cy, x, cy+reach), filled
	case '◀':
		return d("M%v %vL%v %vL%v %vZ", right, cy-reach, x, cy, right, cy+reach), filled
	case '▲':
		return d("M%v %vL%v %vL%v %vZ", x, cy+reach-0.5, cx, cy-reach, right, cy+reach-0.5), filled
	case '▼':
		return d("M%v %vL%v %vL%v %vZ", x, cy-reach+0.5, cx, cy+reach, right, cy-reach+0.5), filled
	case '●':
		return circle(cx, cy, round), filled
	case '•':
		return circle(cx, cy, small), filled
	case '○':
		return circle(cx, cy, round-0.5), line
	case '■':
		return block(cx-round, cy-round, 2*round, 2*round), filled
	case '◆':
		return d("M%v %vL%v %vL%v %vL%v %vZ", cx, cy-reach, right, cy, cx, cy+reach, x, cy), filled
	case '✖':
		return d("M%v %vL%v %vM%v %vL%v %v", cx-3.4, cy-3.4, cx+3.4, cy+3.4, cx-3.4, cy+3.4, cx+3.4, cy-3.4), heavy
	}
	switch {
	case r >= '▁' && r <= '█': // eighths from below
		height := cellHeight * float64(r-'▁'+1) / 8
		return block(x, bottom-height, cellWidth, height), filled
	case r >= '▉' && r <= '▏': // eighths from the left, the widest first
		return block(x, y, cellWidth*float64('▏'-r+1)/8, cellHeight), filled
	}
	return "", filled
}

func block(x, y, w, h float64) string { return d("M%v %vh%vv%vh%vZ", x, y, w, h, -w) }

func circle(x, y, r float64) string {
	return d("M%v %va%v %v 0 1 0 %v 0a%v %v 0 1 0 %v 0Z", x-r, y, r, r, 2*r, r, r, -2*r)
}

// d is a path of numbers with two decimals at most.
func d(format string, numbers ...float64) string {
	short := make([]any, len(numbers))
	for i, n := range numbers {
		short[i] = number(n)
	}
	return fmt.Sprintf(format, short...)
}

func number(n float64) string {
	text := strconv.FormatFloat(n, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
