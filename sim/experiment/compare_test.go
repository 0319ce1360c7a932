package experiment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"
)

// sideOf makes records of one source, with seeds from first on: a success and a p99 each.
func sideOf(first uint64, success, p99 []float64) Side {
	side := Side{Name: "shop"}
	for i := range success {
		side.Records = append(side.Records, Record{
			Trial: Trial{Seed: first + uint64(i)}, Complete: true,
			Metrics: []Metric{{Path: "sources.load.success", Value: success[i]}, {Path: "sources.load.latency.p99_s", Value: p99[i]}},
		})
	}
	return side
}

// around are values with this mean, by turns above and below it; n is even.
func around(mean, spread float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = mean + spread
		spread = -spread
	}
	return values
}

func times(by float64, values []float64) []float64 {
	more := slices.Clone(values)
	for i := range more {
		more[i] *= by
	}
	return more
}

func all(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

func TestVerdicts(t *testing.T) {
	well, quick := all(1, 10), around(0.2, 0.01, 10)
	for _, row := range []struct {
		name      string
		a, b      Side
		tolerance Tolerance
		verdict   CompareVerdict
		gate      CompareVerdict
		paired    bool
	}{
		{"itself", sideOf(1, well, quick), sideOf(1, well, quick), Tolerance{}, Same, NotWorse, true},
		{"itself, with no tolerance", sideOf(1, well, quick), sideOf(1, well, quick), Tolerance{Named: map[string]float64{"p99": 0, "success": 0}}, Same, NotWorse, true},
		{"one run of itself", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], quick[:1]), Tolerance{}, Same, NotWorse, true},
		{"one run that is slower by far", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], times(3, quick[:1])), Tolerance{}, Worse, Worse, true},
		{"one run that is faster by far", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], times(0.5, quick[:1])), Tolerance{}, Better, NotWorse, true},
		{"one run that fails by far", sideOf(1, well[:1], quick[:1]), sideOf(1, all(0.98, 1), quick[:1]), Tolerance{}, Worse, Worse, true},
		{"one run that is slower", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], times(1.19, quick[:1])), Tolerance{}, Unclear, Unclear, true},
		{"one run that is slower by a hundredth", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], times(1.01, quick[:1])), Tolerance{}, Same, NotWorse, true},
		{"one run that is faster", sideOf(1, well[:1], quick[:1]), sideOf(1, well[:1], times(0.9, quick[:1])), Tolerance{}, Same, NotWorse, true},
		{"one run of each with other seeds", sideOf(1, well[:1], quick[:1]), sideOf(2, well[:1], quick[:1]), Tolerance{}, Unclear, Unclear, false},
		{"slower by half", sideOf(1, well, quick), sideOf(1, well, times(1.5, quick)), Tolerance{}, Worse, Worse, true},
		{"faster by half", sideOf(1, well, quick), sideOf(1, well, times(0.5, quick)), Tolerance{}, Better, NotWorse, true},
		{"slower by a hundredth", sideOf(1, well, quick), sideOf(1, well, times(1.01, quick)), Tolerance{}, Same, NotWorse, true},
		{"slower by a hundredth, with no tolerance", sideOf(1, well, quick), sideOf(1, well, times(1.01, quick)), Tolerance{Named: map[string]float64{"p99": 0}}, Worse, Worse, true},
		{"slower by half, which is tolerated", sideOf(1, well, quick), sideOf(1, well, times(1.5, quick)), Tolerance{Of: 0.6}, Same, NotWorse, true},
		{"slower by half, which is tolerated of another", sideOf(1, well, quick), sideOf(1, well, times(1.5, quick)), Tolerance{Of: 0.6, Named: map[string]float64{"p99": 0.1}}, Worse, Worse, true},
		{"faster, and fails", sideOf(1, well, quick), sideOf(1, around(0.9, 0.01, 10), times(0.5, quick)), Tolerance{}, Mixed, Worse, true},
		{"a tolerance of times is none of success", sideOf(1, well, quick), sideOf(1, around(0.9, 0.01, 10), quick), Tolerance{Of: 0.6}, Worse, Worse, true},
		{"fails, which is tolerated", sideOf(1, well, quick), sideOf(1, around(0.9, 0.01, 10), quick), Tolerance{Named: map[string]float64{"success": 0.2}}, Same, NotWorse, true},
		{"may be slower", sideOf(1, well, quick), sideOf(1, well, around(0.205, 0.02, 10)), Tolerance{}, Unclear, Unclear, true},
		{"surely not faster, and may be slower", sideOf(1, well, around(0.2, 0.001, 10)), sideOf(1, well, around(0.203, 0.006, 10)), Tolerance{}, Unclear, Unclear, true},
		{"surely not slower, and may be faster", sideOf(1, well, around(0.2, 0.001, 10)), sideOf(1, well, around(0.197, 0.006, 10)), Tolerance{}, Same, NotWorse, true},
		{"slower, in runs with other seeds", sideOf(1, well, quick), sideOf(101, well, times(1.5, quick)), Tolerance{}, Worse, Worse, false},
		{"two of ten seeds are common", sideOf(1, well, quick), sideOf(9, well, times(1.5, quick)), Tolerance{}, Worse, Worse, false},
		{"five of ten seeds are common", sideOf(1, well, quick), sideOf(6, well, all(0.4, 10)), Tolerance{}, Worse, Worse, true},
		{"two pairs that differ by the same", sideOf(1, well[:2], all(0.2, 2)), sideOf(1, well[:2], all(0.4, 2)), Tolerance{}, Unclear, Unclear, true},
		{"ten pairs that differ by the same", sideOf(1, well, all(0.2, 10)), sideOf(1, well, all(0.4, 10)), Tolerance{}, Worse, Worse, true},
	} {
		c, err := Compare(row.a, row.b, row.tolerance)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if c.Verdict != row.verdict || c.Gate != row.gate || c.Paired != row.paired {
			t.Errorf("%s: %q, gate %q, paired %v; not %q, %q, %v", row.name, c.Verdict, c.Gate, c.Paired, row.verdict, row.gate, row.paired)
		}
	}
}

// With the runs that are said to decide it, it is decided.
func TestRunsThatDecide(t *testing.T) {
	compare := func(n int) *Comparison {
		c, err := Compare(sideOf(1, all(1, n), around(0.2, 0.02, n)), sideOf(1, all(1, n), around(0.207, 0.04, n)), Tolerance{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := compare(10)
	if c.Gate != Unclear || c.Decides <= 10 || c.Decides > 100_000 {
		t.Fatalf("%q, %d runs would decide", c.Gate, c.Decides)
	}
	if more := compare(c.Decides + c.Decides%2); more.Gate == Unclear {
		t.Errorf("%d runs would decide, and do not", c.Decides)
	}
}

func TestSidesThatDiffer(t *testing.T) {
	record := func(seed uint64, metrics ...Metric) Record {
		return Record{Trial: Trial{Seed: seed}, Complete: true, Metrics: metrics}
	}
	a := Side{Records: []Record{
		record(1, Metric{Path: "sources.load.success", Value: 1}, Metric{Path: "sources.load.latency.p99_s", Value: 0.1}, Metric{Path: "services.old.arrived", Value: 9}, Metric{Path: "services.shop.arrived", Value: 9}),
		record(2, Metric{Path: "sources.load.success", Value: 0}, Metric{Path: "services.old.arrived", Value: 9}, Metric{Path: "services.shop.arrived", Value: 9}),
		{Trial: Trial{Seed: 3}},
	}}
	b := Side{Records: []Record{
		record(2, Metric{Path: "sources.load.success", Value: 1}, Metric{Path: "sources.load.latency.p99_s", Value: 0.1},
			Metric{Path: "services.shop.arrived", Value: 9}, Metric{"services.shop.failed.error", 4, true}, Metric{Path: "services.new.arrived", Value: 9}, Metric{"services.new.failed.error", 4, true}),
		record(4, Metric{Path: "sources.load.success", Value: 1}, Metric{Path: "services.shop.arrived", Value: 9}),
	}}
	c, err := Compare(a, b, Tolerance{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Paired || c.Runs != [2]int{1, 1} || c.LeftOut != [2]int{2, 1} {
		t.Errorf("paired %v, %v runs, %v left out", c.Paired, c.Runs, c.LeftOut)
	}
	if !slices.Equal(c.OnlyA, []string{"services.old"}) || !slices.Equal(c.OnlyB, []string{"services.new"}) {
		t.Errorf("only A has %v, only B has %v", c.OnlyA, c.OnlyB)
	}
	if !slices.Equal(c.Unmeasured, []string{"sources.load.latency.p99_s"}) {
		t.Errorf("not to be compared: %v", c.Unmeasured)
	}
	// What is a kind of failure and never occurred in A is 0 there, where A has the service.
	if m := c.metric("services.shop.failed.error"); m == nil || m.Mean != [2]float64{0, 4} {
		t.Errorf("errors of shop: %+v", m)
	}
	if m := c.metric("services.new.failed.error"); m != nil {
		t.Errorf("errors of new: %+v", m)
	}

	for name, row := range map[string]struct {
		a, b Side
		want string
	}{
		"no run at its end": {a, Side{Records: []Record{{Trial: Trial{Seed: 1}}}}, "no run of B came to its end"},
		"nothing in common": {Side{Records: []Record{record(1, Metric{Path: "sources.x.success", Value: 1})}}, a, "nothing in common"},
	} {
		if _, err := Compare(row.a, row.b, Tolerance{}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// noisy are records with five headlines whose values are luck alone, times a factor.
func noisy(random *rand.Rand, first uint64, n int, factor float64) Side {
	side := Side{Name: "noisy"}
	for i := range n {
		r := Record{Trial: Trial{Seed: first + uint64(i)}, Complete: true}
		for k := range 5 {
			r.Metrics = append(r.Metrics, Metric{Path: fmt.Sprintf("sources.s%d.latency.p99_s", k), Value: factor * (5 + random.ExpFloat64() + random.NormFloat64())})
		}
		side.Records = append(side.Records, r)
	}
	return side
}

// TestFalseAlarms: nothing differs but luck, and no difference at all is tolerated. Of
// 1,000 such comparisons at most 5% (and 2 points of luck, three standard deviations)
// find any of the five headlines better or worse, and half of that finds one worse. One
// that did not allow for there being eight would be wrong in a third of them.
func TestFalseAlarms(t *testing.T) {
	if Raced {
		t.Skip("nothing here has a second goroutine")
	}
	const experiments, n = 1000, 10
	none := Tolerance{Named: map[string]float64{"p99": 0}}
	for _, seed := range []uint64{1, 1001} { // in pairs, and not
		random := rand.New(rand.NewPCG(3, seed))
		any, worse := 0, 0
		for range experiments {
			c, err := Compare(noisy(random, 1, n, 1), noisy(random, seed, n, 1), none)
			if err != nil {
				t.Fatal(err)
			}
			if c.Verdict == Better || c.Verdict == Worse || c.Verdict == Mixed {
				any++
			}
			if c.Gate == Worse {
				worse++
			}
		}
		if share := float64(any) / experiments; share > 0.07 || share < 0.02 {
			t.Errorf("seeds from %d: %.1f%% of comparisons find something", seed, 100*share)
		}
		if share := float64(worse) / experiments; share > 0.04 {
			t.Errorf("seeds from %d: %.1f%% of comparisons find something worse", seed, 100*share)
		}
	}
}

// TestFalsePasses: all five are worse by just what is tolerated, so that to pass is an
// error. At most 5% of 500 comparisons do, and the gate does say pass where nothing
// differs.
func TestFalsePasses(t *testing.T) {
	if Raced {
		t.Skip("nothing here has a second goroutine")
	}
	const experiments, n = 500, 30
	random := rand.New(rand.NewPCG(5, 5))
	of := Tolerance{Of: 0.3}
	passes, right := 0, 0
	for range experiments {
		a := noisy(random, 1, n, 1)
		for factor, count := range map[float64]*int{1.3: &passes, 1: &right} {
			c, err := Compare(a, noisy(random, 1, n, factor), of)
			if err != nil {
				t.Fatal(err)
			}
			if c.Gate == NotWorse {
				*count++
			}
		}
	}
	if passes > experiments/20 {
		t.Errorf("%d of %d that are worse by what is tolerated pass", passes, experiments)
	}
	if right < experiments/2 {
		t.Errorf("%d of %d in which nothing differs pass", right, experiments)
	}
}

// builtinRuns runs a built-in scenario with so many seeds.
func builtinRuns(t *testing.T, name string, n int) Side {
	t.Helper()
	s, err := scenarios.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	side := Side{Name: name, Duration: s.Plan.Duration.Seconds()}
	for seed := range uint64(n) {
		plan := *s.Plan
		plan.Seed = seed + 1
		collector := report.NewCollector(&plan, nil)
		run := sim.New(&plan, collector)
		run.RunUntil(plan.Duration)
		totals, err := run.Finish()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := collector.Report(totals).WriteTotals(&text); err != nil {
			t.Fatal(err)
		}
		r, err := ReadRecord(0, text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		side.Records = append(side.Records, r.Slim())
	}
	return side
}

// TestPairsNarrow: of a pair of built-in scenarios the intervals in pairs are narrower
// than those of the same runs that are not held against their counterparts. It is what
// having the same luck is for.
func TestPairsNarrow(t *testing.T) {
	if Raced {
		t.Skip("nothing here has a second goroutine")
	}
	const n = 10
	for _, row := range []struct {
		a, b, path string
		factor     float64 // by at least
	}{
		{"retry-storm", "retry-storm-budget", "sources.shoppers.goodput", 1.2},
		{"dead-dependency", "dead-dependency-breaker", "sources.shoppers.goodput", 1.5},
		{"long-tail", "long-tail-hedge", "sources.searchers.goodput", 10},
		{"long-tail", "long-tail-hedge", "sources.searchers.latency.p50_s", 5},
	} {
		a, b := builtinRuns(t, row.a, n), builtinRuns(t, row.b, n)
		width := func() (float64, bool) {
			c, err := Compare(a, b, Tolerance{})
			if err != nil {
				t.Fatal(err)
			}
			m := c.metric(row.path)
			if m == nil {
				t.Fatalf("%s has no %s", row.a, row.path)
			}
			return m.High - m.Low, c.Paired
		}
		pairs, paired := width()
		for i := range b.Records {
			b.Records[i].Seed += 1000
		}
		apart, other := width()
		t.Logf("%s and %s, %s: %v in pairs, %v apart", row.a, row.b, row.path, pairs, apart)
		if !paired || other || apart <= row.factor*pairs {
			t.Errorf("%s and %s, %s: %v in pairs (%v), %v apart (%v)", row.a, row.b, row.path, pairs, paired, apart, other)
		}
	}
}
