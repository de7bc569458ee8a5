#!/usr/bin/env bash
# The main job on the bundled model and speech: installs what is missing, builds, studies, prints the table
# and the report's path. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system-packages.sh
swift build -c release --product probe-layers
probe_layers="$(swift build -c release --show-bin-path)/probe-layers"

echo
echo "== Sentences that the model never saw, read by five synthetic voices =="
"$probe_layers" fixtures/w2v2-tiny-phones/model.ckpt --corpus fixtures/unseen --output strata-study

echo
echo "== The same model on clips of eight people =="
"$probe_layers" fixtures/w2v2-tiny-phones/model.ckpt --corpus fixtures/human --output strata-study-human
