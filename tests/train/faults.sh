#!/bin/bash
# What is wrong with numbers and files: with which words and exit code a run ends, or with which it goes on.
. tests/train/common.sh
make_run

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

bad_numbers
damaged_checkpoint
different_packs
finish
