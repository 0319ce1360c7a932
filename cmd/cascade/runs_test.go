package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cascade/sim/experiment"
)

// TestRunsInterrupted: what has run is reported, as not complete, and what was kept is
// gone on from.
func TestRunsInterrupted(t *testing.T) {
	dir := t.TempDir()
	kept, path := filepath.Join(dir, "kept"), filepath.Join(dir, "runs.json")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() {
		for { // until three runs are there
			files, _ := os.ReadDir(filepath.Join(kept, "cells", "0000"))
			if len(files) >= 3 {
				stop()
				return
			}
			select {
			case <-ended:
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	code, out, errs := command(ctx, "", "run", "near-the-knee", "--runs", "10000", "--out", kept, "--json", path, "--cores", "2")
	close(ended)
	if code != exitInterrupted || !strings.Contains(errs, "cascade: interrupted after ") || !strings.Contains(errs, " of 10000 runs") || !strings.Contains(out, "INTERRUPTED") {
		t.Errorf("exit code %d, said %q and\n%s", code, errs, out)
	}
	text := read(t, path)
	if err := fitsSchema([]byte(text)); err != nil {
		t.Error(err)
	}
	var runs struct {
		Complete bool
		Verdict  string
		Runs     []json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &runs); err != nil {
		t.Fatal(err)
	}
	if runs.Complete || runs.Verdict == "pass" || len(runs.Runs) < 3 || len(runs.Runs) >= 10000 {
		t.Errorf("complete %v, %s, %d runs", runs.Complete, runs.Verdict, len(runs.Runs))
	}
}

// TestShelf: what is put there comes back, and what is not is missed.
func TestShelf(t *testing.T) {
	s, err := newShelf()
	if err != nil {
		t.Fatal(err)
	}
	reports := []string{strings.Repeat("much of the same ", 1000), "", "another"}
	for i, text := range reports {
		s.put(experiment.Trial{Seed: uint64(i)}, []byte(text))
	}
	for i, want := range reports {
		got, err := s.report(&experiment.Record{Trial: experiment.Trial{Seed: uint64(i)}})
		if err != nil || string(got) != want {
			t.Errorf("%d: %q, %v", i, got, err)
		}
	}
	if s.size > 1000 {
		t.Errorf("%d bytes for what is much of the same", s.size)
	}
	if _, err := s.report(&experiment.Record{Trial: experiment.Trial{Seed: 7}}); err == nil {
		t.Error("a report that was never put there is found")
	}
	s.size = maxShelf
	s.put(experiment.Trial{Seed: 9}, []byte("one too many"))
	if _, err := s.report(&experiment.Record{Trial: experiment.Trial{Seed: 9}}); err == nil || !strings.Contains(err.Error(), "2 GiB") {
		t.Errorf("what found no room: %v", err)
	}
}

// TestSummaryOfEveryNumber: the summary of runs has every number that all of their reports
// have under sources, services, edges and queues, of nothing too.
func TestSummaryOfEveryNumber(t *testing.T) {
	const idle = `name: idle
duration: 3s
topology: {services: {a: {threads: 1, steps: [{work: 1ms}]}, never: {threads: 1, steps: [{work: 1ms}]}, b: {threads: 1, steps: [{sync: never, chance: 0%}]}}}
traffic: {load: {to: a, rate: 5/s}, other: {to: b, rate: 5/s}}
`
	_, out, errs := command(t.Context(), idle, "run", "-", "--runs", "3", "--json", "-")
	var runs struct {
		Runs    []map[string]any
		Summary map[string]struct{ Mean, Low, High *float64 }
	}
	if err := json.Unmarshal([]byte(out), &runs); err != nil || errs != "" {
		t.Fatal(err, errs)
	}
	numbers, zeros := 0, 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case float64:
			numbers++
			s, ok := runs.Summary[path]
			if !ok || s.Mean == nil || s.Low == nil || s.High == nil {
				t.Errorf("the summary has no %s", path)
			} else if *s.Mean == 0 {
				zeros++
			}
		case map[string]any:
			for key, in := range v {
				walk(path+"."+key, in)
			}
		case []any:
			for i, in := range v {
				walk(fmt.Sprint(path, ".", i), in)
			}
		}
	}
	for _, section := range []string{"sources", "services", "edges", "queues"} {
		for name, v := range runs.Runs[0][section].(map[string]any) {
			walk(section+"."+name, v)
		}
	}
	if numbers < 100 || zeros < 20 {
		t.Errorf("only %d numbers, of which %d are 0", numbers, zeros)
	}
}
