package experiment

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cascade/sim/report"

	"github.com/google/go-cmp/cmp"
)

var inks = regexp.MustCompile("\x1b\\[[0-9;]*m")

// knownPaths are the metrics of a small scenario.
var knownPaths = []string{
	"sources.load.offered", "sources.load.goodput", "sources.load.success", "sources.load.latency.count", "sources.load.latency.mean_s", "sources.load.latency.p99_s", "sources.load.latency_all.p99_s",
	"services.shop.arrived", "services.shop.saturation", "services.shop.saturation_max", "services.shop.queue_mean", "services.shop.latency.p99_s",
	"services.shop.instances.0.arrived", "services.shop.operations.buy.arrived", "services.shop.operations.buy.latency.p99_s",
	"services.stock.arrived", "services.stock.saturation", "services.stock.latency.p99_s",
	"edges.load->shop.buy.calls", "edges.load->shop.buy.attempts", "edges.load->shop.buy.latency.p99_s",
	"queues.orders.published", "queues.orders.depth_max", "queues.orders.groups.mail.lag",
}

// small is a sweep of two settings, with a record of each run.
func small() (*Spec, []Record) {
	spec := &Spec{
		Schema: SpecSchema, Kind: Sweep, Scenario: "shop", Seed: 1, Runs: 3, Sets: []Set{},
		Expectations: []Wanted{{Text: "load.success > 99%"}, {Text: "load.p99 < 1s"}},
		Axes:         []Axis{{Path: "services.shop.threads", Values: []string{"4", "8"}}},
	}
	record := func(cell int, seed uint64, p99 float64, errors int, met ...bool) Record {
		r := Record{Trial: Trial{cell, seed}, Complete: true, Metrics: []Metric{{"sources.load.success", 1, false}, {"sources.load.latency.p99_s", p99, false}}}
		if errors > 0 {
			r.Metrics = slices.Insert(r.Metrics, 0, Metric{"sources.load.failed.error", float64(errors), true})
		}
		for i, m := range met {
			r.Expectations = append(r.Expectations, Outcome{Text: spec.Expectations[i].Text, Met: m, Measured: i == 1, Actual: p99})
		}
		return r
	}
	records := []Record{
		record(0, 1, 1, 3, true, false), record(0, 2, 2, 0, true, false), record(0, 3, 3, 0, true, true),
		record(1, 1, 0.1, 0, true, true), record(1, 2, 0.3, 0, true, true), record(1, 3, 0.2, 0, true, true),
	}
	records[0].Metastable = true
	return spec, records
}

func showing(t *testing.T, texts ...string) *Show {
	t.Helper()
	s, err := ParseShow(texts, knownPaths, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a setting comes to, worked out by hand: of 1, 2 and 3 the mean is 2, the standard
// deviation 1, and Student's t of two degrees of freedom 4.303.
func TestSweepByHand(t *testing.T) {
	spec, records := small()
	g := NewSweep(spec, showing(t, "load.p99", "sources.load.failed.error"), records)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-3 {
			t.Errorf("%s is %v, not %v", what, got, want)
		}
	}
	c := &g.Cells[0]
	if !g.Complete || g.Done != 6 || len(g.Cells) != 2 || c.Runs != 3 || c.Settings[0].String() != "services.shop.threads=4" {
		t.Fatalf("%+v", g)
	}
	p99 := c.Metrics[0]
	near("the mean", p99.Mean, 2)
	near("the deviation", p99.SD, 1)
	near("the lower end", p99.Low, 2-4.3027/math.Sqrt(3))
	near("the upper end", p99.High, 2+4.3027/math.Sqrt(3))
	near("the errors of runs without any", c.Metrics[1].Mean, 1)
	near("errors that never occurred", g.Cells[1].Metrics[1].Mean, 0)
	if g.Cells[1].Metrics[1].N != 3 {
		t.Errorf("no errors in %d of 3 runs", g.Cells[1].Metrics[1].N)
	}
	if h := c.Expectations[1]; h.Count != 1 || h.Of != 3 || h.Text != "load.p99 < 1s" {
		t.Errorf("held %+v", h)
	}
	near("Wilson's lower end of one in three", c.Expectations[1].Low, 0.0615)
	near("Wilson's upper end of one in three", c.Expectations[1].High, 0.7923)
	near("what was measured", c.Expectations[1].Actual.Mean, 2)
	if c.Held.Count != 1 || c.Metastable.Count != 1 || g.Cells[1].Held.Count != 3 || g.Cells[1].Metastable.Count != 0 {
		t.Errorf("held %+v, metastable %+v", c.Held, c.Metastable)
	}
}

// What a sweep comes to does not depend on the order of the records, nor on what Hold
// leaves out.
func TestSweepIsOfTheRecordsAlone(t *testing.T) {
	spec, records := small()
	show := showing(t, "load.p99", "*.success", "held", "expectations.1.actual")
	written := func(records []Record) string {
		g := NewSweep(spec, show, records)
		var all bytes.Buffer
		for _, write := range []func() error{
			func() error { return g.WriteJSON(&all) },
			func() error { return g.WriteCSV(&all) },
			func() error { return g.WriteText(&all, SweepText{}) },
		} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
		return all.String()
	}
	want := written(records)
	mixed := slices.Clone(records)
	slices.Reverse(mixed)
	mixed[1], mixed[4] = mixed[4], mixed[1]
	if got := written(mixed); got != want {
		t.Error(cmp.Diff(want, got))
	}
	var held []Record
	for _, r := range mixed {
		r.Metrics = append([]Metric{{"services.shop.arrived", 1, false}}, r.Metrics...)
		r.Report = []byte("x")
		held = append(held, show.Hold(r))
		if n := len(held[len(held)-1].Metrics); n != 2 || held[len(held)-1].Report != nil {
			t.Errorf("%d metrics are held", n)
		}
	}
	if got := written(held); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// A run that a bound stopped: nothing held, and no mean has it. A run that is not there
// is not counted at all.
func TestSweepOfRunsThatDidNotEnd(t *testing.T) {
	spec, records := small()
	before := NewSweep(spec, showing(t), records).Cells[1].Metastable.Count
	records[5].Complete, records[5].Metastable = false, true // which nobody knows of one that did not end
	records = records[1:]
	g := NewSweep(spec, showing(t), records)
	if g.Complete || g.Done != 5 || g.Stopped != 1 {
		t.Errorf("complete %v, %d done, %d stopped", g.Complete, g.Done, g.Stopped)
	}
	a, b := &g.Cells[0], &g.Cells[1]
	if a.Runs != 2 || a.Held.Of != 2 || a.Metrics[1].N != 2 || a.Metrics[1].Mean != 2.5 {
		t.Errorf("without a run: %+v", a)
	}
	if b.Runs != 3 || b.Stopped != 1 || b.Held.Count != 2 || b.Held.Of != 3 || b.Metrics[1].N != 2 || math.Abs(b.Metrics[1].Mean-0.2) > 1e-9 || b.Expectations[0].Count != 2 || b.Metastable.Count != before {
		t.Errorf("with a run that was stopped: %+v", b)
	}
	none := NewSweep(spec, showing(t), nil)
	var text bytes.Buffer
	for _, err := range []error{none.WriteText(&text, SweepText{}), none.WriteJSON(&text), none.WriteCSV(&text)} {
		if err != nil {
			t.Error(err)
		}
	}
	if s := text.String(); !strings.Contains(s, "INTERRUPTED  0 of 6 runs done") || !strings.Contains(s, "not run") || strings.Contains(s, "NaN") {
		t.Error(s)
	}
}

func TestShow(t *testing.T) {
	for _, row := range []struct{ texts, want string }{
		{"", "expectations.0 sources.load.success sources.load.latency.p99_s"},
		{"load.p99", "sources.load.latency.p99_s"},
		{"sources.load.latency.p99_s", "sources.load.latency.p99_s"},
		{"sources.load.p99", "sources.load.latency.p99_s"},
		{"load.latency.p99_s load.p99", "sources.load.latency.p99_s"},
		{"shop.saturation.max shop.queue", "services.shop.saturation_max services.shop.queue_mean"},
		{"shop.buy.p99", "services.shop.operations.buy.latency.p99_s"},
		{"load->shop.buy.p99", "edges.load->shop.buy.latency.p99_s"},
		{"orders.depth.max orders.mail.lag", "queues.orders.depth_max queues.orders.groups.mail.lag"},
		{"load.failed.timeout", "sources.load.failed.timeout"},
		{"edges.load->shop.buy.outcomes.error", "edges.load->shop.buy.outcomes.error"},
		{"*.saturation", "*.saturation"},
		{"services.*.p99", "services.*.latency.p99_s"},
		{"held metastable expectations.1 expectations.01.actual", "held metastable expectations.1 expectations.1.actual"},
	} {
		s, err := ParseShow(strings.Fields(row.texts), knownPaths, 2)
		if err != nil {
			t.Errorf("%s: %v", row.texts, err)
			continue
		}
		if got := strings.Join(s.wanted, " "); got != row.want {
			t.Errorf("%s: %s, not %s", row.texts, got, row.want)
		}
	}
	for _, row := range []struct{ text, want string }{
		{"laod.p99", `there is no "laod"; did you mean "load.p99"?`},
		{"load.succes", `did you mean "load.success"?`},
		{"sources.load.goodputt", `did you mean "sources.load.goodput"?`},
		{"load.errors", "of load it has offered, goodput, success, mean, p99"},
		{"load", "of load it has"},
		{"load.failed.timout", "a report has no such number"},
		{"shop.buy.p98", `did you mean "shop.buy.p99"?`},
		{"load->shop.buy.atempts", `did you mean "load->shop.buy.attempts"?`},
		{"hld", `did you mean "held"?`},
		{"whatever", "there are load, shop, shop.buy, stock, load->shop.buy, orders, held, metastable"},
		{"expectations.2", "the expectations are expectations.0 to expectations.1"},
		{"expectations.0.bound", "the expectations are"},
		{"expectations", "the expectations are"},
		{"x.*", "no metric's path is like that"},
		{"[*", "want a path with *"},
		{" ", "want a metric"},
	} {
		s, err := ParseShow([]string{row.text}, knownPaths, 2)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, error %v, not %s", row.text, s, err, row.want)
		}
	}
	if _, err := ParseShow([]string{"expectations.0"}, knownPaths, 0); err == nil || !strings.Contains(err.Error(), "no expectations") {
		t.Errorf("error %v", err)
	}
}

// The kinds of things that occur are those of the report's schema.
func TestOccurrences(t *testing.T) {
	var schema struct {
		Defs struct {
			Outcomes struct {
				PropertyNames struct{ Enum []string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(report.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schema.Defs.Outcomes.PropertyNames.Enum, occurrences); diff != "" {
		t.Error(diff)
	}
}

// The table of values: a row a setting, with as many values as its head has names.
func TestSweepCSV(t *testing.T) {
	spec, records := small()
	spec.Axes[0].Values[1] = "uniform(1, 2)"
	var text bytes.Buffer
	if err := NewSweep(spec, showing(t, "load.p99"), records[:4]).WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	value := func(row int, name string) string {
		k := slices.Index(rows[0], name)
		if k < 0 {
			t.Fatalf("no column %s in %q", name, rows[0])
		}
		return rows[row][k]
	}
	for _, want := range []struct {
		row         int
		name, value string
	}{
		{1, "services.shop.threads", "4"}, {2, "services.shop.threads", "uniform(1, 2)"},
		{1, "runs", "3"}, {2, "runs", "1"}, {1, "stopped", "0"},
		{1, "expectations.0", "1"}, {2, "expectations.1", "1"}, {1, "metastable", fmt.Sprint(1. / 3)}, {1, "held", fmt.Sprint(1. / 3)},
		{1, "expectations.0.actual", ""}, {1, "expectations.0.actual_runs", "0"}, {1, "expectations.1.actual", "2"},
		{1, "sources.load.latency.p99_s", "2"}, {1, "sources.load.latency.p99_s_sd", "1"},
		{2, "sources.load.latency.p99_s", "0.1"}, {2, "sources.load.latency.p99_s_low", ""}, {2, "sources.load.latency.p99_s_runs", "1"},
	} {
		if got := value(want.row, want.name); got != want.value {
			t.Errorf("row %d: %s is %q, not %q", want.row, want.name, got, want.value)
		}
	}
}

// grid is a sweep with so many values along each axis, one run of each setting: its p99 is
// the setting's number in milliseconds.
func grid(values ...int) (*Spec, []Record) {
	spec := &Spec{Schema: SpecSchema, Kind: Sweep, Scenario: "grid", Seed: 7, Runs: 1, Sets: []Set{}, Expectations: []Wanted{{Text: "load.success > 99%"}, {Text: "load.p99 < 1s"}}}
	for i, n := range values {
		a := Axis{Path: fmt.Sprintf("services.%c.threads", 'a'+i)}
		for v := range n {
			a.Values = append(a.Values, fmt.Sprint(10*(v+1)))
		}
		spec.Axes = append(spec.Axes, a)
	}
	var records []Record
	for c := range spec.Cells() {
		share := float64(c) / float64(max(spec.Cells()-1, 1))
		records = append(records, Record{Trial: Trial{c, 7}, Complete: true,
			Metrics:      []Metric{{"sources.load.success", share, false}, {"sources.load.latency.p99_s", float64(c+1) / 1e3, false}},
			Expectations: []Outcome{{Met: share > 0.5}, {Met: true, Measured: true, Actual: share}}})
	}
	return spec, records
}

// TestSweepTexts holds the text of grids of many forms against testdata.
func TestSweepTexts(t *testing.T) {
	for _, row := range []struct {
		name string
		axes []int
		text SweepText
		show []string
		left int // records that are missing
	}{
		{name: "one", axes: []int{8}, show: []string{"load.success", "load.p99", "held", "metastable", "expectations.1.actual"}},
		{name: "one-ascii", axes: []int{4}, text: SweepText{TextOptions: report.TextOptions{ASCII: true}}, show: []string{"load.p99", "expectations.0"}, left: 2},
		{name: "two", axes: []int{3, 5}, show: []string{"load.success", "load.p99", "expectations.0"}, left: 4},
		{name: "two-ascii", axes: []int{3, 5}, text: SweepText{TextOptions: report.TextOptions{ASCII: true}}, show: []string{"load.success"}, left: 1},
		{name: "two-colour", axes: []int{2, 5}, text: SweepText{TextOptions: report.TextOptions{Color: true}}, show: []string{"load.success"}},
		{name: "two-rich", axes: []int{2, 5}, text: SweepText{TextOptions: report.TextOptions{Color: true}, Rich: true}, show: []string{"load.success"}, left: 1},
		{name: "turned", axes: []int{3, 30}, show: []string{"load.success"}},
		{name: "digits", axes: []int{20, 100}, show: []string{"load.p99"}, left: 30},
		{name: "dense", axes: []int{12, 70}, show: []string{"load.success"}},
		{name: "three", axes: []int{2, 2, 3}, show: []string{"load.success", "load.p99"}},
		{name: "long", axes: []int{200}, show: []string{"load.success"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			spec, records := grid(row.axes...)
			g := NewSweep(spec, showing(t, row.show...), records[:len(records)-row.left])
			var text bytes.Buffer
			if err := g.WriteText(&text, row.text); err != nil {
				t.Fatal(err)
			}
			got := text.String()
			for i, line := range strings.Split(got, "\n") {
				plain := inks.ReplaceAllString(line, "")
				if n := len([]rune(plain)); n > 80 {
					t.Errorf("line %d has %d columns: %s", i+1, n, plain)
				}
				if row.text.ASCII && strings.ContainsFunc(plain, func(r rune) bool { return r > '~' }) {
					t.Errorf("line %d is not ASCII: %s", i+1, plain)
				}
			}
			path := filepath.Join("testdata", "sweep", row.name+".txt")
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; UPDATE=1 go test ./sim/experiment writes it", err)
			}
			if got != string(want) {
				t.Errorf("%s; UPDATE=1 go test ./sim/experiment writes it anew", cmp.Diff(string(want), got))
			}
		})
	}
}
