#!/usr/bin/env bash
# Makes the documentation of the public API with the toolchain's DocC, one archive of all modules, and fails on any
# warning. Usage: scripts/docs-api.sh [FOLDER]   (default: .build/documentation)
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-.build/documentation}"
command -v docc >/dev/null || {
  echo "error: there is no docc on the path; it comes with the Swift toolchain" >&2
  exit 1
}
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

echo "Reading the public symbols"
swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
symbols="$(sed -n 's/^Files written to //p' "$work/log")"

archives=()
for source in Sources/*/; do
  module="$(basename "$source")"
  [ -f "$symbols/$module.symbols.json" ] && ls "$source"*.swift >/dev/null 2>&1 || continue
  mkdir -p "$work/$module"
  cp "$symbols/$module.symbols.json" "$work/$module/"
  # What it adds to the types of other modules.
  find "$symbols" -name "$module@*.symbols.json" -exec cp {} "$work/$module/" \;
  catalog=()
  [ -d "$source$module.docc" ] && catalog=("$source$module.docc")
  docc convert "${catalog[@]}" --warnings-as-errors \
    --fallback-display-name "$module" --fallback-bundle-identifier "strata.$module" \
    --additional-symbol-graph-dir "$work/$module" --output-path "$work/$module.doccarchive" \
    >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
  }
  archives+=("$work/$module.doccarchive")
  echo "$module"
done

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
docc merge "${archives[@]}" --synthesized-landing-page-name Strata --output-path "$folder"
cat <<MESSAGE
Wrote $folder: ${#archives[@]} modules, no warnings.
To read it: python3 -m http.server --directory $folder, then http://localhost:8000/documentation/
MESSAGE
