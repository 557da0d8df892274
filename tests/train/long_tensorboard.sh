#!/bin/bash
# TensorBoard itself and pandas, from PyPI, on what a resumed run has written: EventAccumulator, then the server over HTTP.
. tests/train/common.sh
export PYTHONDONTWRITEBYTECODE=1
python="$PWD/build/tensorboard/bin/python" # made once
if ! "$python" -c 'import h5py, pandas, PIL, tensorboard' >/dev/null 2>&1; then
    { "$PYTHON" -m venv build/tensorboard && "$python" -m pip install --quiet h5py pandas pillow tensorboard; } >"$WORK/log" 2>&1 ||
        { not_ok "TensorBoard from PyPI" "$(tail -1 "$WORK/log")"; finish; }
fi
make_run
finish_run resumed 2 8 --set tensorboard=true
rm "$WORK/runs/resumed/checkpoint/step-8.h5"
finish_run resumed 3 24 --set tensorboard=true
"$UMBEL" report "$WORK/runs/resumed" --csv "$WORK/figures.csv" || not_ok "report --csv" "failed"

"$python" tests/train/tensorboard_itself.py "$WORK/runs" "$WORK/figures.csv" >"$WORK/out" 2>"$WORK/err"
code=$?
grep -E '^(ok|#) ' "$WORK/out"
[ "$code" = 0 ] && ok "all of it" || not_ok "TensorBoard" "$(tail -1 "$WORK/err")"
finish
