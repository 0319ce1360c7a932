package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A world is a made-up system: how likely it is to collapse at a value, pushed and alone.
type world struct {
	name          string
	pushed, alone func(x float64) float64 // alone nil: it has no faults
	common        bool                    // a seed's luck is the same at all values: it collapses at a value, or it does not
	salt          uint64
}

// fate draws whether a run collapses.
func (w world) fate(s Setting, seed uint64) bool {
	q, err := ParseQuantity(s.Value)
	if err != nil {
		panic(err)
	}
	return w.fateAt(q, s.Calm, seed)
}

func (w world) fateAt(q Quantity, calm bool, seed uint64) bool {
	p, key := w.pushed, uint64(0)
	if calm {
		p, key = w.alone, 1
	}
	if !w.common {
		key += math.Float64bits(q.Value)
	}
	return rand.New(rand.NewPCG(seed, w.salt^key*0x9e3779b97f4a7c15)).Float64() < p(q.Value)
}

const until = "users.success >= 99%"

func searchSpec(low, high, step string, w world, budget int) *Spec {
	return &Spec{Schema: SpecSchema, Kind: Tip, Scenario: "made up", Seed: 1, Runs: budget, Search: &Search{
		Path: "traffic.users.rate", Low: low, High: high, Step: step, Until: until, Pushed: w.alone != nil, Safe: 0.01, Confidence: 0.95,
	}}
}

// searched is what a search comes to.
func searched(t testing.TB, spec *Spec, w world) *Tipping {
	t.Helper()
	var records []Record
	for stage := 0; ; stage++ {
		tip, err := NewTipping(spec, records)
		if err != nil {
			t.Fatal(err)
		}
		if tip.Trials == nil {
			return tip
		}
		missing := Missing(tip.Trials, records)
		if len(missing) == 0 || stage > 60 {
			t.Fatalf("%s: stage %d asks for nothing new", w.name, stage)
		}
		cell, q := -1, Quantity{}
		for _, trial := range missing {
			c := tip.Cells[trial.Cell]
			if trial.Cell != cell {
				cell = trial.Cell
				if q, err = ParseQuantity(c.Value); err != nil {
					t.Fatal(err)
				}
			}
			records = append(records, Record{Trial: trial, Complete: true, Expectations: []Outcome{{Text: until, Met: !w.fateAt(q, c.Calm, trial.Seed)}}})
		}
	}
}

func logistic(middle, scale float64) func(float64) float64 {
	return func(x float64) float64 { return 1 / (1 + math.Exp(-(x-middle)/scale)) }
}

// falling is a curve that falls: the range's high end is the good one.
func falling(of func(float64) float64) func(float64) float64 {
	return func(x float64) float64 { return of(140 - x) }
}

func level(p float64) func(float64) float64 { return func(float64) float64 { return p } }

// atLeast lifts a curve, so that it never falls below a share.
func atLeast(p float64, of func(float64) float64) func(float64) float64 {
	return func(x float64) float64 { return p + (1-p)*of(x) }
}

func sharp(at float64) func(float64) float64 {
	return func(x float64) float64 {
		if x > at {
			return 1
		}
		return 0
	}
}

func between(low, high float64) func(float64) float64 {
	return func(x float64) float64 { return sharp(low)(x) * (1 - sharp(high)(x)) }
}

// What a search claims is so in 95 of 100 searches, whatever the curve is like, and the
// budget is kept. In so many searches of a world a claim that is wrong with a chance of 5%
// is wrong more often than the bound in fewer than one of 2,000 series.
func TestTippingClaims(t *testing.T) {
	searches, bound := claimSearches, claimBound
	for _, w := range []struct {
		world
		budget int
		// The least share of searches that come to this verdict.
		verdict TipVerdict
		share   float64
	}{
		{world{name: "steep", pushed: logistic(71, 0.3), alone: logistic(86, 0.3)}, 2000, Tips, 0.9},
		{world{name: "steep, with common luck", pushed: logistic(71, 0.3), alone: logistic(86, 0.3), common: true}, 2000, Tips, 0.9},
		{world{name: "shallow", pushed: logistic(67, 2), alone: logistic(80, 2)}, 2000, Tips, 0.75},
		{world{name: "shallow, with common luck", pushed: logistic(67, 2), alone: logistic(80, 2), common: true}, 2000, Tips, 0.75},
		{world{name: "a step", pushed: sharp(71.2), alone: sharp(86)}, 2000, Tips, 1},
		{world{name: "falling", pushed: falling(logistic(71, 1)), alone: falling(logistic(86, 1))}, 2000, Tips, 0.85},
		{world{name: "without faults", pushed: logistic(71, 1)}, 2000, Tips, 0.9},
		{world{name: "never", pushed: level(0), alone: level(0)}, 2000, TipSafe, 1},
		{world{name: "only by itself", pushed: level(0), alone: logistic(71, 0.3)}, 2000, TipSafe, 0.9},
		{world{name: "always", pushed: level(1), alone: level(1)}, 2000, TipUnsafe, 1},
		{world{name: "always when pushed", pushed: level(1), alone: logistic(71, 0.3)}, 2000, TipUnsafe, 0.9},
		{world{name: "as often everywhere", pushed: level(0.5), alone: level(0.5)}, 2000, TipUnsafe, 0.97},
		{world{name: "five of forty", pushed: level(0.125)}, 2000, TipUnsafe, 0.95},
		{world{name: "hardly worse than safe", pushed: atLeast(0.0105, logistic(71, 0.3))}, 4000, TipUnsafe, 0.9},
		{world{name: "hardly worse, with common luck", pushed: atLeast(0.0105, logistic(71, 0.3)), common: true}, 4000, TipUnsafe, 0.9},
		{world{name: "hardly worse all over", pushed: level(0.0105)}, 4000, TipUnsafe, 0.6},
		{world{name: "steep, with many runs", pushed: logistic(71, 0.3), alone: logistic(86, 0.3)}, 6000, Tips, 1},
		{world{name: "hardly worse, with many runs", pushed: atLeast(0.0105, logistic(71, 0.3)), common: true}, 6000, TipUnsafe, 0.9},
		{world{name: "seldom lost", pushed: logistic(60, 0.3), alone: func(x float64) float64 { return 0.9895 * logistic(71, 0.3)(x) }}, 4000, Tips, 0.5},
		{world{name: "a hump", pushed: between(60, 80)}, 2000, TipFalls, 1},
		{world{name: "well again", pushed: between(60, 97), alone: sharp(97)}, 2000, TipFalls, 1},
		{world{name: "little allowed", pushed: logistic(71, 1), alone: logistic(86, 1)}, 500, TipTooFew, 1},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			wrong := map[string]int{}
			verdicts := map[TipVerdict]int{}
			points, missed := 0, 0
			for i := range searches {
				w.salt = uint64(i)
				tip := searched(t, searchSpec("40/s", "100/s", "0.5/s", w.world, w.budget), w.world)
				verdicts[tip.Verdict]++
				if tip.Runs > w.budget || tip.Runs == 0 {
					t.Fatalf("%d runs of %d", tip.Runs, w.budget)
				}
				for _, c := range []*Claim{tip.Safe, tip.Lost} {
					if c != nil && c.Shown != (c.Under <= 0.01) {
						t.Fatalf("claimed is %+v", *c)
					}
				}
				if s := tip.Safe; s != nil && w.pushed(s.Value.Value) > s.Under {
					wrong["safe"]++
				}
				if l := tip.Lost; l != nil && 1-w.own()(l.Value.Value) > l.Under {
					wrong["lost"]++
				}
				for _, c := range tip.Curve {
					p := w.pushed(c.Value.Value)
					if c.Calm {
						p = w.alone(c.Value.Value)
					}
					if points++; p < c.Low || p > c.High {
						missed++
					}
				}
				for name, e := range map[string]*Edge{"pushed": tip.Pushed, "alone": tip.Alone} {
					p := w.pushed
					if name == "alone" {
						p = w.alone
					}
					if e == nil {
						continue
					}
					if e.Low.Value >= e.High.Value || e.Value.Value < e.Low.Value || e.Value.Value > e.High.Value {
						t.Fatalf("%s: half of the runs collapse at %v, from %v to %v", name, e.Value, e.Low, e.High)
					}
					least, most := p(e.Low.Value), p(e.High.Value)
					if tip.GoodEnd == "high" {
						least, most = most, least
					}
					if least > 0.5 || most < 0.5 {
						wrong[name]++
					}
				}
			}
			// That a value was chosen, and that a try of it ended early, is no harm to these.
			if missed > points/20+10 {
				t.Errorf("%d of %d points of curves have their share outside of their interval", missed, points)
			}
			for what, n := range wrong {
				t.Logf("%s: wrong in %d of %d", what, n, searches)
				if n > bound {
					t.Errorf("%s is wrong in %d of %d searches; with a chance of 5%% it is so in %d at most", what, n, searches, bound)
				}
			}
			if n := verdicts[w.verdict]; n < int(w.share*float64(searches)) {
				t.Errorf("%d of %d searches come to %q: %v", n, searches, w.verdict, verdicts)
			}
		})
	}
}

// own is the curve of collapses that need no push.
func (w world) own() func(float64) float64 {
	if w.alone != nil {
		return w.alone
	}
	return w.pushed
}

// What is found lies near to what is, and the nearer the more runs are allowed.
func TestTippingIsNear(t *testing.T) {
	for _, row := range []struct {
		world
		budget int
		half   float64 // from where half of the runs collapse, at most
		edge   float64 // from where one in a hundred does, or does not, on average at most
	}{
		{world{name: "steep", pushed: logistic(71, 0.3), alone: logistic(86, 0.3)}, 2000, 0.6, 1.4},
		{world{name: "steep, with many runs", pushed: logistic(71, 0.3), alone: logistic(86, 0.3)}, 10_000, 0.6, 0.75},
		{world{name: "steep in the tails", pushed: normal(71, 0.5), alone: normal(86, 0.5)}, 2000, 0.6, 1.3},
		{world{name: "steep in the tails, with many runs", pushed: normal(71, 0.5), alone: normal(86, 0.5)}, 10_000, 0.6, 0.5},
		{world{name: "wide, with many runs", pushed: normal(67, 2), alone: normal(82, 2)}, 10_000, 1.2, 1.5},
		{world{name: "a step", pushed: sharp(71.2), alone: sharp(86)}, 2000, 0.6, 0.51},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			// Where one in a hundred collapses, and where one in a hundred holds.
			first, last := crossing(row.pushed, 0.01), crossing(row.alone, 0.99)
			half := [2]float64{crossing(row.pushed, 0.5), crossing(row.alone, 0.5)}
			searches := nearSearches * 2000 / row.budget
			var safe, lost float64
			for i := range searches {
				row.salt = uint64(i)
				tip := searched(t, searchSpec("40/s", "100/s", "0.5/s", row.world, row.budget), row.world)
				if tip.Safe == nil || tip.Lost == nil || !tip.Safe.Shown || tip.Pushed == nil || tip.Alone == nil {
					t.Fatalf("search %d: %+v", i, tip)
				}
				for k, e := range []*Edge{tip.Pushed, tip.Alone} {
					if d := math.Abs(e.Value.Value - half[k]); d > row.half {
						t.Errorf("search %d: half collapse at %v, not at %.1f", i, e.Value, half[k])
					}
					if d := e.High.Value - e.Low.Value; d > 6*row.half {
						t.Errorf("search %d: half collapse from %v to %v", i, e.Low, e.High)
					}
				}
				safe += (first - tip.Safe.Value.Value) / float64(searches)
				lost += (tip.Lost.Value.Value - last) / float64(searches)
			}
			t.Logf("short of the edges by %.2f and %.2f", safe, lost)
			if safe > row.edge+nearRoom || lost > row.edge+nearRoom {
				t.Errorf("short of the edges by %.2f and %.2f on average, more than %v", safe, lost, row.edge+nearRoom)
			}
		})
	}
}

// normal is a curve with thinner tails than a logistic one.
func normal(middle, sd float64) func(float64) float64 {
	return func(x float64) float64 { return math.Erfc((middle-x)/sd/math.Sqrt2) / 2 }
}

// crossing is where a rising curve crosses a share.
func crossing(of func(float64) float64, share float64) float64 {
	low, high := 40.0, 100.0
	for range 50 {
		if middle := (low + high) / 2; of(middle) < share {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// Which runs come next is a function of the records alone: not of their order, nor of how
// many of a stage there are already.
func TestTippingRemembersNothing(t *testing.T) {
	w := world{pushed: logistic(71, 1), alone: logistic(86, 1)}
	spec := searchSpec("40/s", "100/s", "0.5/s", w, 2000)
	r := rand.New(rand.NewPCG(1, 2))
	var records []Record
	for {
		tip, err := NewTipping(spec, records)
		if err != nil {
			t.Fatal(err)
		}
		if tip.Trials == nil {
			break
		}
		if tip.Verdict != Unfinished {
			t.Errorf("with runs to come the verdict is %q", tip.Verdict)
		}
		missing := Missing(tip.Trials, records)
		r.Shuffle(len(missing), func(i, j int) { missing[i], missing[j] = missing[j], missing[i] })
		for _, trial := range missing {
			records = append(records, Record{Trial: trial, Complete: true, Expectations: []Outcome{{Text: until, Met: !w.fate(tip.Cells[trial.Cell], trial.Seed)}}})
			if r.IntN(50) > 0 {
				continue
			}
			r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			half, err := NewTipping(spec, records)
			if err != nil {
				t.Fatal(err)
			}
			if len(Missing(half.Trials, records)) > 0 && !slices.Equal(half.Trials, tip.Trials) {
				t.Fatalf("in the middle of a stage of %d runs it has become one of %d", len(tip.Trials), len(half.Trials))
			}
		}
	}
	whole := searched(t, spec, w)
	again, err := NewTipping(spec, records)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(whole, again) {
		t.Errorf("%+v\n%+v", whole, again)
	}
}

// A recovery is easily kept where there was nothing to come back to: beyond the upper edge
// everything is down before the fault begins. That has collapsed, too.
func TestTippingOfARecovery(t *testing.T) {
	w := world{pushed: func(x float64) float64 { return between(60, 80)(x) }, alone: level(0)}
	spec := searchSpec("40/s", "100/s", "0.5/s", w, 2000)
	if tip := searched(t, spec, w); tip.Verdict != TipFalls {
		t.Errorf("by the recovery alone the verdict is %q", tip.Verdict)
	}
	spec.Search.Before = "users.success >= 0% before push"
	var records []Record
	for {
		tip, err := NewTipping(spec, records)
		if err != nil {
			t.Fatal(err)
		}
		if tip.Trials == nil {
			if tip.Verdict != Tips || tip.Pushed.Low.String() != "60/s" || tip.Pushed.High.String() != "60.5/s" || tip.Alone.Low.String() != "80/s" || tip.Alone.High.String() != "80.5/s" {
				t.Errorf("%q, pushed %+v, alone %+v", tip.Verdict, tip.Pushed, tip.Alone)
			}
			return
		}
		for _, trial := range Missing(tip.Trials, records) {
			c := tip.Cells[trial.Cell]
			q, _ := ParseQuantity(c.Value)
			before := 0.97 + 0.004*float64(trial.Seed%3) // where it is well; luck moves it by less than a point
			if q.Value > 80 {
				before = 0.4
			}
			records = append(records, Record{Trial: trial, Complete: true, Expectations: []Outcome{
				{Text: until, Met: !w.fate(c, trial.Seed)}, {Text: spec.Search.Before, Met: true, Measured: true, Actual: before},
			}})
		}
	}
}

func TestSearchValues(t *testing.T) {
	for _, row := range []struct{ low, high, step, want string }{
		{"1s", "1.5s", "0.1s", "1s 1.1s 1.2s 1.3s 1.4s 1.5s"},
		{"0.1", "0.7", "0.2", "0.1 0.3 0.5 0.7"},
		{"8", "17", "4", "8 12 16 17"}, // the high end is always among them
		{"40/s", "41/s", "2/s", "40/s 41/s"},
		{"1%", "3%", "1%", "1% 2% 3%"},
	} {
		all, err := (&Search{Low: row.low, High: row.high, Step: row.step}).values()
		if err != nil {
			t.Errorf("%v: %v", row, err)
			continue
		}
		var texts []string
		for _, q := range all {
			texts = append(texts, q.String())
			if as, err := ParseQuantity(q.String()); err != nil || as != q {
				t.Errorf("%s is %v", q, q.Value) // JSON and text say the same
			}
		}
		if got := strings.Join(texts, " "); got != row.want {
			t.Errorf("%s..%s in steps of %s are %s, not %s", row.low, row.high, row.step, got, row.want)
		}
	}
	for _, row := range [][3]string{{"2", "1", "1"}, {"1", "1", "1"}, {"1", "2", "0"}, {"1", "2", "-1"}, {"1s", "2", "1"}, {"1", "2", "1e-5"}, {"x", "2", "1"}} {
		if all, err := (&Search{Low: row[0], High: row[1], Step: row[2]}).values(); err == nil {
			t.Errorf("%v are %d values", row, len(all))
		}
	}
}

func TestSearchArithmetic(t *testing.T) {
	// 299 runs without a collapse say under 1%, 95% sure (the rule of three: 3 in n).
	for _, row := range []struct {
		share, alpha float64
		want         int
	}{{0.01, 0.05, 299}, {0.01, 0.0375, 327}, {0.5, 0.5, 1}, {0.5, 0.25, 2}, {0.001, 0.05, 2995}} {
		if got := RunsFor(row.share, row.alpha); got != row.want {
			t.Errorf("under %v with alpha %v takes %d runs, not %d", row.share, row.alpha, got, row.want)
		}
		if u := upper(0, row.want, row.alpha); u > row.share+1e-12 {
			t.Errorf("with none of %d the bound is %v", row.want, u)
		}
		if u := upper(0, row.want-1, row.alpha); row.want > 1 && u < row.share {
			t.Errorf("with none of %d the bound is %v already", row.want-1, u)
		}
	}
	// Of ten fair coins two or fewer show heads in 56 of 1,024 cases.
	if p := chanceOfAtMost(2, 10, 0.5); math.Abs(p-56./1024) > 1e-12 {
		t.Errorf("two or fewer of ten: %v", p)
	}
	// The lady tasting tea: all four of eight cups.
	if p := fisher(count{4, 4}, count{4, 0}); math.Abs(p-1./70) > 1e-12 {
		t.Errorf("four of four and none of four: %v", p)
	}
	if p := fisher(count{4, 3}, count{4, 1}); math.Abs(p-17./70) > 1e-12 {
		t.Errorf("three of four and one of four: %v", p)
	}
	c := curve{at: []int{0, 2, 4, 6}, of: []count{{10, 0}, {10, 4}, {30, 6}, {10, 10}}}
	if got := fmt.Sprint(c.level()); got != "[0 0.25 0.25 1]" { // 4 of 10 and 6 of 30 are 10 of 40
		t.Errorf("the fitted curve is %s", got)
	}
	if got := c.crosses(0.5); math.Abs(got-(4+2./3)) > 1e-12 {
		t.Errorf("it crosses a half at %v", got)
	}
	if a, b := c.bracket(); a != 0 || b != 6 {
		t.Errorf("it tips between %d and %d", a, b)
	}
	// 9 of 30 or fewer are fewer than half (2.1%), 10 of 30 are not (4.9%).
	c = curve{at: []int{0, 1, 2, 3, 4}, of: []count{{30, 0}, {30, 9}, {30, 10}, {30, 5}, {30, 21}}}
	if low, high := c.half(0.95, 9); low != 1 || high != 4 {
		t.Errorf("half collapse between %d and %d", low, high)
	}
	if got := fmt.Sprint(evenly(0, 120, 9), evenly(3, 5, 9), evenly(0, 10, 4)); got != "[0 15 30 45 60 75 90 105 120] [3 4 5] [0 3 7 10]" {
		t.Error(got)
	}
}

func TestSearchIsRefused(t *testing.T) {
	w := world{pushed: level(0)}
	for _, change := range []func(*Spec){
		func(s *Spec) { s.Search = nil },
		func(s *Spec) { s.Search.High = "10/s" },
		func(s *Spec) { s.Search.Safe = 0 },
		func(s *Spec) { s.Search.Confidence = 1 },
	} {
		spec := searchSpec("40/s", "100/s", "0.5/s", w, 2000)
		change(spec)
		if tip, err := NewTipping(spec, nil); err == nil {
			t.Errorf("%+v", tip)
		}
	}
}
