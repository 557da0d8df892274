#!/bin/bash
# Resident memory does not grow over 1,000 training steps, and convnext_tiny at 224 pixels, batch 16, lane 4, with
# 2 workers stays under 1.5 GB.
. tests/cli/common.sh
"$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 200 64 0.1 1
"$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >/dev/null 2>&1 || not_ok pack failed

resident() { awk '/^VmRSS/ {print $2}' "/proc/$1/status" 2>/dev/null; }

cat >"$WORK/small.yaml" <<EOF
pack: $WORK/set.h5
run: $WORK/small
image: 32
trunk: {kind: convnext_atto, patch: 4, drop_path: 0.1}
batch: 16
lane: 4
epochs: 200
workers: 2
EOF
"$UMBEL" train "$WORK/small.yaml" --steps 1000 >"$WORK/log" 2>&1 &
pid=$!
early="" late=""
while kill -0 $pid 2>/dev/null; do
    steps=$(grep -c . "$WORK/small/metrics.jsonl" 2>/dev/null)
    [ -z "$early" ] && [ "${steps:-0}" -ge 20 ] && early=$(resident $pid)
    now=$(resident $pid)
    [ -n "$now" ] && late=$now
    sleep 0.2
done
wait $pid || not_ok "1,000 steps" "$(tail -2 "$WORK/log")"
echo "# resident: $early KiB after 150 to 200 steps, $late KiB at the end of 1,000"
if [ -n "$early" ] && [ "$late" -le $((early + 2048)) ]; then ok "resident memory does not grow over 1,000 steps"; else not_ok "resident memory" "$early KiB, then $late KiB"; fi

sed -e "s#^run:.*#run: $WORK/tiny#" -e 's/^image:.*/image: 224/' -e 's/^trunk:.*/trunk: {kind: convnext_tiny, drop_path: 0.1}/' \
    "$WORK/small.yaml" >"$WORK/tiny.yaml"
peak=$("$PYTHON" - "$UMBEL" "$WORK/tiny.yaml" <<'EOF'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "train", sys.argv[2], "--steps", "3"], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
EOF
)
echo "# convnext_tiny: peak $peak KiB"
if [ -n "$peak" ] && [ "$peak" -lt 1464843 ]; then ok "convnext_tiny stays under 1.5 GB"; else not_ok "convnext_tiny" "$peak KiB"; fi
finish
