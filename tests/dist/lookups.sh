#!/bin/bash
# A start looks up no name: where that takes seconds (a container without /etc/hosts), each command would.
. tests/cli/common.sh
unset HWLOC_COMPONENTS
cc -shared -fPIC -O1 -o "$WORK/lookups.so" tests/dist/lookups.c -ldl || not_ok "lookups.so" "does not compile"

# lookups COMMAND...: how often names are looked up
lookups() {
    : >"$WORK/names"
    UMBEL_LOOKUPS="$WORK/names" LD_PRELOAD="$WORK/lookups.so" "$@" >"$WORK/out" 2>&1
    wc -l <"$WORK/names"
}
same "look-ups are seen" 1 "$(lookups "$PYTHON" -c 'import socket; socket.getaddrinfo("127.0.0.1", 80)')"
same "one rank by itself looks up no name" 0 "$(lookups "$UMBEL" doctor)"
finish
