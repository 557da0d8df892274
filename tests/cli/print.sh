#!/bin/bash
# umbel train --print: what it prints is a configuration; it prints the same again, and trains the same network.
. tests/cli/common.sh
configs="$PWD/configs"
cd "$WORK" || exit 1

# settles CONFIG MORE...: leaves in printed.yaml what is printed of CONFIG; fails unless that prints itself again
settles() {
    "$UMBEL" train "$@" --print >printed.yaml 2>err && "$UMBEL" train printed.yaml --print >again.yaml 2>err || return
    [ -s printed.yaml ] && diff printed.yaml again.yaml >err
}

cat >small.yaml <<'END'
pack: pack.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16], drop_path: 0.1}
heads:
  - {name: colour, weight: 0.3}
  - name: shape
batch: 16
lane: 4
epochs: 3
workers: 1
optimizer: {kind: sgd, lr: 3e-2}
END
sets=(--set seed=7 --set optimizer.momentum=0.8 --set augment.flip=0.25 --set 'augment.scale=[0.3333333, 1]')

# --- the text ---
settles small.yaml "${sets[@]}" --set 'run="a \"run\": \\ # é"' && ok "prints itself again" || not_ok "prints itself again" "$(head -3 err | tr '\n' '|')"
while read -r line; do
    grep -qF -- "$line" printed.yaml && ok "it says $line" || not_ok "it says $line" "it does not"
done <<'END'
seed: 7
run: "a \"run\": \\ # é"
  kind: convnext_atto
  dims: [8, 8, 16, 16]
  momentum: 0.8
  scale: [0.3333333, 1]
  - name: "colour"
    weight: 0.3
END
missing=""
for key in $("$UMBEL" train --keys | sed -n '/^trunk\.kind/q; s/^  \([a-z_]*\.\)\{0,1\}\([a-z_.]*\) .*/\2/p'); do
    grep -qE "^( *|  - )$key: " printed.yaml || missing="$missing $key"
done
same "every key that all kinds have is printed" "lacks:" "lacks:$missing"
[ ! -e runs ] && [ ! -e run ] && ok "nothing is begun" || not_ok "nothing is begun" "a run folder"

for section in trunk optimizer schedule; do
    count=0 failed=""
    for kind in $("$UMBEL" train --keys | sed -n "s/^$section\.kind: //p"); do
        settles small.yaml --set "$section={kind: $kind}" && grep -qx "  kind: $kind" printed.yaml || failed="$failed $kind"
        count=$((count + 1))
    done
    [ "$count" -ge 2 ] && [ -z "$failed" ] && ok "each of $count kinds of $section" || not_ok "each of $count kinds of $section" "not$failed"
done
# Those that start from weights are read together with the weights, which are not here.
for file in $(grep -L 'weights:' "$configs"/*.yaml); do
    settles "$file" && ok "$(basename "$file")" || not_ok "$(basename "$file")" "$(head -3 err | tr '\n' '|')"
done

# --- the run ---
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
"$UMBEL" pack --manifest set/manifest.csv --root set --out pack.h5 >log 2>&1 || not_ok "pack" "$(head -1 log)"
"$UMBEL" train small.yaml "${sets[@]}" --print >printed.yaml
"$UMBEL" train small.yaml "${sets[@]}" --set run=written --steps 3 >log 2>&1 || not_ok "a run" "$(tail -1 log)"
"$UMBEL" train printed.yaml --set run=printed --steps 3 >log 2>&1 || not_ok "a run as printed" "$(tail -1 log)"
"$UMBEL" train printed.yaml --set run=other --set optimizer.momentum=0.9 --steps 3 >log 2>&1
same "the same digest as what was written" "$("$UMBEL" digest written/checkpoint/last)" "$("$UMBEL" digest printed/checkpoint/last)"
differ "another momentum, another digest" "$("$UMBEL" digest written/checkpoint/last)" "$("$UMBEL" digest other/checkpoint/last)"
"$UMBEL" train printed.yaml --set run=written --steps 4 --resume >log 2>&1 && ok "a run goes on with what was printed" || not_ok "a run goes on" "$(tail -1 log)"
settles small.yaml --set 'trunk={weights: written/checkpoint/last}' && grep -qx '  dims: \[8, 8, 16, 16\]' printed.yaml &&
    ok "what the weights say is printed too" || not_ok "what the weights say is printed too" "$(head -3 err | tr '\n' '|')"
finish
