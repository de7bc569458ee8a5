#!/bin/sh
# What one pass over a corpus holds in memory, from one hour of audio to a hundred, and what its sums lose in a
# million rows: a model of no cost, everything else real.
#
#   Benchmarks/memory.sh ["HOURS …" [LAYERS WIDTH MOMENTS_MIB]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
hours=${1:-1 10 100} layers=${2:-4} width=${3:-64} budget=${4:-512}

binary=$("$here/build.sh" ScalingBenchmark scaling-benchmark)

echo '| hours | layers | spans | sampled | moments | peak memory | CPU |'
echo '|---|---|---|---|---|---|---|'
for count in $hours; do "$binary" memory "$count" "$layers" "$width" "$budget"; done
# A study of a base-sized model with all pairs of its layers.
"$binary" memory 1 13 768 "$budget"
echo
echo '| sums | rows | width | largest difference from float64 in two passes |'
echo '|---|---|---|---|'
"$binary" accuracy 1000000 64
