/* Loading lanes: a record's image does not depend on the others, and what cannot be read is masked. */
#include "packs.h"

#include "base/arena.h"
#include "data/lane_loader.h"

#include <math.h>

enum { SIDE = 12, PIXELS = SIDE * SIDE * 3 };

/* The last report of a loader. */
static char reported[512];

static void remember_report(void *context, uint32_t record, const char *reason)
{
    (void)context;
    snprintf(reported, sizeof reported, "%u: %s", record, reason);
}

static LaneLoader *make_loader(const Pack *pack, AugmentOptions *augment, uint64_t seed,
                               Arena *arena)
{
    *augment = (AugmentOptions){0};
    option_defaults(augment_options, augment);
    LaneLoaderOptions options = {
        .pack = pack, .augment = augment, .seed = seed, .report = remember_report};
    return lane_loader_create(&options, arena);
}

/* A record's image is the same beside whatever others and in whatever place. */
static void records_are_loaded_alone(void **state)
{
    (void)state;
    static const uint32_t all[IMAGES] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, some[3] = {7, 0, 4};
    static float first[IMAGES * PIXELS], second[3 * PIXELS];
    Pack *pack = open_pack("good.h5");
    Arena *arena = arena_create("test");
    AugmentOptions augment;
    LaneLoader *loader = make_loader(pack, &augment, 1, arena);
    bool bad[IMAGES];
    for (int training = 0; training < 2; training++) {
        assert_int_equal(lane_loader_load(loader, first, SIDE, bad, all, IMAGES, training, 2), 0);
        assert_int_equal(lane_loader_load(loader, second, SIDE, bad, some, 3, training, 2), 0);
        for (int i = 0; i < 3; i++)
            assert_memory_equal(second + i * PIXELS, first + some[i] * PIXELS,
                                PIXELS * sizeof(float));
    }
    /* Another epoch is another crop in training, and the same one in evaluation. */
    lane_loader_load(loader, second, SIDE, bad, all, 3, true, 3);
    assert_memory_not_equal(second, first, PIXELS * sizeof(float));
    lane_loader_load(loader, first, SIDE, bad, all, 3, false, 3);
    lane_loader_load(loader, second, SIDE, bad, all, 3, false, 4);
    assert_memory_equal(second, first, 3 * PIXELS * sizeof(float));
    augment.enabled = false;
    lane_loader_load(loader, second, SIDE, bad, all, 3, true, 5);
    assert_memory_equal(second, first, 3 * PIXELS * sizeof(float));
    lane_loader_destroy(loader);
    arena_destroy(arena);
    pack_close(pack);
}

static void bad_records_are_zero_and_told(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    /* A changed byte in the middle of image 4. */
    assert_true(file_read(in_folder("good.h5"), &data, &bytes, &err));
    uint8_t *at = memmem(data, bytes, picture[4].data, picture[4].bytes);
    assert_non_null(at);
    at[picture[4].bytes / 2] ^= 1;
    put_file("one.h5", data, bytes);
    free(data);
    static const uint32_t records[3] = {3, 4, 5};
    static float images[3 * PIXELS];
    Pack *pack = open_pack("one.h5");
    Arena *arena = arena_create("test");
    AugmentOptions augment;
    LaneLoader *loader = make_loader(pack, &augment, 1, arena);
    bool bad[3];
    for (int i = 0; i < 3 * PIXELS; i++) images[i] = NAN;
    assert_int_equal(lane_loader_load(loader, images, SIDE, bad, records, 3, true, 0), 1);
    assert_true(!bad[0] && bad[1] && !bad[2]);
    for (int i = 0; i < PIXELS; i++) {
        assert_true(images[PIXELS + i] == 0);
        assert_true(isfinite(images[i]) && isfinite(images[2 * PIXELS + i]));
    }
    assert_non_null(strstr(reported, "4: image 4 of"));
    assert_non_null(strstr(reported, "its checksum does not match"));
    lane_loader_destroy(loader);
    arena_destroy(arena);
    pack_close(pack);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_loaded_alone),
        cmocka_unit_test(bad_records_are_zero_and_told),
    };
    comm = comm_open(&argc, &argv);
    int failed = cmocka_run_group_tests(tests, packs_make, packs_remove);
    comm_close(comm);
    return failed;
}
