#!/bin/bash
# The manual pages: free of mistakes in their markup, and complete: all commands, all functions.
. tests/cli/common.sh
for page in docs/man/umbel.*; do
    found=$(mandoc -T lint -W warning "$page" 2>&1)
    [ -z "$found" ] && ok "$page: mandoc finds nothing" || not_ok "$page" "$(echo "$found" | head -3 | tr '\n' '|')"
done
sed 's/^\.Sh SEE ALSO/.Shh SEE ALSO/' docs/man/umbel.1 >"$WORK/broken.1"
[ -n "$(mandoc -T lint -W warning "$WORK/broken.1" 2>&1)" ] && ok "a planted mistake is found" || not_ok "a planted mistake" "was not found"

missing="" bare=""
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' docs/man/umbel.1 >"$WORK/examples"
for name in $("$UMBEL" --help | sed -n '/^Commands:/,$ s/^  \([a-z]*\) .*/\1/p'); do
    grep -q "^\.It Cm $name$" docs/man/umbel.1 && grep -q "^\.Cm $name$" docs/man/umbel.1 || missing="$missing $name"
    grep -qE "^(mpirun -n 2 )?umbel $name " "$WORK/examples" || bare="$bare $name"
done
same "umbel(1) has every command" "lacks:" "lacks:$missing"
same "umbel(1) has an example of every command" "lacks:" "lacks:$bare"
declared=$(grep -oE '\bumbel_[a-z_]+\(' include/umbel.h | tr -d '(' | sort -u)
same "umbel(3) has every function" "$declared" "$(sed -nE 's/^\.Fn (umbel_[a-z_]+) ("|void).*/\1/p' docs/man/umbel.3 | sort -u)"

# The example in umbel(3) is C.
sed -n '/^\.Bd -literal -compact/,/^\.Ed/p' docs/man/umbel.3 | sed '1d;$d; s/\\e/\\/g' >"$WORK/example.c"
gcc -std=c11 -Wall -Wextra -Wno-unused-function -Werror -Iinclude -fsyntax-only "$WORK/example.c" 2>"$WORK/log" && ok "umbel(3): the example compiles" ||
    not_ok "umbel(3): the example compiles" "$(head -3 "$WORK/log" | tr '\n' '|')"
finish
