package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"cascade/sim/experiment"
)

// maxShards bounds --shard: more machines than anybody has, and few enough to count.
const maxShards = 100_000

// A shardChoice is the flag --shard: I/N is part I of N, auto takes both from the
// environment that an engine of many machines gives its processes, auto/N only I.
type shardChoice struct {
	text  string
	shard experiment.Shard // of I/N; of auto/N only Of
	auto  bool
}

func (c *shardChoice) Type() string   { return "I/N" }
func (c *shardChoice) String() string { return c.text }

var errShard = fmt.Errorf("want part I of N, as 3/8, or auto; N is %d at most", maxShards)

// Set takes I/N, auto, or auto/N.
func (c *shardChoice) Set(text string) error {
	first, of, two := strings.Cut(text, "/")
	set := shardChoice{text: text, auto: first == "auto"}
	if two {
		n, ok := whole(of)
		if !ok || n < 1 {
			return errShard
		}
		set.shard.Of = n
	}
	if !set.auto {
		i, ok := whole(first)
		if !ok || !two {
			return errShard
		}
		if i < 1 || i > set.shard.Of {
			return fmt.Errorf("want I from 1 to N: the parts of %d are 1/%[1]d to %[1]d/%[1]d", set.shard.Of)
		}
		set.shard.Index = i
	}
	*c = set
	return nil
}

// whole reads a number without sign, of at most maxShards.
func whole(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return int(n), err == nil && n <= maxShards
}

// An engine runs one command on many machines, and tells each process by variables
// which of how many it is.
type engine struct {
	name  string
	index string // the variable that is there if it is this engine
	of    string // the variable that says of how many; "": none does
	from  string // the variable that says what index counts from; "": first does
	first int
	step  string // the variable that says by how much index grows; "": by one
}

// engines are those that --shard auto knows: a row each.
//
// Slurm: sbatch(1), "output environment variables". Kubernetes: "Indexed Job for Parallel
// Processing with Static Work Assignment"; how many there are it does not say. GitLab:
// "Predefined CI/CD variables"; CI_NODE_TOTAL is there without parallel, too, as 1, and
// CI_NODE_INDEX is not. AWS Batch: "AWS Batch job environment variables". GitHub Actions
// has strategy.job-index and strategy.job-total, but sets no variable: the workflow does.
var engines = []engine{
	{name: "a Slurm array", index: "SLURM_ARRAY_TASK_ID", of: "SLURM_ARRAY_TASK_COUNT", from: "SLURM_ARRAY_TASK_MIN", step: "SLURM_ARRAY_TASK_STEP"},
	{name: "a Kubernetes indexed job", index: "JOB_COMPLETION_INDEX"},
	{name: "a GitHub Actions matrix", index: "STRATEGY_JOB_INDEX", of: "STRATEGY_JOB_TOTAL"},
	{name: "GitLab's parallel", index: "CI_NODE_INDEX", of: "CI_NODE_TOTAL", first: 1},
	{name: "an AWS Batch array", index: "AWS_BATCH_JOB_ARRAY_INDEX", of: "AWS_BATCH_JOB_ARRAY_SIZE"},
}

// settle is the shard that is meant, the environment read where it decides.
func (c *shardChoice) settle(getenv func(string) string) (experiment.Shard, error) {
	if !c.auto {
		return c.shard, nil
	}
	var found experiment.Shard
	var by *engine
	for i := range engines {
		e := &engines[i]
		if getenv(e.index) == "" {
			continue
		}
		s, err := e.shard(getenv, c.shard.Of)
		if err != nil {
			return s, usage("--shard %s, in %s: %w", c.text, e.name, err)
		}
		if by != nil && s != found {
			return s, usage("--shard %s: the environment is that of %s (%s: shard %v) and of %s (%s: shard %v); say which with --shard I/N",
				c.text, by.name, by.index, found, e.name, e.index, s)
		}
		found, by = s, e
	}
	if by == nil {
		var known []string
		for _, e := range engines {
			known = append(known, fmt.Sprintf("%s (%s)", e.name, e.index))
		}
		return found, usage("--shard %s: the environment is not that of %s; write --shard I/N, as 3/8", c.text, strings.Join(known, ", "))
	}
	return found, nil
}

// shard reads the engine's variables. of is how many shards there are, by the command
// line: 0 where that leaves it to the variables.
func (e *engine) shard(getenv func(string) string, of int) (experiment.Shard, error) {
	var wrong error
	number := func(name string, otherwise int) int {
		text := getenv(name)
		if name == "" || text == "" {
			return otherwise
		}
		n, ok := whole(text)
		if !ok && wrong == nil {
			wrong = fmt.Errorf("%s=%s is not a whole number from 0 to %d", name, text, maxShards)
		}
		return n
	}
	index, count := number(e.index, 0), number(e.of, 0)
	first, step := number(e.from, e.first), number(e.step, 1)
	switch {
	case wrong != nil:
		return experiment.Shard{}, wrong
	case count == 0 && of == 0 && e.of == "":
		return experiment.Shard{}, errors.New("how many shards there are is in no variable; write --shard auto/N, as auto/8")
	case count == 0 && of == 0:
		return experiment.Shard{}, fmt.Errorf("%s is not set; write --shard auto/N, as auto/8", e.of)
	case count != 0 && of != 0 && count != of:
		return experiment.Shard{}, fmt.Errorf("%s is %d, not %d: with one of few to do again, write --shard I/%[3]d", e.of, count, of)
	}
	s := experiment.Shard{Of: max(count, of)}
	if step == 0 || index < first || (index-first)%step != 0 || (index-first)/step >= s.Of {
		return s, fmt.Errorf("%s=%d is none of %d that begin at %d and grow by %d; number them without gaps, or write --shard I/N", e.index, index, s.Of, first, step)
	}
	s.Index = (index-first)/step + 1
	return s, nil
}

// environment reads a variable of this process.
func environment(name string) string { return os.Getenv(name) }
