package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// A clicked overlay knows what a click of the mouse means on it: it brings the hand there,
// and presses keys.
type clicked interface {
	click(x, y int, press func(tcell.Key))
}

// MouseHandler gives a click to the pane where it is, or to what lies over the panes, and a
// key in the footer is pressed by one. The wheel scrolls, or moves the hand. Two clicks on a
// thing open its page.
func (c *console) MouseHandler() func(tview.MouseAction, *tcell.EventMouse, func(tview.Primitive)) (bool, tview.Primitive) {
	return func(m tview.MouseAction, e *tcell.EventMouse, setFocus func(tview.Primitive)) (bool, tview.Primitive) {
		wheel, key := action(""), tcell.KeyNUL
		switch m {
		case tview.MouseScrollUp:
			wheel, key = doUp, tcell.KeyUp
		case tview.MouseScrollDown:
			wheel, key = doDown, tcell.KeyDown
		case tview.MouseLeftDown, tview.MouseLeftDoubleClick:
		default:
			return false, nil
		}
		if c.over != nil {
			press := func(k tcell.Key) { c.InputHandler()(tcell.NewEventKey(k, 0, tcell.ModNone), setFocus) }
			over, ok := c.over.(clicked)
			switch {
			case !ok:
			case wheel != "":
				press(key)
			case m == tview.MouseLeftDown:
				x, y := e.Position()
				over.click(x, y, press)
			}
			return ok, nil
		}
		x, y := e.Position()
		if _, _, _, h := c.GetRect(); y == h-1 && m == tview.MouseLeftDown {
			return c.clickFooter(x), nil
		}
		for i, p := range c.panes() {
			if x < p.x || y < p.y || x >= p.x+p.w || y >= p.y+p.h {
				continue
			}
			switch {
			case wheel != "":
				return p.view.click(x-p.x-1, y-p.y-1, e.Buttons()) || p.view.act(wheel), nil
			case m == tview.MouseLeftDown:
				c.said, c.leaving = "", false
				if !c.maximised {
					c.focus = i
				}
				c.hit = p.view.click(x-p.x-1, y-p.y-1, e.Buttons())
				if t, ok := p.view.(*table); ok && y-p.y-1 < t.first {
					c.hit = false // it sorts
				}
			case c.hit:
				c.act(doOpen)
			}
			return true, nil
		}
		return false, nil
	}
}
