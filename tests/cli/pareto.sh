#!/bin/bash
# checkpoint.pareto, and the best checkpoints: which validations are kept, by a second computation from metrics.jsonl; the same ones
# on any number of ranks, after stops, and after a process that was killed before it had set its links. What inspect and report
# tell of them.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 120 32 0 3
"$PYTHON" "$TESTS/cli/add_labels.py" set/manifest.csv labels.csv 0.1
"$UMBEL" pack --manifest labels.csv --root set --labels shape,colour,size:value --split train=0.6,val=0.4 --out set.h5 >log 2>&1 ||
    { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<'END'
pack: set.h5
image: 24
trunk: {kind: resnet20, width: 4}
heads: [{name: shape}, {name: colour, weight: 3}, {name: size}]
batch: 24
lane: 4
epochs: 14
seed: 5
optimizer: {kind: adamw, lr: 2e-2}
schedule: {kind: constant}
log_every: 1000
checkpoint: {keep: 1, pareto: 3}
END
# run NAME RANKS WORKERS MORE...
run() {
    ranks "$2" "$UMBEL" train c.yaml --set run="runs/$1" --set workers="$3" "${@:4}" >>"$1.log" 2>&1 </dev/null ||
        not_ok "train $1" "$(tail -1 "$1.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }
# links NAME: those of the front, and where they lead
links() { (cd "runs/$1/checkpoint" && for link in pareto-*; do echo "$link $(readlink "$link")"; done) | sort -V | tr '\n' ' '; }

for n in 1 2 3; do run "$n" "$n" $((n % 2 + 1)) & done
run off 1 1 --set checkpoint.pareto=0 &
run two 1 1 --set 'heads=[shape,colour]' --set checkpoint.pareto=1 &
run stops 2 1 --steps 10
run stops 1 2 --resume --steps 18 # the end of an epoch
run stops 3 1 --resume --steps 19
# As if it had been killed before it removed a link, and before it made another.
ln -s step-999.h5 runs/stops/checkpoint/pareto-999
kept=$(find runs/stops/checkpoint -name 'pareto-*' ! -name pareto-999 | head -1)
rm -f "$kept"
run stops 1 1 --resume --steps 20
[ -n "$kept" ] && [ -e "$kept" ] && [ ! -L runs/stops/checkpoint/pareto-999 ] && ok "links are mended" || not_ok "links are mended" "$(links stops)"
run stops 1 1 --resume
wait
same "kept over ranks 1 2 3, and after stops" "$(links 1)" "$(links 2)" "$(links 3)" "$(links stops)"
same "the digest does not depend on it" "$(digest 1)" "$(digest 3)" "$(digest stops)" "$(digest off)"
same "off: no links" 0 "$(find runs/off/checkpoint -name 'pareto-*' | wc -l)"

"$UMBEL" inspect runs/1/checkpoint/last --json >inspect.json 2>err || not_ok "inspect" "$(head -1 err)"
for name in 1 two; do "$UMBEL" report "runs/$name" >out 2>err || not_ok "report" "$(head -1 err)"; done
"$PYTHON" - >told 2>err <<'END' && ok "which validations are kept" || not_ok "which validations are kept" "$(tail -1 err)"
import json, math, os, re
def validations(run):
    lines = [json.loads(line) for line in open(f"runs/{run}/metrics.jsonl")]
    return [line for line in lines if line["kind"] == "val"]
def merits(line):
    return [-h["mae"] if "mae" in h else h["top1"] for h in line["heads"].values()]
def dominates(a, b):
    return all(x >= y for x, y in zip(a, b)) and a != b
def front(points):
    return [i for i, p in enumerate(points) if p not in points[:i] and not any(dominates(q, p) for q in points)]
def keep(kept, points, limit):
    while len(kept) > limit:
        spans = [max(points[k][h] for k in kept) - min(points[k][h] for k in kept) for h in range(len(points[0]))]
        def loss(i):
            return min(max((points[i][h] - points[j][h]) / s for h, s in enumerate(spans) if s > 0) for j in kept if j != i)
        losses = [loss(i) for i in kept]
        del kept[max(n for n, value in enumerate(losses) if value == min(losses))]
    return kept
def kept_of(run, limit):
    lines, kept = validations(run), []
    points = [merits(line) for line in lines]
    for i in range(len(points)):
        now = front(points[:i + 1])
        kept = keep([k for k in kept + [i] if k in now], points, limit)
    return [lines[k]["step"] for k in kept], [lines[k]["step"] for k in front(points)]
def linked(run, name):
    return int(re.fullmatch(r"step-(\d+).h5", os.readlink(f"runs/{run}/checkpoint/{name}"))[1])
for run, limit in (("1", 3), ("two", 1)):
    folder = f"runs/{run}/checkpoint"
    kept, whole = kept_of(run, limit)
    links = {name: linked(run, name) for name in os.listdir(folder) if os.path.islink(f"{folder}/{name}")}
    assert len(whole) > limit, (run, whole)
    assert {k: v for k, v in links.items() if k.startswith("pareto")} == {f"pareto-{step}": step for step in kept}, (links, kept)
    files = {int(f[5:-3]) for f in os.listdir(folder) if f.startswith("step-")}
    assert files == set(links.values()), (files, links)
    # The best ones, of equal scores the first.
    lines = validations(run)
    def best(score):
        scores = [score(line) for line in lines]
        return lines[scores.index(max(scores))]["step"]
    for h, head in enumerate(lines[0]["heads"]):
        assert links[f"best-{head}"] == best(lambda line: merits(line)[h]), head
    assert links["best-joint"] == best(lambda line: line["joint"]["accuracy"])
    share = [1 / 4, 3 / 4] if run == "1" else [1 / 2, 1 / 2]
    assert links["best-weighted"] == best(lambda line: share[0] * merits(line)[0] + share[1] * merits(line)[1])
    # The report: a row for each, and the best of each head stand out.
    page = open(f"runs/{run}/report.html").read().split('<section id="pareto"')[1].split("</section>")[0]
    assert f"{len(whole)} of {len(lines)} validations" in page
    epochs = [int(e) for e in re.findall(r'<tr><td class="n">(\d+)</td>', page)]
    assert epochs == [line["epoch"] for line in lines if line["step"] in whole], epochs
    assert page.count("<b>") >= len(lines[0]["heads"]) and ("<svg" in page) == (run == "two")
kept, whole = kept_of("1", 3)
told = json.load(open("inspect.json"))["pareto"]
assert [p["step"] for p in told] == whole and [p["step"] for p in told if p["kept"]] == kept, told
by_step = {line["step"]: merits(line) for line in validations("1")}
assert all([p["heads"]["shape"], p["heads"]["colour"], -p["heads"]["size"]] == by_step[p["step"]] for p in told)
print(kept[0], by_step[kept[0]][0])
END
read -r step score <told
same "a kept checkpoint is what was validated" "$score" \
    "$("$UMBEL" eval "runs/1/checkpoint/pareto-$step" --split val --json - 2>/dev/null | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["heads"]["shape"]["top1"])')"
"$UMBEL" inspect runs/1/checkpoint/last >out 2>err
same "inspect marks what is kept" 3 "$(sed -n '/^Validations that no other/,/^$/p' out | grep -cE '^  [0-9]+ +\* +[0-9.]+% +[0-9.]+% +[0-9.]+$')"

# A run that goes on with less gives up the rest.
run 1 1 1 --resume --set checkpoint.pareto=1
same "fewer on resuming" 1 "$(find runs/1/checkpoint -name 'pareto-*' | wc -l)"
finish
