#!/usr/bin/env python3
"""Writes what Pillow makes of a picture for tests/data/test_filter.c: make_resized.py FOLDER.

FOLDER/picture.png is noise and edges; FOLDER/SIDE.FILTER.raw are the RGB bytes of its central square at
SIDE x SIDE pixels.
"""
import os
import sys

import numpy as np
from PIL import Image

WIDTH, HEIGHT, SIDES = 61, 47, (5, 16, 23, 47, 80)


def main():
    folder = sys.argv[1]
    rgb = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    rgb[:, 20:40] = 255
    rgb[10:20] = 0
    picture = Image.fromarray(rgb)
    picture.save(os.path.join(folder, "picture.png"))
    left = (WIDTH - HEIGHT) / 2
    for side in SIDES:
        for name, kind in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            resized = picture.resize((side, side), kind, box=(left, 0, left + HEIGHT, HEIGHT))
            with open(os.path.join(folder, f"{side}.{name}.raw"), "wb") as file:
                file.write(np.asarray(resized).tobytes())


main()
