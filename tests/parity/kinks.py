"""How far a batch stays from the kinks of a network. Where a ReLU's input is zero up to rounding, or
a window of a max pooling has two largest values, the gradients of two programs may both be right and
yet differ by far more than rounding."""
import copy

import torch
from torch import nn
from torch.nn import functional


def relu_gap(module, x):
    """The least distance of an input from 0, or from 6."""
    gap = x.abs().min()
    if isinstance(module, nn.ReLU6):
        gap = torch.minimum(gap, (x - 6).abs().min())
    return gap


def pool_gap(module, x):
    """The least distance between the two largest values of a window. It stands behind a ReLU, so that
    a window of zeros hands no gradient on."""
    n, channels, height, width = x.shape
    windows = functional.unfold(x.reshape(n * channels, 1, height, width), module.kernel_size,
                                padding=module.padding, stride=module.stride)
    first, second = windows.topk(2, dim=1).values.unbind(1)
    return (first - second)[first > 0].min()


def distance(network, images):
    """The least gap in a training step, in units of the rms of its tensor; inf: there is no kink."""
    gaps = [float("inf")]
    network = copy.deepcopy(network).train()

    def look(module, inputs):
        x = inputs[0].detach()
        gap = pool_gap if isinstance(module, nn.MaxPool2d) else relu_gap
        gaps.append((gap(module, x) / x.square().mean().sqrt()).item())

    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6, nn.MaxPool2d)):
            module.register_forward_pre_hook(look)
    with torch.no_grad():
        network(images)
    return min(gaps)
