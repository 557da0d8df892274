#!/bin/bash
# Two hosts, as network namespaces with host names of their own and a bridge between them (needs root): SIGKILL and SIGSTOP
# of a rank on the other host, and a cut link. Each ends the job on both within 60 s, with the right culprit, at the default
# hang_seconds. HANG_SECONDS: another limit.
. tests/train/common.sh
hang=${HANG_SECONDS:-45}
. tests/cluster/hosts_common.sh

# start_on_hosts NAME RANKS-PER-HOST LAUNCHER-OPTIONS: like `start`, half of the ranks on each host, mpirun on the first
start_on_hosts() {
    local name=$1 n=$2
    shift 2
    launch_on_hosts "$n" "$@" -- \
        "$UMBEL" train "$WORK/small.yaml" --set run="$WORK/runs/$name" --set hang_seconds="$hang" >"$WORK/$name.log" 2>&1 &
    JOB=$!
}

# ends NAME TEST PATTERN: within a minute, with a code that is not 0 and these words; nothing is left on either host
ends() {
    local left i
    ended "$1" 75
    differ "$2: ends, exit code $CODE" running "$CODE"
    differ "$2: with an error" 0 "$CODE"
    if [ "$TOOK" -le 60 ]; then ok "$2: within 60 s ($TOOK s)"; else not_ok "$2: within 60 s" "$TOOK s"; fi
    expect "$1" "$2: names the culprit" "$CODE" "$3"
    for i in $(seq 60); do
        left=$(ip netns pids "$hosts-h1"; ip netns pids "$hosts-h2")
        [ -z "$left" ] || [ $((TOOK + i)) -gt 60 ] && break
        sleep 1
    done
    if [ -z "$left" ]; then ok "$2: nothing is left on either host (after $((TOOK + i - 1)) s)"
    else not_ok "$2: nothing is left on either host" "$(ps -o pid,args -p $(echo $left) | tr '\n' '|')"; fi
    [ -z "$left" ] || kill -KILL $left
    grep -h '^umbel: rank.*job ends' "$WORK/$1.log" | sed 's/^/# /'
}

trap remove_hosts EXIT
remove_hosts
if ! make_hosts; then
    ok "two hosts (not possible here: needs root, ip and network namespaces)"
    exit 0
fi
make_run
keepalive="--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3"
who='\(process [0-9]+, step [0-9]+, [a-z ]+\)'

start_on_hosts killed 2 $keepalive && await_step killed 5 && kill -KILL "$(rank_process killed 3)"
ends killed "SIGKILL on the other host" "umbel: rank 3 on h2 $who is gone"

start_on_hosts stopped 2 $keepalive && await_step stopped 5 && kill -STOP "$(rank_process stopped 2)"
ends stopped "SIGSTOP on the other host" "umbel: rank 2 on h2 $who has given no sign of life"

start_on_hosts first 1 $keepalive && await_step first 5 && kill -STOP "$(rank_process first 0)"
ends first "SIGSTOP of rank 0, told by the other host" "umbel: rank 0 on h1 $who has given no sign of life"

start_on_hosts cut 2 $keepalive && await_step cut 5 && ip link set "$hosts-v2" down
ends cut "cut link" "umbel: rank [23] on h2 $who has given no sign of life|lost communication with a remote daemon"
ip link set "$hosts-v2" up

finish
