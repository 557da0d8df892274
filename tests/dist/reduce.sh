#!/bin/bash
# The exact sum over ranks and workers: one hash for all; the float sum: one hash per ranks x workers.
. tests/cli/common.sh
program="$1/tests/dist/test_reduce"

hashes=""
for n in 1 2 3 4; do
    for workers in 1 2; do
        for kind in exact node; do
            hashes="$hashes $(ranks "$n" "$program" "$workers" "$kind" 2>"$WORK/err" || echo "failed:$(head -1 "$WORK/err")")"
        done
    done
done
same "exact sum over ranks 1 2 3 4 x workers 1 2, an accumulator per rank and per node" $hashes
# Memory to share lies where Open MPI is told; /proc has room for nothing.
without=$(OMPI_MCA_osc_sm_backing_directory=/proc ranks 3 "$program" 2 node 2>"$WORK/err")
same "without memory to share" "${hashes##* }" "$without"
grep -q "cannot share memory.*/dev/shm" "$WORK/err" && ok "it is said that there is none" || not_ok "it is said that there is none" "$(head -3 "$WORK/err" | tr '\n' '|')"
same "float sum repeats at equal ranks and workers" "$(ranks 3 "$program" 2 float)" "$(ranks 3 "$program" 2 float)"
finish
