#!/bin/bash
# umbel sweep: the same outcome on any number of ranks, after kills and stops; who goes on is who is best; what a trial has trained is what
# umbel train would have; failures stop nobody.
. tests/cli/common.sh
cd "$WORK" || exit 1

"$PYTHON" "$TESTS/make_dataset.py" set 120 32 0.1 1
"$UMBEL" pack --manifest set/manifest.csv --root set --out set.h5 >log 2>&1 || { not_ok "pack" "$(tail -1 log)"; finish; }
cat >c.yaml <<END
pack: $WORK/set.h5
image: 24
trunk: {kind: resnet20, width: 4}
batch: 24
lane: 4
epochs: 4
workers: 1
log_every: 1
schedule: {warmup_epochs: 0}
END

# Each sweep in a folder of its own, so that what is printed has the same names.
# sweep NAME RANKS MORE...: standard output into NAME/table, exit code $CODE
sweep() {
    local name=$1 n=$2 launch=()
    shift 2
    mkdir -p "$name"
    [ "$n" = 1 ] || launch=("${MPIRUN[@]}" -n "$n")
    (cd "$name" && exec "${launch[@]}" "$UMBEL" sweep ../c.yaml --run s "$@" >table 2>>log </dev/null)
    CODE=$?
}
six=(--over optimizer.lr=1e-3..1e-1:log --over optimizer.weight_decay=0.01,0.05 --over dropout=0..0.3 --trials 6 --eta 2 --metric loss)
records() { cat "$1"/s/sweep.jsonl; }
starts() { cat "$1"/s/trial-*/metrics.jsonl | grep -c '"kind":"start"'; }

for n in 1 2 3 4; do
    sweep "$n" "$n" "${six[@]}"
    [ "$CODE" = 0 ] || not_ok "sweep on $n ranks" "exit code $CODE: $(tail -1 "$n/log")"
done
sweep pairs 4 "${six[@]}" --ranks-per-trial 2
same "table over ranks 1 2 3 4, and by pairs" "$(cat 1/table)" "$(cat 2/table)" "$(cat 3/table)" "$(cat 4/table)" "$(cat pairs/table)"
same "record over ranks 1 2 3 4, and by pairs" "$(records 1)" "$(records 2)" "$(records 3)" "$(records 4)" "$(records pairs)"

# Who goes on, and in which order they stand, follows from the validations in the folders of the trials.
"$PYTHON" - <<'END' && ok "the best go on" || not_ok "the best go on" "see above"
import json
header, *results = [json.loads(line) for line in open("1/s/sweep.jsonl")]
assert header["kind"] == "sweep" and header["trials"] == 6, header
rungs = {}
for result in results:
    records = [json.loads(line) for line in open(f"1/s/trial-{result['trial']:03d}/metrics.jsonl")]
    score = [sum(h["loss"] for h in r["heads"].values()) / 3 for r in records if r["kind"] == "val" and r["epoch"] == result["epochs"]]
    assert len(score) == 1 and abs(score[0] - result["score"]) < 1e-12, (score, result)
    rungs.setdefault((result["rung"], result["epochs"]), []).append((result["score"], result["trial"]))
assert list(rungs) == [(0, 1), (1, 2), (2, 4)], list(rungs)
assert [len(trials) for trials in rungs.values()] == [6, 3, 1], rungs
names = [sorted(trial for _, trial in trials) for trials in rungs.values()]
best = [sorted(trials) for trials in rungs.values()]
assert names[1] == sorted(trial for _, trial in best[0][:3]), rungs
assert names[2] == [best[1][0][1]], rungs
table = [int(line.split()[0]) for line in open("1/table").read().split("\n\n")[0].split("\n")[1:]]
left = lambda rung: [trial for _, trial in best[rung] if rung == 2 or trial not in names[rung + 1]]
assert table == left(2) + left(1) + left(0), table
assert len({json.dumps(result["values"]) for result in results}) == 6
END

# The line that is printed trains the same network, in one go.
best=$(sed -nE 's/^best: trial [0-9]+ after 4 epochs, in ([^;]*);.*/\1/p' 1/table)
(cd 1 && eval "\"\$UMBEL\" $(sed -n 's/^umbel \(train .*\)/\1/p' table) --set run=again") >log 2>&1 || not_ok "the printed line" "$(tail -1 log)"
same "the printed line ends in the same bits" "$("$UMBEL" digest "1/$best/checkpoint/last")" "$("$UMBEL" digest 1/again/checkpoint/last)"

begun=$(starts 1)
cp 1/table whole.table
sweep 1 1 "${six[@]}" --json
same "a complete sweep trains nothing again" "$begun" "$(starts 1)"
"$PYTHON" - <<'END' && ok "JSON tells the same" || not_ok "JSON tells the same" "see above"
import json
table, best = open("2/table").read().split("\n\n")
found = json.load(open("1/table"))
rows = [line.split() for line in table.split("\n")]
assert rows[0] == ["trial", "epochs", "loss", "optimizer.lr", "optimizer.weight_decay", "dropout"], rows[0]
assert rows[1:] == [[str(t["trial"]), str(t["epochs"]), f"{t['score']:.4f}", *t["values"].values()] for t in found["trials"]]
assert [rung["trials"] for rung in found["rungs"]] == [6, 3, 1]
assert f"best: trial {found['best']['trial']} " in best
assert all(f"--set {value}" in best for value in found["best"]["set"])
END

# Metrics of which more is better; of equal scores, as there are some, the lower number goes on.
for metric in joint shape; do
    sweep "$metric" 1 "${six[@]}" --metric "$metric" --set epochs=2
    "$PYTHON" - "$metric" <<'END' && ok "--metric $metric" || not_ok "--metric $metric" "see above"
import json, sys
metric = sys.argv[1]
results = [json.loads(line) for line in open(f"{metric}/s/sweep.jsonl")][1:]
def score(result):
    record = next(r for r in map(json.loads, open(f"{metric}/s/trial-{result['trial']:03d}/metrics.jsonl"))
                  if r["kind"] == "val" and r["epoch"] == result["epochs"])
    return record["joint"]["accuracy"] if metric == "joint" else record["heads"]["shape"]["top1"]
assert all(score(r) == r["score"] for r in results), results
first = sorted((-r["score"], r["trial"]) for r in results if r["rung"] == 0)
assert sorted(r["trial"] for r in results if r["rung"] == 1) == sorted(trial for _, trial in first[:3])
END
done

same "a cut among equals is told" 1 "$(grep -c '^umbel: warning: trials [0-5] and [0-5] have the same joint after epoch 1, and only the first goes on' joint/log)"

# --- killed, stopped, and started again on other numbers of ranks
# begin NAME RANKS: in the background; its process is $JOB
begin() {
    mkdir -p "$1"
    (cd "$1" && exec "${MPIRUN[@]}" -n "$2" "$UMBEL" sweep ../c.yaml --run s "${slow[@]}" >table 2>>log </dev/null) &
    JOB=$!
}
# await_results NAME N: until so many are recorded
await_results() {
    local tries=1200
    until [ -f "$1/s/sweep.jsonl" ] && [ "$(wc -l <"$1/s/sweep.jsonl")" -gt "$2" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { not_ok "$1" "has no $2 results: $(tail -2 "$1/log" | tr '\n' '|')"; return; }
        sleep 0.05
    done
}
slow=("${six[@]}" --set image=56 --set checkpoint.every_steps=3)
sweep whole 2 "${slow[@]}"
for results in 1 6; do
    begin kills $((results / 6 + 2))
    await_results kills "$results"
    kill -KILL "$(pgrep -P "$JOB" | tail -1)"
    wait "$JOB"
    [ "$?" != 0 ] || not_ok "killed after $results results" "it was done before"
done
printf '{"kind":"trial","tri' >>kills/s/sweep.jsonl
sweep kills 1 "${slow[@]}"
same "killed twice, with a torn record: the same table" "$(cat whole/table)" "$(cat kills/table)"
same "killed twice: the same record" "$(records whole)" "$(records kills)"
begin stopped 2
await_results stopped 2
kill -TERM "$(pgrep -P "$JOB" | tail -1)"
wait "$JOB"
same "SIGTERM on a rank: exit code" 85 "$?"
same "SIGTERM on a rank: is told" 1 "$(grep -c '^stopped (.*), with checkpoints; the same line goes on$' stopped/log)"
sweep stopped 1 "${slow[@]}"
same "stopped on 2 ranks, gone on with on 1: the same table" "$(cat whole/table)" "$(cat stopped/table)"

# --- failures
wild=(--over optimizer.lr=1e-2,1000,3e-3 --trials 3 --eta 2 --set max_skipped=2)
for n in 1 2; do sweep "wild-$n" "$n" "${wild[@]}"; done
same "a trial that diverges stops nobody" 0 "$CODE"
same "it stands last, with its reason" 1 "$(sed -n 4p wild-1/table | grep -cE ' - +1000  diverged: the gradients')"
same "diverged alike on 1 and 2 ranks" "$(cat wild-1/table)" "$(cat wild-2/table)"
begun=$(starts wild-1)
sweep wild-1 1 "${wild[@]}"
same "it is not tried again" "$begun" "$(starts wild-1)"
sweep hopeless 1 --over optimizer.lr=1000,900 --trials 2 --set max_skipped=2
same "all diverge: exit code" 86 "$CODE"

# A folder that cannot be made is an error, which can be mended: then it is as if it had never been.
mkdir -p mended/s && : >mended/s/trial-001
sweep mended 1 "${six[@]}"
same "an error stops nobody" 0 "$CODE"
same "it stands last, too" 1 "$(sed -n 7p mended/table | grep -cE '^ +1 .* failed: .*trial-001')"
rm mended/s/trial-001
sweep mended 2 "${six[@]}"
same "mended and run again: the same table" "$(cat whole.table)" "$(cat mended/table)"
finish
