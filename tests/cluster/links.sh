#!/bin/bash
# umbel doctor between two hosts, as network namespaces (needs root) whose link tc holds to 100 Mbit/s: it measures that.
hosts=umbel-links net=10.80.0
. tests/cli/common.sh
. tests/cluster/hosts_common.sh
trap remove_hosts EXIT
remove_hosts
if ! make_hosts || ! ip netns exec "$hosts-h2" tc qdisc add dev eth0 root tbf rate 100mbit burst 16kb latency 50ms; then
    ok "two hosts (not possible here: needs root, ip, tc and network namespaces)"
    exit 0
fi
launch_on_hosts 2 -- "$UMBEL" doctor --json >"$WORK/report.json" 2>"$WORK/err"
"$PYTHON" - "$WORK/report.json" <<'END' || { cat "$WORK/err"; not_ok "umbel doctor" "no report"; }
import json, sys
ranks = json.load(open(sys.argv[1]))["ranks"]
for r, rank in enumerate(ranks):
    other = ranks[(r + 1) % len(ranks)]["host"]
    gbit = 8e-9 * rank["next_bandwidth"]
    if rank["host"] == other:
        print("ok" if gbit > 0.4 else "not ok", f"within {other}: {gbit:.3g} Gbit/s")
    else:  # there and back: one way is limited, the other is not
        print("ok" if 0.05 < gbit < 0.4 else "not ok", f"{rank['host']} to {other}: {gbit:.3g} Gbit/s")
END
finish
