package tui

import (
	"slices"
	"testing"

	"cascade/scenarios"
	"cascade/tui/player"
)

// All names at once mean what each means by itself.
func TestKindsOf(t *testing.T) {
	for _, of := range scenarios.Names() {
		c := newConsole(player.New(builtin(t, of.Name), player.Options{}), nil, dark(), nil, nil)
		names, kinds := c.names(), kindsOf(c.plan())
		for _, name := range names {
			if want := find(c.plan(), name).kind; kinds[name] != want || want == noTarget {
				t.Errorf("%s: %s is of kind %q, want %q", of.Name, name, kinds[name], want)
			}
		}
		if len(kinds) == 0 {
			t.Errorf("%s: nothing has a name", of.Name)
		}
		for name := range kinds {
			if !slices.Contains(names, name) {
				t.Errorf("%s: %q is no name", of.Name, name)
			}
		}
	}
}
