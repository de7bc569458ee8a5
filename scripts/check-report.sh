#!/usr/bin/env bash
# Opens report.html in a headless Chromium (installed where apt can): no word on the console, no request, and the
# pictures that were looked at. The whole test suite does the same where there is a Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null || [ "$(fc-match --format='%{family}' system-ui)" != "DejaVu Sans" ]; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    chromium fontconfig fonts-dejavu-core >/dev/null
fi
scripts/build-tests.sh
swift test -c release --skip-build --filter BrowserTests
