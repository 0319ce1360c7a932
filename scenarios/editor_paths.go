package scenarios

import (
	"slices"
	"strconv"
	"strings"
)

// Paths are the paths of overrides that a person may mean who has begun one: up to its
// last dot they are the same, and behind it stands each name, place or key that there may
// be. One with a dot at its end leads further; another can be set, and Value is what it is
// at present. It is nil where the scenario cannot be read, or the path leads nowhere.
func (e *Editor) Paths(changes []Override, begun string) []Key {
	_, root, err := readTree(e.lib, e.name, e.text, e.dir, e.with(changes))
	if err != nil {
		return nil
	}
	queues := within(root, "topology", "queues")
	at := place{value: root, in: scenarioKeys}
	parts := strings.Split(begun, ".")
	for _, part := range parts[:len(parts)-1] {
		all := at.below(queues)
		i := slices.IndexFunc(all, func(p place) bool { return p.key.Name == part })
		if i < 0 || !all[i].leads() {
			return nil
		}
		at = all[i]
	}
	var paths []Key
	begin := begun[:len(begun)-len(parts[len(parts)-1])]
	for _, p := range at.below(queues) {
		k := p.key
		k.Name = begin + k.Name
		if p.leads() {
			k.Name += "."
			k.Value = ""
		}
		paths = append(paths, k)
	}
	return paths
}

// A place is where a path leads to.
type place struct {
	key   Key
	value *value // nil: nothing is written there
	in    section
}

// leads says whether there are places below it. A mapping of keys that is not written is
// set as a whole.
func (p *place) leads() bool {
	if p.in == none || p.value == nil {
		return false
	}
	return len(p.value.entries)+len(p.value.items) > 0
}

// below are the places below a place, in the format's order or that of the file.
func (p *place) below(queues *value) (all []place) {
	switch s := &format[p.in]; {
	case p.value.kind == list:
		names := make([]string, len(p.value.items))
		for i := range names {
			names[i] = strconv.Itoa(i)
		}
		if p.in == faultList {
			names = faultNames(p.value)
		}
		for i, v := range p.value.items {
			of := place{Key{Name: names[i], About: s.name}, v, s.member(p.in)}
			if !of.leads() {
				of.key.Value, of.key.Given = flow(bare(v), v.kind != scalar), true
			}
			all = append(all, of)
		}
		return all
	case s.called != "":
		for _, e := range p.value.entries {
			all = append(all, place{Key{Name: e.key.text, About: format[s.each].name}, e.value, s.each})
		}
		return all
	}
	written := func(kinds []string, name string) bool { // of kinds there is one only
		return !slices.Contains(kinds, name) || p.value.entry(name) != nil
	}
	for _, k := range format[p.value.section(p.in, "", queues)].keys {
		if !written(sourceKinds, k.name) && p.in == sourceKeys || !written(faultKinds, k.name) && p.in == faultKeys || !written(stepKinds, k.name) && p.in == stepList {
			continue
		}
		v := p.value.entry(k.name).orElse(nil)
		of := place{keyOf(k, v), v, k.within}
		if p.in == scenarioKeys && k.name == "topology" && of.leads() { // its parts go by their own names
			all = append(all, of.below(queues)...)
			continue
		}
		all = append(all, of)
	}
	return all
}
