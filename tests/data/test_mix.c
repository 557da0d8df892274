/* Mixup and CutMix of a lane: who is mixed with whom, by which shares, and what becomes of the pixels. */
#include "check.h"

#include "data/mix.h"

#include <math.h>

enum { LANE = 16, SIDE = 12, FLOATS = SIDE * SIDE * 3, LANES = 300 };

static const MixOptions mixup = {.mixup = 0.4, .probability = 1, .cutmix_share = 0.5},
                        cutmix = {.cutmix = 1, .probability = 1, .cutmix_share = 0.5},
                        both = {.mixup = 1, .cutmix = 1, .probability = 0.6, .cutmix_share = 0.25};

static void partners_are_one_cycle(void **state)
{
    (void)state;
    int seen[LANE] = {0};
    for (int count = 2; count <= LANE; count++)
        for (int lane = 0; lane < LANES; lane++) {
            Mix mix[LANE];
            mix_draw(mix, count, &mixup, SIDE, (MixAddress){3, 8, lane});
            int length = 0, i = 0;
            do {
                i = mix[i].partner;
                length++;
            } while (i != 0 && length <= count);
            assert_int_equal(length, count);
            if (count == LANE) seen[mix[0].partner]++;
        }
    assert_int_equal(seen[0], 0);
    for (int i = 1; i < LANE; i++) assert_in_range(seen[i], 5, 40); /* 20 expected */
}

static bool same(const Mix *a, const Mix *b)
{
    return a->partner == b->partner && a->share == b->share &&
           memcmp(&a->box, &b->box, sizeof a->box) == 0;
}

static void draws_are_addressed(void **state)
{
    static const MixAddress other[] = {{4, 8, 2}, {3, 9, 2}, {3, 8, 3}};
    (void)state;
    Mix first[LANE], again[LANE];
    mix_draw(first, LANE, &both, SIDE, (MixAddress){3, 8, 2});
    mix_draw(again, LANE, &both, SIDE, (MixAddress){3, 8, 2});
    for (int i = 0; i < LANE; i++) assert_true(same(&first[i], &again[i]));
    for (int o = 0; o < 3; o++) {
        int equal = 0;
        mix_draw(again, LANE, &both, SIDE, other[o]);
        for (int i = 0; i < LANE; i++) equal += same(&first[i], &again[i]);
        assert_true(equal < LANE);
    }
}

static void kinds_come_as_often_as_asked(void **state)
{
    (void)state;
    int boxes = 0, blends = 0, alone = 0;
    for (int lane = 0; lane < LANES; lane++) {
        Mix mix[LANE];
        mix_draw(mix, LANE, &both, 64, (MixAddress){1, 0, lane});
        for (int i = 0; i < LANE; i++) {
            boxes += mix[i].box.width > 0;
            blends += mix[i].box.width == 0 && mix[i].share < 1;
            alone += mix[i].share == 1;
        }
    }
    assert_in_range(alone, 1800, 2040); /* 40 % of 4800, with some empty boxes */
    assert_in_range(boxes, 620, 800);   /* 15 % */
    assert_in_range(blends, 2040, 2280);
}

/* A box of area 1 - share about a uniform place: without the cut at the edges, the mean is 1/2 for alpha 1. */
static void share_is_that_of_the_pixels(void **state)
{
    (void)state;
    double mean = 0, full = 0;
    for (int lane = 0; lane < LANES; lane++) {
        Mix mix[LANE];
        mix_draw(mix, LANE, &cutmix, 64, (MixAddress){1, 5, lane});
        for (int i = 0; i < LANE; i++) {
            Rect box = mix[i].box;
            assert_true(box.x >= 0 && box.y >= 0 && box.x + box.width <= 64 &&
                        box.y + box.height <= 64);
            assert_true(mix[i].share == 1 - box.width * box.height / 4096.0);
            mean += (1 - mix[i].share) / (LANE * LANES);
            bool whole =
                box.x > 0 && box.y > 0 && box.x + box.width < 64 && box.y + box.height < 64;
            if (whole) assert_int_equal(box.width, box.height);
            full += whole;
        }
    }
    /* Of a side r of the image a uniform place leaves r (1 - r / 4) on average, so of the area, with r^2 uniform,
     * E[(r (1 - r / 4))^2] = 1/2 - 1/5 + 1/48. */
    assert_true(fabs(mean - (0.5 - 0.2 + 1.0 / 48)) < 0.012);
    assert_true(full > 0);
}

/* Every image of a lane from the ones before, written out. */
static void check_pixels(const MixOptions *options, int lane)
{
    static float images[LANE * FLOATS], before[LANE * FLOATS], spare[FLOATS];
    Random random = random_at(9, RANDOM_MIX, 0, 1, (uint64_t)lane);
    for (int i = 0; i < LANE * FLOATS; i++) images[i] = before[i] = (float)random_normal(&random);
    Mix mix[LANE];
    mix_draw(mix, LANE, options, SIDE, (MixAddress){1, 2, lane});
    mix_apply(images, LANE, SIDE, mix, spare);
    for (int n = 0; n < LANE; n++)
        for (int i = 0; i < FLOATS; i++) {
            int x = i / 3 % SIDE, y = i / 3 / SIDE;
            Rect box = mix[n].box;
            double own = before[n * FLOATS + i], other = before[mix[n].partner * FLOATS + i];
            bool inside =
                x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
            double expected = box.width > 0 ? (inside ? other : own)
                                            : mix[n].share * own + (1 - mix[n].share) * other;
            assert_true(fabs((double)images[n * FLOATS + i] - expected) < 1e-6);
        }
}

static void pixels_follow_the_shares(void **state)
{
    (void)state;
    for (int lane = 0; lane < 10; lane++) {
        check_pixels(&mixup, lane);
        check_pixels(&cutmix, lane);
        check_pixels(&both, lane);
    }
}

static void off_is_off(void **state)
{
    (void)state;
    MixOptions options;
    option_defaults(mix_options, &options);
    assert_false(mix_is_on(&options));
    options.cutmix = 1;
    assert_true(mix_is_on(&options));
    options.probability = 0;
    assert_false(mix_is_on(&options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(partners_are_one_cycle),
                                       cmocka_unit_test(draws_are_addressed),
                                       cmocka_unit_test(kinds_come_as_often_as_asked),
                                       cmocka_unit_test(share_is_that_of_the_pixels),
                                       cmocka_unit_test(pixels_follow_the_shares),
                                       cmocka_unit_test(off_is_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
