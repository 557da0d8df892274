"""Judges what calibrate and predict have found, for predict.sh: predict_check.py COMMAND FILE..."""
import csv
import io
import json
import sys

import h5py
import numpy
from PIL import Image


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def texts(array):
    return [text.decode() if isinstance(text, bytes) else text for text in array[()]]


class Head:
    """Logits of one head for a split, from features and weights in double; and its labels."""

    def __init__(self, name, checkpoint, pack, features, split):
        chosen = numpy.flatnonzero(pack["split"][()] == split)
        weight = checkpoint[f"param/heads.{name}.linear.weight"][()].astype(float)
        logits = features.astype(float) @ weight.T + checkpoint[f"param/heads.{name}.linear.bias"][()]
        group = pack[f"labels/{name}"]
        own, packed = texts(checkpoint[f"heads/{name}/class"]), texts(group["class"])
        self.kind = "sigmoid" if "member" in group else "ordinal" if len(own) > logits.shape[1] else "softmax"
        if self.kind == "sigmoid":
            known = group["known"][()][chosen] > 0
            begin = group["begin"][()]
            self.label = numpy.zeros((len(chosen), len(own)))
            for i, record in enumerate(chosen):
                for k in group["member"][begin[record]:begin[record + 1]]:
                    self.label[i, own.index(packed[k])] = 1
        else:
            label = group["label"][()][chosen]
            known = label >= 0
            self.label = numpy.array([own.index(packed[k]) if k >= 0 else -1 for k in label])
        self.logits, self.label = logits[known], self.label[known]

    def probabilities(self, temperature):
        z = self.logits / temperature
        if self.kind == "softmax":
            e = numpy.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        if self.kind == "sigmoid":
            return sigmoid(z)
        beyond = numpy.hstack([numpy.ones((len(z), 1)), sigmoid(z).cumprod(1), numpy.zeros((len(z), 1))])
        return beyond[:, :-1] - beyond[:, 1:]

    def nll(self, temperature):
        z = self.logits / temperature
        if self.kind == "sigmoid":
            return numpy.logaddexp(0, numpy.where(self.label > 0, -z, z)).mean()
        if self.kind == "softmax":
            largest = z.max(1)
            log_sum = largest + numpy.log(numpy.exp(z - largest[:, None]).sum(1))
            return (log_sum - z[numpy.arange(len(z)), self.label]).mean()
        k = numpy.arange(z.shape[1])
        terms = numpy.logaddexp(0, numpy.where(self.label[:, None] > k, -z, z))
        return (terms * (k <= self.label[:, None])).sum(1).mean()

    def temperature(self):
        """The minimum of the likelihood: where its derivative by 1 / temperature, a central difference, changes sign."""
        def slope(b):
            return self.nll(1 / (b * (1 + 1e-5))) - self.nll(1 / (b * (1 - 1e-5)))
        low, high = 0.01, 100.0
        for _ in range(60):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if slope(middle) < 0 else (low, middle)
        return 1 / middle

    def ece(self, temperature):
        p = self.probabilities(temperature)
        if self.kind == "sigmoid":
            confidence, right = p.ravel(), self.label.ravel()
        else:
            best = p.argmax(1) if self.kind == "softmax" else (1 - p.cumsum(1) > 0.5).sum(1)
            confidence, right = p[numpy.arange(len(p)), best], best == self.label
        bins = numpy.minimum((confidence * 15).astype(int), 14)
        return sum(abs((confidence - right)[bins == b].sum()) for b in range(15)) / len(confidence)


def calibration(found, checkpoint, pack, features):
    """Temperatures, likelihoods and errors of `umbel calibrate --json` are the reference's."""
    with open(found, encoding="utf-8") as file:
        heads = json.load(file)["heads"]
    with h5py.File(checkpoint) as saved, h5py.File(pack) as data, h5py.File(features) as file:
        assert sorted(heads) == ["grade", "shape", "tags"], heads
        for name, told in heads.items():
            head = Head(name, saved, data, file["features"][()], 1)
            t = told["temperature"]
            assert told["labelled"] == len(head.logits)
            assert abs(t / head.temperature() - 1) < 1e-6, (name, t, head.temperature())
            assert float(saved[f"heads/{name}/temperature"][0]) == t
            for when, at in (("before", 1), ("after", t)):
                assert abs(told[when]["nll"] - head.nll(at)) < 1e-6, (name, when)
                assert abs(told[when]["ece"] - head.ece(at)) < 1e-3, (name, when, head.ece(at))
            assert told["after"]["nll"] < told["before"]["nll"], name
            if name != "tags":
                assert t > 1 and told["after"]["ece"] < told["before"]["ece"], (name, told)


def probabilities(predicted, checkpoint, pack, features):
    """Probabilities of `umbel predict --top 99` are those of logits / temperature."""
    with h5py.File(checkpoint) as saved, h5py.File(pack) as data, h5py.File(features) as file:
        everything = file["features"][()]
        assert everything.dtype == numpy.float32 and len(everything) == len(rows(predicted))
        assert texts(file["paths"]) == [row["path"] for row in rows(predicted)]
        for name in ("shape", "tags", "grade"):
            head = Head(name, saved, data, everything, 1)
            weight = saved[f"param/heads.{name}.linear.weight"][()].astype(float)
            head.logits = everything.astype(float) @ weight.T + saved[f"param/heads.{name}.linear.bias"][()]
            wanted = head.probabilities(float(saved[f"heads/{name}/temperature"][0]))
            classes = texts(saved[f"heads/{name}/class"])
            for row, p in zip(rows(predicted), wanted):
                told = {entry["label"]: entry["probability"] for entry in row["heads"][name]}
                assert sorted(told) == sorted(classes)
                assert all(abs(told[k] - v) < 1e-6 for k, v in zip(classes, p)), (row["path"], name)


def counts(predicted, manifest, scores):
    """As many right answers as `umbel eval --json` has counted."""
    with open(manifest, encoding="utf-8", newline="") as file:
        labels = {row["path"]: row for row in csv.DictReader(file)}
    with open(scores, encoding="utf-8") as file:
        heads = json.load(file)["heads"]
    for name in ("shape", "grade", "tags"):
        right = labelled = 0
        for row in rows(predicted):
            label = labels[row["path"].removeprefix("set/")][name]
            told = sorted(entry["label"] for entry in row["heads"][name])
            wanted = sorted(part.strip() for part in label.split(";") if part.strip())
            labelled += label != ""
            right += label != "" and told == wanted
        assert (right, labelled) == (heads[name]["correct"], heads[name]["labelled"]), name
    errors = [abs(row["heads"]["size"] - float(labels[row["path"].removeprefix("set/")]["size"]))
              for row in rows(predicted) if labels[row["path"].removeprefix("set/")]["size"]]
    assert abs(numpy.mean(errors) - heads["size"]["mae"]) < 1e-5


def mirror(image, out):
    Image.open(image).transpose(Image.FLIP_LEFT_RIGHT).save(out)


def flip(plain, mirrored, flipped):
    """--flip is the mean over the two; squares and triangles of `tags` change places, `grade` allows no flip."""
    partner = {"square": "triangle", "triangle": "square"}
    for one, two, both in zip(rows(plain), rows(mirrored), rows(flipped)):
        def told(row, name):
            return {entry["label"]: entry["probability"] for entry in row["heads"][name]}
        for k, p in told(both, "shape").items():
            assert abs((told(one, "shape")[k] + told(two, "shape")[k]) / 2 - p) < 1e-6, both
        for k, p in told(both, "tags").items():
            assert abs((told(one, "tags")[k] + told(two, "tags")[partner.get(k, k)]) / 2 - p) < 1e-6
        assert told(one, "grade") == told(both, "grade")
        assert abs((one["heads"]["size"] + two["heads"]["size"]) / 2 - both["heads"]["size"]) < 1e-4
        a, b, c = (row["heads"]["azimuth"] for row in (one, two, both))
        assert abs((c - a + 180) % 360 - 180 - ((b - a + 180) % 360 - 180) / 2) < 1e-3


def arrays(hdf5, npy, bad):
    """The same features in both files, with a row of NaN for the image that could not be read."""
    numbers = numpy.load(npy)
    with h5py.File(hdf5) as file:
        assert file["features"].shape == numbers.shape and numbers.dtype == numpy.float32
        assert numpy.array_equal(file["features"][()], numbers, equal_nan=True)
        broken = numpy.flatnonzero(numpy.isnan(numbers).all(1))
        assert [texts(file["paths"])[i] for i in broken] == [bad] and numpy.isnan(numbers).sum() == numbers.shape[1]


def table(csv_path, jsonl_path):
    """CSV and JSON say the same."""
    with open(csv_path, encoding="utf-8", newline="") as file:
        for row, line in zip(csv.DictReader(file), rows(jsonl_path)):
            assert (row["path"], row["status"], row["error"]) == (line["path"], line["status"], line.get("error", ""))
            heads = line.get("heads", {})
            for i, entry in enumerate(heads.get("shape", [])):
                key = "shape" if i == 0 else f"shape_{i + 1}"
                assert row[key] == entry["label"] and float(row[key + "_probability"]) == entry["probability"]
            assert row["tags"] == "; ".join(entry["label"] for entry in heads.get("tags", []))
            assert row["size"] == "" or float(row["size"]) == heads["size"]


globals()[sys.argv[1]](*sys.argv[2:])
