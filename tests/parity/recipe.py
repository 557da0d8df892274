"""umbel's optimizers and schedules in PyTorch's terms; options as in a configuration, where YAML may
have left numbers such as 4e-3 as text."""
import math

import torch

import networks


def number(options, key, default):
    return float(options.get(key, default))


def make_optimizer(network, options):
    """No decay for gains, biases and layer scales (whatever has one dimension in umbel's layout), nor for
    the places of tokens."""
    decay, plain = [], []
    for name, value in networks.parameters(network):
        decays = networks.to_umbel(value).ndim > 1 and not name.endswith("pos_embed")
        (decay if decays else plain).append(value)
    groups = [{"params": decay, "weight_decay": number(options, "weight_decay", 0)},
              {"params": plain, "weight_decay": 0.0}]
    lr = number(options, "lr", 0)
    if options["kind"] == "adamw":
        return torch.optim.AdamW(groups, lr=lr)
    return torch.optim.SGD(groups, lr=lr, momentum=number(options, "momentum", 0.9),
                           nesterov=bool(options.get("nesterov", False)))


def learning_rate(config, step, steps_per_epoch):
    """Linear warm-up, then half a cosine to zero; `step` from 0."""
    base = number(config["optimizer"], "lr", 0)
    schedule = config["schedule"]
    if schedule["kind"] != "cosine":
        raise ValueError(f"schedule {schedule['kind']} is not supported here")
    warmup = round(number(schedule, "warmup_epochs", 0) * steps_per_epoch)
    total = float(config["epochs"]) * steps_per_epoch
    if step < warmup:
        return base * (step + 1) / warmup
    return base * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
