#!/usr/bin/env python3
"""Faces whose names tell what they show, as those of UTKFace: faces.py FOLDER OUT.h5 [options of umbel pack]

AGE_GENDER_RACE_TIME.jpg, in FOLDER or below it, such as 26_0_2_20170116184024662.jpg.chip.jpg. Label groups `age` (years, a
value), `gender` (0 male, 1 female) and `race` (0 White, 1 Black, 2 Asian, 3 Indian, 4 others). Some published names lack a
field: what cannot be told is missing. The split is 80, 10, 10 % unless --split is given.
"""
import os
import re
import sys

from recipe import fail, pack_manifest

GENDER = {"0": "male", "1": "female"}
RACE = {"0": "White", "1": "Black", "2": "Asian", "3": "Indian", "4": "others"}


def labels_of(name):
    """Fields before the time, which has eight digits and more; None: a name of another kind."""
    fields = re.match(r"(\d{1,3})_(.*?)_?\d{8,}", name)
    if not fields:
        return None
    labels, rest = {"age": int(fields[1])}, fields[2].split("_") if fields[2] else []
    if len(rest) == 2:
        labels["gender"], labels["race"] = GENDER.get(rest[0], ""), RACE.get(rest[1], "")
    elif len(rest) == 1:
        labels["gender"] = GENDER.get(rest[0], "")
    return labels


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, out, *more = sys.argv[1:]
    rows, others = [], []
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if not name.lower().endswith((".jpg", ".jpeg", ".png")):
                continue
            labels = labels_of(name)
            path = os.path.relpath(os.path.join(above, name), folder)
            rows.append((path, None, labels)) if labels else others.append(path)
    if not rows:
        fail(f"{folder}: holds no images named AGE_GENDER_RACE_TIME.jpg")
    if others:
        print(f"{len(others)} images have other names and are left out, such as {others[0]}", file=sys.stderr)
    if not any(option.startswith("--split") for option in more):
        more += ["--split", "train=0.8,val=0.1,test=0.1"]
    pack_manifest(out, folder, "age:value,gender,race", rows, more)


main()
