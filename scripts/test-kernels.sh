#!/usr/bin/env bash
# Runs the numeric suites under several of OpenBLAS's kernels, whose results differ in the last digits.
# Usage: scripts/test-kernels.sh [KERNEL…]   (default: all that this processor can run), after scripts/build-tests.sh
set -euo pipefail
cd "$(dirname "$0")/.."

suites='TensorsTests|LinearAlgebraTests|SimilarityTests|SimilarityStudyTests|ParityTests|SoftmaxProbeTests|SoftmaxPiecesTests'
has() { grep -qw "$1" /proc/cpuinfo 2>/dev/null; }

kernels=("$@")
if [ ${#kernels[@]} -eq 0 ]; then
  kernels=(Nehalem)
  has avx2 && kernels+=(Haswell Zen)
  has avx512f && kernels+=(SkylakeX)
  has avx512_bf16 && kernels+=(Cooperlake)
fi

for kernel in "${kernels[@]}"; do
  echo "== OPENBLAS_CORETYPE=$kernel"
  OPENBLAS_CORETYPE="$kernel" swift test -c release --skip-build --filter "$suites"
done
