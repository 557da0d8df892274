#!/bin/bash
# Every mistake gets one clear line from one rank and its exit code. The table of docs/errors.md is made
# here and compared with what stands there; UMBEL_UPDATE=1 writes it anew (make docs).
DOCS="$PWD/docs/errors.md"
. tests/cli/common.sh
umbel() { timeout 60 "$UMBEL" "$@"; }
cd "$WORK" || exit 1
: >table

# mistake NAME CODE COMMAND...: exits with CODE and prints exactly one line of its own on standard error.
mistake() {
    local name=$1 code=$2 rc lines
    shift 2
    "$@" >out 2>err
    rc=$?
    grep -E '^umbel( [a-z]+)?: ' err >own
    lines=$(wc -l <own)
    printf '| %s | %s | `%s` |\n' "$name" "$code" "$(sed "s/|/\\\\|/g; s/\`/'/g" own | head -1)" >>table
    if [ "$rc" != "$code" ]; then
        not_ok "$name" "exit code $rc, not $code: $(head -3 err | tr '\n' '|')"
    elif [ "$lines" != 1 ]; then
        not_ok "$name" "$lines lines instead of one: $(head -3 err | tr '\n' '|')"
    else
        ok "$name"
    fi
}
section() { printf '\n### %s\n\n| mistake | code | message |\n|---|---|---|\n' "$1" >>table; }
# Where the machine does not allow the attempt, the row stays as it is documented.
untried() { grep -F "| $1 |" "$DOCS" >>table; ok "$1 (not possible here)"; }

# --- what the mistakes are made with
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
umbel pack --manifest set/manifest.csv --root set --out good.h5 >/dev/null 2>&1 || not_ok "pack" "failed"
cat >good.yaml <<'END'
pack: good.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 2
run: r1
END
umbel train good.yaml --set run=done --steps 3 >/dev/null 2>&1 || not_ok "train" "failed"
checkpoint=done/checkpoint/last
train() { umbel train "$@"; }
train3() { timeout 60 "${MPIRUN[@]}" -n 3 "$UMBEL" train "$@"; }
pack() { umbel pack --root bad --out o.h5 "$@"; }
rows() { printf '%b' "$1" >m.csv; }
mkdir bad
cp set/00000.jpg bad/good.jpg
cp set/00001.jpg bad/other.jpg
cp set/00002.jpg bad/third.jpg
head -c 600 bad/good.jpg >bad/cut.jpg
head -c 900 set/00003.png >bad/cut.png
: >bad/zero.jpg
echo 'not an image at all' >bad/text.jpg
"$PYTHON" - <<'END'
from PIL import Image
Image.new("RGB", (40000, 1)).save("bad/wide.png")
Image.new("RGB", (8, 8)).save("bad/gif.jpg", "GIF")
Image.new("RGB", (2000, 2000)).save("bad/large.jpg")
END
head -c 700 bad/large.jpg >bad/header.jpg
mkdir bad/folder.jpg

section "Images"
rows 'path,t\nunreadable.jpg,x\n'
cp bad/good.jpg bad/unreadable.jpg && chmod 000 bad/unreadable.jpg
if [ "$(id -u)" != 0 ]; then
    mistake "no permission" 4 pack --manifest m.csv
elif command -v setpriv >/dev/null 2>&1 && cp "$UMBEL" umbel-copy && chmod -R a+rX,a+w . && chmod 000 bad/unreadable.jpg &&
    setpriv --reuid 65534 --clear-groups test -x ./umbel-copy; then
    mistake "no permission" 4 setpriv --reuid 65534 --clear-groups env HOME=/tmp timeout 60 ./umbel-copy pack --root bad --out o.h5 --manifest m.csv
else
    untried "no permission"
fi
image() { # NAME CODE FILE
    rows "path,t\n$3,x\n"
    mistake "$1" "$2" pack --manifest m.csv
}
image "file missing" 4 none.jpg
image "a folder" 4 folder.jpg
image "truncated JPEG" 3 cut.jpg
image "truncated PNG" 3 cut.png
image "little more than a header" 3 header.jpg
image "zero bytes" 3 zero.jpg
image "no picture" 3 text.jpg
image "another kind of picture" 3 gif.jpg
image "40,000 pixels wide" 3 wide.png

section "Manifests and image folders"
manifest() { # NAME CODE ROWS MORE...
    local name=$1 code=$2
    rows "$3"
    shift 3
    mistake "$name" "$code" pack --manifest m.csv "$@"
}
mistake "manifest missing" 4 pack --manifest nothing.csv
manifest "no images" 3 'path,t\n'
manifest "path outside the root" 3 'path,t\n../good.jpg,x\n'
manifest "absolute path" 3 'path,t\n/etc/passwd,x\n'
manifest "duplicate path" 3 'path,t\ngood.jpg,x\ngood.jpg,y\n'
manifest "unknown column" 3 'path,type\ngood.jpg,x\n' --labels tipe
manifest "no path column" 3 'file,type\ngood.jpg,x\n'
manifest "no label column" 3 'path,split\ngood.jpg,train\n'
manifest "quote without its end" 3 'path,t\n"good.jpg,x\n'
manifest "quote inside a field" 3 'path,t\ngood.jpg,x"y\n'
manifest "rows of unequal length" 3 'path,t\ngood.jpg,x\nother.jpg,y,z\n'
manifest "Latin-1 names" 3 'path,t\ngood.jpg,gr\0374n\n'
manifest "bad split" 3 'path,t,split\ngood.jpg,x,dev\n'
manifest "empty label group" 3 'path,t,u\ngood.jpg,x,\n'
manifest "a class only in test" 3 'path,t,split\ngood.jpg,x,train\nother.jpg,y,train\nthird.jpg,z,test\n'
"$PYTHON" -c 'print("path,t"); [print(f"{i}.jpg,{i}") for i in range(70000)]' >many.csv
mistake "70,000 classes" 3 pack --manifest many.csv
manifest "no such kind of label" 2 'path,t\ngood.jpg,x\n' --labels t:mutli
manifest "a value that is no number" 3 'path,t\ngood.jpg,12 mm\n' --labels t:value
manifest "a decimal comma" 3 'path,t\ngood.jpg,"12,5"\n' --labels t:value
manifest "an empty name in a set" 3 'path,t\ngood.jpg,a;;b\n' --labels t:multi
manifest "a name twice in a set" 3 'path,t\ngood.jpg,a;b;a\n' --labels t:multi
manifest "shares that do not add up" 2 'path,t\ngood.jpg,x\n' --split train=0.5
mkdir -p tree/bolt nowhere && cp set/00000.jpg tree/bolt/m3-top.jpg && cp set/00001.jpg tree/bolt/m4_side.jpg
mistake "folder without images" 3 umbel pack nowhere --levels t --out o.h5
mistake "file that does not fit the pattern" 3 umbel pack tree --pattern '{type}/{part}_{angle}.jpg' --out o.h5
mistake "pattern without its end" 2 umbel pack tree --pattern '{type/{part}.jpg' --out o.h5
mistake "pattern without a label" 2 umbel pack tree --pattern '*/*.jpg' --out o.h5
rows 'path,t\ncut.jpg,x\nzero.jpg,y\n'
mistake "--keep-going, but nothing is left" 3 pack --manifest m.csv --keep-going
rows 'path,t\ngood.jpg,x\nother.jpg,y\n'
mistake "folder and manifest" 2 umbel pack tree --manifest m.csv --out o.h5
mistake "output folder missing" 4 umbel pack --root bad --manifest m.csv --out none/o.h5
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
    mistake "disk full" 4 umbel pack --manifest set/manifest.csv --root set --out small/o.h5
    same "nothing is left on the full disk" "0" "$(find small -type f | wc -l)"
    umount small
else
    untried "disk full"
fi
same "no unfinished file is left" "0" "$(find . -name 'o.h5*' -o -name '*.tmp-*' | wc -l)"

section "Configurations"
mistake "no such command" 2 umbel trian
mistake "no configuration" 2 train
mistake "file missing" 2 train none.yaml
config() { # NAME CODE TEXT
    printf '%b' "$3" >c.yaml
    mistake "$1" "$2" train c.yaml
}
config "empty" 2 ''
head -c 400 /dev/zero >c.yaml
mistake "binary" 2 train c.yaml
config "tabs" 2 'pack: good.h5\n\tbatch: 3\n'
config "key given twice" 2 'pack: good.h5\nbatch: 16\nbatch: 32\n'
config "aliases of aliases" 2 'pack: &a [x,x,x,x]\nrun: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nseed: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nlane: &d [*c,*c,*c,*c,*c,*c,*c,*c]\nbatch: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n'
config "number with a tail" 2 'pack: good.h5\ntrunk: {kind: resnet20}\nbatch: 16x\n'
config "list where a map belongs" 2 'pack: good.h5\ntrunk: {kind: resnet20}\noptimizer: [adamw]\n'
config "map where a number belongs" 2 'pack: good.h5\ntrunk: {kind: resnet20}\nbatch: {size: 3}\n'
config "no pack" 2 'trunk: {kind: resnet20}\n'
config "no trunk" 2 'pack: good.h5\n'
mistake "unknown key" 2 train good.yaml --set bach=4
mistake "unknown key of a section" 2 train good.yaml --set optimizer.learning_rate=1
mistake "unknown augmentation" 2 train good.yaml --set augment.jiter.hue=0.1
mistake "a head to watch that is not there" 2 train good.yaml --set watch=sape
mistake "a head to balance that is not there" 2 train good.yaml --set sampling.by=sape
mistake "a flip of no class" 2 train good.yaml --set 'heads=[shape]' --set 'heads[0].flips=rong<->bar'
mistake "nobody to be mixed with" 2 train good.yaml --set augment.mixup.alpha=0.2 --set lane=1
mistake "a head that would learn nothing" 2 train good.yaml --set augment.cutmix.alpha=1 --set 'heads=[shape]' --set 'heads[0].mix=false'
mistake "nothing to go back from" 2 train good.yaml --set 'heads=[shape]' --set 'heads[0].restore=true'
mistake "a side beyond the last" 2 train good.yaml --set 'progressive.sides=[512]'
mistake "unknown trunk" 2 train good.yaml --set trunk.kind=resnet19
mistake "number out of range" 2 train good.yaml --set epochs=0
mistake "--steps is no number" 2 train good.yaml --steps 5x
mistake "batch no multiple of lane" 2 train good.yaml --set batch=18
mistake "more than 4,096 lanes" 2 train good.yaml --set batch=16388
mistake "batch larger than the set" 2 train good.yaml --set batch=64
mistake "head that the pack lacks" 2 train good.yaml --set 'heads=[{name: shap}]'
mistake "image smaller than the trunk allows" 2 train good.yaml --set image=8
rows 'path,t\ngood.jpg,x\n'
umbel pack --root bad --manifest m.csv --out one.h5 >/dev/null 2>&1 || not_ok "pack of one image" "failed"
mistake "one image only" 2 train good.yaml --set pack=one.h5
mistake "one class only" 2 train good.yaml --set pack=one.h5 --set batch=1 --set lane=1
"$PYTHON" "$TESTS/make_dataset.py" whole 60 40 0 1 && "$PYTHON" "$TESTS/cli/add_labels.py" whole/manifest.csv kinds.csv
umbel pack --manifest kinds.csv --root whole --labels shape,tags:multi,grade,size:value --out kinds.h5 >/dev/null 2>&1 || not_ok "pack of kinds" "failed"
of_head() { mistake "$1" 2 train good.yaml --set pack=kinds.h5 --set "heads=[$2]"; } # NAME HEAD
of_head "no such kind of head" '{name: shape, kind: softmaks}'
of_head "a key of another kind" '{name: shape, kind: softmax, period: 180}'
of_head "a key of a kind that is not named" '{name: size, period: 180}'
of_head "unknown key of a head" '{name: shape, kind: softmax, smothing: 0.1}'
of_head "softmax for several labels at once" '{name: tags, kind: softmax}'
of_head "an angle of classes" '{name: grade, kind: circular}'
of_head "smoothing of the focal loss" '{name: shape, kind: softmax, loss: focal, smoothing: 0.1}'
of_head "factor on a class that is not there" '{name: shape, kind: softmax, class_factors: "sqare=2"}'
of_head "factor that is no number" '{name: shape, kind: softmax, class_factors: "square=much"}'
of_head "a class left out of the order" '{name: grade, kind: ordinal, order: "low, middle"}'
of_head "an order with a class that is not there" '{name: grade, kind: ordinal, order: "low, medium, high"}'
of_head "a flip of numbers" '{name: size, flips: "low<->high"}'
kinds() { mistake "$1" 2 train good.yaml --set pack=kinds.h5 "${@:2}"; } # NAME MORE...
kinds "balance of several labels at once" --set sampling.balance=full --set sampling.by=tags
kinds "balance of all heads, one of them of numbers" --set heads=[shape,size] --set sampling.balance=sqrt
kinds "gradients on features that a head does not read" --set 'heads=[{name: shape}, {name: grade, pool: attention}]' --set balance.kind=gradnorm
kinds "accuracy to watch where all is numbers" --set heads=[size] --set early_stop.patience=2
sed '1s/size/measure/; s/,[0-9][0-9]*\.[0-9][0-9],/,7,/' kinds.csv >equal.csv
umbel pack --manifest equal.csv --root whole --labels measure:value --out equal.h5 >/dev/null 2>&1 || not_ok "pack of equal values" "failed"
mistake "values that are all the same" 3 train good.yaml --set pack=equal.h5
mistake "the doctor, --set without a configuration" 2 umbel doctor --set batch=8

section "Packs"
mistake "missing" 4 train good.yaml --set pack=none.h5
head -c 9000 good.h5 >cut.h5
mistake "truncated" 3 train good.yaml --set pack=cut.h5
cp good.h5 flipped.h5 && printf '\125' | dd of=flipped.h5 bs=1 seek=2500 conv=notrunc 2>/dev/null
mistake "damaged" 3 train good.yaml --set pack=flipped.h5
cp good.h5 newer.h5 && printf '\143' | dd of=newer.h5 bs=1 seek=$(($(stat -c %s good.h5) - 52)) conv=notrunc 2>/dev/null
mistake "of a newer version" 3 train good.yaml --set pack=newer.h5
"$PYTHON" -c 'import h5py; h5py.File("foreign.h5", "w")["x"] = [1, 2]'
mistake "an HDF5 file of another origin" 3 train good.yaml --set pack=foreign.h5
mistake "a text file" 3 train good.yaml --set pack=good.yaml
mistake "a checkpoint" 3 train good.yaml --set pack=$checkpoint
sed 's/,test/,train/' set/manifest.csv >untested.csv && umbel pack --manifest untested.csv --root set --out untested.h5 >/dev/null 2>&1
mistake "no images of the split" 3 umbel eval $checkpoint --pack untested.h5 --split test
sed '1s/shape/form/' set/manifest.csv >renamed.csv && umbel pack --manifest renamed.csv --root set --out renamed.h5 >/dev/null 2>&1
umbel pack --manifest kinds.csv --root whole --labels shape:multi,colour,place --out sets.h5 >/dev/null 2>&1
mistake "label group of another kind" 3 umbel eval $checkpoint --pack sets.h5
mistake "label group missing" 3 umbel eval $checkpoint --pack renamed.h5

section "Several packs, and packs of packs"
several() { mistake "$1" "$2" train good.yaml --set "pack=$3"; } # NAME CODE PACKS
several "a list of none" 2 '[]'
several "a pack twice" 2 '[good.h5, good.h5]'
several "one of them missing" 4 '[good.h5, none.h5]'
several "a pattern that no file matches" 4 'none-*.h5'
several "groups of two kinds" 3 '[good.h5, sets.h5]'
mkdir copies && cp good.h5 copies/good.h5
several "the same images under one file name" 3 '[good.h5, copies/good.h5, ./good.h5]'
umbel pack --manifest set/manifest.csv --root set --shards 3 --out cut.h5 >/dev/null 2>&1 || not_ok "shards" "failed"
rm cut-00002-of-00003.h5
several "a shard missing" 4 'cut-*.h5'
umbel pack --manifest set/manifest.csv --root set --shards 2 --out cut.h5 >/dev/null 2>&1 || not_ok "shards" "failed"
umbel pack --manifest set/manifest.csv --root set --shards 3 --out cut.h5 >/dev/null 2>&1 || not_ok "shards" "failed"
several "shards of two packings" 3 'cut-*.h5'
mistake "more shards than images" 2 umbel pack --manifest set/manifest.csv --root set --shards 61 --out o.h5
mistake "no shards" 2 umbel pack --manifest set/manifest.csv --root set --shards 0 --out o.h5
mistake "--merge of nothing" 2 umbel pack --merge --out o.h5
mistake "--merge without a name for the result" 2 umbel pack --merge good.h5 kinds.h5
mistake "--merge with labels" 2 umbel pack --merge good.h5 --labels shape --out o.h5
mistake "--merge of what is no pack" 3 umbel pack --merge good.h5 good.yaml --out o.h5
mistake "--merge of groups of two kinds" 3 umbel pack --merge good.h5 sets.h5 --out o.h5
rows 'path,shape\n00000.jpg,ring\n'
add() { mistake "$1" "$2" umbel pack --manifest m.csv --root set "${@:3}"; } # NAME CODE MORE...
add "--add-to a pack that is missing" 4 --add-to none.h5
add "--add-to what is no pack" 3 --add-to good.yaml --out o.h5
add "--add-to several packs" 2 --add-to 'cut-*.h5'
add "--add-to, labels of another kind" 3 --labels shape:multi --add-to good.h5 --out o.h5

section "Tar files and lists"
tar_of() { tar -cf "$1" -C "${@:2}"; }
mistake "--tar of nothing" 2 umbel pack --tar --out o.h5
mistake "--tar with a manifest" 2 umbel pack --tar x.tar --manifest m.csv --out o.h5
mistake "tar file missing" 4 umbel pack --tar none.tar --out o.h5
mistake "no tar file" 3 umbel pack --tar good.yaml --out o.h5
mkdir samples && cp set/00000.jpg samples/a.jpg && echo 3 >samples/a.cls && echo far >samples/a.turn
tar_of whole.tar samples a.jpg a.cls a.turn
head -c 700 whole.tar >cut.tar
mistake "tar file that is cut" 3 umbel pack --tar cut.tar --out o.h5
mistake "label that no sample has" 3 umbel pack --tar whole.tar --labels type --out o.h5
mistake "value that is no number" 3 umbel pack --tar whole.tar --labels turn:value --out o.h5
tar_of none.tar samples a.cls
mistake "labels without images" 3 umbel pack --tar none.tar --out o.h5
list() { mistake "$1" "$2" umbel pack --list l.txt --root bad --out o.h5 "${@:3}"; } # NAME CODE MORE...
mistake "list missing" 4 umbel pack --list none.txt --levels t --out o.h5
: >l.txt
list "an empty list" 3 --levels t
echo ../good.jpg >l.txt
list "a path that leaves the root" 3 --levels t
echo x/good.jpg >l.txt
list "neither levels nor a pattern" 2
list "a path that does not fit" 3 --pattern '{a}/{b}/*'
printf 'x/good.jpg\n./x/good.jpg\n' >l.txt
list "a path twice" 3 --levels t

section "Checkpoints and run folders"
mistake "missing" 4 umbel digest none
mistake "a pack" 3 umbel eval good.h5
head -c 20000 $checkpoint >cut-checkpoint.h5
mistake "truncated" 3 umbel eval cut-checkpoint.h5
mistake "neither pack nor checkpoint" 3 umbel inspect good.yaml
mistake "bad split" 2 umbel eval $checkpoint --split tset
mistake "predictions of an unknown format" 2 umbel eval $checkpoint --predictions all.txt
mistake "all probabilities to nowhere" 2 umbel eval $checkpoint --all
mistake "confusion of a head that is not there" 2 umbel eval $checkpoint --confusion form
mistake "run folder in use" 2 train good.yaml --set run=done
mistake "resumed with another seed" 2 train good.yaml --set run=done --resume --set seed=2
mistake "resumed with another lane" 2 train good.yaml --set run=done --resume --set lane=8
umbel pack --manifest set/manifest.csv --root set --split train=0.8,val=0.2 --out other.h5 >/dev/null 2>&1
mistake "resumed on another pack" 3 train good.yaml --set run=done --resume --set pack=other.h5
touch file
mistake "run folder is a file" 4 train good.yaml --set run=file
mkdir board && touch board/tensorboard
mistake "folder of event files is a file" 4 train good.yaml --set run=board --set tensorboard=true
mistake "a table that is also a page" 2 umbel report done --csv figures.csv --out page.html
mistake "disk full under a table" 4 bash -c "'$UMBEL' report done --csv - >/dev/full"

section "Export"
export_to() { umbel export $checkpoint "$@"; }
mistake "nothing to write" 2 export_to
mistake "no such type of pixels" 2 export_to --onnx o.onnx --input int8
mistake "head that the checkpoint lacks" 2 export_to --safetensors o.safetensors --head shap
mistake "output folder missing" 4 export_to --onnx none/o.onnx
umbel heads $checkpoint --rename shape=images --out named.h5 >/dev/null 2>&1 || not_ok "heads" "failed"
mistake "head with the name of the input" 2 umbel export named.h5 --onnx o.onnx
train good.yaml --set run=v2 --set trunk.kind=convnextv2_atto --steps 1 >/dev/null 2>&1 || not_ok "train V2" "failed"
mistake "network that torchvision lacks" 2 umbel export v2/checkpoint/last --torchvision o.safetensors
mistake "a text file in place of a checkpoint" 3 umbel export good.yaml --onnx o.onnx
section "Calibration and prediction"
mistake "calibrated on no split" 2 umbel calibrate $checkpoint --split dev --out o.h5
mistake "nothing to look at" 2 umbel predict $checkpoint
mistake "files and a pack" 2 umbel predict $checkpoint set --pack good.h5
mistake "no such format" 2 umbel predict $checkpoint set --format xml
mistake "none of the most probable" 2 umbel predict $checkpoint set --top 0
mistake "features of another kind" 2 umbel predict $checkpoint set --features f.csv
mistake "no folder for features" 4 umbel predict $checkpoint set --features none/f.npy
mistake "a pack in place of a checkpoint" 3 umbel predict good.h5 set
mistake "disk full under predictions" 4 bash -c "'$UMBEL' predict $checkpoint set >/dev/full"

section "Networks of other programs, and heads"
"$PYTHON" "$TESTS/cli/foreign_networks.py" write akamaster net.safetensors
import() { umbel import --trunk resnet20 --out o.h5 "$@"; }
mistake "no trunk named" 2 umbel import net.safetensors --out o.h5
mistake "unknown trunk" 2 umbel import net.safetensors --trunk resnet21 --out o.h5
mistake "file missing" 4 import none.safetensors
mistake "file of another kind" 3 import good.yaml
head -c 90000 net.safetensors >cut.safetensors
mistake "truncated" 3 import cut.safetensors
sed 's/"F32"/"I32"/' net.safetensors >whole.safetensors
mistake "whole numbers for weights" 3 import whole.safetensors
sed 's/module.linear.bias/module.linear.bent/' net.safetensors >bent.safetensors
mistake "tensor missing" 3 import bent.safetensors --allow-unused
mistake "a network of another family" 3 umbel import net.safetensors --trunk mobilenet_v1 --out o.h5
printf 'a\nb\n' >two.txt
mistake "class names of another number" 3 import net.safetensors --classes two.txt
printf 'a\n\nb\n' >gap.txt
mistake "empty class name" 3 import net.safetensors --classes gap.txt
import net.safetensors >/dev/null 2>&1 || not_ok "import" "failed"
mistake "evaluated without a pack" 2 umbel eval o.h5
mistake "weights missing" 4 train good.yaml --set trunk.weights=none.h5
mistake "weights of another kind" 2 train good.yaml --set trunk.weights=o.h5
mistake "heads: no such head" 2 umbel heads $checkpoint --drop shap --out o.h5
mistake "heads: name in use" 2 umbel heads $checkpoint --add shape:3 --out o.h5
mistake "heads: one class" 2 umbel heads $checkpoint --add size:1 --out o.h5
mistake "heads: no classes" 2 umbel heads $checkpoint --add size --out o.h5
mistake "heads: a regression" 2 umbel heads $checkpoint --add size:regression --out o.h5

section "Measuring and planning"
mistake "nothing to measure" 2 umbel bench
mistake "classes of a head" 2 umbel bench good.yaml --classes 3,1
mistake "steps that are none" 2 umbel bench good.yaml --steps 0
mistake "no such kernel" 2 umbel bench --kernels --only nothing
mistake "not a network" 2 umbel plan good.yaml --network fast
mistake "not numbers of ranks" 2 umbel plan good.yaml --ranks 2,x
mistake "planning for a pack that is missing" 4 umbel plan good.yaml --set pack=none.h5

# --- one line, however many ranks
fails "24 ranks, one line: command line" 2 '^umbel train: .*steps' ranks 24 "$UMBEL" train good.yaml --steps 5x
fails "24 ranks, one line: configuration" 2 '^umbel: .*bach' ranks 24 "$UMBEL" train good.yaml --set bach=4
fails "24 ranks, one line: pack" 4 '^umbel: cannot open none.h5' ranks 24 "$UMBEL" train good.yaml --set pack=none.h5
fails "3 ranks, one line: head" 2 'heads\[0\].name' train3 good.yaml --set 'heads=[{name: shap}]'
rows 'path,t\ncut.jpg,x\ngood.jpg,y\n'
fails "3 ranks, one line: image" 3 '^umbel: bad/cut.jpg' ranks 3 "$UMBEL" pack --manifest m.csv --root bad --out o.h5

# --- the documented table
begin='<!-- made by tests/cli/mistakes.sh -->' end='<!-- end -->'
if [ "${UMBEL_UPDATE:-}" = 1 ]; then
    { sed "\\#$begin#q" "$DOCS"; cat table; echo; sed -n "\\#$end#,\$p" "$DOCS"; } >new && cat new >"$DOCS"
fi
sed -n "\\#$begin#,\\#$end#p" "$DOCS" | sed '1d;$d' | sed '$d' >documented
if cmp -s table documented; then
    ok "docs/errors.md is what happens"
else
    not_ok "docs/errors.md is what happens" "make docs writes it anew; $(diff table documented | head -4 | tr '\n' '|')"
fi
finish
