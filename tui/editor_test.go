package tui

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/tui/player"
)

// A fileEditor is the editor of scenario files in the words of the screen.
type fileEditor struct{ of *scenarios.Editor }

// editorOf is the editor of a built-in scenario, with changes made to it.
func editorOf(t testing.TB, name string, sets ...scenarios.Override) Editor {
	t.Helper()
	e, err := scenarios.EditBuiltin(name, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return fileEditor{e}
}

func overrides(changes []Change) []scenarios.Override {
	var sets []scenarios.Override
	for _, c := range changes {
		sets = append(sets, scenarios.Override{Path: c.Path, Value: c.Value})
	}
	return sets
}

func (e fileEditor) Read(changes []Change) (player.Scenario, []string) {
	s, err := e.of.Read(overrides(changes))
	var problems scenarios.Problems
	switch {
	case err == nil:
		return player.Scenario{Plan: s.Plan, Expectations: s.Expectations}, nil
	case !errors.As(err, &problems):
		return player.Scenario{}, []string{err.Error()}
	}
	var sentences []string
	for _, p := range problems {
		sentences = append(sentences, p.Sentence())
	}
	return player.Scenario{}, sentences
}

func (fileEditor) FaultKinds() []FaultKind {
	var kinds []FaultKind
	for _, k := range scenarios.FaultKinds() {
		kinds = append(kinds, FaultKind{Name: k.Name, About: k.About, On: k.On})
	}
	return kinds
}

func (fileEditor) Targets(p *sim.Plan, kind string) []string { return scenarios.Targets(p, kind) }

func keysOf(from []scenarios.Key) []Key {
	var keys []Key
	for _, k := range from {
		keys = append(keys, Key{Name: k.Name, Written: k.Written, Default: k.Default, About: k.About, Value: k.Value, Set: k.Given,
			Required: k.Required, By: k.By, Choices: k.Choices, Example: k.Example, Keys: keysOf(k.Keys), Fixed: k.Fixed, OfFault: k.OfFault})
	}
	return keys
}

func (e fileEditor) FaultKeys(changes []Change, kind, on string) []Key {
	return keysOf(e.of.FaultKeys(overrides(changes), kind, on))
}

func (e fileEditor) Policies(changes []Change, target string, at time.Duration) []Key {
	return keysOf(e.of.Policies(overrides(changes), target, at))
}

func (e fileEditor) Paths(changes []Change, begun string) []Key {
	return keysOf(e.of.Paths(overrides(changes), begun))
}

func (e fileEditor) FreshName(changes []Change, kind, on string) string {
	return e.of.FreshName(overrides(changes), kind, on)
}

func draftOf(d Draft) *scenarios.Draft {
	of := &scenarios.Draft{Name: d.Name, At: d.At, Kind: d.Kind, On: d.On}
	for _, f := range d.Fields {
		of.Fields = append(of.Fields, scenarios.Field{Name: f.Name, Value: f.Value})
	}
	return of
}

func (fileEditor) Parts(text string) []Field {
	var fields []Field
	for _, f := range scenarios.Parts(text) {
		fields = append(fields, Field(f))
	}
	return fields
}

func (fileEditor) Mapping(fields []Field) string {
	var of []scenarios.Field
	for _, f := range fields {
		of = append(of, scenarios.Field(f))
	}
	return scenarios.Mapping(of)
}

func (fileEditor) DraftText(d Draft) string { return draftOf(d).YAML() }

func (fileEditor) DraftChange(d Draft, faults int) Change {
	c := draftOf(d).Change(faults)
	return Change{c.Path, c.Value}
}

func (e fileEditor) Text(changes []Change, path string) ([]byte, error) {
	return e.of.Text(overrides(changes), filepath.Dir(path), filepath.Base(path))
}

// TestEditorOf holds that what the screen is told of a file is all that there is to tell.
func TestEditorOf(t *testing.T) {
	e := editorOf(t, "slow-dependency")
	if _, problems := e.Read([]Change{{"faults.1", "{at: 1s, latency: {on: payment, add: fast}}"}}); len(problems) != 1 || !strings.Contains(problems[0], "fast") {
		t.Errorf("problems: %q", problems)
	}
	if keys := e.FaultKeys(nil, "set", "payment"); len(keys) == 0 || keys[0].Value != "32" || !keys[0].Set {
		t.Errorf("keys of payment: %+v", keys)
	}
}
