#!/bin/bash
# Networks of torchvision, imported: the same numbers, the same loss. $1: build folder, $2: temporary folder.
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
name="networks of torchvision, imported, have PyTorch's numbers and loss"
if output=$("$python" tests/parity/import_torchvision.py "$PWD/$1/umbel" "$2" 2>&1); then
    echo "ok $name"
    failed=0
else
    echo "not ok $name: $(echo "$output" | tail -1)"
    failed=1
fi
echo "$output" | sed 's/^/# /'
exit $failed
