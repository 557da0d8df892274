#!/bin/bash
# Exported weights of full-size networks in timm and torchvision, on photographs. $1: build folder, $2: temporary folder.
export PYTHONDONTWRITEBYTECODE=1
python=$(tests/parity/python) || { echo "not ok the Python to compare with could not be made"; exit 1; }
mkdir "$2/full"
"$python" tests/parity/make_photographs.py "$2/photographs.h5" 224 32 &&
    "$1/tests/models/test_weights_save" "$2/full" "$2/photographs.h5" || { echo "not ok test_weights_save failed"; exit 1; }
"$python" tests/parity/foreign_weights.py "$2/full"
