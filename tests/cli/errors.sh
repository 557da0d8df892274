#!/bin/bash
# Every mistake gets one clear line from one rank and its exit code; nothing hangs.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
umbel3() { timeout 60 mpirun --oversubscribe -n 3 "$UMBEL" "$@"; }

cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
"$UMBEL" pack --manifest set/manifest.csv --root set --out good.h5 >/dev/null 2>&1 || not_ok "pack" "failed"
cat >good.yaml <<'EOF'
pack: good.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 2
EOF
umbel train good.yaml --set run=done --steps 3 >/dev/null 2>&1 || not_ok "train" "failed"
checkpoint=done/checkpoint/last

# --- command line and configuration
fails "unknown command" 2 'trian: no such command; did you mean train\?' umbel trian
fails "no configuration" 2 'no configuration given' umbel train
fails "bad --steps" 2 '^umbel train: --steps: must be a number of steps' umbel train good.yaml --steps 5x
fails "configuration missing" 2 '^umbel: cannot open none.yaml: No such file' umbel train none.yaml
: >empty.yaml
fails "configuration empty" 2 '^umbel: empty.yaml: is empty' umbel train empty.yaml
head -c 400 /dev/zero >binary.yaml
fails "configuration binary" 2 '^umbel: binary.yaml: is a binary file' umbel train binary.yaml
printf 'pack: a\n\tbatch: 3\n' >tabs.yaml
fails "tabs" 2 '^umbel: tabs.yaml:2:1: .*tab' umbel train tabs.yaml
fails "unknown key, under mpirun once" 2 '^umbel: --set bach=4: bach: unknown key; did you mean batch\?' umbel3 train good.yaml --set bach=4
fails "batch no multiple of lane" 2 'batch: 18 is no multiple of lane, 4' umbel train good.yaml --set batch=18
fails "head that the pack lacks" 2 'heads\[0\].name: good.h5 has no label group "shap"; did you mean "shape"\?' umbel3 train good.yaml --set 'heads=[{name: shap}]' --set run=r1
fails "batch larger than the set" 2 'batch: 64 is larger than the 48 training images of good.h5; choose at most 48' umbel3 train good.yaml --set batch=64 --set run=r1
fails "image too small" 2 'use a larger `image` or a smaller `trunk.patch`' umbel train good.yaml --set image=8 --set run=r1

# --- packs
fails "pack missing" 4 '^umbel: cannot open none.h5: No such file' umbel3 train good.yaml --set pack=none.h5 --set run=r1
head -c 9000 good.h5 >cut.h5
fails "pack truncated" 3 '^umbel: cut.h5: .*truncated' umbel3 train good.yaml --set pack=cut.h5 --set run=r1
cp good.h5 flipped.h5
printf '\125' | dd of=flipped.h5 bs=1 seek=2500 conv=notrunc 2>/dev/null
fails "pack damaged" 3 '^umbel: flipped.h5: is damaged: its checksum' umbel train good.yaml --set pack=flipped.h5 --set run=r1
fails "checkpoint given as pack" 3 'is a checkpoint, not a pack' umbel train good.yaml --set pack=$checkpoint --set run=r1
fails "text given as pack" 3 'good.yaml: is neither a pack nor a checkpoint' umbel train good.yaml --set pack=good.yaml --set run=r1

# --- checkpoints
fails "pack given as checkpoint" 3 'good.h5: is a pack, not a checkpoint' umbel eval good.h5
head -c 20000 $checkpoint >cut-checkpoint.h5
fails "checkpoint truncated" 3 'cut-checkpoint.h5: .*truncated' umbel3 eval cut-checkpoint.h5
fails "digest of nothing" 4 'cannot open none: No such file' umbel digest none
fails "bad split" 2 'split: must be train, val or test, not "tset"' umbel eval $checkpoint --split tset
fails "inspect of a text" 3 'good.yaml: is neither a pack nor a checkpoint' umbel inspect good.yaml

# --- run folders
fails "run folder in use" 2 'done: holds the checkpoints of another run \(newest: step 3\); go on with --resume' umbel3 train good.yaml --set run=done
fails "resume with another seed" 2 'seed: the run began with 1 and cannot go on with 2' umbel3 train good.yaml --set run=done --resume --set seed=2
fails "resume with another lane" 2 'lane: the run began with 4 and cannot go on with 8' umbel train good.yaml --set run=done --resume --set lane=8
"$UMBEL" pack --manifest set/manifest.csv --root set --split train=0.8,val=0.2 --out other.h5 >/dev/null 2>&1
fails "resume with another pack" 3 'was trained on another pack than other.h5' umbel train good.yaml --set run=done --resume --set pack=other.h5
cp -r done broken && head -c 20000 done/checkpoint/step-3.h5 >broken/checkpoint/step-3.h5
fails "resume from a damaged checkpoint" 3 'broken/checkpoint/step-3.h5' umbel3 train good.yaml --set run=broken --resume
touch file
fails "run folder is a file" 4 'file.*: ' umbel3 train good.yaml --set run=file

# --- what is no mistake
umbel train good.yaml --set run=done --resume --set epochs=3 --steps 4 >out 2>err
if grep -q 'warning: epochs was 2 and is 3' err; then ok "a longer run is warned of"; else not_ok "a longer run" "$(head -1 err)"; fi
umbel3 train good.yaml --set run=fresh --resume --steps 1 >out 2>err && ok "--resume without a checkpoint starts fresh" || not_ok "--resume without a checkpoint" "$(head -1 err)"
umbel --version | grep -q '^kernels: ' && ok "--version" || not_ok "--version" "no line about kernels"
umbel inspect good.h5 | grep -q 'shape .*5 classes' && ok "inspect of a pack" || not_ok "inspect of a pack" "$(umbel inspect good.h5 2>&1 | head -3)"
umbel inspect $checkpoint | grep -q 'digest [0-9a-f]\{32\}' && ok "inspect of a checkpoint" || not_ok "inspect of a checkpoint" "no digest"
"$PYTHON" - $checkpoint <<'EOF' && ok "h5py reads a checkpoint" || not_ok "h5py reads a checkpoint" "see above"
import sys, h5py
f = h5py.File(sys.argv[1], "r")
assert f.attrs["format"] == b"umbel checkpoint" and f.attrs["version"] == 1, dict(f.attrs)
assert f["param/trunk.stem.conv.weight"].shape == (8, 2, 2, 3), f["param/trunk.stem.conv.weight"]
assert list(f["heads"]) and f["heads/shape/class"][0] == b"bar", f["heads/shape/class"][:]
EOF
h5dump -H $checkpoint >/dev/null 2>&1 && ok "h5dump reads a checkpoint" || not_ok "h5dump" "cannot"
finish
