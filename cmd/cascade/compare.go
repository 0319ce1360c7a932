package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"cascade/scenarios"
	"cascade/sim/experiment"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usualRuns are those of a side, where none are asked for.
const usualRuns = 20

// A compareCommand is `cascade compare` with its flags.
type compareCommand struct {
	sh *shell
	changes
	gate
	runs, cores number
	json        string
	to          destination // of the JSON
	look
}

func newCompare(sh *shell) *cobra.Command {
	k := &compareCommand{sh: sh, gate: newGate(), runs: number{least: 1, most: experiment.MaxRuns}, cores: number{least: 1, most: maxCores}, look: newLook()}
	c := &cobra.Command{
		Use:   "compare A [B]",
		Short: "Compare two scenarios, or a scenario with a report that was kept",
		Long: `Compare runs A and B with the same seeds and says what is different in B, and
whether that can be luck: for each metric the change with its 95% interval.

A and B are scenarios, as run takes them, or reports that were kept: files that
run --json wrote, of one run or of many. Without B, it is A with what --set
changes. With both, --set, --seed and --duration hold for each that is run.

Runs with the same seed have the same luck, request by request. So each run of B
is held against the run of A with its seed, and what both owe to luck drops out.
A report that was kept has the runs that it has; the other side is run with its
seeds. Only where seeds do not match are all runs of A held against all of B,
with wider intervals, and that is said.

Headlines are what B is judged by: of each source success, goodput, p50, p99,
completion.p99 and completion.lost; of each queue dead_lettered and dropped; and
in how many runs it was metastable. Wasted work stands beside them, unjudged.
"better" and "worse" allow for all headlines at once: with 95% confidence none
is there by luck alone. What is within the tolerance is the same: 2% of times,
1% of rates and counts, 0.1 points of success, 1 point of metastable runs.
--tolerance 5% is for times, rates and counts, --tolerance success=0.5% for one
headline.

--fail-on worse makes a gate of it: exit code 1 where a headline is worse by
more than its tolerance, 0 where none is, 4 where too few runs tell, and then it
says how many would. One run a side has no interval: there what is worse by ten
times its tolerance is taken for worse.

ascii, color, cores, duration, json, quiet and seed may also come from a
variable (CASCADE_COLOR=never) or from a line of cascade.yaml.

Exit codes:
    0  compared; with --fail-on worse: nothing is worse
    1  with --fail-on worse: something is
    2  bad usage or a bad file, and nothing ran; or nothing in common
    3  the engine broke a rule of its own or reached a bound, or an output could
       not be written
    4  with --fail-on worse: too few runs to decide
  130  interrupted; the runs that had come to their end were compared`,
		Example: `  cascade compare retry-storm retry-storm-budget
  cascade compare my.yaml --set services.payment.threads=64
  cascade run my.yaml --runs 20 --json baseline.json
  cascade compare baseline.json my.yaml --fail-on worse
  cascade compare old.json new.json --json - | jq .verdict`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: completeScenario,
		RunE: func(c *cobra.Command, names []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			return k.run(c.Context(), c.Flags(), names)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.Var(&k.runs, "runs", fmt.Sprintf("runs of each side, with as many seeds (default %d)", usualRuns))
	k.changes.flags(f)
	k.gate.flags(f)
	f.StringVar(&k.json, "json", "", "write the comparison as JSON to `FILE`, or to standard output (-)")
	f.Var(&k.cores, "cores", "how many runs go on at once, in place of one a core")
	k.look.flags(f, "print nothing but what is worse or undecided")
	return c
}

func (k *compareCommand) run(ctx context.Context, flags *pflag.FlagSet, names []string) error {
	switch {
	case len(names) == 0 || len(names) > 2:
		return usage(`want two to compare, as in "cascade compare A B", or A and --set`)
	case len(names) == 1 && len(k.sets) == 0:
		return usage("compare %s with what? name another, or say with --set PATH=VALUE what is different", spokenName(names[0]))
	case len(names) == 2 && names[0] == "-" && names[1] == "-":
		return usage("standard input (-) can be read only once")
	}
	switch {
	case k.json == "" && flags.Changed("json"):
		return usage("--json: the path of the file to write is empty")
	case k.json != "":
		var err error
		if k.to, err = aim(k.json); err != nil {
			return err
		}
	}
	a, b, err := k.read(ctx, flags, names)
	if err != nil {
		return err
	}
	if k.json != "" {
		read := []*scenarios.Scenario{{Files: a.files}, {Files: b.files}}
		if err := k.to.sparing(k.sh, []string{names[0], names[len(names)-1]}, read); err != nil {
			return err
		}
	}
	code, err := k.runBoth(ctx, a, b)
	if err != nil {
		return err
	}
	c, err := experiment.Compare(a.side, b.side, k.tolerance.value)
	switch {
	case err != nil && code != exitHeld: // why there are no runs has been told
		return &exit{code: code}
	case err != nil:
		return usage("%w", err)
	}
	c.Complete = code != exitInterrupted
	code = worse(code, k.gate.code(c))
	if k.json != "" {
		code = worse(code, k.sh.tell(k.to.write(k.sh, c.WriteJSON)))
	}
	switch {
	case k.quiet:
		tellWorse(k.sh.err, "compare", c)
	case k.json == "" || k.to.stream != toStdout:
		code = worse(code, k.print(k.sh, c.WriteText))
	}
	if code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// read reads both sides. All of their problems are told before it returns the error.
func (k *compareCommand) read(ctx context.Context, flags *pflag.FlagSet, names []string) (a, b *contender, err error) {
	sets, err := k.overrides()
	if err != nil {
		return nil, nil, err
	}
	of := [2][]scenarios.Override{sets, sets}
	if len(names) == 1 {
		names = []string{names[0], names[0]}
		of[0] = sets[:len(sets)-len(k.sets)] // A is what it is
	}
	in := k.sh.in
	var standard bytes.Buffer // what was read of it, for B
	if names[0] == "-" {
		in = io.TeeReader(in, &standard)
	}
	var sides [2]*contender
	code := exitHeld
	for i, name := range names {
		s, err := toCompare.unlessStopped(ctx, in, name, of[i])
		if names[0] != names[1] {
			err = ofScenario(name, err)
		}
		if code = worse(code, k.sh.tell(err)); code == exitInterrupted || code != exitHeld && names[0] == names[1] {
			break
		}
		sides[i] = s
		if names[0] == "-" {
			in = &standard
		}
	}
	if code != exitHeld {
		return nil, nil, &exit{code: code}
	}
	a, b = sides[0], sides[1]
	if a.scenario == nil && b.scenario == nil {
		for _, name := range []string{"runs", "seed", "duration", "set", "cores"} {
			if flags.Changed(name) {
				return nil, nil, usage("--%s is for what is run, and a report that was kept is not", name)
			}
		}
	}
	for i, s := range sides {
		if s.scenario == nil {
			continue
		}
		for _, o := range of[i][len(sets)-len(k.sets):] { // not the seed, nor the duration
			s.side.Sets = append(s.side.Sets, experiment.Set(o))
		}
		if err := enoughSeeds(names[i], s.scenario, len(k.seeds(a, b))); err != nil {
			return nil, nil, err
		}
	}
	return a, b, nil
}

// seeds are those that the scenarios are run with. A report that was kept has its own,
// and what is held against it is run with the same.
func (k *compareCommand) seeds(a, b *contender) []uint64 {
	kept := a
	if a.scenario != nil {
		kept = b
	}
	var seeds []uint64
	if kept.scenario == nil && k.seed.value == nil {
		for i := range kept.side.Records {
			seeds = append(seeds, kept.side.Records[i].Seed)
		}
		slices.Sort(seeds)
		if k.runs.value > 0 {
			seeds = seeds[:min(len(seeds), k.runs.value)]
		}
		return seeds
	}
	first := a
	if a.scenario == nil {
		first = b
	}
	n := k.runs.value
	switch {
	case n == 0 && kept.scenario == nil:
		n = len(kept.side.Records)
	case n == 0:
		n = usualRuns
	}
	for i := range n {
		seeds = append(seeds, first.scenario.Plan.Seed+uint64(i))
	}
	return seeds
}

// runBoth runs the sides that are scenarios, seed by seed, so that an interruption leaves
// pairs. The exit code says how that went where runs are missing, or were stopped by a
// bound, which has been told.
func (k *compareCommand) runBoth(ctx context.Context, a, b *contender) (code int, err error) {
	sides := []*contender{a, b}
	var trials []experiment.Trial
	if a.scenario != nil || b.scenario != nil {
		for _, seed := range k.seeds(a, b) {
			for i, s := range sides {
				if s.scenario != nil {
					trials = append(trials, experiment.Trial{Cell: i, Seed: seed})
				}
			}
		}
	}
	crew := &crew{sh: k.sh, cores: k.cores.value, quiet: k.quiet, cell: func(i int) (*scenarios.Scenario, error) {
		unjudged := *sides[i].scenario // a comparison is of metrics
		unjudged.Expectations = nil
		return &unjudged, nil
	}}
	stopped, words := 0, experiment.Words{}
	err = crew.run(ctx, trials, func(r experiment.Record) {
		if !r.Complete {
			stopped++
		}
		sides[r.Cell].side.Records = append(sides[r.Cell].side.Records, words.Shared(r.Slim()))
	})
	if err != nil {
		return exitHeld, err
	}
	if stopped > 0 {
		code = k.sh.tell(&exit{exitBroken, fmt.Errorf("a bound of the engine's stopped %d of %d runs; cascade run with their seeds tells which", stopped, len(trials))})
	}
	if ctx.Err() != nil {
		done := 0
		for _, s := range sides {
			if s.scenario != nil {
				done += len(s.side.Records)
			}
		}
		if done < len(trials) {
			fmt.Fprintf(k.sh.err, "cascade: interrupted after %d of %d runs\n", done, len(trials))
			code = exitInterrupted
		}
	}
	return code, nil
}
