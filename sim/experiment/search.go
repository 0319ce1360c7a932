package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// A Search is what a tipping point is looked for with.
type Search struct {
	Path  string `json:"path"`
	Low   string `json:"low"` // as a scenario file writes it, in the unit of High
	High  string `json:"high"`
	Step  string `json:"step"`  // between the values that are tried
	Until string `json:"until"` // the expectation that ceases to hold

	// Before, unless "", is an expectation that measures the success rate that Until
	// comes back to. Where a run is down before the fault even begins, it is easily
	// back to that: such a run has collapsed, whatever Until says.
	Before string `json:"before,omitempty"`

	Pushed     bool    `json:"pushed"`     // the scenario has faults: it is run with and without them
	Safe       float64 `json:"safe"`       // a value is safe where fewer runs collapse than this share
	Confidence float64 `json:"confidence"` // of every claim and interval
}

// Bounds of a search.
const (
	MinBudget = 200       // runs: what the first look at a range takes, and a little more
	MaxBudget = 1_000_000 // runs
	MaxValues = 10_000    // steps from the range's low to its high
)

// values are what is tried, from low to high: every step, and the high end.
func (s *Search) values() ([]Quantity, error) {
	var q [3]Quantity
	for i, text := range []string{s.Low, s.High, s.Step} {
		var err error
		if q[i], err = ParseQuantity(text); err != nil {
			return nil, err
		}
		if q[i].Unit != q[0].Unit {
			return nil, fmt.Errorf("%s and %s are not in the same unit", q[0], q[i])
		}
	}
	low, high, step := q[0].Value, q[1].Value, q[2].Value
	steps := (high - low) / step
	if !(step > 0) || !(steps > 0) || steps > MaxValues {
		return nil, fmt.Errorf("%s..%s in steps of %s are not 1 to %d steps", s.Low, s.High, s.Step, MaxValues)
	}
	var all []Quantity
	for i := 0; float64(i) < steps-1e-6; i++ {
		all = append(all, Quantity{nineDigits(low + float64(i)*step), q[0].Unit})
	}
	return append(all, q[1]), nil
}

// ParseRange reads what is varied, and between which values: PATH=LOW..HIGH. Both
// values are in the unit of LOW, or in that of HIGH where LOW has none.
func ParseRange(text string) (path string, low, high Quantity, err error) {
	path, ends, ok := strings.Cut(text, "=")
	from, to, two := strings.Cut(ends, "..")
	path = strings.TrimSpace(path)
	if !ok || !two || path == "" {
		return "", low, high, errors.New("want PATH=LOW..HIGH, as traffic.shoppers.rate=40/s..160/s")
	}
	if low, err = ParseQuantity(strings.TrimSpace(from)); err != nil {
		return "", low, high, err
	}
	if high, err = ParseQuantity(strings.TrimSpace(to)); err != nil {
		return "", low, high, err
	}
	if low.Unit == "" {
		low.Unit = high.Unit
	}
	if high, err = high.In(low.Unit); err != nil {
		return "", low, high, err
	}
	if low.Value >= high.Value {
		return "", low, high, fmt.Errorf("%s is not below %s: the lower end comes first", low, high)
	}
	return path, low, high, nil
}

// StepOf is how far apart the values of a range are. The resolution is a share of the
// range, of which the step is the readable number next below (1, 2 or 5 and zeros), or a
// quantity, which it is as it stands. whole says that the value takes whole numbers only.
func StepOf(low, high Quantity, resolution string, whole bool) (Quantity, error) {
	width := high.Value - low.Value
	step, err := ParseQuantity(resolution)
	if err != nil {
		return step, err
	}
	if share := step.Value / 100; step.Unit == "%" && low.Unit != "%" {
		if !(share > 0 && share <= 1) {
			return step, errors.New("want a share of the range from 0.01% to 100%")
		}
		step = Quantity{readable(width * share), low.Unit}
	} else if low.Unit == "%" && step.Unit == "%" && resolution == DefaultResolution {
		step.Value = readable(width * share)
	}
	if step, err = step.In(low.Unit); err != nil {
		return step, err
	}
	if step.Value <= 0 {
		return step, errors.New("want a step above 0")
	}
	isWhole := func(v float64) bool { return v == math.Trunc(v) }
	if whole && low.Unit == "" && isWhole(low.Value) && isWhole(high.Value) {
		step.Value = max(1, math.Floor(step.Value))
	}
	if width/step.Value > MaxValues {
		return step, fmt.Errorf("that is more than %d values; want a larger step", MaxValues)
	}
	return step, nil
}

// DefaultResolution is a hundredth of the range.
const DefaultResolution = "1%"

// readable is the largest of 1, 2 and 5 with zeros that is not above v.
func readable(v float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{5, 2} {
		if m*ten <= v*(1+1e-9) {
			return m * ten
		}
	}
	return ten
}

// A Setting is one cell of a search: a value, and whether the faults happen.
type Setting struct {
	Value string
	Calm  bool
}

// The seeds of a search. Exploring and measuring the seeds are the same at every value
// (common random numbers). What a claim is founded on has luck of its own, which had no
// say in where to look: else the search would find the places where luck was good.
const (
	exploring uint64 = 0
	measuring uint64 = MaxBudget
	claiming  uint64 = 2 * MaxBudget
)

// How many runs a value gets.
const (
	coarseValues = 9  // in the first look at the range
	someRuns     = 8  // while looking for where it tips
	measureRuns  = 30 // where it tips; more with a large budget
	measureAt    = 8  // values at most
	mostRefining = 8  // stages
)

// A spot is a value and a variant: a cell, before it has a number.
type spot struct {
	at   int // into values
	calm bool
}

// A finder looks for the tipping point. It goes the whole way every time, from the
// first stage on, over the records that there are, and comes to a stop where some are
// missing: those are what is to be run next. So it remembers nothing, and any machine
// with the same records goes on with the same runs.
type finder struct {
	spec    *Spec
	search  *Search
	values  []Quantity
	records map[Trial]*Record

	cells  []spot
	cellOf map[spot]int
	asked  map[spot][]uint64 // seeds
	used   int               // runs
	stages []Stage

	pending []Trial // of the stage under way; nil: the search is over

	low     bool // the good end is the range's high one, the bad end its low one
	healthy [2]float64
	judged  bool // healthy is known
}

// A Stage is a batch of runs that are decided together: they may go side by side, on as
// many machines as there are. What comes next depends on how they come out.
type Stage struct {
	Name string `json:"name"`
	Runs int    `json:"runs"`
}

// A want is runs that a stage asks for.
type want struct {
	spot
	first uint64 // seed, from the spec's
	runs  int
}

// ask says whether the runs are there. Where not, the search ends here for now.
func (f *finder) ask(stage string, wants ...want) bool {
	var trials []Trial
	n := 0
	for _, w := range wants {
		n += w.runs
	}
	if f.used+n > f.spec.Runs {
		return false
	}
	missing := false
	for _, w := range wants {
		cell, known := f.cellOf[w.spot]
		if !known {
			cell = len(f.cells)
			f.cells = append(f.cells, w.spot)
			f.cellOf[w.spot] = cell
		}
		for k := range w.runs {
			t := Trial{cell, f.seed(w, k)}
			trials = append(trials, t)
			f.asked[w.spot] = append(f.asked[w.spot], t.Seed)
			missing = missing || f.records[t] == nil
		}
	}
	f.used += n
	f.stages = append(f.stages, Stage{stage, n})
	if missing {
		f.pending = trials
		slices.SortFunc(f.pending, Trial.Compare)
	}
	return !missing
}

// seed is the seed of the k-th run that is asked for.
func (f *finder) seed(w want, k int) uint64 {
	return (f.spec.Seed + w.first + uint64(k)) & math.MaxInt64
}

// tally counts the runs that a want asks for.
func (f *finder) tally(w want) count {
	var c count
	for k := range w.runs {
		f.see(&c, Trial{f.cellOf[w.spot], f.seed(w, k)}, w.calm)
	}
	return c
}

// see counts a run, if it is there.
func (f *finder) see(c *count, t Trial, calm bool) {
	if r := f.records[t]; r != nil {
		c.runs++
		if f.collapsed(r, calm) {
			c.collapsed++
		}
	}
}

// A count is how many of a number of runs collapsed.
type count struct{ runs, collapsed int }

func (c *count) add(d count) { c.runs, c.collapsed = c.runs+d.runs, c.collapsed+d.collapsed }

// share is the share that collapsed.
func (c count) share() float64 { return float64(c.collapsed) / float64(c.runs) }

// count counts the runs of a spot whose seeds come from a part of them.
func (f *finder) count(at spot, parts ...uint64) count {
	var c count
	for _, seed := range f.asked[at] {
		part := (seed - f.spec.Seed) & math.MaxInt64 / MaxBudget * MaxBudget
		if len(parts) > 0 && !slices.Contains(parts, part) {
			continue
		}
		f.see(&c, Trial{f.cellOf[at], seed}, at.calm)
	}
	return c
}

// collapsed says whether a run has collapsed: the expectation was not met, or what it
// comes back to was not healthy.
func (f *finder) collapsed(r *Record, calm bool) bool {
	o := r.outcome(f.search.Until)
	if o == nil || !o.Met {
		return true
	}
	if f.search.Before == "" || !f.judged {
		return false
	}
	before := r.outcome(f.search.Before)
	return before == nil || !before.Measured || before.Actual < f.healthy[index(calm)]
}

// outcome is how an expectation came out; nil where the run was not judged by it.
func (r *Record) outcome(text string) *Outcome {
	for i := range r.Expectations {
		if r.Expectations[i].Text == text {
			return &r.Expectations[i]
		}
	}
	return nil
}

func index(calm bool) int {
	if calm {
		return 1
	}
	return 0
}

// judge finds the success rate that is healthy before a fault: all but a percentage
// point of the lowest that was seen at the better end of the range.
func (f *finder) judge() {
	for _, calm := range f.variants() {
		best := math.Inf(-1)
		for _, at := range []int{0, len(f.values) - 1} {
			sum, least, n := 0.0, math.Inf(1), 0
			for _, seed := range f.asked[spot{at, calm}] {
				r := f.records[Trial{f.cellOf[spot{at, calm}], seed}]
				if o := r.outcome(f.search.Before); o != nil && o.Measured {
					sum, least, n = sum+o.Actual, min(least, o.Actual), n+1
				}
			}
			if n > 0 && sum/float64(n) > best {
				best = sum / float64(n)
				f.healthy[index(calm)] = least - 0.01 - 1e-12
			}
		}
	}
	f.judged = true
}

// variants are the scenario as it is, and with its faults not happening where it has any.
func (f *finder) variants() []bool {
	if f.search.Pushed {
		return []bool{false, true}
	}
	return []bool{false}
}

// place is the value at a place: they count from the good end to the bad.
func (f *finder) place(j int) int {
	if f.low {
		return len(f.values) - 1 - j
	}
	return j
}

// last is the place of the bad end.
func (f *finder) last() int { return len(f.values) - 1 }

// look is the first stage: a few values over all of the range.
func (f *finder) look() bool {
	var wants []want
	for _, calm := range f.variants() {
		for _, at := range evenly(0, f.last(), coarseValues) {
			wants = append(wants, want{spot{at, calm}, exploring, someRuns})
		}
	}
	if !f.ask("look", wants...) {
		return false
	}
	f.judge()
	f.orient()
	return true
}

// orient finds the good end: where fewer runs collapse, of all runs together.
func (f *finder) orient() {
	tilt := 0
	for at := range f.cellOf {
		c := f.count(at)
		tilt += c.collapsed * cmp.Compare(2*at.at, f.last())
	}
	f.low = tilt < 0
}

// evenly are n numbers from a to b, both among them, as evenly as whole numbers can be.
func evenly(a, b, n int) []int {
	var all []int
	for k := range n {
		all = append(all, a+((b-a)*k+(n-1)/2)/(n-1))
	}
	return slices.Compact(all)
}

// A curve is what is known of a variant, by place.
type curve struct {
	at []int // places, from the good end
	of []count
}

func (f *finder) curve(calm bool, parts ...uint64) curve {
	var c curve
	for j := range f.values {
		if n := f.count(spot{f.place(j), calm}, parts...); n.runs > 0 {
			c.at, c.of = append(c.at, j), append(c.of, n)
		}
	}
	return c
}

func (c curve) total() count {
	var all count
	for _, n := range c.of {
		all.add(n)
	}
	return all
}

// bracket are the places between which it tips: up to a no run has collapsed, from b on
// all have. Where there are none, it is the end of the range.
func (c curve) bracket() (a, b int) {
	a, b = c.at[0], c.at[len(c.at)-1]
	for i, n := range c.of {
		if n.collapsed > 0 {
			break
		}
		a = c.at[i]
	}
	for i := len(c.of) - 1; i >= 0 && c.of[i].collapsed == c.of[i].runs; i-- {
		b = c.at[i]
	}
	return a, max(a, b)
}

// tips says whether there is something to find between: some runs collapsed, and not
// all.
func (c curve) tips() bool {
	all := c.total()
	return all.collapsed > 0 && all.collapsed < all.runs
}

// refine is the second part: values between those up to which all is well and those
// from which on nothing is, until these are close together, or several lie between.
func (f *finder) refine() bool {
	for range mostRefining {
		var wants []want
		for _, calm := range f.variants() {
			c := f.curve(calm)
			if !c.tips() {
				continue
			}
			a, b := c.bracket()
			widest := 0
			for i := 1; i < len(c.at); i++ {
				if c.at[i-1] >= a && c.at[i] <= b {
					widest = max(widest, c.at[i]-c.at[i-1])
				}
			}
			if widest <= max(1, (b-a)/5) {
				continue
			}
			for _, j := range evenly(a, b, coarseValues) {
				if !slices.Contains(c.at, j) {
					wants = append(wants, want{spot{f.place(j), calm}, exploring, someRuns})
				}
			}
		}
		if len(wants) == 0 {
			break
		}
		if !f.ask("refine", wants...) {
			return false
		}
	}
	return true
}

// measure is the third part: more runs, with fresh luck, at a few values where it tips,
// and those around it at which all was well, or nothing was.
func (f *finder) measure() bool {
	var wants []want
	for _, calm := range f.variants() {
		c := f.curve(calm)
		if !c.tips() {
			continue
		}
		a, b := c.bracket()
		i, k := slices.Index(c.at, a), slices.Index(c.at, b)
		places := evenly(int(c.crosses(0.2)), int(math.Ceil(c.crosses(0.8))), measureAt-4)
		places = append(places, c.at[max(i-1, 0)], a, b, c.at[min(k+1, len(c.at)-1)])
		slices.Sort(places)
		for _, j := range slices.Compact(places) {
			wants = append(wants, want{spot{f.place(j), calm}, measuring, max(measureRuns, f.spec.Runs/100)})
		}
	}
	return len(wants) == 0 || f.ask("measure", wants...)
}

// level is the share of runs that collapse at every place of the curve, never falling:
// the isotonic least-squares fit, by pooling neighbours that fall (M. Ayer et al., "An
// empirical distribution function for sampling with incomplete information", 1955).
func (c curve) level() []float64 {
	type block struct {
		count
		places int
	}
	var blocks []block
	for _, n := range c.of {
		blocks = append(blocks, block{n, 1})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].share() >= blocks[k].share(); k-- {
			blocks[k-1].add(blocks[k].count)
			blocks[k-1].places += blocks[k].places
			blocks = blocks[:k]
		}
	}
	var level []float64
	for _, b := range blocks {
		for range b.places {
			level = append(level, b.share())
		}
	}
	return level
}

// crosses is the place at which the fitted curve crosses a share, between places as a
// straight line.
func (c curve) crosses(share float64) float64 {
	level := c.level()
	for i, p := range level {
		if p < share {
			continue
		}
		if i == 0 {
			return float64(c.at[0])
		}
		before, width := level[i-1], float64(c.at[i]-c.at[i-1])
		return float64(c.at[i-1]) + width*(share-before)/(p-before)
	}
	return float64(c.at[len(c.at)-1])
}

// half is the interval of the place at which half of the runs collapse, from the runs
// of the measure. From the good end on each place is asked whether fewer than half
// collapse there, as sure as half of the rest of the confidence, and likewise from the
// bad end; the first that cannot say so ends it. Of the places where it is not so the
// first must be mistaken for the interval to miss, whatever hangs together between
// them: a fixed sequence of tests (W. Maurer, L. Hothorn and W. Lehmacher, 1995). It
// takes for granted that the share does not fall from place to place, and nothing of its
// shape. low and high are -1 and the number of values where it cannot be told.
func (c curve) half(confidence float64, values int) (low, high int) {
	rest := (1 - confidence) / 2
	low, high = -1, values
	for i, n := range c.of {
		if chanceOfAtMost(n.collapsed, n.runs, 0.5) > rest {
			break
		}
		low = c.at[i]
	}
	for i := len(c.of) - 1; i >= 0; i-- {
		if chanceOfAtMost(c.of[i].runs-c.of[i].collapsed, c.of[i].runs, 0.5) > rest {
			break
		}
		high = c.at[i]
	}
	return low, high
}

// chanceOfAtMost is the chance of k successes or fewer in n trials.
func chanceOfAtMost(k, n int, p float64) float64 {
	if k >= n {
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-p)
}

// A Fall is where the share of collapses falls though the load grows: two values, of
// which the better one has more.
type Fall struct {
	Better, Worse CurvePoint
}

// falls finds the clearest fall of the curve, by Fisher's exact test of two values that
// are alike, wrong with a chance of 1% for all pairs together (R. A. Fisher, 1935).
// With common random numbers the two counts differ by less than the test allows for.
func (f *finder) falls(calm bool) *Fall {
	c := f.curve(calm)
	best, pairs := 1.0, len(c.at)*(len(c.at)-1)/2
	var at [2]int
	for j := range c.of {
		for i := range j {
			if c.of[i].share() <= c.of[j].share() {
				continue
			}
			if p := fisher(c.of[i], c.of[j]); p < best {
				best, at = p, [2]int{i, j}
			}
		}
	}
	if best*float64(pairs) > 0.01 {
		return nil
	}
	return &Fall{f.point(spot{f.place(c.at[at[0]]), calm}), f.point(spot{f.place(c.at[at[1]]), calm})}
}

// fisher is the chance that of all runs that collapsed as many are in the first count,
// or more, if it makes no difference.
func fisher(a, b count) float64 {
	all, bad := a.runs+b.runs, a.collapsed+b.collapsed
	choose := func(n, k int) float64 {
		x, _ := math.Lgamma(float64(n + 1))
		y, _ := math.Lgamma(float64(k + 1))
		z, _ := math.Lgamma(float64(n - k + 1))
		return x - y - z
	}
	sum := 0.0
	for k := a.collapsed; k <= min(bad, a.runs); k++ {
		if bad-k > b.runs {
			continue
		}
		sum += math.Exp(choose(a.runs, k) + choose(b.runs, bad-k) - choose(all, bad))
	}
	return min(sum, 1)
}
