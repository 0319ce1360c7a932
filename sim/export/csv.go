package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// A Table is a part of the timeline as a CSV file (RFC 4180, with a header): a row for
// each point and each thing, so that a spreadsheet, pandas or R can filter and group it.
// The columns behind the name are the JSON report's keys, with its numbers.
type Table struct {
	File    string
	columns []string
	rows    func(r *report.Report, row func(cells ...string))
	read    func(t *told, see seeing) error // the same of a report in JSON
}

// Tables are the files that the timeline makes, in their order. They are always the same
// ones; what a scenario has none of has a file of one line.
func Tables() []Table {
	return []Table{
		{"sources.csv", []string{"t_s", "source", "offered", "succeeded", "failed", "p50_s", "p99_s"}, sourceRows, func(t *told, see seeing) error { return t.each(t.Sources, see) }},
		{"services.csv", []string{"t_s", "service", "saturation", "queue", "arrived", "errors", "p99_s", "in_hand"}, serviceRows, func(t *told, see seeing) error { return t.each(t.Services, see) }},
		{"edges.csv", []string{"t_s", "edge", "attempts", "retries", "failed", "open"}, edgeRows, func(t *told, see seeing) error { return t.each(t.Edges, see) }},
		{"queues.csv", []string{"t_s", "queue", "depth", "age_s", "held", "lag", "published", "acknowledged", "drain_s"}, queueRows, func(t *told, see seeing) error { return t.each(t.Queues, see) }},
		{"groups.csv", []string{"t_s", "queue", "group", "lag"}, groupRows, (*told).groups},
		{"partitions.csv", []string{"t_s", "queue", "group", "partition", "lag"}, partitionRows, (*told).partitions},
	}
}

// Write writes the table of a report.
func (t Table) Write(w io.Writer, r *report.Report) error {
	out := t.begin(w)
	t.rows(r, func(cells ...string) { out.Write(cells) })
	out.Flush()
	return out.Error() // the first of all
}

// begin writes the header: the columns, behind those that are given.
func (t Table) begin(w io.Writer, first ...string) *csv.Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	out.Write(append(first, t.columns...))
	return out
}

// WriteRuns writes the table of several runs, whose rows begin with the seed. Their
// reports are JSON with the timeline, asked for one at a time; the numbers are taken as
// they stand there. The error says which of them is not to be read.
func (t Table) WriteRuns(w io.Writer, records []experiment.Record, reports func(*experiment.Record) ([]byte, error)) error {
	out := t.begin(w, "seed")
	for i := range records {
		text, err := reports(&records[i])
		if err == nil {
			err = t.run(out, count(records[i].Seed), text)
		}
		if err != nil {
			return fmt.Errorf("the report of the seed %d: %w", records[i].Seed, err)
		}
	}
	out.Flush()
	return out.Error()
}

func (t Table) run(out *csv.Writer, seed string, text []byte) error {
	var whole struct {
		Timeline *told `json:"timeline"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return err
	}
	if whole.Timeline == nil {
		return fmt.Errorf("it has no timeline")
	}
	var rows [][]string // those of a thing, point by point
	var things [][][]string
	err := t.read(whole.Timeline, func(names []string, values func(key string) ([]*json.Number, error)) error {
		rows = nil
		for _, at := range whole.Timeline.Times {
			rows = append(rows, append([]string{seed, at.String()}, names...))
		}
		for _, key := range t.columns[1+len(names):] {
			all, err := values(key)
			if err == nil && len(all) != len(rows) {
				err = fmt.Errorf("%s of %v has %d numbers, and there are %d points", key, names, len(all), len(rows))
			}
			if err != nil {
				return err
			}
			for n, v := range all {
				cell := "" // null
				if v != nil {
					cell = v.String()
				}
				rows[n] = append(rows[n], cell)
			}
		}
		things = append(things, rows)
		return nil
	})
	for n := range whole.Timeline.Times {
		for _, rows := range things {
			out.Write(rows[n])
		}
	}
	return err
}

// A told is a timeline as a report's JSON has it.
type told struct {
	Times    []json.Number   `json:"t_s"`
	Sources  json.RawMessage `json:"sources"`
	Services json.RawMessage `json:"services"`
	Edges    json.RawMessage `json:"edges"`
	Queues   json.RawMessage `json:"queues"`
}

// A seeing is shown a thing of the timeline: its names, and its numbers by their key.
type seeing func(names []string, values func(key string) ([]*json.Number, error)) error

// each goes through the things of a part, in their order.
func (t *told) each(part json.RawMessage, see seeing) error {
	return inOrder(part, func(name string, thing json.RawMessage) error {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(thing, &keys); err != nil {
			return err
		}
		return see([]string{name}, func(key string) ([]*json.Number, error) { return numbers(keys[key]) })
	})
}

func numbers(list json.RawMessage) (all []*json.Number, err error) {
	if list == nil {
		return nil, nil
	}
	return all, json.Unmarshal(list, &all)
}

// inOrder goes through an object's members.
func inOrder(object json.RawMessage, see func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("want an object, found %v", t)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := see(key.(string), value); err != nil { // a key is a string
			return err
		}
	}
	return nil
}

// readers goes through the groups of all streams.
func (t *told) readers(see func(queue, group string, lag json.RawMessage, partitions []json.RawMessage) error) error {
	return inOrder(t.Queues, func(queue string, text json.RawMessage) error {
		var q struct {
			Groups json.RawMessage `json:"groups"`
		}
		if err := json.Unmarshal(text, &q); err != nil {
			return err
		}
		return inOrder(q.Groups, func(group string, text json.RawMessage) error {
			var g struct {
				Lag        json.RawMessage   `json:"lag"`
				Partitions []json.RawMessage `json:"partitions"`
			}
			if err := json.Unmarshal(text, &g); err != nil {
				return err
			}
			return see(queue, group, g.Lag, g.Partitions)
		})
	})
}

func (t *told) groups(see seeing) error {
	return t.readers(func(queue, group string, lag json.RawMessage, _ []json.RawMessage) error {
		return see([]string{queue, group}, func(string) ([]*json.Number, error) { return numbers(lag) })
	})
}

func (t *told) partitions(see seeing) error {
	return t.readers(func(queue, group string, _ json.RawMessage, partitions []json.RawMessage) error {
		for k := range partitions {
			if err := see([]string{queue, group, strconv.Itoa(k)}, func(string) ([]*json.Number, error) { return numbers(partitions[k]) }); err != nil {
				return err
			}
		}
		return nil
	})
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
