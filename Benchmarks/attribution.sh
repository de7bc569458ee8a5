#!/usr/bin/env bash
# Grad-CAM and gradient × input on a wav2vec2-base, 10 s of sound, beside PyTorch with captum, asked in turn, with the same
# threads: wall time, CPU time, peak memory and their ratios.
#
#   BENCH_PYTHON="$(scripts/bench-env.sh)" Benchmarks/attribution.sh [ROUNDS]
#
# OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for both sides.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${BENCH_PYTHON:-${PYTHON:-python3}}"
rounds="${1:-5}"

binary="$("$here/build.sh" ModelBenchmark attribution-benchmark)"

model="$(mktemp -d)"
trap 'rm -rf "$model"' EXIT
"$python" "$here/forward_peer.py" model wav2vec2 "$model"
env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE \
  "$python" "$here/attribution_peer.py" compare "$binary" "$model" "$rounds"
