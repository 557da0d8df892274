#!/usr/bin/env python3
"""The Oxford-IIIT Pet set: pets.py FOLDER OUT.h5

FOLDER holds images/ and annotations/. Label groups `species` (cat, dog; of annotations/list.txt) and `breed` (37; of the file
names). The test split is the published one (test.txt); every tenth of the other images of a breed is for validation. A few
published images are no JPEG; they are left out and listed in OUT.h5.rejected.csv.
"""
import collections
import os
import sys

from recipe import fail, held_out, need, pack_manifest

SPECIES = {"1": "cat", "2": "dog"}


def lines_of(path):
    """Fields of the lines "NAME CLASS SPECIES BREED"."""
    with open(path) as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if not fields or fields[0].startswith("#"):
                continue
            if len(fields) < 3 or fields[2] not in SPECIES:
                fail(f"{path}:{number}: is not NAME CLASS SPECIES BREED")
            yield fields


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    images, listed, tested = need(folder, "images", "annotations/list.txt", "annotations/test.txt")
    test = {fields[0] for fields in lines_of(tested)}
    seen = collections.Counter()
    rows = []
    for name, _, species, *_ in sorted(lines_of(listed)):
        breed = name.rpartition("_")[0]
        if not os.path.exists(os.path.join(images, name + ".jpg")):
            fail(f"{os.path.join(images, name + '.jpg')} is missing, which {listed} names")
        split = "test" if name in test else held_out(seen[breed])
        seen[breed] += split != "test"
        rows.append((name + ".jpg", split, {"species": SPECIES[species], "breed": breed}))
    pack_manifest(out, images, "species,breed", rows, ["--keep-going"])


main()
