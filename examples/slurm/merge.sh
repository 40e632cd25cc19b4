#!/bin/bash
# The verdict on what the tasks of fuzz.sh made: exit code 1 if a rule was broken, 3 if a shard is missing.
#SBATCH --job-name=raftcheck-merge
#SBATCH --time=00:05:00
#SBATCH --output=raftcheck-merge.log

results=${RESULTS:-raftcheck-results}
raftcheck merge --save "$results/traces" -o "json=$results/campaign.json" "$results"/shard-*.json
