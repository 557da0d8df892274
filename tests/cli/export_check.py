"""Judges exported files for export.sh: export_check.py scores ONNX PACK SCORES | metadata ONNX PACK |
arrays CHECKPOINT CHECKPOINT HEAD."""
import io
import json
import os
import sys

import h5py
import numpy
import onnx
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
import onnx_run  # pylint: disable=wrong-import-position


def texts(array):
    return [text.decode() for text in array[()]]


def read_split(pack, split):
    """Pixels (N,3,H,W) and labels by head of a split's images."""
    offset, bytes_ = pack["images/offset"][()], pack["images/bytes"][()]
    chosen = numpy.flatnonzero(pack["split"][()] == split)
    pictures = [Image.open(io.BytesIO(bytes_[offset[i]:offset[i + 1]].tobytes())) for i in chosen]
    pixels = numpy.stack([numpy.asarray(picture) for picture in pictures]).transpose(0, 3, 1, 2)
    return pixels, {name: group["label"][()][chosen] for name, group in pack["labels"].items()}


def scores(onnx_path, pack_path, scores_path):
    """Right answers and mean loss of each head are those that `umbel eval` has found."""
    model = onnx.load(onnx_path)
    onnx.checker.check_model(model, full_check=True)
    with h5py.File(pack_path) as pack, open(scores_path) as file:
        pixels, labels = read_split(pack, 0)
        expected = json.load(file)["heads"]
    is_float = model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    logits = onnx_run.run(model, pixels.astype(float) if is_float else pixels)
    assert sorted(logits) == sorted(expected)
    for name, values in logits.items():
        known = labels[name] >= 0
        values, label = values[known], labels[name][known]
        loss = numpy.log(numpy.exp(values).sum(1)) - values[numpy.arange(len(label)), label]
        assert int((values.argmax(1) == label).sum()) == expected[name]["correct"], name
        assert abs(loss.mean() - expected[name]["loss"]) < 1e-6, (name, loss.mean(), expected[name])


def metadata(onnx_path, pack_path):
    model = onnx.load(onnx_path)
    found = {entry.key: entry.value for entry in model.metadata_props}
    with h5py.File(pack_path) as pack:
        classes = {name: texts(group["class"]) for name, group in pack["labels"].items()}
    assert json.loads(found["classes"]) == classes, found["classes"]
    assert [output.name for output in model.graph.output] == list(json.loads(found["classes"]))
    assert found["trunk"] == "convnext_atto" and found["image"] == "40"
    assert float(found["crop"]) == 1 and found["interpolation"] == "bilinear"
    assert json.loads(found["mean"]) == [0.4, 0.5, 0.6]
    assert json.loads(found["deviation"]) == [0.2, 0.25, 0.3]
    assert len(found["digest"]) == 32


def arrays(before_path, after_path, head):
    """All parameters of the trunk and of one head have the same bits in both checkpoints."""
    with h5py.File(before_path) as before, h5py.File(after_path) as after:
        before, after = before["param"], after["param"]
        wanted = [name for name in before
                  if name.startswith("trunk.") or name.startswith(f"heads.{head}.")]
        assert sorted(wanted) == sorted(after), set(wanted) ^ set(after)
        assert any(name.startswith("heads.") for name in wanted) == (head != "-")
        for name in wanted:
            assert before[name][()].tobytes() == after[name][()].tobytes(), name


if __name__ == "__main__":
    {"scores": scores, "metadata": metadata, "arrays": arrays}[sys.argv[1]](*sys.argv[2:])
