package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ran runs a built-in scenario, once for all tests: up to an instant, or with 0 to its end.
func ran(t *testing.T, name string, until des.Time) *report.Report {
	t.Helper()
	memory.Lock()
	defer memory.Unlock()
	key := name + " " + until.String()
	if r, ok := memory.reports[key]; ok {
		return r
	}
	s, err := scenarios.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	c := report.NewCollector(s.Plan, s.Expectations)
	system := sim.New(s.Plan, c)
	if until == 0 {
		until = s.Plan.Duration
	}
	system.RunUntil(until)
	totals, err := system.Finish()
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report(totals)
	memory.reports[key] = r
	return r
}

var memory = struct {
	sync.Mutex
	reports map[string]*report.Report
}{reports: map[string]*report.Report{}}

// examples are reports of all kinds: of a stream, a queue of work, breakers, a run that was stopped.
func examples(t *testing.T) []*report.Report {
	return []*report.Report{ran(t, "slow-dependency", 0), ran(t, "hot-partition", 0), ran(t, "checkout-email-queue", 0), ran(t, "dead-dependency-breaker", 0),
		ran(t, "slow-dependency", 40_250_000_000)}
}

// A wanted is the timeline as a report's JSON has it: part, name, key, and a number a point.
type wanted struct {
	T        []json.Number                       `json:"t_s"`
	Sources  map[string]map[string][]json.Number `json:"sources"`
	Services map[string]map[string][]json.Number `json:"services"`
	Edges    map[string]map[string][]json.Number `json:"edges"`
	Queues   map[string]struct {
		Depth, Held, Lag        []json.Number
		Published, Acknowledged []json.Number
		Age                     []json.Number  `json:"age_s"`
		Drain                   []*json.Number `json:"drain_s"`
		Groups                  map[string]struct {
			Lag        []json.Number
			Partitions [][]json.Number
		}
	}
}

// inJSON is the timeline of a report as its JSON has it.
func inJSON(t *testing.T, r *report.Report) wanted {
	t.Helper()
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var whole struct{ Timeline wanted }
	if err := json.Unmarshal(text.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Timeline.T) == 0 || len(whole.Timeline.Sources) == 0 {
		t.Fatal("the report's JSON has no timeline that could be compared")
	}
	return whole.Timeline
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		write(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./sim/export -update writes it", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test ./sim/export -update writes it anew. Now it is\n%s", path, got)
	}
}

// full is a place to write to that has no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestErrorsOfTheWriterAreTold(t *testing.T) {
	r := ran(t, "slow-dependency", 0)
	results := []Result{{Name: r.Name, Report: r}, {Name: "other", Broke: "a bound"}}
	for name, fill := range map[string]func(io.Writer) error{
		"OpenMetrics": func(w io.Writer) error { return OpenMetrics(w, r) },
		"CSV":         func(w io.Writer) error { return Tables()[0].Write(w, r) },
		"JUnit":       func(w io.Writer) error { return JUnit(w, results) },
		"Markdown":    func(w io.Writer) error { return Markdown(w, results) },
		"annotations": func(w io.Writer) error { return Annotations(w, results) },
	} {
		if err := fill(full{}); err != io.ErrShortWrite {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbersAreThoseOfTheJSON(t *testing.T) {
	for _, f := range []float64{0, 1, 0.1, 1e-7, 2.5e-9, 1e21, 123456789.125, 1e20, math.MaxFloat64, 5e-324} {
		text := number(f)
		if back, err := strconv.ParseFloat(text, 64); err != nil || back != f {
			t.Errorf("%v is written %s and reads %v", f, text, back)
		}
	}
	if got := number(1e20); strings.Contains(got, "e") {
		t.Errorf("1e20 is written %s; the JSON has no exponent there", got)
	}
}

// hostile are names that would break what they are written into. No scenario file has such
// names; what is written must not depend on it.
var hostile = []string{
	`a|b`, "a`b``c", `<script>alert(1)</script>`, `</code>&amp;`, `@everyone`, `#1 owner/repo#2 GH-3`, "line\nbreak\r\n::error::x", `"quoted"`, `back\slash\|pipe`,
	"\x00\x01\x1b[31m", "\xff\xfe", "\uFFFE\uFFFF", `]]>`, `<!-- -->`, `_*~[x](http://example.org)![y](z)`, `www.example.org`, ` blank `, ``, `a,b;c`, `100%0A`, `=1+1`, `😀`,
}

// named is the report of a run in which everything has one name, with a number behind
// what there are several of: a scenario with calls, a
// fault and a failed, an undecided and a held expectation.
func named(t *testing.T, name string) *report.Report {
	t.Helper()
	memory.Lock()
	defer memory.Unlock()
	key := "named " + name
	if r, ok := memory.reports[key]; ok {
		return r
	}
	s, err := scenarios.Builtin("slow-dependency", scenarios.Override{Path: "duration", Value: "32s"}, scenarios.Override{Path: "interval", Value: "4s"},
		scenarios.Override{Path: "faults.0.for", Value: "1s"})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Plan
	p.Name = name
	for i := range p.Topology.Services {
		p.Topology.Services[i].Name = name + strconv.Itoa(i)
	}
	for i := range p.Sources {
		p.Sources[i].Name = name + strconv.Itoa(i)
	}
	for i, e := range p.Edges() {
		e.ID = name + strconv.Itoa(i)
	}
	for i := range p.Faults {
		p.Faults[i].Name, p.Faults[i].On = name, name
	}
	c := report.NewCollector(p, s.Expectations[:3])
	system := sim.New(p, c)
	system.RunUntil(p.Duration)
	totals, err := system.Finish()
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report(totals)
	r.Verdict = report.Fail
	for i := range r.Expectations {
		r.Expectations[i] = report.Judgement{Text: name, Pass: i == 1, Undecided: i == 2, Why: name}
	}
	memory.reports[key] = r
	return r
}

// TestTheSameReportsGiveTheSameBytes holds of every rendering, of a report with all in it.
func TestTheSameReportsGiveTheSameBytes(t *testing.T) {
	all := func() string {
		r := ran(t, "hot-partition", 0)
		var b strings.Builder
		results := []Result{{Name: r.Name, Report: r}, {Name: "other", Broke: "a bound"}}
		for _, fill := range []func(io.Writer) error{
			func(w io.Writer) error { return OpenMetrics(w, r, r) },
			func(w io.Writer) error { return JUnit(w, results) },
			func(w io.Writer) error { return Markdown(w, results) },
			func(w io.Writer) error { return Annotations(w, results) },
		} {
			b.WriteString(written(t, fill))
		}
		for _, table := range Tables() {
			b.WriteString(written(t, func(w io.Writer) error { return table.Write(w, r) }))
		}
		return b.String()
	}
	if first := all(); first != all() || len(first) < 10_000 {
		t.Error("two renderings of the same reports differ")
	}
}

// keys are those of a map, in order.
func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
