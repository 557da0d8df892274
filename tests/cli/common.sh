# Sourced by the scripts of this folder: $1 is the build folder, $2 a temporary folder.
# Reports "ok NAME" or "not ok NAME: why"; `finish` exits with the right code.
set -u
UMBEL="$PWD/$1/umbel"
WORK="$2"
TESTS="$PWD/tests"
PYTHON="${PYTHON:-/usr/bin/python3}"
failures=0
# More ranks than cores, also as root: idle ranks give their core away.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export HWLOC_COMPONENTS=-gl # docs/cluster.md, "A start that takes seconds"

ok() { echo "ok $1"; }
not_ok() {
    echo "not ok $1: $2"
    failures=$((failures + 1))
}

# same NAME VALUE...: all values equal and not empty
same() {
    local name=$1 first=${2:-}
    shift; [ $# -gt 0 ] && shift
    [ -n "$first" ] || { not_ok "$name" "nothing to compare"; return; }
    for value in "$@"; do
        [ "$value" = "$first" ] || { not_ok "$name" "$first differs from $value"; return; }
    done
    ok "$name"
}

differ() {
    if [ -n "$2" ] && [ -n "$3" ] && [ "$2" != "$3" ]; then ok "$1"; else not_ok "$1" "'$2' and '$3' should differ"; fi
}

# Starts ranks, more than cores if need be; another launcher than Open MPI's by MPIRUN in the environment.
read -ra MPIRUN <<<"${MPIRUN:-mpirun --oversubscribe}"

# ranks N COMMAND...: on N ranks, whatever cores there are; one rank needs no launcher
ranks() {
    local n=$1
    shift
    if [ "$n" = 1 ]; then "$@"; else "${MPIRUN[@]}" -n "$n" "$@"; fi
}

# fails NAME CODE PATTERN COMMAND...: exits with CODE, and exactly one line of its standard error matches PATTERN
fails() {
    local name=$1 code=$2 pattern=$3 rc lines
    shift 3
    "$@" >"$WORK/out" 2>"$WORK/err"
    rc=$?
    lines=$(grep -cE -- "$pattern" "$WORK/err")
    if [ "$rc" != "$code" ]; then
        not_ok "$name" "exit code $rc, not $code: $(head -3 "$WORK/err" | tr '\n' '|')"
    elif [ "$lines" != 1 ]; then
        not_ok "$name" "$lines lines match '$pattern': $(head -3 "$WORK/err" | tr '\n' '|')"
    else
        ok "$name"
    fi
}

# pack_all_kinds IMAGES SIDE MISSING OPTION...: set.h5 of labels of every kind, that share of each of them missing
pack_all_kinds() {
    "$PYTHON" "$TESTS/make_dataset.py" set "$1" "$2" 0 2
    "$PYTHON" "$TESTS/cli/add_labels.py" set/manifest.csv labels.csv "$3" 5
    "$UMBEL" pack --manifest labels.csv --root set --labels "$all_kinds" "${@:4}" --out set.h5 >log 2>&1 && return
    not_ok "pack" "$(tail -1 log)"
    finish
}
all_kinds="shape,tags:multi,grade,size:value,azimuth:value"

finish() { [ "$failures" = 0 ]; exit $?; }
