"""PyTorch's side of the comparison: torchvision's ConvNeXt and the CIFAR ResNets with several linear
heads, and the map between PyTorch's parameters and umbel's (names and layouts)."""
import re

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

CONVNEXT = {
    "convnext_atto": ([2, 2, 6, 2], [40, 80, 160, 320]),
    "convnext_femto": ([2, 2, 6, 2], [48, 96, 192, 384]),
    "convnext_pico": ([2, 2, 6, 2], [64, 128, 256, 512]),
    "convnext_nano": ([2, 2, 8, 2], [80, 160, 320, 640]),
    "convnext_tiny": ([3, 3, 9, 3], [96, 192, 384, 768]),
}
RESNET_BLOCKS = {"resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18}


class ConvNeXtTrunk(nn.Module):
    """torchvision's network up to the last norm; `patch` replaces the stem's kernel and stride."""

    def __init__(self, depths, dims, patch=4, drop_path=0.0, layer_scale=1e-6):
        super().__init__()
        blocks = [CNBlockConfig(dim, following, depth)
                  for dim, following, depth in zip(dims, dims[1:] + [None], depths)]
        net = ConvNeXt(blocks, stochastic_depth_prob=drop_path, layer_scale=layer_scale)
        if patch != 4:
            net.features[0][0] = nn.Conv2d(3, dims[0], patch, patch)
            nn.init.trunc_normal_(net.features[0][0].weight, std=0.02)
            nn.init.zeros_(net.features[0][0].bias)
        self.features, self.pool, self.norm = net.features, net.avgpool, net.classifier[0]
        self.width = dims[-1]

    def forward(self, x):
        return torch.flatten(self.norm(self.pool(self.features(x))), 1)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn2.weight)
        self.stride, self.padding = stride, (outputs - inputs) // 2

    def shortcut(self, x):
        """Option A: every stride-th pixel, zero channels on both sides."""
        if self.stride == 1 and self.padding == 0:
            return x
        x = x[:, :, ::self.stride, ::self.stride]
        return functional.pad(x, (0, 0, 0, 0, self.padding, self.padding))

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNetTrunk(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [16, 16, 32, 64]
        for s in range(1, 4):
            rows = [BasicBlock(widths[s - 1] if b == 0 else widths[s], widths[s],
                               2 if s > 1 and b == 0 else 1) for b in range(blocks)]
            setattr(self, f"layer{s}", nn.Sequential(*rows))
        self.width = 64
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))


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


def build(kind, heads, patch=4, drop_path=0.0, layer_scale=1e-6, depths=None, dims=None):
    if kind in RESNET_BLOCKS:
        return Network(ResNetTrunk(RESNET_BLOCKS[kind]), heads)
    usual_depths, usual_dims = CONVNEXT[kind]
    return Network(ConvNeXtTrunk(depths or usual_depths, dims or usual_dims, patch, drop_path,
                                 layer_scale), heads)


def masked_loss(logits, labels, weights):
    """Sum over heads of weight * mean over labelled images (label >= 0), and each head's mean."""
    each = {}
    for name, label in labels.items():
        count = int((label >= 0).sum())
        total = functional.cross_entropy(logits[name], label, ignore_index=-1, reduction="sum")
        each[name] = total / max(count, 1)
    return sum(weights[name] * loss for name, loss in each.items()), each


# --- names and layouts ------------------------------------------------------------------------------

BLOCK = {"0": "conv_dw", "2": "norm", "3": "mlp.fc1", "5": "mlp.fc2"}


def umbel_name(name):
    """umbel's name of PyTorch's parameter or buffer `name`; None: umbel has no such thing."""
    if name.endswith("num_batches_tracked"):
        return None
    name = re.sub(r"^heads\.head_(\w+)\.", r"heads.\1.linear.", name)
    match = re.match(r"trunk\.features\.(\d+)\.(\d+)\.(.*)", name)
    if not match:
        return name
    place, index, rest = int(match[1]), int(match[2]), match[3]
    if place == 0:
        return f"trunk.stem.{['conv', 'norm'][index]}.{rest}"
    stage = place // 2
    if place % 2 == 0:
        return f"trunk.stages.{stage}.downsample.{['norm', 'conv'][index]}.{rest}"
    head = f"trunk.stages.{stage}.blocks.{index}"
    if rest == "layer_scale":
        return f"{head}.gamma"
    _, layer, leaf = rest.split(".")
    return f"{head}.{BLOCK[layer]}.{leaf}"


def to_umbel(tensor):
    """A parameter, gradient or buffer in umbel's layout, as a numpy array."""
    array = tensor.detach().cpu().numpy()
    if array.ndim == 4 and array.shape[1] == 1:  # depthwise (C,1,K,K)
        return array[:, 0].transpose(1, 2, 0)
    if array.ndim == 4:
        return array.transpose(0, 2, 3, 1)
    if array.ndim == 3:  # layer scale (C,1,1)
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
