#!/bin/bash
# The layer rule: a folder includes only headers of its own and of folders below it, and each outside library's
# header is included by one file, a .c or a header private to it. Proves that it can fail on planted violations.
set -u
layers="base io kernels dist nn data models optim metrics train lib predict report bench doctor lint cli"

# check FOLDER: prints each violation
check() {
    local allowed="" layer file included header users
    for layer in $layers; do
        allowed="$allowed $layer"
        while read -r file included; do
            [ -n "$file" ] || continue
            case " $allowed ops " in # ops/ is a folder of the layer itself
            *" ${included%%/*} "*) ;;
            *) echo "$file includes $included, which lies above $layer" ;;
            esac
        done < <(grep -rhoH --include='*.[ch]' -E '^#include "[a-z]+/[a-z0-9_/]+\.h"' "$1/src/$layer" "$1/include/$layer" 2>/dev/null |
            sed -E 's/^([^:]+):#include "([^"]+)"/\1 \2/')
    done
    grep -rnE --include='*.[ch]' '#include "\.\./' "$1/src" "$1/include"
    for header in mpi.h hdf5.h cblas.h jpeglib.h png.h yaml.h jansson.h archive.h xxhash.h onnx.pb-c.h event_file.pb-c.h hwloc.h; do
        users=$(grep -rlE --include='*.[ch]' "#include <$header>" "$1/src" "$1/include" | sort)
        [ "$(echo "$users" | grep -c .)" = 1 ] && [ "${users#"$1"/src/}" != "$users" ] ||
            echo "<$header> must be included by exactly one file of src, not by: $users"
    done
}

expect_violation() {
    [ -n "$(check "$2")" ] && echo "ok $1 is found" || echo "not ok $1: it was not found"
}

found=$(check .)
if [ -z "$found" ]; then echo "ok layer rule"; else echo "not ok layer rule: $found"; fi

copy="$2/copy"
mkdir -p "$copy" && cp -r src include "$copy"
echo '#include "train/trainer.h"' >>"$copy/src/base/log.c"
expect_violation "a planted include of a higher layer" "$copy"
cp src/base/log.c "$copy/src/base/log.c"
[ -z "$(check "$copy")" ] || echo "not ok clean copy: the copy should be clean again"
echo '#include <mpi.h>' >>"$copy/src/train/trainer.c"
expect_violation "a planted second user of mpi.h" "$copy"
[ -z "$found" ]
