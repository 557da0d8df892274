#!/usr/bin/env python3
"""Writes tests/metrics/golden.h: what scikit-learn and SciPy (or, where they have no such function, a line of numpy in float64) say of
records that test_golden.c makes alike: make_golden.py >tests/metrics/golden.h. Needs python3-sklearn; make test does not.
"""
import warnings

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics as sk

RECORDS, CLASSES, TAGS = 501, 7, 6
warnings.simplefilter("ignore")  # of classes that are never predicted


def noise(stream, count):
    """Integers of 24 bits, the same in C."""
    h = (np.arange(count, dtype=np.uint64) * 2654435761 + (stream + 1) * 2246822519) & 0xFFFFFFFF
    h ^= h >> np.uint64(15)
    h = (h * 3266489917) & 0xFFFFFFFF
    h ^= h >> np.uint64(13)
    return (h >> np.uint64(8)).astype(np.int64)


def of_classes(row, label, probability, predicted):
    labels = np.arange(CLASSES)
    figures = sk.precision_recall_fscore_support(label, predicted, labels=labels, zero_division=0)
    row["precision"], row["recall"], row["f1"] = figures[:3]
    row["macro_f1"] = sk.f1_score(label, predicted, average="macro")
    row["weighted_f1"] = sk.f1_score(label, predicted, average="weighted")
    row["balanced_accuracy"] = sk.balanced_accuracy_score(label, predicted)
    row["kappa"] = sk.cohen_kappa_score(label, predicted, labels=labels, weights="quadratic")
    own = probability[np.arange(len(label)), label]
    row["nll"] = -np.log(own).mean()
    row["brier"] = ((probability - np.eye(CLASSES)[label]) ** 2).sum(1).mean()
    sure = probability[np.arange(len(label)), predicted]
    bins = np.minimum(np.floor(sure * 15), 14)
    row["ece"] = sum((bins == b).mean() * abs((label == predicted)[bins == b].mean() - sure[bins == b].mean()) for b in np.unique(bins))
    interval = binomtest(int((label == predicted).sum()), len(label)).proportion_ci(method="wilson")
    row["low"], row["high"] = interval.low, interval.high


def of_sets(row, holds, score):
    found = score > 0.5
    occurring = [k for k in range(TAGS) if holds[:, k].any() or found[:, k].any()]
    row["set_macro_f1"] = sk.f1_score(holds, found, average="macro", labels=occurring)
    row["set_micro_f1"] = sk.f1_score(holds, found, average="micro")
    row["set_nll"] = sk.log_loss(holds.ravel(), score.ravel())
    row["set_brier"] = sk.brier_score_loss(holds.ravel(), score.ravel())
    both = [0 < holds[:, k].sum() < len(holds) for k in range(TAGS)]
    row["auroc"] = [sk.roc_auc_score(holds[:, k], score[:, k]) if both[k] else -1 for k in range(TAGS)]
    row["precision_mean"] = [sk.average_precision_score(holds[:, k], score[:, k]) if holds[:, k].any() else -1 for k in range(TAGS)]


def golden(missing):
    n = RECORDS
    label = noise(1, n) % (CLASSES - 1)
    known = noise(2, n) % 100 >= missing
    lift = (np.arange(CLASSES) == label[:, None]) & (noise(4, n) % 3 > 0)[:, None]
    share = (1 + noise(3, n * CLASSES).reshape(n, CLASSES) % 8 + 6 * lift).astype(np.float32)
    probability = (share / share.sum(1, keepdims=True)).astype(np.float64)
    predicted = share.argmax(1)
    holds = (noise(5, n * TAGS).reshape(n, TAGS) % 4 == 0) & (np.arange(TAGS) < TAGS - 1)
    score = (1 + noise(6, n * TAGS).reshape(n, TAGS) % 16 + 5 * holds) / 32
    row = {}
    of_classes(row, label[known], probability[known], predicted[known])
    of_sets(row, holds[known], score[known])
    value = noise(7, n) % 2000 / 16
    said = value + (noise(8, n) % 400 - 190) / 16
    row["mae"] = sk.mean_absolute_error(value[known], said[known])
    row["rmse"] = sk.mean_squared_error(value[known], said[known], squared=False)
    row["r2"] = sk.r2_score(value[known], said[known])
    exact = (holds == (score > 0.5)).all(1)
    row["phi"] = sk.matthews_corrcoef((predicted != label)[known], ~exact[known])
    return row


def text(value):
    return "{" + ", ".join(f"{x:.17g}" for x in value) + "}" if np.ndim(value) else f"{value:.17g}"


rows = {missing: golden(missing) for missing in (0, 30, 70, 95)}
keys = list(rows[0])
print("/* Made by make_golden.py: what scikit-learn and SciPy say; -1: not defined. */\n#pragma once\n\n// clang-format off")
print(f"enum {{ RECORDS = {RECORDS}, CLASSES = {CLASSES}, TAGS = {TAGS} }};\n\ntypedef struct Golden {{\n    int missing; /* % of the labels */")
for key in keys:
    size = np.shape(rows[0][key])
    print(f"    double {key}{f'[{size[0]}]' if size else ''};")
print("} Golden;\n\nstatic const Golden golden[] = {")
for missing, row in rows.items():
    print(f"    {{.missing = {missing},")
    print(",\n".join(f"     .{key} = {text(row[key])}" for key in keys) + "},")
print("};")
