#!/bin/bash
# umbel doctor: misconfigurations are planted for real, each is named in one line; a healthy launch is not.
. tests/cli/common.sh
cd "$WORK" || exit 1
# The limits are for what hangs: a start alone takes seconds on a busy machine.
doctor() { timeout 300 "$UMBEL" doctor "$@"; }
# mpirun waits before it kills what is left of a failed job; here nothing is.
launch() { timeout 300 mpirun --mca odls_base_sigkill_timeout 0 "$@"; }
# What a launch under mpirun may or may not bind is up to each test.
unset OMPI_MCA_rmaps_base_oversubscribe OMPI_MCA_hwloc_base_binding_policy OPENBLAS_NUM_THREADS OMP_NUM_THREADS GOTO_NUM_THREADS
unset SLURM_JOB_END_TIME SLURM_CPUS_ON_NODE

# What was found in `out`, but for advice on this machine and moment: several interfaces, a busy disk, a rank that was not
# given a core in time to tell its clock. tests/doctor/test_checks.c has these.
found() {
    grep -E '^(problem|advice): ' out | grep -vE '^advice: (sync: |clocks: |interfaces: Open MPI spreads its messages)'
}

# names NAME CODE PATTERN COMMAND...: exits with CODE and finds one thing, whose line matches PATTERN
names() {
    local name=$1 code=$2 pattern=$3 rc
    shift 3
    "$@" >out 2>err
    rc=$?
    if [ "$rc" != "$code" ]; then
        not_ok "$name" "exit code $rc, not $code: $(grep -E '^(problem|advice|umbel): ' out err | tr '\n' '|')"
    elif [ "$(found | wc -l)" != 1 ] || ! found | grep -qE "^(problem|advice): $pattern"; then
        not_ok "$name" "not one line with '$pattern': $(found | tr '\n' '|')"
    else
        ok "$name"
    fi
}
healthy() {
    local name=$1 rc
    shift
    "$@" >out 2>err
    rc=$?
    if [ "$rc" = 0 ] && grep -q '^no problems found' out && [ -z "$(found)" ]; then
        ok "$name"
    else
        not_ok "$name" "exit code $rc: $(grep -hE '^(problem|advice|umbel)' out err | tr '\n' '|')"
    fi
}
skip() { ok "$1 (not possible here: $2)"; }

"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
for seed in 1 2; do
    "$UMBEL" pack --manifest set/manifest.csv --root set --split train=0.8,val=0.1,test=0.1 --seed $seed --out pack$seed.h5 >log 2>&1 ||
        not_ok "pack" "$(head -1 log)"
done
cat >good.yaml <<'END'
pack: pack1.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 2
run: runs/one
workers: 1
END
cores=$(doctor --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["hosts"][0]["cores"])')
threads=$(doctor --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["hosts"][0]["hardware_threads"])')

# --- healthy
healthy "a healthy launch, alone" doctor good.yaml
if [ "$cores" -ge 2 ]; then
    healthy "a healthy launch of two ranks" launch -n 2 --bind-to core "$UMBEL" doctor good.yaml
    same "the link between two ranks" 1 "$(grep -cE '^links +within a host: [0-9.]+ to [0-9.]+ Gbit/s, at most [0-9]+ us' out)"
else
    skip "a healthy launch of two ranks" "one core"
fi
healthy "a time limit longer than an epoch" env SLURM_JOB_END_TIME=$(($(date +%s) + 3600)) "$UMBEL" doctor good.yaml
if [ -e runs ]; then not_ok "nothing is left behind" "$(find runs | head -3 | tr '\n' ' ')"; else ok "nothing is left behind"; fi
doctor good.yaml --json >report.json
same "JSON: problems, hosts, a time per epoch" "0 1 True" "$("$PYTHON" -c '
import json
r = json.load(open("report.json"))
print(r["problems"], len(r["hosts"]), 0 < r["step_seconds"] < r["epoch_seconds"])')"
launch -n 3 --oversubscribe --bind-to none "$UMBEL" doctor --json >report.json 2>err
same "JSON: three ranks have three links" "3 True" "$("$PYTHON" -c '
import json
links = [r["next_bandwidth"] / r["next_latency"] > 0 for r in json.load(open("report.json"))["ranks"]]
print(len(links), all(links))')"

# --- cores
if [ "$cores" -ge 2 ]; then
    names "bound to one core while others are idle" 4 "idle cores: .*bound to 1 of the $cores cores.*--bind-to none" \
        launch -n 1 --bind-to core "$UMBEL" doctor good.yaml --set workers=0
    names "taskset leaves cores idle" 4 "idle cores: .*without taskset" taskset -c 0 "$UMBEL" doctor
    names "two ranks pinned on one core" 4 "crowding: .*share 1 .*idle; start with mpirun --map-by" \
        launch -n 2 --bind-to none taskset -c 0 "$UMBEL" doctor good.yaml
    names "two ranks that are not bound, each with a worker per core" 4 "crowding: all 2 ranks .*: $((2 * threads)) workers share $threads .*set workers: " \
        launch -n 2 --bind-to none "$UMBEL" doctor good.yaml --set workers=0 --set batch=32 --set lane=1
else
    skip "affinity" "one core"
fi
names "more workers than cores" 4 "workers: rank 0 .*: $((threads + 1)) workers run on the $threads .*set workers: $threads" \
    doctor good.yaml --set workers=$((threads + 1)) --set lane=1
names "threads asked of BLAS" 0 "BLAS threads: .*OPENBLAS_NUM_THREADS=8.*unset it" \
    env OPENBLAS_NUM_THREADS=8 "$UMBEL" doctor good.yaml

# --- programs
one=(env "$UMBEL" doctor good.yaml)
two() { # COMMAND-OF-RANK-0 -- COMMAND-OF-RANK-1
    local first=()
    while [ "$1" != -- ]; do
        first+=("$1")
        shift
    done
    shift
    launch --bind-to core -n 1 "${first[@]}" : -n 1 "$@"
}
if [ "$cores" -lt 2 ]; then
    skip "two ranks that differ" "one core"
    finish
fi
if [ "$(uname -m)" = x86_64 ]; then
    names "kernels that differ" 4 "programs: kernels: .*export UMBEL_ISA=v2" \
        two env UMBEL_ISA=v3 "${one[@]}" -- env UMBEL_ISA=v2 "${one[@]}"
    names "OpenBLAS cores that differ" 4 "programs: BLAS core: .*export OPENBLAS_CORETYPE=" \
        two env UMBEL_GEMM=openblas OPENBLAS_CORETYPE=Haswell "${one[@]}" -- env UMBEL_GEMM=openblas OPENBLAS_CORETYPE=Nehalem "${one[@]}"
fi

# --- configuration, pack, run folder
names "a configuration for one rank only" 4 "configuration: some ranks" two "${one[@]}" -- "$UMBEL" doctor
names "configurations that differ" 4 "configuration: rank 1 .*the same --set" two "${one[@]}" -- "${one[@]}" --set seed=7
names "a label group that is not there" 4 'configuration: rank 0 .*did you mean "shape"' doctor good.yaml --set 'heads=[{name: shap}]'
names "packs that differ" 4 "pack: rank 1 .*content hashes" two "${one[@]}" -- "${one[@]}" --set pack=pack2.h5
names "a pack that one rank cannot see" 4 "pack: rank 1 .*cannot open nothing.h5" two "${one[@]}" -- "${one[@]}" --set pack=nothing.h5
names "a stage that one rank cannot write to" 4 "stage: rank 1 .*/proc/stage" two "${one[@]}" -- "${one[@]}" --set stage=/proc/stage
names "a batch larger than the pack" 4 "configuration: batch: 4000 is larger" doctor good.yaml --set batch=4000
names "run folders that differ" 4 "run folder: rank 1 .*all hosts share" two "${one[@]}" -- "${one[@]}" --set run=runs/two
names "a run folder that cannot be made" 4 "run folder: rank 0: cannot make folder" doctor good.yaml --set run=/proc/umbel
names "a time limit shorter than an epoch" 4 "time limit: .*sbatch --time" \
    env SLURM_JOB_END_TIME=$(date +%s) "$UMBEL" doctor good.yaml
names "a run that ends within an epoch" 4 "time limit: time_limit ends a run" doctor good.yaml --set time_limit=0.000001
names "address space too small" 4 "memory: .*ulimit -v" \
    bash -c 'ulimit -v 3000000; exec "$@"' - "$UMBEL" doctor good.yaml --set 'trunk={kind: convnext_tiny}' --set image=1024
names "files too small for a checkpoint" 4 "space: .*ulimit -f" \
    bash -c 'ulimit -f 20000; exec "$@"' - "$UMBEL" doctor good.yaml --set 'trunk={kind: convnext_atto}'
names "fewer lanes than workers" 0 "lanes: 1 of 2 workers" doctor good.yaml --set workers=2 --set lane=16

if [ "$(id -u)" = 0 ] && unshare --mount true 2>err; then
    mkdir -p disk shared
    names "a run folder that a host does not share" 4 "run folder: rank 1 .*all hosts share" \
        two "${one[@]}" --set run=shared/run -- unshare --mount sh -c 'mount -t tmpfs tmpfs shared && exec "$@"' - "${one[@]}" --set run=shared/run
    names "an exclusion that forgets the loopback, between hosts" 4 "interfaces: .*lo,docker0" \
        launch --mca btl_tcp_if_exclude docker0 --bind-to core -n 1 "${one[@]}" : -n 1 unshare --uts sh -c 'hostname other && exec "$@"' - "${one[@]}"
    same "the link between two hosts, and their clocks" "1 1" "$(grep -cE '^links +between hosts: ' out) $(grep -cE '^clocks +at most .* from that of ' out)"
    names "no room for a copy of the pack" 4 "stage: .*disk/stage: it needs .* choose another" \
        unshare --mount sh -c 'mount -t tmpfs -o size=16k tmpfs disk && exec "$@"' - "$UMBEL" doctor good.yaml --set stage=disk/stage
    names "a disk nearly full" 4 "space: disk/run: .*checkpoints of .*free some space" \
        unshare --mount sh -c 'mount -t tmpfs -o size=512k tmpfs disk && exec "$@"' - "$UMBEL" doctor good.yaml --set run=disk/run
else
    skip "file systems and hosts" "no root"
fi

# --- the layout
layout() { # SYNTHETIC-MACHINE EXPECTED
    same "layout of $1" "$2" "$(HWLOC_SYNTHETIC="$1" env -u HWLOC_COMPONENTS "$UMBEL" doctor --layout 2>&1)"
}
layout "pack:1 l3:1 core:2 pu:1" "ranks=1 workers=2 bind=none"
layout "pack:1 l3:1 core:8 pu:2" "ranks=1 workers=8 bind=none"
layout "pack:2 [numa] l3:1 core:16 pu:2" "ranks=2 workers=16 bind=numa"
layout "pack:1 [numa] l3:4 core:8 pu:2" "ranks=4 workers=8 bind=l3cache"
layout "pack:1 [numa] l3:4 core:4 pu:1" "ranks=1 workers=16 bind=none"
finish
