package scenarios

import (
	"strings"
	"unicode/utf8"
)

// A value is a mapping, a list or a scalar, with the place where it was written.
type value struct {
	kind    kind
	plain   bool   // a scalar without quotes
	broken  bool   // its problem is known; nothing else is said about it
	flow    bool   // a mapping or a list that was written in {…} or […]
	text    string // of a scalar
	entries []entry
	items   []*value

	file         *file
	line, column int // from 1 on, in characters
}

// An entry is a key of a mapping with its value.
type entry struct {
	key, value *value
	merged     bool // it came in with a merge key
}

// rename gives an entry another key, at the same place.
func (e *entry) rename(name string) {
	key := *e.key
	key.text = name
	e.key = &key
}

type kind uint8

const (
	scalar kind = iota
	mapping
	list
)

func (k kind) String() string { return [...]string{"a word", "a mapping", "a list"}[k] }

// said is what a person would call v.
func (v *value) said() string {
	if v.kind == scalar && v.plain && isNumber(strings.TrimLeft(v.text, "+-")) {
		return "a number"
	}
	return v.kind.String()
}

// isNull says whether nothing is written where v stands.
func (v *value) isNull() bool {
	return v.kind == scalar && v.plain && (v.text == "" || v.text == "~" || v.text == "null")
}

// entry finds a key of a mapping.
func (v *value) entry(key string) *entry {
	for i := range v.entries {
		if v.entries[i].key.text == key {
			return &v.entries[i]
		}
	}
	return nil
}

// place is the line and the column of a byte of v's text; those of v where the
// text does not stand in the file as it is (escapes, folded lines).
func (v *value) place(offset int) (line, column int) {
	line, column = v.line, v.column
	if offset <= 0 || offset > len(v.text) || v.kind != scalar || v.file.override {
		return line, column
	}
	source := v.file.line(line)
	at, start := 0, column
	if !v.plain {
		start++ // the quote
	}
	for i := range source {
		if at++; at == start {
			if strings.HasPrefix(source[i:], v.text[:offset]) {
				return line, start + utf8.RuneCountInString(v.text[:offset])
			}
			break
		}
	}
	return line, column
}

// A file is one text that values come from.
type file struct {
	name     string // as messages show it
	dir      string // what relative names in it are relative to
	text     string
	order    int // among the files of a scenario
	override bool
	path     string // of an override: where its value goes
	root     *value // of an override: its value
	notYAML  bool   // a plain list of durations
	lines    []int  // where each line begins
}

// line is the text of a line, without its end.
func (f *file) line(n int) string {
	if f.lines == nil {
		f.lines = []int{0}
		for i := 0; i < len(f.text); {
			size := lineBreak(f.text[i:])
			if i += max(size, 1); size > 0 {
				f.lines = append(f.lines, i)
			}
		}
	}
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.text)
	if n < len(f.lines) {
		end = f.lines[n]
	}
	return strings.TrimRight(f.text[f.lines[n-1]:end], lineBreaks)
}

const lineBreaks = "\r\n\u0085\u2028\u2029"

// lineBreak is the length of the line break that a text begins with, or 0.
func lineBreak(text string) int {
	switch text[0] {
	case '\n':
		return 1
	case '\r':
		if strings.HasPrefix(text, "\r\n") {
			return 2
		}
		return 1
	case 0xC2, 0xE2:
		if c, size := utf8.DecodeRuneInString(text); c == '\u0085' || c == '\u2028' || c == '\u2029' {
			return size
		}
	}
	return 0
}
