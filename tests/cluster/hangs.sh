#!/bin/bash
# Hangs that no launcher sees: a stuck file system, and a collective that not all ranks enter. The watchdog names who and
# where, and ends the job with code 75. HANG_SECONDS=45 tries the default; shorter by itself.
. tests/train/common.sh
hang=${HANG_SECONDS:-5}
make_run
cc -shared -fPIC -O1 -o "$WORK/stuck.so" tests/cluster/stuck.c -ldl || not_ok "stuck.so" "does not compile"

# stuck NAME RANK FILE PHASE MORE...: the files of that name get stuck on one rank, in the middle of the run
stuck() {
    local name=$1 rank=$2 file=$3 phase=$4
    shift 4
    UMBEL_STUCK_TRIGGER="$WORK/$name.now" UMBEL_STUCK_FILE="$file" UMBEL_STUCK_RANK="$rank" LD_PRELOAD="$WORK/stuck.so" \
        start "$name" 3 --set hang_seconds="$hang" "$@"
    await_step "$name" 5
    touch "$WORK/$name.now"
    ended "$name" 70
    expect "$name" "$phase, stuck on rank $rank ($TOOK s)" 75 \
        "umbel: rank $rank on $(hostname) \(process [0-9]+, step [0-9]+, $phase\) has been stuck for"
    if [ "$TOOK" -le $((hang + 15)) ]; then ok "$phase: in time"; else not_ok "$phase: in time" "$TOOK s"; fi
    finish_run "$name" 2 $(($(newest "$name") + 2)) && ok "$phase: goes on" || not_ok "$phase: goes on" "$(tail -1 "$WORK/$name.log")"
}

# Each with two workers: it may be the second that reads.
stuck pack 1 good.h5 "reading a file" --set workers=2
stuck pack0 0 good.h5 "reading a file" --set workers=2
stuck writing 0 .h5.tmp- "(writing an HDF5 file|closing an HDF5 file|writing a file|writing a checkpoint)"
stuck metrics 0 metrics.jsonl "writing a file"

# collective NAME PATTERN: the test program leaves one rank out of a collective
collective() {
    local begin=$SECONDS rc
    timeout 100 mpirun --oversubscribe -n 3 "$1/tests/dist/test_watchdog" "$2" "$hang" >"$WORK/out" 2>&1
    rc=$?
    if [ "$rc" = 75 ] && grep -qE -- "$3" "$WORK/out"; then ok "$2 ($((SECONDS - begin)) s)"
    else not_ok "$2" "exit code $rc: $(grep '^umbel' "$WORK/out" | head -3 | tr '\n' '|')"; fi
}
collective "$1" skips-a-sum "umbel: ranks have waited for each other for [0-9]+ s: rank 0 on .*, summing, but rank 1 on .*, elsewhere\)|umbel: ranks have waited"
collective "$1" computes-for-ever "umbel: rank 2 on $(hostname) \(process [0-9]+, step 7, looping\) has been stuck for"
finish
