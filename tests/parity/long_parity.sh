#!/bin/bash
# Networks of full size against PyTorch in float64: torchvision's and timm's with the same random weights. Prints
# a table of the worst relative L2 errors, umbel's and PyTorch's own float32's, of logits and gradients.
# $1: build folder, $2: temporary folder (1 GB at most), then networks; default: those of make_golden.py --full.
out=$1 work=$2
shift 2
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
venv=build/parity
failed=0

# PyTorch and torchvision from the system where it has them; what is missing from PyPI. timm needs nothing else.
make_environment() {
    [ -x $venv/bin/python ] || "${PYTHON:-/usr/bin/python3}" -m venv --system-site-packages $venv || return 1
    local have="import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in sys.argv[1:]))"
    $venv/bin/python -c "$have" torch torchvision || $venv/bin/pip install --quiet torch torchvision || return 1
    $venv/bin/python -c "$have" h5py numpy PIL || $venv/bin/pip install --quiet h5py numpy pillow || return 1
    $venv/bin/python -c "$have" timm || $venv/bin/pip install --quiet --no-deps timm
}

# One network: its golden is written, checked, and deleted.
check() {
    local network=$1 name="$1 has PyTorch's logits and gradients"
    if $venv/bin/python tests/parity/make_golden.py --full "$work" "$network" >"$work/log" 2>&1 &&
        "$out/tests/models/test_parity" --report "$work/$network.h5" >"$work/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name: $(grep -m1 -E 'rror|needs' "$work/log")"
        failed=1
    fi
    grep '^|' "$work/log" >>"$work/table"
    rm -f "$work/$network.h5"
}

make_environment >"$work/log" 2>&1 || {
    echo "not ok an environment with PyTorch and timm: $(tail -1 "$work/log")"
    exit 1
}
[ $# -gt 0 ] || set -- $($venv/bin/python tests/parity/make_golden.py --full --list)
for network in "$@"; do check "$network"; done
echo
echo "| network | logits: umbel, PyTorch float32 | gradients: umbel, PyTorch float32 | worst gradient |"
echo "|---|---|---|---|"
cat "$work/table"
exit $failed
