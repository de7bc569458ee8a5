#!/bin/sh
# Fuzzes one reader: scripts/fuzz.sh TARGET [SECONDS] [address]
#
# TARGET is a name of Fuzz/Sources/fuzz (checkpoint, safetensors, pickle, stream, npy, …). The corpus starts with
# the tests' files and grows in .build-fuzz/corpus/TARGET. Inputs that crash, hang or take too much memory are left
# in .build-fuzz/found/TARGET; once mended, the whole file that such an input stands for is kept as a test:
#   FUZZ_TARGET=npy FUZZ_SAVE=Tests/CheckpointsTests/Resources/found/NAME .build-fuzz/release/fuzz INPUT
# With `address`, the address sanitizer watches too (slower by half).
set -eu
cd "$(dirname "$0")/.."
target=${1:?which target?}
seconds=${2:-60}
sanitizers=fuzzer
build=.build-fuzz
if [ "${3:-}" = address ]; then
  sanitizers=fuzzer,address
  build=.build-fuzz-address
fi

swift build --package-path Fuzz --scratch-path "$build" -c release --product fuzz \
  -Xswiftc "-sanitize=$sanitizers" -Xswiftc -use-ld=lld

corpus=.build-fuzz/corpus/$target
found=.build-fuzz/found/$target
mkdir -p "$corpus" "$found"
python3 Fuzz/seeds.py "$target" "$corpus"

# A crash's report would be drawn up by Swift itself, which can hang under the sanitizers; hence the killing.
FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no timeout -s KILL $((seconds + 120)) \
  "$build/release/fuzz" "$corpus" "-artifact_prefix=$found/" "-max_total_time=$seconds" \
  -max_len=16384 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1
