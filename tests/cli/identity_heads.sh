#!/bin/bash
# Heads of every kind at once, 40 % of the labels of each missing, with all of docs/recipe.md that looks at labels: the same bits
# for any number of ranks and workers, and after a stop; evaluation likewise.
. tests/cli/common.sh
cd "$WORK" || exit 1

pack_all_kinds 140 40 0.4
cat >c.yaml <<'END'
pack: set.h5
image: 32
trunk: {kind: resnet20, width: 8}
heads:
  - {name: shape, kind: softmax, smoothing: 0.1, class_weights: effective, class_factors: "bar=2", dropout: 0.2}
  - {name: tags, kind: sigmoid, loss: asymmetric, positive_weights: balanced, hidden: [24], dropout: 0.3, flips: "square<->triangle"}
  - {name: grade, kind: ordinal, order: "low, middle, high", pool: attention, flips: "low<->middle"}
  - {name: size, kind: regression, hidden: [16, 16]}
  - {name: azimuth, kind: circular, pool: attention, weight: 0.5, flips: 80 - x, flips_vertical: never}
batch: 24
lane: 4
epochs: 4
seed: 7
optimizer: {kind: adamw, lr: 2e-3}
clip_norm: 1
augment: {flip_vertical: 0.3}
sampling: {balance: sqrt, by: shape}
dropout: 0.1
ema: {decay: 0.9}
schedule: {kind: plateau, patience: 0, factor: 0.5}
watch: size
checkpoint: {every_steps: 4, keep: 10}
END

# run NAME RANKS WORKERS MORE...: 12 steps of 6 lanes
run() {
    local name=$1 n=$2 workers=$3
    shift 3
    ranks "$n" "$UMBEL" train c.yaml --set run="runs/$name" --set workers="$workers" --steps 12 "$@" >"$name.log" 2>&1 </dev/null ||
        not_ok "train $name" "$(tail -1 "$name.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }
evaluate() { ranks "$1" "$UMBEL" eval "runs/$2/checkpoint/last" --split val --json - 2>/dev/null; }

digests="" scores=""
for n in 1 2 3 4; do
    for w in 1 2; do
        run "$n-$w" "$n" "$w"
        digests="$digests $(digest "$n-$w")"
    done
    evaluate "$n" 1-1 | grep -q '"mae"' || not_ok "evaluation on $n ranks" "has no error of values"
    scores="$scores $(evaluate "$n" 1-1 | md5sum | cut -c1-32)"
done
same "five kinds of heads: digest over ranks 1 2 3 4 x workers 1 2" $digests
same "five kinds of heads: evaluation over ranks 1 2 3 4" $scores

run stopped 2 2 --steps 5
run stopped 3 1 --resume
same "stopped at 5, resumed on 3 ranks" "$(digest 1-1)" "$(digest stopped)"

# Each option shapes the numbers. The digest would differ by the option alone.
weights() {
    "$PYTHON" -c 'import hashlib, sys, h5py
param = h5py.File(sys.argv[1])["param"]
print(hashlib.md5(b"".join(param[name][()].tobytes() for name in sorted(param))).hexdigest())' "runs/$1/checkpoint/last"
}
run plain 1 2 --steps 2
run unruled 2 1 --steps 1 --set heads[4].flips=
same "an angle without a rule for flips is warned of" "1 0" "$(grep -c "warning: heads\[4\].flips: azimuth is an angle" unruled.log) $(grep -c "is an angle" plain.log)"
differing=""
for key in heads[0].smoothing=0.2 heads[0].class_weights=inverse heads[0].class_factors=bar=3 heads[0].dropout=0.3 \
    heads[1].loss=bce heads[1].positive_weights=none heads[1].margin=0.1 heads[2].pool=features heads[3].loss=l1 \
    heads[3].delta=0.5 heads[4].period=180 'heads[1].flips=square<->circle' heads[2].flips=never heads[4].flips_vertical= heads[4].flips=-x heads[3].flips=500-x dropout=0 \
    sampling.by=grade; do
    run other 1 2 --set "$key" --steps 2
    [ "$(weights other)" != "$(weights plain)" ] && differing="$differing." || echo "$key changes nothing"
    rm -rf runs/other
done
same "each option shapes the numbers" ".................." "$differing"
finish
