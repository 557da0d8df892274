#!/usr/bin/env python3
"""Holds the report of umbel eval to formulas in float64 over its own file of predictions: metrics_check.py REPORT.json PREDICTIONS.csv.

Every figure to 1e-12, every count as an integer. The formulas are written anew, the slow way round; tests/metrics holds the program's
own to scikit-learn.
"""
import csv
import json
import math
import sys

import numpy as np

Z = 1.959963984540054


def same(name, ours, theirs):
    if theirs is None or (isinstance(theirs, float) and math.isnan(theirs)):
        assert ours is None, f"{name}: {ours}, should be null"
        return
    assert ours is not None and abs(ours - theirs) <= 1e-12 * max(1, abs(theirs)), f"{name}: {ours!r}, should be {theirs!r}"


def wilson(hits, count):
    share = hits / count
    root = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    return [(share + Z * Z / (2 * count) - root) / (1 + Z * Z / count), (share + Z * Z / (2 * count) + root) / (1 + Z * Z / count)]


def intervals(name, report, key, hits, count):
    for ours, theirs in zip(report[key], wilson(hits, count)):
        same(f"{name} {key}", ours, theirs)


def class_rows(name, report, truth, said):
    """truth, said: (n, classes) of 0 and 1. Returns F1 and recall of each class, and its support."""
    hits, labels, predicted = (truth & said).sum(0), truth.sum(0), said.sum(0)
    f1 = np.zeros(len(hits))
    recall = np.zeros(len(hits))
    for k, row in enumerate(report["classes"]):
        assert (row["support"], row["predicted"], row["correct"]) == (labels[k], predicted[k], hits[k]), (name, row)
        precision = hits[k] / predicted[k] if predicted[k] else 0
        recall[k] = hits[k] / labels[k] if labels[k] else 0
        f1[k] = 2 * precision * recall[k] / (precision + recall[k]) if hits[k] else 0
        for key, value in (("precision", precision), ("recall", recall[k]), ("f1", f1[k])):
            same(f"{name} {row['class']} {key}", row[key], value)
    same(f"{name} macro_f1", report["macro_f1"], f1[(labels + predicted) > 0].mean())
    same(f"{name} weighted_f1", report["weighted_f1"], (f1 * labels).sum() / labels.sum())
    same(f"{name} micro_f1", report["micro_f1"], 2 * hits.sum() / (labels.sum() + predicted.sum()))
    return recall, labels


def one_class(name, report, label, predicted, probability, ordered):
    n, classes = probability.shape
    right = label == predicted
    assert report["correct"] == right.sum()
    same(f"{name} top1", report["top1"], right.mean())
    own = probability[np.arange(n), label]
    five = (probability > own[:, None]).sum(1) < 5
    same(f"{name} top5", report["top5"], five.mean())
    intervals(name, report, "top1_interval", right.sum(), n)
    intervals(name, report, "top5_interval", five.sum(), n)
    recall, labels = class_rows(name, report, np.eye(classes, dtype=int)[label], np.eye(classes, dtype=int)[predicted])
    same(f"{name} balanced_accuracy", report["balanced_accuracy"], recall[labels > 0].mean())
    same(f"{name} nll", report["nll"], np.mean([-math.log(p) for p in own]))
    same(f"{name} brier", report["brier"], ((probability - np.eye(classes)[label]) ** 2).sum(1).mean())
    sure = probability[np.arange(n), predicted]
    bins = np.minimum(np.floor(sure * 15).astype(int), 14)
    same(f"{name} ece", report["ece"], sum(abs(right[bins == b].sum() - sure[bins == b].sum()) for b in range(15)) / n)
    for b, row in enumerate(report["calibration"]):
        assert (row["images"], row["correct"]) == ((bins == b).sum(), right[bins == b].sum())
        same(f"{name} calibration", row["probability"], sure[bins == b].mean() if (bins == b).any() else 0)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (label, predicted), 1)
    assert report["confusion"] == confusion.tolist(), name
    if ordered:
        same(f"{name} mae", report["mae"], np.abs(label - predicted).mean())
        weight = (np.arange(classes)[:, None] - np.arange(classes)) ** 2
        chance = (weight * np.outer(confusion.sum(1), confusion.sum(0))).sum() / n
        same(f"{name} kappa", report["kappa"], 1 - (weight * confusion).sum() / chance if chance else None)
    assert ordered or abs(report["loss"] - report["nll"]) < 1e-5  # of logits, in float32
    return right


def auroc(holds, score):
    yes, no = score[holds], score[~holds]
    if not len(yes) or not len(no):
        return None
    return ((yes[:, None] > no).sum() + 0.5 * (yes[:, None] == no).sum()) / (len(yes) * len(no))


def average_precision(holds, score):
    if not holds.any():
        return None
    total, before = 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        chosen = score >= threshold
        recall = (holds & chosen).sum() / holds.sum()
        total += (recall - before) * (holds & chosen).sum() / chosen.sum()
        before = recall
    return total


def mean_of(values):
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def sets(name, report, holds, probability):
    n, classes = holds.shape
    found = probability > 0.5
    exact = (holds == found).all(1)
    assert report["correct"] == exact.sum()
    same(f"{name} exact", report["exact"], exact.mean())
    intervals(name, report, "exact_interval", exact.sum(), n)
    class_rows(name, report, holds.astype(int), found.astype(int))
    same(f"{name} nll", report["nll"], -np.where(holds, np.log(probability), np.log1p(-probability)).mean())
    same(f"{name} brier", report["brier"], ((probability - holds) ** 2).mean())
    assert abs(report["loss"] - report["nll"]) < 1e-5
    areas = [auroc(holds[:, k], probability[:, k]) for k in range(classes)]
    precisions = [average_precision(holds[:, k], probability[:, k]) for k in range(classes)]
    for row, area, precision in zip(report["classes"], areas, precisions):
        same(f"{name} {row['class']} auroc", row["auroc"], area)
        same(f"{name} {row['class']} average_precision", row["average_precision"], precision)
    same(f"{name} macro_auroc", report["macro_auroc"], mean_of(areas))
    same(f"{name} map", report["map"], mean_of(precisions))
    return exact


def values(name, report, label, said, period):
    distance = np.abs(said - label)
    if period:
        distance = np.minimum(distance % period, period - distance % period)
    same(f"{name} mae", report["mae"], distance.mean())
    same(f"{name} rmse", report["rmse"], math.sqrt((distance**2).mean()))
    if not period:
        spread = ((label - label.mean()) ** 2).sum()
        same(f"{name} r2", report["r2"], 1 - (distance**2).sum() / spread if spread else None)


def jointly(report, right, labelled):
    """right, labelled: (heads, n) of those that are right or wrong."""
    counted = labelled.any(0)
    rights, wrongs = (right & labelled).sum(0), (~right & labelled).sum(0)
    heads = len(right)
    assert report["labelled"] == counted.sum() and report["correct"] == (counted & (wrongs == 0)).sum()
    same("joint accuracy", report["accuracy"], report["correct"] / report["labelled"])
    assert report["right"] == [int((counted & (rights == r)).sum()) for r in range(heads + 1)]
    assert report["wrong"] == [int((counted & (wrongs == w)).sum()) for w in range(heads + 1)]
    intervals("joint", report, "accuracy_interval", report["correct"], report["labelled"])
    pairs = [(a, b) for a in range(heads) for b in range(a + 1, heads)]
    assert len(report["pairs"]) == len(pairs)
    for row, (a, b) in zip(report["pairs"], pairs):
        both = labelled[a] & labelled[b]
        x, y = ~right[a][both], ~right[b][both]
        counts = [(~x & ~y).sum(), (x & ~y).sum(), (~x & y).sum(), (x & y).sum()]
        assert [row[key] for key in ("both_right", "only_first_wrong", "only_second_wrong", "both_wrong")] == counts, row
        varies = len(x) and x.any() and y.any() and not x.all() and not y.all()
        same("phi", row["phi"], float(np.corrcoef(x, y)[0, 1]) if varies else None)


def main():
    report = json.load(open(sys.argv[1]))
    with open(sys.argv[2], newline="") as file:
        rows = list(csv.DictReader(file))
    assert report["images"] == len(rows)
    right, known = [], []
    for name, head in report["heads"].items():
        labels = [row[f"{name}.label"] for row in rows]
        labelled = np.array([label != "" for label in labels])
        rows_of = [row for row, there in zip(rows, labelled) if there]
        assert head["labelled"] == len(rows_of), name
        if not rows_of:
            continue
        said = [row[f"{name}.predicted"] for row in rows_of]
        label = [row[f"{name}.label"] for row in rows_of]
        if "classes" not in head:
            values(name, head, np.array(label, float), np.array(said, np.float32).astype(float), 0 if "r2" in head else 360)
            continue
        classes = [row["class"] for row in head["classes"]]
        text = [[row[f"{name}.probability.{k}"] for k in classes] for row in rows_of]
        probability = np.array(text, np.float32).astype(float)
        if "map" in head:
            names = [{part.strip() for part in cell.split(";")} for cell in label]
            judged = sets(name, head, np.array([[k in some for k in classes] for some in names]), probability)
        else:
            judged = one_class(name, head, np.array([classes.index(x) for x in label]), np.array([classes.index(x) for x in said]),
                               probability, "kappa" in head)
        verdict = np.zeros(len(rows), bool)
        verdict[labelled] = judged
        right.append(verdict)
        known.append(labelled)
    jointly(report["joint"], np.array(right), np.array(known))


if __name__ == "__main__":
    main()
