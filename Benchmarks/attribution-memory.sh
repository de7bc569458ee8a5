#!/usr/bin/env bash
# What a map of a wav2vec2-base holds in memory, and what it costs, when a pass keeps its tap points and makes the rest
# again block by block on the way back, and when it keeps all: CPU seconds and the largest memory of a process each.
#
#   BENCH_PYTHON="$(scripts/bench-env.sh)" Benchmarks/attribution-memory.sh ["SECONDS …" [THREADS]]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${BENCH_PYTHON:-${PYTHON:-python3}}"
lengths="${1:-10 30 60}" threads="${2:-2}"

binary="$("$here/build.sh" ModelBenchmark attribution-benchmark)"

model="$(mktemp -d)"
trap 'rm -rf "$model"' EXIT
"$python" "$here/forward_peer.py" model wav2vec2 "$model" > "$model/log"
# Half a minute, twice.
cat "$model/waveform.f32" "$model/waveform.f32" > "$model/long.f32"

ask() { # what is asked, if anything: seconds and MiB
  printf '%s\nmemory\n' "$1" | env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$binary" "$model" "$model/long.f32" \
    | awk '/^[0-9.]+ [0-9.]+$/ { cpu = $2 } /^[0-9]+$/ { bytes = $1 } END { printf "%.1f s | %.0f", cpu, bytes / 1048576 }'
}

echo "The model by itself: $(ask "run grad-cam 1 $threads" | cut -d'|' -f2) MiB with a map of 1 s"
echo
echo '| map | seconds | CPU, block by block | memory, MiB | CPU, all kept | memory, MiB |'
echo '|---|---|---|---|---|---|'
for method in grad-cam gradient-input; do
  for seconds in $lengths; do
    echo "| $method | $seconds | $(ask "run $method $seconds $threads") | $(ask "run $method $seconds all $threads") |"
  done
done
