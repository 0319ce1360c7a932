package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"cascade/sim/report"
)

// maxAnnotations is how many errors GitHub shows of a step; what comes after them is
// dropped without a word (docs of actions/toolkit, problem-matchers.md).
const maxAnnotations = 10

// Annotations writes what did not hold as workflow commands of GitHub Actions, each an
// error at the line where the expectation stands: the runner shows them beside the change.
// It reads commands from both streams of a step. Undecided is an error like failed, since
// the step fails for either. Where there are more than GitHub would show the last one says
// how many.
//
// The format and its escapes: docs.github.com, workflow commands; actions/toolkit,
// packages/core/src/command.ts.
func Annotations(w io.Writer, results []Result) error {
	var lines []string
	for i := range results {
		r := &results[i]
		if why := r.broke(); why != "" {
			lines = append(lines, annotation(Place{File: r.File}, r.Name+": not a whole run", why))
		}
		for _, j := range r.judgements() {
			if j.verdict == report.Pass {
				continue
			}
			at := j.at
			if at.File == "" {
				at.File = r.File
			}
			lines = append(lines, annotation(at, r.Name+": "+outcomeOf(j.verdict), strings.Join(append([]string{j.text + ": " + j.measured}, j.more...), "\n")))
		}
	}
	if more := len(lines) - (maxAnnotations - 1); more > 1 {
		lines = append(lines[:maxAnnotations-1], annotation(Place{}, "and more", report.SeveralText(more, "more expectation")+" did not hold; the summary of the run names them"))
	}
	return buffered(w, func(b *bufio.Writer) {
		for _, l := range lines {
			b.WriteString(l)
		}
	})
}

func annotation(at Place, title, message string) string {
	where := ""
	if at.File != "" {
		where = "file=" + property(at.File) + ","
		if at.Line > 0 {
			where += fmt.Sprintf("line=%d,", at.Line)
		}
	}
	return "::error " + where + "title=" + property(title) + "::" + percented.Replace(message) + "\n"
}

// property is a property of a command: there a colon or a comma would end it.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(percented.Replace(s))
}

var percented = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
