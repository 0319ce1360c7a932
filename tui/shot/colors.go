package shot

import (
	"fmt"

	"github.com/gdamore/tcell/v2"
)

// A color is one that can be painted: 0xRRGGBB.
type color uint32

func (c color) String() string { return fmt.Sprintf("#%06x", uint32(c)) }

// towards is a colour on the way from c to another: c at 0, the other at 1.
func (c color) towards(other color, share float64) color {
	var mixed color
	for shift := 0; shift <= 16; shift += 8 {
		from, to := float64(c>>shift&0xff), float64(other>>shift&0xff)
		mixed |= color(from+(to-from)*share+0.5) << shift
	}
	return mixed
}

// A paper is what a terminal leaves to whoever owns it: its own colours, and how the 16
// that have only names look.
type paper struct {
	ink, ground color
	bar, edge   color // of the window around it
	named       [16]color
}

// Saturated enough to be told apart on their ground, and near to what the names say.
var (
	darkPaper = paper{
		ink: 0xd8dee6, ground: 0x10141b, bar: 0x1b222c, edge: 0x323c4a,
		named: [16]color{
			0x2a313c, 0xe06c75, 0x7fbf7f, 0xd9a441, 0x5f9fe8, 0xb98be0, 0x56b6c2, 0xc3cad4,
			0x77818f, 0xff7b7b, 0x9ade9a, 0xffc24d, 0x7fbaff, 0xd3a6ff, 0x7fdbe6, 0xf4f7fa,
		},
	}
	lightPaper = paper{
		ink: 0x24292f, ground: 0xfbfbf9, bar: 0xececea, edge: 0xc9ccd1,
		named: [16]color{
			0x24292f, 0xb3261e, 0x1f7a33, 0x8a5a00, 0x0b57b7, 0x7a34a8, 0x0b6e78, 0xa0a6ad,
			0x6b737c, 0xd1342b, 0x2a9344, 0xa66e00, 0x2470d6, 0x9650c4, 0x14858f, 0xffffff,
		},
	}
)

func (g Grid) paper() *paper {
	if g.light {
		return &lightPaper
	}
	return &darkPaper
}

// of is how a colour of a style looks: those above the 16 are what xterm makes of them,
// or say themselves what they are.
func (p *paper) of(c tcell.Color, own color) color {
	switch {
	case !c.Valid() || c.Hex() < 0:
		return own
	case c < tcell.ColorValid+16:
		return p.named[c-tcell.ColorValid]
	}
	return color(c.Hex())
}

// colors are what a style's letters and their ground are painted with.
func (p *paper) colors(s tcell.Style) (ink, ground color) {
	fg, bg, attributes := s.Decompose()
	ink, ground = p.of(fg, p.ink), p.of(bg, p.ground)
	if attributes&tcell.AttrReverse != 0 {
		ink, ground = ground, ink
	}
	if attributes&tcell.AttrDim != 0 {
		ink = ink.towards(ground, 0.45)
	}
	return ink, ground
}
