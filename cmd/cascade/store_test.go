package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/sim/experiment"
)

// Of several that come at once to a directory that is not there, with two experiments,
// one experiment has it, and whoever is of the other is told.
func TestTheFirstDescribesTheStore(t *testing.T) {
	_, first := trying(t)
	second := *first
	second.Runs = 4
	for range 20 {
		dir := filepath.Join(t.TempDir(), "deep", "store")
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() {
				spec := first
				if i%2 == 1 {
					spec = &second
				}
				_, errs[i] = openStore(dir, spec)
			})
		}
		wait.Wait()
		st, err := readStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range errs {
			mine := (i%2 == 1) == (st.spec.Runs == 4)
			if mine && err != nil || !mine && (err == nil || !strings.Contains(err.Error(), "runs a setting, not")) {
				t.Errorf("the store has %d runs a setting, and %d is told %v", st.spec.Runs, i, err)
			}
		}
		if names(t, dir) != specFile {
			t.Errorf("left %s", names(t, dir))
		}
	}
}

// A store is made where there is nothing of anybody else's.
func TestWhereAStoreIsMade(t *testing.T) {
	_, spec := trying(t)
	for _, row := range []struct{ there, want string }{
		{"", ""},
		{"lost+found", ""}, // as on a volume that was just made
		{".cascade-7-0.tmp", ""},
		{"notes.txt", "there is something else in it already (notes.txt); name another directory"},
		{"experiment.json", "not the description of an experiment: EOF"},
	} {
		dir := t.TempDir()
		if row.there != "" {
			if err := os.WriteFile(filepath.Join(dir, row.there), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := openStore(dir, spec)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.HasSuffix(err.Error(), row.want)) {
			t.Errorf("with %q in it: %v, want %q", row.there, err, row.want)
		}
	}
}

// What killed processes have left is nobody's after an hour, by the file system's clock;
// what is being written is left alone, and neither is taken for a report.
func TestStoreIsTidied(t *testing.T) {
	_, spec := trying(t)
	dir := t.TempDir()
	st, err := openStore(dir, spec)
	if err != nil {
		t.Fatal(err)
	}
	cell := filepath.Join(dir, "cells", "0000")
	if err := os.MkdirAll(cell, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{
		"cells/0000/.cascade-7-0.tmp": 2 * time.Hour, "cells/0000/.cascade-8-0.tmp": time.Minute,
		"cells/0000/seed-07.json": 2 * time.Hour, "cells/0000/seed-8.json~": 0,
		".cascade-7-0.tmp": 2 * time.Hour, ".cascade-8-0.tmp": time.Minute, // of its description
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openStore(dir, spec); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, cell), ".cascade-8-0.tmp seed-07.json seed-8.json~"; got != want {
		t.Errorf("there is %s, not %s", got, want)
	}
	if got, want := names(t, dir), ".cascade-8-0.tmp cells experiment.json"; got != want {
		t.Errorf("there is %s, not %s", got, want)
	}
	if trials, err := st.trials(); err != nil || len(trials) > 0 {
		t.Errorf("there are reports of %v (%v)", trials, err)
	}
}

// What is in two stores must be the same, and what is damaged is named.
func TestUnion(t *testing.T) {
	c, spec := trying(t)
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	whole, _ := conducted(t, effort{out: one}, c, spec)
	conducted(t, effort{out: two, shard: experiment.Shard{Index: 2, Of: 2}}, c, spec)
	stores, err := readStores([]string{one, two, one})
	if err != nil {
		t.Fatal(err)
	}
	all := func() (records []experiment.Record, err error) {
		return records, union(stores, func(r experiment.Record) error { records = append(records, r); return nil })
	}
	records, err := all()
	if err != nil {
		t.Fatal(err)
	}
	sameRecords(t, records, whole)

	path := filepath.Join(two, place(whole[1].Trial))
	report := read(t, path)
	for _, row := range []struct{ text, want string }{
		{strings.Replace(report, `"events": `, `"events": 1`, 1), "cells/0000/seed-2.json is in " + one + " and in " + two + ", and differs: "},
		{report[:len(report)-3], path + ": not a report: unexpected end of JSON input"},
		{"", path + ": it is empty"},
		{string(whole[0].Report), path + ": it is the report of the seed 1"},
		{"{}", path + ": not a report: its schema is"},
	} {
		if err := os.WriteFile(path, []byte(row.text), 0o666); err != nil {
			t.Fatal(err)
		}
		var e *exit
		if _, err := all(); err == nil || !strings.HasPrefix(err.Error(), row.want) || errors.As(err, &e) && e.code != exitUsage {
			t.Errorf("%v, not %q", err, row.want)
		}
	}
}
