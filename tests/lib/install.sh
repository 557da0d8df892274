#!/bin/bash
# make install: what it writes and that it can be taken away again; the installed library, as programs in C and
# C++ find it through pkg-config, says of each image what `umbel eval` counts.
. tests/cli/common.sh
BUILD=$(basename "$1")
unset MAKEFLAGS MAKELEVEL MFLAGS
CC=${CC:-gcc}
CXX=${CXX:-g++}
export LC_ALL=C
P="$WORK/prefix"

install_into() { make --no-print-directory BUILD="$BUILD" PREFIX="$1" DESTDIR="${2:-}" "${3:-install}" >>"$WORK/install.log" 2>&1; }

# listing FOLDER: every file with its mode, size, link target and contents
listing() { (cd "$1" && find . \( -type l -o -type f \) -printf '%p %M %l ' \( -type f -exec md5sum {} \; -o -printf '\n' \) | sort); }

# --- files ---
expected="bin/umbel include/umbel.h lib/libumbel.a lib/libumbel.so lib/libumbel.so.0 lib/libumbel.so.0.1.0 lib/pkgconfig/umbel.pc
    share/man/man1/umbel.1 share/man/man3/umbel.3 share/umbel/configs/start.yaml share/umbel/launch/umbel-run
    share/umbel/launch/supervise.sh share/bash-completion/completions/umbel share/zsh/site-functions/_umbel share/doc/umbel/classify.c share/doc/umbel/LICENSE"
install_into "$P" || not_ok "make install" "$(tail -3 "$WORK/install.log" | tr '\n' '|')"
missing=""
for name in $expected; do [ -e "$P/$name" ] || missing="$missing $name"; done
[ -z "$missing" ] && ok "make install" || not_ok "make install" "lacks$missing"
listing "$P" >"$WORK/first"
install_into "$P"
listing "$P" | cmp -s - "$WORK/first" && ok "installing again changes nothing" || not_ok "installing again changes nothing" "$(listing "$P" | diff "$WORK/first" - | head -3)"

"$P/share/umbel/launch/umbel-run" --help 2>&1 | grep -q "^usage: " && ok "umbel-run finds what it needs" || not_ok "umbel-run" "it does not"
install_into /opt/umbel "$WORK/stage"
same "DESTDIR holds the same files" "$(cd "$P" && find . | sort | md5sum)" "$(cd "$WORK/stage/opt/umbel" && find . | sort | md5sum)"
paths=$(grep -rlF -e "$WORK" -e "$PWD" "$WORK/stage" | head -3)
[ -z "$paths" ] && ok "no folder of the build in what is installed" || not_ok "no folder of the build" "$paths"
grep -q '^prefix=/opt/umbel$' "$WORK/stage/opt/umbel/lib/pkgconfig/umbel.pc" && ok "umbel.pc does not know DESTDIR" || not_ok "umbel.pc" "another prefix"
install_into /opt/umbel "$WORK/stage" uninstall
same "make uninstall leaves no file" "left: " "left: $(find "$WORK/stage" -type f -o -type l)"

# --- symbols and libraries ---
so="$P/lib/libumbel.so"
same "soname" libumbel.so.0 "$(objdump -p "$so" | sed -n 's/ *SONAME *//p')"
functions=$(grep -oE '\bumbel_[a-z_]+\(' include/umbel.h | tr -d '(' | grep -vxE 'umbel_(file|rgb)' | sort -u)
same "libumbel.so shows the functions of umbel.h only" "$functions" "$(nm -D --defined-only "$so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)"
same "libumbel.a too" "$functions" "$(nm -g --defined-only "$P/lib/libumbel.a" | awk 'NF == 3 { print $3 }' | sort)"
ldd "$so" | grep -qi mpi && not_ok "no MPI" "$(ldd "$so" | grep -i mpi)" || ok "no MPI"
nm -u "$P/lib/libumbel.a" | grep -q ' MPI_' && not_ok "no MPI in the archive" "it has" || ok "no MPI in the archive"

# --- programs ---
export PKG_CONFIG_PATH="$P/lib/pkgconfig:${PKG_CONFIG_PATH:-}" LD_LIBRARY_PATH="$P/lib:${LD_LIBRARY_PATH:-}"
strict="-Wall -Wextra -Wpedantic -Werror"
cd "$WORK" || exit 1
# builds NAME COMMAND...
builds() {
    local name=$1
    shift
    "$@" >"$WORK/cc.log" 2>&1 && ok "$name" || not_ok "$name" "$(head -3 "$WORK/cc.log" | tr '\n' '|')"
}
example="$P/share/doc/umbel/classify.c"
# shellcheck disable=SC2046,SC2086
{
    builds "the example in C99" $CC -std=c99 $strict "$example" -o classify $(pkg-config --cflags --libs umbel)
    builds "the example in C++11" $CXX -std=c++11 $strict -x c++ "$example" -x none -o classify++ $(pkg-config --cflags --libs umbel)
    builds "the example with the archive" $CC -std=c11 $strict "$example" "$P/lib/libumbel.a" -o classify-static \
        $(pkg-config --cflags umbel) $(pkg-config --static --libs umbel | sed 's/ -lumbel\b//')
}
ldd classify-static | grep -q libumbel && not_ok "the archive is linked" "libumbel.so is" || ok "the archive is linked"

# --- a model, and every image of its test split ---
"$PYTHON" "$TESTS/make_dataset.py" set 200 40 0 1
"$UMBEL" pack --manifest set/manifest.csv --root set --out set.h5 >log 2>&1 || not_ok "pack" "$(tail -1 log)"
cat >small.yaml <<'END'
pack: set.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 16, 24]}
optimizer: {kind: adamw, lr: 4e-3}
batch: 16
lane: 4
epochs: 3
END
"$UMBEL" train small.yaml >log 2>&1 || not_ok "train" "$(tail -1 log)"
"$UMBEL" eval run/checkpoint/last --split test --json eval.json >log 2>&1 || not_ok "eval" "$(tail -1 log)"
cd set && ../classify ../run/checkpoint/last $(awk -F, '$5 ~ /test/ { print $1 }' manifest.csv) >../found 2>../err
[ $? = 0 ] && [ ! -s ../err ] && ok "the example runs" || not_ok "the example runs" "$(head -2 ../err)"
cd ..
for other in classify++ classify-static; do
    (cd set && ../$other ../run/checkpoint/last $(awk -F, '$5 ~ /test/ { print $1 }' manifest.csv)) >found.other 2>&1
    cmp -s found found.other && ok "$other finds the same" || not_ok "$other finds the same" "$(diff found found.other | head -2)"
done
"$PYTHON" - <<'END'
import csv, json, re
rows = {row["path"]: row for row in csv.DictReader(open("set/manifest.csv"))}
heads = json.load(open("eval.json"))["heads"]
correct = dict.fromkeys(heads, 0)
lines = open("found").read().splitlines()
for line in lines:
    path, *found = line.split("  ")
    for text in found:
        head, label = re.match(r"(\w+): (.*) [0-9.]+ %$", text).groups()
        correct[head] += rows[path][head] == label
for head, score in heads.items():
    same = correct[head] == score["correct"] and len(lines) == score["labelled"] == 20
    print(f"ok head {head}: as many right as umbel eval counts" if same else f"not ok head {head}: {correct[head]}, umbel eval {score}")
END

# --- mistakes ---
head -c 500 set/00000.jpg >cut.jpg
fails "a damaged image" 1 '^cut.jpg: is a damaged JPEG' ./classify run/checkpoint/last cut.jpg set/00000.jpg
grep -q '^set/00000.jpg  shape: ' out && ok "the image behind it" || not_ok "the image behind it" "$(cat out)"
fails "a pack instead of a checkpoint" 1 '^set.h5: is a pack, not a checkpoint$' ./classify set.h5 set/00000.jpg
UMBEL_ISA=v9 fails "an unknown instruction set" 1 '^UMBEL_ISA=v9: not one of' ./classify run/checkpoint/last set/00000.jpg
finish
