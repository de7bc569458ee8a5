#!/usr/bin/env bash
# Builds all tests, optimised, since they fit thousands of probes; `swift test -c release --skip-build` then runs them.
# Arguments are handed on: `scripts/build-tests.sh --package-path Tests/OutsidePackage --scratch-path .build` builds the
# package outside from what is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build --build-tests -c release -Xswiftc -enable-testing -Xswiftc -gnone \
  --explicit-target-dependency-import-check error "$@"
