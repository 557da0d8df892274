# Sourced by the tests with two hosts: network namespaces with host names of their own and a bridge between them (needs root).
# $hosts is the prefix of all names, $net the network, so that two tests can run at the same time.
hosts=${hosts:-umbel}
net=${net:-10.77.0}

remove_hosts() {
    local i
    for i in 1 2; do
        [ -e "/run/netns/$hosts-h$i" ] || continue
        kill -KILL $(ip netns pids "$hosts-h$i") 2>/dev/null
        ip netns del "$hosts-h$i"
    done
    # A connection to a host that is gone keeps its namespace, and the link into it, for minutes.
    for i in 1 2; do ip link del "$hosts-v$i" 2>/dev/null; done
    ip link del "$hosts-br" 2>/dev/null
}

make_hosts() {
    local i
    ip link add "$hosts-br" type bridge 2>/dev/null && ip addr add $net.254/24 dev "$hosts-br" && ip link set "$hosts-br" up || return 1
    for i in 1 2; do
        ip netns add "$hosts-h$i" && ip link add "$hosts-v$i" type veth peer name eth0 netns "$hosts-h$i" &&
            ip link set "$hosts-v$i" master "$hosts-br" up && ip -n "$hosts-h$i" addr add $net.$i/24 dev eth0 &&
            ip -n "$hosts-h$i" link set eth0 up && ip -n "$hosts-h$i" link set lo up || return 1
    done
    cat >"$WORK/agent" <<END
#!/bin/sh
# Stands for ssh: agent HOST COMMAND...
h=h\${1##*.}
shift
exec ip netns exec "$hosts-\$h" unshare --uts --mount -- sh -c "hostname \$h; mount -t tmpfs tmpfs /dev/shm; \$*"
END
    chmod +x "$WORK/agent"
}

# launch_on_hosts RANKS-PER-HOST MPIRUN-OPTIONS... -- COMMAND...: half of the ranks on each host, mpirun on the first
launch_on_hosts() {
    local n=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    ip netns exec "$hosts-h1" unshare --uts --mount -- sh -c \
        'hostname h1; mount -t tmpfs tmpfs /dev/shm; exec mpirun "$@"' mpirun \
        --mca plm rsh --mca plm_rsh_agent "$WORK/agent" --mca plm_rsh_no_tree_spawn 1 --mca pml ob1 --mca btl tcp,vader,self \
        --mca oob_tcp_if_include $net.0/24 --mca btl_tcp_if_include $net.0/24 "${options[@]}" \
        --host "$net.1:$n,$net.2:$n" --oversubscribe --bind-to none -n $((2 * n)) "$@"
}
