#!/bin/bash
# Does what CONTRIBUTING.md says of adding a trunk, in a copy of the program: the file and the row are those that stand there.
OUT=$1
. tests/cli/common.sh
# block N: the Nth fenced block
block() { awk -v n="$1" '/^```/ { if (inside) inside = 0; else { inside = 1; count++ }; next } inside && count == n' CONTRIBUTING.md; }

mkdir -p "$WORK/copy"
tar -cf - --exclude="$OUT/tests" Makefile src include "$OUT" | tar -xf - -C "$WORK/copy" # with times, so that little is compiled
block 1 >"$WORK/copy/src/models/trunk_plain.c"
block 2 >"$WORK/row"
lines=$(wc -l <"$WORK/copy/src/models/trunk_plain.c")
[ "$lines" -gt 20 ] && [ "$lines" -lt 60 ] && ok "a trunk in less than 60 lines" || not_ok "a trunk in less than 60 lines" "$lines"
sed -i "/^#define TRUNK_ROWS/r $WORK/row" "$WORK/copy/src/models/trunk.c"
(cd "$WORK/copy" && make --no-print-directory BUILD="$(basename "$OUT")" CC="$(cut -d' ' -f1 "$OUT/flags")" all) >"$WORK/log" 2>&1
grep -q 'warning:' "$WORK/log" && not_ok "the example compiles without warnings" "$(grep -m1 'warning:' "$WORK/log")"
UMBEL="$WORK/copy/$OUT/umbel"
[ -x "$UMBEL" ] && ok "the example compiles" || { not_ok "the example compiles" "$(tail -3 "$WORK/log" | tr '\n' '|')"; finish; }

"$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 160 32 0 3
"$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >"$WORK/log" 2>&1 || not_ok "pack" "$(tail -1 "$WORK/log")"
cat >"$WORK/plain.yaml" <<END
pack: $WORK/set.h5
image: 32
trunk: {kind: plain3, width: 8}
batch: 32
lane: 8
epochs: 12
optimizer: {kind: adamw, lr: 1e-2}
augment: {enabled: false}
log_every: 1
END
for n in 1 2; do
    ranks $n "$UMBEL" train "$WORK/plain.yaml" --set run="$WORK/run$n" >"$WORK/log" 2>&1 || not_ok "train on $n ranks" "$(tail -1 "$WORK/log")"
done
same "the example trains: digest over ranks 1 2" "$("$UMBEL" digest "$WORK/run1/checkpoint/last")" "$("$UMBEL" digest "$WORK/run2/checkpoint/last")"
"$PYTHON" - "$WORK/run1/metrics.jsonl" <<'END'
import json, sys
losses = [r["loss"] for r in map(json.loads, open(sys.argv[1])) if r["kind"] == "train"]
learns = len(losses) > 10 and losses[-1] < 0.8 * losses[0]
print(("ok " if learns else "not ok ") + "the example learns" + ("" if learns else f": losses {losses}"))
END
"$UMBEL" train "$WORK/plain.yaml" --keys 2>&1 | grep -q plain4 && ok "its kinds are among the keys" || not_ok "its kinds are among the keys" "no plain4"
finish
