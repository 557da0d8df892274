"""A pack read with h5py, and the order in which umbel trains on it."""
import io

import h5py
import numpy
from PIL import Image

SPLITS = ["train", "val", "test"]
RANDOM_ORDER = 2


class Pack:
    """Records of a pack: JPEG bytes, labels per group (-1: missing), split."""

    def __init__(self, path):
        with h5py.File(path, "r") as file:
            self.bytes, self.offset = file["images/bytes"][:], file["images/offset"][:]
            self.split = file["split"][:]
            self.labels = {name: group["label"][:].astype(numpy.int64)
                           for name, group in file["labels"].items()}
            self.classes = {name: len(group["class"]) for name, group in file["labels"].items()}

    def records(self, split):
        return numpy.flatnonzero(self.split == SPLITS.index(split))

    def image(self, record):
        data = self.bytes[self.offset[record]:self.offset[record + 1]]
        return Image.open(io.BytesIO(data.tobytes())).convert("RGB")


def mix(x):
    """The finaliser of splitmix64."""
    mask = (1 << 64) - 1
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & mask
    return x ^ (x >> 31)


def philox(counter, key):
    """Philox 4x32-10."""
    mask = (1 << 32) - 1
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & mask, (low >> 32) ^ c[3] ^ k[1], low & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def words(seed, purpose, a):
    """The stream of words addressed by (seed, purpose, a)."""
    key = mix(seed)
    block = 0
    while True:
        counter = [block, purpose << 24 | (a >> 32) & 0xFFFFFF, a & 0xFFFFFFFF, 0]
        yield from philox(counter, [key & 0xFFFFFFFF, key >> 32])
        block += 1


def below(stream, limit):
    """Uniform in 0 … limit-1; words beyond the largest multiple of `limit` are drawn again."""
    end = (1 << 32) - (1 << 32) % limit
    while True:
        word = next(stream)
        if word < end:
            return word % limit


def order(records, seed, epoch):
    """Fisher-Yates from the end."""
    result, stream = list(records), words(seed, RANDOM_ORDER, epoch)
    for i in range(len(result) - 1, 0, -1):
        j = below(stream, i + 1)
        result[i], result[j] = result[j], result[i]
    return result
