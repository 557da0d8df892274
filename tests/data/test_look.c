/* What a picture looks like: its perceptual hash against the definition, its other numbers against plain sums. */
#include "data/look.h"

#include "pictures.h"

#include <math.h>

static double grey_of(const Image *image, int x, int y)
{
    const uint8_t *p = image->pixels + 4 * (y * image->width + x);
    return floor((77.0 * p[0] + 150.0 * p[1] + 29.0 * p[2] + 128) / 256);
}

/* One coefficient of the cosine transform, straight from its double sum. */
static double frequency(const Image *image, int u, int v)
{
    double sum = 0, pi = acos(-1);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            sum +=
                grey_of(image, x, y) * cos(pi / 32 * (y + 0.5) * u) * cos(pi / 32 * (x + 0.5) * v);
    return sum;
}

static Look look(const Image *image)
{
    Look look;
    Image scratch = {0};
    assert_true(look_at(&look, image, &scratch));
    image_free(&scratch);
    return look;
}

static void test_definition(void **unused)
{
    (void)unused;
    for (uint32_t seed = 1; seed <= 5; seed++) {
        Image image = paint(32, 32, seed * 977);
        uint64_t bits = look(&image).perceptual;
        for (int k = 1; k < 64; k++) {
            int above = 0;
            for (int other = 1; other < 64; other++)
                above += frequency(&image, other / 8, other % 8) < frequency(&image, k / 8, k % 8);
            assert_int_equal(bits >> (k - 1) & 1, above > 31);
        }
        image_free(&image);
    }
}

static void test_numbers(void **unused)
{
    (void)unused;
    Image image = paint(37, 21, 5);
    Look first = look(&image);
    double mean = 0, variance = 0;
    for (int i = 0; i < 37 * 21; i++) mean += grey_of(&image, i % 37, i / 37) / (37 * 21);
    for (int i = 0; i < 37 * 21; i++)
        variance += pow(grey_of(&image, i % 37, i / 37) - mean, 2) / (37 * 21);
    assert_true(fabs(first.deviation - sqrt(variance)) < 1e-9);
    assert_false(first.grey);
    image.pixels[4 * 400] ^= 1;
    assert_true(look(&image).pixels != first.pixels);
    image.pixels[4 * 400] ^= 1;
    assert_true(look(&image).pixels == first.pixels);
    image.width = 21, image.height = 37; /* the same bytes in another shape */
    assert_true(look(&image).pixels != first.pixels);
    for (int i = 0; i < 37 * 21; i++) memset(image.pixels + 4 * i, i % 200, 3);
    assert_true(look(&image).grey);
    image_free(&image);
}

static void test_distance(void **unused)
{
    (void)unused;
    assert_int_equal(look_distance(0, 0), 0);
    assert_int_equal(look_distance(0xF0, 0x0F), 8);
    assert_int_equal(look_distance(UINT64_MAX, 0), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
