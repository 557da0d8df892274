#!/usr/bin/python3
"""Twenty training steps of the program against PyTorch: the same initial weights (umbel's, read from
its checkpoint of step 0), the same images in the same order, the same optimizer and schedule. Prints
both losses of every step, and compares them and what both networks are at the end.

    train_steps.py UMBEL FOLDER convnext_tiny|resnet20|vit_small|resnet50
"""
import json
import math
import os
import subprocess
import sys

import h5py
import numpy
import torch
from PIL import Image

import networks
import packs
import recipe

STEPS = 20
LOSS_LIMIT = 1e-4  # relative
# Relative L2 of parameters and statistics after the last step: nine of ten arrays, and each. A ReLU
# whose input is zero up to rounding may open on one side only, and then moves a channel's bias.
ARRAYS_LIMIT, ARRAY_LIMIT = 1e-4, 1e-2
LABELS = {"colour": 4, "shape": 3, "both": 12}

COMMON = {
    "epochs": 2, "seed": 3, "log_every": 1, "clip_norm": 1.0,
    "heads": [{"name": "colour"}, {"name": "shape", "weight": 0.5}, {"name": "both", "weight": 2.0}],
    "schedule": {"kind": "cosine", "warmup_epochs": 0.5},
    "augment": {"enabled": False, "crop": 1, "mean": [0.485, 0.456, 0.406],
                "deviation": [0.229, 0.224, 0.225]},
}
# 100 images make 12 steps of 8 an epoch, so that twenty steps see two orders and a remainder. Weight
# decay is large enough to show: a wrong one changes an array by 1e-3.
CONFIGS = {
    "convnext_tiny": {
        "image": 224, "batch": 8, "lane": 4, "trunk": {"kind": "convnext_tiny", "drop_path": 0},
        "optimizer": {"kind": "adamw", "lr": 1e-4, "weight_decay": 0.5},
    },
    "vit_small": {
        "image": 64, "batch": 8, "lane": 4, "trunk": {"kind": "vit_small_patch16", "drop_path": 0},
        "optimizer": {"kind": "adamw", "lr": 1e-4, "weight_decay": 0.5},
    },
    # Batch norm sees a lane, which in these two is the batch.
    "resnet50": {
        "image": 64, "batch": 16, "lane": 16, "epochs": 4, "trunk": {"kind": "resnet50"},
        "optimizer": {"kind": "adamw", "lr": 1e-4, "weight_decay": 0.5},
    },
    "resnet20": {
        "image": 32, "batch": 8, "lane": 8, "trunk": {"kind": "resnet20"},
        "optimizer": {"kind": "sgd", "lr": 0.05, "weight_decay": 5e-3, "momentum": 0.9,
                      "nesterov": True},
    },
}


# --- data -------------------------------------------------------------------------------------------

def draw_image(side, colour, shape, random):
    """A smooth texture in one of four tints, under a disc, a square or a cross."""
    y, x = numpy.mgrid[0:side, 0:side] / side
    waves = sum(random.normal() * numpy.sin(2 * math.pi * (random.integers(1, 5) * x +
                                                           random.integers(1, 5) * y) +
                                            random.uniform(0, 6.3)) for _ in range(6))
    u, v = x - random.uniform(0.35, 0.65), y - random.uniform(0.35, 0.65)
    inside = [u * u + v * v < 0.06, numpy.maximum(abs(u), abs(v)) < 0.22,
              (abs(u) < 0.08) | (abs(v) < 0.08)][shape]
    tint = numpy.array([[1, 0.3, 0.3], [0.3, 1, 0.3], [0.3, 0.3, 1], [0.9, 0.9, 0.2]][colour])
    level = 110 + 25 * waves + 70 * inside
    return Image.fromarray(numpy.clip(level[..., None] * tint, 0, 255).astype(numpy.uint8))


def make_images(folder, side):
    """100 JPEG files and a manifest; every fifth label is missing."""
    random = numpy.random.default_rng(17)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "manifest.csv"), "w") as manifest:
        print("path," + ",".join(LABELS), file=manifest)
        for i in range(100):
            colour, shape = int(random.integers(4)), int(random.integers(3))
            draw_image(side, colour, shape, random).save(os.path.join(folder, f"{i:03}.jpg"),
                                                         quality=90)
            texts = [f"colour{colour}", f"shape{shape}", f"both{colour}{shape}"]
            texts = [text if random.random() > 0.2 else "" for text in texts]
            print(f"{i:03}.jpg," + ",".join(texts), file=manifest)


# --- umbel ------------------------------------------------------------------------------------------

def call(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}: {result.stdout[-2000:]}")


def train_umbel(umbel, folder, config):
    """Losses of the steps: the total first, then each head's."""
    path = os.path.join(folder, "config.yaml")
    with open(path, "w") as file:  # JSON is YAML
        json.dump(config, file)
    for steps in (0, STEPS):
        call(umbel, "train", path, "--set", f"run={folder}/run{steps}", "--steps", str(steps))
    with open(f"{folder}/run{STEPS}/metrics.jsonl") as file:
        records = [json.loads(line) for line in file]
    return [(r["loss"], {name: head["loss"] for name, head in r["heads"].items()})
            for r in records if r["kind"] == "train"]


# --- PyTorch ----------------------------------------------------------------------------------------

def load_arrays(folder, step):
    """Parameters and statistics of the checkpoint that the run to `step` left."""
    with h5py.File(f"{folder}/run{step}/checkpoint/step-{step}.h5", "r") as file:
        return {name: group[name][:] for group in (file["param"], file.get("state", {}))
                for name in group}


def load_network(folder, config, pack):
    network = networks.build(config["trunk"]["kind"], {head["name"]: pack.classes[head["name"]]
                                                       for head in config["heads"]},
                             config["image"])
    networks.load(network, load_arrays(folder, 0).__getitem__)
    return network


def load_batch(pack, records, augment):
    pixels = numpy.stack([numpy.asarray(pack.image(r), numpy.float32) for r in records]) / 255
    pixels = (pixels - numpy.array(augment["mean"], numpy.float32)) / numpy.array(
        augment["deviation"], numpy.float32)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def train_torch(network, config, pack):
    optimizer = recipe.make_optimizer(network, config["optimizer"])
    weights = {head["name"]: head.get("weight", 1.0) for head in config["heads"]}
    records, batch = pack.records("train"), config["batch"]
    steps_per_epoch = len(records) // batch
    network.train()
    for step in range(STEPS):
        epoch, place = divmod(step, steps_per_epoch)
        chosen = packs.order(records, config["seed"], epoch)[place * batch:(place + 1) * batch]
        labels = {name: torch.from_numpy(pack.labels[name][chosen]) for name in weights}
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate(config, step, steps_per_epoch)
        optimizer.zero_grad()
        logits = network(load_batch(pack, chosen, config["augment"]))
        loss, each = networks.masked_loss(logits, labels, weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config["clip_norm"])
        optimizer.step()
        yield loss.item(), {name: value.item() for name, value in each.items()}


# --- comparison -------------------------------------------------------------------------------------

def compare_losses(ours, theirs):
    """Largest relative difference of the total over the steps."""
    worst = 0.0
    for step, ((loss, heads), (reference, reference_heads)) in enumerate(zip(ours, theirs), 1):
        difference = abs(loss - reference) / abs(reference)
        each = " ".join(f"{name} {heads[name] - reference_heads[name]:+.1e}" for name in heads)
        print(f"step {step:2}: umbel {loss:.7f} PyTorch {reference:.7f} relative "
              f"{difference:.1e}  ({each})", flush=True)
        worst = max(worst, difference)
    return worst


def compare_arrays(arrays, network):
    """Relative L2 difference of each parameter and statistic: the one that nine of ten do not exceed,
    the largest, and its name."""
    differences = []
    for name, value in networks.parameters(network) + networks.statistics(network):
        reference = networks.to_umbel(value)
        differences.append((numpy.linalg.norm(arrays[name] - reference) /
                            max(numpy.linalg.norm(reference), 1e-30), name))
    differences.sort()
    return differences[len(differences) * 9 // 10][0], *differences[-1]


def main():
    umbel, folder, name = sys.argv[1:]
    config = {**COMMON, **CONFIGS[name], "pack": f"{folder}/pack.h5"}
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    make_images(f"{folder}/images", config["image"])
    call(umbel, "pack", "--manifest", f"{folder}/images/manifest.csv", "--root", f"{folder}/images",
         "--out", config["pack"])
    ours = train_umbel(umbel, folder, config)
    if len(ours) != STEPS:
        sys.exit(f"metrics.jsonl holds {len(ours)} steps, not {STEPS}")
    pack = packs.Pack(config["pack"])
    network = load_network(folder, config, pack)
    loss = compare_losses(ours, train_torch(network, config, pack))
    most, array, worst = compare_arrays(load_arrays(folder, STEPS), network)
    print(f"relative differences: losses {loss:.1e} (allowed {LOSS_LIMIT:.0e}), nine of ten arrays "
          f"{most:.1e} ({ARRAYS_LIMIT:.0e}), {worst} {array:.1e} ({ARRAY_LIMIT:.0e})")
    sys.exit(not (loss <= LOSS_LIMIT and most <= ARRAYS_LIMIT and array <= ARRAY_LIMIT))


if __name__ == "__main__":
    main()
