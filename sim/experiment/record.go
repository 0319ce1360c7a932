package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// A Record is what is kept of one run: its report, and what is read from it.
type Record struct {
	Trial
	Report       []byte // JSON, cascade.report/v1, with or without its timeline; nil once it is no longer needed
	Name         string // of the scenario
	Complete     bool   // the run came to its end
	Events       uint64
	Fingerprint  string
	Expectations []Outcome
	Metrics      []Metric // all numbers under sources, services, edges and queues, in the report's order
	Metastable   bool
	Blast        []string // services that saturated though nothing of theirs was broken
}

// An Outcome is how one expectation came out in one run.
type Outcome struct {
	Text     string
	Met      bool
	Open     bool    // neither met nor missed: the run did not come to its end
	Measured bool    // Actual is a number
	Actual   float64 // in the unit of the report: seconds, a share, a rate, a number
	Bound    float64
	Why      string // what there is to say beside the numbers
}

// A Metric is a number of a report. Path is the way to it, keys with dots between
// them, members of a list by their place from 0: sources.load.latency.mean_s.
type Metric struct {
	Path  string
	Value float64
	// Kind is set where the number is of a kind of thing that a report leaves out
	// when it did not occur, so that where it is missing it is 0.
	Kind bool
}

// maxDepth bounds how deep a report is read.
const maxDepth = 32

// ReadRecord reads the report of a cell's run, as Report.WriteJSON or WriteTotals
// wrote it. The error says what is wrong with a text that is none.
func ReadRecord(cell int, report []byte) (Record, error) {
	r := Record{Trial: Trial{Cell: cell}, Report: report}
	var head struct {
		Schema   string `json:"schema"`
		Scenario struct {
			Name string `json:"name"`
			Seed uint64 `json:"seed"`
		} `json:"scenario"`
		Complete     bool   `json:"complete"`
		Events       uint64 `json:"events"`
		Fingerprint  string `json:"fingerprint"`
		Expectations []struct {
			Text      string   `json:"text"`
			Pass      bool     `json:"pass"`
			Actual    *float64 `json:"actual"`
			Bound     float64  `json:"bound"`
			Undecided bool     `json:"undecided"`
			Why       string   `json:"why"`
		} `json:"expectations"`
		Cascade struct {
			Metastable bool     `json:"metastable"`
			Blast      []string `json:"blast_radius"`
		} `json:"cascade"`
	}
	if err := json.Unmarshal(report, &head); err != nil {
		return r, fmt.Errorf("not a report: %w", err)
	}
	if head.Schema != "cascade.report/v1" {
		return r, fmt.Errorf("not a report: its schema is %q, not cascade.report/v1", head.Schema)
	}
	r.Name, r.Seed = head.Scenario.Name, head.Scenario.Seed
	r.Complete, r.Events, r.Fingerprint = head.Complete, head.Events, head.Fingerprint
	r.Metastable, r.Blast = head.Cascade.Metastable, head.Cascade.Blast
	for _, e := range head.Expectations {
		o := Outcome{Text: e.Text, Met: e.Pass, Open: e.Undecided, Bound: e.Bound, Why: e.Why}
		if e.Actual != nil {
			o.Measured, o.Actual = true, *e.Actual
		}
		r.Expectations = append(r.Expectations, o)
	}
	var err error
	r.Metrics, err = readMetrics(report, false)
	return r, err
}

// Paths are those of all metrics that reports of a scenario may have, but for the kinds
// of things that occur, read from a report of it: that of a run of no time will do.
func Paths(report []byte) ([]string, error) {
	metrics, err := readMetrics(report, true)
	paths := make([]string, len(metrics))
	for i := range metrics {
		paths[i] = metrics[i].Path
	}
	return paths, err
}

// Slim is the record without its report's text, for who needs only the numbers.
func (r Record) Slim() Record {
	r.Report = nil
	return r
}

// measured are the parts of a report whose numbers are metrics, and kinds the objects
// whose keys are the kinds of things that occurred.
var (
	measured = []string{"sources", "services", "edges", "queues"}
	kinds    = []string{"failed", "outcomes", "call_outcomes", "turned_away"}
)

// readMetrics walks through a report's text, key by key.
func readMetrics(report []byte, empty bool) ([]Metric, error) {
	d := json.NewDecoder(bytes.NewReader(report))
	d.UseNumber()
	w := walker{d: d, empty: empty}
	if err := w.expect('{'); err != nil {
		return nil, err
	}
	for d.More() {
		key, err := w.key()
		if err != nil {
			return nil, err
		}
		if key == "timeline" { // the last, and by far the longest
			break
		}
		if !slices.Contains(measured, key) {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return nil, err
			}
			continue
		}
		w.path = append(w.path[:0], key...)
		if err := w.value(false, 0); err != nil {
			return nil, err
		}
	}
	return w.found, nil
}

// A walker goes through a JSON text and gathers its numbers.
type walker struct {
	d     *json.Decoder
	path  []byte
	found []Metric
	empty bool // numbers of what did not occur are wanted too
}

func (w *walker) expect(want json.Delim) error {
	t, err := w.d.Token()
	if err == nil && t != want {
		err = fmt.Errorf("want %v, found %v", want, t)
	}
	return err
}

func (w *walker) key() (string, error) {
	t, err := w.d.Token()
	if err != nil {
		return "", err
	}
	key, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("want a key, found %v", t)
	}
	return key, nil
}

// value reads what stands at the path; kind says that it stands in an object of kinds.
func (w *walker) value(kind bool, depth int) error {
	if depth > maxDepth {
		return errors.New("it is nested too deeply for a report")
	}
	t, err := w.d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Number:
		v, err := t.Float64()
		if err != nil {
			return err
		}
		w.found = append(w.found, Metric{string(w.path), v, kind})
	case json.Delim:
		if t == '{' {
			return w.object(depth)
		}
		return w.list(depth)
	}
	return nil // texts, null, true and false are no numbers
}

func (w *walker) object(depth int) error {
	length, begin := len(w.path), len(w.found)
	empty := false
	for w.d.More() {
		key, err := w.key()
		if err != nil {
			return err
		}
		w.path = append(append(w.path[:length], '.'), key...)
		if err := w.value(slices.Contains(kinds, w.last(length)), depth+1); err != nil {
			return err
		}
		if n := len(w.found); key == "count" && n == begin+1 {
			empty = w.found[begin].Value == 0
		}
	}
	w.path = w.path[:length]
	if empty && !w.empty {
		w.found = w.found[:begin+1] // a mean of nothing is none
	}
	_, err := w.d.Token()
	return err
}

// last is the last key of the path's first length bytes.
func (w *walker) last(length int) string {
	i := bytes.LastIndexByte(w.path[:length], '.')
	return string(w.path[i+1 : length])
}

// list reads a list. Its members have their place for a name; a list of changes, each
// at its instant, is a story and not numbers to take the mean of.
func (w *walker) list(depth int) error {
	length := len(w.path)
	story := slices.Contains([]string{"changes"}, w.last(length))
	begin := len(w.found)
	for i := 0; w.d.More(); i++ {
		w.path = strconv.AppendInt(append(w.path[:length], '.'), int64(i), 10)
		if err := w.value(w.last(length) == "tries", depth+1); err != nil {
			return err
		}
	}
	w.path = w.path[:length]
	if story {
		w.found = w.found[:begin]
	}
	_, err := w.d.Token()
	return err
}

// A Column is a metric over several records.
type Column struct {
	Path   string
	Values []float64 // of the records that have it, in their order
	Of     []int     // which these are: indexes into the records
}

// Columns are all metrics of the records. Their order is that of the first record that
// has one, and what only later ones have comes behind what it follows there.
func Columns(records []Record) []Column {
	var order []string
	kind := map[string]bool{}
	seen := map[string]bool{}
	for i := range records {
		at := 0 // where the next new path goes
		var place map[string]int
		for _, m := range records[i].Metrics {
			kind[m.Path] = kind[m.Path] || m.Kind
			if seen[m.Path] {
				if at < len(order) && order[at] == m.Path {
					at++
					continue
				}
				if place == nil {
					place = places(order)
				}
				at = place[m.Path] + 1
				continue
			}
			seen[m.Path] = true
			order = slices.Insert(order, at, m.Path)
			at++
			place = nil
		}
	}
	place := places(order)
	columns := make([]Column, len(order))
	for i, path := range order {
		columns[i].Path = path
	}
	has := make([]int, len(order)) // the last record, from 1, that has it
	for i := range records {
		for _, m := range records[i].Metrics {
			c := &columns[place[m.Path]]
			c.Values, c.Of = append(c.Values, m.Value), append(c.Of, i)
			has[place[m.Path]] = i + 1
		}
		for k := range columns {
			if has[k] != i+1 && kind[columns[k].Path] {
				columns[k].Values, columns[k].Of = append(columns[k].Values, 0), append(columns[k].Of, i)
			}
		}
	}
	return columns
}

func places(order []string) map[string]int {
	place := make(map[string]int, len(order))
	for i, path := range order {
		place[path] = i
	}
	return place
}
