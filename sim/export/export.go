// Package export writes reports in the forms that other tools read: the timeline as CSV
// and as OpenMetrics; the verdict as JUnit XML, as Markdown for a comment, and as
// annotations of GitHub Actions.
//
// Nothing is measured or judged here: every number is one of the report's, and the same
// reports give the same bytes. Whatever a file names is escaped for where it is written.
//
//	export.OpenMetrics(w, r)
//	export.JUnit(w, []export.Result{{Name: "shop", Report: r}})
//
// It leaves out files, directories and the environment.
package export

import (
	"bufio"
	"io"
	"math"
	"strconv"

	"cascade/sim/des"
	"cascade/sim/report"
)

// number is a number as the JSON report writes it: the shortest that reads back the same.
func number(f float64) string {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(f, format, -1, 64)
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

func seconds(t des.Time) string { return number(t.Seconds()) }

// length is how long a point of the timeline is: the last may be cut short.
func length(r *report.Report, n int) des.Time {
	t := &r.Timeline
	if n == len(t.Starts)-1 {
		return r.End - t.Starts[n]
	}
	return t.Point
}

// share is a part of a whole; 0 of nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// buffered has fill write through a buffer; the first error of w is returned.
func buffered(w io.Writer, fill func(*bufio.Writer)) error {
	b := bufio.NewWriterSize(w, 64<<10)
	fill(b)
	return b.Flush()
}
