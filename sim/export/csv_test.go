package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"cascade/sim/report"
)

// lines reads a table back.
func lines(t *testing.T, table Table, reports ...*report.Report) [][]string {
	t.Helper()
	text := written(t, func(w io.Writer) error { return table.Write(w, reports...) })
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

func TestSeveralSeedsHaveAColumn(t *testing.T) {
	r := ran(t, "slow-dependency", 0)
	other := *r
	other.Seed = 1<<63 - 1
	table := Tables()[0]
	one, both := lines(t, table, r), lines(t, table, r, &other)
	if len(both) != 2*len(one)-1 || both[0][0] != "seed" {
		t.Fatalf("%d lines of one seed, %d of two, under %q", len(one), len(both), both[0])
	}
	for i, row := range both[1:] {
		seed, k := "1", i
		if i >= len(one)-1 {
			seed, k = "9223372036854775807", i-len(one)+1
		}
		if row[0] != seed || strings.Join(row[1:], ",") != strings.Join(one[k+1], ",") {
			t.Fatalf("row %d is %q, want seed %s and %q", i, row, seed, one[k+1])
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
