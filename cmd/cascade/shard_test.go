package main

import (
	"fmt"
	"strings"
	"testing"

	"cascade/sim/experiment"
)

func variables(text string) func(string) string {
	set := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value
	}
	return func(name string) string { return set[name] }
}

// What --shard means, where the environment is as each engine makes it.
func TestShards(t *testing.T) {
	for _, row := range []struct{ flag, environment, want string }{
		{"3/8", "", "3/8"},
		{"1/1", "", "1/1"},
		{"100000/100000", "", "100000/100000"},
		{"3/8", "CI_NODE_INDEX=1 CI_NODE_TOTAL=4", "3/8"}, // what is written has the last word

		// As sbatch --array=0-7, 1-8, 1-15:2, 5-5 have it.
		{"auto", "SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=1", "1/8"},
		{"auto", "SLURM_ARRAY_TASK_ID=8 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=1", "8/8"},
		{"auto", "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=15 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=2", "3/8"},
		{"auto", "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=5 SLURM_ARRAY_TASK_COUNT=1", "1/1"},
		{"auto/8", "SLURM_ARRAY_TASK_ID=8 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=1", "8/8"},
		// An array of some to do again: shard 3 of 8 is not all of 1.
		{"auto/8", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=1", "SLURM_ARRAY_TASK_COUNT is 1, not 8"},
		// --array=1,2,9: nobody says that 9 is the third.
		{"auto", "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=1", "SLURM_ARRAY_TASK_ID=9 is none of 3 that begin at 1 and grow by 1"},
		{"auto", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=15 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=2", "is none of 8"},
		{"auto", "SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_COUNT=8", "SLURM_ARRAY_TASK_ID=x is not a whole number"},
		{"auto", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=0", "is none of 8"},

		{"auto/4", "JOB_COMPLETION_INDEX=0", "1/4"},
		{"auto/4", "JOB_COMPLETION_INDEX=3", "4/4"},
		{"auto/4", "JOB_COMPLETION_INDEX=4", "JOB_COMPLETION_INDEX=4 is none of 4 that begin at 0"},
		{"auto", "JOB_COMPLETION_INDEX=0", "how many shards there are is in no variable; write --shard auto/N"},

		{"auto", "STRATEGY_JOB_INDEX=0 STRATEGY_JOB_TOTAL=4", "1/4"},
		{"auto", "STRATEGY_JOB_INDEX=3 STRATEGY_JOB_TOTAL=4", "4/4"},
		{"auto", "STRATEGY_JOB_INDEX=3", "STRATEGY_JOB_TOTAL is not set"},
		{"auto", "STRATEGY_JOB_INDEX=-1 STRATEGY_JOB_TOTAL=4", "STRATEGY_JOB_INDEX=-1 is not a whole number"},

		{"auto", "CI_NODE_INDEX=1 CI_NODE_TOTAL=4", "1/4"},
		{"auto", "CI_NODE_INDEX=4 CI_NODE_TOTAL=4", "4/4"},
		{"auto", "CI_NODE_INDEX=0 CI_NODE_TOTAL=4", "CI_NODE_INDEX=0 is none of 4 that begin at 1"},
		{"auto", "CI_NODE_TOTAL=1", "the environment is not that of a Slurm array (SLURM_ARRAY_TASK_ID), "}, // without parallel

		{"auto", "AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=10", "1/10"},
		{"auto", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", "10/10"},
		{"auto/10", "AWS_BATCH_JOB_ARRAY_INDEX=9", "10/10"}, // as it was before there was a size

		// Batch on Kubernetes: both are there, and say the same, or not.
		{"auto/4", "JOB_COMPLETION_INDEX=3 AWS_BATCH_JOB_ARRAY_INDEX=3 AWS_BATCH_JOB_ARRAY_SIZE=4", "4/4"},
		{"auto/4", "JOB_COMPLETION_INDEX=0 AWS_BATCH_JOB_ARRAY_INDEX=3 AWS_BATCH_JOB_ARRAY_SIZE=4", "(JOB_COMPLETION_INDEX: shard 1/4) and of an AWS Batch array (AWS_BATCH_JOB_ARRAY_INDEX: shard 4/4); say which"},
		{"auto", "", "the environment is not that of"},

		{"0/8", "", "want I from 1 to N: the parts of 8 are 1/8 to 8/8"},
		{"9/8", "", "want I from 1 to N"},
		{"3/0", "", "want part I of N"},
		{"3", "", "want part I of N"},
		{"3/8/2", "", "want part I of N"},
		{"-1/8", "", "want part I of N"},
		{"+1/8", "", "want part I of N"},
		{"1/100001", "", "N is 100000 at most"},
		{"auto/", "", "want part I of N"},
		{"auto/0", "", "want part I of N"},
		{"automatic", "", "want part I of N"},
		{"", "", "want part I of N"},
	} {
		var c shardChoice
		var shard experiment.Shard
		err := c.Set(row.flag)
		if err == nil {
			shard, err = c.settle(variables(row.environment))
		}
		got := shard.String()
		if err != nil {
			got = fmt.Sprint(err)
		}
		if got != row.want && (err == nil || !strings.Contains(got, row.want)) {
			t.Errorf("--shard %s with %s is %s, not %s", row.flag, row.environment, got, row.want)
		}
	}
}
