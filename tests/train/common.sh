# Sourced by the scripts that stop, kill and suspend ranks: a small run, and the processes of its ranks.
. tests/cli/common.sh

# make_run: $WORK/good.h5 and $WORK/small.yaml, whose steps last some milliseconds.
make_run() {
    "$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 120 40 0.2 1
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/good.h5" >"$WORK/pack.log" 2>&1 ||
        not_ok "pack" "$(tail -1 "$WORK/pack.log")"
    cat >"$WORK/small.yaml" <<END
pack: $WORK/good.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 100000
workers: 1
log_every: 1
checkpoint: {every_steps: 5, keep: 3}
END
}

# start NAME RANKS MORE...: a run in the background, in folder $WORK/runs/NAME, with log $WORK/NAME.log; its process is $JOB.
start() {
    local name=$1 n=$2
    shift 2
    "${MPIRUN[@]}" -n "$n" "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/$name" "$@" >"$WORK/$name.log" 2>&1 &
    JOB=$!
}

# finish_run NAME RANKS STEPS MORE...: goes on, or begins, up to a step, in the foreground
finish_run() {
    local name=$1 n=$2 steps=$3 launch=()
    shift 3
    [ "$n" = 1 ] || launch=("${MPIRUN[@]}" -n "$n")
    timeout 120 "${launch[@]}" "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/$name" \
        --steps "$steps" --resume "$@" >>"$WORK/$name.log" 2>&1
}

# The process of a rank of run NAME; empty: there is none.
rank_process() {
    local process
    for process in $(pgrep -f "run=$WORK/runs/$1( |\$)"); do
        tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | grep -qE "^(OMPI_COMM_WORLD|PMI)_RANK=$2\$" && echo "$process" && return
    done
}

# await NAME PATTERN [SECONDS]: until a line of the log matches
await() {
    local tries=$((${3:-60} * 20))
    while ! grep -qE -- "$2" "$WORK/$1.log" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { not_ok "$1" "'$2' is not in its log: $(tail -3 "$WORK/$1.log" | tr '\n' '|')"; return 1; }
        sleep 0.05
    done
}

# await_step NAME STEP: until the run has a checkpoint of at least that step
await_step() {
    local tries=1200
    while [ "$(newest "$1")" -lt "$2" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { not_ok "$1" "does not come to step $2: $(tail -3 "$WORK/$1.log" | tr '\n' '|')"; return 1; }
        sleep 0.05
    done
}

# Step of the newest checkpoint, and of the last record; 0 without one.
newest() {
    local step
    step=$(find "$WORK/runs/$1/checkpoint" -name 'step-*.h5' 2>/dev/null | sed 's/.*step-\([0-9]*\).h5/\1/' | sort -n | tail -1)
    echo "${step:-0}"
}
last_step() {
    local step
    step=$(sed -n 's/.*"kind":"train","step":\([0-9]*\).*/\1/p' "$WORK/runs/$1/metrics.jsonl" 2>/dev/null | tail -1)
    echo "${step:-0}"
}
digest() { "$UMBEL" digest "$WORK/runs/$1/checkpoint/last"; }

# ended NAME SECONDS: waits for $JOB, at most so long; its exit code is $CODE, "running" if it did not end (then it is ended),
# the time it took $TOOK.
ended() {
    local begin=$SECONDS
    while kill -0 "$JOB" 2>/dev/null && [ $((SECONDS - begin)) -lt "$2" ]; do sleep 0.1; done
    TOOK=$((SECONDS - begin))
    if kill -0 "$JOB" 2>/dev/null; then
        kill -KILL $(pgrep -f "run=$WORK/runs/$1( |\$)") 2>/dev/null
        wait "$JOB" 2>/dev/null
        CODE=running
        return
    fi
    wait "$JOB" 2>/dev/null
    CODE=$?
}

# expect NAME TEST CODE PATTERN: the run that has ended had this exit code, and one line or more of its log match
expect() {
    if [ "$CODE" != "$3" ]; then
        not_ok "$2" "exit code $CODE, not $3: $(tail -4 "$WORK/$1.log" | tr '\n' '|')"
    elif ! grep -qE -- "$4" "$WORK/$1.log"; then
        not_ok "$2" "no line matches '$4': $(grep '^umbel' "$WORK/$1.log" | tail -4 | tr '\n' '|')"
    else
        ok "$2"
    fi
}

# stopped NAME TEST PATTERN: exit code 85, a checkpoint of the last step that was done, the newest
stopped() {
    expect "$1" "$2" 85 "$3"
    same "$2: no step is lost" "$(last_step "$1")" "$(newest "$1")"
}

# make_slow: options $slow, for a network whose steps and validation last a second or so: one step per epoch, then four times as many images to validate.
make_slow() {
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --labels shape,colour --split train=0.2,val=0.8 \
        --out "$WORK/slow.h5" >"$WORK/pack.log" 2>&1 || not_ok "pack" "$(tail -1 "$WORK/pack.log")"
    slow="--set pack=$WORK/slow.h5 --set image=448 --set trunk.patch=4 --set trunk.dims=[40,80,160,320]"
}
