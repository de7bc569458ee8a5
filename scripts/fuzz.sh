#!/bin/bash
# Fuzzes readers: scripts/fuzz.sh TARGET[,TARGET…]|all [SECONDS] [address]
#
# TARGET is a name of Fuzz/Sources/fuzz (checkpoint, safetensors, pickle, stream, npy, …); each gets SECONDS (60). The
# corpus starts with the tests' files and grows in .build-fuzz/corpus/TARGET. Inputs that crash, hang or take too much
# memory are left in .build-fuzz/found/TARGET; once mended, the whole file that such an input stands for is kept as a test:
#   FUZZ_TARGET=npy FUZZ_SAVE=Tests/CheckpointsTests/Resources/found/NAME .build-fuzz/release/fuzz INPUT
# With `address`, the address sanitizer watches too (slower by half). FUZZ names a folder to use in the place of .build-fuzz,
# FUZZ_PROGRAM what was built before.
#
# Prints how many inputs each reader was given and how many did harm; ends with 1 where any did.
set -eu
cd "$(dirname "$0")/.."
chosen=${1:?which target?}
seconds=${2:-60}
place=${FUZZ:-.build-fuzz}
sanitizers=fuzzer
build=$place
if [ "${3:-}" = address ]; then
  sanitizers=fuzzer,address
  build=$place-address
fi
program=${FUZZ_PROGRAM:-}
if [ -z "$program" ]; then
  swift build --package-path Fuzz --scratch-path "$build" -c release --product fuzz \
    -Xswiftc "-sanitize=$sanitizers" -Xswiftc -use-ld=lld
  program=$build/release/fuzz
fi

[ "$chosen" != all ] || chosen=$(FUZZ_TARGET='' "$program" 2>&1 | sed -n 's/^FUZZ_TARGET must be one of //p' | tr -d ' ')
[ -n "$chosen" ] || { echo "$program names no targets" >&2; exit 1; }

printf '%-16s %10s %10s %8s\n' reader inputs seconds harmful
total=0
harmful=0
for target in ${chosen//,/ }; do
  corpus=$place/corpus/$target
  found=$place/found/$target
  mkdir -p "$corpus" "$found"
  python3 Fuzz/seeds.py "$target" "$corpus"
  began=$(date +%s)
  # libhdf5 asks for as much memory as a damaged file says, and goes on without: no limit on one request there.
  limit=256
  [ "$target" != hdf5 ] || limit=0
  # A crash's report would be drawn up by Swift itself, which can hang under the sanitizers; hence the killing. What the
  # libraries leak at their end is not looked for.
  FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
    timeout -s KILL $((seconds + 120)) \
    "$program" "$corpus" "-artifact_prefix=$found/" "-max_total_time=$seconds" -max_len=16384 -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=$limit -print_final_stats=1 -detect_leaks=0 >"$place/$target.log" 2>&1 || true
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$place/$target.log")
  # Without its last words, the last count that it told.
  [ -n "$runs" ] || runs=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$place/$target.log" | tail -1)
  count=$(find "$found" -type f | wc -l)
  printf '%-16s %10d %10d %8d\n' "$target" "${runs:-0}" $(($(date +%s) - began)) "$count"
  total=$((total + ${runs:-0}))
  harmful=$((harmful + count))
done
printf '%-16s %10d %10s %8d\n' all "$total" '' "$harmful"
[ "$harmful" = 0 ]
