#!/usr/bin/python3
"""Loads the safetensors files that test_weights_save has written into timm's and torchvision's networks, strictly,
and compares features and the classifier's logits on photographs: foreign_weights.py FOLDER."""
import os
import sys

import h5py
import numpy
import timm
import torch
import torchvision
from safetensors.torch import load_file

LIMIT = 1e-5  # relative L2 error, as of the networks themselves
CLASSES = 7   # of the head "type"

# umbel's variant: timm's name and options; torchvision's name, or None where it has no such network
NETWORKS = {
    "convnext_atto": (("convnext_atto", {}), None),
    "convnext_tiny": (("convnext_tiny", {}), "convnext_tiny"),
    "convnextv2_atto": (("convnextv2_atto", {}), None),
    "resnet18": (("resnet18", {}), "resnet18"),
    "resnet50": (("resnet50", {}), "resnet50"),
    "wide_resnet50_2": (("wide_resnet50_2", {}), "wide_resnet50_2"),
    "resnext50_32x4d": (("resnext50_32x4d", {}), "resnext50_32x4d"),
    "resnet50d": (("resnet50d", {}), None),
    "vit_tiny_token": (("vit_tiny_patch16_224", {}), None),
    "vit_tiny_mean": (("vit_tiny_patch16_224", {"global_pool": "avg"}), None),
    "vit_base": (("vit_base_patch16_224", {}), "vit_b_16"),
}


def relative(value, reference):
    return float(numpy.linalg.norm(value - reference) / numpy.linalg.norm(reference))


def features_of_timm(network, images):
    return network.forward_head(network.forward_features(images), pre_logits=True)


def errors(path, network, features):
    """Relative errors of logits and, if the network tells them, features, after a strict load."""
    network.load_state_dict(load_file(path), strict=True)
    network.eval()
    folder, name = os.path.split(path)
    with h5py.File(os.path.join(folder, name.split(".")[0] + ".h5")) as file:
        images = file["pixels"][()] * file["scale"][()] + file["shift"][()]
        logits, expected = file["logits/type"][()], file["features"][()]
    images = torch.from_numpy(numpy.ascontiguousarray(images.transpose(0, 3, 1, 2), "float32"))
    with torch.no_grad():
        found = [relative(network(images).numpy(), logits)]
        if features:
            found.append(relative(features(network, images).numpy(), expected))
    return found


def main():
    folder, failed = sys.argv[1], False
    torch.set_num_threads(1)
    for name, ((timm_name, options), torchvision_name) in NETWORKS.items():
        tries = [("timm", lambda: timm.create_model(timm_name, num_classes=CLASSES, **options),
                  features_of_timm)]
        if torchvision_name:
            tries.append(("torchvision", lambda: torchvision.models.get_model(
                torchvision_name, num_classes=CLASSES), None))
        for scheme, create, features in tries:
            path = os.path.join(folder, f"{name}.{scheme}.safetensors")
            try:
                found = errors(path, create(), features)
                good = max(found) < LIMIT
                text = f"relative errors of logits{' and features' if features else ''} " + \
                    ", ".join(f"{error:.1e}" for error in found)
            except (OSError, RuntimeError) as error:
                good, text = False, str(error).split("\n", maxsplit=1)[0]
            failed |= not good
            print(f"{'ok' if good else 'not ok'} {name} in {scheme}, strictly: {text}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
