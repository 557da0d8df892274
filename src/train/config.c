/* From settings to a configuration: every setting must find its option, every option its value. */
#include "train/config.h"

#include "config_binding.h"

#include <stdlib.h>
#include <string.h>

/* Beyond MISTAKES_MAX nothing more is looked for. */
enum { LANES_MAX = 4096, MISTAKES_MAX = 20 };

static const Setting *find_setting(const Binding *binding, const char *key)
{
    for (int i = 0; i < binding->settings->count; i++)
        if (strcmp(binding->settings->list[i].key, key) == 0) return &binding->settings->list[i];
    return NULL;
}

static bool is_section(const Config *config, const char *name)
{
    Section sections[SECTIONS];
    config_sections(config, sections);
    for (int s = 0; s < SECTIONS; s++)
        if (*name && strcmp(sections[s].name, name) == 0) return true;
    return false;
}

void binding_parse(const Binding *binding, const Option *option, const Setting *setting,
                   void *values)
{
    Error why = {0};
    if (!option_parse(option, setting->value, values, &why))
        error_set(binding->err, ERROR_USAGE, "%s: %s: %s", setting->where, setting->key, why.text);
}

/* --- kinds --- */

static int count_names(const char *const *names)
{
    int count = 0;
    while (names[count]) count++;
    return count;
}

void binding_no_kind(const Binding *binding, const Setting *setting, const char *const *kinds)
{
    const char *near = option_nearest(setting->value, kinds, count_names(kinds));
    error_set(binding->err, ERROR_USAGE,
              "%s: %s: there is no \"%s\"%s%s%s; umbel train --keys lists all", setting->where,
              setting->key, setting->value, near ? "; did you mean \"" : "", near ? near : "",
              near ? "\"?" : "");
}

static void bad_kind(const Binding *binding, const KindSection *section, const Setting *setting)
{
    const char *const *kinds = section->kinds();
    if (!setting) {
        error_set(binding->err, ERROR_USAGE,
                  "%s: %s.kind: must be given, such as %s; umbel train --keys lists all",
                  binding->name, section->name, kinds[0]);
        return;
    }
    binding_no_kind(binding, setting, kinds);
}

static void choose_kinds(Binding *binding)
{
    for (int k = 0; k < KIND_SECTIONS; k++) {
        const KindSection *section = &config_kind_sections[k];
        char key[CONFIG_KEY_BYTES];
        snprintf(key, sizeof key, "%s.kind", section->name);
        const Setting *setting = find_setting(binding, key);
        const char *kind = setting ? setting->value : section->fallback;
        if (kind && section->table_of(kind))
            section->choose(binding->config, kind, binding->arena);
        else
            bad_kind(binding, section, setting);
    }
}

/* --- keys --- */

/* All keys that would be right, for the nearest one. Returns their number. */
static int known_keys(const Binding *binding, const char *known[KNOWN_MAX])
{
    Section sections[SECTIONS];
    config_sections(binding->config, sections);
    int count = 0;
    for (int s = 0; s < SECTIONS; s++)
        for (const Option *option = sections[s].table; option && option->key && count < KNOWN_MAX;
             option++)
            known[count++] = *sections[s].name ? arena_printf(binding->arena, "%s.%s",
                                                              sections[s].name, option->key)
                                               : option->key;
    for (int k = 0; k < KIND_SECTIONS && count < KNOWN_MAX; k++)
        known[count++] = arena_printf(binding->arena, "%s.kind", config_kind_sections[k].name);
    for (int s = 0; s < SECTIONS && count < KNOWN_MAX; s++)
        if (*sections[s].name && config_begins(sections, s)) known[count++] = sections[s].name;
    if (count < KNOWN_MAX) known[count++] = "heads";
    return count;
}

/* The kind of the same section that has the key, or NULL. */
static const char *other_owner(const char *section, const char *key)
{
    for (int k = 0; k < KIND_SECTIONS; k++) {
        if (strcmp(config_kind_sections[k].name, section) != 0) continue;
        const char *const *kinds = config_kind_sections[k].kinds();
        for (int i = 0; kinds[i]; i++)
            if (option_find(config_kind_sections[k].table_of(kinds[i]), key)) return kinds[i];
    }
    return NULL;
}

void binding_unknown_key(const Binding *binding, const Setting *setting, const char *section,
                         const char *key)
{
    const char *owner = other_owner(section, key);
    if (owner) {
        error_set(binding->err, ERROR_USAGE,
                  "%s: %s: belongs to the kind %s, not to the one chosen", setting->where,
                  setting->key, owner);
        return;
    }
    const char *known[KNOWN_MAX];
    int count = known_keys(binding, known);
    const char *near = option_nearest(setting->key, known, count);
    error_set(binding->err, ERROR_USAGE, "%s: %s: unknown key%s%s%s", setting->where, setting->key,
              near ? "; did you mean " : "; umbel train --keys lists all", near ? near : "",
              near ? "?" : "");
}

/* --- binding --- */

static void bind_setting(Binding *binding, const Setting *setting)
{
    const char *dot = strchr(setting->key, '.');
    char section[CONFIG_KEY_BYTES];
    snprintf(section, sizeof section, "%.*s", dot ? (int)(dot - setting->key) : 0, setting->key);
    const char *key = dot ? dot + 1 : setting->key;
    if (binding_bind_head(binding, setting)) return;
    if (!dot && is_section(binding->config, key)) {
        if (strcmp(setting->value, "{}") != 0 && *setting->value)
            error_set(binding->err, ERROR_USAGE,
                      "%s: %s: must be a map such as {key: value}, not \"%s\"", setting->where, key,
                      setting->value);
        return;
    }
    if (strcmp(key, "kind") == 0 && is_section(binding->config, section))
        return; /* choose_kinds has read it */
    Section sections[SECTIONS];
    config_sections(binding->config, sections);
    for (int s = 0; s < SECTIONS; s++) {
        if (strcmp(sections[s].name, section) != 0) continue;
        if (!sections[s].table) return; /* its kind is unknown, which has been reported */
        const Option *option = option_find(sections[s].table, key);
        if (!option) continue;
        binding_parse(binding, option, setting, sections[s].values);
        return;
    }
    binding_unknown_key(binding, setting, section, key);
}

static bool has_many_mistakes(const Binding *binding)
{
    return binding->err->count >= MISTAKES_MAX;
}

/* A file may say `optimizer: {lr: 1}` and `optimizer.lr: 2`: one key, spelled twice. */
static void check_twice(const Binding *binding)
{
    const Setting *list = binding->settings->list;
    for (int i = 0; i < binding->settings->count && !has_many_mistakes(binding); i++) {
        const Setting *first = find_setting(binding, list[i].key);
        if (first != &list[i])
            error_set(binding->err, ERROR_USAGE, "%s: %s: is given twice, first at %s",
                      list[i].where, list[i].key, first->where);
    }
}

static void check_required(const Binding *binding)
{
    Section sections[SECTIONS];
    config_sections(binding->config, sections);
    for (const Option *option = sections[0].table; option->key; option++)
        if (!option->fallback && !find_setting(binding, option->key))
            error_set(binding->err, ERROR_USAGE, "%s: %s: must be given: %s", binding->name,
                      option->key, option->help);
}

/* Rules that span several keys; only worth telling when the keys themselves are right. */
static void check_together(const Binding *binding)
{
    const Config *config = binding->config;
    if (binding->err->kind != ERROR_NONE) return;
    Error augment = {0};
    if (!augment_check(&config->augment, &augment))
        error_set(binding->err, augment.kind, "%s: %s", binding->name, augment.text);
    const Setting *batch = find_setting(binding, "batch");
    const char *where = batch ? batch->where : binding->name;
    if (config->batch % config->lane != 0)
        error_set(binding->err, ERROR_USAGE, "%s: batch: %d is no multiple of lane, %d", where,
                  config->batch, config->lane);
    else if (config->batch / config->lane > LANES_MAX)
        error_set(binding->err, ERROR_USAGE,
                  "%s: batch: %d images in lanes of %d are %d lanes; at most %d are possible, so "
                  "choose a larger lane",
                  where, config->batch, config->lane, config->batch / config->lane, LANES_MAX);
}

/* GradNorm compares what it knows of all heads. */
static void check_balance(const Binding *binding)
{
    const Config *config = binding->config;
    if (binding->err->kind != ERROR_NONE || config->balancer->taps != TAPS_APART) return;
    for (int h = 0; h < config->head_count; h++)
        if (config->heads[h].body.pool != HEAD_POOL_TRUNK)
            error_set(binding->err, ERROR_USAGE,
                      "%s: balance.kind: %s compares gradients on the trunk's features, which head "
                      "%s does not read; choose another kind, or pool: features",
                      binding->name, config->balancer->name, config->heads[h].name);
}

static bool bind(Config *config, Arena *run, Settings *settings, const char *name,
                 const HeadType *head_type, Error *err)
{
    *config = (Config){0};
    augment_create(&config->augment, run);
    Binding binding = {.config = config,
                       .settings = settings,
                       .arena = run,
                       .name = name,
                       .head_type = head_type,
                       .err = err};
    Section sections[SECTIONS];
    config_sections(config, sections);
    for (int s = 0; s < SECTIONS; s++)
        if (sections[s].values && sections[s].table)
            option_defaults(sections[s].table, sections[s].values);
    choose_kinds(&binding);
    binding_choose_heads(&binding);
    check_twice(&binding);
    for (int i = 0; i < settings->count && !has_many_mistakes(&binding); i++)
        bind_setting(&binding, &settings->list[i]);
    check_required(&binding);
    binding_check_heads(&binding);
    check_together(&binding);
    check_balance(&binding);
    return err->kind == ERROR_NONE;
}

bool config_load(Config *config, Arena *run, const char *path, const char *const *sets,
                 int set_count, Error *err)
{
    Settings settings = {.arena = run};
    *config = (Config){0};
    if (!yaml_load(&settings, path, err)) return false;
    for (int i = 0; i < set_count; i++) yaml_set(&settings, sets[i], err);
    return err->kind == ERROR_NONE && config_inherit(&settings, run, err) &&
           bind(config, run, &settings, path, NULL, err);
}

bool config_parse(Config *config, Arena *run, const char *text, const char *name, Error *err)
{
    Settings settings = {.arena = run};
    *config = (Config){0};
    return yaml_parse(&settings, text, strlen(text), name, err) &&
           bind(config, run, &settings, name, head_for(LABEL_CLASS), err);
}

bool config_for_kind(Config *config, Arena *run, const char *kind, const char *const *sets,
                     int set_count, Error *err)
{
    int index;
    Settings settings = {.arena = run};
    const TrunkType *trunk = trunk_find(kind, &index);
    const char *text = arena_printf(run, "pack: \"\"\ntrunk: {kind: %s}\n%s", kind,
                                    trunk ? config_preprocessing(trunk, run) : "");
    *config = (Config){0};
    if (!yaml_parse(&settings, text, strlen(text), "--trunk", err)) return false;
    for (int i = 0; i < set_count; i++) yaml_set(&settings, sets[i], err);
    return err->kind == ERROR_NONE && bind(config, run, &settings, "--trunk", NULL, err);
}

int config_find_head(const Config *config, const char *name)
{
    for (int h = 0; h < config->head_count; h++)
        if (strcmp(config->heads[h].name, name) == 0) return h;
    return -1;
}

void config_default_heads(Config *config, Arena *run, const char *const *names, int count)
{
    config->heads = arena_new(run, HeadConfig, count + 1);
    config->head_count = count;
    for (int h = 0; h < count; h++) {
        option_defaults(config_head_options, &config->heads[h]);
        snprintf(config->heads[h].name, sizeof config->heads[h].name, "%s", names[h]);
    }
}
