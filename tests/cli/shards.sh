#!/bin/bash
# Several packs read as one are the merged pack, to every command and to the last bit; shards are the pack that they are cut from,
# the same bytes on any number of ranks.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
on() { if [ "$1" = 1 ]; then "${@:2}"; else ranks "$@"; fi; } # one rank needs no launcher
cd "$WORK" || exit 1
# Two packs with one label group in common, whose classes differ, and kinds that only one has.
"$PYTHON" "$TESTS/make_dataset.py" set 96 32 0.2 1
"$PYTHON" - <<'EOF2'
import csv
rows = list(csv.DictReader(open("set/manifest.csv")))
for i, row in enumerate(rows):
    row["tags"] = ["", ";", "rusty;bent", "bent"][i % 4]
    row["turn"] = "" if i % 7 == 0 else repr(i * 0.1 / 3)
    row["object"] = f"o{i // 3}" if i % 4 else ""
def write(name, rows, columns):
    with open(name, "w", newline="") as file:
        out = csv.DictWriter(file, columns, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
write("first.csv", rows[:50], ["path", "split", "colour", "shape", "object"])
write("second.csv", [r for r in rows[50:] if r["shape"] != "ring"], ["path", "split", "shape", "tags", "turn"])
write("all.csv", rows, ["path", "split", "shape", "colour", "place", "tags", "turn", "object"])
EOF2
packed() { # RANKS OUT ARGUMENTS...
    local n=$1 out=$2
    shift 2
    on "$n" "$UMBEL" pack --root set --allow-unseen --out "$out" "$@" >log 2>err || not_ok "pack $out on $n ranks" "$(tail -3 err | tr '\n' '|')"
}
packed 1 a.h5 --manifest first.csv --group object
packed 1 b.h5 --manifest second.csv --labels shape,tags:multi,turn:value
packed 1 both.h5 --merge a.h5 b.h5
cat >c.yaml <<'EOF2'
pack: [a.h5, b.h5]
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 3
workers: 2
EOF2
trained() { # RUN RANKS ARGUMENTS...
    local run=$1 n=$2
    shift 2
    on "$n" "$UMBEL" train c.yaml --set run="$run" --steps 6 "$@" >log 2>err || not_ok "train $run" "$(tail -3 err | tr '\n' '|')"
    umbel digest "$run/checkpoint/last"
}

# --- training
merged=$(trained merged 1 --set pack=both.h5)
same "two packs are the merged one, on 1 2 3 4 ranks" "$merged" "$(trained two1 1)" "$(trained two2 2)" "$(trained two3 3 --set 'pack=[a.h5,b.h5]')" "$(trained two4 4)"

trained half 2 --steps 3 >/dev/null
same "resumed on other ranks, the pack named by patterns" "$merged" "$(trained half 3 --resume --set 'pack=[a*.h5, b.*5]' --set stage="$WORK/node")"
same "both are staged" 2 "$(ls node | wc -l)"
fails "resumed on the merged pack, which is another" 3 'was trained on another pack than both.h5' "$UMBEL" train c.yaml --set run=half --resume --set pack=both.h5
fails "groups of two kinds" 3 'shape.h5: label group shape is of the kind multi; in a.h5 it is of the kind class' \
    bash -c "'$UMBEL' pack --manifest second.csv --root set --labels shape:multi --allow-unseen --out shape.h5 >/dev/null 2>&1; '$UMBEL' train c.yaml --set 'pack=[a.h5, shape.h5]'"

# --- every command that opens a pack
checkpoint=two1/checkpoint/last
alike() { # NAME COMMAND...: the same output of both.h5 as of a.h5 and b.h5, but for names and hashes
    local name=$1
    shift
    umbel "$@" --pack both.h5 >one 2>err || not_ok "$name" "$(tail -1 err)"
    umbel "$@" --pack a.h5 --pack b.h5 >two 2>err || not_ok "$name" "$(tail -1 err)"
    [ -s one ] && cmp -s one two && ok "$name" || not_ok "$name" "$(diff one two | head -3 | tr '\n' '|')"
}
alike "eval" eval $checkpoint --json -
alike "predict" predict $checkpoint --split val --format csv
alike "calibrate" calibrate $checkpoint --out calibrated.h5 --json
plain() { # COMMAND...: its JSON without what must differ
    umbel "$@" --json 2>err | "$PYTHON" -c 'import json, sys
found = json.load(sys.stdin)
print(json.dumps({k: v for k, v in found.items() if k not in ("pack", "path", "hash", "files")}))'
}
same "inspect" "$(plain inspect both.h5)" "$(plain inspect a.h5 b.h5)" "$(plain inspect '[a.h5, b.h5]')"
same "lint" "$(plain lint both.h5)" "$(plain lint a.h5 b.h5)"
umbel inspect a.h5 b.h5 >out 2>err
grep -q '^\[a.h5, b.h5\]: pack, version 2' out && grep -q '^  *b.h5: [34][0-9] images' out && ok "inspect names the files" || not_ok "inspect names the files" "$(head -5 out err | tr '\n' '|')"
umbel unpack a.h5 b.h5 --out files >/dev/null 2>err && umbel unpack both.h5 --out whole >/dev/null 2>>err
same "unpack" "$(md5sum <whole/manifest.csv)" "$(md5sum <files/manifest.csv)"
umbel report two1 --pack a.h5 --pack b.h5 --out r.html >/dev/null 2>err && umbel inspect a.h5 b.h5 --html p.html >/dev/null 2>>err && grep -q 'a.h5, b.h5' p.html && ok "pages" || not_ok "pages" "$(tail -1 err)"
umbel inspect --augment c.yaml --out sheet.png >/dev/null 2>err && umbel doctor c.yaml --set run=new >out 2>>err && ok "augment, doctor" || not_ok "augment, doctor" "$(tail -1 err out)"

# --- shards
labels="--labels shape,colour,place,tags:multi,turn:value --group object"
packed 1 whole.h5 --manifest all.csv $labels
sharded() { # RANKS FOLDER ARGUMENTS...
    mkdir -p "$2"
    packed "$1" "$2/p.h5" --shards 5 "${@:3}"
    (cd "$2" && md5sum p* | md5sum)
}
same "shards on 1 2 3 4 ranks" "$(sharded 1 s1 --manifest all.csv $labels)" "$(sharded 2 s2 --manifest all.csv $labels)" "$(sharded 3 s3 --manifest all.csv $labels)" "$(sharded 4 s4 --manifest all.csv $labels)"
same "of five files" 5 "$(ls s4 | wc -l)"
grep -q '^s4/p-\*-of-00005.h5: 96 images: ' log && ok "what is told of them" || not_ok "what is told of them" "$(head -2 log | tr '\n' '|')"
packed 1 again.h5 --merge 's3/p-*.h5'
same "put together they are the pack" "$(md5sum <whole.h5)" "$(md5sum <again.h5)"
same "training on shards, on 3 ranks" "$(trained whole 1 --set pack=whole.h5)" "$(trained sharded 3 --set 'pack=s2/p-*.h5')"
split="--split train=0.7,val=0.2,test=0.1 --max-side 20"
packed 2 small.h5 --manifest all.csv $labels $split
sharded 2 t --manifest all.csv $labels $split >/dev/null
packed 1 again.h5 --merge 't/p-*.h5'
same "re-encoded and split anew" "$(md5sum <small.h5)" "$(md5sum <again.h5)"

mkdir many && packed 1 many/p.h5 --manifest all.csv $labels --shards 90
same "more shards than files may be open" "$(plain inspect whole.h5)" "$(ulimit -Sn 60; plain inspect 'many/p-*.h5')"
same "merged one by one" "$(md5sum <whole.h5)" "$(ulimit -Sn 60; umbel pack --merge many/p-*.h5 --out again.h5 >/dev/null 2>err; md5sum <again.h5)"
fails "more shards than files may ever be open" 4 'cannot open many/p-000[0-9]*-of-00090.h5: Too many open files; raise the limit with ulimit -n' \
    bash -c "ulimit -n 60; '$UMBEL' inspect 'many/p-*.h5'"

# --- what cannot be packed
mkdir broken && cp -r set broken && head -c 300 set/00004.jpg >broken/set/00004.jpg && : >broken/set/00070.jpg && rm broken/set/00094.jpg
broken() { # RANKS OUT ARGUMENTS...
    on "$1" "$UMBEL" pack --root broken/set --manifest all.csv --allow-unseen $labels --out "${@:2}" >log 2>err || not_ok "--keep-going on $1 ranks" "$(tail -3 err | tr '\n' '|')"
}
mkdir k1 k3
broken 1 kept.h5 --keep-going
broken 1 k1/p.h5 --keep-going --shards 5
broken 3 k3/p.h5 --keep-going --shards 5
same "what is left, on 1 and 3 ranks" "$(cat k1/* | md5sum)" "$(cat k3/* | md5sum)"
packed 1 again.h5 --merge 'k3/p-*.h5'
same "as of one file, with the same list" "$(cat kept.h5 kept.h5.rejected.csv | md5sum)" "$(cat again.h5 k3/p.h5.rejected.csv | md5sum)"
told() { on "$1" "$UMBEL" pack --root broken/set --manifest all.csv --allow-unseen $labels --out no.h5 "${@:2}" 2>&1 >/dev/null | grep '^umbel: '; }
same "three problems, told alike" "$(told 1)" "$(told 1 --shards 5)" "$(told 3 --shards 5)"
same "nothing is left behind" 0 "$(find . -name 'no.*' -o -name 'no-*' -o -name '*tmp-*' | wc -l)"
finish
