package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/export"
)

// TestInterruptedRunsAreErrors: what was stopped and what did not begin is in the exports,
// and looks like nothing that held.
func TestInterruptedRunsAreErrors(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{do: cancel} // the first summary is out
	var errs bytes.Buffer
	dir := t.TempDir()
	junit, comment := filepath.Join(dir, "junit.xml"), filepath.Join(dir, "comment.md")
	code := execute(ctx, []string{"run", "slow-dependency", "slow-dependency", "fan-out", "--junit", junit, "--markdown", comment}, nil, out, &errs)
	if code != exitInterrupted {
		t.Fatalf("exit code %d, said %q", code, errs.String())
	}
	text := read(t, junit)
	for _, want := range []string{
		`<testsuite name="slow-dependency" package="cascade" id="0" tests="4" failures="0" errors="0" `,
		`<testsuite name="slow-dependency (2)" package="cascade" id="1" tests="5" failures="0" errors="5" `,
		`<testsuite name="fan-out" package="cascade" id="2" tests="1" failures="0" errors="1" `,
		`<error type="incomplete" message="interrupted at 0s of 120s">`, `<error type="incomplete" message="interrupted before it began">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if text := read(t, comment); !strings.HasPrefix(text, "## 3 scenarios: 2 undecided, 1 pass\n") {
		t.Errorf("the comment begins %.60q", text)
	}
	if want := "::error title=fan-out%3A not a whole run::interrupted before it began\n"; !strings.HasSuffix(errs.String(), want) {
		t.Errorf("said %q, and not %q in the end", errs.String(), want)
	}
	// A form of one scenario is not written of one that has no report.
	var nothing bytes.Buffer
	all := newOutputs()
	for _, o := range all {
		if !o.several {
			o.path, o.to = "x", destination{stream: toStderr}
		}
	}
	if code := outputs(all).write(&shell{err: &nothing}, []outcome{{name: "gone", broke: "a bug"}}); code != exitHeld || nothing.Len() > 0 {
		t.Errorf("exit code %d, wrote %q", code, nothing.String())
	}
}

// TestAnnotationsAreForGitHub: they are told where it says that it runs us, and nowhere else.
func TestAnnotationsAreForGitHub(t *testing.T) {
	for value, told := range map[string]bool{"": false, "false": false, "true": true, "1": true} {
		t.Setenv("GITHUB_ACTIONS", value)
		var said bytes.Buffer
		annotate(&said, []outcome{{name: "gone", broke: "a bug", scenario: &scenarios.Scenario{Plan: &sim.Plan{Name: "gone"}}}})
		if got := strings.HasPrefix(said.String(), "::error "); got != told {
			t.Errorf("GITHUB_ACTIONS=%s: said %q", value, said.String())
		}
	}
}

// TestAFolderIsWrittenWholeOrNotAtAll: where one table cannot be written, none is, what was
// there stays, and a folder that was made is gone again.
func TestAFolderIsWrittenWholeOrNotAtAll(t *testing.T) {
	s := readShop(t)
	o := outcome{name: "shop", scenario: s}
	if code := runOnce(t.Context(), &shell{err: &bytes.Buffer{}}, &o, nil); code != exitHeld {
		t.Fatalf("exit code %d", code)
	}
	tables := export.Tables()
	dir := filepath.Join(t.TempDir(), "out")
	f, err := aimFolder("csv", dir, tables)
	if err != nil || f.files != nil {
		t.Fatalf("a folder to be made: %v, %v", f.files, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it was made before anything ran")
	}
	if err := f.write(tables, &o); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	if want := "edges.csv groups.csv partitions.csv queues.csv services.csv sources.csv"; before != want {
		t.Errorf("it holds %s, not %s", before, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "sources.csv"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err = aimFolder("csv", dir, tables); err != nil {
		t.Fatal(err)
	}
	f.files[3].path = filepath.Join(dir, "gone", "queues.csv")
	var told *exit
	if err := f.write(tables, &o); !errors.As(err, &told) || told.code != exitBroken {
		t.Errorf("what cannot be written: %v", err)
	}
	if names(t, dir) != before || read(t, filepath.Join(dir, "sources.csv")) != "mine" {
		t.Errorf("it holds %s, and %.20q in sources.csv", names(t, dir), read(t, filepath.Join(dir, "sources.csv")))
	}
	// A table that fails of itself, into a folder that is not there yet.
	other := folder{name: "other", path: filepath.Join(t.TempDir(), "other")}
	tables[2].File = filepath.Join("gone", "edges.csv")
	if err := other.write(tables, &o); err == nil {
		t.Error("what cannot be written is written")
	}
	if _, err := os.Stat(other.path); err == nil {
		t.Errorf("a folder is left with %s", names(t, other.path))
	}
}

func TestTracesOfBugsAreNotExported(t *testing.T) {
	s := readShop(t)
	list := results([]outcome{{name: "shop", scenario: s, broke: "a bug\ngoroutine 1\n"}})
	if list[0].Broke != "a bug" {
		t.Errorf("%q", list[0].Broke)
	}
}
