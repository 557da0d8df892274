#!/bin/bash
# umbel lint: finds all of 50 planted defects of ten kinds, with the pictures that have them, and nothing in a sound pack.
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/cli/lint_set.py" sound && "$PYTHON" "$TESTS/cli/lint_set.py" bad planted || not_ok "the sets" "cannot be made"
umbel pack --manifest sound/manifest.csv --root sound --labels kind --group serial --out sound.h5 >log 2>&1 || not_ok "pack" "$(tail -1 log)"
umbel pack --manifest bad/manifest.csv --root bad --labels kind --group serial --allow-unseen --out bad.h5 >log 2>&1 || not_ok "pack" "$(tail -1 log)"
"$PYTHON" - <<'EOF'
import h5py
with h5py.File("bad.h5") as f:
    offset, base = f["images/offset"][:], f["images/bytes"].id.get_offset()
    at = [base + int(offset[i]) + 300 for i, path in enumerate(f["images/path"][:]) if path.startswith(b"damaged")]
with open("bad.h5", "r+b") as f: # behind the back of the checksums
    for place in at:
        f.seek(place)
        byte = f.read(1)
        f.seek(place)
        f.write(bytes([byte[0] ^ 16]))
EOF

umbel lint sound.h5 >out 2>err
same "a sound pack: nothing, code 0" "0 sound.h5: 120 images, 0 problems, 0 notes" "$? $(cat out)"
umbel lint --json --examples 100 bad.h5 >bad.json 2>err
same "problems: code 3" 3 $?
"$PYTHON" - <<'EOF' && ok "all 50 planted defects of 10 kinds, and no others" || not_ok "planted defects" "see above"
import csv, json
report = json.load(open("bad.json"))
planted = list(csv.DictReader(open("bad/planted.csv")))
kinds = {row["check"] for row in planted}
assert len(planted) == 50 and len(kinds) == 10, (len(planted), kinds)
for row in planted:
    found = [e for f in report["findings"] if f["check"] == row["check"] for e in f["examples"] if row["what"] in e]
    assert len(found) == 1, (row, found, [f for f in report["findings"] if f["check"] == row["check"]])
for finding in report["findings"]:
    if finding["check"] == "duplicates" and finding["severity"] == "note":
        assert finding["count"] == 5, finding # those of the conflicts
    else:
        assert finding["check"] in kinds and finding["count"] == 5 == len(finding["examples"]), finding
assert report["images"] == 120 + 55 and report["problems"] == 7 and report["notes"] == 4, report
EOF
umbel lint bad.h5 >out 2>err
grep -q '^problem: damaged: 5 images cannot be read; .*damaged0.jpg (train): image .* is damaged.*; and 2 more$' out && ok "three examples and how many more" || not_ok "three examples" "$(head -1 out)"
same "one line a finding" 12 "$(wc -l <out)"

# --- what options change, what is not known
umbel pack --manifest sound/manifest.csv --root sound --labels kind --out loose.h5 >log 2>&1
umbel lint loose.h5 >out 2>err && grep -q '^note: groups: not checked' out && ok "groups that are not known" || not_ok "groups that are not known" "$(cat out)"
umbel lint --tiny 49 --imbalance 2 sound.h5 >out 2>err
grep -q '^note: tiny: 120 images' out && ok "--tiny" || not_ok "--tiny" "$(cat out)"
umbel lint --distance 0 --json --examples 100 bad.h5 >exact.json 2>err
"$PYTHON" - <<'EOF' && ok "--distance" || not_ok "--distance" "see above"
import json
count = lambda name: sum(f["count"] for f in json.load(open(name))["findings"] if f["check"] == "near duplicates")
assert count("exact.json") < count("bad.json"), (count("exact.json"), count("bad.json"))
EOF
fails "a distance out of range" 2 'distance: must be an integer from 0 to 16' "$UMBEL" lint --distance 40 bad.h5
fails "no pack" 4 'cannot open none.h5' "$UMBEL" lint none.h5
finish
