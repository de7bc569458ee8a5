#!/usr/bin/env bash
# A study in parts on a real Slurm: a controller and one node on the loopback, started here and stopped at the end. A
# merged study is the single run's to the byte; a task that was cancelled is made up for by asking again. The same of
# GNU parallel, where it is installed.
#
# Ends with 77 and a reason where Slurm cannot start; everything else that goes wrong is a failure.
# STRATA_INSTALL=0 installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "failed: $*" >&2; exit 1; }

if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  [ "${STRATA_INSTALL:-1}" = 1 ] && command -v apt-get >/dev/null || skip "there is no slurm-wlm and munge here"
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  { "${as_root[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq \
    --no-install-recommends slurm-wlm munge parallel; } >/dev/null 2>&1 || skip "slurm-wlm and munge cannot be installed"
fi

work=$(mktemp -d)
daemons=()
stop() {
  # Whoever runs this may have SIGTERM blocked, and so what it starts: SIGKILL ends that too.
  for signal in TERM KILL; do
    kill -"$signal" ${daemons[@]+"${daemons[@]}"} 2>/dev/null && sleep 1
  done
  rm -rf "$work"
}
trap stop EXIT

# The daemons, with keys, sockets, ports and state of their own.
user=$(id -un) port=$((20000 + RANDOM % 20000))
mkdir -p "$work/state" "$work/spool"
chmod 0711 "$work"
head -c 1024 /dev/urandom >"$work/munge.key"
chmod 0600 "$work/munge.key"
cat >"$work/slurm.conf" <<CONF
ClusterName=strata
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
MinJobAge=3600
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=localhost NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf

# `start PROGRAM [arguments…]`, in the foreground behind this script, so that it can be stopped.
start() {
  "$@" </dev/null >/dev/null 2>&1 &
  daemons+=($!)
  sleep 1
  kill -0 $! 2>/dev/null || skip "$1 does not start: $(tail -1 "$work/$1.log" 2>/dev/null)"
}
start munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
  --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed"
start slurmctld -D
start slurmd -D -N localhost
for _ in $(seq 30); do
  [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && break
  sleep 1
done
[ "$(sinfo --noheader --format=%T)" = idle ] || skip "the node does not come up: $(tail -1 "$work/slurmd.log")"
echo "$(slurmctld -V): one node of $(nproc) cores"

# What a study of one run says; maps would want the model again where shards are merged.
if [ -z "${PROBE_LAYERS:-}" ]; then
  swift build --product probe-layers
  PROBE_LAYERS=$(swift build --show-bin-path)/probe-layers
fi
export PROBE_LAYERS
study=(fixtures/w2v2-tiny-phones/model.ckpt --corpus fixtures/human --levels phoneme --layers conv.7 --twins 0)
"$PROBE_LAYERS" "${study[@]}" --maps 0 --quiet --output "$work/single"

# `same FOLDER`: the study there is that of the single run.
same() {
  for file in study.json layers.csv similarity.csv report.html; do
    cmp "$work/single/$file" "$1/$file" || fail "$file is not that of a single run"
  done
}

if command -v parallel >/dev/null; then
  parallel --will-cite --jobs 2 "$PROBE_LAYERS" "${study[@]}" --shard {}/3 --output "$work/parallel" --quiet ::: 1 2 3
  "$PROBE_LAYERS" merge "$work/parallel" --output "$work/parallel-study" --quiet
  same "$work/parallel-study"
  echo "GNU parallel: three shards and their merge are the study of a single run, byte for byte"
fi

# `submit SHARDS` and wait for both jobs; prints "ARRAY MERGE".
export SBATCH_OPTIONS="--cpus-per-task=1 --mem=0"
submit() {
  scripts/slurm/submit.sh "$1" "$work/study" "${study[@]}" | sed -E 's/^array ([0-9]+), merge ([0-9]+):.*/\1 \2/'
}
ended() {
  for _ in $(seq 300); do
    [ -z "$(squeue --noheader --states=PENDING,RUNNING,COMPLETING)" ] && return
    sleep 1
  done
  squeue
  fail "the jobs do not end"
}
state() { scontrol show job "$1" | grep -o 'JobState=[A-Z]*' | sort -u | tr '\n' ' '; }

read -r array merge <<<"$(submit 3)"
scancel "${array}_2"
ended
[ ! -e "$work/study/shards/shard-2-of-3" ] || fail "the task was not cancelled in time"
[ "$(state "$merge")" = "JobState=CANCELLED " ] || fail "the merge was not called off: $(state "$merge")"
[ ! -e "$work/study/study.json" ] || fail "merged without a shard"
echo "a task was cancelled: nothing was merged"

read -r array merge <<<"$(submit 3)"
ended
[ "$(state "$merge")" = "JobState=COMPLETED " ] || { cat "$work"/study/logs/*.log; fail "the merge ended as $(state "$merge")"; }
same "$work/study"
echo "asked again: three shards and their merge are the study of a single run, byte for byte"
