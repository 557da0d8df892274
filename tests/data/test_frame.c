/* Each change of a picture against Pillow or torchvision (golden_pixels.raw, make_golden_pixels.py), and what
 * the augmentations draw. */
#include "check.h"

#include "data/augment.h"
#include "ops/augmentation.h"
#include "ops/policy.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 20, VALUES = SIDE * SIDE * 3 };
static const uint8_t FILL[4] = {124, 116, 104, 0};

static uint8_t pixels[2][SIDE * SIDE * 4];
static Image images[2];

/* As make_golden_pixels.py draws it. */
static Frame fresh_frame(void)
{
    for (int i = 0; i < VALUES; i++) {
        int x = i / 3 % SIDE, y = i / 3 / SIDE, c = i % 3;
        int noise = (int)((uint32_t)i * 2654435761U >> 24);
        pixels[0][4 * (i / 3) + c] =
            (uint8_t)(30 + 5 * x + 2 * y + 20 * c + noise % (c == 1 ? 16 : 64));
    }
    for (int b = 0; b < 2; b++)
        images[b] = (Image){.width = SIDE, .height = SIDE, .pixels = pixels[b]};
    Frame frame = {.image = &images[0], .spare = &images[1], .side = SIDE};
    memcpy(frame.fill, FILL, sizeof FILL);
    return frame;
}

/* --- against Pillow and torchvision --- */

static void brightness(Frame *f, double a)
{
    frame_brightness(f, a);
}
static void posterize(Frame *f, double a)
{
    frame_posterize(f, (int)a);
}
static void autocontrast(Frame *f, double a)
{
    (void)a, frame_autocontrast(f);
}
static void equalize(Frame *f, double a)
{
    (void)a, frame_equalize(f);
}
/* 5 to the right and 3 up. */
static void shift_fill(Frame *f, double a)
{
    (void)a, frame_shift(f, 5, -3, FRAME_FILL);
}
static void shift_nearest(Frame *f, double a)
{
    (void)a, frame_shift(f, 5, -3, FRAME_NEAREST);
}
static void shift_mirror(Frame *f, double a)
{
    (void)a, frame_shift(f, 5, -3, FRAME_MIRROR);
}
static void policy_shear_x(Frame *f, double level)
{
    policy_apply(f, POLICY_RAND, 1, level, false);
}
static void policy_shear_y(Frame *f, double level)
{
    policy_apply(f, POLICY_TRIVIAL, 2, level, true);
}
static void policy_shift_x(Frame *f, double level)
{
    policy_apply(f, POLICY_RAND, 3, level, false);
}
static void policy_shift_y(Frame *f, double level)
{
    policy_apply(f, POLICY_TRIVIAL, 4, level, true);
}
static void policy_posterize(Frame *f, double level)
{
    policy_apply(f, POLICY_RAND, 10, level, true);
}
static void policy_bits(Frame *f, double level)
{
    policy_apply(f, POLICY_TRIVIAL, 10, level, true);
}
static void policy_solarize(Frame *f, double level)
{
    policy_apply(f, POLICY_TRIVIAL, 11, level, true);
}

/* Tables and blends are exact. What is interpolated differs by one step of 255 at most: Pillow rounds
 * down, and blurring rounds twice here. */
static const struct {
    const char *name;
    void (*apply)(Frame *, double);
    double amount;
    int tolerance;
} cases[] = {
    {"brightness", brightness, 0.35, 0},
    {"brightness", brightness, 1.9, 0},
    {"contrast", frame_contrast, 0.1, 0},
    {"contrast", frame_contrast, 1.7, 0},
    {"saturation", frame_saturation, 0.4, 0},
    {"saturation", frame_saturation, 1.99, 0},
    {"sharpness", frame_sharpness, 0.05, 0},
    {"sharpness", frame_sharpness, 1.8, 0},
    {"hue", frame_hue, 0.3, 1},
    {"hue", frame_hue, -0.45, 1},
    {"posterize", posterize, 3, 0},
    {"solarize", frame_solarize, 127.5, 0},
    {"autocontrast", autocontrast, 0, 0},
    {"equalize", equalize, 0, 0},
    {"rotate", frame_rotate, 30, 1},
    {"rotate", frame_rotate, -117, 1},
    {"zoom", frame_zoom, 0.7, 1},
    {"zoom", frame_zoom, 1.3, 1},
    {"blur", frame_gaussian, 0.4, 1},
    {"blur", frame_gaussian, 1.9, 1},
    {"RandAugment's shear", policy_shear_x, 20, 1},
    {"TrivialAugment's shear", policy_shear_y, 11, 1},
    {"RandAugment's shift", policy_shift_x, 17, 1},
    {"TrivialAugment's shift", policy_shift_y, 10, 1},
    {"RandAugment's posterize", policy_posterize, 10, 0},
    {"TrivialAugment's posterize", policy_bits, 22, 0},
    {"TrivialAugment's solarize", policy_solarize, 13, 0},
    {"shift, filled", shift_fill, 5, 0},
    {"shift, nearest", shift_nearest, 5, 0},
    {"shift, mirrored", shift_mirror, 5, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

static void changes_equal_pillow(void **state)
{
    (void)state;
    static uint8_t golden[CASES][VALUES];
    FILE *file = fopen("tests/data/golden_pixels.raw", "rb");
    assert_non_null(file);
    assert_int_equal(fread(golden, VALUES, CASES, file), CASES);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    for (int k = 0; k < CASES; k++) {
        Frame frame = fresh_frame();
        int worst = 0, off = 0;
        cases[k].apply(&frame, cases[k].amount);
        for (int i = 0; i < VALUES; i++) {
            int error = abs(frame.image->pixels[4 * (i / 3) + i % 3] - golden[k][i]);
            if (error > worst) worst = error;
            off += error > 0;
        }
        print_message("%s %g: %d of %d values differ, by %d at most\n", cases[k].name,
                      cases[k].amount, off, VALUES, worst);
        assert_true(worst <= cases[k].tolerance);
    }
}

static void nothing_changes_nothing(void **state)
{
    (void)state;
    uint8_t before[sizeof pixels[0]];
    Frame frame = fresh_frame();
    for (int i = 3; i < 4 * SIDE * SIDE; i += 4) frame.image->pixels[i] = 0;
    memcpy(before, frame.image->pixels, sizeof before);
    frame_brightness(&frame, 1);
    frame_contrast(&frame, 1);
    frame_saturation(&frame, 1);
    frame_posterize(&frame, 8);
    frame_solarize(&frame, 256);
    frame_hue(&frame, 0);
    frame_hue(&frame, 1);
    for (int space = 0; space < POLICY_SPACES; space++)
        policy_apply(&frame, (PolicySpace)space, 0, 30, true);
    assert_memory_equal(before, frame.image->pixels, sizeof before);
    frame_sharpness(&frame, 1);
    frame_rotate(&frame, 0);
    frame_zoom(&frame, 1);
    frame_shift(&frame, 0, 0, FRAME_MIRROR);
    frame_affine(&frame, (const double[6]){1, 0, 0, 0, 1, 0});
    for (int i = 0; i < VALUES; i++)
        assert_int_equal(frame.image->pixels[4 * (i / 3) + i % 3], before[4 * (i / 3) + i % 3]);
}

/* Tiny pictures have no neighbours to look at. */
static void one_pixel_is_enough(void **state)
{
    (void)state;
    for (int change = 0; change < POLICY_CHANGES; change++)
        for (int level = 0; level < POLICY_LEVELS; level++) {
            Frame frame = fresh_frame();
            frame.side = 1;
            policy_apply(&frame, POLICY_TRIVIAL, change, level, level & 1);
            frame_gaussian(&frame, 2);
            frame_shift(&frame, level, -level, FRAME_MIRROR);
        }
}

/* --- what is drawn --- */

static AugmentOptions make_options(Arena *arena)
{
    AugmentOptions options = {0};
    option_defaults(augment_options, &options);
    augment_create(&options, arena);
    for (int i = 0; i < AUGMENTATIONS; i++)
        option_defaults(augment_more_options(i), options.more[i]);
    return options;
}

static void set(AugmentOptions *options, const char *key, const char *value)
{
    Error err = {0};
    for (int i = 0; i < AUGMENTATIONS; i++) {
        const Option *option = option_find(augment_more_options(i), key);
        if (option) option_parse(option, value, options->more[i], &err);
    }
    check_no_error(&err);
}

enum { INPUT = 24 };

/* The network's input of one record and epoch, made from the picture. */
static void make_input(float *input, const AugmentOptions *options, uint64_t epoch, uint32_t record)
{
    Frame frame = fresh_frame();
    uint8_t rgb[VALUES];
    AugmentScratch scratch = {0};
    Error err = {0};
    for (int i = 0; i < VALUES; i++) rgb[i] = frame.image->pixels[4 * (i / 3) + i % 3];
    RgbPixels picture = {rgb, SIDE, SIDE, 3 * SIDE};
    AugmentChoice choice = augment_draw(options, SIDE, SIDE, (AugmentAddress){9, epoch, record}, 0);
    augment_apply_pixels(input, INPUT, options, &choice, &picture, &scratch, &err);
    check_no_error(&err);
    augment_free(&scratch);
}

static const char *const all_on[][2] = {
    {"randaugment.changes", "2"}, {"trivialaugment.enabled", "true"},
    {"rotate.degrees", "30"},     {"zoom.range", "[0.8, 1.2]"},
    {"shift.pixels", "3"},        {"jitter.hue", "0.2"},
    {"blur.probability", "1"},    {"erase.probability", "1"},
};

/* Each changes the input, follows from its address alone, and leaves the draws of the others alone. */
static void draws_are_addressed(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    float plain[INPUT * INPUT * 3], one[INPUT * INPUT * 3], other[INPUT * INPUT * 3];
    for (int i = 0; i < AUGMENTATIONS; i++) {
        AugmentOptions options = make_options(arena);
        int changed = 0, moved = 0;
        for (uint32_t record = 0; record < 40; record++) {
            set(&options, all_on[i][0], all_on[i][1]);
            make_input(one, &options, 3, record);
            make_input(other, &options, 4, record);
            make_input(other, &options, 3, record);
            assert_memory_equal(one, other, sizeof one);
            option_defaults(augment_more_options(i), options.more[i]);
            make_input(plain, &options, 3, record);
            changed += memcmp(one, plain, sizeof one) != 0;
            make_input(other, &options, 4, record);
            moved += memcmp(other, plain, sizeof one) != 0;
        }
        assert_true(changed > 30);
        assert_true(moved > 30);
    }
    arena_destroy(arena);
}

/* Rectangles of the allowed areas and ratios, noise or the mean, all over the picture. */
static void erasing_keeps_its_bounds(void **state)
{
    (void)state;
    enum { BIG = 64, DRAWS = 400 };
    Arena *arena = arena_create("test");
    AugmentOptions options = make_options(arena);
    set(&options, "erase.probability", "1");
    set(&options, "erase.area", "[0.1, 0.2]");
    const Augmentation *erase = augmentations[AUGMENTATIONS - 1];
    static float input[BIG * BIG * 3];
    bool touched[BIG * BIG] = {0};
    for (int draw = 0; draw < DRAWS; draw++) {
        Random random = random_at(1, RANDOM_AUGMENT, 5, 0, (uint64_t)draw);
        for (int i = 0; i < BIG * BIG * 3; i++) input[i] = 1;
        erase->input(options.more[AUGMENTATIONS - 1], &random, input, BIG);
        int left = BIG, right = 0, top = BIG, bottom = 0, count = 0;
        for (int i = 0; i < BIG * BIG; i++) {
            if (input[3 * i] == 1) continue;
            int x = i % BIG, y = i / BIG;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (y < top) top = y;
            if (y >= bottom) bottom = y + 1;
            touched[i] = true;
            count++;
            assert_true(input[3 * i] == 0 && input[3 * i + 1] == 0 && input[3 * i + 2] == 0);
        }
        double area = (double)count / (BIG * BIG), ratio = (double)(bottom - top) / (right - left);
        assert_int_equal(count, (right - left) * (bottom - top));
        assert_true(area > 0.09 && area < 0.21 && ratio > 0.27 && ratio < 3.7);
    }
    int reached = 0; /* but for the outermost corners */
    for (int i = 0; i < BIG * BIG; i++) reached += touched[i];
    assert_true(reached > BIG * BIG - 40);
    arena_destroy(arena);
}

/* Shares of the flips, and that what is forbidden does not happen and changes nothing else. */
static void flips_can_be_forbidden(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    Arena *arena = arena_create("test");
    AugmentOptions options = make_options(arena);
    options.flip_vertical = 0.25;
    int across = 0, down = 0, both = 0;
    for (uint32_t record = 0; record < DRAWS; record++) {
        AugmentAddress address = {2, 1, record};
        AugmentChoice choice = augment_draw(&options, 300, 200, address, 0);
        across += choice.flips & FLIP_HORIZONTAL;
        down += (choice.flips & FLIP_VERTICAL) != 0;
        both += choice.flips == (FLIP_HORIZONTAL | FLIP_VERTICAL);
        for (unsigned forbidden = 0; forbidden < 4; forbidden++) {
            AugmentChoice tied = augment_draw(&options, 300, 200, address, forbidden);
            assert_int_equal(tied.flips, choice.flips & ~forbidden);
            assert_int_equal(tied.flips, augment_flips(&options, address, forbidden));
            assert_true(tied.x == choice.x && tied.width == choice.width);
        }
    }
    assert_true(fabs(across / (double)DRAWS - 0.5) < 0.04);
    assert_true(fabs(down / (double)DRAWS - 0.25) < 0.035);
    assert_true(fabs(both / (double)DRAWS - 0.125) < 0.027);
    arena_destroy(arena);
}

static void flips_turn_the_picture_over(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    AugmentOptions options = make_options(arena);
    Frame frame = fresh_frame();
    uint8_t rgb[VALUES];
    for (int i = 0; i < VALUES; i++) rgb[i] = frame.image->pixels[4 * (i / 3) + i % 3];
    RgbPixels picture = {rgb, SIDE, SIDE, 3 * SIDE};
    for (int varied = 0; varied < 2; varied++) { /* as floats, and by way of bytes */
        float plain[VALUES], turned[VALUES];
        AugmentScratch scratch = {0};
        Error err = {0};
        set(&options, "jitter.brightness", varied ? "0.1" : "0");
        set(&options, "jitter.probability", "0");
        AugmentChoice choice = {.width = SIDE, .height = SIDE, .varied = varied};
        augment_apply_pixels(plain, SIDE, &options, &choice, &picture, &scratch, &err);
        for (unsigned flips = 1; flips < 4; flips++) {
            choice.flips = flips;
            augment_apply_pixels(turned, SIDE, &options, &choice, &picture, &scratch, &err);
            for (int i = 0; i < VALUES; i++) {
                int x = i / 3 % SIDE, y = i / 3 / SIDE;
                if (flips & FLIP_HORIZONTAL) x = SIDE - 1 - x;
                if (flips & FLIP_VERTICAL) y = SIDE - 1 - y;
                assert_true(turned[i] == plain[3 * (y * SIDE + x) + i % 3]);
            }
        }
        check_no_error(&err);
        augment_free(&scratch);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_equal_pillow),        cmocka_unit_test(nothing_changes_nothing),
        cmocka_unit_test(one_pixel_is_enough),         cmocka_unit_test(draws_are_addressed),
        cmocka_unit_test(erasing_keeps_its_bounds),    cmocka_unit_test(flips_can_be_forbidden),
        cmocka_unit_test(flips_turn_the_picture_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
