#!/bin/sh
# A softmax probe beside scikit-learn's logistic regression (lbfgs), in turn, with the same threads: the aim is
# a fifth of its time at an equal or lower loss.
#
#   PYTHON=python3 Benchmarks/probe.sh [ROWS WIDTH CLASSES THREADS ROUNDS]
#
# PYTHON needs numpy and scikit-learn. OPENBLAS_CORETYPE in the environment holds for both sides.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
rows=${1:-50000} width=${2:-768} classes=${3:-40} threads=${4:-2} rounds=${5:-3}
penalties=${PENALTIES:-"1 100"} precisions=${PRECISIONS:-"32 64"} tolerance=${TOLERANCE:-1e-6} ours=${OURS:-1e-5}

binary=$("$here/build.sh" ProbeBenchmark probe-benchmark)

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT INT TERM
"$python" "$here/probe_peer.py" data "$data" "$rows" "$width" "$classes"
echo "$rows x $width, $classes classes, tolerances $tolerance (scikit-learn) and $ours (Strata), $rounds rounds in turn, OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-unset}"
for penalty in $penalties; do
  for precision in $precisions; do
    "$python" "$here/probe_peer.py" compare "$binary" "$precision" "$data" "$penalty" "$tolerance" "$ours" "$threads" "$rounds"
  done
done
