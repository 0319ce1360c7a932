package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grids is a process with a sweep of six settings of busy, four runs each.
func grids(dir string) *exec.Cmd {
	cmd := exec.Command("cascade", "sweep", "-", "--vary", "traffic.load.rate=300/s..340/s/20/s", "--vary", "services.stock.threads=4,5", "--runs", "4",
		"--ascii", "--color", "never", "--out", dir)
	cmd.Stdin = strings.NewReader(busy)
	return cmd
}

// TestSweepGoesOnAfterKills kills a sweep again and again, each time a random moment after
// a few more reports are there, until a process comes to its end: what is printed then is
// what an undisturbed one prints, nothing that was kept is lost, and nothing is done twice.
func TestSweepGoesOnAfterKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := outputOf(t, grids(filepath.Join(dir, "undisturbed")))
	store := filepath.Join(dir, "killed")
	luck := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for ended := false; !ended && kills < 100; {
		before := stamps(t, store)
		cmd := grids(store)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		for more := luck.IntN(4); !ended && len(stamps(t, store)) < len(before)+more; {
			select {
			case err := <-over:
				if err != nil {
					t.Fatal(err)
				}
				ended = true
			case <-time.After(time.Millisecond):
			}
		}
		if !ended {
			time.Sleep(time.Duration(luck.IntN(5_000)) * time.Microsecond)
			cmd.Process.Kill()
			ended = <-over == nil // just before
			kills++
		}
		if !sameStamps(before, stamps(t, store)) {
			t.Fatalf("after %d kills a report that was there is gone, or was done again", kills)
		}
	}
	if kills < 4 {
		t.Errorf("only %d kills", kills)
	}
	before := stamps(t, store)
	if got := outputOf(t, grids(store)); got != want {
		t.Errorf("after %d kills the sweep differs %s", kills, firstDifference(got, want))
	}
	if after := stamps(t, store); len(after) != 24 || len(before) != 24 || !sameStamps(before, after) {
		t.Errorf("%d reports after %d kills, then %d, or some done again", len(before), kills, len(after))
	}
}

// outputOf is what a process prints that holds on to the end.
func outputOf(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return string(out)
}

// TestTwoSweepsShareADirectory: both end well, and say the same.
func TestTwoSweepsShareADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shared")
	type ending struct {
		out []byte
		err error
	}
	endings := make(chan ending, 2)
	for range 2 {
		go func() {
			out, err := grids(dir).Output()
			endings <- ending{out, err}
		}()
	}
	a, b := <-endings, <-endings
	if a.err != nil || b.err != nil {
		t.Fatalf("%v, %v", a.err, b.err)
	}
	if string(a.out) != string(b.out) {
		t.Errorf("they differ %s", firstDifference(string(a.out), string(b.out)))
	}
	if n := len(stamps(t, dir)); n != 24 {
		t.Errorf("%d reports", n)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "cells", "*", temporaryFiles)); left != nil {
		t.Errorf("left %q", left)
	}
}

// TestSweepInterrupted: the first setting's runs end at once, the second's never do. What
// has run is shown, and kept.
func TestSweepInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, table := filepath.Join(dir, "store"), filepath.Join(dir, "sweep.json")
	args := []string{"sweep", "-", "--vary", "duration=2s,9000h", "--set", "interval=1h", "--out", store, "--json", table, "--cores", "1"}
	cmd := exec.Command("cascade", args...)
	cmd.Stdin = strings.NewReader(shop)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	last := filepath.Join(store, "cells", "0000", "seed-5.json")
	for watchdog := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(last); err == nil {
			break
		}
		if time.Since(watchdog) > 2*time.Minute {
			t.Fatalf("no %s", last)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if want := "cascade: interrupted: 5 of 10 runs done; the same command goes on from there\n"; said.String() != want {
		t.Errorf("said %q, not %q", said.String(), want)
	}
	s := readSwept(t, read(t, table))
	if s.Complete || s.Cells[0].Runs != 5 || s.Cells[1].Runs != 0 || len(s.Cells[1].Metrics) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestSweepOnAFullDisk: what cannot be kept ends it with exit code 3 and the cause, and
// with room again it goes on.
func TestSweepOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("cascade", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("no file system to fill: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	store := filepath.Join(disk, "sweep")
	cmd := grids(store)
	var said strings.Builder
	cmd.Stderr = &said
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitBroken || !strings.HasSuffix(said.String(), ": no space left on device\n") || strings.Count(said.String(), "\n") != 1 {
		t.Fatalf("exit code %d, said %q", code, said.String())
	}
	before := stamps(t, store)
	if len(before) == 0 || len(before) == 24 {
		t.Fatalf("%d reports had room: too many or too few for the test", len(before))
	}
	if err := syscall.Mount("cascade", disk, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	if got, want := outputOf(t, grids(store)), outputOf(t, grids(filepath.Join(t.TempDir(), "roomy"))); got != want {
		t.Errorf("after a full disk the sweep differs %s", firstDifference(got, want))
	}
	if !sameStamps(before, stamps(t, store)) {
		t.Error("reports that were there are gone, or were done again")
	}
}
