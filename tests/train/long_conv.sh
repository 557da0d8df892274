#!/bin/bash
# 300 steps of resnet20 on rendered parts with `conv: auto` and `conv: direct`. Training is chaotic, so the two part company; they
# must do so no more than two direct runs whose roundings differ, x86-64-v2 (no fused multiply-adds) and the others.
. tests/cli/common.sh

build/mechanical --images 6000 --side 32 "$WORK/parts" >"$WORK/log" 2>&1 &&
    "$UMBEL" pack --manifest "$WORK/parts/manifest.csv" --root "$WORK/parts" --labels type,part,angle --out "$WORK/parts.h5" >"$WORK/log" 2>&1 ||
    not_ok "pack" "$(tail -1 "$WORK/log")"
cat >"$WORK/parts.yaml" <<END_YAML
pack: $WORK/parts.h5
image: 32
trunk: {kind: resnet20}
batch: 64
lane: 16
epochs: 8
workers: 2
log_every: 1
optimizer: {kind: adamw, lr: 3e-3}
schedule: {kind: cosine, warmup_epochs: 0.3}
END_YAML

train() {
    local name=$1
    shift
    "$UMBEL" train "$WORK/parts.yaml" --set run="$WORK/$name" --steps 300 "$@" >"$WORK/$name.log" 2>&1 ||
        not_ok "300 steps, $name" "$(tail -1 "$WORK/$name.log")"
}
train auto --set conv=auto
train direct --set conv=direct
UMBEL_ISA=v2 train other --set conv=direct

if verdict=$("$PYTHON" - "$WORK" <<'END_PYTHON'
import json, sys
def losses(name):
    rows = [json.loads(line) for line in open(f"{sys.argv[1]}/{name}/metrics.jsonl")]
    return [row["loss"] for row in rows if "loss" in row and "lr" in row]
def mean(x): return sum(x) / len(x)
auto, direct, other = map(losses, ("auto", "direct", "other"))
assert len(auto) == len(direct) == len(other) == 300, (len(auto), len(direct), len(other))
def apart(a, b): return [abs(x - y) / y for x, y in zip(a, b)]
early, early_other = max(apart(auto, direct)[:10]), max(apart(other, direct)[:10])
late = abs(mean(auto[-100:]) / mean(direct[-100:]) - 1)
late_other = abs(mean(other[-100:]) / mean(direct[-100:]) - 1)
print("# steps, mean loss of auto, direct, direct with other rounding")
for i in range(0, 300, 50):
    print(f"# {i + 1:3d}-{i + 50:3d}: {mean(auto[i:i+50]):.4f} {mean(direct[i:i+50]):.4f} {mean(other[i:i+50]):.4f}")
print(f"# apart: steps 1-10 at most {early:.1e}, with other rounding {early_other:.1e}; "
      f"mean of the last 100 {late:.1e}, with other rounding {late_other:.1e}")
sys.exit(not (early < 1e-3 and late < max(0.03, 2 * late_other)))
END_PYTHON
); then ok "auto and direct convolutions learn alike"; else not_ok "auto and direct convolutions learn alike" "see below"; fi
echo "$verdict"
finish
