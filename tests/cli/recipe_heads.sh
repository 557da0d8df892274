#!/bin/bash
# What docs/recipe.md, umbel inspect, bench and plan make of heads that are not for single classes.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 120 32 0 3
"$PYTHON" "$TESTS/cli/add_labels.py" set/manifest.csv labels.csv
"$UMBEL" pack --manifest labels.csv --root set --labels "shape,tags:multi,grade,size:value" --split train=0.6,val=0.4 --out set.h5 >log 2>&1 ||
    { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}
batch: 24
lane: 8
epochs: 12
seed: 3
optimizer: {kind: adamw, lr: 3e-3}
schedule: {kind: constant}
log_every: 1000
checkpoint: {keep: 100}
END
# train NAME MORE...
train() { "$UMBEL" train c.yaml --set run="$1" "${@:2}" >"$1.log" 2>&1 || not_ok "train $1" "$(tail -1 "$1.log")"; }

train numbers --set heads=[size]
train watched --set heads=[shape,size] --set watch=size --set early_stop.patience=1
# From the errors of each validation: the step of the least one, and the last step by the rule of early stopping.
"$PYTHON" - >told 2>err <<'END' || not_ok "errors are recorded" "$(tail -1 err)"
import json
def errors(run):
    rows = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    return [(row["step"], row["heads"]["size"]["mae"]) for row in rows if row["kind"] == "val"]
step, least = min(errors("numbers"), key=lambda row: row[1])
print("least", step)
best, end, falls = float("inf"), 0, 0
for step, error in errors("watched"):
    if error < best:
        best, falls = error, falls + 1
    else:
        end = step
        break
print("end", end or step)
print("falls", "often" if falls > 1 else "hardly")
END
step_of() { readlink "$1" | sed -E 's/.*step-0*([0-9]+)\.h5/\1/'; }
same "best-size has the least error" "$(sed -n 's/^least //p' told)" "$(step_of numbers/checkpoint/best-size)"
same "early stopping: a smaller error is better" "$(sed -n 's/^end //p' told)" "$(step_of watched/checkpoint/last)"
same "an error that falls does not stop a run" often "$(sed -n 's/^falls //p' told)"
same "without accuracies nothing is best jointly" "none" "$(ls numbers/checkpoint | grep -E 'joint|weighted' || echo none)"

"$UMBEL" inspect --augment c.yaml --out sheet.png --set 'heads=[{name: tags, flips: "square<->triangle"}, {name: size, flips: 500 - x}]' >out 2>&1 || not_ok "inspect" "$(tail -1 out)"
grep -qE 'tags square; .*\(epoch [0-9]: triangle; ' out || grep -qE 'tags .*triangle.*\(epoch [0-9]: .*square' out &&
    sed -nE 's/.*; size ([0-9.]+) \(epoch [0-9]: ([0-9.]+)\).*/\1 \2/p' out | awk '{ wrong += $1 + $2 < 499.9 || $1 + $2 > 500.1 } END { exit !NR || wrong }' &&
    ok "the sheet shows sets and numbers that are turned over" || not_ok "the sheet" "$(grep ^row out | head -3)"

sed 's/^batch/heads: [{name: grade, kind: ordinal, order: "low, middle, high"}, {name: tags, hidden: [8]}, {name: size}]\n&/' c.yaml >kinds.yaml
for what in "bench kinds.yaml --steps 1" "bench kinds.yaml --steps 1 --classes 3,5,2" "plan kinds.yaml --ranks 2" "plan kinds.yaml --ranks 2 --classes 3,5,2"; do
    # shellcheck disable=SC2086
    timeout 120 "$UMBEL" $what >out 2>&1 && ok "umbel $what" || not_ok "umbel $what" "$(tail -1 out)"
done
finish
