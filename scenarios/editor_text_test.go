package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var injected = []Override{
	(&Draft{Name: "pricing-slow", At: 31400 * time.Millisecond, Kind: "slow", On: "pricing", Fields: []Field{{"factor", "4"}}}).Change(2),
	{"faults.3", "{name: deploy, at: 40s, set: {on: gateway->payment, retry: {attempts: 1}, network: \"uniform(1ms, 2ms)\"}}"},
	{"faults.pricing-slow.for", "12.4s"},
	{"faults.canary.for", "5s"},
	{"faults.slow.every", "1m"},
	{"seed", "9"},
}

// TestText: what a person wrote stays, and the changes stand where a person would make
// them.
func TestText(t *testing.T) {
	got, err := mustEdit(t, everywhere).Text(injected, ".", "A session.\nIt went well.")
	if err != nil {
		t.Fatal(err)
	}
	want := "# A session.\n# It went well.\n\n" + strings.NewReplacer(
		"duration: 2m\n", "duration: 2m\nseed: 9\n",
		"{name: slow, at: 10s, for: 5s, slow: {on: payment, factor: 2}}", "{name: slow, at: 10s, for: 5s, every: 1m, slow: {on: payment, factor: 2}}",
		"    for: 10s\n", "    for: 5s\n",
		"timeout: 1s}\n", `timeout: 1s}
  - name: pricing-slow
    at: 31.4s
    for: 12.4s
    slow:
      on: pricing
      factor: 4
  - name: deploy
    at: 40s
    set:
      on: gateway->payment
      retry: {attempts: 1}
      network: "uniform(1ms, 2ms)"
`).Replace(everywhere)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

const bareScenario = "name: bare\nduration: 1m\ntopology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}\ntraffic: {l: {to: a, rate: 1/s}}\n"

// TestTextParts: one way to write, and one change, each.
func TestTextParts(t *testing.T) {
	pause := (&Draft{Name: "stop", At: time.Second, Kind: "pause", On: "a", Fields: []Field{{"for", "1s"}, {"every", "5s"}}}).Change
	const block = "  - name: stop\n    at: 1s\n    for: 1s\n    every: 5s\n    pause:\n      on: a\n"
	spaced := strings.Replace(bareScenario, "topology", "\ntopology", 1)
	for _, row := range []struct {
		name, text string
		changes    []Override
		want       string
	}{
		{"no change", bareScenario, nil, bareScenario},
		{"no faults", bareScenario, []Override{pause(0)}, bareScenario + "faults:\n" + block},
		{"no faults, and parts stand apart", spaced, []Override{pause(0)}, spaced + "\nfaults:\n" + block},
		{"no line break at the end", strings.TrimSpace(bareScenario), []Override{pause(0)}, bareScenario + "faults:\n" + block},
		{"before the expectations", spaced + "\n# Judged.\nexpect: [l.success > 1%]\n", []Override{pause(0)}, spaced + "\nfaults:\n" + block + "\n# Judged.\nexpect: [l.success > 1%]\n"},
		{"nothing under faults", bareScenario + "faults: # none yet\nexpect: []\n", []Override{pause(0)}, bareScenario + "faults: # none yet\n" + block + "expect: []\n"},
		{"null", bareScenario + "faults: ~\n", []Override{pause(0)}, bareScenario + "faults:\n" + block},
		{"an empty list", bareScenario + "faults: [] # none yet\n", []Override{pause(0)}, bareScenario + "faults: # none yet\n" + block},
		{"a list in brackets", bareScenario + "faults: [{at: 1s, crash: {on: a}}] # one\n", []Override{pause(1)},
			bareScenario + "faults: [{at: 1s, crash: {on: a}}, {name: stop, at: 1s, for: 1s, every: 5s, pause: {on: a}}] # one\n"},
		{"a list at the margin", bareScenario + "faults:\n- {at: 1s, crash: {on: a}}\n", []Override{pause(1)},
			bareScenario + "faults:\n- {at: 1s, crash: {on: a}}\n" + strings.ReplaceAll(block, "\n  ", "\n")[2:]},
		{"two at once, and one of them changed", bareScenario, []Override{pause(0), {"faults.1", "{at: 2s, crash: {on: a}}"}, {"faults.stop.for", "2s"}, {"faults.1.pause", "{on: a}"}, {"faults.1", "{at: 9s, crash: {on: a}}"}},
			bareScenario + "faults:\n" + strings.Replace(block, "for: 1s", "for: 2s", 1) + "  - at: 9s\n    crash:\n      on: a\n"},
		{"a fault healed", bareScenario + "faults:\n  - at: 1s # early\n    crash: {on: a} # hard\n\n# the end\n", []Override{{"faults.fault-1.for", "2s"}},
			bareScenario + "faults:\n  - at: 1s # early\n    for: 2s\n    crash: {on: a} # hard\n\n# the end\n"},
		{"a fault of several lines replaced", bareScenario + "faults:\n  - at: 1s\n    crash: {on: a}\n  - {at: 2s, for: 1s, crash: {on: a}}\n", []Override{pause(0), {"faults.1.for", "9s"}},
			bareScenario + "faults:\n" + block + "  - {at: 2s, for: 9s, crash: {on: a}}\n"},
		{"a seed changed", "seed: 1 # mine\n" + bareScenario, []Override{{"seed", "2"}, {"seed", "3"}}, "seed: 3 # mine\n" + bareScenario},
		{"a quoted name", strings.Replace(bareScenario, "bare", `"bare" # plain`, 1), []Override{{"name", "other"}}, strings.Replace(bareScenario, "bare", `other # plain`, 1)},
		{"in braces", bareScenario, []Override{{"services.a.threads", "7"}, {"services.a.queue", "unbounded"}, {"services.a.steps.1", "{work: \"uniform(1ms, 2ms)\"}"}, {"traffic.l.retry.attempts", "3"}},
			strings.NewReplacer("threads: 1,", "threads: 7, queue: unbounded,", "{work: 1ms}", `{work: 1ms}, {work: "uniform(1ms, 2ms)"}`, "rate: 1/s", "rate: 1/s, retry: {attempts: 3}").Replace(bareScenario)},
		{"a list of lines", bareScenario + "expect:\n  - l.success > 1% # first\n  # second\n  - l.p99 < 1s\n", []Override{{"expect.0", "l.success > 2%"}, {"expect.2", "l.p50 < 1s"}},
			bareScenario + "expect:\n  - l.success > 2% # first\n  # second\n  - l.p99 < 1s\n  - l.p50 < 1s\n"},
		{"a whole part", bareScenario + "expect:\n  - l.success > 1%\n  - l.p99 < 1s\n\n# the end\n", []Override{{"expect", "[l.p50 < 1s]"}},
			bareScenario + "expect: [l.p50 < 1s]\n\n# the end\n"},
		{"a description of several lines", bareScenario + "description: |\n  One.\n  Two.\nwarmup: 1s\n", []Override{{"description", `"Three: four."`}},
			bareScenario + "description: \"Three: four.\"\nwarmup: 1s\n"},
		{"CRLF", strings.ReplaceAll(spaced, "\n", "\r\n"), []Override{pause(0), {"seed", "2"}}, strings.ReplaceAll(strings.Replace(spaced, "1m\n", "1m\nseed: 2\n", 1)+"\nfaults:\n"+block, "\n", "\r\n")},
		{"directives", "%YAML 1.2\n---\n" + bareScenario, []Override{pause(0)}, "%YAML 1.2\n---\n" + bareScenario + "faults:\n" + block},
		{"all in braces", "{name: x, duration: 1m, topology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}, traffic: {l: {to: a, rate: 1/s}}}\n", []Override{pause(0), {"seed", "2"}},
			"{name: x, duration: 1m, seed: 2, topology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}, traffic: {l: {to: a, rate: 1/s}}, faults: [{name: stop, at: 1s, for: 1s, every: 5s, pause: {on: a}}]}\n"},

		// What can only be written anew.
		{"an alias changed", "# Top.\n\n" + strings.Replace(bareScenario, "rate: 1/s}}", "rate: 1/s, retry: &r {attempts: 2}}, m: {to: a, rate: 1/s, retry: *r}} # gone", 1), []Override{{"traffic.m.retry.attempts", "3"}},
			"# Top.\n\nname: bare\nduration: 1m\n\ntopology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}\n\ntraffic: {l: {to: a, rate: 1/s, retry: {attempts: 2}}, m: {to: a, rate: 1/s, retry: {attempts: 3}}}\n"},
		{"the anchor changed", strings.Replace(bareScenario, "rate: 1/s}}", "rate: &r 1/s}, m: {to: a, rate: *r}}", 1), []Override{{"traffic.l.rate", "2/s"}},
			strings.Replace(bareScenario[:strings.Index(bareScenario, "topology")], "1m\n", "1m\n\n", 1) + "topology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}\n\ntraffic: {l: {to: a, rate: 2/s}, m: {to: a, rate: 1/s}}\n"},
	} {
		e, err := Edit("test.yaml", []byte(row.text), ".")
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		got, err := e.Text(row.changes, ".", "")
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		} else if diff := cmp.Diff(row.want, string(got)); diff != "" {
			t.Errorf("%s: -want +got\n%s", row.name, diff)
		}
	}
}

// TestTextMerged: a key that came in by a merge is written beside it.
func TestTextMerged(t *testing.T) {
	text := strings.Replace(bareScenario, "traffic: {l: {to: a, rate: 1/s}}", "traffic:\n  l: &l\n    to: a\n    rate: 1/s\n    timeout: 1s\n  m:\n    <<: *l # as l\n    rate: 3/s\n", 1)
	got, err := mustEdit(t, text).Text([]Override{{"traffic.m.timeout", "2s"}}, ".", "")
	if want := strings.Replace(text, "rate: 3/s\n", "rate: 3/s\n    timeout: 2s\n", 1); err != nil || string(got) != want {
		t.Errorf("%v, -want +got\n%s", err, cmp.Diff(want, string(got)))
	}
}

// TestTextAnew: all that a scenario may hold is written anew as it is read.
func TestTextAnew(t *testing.T) {
	odd := strings.NewReplacer("name: bare", "name: bare\ndescription: \"One: two # three\\n\\tfour \\\\ \\\"five\\\"\\u0085\\U0001F600 é\"").Replace(bareScenario)
	lines := strings.Replace(bareScenario, "name: bare", "name: bare\ndescription: |\n  One.\n\n  - Two: # three\n", 1)
	texts := []string{everywhere, messages, overridden, odd, lines, lines + "\n", strings.Replace(bareScenario, "name: bare", `name: "null"`, 1)}
	for _, b := range Names() {
		text, _ := Text(b.Name)
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		e := mustEdit(t, text)
		want := mustParse(t, text)
		got := mustParse(t, e.anew(nil, "."))
		if diff := cmp.Diff(want.Plan, got.Plan); diff != "" || len(got.Expectations) != len(want.Expectations) {
			t.Errorf("%s\n%s", diff, e.anew(nil, "."))
		}
		again := mustEdit(t, e.anew(nil, "."))
		if first, second := e.anew(nil, "."), again.anew(nil, "."); first != second {
			t.Errorf("what is written is written otherwise:\n%s", cmp.Diff(first, second))
		}
	}
	if got := mustEdit(t, lines).anew(nil, "."); !strings.Contains(got, "description: |\n  One.\n\n  - Two: # three\n") {
		t.Errorf("the lines of a text are not lines any more:\n%s", got)
	}
}

// TestTextFiles: a session of a scenario in several files is one file, that can be read
// where it is put.
func TestTextFiles(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("in/main.yaml", "name: files\nduration: 1m\ntopology: parts/top.yaml # what there is\ntraffic:\n  l: {to: a, trace: in.csv}\nfaults: faults.yaml\n")
	write("in/parts/top.yaml", "# A service.\nservices:\n  a:\n    threads: 1\n    steps:\n      - work: mix(50% empirical(w(1).txt), 50% empirical(w(1).txt))\n")
	write("in/parts/w(1).txt", "1ms\n2ms\n")
	write("in/in.csv", "1s\n2s\n")
	write("in/faults.yaml", "- {name: first, at: 1s, latency: {on: a, add: empirical(parts/w(1).txt)}}\n")
	e, err := EditFile(filepath.Join(dir, "in/main.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changes := []Override{
		(&Draft{At: time.Second, Kind: "latency", On: "a", Fields: []Field{{"add", "empirical(parts/w(1).txt)"}}}).Change(1),
		{"faults.first.for", "5s"}, {"services.a.threads", "3"},
	}
	want, err := e.Read(changes)
	if err != nil {
		t.Fatal(err)
	}
	const written = `name: files
duration: 1m
topology: # what there is
  # A service.
  services:
    a:
      threads: 3
      steps:
        - work: mix(50%% empirical(%[2]sw(1).txt), 50%% empirical(%[2]sw(1).txt))
traffic:
  l: {to: a, trace: %[1]sin.csv}
faults:
  - {name: first, at: 1s, for: 5s, latency: {on: a, add: empirical(%[2]sw(1).txt)}}
  - at: 1s
    latency:
      on: a
      add: empirical(%[2]sw(1).txt)
`
	for _, row := range [][3]string{{"in", "", "parts/"}, {"out", "../in/", "../in/parts/"}, {".", "in/", "in/parts/"}, {"in/parts", "../", ""}} {
		into := filepath.Join(dir, row[0])
		if err := os.MkdirAll(into, 0o777); err != nil {
			t.Fatal(err)
		}
		text, err := e.Text(changes, into, "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprintf(written, row[1], row[2]), string(text)); diff != "" {
			t.Errorf("into %s: -want +got\n%s", row[0], diff)
		}
		write(filepath.Join(row[0], "session.yaml"), string(text))
		got, err := Load(filepath.Join(into, "session.yaml"))
		if err != nil {
			t.Errorf("into %s: %v", row[0], err)
		} else if len(got.Plan.Faults) != 2 || !cmp.Equal(got.Plan.Sources, want.Plan.Sources) {
			t.Errorf("into %s another scenario is read", row[0])
		}
	}
	// By a link the way up leads elsewhere.
	if err := os.MkdirAll(filepath.Join(dir, "far/away/real"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "far/away/real"), filepath.Join(dir, "link")); err == nil {
		if text, err := e.Text(changes, filepath.Join(dir, "link"), ""); err != nil || !strings.Contains(string(text), "trace: "+dir+"/in/in.csv") {
			t.Errorf("through a link: %v\n%s", err, text)
		}
	}
	// A part that a change replaces by another file's stands there instead.
	write("in/more.yaml", "l:\n  to: a\n  rate: 1/s\n")
	text, err := e.Text([]Override{{"traffic", "more.yaml"}, {"faults", "[]"}}, dir, "")
	if err != nil || !strings.Contains(string(text), "\ntraffic:\n  l:\n    to: a\n    rate: 1/s\nfaults: []\n") || !strings.Contains(string(text), "# A service.") {
		t.Errorf("%v\n%s", err, text)
	}

	// The session goes on from the files as they were.
	write("in/parts/w(1).txt", "9ms\n")
	write("in/faults.yaml", "nonsense\n")
	if again, err := e.Read(changes); err != nil || !cmp.Equal(again.Plan, want.Plan) {
		t.Errorf("what is on the disk has changed the session: %v", err)
	}
	whole := filepath.Join(dir, "in/parts/w(1).txt")
	if _, err := e.Text(changes, dir, ""); err == nil || err.Error() != "the scenario cannot be written: "+whole+" is not what it was when it was read" {
		t.Errorf("got %v", err)
	}
}

// TestTextSets: what the session began with is written too.
func TestTextSets(t *testing.T) {
	e := mustEdit(t, everywhere, Override{"services.gateway.threads", "64"}, Override{"services.gateway.operations.buy.steps.0.breaker.consecutive", "3"},
		Override{"queues.failed.ttl", "5s"}, Override{"services.mail.consumes.0.prefetch", "7"}, Override{"expect.1", "staff.p99 < 1s"})
	text, err := e.Text([]Override{{"faults.2", "{at: 1s, crash: {on: mail}}"}}, ".", "")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("threads: 32 #", "threads: 64 #", "backoff: 50ms}\n", "backoff: 50ms}\n              breaker:\n                consecutive: 3\n",
		"consumes: orders", "consumes: [{from: orders, prefetch: 7}]", "timeout: 1s}\n", "timeout: 1s}\n  - at: 1s\n    crash:\n      on: mail\n",
		"failed:\n", "failed:\n      ttl: 5s\n", "> 1%\n", "> 1%\n  - staff.p99 < 1s\n").Replace(everywhere)
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, err = e.Text([]Override{{"faults.2", "{at: 1s, crash: {on: male}}"}}, ".", "")
	if _, ok := err.(Problems); !ok {
		t.Errorf("a wrong change: %v", err)
	}
}

// TestTextTitleAbove: a title stands above all that a file may begin with.
func TestTextTitleAbove(t *testing.T) {
	for _, top := range []string{"", "---\n", "%YAML 1.2\n---\n", "# Top.\n", "\uFEFF"} {
		got, err := mustEdit(t, top+bareScenario).Text(nil, ".", "one")
		if want := "# one\n\n" + strings.TrimPrefix(top, "\uFEFF") + bareScenario; err != nil || string(got) != want {
			t.Errorf("%q: %v\n%s", top, err, got)
		}
	}
}

// TestTextTitle: a title is a comment whatever is in it.
func TestTextTitle(t *testing.T) {
	for title, want := range map[string]string{
		"": "", "one": "# one\n\n", "one\r\ntwo\u2028three\x00: [\n\n": "# one\n# two\n# three: [\n\n", "# one": "# # one\n\n",
	} {
		if got := heading(title); got != want {
			t.Errorf("%q is %q, want %q", title, got, want)
		}
	}
}

// TestTextInPlace: whatever value is changed, in whatever way it was written, the change
// is made in its place, and nothing need be written anew.
func TestTextInPlace(t *testing.T) {
	texts := []string{everywhere, messages, overridden, wholeShop, strings.ReplaceAll(wholeShop, "\n", "\r\n")}
	for i, b := range Names() {
		if raced && i%8 != 0 {
			continue
		}
		text, _ := Text(b.Name)
		texts = append(texts, string(text))
	}
	changed := 0
	for _, text := range texts {
		e := mustEdit(t, text)
		_, root := e.tree(nil)
		want := mustParse(t, text)
		var walk func(v *value, path string)
		walk = func(v *value, path string) {
			if path != "" {
				changed++
				got, err := Parse("amended.yaml", []byte(e.amended([]Override{{path[1:], flow(v, true)}}, ".")), ".")
				if err != nil || !cmp.Equal(got.Plan, want.Plan) {
					t.Errorf("%s is not changed in its place: %v\n%s", path, err, e.amended([]Override{{path[1:], flow(v, true)}}, "."))
				}
			}
			for _, in := range v.entries {
				walk(in.value, path+"."+in.key.text)
			}
			for i, in := range v.items {
				walk(in, fmt.Sprint(path, ".", i))
			}
		}
		walk(root, "")
	}
	if changed < 1000 && !raced {
		t.Errorf("only %d values", changed)
	}
}

// TestTextOfBuiltins: each kind of fault, injected into each of the scenarios that come
// with the program, is written with all that stood there.
func TestTextOfBuiltins(t *testing.T) {
	for _, name := range builtinNames() {
		e, err := EditBuiltin(name)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := Text(name)
		var changes []Override
		plan := planOf(t, e)
		for _, kind := range faultKinds {
			targets := Targets(plan, kind)
			if len(targets) == 0 {
				continue
			}
			on := targets[len(targets)-1]
			d := &Draft{Name: e.FreshName(changes, kind, on), At: time.Second, Kind: kind, On: on}
			for i, k := range e.FaultKeys(changes, kind, on) {
				if k.Required || kind == "set" && i == 0 {
					d.Fields = append(d.Fields, Field{k.Name, k.Example})
				}
			}
			changes = append(changes, d.Change(len(plan.Faults)+len(changes)))
		}
		text, err := e.Text(changes, ".", "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rest := string(text)
		for line := range strings.Lines(string(before)) {
			_, after, found := strings.Cut(rest, line)
			if !found {
				t.Errorf("%s: the line is gone, or stands elsewhere: %s", name, line)
			}
			rest = after
		}
	}
}

// TestTextDrawn: sessions drawn at random are read as they were played.
func TestTextDrawn(t *testing.T) {
	editors := map[string]*Editor{"everywhere": mustEdit(t, everywhere), "messages": mustEdit(t, messages), "wholeShop": mustEdit(t, wholeShop)}
	names := []string{"everywhere", "messages", "wholeShop"}
	for _, name := range builtinNames() {
		e, err := EditBuiltin(name)
		if err != nil {
			t.Fatal(err)
		}
		editors[name], names = e, append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := editors[rapid.SampledFrom(names).Draw(t, "scenario")]
		var changes []Override
		for range rapid.IntRange(1, 5).Draw(t, "changes") {
			all := e.faultNames(changes)
			change := Override{"seed", fmt.Sprint(rapid.IntRange(0, 99).Draw(t, "seed"))}
			switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
			case what == 1 && len(all) > 0:
				change = Override{"faults." + rapid.SampledFrom(all).Draw(t, "fault") + ".for", rapid.SampledFrom([]string{"1s", "2.5s", "7s"}).Draw(t, "for")}
			case what > 1:
				change = drawFault(t, e, changes).Change(len(all))
			}
			if _, err := e.Read(append(changes, change)); err == nil { // and no redrive that is to last, or the like
				changes = append(changes, change)
			}
		}
		text, err := e.Text(changes, ".", "drawn")
		if err != nil {
			t.Fatal(err)
		}
		want, err := e.Read(changes)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse("session.yaml", text, ".")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want.Plan, got.Plan); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
		for line := range strings.Lines(string(e.text)) {
			if n := strings.Index(line, "# "); n >= 0 && !strings.Contains(string(text), line[n:]) {
				t.Fatalf("the comment is gone: %s%s", line, text)
			}
		}
	})
}

// drawFault is a fault on something of the scenario, with keys drawn from those that are
// offered.
func drawFault(t *rapid.T, e *Editor, changes []Override) *Draft {
	plan := planOf(t, e)
	kinds := faultKinds[:len(faultKinds):len(faultKinds)]
	kind := rapid.SampledFrom(kinds).Filter(func(kind string) bool { return len(Targets(plan, kind)) > 0 }).Draw(t, "kind")
	on := rapid.SampledFrom(Targets(plan, kind)).Draw(t, "on")
	d := &Draft{Name: e.FreshName(changes, kind, on), At: time.Duration(rapid.Int64Range(0, int64(plan.Duration)-1).Draw(t, "at")), Kind: kind, On: on}
	keys := e.FaultKeys(changes, kind, on)
	for i, k := range keys {
		value := map[string]string{"for": "3s", "every": "20s", "instances": "1", "timeout": "1s", "threads": "3", "to": "3", "times": "2", "chance": "50%", "queue": "7"}[k.Name]
		switch {
		case len(k.Choices) > 0:
			value = rapid.SampledFrom(k.Choices).Draw(t, k.Name)
		case value == "":
			value = k.Example
		}
		if k.Required || kind == "set" && i == 0 || rapid.Bool().Draw(t, k.Name+" too") {
			d.Fields = append(d.Fields, Field{k.Name, value})
		}
	}
	return d
}
