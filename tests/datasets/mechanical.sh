#!/bin/bash
# The rendered set: the same bytes on any number of threads, honest splits, and no walk-over.
. tests/cli/common.sh
RENDER="$(dirname "$UMBEL")/../mechanical"
cd "$WORK" || exit 1
rendered() { # THREADS SEED
    "$RENDER" "set$1-$2" --images 60 --side 48 --threads "$1" --seed "$2" 2>/dev/null
    (cd "set$1-$2" && find . -type f | sort | xargs md5sum | md5sum)
}
same "the same bytes on 1 and 3 threads" "$(rendered 1 1)" "$(rendered 3 1)"
differ "another seed, another set" "$(rendered 1 1)" "$(rendered 1 2)"
"$RENDER" set --images 4000 --side 64 2>err || not_ok "rendering" "$(tail -1 err)"
"$PYTHON" - <<'END'
import csv, numpy as np, sys
from PIL import Image
rows = list(csv.DictReader(open("set/manifest.csv")))
def check(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why}")
count = {key: len({r[key] for r in rows if r[key]}) for key in ("type", "part", "angle")}
check("at least 12 types, 40 parts, 4 angles", count["type"] >= 12 and count["part"] >= 40 and count["angle"] == 4, count)
check("parts belong to one type", len({(r["type"], r["part"]) for r in rows}) == count["part"])
check("a ball has no angle, all else has one", all((r["type"] == "ball") == (r["angle"] == "") for r in rows))
endings = {r["path"][-4:] for r in rows}
check("JPEG and PNG", endings == {".jpg", ".png"}, endings)
for draw in ("light", "material", "background", "camera"):
    seen = {split: {r[draw] for r in rows if r["split"] == split} for split in ("train", "val", "test")}
    check(f"{draw} of test is not in train", not seen["test"] & seen["train"] and not seen["val"] & seen["train"]
          and len(seen["test"]) > 20 and len(seen["train"]) > 100)
pixels = np.array([np.asarray(Image.open("set/" + r["path"]).convert("L").resize((16, 16), Image.BOX), float).ravel() for r in rows])
train = [i for i, r in enumerate(rows) if r["split"] == "train"]
test = [i for i, r in enumerate(rows) if r["split"] == "test"]
near = ((pixels[test] ** 2).sum(1)[:, None] + (pixels[train] ** 2).sum(1) - 2 * pixels[test] @ pixels[train].T).argmin(1)
for key, most in (("type", 0.40), ("part", 0.15)):
    right = np.mean([rows[train[j]][key] == rows[i][key] for i, j in zip(test, near)])
    check(f"1-nearest-neighbour finds at most {most:.0%} of {key}", right <= most, f"{right:.1%}")
    sys.stderr.write(f"{key}: {right:.1%}\n")
END
fails "unknown option" 2 'unrecognized option' "$RENDER" out --imagse 3
fails "bad number" 2 'images: must be an integer' "$RENDER" out --images 3x
touch file
fails "folder cannot be made" 4 '^mechanical: cannot make folder file/images: Not a directory' "$RENDER" file --images 2
finish
