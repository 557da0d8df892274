/* From a checkpoint to a file of another format, with what its reader must know beside it. */
#include "train/export.h"

#include "io/json.h"
#include "models/onnx.h"
#include "models/weights_save.h"
#include "train/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool export_open(Export *export, const char *path, Arena *arena, Error *err)
{
    *export = (Export){.path = path, .arena = arena};
    Checkpoint *checkpoint = &export->checkpoint;
    if (!checkpoint_load(checkpoint, path, arena, err) ||
        !config_parse(&export->config, arena, checkpoint->config, path, err))
        return false;
    ModelSpec spec = restore_spec(&export->config, checkpoint->head, checkpoint->heads, arena);
    if (!model_build(&export->model, &spec, arena, err)) return false;
    param_layout(export->model.graph->params, 0);
    param_layout(export->model.graph->state, 0);
    return restore_values(checkpoint, &export->model, path, err);
}

/* --- metadata --- */

enum { METADATA_MAX = 16 };

/* Pairs of key and value, NULL at the end. */
typedef struct Metadata {
    const char *text[2 * METADATA_MAX + 1];
    int count;
} Metadata;

static void add(Metadata *metadata, const char *key, const char *value)
{
    metadata->text[metadata->count++] = key;
    metadata->text[metadata->count++] = value;
}

static void add_option(Metadata *metadata, const Export *export, const char *key)
{
    char text[OPTION_TEXT_BYTES];
    option_print(option_find(augment_options, key), &export->config.augment, text, sizeof text);
    add(metadata, key, arena_strdup(export->arena, text));
}

/* {"HEAD": ["CLASS", …], …} */
static const char *classes_text(const Export *export)
{
    Json *json = json_create();
    for (int h = 0; h < export->checkpoint.heads; h++) {
        const CheckpointHead *head = &export->checkpoint.head[h];
        json_begin_array(json, head->name);
        for (int k = 0; k < head->classes; k++) json_add_text(json, NULL, head->class_name[k]);
        json_end(json);
    }
    char *text = json_print(json, false);
    json_destroy(json);
    const char *copy = arena_strdup(export->arena, text);
    free(text);
    return copy;
}

/* {"HEAD": {"kind": "circular", "period": "360"}, …}: what turns outputs into predictions. */
static const char *heads_text(const Export *export)
{
    Json *json = json_create();
    for (int h = 0; h < export->model.heads; h++) {
        const ModelHead *head = &export->model.head[h];
        json_begin(json, head->name);
        json_add_text(json, "kind", head->type->name);
        if (head->type->measure == MEASURE_ANGLE)
            json_add_real(json, "period", head->type->unit(head->options, &head->facts));
        if (head->facts.temperature > 0)
            json_add_real(json, "temperature", head->facts.temperature);
        json_end(json);
    }
    char *text = json_print(json, false);
    json_destroy(json);
    const char *copy = arena_strdup(export->arena, text);
    free(text);
    return copy;
}

static const char *kind_of(const Export *export)
{
    return export->config.trunk->kinds[export->config.trunk_kind];
}

static bool collect(const Export *export, Metadata *metadata, Error *err)
{
    Hash128 digest;
    char text[HASH_TEXT_BYTES];
    if (!checkpoint_digest(&export->checkpoint, &digest, err)) return false;
    hash_print(digest, text);
    add(metadata, "trunk", kind_of(export));
    add(metadata, "image", arena_printf(export->arena, "%d", export->config.image));
    add_option(metadata, export, "crop");
    add_option(metadata, export, "interpolation");
    add_option(metadata, export, "mean");
    add_option(metadata, export, "deviation");
    add(metadata, "classes", classes_text(export));
    add(metadata, "heads", heads_text(export));
    add(metadata, "digest", arena_strdup(export->arena, text));
    return true;
}

/* --- formats --- */

bool export_onnx(const Export *export, const char *path, OnnxType input, Error *err)
{
    Metadata metadata = {0};
    ModelOnnx options = {.input = input};
    augment_normalisation(&export->config.augment, options.scale, options.shift);
    Onnx *onnx = onnx_create(export->arena, kind_of(export));
    if (!collect(export, &metadata, err) ||
        !model_to_onnx(&export->model, &options, onnx, export->arena, err))
        return false;
    for (int i = 0; i < metadata.count; i += 2)
        onnx_add_metadata(onnx, metadata.text[i], metadata.text[i + 1]);
    return onnx_write(onnx, path, err);
}

static bool check_head(const Export *export, const char *name, Error *err)
{
    int heads = export->checkpoint.heads;
    const char **names = arena_new(export->arena, const char *, heads + 1);
    for (int h = 0; h < heads; h++) {
        names[h] = export->checkpoint.head[h].name;
        if (strcmp(names[h], name) == 0) return true;
    }
    const char *near = option_nearest(name, names, heads);
    return error_set(err, ERROR_USAGE, "%s: has no head \"%s\"%s%s%s", export->path, name,
                     near ? "; did you mean \"" : "; umbel inspect lists them", near ? near : "",
                     near ? "\"?" : "");
}

static const Naming *find_naming(const Export *export, const char *scheme, Error *err)
{
    const char *family = export->config.trunk->name;
    const Naming *list[NAMING_SCHEMES_MAX];
    const Naming *naming = scheme                      ? naming_find(scheme, family)
                           : naming_list(family, list) ? list[0]
                                                       : NULL;
    if (!naming)
        error_set(err, ERROR_USAGE, "%s: %s has no such network as %s", export->path,
                  scheme ? scheme : "no other program that is known here", kind_of(export));
    return naming;
}

bool export_safetensors(const Export *export, const char *path, const char *scheme,
                        const char *head, Error *err)
{
    Metadata metadata = {0};
    add(&metadata, "format", "pt"); /* which loaders of PyTorch models ask for */
    const Naming *naming = find_naming(export, scheme, err);
    if (!naming || (head && !check_head(export, head, err)) || !collect(export, &metadata, err))
        return false;
    WeightsSave options = {
        .naming = naming, .kind = kind_of(export), .head = head, .metadata = metadata.text};
    return weights_save(&export->model, &options, path, export->arena, err);
}
