#!/bin/sh
# What `extract` takes of one long recording: the peak memory with MINUTES of sound (20 and 92), one layer, one thread. The
# sound is the recordings of fixtures/unseen again and again.
#
#   BENCH_PYTHON="$(scripts/bench-env.sh)" Benchmarks/long.sh [MINUTES …]
set -eu
cd "$(dirname "$0")/.."
program=${PROBE_LAYERS:-.build/release/probe-layers}
[ -x "$program" ] || { echo "build first: swift build -c release, or set PROBE_LAYERS" >&2; exit 2; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
[ $# -gt 0 ] || set -- 20 92
for minutes; do
  "${BENCH_PYTHON:-python3}" - "$minutes" "$place/long.wav" <<'PYTHON'
import glob, sys
import numpy, soundfile
minutes, path = int(sys.argv[1]), sys.argv[2]
parts = [soundfile.read(name, dtype="int16") for name in sorted(glob.glob("fixtures/unseen/*/*.flac"))]
sound, rate = numpy.concatenate([samples for samples, _ in parts]), parts[0][1]
count = minutes * 60 * rate
soundfile.write(path, numpy.tile(sound, count // len(sound) + 1)[:count], rate, subtype="PCM_16")
PYTHON
  /usr/bin/time -f '%M' -o "$place/peak" "$program" extract fixtures/w2v2-tiny-phones/model.ckpt "$place/long.wav" \
    --layers hidden.3 --threads 1 --quiet -o "$place/long.h5" >/dev/null
  printf '%4d minutes: %4d MB\n' "$minutes" $(($(tail -1 "$place/peak") / 1000))
  rm "$place/long.h5"
done
