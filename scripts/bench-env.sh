#!/usr/bin/env bash
# Makes the Python environment that the benchmarks compare with, outside the repository, and prints its Python.
#
#   export PYTHON="$(scripts/bench-env.sh)"
set -euo pipefail
folder="${STRATA_BENCH_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/strata-bench}"
if [ ! -x "$folder/bin/python" ]; then
  python3 -m venv "$folder" >&2
fi
# The +cpu wheel, where the index has it, spares the CUDA libraries.
"$folder/bin/pip" install --quiet 'torch==2.13.0+cpu' >&2 2>/dev/null ||
  "$folder/bin/pip" install --quiet 'torch==2.13.0' >&2
"$folder/bin/pip" install --quiet transformers numpy scipy scikit-learn safetensors tensorboard captum soundfile >&2
echo "$folder/bin/python"
