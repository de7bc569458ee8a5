#!/usr/bin/env bash
# Writes a small study for TensorBoard and reads it back with the real `tensorboard` package (scripts/bench-env.sh
# installs it): every scalar against layers.csv, the pictures, the verdicts and the projector's files.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${STRATA_PYTHON:-$(scripts/bench-env.sh)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

swift build --product probe-layers
"$(swift build --show-bin-path)/probe-layers" fixtures/w2v2-tiny-phones/model.ckpt --corpus fixtures/human \
  --levels phoneme --layers conv.7,hidden.3 --twins 1 --quiet --output "$work/study" --tensorboard "$work/runs"
"$python" scripts/check-tensorboard.py "$work/study" "$work/runs"
