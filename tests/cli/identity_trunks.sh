#!/bin/bash
# The same bits for any number of ranks and workers, for a small network of each family of trunks.
. tests/cli/common.sh

families() {
    cat <<'END'
convnext {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16], drop_path: 0.2}
convnextv2 {kind: convnextv2_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16], drop_path: 0.2}
resnet {kind: resnet18, width: 8, layers: [1, 1, 1, 1]}
resnext {kind: resnext50_32x4d, width: 4, layers: [1, 1, 1, 1], groups: 4, base_width: 32}
resnetd {kind: resnet50d, width: 4, layers: [1, 1, 1, 1], activation: silu, pool: avg}
cifar {kind: resnet20, width: 4}
winograd {kind: resnet18, width: 16, layers: [1, 1, 1, 1]}
vit-token {kind: vit_tiny_patch16, patch: 8, dim: 24, depth: 2, heads: 3, drop_path: 0.2}
vit-mean {kind: vit_tiny_patch16, patch: 8, dim: 24, depth: 2, heads: 3, pool: mean}
mobilenet {kind: mobilenet_v1, width: 0.125}
END
}

# digest_of NAME RANKS WORKERS: after 4 steps of 6 lanes
digest_of() {
    local run="$WORK/runs/$1-$2-$3"
    ranks "$2" "$UMBEL" train "$WORK/$1.yaml" --set run="$run" --set workers="$3" --steps 4 >"$WORK/log" 2>&1 </dev/null ||
        echo "$1 on $2 ranks: $(tail -1 "$WORK/log")" >&2
    "$UMBEL" digest "$run/checkpoint/last"
}

"$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 80 40 0.3 2
"$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >"$WORK/log" 2>&1 ||
    not_ok "pack" "$(tail -1 "$WORK/log")"
all=""
while read -r name trunk; do
    cat >"$WORK/$name.yaml" <<END
pack: $WORK/set.h5
image: 32
trunk: $trunk
batch: 24
lane: 4
epochs: 3
optimizer: {kind: adamw, lr: 1e-3}
clip_norm: 1
END
    one=$(digest_of "$name" 1 1)
    same "$name: digest over ranks 1 2 3 and workers 1 2" "$one" "$(digest_of "$name" 1 2)" "$(digest_of "$name" 2 1)" \
        "$(digest_of "$name" 3 2)"
    all="$all$one"$'\n'
done < <(families)
same "each family has a digest of its own" "$(families | wc -l)" "$(echo -n "$all" | sort -u | wc -l)"
finish
