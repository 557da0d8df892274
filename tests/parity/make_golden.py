#!/usr/bin/python3
"""Writes golden files for tests/models/test_parity.c: a network of PyTorch's with seeded parameters,
a batch with missing labels, and what float64 makes of it: logits, loss, every gradient, and batch
norm's running statistics. umbel never sees PyTorch; it has to find the same numbers.

    make_golden.py FOLDER            the small goldens that are committed
    make_golden.py --full FOLDER     convnext_tiny at 224 pixels, with the errors of PyTorch's float32

Layout: /images (N,H,W,3); /loss (1); for each head /label/NAME (N), /weight/NAME (1), /logits/NAME
and /logits_eval/NAME (N,classes); /param/NAME and /state/NAME as uint8 codes with an attribute
`exponent`: value = (code - 128) * 2^exponent, exact in float32 and a quarter of its size; /grad/NAME
and /state_after/NAME float32. The file's attributes kind, options (lines "key=value" of the trunk),
heads (lines "name=classes"), image and parameters (their number) describe the network.
"""
import argparse
import copy
import math
import os

import h5py
import numpy
import torch

import networks

HEADS = {"type": (7, 1.0), "part": (3, 0.5), "angle": (12, 2.0)}  # classes, weight

SMALL = {
    "convnext_patch4": dict(kind="convnext_atto", image=64, images=4, patch=4, layer_scale=0.3,
                            depths=[1, 1, 2, 1], dims=[8, 16, 24, 40]),
    # 36 pixels: 18, 9, 4, 2: the downsampling of 9 drops a row and a column.
    "convnext_patch2": dict(kind="convnext_atto", image=36, images=4, patch=2, layer_scale=0.3,
                            depths=[1, 1, 2, 1], dims=[8, 16, 24, 40]),
    "resnet20": dict(kind="resnet20", image=28, images=4),  # 28, 14, 7
}
FULL = {
    "convnext_tiny_scale_0.3": dict(kind="convnext_tiny", image=224, images=2, layer_scale=0.3),
    "convnext_tiny_scale_1e-6": dict(kind="convnext_tiny", image=224, images=2, layer_scale=1e-6),
}


def encode(values):
    """Codes and exponent of the 8-bit form."""
    exponent = math.ceil(math.log2(max(numpy.abs(values).max(), 1e-30) / 127))
    return numpy.rint(values / 2.0 ** exponent).astype(numpy.int16) + 128, exponent


def decode(codes, exponent):
    return ((codes - 128) * 2.0 ** exponent).astype(numpy.float32)


def draw_parameter(name, shape, layer_scale, random):
    """Gains and biases away from 1 and 0, so that a forgotten one shows."""
    noise = random.standard_normal(shape)
    if name.endswith("gamma"):
        return layer_scale * (1 + 0.2 * noise)
    if name.endswith("bias"):
        return 0.1 * noise
    if name.endswith("running_mean"):
        return 0.3 * noise
    if name.endswith("running_var"):
        return 0.5 + random.random(shape)
    if len(shape) == 1:
        return 1 + 0.2 * noise
    fan_in = math.prod(shape[:2] if name.endswith("conv_dw.weight") else shape[1:])
    return noise / math.sqrt(fan_in)


def write_parameters(file, network, layer_scale, random):
    for group, items in (("param", networks.parameters(network)),
                         ("state", networks.statistics(network))):
        for name, value in items:
            shape = networks.to_umbel(value).shape
            codes, exponent = encode(draw_parameter(name, shape, layer_scale, random))
            data = file.create_dataset(f"{group}/{name}", data=codes.astype(numpy.uint8))
            data.attrs["exponent"] = exponent
            with torch.no_grad():
                value.copy_(networks.from_umbel(decode(codes, exponent), value.shape))


def draw_labels(images, random):
    """Each head lacks the label of one image; of two images, the second head has both."""
    labels = {}
    for index, (name, (classes, _)) in enumerate(HEADS.items()):
        label = random.integers(0, classes, images)
        if images > 2 or index != 1:
            label[index % images] = -1
        labels[name] = torch.from_numpy(label)
    return labels


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


def write(path, spec, full):
    random = numpy.random.default_rng(list(os.path.basename(path).encode()))
    spec = dict(spec)
    kind, image, images = spec.pop("kind"), spec.pop("image"), spec.pop("images")
    network = networks.build(kind, {name: classes for name, (classes, _) in HEADS.items()}, **spec)
    pixels = random.standard_normal((images, image, image, 3)).astype(numpy.float32)
    labels = draw_labels(images, random)
    with h5py.File(path, "w") as file:
        texts = {"kind": kind,
                 "options": "\n".join(f"{key}={value}" for key, value in spec.items()),
                 "heads": "\n".join(f"{name}={classes}" for name, (classes, _) in HEADS.items())}
        for key, text in texts.items():
            file.attrs[key] = numpy.bytes_(text)  # of fixed length, as umbel's own
        file.attrs["image"] = image
        file.attrs["parameters"] = len(networks.parameters(network))
        write_parameters(file, network, spec.get("layer_scale", 0), random)
        single = network
        double = copy.deepcopy(network).double()
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        double.eval()
        with torch.no_grad():
            evaluation = double(batch.double())
        logits, loss, gradients = run(double, batch.double(), labels)
        file["images"] = pixels
        file["loss"] = numpy.array([loss])
        for name, (_, weight) in HEADS.items():
            file[f"label/{name}"] = labels[name].numpy().astype(numpy.int32)
            file[f"weight/{name}"] = numpy.array([weight], numpy.float32)
            file[f"logits/{name}"] = logits[name].astype(numpy.float32)
            file[f"logits_eval/{name}"] = evaluation[name].numpy().astype(numpy.float32)
        for name, gradient in gradients.items():
            file[f"grad/{name}"] = numpy.ascontiguousarray(gradient, numpy.float32)
        for name, value in networks.statistics(double):
            file[f"state_after/{name}"] = networks.to_umbel(value).astype(numpy.float32)
    if full:
        report_single(single, batch, labels, logits, gradients)


def report_single(network, batch, labels, logits, gradients):
    """What PyTorch's own float32 errs by, in the measure of test_parity."""
    found, _, found_gradients = run(network, batch, labels)
    worst = max(relative(found[name], logits[name]) for name in logits)
    squares = sum((g ** 2).sum() for g in gradients.values())
    rms = math.sqrt(squares / sum(g.size for g in gradients.values()))
    worst_gradient, name = max((relative(found_gradients[name], g, 1e-6 * rms), name)
                               for name, g in gradients.items())
    print(f"PyTorch float32: logits {worst:.2e}, gradients {worst_gradient:.2e} ({name})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(arguments.folder, exist_ok=True)
    for name, spec in (FULL if arguments.full else SMALL).items():
        path = os.path.join(arguments.folder, name + ".h5")
        print(name, flush=True)
        write(path, spec, arguments.full)


if __name__ == "__main__":
    main()
