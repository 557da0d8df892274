#!/bin/bash
# umbel bench: what it tells of a small network alone, on ranks and on a pack; the trace of a step.
. tests/cli/common.sh
cd "$WORK" || exit 1
net='trunk: {kind: resnet18, width: 8}'
printf 'pack: ""\nimage: 32\n%s\nbatch: 16\nlane: 4\nworkers: 2\n' "$net" >still.yaml

# holds NAME FILE EXPRESSION: true of the JSON in FILE, called `j`
holds() {
    local found
    found=$("$PYTHON" -c "import json, sys; j = json.load(open(sys.argv[1])); print(bool($3))" "$2" 2>&1)
    same "$1" True "$(tail -1 <<<"$found")"
}

mkdir tmp
bench() { TMPDIR="$WORK/tmp" timeout 120 "$UMBEL" bench "$@"; }
bench still.yaml --steps 3 --profile --trace trace.json --json >still.json 2>err || not_ok "bench" "$(head -3 err | tr '\n' '|')"
holds "steps are timed" still.json 'j["still"]["steps"] == 3 and 0 < j["still"]["least_seconds"] <= j["still"]["step_seconds"] <= j["still"]["most_seconds"]'
holds "images per second follow" still.json 'abs(j["still"]["images_per_second"] * j["still"]["step_seconds"] - 16) < 1e-6'
holds "operations follow" still.json 'abs(j["still"]["flops"] / j["still"]["images_per_second"] / 2 / (j["forward_macs"] + j["backward_macs"]) - 1) < 1e-6'
holds "evaluation, memory, matrix products" still.json 'j["still"]["evaluation_images_per_second"] > 0 and j["still"]["peak_bytes"] > 1e6 and j["sgemm_ours_flops"] > 1e8 and j["sgemm_openblas_flops"] > 1e8'
holds "BLAS core" still.json 'j["blas_core"] != "" and j["blas"].startswith("OpenBLAS")'
holds "three heads by default" still.json 'j["classes"] == [22, 176, 7]'
holds "no pack, none measured" still.json '"pack" not in j'
holds "work of the ops adds up" still.json 'sum(o["forward_macs"] for o in j["profile"]["ops"]) == j["forward_macs"]'
holds "times of the ops add up" still.json 'abs(sum(o["backward"] for o in j["profile"]["ops"]) / j["profile"]["seconds"]["backward"] - 1) < 1e-6'
holds "ops are within their lanes, these within the step" still.json 'j["profile"]["seconds"]["forward"] + j["profile"]["seconds"]["backward"] < j["profile"]["seconds"]["lane"] < 2 * j["profile"]["seconds"]["step"]'

# The trace: every span lies within those around it on its thread, and every op of every lane is there.
cat >nested.py <<'END'
import json
import sys
trace = json.load(open(sys.argv[1]))
spans = [e for e in trace["traceEvents"] if e["ph"] == "X"]
assert {e["ph"] for e in trace["traceEvents"]} == {"X", "M"}
assert {e["tid"] for e in trace["traceEvents"] if e["ph"] == "M"} == {0, 1}
for thread in {e["tid"] for e in spans}:
    open_spans = []
    for e in sorted((e for e in spans if e["tid"] == thread), key=lambda e: (e["ts"], -e["dur"])):
        while open_spans and open_spans[-1]["ts"] + open_spans[-1]["dur"] <= e["ts"] + 1e-3:
            open_spans.pop()
        if open_spans:
            assert e["ts"] + e["dur"] <= open_spans[-1]["ts"] + open_spans[-1]["dur"] + 1e-3, (e, open_spans[-1])
        e["depth"] = len(open_spans)
        open_spans.append(e)
count = {}
for e in spans:
    count[e["cat"]] = count.get(e["cat"], 0) + 1
assert count["step"] == count["optimizer"] == count["prepare"] == count["wait for sum"] == 1, count
assert count["lane"] == count["input"] == 4, count
assert count["forward"] == 4 * int(sys.argv[2]) == count["backward"], count
step = next(e for e in spans if e["cat"] == "step")
assert all(step["ts"] <= e["ts"] and e["ts"] + e["dur"] <= step["ts"] + step["dur"] + 1e-3 for e in spans)
assert all(e["depth"] >= 1 for e in spans if e["cat"] in ("forward", "backward", "sum", "input"))
print("nested")
END
ops=$("$PYTHON" -c 'import json; print(len(json.load(open("still.json"))["profile"]["ops"]))')
same "the trace is JSON, its spans nest" nested "$("$PYTHON" nested.py trace.json "$ops" 2>&1 | tail -1)"
sed 's/"dur":[0-9.]*/"dur":1e9/' trace.json >bent.json
differ "bent spans are found" nested "$("$PYTHON" nested.py bent.json "$ops" 2>&1 | tail -1)"

# The table has the same ops; several ranks; classes; a pack.
bench still.yaml --steps 1 --profile >table 2>err
same "the table names every op" "$ops" "$(grep -cE '^(trunk|heads)\.' table)"
same "and the slowest five" 5 "$(sed -n '/^slowest ops/,$p' table | grep -cE '^  (trunk|heads)\.')"
ranks 2 timeout 120 "$UMBEL" bench still.yaml --steps 2 --classes 5,9 --set workers=1 --json >two.json 2>err || not_ok "two ranks" "$(head -3 err)"
holds "two ranks" two.json 'j["ranks"] == 2 and j["workers"] == 1 and j["classes"] == [5, 9] and j["still"]["step_seconds"] > 0'
"$PYTHON" "$TESTS/make_dataset.py" set 120 40 0.2 1
"$UMBEL" pack --manifest set/manifest.csv --root set --split train=0.8,val=0.2 --out good.h5 >pack.log 2>&1 || not_ok "pack" "$(tail -1 pack.log)"
bench still.yaml --set pack=good.h5 --steps 2 --json >pack.json 2>err || not_ok "on a pack" "$(head -3 err)"
holds "on a pack: its heads, both kinds of pictures" pack.json 'len(j["classes"]) >= 2 and j["pack"]["step_seconds"] > 0 and j["still"]["step_seconds"] > 0'
bench still.yaml --set pack=none.h5 --synthetic --steps 1 --json >none.json 2>err
holds "--synthetic needs no pack" none.json '"pack" not in j and j["still"]["step_seconds"] > 0'
bench --trunk resnet20 --set image=32 --set batch=16 --set lane=8 --steps 1 --json >trunk.json 2>err
holds "a trunk in place of a configuration" trunk.json 'j["network"] == "resnet20" and j["image"] == 32'
bench --kernels --only softmax --json >kernels.json 2>err
holds "single kernels" kernels.json 'len(j["cases"]) >= 1 and all(c["seconds"] > 0 and c["rate"] > 0 for c in j["cases"])'
bench --picture "$(find set -name '*.jpg' | head -1)" --json >picture.json 2>err
holds "pictures" picture.json 'j["pictures"][0]["images_per_second"] > 0 and j["pictures"][0]["side"] == 224'
same "nothing is left behind" "left:" "left:$(find tmp -name 'umbel-*')"

fails "no configuration" 2 '^umbel bench: no configuration given' bench
fails "both" 2 '^umbel bench: --trunk takes the place' bench still.yaml --trunk resnet18
fails "steps" 2 '^umbel bench: --steps: must be' bench still.yaml --steps 0
fails "classes" 2 '^umbel: --classes: must be' bench still.yaml --classes 3,1
fails "no such kernel" 2 '^umbel: --only: no kernel' bench --kernels --only nothing
fails "pack missing" 4 '^umbel: cannot open none.h5' bench still.yaml --set pack=none.h5
fails "trace cannot be written" 4 '^umbel: cannot .*none/t.json' bench still.yaml --steps 1 --trace none/t.json
finish
