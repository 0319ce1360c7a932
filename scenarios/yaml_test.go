package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestRendering: the whole message, with the source line and the caret.
func TestRendering(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"name: a\nduration: 1m\ntopology: {}\ntrafic: {}\n", `
x.yaml:3:11: a topology needs the key "services": a mapping
    3 | topology: {}
      |           ^
x.yaml:4:1: unknown key "trafic" in a scenario; did you mean "traffic"?
    4 | trafic: {}
      | ^
x.yaml:4:9: there is no traffic; write at least one source
    4 | trafic: {}
      |         ^`},
		{"name: a\n\tduration: 1m\n", `
x.yaml:2:1: not YAML: a tab; indent with blanks
    2 | ` + "\t" + `duration: 1m
      | ^`},
		{"name: ü\nduration: é5 # ü\n", `
x.yaml:1:1: a scenario needs the key "topology": a mapping or file
    1 | name: ü
      | ^
x.yaml:1:1: a scenario needs the key "traffic": a mapping or file
    1 | name: ü
      | ^
x.yaml:1:7: "ü" cannot be the name of a scenario: a name is a letter, then letters, digits, - and _
    1 | name: ü
      |       ^
x.yaml:2:11: "é5" is not a duration; write it as 250ms, 1.5s, 2m or 1h30m
    2 | duration: é5 # ü
      |           ^`},
		{"", "\nx.yaml: the file is empty"},
		{"# nothing\n", "\nx.yaml: the file is empty"},
		{"---\n", "\nx.yaml:2:1: a scenario is a mapping with the keys name, description, duration, warmup, seed, interval, topology, traffic, faults, expect"},
		{"[a]\n", "\nx.yaml:1:1: a scenario is a mapping with the keys name, description, duration, warmup, seed, interval, topology, traffic, faults, expect\n    1 | [a]\n      | ^"},
		{"name: a\n---\nname: b\n", `
x.yaml:1:1: a scenario needs the key "duration": a duration
    1 | name: a
      | ^
x.yaml:1:1: a scenario needs the key "topology": a mapping or file
    1 | name: a
      | ^
x.yaml:1:1: a scenario needs the key "traffic": a mapping or file
    1 | name: a
      | ^
x.yaml:2:1: a second document begins here; a file holds one
    2 | ---
      | ^`},
		{"name: [a\nb: {c\n", `
x.yaml:2:2: not YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1)
    2 | b: {c
      |  ^`},
		{"name: a\xffb\n", "\nx.yaml:1:8: byte 0xFF is not UTF-8; save the file as UTF-8\n    1 | name: a\uFFFDb\n      |        ^"},
		{"\xff\xfea\x00", "\nx.yaml:1:1: byte 0xFF is not UTF-8; save the file as UTF-8\n    1 | \uFFFD\uFFFDa\uFFFD\n      | ^"},
		{"name: a\x1b[31m\n", "\nx.yaml:1:8: the character U+001B cannot be in a file; delete it\n    1 | name: a\uFFFD[31m\n      |        ^"},
		{"name: *gone\n", "\nx.yaml:1:7: not YAML: unknown anchor 'gone' referenced\n    1 | name: *gone\n      |       ^"},
		{"description: \"" + strings.Repeat("x", 200) + "\"\nname: " + strings.Repeat("y", 150) + "\n", `
x.yaml:1:1: a scenario needs the key "duration": a duration
    1 | description: "` + strings.Repeat("x", 86) + `...
      | ^
x.yaml:1:1: a scenario needs the key "topology": a mapping or file
    1 | description: "` + strings.Repeat("x", 86) + `...
      | ^
x.yaml:1:1: a scenario needs the key "traffic": a mapping or file
    1 | description: "` + strings.Repeat("x", 86) + `...
      | ^
x.yaml:2:7: the name "` + strings.Repeat("y", 60) + `..." is longer than 100 letters
    2 | name: ` + strings.Repeat("y", 94) + `...
      |       ^`},
	} {
		_, err := Parse("x.yaml", []byte(row.text), ".")
		if err == nil || "\n"+err.Error() != row.want {
			t.Errorf("%q\ngot\n%v\nwant%s", row.text, err, row.want)
		}
	}
}

// TestBeyondWidth: the excerpt of a long line has the place in it.
func TestBeyondWidth(t *testing.T) {
	_, err := Parse("x.yaml", []byte("name: a\nduration: 1m\ntopology: {services: {a: {threads: 1, "+strings.Repeat(" ", 300)+"steps: [{work: 5}]}}}\ntraffic: {l: {to: a, rate: 1/s}}\n"), ".")
	want := `x.yaml:3:354: "5" is a bare number, and a duration has a unit; write 5ms or 5s
    3 | ...` + strings.Repeat(" ", 79) + `steps: [{work: 5}]}}}
      | ` + strings.Repeat(" ", 3+79+len("steps: [{work: ")) + `^`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestWithin: a source line is no wider than the terminal, with its gutter and the dots
// where it is cut, and its caret stands below the place.
func TestWithin(t *testing.T) {
	long := "{work: 5}" + strings.Repeat(" # 90", 60)
	for _, row := range []struct {
		columns int
		source  string
		column  int
		want    string
	}{
		{40, "- {work: 5}", 10, "    3 | - {work: 5}\n      |          ^"},
		{40, long, 8, "    3 | {work: 5} # 90 # 90 # 90 #...\n      |        ^"},
		{40, strings.Repeat("90 ", 60) + long, 188, "    3 | ...90 90 {work: 5} # 90 # 90 ...\n      |                 ^"},
		{40, strings.Repeat("90 ", 60) + "{work: 5}", 188, "    3 | ...0 90 90 90 90 90 {work: 5}\n      |                            ^"},
		{40, strings.Repeat("90\t", 60) + "{work: 5}", 188, "    3 | ...90\t{work: 5}\n      |      \t       ^"},
		{0, long, 8, "    3 | {work: 5} # 90 # 90 ...\n      |        ^"},
	} {
		p := Problems{{File: "x.yaml", Line: 3, Column: row.column, Message: "wrong", Source: row.source}}
		if got := p.Within(row.columns); got != "x.yaml:3:"+fmt.Sprint(row.column)+": wrong\n"+row.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", row.columns, got, row.want)
		}
	}
}

// TestByteOrderMark: a mark at the beginning is no character of the first line.
func TestByteOrderMark(t *testing.T) {
	_, err := Parse("x.yaml", []byte("\uFEFFnaem: a\r\nduration: 1\r\n"), ".")
	if got := errorLines(err); !strings.HasPrefix(got, `x.yaml:1:1: unknown key "naem"`) || !strings.Contains(got, `x.yaml:2:11: "1"`) {
		t.Error(got)
	}
}

// TestAtMostTwenty: of many problems 20 are shown, in the file's order.
func TestAtMostTwenty(t *testing.T) {
	for _, n := range []int{17, 18, 30, 5000} {
		var b strings.Builder
		b.WriteString("name: many\n")
		for i := range n {
			fmt.Fprintf(&b, "wrong%d: 1\n", i)
		}
		_, err := Parse("x.yaml", []byte(b.String()), ".") // and 3 keys that are missing
		got := err.Error()
		if shown := strings.Count(got, "x.yaml:"); shown != min(20, n+3) {
			t.Errorf("%d problems: %d are shown", n+3, shown)
		}
		_, last, _ := strings.Cut(got, "\n... ")
		want := map[int]string{17: "", 18: "and 1 more problem", 30: "and 13 more problems", 5000: "and at least 80 more problems"}[n]
		if last != want {
			t.Errorf("%d problems end in %q, want %q", n+3, last, want)
		}
	}
}

// TestDirectives: a file may say that it is YAML 1.2, or 1.1; no other directive is
// taken, and none moves a place.
func TestDirectives(t *testing.T) {
	text, _ := framed("head", frame["head"])
	for _, good := range []string{"%YAML 1.2\n---\n", "%YAML 1.1\n---\n", "# mine\n\n%YAML  1.2 # the newest\r\n---\n", "\uFEFF%YAML 1.2\n--- # begins\n"} {
		mustParse(t, good+text)
	}
	for bad, want := range map[string]string{
		"%YAML 1.2\n---\nname: a\nduration: 5\ntopology: {}\ntraffic: {}\n": "x.yaml:4:11: \"5\" is a bare number",
		"%YAML 1.2\n" + text:                 "x.yaml:2:1: not YAML: a line --- ends the directives; write it above this one",
		"%YAML 1.2\n%YAML 1.2\n---\n" + text: "not YAML: ",
		"%YAML 1.3\n---\n" + text:            "not YAML: ",
		"%YAML 1.23\n---\n" + text:           "not YAML: ",
		"%YAML 2.0\n---\n" + text:            "not YAML: ",
		"---\n%YAML 1.2\n" + text:            "not YAML: ",
	} {
		_, err := Parse("x.yaml", []byte(bad), ".")
		if got := errorLines(err); !strings.Contains(got, want) {
			t.Errorf("%.30q: got\n%s\nwant %s", bad, got, want)
		}
	}
}

// TestMerge: what comes with a merge key counts where the mapping says nothing itself.
func TestMerge(t *testing.T) {
	s := mustParse(t, `name: merged
duration: 1m
topology:
  services:
    a: &small {threads: 2, queue: 3, steps: &steps [{work: 1ms}]}
    b: {<<: *small, queue: 4}
    c: {<<: [{threads: 9}, *small], instances: 2}
    d: {threads: 1, steps: *steps}
traffic: {l: {to: a, rate: 1/s}}
`)
	for i, want := range []string{"a 1 2 3", "b 1 2 4", "c 2 9 3", "d 1 1 100"} {
		v := s.Plan.Topology.Services[i]
		if got := fmt.Sprint(v.Name, " ", v.Instances, " ", v.Threads, " ", v.Queue); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestLarge: a scenario of ten thousand services is no hostile one.
func TestLarge(t *testing.T) {
	for name, form := range map[string]string{
		"block":    "    s%d:\n      threads: 8\n      queue: 10\n      steps:\n        - work: 1ms\n        - sync: s%d\n",
		"brackets": "    s%d: {threads: 8, queue: 10, steps: [{work: 1ms}, {sync: s%d}]}\n",
	} {
		const n = 10_000
		var b strings.Builder
		b.WriteString("name: large\nduration: 1m\ntopology:\n  services:\n")
		for i := range n - 1 {
			fmt.Fprintf(&b, form, i, i+1)
		}
		fmt.Fprintf(&b, "    s%d: {threads: 1, steps: [{work: 1ms}]}\ntraffic:\n  l: {to: s0, rate: 1/s}\n", n-1)
		s := mustParse(t, b.String())
		if got := len(s.Plan.Topology.Services); got != n {
			t.Errorf("%s: %d services, want %d", name, got, n)
		}
	}
}

// hostile are texts that would cost a careless reader its memory or its time.
var hostile = []struct{ name, text, want string }{
	{"bomb", bomb(), "more than 1000 aliases"},
	{"wide bomb", "a: &a {" + repeat("k%d: 1, ", 20_000) + "}\n" + repeat("b%d: {<<: *a}\n", 900), "aliases repeat more than 100000 values"},
	{"self", "a: &a [*a]\n", "contains itself"},
	{"self in a merge", "a: &a {<<: *a}\n", "contains itself"},
	{"junk", strings.Repeat("A", 20<<20), "larger than 1 MiB"},
	{"block levels", levels(100_000), "larger than 1 MiB"},
	{"fewer block levels", levels(1400), "nested more than 64 levels deep"},
	{"flow levels", strings.Repeat("[", 100_000), "too much YAML"},
	{"fewer flow levels", strings.Repeat("[", 10_000), "nested more than 64 levels deep"},
	{"mapping levels", strings.Repeat("{a: ", 10_000), "nested more than 64 levels deep"},
	{"dashes", strings.Repeat("- ", 100_000), "nested more than 64 levels deep"},
	{"question marks", strings.Repeat("? ", 90_000), "nested more than 64 levels deep"},
	{"both kinds of level", levels(40) + strings.Repeat(" ", 41) + strings.Repeat("[", 40) + strings.Repeat("]", 40), "nested more than 64 levels deep"},
	{"colons", strings.Repeat(":", 1<<20), "too much YAML"},
	{"spaced colons", strings.Repeat(": ", 1<<19), "too much YAML"},
	{"brackets", strings.Repeat("[]", 1<<19), "too much YAML"},
	{"items", "[" + strings.Repeat("a,", 59_000) + "]", "a scenario is a mapping"},
	{"entries", "{" + strings.Repeat("a: b, ", 29_500) + "}", "stands here twice"},
	{"empty items", "[" + strings.Repeat("[],", 29_000) + "]", "a scenario is a mapping"},
	{"torn calls", "[" + strings.Repeat("a(,", 59_000) + "]", "a scenario is a mapping"},
	{"tags", strings.Repeat("! ", 99_000), "not YAML"},
	{"quotes", strings.Repeat("'' ", 90_000), "not YAML"},
	{"keys", repeat("k%x: \n", 110_000), "unknown key"},
	{"unknown keys", repeat("k%d: 1\n", 90_000), "unknown key"},
	{"long names", longNames(), "and at least 80 more problems"},
	{"long names in expectations", longNamesExpected(), "and at least 80 more problems"},
	{"steps in faults", stepsInFaults(), "the faults are on more than 500000"},
	{"circles", circles(), "these calls never end"},
	{"comments", repeat("k%x: 1 #\n", 70_000), "unknown key"},
	{"a long line", strings.Repeat("a", 1<<20-3) + ": 1", "unknown key"},
	{"a long anchor", strings.Repeat("*", 90_000), "unknown anchor"},
	{"closers in a comment", "[ #]\n" + strings.Repeat("a,\n", 200_000), "too much YAML"},
	{"closers in quotes", "[ \"]\", \n" + strings.Repeat("a,\n", 200_000), "too much YAML"},
	{"mixes", work("mix(100% " + strings.Repeat("mix(100% ", 100_000)), "a scenario is"},
	{"bad UTF-8", "name: \xc3\x28\n", "byte 0xC3 is not UTF-8"},
	{"documents", strings.Repeat("---\n", 90_000), "a second document begins here"},
	{"NaN", "name: a\nduration: .nan\nseed: .inf\nwarmup: NaN\n", "is not a duration"},
}

// TestHostile: each is refused, and what it costs is bounded. The bound is on all
// that is allocated, which is a multiple of what is held at once.
func TestHostile(t *testing.T) {
	const most = 200 << 20
	for i, h := range hostile {
		if raced && i%4 != 0 {
			continue
		}
		text := []byte(h.text)
		if h.name == "mixes" {
			framed, _ := framed("services", h.text)
			h.want, text = "does not end in the bracket", []byte(framed)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse("hostile.yaml", text, ".")
		if err == nil {
			t.Errorf("%s is not refused", h.name)
			continue
		}
		message := err.Error()
		runtime.ReadMemStats(&after)
		if !strings.Contains(message, h.want) {
			t.Errorf("%s: got %.300s, want %q in it", h.name, message, h.want)
		}
		if len(message) > 20_000 {
			t.Errorf("%s: the message has %d bytes", h.name, len(message))
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > most {
			t.Errorf("%s: %d MB were allocated, more than %d", h.name, spent>>20, most>>20)
		}
	}
}

// TestHugeFile: of a file that is too large no more is read than it takes to see that.
func TestHugeFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "huge.yaml")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 40); err != nil { // a hole, which takes no room
		t.Fatal(err)
	}
	f.Close()
	_, err = Load(name)
	if want := name + ": larger than 1 MiB, the most that a file may have"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	text, _ := framed("services", work("empirical("+name+")"))
	_, err = Parse("x.yaml", []byte(text), ".")
	if got := errorLines(err); !strings.Contains(got, "larger than 1 MiB") {
		t.Errorf("as a file of durations: %s", got)
	}
}

func repeat(form string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, form, i)
	}
	return b.String()
}

// longNames are services that are all a little like those that are called.
func longNames() string {
	x, y := strings.Repeat("x", 40), strings.Repeat("y", 50)
	return "name: a\nduration: 1m\ntopology:\n  services:\n" + repeat("    "+x+"%04d"+y+": {threads: 1, steps: [{work: 1ms}]}\n", 3000) +
		repeat("    b%d: {threads: 1, steps: [{sync: "+y+"%[1]d"+x+"}]}\n", 2500) + "traffic: {l: {to: b0, rate: 1/s}}\n"
}

func longNamesExpected() string {
	x, y := strings.Repeat("x", 40), strings.Repeat("y", 50)
	return "name: a\nduration: 1m\ntopology:\n  services:\n" + repeat("    "+x+"%04d"+y+": {threads: 1, steps: [{work: 1ms}]}\n", 3000) +
		"traffic: {l: {to: " + x + "0000" + y + ", rate: 1/s}}\nexpect:\n" + repeat("  - "+y+x+"%d->"+x+y+".errors < 1%%\n", 900)
}

func stepsInFaults() string {
	return "name: a\nduration: 1m\ntopology:\n  services:\n    b: {threads: 1, steps: [{work: 1ms}]}\n    a:\n      threads: 1\n      steps:\n" +
		strings.Repeat("        - sync: b\n", 20_000) + "traffic: {l: {to: a, rate: 1/s}}\nfaults:\n" + strings.Repeat("  - {at: 1s, loss: {on: a->b, rate: 1%}}\n", 9000)
}

// circles are services each of which calls itself and the one before.
func circles() string {
	return "name: a\nduration: 1m\ntopology:\n  services:\n    s0: {threads: 1, steps: [{sync: s9000}]}\n" +
		strings.TrimPrefix(repeat("    s%d: {threads: 1, steps: [{sync: s%[1]d}, {sync: s0}]}\n", 9001), "    s0: {threads: 1, steps: [{sync: s0}, {sync: s0}]}\n") +
		"traffic: {l: {to: s0, rate: 1/s}}\n"
}

func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return text
}

func levels(n int) string {
	var b strings.Builder
	for i := range n {
		if b.Len() > 2<<20 {
			break // larger than any file may be
		}
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// FuzzParse: whatever the text, there is a scenario or there are problems with
// places in the text; never a panic.
func FuzzParse(f *testing.F) {
	f.Add(complete)
	f.Add(overridden)
	f.Add(messages)
	for _, info := range Names() {
		text, _ := Text(info.Name)
		f.Add(string(text))
	}
	for _, row := range slices.Concat(badRows, queueRows) {
		text, _ := framed(row.part, row.text)
		f.Add(text)
	}
	for _, h := range hostile {
		if len(h.text) < 2000 {
			f.Add(h.text)
		}
	}
	library := &library{open: func(string) ([]byte, error) { return nil, os.ErrNotExist }, join: joinBuiltin}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := read(library, "fuzz.yaml", []byte(text), ".", nil)
		if (s == nil) == (err == nil) {
			t.Fatalf("a scenario %v and an error %v", s != nil, err)
		}
		if err == nil {
			return
		}
		problems := err.(Problems)
		if len(problems) == 0 {
			t.Fatal("refused without a problem")
		}
		_ = err.Error()
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 1
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines+1 || p.Column < 0 || p.Message == "" {
				t.Errorf("%+v is nowhere in %d lines", p, lines)
			}
		}
	})
}
