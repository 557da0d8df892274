#!/bin/bash
# What is no mistake, and what inspect shows of packs and checkpoints.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
umbel3() { timeout 60 "${MPIRUN[@]}" -n 3 "$UMBEL" "$@"; }

cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
umbel pack --manifest set/manifest.csv --root set --out good.h5 >/dev/null 2>&1 || not_ok "pack" "failed"
cat >good.yaml <<'EOF'
pack: good.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 2
EOF
umbel train good.yaml --set run=done >/dev/null 2>&1 || not_ok "train" "failed"
checkpoint=done/checkpoint/last

# Damaged checkpoints are passed over for older ones, as long as there are any.
cp -r done broken
for file in broken/checkpoint/step-*.h5; do truncate -s 20000 "$file"; done
fails "resume from damaged checkpoints only" 3 'none of the checkpoints in broken can be read' umbel3 train good.yaml --set run=broken --resume

# --- inspect
shows() { # NAME PATTERN FILE
    umbel inspect "$3" >out 2>err
    grep -qE -- "$2" out && ok "$1" || not_ok "$1" "$(head -5 out err | tr '\n' '|')"
}
shows "inspect: images" '^  images +60 in ' good.h5
shows "inspect: sizes" '^  widths +40 to 40 pixels' good.h5
shows "inspect: splits" '^  splits +train 48, val 6, test 6' good.h5
shows "inspect: groups" '^shape: 5 classes, [0-9]+ labelled, [0-9]+ missing' good.h5
shows "inspect: classes" '^  circle +[0-9]+ +[0-9]+ +[0-9]+' good.h5
shows "inspect: progress" '^  progress +step 6, epoch 2 of 2' $checkpoint
shows "inspect: trunk" '^  trunk +convnext_atto at 32 x 32 pixels: [0-9]+ parameters' $checkpoint
shows "inspect: digest" '^  digest +[0-9a-f]{32}$' $checkpoint
shows "inspect: heads" '^  shape +softmax +5 classes +[0-9.]+%' $checkpoint
shows "inspect: class names" '^    bar, circle, ring, square, triangle' $checkpoint

# The sheet: what evaluation sees, then every epoch the largest square turned over, as Pillow makes them.
umbel inspect --augment good.yaml --out sheet.png --set 'heads=[place]' --set 'heads[0].flips=left<->right' --set augment.flip=1 \
    --set 'augment.scale=[1,1]' --set 'augment.ratio=[1,1]' --set augment.crop=1 >sheet.txt 2>err || not_ok "inspect --augment" "$(cat err)"
"$PYTHON" - <<'EOF' && ok "inspect --augment" || not_ok "inspect --augment" "see above"
import csv, re, numpy as np
from PIL import Image
rows = {r["path"]: r for r in csv.DictReader(open("set/manifest.csv"))}
sheet, lines = np.asarray(Image.open("sheet.png").convert("RGB")).astype(int), open("sheet.txt").read().splitlines()
assert sheet.shape == (8 * 34 + 2, 8 * 34 + 2, 3) and len(lines) == 8, (sheet.shape, len(lines))
for row, line in enumerate(lines):
    path = re.match(r"row \d+: record \d+, ([^;]*);", line)[1]
    picture = Image.open("set/" + path).convert("RGB") # 40 wide, and at least as high
    square = lambda top: np.asarray(picture.resize((32, 32), Image.BILINEAR, box=(0, top, 40, top + 40))).astype(int)
    above = picture.height - 40
    label = rows[path]["place"]
    other = {"left": "right", "right": "left"}.get(label)
    assert f"; place {label or '-'}" in line and line.count(f": {other})") == (7 if label else 0), line
    for column in range(8):
        cell = sheet[2 + 34 * row:34 + 34 * row, 2 + 34 * column:34 + 34 * column]
        seen = [square(top)[:, ::-1] for top in range(above + 1)] if column else [square(above / 2)]
        assert min(np.abs(cell - s).max() for s in seen) <= 2, (path, column)
EOF
umbel inspect --json good.h5 >pack.json && umbel inspect --json $checkpoint >checkpoint.json
"$PYTHON" - <<'EOF' && ok "inspect --json" || not_ok "inspect --json" "see above"
import csv, json
pack, checkpoint = json.load(open("pack.json")), json.load(open("checkpoint.json"))
rows = list(csv.DictReader(open("set/manifest.csv")))
assert pack["kind"] == "pack" and pack["images"] == 60 and pack["splits"] == {"train": 48, "val": 6, "test": 6}
for name, group in pack["labels"].items():
    for split in ("train", "val", "test"):
        assert group["missing"][split] == sum(r["split"] == split and not r[name] for r in rows)
        for label, images in group["images"].items():
            assert images[split] == sum(r["split"] == split and r[name] == label for r in rows), (name, label)
assert checkpoint["kind"] == "checkpoint" and checkpoint["step"] == 6 and checkpoint["trunk"] == "convnext_atto"
assert checkpoint["heads"]["shape"]["classes"] == ["bar", "circle", "ring", "square", "triangle"]
assert checkpoint["pack_hash"] == pack["hash"] and len(checkpoint["digest"]) == 32
EOF
"$PYTHON" - $checkpoint <<'EOF' && ok "h5py reads a checkpoint" || not_ok "h5py reads a checkpoint" "see above"
import sys, h5py
f = h5py.File(sys.argv[1], "r")
assert f.attrs["format"] == b"umbel checkpoint" and f.attrs["version"] == 2, dict(f.attrs)
assert f["param/trunk.stem.conv.weight"].shape == (8, 2, 2, 3), f["param/trunk.stem.conv.weight"]
assert list(f["heads"]) and f["heads/shape/class"][0] == b"bar", f["heads/shape/class"][:]
EOF
h5dump -H $checkpoint >/dev/null 2>&1 && ok "h5dump reads a checkpoint" || not_ok "h5dump" "cannot"

# --- what is no mistake
umbel train good.yaml --set run=done --resume --set epochs=3 --steps 7 >out 2>err
if grep -q 'warning: epochs was 2 and is 3' err; then ok "a longer run is warned of"; else not_ok "a longer run" "$(head -1 err)"; fi
umbel3 train good.yaml --set run=fresh --resume --steps 1 >out 2>err && ok "--resume without a checkpoint starts fresh" || not_ok "--resume without a checkpoint" "$(head -1 err)"
umbel --version | grep -q '^kernels: ' && ok "--version" || not_ok "--version" "no line about kernels"
finish
