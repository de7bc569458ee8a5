#!/bin/sh
# Layer × layer similarity beside NumPy, in turn, with the same threads: CKA (aim: at most half of NumPy's
# time in double precision) and SVCCA (aim: at most a third).
#
#   PYTHON=python3 Benchmarks/similarity.sh [LAYERS ROWS WIDTH THREADS ROUNDS]
#
# PYTHON needs numpy. OPENBLAS_CORETYPE in the environment holds for both sides.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
layers=${1:-13} rows=${2:-20000} width=${3:-768} threads=${4:-2} rounds=${5:-3}
measures=${MEASURES:-cka64 cka32 published32 svcca64 svcca32}

binary=$("$here/build.sh" SimilarityBenchmark similarity-benchmark)

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT INT TERM
"$python" "$here/similarity_peer.py" data "$data" "$layers" "$rows" "$width"
echo "$layers layers of $rows x $width, $threads threads, $rounds rounds in turn, OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-unset}"
for measure in $measures; do
  "$python" "$here/similarity_peer.py" compare "$binary" "$measure" "$threads" "$rounds" "$data"/*.npy
done
