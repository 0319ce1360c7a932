package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cascade/sim/experiment"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A mergeCommand is `cascade merge` with its flags.
type mergeCommand struct {
	sh      *shell
	kinds   []*merging
	paths   map[string]*string // of the outputs' flags
	into    string
	partial bool
	look
}

// A merging makes of a kind of experiment's records what its own command does.
type merging struct {
	kind    experiment.Kind
	outputs outputs
	// needed are the trials that the experiment is made of, as far as the records tell.
	needed func(*experiment.Spec, []experiment.Record) ([]experiment.Trial, error)
	// begin looks at one of the directories, and returns what is held in memory of a record, and what says in the end what all
	// of them come to, writes the outputs, and returns the exit code of that.
	begin func(*mergeCommand, *store) (hold func(experiment.Record) experiment.Record, fold func([]experiment.Record) (int, error), err error)
}

// newMergings are all kinds of experiment: a row each.
func newMergings(sh *shell) []*merging {
	r := &runCommand{sh: sh, outputs: slices.DeleteFunc(outputs(newOutputs()), func(o *output) bool { return !o.runs })}
	s := &sweepCommand{sh: sh}
	s.outputs = s.forms()
	t := &tipCommand{sh: sh}
	t.outputs = t.forms()
	return []*merging{
		{experiment.Seeds, r.outputs, seedTrials, r.merge},
		{experiment.Sweep, s.outputs, gridTrials, s.merge},
		{experiment.Tip, t.outputs, tipTrials, t.merge},
	}
}

// seedTrials are the seeds that are run: where it goes on until all is decided, up to the
// first look that is.
func seedTrials(spec *experiment.Spec, records []experiment.Record) ([]experiment.Trial, error) {
	all := spec.Trials()
	if spec.Looks == nil {
		return all, nil
	}
	for look := range spec.Looks.Many(spec.Runs) {
		trials := all[:spec.Looks.At(look, spec.Runs)]
		if len(experiment.Missing(trials, records)) > 0 || experiment.Decided(spec, experiment.Among(records, trials)) {
			return trials, nil
		}
	}
	return all, nil
}

// merge says of the runs of one setting what run says.
func (r *runCommand) merge(m *mergeCommand, st *store) (func(experiment.Record) experiment.Record, func([]experiment.Record) (int, error), error) {
	r.look = m.look
	s, err := st.scenario()
	if err != nil {
		return nil, nil, err
	}
	o := outcome{name: st.spec.Argument, scenario: s}
	hold, err := r.holding(&o)
	return hold, func(records []experiment.Record) (int, error) {
		code := r.tellRuns(&o, st.spec, records, false)
		code = worse(code, r.outputs.write(r.sh, []outcome{o}))
		annotate(r.sh.err, []outcome{o})
		return code, nil
	}, err
}

func gridTrials(spec *experiment.Spec, _ []experiment.Record) ([]experiment.Trial, error) {
	return spec.Trials(), nil
}

// merge says what sweep does.
func (s *sweepCommand) merge(m *mergeCommand, st *store) (func(experiment.Record) experiment.Record, func([]experiment.Record) (int, error), error) {
	s.look = m.look
	show := experiment.ShowPaths(st.spec.Show)
	return show.Hold, func(records []experiment.Record) (int, error) {
		s.grid = experiment.NewSweep(st.spec, show, records)
		return s.tell(false), nil
	}, nil
}

// tipTrials are those that there are, and what the search asks for next.
func tipTrials(spec *experiment.Spec, records []experiment.Record) ([]experiment.Trial, error) {
	found, err := experiment.NewTipping(spec, records)
	if err != nil {
		return nil, usage("%w", err)
	}
	var trials []experiment.Trial
	for i := range records {
		trials = append(trials, records[i].Trial)
	}
	return append(trials, experiment.Missing(found.Trials, records)...), nil
}

// merge says what tip does.
func (t *tipCommand) merge(m *mergeCommand, st *store) (func(experiment.Record) experiment.Record, func([]experiment.Record) (int, error), error) {
	t.look = m.look
	return slimmest, func(records []experiment.Record) (code int, err error) {
		if t.found, err = experiment.NewTipping(st.spec, records); err != nil {
			return exitHeld, usage("%w", err)
		}
		return t.tell(false), nil
	}, nil
}

func newMerge(sh *shell) *cobra.Command {
	m := &mergeCommand{sh: sh, kinds: newMergings(sh), paths: map[string]*string{}, look: newLook()}
	c := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Join what the shards of an experiment have done, and judge it",
		Long: `Merge reads what the shards of an experiment have kept with --out, each in a DIR
of its own or several in one, and prints and writes what it comes to: the same,
byte for byte, as the command without --shard does on one machine.

All DIRs must be of the same experiment, and made by the same version of
cascade. A run that several of them have is taken once. While some are missing,
merge says how many and how to have them done; --partial makes do with what
there is. --into puts all of them into one directory, from which the command
itself goes on. --csv is a folder for the runs of one scenario, and a file for
a sweep or a search.

ascii, color, json and quiet may also come from a variable (CASCADE_COLOR=never)
or from a line of cascade.yaml.

Exit codes are those of the command whose runs they are; among them
    2  runs are missing, or a DIR is of another experiment, or damaged`,
		Example: `  cascade run shop.yaml --runs 1000 --shard 1/2 --out first
  cascade run shop.yaml --runs 1000 --shard 2/2 --out second
  cascade merge first second --json runs.json`,
		Args: func(c *cobra.Command, dirs []string) error {
			if len(dirs) == 0 {
				return usage("name the directories that the shards have kept their runs in; see %q", c.CommandPath()+" --help")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(c *cobra.Command, dirs []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			return m.run(c.Context(), c.Flags(), dirs)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	for _, k := range m.kinds {
		for _, o := range k.outputs {
			if m.paths[o.flag] == nil {
				m.paths[o.flag] = f.String(o.flag, "", o.usage)
			}
		}
	}
	f.StringVar(&m.into, "into", "", "keep all runs in `DIR`, too")
	f.BoolVar(&m.partial, "partial", false, "make do with what there is where runs are missing")
	m.look.flags(f, "print no summary, only what did not hold")
	return c
}

func (m *mergeCommand) run(ctx context.Context, flags *pflag.FlagSet, dirs []string) error {
	if m.into == "" && flags.Changed("into") {
		return usage("--into: the path of the directory is empty")
	}
	stores, err := readStores(dirs)
	if err != nil {
		return err
	}
	spec := stores[0].spec
	k, err := m.ready(flags, spec)
	if err != nil {
		return err
	}
	for _, dir := range append(slices.Clone(dirs), m.into) {
		if err := k.outputs.besides(dir); err != nil {
			return err
		}
	}
	keep := func(experiment.Record) error { return nil }
	if m.into != "" {
		into, err := openStore(m.into, spec)
		if err != nil {
			return err
		}
		if spec.Kind == experiment.Seeds {
			s, err := stores[0].scenario()
			if err != nil {
				return err
			}
			if err := into.keepOrigin(s.Origin); err != nil {
				return err
			}
		}
		if keep, err = into.keepNew(); err != nil {
			return err
		}
		stores = append(stores, into)
	}
	hold, fold, err := k.begin(m, stores[0])
	if err != nil {
		return err
	}
	var records []experiment.Record
	err = union(stores, func(r experiment.Record) error {
		if ctx.Err() != nil {
			return &exit{exitInterrupted, errors.New("interrupted; nothing was written")}
		}
		records = append(records, hold(r))
		return keep(r)
	})
	if err != nil {
		return err
	}
	needed, err := k.needed(spec, records)
	if err != nil {
		return err
	}
	if left := experiment.Missing(needed, records); len(left) > 0 {
		missing := missingRuns(spec, needed, left)
		if !m.partial {
			where := m.into
			if where == "" && len(dirs) == 1 {
				where = dirs[0]
			}
			if where != "" {
				missing += ", or have them done here: " + wholeCommand(spec, where)
			}
			return usage("%s; --partial makes do with what there is", missing)
		}
		fmt.Fprintf(m.sh.err, "cascade: %s\n", missing)
	}
	code, err := fold(experiment.Among(records, needed))
	if err == nil && code != exitHeld {
		err = &exit{code: code}
	}
	return err
}

// readStores opens directories that must be of one experiment.
func readStores(dirs []string) ([]*store, error) {
	var stores []*store
	for _, dir := range dirs {
		st, err := readStore(dir)
		if err != nil {
			return nil, err
		}
		if len(stores) > 0 {
			if what := st.spec.Differs(stores[0].spec); what != "" {
				return nil, usage("%s is not of the experiment that %s is of: %s", dir, dirs[0], what)
			}
		}
		stores = append(stores, st)
	}
	return stores, nil
}

// ready finds what makes something of the experiment, and looks at its outputs before
// anything is read.
func (m *mergeCommand) ready(flags *pflag.FlagSet, spec *experiment.Spec) (*merging, error) {
	i := slices.IndexFunc(m.kinds, func(k *merging) bool { return k.kind == spec.Kind })
	if i < 0 {
		return nil, usage("this version of cascade knows no experiment of the kind %q", spec.Kind)
	}
	k := m.kinds[i]
	var has []string
	for _, o := range k.outputs {
		o.path = *m.paths[o.flag]
		has = append(has, "--"+o.flag)
	}
	for name, path := range m.paths {
		if *path != "" && !slices.Contains(has, "--"+name) {
			return nil, usage("--%s is not written of a %s; there are %s", name, spec.Kind, strings.Join(has, ", "))
		}
	}
	return k, k.outputs.aim(flags, []string{spec.Argument}, spec.Kind == experiment.Seeds)
}

// missingRuns says which runs are missing: the first, and how many there are.
func missingRuns(spec *experiment.Spec, needed, left []experiment.Trial) string {
	const most = 3
	var named []string
	if spec.Kind == experiment.Tip {
		return fmt.Sprintf("%d of the %s so far are missing, and what is next depends on them: start their shards again, which go on from what they have", len(left), plural(len(needed), "run"))
	}
	for _, t := range left[:min(most, len(left))] {
		var words []string
		for _, s := range spec.Cell(t.Cell) {
			words = append(words, s.String())
		}
		named = append(named, strings.Join(append(words, fmt.Sprintf("seed %d", t.Seed)), " "))
	}
	if more := len(left) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%d of %s are missing (%s): start their shards again, which go on from what they have", len(left), plural(len(needed), "run"), strings.Join(named, ", "))
}

// wholeCommand is the command that does what is missing of an experiment whose runs are
// kept in a directory.
func wholeCommand(spec *experiment.Spec, dir string) string {
	line := commandFor(string(spec.Kind), spec)
	for _, a := range spec.Axes {
		line += " --vary " + quoted(a.Path+"="+strings.Join(a.Values, ","))
	}
	if s := spec.Search; s != nil {
		share := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
		line += fmt.Sprintf(" --vary %s --until %s --safe %s --confidence %s --resolution %s",
			quoted(s.Path+"="+s.Low+".."+s.High), quoted(s.Until), share(s.Safe), share(s.Confidence), quoted(s.Step))
	}
	if spec.Looks != nil {
		line += fmt.Sprintf(" --until-decided --runs %d --max-runs %d", spec.Looks.First, spec.Runs)
	} else {
		line += fmt.Sprintf(" --runs %d", spec.Runs)
	}
	return line + fmt.Sprintf(" --seed %d --out %s", spec.Seed, quoted(dir))
}
