#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: those of a package outside that depends on this one, and those of
# the package. (`swift test` alone runs the second, unoptimised and much slower.)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system-packages.sh
scripts/build-tests.sh
# From the same build folder, which spares it a build of all modules; the last build decides whose tests `swift test` runs.
outside=(--package-path Tests/OutsidePackage --scratch-path .build)
scripts/build-tests.sh "${outside[@]}"
swift test -c release --skip-build "${outside[@]}"
scripts/build-tests.sh
swift test -c release --skip-build
