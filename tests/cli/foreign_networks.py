#!/usr/bin/env python3
"""Small networks as other programs write them, for tests/cli/import.sh.

    foreign_networks.py write SCHEME FILE.safetensors      random numbers under the scheme's names
    foreign_networks.py check SCHEME FILE.safetensors CHECKPOINT   the checkpoint must hold the same numbers

Names are written here as each program documents them, with the name and layout that umbel should give them.
"""
import json
import struct
import sys

import h5py
import numpy as np

WIDTHS = (8, 8, 16, 16)  # channels of the stages

# --- layouts: from theirs to ours


def kernel(a):
    return a.transpose(0, 2, 3, 1)  # (O,I,K,K) -> (O,K,K,I)


def depthwise(a):
    return a[:, 0].transpose(1, 2, 0)  # (C,1,K,K) -> (K,K,C)


def same(a):
    return a


def flat(a):
    return a.reshape(-1)


def matrix(a):
    return a.reshape(a.shape[0], a.shape[1])


class Network:
    """Rows (their name, their shape, our name, layout)."""

    def __init__(self):
        self.rows = []
        self.extra = []  # tensors that are to be ignored

    def add(self, theirs, shape, ours, layout=same):
        self.rows.append((theirs, shape, ours, layout))

    def norm(self, theirs, ours, channels, names=("weight", "bias"), statistics=True):
        for name, mine in zip(names, ("weight", "bias")):
            self.add(f"{theirs}{name}", (channels,), f"{ours}.{mine}")
        if statistics:
            for mine in ("running_mean", "running_var"):
                self.add(f"{theirs}{mine}", (channels,), f"{ours}.{mine}")
            self.extra.append(f"{theirs}num_batches_tracked")

    def linear(self, theirs, ours, out, into, layout=same, tail=()):
        self.add(f"{theirs}.weight", (out, into) + tail, f"{ours}.weight", layout)
        self.add(f"{theirs}.bias", (out,), f"{ours}.bias")


# --- networks


def akamaster(net):
    def block(name, into, out, stride):
        for c, channels in ((1, into), (2, out)):
            net.add(f"module.{name}.conv{c}.weight", (out, channels, 3, 3), f"{name}.conv{c}.weight", kernel)
            net.norm(f"module.{name}.bn{c}.", f"{name}.bn{c}", out)

    net.add("module.conv1.weight", (16, 3, 3, 3), "conv1.weight", kernel)
    net.norm("module.bn1.", "bn1", 16)
    into = 16
    for stage, out in enumerate((16, 32, 64)):
        for b in range(3):
            block(f"layer{stage + 1}.{b}", into, out, 2 if stage and not b else 1)
            into = out
    net.linear("module.linear", "head", 7, 64)


def resnet18(net, huggingface):
    width = 8

    def conv(theirs, ours, out, into, side):
        net.add(theirs, (out, into, side, side), ours, kernel)

    if huggingface:
        conv("resnet.embedder.embedder.convolution.weight", "conv1.weight", width, 3, 7)
        net.norm("resnet.embedder.embedder.normalization.", "bn1", width)
    else:
        conv("conv1.weight", "conv1.weight", width, 3, 7)
        net.norm("bn1.", "bn1", width)
    into = width
    for stage in range(4):
        out = width << stage
        for b in range(2):
            ours = f"layer{stage + 1}.{b}"
            theirs = f"resnet.encoder.stages.{stage}.layers.{b}"
            for c in (1, 2):
                channels = into if c == 1 else out
                if huggingface:
                    conv(f"{theirs}.layer.{c - 1}.convolution.weight", f"{ours}.conv{c}.weight", out, channels, 3)
                    net.norm(f"{theirs}.layer.{c - 1}.normalization.", f"{ours}.bn{c}", out)
                else:
                    conv(f"{ours}.conv{c}.weight", f"{ours}.conv{c}.weight", out, channels, 3)
                    net.norm(f"{ours}.bn{c}.", f"{ours}.bn{c}", out)
            if into != out:
                side = f"{theirs}.shortcut" if huggingface else f"{ours}.downsample"
                names = ("convolution", "normalization") if huggingface else ("0", "1")
                conv(f"{side}.{names[0]}.weight", f"{ours}.downsample.0.weight", out, into, 1)
                net.norm(f"{side}.{names[1]}.", f"{ours}.downsample.1", out)
            into = out
    net.linear("classifier.1" if huggingface else "fc", "head", 5, into)


def convnext(net, scheme):
    """One block per stage. `scheme`: timm with 1x1 convolutions in its MLP (atto), torchvision, or a prefix of
    Hugging Face; V2 has global response normalisation and no layer scale."""
    v2 = scheme == "convnextv2."
    for stage, dim in enumerate(WIDTHS):
        before = WIDTHS[stage - 1] if stage else 3
        side = 2 if stage else 4
        ours = f"stages.{stage}"
        down = f"{ours}.downsample" if stage else "stem"
        if scheme == "timm":
            conv, norm = (f"{ours}.downsample.1", f"{ours}.downsample.0") if stage else ("stem.0", "stem.1")
        elif scheme == "torchvision":
            conv, norm = (f"features.{2 * stage}.1", f"features.{2 * stage}.0") if stage else ("features.0.0", "features.0.1")
        elif stage:
            conv, norm = (f"{scheme}encoder.stages.{stage}.downsampling_layer.{i}" for i in (1, 0))
        else:
            conv, norm = f"{scheme}embeddings.patch_embeddings", f"{scheme}embeddings.layernorm"
        net.add(f"{conv}.weight", (dim, before, side, side), f"{down}.conv.weight", kernel)
        net.add(f"{conv}.bias", (dim,), f"{down}.conv.bias")
        net.norm(f"{norm}.", f"{down}.norm", before if stage else dim, statistics=False)

        block = f"{ours}.blocks.0"
        if scheme == "timm":
            names = [f"{block}.{n}" for n in ("conv_dw", "norm", "mlp.fc1", "mlp.fc2", "gamma")]
        elif scheme == "torchvision":
            names = [f"features.{2 * stage + 1}.0.{n}" for n in ("block.0", "block.2", "block.3", "block.5", "layer_scale")]
        else:
            names = [f"{scheme}encoder.stages.{stage}.layers.0.{n}"
                     for n in ("dwconv", "layernorm", "pwconv1", "pwconv2", "layer_scale_parameter")]
        net.add(f"{names[0]}.weight", (dim, 1, 7, 7), f"{block}.conv_dw.weight", depthwise)
        net.add(f"{names[0]}.bias", (dim,), f"{block}.conv_dw.bias")
        net.norm(f"{names[1]}.", f"{block}.norm", dim, statistics=False)
        tail = (1, 1) if scheme == "timm" else ()
        net.linear(names[2], f"{block}.mlp.fc1", 4 * dim, dim, matrix, tail)
        net.linear(names[3], f"{block}.mlp.fc2", dim, 4 * dim, matrix, tail)
        if v2:
            for part in ("weight", "bias"):
                net.add(f"{scheme}encoder.stages.{stage}.layers.0.grn.{part}", (1, 1, 1, 4 * dim), f"{block}.mlp.grn.{part}", flat)
        else:
            net.add(names[4], (dim, 1, 1) if scheme == "torchvision" else (dim,), f"{block}.gamma", flat)
    norm = {"timm": "head.norm", "torchvision": "classifier.0"}.get(scheme, f"{scheme}layernorm")
    head = {"timm": "head.fc", "torchvision": "classifier.2"}.get(scheme, "classifier")
    net.norm(f"{norm}.", "norm", WIDTHS[3], statistics=False)
    net.linear(head, "head", 6, WIDTHS[3])


def vit(net, scheme):
    """Two blocks of 24 channels on 4 x 4 patches."""
    dim, tokens = 24, 17
    top = {"timm": ("cls_token", "pos_embed", "patch_embed.proj", "norm", "head"),
           "torchvision": ("class_token", "encoder.pos_embedding", "conv_proj", "encoder.ln", "heads.head"),
           "huggingface": ("vit.embeddings.cls_token", "vit.embeddings.position_embeddings",
                           "vit.embeddings.patch_embeddings.projection", "vit.layernorm", "classifier")}[scheme]
    net.add(top[0], (1, 1, dim), "cls_token", flat)
    net.add(top[1], (1, tokens, dim), "pos_embed", lambda a: a[0])
    net.add(f"{top[2]}.weight", (dim, 3, 8, 8), "patch_embed.proj.weight", kernel)
    net.add(f"{top[2]}.bias", (dim,), "patch_embed.proj.bias")
    for b in range(2):
        ours = f"blocks.{b}"
        names = {"timm": [f"blocks.{b}.{n}" for n in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")],
                 "torchvision": [f"encoder.layers.encoder_layer_{b}.{n}" for n in
                                 ("ln_1", "self_attention.in_proj", "self_attention.out_proj", "ln_2", "mlp.0", "mlp.3")],
                 "huggingface": [f"vit.encoder.layer.{b}.{n}" for n in
                                 ("layernorm_before", "attention.attention", "attention.output.dense",
                                  "layernorm_after", "intermediate.dense", "output.dense")]}[scheme]
        net.norm(f"{names[0]}.", f"{ours}.norm1", dim, statistics=False)
        if scheme == "huggingface":
            for part in ("query", "key", "value"):
                net.linear(f"{names[1]}.{part}", f"{ours}.attn.qkv+{part}", dim, dim)
        elif scheme == "torchvision":
            net.add(f"{names[1]}_weight", (3 * dim, dim), f"{ours}.attn.qkv.weight")
            net.add(f"{names[1]}_bias", (3 * dim,), f"{ours}.attn.qkv.bias")
        else:
            net.linear(names[1], f"{ours}.attn.qkv", 3 * dim, dim)
        net.linear(names[2], f"{ours}.attn.proj", dim, dim)
        net.norm(f"{names[3]}.", f"{ours}.norm2", dim, statistics=False)
        net.linear(names[4], f"{ours}.mlp.fc1", 4 * dim, dim)
        net.linear(names[5], f"{ours}.mlp.fc2", dim, 4 * dim)
    net.norm(f"{top[3]}.", "norm", dim, statistics=False)
    net.linear(top[4], "head", 4, dim)


def mobilenet(net, keras):
    """Width 0.25; Hugging Face's has 1001 classes."""
    channels = [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256]

    def layer(index, name, shape, torch_shape, layout_keras, layout_torch, out):
        if keras:
            net.add(f"{name}/{'depthwise_kernel' if 'dw' in name else 'kernel'}", shape, f"{name}.weight", layout_keras)
            for theirs, ours in (("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean"),
                                 ("moving_variance", "running_var")):
                net.add(f"{name}_bn/{theirs}", (out,), f"{name}_bn.{ours}")
        else:
            theirs = "mobilenet_v1.conv_stem" if index < 0 else f"mobilenet_v1.layer.{index}"
            net.add(f"{theirs}.convolution.weight", torch_shape, f"{name}.weight", layout_torch)
            net.norm(f"{theirs}.normalization.", f"{name}_bn", out)

    def hwio(a):
        return a.transpose(3, 0, 1, 2)

    layer(-1, "conv1", (3, 3, 3, 8), (8, 3, 3, 3), hwio, kernel, 8)
    into = 8
    for pair, out in enumerate(channels):
        layer(2 * pair, f"conv_dw_{pair + 1}", (3, 3, into, 1), (into, 1, 3, 3), lambda a: a[..., 0], depthwise, into)
        layer(2 * pair + 1, f"conv_pw_{pair + 1}", (1, 1, into, out), (out, into, 1, 1), hwio, kernel, out)
        into = out
    if keras:
        net.add("conv_preds/kernel", (1, 1, into, 9), "head.weight", lambda a: a[0, 0].T)
        net.add("conv_preds/bias", (9,), "head.bias")
    else:
        net.linear("classifier", "head", 1001, into)


NETWORKS = {
    "akamaster": akamaster,
    "resnet-timm": lambda net: resnet18(net, False),
    "resnet-huggingface": lambda net: resnet18(net, True),
    "convnext-timm": lambda net: convnext(net, "timm"),
    "convnext-torchvision": lambda net: convnext(net, "torchvision"),
    "convnext-huggingface": lambda net: convnext(net, "convnext."),
    "convnextv2-huggingface": lambda net: convnext(net, "convnextv2."),
    "vit-timm": lambda net: vit(net, "timm"),
    "vit-torchvision": lambda net: vit(net, "torchvision"),
    "vit-huggingface": lambda net: vit(net, "huggingface"),
    "mobilenet-keras": lambda net: mobilenet(net, True),
    "mobilenet-huggingface": lambda net: mobilenet(net, False),
}

# --- files


def to_bytes(array, dtype):
    if dtype == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def write(net, path, dtype):
    """Numbers that all three types hold exactly."""
    rng = np.random.default_rng(1)
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, shape, _, _ in net.rows:
        numbers = rng.integers(-127, 128, shape) / 64
        piece = to_bytes(abs(numbers) + 0.25 if name.endswith(("var", "variance")) else numbers, dtype)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    for name in net.extra:
        header[name] = {"dtype": "I64", "shape": [], "data_offsets": [len(data), len(data) + 8]}
        data += bytes(8)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    arrays = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__" or entry["dtype"] == "I64":
            continue
        begin, end = entry["data_offsets"]
        piece = data[8 + size + begin:8 + size + end]
        if entry["dtype"] == "BF16":
            numbers = (np.frombuffer(piece, "<u2").astype("<u4") << 16).view("<f4")
        else:
            numbers = np.frombuffer(piece, {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]).astype("<f4")
        arrays[name] = numbers.reshape(entry["shape"])
    return arrays


# --- learnt places on another grid: Keys's cubic, a = -1/2, widened when there are fewer


def cubic(x):
    x = abs(x)
    return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0


def grid_weights(into, out):
    scale = into / out
    wide = max(scale, 1)
    weights = np.array([[cubic((j + 0.5 - (i + 0.5) * scale) / wide) for j in range(into)] for i in range(out)])
    return weights / weights.sum(1, keepdims=True)


def resample(places, tokens):
    into, out = (int(round((n - 1) ** 0.5)) for n in (len(places), tokens))
    grid = places[1:].reshape(into, into, -1).astype(float)
    w = grid_weights(into, out)
    grid = np.einsum("yi,xj,ijd->yxd", w, w, grid)
    return np.concatenate([places[:1], grid.reshape(out * out, -1)])


def expected(net, path):
    arrays, parts, ours = read(path), {}, {}
    for theirs, _, mine, layout in net.rows:
        if "+" in mine:  # NAME+part.weight
            stem, part = mine.split("+")
            mine = f"{stem}.{part.split('.')[1]}"
            parts.setdefault(mine, []).append(layout(arrays[theirs]))
            ours[mine] = np.concatenate(parts[mine])
        else:
            ours[mine] = layout(arrays[theirs])
    return ours


def check(net, path, checkpoint):
    file = h5py.File(checkpoint)
    found = {}
    for group in ("param", "state"):
        for name in file.get(group, {}):
            found[name] = file[group][name][()]
    wanted = {("heads.class.linear." + n[5:] if n.startswith("head.") else "trunk." + n): a
              for n, a in expected(net, path).items()}
    assert sorted(found) == sorted(wanted), set(found) ^ set(wanted)
    for name, array in wanted.items():
        if name == "trunk.pos_embed" and array.shape != found[name].shape:
            array = resample(array, len(found[name]))
            assert np.abs(found[name] - array).max() < 1e-6, name
        else:
            assert np.array_equal(found[name], array), name
    print(len(wanted))


def main():
    net = Network()
    NETWORKS[sys.argv[2]](net)
    if sys.argv[1] == "write":
        write(net, sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "F32")
    else:
        check(net, sys.argv[3], sys.argv[4])


main()
