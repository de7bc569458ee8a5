#!/bin/sh
# Builds a program of the benchmarks in release, as its package by itself, and prints where it lies.
#
#   Benchmarks/build.sh PACKAGE PRODUCT
set -eu
package=$(cd "$(dirname "$0")" && pwd)/$1
scratch=$package/../../.build/$(echo "${1%Benchmark}" | tr '[:upper:]' '[:lower:]')-benchmark
swift build -c release --package-path "$package" --scratch-path "$scratch" --product "$2" >&2
echo "$(swift build -c release --package-path "$package" --scratch-path "$scratch" --show-bin-path)/$2"
