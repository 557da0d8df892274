#!/usr/bin/env python3
"""Omniglot: omniglot.py FOLDER OUT.h5

FOLDER holds images_background and images_evaluation, or one of them: ALPHABET/characterNN/NNNN_DD.png, of which DD is the
drawer, 1 to 20. Label groups `alphabet` (50) and `character` (1,623, called ALPHABET/NN). Each drawer is in one split: 1 to
16 train, 17 and 18 val, 19 and 20 test; so every character can be learnt, and none is scored on a hand that was seen.
"""
import os
import re
import sys

from recipe import fail, pack_manifest

NAME = re.compile(r"^(images_\w+)/([^/]+)/character(\d+)/\d+_(\d+)\.png$")


def split_of(drawer):
    return "train" if drawer <= 16 else "val" if drawer <= 18 else "test"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    rows = []
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(above, name), folder)
            found = NAME.match(path)
            if found:
                _, alphabet, character, drawer = found.groups()
                rows.append((path, split_of(int(drawer)), {"alphabet": alphabet, "character": f"{alphabet}/{character}"}))
    if not rows:
        fail(f"{folder}: holds no images_background/ALPHABET/characterNN/NNNN_DD.png")
    pack_manifest(out, folder, "alphabet,character", rows)


main()
