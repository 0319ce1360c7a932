package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim/experiment"
)

// A trying is an experiment with the shop: a grid of two settings, three seeds each.
func trying(t *testing.T) (crew, *experiment.Spec) {
	t.Helper()
	sets := []scenarios.Override{{Path: "duration", Value: "2s"}}
	spec := newSpec(experiment.Sweep, "shop.yaml", readShop(t, sets...), sets, 3)
	spec.Axes = []experiment.Axis{{Path: "services.stock.threads", Values: []string{"1", "4"}}}
	sh, _ := testShell()
	return crew{sh: sh, quiet: true, cell: func(i int) (*scenarios.Scenario, error) {
		all := slices.Clone(sets)
		for _, s := range spec.Cell(i) {
			all = append(all, scenarios.Override(s))
		}
		return readShop(t, all...), nil
	}}, spec
}

func conducted(t *testing.T, e effort, c crew, spec *experiment.Spec) (records []experiment.Record, judged bool) {
	t.Helper()
	records, judged, code, err := e.conduct(t.Context(), c, spec, nil)
	if err != nil || code != exitHeld {
		t.Fatalf("exit code %d: %v", code, err)
	}
	return records, judged
}

func sameRecords(t *testing.T, got, want []experiment.Record) {
	t.Helper()
	same := func(a, b experiment.Record) bool { return a.Trial == b.Trial && bytes.Equal(a.Report, b.Report) }
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("there are %d records and they are not the %d of one machine", len(got), len(want))
	}
}

// Whatever the number of shards, in one directory or each in its own, there and then
// again: the records are those of one machine, and no run is done twice.
func TestShardsMakeTheSameRecords(t *testing.T) {
	c, spec := trying(t)
	whole, judged := conducted(t, effort{}, c, spec)
	if !judged || len(whole) != 6 {
		t.Fatalf("%d records, judged %v", len(whole), judged)
	}
	for _, n := range []int{1, 2, 3, 7} {
		for _, shared := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d shards, one directory %v", n, shared), func(t *testing.T) {
				dir := t.TempDir()
				var dirs []string
				runs := 0
				for i := range n {
					out := filepath.Join(dir, "all")
					if !shared {
						out = filepath.Join(dir, fmt.Sprint(i))
					}
					if !slices.Contains(dirs, out) {
						dirs = append(dirs, out)
					}
					for range 2 { // the second time nothing is left to do
						before := written(t, dir)
						records, judged := conducted(t, effort{out: out, shard: experiment.Shard{Index: i + 1, Of: n}}, c, spec)
						if judged {
							t.Error("a shard has judged")
						}
						if shared && i == n-1 {
							sameRecords(t, records, whole)
						}
						runs += written(t, dir) - before
					}
				}
				if runs != len(whole) {
					t.Errorf("%d runs were done for %d trials", runs, len(whole))
				}
				var stores []*store
				for _, out := range dirs {
					st, err := readStore(out)
					if err != nil {
						t.Fatal(err)
					}
					stores = append(stores, st)
				}
				var joined []experiment.Record
				if err := union(stores, func(r experiment.Record) error { joined = append(joined, r); return nil }); err != nil {
					t.Fatal(err)
				}
				sameRecords(t, joined, whole)
			})
		}
	}
}

// written counts the reports below a directory.
func written(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), "seed-") {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is there is gone on from: an interrupted experiment, a report cut short.
func TestConductGoesOn(t *testing.T) {
	c, spec := trying(t)
	whole, _ := conducted(t, effort{}, c, spec)
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	interrupted := c
	interrupted.cores = 1
	done := 0
	interrupted.cell = func(i int) (*scenarios.Scenario, error) {
		if done++; done == 2 { // at the second setting
			stop()
		}
		return c.cell(i)
	}
	e := effort{out: dir}
	if _, judged, code, err := e.conduct(ctx, interrupted, spec, nil); err != nil || code != exitInterrupted || !judged {
		t.Fatalf("exit code %d, judged %v: %v", code, judged, err)
	}
	n := written(t, dir)
	if n == 0 || n == len(whole) {
		t.Fatalf("%d of %d runs were done", n, len(whole))
	}
	cut := filepath.Join(dir, place(whole[0].Trial))
	if err := os.WriteFile(cut, whole[0].Report[:len(whole[0].Report)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	c.sh.err = &said
	records, _ := conducted(t, e, c, spec)
	sameRecords(t, records, whole)
	if want := "cascade: " + cut + ": not a report: unexpected end of JSON input; its run is done again\n"; said.String() != want {
		t.Errorf("said %q, not %q", said.String(), want)
	}
}
