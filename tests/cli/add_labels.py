#!/usr/bin/env python3
"""Adds labels of other kinds to a manifest of make_dataset.py: add_labels.py IN.csv OUT.csv [missing] [seed].

tags: any number of classes (the shape, and the colour unless it is red); grade: low, middle, high by shape;
size: a number by shape; azimuth: an angle by shape, on both sides of 0. A share `missing` of each is left empty. The
labels are those of a full manifest, so IN should have none missing.
"""
import csv
import random
import sys

GRADE = {"circle": "low", "square": "low", "triangle": "middle", "bar": "high", "ring": "high"}


def main():
    missing = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    with open(sys.argv[1], newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        place = list(GRADE).index(row["shape"])
        tags = [row["shape"]] * (row["shape"] != "ring") + [row["colour"]] * (row["colour"] != "red")
        labels = {
            "tags": "; ".join(tags) or ";",
            "grade": GRADE[row["shape"]],
            "size": f"{100 + 20 * place + rng.gauss(0, 5):.2f}",
            "azimuth": f"{72 * place - 100 + rng.gauss(0, 8):.1f}",
        }
        for name in ("shape", *labels):
            value = labels[name] if name in labels else row[name]
            row[name] = value if rng.random() >= missing else ""
    with open(sys.argv[2], "w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys())
        out.writeheader()
        out.writerows(rows)


main()
