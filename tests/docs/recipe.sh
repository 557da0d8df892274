#!/bin/bash
# docs/recipe.md names every key of its sections with the default that the program has, and no key that there is not.
. tests/cli/common.sh
SECTIONS='^((optimizer|schedule|augment|ema|sampling|progressive|early_stop)\.|(watch|dropout|clip_.*|heads_lr_scale|heads\[\]\.(flips.*|mix|patience|restore)|checkpoint\.pareto) |trunk\.(freeze|unfreeze|lr_decay|drop_path))'

# Lines "  KEY  help (DEFAULT, from …)" or "(DEFAULT, this | that)" or "(DEFAULT)" as "KEY DEFAULT".
"$UMBEL" train --keys | sed -nE 's/^  ([^ ]+) +.* \((.*)\)$/\1 \2/p' | sed -E 's/, (from .*|[^,]* \|.*)$//' | grep -E "$SECTIONS" | sort -u >"$WORK/program"
# Rows "| `KEY` | DEFAULT | …".
sed -nE 's/^\| `([^`]+)` \| ([^|]+) \|.*/\1 \2/p' docs/recipe.md | grep -E "$SECTIONS" | sort -u >"$WORK/page"
[ "$(wc -l <"$WORK/program")" -gt 60 ] && ok "keys are found" || not_ok "keys are found" "$(wc -l <"$WORK/program")"
same "docs/recipe.md has every key with its default" "none" "$(diff "$WORK/program" "$WORK/page" >"$WORK/diff" && echo none || tr '\n' ' ' <"$WORK/diff")"

"$UMBEL" train configs/recipe.yaml --print >"$WORK/print" 2>&1 && ok "configs/recipe.yaml is one" || not_ok "configs/recipe.yaml" "$(head -3 "$WORK/print")"
finish
