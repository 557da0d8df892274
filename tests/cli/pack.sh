#!/bin/bash
# Packs: the same bytes on any number of ranks, what h5py finds in them, and each mistake with its text.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
umbel3() { timeout 60 "${MPIRUN[@]}" -n 3 "$UMBEL" "$@"; }
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

# --- patterns
mkdir -p named/train/bolt named/test/bolt
cp set/00000.jpg named/train/bolt/m3_long_045.jpg
cp set/00001.jpg named/train/bolt/m4_090.jpg
cp set/00002.jpg named/test/bolt/m4_045.jpg
umbel pack named --pattern '{split}/{type}/{part}_{angle}.*' --allow-unseen --out named.h5 >out 2>err || not_ok "--pattern" "$(cat err)"
"$PYTHON" - <<'EOF' && ok "--pattern" || not_ok "--pattern" "see above"
import h5py
f = h5py.File("named.h5")
def names(group):
    classes = [c.decode() for c in f["labels"][group]["class"][:]]
    return [classes[k] for k in f["labels"][group]["label"][:]]
assert [p.decode() for p in f["images/path"][:]] == ["test/bolt/m4_045.jpg", "train/bolt/m3_long_045.jpg", "train/bolt/m4_090.jpg"]
assert names("part") == ["m4", "m3_long", "m4"], names("part")
assert names("angle") == ["045", "045", "090"] and names("type") == ["bolt"] * 3
assert list(f["split"][:]) == [2, 0, 0]
EOF

# --- files that cannot be packed are left out, on any number of ranks alike
mkdir broken && cp -r set broken/set && head -c 500 set/00004.jpg >broken/set/00004.jpg && : >broken/set/00070.jpg && rm broken/set/00149.jpg
left_out() { # RANKS OUT
    ranks "$1" "$UMBEL" pack --manifest set/manifest.csv --root broken/set --keep-going --out "$2" >out 2>err || not_ok "--keep-going on $1 ranks" "$(tail -2 err)"
    md5sum <"$2"
}
same "--keep-going on 1 2 3 ranks" "$(left_out 1 k1.h5)" "$(left_out 2 k2.h5)" "$(left_out 3 k3.h5)"
grep -q '3 files rejected; k3.h5.rejected.csv lists them' out && ok "rejects are told" || not_ok "rejects are told" "$(cat out)"
cat >expected <<'EOF'
path,reason
"00004.jpg","broken/set/00004.jpg: is a damaged JPEG: Premature end of JPEG file"
"00070.jpg","broken/set/00070.jpg: is empty"
"00149.jpg","cannot open broken/set/00149.jpg: No such file or directory"
EOF
same "their list" "$(cat expected)" "$(cat k1.h5.rejected.csv)" "$(cat k3.h5.rejected.csv)"
"$PYTHON" - <<'EOF' && ok "what is left is whole" || not_ok "what is left is whole" "see above"
import csv, h5py
f = h5py.File("k1.h5")
rows = [r for r in csv.DictReader(open("set/manifest.csv")) if r["path"] not in ("00004.jpg", "00070.jpg", "00149.jpg")]
offset, data = f["images/offset"][:], f["images/bytes"]
assert len(offset) == len(rows) + 1
for i, row in enumerate(rows):
    assert f["images/path"][i].decode() == row["path"]
    assert data[offset[i]:offset[i + 1]].tobytes() == open("set/" + row["path"], "rb").read(), row
EOF
umbel pack --manifest set/manifest.csv --root set --keep-going --out k1.h5 >out 2>err
[ -e k1.h5.rejected.csv ] && not_ok "no list without rejects" "an old one is left" || ok "no list without rejects"

# --- a stop in the middle: many pictures, each a link to the same file
mkdir many
for i in $(seq 6000); do echo "many/$i.jpg"; done | xargs -n 500 "$PYTHON" -c 'import os, sys; [os.link("set/00001.jpg", name) for name in sys.argv[1:]]'
for options in "" "--shards 2"; do
    umbel pack many --pattern '{number}.jpg' --allow-unseen --max-side 20 $options --out stopped.h5 >out 2>err &
    for _ in $(seq 500); do
        compgen -G 'stopped*tmp*' >/dev/null && break
        sleep 0.01
    done
    pkill -TERM -P $! 2>/dev/null
    wait $!
    same "a stop${options:+ with $options}: code, line, nothing left" "85 umbel: packing was stopped by SIGTERM; nothing is kept 0" \
        "$? $(grep -v packing: err) $(find . -name 'stopped*' | wc -l)"
done
finish
