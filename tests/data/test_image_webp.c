/* WebP: lossless and lossy pictures, alpha over white, regions and scales, damage. */
#include "pictures.h"

#include <webp/decode.h>

static const uint8_t *pixel_of(const Image *image, int x, int y)
{
    return image->pixels + 4 * ((size_t)y * (size_t)image->width + (size_t)x);
}

static void lossless_is_what_was_drawn(void **state)
{
    (void)state;
    Image drawn = paint(61, 47, 1), image = {0};
    Bytes file = make_webp(&drawn, LOSSLESS);
    Rect covered;
    int width, height;
    Error err = {0};
    assert_true(image_size(file.data, file.bytes, &width, &height, &err));
    assert_int_equal(width, 61);
    assert_int_equal(height, 47);
    decode(&image, &covered, file, whole(61, 47), 1);
    assert_memory_equal(image.pixels, drawn.pixels, 4 * 61 * 47);
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

/* Against the library used plainly. */
static void lossy_equals_plain_libwebp(void **state)
{
    (void)state;
    Image drawn = paint(75, 50, 2), image = {0};
    Bytes file = make_webp(&drawn, 75);
    Rect covered;
    int width, height;
    decode(&image, &covered, file, whole(75, 50), 1);
    uint8_t *plain = WebPDecodeRGBA(file.data, file.bytes, &width, &height);
    assert_memory_equal(image.pixels, plain, 4 * 75 * 50);
    WebPFree(plain);
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

/* How libwebp rounds when it scales depends on the size of the crop: 1 per channel of RGB, or of YUV,
 * of which blue takes 1.164 Y + 2.018 U. */
static void regions_equal_the_whole(void **state)
{
    (void)state;
    static const int qualities[] = {LOSSLESS, 20, 80};
    Image even = paint(208, 160, 3), odd = paint(211, 157, 3);
    for (size_t q = 0; q < sizeof qualities / sizeof *qualities; q++) {
        Bytes file = make_webp(&even, qualities[q]), uneven = make_webp(&odd, qualities[q]);
        check_regions(file, 208, 160, 8, 50, qualities[q] == LOSSLESS ? 1 : 4, "WebP");
        check_regions(uneven, 211, 157, 1, 50, 0, "WebP of odd sides");
        free(file.data);
        free(uneven.data);
    }
    image_free(&even);
    image_free(&odd);
}

/* A scaled pixel is the mean of the pixels that it covers. */
static void scales_are_means(void **state)
{
    (void)state;
    Image drawn = paint(64, 48, 4), image = {0};
    Bytes file = make_webp(&drawn, LOSSLESS);
    for (int reduce = 2; reduce <= 8; reduce *= 2) {
        Rect covered;
        decode(&image, &covered, file, whole(64, 48), reduce);
        assert_int_equal(image.width, 64 / reduce);
        assert_int_equal(image.height, 48 / reduce);
        for (int y = 0; y < image.height; y++)
            for (int x = 0; x < image.width; x++)
                for (int c = 0; c < 3; c++) {
                    int sum = 0;
                    for (int i = 0; i < reduce * reduce; i++)
                        sum +=
                            pixel_of(&drawn, x * reduce + i % reduce, y * reduce + i / reduce)[c];
                    double wanted = sum / (double)(reduce * reduce);
                    double got = pixel_of(&image, x, y)[c];
                    if (got < wanted - 1.01 || got > wanted + 1.01)
                        fail_msg("1/%d: pixel %d,%d is %g, not %g", reduce, x, y, got, wanted);
                }
    }
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

/* Sides that are no multiples of the scale: what is covered is within the picture and holds the
 * region, and the scale is never smaller than asked for. */
static void odd_sides_scale_too(void **state)
{
    (void)state;
    uint32_t random = 5;
    Image drawn = paint(211, 157, 5), image = {0};
    Bytes file = make_webp(&drawn, 80);
    for (int i = 0; i < 200; i++) {
        int reduce = 2 << next_below(&random, 3);
        Rect region = {next_below(&random, 211), next_below(&random, 157), 0, 0}, covered;
        region.width = 1 + next_below(&random, 211 - region.x);
        region.height = 1 + next_below(&random, 157 - region.y);
        decode(&image, &covered, file, region, reduce);
        assert_true(covered.x >= 0 && covered.x <= region.x);
        assert_true(covered.y >= 0 && covered.y <= region.y);
        assert_in_range(covered.x + covered.width, region.x + region.width, 211);
        assert_in_range(covered.y + covered.height, region.y + region.height, 157);
        assert_true(covered.width <= image.width * reduce);
        assert_true(covered.height <= image.height * reduce);
        assert_true(covered.width > (image.width - 1) * reduce);
        assert_true(covered.height > (image.height - 1) * reduce);
    }
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

/* Alpha goes over white at full size, whatever the scale. */
static void alpha_over_white(void **state)
{
    (void)state;
    Image drawn = paint(60, 40, 6), image = {0};
    for (int i = 0; i < 60 * 40; i++) drawn.pixels[4 * i + 3] = (uint8_t)(i * 7 % 256);
    Bytes file = make_webp(&drawn, LOSSLESS);
    for (int reduce = 1; reduce <= 8; reduce *= 2) {
        Rect covered;
        decode(&image, &covered, file, (Rect){7, 9, 20, 10}, reduce);
        assert_int_equal(covered.width, image.width);
        assert_int_equal(covered.height, image.height);
        for (int y = 0; y < image.height; y++)
            for (int x = 0; x < image.width; x++) {
                const uint8_t *from = pixel_of(&drawn, covered.x + x, covered.y + y);
                const uint8_t *got = pixel_of(&image, x, y);
                for (int c = 0; c < 3; c++) {
                    double wanted = (from[c] * from[3] + 255.0 * (255 - from[3])) / 255;
                    assert_true(got[c] > wanted - 0.51 && got[c] < wanted + 0.51);
                }
                assert_int_equal(got[3], 255);
            }
    }
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

static void animations_are_refused(void **state)
{
    (void)state;
    static const uint8_t file[] = "RIFF\x1E\0\0\0WEBPVP8X\x0A\0\0\0\2\0\0\0\x0F\0\0\x0F\0\0"
                                  "ANIM\6\0\0\0";
    Error err;
    assert_false(decodes((Bytes){(uint8_t *)file, sizeof file - 1}, &err));
    check_error(&err, "is an animated WebP; convert one of its frames to JPEG, PNG or WebP");
}

static void damage(void **state)
{
    (void)state;
    Image drawn = paint(60, 44, 8);
    for (int lossless = 0; lossless < 3; lossless++) {
        if (lossless == 2) drawn.pixels[3] = 0; /* the extended form with a chunk of alpha */
        Bytes file = make_webp(&drawn, lossless == 1 ? LOSSLESS : 80);
        check_cuts(file, 1, "is a damaged WebP: premature end of the file", "WebP");
        check_flips(file, 34);
        free(file.data);
    }
    image_free(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_is_what_was_drawn), cmocka_unit_test(lossy_equals_plain_libwebp),
        cmocka_unit_test(regions_equal_the_whole),    cmocka_unit_test(scales_are_means),
        cmocka_unit_test(odd_sides_scale_too),        cmocka_unit_test(alpha_over_white),
        cmocka_unit_test(animations_are_refused),     cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
