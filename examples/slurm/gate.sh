#!/bin/bash
# A gate as a Slurm job array, for thousands of traces: each task judges one shard, and a job that waits for all gives the verdict.
#
#   id=$(sbatch --parsable examples/slurm/gate.sh)
#   sbatch --dependency=afterany:"$id" examples/slurm/gate-merge.sh
#
# It is sent from the folder of raftcheck.yaml, which all nodes must reach, with the traces. A task that was lost is sent again by its
# number, as in sbatch --array=7 with the same count of shards: SHARDS=64 sbatch --export=ALL --array=7 examples/slurm/gate.sh
#SBATCH --job-name=raftcheck-gate
#SBATCH --array=1-64
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=01:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=raftcheck-gate-%a.log

results=${RESULTS:-raftcheck-gate}
mkdir -p "$results"

trap 'evicted=1; kill -TERM $!' TERM
raftcheck gate --shard "$SLURM_ARRAY_TASK_ID/${SHARDS:-$SLURM_ARRAY_TASK_COUNT}" --jobs "$SLURM_CPUS_PER_TASK" \
	-o "json=$results/gate-$SLURM_ARRAY_TASK_ID.json" &
wait $!
code=$?
[ -z "$evicted" ] || { wait $!; exit 143; } # what it had is written, and counts until the task is sent again

# Exit codes 0, 1, 3 and 4 are verdicts, and merge tells them again. Any other is a failure of this task.
case $code in
0 | 1 | 3 | 4) exit 0 ;;
*) exit "$code" ;;
esac
