package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problems are everything that is wrong with a scenario, by place.
type Problems []Problem

// A Problem is one thing wrong with a scenario, and where. It is a line and a
// column from 1 on, counted in characters; both are 0 where the problem is one of
// the whole file or of an override, which File names then.
type Problem struct {
	File    string
	Line    int
	Column  int
	Message string
	Source  string // the line that it is about

	Override bool   // it is of an override
	Key      string // of an override: the path of the value that it is about, as in faults.2.latency.add; "" where it is about none
}

// Sentence is the problem without its place, for somebody who has typed the value into a
// form: it begins with the key that it is about, where the message does not name that.
func (p Problem) Sentence() string {
	key := p.Key[strings.LastIndexByte(p.Key, '.')+1:]
	isLetter := func(c rune) bool { return c == '_' || unicode.IsLetter(c) }
	named := slices.Contains(strings.FieldsFunc(p.Message, func(c rune) bool { return !isLetter(c) }), key)
	if named || !nameForm.MatchString(key) {
		return p.Message
	}
	return key + ": " + p.Message
}

const (
	maxShown = 20  // problems that Error shows
	maxKept  = 100 // problems that are remembered at all
	maxWidth = 100 // of a source line that is shown, in characters, where nobody knows how wide a line may be
	minWidth = 20  // of it on the narrowest of terminals
)

// Error shows the first 20 problems, each with its line and a caret, and says how
// many there are beyond.
func (p Problems) Error() string { return p.show(maxWidth) }

// Within is Error for a terminal with so many columns: no source line is wider, so that
// the caret stands below its place. It shows 20 characters of one at least.
func (p Problems) Within(columns int) string {
	const around = gutterWidth + 2*len(dots)
	return p.show(max(columns-around, minWidth))
}

func (p Problems) show(width int) string {
	var b strings.Builder
	for i := range p[:min(len(p), maxShown)] {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p[i].show(width))
	}
	switch more := len(p) - maxShown; {
	case len(p) >= maxKept:
		fmt.Fprintf(&b, "\n... and at least %d more problems", more)
	case more == 1:
		b.WriteString("\n... and 1 more problem")
	case more > 1:
		fmt.Fprintf(&b, "\n... and %d more problems", more)
	}
	return b.String()
}

// String is the problem with its place, then the source line and a caret below.
func (p Problem) String() string { return p.show(maxWidth) }

func (p Problem) show(width int) string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	b.WriteString(p.Message)
	if p.Line == 0 || strings.TrimSpace(p.Source) == "" {
		return b.String()
	}
	source, before := excerpt(p.Source, p.Column, width)
	gutter := fmt.Sprintf("%*d | ", gutterWidth-len(" | "), p.Line)
	b.WriteString("\n" + gutter + source)
	b.WriteString("\n" + strings.Repeat(" ", len(gutter)-2) + "| " + before + "^")
	return b.String()
}

const (
	gutterWidth = len("12345 | ") // before a source line; a multiple of a tab
	dots        = "..."           // where it goes on
)

// excerpt is the part of a source line around a column, fit for a terminal and no wider
// than width beside the dots, and blanks as wide as what stands before the column.
func excerpt(source string, column, width int) (text, before string) {
	line := []rune(source)
	at := min(max(column-1, 0), len(line))
	from, to := 0, len(line)
	wide := 0
	for _, r := range line {
		wide += widest(r)
	}
	for wide > width {
		if at-from > to-at {
			wide -= widest(line[from])
			from++
		} else {
			to--
			wide -= widest(line[to])
		}
	}
	var b, blanks strings.Builder
	if from > 0 {
		b.WriteString(dots)
		blanks.WriteString("   ")
	}
	for i, r := range line[from:to] {
		blank := ' '
		switch {
		case r == '\t':
			blank = '\t' // as wide below as above
		case !unicode.IsPrint(r):
			r = '\uFFFD'
		}
		b.WriteRune(r)
		if from+i < at {
			blanks.WriteRune(blank)
		}
	}
	if to < len(line) {
		b.WriteString(dots)
	}
	return strings.TrimRight(b.String(), " "), blanks.String()
}

// widest is how many columns a character takes at most.
func widest(r rune) int {
	if r == '\t' {
		return 8
	}
	return 1
}

// found is a problem and the file that it is in.
type found struct {
	file *file
	Problem
}

// problem notes that something is wrong with v.
func (r *reader) problem(v *value, format string, args ...any) {
	r.problemAt(v, 0, format, args...)
}

// problemAt notes that something is wrong with the text of v from that byte on.
func (r *reader) problemAt(v *value, offset int, format string, args ...any) {
	if r.full() {
		return
	}
	line, column := v.place(offset)
	r.place(v.file, line, column, fmt.Sprintf(format, args...))
	if f := v.file; f.override && f.root != nil {
		r.problems[len(r.problems)-1].Key = f.root.pathTo(v, f.path)
	}
}

// pathTo is the path of a value, or of the value of a key, somewhere in v, whose own path
// is given; "" where it does not stand there.
func (v *value) pathTo(other *value, path string) string {
	if v == other {
		return path
	}
	for _, e := range v.entries {
		below := path + "." + e.key.text
		if e.key == other {
			return below
		}
		if found := e.value.pathTo(other, below); found != "" {
			return found
		}
	}
	for i, item := range v.items {
		if found := item.pathTo(other, path+"."+strconv.Itoa(i)); found != "" {
			return found
		}
	}
	return ""
}

func (r *reader) place(f *file, line, column int, message string) {
	if r.full() {
		return
	}
	p := Problem{File: f.name, Line: line, Column: column, Message: message}
	if f.override {
		p.Line, p.Column, p.Override = 0, 0, true
	} else if line > 0 {
		p.Source = f.line(line)
	}
	r.problems = append(r.problems, found{f, p})
}

// full says whether there are so many problems that no more are remembered.
func (r *reader) full() bool { return len(r.problems) >= maxKept }

// quote shows what a person wrote, in a message: in quotes, escaped, and short.
func quote(text string) string {
	const most = 60
	n := 0
	for i := range text {
		if n++; n > most {
			return fmt.Sprintf("%q", text[:i]+"...")
		}
	}
	return fmt.Sprintf("%q", text)
}
