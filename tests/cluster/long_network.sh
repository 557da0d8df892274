#!/bin/bash
# What umbel plan foretells of two hosts against what they do: network namespaces whose links tc holds to 10 and to 1 Gbit/s
# (needs root). Prints a table: communication that is not hidden behind computing, in % of a step. One rank of one worker on
# each host. The machine should have nothing else to do. ROUNDS, STEPS, BATCHES, RATES, TRUNK, IMAGE: what is measured.
hosts=umbel-net net=10.78.0
. tests/cli/common.sh
. tests/cluster/hosts_common.sh
steps=${STEPS:-7} rounds=${ROUNDS:-1} batches=${BATCHES:-16 32 64} rates=${RATES:-10Gbit 1Gbit}
trunk=${TRUNK:-resnet18} image=${IMAGE:-96}
lane=8
cd "$WORK" || exit 1
unset OPENBLAS_CORETYPE
cat >net.yaml <<END
pack: ""
image: $image
trunk: {kind: $trunk}
lane: $lane
workers: 1
END

# value FILE EXPRESSION of its JSON, called j
value() { "$PYTHON" -c "import json, sys; j = json.load(open(sys.argv[1])); print($2)" "$1"; }
step_of() { value "$1" "j['still']['step_seconds']"; }

# TCP as clusters have it: bbr, which some virtual machines choose, sends a burst after a pause at a third of the rate. A
# namespace may choose what the machine allows.
sysctl -qw net.ipv4.tcp_allowed_congestion_control="$(sysctl -n net.ipv4.tcp_available_congestion_control)"
limit() {
    local i
    for i in 1 2; do
        ip netns exec "$hosts-h$i" sysctl -qw net.ipv4.tcp_congestion_control=cubic || return 1
        ip netns exec "$hosts-h$i" tc qdisc replace dev eth0 root tbf rate "$1" burst 512kb latency 20ms || return 1
    done
}

# Half of the batch on each host, without a network between them but at the same time: what computing alone takes. Cores of a
# shared machine differ by some percent, and of ranks that wait for each other the slower one tells how long a step is.
measure_alone() {
    local half=$(($1 / 2)) other
    timeout 1200 "$UMBEL" bench net.yaml --set batch=$half --steps "$steps" --profile --json >other.json 2>other.log &
    other=$!
    timeout 1200 "$UMBEL" bench net.yaml --set batch=$half --steps "$steps" --profile --json >alone.json 2>alone.log &&
        wait "$other" && { step_of alone.json; step_of other.json; } | sort -g | tail -1
}

measure_together() {
    timeout 1200 "$WORK/launch" "$UMBEL" bench "$WORK/net.yaml" --set "batch=$1" --steps "$steps" --json >together.json 2>together.log &&
        step_of together.json
}

# foretell BATCH RATE: seconds of a step that are not hidden, seconds of a step; needs alone.json
foretell() {
    local lane_seconds update
    lane_seconds=$(value alone.json "j['profile']['seconds']['lane'] * $lane / ($1 / 2)")
    update=$(value alone.json "j['profile']['seconds']['optimizer'] + j['profile']['seconds']['prepare']")
    "$UMBEL" plan net.yaml --set "batch=$1" --ranks 2 --network "$2,50us" --compute "$lane_seconds" --json >plan.json &&
        value plan.json "j['rows'][0]['exposed_seconds'], ',', j['rows'][0]['step_seconds'] + $update"
}

# row BATCH RATE: medians of all rounds, from the lists alone-BATCH and RATE-BATCH of seconds per step
row() {
    local plan
    plan=$(foretell "$1" "$2") || return 1
    "$PYTHON" - "$1" "$2" "$(paste -sd, "alone-$1")" "$(paste -sd, "$2-$1")" "$plan" <<'END'
import sys
from statistics import median
batch, rate = sys.argv[1:3]
alone, together, (exposed, step) = ([float(x) for x in text.split(",")] for text in sys.argv[3:])
share = [100 * (t - a) / t for a, t in zip(alone, together)]
rounds = ", ".join(f"{x:.1f}" for x in share)
print(f"| {batch} | {rate} | {median(alone):.3f} | {median(together):.3f} | {step:.3f} | {100 * exposed / step:.1f} % | {median(share):.1f} % ({rounds}) |")
END
}

measure() { # BATCH
    local rate round
    for ((round = 0; round < rounds; round++)); do
        measure_alone "$1" >>"alone-$1" || return 1
        for rate in $rates; do
            limit "$rate" && measure_together "$1" >>"$rate-$1" || return 1
        done
    done
    for rate in $rates; do row "$1" "$rate" || return 1; done
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
echo "| batch | link | seconds alone | seconds together | foretold | not hidden, foretold | not hidden, measured (rounds) |"
echo "|---|---|---|---|---|---|---|"
for batch in $batches; do
    if measure "$batch" >row 2>why; then
        cat row
        ok "batch $batch"
    else
        not_ok "batch $batch" "$(tail -qn 2 why alone.log together.log | tr '\n' '|')"
    fi
done
finish
