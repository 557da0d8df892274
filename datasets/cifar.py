#!/usr/bin/env python3
"""CIFAR-10 or CIFAR-100 from their binary files: cifar.py FOLDER OUT.h5

FOLDER is cifar-10-batches-bin or cifar-100-binary. Label group `class` (10), or `coarse` (20) and `fine` (100). The test
split is the published one; every tenth of the other images is for validation.
"""
import os
import sys

from recipe import fail, held_out, need, pack_samples, png

SIDE = 32
PLANE = SIDE * SIDE


def names_in(path):
    with open(path) as file:
        return [line.strip() for line in file if line.strip()]


def to_rgb(planes):
    """(height,width,3) of the red, the green and the blue plane."""
    rgb = bytearray(3 * PLANE)
    for c in range(3):
        rgb[c::3] = planes[c * PLANE:(c + 1) * PLANE]
    return bytes(rgb)


def samples_of(path, split, groups, first):
    """Records are one byte for each label group, then the planes."""
    with open(path, "rb") as file:
        data = file.read()
    size = len(groups) + 3 * PLANE
    if not data or len(data) % size:
        fail(f"{path} has {len(data)} bytes, which is no multiple of {size}")
    for i in range(len(data) // size):
        record = data[i * size:(i + 1) * size]
        values = {}
        for (group, names), label in zip(groups, record):
            if label >= len(names):
                fail(f"{path}: image {i} has label {label} of {group}, which has {len(names)} classes")
            values[group] = names[label]
        key = f"{os.path.splitext(os.path.basename(path))[0]}/{i:05d}"
        yield key, png(SIDE, SIDE, to_rgb(record[len(groups):])), split or held_out(first + i), values


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    if os.path.exists(os.path.join(folder, "batches.meta.txt")):
        groups = [("class", names_in(os.path.join(folder, "batches.meta.txt")))]
        files = [(f"data_batch_{k}.bin", None) for k in range(1, 6)] + [("test_batch.bin", "test")]
    else:
        coarse, fine = need(folder, "coarse_label_names.txt", "fine_label_names.txt")
        groups = [("coarse", names_in(coarse)), ("fine", names_in(fine))]
        files = [("train.bin", None), ("test.bin", "test")]

    def samples():
        count = 0
        for name, split in files:
            for sample in samples_of(*need(folder, name), split, groups, count):
                count += 1
                yield sample
    pack_samples(out, ",".join(group for group, _ in groups), samples())


main()
