#!/bin/bash
# `umbel train` under ThreadSanitizer on 2 ranks with 2 workers each and the watchdog: to the end, stopped by a signal, and ended
# by the watchdog; no report about our own code (tests/tsan.supp holds the libraries').
timeout 900 make -j"$(nproc)" BUILD=tsan build/tsan/umbel >"$2/make" 2>&1 || {
    echo "not ok builds with ThreadSanitizer: $(tail -3 "$2/make" | tr '\n' '|')"
    exit 1
}
. tests/train/common.sh
make_run
UMBEL=$PWD/build/tsan/umbel
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp:exitcode=66"
threads="--set workers=2 --set hang_seconds=20 --set node_reduce=true"

# clean NAME: no report in its log
clean() { same "$1: reports of ThreadSanitizer" 0 "$(grep -c 'WARNING: ThreadSanitizer' "$WORK/$1.log")"; }

start whole 2 $threads --steps 30
ended whole 300
expect whole "to the end" 0 'training: 30 steps'
clean whole

start stopped 2 $threads && await_step stopped 5
kill -TERM "$(rank_process stopped 1)"
ended stopped 120
expect stopped "SIGTERM" 85 'stopped at step [0-9]+ \(asked of another rank\)'
clean stopped

start hung 2 $threads && await_step hung 5
kill -STOP "$(rank_process hung 1)"
ended hung 120
expect hung "SIGSTOP" 75 'has given no sign of life'
clean hung
finish
