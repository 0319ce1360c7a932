package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/experiment"
	"cascade/sim/export"
	"cascade/sim/report"
	"cascade/sim/trace"

	"github.com/spf13/pflag"
)

// An outcome is what a scenario came to.
type outcome struct {
	name     string // of the scenario on the command line
	scenario *scenarios.Scenario
	report   *report.Report   // of one run; nil where the engine stopped before there was one, or it did not run
	broke    string           // why it did not come to its end, in words; "": it did
	traces   *trace.Collector // nil: nobody asked for them

	runs    *experiment.Runs                         // of several; then there is no report
	reports func(*experiment.Record) ([]byte, error) // of one of them, as JSON with its timeline
}

// An output is a form in which outcomes are written, with the flag of its name.
type output struct {
	flag, usage string
	several     bool // it takes those of several scenarios, and of those that broke
	runs        bool // it takes those of several runs, too
	reports     bool // of these it needs the reports
	write       func(io.Writer, []outcome) error
	tables      []export.Table // in place of write: it fills a folder with them

	path string      // of the flag
	to   destination // where it goes; the path "" goes nowhere
	into folder      // likewise, of tables
}

// newOutputs are all forms: a row each.
func newOutputs() []*output {
	return []*output{
		{flag: "json", usage: "write the report as JSON to `FILE`, or to standard output (-)", runs: true, reports: true, write: func(w io.Writer, all []outcome) error {
			if o := all[0]; o.runs != nil {
				return o.runs.WriteJSON(w, o.reports)
			}
			return all[0].report.WriteJSON(w)
		}},
		{flag: "junit", usage: "write the verdicts as JUnit XML to `FILE`", several: true, runs: true, write: func(w io.Writer, all []outcome) error {
			return export.JUnit(w, results(all))
		}},
		{flag: "markdown", usage: "write the verdicts as Markdown to `FILE`, for the comment of a pull request", several: true, runs: true, write: func(w io.Writer, all []outcome) error {
			return export.Markdown(w, results(all))
		}},
		{flag: "html", usage: "write a page for a browser to `FILE`, one file with story, charts and tables", runs: true, reports: true, write: writePage},
		{flag: "csv", usage: "write what happened over time as CSV files into the folder `DIR`", runs: true, reports: true, tables: export.Tables()},
		{flag: "openmetrics", usage: "write what happened over time as OpenMetrics to `FILE`, for Prometheus", write: func(w io.Writer, all []outcome) error {
			return export.OpenMetrics(w, all[0].report)
		}},
		newTraces(),
	}
}

// outputs are the forms that a command line asks for.
type outputs []*output

func (all outputs) flags(f *pflag.FlagSet) {
	for _, o := range all {
		f.StringVar(&o.path, o.flag, "", o.usage)
	}
}

// aim looks at all paths before anything runs; names are the scenarios on the command
// line, and runs says that each is run several times.
func (all outputs) aim(f *pflag.FlagSet, names []string, runs bool) error {
	var stdout *output
	for _, o := range all {
		switch {
		case o.path == "" && f.Changed(o.flag):
			return usage("--%s: the path of the file to write is empty", o.flag)
		case o.path == "":
			continue
		case len(names) > 1 && !o.several:
			return usage("--%s takes the report of one scenario, and there are %d: run them one by one", o.flag, len(names))
		case runs && !o.runs:
			return usage("--%s takes the report of one run: leave --runs out, and say which with --seed", o.flag)
		}
		var err error
		if o.tables != nil {
			o.into, err = aimFolder(o.flag, o.path, o.tables)
		} else {
			o.to, err = aim(o.path)
		}
		if err != nil {
			return err
		}
		if o.tables == nil && o.to.stream == toStdout {
			if stdout != nil {
				return usage("--%s and --%s both go to standard output; name a file for one of them", stdout.flag, o.flag)
			}
			stdout = o
		}
	}
	return nil
}

// sparing refuses what would replace a file that is read.
func (all outputs) sparing(sh *shell, names []string, read []*scenarios.Scenario) error {
	for _, o := range all {
		if o.path == "" {
			continue
		}
		to := []destination{o.to}
		if o.tables != nil {
			to = o.into.files
		}
		for _, d := range to {
			if err := d.sparing(sh, names, read); err != nil {
				return err
			}
		}
	}
	return nil
}

// needReports says whether one of them needs the reports of several runs.
func (all outputs) needReports() bool {
	return slices.ContainsFunc(all, func(o *output) bool { return o.path != "" && o.reports })
}

// takeStdout says whether one of them is what standard output carries.
func (all outputs) takeStdout() bool {
	for _, o := range all {
		if o.path != "" && o.tables == nil && o.to.stream == toStdout {
			return true
		}
	}
	return false
}

// write writes what is asked for of the outcomes, and returns the exit code of what
// could not be. Without outcomes the forms know themselves of what they are.
func (all outputs) write(sh *shell, of []outcome) int {
	code := exitHeld
	for _, o := range all {
		switch {
		case o.path == "" || of != nil && !o.several && of[0].report == nil && of[0].runs == nil:
		case o.tables != nil:
			code = worse(code, sh.tell(o.into.write(o.tables, &of[0])))
		default:
			code = worse(code, sh.tell(o.to.write(sh, func(w io.Writer) error { return o.write(w, of) })))
		}
	}
	return code
}

// runOnce runs a scenario's plan. The outcome has a report unless the engine panicked; the
// code says how the run went, not yet how it is judged.
func runOnce(ctx context.Context, sh *shell, o *outcome, progress *progress, observers ...sim.Observer) (code int) {
	plan := o.scenario.Plan
	collector := report.NewCollector(plan, o.scenario.Expectations)
	totals, err := simulate(ctx, plan, progress, append([]sim.Observer{collector}, observers...)...)
	if err != nil {
		code = exitBroken
		var bug *bug
		if !errors.As(err, &bug) {
			err = fmt.Errorf("%q with seed %d: %w", plan.Name, plan.Seed, err)
		}
		o.broke = err.Error()
		sh.tell(&exit{exitBroken, err})
	}
	if totals == nil {
		return code
	}
	if err == nil && !totals.Complete {
		code = exitInterrupted
		o.broke = fmt.Sprintf("interrupted at %v of %v", totals.To, plan.Duration)
		fmt.Fprintf(sh.err, "cascade: interrupted at %v of %v; the report is of what had run\n", totals.To, plan.Duration)
	}
	o.report = collector.Report(totals)
	return code
}
