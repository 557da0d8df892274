"""Seeds for the fuzzers: seeds.py FOLDER writes FOLDER/TARGET/NAME for pictures of all kinds, and recipes
(h5_recipe.c) of sound packs and checkpoints. Everything is drawn here; the same call gives the same bytes."""
import io
import json
import math
import pathlib
import struct
import sys

from PIL import Image

NAMES = ["/images/checksum", "/images/offset", "/images/size", "/images/path", "/images/bytes", "/split",
         "/labels/a/class", "/labels/a/label", "/labels/b/class", "/labels/b/label", "/labels/c", "/labels",
         "/config", "/provenance", "/pack_hash", "/best", "/heads/a/class", "/heads/b/class", "/heads/c",
         "/heads", "/param/w", "/param/v", "/param", "/slot/m/w", "/slot/v/w", "/slot/n", "/slot", "/state/s",
         "/state", "/", "/labels/b/begin", "/labels/b/member", "/labels/b/known", "/labels/d/value",
         "/heads/a/weight", "/heads/d/standard"]
KEYS = ["created_by", "step", "epoch", "updates", "skipped", "validated", "bad", "format", "version"]
CHECKSUM = 11984676726734944673  # XXH3-64 of "picture"
TYPES = {"u8": (0, "B"), "i32": (1, "i"), "i64": (2, "q"), "u64": (3, "Q"), "f32": (4, "f"), "f64": (5, "d")}


# --- recipes

def pattern(data):
    assert len(data) < 256
    return bytes([len(data)]) + data


def array(name, kind, dims, values):
    code, letter = TYPES[kind]
    data = struct.pack("<%d%s" % (len(values), letter), *values)
    return (bytes([0, NAMES.index(name), code, 0, len(dims)]) + b"".join(struct.pack("<H", d) for d in dims)
            + pattern(data))


def texts(name, words, width=None):
    width = width or max(len(word) for word in words)
    data = b"".join(word.encode().ljust(width, b"\0") for word in words)
    return bytes([1, NAMES.index(name), width - 1]) + struct.pack("<H", len(words)) + pattern(data)


def integer(key, value):
    return bytes([2, NAMES.index("/"), KEYS.index(key)]) + struct.pack("<q", value)


def text(key, value):
    return bytes([3, NAMES.index("/"), KEYS.index(key), 7 + len(value), 1]) + pattern(value.encode())


def pack(n, image=b"picture"):
    steps = [text("created_by", "umbel 0.1.0"), texts("/labels/a/class", ["x", "y"]),
             array("/labels/a/label", "i32", [n], [i % 3 - 1 for i in range(n)]),
             texts("/labels/b/class", ["one"]), array("/labels/b/label", "i32", [n], [0] * n),
             array("/split", "u8", [n], [i % 3 for i in range(n)]),
             array("/images/offset", "u64", [n + 1], [i * len(image) for i in range(n + 1)]),
             array("/images/checksum", "u64", [n], [CHECKSUM] * n),
             array("/images/size", "i32", [n, 2], [40, 30] * n),
             texts("/images/path", ["%d.jpg" % i for i in range(n)]),
             array("/images/bytes", "u8", [n * len(image)], list(image))]
    return steps


def kinds_pack():
    """Of four images: a set of classes and a value each, the last but one without."""
    steps = [step for step in pack(4) if step[1] != NAMES.index("/labels/b/label")]
    return steps + [array("/labels/b/begin", "u64", [5], [0, 1, 1, 1, 2]),
                    array("/labels/b/member", "i32", [2], [0, 0]),
                    array("/labels/b/known", "u8", [4], [1, 1, 0, 1]),
                    array("/labels/d/value", "f64", [4], [1.5, -2, math.nan, 4])]


def kinds_checkpoint():
    heads = "heads: [{name: a, class_weights: inverse, kind: softmax}, {name: d, kind: regression}]\n"
    steps = [step for step in checkpoint("pack: p\ntrunk: {kind: resnet18}\n" + heads)
             if step[1] != NAMES.index("/best")]
    return steps + [array("/heads/a/weight", "f64", [2], [0.5, 2]),
                    array("/heads/d/standard", "f64", [2], [3, 4]), array("/best", "f64", [3], [1, 2, -1])]


def checkpoint(config="pack: p\ntrunk: {kind: resnet18}\n"):
    return [integer(key, 3) for key in KEYS[1:7]] + [
        texts("/config", [config]), texts("/provenance", ["umbel: 0.1.0\n"]),
        array("/pack_hash", "u64", [2], [1, 2]), texts("/heads/a/class", ["x", "y"]),
        array("/best", "f64", [2], [0.5, -1]), array("/param/w", "f32", [4, 8], [1.5] * 8),
        array("/param/v", "f32", [3], [1, 2, 3]), array("/slot/m/w", "f32", [4, 8], [0] * 8),
        array("/slot/v/w", "f32", [4, 8], [1] * 8), array("/state/s", "f32", [2], [0, 1])]


# --- weights

VIT = {"cls_token": [1, 1, 4], "pos_embed": [1, 5, 4], "patch_embed.proj.weight": [4, 3, 2, 2],
       "blocks.0.attn.qkv.weight": [12, 4], "blocks.0.norm1.bias": [4], "head.weight": [3, 4], "head.bias": [3]}


def weights(shapes, kind="F32", width=4, prefix=""):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes.items():
        size = width
        for dim in shape:
            size *= dim
        header[prefix + name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + bytes(i % 64 for i in range(at))


# --- pictures

def exif(orientation):
    entry = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def draw(mode, width=37, height=21):
    image = Image.new("RGBA", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), (x * 7 % 256, y * 11 % 256, (x * y) % 256, 255 if x % 5 else 90))
    return image.convert(mode)


def encode(mode, kind, **options):
    out = io.BytesIO()
    draw(mode).save(out, kind, **options)
    return out.getvalue() + b"\0\3\0\5\0\x0b\0\7"


def pictures():
    yield "baseline.jpg", encode("RGB", "JPEG", quality=70)
    yield "progressive.jpg", encode("RGB", "JPEG", quality=50, progressive=True)
    yield "grey.jpg", encode("L", "JPEG", quality=60)
    yield "inks.jpg", encode("CMYK", "JPEG", quality=60, subsampling=0)
    yield "turned.jpg", encode("RGB", "JPEG", quality=60, exif=exif(6))
    yield "mirrored.jpg", encode("RGB", "JPEG", quality=60, subsampling=1, exif=exif(5))
    for mode in "1", "L", "LA", "P", "RGB", "RGBA":
        yield "%s.png" % mode, encode(mode, "PNG")
    yield "turned.png", encode("RGB", "PNG", exif=exif(3)[6:])
    yield "lossy.webp", encode("RGB", "WEBP", quality=40)
    yield "lossless.webp", encode("RGB", "WEBP", lossless=True)
    yield "alpha.webp", encode("RGBA", "WEBP", quality=40)
    yield "turned.webp", encode("RGB", "WEBP", quality=40, exif=exif(8))


def main():
    folder = pathlib.Path(sys.argv[1])

    def put(target, name, data):
        (folder / target).mkdir(parents=True, exist_ok=True)
        (folder / target / name).write_bytes(data)

    put("pack", "sound", b"".join(pack(5)))
    put("pack", "one-image", b"".join(pack(1)))
    put("pack", "kinds", b"".join(kinds_pack()))
    put("checkpoint", "kinds", b"".join(kinds_checkpoint()))
    put("checkpoint", "sound", b"".join(checkpoint()))
    put("checkpoint", "bad-configuration", b"".join(checkpoint("trunk: {kind: none}\n")))
    put("weights", "sound", weights(VIT))
    put("weights", "half", weights(VIT, "F16", 2, "module."))
    put("weights", "more-places", weights({**VIT, "pos_embed": [1, 17, 4]}, "BF16", 2))
    put("weights", "single-numbers", weights({"a": [], "b": [0, 3], "c": [1] * 8}))
    for name, data in pictures():
        put("image", name, data)


main()
