#!/bin/bash
# The same bits on every instruction set with fused multiply-adds: v3 against v4, also side by side in one
# job. tests/cross/arm64.sh does the same with 64-bit Arm.
. tests/cli/common.sh

if ! UMBEL_ISA=v4 "$UMBEL" --version >/dev/null 2>&1; then
    ok "v3 and v4 (not possible here: this CPU has no AVX-512)"
    finish
fi
"$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 60 20 0.3 1
"$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >"$WORK/log" 2>&1 ||
    not_ok "pack" "$(tail -1 "$WORK/log")"

# configure NAME TRUNK: a run of three steps
configure() {
    cat >"$WORK/$1.yaml" <<END
pack: $WORK/set.h5
image: 32
trunk: {$2}
batch: 8
lane: 4
epochs: 2
workers: 1
clip_norm: 1
END
}

# digest NAME RUN COMMAND...: COMMAND trains NAME in RUN
digest() {
    local name=$1 run="$WORK/$2"
    shift 2
    "$@" train "$WORK/$name.yaml" --set run="$run" --steps 3 >"$WORK/log" 2>&1 || tail -1 "$WORK/log" >&2
    "$UMBEL" digest "$run/checkpoint/last"
}

configure convnext "kind: convnext_atto, patch: 2, drop_path: 0.2"
configure resnet "kind: resnet20"
configure vit "kind: vit_tiny_patch16, patch: 8, depth: 2"
configure mobilenet "kind: mobilenet_v1"
for name in convnext resnet vit mobilenet; do
    same "$name: v3 and v4" "$(digest $name $name-v3 env UMBEL_ISA=v3 "$UMBEL")" "$(digest $name $name-v4 env UMBEL_ISA=v4 "$UMBEL")"
done

# One rank of each.
"${MPIRUN[@]}" -n 1 env UMBEL_ISA=v3 "$UMBEL" train "$WORK/convnext.yaml" --set run="$WORK/mixed" --steps 3 : \
    -n 1 env UMBEL_ISA=v4 "$UMBEL" train "$WORK/convnext.yaml" --set run="$WORK/mixed" --steps 3 >"$WORK/log" 2>&1 ||
    not_ok "a rank of each" "$(tail -1 "$WORK/log")"
same "convnext: a rank of each" "$("$UMBEL" digest "$WORK/convnext-v4/checkpoint/last")" "$("$UMBEL" digest "$WORK/mixed/checkpoint/last")"
fails "other arithmetic" 4 "would not compute the same bits" "${MPIRUN[@]}" \
    -n 1 env UMBEL_ISA=v2 "$UMBEL" train "$WORK/convnext.yaml" --set run="$WORK/refused" --steps 3 : \
    -n 1 env UMBEL_ISA=v4 "$UMBEL" train "$WORK/convnext.yaml" --set run="$WORK/refused" --steps 3
finish
