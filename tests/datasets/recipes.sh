#!/bin/bash
# The recipes of datasets/ on small sets of the same layout, made here: each pack holds what was put in, and mistakes are named.
RECIPES="$PWD/datasets"
. tests/cli/common.sh
export UMBEL
cd "$WORK" || exit 1
recipe() { timeout 120 "$PYTHON" "$RECIPES/$1.py" "${@:2}" >out 2>err || not_ok "$1" "$(tail -2 err)"; }
"$PYTHON" - <<'EOF'
import gzip
import os
import struct
import numpy as np
from PIL import Image
rng = np.random.default_rng(3)
def folder(name):
    os.makedirs(name, exist_ok=True)
    return name + "/"
def picture(path, side=24):
    Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8)).save(path)
def batch(path, labels): # labels (images,groups)
    labels = np.array(labels, np.uint8).reshape(len(labels), -1)
    planes = rng.integers(0, 256, (len(labels), 3072)).astype(np.uint8)
    np.concatenate([labels, planes], 1).tofile(path)

at = folder("ten")
open(at + "batches.meta.txt", "w").write("".join(f"kind{k}\n" for k in range(10)) + "\n")
for k in range(1, 6):
    batch(at + f"data_batch_{k}.bin", [i % 10 for i in range(20 + k)])
batch(at + "test_batch.bin", [i % 10 for i in range(20)])
at = folder("hundred")
open(at + "coarse_label_names.txt", "w").write("".join(f"c{k}\n" for k in range(20)))
open(at + "fine_label_names.txt", "w").write("".join(f"f{k}\n" for k in range(100)))
batch(at + "train.bin", [(i // 10, i // 2) for i in range(200)])
batch(at + "test.bin", [(i // 5, i) for i in range(100)])

at = folder("fashion")
for part, count, opens in (("train", 40, open), ("t10k", 20, gzip.open)): # one set packed, one plain
    ending = ".gz" if opens is gzip.open else ""
    with opens(at + f"{part}-images-idx3-ubyte{ending}", "wb") as file:
        file.write(struct.pack(">4I", 0x803, count, 28, 28) + rng.integers(0, 256, count * 784).astype(np.uint8).tobytes())
    with opens(at + f"{part}-labels-idx1-ubyte{ending}", "wb") as file:
        file.write(struct.pack(">2I", 0x801, count) + bytes(i // 2 % 10 for i in range(count)))

folder("pets/images"), folder("pets/annotations")
lines = []
for b, (breed, species) in enumerate([("Abyssinian", 1), ("Maine_Coon", 1), ("pug", 2)]):
    for i in range(1, 31):
        lines.append(f"{breed}_{i} {b + 1} {species} 1")
        picture(f"pets/images/{breed}_{i}.jpg")
open("pets/images/pug_30.jpg", "w").write("no picture")
open("pets/annotations/list.txt", "w").write("#Image CLASS-ID SPECIES BREED ID\n" + "\n".join(lines) + "\n")
open("pets/annotations/test.txt", "w").write("\n".join(line for k, line in enumerate(lines) if k % 3 == 0))

folder("faces/part1")
for i in range(60):
    picture(f"faces/part1/{1 + i}_{i % 2}_{i % 5}_201701161840{i:05d}.jpg.chip.jpg")
picture("faces/61_1_20170109142408075.jpg")
picture("faces/39_20170116174525125.jpg")
picture("faces/portrait.jpg")

for part, alphabets in (("images_background", ("Latin", "Early_Aramaic")), ("images_evaluation", ("Glagolitic",))):
    for alphabet in alphabets:
        for c in (1, 2):
            at = folder(f"glyphs/{part}/{alphabet}/character{c:02d}")
            for drawer in range(1, 21):
                picture(at + f"{700 + c}_{drawer:02d}.png")

pad = '(pad "{0}" {1} rect (at {2} {3}) (size 0.6 1.2) (layers "F.Cu"){4})'
for family, kind, style, drill in (("Rows_SMD", "smd", "smd", ""), ("Rows_THT", "through_hole", "thru_hole", " (drill 0.4)")):
    at = folder(f"parts/{family}.pretty")
    for n in range(2, 14):
        pads = " ".join(pad.format(k + 1, style, 1.27 * k, k % 2 * 3, drill) for k in range(n))
        open(at + f"Row-{n}_P1.27mm.kicad_mod", "w").write(
            f'(footprint "Row-{n}" (layer "F.Cu") (attr {kind}) (fp_text user "a (b" (at 0 0))\n'
            f' (fp_line (start -1 -1) (end {1.27 * n} -1) (layer "F.SilkS") (width 0.12)) {pads})\n')
EOF

recipe cifar ten ten.h5
recipe cifar hundred hundred.h5
recipe fashion fashion fashion.h5
recipe pets pets pets.h5
recipe faces faces faces.h5 --seed 3
grep -q '1 images have other names' err && ok "names that tell nothing" || not_ok "names that tell nothing" "$(cat err)"
recipe omniglot glyphs glyphs.h5
recipe kicad parts parts.h5 --side 40 --least 12
"$PYTHON" - <<'EOF'
import collections, csv, io
import h5py
import numpy as np
from PIL import Image

class Pack:
    def __init__(self, name):
        self.file = h5py.File(name)
        self.path = [p.decode() for p in self.file["images/path"][:]]
        self.split = np.array(["train", "val", "test"])[self.file["split"][:]]
    def labels(self, group):
        names = [n.decode() for n in self.file[f"labels/{group}/class"][:]]
        return [names[k] if k >= 0 else None for k in self.file[f"labels/{group}/label"][:]]
    def pixels(self, i):
        begin, end = self.file["images/offset"][i:i + 2]
        return np.asarray(Image.open(io.BytesIO(self.file["images/bytes"][begin:end].tobytes())).convert("RGB"))
    def counts(self):
        return dict(collections.Counter(self.split))

def check(name, test):
    try:
        test()
        print("ok", name)
    except (AssertionError, OSError) as why:
        print("not ok", name + ":", why)

def planes(data, groups, i):
    return np.fromfile(data, np.uint8).reshape(-1, groups + 3072)[i, groups:].reshape(3, 32, 32).transpose(1, 2, 0)

def cifar():
    ten, hundred = Pack("ten.h5"), Pack("hundred.h5")
    assert len(ten.path) == 135 and ten.counts() == {"train": 104, "val": 11, "test": 20}, ten.counts()
    assert ten.labels("class")[:12] == [f"kind{i % 10}" for i in range(12)]
    assert (ten.pixels(21 + 5) == planes("ten/data_batch_2.bin", 1, 5)).all()
    assert (hundred.pixels(203) == planes("hundred/test.bin", 2, 3)).all() and hundred.split[203] == "test"
    assert hundred.labels("fine")[137] == "f68" and hundred.labels("coarse")[137] == "c13"
check("CIFAR-10 and CIFAR-100: pixels, names, splits", cifar)

def fashion():
    pack = Pack("fashion.h5")
    assert pack.counts() == {"train": 36, "val": 4, "test": 20}, pack.counts()
    names = pack.labels("class")
    assert names[2] == "trouser" and names[18] == names[58] == "ankle boot" and pack.split[9] == "val"
    grey = np.fromfile("fashion/train-images-idx3-ubyte", np.uint8)[16:].reshape(40, 28, 28, 1)
    assert (pack.pixels(7) == grey[7]).all()
check("Fashion-MNIST: pixels, names, plain and gzip", fashion)

def pets():
    pack = Pack("pets.h5")
    assert len(pack.path) == 89 and "pug_30" in open("pets.h5.rejected.csv").read()
    assert all(b == p.rpartition("_")[0] for p, b in zip(pack.path, pack.labels("breed")))
    assert all((s == "dog") == (b == "pug") for s, b in zip(pack.labels("species"), pack.labels("breed")))
    assert pack.counts() == {"train": 53, "val": 6, "test": 30}, pack.counts()
check("Oxford-IIIT Pet: species, breeds, the published split", pets)

def faces():
    pack = Pack("faces.h5")
    age = pack.file["labels/age/value"][:]
    assert len(pack.path) == 62 and all(a == int(p.split("/")[-1].split("_")[0]) for a, p in zip(age, pack.path))
    row = dict(zip(pack.path, zip(pack.labels("gender"), pack.labels("race"))))
    assert row["61_1_20170109142408075.jpg"] == ("female", None) and row["39_20170116174525125.jpg"] == (None, None), row
    assert row["part1/8_1_2_20170116184000007.jpg.chip.jpg"] == ("female", "Asian")
    assert pack.counts()["train"] in range(48, 51), pack.counts()
check("faces: ages, missing fields", faces)

def glyphs():
    pack = Pack("glyphs.h5")
    assert len(set(pack.labels("character"))) == 6 and set(pack.labels("alphabet")) == {"Latin", "Early_Aramaic", "Glagolitic"}
    for path, split, character in zip(pack.path, pack.split, pack.labels("character")):
        drawer = int(path[-6:-4])
        assert split == ("train" if drawer <= 16 else "val" if drawer <= 18 else "test"), path
        assert character == path.split("/")[1] + "/" + path.split("/")[2][-2:]
check("Omniglot: characters, drawers", glyphs)

def parts():
    pack = Pack("parts.h5")
    pads = pack.file["labels/pads/value"][:]
    assert len(pack.path) == 24 and sorted(pads) == sorted(2 * list(range(2, 14))), pads
    assert all(m == ("smd" if "SMD" in f else "through_hole") for m, f in zip(pack.labels("mounting"), pack.labels("family")))
    group = [g.decode() for g in pack.file["images/group"][:]]
    assert all(len({s for s, h in zip(pack.split, group) if h == g}) == 1 for g in group)
    for i, (turn, family) in enumerate(zip(pack.labels("turn"), pack.labels("family"))):
        image = np.rot90(pack.pixels(i).astype(int), -int(turn or 0) // 90)
        assert image.shape == (40, 40, 3)
        silk = np.argwhere(image[:, :, 2] > 100) # above the pads, before the turn
        assert turn is None or silk[:, 0].mean() < 20, (pack.path[i], turn)
        assert pads[i] > 5 or (image.max(2) < 60).any() == (family == "Rows_THT"), pack.path[i]
check("KiCad: pads, holes, turns, the same shape in one split", parts)
EOF
fails "a batch that is cut" 1 'train.bin has .* bytes, which is no multiple' bash -c 'truncate -s -1 hundred/train.bin; "$0" "$1/cifar.py" hundred o.h5' "$PYTHON" "$RECIPES"
fails "labels that are missing" 1 't10k-labels-idx1-ubyte.gz are missing; install' bash -c 'rm fashion/t10k-labels*; "$0" "$1/fashion.py" fashion o.h5' "$PYTHON" "$RECIPES"
fails "files that are missing" 1 'glyphs/images is missing; unpack the data set' "$PYTHON" "$RECIPES/pets.py" glyphs o.h5
fails "no such layout" 1 'ten: holds no images_background' "$PYTHON" "$RECIPES/omniglot.py" ten o.h5
finish
