package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"cascade/scenarios"
	"cascade/sim/experiment"

	"github.com/spf13/pflag"
)

// An effort is how the runs of an experiment are done, and where what comes of them is
// kept: the flags that all experiments have.
type effort struct {
	out   string      // the directory of a store; "": nothing is kept
	split shardChoice // --shard
	cores number      // 0: all there are

	shard experiment.Shard // once settled; Of 0: all
}

// maxCores bounds --cores.
const maxCores = 4096

func (e *effort) flags(f *pflag.FlagSet) {
	e.cores.least, e.cores.most = 1, maxCores
	f.StringVar(&e.out, "out", "", "keep each run's report in `DIR`, and go on from what is there")
	f.Var(&e.split, "shard", "do only part I of N, for merge to join; auto: by the environment")
	f.Var(&e.cores, "cores", "how many runs go on at once, in place of one a core")
}

// settle looks at the flags before anything is read. written are the outputs that are
// asked for, which need all of the experiment.
func (e *effort) settle(f *pflag.FlagSet, written outputs) (err error) {
	if e.out == "" && f.Changed("out") {
		return usage("--out: the path of the directory is empty")
	}
	if err := written.besides(e.out); err != nil {
		return err
	}
	if e.split.text == "" {
		return nil
	}
	if e.shard, err = e.split.settle(environment); err != nil {
		return err
	}
	if e.out == "" {
		return usage("--shard %s needs --out DIR: what it does is kept there, for cascade merge", e.split.text)
	}
	for _, o := range written {
		if o.path != "" {
			return usage("--%s with --shard: a shard has only its part; cascade merge writes it, once all have run", o.flag)
		}
	}
	return nil
}

// newSpec describes an experiment with the scenario of that name on the command line, as
// it was read, sets included.
func newSpec(kind experiment.Kind, name string, s *scenarios.Scenario, sets []scenarios.Override, runs int) *experiment.Spec {
	spec := &experiment.Spec{
		Schema: experiment.SpecSchema, Kind: kind,
		Scenario: s.Plan.Name, Argument: name, Digest: s.Digest, Engine: build(),
		Sets: []experiment.Set{}, Seed: s.Plan.Seed, Runs: runs,
		Expectations: []experiment.Wanted{},
	}
	for _, set := range sets {
		if set.Path != "seed" { // which is in Seed
			spec.Sets = append(spec.Sets, experiment.Set(set))
		}
	}
	for i := range s.Expectations {
		e := &s.Expectations[i]
		spec.Expectations = append(spec.Expectations, experiment.Wanted{Text: e.Text, Share: e.Share()})
	}
	return spec
}

// build names this program as what makes results: by its version where that says all,
// else, as for one that was built from changed sources, by what is in its file, which is
// read once.
var build = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" && !strings.HasSuffix(v, "+dirty") {
			return v
		}
	}
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
})

// commandFor is how a command begins that is about the experiment's scenario with its
// settings: "cascade run shop.yaml --set duration=5m". It is of the description alone, so
// that merge says the same as the command that ran.
func commandFor(name string, spec *experiment.Spec) string {
	words := []string{"cascade", name, quoted(spec.Argument)}
	for _, s := range spec.Sets {
		words = append(words, "--set", quoted(s.String()))
	}
	return strings.Join(words, " ")
}

// A conductor has the trials of one experiment run, and keeps what comes of them.
type conductor struct {
	crew  crew
	spec  *experiment.Spec
	shard experiment.Shard
	store *store // nil: nothing is kept

	// hold, unless nil, is what is held in memory of a record, and not only in the
	// store: experiment.Record.Slim, for who needs no reports.
	hold func(experiment.Record) experiment.Record

	// records are those there are, those from earlier included, by cell and seed.
	records []experiment.Record
}

// begin opens the store, where there is one, and reads what it has already.
func (e *effort) begin(c crew, spec *experiment.Spec, hold func(experiment.Record) experiment.Record) (*conductor, error) {
	c.cores = e.cores.value
	d := &conductor{crew: c, spec: spec, shard: e.shard, hold: hold}
	if e.out == "" {
		return d, nil
	}
	var err error
	if d.store, err = openStore(e.out, spec); err != nil {
		return nil, err
	}
	if spec.Kind == experiment.Seeds { // which merge tells more of than is in the reports
		s, err := c.cell(0)
		if err != nil {
			return nil, err
		}
		if err := d.store.keepOrigin(s.Origin); err != nil {
			return nil, err
		}
	}
	d.crew.keep = d.store.keep
	// The same whatever it is read for: merge knows only later in which form, and who
	// writes the reports of a few runs writes them whole.
	d.crew.timelines = spec.Kind == experiment.Seeds
	return d, d.reread()
}

// reread takes what the store has that is not held yet, of other processes too. What is
// damaged is told, and as good as not there: its run is done again.
func (d *conductor) reread() error {
	there, err := d.store.trials()
	if err != nil {
		return err
	}
	for _, t := range experiment.Missing(there, d.records) {
		r, err := d.store.read(t)
		var damaged *damage
		switch {
		case errors.As(err, &damaged):
			fmt.Fprintf(d.crew.sh.err, "cascade: %v; its run is done again\n", damaged)
		case err != nil:
			return err
		default:
			d.records = append(d.records, d.held(r))
		}
	}
	d.sort()
	return nil
}

func (d *conductor) sort() {
	slices.SortFunc(d.records, func(a, b experiment.Record) int { return a.Compare(b.Trial) })
}

func (d *conductor) held(r experiment.Record) experiment.Record {
	if d.hold == nil {
		return r
	}
	return d.hold(r)
}

// run does what is missing of this shard's part of the trials, and returns what is then
// missing of all of them: other shards' part, or what an interruption has left undone.
// The trials, in their order, must be the same on every machine.
func (d *conductor) run(ctx context.Context, trials []experiment.Trial) (left []experiment.Trial, err error) {
	mine := experiment.Missing(d.shard.Part(trials), d.records)
	err = d.crew.run(ctx, mine, func(r experiment.Record) { d.records = append(d.records, d.held(r)) })
	d.sort()
	if err == nil && d.shard.Of > 1 && ctx.Err() == nil {
		err = d.reread() // others may have done theirs meanwhile, in the same directory
	}
	return experiment.Missing(trials, d.records), err
}

// tellShard says how far a shard has come with its part of the trials, and returns the
// exit code of that. A shard does not judge.
func (d *conductor) tellShard(ctx context.Context, trials, left []experiment.Trial, quiet bool) int {
	part := d.shard.Part(trials)
	done := len(part) - len(experiment.Missing(part, d.records))
	if ctx.Err() != nil && done < len(part) {
		fmt.Fprintf(d.crew.sh.err, "cascade: interrupted: %d of %s of shard %v are in %s; the same command goes on from there\n", done, plural(len(part), "run"), d.shard, d.store.dir)
		return exitInterrupted
	}
	if quiet {
		return exitHeld
	}
	next := fmt.Sprintf("when all shards are done: cascade merge %s, with the directories of the others", quoted(d.store.dir))
	if len(left) == 0 {
		next = fmt.Sprintf("all %s are there: cascade merge %s", plural(len(trials), "run"), quoted(d.store.dir))
	}
	return d.crew.sh.print(func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "shard %v: %d of %s done, in %s\n%s\n", d.shard, done, plural(len(trials), "run"), d.store.dir, next)
		return err
	})
}

// conduct runs an experiment whose trials are known beforehand. Its records are all
// there are, by cell and seed. judged is false where a shard has done its part: that has
// been told, and there is nothing more to do. The code is that of an interruption, or
// of what the error means.
func (e *effort) conduct(ctx context.Context, c crew, spec *experiment.Spec, hold func(experiment.Record) experiment.Record) (records []experiment.Record, judged bool, code int, err error) {
	d, err := e.begin(c, spec, hold)
	if err != nil {
		return nil, false, exitHeld, err
	}
	trials := spec.Trials()
	left, err := d.run(ctx, trials)
	switch {
	case err != nil:
		return d.records, true, exitHeld, err
	case d.shard.Of > 0:
		return d.records, false, d.tellShard(ctx, trials, left, c.quiet), nil
	case len(left) > 0:
		return d.records, true, exitInterrupted, nil
	}
	return d.records, true, exitHeld, nil
}

// plural is a count of things: 1 run, 2 runs.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// quoted is a word as a POSIX shell takes it.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
