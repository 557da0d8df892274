#!/bin/bash
# Forward and gradients of the full-size convnext_tiny against PyTorch in float64; for comparison, the
# errors of PyTorch's own float32. $1: build folder, $2: temporary folder.
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1
name="convnext_tiny at 224 pixels has PyTorch's logits and gradients"
if output=$("$python" tests/parity/make_golden.py --full "$2" \
    convnext_tiny_scale_0.3 convnext_tiny_scale_1e-6 2>&1 &&
    "$1/tests/models/test_parity" --report "$2"/convnext_tiny_*.h5 2>&1); then
    echo "ok $name"
    failed=0
else
    echo "not ok $name: $(echo "$output" | grep -m1 -E 'error|Error')"
    failed=1
fi
echo "$output" | grep -E '^convnext|^PyTorch|error' | sed 's/^/# /'
exit $failed
