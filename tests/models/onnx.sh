#!/bin/bash
# ONNX files of small variants of all trunk families: form and logits. $1: build folder, $2: temporary folder.
export PYTHONDONTWRITEBYTECODE=1
"$1/tests/models/test_onnx" "$2" || { echo "not ok test_onnx failed"; exit 1; }
"${PYTHON:-/usr/bin/python3}" tests/models/onnx_check.py "$2"
