#!/usr/bin/env python3
"""Takes labels away at random, to see what missing ones cost: hide_labels.py IN.csv OUT.csv SHARE COLUMN... [--seed N]

Each cell of the columns is emptied with probability SHARE by itself, in rows whose column `split` says train. Such a manifest
comes from `umbel unpack`. The same seed takes the same labels.
"""
import csv
import random
import sys


def main():
    arguments = sys.argv[1:]
    seed = 1
    if "--seed" in arguments:
        at = arguments.index("--seed")
        seed = int(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) < 4:
        sys.exit(__doc__)
    source, target, share, *columns = arguments
    draw = random.Random(seed)
    with open(source, newline="") as file:
        rows = list(csv.DictReader(file))
    for column in ["split", *columns]:
        if not rows or column not in rows[0]:
            sys.exit(f"hide_labels.py: {source} has no column {column}")
    hidden = 0
    for row in rows:
        for column in columns:
            if row["split"] == "train" and draw.random() < float(share):
                hidden += row[column] != ""
                row[column] = ""
    with open(target, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    print(f"{target}: {hidden} labels of {len(columns)} columns hidden")


main()
