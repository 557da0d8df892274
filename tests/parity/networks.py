"""PyTorch's side of the comparison: a trunk of one of the families with several linear heads, their
loss, and the map between PyTorch's parameters and umbel's (names and layouts)."""
import re

import torch
from torch import nn
from torch.nn import functional

import convnext
import mobilenet
import resnets
import vit

FAMILIES = [convnext, mobilenet, resnets, vit]


class Network(nn.Module):
    """A trunk with one linear head per label group; returns a dictionary of logits."""

    def __init__(self, trunk, heads):
        super().__init__()
        self.trunk = trunk
        # A ModuleDict refuses names such as "type".
        self.heads = nn.ModuleDict({f"head_{name}": nn.Linear(trunk.width, classes)
                                    for name, classes in heads.items()})
        for head in self.heads.values():
            nn.init.trunc_normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, x):
        features = self.trunk(x)
        return {name[5:]: head(features) for name, head in self.heads.items()}


def build(kind, heads, image=224, /, **options):
    """`options` are those of umbel's trunk. ModuleNotFoundError: only timm has this network."""
    for family in FAMILIES:
        if kind in family.KINDS:
            return Network(family.build(kind, image, **options), heads)
    raise ValueError(f"{kind}: unknown kind of trunk")


def masked_loss(logits, labels, weights):
    """Sum over heads of weight * mean over labelled images (label >= 0), and each head's mean."""
    each = {}
    for name, label in labels.items():
        count = int((label >= 0).sum())
        total = functional.cross_entropy(logits[name], label, ignore_index=-1, reduction="sum")
        each[name] = total / max(count, 1)
    return sum(weights[name] * loss for name, loss in each.items()), each


# --- names and layouts ------------------------------------------------------------------------------

def umbel_name(name):
    """umbel's name of PyTorch's parameter or buffer `name`; None: umbel has no such thing."""
    if name.endswith("num_batches_tracked"):
        return None
    name = re.sub(r"^heads\.head_(\w+)\.", r"heads.\1.linear.", name)
    for family in FAMILIES:
        for pattern, replacement in family.RENAMES:
            name = re.sub(pattern, replacement, name)
    return name


def to_umbel(tensor):
    """A parameter, gradient or buffer in umbel's layout, as a numpy array."""
    array = tensor.detach().cpu().numpy()
    if array.ndim == 4 and array.shape[1] == 1:  # depthwise (C,1,K,K)
        return array[:, 0].transpose(1, 2, 0)
    if array.ndim == 4:
        return array.transpose(0, 2, 3, 1)
    if array.ndim == 3 and array.shape[0] == 1 and array.shape[1] > 1:  # positions (1,T,D)
        return array[0]
    if array.ndim == 3:  # layer scale (C,1,1), class token (1,1,D)
        return array.reshape(-1)
    return array


def from_umbel(array, shape):
    """The inverse, for a PyTorch tensor of `shape`."""
    tensor = torch.from_numpy(array.copy())
    if len(shape) == 4 and shape[1] == 1:
        return tensor.permute(2, 0, 1).unsqueeze(1).contiguous()
    if len(shape) == 4:
        return tensor.permute(0, 3, 1, 2).contiguous()
    return tensor.reshape(shape)


def parameters(network):
    """(umbel's name, parameter) in PyTorch's order."""
    return [(umbel_name(name), value) for name, value in network.named_parameters()]


def statistics(network):
    """(umbel's name, buffer): batch norm's running mean and variance."""
    return [(umbel_name(name), value) for name, value in network.named_buffers()
            if umbel_name(name)]


def load(network, read):
    """Fills parameters and statistics from read(umbel's name) -> array."""
    with torch.no_grad():
        for name, value in parameters(network) + statistics(network):
            value.copy_(from_umbel(read(name), value.shape))
