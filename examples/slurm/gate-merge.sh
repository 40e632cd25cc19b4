#!/bin/bash
# The verdict on what the tasks of gate.sh judged: exit code 1 if a rule was broken, 3 if a shard is missing, 4 if a trace cannot be read.
#SBATCH --job-name=raftcheck-gate-merge
#SBATCH --time=00:05:00
#SBATCH --output=raftcheck-gate-merge.log

results=${RESULTS:-raftcheck-gate}
raftcheck merge -o "json=$results/verdict.json" -o "junit=$results/verdict.xml" "$results"/gate-*.json
