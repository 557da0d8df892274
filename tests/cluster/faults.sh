#!/bin/bash
# Random faults, by a seed, until every run is complete: 20 of them. FAULTS and SEED choose others.
. tests/train/common.sh
make_run
"$PYTHON" tests/cluster/faults.py "$UMBEL" "$WORK/small.yaml" "$WORK" "${FAULTS:-20}" "${SEED:-1}"
