#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: those of the package and those of a package outside
# that depends on it. Optimised, since tests fit thousands of probes; `swift test` alone does the same, slower.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system-packages.sh
swift build --build-tests -c release -Xswiftc -enable-testing -Xswiftc -gnone \
  --explicit-target-dependency-import-check error
swift test -c release --skip-build
swift test --package-path Tests/OutsidePackage
