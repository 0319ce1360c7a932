package report

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// fifty is a plan of fifty services in a row of which the last two are slow and
// held; the names are as long as names get.
func fifty() (*sim.Plan, func(from, to des.Time, t *sim.Tallies)) {
	p := shop()
	long := "a-service-whose-name-goes-on-and-on-and-on-"
	p.Topology = &topology.Topology{}
	for i := range 50 {
		s := topology.Service{Name: fmt.Sprintf("%s%02d", long, i), Instances: 1, Threads: 10, Blocking: true, Operations: []topology.Operation{{}}}
		if i < 49 {
			s.Operations[0].Steps = []topology.Step{callTo(i+1, 0)}
		}
		p.Topology.Services = append(p.Topology.Services, s)
	}
	p.Topology.Index()
	p.Sources = p.Sources[:1]
	p.Sources[0].Edge.To.Op = 0
	for i := range 9 {
		p.Sources = append(p.Sources, p.Sources[0])
		p.Sources[i+1].Name = fmt.Sprintf("source-with-a-long-long-name-%d", i)
	}
	p.Faults[0].Ops[0] = topology.OpRef{Service: 49}
	p.Faults[0].On = long + "49"
	for i := range 9 {
		p.Faults = append(p.Faults, p.Faults[0])
		p.Faults[i+1].Name = fmt.Sprintf("fault-%d", i)
	}
	return p, func(from, to des.Time, t *sim.Tallies) {
		requests(t, 0, to-from, 100, 100)
		for i := range 50 {
			pool(t, p, i, to-from, 0, 1)
			attempts(t, i, to-from, 1000, 0)
			if from >= 30*second && from < 55*second && (i == 48 || i == 49 || i == 7) {
				if i == 49 {
					pool(t, p, i, to-from, 1234567, 10)
				} else {
					pool(t, p, i, to-from, 9, 0, 10)
				}
			}
		}
	}
}

func manyExpectations(p *sim.Plan) []string {
	var texts []string
	for i := range 30 {
		texts = append(texts, fmt.Sprintf("%s.saturation.max < %d%% from 10s to 30s", p.Topology.Services[i].Name, 1+i))
	}
	return texts
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestTextFits: every line fits its width, has no blank at its end, and with ASCII
// has nothing else; colour adds nothing but colour.
func TestTextFits(t *testing.T) {
	p, script := fifty()
	wide := run(t, p, p.Duration, manyExpectations(p), script)
	wide.Name = strings.Repeat("a very long name ", 10) + "\x1b[2J\r\n日本"
	reports := map[string]*Report{"fifty": wide}
	for _, row := range goldens {
		reports[row.name] = goldenRun(t, row.name)
	}
	reports["nothing ran"] = run(t, shop(), 0, []string{"shoppers.success > 1%", "shoppers recovers within 1s of payment-slow"}, nil)
	for name, r := range reports {
		for _, o := range []TextOptions{{}, {ASCII: true}, {Width: 60}, {Width: 100}, {Width: 200, ASCII: true}, {Width: 5}} {
			text := asText(t, r, o)
			width := max(o.Width, 60)
			if o.Width == 0 {
				width = 80
			}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			most := 40 // a screen
			if name == "fifty" {
				most = 82 // of names that each fill half a line
			}
			if len(lines) > most && width >= 80 || len(lines) < 8 {
				t.Errorf("%s %+v: %d lines", name, o, len(lines))
			}
			for _, l := range lines {
				if utf8.RuneCountInString(l) > width {
					t.Errorf("%s %+v: %q has %d columns", name, o, l, utf8.RuneCountInString(l))
				}
				if strings.TrimRight(l, " \t\r") != l {
					t.Errorf("%s %+v: %q ends in blanks", name, o, l)
				}
				for _, c := range l {
					if c < ' ' || o.ASCII && c > '~' {
						t.Errorf("%s %+v: %q has %q", name, o, l, c)
					}
				}
			}
			o.Color = true
			coloured := asText(t, r, o)
			if bytes.Equal(coloured, text) {
				t.Errorf("%s %+v: no colour", name, o)
			}
			if got := escape.ReplaceAll(coloured, nil); !bytes.Equal(got, text) {
				t.Errorf("%s %+v: colour changes the text:\n%s", name, o, got)
			}
			if regexp.MustCompile(` \x1b\[0m|\x1b\[[1-9][0-9;]*m `).Match(coloured) {
				t.Errorf("%s %+v: blanks are coloured", name, o)
			}
		}
	}
}

func TestTextOfFifty(t *testing.T) {
	p, script := fifty()
	r := run(t, p, p.Duration, manyExpectations(p)[:14], script)
	golden(t, "fifty.txt", asText(t, r, TextOptions{}))
	golden(t, "fifty-ascii.txt", asText(t, r, TextOptions{ASCII: true, Width: 120}))
}

// TestCellsStayApart: whatever a share is, there is a blank before it in the tables.
func TestCellsStayApart(t *testing.T) {
	for _, odd := range []des.Time{1, 2, 20, 3000, 400_000, second/2 - 1, second / 2} { // of a second, that makes the shares odd
		p := shop()
		well := healthy(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			pool(t, p, checkout, to-from, 1, 10)
			s := &t.Services[checkout]
			s.Working -= odd
			s.Wasted = odd
			pool(t, p, gateway, to-from, 1, 0)
			t.Services[gateway].Working = odd
			few := uint64(odd % 7)
			t.Sources[shoppers].Ended = [topology.NumOutcomes]uint64{topology.Success: 1_000_000, topology.Timeout: few}
			t.Sources[staff].Ended = [topology.NumOutcomes]uint64{topology.Success: few, topology.Timeout: 10_000_000}
			t.Services[payment].Answers = [topology.NumOutcomes]uint64{topology.Success: 300_000, topology.Error: few}
			t.Edges[toCharge].Outcomes[topology.Timeout], t.Edges[toCharge].Outcomes[topology.Rejected] = few, 50_000_000
		})
		text := string(asText(t, r, TextOptions{}))
		_, tables, _ := strings.Cut(text, "\nSources ")
		if cell := regexp.MustCompile(`%[0-9<>]|[^ 0-9.<>][<>]?[0-9.]+%|[0-9]…`).FindString(tables); cell != "" {
			t.Errorf("%q has no blank:\n%s", cell, text)
		}
	}
}

// TestColumnsStayApart: between the columns of every table there is a blank, and no
// number is cut, however large it is or long it took.
func TestColumnsStayApart(t *testing.T) {
	ends := regexp.MustCompile(`done p99|turned away|[^ ]+`)
	for _, large := range []float64{99_949, 999_949, 1_234_567, 9_999_949, 4_123_456_789} {
		for _, long := range []float64{0.00099949, 0.99949, 599.49, 35_999, 84_113, 3_599_999, 39_999_999} {
			for _, name := range []string{"queued", "chain", "guarded"} {
				r := goldenRun(t, name)
				slow := Distribution{Count: 1, P50: long, P99: long}
				for i := range r.Sources {
					s := &r.Sources[i]
					s.Offered, s.Attempts, s.Goodput, s.Latency, s.Completed = uint64(large)*uint64(r.judged()/second), uint64(2*large), large, slow, Completed{Completion: slow, Publishes: s.Publishes}
				}
				for i := range r.Services {
					s := &r.Services[i]
					s.Arrived, s.QueueMean, s.QueueMax, s.Latency = uint64(large)*uint64(r.judged()/second), large, uint64(large), slow
				}
				for i := range r.Edges {
					r.Edges[i].Calls, r.Edges[i].Attempts, r.Edges[i].Latency = uint64(large), uint64(large), slow
				}
				for i := range r.Queues {
					q := &r.Queues[i]
					q.PublishedRate = large
					for _, g := range append([]*Reader{&q.Reader}, readersIn(q)...) {
						n := uint64(large)
						g.Acknowledged, g.DeadLettered, g.Dropped, g.LagMax, g.Lag, g.AgeMax, g.Latency = n*uint64(r.judged()/second), n, n, n, n, long, slow
					}
				}
				text := string(asText(t, r, TextOptions{ASCII: true, Width: 90}))
				_, tables, _ := strings.Cut(text, "\nSources ")
				tables, _, _ = strings.Cut("Sources "+tables, "\nOver time")
				for _, table := range strings.Split(tables, "\n\n") {
					lines := strings.Split(table, "\n")
					if strings.HasPrefix(lines[0], "Guards") {
						continue
					}
					columns := ends.FindAllStringIndex(lines[0], -1)
					for _, l := range lines[1:] {
						if strings.HasPrefix(l, "      ") || strings.HasPrefix(l, "  and ") {
							continue
						}
						for _, c := range columns[1:] {
							if c[1] < len(l) && l[c[1]] != ' ' || strings.Contains(l, "...") {
								t.Fatalf("%v, %vs: %q runs together in\n%s", large, long, l, table)
							}
						}
					}
				}
			}
		}
	}
}

func readersIn(q *Queue) (all []*Reader) {
	for i := range q.Groups {
		all = append(all, &q.Groups[i])
	}
	return all
}

// TestManyExpectations: of many no more than ten are shown, those that failed among
// them, and the story is told in full.
func TestManyExpectations(t *testing.T) {
	for _, held := range []int{0, 5, 9, 11, 30} {
		r := goldenRun(t, "chain")
		r.Expectations = nil
		before := strings.Count(storyOf(asText(t, r, TextOptions{})), "\n")
		for i := range held {
			r.Expectations = append(r.Expectations, Judgement{Text: fmt.Sprintf("held %d", i), Pass: true, Measured: true})
		}
		r.Expectations = append(r.Expectations, Judgement{Text: "failed", Measured: true})
		text := asText(t, r, TextOptions{})
		_, shown, _ := strings.Cut(string(text), "\nExpectations\n")
		shown, _, _ = strings.Cut(shown, "\n\n")
		rows := strings.Count(shown, "\n") + 1
		if left := held + 1 - rows; left > 0 && !strings.HasSuffix(shown, fmt.Sprintf("  and %d more", left+1)) || rows > 11 || !strings.Contains(shown, "failed") {
			t.Errorf("%d held: got\n%s", held, shown)
		}
		if after := strings.Count(storyOf(text), "\n"); after < before || after < leastStory {
			t.Errorf("%d held: %d lines of story, without any %d:\n%s", held, after, before, text)
		}
	}
}

// storyOf is the story in a summary.
func storyOf(text []byte) string {
	_, story, _ := strings.Cut(string(text), "\nWhat happened\n")
	story, _, _ = strings.Cut(story, "\nSources")
	return story
}

// TestCharts draws a few columns that can be counted.
func TestCharts(t *testing.T) {
	for _, row := range []struct {
		axis   axis
		values []float64
		want   []int
	}{
		{axis{4, 1, 1}, []float64{0, 0.001, 0.5, 1}, []int{0, 1, 4, 8}},
		{axis{4, 1, 2}, []float64{0, 0.125, 0.126, 2}, []int{0, 0, 1, 1, 2, 2, 8, 8}},
		{axis{5, 2, 1}, []float64{0, 1, 0, 0, 0.95}, []int{8, 0, 8}}, // a spike does not vanish
		{axis{5, 2, 1}, []float64{1}, []int{8, 0, 0}},                // a run that ended early
	} {
		if got := row.axis.pool(row.values, 1); fmt.Sprint(got) != fmt.Sprint(row.want) {
			t.Errorf("%+v of %v: got %v, want %v", row.axis, row.values, got, row.want)
		}
	}
	r := &Report{Duration: 20 * second, Complete: true, Timeline: Timeline{Point: second}}
	for _, row := range []struct {
		axis  axis
		fault Fault
		want  string
	}{
		{axis{20, 1, 1}, Fault{From: 3 * second, To: 5 * second}, "   ==               "},
		{axis{20, 2, 1}, Fault{From: 3 * second, To: 5 * second}, " ==       "},
		{axis{20, 2, 1}, Fault{From: 3 * second, To: 5*second + 1}, " ==       "},
		{axis{20, 5, 2}, Fault{From: 5 * second, To: 10 * second}, "  ==    "},
		{axis{20, 1, 1}, Fault{From: 18 * second, To: 20 * second, Every: 7 * second}, "                  =="},
		{axis{20, 1, 1}, Fault{From: second, To: 2 * second, Every: 9 * second}, " =        =        ="},
		{axis{20, 1, 1}, Fault{From: 4 * second, To: 4 * second}, "    =               "},
	} {
		if got := row.axis.marks(&row.fault, r, "="); got != row.want {
			t.Errorf("%+v on %+v: got %q, want %q", row.fault, row.axis, got, row.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for share, want := range map[float64]string{0: "0%", 1: "100%", 0.5: "50%", 0.6321: "63.21%", 0.99954: "99.95%", 0.99996: "99.996%", 0.9999999: "99.99999%", 0.00001234: "0.001234%", 1e-12: "0.0000000001%"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) is %s, want %s", share, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0%", 1: "100%", 0.974: "97%", 0.996: "99.6%", 0.999: "99.9%", 0.9996: ">99.9%", 0.999996: ">99.9%", 0.0123: "1.2%",
		0.000994: "0.099%", 0.0001: "0.01%", 0.00009: "<0.01%", 1e-12: "<0.01%", 1.5: "150%"} {
		if got := roughly(share); got != want {
			t.Errorf("roughly(%v) is %s, want %s", share, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0%", 1: "100%", 0.6321: "63.21%", 0.99996: "99.996%", 0.999994: "99.999%", 0.999996: ">99.999%", 0.0001234: "0.01234%", 1e-6: "<0.01%"} {
		if got := percentCell(share); got != want {
			t.Errorf("percentCell(%v) is %s, want %s", share, got, want)
		}
	}
	for s, want := range map[float64]string{0: "0s", 5e-9: "5ns", 0.00085: "850us", 0.0009996: "1ms", 0.0123: "12.3ms", 0.8124: "812ms", 0.9996: "1s", 1.2355: "1.24s", 123.4: "123s", 599.4: "599s", 12345: "3h25m45s"} {
		if got := brief(s); got != want {
			t.Errorf("brief(%v) is %s, want %s", s, got, want)
		}
	}
	for at, want := range map[des.Time]string{0: "0s", 250 * ms: "250ms", 11_674_944 * ms: "3h14m35s", 61*second + 5*ms: "61.01s", 32_400 * ms: "32.4s",
		599_994 * ms: "599.99s", 599_996 * ms: "10m", 3600 * second: "1h", 3605 * second: "1h5s", 200 * 3600 * second: "200h"} {
		if got := clock(at); got != want {
			t.Errorf("clock(%v) is %s, want %s", at, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) is %s, want %s", n, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 12.345: "12.3", 1234: "1,234", 1234567: "1.235M", 2e9: "2G", 0.00016: "<0.01", 0.256: "0.26", 0.999: "1", 1.256: "1.26",
		99_999: "99,999", 99_999.6: "100k", 123_456: "123.5k", 999_949: "999.9k"} {
		if got := short(f); got != want || len(got) > 6 {
			t.Errorf("short(%v) is %s, want %s", f, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 0.00001: "<0.0001", 0.000123: "0.00012", 0.00909: "0.00909", 0.0699: "0.0699", 80.12: "80.1", 1234.5: "1,235", 1234567: "1.235M"} {
		if got := often(f); got != want || len(got) > 7 {
			t.Errorf("often(%v) is %s, want %s", f, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, row := range []struct {
		name  string
		known []string
		want  string
	}{
		{"paymnt", []string{"checkout", "payment"}, "payment"},
		{"paymnet", []string{"payment"}, "payment"}, // two neighbours swapped are one slip
		{"p98", []string{"p50", "p90", "p99"}, "p90"},
		{"a", []string{"b"}, ""},
		{"ab", []string{"a"}, ""},
		{"warehouse", []string{"gateway", "payment"}, ""},
		{"", []string{"gateway"}, ""},
		{strings.Repeat("x", 101), []string{strings.Repeat("y", 50)}, ""},
	} {
		if got := nearest(row.name, row.known); got != row.want {
			t.Errorf("nearest to %q of %q: got %q, want %q", row.name, row.known, got, row.want)
		}
	}
}

// TestStoryKeepsItsLines: what the tables tell once more leaves a story of eight lines
// only after expectations that held have.
func TestStoryKeepsItsLines(t *testing.T) {
	r := goldenRun(t, "guarded")
	for len(r.Expectations) < 9 {
		r.Expectations = append(r.Expectations, Judgement{Text: "held", Pass: true, Measured: true})
	}
	text := asText(t, r, TextOptions{})
	if n := strings.Count(storyOf(text), "\n"); n < leastStory {
		t.Errorf("%d lines of story:\n%s", n, text)
	}
}

// TestSlowestGroup: a stream's own row has the dead letters and the dropped of all its
// groups, and of each other number the worst group's; never done is worse than late.
func TestSlowestGroup(t *testing.T) {
	q := &Queue{Stream: true, Reader: Reader{DeadLettered: 4, Dropped: 7}, Groups: []Reader{
		{Acknowledged: 10, Delivered: 20, Redelivered: 2, Dropped: 5, LagMax: 7, Left: 1, AgeMax: 3, Latency: Distribution{Count: 10, P99: 2}, p99: 2, Partitions: make([]Partition, 2)},
		{Acknowledged: 8, Delivered: 9, Redelivered: 1, DeadLettered: 4, Dropped: 2, LagMax: 6, Left: 2, AgeMax: 4, Latency: Distribution{Count: 8, P99: 1}, p99: 1},
		{Acknowledged: 12, Delivered: 12, Latency: Distribution{Count: 12, P99: 5}, p99: 5},
	}}
	want := Reader{Acknowledged: 8, Delivered: 9, Redelivered: 1, DeadLettered: 4, Dropped: 7, LagMax: 7, Left: 2, AgeMax: 4, Latency: q.Groups[0].Latency, p99: 2}
	if got := q.slowest(); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if got := slowestCell(q.readers()).text; got != "never" {
		t.Errorf("the slowest is %q", got)
	}
	if got := slowestCell([]*Reader{&q.Groups[2], {Latency: Distribution{Count: 3, P99: 2}, p99: 2}, {}}).text; got != "5s" {
		t.Errorf("the slowest is %q", got)
	}
}

// TestBacklogIsCharted: what is not done in a queue is drawn rather than that every
// expectation which held is listed.
func TestBacklogIsCharted(t *testing.T) {
	p := longMall()
	p.Faults = append(p.Faults, p.Faults[0])
	p.Faults[1].Name = "slow-again"
	texts := []string{"buyers.success > 99%", "buyers.p99 < 1s", "buyers.p50 < 1s", "buyers.p90 < 1s", "orders.rejected == 0", "orders.dropped == 0", "orders.dead_lettered == 0", "front.success > 99%", "front.p99 < 1s"}
	text := string(asText(t, run(t, p, p.Duration, texts, piling(p, hill(30, 100, 50))), TextOptions{}))
	if !strings.Contains(text, "\n  orders       not done ") || !strings.Contains(text, "\n     and ") {
		t.Errorf("no chart of the orders, or all expectations are listed:\n%s", text)
	}
	if n := strings.Count(text, "\n"); n > screenLines {
		t.Errorf("%d lines:\n%s", n, text)
	}
}
