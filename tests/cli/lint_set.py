#!/usr/bin/env python3
"""Makes an image set for umbel lint: lint_set.py FOLDER [defects]. Without defects, 120 sound pictures in FOLDER; with
them also 50 defects of ten kinds, five of each, listed in FOLDER/planted.csv as check,what (what must stand among the
examples of the finding). Writes FOLDER/manifest.csv with the columns path, split, kind, serial.
"""
import csv
import os
import sys

import numpy as np
from PIL import Image

SIDE, SOUND, EACH = 48, 120, 5
folder, planting = sys.argv[1], len(sys.argv) > 2
rng = np.random.default_rng(7)
os.makedirs(folder, exist_ok=True)
rows, planted = [], []


def scene():
    """A picture of its own: coloured blobs of several sizes."""
    layers = [Image.fromarray(rng.integers(0, 256, (n, n, 3)).astype(np.uint8)).resize((SIDE, SIDE), Image.BICUBIC) for n in (3, 6, 12)]
    return Image.fromarray(np.mean([np.asarray(layer) for layer in layers], 0).astype(np.uint8))


def add(picture, name, split, kind, serial="", **save):
    path = f"{name}.{'png' if save.pop('png', False) else 'jpg'}"
    picture.save(os.path.join(folder, path), **({} if path.endswith("png") else {"quality": 92, **save}))
    rows.append([path, split, kind, serial])
    return f"{path} ({split})"


def split_of(i):
    return "val" if i % 10 == 8 else "test" if i % 10 == 9 else "train"


scenes = [scene() for _ in range(SOUND)]
for i, picture in enumerate(scenes):
    add(picture, f"sound{i:03d}", split_of(i), f"kind{i % 4}", f"object{i // 10 * 3 + i % 10 // 8 + i % 10 // 9}")


def plant(check, what):
    planted.append([check, what])


def again(i):
    """The decoded pixels of a sound picture."""
    return Image.open(os.path.join(folder, f"sound{i:03d}.jpg")).convert("RGB")


for k in range(EACH if planting else 0):
    # In another split, in another file format; labels agree.
    plant("duplicates", add(again(k), f"double{k}", "test", f"kind{k % 4}", png=True))
    # Scaled, brightened and recompressed, in another split.
    near = scenes[10 + k].resize((60, 60), Image.LANCZOS).point(lambda v: min(255, int(v * 1.08) + 4))
    plant("near duplicates", add(near, f"near{k}", "val", f"kind{(10 + k) % 4}", quality=70))
    plant("conflicts", add(again(20 + k), f"conflict{k}", split_of(20 + k), f"kind{(21 + k) % 4}", png=True) + f" is kind{(21 + k) % 4}")
    add(scene(), f"leaka{k}", "train", "kind0", f"pair{k}")
    add(scene(), f"leakb{k}", "test", "kind0", f"pair{k}")
    plant("groups", f"pair{k}")
    add(scene(), f"absent{k}", "test" if k % 2 else "val", f"rare{k}")
    plant("absent classes", f"rare{k}")
    plant("tiny", add(scene().resize((9 + k, 40)), f"tiny{k}", "train", "kind1"))
    plant("blank", add(Image.new("RGB", (SIDE, SIDE), (90 + 20 * k, 60, 30)), f"blank{k}", "train", "kind2"))
    plant("grey", add(scene().convert("L").convert("RGB") if k % 2 else scene().convert("L"), f"grey{k}", "train", "kind3"))
    turned = Image.Exif()
    turned[0x0112] = (3, 6, 8, 2, 5)[k]
    plant("exif", add(scene(), f"turned{k}", "train", "kind0", exif=turned.tobytes()))
    plant("damaged", add(scene(), f"damaged{k}", "train", "kind1"))

with open(os.path.join(folder, "manifest.csv"), "w", newline="") as file:
    csv.writer(file).writerows([["path", "split", "kind", "serial"], *rows])
with open(os.path.join(folder, "planted.csv"), "w", newline="") as file:
    csv.writer(file).writerows([["check", "what"], *planted])
