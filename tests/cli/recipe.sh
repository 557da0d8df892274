#!/bin/bash
# The promise with everything of docs/recipe.md switched on: the same bits for any number of ranks and workers, and after stops at
# any step; and that each switch does something.
. tests/cli/common.sh
STEPS=8 # of an epoch

make_pack() {
    "$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 120 32 0.3 1
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >"$WORK/pack.log" 2>&1 ||
        not_ok "pack" "$(tail -1 "$WORK/pack.log")"
}

# 3 epochs, of another side and with another stage thawed each.
make_configs() {
    cat >"$WORK/convnext.yaml" <<EOF
image: 24
trunk: {kind: convnext_atto, patch: 2, drop_path: 0.2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32], freeze: 1000,
        unfreeze_epochs: 1, lr_decay: 0.8}
batch: 12
lane: 4
epochs: 3
seed: 7
dropout: 0.2
clip_norm: 1
clip_adaptive: 0.05
optimizer: {kind: lamb, lr: 1e-2}
schedule: {kind: plateau, warmup_epochs: 0.5, patience: 0, factor: 0.5}
early_stop: {patience: 5}
watch: weighted
ema: {decay: 0.9}
progressive: {sides: [16, 20], epochs: 1}
sampling: {balance: sqrt}
heads:
  - {name: shape, flips_vertical: "ring<->square"}
  - {name: colour, flips: "!red"}
  - {name: place, weight: 2, flips: left<->right}
augment: {flip_vertical: 0.3, randaugment: {changes: 1}, trivialaugment: {enabled: true}, rotate: {degrees: 20},
          zoom: {range: [0.8, 1.2]}, shift: {pixels: 2, edge: reflect}, jitter: {brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1},
          blur: {probability: 0.3}, erase: {probability: 0.5, fill: noise}}
log_every: 4
EOF
    sed -e 's/^trunk:.*/trunk: {kind: resnet20, width: 4, freeze: 2,/' -e 's/lr_decay: 0.8}/drop_path: 0.2}/' \
        -e 's/kind: lamb, lr: 1e-2/kind: lars, lr: 2/' -e 's/kind: plateau.*/kind: one_cycle}/' \
        -e 's/balance: sqrt/balance: full, by: colour/' "$WORK/convnext.yaml" >"$WORK/resnet.yaml"
}

# train NAME RANKS WORKERS CONFIG [MORE...]: in run folder NAME
train() {
    local name=$1 n=$2 workers=$3 config=$4
    shift 4
    ranks "$n" "$UMBEL" train "$WORK/$config.yaml" --set pack="$WORK/set.h5" --set run="$WORK/runs/$name" \
        --set workers="$workers" "$@" >"$WORK/$name.log" 2>&1 ||
        not_ok "train $name" "$(tail -3 "$WORK/$name.log" | tr '\n' '|')"
}

digest() { "$UMBEL" digest "$WORK/runs/$1/checkpoint/last" || echo "none of $1"; }

# What the run has validated last, and what a process of its own makes of its checkpoint: both see the average.
evaluates_the_average() {
    same "$1: eval sees what the run has validated" "$(tail -1 "$WORK/runs/$1/metrics.jsonl" | grep -o '"loss":[0-9.]*' | tr '\n' ' ')" \
        "$("$UMBEL" eval "$WORK/runs/$1/checkpoint/last" --split val --json - 2>/dev/null | tr -d ' ' | grep -o '"loss":[0-9.]*' | tr '\n' ' ')"
}

compare() {
    local config=$1 digests="" n
    for n in 1 2 3 4; do train "$config-$n" "$n" $((n % 2 + 1)) "$config" & done
    wait
    for n in 1 2 3 4; do digests="$digests $(digest "$config-$n")"; done
    same "$config: digest over ranks 1 2 3 4" $digests
    train "$config-stops" 1 2 "$config" --steps 5
    train "$config-stops" 3 1 "$config" --resume --steps "$((2 * STEPS))"
    train "$config-stops" 2 1 "$config" --resume --steps "$((2 * STEPS + 1))"
    train "$config-stops" 1 1 "$config" --resume
    same "$config: stopped at 5, at an epoch's end and right behind it" "$(digest "$config-1")" "$(digest "$config-stops")"
    same "$config: best-weighted is kept" yes "$([ -e "$WORK/runs/$config-1/checkpoint/best-weighted" ] && echo yes)"
    evaluates_the_average "$config-1"
}

# numbers KEY...: one line for each, a hash of what its run has learnt. The digest covers the keys, so this looks at the weights and
# their average alone.
numbers() {
    "$PYTHON" - "$WORK/runs" "$@" <<'EOF'
import hashlib, sys, h5py
for key in sys.argv[2:]:
    with h5py.File(f"{sys.argv[1]}/switch-{key}/checkpoint/last") as f:
        arrays = [f[group][name][...].tobytes() for group in ("param", "ema") for name in sorted(f[group])]
        print(hashlib.md5(b"".join(arrays)).hexdigest())
EOF
}

SWITCHES=(dropout=0.1 clip_norm=0.01 clip_adaptive=0.001 ema.decay=0.5 ema.warmup=false sampling.balance=full sampling.by=place
    augment.flip_vertical=0 augment.randaugment.magnitude=30 augment.trivialaugment.enabled=false augment.rotate.degrees=0
    'augment.zoom.range=[1,1]' augment.shift.pixels=0 augment.jitter.hue=0 augment.blur.probability=0 augment.erase.fill=mean 'heads[2].flips=never'
    'heads[1].flips=' 'heads[0].flips_vertical=' progressive.epochs=2 trunk.unfreeze_epochs=2 schedule.warmup_epochs=0
    trunk.lr_decay=0.5 trunk.lr_decay_by=block trunk.drop_path=0 schedule.patience=3)

# Each key, changed alone, changes the numbers of the first epochs. The runs are small and wait more than they compute.
every_switch_matters() {
    local set seen
    for set in seed=7 "${SWITCHES[@]}"; do
        train "switch-$set" 1 1 convnext --steps "$((2 * STEPS + 1))" --set "$set" &
        while [ "$(jobs -r | wc -l)" -ge 6 ]; do wait -n; done
    done
    wait
    mapfile -t seen < <(numbers seed=7 "${SWITCHES[@]}")
    for set in "${!SWITCHES[@]}"; do differ "${SWITCHES[set]} changes the numbers" "${seen[0]}" "${seen[set + 1]:-}"; done
}

stops_early() {
    local set="--set early_stop.patience=1 --set early_stop.threshold=1"
    train early 2 1 convnext $set
    same "early stopping after the second validation" 1 \
        "$(grep -c "early stopping at step $((2 * STEPS)): 1 validations without a better weighted" "$WORK/early.log")"
    train early 1 1 convnext $set --resume
    same "a run that has stopped early does not go on" "step-$((2 * STEPS)).h5" "$(readlink "$WORK/runs/early/checkpoint/last")"
}

make_pack
make_configs
compare convnext
compare resnet
every_switch_matters
stops_early
finish
