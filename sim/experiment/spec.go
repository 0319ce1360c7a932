package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A Kind is what an experiment is for.
type Kind string

// The kinds of experiment.
const (
	Seeds Kind = "run"   // one setting, many seeds
	Sweep Kind = "sweep" // a grid of settings
	Tip   Kind = "tip"   // the search for a tipping point
)

// A Spec is all that decides what an experiment comes to, but for the engine. It is
// written beside the results, so that they are never mixed with those of another.
type Spec struct {
	Schema   string `json:"schema"` // cascade.experiment/v1
	Kind     Kind   `json:"kind"`
	Scenario string `json:"scenario"` // its name
	Argument string `json:"argument"` // what it is called on a command line; decides nothing
	Digest   string `json:"digest"`   // of all texts that the settings were read from
	Engine   string `json:"engine"`   // what made the results: they are never mixed with another's
	Sets     []Set  `json:"sets"`     // of every cell
	Seed     uint64 `json:"seed"`     // the first
	Runs     int    `json:"runs"`     // seeds a cell: Seed and those that follow

	Expectations []Wanted `json:"expectations"`
	Looks        *Looks   `json:"looks,omitempty"`  // where it goes on until it is decided; Runs are the most then
	Axes         []Axis   `json:"axes,omitempty"`   // of a sweep
	Show         []string `json:"show,omitempty"`   // what is shown of a sweep, as Show.Paths has it; decides nothing
	Search       *Search  `json:"search,omitempty"` // of a tip
}

// SpecSchema names the form of a Spec's JSON.
const SpecSchema = "cascade.experiment/v1"

// An Axis is a value that is varied.
type Axis struct {
	Path   string   `json:"path"`
	Values []string `json:"values"` // as a scenario file writes them
}

// Cells are how many settings a grid has: one where there is no axis.
func (s *Spec) Cells() int {
	n := 1
	for i := range s.Axes {
		n *= len(s.Axes[i].Values)
	}
	return n
}

// Cell is a setting of the grid: one value of each axis, of which the last varies
// fastest.
func (s *Spec) Cell(i int) []Set {
	sets := make([]Set, len(s.Axes))
	for k := len(s.Axes) - 1; k >= 0; k-- {
		a := &s.Axes[k]
		sets[k] = Set{a.Path, a.Values[i%len(a.Values)]}
		i /= len(a.Values)
	}
	return sets
}

// Trials are all runs of the grid, cell by cell.
func (s *Spec) Trials() []Trial {
	trials := make([]Trial, 0, s.Cells()*s.Runs)
	for c := range s.Cells() {
		for k := range s.Runs {
			trials = append(trials, Trial{c, s.Seed + uint64(k)})
		}
	}
	return trials
}

// Write writes the spec as JSON.
func (s *Spec) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// ReadSpec reads a spec's JSON.
func ReadSpec(text []byte) (*Spec, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	s := &Spec{}
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("not the description of an experiment: %w", err)
	}
	if s.Schema != SpecSchema {
		return nil, fmt.Errorf("not the description of an experiment: its schema is %q, not %s", s.Schema, SpecSchema)
	}
	if s.Runs < 1 || s.Looks != nil && s.Looks.First < 1 || slices.ContainsFunc(s.Axes, func(a Axis) bool { return len(a.Values) == 0 }) {
		return nil, errors.New("the description of an experiment without runs")
	}
	return s, nil
}

// Differs says in what two specs differ, in words; "" where in nothing.
func (s *Spec) Differs(t *Spec) string {
	switch {
	case s.Kind != t.Kind:
		return fmt.Sprintf("it is of a %s, not of a %s", s.Kind, t.Kind)
	case s.Scenario != t.Scenario:
		return fmt.Sprintf("it is of the scenario %q, not of %q", s.Scenario, t.Scenario)
	case s.Digest != t.Digest:
		return "the scenario has changed since"
	case s.Engine != t.Engine:
		return "another version of cascade made it"
	case s.Seed != t.Seed:
		return fmt.Sprintf("its first seed is %d, not %d", s.Seed, t.Seed)
	case s.Runs != t.Runs && s.Kind == Tip:
		return fmt.Sprintf("its search may take %d runs, not %d", s.Runs, t.Runs)
	case s.Runs != t.Runs:
		return fmt.Sprintf("it has %d runs a setting, not %d", s.Runs, t.Runs)
	}
	var a, b bytes.Buffer
	other := *t
	other.Argument, other.Show = s.Argument, s.Show
	if s.Write(&a) != nil || other.Write(&b) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		return "its settings are others"
	}
	return ""
}
