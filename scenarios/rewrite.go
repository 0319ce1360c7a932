package scenarios

import (
	"cmp"
	"slices"
	"strings"
)

// A rewrite edits the texts of a scenario's files, so that nothing changes in them but
// what has to, comments and order included.
type rewrite struct {
	*reader
	root  *value
	edits map[*file][]edit
}

func newRewrite(r *reader, root *value) *rewrite {
	return &rewrite{reader: r, root: root, edits: map[*file][]edit{}}
}

// An edit puts a text in place of a part of a file, from one byte to another.
type edit struct {
	from, to int
	text     string
}

func (w *rewrite) edit(f *file, from, to int, text string) {
	w.edits[f] = append(w.edits[f], edit{from, to, text})
}

// edited is a part of a file with the edits within it.
func (w *rewrite) edited(f *file, from, to int) string {
	edits := slices.Clone(w.edits[f])
	// At one place what is put in comes before what is taken away.
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(min(a.to-a.from, 1), min(b.to-b.from, 1)))
	})
	var b strings.Builder
	at := from
	for _, e := range edits {
		if e.from < at || e.to > to {
			continue // within what another replaces, or elsewhere
		}
		b.WriteString(f.text[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.WriteString(f.text[at:to])
	return b.String()
}

// rename writes the names of the files that are not included as they are called now; as
// is handed the directory that a name was relative to. It returns a name that it cannot
// find in its text, or "".
func (w *rewrite) rename(as func(dir, name string) string) (lost string) {
	for _, n := range w.dataFiles() {
		now := as(n.at.file.dir, n.name)
		if now == n.name {
			continue
		}
		line, column := n.at.place(n.offset)
		at := n.at.file.offset(line, column)
		if !strings.HasPrefix(n.at.file.text[at:], n.name) {
			return n.name
		}
		w.edit(n.at.file, at, at+len(n.name), now)
	}
	return ""
}

// dataFiles are the names of files that stand in the tree: those of durations.
func (r *reader) dataFiles() []namedFile {
	return slices.DeleteFunc(slices.Clone(r.namedFiles), func(n namedFile) bool {
		return slices.ContainsFunc(r.included, func(in inclusion) bool { return in.name == n.at })
	})
}

// text is the whole scenario as it is now, the files in place of their names.
func (w *rewrite) text() []byte {
	main := w.root.file
	var whole []edit
	for _, in := range w.included {
		at := w.offset(in.name)
		end := w.endOf(in.name)
		key := len(strings.TrimRight(main.text[:at], " "))
		whole = append(whole, edit{key, end, ""})
		eol := end
		if n := strings.IndexByte(main.text[end:], '\n'); n >= 0 {
			eol += n
		} else {
			eol = len(main.text)
		}
		whole = append(whole, edit{eol, eol, "\n" + indented(w.edited(in.of, 0, len(in.of.text)))})
	}
	before := w.edits[main]
	w.edits[main] = append(slices.Clone(before), whole...)
	text := w.edited(main, 0, len(main.text))
	w.edits[main] = before
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return []byte(text)
}

// indented is the content of a file, to stand below a key.
func indented(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(text, lineBreaks+" "), "\n") {
		line = strings.TrimRight(line, "\r")
		switch {
		case line == "---" || line == "..." || strings.HasPrefix(line, "%"): // of a document of its own
		case strings.TrimSpace(line) == "":
			lines = append(lines, "")
		default:
			lines = append(lines, "  "+line)
		}
	}
	return strings.Join(lines, "\n")
}

// lastWritten is the last entry of a mapping that stands in it and was not merged in.
func lastWritten(v *value) *entry {
	for i := len(v.entries) - 1; i >= 0; i-- {
		if !v.entries[i].merged {
			return &v.entries[i]
		}
	}
	return nil
}

// follows says whether the value of an entry stands behind its key, and not where an
// alias took it from.
func (w *rewrite) follows(e *entry) bool {
	f := e.key.file
	if e.value.file != f || w.offset(e.value) < w.endOf(e.key) {
		return false
	}
	between := f.text[w.endOf(e.key):w.offset(e.value)]
	return !strings.Contains(between, "*") && strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(between, " "), ":"), " \t\r\n-") == ""
}

// offset is the byte at which a value begins.
func (w *rewrite) offset(v *value) int { return v.file.offset(v.line, v.column) }

// offset is the byte of a place.
func (f *file) offset(line, column int) int {
	text := f.line(line)
	at := f.lines[line-1]
	for i := range text {
		if column--; column == 0 {
			return at + i
		}
	}
	return at + len(text)
}

// open is the byte at which a mapping or a list begins, behind its anchor.
func (w *rewrite) open(v *value) int {
	at, text := w.offset(v), v.file.text
	if at < len(text) && text[at] == '&' {
		if n := strings.IndexAny(text[at:], " \n"); n >= 0 {
			at += n
			at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \r\n"))
		}
	}
	return at
}

// inBraces says whether a mapping or a list is written in {…} or […].
func (w *rewrite) inBraces(v *value) bool {
	at := w.open(v)
	return at < len(v.file.text) && strings.IndexByte("{[", v.file.text[at]) >= 0
}

// endOf is the byte behind a scalar.
func (w *rewrite) endOf(v *value) int {
	at, text := w.offset(v), v.file.text
	if at < len(text) && (text[at] == '"' || text[at] == '\'') {
		return quoteEnd(text, at)
	}
	if strings.HasPrefix(text[at:], v.text) {
		return at + len(v.text)
	}
	return at
}

// dash is the byte of the dash before a member of a list, or that of the member where
// it stands in brackets.
func (w *rewrite) dash(item *value) int {
	at := w.offset(item)
	before := strings.TrimRight(item.file.text[:at], " \r\n")
	if strings.HasSuffix(before, "-") {
		return len(before) - 1
	}
	return at
}

// lineStart is where the line of a byte begins.
func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// indentOf are as many blanks as stand before a byte, or would.
func indentOf(text string, at int) string {
	return strings.Repeat(" ", at-lineStart(text, at))
}

// blockEnd is where the next line begins that does not belong to what begins at a byte:
// one that is not further in. What is said above that line belongs to it.
func blockEnd(text string, at int) int {
	begin := lineStart(text, at)
	column := at - begin
	end := len(text)
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		end = at + n + 1
	}
	for next := end; next < len(text); {
		line := text[next:]
		if n := strings.IndexByte(line, '\n'); n >= 0 {
			line = line[:n+1]
		}
		content := strings.TrimLeft(line, " ")
		in := len(line) - len(content)
		next += len(line)
		switch {
		case strings.TrimSpace(content) == "" || content[0] == '#' && in <= column:
		case in > column, in == column && strings.HasPrefix(content, "- ") && text[at] != '-':
			end = next
		default:
			return end
		}
	}
	return end
}

// flowEnd is the byte behind the bracket that closes the one at a byte.
func flowEnd(text string, at int) int {
	for end := at + 1; ; end++ {
		if end = scanFlow(text, end); end == len(text) || text[end] != ',' {
			return min(end+1, len(text))
		}
	}
}

// flowItemEnd is the byte behind a member of a list in brackets.
func flowItemEnd(text string, at int) int {
	return len(strings.TrimRight(text[:scanFlow(text, at)], " \r\n"))
}

// flowEntryEnd is the byte behind an entry of a mapping in braces, whose key begins at a
// byte. What is said about it in a comment belongs to it.
func flowEntryEnd(text string, at int) int {
	next := scanFlow(text, at)
	end := len(strings.TrimRight(text[:next], " \r\n"))
	if strings.Contains(text[max(at, lineStart(text, end)):end], " #") {
		return next
	}
	return end
}

// scanFlow finds the first comma, or closing bracket, that belongs to no bracket, quote
// or comment that begins after a byte.
func scanFlow(text string, at int) int {
	depth := 0
	last := byte(',') // the last that was not blank
	for i := at; i < len(text); i++ {
		ch := text[i]
		switch {
		case ch == '#' && (i == 0 || strings.IndexByte(" \t\n", text[i-1]) >= 0):
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n
				continue
			}
			return len(text)
		case (ch == '"' || ch == '\'') && strings.IndexByte(",:[{", last) >= 0:
			i = quoteEnd(text, i) - 1
		case ch == '[' || ch == '{':
			depth++
		case depth == 0 && (ch == ']' || ch == '}' || ch == ','):
			return i
		case ch == ']' || ch == '}':
			depth--
		}
		if ch != ' ' && ch != '\n' && ch != '\r' {
			last = ch
		}
	}
	return len(text)
}

// quoteEnd is the byte behind the quote that closes the one at a byte.
func quoteEnd(text string, at int) int {
	quote := text[at]
	for i := at + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && strings.HasPrefix(text[i+1:], "'"):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}
