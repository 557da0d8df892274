/* The option tables of a configuration's top level, and the list of its sections. */
#include "config_tables.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

static const char *const reduce_choices[] = {"exact", "float",
                                             NULL}; /* in the order of ReduceKind */

static const char *const conv_choices[] = {"auto", "direct", NULL}; /* in the order of ConvChoice */

#define AT(member) offsetof(Config, member)
static const Option top_options[] = {
    {.key = "pack",
     .type = OPTION_TEXT,
     .scope = SCOPE_RUN,
     .offset = AT(pack),
     .help = "the data pack, as umbel pack writes it"},
    {.key = "run",
     .type = OPTION_TEXT,
     .scope = SCOPE_RUN,
     .offset = AT(run),
     .fallback = "run",
     .help = "folder of checkpoints and logs"},
    {.key = "image",
     .type = OPTION_INT,
     .offset = AT(image),
     .fallback = "224",
     .low = 8,
     .high = 4096,
     .help = "side of the square input, pixels"},
    {.key = "batch",
     .type = OPTION_INT,
     .offset = AT(batch),
     .fallback = "128",
     .low = 1,
     .high = 1 << 20,
     .help = "images per step, over all ranks; a multiple of lane"},
    {.key = "lane",
     .type = OPTION_INT,
     .offset = AT(lane),
     .fallback = "16",
     .low = 1,
     .high = 4096,
     .help = "images computed together by one thread; at most 4096 lanes per step"},
    {.key = "epochs",
     .type = OPTION_INT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(epochs),
     .fallback = "30",
     .low = 1,
     .high = 1e6,
     .help = "passes over the training images"},
    {.key = "seed",
     .type = OPTION_LONG,
     .offset = AT(seed),
     .fallback = "1",
     .low = 0,
     .high = 9e15,
     .help = "of everything random"},
    {.key = "clip_norm",
     .type = OPTION_FLOAT,
     .offset = AT(clip_norm),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .help = "largest norm of the whole gradient; 0: no clipping"},
    {.key = "clip_adaptive",
     .type = OPTION_FLOAT,
     .offset = AT(clip_adaptive),
     .fallback = "0",
     .low = 0,
     .high = 1e3,
     .help =
         "largest norm of a unit's gradient as a share of its weights' (AGC; such as 0.01); 0: no "
         "clipping"},
    {.key = "dropout",
     .type = OPTION_FLOAT,
     .offset = AT(training.dropout),
     .fallback = "0",
     .low = 0,
     .high = 0.99,
     .help = "probability that a feature is hidden from the heads in training"},
    {.key = "watch",
     .type = OPTION_TEXT,
     .scope = SCOPE_SCHEDULE,
     .offset = AT(watch),
     .fallback = "joint",
     .help =
         "what early stopping and the plateau schedule go by: joint, weighted, loss, or a head"},
    {.key = "reduce",
     .type = OPTION_CHOICE,
     .offset = AT(reduce),
     .fallback = "exact",
     .choices = reduce_choices,
     .help = "how gradients are added; float is smaller, but depends on ranks and workers"},
    {.key = "conv",
     .type = OPTION_CHOICE,
     .offset = AT(conv),
     .fallback = "auto",
     .choices = conv_choices,
     .help = "how convolutions are computed; direct errs least, auto is faster (Winograd)"},
    {.key = "stage",
     .type = OPTION_TEXT,
     .scope = SCOPE_RUN,
     .offset = AT(stage),
     .fallback = "",
     .help =
         "folder on each node's own storage to copy the pack to first; empty: read it in place"},
    {.key = "stage_remove",
     .type = OPTION_BOOL,
     .scope = SCOPE_RUN,
     .offset = AT(stage_remove),
     .fallback = "false",
     .help = "remove that copy at the end"},
    {.key = "node_reduce",
     .type = OPTION_BOOL,
     .scope = SCOPE_RUN,
     .offset = AT(node_reduce),
     .fallback = "false",
     .help = "one sum of gradients per node in memory that its ranks share: the same bits, less "
             "memory, fewer bytes sent"},
    {.key = "recompute",
     .type = OPTION_BOOL,
     .scope = SCOPE_RUN,
     .offset = AT(training.recompute),
     .fallback = "false",
     .help =
         "compute the hidden layers of MLPs, and attention, anew for the backward pass instead of "
         "keeping them: the same bits, less memory, a sixth more time"},
    {.key = "max_skipped",
     .type = OPTION_INT,
     .scope = SCOPE_RUN,
     .offset = AT(max_skipped),
     .fallback = "10",
     .low = 1,
     .high = 1e6,
     .help = "steps in a row with a gradient that is not finite or too large before the run stops"},
    {.key = "max_bad",
     .type = OPTION_FLOAT,
     .scope = SCOPE_RUN,
     .offset = AT(max_bad),
     .fallback = "0.05",
     .low = 0,
     .high = 1,
     .help = "share of an epoch's images that may be unreadable before the run stops"},
    {.key = "time_limit",
     .type = OPTION_FLOAT,
     .scope = SCOPE_RUN,
     .offset = AT(time_limit),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .help =
         "minutes after which the run stops with a checkpoint, exit code 85; 0: none but SLURM's"},
    {.key = "hang_seconds",
     .type = OPTION_FLOAT,
     .scope = SCOPE_RUN,
     .offset = AT(hang_seconds),
     .fallback = "45",
     .low = 0,
     .high = 1e6,
     .help = "a rank without progress for so long ends the job; 0: never"},
    {.key = "heads_lr_scale",
     .type = OPTION_FLOAT,
     .offset = AT(training.heads_lr_scale),
     .fallback = "1",
     .low = 0,
     .high = 1e6,
     .help = "factor on the learning rate of the heads"},
    {.key = "workers",
     .type = OPTION_INT,
     .scope = SCOPE_RUN,
     .offset = AT(workers),
     .fallback = "0",
     .low = 0,
     .high = 4096,
     .help = "threads per rank; 0: the cores that the rank may use"},
    {.key = "log_every",
     .type = OPTION_INT,
     .scope = SCOPE_RUN,
     .offset = AT(log_every),
     .fallback = "10",
     .low = 1,
     .high = 1e9,
     .help = "steps between two log lines"},
    {.key = NULL},
};

static const Option trunk_options[] = {
    {.key = "weights",
     .type = OPTION_TEXT,
     .scope = SCOPE_RUN,
     .offset = AT(weights),
     .fallback = "",
     .help = "checkpoint, or FILE.safetensors, that a new run starts from, with its preprocessing"},
    {.key = "freeze",
     .type = OPTION_INT,
     .offset = AT(training.freeze),
     .fallback = "0",
     .low = 0,
     .high = 1000,
     .help = "first stages that stay as they are; 1000: all"},
    {.key = "freeze_norm",
     .type = OPTION_BOOL,
     .offset = AT(training.freeze_norm),
     .fallback = "false",
     .help = "batch norms keep their running statistics and use them in training"},
    {.key = "lr_decay",
     .type = OPTION_FLOAT,
     .offset = AT(training.lr_decay),
     .fallback = "1",
     .low = 0.01,
     .high = 1,
     .help = "factor on the learning rate per stage, from the last one down to the first"},
    {.key = "unfreeze_epochs",
     .type = OPTION_INT,
     .offset = AT(unfreeze_epochs),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help =
         "epochs after which the last frozen stage learns too, then the one before it, and so on; "
         "0: frozen ones stay so"},
    {.key = NULL},
};

static const Option checkpoint_options[] = {
    {.key = "every_steps",
     .type = OPTION_INT,
     .scope = SCOPE_RUN,
     .offset = AT(checkpoint_every),
     .fallback = "0",
     .low = 0,
     .high = INT_MAX,
     .help = "steps between two checkpoints; 0: only the best ones and the last"},
    {.key = "keep",
     .type = OPTION_INT,
     .scope = SCOPE_RUN,
     .offset = AT(checkpoint_keep),
     .fallback = "3",
     .low = 1,
     .high = 1000,
     .help = "newest checkpoints that are kept, besides the best ones"},
    {.key = NULL},
};
#undef AT

const Option config_head_options[] = {
    {.key = "name",
     .type = OPTION_TEXT,
     .offset = offsetof(HeadConfig, name),
     .help = "label group of the pack"},
    {.key = "weight",
     .type = OPTION_FLOAT,
     .offset = offsetof(HeadConfig, weight),
     .fallback = "1",
     .low = 0,
     .high = 1e6,
     .help = "of its loss in the total"},
    {.key = "flips",
     .type = OPTION_TEXT,
     .offset = offsetof(HeadConfig, flips),
     .fallback = "",
     .help =
         "what a horizontal flip does to its labels: nothing if empty; never: is not done; a list "
         "of left<->right (they change places) and !text (that class is not flipped)"},
    {.key = "flips_vertical",
     .type = OPTION_TEXT,
     .offset = offsetof(HeadConfig, flips_vertical),
     .fallback = "",
     .help = "likewise a vertical flip"},
    {.key = NULL},
};

/* --- sections with kinds --- */

static void *new_options(const Option *table, size_t bytes, Arena *run)
{
    void *options = arena_alloc(run, bytes + 1);
    option_defaults(table, options);
    return options;
}

static const Option *trunk_table(const char *kind)
{
    int index;
    const TrunkType *trunk = trunk_find(kind, &index);
    return trunk ? trunk->options : NULL;
}

static void choose_trunk(Config *config, const char *kind, Arena *run)
{
    config->trunk = trunk_find(kind, &config->trunk_kind);
    config->trunk_options = new_options(config->trunk->options, config->trunk->options_bytes, run);
}

static const char *chosen_trunk(const Config *config)
{
    return config->trunk->kinds[config->trunk_kind];
}

static const char *const *optimizer_kinds(void)
{
    return optimizer_names;
}

static const Option *optimizer_table(const char *kind)
{
    const OptimizerType *type = optimizer_find(kind);
    return type ? type->options : NULL;
}

static void choose_optimizer(Config *config, const char *kind, Arena *run)
{
    config->optimizer = optimizer_find(kind);
    config->optimizer_options =
        new_options(config->optimizer->options, config->optimizer->options_bytes, run);
}

static const char *chosen_optimizer(const Config *config)
{
    return config->optimizer->name;
}

static const char *const *schedule_kinds(void)
{
    return schedule_names;
}

static const Option *schedule_table(const char *kind)
{
    const ScheduleType *type = schedule_find(kind);
    return type ? type->options : NULL;
}

static void choose_schedule(Config *config, const char *kind, Arena *run)
{
    config->schedule = schedule_find(kind);
    config->schedule_options =
        new_options(config->schedule->options, config->schedule->options_bytes, run);
}

static const char *chosen_schedule(const Config *config)
{
    return config->schedule->name;
}

const KindSection config_kind_sections[KIND_SECTIONS] = {
    {"trunk", NULL, SCOPE_MODEL, trunk_kinds, trunk_table, choose_trunk, chosen_trunk},
    {"optimizer", "adamw", SCOPE_MODEL, optimizer_kinds, optimizer_table, choose_optimizer,
     chosen_optimizer},
    {"schedule", "cosine", SCOPE_SCHEDULE, schedule_kinds, schedule_table, choose_schedule,
     chosen_schedule},
};

/* --- all sections --- */

void config_sections(const Config *config, Section sections[SECTIONS])
{
    void *top = (void *)config; /* binding writes, all others read */
    const Section list[] = {
        {"", top_options, top},
        {"trunk", trunk_options, top},
        {"trunk", config->trunk ? config->trunk->options : NULL, config->trunk_options},
        {"optimizer", config->optimizer ? config->optimizer->options : NULL,
         config->optimizer_options},
        {"schedule", config->schedule ? config->schedule->options : NULL, config->schedule_options},
        {"sampling", config_sampling_options, top},
        {"progressive", config_progressive_options, top},
        {"ema", ema_options, (void *)&config->ema},
        {"early_stop", config_early_stop_options, top},
        {"checkpoint", checkpoint_options, top},
        {"augment", augment_options, (void *)&config->augment},
    };
    enum { LISTED = sizeof list / sizeof *list };
    _Static_assert(LISTED + AUGMENTATIONS == SECTIONS, "all of them");
    memcpy(sections, list, sizeof list);
    for (int i = 0; i < AUGMENTATIONS; i++)
        sections[LISTED + i] =
            (Section){"augment", augment_more_options(i), config->augment.more[i]};
}

bool config_begins(const Section sections[SECTIONS], int s)
{
    return s == 0 || strcmp(sections[s].name, sections[s - 1].name) != 0;
}

static const KindSection *kind_section(const char *name)
{
    for (int k = 0; k < KIND_SECTIONS; k++)
        if (strcmp(config_kind_sections[k].name, name) == 0) return &config_kind_sections[k];
    return NULL;
}

static void visit_table(const char *prefix, const Option *table, const void *values,
                        ConfigVisitor *visit, void *context)
{
    assert(table); /* kinds are chosen */
    for (const Option *option = table; option->key; option++) {
        char key[CONFIG_KEY_BYTES], value[CONFIG_VALUE_BYTES];
        snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", option->key);
        option_print(option, values, value, sizeof value);
        visit(context, key, value, option->scope);
    }
}

void config_visit(const Config *config, ConfigVisitor *visit, void *context)
{
    Section sections[SECTIONS];
    config_sections(config, sections);
    for (int s = 0; s < SECTIONS; s++) {
        const KindSection *kind =
            config_begins(sections, s) ? kind_section(sections[s].name) : NULL;
        if (kind) {
            char key[CONFIG_KEY_BYTES];
            snprintf(key, sizeof key, "%s.kind", kind->name);
            visit(context, key, kind->chosen(config), kind->scope);
        }
        visit_table(sections[s].name, sections[s].table, sections[s].values, visit, context);
    }
    for (int h = 0; h < config->head_count; h++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "heads[%d]", h);
        visit_table(prefix, config_head_options, &config->heads[h], visit, context);
    }
}
