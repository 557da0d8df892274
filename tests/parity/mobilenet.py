"""MobileNet V1 (Howard et al. 2017) as in Keras: its names of layers, TensorFlow's way of
padding ("same": the last side gets the odd pixel), a norm with epsilon 1e-3, ReLU6."""
from torch import nn
from torch.nn import functional

# Channels and stride of the pairs of a depthwise and a pointwise convolution behind the stem.
PAIRS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
         (512, 1), (512, 1), (1024, 2), (1024, 1)]
KINDS = {"mobilenet_v1": PAIRS}
RENAMES = []


class SameConv2d(nn.Conv2d):
    """ceil(side / stride) pixels; of an odd number of padded pixels the last side gets more."""

    def forward(self, x):
        before_after = []
        for side in (x.shape[3], x.shape[2]):
            stride, kernel = self.stride[0], self.kernel_size[0]
            total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            before_after += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, before_after))


class MobileNetTrunk(nn.Module):
    def __init__(self, multiplier, activation):
        super().__init__()
        channels = int(32 * multiplier)
        self.layers = []
        self.activation = activation
        self.append("conv1", SameConv2d(3, channels, 3, 2, bias=False))
        for i, (full, stride) in enumerate(PAIRS, 1):
            inputs, channels = channels, int(full * multiplier)
            self.append(f"conv_dw_{i}", SameConv2d(inputs, inputs, 3, stride, groups=inputs,
                                                   bias=False))
            self.append(f"conv_pw_{i}", SameConv2d(inputs, channels, 1, bias=False))
        self.width = channels

    def append(self, name, conv):
        self.layers.append(name)
        setattr(self, name, conv)
        setattr(self, f"{name}_bn", nn.BatchNorm2d(conv.out_channels, eps=1e-3))

    def forward(self, x):
        for name in self.layers:
            x = self.activation(getattr(self, f"{name}_bn")(getattr(self, name)(x)))
        return x.mean((2, 3))


def build(kind, image, width=1.0, activation="relu6"):
    del kind, image  # one; any
    return MobileNetTrunk(width, {"relu6": nn.ReLU6, "silu": nn.SiLU}[activation]())
