# Sourced by the SLURM tests of this folder: $1 is the build folder, $2 a temporary folder. SLURM with two nodes on this
# machine: munged, slurmctld and two slurmd, each with a host name of its own, since Open MPI would otherwise take their
# shared memory for one. All in namespaces of processes, network, mounts and host names: whatever happens, all of it ends with the test.
if [ "${UMBEL_TEST_NAMESPACE:-}" != slurm ]; then
    export UMBEL_TEST_NAMESPACE=slurm
    exec unshare --pid --fork --kill-child=KILL --mount --mount-proc --uts --ipc --net "$0" "$@"
fi
trap "exit 1" TERM INT # the first process of a namespace would ignore them
. tests/cli/common.sh

SLURM=$WORK/slurm
export SLURM_CONF=$SLURM/slurm.conf
export TMPDIR=$WORK/tmp

# Nodes share one address; a rank of one node reaches the other by it.
make_network() {
    ip link set lo up
    ip link add eth0 type veth peer name eth1
    ip link set eth1 up
    ip link set eth0 up
    ip addr add 10.77.0.1/24 dev eth0
    mount -t tmpfs tmpfs /dev/shm
}

# cred_expire is also how long a requeued job is held: 2 minutes by default.
write_slurm_conf() {
    cat >"$SLURM/slurm.conf" <<END
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$SLURM/munge.socket,cred_expire=5
StateSaveLocation=$SLURM/state
SlurmctldPidFile=$SLURM/slurmctld.pid
SlurmdSpoolDir=$SLURM/spool.%n
SlurmdPidFile=$SLURM/slurmd.%n.pid
SlurmdLogFile=$SLURM/slurmd.%n.log
SlurmctldLogFile=$SLURM/slurmctld.log
TmpFS=$SLURM/tmp.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
JobRequeue=1
KillWait=30
MpiDefault=none
NodeName=node1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17001 CPUs=16 RealMemory=1000 State=UNKNOWN
NodeName=node2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17002 CPUs=16 RealMemory=1000 State=UNKNOWN
PartitionName=debug Nodes=node[1-2] Default=YES MaxTime=INFINITE State=UP
END
    printf '%s\n' CgroupPlugin=cgroup/v1 ConstrainCores=no ConstrainRAMSpace=no >"$SLURM/cgroup.conf"
}

# wait_for SECONDS COMMAND...: until it succeeds; false if it does not in time
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

nodes_idle() { [ "$(sinfo -h -N -o %T 2>/dev/null | grep -cx idle)" = 2 ]; }

slurm_start() {
    mkdir -p "$SLURM"/{state,spool.node1,spool.node2,tmp.node1,tmp.node2} "$TMPDIR"
    make_network
    write_slurm_conf
    (umask 077; head -c 128 /dev/urandom >"$SLURM/munge.key")
    munged --force --foreground --socket="$SLURM/munge.socket" --key-file="$SLURM/munge.key" --pid-file="$SLURM/munged.pid" \
        --log-file="$SLURM/munged.log" --seed-file="$SLURM/munged.seed" >"$SLURM/munged.out" 2>&1 &
    wait_for 30 test -S "$SLURM/munge.socket"
    slurmctld -D >"$SLURM/slurmctld.out" 2>&1 &
    for node in node1 node2; do
        unshare --uts -- sh -c "hostname $node; exec slurmd -D -N $node" >"$SLURM/$node.out" 2>&1 &
    done
    wait_for 90 nodes_idle && return
    not_ok "SLURM starts" "$(sinfo -N -l 2>&1 | tail -2 | tr '\n' '|') $(tail -n 2 "$SLURM"/*.log "$SLURM"/*.out | tr '\n' '|')"
    exit 1
}

job_state() { scontrol show job "$1" 2>/dev/null | sed -n 's/^ *JobState=\([A-Z]*\).*/\1/p'; }
job_waits() { [ "$(job_state "$1")" = PENDING ]; }
job_over() { case $(job_state "$1") in COMPLETED | FAILED | TIMEOUT | CANCELLED | NODE_FAIL | "") true ;; *) false ;; esac; }

# make_run_config: the pack $WORK/set.h5, and $WORK/run.yaml, a run of 180 steps. Its length is a matter of the machine, unless
# its files are slow (submit_slow).
make_run_config() {
    "$PYTHON" "$TESTS/make_dataset.py" "$WORK/set" 240 40 0.3 1
    "$UMBEL" pack --manifest "$WORK/set/manifest.csv" --root "$WORK/set" --out "$WORK/set.h5" >"$WORK/pack.log" 2>&1 ||
        not_ok pack "$(tail -1 "$WORK/pack.log")"
    cat >"$WORK/run.yaml" <<END
pack: $WORK/set.h5
image: 32
trunk: {kind: resnet20}
batch: 16
lane: 4
epochs: 15
seed: 3
optimizer: {kind: adamw, lr: 2e-3}
checkpoint: {every_steps: 20, keep: 3}
END
    cc -shared -fPIC -O1 -o "$WORK/stuck.so" tests/cluster/stuck.c -ldl || not_ok "stuck.so" "does not compile"
}

digest() { "$UMBEL" digest "$WORK/runs/$1/checkpoint/last"; }

# reference: the run without any disturbance, on one rank
reference() {
    "$UMBEL" train "$WORK/run.yaml" --set run="$WORK/runs/reference" >"$WORK/reference.log" 2>&1 ||
        not_ok "undisturbed run" "$(tail -2 "$WORK/reference.log" | tr '\n' '|')"
}

# submit NAME SBATCH-OPTION... -- ARGUMENT...: launch/umbel.sbatch with run folder NAME; $job is its number, $WORK/NAME.log what it says
submit() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    wait_for 120 nodes_idle || not_ok "$name" "the nodes do not come to rest: $(sinfo -h -N -o '%N %T' | tr '\n' '|')"
    job=$(UMBEL=$UMBEL sbatch --parsable --output="$WORK/$name.log" "${options[@]}" launch/umbel.sbatch "$@" --set run="$WORK/runs/$name")
}

# submit_slow FILE MILLISECONDS NAME ...: like `submit`; until `fast NAME`, each read, write and sync of files whose path contains
# FILE takes so much longer. With 250 ms for each image a step lasts a second at least, whatever the machine: a lane of four.
submit_slow() {
    local file=$1 name=$3
    slow "$3" "$2"
    shift 2
    UMBEL="env LD_PRELOAD=$WORK/stuck.so UMBEL_STUCK_TRIGGER=$WORK/$name.slow UMBEL_STUCK_FILE=$file $UMBEL" submit "$@"
}
# slow NAME MILLISECONDS: from now on; the file appears as a whole, since an empty one means "for ever"
slow() { echo "$2" >"$WORK/$1.slow.new" && mv "$WORK/$1.slow.new" "$WORK/$1.slow"; }
fast() { rm -f "$WORK/$1.slow"; }

# The processes of the ranks of a run, on both nodes.
ranks_of() {
    local pid
    for pid in $(pgrep -f "umbel train .*runs/$1 .*--resume"); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = umbel ] && echo "$pid"; done
}

# Step of the run's newest checkpoint; 0: none.
newest() {
    local step
    step=$(find "$WORK/runs/$1/checkpoint" -name 'step-*.h5' 2>/dev/null | sed 's/.*step-\([0-9]*\).h5/\1/' | sort -n | tail -1)
    echo "${step:-0}"
}
newer_than() { [ "$(newest "$1")" -gt "$2" ]; }

# finishes NAME: waits for $job and compares its end with that of the undisturbed run
finishes() {
    wait_for 300 job_over "$job"
    same "$1: state of the job" "$(job_state "$job")" COMPLETED
    same "$1: digest of the undisturbed run" "$(digest reference)" "$(digest "$1")"
    [ -e "$WORK/runs/$1/failures" ] && not_ok "$1" "left its count of failures behind"
    echo "# $1: $(grep -c 'umbel.sbatch: job' "$WORK/$1.log") starts, $(grep -oE 'start [0-9]+, [0-9: -]+' "$WORK/$1.log" | tr '\n' ';')"
}

# requeued_or_over NAME: whether $job has asked for its requeue, or ended without
requeued_or_over() { said "$1" 'requeued$' || job_over "$job"; }

# no_step_lost NAME: each "stopped at step N" is followed by "resuming ... at step N"
no_step_lost() {
    local steps
    steps=$(grep -oE '(stopped|resuming .*) at step [0-9]+' "$WORK/$1.log" | sed -E 's/(\w+).* (step [0-9]+)$/\1 \2/')
    if awk 'NR % 2 == 1 { stopped = $3 } NR % 2 == 0 && $3 != stopped { wrong = 1 } END { exit wrong || NR < 2 || NR % 2 }' <<<"$steps"
    then ok "$1: no step is lost"; else not_ok "$1: no step is lost" "$(tr '\n' '|' <<<"$steps")"; fi
}

# said NAME PATTERN [TIMES]: whether the job's log has it (at least TIMES times)
said() { [ "$(grep -sE -- "$2" "$WORK/$1.log" | wc -l)" -ge "${3:-1}" ]; }

# expect NAME PATTERN: a test that the job said it
expect() { if said "$1" "$2"; then ok "$1: says '$2'"; else not_ok "$1" "did not say '$2': $(tail -5 "$WORK/$1.log" | tr '\n' '|')"; fi; }
