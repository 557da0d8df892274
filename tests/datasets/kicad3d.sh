#!/bin/bash
# Models in VRML rendered: labels, colours, the same bytes on any number of threads; broken files are told and left out.
. tests/cli/common.sh
RENDER="$(dirname "$UMBEL")/../kicad3d"
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/datasets/kicad3d_models.py" models || not_ok "making models" "see above"
rendered() { # THREADS SEED
    "$RENDER" "set$1-$2" --models models --least 2 --per-part 30 --side 48 --threads "$1" --seed "$2" 2>"err$1-$2"
    (cd "set$1-$2" && find . -type f | sort | xargs md5sum | md5sum)
}
same "the same bytes on 1 and 2 threads" "$(rendered 1 1)" "$(rendered 2 1)"
differ "another seed, another set" "$(rendered 1 1)" "$(rendered 1 2)"
told() { # NAME PATTERN
    same "$1 is told" 1 "$(grep -cE "^kicad3d: models/Good_Plates.3dshapes/$1.wrl: $2\$" err1-1)"
}
told a_truncated 'line [0-9]+: ends within .*'
told b_no_vrml 'is no VRML 2.0: .*'
told c_corner 'line 3: a face names point 9 of 3'
told d_itself 'line 3: a node is used within itself'
told e_box 'line 3: geometry Box cannot be read, only IndexedFaceSet'
told f_lines 'has no faces'
same "and how many" 1 "$(grep -c '^kicad3d: 2 families, 5 of 11 models; those above are left out$' err1-1)"
same "errors in the same order on 1 and 2 threads" "$(grep ^kicad3d: err1-1)" "$(grep ^kicad3d: err2-1)"
"$PYTHON" - <<'END'
import csv, numpy as np
from PIL import Image
rows = list(csv.DictReader(open("set1-1/manifest.csv")))
def check(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why}")
parts = {(r["family"], r["part"]) for r in rows}
check("families and parts", parts == {("Good_Blocks", "Block_2,0"), ("Good_Blocks", "Block_4,0"), ("Good_Blocks", "Block_7,0"),
                                      ("Good_Plates", "Plate_1"), ("Good_Plates", "Plate_3")}, parts)
check("30 pictures of each", len(rows) == 150 and len({r["path"] for r in rows}) == 150, len(rows))
check("five angles", {r["angle"] for r in rows} == {"000", "045", "090", "135", "180"})
check("an azimuth unless seen from above or below", all((r["azimuth"] == "") == (r["angle"] in ("000", "180")) for r in rows))
turns = np.array([float(r["azimuth"]) for r in rows if r["azimuth"]])
check("azimuths all around", turns.min() >= 0 and turns.max() < 360 and len({int(t // 90) for t in turns}) == 4)
for draw in ("light", "material", "background", "camera"):
    seen = {split: {r[draw] for r in rows if r["split"] == split} for split in ("train", "val", "test")}
    check(f"{draw} of test is not in train", not (seen["test"] | seen["val"]) & seen["train"])
def colour(path):
    pixels = np.asarray(Image.open("set1-1/" + path).convert("RGB"), float)[16:32, 16:32]
    return pixels.reshape(-1, 3).mean(0)
red, green, blue = (np.mean([colour(r["path"]) for r in rows if r["part"] == f"Block_{k},0"], axis=0) for k in (2, 4, 7))
check("the file's colours are seen", red.argmax() == 0 and green.argmax() == 1 and blue.argmax() == 2, f"{red} {green} {blue}")
END
"$UMBEL" pack --manifest set1-1/manifest.csv --root set1-1 --labels family,part,angle,azimuth:value --out kicad3d.h5 >log 2>&1 &&
    ok "its manifest can be packed" || not_ok "its manifest can be packed" "$(tail -1 log)"
"$RENDER" few --models models --families Good_Plates,Lone --most 3 --least 1 --per-part 1 --side 16 2>err
same "--families, --least and --most" "2 families, 2 of 4 models" "$(grep -o '2 families, 2 of 4 models' err)"
"$RENDER" --models models --sheet sheet.jpg --least 1 --side 16 2>/dev/null && [ -s sheet.jpg ] && ok "a sheet" || not_ok "a sheet" "no file"
fails "unknown family" 2 '^kicad3d: --families: there is no models/Nowhere.3dshapes$' "$RENDER" out --models models --families Lone,Nowhere
fails "no such folder" 4 '^kicad3d: cannot read folder nowhere: No such file or directory$' "$RENDER" out --models nowhere
fails "no family that large" 4 '^kicad3d: models: no family \(FAMILY.3dshapes\) has 50 models \(.wrl\)$' "$RENDER" out --models models --least 50
fails "no model that can be read" 4 '^kicad3d: models/bad: no model can be read$' bash -c "mkdir -p models/bad/X.3dshapes && echo >models/bad/X.3dshapes/x.wrl && '$RENDER' out2 --models models/bad --least 1"
fails "bad number" 2 'per-part: must be an integer' "$RENDER" out --per-part 0
finish
