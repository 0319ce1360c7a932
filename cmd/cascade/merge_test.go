package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A split is an experiment that is done in shards. Files are its outputs: a flag, and the
// name of a file.
type split struct {
	args  []string
	files []string
	runs  int
	code  int
}

func splits() map[string]split {
	return map[string]split{
		"run": {[]string{"run", "near-the-knee", "--runs", "9", "--seed", "3", "--set", "duration=20s"}, []string{"--json", "runs.json", "--junit", "runs.xml", "--markdown", "runs.md", "--html", "runs.html"}, 9, exitUndecided},
		"sweep": {[]string{"sweep", "near-the-knee", "--vary", "services.payment.threads=4,6", "--vary", "services.checkout.threads=16,8", "--runs", "2",
			"--duration", "20s", "--seed", "5", "--show", "shoppers.p99", "--show", "services.*.saturation"}, []string{"--json", "sweep.json", "--csv", "sweep.csv", "--html", "sweep.html"}, 8, exitHeld},
	}
}

// written is what a command says, and what is in its files.
func (s split) written(t *testing.T, args []string, want int) (all []string) {
	t.Helper()
	dir := t.TempDir()
	for i, word := range s.files {
		if i%2 == 1 {
			word = filepath.Join(dir, word)
		}
		args = append(slices.Clone(args), word)
	}
	code, out, errs := command(t.Context(), "", args...)
	if code != want || errs != "" {
		t.Fatalf("%q: exit code %d, said %q", args, code, errs)
	}
	all = append(all, out)
	for i := 1; i < len(s.files); i += 2 {
		all = append(all, read(t, filepath.Join(dir, s.files[i])))
	}
	return all
}

// TestMergeSaysWhatOneMachineSays: byte for byte, in all its outputs, however many shards
// there were, and wherever they kept what they did.
func TestMergeSaysWhatOneMachineSays(t *testing.T) {
	for name, s := range splits() {
		t.Run(name, func(t *testing.T) {
			want := s.written(t, s.args, s.code)
			for _, row := range []struct {
				n      int
				shared bool
			}{{1, true}, {2, false}, {3, true}, {3, false}, {7, false}, {s.runs + 2, true}} {
				n, shared := row.n, row.shared
				dir := t.TempDir()
				var dirs []string
				for i := n; i > 0; i-- { // no order is the right one
					out := filepath.Join(dir, "all")
					if !shared {
						out = filepath.Join(dir, fmt.Sprint(i))
					}
					if !slices.Contains(dirs, out) {
						dirs = append(dirs, out)
					}
					code, said, errs := command(t.Context(), "", append(slices.Clone(s.args), "--shard", fmt.Sprintf("%d/%d", i, n), "--out", out)...)
					if code != exitHeld || errs != "" || !strings.HasPrefix(said, fmt.Sprintf("shard %d/%d: ", i, n)) {
						t.Fatalf("exit code %d, said %q and %q", code, said, errs)
					}
				}
				got := s.written(t, append([]string{"merge"}, dirs...), s.code)
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%d shards, one directory %v: another than of one machine %s", n, shared, firstDifference(got[i], want[i]))
					}
				}
			}
		})
	}
}

// TestMergeOfASearch: it goes by stages, each in shards that are started once the stage
// before is done, until merge is content.
func TestMergeOfASearch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, []byte(shop), 0o666); err != nil {
		t.Fatal(err)
	}
	s := split{args: []string{"tip", file, "--vary", "traffic.load.rate=200/s..600/s", "--until", "load.p99 < 100ms", "--duration", "1s",
		"--safe", "0.4", "--confidence", "0.8", "--resolution", "100/s", "--seed", "4"}, files: []string{"--json", "tip.json", "--csv", "tip.csv"}}
	s.code, _, _ = command(t.Context(), "", append(slices.Clone(s.args), "--quiet")...)
	want := s.written(t, s.args, s.code)
	for _, n := range []int{1, 3} {
		if raced && n == 1 {
			continue
		}
		all := filepath.Join(t.TempDir(), "all")
		stages := 0
		for {
			if stages++; stages > 50 {
				t.Fatal("there is no end to its stages")
			}
			for i := range n {
				if code, _, errs := command(t.Context(), "", append(slices.Clone(s.args), "--shard", fmt.Sprintf("%d/%d", i+1, n), "--out", all)...); code != exitHeld && code != s.code || errs != "" {
					t.Fatalf("exit code %d, said %q", code, errs)
				}
			}
			code, _, errs := command(t.Context(), "", "merge", all, "--quiet")
			if code == s.code && errs == "" {
				break
			}
			if code != exitUsage || !strings.Contains(errs, "and what is next depends on them") {
				t.Fatalf("exit code %d, said %q", code, errs)
			}
		}
		if n > 1 && stages < 2 {
			t.Errorf("%d shards have found it in %d stages", n, stages)
		}
		if got := s.written(t, []string{"merge", all}, s.code); !slices.Equal(got, want) {
			t.Errorf("%d shards: another than of one machine %s", n, firstDifference(got[0], want[0]))
		}
	}
	// What merge says does the rest is the same search.
	part := filepath.Join(t.TempDir(), "part")
	if code, _, errs := command(t.Context(), "", append(slices.Clone(s.args), "--shard", "1/3", "--out", part)...); code != exitHeld {
		t.Fatal(errs)
	}
	_, _, errs := command(t.Context(), "", "merge", part)
	_, after, _ := strings.Cut(errs, "have them done here: ")
	rest, _, found := strings.Cut(after, "; --partial")
	if !found {
		t.Fatalf("said %q", errs)
	}
	cmd := exec.Command("bash", "-c", rest)
	if out, err := cmd.Output(); cmd.ProcessState.ExitCode() != s.code || string(out) != want[0] {
		t.Errorf("%s: %v, said %s", rest, err, out)
	}
}

// TestMergeOfWhatWasDecided: it ends at the look that decided, though more may be there.
func TestMergeOfWhatWasDecided(t *testing.T) {
	s := split{args: []string{"run", "near-the-knee", "--until-decided", "--runs", "4", "--max-runs", "40", "--set", "duration=20s", "--set", "expect.0=shoppers.success >= 99% in 50% of runs"}, files: []string{"--json", "runs.json"}}
	s.code, _, _ = command(t.Context(), "", append(slices.Clone(s.args), "--quiet")...)
	want := s.written(t, s.args, s.code)
	dir := filepath.Join(t.TempDir(), "all")
	if code, _, errs := command(t.Context(), "", append(slices.Clone(s.args), "--out", dir)...); code != s.code {
		t.Fatal(errs)
	}
	if n := strings.Count(want[1], "cascade.report/v1"); written(t, dir) != n || n == 40 {
		t.Fatalf("%d runs are kept of %d", written(t, dir), n)
	}
	if got := s.written(t, []string{"merge", dir}, s.code); !slices.Equal(got, want) {
		t.Errorf("another than of the command %s", firstDifference(got[0], want[0]))
	}
}

// TestMergeWithoutTheFile: the machine that merges need not have the scenario. What is
// kept of it is held against its digest.
func TestMergeWithoutTheFile(t *testing.T) {
	t.Setenv("GITHUB_WORKSPACE", "")
	dir := t.TempDir()
	file, out := filepath.Join(dir, "shop.yaml"), filepath.Join(dir, "out")
	if err := os.WriteFile(file, []byte(strings.Replace(shop, "success > 99%", "p99 < 20ms", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	s := split{args: []string{"run", file, "--runs", "3", "--set", "services.stock.threads=1", "--set", "traffic.load.rate=200/s"},
		files: []string{"--junit", "runs.xml", "--html", "runs.html"}, code: exitFailed}
	want := s.written(t, s.args, s.code)
	if code, _, errs := command(t.Context(), "", append(slices.Clone(s.args), "--shard", "1/1", "--out", out)...); code != exitHeld {
		t.Fatal(errs)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := s.written(t, []string{"merge", out}, s.code); !slices.Equal(got, want) {
		t.Error("the merge is another than of one machine that had the file")
	}
	into := filepath.Join(dir, "into")
	t.Setenv("GITHUB_ACTIONS", "true")
	if _, _, errs := command(t.Context(), "", "merge", out, "--quiet"); !strings.Contains(errs, "::error file="+file+",line=16,") {
		t.Errorf("GitHub is told %q", errs)
	}
	t.Setenv("GITHUB_ACTIONS", "")
	if got := s.written(t, []string{"merge", out, "--into", into}, s.code); !slices.Equal(got, want) {
		t.Error("what was put into one directory is another than of one machine")
	}
	kept := filepath.Join(into, originFile)
	text := read(t, kept)
	for _, row := range []struct{ text, want string }{
		{strings.Replace(text, "bmFtZTogc2hv", "bmFtZTogc2hw", 1), kept + ": the scenario is another than that of the runs"},
		{text[:20], kept + ": not what a scenario was read from: unexpected end of JSON input"},
		{"{}", kept + ": there is no text of a scenario"},
		{"", "there is no " + kept + ", which every shard writes; start one again"},
	} {
		if row.text == text {
			t.Fatal("the text was not changed")
		}
		err := os.Remove(kept)
		if row.text != "" {
			err = os.WriteFile(kept, []byte(row.text), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		if code, out, errs := command(t.Context(), "", "merge", into); code != exitUsage || out != "" || errs != "cascade: "+row.want+"\n" {
			t.Errorf("exit code %d, said %q and %q, not %q", code, out, errs, row.want)
		}
	}
}

// TestMergeOfAPart: what is missing is said, and how to have it done.
func TestMergeOfAPart(t *testing.T) {
	s := splits()["sweep"]
	dir := t.TempDir()
	var dirs []string
	for i := range 3 {
		dirs = append(dirs, filepath.Join(dir, fmt.Sprint(i+1)))
	}
	for i, out := range dirs[:2] {
		if code, _, errs := command(t.Context(), "", append(slices.Clone(s.args), "--shard", fmt.Sprintf("%d/3", i+1), "--out", out)...); code != exitHeld {
			t.Fatal(errs)
		}
	}
	missing := func(n, of string) string {
		return "cascade: " + n + " of 8 runs are missing (services.payment.threads=4 services.checkout.threads=" + of
	}
	code, out, errs := command(t.Context(), "", append([]string{"merge"}, dirs[:2]...)...)
	if want := missing("2", "8 seed 5, services.payment.threads=6 services.checkout.threads=16 seed 6): start their shards again, which go on from what they have; --partial makes do with what there is\n"); code != exitUsage || out != "" || errs != want {
		t.Errorf("exit code %d, said %q and %q", code, out, errs)
	}
	code, out, errs = command(t.Context(), "", "merge", dirs[0], dirs[1], "--partial", "--json", "-")
	if code != exitHeld || !strings.HasPrefix(errs, missing("2", "8 seed 5, ")) || !strings.Contains(out, `"complete": false`) {
		t.Errorf("exit code %d, said %q and %q", code, out, errs)
	}
	// In one directory the same command goes on, as it says itself.
	all := filepath.Join(dir, "all")
	if code, _, errs = command(t.Context(), "", "merge", dirs[0], "--into", all); code != exitUsage {
		t.Fatal(errs)
	}
	code, _, errs = command(t.Context(), "", "merge", dirs[1], "--into", all)
	_, after, _ := strings.Cut(errs, "have them done here: cascade ")
	rest, _, found := strings.Cut(after, "; --partial")
	if code != exitUsage || !found {
		t.Fatalf("exit code %d, said %q", code, errs)
	}
	args := strings.Fields(rest)
	if args[len(args)-1] != all {
		t.Fatalf("%q is about %s", rest, args[len(args)-1])
	}
	before := written(t, all)
	if before != 6 {
		t.Fatalf("%d runs are in %s", before, all)
	}
	if code, _, errs := command(t.Context(), "", args...); code != exitHeld || written(t, all) != 8 {
		t.Fatalf("exit code %d, said %q; there are %d runs", code, errs, written(t, all))
	}
	want, got := s.written(t, s.args, exitHeld), s.written(t, []string{"merge", all}, exitHeld)
	if !slices.Equal(got, want) {
		t.Errorf("what was gone on with is another than of one machine %s", firstDifference(got[0], want[0]))
	}
}

// TestMergeRefuses: what is no experiment, or another, or damaged.
func TestMergeRefuses(t *testing.T) {
	s := splits()["sweep"]
	dir := t.TempDir()
	one, other := filepath.Join(dir, "one"), filepath.Join(dir, "other")
	for _, out := range []string{one, other} {
		args := append(slices.Clone(s.args), "--out", out, "--quiet")
		if out == other {
			args = append(args, "--set", "services.payment.threads=9")
			args = slices.Replace(args, 2, 4) // which is then not varied
		}
		if code, _, errs := command(t.Context(), "", args...); code != exitHeld {
			t.Fatal(errs)
		}
	}
	empty := t.TempDir()
	for _, row := range []struct {
		args []string
		want string
	}{
		{nil, `name the directories that the shards have kept their runs in; see "cascade merge --help"`},
		{[]string{filepath.Join(dir, "none")}, "there is no directory " + filepath.Join(dir, "none")},
		{[]string{empty}, empty + " holds no experiment: there is no experiment.json in it"},
		{[]string{one, other}, other + " is not of the experiment that " + one + " is of: its settings are others"},
		{[]string{one, "--into", other}, other + " holds the results of another experiment: its settings are others; name another directory"},
		{[]string{one, "--into", ""}, "--into: the path of the directory is empty"},
		{[]string{one, "--json", ""}, "--json: the path of the file to write is empty"},
		{[]string{one, "--json", "-", "--csv", "-"}, "--json and --csv both go to standard output; name a file for one of them"},
	} {
		code, out, errs := command(t.Context(), "", append([]string{"merge"}, row.args...)...)
		if code != exitUsage || out != "" || errs != "cascade: "+row.want+"\n" {
			t.Errorf("merge %q: exit code %d, said %q and %q, not %q", row.args, code, out, errs, row.want)
		}
	}
	cut := filepath.Join(one, "cells", "0001", "seed-6.json")
	if err := os.Truncate(cut, 100); err != nil {
		t.Fatal(err)
	}
	code, _, errs := command(t.Context(), "", "merge", one)
	if want := "cascade: " + cut + ": not a report: unexpected end of JSON input; start its shard again, which does that run again\n"; code != exitUsage || errs != want {
		t.Errorf("exit code %d, said %q, not %q", code, errs, want)
	}
}
