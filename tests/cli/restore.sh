#!/bin/bash
# heads[].restore: a head that finishes gets the weights of its best validation back, with their average, where they score better with
# the trunk of now. The same bits for any number of ranks, and after stops on either side of it.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 160 32 0.2 1
"$UMBEL" pack --manifest set/manifest.csv --root set --allow-unseen --split train=0.6,val=0.4 --out set.h5 >log 2>&1 || { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: resnet20, width: 4}
heads: [{name: shape, patience: 2, restore: true}, {name: colour, patience: 3, restore: true, hidden: [8]}, {name: place, patience: 4}]
batch: 24
lane: 4
epochs: 12
seed: 4
optimizer: {kind: adamw, lr: 2e-2}
schedule: {kind: constant}
ema: {decay: 0.5}
checkpoint: {every_steps: 4, keep: 50}
END
# run NAME RANKS WORKERS MORE...
run() {
    ranks "$2" "$UMBEL" train c.yaml --set run="runs/$1" --set workers="$3" "${@:4}" >>"$1.log" 2>&1 </dev/null ||
        not_ok "train $1" "$(tail -1 "$1.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }

for n in 1 2 3; do run "$n" "$n" $((n % 2 + 1)) & done
wait
same "heads that go back: digest over ranks 1 2 3" "$(digest 1)" "$(digest 2)" "$(digest 3)"
run mixed 2 1 --set seed=1 --set heads[2].patience=2 # one goes back and one stays by the same validation
"$PYTHON" - >told 2>err <<'END' && ok "what goes back, and to what" || not_ok "what goes back, and to what" "$(tail -1 err)"
import json, re, h5py, numpy as np
def own(file, group, head):
    return np.concatenate([file[group][n][()].ravel() for n in sorted(file[group]) if n.startswith(f"heads.{head}.")])
def check(run, patience_of_place):
    """When heads finished that had a choice, and whether they went back."""
    lines = [json.loads(line) for line in open(f"runs/{run}/metrics.jsonl")]
    scores = [(line["step"], {name: head["top1"] for name, head in line["heads"].items()}) for line in lines if line["kind"] == "val"]
    log, seen = open(f"{run}.log").read(), []
    load = lambda step: h5py.File(f"runs/{run}/checkpoint/step-{step}.h5", "r")
    last = load(scores[-1][0])
    for head, patience in (("shape", 2), ("colour", 3), ("place", patience_of_place)):
        at = int(re.search(rf"head {head} has finished at step (\d+)", log)[1])
        choice = re.search(rf"head {head}: ([\d.]+)% with the weights .* now, ([\d.]+)% with its own: it (goes|stays)", log)
        before = [(step, score[head]) for step, score in scores if step < at]
        best = max(before, key=lambda row: (row[1], -row[0]))[0]
        assert at == best + 4 * patience, (head, at, best)
        assert bool(choice) == (head != "place")
        back = choice is not None and choice[3] == "goes"
        if choice:
            old, now = float(choice[1]), float(choice[2])
            assert back == (old > now), choice[0]
            assert abs(100 * dict(scores)[at][head] - max(old, now)) < 0.051, (scores, choice[0])
            seen.append((at, back))
        for group in ("param", "ema"):
            assert np.array_equal(own(load(best), group, head), own(load(at), group, head)) == back, (head, group)
            assert np.array_equal(own(load(at), group, head), own(last, group, head)), (head, group)
    # What is kept for later is what there was; nothing of a head that keeps nothing.
    first = load(scores[0][0])
    for head in ("shape", "colour"):
        assert np.array_equal(own(first, "best_param", head), own(first, "param", head))
        assert np.array_equal(own(first, "best_ema", head), own(first, "ema", head))
    assert not any("place" in name for name in first["best_param"])
    return seen, scores[-1]
seen, (step, scores) = check("1", 4)
assert {back for _, back in seen} == {True, False} and seen[1][0] < step, seen
(first, second), _ = check("mixed", 2)
assert first[0] == second[0] and first[1] != second[1], (first, second)
print(json.dumps({k: round(v, 9) for k, v in scores.items()}))
END
same "what was validated is what there is" "$(cat told)" "$("$UMBEL" eval runs/1/checkpoint/last --split val --json - 2>/dev/null |
    "$PYTHON" -c 'import json, sys; print(json.dumps({k: round(h["top1"], 9) for k, h in json.load(sys.stdin)["heads"].items()}))')"

at=$(sed -nE '/it goes back/,$ s/.*has finished at step ([0-9]+):.*/\1/p' 1.log | head -1)
run stops 2 1 --steps "$((at - 5))"
run stops 1 2 --resume --steps "$((at - 1))"
run stops 3 1 --resume --steps "$at"
run stops 1 1 --resume --steps "$((at + 1))"
run stops 2 1 --resume
same "stopped before, at and behind it" "$(digest 1)" "$(digest stops)"
finish
