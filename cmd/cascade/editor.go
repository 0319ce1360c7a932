package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/tui"
	"cascade/tui/player"
)

// An editor is a scenario that the live screen makes changes to. It says the same as a
// scenarios.Editor, in the screen's words.
type editor struct {
	of   *scenarios.Editor
	name string // of the scenario, as a person knows it
}

func overridesOf(changes []tui.Change) []scenarios.Override {
	sets := make([]scenarios.Override, len(changes))
	for i, c := range changes {
		sets[i] = scenarios.Override(c)
	}
	return sets
}

func draftOf(d tui.Draft) *scenarios.Draft {
	fields := make([]scenarios.Field, len(d.Fields))
	for i, f := range d.Fields {
		fields[i] = scenarios.Field(f)
	}
	return &scenarios.Draft{Name: d.Name, At: d.At, Kind: d.Kind, On: d.On, Fields: fields}
}

func keysOf(all []scenarios.Key) []tui.Key {
	keys := make([]tui.Key, len(all))
	for i, k := range all {
		keys[i] = tui.Key{Name: k.Name, Written: k.Written, Default: k.Default, About: k.About, Value: k.Value, Set: k.Given,
			Required: k.Required, By: k.By, Choices: k.Choices, Example: k.Example, Keys: keysOf(k.Keys), Fixed: k.Fixed, OfFault: k.OfFault}
	}
	return keys
}

// Read is the scenario with the changes made, or what is wrong with them.
func (e *editor) Read(changes []tui.Change) (player.Scenario, []string) {
	s, err := e.of.Read(overridesOf(changes))
	if err == nil {
		return player.Scenario{Plan: s.Plan, Expectations: s.Expectations}, nil
	}
	var problems scenarios.Problems
	if !errors.As(err, &problems) {
		return player.Scenario{}, []string{err.Error()}
	}
	var wrong []string
	for _, p := range problems {
		wrong = append(wrong, p.Sentence())
	}
	return player.Scenario{}, wrong
}

// FaultKinds are the kinds of fault.
func (e *editor) FaultKinds() []tui.FaultKind {
	var kinds []tui.FaultKind
	for _, k := range scenarios.FaultKinds() {
		kinds = append(kinds, tui.FaultKind{Name: k.Name, About: k.About, On: k.On})
	}
	return kinds
}

// Targets are what a fault of a kind can be on in a plan.
func (e *editor) Targets(p *sim.Plan, kind string) []string { return scenarios.Targets(p, kind) }

// FaultKeys are the keys of a fault of that kind on that target.
func (e *editor) FaultKeys(changes []tui.Change, kind, on string) []tui.Key {
	return keysOf(e.of.FaultKeys(overridesOf(changes), kind, on))
}

// Policies are the keys of a target, and what they are at an instant.
func (e *editor) Policies(changes []tui.Change, target string, at time.Duration) []tui.Key {
	return keysOf(e.of.Policies(overridesOf(changes), target, at))
}

// Paths are what a path of a change may be that was begun.
func (e *editor) Paths(changes []tui.Change, begun string) []tui.Key {
	return keysOf(e.of.Paths(overridesOf(changes), begun))
}

// FreshName is a name for a fault that no other has.
func (e *editor) FreshName(changes []tui.Change, kind, on string) string {
	return e.of.FreshName(overridesOf(changes), kind, on)
}

// Parts are the keys of a mapping as it is typed.
func (*editor) Parts(text string) []tui.Field {
	var fields []tui.Field
	for _, f := range scenarios.Parts(text) {
		fields = append(fields, tui.Field(f))
	}
	return fields
}

// Mapping is the mapping of what is typed for its keys.
func (*editor) Mapping(fields []tui.Field) string {
	var of []scenarios.Field
	for _, f := range fields {
		of = append(of, scenarios.Field(f))
	}
	return scenarios.Mapping(of)
}

// DraftText is the fault as it stands in a file.
func (e *editor) DraftText(d tui.Draft) string { return draftOf(d).YAML() }

// DraftChange is what adds the fault to a scenario that has so many.
func (e *editor) DraftChange(d tui.Draft, faults int) tui.Change {
	return tui.Change(draftOf(d).Change(faults))
}

// session begins what stands on top of a session's file.
const session = "What was done on the live screen with "

// Text is the scenario with the changes made, as a file at that path. One that is a session
// already says so: what is done with it is the same session's.
func (e *editor) Text(changes []tui.Change, path string) ([]byte, error) {
	text, err := e.of.Text(overridesOf(changes), filepath.Dir(path), session+e.name+".")
	var problems scenarios.Problems
	if errors.As(err, &problems) {
		return nil, errors.New(problems[0].Sentence())
	}
	if _, rest, _ := bytes.Cut(text, []byte("\n\n")); bytes.HasPrefix(rest, []byte("# "+session)) {
		text = rest
	}
	return text, err
}
