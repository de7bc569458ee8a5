#!/usr/bin/env bash
# Runs every code block of notebooks-md/ and compares what it prints with what is shown there, numbers within the
# tolerance that the notebook states. The suite is a part of `swift test`, so that CI runs it too.
#
#   scripts/notebooks.sh
set -euo pipefail
cd "$(dirname "$0")/.."
swift build --build-tests
swift test --skip-build --filter NotebookTests
