#!/bin/bash
# Training from weights: what comes with them, what is frozen keeps its bits, rates by stage, and the same digest on
# any ranks with all of it.
. tests/cli/common.sh
compare() { "$PYTHON" "$TESTS/cli/compare_arrays.py" "$@"; }
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 100 32 0.2 3
sed -e '1s/colour/tint/' -e 's/red/rot/' set/manifest.csv >set/other.csv
sed -e 's/,red,/,rot,/' set/manifest.csv >set/german.csv
for pack in manifest other german; do
    "$UMBEL" pack --manifest set/$pack.csv --root set --out $pack.h5 >/dev/null 2>&1 || not_ok "pack $pack" "failed"
done
cat >first.yaml <<'END'
pack: manifest.h5
image: 32
trunk: {kind: resnet18, width: 8}
batch: 40
lane: 8
epochs: 4
seed: 3
optimizer: {kind: adamw, lr: 2e-3}
augment: {crop: 0.9, mean: [0.4, 0.4, 0.4], interpolation: bicubic}
END
cat >second.yaml <<'END'
pack: manifest.h5
trunk: {weights: first/checkpoint/last, freeze: 2, freeze_norm: true, lr_decay: 0.5}
heads_lr_scale: 3
batch: 40
lane: 8
epochs: 4
seed: 4
optimizer: {kind: adamw, lr: 2e-3, weight_decay: 0.5}
clip_norm: 1
END
# train RANKS CONFIG RUN MORE...
train() {
    local n=$1 config=$2 run=$3
    shift 3
    ranks "$n" "$UMBEL" train "$config.yaml" --set run="$run" --set workers=1 "$@" >"$run.log" 2>&1 ||
        not_ok "train $run" "$(grep umbel: "$run.log" | head -2 | tr '\n' '|')"
}
last() { echo "$1/checkpoint/last"; }
digest() { "$UMBEL" digest "$(last "$1")"; }
key() { sed -n "s/^ *$2: //p" "$1/config.yaml" | head -1; }

train 1 first first
train 2 second second
same "kind, width, image and preprocessing come with the weights" 'resnet18 8 32 0.9 [0.4, 0.4, 0.4] bicubic' \
    "$(echo "$(key second kind)" "$(key second width)" "$(key second image)" "$(key second crop)" "$(key second mean)" "$(key second interpolation)")"
train 1 second own --set image=40 --set augment.crop=1 --set heads=[shape] --steps 1
same "but what is given counts" "40 1 bicubic" "$(echo "$(key own image)" "$(key own crop)" "$(key own interpolation)")"
same "frozen stages and all statistics keep their bits" "param:heads param:stage3 param:stage4" \
    "$(compare moved "$(last first)" "$(last second)")"
train 1 second all --set trunk.freeze=1000 --set trunk.freeze_norm=false --steps 4
same "all of the trunk frozen: the heads learn" "param:heads" "$(compare moved "$(last first)" "$(last all)")"
train 1 second norms --set trunk.freeze=0 --steps 2
same "fixed statistics, nothing frozen" "param:heads param:stage1 param:stage2 param:stage3 param:stage4" \
    "$(compare moved "$(last first)" "$(last norms)")"

# the same bits on any ranks, and after a stop
train 1 second alone
train 3 second three
train 3 second stopped --steps 3
train 1 second stopped --resume
same "digest over 1, 2 and 3 ranks and a stop" "$(digest alone)" "$(digest second)" "$(digest three)" "$(digest stopped)"
train 1 second unfrozen --set trunk.freeze=1
differ "the digest knows what is frozen" "$(digest alone)" "$(digest unfrozen)"
mv first/checkpoint moved-checkpoint && cp -rL moved-checkpoint copy
train 1 second elsewhere --set trunk.weights=copy/last
same "but not where the weights lay" "$(digest alone)" "$(digest elsewhere)"
mv moved-checkpoint first/checkpoint

# rates, by one step of plain SGD
plain=(--set "optimizer={kind: sgd, lr: 1e-3, momentum: 0, weight_decay: 0}")
step() { train 1 second "$@" --set clip_norm=0 --set schedule.kind=constant --set trunk.freeze=0 --steps 1 "${plain[@]}"; }
step plain --set trunk.lr_decay=1 --set heads_lr_scale=1
step decayed
same "rates by stage and of the heads" "heads:3.000 stage1:0.125 stage2:0.250 stage3:0.500 stage4:1.000 " \
    "$(compare rates "$(last first)" "$(last plain)" "$(last decayed)")"

# heads
train 1 second german --set pack=german.h5 --set trunk.freeze=1000 --set heads_lr_scale=0 --steps 1
same "heads with the same classes are taken over" "2 1" "$(grep -c 'taken over' german.log) $(grep -c 'head colour: starts anew' german.log)"
same "and are, bit by bit" "shape place" "$("$PYTHON" - "$(last first)" "$(last german)" <<'END'
import h5py, numpy, sys
a, b = (h5py.File(p)["param"] for p in sys.argv[1:])
same = lambda head: numpy.array_equal(*(f[f"heads.{head}.linear.weight"][()] for f in (a, b)))
print(*filter(same, ("shape", "colour", "place")))
END
)"
train 1 second tint --set pack=other.h5 --steps 1
same "a head that the weights lack starts anew" "1" "$(grep -c 'head tint: starts anew' tint.log)"

# straight from another program's file
"$PYTHON" "$TESTS/cli/foreign_networks.py" write resnet-timm net.safetensors
"$UMBEL" import net.safetensors --trunk resnet18 --set trunk.width=8 --out net.h5 >/dev/null
train 1 second foreign --set 'trunk={kind: resnet18, width: 8, weights: net.safetensors, freeze: 1000}' --set image=32 --steps 1
same "a safetensors file: the trunk that import makes of it" "none" "$(compare moved net.h5 "$(last foreign)")"
same "with its family's preprocessing" "[0.485, 0.456, 0.406]" "$(key foreign mean)"

fails "another kind than that of the weights" 2 'trunk.kind: is resnet34, but the weights of first/checkpoint/last are of a resnet18' \
    "$UMBEL" train second.yaml --set run=x --set trunk.kind=resnet34
fails "another width than that of the weights" 3 'trunk.conv1.weight: has shape \(8,7,7,3\), this trunk needs \(16,7,7,3\)' \
    "$UMBEL" train second.yaml --set run=y --set trunk.width=16
fails "no such weights" 4 'trunk.weights: cannot open nowhere.h5' "$UMBEL" train second.yaml --set run=z --set trunk.weights=nowhere.h5
finish
