/* What a configuration takes from trunk.weights where it says nothing itself. */
#include "config_tables.h"

#include "train/checkpoint.h"

#include <string.h>

static const Setting *find(const Settings *settings, const char *key)
{
    for (int i = 0; i < settings->count; i++)
        if (strcmp(settings->list[i].key, key) == 0) return &settings->list[i];
    return NULL;
}

bool config_is_safetensors(const char *path)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(path);
    return length > strlen(ending) && strcmp(path + length - strlen(ending), ending) == 0;
}

const char *config_preprocessing(const TrunkType *trunk, Arena *run)
{
    const Preprocessing *p = &trunk->preprocessing;
    return arena_printf(run,
                        "image: %d\naugment:\n  crop: %.17g\n  mean: [%.17g, %.17g, %.17g]\n"
                        "  deviation: [%.17g, %.17g, %.17g]\n  interpolation: %s\n",
                        p->image, p->crop, p->mean[0], p->mean[1], p->mean[2], p->deviation[0],
                        p->deviation[1], p->deviation[2], p->interpolation);
}

/* The network and how it sees pictures; how it was trained is the new run's own business. */
static bool is_inherited(const char *key)
{
    static const char *const keys[] = {"image", "augment.crop", "augment.mean", "augment.deviation",
                                       "augment.interpolation"};
    static const char *const own[] = {"trunk.weights",     "trunk.freeze",
                                      "trunk.freeze_norm", "trunk.lr_decay",
                                      "trunk.lr_decay_by", "trunk.unfreeze_epochs"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(key, own[i]) == 0) return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return strncmp(key, "trunk.", strlen("trunk.")) == 0;
}

/* Another kind of trunk would make nonsense of the options that come along. */
static bool same_kind(const Settings *given, const Settings *brought, const char *path, Error *err)
{
    const Setting *now = find(given, "trunk.kind"), *saved = find(brought, "trunk.kind");
    if (!now || !saved || strcmp(now->value, saved->value) == 0) return true;
    return error_set(
        err, ERROR_USAGE,
        "%s: trunk.kind: is %s, but the weights of %s are of a %s; leave trunk.kind out",
        now->where, now->value, path, saved->value);
}

static bool read_checkpoint(Settings *brought, const char *path, Arena *run, Error *err)
{
    const char *text = NULL;
    return checkpoint_load_config(&text, path, run, err) &&
           yaml_parse(brought, text, strlen(text), path, err);
}

static bool read_family(Settings *brought, const Settings *given, const char *path, Arena *run,
                        Error *err)
{
    int index;
    const Setting *kind = find(given, "trunk.kind");
    const TrunkType *trunk = kind ? trunk_find(kind->value, &index) : NULL;
    if (!trunk) return true; /* which is reported elsewhere */
    const char *text = config_preprocessing(trunk, run);
    return yaml_parse(brought, text, strlen(text), path, err);
}

static void add_setting(Settings *settings, Setting setting)
{
    settings->list = arena_extend(settings->arena, settings->list, settings->count);
    settings->list[settings->count++] = setting;
}

bool config_inherit(Settings *settings, Arena *run, Error *err)
{
    const Setting *weights = find(settings, "trunk.weights");
    if (!weights || !*weights->value) return true;
    const char *path = weights->value, *where = weights->where;
    Settings brought = {.arena = run};
    bool ok = config_is_safetensors(path) ? read_family(&brought, settings, path, run, err)
                                          : read_checkpoint(&brought, path, run, err);
    if (!ok) return error_context(err, "%s: trunk.weights", where);
    if (!same_kind(settings, &brought, path, err)) return false;
    for (int i = 0; i < brought.count; i++)
        if (is_inherited(brought.list[i].key) && !find(settings, brought.list[i].key))
            add_setting(settings, (Setting){brought.list[i].key, brought.list[i].value,
                                            brought.list[i].where});
    return true;
}
