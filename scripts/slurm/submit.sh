#!/usr/bin/env bash
# A study on a Slurm cluster: an array job with a shard a task, and a job that depends on it and merges.
#
#   scripts/slurm/submit.sh SHARDS OUTPUT MODEL [options of probe-layers…]
#   scripts/slurm/submit.sh 16 my-study hubert-base --corpus my-corpus --seed 7
#
# Asked for more cores or time: SBATCH_OPTIONS="--cpus-per-task=8 --time=2:00:00 --partition=cpu".
# Asked again after a failure it does what is missing: finished shards stay, an interrupted one goes on.
set -euo pipefail

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

[ $# -ge 3 ] || usage
shards=$1 output=$2
shift 2
[[ $shards =~ ^[1-9][0-9]*$ ]] || { echo "error: $shards is not a number of shards" >&2; usage; }
command -v sbatch >/dev/null || { echo "error: there is no sbatch here: this is not a Slurm cluster" >&2; exit 69; }
PROBE_LAYERS=${PROBE_LAYERS:-$(command -v probe-layers || true)}
[ -x "$PROBE_LAYERS" ] || { echo "error: probe-layers is not in PATH; set PROBE_LAYERS to it" >&2; exit 69; }

mkdir -p "$output/logs"
STRATA_OUTPUT=$(cd "$output" && pwd)
export PROBE_LAYERS STRATA_OUTPUT
here=$(cd "$(dirname "$0")" && pwd)
read -ra options <<<"${SBATCH_OPTIONS:-}"

array=$(sbatch --parsable --array="1-$shards" --output="$STRATA_OUTPUT/logs/shard-%a.log" \
  ${options[@]+"${options[@]}"} "$here/shard.sbatch" "$@" --quiet)
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes \
  --output="$STRATA_OUTPUT/logs/merge.log" ${options[@]+"${options[@]}"} "$here/merge.sbatch")
echo "array $array, merge $merge: the study will be in $STRATA_OUTPUT, what was said in $STRATA_OUTPUT/logs"
