#!/bin/bash
# Everything that umbel eval says of five kinds of heads: held to formulas over its file of predictions, and the same bytes for any
# number of ranks, with no, some, most and nearly all labels missing. 61 images in lanes of 4 are no multiple of any number of ranks.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 110 32 0 2
kinds="shape,tags:multi,grade,size:value,azimuth:value"
for missing in 0 0.3 0.7 0.95; do
    "$PYTHON" "$TESTS/cli/add_labels.py" set/manifest.csv "labels-$missing.csv" "$missing" 5
    "$UMBEL" pack --manifest "labels-$missing.csv" --root set --labels "$kinds" --split train=0.445,val=0.555 --allow-unseen --out "set-$missing.h5" >log 2>&1 ||
        { not_ok "pack" "$(tail -1 log)"; finish; }
done
cat >c.yaml <<'END2'
pack: set-0.h5
image: 16
trunk: {kind: resnet20, width: 8}
heads: [{name: shape}, {name: tags}, {name: grade, kind: ordinal, order: "low, middle, high"}, {name: size}, {name: azimuth, kind: circular}]
batch: 16
lane: 4
epochs: 40
seed: 7
optimizer: {kind: adamw, lr: 1e-2}
run: run
END2
"$UMBEL" train c.yaml >log 2>&1 || { not_ok "train" "$(tail -1 log)"; finish; }
checkpoint=run/checkpoint/last

# evaluate RANKS MISSING: report.json, all.csv of it
evaluate() {
    ranks "$1" "$UMBEL" eval $checkpoint --pack "set-$2.h5" --split val --json report.json --predictions all.csv --all --workers 1 >out 2>err ||
        not_ok "eval on $1 ranks" "$(tail -1 err)"
}
for missing in 0 0.3 0.7 0.95; do
    told=""
    counts="1 2 3"
    [ $missing = 0.3 ] && counts="1 2 3 5 8"
    [ $missing = 0.7 ] && counts="1 3"
    [ $missing = 0.95 ] && counts="1 2"
    for n in $counts; do
        evaluate "$n" $missing
        told="$told $(cat report.json all.csv out | md5sum | cut -c1-32)"
    done
    # shellcheck disable=SC2086
    same "$missing missing: the same bytes on $counts ranks" $told
    "$PYTHON" "$TESTS/cli/metrics_check.py" report.json all.csv 2>why && ok "$missing missing: every figure" ||
        not_ok "$missing missing: every figure" "$(tail -1 why)"
done

# the other forms
"$UMBEL" eval $checkpoint --pack set-0.3.h5 --split val --predictions few.jsonl >/dev/null 2>err
"$UMBEL" eval $checkpoint --pack set-0.3.h5 --split val --predictions all.jsonl --all >/dev/null 2>err
"$UMBEL" eval $checkpoint --pack set-0.3.h5 --split val --predictions few.csv --per-class --confusion grade >tables 2>err
evaluate 1 0.3
"$PYTHON" - 2>why <<'END2' && ok "CSV and JSON lines say the same" || not_ok "CSV and JSON lines say the same" "$(tail -1 why)"
import csv, json
few, full = ([json.loads(line) for line in open(name)] for name in ("few.jsonl", "all.jsonl"))
short, rows = (list(csv.DictReader(open(name, newline=""))) for name in ("few.csv", "all.csv"))
assert len(few) == len(full) == len(rows) == len(short) == 61
classes = {name: [row["class"] for row in head.get("classes", [])] for name, head in json.load(open("report.json"))["heads"].items()}
def cell(value):
    return "" if value is None else "; ".join(value) or ";" if isinstance(value, list) else value
for a, b, row, brief in zip(few, full, rows, short):
    assert all(row[key] == value for key, value in brief.items())
    assert (str(a["record"]), a["path"], a["split"]) == (row["record"], row["path"], row["split"]) and a["split"] == "val"
    for name, head in b["heads"].items():
        for key in ("label", "predicted"):
            value = cell(head[key])
            assert value == row[f"{name}.{key}"] if isinstance(value, str) else value == float(row[f"{name}.{key}"]), (name, head, row)
        all_of = head.pop("probabilities", [])
        assert a["heads"][name] == head
        assert all_of == [float(row[f"{name}.probability.{k}"]) for k in classes[name]]
        assert not all_of or float(row[f"{name}.probability"]) in all_of
END2
told=""
for n in 1 3; do
    ranks "$n" "$UMBEL" eval $checkpoint --pack set-0.3.h5 --split val --json - --bootstrap 40 >strapped.json 2>err
    told="$told $(md5sum <strapped.json | cut -c1-32)"
done
# shellcheck disable=SC2086
same "the bootstrap on 1 and 3 ranks" $told
"$PYTHON" "$TESTS/cli/bootstrap_check.py" strapped.json all.csv 40 7 2>why && ok "intervals of the bootstrap" || not_ok "intervals of the bootstrap" "$(tail -1 why)"
same "tables of classes" "shape tags grade" "$(grep -B1 '^class .*support' tables | grep -vE '^(class|--)' | tr '\n' ' ' | sed 's/ $//')"
same "confusion on the terminal" "$("$PYTHON" -c '
import json
head = json.load(open("report.json"))["heads"]["grade"]
print([[str(k), row["class"], *map(str, line)] for k, (row, line) in enumerate(zip(head["classes"], head["confusion"]))])')" \
    "$("$PYTHON" -c 'print([line.split() for line in open("tables").read().splitlines()[-3:]])')"

# a picture that cannot be read is in no figure, and its line says so by saying nothing
"$PYTHON" - <<'END2'
import h5py
import shutil
shutil.copy("set-0.h5", "bad.h5")
with h5py.File("set-0.h5") as pack:
    record = int((pack["split"][()] == 1).nonzero()[0][7])
    at = pack["images/bytes"].id.get_offset() + int(pack["images/offset"][record])
with open("bad.h5", "r+b") as file:
    file.seek(at)
    file.write(b"\0" * 16)
END2
ranks 2 "$UMBEL" eval $checkpoint --pack bad.h5 --split val --json bad.json --predictions bad.csv >out 2>err || not_ok "eval with a bad image" "$(tail -1 err)"
same "a bad image" "60 1 60 60 circle,,," "$("$PYTHON" -c '
import csv, json
report = json.load(open("bad.json"))
row = list(csv.DictReader(open("bad.csv", newline="")))[7]
label = row["shape.label"]
print(report["images"], report["bad"], report["heads"]["size"]["labelled"], report["joint"]["labelled"],
      ",".join(["circle" if label else "?", row["shape.predicted"], row["shape.probability"], row["size.predicted"]]))')"

same "validations have the cheap ones" "balanced_accuracy correct ece labelled loss macro_f1 top1 top5" "$("$PYTHON" -c '
import json
rows = [json.loads(line) for line in open("run/metrics.jsonl")]
print(*sorted([row for row in rows if row["kind"] == "val"][-1]["heads"]["shape"]))')"

fails "a file of another kind" 2 '--predictions: "all.txt" must end in .csv or .jsonl' "$UMBEL" eval $checkpoint --predictions all.txt
fails "all of nothing" 2 '--all: goes with --predictions FILE' "$UMBEL" eval $checkpoint --all
fails "intervals for nobody" 2 '--bootstrap: goes with --json FILE' "$UMBEL" eval $checkpoint --bootstrap 10
fails "confusion of numbers" 2 '--confusion: head "size" is of the kind regression' "$UMBEL" eval $checkpoint --split val --confusion size
fails "confusion of nobody" 2 '--confusion: run/checkpoint/last has no head "form"' "$UMBEL" eval $checkpoint --split val --confusion form
fails "a folder that is not there" 4 'none/x.csv' "$UMBEL" eval $checkpoint --split val --predictions none/x.csv
finish
