#!/bin/sh
# What intervals and verdicts are worth: 400 studies of examples with a known answer, or RUNS of them. 95 % intervals
# are to hold the truth in 93 to 97 % of them, a level that is absent is to be called encoded, an equal layer left out of
# the peak set, and an equal model said to have gained or lost, in at most 5 %.
#
#   Benchmarks/coverage.sh [RUNS THREADS] [intervals verdicts peaks changes variance]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$("$here/build.sh" ProbeBenchmark coverage-simulation)" "$@"
