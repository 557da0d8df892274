#!/usr/bin/env python3
"""What TensorBoard and pandas make of a run: tensorboard_itself.py RUNS FIGURES.csv, for the run RUNS/resumed."""
import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import h5py
import numpy as np
import pandas
import tensorboard
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from figures import figures, tags

RUN = "resumed"


def parameters(run, step):
    with h5py.File(os.path.join(run, "checkpoint", f"step-{step}.h5")) as file:
        return {"parameters/" + name: values[:].astype(np.float64) for name, values in file["param"].items()}


def check_picture(data):
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert min(picture.size) > 100 and np.array(picture).std() > 10, picture.size


def accumulated(run, expected):
    events = EventAccumulator(os.path.join(run, "tensorboard"), dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0))
    events.Reload()
    found = events.Tags()
    assert set(found["scalars"]) == set(expected), set(found["scalars"]) ^ set(expected)
    for tag, steps in expected.items():
        assert [(e.step, np.float32(e.value)) for e in events.Scalars(tag)] == [(s, np.float32(v)) for s, v in sorted(steps.items())], tag
    print("ok EventAccumulator: scalars")
    assert found["images"] == ["batch"] and len(events.Images("batch")) == 1
    check_picture(events.Images("batch")[0].encoded_image_string)
    print("ok EventAccumulator: pictures")
    values = parameters(run, 24)
    assert set(found["histograms"]) == set(values)
    for tag, value in values.items():
        shown = events.Histograms(tag)
        assert [e.step for e in shown] == [0, 6, 12, 18, 24], tag
        last = shown[-1].histogram_value
        assert last.num == value.size == sum(last.bucket) and last.min == value.min() and last.max == value.max(), tag
    print("ok EventAccumulator: histograms")


class Server:
    """tensorboard --logdir, and what it answers."""

    def __init__(self, folder, log, *more):
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder, "--host", "127.0.0.1", "--port", "0", *more]
        self.log = open(log, "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.address = None

    def wait(self):
        for _ in range(600):
            with open(self.log.name) as file:
                found = re.search(r"http://127\.0\.0\.1:\d+/", file.read())
            self.address = found and found[0]
            if self.address and len(self.ask("scalars/tags").get(f"{RUN}/tensorboard", {})) > 30:
                return
            assert self.process.poll() is None, "TensorBoard has ended"
            time.sleep(0.2)
        raise AssertionError("TensorBoard shows nothing")

    def get(self, what, **query):
        query = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"{self.address}data/plugin/{what}{'?' if query else ''}{query}", timeout=60) as answer:
            return answer.read()

    def ask(self, what, **query):
        return json.loads(self.get(what, **query))

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def served(server, name, run, expected):
    server.wait()
    of = {"run": f"{RUN}/tensorboard"}
    for tag, steps in expected.items():
        shown = [(step, np.float32(value)) for _, step, value in server.ask("scalars/scalars", tag=tag, **of)]
        assert shown == [(s, np.float32(v)) for s, v in sorted(steps.items())], (tag, shown)
    print(f"ok {name}: scalars")
    pictures = server.ask("images/images", tag="batch", sample=0, **of)
    assert [p["step"] for p in pictures] == [0]
    check_picture(server.get("images/individualImage?" + pictures[0]["query"]))
    print(f"ok {name}: pictures")
    for tag, value in parameters(run, 24).items():
        shown = server.ask("histograms/histograms", tag=tag, **of)
        assert [step for _, step, _ in shown] == [0, 6, 12, 18, 24], tag
        buckets = [bucket for bucket in shown[-1][2] if bucket[2]]
        assert sum(count for *_, count in buckets) == value.size, tag
        assert np.isclose(buckets[0][0], value.min()) and np.isclose(buckets[-1][1], value.max()), tag
    print(f"ok {name}: histograms")
    texts = server.ask("text/text", tag="config", **of)
    assert [t["step"] for t in texts] == [0, 6] and "<pre>" in texts[-1]["text"] and "tensorboard: true" in texts[-1]["text"], texts
    print(f"ok {name}: the configuration as text")


def read_table(path, run):
    table = pandas.read_csv(path)
    expected = [(step, split, head, figure, value) for _, step, split, head, figure, value in figures(run)]
    rows = table.fillna({"head": ""})[["step", "split", "head", "figure"]].itertuples(index=False, name=None)
    assert list(rows) == [row[:4] for row in expected]
    assert table["value"].dtype == np.float64 and table["step"].dtype == np.int64
    assert np.allclose(table["value"], [row[4] for row in expected], rtol=1e-15, atol=0)
    curve = table.query("split == 'val' and figure == 'top1'").pivot(index="epoch", columns="head", values="value")
    assert list(curve.index) == [1, 2, 3, 4] and set(curve.columns) == {"shape", "colour", "place"}, curve
    print("ok pandas reads the table without options")


def main():
    runs, table = sys.argv[1:]
    run = os.path.join(runs, RUN)
    expected = tags(run)
    print("# TensorBoard", tensorboard.__version__, "pandas", pandas.__version__)
    read_table(table, run)
    accumulated(run, expected)
    for name, more in (("TensorBoard", []), ("TensorBoard without its fast loader", ["--load_fast=false"])):
        server = Server(runs, os.path.join(runs, "tensorboard.log"), *more)
        try:
            served(server, name, run, expected)
        finally:
            server.close()


main()
