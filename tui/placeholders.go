package tui

import "github.com/gdamore/tcell/v2"

type bare struct {
	*state
	title string
}

func (b bare) name() string                            { return b.title }
func (b bare) draw(p pen, focused bool)                { p.text(1, 1, b.title, b.look.plain) }
func (b bare) act(a action) bool                       { return false }
func (b bare) click(x, y int, _ tcell.ButtonMask) bool { return false }
func (b bare) footer() []action                        { return nil }

func newPage(s *state) view { return bare{s, "page"} }
