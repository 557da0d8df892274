/* A training step allocates nothing in our own code, and resident memory does not grow. */
#include "check.h"
#include "wrap.h"

#include "base/random.h"
#include "data/image.h"
#include "data/pack_write.h"
#include "train/plan.h"
#include "train/trainer.h"

#include <stdio.h>
#include <unistd.h>

enum { IMAGES = 64, SIDE = 40 };

/* Under TSan a step takes seconds; it looks for races, which each step has anew. */
#if defined(__SANITIZE_THREAD__)
#define IS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_TSAN 1
#endif
#endif
#ifdef IS_TSAN
enum { STEPS_BEFORE = 1, STEPS = 2 };
#else
enum { STEPS_BEFORE = 20, STEPS = 100 };
#endif

static Comm *comm;
static char folder[] = "/tmp/umbel-memory-XXXXXX";

static void write_image(int index)
{
    uint8_t pixels[SIDE * SIDE * 4];
    Random random = random_at(1, RANDOM_MIX, 0, 0, (uint64_t)index);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((int)(i / 160) + (int)random_below(&random, 64));
    Image image = {.width = SIDE, .height = SIDE, .pixels = pixels, .capacity = sizeof pixels};
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    image_encode_jpeg(&image, 90, &data, &bytes, &err);
    check_no_error(&err);
    char path[256];
    snprintf(path, sizeof path, "%s/%02d.jpg", folder, index);
    FILE *file = fopen(path, "wb");
    assert_true(file && fwrite(data, 1, bytes, file) == bytes);
    fclose(file);
    free(data);
}

static void make_pack(const char *out)
{
    char manifest[256];
    snprintf(manifest, sizeof manifest, "%s/manifest.csv", folder);
    FILE *file = fopen(manifest, "w");
    fprintf(file, "path,type,part\n");
    for (int i = 0; i < IMAGES; i++) {
        write_image(i);
        fprintf(file, "%02d.jpg,%c,%d\n", i, "abc"[i % 3], i % 7);
    }
    fclose(file);
    Listing listing;
    Error err = {0};
    manifest_read(&listing, manifest, NULL, NULL, &err);
    check_no_error(&err);
    pack_write(&listing, &(PackOptions){.root = folder, .out = out, .seed = 1}, comm, &err);
    check_no_error(&err);
    listing_free(&listing);
}

/* VmRSS in KiB. */
static long resident(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %ld", &kib);
    fclose(file);
    return kib;
}

static Trainer *open_trainer(Config *config, Arena *arena, const char *trunk, bool node_reduce)
{
    char text[1024];
    Error err = {0};
    snprintf(text, sizeof text,
             "pack: %s/pack.h5\nrun: %s/run\nimage: 32\ntrunk: {kind: %s}\nbatch: 16\nlane: "
             "4\nepochs: 1000\n"
             "workers: 2\nlog_every: 100000\nclip_norm: 1\nnode_reduce: %s\n"
             "augment: {mixup: {alpha: 0.2}, cutmix: {alpha: 1}}\n",
             folder, folder, trunk, node_reduce ? "true" : "false");
    config_parse(config, arena, text, "test", &err);
    check_no_error(&err);
    Trainer *trainer = trainer_open(&(TrainerOptions){.comm = comm, .config = config}, &err);
    check_no_error(&err);
    return trainer;
}

static void check_steps(const char *trunk)
{
    Arena *arena = arena_create("test");
    Config config;
    Trainer *trainer = open_trainer(&config, arena, trunk, false);
    for (int i = 0; i < STEPS_BEFORE; i++) trainer_step(trainer);
    long before = allocations, resident_before = resident();
    for (int i = 0; i < STEPS; i++) trainer_step(trainer);
    long grown = resident() - resident_before;
    print_message("%s: %ld allocations, %ld KiB more in %d steps\n", trunk, allocations - before,
                  grown, STEPS);
    assert_int_equal(allocations - before, 0);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory for a while */
    assert_true(grown < 1024);
#endif
    trainer_close(trainer);
    arena_destroy(arena);
}

static void test_convnext(void **state)
{
    (void)state;
    check_steps("convnext_atto, patch: 4, drop_path: 0.1");
}

static void test_resnet(void **state)
{
    (void)state;
    check_steps("resnet20");
}

/* What a run is said to need before it is built, against what it takes. Small things of fixed size
 * (locks, records, scores) are not foreseen. */
static void check_footprint(const char *trunk, bool node_reduce)
{
    Arena *arena = arena_create("test");
    Config config;
    Footprint footprint;
    Error err = {0};
    Trainer *trainer = open_trainer(&config, arena, trunk, node_reduce);
    Pack *pack = pack_open(config.pack, &err);
    ModelSpec spec = plan_model(&config, pack, arena);
    assert_true(plan_footprint(&config, &spec, config.workers, &footprint, &err));
    double taken = (double)trainer_bytes(trainer), said = (double)(footprint.rank + footprint.node);
    print_message("%s: %.1f MB foreseen, %.1f MB taken\n", trunk, said / 1e6, taken / 1e6);
    assert_true(taken >= said && taken < 1.02 * said + 1e6);
    pack_close(pack);
    trainer_close(trainer);
    arena_destroy(arena);
}

static void test_footprint(void **state)
{
    (void)state;
    check_footprint("convnext_atto, patch: 4", false);
    check_footprint("resnet20", false);
    check_footprint("resnet18", false);
    check_footprint("resnet20", true);
}

int main(int argc, char **argv)
{
    char pack[256], command[300];
    comm = comm_open(&argc, &argv);
    if (!mkdtemp(folder)) return 1;
    snprintf(pack, sizeof pack, "%s/pack.h5", folder);
    make_pack(pack);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convnext),
                                       cmocka_unit_test(test_resnet),
                                       cmocka_unit_test(test_footprint)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", folder);
    return failed;
}
