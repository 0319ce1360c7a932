package scenarios

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"cascade/topology"
)

// Text is the scenario with the changes as one file, to be put into a directory: read
// there it has the same plan and the same expectations as Read's, which has been tried.
// What a person wrote stays as it is, comments and order too, as far as the changes can
// be made in the text; else all of it is written anew. Files that the scenario names in
// place of its topology, traffic, faults or expectations stand in the text themselves,
// names of other files are relative to the directory. The title, if any, becomes a
// comment on top.
//
// Where the changes are wrong, the error is a Problems.
func (e *Editor) Text(changes []Override, dir, title string) ([]byte, error) {
	wanted, err := e.Read(changes)
	if err != nil {
		return nil, err
	}
	forgetFiles(reflect.ValueOf(wanted))
	for _, text := range []func([]Override, string) string{e.amended, e.anew} {
		whole := []byte(heading(title) + text(changes, dir))
		var s *Scenario
		if s, err = Parse(e.name, whole, dir); err != nil {
			continue
		}
		forgetFiles(reflect.ValueOf(s))
		if reflect.DeepEqual(s.Plan, wanted.Plan) && reflect.DeepEqual(s.Expectations, wanted.Expectations) {
			return whole, nil
		}
	}
	if name := e.stale(changes); name != "" {
		return nil, fmt.Errorf("the scenario cannot be written: %s is not what it was when it was read", name)
	}
	if problems, ok := err.(Problems); ok {
		return nil, fmt.Errorf("the scenario cannot be written: what is written cannot be read (%s)", problems[0].Message)
	}
	return nil, fmt.Errorf("the scenario cannot be written: what is written reads as another")
}

// stale is a file that has to be read with what is written, and is not as it was when the
// Editor began; "" where there is none.
func (e *Editor) stale(changes []Override) string {
	r, _ := e.tree(changes)
	for _, n := range r.dataFiles() {
		whole := e.lib.join(n.at.file.dir, n.name)
		before, known := e.kept[whole]
		if now, err := openFile(whole); known && (err != nil || string(now) != string(before)) {
			return whole
		}
	}
	return ""
}

// tree is what Read reads, which has been seen to be right.
func (e *Editor) tree(changes []Override) (*reader, *value) {
	r, root, err := readTree(e.lib, e.name, e.text, e.dir, e.with(changes))
	if err != nil {
		panic("a scenario that could be read cannot be: " + err.Error())
	}
	return r, root
}

// forgetFiles takes from all distributions the names of their files, by which two that
// draw the same may differ.
func forgetFiles(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			forgetFiles(v.Elem())
		}
	case reflect.Slice:
		switch v.Type().Elem().Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Struct:
			for i := range v.Len() {
				forgetFiles(v.Index(i))
			}
		}
	case reflect.Struct:
		if d, ok := v.Addr().Interface().(*topology.Dist); ok {
			d.File = ""
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				forgetFiles(v.Field(i))
			}
		}
	}
}

// heading is a comment to stand on top of a file.
func heading(title string) string {
	var b strings.Builder
	for _, line := range strings.FieldsFunc(title, func(c rune) bool { return strings.ContainsRune(lineBreaks, c) }) {
		b.WriteString(strings.TrimRight("# "+strings.Map(func(c rune) rune {
			if !isShown(c) {
				return -1
			}
			return c
		}, line), " ") + "\n")
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

// changed is the tree with the changes, as it is to be written.
func (e *Editor) changed(changes []Override, as func(dir, name string) string) *value {
	r, root := e.tree(changes)
	// The last name in a text first, so that the places of the others hold.
	named := r.dataFiles()
	slices.SortStableFunc(named, func(a, b namedFile) int { return cmp.Compare(b.offset, a.offset) })
	for i, n := range named {
		if !slices.Contains(named[:i], n) {
			n.at.text = n.at.text[:n.offset] + as(n.at.file.dir, n.name) + n.at.text[n.offset+len(n.name):]
		}
	}
	if faults := root.entry("faults"); faults != nil {
		for _, item := range faults.value.items {
			if item.file.override {
				spread(item)
			}
		}
	}
	return root
}

// spread lets an injected fault stand in a file as Draft.YAML shows it, a key a line and
// in the format's order, however it came in.
func spread(fault *value) {
	fault.flow = false
	slices.SortStableFunc(fault.entries, func(a, b entry) int {
		return cmp.Compare(format[faultKeys].index(a.key.text), format[faultKeys].index(b.key.text))
	})
	for _, e := range fault.entries {
		if slices.Contains(faultKinds, e.key.text) {
			e.value.flow = false
		}
	}
}

// renaming is what files are called in a scenario that is put into a directory. Behind a
// link the way up leads elsewhere: to what lies there the name begins at the root.
func (e *Editor) renaming(dir string) func(dir, name string) string {
	to := absolute(dir)
	real, err := filepath.EvalSymlinks(to)
	linked := err == nil && real != to
	return func(from, name string) string {
		if filepath.IsAbs(name) || absolute(from) == to {
			return name
		}
		whole := e.lib.join(absolute(from), name)
		relative, err := filepath.Rel(to, whole)
		if err != nil || linked && !filepath.IsLocal(relative) {
			return whole
		}
		return relative
	}
}

func absolute(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		return whole
	}
	return dir
}

// amended is the text as a person wrote it, with the changes in their places; what cannot
// be made in its place is left out.
func (e *Editor) amended(changes []Override, dir string) string {
	as := e.renaming(dir)
	now := e.changed(changes, as)
	r := &reader{library: e.lib}
	root := r.override(r.parse(&file{name: e.name, dir: e.dir, text: string(e.text)}), nil)
	w := newRewrite(r, root)
	for i := range root.entries {
		w.dropInclusion(&root.entries[i], now)
	}
	w.amend(root, now, scenarioKeys)
	r.scenario(root) // which need not be right without the changes; all that is asked is where files are named
	w.rename(as)
	text := string(w.text())
	if strings.Contains(root.file.text, "\r\n") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	}
	return text
}

// dropInclusion lets the name of a file stand for what it holds where nothing of that is
// left.
func (w *rewrite) dropInclusion(e *entry, now *value) {
	i := slices.IndexFunc(w.included, func(in inclusion) bool { return in.of == e.value.file })
	if n := now.entry(e.key.text); i >= 0 && n != nil && isReplaced(e.value, n.value) {
		e.value = w.included[i].name
		w.included = slices.Delete(w.included, i, i+1)
	}
}

// isReplaced says whether a value is not the one that stood in its place.
func isReplaced(old, now *value) bool {
	return now.file.override || now.file.name != old.file.name || now.kind != old.kind || now.line != old.line || now.column != old.column
}

// amend edits the text of a mapping or a list so that it says what it is now.
func (w *rewrite) amend(old, now *value, in section) {
	for i := range now.entries {
		e := &now.entries[i]
		was := old.entry(e.key.text)
		switch {
		case was == nil, was.merged && isReplaced(was.value, e.value):
			w.add(old, e, in)
		case isReplaced(was.value, e.value):
			w.replace(was, e.value, old.flow)
		case was.value.kind == list && len(was.value.items) == 0 && len(e.value.items) > 0 && !old.flow: // [], where a line each is wanted
			e.value.flow = false
			w.replace(was, e.value, old.flow)
		default:
			within := format[in].each
			if k := format[in].key(e.key.text); k != nil {
				within = k.within
			}
			w.amend(was.value, e.value, within)
		}
	}
	for i, item := range now.items {
		switch {
		case i >= len(old.items):
			w.appendItem(old, item)
		case isReplaced(old.items[i], item):
			w.replaceItem(old, old.items[i], item)
		default:
			w.amend(old.items[i], item, format[in].each)
		}
	}
}

// add writes a new entry into a mapping, where the order of the format's keys has it.
func (w *rewrite) add(to *value, e *entry, in section) {
	var after *entry
	order := format[in].index(e.key.text)
	for i := range to.entries {
		if o := &to.entries[i]; !o.merged && format[in].index(o.key.text) < order {
			after = o
		}
	}
	if after == nil {
		after = lastWritten(to)
	}
	f := to.file
	line := scalarText(e.key, to.flow) + ":"
	switch {
	case to.flow && after == nil:
		w.edit(f, w.open(to)+1, w.open(to)+1, line+" "+flow(e.value, true))
	case to.flow:
		at := flowEntryEnd(f.text, w.offset(after.key))
		w.edit(f, at, at, ", "+line+" "+flow(e.value, true))
	case after != nil:
		key := w.offset(after.key)
		at, indent := blockEnd(f.text, key), indentOf(f.text, key)
		line = indent + line + block(e.value, indent, false)
		if in == scenarioKeys && e.value.kind != scalar && strings.Contains(strings.ReplaceAll(f.text, "\r", ""), "\n\n") {
			line = "\n" + line // as its parts stand apart
		}
		w.insertLine(f, at, line)
	}
}

// insertLine writes lines between two others.
func (w *rewrite) insertLine(f *file, at int, lines string) {
	if at > 0 && f.text[at-1] != '\n' {
		lines = "\n" + strings.TrimSuffix(lines, "\n")
	}
	w.edit(f, at, at, lines)
}

// replace writes another value behind a key.
func (w *rewrite) replace(old *entry, now *value, inBrackets bool) {
	f := old.key.file
	colon := w.endOf(old.key)
	colon += strings.IndexByte(f.text[colon:], ':') + 1
	from, to, ok := w.extent(old.value)
	if old.value.kind == scalar && old.value.text == "" && old.value.plain {
		from, to, ok = colon, colon, true
	} else if !w.follows(old) {
		return
	}
	indent := indentOf(f.text, w.offset(old.key))
	text := block(now, indent, false)
	if inBrackets {
		text = " " + flow(now, true)
	}
	body := strings.TrimSpace(text)
	switch one := strings.HasPrefix(text, " ") && !strings.Contains(body, "\n"); {
	case ok && one && from == colon:
		w.edit(f, from, to, " "+body)
	case ok && one:
		w.edit(f, from, to, body)
	case ok: // below its key and what is said about it there
		w.edit(f, colon, to, "")
		end := to + len(f.text[to:])
		if n := strings.IndexByte(f.text[to:], '\n'); n >= 0 {
			end = to + n + 1
		}
		w.insertLine(f, end, strings.TrimPrefix(text, "\n"))
	case !inBrackets:
		w.edit(f, colon, blockEnd(f.text, w.offset(old.key)), text)
	}
}

// replaceItem writes another value in the place of a member of a list.
func (w *rewrite) replaceItem(in, old, now *value) {
	f := in.file
	from, to, ok := w.extent(old)
	switch {
	case ok && (in.flow || old.kind == scalar && now.kind == scalar):
		w.edit(f, from, to, flow(now, in.flow || now.kind != scalar))
	case !in.flow:
		dash := w.dash(old)
		w.edit(f, dash+1, blockEnd(f.text, dash), block(now, indentOf(f.text, dash), true))
	}
}

// appendItem writes a value behind the last member of a list.
func (w *rewrite) appendItem(to, now *value) {
	f := to.file
	switch n := len(to.items); {
	case n == 0:
		w.edit(f, w.open(to)+1, w.open(to)+1, flow(now, true))
	case to.flow:
		at := flowItemEnd(f.text, w.offset(to.items[n-1]))
		w.edit(f, at, at, ", "+flow(now, true))
	default:
		dash := w.dash(to.items[n-1])
		indent := indentOf(f.text, dash)
		w.insertLine(f, blockEnd(f.text, dash), indent+"-"+block(now, indent, true))
	}
}

// extent is where a value begins and ends, if that can be told: it is in brackets, in
// quotes, or a word that stands in the text as it is.
func (w *rewrite) extent(v *value) (from, to int, ok bool) {
	from = w.offset(v)
	if v.kind != scalar {
		return from, flowEnd(v.file.text, w.open(v)), v.flow
	}
	to = w.endOf(v)
	return from, to, to > from
}

// anew is the whole scenario written from its values. Of comments only those on top of
// the file stay.
func (e *Editor) anew(changes []Override, dir string) string {
	root := e.changed(changes, e.renaming(dir))
	var b strings.Builder
	top := ""
	for line := range strings.Lines(strings.ReplaceAll(root.file.text, "\r\n", "\n")) {
		if content := strings.TrimSpace(line); content != "" && content[0] != '#' {
			break
		}
		top += line
	}
	if strings.Contains(top, "#") {
		b.WriteString(top)
	}
	for i, e := range root.entries {
		if i > 0 && e.value.kind != scalar {
			b.WriteByte('\n')
		}
		b.WriteString(scalarText(e.key, false) + ":" + block(e.value, "", false))
	}
	return b.String()
}
