#!/usr/bin/env python3
"""Makes a small labelled image set for tests: make_dataset.py FOLDER [images] [side] [missing] [seed].

Each picture shows one shape (label `shape`) of one colour (`colour`) in one half (`place`) on a textured
background; `missing` is the share of labels left empty. JPEG and PNG alternate. Writes FOLDER/manifest.csv
with columns path, shape, colour, place, split.
"""
import csv
import os
import sys

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ["circle", "square", "triangle", "bar", "ring"]
COLOURS = {"red": (200, 40, 30), "green": (40, 170, 60), "blue": (40, 60, 200)}
PLACES = ["left", "right"]


def picture(rng, side, shape, colour, place):
    noise = rng.integers(0, 60, (side // 4 + 1, side // 4 + 1, 3)) + rng.integers(90, 150)
    image = Image.fromarray(noise.astype(np.uint8)).resize((side, side), Image.BILINEAR)
    draw = ImageDraw.Draw(image)
    r = side * rng.uniform(0.12, 0.2)
    x = side * (0.3 if place == "left" else 0.7) + rng.uniform(-0.05, 0.05) * side
    y = side * rng.uniform(0.35, 0.65)
    fill = tuple(int(c + rng.integers(-20, 20)) for c in COLOURS[colour])
    box = [x - r, y - r, x + r, y + r]
    if shape == "circle":
        draw.ellipse(box, fill=fill)
    elif shape == "square":
        draw.rectangle(box, fill=fill)
    elif shape == "triangle":
        draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=fill)
    elif shape == "bar":
        draw.rectangle([x - r, y - r / 3, x + r, y + r / 3], fill=fill)
    else:
        draw.ellipse(box, outline=fill, width=max(2, int(r / 3)))
    return image


def main():
    folder = sys.argv[1]
    images, side = int(sys.argv[2] or 300), int(sys.argv[3])
    missing = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    rng = np.random.default_rng(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "manifest.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "shape", "colour", "place", "split"])
        for i in range(images):
            labels = [SHAPES[i % 5], list(COLOURS)[i // 5 % 3], PLACES[rng.integers(2)]]
            name = f"{i:05d}." + ("png" if i % 4 == 3 else "jpg")
            height = side + int(rng.integers(0, side // 3))
            picture(rng, side, *labels).resize((side, height)).save(os.path.join(folder, name), quality=90)
            shown = [label if rng.random() >= missing else "" for label in labels]
            rows.writerow([name, *shown, "val" if i % 10 == 8 else "test" if i % 10 == 9 else "train"])


main()
