#!/bin/bash
# The promise: the same bits for any number of ranks and workers, with labels missing, and after kill and
# resume on another number of ranks; evaluation counts likewise.
. tests/cli/common.sh

# One lane per five images of training data; every fourth image is a PNG, 40 % of the labels are missing.
make_packs() {
    "$PYTHON" "$TESTS/make_dataset.py" "$WORK/full" 240 40 0 1
    "$PYTHON" "$TESTS/make_dataset.py" "$WORK/partial" 240 40 0.4 2
    for set in full partial; do
        "$UMBEL" pack --manifest "$WORK/$set/manifest.csv" --root "$WORK/$set" --out "$WORK/$set.h5" \
            >"$WORK/pack.log" 2>&1 || not_ok "pack $set" "$(tail -1 "$WORK/pack.log")"
    done
}

# The sum of ConvNeXt's gradients has several buckets; 8 steps an epoch.
make_configs() {
    cat >"$WORK/convnext.yaml" <<EOF
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 2, 1], dims: [32, 64, 128, 256], drop_path: 0.2}
batch: 24
lane: 4
epochs: 5
seed: 7
optimizer: {kind: adamw, lr: 2e-3}
schedule: {kind: cosine, warmup_epochs: 1}
clip_norm: 1
log_every: 5
checkpoint: {every_steps: 5, keep: 10}
EOF
    sed -e 's/^trunk:.*/trunk: {kind: resnet20}/' -e 's/^optimizer:.*/optimizer: {kind: sgd, lr: 0.05}/' \
        "$WORK/convnext.yaml" >"$WORK/resnet.yaml"
}

# train NAME RANKS WORKERS CONFIG PACK [MORE...]: $steps steps in run folder NAME
steps=14
train() {
    local name=$1 n=$2 workers=$3 config=$4 pack=$5
    shift 5
    ranks "$n" "$UMBEL" train "$WORK/$config.yaml" --set pack="$WORK/$pack.h5" --set run="$WORK/runs/$name" \
        --set workers="$workers" --steps "$steps" "$@" >"$WORK/$name.log" 2>&1 ||
        not_ok "train $name" "$(tail -3 "$WORK/$name.log" | tr '\n' '|')"
}

digest() { "$UMBEL" digest "$WORK/runs/$1/checkpoint/last"; }
evaluate() { ranks "$1" "$UMBEL" eval "$WORK/runs/$2/checkpoint/last" --split val --json - 2>/dev/null; }

# compare_ranks CONFIG PACK RANKS-WORKERS...
compare_ranks() {
    local config=$1 pack=$2 digests="" counts="" launch
    shift 2
    for launch in "$@"; do
        train "$config-$pack-$launch" "${launch%-*}" "${launch#*-}" "$config" "$pack"
        digests="$digests $(digest "$config-$pack-$launch")"
    done
    same "$config $pack: digest over ranks - workers $*" $digests
    local n numbers
    numbers=$(printf '%s\n' "${@%-*}" | sort -u | xargs)
    for n in $numbers; do
        counts="$counts $(evaluate "$n" "$config-$pack-1-1" | md5sum | cut -c1-32)"
    done
    same "$config $pack: evaluation over ranks $numbers" $counts
}

# Kills all ranks of a run at a moment that differs from run to run, then resumes with other numbers of ranks.
kill_and_resume() {
    local config=$1 pack=$2 name="$1-$2-killed" pid
    ranks 2 "$UMBEL" train "$WORK/$config.yaml" --set pack="$WORK/$pack.h5" --set run="$WORK/runs/$name" \
        --set workers=1 --set checkpoint.every_steps=1 --steps "$steps" >"$WORK/$name.log" 2>&1 &
    pid=$!
    for _ in $(seq 600); do
        [ -e "$WORK/runs/$name/checkpoint/step-$((2 + RANDOM % 6)).h5" ] && break
        sleep 0.02
    done
    pkill -KILL -f "run=$WORK/runs/$name" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ -e "$WORK/runs/$name/checkpoint/step-$steps.h5" ] && not_ok "$name" "was not killed in time"
    train "$name" 3 2 "$config" "$pack" --resume
    same "$config $pack: killed and resumed on 3 ranks" "$(digest "$config-$pack-1-1")" "$(digest "$name")"
}

# Stops in the middle of an epoch and goes on with another number of ranks.
stop_and_resume() {
    local config=$1 pack=$2 name="$1-$2-stopped"
    train "$name" 2 2 "$config" "$pack" --steps 9
    train "$name" 1 1 "$config" "$pack" --steps 11 --resume
    train "$name" 4 1 "$config" "$pack" --resume
    same "$config $pack: stopped at 9 and 11, resumed on 1 and 4 ranks" "$(digest "$config-$pack-1-1")" \
        "$(digest "$name")"
}

# Flips a byte in the middle of every seventh image of a pack.
damage() {
    cp "$WORK/partial.h5" "$WORK/damaged.h5"
    "$PYTHON" - "$WORK/damaged.h5" <<'EOF'
import sys, h5py
with h5py.File(sys.argv[1], "r") as f:
    base, offset = f["images/bytes"].id.get_offset(), f["images/offset"][:].astype(int)
with open(sys.argv[1], "r+b") as f:
    for begin, end in zip(offset[::7], offset[1::7]):
        f.seek(base + (begin + end) // 2)
        byte = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([byte ^ 255]))
EOF
}

# Bad images are masked: the same bits and counts for any number of ranks, and each is named once per rank at most.
masked_images() {
    damage
    train damaged-1 1 2 convnext damaged --set max_bad=1
    train damaged-3 3 1 convnext damaged --set max_bad=1
    same "damaged images: digest over ranks 1 3" "$(digest damaged-1)" "$(digest damaged-3)"
    differ "damaged images change the numbers" "$(digest damaged-1)" "$(digest convnext-partial-1-1)"
    same "damaged images: evaluation over ranks 1 2" "$(evaluate 1 damaged-1 | md5sum)" "$(evaluate 2 damaged-1 | md5sum)"
    evaluate 1 damaged-1 | grep -q '"bad": [1-9]' && ok "damaged images are counted" || not_ok "damaged images" "not counted"
    same "each bad image is named once" "$(grep -c 'rank 0: masked image' "$WORK/damaged-1.log")" \
        "$(grep 'rank 0: masked image' "$WORK/damaged-1.log" | sort -u | wc -l)"
}

make_packs
make_configs
every="1-1 1-2 2-1 2-2 3-1 3-2 4-1 4-2"
compare_ranks convnext full 1-1 3-2
compare_ranks convnext partial $every
compare_ranks resnet full 1-1 2-2
compare_ranks resnet partial $every
kill_and_resume convnext partial
kill_and_resume resnet full
stop_and_resume convnext full
stop_and_resume resnet partial

masked_images
train convnext-seed 1 2 convnext full --set seed=8
differ "another seed" "$(digest convnext-full-1-1)" "$(digest convnext-seed)"
train convnext-lane 1 2 convnext full --set lane=8
differ "another lane" "$(digest convnext-full-1-1)" "$(digest convnext-lane)"
train convnext-ranks 3 2 convnext full --set node_reduce=false
same "an accumulator per rank" "$(digest convnext-full-1-1)" "$(digest convnext-ranks)"
train convnext-staged 2 1 convnext full --set stage="$WORK/stage" --set stage_remove=true
same "a staged pack" "$(digest convnext-full-1-1)" "$(digest convnext-staged)" 
[ -d "$WORK/stage" ] && [ -z "$(ls "$WORK/stage")" ] && ok "the staged copy is removed" || not_ok "the staged copy is removed" "$(ls "$WORK/stage")"
train convnext-workers 1 2 convnext full --set log_every=3 --set checkpoint.keep=1
same "other run keys do not matter" "$(digest convnext-full-1-1)" "$(digest convnext-workers)"
finish
