/* The sections of a configuration: which option table stands behind which keys. Private to train.
 */
#pragma once

#include "io/yaml.h"
#include "train/config.h"

enum { CONFIG_KEY_BYTES = 256, CONFIG_VALUE_BYTES = OPTION_NAMES_BYTES };

/* Keys "NAME.key" (or "key" if NAME is empty) are rows of `table` and live in `values`. Two sections
 * that follow each other may share a name: what all kinds have, then what the chosen one has. */
typedef struct Section {
    const char *name;
    const Option *table;
    void *values;
} Section;

enum { SECTIONS = 14 + AUGMENTATIONS };

/* Whether section `s` begins its name: it is the first of those that share it. */
bool config_begins(const Section sections[SECTIONS], int s);

/* The sections of a configuration whose kinds are chosen. */
void config_sections(const Config *config, Section sections[SECTIONS]);

/* config_options.c; values are the Config, but for heads. */
extern const Option config_top_options[], config_checkpoint_options[];
extern const Option config_trunk_options[]; /* whatever its kind */
extern const Option config_head_options[];  /* of one HeadConfig, whatever its kind */
/* "softmax"; "auto" where the labels are to decide. */
const char *config_head_kind(const HeadConfig *head);
/* config_recipe.c; values are the Config */
extern const Option config_early_stop_options[], config_sampling_options[],
    config_progressive_options[], config_balance_options[];

/* A section whose keys depend on its kind. */
typedef struct KindSection {
    const char *name;
    const char *fallback; /* default kind; NULL: must be given */
    OptionScope scope;    /* of the kind itself */
    bool added;           /* as Option.added, of the kind */
    const char *const *(*kinds)(void);
    const Option *(*table_of)(const char *kind);
    /* Chooses the kind, which exists, and allocates its options with their defaults. */
    void (*choose)(Config *config, const char *kind, Arena *run);
    const char *(*chosen)(const Config *config);
} KindSection;

enum { KIND_SECTIONS = 4 };
extern const KindSection config_kind_sections[KIND_SECTIONS];

/* Adds settings that trunk.weights, if given, brings: trunk, image and preprocessing. */
bool config_inherit(Settings *settings, Arena *run, Error *err);
/* The family's preprocessing as YAML. */
const char *config_preprocessing(const TrunkType *trunk, Arena *run);
/* Whether a path is taken for safetensors; all else is taken for a checkpoint. */
bool config_is_safetensors(const char *path);

/* Calls visit for every key with its canonical value, in a fixed order. `implied`: a key that came later stands at its
 * default (Option.added). */
typedef void ConfigVisitor(void *context, const char *key, const char *value, OptionScope scope,
                           bool implied);
void config_visit(const Config *config, ConfigVisitor *visit, void *context);
