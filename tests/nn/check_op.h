/*
 * One op against its double-precision reference: outputs in training and evaluation, and all
 * gradients against central differences of the reference. Memory holds NaN wherever the op has not
 * written. The test's state (extents, options) is global: one op is on the bench at a time.
 */
#pragma once

#include "nn/bench.h"
#include "nn/reference.h"

/* The op's output in double precision, from malloc. */
typedef double *Reference(const Bench *bench, const double *value, bool training);

static Reference *reference;
static size_t out_count;
static Extent in; /* extent of the source "x" */
/* Whether a second reader adds to the gradient of "x" before the op does. */
static bool input_is_shared;

static inline double *new_doubles(size_t count)
{
    double *out = calloc(count + 1, sizeof *out);
    assert_non_null(out);
    return out;
}

static inline double reference_loss(const Bench *bench, const double *value)
{
    double *out = reference(bench, value, true);
    double loss = probe_loss(out, out_count);
    if (input_is_shared)
        loss +=
            probe_loss(value_of(bench, value, "x"), param_find(bench->graph->params, "x")->count);
    free(out);
    return loss;
}

static inline void check_output(Bench *bench, const Tensor *out, bool training)
{
    const ParamStore *store = bench->graph->params;
    double *value = as_doubles(bench->arena, store->value, store->total);
    bench_run(bench, training, NAN);
    double *expected = reference(bench, value, training);
    check_close(out->name, run_value(&bench->run, out), expected, out_count);
    free(expected);
}

/* Checks the op whose output is `out`, and closes the bench. The source "x" was made first. */
static inline void check_op(Bench *bench, Tensor *out, Reference *expected)
{
    reference = expected;
    out_count = shape_count(out->shape);
    bench_probe(bench, out);
    if (input_is_shared) bench_probe(bench, bench->graph->op[0]->out);
    bench_ready(bench);
    check_output(bench, out, false);
    check_output(bench, out, true);
    check_gradients(bench, reference_loss);
    bench_close(bench);
}

static inline Tensor *image_source(Bench *bench, const char *name, Extent e)
{
    return bench_source(bench, name, shape_of(4, e.N, e.H, e.W, e.C));
}

/* The gradients of the op that `build` makes are the same bits whether what it may keep is kept or made
 * anew, and the workspace is smaller in the second case. */
static inline void check_recompute(int images, Tensor *(*build)(Bench *bench))
{
    Bench bench[2];
    for (int recompute = 0; recompute < 2; recompute++) {
        bench[recompute] = bench_open(images);
        bench[recompute].graph->recompute = recompute;
        bench_probe(&bench[recompute], build(&bench[recompute]));
        bench_ready(&bench[recompute]);
        bench_run(&bench[recompute], true, NAN);
    }
    assert_true(bench[1].graph->train.floats < bench[0].graph->train.floats);
    assert_memory_equal(bench[0].gradient, bench[1].gradient,
                        sizeof(float) * bench[0].graph->params->total);
    for (int i = 0; i < 2; i++) bench_close(&bench[i]);
}

/* Runs all tests twice: with the op as the only reader of its input, and with another one. */
static inline int run_twice(const char *name, const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (int shared = 0; shared < 2; shared++) {
        input_is_shared = shared;
        print_message("%s: the input has %d reader(s)\n", name, 1 + shared);
        failed += _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    }
    return failed;
}

#define run_op_tests(name, tests) run_twice(name, tests, sizeof(tests) / sizeof *(tests))
