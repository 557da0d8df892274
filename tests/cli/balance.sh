#!/bin/bash
# Balancing of losses (docs/heads.md): each kind gives the same bits on any number of ranks and workers and after a stop, and the
# weights that a reference in numpy finds from the losses and gradients of the records.
. tests/cli/common.sh
cd "$WORK" || exit 1

pack_all_kinds 140 32 0.3
cat >c.yaml <<'END_OF_CONFIG'
pack: set.h5
image: 24
trunk: {kind: resnet20, width: 4}
heads:
  - {name: shape, dropout: 0.1}
  - {name: tags, kind: sigmoid, hidden: [24], weight: 0.5}
  - {name: grade, kind: ordinal, weight: 2}
  - {name: azimuth, kind: circular}
batch: 24
lane: 4
epochs: 4
seed: 7
optimizer: {kind: sgd, lr: 0.05, momentum: 0}
schedule: {kind: constant}
dropout: 0.1
log_every: 1
checkpoint: {every_steps: 7, keep: 10}
END_OF_CONFIG

# run NAME RANKS WORKERS MORE...
run() {
    local name=$1 n=$2 workers=$3
    shift 3
    local launch=()
    [ "$n" = 1 ] || launch=(ranks "$n")
    "${launch[@]}" "$UMBEL" train c.yaml --set run="runs/$name" --set workers="$workers" "$@" >"$name.log" 2>&1 </dev/null ||
        not_ok "train $name" "$(tail -1 "$name.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }
epochs() { grep '"kind":"epoch"' "runs/$1/metrics.jsonl" | md5sum; }

digests=""
for kind in fixed uncertainty dwa gradnorm pcgrad; do
    run "$kind" 1 1 --set balance.kind=$kind
    run "$kind-more" 2 2 --set balance.kind=$kind --steps 7
    run "$kind-more" 3 1 --set balance.kind=$kind --resume
    same "$kind: digest over 1 rank, and 2 stopped and resumed on 3" "$(digest $kind)" "$(digest $kind-more)"
    same "$kind: records of interference likewise" "$(epochs $kind)" "$(epochs $kind-more)"
    why=$("$PYTHON" "$TESTS/cli/balance_reference.py" $kind "runs/$kind/metrics.jsonl" 2>&1) &&
        ok "$kind: weights and means as numpy finds them" || not_ok "$kind: reference" "$(tail -1 <<<"$why")"
    digests="$digests
$(digest $kind)"
done
same "each kind gives other numbers" 5 "$(sort -u <<<"$digests" | grep -c .)"

run unwatched 1 1 --set balance.interference=false
same "watching interference changes no bit" "$(digest fixed)" "$(digest unwatched)"
same "without it there are no records of it" 0 "$(grep -c interference runs/unwatched/metrics.jsonl)"

# The log tells of pairs whose mean cosine is below -0.1. Four features are so few that there are some.
run narrow 1 2 --set trunk.width=1 --set seed=1
pairs=$("$PYTHON" -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
cosines = [line["interference"]["cosines"] for line in lines if line["kind"] == "epoch"]
print(sum(c < -0.1 for matrix in cosines for i, row in enumerate(matrix) for c in row[:i]))' runs/narrow/metrics.jsonl)
same "conflicts in the log" "$pairs" "$(grep -c ' hurts ' narrow.log)"
differ "there are some" 0 "$pairs"

# Weights that were learnt follow the heads.
"$UMBEL" heads runs/uncertainty/checkpoint/last --drop tags --rename shape=form --add new:3 --out edited.h5 >log 2>&1 ||
    not_ok "surgery" "$(tail -1 log)"
same "learnt weights after surgery" ok "$("$PYTHON" -c 'import h5py
old, new = (h5py.File(name)["param"] for name in ("runs/uncertainty/checkpoint/last", "edited.h5"))
learnt = lambda file, head: file[f"heads.{head}.log_variance"][0]
assert learnt(old, "shape") == learnt(new, "form") != 0 and learnt(new, "new") == 0
assert "heads.tags.log_variance" not in new
print("ok")' 2>&1 | tail -1)"

# With stages that thaw, GradNorm begins when there are gradients on the features.
thaw="--set trunk.freeze=1000 --set trunk.unfreeze_epochs=2 --set balance.kind=gradnorm --steps 10"
run thaw 1 2 $thaw
run thaw-3 3 1 $thaw
same "gradual unfreezing: digest over ranks 1 3" "$(digest thaw)" "$(digest thaw-3)"

fails "another balance on resume" 2 'balance.kind: the run began with dwa' \
    "$UMBEL" train c.yaml --set run=runs/dwa --set balance.kind=gradnorm --resume
finish
