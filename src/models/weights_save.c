/* Writing weights with foreign names: each array of the stores becomes one or more of theirs. */
#include "models/weights_save.h"

#include "io/safetensors.h"
#include "models/weights.h"

#include <string.h>

/* The file under construction. */
typedef struct Writer {
    const WeightsSave *options;
    Arena *arena;
    SafetensorsItem *item;
    int items;
    const char *unnamed; /* the first array without a name; NULL: none */
    int unnamed_count;
} Writer;

/* Whether the file shall hold the array: the trunk's, and the chosen head's. */
static bool is_wanted(const WeightsSave *options, const char *name)
{
    static const char heads[] = "heads.";
    if (strncmp(name, heads, strlen(heads)) != 0) return true;
    if (!options->head) return false;
    name += strlen(heads);
    size_t length = strlen(options->head);
    return strncmp(name, options->head, length) == 0 && strncmp(name + length, ".linear.", 8) == 0;
}

static void add_part(Writer *writer, const Param *param, const float *value,
                     const ForeignTensor *foreign, int part)
{
    SafetensorsItem *item = &writer->item[writer->items++];
    float *data = arena_new(writer->arena, float, shape_count(foreign->shape));
    weights_to_foreign(data, foreign, part, value, param->shape);
    *item = (SafetensorsItem){.name = arena_strdup(writer->arena, foreign->name[part]),
                              .rank = foreign->shape.rank,
                              .data = data};
    for (int i = 0; i < item->rank; i++) item->dim[i] = (uint64_t)foreign->shape.dim[i];
}

static void add_store(Writer *writer, const ParamStore *store)
{
    const WeightsSave *options = writer->options;
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        ForeignTensor foreign;
        if (!is_wanted(options, param->name)) continue;
        if (!naming_foreign(options->naming, options->kind, options->head, param->name,
                            param->shape, &foreign)) {
            if (writer->unnamed_count++ == 0) writer->unnamed = param->name;
            continue;
        }
        for (int part = 0; part < foreign.parts; part++)
            add_part(writer, param, store->value + param->offset, &foreign, part);
    }
}

bool weights_save(const Model *model, const WeightsSave *options, const char *path, Arena *arena,
                  Error *err)
{
    const ParamStore *params = model->graph->params, *state = model->graph->state;
    int most = NAMING_PARTS * (params->count + state->count);
    Writer writer = {
        .options = options, .arena = arena, .item = arena_new(arena, SafetensorsItem, most + 1)};
    add_store(&writer, params);
    add_store(&writer, state);
    if (writer.unnamed)
        return error_set(
            err, ERROR_USAGE,
            "cannot write %s: %s has no such network as this %s: %d of its arrays have "
            "no name there, such as %s",
            path, naming_scheme(options->naming), options->kind, writer.unnamed_count,
            writer.unnamed);
    return safetensors_write(path, writer.item, writer.items, options->metadata, err);
}
