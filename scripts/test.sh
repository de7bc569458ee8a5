#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: those of the package and those of a package outside
# that depends on it. (`swift test` alone runs the first, unoptimised and much slower.)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system-packages.sh
scripts/build-tests.sh
swift test -c release --skip-build
swift test --package-path Tests/OutsidePackage
