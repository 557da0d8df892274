#!/bin/bash
# launch/umbel.sbatch under a real SLURM, with both launchers: scancel and scontrol requeue in the middle of a step and of a checkpoint,
# each time going on with another number of nodes; and a limit of which SLURM does not warn. All end in the bits of an undisturbed run on one rank.
. tests/cluster/slurm_common.sh

is_writing() { [ -n "$(find "$WORK/runs/$1/checkpoint" -name '*.tmp-*' 2>/dev/null)" ]; }
in_a_step() { newer_than "$1" 0 && ! is_writing "$1"; }
in_a_checkpoint() { newer_than "$1" 0 && is_writing "$1"; }
no_ranks() { [ -z "$(ranks_of "$1")" ]; }
nodes() { scontrol update nodename="node[1-2]" state="$1" reason=test; }
resize() { scontrol update jobid="$job" NumNodes="$1-$1" NumTasks="$1" 2>"$WORK/resize"; }

# The nodes of the job's last start.
last_nodes() { sed -nE 's/^umbel.sbatch: job .* on (node[^,]*),.*/\1/p' "$WORK/$1.log" | tail -1; }

# interrupted LAUNCHER COMMAND MOMENT NODES THEN: `scancel` or `scontrol requeue` in the middle of a step or of a checkpoint of a run
# on so many nodes, which then goes on with so many
interrupted() {
    local launcher=$1 command=$2 moment=$3 nodes=$4 then=$5 name=$1-$2-$3 before stopped
    export UMBEL_LAUNCHER=$launcher
    case $moment in
    step) submit_slow set.h5 250 "$name" -N"$nodes" -- "$WORK/run.yaml" --set checkpoint.every_steps=4 ;;
    checkpoint) submit_slow .h5.tmp- 30 "$name" -N"$nodes" -- "$WORK/run.yaml" ;; # 300 writes: 9 s
    esac
    wait_for 240 "in_a_$moment" "$name" || not_ok "$name" "is never in a $moment: $(tail -3 "$WORK/$name.log" | tr '\n' '|')"
    slow "$name" 2000 # nor does it end before the command has come
    before=$(newest "$name")
    case $command in
    scancel) scancel "$job" ;;
    requeue) nodes drain && scontrol requeue "$job" ;; # waits until its size is changed
    esac
    # Ranks under srun have KillWait seconds for what they are at and a checkpoint; those under mpirun are killed amidst it.
    [ "$launcher" = srun ] && fast "$name"
    if wait_for 90 no_ranks "$name"; then ok "$name: no rank is left"; else not_ok "$name: no rank is left" "$(ranks_of "$name" | tr '\n' ' ')"; fi
    stopped=$(newest "$name")
    case $launcher-$moment in
    srun-*) expect "$name" "stopped at step $stopped \(SIGTERM\)" ;;
    mpirun-checkpoint)
        same "$name: the checkpoint under way does not count" "$stopped" "$before"
        if is_writing "$name"; then ok "$name: it is left unfinished"; else not_ok "$name: it is left unfinished" "there is none"; fi
        ;;
    esac

    fast "$name"
    case $command in
    scancel)
        wait_for 90 job_over "$job"
        same "$name: state after scancel" "$(job_state "$job")" CANCELLED
        submit "$name" -N"$then" -- "$WORK/run.yaml" $([ "$moment" = step ] && echo --set checkpoint.every_steps=4)
        ;;
    requeue)
        wait_for 90 job_waits "$job" && wait_for 90 resize "$then" || not_ok "$name: another number of nodes" "$(tail -1 "$WORK/resize")"
        nodes resume
        ;;
    esac
    finishes "$name"
    expect "$name" "resuming .* at step $stopped"
    same "$name: nodes" "$(last_nodes "$name")" "$([ "$then" = 2 ] && echo 'node[1-2]' || echo node1)"
    is_writing "$name" && not_ok "$name" "the unfinished checkpoint is still there"
}

# SLURM's warning is one that nobody hears, so umbel has to look at the clock. The run would last more than three minutes.
unwarned() {
    local name=$1-unwarned
    UMBEL_LAUNCHER=$1 submit_slow set.h5 250 "$name" -N2 --time=2 --signal=B:URG@1 -- "$WORK/run.yaml"
    wait_for 300 requeued_or_over "$name"
    fast "$name"
    finishes "$name"
    expect "$name" "stopped at step [0-9]+ \(the end of the job's time\)"
    expect "$name" 'exit code 85, newest checkpoint: step [0-9]+, 0 of 3 runs'
    no_step_lost "$name"
}

slurm_start
make_run_config
reference
for launcher in mpirun srun; do
    interrupted $launcher scancel step 2 1
    interrupted $launcher requeue step 1 2
    interrupted $launcher scancel checkpoint 1 2
    interrupted $launcher requeue checkpoint 2 1
    unwarned $launcher
done
finish
