#!/usr/bin/env python3
"""Writes pictures of every kind for tests/data/test_formats.c: make_pictures.py FOLDER.

FOLDER/list has a line "FILE TOLERANCE" for each; FILE.raw holds two int32 (width, height) and the RGB
bytes that Pillow finds, upright and over white.
"""
import os
import sys

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 37, 23


def painting():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, (x * 7 + y * 5) % 256], -1)
    return Image.fromarray(rgb.astype(np.uint8))


def over_white(image):
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def write(folder, name, image, tolerance, **options):
    path = os.path.join(folder, name)
    image.save(path, **options)
    found = Image.open(path)
    found.load()
    if found.mode in ("I", "I;16"):
        found = Image.fromarray((np.asarray(found).astype(np.int64) // 257).astype(np.uint8))
    upright = over_white(ImageOps.exif_transpose(found)) if found.mode != "CMYK" else found.convert("RGB")
    with open(path + ".raw", "wb") as file:
        file.write(np.array(upright.size, np.int32).tobytes() + np.asarray(upright).tobytes())
    with open(os.path.join(folder, "list"), "a") as file:
        file.write(f"{name} {tolerance}\n")


def main():
    folder = sys.argv[1]
    rgb = painting()
    alpha = rgb.copy()
    alpha.putalpha(Image.fromarray((np.arange(WIDTH * HEIGHT) % 256).astype(np.uint8).reshape(HEIGHT, WIDTH)))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for ending, options in (("jpg", dict(quality=90, subsampling=0)), ("png", {}), ("webp", dict(lossless=True))):
            write(folder, f"orientation{orientation}.{ending}", rgb, 0, exif=exif.tobytes(), **options)
    write(folder, "progressive.jpg", rgb, 0, quality=80, progressive=True, subsampling=0)
    write(folder, "grey.jpg", rgb.convert("L"), 0)
    write(folder, "cmyk.jpg", rgb.convert("CMYK"), 2, quality=95)
    write(folder, "grey.png", rgb.convert("L"), 0)
    write(folder, "bits1.png", rgb.convert("1"), 0)
    write(folder, "grey-alpha.png", alpha.convert("LA"), 1)
    write(folder, "alpha.png", alpha, 1)
    write(folder, "palette.png", rgb.quantize(50), 0)
    write(folder, "palette-transparent.png", rgb.quantize(50), 0, transparency=3)
    write(folder, "grey16.png", Image.fromarray(np.asarray(rgb.convert("I")).astype(np.uint16) * 257), 1)
    write(folder, "lossy.webp", rgb, 0, quality=80)
    write(folder, "alpha.webp", alpha, 1, lossless=True)
    write(folder, "lossy-alpha.webp", alpha, 1, quality=70)


main()
