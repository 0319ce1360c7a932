package export

import (
	"encoding/csv"
	"io"
	"strconv"

	"cascade/sim/report"
)

// A Table is a part of the timeline as a CSV file (RFC 4180, with a header): a row for
// each point and each thing, so that a spreadsheet, pandas or R can filter and group it.
// The columns behind the name are the JSON report's keys, with its numbers.
type Table struct {
	File    string
	columns []string
	rows    func(r *report.Report, row func(cells ...string))
}

// Tables are the files that the timeline makes, in their order. They are always the same
// ones; what a scenario has none of has a file of one line.
func Tables() []Table {
	return []Table{
		{"sources.csv", []string{"t_s", "source", "offered", "succeeded", "failed", "p50_s", "p99_s"}, sourceRows},
		{"services.csv", []string{"t_s", "service", "saturation", "queue", "arrived", "errors", "p99_s", "in_hand"}, serviceRows},
		{"edges.csv", []string{"t_s", "edge", "attempts", "retries", "failed", "open"}, edgeRows},
		{"queues.csv", []string{"t_s", "queue", "depth", "age_s", "held", "lag", "published", "acknowledged", "drain_s"}, queueRows},
		{"groups.csv", []string{"t_s", "queue", "group", "lag"}, groupRows},
		{"partitions.csv", []string{"t_s", "queue", "group", "partition", "lag"}, partitionRows},
	}
}

// Write writes the table of a report; of several it begins each row with the seed.
func (t Table) Write(w io.Writer, reports ...*report.Report) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, 0, len(t.columns)+1)
	seeds := len(reports) > 1
	if seeds {
		line = append(line, "seed")
	}
	out.Write(append(line, t.columns...))
	for _, r := range reports {
		t.rows(r, func(cells ...string) {
			line = line[:0]
			if seeds {
				line = append(line, count(r.Seed))
			}
			out.Write(append(line, cells...))
		})
	}
	out.Flush()
	return out.Error() // the first of all
}

func sourceRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Sources {
			s := &t.Sources[i]
			row(seconds(at), s.Name, count(s.Offered[n]), count(s.Succeeded[n]), count(s.Failed[n]), number(s.P50[n]), number(s.P99[n]))
		}
	}
}

func serviceRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Services {
			s := &t.Services[i]
			row(seconds(at), s.Name, number(s.Saturation[n]), number(s.Queue[n]), count(s.Arrived[n]), count(s.Errors[n]),
				number(s.P99[n]), number(s.InHand[n]))
		}
	}
}

func edgeRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Edges {
			e := &t.Edges[i]
			open := 0.0 // without a breaker
			if e.Open != nil {
				open = e.Open[n]
			}
			row(seconds(at), e.ID, count(e.Attempts[n]), count(e.Retries[n]), count(e.Failed[n]), number(open))
		}
	}
}

func queueRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Queues {
			q := &t.Queues[i]
			drain := "" // it does not shrink
			if s := q.Drain(n, length(r, n)); s >= 0 {
				drain = number(s)
			}
			row(seconds(at), q.Name, number(q.Depth(n)), number(q.Age(n)), number(q.Held(n)), number(q.Lag(n)),
				count(q.Published[n]), count(q.Acknowledged[n]), drain)
		}
	}
}

func groupRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Queues {
			eachGroup(&t.Queues[i], func(g *report.ReaderSeries) {
				row(seconds(at), t.Queues[i].Name, g.Name, number(g.Lag(n)))
			})
		}
	}
}

func partitionRows(r *report.Report, row func(...string)) {
	t := &r.Timeline
	for n, at := range t.Starts {
		for i := range t.Queues {
			eachGroup(&t.Queues[i], func(g *report.ReaderSeries) {
				for k, lag := range g.Partitions {
					row(seconds(at), t.Queues[i].Name, g.Name, strconv.Itoa(k), number(lag[n]))
				}
			})
		}
	}
}

// eachGroup goes through the groups of a stream; a queue of work has none.
func eachGroup(q *report.QueueSeries, see func(*report.ReaderSeries)) {
	for i := range q.Readers {
		if q.Readers[i].Name != "" {
			see(&q.Readers[i])
		}
	}
}
