package tui

import (
	"time"

	"cascade/sim"
	"cascade/tui/player"
)

// An Editor says in the words of a scenario file what a hand does: it is where forms,
// the run and files meet. The screen itself knows nothing of how a file is written; it
// shows what the Editor gives it. All its methods are quick, and none changes anything.
type Editor interface {
	// Read is the scenario with the changes made, or what is wrong with them, a sentence
	// each.
	Read(changes []Change) (player.Scenario, []string)

	// FaultKinds are the kinds of fault, in the format's order.
	FaultKinds() []FaultKind
	// Targets are what a fault of a kind can be on in a plan, by name.
	Targets(p *sim.Plan, kind string) []string
	// FaultKeys are the keys of a fault of that kind on that target, its own first, then
	// for, ramp, every and instances where they apply. Of a set they are what can be set
	// there, Value what it is at present.
	FaultKeys(changes []Change, kind, on string) []Key
	// Policies are the keys of a service, operation, edge, source or queue, with what they
	// are at an instant, set faults included.
	Policies(changes []Change, target string, at time.Duration) []Key
	// Paths are what a path of a change may be that was begun, up to its last dot alike:
	// those with a dot at the end lead further, the others have the value that there is.
	Paths(changes []Change, begun string) []Key
	// FreshName is a name for a fault that no other has.
	FreshName(changes []Change, kind, on string) string

	// Parts are the keys of a mapping with their values, as it is typed; nil where the text
	// is none.
	Parts(text string) []Field
	// Mapping is the mapping of keys with what is typed for them, on one line; "" of none.
	Mapping(fields []Field) string

	// DraftText is the fault as it stands in a file.
	DraftText(Draft) string
	// DraftChange is what adds the fault to a scenario that has so many.
	DraftChange(d Draft, faults int) Change

	// Text is the scenario with the changes made, as a file that reads as the same run
	// from the directory of path.
	Text(changes []Change, path string) ([]byte, error)
}

// A Change puts one value into a scenario, as --set does: Path leads to it, Value is
// written as in a file.
type Change struct{ Path, Value string }

// A FaultKind is a kind of fault.
type FaultKind struct {
	Name, About string
	On          []string // what it can be on: service, operation, edge, queue, stream, source
}

// A Key is one that may be written, and what it is.
type Key struct {
	Name     string
	Written  string // how its value is written: duration, share, number|unlimited
	Default  string // what it is without being written; "" where no word says that
	About    string
	Value    string // what it is
	Set      bool   // Value was written, it is not just the default
	Required bool
	By       string   // the fault in force that gives the value; "": none does
	Choices  []string // the words that it takes, where it takes no others
	Example  string   // a value that could be meant; "" where there is none
	Keys     []Key    // of a mapping: those that may stand in it
	Fixed    string   // of a policy: why it cannot be set while the run goes on; "": it can
	OfFault  bool     // of a fault: it is of the fault itself, such as for, and not of what it does
}

// A Draft is a fault that is being written.
type Draft struct {
	Name     string
	At       time.Duration
	Kind, On string
	Fields   []Field // other keys, as a person typed them; those without a value are not written
}

// A Field is a key with what was typed for it.
type Field struct{ Name, Value string }
