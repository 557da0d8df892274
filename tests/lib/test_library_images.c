/* Images that the library is given: of all kinds, and those that are none. */
#include "library.h"

static void test_bad_images(void **state)
{
    (void)state;
    enum { COUNT = 4, GOOD = 2 }; /* in one lane */
    UmbelImage mixed[COUNT] = {image[0], umbel_file(file[1].data, file[1].bytes / 2), image[2],
                               umbel_file(junk, sizeof junk)};
    UmbelImage alone[COUNT] = {image[0], image[1], image[2], image[3]};
    UmbelContext *context = context_for(model, COUNT), *other = context_for(model, COUNT);
    classify(other, alone, COUNT);
    UmbelError error;
    assert_int_equal(umbel_classify(context, mixed, COUNT, &error), GOOD);
    assert_int_equal(error.kind, UMBEL_ERROR_NONE);
    assert_null(umbel_problem(context, 0));
    assert_non_null(strstr(umbel_problem(context, 1), "damaged PNG"));
    assert_non_null(strstr(umbel_problem(context, 3), "GIF"));
    assert_null(umbel_features(context, 1));
    assert_null(umbel_logits(context, 1, 0));
    assert_int_equal(umbel_best_class(context, 3, 0), -1);
    assert_null(umbel_problem(context, COUNT));
    assert_null(umbel_problem(context, -1));
    check_same(context, 0, other, 0); /* neighbours do not notice */
    check_same(context, 2, other, 2);
    classify(context, alone, COUNT); /* and it is forgotten */
    check_same(context, 1, other, 1);
    umbel_context_free(context);
    umbel_context_free(other);
}

static void check_problem(UmbelContext *context, UmbelImage wrong, const char *text)
{
    assert_int_equal(umbel_classify(context, &wrong, 1, NULL), 0);
    if (!strstr(umbel_problem(context, 0), text))
        fail_msg("expected \"%s\" in: %s", text, umbel_problem(context, 0));
}

static void test_wrong_sizes(void **state)
{
    (void)state;
    uint8_t pixels[12] = {0};
    UmbelContext *context = context_for(model, 1);
    check_problem(context, umbel_file(NULL, 10), "no data");
    check_problem(context, umbel_file(junk, 0), "");
    check_problem(context, umbel_rgb(NULL, 2, 2, 0), "no data");
    check_problem(context, umbel_rgb(pixels, 0, 2, 0), "is 0 x 2 pixels");
    check_problem(context, umbel_rgb(pixels, 2, -1, 0), "is 2 x -1 pixels");
    check_problem(context, umbel_rgb(pixels, 32769, 1, 0), "32768");
    check_problem(context, umbel_rgb(pixels, 2, 2, 5), "a stride of 5");
    UmbelImage unknown = umbel_rgb(pixels, 2, 2, 0);
    unknown.format = (UmbelFormat)7;
    check_problem(context, unknown, "no known format");
    UmbelImage right = umbel_rgb(pixels, 2, 2, 6);
    classify(context, &right, 1);
    umbel_context_free(context);
}

/* Pixels give the bits of a PNG of them, whatever their stride: one at a time, since a place in a
 * lane shows in the last bits. */
static void check_pixels(UmbelContext *const context[3], int width, int height)
{
    size_t row = 3 * (size_t)width, stride = row + 5;
    Image picture = paint(width, height, 9);
    Bytes png = make_rgb_png(&picture);
    uint8_t *tight = malloc(row * (size_t)height), *wide = malloc(stride * (size_t)height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *pixel = picture.pixels + 4 * (y * width + x);
            memcpy(tight + (size_t)y * row + 3 * (size_t)x, pixel, 3);
            memcpy(wide + (size_t)y * stride + 3 * (size_t)x, pixel, 3);
        }
    UmbelImage same[3] = {umbel_file(png.data, png.bytes), umbel_rgb(tight, width, height, 0),
                          umbel_rgb(wide, width, height, stride)};
    for (int i = 0; i < 3; i++) classify(context[i], &same[i], 1);
    check_same(context[0], 0, context[1], 0);
    check_same(context[0], 0, context[2], 0);
    free(tight);
    free(wide);
    free(png.data);
    image_free(&picture);
}

static void test_pixels(void **state)
{
    (void)state;
    static const int sizes[][2] = {{32, 32}, {20, 50}, {301, 207}, {1, 1}};
    UmbelContext *context[3];
    for (int i = 0; i < 3; i++) context[i] = context_for(model, 1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        check_pixels(context, sizes[s][0], sizes[s][1]);
    for (int i = 0; i < 3; i++) umbel_context_free(context[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_images),
        cmocka_unit_test(test_wrong_sizes),
        cmocka_unit_test(test_pixels),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
