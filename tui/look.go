package tui

import (
	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
)

// A look is how things are shown: styles by what they mean, and the letters that lines,
// bars and marks are made of. Colour is never the only sign of anything.
type look struct {
	plain, dim, strong, title tcell.Style
	levels                    [3]tcell.Style // by report.Level
	accent                    tcell.Style    // what is chosen, or lit
	cursor                    tcell.Style    // the row, or box, where the hand is
	twin                      tcell.Style    // what belongs to the twin
	fault                     tcell.Style    // faults, and what is in force
	set                       tcell.Style    // what was set, which may as well be the cure
	bar                       tcell.Style    // header and footer
	key                       tcell.Style    // a key in the footer
	behind                    tcell.Color    // of a bar where a cell is not full: as the track beside it looks
	glyphs
	light  bool // the terminal's own background is
	colors int  // that it has
}

// glyphs are the letters that are not words.
type glyphs struct {
	ascii       bool
	marks       [3]string // by report.Level
	levels      []rune    // from nothing to full, nine of them: of sparklines and charts
	eighths     []rune    // of a bar from left to right, from nothing to full
	track       rune      // the rest of a bar
	horizontal  rune
	vertical    rune
	corners     [4]rune // of a box: top left, top right, bottom left, bottom right
	tees        [5]rune // right, left, down, up, cross: where lines meet
	dashed      rune    // horizontal line of a queue edge
	arrow       rune    // at the callee
	down        string  // sorted downwards
	up          string
	dots        string // where text goes on
	play, pause string
	times       string // before a speed
	fault       rune   // on an axis, while a fault is in force
	now         rune   // on an axis
	bullet      string
	delta       string
}

var unicodeGlyphs = glyphs{
	marks: [3]string{"●", "▲", "✖"}, levels: []rune(" ▁▂▃▄▅▆▇█"), eighths: []rune(" ▏▎▍▌▋▊▉█"), track: '░',
	horizontal: '─', vertical: '│', corners: [4]rune{'╭', '╮', '╰', '╯'}, tees: [5]rune{'├', '┤', '┬', '┴', '┼'}, dashed: '╌', arrow: '▶',
	down: "▼", up: "▲", dots: "…", play: "▶", pause: "║", times: "×", fault: '▀', now: '┊', bullet: "•", delta: "Δ",
}

var asciiGlyphs = glyphs{
	ascii: true, marks: [3]string{"o", "!", "X"}, levels: []rune(" .:-=+*#@"), eighths: []rune("    #####"), track: '.',
	horizontal: '-', vertical: '|', corners: [4]rune{'+', '+', '+', '+'}, tees: [5]rune{'+', '+', '+', '+', '+'}, dashed: '~', arrow: '>',
	down: "v", up: "^", dots: "...", play: ">", pause: "||", times: "x", fault: '=', now: ':', bullet: "*", delta: "d",
}

// A Theme is a set of colours.
type Theme string

// The themes.
const (
	Dark  Theme = "dark"
	Light Theme = "light"
	Mono  Theme = "mono"
)

// newLook is a theme for a terminal of so many colours, with or without letters beyond
// ASCII. The terminal's own background stays.
func newLook(t Theme, colors int, ascii bool) *look {
	l := &look{glyphs: unicodeGlyphs, colors: colors}
	if ascii {
		l.glyphs = asciiGlyphs
	}
	if colors < 8 {
		t = Mono
	}
	bare := tcell.StyleDefault
	l.plain, l.dim, l.strong, l.title = bare, bare.Dim(true), bare.Bold(true), bare.Bold(true)
	l.bar, l.key, l.set, l.cursor = bare, bare.Bold(true), bare.Bold(true), bare.Reverse(true)
	l.levels = [3]tcell.Style{bare, bare.Bold(true), bare.Bold(true).Reverse(true)}
	l.accent, l.twin, l.fault = bare.Bold(true), bare.Dim(true), bare.Underline(true)
	in := func(of256, of16 tcell.Color) tcell.Style {
		switch {
		case colors >= 256:
			return bare.Foreground(of256)
		case colors >= 16 || of16 < tcell.ColorGray:
			return bare.Foreground(of16)
		}
		return bare.Foreground(of16 - 8) // the same, not bright
	}
	// Of 16 colours the gray is the ground of some terminals, and of 8 it is not: what is faint
	// is so by its attribute. And of 8 the blue is too dark to be read on a dark ground.
	dim := func(of256 tcell.Color) tcell.Style {
		if colors < 256 {
			return bare.Dim(true)
		}
		return bare.Foreground(of256)
	}
	blue := tcell.ColorBlue
	if colors < 16 {
		blue = tcell.ColorTeal
	}
	ground := func(of256 tcell.Color) tcell.Color {
		if colors < 256 || ascii {
			return tcell.ColorDefault
		}
		return of256
	}
	switch t {
	case Dark:
		l.levels = [3]tcell.Style{in(tcell.Color75, blue), in(tcell.Color214, tcell.ColorYellow), in(tcell.Color203, tcell.ColorRed).Bold(true)}
		l.accent, l.twin, l.fault = in(tcell.Color117, tcell.ColorAqua).Bold(true), in(tcell.Color141, tcell.ColorFuchsia), in(tcell.Color203, tcell.ColorRed)
		l.key, l.title = in(tcell.Color117, tcell.ColorAqua).Bold(true), bare.Bold(true)
		l.dim, l.behind = dim(tcell.Color246), ground(tcell.Color236)
	case Light:
		l.light = true
		l.levels = [3]tcell.Style{in(tcell.Color25, tcell.ColorNavy), in(tcell.Color130, tcell.ColorOlive), in(tcell.Color124, tcell.ColorMaroon).Bold(true).Reverse(true)}
		l.accent, l.twin, l.fault = in(tcell.Color25, tcell.ColorNavy).Bold(true), in(tcell.Color90, tcell.ColorPurple), in(tcell.Color124, tcell.ColorMaroon).Bold(true)
		l.key = in(tcell.Color25, tcell.ColorNavy).Bold(true)
		l.dim, l.behind = dim(tcell.Color242), ground(tcell.Color253)
	}
	return l
}

// level is the style of a level, and its mark.
func (l *look) level(v report.Level) (style tcell.Style, mark string) { return l.levels[v], l.marks[v] }

// pointed is a style where the hand is.
func (l *look) pointed(s tcell.Style) tcell.Style {
	_, ground, more := l.cursor.Decompose()
	_, _, attributes := s.Decompose()
	if ground != tcell.ColorDefault {
		s = s.Background(ground)
	}
	return s.Attributes(attributes | more)
}
