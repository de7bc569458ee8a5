#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: those of the package and those of a package outside
# that depends on it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system-packages.sh
swift build --build-tests --explicit-target-dependency-import-check error
swift test --skip-build
swift test --package-path Tests/OutsidePackage
