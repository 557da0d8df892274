#!/bin/bash
# heads[].patience: a head that does not get better is frozen, with its average, and the trunk learns no more from it; when all are, the
# run ends. The same bits for any number of ranks, and after stops on either side of the freezing.
. tests/cli/common.sh
cd "$WORK" || exit 1
STEPS=4 # of an epoch

"$PYTHON" "$TESTS/make_dataset.py" set 120 32 0.2 1
# `place` is known of validation pictures alone, so that nothing is learnt from it.
"$PYTHON" - <<'END'
import csv
rows = list(csv.DictReader(open("set/manifest.csv")))
with open("labels.csv", "w", newline="") as file:
    out = csv.DictWriter(file, rows[0])
    out.writeheader()
    out.writerows(dict(row, place="" if row["split"] == "train" else row["place"]) for row in rows)
END
"$UMBEL" pack --manifest labels.csv --root set --allow-unseen --out set.h5 >log 2>&1 || { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: resnet20, width: 4, freeze: 1, unfreeze_epochs: 1}
heads: [{name: shape, patience: 4}, {name: colour, patience: 1}, {name: place}]
batch: 24
lane: 4
epochs: 8
seed: 3
optimizer: {kind: adamw, lr: 1e-2}
augment: {mixup: {alpha: 0.2}}
ema: {decay: 0.9}
checkpoint: {every_steps: 4, keep: 20}
END

# run NAME RANKS WORKERS MORE...
run() {
    local name=$1 n=$2 workers=$3
    shift 3
    ranks "$n" "$UMBEL" train c.yaml --set run="runs/$name" --set workers="$workers" "$@" >>"$name.log" 2>&1 </dev/null ||
        not_ok "train $name" "$(tail -1 "$name.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }
finished() { sed -nE "s/.*head $2 has finished at step ([0-9]+):.*/\1/p" "$1.log"; }

SGD=(--set optimizer.kind=sgd --set optimizer.lr=0.1 --set optimizer.momentum=0 --set optimizer.weight_decay=0)
TWO=(--set 'heads=[shape,colour]' --set 'heads[0].patience=2' --set 'heads[1].patience=1')
for n in 1 2 3; do run "$n" "$n" $((n % 2 + 1)) & done
run alone 1 1 "${SGD[@]}" &
run all 2 1 "${TWO[@]}" &
wait
same "heads that finish: digest over ranks 1 2 3" "$(digest 1)" "$(digest 2)" "$(digest 3)"
shape=$(finished 1 shape) colour=$(finished 1 colour)
[ -n "$shape" ] && [ -n "$colour" ] && [ "$shape" != "$colour" ] && ok "two heads finish, at different steps" ||
    { not_ok "two heads finish, at different steps" "shape at '$shape', colour at '$colour'"; finish; }

# The validations of metrics.jsonl say when that has to be, and the checkpoints what changed since.
"$PYTHON" - "$shape" "$colour" <<'END' && ok "when heads finish, and what is frozen" || not_ok "when heads finish, and what is frozen" "see above"
import json, sys, h5py, numpy as np
lines = [json.loads(line) for line in open("runs/1/metrics.jsonl")]
scores = [(line["step"], {name: head["top1"] for name, head in line["heads"].items()}) for line in lines if line["kind"] == "val"]
def finish(head, patience):
    best, stale = -1, 0
    for step, score in scores:
        stale = 0 if score[head] > best else stale + 1
        best = max(best, score[head])
        if stale == patience:
            return step
at = {"shape": int(sys.argv[1]), "colour": int(sys.argv[2])}
assert at == {"shape": finish("shape", 4), "colour": finish("colour", 1)}, (at, scores)
load = lambda step: h5py.File(f"runs/1/checkpoint/step-{step}.h5", "r")
last = load(scores[-1][0])
def same(step, group, name):
    return np.array_equal(load(step)[group][name][()], last[group][name][()])
for head, step in at.items():
    for group in ("param", "ema"):
        for part in ("weight", "bias"):
            name = f"heads.{head}.linear.{part}"
            assert same(step, group, name), (head, group)
            assert not same(step - 4, group, name), (head, group)
assert not same(max(at.values()) - 4, "param", "trunk.conv1.weight")
END

# Nobody is left to learn from: weights stay, whatever the batches say.
"$PYTHON" - "$(finished alone shape)" "$(finished alone colour)" <<'END' && ok "a trunk learns nothing from finished heads" || not_ok "a trunk learns nothing from finished heads" "see above"
import sys, h5py, numpy as np
step = max(int(x) for x in sys.argv[1:])
a, b, c = (h5py.File(f"runs/alone/checkpoint/step-{s}.h5")["param"] for s in (step - 4, step, 32))
assert step < 32
assert all(np.array_equal(b[name][()], c[name][()]) for name in b)
assert any(not np.array_equal(a[name][()], b[name][()]) for name in b if name.startswith("trunk"))
END

first=$((shape < colour ? shape : colour))
run stops 2 1 --steps "$((first - 1))"
run stops 1 2 --resume --steps "$first"
run stops 3 1 --resume --steps "$((first + 2))"
run stops 1 1 --resume
same "stopped before, at and behind the end of a head" "$(digest 1)" "$(digest stops)"

same "the run ends when all heads have finished" 1 "$(grep -c "early stopping at step .*: all heads have finished" all.log)"
run all 1 1 "${TWO[@]}" --resume
same "it does not go on" 2 "$(grep -c "early stopping at step .*: all heads have finished" all.log)"
finish
