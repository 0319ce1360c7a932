// Package scenarios is the library of experiments, and the only reader of YAML.
//
// It turns a scenario file into a sim.Plan and the expectations that the run is
// judged by. Whatever is wrong with a file is found here, all of it in one go and
// each at its line and column, so that nothing behind this package needs to check
// anything again:
//
//	s, err := scenarios.Load("slow-payment.yaml")
//	if err != nil {
//		return err // a Problems, ready to be shown
//	}
//	run(s.Plan, s.Expectations)
//
// The way of a file: its text becomes a tree of values with their places (yaml.go),
// the overrides are put into the tree (override.go), and the tree is read key by key
// against the table of keys (keys.go), with defaults filled in on the way. An Editor
// (editor.go) goes the other way: what a person does while a scenario is played it says
// as a file says it, and writes it down.
//
// It leaves out running anything.
package scenarios

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cascade/sim"
	"cascade/sim/report"
)

// A Scenario is one file, read and checked.
type Scenario struct {
	Plan         *sim.Plan
	Expectations []report.Expectation
	Places       []Place // where the expectations stand

	// Files are the paths of all files that it was read from: its own first, if it
	// was loaded from one, then those that it names. A built-in scenario has none.
	Files []string

	// Digest is the SHA-256, in hex, of all texts that it was read from, overrides left
	// out: two scenarios with the same overrides and digest are the same.
	Digest string

	// Origin is what it was read from.
	Origin Origin
}

// An Origin is all that a scenario was read from but for its overrides, so that it can be
// read again where its files are not, or are no longer what they were.
type Origin struct {
	Name    string   // in messages and places
	Dir     string   // what relative names of files are relative to
	Files   []string // the Scenario's
	Texts   []string // its own, then those of the files that it names, as they were read
	Builtin bool     // it came with the program
}

// Read reads the scenario again. With the overrides that it had it is the same; errors
// are those of Parse.
func (o Origin) Read(sets ...Override) (*Scenario, error) {
	if len(o.Texts) == 0 {
		return nil, errors.New("there is no text of a scenario")
	}
	next := 0
	lib := &library{join: joinFile, open: func(name string) ([]byte, error) {
		if next++; next >= len(o.Texts) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(o.Texts[next]), nil
	}}
	if o.Builtin {
		lib.join, lib.builtin = joinBuiltin, true
	}
	s, err := read(lib, o.Name, []byte(o.Texts[0]), o.Dir, sets)
	if err != nil {
		return nil, err
	}
	s.Files, s.Origin = o.Files, o
	return s, nil
}

// A Place is where something is written: in the file with this path (or the name that it
// was parsed under, or in the library of built-in scenarios), on this line, from 1 on. What
// an override gave stands on line 0.
type Place struct {
	File string
	Line int
}

// An Override puts one value into a scenario before anything is checked: Path
// says where, from the scenario's keys (duration, traffic.shoppers.rate) or from
// the topology's (services.payment.threads) on, members of a list by their place
// from 0 or, for faults, by name; Value is YAML.
type Override struct{ Path, Value string }

// Load reads the scenario in a file. Where the file is wrong, the error is a
// Problems.
func Load(name string, sets ...Override) (*Scenario, error) {
	text, err := readAtMost(name)
	if err != nil {
		return nil, err
	}
	s, err := Parse(name, text, filepath.Dir(name), sets...)
	if err != nil {
		return nil, err
	}
	s.Files = append([]string{name}, s.Files...)
	s.Origin.Files = s.Files
	return s, nil
}

// Parse reads a scenario from its text. The name is for messages; relative names
// of other files are relative to dir. Where the text is wrong, the error is a
// Problems.
func Parse(name string, text []byte, dir string, sets ...Override) (*Scenario, error) {
	return read(&library{open: openFile, join: joinFile}, name, text, dir, sets)
}

// Builtin reads one of the scenarios that come with the program, by its name as in Names.
func Builtin(name string, sets ...Override) (*Scenario, error) {
	text, err := builtinText(name)
	if err != nil {
		return nil, err
	}
	s, err := read(builtinLibrary(), name+extension, text, ".", sets)
	if err != nil {
		return nil, err
	}
	s.Files, s.Origin.Files = nil, nil
	return s, nil
}

// builtinText is Text with an error that offers the nearest name.
func builtinText(name string) ([]byte, error) {
	text, ok := Text(name)
	if !ok {
		return nil, fmt.Errorf("no built-in scenario %s%s", quote(name), didYouMean(name, builtinNames()))
	}
	return text, nil
}

func builtinLibrary() *library {
	return &library{open: builtins.ReadFile, join: joinBuiltin, builtin: true}
}

// A BuiltinInfo is what a list of the built-in scenarios shows of one.
type BuiltinInfo struct{ Name, Description string }

// Names lists the built-in scenarios by name.
func Names() []BuiltinInfo {
	var infos []BuiltinInfo
	for _, name := range builtinNames() {
		info := BuiltinInfo{Name: name}
		if s, err := Builtin(name); err == nil {
			info.Description = s.Plan.Description
		}
		infos = append(infos, info)
	}
	return infos
}

// Text is the YAML of a built-in scenario.
func Text(name string) ([]byte, bool) {
	if strings.ContainsAny(name, `/\.`) {
		return nil, false
	}
	text, err := builtins.ReadFile(name + extension)
	return text, err == nil
}

//go:embed *.yaml
var builtins embed.FS

const extension = ".yaml"

func builtinNames() []string {
	entries, err := builtins.ReadDir(".")
	if err != nil {
		panic("the embedded scenarios have no root: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), extension); ok && !e.IsDir() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// read goes all the way from the text to the scenario.
func read(lib *library, name string, text []byte, dir string, sets []Override) (*Scenario, error) {
	r, _, err := readTree(lib, name, text, dir, sets)
	if err != nil {
		return nil, err
	}
	origin := Origin{Name: name, Dir: dir, Files: r.opened, Texts: r.texts, Builtin: lib.builtin}
	return &Scenario{Plan: r.plan, Expectations: r.expectations, Places: r.expected, Files: r.opened, Digest: digest(r.texts), Origin: origin}, nil
}

// readTree is read for somebody who wants to see the tree too, with the overrides in it
// and the contents of files in place of their names.
func readTree(lib *library, name string, text []byte, dir string, sets []Override) (*reader, *value, error) {
	r := &reader{library: lib, texts: []string{string(text)}}
	root := r.parse(&file{name: name, dir: dir, text: string(text)})
	if root == nil {
		return nil, nil, r.sorted()
	}
	root = r.override(root, sets)
	r.scenario(root)
	if len(r.problems) > 0 {
		return nil, nil, r.sorted()
	}
	return r, root, nil
}

// digest is the SHA-256 of texts, in hex, each with its length before it, so that no two
// texts are another's one.
func digest(texts []string) string {
	sum := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(sum, "%d\n%s", len(t), t)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sorted are the problems by place, the overrides' first, then file by file.
func (r *reader) sorted() Problems {
	slices.SortStableFunc(r.problems, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.file.order, b.file.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	// A value that an alias repeats is read each time, and is wrong only once.
	list := make(Problems, 0, len(r.problems))
	for _, f := range r.problems {
		if !slices.Contains(list[max(0, len(list)-8):], f.Problem) {
			list = append(list, f.Problem)
		}
	}
	return list
}

// A library is where the files come from that a scenario names.
type library struct {
	open func(name string) ([]byte, error)
	join func(dir, name string) string

	builtin bool // it is that of the built-in scenarios
}

func openFile(name string) ([]byte, error) {
	// A device or a pipe may have no end, or never begin.
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is not a regular file")}
	}
	return readAtMost(name)
}

// readAtMost reads a file, but never more than it takes to see that it is too large.
func readAtMost(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

func joinFile(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

func joinBuiltin(dir, name string) string { return path.Join(dir, name) }
