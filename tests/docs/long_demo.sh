#!/bin/bash
# What the demo has to reach on images whose light, material, background and camera it has not seen; and that it says what is to be looked at.
. tests/cli/common.sh
launch/demo "$WORK/demo" >"$WORK/out" 2>"$WORK/err" || { not_ok "the demo runs" "$(tail -3 "$WORK/err" | tr '\n' '|')"; finish; }
grep -q 'To look at next' "$WORK/out" && ok "demo says what to look at" || not_ok "demo says what to look at" "$(tail -3 "$WORK/out")"
"$PYTHON" - "$WORK/demo/run/test.json" <<'PROGRAM' || failures=1
import json, sys
heads = json.load(open(sys.argv[1]))["heads"]
low = False
for name, least in (("type", 0.80), ("part", 0.50), ("angle", 0.85)):
    found = heads[name]["top1"]
    low = low or found < least
    print(f"ok demo: {name} at least {least:.0%}" if found >= least else f"not ok demo: {name} at least {least:.0%}: {found:.1%}")
sys.exit(low)
PROGRAM
finish
