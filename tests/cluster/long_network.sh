#!/bin/bash
# What umbel plan foretells of two hosts against what they do: network namespaces whose links tc holds to 10 and to 1 Gbit/s
# (needs root). Prints a table: communication that is not hidden behind computing, in % of a step. One rank of one worker on
# each host. The machine should have nothing else to do. STEPS, BATCHES, RATES, TRUNK, IMAGE: what is measured.
hosts=umbel-net net=10.78.0
. tests/cli/common.sh
. tests/cluster/hosts_common.sh
steps=${STEPS:-7} batches=${BATCHES:-16 32 64} rates=${RATES:-10Gbit 1Gbit}
trunk=${TRUNK:-resnet18} image=${IMAGE:-96}
lane=8
cd "$WORK" || exit 1
unset OPENBLAS_CORETYPE
export OMPI_MCA_coll_libnbc_iallreduce_algorithm=4
cat >net.yaml <<END
pack: ""
image: $image
trunk: {kind: $trunk}
lane: $lane
workers: 1
END

# value FILE EXPRESSION of its JSON, called j
value() { "$PYTHON" -c "import json, sys; j = json.load(open(sys.argv[1])); print($2)" "$1"; }

limit() {
    local i
    for i in 1 2; do
        # As clusters have it; a virtual machine's host may have chosen another one.
        ip netns exec "$hosts-h$i" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null
        ip netns exec "$hosts-h$i" tc qdisc replace dev eth0 root tbf rate "$1" burst 512kb latency 20ms || return 1
    done
}

# Half of the batch on each host, without a network between them but at the same time: what computing alone takes.
measure_alone() {
    local half=$(($1 / 2)) other
    timeout 1200 "$UMBEL" bench net.yaml --set batch=$half --steps "$steps" --profile --json >other.json 2>other.log &
    other=$!
    timeout 1200 "$UMBEL" bench net.yaml --set batch=$half --steps "$steps" --profile --json >alone.json 2>alone.log || return 1
    wait "$other"
}

measure_together() {
    timeout 1200 "$WORK/launch" "$UMBEL" bench "$WORK/net.yaml" --set "batch=$1" --steps "$steps" --json >together.json 2>together.log
}

# row BATCH RATE: needs alone.json
row() {
    local lane_seconds update predicted alone together
    lane_seconds=$(value alone.json "j['profile']['seconds']['lane'] * $lane / ($1 / 2)")
    update=$(value alone.json "j['profile']['seconds']['optimizer'] + j['profile']['seconds']['prepare']")
    measure_together "$1" || { not_ok "batch $1, $2" "$(tail -2 together.log | tr '\n' '|')"; return; }
    "$UMBEL" plan net.yaml --set "batch=$1" --ranks 2 --network "$2,50us" --compute "$lane_seconds" --json >plan.json ||
        { not_ok "batch $1, $2" "umbel plan failed"; return; }
    predicted=$(value plan.json "'%.1f' % (100 * j['rows'][0]['exposed_seconds'] / (j['rows'][0]['step_seconds'] + $update))")
    alone=$(value alone.json "j['still']['step_seconds']")
    together=$(value together.json "j['still']['step_seconds']")
    echo "| $1 | $2 | $(printf %.3f "$alone") | $(printf %.3f "$together") | $predicted % | $("$PYTHON" -c "print('%.1f %%' % (100 * ($together - $alone) / $together))") |"
    ok "batch $1, $2" >&3
}

trap remove_hosts EXIT
remove_hosts
if ! make_hosts || ! limit 10Gbit; then
    ok "two hosts (not possible here: needs root, ip, tc and network namespaces)"
    exit 0
fi
cat >launch <<END
#!/bin/bash
WORK=$WORK hosts=$hosts net=$net
. $TESTS/cluster/hosts_common.sh
launch_on_hosts 1 -- "\$@"
END
chmod +x launch
exec 3>results
echo "| batch | link | seconds alone | seconds together | not hidden, foretold | not hidden, measured |"
echo "|---|---|---|---|---|---|"
for batch in $batches; do
    measure_alone "$batch" || { not_ok "batch $batch" "$(tail -2 alone.log | tr '\n' '|')"; continue; }
    for rate in $rates; do
        limit "$rate" && row "$batch" "$rate"
    done
done
cat results
finish
