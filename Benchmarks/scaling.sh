#!/bin/sh
# What each part of a study costs on one core (an hour of audio, a layer, a probe, a pair of layers), and what
# studies of 960 and 60,000 hours would on 1, 16 and 256 cores.
#
#   PYTHON="$(scripts/bench-env.sh)" Benchmarks/scaling.sh [MODEL …]
#
# Without models it makes two of random weights, of 12 and of 24 layers, for which PYTHON needs torch and transformers.
# ROWS is the number of spans of the fits that are timed (20,000 in a study; the time grows in proportion).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rows=${ROWS:-5000}

binary=$("$here/build.sh" ScalingBenchmark scaling-benchmark)

if [ $# -eq 0 ]; then
  models=$(mktemp -d)
  trap 'rm -rf "$models"' EXIT INT TERM
  "${PYTHON:-python3}" "$here/scaling_models.py" "$models"
  set -- "$models/base-12" "$models/large-24"
fi
"$binary" costs "$rows" "$@"
