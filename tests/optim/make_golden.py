#!/usr/bin/env python3
"""Writes tests/optim/golden.h: what PyTorch's optimizers (SGD, AdamW), timm's (LAMB, LARS, Lion, adaptive clipping) and PyTorch's
schedules do in double precision. Run by the Python that tests/parity/python prints: make_golden.py >tests/optim/golden.h
"""
import math
import warnings

import numpy as np
import timm.optim
import torch
from timm.utils.agc import adaptive_clip_grad

STEPS, EVERY = 50, 61
# As in test_optimizer.c: name, shape, whether it decays, whether adaptive clipping applies.
PARAMS = [("matrix", (80, 60), True, True), ("kernel", (6, 3, 3, 4), True, True), ("depthwise", (3, 3, 10), True, True),
          ("bias", (31,), False, True), ("head", (5, 6), True, False)]
CASES = [
    ("adamw", "", 0.01, lambda g: torch.optim.AdamW(g, lr=1), {}),
    ("adamw", "clip_norm", 0.01, lambda g: torch.optim.AdamW(g, lr=1), {"norm": 0.7}),
    ("sgd", "", 0.1, lambda g: torch.optim.SGD(g, lr=1, momentum=0.9), {}),
    ("sgd", "nesterov", 0.1, lambda g: torch.optim.SGD(g, lr=1, momentum=0.9, nesterov=True), {}),
    ("sgd", "adaptive", 0.1, lambda g: torch.optim.SGD(g, lr=1, momentum=0.9), {"agc": 0.02}),
    ("lamb", "", 0.01, lambda g: timm.optim.Lamb(g, lr=1, max_grad_norm=None), {}),
    ("lamb", "trust_clip always_adapt", 0.01,
     lambda g: timm.optim.Lamb(g, lr=1, max_grad_norm=None, trust_clip=True, always_adapt=True), {}),
    ("lars", "", 5, lambda g: timm.optim.Lars(g, lr=1, momentum=0.9), {}),
    ("lars", "nesterov trust_clip always_adapt", 0.01,
     lambda g: timm.optim.Lars(g, lr=1, momentum=0.9, nesterov=True, trust_clip=True, always_adapt=True), {}),
    ("lion", "", 0.002, lambda g: timm.optim.Lion(g, lr=1), {}),
]
DECAY = 0.05


def noise(count, step):
    """Numbers in [-0.5, 0.5) of 24 bits, the same in C."""
    h = (np.arange(count, dtype=np.uint64) * 2654435761 + (step + 1) * 2246822519) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 3266489917) & 0xFFFFFFFF
    h ^= h >> 13
    return torch.tensor((h >> 8).astype(np.float64) / 2**24 - 0.5)


def clip(params, bound):
    if "norm" in bound:
        torch.nn.utils.clip_grad_norm_(params, bound["norm"])
    if "agc" in bound:
        # timm's order of axes has the outputs first; ours has those of depthwise kernels last.
        for p, (_, shape, _, clipped) in zip(params, PARAMS):
            if not clipped:
                continue
            q = torch.nn.Parameter(p.detach().movedim(-1, 0) if len(shape) == 3 else p.detach())
            q.grad = p.grad.movedim(-1, 0).clone() if len(shape) == 3 else p.grad.clone()
            adaptive_clip_grad([q], bound["agc"])
            p.grad.copy_(q.grad.movedim(0, -1) if len(shape) == 3 else q.grad)


def train(lr, make, bound):
    params, base = [], 0
    for _, shape, _, _ in PARAMS:
        count = math.prod(shape)
        params.append(torch.nn.Parameter(noise(base + count, -1)[base:].reshape(shape)))
        base += count
    optimizer = make([{"params": [p], "weight_decay": DECAY * decays}
                      for p, (_, _, decays, _) in zip(params, PARAMS)])
    for step in range(STEPS):
        flat, at = 0.2 * noise(base, step), 0
        for p in params:
            p.grad = flat[at:at + p.numel()].reshape(p.shape).clone()
            at += p.numel()
        clip(params, bound)
        for group in optimizer.param_groups:
            group["lr"] = lr * (STEPS - step) / STEPS
        optimizer.step()
    return torch.cat([p.detach().reshape(-1) for p in params])[::EVERY].numpy()


# --- schedules: 6 epochs of 10 steps, base rate 2 ---
EPOCHS, PER_EPOCH, BASE = 6, 10, 2.0
TOTAL = EPOCHS * PER_EPOCH
lrs = torch.optim.lr_scheduler
# kind, settings, scheduler, steps between its steps
SCHEDULES = [
    ("cosine", "end_factor 0.1", lambda o: lrs.CosineAnnealingLR(o, TOTAL, eta_min=0.1 * BASE), 1),
    ("step", "every_epochs 2 factor 0.5", lambda o: lrs.StepLR(o, 2 * PER_EPOCH, 0.5), 1),
    ("polynomial", "power 2", lambda o: lrs.PolynomialLR(o, TOTAL, power=2), 1),
    ("exponential", "factor 0.9", lambda o: lrs.ExponentialLR(o, 0.9), PER_EPOCH),
    ("one_cycle", "", lambda o: lrs.OneCycleLR(o, BASE, total_steps=TOTAL, cycle_momentum=False), 1),
    ("one_cycle", "peak 0.4 start_factor 0.1 end_factor 0.01 anneal linear",
     lambda o: lrs.OneCycleLR(o, BASE, total_steps=TOTAL, pct_start=0.4, div_factor=10, final_div_factor=10,
                              anneal_strategy="linear", cycle_momentum=False), 1),
]
# Accuracies of 20 validations: a rise, a level, a rise by less than the threshold, a fall.
METRICS = [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4005, 0.4, 0.4, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3]


def dummy():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)


def rates(make, every):
    optimizer = dummy()
    scheduler, out = make(optimizer), []
    for step in range(TOTAL):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            scheduler.step()
    return out


def plateau(maximum):
    optimizer = dummy()
    scheduler = lrs.ReduceLROnPlateau(optimizer, mode="max" if maximum else "min", factor=0.5, patience=2, threshold=1e-3,
                                      threshold_mode="abs", cooldown=1, min_lr=0.1 * BASE)
    out = []
    for metric in METRICS:
        scheduler.step(metric if maximum else 1 - metric)
        out.append(optimizer.param_groups[0]["lr"])
    return out


def row(values):
    return "{" + ", ".join(f"{v:.17g}" for v in values) + "}"


def main():
    warnings.simplefilter("ignore")
    print("/* Made by make_golden.py: what PyTorch and timm do in double precision. */\n#pragma once\n")
    print("// clang-format off")
    print(f"enum {{ GOLDEN_STEPS = {STEPS}, GOLDEN_EVERY = {EVERY}, GOLDEN_VALUES = "
          f"{-(-sum(math.prod(p[1]) for p in PARAMS) // EVERY)} }};\n")
    print("typedef struct GoldenRun {\n    const char *kind, *settings;\n    double lr, clip_norm, adaptive;\n"
          "    double value[GOLDEN_VALUES]; /* every GOLDEN_EVERY-th after all steps */\n} GoldenRun;\n")
    print("static const GoldenRun golden_runs[] = {")
    for kind, settings, lr, make, bound in CASES:
        words = [w for w in settings.split() if w not in ("clip_norm", "adaptive")]
        print(f'    {{"{kind}", "{" ".join(w + " true" for w in words)}", {lr}, {bound.get("norm", 0)}, {bound.get("agc", 0)},\n     '
              f"{row(train(lr, make, bound))}}},")
    print("};\n")
    print(f"typedef struct GoldenRates {{\n    const char *kind, *settings;\n    double lr[{TOTAL}];\n}} GoldenRates;\n")
    print("static const GoldenRates golden_rates[] = {")
    for kind, settings, make, every in SCHEDULES:
        print(f'    {{"{kind}", "{settings}",\n     {row(rates(make, every))}}},')
    print("};\n")
    print(f"static const double golden_metrics[] = {row(METRICS)};")
    print(f"static const double golden_plateau_max[] = {row(plateau(True))};")
    print(f"static const double golden_plateau_min[] = {row(plateau(False))};")


main()
