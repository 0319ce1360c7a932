package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cascade/sim/experiment"
)

// A store is a directory that holds an experiment: what it is, and the report of every
// run that has ended. Each file is written whole or not at all, and none is written
// twice, so that several processes, on several machines even, may share one.
//
//	DIR/experiment.json          what the experiment is
//	DIR/cells/0007/seed-3.json   the report of the eighth setting's run with seed 3
type store struct {
	dir  string
	spec *experiment.Spec
}

const specFile = "experiment.json"

// openStore opens the directory for an experiment, and makes it where there is none. A
// directory with the results of another experiment is refused.
func openStore(sh *shell, dir string, spec *experiment.Spec) (*store, error) {
	st := &store{dir, spec}
	there, err := readSpecFile(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return nil, usage("--out %s: there is something else in it already; name another directory", dir)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, destination{name: dir}.failed(err)
		}
		return st, st.write(sh, specFile, spec.Write)
	case err != nil:
		return nil, err
	}
	if what := there.Differs(spec); what != "" {
		return nil, usage("--out %s holds the results of another experiment: %s; name another directory", dir, what)
	}
	return st, nil
}

// readStore opens a directory that must hold an experiment.
func readStore(dir string) (*store, error) {
	spec, err := readSpecFile(dir)
	if errors.Is(err, fs.ErrNotExist) {
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

func (st *store) write(sh *shell, name string, fill func(io.Writer) error) error {
	path := filepath.Join(st.dir, name)
	return destination{name: path, path: path}.write(sh, fill)
}

// place is where the report of a trial is, within the directory.
func place(t experiment.Trial) string {
	return filepath.Join("cells", fmt.Sprintf("%04d", t.Cell), fmt.Sprintf("seed-%d.json", t.Seed))
}

// keep writes the report of a run down.
func (st *store) keep(sh *shell, r experiment.Record) error {
	name := place(r.Trial)
	if err := os.MkdirAll(filepath.Dir(filepath.Join(st.dir, name)), 0o777); err != nil {
		return destination{name: st.dir}.failed(err)
	}
	return st.write(sh, name, func(w io.Writer) error {
		_, err := w.Write(r.Report)
		return err
	})
}

// records reads all reports that are there, by cell and seed.
func (st *store) records() ([]experiment.Record, error) {
	var records []experiment.Record
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
			name, isReport := strings.CutPrefix(f.Name(), "seed-")
			if name, isReport = strings.CutSuffix(name, ".json"); !isReport || strings.HasPrefix(f.Name(), ".") {
				continue
			}
			path := filepath.Join(dir, f.Name())
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, usage("cannot read %s: %w", path, cause(err))
			}
			r, err := experiment.ReadRecord(cell, text)
			if err != nil {
				return nil, usage("%s: %w; without the file its run is done again", path, err)
			}
			if name != strconv.FormatUint(r.Seed, 10) {
				return nil, usage("%s is the report of the seed %d", path, r.Seed)
			}
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b experiment.Record) int { return a.Compare(b.Trial) })
	return records, nil
}

// union are the records of several stores, by cell and seed, each trial once. What two of
// them have must be the same, byte for byte.
func union(stores []*store) ([]experiment.Record, error) {
	var all []experiment.Record
	for _, st := range stores {
		records, err := st.records()
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b experiment.Record) int { return a.Compare(b.Trial) })
	for i := 1; i < len(all); i++ {
		if all[i].Trial == all[i-1].Trial && !bytes.Equal(all[i].Report, all[i-1].Report) {
			return nil, usage("%s is there twice, and differs: the same seed gives the same bytes, so one of them was made by another version or changed by hand", place(all[i].Trial))
		}
	}
	return slices.CompactFunc(all, func(a, b experiment.Record) bool { return a.Trial == b.Trial }), nil
}
