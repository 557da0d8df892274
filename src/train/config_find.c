/* The option behind a key, for those who make up settings. */
#include "config_tables.h"

#include <string.h>

static const Option *find_in_kinds(const char *section, size_t length, const char *name)
{
    for (int k = 0; k < KIND_SECTIONS; k++) {
        const KindSection *kinds = &config_kind_sections[k];
        if (strlen(kinds->name) != length || strncmp(kinds->name, section, length) != 0) continue;
        for (const char *const *kind = kinds->kinds(); *kind; kind++) {
            const Option *option = option_find(kinds->table_of(*kind), name);
            if (option) return option;
        }
    }
    return NULL;
}

static const Option *find_of_head(const char *name)
{
    const Option *option = option_find(config_head_options, name);
    for (const char *const *kind = head_kinds(); !option && *kind; kind++)
        option = option_find(head_find(*kind)->options, name);
    return option;
}

const Option *config_find_option(const Config *config, const char *key)
{
    const char *dot = strchr(key, '.'), *name = dot ? dot + 1 : key;
    size_t length = dot ? (size_t)(dot - key) : 0;
    if (strncmp(key, "heads[", strlen("heads[")) == 0) return dot ? find_of_head(name) : NULL;
    Section sections[SECTIONS];
    config_sections(config, sections);
    for (int s = 0; s < SECTIONS; s++) {
        const Section *section = &sections[s];
        if (strlen(section->name) != length || strncmp(section->name, key, length) != 0) continue;
        const Option *option = section->table ? option_find(section->table, name) : NULL;
        if (option) return option;
    }
    return find_in_kinds(key, length, name);
}
