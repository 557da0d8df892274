/*
 * Taps: the identity between the shared features and each head that reads them, as a chain. The first tap reads the
 * features, every other one the tap before it, and a head reads its own. So backward reaches a tap with the sum of the
 * gradients of its head and of all heads behind it, added in the order in which they would be without taps: the same
 * bits. Each tap writes down what it gets, and the first one, the last to run, has the gradients of all heads.
 *
 * Heads that are kept apart hand nothing down: each tap then gets the gradient of its own head alone, and the first
 * makes their sum, projected (tap_project.h) if asked for.
 */
#include "nn/ops.h"
#include "nn/run.h"
#include "tap_project.h"

#include <string.h>

enum { GRADIENTS }; /* (N,taps,D), saved by the first tap */

typedef struct Tap {
    Taps given;
    int index;
    const Op *first; /* NULL: this one */
} Tap;

static size_t width_of(const Op *op)
{
    return (size_t)op->out->shape.dim[1];
}

/* Of the first tap, in doubles: products of all pairs, then the scratch of tap_project. */
static size_t scratch(const Op *op, bool training)
{
    const Tap *tap = op->options;
    size_t taps = (size_t)tap->given.count;
    if (!training || tap->index > 0) return 0;
    return sizeof(double) / sizeof(float) * (taps * taps + tap_project_doubles(tap->given.count));
}

static void forward(const Op *op, Run *run)
{
    memcpy(run_value(run, op->out), run_value(run, op->in[0]),
           sizeof(float) * width_of(op) * (size_t)run->images);
}

/* (N,taps,D) */
static float *gradients_of(const Op *op, const Run *run)
{
    const Op *first = ((const Tap *)op->options)->first;
    return run_value(run, (first ? first : op)->saved[GRADIENTS]);
}

static void write_down(const Op *op, const Run *run, const float *dout)
{
    const Tap *tap = op->options;
    size_t D = width_of(op), taps = (size_t)tap->given.count;
    float *row = gradients_of(op, run) + (size_t)tap->index * D;
    for (size_t n = 0; n < (size_t)run->images; n++)
        memcpy(row + n * taps * D, dout + n * D, sizeof *row * D);
}

static void hand_down(const Op *op, const Run *run, const float *dout)
{
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    size_t count = width_of(op) * (size_t)run->images;
    if (dx && adds)
        run->kernel->add(dx, dx, dout, count);
    else if (dx)
        memcpy(dx, dout, sizeof *dx * count);
}

/* --- the first tap: one image's gradients, row (taps,D) --- */

/* From sums over the heads behind to those of single heads. */
static void separate(float *row, int taps, size_t D)
{
    for (size_t i = 0; i + D < (size_t)taps * D; i++) row[i] -= row[i + D];
}

/* In double; eight partial sums and a fixed tree, whatever the vector width. */
static double dot(const float *a, const float *b, size_t D)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= D; i += 8)
        for (size_t j = 0; j < 8; j++) part[j] += (double)a[i + j] * (double)b[i + j];
    for (; i < D; i++) part[i % 8] += (double)a[i] * (double)b[i];
    for (size_t step = 4; step > 0; step /= 2)
        for (size_t j = 0; j < step; j++) part[j] += part[j + step];
    return part[0];
}

static void multiply_pairs(double *product, const float *row, int taps, size_t D)
{
    for (int i = 0; i < taps; i++)
        for (int j = 0; j <= i; j++)
            product[i * taps + j] = product[j * taps + i] =
                dot(row + (size_t)i * D, row + (size_t)j * D, D);
}

/* dx = sum over heads of coefficient * gradient, in double, in order. */
static void mix(float *dx, const double *coefficient, const float *row, int taps, size_t D)
{
    for (size_t d = 0; d < D; d++) {
        double sum = 0;
        for (int i = 0; i < taps; i++) sum += coefficient[i] * (double)row[(size_t)i * D + d];
        dx[d] = (float)sum;
    }
}

static void combine(const Op *op, Run *run, float *dout)
{
    const Tap *tap = op->options;
    int taps = tap->given.count;
    size_t D = width_of(op), pairs = (size_t)taps * (size_t)taps;
    float *gradients = gradients_of(op, run);
    double *product = (double *)(void *)run_scratch(run), *work = product + pairs;
    if (run->products) memset(run->products, 0, sizeof *run->products * pairs);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        float *row = gradients + n * (size_t)taps * D;
        if (tap->given.use == TAPS_WATCH) separate(row, taps, D);
        multiply_pairs(product, row, taps, D);
        for (size_t p = 0; run->products && p < pairs; p++) run->products[p] += product[p];
        for (int i = 0; i < taps; i++) work[i] = 1;
        if (tap->given.use == TAPS_PROJECT) {
            Random random =
                random_at(run->seed, RANDOM_PROJECT, op->name_hash, run->step, run->record[n]);
            tap_project(work, product, taps, &random);
        }
        if (tap->given.use != TAPS_WATCH) mix(dout + n * D, work, row, taps, D);
        run_poll(run);
    }
}

static void backward(const Op *op, Run *run)
{
    const Tap *tap = op->options;
    float *dout = run_dout(run, op);
    write_down(op, run, dout);
    if (tap->index == 0)
        combine(op, run, dout);
    else if (tap->given.use != TAPS_WATCH)
        memset(dout, 0, sizeof *dout * width_of(op) * (size_t)run->images);
    hand_down(op, run, dout);
}

static const OpType tap_type = {
    .name = "tap", .scratch = scratch, .forward = forward, .backward = backward};

Tensor *nn_tap(Graph *graph, const char *name, Tensor *x, int index, Taps options)
{
    Tap tap = {.given = options, .index = index};
    const Op *before = index > 0 ? graph->op[x->producer] : NULL;
    if (before) tap.first = index > 1 ? ((const Tap *)before->options)->first : before;
    Op *op = graph_op(graph, &tap_type, name, x, NULL, x->shape, &tap, sizeof tap);
    if (before) return op->out;
    Shape shape = shape_of(3, x->shape.dim[0], options.count, x->shape.dim[1]);
    graph_saved(graph, op, GRADIENTS, "gradients", shape)->only_training = true;
    return op->out;
}
