#!/bin/bash
# umbel predict in constant memory: 10,000 images take no more than 1,000 do, with features, from a list and from a folder.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 60 32 0 2
"$UMBEL" pack --manifest set/manifest.csv --root set --out set.h5 >log 2>&1 || { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<'END'
pack: set.h5
run: run
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 16, 24, 32]}
batch: 24
lane: 8
epochs: 1
END
"$UMBEL" train c.yaml >log 2>&1 || { not_ok "train" "$(tail -1 log)"; finish; }
"$PYTHON" - <<'END'
import os
pictures = sorted(name for name in os.listdir("set") if name != "manifest.csv")
for images in (1000, 10000):
    os.mkdir(f"many{images}")
    for i in range(images):
        name = pictures[i % len(pictures)]
        os.link(f"set/{name}", f"many{images}/{i:05d}{name[-4:]}")
    with open(f"list{images}", "w") as file:
        file.writelines(f"many{images}/{name}\n" for name in sorted(os.listdir(f"many{images}")))
END

# peak INPUT ARGUMENTS...: the most memory that it held, KiB
peak() {
    "$PYTHON" -c 'import resource, subprocess, sys
with open(sys.argv[1]) as names, open("out", "w") as out:
    subprocess.run(sys.argv[2:], stdin=names, stdout=out, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

# equal NAME FEW MANY: within a twentieth, by which two runs of the same differ, too
equal() {
    [ -n "$2" ] && [ -n "$3" ] && [ $(($3 - $2)) -le $(($2 / 20)) ] && ok "$1: $2 and $3 KiB" || not_ok "$1" "$2 KiB, then $3 KiB"
}

for kind in h5 npy; do
    few=$(peak list1000 "$UMBEL" predict run/checkpoint/last - --format jsonl --features "f.$kind")
    many=$(peak list10000 "$UMBEL" predict run/checkpoint/last - --format jsonl --features "f.$kind")
    equal "a list, features as $kind" "$few" "$many"
    same "all are told" 10000 "$(wc -l <out)"
done
few=$(peak /dev/null "$UMBEL" predict run/checkpoint/last many1000)
many=$(peak /dev/null "$UMBEL" predict run/checkpoint/last many10000)
equal "a folder" "$few" "$many"
same "all are told" 10000 "$(wc -l <out)"
finish
