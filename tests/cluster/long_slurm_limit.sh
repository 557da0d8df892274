#!/bin/bash
# launch/umbel.sbatch under a real SLURM, with a time limit shorter than the run: signalled, stops with a checkpoint, requeued,
# goes on, finishes; in the bits of an undisturbed run on one rank, and no step is lost. With both launchers, the second one on fewer nodes after the requeue.
. tests/cluster/slurm_common.sh

# A signal comes up to 65 s before the end, at one of SLURM's looks every 30 s: within half a minute.
limit=(--time=1 --signal=B:USR1@5)

# Each "stopped at step N" is followed by "resuming ... at step N".
no_step_lost() {
    grep -oE '(stopped|resuming .*) at step [0-9]+' "$WORK/$1.log" | sed -E 's/.* (step [0-9]+)$/\1/' | awk '
        NR % 2 == 1 { stopped = $2 } NR % 2 == 0 && $2 != stopped { wrong = 1 } END { exit wrong || NR < 2 || NR % 2 }'
}

# finishes NAME: waits for job $job and compares its end with the undisturbed run
finishes() {
    wait_for 400 job_over "$job"
    same "$1: state of the job" "$(job_state "$job")" COMPLETED
    expect "$1" 'asked to stop \(SIGUSR1\)'
    expect "$1" 'stopped at step [0-9]+ \(SIGUSR1\)'
    expect "$1" 'exit code 85, newest checkpoint: step [0-9]+, 0 of 3 runs'
    if no_step_lost "$1"; then ok "$1: no step is lost"; else not_ok "$1: no step is lost" "$(grep -E 'stopped|resuming' "$WORK/$1.log" | tr '\n' '|')"; fi
    same "$1: digest of the undisturbed run" "$(digest reference)" "$(digest "$1")"
    [ -e "$WORK/runs/$1/failures" ] && not_ok "$1" "left its count of failures behind"
    echo "# $1: $(grep -c 'umbel.sbatch: job' "$WORK/$1.log") starts, $(grep -oE 'start [0-9]+, [0-9: -]+' "$WORK/$1.log" | tr '\n' ';')"
}

slurm_start
make_run_config "${SECONDS_OF_RUN:-75}"
reference

submit mpirun -N2 "${limit[@]}" -- "$WORK/run.yaml"
finishes mpirun

export UMBEL_LAUNCHER=srun
submit srun -N2 "${limit[@]}" -- "$WORK/run.yaml"
wait_for 100 said srun 'requeued$'
wait_for 30 job_waits "$job"
scontrol update jobid="$job" NumNodes=1 NumTasks=1
scontrol update nodename=node2 state=drain reason=test
finishes srun
expect srun 'start 1, .* on node\[1-2\]'
expect srun 'start 2, .* on node1,'
finish
