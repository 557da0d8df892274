#!/bin/bash
# Packs of packs: unpacked and packed again, merged, added to; the same bytes on any number of ranks, and what h5py finds.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
on() { if [ "$1" = 1 ]; then "${@:2}"; else ranks "$@"; fi; } # one rank needs no launcher
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 90 40 0.2 1
# All kinds of labels, names that need quotes, groups; two parts of it.
"$PYTHON" - <<'EOF'
import csv, os
rows = list(csv.DictReader(open("set/manifest.csv")))
os.makedirs("set/deep er", exist_ok=True)
for i, row in enumerate(rows):
    if i % 9 == 4:
        name = f'deep er/it\'s, "{i}".jpg'
        os.rename("set/" + row["path"], "set/" + name)
        row["path"] = name
    row["colour"] = {"red": 'red, "warm"'}.get(row["colour"], row["colour"])
    row["tags"] = ["", ";", "rusty; bent", "bent", "à neuf;rusty"][i % 5]
    row["turn"] = "" if i % 7 == 0 else repr(i * 0.1 / 3)
    row["object"] = f"o{i // 3}" if i % 4 else ""
def write(name, rows, columns):
    with open(name, "w", newline="") as file:
        out = csv.DictWriter(file, columns, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
columns = ["path", "split", "shape", "colour", "place", "tags", "turn", "object"]
write("all.csv", rows, columns)
write("first.csv", rows[:50], columns)
write("second.csv", rows[50:], columns)
write("plain.csv", rows[:50], columns[:4])
write("more.csv", rows[:50], ["path"] + columns[4:7])
EOF
labels="--labels shape,colour,place,tags:multi,turn:value --group object"
packed() { # OUT ARGUMENTS...
    local out=$1
    shift
    umbel pack --root set --allow-unseen --out "$out" "$@" >log 2>&1 || not_ok "pack $out" "$(tail -3 log | tr '\n' '|')"
    md5sum <"$out"
}
whole=$(packed all.h5 --manifest all.csv $labels)

# --- unpacked, and packed again by the line that is told
umbel unpack all.h5 --out files >out 2>err || not_ok "unpack" "$(cat err)"
again=$(sed -n 's/^the same pack again: umbel \(pack .*\)/\1/p' out)
umbel $again >log 2>&1 || not_ok "packed again" "$(tail -3 log)"
same "unpacked and packed again: the same bytes" "$whole" "$(md5sum <AGAIN.h5)"
"$PYTHON" - <<'EOF' && ok "the files are those that were packed" || not_ok "the files" "see above"
import csv
for row in csv.DictReader(open("all.csv")):
    assert open("set/" + row["path"], "rb").read() == open("files/images/" + row["path"], "rb").read(), row
EOF
fails "a folder that is taken" 2 'files/manifest.csv is there already; choose another folder' "$UMBEL" unpack all.h5 --out files
"$PYTHON" - <<'EOF'
import h5py
with h5py.File("all.h5") as f:
    at = f["images/bytes"].id.get_offset() + int(f["images/offset"][7]) + 100
data = bytearray(open("all.h5", "rb").read())
data[at] ^= 1
open("hurt.h5", "wb").write(data)
EOF
fails "a damaged image" 3 'image 7 of hurt.h5 is damaged' "$UMBEL" unpack hurt.h5 --out hurt

# --- merged
packed first.h5 --manifest first.csv $labels >/dev/null
packed second.h5 --manifest second.csv $labels >/dev/null
merge() { # RANKS OUT PACKS...
    local n=$1 out=$2
    shift 2
    on "$n" "$UMBEL" pack --merge "$@" --allow-unseen --out "$out" >log 2>&1 || not_ok "merge on $n ranks" "$(tail -3 log | tr '\n' '|')"
    md5sum <"$out"
}
same "two halves are the whole, on 1 2 3 ranks" "$whole" "$(merge 1 m1.h5 first.h5 second.h5)" "$(merge 2 m2.h5 first.h5 second.h5)" "$(merge 3 m3.h5 first.h5 second.h5)"
same "a pack alone stays what it is" "$whole" "$(merge 1 alone.h5 all.h5)"
packed plain.h5 --manifest plain.csv >/dev/null
merge 1 mixed.h5 second.h5 plain.h5 >/dev/null
"$PYTHON" - <<'EOF' && ok "groups that one pack lacks are missing there" || not_ok "missing groups" "see above"
import csv, h5py, numpy as np
f = h5py.File("mixed.h5")
assert sorted(f["labels"]) == sorted(["shape", "colour", "place", "tags", "turn"])
assert len(f["split"]) == 90 and (f["labels/place/label"][40:] == -1).all() and not f["labels/tags/known"][40:].any()
assert np.isnan(f["labels/turn/value"][40:]).all() and not any(f["images/group"][40:])
rows = list(csv.DictReader(open("all.csv")))
rows = rows[50:] + rows[:50]
names = [n.decode() for n in f["labels/colour/class"][:]]
assert [names[k] if k >= 0 else "" for k in f["labels/colour/label"][:]] == [r["colour"] for r in rows]
EOF
merge 1 twice.h5 plain.h5 first.h5 >/dev/null
"$PYTHON" - <<'EOF' && ok "paths that come again are told apart" || not_ok "paths that come again" "see above"
import h5py
path = [p.decode() for p in h5py.File("twice.h5")["images/path"][:]]
assert len(set(path)) == 100 and path[50:] == ["first/" + p for p in path[:50]], path[48:53]
EOF
packed value.h5 --manifest first.csv --labels turn >/dev/null
fails "groups of two kinds" 3 'value.h5: label group turn is of the kind class; in all.h5 it is of the kind value' "$UMBEL" pack --merge all.h5 value.h5 --out o.h5
fails "a pack that is none" 3 'all.csv: ' "$UMBEL" pack --merge all.h5 all.csv --out o.h5
fails "--merge with labels" 2 'merge takes packs as they are' "$UMBEL" pack --merge all.h5 --labels shape --out o.h5

# --- added to
cp plain.h5 grown.h5
packed grown.h5 --manifest more.csv --labels place,tags:multi,turn:value --add-to grown.h5 >/dev/null
packed direct.h5 --manifest first.csv --labels shape,colour,place,tags:multi,turn:value >/dev/null
same "new label groups" "$(md5sum <direct.h5)" "$(md5sum <grown.h5)"
cp first.h5 grown.h5
umbel pack --root set --manifest second.csv $labels --allow-unseen --add-to grown.h5 >out 2>err || not_ok "--add-to" "$(cat err)"
same "new images, in place" "$whole" "$(md5sum <grown.h5)"
printf 'path,colour\n00000.jpg,violet\n00001.jpg,\n' >mend.csv
umbel pack --manifest mend.csv --root nowhere --allow-unseen --add-to all.h5 --out mended.h5 >out 2>err || not_ok "other labels" "$(cat err)"
"$PYTHON" - <<'EOF' && ok "other labels, without files" || not_ok "other labels" "see above"
import h5py
old, new = h5py.File("all.h5"), h5py.File("mended.h5")
text = lambda f: [f["labels/colour/class"][k] if k >= 0 else None for k in f["labels/colour/label"][:]]
assert text(new)[0] == b"violet" and text(new)[1:] == text(old)[1:] and len(text(new)) == 90
EOF
finish
