/* Running a model: images in, features and heads out. */
#include "context.h"

#include "nn/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- creation --- */

static size_t row_floats(const Tensor *tensor)
{
    return (size_t)tensor->shape.dim[1];
}

static size_t result_floats(const UmbelContext *context)
{
    size_t floats = (size_t)umbel_feature_count(context->model);
    for (int h = 0; h < context->network.heads; h++)
        floats += row_floats(context->network.head[h].logits) +
                  row_floats(context->network.head[h].prediction);
    return floats * (size_t)context->batch;
}

static bool reserve(UmbelContext *context, Error *err)
{
    size_t pieces = 16 * (size_t)(8 + 2 * context->network.heads); /* each is rounded up */
    size_t bytes =
        sizeof(float) * (context->network.graph->eval.floats + result_floats(context) + pieces) +
        sizeof *context->problem * (size_t)context->batch;
    if (arena_reserve(context->arena, bytes)) return true;
    return error_set(err, ERROR_SYSTEM,
                     "no memory for a context of %zu MiB: lanes of %d images of %d x %d pixels; a "
                     "smaller batch takes less",
                     bytes >> 20, context->lane, context->model->config.image,
                     context->model->config.image);
}

/* Heads want targets, also where there are none. */
static HeadRun *masked_heads(const UmbelContext *context)
{
    Target *target = arena_new(context->arena, Target, context->lane);
    HeadRun *head = arena_new(context->arena, HeadRun, context->network.heads + 1);
    for (int h = 0; h < context->network.heads; h++)
        head[h] = (HeadRun){.target = target, .parts = 1};
    return head;
}

static void prepare_run(UmbelContext *context)
{
    const UmbelModel *model = context->model;
    const Graph *graph = context->network.graph;
    context->run = (Run){.graph = graph,
                         .plan = &graph->eval,
                         .kernel = kernels(),
                         .workspace = arena_new(context->arena, float, graph->eval.floats),
                         .value = model->network.graph->params->value,
                         .state = model->network.graph->state->value,
                         .prepared = model->prepared,
                         .record = arena_new(context->arena, uint32_t, context->lane),
                         .head = masked_heads(context)};
}

static void make_results(UmbelContext *context)
{
    Arena *arena = context->arena;
    size_t batch = (size_t)context->batch;
    int heads = context->network.heads;
    context->problem = arena_alloc(arena, sizeof *context->problem * batch);
    context->features = arena_new(arena, float, batch *(size_t)umbel_feature_count(context->model));
    context->logits = arena_new(arena, float *, heads + 1);
    context->prediction = arena_new(arena, float *, heads + 1);
    for (int h = 0; h < heads; h++) {
        const ModelHead *head = &context->network.head[h];
        context->logits[h] = arena_new(arena, float, batch *row_floats(head->logits));
        context->prediction[h] = arena_new(arena, float, batch *row_floats(head->prediction));
    }
}

static UmbelContext *create(const UmbelModel *model, int batch, Error *err)
{
    Arena *arena = arena_create("context");
    UmbelContext *context = arena_new(arena, UmbelContext, 1);
    ModelSpec spec = model->spec;
    if (batch < spec.lane) spec.lane = batch;
    context->model = model;
    context->arena = arena;
    context->lane = spec.lane;
    context->batch = batch;
    if (!model_build(&context->network, &spec, arena, err) || !reserve(context, err)) {
        arena_destroy(arena);
        return NULL;
    }
    make_results(context);
    prepare_run(context);
    return context;
}

UmbelContext *umbel_context_create(const UmbelModel *model, int batch, UmbelError *error)
{
    Error err = {0};
    UmbelContext *context = NULL;
    if (batch < 1 || batch > UMBEL_BATCH_MAX)
        error_set(&err, ERROR_USAGE, "a batch of %d images: 1 to %d are possible", batch,
                  UMBEL_BATCH_MAX);
    else
        context = create(model, batch, &err);
    report_error(error, &err);
    return context;
}

void umbel_context_free(UmbelContext *context)
{
    if (!context) return;
    augment_free(&context->scratch);
    arena_destroy(context->arena); /* which holds the handle, too */
}

/* --- images --- */

static bool load_file(UmbelContext *context, float *out, const UmbelImage *image, Error *err)
{
    const AugmentOptions *options = &context->model->config.augment;
    int width, height;
    if (!image_size(image->data, image->bytes, &width, &height, err)) return false;
    AugmentChoice choice = augment_centre(options, width, height);
    return augment_apply(out, context->model->config.image, options, &choice, image->data,
                         image->bytes, &context->scratch, err);
}

static bool load_pixels(UmbelContext *context, float *out, const UmbelImage *image, Error *err)
{
    const AugmentOptions *options = &context->model->config.augment;
    int width = image->width, height = image->height;
    if (width < 1 || height < 1 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX)
        return error_set(err, ERROR_DATA, "is %d x %d pixels; sides from 1 to %d are possible",
                         width, height, IMAGE_SIDE_MAX);
    size_t row = 3 * (size_t)width, stride = image->stride ? image->stride : row;
    if (stride < row)
        return error_set(err, ERROR_DATA, "has rows of %zu bytes, but a stride of %zu", row,
                         stride);
    RgbPixels pixels = {image->data, width, height, stride};
    AugmentChoice choice = augment_centre(options, width, height);
    return augment_apply_pixels(out, context->model->config.image, options, &choice, &pixels,
                                &context->scratch, err);
}

static bool load_image(UmbelContext *context, float *out, const UmbelImage *image, Error *err)
{
    if (!image->data) return error_set(err, ERROR_DATA, "has no data");
    switch (image->format) {
    case UMBEL_FILE:
        return load_file(context, out, image, err);
    case UMBEL_RGB:
        return load_pixels(context, out, image, err);
    }
    return error_set(err, ERROR_DATA, "is of no known format: %d", (int)image->format);
}

/* Fills the lane's input from images [begin, begin + count); one that cannot be read is zero, as in
 * evaluation. Returns how many could. */
static int load_lane(UmbelContext *context, const UmbelImage *images, int begin, int count)
{
    size_t side = (size_t)context->model->config.image, floats = side * side * 3;
    int good = 0;
    for (int n = 0; n < count; n++) {
        float *out = run_value(&context->run, context->network.images) + (size_t)n * floats;
        char *problem = context->problem[begin + n];
        Error err = {0};
        problem[0] = 0;
        if (load_image(context, out, &images[begin + n], &err)) {
            good++;
            continue;
        }
        memset(out, 0, sizeof(float) * floats);
        snprintf(problem, PROBLEM_BYTES, "%.*s", PROBLEM_BYTES - 1, err.text);
    }
    return good;
}

/* --- runs --- */

static void keep(float *results, const UmbelContext *context, const Tensor *tensor, int begin)
{
    size_t length = (size_t)tensor->shape.dim[1];
    memcpy(results + (size_t)begin * length, run_value(&context->run, tensor),
           sizeof(float) * length * (size_t)context->run.images);
}

static int run_lane(UmbelContext *context, const UmbelImage *images, int begin, int count)
{
    const Model *network = &context->network;
    int good = load_lane(context, images, begin, count);
    context->run.images = count;
    if (context->flip) mirror_take(&context->mirror, &context->run);
    graph_forward(&context->run);
    keep(context->features, context, network->features, begin);
    for (int h = 0; h < network->heads; h++) {
        keep(context->logits[h], context, network->head[h].logits, begin);
        keep(context->prediction[h], context, network->head[h].prediction, begin);
    }
    if (context->flip) flip_merge(context, begin);
    return good;
}

int umbel_classify(UmbelContext *context, const UmbelImage *images, int count, UmbelError *error)
{
    Error err = {0};
    context->count = 0;
    if (!images)
        error_set(&err, ERROR_USAGE, "no images were given");
    else if (count < 1 || count > context->batch)
        error_set(&err, ERROR_USAGE, "%d images: the context was made for 1 to %d", count,
                  context->batch);
    report_error(error, &err);
    if (err.kind != ERROR_NONE) return -1;

    int entered = gemm_enter(), good = 0, lane = context->lane;
    for (int begin = 0; begin < count; begin += lane)
        good += run_lane(context, images, begin, count - begin < lane ? count - begin : lane);
    gemm_leave(entered);
    context->count = count;
    return good;
}

/* --- results --- */

static bool has_results(const UmbelContext *context, int image)
{
    return image >= 0 && image < context->count && !context->problem[image][0];
}

static const ModelHead *find_head(const UmbelContext *context, int image, int head)
{
    bool found = has_results(context, image) && head >= 0 && head < context->network.heads;
    return found ? &context->network.head[head] : NULL;
}

const char *umbel_problem(const UmbelContext *context, int image)
{
    if (image < 0 || image >= context->count) return NULL;
    return context->problem[image][0] ? context->problem[image] : NULL;
}

const float *umbel_probabilities(const UmbelContext *context, int image, int head)
{
    const ModelHead *found = find_head(context, image, head);
    if (!found || found->classes == 0) return NULL;
    return context->prediction[head] + (size_t)image * row_floats(found->prediction);
}

double umbel_value(const UmbelContext *context, int image, int head)
{
    const ModelHead *found = find_head(context, image, head);
    if (!found || found->classes > 0) return (double)NAN;
    return (double)context->prediction[head][image];
}

const float *umbel_logits(const UmbelContext *context, int image, int head)
{
    const ModelHead *found = find_head(context, image, head);
    return found ? context->logits[head] + (size_t)image * row_floats(found->logits) : NULL;
}

int umbel_best_class(const UmbelContext *context, int image, int head)
{
    const float *probability = umbel_probabilities(context, image, head);
    if (!probability) return -1;
    const ModelHead *found = &context->network.head[head];
    if (found->type->measure == MEASURE_RANK) return nn_ordinal_rank(probability, found->classes);
    const float *logits = context->flip && mirror_allows(&context->mirror, head)
                              ? probability
                              : umbel_logits(context, image, head); /* which are finer */
    int best = 0;
    for (int k = 1; logits && k < found->classes; k++)
        if (logits[k] > logits[best]) best = k;
    return best;
}

const float *umbel_features(const UmbelContext *context, int image)
{
    if (!has_results(context, image)) return NULL;
    return context->features + (size_t)image * (size_t)umbel_feature_count(context->model);
}
