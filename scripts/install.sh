#!/usr/bin/env bash
# Builds probe-layers and installs it with its man page, shell completions, probes and corpus; or takes it away again.
set -euo pipefail

usage() {
  cat <<'MESSAGE'
usage: scripts/install.sh [--prefix DIR] [--binary FILE]
       scripts/install.sh [--prefix DIR] --uninstall

  --prefix DIR    where to: DIR/bin, DIR/share (default: /usr/local)
  --binary FILE   install this probe-layers instead of building one
  --uninstall     remove what an earlier installation into DIR has written

examples:
  scripts/install.sh --prefix ~/.local
  sudo scripts/install.sh
  scripts/install.sh --prefix ~/.local --uninstall
MESSAGE
}

fail() {
  echo "error: $1" >&2
  exit "${2:-1}"
}

prefix=/usr/local
binary=
builds=true
uninstalls=false
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix | --binary)
      [ $# -gt 1 ] || fail "$1 takes a value" 64
      if [ "$1" = --prefix ]; then prefix="$2"; else binary="$(realpath "$2")" builds=false; fi
      shift 2
      ;;
    --uninstall) uninstalls=true && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 64 ;;
  esac
done
prefix="$(realpath -m "$prefix")"
list="$prefix/share/strata/installed-files"
cd "$(dirname "$0")/.."

if $uninstalls; then
  [ -f "$list" ] || fail "$list is not there: nothing was installed into $prefix by this script" 66
  folders=()
  while IFS= read -r file; do
    rm -f -- "$prefix/$file"
    folders+=("$(dirname "$file")")
  done <"$list"
  rm -f -- "$list"
  # Folders that are empty now, the deepest first, up to the prefix itself.
  printf '%s\n' "${folders[@]}" share/strata | sort -ru | while IFS= read -r folder; do
    (cd "$prefix" && rmdir -p --ignore-fail-on-non-empty -- "$folder" 2>/dev/null) || true
  done
  echo "Removed Strata from $prefix"
  exit 0
fi

mkdir -p "$prefix" 2>/dev/null && [ -w "$prefix" ] ||
  fail "$prefix cannot be written to; choose another with --prefix, or run this as a user who may" 74

if $builds; then
  scripts/system-packages.sh
  options=(-c release --static-swift-stdlib --product probe-layers)
  STRATA_COMMIT="${STRATA_COMMIT:-$(git rev-parse --short=12 HEAD 2>/dev/null || true)}"
  export STRATA_COMMIT
  swift build "${options[@]}"
  binary="$(swift build "${options[@]}" --show-bin-path)/probe-layers"
fi
version="$("$binary" --version)" || fail "$binary does not run"

work="$(mktemp -d)"
trap 'rm -rf "$work" "$work.list"' EXIT

# What goes where, gathered first so that a failure leaves nothing behind.
install -D "$binary" "$work/bin/probe-layers"
# A third of what was built is symbols for debuggers.
if $builds && command -v strip >/dev/null; then strip "$work/bin/probe-layers"; fi
mkdir -p "$work/share/strata/fixtures"
cp -R probes "$work/share/strata/probes"
cp -R schemas "$work/share/strata/schemas"
cp -R fixtures/unseen "$work/share/strata/fixtures/unseen"
cp LICENSE THIRD-PARTY.md CITATION.cff "$work/share/strata/"
for shell in bash:bash-completion/completions/probe-layers zsh:zsh/site-functions/_probe-layers \
  fish:fish/vendor_completions.d/probe-layers.fish; do
  file="$work/share/${shell#*:}"
  mkdir -p "$(dirname "$file")"
  "$binary" --generate-completion-script "${shell%%:*}" >"$file"
done
if command -v python3 >/dev/null; then
  mkdir -p "$work/share/man/man1"
  "$binary" --experimental-dump-help | python3 scripts/man-page.py "${version%% *}" \
    >"$work/share/man/man1/probe-layers.1"
else
  echo "note: there is no python3, which makes the man page; probe-layers --help says the same" >&2
fi

(cd "$work" && find . -type f | sed 's|^\./||' | LC_ALL=C sort) >"$work.list"
mv "$work.list" "$work/share/strata/installed-files"
chmod -R u+rwX,go+rX "$work"
# Files of an earlier version that this one no longer has.
if [ -f "$list" ]; then
  LC_ALL=C comm -23 "$list" "$work/share/strata/installed-files" | (cd "$prefix" && xargs -r -d '\n' rm -f --)
fi
cp -R "$work/." "$prefix/" || fail "$prefix could not be written to" 74

cat <<MESSAGE
Installed probe-layers $version into $prefix
  command      $prefix/bin/probe-layers
  manual       man -M $prefix/share/man probe-layers
  completions  bash, zsh and fish, below $prefix/share
  to remove    scripts/install.sh --prefix $prefix --uninstall
MESSAGE
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) echo "$prefix/bin is not on the PATH: add  export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
