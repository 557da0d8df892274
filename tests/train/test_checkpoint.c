/* Checkpoints: round trip, digest, damage. */
#include "check.h"

#include "train/checkpoint.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/umbel-checkpoint-XXXXXX";
static char path[128];

static const char config[] = "pack: a.h5\ntrunk: {kind: resnet20}\nseed: 5\n";

/* A small checkpoint whose arrays differ from one another. */
static Checkpoint make(Arena *arena)
{
    static const char *const groups[] = {"param", "param", "slot/m", "slot/m", "state"};
    static const char *const names[] = {"trunk.weight", "trunk.bias", "trunk.weight", "trunk.bias",
                                        "trunk.running_mean"};
    static const char *const classes[] = {"bolt", "nut", "größer"};
    Checkpoint checkpoint = {.config = config,
                             .step = 1234567890123,
                             .epoch = 7,
                             .updates = 11,
                             .skipped = 2,
                             .heads = 1,
                             .arrays = 5,
                             .pack = {1, 2},
                             .provenance = "umbel: test"};
    checkpoint.head = arena_new(arena, CheckpointHead, 1);
    checkpoint.head[0] = (CheckpointHead){.name = "type", .classes = 3, .class_name = classes};
    checkpoint.best = arena_new(arena, double, 2);
    checkpoint.best[0] = 0.25;
    checkpoint.best[1] = -1;
    checkpoint.best_step = arena_new(arena, uint64_t, 3);
    checkpoint.best_step[2] = 1234567890122;
    checkpoint.stale = arena_new(arena, uint64_t, 1);
    checkpoint.stale[0] = 3;
    checkpoint.array = arena_new(arena, CheckpointArray, 5);
    for (int i = 0; i < 5; i++) {
        checkpoint.array[i] =
            (CheckpointArray){groups[i], names[i], shape_of(2, 3, 4), arena_new(arena, float, 12)};
        for (int j = 0; j < 12; j++) checkpoint.array[i].value[j] = (float)(i * 100 + j) / 7;
    }
    return checkpoint;
}

static void save(Arena *arena)
{
    Checkpoint checkpoint = make(arena);
    Error err = {0};
    checkpoint_save(&checkpoint, path, &err);
    check_no_error(&err);
}

static void test_round_trip(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Checkpoint saved = make(arena), loaded;
    Error err = {0};
    save(arena);
    checkpoint_load(&loaded, path, arena, &err);
    check_no_error(&err);
    assert_int_equal(loaded.step, saved.step);
    assert_int_equal(loaded.epoch, saved.epoch);
    assert_int_equal(loaded.updates, saved.updates);
    assert_int_equal(loaded.skipped, saved.skipped);
    assert_string_equal(loaded.config, saved.config);
    assert_string_equal(loaded.provenance, saved.provenance);
    assert_true(loaded.pack.high == 1 && loaded.pack.low == 2);
    assert_int_equal(loaded.heads, 1);
    assert_string_equal(loaded.head[0].class_name[2], "größer");
    assert_true(loaded.best[0] == 0.25 && loaded.best[1] == -1);
    assert_true(loaded.best_step[0] == 0 && loaded.best_step[2] == 1234567890122);
    assert_int_equal(loaded.stale[0], 3);
    assert_int_equal(loaded.arrays, saved.arrays);
    for (int i = 0; i < saved.arrays; i++) {
        assert_string_equal(loaded.array[i].group, saved.array[i].group);
        assert_string_equal(loaded.array[i].name, saved.array[i].name);
        assert_memory_equal(loaded.array[i].value, saved.array[i].value, sizeof(float) * 12);
    }
    arena_destroy(arena);
}

/* The same checkpoint is the same file, and nothing else is left in the folder. */
static void test_atomic(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    save(arena);
    int files = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));) files += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(files, 1);
    Checkpoint checkpoint = make(arena);
    Error err = {0};
    assert_false(checkpoint_save(&checkpoint, "/tmp/umbel-no-such-folder/x.h5", &err));
    check_error(&err, "cannot write checkpoint /tmp/umbel-no-such-folder/x.h5");
    assert_int_equal(err.kind, ERROR_SYSTEM);
    arena_destroy(arena);
}

static Hash128 digest_of(const Checkpoint *checkpoint)
{
    Hash128 digest;
    Error err = {0};
    checkpoint_digest(checkpoint, &digest, &err);
    check_no_error(&err);
    return digest;
}

static bool same(Hash128 a, Hash128 b)
{
    return a.high == b.high && a.low == b.low;
}

static void test_digest(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Checkpoint checkpoint = make(arena), loaded;
    Hash128 digest = digest_of(&checkpoint);
    Error err = {0};
    save(arena);
    assert_true(checkpoint_load(&loaded, path, arena, &err));
    assert_true(same(digest, digest_of(&loaded)));
    for (int i = 0; i < checkpoint.arrays; i++)
        for (int bit = 0; bit < 32; bit += 31) {
            uint32_t *word = (uint32_t *)&checkpoint.array[i].value[11];
            *word ^= 1U << bit;
            assert_false(same(digest, digest_of(&checkpoint)));
            *word ^= 1U << bit;
        }
    uint64_t *const counters[] = {&checkpoint.step, &checkpoint.epoch, &checkpoint.updates,
                                  &checkpoint.stale[0]};
    for (int i = 0; i < 4; i++) {
        (*counters[i])++;
        assert_false(same(digest, digest_of(&checkpoint)));
        (*counters[i])--;
    }
    checkpoint.head[0].facts.temperature = 1.5;
    assert_false(same(digest, digest_of(&checkpoint)));
    checkpoint.head[0].facts.temperature = 1; /* none */
    assert_true(same(digest, digest_of(&checkpoint)));
    checkpoint.config = "pack: a.h5\ntrunk: {kind: resnet20}\nseed: 6\n";
    assert_false(same(digest, digest_of(&checkpoint)));
    checkpoint.config = "pack: b.h5\ntrunk: {kind: resnet20}\nseed: 5\nworkers: 3\nrun: other\n";
    checkpoint.best[0] = 0.5;
    checkpoint.provenance = "another machine";
    assert_true(same(digest, digest_of(&checkpoint)));
    arena_destroy(arena);
}

/* What balancing has learnt shapes a run; what was only watched, or chosen among validations, does not. */
static void test_balance(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    double balance[] = {1, 0.5, 2, 0.25}, watched[] = {1, -0.5, 3, 3};
    double front[] = {40, 1, -INFINITY};
    Checkpoint checkpoint = make(arena), loaded;
    Error err = {0};
    Hash128 digest = digest_of(&checkpoint);
    checkpoint.interference = (CheckpointNumbers){watched, 4};
    checkpoint.front = (CheckpointNumbers){front, 3};
    assert_true(same(digest, digest_of(&checkpoint)));
    checkpoint.balance = (CheckpointNumbers){balance, 4};
    digest = digest_of(&checkpoint);
    checkpoint_save(&checkpoint, path, &err);
    checkpoint_load(&loaded, path, arena, &err);
    check_no_error(&err);
    assert_true(loaded.balance.count == 4 && loaded.interference.count == 4);
    assert_memory_equal(loaded.balance.value, balance, sizeof balance);
    assert_memory_equal(loaded.interference.value, watched, sizeof watched);
    assert_int_equal(loaded.front.count, 3);
    assert_memory_equal(loaded.front.value, front, sizeof front);
    assert_true(same(digest, digest_of(&loaded)));
    balance[3] = 0.26;
    assert_false(same(digest, digest_of(&checkpoint)));
    arena_destroy(arena);
}

/* --- damage --- */

static long file_bytes(void)
{
    FILE *file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    fclose(file);
    return bytes;
}

static void expect_load(Arena *arena, ErrorKind kind, const char *part)
{
    Checkpoint loaded;
    Error err = {0};
    assert_false(checkpoint_load(&loaded, path, arena, &err));
    assert_int_equal(err.kind, kind);
    check_error(&err, part);
    assert_null(strchr(err.text, '\n'));
}

static void test_damage(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    save(arena);
    long bytes = file_bytes();
    for (long at = 0; at < bytes; at += bytes / 37) {
        save(arena);
        FILE *file = fopen(path, "r+b");
        fseek(file, at, SEEK_SET);
        int old = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(old ^ 0x10, file);
        fclose(file);
        expect_load(arena, ERROR_DATA, path);
    }
    for (long left = 0; left < bytes; left += bytes / 17) {
        save(arena);
        assert_int_equal(truncate(path, left), 0);
        expect_load(arena, ERROR_DATA, path);
    }
    unlink(path);
    expect_load(arena, ERROR_SYSTEM, "No such file");
    arena_destroy(arena);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/step-1.h5", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_atomic),
        cmocka_unit_test(test_balance),    cmocka_unit_test(test_digest),
        cmocka_unit_test(test_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
