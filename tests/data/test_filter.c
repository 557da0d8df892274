/* Resizing by both filters against Pillow (make_resized.py). */
#include "check.h"

#include "data/augment.h"
#include "data/filter.h"
#include "io/file.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { WIDTH = 61, HEIGHT = 47, SIDE_MAX = 80 };
static const int sides[] = {5, 16, 23, 47, 80};
static const char *const names[] = {"bilinear", "bicubic"};
static char folder[] = "/tmp/umbel-filter-XXXXXX";

static int make_pictures(void **state)
{
    (void)state;
    char command[256];
    const char *python = getenv("PYTHON");
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "%s tests/data/make_resized.py %s",
             python ? python : "/usr/bin/python3", folder);
    return system(command);
}

static int remove_pictures(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static uint8_t *read_whole(const char *name, size_t *bytes)
{
    char path[256];
    uint8_t *data = NULL;
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file_read(path, &data, bytes, &err);
    check_no_error(&err);
    return data;
}

/* The picture's central square at side x side, in units of pixels. */
static void resize(float *out, int side, const char *filter)
{
    AugmentOptions options = {0};
    AugmentScratch scratch = {0};
    Error err = {0};
    size_t bytes;
    uint8_t *png = read_whole("picture.png", &bytes);
    option_defaults(augment_options, &options);
    option_parse(option_find(augment_options, "interpolation"), filter, &options, &err);
    for (int c = 0; c < 3; c++) {
        options.mean.value[c] = 0;
        options.deviation.value[c] = 1.0 / 255;
    }
    options.crop = 1;
    AugmentChoice choice = augment_centre(&options, WIDTH, HEIGHT);
    augment_apply(out, side, &options, &choice, png, bytes, &scratch, &err);
    check_no_error(&err);
    augment_free(&scratch);
    free(png);
}

static double worst_difference(const float *ours, const char *filter, int side)
{
    char name[64];
    size_t bytes;
    snprintf(name, sizeof name, "%d.%s.raw", side, filter);
    uint8_t *theirs = read_whole(name, &bytes);
    double worst = 0;
    assert_int_equal(bytes, 3 * (size_t)side * (size_t)side);
    for (size_t i = 0; i < bytes; i++) worst = fmax(worst, fabs((double)ours[i] - theirs[i]));
    free(theirs);
    return worst;
}

/* Pillow rounds to whole values behind each of the two passes. */
static void resizing_equals_pillow(void **state)
{
    (void)state;
    float *out = malloc(sizeof *out * SIDE_MAX * SIDE_MAX * 3);
    for (int f = 0; f < 2; f++)
        for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
            resize(out, sides[s], names[f]);
            double same = worst_difference(out, names[f], sides[s]);
            double other = worst_difference(out, names[!f], sides[s]);
            print_message("%s to %d: differs by %.3f, from %s by %.1f\n", names[f], sides[s], same,
                          names[!f], other);
            assert_true(same < 1.3);
            if (sides[s] != HEIGHT) assert_true(other > 4);
        }
    free(out);
}

/* At the size it has, a picture stays as it is, also at its borders. */
static void same_size_is_the_identity(void **state)
{
    (void)state;
    int first[9];
    float weight[9 * 9];
    for (FilterKind kind = FILTER_BILINEAR; kind <= FILTER_BICUBIC; kind++) {
        FilterAxis axis = {filter_taps(kind, 9, 9, 9), first, weight};
        filter_plan(&axis, kind, 0, 9, 9, 9);
        for (int i = 0; i < 9; i++)
            for (int t = 0; t < axis.taps; t++)
                assert_true(weight[i * axis.taps + t] == (first[i] + t == i ? 1.0F : 0.0F));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resizing_equals_pillow),
                                       cmocka_unit_test(same_size_is_the_identity)};
    return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
