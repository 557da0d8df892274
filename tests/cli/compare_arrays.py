#!/usr/bin/env python3
"""What training did to the arrays of a checkpoint, for tests/cli/weights.sh.

    compare_arrays.py moved BEFORE AFTER          groups of parameters and statistics that differ, one line
    compare_arrays.py rates BEFORE AFTER OTHER    per group: how far OTHER moved in units of AFTER's way
"""
import re
import sys

import h5py
import numpy as np


def group(name):
    """The stage of a resnet18: its stem counts as the first."""
    if name.startswith("heads."):
        return "heads"
    stage = re.match(r"trunk\.layer(\d)", name)
    return f"stage{stage[1] if stage else 1}"


def arrays(path, kind):
    with h5py.File(path) as file:
        return {name: file[kind][name][()].astype(float) for name in file[kind]}


def moved(before, after):
    names = set()
    for kind in ("param", "state"):
        old, new = arrays(before, kind), arrays(after, kind)
        for name in new:
            if name in old and not np.array_equal(old[name], new[name]):
                names.add(f"{kind}:{group(name)}")
    print(*sorted(names) or ["none"])


def rates(before, after, other):
    old, one, two = (arrays(path, "param") for path in (before, after, other))
    ways = {}
    for name in old:
        if old[name].shape == one[name].shape:
            ways.setdefault(group(name), []).append(((two[name] - old[name]).ravel(), (one[name] - old[name]).ravel()))
    for key in sorted(ways):
        a, b = (np.concatenate(part) for part in zip(*ways[key]))
        print(f"{key}:{np.dot(a, b) / np.dot(b, b):.3f}", end=" ")
    print()


{"moved": moved, "rates": rates}[sys.argv[1]](*sys.argv[2:])
