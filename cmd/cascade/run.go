package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/report"
	"cascade/sim/trace"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultScenario is what runs where none is named.
const defaultScenario = "slow-dependency"

// A runCommand is `cascade run` with its flags.
type runCommand struct {
	sh      *shell
	outputs outputs
	changes
	repetition repetition
	effort     effort
	requests   int // whose traces are written, at most
	baseline   baseline
	look
}

func newRun(sh *shell) *cobra.Command {
	r := &runCommand{sh: sh, outputs: newOutputs(), baseline: baseline{gate: newGate()}, look: newLook()}
	c := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "Run scenarios and judge them",
		Long: `Run reads each SCENARIO, runs it and prints a summary: the verdict, the story of
the cascade, a table of sources and services, and charts over time. Several
scenarios run one after the other, once all of them have been found good.

--runs N runs each of them N times, with its seed and those that follow, over
all cores, and prints what they come to: in how many runs each expectation held,
with an interval for the share of all runs; what is of two kinds, as where some
runs collapse and others do not; means with 95% intervals; seeds worth a look.
An expectation must hold in every run, or as often as it says itself: "in 95% of
runs" passes or fails once the whole interval lies on one side of 95%, and is
undecided before; how many runs would decide it is told. --until-decided goes on
until none is, and looks at twice as many runs each time, 50 at first or --runs;
the intervals are wider then, to make up for looking again and again.

SCENARIO is a file, - for standard input, or the name of a built-in scenario;
without one it is ` + defaultScenario + `.

--json writes the whole report as one JSON object, to a file or to standard
output (-), which then carries nothing else; with --runs the reports of all runs
and a summary. --junit and --markdown write the verdicts of all scenarios, --csv
and --openmetrics what happened over time. A file is written whole or not at
all. In GitHub Actions what did not hold is told as annotations, too, on
standard error.

--set changes one value of the scenario before it is checked: its path begins in
the topology (services.payment.threads) or at one of the scenario's own keys
(traffic.shoppers.rate, duration); a place in a list is its number from 0, and
the number behind the last adds one. It may be given several times, and has the
last word over --seed and --duration.

--traces writes what became of some requests as distributed traces, which Jaeger
and Grafana Tempo load (OTLP JSON) or, to a file whose name ends in
` + perfettoName + `, Perfetto and Chrome. A run begins at 2000-01-01T00:00:00Z
there. The requests, --trace-requests of them at most, are drawn evenly from the
whole run, the same ones whatever else is changed in the scenario.

--baseline holds what ran against a report that --json wrote, and says what
differs; with --fail-on worse what is worse is exit code 1, and 4 where too few
runs tell. "cascade compare --help" says how that is judged.

--quiet leaves the exit code to speak, and standard error to name what did not
hold, an expectation a line. --ascii is on by itself where TERM is dumb, or the
locale (LC_ALL, LC_CTYPE or LANG) is not UTF-8; --ascii=false keeps it off.

ascii, color, cores, duration, json, out, quiet, seed and shard may also come
from a variable (CASCADE_COLOR=never) or from a line of cascade.yaml (color:
never) in the working directory or in the user's configuration folder. Flags win
over variables, and variables over the file.

Exit codes:
    0  every expectation held
    1  an expectation failed
    2  bad usage or a bad file; nothing ran
    3  the engine broke a rule of its own or reached a bound, or an output could
       not be written, which is seen before the run where it can be; that its
       reader has gone away (run | head) is not told
    4  too few runs to decide an expectation, or with --fail-on worse whether
       something is worse; --runs does more of them
  130  interrupted; what had run was reported, with "complete": false`,
		Example: `  cascade run
  cascade run my.yaml --seed 7 --json report.json
  cascade run my.yaml --set services.payment.threads=64 --set duration=5m
  cascade run my.yaml --runs 200
  cascade run my.yaml --until-decided --max-runs 2000
  cascade run --quiet one.yaml two.yaml && echo both held
  cascade show slow-dependency | cascade run - --json - | jq .verdict`,
		ValidArgsFunction: completeScenario,
		RunE: func(c *cobra.Command, names []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			if len(names) == 0 {
				names = []string{defaultScenario}
			}
			return r.run(c.Context(), c.Flags(), names)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	r.outputs.flags(f)
	f.IntVar(&r.requests, "trace-requests", trace.DefaultRequests, "write the traces of so many requests at most")
	r.changes.flags(f)
	r.repetition.flags(f)
	r.effort.flags(f)
	r.baseline.flags(f)
	r.look.flags(f, "print no summary and no progress, only what did not hold")
	return c
}

func (r *runCommand) run(ctx context.Context, flags *pflag.FlagSet, names []string) error {
	sets, err := r.overrides()
	if err != nil {
		return err
	}
	if r.requests < 1 {
		return usage("--trace-requests: %d is too few; write at least 1, or leave --traces out", r.requests)
	}
	if flags.Changed("trace-requests") && !flags.Changed("traces") {
		return usage("--trace-requests is for --traces FILE, which is not given")
	}
	many := r.repetition.many()
	if err := r.outputs.aim(flags, names, many); err != nil {
		return err
	}
	if err := r.repetition.settle(flags, &r.effort, names); err != nil {
		return err
	}
	if many {
		if err := r.effort.settle(flags, r.outputs); err != nil {
			return err
		}
	}
	if err := r.baseline.read(flags, names, r.effort.shard); err != nil {
		return err
	}
	all, err := readScenarios(ctx, r.sh, names, sets)
	if err != nil {
		return err
	}
	if err := r.outputs.sparing(r.sh, names, all); err != nil {
		return err
	}
	if err := r.baseline.spared(r.sh, r.outputs); err != nil {
		return err
	}
	for i, s := range all {
		if many {
			if err := enoughSeeds(names[i], s, r.repetition.limit()); err != nil {
				return err
			}
		}
	}
	code := exitHeld
	var came []outcome
	for i, s := range all {
		if i > 0 && !r.quiet && !r.outputs.takeStdout() {
			fmt.Fprintln(r.sh.out)
		}
		o := outcome{name: names[i], scenario: s}
		if many {
			code = worse(code, r.many(ctx, &o, sets))
		} else {
			code = worse(code, r.one(ctx, &o))
		}
		code = worse(code, r.against(&o, sets[len(sets)-len(r.sets):])) // not the seed, nor the duration
		came = append(came, o)
		if code == exitInterrupted {
			if left := len(all) - 1 - i; left > 0 {
				fmt.Fprintf(r.sh.err, "cascade: %d more not run\n", left)
			}
			for k := i + 1; k < len(all); k++ {
				came = append(came, outcome{name: names[k], scenario: all[k], broke: "interrupted before it began"})
			}
			break
		}
	}
	code = worse(code, r.outputs.write(r.sh, came))
	annotate(r.sh.err, came)
	for i := range came {
		tellTraces(r.sh.err, &came[i], r.quiet)
	}
	if code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// one runs a scenario, tells what it came to, and returns the exit code of that.
func (r *runCommand) one(ctx context.Context, o *outcome) int {
	code := runOnce(ctx, r.sh, o, newProgress(r.sh, r.quiet, o.scenario.Plan), r.outputs.follow(o, r.requests)...)
	if o.report == nil {
		return code
	}
	whole := code == exitHeld
	if whole {
		code = verdictCode(o.report.Verdict)
	}
	if !r.quiet && !r.outputs.takeStdout() {
		code = worse(code, r.print(r.sh, o.report.WriteText))
	}
	if r.quiet && whole {
		tellFailures(r.sh.err, o.name, o.report)
	}
	if !r.quiet && !r.outputs.takeStdout() && code == exitUndecided {
		fmt.Fprintf(r.sh.err, "cascade: one run cannot decide every expectation of %s; --runs N does more\n", spokenName(o.name))
	}
	return code
}

// against holds what ran to its end, with values that --set gave it, against the
// baseline, if there is one.
func (r *runCommand) against(o *outcome, sets []scenarios.Override) int {
	ran := experiment.Side{Name: o.scenario.Plan.Name, Duration: o.scenario.Plan.Duration.Seconds()}
	for _, set := range sets {
		ran.Sets = append(ran.Sets, experiment.Set(set))
	}
	switch {
	case r.baseline.path == "":
		return exitHeld
	case o.runs != nil && len(o.runs.Records) == o.runs.Asked:
		ran.Records = o.runs.Records
	case o.report != nil && o.report.Complete:
		record, err := recordOf(o.report)
		if err != nil {
			return r.sh.tell(&exit{exitBroken, err})
		}
		ran.Records = []experiment.Record{record}
	default:
		return exitHeld // interrupted, or broken, which has been told
	}
	c, err := experiment.Compare(r.baseline.side, ran, r.baseline.tolerance.value)
	if err != nil {
		return r.sh.tell(usage("--baseline: %w", err))
	}
	code := r.baseline.code(c)
	if r.quiet || r.outputs.takeStdout() {
		tellWorse(r.sh.err, o.name, c)
		return code
	}
	fmt.Fprintln(r.sh.out)
	return worse(code, r.print(r.sh, c.WriteText))
}

// tellFailures writes a line for each expectation that was not met.
func tellFailures(w io.Writer, name string, result *report.Report) {
	for i := range result.Expectations {
		j := &result.Expectations[i]
		if j.Pass {
			continue
		}
		verdict := "FAIL"
		if j.Undecided {
			verdict = "UNDECIDED"
		}
		fmt.Fprintf(w, "%s: %s %s: %s\n", spokenName(name), verdict, strings.Join(strings.Fields(j.Text), " "), plainly(j.Outcome()))
	}
}

func verdictCode(v report.Verdict) int {
	switch v {
	case report.Pass:
		return exitHeld
	case report.Undecided:
		return exitUndecided
	default:
		return exitFailed
	}
}
