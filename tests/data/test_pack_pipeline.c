/* Records prepared ahead: all of them in their order, while the taker is at work, and not further ahead than there
 * is room. */
#include "check.h"

#include "base/pool.h"
#include "pack_pipeline.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS = 1000, PREPARED = 700, PATIENCE_MICROSECONDS = 60000000 };

/* Every record is the same small picture, but those that are multiples of 100, which cannot be read. */
typedef struct Fake {
    RecordSource source; /* first: the pipeline hands us its address */
    const uint8_t *data;
    size_t bytes;
    atomic_size_t reads;
    atomic_size_t latest; /* of a source that is read in order */
    atomic_int inside;
    atomic_bool mixed; /* two at a time, or a lower number after a higher */
} Fake;

static bool is_broken(size_t number)
{
    return number % 100 == 0;
}

static bool read_fake(RecordSource *source, size_t number, uint8_t **data, size_t *bytes,
                      Error *err)
{
    Fake *fake = (Fake *)source;
    if (atomic_fetch_add(&fake->inside, 1) > 0 || number < atomic_exchange(&fake->latest, number))
        atomic_store(&fake->mixed, true);
    atomic_fetch_add(&fake->reads, 1);
    *data = malloc(fake->bytes);
    *bytes = fake->bytes;
    memcpy(*data, fake->data, fake->bytes);
    atomic_fetch_sub(&fake->inside, 1);
    return !is_broken(number) || error_set(err, ERROR_DATA, "is broken");
}

static void name_fake(const RecordSource *source, size_t number, char *text, size_t bytes)
{
    (void)source;
    snprintf(text, bytes, "record %zu", number);
}

typedef struct Check {
    Fake fake;
    size_t number[PREPARED]; /* what is prepared */
    size_t records, blocks;  /* that have been taken */
    size_t stop_after;       /* blocks */
} Check;

/* The most that may have been read when `taken` blocks are no longer needed. */
static size_t reads_at_most(size_t taken)
{
    size_t workers = 1 + 2 * (size_t)pool_cores();
    size_t most = (taken + 2 + workers / BLOCK_RECORDS) * BLOCK_RECORDS;
    return most < PREPARED ? most : PREPARED;
}

/* Time enough for any machine; a pipeline that waits for the taker never gets there. */
static void wait_for_reads(Fake *fake, size_t reads)
{
    for (int waited = 0; atomic_load(&fake->reads) < reads; waited += 1000) {
        assert_true(waited < PATIENCE_MICROSECONDS);
        usleep(1000);
    }
}

static void check_record(const Check *check, size_t place, const Record *record)
{
    char text[64];
    size_t number = check->number[place];
    if (is_broken(number)) {
        snprintf(text, sizeof text, "record %zu: is broken", number);
        assert_null(record->data);
        assert_string_equal(text, record->err.text);
        return;
    }
    assert_int_equal(ERROR_NONE, record->err.kind);
    assert_int_equal(check->fake.bytes, record->bytes);
    assert_memory_equal(check->fake.data, record->data, record->bytes);
    assert_int_equal(hash64(record->data, record->bytes), record->checksum);
    assert_int_equal(16, record->width);
    assert_int_equal(8, record->height);
}

static void take_all(void *context, Pipeline *pipeline)
{
    Check *check = context;
    for (Block *block; (block = pipeline_next(pipeline));) {
        assert_int_equal(check->records, block->place);
        wait_for_reads(&check->fake, reads_at_most(check->blocks));
        for (size_t i = 0; i < block->count; i++)
            check_record(check, block->place + i, &block->record[i]);
        assert_true(atomic_load(&check->fake.reads) <= reads_at_most(check->blocks));
        check->records += block->count;
        if (++check->blocks == check->stop_after) return;
    }
}

/* Some of the listing, as of one of several ranks. */
static void choose_records(size_t *number)
{
    size_t count = 0;
    for (size_t i = 50; count < PREPARED; i++)
        if (i % 4 != 3) number[count++] = i;
}

static void run(Check *check, bool in_order)
{
    Image image = {0};
    Error err = {0};
    uint8_t *data, pixels[8 * 16 * 3] = {0};
    assert_true(image_from_rgb(
        &image, &(RgbPixels){.data = pixels, .width = 16, .height = 8, .stride = 48}, &err));
    assert_true(image_encode_jpeg(&image, 90, &data, &check->fake.bytes, &err));
    check->fake.data = data;
    check->fake.source = (RecordSource){.read = read_fake, .name = name_fake, .in_order = in_order};
    choose_records(check->number);
    Listing listing = {.count = RECORDS, .source = &check->fake.source};
    PackOptions options = {.root = "."};
    PipelineInput input = {&listing, &options, check->number, PREPARED};
    pipeline_run(&input, take_all, check);
    image_free(&image);
    free(data);
}

static void gives_all_in_order(void **state)
{
    (void)state;
    Check check = {.stop_after = 0};
    run(&check, false);
    assert_int_equal(PREPARED, check.records);
    assert_int_equal(PREPARED, atomic_load(&check.fake.reads));
}

static void reads_in_order(void **state)
{
    (void)state;
    Check check = {.stop_after = 0};
    run(&check, true);
    assert_int_equal(PREPARED, check.records);
    assert_false(atomic_load(&check.fake.mixed));
}

static void stops(void **state)
{
    (void)state;
    Check check = {.stop_after = 3};
    run(&check, false);
    assert_int_equal(3 * BLOCK_RECORDS, check.records);
    assert_true(atomic_load(&check.fake.reads) <= reads_at_most(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_all_in_order),
                                       cmocka_unit_test(reads_in_order), cmocka_unit_test(stops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
