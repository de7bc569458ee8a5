#!/usr/bin/env bash
# Runs every code block of notebooks-md/ and compares what it prints with what is shown there, numbers within the
# tolerance that the notebook states. It takes minutes of studies, so that `swift test` alone leaves it out.
#
#   scripts/notebooks.sh
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build-tests.sh
STRATA_NOTEBOOKS=1 swift test -c release --skip-build --filter NotebookTests
