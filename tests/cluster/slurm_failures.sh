#!/bin/bash
# launch/umbel.sbatch when runs fail: a killed rank costs nothing but the steps since the last checkpoint, a run that fails
# again and again is given up, a mistake or bad data is not tried twice.
. tests/cluster/slurm_common.sh

export UMBEL_TRIES=2
starts() { grep -c 'umbel.sbatch: job' "$WORK/$1.log"; }
# A rank is killed, more often than the tries that are allowed, each time after a newer checkpoint.
killed() {
    local name=killed-$1 kill
    UMBEL_LAUNCHER=$1 submit_slow set.h5 250 "$name" -N2 -- "$WORK/run.yaml" --set checkpoint.every_steps=1
    for kill in 1 2 3; do
        local before
        before=$(newest "$name")
        wait_for 120 said "$name" "start $kill,"
        wait_for 120 newer_than "$name" "$before"
        kill -KILL "$(ranks_of "$name" | head -1)" || not_ok "$name" "no rank to kill"
    done
    fast "$name"
    finishes "$name"
    same "$name: starts" "$(starts "$name")" 4
}

# fails_after NAME CODE STARTS SETTING...: the job fails with CODE after so many starts
fails_after() {
    local name=$1 code=$2 starts=$3
    shift 3
    submit "$name" -N1 -- "$WORK/run.yaml" "$@"
    wait_for 240 job_over "$job"
    same "$name: state of the job" "$(job_state "$job")" FAILED
    same "$name: exit code" "$(scontrol show job "$job" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p')" "$code"
    same "$name: starts" "$(starts "$name")" "$starts"
}

# A pack whose images are all damaged.
zero_images() {
    cp "$WORK/set.h5" "$WORK/zeros.h5"
    "$PYTHON" - "$WORK/zeros.h5" <<'END'
import sys, h5py
with h5py.File(sys.argv[1], "r") as file:
    data = file["images/bytes"]
    begin, size = data.id.get_offset(), data.shape[0]
with open(sys.argv[1], "r+b") as file:
    file.seek(begin)
    file.write(bytes(size))
END
}

slurm_start
make_run_config
reference
killed mpirun
killed srun

fails_after no-pack 4 2 --set pack="$WORK/none.h5"
expect no-pack 'gives up: 2 runs in a row ended without a newer checkpoint, the last with exit code 4'
fails_after mistake 2 0 --set btch=8
expect mistake 'btch: unknown key; did you mean batch'
head -c 4096 /dev/urandom >"$WORK/damaged.h5"
fails_after damaged 3 1 --set pack="$WORK/damaged.h5"
expect damaged 'exit code 3, which another try would not change; not requeued'
zero_images
fails_after hopeless 86 1 --set pack="$WORK/zeros.h5"
expect hopeless 'exit code 86, which another try would not change; not requeued'
finish
