#!/bin/bash
# umbel plan: what it makes of a configuration; the model's arithmetic is tests/bench/test_step_model.c.
. tests/cli/common.sh
cd "$WORK" || exit 1
printf 'pack: ""\nimage: 32\ntrunk: {kind: resnet18, width: 16}\nbatch: 64\nlane: 4\nworkers: 2\nepochs: 2\n' >net.yaml
holds() {
    local found
    found=$("$PYTHON" -c "import json, sys; j = json.load(open(sys.argv[1])); r = {x['ranks']: x for x in j['rows']}; print(bool($3))" "$2" 2>&1)
    same "$1" True "$(tail -1 <<<"$found")"
}
plan() { timeout 120 "$UMBEL" plan net.yaml "$@"; }

plan --ranks 1,2,8,16 --network 10Gbit,30us --compute 0.5 --images 6400 --memory 0.6 --json >given.json 2>err || not_ok "plan" "$(head -3 err | tr '\n' '|')"
holds "nothing is measured" given.json 'not j["measured"] and j["lane_seconds"] == 0.5 and "checkpoint_seconds" not in j'
holds "network" given.json 'j["bandwidth"] == 1.25e9 and abs(j["latency"] - 30e-6) < 1e-12'
holds "16 lanes on 2 workers: 8 rounds" given.json 'r[1]["rounds"] == 8 and r[1]["compute_seconds"] == 4 and r[1]["exposed_seconds"] == 0 and r[1]["efficiency"] == 1'
holds "8 ranks: one round" given.json 'r[8]["rounds"] == 1 and r[8]["compute_seconds"] == 0.5 and 0 < r[8]["exposed_seconds"] < 0.1'
holds "16 ranks: half of the workers idle" given.json '0.4 < r[16]["efficiency"] < 0.5 and r[16]["batch_for_80_percent"] == 128'
holds "images per second" given.json 'all(abs(x["images_per_second"] * x["step_seconds"] - 64) < 1e-9 for x in j["rows"])'
holds "an epoch of 100 steps" given.json 'all(abs(x["epoch_seconds"] - 100 * x["step_seconds"]) < 1e-9 for x in j["rows"])'
holds "a lane fits into memory, and not any" given.json '4 <= j["largest_lane"] < 4096 and j["rank_bytes"] > 1e6'
plan --compute 0.5 --memory 0.4 --json >less.json 2>err
holds "less memory, a smaller lane" less.json "j['largest_lane'] < $("$PYTHON" -c 'import json; print(json.load(open("given.json"))["largest_lane"])')"
holds "the largest batch: no more images than there are" given.json 'j["largest_batch"] == 6400'
holds "the largest batch: no more than 4,096 lanes" less.json 'j["largest_batch"] == 4096 * 4'
plan --compute 0.5 --memory 0.001 --json >none.json 2>err
holds "not one lane fits" none.json 'j["largest_lane"] == 0 and j["largest_batch"] == 0'
plan --compute 0.5 --network 100Mbit --ranks 8 --json >slow.json 2>err
holds "a slow network shows" slow.json 'r[8]["exposed_seconds"] > 0.2'
plan --ranks 1,2,8 --compute 0.5 --images 6400 >table 2>err
same "lines for sbatch: the most ranks that are used well" "#SBATCH --nodes=8" "$(grep -- --nodes table)"
same "time, with a margin" "#SBATCH --time=00:03:00" "$(grep -- --time table)"

# Measured: the step of a rank is what umbel bench would see, if the machine lets it.
plan --ranks 1 --json >measured.json 2>err || not_ok "measured" "$(head -3 err | tr '\n' '|')"
holds "measured steps" measured.json 'j["measured"] and 0 < j["lane_seconds"] < 30 and j["update_seconds"] > 0 and j["checkpoint_seconds"] > 0'

fails "network" 2 '^umbel: --network: must be' plan --network fast
fails "ranks" 2 '^umbel plan: --ranks: must be' plan --ranks 2,x
fails "compute" 2 '^umbel plan: --compute: must be' plan --compute 0
fails "under mpirun" 2 '^umbel: umbel plan foretells 2 ranks' ranks 2 "$UMBEL" plan net.yaml
finish
