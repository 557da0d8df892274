/* What flips mean for the heads' labels. */
#include "train/plan.h"

#include "base/log.h"

static const char *const key[2] = {"flips", "flips_vertical"};

static const char *rules_of(const HeadConfig *head, int direction)
{
    return direction == 0 ? head->flips : head->flips_vertical;
}

static bool is_angle(const HeadConfig *head)
{
    return head->type->measure == MEASURE_ANGLE;
}

static bool read_rules(const Config *config, const LabelGroup *group, int head, int direction,
                       FlipRule *rule, Error *err)
{
    Error why = {0};
    return flips_parse(rules_of(&config->heads[head], direction), group, rule, &why) ||
           error_set(err, why.kind, "heads[%d].%s: %s", head, key[direction], why.text);
}

bool plan_flips(const Config *config, const Pack *pack, int direction, const FlipRule **rules,
                Arena *run, Error *err)
{
    FlipRule *all = arena_new(run, FlipRule, config->head_count + 1);
    bool ok = true;
    *rules = NULL;
    for (int h = 0; h < config->head_count; h++) {
        const HeadConfig *head = &config->heads[h];
        if (!*rules_of(head, direction)) continue;
        LabelGroup group = *pack_group(pack, pack_find_group(pack, head->name));
        group.class_name = plan_class_names(config, h, pack, run);
        all[h].becomes = arena_new(run, int32_t, group.classes + 1);
        if (is_angle(head)) all[h].period = head->type->unit(head->options, &(HeadFacts){0});
        ok &= read_rules(config, &group, h, direction, &all[h], err);
        *rules = all;
    }
    return ok;
}

void plan_flips_warn(const Config *config)
{
    const AugmentOptions *augment = &config->augment;
    for (int h = 0; h < config->head_count; h++)
        for (int d = 0; d < 2; d++) {
            const HeadConfig *head = &config->heads[h];
            double probability = d == 0 ? augment->flip : augment->flip_vertical;
            if (!augment->enabled || probability == 0 || !is_angle(head) || *rules_of(head, d))
                continue;
            log_warning("heads[%d].%s: %s is an angle, and pictures are turned over (augment.%s "
                        "%g); say what that makes of it: x if nothing, 180 - x or the like, or "
                        "never",
                        h, key[d], head->name, d == 0 ? "flip" : "flip_vertical", probability);
        }
}
