#!/bin/sh
# Studies of activations whose answer is known, in several shapes each: prints what is right and what is not.
#
#   BENCH_PYTHON="$(scripts/bench-env.sh)" Benchmarks/planted.sh [CASE…]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${PROBE_LAYERS:-$here/../.build/release/probe-layers}
[ -x "$program" ] || { echo "build first: swift build -c release, or set PROBE_LAYERS" >&2; exit 2; }
exec "${BENCH_PYTHON:-python3}" "$here/planted_cases.py" "$program" "$@"
