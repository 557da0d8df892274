#!/bin/bash
# The recipes in launch/ for Apptainer and Spack, as far as it goes without either: the scripts of umbel.def are run or
# read, its libraries are those of the program; package.py is run with stand-ins for Spack's own functions.
. tests/cli/common.sh
definition=launch/umbel.def

# section STAGE NAME: the lines of that section, without their indentation
section() {
    awk -v stage="$1" -v name="%$2" '/^Bootstrap:/ { on = 0 } /^Stage:/ { now = $2 } /^%/ { on = now == stage && $1 == name; next } on { sub(/^    /, ""); print }' "$definition"
}

# --- Apptainer ---
for part in "build post" "final post" "final environment" "final runscript" "final test"; do
    # shellcheck disable=SC2086
    section $part >"$WORK/script"
    [ -s "$WORK/script" ] && sh -n "$WORK/script" 2>"$WORK/err" && ok "$part is a shell script" || not_ok "$part" "$(head -1 "$WORK/err")"
done

prefix="$WORK/prefix"
make --no-print-directory BUILD="$(basename "$1")" PREFIX="$prefix" install >"$WORK/log" 2>&1 || not_ok "make install" "$(tail -1 "$WORK/log")"
cp build/mechanical "$prefix/share/umbel"
section final test | sed "s|/usr/local|$prefix|g" >"$WORK/test"
PATH="$prefix/bin:$PATH" sh "$WORK/test" >"$WORK/log" 2>&1
rc=$?
[ "$rc" = 0 ] && grep -q '^the image works' "$WORK/log" && ok "the image's test" || not_ok "the image's test" "exit code $rc: $(tail -2 "$WORK/log" | tr '\n' '|')"
sed -i 's|--steps 3|--steps $((ranks + 2))|' "$WORK/test"
PATH="$prefix/bin:$PATH" sh "$WORK/test" >"$WORK/log" 2>&1
rc=$?
same "the image's test when runs differ" "1 1" "$rc $(grep -c '^one rank and two differ: [0-9a-f]*, [0-9a-f]*$' "$WORK/log")"

# On Debian: the package of each library that the program names, without the C library's.
if command -v dpkg >/dev/null; then
    lacks=""
    for library in $(ldd "$UMBEL" | awk '{ print $1 }' | grep -xFf <(objdump -p "$UMBEL" | awk '$1 == "NEEDED" { print $2 }')); do
        file=$(ldd "$UMBEL" | awk -v name="$library" '$1 == name { print $3 }')
        package=$(dpkg -S "$(readlink -f "$file")" 2>/dev/null | cut -d: -f1)
        case $package in libc6 | "") ;; *) grep -qw -- "$package" "$definition" || lacks="$lacks $package" ;; esac
    done
    same "the image has the libraries of the program" "lacks:" "lacks:$lacks"
fi

# --- Spack ---
targets=$("$PYTHON" - launch/spack/package.py 2>"$WORK/err" <<'END'
import sys, types

class MakefilePackage:
    pass

def take(*_, **__):
    pass

module = types.ModuleType("spack_repo.builtin.build_systems.makefile")
module.MakefilePackage = MakefilePackage
package = types.ModuleType("spack.package")
for name in "license version depends_on requires variant which".split():
    setattr(package, name, take)
for name in "spack spack_repo spack_repo.builtin spack_repo.builtin.build_systems".split():
    sys.modules[name] = types.ModuleType(name)
sys.modules[module.__name__] = module
sys.modules[package.__name__] = package
recipe = {}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), recipe)
umbel = recipe["Umbel"]()
umbel.prefix = "/opt/umbel"
for name in ("openmpi", "mpich"):
    umbel.spec = {"mpi": types.SimpleNamespace(name=name)}
    print(*umbel.build_targets, *umbel.install_targets)
END
)
same "Spack's recipe: what make is told" "MPI=ompi-c PKG_HDF5=hdf5 PREFIX=/opt/umbel all MPI=ompi-c PKG_HDF5=hdf5 PREFIX=/opt/umbel install
MPI=mpich PKG_HDF5=hdf5 PREFIX=/opt/umbel all MPI=mpich PKG_HDF5=hdf5 PREFIX=/opt/umbel install" "$targets"
finish
