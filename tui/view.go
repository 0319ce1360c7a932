package tui

import "github.com/gdamore/tcell/v2"

// A view shows a part of what there is to see, in whatever part of the screen it is
// given. It reads the state, and changes of it only what is selected.
type view interface {
	// name is what the view is called, in its title and after the number of its key.
	name() string
	// draw shows the state on a part of the screen. Nothing of it may be kept between
	// two calls but where the view has been scrolled to: the same state draws the same.
	draw(p pen, focused bool)
	// act does what a key means here, and says whether it means anything.
	act(a action) bool
	// click does what the mouse does at a place of the view.
	click(x, y int, button tcell.ButtonMask) bool
	// footer are the actions to be named first while the hand is here.
	footer() []action
}

// A measured view knows how many lines it has use for in so wide a part of the screen; from
// so many on it need not know exactly. They do not change while a run goes on.
type measured interface {
	wants(width, most int) int
}

// A worded view has its own words for what keys do in it, for the footer; "" where the
// table of keys says enough.
type worded interface {
	word(a action) string
}
