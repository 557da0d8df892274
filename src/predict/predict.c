/*
 * Rounds: rank 0 names the images of the next lanes to all ranks, each computes a stretch of these lanes and sends what it
 * has found as rows of bytes, and rank 0 tells the sink, in order.
 */
#include "predict/predict.h"

#include "base/arena.h"
#include "base/pool.h"
#include "base/stop.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_BYTES = 256, LANES_PER_WORKER = 2 };

/* The names of a round's images. */
typedef struct Names {
    char *text; /* each with its zero byte */
    size_t bytes, room;
    size_t *begin; /* (most images of a round) */
} Names;

/* A row of bytes: problem, best classes (heads), numbers of all heads, features. */
typedef struct RowLayout {
    size_t best, number, features, bytes; /* where they begin; of the whole */
} RowLayout;

typedef struct Predictor {
    const PredictOptions *options;
    Arena *arena;
    Pool *pool;
    UmbelContext **context; /* (workers) */
    UmbelImage **image;     /* (workers)(lane) */
    int heads, workers, lane;
    RowLayout layout;
    size_t *width;        /* (heads): numbers of a head */
    uint8_t *own, *all;   /* rows of this rank; of all, on rank 0 */
    const float **number; /* (heads): of the row that is told */
    Names names;
    size_t first, images, most; /* the round: its first image, how many, how many at most */
    atomic_size_t next_lane;
    size_t begin_lane, end_lane; /* of this rank */
} Predictor;

/* --- opening --- */

static RowLayout lay_out(const Predictor *p)
{
    RowLayout layout = {.best = PROBLEM_BYTES};
    layout.number = layout.best + sizeof(int) * (size_t)p->heads;
    layout.features = layout.number;
    for (int h = 0; h < p->heads; h++) layout.features += sizeof(float) * p->width[h];
    layout.bytes = layout.features;
    if (p->options->features)
        layout.bytes += sizeof(float) * (size_t)umbel_feature_count(p->options->model);
    return layout;
}

static bool take_over(const UmbelError *error, Error *err)
{
    static const ErrorKind kind[] = {[UMBEL_ERROR_ARGUMENT] = ERROR_USAGE,
                                     [UMBEL_ERROR_DATA] = ERROR_DATA,
                                     [UMBEL_ERROR_SYSTEM] = ERROR_SYSTEM};
    return error_set(err, kind[error->kind], "%s", error->text);
}

static bool open_contexts(Predictor *p, Error *err)
{
    UmbelError error;
    for (int w = 0; w < p->workers; w++) {
        p->context[w] = umbel_context_create(p->options->model, p->lane, &error);
        if (!p->context[w] || !umbel_set_flip(p->context[w], p->options->flip, &error))
            return take_over(&error, err);
    }
    return true;
}

static bool open_predictor(Predictor *p, const PredictOptions *options, Error *err)
{
    const UmbelModel *model = options->model;
    Arena *arena = arena_create("prediction");
    *p = (Predictor){.options = options,
                     .arena = arena,
                     .workers = options->workers,
                     .lane = options->batch,
                     .heads = umbel_head_count(model)};
    p->width = arena_new(arena, size_t, p->heads + 1);
    for (int h = 0; h < p->heads; h++) {
        int classes = umbel_class_count(model, h);
        p->width[h] = classes > 0 ? (size_t)classes : 1;
    }
    p->layout = lay_out(p);
    size_t share = (size_t)p->workers * LANES_PER_WORKER * (size_t)p->lane;
    uint64_t largest = share; /* ranks may have other numbers of workers */
    comm_max_u64(options->comm, &largest, 1);
    share = (size_t)largest;
    p->most = share * (size_t)comm_size(options->comm);
    p->own = arena_alloc(arena, (share + (size_t)p->lane) * p->layout.bytes);
    if (comm_rank(options->comm) == 0) p->all = arena_alloc(arena, p->most * p->layout.bytes);
    p->number = arena_new(arena, const float *, p->heads + 1);
    p->names.begin = arena_new(arena, size_t, p->most);
    p->context = arena_new(arena, UmbelContext *, p->workers);
    p->image = arena_new(arena, UmbelImage *, p->workers);
    for (int w = 0; w < p->workers; w++) p->image[w] = arena_new(arena, UmbelImage, p->lane);
    p->pool = pool_create(p->workers);
    open_contexts(p, err);
    return comm_agree(options->comm, err);
}

static void close_predictor(Predictor *p)
{
    for (int w = 0; w < p->workers; w++) umbel_context_free(p->context[w]);
    pool_destroy(p->pool);
    free(p->names.text);
    arena_destroy(p->arena);
}

/* --- names --- */

static char *room_for(Names *names, size_t bytes)
{
    if (bytes > names->room) {
        names->room = 2 * bytes;
        names->text = realloc(names->text, names->room);
        if (!names->text) die("names of images: no memory for %zu bytes", names->room);
    }
    return names->text;
}

static void ask_source(Predictor *p)
{
    const Source *source = &p->options->source;
    const char *name;
    while (p->images < p->most && (name = source->next(source->state))) {
        size_t bytes = strlen(name) + 1;
        memcpy(room_for(&p->names, p->names.bytes + bytes) + p->names.bytes, name, bytes);
        p->names.bytes += bytes;
        p->images++;
    }
}

/* Tells all ranks the names of the next images; false: there are none. */
static bool begin_round(Predictor *p)
{
    p->first += p->images;
    p->images = p->names.bytes = 0;
    if (comm_rank(p->options->comm) == 0) ask_source(p);
    uint64_t counts[2] = {p->images, p->names.bytes};
    comm_broadcast(p->options->comm, counts, sizeof counts, 0);
    p->images = counts[0];
    p->names.bytes = counts[1];
    comm_broadcast(p->options->comm, room_for(&p->names, p->names.bytes), p->names.bytes, 0);
    if (p->images == 0) return false;
    assert(p->names.text);
    for (size_t i = 0, at = 0; i < p->images; i++, at += strlen(p->names.text + at) + 1)
        p->names.begin[i] = at;
    return true;
}

/* --- computing --- */

static size_t first_lane(const Predictor *p, size_t rank)
{
    size_t lanes = (p->images + (size_t)p->lane - 1) / (size_t)p->lane;
    return lanes * rank / (size_t)comm_size(p->options->comm);
}

/* First image, within the round, of a rank's stretch. */
static size_t first_image(const Predictor *p, size_t rank)
{
    size_t first = first_lane(p, rank) * (size_t)p->lane;
    return first < p->images ? first : p->images;
}

static void fill_row(const Predictor *p, uint8_t *row, const UmbelContext *context, int n)
{
    const RowLayout *layout = &p->layout;
    float *number = (float *)(row + layout->number);
    for (int h = 0; h < p->heads; number += p->width[h++]) {
        const float *probability = umbel_probabilities(context, n, h);
        if (probability)
            memcpy(number, probability, sizeof(float) * p->width[h]);
        else
            *number = (float)umbel_value(context, n, h);
        ((int *)(row + layout->best))[h] = umbel_best_class(context, n, h);
    }
    if (layout->features < layout->bytes)
        memcpy(row + layout->features, umbel_features(context, n),
               layout->bytes - layout->features);
}

/* Images [begin, begin + count) of the round into the rows at `row`. */
static void compute_lane(Predictor *p, int worker, size_t begin, int count, uint8_t *row)
{
    const Source *source = &p->options->source;
    UmbelContext *context = p->context[worker];
    UmbelImage *image = p->image[worker];
    size_t stride = p->layout.bytes;
    for (int n = 0; n < count; n++) {
        size_t i = begin + (size_t)n;
        const char *name = p->names.text + p->names.begin[i];
        uint8_t *data = NULL;
        size_t bytes = 0;
        Error why = {0};
        bool ok = source->read(source->state, p->first + i, name, &data, &bytes, &why);
        image[n] = umbel_file(ok ? data : NULL, bytes);
        memset(row + (size_t)n * stride, 0, stride);
        if (!ok) snprintf((char *)row + (size_t)n * stride, PROBLEM_BYTES, "%.255s", why.text);
    }
    umbel_classify(context, image, count, NULL);
    for (int n = 0; n < count; n++) {
        char *problem = (char *)row + (size_t)n * stride;
        if (!umbel_problem(context, n))
            fill_row(p, row + (size_t)n * stride, context, n);
        else if (!*problem)
            snprintf(problem, PROBLEM_BYTES, "%s", umbel_problem(context, n));
        free((void *)image[n].data);
    }
}

static void compute_some(void *context, int worker)
{
    Predictor *p = context;
    size_t size = (size_t)p->lane, lane;
    while (!stop_requested() && (lane = atomic_fetch_add(&p->next_lane, 1)) < p->end_lane) {
        size_t begin = lane * size;
        size_t count = p->images - begin < size ? p->images - begin : size;
        compute_lane(p, worker, begin, (int)count,
                     p->own + (lane - p->begin_lane) * size * p->layout.bytes);
    }
}

/* --- telling --- */

static void gather_rows(Predictor *p)
{
    Comm *comm = p->options->comm;
    size_t size = (size_t)comm_size(comm), rank = (size_t)comm_rank(comm);
    for (size_t from = 0; from < size; from++) {
        size_t begin = first_image(p, from), end = first_image(p, from + 1);
        size_t bytes = (end - begin) * p->layout.bytes;
        if (rank == from && rank == 0)
            memcpy(p->all, p->own, bytes);
        else if (rank == from)
            comm_send(comm, p->own, bytes, 0);
        else if (rank == 0)
            comm_receive(comm, p->all + begin * p->layout.bytes, bytes, (int)from);
    }
}

static bool tell_rows(Predictor *p, PredictCounts *counts, Error *err)
{
    const PredictSink *sink = &p->options->sink;
    for (size_t i = 0; i < p->images; i++) {
        const uint8_t *bytes = p->all + i * p->layout.bytes;
        const float *number = (const float *)(bytes + p->layout.number);
        for (int h = 0; h < p->heads; number += p->width[h++]) p->number[h] = number;
        PredictRow row = {.index = p->first + i,
                          .name = p->names.text + p->names.begin[i],
                          .problem = *bytes ? (const char *)bytes : NULL,
                          .number = p->number,
                          .best = (const int *)(bytes + p->layout.best),
                          .features = p->options->features && !*bytes ? number : NULL};
        if (!sink->row(sink->context, &row, err)) return false;
        counts->images++;
        counts->bad += row.problem != NULL;
    }
    return sink->flush(sink->context, err);
}

static bool stopped(Comm *comm)
{
    int64_t requests = stop_requested();
    comm_sum_i64(comm, &requests, 1);
    return requests > 0;
}

static bool run_round(Predictor *p, PredictCounts *counts, Error *err)
{
    size_t rank = (size_t)comm_rank(p->options->comm);
    p->begin_lane = first_lane(p, rank);
    p->end_lane = first_lane(p, rank + 1);
    atomic_store(&p->next_lane, p->begin_lane);
    pool_run(p->pool, compute_some, p);
    counts->stopped = stopped(p->options->comm);
    if (counts->stopped) return true;
    gather_rows(p);
    if (rank == 0) tell_rows(p, counts, err);
    return comm_agree(p->options->comm, err);
}

bool predict_run(const PredictOptions *options, PredictCounts *counts, Error *err)
{
    Predictor p;
    *counts = (PredictCounts){0};
    bool ok = open_predictor(&p, options, err);
    while (ok && !counts->stopped && begin_round(&p)) ok = run_round(&p, counts, err);
    counts->stopped |= stopped(options->comm);
    close_predictor(&p);
    comm_broadcast(options->comm, counts, sizeof *counts, 0);
    return ok;
}
