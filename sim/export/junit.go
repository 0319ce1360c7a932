package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cascade/sim/report"
)

// JUnit writes results as JUnit XML: a test suite a scenario, a test case an expectation.
// Of several runs a case says in how many it held, and which seeds to look at.
// What failed is a failure. What is undecided is an error, since both Jenkins and GitLab
// count a skipped case as nothing to worry about; so is, in a case of its own, a run that
// did not come to its end.
//
// There is no standard, and so the document keeps the rules of all three schemas that are
// held for it: junit-10.xsd, by which Jenkins' xunit plugin checks; jenkins-junit.xsd, of
// JUnit 5's own tests; and JUnit.xsd of windyroad/JUnit-Schema, of Ant's reports. The last
// wants a time and a host, which are always report.Epoch and localhost; a suite takes the
// virtual time of its run. GitLab takes a class for the suite, and of two cases with the
// same class and name only the first (docs.gitlab.com/ci/testing/unit_test_reports): names
// that occur again are numbered.
func JUnit(w io.Writer, results []Result) error {
	doc := xmlSuites{}
	names := distinct{}
	for i := range results {
		doc.Suites = append(doc.Suites, suiteOf(&results[i], i, names.name(results[i].Name)))
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

type xmlSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suites  []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name       string        `xml:"name,attr"`
	Package    string        `xml:"package,attr"`
	ID         int           `xml:"id,attr"`
	Tests      int           `xml:"tests,attr"`
	Failures   int           `xml:"failures,attr"`
	Errors     int           `xml:"errors,attr"`
	Skipped    int           `xml:"skipped,attr"`
	Time       string        `xml:"time,attr"`
	Timestamp  string        `xml:"timestamp,attr"`
	Hostname   string        `xml:"hostname,attr"`
	Properties []xmlProperty `xml:"properties>property"`
	Cases      []xmlCase     `xml:"testcase"`
	Out        xmlText       `xml:"system-out"`
	Err        xmlText       `xml:"system-err"`
}

type xmlProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type xmlCase struct {
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr"`
	Time    string      `xml:"time,attr"`
	Failure *xmlProblem `xml:"failure"`
	Error   *xmlProblem `xml:"error"`
}

type xmlProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

// An xmlText is a text with its lines as they are.
type xmlText struct {
	Text string `xml:",cdata"`
}

// classes is the package that Jenkins shows the suites in.
const classes = "cascade"

func suiteOf(r *Result, id int, name string) xmlSuite {
	s := xmlSuite{Name: legal(name), Package: classes, ID: id, Time: "0", Timestamp: time.Unix(report.Epoch, 0).UTC().Format("2006-01-02T15:04:05"), Hostname: "localhost"}
	class := classes + "." + s.Name
	property := func(name, value string) { s.Properties = append(s.Properties, xmlProperty{name, legal(value)}) }
	property("verdict", r.verdict().String())
	story := ""
	switch of := r.Report; {
	case r.Runs != nil:
		property("runs", strconv.Itoa(len(r.Runs.Records)))
		if len(r.Runs.Records) > 0 {
			property("seed", count(r.Runs.Records[0].Seed)) // the first
		}
		s.Out.Text = legal(runsText(r.Runs))
	case of != nil:
		s.Time = seconds(of.End)
		property("seed", count(of.Seed))
		property("fingerprint", hex(of.Fingerprint))
		property("complete", strconv.FormatBool(of.Complete))
		property("events", count(of.Events))
		story = storyText(of)
		s.Out.Text = legal(story)
	}
	names := distinct{}
	add := func(text string, problem *xmlProblem, fails bool) {
		c := xmlCase{Name: legal(names.name(text)), Class: class, Time: "0"}
		s.Tests++
		switch {
		case problem == nil:
		case fails:
			s.Failures++
			c.Failure = problem
		default:
			s.Errors++
			c.Error = problem
		}
		s.Cases = append(s.Cases, c)
	}
	if why := r.broke(); why != "" {
		name, text := "the run comes to its end", why+"\n"
		if r.Runs != nil {
			name = "the runs come to their end"
		}
		if story != "" {
			text += "\n" + story
		}
		add(name, &xmlProblem{"incomplete", legal(why), legal(text)}, false)
	}
	for _, j := range r.judgements() {
		var problem *xmlProblem
		switch j.verdict {
		case report.Fail:
			problem = problemOf("expectation", "measured: ", &j, story)
		case report.Undecided:
			problem = problemOf("undecided", "undecided: ", &j, story)
		}
		add(j.text, problem, j.verdict == report.Fail)
	}
	return s
}

func problemOf(kind, word string, j *judgement, story string) *xmlProblem {
	text := j.text + "\n" + word + j.measured + "\n"
	for _, m := range j.more {
		text += m + "\n"
	}
	if story != "" {
		text += "\n" + story
	}
	return &xmlProblem{kind, legal(word + j.measured), legal(text)}
}

// storyText is the story of a run, a sentence a line.
func storyText(r *report.Report) string {
	var b strings.Builder
	b.WriteString("What happened\n")
	for _, l := range r.Story() {
		b.WriteString("  " + l.String() + "\n")
	}
	return b.String()
}

// distinct are names that have been given. What comes again is numbered.
type distinct map[string]int

func (d distinct) name(s string) string {
	for {
		d[s]++
		if d[s] == 1 {
			return s
		}
		s = fmt.Sprintf("%s (%d)", s, d[s])
	}
}

// legal writes out what XML 1.0 has no letter for: control characters, and what is no
// letter at all.
func legal(s string) string {
	ok := func(c rune, size int) bool {
		switch {
		case c == utf8.RuneError && size == 1:
			return false
		case c == '\t' || c == '\n' || c == '\r':
			return true
		}
		return c >= ' ' && c != '\uFFFE' && c != '\uFFFF'
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case ok(c, size):
			b.WriteString(s[i : i+size])
		case size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		i += size
	}
	return b.String()
}
