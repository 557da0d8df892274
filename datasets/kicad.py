#!/usr/bin/env python3
"""The footprints of electronic parts that KiCad comes with, drawn: kicad.py FOLDER OUT.h5 [--side N] [--least N]

FOLDER holds FAMILY.pretty/NAME.kicad_mod (Debian: package kicad-footprints, /usr/share/kicad/footprints; CC-BY-SA 4.0 with
KiCad's exception). Pads are copper, holes black, the silk screen white; each footprint fills its picture and is turned by 0,
90, 180 or 270 degrees as the hash of its name says. Label groups: `family` (Package_SO, ...), `mounting` (smd, through_hole;
missing where the file does not tell), `pads` (how many, a value), `turn` (000 ... 270; missing where half a turn changes
nothing). Families of fewer than --least (20) footprints are left out. The split is 80, 10, 10 %, stratified; footprints that
look the same stay together. Some do in several families, resistors and capacitors for one: `umbel lint` tells. Needs Pillow.
"""
import argparse
import glob
import hashlib
import io
import math
import os
import re
import sys

from PIL import Image, ImageChops, ImageDraw

from recipe import fail, pack_samples

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+)')
BOARD, SILK, COPPER, HOLE = (24, 84, 52), (235, 235, 230), (205, 160, 70), (12, 12, 12)
TURNS = (0, 90, 180, 270)
SMOOTH = 4  # drawn so many times larger, then averaged


def parse(text):
    """S-expressions as nested lists of texts."""
    stack = [[]]
    for quoted, bracket, word in TOKEN.findall(text):
        if bracket == "(":
            stack.append([])
        elif bracket == ")":
            if len(stack) < 2:
                raise ValueError("a bracket too many")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word or quoted)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("brackets do not match")
    return stack[0][0]


def member(node, key):
    """Values of the member (key ...), or None."""
    return next((part[1:] for part in node if isinstance(part, list) and part and part[0] == key), None)


def numbers(node, key):
    return [float(value) for value in member(node, key)]


def outline(pad):
    """Corners of a pad, as a polygon in millimetres; `size`, `at` and shape of the file."""
    (x, y, *turn), (w, h) = numbers(pad, "at"), numbers(pad, "size")
    shape, angle = pad[3], -math.radians(turn[0] if turn else 0)
    if shape in ("circle", "oval"):  # a rectangle with half circles at its ends
        r = min(w, h) / 2
        corners = [((w / 2 - r) * (1 if math.cos(a) >= 0 else -1) + r * math.cos(a), (h / 2 - r) * (1 if math.sin(a) >= 0 else -1) + r * math.sin(a))
                   for a in (math.pi * (k + 0.5) / 16 for k in range(32))]
    else:
        corners = [(-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2)]
    return [(x + c * math.cos(angle) - s * math.sin(angle), y + c * math.sin(angle) + s * math.cos(angle)) for c, s in corners]


class Footprint:
    def __init__(self, text):
        self.root = parse(text)
        self.pads = [(outline(pad), pad) for pad in self.root if isinstance(pad, list) and pad and pad[0] == "pad"]
        self.lines = [(*numbers(line, "start"), *numbers(line, "end")) for line in self.root
                      if isinstance(line, list) and line and line[0] == "fp_line" and "F.SilkS" in member(line, "layer")]
        self.circles = [(*numbers(circle, "center"), math.dist(numbers(circle, "center"), numbers(circle, "end"))) for circle in self.root
                        if isinstance(circle, list) and circle and circle[0] == "fp_circle" and "F.SilkS" in member(circle, "layer")]

    def box(self):
        points = [p for corners, _ in self.pads for p in corners] + [p for line in self.lines for p in (line[:2], line[2:])]
        points += [(x + s * r, y + s * r) for x, y, r in self.circles for s in (-1, 1)]
        return min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)

    def draw(self, side):
        left, top, right, bottom = self.box()
        size = SMOOTH * side
        scale = 0.9 * size / max(right - left, bottom - top, 1e-6)

        def place(x, y):
            return (x - (left + right) / 2) * scale + size / 2, (y - (top + bottom) / 2) * scale + size / 2
        image = Image.new("RGB", (size, size), BOARD)
        pen = ImageDraw.Draw(image)
        for corners, _ in self.pads:
            pen.polygon([place(*p) for p in corners], fill=COPPER)
        for _, pad in self.pads:
            drill = member(pad, "drill")
            width = next((float(d) for d in drill or [] if isinstance(d, str) and re.match(r"[\d.]+$", d)), 0)
            x, y = place(*numbers(pad, "at")[:2])
            r = width * scale / 2
            pen.ellipse([x - r, y - r, x + r, y + r], fill=HOLE)
        width = max(SMOOTH, round(0.15 * scale))
        for x0, y0, x1, y1 in self.lines:
            pen.line([place(x0, y0), place(x1, y1)], fill=SILK, width=width)
        for x, y, r in self.circles:
            x, y = place(x, y)
            pen.ellipse([x - r * scale, y - r * scale, x + r * scale, y + r * scale], outline=SILK, width=width)
        return image.resize((side, side), Image.BOX)

    def labels(self):
        values = {"pads": len({pad[1] for _, pad in self.pads if pad[1]})}
        kind = (member(self.root, "attr") or [""])[0]
        if kind in ("smd", "through_hole"):
            values["mounting"] = kind
        return values


def number_of(text):
    """A number that follows from the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def turned(picture, degrees):
    return picture.rotate(degrees, expand=True)


def shape_of(picture):
    """A name for all drawings that are the same up to a quarter turn; and whether half a turn changes this one."""
    small = picture.resize((32, 32), Image.BOX)
    name = hashlib.sha256(min(turned(small, degrees).tobytes() for degrees in TURNS)).hexdigest()[:16]
    change = ImageChops.difference(small, turned(small, 180))
    return name, max(high for _, high in change.getextrema()) > 32


def samples(families, side):
    for family, paths in families:
        for path in paths:
            name = os.path.splitext(os.path.basename(path))[0]
            try:
                with open(path, encoding="utf-8") as file:
                    footprint = Footprint(file.read())
                if not footprint.pads:
                    continue
                picture, values = footprint.draw(side), footprint.labels()
            except (ValueError, TypeError, IndexError) as why:
                fail(f"{path}: is no footprint that can be read: {why}")
            shape, has_turn = shape_of(picture)
            turn, image = TURNS[number_of(name) % 4], io.BytesIO()
            turned(picture, turn).save(image, "PNG")
            if has_turn:
                values["turn"] = f"{turn:03d}"
            yield f"{family}/{name.replace('.', '_')}", image.getvalue(), None, {"family": family, "shape": shape, **values}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder")
    options.add_argument("out")
    options.add_argument("--side", type=int, default=96)
    options.add_argument("--least", type=int, default=20)
    given = options.parse_args()
    families = []
    for folder in sorted(glob.glob(os.path.join(glob.escape(given.folder), "*.pretty"))):
        paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.kicad_mod")))
        if len(paths) >= given.least:
            families.append((os.path.basename(folder)[:-len(".pretty")], paths))
    if not families:
        fail(f"{given.folder}: holds no FAMILY.pretty of at least {given.least} footprints")
    pack_samples(given.out, "family,mounting,pads:value,turn", samples(families, given.side),
                 ["--split", "train=0.8,val=0.1,test=0.1", "--group", "shape", "--allow-unseen"])


main()
