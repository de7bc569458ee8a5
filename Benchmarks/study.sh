#!/bin/sh
# A whole study beside that of an older build, in turn in one run: wall and CPU time, the largest memory, and how far
# their numbers, decisions and peak sets are apart.
#
#   PYTHON="$(scripts/bench-env.sh)" Benchmarks/study.sh [CASE …]      # demo, base, whisper, imported
#
# The older build is commit BASE (043e220), built in a worktree; OLD names its command where there is one already. `base` is a
# wav2vec2-base of random weights on fixtures/unseen, of which LAYERS (6) are studied for phonemes with one untrained
# model: all of it takes hours in the older build. `whisper` is MODEL's encoder on the recordings of CORPUS. `imported`
# are planted activations, SPANS (50,000) spans by WIDTH (768) by DEPTH (13). THREADS (1) may be several: "1 2".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS OPENBLAS_L2_SIZE 2>/dev/null || true

swift build -c release --package-path "$root" --product probe-layers >&2
new=$(swift build -c release --package-path "$root" --show-bin-path)/probe-layers
work=$(mktemp -d)
trap 'rm -rf "$work"; git -C "$root" worktree prune' EXIT INT TERM
if [ -z "${OLD:-}" ]; then
  git -C "$root" worktree add --detach "$work/old" "${BASE:-043e220}" >&2
  swift build -c release --package-path "$work/old" --product probe-layers >&2
  OLD=$(swift build -c release --package-path "$work/old" --show-bin-path)/probe-layers
fi
[ $# -gt 0 ] || set -- demo
"${PYTHON:-python3}" "$here/study_in_turn.py" "$OLD" "$new" "$root" "$work" "$@"
