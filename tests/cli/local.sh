#!/bin/bash
# launch/local: passes on exit codes; the first Ctrl-C stops with a checkpoint, the second at once.
. tests/train/common.sh
export UMBEL
unset OMPI_MCA_hwloc_base_binding_policy
make_run

# interruptible NAME MORE...: launch/local in a process group of its own, $JOB, as a shell would start it at a terminal
interruptible() {
    local name=$1
    shift
    set -m
    launch/local 2x1 "$WORK/small.yaml" --set run="$WORK/runs/$name" "$@" >"$WORK/$name.log" 2>&1 &
    JOB=$!
    set +m
}

launch/local "$WORK/small.yaml" --set run="$WORK/runs/whole" --steps 5 >"$WORK/whole.log" 2>&1
same "on the machine's own layout: exit code, step" "0 5" "$? $(newest whole)"
fails "a mistake: exit code 2" 2 '^umbel: .*bach' launch/local 2x1 "$WORK/small.yaml" --set bach=4
fails "no configuration" 2 '^launch/local: no configuration' launch/local 2x1

interruptible once && await_step once 5
kill -INT -- "-$JOB"
ended once 30
expect once "Ctrl-C" 85 'stopped at step [0-9]+ \(SIGUSR1\), with a checkpoint'
same "Ctrl-C: no step is lost" "$(last_step once)" "$(newest once)"

interruptible twice --set checkpoint.every_steps=5 && await_step twice 5
pids="$(rank_process twice 0) $(rank_process twice 1)"
kill -STOP $pids # cannot stop with a checkpoint
kill -INT -- "-$JOB"
sleep 0.3
kill -INT -- "-$JOB"
ended twice 15
differ "a second Ctrl-C: the exit code is not that of a stop with a checkpoint" 85 "$CODE"
same "a second Ctrl-C: nothing is left running" 0 "$(pgrep -fc "run=$WORK/runs/twice( |\$)")"

# An mpirun that does not take leave of its rank, which has ended, and hears no signal.
mkdir "$WORK/bin"
cat >"$WORK/bin/mpirun" <<'END'
#!/bin/sh
trap '' TERM USR1 INT HUP
true &
exec sleep 1000
END
chmod +x "$WORK/bin/mpirun"
PATH="$WORK/bin:$PATH" launch/local 1x1 "$WORK/small.yaml" >"$WORK/deserted.log" 2>&1 &
JOB=$!
ended deserted 40
expect deserted "an mpirun that hangs after its ranks have ended" 137 'all ranks have ended, but mpirun hangs; ending it'
finish
