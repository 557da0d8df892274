#!/bin/bash
# Published CIFAR-10 networks, imported and scored on the 10,000 test images. UMBEL_PUBLISHED names a folder with
# resnet20-12fca82f.safetensors and resnet56-4bfd9763.safetensors (akamaster/pytorch_resnet_cifar10) and cifar10-test/,
# the images with a manifest.csv (columns path, class, split); without it, nothing is checked.
. tests/cli/common.sh
folder=${UMBEL_PUBLISHED:-}
if [ -z "$folder" ]; then
    echo "# UMBEL_PUBLISHED names no folder with published networks: skipped"
    ok "published networks (skipped)"
    finish
fi
"$UMBEL" pack --manifest "$folder/cifar10-test/manifest.csv" --root "$folder/cifar10-test" --out "$WORK/cifar10.h5" >/dev/null 2>&1

correct() { ranks "$1" "$UMBEL" eval "$WORK/$2.h5" --pack "$WORK/cifar10.h5" --json - 2>/dev/null | sed -n 's/.*"correct": \([0-9]*\).*/\1/p' | head -1; }
# scored NAME FILE LOW HIGH RANKS...: as many of the 10,000 are right, the same number on each of the RANKS
scored() {
    local network=$1 low=$3 high=$4 counts="" n
    "$UMBEL" import "$folder/$2" --trunk "$network" --out "$WORK/$network.h5" >/dev/null || not_ok "import $network" "failed"
    shift 4
    for n in "$@"; do counts="$counts $(correct "$n" "$network")"; done
    echo "# $network:$counts of 10000 correct, on $* ranks"
    same "$network: the same number on $* ranks" $counts
    set -- $counts
    if [ "${1:-0}" -ge "$low" ] && [ "$1" -le "$high" ]; then ok "$network: as published"; else not_ok "$network: as published" "$1 correct"; fi
}
scored resnet20 resnet20-12fca82f.safetensors 9171 9175 1 2 3
scored resnet56 resnet56-4bfd9763.safetensors 9334 9344 1
finish
