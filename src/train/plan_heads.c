/* What heads a configuration means for a pack: their kinds, classes and what training labels tell them. */
#include "train/plan.h"

#include <string.h>

/* "ordinal, softmax": the kinds that learn from labels of this kind. */
static const char *kinds_for(LabelKind label, Arena *run)
{
    const char *text = "";
    for (const char *const *kind = head_kinds(); *kind; kind++)
        if (head_find(*kind)->label == label)
            text = arena_printf(run, "%s%s%s", text, *text ? " or " : "", *kind);
    return text;
}

static const LabelGroup *find_group(const Config *config, int h, const Pack *pack, Arena *run,
                                    Error *err)
{
    const char *wanted = config->heads[h].name;
    int group = pack_find_group(pack, wanted), groups = pack_groups(pack);
    if (group >= 0) return pack_group(pack, group);
    const char **name = arena_new(run, const char *, groups + 1);
    for (int g = 0; g < groups; g++) name[g] = pack_group(pack, g)->name;
    const char *near = option_nearest(wanted, name, groups);
    error_set(err, ERROR_USAGE, "heads[%d].name: %s has no label group \"%s\"%s%s%s", h,
              config->pack, wanted, near ? "; did you mean \"" : "", near ? near : "",
              near ? "\"?" : "");
    return NULL;
}

static bool check_kind(const Config *config, int h, const LabelGroup *group, Arena *run, Error *err)
{
    const HeadType *type = config->heads[h].type;
    if (type->label != group->kind)
        return error_set(
            err, ERROR_USAGE,
            "heads[%d].kind: %s is for labels of the kind %s, but those of \"%s\" in %s "
            "are of the kind %s; choose %s, or pack anew with --labels",
            h, type->name, label_kind_name(type->label), group->name, config->pack,
            label_kind_name(group->kind), kinds_for(group->kind, run));
    if (group->classes < type->least_classes)
        return error_set(err, ERROR_USAGE,
                         "heads[%d].name: label group \"%s\" of %s has a single class, so there is "
                         "nothing to learn; leave the head out",
                         h, group->name, config->pack);
    return true;
}

static bool arrange_classes(HeadSpec *spec, const LabelGroup *group, Arena *run, Error *err)
{
    spec->class_name = group->class_name;
    if (!spec->type->arrange) return true;
    const char **name = arena_new(run, const char *, group->classes);
    memcpy(name, group->class_name, sizeof *name * (size_t)group->classes);
    spec->class_name = name;
    return spec->type->arrange(name, group->classes, spec->options, err);
}

/* The head as the model wants it. */
static bool plan_head(const Config *config, int h, const Pack *pack, HeadSpec *spec, Arena *run,
                      Error *err)
{
    const HeadConfig *head = &config->heads[h];
    const LabelGroup *group = find_group(config, h, pack, run, err);
    if (!group) return false;
    if (!check_kind(config, h, group, run, err)) return false;
    *spec = (HeadSpec){.name = head->name,
                       .classes = group->classes,
                       .type = head->type,
                       .options = head->options,
                       .body = &head->body};
    TrainingLabels labels = {.group = group};
    labels.record = pack_split(pack, SPLIT_TRAIN, &labels.records);
    Error why = {0};
    if (arrange_classes(spec, group, run, &why) &&
        (!spec->type->learn || spec->type->learn(&spec->facts, spec->options, &labels, run, &why)))
        return true;
    return error_set(err, why.kind, "heads[%d] (%s of %s): %s", h, head->name, config->pack,
                     why.text);
}

/* Where the labels are to decide. */
static void settle_kind(HeadConfig *head, const Pack *pack, Arena *run)
{
    int group = pack_find_group(pack, head->name);
    if (!head->type && group >= 0)
        config_choose_head(head, head_for(pack_group(pack, group)->kind), run);
}

bool plan_heads(Config *config, const Pack *pack, Arena *run, Error *err)
{
    int groups = pack_groups(pack);
    const char **name = arena_new(run, const char *, groups + 1);
    for (int g = 0; g < groups; g++) name[g] = pack_group(pack, g)->name;
    if (config->head_count == 0) config_default_heads(config, run, name, groups);
    HeadSpec spec;
    for (int h = 0; h < config->head_count; h++) {
        settle_kind(&config->heads[h], pack, run);
        plan_head(config, h, pack, &spec, run, err);
    }
    return err->kind == ERROR_NONE;
}

HeadSpec *plan_head_specs(const Config *config, const Pack *pack, Arena *run)
{
    Error none = {0};
    HeadSpec *spec = arena_new(run, HeadSpec, config->head_count + 1);
    for (int h = 0; h < config->head_count; h++) plan_head(config, h, pack, &spec[h], run, &none);
    return spec;
}
