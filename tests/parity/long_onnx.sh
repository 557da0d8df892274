#!/bin/bash
# ONNX files in onnxruntime: small networks of all families, and those of full size on photographs.
# $1: build folder, $2: temporary folder.
export PYTHONDONTWRITEBYTECODE=1
python=$(tests/parity/python) || { echo "not ok the Python to compare with could not be made"; exit 1; }
mkdir "$2/small" "$2/full"
"$python" tests/parity/make_photographs.py "$2/photographs.h5" 224 32 &&
    "$1/tests/models/test_onnx" "$2/small" &&
    "$1/tests/models/test_onnx" "$2/full" "$2/photographs.h5" || { echo "not ok test_onnx failed"; exit 1; }
"$python" tests/parity/onnx_runtime.py "$2/small" "$2/full"
