package export

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"cascade/sim/report"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafe "github.com/yuin/goldmark/renderer/html"
)

func markdown(t *testing.T, results ...Result) string {
	t.Helper()
	return written(t, func(w io.Writer) error { return Markdown(w, results) })
}

// rendered is what a reader's browser is given, HTML in the text included.
func rendered(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(unsafe.WithUnsafe(), unsafe.WithXHTML())).Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownGolden(t *testing.T) {
	golden(t, "slow-dependency.md", markdown(t, mixed(t)[0]))
	golden(t, "several.md", markdown(t, mixed(t)...))
}

var elements = regexp.MustCompile(`</?([a-z0-9]+)`)

// TestMarkdownIsOnlyText: whatever a thing is called, it is read as it is, no element comes
// in with it, tables keep their columns, and nobody is mentioned.
func TestMarkdownIsOnlyText(t *testing.T) {
	plain := markdown(t, Result{Name: "n", Report: named(t, "n"), Broke: "n"})
	shape := func(page string) string {
		var tags []string
		for _, m := range elements.FindAllString(page, -1) {
			if m != "<code" && m != "</code" {
				tags = append(tags, m)
			}
		}
		return strings.Join(tags, "")
	}
	want := shape(rendered(t, plain))
	if !strings.Contains(want, "<table<thead<tr<th") || !strings.Contains(want, "<details<summary") {
		t.Fatalf("it has no tables: %s", want)
	}
	for _, name := range hostile {
		page := rendered(t, markdown(t, Result{Name: name + "n", Report: named(t, name+"n"), Broke: name + "n"}))
		if got := shape(page); got != want {
			t.Errorf("%q changes what is on the page:\n%s\nand not\n%s", name, got, want)
		}
		wellFormed(t, name, page)
		text := regexp.MustCompile(`(?s)<code>.*?</code>`).ReplaceAllString(page, "") // GitHub reads no mentions in code
		text = html.UnescapeString(elementsAll.ReplaceAllString(text, ""))
		for _, bad := range []string{"@everyone", "#1", "repo#2", "GH-3", "http://", "www.example"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q: %s is to be read outside of code", name, bad)
			}
		}
		whole := html.UnescapeString(page)
		if service := spaced(strings.ToValidUTF8(name, "\uFFFD")) + "n0"; !strings.Contains(spaced(whole), "<code>"+service+"</code>") {
			t.Errorf("%q is not to be read in a table", name)
		}
		if cell := ">" + strings.TrimLeft(spaced(strings.ToValidUTF8(name, "\uFFFD")), " ") + "n</td>"; strings.Count(spaced(strings.ReplaceAll(whole, "\u200b", "")), cell) != 3 {
			t.Errorf("%q is not to be read as what was measured", name)
		}
		if title := spaced(strings.ToValidUTF8(name, "\uFFFD")) + "n: fail"; !strings.Contains(spaced(strings.ReplaceAll(whole, "\u200b", "")), title) {
			t.Errorf("%q is not to be read in the heading", name)
		}
	}
}

var elementsAll = regexp.MustCompile(`<[^>]*>`)

// spaced is a text with a blank for what cannot be seen.
func spaced(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, s)
}

func wellFormed(t *testing.T, name, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<page>" + page + "</page>"))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%q: the page is not well formed: %v", name, err)
			return
		}
	}
}

// TestStanding: of a single expectation, too, it is said that it is undecided.
func TestStanding(t *testing.T) {
	for _, row := range []struct {
		of   string // what became of each: held, failed, undecided
		want string
	}{
		{"", "nothing was expected of it"}, {"h", "1 of 1 expectation held"}, {"f", "0 of 1 expectation held"}, {"u", "0 of 1 expectation held, 1 undecided"},
		{"hfu", "1 of 3 expectations held, 1 undecided"}, {"hf", "1 of 2 expectations held"},
	} {
		r := &report.Report{Complete: true}
		for _, letter := range row.of {
			r.Expectations = append(r.Expectations, report.Judgement{Pass: letter == 'h', Undecided: letter == 'u'})
		}
		of := Result{Name: "n", Report: r}
		if got := of.standing(); got != row.want {
			t.Errorf("%q: %q, want %q", row.of, got, row.want)
		}
	}
}

// TestMarkdownFitsAComment has ever more in it: it stays within its bound, says what is
// missing, and every element that it opens it ends.
func TestMarkdownFitsAComment(t *testing.T) {
	big := *ran(t, "slow-dependency", 0)
	big.Verdict = report.Fail
	for len(big.Services) < 200 {
		big.Services = append(big.Services, big.Services...)
		big.Edges = append(big.Edges, big.Edges...)
	}
	for i := range 300 {
		big.Expectations = append(big.Expectations, report.Judgement{Text: strings.Repeat("long ", i%400) + "end", Pass: i%3 > 0, Why: "of no use"})
	}
	for _, n := range []int{1, 3, 30, 400} {
		var results []Result
		for i := range n {
			r := &big
			if n == 400 { // of which nothing but the verdict is shown
				r = ran(t, "slow-dependency", 0)
			}
			results = append(results, Result{Name: fmt.Sprintf("big-%d", i), Report: r})
		}
		got := markdown(t, results...)
		if len(got) > 65_000 || n > 1 && len(got) < maxComment/2 {
			t.Errorf("%d large reports make %d bytes", n, len(got))
		}
		if !strings.Contains(got, "more") || n == 400 && !strings.Contains(got, "No room for the details of ") {
			t.Errorf("%d large reports: it is not said what is missing", n)
		}
		if n < 400 && !strings.Contains(got, fmt.Sprintf("big-%d: fail", n-1)) {
			t.Errorf("%d large reports: the last has no heading", n)
		}
		if n == 3 { // as much as it gets
			wellFormed(t, fmt.Sprint(n), rendered(t, got))
		}
		if strings.Count(got, "<details>") != strings.Count(got, "</details>") {
			t.Errorf("%d large reports: details without an end", n)
		}
	}
	first := markdown(t, Result{Name: "big", Report: &big})
	if n := strings.Count(first, "❌ failed"); n < maxRows/3 || strings.Contains(first, "✅ held | `long") { // there is no room for more
		t.Errorf("of 100 expectations that failed %d are shown, or less than of those that held", n)
	}
}
