#!/usr/bin/env bash
# Installs the system libraries that Strata links, where they are missing (apt); elsewhere says what to install.
set -euo pipefail

# pkg-config module → Debian package
libraries=(
  openblas:libopenblas-dev
  lapacke:liblapacke-dev
  sndfile:libsndfile1-dev
  libmpg123:libmpg123-dev
  soxr:libsoxr-dev
  libzip:libzip-dev
  libpng:libpng-dev
  libxxhash:libxxhash-dev
  hdf5:libhdf5-dev
  libxml-2.0:libxml2-dev
  libpcre2-8:libpcre2-dev
)

missing=()
command -v pkg-config >/dev/null || missing+=(pkg-config)
for library in "${libraries[@]}"; do
  pkg-config --exists "${library%%:*}" 2>/dev/null || missing+=("${library##*:}")
done

if ! command -v swift >/dev/null; then
  echo "error: no Swift toolchain found. Install Swift 6.2 or newer from https://www.swift.org/install" >&2
  exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
else
  cat >&2 <<MESSAGE
error: these system libraries are missing (Debian's names): ${missing[*]}
Install them with your package manager, then run this again:
  Fedora  dnf install openblas-devel lapack-devel libsndfile-devel mpg123-devel soxr-devel libzip-devel libpng-devel xxhash-devel hdf5-devel libxml2-devel pcre2-devel
  Arch    pacman -S openblas lapacke libsndfile mpg123 libsoxr libzip libpng xxhash hdf5 libxml2 pcre2
  macOS   brew install openblas lapack libsndfile mpg123 libsoxr libzip libpng xxhash hdf5 libxml2 pcre2 pkg-config
MESSAGE
  exit 1
fi
