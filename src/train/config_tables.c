/* The list of a configuration's sections, the kinds that some of them have, and a walk over their keys. */
#include "config_tables.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

const char *config_head_kind(const HeadConfig *head)
{
    return head->type ? head->type->name : "auto";
}

void config_choose_head(HeadConfig *head, const HeadType *type, Arena *run)
{
    head->type = type;
    head->options = NULL;
    if (!type) return;
    head->options = arena_alloc(run, type->options_bytes + 1);
    option_defaults(type->options, head->options);
}

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

static const char *const *balancer_kinds(void)
{
    return balancer_names;
}

static const Option *balancer_table(const char *kind)
{
    const BalancerType *type = balancer_find(kind);
    return type ? type->options : NULL;
}

static void choose_balancer(Config *config, const char *kind, Arena *run)
{
    config->balancer = balancer_find(kind);
    config->balancer_options =
        new_options(config->balancer->options, config->balancer->options_bytes, run);
}

static const char *chosen_balancer(const Config *config)
{
    return config->balancer->name;
}

const KindSection config_kind_sections[KIND_SECTIONS] = {
    {"trunk", NULL, SCOPE_MODEL, false, trunk_kinds, trunk_table, choose_trunk, chosen_trunk},
    {"optimizer", "adamw", SCOPE_MODEL, false, optimizer_kinds, optimizer_table, choose_optimizer,
     chosen_optimizer},
    {"schedule", "cosine", SCOPE_SCHEDULE, false, schedule_kinds, schedule_table, choose_schedule,
     chosen_schedule},
    {"balance", "fixed", SCOPE_MODEL, true, balancer_kinds, balancer_table, choose_balancer,
     chosen_balancer},
};

/* --- all sections --- */

void config_sections(const Config *config, Section sections[SECTIONS])
{
    void *top = (void *)config; /* binding writes, all others read */
    const Section list[] = {
        {"", config_top_options, top},
        {"trunk", config_trunk_options, top},
        {"trunk", config->trunk ? config->trunk->options : NULL, config->trunk_options},
        {"optimizer", config->optimizer ? config->optimizer->options : NULL,
         config->optimizer_options},
        {"schedule", config->schedule ? config->schedule->options : NULL, config->schedule_options},
        {"balance", config_balance_options, top},
        {"balance", config->balancer ? config->balancer->options : NULL, config->balancer_options},
        {"sampling", config_sampling_options, top},
        {"progressive", config_progressive_options, top},
        {"ema", ema_options, (void *)&config->ema},
        {"early_stop", config_early_stop_options, top},
        {"checkpoint", config_checkpoint_options, top},
        {"augment", augment_options, (void *)&config->augment},
        {"augment", mix_options, (void *)&config->mix},
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

static bool is_default(const Option *option, const char *value)
{
    union {
        char text[OPTION_NAMES_BYTES];
        OptionFloats floats;
        OptionInts ints;
    } values;
    char text[CONFIG_VALUE_BYTES];
    Option alone = *option;
    alone.offset = 0;
    if (!option_parse(&alone, option->fallback, &values, &(Error){0})) return false;
    option_print(&alone, &values, text, sizeof text);
    return strcmp(text, value) == 0;
}

static void visit_table(const char *prefix, const Option *table, const void *values,
                        ConfigVisitor *visit, void *context)
{
    assert(table); /* kinds are chosen */
    for (const Option *option = table; option->key; option++) {
        char key[CONFIG_KEY_BYTES], value[CONFIG_VALUE_BYTES];
        snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", option->key);
        option_print(option, values, value, sizeof value);
        visit(context, key, value, option->scope, option->added && is_default(option, value));
    }
}

static void visit_head(const HeadConfig *head, int index, ConfigVisitor *visit, void *context)
{
    char prefix[32], key[48];
    snprintf(prefix, sizeof prefix, "heads[%d]", index);
    snprintf(key, sizeof key, "%s.kind", prefix);
    visit_table(prefix, config_head_options, head, visit, context);
    visit(context, key, config_head_kind(head), SCOPE_MODEL,
          !head->type || head->type == head_for(LABEL_CLASS));
    if (head->type) visit_table(prefix, head->type->options, head->options, visit, context);
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
            const char *chosen = kind->chosen(config);
            snprintf(key, sizeof key, "%s.kind", kind->name);
            visit(context, key, chosen, kind->scope,
                  kind->added && strcmp(chosen, kind->fallback) == 0);
        }
        visit_table(sections[s].name, sections[s].table, sections[s].values, visit, context);
    }
    for (int h = 0; h < config->head_count; h++) {
        visit_head(&config->heads[h], h, visit, context);
    }
}
