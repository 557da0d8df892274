#!/bin/bash
# Twenty steps of `umbel train` against PyTorch with the same weights, images and optimizer.
# $1: build folder, $2: temporary folder.
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1
failed=0
for network in convnext_tiny resnet20 vit_small resnet50; do
    name="20 training steps of $network have PyTorch's losses"
    mkdir -p "$2/$network"
    if output=$("$python" tests/parity/train_steps.py "$PWD/$1/umbel" "$2/$network" $network 2>&1); then
        echo "ok $name"
    else
        echo "not ok $name: $(echo "$output" | tail -1)"
        failed=1
    fi
    echo "$output" | sed 's/^/# /'
done
exit $failed
