#!/bin/bash
# One experiment on many machines of a Slurm cluster: an array of shards, and what they
# come to once all of them have ended well.
#
#   array=$(sbatch --parsable slurm.sh)
#   sbatch --dependency=afterok:$array --wrap 'cascade merge results --json runs.json'
#
# results must be on a file system that all machines share. A shard that is preempted,
# loses its machine, or is started again (scontrol requeue) goes on from what it has
# there. --shard auto reads which shard of how many it is from what Slurm tells it.
#
#SBATCH --job-name=cascade
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --requeue

exec cascade run "${SCENARIO:-slow-dependency}" --runs "${RUNS:-1000}" \
	--shard auto --cores "$SLURM_CPUS_PER_TASK" --out results
