/* Which form the network has in which epoch: progressive resizing and gradual unfreezing. */
#include "base/log.h"
#include "train/plan.h"

/* Stages of the trunk. */
static bool count_stages(const Config *config, const Pack *pack, int *stages, Error *err)
{
    Arena *arena = arena_create("stages");
    ModelSpec spec = plan_model(config, pack, arena);
    Model model;
    *stages = 0;
    /* What is to be said of the network is said when it is built for use. */
    bool quiet = log_set_quiet(true);
    bool ok = model_build(&model, &spec, arena, err);
    log_set_quiet(quiet);
    for (int i = 0; ok && i < model.graph->params->count; i++)
        if (model.graph->params->list[i]->stage > *stages)
            *stages = model.graph->params->list[i]->stage;
    arena_destroy(arena);
    return ok;
}

static int side_in(const Config *config, int epoch)
{
    int stage = epoch / config->progressive_epochs;
    return stage < config->progressive_sides.count ? config->progressive_sides.value[stage]
                                                   : config->image;
}

static int freeze_in(const Config *config, int stages, int epoch)
{
    if (config->unfreeze_epochs == 0) return config->training.freeze;
    int frozen = config->training.freeze < stages ? config->training.freeze : stages;
    int thawed = epoch / config->unfreeze_epochs;
    return thawed < frozen ? frozen - thawed : 0;
}

/* The form with side and stages; it is added if there is none. */
static int find_form(FormPlan *plan, int image, int freeze)
{
    int f = 0;
    while (f < plan->forms && (plan->form[f].image != image || plan->form[f].freeze != freeze)) f++;
    if (f < plan->forms || f == PLAN_FORMS_MAX) return f;
    plan->form[plan->forms++] = (EngineForm){.image = image, .freeze = freeze};
    return f;
}

bool plan_forms(const Config *config, const Pack *pack, FormPlan *plan, Arena *run, Error *err)
{
    int stages = 0;
    *plan = (FormPlan){0};
    if (config->unfreeze_epochs == 0 && config->progressive_sides.count == 0) return true;
    for (int i = 0; i < config->progressive_sides.count; i++)
        if (config->progressive_sides.value[i] > config->image)
            return error_set(err, ERROR_USAGE,
                             "progressive.sides: %d is larger than image, %d, with which training "
                             "ends",
                             config->progressive_sides.value[i], config->image);
    if (config->unfreeze_epochs > 0 && !count_stages(config, pack, &stages, err)) return false;
    plan->form = arena_new(run, EngineForm, PLAN_FORMS_MAX);
    plan->of_epoch = arena_new(run, int, config->epochs);
    for (int epoch = 0; epoch < config->epochs; epoch++) {
        int f = find_form(plan, side_in(config, epoch), freeze_in(config, stages, epoch));
        if (f == PLAN_FORMS_MAX)
            return error_set(err, ERROR_USAGE,
                             "progressive.sides, trunk.freeze: change the network more than %d "
                             "times; use fewer sides",
                             PLAN_FORMS_MAX);
        plan->of_epoch[epoch] = f;
    }
    return true;
}
