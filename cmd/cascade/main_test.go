package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim/report"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden reports anew, and the transcripts")

// Under the race detector every process waits a second before it ends, unless told
// not to: a transcript has dozens.
const noRaceWait = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", noRaceWait)
	testscript.Main(unannotated{m}, map[string]func(){"cascade": main})
}

// Where the tests run in GitHub Actions, what they run in this process is not to annotate.
type unannotated struct{ *testing.M }

func (m unannotated) Run() int {
	os.Unsetenv("GITHUB_ACTIONS")
	return m.M.Run()
}

// TestTranscripts runs the command as a person does, in testdata/script. Beside
// testscript's own commands there are
//
//	exits CODE COMMAND…   runs a command that is to end with this exit code
//	fits FILE             holds a JSON report (or stdout) against the schema
//	holds DIR FILE…       a directory has these files and no other
//	[raced]               the race detector watches: what is only more of the same is left out
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Condition: func(name string) (bool, error) {
			if name != "raced" {
				return false, fmt.Errorf("no condition is called %q", name)
			}
			return raced, nil
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", noRaceWait)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"fits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: fits FILE")
				}
				ts.Check(fitsSchema([]byte(ts.ReadFile(args[0]))))
			},
			"holds": holds,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var e *exec.ExitError
		if !errors.As(err, &e) {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func holds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: holds DIR FILE…")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s has %q, want %q", args[0], got, want)
	}
}

// fitsSchema holds a report against the schema that the command prints.
func fitsSchema(text []byte) error {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", schema); err != nil {
		return err
	}
	compiled, err := c.Compile("report.schema.json")
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

// command runs a command line in this process.
func command(ctx context.Context, in string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = execute(ctx, args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

// TestGoldenReports runs every built-in scenario and compares its report, byte for
// byte, with the one in testdata/golden: what changes there was meant to change.
func TestGoldenReports(t *testing.T) {
	dir := filepath.Join("testdata", "golden")
	var names []string
	for _, b := range scenarios.Names() {
		names = append(names, b.Name+".json")
		t.Run(b.Name, func(t *testing.T) {
			code, out, errs := command(t.Context(), "", "run", b.Name, "--json", "-")
			if errs != "" && code != exitUndecided { // then it says how to decide
				t.Errorf("standard error: %s", errs)
			}
			if err := fitsSchema([]byte(out)); err != nil {
				t.Errorf("the report does not fit its schema: %v", err)
			}
			path := filepath.Join(dir, b.Name+".json")
			if *update {
				if err := os.WriteFile(path, []byte(out), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; go test ./cmd/cascade -update writes it", err)
			}
			if out != string(want) {
				t.Errorf("the report differs from %s %s; go test ./cmd/cascade -update writes it anew", path, firstDifference(out, string(want)))
			}
			var golden struct {
				Verdict  string
				Complete bool
			}
			if err := json.Unmarshal(want, &golden); err != nil {
				t.Fatal(err)
			}
			wantCode := map[string]int{"pass": exitHeld, "fail": exitFailed, "undecided": exitUndecided}[golden.Verdict]
			if code != wantCode || !golden.Complete {
				t.Errorf("exit code %d and verdict %q, complete %v", code, golden.Verdict, golden.Complete)
			}
		})
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("%s is the report of no built-in scenario", filepath.Join(dir, f.Name()))
		}
	}
}

func firstDifference(got, want string) string {
	n := min(len(got), len(want))
	for i := range n {
		if got[i] != want[i] {
			from := max(0, i-40)
			return "at byte " + strconv.Itoa(i) + ": " + strconv.Quote(got[from:min(i+40, len(got))]) + ", not " + strconv.Quote(want[from:min(i+40, len(want))])
		}
	}
	return "at byte " + strconv.Itoa(n) + ", where one of them ends"
}

func TestWorseCodeWins(t *testing.T) {
	for _, row := range []struct{ a, b, want int }{
		{exitHeld, exitHeld, exitHeld},
		{exitHeld, exitUndecided, exitUndecided},
		{exitUndecided, exitFailed, exitFailed},
		{exitFailed, exitUsage, exitUsage},
		{exitUsage, exitBroken, exitBroken},
		{exitBroken, exitFailed, exitBroken},
		{exitBroken, exitInterrupted, exitInterrupted},
	} {
		if got := worse(row.a, row.b); got != row.want {
			t.Errorf("worse(%d, %d) = %d, want %d", row.a, row.b, got, row.want)
		}
		if got := worse(row.b, row.a); got != row.want {
			t.Errorf("worse(%d, %d) = %d, want %d", row.b, row.a, got, row.want)
		}
	}
}

func TestVerdictCodes(t *testing.T) {
	for verdict, want := range map[report.Verdict]int{report.Pass: 0, report.Fail: 1, report.Undecided: 4} {
		if got := verdictCode(verdict); got != want {
			t.Errorf("verdict %v: exit code %d, want %d", verdict, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "run", 3}, {"run", "run", 0}, {"rn", "run", 1}, {"runn", "run", 1}, {"urn", "run", 1}, {"rum", "run", 1},
		{"lsit", "list", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := edits(row.a, row.b); got != row.want {
			t.Errorf("edits(%q, %q) = %d, want %d", row.a, row.b, got, row.want)
		}
		if got := edits(row.b, row.a); got != row.want {
			t.Errorf("edits(%q, %q) = %d, want %d", row.b, row.a, got, row.want)
		}
	}
}
