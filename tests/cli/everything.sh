#!/bin/bash
# Everything of docs/heads.md and docs/recipe.md at once: heads of five kinds with half of the labels missing, losses that balance
# themselves, mixed images, every augmentation, an average, thawing stages, balanced sampling, sums in bits: the same digest
# for any number of ranks and workers, whoever adds the sums, and after a kill and stops; evaluation likewise.
. tests/cli/common.sh
cd "$WORK" || exit 1
STEPS=4 # of an epoch

pack_all_kinds 120 40 0.5
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: convnext_atto, patch: 2, drop_path: 0.2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32], freeze: 2, unfreeze_epochs: 1,
        lr_decay: 0.9, lr_decay_by: block}
heads:
  - {name: shape, kind: softmax, smoothing: 0.1, class_weights: effective, hidden: [16], dropout: 0.2, patience: 3}
  - {name: tags, kind: sigmoid, loss: asymmetric, positive_weights: balanced, flips: "square<->triangle"}
  - {name: grade, kind: ordinal, order: "low, middle, high", flips: "low<->middle", weight: 2}
  - {name: size, kind: regression, mix: false, hidden: [16, 16]}
  - {name: azimuth, kind: circular, flips_vertical: never}
batch: 24
lane: 4
epochs: 5
seed: 7
dropout: 0.2
clip_norm: 1
clip_adaptive: 0.05
optimizer: {kind: adamw, lr: 1e-2}
schedule: {kind: plateau, warmup_epochs: 0.5, patience: 0, factor: 0.5}
early_stop: {patience: 4}
watch: size
ema: {decay: 0.9}
progressive: {sides: [16, 20], epochs: 2}
sampling: {balance: sqrt, by: shape}
augment: {flip: 0.4, flip_vertical: 0.3, randaugment: {changes: 1}, trivialaugment: {enabled: true}, rotate: {degrees: 20},
          zoom: {range: [0.8, 1.2]}, shift: {pixels: 2, edge: reflect}, jitter: {brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1},
          blur: {probability: 0.3}, erase: {probability: 0.5, fill: noise},
          mixup: {alpha: 0.8}, cutmix: {alpha: 1}, mix: {probability: 0.7, off_epochs: 1}}
balance: {kind: fixed}
recompute: true
log_every: 4
checkpoint: {every_steps: 2, keep: 20}
END

# train NAME RANKS WORKERS BALANCE MORE...
train() {
    local name=$1 n=$2 workers=$3 balance=$4
    shift 4
    ranks "$n" "$UMBEL" train c.yaml --set "balance.kind=$balance" --set run="runs/$name" --set workers="$workers" "$@" >"$name.log" 2>&1 </dev/null ||
        not_ok "train $name" "$(tail -1 "$name.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last" || echo "none of $1"; }
evaluate() {
    ranks "$1" "$UMBEL" eval "runs/$2/checkpoint/last" --split val --json scores.json >/dev/null 2>&1
    grep -q '"mae"' scores.json && md5sum <scores.json | cut -c1-32 || echo "none on $1 ranks"
    rm -f scores.json
}

# Kills a resumed run at some step behind the tenth.
kill_run() {
    train "$1" 3 1 "$2" --resume 2>/dev/null >killed.out &
    for _ in $(seq 600); do
        [ -e "runs/$1/checkpoint/step-10.h5" ] && break
        sleep 0.02
    done
    pkill -KILL -f "run=runs/$1" 2>/dev/null
    wait
}

for balance in uncertainty pcgrad; do
    digests="" scores=""
    for n in 1 2 3 4; do
        train "$balance-$n" "$n" $((n % 2 + 1)) "$balance" --set node_reduce=$([ "$n" = 3 ] && echo false || echo true) &
    done
    wait
    for n in 1 2 3 4; do
        digests="$digests $(digest "$balance-$n")"
        scores="$scores $(evaluate "$n" "$balance-1")"
    done
    same "$balance: digest over ranks 1 2 3 4" $digests
    same "$balance: evaluation over ranks 1 2 3 4" $scores
    train "$balance-stops" 1 2 "$balance" --steps 4
    kill_run "$balance-stops" "$balance"
    train "$balance-stops" 2 1 "$balance" --resume --steps $((3 * STEPS + 1))
    train "$balance-stops" 4 1 "$balance" --resume
    same "$balance: stopped, killed, stopped, on 1, 3, 2 and 4 ranks" "$(digest "$balance-1")" "$(digest "$balance-stops")"
done
differ "balances differ" "$(digest uncertainty-1)" "$(digest pcgrad-1)"
finish
