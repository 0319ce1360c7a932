package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// An Editor makes changes to a scenario the way a person would in its file, and writes
// it down. Changes are overrides: {"faults.2", a fault as YAML} adds a third fault,
// {"faults.payment-slow.for", "12.4s"} ends one, {"seed", "2"} begins anew with other
// luck. They are made in their order, behind the overrides that the Editor began with.
//
// An Editor does not change, and goes on from the files as they were when it began; what
// it answers depends on its arguments alone.
type Editor struct {
	lib       *library // in which the files that the scenario names are as they were
	name, dir string
	text      []byte
	sets      []Override
	own       []string          // the file that it was loaded from, if any
	kept      map[string][]byte // the files that it names, by their paths
}

// Edit begins with the scenario in a text. Arguments and errors are those of Parse.
func Edit(name string, text []byte, dir string, sets ...Override) (*Editor, error) {
	return newEditor(&library{open: openFile, join: joinFile}, name, text, dir, sets)
}

// EditFile begins with the scenario in a file. Errors are those of Load.
func EditFile(name string, sets ...Override) (*Editor, error) {
	text, err := readAtMost(name)
	if err != nil {
		return nil, err
	}
	e, err := Edit(name, text, filepath.Dir(name), sets...)
	if err != nil {
		return nil, err
	}
	e.own = []string{name}
	return e, nil
}

// EditBuiltin begins with a scenario that comes with the program. Errors are those of
// Builtin.
func EditBuiltin(name string, sets ...Override) (*Editor, error) {
	text, err := builtinText(name)
	if err != nil {
		return nil, err
	}
	return newEditor(builtinLibrary(), name+extension, text, ".", sets)
}

func newEditor(lib *library, name string, text []byte, dir string, sets []Override) (*Editor, error) {
	e := &Editor{name: name, dir: dir, text: text, sets: sets, kept: map[string][]byte{}}
	first := &library{join: lib.join, builtin: lib.builtin, open: func(name string) ([]byte, error) {
		text, err := lib.open(name)
		if err == nil {
			e.kept[name] = text
		}
		return text, err
	}}
	if _, err := read(first, name, text, dir, sets); err != nil {
		return nil, err
	}
	e.lib = &library{join: lib.join, builtin: lib.builtin, open: func(name string) ([]byte, error) {
		if text, ok := e.kept[name]; ok {
			return text, nil
		}
		return lib.open(name) // which only a change names
	}}
	return e, nil
}

// Read is the scenario with the changes made. Where they are wrong, the error is a
// Problems; what is wrong with a change names its key, see Problem.Sentence.
func (e *Editor) Read(changes []Override) (*Scenario, error) {
	s, err := read(e.lib, e.name, e.text, e.dir, e.with(changes))
	if err != nil {
		return nil, err
	}
	s.Files = append(slices.Clone(e.own), s.Files...)
	s.Origin.Files = s.Files
	return s, nil
}

func (e *Editor) with(changes []Override) []Override {
	return append(slices.Clone(e.sets), changes...)
}

// A Draft is a fault as a form has it. Fields are the keys with their values, as a person
// typed them: on one line, YAML. Those of the kind and those of every fault (at, for, ramp,
// every) stand side by side; one that is empty is not written, but for at, which is At then.
type Draft struct {
	Name     string // "": by its place in the list, as in a file
	At       time.Duration
	Kind, On string
	Fields   []Field
}

// A Field is a key, and its value as a person typed it.
type Field struct{ Name, Value string }

// YAML is the draft as it stands in a file, a member of the list of faults: the dash
// included, a key a line, with a line break at the end.
func (d *Draft) YAML() string {
	return "- " + strings.ReplaceAll(strings.TrimSuffix(d.fault(), "\n"), "\n", "\n  ") + "\n"
}

// Change adds the draft at a place of the list of faults, from 0 on: the number of
// faults that there are, or one of these to be replaced.
func (d *Draft) Change(place int) Override {
	return Override{"faults." + strconv.Itoa(place), d.fault()}
}

// fault is the mapping alone.
func (d *Draft) fault() string {
	var b strings.Builder
	line := func(indent, name, value string) {
		if value != "" {
			b.WriteString(indent + name + ": " + value + "\n")
		}
	}
	word := func(text string) string {
		if text == "" {
			return ""
		}
		return scalarText(bare(&value{text: text}), false)
	}
	line("", "name", word(d.Name))
	at := brief(des.Time(d.At))
	for _, f := range d.Fields {
		if f.Name == "at" && f.Value != "" {
			at = typed(f.Value)
		}
	}
	line("", "at", at)
	for _, f := range d.Fields {
		if isFaultTime(f.Name) && f.Name != "at" {
			line("", f.Name, typed(f.Value))
		}
	}
	if d.Kind == "" {
		return b.String()
	}
	b.WriteString(d.Kind + ":\n")
	line("  ", "on", word(d.On))
	for _, f := range d.Fields {
		if !isFaultTime(f.Name) {
			line("  ", f.Name, typed(f.Value))
		}
	}
	return b.String()
}

// isFaultTime says whether a key is one of every fault, and not of its kind.
func isFaultTime(name string) bool { return name == "at" || slices.Contains(faultTimes, name) }

// faultTimes are the keys of a fault that say for how long, beside at.
var faultTimes = []string{"for", "ramp", "every"}

// typed is a value as a person typed it. What is more than a line cannot be meant as
// YAML, and must not become further keys.
func typed(text string) string {
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, func(c rune) bool { return !isShown(c) && c != '\t' }) {
		return quoted(text)
	}
	return text
}

// Parts are the keys of a mapping with their values, as a person typed it: a line of YAML.
// They are none where it is no mapping, or not YAML.
func Parts(text string) []Field {
	r := &reader{}
	v := r.parse(&file{override: true, text: text})
	if v == nil || v.kind != mapping || len(r.problems) > 0 {
		return nil
	}
	var fields []Field
	for _, e := range v.entries {
		fields = append(fields, Field{e.key.text, flow(bare(e.value), e.value.kind != scalar)})
	}
	return fields
}

// Mapping is the mapping of keys with their values, as a person typed these, on one line:
// the other way round. What is not YAML is quoted, so that it is a wrong value of that key
// and of no other. It is empty where no key has a value.
func Mapping(fields []Field) string {
	var parts []string
	for _, f := range fields {
		text := strings.TrimSpace(f.Value)
		if text == "" {
			continue
		}
		r := &reader{}
		v := r.parse(&file{override: true, text: text})
		if v == nil || len(r.problems) > 0 {
			v = &value{text: text}
		}
		parts = append(parts, scalarText(wordOf(f.Name, nil), true)+": "+flow(v, true))
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// A FaultKind is something that may break.
type FaultKind struct {
	Name, About string
	On          []string // what it may be on: service, operation, edge, queue, stream, source
	Instant     bool     // it takes no time: it has no for and no ramp
	Ramps       bool     // it can grow: it may have a ramp
}

// FaultKinds are the kinds of fault, in the format's order.
func FaultKinds() []FaultKind {
	var kinds []FaultKind
	for _, name := range faultKinds {
		k := FaultKind{Name: name, About: format[faultKeys].key(name).about, Instant: slices.Contains(instantKinds, name), Ramps: slices.Contains(rampKinds, name)}
		for i, place := range placeNames {
			if faultPlaces[name]>>i&1 != 0 {
				_, noun, _ := strings.Cut(place, " ")
				k.On = append(k.On, noun)
			}
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// Targets are the names of what a fault of that kind can be on in a plan, in file order:
// services with their operations, edges with the ways in of the sources, queues,
// sources. Where several steps call the same, a->b are all of them, and a->b#1 and so on
// each. What such a fault would do nothing to is left out: an edge without a cache for a
// cache_flush, a stream that nobody reads for a rewind.
func Targets(p *sim.Plan, kind string) []string {
	where, top := faultPlaces[kind], p.Topology
	var names []string
	for i := range top.Services {
		s := &top.Services[i]
		if where&onService != 0 {
			names = append(names, s.Name)
		}
		for _, op := range s.Operations {
			if where&onOperation != 0 && op.Name != "" {
				names = append(names, s.Name+"."+op.Name)
			}
		}
	}
	if where&onEdge != 0 {
		names = append(names, edgeTargets(p, kind)...)
	}
	for i := range top.Queues {
		is := onQueue
		if top.Queues[i].Kind == topology.Stream {
			is = onStream
		}
		alone := kind == "redrive" && len(top.Queues) == 1 || kind == "rewind" && len(top.Groups(i)) == 0
		if where&is != 0 && !alone {
			names = append(names, top.Queues[i].Name)
		}
	}
	for i := range p.Sources {
		if where&onSource != 0 {
			names = append(names, p.Sources[i].Name)
		}
	}
	return names
}

func edgeTargets(p *sim.Plan, kind string) []string {
	edges := p.Edges()
	known, cached := make(map[string]bool, len(edges)), map[int]bool{}
	for _, edge := range edges {
		known[edge.ID] = true
	}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Set.Cache != nil {
			for _, edge := range f.Edges {
				cached[edge] = true
			}
		}
	}
	named := make(map[string]bool, len(edges))
	var names []string
	for i, edge := range edges {
		if kind == "cache_flush" && edge.Cache == nil && !cached[i] {
			continue
		}
		whole, _, numbered := strings.Cut(edge.ID, "#")
		several := numbered || known[edge.ID+"#2"]
		if !named[whole] {
			named[whole] = true
			names = append(names, whole)
		}
		if several && !numbered {
			names = append(names, whole+"#1")
		} else if numbered {
			names = append(names, edge.ID)
		}
	}
	return names
}

// FreshName is a name for a fault that none has yet: payment-latency, payment-latency-2.
func (e *Editor) FreshName(changes []Override, kind, on string) string {
	taken := e.faultNames(changes)
	words := strings.FieldsFunc(strings.ReplaceAll(on, "->", "-to-"), func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c)
	})
	stem := strings.TrimRight(strings.TrimLeft(strings.Join(words, "-"), "-_0123456789"), "-_")
	ending := "-" + strings.ReplaceAll(kind, "_", "-")
	const longest = maxName - len("-10000")
	name := strings.TrimPrefix(stem[:min(len(stem), longest-len(ending))]+ending, "-")
	whole := name
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("%s-%d", whole, n)
	}
	return name
}

// faultNames are the names of all faults once the changes are made, whether or not all
// can be read.
func (e *Editor) faultNames(changes []Override) []string {
	r := &reader{library: e.lib}
	root := r.override(r.parse(&file{name: e.name, dir: e.dir, text: string(e.text)}), e.with(changes))
	if v := root.entry("faults"); v != nil {
		return faultNames(v.value)
	}
	return nil
}
