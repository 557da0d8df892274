#!/bin/bash
# Runs every command block of README.md as it stands there, in a folder that looks like a clone; only
# `make test`, which runs this, is left out, and the recipe is shortened.
. tests/cli/common.sh
ROOT="$PWD"
mkdir "$WORK/clone" && cd "$WORK/clone" || exit 1
for name in Makefile build datasets docs include launch src tests; do ln -s "$ROOT/$name" "$name"; done
mkdir configs && cp "$ROOT"/configs/*.yaml configs/
sed -i 's/^epochs: .*/epochs: 3/; s/^image: .*/image: 32/' configs/start.yaml
# photos/TYPE/PART/NUMBER.jpg
build/mechanical rendered --images 400 --side 48 2>/dev/null
"$PYTHON" - <<'END'
import csv, os, shutil
for row in csv.DictReader(open("rendered/manifest.csv")):
    folder = os.path.join("photos", row["type"], row["part"])
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join("rendered", row["path"]), folder)
END
commands=$(sed -n 's/^    \([a-z].*\)/\1/p' "$ROOT/README.md" | grep -v '^make test')
[ "$(echo "$commands" | wc -l)" -ge 6 ] && ok "README has command blocks" || not_ok "README has command blocks" "$commands"
export OMPI_MCA_hwloc_base_binding_policy=none
while read -r line; do
    if bash -c "$line" </dev/null >out 2>err; then ok "README: ${line%% #*}"; else not_ok "README: ${line%% #*}" "$(tail -3 err | tr '\n' '|')"; fi
    case $line in make\ demo*) cp out demo.out && cp err demo.err ;; esac
done <<<"$commands"

# What the demo has to reach on images whose light, material, background and camera it has not seen.
"$PYTHON" - <<'END'
import json
heads = json.load(open("demo/run/test.json"))["heads"]
for name, least in (("type", 0.80), ("part", 0.50), ("angle", 0.85)):
    found = heads[name]["top1"]
    print(f"ok demo: {name} at least {least:.0%}" if found >= least else f"not ok demo: {name} at least {least:.0%}: {found:.1%}")
END
grep -q 'To look at next' demo.out && ok "demo says what to look at" || not_ok "demo says what to look at" "$(tail -3 demo.out)"
finish
