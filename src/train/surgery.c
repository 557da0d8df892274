/*
 * Surgery on heads: the edited network is built anew, as a run with that seed would begin, and all that
 * the old one has is copied into it.
 */
#include "train/surgery.h"

#include "config_tables.h"
#include "data/names.h"
#include "train/checkpoint.h"
#include "train/class_names.h"

#include <stdlib.h>
#include <string.h>

enum { HEADS_MAX = 1024, CLASSES_MAX = 65536 };

/* A head of the result. */
typedef struct NewHead {
    const char *name, *old_name; /* old_name NULL: added */
    int classes;
    const char *const *class_name;
    HeadFacts facts;
    double best;
    HeadConfig config;
} NewHead;

typedef struct Surgery {
    Arena *arena;
    const char *path;
    Checkpoint old;
    Config config;
    NewHead head[HEADS_MAX];
    int heads;
    Model model;
} Surgery;

/* --- the list of heads --- */

static int find_head(const Surgery *s, const char *name)
{
    for (int h = 0; h < s->heads; h++)
        if (strcmp(s->head[h].name, name) == 0) return h;
    return -1;
}

static int require_head(const Surgery *s, const char *option, const char *name, Error *err)
{
    int found = find_head(s, name);
    if (found >= 0) return found;
    const char *names[HEADS_MAX];
    for (int h = 0; h < s->heads; h++) names[h] = s->head[h].name;
    const char *near = option_nearest(name, names, s->heads);
    error_set(err, ERROR_USAGE, "%s: %s has no head \"%s\"%s%s%s", option, s->path, name,
              near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

static bool is_free(const Surgery *s, const char *option, const char *name, Error *err)
{
    if (!is_group_name(name))
        return error_set(err, ERROR_USAGE, "%s: \"%s\" cannot name a head", option, name);
    return find_head(s, name) < 0 ||
           error_set(err, ERROR_USAGE, "%s: %s has a head \"%s\" already", option, s->path, name);
}

static void new_config(Surgery *s, NewHead *head, const HeadType *type)
{
    option_defaults(config_head_options, &head->config);
    config_choose_head(&head->config, type, s->arena);
}

static bool name_classes(Surgery *s, NewHead *head, const char *classes, Error *err)
{
    char *end;
    long number = strtol(classes, &end, 10);
    int least = head->config.type->least_classes;
    if (end == classes || *end) {
        if (!class_names_read(classes, &head->class_name, &head->classes, s->arena, err))
            return false;
        number = head->classes;
    }
    if (number < least || number > CLASSES_MAX)
        return error_set(err, ERROR_USAGE, "--add: head \"%s\" needs %d to %d classes, not %s",
                         head->name, least, CLASSES_MAX, classes);
    head->classes = (int)number;
    if (!head->class_name) head->class_name = class_names_numbers(head->classes, s->arena);
    return true;
}

/* Cuts the kind off "12:ordinal" or, of values, "circular". */
static const HeadType *cut_kind(char *what)
{
    char *colon = strrchr(what, ':');
    const HeadType *whole = head_find(what), *behind = colon ? head_find(colon + 1) : NULL;
    if (whole && whole->label == LABEL_VALUE) return whole;
    if (!behind || behind->label == LABEL_VALUE) return head_for(LABEL_CLASS);
    *colon = 0;
    return behind;
}

static bool add_head(Surgery *s, const HeadEdit *edit, Error *err)
{
    if (!is_free(s, "--add", edit->name, err)) return false;
    if (s->heads == HEADS_MAX)
        return error_set(err, ERROR_USAGE, "--add: more than %d heads", HEADS_MAX);
    NewHead *head = &s->head[s->heads];
    char *what = arena_strdup(s->arena, edit->what);
    *head = (NewHead){.name = edit->name, .best = -1};
    new_config(s, head, cut_kind(what));
    if (head->config.type->needs_facts)
        return error_set(err, ERROR_USAGE,
                         "--add: head \"%s\": %s is standardised by training labels, so it begins "
                         "with a run: name the checkpoint as trunk.weights of one with this head",
                         head->name, head->config.type->name);
    if (head->config.type->label != LABEL_VALUE && !name_classes(s, head, what, err)) return false;
    s->heads++;
    return true;
}

static bool drop_head(Surgery *s, const HeadEdit *edit, Error *err)
{
    int h = require_head(s, "--drop", edit->name, err);
    if (h < 0) return false;
    s->heads--;
    memmove(&s->head[h], &s->head[h + 1], sizeof *s->head * (size_t)(s->heads - h));
    return true;
}

static bool rename_head(Surgery *s, const HeadEdit *edit, Error *err)
{
    int h = require_head(s, "--rename", edit->name, err);
    if (h < 0 || !is_free(s, "--rename", edit->what, err)) return false;
    s->head[h].name = edit->what;
    return true;
}

static void list_old_heads(Surgery *s)
{
    for (int h = 0; h < s->old.heads; h++) {
        const CheckpointHead *old = &s->old.head[h];
        NewHead *head = &s->head[s->heads++];
        *head = (NewHead){.name = old->name,
                          .old_name = old->name,
                          .classes = old->classes,
                          .class_name = old->class_name,
                          .facts = old->facts,
                          .best = s->old.best[h]};
        new_config(s, head, head_for(LABEL_CLASS));
        for (int c = 0; c < s->config.head_count; c++)
            if (strcmp(s->config.heads[c].name, old->name) == 0) head->config = s->config.heads[c];
    }
}

static bool edit_heads(Surgery *s, const HeadEdit *edit, int edits, Error *err)
{
    static bool (*const make[])(Surgery *, const HeadEdit *, Error *) = {
        [HEAD_ADD] = add_head, [HEAD_DROP] = drop_head, [HEAD_RENAME] = rename_head};
    for (int e = 0; e < edits; e++)
        if (!make[edit[e].kind](s, &edit[e], err)) return false;
    s->config.heads = arena_new(s->arena, HeadConfig, s->heads + 1);
    s->config.head_count = s->heads;
    for (int h = 0; h < s->heads; h++) {
        s->config.heads[h] = s->head[h].config;
        snprintf(s->config.heads[h].name, OPTION_TEXT_BYTES, "%s", s->head[h].name);
    }
    return true;
}

/* --- the numbers --- */

static bool build(Surgery *s, Error *err)
{
    HeadSpec *head = arena_new(s->arena, HeadSpec, s->heads + 1);
    for (int h = 0; h < s->heads; h++)
        head[h] = (HeadSpec){.name = s->head[h].name,
                             .classes = s->head[h].classes,
                             .type = s->head[h].config.type,
                             .options = s->head[h].config.options,
                             .body = &s->head[h].config.body,
                             .facts = s->head[h].facts};
    /* with its statistics as they are: what a lane holds does not matter here */
    ModelTraining training = {.freeze_norm = true,
                              .lr_decay = 1,
                              .heads_lr_scale = 1,
                              .log_variances = s->config.balancer->log_variances};
    ModelSpec spec = {.trunk = s->config.trunk,
                      .kind = s->config.trunk_kind,
                      .trunk_options = s->config.trunk_options,
                      .head = head,
                      .heads = s->heads,
                      .image = s->config.image,
                      .lane = s->config.lane,
                      .conv = (ConvChoice)s->config.conv,
                      .training = &training};
    if (!model_build(&s->model, &spec, s->arena, err)) return false;
    param_layout(s->model.graph->params, (uint64_t)s->config.seed);
    param_layout(s->model.graph->state, (uint64_t)s->config.seed);
    return true;
}

/* What the parameter is called in the old checkpoint; NULL: it is new. */
static const char *old_name(Surgery *s, const Param *param)
{
    if (param->head < 0) return param->name;
    const NewHead *head = &s->head[param->head];
    const char *scope = arena_printf(s->arena, "heads.%s.", head->name);
    return head->old_name
               ? arena_printf(s->arena, "heads.%s.%s", head->old_name, param->name + strlen(scope))
               : NULL;
}

static bool copy_group(Surgery *s, const char *group, const ParamStore *store, float *flat,
                       Error *err)
{
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        const char *name = old_name(s, param);
        if (!name) continue;
        const CheckpointArray *array = checkpoint_find(&s->old, group, name);
        if (!array || !shape_equal(array->shape, param->shape))
            return error_set(err, ERROR_DATA, "%s: %s/%s is missing or of another shape", s->path,
                             group, name);
        memcpy(flat + param->offset, array->value, sizeof(float) * param->count);
    }
    return true;
}

/* Groups lie one behind the other; a checkpoint that was imported has no slots. */
static bool copy_slots(Surgery *s, Checkpoint *out, Error *err)
{
    const ParamStore *params = s->model.graph->params;
    const char *last = "";
    for (int i = 0; i < s->old.arrays; i++) {
        const char *group = s->old.array[i].group;
        if (strcmp(group, last) == 0) continue;
        last = group;
        if (strncmp(group, "slot/", strlen("slot/")) != 0) continue;
        float *flat = arena_new(s->arena, float, params->total);
        if (!copy_group(s, group, params, flat, err)) return false;
        checkpoint_add_store(out, group, params, flat, s->arena);
    }
    return true;
}

/* The average of a new head is the head. */
static bool copy_averages(Surgery *s, Checkpoint *out, Error *err)
{
    const ParamStore *store[2] = {s->model.graph->params, s->model.graph->state};
    static const char *const group[2] = {"ema", "ema_state"};
    if (strcmp(checkpoint_group(&s->old, "param"), "ema") != 0) return true;
    for (int g = 0; g < 2; g++) {
        float *flat = arena_new(s->arena, float, store[g]->total + 1);
        memcpy(flat, store[g]->value, sizeof(float) * store[g]->total);
        if (!copy_group(s, group[g], store[g], flat, err)) return false;
        checkpoint_add_store(out, group[g], store[g], flat, s->arena);
    }
    return true;
}

static bool copy_arrays(Surgery *s, Checkpoint *out, Error *err)
{
    const ParamStore *params = s->model.graph->params, *state = s->model.graph->state;
    if (!copy_group(s, "param", params, params->value, err) ||
        !copy_group(s, "state", state, state->value, err))
        return false;
    checkpoint_add_store(out, "param", params, params->value, s->arena);
    if (!copy_slots(s, out, err)) return false;
    checkpoint_add_store(out, "state", state, state->value, s->arena);
    return copy_averages(s, out, err);
}

static bool save(Surgery *s, const char *path, Error *err)
{
    Checkpoint out = s->old;
    out.array = NULL;
    out.arrays = 0;
    out.config = config_print(&s->config, s->arena);
    out.heads = s->heads;
    out.head = arena_new(s->arena, CheckpointHead, s->heads + 1);
    out.best = arena_new(s->arena, double, s->heads + 1);
    for (int h = 0; h < s->heads; h++) {
        out.head[h] = (CheckpointHead){s->head[h].name, s->head[h].classes, s->head[h].class_name,
                                       s->head[h].facts};
        out.best[h] = s->head[h].best;
    }
    out.best[s->heads] = -1; /* of all heads together: not known of this set */
    out.watch = watch_begin();
    out.stale = out.best_step = NULL;
    out.balance = out.interference = out.front = (CheckpointNumbers){0}; /* of other heads */
    out.born = NULL;                                                     /* parameters are others */
    out.params = 0;
    return copy_arrays(s, &out, err) && checkpoint_save(&out, path, err);
}

bool surgery(const char *checkpoint, const char *out, const HeadEdit *edit, int edits, Error *err)
{
    Arena *arena = arena_create("surgery");
    Surgery *s = arena_new(arena, Surgery, 1);
    s->arena = arena;
    s->path = checkpoint;
    bool ok = checkpoint_load(&s->old, checkpoint, arena, err) &&
              config_parse(&s->config, arena, s->old.config, checkpoint, err);
    if (ok) {
        list_old_heads(s);
        ok = edit_heads(s, edit, edits, err) && build(s, err) && save(s, out, err);
    }
    arena_destroy(arena);
    return ok;
}
