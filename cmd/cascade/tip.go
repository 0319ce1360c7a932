package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/report"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A tipCommand is `cascade tip` with its flags.
type tipCommand struct {
	sh               *shell
	vary             []string
	until            string
	resolution       string
	safe, confidence portion
	runs             number
	outputs          outputs
	effort
	changes
	look

	found *experiment.Tipping // what came of it
}

// tipRuns is how many runs a search may take if nothing else is said. To show that fewer
// collapse than a smaller share takes more: so many times what one look at it takes.
const tipRuns, tipLooks = 2000, 6

func newTip(sh *shell) *cobra.Command {
	t := &tipCommand{
		sh: sh, look: newLook(),
		runs: number{least: experiment.MinBudget, most: experiment.MaxBudget},
		safe: portion{value: 0.01, least: 1e-5, most: 0.5}, confidence: portion{value: 0.95, least: 0.5, most: 0.9999},
	}
	t.outputs = t.forms()
	c := &cobra.Command{
		Use:   "tip [SCENARIO] --vary PATH=LOW..HIGH --until 'EXPECTATION'",
		Short: "Find the value at which an expectation ceases to hold",
		Long: `Tip varies one value of SCENARIO and finds out where it tips: where the
expectation ceases to hold, how often runs collapse on the way, and both edges
of the band in which the system is well until it is pushed. Each value is run as
the scenario is, where its faults are the push, and alone: the same at the same
instants, but the faults do not happen. A run that does not meet the expectation
has collapsed. The search spends its runs where they tell most, and prints

  safe below 71/s (collapse under 1%, 95% sure); vulnerable 71/s to 86/s;
  lost above 86/s

It is safe up to where fewer runs than --safe collapse, pushed and all. It is
lost from where on fewer than that hold, even if nothing pushes. A scenario
without faults has one edge only.

The expectation should tell a system that has collapsed from one that suffers
while it is pushed: "shoppers recovers within 20s of rush", or "shoppers.success
>= 99% after rush". Of a recovery a run is collapsed, too, if the success rate
to come back to is bad already. Without --until it is the scenario's own, where
it has only one. Either end of the range may be the good one. Whole numbers are
tried where the value takes nothing else. It is taken for granted that runs do
not collapse less often further on; where they do, that is said.

With --out each run's report is kept in a directory, and the same command goes
on from there. The search goes by stages, each of which --shard may split; what
the next stage is depends on all of the one before.

ascii, color, cores, duration, json, out, quiet, seed and shard may also come
from a variable (CASCADE_COLOR=never) or from a line of cascade.yaml.

Exit codes:
    0  there is a safe edge in the range, or all of it is safe
    1  no value in the range is safe, or there is no one edge
    2  bad usage or a bad file; nothing ran
    3  the engine broke a rule of its own or reached a bound, or an output could
       not be written
    4  too few runs to decide
  130  interrupted; what had run was reported, with "complete": false`,
		Example: `  cascade tip retry-storm --vary traffic.shoppers.rate=40/s..160/s \
    --until 'shoppers recovers within 30s of rush'
  cascade tip my.yaml --vary services.payment.threads=4..64 --runs 5000 \
    --until 'shoppers.success >= 99% after payment-slow' --out tip
  cascade tip my.yaml --vary faults.rush.for=1s..30s --resolution 500ms \
    --safe 5% --json tip.json`,
		Args:              oneScenario,
		ValidArgsFunction: completeOneScenario,
		RunE: func(c *cobra.Command, names []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			name := defaultScenario
			if len(names) > 0 {
				name = names[0]
			}
			return t.run(c.Context(), c.Flags(), name)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&t.vary, "vary", nil, "what is varied, and between which values, as `PATH=LOW..HIGH`")
	f.StringVar(&t.until, "until", "", "the `EXPECTATION` that ceases to hold")
	f.Var(&t.runs, "runs", fmt.Sprintf("take at most so many runs, in place of %d (more with a smaller --safe)", tipRuns))
	f.Var(&t.safe, "safe", "a value is safe where fewer runs collapse than this share")
	f.Var(&t.confidence, "confidence", "how sure each claim and each interval is")
	f.StringVar(&t.resolution, "resolution", "", "how far apart values are at least: a share of the range, "+experiment.DefaultResolution+" if not given, or a `STEP` in its unit")
	t.outputs.flags(f)
	t.effort.flags(f)
	t.changes.flags(f)
	t.look.flags(f, "print no summary and no progress")
	return c
}

// forms are those in which what was found is written.
func (t *tipCommand) forms() outputs {
	return outputs{
		{flag: "json", usage: "write what was found as JSON to `FILE`, or to standard output (-)", write: func(w io.Writer, _ []outcome) error { return t.found.WriteJSON(w) }},
		{flag: "csv", usage: "write the curve as CSV to `FILE`, or to standard output (-)", write: func(w io.Writer, _ []outcome) error { return t.found.WriteCSV(w) }},
	}
}

func (t *tipCommand) run(ctx context.Context, flags *pflag.FlagSet, name string) error {
	sets, err := t.overrides()
	if err != nil {
		return err
	}
	switch len(t.vary) {
	case 0:
		return usage("nothing is varied; say what with --vary, as --vary traffic.shoppers.rate=40/s..160/s")
	case 1:
	default:
		return usage("--vary: one value is varied at a time, and there are %d; cascade sweep varies several", len(t.vary))
	}
	path, low, high, err := experiment.ParseRange(t.vary[0])
	if err != nil {
		return usage("--vary %s: %w", t.vary[0], err)
	}
	if path == "seed" {
		return usage("--vary %s: the seed is varied anyway: every value is run with many", t.vary[0])
	}
	if !flags.Changed("resolution") {
		t.resolution = experiment.DefaultResolution
	}
	if err := t.outputs.aim(flags, []string{name}, false); err != nil {
		return err
	}
	if err := t.effort.settle(flags, t.outputs); err != nil {
		return err
	}
	v, err := toVary.unlessStopped(ctx, t.sh.in, name, nil)
	if err != nil {
		return err
	}
	spec, first, err := t.spec(name, v, sets, path, low, high)
	if err != nil {
		return err
	}
	if err := t.outputs.sparing(t.sh, []string{name}, []*scenarios.Scenario{first}); err != nil {
		return err
	}
	return t.seek(ctx, v, sets, spec)
}

// spec describes the search, once both ends of its range have been found good.
func (t *tipCommand) spec(name string, v variable, sets []scenarios.Override, path string, low, high experiment.Quantity) (*experiment.Spec, *scenarios.Scenario, error) {
	read := func(q experiment.Quantity) (*scenarios.Scenario, error) {
		set := experiment.Set{Path: path, Value: q.String()}
		s, err := v(append(slices.Clone(sets), scenarios.Override(set))...)
		var found scenarios.Problems
		if errors.As(err, &found) {
			for i := range found {
				if found[i].Override {
					found[i].File = asVaried(found[i].File, []experiment.Set{set})
				} else {
					found[i].File = spokenSetting([]experiment.Set{set}) + ": " + found[i].File
				}
			}
			return nil, found
		}
		return s, err
	}
	first, err := read(low)
	if err != nil {
		return nil, nil, err
	}
	if _, err = read(high); err != nil {
		return nil, nil, err
	}
	_, err = read(experiment.Quantity{Value: low.Value + 0.5, Unit: low.Unit})
	step, err := experiment.StepOf(low, high, t.resolution, err != nil)
	if err != nil {
		return nil, nil, usage("--resolution %s: %w", t.resolution, err)
	}
	until, err := t.expectation(first)
	if err != nil {
		return nil, nil, err
	}
	runs := t.runs.value
	if runs == 0 {
		runs = max(tipRuns, tipLooks*experiment.RunsFor(t.safe.value, 1-t.confidence.value))
	}
	spec := newSpec(experiment.Tip, name, first, sets, runs)
	spec.Expectations = []experiment.Wanted{{Text: until.Text}}
	spec.Search = &experiment.Search{
		Path: path, Low: low.String(), High: high.String(), Step: step.String(), Until: until.Text, Before: until.Before(),
		Pushed: len(first.Plan.Faults) > 0, Safe: t.safe.value, Confidence: t.confidence.value,
	}
	return spec, first, nil
}

// expectation is the one that ceases to hold.
func (t *tipCommand) expectation(s *scenarios.Scenario) (*report.Expectation, error) {
	var e report.Expectation
	switch {
	case t.until != "":
		var problems []report.Problem
		e, problems = report.ParseExpectation(t.until, s.Plan)
		if len(problems) > 0 {
			var said []string
			for _, p := range problems {
				said = append(said, p.Message)
			}
			return nil, usage("--until '%s': %s", t.until, strings.Join(said, "; "))
		}
	case len(s.Expectations) == 1:
		// In how many runs it should hold is not asked: that is what is found out.
		e = s.Expectations[0].OfOneRun()
		e.Text = s.Expectations[0].Alone()
	case len(s.Expectations) == 0:
		return nil, usage("what ceases to hold? The scenario expects nothing; say it with --until, as --until 'shoppers.success >= 99%%'")
	default:
		return nil, usage("which of the scenario's %d expectations ceases to hold? Name one with --until, as --until '%s'", len(s.Expectations), s.Expectations[0].Alone())
	}
	if e.Share() > 0 {
		return nil, usage("--until '%s': tip finds out in how many runs it holds, at every value; leave out the share of runs (--safe says how few may fail)", e.Text)
	}
	return &e, nil
}

// seek goes through the stages of the search, as far as there are runs.
func (t *tipCommand) seek(ctx context.Context, v variable, sets []scenarios.Override, spec *experiment.Spec) error {
	c := crew{sh: t.sh, quiet: t.quiet, cell: func(i int) (*scenarios.Scenario, error) {
		return tipCell(v, sets, spec, t.found.Cells[i])
	}}
	d, err := t.effort.begin(c, spec, slimmest)
	if err != nil {
		return err
	}
	for {
		if t.found, err = experiment.NewTipping(spec, d.records); err != nil {
			return usage("%w", err)
		}
		if t.found.Trials == nil {
			break
		}
		left, err := d.run(ctx, t.found.Trials)
		if err != nil {
			return err
		}
		if len(left) == 0 && ctx.Err() == nil {
			continue
		}
		if d.shard.Of > 0 {
			return t.tellShard(ctx, d, t.found.Trials, left)
		}
		if t.found, err = experiment.NewTipping(spec, d.records); err != nil {
			return err
		}
		break
	}
	if d.shard.Of > 0 {
		return t.tellShard(ctx, d, t.found.Asked, nil)
	}
	if code := t.tell(ctx.Err() != nil); code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// tellShard says how far a shard has come with a stage, or that the search is over.
func (t *tipCommand) tellShard(ctx context.Context, d *conductor, trials, left []experiment.Trial) error {
	if !t.quiet && ctx.Err() == nil {
		if len(left) > 0 {
			fmt.Fprintf(t.sh.out, "stage %d of the search; what the next one is depends on all of it: start all shards again then\n", len(t.found.Stages))
		} else {
			fmt.Fprintln(t.sh.out, "the search is over")
		}
	}
	if code := d.tellShard(ctx, trials, left, t.quiet); code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// slimmest is what is held of a record: neither its report nor its numbers.
func slimmest(r experiment.Record) experiment.Record {
	r = r.Slim()
	r.Metrics = nil
	return r
}

// tipCell is a setting of the search, judged by what the search asks for alone.
func tipCell(v variable, sets []scenarios.Override, spec *experiment.Spec, at experiment.Setting) (*scenarios.Scenario, error) {
	set := experiment.Set{Path: spec.Search.Path, Value: at.Value}
	s, err := v(append(slices.Clone(sets), scenarios.Override(set))...)
	if err != nil {
		return nil, usage("%s: %w", spokenSetting([]experiment.Set{set}), err)
	}
	s.Plan.Calm = at.Calm
	s.Expectations = nil
	for _, text := range []string{spec.Search.Until, spec.Search.Before} {
		if text == "" {
			continue
		}
		e, problems := report.ParseExpectation(text, s.Plan)
		if len(problems) > 0 {
			return nil, usage("%s: '%s': %s", spokenSetting([]experiment.Set{set}), text, problems[0].Message)
		}
		s.Expectations = append(s.Expectations, e)
	}
	s.Plan.Cuts = report.Cuts(s.Expectations)
	return s, nil
}

// tell writes what was found, and returns the exit code of that.
func (t *tipCommand) tell(interrupted bool) int {
	code := tipCode(t.found.Verdict)
	if interrupted && t.found.Verdict == experiment.Unfinished {
		code = exitInterrupted
		where := ""
		if t.out != "" {
			where = "; the same command goes on from there"
		}
		fmt.Fprintf(t.sh.err, "cascade: interrupted after %s%s\n", plural(t.found.Runs, "run"), where)
	}
	if t.found.Stopped > 0 {
		code = worse(code, exitBroken)
		fmt.Fprintf(t.sh.err, "cascade: a bound of the engine's stopped %s\n", plural(t.found.Stopped, "run"))
	}
	if !t.quiet && !t.outputs.takeStdout() {
		code = worse(code, t.print(t.sh, t.found.WriteText))
	}
	return worse(code, t.outputs.write(t.sh, nil))
}

// tipCode is the exit code of a verdict.
func tipCode(v experiment.TipVerdict) int {
	switch v {
	case experiment.Tips, experiment.TipSafe:
		return exitHeld
	case experiment.TipUnsafe, experiment.TipFalls:
		return exitFailed
	}
	return exitUndecided
}

// A portion is a flag for a share within bounds.
type portion struct{ value, least, most float64 }

func (p *portion) Type() string   { return "SHARE" }
func (p *portion) String() string { return percentText(p.value) }

func percentText(share float64) string {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(100*share, 'g', 9, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64) + "%"
}

// Set takes 1% or 0.01.
func (p *portion) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	if percent {
		number += "e-2"
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= p.least && v <= p.most) {
		return fmt.Errorf("want a share from %s to %s", percentText(p.least), percentText(p.most))
	}
	p.value = v
	return nil
}
