#!/bin/bash
# Completion in zsh, at a pseudo terminal.
. tests/cli/common.sh
completion="$PWD/launch/completion"
cd "$WORK" || exit 1
cp "$UMBEL" umbel && mkdir folder && touch one.yaml two.yml three.h5
printf '%s\n' "PS1='ready>'; PATH=$WORK:\$PATH; fpath=($completion \$fpath); zle_highlight=(none); autoload -Uz compinit; compinit -u -d $WORK/dump" >.zshrc
in_zsh() { # NAME TEXT EXPECTED
    local shown
    shown=$(TERM=vt100 ZDOTDIR=$WORK "$PYTHON" "$TESTS/cli/terminal.py" type "$2" "$3" zsh -i) && ok "$1" || not_ok "$1" "shows $shown"
}
zsh -n "$completion/_umbel" 2>err && ok "syntax" || not_ok "syntax" "$(head -1 err)"
in_zsh "a command" "umbel digTAB" "umbel digest "
in_zsh "commands with their meaning" "umbel eTAB" "score a checkpoint on a split"
in_zsh "an option" "umbel bench --syTAB" "umbel bench --synthetic "
in_zsh "a key, without a blank behind it" "umbel train one.yaml --set trunk.kTABresnet18" "trunk.kind=resnet18"
in_zsh "a value" "umbel train one.yaml --set trunk.kind=convnext_atTAB" "trunk.kind=convnext_atto "
in_zsh "a configuration" "umbel train oTAB" "umbel train one.yaml "
in_zsh "a pack as a value" "umbel train one.yaml --set pack=thTAB" "pack=three.h5 "
in_zsh "a folder" "umbel report foTAB" "umbel report folder/"
finish
