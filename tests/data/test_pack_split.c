/* Stratified splits through pack_write: exact shares, all groups at once, the seed, whole groups.
 */
#include "folder.h"
#include "pictures.h"

#include "base/arena.h"
#include "data/pack_write.h"

#include <math.h>

enum { RECORDS = 2000, GROUPS = 3 };

static Comm *comm;

/* A listing of `count` times one picture, with texts label[g][i]. */
static Listing make_listing(size_t count, int groups)
{
    static char picture[] = "picture.png";
    Arena *arena = arena_create("test");
    Listing listing = {.count = count, .groups = groups, .memory = arena};
    listing.path = arena_new(arena, char *, count);
    for (size_t i = 0; i < count; i++) listing.path[i] = picture;
    listing.group_name = arena_new(arena, char *, groups);
    listing.label = arena_new(arena, char **, groups);
    for (int g = 0; g < groups; g++) {
        listing.group_name[g] = arena_printf(arena, "g%d", g);
        listing.label[g] = arena_new(arena, char *, count);
    }
    return listing;
}

static Pack *split_and_open(Listing *listing, const char *shares, uint64_t seed)
{
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder("split.h5"));
    Error err = {0};
    PackOptions options = {.root = folder, .out = out, .seed = seed, .allow_unseen = true};
    split_shares_parse(&options.shares, shares, &err);
    check_no_error(&err);
    pack_write(listing, &options, comm, &err);
    check_no_error(&err);
    Pack *pack = pack_open(out, &err);
    check_no_error(&err);
    return pack;
}

static void count_splits(const Pack *pack, size_t count[SPLIT_COUNT])
{
    for (int s = 0; s < SPLIT_COUNT; s++) pack_split(pack, (Split)s, &count[s]);
}

static void check_totals(const Pack *pack, size_t train, size_t val, size_t test)
{
    size_t count[SPLIT_COUNT];
    count_splits(pack, count);
    assert_int_equal(count[SPLIT_TRAIN], train);
    assert_int_equal(count[SPLIT_VAL], val);
    assert_int_equal(count[SPLIT_TEST], test);
}

/* The largest difference, in images, between a class's images in a split and its share of them. */
static double worst_class(const Pack *pack, int g, const double share[SPLIT_COUNT])
{
    const LabelGroup *group = pack_group(pack, g);
    double worst = 0;
    for (int k = 0; k < group->classes; k++) {
        double count[SPLIT_COUNT] = {0}, all = 0;
        for (size_t i = 0; i < pack_records(pack); i++)
            if (group->label[i] == k) {
                count[pack_split_of(pack, i)]++;
                all++;
            }
        for (int s = 0; s < SPLIT_COUNT; s++) worst = fmax(worst, fabs(count[s] - share[s] * all));
    }
    return worst;
}

/* --- */

/* Three groups of 40, 9 and 2 classes of unequal sizes, a tenth of the labels missing. */
static Listing make_uneven(void)
{
    Listing listing = make_listing(RECORDS, GROUPS);
    uint32_t random = 17;
    for (size_t i = 0; i < RECORDS; i++) {
        int part = next_below(&random, 40);
        int class[GROUPS] = {part * part / 40, part % 9, next_below(&random, 100) < 70};
        for (int g = 0; g < GROUPS; g++)
            listing.label[g][i] =
                next_below(&random, 10) ? arena_printf(listing.memory, "%d", class[g]) : NULL;
    }
    return listing;
}

static void all_groups_at_once(void **state)
{
    (void)state;
    static const double share[SPLIT_COUNT] = {0.8, 0.1, 0.1};
    Listing listing = make_uneven();
    for (uint64_t seed = 1; seed <= 5; seed++) {
        Pack *pack = split_and_open(&listing, "train=0.8,val=0.1,test=0.1", seed);
        check_totals(pack, 1600, 200, 200);
        for (int g = 0; g < GROUPS; g++) {
            double worst = worst_class(pack, g, share);
            if (worst > 2)
                fail_msg("seed %d, group %d: a class is off by %g images", (int)seed, g, worst);
        }
        pack_close(pack);
    }
    listing_free(&listing);
}

static void seed_alone_decides(void **state)
{
    (void)state;
    Listing listing = make_uneven();
    Pack *first = split_and_open(&listing, "train=0.5,test=0.5", 1);
    Pack *again = split_and_open(&listing, "train=0.5,test=0.5", 1);
    Pack *other = split_and_open(&listing, "train=0.5,test=0.5", 2);
    size_t differ = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(pack_split_of(first, i), pack_split_of(again, i));
        assert_int_not_equal(pack_split_of(first, i), SPLIT_VAL);
        differ += pack_split_of(first, i) != pack_split_of(other, i);
    }
    assert_in_range(differ, RECORDS * 4 / 10, RECORDS * 6 / 10); /* as two independent splits */
    pack_close(first);
    pack_close(again);
    pack_close(other);
    listing_free(&listing);
}

/* Files often stand in the order in which they were taken: none may be favoured. */
static void held_out_images_come_from_everywhere(void **state)
{
    (void)state;
    Listing listing = make_listing(RECORDS, 1);
    for (size_t i = 0; i < RECORDS; i++)
        listing.label[0][i] = arena_printf(listing.memory, "%zu", i / 20);
    Pack *pack = split_and_open(&listing, "train=0.8,val=0.1,test=0.1", 1);
    int held_out[20] = {0};
    for (size_t i = 0; i < RECORDS; i++) held_out[i % 20] += pack_split_of(pack, i) != SPLIT_TRAIN;
    /* Each place in a class: 20 of the 100 classes, deviation 4. */
    for (int place = 0; place < 20; place++) assert_in_range(held_out[place], 4, 36);
    pack_close(pack);
    listing_free(&listing);
}

/* Classes of one to seven images leave fractions in every class; the sum must be right all the
 * same, and a class must not be all in one split because of its name. */
static void small_classes(void **state)
{
    (void)state;
    static const double share[SPLIT_COUNT] = {0.8, 0.1, 0.1};
    for (size_t size = 1; size <= 7; size++) {
        Listing listing = make_listing(RECORDS, 1);
        for (size_t i = 0; i < RECORDS; i++)
            listing.label[0][i] = arena_printf(listing.memory, "class %04zu", i / size);
        Pack *pack = split_and_open(&listing, "train=0.8,val=0.1,test=0.1", 3);
        check_totals(pack, 1600, 200, 200);
        assert_true(worst_class(pack, 0, share) < 2);
        size_t early = 0;
        for (size_t i = 0; i < RECORDS / 2; i++) early += pack_split_of(pack, i) != SPLIT_TRAIN;
        assert_in_range(early, 140, 260); /* of 400 */
        pack_close(pack);
        listing_free(&listing);
    }
}

static void shares_are_rounded(void **state)
{
    (void)state;
    Listing listing = make_listing(10, 1);
    for (size_t i = 0; i < 10; i++) listing.label[0][i] = "one";
    Pack *pack = split_and_open(&listing, "train=0.65,val=0.17,test=0.18", 1);
    check_totals(pack, 6, 2, 2); /* 6.5, 1.7, 1.8 */
    pack_close(pack);
    listing.count = 1;
    pack = split_and_open(&listing, "train=0.4,val=0.6", 1);
    check_totals(pack, 0, 1, 0);
    pack_close(pack);
    listing_free(&listing);
}

static void groups_stay_together(void **state)
{
    (void)state;
    Listing listing = make_uneven();
    listing.keep_together = arena_new(listing.memory, char *, RECORDS);
    uint32_t random = 5;
    for (size_t i = 0; i < RECORDS; i++)
        listing.keep_together[i] =
            i % 4 ? arena_printf(listing.memory, "box %d", next_below(&random, 300)) : "";
    Pack *pack = split_and_open(&listing, "train=0.7,val=0.2,test=0.1", 1);
    size_t count[SPLIT_COUNT], alone[SPLIT_COUNT] = {0};
    count_splits(pack, count);
    assert_in_range(count[SPLIT_TRAIN], 1395, 1405);
    assert_in_range(count[SPLIT_VAL], 395, 405);
    for (size_t i = 0; i < RECORDS; i++) {
        if (!*listing.keep_together[i]) {
            alone[pack_split_of(pack, i)]++;
            continue;
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(listing.keep_together[i], listing.keep_together[j]) == 0)
                assert_int_equal(pack_split_of(pack, i), pack_split_of(pack, j));
    }
    for (int s = 0; s < SPLIT_COUNT; s++) assert_true(alone[s] > 20); /* no value is not a value */
    pack_close(pack);
    listing_free(&listing);
}

/* --- without shares */

static void column_or_all_train(void **state)
{
    (void)state;
    static char *const names[] = {"val", "train", "test"};
    Listing listing = make_listing(30, 1);
    for (size_t i = 0; i < 30; i++) listing.label[0][i] = "one";
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder("column.h5"));
    PackOptions options = {.root = folder, .out = out};
    for (int with_column = 0; with_column < 2; with_column++) {
        Error err = {0};
        if (with_column) {
            listing.split = arena_new(listing.memory, char *, 30);
            for (size_t i = 0; i < 30; i++) listing.split[i] = names[i % 3];
        }
        pack_write(&listing, &options, comm, &err);
        check_no_error(&err);
        Pack *pack = pack_open(out, &err);
        check_no_error(&err);
        if (with_column)
            check_totals(pack, 10, 10, 10);
        else
            check_totals(pack, 30, 0, 0);
        pack_close(pack);
    }
    listing_free(&listing);
}

static void shares_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"train=0.8,val=0.1,test=0.1", NULL},
        {"test=1", NULL},
        {"train=0.3333333333,val=0.3333333333,test=0.3333333334", NULL},
        {"train=0.8", "--split: the shares in \"train=0.8\" add up to 0.8, not to 1"},
        {"train=0.8,val=0.3", "add up to 1.1, not to 1"},
        {"train=0.5,train=0.5", "must look like"},
        {"trian=1", "must look like"},
        {"train", "must look like"},
        {"train=", "must look like"},
        {"train=1x", "must look like"},
        {"train=1,,", "must look like"},
        {"train=nan", "must look like"},
        {"train=-1,val=2", "must look like"},
        {"train,val=1", "must look like"},
        {"", "add up to 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SplitShares shares;
        Error err = {0};
        bool ok = split_shares_parse(&shares, cases[i].text, &err);
        assert_int_equal(ok, cases[i].error == NULL);
        if (cases[i].error) check_error(&err, cases[i].error);
        if (cases[i].error) assert_int_equal(err.kind, ERROR_USAGE);
    }
}

static int setup(void **state)
{
    Image dot = paint(1, 1, 1);
    Bytes png = make_rgb_png(&dot);
    int made = folder_make(state);
    if (made == 0) put_file("picture.png", png.data, png.bytes);
    free(png.data);
    image_free(&dot);
    return made;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_groups_at_once),
        cmocka_unit_test(seed_alone_decides),
        cmocka_unit_test(held_out_images_come_from_everywhere),
        cmocka_unit_test(small_classes),
        cmocka_unit_test(shares_are_rounded),
        cmocka_unit_test(groups_stay_together),
        cmocka_unit_test(column_or_all_train),
        cmocka_unit_test(shares_are_parsed),
    };
    comm = comm_open(&argc, &argv);
    int failed = cmocka_run_group_tests(tests, setup, folder_remove);
    comm_close(comm);
    return failed;
}
