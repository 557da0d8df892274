#!/bin/bash
# launch/umbel-run on two hosts, as network namespaces (needs root): the other host goes away in the middle of the run; it goes
# on with the ranks of the one that is left, to the bits of an undisturbed run.
hosts=umbel-run net=10.79.0
. tests/train/common.sh
. tests/cluster/hosts_common.sh
trap remove_hosts EXIT
remove_hosts
if ! make_hosts; then
    ok "two hosts (not possible here: needs root, ip and network namespaces)"
    exit 0
fi
make_run
export UMBEL
steps=400
export UMBEL_OPTIONS="--mca plm rsh --mca plm_rsh_no_tree_spawn 1 --mca pml ob1 --mca btl tcp,vader,self
    --mca oob_tcp_if_include $net.0/24 --mca btl_tcp_if_include $net.0/24"
UMBEL_OPTIONS=$(echo $UMBEL_OPTIONS)

ip netns exec "$hosts-h1" unshare --uts --mount -- sh -c 'hostname h1; mount -t tmpfs tmpfs /dev/shm; exec "$@"' sh \
    launch/umbel-run -n 4 --hosts "$net.1:2,$net.2:2" --agent "$WORK/agent" -- train "$WORK/small.yaml" --set run="$WORK/runs/gone" \
    --steps "$steps" >"$WORK/gone.log" 2>&1 &
JOB=$!
await_step gone 5 && kill -KILL $(ip netns pids "$hosts-h2") && ip netns del "$hosts-h2"
ended gone 240
expect gone "a host is gone: the run is completed" 0 "^umbel-run: $net.2: no answer"
grep -q "start 1: 4 ranks on $net.1:2,$net.2:2" "$WORK/gone.log" && grep -q "start 2: 2 ranks on $net.1:2;" "$WORK/gone.log" &&
    ok "a host is gone: fewer ranks" || not_ok "a host is gone: fewer ranks" "$(grep start "$WORK/gone.log" | tr '\n' '|')"
finish_run whole 1 "$steps"
same "a host is gone: the bits of an undisturbed run" "$(digest whole)" "$(digest gone)"
finish
