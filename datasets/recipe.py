"""What the recipes of this folder share: PNG files, samples in a tar file, manifests, and the call of umbel pack. Python's
standard library is all that it needs."""
import csv
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def need(folder, *names):
    """The paths of files that must be in the folder."""
    paths = [os.path.join(folder, name) for name in names]
    for path in paths:
        if not os.path.exists(path):
            fail(f"{path} is missing; unpack the data set and give its folder")
    return paths


def png(width, height, rgb):
    """A PNG file of (height,width,3) bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + rgb[3 * width * y:3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


def held_out(index, each=10):
    """Data sets come with a test split, if any: of the rest, one in ten is for validation."""
    return "val" if index % each == each - 1 else "train"


def umbel(*arguments):
    """Runs the program: $UMBEL, that of this clone, or the one on the path."""
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "umbel")
    program = os.environ.get("UMBEL") or (built if os.path.exists(built) else shutil.which("umbel"))
    if not program:
        fail("umbel is not there; build it with make, or name it by the variable UMBEL")
    code = subprocess.call([program, *arguments])
    if code:
        sys.exit(code)


def pack_samples(out, labels, samples, more=()):
    """Packs (key, PNG bytes, split, {label: value}), by way of a tar file beside the pack."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(out))) as folder:
        path = os.path.join(folder, os.path.splitext(os.path.basename(out))[0] + ".tar")
        with tarfile.open(path, "w") as tar:
            for key, image, split, values in samples:
                for ending, data in (("json", json.dumps({**values, "split": split}).encode()), ("png", image)):
                    info = tarfile.TarInfo(f"{key}.{ending}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
        umbel("pack", "--tar", path, "--labels", labels, "--out", out, *more)


def pack_manifest(out, root, labels, rows, more=()):
    """Packs images that lie in the folder `root`: rows of (path, split, {label: value}); split may be None for all."""
    names = [label.split(":")[0] for label in labels.split(",")]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        table = csv.writer(file)
        split = any(row[1] for row in rows)
        table.writerow(["path", *(["split"] if split else []), *names])
        for path, part, values in rows:
            table.writerow([path, *([part] if split else []), *(values.get(name, "") for name in names)])
        file.flush()
        umbel("pack", "--manifest", file.name, "--root", root, "--labels", labels, "--out", out, *more)
