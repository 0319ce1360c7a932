package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeShowsTheRun: the first text block of README.md is what the first command
// in it prints, byte for byte.
func TestReadmeShowsTheRun(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	text := read(t, path)
	const open, end = "\n```text\n", "```\n"
	before, rest, found := strings.Cut(text, open)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README.md has no text block")
	}
	for _, name := range []string{"TERM", "LC_ALL", "LC_CTYPE", "LANG"} {
		t.Setenv(name, "")
	}
	code, out, errs := command(t.Context(), "", "run")
	if code != exitHeld || errs != "" {
		t.Fatalf("exit code %d, said %q", code, errs)
	}
	if shown == out {
		return
	}
	if !*update {
		t.Fatalf("README.md shows another run %s; go test ./cmd/cascade -run Readme -update writes it anew", firstDifference(out, shown))
	}
	if err := os.WriteFile(path, []byte(before+open+out+end+after), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestReadmeBusyIndex: hedging hurts a busy index as much as README.md says.
func TestReadmeBusyIndex(t *testing.T) {
	p99 := func(name string) string {
		_, out, errs := command(t.Context(), "", "run", name, "--set", "services.index.threads=2", "--set", "traffic.searchers.rate=300/s")
		_, row, found := strings.Cut(out, "\n  searchers ")
		row, _, _ = strings.Cut(row, "\n")
		if fields := strings.Fields(row); found && errs == "" {
			return fields[len(fields)-1]
		}
		t.Fatalf("no row of searchers in %q, said %q", out, errs)
		return ""
	}
	want := "p99 is " + p99("long-tail") + " without hedges, and " + p99("long-tail-hedge") + " with them"
	if text := strings.Join(strings.Fields(read(t, filepath.Join("..", "..", "README.md"))), " "); !strings.Contains(text, want) {
		t.Errorf("README.md does not say %q", want)
	}
}
