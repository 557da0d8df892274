#!/bin/bash
# Runs docs/tutorial.md and holds it to what it shows. After a change that is meant: UMBEL_UPDATE=1 tests/docs/tutorial.sh build/release FOLDER
. tests/cli/common.sh
mkdir "$WORK/clone" && ln -s "$PWD/build" "$WORK/clone/build"

# A page that shows something else is found: another number, a line too few or too many; rates may differ.
printf '%s\n' '# Page' '' '    $ echo "joint 9.52%  at 91.6 images/s"; echo two' '    joint 9.52%  at 17.3 images/s' '    two' >"$WORK/right.md"
sed 's/9\.52%  at 17/9.53%  at 17/' "$WORK/right.md" >"$WORK/number.md"
sed '$d' "$WORK/right.md" >"$WORK/fewer.md"
sed '$p' "$WORK/right.md" >"$WORK/more.md"
sed 's/echo two/exit 3/' "$WORK/right.md" >"$WORK/code.md"
for page in right number fewer more code; do
    found=0
    "$PYTHON" tests/docs/page.py "$WORK/$page.md" "$WORK/clone" >"$WORK/log" || found=1
    verdicts="${verdicts:-}$found"
done
same "pages that show something else are found" 01111 "$verdicts"

[ -z "${UMBEL_UPDATE:-}" ] || unset OMPI_MCA_hwloc_base_binding_policy # what mpirun does for a reader
"$PYTHON" tests/docs/page.py docs/tutorial.md "$WORK/clone" ${UMBEL_UPDATE:+--update} || failures=1
finish
