#!/bin/bash
# Builds for 64-bit Arm with the cross compiler and runs a part of the tests, and a short training, under
# qemu; UMBEL_LONG=1 adds networks that take minutes. Debian's arm64 libraries are unpacked into
# build/arm64-sysroot; the machine's own packages stay as they are, but for the compiler and qemu.
. tests/cli/common.sh
ROOT="$PWD" S="$PWD/build/arm64-sysroot"
L="$S/usr/lib/aarch64-linux-gnu"

skip() { # not a failure: another kind of machine, or no way to install
    ok "arm64 (not possible here: $1)"
    exit 0
}

if ! command -v aarch64-linux-gnu-gcc >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || skip "the cross compiler and qemu-user are missing"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user; } >"$WORK/apt.log" 2>&1 ||
        skip "$(tail -1 "$WORK/apt.log")"
fi

# An apt of its own: for arm64, with nothing installed, in a folder of its own.
fetch_sysroot() {
    local apt="$WORK/apt" packages="libc6-dev libcmocka-dev"
    packages+=" $(grep -oE '^want pc:[^ ]+ [^ ]+' launch/setup | cut -d' ' -f3 | tr '\n' ' ')"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    local options="-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State=$apt/state -o Dir::Cache=$apt/cache
        -o Dir::State::status=$apt/status -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086
    apt-get $options update && apt-get $options install -y --no-install-recommends --download-only $packages || return 1
    mkdir -p "$S.new/usr/lib" && ln -s usr/lib "$S.new/lib" || return 1
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$S.new" --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/man || return 1
    done
    mv "$S.new" "$S"
}
if [ ! -d "$S" ]; then
    command -v dpkg-deb >/dev/null || skip "not a Debian"
    rm -rf "$S.new"
    fetch_sysroot >"$WORK/fetch.log" 2>&1 || skip "Debian's arm64 packages cannot be fetched: $(tail -1 "$WORK/fetch.log")"
fi

export PKG_CONFIG_SYSROOT_DIR="$S" PKG_CONFIG_LIBDIR="$L/pkgconfig:$L/openblas-pthread/pkgconfig:$S/usr/share/pkgconfig"
programs="base/test_random base/test_option io/test_io kernels/test_kernels nn/test_ops optim/test_optimizer"
# shellcheck disable=SC2086
if make -j"$(nproc)" CC=aarch64-linux-gnu-gcc BUILD=release OUT=build/arm64 EXTRA_CFLAGS="--sysroot=$S -g0" \
    EXTRA_LDFLAGS="--sysroot=$S -Wl,-rpath-link,$L:$L/openblas-pthread:$L/openmpi/lib:$L/hdf5/serial" \
    build/arm64/umbel $(printf 'build/arm64/tests/%s ' $programs) >"$WORK/make.log" 2>&1; then
    ok "arm64: builds"
else
    not_ok "arm64: builds" "$(grep -m 3 error "$WORK/make.log" | tr '\n' '|')"
    finish
fi
grep -q 'warning:' "$WORK/make.log" && not_ok "arm64: without warnings" "$(grep -m 2 warning: "$WORK/make.log" | tr '\n' '|')" || ok "arm64: without warnings"

arm() { timeout 300 qemu-aarch64 -L "$S" -E LD_LIBRARY_PATH="$L/openblas-pthread" -E OPENBLAS_NUM_THREADS=1 "$@"; }
for program in $programs; do
    arm "build/arm64/tests/$program" >"$WORK/log" 2>&1 && ok "arm64: $program" || not_ok "arm64: $program" "$(grep -m 3 -A 2 ERROR "$WORK/log" | tr '\n' '|')"
done

cd "$WORK" || exit 1
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
cat >small.yaml <<'END'
pack: set.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 2
workers: 2
END
arm "$ROOT/build/arm64/umbel" pack --manifest set/manifest.csv --root set --out arm.h5 >log 2>&1 || not_ok "arm64: pack" "$(tail -1 log)"
"$UMBEL" pack --manifest set/manifest.csv --root set --out set.h5 >log 2>&1
same "arm64: the same pack" "$(md5sum <set.h5)" "$(md5sum <arm.h5)"

# The same bits as on this machine, whatever its instruction set.
digest() { "$UMBEL" digest "$1/checkpoint/last"; }
compare() { # compare NAME STEPS: by NAME.yaml
    arm "$ROOT/build/arm64/umbel" train "$1.yaml" --steps "$2" --set run="arm-$1" >log 2>&1 || not_ok "arm64: train $1" "$(tail -1 log)"
    "$UMBEL" train "$1.yaml" --steps "$2" --set run="native-$1" >log 2>&1 || not_ok "native: train $1" "$(tail -1 log)"
    same "arm64: $1, $2 steps as on this machine" "$(digest "native-$1")" "$(digest "arm-$1")"
}
compare small 6
if [ "${UMBEL_LONG:-}" ]; then
    sed -e 's/^trunk:.*/trunk: {kind: convnext_atto, patch: 2, drop_path: 0.2}/' -e 's/^batch:.*/batch: 8/' small.yaml >convnext_atto.yaml
    sed -e 's/^trunk:.*/trunk: {kind: resnet20}/' -e 's/^batch:.*/batch: 8/' small.yaml >resnet20.yaml
    compare convnext_atto 3
    compare resnet20 3
fi
finish
