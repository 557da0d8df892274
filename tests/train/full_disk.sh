#!/bin/bash
# A disk without room, a folder that is read-only or gone: what is said, what is left, and that the run goes on.
. tests/train/common.sh
make_run

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

full_disk
resume_on_full_disk
removed_folder
finish
