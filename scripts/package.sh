#!/usr/bin/env bash
# Makes what people install: a relocatable tarball, a Debian package and a Python wheel, in dist/.
#
#   scripts/package.sh [--output DIR] [--binary FILE] [tarball] [deb] [wheel]      all three where none is named
#
# Built on Debian 12. --binary takes a probe-layers that was built with --static-swift-stdlib instead of building one.
# Needs patchelf and dpkg-dev; the wheel also needs python3 with pip, setuptools and wheel ($PYTHON).
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"

fail() {
  echo "error: $1" >&2
  exit "${2:-1}"
}

output="$root/dist"
binary=
kinds=()
while [ $# -gt 0 ]; do
  case "$1" in
    --output | --binary)
      [ $# -gt 1 ] || fail "$1 takes a value" 64
      declare "${1#--}=$(realpath -m "$2")"
      shift 2
      ;;
    tarball | deb | wheel) kinds+=("$1") && shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
  esac
done
[ ${#kinds[@]} -gt 0 ] || kinds=(tarball deb wheel)
for tool in patchelf dpkg-shlibdeps objdump; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install patchelf dpkg-dev binutils" 69
done

if [ -z "$binary" ]; then
  scripts/system-packages.sh
  STRATA_COMMIT="$(git rev-parse --short=12 HEAD)"
  export STRATA_COMMIT
  options=(-c release --static-swift-stdlib --product probe-layers)
  swift build "${options[@]}"
  binary="$(swift build "${options[@]}" --show-bin-path)/probe-layers"
fi
version="$("$binary" --version)" || fail "$binary does not run"
version="${version%% *}"
# Files carry the commit's time, so that the same commit gives the same bytes.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
mkdir -p "$output"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Everything as it lies below a prefix: bin, share.
tree="$work/strata-$version"
scripts/install.sh --prefix "$tree" --binary "$binary" >/dev/null
strip "$tree/bin/probe-layers"

# The files of the shared libraries that a program needs, but for those of glibc, by soname.
libraries() {
  ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' |
    grep -vE '^(ld-linux[^ ]*|libc|libm|libdl|librt|libpthread|libresolv|libutil|libanl)\.so'
}

# The newest version of glibc whose symbols a tree's program and libraries use.
glibc_of() {
  objdump -T "$1"/libexec/* "$1"/lib/*.so* 2>/dev/null | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1 | cut -d. -f2
}

# The Debian package of a file, which may be listed under /lib as under /usr/lib.
package_of() {
  { dpkg-query -S "$1" "${1#/usr}" 2>/dev/null || true; } | head -n 1 | cut -d: -f1
}

# The program with the libraries beside it, found from wherever the tree lies. Where a system's glibc is older than what
# they were built with, the one in lib/glibc is used, which needs no more than Linux 3.2.
relocatable() {
  local tree="$1" soname file package
  mkdir -p "$tree/lib/glibc" "$tree/libexec" "$tree/share/strata/licences"
  cp "$(dirname "$(dirname "$(command -v swift)")")/share/swift/LICENSE.txt" "$tree/share/strata/licences/swift"
  for package in .build/checkouts/*/; do
    cp "$package"LICENSE* "$tree/share/strata/licences/$(basename "$package" | tr '[:upper:]' '[:lower:]')" 2>/dev/null || true
  done
  while read -r soname file; do
    if [[ "$file" == */usr/lib/swift/* ]]; then
      fail "$binary needs Swift's $soname: build it with --static-swift-stdlib"
    fi
    install -m 644 "$(realpath "$file")" "$tree/lib/$soname"
    patchelf --set-rpath '$ORIGIN' "$tree/lib/$soname"
    package="$(package_of "$(realpath "$file")")"
    [ -n "$package" ] || fail "no Debian package has $file: its licence is not known"
    cp "/usr/share/doc/$package/copyright" "$tree/share/strata/licences/$package"
  done < <(libraries "$binary")
  mv "$tree/bin/probe-layers" "$tree/libexec/probe-layers"
  patchelf --set-rpath '$ORIGIN/../lib' "$tree/libexec/probe-layers"
  for soname in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libresolv.so.2; do
    install -m 755 "$(realpath "/lib/x86_64-linux-gnu/$soname")" "$tree/lib/glibc/$soname"
  done
  cp /usr/share/doc/libc6/copyright "$tree/share/strata/licences/libc6"
  cat >"$tree/bin/probe-layers" <<MESSAGE
#!/bin/sh
# Runs the command with this system's C library where that is new enough, else with the one in lib/glibc.
program=\$(readlink -f -- "\$0")
root=\${program%/bin/*}
version=\$(getconf GNU_LIBC_VERSION 2>/dev/null)
minor=\${version#glibc 2.}
minor=\${minor%%.*}
if [ "\${minor:-0}" -ge $(glibc_of "$tree") ] 2>/dev/null; then
  exec "\$root/libexec/probe-layers" "\$@"
fi
exec "\$root/lib/glibc/ld-linux-x86-64.so.2" --argv0 "\$0" --library-path "\$root/lib/glibc:\$root/lib" \\
  "\$root/libexec/probe-layers" "\$@"
MESSAGE
  chmod 755 "$tree/bin/probe-layers"
}

packed() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$1" -cf - "$2"
}

make_tarball() {
  relocatable "$tree"
  local file
  rm "$tree/share/strata/installed-files"
  cat >"$tree/README" <<MESSAGE
Strata $version for Linux on x86-64. Nothing needs to be installed, nor root:

  bin/probe-layers --help
  bin/probe-layers MODEL --corpus FOLDER

The folder may lie anywhere; keep bin, lib, libexec and share together. share/man, share/bash-completion, share/zsh and share/fish
hold the manual and completions. Licences: share/strata.
MESSAGE
  file="$output/strata-$version-linux-x86_64.tar.xz"
  packed "$work" "strata-$version" | xz -T2 -1 >"$file"
  echo "$file  $(du -h "$file" | cut -f1)"
}

make_deb() {
  local place="$work/deb" file doc
  doc="$place/usr/share/doc/strata-layers"
  mkdir -p "$place/DEBIAN" "$place/usr" "$doc"
  scripts/install.sh --prefix "$place/usr" --binary "$binary" >/dev/null
  strip --remove-section=.comment --remove-section=.note "$place/usr/bin/probe-layers"
  rm "$place/usr/share/strata/installed-files"
  # Debian's places.
  mkdir -p "$place/usr/share/zsh/vendor-completions"
  mv "$place/usr/share/zsh/site-functions/_probe-layers" "$place/usr/share/zsh/vendor-completions/"
  rmdir "$place/usr/share/zsh/site-functions"
  mv "$place/usr/share/strata/CITATION.cff" "$place/usr/share/strata/THIRD-PARTY.md" "$doc/"
  rm "$place/usr/share/strata/LICENSE"
  gzip -9n "$place/usr/share/man/man1/probe-layers.1"
  sed -i '1{/^#!/d}' "$place/usr/share/bash-completion/completions/probe-layers"
  # Yams brings LibYAML's source with it.
  mkdir -p "$place/usr/share/lintian/overrides"
  echo 'strata-layers: embedded-library libyaml *' >"$place/usr/share/lintian/overrides/strata-layers"
  local who
  who="$(git log -1 --format='%an <%ae>')"
  cat >"$doc/copyright" <<MESSAGE
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Strata

Files: *
Copyright: $(date -ud "@$SOURCE_DATE_EPOCH" +%Y) The Strata maintainers
License: Apache-2.0
 On Debian systems, the full text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.

Comment: THIRD-PARTY.md beside this file names what is linked into the
 command, with its licences.
MESSAGE
  printf 'strata-layers (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n -- %s  %s\n' \
    "$version" "$who" "$(date -Ru -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
  # Which packages have the libraries, at the versions whose symbols are used.
  mkdir -p "$work/shlibs/debian"
  printf 'Source: strata-layers\n\nPackage: strata-layers\nArchitecture: amd64\n' >"$work/shlibs/debian/control"
  local depends
  depends="$(cd "$work/shlibs" && dpkg-shlibdeps -O "$place/usr/bin/probe-layers" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')"
  [ -n "$depends" ] || fail "dpkg-shlibdeps found no package of what $binary needs"
  cat >"$place/DEBIAN/control" <<MESSAGE
Package: strata-layers
Version: $version
Architecture: amd64
Maintainer: $who
Installed-Size: $(du -sk --exclude=DEBIAN "$place" | cut -f1)
Depends: $depends
Suggests: librsvg2-bin
Section: science
Priority: optional
Description: which layers of a speech model encode which levels of speech
 Strata reads a trained speech model and labelled recordings, and tells by
 linear probes which layers encode phonemes, syllables, words and more. Every
 number has an interval, and beside it a randomly initialised twin, a mel
 baseline and a control. The command is probe-layers.
MESSAGE
  (cd "$place" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$place" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0r touch --no-dereference -d "@$SOURCE_DATE_EPOCH"
  chmod -R u+rwX,go+rX,go-w "$place"
  file="$output/strata-layers_${version}_amd64.deb"
  dpkg-deb --root-owner-group -Zxz -z1 --build "$place" "$file" >/dev/null
  echo "$file  $(du -h "$file" | cut -f1)"
}

make_wheel() {
  local python="${PYTHON:-python3}" place="$work/wheel" file
  cp -R python "$place"
  rm -rf "$place/tests" "$place/build" "$place"/*.egg-info
  find "$place" -name __pycache__ -prune -exec rm -rf {} +
  local inside="$place/strata/_command"
  mkdir -p "$inside"
  scripts/install.sh --prefix "$inside" --binary "$binary" >/dev/null
  strip "$inside/bin/probe-layers"
  relocatable "$inside"
  rm "$inside/share/strata/installed-files"
  cat >>"$place/pyproject.toml" <<'MESSAGE'

[project.scripts]
probe-layers = "strata._binary:main"
MESSAGE
  sed -i 's|^strata = \["py.typed"\]|strata = ["py.typed", "_command/**/*"]|' "$place/pyproject.toml"
  # The tag names the oldest glibc that the tree was tried with.
  "$python" -m pip wheel --quiet --no-deps --wheel-dir "$work/wheels" "$place"
  file="$("$python" -m wheel tags --remove --python-tag py3 --abi-tag none --platform-tag manylinux_2_31_x86_64 \
    "$work"/wheels/*.whl)"
  cp "$work/wheels/$(basename "$file")" "$output/"
  echo "$output/$(basename "$file")  $(du -h "$output/$(basename "$file")" | cut -f1)"
}

# The wheel and the Debian package make trees of their own.
for kind in "${kinds[@]}"; do "make_$kind"; done
