/* The heads of a configuration: a list, whose entries have keys of their kinds. */
#include "config_binding.h"

#include <stdlib.h>
#include <string.h>

/* `index` is below HEADS_MAX. */
static HeadConfig *head_at(Binding *binding, int index)
{
    Config *config = binding->config;
    if (!config->heads) config->heads = arena_new(binding->arena, HeadConfig, HEADS_MAX);
    for (; config->head_count <= index; config->head_count++) {
        HeadConfig *head = &config->heads[config->head_count];
        option_defaults(config_head_options, head);
        config_choose_head(head, binding->head_type, binding->arena);
    }
    return &config->heads[index];
}

static void heads_are_no_list(const Binding *binding, const Setting *setting)
{
    error_set(binding->err, ERROR_USAGE,
              "%s: heads: must be a list such as [{name: type}, {name: part}]", setting->where);
}

/* The index and the key of "heads[0].weight"; false: the setting has no such form. */
static bool cut_head_key(const Setting *setting, int *index, const char **key)
{
    char *end;
    if (strncmp(setting->key, "heads[", strlen("heads[")) != 0) return false;
    long number = strtol(setting->key + strlen("heads["), &end, 10);
    *index = (int)number;
    *key = end + 2;
    return end[0] == ']' && end[1] == '.' && number >= 0 && number < HEADS_MAX;
}

static void choose_head_kind(Binding *binding, const Setting *setting, HeadConfig *head)
{
    const HeadType *type = head_find(setting->value);
    if (type || strcmp(setting->value, "auto") == 0) {
        config_choose_head(head, type, binding->arena);
        return;
    }
    binding_no_kind(binding, setting, head_kinds());
}

void binding_choose_heads(Binding *binding)
{
    for (int i = 0; i < binding->settings->count; i++) {
        const Setting *setting = &binding->settings->list[i];
        const char *key;
        int index;
        if (cut_head_key(setting, &index, &key) && strcmp(key, "kind") == 0)
            choose_head_kind(binding, setting, head_at(binding, index));
    }
}

static int list_keys(const char **known, int count, const Option *table)
{
    for (; table->key; table++) known[count++] = table->key;
    return count;
}

static void unknown_head_key(const Binding *binding, const Setting *setting, const HeadConfig *head,
                             const char *key)
{
    for (const char *const *kind = head_kinds(); *kind; kind++)
        if (option_find(head_find(*kind)->options, key)) {
            error_set(binding->err, ERROR_USAGE,
                      head->type ? "%s: %s: belongs to the kind %s, not to %s"
                                 : "%s: %s: belongs to the kind %s; say so with kind: %s",
                      setting->where, setting->key, *kind, head->type ? head->type->name : *kind);
            return;
        }
    const char *known[KNOWN_MAX] = {"kind"};
    int count = list_keys(known, 1, config_head_options);
    if (head->type) count = list_keys(known, count, head->type->options);
    const char *near = option_nearest(key, known, count);
    error_set(binding->err, ERROR_USAGE, "%s: %s: unknown key%s%s%s", setting->where, setting->key,
              near ? "; did you mean "
                   : "; a head has name, kind, weight and what umbel train "
                     "--keys lists for its kind",
              near ? near : "", near ? "?" : "");
}

static const Option *find_head_option(const HeadConfig *head, const char *key, void **values)
{
    const Option *option = option_find(config_head_options, key);
    *values = (void *)head;
    if (option || !head->type) return option;
    *values = head->options;
    return option_find(head->type->options, key);
}

/* "heads[0].weight" */
static void bind_head(Binding *binding, const Setting *setting)
{
    const char *key;
    int index;
    if (setting->key[strlen(setting->key) - 1] == ']') {
        error_set(binding->err, ERROR_USAGE, "%s: %s: must be a map such as {name: type}",
                  setting->where, setting->key);
        return;
    }
    if (!cut_head_key(setting, &index, &key)) {
        binding_unknown_key(binding, setting, "heads", setting->key);
        return;
    }
    if (strcmp(key, "kind") == 0) return; /* choose_head_kinds has read it */
    HeadConfig *head = head_at(binding, index);
    void *values;
    const Option *option = find_head_option(head, key, &values);
    if (option)
        binding_parse(binding, option, setting, values);
    else
        unknown_head_key(binding, setting, head, key);
}

/* "heads: [type, part]" */
static void bind_head_names(Binding *binding, const Setting *setting)
{
    const char *at = setting->value;
    if (*at++ != '[') {
        heads_are_no_list(binding, setting);
        return;
    }
    for (int index = 0; *(at += strspn(at, " ,")) && *at != ']'; index++) {
        size_t length = strcspn(at, ",]");
        if (index == HEADS_MAX) {
            error_set(binding->err, ERROR_USAGE, "%s: heads: names more than %d", setting->where,
                      HEADS_MAX);
            return;
        }
        Setting name = *setting;
        name.value = arena_printf(binding->arena, "%.*s", (int)length, at);
        binding_parse(binding, option_find(config_head_options, "name"), &name,
                      head_at(binding, index));
        at += length;
    }
}

static void check_head_options(const Binding *binding, int h)
{
    const HeadConfig *head = &binding->config->heads[h];
    Error why = {0};
    if (head->type && head->type->check && !head->type->check(head->options, &why))
        error_set(binding->err, why.kind, "%s: heads[%d].%s", binding->name, h, why.text);
}

void binding_check_heads(const Binding *binding)
{
    const Config *config = binding->config;
    for (int h = 0; h < config->head_count; h++) {
        const char *name = config->heads[h].name;
        check_head_options(binding, h);
        if (!*name)
            error_set(binding->err, ERROR_USAGE, "%s: heads[%d].name: must be given", binding->name,
                      h);
        for (int other = 0; other < h; other++)
            if (*name && strcmp(config->heads[other].name, name) == 0)
                error_set(
                    binding->err, ERROR_USAGE,
                    "%s: heads[%d].name: \"%s\" is also heads[%d]; give each label group one head",
                    binding->name, h, name, other);
    }
}

bool binding_bind_head(Binding *binding, const Setting *setting)
{
    const char *key = setting->key;
    if (strncmp(key, "heads[", strlen("heads[")) == 0)
        bind_head(binding, setting);
    else if (strcmp(key, "heads") == 0)
        bind_head_names(binding, setting);
    else if (strncmp(key, "heads.", strlen("heads.")) == 0)
        heads_are_no_list(binding, setting);
    else
        return false;
    return true;
}
