#!/bin/bash
# umbel export: what its files hold is what umbel computes with.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
export PYTHONDONTWRITEBYTECODE=1
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
# Squares of the network's size, lossless: their pixels are its input, and Python sees the same.
"$PYTHON" - <<'END'
import glob
from PIL import Image
for path in glob.glob("set/*.jpg") + glob.glob("set/*.png"):
    Image.open(path).convert("RGB").crop((0, 0, 40, 40)).save(path, "PNG")
END
umbel pack --manifest set/manifest.csv --root set --out pack.h5 >/dev/null 2>&1 || not_ok "pack" "failed"
cat >small.yaml <<'END'
pack: pack.h5
image: 40
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
augment: {crop: 1, mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.25, 0.3]}
batch: 16
lane: 4
epochs: 4
optimizer: {lr: 0.01}
END
umbel train small.yaml --set run=done >/dev/null 2>&1 || not_ok "train" "failed"
checkpoint=done/checkpoint/last

# check NAME ARGUMENTS...: tests/cli/export_check.py agrees
check() {
    local name=$1
    shift
    "$PYTHON" "$TESTS/cli/export_check.py" "$@" >out 2>&1 && ok "$name" || not_ok "$name" "$(tail -1 out)"
}

umbel export $checkpoint --onnx float.onnx && umbel export $checkpoint --onnx uint8.onnx --input uint8
umbel eval $checkpoint --split train --json scores.json >/dev/null 2>&1
check "ONNX has eval's scores and losses" scores float.onnx pack.h5 scores.json
check "ONNX with bytes has them too" scores uint8.onnx pack.h5 scores.json
check "ONNX tells classes and preprocessing" metadata float.onnx pack.h5
umbel export $checkpoint --onnx again.onnx
same "ONNX twice is the same bytes" "$(md5sum <float.onnx)" "$(md5sum <again.onnx)"

# --- weights, there and back
trunk='--set image=40 --set trunk.patch=2 --set trunk.depths=[1,1,1,1] --set trunk.dims=[8,8,16,16]'
umbel export $checkpoint --safetensors timm.safetensors --torchvision tv.safetensors --head shape
umbel export $checkpoint --safetensors trunk.safetensors
for file in timm tv trunk; do
    # shellcheck disable=SC2086
    umbel import $file.safetensors --trunk convnext_atto --head shape $trunk --out $file.h5 >/dev/null 2>err || not_ok "import" "$(cat err)"
done
check "timm's names, there and back" arrays $checkpoint timm.h5 shape
check "torchvision's names, there and back" arrays $checkpoint tv.h5 shape
check "the trunk alone, there and back" arrays $checkpoint trunk.h5 -
fails "a deeper folder that is missing" 4 'none/x.onnx' umbel export $checkpoint --onnx none/x.onnx
same "no unfinished file is left" "0" "$(find . -name '*.tmp-*' | wc -l)"
finish
