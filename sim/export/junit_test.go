package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cascade/sim/report"
)

// read reads a JUnit document back.
func read(t *testing.T, text string) xmlSuites {
	t.Helper()
	var doc xmlSuites
	if err := xml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return doc
}

func junit(t *testing.T, results ...Result) string {
	t.Helper()
	return written(t, func(w io.Writer) error { return JUnit(w, results) })
}

// mixed are results of all kinds.
func mixed(t *testing.T) []Result {
	held, stopped := ran(t, "slow-dependency", 0), ran(t, "slow-dependency", 40_250_000_000)
	failed := *held
	failed.Verdict = report.Fail
	failed.Expectations = append([]report.Judgement{{Text: "shoppers.p99  <\t400ms", Measured: true, Actual: 0.5, Bound: 0.4}, {Text: "shoppers.p99 < 400ms", Pass: true, Measured: true},
		{Text: "visitors.success >= 99% in 95% of runs", Undecided: true, Why: "one run is too few"}}, held.Expectations[:1]...)
	nothing := *held
	nothing.Expectations, nothing.Verdict = nil, report.Pass
	return []Result{
		{Name: "slow-dependency", Report: held, File: "a/slow.yaml"},
		{Name: "slow-dependency", Report: &failed, File: "b, c/slow: dependency.yaml",
			Places: []Place{{"b, c/slow: dependency.yaml", 7}, {"b, c/slow: dependency.yaml", 8}, {}, {"expect.yaml", 2}}},
		{Name: "nothing", Report: &nothing},
		{Name: "stopped", Report: stopped, File: "stopped.yaml"},
		{Name: "bound", Report: held, Broke: "more than 1,000,000 attempts at once: it reached a bound"},
		{Name: "bug", Broke: "a bug in the engine stopped it"},
	}
}

func TestJUnitGolden(t *testing.T) { golden(t, "junit.xml", junit(t, mixed(t)...)) }

func TestJUnitCounts(t *testing.T) {
	doc := read(t, junit(t, mixed(t)...))
	var got []string
	for _, s := range doc.Suites {
		tests, failures, errors := 0, 0, 0
		names := map[string]bool{}
		for _, c := range s.Cases {
			tests++
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
			if names[c.Class+" "+c.Name] {
				t.Errorf("%s: two cases are called %s", s.Name, c.Name)
			}
			names[c.Class+" "+c.Name] = true
		}
		if tests != s.Tests || failures != s.Failures || errors != s.Errors {
			t.Errorf("%s says %d tests, %d failures, %d errors, and has %d, %d, %d", s.Name, s.Tests, s.Failures, s.Errors, tests, failures, errors)
		}
		got = append(got, fmt.Sprint(s.Name, " ", tests, " ", failures, " ", errors))
	}
	want := "slow-dependency 4 0 0, slow-dependency (2) 4 1 1, nothing 0 0 0, stopped 5 0 2, bound 5 0 1, bug 1 0 1"
	if strings.Join(got, ", ") != want {
		t.Errorf("suites, tests, failures and errors: %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestJUnitWritesOutWhatXMLHasNoLetterFor(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"plain", "plain"}, {"a\x00b\x1bc", `a\x00b\x1bc`}, {"\xff", `\xff`}, {"\uFFFE\uFFFF", `\ufffe\uffff`}, {"tab\tline\n", "tab\tline\n"}, {"\uFFFD😀", "\uFFFD😀"},
	} {
		if got := legal(row.in); got != row.want {
			t.Errorf("%q is written out as %q, not %q", row.in, got, row.want)
		}
	}
	for _, name := range hostile {
		r := named(t, name)
		doc := read(t, junit(t, Result{Name: "x" + name, Report: r}))
		if got := doc.Suites[0].Name; got != legal("x"+name) {
			t.Errorf("%q is read back as %q", name, got)
		}
		if got := doc.Suites[0].Out.Text; !strings.Contains(got, legal(strings.ReplaceAll(strings.ReplaceAll(name, "\r\n", "\n"), "\r", "\n"))) {
			t.Errorf("%q is not in the story that is read back", name)
		}
	}
}

func TestNamesAreMadeDistinct(t *testing.T) {
	d := distinct{}
	var got []string
	for _, name := range []string{"a", "a", "a (2)", "a", "b"} {
		got = append(got, d.name(name))
	}
	if strings.Join(got, ",") != "a,a (2),a (2) (2),a (3),b" {
		t.Errorf("%q", got)
	}
}

// TestJUnitFitsTheSchema holds documents against testdata/junit.xsd, and the schema against
// documents that break a rule of it.
func TestJUnitFitsTheSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("xmllint is not installed: .ci/run is to do that")
		}
		t.Skip("xmllint is not installed")
	}
	all := mixed(t)
	for _, name := range hostile {
		all = append(all, Result{Name: "x" + name, Report: named(t, name), Broke: name})
	}
	good := junit(t, mixed(t)...)
	path := filepath.Join(t.TempDir(), "junit.xml")
	check := func(text string) (string, error) {
		write(t, path, text)
		out, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", filepath.Join("testdata", "junit.xsd"), path).CombinedOutput()
		return string(out), err
	}
	for _, text := range []string{good, junit(t, all...), junit(t)} {
		if out, err := check(text); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	for _, row := range []struct{ from, to string }{
		{`hostname="localhost"`, ``}, {`timestamp="2000-01-01T00:00:00"`, `timestamp="2000-01-01T00:00:00Z"`}, {`<testcase `, `<testcase file="a" `}, {` classname="`, ` class="`},
		{`<failure type="expectation"`, `<failure`}, {`<system-err></system-err>`, ``}, {`<properties>`, `<skipped></skipped><properties>`}, {`failures="0"`, `failures="none"`}, {"\nmeasured", "\x01"},
		{`<testsuites>`, `<testsuites name="x">`}, {`id="0"`, ``},
	} {
		bad := strings.Replace(good, row.from, row.to, 1)
		if bad == good {
			t.Fatalf("there is no %s", row.from)
		}
		if _, err := check(bad); err == nil {
			t.Errorf("with %q in place of %q it still fits", row.to, row.from)
		}
	}
}
