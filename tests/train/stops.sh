#!/bin/bash
# What ends a run that could go on: signals, the end of its time, Ctrl-C; with which words and exit code, and that it goes on.
. tests/train/common.sh
make_run

# Any of the signals on any rank.
signals() {
    local signal rank reason
    for signal in TERM.0 USR1.1 INT.2 HUP.1; do
        rank=${signal#*.} signal=${signal%.*}
        reason="SIG$signal" && [ "$rank" != 0 ] && reason="asked of another rank"
        start "$signal" 3 && await_step "$signal" 5
        kill -"$signal" "$(rank_process "$signal" "$rank")"
        ended "$signal" 30
        stopped "$signal" "SIG$signal on rank $rank" "stopped at step [0-9]+ \($reason\), with a checkpoint"
    done
    start forwarded 2 && await_step forwarded 5
    kill -USR1 "$JOB"
    ended forwarded 30
    stopped forwarded "SIGUSR1 through mpirun" "stopped at step [0-9]+ \(SIGUSR1\)"
    local at
    at=$(($(newest forwarded) + 3))
    finish_run forwarded 3 "$at" && finish_run straight 1 "$at"
    same "a stopped run goes on to the same bits" "$(digest straight)" "$(digest forwarded)"
}

time_limits() {
    start limit 2 --set time_limit=0.03
    ended limit 30
    stopped limit "time_limit" "stopped at step [0-9]+ \(the time limit"
    [ "$TOOK" -le 8 ] && ok "time_limit: in time" || not_ok "time_limit: in time" "$TOOK s"
    SLURM_JOB_END_TIME=$(($(date +%s) + 8)) start slurm 2
    ended slurm 30
    stopped slurm "SLURM_JOB_END_TIME" "stopped at step [0-9]+ \(the end of the job's time"
}

# LINK -> CHECKPOINT, a line each.
links() { find "$WORK/runs/$1/checkpoint" -name 'best-*' -printf '%f -> %l\n' | sort; }

validation_records() { grep '"kind":"val"' "$WORK/runs/$1/metrics.jsonl"; }

validation() {
    start validation 2 $slow && await validation ' step 1/'
    kill -TERM "$(rank_process validation 1)"
    ended validation 60
    stopped validation "SIGTERM during validation" "stopped at step 1 "
    same "SIGTERM during validation: cut short" 0 "$(validation_records validation | wc -l)"
    cp "$WORK/runs/validation/checkpoint/step-1.h5" "$WORK/not-validated.h5"
    finish_run validation 1 1 $slow && finish_run validated 2 1 $slow
    same "a validation that was cut short is made up for" "$(validation_records validated)" "$(validation_records validation)"
    # As if it had been killed before the next checkpoint.
    cp "$WORK/not-validated.h5" "$WORK/runs/validation/checkpoint/step-1.h5" && finish_run validation 2 1 $slow
    same "a validation that is done again is recorded once" "$(validation_records validated)" "$(validation_records validation)"
    local linked
    linked=$(links validated)
    rm "$WORK"/runs/validated/checkpoint/best-* && finish_run validated 1 1 $slow
    same "links to the best checkpoints are renewed" "$linked" "$(links validated)"
}

second_interrupt() {
    "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/twice" $slow >"$WORK/twice.log" 2>&1 &
    JOB=$!
    await twice 'epoch'
    kill -INT "$JOB"
    sleep 0.05
    kill -INT "$JOB"
    ended twice 5
    same "a second SIGINT ends at once" 130 "$CODE"
}

make_slow
signals
time_limits
validation
second_interrupt
finish
