#!/bin/bash
# Event files for TensorBoard and the table of figures: what they say is what metrics.jsonl, checkpoints and the sheet of
# augmentations say, on any ranks and after a resume; they change no bits, and what cannot be written ends no run.
. tests/train/common.sh
make_run # 96 training images: 6 steps an epoch
cat >>"$WORK/small.yaml" <<END
clip_norm: 1
balance: {interference: true}
END
"$UMBEL" inspect --augment "$WORK/small.yaml" --out "$WORK/sheet.png" >"$WORK/log" 2>&1 || not_ok "sheet" "$(tail -1 "$WORK/log")"

# check NAME: prints the hash of what does not depend on time, the steps that files begin with, how many values are there twice
check() { "$PYTHON" -B "$TESTS/train/tensorboard_check.py" "$WORK/runs/$1" "$WORK/sheet.png" 6 2>"$WORK/err" || tail -1 "$WORK/err" >&2; }

finish_run plain 1 13
finish_run shown 2 13 --set tensorboard=true
same "event files change no bits" "$(digest plain)" "$(digest shown)"
[ -e "$WORK/runs/plain/tensorboard" ] && not_ok "no event files unless asked for" "there are" || ok "no event files unless asked for"
read -r hash starts twice <<<"$(check shown)"
[ -n "$hash" ] && ok "scalars, text, pictures and histograms" || not_ok "scalars, text, pictures and histograms" "see above"
same "a run in one go: one file, nothing twice" "0 0" "$starts $twice"

# Steps 7 and 8 are done anew.
finish_run resumed 1 8 --set tensorboard=true
rm "$WORK/runs/resumed/checkpoint/step-8.h5"
finish_run resumed 3 13 --set tensorboard=true
read -r resumed starts twice <<<"$(check resumed)"
same "resumed: parameters and pictures are the same on 1, 2, 3 ranks" "$hash" "$resumed"
same "resumed: the second file begins where steps are done anew" "0,7" "$starts"
[ "${twice:-0}" -gt 20 ] && ok "resumed: what was there before does not count" || not_ok "resumed: what was there before" "$twice values twice"

printf '\125' | dd of="$(find "$WORK/runs/shown/tensorboard" -type f)" bs=1 seek=900 conv=notrunc 2>/dev/null
check shown >"$WORK/out" 2>&1
grep -q checksum "$WORK/out" && ok "a planted damage is found" || not_ok "a planted damage is found" "$(cat "$WORK/out")"

# --- what cannot be written
rm -rf "$WORK/runs/resumed/tensorboard" && touch "$WORK/runs/resumed/tensorboard"
finish_run resumed 2 14 --set tensorboard=true && ok "a resumed run goes on without its event files" || not_ok "goes on" "$(tail -1 "$WORK/resumed.log")"
same "and says so" "1 1" "$(grep -c 'cannot make folder .*tensorboard: a file has that name; training goes on, TensorBoard may lack' "$WORK/resumed.log") $(
    grep -c 'training goes on without what TensorBoard would show of step 14$' "$WORK/resumed.log")"
finish_run plain 1 14
same "without a change of the bits" "$(digest plain)" "$(digest resumed)"

# --- the table
cd "$WORK/runs" || exit 1
echo '{"kind":"train","step":15,"ep' >>plain/metrics.jsonl
"$UMBEL" report resumed plain --csv figures.csv 2>"$WORK/err" || not_ok "report --csv" "$(tail -1 "$WORK/err")"
same "a torn line is told of" 1 "$(grep -c 'warning: plain/metrics.jsonl: left out 1 line that cannot be read' "$WORK/err")"
sed -i '$d' plain/metrics.jsonl
"$UMBEL" report resumed --csv - plain >printed.csv 2>"$WORK/err"
same "to standard output: the same" "$(md5sum <figures.csv)" "$(md5sum <printed.csv)"
PYTHONPATH="$TESTS/train" "$PYTHON" -B - <<'END' && ok "the table has every figure to the last bit" || not_ok "table" "see above"
import csv
from figures import figures
with open("figures.csv", newline="") as file:
    rows = list(csv.DictReader(file))
expected = [(run, *figure) for run in ("resumed", "plain") for figure in figures(run)]
found = [(r["run"], float(r["epoch"]), int(r["step"]), r["split"], r["head"], r["figure"], float(r["value"])) for r in rows]
assert list(rows[0]) == "run epoch step split head figure value".split() and len(expected) > 600, len(expected)
assert found == expected, [pair for pair in zip(found, expected) if pair[0] != pair[1]][:3]
END
finish
