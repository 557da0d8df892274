#!/bin/bash
# Stops and faults: what ends a run, how, with which words and exit code; and that what is left goes on.
. tests/train/common.sh
make_run

# stopped NAME TEST PATTERN: exit code 85, a checkpoint of the last step that was done, the newest
stopped() {
    expect "$1" "$2" 85 "$3"
    same "$2: no step is lost" "$(last_step "$1")" "$(newest "$1")"
}

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
    start limit 2 --set time_limit=0.05
    ended limit 30
    stopped limit "time_limit" "stopped at step [0-9]+ \(the time limit"
    [ "$TOOK" -le 8 ] && ok "time_limit: in time" || not_ok "time_limit: in time" "$TOOK s"
    SLURM_JOB_END_TIME=$(($(date +%s) + 13)) start slurm 2
    ended slurm 30
    stopped slurm "SLURM_JOB_END_TIME" "stopped at step [0-9]+ \(the end of the job's time"
}

# A network whose steps and validation last a second or so: one step per epoch, then four times as many images to validate.
make_slow() {
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --labels shape,colour --split train=0.2,val=0.8 \
        --out "$WORK/slow.h5" >"$WORK/pack.log" 2>&1 || not_ok "pack" "$(tail -1 "$WORK/pack.log")"
    slow="--set pack=$WORK/slow.h5 --set image=448 --set trunk.patch=4 --set trunk.dims=[40,80,160,320]"
}

validation_records() { grep '"kind":"val"' "$WORK/runs/$1/metrics.jsonl"; }

validation() {
    start validation 2 $slow && await validation ' step 1/'
    kill -TERM "$(rank_process validation 1)"
    ended validation 60
    stopped validation "SIGTERM during validation" "stopped at step 1 "
    same "SIGTERM during validation: cut short" 0 "$(validation_records validation | wc -l)"
    finish_run validation 1 1 $slow && finish_run validated 2 1 $slow
    same "a validation that was cut short is made up for" "$(validation_records validated)" "$(validation_records validation)"
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

# fill FOLDER: takes all room that a file system has
fill() { dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null; }

# make_read_only FOLDER: the kernel refuses it at any moment at which a file there is open for writing
make_read_only() {
    local tries=2000
    until mount -o remount,ro "$1" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { not_ok "$1" "cannot be made read-only"; return 1; }
        sleep 0.003
    done
}

full_disk() {
    mkdir -p "$WORK/runs/full"
    if ! mount -t tmpfs -o size=4m tmpfs "$WORK/runs/full" 2>/dev/null; then
        ok "full disk, read-only folder (not possible here)"
        return
    fi
    start full 2 && await_step full 10
    fill "$WORK/runs/full"
    await full 'warning: cannot write checkpoint .*No space left on device; training goes on, the newest checkpoint stays' && ok "full disk: warned of"
    "$UMBEL" digest "$WORK/runs/full/checkpoint/step-$(newest full).h5" >"$WORK/out" 2>&1 && ok "full disk: old checkpoints are intact" ||
        not_ok "full disk: old checkpoints are intact" "$(cat "$WORK/out")"
    local at
    at=$(newest full)
    rm "$WORK/runs/full/filler"
    await_step full $((at + 5)) && ok "full disk: goes on when there is room"
    same "full disk: no unfinished file" "0" "$(find "$WORK/runs/full" -name '*.tmp-*.tmp-*' | wc -l)"
    kill -TERM "$(rank_process full 0)" && ended full 30
    stopped full "after a full disk" "stopped at step"
    same "full disk: no torn record" 0 "$(grep -cvE '^\{.*\}$' "$WORK/runs/full/metrics.jsonl")"

    finish_run full 2 $(($(newest full) + 1)) || not_ok "resume after a full disk" "$(tail -1 "$WORK/full.log")"
    start full 2 --resume && await full 'resuming.*' && await_step full $(($(newest full) + 5))
    make_read_only "$WORK/runs/full"
    await full 'warning: cannot write checkpoint .*Read-only file system; training goes on' && ok "read-only folder: warned of"
    mount -o remount,rw "$WORK/runs/full"
    kill -TERM "$(rank_process full 1)" && ended full 30
    stopped full "after a read-only folder" "stopped at step"
    umount "$WORK/runs/full"
}

# Steps of the records, one a line.
recorded_steps() { sed -n 's/.*"kind":"train","step":\([0-9]*\).*/\1/p' "$WORK/runs/$1/metrics.jsonl"; }

# What a resume must drop from metrics.jsonl goes without room; where it does not, the run goes on all the same.
resume_on_full_disk() {
    mkdir -p "$WORK/runs/tight"
    if ! mount -t tmpfs -o size=4m tmpfs "$WORK/runs/tight" 2>/dev/null; then
        ok "resume on a full disk (not possible here)"
        return
    fi
    local at
    start tight 2 && await_step tight 10
    fill "$WORK/runs/tight"
    await tight 'warning: cannot write checkpoint' && kill -TERM "$(rank_process tight 0)" && ended tight 30
    expect tight "the last checkpoint finds no room" 4 'cannot write checkpoint .*No space left on device'
    at=$(newest tight)
    differ "steps are to be done again" "$at" "$(last_step tight)"
    # Of the records the first and the last, which is to be dropped: they share a page, so dropping it makes no room.
    local records
    records=$(sed -n '1p;$p' "$WORK/runs/tight/metrics.jsonl")
    echo "$records" >"$WORK/runs/tight/metrics.jsonl"
    fill "$WORK/runs/tight"

    start tight 3 --resume && await tight "resuming .* at step $at\$" && await tight 'training goes on, config.yaml stays that of before'
    await tight "warning: .*; training goes on, the newest" && ok "resumes on a full disk"
    same "no record is there twice" 0 "$(recorded_steps tight | sort | uniq -d | wc -l)"
    rm "$WORK/runs/tight/filler"
    await_step tight $((at + 5)) && ok "goes on when there is room"
    kill -TERM "$(rank_process tight 1)" && ended tight 30
    stopped tight "after a resume on a full disk" 'stopped at step'
    same "every line is a record" 0 "$(grep -cvE '^\{.*\}$' "$WORK/runs/tight/metrics.jsonl")"
    at=$(newest tight)

    # A record that does not stand at the end: the file would have to be written anew.
    sed -i '1s/.*/{"kind":"train","step":999999}/' "$WORK/runs/tight/metrics.jsonl"
    fill "$WORK/runs/tight"
    start tight 1 --resume && await tight "cannot write .*metrics.jsonl.*No space left on device; training goes on, and the steps after $at will be there twice" &&
        ok "says what could not be dropped"
    rm "$WORK/runs/tight/filler"
    await_step tight $((at + 5))
    kill -TERM "$(rank_process tight 0)" && ended tight 30
    stopped tight "goes on all the same" 'stopped at step'
    at=$(newest tight)
    finish_run roomy 1 "$at"
    same "a full disk does not change the bits" "$(digest roomy)" "$(digest tight)"
    fill "$WORK/runs/tight"
    fails "a new run is refused on a full disk" 4 'cannot write .*No space left on device' ranks 1 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/tight/new"
    umount "$WORK/runs/tight"
}

removed_folder() {
    start removed 2 && await_step removed 5
    mv "$WORK/runs/removed" "$WORK/gone" && rm -rf "$WORK/gone" # at once, before it writes again
    await_step removed 5 && ok "removed folder: is made anew"
    kill -TERM "$(rank_process removed 1)" && ended removed 30
    stopped removed "removed folder" "stopped at step"
}

bad_numbers() {
    local n digests=""
    for n in 1 2 3; do
        start "wild-$n" "$n" --set optimizer.lr=1000 --set schedule.warmup_epochs=0 --set max_skipped=4
        ended "wild-$n" 30
        digests="$digests $(digest "wild-$n")"
    done
    expect wild-3 "gradients that are not finite" 86 'warning: 4 steps in a row had a gradient'
    expect wild-3 "they are told with parameter and records" 86 \
        'rank [012]: step [0-9]+: lane [0-3]: the gradient of [a-z0-9_.]+ is not finite or too large; its images are records( [0-9]+){4}$'
    same "skipped alike: digest over ranks 1 2 3" $digests
    fails "resumed without a cure, it ends again at once" 86 'warning: 5 steps in a row' \
        ranks 2 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/wild-3" --set optimizer.lr=1000 \
        --set schedule.warmup_epochs=0 --set max_skipped=4 --resume
}

# killed NAME RANK: SIGKILL; named by the watchdog, the run goes on
killed() {
    local name=$1 rank=$2
    start "$name" 3 && await_step "$name" 5
    kill -KILL "$(rank_process "$name" "$rank")"
    ended "$name" 30
    expect "$name" "SIGKILL of rank $rank: named" "$CODE" "umbel: rank $rank on $(hostname) \(process [0-9]+, step [0-9]+, [a-z ]+\) is gone"
    differ "SIGKILL of rank $rank: exit code" 0 "$CODE"
    finish_run "$name" 2 $(($(newest "$name") + 2)) && ok "SIGKILL of rank $rank: goes on" || not_ok "$name" "$(tail -1 "$WORK/$name.log")"
}

# suspended NAME RANK: SIGSTOP of one rank; the watchdog ends the job
suspended() {
    local name=$1 rank=$2
    start "$name" 3 --set hang_seconds=3 && await_step "$name" 5
    kill -STOP "$(rank_process "$name" "$rank")"
    ended "$name" 30
    expect "$name" "SIGSTOP of rank $rank: named" 75 "umbel: rank $rank on $(hostname) \(process [0-9]+, step [0-9]+, [a-z ]+\) has given no sign of life for"
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
    start long 2 --set hang_seconds=2 $slow --set image=448 --set trunk.patch=2 --steps 1
    ended long 240
    expect long "a step that is longer than hang_seconds" 0 'step 1/'
    [ "$TOOK" -ge 5 ] || not_ok "a step that is longer than hang_seconds" "is only $TOOK s"
}

damaged_checkpoint() {
    finish_run damaged 1 17 # keeps 17, 15, and 12 as the best
    printf '\125\252' | dd of="$WORK/runs/damaged/checkpoint/step-17.h5" bs=1 seek=9000 conv=notrunc 2>/dev/null
    truncate -s 5000 "$WORK/runs/damaged/checkpoint/step-15.h5"
    finish_run damaged 2 17
    same "damaged checkpoints are passed over" "2 1" \
        "$(grep -c 'warning: .*trying the checkpoint before it' "$WORK/damaged.log") $(grep -c 'resuming .* at step 12' "$WORK/damaged.log")"
    finish_run undamaged 1 17
    same "damaged checkpoints: the same bits in the end" "$(digest undamaged)" "$(digest damaged)"
}

different_packs() {
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --split train=0.8,val=0.2 --out "$WORK/other.h5" >"$WORK/out" 2>&1
    fails "a pack that differs between ranks" 3 'is not the same file on all ranks' "${MPIRUN[@]}" \
        -n 1 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/packs" : \
        -n 1 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/packs" --set pack="$WORK/other.h5"
    finish_run packs 1 3
    fails "another pack on resume" 3 'was trained on another pack' \
        ranks 2 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/packs" --set pack="$WORK/other.h5" --resume
}

make_slow
for part in ${FAULTS:-signals time_limits validation second_interrupt full_disk resume_on_full_disk removed_folder bad_numbers "killed kill-0 0" "killed kill-2 2" \
    "suspended stop-0 0" "suspended stop-1 1" suspended_job long_step damaged_checkpoint different_packs}; do
    begin=$SECONDS
    $part
    [ -z "${VERBOSE:-}" ] || echo "($part: $((SECONDS - begin)) s)"
done
finish
