#!/usr/bin/env bash
# Runs small studies of every kind under the thread sanitizer: scripts/sanitize-threads.sh [SCRATCH]
#
# Builds probe-layers for debugging into SCRATCH (.build-threads), runs each command with two threads on a few sentences and
# prints how often the sanitizer spoke, which takes half an hour; what it said is in SCRATCH/reports. Ends with 1 where it did,
# or where a command failed.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=${1:-.build-threads}
swift build --sanitize=thread --scratch-path "$scratch" --product probe-layers
program=$scratch/debug/probe-layers
reports=$scratch/reports
rm -rf "$reports"
mkdir -p "$reports/speech" "$reports/probes"
for voice in kal slt ked; do
  mkdir "$reports/speech/$voice"
  cp fixtures/unseen/$voice/${voice}_s0[0-3]* "$reports/speech/$voice"
done
# What stands under a Mutex of Swift's Synchronization: the sanitizer sees no order in its futex (Swift 6.3), and takes each
# access under it for a race.
printf 'race:%s\n' MemoryPool >"$reports/suppressions"
printf 'name: phoneme\nlevel: phoneme\npenalties: [1]\nmin_count: 15\n' >"$reports/probes/phoneme.yaml"

model=fixtures/w2v2-tiny-phones/model.ckpt
speech=$reports/speech
small="--corpus $speech --layers conv.7,hidden.3 --probes $reports/probes"
narrow="$model --corpus $speech --output $reports/out"
one=$(find "$speech" -name '*.flac' | sort | head -1)
failed=0
printf '%-12s %8s %8s %8s\n' command status seconds races
try() { # NAME ARGUMENT…
  local name=$1 status=0 began
  shift
  began=$(date +%s)
  # shellcheck disable=SC2086
  TSAN_OPTIONS="log_path=$reports/$name exitcode=0 history_size=4 suppressions=$reports/suppressions" \
    SWIFT_BACKTRACE=enable=no "$program" $* --threads 2 --quiet >"$reports/$name.out" 2>&1 || status=$?
  local races
  races=$(cat "$reports/$name".[0-9]* 2>/dev/null | grep -c 'WARNING: ThreadSanitizer' || true)
  printf '%-12s %8d %8d %8d\n' "$name" "$status" $(($(date +%s) - began)) "$races"
  rm -rf "$reports/out"
  [ "$status" = 0 ] && [ "$races" = 0 ] || failed=1
}
try study "$model $small --twins 1 --maps 1 --output $reports/out"
try shard "$model $small --twins 1 --shard 1/2 --output $reports/shards"
try shard-2 "$model $small --twins 1 --shard 2/2 --output $reports/shards"
try merge "merge $reports/shards --output $reports/out"
try store "$model $small --twins 0 --maps 0 --store $reports/frames --output $reports/out"
try compare "compare --untrained $model $small --output $reports/out"
try similarity "similarity $model --corpus $speech --layers conv.7,hidden.3 --output $reports/out"
try extract "extract $model $speech -o $reports/all.h5"
try finetune "finetune $narrow --steps 3 --batch 2 --evaluate-every 3"
try intervene "intervene $narrow --erase phoneme --layers hidden.2 --controls 2 --mixing phoneme"
try variance "variance $narrow --layers hidden.3 --blocks phone,duration --untrained"
try geometry "geometry $narrow --layers hidden.3 --recordings 6 --tempo none --pitch none"
try curves "curves $narrow --layers hidden.3 --over examples"
try measures "measures $narrow --layers hidden.3 --level syllable"
try attribute "attribute $model $one --methods grad-cam --output $reports/out"
try evidence "attribute $model $speech --levels phoneme --layers hidden.3 --spans 4 --output $reports/out"
exit $failed
