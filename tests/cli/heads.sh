#!/bin/bash
# umbel heads: what stays answers as before to the last bit; what is new starts as the seed has it.
. tests/cli/common.sh
cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 60 32 0.2 3
sed '1s/,shape,/,form,/' set/manifest.csv >set/form.csv
for pack in manifest form; do
    "$UMBEL" pack --manifest set/$pack.csv --root set --out $pack.h5 >/dev/null 2>&1 || not_ok "pack $pack" "failed"
done
cat >c.yaml <<'END'
pack: manifest.h5
image: 32
trunk: {kind: resnet18, width: 8}
heads: [{name: shape}, {name: colour, weight: 0.5}]
batch: 24
lane: 8
epochs: 3
seed: 5
run: run
END
"$UMBEL" train c.yaml >/dev/null 2>&1 || not_ok "train" "failed"
checkpoint=run/checkpoint/last
heads() { "$UMBEL" heads "$@"; }
# scores CHECKPOINT HEAD MORE...: all that evaluation says of a head
scores() {
    local file=$1 head=$2
    shift 2
    "$UMBEL" eval "$file" --json - "$@" 2>/dev/null | "$PYTHON" -c 'import json, sys
print(json.dumps(json.load(sys.stdin)["heads"][sys.argv[1]]))' "$head"
}

heads $checkpoint --add place:2 --rename shape=form --out more.h5 || not_ok "add and rename" "failed"
same "a renamed head scores the same" "$(scores $checkpoint shape)" "$(scores more.h5 form --pack form.h5)"
same "a head beside it too" "$(scores $checkpoint colour)" "$(scores more.h5 colour --pack form.h5)"
heads $checkpoint --drop colour --out less.h5
same "a head that another was dropped beside" "$(scores $checkpoint shape)" "$(scores less.h5 shape)"
heads more.h5 --drop place --rename form=shape --out back.h5
"$PYTHON" - $checkpoint more.h5 less.h5 back.h5 >out 2>err <<'END' && ok "arrays, slots and heads" || not_ok "arrays, slots and heads" "$(tail -1 err)"
import sys
import h5py
import numpy as np

old, more, less, back = (h5py.File(p) for p in sys.argv[1:])
assert list(more["heads"]) == ["form", "colour", "place"], list(more["heads"])
assert list(less["heads"]) == ["shape"]
assert [b.decode() for b in more["heads/place/class"][()]] == ["0", "1"]
for group in ("param", "state", "slot/m", "slot/v"):
    for name in old[group]:
        new = name.replace("heads.shape", "heads.form")
        assert np.array_equal(old[group][name][()], more[group][new][()]), new
        assert np.array_equal(old[group][name][()], back[group][name][()]), name
        assert ("colour" in name) == (name not in less[group]), name
place = more["param/heads.place.linear.weight"][()]
assert 0.01 < place.std() < 0.03 and place.shape == (2, 64)
assert not more["slot/v/heads.place.linear.weight"][()].any()
assert more.attrs["step"] == old.attrs["step"] > 0
assert "weight: 0.5" in more["config"][0].decode()
END
heads $checkpoint --add place:2 --add size:2 --out a.h5 && heads $checkpoint --add place:2 --add size:2 --out b.h5
same "twice the same: the same bytes" "$(md5sum <a.h5)" "$(md5sum <b.h5)"
printf 'small\nlarge\n' >sizes.txt
heads $checkpoint --add size:sizes.txt --out c.h5
same "class names from a file" "small large" "$("$UMBEL" inspect c.h5 --json | "$PYTHON" -c 'import json, sys
print(*json.load(sys.stdin)["heads"]["size"]["classes"])')"

# the result is a checkpoint to train from, and to resume
cat >d.yaml <<'END'
pack: manifest.h5
trunk: {weights: more.h5}
batch: 24
lane: 8
epochs: 1
run: next
END
"$UMBEL" train d.yaml >log 2>&1
same "training goes on from it" "head colour: taken over from the weights" "$(grep -o 'head colour: taken over.*' log)"
heads $checkpoint --add place:2 --out plus.h5
mkdir -p resumed/checkpoint && cp plus.h5 resumed/checkpoint/step-6.h5
"$UMBEL" train c.yaml --set run=resumed --set epochs=4 --set 'heads=[{name: shape}, {name: colour, weight: 0.5}, {name: place}]' --resume >log 2>&1
same "a run resumes with a head more" "0 1" "$? $(grep -c 'resuming resumed at step 6' log)"

# heads of other kinds are kept with what they know of their labels, and can be added
"$PYTHON" "$TESTS/make_dataset.py" whole 60 32 0 3 && "$PYTHON" "$TESTS/cli/add_labels.py" whole/manifest.csv kinds.csv 0.2
"$UMBEL" pack --manifest kinds.csv --root whole --labels tags:multi,grade,size:value,azimuth:value --out kinds.h5 >/dev/null 2>&1
sed '1s/,size,/,length,/' kinds.csv >length.csv
"$UMBEL" pack --manifest length.csv --root whole --labels tags:multi,grade,length:value,azimuth:value --out length.h5 >/dev/null 2>&1
cat >k.yaml <<'END'
pack: kinds.h5
image: 32
trunk: {kind: resnet18, width: 8}
heads: [{name: tags, kind: sigmoid, positive_weights: balanced, hidden: [8]}, {name: grade, kind: ordinal, order: "low, middle, high", pool: attention},
  {name: size, kind: regression}, {name: azimuth}]
batch: 24
lane: 8
epochs: 2
run: kinds
END
"$UMBEL" train k.yaml >log 2>&1 || not_ok "train other kinds" "$(tail -1 log)"
heads kinds/checkpoint/last --rename size=length --drop azimuth --add turn:circular --add marks:3:sigmoid --add rank:sizes.txt:ordinal --out kinds-edited.h5 ||
    not_ok "edit other kinds" "failed"
for head in tags grade; do
    same "$head scores the same" "$(scores kinds/checkpoint/last $head)" \
        "$(heads kinds-edited.h5 --drop turn --drop marks --drop rank --out kept.h5 && scores kept.h5 $head --pack length.h5)"
done
same "a regression keeps its scale" "$(scores kinds/checkpoint/last size)" "$(scores kept.h5 length --pack length.h5)"
same "kinds of the edited heads" "sigmoid ordinal regression circular sigmoid ordinal" "$("$UMBEL" inspect kinds-edited.h5 --json | "$PYTHON" -c '
import json, sys
print(*(head["kind"] for head in json.load(sys.stdin)["heads"].values()))')"
"$UMBEL" train k.yaml --set trunk.weights=kinds/checkpoint/last --set run=further --set 'heads[2].hidden=[4]' >log 2>&1
same "what is taken over and what is not" "azimuth taken grade taken size starts tags taken" \
    "$(grep -o 'head [a-z]*: [a-z]*' log | sed 's/head //; s/://' | sort | tr '\n' ' ' | sed 's/ $//')"

fails "no such head" 2 '--drop: run/checkpoint/last has no head "shap"; did you mean "shape"\?' heads $checkpoint --drop shap --out x.h5
fails "name in use" 2 '--rename: run/checkpoint/last has a head "shape" already' heads $checkpoint --rename colour=shape --out x.h5
fails "one class" 2 'head "size" needs 2 to 65536 classes, not 1' heads $checkpoint --add size:1 --out x.h5
fails "no classes" 2 '--add: must be NAME:CLASSES, not "size"' heads $checkpoint --add size --out x.h5
fails "a name that cannot be" 2 '--add: "a/b" cannot name a head' heads $checkpoint --add a/b:2 --out x.h5
fails "nothing to do" 2 'nothing to do' heads $checkpoint --out x.h5
finish
