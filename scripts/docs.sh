#!/usr/bin/env bash
# Makes the manual, README, docs/ and notebooks-md/, as a static site that opens from disk, with pandoc; fails where a link
# leads nowhere. The public API's pages are made by scripts/docs-api.sh.
#
#   scripts/docs.sh [FOLDER]   (default: .build/manual)
set -euo pipefail
cd "$(dirname "$0")/.."

command -v pandoc >/dev/null || {
  echo "error: there is no pandoc on the path (Debian, Ubuntu: apt install pandoc; conda-forge has it too)" >&2
  exit 66
}
exec python3 scripts/manual.py "${1:-.build/manual}"
