/* What flips mean for the heads' classes. */
#include "data/flips.h"
#include "train/plan.h"

static const char *rules_of(const HeadConfig *head, int direction)
{
    return direction == 0 ? head->flips : head->flips_vertical;
}

static bool read_rules(const Config *config, const Pack *pack, int head, int direction,
                       int32_t *turned, Error *err)
{
    Error why = {0};
    const LabelGroup *group = pack_group(pack, pack_find_group(pack, config->heads[head].name));
    return flips_parse(rules_of(&config->heads[head], direction), group, turned, &why) ||
           error_set(err, why.kind, "heads[%d].%s: %s", head,
                     direction == 0 ? "flips" : "flips_vertical", why.text);
}

bool plan_flips(const Config *config, const Pack *pack, int direction,
                const int32_t *const **turned, Arena *run, Error *err)
{
    const int32_t **all = arena_new(run, const int32_t *, config->head_count + 1);
    bool ok = true;
    *turned = NULL;
    for (int h = 0; h < config->head_count; h++) {
        if (!*rules_of(&config->heads[h], direction)) continue;
        int group = pack_find_group(pack, config->heads[h].name);
        int32_t *own = arena_new(run, int32_t, pack_group(pack, group)->classes);
        ok &= read_rules(config, pack, h, direction, own, err);
        all[h] = own;
        *turned = all;
    }
    return ok;
}
