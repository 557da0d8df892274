/* Import: the network is built twice, first without heads, to learn from the file how many classes its
 * classifier has. */
#include "train/import.h"

#include "models/foreign.h"
#include "train/checkpoint.h"
#include "train/class_names.h"
#include "train/config.h"
#include "train/provenance.h"

#include <string.h>

enum { CLASSES_MAX = 65536 };

/* An import under way. */
typedef struct Import {
    const ImportOptions *options;
    Arena *arena;
    Config config;
    Safetensors *file;
    ForeignModel foreign;
    HeadSpec head;
    const char *const *class_name;
    Model model;
} Import;

static bool build(Import *import, int heads, Error *err)
{
    const Config *config = &import->config;
    /* with its statistics as they are: what a lane holds does not matter here */
    ModelTraining training = {.freeze_norm = true, .lr_decay = 1, .heads_lr_scale = 1};
    ModelSpec spec = {.trunk = config->trunk,
                      .kind = config->trunk_kind,
                      .trunk_options = config->trunk_options,
                      .head = &import->head,
                      .heads = heads,
                      .image = config->image,
                      .lane = config->lane,
                      .conv = (ConvChoice)config->conv,
                      .training = &training};
    return model_build(&import->model, &spec, import->arena, err);
}

static bool name_classes(Import *import, Error *err)
{
    const ImportOptions *options = import->options;
    int classes = import->head.classes, names;
    if (!options->classes) {
        import->class_name = class_names_numbers(classes, import->arena);
        return true;
    }
    if (!class_names_read(options->classes, &import->class_name, &names, import->arena, err))
        return false;
    return names == classes ||
           error_set(err, ERROR_DATA, "%s: has %d class names, the classifier of %s has %d classes",
                     options->classes, names, options->path, classes);
}

/* The file's classifier as the model's only head. */
static bool choose_head(Import *import, Error *err)
{
    import->head = (HeadSpec){import->options->head, foreign_classes(&import->foreign)};
    if (import->head.classes > CLASSES_MAX)
        return error_set(err, ERROR_DATA,
                         "%s: its classifier has %d classes; at most %d are possible",
                         import->options->path, import->head.classes, CLASSES_MAX);
    if (import->head.classes == 0)
        return !import->options->classes ||
               error_set(err, ERROR_DATA, "%s: has no classifier that %s could name the classes of",
                         import->options->path, import->options->classes);
    if (import->head.classes > CLASSES_MAX)
        return error_set(err, ERROR_DATA,
                         "%s: its classifier has %d classes; at most %d are possible",
                         import->options->path, import->head.classes, CLASSES_MAX);
    config_default_heads(&import->config, import->arena, &import->head.name, 1);
    return name_classes(import, err);
}

static bool recognise(Import *import, Error *err)
{
    const Config *config = &import->config;
    return build(import, 0, err) &&
           foreign_open(&import->foreign, import->file, import->options->path, config->trunk->name,
                        config->trunk->kinds[config->trunk_kind], import->model.graph->params, err);
}

static bool load(Import *import, Error *err)
{
    const ImportOptions *options = import->options;
    int heads = import->head.classes > 0;
    if (!build(import, heads, err)) return false;
    const Graph *graph = import->model.graph;
    param_layout(graph->params, (uint64_t)import->config.seed);
    param_layout(graph->state, (uint64_t)import->config.seed);
    ForeignOptions foreign = {.path = options->path,
                              .head = heads ? import->head.name : NULL,
                              .allow_unused = options->allow_unused};
    return foreign_load(&import->foreign, &foreign, graph->params, graph->state, err);
}

static bool save(Import *import, Error *err)
{
    const Graph *graph = import->model.graph;
    CheckpointHead head = {import->head.name, import->head.classes, import->class_name};
    double best[2] = {-1, -1};
    Checkpoint checkpoint = {.config = config_print(&import->config, import->arena),
                             .head = &head,
                             .heads = import->head.classes > 0,
                             .best = best,
                             .provenance = provenance_text(import->arena)};
    checkpoint.watch = watch_begin();
    checkpoint_add_store(&checkpoint, "param", graph->params, graph->params->value, import->arena);
    checkpoint_add_store(&checkpoint, "state", graph->state, graph->state->value, import->arena);
    return checkpoint_save(&checkpoint, import->options->out, err);
}

static size_t count_parameters(const ParamStore *store)
{
    size_t count = 0;
    for (int i = 0; i < store->count; i++) count += store->list[i]->count;
    return count;
}

bool import_weights(const ImportOptions *options, ImportReport *report, Error *err)
{
    Import import = {.options = options, .arena = arena_create("import")};
    bool ok = config_for_kind(&import.config, import.arena, options->kind, options->set,
                              options->sets, err) &&
              (import.file = safetensors_open(options->path, err)) && recognise(&import, err) &&
              choose_head(&import, err) && load(&import, err) && save(&import, err);
    if (ok)
        *report = (ImportReport){.scheme = naming_scheme(import.foreign.naming),
                                 .classes = import.head.classes,
                                 .image = import.config.image,
                                 .parameters = count_parameters(import.model.graph->params)};
    safetensors_close(import.file);
    arena_destroy(import.arena);
    return ok;
}
