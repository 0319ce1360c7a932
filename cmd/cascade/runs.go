package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/report"

	"github.com/spf13/pflag"
)

// A repetition is how often a scenario is run, each time with another seed: the flags of
// that.
type repetition struct {
	runs    number // 0: once, and the report is of that run
	decided bool   // it goes on until no expectation is undecided
	most    number // runs, where it goes on
}

// What --until-decided does unless told otherwise: how many runs there are when it first
// looks, and at most.
const (
	firstLook = 50
	mostRuns  = experiment.MaxRuns
)

func (r *repetition) flags(f *pflag.FlagSet) {
	r.runs.least, r.runs.most = 1, experiment.MaxRuns
	r.most.least, r.most.most = 1, experiment.MaxRuns
	f.Var(&r.runs, "runs", "run it so often, with the seed and those that follow")
	f.BoolVar(&r.decided, "until-decided", false, "go on until no expectation is undecided")
	f.Var(&r.most, "max-runs", fmt.Sprintf("with --until-decided: so many at most, %d if not given", mostRuns))
}

// many says whether the report is to be of several runs.
func (r *repetition) many() bool { return r.runs.value > 0 || r.decided }

// settle looks at the flags before anything is read.
func (r *repetition) settle(f *pflag.FlagSet, e *effort, names []string) error {
	if !r.many() {
		for _, name := range []string{"cores", "out", "shard"} {
			if f.Changed(name) {
				return usage("--%s is for several runs: add --runs N", name)
			}
		}
	}
	switch {
	case f.Changed("max-runs") && !r.decided:
		return usage("--max-runs is for --until-decided; --runs N says how many there are")
	case r.decided && r.first() > r.limit():
		return usage("--runs %d are more than --max-runs %d", r.first(), r.limit())
	case r.decided && e.split.text != "":
		return usage("--until-decided with --shard: a shard cannot see what the others have decided; say how many with --runs N")
	case r.many() && e.out != "" && len(names) > 1:
		return usage("--out takes the runs of one scenario, and there are %d: run them one by one", len(names))
	}
	return nil
}

// first is how many runs there are before anything is decided.
func (r *repetition) first() int {
	if r.runs.value > 0 {
		return r.runs.value
	}
	return min(firstLook, r.limit())
}

// limit is how many runs there are at most.
func (r *repetition) limit() int {
	switch {
	case !r.decided:
		return r.runs.value
	case r.most.value > 0:
		return r.most.value
	}
	return mostRuns
}

// enoughSeeds refuses more runs of a scenario than there are seeds.
func enoughSeeds(name string, s *scenarios.Scenario, runs int) error {
	if left := uint64(math.MaxInt64) - s.Plan.Seed; uint64(runs-1) > left {
		return usage("%s: there are not %d seeds from %d on; the last is %d", spokenName(name), runs, s.Plan.Seed, int64(math.MaxInt64))
	}
	return nil
}

// spec describes the runs of a scenario.
func (r *repetition) spec(o *outcome, sets []scenarios.Override) *experiment.Spec {
	spec := newSpec(experiment.Seeds, o.name, o.scenario, sets, r.limit())
	if r.decided {
		spec.Looks = &experiment.Looks{First: r.first()}
	}
	return spec
}

// many runs a scenario with several seeds, tells what they came to, and returns the exit
// code of that.
func (r *runCommand) many(ctx context.Context, o *outcome, sets []scenarios.Override) int {
	hold, err := r.holding(o)
	if err != nil {
		o.broke = err.Error()
		return r.sh.tell(err)
	}
	c := crew{sh: r.sh, quiet: r.quiet, timelines: r.outputs.needReports(), cell: func(int) (*scenarios.Scenario, error) { return o.scenario, nil }}
	spec := r.repetition.spec(o, sets)
	d, err := r.effort.begin(c, spec, hold)
	if err != nil {
		o.broke = err.Error()
		return r.sh.tell(err)
	}
	left, err := r.trials(ctx, d, spec)
	if err != nil {
		o.broke = err.Error()
		return r.sh.tell(err)
	}
	if d.shard.Of > 0 {
		return d.tellShard(ctx, spec.Trials(), left, r.quiet)
	}
	return r.tellRuns(o, spec, d.records, ctx.Err() != nil && len(left) > 0)
}

// holding is what is held in memory of a record: its numbers, and its report packed where
// an output needs it.
func (r *runCommand) holding(o *outcome) (func(experiment.Record) experiment.Record, error) {
	reports, err := newShelf()
	if err != nil {
		return nil, err
	}
	o.reports = reports.report
	whole := r.outputs.needReports()
	words := experiment.Words{}
	return func(record experiment.Record) experiment.Record {
		if whole {
			reports.put(record.Trial, record.Report)
		}
		return words.Shared(record.Slim())
	}, nil
}

// tellRuns tells what the records of several runs come to, and returns the exit code of
// that.
func (r *runCommand) tellRuns(o *outcome, spec *experiment.Spec, records []experiment.Record, interrupted bool) int {
	o.runs = experiment.NewRuns(spec, records)
	code := exitHeld
	if lost := o.runs.Lost(); len(lost) > 0 {
		code = exitBroken
		fmt.Fprintf(r.sh.err, "cascade: a bound of the engine's stopped %s of %q; %s --seed %d says which\n", plural(len(lost), "run"), spec.Scenario, commandFor("run", spec), lost[0])
	}
	switch {
	case interrupted:
		code = worse(code, exitInterrupted)
		fmt.Fprintf(r.sh.err, "cascade: interrupted after %d of %s; the report is of those\n", len(o.runs.Records), plural(o.runs.Asked, "run"))
	default:
		code = worse(code, verdictCode(o.runs.Verdict))
	}
	if !r.quiet && !r.outputs.takeStdout() {
		again := commandFor("run", spec)
		code = worse(code, r.print(r.sh, func(w io.Writer, options report.TextOptions) error { return o.runs.WriteText(w, options, again) }))
	}
	if r.quiet && !interrupted {
		tellStandings(r.sh.err, o.name, o.runs)
	}
	return code
}

// trials has the runs done, and returns those that are missing in the end.
func (r *runCommand) trials(ctx context.Context, d *conductor, spec *experiment.Spec) (left []experiment.Trial, err error) {
	all := spec.Trials()
	if spec.Looks == nil {
		return d.run(ctx, all)
	}
	for look := range spec.Looks.Many(spec.Runs) {
		trials := all[:spec.Looks.At(look, spec.Runs)]
		if left, err = d.run(ctx, trials); err != nil || len(left) > 0 {
			return left, err
		}
		// There may be more of earlier than this look is of.
		seen := slices.DeleteFunc(slices.Clone(d.records), func(r experiment.Record) bool { return r.Seed-spec.Seed >= uint64(len(trials)) })
		if len(trials) == len(all) || experiment.Decided(spec, seen) {
			d.records = seen
			break
		}
	}
	return nil, nil
}

// tellStandings writes a line for each expectation that did not pass.
func tellStandings(w io.Writer, name string, r *experiment.Runs) {
	for i := range r.Expectations {
		st := &r.Expectations[i]
		if st.Verdict == report.Pass {
			continue
		}
		fmt.Fprintf(w, "%s: %s %s: %s\n", spokenName(name), strings.ToUpper(st.Verdict.String()), strings.Join(strings.Fields(st.Text), " "), plainly(st.Outcome()))
	}
}
