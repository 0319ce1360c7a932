package tui

import "github.com/gdamore/tcell/v2"

// act moves, and sorts.
func (t *table) act(a action) bool {
	switch a {
	case doSort, doRight:
		t.list()
		t.sortBy(t.following(1))
	case doLeft:
		t.list()
		t.sortBy(t.following(-1))
	case doReverse:
		t.reversed = !t.reversed
	case doUp, doDown, doPageUp, doPageDown, doTop, doBottom, doNext, doPrevious:
		t.move(a)
	case doOpen: // what is selected; where that is none of these rows, the first of them
		if !t.holds() {
			t.move(doDown)
		}
		return false // what is opened is not the table's affair
	default:
		return false
	}
	return true
}

// sortBy sorts by a column, the most first; or by names, the first first.
func (t *table) sortBy(column int) { t.sorted, t.reversed = column, false }

// following is what is sorted by after, or before, what is sorted by now.
func (t *table) following(by int) int {
	n := len(t.columns) + 2
	at := t.sorted
	for {
		at = (at+2+by+n)%n - 2
		if at < 0 || t.sorts(at) {
			return at
		}
	}
}

// sorts says whether the table can be sorted by a column.
func (t *table) sorts(column int) bool { return !t.columns[column].bar && !t.listed.lacks[column] }

// called is a column's title, with the time that it is of where that is not now: a number
// of both times has the same title twice.
func (c *column) called() string {
	if c.past {
		return c.title + " so far"
	}
	return c.title
}

// move selects another row.
func (t *table) move(a action) {
	if t.count(t.plan()) == 0 {
		return
	}
	t.build()
	n := len(t.rows)
	if n == 0 {
		return
	}
	at := t.place()
	page := max(t.fits-1, 1)
	to, by := 0, 1 // by: the way to go on where a row cannot be selected
	switch a {
	case doUp, doPrevious:
		to, by = at-1, -1
	case doDown, doNext:
		to = at + 1
	case doPageUp:
		to, by = at-page, -1
	case doPageDown:
		to = at + page
	case doBottom:
		to, by = n-1, -1
	}
	if at < 0 && a != doTop && a != doBottom {
		to, by = t.top, 1
	}
	if a == doNext || a == doPrevious { // they go round
		to = (to + n) % n
	}
	to = min(max(to, 0), n-1)
	for i := to; i >= 0 && i < n; i += by {
		if name := t.nameOf(t.rows[i]); name != "" {
			t.selected = name
			return
		}
	}
	for i := to; i >= 0 && i < n; i -= by {
		if name := t.nameOf(t.rows[i]); name != "" {
			t.selected = name
			return
		}
	}
}

// click selects a row, or sorts by a column: once more, and it is turned round.
func (t *table) click(x, y int, button tcell.ButtonMask) bool {
	if button&tcell.ButtonPrimary == 0 || y < 0 {
		return false
	}
	if y >= t.first {
		i := t.top + (y-t.first)/max(t.each, 1)
		if i >= min(len(t.rows), t.top+t.fits) || t.nameOf(t.rows[i]) == "" {
			return false
		}
		t.selected = t.nameOf(t.rows[i])
		return true
	}
	for _, h := range t.headings {
		column := h.column
		if h.column == nameColumn {
			column = byName
		}
		if x < h.x || x >= h.x+h.width || h.column == sparkColumn || column >= 0 && t.columns[column].bar {
			continue
		}
		if t.sorted == column {
			t.reversed = !t.reversed
		} else {
			t.sortBy(column)
		}
		return true
	}
	return false
}
