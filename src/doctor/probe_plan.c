/* The configuration against the pack: does it fit, and how large will the run be. */
#include "probe.h"

#include "data/pack.h"
#include "data/stage.h"
#include "train/plan.h"
#include "train/run_folder.h"

/* Tables of a pack beside its labels, bytes per record: offset, checksum, size, path, order. */
enum { PACK_RECORD_BYTES = 128 };

static void count_images(Survey *survey, const Pack *pack)
{
    size_t count;
    pack_split(pack, SPLIT_TRAIN, &count);
    survey->train_images = count;
    pack_split(pack, SPLIT_VAL, &count);
    survey->val_images = count;
}

static bool plan_sizes(RankFacts *facts, Survey *survey, Config *config, const Pack *pack,
                       Arena *arena, Error *err)
{
    Footprint footprint;
    if (!plan_heads(config, pack, arena, err)) return false;
    ModelSpec spec = plan_model(config, pack, arena);
    if (!plan_footprint(config, &spec, facts->workers, &footprint, err)) return false;
    facts->memory_shared = footprint.node;
    facts->memory_needed =
        footprint.rank +
        pack_records(pack) * (PACK_RECORD_BYTES + sizeof(int32_t) * (uint64_t)pack_groups(pack));
    survey->parameters = footprint.parameters;
    survey->checkpoint_bytes = footprint.checkpoint;
    /* The newest ones, the best of each head, jointly and weighted, of the Pareto front, and the one being written. */
    survey->checkpoints =
        config->checkpoint_keep + config->head_count + 2 + config->checkpoint_pareto + 1;
    return true;
}

void probe_plan(RankFacts *facts, Survey *survey, Config *config, Arena *arena)
{
    Error err = {0};
    Hasher *hasher = hasher_create();
    config_digest(config, hasher);
    facts->config_hash = hasher_finish(hasher).low;
    facts->has_config = true;
    survey->has_config = true;
    survey->pack = config->pack;
    survey->run = config->run;
    survey->run_seconds = 60 * config->time_limit;
    survey->batch = config->batch;
    survey->lane = config->lane;
    Pack *pack = pack_open(config->pack, &err);
    if (!pack) {
        survey_keep_reason(facts->pack_problem, &err);
        return;
    }
    facts->pack_hash = pack_hash(pack);
    count_images(survey, pack);
    if (!plan_sizes(facts, survey, config, pack, arena, &err))
        survey_keep_reason(facts->config_problem, &err);
    pack_close(pack);
    Error stage = {0};
    if (*config->stage && !stage_possible(config->pack, config->stage, &stage))
        survey_keep_reason(facts->stage_problem, &stage);
}
