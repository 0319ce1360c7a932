package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// override puts the overrides into the tree, in their order, and the contents of
// the files that the scenario names in place of their names: first the overrides of
// a scenario's own keys, which may name other files, then the files, then the rest.
func (r *reader) override(root *value, sets []Override) *value {
	type step struct {
		parts []string
		value *value
		file  *file
	}
	var deep []step
	for _, s := range sets {
		f := &file{name: "--set " + shown(s.Path+"="+s.Value), dir: root.file.dir, text: s.Value, override: true, path: s.Path}
		parts := strings.Split(s.Path, ".")
		if slices.Contains(parts, "") {
			f.order = -1
			r.place(f, 0, 0, "a path is names with dots between them, as in services.payment.threads")
			continue
		}
		v := &value{plain: true, file: f} // an empty text is a value that is missing
		if strings.TrimSpace(s.Value) != "" {
			if v = r.parse(f); v == nil {
				continue
			}
		} else {
			f.order = -1
		}
		f.root = v
		if len(parts) > 1 {
			deep = append(deep, step{parts, v, f})
		} else {
			r.assign(root, parts, v, f)
		}
	}
	if root.kind == mapping {
		for _, name := range []string{"topology", "traffic", "faults", "expect"} {
			if e := root.entry(name); e != nil {
				e.value = r.include(name, e.value)
			}
		}
	}
	for _, s := range deep {
		r.assign(root, s.parts, s.value, s.file)
	}
	return root
}

// shown is an override as messages name it: on one line, and short.
func shown(text string) string {
	q := quote(text)
	if q == `"`+text+`"` {
		return text
	}
	return strings.TrimSuffix(strings.TrimPrefix(q, `"`), `"`)
}

// include is the content of the file that v names, or v itself where it names none.
func (r *reader) include(key string, v *value) *value {
	if v.kind != scalar || v.isNull() || v.broken {
		return v
	}
	if key == "expect" && (strings.ContainsAny(v.text, "<>=!") || strings.Contains(v.text, " recovers ")) {
		if _, err := r.open(r.join(v.file.dir, v.text)); err != nil {
			r.problem(v, `"expect" is a list, or the name of a file; write [%s]`, v.text)
			return &value{kind: list, items: []*value{v}, file: v.file, line: v.line, column: v.column}
		}
	}
	if f := r.openNamed(v, 0, v.text); f != nil {
		if in := r.parse(f); in != nil {
			r.included = append(r.included, inclusion{v, f})
			return in
		}
	}
	v.broken = true
	return v
}

// assign puts a value where a path leads to.
func (r *reader) assign(root *value, path []string, to *value, f *file) {
	var made []*value // on the way; of no use where it leads nowhere
	fail := func(format string, args ...any) {
		r.place(f, 0, 0, fmt.Sprintf(format, args...))
		for _, v := range made {
			v.broken = true
		}
	}
	if root.kind != mapping {
		return // which is a problem of its own
	}
	at, in := root, scenarioKeys
	begin := 0
	if path[0] == "services" || path[0] == "queues" {
		path, begin = append([]string{"topology"}, path...), 1
	}
	sofar := func(i int) string { return quote(strings.Join(path[min(begin, i):i], ".")) }
	for i, part := range path {
		last := i == len(path)-1
		if at.broken {
			return
		}
		switch {
		case at.kind == mapping && format[in].called != "" && in != faultList:
			s := &format[in]
			e := at.entry(part)
			switch {
			case e != nil && last:
				e.value = to
				return
			case e != nil:
				if s.each == queueKeys && e.value.isNull() {
					e.value = emptied(e.value) // a queue with nothing said about it
				}
				at, in = e.value, s.each
			case last:
				at.entries = append(at.entries, entry{key: wordOf(part, f), value: to})
				return
			default:
				fail("no %s %s%s", s.called, quote(part), didYouMean(part, keysOf(at)))
				return
			}

		case at.kind == mapping:
			s := &anyStep
			if in != stepList || len(at.entries) > 0 || slices.Contains(stepKinds, part) {
				in = at.section(in, part, within(root, "topology", "queues"))
				s = &format[in]
			}
			k := s.key(part)
			e := at.entry(part)
			switch {
			case k == nil && e == nil:
				if said := misplaced(in, at, part); said != "" {
					fail("%s", said)
					return
				}
				hint := s.suggest(part)
				if i == 0 {
					if whole := insteadOf(root, path); whole != "" {
						hint = "; did you mean " + quote(whole) + "?"
					}
				}
				fail("no key %s in %s%s", quote(part), s.name, hint)
				return
			case e != nil && last:
				e.value = to
				return
			case last:
				at.entries = append(at.entries, entry{key: wordOf(part, f), value: to})
				return
			case k == nil || k.within == none:
				fail("%s holds nothing that could be set in it; end the path there", sofar(i+1))
				return
			}
			switch {
			case e == nil:
			case e.value.isNull() && k.within.isList() && path[i+1] == "0":
				e.value = &value{kind: list, file: f} // a key with nothing under it
			case e.value.kind == scalar && !e.value.isNull() && k.within == consumeList:
				e.value = &value{kind: list, file: e.value.file, line: e.value.line, column: e.value.column, items: []*value{e.value}} // one name
			case e.value.isNull() && k.within == queuesByName:
				e.value = emptied(e.value)
			}
			if e == nil {
				empty := &value{kind: mapping, file: f}
				switch {
				case k.within.isList() && path[i+1] == "0":
					empty.kind = list
				case k.within == queuesByName && i+1 == len(path)-1: // the first queue
				case !format[k.within].fixed():
					fail("there is no %s to set %s in", sofar(i+1), quote(path[i+1]))
					return
				}
				made = append(made, empty)
				at.entries = append(at.entries, entry{key: wordOf(part, f), value: empty})
				e = &at.entries[len(at.entries)-1]
			}
			at, in = e.value, k.within

		case at.kind == list:
			n, err := strconv.Atoi(part)
			if in == faultList && err != nil {
				n = slices.Index(faultNames(at), part)
				if n < 0 {
					fail("no fault %s%s", quote(part), didYouMean(part, faultNames(at)))
					return
				}
			} else if err != nil || n < 0 || n > len(at.items) {
				fail("%s has no member %s; %s", sofar(i), quote(part), membersOf(at))
				return
			}
			switch added := n == len(at.items); {
			case added && last:
				at.items = append(at.items, to)
				return
			case last:
				at.items[n] = to
				return
			case added && in == expectList:
				fail("%s holds nothing that could be set in it; end the path there", sofar(i+1))
				return
			case added:
				empty := &value{kind: mapping, file: f}
				made = append(made, empty)
				at.items = append(at.items, empty)
			case in == consumeList && at.items[n].kind == scalar && !at.items[n].broken:
				at.items[n] = consumerNamed(at.items[n])
			}
			at, in = at.items[n], format[in].member(in)

		default:
			fail("%s holds nothing that could be set in it; end the path there", sofar(i))
			return
		}
	}
}

// within is the value to which keys lead from v; nil where there is none.
func within(v *value, keys ...string) *value {
	for _, key := range keys {
		if v == nil || v.kind != mapping {
			return nil
		}
		v = v.entry(key).orElse(nil)
	}
	return v
}

// insteadOf is the path that a person may have meant who left out where it begins:
// services.edge.threads for edge.threads; "" where there is none.
func insteadOf(root *value, path []string) string {
	var places, names []string // where each name stands, and the name
	add := func(place string, more []string) {
		for _, name := range more {
			places, names = append(places, place), append(names, name)
		}
	}
	if v := within(root, "topology", "services"); v != nil && v.kind == mapping {
		add("services.", keysOf(v))
	}
	if v := within(root, "topology", "queues"); v != nil && v.kind == mapping {
		add("queues.", keysOf(v))
	}
	if v := within(root, "traffic"); v != nil && v.kind == mapping {
		add("traffic.", keysOf(v))
	}
	if v := within(root, "faults"); v != nil && v.kind == list {
		add("faults.", faultNames(v))
	}
	rest := strings.Join(append([]string{""}, path[1:]...), ".")
	if i := slices.Index(names, path[0]); i >= 0 {
		return places[i] + path[0] + rest
	}
	if format[scenarioKeys].guess(path[0]) != nil {
		return ""
	}
	if nearest(path[0], []string{"services"}) != "" {
		return "services" + rest
	}
	if nearest(path[0], []string{"queues", "streams"}) != "" {
		return "queues" + rest
	}
	if nearest(path[0], []string{"sources"}) != "" {
		return "traffic" + rest
	}
	if i := slices.Index(names, nearest(path[0], names)); i >= 0 {
		return places[i] + names[i] + rest
	}
	return ""
}

// emptied is a mapping with nothing in it, where nothing is written.
func emptied(v *value) *value {
	return &value{kind: mapping, file: v.file, line: v.line, column: v.column}
}

// isList says whether a section is that of a list.
func (s section) isList() bool {
	return s == stepList || s == consumeList || s == profileList || s == faultList || s == expectList
}

// fixed says whether the mapping has keys of its own, and so may begin empty.
func (s *shape) fixed() bool { return len(s.keys) > 0 }

// member is the section of a list's members.
func (s *shape) member(list section) section {
	if s.each != none {
		return s.each
	}
	return list // a step is told from its keys
}

// section is what a mapping is taken for, where that depends on what is in it, or what the
// queues are. A step that is nothing yet becomes what the next key says.
func (v *value) section(in section, next string, queues *value) section {
	switch in {
	case stepList:
		for i, kind := range stepKinds {
			if v.entry(kind) != nil {
				return stepSections[i]
			}
		}
		if i := slices.Index(stepKinds, next); i >= 0 {
			return stepSections[i]
		}
		return syncKeys
	case queueKeys:
		if in = kindOfQueue(v); format[in].key(next) == nil && format[streamKeys].key(next) != nil {
			return streamKeys // should it be no stream, that is said when it is read
		}
	case setServiceKeys:
		if on := v.entry("on"); on != nil {
			return setSection(on.value.text, queues)
		}
	}
	return in
}

func wordOf(text string, f *file) *value { return &value{text: text, plain: true, file: f} }

func keysOf(v *value) []string {
	var keys []string
	for _, e := range v.entries {
		keys = append(keys, e.key.text)
	}
	return keys
}

func membersOf(v *value) string {
	if len(v.items) == 0 {
		return "it is empty, and 0 adds the first"
	}
	n := len(v.items)
	return fmt.Sprintf("it has %d, from 0 to %d, and %d adds one", n, n-1, n)
}

// faultNames are the names of a list of faults, those that they get by place too.
func faultNames(v *value) []string {
	names := make([]string, len(v.items))
	for i, f := range v.items {
		names[i] = defaultFaultName(i)
		if e := f.entry("name"); e != nil && e.value.kind == scalar {
			names[i] = e.value.text
		}
	}
	return names
}
