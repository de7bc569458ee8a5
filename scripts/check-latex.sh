#!/usr/bin/env bash
# Compiles layers.tex and includes every figure with a real LaTeX (installed where apt can: 130 MB, a minute). The
# whole test suite does the same where there is a LaTeX with booktabs.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v kpsewhich >/dev/null || ! kpsewhich booktabs.sty >/dev/null || ! command -v rsvg-convert >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    texlive-latex-base texlive-latex-recommended librsvg2-bin >/dev/null
fi
scripts/build-tests.sh
swift test -c release --skip-build --filter LaTeXTests
