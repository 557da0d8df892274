/* Every key that a configuration can have, and the list of them for people. */
#include "config_tables.h"

#include <string.h>

/* --- the walk --- */

typedef struct Walk {
    ConfigKeyVisitor *visit;
    void *context;
} Walk;

static void visit_options(const Walk *walk, const char *section, const char *kind,
                          const Option *table)
{
    for (const Option *option = table; option && option->key; option++) {
        char name[CONFIG_KEY_BYTES];
        snprintf(name, sizeof name, "%s%s%s", section, *section ? "." : "", option->key);
        walk->visit(walk->context, &(ConfigKey){name, kind, option});
    }
}

static void visit_kind(const Walk *walk, const char *section, const char *kind)
{
    char name[CONFIG_KEY_BYTES];
    snprintf(name, sizeof name, "%s.kind", section);
    walk->visit(walk->context, &(ConfigKey){name, kind, NULL});
}

static void visit_heads(const Walk *walk)
{
    visit_options(walk, "heads[]", NULL, config_head_options);
    for (const char *const *kind = head_kinds(); *kind; kind++) {
        visit_kind(walk, "heads[]", *kind);
        visit_options(walk, "heads[]", *kind, head_find(*kind)->options);
    }
}

/* Kinds that share a table stand one after the other, and the table behind the last of them. */
static void visit_kinds(const Walk *walk, const KindSection *section)
{
    const char *const *kinds = section->kinds();
    for (int i = 0; kinds[i]; i++) {
        const Option *table = section->table_of(kinds[i]);
        visit_kind(walk, section->name, kinds[i]);
        if (!kinds[i + 1] || section->table_of(kinds[i + 1]) != table)
            visit_options(walk, section->name, kinds[i], table);
    }
}

void config_each_key(ConfigKeyVisitor *visit, void *context)
{
    Walk walk = {visit, context};
    Config config = {0};
    Section sections[SECTIONS];
    config_sections(&config, sections);
    for (int s = 0; s < SECTIONS; s++)
        visit_options(&walk, sections[s].name, NULL, sections[s].table);
    visit_heads(&walk);
    for (int k = 0; k < KIND_SECTIONS; k++) visit_kinds(&walk, &config_kind_sections[k]);
}

/* --- for people --- */

/* ", from 1 to 4096" or ", exact | float". */
static void print_range(const Option *option, char *range, size_t bytes)
{
    bool has_range = option->type != OPTION_TEXT && option->type != OPTION_NAMES &&
                     option->type != OPTION_BOOL && option->type != OPTION_CHOICE;
    *range = 0;
    if (has_range) snprintf(range, bytes, ", from %g to %g", option->low, option->high);
    for (int c = 0; option->type == OPTION_CHOICE && option->choices[c]; c++) {
        size_t used = strlen(range);
        snprintf(range + used, bytes - used, "%s%s", c ? " | " : ", ", option->choices[c]);
    }
}

static void help_kind(FILE *out, const ConfigKey *key)
{
    fprintf(out, "%s: %s", key->name, key->kind);
    if (strcmp(key->name, "heads[].kind") == 0) {
        const HeadType *type = head_find(key->kind);
        fprintf(out, ", for labels of the kind %s%s", label_kind_name(type->label),
                type == head_for(type->label) ? " (their default)" : "");
    }
    fputs("\n", out);
}

static void help_key(void *context, const ConfigKey *key)
{
    const Option *option = key->option;
    char range[128];
    if (!option) {
        help_kind(context, key);
        return;
    }
    print_range(option, range, sizeof range);
    fprintf(context, "  %-26s %s (%s%s)\n", key->name, option->help,
            option->fallback ? *option->fallback ? option->fallback : "\"\"" : "must be given",
            range);
}

void config_help(FILE *out)
{
    fputs("Keys of a configuration, with default and range:\n", out);
    config_each_key(help_key, out);
}
