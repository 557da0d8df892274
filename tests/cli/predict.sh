#!/bin/bash
# umbel calibrate and umbel predict as they are used, on heads of every kind: temperatures and probabilities by a reference in
# double precision, the same bytes on any number of ranks, images that cannot be read, and ends of all sorts.
. tests/cli/common.sh
cd "$WORK" || exit 1
md5() { md5sum <"$1" | cut -c1-32; }
check() { "$PYTHON" "$TESTS/cli/predict_check.py" "${@:2}" >out 2>&1 && ok "$1" || not_ok "$1" "$(tail -1 out)"; }

pack_all_kinds 200 40 0.2 --split train=0.3,val=0.7
mv set/manifest.csv .
cat >c.yaml <<'END'
pack: set.h5
run: run
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}
heads:
  - {name: shape}
  - {name: tags, flips: "square<->triangle"}
  - {name: grade, kind: ordinal, flips: never}
  - {name: size}
  - {name: azimuth, kind: circular}
batch: 24
lane: 8
epochs: 50
seed: 3
optimizer: {kind: adamw, lr: 3e-3}
schedule: {kind: constant}
augment: {enabled: false}
log_every: 1000
END
"$UMBEL" train c.yaml >log 2>&1 || { not_ok "train" "$(tail -1 log)"; finish; }

# --- calibration ---
cp -L run/checkpoint/last raw.h5
for n in 1 2 3; do
    ranks "$n" "$UMBEL" calibrate raw.h5 --out "cal$n.h5" --json >"cal$n.json" 2>err || not_ok "calibrate on $n ranks" "$(tail -1 err)"
done
same "the same checkpoint on 1, 2 and 3 ranks" $(md5 cal1.h5) $(md5 cal2.h5) $(md5 cal3.h5)
"$UMBEL" predict raw.h5 --pack set.h5 --split val --features raw_features.h5 >raw.txt 2>err || not_ok "predict a split" "$(tail -1 err)"
check "temperatures by a reference; an overconfident network errs less with them" calibration cal1.json cal1.h5 set.h5 raw_features.h5
differ "temperatures are in the digest" "$("$UMBEL" digest raw.h5)" "$("$UMBEL" digest cal1.h5)"
link=$(readlink run/checkpoint/last)
"$UMBEL" calibrate run/checkpoint/last >log 2>&1
same "a link stays one, what it names is replaced" "$link" "$(readlink run/checkpoint/last)"
same "and has the same temperatures" "$(md5 cal1.h5)" "$(md5 run/checkpoint/last)"
"$UMBEL" inspect cal1.h5 | grep -q 'calibrated: temperature [1-9]' && ok "inspect tells" || not_ok "inspect tells" "it does not"

# --- predictions ---
for n in 1 2 3; do
    ranks "$n" "$UMBEL" predict cal1.h5 --pack set.h5 --split val --top 99 --format jsonl --workers "$n" --features "f$n.h5" >"p$n" 2>err ||
        not_ok "predict on $n ranks" "$(tail -1 err)"
done
same "the same predictions on 1, 2 and 3 ranks" $(md5 p1) $(md5 p2) $(md5 p3)
same "the same features" $(md5 f1.h5) $(md5 f2.h5) $(md5 f3.h5)
check "probabilities use the temperatures" probabilities p1 cal1.h5 set.h5 f1.h5
"$PYTHON" -c 'import h5py
with h5py.File("set.h5") as f:
    for path, split in zip(f["images/path"], f["split"]):
        if split == 1: print("set/" + path.decode())' >list
"$UMBEL" predict cal1.h5 --pack set.h5 --split val --format jsonl >packed 2>err
"$UMBEL" predict cal1.h5 - --format jsonl <list 2>err >listed
sed 's|"path":"|&set/|' packed | cmp -s - listed && ok "files say what a pack of them says" || not_ok "files say what a pack of them says" "they differ"
"$UMBEL" eval cal1.h5 --split val --json scores.json >log 2>&1
check "as many are right as evaluation counts" counts listed labels.csv scores.json

# --- where images come from ---
mkdir -p tree/b tree/a/deep
cp set/00000.jpg tree/b/z.jpg; cp set/00003.png tree/a/deep/y.png; cp set/00001.jpg tree/m.jpg
head -c 600 set/00002.jpg >tree/a/cut.jpg
echo hello >tree/a/notes.txt
names() { "$UMBEL" predict cal1.h5 --format csv "$@" 2>err | cut -d, -f1,2 | tail -n +2 | tr '\n' ' '; }
same "a folder, in byte order" "tree/a/cut.jpg,error tree/a/deep/y.png,ok tree/b/z.jpg,ok tree/m.jpg,ok " "$(names tree)"
same "files, patterns and lists in the order given" "set/00001.jpg,ok tree/m.jpg,ok tree/a/notes.txt,error set/00000.jpg,ok none.png,error " \
    "$(echo tree/a/notes.txt | names set/00001.jpg 'tree/*.jpg' - set/00000.jpg none.png)"
ln -s .. tree/b/up
timeout 20 "$UMBEL" predict cal1.h5 tree >out 2>err
same "folders that hold themselves come to an end" 3 $?
rm tree/b/up
mkfifo tree/b/pipe.jpg
same "a pipe is not waited for" "tree/b/pipe.jpg,error tree/b/z.jpg,ok " "$(names tree/b)"
rm tree/b/pipe.jpg
for n in 1 2; do
    ranks "$n" "$UMBEL" predict cal1.h5 tree --format jsonl --top 2 --features bad.h5 >"bad$n.jsonl" 2>"err$n"
    same "an image that cannot be read: exit code, on $n ranks" 3 $?
done
same "an image that cannot be read: output" "$(md5 bad1.jsonl)" "$(md5 bad2.jsonl)"
grep -q 'warning: tree/a/cut.jpg: is a damaged JPEG' err1 && grep -qx 'umbel: 1 of 4 images could not be read' err1 &&
    ok "and is warned of" || not_ok "and is warned of" "$(tail -1 err1)"
"$UMBEL" predict cal1.h5 tree --format csv --top 2 --features bad.npy >bad.csv 2>err
check "CSV and JSON say the same" table bad.csv bad1.jsonl
check "features as HDF5 and as NPY" arrays bad.h5 bad.npy tree/a/cut.jpg
"$UMBEL" predict cal1.h5 set/00001.jpg >out 2>err
grep -qE '^set/00001.jpg  shape [a-z]+ [0-9.]+%  tags .*  grade [a-z]+ [0-9.]+%  size [0-9.]+  azimuth [0-9.]+$' out && ok "a line for people" ||
    not_ok "a line for people" "$(head -1 out)"
cp set/00001.jpg $'odd "na\tme,\xff.jpg'
"$UMBEL" predict cal1.h5 odd* --format jsonl 2>err | "$PYTHON" -c 'import json, sys; print(json.loads(sys.stdin.readline())["path"])' >out 2>&1
same "a name that is no text" $'odd "na\tme,\xef\xbf\xbd.jpg' "$(cat out)"

# --- images and their mirror images ---
mkdir mirrored
for i in 00003 00007 00011; do "$PYTHON" "$TESTS/cli/predict_check.py" mirror "set/$i.png" "mirrored/$i.png"; done
flags=(--format jsonl --top 9)
"$UMBEL" predict cal1.h5 set/000{03,07,11}.png "${flags[@]}" >plain.jsonl 2>err
"$UMBEL" predict cal1.h5 mirrored "${flags[@]}" >mirrored.jsonl 2>err
"$UMBEL" predict cal1.h5 set/000{03,07,11}.png "${flags[@]}" --flip >flip.jsonl 2>err
check "--flip" flip plain.jsonl mirrored.jsonl flip.jsonl
"$UMBEL" predict cal1.h5 --pack set.h5 --split val --format jsonl --flip >flip.jsonl 2>err
for n in 1 3; do ranks "$n" "$UMBEL" eval cal1.h5 --split val --flip --json "flip$n.json" >log 2>&1; done
check "as many are right as evaluation counts, with --flip" counts flip.jsonl labels.csv flip1.json
same "evaluation with --flip, on 1 and 3 ranks" "$(md5 flip1.json)" "$(md5 flip3.json)"
cmp -s flip1.json scores.json && not_ok "evaluation with --flip is another" "the scores are the same" || ok "evaluation with --flip is another"

# --- ends ---
fails "a reader that has gone" 4 'cannot write predictions to standard output: Broken pipe' \
    bash -c "'$UMBEL' predict cal1.h5 - <list | true; exit \${PIPESTATUS[0]}"
fails "a full disk" 4 'cannot write predictions to standard output: No space left' bash -c "'$UMBEL' predict cal1.h5 set >/dev/full"
mkdir disk
if unshare --mount mount -t tmpfs tmpfs disk 2>/dev/null; then
    for kind in h5 npy; do
        fails "a full disk for features, $kind" 4 "cannot write disk/f.$kind: No space left" unshare --mount sh -c \
            "mount -t tmpfs -o size=12k tmpfs disk && '$UMBEL' predict cal1.h5 --pack set.h5 --split val --features disk/f.$kind; code=\$?; [ -z \"\$(ls disk)\" ] && exit \$code"
    done
fi
for signal in HUP TERM; do
    timeout -s "$signal" 2 "$UMBEL" predict cal1.h5 - --features stop.npy < <(cat list; exec sleep 6) >stopped.txt 2>err
    same "stopped by $signal: is told" "umbel: stopped by SIG$signal after" "$(grep -o 'umbel: stopped by SIG[A-Z]* after' err)"
done
timeout -s TERM --preserve-status 2 "$UMBEL" predict cal1.h5 - < <(cat list; exec sleep 6) >stopped.txt 2>err
same "stopped: exit code" 85 $?
same "a stop leaves whole lines and no features" "128 0" "$(wc -l <stopped.txt) $(find . -name 'stop.npy*' | wc -l)"
finish
