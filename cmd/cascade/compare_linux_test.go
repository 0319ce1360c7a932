package main

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Interrupted, what had run on both sides is compared, and said to be a part.
func TestCompareInterrupted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "compare.json")
	master, slave := openTerminal(t)
	cmd := exec.Command("cascade", "compare", "long-tail", "long-tail-hedge", "--runs", "10000", "--json", path, "--fail-on", "worse")
	cmd.Stderr = slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	slave.Close()
	screen := bufio.NewReader(master)
	for { // until some pairs have run
		line, err := screen.ReadString('K')
		if err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		if strings.Contains(line, " of 20000 runs") && !strings.Contains(line, " 1 of ") {
			break
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if line := said(screen); !strings.HasPrefix(line, "cascade: interrupted after ") || !strings.Contains(line, " of 20000 runs") {
		t.Errorf("said %q", line)
	}
	if code := exitCode(t, cmd); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	text := read(t, path)
	if err := fitsSchema([]byte(text)); err != nil {
		t.Error(err)
	}
	var c struct {
		Complete, Paired bool
		A, B             struct{ Runs int }
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if c.Complete || !c.Paired || c.A.Runs < 1 || c.A.Runs != c.B.Runs || c.A.Runs >= 10000 {
		t.Errorf("%+v", c)
	}
}
