/*
 * The insides of convolutions, on every instruction set of this machine: Winograd's transforms of one tile against
 * the direct convolution in double, their transposes by <A x, y> = <x, A^T y>, tiles that hang over the edge
 * against padded images; products through pointers against the plain loop, bit for bit.
 */
#include "compare.h"

enum { SIDE = 9, PLANES = SIDE * SIDE, H = 12, W = 11 };

/* size, stride */
static const int filters[][2] = {{2, 1}, {4, 1}, {2, 2}, {4, 2}};
enum { FILTERS = sizeof filters / sizeof *filters };

/* Inputs of a tile's side. */
static int side_of(const int *filter)
{
    return filter[1] * (filter[0] - 1) + 3;
}

/* --- tiles --- */

/* A tile on an image (H,W,C) whose first pixel is (y,x), `side` pixels long. */
static WinogradTile tile_on(const int *filter, int side, int y, int x, int C)
{
    return (WinogradTile){.size = filter[0],
                          .stride = filter[1],
                          .origin = ((ptrdiff_t)y * W + x) * C,
                          .row = W * (size_t)C,
                          .pixel = (size_t)C,
                          .plane = (size_t)C + 5,
                          .y_begin = y < 0 ? -y : 0,
                          .y_end = y + side > H ? H - y : side,
                          .x_begin = x < 0 ? -x : 0,
                          .x_end = x + side > W ? W - x : side};
}

static double pixel(const float *image, int y, int x, int c, int C)
{
    return y < 0 || y >= H || x < 0 || x >= W ? 0 : (double)image[(y * W + x) * C + c];
}

static double convolved(const float *x, const float *weight, int y0, int x0, int c, int C)
{
    double sum = 0;
    for (int t = 0; t < 9; t++)
        sum += pixel(x, y0 + t / 3, x0 + t % 3, c, C) * (double)weight[t * C + c];
    return sum;
}

/* The weights' plane of plane e of a tile. */
static size_t weight_plane(const int *filter, int e)
{
    int side = side_of(filter), last = filter[0] + 1, i = e / side, j = e % side;
    return (size_t)((i < last ? i : last) * (last + 1) + (j < last ? j : last));
}

/* A depthwise convolution of one tile that begins at output (y,x), padding 1, on an image of the same size:
 * outputs outside the image stay as they were. */
static void check_tile(const Kernels *kernel, const int *filter, int y, int x, int C)
{
    int size = filter[0], stride = filter[1], side = side_of(filter);
    size_t plane = (size_t)C + 5;
    float *in = random_floats(H * W * (size_t)C, 1, 1), *out = malloc(4 * H * W * (size_t)C);
    float *weight = random_floats(9 * (size_t)C, 2, 1);
    float *u = malloc(4 * PLANES * plane), *v = malloc(4 * PLANES * plane);
    for (size_t i = 0; i < H * W * (size_t)C; i++) out[i] = 77;
    WinogradTile from = tile_on(filter, side, stride * y - 1, stride * x - 1, C);
    WinogradTile to = tile_on(filter, size, y, x, C);
    kernel->winograd_input(v, in, &from, C);
    kernel->winograd_weight(u, weight, size, stride, plane, C);
    for (int e = 0; e < side * side; e++)
        for (int c = 0; c < C; c++)
            v[(size_t)e * plane + (size_t)c] *= u[weight_plane(filter, e) * plane + (size_t)c];
    kernel->winograd_output(out, v, &to, C);
    for (int i = 0; i < H; i++)
        for (int j = 0; j < W; j++)
            for (int c = 0; c < C; c++) {
                bool inside = i >= y && i < y + size && j >= x && j < x + size;
                near((double)out[(i * W + j) * C + c],
                     inside ? convolved(in, weight, stride * i - 1, stride * j - 1, c, C) : 77,
                     size == 2     ? 4e-6
                     : stride == 2 ? 1e-5
                                   : 2e-5);
            }
    free(in), free(out), free(weight), free(u), free(v);
}

static double inner(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Gaps between planes are zero, so that they add nothing. */
static float *random_planes(int C, uint64_t name)
{
    size_t plane = (size_t)C + 5;
    float *planes = random_floats(PLANES * plane, name, 1);
    for (size_t e = 0; e < PLANES; e++)
        for (size_t c = (size_t)C; c < plane; c++) planes[e * plane + c] = 0;
    return planes;
}

typedef void TileFn(float *out, const float *x, const WinogradTile *tile, int C);

/* `to_planes` goes from the image to planes, `to_image` is its transpose; `adds`: on top of what is there. */
static void check_transpose(TileFn *to_planes, TileFn *to_image, bool adds,
                            const WinogradTile *tile, int C)
{
    int side = side_of((int[]){tile->size, tile->stride});
    size_t n = H * W * (size_t)C, planes = (size_t)(side * side) * tile->plane;
    float *image = random_floats(n, 3, 1), *back = calloc(n, 4), *there = calloc(planes, 4);
    float *other = random_planes(C, 4);
    to_planes(there, image, tile, C);
    to_image(back, other, tile, C);
    near(inner(there, other, planes), inner(image, back, n), 2e-5);
    if (adds) {
        float *sum = random_floats(n, 5, 1), *before = random_floats(n, 5, 1);
        to_image(sum, other, tile, C);
        for (size_t i = 0; i < n; i++)
            near((double)sum[i], (double)before[i] + (double)back[i], 1e-6);
        free(sum), free(before);
    }
    free(image), free(back), free(there), free(other);
}

static void check_weight_transpose(const Kernels *kernel, const int *filter, int C)
{
    int size = filter[0], stride = filter[1];
    size_t plane = (size_t)C + 5, planes = (size_t)((size + 2) * (size + 2)) * plane;
    float *weight = random_floats(9 * (size_t)C, 6, 1), *back = malloc(4 * 9 * (size_t)C);
    float *there = calloc(planes, 4), *other = random_planes(C, 7);
    kernel->winograd_weight(there, weight, size, stride, plane, C);
    kernel->winograd_weight_backward(back, other, size, stride, plane, C);
    near(inner(there, other, planes), inner(weight, back, 9 * (size_t)C), 1e-5);
    free(weight), free(back), free(there), free(other);
}

/* First outputs: inside the image, at its corners, and reaching beyond all of it on one side. */
static const int places[][2] = {{3, 2}, {0, 0}, {0, 4}, {8, 0}, {8, 7}, {11, 10}, {2, 1}, {1, 3}};

static void check_winograd(const Kernels *kernel)
{
    for (size_t f = 0; f < FILTERS; f++)
        for (int w = 0; w < WIDTHS; w++) {
            const int *filter = filters[f];
            int C = widths[w];
            check_weight_transpose(kernel, filter, C);
            for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
                int y = places[p][0], x = places[p][1];
                WinogradTile in = tile_on(filter, side_of(filter), y - 1, x - 1, C);
                WinogradTile out = tile_on(filter, filter[0], y, x, C);
                check_tile(kernel, filter, y, x, C);
                check_transpose(kernel->winograd_input, kernel->winograd_input_backward, true, &in,
                                C);
                check_transpose(kernel->winograd_output_backward, kernel->winograd_output, false,
                                &out, C);
            }
        }
}

static void test_winograd(void **state)
{
    (void)state;
    for_each_isa(check_winograd);
}

/* --- products through pointers --- */

enum { SEGMENTS = 3, K = 21, ROWS_MAX = 16, COLUMNS_MAX = 32 };

/* What conv_block promises, element by element; x86-64-v2 has no fused multiply-add. */
static void check_product(const Kernels *kernel, const float *const *a, const float *const *panel,
                          int rows, int columns, bool adds)
{
    bool fused = strcmp(kernel->isa, "v2") != 0;
    float c[ROWS_MAX * 40];
    for (int i = 0; i < ROWS_MAX * 40; i++) c[i] = (float)i / 64;
    kernel->conv_block(c, 40, a, panel, SEGMENTS, K, rows, columns, adds);
    for (int i = 0; i < ROWS_MAX; i++)
        for (int j = 0; j < 40; j++) {
            bool inside = i < rows && j < columns;
            float sum = inside && !adds ? 0 : (float)(i * 40 + j) / 64;
            for (int s = 0; inside && s < SEGMENTS; s++)
                for (int t = 0; t < K; t++)
                    sum = fmaf(a[s * rows + i][t], panel[s][t * kernel->matmul_columns() + j], sum);
            if (fused)
                assert_true(c[i * 40 + j] == sum);
            else
                near((double)c[i * 40 + j], (double)sum, 1e-5);
        }
}

static void check_block(const Kernels *kernel)
{
    int width = kernel->matmul_columns();
    float *image = random_floats(400, 8, 1);
    float *panels = random_floats((size_t)(SEGMENTS * K * width), 9, 1);
    const float *a[SEGMENTS * ROWS_MAX], *panel[SEGMENTS];
    for (int i = 0; i < SEGMENTS * ROWS_MAX; i++) a[i] = image + i * 53 % 379;
    for (int s = 0; s < SEGMENTS; s++) panel[s] = panels + (SEGMENTS - 1 - s) * K * width;
    for (int rows = 1; rows <= kernel->conv_rows(); rows++)
        for (int columns = 1; columns <= width; columns++)
            check_product(kernel, a, panel, rows, columns, columns % 2);
    free(image), free(panels);
}

/* As matmul_pack packs rows that are neighbours. */
static void check_pack(const Kernels *kernel)
{
    int width = kernel->matmul_columns();
    float *image = random_floats(400, 10, 1), gathered[K * 70];
    const float *row[K];
    for (int t = 0; t < K; t++) row[t] = image + t * 31 % 327;
    for (int n = 1; n <= 70; n++) {
        size_t floats = (size_t)((n + width - 1) / width * width * K);
        float *packed = malloc(4 * floats), *expected = malloc(4 * floats);
        for (int t = 0; t < K; t++) memcpy(gathered + t * n, row[t], 4 * (size_t)n);
        kernel->conv_pack(packed, row, K, n);
        kernel->matmul_pack(expected, gathered, (size_t)n, false, false, K, n);
        assert_memory_equal(packed, expected, 4 * floats);
        free(packed), free(expected);
    }
    free(image);
}

static void test_pointers(void **state)
{
    (void)state;
    for_each_isa(check_block);
    for_each_isa(check_pack);
}

/* --- v3 and v4 give the same bits --- */

static uint64_t winograd_bits(const Kernels *kernel, int C)
{
    size_t n = H * W * (size_t)C, plane = (size_t)C + 5;
    uint64_t bits = 0;
    float *image = random_floats(n, 11, 1), *planes = random_planes(C, 12), *out = calloc(n, 4);
    float *there = calloc(PLANES * plane, 4), *weight = random_floats(9 * (size_t)C, 13, 1);
    for (size_t f = 0; f < FILTERS; f++)
        for (int x = 0; x < 5; x += 2) {
            const int *filter = filters[f];
            WinogradTile in = tile_on(filter, side_of(filter), 2, x - 1, C),
                         to = tile_on(filter, filter[0], 3, x, C);
            kernel->winograd_input(there, image, &in, C);
            bits = add_bits(bits, there, PLANES * plane);
            kernel->winograd_output_backward(there, image, &to, C);
            bits = add_bits(bits, there, PLANES * plane);
            kernel->winograd_output(out, planes, &to, C);
            bits = add_bits(bits, out, n);
            kernel->winograd_input_backward(out, planes, &in, C);
            bits = add_bits(bits, out, n);
            kernel->winograd_weight(there, weight, filter[0], filter[1], plane, C);
            bits = add_bits(bits, there, PLANES * plane);
            kernel->winograd_weight_backward(weight, planes, filter[0], filter[1], plane, C);
            bits = add_bits(bits, weight, 9 * (size_t)C);
        }
    free(image), free(planes), free(out), free(there), free(weight);
    return bits;
}

static void test_same_bits(void **state)
{
    (void)state;
    check_same_bits(winograd_bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_winograd),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
