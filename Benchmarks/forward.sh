#!/usr/bin/env bash
# Hidden states of a speech model beside PyTorch's transformers (sdpa attention), asked in turn, with the
# same threads: wall time, CPU time, peak memory and their ratios.
#
#   BENCH_PYTHON="$(scripts/bench-env.sh)" Benchmarks/forward.sh [ROUNDS] [FAMILY]
#
# FAMILY is wav2vec2 (the default), whisper or ast, in the size of their base models, or blstm (forward_peer.py).
# With OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE as the environment has them, then with both unset for both sides.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${BENCH_PYTHON:-${PYTHON:-python3}}"
rounds="${1:-5}"
family="${2:-wav2vec2}"

binary="$("$here/build.sh" ModelBenchmark forward-benchmark)"

model="$(mktemp -d)"
trap 'rm -rf "$model"' EXIT
"$python" "$here/forward_peer.py" model "$family" "$model"
if [ -n "${OPENBLAS_CORETYPE:-}${OPENBLAS_L2_SIZE:-}" ]; then
  echo "OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-} OPENBLAS_L2_SIZE=${OPENBLAS_L2_SIZE:-} as set"
  "$python" "$here/forward_peer.py" compare "$family" "$binary" "$model" "$rounds"
  echo
fi
echo "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset"
env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE \
  "$python" "$here/forward_peer.py" compare "$family" "$binary" "$model" "$rounds"
