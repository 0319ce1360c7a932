package report

import (
	"io"
	"unicode/utf8"
)

// A Sheet is a text for a terminal, set as the summary of a run is: for what is made of
// several reports.
type Sheet struct{ screen }

// A Style is how a text on a Sheet looks. Nothing is said by it alone.
type Style = style

// The styles.
const (
	Bold   = bold
	Dim    = dim
	Red    = red
	Green  = green
	Yellow = yellow
)

// NewSheet begins a sheet.
func NewSheet(o TextOptions) *Sheet {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 60)
	return &Sheet{screen{TextOptions: o}}
}

// WriteTo writes the sheet.
func (s *Sheet) WriteTo(w io.Writer) (int64, error) { return s.out.WriteTo(w) }

// Line ends a line. There are no blanks at its end.
func (s *Sheet) Line(parts ...string) { s.line(parts...) }

// Title begins a part with its name.
func (s *Sheet) Title(name string) { s.title(name) }

// In sets a text in a style, but for the blanks around it.
func (s *Sheet) In(look Style, text string) string { return s.in(look, text) }

// Sign is the first text, or on a sheet of ASCII the second.
func (s *Sheet) Sign(fine, ascii string) string { return s.sign(fine, ascii) }

// Left and Right pad a text to n columns. What is longer loses its middle, and what would
// move the cursor.
func (s *Sheet) Left(text string, n int) string  { return s.left(text, n) }
func (s *Sheet) Right(text string, n int) string { return s.right(text, n) }

// Cut shortens a text to n columns, and says so: what goes is the middle.
func (s *Sheet) Cut(text string, n int) string { return s.cut(text, n) }

// Clean takes out of a user's words what would move the cursor.
func (s *Sheet) Clean(text string) string { return s.clean(text) }

// Hung writes a text behind its mark, over as many lines as it takes, and a value at the
// right end of the last of them.
func (s *Sheet) Hung(look Style, mark, text, value string) {
	s.hung(look, mark, s.clean(text), value, s.Width-utf8.RuneCountInString(mark))
}

// Wrapped writes a text behind a margin of blanks, over as many lines as it takes.
func (s *Sheet) Wrapped(margin int, look Style, text string) {
	for _, l := range wrap(s.clean(text), s.Width-margin) {
		s.line(s.left("", margin), s.in(look, l))
	}
}

// A TableColumn is a column of a table on a Sheet: its head, and how wide it is.
type TableColumn struct {
	Head  string
	Width int
}

// A Table is one on a Sheet: a name in each row and numbers behind it.
type Table struct {
	sheet   *Sheet
	columns []column
	first   int
}

// Table begins a table. Columns that find no room are left out.
func (s *Sheet) Table(name string, columns ...TableColumn) *Table {
	t := &Table{sheet: s}
	wanted := make([]column, len(columns))
	for i, c := range columns {
		wanted[i] = column{c.Head, c.Width}
	}
	t.columns, t.first = s.table(name, wanted)
	return t
}

// Row writes a row: a cell each column, Missing where there is none.
func (t *Table) Row(name string, cells ...string) {
	styled := make([]cell, len(t.columns))
	for i := range styled {
		styled[i].text = Missing
		if i < len(cells) {
			styled[i].text = cells[i]
		}
	}
	t.sheet.row(name, t.first, t.columns, styled...)
}

// Missing stands for a number that does not exist.
const Missing = missing
