package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// lines reads a table back.
func lines(t *testing.T, table Table, r *report.Report) [][]string {
	t.Helper()
	return rowsOf(t, table, func(w io.Writer) error { return table.Write(w, r) })
}

func rowsOf(t *testing.T, table Table, write func(io.Writer) error) [][]string {
	t.Helper()
	text := written(t, write)
	if !strings.HasSuffix(text, "\r\n") || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Errorf("%s: its lines do not all end in CR LF", table.File)
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", table.File, err)
	}
	return all
}

func TestTablesAreTheTimelineOfTheJSON(t *testing.T) {
	for _, r := range examples(t) {
		want := inJSON(t, r)
		cells := map[string]string{} // file, t, names, column -> cell
		rows := 0
		for _, table := range Tables() {
			all := lines(t, table, r)
			header := all[0]
			names := 1 // columns of names, behind the time
			for _, c := range header[1:] {
				if c == "source" || c == "service" || c == "edge" || c == "queue" && header[1] == "queue" && names == 1 || c == "group" || c == "partition" {
					names++
				}
			}
			for _, row := range all[1:] {
				rows++
				for i := names; i < len(row); i++ {
					cells[strings.Join(append([]string{table.File, header[i]}, row[:names]...), " ")] = row[i]
				}
			}
		}
		seen := 0
		check := func(file, column, where string, n int, want json.Number) {
			t.Helper()
			key := strings.TrimSpace(file + " " + column + " " + want0(t, r, n) + " " + where)
			got, ok := cells[key]
			if !ok || got != want.String() {
				t.Fatalf("%s, %s: %q (there: %v), in the JSON %s", r.Name, key, got, ok, want)
			}
			seen++
		}
		part := func(file string, things map[string]map[string][]json.Number) {
			for name, series := range things {
				for key, values := range series {
					for n, v := range values {
						check(file, key, name, n, v)
					}
				}
			}
		}
		part("sources.csv", want.Sources)
		part("services.csv", want.Services)
		part("edges.csv", want.Edges)
		for name, q := range want.Queues {
			for key, values := range map[string][]json.Number{"depth": q.Depth, "age_s": q.Age, "held": q.Held, "lag": q.Lag, "published": q.Published, "acknowledged": q.Acknowledged} {
				for n, v := range values {
					check("queues.csv", key, name, n, v)
				}
			}
			for n, v := range q.Drain {
				if v == nil {
					v = new(json.Number)
				}
				check("queues.csv", "drain_s", name, n, *v)
			}
			for group, g := range q.Groups {
				for n, v := range g.Lag {
					check("groups.csv", "lag", name+" "+group, n, v)
				}
				for k, lags := range g.Partitions {
					for n, v := range lags {
						check("partitions.csv", "lag", name+" "+group+" "+strconv.Itoa(k), n, v)
					}
				}
			}
		}
		if seen != len(cells) || seen < 100 {
			t.Errorf("%s: %d numbers in the JSON, %d in %d rows", r.Name, seen, len(cells), rows)
		}
	}
}

// want0 is the time of a point as the JSON writes it.
func want0(t *testing.T, r *report.Report, n int) string {
	t.Helper()
	return inJSONOnce(t, r).T[n].String()
}

var parsed = map[*report.Report]*wanted{}

func inJSONOnce(t *testing.T, r *report.Report) *wanted {
	if parsed[r] == nil {
		w := inJSON(t, r)
		parsed[r] = &w
	}
	return parsed[r]
}

// TestRunsAreTheRowsOfEach: of several runs a table has the rows of each, behind its seed.
func TestRunsAreTheRowsOfEach(t *testing.T) {
	var records []experiment.Record
	for i, r := range examples(t) {
		records = append(records, experiment.Record{Trial: experiment.Trial{Seed: uint64(i)*1e18 + 1}, Report: []byte(written(t, r.WriteJSON))})
	}
	report := func(r *experiment.Record) ([]byte, error) { return r.Report, nil }
	for _, table := range Tables() {
		got := rowsOf(t, table, func(w io.Writer) error { return table.WriteRuns(w, records, report) })
		var want [][]string
		for i, r := range examples(t) {
			for _, row := range lines(t, table, r)[1:] {
				want = append(want, append([]string{strconv.FormatUint(records[i].Seed, 10)}, row...))
			}
		}
		if got[0][0] != "seed" || got[0][1] != "t_s" {
			t.Errorf("%s: the header is %q", table.File, got[0])
		}
		if len(got) != len(want)+1 || len(want) == 0 {
			t.Fatalf("%s: %d rows, want %d", table.File, len(got)-1, len(want))
		}
		for i := range want {
			if strings.Join(got[i+1], "|") != strings.Join(want[i], "|") {
				t.Fatalf("%s: row %d is %q, want %q", table.File, i, got[i+1], want[i])
			}
		}
	}
}

func TestReportsThatCannotBeReadAreErrors(t *testing.T) {
	whole := written(t, ran(t, "slow-dependency", 0).WriteJSON)
	for _, row := range []struct{ text, want string }{
		{"", "the report of the seed 7: unexpected end of JSON input"}, {"{}", "the report of the seed 7: it has no timeline"},
		{`{"timeline": {"t_s": [0], "sources": {"a": {"offered": [1, 2]}}}}`, "the report of the seed 7: offered of [a] has 2 numbers, and there are 1 points"},
		{`{"timeline": {"t_s": [0], "sources": [1]}}`, "the report of the seed 7: want an object, found ["}, {strings.Replace(whole, `"offered": [`, `"offered": ["x", `, 1), "the report of the seed 7: "},
		{`{"timeline": {"t_s": [0]}}`, "the report of the seed 7: want an object, found <nil>"},
	} {
		err := Tables()[0].WriteRuns(io.Discard, []experiment.Record{{Trial: experiment.Trial{Seed: 7}}}, func(*experiment.Record) ([]byte, error) { return []byte(row.text), nil })
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%.60s: %v, want %s", row.text, err, row.want)
		}
	}
}

func TestTableOfNothingIsAHeader(t *testing.T) {
	for _, table := range Tables() {
		if got := lines(t, table, &report.Report{}); len(got) != 1 || got[0][0] != "t_s" {
			t.Errorf("%s: %q", table.File, got)
		}
	}
}

// TestTablesQuoteNames reads back what RFC 4180 has to quote. A break of the line in a
// name becomes one of CR LF.
func TestTablesQuoteNames(t *testing.T) {
	for _, name := range hostile {
		r := named(t, name)
		for k, table := range Tables()[:3] {
			all := lines(t, table, r)
			want := strings.ReplaceAll(strings.ReplaceAll(name+"0", "\r\n", "\n"), "\r", "")
			if got := all[1][1]; got != want {
				t.Errorf("table %d: %q is read back as %q", k, name, got)
			}
		}
	}
}
