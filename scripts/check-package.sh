#!/usr/bin/env bash
# Installs a package into a bare Debian without Swift, Python or compilers, and runs the demo's study there; prints the
# size and how long the command takes to start. Needs root and debootstrap.
#
#   scripts/check-package.sh FILE [SUITE] [ROOT]
#
#   FILE    a tarball or a Debian package that scripts/package.sh has made
#   SUITE   bookworm (Debian 12) where nothing is said; bullseye, trixie
#   ROOT    a bare root of that suite, as `debootstrap --variant=minbase` makes it, to copy instead of making one
set -euo pipefail
[ $# -ge 1 ] || { sed -n '5,9s/^# \{0,1\}//p' "$0" >&2 && exit 64; }
file="$(realpath "$1")"
suite="${2:-bookworm}"
given="${3:-}"
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "error: chroot needs root" >&2 && exit 77; }

work="$(mktemp -d)"
bare="$work/root"
trap 'umount "$bare/proc" "$bare/dev" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
if [ -n "$given" ]; then
  cp -a "$given" "$bare"
else
  debootstrap --variant=minbase "$suite" "$bare" >"$work/log" || { tail -n 5 "$work/log" >&2 && exit 1; }
fi
mount -t proc proc "$bare/proc"
mount --bind /dev "$bare/dev"
run() { chroot "$bare" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root "$@"; }

before="$(du -sm "$bare" --exclude=proc --exclude=dev | cut -f1)"
case "$file" in
  *.deb)
    cp "$file" "$bare/tmp/strata.deb"
    cp /etc/resolv.conf "$bare/etc/resolv.conf" 2>/dev/null || true
    run apt-get update -qq
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /tmp/strata.deb >"$work/log" 2>&1 ||
      { tail -n 20 "$work/log" >&2 && exit 1; }
    command=/usr/bin/probe-layers
    ;;
  *)
    mkdir "$bare/opt/it moved"
    tar -C "$bare/opt/it moved" --strip-components=1 -xf "$file"
    command="/opt/it moved/bin/probe-layers"
    ;;
esac
after="$(du -sm "$bare" --exclude=proc --exclude=dev | cut -f1)"
mkdir -p "$bare/srv"
cp -R fixtures/w2v2-tiny-phones "$bare/srv/model"

echo "$suite, $(run ldd --version | head -n 1): $(du -m "$file" | cut -f1) MB packed, $((after - before)) MB installed"
run "$command" --version
# Seconds of this process's clock and of its processor, the second without what else the machine does.
TIMEFORMAT='starts in %R s, of which %U s + %S s of processor time (chroot and env with it)'
time run "$command" --version >/dev/null
# A study of eight sentences by three of the bundled corpus's voices.
run sh -c 'cd /srv && for voice in awb kal slt; do
    mkdir -p speech/$voice && ls "$1/fixtures/unseen/$voice"/* | head -n 16 | while IFS= read -r file; do cp "$file" speech/$voice/; done
  done
  exec "$0" run model/model.ckpt --corpus speech --output study --levels phoneme --layers conv.1,hidden.6 --twins 1 \
    --maps 0 --quiet' "$command" "${command%/bin/*}/share/strata"
for name in report.html layers.csv study.json; do
  test -s "$bare/srv/study/$name" || { echo "error: the study has no $name" >&2 && exit 1; }
done
grep '^- \*\*phoneme' "$bare/srv/study/summary.md" | cut -c1-160
