#!/usr/bin/python3
"""Writes golden files for tests/models/test_parity.c: a network of PyTorch's with seeded parameters,
a batch with missing labels, and what float64 makes of it: logits, loss, every gradient, and batch
norm's running statistics. umbel never sees PyTorch; it has to find the same numbers.

    make_golden.py FOLDER [NAME...]            the small goldens that are committed
    make_golden.py --full FOLDER [NAME...]     networks of full size at 224 pixels
    make_golden.py [--full] --list             their names

Where a golden needs timm and this Python has none, it is left out with a word, or refused if named.

Layout: /images (N,H,W,3); /loss (1); for each head /label/NAME (N), /weight/NAME (1), /logits/NAME
and /logits_eval/NAME (N,classes); /param/NAME and /state/NAME as uint8 codes with an attribute
`exponent`: value = (code - 128) * 2^exponent, exact in float32 and a quarter of its size; /grad/NAME
and /state_after/NAME float32. The file's attributes kind, options (lines "key=value" of the trunk),
heads (lines "name=classes"), image and parameters (their number) describe the network. As text:
pytorch, its version; float32_logits and float32_gradients, what its own float32 errs by at most in
FLOAT32_RUNS runs, in the measure of test_parity; kinks, how far the batch stays from them (kinks.py).
"""
import argparse
import copy
import math
import os
import sys

import h5py
import numpy
import torch

import kinks
import networks

HEADS = {"type": (7, 1.0), "part": (3, 0.5), "angle": (12, 2.0)}  # classes, weight

# ResNets come as they are and as smooth twins, in which gradients differ by rounding only.
SMOOTH = dict(activation="silu", pool="avg")
CIFAR = dict(kind="resnet20", image=28, images=4, width=4)  # 28, 14, 7
BASIC = dict(kind="resnet18", image=48, images=4, layers=[1, 1, 1, 1], width=4)
BOTTLENECK = dict(kind="resnet50", image=48, images=4, layers=[1, 1, 1, 1], width=4)
# As many groups in all stages, of 2, 4, 8 and 16 channels; twice as wide inside, as the real one.
GROUPED = dict(BOTTLENECK, kind="resnext50_32x4d", groups=4, base_width=32)
# 48 pixels: 24, 12, 6, 3, 2: the last averaging shortcut has windows that hang over the edge.
DEEP = dict(BOTTLENECK, kind="resnet50d")
VIT = dict(kind="vit_tiny_patch16", image=48, images=4, dim=16, depth=2, heads=2)
MOBILENET = dict(kind="mobilenet_v1", image=64, images=4, width=0.0625)
SMALL = {
    "convnext_patch4": dict(kind="convnext_atto", image=64, images=4, patch=4, layer_scale=0.3,
                            depths=[1, 1, 2, 1], dims=[8, 16, 24, 40]),
    # 36 pixels: 18, 9, 4, 2: the downsampling of 9 drops a row and a column.
    "convnext_patch2": dict(kind="convnext_atto", image=36, images=4, patch=2, layer_scale=0.3,
                            depths=[1, 1, 2, 1], dims=[8, 16, 24, 40]),
    "convnextv2": dict(kind="convnextv2_atto", image=64, images=4, layer_scale=0,
                       depths=[1, 1, 2, 1], dims=[8, 12, 16, 24]),
    "resnet20_relu": dict(CIFAR, activation="relu"),
    "resnet20_silu": dict(CIFAR, activation="silu"),
    "resnet18_relu": dict(BASIC, activation="relu", pool="max"),
    "resnet18_silu": dict(BASIC, **SMOOTH),
    "resnet18_nopool": dict(BASIC, image=32, activation="silu", pool="none"),
    "resnet50_relu": dict(BOTTLENECK, activation="relu", pool="max"),
    "resnet50_silu": dict(BOTTLENECK, **SMOOTH),
    "resnext50_relu": dict(GROUPED, activation="relu", pool="max"),
    "resnext50_silu": dict(GROUPED, **SMOOTH),
    "resnet50d_relu": dict(DEEP, activation="relu", pool="max"),
    "resnet50d_silu": dict(DEEP, **SMOOTH),
    "vit_token": dict(VIT, pool="token"),
    "vit_mean": dict(VIT, pool="mean"),
    # Gains and biases of its norms: so many norms amplify rounding a hundredfold unless most values
    # pass the activations; some are above 6.
    "mobilenet_v1_relu6": dict(MOBILENET, activation="relu6", gain=2, shift=2),
    "mobilenet_v1_silu": dict(MOBILENET, activation="silu", gain=1, shift=1),
}
FULL_SIZE = dict(image=224, images=2)
FULL = {
    "convnext_tiny_scale_0.3": dict(FULL_SIZE, kind="convnext_tiny", layer_scale=0.3),
    "convnext_tiny_scale_1e-6": dict(FULL_SIZE, kind="convnext_tiny", layer_scale=1e-6),
    "convnextv2_tiny": dict(FULL_SIZE, kind="convnextv2_tiny", layer_scale=0),
    "vit_small_patch16": dict(FULL_SIZE, kind="vit_small_patch16"),
    "vit_base_patch16": dict(FULL_SIZE, kind="vit_base_patch16"),
    "mobilenet_v1": dict(FULL_SIZE, kind="mobilenet_v1", gain=2, shift=2),
    "mobilenet_v1_silu": dict(FULL_SIZE, kind="mobilenet_v1", gain=1, shift=1, activation="silu"),
}
for kind in ("resnet18", "resnet50", "resnext50_32x4d", "resnet50d"):
    FULL[kind] = dict(FULL_SIZE, kind=kind)
    FULL[f"{kind}_silu"] = dict(FULL_SIZE, kind=kind, **SMOOTH)
# A small golden is the best of so many draws, and this is far enough from kinks.
DRAWS, FAR = 32, 2e-5
FLOAT32_RUNS = 8
# Pixels of few bits compress, but their sums tie in a max pooling now and then.
SMALL_STEP, FULL_STEP = 2.0 ** -3, 2.0 ** -20


# --- running ----------------------------------------------------------------------------------------

def run(network, images, labels):
    """Logits, loss and gradients in the network's precision; statistics move by one step."""
    network.zero_grad()
    network.train()
    logits = network(images)
    weights = {name: weight for name, (_, weight) in HEADS.items()}
    loss, _ = networks.masked_loss(logits, labels, weights)
    loss.backward()
    gradients = {name: networks.to_umbel(value.grad)
                 for name, value in networks.parameters(network)}
    return {name: value.detach().numpy() for name, value in logits.items()}, loss.item(), gradients


def relative(value, reference, floor=0.0):
    """Relative L2 error; `floor` is the least rms that counts."""
    norm = max(numpy.linalg.norm(reference), floor * math.sqrt(reference.size))
    return numpy.linalg.norm(value.astype(numpy.float64) - reference) / norm


# --- drawing ----------------------------------------------------------------------------------------

def encode(values):
    """Codes and exponent of the 8-bit form."""
    exponent = math.ceil(math.log2(max(numpy.abs(values).max(), 1e-30) / 127))
    return numpy.rint(values / 2.0 ** exponent).astype(numpy.int16) + 128, exponent


def decode(codes, exponent):
    return ((codes - 128) * 2.0 ** exponent).astype(numpy.float32)


def draw_parameter(name, shape, layer_scale, gain, shift, random):
    """Gains and biases away from 1 and 0, so that a forgotten one shows."""
    noise = random.standard_normal(shape)
    if name.endswith("gamma"):
        return layer_scale * (1 + 0.2 * noise)
    if name.endswith("bias"):
        return (shift if name.endswith("_bn.bias") else 0) + 0.1 * noise
    if name.endswith("running_mean"):
        return 0.3 * noise
    if name.endswith("running_var"):
        return 0.5 + random.random(shape)
    if len(shape) == 1:
        return gain * (1 + 0.2 * noise)
    fan_in = math.prod(shape[:2] if "conv_dw" in name else shape[1:])
    return noise / math.sqrt(fan_in)


def draw_labels(images, random):
    """Each head lacks the label of one image; of two images, the second head has both."""
    labels = {}
    for index, (name, (classes, _)) in enumerate(HEADS.items()):
        label = random.integers(0, classes, images)
        if images > 2 or index != 1:
            label[index % images] = -1
        labels[name] = torch.from_numpy(label)
    return labels


class Case:
    """A network with parameters, a batch with labels, and what float64 makes of them."""

    def __init__(self, spec, seed, pixel_step):
        random = numpy.random.default_rng(seed)
        spec = dict(spec)
        self.kind, self.image, images = spec.pop("kind"), spec.pop("image"), spec.pop("images")
        gain, shift = spec.pop("gain", 1), spec.pop("shift", 0)
        self.options = spec
        self.network = networks.build(self.kind, {name: classes for name, (classes, _)
                                                  in HEADS.items()}, self.image, **spec)
        noise = random.standard_normal((images, self.image, self.image, 3))
        self.pixels = (numpy.rint(noise / pixel_step) * pixel_step).astype(numpy.float32)
        self.labels = draw_labels(images, random)
        self.codes = {}
        for group, items in (("param", networks.parameters(self.network)),
                             ("state", networks.statistics(self.network))):
            for name, value in items:
                drawn = draw_parameter(name, networks.to_umbel(value).shape,
                                       spec.get("layer_scale", 0), gain, shift, random)
                self.codes[f"{group}/{name}"] = codes, exponent = encode(drawn)
                with torch.no_grad():
                    value.copy_(networks.from_umbel(decode(codes, exponent), value.shape))
        self.solve()

    def solve(self):
        batch = torch.from_numpy(self.pixels).permute(0, 3, 1, 2).contiguous()
        double = copy.deepcopy(self.network).double().eval()
        self.distance = kinks.distance(double, batch.double())
        with torch.no_grad():
            self.evaluation = double(batch.double())
        self.logits, self.loss, self.gradients = run(double, batch.double(), self.labels)
        self.state_after = dict(networks.statistics(double))
        errors = [self.float32_errors(*found) for found in self.run_float32(batch)]
        self.logits_error = max(logits for logits, _ in errors)
        self.gradients_error, self.worst = max(gradients for _, gradients in errors)

    def run_float32(self, batch):
        """Logits and gradients in float32. Which ReLU opens on the wrong side is chance, so that one run
        says little where there are kinks: others have each pixel moved to a neighbouring float."""
        logits, _, gradients = run(self.network, batch, self.labels)
        yield logits, gradients
        random = torch.Generator().manual_seed(0)
        for _ in range(FLOAT32_RUNS - 1 if math.isfinite(self.distance) else 0):
            there = torch.randn(batch.shape, generator=random) * 1e9
            logits, _, gradients = run(self.network, torch.nextafter(batch, there), self.labels)
            yield logits, gradients

    def float32_errors(self, logits, gradients):
        """The worst of the logits, and that of the gradients with its name."""
        squares = sum((g ** 2).sum() for g in self.gradients.values())
        rms = math.sqrt(squares / sum(g.size for g in self.gradients.values()))
        return (max(relative(logits[name], self.logits[name]) for name in logits),
                max((relative(gradients[name], g, 1e-6 * rms), name)
                    for name, g in self.gradients.items()))


def draw_case(name, spec, draws, pixel_step):
    """The best conditioned draw among those that stay far from kinks, or the one that does most."""
    return max((Case(spec, [draw, *name.encode()], pixel_step) for draw in range(draws)),
               key=lambda case: (min(case.distance, FAR), -case.gradients_error))


# --- writing ----------------------------------------------------------------------------------------

def put(file, name, array, compress):
    """Chunks have a price: arrays of less than 1 kB stay as they are."""
    array = numpy.ascontiguousarray(array)
    packed = dict(chunks=array.shape, compression=9, shuffle=True)
    return file.create_dataset(name, data=array,
                               **(packed if compress and array.nbytes > 1024 else {}))


def write_attributes(file, case):
    texts = {"kind": case.kind,
             "options": "\n".join(f"{key}={value}" for key, value in case.options.items()),
             "heads": "\n".join(f"{name}={classes}" for name, (classes, _) in HEADS.items()),
             "pytorch": torch.__version__,
             "float32_logits": f"{case.logits_error:.3e}",
             "float32_gradients": f"{case.gradients_error:.3e}",
             "kinks": f"{case.distance:.3e}"}
    for key, text in texts.items():
        file.attrs[key] = numpy.bytes_(text)  # of fixed length, as umbel's own
    file.attrs["image"] = case.image
    file.attrs["parameters"] = len(networks.parameters(case.network))


def write(path, case, compress):
    # Format 1.10: an array in one chunk needs no index.
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        write_attributes(file, case)
        for name, (codes, exponent) in case.codes.items():
            put(file, name, codes.astype(numpy.uint8), compress).attrs["exponent"] = exponent
        put(file, "images", case.pixels, compress)
        file["loss"] = numpy.array([case.loss])
        for name, (_, weight) in HEADS.items():
            file[f"label/{name}"] = case.labels[name].numpy().astype(numpy.int32)
            file[f"weight/{name}"] = numpy.array([weight], numpy.float32)
            file[f"logits/{name}"] = case.logits[name].astype(numpy.float32)
            file[f"logits_eval/{name}"] = case.evaluation[name].numpy().astype(numpy.float32)
        for name, gradient in case.gradients.items():
            put(file, f"grad/{name}", gradient.astype(numpy.float32), compress)
        for name, value in case.state_after.items():
            put(file, f"state_after/{name}", networks.to_umbel(value).astype(numpy.float32),
                compress)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the names, write nothing")
    arguments = parser.parse_args()
    specs = FULL if arguments.full else SMALL
    if arguments.list:
        print(*specs, sep="\n")
        return
    if not arguments.folder:
        parser.error("FOLDER is missing")
    torch.set_num_threads(1)
    os.makedirs(arguments.folder, exist_ok=True)
    for name in arguments.names or specs:
        if name not in specs:
            sys.exit(f"{name}: no such golden; there are {', '.join(specs)}")
        print(name, flush=True)
        try:
            case = draw_case(name, specs[name], *((1, FULL_STEP) if arguments.full
                                                  else (DRAWS, SMALL_STEP)))
        except ModuleNotFoundError as error:
            if arguments.names:
                sys.exit(f"{name}: needs {error.name}")
            print(f"left out: needs {error.name}")
            continue
        write(os.path.join(arguments.folder, name + ".h5"), case, not arguments.full)
        print(f"PyTorch float32: logits {case.logits_error:.2e}, gradients "
              f"{case.gradients_error:.2e} ({case.worst}); kinks {case.distance:.1e}")


if __name__ == "__main__":
    main()
