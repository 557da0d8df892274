/* Kernels along rows and over whole arrays: dim = rows, C; of flat ones rows = 1. Bytes are those of
 * the arrays that are read and written. */
#include "bench/kernel_case.h"

#include <math.h>

static size_t elements(const int *dim)
{
    return (size_t)dim[0] * (size_t)dim[1];
}

static double bytes(const int *dim, double arrays)
{
    return arrays * sizeof(float) * (double)elements(dim);
}

static double one(const int *dim)
{
    return bytes(dim, 1);
}

static double two(const int *dim)
{
    return bytes(dim, 2);
}

static double three(const int *dim)
{
    return bytes(dim, 3);
}

static double four(const int *dim)
{
    return bytes(dim, 4);
}

static double six(const int *dim)
{
    return bytes(dim, 6);
}

static double seven(const int *dim)
{
    return bytes(dim, 7);
}

static size_t rows_of(const Sample *sample)
{
    return (size_t)sample->of->dim[0];
}

static int columns_of(const Sample *sample)
{
    return sample->of->dim[1];
}

static void normalize(Sample *s)
{
    s->kernel->normalize_forward(s->x[0], s->x[1], s->x[2], rows_of(s), columns_of(s), 1e-6F);
}

static void normalize_backward(Sample *s)
{
    s->kernel->normalize_backward(s->x[0], s->x[1], s->x[2], s->x[3], rows_of(s), columns_of(s));
}

static void gelu(Sample *s)
{
    s->kernel->gelu_forward(s->x[0], s->x[1], s->x[2], 1, rows_of(s), columns_of(s));
}

static void gelu_backward(Sample *s)
{
    s->kernel->gelu_backward(s->x[0], s->x[1], s->x[2], s->x[3], s->x[4], 1, rows_of(s),
                             columns_of(s));
}

static void silu(Sample *s)
{
    s->kernel->silu_forward(s->x[0], s->x[1], elements(s->of->dim));
}

static void batchnorm(Sample *s)
{
    s->kernel->batchnorm_apply(s->x[0], s->x[1], s->x[2], s->x[3], NULL, ACTIVATION_RELU,
                               rows_of(s), columns_of(s));
}

/* The sums of columns, in double: made in `prepare`. */
static void *make_column_sums(Sample *s, Arena *arena)
{
    return arena_new(arena, double, 2 * (size_t)columns_of(s));
}

static void batchnorm_moments(Sample *s)
{
    double *mean = s->own;
    s->kernel->column_moments_add(mean, mean + columns_of(s), 0, s->x[2], rows_of(s),
                                  columns_of(s));
}

static void batchnorm_backward(Sample *s)
{
    double *product = s->own;
    float *vectors = s->x[4];
    int C = columns_of(s);
    BatchNorm norm = {vectors, vectors + C, vectors + 2 * C, ACTIVATION_RELU};
    BatchNormSlope slope = {vectors + 3 * C, vectors + 4 * C};
    s->kernel->batchnorm_backward_reduce(product, product + C, NULL, s->x[1], s->x[2], s->x[3],
                                         &norm, rows_of(s), C);
    s->kernel->batchnorm_backward_apply(s->x[0], s->x[1], s->x[3], &norm, &slope, rows_of(s), C);
}

static void softmax(Sample *s)
{
    s->kernel->softmax(s->x[0], s->x[1], s->x[2], rows_of(s), columns_of(s));
}

static void adamw(Sample *s)
{
    AdamWStep step = {.lr = 1e-3F,
                      .beta1 = 0.9F,
                      .beta2 = 0.999F,
                      .epsilon = 1e-8F,
                      .weight_decay = 0.05F,
                      .rest1 = 0.1F,
                      .rest2 = 0.001F,
                      .correction1 = 1,
                      .correction2 = 1,
                      .grad_scale = 1};
    s->kernel->adamw(s->x[0], s->x[1], s->x[2], s->x[3], &step, elements(s->of->dim));
}

/* Second moments are never negative. */
static void *square_moments(Sample *s, Arena *arena)
{
    (void)arena;
    for (size_t i = 0; i < elements(s->of->dim); i++) s->x[2][i] *= s->x[2][i];
    return NULL;
}

/* The gradient is turned in place, call after call: at large arguments, where the slope is 1, it
 * stays what it is. */
static void *enlarge_arguments(Sample *s, Arena *arena)
{
    (void)arena;
    for (size_t i = 0; i < elements(s->of->dim); i++) s->x[3][i] += 8;
    return NULL;
}

/* The sums take the place of two arrays of floats. */
static void *make_sums(Sample *s, Arena *arena)
{
    return arena_new(arena, int64_t, elements(s->of->dim));
}

static void exact_add(Sample *s)
{
    s->kernel->exact_add(s->own, s->x[0], 2, elements(s->of->dim));
}

static void exact_read(Sample *s)
{
    s->kernel->exact_read(s->x[0], s->own, elements(s->of->dim));
}

/* `making`: what `prepare` calls; NULL: nothing. */
#define CASE(label, rows, C, text, traffic, making, function)                                      \
    {                                                                                              \
        .name = (label), .dim = {rows, C}, .size = (text), .unit = UNIT_BYTES,                     \
        .amount = (traffic), .floats = elements, .prepare = (making), .call = (function)           \
    }
#define ROWS(label, rows, C, traffic, making, function)                                            \
    CASE(label, rows, C, #rows " x " #C, traffic, making, function)
#define FLAT(label, count, traffic, making, function)                                              \
    CASE(label, 1, count, #count, traffic, making, function)

const KernelCase row_cases[] = {
    ROWS("normalize forward", 3136, 96, two, NULL, normalize),
    ROWS("normalize backward", 3136, 96, three, NULL, normalize_backward),
    ROWS("normalize forward", 197, 768, two, NULL, normalize),
    ROWS("normalize backward", 197, 768, three, NULL, normalize_backward),
    ROWS("gelu forward", 784, 384, two, NULL, gelu),
    ROWS("gelu backward", 784, 384, four, enlarge_arguments, gelu_backward),
    ROWS("silu forward", 784, 384, two, NULL, silu),
    ROWS("batch norm moments", 3136, 64, one, make_column_sums, batchnorm_moments),
    ROWS("batch norm apply", 3136, 64, two, NULL, batchnorm),
    ROWS("batch norm backward", 3136, 64, six, make_column_sums, batchnorm_backward),
    ROWS("softmax", 197, 197, two, NULL, softmax),
    FLAT("adamw", 1000000, seven, square_moments, adamw),
    FLAT("exact sum, add", 1000000, three, make_sums, exact_add),
    FLAT("exact sum, read", 1000000, three, make_sums, exact_read),
    {0},
};
