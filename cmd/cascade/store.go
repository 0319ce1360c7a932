package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/scenarios"
	"cascade/sim/experiment"
)

// A store is a directory that holds an experiment: what it is, and the report of every
// run that has ended. Each file is written whole or not at all, and none is changed
// afterwards, so that several processes, on several machines even, may share one.
//
//	DIR/experiment.json          what the experiment is
//	DIR/scenario.json            what its scenario was read from, where that is run as it is
//	DIR/cells/0007/seed-3.json   the report of the eighth setting's run with seed 3
//
// A process that is killed loses the runs that were under way and nothing else. A machine
// that loses its power may lose those of the last half minute, too, or leave a file of
// theirs cut short: that is seen, and its run is done again. Reports are not synced one by
// one, which would take longer than a short run does.
type store struct {
	dir  string
	spec *experiment.Spec
}

const (
	specFile   = "experiment.json"
	originFile = "scenario.json"
)

// besides refuses an output that would replace a file which the store in a directory
// keeps; "" is no directory.
func (all outputs) besides(dir string) error {
	for _, o := range all {
		within, err := filepath.Rel(dir, o.path)
		if dir == "" || o.path == "" || err != nil {
			continue
		}
		if within == specFile || within == originFile || strings.HasPrefix(within, "cells"+string(filepath.Separator)) {
			return usage("--%s %s: the files of an experiment are kept there; name another one", o.flag, o.path)
		}
	}
	return nil
}

// openStore opens the directory for an experiment, and makes it where there is none. A
// directory with the results of another experiment is refused.
func openStore(dir string, spec *experiment.Spec) (*store, error) {
	st := &store{dir, spec}
	there, err := readSpecFile(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := st.establish(); err != nil {
			return nil, err
		}
		there, err = readSpecFile(dir) // of who came first
	}
	if err != nil {
		return nil, err
	}
	if what := there.Differs(spec); what != "" {
		return nil, usage("%s holds the results of another experiment: %s; name another directory", dir, what)
	}
	return st, st.tidy()
}

// establish makes the directory with its description. Of several processes that do so at
// once the first has its way.
func (st *store) establish() error {
	entries, err := os.ReadDir(st.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return destination{name: st.dir}.failed(err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case isTemporary(name), name == specFile, name == originFile, name == "cells":
			// of another process that has just begun
		case name == "lost+found":
			// which an empty volume has
		default:
			return usage("%s: there is something else in it already (%s); name another directory", st.dir, name)
		}
	}
	if err := os.MkdirAll(st.dir, 0o777); err != nil {
		return destination{name: st.dir}.failed(err)
	}
	var text bytes.Buffer
	if err := st.spec.Write(&text); err != nil {
		return err
	}
	return st.write(specFile, text.Bytes(), func(temporary, path string) error {
		err := os.Link(temporary, path) // never over another's, as a rename would
		switch {
		case errors.Is(err, fs.ErrExist):
			return os.Remove(temporary)
		case err != nil: // there are file systems without links
			return os.Rename(temporary, path)
		}
		return os.Remove(temporary)
	})
}

// readStore opens a directory that must hold an experiment.
func readStore(dir string) (*store, error) {
	spec, err := readSpecFile(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); err != nil {
			return nil, usage("there is no directory %s", dir)
		}
		return nil, usage("%s holds no experiment: there is no %s in it", dir, specFile)
	}
	if err != nil {
		return nil, err
	}
	return &store{dir, spec}, nil
}

func readSpecFile(dir string) (*experiment.Spec, error) {
	path := filepath.Join(dir, specFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, usage("cannot read %s: %w", path, cause(err))
	}
	spec, err := experiment.ReadSpec(text)
	if err != nil {
		return nil, usage("%s: %w", path, err)
	}
	return spec, nil
}

// write writes a file of the directory whole or not at all: place moves it to where it
// is to be.
func (st *store) write(name string, text []byte, place func(temporary, path string) error) error {
	path := filepath.Join(st.dir, name)
	to := destination{name: path}
	f, err := createBeside(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return to.failed(err)
		}
		f, err = createBeside(path)
	}
	if err != nil {
		return to.failed(err)
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return to.failed(err)
}

// keep writes the report of a run down.
func (st *store) keep(r experiment.Record) error {
	return st.write(place(r.Trial), r.Report, os.Rename)
}

// keepNew is keep for records that may be there already.
func (st *store) keepNew() (func(experiment.Record) error, error) {
	trials, err := st.trials()
	if err != nil {
		return nil, err
	}
	there := make(map[experiment.Trial]bool, len(trials))
	for _, t := range trials {
		there[t] = true
	}
	return func(r experiment.Record) error {
		if there[r.Trial] {
			return nil
		}
		return st.keep(r)
	}, nil
}

// origin is a scenarios.Origin as it is kept: a text may be of any bytes.
type origin struct {
	Name    string   `json:"name"`
	Dir     string   `json:"dir"`
	Files   []string `json:"files"`
	Texts   [][]byte `json:"texts"` // in base64
	Builtin bool     `json:"builtin"`
}

// keepOrigin writes down what the scenario was read from, unless that is there.
func (st *store) keepOrigin(of scenarios.Origin) error {
	if _, err := os.Stat(filepath.Join(st.dir, originFile)); err == nil {
		return nil
	}
	o := origin{Name: of.Name, Dir: of.Dir, Files: of.Files, Builtin: of.Builtin}
	for _, text := range of.Texts {
		o.Texts = append(o.Texts, []byte(text))
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return st.write(originFile, append(text, '\n'), os.Rename)
}

// scenario reads the experiment's scenario again.
func (st *store) scenario() (*scenarios.Scenario, error) {
	path := filepath.Join(st.dir, originFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("there is no %s, which every shard writes; start one again", path)
	}
	if err != nil {
		return nil, usage("cannot read %s: %w", path, cause(err))
	}
	var o origin
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, usage("%s: not what a scenario was read from: %w", path, err)
	}
	of := scenarios.Origin{Name: o.Name, Dir: o.Dir, Files: o.Files, Builtin: o.Builtin}
	for _, text := range o.Texts {
		of.Texts = append(of.Texts, string(text))
	}
	sets := []scenarios.Override{}
	for _, s := range st.spec.Sets {
		sets = append(sets, scenarios.Override(s))
	}
	s, err := of.Read(append(sets, scenarios.Override{Path: "seed", Value: strconv.FormatUint(st.spec.Seed, 10)})...)
	if err == nil && s.Digest != st.spec.Digest {
		err = errors.New("the scenario is another than that of the runs")
	}
	if err != nil {
		return nil, usage("%s: %w", path, err)
	}
	return s, nil
}

// place is where the report of a trial is, within the directory.
func place(t experiment.Trial) string {
	return filepath.Join("cells", fmt.Sprintf("%04d", t.Cell), fmt.Sprintf("seed-%d.json", t.Seed))
}

// trials are those of which there is a report, in no order. Files with other names
// than the store gives are somebody else's.
func (st *store) trials() ([]experiment.Trial, error) {
	var trials []experiment.Trial
	root := filepath.Join(st.dir, "cells")
	cells, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, usage("cannot read %s: %w", root, cause(err))
	}
	for _, c := range cells {
		cell, err := strconv.Atoi(c.Name())
		if err != nil || !c.IsDir() {
			continue
		}
		dir := filepath.Join(root, c.Name())
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, usage("cannot read %s: %w", dir, cause(err))
		}
		for _, f := range files {
			name := strings.TrimSuffix(strings.TrimPrefix(f.Name(), "seed-"), ".json")
			seed, err := strconv.ParseUint(name, 10, 64)
			t := experiment.Trial{Cell: cell, Seed: seed}
			if err == nil && place(t) == filepath.Join("cells", c.Name(), f.Name()) {
				trials = append(trials, t)
			}
		}
	}
	return trials, nil
}

// A damage is a report that was not written to its end, or was changed since.
type damage struct {
	path string
	err  error
}

// Error names the file, and what is wrong with it.
func (d *damage) Error() string { return fmt.Sprintf("%s: %v", d.path, d.err) }

// read reads the report of a trial. The error is a *damage where it is none.
func (st *store) read(t experiment.Trial) (experiment.Record, error) {
	path := filepath.Join(st.dir, place(t))
	text, err := os.ReadFile(path)
	if err != nil {
		return experiment.Record{}, usage("cannot read %s: %w", path, cause(err))
	}
	r, err := experiment.ReadRecord(t.Cell, text)
	switch {
	case len(text) == 0:
		err = errors.New("it is empty")
	case err == nil && r.Seed != t.Seed:
		err = fmt.Errorf("it is the report of the seed %d", r.Seed)
	}
	if err != nil {
		return r, &damage{path, err}
	}
	return r, nil
}

// staleAfter is the age at which a temporary file is nobody's any more: to write one
// takes far less than a second.
const staleAfter = time.Hour

// tidy removes what processes that were killed have left half written. Ages are told by
// the clock that dates the files, which may be another machine's.
func (st *store) tidy() error {
	var left []string
	for _, in := range []string{"", "cells/*/"} {
		names, err := fs.Glob(os.DirFS(st.dir), in+temporaryFiles)
		if err != nil {
			return err
		}
		left = append(left, names...)
	}
	if len(left) == 0 {
		return nil
	}
	f, err := createBeside(filepath.Join(st.dir, specFile))
	if err != nil {
		return destination{name: st.dir}.failed(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	now, err := f.Stat()
	if err != nil {
		return destination{name: st.dir}.failed(err)
	}
	for _, name := range left {
		path := filepath.Join(st.dir, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil && now.ModTime().Sub(info.ModTime()) > staleAfter {
			os.Remove(path) // if it does not go, it is in nobody's way
		}
	}
	return nil
}

// temporaryFiles are those of createBeside.
const temporaryFiles = ".cascade-*.tmp"

func isTemporary(name string) bool {
	is, _ := filepath.Match(temporaryFiles, name)
	return is
}

// again says what to do about a damage.
func again(err error) error {
	var damaged *damage
	if errors.As(err, &damaged) {
		return usage("%w; start its shard again, which does that run again", damaged)
	}
	return err
}

// union hands the records of several stores to visit, by cell and seed, each trial once.
// What two of them have must be the same, byte for byte. What is damaged is an error.
func union(stores []*store, visit func(experiment.Record) error) error {
	type entry struct {
		experiment.Trial
		in *store
	}
	var all []entry
	for _, st := range stores {
		trials, err := st.trials()
		if err != nil {
			return err
		}
		for _, t := range trials {
			all = append(all, entry{t, st})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.Compare(b.Trial) })
	for i := 0; i < len(all); {
		r, err := all[i].in.read(all[i].Trial)
		if err != nil {
			return again(err)
		}
		first := all[i].in
		for i++; i < len(all) && all[i].Trial == r.Trial; i++ {
			twice, err := all[i].in.read(r.Trial)
			if err != nil {
				return again(err)
			}
			if !bytes.Equal(twice.Report, r.Report) {
				return usage("%s is in %s and in %s, and differs: the same seed gives the same bytes, so one of them was changed since",
					place(r.Trial), first.dir, all[i].in.dir)
			}
		}
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}
