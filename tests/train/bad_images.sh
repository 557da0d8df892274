#!/bin/bash
# A pack of which 1 % of the images are damaged: flipped bits, cut off, of no length. The run completes, its ledger holds exactly
# these, digest, ledger and counts do not depend on ranks, kills or workers; more of them than max_bad allows end it with code 86.
. tests/train/common.sh
damage="$1/tests/data/test_pack_damage"
damaged="17:flipped 103:halved 214:lost 325:beheaded 436:empty 557:flipped 638:beheaded 748:halved"
train=6 val=2 # of them, of 640 and 80; the test split is not read

# Every image of training is seen once an epoch: 20 steps of 32.
make_damaged() {
    "$(dirname "$UMBEL")/../mechanical" "$WORK/parts" --images 800 --side 48 >"$WORK/render.log" 2>&1 &&
        "$UMBEL" pack --manifest "$WORK/parts/manifest.csv" --root "$WORK/parts" --labels type,part --out "$WORK/good.h5" >"$WORK/pack.log" 2>&1 &&
        "$damage" "$WORK/good.h5" "$WORK/bad.h5" $(sed -E 's/([0-9]+):([a-z]+)/\2:\1/g' <<<"$damaged") ||
        not_ok "damaged pack" "$(tail -1 "$WORK/render.log" "$WORK/pack.log" | tr '\n' '|')"
    cat >"$WORK/small.yaml" <<EOF
pack: $WORK/bad.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 32
lane: 4
epochs: 2
log_every: 1
checkpoint: {every_steps: 5, keep: 3}
EOF
}

# ledger_pattern: what the ledger must hold, a pattern a line, in order of the records
ledger_pattern() {
    local pair record reason
    for pair in $damaged; do
        record=${pair%:*}
        case ${pair#*:} in
        beheaded) reason='is a damaged (JPEG|PNG).*' ;;
        empty) reason='is empty' ;;
        *) reason="image $record of .*/bad.h5 is damaged: its checksum does not match" ;;
        esac
        printf '%d,%s,"images/%05d\\.(jpg|png)","%s"\n' "$record" "$([ $((record % 10)) = 8 ] && echo val || echo train)" "$record" "$reason"
    done
}

# ledger_fits NAME: header and lines of the ledger, sorted, against the patterns, one to one
ledger_fits() {
    local file="$WORK/runs/$1/bad_images.csv"
    ledger_pattern >"$WORK/expected"
    sort -n "$file" | sed '/^record,/d' >"$WORK/found"
    same "$1: header of the ledger" "record,split,path,reason" "$(head -1 "$file")"
    same "$1: lines of the ledger" "$(wc -l <"$WORK/expected")" "$(wc -l <"$WORK/found")"
    if paste -d '\n' "$WORK/expected" "$WORK/found" | while read -r pattern && read -r line; do grep -qxE -- "$pattern" <<<"$line" || { echo "$line"; exit 1; }; done; then
        ok "$1: the ledger is the damaged set, with split, path and reason"
    else
        not_ok "$1: ledger" "$(paste -d '|' "$WORK/expected" "$WORK/found" | head -3)"
    fi
}

# sum_of NAME KIND KEY: over the records of metrics.jsonl
sum_of() {
    "$PYTHON" - "$WORK/runs/$1/metrics.jsonl" "$2" "$3" <<'EOF'
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
print(sum(record[sys.argv[3]] for record in records if record["kind"] == sys.argv[2]))
EOF
}
labelled() { grep '"kind":"val"' "$WORK/runs/$1/metrics.jsonl" | tail -1 | grep -oE '"type":\{"labelled":[0-9]+' | grep -oE '[0-9]+$'; }

completes() {
    local n digests="" ledgers=""
    for n in 1 2 3; do
        finish_run "bad-$n" "$n" 40 --set workers=$((1 + n % 2)) || not_ok "$n ranks" "$(tail -2 "$WORK/bad-$n.log" | tr '\n' '|')"
        digests="$digests $(digest "bad-$n")"
        ledgers="$ledgers $(md5sum <"$WORK/runs/bad-$n/bad_images.csv" | cut -c1-32)"
        same "$n ranks: bad images of two epochs of training" $((2 * train)) "$(sum_of "bad-$n" train bad)"
        same "$n ranks: bad images of two validations" $((2 * val)) "$(sum_of "bad-$n" val bad)"
        same "$n ranks: scored in validation" $((80 - val)) "$(labelled "bad-$n")"
    done
    same "digest over ranks 1 2 3" $digests
    same "ledger over ranks 1 2 3" $ledgers
    ledger_fits bad-1
    same "told at the end" 1 "$(grep -c "warning: $((train + val)) images could not be read; .*/bad_images.csv lists them" "$WORK/bad-3.log")"
    finish_run good 1 40 --set pack="$WORK/good.h5"
    differ "digest of the sound pack" "$(digest good)" "$(digest bad-1)"
}

killed() {
    start killed 3 && await_step killed 5
    kill -KILL "$(rank_process killed 1)"
    ended killed 30
    finish_run killed 2 40
    same "killed and resumed: digest" "$(digest bad-1)" "$(digest killed)"
    ledger_fits killed
    same "killed and resumed: bad images of training" $((2 * train)) "$(sum_of killed train bad)"
}

# 0.005 of 640 images: the fourth is one too many.
too_many() {
    local n digests="" limit="--set max_bad=0.005"
    for n in 1 3; do
        fails "above max_bad on $n ranks" 86 'warning: [0-9]+ images of this epoch could not be read, more than max_bad allows \(0.005 of 640\)' \
            ranks "$n" "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/over-$n" $limit
        digests="$digests $(digest "over-$n")"
    done
    same "above max_bad: ends at the same step" $digests
    fails "above max_bad, resumed without a cure" 86 'more than max_bad allows' ranks 2 "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/over-1" $limit --resume
    finish_run over-3 2 40
    same "above max_bad, resumed with a higher one: the bits of a run that never stopped" "$(digest bad-1)" "$(digest over-3)"
    ledger_fits over-3
}

make_damaged
completes
killed
too_many
finish
