package tui

import (
	"fmt"
	"maps"
	"slices"
)

// Keys are the keys of actions that have others than the table of keys says, by the
// action's name: {"pause": {"p"}}. They take the place of all that the action has there.
type Keys map[string][]string

// Check says what is wrong with the keys, a sentence each. How to offer the name that may
// have been meant is up to suggest, which says otherwise where none is near.
func (k Keys) Check(suggest func(word string, known []string, otherwise string) string) []string {
	table := keyTable()
	named := namedKeys()
	var known []string
	for _, b := range table {
		known = append(known, string(b.action))
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Sprintf("no action is called %q; %s", name, suggest(name, known, "the help of the screen names them all")))
		}
		for _, key := range k[name] {
			switch e := keyCalled(named, key); {
			case e == nil:
				wrong = append(wrong, fmt.Sprintf("%s: no key is called %q; %s", name, key, suggest(key, slices.Sorted(maps.Keys(named)), "want a letter, or a name as space, f2 or ctrl-x")))
			case keyName(e) == alwaysQuits && name != string(doQuit):
				wrong = append(wrong, fmt.Sprintf("%s: %s always quits; name another key", name, alwaysQuits))
			}
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	has := map[string]action{}
	for _, b := range k.table() {
		for _, key := range b.keys {
			if other, taken := has[key]; taken && other != b.action {
				wrong = append(wrong, fmt.Sprintf("%q is the key of %s and of %s; give one of them another", key, other, b.action))
			}
			has[key] = b.action
		}
	}
	return wrong
}

const alwaysQuits = "ctrl-c"

// table is the table of keys with these in it.
func (k Keys) table() []binding {
	table, named := keyTable(), namedKeys()
	for i := range table {
		b := &table[i]
		keys := k[string(b.action)]
		if len(keys) == 0 {
			continue
		}
		b.keys = nil
		for _, key := range keys {
			b.keys = append(b.keys, keyName(keyCalled(named, key)))
		}
		if b.action == doQuit && !slices.Contains(b.keys, alwaysQuits) {
			b.keys = append(b.keys, alwaysQuits)
		}
	}
	return table
}
