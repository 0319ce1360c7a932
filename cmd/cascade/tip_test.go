package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shopText is a service of 100 requests a second.
const shopText = `name: shop
duration: 2s
topology:
  services:
    shop:
      threads: 1
      queue: unbounded
      steps: [{work: exponential(10ms)}]
traffic:
  users:
    to: shop
    rate: 40/s
    timeout: 100ms
    retry: {attempts: 2}
`

// tipOf is the command line of a small search, with more arguments.
func tipOf(t *testing.T, more ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(path, []byte(shopText), 0o666); err != nil {
		t.Fatal(err)
	}
	return append([]string{"tip", path, "--vary", "traffic.users.rate=5/s..205/s", "--resolution", "5/s",
		"--until", "users.success >= 90%", "--safe", "40%", "--runs", "500"}, more...)
}

// The stages of a search may be split over machines that share a directory, and cut short
// wherever it may be: in the end it is the same search.
func TestTipInShards(t *testing.T) {
	t.Parallel()
	code, want, errs := command(context.Background(), "", tipOf(t, "--json", "-")...)
	if code != exitHeld {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	dir := filepath.Join(t.TempDir(), "kept")
	const shards = 3
	for round := 0; ; round++ {
		if round > 30 {
			t.Fatal("the search does not come to an end")
		}
		over := false
		for i := range shards {
			code, out, errs := command(context.Background(), "", tipOf(t, "--out", dir, "--shard", fmt.Sprintf("%d/%d", i+1, shards))...)
			if code != exitHeld {
				t.Fatalf("shard %d: exit code %d: %s%s", i+1, code, out, errs)
			}
			over = strings.HasPrefix(out, "the search is over\n")
		}
		if over {
			break
		}
		if code, _, errs := command(context.Background(), "", "merge", dir, "--quiet"); code != exitUsage || !strings.Contains(errs, " are missing") {
			t.Fatalf("in the middle of the search merge ends with %d: %s", code, errs)
		}
		if code, out, errs := command(context.Background(), "", "merge", dir, "--partial"); code != exitUndecided || !strings.HasPrefix(out, "the search is not over") {
			t.Fatalf("in the middle of the search merge --partial ends with %d: %s%s", code, out, errs)
		}
	}
	before := reports(t, dir)
	code, got, errs := command(context.Background(), "", tipOf(t, "--out", dir, "--json", "-")...)
	if code != exitHeld || got != want {
		t.Errorf("exit code %d: %s; in shards the search differs %s", code, errs, firstDifference(got, want))
	}
	if reports(t, dir) != before {
		t.Errorf("%d runs were kept, and now there are %d", before, reports(t, dir))
	}
	if code, got, errs := command(context.Background(), "", "merge", dir, "--json", "-"); code != exitHeld || got != want {
		t.Errorf("exit code %d: %s; merged the search differs %s", code, errs, firstDifference(got, want))
	}
	var j struct{ Runs int }
	if err := json.Unmarshal([]byte(want), &j); err != nil || j.Runs != before {
		t.Errorf("%d runs, and %d are kept (%v)", j.Runs, before, err)
	}
}

// An interrupted search says how far it has come, and goes on from there.
func TestTipIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	ended, end := context.WithCancel(context.Background())
	end()
	code, _, _ := command(ended, "", tipOf(t, "--out", dir, "--json", "-")...)
	if code != exitInterrupted {
		t.Fatalf("exit code %d", code)
	}
	code, want, errs := command(context.Background(), "", tipOf(t, "--json", "-")...)
	if code != exitHeld {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for cells, rounds := 2, 0; ; cells, rounds = cells+9, rounds+1 {
		ctx, stop := context.WithCancel(context.Background())
		go func() {
			for reports(t, dir) < 8*cells && ctx.Err() == nil { // wherever that is
				time.Sleep(time.Millisecond)
			}
			stop()
		}()
		code, got, errs := command(ctx, "", tipOf(t, "--out", dir, "--json", "-")...)
		stop()
		if code == exitInterrupted {
			var j struct {
				Complete bool
				Verdict  string
			}
			if err := json.Unmarshal([]byte(got), &j); err != nil || j.Complete || j.Verdict != "unfinished" {
				t.Fatalf("interrupted it says %+v, %v", j, err)
			}
			continue
		}
		if code != exitHeld || got != want {
			t.Errorf("exit code %d: %s; gone on from an interruption the search differs %s", code, errs, firstDifference(got, want))
		}
		if rounds < 3 {
			t.Errorf("it was interrupted only %d times", rounds)
		}
		return
	}
}

// reports is how many runs are kept in a directory.
func reports(t *testing.T, dir string) int {
	files, err := filepath.Glob(filepath.Join(dir, "cells", "*", "seed-*.json"))
	if err != nil {
		t.Error(err)
	}
	return len(files)
}

// The manual shows what a transcript holds.
func TestTipInTheManual(t *testing.T) {
	script, printed, found := strings.Cut(read(t, filepath.Join("testdata", "script", "tip.txtar")), "-- tip.txt --\n")
	_, scenario, alike := strings.Cut(script, "-- push.yaml --\n")
	manual := read(t, filepath.Join("..", "..", "sim", "experiment", "EXPERIMENTS.md"))
	if !found || !strings.Contains(manual, "```text\n"+printed+"```\n") {
		t.Error("EXPERIMENTS.md does not show what testdata/script/tip.txtar has as tip.txt")
	}
	if !alike || !strings.Contains(manual, "```yaml\n"+scenario+"```\n") {
		t.Error("EXPERIMENTS.md does not show what testdata/script/tip.txtar has as push.yaml")
	}
}
