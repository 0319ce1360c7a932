package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cascade/sim/report"
)

// ran is a record of a run that came to its end, and the expectations it met.
func ran(seed uint64, met ...bool) Record {
	r := Record{Trial: Trial{Seed: seed}, Complete: true}
	for _, m := range met {
		r.Expectations = append(r.Expectations, Outcome{Met: m})
	}
	return r
}

// runsOf are runs of one expectation: held of n.
func runsOf(share float64, held, n, asked int) *Runs {
	var records []Record
	for i := range n {
		records = append(records, ran(uint64(i+1), i < held))
	}
	return NewRuns(&Spec{Runs: asked, Seed: 1, Expectations: []Wanted{{"x", share}}}, records)
}

// The intervals are where the score test just does not refuse: the roots of
// (p - held/n)² = z²·p·(1-p)/n, found by bisection.
func TestStanding(t *testing.T) {
	for _, row := range []struct {
		share    float64
		held, n  int
		low, up  float64
		verdict  report.Verdict
		needed   int
		complete bool
	}{
		{0, 20, 20, 0.8388749, 1, report.Pass, 0, true}, // each run that there is
		{0, 19, 20, 0.7638688, 0.9911186, report.Fail, 0, true},
		{1, 20, 20, 0.8388749, 1, report.Pass, 0, true}, // in 100% of runs is the same
		{1, 19, 20, 0.7638688, 0.9911186, report.Fail, 0, true},
		{0.95, 20, 20, 0.8388749, 1, report.Undecided, 73, true}, // n/(n+z²) is 95% at 72.99
		{0.95, 72, 72, 0.9493488, 1, report.Undecided, 73, true},
		{0.95, 73, 73, 0.9500080, 1, report.Pass, 0, true},
		{0.95, 15, 20, 0.5312991, 0.8881383, report.Fail, 0, true},
		{0.5, 20, 20, 0.8388749, 1, report.Pass, 0, true},
		{0.5, 10, 20, 0.2992981, 0.7007019, report.Undecided, MostNeeded + 1, true}, // it never moves
		{0.95, 1, 1, 0.2065493, 1, report.Undecided, 73, true},
		{0.95, 0, 1, 0, 0.7934507, report.Fail, 0, true},
		{0, 5, 5, 0.5655175, 1, report.Undecided, 0, false}, // there were to be 20
		{0, 4, 5, 0.3755346, 0.9637759, report.Fail, 0, false},
		{0.3, 5, 5, 0.5655175, 1, report.Pass, 0, false},
		{0.95, 0, 0, 0, 1, report.Undecided, 73, false},
	} {
		asked := row.n
		if !row.complete {
			asked = 20
		}
		r := runsOf(row.share, row.held, row.n, asked)
		st := r.Expectations[0]
		if st.Held != row.held || st.Of != row.n || math.Abs(st.Low-row.low) > 1e-6 || math.Abs(st.High-row.up) > 1e-6 || st.Verdict != row.verdict || st.Needed != row.needed {
			t.Errorf("%d of %d at %v: %+v", row.held, row.n, row.share, st)
		}
		want := row.verdict
		if want == report.Pass && !row.complete {
			want = report.Undecided
		}
		if r.Verdict != want || r.Complete != row.complete {
			t.Errorf("%d of %d at %v: %v, complete %v", row.held, row.n, row.share, r.Verdict, r.Complete)
		}
	}
}

// needed is the fewest runs that decide, held against trying every number.
func TestNeededIsTheFewest(t *testing.T) {
	looks := (&Looks{First: 20}).interval(10_000)
	for name, of := range map[string]interval{"Wilson": wilson, "looks": looks} {
		for _, share := range []float64{0.5, 0.9, 0.95, 0.99} {
			for _, row := range [][2]int{{0, 1}, {1, 1}, {7, 10}, {9, 10}, {19, 20}, {39, 40}, {98, 100}} {
				held, n := row[0], row[1]
				seen := float64(held) / float64(n)
				decides := func(n int) bool {
					low, high := of(seen*float64(n), float64(n))
					return low >= share || high < share
				}
				if decides(n) || math.Abs(seen-share) < 1e-12 {
					continue
				}
				want := n
				for !decides(want) {
					want++
				}
				if got := needed(of, held, n, share); got != want {
					t.Errorf("%s: %d of %d at %v: %d, not %d", name, held, n, share, got, want)
				}
			}
		}
	}
}

// A failure outweighs what is undecided, and a run that a bound stopped is one that failed.
func TestRunsVerdict(t *testing.T) {
	spec := &Spec{Runs: 3, Seed: 7, Expectations: []Wanted{{"a", 0}, {"b", 0.9}}}
	undecided := []Record{ran(9, true, true), ran(7, true, true), ran(8, true, true)}
	if r := NewRuns(spec, undecided); r.Verdict != report.Undecided || !r.Complete || len(r.Lost()) != 0 {
		t.Errorf("%+v", r)
	}
	failed := slices.Clone(undecided)
	failed[0] = ran(9, false, true)
	r := NewRuns(spec, failed)
	if r.Verdict != report.Fail || fmt.Sprint(r.Expectations[0].Failed) != "[9]" {
		t.Errorf("%+v", r)
	}
	stopped := slices.Clone(undecided)
	stopped[1].Complete = false
	stopped[1].Metrics = []Metric{{"sources.x.success", 0, false}}
	stopped[0].Metrics = []Metric{{"sources.x.success", 0.5, false}}
	r = NewRuns(spec, stopped)
	if r.Verdict != report.Fail || r.Complete || fmt.Sprint(r.Lost()) != "[7]" || fmt.Sprint(r.Expectations[0].Failed, r.Expectations[1].Held) != "[7] 2" {
		t.Errorf("%+v", r)
	}
	// It is in no mean, and what a mean is of is known by the records.
	if m := r.Metric("sources.x.success"); m == nil || m.Mean != 0.5 || m.N != 1 || r.Records[m.Of[0]].Seed != 9 {
		t.Errorf("%+v", r.Summary)
	}
	if r.Metric("sources.x.latency") != nil {
		t.Error("there is a metric that no run has")
	}
	if seeds := []uint64{r.Records[0].Seed, r.Records[1].Seed, r.Records[2].Seed}; !slices.IsSorted(seeds) {
		t.Errorf("%v", seeds)
	}
}

// TestLooks: at which numbers of runs one looks, and how sure each look must be.
func TestLooks(t *testing.T) {
	for _, row := range []struct {
		first, max int
		at         string
	}{
		{20, 100, "[20 40 80 100]"}, {20, 160, "[20 40 80 160]"}, {20, 161, "[20 40 80 160 161]"}, {20, 20, "[20]"}, {20, 10, "[10]"}, {1, 2, "[1 2]"}, {50, 10_000, "[50 100 200 400 800 1600 3200 6400 10000]"},
	} {
		l := &Looks{row.first}
		var at []int
		for i := range l.Many(row.max) {
			at = append(at, l.At(i, row.max))
		}
		if fmt.Sprint(at) != row.at {
			t.Errorf("%+v: %v", row, at)
		}
		if want := 1 - 0.05/float64(len(at)); math.Abs(l.Confidence(row.max)-want) > 1e-12 {
			t.Errorf("%+v: %v", row, l.Confidence(row.max))
		}
		for n := range row.max + 1 {
			i, _ := slices.BinarySearch(at, n)
			if got := l.upTo(row.max, n); got != at[i] {
				t.Errorf("%+v: with %d runs the next look is at %d, not %d", row, n, got, at[i])
			}
		}
	}
}

// TestLooksDecideRightly: whoever goes on until it is decided is wrong in less than 5%
// of experiments, at the shares where that is hardest to tell: just what is asked for (a
// fail is wrong), and a hair below it (a pass is). 2000 experiments each of up to 6400
// runs; a bound of 5% would be passed by luck alone, with 2.5% as the truth, never. With
// Wilson's 95% interval at each look, it is wrong in 8% to 20% of them.
func TestLooksDecideRightly(t *testing.T) {
	if Raced {
		t.Skip("much of the same, and nothing to race with")
	}
	const experiments, max = 2000, 6400
	wrong := func(share float64, of interval, l *Looks) (failed, passed float64) {
		r := rand.New(rand.NewPCG(uint64(1000*share), 3))
		for range experiments {
			good, n := 0, 0
			for look := range l.Many(max) {
				for ; n < l.At(look, max); n++ {
					if r.Float64() < share {
						good++
					}
				}
				low, high := of(float64(good), float64(n))
				if v := decided(low, high, share); v != report.Undecided {
					if v == report.Fail {
						failed++
					} else {
						passed++
					}
					break
				}
			}
		}
		return failed / experiments, passed / experiments
	}
	l := &Looks{First: 50}
	for _, share := range []float64{0.5, 0.9, 0.95, 0.99} {
		failed, passed := wrong(share, l.interval(max), l)
		if failed > 0.05 || passed > 0.05 {
			t.Errorf("at %v it fails wrongly in %.1f%% of experiments, and passes wrongly in %.1f%%", share, 100*failed, 100*passed)
		}
		if failed, passed := wrong(share, wilson, l); failed+passed < 0.05 {
			t.Errorf("at %v uncorrected looks are wrong in only %.1f%%: the test could not fail", share, 100*(failed+passed))
		}
	}
}

// TestWilsonCovers: the share of samples whose interval holds the true share. Over
// 10,000 samples each it strays by 0.2 points (one standard deviation). Wilson's is right
// on average, and not for every share and number: near to nothing and all it may hold
// in less (L. D. Brown, T. T. Cai and A. DasGupta, "Interval estimation for a binomial
// proportion", Statistical Science 2001, figure 5).
func TestWilsonCovers(t *testing.T) {
	if Raced {
		t.Skip("much of the same, and nothing to race with")
	}
	mean, cases := 0.0, 0.0
	for _, n := range []int{20, 50, 100, 400} {
		for _, share := range []float64{0.1, 0.3, 0.5, 0.8, 0.9, 0.95} {
			r := rand.New(rand.NewPCG(uint64(n), uint64(100*share)))
			const samples = 10_000
			held := 0
			for range samples {
				good := 0
				for range n {
					if r.Float64() < share {
						good++
					}
				}
				if low, high := wilson(float64(good), float64(n)); low <= share && share <= high {
					held++
				}
			}
			covered := float64(held) / samples
			mean += covered
			cases++
			if covered < 0.92 || covered > 0.99 {
				t.Errorf("%d runs at %v: the interval holds in %.2f%%", n, share, 100*covered)
			}
		}
	}
	if mean /= cases; mean < 0.945 || mean > 0.96 {
		t.Errorf("on average it holds in %.2f%%", 100*mean)
	}
}

func TestRunsText(t *testing.T) {
	var records []Record
	for i := range 40 {
		r := ran(uint64(i+1), true, i%8 != 5, i%20 != 5)
		success, p99 := 0.999, 0.1
		if i%8 == 5 {
			success, p99, r.Metastable, r.Blast = 0.4, 1, true, []string{"front"}
		}
		r.Metrics = []Metric{
			{"sources.users.attempts", 100, false}, {"sources.users.amplification", 1.5, false}, {"sources.users.goodput", 100 * success, false}, {"sources.users.success", success, false},
			{"sources.users.latency.p50_s", 0.01, false}, {"sources.users.latency.p99_s", p99 + float64(i%3)*0.001, false},
			{"services.front.saturation", 0.5, false}, {"services.front.utilization", 0.25, false}, {"services.front.wasted", 0, false}, {"services.front.latency.p99_s", 0.02, false},
		}
		records = append(records, r)
	}
	spec := &Spec{Scenario: "two-ways", Runs: 40, Seed: 1, Expectations: []Wanted{{"users.goodput > 1/s", 0}, {"users.success > 99%", 0}, {"users.p99 < 900ms in 95% of runs", 0.95}}}
	for _, ascii := range []bool{false, true} {
		var b strings.Builder
		if err := NewRuns(spec, records).WriteText(&b, report.TextOptions{ASCII: ascii}, "cascade run two.yaml"); err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(b.String()) {
			if n := len([]rune(l)); n > 81 {
				t.Errorf("%d columns: %s", n-1, l)
			}
			for _, r := range l {
				if ascii && r > '~' {
					t.Errorf("%q in %s", r, l)
				}
			}
		}
		for _, want := range []string{"  FAIL  1 of 3 ", "5 of 40 runs: seeds 6, 14, 22, 30, 38\n", "40% in 5       99.9% in 35", "35 of 40", "92 ", "as in 4 other runs", "run two.yaml --seed 6\n"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %q in\n%s", want, b.String())
			}
		}
	}
}
