package experiment

import (
	"slices"

	"cascade/sim/report"
)

// MaxRuns bounds how many seeds one setting is run with.
const MaxRuns = 10_000

// Confidence is what all intervals hold with, unless they say otherwise.
const Confidence = 0.95

// Runs is what several runs of one setting come to.
type Runs struct {
	Name         string // of the scenario
	Asked        int    // runs that were to be
	Records      []Record
	Expectations []Standing
	Summary      []Summary // in the report's order, over the runs that came to their end
	Looks        *Looks    // nil: it is judged once, at its end
	Complete     bool      // all runs are there, and came to their end
	Verdict      report.Verdict

	most int // runs, where there are looks
}

// A Standing is how an expectation came out over several runs.
type Standing struct {
	Text  string
	Share float64 // of the runs in which it must hold; 0: in every one
	Held  int     // in so many runs
	Of    int
	// Low and High are an interval for the share of all runs, of every seed there is,
	// in which it holds. 0 and 1 where there was no run.
	Low, High float64
	Verdict   report.Verdict
	// Needed is how many runs would decide it if the share seen stays, 0 where it is
	// decided. More than MostNeeded means that so many would not do.
	Needed int
	Failed []uint64 // seeds of runs in which it did not hold: the first ones, at most MaxFailed
}

// Bounds of a Standing.
const (
	MostNeeded = 1_000_000
	MaxFailed  = 10
)

// A Summary is a metric over several runs. Its Of are indexes into the Runs' records.
type Summary struct {
	Column
	Estimate
	Min, Max float64
	Modes    []Mode // two where the runs fall into two groups, or none
}

// A Mode is one of the groups that runs fall into.
type Mode struct {
	Runs     int
	Mean     float64
	Min, Max float64
}

// NewRuns says what the records of one setting come to. The order in which they come
// does not matter. A run that did not come to its end counts as one in which no
// expectation held, and is in no mean.
func NewRuns(s *Spec, records []Record) *Runs {
	r := &Runs{Name: s.Scenario, Asked: s.Runs, Looks: s.Looks, Records: slices.Clone(records)}
	slices.SortFunc(r.Records, func(a, b Record) int { return a.Compare(b.Trial) })
	if r.Looks != nil {
		r.most, r.Asked = s.Runs, r.Looks.upTo(s.Runs, len(records))
	}
	whole := make([]int, 0, len(records)) // indexes of the records that came to their end
	ended := make([]Record, 0, len(records))
	for i := range r.Records {
		if r.Records[i].Complete {
			whole = append(whole, i)
			ended = append(ended, r.Records[i])
		}
	}
	r.Complete = len(records) >= r.Asked && len(whole) == len(records)
	r.Verdict = report.Pass
	if !r.Complete {
		r.Verdict = report.Undecided
	}
	for i, e := range s.Expectations {
		st := standing(s, i, e, r.Records, r.Asked)
		r.Expectations = append(r.Expectations, st)
		switch {
		case st.Verdict == report.Fail:
			r.Verdict = report.Fail
		case st.Verdict == report.Undecided && r.Verdict == report.Pass:
			r.Verdict = report.Undecided
		}
	}
	for _, c := range Columns(ended) {
		for k, i := range c.Of {
			c.Of[k] = whole[i]
		}
		m := Summary{Column: c, Estimate: MeanOf(c.Values, Confidence), Min: slices.Min(c.Values), Max: slices.Max(c.Values)}
		m.Modes = TwoModes(c.Values)
		r.Summary = append(r.Summary, m)
	}
	return r
}

// confidence is what the intervals of the expectations hold with.
func (r *Runs) confidence() float64 {
	if r.Looks == nil {
		return Confidence
	}
	return r.Looks.Confidence(r.most)
}

// Lost are the seeds of the runs that did not come to their end: a bound of the engine's
// stopped them.
func (r *Runs) Lost() []uint64 {
	var seeds []uint64
	for i := range r.Records {
		if !r.Records[i].Complete {
			seeds = append(seeds, r.Records[i].Seed)
		}
	}
	return seeds
}

// Metric is the summary of one metric, or nil where no run has it.
func (r *Runs) Metric(path string) *Summary {
	i := slices.IndexFunc(r.Summary, func(m Summary) bool { return m.Path == path })
	if i < 0 {
		return nil
	}
	return &r.Summary[i]
}

// Decided says whether the records of one setting leave no expectation undecided.
func Decided(s *Spec, records []Record) bool {
	for i, e := range s.Expectations {
		if st := standing(s, i, e, records, len(records)); st.Verdict == report.Undecided {
			return false
		}
	}
	return true
}

// standing is how the i-th expectation came out, of so many runs that were to be.
func standing(s *Spec, i int, e Wanted, records []Record, asked int) Standing {
	st := Standing{Text: e.Text, Share: e.Share, Of: len(records), High: 1}
	for k := range records {
		rec := &records[k]
		if rec.Complete && i < len(rec.Expectations) && rec.Expectations[i].Met {
			st.Held++
		} else if len(st.Failed) < MaxFailed {
			st.Failed = append(st.Failed, rec.Seed)
		}
	}
	interval := wilson
	if s.Looks != nil {
		interval = s.Looks.interval(s.Runs)
	}
	st.judge(interval, len(records) < asked)
	return st
}

// An interval is one for the share of which good in n were seen. good need not be whole,
// to ask what would be seen of a share.
type interval func(good, n float64) (low, high float64)

// wilson is Wilson's 95% interval.
func wilson(good, n float64) (low, high float64) {
	const z = 1.959963984540054
	return report.WilsonOf(good/n, n, z)
}

// judge decides an expectation by the runs there are; interrupted says that there were
// to be more.
func (st *Standing) judge(of interval, interrupted bool) {
	if st.Of > 0 {
		st.Low, st.High = of(float64(st.Held), float64(st.Of))
	}
	if st.everyRun() {
		switch {
		case st.Held < st.Of:
			st.Verdict = report.Fail
		case interrupted || st.Of == 0:
			st.Verdict = report.Undecided
		}
		return
	}
	switch decided(st.Low, st.High, st.Share) {
	case report.Pass:
		st.Verdict = report.Pass
	case report.Fail:
		st.Verdict = report.Fail
	default:
		st.Verdict = report.Undecided
		st.Needed = needed(of, st.Held, st.Of, st.Share)
	}
}

// everyRun says whether one run that fails is one too many. No number of runs shows
// that a share is all: in 100% of runs means those that there are.
func (st *Standing) everyRun() bool { return st.Share == 0 || st.Share == 1 }

func decided(low, high, share float64) report.Verdict {
	switch {
	case low >= share:
		return report.Pass
	case high < share:
		return report.Fail
	}
	return report.Undecided
}

// needed is how many runs would decide a share, if what was seen stays: more than
// MostNeeded where those would not. Without a run that is not known, and the fewest that
// can decide it at all are meant.
func needed(of interval, held, n int, share float64) int {
	seen := 1.0
	if n > 0 {
		seen = float64(held) / float64(n)
	}
	decides := func(n int) bool {
		low, high := of(seen*float64(n), float64(n))
		return decided(low, high, share) != report.Undecided
	}
	if !decides(MostNeeded) {
		return MostNeeded + 1
	}
	few, enough := n, MostNeeded // the interval only narrows
	for few+1 < enough {
		if mid := few + (enough-few)/2; decides(mid) {
			enough = mid
		} else {
			few = mid
		}
	}
	return enough
}
