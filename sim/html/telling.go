package html

import (
	"cmp"
	"slices"

	"cascade/sim/experiment"
)

// Telling is which of many runs a page tells of, by its place in the records, and why that
// one: the first in which an expectation did not hold; else the first that did not come
// back though every fault was over, unless none did; else the one in the middle, by the
// share of the first source's requests that succeeded and then by how slow they were. What
// a bound stopped is told of where there is nothing else. -1: there is no run.
func Telling(r *experiment.Runs) (place int, why string) {
	var ended []int
	for i := range r.Records {
		if r.Records[i].Complete {
			ended = append(ended, i)
		}
	}
	if len(ended) == 0 {
		return min(len(r.Records), 1) - 1, ""
	}
	first := func(is func(*experiment.Record) bool) int {
		return slices.IndexFunc(ended, func(i int) bool { return is(&r.Records[i]) })
	}
	if k := first(missed); k >= 0 {
		return ended[k], "the first in which an expectation did not hold"
	}
	stuck, back := first(func(rec *experiment.Record) bool { return rec.Metastable }), first(func(rec *experiment.Record) bool { return !rec.Metastable })
	if stuck >= 0 && back >= 0 {
		return ended[stuck], "the first that did not come back"
	}
	if len(ended) < 3 { // which have no middle
		return ended[0], ""
	}
	if names := r.Names("sources"); len(names) > 0 {
		success, slow := valuesOf(r, "sources."+names[0]+".success"), valuesOf(r, "sources."+names[0]+".latency.p99_s")
		slices.SortStableFunc(ended, func(a, b int) int {
			return cmp.Or(cmp.Compare(success[a], success[b]), cmp.Compare(slow[b], slow[a]))
		})
	}
	return ended[(len(ended)-1)/2], "the middle one by success and latency"
}

// missed says whether an expectation did not hold in a run.
func missed(rec *experiment.Record) bool {
	return slices.ContainsFunc(rec.Expectations, func(o experiment.Outcome) bool { return !o.Met })
}

// valuesOf are a metric's values by the places of the runs; 0 of a run that has none.
func valuesOf(r *experiment.Runs, path string) []float64 {
	all := make([]float64, len(r.Records))
	if m := r.Metric(path); m != nil {
		for k, i := range m.Of {
			all[i] = m.Values[k]
		}
	}
	return all
}
