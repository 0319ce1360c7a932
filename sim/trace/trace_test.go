package trace_test

import (
	"bytes"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/trace"
)

// followed runs a plan and keeps its traces.
func followed(t testing.TB, p *sim.Plan, o trace.Options) (*trace.Collector, *sim.Totals) {
	t.Helper()
	c := trace.NewCollector(p, o)
	s := sim.New(p, c)
	s.RunUntil(p.Duration)
	totals, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return c, totals
}

func builtin(t testing.TB, name string, sets ...string) *sim.Plan {
	t.Helper()
	var l []scenarios.Override
	for _, s := range sets {
		path, value, _ := strings.Cut(s, "=")
		l = append(l, scenarios.Override{Path: path, Value: value})
	}
	s, err := scenarios.Builtin(name, l...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan
}

// parsed is the plan of a scenario that stands in a test.
func parsed(t testing.TB, text string) *sim.Plan {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan
}

func written(t testing.TB, write func(*trace.Collector, *bytes.Buffer) error, c *trace.Collector) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(c, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func otlp(t testing.TB, c *trace.Collector) []byte {
	return written(t, func(c *trace.Collector, b *bytes.Buffer) error { return c.WriteOTLP(b) }, c)
}

func perfetto(t testing.TB, c *trace.Collector) []byte {
	return written(t, func(c *trace.Collector, b *bytes.Buffer) error { return c.WritePerfetto(b) }, c)
}

// The same run gives the same bytes, and another seed other ones.
func TestSameBytes(t *testing.T) {
	for _, write := range []func(testing.TB, *trace.Collector) []byte{otlp, perfetto} {
		var files [3][]byte
		for i, seed := range []string{"seed=1", "seed=1", "seed=2"} {
			c, _ := followed(t, builtin(t, "slow-dependency", "duration=50s", seed), trace.Options{Requests: 50})
			files[i] = write(t, c)
			if !bytes.Equal(files[i], write(t, c)) {
				t.Error("written again, the traces are others")
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Error("the same run gives other traces")
		}
		if bytes.Equal(files[0], files[2]) {
			t.Error("another seed gives the same traces")
		}
	}
}

// ids are the traces of requests that a collector has kept, and of each its spans.
func ids(t testing.TB, c *trace.Collector) map[string][]string {
	all := map[string][]string{}
	for _, s := range decoded(t, otlp(t, c)) {
		if s.service != "cascade" {
			all[s.trace] = append(all[s.trace], s.String())
		}
	}
	return all
}

// So many requests are kept as were asked for, evenly from the whole run; who asks for more
// gets the same and others; and where the scenario is changed they are the same.
func TestKeptRequests(t *testing.T) {
	const name, length = "slow-dependency", "duration=120s"
	few, _ := followed(t, builtin(t, name, length), trace.Options{Requests: 100})
	many, _ := followed(t, builtin(t, name, length), trace.Options{Requests: 400})
	other, _ := followed(t, builtin(t, name, length, "services.payment.threads=100"), trace.Options{Requests: 400})
	a, b, c := ids(t, few), ids(t, many), ids(t, other)
	if len(a) != 100 || len(b) != 400 || few.Tally().Requests != 100 || few.Tally().Asked < 20_000 {
		t.Fatalf("%d and %d traces: %v", len(a), len(b), few.Tally())
	}
	for id := range a {
		if b[id] == nil {
			t.Errorf("%s is among 100 requests, and not among 400", id)
		}
	}
	same, changed := 0, 0
	for id := range b {
		if c[id] == nil {
			continue
		}
		same++
		if strings.Join(b[id], "\n") != strings.Join(c[id], "\n") {
			changed++
		}
	}
	if same != 400 || changed == 0 {
		t.Errorf("of 400 requests %d are kept in a variant too, %d of them with another trace", same, changed)
	}
	// Of 400 that are drawn evenly a quarter of the time has 100 on average, with a standard
	// deviation of √(400·¼·¾) = 8.7; the bound is four of them. One that keeps the first, or
	// the last, has 400.
	quarters := [4]int{}
	for _, s := range decoded(t, otlp(t, many)) {
		if s.service != "cascade" && s.parent == "" {
			quarters[int(s.from)*4/120_000_000_000]++
		}
	}
	for q, n := range quarters {
		if n < 65 || n > 135 {
			t.Errorf("%d of 400 requests are of quarter %d of the run", n, q+1)
		}
	}
}

// The bound on spans lets requests go as a whole.
func TestBoundOnSpans(t *testing.T) {
	p := builtin(t, "slow-dependency", "duration=31s")
	all, _ := followed(t, p, trace.Options{Requests: 300})
	some, _ := followed(t, p, trace.Options{Requests: 300, Spans: 500})
	y := some.Tally()
	if n := all.Tally(); n.Short() || n.Requests != 300 {
		t.Errorf("without need for a bound: %v", n)
	}
	if !y.Short() || y.Spans > 500 || y.Spans < 400 || y.Requests < 30 || !strings.Contains(y.String(), "bound") {
		t.Errorf("with a bound of 500 spans: %v", y)
	}
	whole := ids(t, all)
	for id, spans := range ids(t, some) {
		if strings.Join(spans, "\n") != strings.Join(whole[id], "\n") {
			t.Errorf("trace %s is not whole:\n%s\nwant\n%s", id, strings.Join(spans, "\n"), strings.Join(whole[id], "\n"))
		}
	}
	if !bytes.Contains(otlp(t, some), []byte("cascade.bound_reached")) || bytes.Contains(otlp(t, all), []byte("cascade.bound_reached")) {
		t.Error("the file does not say whether a bound was reached")
	}
	// Those that are left are those of the lowest ranks, as if so many had been asked for: none
	// that came when there happened to be room for it again.
	for order := range des.Key(50) {
		keep := func(o trace.Options) *trace.Collector {
			c := trace.NewCollector(p, o)
			for i := range 40 {
				luck := order.With(uint64(i))
				c.Follow(0, int64(i), luck)
				for k := range 1 + 2*(i%3) {
					c.Span(&sim.Span{Trace: luck, ID: k + 1, Parent: k})
				}
			}
			return c
		}
		bound := keep(trace.Options{Spans: 20})
		left, lowest := ids(t, bound), ids(t, keep(trace.Options{Requests: bound.Tally().Requests}))
		for id := range lowest {
			if left[id] == nil {
				t.Errorf("order %d: %s was let go for one of a higher rank", order, id)
			}
		}
	}
	one, _ := followed(t, p, trace.Options{Requests: 1, Spans: 3})
	if y := one.Tally(); y.Spans != 3 || y.Cut == 0 || !y.Short() {
		t.Errorf("one request of which at most 3 spans are kept: %v, %d left out", y, y.Cut)
	}
}
