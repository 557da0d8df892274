#!/bin/bash
# launch/umbel-run on two hosts, as network namespaces (needs root): the other host goes away in the middle of the run; it goes
# on with the ranks of the one that is left, to the bits of an undisturbed run. Once by ssh, once by another agent.
hosts=umbel-run net=10.79.0
. tests/train/common.sh
. tests/cluster/hosts_common.sh
trap remove_hosts EXIT
make_run
export UMBEL
steps=400
export UMBEL_OPTIONS="--mca plm rsh --mca plm_rsh_no_tree_spawn 1 --mca pml ob1 --mca btl tcp,vader,self
    --mca oob_tcp_if_include $net.0/24 --mca btl_tcp_if_include $net.0/24"
UMBEL_OPTIONS=$(echo $UMBEL_OPTIONS)

on_host() { # HOST COMMAND...: under the host's name, with shared memory of its own
    ip netns exec "$hosts-$1" unshare --uts --mount -- sh -c 'hostname $1; shift; mount -t tmpfs tmpfs /dev/shm; exec "$@"' sh "$@"
}

# A server on each host that lets in whoever has the key, and the client's configuration, $WORK/ssh/config.
serve_ssh() {
    local folder=$WORK/ssh host
    mkdir -p "$folder" /run/sshd
    [ -e "$folder/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$folder/key" || return 1
    cp "$folder/key.pub" "$folder/allowed"
    printf '%s\n' "HostKey $folder/key" "AuthorizedKeysFile $folder/allowed" "StrictModes no" "PidFile none" >"$folder/server"
    printf '%s\n' "IdentityFile $folder/key" "UserKnownHostsFile /dev/null" "StrictHostKeyChecking no" "LogLevel ERROR" >"$folder/config"
    for host in h1 h2; do
        on_host $host /usr/sbin/sshd -D -e -f "$folder/server" 2>>"$folder/$host.log" &
        disown
    done
}

# loses_a_host NAME AGENT
loses_a_host() {
    on_host h1 launch/umbel-run -n 4 --hosts "$net.1:2,$net.2:2" --agent "$2" -- train "$WORK/small.yaml" --set run="$WORK/runs/$1" \
        --steps "$steps" >"$WORK/$1.log" 2>&1 &
    JOB=$!
    await_step "$1" 5 && kill -KILL $(ip netns pids "$hosts-h2") && ip netns del "$hosts-h2"
    ended "$1" 240
    expect "$1" "$1, a host is gone: the run is completed" 0 "^umbel-run: $net.2: no answer"
    grep -q "start 1: 4 ranks on $net.1:2,$net.2:2" "$WORK/$1.log" && grep -q "start 2: 2 ranks on $net.1:2;" "$WORK/$1.log" &&
        ok "$1, a host is gone: fewer ranks" || not_ok "$1, a host is gone: fewer ranks" "$(grep start "$WORK/$1.log" | tr '\n' '|')"
    same "$1, a host is gone: the bits of an undisturbed run" "$(digest whole)" "$(digest "$1")"
}

finish_run whole 1 "$steps"
for by in agent ssh; do
    remove_hosts
    if ! make_hosts; then
        ok "two hosts (not possible here: needs root, ip and network namespaces)"
        exit 0
    fi
    if [ $by = ssh ]; then
        serve_ssh || not_ok "ssh on two hosts"
        loses_a_host ssh "ssh -F $WORK/ssh/config"
    else
        loses_a_host agent "$WORK/agent"
    fi
done
finish
