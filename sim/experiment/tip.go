package experiment

import (
	"fmt"
	"math"
	"slices"
)

// A Tipping is how far the search for a tipping point has come, by the records that
// there are, and what it has found.
type Tipping struct {
	Spec *Spec

	// Trials are what is to be run next: the runs of the stage under way, those among
	// them that there are already too. nil: the search is over. The same records give
	// the same trials, wherever it is asked.
	Trials []Trial
	Asked  []Trial   // of all stages so far, that one too, by cell and seed
	Cells  []Setting // of the trials so far: Trial.Cell says which

	Stages  []Stage
	Runs    int // that there are
	Stopped int // of them: by a bound of the engine's; they count as collapsed
	Curve   []CurvePoint
	Unit    string
	GoodEnd string // "low" or "high": the end of the range at which fewer runs collapse
	Verdict TipVerdict

	// Of the scenario as it is, and with its faults not happening: where half of the
	// runs collapse; nil where that is not in the range, or not known. Without faults
	// there is only the first.
	Pushed, Alone *Edge

	Safe  *Claim // up to which value the scenario as it is hardly ever collapses; nil: nothing was claimed
	Lost  *Claim // from which on it collapses by itself
	Whole bool   // Safe is about the whole range

	Fall *Fall // of a TipFalls
	Why  string
}

// A TipVerdict is what a search has come to.
type TipVerdict string

// The verdicts.
const (
	Tips       TipVerdict = "tips"         // there is a safe edge in the range
	TipSafe    TipVerdict = "safe"         // it holds over the whole range
	TipUnsafe  TipVerdict = "unsafe"       // no value is safe
	TipFalls   TipVerdict = "not monotone" // runs collapse less often further on: there is no one edge
	TipTooFew  TipVerdict = "undecided"    // the runs that are allowed do not do
	Unfinished TipVerdict = "unfinished"   // there is more to run
)

// A CurvePoint is how often runs collapse at a value, with the Clopper-Pearson interval
// at the search's confidence, of this value alone.
type CurvePoint struct {
	Value           Quantity
	Calm            bool
	Runs, Collapsed int
	Low, High       float64
}

// An Edge is the value at which half of the runs collapse. Low and High are the ends of
// its interval: tried values; at one at which nothing could be told it is open.
type Edge struct {
	Value               Quantity
	Low, High           Quantity
	LowKnown, HighKnown bool
}

// A Claim is that at a value, and better ones (worse ones, of the lost edge), fewer runs
// than a share are bad: collapse, or of the lost edge hold.
type Claim struct {
	Value Quantity
	Runs  int     // that it is founded on
	Bad   int     // of these
	Under float64 // the share, as sure as the search's confidence
	Shown bool    // Under is the share that was asked for, or less
	AtEnd bool    // it is the range's end
}

// NewTipping goes on with a search by the records that there are. The error says what is
// wrong with the spec.
func NewTipping(spec *Spec, records []Record) (*Tipping, error) {
	f := &finder{spec: spec, search: spec.Search, records: make(map[Trial]*Record, len(records)), cellOf: map[spot]int{}, asked: map[spot][]uint64{}}
	if f.search == nil {
		return nil, fmt.Errorf("the description of a search without what it looks for")
	}
	var err error
	if f.values, err = f.search.values(); err != nil {
		return nil, err
	}
	if s := f.search; !(s.Safe > 0 && s.Safe < 1 && s.Confidence > 0 && s.Confidence < 1) {
		return nil, fmt.Errorf("the shares %v and %v of a search are not between 0 and 1", s.Safe, s.Confidence)
	}
	for i := range records {
		f.records[records[i].Trial] = &records[i]
	}
	t := &Tipping{Spec: spec, Unit: f.values[0].Unit}
	f.find(t)
	t.Trials, t.Stages = f.pending, f.stages
	for _, at := range f.cells {
		t.Cells = append(t.Cells, Setting{f.values[at.at].String(), at.calm})
		for _, seed := range slices.Sorted(slices.Values(f.asked[at])) {
			t.Asked = append(t.Asked, Trial{f.cellOf[at], seed})
		}
	}
	if f.low {
		t.GoodEnd = "high"
	} else {
		t.GoodEnd = "low"
	}
	if f.pending != nil {
		t.Verdict = Unfinished
	}
	f.sum(t)
	return t, nil
}

// find goes through the search, from its first stage to where it stops.
func (f *finder) find(t *Tipping) {
	if !f.look() {
		t.Verdict, t.Why = TipTooFew, "the budget does not do for a first look at the range"
		return
	}
	for _, calm := range f.variants() {
		if t.Fall = f.falls(calm); t.Fall != nil {
			t.Verdict = TipFalls
			return
		}
	}
	ready := f.refine() && f.measure()
	f.edges(t)
	switch {
	case f.pending != nil:
		return
	case !ready:
		t.Verdict, t.Why = TipTooFew, "the budget was used up before a value could be claimed to be safe"
		return
	}
	for _, calm := range f.variants() {
		if t.Fall = f.falls(calm); t.Fall != nil {
			t.Verdict = TipFalls
			return
		}
	}
	f.claims(t)
}

// edges finds where half of the runs collapse.
func (f *finder) edges(t *Tipping) {
	for _, calm := range f.variants() {
		e := f.edge(calm)
		if calm {
			t.Alone = e
		} else {
			t.Pushed = e
		}
	}
}

func (f *finder) edge(calm bool) *Edge {
	c := f.curve(calm)
	level := c.level()
	if len(level) == 0 || level[0] >= 0.5 || level[len(level)-1] < 0.5 {
		return nil
	}
	low, high := f.curve(calm, measuring).half(f.search.Confidence, len(f.values))
	e := &Edge{LowKnown: low >= 0, HighKnown: high < len(f.values)}
	low, high = max(low, 0), min(high, f.last())
	e.Value = f.between(min(max(c.crosses(0.5), float64(low)), float64(high)))
	e.Low, e.High = f.values[f.place(low)], f.values[f.place(high)]
	if f.low {
		e.Low, e.High, e.LowKnown, e.HighKnown = e.High, e.Low, e.HighKnown, e.LowKnown
	}
	return e
}

// between is the value at a place between two, with no more digits than it is worth.
func (f *finder) between(place float64) Quantity {
	if f.low {
		place = float64(f.last()) - place
	}
	i := min(int(place), f.last()-1)
	a, b := f.values[i].Value, f.values[i+1].Value
	v := a + float64((b-a)*(place-float64(i)))
	unit := math.Pow(10, math.Floor(math.Log10(b-a))-1)
	return Quantity{nineDigits(math.Round(v/unit) * unit), f.values[i].Unit}
}

// claims finds the values up to which it is safe, and from which on it is lost.
func (f *finder) claims(t *Tipping) {
	pushed, own := f.curve(false), f.curve(len(f.variants()) > 1)
	all := pushed.total()
	var safe, lost, other *claim
	if all.collapsed < all.runs {
		safe = f.claimOf(false, false)
	}
	if end := own.of[len(own.of)-1]; own.tips() && end.collapsed == end.runs {
		lost = f.claimOf(len(f.variants()) > 1, true)
	}
	ready := f.settle(safe, lost)
	whole := ready && safe != nil && safe.best != nil && safe.best.place == f.last()
	if whole && own.total().collapsed == 0 {
		// Nothing has collapsed, and so it is not known which end is the better one.
		other = &claim{allow: f.allowed(), failed: 1}
		ready = f.settle(other)
	}
	if ready {
		f.tighten(safe, lost)
	}
	t.Safe, t.Lost = f.claimed(safe), f.claimed(lost)
	if f.pending != nil {
		return
	}
	t.Whole = whole && (other == nil || other.best != nil)
	switch {
	case !ready:
		t.Verdict, t.Why = TipTooFew, "the budget was used up"
	case safe == nil, safe.nowhere:
		t.Verdict = TipUnsafe
	case other != nil && other.best == nil:
		t.Verdict, t.Why = TipTooFew, fmt.Sprintf("runs collapse at %s too, though seldom", f.values[f.place(0)])
	case t.Whole:
		t.Verdict = TipSafe
	default:
		t.Verdict = Tips
	}
}

// point is a point of the curve.
func (f *finder) point(at spot) CurvePoint {
	n := f.count(at)
	p := CurvePoint{Value: f.values[at.at], Calm: at.calm, Runs: n.runs, Collapsed: n.collapsed, High: 1}
	if n.runs > 0 {
		p.Low, p.High = ClopperPearson(n.collapsed, n.runs, f.search.Confidence)
	}
	return p
}

// sum counts the runs, and makes the curve of them: by value, from low to high, the
// scenario as it is before the same without its faults.
func (f *finder) sum(t *Tipping) {
	for at := range f.values {
		for _, calm := range f.variants() {
			s := spot{at, calm}
			for _, seed := range f.asked[s] {
				if r := f.records[Trial{f.cellOf[s], seed}]; r != nil {
					t.Runs++
					if !r.Complete {
						t.Stopped++
					}
				}
			}
			if p := f.point(s); p.Runs > 0 {
				t.Curve = append(t.Curve, p)
			}
		}
	}
}
