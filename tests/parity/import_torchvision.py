#!/usr/bin/env python3
"""Networks of torchvision, imported: import_torchvision.py UMBEL FOLDER.

Each has random numbers, statistics of batch norm too. Its state_dict is written as safetensors and imported;
the checkpoint must hold the same numbers, and `umbel eval` must find PyTorch's loss on a few pictures.
"""
import json
import os
import struct
import subprocess
import sys

import h5py
import numpy as np
import torch
import torchvision
from PIL import Image
from torch.nn import functional

import networks

SIDE, PICTURES = 64, 6
# torchvision's name, umbel's kind, the classifier's name, mean and deviation of its family (None: ImageNet's)
KINDS = [
    ("resnet18", "resnet18", "fc", None),
    ("resnet50", "resnet50", "fc", None),
    ("resnext50_32x4d", "resnext50_32x4d", "fc", None),
    ("wide_resnet50_2", "wide_resnet50_2", "fc", None),
    ("convnext_tiny", "convnext_tiny", "classifier.2", None),
    ("vit_b_16", "vit_base_patch16", "heads.head", 0.5),
]
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        array = tensor.detach().numpy()
        dtype = {"float32": "F32", "int64": "I64"}[str(array.dtype)]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def network(name):
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)(weights=None)
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if key.endswith("running_mean"):
                value.normal_(0, 0.1)
            elif key.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif key.endswith("layer_scale"):
                value.fill_(0.3)
            elif value.ndim == 1 and value.dtype == torch.float32:
                value.add_(torch.randn_like(value) * 0.1)
        if hasattr(model, "heads"):
            torch.nn.init.trunc_normal_(model.heads.head.weight, std=0.02)
    return model.eval()


def umbel_names(state, classifier):
    """Name and layout that umbel should give each tensor."""
    for key, value in state.items():
        if key.startswith(classifier + "."):
            yield "heads.class.linear." + key[len(classifier) + 1:], value.numpy()
            continue
        name = networks.umbel_name("trunk." + key.replace("classifier.0.", "norm."))  # ConvNeXt's last norm
        if name:
            yield name, networks.to_umbel(value)


def check_arrays(checkpoint, state, classifier):
    with h5py.File(checkpoint) as file:
        found = {name: file[group][name][()] for group in ("param", "state") if group in file for name in file[group]}
    wanted = dict(umbel_names(state, classifier))
    assert sorted(found) == sorted(wanted), sorted(set(found) ^ set(wanted))[:5]
    worst = 0
    for name, array in wanted.items():
        if name == "trunk.pos_embed" and array.shape != found[name].shape:
            worst = max(worst, np.abs(found[name] - timm_places(array, len(found[name]))).max())
        else:
            assert np.array_equal(found[name], array), name
    assert worst < 1e-6, worst
    return len(wanted)


def timm_places(places, tokens):
    into, out = (int(round((n - 1) ** 0.5)) for n in (len(places), tokens))
    grid = torch.from_numpy(places[1:]).reshape(1, into, into, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, size=(out, out), mode="bicubic", antialias=True, align_corners=False)
    return np.concatenate([places[:1], grid.permute(0, 2, 3, 1).reshape(out * out, -1).numpy()])


def make_pack(umbel, folder):
    rng = np.random.default_rng(2)
    pictures, labels = rng.integers(0, 256, (PICTURES, SIDE, SIDE, 3)).astype(np.uint8), rng.integers(0, 1000, PICTURES)
    with open(f"{folder}/m.csv", "w") as file:
        file.write("path,class,split\n")
        for i, (picture, label) in enumerate(zip(pictures, labels)):
            Image.fromarray(picture).save(f"{folder}/{i}.png")
            file.write(f"{i}.png,{label},test\n")
    subprocess.run([umbel, "pack", "--manifest", f"{folder}/m.csv", "--root", folder, "--out", f"{folder}/p.h5", "--allow-unseen"],
                   check=True, capture_output=True)
    return pictures, labels


def loss_of(model, pictures, labels, mean):
    mean, deviation = IMAGENET if mean is None else ([mean] * 3, [mean] * 3)
    x = (pictures.astype(np.float32) / 255 - np.float32(mean)) / np.float32(deviation)
    with torch.no_grad():
        logits = model(torch.from_numpy(x).permute(0, 3, 1, 2).float())
    return functional.cross_entropy(logits, torch.from_numpy(labels)).item()


def main():
    umbel, folder = sys.argv[1:3]
    pictures, labels = make_pack(umbel, folder)
    for name, kind, classifier, mean in KINDS:
        model = network(name)
        write_safetensors(f"{folder}/net.safetensors", model.state_dict())
        command = [umbel, "import", f"{folder}/net.safetensors", "--trunk", kind, "--out", f"{folder}/net.h5"]
        subprocess.run(command + ["--set", f"image={SIDE}", "--set", "augment.crop=1"], check=True, capture_output=True)
        arrays = check_arrays(f"{folder}/net.h5", model.state_dict(), classifier)
        result = subprocess.run([umbel, "eval", f"{folder}/net.h5", "--pack", f"{folder}/p.h5", "--json", "-"],
                                check=True, capture_output=True, text=True)
        found = json.loads(result.stdout)["heads"]["class"]["loss"]
        line = f"{name}: {arrays} arrays, loss {found:.6f}"
        if not hasattr(model, "image_size"):  # its places were resampled from 224 pixels
            wanted = loss_of(model, pictures, labels, mean)
            line += f", PyTorch's {wanted:.6f}"
            assert abs(found - wanted) < 1e-5 * max(1, abs(wanted)), line
        print(line)
        os.remove(f"{folder}/net.safetensors")


main()
