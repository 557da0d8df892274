#!/usr/bin/env python3
"""Fashion-MNIST from its IDX files: fashion.py [FOLDER] OUT.h5

FOLDER holds train-images-idx3-ubyte and the three others, plain or with .gz; without it they are those of Debian's package
dataset-fashion-mnist. Label group `class` (10). The test split is the published one; every tenth of the other images is for
validation.
"""
import gzip
import os
import struct
import sys

from recipe import fail, held_out, pack_samples, png

DEBIAN = "/usr/share/datasets/fashion-mnist"
NAMES = ("T-shirt or top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def read(folder, name):
    path = os.path.join(folder, name)
    for candidate, opens in ((path, open), (path + ".gz", gzip.open)):
        if os.path.exists(candidate):
            with opens(candidate, "rb") as file:
                return path, file.read()
    return fail(f"{path} and {path}.gz are missing; install Debian's dataset-fashion-mnist, or give the folder with the files")


def read_idx(folder, name, dimensions):
    """(shape, bytes) of a file of unsigned bytes: two zeros, the type, the number of dimensions, each of them, the values."""
    path, data = read(folder, name)
    begin = 4 + 4 * dimensions
    if len(data) < begin or data[:4] != bytes([0, 0, 8, dimensions]):
        fail(f"{path} is no IDX file of unsigned bytes in {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", data[4:begin])
    count = 1
    for size in shape:
        count *= size
    if len(data) - begin != count:
        fail(f"{path} has {len(data) - begin} values; its head says {count}")
    return shape, data[begin:]


def samples_of(folder, part, split):
    (count, height, width), pixels = read_idx(folder, f"{part}-images-idx3-ubyte", 3)
    (labelled,), labels = read_idx(folder, f"{part}-labels-idx1-ubyte", 1)
    if labelled != count:
        fail(f"{folder} has {count} {part} images and {labelled} labels")
    for i, label in enumerate(labels):
        if label >= len(NAMES):
            fail(f"{part} image {i} has label {label}; there are {len(NAMES)} classes")
        grey = pixels[i * height * width:(i + 1) * height * width]
        rgb = bytes(value for value in grey for _ in range(3))
        yield f"{part}/{i:05d}", png(width, height, rgb), split or held_out(i), {"class": NAMES[label]}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = sys.argv[1] if len(sys.argv) == 3 else DEBIAN

    def samples():
        yield from samples_of(folder, "train", None)
        yield from samples_of(folder, "t10k", "test")
    pack_samples(sys.argv[-1], "class", samples())


main()
