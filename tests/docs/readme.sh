#!/bin/bash
# Runs every command block of README.md as it stands there, in a folder that looks like a clone; only `make test`, which runs this, is left out. The demo and the recipe
# are shortened: long_demo.sh runs all of the demo.
. tests/cli/common.sh
ROOT="$PWD"
mkdir "$WORK/clone" && cd "$WORK/clone" || exit 1
for name in Makefile build datasets docs include launch src tests; do ln -s "$ROOT/$name" "$name"; done
mkdir configs && cp "$ROOT"/configs/*.yaml configs/
sed -i 's/^epochs: .*/epochs: 2/; s/^image: .*/image: 32/' configs/start.yaml
# photos/TYPE/PART/NUMBER.jpg
build/mechanical rendered --images 400 --side 48 2>/dev/null
"$PYTHON" - <<'PROGRAM'
import csv, os, shutil
for row in csv.DictReader(open("rendered/manifest.csv")):
    folder = os.path.join("photos", row["type"], row["part"])
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join("rendered", row["path"]), folder)
PROGRAM
# Of no commit, which this folder is, the program would be another, and linked anew while other tests start it.
export MAKEFLAGS="${MAKEFLAGS:-} COMMIT=$(cat "$1/commit")"
IMAGES=800 "$PYTHON" "$ROOT/tests/docs/page.py" "$ROOT/README.md" . --skip '^make test' || failures=1
[ -s photos.csv ] && [ -s runs/parts/report.html ] && [ -s parts.onnx ] && ok "README: the files are there" || not_ok "README: the files are there" "$(ls)"

missing=""
for page in "$ROOT"/docs/*.md; do
    grep -qF "(docs/${page##*/})" "$ROOT/README.md" || missing="$missing ${page##*/}"
done
same "README links all pages of docs/" "lacks:" "lacks:$missing"
finish
