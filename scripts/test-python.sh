#!/usr/bin/env bash
# Tests python/ with real transformers and pandas, in an environment of its own beside the benchmarks'. The command is
# the one that STRATA_PROBE_LAYERS names, else this checkout's release build.
#
#   scripts/test-python.sh [pytest's options]
set -euo pipefail
cd "$(dirname "$0")/.."

export STRATA_PROBE_LAYERS="${STRATA_PROBE_LAYERS:-$PWD/.build/release/probe-layers}"
[ -x "$STRATA_PROBE_LAYERS" ] || {
  echo "error: $STRATA_PROBE_LAYERS is not there; run  swift build -c release --product probe-layers  first" >&2
  exit 66
}
bench="$(scripts/bench-env.sh)"
folder="${STRATA_PYTHON_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/strata-python}"
if ! "$folder/bin/python" -c "import pytest, pandas, torch, nbclient, ipykernel, soundfile, soxr" 2>/dev/null; then
  "$bench" -m venv "$folder"
  # What the benchmarks have is seen, not installed again.
  "$bench" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    >"$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/benchmarks.pth"
  "$folder/bin/pip" install --quiet pandas pytest nbclient nbformat ipykernel soundfile soxr
fi
export PYTHONPATH="$PWD/python" PYTHONDONTWRITEBYTECODE=1
exec "$folder/bin/python" -m pytest -q -p no:cacheprovider python/tests "$@"
