"""torchvision's ConvNeXt and timm's ConvNeXt V2."""
import torch
from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

KINDS = {
    "convnext_atto": ([2, 2, 6, 2], [40, 80, 160, 320]),
    "convnext_femto": ([2, 2, 6, 2], [48, 96, 192, 384]),
    "convnext_pico": ([2, 2, 6, 2], [64, 128, 256, 512]),
    "convnext_nano": ([2, 2, 8, 2], [80, 160, 320, 640]),
    "convnext_tiny": ([3, 3, 9, 3], [96, 192, 384, 768]),
}
KINDS.update({kind.replace("convnext", "convnextv2"): sizes for kind, sizes in KINDS.items()})


class ConvNeXtTrunk(nn.Module):
    """torchvision's network up to the last norm; `patch` replaces the stem's kernel and stride."""

    def __init__(self, depths, dims, patch, drop_path, layer_scale):
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


def version_two(depths, dims, patch, drop_path):
    """Global response normalisation in each block, and no layer scale."""
    from timm.models.convnext import ConvNeXt as TimmConvNeXt
    trunk = TimmConvNeXt(num_classes=0, depths=depths, dims=dims, patch_size=patch, use_grn=True,
                         ls_init_value=None, drop_path_rate=drop_path)
    trunk.width = dims[-1]
    return trunk


def build(kind, image, patch=4, drop_path=0.0, layer_scale=None, depths=None, dims=None):
    del image  # any
    usual_depths, usual_dims = KINDS[kind]
    depths, dims = depths or usual_depths, dims or usual_dims
    if kind.startswith("convnextv2"):
        if layer_scale:
            raise ValueError(f"{kind} has no layer scale")
        return version_two(depths, dims, patch, drop_path)
    scale = 1e-6 if layer_scale is None else layer_scale
    return ConvNeXtTrunk(depths, dims, patch, drop_path, scale)


def torchvision_name(match):
    """features.0 is the stem; then stages and, between them, downsamplings."""
    layers = {"0": "conv_dw", "2": "norm", "3": "mlp.fc1", "5": "mlp.fc2"}
    place, index, rest = int(match[1]), int(match[2]), match[3]
    if place == 0:
        return f"trunk.stem.{['conv', 'norm'][index]}.{rest}"
    if place % 2 == 0:
        return f"trunk.stages.{place // 2}.downsample.{['norm', 'conv'][index]}.{rest}"
    block = f"trunk.stages.{place // 2}.blocks.{index}"
    if rest == "layer_scale":
        return f"{block}.gamma"
    _, layer, leaf = rest.split(".")
    return f"{block}.{layers[layer]}.{leaf}"


RENAMES = [
    (r"^trunk\.features\.(\d+)\.(\d+)\.(.*)", torchvision_name),
    (r"^trunk\.stem\.0\.", "trunk.stem.conv."),
    (r"^trunk\.stem\.1\.", "trunk.stem.norm."),
    (r"^(trunk\.stages\.\d\.downsample)\.0\.", r"\1.norm."),
    (r"^(trunk\.stages\.\d\.downsample)\.1\.", r"\1.conv."),
    (r"^trunk\.head\.norm\.", "trunk.norm."),
]
