#!/usr/bin/env python3
"""Weights of the heads in each step of a run of one step per record, from its losses and gradients alone: balance_reference.py
KIND METRICS.jsonl. The run is that of balance.sh. Fails where the records say otherwise."""
import json
import sys

import numpy as np

GIVEN = {"shape": 1.0, "tags": 0.5, "grade": 2.0, "azimuth": 1.0}


def fixed(train, _):
    return [np.array(list(GIVEN.values()))] * len(train)


def uncertainty(train, _):
    """Gradient descent on w (exp(-s) L + s / 2)."""
    given, s, weights = np.array(list(GIVEN.values())), np.zeros(4), []
    for step in train:
        weights.append(given * np.exp(-s))
        s = s - step["lr"] * given * (0.5 - np.exp(-s) * step["loss"])
    return weights


def dwa(train, per_epoch):
    given, means, weights = np.array(list(GIVEN.values())), [], []
    for t in range(len(train)):
        if t and t % per_epoch == 0:
            means.append(np.mean([step["loss"] for step in train[t - per_epoch : t]], axis=0))
        ratio = means[-1] / means[-2] if len(means) > 1 else np.ones(4)
        share = np.exp(ratio / 2)
        weights.append(given * 4 * share / share.sum())
    return weights


def gradnorm(train, _):
    given, own, weights = np.array(list(GIVEN.values())), np.ones(4), []
    for step in train:
        weights.append(given * own)
        norm = step["grad"]  # of the weighted losses
        left = step["loss"] / train[0]["loss"]
        target = norm.mean() * (left / left.mean()) ** 1.5
        own = own - 0.025 * np.sign(norm - target) * (norm / own) / norm.mean()
        own *= 4 / own.sum()
    return weights


def main():
    kind, lines = sys.argv[1], [json.loads(line) for line in open(sys.argv[2])]
    train = [line for line in lines if line["kind"] == "train"]
    epochs = [line for line in lines if line["kind"] == "epoch"]
    assert len(train) > 10 and len(epochs) > 2, "too few records"
    per_epoch = epochs[0]["step"]
    heads = list(GIVEN)
    steps = [
        {
            "lr": step["lr"],
            "loss": np.array([step["heads"][name]["loss"] for name in heads]),
            "grad": np.array([step["heads"][name]["feature_grad"] for name in heads]),
        }
        for step in train
    ]
    rule = globals().get(kind, fixed)
    for t, (step, expected) in enumerate(zip(train, rule(steps, per_epoch))):
        weight = np.array([step["heads"][name].get("weight", GIVEN[name]) for name in heads])
        np.testing.assert_allclose(weight, expected, rtol=2e-5, err_msg=f"step {t + 1}")
        assert abs(step["loss"] - (weight * steps[t]["loss"]).sum()) < 1e-6, f"loss of step {t + 1}"
    if kind in ("uncertainty", "dwa", "gradnorm"):
        assert np.ptp([step["heads"]["tags"]["weight"] for step in train]) > 0, "weights never change"
    for e, epoch in enumerate(epochs):
        assert epoch["interference"]["heads"] == heads
        norms = np.mean([step["grad"] for step in steps[e * per_epoch : (e + 1) * per_epoch]], axis=0)
        np.testing.assert_allclose(epoch["interference"]["norms"], norms, rtol=1e-12)
        cosines = np.array(epoch["interference"]["cosines"])
        assert (cosines == cosines.T).all() and (np.diag(cosines) == 1).all()
        assert (np.abs(cosines) <= 1 + 1e-9).all() and np.ptp(cosines) > 0.5


main()
