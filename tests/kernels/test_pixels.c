/* Kernels that resample pictures: against references in double on every instruction set of this machine,
 * with the same bits on all of them, since they multiply and add apart. */
#include "compare.h"

enum { IN_WIDTH = 40, TAPS_MAX = 7, OUT_MAX = 33 };

/* What all checks read: a row of RGBX bytes, where each output pixel begins, and weights. */
typedef struct Row {
    uint8_t bytes[4 * IN_WIDTH];
    int first[OUT_MAX];
    float weight[OUT_MAX * TAPS_MAX];
    int taps, out_width;
} Row;

static Row random_row(int taps, int out_width)
{
    Row row = {.taps = taps, .out_width = out_width};
    Random random = random_at(5, RANDOM_MIX, (uint64_t)taps, (uint64_t)out_width, 0);
    for (size_t i = 0; i < sizeof row.bytes; i++)
        row.bytes[i] = (uint8_t)random_below(&random, 256);
    for (int i = 0; i < out_width; i++)
        row.first[i] = (int)random_below(&random, (uint32_t)(IN_WIDTH - taps + 1));
    for (int i = 0; i < out_width * taps; i++) row.weight[i] = (float)random_normal(&random);
    return row;
}

static double expected_pixel(const Row *row, int i, int channel)
{
    double sum = 0;
    for (int t = 0; t < row->taps; t++)
        sum +=
            (double)row->weight[i * row->taps + t] * row->bytes[4 * (row->first[i] + t) + channel];
    return sum;
}

static void resample(float *out, const Kernels *kernel, const Row *row)
{
    float wide[4 * IN_WIDTH];
    kernel->widen_bytes(wide, row->bytes, 4 * IN_WIDTH);
    kernel->resample_row(out, wide, row->first, row->weight, row->taps, row->out_width);
}

static void check_resample_row(const Kernels *kernel)
{
    for (int taps = 1; taps <= TAPS_MAX; taps++) {
        Row row = random_row(taps, OUT_MAX - taps);
        float out[4 * OUT_MAX];
        resample(out, kernel, &row);
        for (int i = 0; i < 4 * row.out_width; i++)
            near(out[i], expected_pixel(&row, i / 4, i % 4), 1e-4);
    }
}

static void check_resample_column(const Kernels *kernel)
{
    float weight[TAPS_MAX], out[100], *rows = random_floats((size_t)TAPS_MAX * 100, 6, 100);
    for (int t = 0; t < TAPS_MAX; t++) weight[t] = 0.3F - 0.1F * (float)t;
    for (int taps = 1; taps <= TAPS_MAX; taps++) {
        kernel->resample_column(out, rows, weight, taps, 100);
        for (int i = 0; i < 100; i++) {
            double sum = 0;
            for (int t = 0; t < taps; t++) sum += (double)weight[t] * rows[t * 100 + i];
            near(out[i], sum, 1e-5);
        }
    }
    free(rows);
}

/* Nothing is written beyond the last of three floats. */
static void check_store_row(const Kernels *kernel)
{
    const float scale[3] = {0.5F, -2, 3}, shift[3] = {1, 0.25F, -7}, guard = 12345;
    for (int width = 1; width <= OUT_MAX; width++)
        for (int flip = 0; flip < 2; flip++) {
            float *in = random_floats(4 * (size_t)width, (uint64_t)width, 100),
                  out[3 * OUT_MAX + 1];
            out[3 * width] = guard;
            kernel->store_row(out, in, scale, shift, flip, width);
            for (int i = 0; i < 3 * width; i++) {
                int c = i % 3, x = flip ? width - 1 - i / 3 : i / 3;
                near(out[i], (double)in[4 * x + c] * scale[c] + shift[c], 1e-6);
            }
            assert_true(out[3 * width] == guard);
            free(in);
        }
}

static void check_all(const Kernels *kernel)
{
    check_resample_row(kernel);
    check_resample_column(kernel);
    check_store_row(kernel);
}

static void test_pixels(void **state)
{
    (void)state;
    for_each_isa(check_all);
}

static uint64_t pixel_bits(const Kernels *kernel)
{
    const float scale[3] = {0.5F, -2, 3}, shift[3] = {1, 0.25F, -7};
    float out[4 * OUT_MAX], stored[3 * OUT_MAX];
    uint64_t bits = 0;
    for (int taps = 1; taps <= TAPS_MAX; taps++) {
        Row row = random_row(taps, OUT_MAX);
        resample(out, kernel, &row);
        kernel->store_row(stored, out, scale, shift, taps % 2, OUT_MAX);
        bits = add_bits(add_bits(bits, out, 4 * OUT_MAX), stored, 3 * OUT_MAX);
        kernel->resample_column(stored, out, row.weight, taps, OUT_MAX / TAPS_MAX);
        bits = add_bits(bits, stored, OUT_MAX / TAPS_MAX);
    }
    return bits;
}

static void test_same_bits(void **state)
{
    (void)state;
    const Kernels *generic = kernels_named("v2");
    if (!generic) skip();
    for (int i = 0; i < ISAS; i++) {
        const Kernels *kernel = kernels_named(isas[i]);
        if (kernel && pixel_bits(kernel) != pixel_bits(generic))
            fail_msg("%s and %s differ", kernel->isa, generic->isa);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests_name("pixels", tests, NULL, NULL);
}
