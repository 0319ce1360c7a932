package scenarios

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds hold whatever the text is. They are set so that the worst text takes
// well under a second and under 100 MB.
const (
	maxBytes   = 1 << 20 // of one file
	maxDepth   = 64      // of mappings and lists within each other
	maxAliases = 1000    // in all files of a scenario, those within what an alias repeats included
	maxCopies  = 100_000 // values that aliases repeat
	maxWeight  = 600_000 // of all files of a scenario, see weigh
	maxFiles   = 64      // that a scenario may name
)

// add takes up a file and says whether its text can be read at all.
func (r *reader) add(f *file) bool {
	if f.order = r.files; f.override {
		f.order = -1
	}
	r.files++
	if len(f.text) > maxBytes {
		f.text = ""
		r.place(f, 0, 0, "larger than 1 MiB, the most that a file may have")
		return false
	}
	f.text = strings.TrimPrefix(f.text, "\uFEFF")
	alone := true // every line so far
	line, column, begin := 1, 1, true
	for i := 0; i < len(f.text); {
		if begin {
			end := len(f.text)
			if n := strings.IndexAny(f.text[i:], lineBreaks); n >= 0 {
				end = i + n
			}
			alone = alone && standsAlone(f.text[i:end])
			begin = false
		}
		c, size := utf8.DecodeRuneInString(f.text[i:])
		broken := lineBreak(f.text[i:])
		switch {
		case broken > 0:
		case c == utf8.RuneError && size <= 1:
			r.place(f, line, column, fmt.Sprintf("byte 0x%02X is not UTF-8; save the file as UTF-8", f.text[i]))
			return false
		case c < ' ' && c != '\t', c == 0x7F, c == 0xFFFE, c == 0xFFFF, c == 0xFEFF:
			r.place(f, line, column, fmt.Sprintf("the character U+%04X cannot be in a file; delete it", c))
			return false
		}
		if !f.notYAML {
			r.weight += weigh(f.text[i:], alone)
		}
		if r.weight > maxWeight {
			r.place(f, line, column, "too much YAML: a scenario may hold about 100,000 values, its other files included")
			return false
		}
		if broken > 0 {
			i += broken
			line, column, begin = line+1, 1, true
			continue
		}
		i += size
		column++
	}
	return true
}

// weigh is what the first byte of a text may cost in memory, in units of about a
// hundred bytes. The library keeps all that it has scanned of a list or mapping in
// brackets until the last bracket closes, some hundred bytes a mark; a line that
// stands alone cannot lead to that.
func weigh(text string, alone bool) int {
	bracket, comma, colon := 10, 10, 10
	if alone {
		bracket, comma, colon = 2, 4, 3
	}
	switch text[0] {
	case ',':
		return comma
	case '[', '{':
		return bracket
	case ':':
		return colon
	case '!', '&', '*', '?':
		return 6
	case '"', '\'', '#':
		return 3
	case '\n', '\r', 0xC2, 0xE2:
		return 2
	case '-':
		if len(text) == 1 || text[1] <= ' ' {
			return 3
		}
	}
	return 0
}

// standsAlone says whether a line surely ends outside all brackets and quotes if it
// begins there: its brackets match, and no quote or comment could hide one. It may
// say no to a line that does.
func standsAlone(line string) bool {
	const longest = 4096
	if len(line) > longest {
		return false
	}
	open := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case '[', '{':
			open++
		case ']', '}':
			if open--; open < 0 {
				return false
			}
		case '"', '\'':
			n := strings.IndexByte(line[i+1:], c)
			if n < 0 || strings.ContainsAny(line[i+1:i+1+n], "[]{}\"'\\#") {
				return false
			}
			i += n + 1
		case '#':
			if i == 0 || line[i-1] == ' ' || line[i-1] == '\t' {
				return open == 0
			}
		}
	}
	return open == 0
}
