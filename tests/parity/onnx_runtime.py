#!/usr/bin/python3
"""Judges the ONNX files that test_onnx has written by ONNX's checker and by onnxruntime, for one image and for five at
once: onnx_runtime.py FOLDER..."""
import glob
import os
import sys

import h5py
import numpy
import onnx
import onnxruntime

LIMIT = 1e-4


def compare(path):
    """Largest difference of a logit, and the spread of the logits over images."""
    onnx.checker.check_model(path, full_check=True)
    with h5py.File(path.replace(".u8", "").replace(".onnx", ".h5")) as file:
        pixels, logits = file["pixels"][()], {k: v[()] for k, v in file["logits"].items()}
    images = pixels.transpose(0, 3, 1, 2).astype(numpy.uint8 if ".u8." in path else numpy.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert sorted(names) == sorted(logits), names
    worst = 0
    for batch in (slice(0, 1), slice(3, 8)):
        found = session.run(names, {"images": numpy.ascontiguousarray(images[batch])})
        worst = max([worst] + [abs(value - logits[name][batch]).max()
                               for name, value in zip(names, found)])
    return worst, min(value.std(0).max() for value in logits.values())


def main():
    failed = False
    for path in sorted(p for folder in sys.argv[1:] for p in glob.glob(os.path.join(folder, "*.onnx"))):
        worst, spread = compare(path)
        good = worst < LIMIT and spread > 100 * LIMIT
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {os.path.relpath(path, os.path.dirname(sys.argv[1]))} in onnxruntime: logits at most "
              f"{worst:.1e} from umbel's, with a spread of {spread:.1g} over the images")
    sys.exit(failed)


if __name__ == "__main__":
    main()
