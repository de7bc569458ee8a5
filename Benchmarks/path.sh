#!/bin/sh
# The probes of 13 layers, each with a penalty chosen from seven, beside scikit-learn's path for one layer: the aim is
# less time for all of them than scikit-learn takes for one.
#
#   PYTHON=python3 Benchmarks/path.sh [ROWS WIDTH CLASSES LAYERS THREADS]
#
# PYTHON needs numpy and scikit-learn. OPENBLAS_CORETYPE in the environment holds for both sides.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
rows=${1:-10000} width=${2:-768} classes=${3:-40} layers=${4:-13} threads=${5:-2}

binary=$("$here/build.sh" ProbeBenchmark path-benchmark)

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT INT TERM
"$python" "$here/path_peer.py" data "$data" "$rows" "$width" "$classes" "$layers"
echo "$rows x $width, $classes classes, $threads threads, OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-unset}"
"$python" "$here/path_peer.py" compare "$binary" "$data" $((rows * 4 / 5)) "$layers" "$threads"
