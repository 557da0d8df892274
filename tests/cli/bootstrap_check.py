#!/usr/bin/env python3
"""Holds the intervals of umbel eval --bootstrap N to figures of the same resamples, drawn anew after docs/formats.md ("Random numbers"):
bootstrap_check.py REPORT.json PREDICTIONS.csv N SEED. Most figures of each kind of head, to 1e-12.
"""
import csv
import json
import sys

import numpy as np
from metrics_check import auroc, average_precision, mean_of, same

MASK = np.uint64(0xFFFFFFFF)
RESAMPLE = 12


def words(key, purpose, a, blocks):
    """Philox 4x32-10: the words of so many blocks, in the order in which they are used."""
    c = [np.arange(blocks, dtype=np.uint64), *(np.full(blocks, value, np.uint64) for value in (purpose << 24, a, 0))]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        high = np.uint64(32)
        c = [(p1 >> high) ^ c[1] ^ np.uint64(k0), p1 & MASK, (p0 >> high) ^ c[3] ^ np.uint64(k1), p0 & MASK]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1).ravel()


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def resample(seed, number, records):
    drawn = words(mix(seed), RESAMPLE, number, (records + 3) // 4)[:records].astype(np.int64)
    assert drawn.max() < 2**32 - 2**32 % records  # else words would have to be drawn again
    return np.sort(drawn % records)  # in the order of the records


def one_class(classes, label, predicted, probability):
    confusion = np.zeros((len(classes), len(classes)))
    np.add.at(confusion, (label, predicted), 1)
    weight = (np.arange(len(classes))[:, None] - np.arange(len(classes))) ** 2
    chance = (weight * np.outer(confusion.sum(1), confusion.sum(0))).sum() / len(label)
    there = confusion.sum(1) > 0
    return {"balanced_accuracy": (np.diag(confusion)[there] / confusion.sum(1)[there]).mean(),
            "nll": -np.log(probability[np.arange(len(label)), label]).mean(),
            "kappa": 1 - (weight * confusion).sum() / chance if chance else np.nan,
            "mae": np.abs(label - predicted).mean()}


def sets(holds, probability):
    found = probability > 0.5
    return {"micro_f1": 2 * (holds & found).sum() / (holds.sum() + found.sum()),
            "map": mean_of([average_precision(holds[:, k], probability[:, k]) for k in range(holds.shape[1])]),
            "macro_auroc": mean_of([auroc(holds[:, k], probability[:, k]) for k in range(holds.shape[1])])}


def values(label, said, period):
    distance = np.abs(said - label)
    if period:
        distance = np.minimum(distance % period, period - distance % period)
    return {"mae": distance.mean(), "rmse": np.sqrt((distance**2).mean()),
            "r2": 1 - (distance**2).sum() / ((label - label.mean()) ** 2).sum()}


def main():
    report = json.load(open(sys.argv[1]))
    rows = list(csv.DictReader(open(sys.argv[2], newline="")))
    draws = [resample(int(sys.argv[4]), b, len(rows)) for b in range(int(sys.argv[3]))]
    compared = 0
    for name, head in report["heads"].items():
        label, said = (np.array([row[f"{name}.{key}"] for row in rows]) for key in ("label", "predicted"))
        classes = [row["class"] for row in head.get("classes", [])]
        probability = np.array([[row[f"{name}.probability.{k}"] for k in classes] for row in rows], np.float32).astype(float)
        results = []
        for draw in draws:
            of = draw[label[draw] != ""]
            if "map" in head:
                names = [{part.strip() for part in cell.split(";")} for cell in label[of]]
                results.append(sets(np.array([[k in some for k in classes] for some in names]), probability[of]))
            elif classes:
                numbers = [np.array([classes.index(text) for text in texts[of]]) for texts in (label, said)]
                results.append(one_class(classes, *numbers, probability[of]))
            else:
                results.append(values(label[of].astype(float), said[of].astype(np.float32).astype(float), 0 if "r2" in head else 360))
        for key in set(results[0]) & set(head["intervals"]):
            for ours, theirs in zip(head["intervals"][key], np.nanpercentile([result[key] for result in results], [2.5, 97.5])):
                same(f"{name} {key}", ours, theirs)
                assert np.isfinite(theirs)
            compared += 1
        assert all(low <= high for low, high in head["intervals"].values() if low is not None)
    assert compared == 14, compared


main()
