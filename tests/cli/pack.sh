#!/bin/bash
# Packs: the same bytes on any number of ranks, what h5py finds in them, and each mistake with its text.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
umbel3() { timeout 60 mpirun --oversubscribe -n 3 "$UMBEL" "$@"; }
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 150 40 0.2 1

# --- the same bytes
packed() { # RANKS OUT MORE...
    local n=$1 out=$2
    shift 2
    ranks "$n" "$UMBEL" pack --manifest set/manifest.csv --root set --out "$out" "$@" >log 2>&1 || not_ok "pack on $n ranks" "$(tail -3 log | tr '\n' '|')"
    md5sum <"$out"
}
same "kept bytes on 1 2 3 4 ranks" "$(packed 1 a.h5)" "$(packed 1 a1.h5)" "$(packed 2 a2.h5)" "$(packed 3 a3.h5)" "$(packed 4 a4.h5)"
options="--max-side 24 --quality 80 --split train=0.7,val=0.2,test=0.1 --seed 5"
same "re-encoded and split on 1 2 3 ranks" "$(packed 1 b.h5 $options)" "$(packed 2 b2.h5 $options)" "$(packed 3 b3.h5 $options)"
differ "another seed" "$(packed 1 c.h5 $options)" "$(packed 1 c.h5 $options --seed 6)"

# --- what is in it
"$PYTHON" - <<'EOF' && ok "h5py finds the documented layout" || not_ok "h5py" "see above"
import csv, h5py, io, numpy as np
from PIL import Image
f = h5py.File("a.h5", "r")
rows = list(csv.DictReader(open("set/manifest.csv")))
assert f.attrs["format"] == b"umbel pack" and f.attrs["version"] == 1
offset, data = f["images/offset"][:], f["images/bytes"]
assert len(offset) == len(rows) + 1
for i, row in enumerate(rows):
    stored = data[offset[i]:offset[i + 1]].tobytes()
    assert stored == open("set/" + row["path"], "rb").read(), i
    assert f["images/path"][i].decode() == row["path"]
    assert Image.open(io.BytesIO(stored)).size == tuple(f["images/size"][i])
    assert ["train", "val", "test"][f["split"][i]] == row["split"]
    for name in ("shape", "colour", "place"):
        label = f["labels"][name]["label"][i]
        names = [n.decode() for n in f["labels"][name]["class"][:]]
        assert names == sorted(names) and (names[label] if label >= 0 else "") == row[name]
g = h5py.File("b.h5", "r")
assert g["images/size"][:].max() == 24
assert list(np.bincount(g["split"][:])) == [105, 30, 15], np.bincount(g["split"][:])
for name in ("shape", "colour", "place"):
    label, split = g["labels"][name]["label"][:], g["split"][:]
    for k in range(label.max() + 1):
        n = (label == k).sum()
        share = [((label == k) & (split == s)).sum() for s in range(3)]
        assert all(abs(a - b * n) <= 2 for a, b in zip(share, (0.7, 0.2, 0.1))), (name, k, share)
EOF
h5dump -H a.h5 >/dev/null 2>&1 && ok "h5dump opens it" || not_ok "h5dump" "cannot"
mkdir -p tree/bolt/m3 tree/bolt/m4 tree/nut/m3
cp set/00000.jpg tree/bolt/m3/1.jpg; cp set/00001.jpg tree/bolt/m4/2.JPG; cp set/00003.png tree/nut/m3/3.png; echo x >tree/nut/notes.txt
umbel pack tree --levels type,size --out tree.h5 >out 2>err
grep -q 'tree.h5: 3 images: 3 train' out && grep -q 'type .* 2 classes' out && ok "image folders" || not_ok "image folders" "$(cat err)"
sed 's/shape,colour/shape,camera/' set/manifest.csv >grouped.csv
umbel pack --manifest grouped.csv --root set --labels shape,place --split train=0.6,test=0.4 --group camera --out grouped.h5 >out 2>err || not_ok "--group" "$(cat err)"
"$PYTHON" - <<'EOF' && ok "--group keeps together" || not_ok "--group" "see above"
import csv, h5py
split = h5py.File("grouped.h5")["split"][:]
seen = {}
for row, s in zip(csv.DictReader(open("grouped.csv")), split):
    assert not row["camera"] or seen.setdefault(row["camera"], s) == s
EOF

# --- mistakes
mkdir bad && cp set/00000.jpg bad/good.jpg && head -c 600 bad/good.jpg >bad/cut.jpg && : >bad/zero.jpg && echo hello >bad/text.jpg
manifest() { printf '%b' "$1" >m.csv; }
refuses() { # NAME CODE PATTERN MANIFEST MORE...
    local name=$1 code=$2 pattern=$3
    manifest "$4"
    shift 4
    fails "$name" "$code" "$pattern" umbel pack --manifest m.csv --root bad --out o.h5 "$@"
}
refuses "missing file" 3 'good.jpg|cannot open bad/none.jpg: No such file' 'path,t\ncut.jpg,a\nnone.jpg,x\n'
refuses "truncated image" 3 '^umbel: bad/cut.jpg: is a damaged JPEG: Premature end' 'path,t\ncut.jpg,x\n'
refuses "zero bytes" 3 '^umbel: bad/zero.jpg: is empty' 'path,t\nzero.jpg,x\n'
refuses "no picture" 3 '^umbel: bad/text.jpg: is no JPEG or PNG' 'path,t\ntext.jpg,x\n'
refuses "path outside the root" 3 '^umbel: m.csv:2: the path ../good.jpg leaves the root' 'path,t\n../good.jpg,x\n'
refuses "absolute path" 3 '^umbel: m.csv:2: the path /etc/passwd leaves the root' 'path,t\n/etc/passwd,x\n'
refuses "duplicate path" 3 '^umbel: m.csv: the path good.jpg stands there twice' 'path,t\ngood.jpg,x\ngood.jpg,y\n'
refuses "unknown column" 3 '^umbel: m.csv:1: has no column "tipe"; did you mean "type"\?' 'path,type\ngood.jpg,x\n' --labels tipe
refuses "no path column" 3 '^umbel: m.csv:1: has no column "path"' 'file,type\ngood.jpg,x\n'
refuses "open quote" 3 '^umbel: m.csv:2: a quoted field has no closing quote' 'path,t\n"good.jpg,x\n'
refuses "ragged row" 3 '^umbel: m.csv:3: has 3 fields, the header has 2' 'path,t\ngood.jpg,x\ncut.jpg,y,z\n'
refuses "Latin-1" 3 '^umbel: m.csv:2: is not in UTF-8' 'path,t\ngood.jpg,gr\0371n\n'
refuses "no images" 3 '^umbel: m.csv: lists no images' 'path,t\n'
refuses "no labels in a group" 3 '^umbel: label group u: no image has a label' 'path,t,u\ngood.jpg,x,\n'
refuses "no label column" 3 '^umbel: m.csv:1: has no label column' 'path,split\ngood.jpg,train\n'
refuses "bad split in the manifest" 3 '^umbel: m.csv:2: the split must be train, val or test, not "dev"' 'path,t,split\ngood.jpg,x,dev\n'
refuses "shares that do not add up" 2 '^umbel: --split: the shares in "train=0.5" add up to 0.5' 'path,t\ngood.jpg,x\n' --split train=0.5
refuses "output folder missing" 4 '^umbel: cannot write none/o.h5: No such file' 'path,t\ngood.jpg,x\n' --out none/o.h5
fails "manifest missing" 4 '^umbel: cannot open nothing.csv: No such file' umbel pack --manifest nothing.csv --out o.h5
fails "folder and manifest" 2 'give either an image folder or --manifest' umbel pack tree --manifest m.csv --out o.h5
fails "empty folder" 3 '^umbel: bad2: holds no .jpg, .jpeg or .png files' sh -c "mkdir bad2; $UMBEL pack bad2 --levels t --out o.h5"
manifest 'path,t\ncut.jpg,x\ngood.jpg,y\n'
fails "under mpirun once" 3 '^umbel: bad/cut.jpg: is a damaged JPEG' umbel3 pack --manifest m.csv --root bad --out o.h5
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
    fails "disk full" 4 '^umbel: cannot write small/o.h5' umbel pack --manifest set/manifest.csv --root set --out small/o.h5
    same "nothing is left on the full disk" "0" "$(find small -type f | wc -l)"
    umount small
fi
same "no unfinished file is left" "0" "$(find . -name 'o.h5*' -o -name '*.tmp-*' | wc -l)"
finish
