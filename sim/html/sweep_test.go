package html

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"cascade/sim/experiment"
)

// grid is a sweep of made-up records over these axes: each setting's p99 is its number in
// milliseconds and one more, with half of it more for each further seed, and the
// expectation holds in the runs of the first half of the settings.
func grid(t testing.TB, runs int, axes ...experiment.Axis) *experiment.Grid {
	t.Helper()
	spec := &experiment.Spec{Schema: experiment.SpecSchema, Kind: experiment.Sweep, Scenario: "made-up", Seed: 1, Runs: runs, Axes: axes,
		Expectations: []experiment.Wanted{{Text: "shoppers.p99 < 1s"}}}
	known := []string{"sources.shoppers.offered", "sources.shoppers.success", "sources.shoppers.latency.p99_s"}
	show, err := experiment.ParseShow(nil, known, 1)
	if err != nil {
		t.Fatal(err)
	}
	var records []experiment.Record
	for _, trial := range spec.Trials() {
		p99 := float64(trial.Cell+1) / 1000 * (1 + float64(trial.Seed-1)/2)
		records = append(records, experiment.Record{Trial: trial, Complete: true,
			Expectations: []experiment.Outcome{{Text: "shoppers.p99 < 1s", Met: trial.Cell < spec.Cells()/2, Measured: true, Actual: p99}},
			Metrics:      []experiment.Metric{{Path: known[0], Value: 10}, {Path: known[1], Value: 0.5}, {Path: known[2], Value: p99}}})
	}
	return experiment.NewSweep(spec, show, records)
}

func sweepPageOf(t testing.TB, g *experiment.Grid) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSweep(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSweepOnThePage(t *testing.T) {
	threads := experiment.Axis{Path: "services.payment.threads", Values: []string{"8", "16"}}
	rate := experiment.Axis{Path: "traffic.shoppers.rate", Values: []string{"50/s", "100/s", "150/s"}}
	g := grid(t, 2, threads, rate)
	page := sweepPageOf(t, g)
	if again := sweepPageOf(t, g); again != page {
		t.Error("the same sweep makes another page")
	}
	var want bytes.Buffer
	if err := g.WriteJSON(&want); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(unpacked(t, page), want.Bytes()) {
		t.Error("the page carries another sweep")
	}
	// Each map has a place for each setting, in its row and column.
	for _, v := range g.Views() {
		at := strings.Index(page, "<h3>"+v.Name+"</h3>")
		if at < 0 {
			t.Fatalf("there is no map of %s", v.Name)
		}
		rows := regexp.MustCompile(`<tr><th scope="row">([^<]*)</th>(.*?)</tr>`).FindAllStringSubmatch(page[at:at+strings.Index(page[at:], "</figure>")], -1)
		if len(rows) != 2 {
			t.Fatalf("the map of %s has %d rows, want 2", v.Name, len(rows))
		}
		for r, row := range rows {
			cells := regexp.MustCompile(`data-cell="(\d+)"[^>]*><span>([^<]*)</span>`).FindAllStringSubmatch(row[2], -1)
			if row[1] != threads.Values[r] || len(cells) != 3 {
				t.Fatalf("row %d of %s is %q", r, v.Name, row[0])
			}
			for c, cell := range cells {
				n := 3*r + c
				if want := v.Text(v.At(&g.Cells[n]).Value); cell[1] != fmt.Sprint(n) || strings.ReplaceAll(cell[2], "&gt;", ">") != want {
					t.Errorf("%s at %v says %q of setting %s, want %q", v.Name, g.Cells[n].Settings, cell[2], cell[1], want)
				}
			}
		}
	}
	said := text(page)
	for _, want := range []string{"made-up sweep 12 runs", "settings 6", "share of the runs in which it held: shoppers.p99 < 1s", "16 150/s 2 0% 0% – 66% 50%"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q: %s", want, said)
		}
	}
}

// TestScaleOfAMap: shares from nothing to all, others from their least to their largest,
// and by powers where the largest is a hundred times the least.
func TestScaleOfAMap(t *testing.T) {
	values := make([]string, 100)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	g := grid(t, 1, experiment.Axis{Path: "x", Values: values})
	views := g.Views()
	for _, row := range []struct {
		view  int
		least float64
		most  float64
		log   bool
	}{{0, 0, 1, false}, {1, 0, 1, false}, {2, 0.001, 0.1, true}} {
		s := scaleOf(g, &views[row.view])
		if s.least != row.least || s.most != row.most || s.log != row.log {
			t.Errorf("%s: %+v, want %+v", views[row.view].Name, s, row)
		}
	}
	s := scale{least: 1, most: 101}
	for v, want := range map[float64]int{1: 0, 51: 5, 101: 10, 200: 10, -5: 0, 16: 2} {
		if got := s.level(v); got != want {
			t.Errorf("%v of 1 to 101 is level %d, want %d", v, got, want)
		}
	}
	if got := (scale{least: 1, most: 100, log: true}).level(10); got != 5 {
		t.Errorf("10 of 1 to 100 by powers is level %d, want 5", got)
	}
}

func TestNumbersOnAnAxis(t *testing.T) {
	for _, row := range []struct {
		values string
		want   []float64
	}{
		{"50/s 100/s 150/s", []float64{50, 100, 150}},
		{"500ms 1s 2s", []float64{500, 1000, 2000}},
		{"16 8 32", []float64{0, 1, 2}},           // not ascending: their places
		{"5ms exponential(5ms)", []float64{0, 1}}, // no numbers
		{"8 1s", []float64{0, 1}},                 // not of one kind
	} {
		if got := numbersOn(strings.Fields(row.values)); fmt.Sprint(got) != fmt.Sprint(row.want) {
			t.Errorf("%s: %v, want %v", row.values, got, row.want)
		}
	}
}

// TestSweepIsBounded: what there is no room for is left out, and said to be.
func TestSweepIsBounded(t *testing.T) {
	many := func(n int) []string {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprint(i)
		}
		return values
	}
	axis := func(path string, n int) experiment.Axis { return experiment.Axis{Path: path, Values: many(n)} }
	slices := sweepPageOf(t, grid(t, 1, axis("a", 70), axis("b", 2), axis("c", 3)))
	if want := "the first 60 maps of 70 are shown"; !strings.Contains(text(slices), want) {
		t.Errorf("the page does not say %q", want)
	}
	if n := strings.Count(slices, "data-cell="); n != 3*60*6 {
		t.Errorf("%d places are on the maps, want 1080", n)
	}
	long := sweepPageOf(t, grid(t, 1, axis("a", 10_500)))
	said := text(long)
	for _, want := range []string{"and that the JSON has: 2.", "The first 2,000 of 10,500 settings; the JSON has all."} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if len(long) > 3<<20 {
		t.Errorf("the page has %d bytes", len(long))
	}
}

// TestLinesOfASweep: one axis makes charts, whose numbers are the grid's.
func TestLinesOfASweep(t *testing.T) {
	g := grid(t, 3, experiment.Axis{Path: "traffic.shoppers.rate", Values: []string{"50/s", "</script>", "150/s"}})
	page := sweepPageOf(t, g)
	found := regexp.MustCompile(`id="hints">(.*?)</script>`).FindStringSubmatch(page)
	var hints struct {
		Path   string
		Values []string
		X      []float64
		Lines  []line
	}
	if err := json.Unmarshal([]byte(found[1]), &hints); err != nil {
		t.Fatal(err)
	}
	views := g.Views()
	if len(hints.Lines) != len(views) || hints.Values[1] != "</script>" || strings.Contains(page, "data-cell=") {
		t.Errorf("the charts are of %v", hints)
	}
	for i, l := range hints.Lines {
		for k := range g.Cells {
			if seen := views[i].At(&g.Cells[k]); *l.Mean[k] != seen.Value || *l.High[k] != seen.High {
				t.Errorf("%s at %d is %v, want %v", l.Name, k, *l.Mean[k], seen)
			}
		}
	}
}
