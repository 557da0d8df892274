#!/usr/bin/python3
"""Trains the network of an umbel configuration with PyTorch, on the same pack and by the same recipe,
with torchvision's transforms: to set accuracy and speed of real runs side by side.

    torch_train.py CONFIG.yaml [KEY=VALUE]… [--threads N] [--loaders N]

Prints one line per epoch: training loss, images/s, and for each head loss and accuracy on `val`.
"""
import argparse
import time

import torch
import yaml
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

import networks
import packs
import recipe

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Split(Dataset):
    """Images of one split with the labels of the heads."""

    def __init__(self, pack, split, heads, transform):
        self.pack, self.heads, self.transform = pack, heads, transform
        self.records = pack.records(split)

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        record = self.records[index]
        labels = {name: int(self.pack.labels[name][record]) for name in self.heads}
        return self.transform(self.pack.image(record)), labels


def load_config(path, settings):
    """The configuration with KEY=VALUE applied; keys may be dotted."""
    with open(path) as file:
        config = yaml.safe_load(file)
    for setting in settings:
        key, _, value = setting.partition("=")
        *sections, last = key.split(".")
        place = config
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = yaml.safe_load(value)
    return config


def make_transforms(config):
    augment, side = config.get("augment", {}), config["image"]
    scale = [float(x) for x in augment.get("scale", (0.35, 1))]
    ratio = [float(x) for x in augment.get("ratio", (3 / 4, 4 / 3))]
    finish = [transforms.ToTensor(), transforms.Normalize(augment.get("mean", MEAN),
                                                          augment.get("deviation", DEVIATION))]
    crop = recipe.number(augment, "crop", 0.875)
    evaluation = [transforms.Resize(round(side / crop)), transforms.CenterCrop(side)]
    training = [transforms.RandomResizedCrop(side, scale, ratio),
                transforms.RandomHorizontalFlip(recipe.number(augment, "flip", 0.5))]
    if not augment.get("enabled", True):
        training = evaluation
    return transforms.Compose(training + finish), transforms.Compose(evaluation + finish)


def make_network(config, classes):
    options = dict(config["trunk"])
    kind = options.pop("kind")
    for key in ("drop_path", "layer_scale"):
        if key in options:
            options[key] = float(options[key])
    return networks.build(kind, classes, config["image"], **options)


def train_epoch(network, optimizer, loader, config, weights, epoch):
    """Mean loss and images per second."""
    network.train()
    started, total = time.perf_counter(), 0.0
    for index, (images, labels) in enumerate(loader):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate(config, epoch * len(loader) + index, len(loader))
        optimizer.zero_grad()
        loss, _ = networks.masked_loss(network(images), labels, weights)
        loss.backward()
        if recipe.number(config, "clip_norm", 0) > 0:
            torch.nn.utils.clip_grad_norm_(network.parameters(), float(config["clip_norm"]))
        optimizer.step()
        total += loss.item()
    seconds = time.perf_counter() - started
    return total / len(loader), len(loader) * config["batch"] / seconds


@torch.no_grad()
def evaluate(network, loader, heads):
    """{head: (mean loss, accuracy)} over labelled images, and joint accuracy."""
    network.eval()
    sums = {name: [0.0, 0, 0] for name in heads}
    joint = [0, 0]
    for images, labels in loader:
        logits = network(images)
        any_label = torch.zeros(len(images), dtype=torch.bool)
        all_right = torch.ones(len(images), dtype=torch.bool)
        for name in heads:
            known = labels[name] >= 0
            right = logits[name].argmax(1) == labels[name]
            sums[name][0] += torch.nn.functional.cross_entropy(
                logits[name], labels[name], ignore_index=-1, reduction="sum").item()
            sums[name][1] += int((right & known).sum())
            sums[name][2] += int(known.sum())
            any_label |= known
            all_right &= right | ~known
        joint[0] += int((any_label & all_right).sum())
        joint[1] += int(any_label.sum())
    return ({name: (loss / max(n, 1), right / max(n, 1)) for name, (loss, right, n) in sums.items()},
            joint[0] / max(joint[1], 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("config")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loaders", type=int, default=2, help="loader processes")
    arguments = parser.parse_args()
    config = load_config(arguments.config, arguments.settings)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(config.get("seed", 0))

    pack = packs.Pack(config["pack"])
    weights = {head["name"]: recipe.number(head, "weight", 1)
               for head in config.get("heads") or [{"name": name} for name in pack.labels]}
    network = make_network(config, {name: pack.classes[name] for name in weights})
    optimizer = recipe.make_optimizer(network, config["optimizer"])
    training, evaluation = make_transforms(config)
    train = DataLoader(Split(pack, "train", weights, training), config["batch"], shuffle=True,
                       drop_last=True, num_workers=arguments.loaders)
    val = DataLoader(Split(pack, "val", weights, evaluation), config["batch"],
                     num_workers=arguments.loaders)
    for epoch in range(config["epochs"]):
        loss, rate = train_epoch(network, optimizer, train, config, weights, epoch)
        scores, joint = evaluate(network, val, weights)
        each = "  ".join(f"{name} {score[0]:.4f} {100 * score[1]:.1f}%"
                         for name, score in scores.items())
        print(f"epoch {epoch + 1}  loss {loss:.4f}  {rate:.1f} images/s  {each}  "
              f"joint {100 * joint:.1f}%", flush=True)


if __name__ == "__main__":
    main()
