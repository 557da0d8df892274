"""ResNets: torchvision's, timm's for the deep stem and averaging shortcuts (`resnet*d`), and those of
He et al. for CIFAR."""
from torch import nn
from torch.nn import functional
from torchvision.models import resnet

CIFAR_BLOCKS = {"resnet8": 1, "resnet14": 2, "resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18}
# layers, bottleneck, groups, base_width
IMAGENET = {
    "resnet18": ([2, 2, 2, 2], False, 1, 64),
    "resnet34": ([3, 4, 6, 3], False, 1, 64),
    "resnet50": ([3, 4, 6, 3], True, 1, 64),
    "resnet101": ([3, 4, 23, 3], True, 1, 64),
    "resnet152": ([3, 8, 36, 3], True, 1, 64),
    "wide_resnet50_2": ([3, 4, 6, 3], True, 1, 128),
    "wide_resnet101_2": ([3, 4, 23, 3], True, 1, 128),
    "resnext50_32x4d": ([3, 4, 6, 3], True, 32, 4),
    "resnext101_32x8d": ([3, 4, 23, 3], True, 32, 8),
    "resnet18d": ([2, 2, 2, 2], False, 1, 64),
    "resnet34d": ([3, 4, 6, 3], False, 1, 64),
    "resnet50d": ([3, 4, 6, 3], True, 1, 64),
    "resnet101d": ([3, 4, 23, 3], True, 1, 64),
}
KINDS = {**CIFAR_BLOCKS, **IMAGENET}
RENAMES = []  # the names are timm's already


# --- ImageNet ---------------------------------------------------------------------------------------

class ResNetTrunk(resnet.ResNet):
    """torchvision's network without its classifier, with `width` channels where that has 64."""

    def __init__(self, bottleneck, layers, width, groups, base_width):
        self.first = width
        super().__init__(resnet.Bottleneck if bottleneck else resnet.BasicBlock, layers,
                         groups=groups, width_per_group=base_width)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Identity()

    def _make_layer(self, block, planes, *arguments, **options):
        if planes == 64:
            self.inplanes = self.first
        return super()._make_layer(block, planes * self.first // 64, *arguments, **options)


def deep_trunk(bottleneck, layers, width, groups, base_width):
    from timm.models import resnet as timm_resnet
    return timm_resnet.ResNet(timm_resnet.Bottleneck if bottleneck else timm_resnet.BasicBlock,
                              layers, num_classes=0, cardinality=groups, base_width=base_width,
                              stem_width=width // 2, stem_type="deep", avg_down=True,
                              channels=tuple(width << s for s in range(4)))


def replace(module, old, new):
    for name, child in module.named_children():
        if isinstance(child, old):
            setattr(module, name, new())
        replace(child, old, new)


def imagenet_trunk(kind, layers=None, width=64, groups=0, base_width=0, activation="relu",
                   pool="max"):
    usual_layers, bottleneck, usual_groups, usual_base_width = IMAGENET[kind]
    make = deep_trunk if kind.endswith("d") and kind.startswith("resnet") else ResNetTrunk
    trunk = make(bottleneck, layers or usual_layers, width, groups or usual_groups,
                 base_width or usual_base_width)
    if activation == "silu":
        replace(trunk, nn.ReLU, nn.SiLU)
    if pool == "avg":
        trunk.maxpool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
    elif pool == "none":
        trunk.maxpool = nn.Identity()
    trunk.width = width * 8 * (4 if bottleneck else 1)
    return trunk


# --- CIFAR ------------------------------------------------------------------------------------------

class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        nn.init.zeros_(self.bn2.weight)
        self.stride, self.padding = stride, (outputs - inputs) // 2

    def shortcut(self, x):
        """Option A: every stride-th pixel, zero channels on both sides."""
        if self.stride == 1 and self.padding == 0:
            return x
        x = x[:, :, ::self.stride, ::self.stride]
        return functional.pad(x, (0, 0, 0, 0, self.padding, self.padding))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class CifarTrunk(nn.Module):
    def __init__(self, blocks, width=16, activation="relu"):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        widths = [width, width, 2 * width, 4 * width]
        for s in range(1, 4):
            rows = [BasicBlock(widths[s - 1] if b == 0 else widths[s], widths[s],
                               2 if s > 1 and b == 0 else 1) for b in range(blocks)]
            setattr(self, f"layer{s}", nn.Sequential(*rows))
        self.width = 4 * width
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        if activation == "silu":
            replace(self, nn.ReLU, nn.SiLU)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))


def build(kind, image, **options):
    del image  # any
    if kind in CIFAR_BLOCKS:
        return CifarTrunk(CIFAR_BLOCKS[kind], **options)
    return imagenet_trunk(kind, **options)
