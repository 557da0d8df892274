#!/usr/bin/python3
"""Judges the ONNX files that test_onnx has written: onnx_check.py FOLDER. Each must pass ONNX's own checker,
keep every name's promise, and give umbel's logits for one image and for several."""
import glob
import os
import sys

import h5py
import numpy
import onnx

import onnx_run

LIMIT = 1e-5


def shape_of(value):
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def check_form(model, element, side, heads):
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == 17 and model.ir_version == 8
    [images] = model.graph.input
    assert images.name == "images" and shape_of(images) == ["batch", 3, side, side]
    assert images.type.tensor_type.elem_type == element
    outputs = {output.name: shape_of(output) for output in model.graph.output}
    assert outputs == {name: ["batch", classes] for name, classes in heads.items()}, outputs
    assert {p.key: p.value for p in model.metadata_props} == {"key": "value"}
    used = {name for node in model.graph.node for name in node.input}
    unused = {constant.name for constant in model.graph.initializer} - used
    assert not unused, f"{unused} are not used"


def worst_error(model, pixels, logits, element):
    """Largest relative L2 error over heads and over batches of all images and of one."""
    worst = 0
    images = pixels.transpose(0, 3, 1, 2).astype(float if element == 1 else numpy.uint8)
    for batch in (slice(None), slice(2, 3)):
        for name, found in onnx_run.run(model, images[batch]).items():
            expected = logits[name][batch]
            worst = max(worst, numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected))
    return worst


def check(path, element):
    with h5py.File(path.replace(".u8", "").replace(".onnx", ".h5")) as file:
        pixels, logits = file["pixels"][()], {k: v[()] for k, v in file["logits"].items()}
    assert all(v.std(0).min() > 1e-3 for v in logits.values()), "all images look the same"
    model = onnx.load(path)
    check_form(model, element, pixels.shape[1], {k: v.shape[1] for k, v in logits.items()})
    error = worst_error(model, pixels, logits, element)
    assert error < LIMIT, f"logits differ by {error:.2e}"
    return error


def main():
    failed = False
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
        name = os.path.basename(path)
        try:
            print(f"ok {name} has umbel's logits (relative error "
                  f"{check(path, 2 if '.u8.' in name else 1):.1e})")
        except (AssertionError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError,
                KeyError) as error:
            failed = True
            print(f"not ok {name}: {error}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
