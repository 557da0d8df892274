#!/bin/bash
# The pages of umbel report and umbel inspect --html: sound, alone in the world, and with the numbers of other commands.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 120 32 0 3
"$PYTHON" "$TESTS/cli/add_labels.py" set/manifest.csv labels.csv 0.1
# A class whose name would be markup, and is quoted in tables.
sed -i "s|,circle,|,\"<b>\"\"it's\"\" \& co\",|" labels.csv
"$UMBEL" pack --manifest labels.csv --root set --labels "shape,colour,tags:multi,grade,size:value,azimuth:value" \
    --split train=0.6,val=0.4 --out set.h5 >log 2>&1 || { not_ok "pack" "$(tail -1 log)"; finish; }
# One image of each split gets a byte that its checksum does not allow.
"$PYTHON" - <<'END'
import h5py
with h5py.File("set.h5") as f:
    split, offset, address = f["split"][:], f["images/offset"][:], f["images/bytes"].id.get_offset()
with open("set.h5", "r+b") as file:
    for which in (0, 1):
        record = [r for r in range(len(split)) if split[r] == which][2]
        file.seek(address + int(offset[record]) + 50)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 255]))
END
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}
heads: [{name: shape}, {name: colour}, {name: tags}, {name: grade, kind: ordinal}, {name: size}, {name: azimuth, kind: circular}]
batch: 24
lane: 8
epochs: 4
seed: 3
clip_norm: 1
max_bad: 1
optimizer: {kind: adamw, lr: 3e-3}
log_every: 1
END
{ "$UMBEL" train c.yaml --set run=one --steps 5 && ranks 3 "$UMBEL" train c.yaml --set run=one --resume &&
    ranks 2 "$UMBEL" train c.yaml --set run=two --set optimizer.lr=1e-3 --set workers=1; } >log 2>&1 || not_ok "train" "$(tail -1 log)"

report=(summary curves pareto classes mistakes predictions augmentation interference speed faults config provenance)
sound() { # NAME PAGE SECTION...
    local found
    found=$("$PYTHON" "$TESTS/report/check_page.py" "${@:2}" 2>&1) && ok "$1" || not_ok "$1" "$(echo "$found" | tail -1)"
}
printed=$("$UMBEL" report one 2>err) || not_ok "report" "$(head -1 err)"
same "report says where the page is" one/report.html "$printed"
sound "a report without images" one/report.html "${report[@]}"
"$UMBEL" report one --pack set.h5 --out one.html >log 2>err || not_ok "report --pack" "$(head -1 err)"
sound "a report" one.html "${report[@]}"
"$UMBEL" report one two/ --pack set.h5 --workers 1 -o both.html >log 2>err || not_ok "report of two runs" "$(head -1 err)"
sound "a report of two runs" both.html "${report[@]}"
"$UMBEL" inspect set.h5 --html pack.html >log 2>err || not_ok "inspect --html" "$(head -1 err)"
sound "a pack's page" pack.html summary labels together sizes images

# A record of how heads pull at each other, as training writes it.
cp -r one pulled
echo '{"kind":"interference","step":6,"interference":{"heads":["shape","size"],"norms":[1,2],"cosines":[[1,-0.25],[-0.25,1]]}}' >>pulled/metrics.jsonl
"$UMBEL" report pulled >log 2>err && grep -q '<title>shape · size: -0.250</title>' pulled/report.html && ok "interference" || not_ok "interference" "$(head -1 err)"

"$UMBEL" eval one/checkpoint/best-joint --pack set.h5 --split val --json eval.json >log 2>err || not_ok "eval" "$(head -1 err)"
"$UMBEL" digest one/checkpoint/best-joint >digest
PYTHONPATH="$TESTS/report" "$PYTHON" - <<'END' && ok "numbers are those of eval, inspect and the labels" || not_ok "numbers" "see above"
import csv, json, re
from check_page import Page
scores, one, both, pack = json.load(open("eval.json"))["heads"], Page("one.html"), Page("both.html"), Page("pack.html")
names = {"shape": ["<b>\"it's\" & co", "square", "triangle", "bar", "ring"], "colour": ["red", "green", "blue"], "grade": ["low", "middle", "high"]}
cells = [re.fullmatch(r"(.*) → (.*): (\d+) of (\d+) \([\d.]+ %\)", t) for t in one.titles if " → " in t]
assert all(cells)
for head, classes in names.items():
    mine = [(c[1], c[2], int(c[3])) for c in cells if c[1] in classes]
    assert sum(n for *_, n in mine) == scores[head]["labelled"], (head, mine)
    assert sum(n for label, answer, n in mine if label == answer) == scores[head]["correct"], head
assert f"answer over label" in one.text and "Norm of the gradient" in one.text
assert re.search(r"2 images could not be read", one.text) and "checksum" in one.text
assert open("digest").read().strip() in one.text
starts = re.findall(r'Z</td><td class="n">(\d+)</td><td class="n">(\d+)</td>', one.source)
assert ("0", "1") in starts and ("5", "3") in starts, starts
assert both.titles[0] == "one and 1 other" and "optimizer.lr" in both.text and "log_every</code>" not in both.source
rows = list(csv.DictReader(open("labels.csv")))
def count(a, x, b, y): return sum(r[a] == x and r[b] == y for r in rows)
for shape in names["shape"]:
    for colour in names["colour"]:
        pair = [t for t in pack.titles if t.startswith(f"{shape} · {colour}: ")]
        assert (f": {count('shape', shape, 'colour', colour)} of " in pair[0]) if pair else not count("shape", shape, "colour", colour), pair
assert one.pictures > 40 and pack.pictures > 100, (one.pictures, pack.pictures)
END

sed 's|</main>|<img src="//example.org/x.png" alt=""><p>&|' one.html >planted.html
"$PYTHON" "$TESTS/report/check_page.py" planted.html "${report[@]}" >log 2>&1 && not_ok "planted mistakes" "were not found" || ok "planted mistakes are found"

# --- mistakes
mkdir empty
"$UMBEL" pack --manifest labels.csv --root set --labels shape --out other.h5 >log 2>&1 || not_ok "pack" "$(tail -1 log)"
fails "report: no run" 2 'no run given' "$UMBEL" report
fails "report: no folder of a run" 4 'empty is no folder of a run: .*No such file' "$UMBEL" report empty
fails "report: no such split" 2 '--split: must be train, val or test, not "all"' "$UMBEL" report one --split all
fails "report: no such checkpoint" 2 '--checkpoint: one/checkpoint has no best' "$UMBEL" report one --checkpoint best
fails "report: no such pack" 4 'nothing.h5: .*No such file' "$UMBEL" report one --pack nothing.h5
fails "report: another pack" 3 'colour' "$UMBEL" report one --pack other.h5
fails "report: no images" 3 'set.h5: has no images in split test' "$UMBEL" report one --pack set.h5 --split test
fails "report: no place for it" 4 'nowhere/x.html' "$UMBEL" report one --out nowhere/x.html
fails "report: on ranks" 2 'runs on one rank' ranks 2 "$UMBEL" report one
fails "inspect --html of a checkpoint" 2 '--html: .* is a checkpoint' "$UMBEL" inspect one/checkpoint/last --html x.html
finish
