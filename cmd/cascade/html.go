package main

import (
	"context"
	"io"
	"slices"

	"cascade/scenarios"
	"cascade/sim/html"
	"cascade/sim/report"
)

// writePage writes what a scenario came to as a page for a browser. Of several runs it
// tells of the one that tells most, which is run once more for that: it is the same again.
func writePage(w io.Writer, all []outcome) error {
	o := all[0]
	if o.runs == nil {
		return html.Write(w, html.Document{Report: o.report})
	}
	runs := *o.runs
	runs.Records = slices.Clone(runs.Records)
	telling, _ := html.Telling(&runs)
	for i := range runs.Records {
		if i >= html.MaxOverlaid && i != telling {
			continue
		}
		text, err := o.reports(&runs.Records[i])
		if err != nil {
			return err
		}
		runs.Records[i].Report = text
	}
	d := html.Document{Runs: &runs}
	if telling >= 0 {
		var err error
		if d.Report, err = retold(o.scenario, runs.Records[telling].Seed); err != nil {
			return err
		}
	}
	return html.Write(w, d)
}

// retold is the report of one of several runs of a scenario. That a bound stopped it is
// told in the report.
func retold(s *scenarios.Scenario, seed uint64) (*report.Report, error) {
	plan := *s.Plan
	plan.Seed = seed
	var single []report.Expectation
	for _, e := range s.Expectations {
		single = append(single, e.OfOneRun())
	}
	collector := report.NewCollector(&plan, single)
	totals, err := simulate(context.Background(), &plan, nil, collector)
	if totals == nil {
		return nil, err
	}
	return collector.Report(totals), nil
}
