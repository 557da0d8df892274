#!/usr/bin/env python3
"""Holds what TensorBoard shows of a run to metrics.jsonl, its checkpoint and a sheet of umbel inspect --augment:
tensorboard_check.py RUN SHEET.png EPOCH_STEPS. Prints a hash of what does not depend on time."""
import hashlib
import io
import os
import struct
import sys

import h5py
import numpy as np
from PIL import Image

from events import Events
from figures import tags

GAP = 2
BUCKETS = 30


def as_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def check_scalars(run, events):
    expected = {tag: {step: as_float32(value) for step, value in steps.items()} for tag, steps in tags(run).items()}
    shown = events.shown["scalar"]
    assert len(expected) > 30 and {"train/loss", "train/lr", "train/images_per_second", "train/grad_norm", "shape/top1/train",
                                   "shape/loss/val", "val/joint.accuracy", "colour/cosine.shape/train"} <= set(expected), sorted(expected)
    assert set(shown) == set(expected), set(shown) ^ set(expected)
    for tag, steps in expected.items():
        assert shown[tag] == steps, (tag, shown[tag], steps)


def check_text(run, events):
    with open(os.path.join(run, "config.yaml")) as file:
        config = f"```\n{file.read()}```\n"
    shown = events.shown["text"]["config"]
    assert set(events.shown["text"]) == {"config"} and shown[max(shown)] == config and "tensorboard: true" in config


def cell(picture, column, row, side):
    left, top = GAP + column * (side + GAP), GAP + row * (side + GAP)
    return picture[top:top + side, left:left + side, :3]


def check_picture(events, sheet):
    picture = events.shown["picture"]["batch"][0]
    assert set(events.shown["picture"]) == {"batch"} and set(events.shown["picture"]["batch"]) == {0}
    pixels = np.array(Image.open(io.BytesIO(picture[4])))
    sheet = np.array(Image.open(sheet))
    side = (pixels.shape[1] - GAP) // 4 - GAP
    assert pixels.shape == (picture[1], picture[2], 4) and pixels.shape[:2] == (4 * (side + GAP) + GAP,) * 2
    for i in range(8):  # beside what evaluation sees, the sheet shows epoch 0
        assert (cell(pixels, i % 4, i // 4, side) == cell(sheet, 1, i, side)).all(), f"picture {i}"
    assert (pixels[:GAP] == 255).all() and pixels.std() > 10


def check_histogram(name, found, values):
    values = values.astype(np.float64).ravel()
    assert (found["min"], found["max"], found["num"]) == (values.min(), values.max(), values.size), name
    assert np.isclose(found["sum"], values.sum(), 1e-12, 1e-12) and np.isclose(found["squares"], (values**2).sum(), 1e-12), name
    limits, counts = np.array(found["limits"]), np.array(found["counts"])
    assert len(limits) == len(counts) == (BUCKETS if values.min() < values.max() else 1), name
    assert limits[-1] == values.max() and (np.diff(limits) > 0).all(), name
    bucket = np.searchsorted(limits[:-1], values, side="right")
    assert (np.bincount(bucket, minlength=len(counts)) == counts).all(), name


def check_histograms(run, events, epoch_steps):
    shown = events.shown["histogram"]
    checkpoint = os.path.join(run, "checkpoint")
    with h5py.File(os.path.join(checkpoint, "last")) as file:
        last = int(file.attrs["step"])
        names = set(file["param"])
    steps = {0} | set(range(epoch_steps, last + 1, epoch_steps))
    assert set(shown) == {"parameters/" + name for name in names}
    checked = 0
    for step in steps:
        path = os.path.join(checkpoint, f"step-{step}.h5")
        assert all(set(of) == steps for of in shown.values())
        if not os.path.exists(path):
            continue
        checked += 1
        with h5py.File(path) as file:
            for name, values in file["param"].items():
                check_histogram(name, shown["parameters/" + name][step], values[:])
    assert checked, "there is no checkpoint to compare with"


def main():
    run, sheet, epoch_steps = sys.argv[1:]
    events = Events(os.path.join(run, "tensorboard"))
    check_scalars(run, events)
    check_text(run, events)
    check_picture(events, sheet)
    check_histograms(run, events, int(epoch_steps))
    timeless = sorted(events.shown["histogram"].items()), events.shown["picture"]["batch"][0][4]
    print(hashlib.sha256(repr(timeless).encode()).hexdigest(), ",".join(map(str, events.starts)), len(events.raw) - len(set(events.raw)))


main()
