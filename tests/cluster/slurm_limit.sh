#!/bin/bash
# launch/umbel.sbatch under a real SLURM, with a time limit shorter than the run: signalled, stops with a checkpoint, requeued,
# goes on, finishes; in the bits of an undisturbed run on one rank, and no step is lost. With both launchers.
. tests/cluster/slurm_common.sh

# The run would last more than three minutes; its files become fast when it has been stopped.
# SLURM looks at its limits every 30 s, so the signal comes 60 to 90 s before the end.
limited() {
    UMBEL_LAUNCHER=$1 submit_slow set.h5 250 "$1" -N2 --time=2 --signal=B:USR1@60 -- "$WORK/run.yaml"
    wait_for 240 requeued_or_over "$1"
    fast "$1"
    finishes "$1"
    expect "$1" 'asked to stop \(SIGUSR1\)'
    expect "$1" 'stopped at step [0-9]+ \(SIGUSR1\)'
    expect "$1" 'exit code 85, newest checkpoint: step [0-9]+, 0 of 3 runs'
    no_step_lost "$1"
}

slurm_start
make_run_config
reference
limited mpirun
limited srun
finish
