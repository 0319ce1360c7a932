package export

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"cascade/sim/report"
)

func annotated(t *testing.T, results ...Result) string {
	t.Helper()
	return written(t, func(w io.Writer) error { return Annotations(w, results) })
}

func TestAnnotationsGolden(t *testing.T) { golden(t, "annotations.txt", annotated(t, mixed(t)...)) }

func TestAnnotationsEscape(t *testing.T) {
	for _, row := range []struct{ name, file, title, message string }{
		{"plain", "plain", "plain%3A failed", "plain: plain"},
		{"50%", "50%25", "50%25%3A failed", "50%25: 50%25"},
		{"a,b:c", "a%2Cb%3Ac", "a%2Cb%3Ac%3A failed", "a,b:c: a,b:c"},
		{"%0A", "%250A", "%250A%3A failed", "%250A: %250A"},
	} {
		r := &report.Report{Name: row.name, Complete: true, Verdict: report.Fail, Expectations: []report.Judgement{{Text: row.name, Why: row.name}}}
		want := fmt.Sprintf("::error file=%s,line=3,title=%s::%s\n", row.file, row.title, row.message)
		if got := annotated(t, Result{Name: row.name, Report: r, Places: []Place{{row.name, 3}}}); got != want {
			t.Errorf("%q is annotated\n%swant\n%s", row.name, got, want)
		}
	}
	for _, name := range hostile {
		got := annotated(t, Result{Name: name, Report: named(t, name), Broke: "x" + name, File: "f" + name, Places: []Place{{"f" + name, 1}, {"f" + name, 2}, {"f" + name, 3}}})
		lines := strings.SplitAfter(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) != 3 || strings.Count(got, "\n") != 3 || strings.Contains(got, "\r") {
			t.Errorf("%q: %d lines and not 3:\n%s", name, len(lines), got)
		}
		for _, l := range lines {
			properties, _, ok := strings.Cut(strings.TrimPrefix(l, "::error "), "::")
			if !ok || !strings.HasPrefix(l, "::error file=f") || strings.Count(properties, ",") != strings.Count(properties, "=")-strings.Count(name, "=")*2-1 {
				t.Errorf("%q: %s", name, l)
			}
		}
	}
}

// TestAnnotationsSayWhatGitHubWouldDrop: ten errors of a step are shown.
func TestAnnotationsSayWhatGitHubWouldDrop(t *testing.T) {
	for _, n := range []int{0, 1, 10, 11, 60} {
		r := &report.Report{Complete: true, Verdict: report.Fail, Expectations: make([]report.Judgement, n)}
		got := annotated(t, Result{Name: "many", Report: r})
		if lines := strings.Count(got, "\n"); lines != min(n, 10) {
			t.Errorf("%d failed, %d annotations", n, lines)
		}
		if says := strings.Contains(got, fmt.Sprintf("::%d more expectations did not hold", n-9)); says != (n > 10) || strings.Contains(got, "and more") != (n > 10) {
			t.Errorf("%d failed:\n%s", n, got)
		}
	}
}
