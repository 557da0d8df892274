/*
 * Kernels that move a window over one image (pooling, depthwise convolution of any stride, the patch matrix
 * of a range of channels): against plain references on every instruction set of this machine, with equal
 * bits on v3 and v4.
 */
#include "compare.h"

/* Odd sides, strides that leave a rest, padding in front only, windows that hang over the edge. */
static const ConvShape shapes[] = {
    {.height = 7,
     .width = 6,
     .kernel = 3,
     .stride = 2,
     .padding = 1,
     .out_height = 4,
     .out_width = 3},
    {.height = 6,
     .width = 7,
     .kernel = 3,
     .stride = 2,
     .padding = 0,
     .out_height = 3,
     .out_width = 3},
    {.height = 5,
     .width = 5,
     .kernel = 2,
     .stride = 2,
     .padding = 0,
     .out_height = 3,
     .out_width = 3},
    {.height = 4,
     .width = 3,
     .kernel = 5,
     .stride = 1,
     .padding = 2,
     .out_height = 4,
     .out_width = 3},
    {.height = 3,
     .width = 4,
     .kernel = 1,
     .stride = 1,
     .padding = 0,
     .out_height = 3,
     .out_width = 4},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static ConvShape shape_with(int index, int channels)
{
    ConvShape shape = shapes[index];
    shape.channels = channels;
    return shape;
}

static size_t in_floats(const ConvShape *s)
{
    return (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

static size_t out_floats(const ConvShape *s)
{
    return (size_t)s->out_height * (size_t)s->out_width * (size_t)s->channels;
}

/* Offset of channel 0 under tap (ky,kx) of output pixel `row`; false: outside the image. */
static bool tap_at(size_t *offset, const ConvShape *s, int row, int ky, int kx)
{
    int y = row / s->out_width * s->stride - s->padding + ky;
    int x = row % s->out_width * s->stride - s->padding + kx;
    if (y < 0 || y >= s->height || x < 0 || x >= s->width) return false;
    *offset = ((size_t)y * (size_t)s->width + (size_t)x) * (size_t)s->channels;
    return true;
}

#define FOR_EACH_TAP(s, row, offset)                                                               \
    for (int row = 0; row < (s)->out_height * (s)->out_width; row++)                               \
        for (int t = 0; t < (s)->kernel * (s)->kernel; t++)                                        \
            if (tap_at(&offset, s, row, t / (s)->kernel, t % (s)->kernel))

static void check_close(const float *found, const double *expected, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) near((double)found[i], expected[i], tolerance);
}

/* --- pooling --- */

static void check_max_pool(const Kernels *kernel, const ConvShape *s, bool adds)
{
    size_t C = (size_t)s->channels, offset;
    float *x = random_floats(in_floats(s), 1, 1), *dout = random_floats(out_floats(s), 2, 1);
    float *out = malloc(4 * out_floats(s)), *dx = random_floats(in_floats(s), 3, 1);
    double *largest = calloc(out_floats(s), 8), *expected = calloc(in_floats(s), 8);
    for (size_t i = 0; i < out_floats(s); i++) largest[i] = -INFINITY;
    FOR_EACH_TAP(s, row, offset)
    for (size_t c = 0; c < C; c++)
        largest[(size_t)row * C + c] = fmax(largest[(size_t)row * C + c], (double)x[offset + c]);
    for (size_t i = 0; i < in_floats(s); i++) expected[i] = adds ? (double)dx[i] : 0;
    FOR_EACH_TAP(s, row, offset)
    for (size_t c = 0; c < C; c++)
        if ((double)x[offset + c] == largest[(size_t)row * C + c])
            expected[offset + c] += (double)dout[(size_t)row * C + c];
    kernel->max_pool_forward(out, x, s);
    kernel->max_pool_backward(dx, dout, x, out, s, adds);
    check_close(out, largest, out_floats(s), 0);
    check_close(dx, expected, in_floats(s), 1e-6);
    free(x), free(dout), free(out), free(dx), free(largest), free(expected);
}

/* NaN in a window is its largest value, wherever it stands. */
static void check_max_pool_nan(const Kernels *kernel)
{
    ConvShape s = {.height = 2,
                   .width = 2,
                   .channels = 1,
                   .kernel = 2,
                   .stride = 1,
                   .out_height = 1,
                   .out_width = 1};
    for (int at = 0; at < 4; at++) {
        float x[4] = {1, 3, 2, 0}, out;
        x[at] = NAN;
        kernel->max_pool_forward(&out, x, &s);
        assert_true(isnan(out));
    }
}

static void check_average_pool(const Kernels *kernel, const ConvShape *s)
{
    size_t C = (size_t)s->channels, offset;
    float *x = random_floats(in_floats(s), 1, 1), *dout = random_floats(out_floats(s), 2, 1);
    float *out = malloc(4 * out_floats(s)), *dx = random_floats(in_floats(s), 3, 1);
    double *mean = calloc(out_floats(s), 8), *expected = calloc(in_floats(s), 8);
    int *taps = calloc(out_floats(s), sizeof(int));
    FOR_EACH_TAP(s, row, offset) taps[row]++;
    for (size_t i = 0; i < in_floats(s); i++) expected[i] = (double)dx[i]; /* it adds */
    FOR_EACH_TAP(s, row, offset)
    for (size_t c = 0; c < C; c++) {
        mean[(size_t)row * C + c] += (double)x[offset + c] / taps[row];
        expected[offset + c] += (double)dout[(size_t)row * C + c] / taps[row];
    }
    kernel->average_pool_forward(out, x, s);
    kernel->average_pool_backward(dx, dout, s);
    check_close(out, mean, out_floats(s), 1e-6);
    check_close(dx, expected, in_floats(s), 1e-6);
    free(x), free(dout), free(out), free(dx), free(mean), free(expected), free(taps);
}

/* --- depthwise convolution --- */

static void check_depthwise(const Kernels *kernel, const ConvShape *s)
{
    size_t C = (size_t)s->channels, weights = (size_t)(s->kernel * s->kernel) * C, offset;
    float *x = random_floats(in_floats(s), 1, 1), *w = random_floats(weights, 2, 1);
    float *dout = random_floats(out_floats(s), 3, 1), *out = malloc(4 * out_floats(s));
    float *dx = random_floats(in_floats(s), 4, 1), *dw = random_floats(weights, 5, 1);
    double *ref_out = calloc(out_floats(s), 8), *ref_dx = calloc(in_floats(s), 8),
           *ref_dw = calloc(weights, 8);
    for (size_t i = 0; i < in_floats(s); i++) ref_dx[i] = (double)dx[i]; /* both add */
    for (size_t i = 0; i < weights; i++) ref_dw[i] = (double)dw[i];
    FOR_EACH_TAP(s, row, offset)
    for (size_t c = 0; c < C; c++) {
        size_t to = (size_t)row * C + c, tap = (size_t)t * C + c;
        ref_out[to] += (double)x[offset + c] * (double)w[tap];
        ref_dx[offset + c] += (double)dout[to] * (double)w[tap];
        ref_dw[tap] += (double)dout[to] * (double)x[offset + c];
    }
    kernel->depthwise_strided_forward(out, x, w, s);
    kernel->depthwise_strided_backward(dx, dw, dout, x, w, s);
    check_close(out, ref_out, out_floats(s), 3e-6);
    check_close(dx, ref_dx, in_floats(s), 3e-6);
    check_close(dw, ref_dw, weights, 3e-6);
    float *again = random_floats(weights, 5, 1);
    kernel->depthwise_strided_backward(NULL, again, dout, x, w,
                                       s); /* of an input without gradient */
    assert_memory_equal(again, dw, 4 * weights);
    free(x), free(w), free(dout), free(out), free(dx), free(dw), free(again);
    free(ref_out), free(ref_dx), free(ref_dw);
}

/* --- the patch matrix --- */

/* Rows [begin, end) of channels [channel, channel + channels). */
static void check_patches(const Kernels *kernel, const ConvShape *s, int channel, int channels,
                          int begin, int end)
{
    size_t n = (size_t)channels, patch = (size_t)(s->kernel * s->kernel) * n, offset;
    size_t count = (size_t)(end - begin) * patch;
    float *x = random_floats(in_floats(s), 1, 1), *columns = random_floats(count, 2, 1);
    float *dx = random_floats(in_floats(s), 3, 1), *given = random_floats(count, 4, 1);
    double *expected = calloc(count, 8), *ref_dx = calloc(in_floats(s), 8);
    for (size_t i = 0; i < in_floats(s); i++) ref_dx[i] = (double)dx[i];
    FOR_EACH_TAP(s, row, offset)
    for (size_t c = 0; c < n && row >= begin && row < end; c++) {
        size_t to = (size_t)(row - begin) * patch + (size_t)t * n + c,
               from = offset + (size_t)channel + c;
        expected[to] = (double)x[from];
        ref_dx[from] += (double)given[to];
    }
    kernel->im2col(columns, x, s, channel, channels, begin, end);
    kernel->col2im_add(dx, given, s, channel, channels, begin, end);
    check_close(columns, expected, count, 0);
    check_close(dx, ref_dx, in_floats(s), 1e-6);
    free(x), free(columns), free(dx), free(given), free(expected), free(ref_dx);
}

/* --- the tests --- */

static void check_all(const Kernels *kernel)
{
    check_max_pool_nan(kernel);
    for (int i = 0; i < SHAPES; i++)
        for (int c = 0; c < WIDTHS; c++) {
            ConvShape s = shape_with(i, widths[c]);
            int rows = s.out_height * s.out_width, C = s.channels;
            check_max_pool(kernel, &s, true);
            check_max_pool(kernel, &s, false);
            check_average_pool(kernel, &s);
            check_depthwise(kernel, &s);
            check_patches(kernel, &s, 0, C, 0, rows);
            check_patches(kernel, &s, C / 2, C - C / 2, 1, rows - 1);
            check_patches(kernel, &s, C / 3, 1, rows / 2, rows);
        }
}

static void test_windows(void **state)
{
    (void)state;
    for_each_isa(check_all);
}

static uint64_t shape_bits(const Kernels *kernel, const ConvShape *s)
{
    size_t weights = (size_t)(s->kernel * s->kernel * s->channels);
    float *x = random_floats(in_floats(s), 1, 1), *w = random_floats(weights, 2, 1);
    float *out = malloc(4 * out_floats(s)), *dx = calloc(in_floats(s), 4), *dw = calloc(weights, 4);
    uint64_t bits = 0;
    kernel->max_pool_forward(out, x, s), bits = add_bits(bits, out, out_floats(s));
    kernel->average_pool_forward(out, x, s), bits = add_bits(bits, out, out_floats(s));
    kernel->average_pool_backward(dx, out, s), bits = add_bits(bits, dx, in_floats(s));
    kernel->depthwise_strided_forward(out, x, w, s), bits = add_bits(bits, out, out_floats(s));
    kernel->depthwise_strided_backward(dx, dw, out, x, w, s);
    bits = add_bits(add_bits(bits, dx, in_floats(s)), dw, weights);
    free(x), free(w), free(out), free(dx), free(dw);
    return bits;
}

static uint64_t all_bits(const Kernels *kernel, int C)
{
    uint64_t bits = 0;
    for (int i = 0; i < SHAPES; i++) {
        ConvShape s = shape_with(i, C);
        bits = bits * 31 + shape_bits(kernel, &s);
    }
    return bits;
}

static void test_same_bits(void **state)
{
    (void)state;
    check_same_bits(all_bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests_name("windows", tests, NULL, NULL);
}
