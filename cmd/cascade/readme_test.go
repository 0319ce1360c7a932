package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeShowsRuns: the first text block of README.md is what the first command in it
// prints, byte for byte, and those below a comment with a command what that prints.
func TestReadmeShowsRuns(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	const open, end = "\n```text\n", "```\n"
	for _, name := range []string{"TERM", "LC_ALL", "LC_CTYPE", "LANG"} {
		t.Setenv(name, "")
	}
	for _, row := range []struct {
		below string
		code  int
		args  []string
	}{
		{"go run ./cmd/cascade run ", exitHeld, []string{"run"}},
		{"<!-- cascade run near-the-knee --runs 40 -->", exitFailed, []string{"run", "near-the-knee", "--runs", "40"}},
	} {
		before, rest, found := strings.Cut(read(t, path), row.below)
		between, rest, opened := strings.Cut(rest, open)
		shown, after, closed := strings.Cut(rest, end)
		if !found || !opened || !closed {
			t.Fatalf("README.md has no text block below %q", row.below)
		}
		code, out, errs := command(t.Context(), "", row.args...)
		if code != row.code || errs != "" {
			t.Fatalf("exit code %d, said %q", code, errs)
		}
		if shown == out {
			continue
		}
		if !*update {
			t.Errorf("README.md shows another run %s; go test ./cmd/cascade -run Readme -update writes it anew", firstDifference(out, shown))
		} else if err := os.WriteFile(path, []byte(before+row.below+between+open+out+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmeCommands: the flags of every command in README.md are flags of it, and what it
// sets or varies is there in the scenario that it names.
func TestReadmeCommands(t *testing.T) {
	page := read(t, filepath.Join("..", "..", "README.md"))
	_, shop, found := strings.Cut(page, "Save this as `my-shop.yaml`:\n\n```yaml\n")
	if !found {
		t.Fatal("README.md has no my-shop.yaml")
	}
	shop, _, _ = strings.Cut(shop, "```\n")
	path := filepath.Join(t.TempDir(), "my-shop.yaml")
	if err := os.WriteFile(path, []byte(shop), 0o666); err != nil {
		t.Fatal(err)
	}
	commands, values := 0, 0
	for _, line := range regexp.MustCompile(`(?m)^cascade .*`).FindAllString(page, -1) {
		line, _, _ = strings.Cut(line, " #")
		line, _, _ = strings.Cut(line, " | ")
		var words []string
		for _, w := range regexp.MustCompile(`'[^']*'|[^' ]+`).FindAllString(line, -1) {
			words = append(words, strings.Trim(w, "'"))
		}
		if len(words) < 2 || !slices.Contains([]string{"run", "compare", "sweep", "tip", "show", "tui"}, words[1]) {
			continue // a sentence
		}
		commands++
		if code, _, errs := command(t.Context(), "", append(words[1:], "--help")...); code != exitHeld {
			t.Errorf("%s: %s", line, errs)
		}
		scenario := defaultScenario
		if len(words) > 2 && !strings.HasPrefix(words[2], "-") {
			scenario = strings.Replace(words[2], "my-shop.yaml", path, 1)
		}
		for i, w := range words {
			if w != "--set" && w != "--vary" {
				continue
			}
			values++
			set := words[i+1]
			if w == "--vary" {
				set = regexp.MustCompile(`,|\.\.`).Split(set, 2)[0]
			}
			if code, _, errs := command(t.Context(), "", "check", scenario, "--set", set); code != exitHeld {
				t.Errorf("%s: %s", line, errs)
			}
		}
	}
	if commands < 10 || values < 5 {
		t.Errorf("only %d commands with %d values are found", commands, values)
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

// figures runs a scenario and gives the numbers of its JSON report at these paths.
func figures(t *testing.T, args []string, paths ...string) []float64 {
	t.Helper()
	_, out, _ := command(t.Context(), "", append([]string{"run", "--quiet", "--json", "-"}, args...)...)
	var r map[string]any
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	found := make([]float64, len(paths))
	for i, path := range paths {
		var at any = r
		for key := range strings.SplitSeq(path, "/") {
			inner, _ := at.(map[string]any)
			at = inner[key]
		}
		n, ok := at.(float64)
		if !ok {
			t.Fatalf("%q: no number at %s", args, path)
		}
		found[i] = n
	}
	return found
}

// TestReadmeQueues: what README.md says of the built-in scenarios with queues is what
// their runs come to.
func TestReadmeQueues(t *testing.T) {
	const orders, visits = "sources/buyers/success", "sources/visitors/success"
	calls := figures(t, []string{"checkout-email"}, orders, visits)
	messages := figures(t, []string{"checkout-email-queue"}, orders, visits, "sources/buyers/latency/p99_s", "sources/buyers/completion/p99_s")
	if messages[0] != 1 || messages[1] != 1 {
		t.Errorf("with queues %v of the orders and visits succeed", messages[:2])
	}
	deploy := figures(t, []string{"bad-deploy"}, "queues/orders/dead_lettered")

	const lag = "queues/changes/lag_max"
	eight := figures(t, []string{"hot-partition"}, lag)
	sixteen := figures(t, []string{"hot-partition", "--set", "services.indexer.threads=16"}, lag)
	spread := figures(t, []string{"hot-partition", "--set", "services.api.steps.1.key=uniform"}, lag)
	if sixteen[0] != eight[0] {
		t.Errorf("behind by %v with 16 threads, by %v with 8", sixteen[0], eight[0])
	}

	const published, duplicates, last = "queues/reports/published", "queues/reports/duplicates", "sources/customers/completion/max_s"
	spiral := figures(t, []string{"redelivery-spiral"}, duplicates)
	few := figures(t, []string{"redelivery-spiral", "--set", "services.workers.threads=50"}, published, duplicates, last)
	long := figures(t, []string{"redelivery-spiral-visibility"}, last)
	if few[1] != 1 || few[2] != long[0] {
		t.Errorf("with fewer workers %v duplicates, the last done after %v s; with a longer visibility after %v s", few[1], few[2], long[0])
	}

	text := strings.Join(strings.Fields(read(t, filepath.Join("..", "..", "README.md"))), " ")
	thousands := func(n float64) string { return fmt.Sprintf("%d,%03d", int(n)/1000, int(n)%1000) }
	for _, want := range []string{
		fmt.Sprintf("%.0f%% of the orders succeed, and %.0f%% of the visits", 100*calls[0], 100*calls[1]),
		fmt.Sprintf("within %.0fms at p99, and *done* within %.1fs:", 1000*messages[2], messages[3]),
		"dead letters of " + thousands(deploy[0]) + " orders",
		fmt.Sprintf("behind by %s messages, as it does with eight; with `--set services.api.steps.1.key=uniform` by %.0f.", thousands(eight[0]), spread[0]),
		fmt.Sprintf("of %s reports there is one duplicate delivery, where there were %s,", thousands(few[0]), thousands(spiral[0])),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
}

// TestReadmePicture: the picture of the screen in README.md is what the program itself
// draws.
func TestReadmePicture(t *testing.T) {
	keys, err := filepath.Abs(filepath.Join("testdata", "picture.keys"))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := filepath.Abs(filepath.Join("..", "..", "tui", "screen.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, filepath.Join("..", "..", "README.md")), "(tui/screen.svg)") {
		t.Error("README.md does not show tui/screen.svg")
	}
	t.Chdir(t.TempDir())
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("NO_COLOR", "")
	if code, _, errs := command(t.Context(), "", "tui", "--paused", "--quiet", "--theme", "dark", "--script", keys, "--size", "120x40"); code != exitHeld {
		t.Fatalf("exit code %d, said %q", code, errs)
	}
	picture := read(t, "screen.svg")
	if *update {
		if err := os.WriteFile(shown, []byte(picture), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if was := read(t, shown); was != picture {
		t.Fatalf("tui/screen.svg shows another screen %s; go test ./cmd/cascade -run Picture -update draws it anew", firstDifference(picture, was))
	}
}
