#!/bin/bash
# The tool at the shell: completion says what the tables say, and works in bash; --quiet; what is shown on a terminal and
# elsewhere; --help ends with an example.
. tests/cli/common.sh
completion="$PWD/launch/completion/umbel.bash"
cd "$WORK" || exit 1
terminal() { "$PYTHON" "$TESTS/cli/terminal.py" "$@"; }
commands=$("$UMBEL" --help | sed -n '/^Commands:/,$ s/^  \([a-z]*\) .*/\1/p')

# --- what completion offers
offers() { "$UMBEL" complete "$@" | cut -f 1; }
same "commands" "$commands" "$(offers "" | grep -v '^--')"
same "a command that is begun" predict "$(offers pr)"
wrong="" bare=""
for command in $commands; do
    "$UMBEL" "$command" --help >help || wrong="$wrong $command"
    [ "$(grep -oE '^ {2,6}(-[a-z?], )?--[a-z-]+' help | grep -oE -- '--[a-z-]+' | grep -vx -- --usage | sort)" = "$(offers "$command" -- | sort)" ] ||
        wrong="$wrong $command"
    grep -q '^Examples\{0,1\}:.*' help && grep -q "^.* umbel $command\b" help || bare="$bare $command"
done
same "options of every command are those of its help" "wrong:" "wrong:$wrong"
same "every help has an example" "none:" "none:$bare"

"$UMBEL" train --keys >keys
kinds() { sed -n "s/^$1\.kind: \([a-z0-9_]*\).*/\1/p" keys | sort; }
sed -n 's/^  \([a-z0-9_.]*\) .*/\1=/p; s/^\([a-z_]*\.kind\): .*/\1=/p' keys | sort -u >expected
offers train c.yaml --set "" | sort >out
diff expected out >differ && [ -s out ] && ok "keys of a configuration" || not_ok "keys of a configuration" "$(head -3 differ | tr '\n' '|')"
same "kinds of trunks" "$(kinds trunk)" "$(offers train c.yaml --set trunk.kind= | sed 's/^trunk.kind=//' | sort)" "$(offers import w.safetensors --trunk "" | sort)"
same "kinds of optimizers" "$(kinds optimizer)" "$(offers train c.yaml --set=optimizer.kind= | sed 's/^--set=optimizer.kind=//' | sort)"
same "values of a choice" "reduce=exact reduce=float" "$(echo $(offers train c.yaml --set reduce=))"
same "values of a flag" "node_reduce=true" "$(offers bench c.yaml --set node_reduce=t)"
same "keys that name files" ":files .h5 :folders :folders :files" \
    "$(for key in pack run stage trunk.weights; do grep -q "^  $key " keys && echo $(offers train c.yaml --set $key=); done | xargs)"
same "files" ":files .yaml .yml|:files|:files .csv|:folders|:files .tar .tar.gz .tgz .tar.xz .tar.zst|:files .h5" \
    "$(for given in "train" "digest" "pack --manifest" "pack" "pack --tar" "pack --merge"; do echo $(offers $given ""); done | paste -sd "|")"
refused=""
for given in "eval x --split" "predict x y --format" "export x --onnx y --input"; do
    # shellcheck disable=SC2086
    for value in $(offers $given ""); do "$UMBEL" $given "$value" 2>&1 | grep -q -- "^umbel [a-z]*: --" && refused="$refused $value"; done
done
same "what is offered is accepted" "refused:" "refused:$refused"

# --- in bash
cp "$UMBEL" umbel && mkdir folder && touch one.yaml two.yml three.h5
# replies BEGUN WORD...: what bash would put in place of BEGUN, the end of the last word
replies() {
    bash -c '. "$0"; begun=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _umbel umbel "$begun"; echo $(printf "%s\n" "${COMPREPLY[@]}" | sort)' \
        "$completion" "$@"
}
same "bash: a command" digest "$(replies dig ./umbel dig)"
same "bash: an option" --synthetic "$(replies --sy ./umbel bench --sy)"
same "bash: configurations and folders" "folder one.yaml two.yml" "$(replies "" ./umbel train "")"
same "bash: a key" trunk.kind= "$(replies trunk.ki ./umbel train one.yaml --set trunk.ki)"
same "bash: behind =" "resnet18 resnet18d" "$(replies resnet18 ./umbel train one.yaml --set trunk.kind = resnet18)"
same "bash: right behind =" "float" "$(replies f ./umbel train one.yaml --set reduce = f)"
same "bash: a pack as a value" "folder three.h5" "$(replies "" ./umbel train one.yaml --set pack =)"
printf '%s\n' "PS1='ready>'; PATH=$WORK:\$PATH; . '$completion'" >rc
in_bash() { # NAME TEXT EXPECTED
    local shown
    shown=$(TERM=vt100 terminal type "$2" "$3" bash --noprofile --rcfile rc -i) && ok "$1" || not_ok "$1" "shows $shown"
}
in_bash "bash at a terminal: a command" "umbel digTAB" "umbel digest "
in_bash "bash at a terminal: a value" "umbel train one.yaml --set trunk.kind=convnext_atTAB" "trunk.kind=convnext_atto"
in_bash "bash at a terminal: a file" "umbel train one.yaml --set pack=thTAB" "pack=three.h5"

# --- on a terminal, and elsewhere
"$PYTHON" "$TESTS/make_dataset.py" set 60 40 0.2 1
cat >c.yaml <<'END'
pack: set.h5
image: 32
trunk: {kind: convnext_atto, patch: 2, depths: [1, 1, 1, 1], dims: [8, 8, 16, 16]}
batch: 16
lane: 4
epochs: 1
workers: 1
END
pack=("$UMBEL" pack --manifest set/manifest.csv --root set --split train=0.8,val=0.1,test=0.1 --out set.h5)
escapes() { grep -c $'\e' "$1"; }
TERM=xterm terminal show "${pack[@]}" >shown
grep -qF $'\r\e[Kpacking [' shown && ok "a bar on a terminal" || not_ok "a bar on a terminal" "$(head -c 300 shown)"
TERM=dumb terminal show "${pack[@]}" >shown
grep -q '^packing: 60 images' shown && same "a dumb terminal gets plain lines" 0 "$(escapes shown)"
TERM=xterm terminal show "${pack[@]}" --quiet >shown
same "--quiet on a terminal shows nothing" 0 "$(wc -c <shown)"
TERM=xterm terminal show "$UMBEL" train c.yaml --set run=colours >shown
TERM=xterm terminal show "$UMBEL" doctor c.yaml >>shown
TERM=xterm terminal show "$UMBEL" trian >>shown
same "no colours, whatever NO_COLOR says" 0 "$(grep -cE $'\e''\[[0-9;]*m' shown)"
TERM=xterm "${pack[@]}" >out 2>err
same "elsewhere: no escapes" "0 0" "$(escapes out) $(escapes err)"

# --- quiet
"${pack[@]}" --json >pack.json 2>err
same "pack --json" "60 48 6 0 True" "$("$PYTHON" -c '
import json
j = json.load(open("pack.json"))
print(j["images"], j["splits"]["train"], j["splits"]["val"], j["rejected"], all(g["classes"] > 1 and g["missing"] > 0 for g in j["labels"].values()))')"
# silent NAME COMMAND...: nothing on standard error, where the command would say something without --quiet
silent() {
    local name=$1
    shift
    "$@" --quiet >quiet.out 2>err || not_ok "$name" "fails: $(tail -1 err)"
    if [ -s err ]; then not_ok "$name" "$(head -2 err | tr '\n' '|')"; else ok "$name"; fi
}
silent "--quiet: train" "$UMBEL" train c.yaml --set run=quiet
same "--quiet: the run is the same" "$("$UMBEL" digest colours/checkpoint/last)" "$("$UMBEL" digest quiet/checkpoint/last)"
"$UMBEL" eval quiet/checkpoint/last >out 2>err || not_ok "eval" "$(head -1 err)"
silent "--quiet: eval" "$UMBEL" eval quiet/checkpoint/last
TERM=xterm terminal show "$UMBEL" eval quiet/checkpoint/last >loud
TERM=xterm terminal show "$UMBEL" eval quiet/checkpoint/last --quiet >shown
same "--quiet: eval on a terminal shows no bar" "yes 0" "$([ "$(escapes loud)" -gt 0 ] && echo yes) $(escapes shown)"
cmp -s out quiet.out && ok "--quiet: results remain" || not_ok "--quiet: results remain" "$(diff out quiet.out | head -2)"
head -c 600 set/00000.jpg >cut.jpg
fails "--quiet: warnings remain" 3 '^umbel: warning: cut.jpg: ' "$UMBEL" predict quiet/checkpoint/last cut.jpg set/00001.jpg --quiet
fails "--quiet: so does how it ended" 3 '^umbel: 1 of 2 images could not be read' "$UMBEL" predict quiet/checkpoint/last cut.jpg set/00001.jpg --quiet
finish
