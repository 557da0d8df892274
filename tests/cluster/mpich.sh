#!/bin/bash
# The same program with MPICH: it builds, its sums and digests are those of Open MPI, it stops on a signal and goes on.
out=$1
mpich=build/release-mpich
timeout 600 make -j"$(nproc)" MPI=mpich $mpich/umbel $mpich/tests/dist/test_reduce >"$2/make" 2>&1 || {
    echo "not ok builds with MPICH: $(tail -3 "$2/make" | tr '\n' '|')"
    exit 1
}
hydra=$(command -v mpiexec.mpich || echo /usr/lib64/mpich/bin/mpiexec)
. tests/train/common.sh
open_mpi=("${MPIRUN[@]}")

# with_mpich, with_open_mpi: what `ranks` starts from here on
with_mpich() { MPIRUN=("$hydra") UMBEL=$PWD/$mpich/umbel program=$mpich/tests/dist/test_reduce; }
with_open_mpi() { MPIRUN=("${open_mpi[@]}") UMBEL=$PWD/$out/umbel program=$out/tests/dist/test_reduce; }

sums() {
    local n kind
    for n in "$@"; do
        for kind in exact node; do ranks "$n" "$program" 2 $kind 2>&1 | tail -1; done
    done
}

with_open_mpi
make -s "$out/tests/dist/test_reduce" >/dev/null
make_run
of_open_mpi=$(sums 2)
finish_run reference 2 20
with_mpich
same "the library of the build" "MPICH" "$(ranks 1 "$UMBEL" doctor | awk '$1 == "MPI" { print $2 }')"
same "exact sums over ranks 1 2 3 4 are those of Open MPI" $of_open_mpi $(sums 1 2 3 4)
digests=""
for n in 1 2 3; do
    finish_run "mpich-$n" "$n" 20 --set node_reduce=$([ "$n" = 3 ] && echo true || echo false) || not_ok "train on $n ranks" "$(tail -2 "$WORK/mpich-$n.log" | tr '\n' '|')"
    digests="$digests $(digest "mpich-$n")"
done
same "digest over ranks 1 2 3 is that of Open MPI" "$(digest reference)" $digests
fails "3 ranks, one line: command line" 2 '^umbel train: .*steps' ranks 3 "$UMBEL" train "$WORK/small.yaml" --steps 5x

# SIGUSR1 of one rank stops all; Open MPI goes on where MPICH has stopped.
start stopped 3 && await_step stopped 5
kill -USR1 "$(rank_process stopped 1)"
ended stopped 30
expect stopped "SIGUSR1 on rank 1" 85 'stopped at step [0-9]+ \(asked of another rank\)'
same "SIGUSR1 on rank 1: no step is lost" "$(last_step stopped)" "$(newest stopped)"
at=$(($(newest stopped) + 3))
with_open_mpi
finish_run stopped 2 $at && finish_run straight 1 $at
same "a run stopped under MPICH goes on under Open MPI to the same bits" "$(digest straight)" "$(digest stopped)"
finish
