/* Crops against torchvision's rules, resampling against the triangle filter in double. */
#include "pictures.h"

#include "data/augment.h"

#include <math.h>

static AugmentOptions defaults(void)
{
    AugmentOptions options = {0};
    option_defaults(augment_options, &options);
    return options;
}

/* Mean 0 and deviation 1/255: the output is in units of pixels. */
static AugmentOptions in_pixels(void)
{
    AugmentOptions options = defaults();
    for (int c = 0; c < 3; c++) {
        options.mean.value[c] = 0;
        options.deviation.value[c] = 1.0 / 255;
    }
    return options;
}

/* --- the reference: one output pixel at a time, in double */

static double triangle(double x)
{
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

/* Pixel (column,row) of the crop at `side`; the filter sees the picture around the crop, as PIL's
 * resize with a box. */
static double reference(const Image *image, const AugmentChoice *choice, int side, int column,
                        int row, int channel)
{
    double step_x = choice->width / side, step_y = choice->height / side;
    double x = choice->x + (column + 0.5) * step_x, y = choice->y + (row + 0.5) * step_y;
    double reach_x = fmax(step_x, 1), reach_y = fmax(step_y, 1), sum = 0, weights = 0;
    for (int v = (int)fmax(floor(y - reach_y), 0); v < fmin(image->height, ceil(y + reach_y)); v++)
        for (int u = (int)fmax(floor(x - reach_x), 0); u < fmin(image->width, ceil(x + reach_x));
             u++) {
            double weight = triangle((u + 0.5 - x) / reach_x) * triangle((v + 0.5 - y) / reach_y);
            sum +=
                weight *
                image->pixels[4 * ((size_t)v * (size_t)image->width + (size_t)u) + (size_t)channel];
            weights += weight;
        }
    return sum / weights;
}

static void check_output(const float *out, const Image *image, const AugmentChoice *choice,
                         int side, const char *what)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int c = 0; c < 3; c++) {
                double wanted = reference(image, choice, side, x, y, c);
                int at = choice->flips ? side - 1 - x : x;
                double got = (double)out[3 * (y * side + at) + c];
                if (!(fabs(got - wanted) < 2e-3))
                    fail_msg("%s: side %d, crop %g,%g %gx%g: pixel %d,%d,%d is %g, not %g", what,
                             side, choice->x, choice->y, choice->width, choice->height, x, y, c,
                             got, wanted);
            }
}

static void apply(float *out, int side, const AugmentOptions *options, const AugmentChoice *choice,
                  Bytes file, AugmentScratch *scratch)
{
    Error err = {0};
    assert_true(augment_apply(out, side, options, choice, file.data, file.bytes, scratch, &err));
    check_no_error(&err);
}

static AugmentChoice random_crop(uint32_t *random, int width, int height, bool between_pixels)
{
    AugmentChoice choice = {.width = 1 + next_below(random, width),
                            .height = 1 + next_below(random, height)};
    choice.x = next_below(random, width - (int)choice.width + 1);
    choice.y = next_below(random, height - (int)choice.height + 1);
    choice.flips = next_word(random) & 1;
    if (between_pixels) {
        choice.x += 0.3;
        choice.width -= 0.55;
        choice.y += 0.125;
        choice.height -= 0.7;
    }
    return choice;
}

static void crops_equal_the_reference(void **state)
{
    (void)state;
    static const int sides[] = {1, 7, 16, 33, 64};
    enum { WIDTH = 97, HEIGHT = 61 };
    AugmentOptions options = in_pixels();
    AugmentScratch scratch = {0};
    Image drawn = paint(WIDTH, HEIGHT, 1);
    Bytes png = make_rgb_png(&drawn);
    float *out = malloc(sizeof *out * 64 * 64 * 3);
    uint32_t random = 3;
    for (int i = 0; i < 60; i++) {
        int side = sides[i % 5];
        AugmentChoice choice = random_crop(&random, WIDTH, HEIGHT, i & 1);
        apply(out, side, &options, &choice, png, &scratch);
        check_output(out, &drawn, &choice, side, "PNG");
    }
    free(out);
    free(png.data);
    image_free(&drawn);
    augment_free(&scratch);
}

/* The largest of 8, 4, 2, 1 that leaves at least `side` pixels on the shorter side of the crop. */
static int expected_reduce(const AugmentChoice *choice, int side)
{
    for (int reduce = 8; reduce > 1; reduce /= 2)
        if (fmin(choice->width, choice->height) / reduce >= side) return reduce;
    return 1;
}

/* Cropping while decoding changes nothing beside cropping the whole reduced picture. */
static void jpeg_crops_equal_the_reference(void **state)
{
    (void)state;
    enum { WIDTH = 403, HEIGHT = 331 };
    static const int sides[] = {9, 24, 48};
    static const JpegKind kind = {"4:2:0", JCS_YCbCr, 2, 2, false, 0};
    AugmentOptions options = in_pixels();
    AugmentScratch scratch = {0};
    Image drawn = paint(WIDTH, HEIGHT, 2), reduced[9] = {{0}};
    Bytes file = make_jpeg(&drawn, &kind, 90);
    float *out = malloc(sizeof *out * 48 * 48 * 3);
    uint32_t random = 5;
    int seen[9] = {0};
    for (int i = 0; i < 60; i++) {
        int side = sides[i % 3];
        AugmentChoice choice = random_crop(&random, WIDTH, HEIGHT, i & 1);
        int reduce = expected_reduce(&choice, side);
        Image *whole = &reduced[reduce];
        Error err = {0};
        Rect covered;
        seen[reduce]++;
        if (!whole->pixels)
            assert_true(image_decode(whole, &covered, file.data, file.bytes,
                                     (Rect){0, 0, WIDTH, HEIGHT}, reduce, &err));
        AugmentChoice mapped = {.x = choice.x / reduce,
                                .y = choice.y / reduce,
                                .width = choice.width / reduce,
                                .height = choice.height / reduce,
                                .flips = choice.flips};
        apply(out, side, &options, &choice, file, &scratch);
        check_output(out, whole, &mapped, side, "JPEG");
    }
    assert_true(seen[1] && seen[2] && seen[4] && seen[8]);
    for (int r = 0; r < 9; r++) image_free(&reduced[r]);
    free(out);
    free(file.data);
    image_free(&drawn);
    augment_free(&scratch);
}

static void crop_of_the_output_size_is_exact(void **state)
{
    (void)state;
    enum { SIDE = 24 };
    AugmentOptions options = defaults();
    AugmentScratch scratch = {0};
    Image drawn = paint(40, 30, 4);
    Bytes png = make_rgb_png(&drawn);
    float out[SIDE * SIDE * 3];
    for (int flip = 0; flip < 2; flip++) {
        AugmentChoice choice = {.x = 9, .y = 4, .width = SIDE, .height = SIDE, .flips = flip};
        apply(out, SIDE, &options, &choice, png, &scratch);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                for (int c = 0; c < 3; c++) {
                    float scale = (float)(1 / (255 * options.deviation.value[c]));
                    float shift = (float)(-options.mean.value[c] / options.deviation.value[c]);
                    float pixel = drawn.pixels[4 * ((y + 4) * 40 + x + 9) + c];
                    int at = flip ? SIDE - 1 - x : x;
                    assert_true(out[3 * (y * SIDE + at) + c] == pixel * scale + shift);
                    double wanted =
                        ((double)pixel / 255 - options.mean.value[c]) / options.deviation.value[c];
                    assert_true(fabs((double)out[3 * (y * SIDE + at) + c] - wanted) < 1e-5);
                }
    }
    free(png.data);
    image_free(&drawn);
    augment_free(&scratch);
}

static void failures_leave_zeros(void **state)
{
    (void)state;
    AugmentOptions options = defaults();
    AugmentScratch scratch = {0};
    Image drawn = paint(20, 20, 6);
    Bytes png = make_rgb_png(&drawn);
    float out[8 * 8 * 3];
    AugmentChoice inside = {.width = 20, .height = 20};
    AugmentChoice outside = {.x = 10, .y = 0, .width = 20, .height = 20};
    Error err = {0};
    out[7] = 1;
    assert_false(augment_apply(out, 8, &options, &inside, png.data, png.bytes / 2, &scratch, &err));
    check_error(&err, "is a damaged PNG");
    for (int i = 0; i < 8 * 8 * 3; i++) assert_true(out[i] == 0);
    err = (Error){0};
    out[7] = 1;
    assert_false(augment_apply(out, 8, &options, &outside, png.data, png.bytes, &scratch, &err));
    check_error(&err, "smaller than its stated size");
    for (int i = 0; i < 8 * 8 * 3; i++) assert_true(out[i] == 0);
    free(png.data);
    image_free(&drawn);
    augment_free(&scratch);
}

static void buffers_stay(void **state)
{
    (void)state;
    AugmentOptions options = defaults();
    AugmentScratch scratch = {0};
    Image drawn = paint(64, 48, 7);
    Bytes png = make_rgb_png(&drawn);
    float out[16 * 16 * 3];
    AugmentChoice whole = {.width = 64, .height = 48},
                  part = {.x = 3, .y = 2, .width = 20, .height = 30};
    apply(out, 16, &options, &whole, png, &scratch);
    void *buffer = scratch.buffer;
    uint8_t *pixels = scratch.image.pixels;
    apply(out, 16, &options, &part, png, &scratch);
    apply(out, 16, &options, &whole, png, &scratch);
    assert_ptr_equal(scratch.buffer, buffer);
    assert_ptr_equal(scratch.image.pixels, pixels);
    free(png.data);
    image_free(&drawn);
    augment_free(&scratch);
}

/* --- choices */

static void drawn_crops_keep_the_rules(void **state)
{
    (void)state;
    enum { WIDTH = 640, HEIGHT = 480, DRAWS = 20000 };
    AugmentOptions options = defaults();
    double area_sum = 0, log_ratio_sum = 0, right_sum = 0;
    int flips = 0;
    for (uint64_t record = 0; record < DRAWS; record++) {
        AugmentChoice choice =
            augment_draw(&options, WIDTH, HEIGHT, (AugmentAddress){1, 3, record}, 0);
        assert_true(choice.x >= 0 && choice.y >= 0 && choice.width >= 1 && choice.height >= 1);
        assert_true(choice.x + choice.width <= WIDTH && choice.y + choice.height <= HEIGHT);
        assert_true(choice.x == floor(choice.x) && choice.width == floor(choice.width));
        double area = choice.width * choice.height / (WIDTH * HEIGHT),
               ratio = choice.width / choice.height;
        assert_true(area > 0.345 && area <= 1 && ratio > 0.745 && ratio < 1.34);
        area_sum += area;
        log_ratio_sum += log(ratio);
        if (choice.width < WIDTH) right_sum += choice.x / (WIDTH - choice.width) - 0.5;
        flips += choice.flips;
    }
    assert_true(fabs(flips / (double)DRAWS - 0.5) < 0.02);
    assert_true(fabs(right_sum / DRAWS) < 0.01);
    /* Crops that do not fit are drawn again, which favours small and, at 4:3, wide ones: the means
     * of a million draws of torchvision's rule in NumPy. */
    assert_true(fabs(area_sum / DRAWS - 0.5753) < 0.005);
    assert_true(fabs(log_ratio_sum / DRAWS - 0.0508) < 0.005);
}

static void draws_are_addressed(void **state)
{
    (void)state;
    AugmentOptions options = defaults();
    AugmentChoice a = augment_draw(&options, 300, 200, (AugmentAddress){1, 3, 7}, 0);
    AugmentChoice same = augment_draw(&options, 300, 200, (AugmentAddress){1, 3, 7}, 0);
    AugmentChoice epoch = augment_draw(&options, 300, 200, (AugmentAddress){1, 4, 7}, 0);
    AugmentChoice record = augment_draw(&options, 300, 200, (AugmentAddress){1, 3, 8}, 0);
    assert_true(a.x == same.x && a.y == same.y && a.width == same.width && a.flips == same.flips);
    assert_true(a.x != epoch.x || a.y != epoch.y || a.width != epoch.width);
    assert_true(a.x != record.x || a.y != record.y || a.width != record.width);
}

/* No crop of an allowed ratio covers the whole of a strip: the largest centred one remains. */
static void strips_fall_back_to_the_centre(void **state)
{
    (void)state;
    AugmentOptions options = defaults();
    options.scale.value[0] = options.scale.value[1] = 1;
    AugmentChoice wide = augment_draw(&options, 1000, 30, (AugmentAddress){1, 0, 0}, 0);
    assert_true(wide.width == 40 && wide.height == 30 && wide.x == 480 && wide.y == 0);
    AugmentChoice tall = augment_draw(&options, 30, 1001, (AugmentAddress){1, 0, 0}, 0);
    assert_true(tall.width == 30 && tall.height == 40 && tall.x == 0 && tall.y == 480);
}

static void centre_crop(void **state)
{
    (void)state;
    AugmentOptions options = defaults();
    AugmentChoice choice = augment_centre(&options, 200, 100);
    assert_true(choice.width == 87.5 && choice.height == 87.5 && !choice.flips);
    assert_true(choice.x == 56.25 && choice.y == 6.25);
    options.crop = 1;
    choice = augment_centre(&options, 32, 32);
    assert_true(choice.width == 32 && choice.x == 0 && choice.y == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crops_equal_the_reference),
        cmocka_unit_test(jpeg_crops_equal_the_reference),
        cmocka_unit_test(crop_of_the_output_size_is_exact),
        cmocka_unit_test(failures_leave_zeros),
        cmocka_unit_test(buffers_stay),
        cmocka_unit_test(drawn_crops_keep_the_rules),
        cmocka_unit_test(draws_are_addressed),
        cmocka_unit_test(strips_fall_back_to_the_centre),
        cmocka_unit_test(centre_crop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
