#!/bin/bash
# A guard against slower kernels that the load of the machine cannot fool: callgrind counts the instructions of a call of
# each kernel case (umbel bench --kernels --once), which must lie within 3 % of those in instructions.txt. They belong to one
# compiler; with another the test is skipped. UMBEL_UPDATE=1 (make instructions) writes the file anew.
. tests/cli/common.sh
recorded="$TESTS/kernels/instructions.txt"
compiler=$(gcc -dumpfullversion)

# count: "INSTRUCTIONS<tab>CASE" of each case; each call ends a part of callgrind's output
count() {
    local cases=$WORK/cases n
    OPENBLAS_CORETYPE=Haswell UMBEL_ISA=v3 UMBEL_GEMM=ours timeout 300 valgrind --tool=callgrind --toggle-collect=sample_call \
        --dump-after=sample_call --callgrind-out-file="$WORK/callgrind" "$UMBEL" bench --kernels --once >"$cases" 2>"$WORK/valgrind.log" || return 1
    n=$(wc -l <"$cases")
    paste <(for i in $(seq "$n"); do sed -n 's/^summary: //p' "$WORK/callgrind.$i"; done) "$cases"
}

if ! command -v valgrind >/dev/null || [ "$(uname -m)" != x86_64 ] || ! grep -qw avx2 /proc/cpuinfo; then
    ok "instructions (skipped: needs valgrind and a CPU with AVX2)"
    exit 0
fi
case ${1##*/} in
release*) ;;
*)
    ok "instructions (skipped: only the release build is counted)"
    exit 0
    ;;
esac
if readelf -p .comment "$UMBEL" | grep -q clang || ! readelf -p .comment "$UMBEL" | grep -q "GCC:.* $compiler"; then
    ok "instructions (skipped: the program was not built by gcc $compiler)"
    exit 0
fi
if [ "${UMBEL_UPDATE:-}" != 1 ] && ! grep -qx "# gcc $compiler" "$recorded"; then
    ok "instructions (skipped: recorded with $(sed -n 's/^# \(gcc .*\)/\1/p' "$recorded"), this is gcc $compiler)"
    exit 0
fi

if ! count >"$WORK/counted" || ! [ -s "$WORK/counted" ]; then
    not_ok "instructions" "valgrind failed: $(tail -3 "$WORK/valgrind.log" | tr '\n' '|')"
    finish
fi
if [ "${UMBEL_UPDATE:-}" = 1 ]; then
    { echo "# Instructions of a call, x86-64-v3; written by make instructions"; echo "# gcc $compiler"; cat "$WORK/counted"; } >"$recorded"
fi
# compare RECORDED COUNTED: a line "ok …" or "not ok …" for each case of either
compare() {
    awk -F '\t' '
        /^#/ { next }
        FNR == NR { was[$2] = $1; next }
        !($2 in was) { print "not ok " $2 ": is not recorded; make instructions records it"; next }
        {
            change = 100 * ($1 / was[$2] - 1)
            if (change > 3 || change < -3) printf "not ok %s: %d instructions, %+.1f %% against the recorded %d\n", $2, $1, change, was[$2]
            else print "ok " $2
            delete was[$2]
        }
        END { for (name in was) print "not ok " name ": is recorded, but not counted any more" }' "$1" "$2"
}
compare "$recorded" "$WORK/counted" | tee "$WORK/result"
failures=$(grep -c '^not ok' "$WORK/result")

# The comparison sees a kernel that became 5 % slower, a new one and a lost one.
awk -F '\t' -v OFS='\t' 'NR == 1 { $1 = int($1 * 1.05) } NR == 2 { $2 = "other" } { print }' "$WORK/counted" >"$WORK/planted"
same "planted changes are found" "3" "$(compare <(cat "$WORK/counted") "$WORK/planted" | grep -c '^not ok')"
finish
