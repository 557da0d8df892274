#!/bin/bash
# What the watchdog must leave alone: slow work, long file operations that were announced, ranks that leave at their own times.
. tests/cli/common.sh
program="$1/tests/dist/test_watchdog"

# peaceful CASE: ends well, without a word
peaceful() {
    timeout 60 "${MPIRUN[@]}" -n 3 "$program" "$1" 2 >"$WORK/$1" 2>&1
    same "$1: nobody is blamed" "0 0" "$? $(grep -c '^umbel' "$WORK/$1")"
}

for case in computes-slowly waits-for-a-file leaves-apart; do peaceful $case & done >"$WORK/results"
wait
cat "$WORK/results"
[ "$(grep -c '^ok' "$WORK/results")" = 3 ]
