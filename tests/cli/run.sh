#!/bin/bash
# launch/umbel-run: starts again after a fault, and ends in the bits of an undisturbed run; not after a mistake, a stop, or too
# many faults; without hosts that do not answer.
. tests/train/common.sh
export UMBEL
unset OMPI_MCA_hwloc_base_binding_policy
make_run
steps=240

# supervised NAME MORE...: umbel-run on two ranks in the background; its log is NAME.log, its process $JOB
supervised() {
    launch/umbel-run -n 2 -- train "$WORK/small.yaml" --set run="$WORK/runs/$1" "${@:2}" >"$WORK/$1.log" 2>&1 &
    JOB=$!
}
starts() { grep -c '^umbel-run: .* start [0-9]*: ' "$WORK/$1.log"; }

# --- a rank is killed, twice
supervised killed --steps "$steps"
for step in 5 60; do await_step killed $step && kill -KILL "$(rank_process killed 1)" 2>/dev/null; done
ended killed 120
expect killed "a rank is killed: the run is completed" 0 'ended with exit code 137; newest checkpoint: step [0-9]+; 0 of 3 runs'
same "a rank is killed: three starts" 3 "$(starts killed)"
finish_run whole 1 "$steps"
same "a rank is killed: the bits of an undisturbed run" "$(digest whole)" "$(digest killed)"

# --- asked to stop
supervised asked && await_step asked 5
kill -TERM "$JOB"
ended asked 30
expect asked "SIGTERM stops with a checkpoint" 85 'stopped at step [0-9]+ \(SIGUSR1\), with a checkpoint'
same "SIGTERM: no step is lost, no other start" "$(last_step asked) 1" "$(newest asked) $(starts asked)"
supervised rank && await_step rank 5
kill -TERM "$(rank_process rank 1)"
ended rank 30
expect rank "a rank is asked to stop: no other start" 85 'ended with exit code 85'
same "a rank is asked to stop: one start" 1 "$(starts rank)"

# --- mistakes
run() { launch/umbel-run "$@" -- train "$WORK/small.yaml" --set run="$WORK/runs/mistake"; }
fails "a mistake in the configuration" 2 '^umbel: .*bach' launch/umbel-run -- train "$WORK/small.yaml" --set bach=4
same "a mistake in the configuration: not even one start" 0 "$(grep -c ' start ' "$WORK/err")"
fails "a mistake that only ranks find" 2 "another start would not change that" launch/umbel-run -- train "$WORK/small.yaml" --set run="$WORK/runs/killed"
same "a mistake that only ranks find: one start" 1 "$(grep -c " start [0-9]*: " "$WORK/err")"
fails "no such number of ranks" 2 '^umbel-run: -n: must be' run -n two
fails "no such number of tries" 2 '^umbel-run: --tries: must be' run --tries 0
fails "more ranks than slots" 2 '^umbel-run: -n: 5 ranks, but the hosts have 4 slots' run -n 5 --hosts a:2,b:2
fails "slots that are no number" 2 '^umbel-run: --hosts: the slots of b' run --hosts a:2,b:x
fails "no such file of hosts" 2 '^umbel-run: --hosts: there is no file none/hosts' run --hosts none/hosts
fails "an option that is not there" 2 '^umbel-run: --host: no such option' run --host a
fails "another command" 2 '^umbel-run: after the options comes "train"' launch/umbel-run -- eval x

# --- without MPI: what mpirun is told, how often it is started
mkdir "$WORK/bin"
cat >"$WORK/bin/mpirun" <<'END'
#!/bin/bash
echo "$*" >>"$WORK/calls"
read -r code rest <"$WORK/codes"
echo "$rest" >"$WORK/codes"
exit "${code:-0}"
END
cat >"$WORK/bin/agent" <<'END'
#!/bin/bash
grep -qx "$1" "$WORK/alive" || exit 255
shift
exec "$@"
END
chmod +x "$WORK/bin"/*
export WORK
# pretend CODES OPTIONS...: with an mpirun that exits with these codes, one after the other
pretend() {
    rm -f "$WORK/calls"
    echo "$1" >"$WORK/codes"
    shift
    PATH="$WORK/bin:$PATH" launch/umbel-run --agent "$WORK/bin/agent" "$@" -- train "$WORK/small.yaml" --set run="$WORK/runs/none" >"$WORK/pretend.log" 2>&1
    CODE=$?
}
calls() { sed "s| --bind-to none.*||" "$WORK/calls"; }
for code in 2 3 86; do
    pretend $code
    same "exit code $code: another start would not change it" "$code 1" "$CODE $(wc -l <"$WORK/calls")"
done
pretend "137 75 137 0" --tries 2
same "two runs without a checkpoint: gives up" "75 2" "$CODE $(wc -l <"$WORK/calls")"
same "the first start as it was asked for, the second resumes" "0 1" "$(sed -n 1p "$WORK/calls" | grep -c -- --resume) $(sed -n 2p "$WORK/calls" | grep -c -- --resume)"
printf 'a\nb\n' >"$WORK/alive"
pretend 0 --hosts a:2,b:2,c:2
same "a host that does not answer is left out" "-n 4 --host a:2,b:2" "$(calls)"
expect pretend "it is named" 0 '^umbel-run: c: no answer'
printf '# hosts\na slots=4\nb\n' >"$WORK/hosts"
pretend 0 --hosts "$WORK/hosts" -n 3
same "a file of hosts, fewer ranks than slots" "-n 3 --host a:4,b:2" "$(calls)"
: >"$WORK/alive"
pretend 0 --hosts a,b --tries 1
same "no host answers" "4 0" "$CODE $(cat "$WORK/calls" 2>/dev/null | wc -l)"

# --- asked to stop between two runs
echo "137 0" >"$WORK/codes"
rm -f "$WORK/calls"
PATH="$WORK/bin:$PATH" launch/umbel-run -- train "$WORK/small.yaml" --set run="$WORK/runs/none" >"$WORK/between.log" 2>&1 &
JOB=$!
await between 'starting again'
kill -TERM "$JOB"
ended between 10
expect between "asked to stop between two runs" 85 'asked to stop, so there is no other start'
same "asked to stop between two runs: one start" 1 "$(wc -l <"$WORK/calls")"
finish
