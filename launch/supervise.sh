# Sourced by launch/local and launch/umbel-run: starts mpirun, passes on what asks it to stop, ends it when it hangs. $self is
# the name in messages. launch/umbel.sbatch has its own, since SLURM runs a copy of it from elsewhere.
asked="" # to stop
interrupts=0

say() { echo "$self: $*" >&2; }

on_interrupt() {
    interrupts=$((interrupts + 1))
    asked=yes
    if [ "$interrupts" = 1 ]; then
        say "stopping with a checkpoint; once more stops at once"
        kill -USR1 "$child"
    else
        kill -TERM "$child"
    fi
}

on_request() {
    asked=yes
    kill -USR1 "$child"
}

# Whether a process has children, but none of them lives.
is_deserted() {
    local child children
    children=$(cat "/proc/$1/task"/*/children 2>/dev/null)
    for child in $children; do
        grep -q '^State:[[:space:]]*Z' "/proc/$child/status" 2>/dev/null || return 1
    done
    [ -n "$children" ]
}

# Open MPI 4.1 with PMIx 4.2 may hang when all ranks have ended, if one was killed while MPI started: it does not take
# leave of them, and hears no other signal.
end_if_deserted() {
    local seconds=0
    while sleep 2 >/dev/null 2>&1 && kill -0 "$1" 2>/dev/null; do
        if is_deserted "$1"; then seconds=$((seconds + 2)); else seconds=0; fi
        [ "$seconds" -lt 20 ] || {
            say "all ranks have ended, but mpirun hangs; ending it"
            kill -KILL "$1"
        }
    done
}

# supervise MPIRUN...: runs it to its end, in a process group of its own: mpirun would kill its ranks at once if the terminal's
# Ctrl-C reached it. Leaves its exit code in $code. A first Ctrl-C, and TERM, HUP and USR1, stop the run with a checkpoint.
supervise() {
    local guard last
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    end_if_deserted "$child" &
    guard=$!
    trap on_interrupt INT
    trap on_request TERM HUP USR1
    [ -z "$asked" ] || kill -USR1 "$child"
    while :; do
        wait "$child"
        code=$?
        kill -0 "$child" 2>/dev/null || break
    done
    # A trap may have ended the last wait just as the run ended.
    if [ "$code" -gt 128 ]; then
        wait "$child"
        last=$?
        [ "$last" = 127 ] || code=$last
    fi
    kill "$guard" 2>/dev/null
    trap 'asked=yes' INT TERM HUP USR1
}
