#!/bin/bash
# Ranks that are killed or suspended: who is named, how the job ends, and that it goes on; what is slow or was suspended as a whole is left alone.
# Alone: a rank that gets no core for hang_seconds would be taken for one that hangs.
. tests/train/common.sh
make_run

# killed NAME RANK: SIGKILL; named by the watchdog, the run goes on
killed() {
    local name=$1 rank=$2
    start "$name" 3 && await_step "$name" 5
    kill -KILL "$(rank_process "$name" "$rank")"
    ended "$name" 30
    expect "$name" "SIGKILL of rank $rank: named" "$CODE" "umbel: rank $rank on $(hostname) \(process [0-9]+, step [0-9]+, [^)]+\) is gone"
    differ "SIGKILL of rank $rank: exit code" 0 "$CODE"
    finish_run "$name" 2 $(($(newest "$name") + 2)) && ok "SIGKILL of rank $rank: goes on" || not_ok "$name" "$(tail -1 "$WORK/$name.log")"
}

# suspended NAME RANK: SIGSTOP of one rank; the watchdog ends the job
suspended() {
    local name=$1 rank=$2
    start "$name" 3 --set hang_seconds=3 && await_step "$name" 5
    kill -STOP "$(rank_process "$name" "$rank")"
    ended "$name" 30
    expect "$name" "SIGSTOP of rank $rank: named" 75 "umbel: rank $rank on $(hostname) \(process [0-9]+, step [0-9]+, [^)]+\) has given no sign of life for"
    same "SIGSTOP of rank $rank: told once" 1 "$(grep -c 'the job ends' "$WORK/$name.log")"
}

suspended_job() {
    local ranks rank
    start asleep 3 --set hang_seconds=3 && await_step asleep 5
    ranks="$(rank_process asleep 0) $(rank_process asleep 1) $(rank_process asleep 2)"
    for rank in $ranks; do kill -STOP "$rank"; done
    sleep 7
    for rank in $ranks; do kill -CONT "$rank"; done
    await_step asleep $(($(newest asleep) + 5))
    sleep 4
    kill -TERM "$(rank_process asleep 1)" && ended asleep 30
    stopped asleep "a job that was suspended as a whole goes on" "stopped at step"
}

# A step that lasts longer than hang_seconds is no hang.
long_step() {
    start long 2 --set hang_seconds=3 $slow --set image=448 --set trunk.patch=2 --steps 1
    ended long 240
    expect long "a step that is longer than hang_seconds" 0 'step 1/'
    [ "$TOOK" -ge 5 ] || not_ok "a step that is longer than hang_seconds" "is only $TOOK s"
}

make_slow
# Most of the time is waiting.
suspended_job >"$WORK/asleep" &
suspended stop-0 0 >"$WORK/stop-0" &
suspended stop-1 1
wait
cat "$WORK/asleep" "$WORK/stop-0"
failures=$((failures + $(cat "$WORK/asleep" "$WORK/stop-0" | grep -c '^not ok')))
killed kill-0 0
killed kill-2 2
long_step
finish
