#!/bin/bash
# Tries probe-layers under signals, full disks, two runs in one folder and limits of the system:
#
#   scripts/stress.sh [COUNT] [SEED] [KIND …]
#
# COUNT trials of each kind (200), drawn with SEED (1); kinds are signals, disk, runs, limits and changes (all): signals at
# random moments, files that cannot grow, two runs in one folder, limits on memory, files, time and stack, and models that are
# cut short or written over under way. A trial runs one command, disturbs it, and looks at what it said, what it left behind, and
# whether the same command, run again in peace, gives the bytes of an undisturbed run. Ctrl-C ends it after the trials under way. PROBE_LAYERS names the program (a
# release build), COMMANDS those that are tried, by the names below (all), TRIALS a folder for the trials' files, which
# stay where a trial went wrong.
#
# Prints a table; ends with 1 where anything was wrong.
set -u
cd "$(dirname "$0")/.."
count=${1:-200}
seed=${2:-1}
shift $(($# < 2 ? $# : 2))
kinds=${*:-signals disk runs limits changes}

program=${PROBE_LAYERS:-}
if [ -z "$program" ]; then
  swift build -c release --product probe-layers || exit 1
  program=$(swift build -c release --show-bin-path)/probe-layers
fi
base=${TRIALS:-$(mktemp -d "${TMPDIR:-/tmp}/strata-stress.XXXXXX")}
mkdir -p "$base/want"
model=$PWD/fixtures/w2v2-tiny-phones/model.ckpt
speech=$base/speech
mkdir -p "$speech"
# Ten sentences of each of three voices, and four of them for what takes a pass a span or a layer.
for voice in kal slt ked; do
  mkdir -p "$speech/$voice" "$base/few/$voice"
  cp fixtures/unseen/$voice/${voice}_s0* "$speech/$voice"
  cp fixtures/unseen/$voice/${voice}_s0[0-3]* "$base/few/$voice"
done
# A probe of its own whose fits are few, so that a run takes a second or two.
mkdir -p "$base/probes"
printf 'name: phoneme\nlevel: phoneme\npenalties: [1]\nmin_count: 40\n' >"$base/probes/phoneme.yaml"
# Trials begin with another study's results in the folder, or end with them.
quick="--force --layers conv.7,hidden.3 --probes $base/probes --twins 1 --maps 0 --threads 2"

read -ra commands <<<"${COMMANDS:-study shard merge store compare similarity extract-safetensors extract-npz extract-h5 \
finetune intervene mixing prune variance geometry curves measures replicates attribute evidence}"

# The arguments of a command that writes into a folder.
arguments() { # COMMAND FOLDER [SEED]
  local choice="--corpus $speech $quick --seed ${3:-0}"
  local narrow="$model --force --corpus $speech --threads 2 --seed ${3:-0} --output $2/out"
  local few=${narrow/"$speech"/"$base/few"}
  case $1 in
    study) echo "$model $choice --output $2/out" ;;
    shard) echo "$model $choice --shard 1/2 --output $2/out" ;;
    merge) echo "merge $base/shards --force --threads 2 --output $2/out" ;;
    store) echo "$model $choice --store $2/frames --output $2/out" ;;
    compare) echo "compare --force --untrained $model --corpus $speech --layers conv.7,hidden.3 --probes $base/probes --seed ${3:-0} --output $2/out" ;;
    similarity) echo "similarity --force $model --corpus $speech --layers conv.7,hidden.3 --seed ${3:-0} --output $2/out" ;;
    finetune) echo "finetune $narrow --steps 6 --batch 2 --evaluate-every 3" ;;
    intervene) echo "intervene $narrow --erase phoneme --layers hidden.2 --controls 2" ;;
    mixing) echo "intervene $few --erase phoneme --layers hidden.2 --controls 2 --mixing phoneme" ;;
    prune) echo "intervene $few --erase phoneme --layers hidden.2 --controls 2 --prune 0.5" ;;
    variance) echo "variance $narrow --layers hidden.3 --blocks phone,duration --untrained" ;;
    geometry) echo "geometry $narrow --layers hidden.3 --recordings 12 --tempo none --pitch none" ;;
    curves) echo "curves $narrow --layers hidden.3 --over examples" ;;
    measures) echo "measures $narrow --layers hidden.3 --level syllable" ;;
    replicates) echo "replicates --force $base/seed-0 $base/seed-1 --output $2/out" ;;
    attribute) echo "attribute --force $model $speech/kal/kal_s005.flac --methods grad-cam --threads 2 --seed ${3:-0} --output $2/out" ;;
    evidence) echo "attribute --force $model $speech --levels phoneme --layers hidden.3 --spans 4 --threads 2 --seed ${3:-0} --output $2/out" ;;
    extract-*) echo "extract $model $speech --layers conv.7,hidden.3 -o $2/out.${1#extract-}" ;;
  esac
}

# The folder of work that is kept, in one of results.
kept=work

# Sums of everything that was written, without what tells of the run and without kept work.
sums() { # FOLDER
  (cd "$1" && find . -type f ! -name run.yaml ! -name written-by.yaml ! -path './frames/*' ! -path "*/$kept/*" \
    ! -name '.err*' ! -name .strata-lock ! -path '*.part-*' -print0 | sort -z | xargs -0 -r sha256sum)
}

# What must never stay: temporary files, half of a folder, a lock.
leftovers() { find "$1" \( -name '*.part-*' -o -name '.strata-*' \) | head -3; }

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

declare -A wrong right lasted tried failed
notes=()
verdict() { # KIND TRIAL FOLDER REASON, of the caller's command
  tried[$command]=$((${tried[$command]:-0} + 1))
  [ -z "$4" ] || failed[$command]=$((${failed[$command]:-0} + 1))
  if [ -z "$4" ]; then
    right[$1]=$((${right[$1]:-0} + 1))
    rm -rf "$3"
  else
    wrong[$1]=$((${wrong[$1]:-0} + 1))
    notes+=("$1 $2: $4 ($3)")
  fi
}

draw() { RANDOM=$(((seed * 7919 + $1) % 32768)); : $RANDOM; }

# The same command again, undisturbed; says what is wrong. What a dead run left is taken over with a word, and only that.
again() { # COMMAND FOLDER
  local lock
  lock=$(find "$2" -name .strata-lock)
  # shellcheck disable=SC2046
  timeout 300 "$program" $(arguments "$1" "$2") --quiet >/dev/null 2>"$2/.err2"
  local status=$?
  if [ -n "$lock" ]; then
    grep -q 'was left by process' "$2/.err2" || { echo "run again it does not say whose folder it takes over"; return; }
  else
    ! grep -q 'was left by process' "$2/.err2" || { echo "run again it takes over what nobody left"; return; }
  fi
  [ $status = 0 ] || { echo "run again it ends with $status: $(tail -1 "$2/.err2")"; return; }
  [ "$(sums "$2")" = "$(cat "$base/want/$1")" ] || { echo "run again it gives other bytes"; return; }
  local left
  left=$(leftovers "$2")
  [ -z "$left" ] || echo "it leaves behind $left"
}

# Whether a folder's results are of one run, old or new; of what is on its way into place the next reader makes one.
is_whole() { # COMMAND FOLDER
  local found
  [ ! -d "$2/out/.strata-commit" ] || return 0
  # Training writes several folders, one after the other; a shard is work that is kept.
  case $1 in finetune | shard) return 0 ;; esac
  found=$(sums "$2")
  [ -z "$found" ] || [ "$found" = "$(cat "$base/want/other-$1")" ] || [ "$found" = "$(cat "$base/want/$1")" ]
}

trap_of() { # STATUS
  case $1 in 132 | 133 | 134 | 135 | 136 | 139) echo "it traps (status $1)" ;; esac
}

# Puts another study's results where a command will write.
others() { # COMMAND FOLDER
  cp -r "$base/other-$1/." "$2"
  rm -rf "$2/out/$kept"
}

signals() { # TRIAL FOLDER
  draw "$1"
  local command=${commands[$((RANDOM % ${#commands[@]}))]} names=(INT TERM HUP KILL)
  local name=${names[$((RANDOM % 4))]}
  local wait=$((RANDOM % (${lasted[$command]} + 1)))
  # Half of them begin where another study's results are.
  [ $((RANDOM % 2)) = 0 ] || others "$command" "$2"
  # What a script starts in the background would ignore SIGINT until it listens, and under nohup SIGHUP.
  # shellcheck disable=SC2046
  env --default-signal=INT,HUP "$program" $(arguments "$command" "$2") --quiet >/dev/null 2>"$2/.err" &
  local process=$!
  sleep $((wait / 1000)).$(printf %03d $((wait % 1000)))
  kill -"$name" $process 2>/dev/null
  local before status took
  before=$(milliseconds)
  wait $process 2>/dev/null
  status=$?
  took=$(($(milliseconds) - before))
  local reason=""
  # A signal before the program listens ends it as it ends any program.
  case $name:$status in
    *:0 | KILL:137 | *:130 | TERM:143 | HUP:129) ;;
    *) reason="$command ends with $status after SIG$name" ;;
  esac
  [ "$name" = KILL ] || [ $took -le 2000 ] || reason="$command takes $took ms to answer SIG$name"
  [ -n "$reason" ] || is_whole "$command" "$2" || reason="$command leaves a mixture after SIG$name"
  if [ -z "$reason" ] && [ "$name" != KILL ]; then
    local left
    left=$(leftovers "$2" | grep -v -e "/$kept/" -e /frames/)
    [ -z "$left" ] || reason="$command leaves behind $left after SIG$name"
  fi
  [ -n "$reason" ] || reason=$(again "$command" "$2")
  verdict signals "$1 ($command, SIG$name at $wait ms)" "$2" "$reason"
}

disk() { # TRIAL FOLDER
  draw $((10000 + $1))
  local command=${commands[$((RANDOM % ${#commands[@]}))]}
  # One at least: what the command says goes into a file too.
  local blocks=$((1 + (RANDOM % 2 ? RANDOM % 16 : RANDOM % 600)))
  others "$command" "$2"
  local before status reason=""
  before=$(sums "$2")
  # shellcheck disable=SC2046
  (ulimit -f $blocks; exec timeout 300 "$program" $(arguments "$command" "$2") --quiet >/dev/null 2>/dev/shm/.strata-err-$$)
  status=$?
  case $status in
    0) [ "$(sums "$2")" = "$(cat "$base/want/$command")" ] || reason="$command ends with 0 and other bytes" ;;
    74)
      [ "$(sums "$2")" = "$before" ] || [ "$command" = shard ] || reason="$command changes what was there before it fails"
      [ -s /dev/shm/.strata-err-$$ ] || reason="$command says nothing" ;;
    *) reason="$command ends with $status: $(tail -1 /dev/shm/.strata-err-$$)" ;;
  esac
  rm -f /dev/shm/.strata-err-$$
  [ -n "$reason" ] || reason=$(again "$command" "$2")
  verdict disk "$1 ($command, files of at most $blocks KiB)" "$2" "$reason"
}

runs() { # TRIAL FOLDER
  draw $((20000 + $1))
  local command=${commands[$((RANDOM % ${#commands[@]}))]}
  local wait=$((RANDOM % (${lasted[$command]} + 1))) other=$((RANDOM % 2))
  case $command in merge | replicates | extract-*) other=0 ;; esac
  # shellcheck disable=SC2046
  "$program" $(arguments "$command" "$2" $other) --quiet >/dev/null 2>"$2/.err" &
  local one=$!
  sleep $((wait / 1000)).$(printf %03d $((wait % 1000)))
  # shellcheck disable=SC2046
  timeout 300 "$program" $(arguments "$command" "$2") --quiet >/dev/null 2>"$2/.err2"
  local second=$? first reason=""
  wait $one
  first=$?
  [ $first = 0 ] || reason="of two runs of $command the first ends with $first: $(tail -1 "$2/.err")"
  [ $second = 0 ] || reason="of two runs of $command the second ends with $second: $(tail -1 "$2/.err2")"
  if [ -z "$reason" ]; then
    local found
    found=$(sums "$2")
    [ "$found" = "$(cat "$base/want/$command")" ] || [ "$found" = "$(cat "$base/want/other-$command" 2>/dev/null)" ] \
      || reason="two runs of $command leave the bytes of neither"
    [ -z "$(leftovers "$2")" ] || reason="two runs of $command leave behind $(leftovers "$2")"
  fi
  verdict runs "$1 ($command, the second after $wait ms)" "$2" "$reason"
}

limits() { # TRIAL FOLDER
  draw $((30000 + $1))
  local command=${commands[$((RANDOM % ${#commands[@]}))]} limit reason=""
  case $((RANDOM % 4)) in
    0) limit="-v $((400000 + RANDOM * 40))" ;;
    1) limit="-n $((6 + RANDOM % 60))" ;;
    2) limit="-t $((1 + RANDOM % 4))" ;;
    *) limit="-s $((256 + RANDOM % 8000))" ;;
  esac
  # shellcheck disable=SC2046,SC2086
  (ulimit $limit; exec timeout 300 "$program" $(arguments "$command" "$2") --quiet >/dev/null 2>"$2/.err")
  local status=$?
  case $status in
    0) [ "$(sums "$2")" = "$(cat "$base/want/$command")" ] || reason="$command ends with 0 and other bytes" ;;
    124) reason="$command hangs" ;;
    # Beyond its CPU time a program is ended by the system.
    137 | 152) ;;
    *) [ -s "$2/.err" ] || reason="$command ends with $status and says nothing" ;;
  esac
  [ -n "$reason" ] || reason=$(trap_of $status)
  [ -n "$reason" ] || reason=$(again "$command" "$2")
  verdict limits "$1 ($command, ulimit $limit)" "$2" "$reason"
}

# A model that is cut short, or written over with another, while it is read; then it is whole again.
changes() { # TRIAL FOLDER
  draw $((40000 + $1))
  local command=${commands[$((RANDOM % ${#commands[@]}))]} way=$((RANDOM % 2)) what
  local wait=$((RANDOM % (${lasted[$command]} + 1)))
  local whole=$model model=$base/changed-$1/w2v2-tiny-phones/model.ckpt
  mkdir -p "${model%/*}"
  cp "$whole" "$model"
  # shellcheck disable=SC2046
  "$program" $(arguments "$command" "$2") --quiet >/dev/null 2>"$2/.err" &
  local process=$!
  # What is changed before it is opened is another model.
  while [ -e /proc/$process/maps ] && ! grep -qs "$model" /proc/$process/maps; do
    kill -0 $process 2>/dev/null || break
    sleep 0.02
  done
  sleep $((wait / 1000)).$(printf %03d $((wait % 1000)))
  if [ $way = 0 ]; then
    what="cut short"
    truncate -s $((RANDOM * 200)) "$model"
  else
    what="written over"
    dd if=/dev/urandom of="$model" bs=64K count=16 seek=$((RANDOM % 80)) conv=notrunc status=none
  fi
  wait $process 2>/dev/null
  local status=$? reason=""
  case $status in
    # Too late to matter, or told.
    0) [ "$(sums "$2")" = "$(cat "$base/want/$command")" ] || reason="$command ends with 0 and other bytes" ;;
    65 | 66 | 74) grep -q "model.ckpt" "$2/.err" || reason="$command does not name the file: $(tail -1 "$2/.err")" ;;
    *) reason="$command ends with $status: $(tail -1 "$2/.err")" ;;
  esac
  cp "$whole" "$model"
  [ -n "$reason" ] || is_whole "$command" "$2" || reason="$command leaves a mixture"
  [ -n "$reason" ] || reason=$(again "$command" "$2")
  [ -n "$reason" ] || rm -rf "$base/changed-$1"
  verdict changes "$1 ($command, model $what after $wait ms)" "$2" "$reason"
}

echo "Undisturbed runs, in $base"
for index in 1 2; do
  # shellcheck disable=SC2086
  "$program" "$model" --corpus "$speech" $quick --shard $index/2 --output "$base/shards" --quiet || exit 1
done
for number in 0 1; do
  # shellcheck disable=SC2086
  "$program" "$model" --corpus "$speech" $quick --seed $number --output "$base/seed-$number" --quiet || exit 1
done
for command in "${commands[@]}"; do
  mkdir -p "$base/undisturbed" "$base/other-$command"
  before=$(milliseconds)
  # shellcheck disable=SC2046
  "$program" $(arguments "$command" "$base/undisturbed") --quiet >/dev/null || exit 1
  lasted[$command]=$(($(milliseconds) - before))
  sums "$base/undisturbed" >"$base/want/$command"
  rm -rf "$base/undisturbed"
  # shellcheck disable=SC2046
  "$program" $(arguments "$command" "$base/other-$command" 1) --quiet >/dev/null || exit 1
  sums "$base/other-$command" >"$base/want/other-$command"
  printf '  %-20s %6d ms\n' "$command" "${lasted[$command]}"
done

# Ctrl-C ends the trials, and what has been tried is told.
isOver=
trap 'isOver=yes' INT TERM
done=0
while [ $done -lt "$count" ] && [ -z "$isOver" ]; do
  trial=$((done + 1))
  for kind in $kinds; do
    folder=$base/$kind-$trial
    mkdir -p "$folder"
    "$kind" "$trial" "$folder"
    [ ! -t 2 ] || printf '\r%s %d/%d' "$kind" "$trial" "$count" >&2
  done
  done=$trial
done
[ ! -t 2 ] || printf '\r\033[2K' >&2

echo
printf '%-10s %8s %8s %8s\n' kind trials right wrong
total=0
for kind in $kinds; do
  printf '%-10s %8d %8d %8d\n' "$kind" "$done" "${right[$kind]:-0}" "${wrong[$kind]:-0}"
  total=$((total + ${wrong[$kind]:-0}))
done
echo
printf '%-20s %8s %8s\n' command trials wrong
for command in "${commands[@]}"; do
  printf '%-20s %8d %8d\n' "$command" "${tried[$command]:-0}" "${failed[$command]:-0}"
done
for note in "${notes[@]+"${notes[@]}"}"; do echo "$note"; done
if [ $total = 0 ]; then
  [ -n "${TRIALS:-}" ] || rm -rf "$base"
  exit 0
fi
exit 1
