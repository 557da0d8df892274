#!/bin/bash
# Packs from tar files and from lists on standard input are those from the same files in folders, on any number of ranks.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
on() { if [ "$1" = 1 ]; then "${@:2}"; else ranks "$@"; fi; } # one rank needs no launcher
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 150 32 0.2 1
# The same samples as files train-N/KEY.jpg with a manifest, and as shards train-N.tar* of every dialect.
"$PYTHON" - <<'EOF'
import csv, io, json, os, shutil, tarfile
rows = list(csv.DictReader(open("set/manifest.csv")))
os.makedirs("shards")
kinds = [(".tar", "w", tarfile.USTAR_FORMAT), (".tar", "w", tarfile.PAX_FORMAT), (".tar.gz", "w:gz", tarfile.GNU_FORMAT)]
table = csv.writer(open("all.csv", "w", newline=""))
table.writerow(["path", "split", "shape", "colour", "tags", "turn", "cls"])
for s, (ending, mode, form) in enumerate(kinds):
    with tarfile.open(f"shards/train-{s}{ending}", mode, format=form) as tar:
        def add(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        add("README", b"no sample")
        for i in range(50 * s, 50 * s + 50):
            row, key = rows[i], f"part/é{'x' * (120 if i % 20 == 5 and s else 0)}{i:04d}"
            tags = [None, [], ["rusty", "bent"], ["bent"]][i % 4]
            turn = None if i % 5 == 0 else i if i % 5 == 1 else i / 7
            cls = i % 12
            image = open("set/" + row["path"], "rb").read()
            facts = {"shape": row["shape"] or None, "colour": row["colour"], "tags": tags, "turn": turn, "more": {"x": [1]}, "split": row["split"]}
            parts = [(".json", json.dumps(facts).encode()), (os.path.splitext(row["path"])[1], image), (".cls", b"%d\n" % cls), (".seg.png", b"?")][:3]
            for ext, data in parts if i % 2 else parts[::-1]:
                add(key + ext, data)
            path = f"train-{s}/{key}" + os.path.splitext(row["path"])[1]
            os.makedirs(os.path.dirname("tree/" + path), exist_ok=True)
            open("tree/" + path, "wb").write(image)
            cell = "" if tags is None else ";".join(tags) or ";"
            table.writerow([path, row["split"], row["shape"], row["colour"], cell, "" if turn is None else repr(turn), cls])
EOF
labels="--labels shape,colour,tags:multi,turn:value,cls"
packed() { # RANKS OUT ARGUMENTS...
    local n=$1 out=$2
    shift 2
    on "$n" "$UMBEL" pack --out "$out" "$@" >log 2>err || not_ok "pack $out on $n ranks" "$(tail -3 err | tr '\n' '|')"
    md5sum <"$out"
}
shards="shards/train-0.tar shards/train-1.tar shards/train-2.tar.gz"
whole=$(packed 1 all.h5 --manifest all.csv --root tree $labels)
same "tar files on 1 2 3 ranks are as files" "$whole" "$(packed 1 t1.h5 --tar $shards $labels)" "$(packed 2 t2.h5 --tar $shards $labels)" "$(packed 3 t3.h5 --tar $shards $labels)"
small=$(packed 1 small.h5 --manifest all.csv --root tree $labels --max-side 20 --allow-unseen --group tags --split train=0.8,val=0.2)
same "re-encoded, split anew, grouped" "$small" "$(packed 2 t2.h5 --tar $shards $labels --max-side 20 --allow-unseen --group tags --split train=0.8,val=0.2)"
umbel pack --tar $shards --out cls.h5 >out 2>err && grep -q '^  cls  *12 classes' out && ok "key.cls is the label by default" || not_ok "key.cls" "$(cat out err)"

umbel pack --tar shards/train-0.tar $labels --allow-unseen --out begun.h5 >log 2>&1
same "tar files are added to a pack, on 1 and 2 ranks" "$whole" "$(packed 1 added1.h5 --tar ${shards#* } $labels --add-to begun.h5)" "$(packed 2 added2.h5 --tar ${shards#* } $labels --add-to begun.h5)"

ranks 2 "$UMBEL" pack --out cut.h5 --tar $shards $labels --shards 4 >log 2>err || not_ok "tar files as shards" "$(tail -1 err)"
same "tar files, packed as shards on 2 ranks" "$whole" "$(packed 1 joined.h5 --merge 'cut-*.h5')"

# --- mistakes
"$PYTHON" - <<'EOF'
import io, tarfile
def tar(name, *members):
    with tarfile.open(name, "w") as out:
        for path, data in members:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
image = open("set/00000.jpg", "rb").read()
tar("apart.tar", ("a.cls", b"1"), ("b.jpg", image), ("b.cls", b"2"), ("a.jpg", image))
tar("json.tar", ("a.jpg", image), ("a.json", b"{\"cls\": "))
tar("tree.tar", ("a.jpg", image), ("a.json", b"{\"cls\": {}}"))
tar("value.tar", ("a.jpg", image), ("a.cls", b"far"))
tar("two.tar", ("a.jpg", image), ("a.png", image), ("a.cls", b"1"))
tar("bad.tar", ("a.jpg", image), ("a.cls", b"1"), ("b.jpg", image[:500]), ("b.cls", b"2"))
tar("none.tar", ("a.txt", b"x"))
open("cut.tar", "wb").write(open("shards/train-0.tar", "rb").read()[:30000])
EOF
mkdir two && "$PYTHON" -c 'import tarfile
with tarfile.open("two/bad.tar", "w") as tar: tar.add("set/00000.jpg", "a.jpg")'
fails "files of a sample apart" 3 'apart.tar: a: has no image beside it' "$UMBEL" pack --tar apart.tar --out o.h5
fails "bad JSON" 3 'json.tar: a.json: bad JSON' "$UMBEL" pack --tar json.tar --out o.h5
fails "a label that is none" 3 'tree.tar: a.json: "cls" is neither text' "$UMBEL" pack --tar tree.tar --out o.h5
fails "a value that is none" 3 'value.tar: a: cls: "far" is no number' "$UMBEL" pack --tar value.tar --labels cls:value --out o.h5
fails "two images" 3 'two.tar: a.png: is a second image' "$UMBEL" pack --tar two.tar --out o.h5
fails "a damaged image" 3 'bad.tar: b.jpg: is a damaged JPEG' "$UMBEL" pack --tar bad.tar --out o.h5
fails "no images" 3 'none.tar: holds no images' "$UMBEL" pack --tar none.tar --out o.h5
fails "a tar file that is cut" 3 'cannot read cut.tar: ' "$UMBEL" pack --tar cut.tar --out o.h5
fails "no tar file" 3 'cannot open all.csv|cannot read all.csv' "$UMBEL" pack --tar all.csv --out o.h5
fails "the same shard twice" 3 '--tar: the path bad/a.jpg stands there twice; give the tar files different names' "$UMBEL" pack --tar two/bad.tar bad.tar --out o.h5
umbel pack --tar apart.tar bad.tar --keep-going --out kept.h5 >out 2>err
grep -q 'kept.h5: 3 images' out && grep -q '2 files rejected' out && ok "--keep-going" || not_ok "--keep-going" "$(cat out err)"

# --- lists
umbel pack tree --pattern '{shard}/part/{key}.*' --out folder.h5 >log 2>err
(cd tree && find . -name '*.*' -type f | LC_ALL=C sort) >list
same "a list on standard input, on 1 and 2 ranks" "$(md5sum <folder.h5)" "$(packed 1 l1.h5 --list - --root tree --pattern '{shard}/part/{key}.*' <list)" \
    "$(packed 2 l2.h5 --list - --root tree --pattern '{shard}/part/{key}.*' <list)" "$(packed 1 l3.h5 --list list --root tree --pattern '{shard}/part/{key}.*')"
same "a manifest on standard input, on 1 and 3 ranks" "$whole" "$(packed 1 s1.h5 --manifest - --root tree $labels <all.csv)" "$(packed 3 s3.h5 --manifest - --root tree $labels <all.csv)"
fails "a list that leaves the root" 3 'standard input: the path ../x.jpg leaves the root folder' "$UMBEL" pack --list - --levels a --out o.h5 <<<"../x.jpg"
fails "an empty list" 3 'standard input: lists no images' "$UMBEL" pack --list - --levels a --out o.h5 </dev/null
fails "a list with a path twice" 3 'standard input: the path a/x.jpg stands there twice' "$UMBEL" pack --list - --levels a --out o.h5 <<<$'a/x.jpg\n./a/x.jpg'
finish
