#!/usr/bin/env python3
"""Writes tests/data/golden_pixels.raw for test_frame.c: what Pillow and torchvision make of one small picture, as RGB bytes, case
after case in the order of its table. /usr/bin/python3 tests/data/make_golden_pixels.py >tests/data/golden_pixels.raw
"""
import math
import sys

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import InterpolationMode

SIDE, FILL = 20, (124, 116, 104)


def picture():
    """Noise on a slope, less of it in green, so that tables have something to do; the same in C."""
    i = np.arange(SIDE * SIDE * 3, dtype=np.uint64)
    noise = ((i * 2654435761) & 0xFFFFFFFF) >> 24
    y, x, c = np.unravel_index(np.arange(SIDE * SIDE * 3), (SIDE, SIDE, 3))
    value = 30 + 5 * x + 2 * y + 20 * c + noise.astype(int) % np.where(c == 1, 16, 64)
    return value.astype(np.uint8).reshape(SIDE, SIDE, 3)


def affine(image, **options):
    defaults = dict(angle=0.0, translate=[0, 0], scale=1.0, shear=[0.0, 0.0])
    return F.affine(image, **{**defaults, **options}, interpolation=InterpolationMode.BILINEAR, fill=FILL)


def shear(image, x, y):
    return affine(image, shear=[math.degrees(math.atan(x)), math.degrees(math.atan(y))], center=[0, 0])


def rotate(image, degrees):
    return F.rotate(image, degrees, interpolation=InterpolationMode.BILINEAR, fill=FILL)


def tensor(image):
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)


def from_tensor(t):
    return Image.fromarray(t.permute(1, 2, 0).numpy())


def hue(image, turn):
    """In floating point: Pillow's own keeps hues in 8 bits."""
    return from_tensor((F.adjust_hue(tensor(image).double() / 255, turn) * 255).round().to(torch.uint8))


def blur(image, sigma):
    radius = math.ceil(3 * sigma)
    t = F.gaussian_blur(tensor(image).double(), [2 * radius + 1] * 2, [sigma] * 2)
    return from_tensor(t.round().to(torch.uint8))


def shift(image, mode):
    """5 to the right and 3 up, as a crop of the padded picture."""
    fill = {"fill": FILL} if mode == "constant" else {}
    return F.crop(F.pad(image, [5, 5, 5, 5], padding_mode=mode, **fill), 8, 0, SIDE, SIDE)


CASES = [
    lambda i: ImageEnhance.Brightness(i).enhance(0.35), lambda i: ImageEnhance.Brightness(i).enhance(1.9),
    lambda i: ImageEnhance.Contrast(i).enhance(0.1), lambda i: ImageEnhance.Contrast(i).enhance(1.7),
    lambda i: ImageEnhance.Color(i).enhance(0.4), lambda i: ImageEnhance.Color(i).enhance(1.99),
    lambda i: ImageEnhance.Sharpness(i).enhance(0.05), lambda i: ImageEnhance.Sharpness(i).enhance(1.8),
    lambda i: hue(i, 0.3), lambda i: hue(i, -0.45),
    lambda i: ImageOps.posterize(i, 3), lambda i: ImageOps.solarize(i, 127.5),
    ImageOps.autocontrast, ImageOps.equalize,
    lambda i: rotate(i, 30.0), lambda i: rotate(i, -117.0),
    lambda i: affine(i, scale=0.7), lambda i: affine(i, scale=1.3),
    lambda i: blur(i, 0.4), lambda i: blur(i, 1.9),
    # RandAugment's and TrivialAugment's changes 1 to 4, at levels as in test_frame.c
    lambda i: shear(i, 0.3 * 20 / 30, 0), lambda i: shear(i, 0, -0.99 * 11 / 30),
    lambda i: affine(i, translate=[int(150 / 331 * SIDE * 17 / 30), 0]),
    lambda i: affine(i, translate=[0, int(-32 * 10 / 30)]),
    lambda i: ImageOps.posterize(i, int(8 - round(10 / (30 / 4)))),
    lambda i: ImageOps.posterize(i, int(8 - round(22 / (30 / 6)))),
    lambda i: ImageOps.solarize(i, 255 - 255 * 13 / 30),
    lambda i: shift(i, "constant"), lambda i: shift(i, "edge"), lambda i: shift(i, "reflect"),
]


def main():
    image = Image.fromarray(picture())
    for case in CASES:
        sys.stdout.buffer.write(np.asarray(case(image)).tobytes())


main()
