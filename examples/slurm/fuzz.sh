#!/bin/bash
# A campaign as a Slurm job array: each task makes one shard, and a job that waits for all of them gives the verdict.
#
#   id=$(sbatch --parsable examples/slurm/fuzz.sh)
#   sbatch --dependency=afterany:"$id" examples/slurm/merge.sh
#
# The files of the shards go to $RESULTS, which all nodes must reach. Another SEED is another campaign:
#   SEED=2 RESULTS=$HOME/campaign-2 sbatch --parsable --export=ALL examples/slurm/fuzz.sh
#SBATCH --job-name=raftcheck-fuzz
#SBATCH --array=1-16
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:15:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=raftcheck-fuzz-%a.log

results=${RESULTS:-raftcheck-results}
mkdir -p "$results"

# --for leaves time to tell and to save what was found before Slurm ends the job.
trap 'evicted=1; kill -TERM $!' TERM
raftcheck fuzz --impl reference --for 1h --seed "${SEED:-1}" \
	--shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
	--workers "$SLURM_CPUS_PER_TASK" --memory 6GiB --save none \
	-o "json=$results/shard-$SLURM_ARRAY_TASK_ID.json" &
wait $!
code=$?
[ -z "$evicted" ] || { wait $!; exit 143; } # what it had is written, and counts until the task is sent again

# Exit codes 0, 1 and 3 are verdicts, and merge tells them again. Any other is a failure of this task.
case $code in
0 | 1 | 3) exit 0 ;;
*) exit "$code" ;;
esac
