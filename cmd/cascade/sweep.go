package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/html"
	"cascade/sim/report"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A sweepCommand is `cascade sweep` with its flags.
type sweepCommand struct {
	sh      *shell
	vary    []string
	show    []string
	runs    number
	outputs outputs
	effort
	changes
	look

	grid *experiment.Grid // what came of it
}

// sweepRuns is how many seeds each setting is run with, if nothing else is said.
const sweepRuns = 5

func newSweep(sh *shell) *cobra.Command {
	s := &sweepCommand{sh: sh, look: newLook(), runs: number{least: 1, most: experiment.MaxTrials}}
	s.outputs = s.forms()
	c := &cobra.Command{
		Use:   "sweep [SCENARIO] --vary PATH=VALUES...",
		Short: "Run a scenario with many settings",
		Long: `Sweep runs SCENARIO with every combination of the values that are varied, each
with several seeds and over all cores, and prints what they come to: with one
--vary a table, with two a heat map of each quantity, with more both.

--vary is a path, as --set has it, and the values it takes, with commas between
them. A value may be a range with a step (100/s..1000/s/50/s) or with a factor
(8..64/x2); it ends at its upper end or before it. A comma in brackets or quotes
is part of its value. Every setting is read and checked before anything runs.

--show picks what is shown: a metric by its path in the report
(sources.shoppers.latency.p99_s), or as an expectation says it (shoppers.p99); *
stands for any part of a path (services.*.saturation). expectations.0 is the
share of the runs in which the first expectation held, expectations.0.actual the
mean of what was measured; held is of all expectations, metastable of the runs
in which the system did not come back. It may be given several times, and picks
what --json and --csv have, too. Without it they are the first expectation, and
the success and the p99 of the first source.

With --out each run's report is kept in a directory, and a sweep that was
interrupted, or killed, goes on where it stopped, when the same command is given
again. A sweep explores: that expectations do not hold somewhere is what it is
to find out, and no failure of it.

ascii, color, cores, duration, json, out, quiet, seed and shard may also come
from a variable (CASCADE_COLOR=never) or from a line of cascade.yaml.

Exit codes:
    0  it ran, whatever held
    2  bad usage or a bad file; nothing ran
    3  the engine broke a rule of its own or reached a bound, or an output could
       not be written
  130  interrupted; what had run was reported, with "complete": false`,
		Example: `  cascade sweep --vary services.payment.threads=8,16,32
  cascade sweep my.yaml --vary services.payment.threads=8..64/x2 \
    --vary traffic.shoppers.rate=100/s..1000/s/50/s --out sweep
  cascade sweep my.yaml --vary 'services.db.steps.0.work=5ms,exponential(5ms)' \
    --show db.saturation --show shoppers.p99 --runs 20 --csv sweep.csv`,
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
			return s.run(c.Context(), c.Flags(), name)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&s.vary, "vary", nil, "run with each of these, as `PATH=VALUES`; repeatable")
	f.Var(&s.runs, "runs", fmt.Sprintf("run each setting with so many seeds, in place of %d", sweepRuns))
	f.StringArrayVar(&s.show, "show", nil, "show this `METRIC`; repeatable")
	s.outputs.flags(f)
	s.effort.flags(f)
	s.changes.flags(f)
	s.look.flags(f, "print no summary and no progress")
	return c
}

// forms are those in which the sweep is written.
func (s *sweepCommand) forms() outputs {
	return outputs{
		{flag: "json", usage: "write the sweep as JSON to `FILE`, or to standard output (-)", write: func(w io.Writer, _ []outcome) error { return s.grid.WriteJSON(w) }},
		{flag: "csv", usage: "write a row a setting as CSV to `FILE`, or to standard output (-)", write: func(w io.Writer, _ []outcome) error { return s.grid.WriteCSV(w) }},
		{flag: "html", usage: "write a page for a browser to `FILE`, one file with heat maps and a table", write: func(w io.Writer, _ []outcome) error { return html.WriteSweep(w, s.grid) }},
	}
}

func (s *sweepCommand) run(ctx context.Context, flags *pflag.FlagSet, name string) error {
	sets, axes, runs, err := s.settings()
	if err != nil {
		return err
	}
	if err := s.outputs.aim(flags, []string{name}, false); err != nil {
		return err
	}
	if err := s.effort.settle(flags, s.outputs); err != nil {
		return err
	}
	v, err := toVary.unlessStopped(ctx, s.sh.in, name, nil)
	if err != nil {
		return err
	}
	spec, first, last, err := v.sweep(ctx, name, sets, axes, runs)
	if err != nil {
		return err
	}
	if err := s.outputs.sparing(s.sh, []string{name}, []*scenarios.Scenario{first}); err != nil {
		return err
	}
	if err := enoughSeeds(name, first, runs); err != nil {
		return err
	}
	show, err := s.shown(first, last, len(spec.Trials()))
	if err != nil {
		return err
	}
	spec.Show = show.Paths()
	c := crew{sh: s.sh, quiet: s.quiet, cell: func(i int) (*scenarios.Scenario, error) { return v(cellSets(sets, spec, i)...) }}
	records, judged, code, err := s.effort.conduct(ctx, c, spec, show.Hold)
	if err != nil {
		return err
	}
	if judged {
		s.grid = experiment.NewSweep(spec, show, records)
		code = worse(code, s.tell(code == exitInterrupted))
	}
	if code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// settings are what is the same for all settings, and what is varied.
func (s *sweepCommand) settings() (sets []scenarios.Override, axes []experiment.Axis, runs int, err error) {
	if sets, err = s.overrides(); err != nil {
		return nil, nil, 0, err
	}
	if len(s.vary) == 0 {
		return nil, nil, 0, usage("nothing is varied; say what with --vary, as --vary services.payment.threads=8,16,32")
	}
	for _, text := range s.vary {
		a, err := experiment.ParseAxis(text)
		if err != nil {
			return nil, nil, 0, usage("--vary %s: %w", text, err)
		}
		axes = append(axes, a)
	}
	if runs = s.runs.value; runs == 0 {
		runs = sweepRuns
	}
	var fixed []experiment.Set
	for _, set := range sets {
		fixed = append(fixed, experiment.Set(set))
	}
	if err := experiment.CheckAxes(axes, fixed, runs); err != nil {
		return nil, nil, 0, usage("--vary: %w", err)
	}
	return sets, axes, runs, nil
}

// shown reads what is to be shown, against what reports of the first and the last setting
// have: what is varied may add a part to the system.
func (s *sweepCommand) shown(first, last *scenarios.Scenario, runs int) (*experiment.Show, error) {
	var known []string
	for _, of := range []*scenarios.Scenario{first, last} {
		paths, err := metricPaths(of)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			if !slices.Contains(known, p) {
				known = append(known, p)
			}
		}
	}
	show, err := experiment.ParseShow(s.show, known, len(first.Expectations))
	if err != nil {
		return nil, usage("--show %w", err)
	}
	if n := show.Several(known); n*runs > experiment.MaxShown {
		return nil, usage("--show: %s of %s are more than %d numbers to keep; show fewer of them", plural(n, "metric"), plural(runs, "run"), experiment.MaxShown)
	}
	return show, nil
}

// metricPaths are those of all metrics that reports of a scenario have.
func metricPaths(of *scenarios.Scenario) ([]string, error) {
	ended, end := context.WithCancel(context.Background())
	end()
	collector := report.NewCollector(of.Plan, nil)
	totals, err := simulate(ended, of.Plan, nil, collector)
	if err != nil {
		return nil, &exit{exitBroken, err}
	}
	var text bytes.Buffer
	if err := collector.Report(totals).WriteTotals(&text); err != nil {
		return nil, err
	}
	return experiment.Paths(text.Bytes())
}

// tell writes what came of the sweep, and returns the exit code of that.
func (s *sweepCommand) tell(interrupted bool) int {
	code := exitHeld
	if total := len(s.grid.Cells) * s.grid.Spec.Runs; interrupted {
		where := ""
		if s.out != "" {
			where = "; the same command goes on from there"
		}
		fmt.Fprintf(s.sh.err, "cascade: interrupted: %d of %s done%s\n", s.grid.Done, plural(total, "run"), where)
	}
	if s.grid.Stopped > 0 {
		code = exitBroken
		fmt.Fprintf(s.sh.err, "cascade: a bound of the engine's stopped %s\n", plural(s.grid.Stopped, "run"))
	}
	if !s.quiet && !s.outputs.takeStdout() {
		code = worse(code, s.print(s.sh, func(w io.Writer, options report.TextOptions) error {
			options.Width = widthOf(s.sh.screen)
			return s.grid.WriteText(w, experiment.SweepText{TextOptions: options, Rich: manyColors()})
		}))
	}
	return worse(code, s.outputs.write(s.sh, nil))
}

// manyColors says whether the terminal has 256 colours, as its name or COLORTERM tell.
func manyColors() bool {
	return strings.Contains(os.Getenv("TERM"), "256color") || slices.Contains([]string{"truecolor", "24bit"}, os.Getenv("COLORTERM"))
}

// A variable is a scenario that can be read with many settings. Its own text is read
// once: a pipe has nothing for who asks again.
type variable func(sets ...scenarios.Override) (*scenarios.Scenario, error)

var toVary = scenarioReader[variable]{
	text: func(name string, text []byte, dir string, _ ...scenarios.Override) (variable, error) {
		return func(sets ...scenarios.Override) (*scenarios.Scenario, error) {
			return scenarios.Parse(name, text, dir, sets...)
		}, nil
	},
	builtin: func(name string, _ ...scenarios.Override) (variable, error) {
		return func(sets ...scenarios.Override) (*scenarios.Scenario, error) {
			return scenarios.Builtin(name, sets...)
		}, nil
	},
	file:    variableFile,
	longest: maxScenario,
}

func variableFile(name string, _ ...scenarios.Override) (variable, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScenario))
	if err != nil {
		return nil, err
	}
	return func(sets ...scenarios.Override) (*scenarios.Scenario, error) {
		s, err := scenarios.Parse(name, text, filepath.Dir(name), sets...)
		if err == nil {
			s.Files = append([]string{name}, s.Files...)
		}
		return s, err
	}, nil
}

// cellSets are the overrides of a setting, those of all settings first.
func cellSets(sets []scenarios.Override, spec *experiment.Spec, i int) []scenarios.Override {
	all := slices.Clone(sets)
	for _, s := range spec.Cell(i) {
		all = append(all, scenarios.Override(s))
	}
	return all
}

// maxProblems is how many different problems of settings are told.
const maxProblems = 20

// sweep reads the scenario with every setting. What is wrong with one of them is told
// once, and with which. The scenario has the name on the command line.
func (v variable) sweep(ctx context.Context, name string, sets []scenarios.Override, axes []experiment.Axis, runs int) (spec *experiment.Spec, first, last *scenarios.Scenario, err error) {
	grid := &experiment.Spec{Axes: axes}
	var problems scenarios.Problems
	told := map[string]bool{}
	digests := sha256.New()
	alike := true
	for i := range grid.Cells() {
		if ctx.Err() != nil {
			return nil, nil, nil, &exit{exitInterrupted, errors.New("interrupted while reading the settings")}
		}
		s, err := v(cellSets(sets, grid, i)...)
		var found scenarios.Problems
		switch {
		case errors.As(err, &found):
			for _, p := range found {
				// What is wrong at a place of the file is told for the first setting that makes it so.
				same := fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
				if p.Override {
					path, _, _ := strings.Cut(p.File, "=")
					same = path + ": " + p.Message
					p.File = asVaried(p.File, grid.Cell(i))
				} else {
					p.File = spokenSetting(grid.Cell(i)) + ": " + p.File
				}
				if !told[same] {
					told[same] = true
					problems = append(problems, p)
				}
			}
			if len(problems) >= maxProblems {
				return nil, nil, nil, problems
			}
			continue
		case err != nil:
			return nil, nil, nil, err
		}
		if first == nil {
			first = s
		}
		alike = alike && s.Digest == first.Digest
		digests.Write([]byte(s.Digest))
		last = s
	}
	if len(problems) > 0 {
		return nil, nil, nil, problems
	}
	spec = newSpec(experiment.Sweep, name, first, sets, runs)
	spec.Axes = axes
	if !alike { // the files that a setting names
		spec.Digest = fmt.Sprintf("%x", digests.Sum(nil))
	}
	return spec, first, last, nil
}

// asVaried is what messages call a value, --set PATH=VALUE, where it is a varied one.
func asVaried(name string, setting []experiment.Set) string {
	for _, s := range setting {
		if rest, ok := strings.CutPrefix(name, "--set "+s.Path+"="); ok {
			return "--vary " + s.Path + "=" + rest
		}
	}
	return name
}

// spokenSetting is what messages call a setting.
func spokenSetting(setting []experiment.Set) string {
	var words []string
	for _, s := range setting {
		words = append(words, s.String())
	}
	return "with " + strings.Join(words, ", ")
}
