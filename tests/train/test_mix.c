/* Targets of mixed images, and what each head's loss is divided by: counted anew from the labels as the manifest has
 * them, most of which are missing. */
#include "check.h"

#include "base/random.h"
#include "data/image.h"
#include "data/pack_write.h"
#include "nn/ops.h"
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { IMAGES = 96, SIDE = 16, HEADS = 3, STEPS = 9 };

static Comm *comm;
static char folder[] = "/tmp/umbel-mix-XXXXXX";
/* What the manifest says of type, grade and size; -1: nothing. */
static int label[HEADS][IMAGES];

static void write_image(const char *path, int index)
{
    uint8_t pixels[SIDE * SIDE * 4], *data;
    size_t bytes;
    Error err = {0};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7 + (size_t)index * 13);
    Image image = {.width = SIDE, .height = SIDE, .pixels = pixels, .capacity = sizeof pixels};
    image_encode_jpeg(&image, 90, &data, &bytes, &err);
    check_no_error(&err);
    FILE *file = fopen(path, "wb");
    assert_true(file && fwrite(data, 1, bytes, file) == bytes);
    fclose(file);
    free(data);
}

static void make_pack(const char *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/manifest.csv", folder);
    FILE *file = fopen(path, "w");
    fprintf(file, "path,type,grade,size,split\n");
    for (int i = 0; i < IMAGES; i++) {
        char name[300];
        Random random = random_at(1, RANDOM_MIX, 0, 1, (uint64_t)i);
        fprintf(file, "%02d.jpg", i);
        for (int h = 0; h < HEADS; h++) {
            int value = (int)random_below(&random, 4);
            label[h][i] = random_uniform(&random) < 0.7 ? -1 : value;
            if (label[h][i] < 0)
                fprintf(file, ",");
            else
                fprintf(file, ",%s%d", h < 2 ? "class " : "", value);
        }
        fprintf(file, ",train\n");
        snprintf(name, sizeof name, "%s/%02d.jpg", folder, i);
        write_image(name, i);
    }
    fclose(file);
    Listing listing;
    Error err = {0};
    manifest_read(&listing, path, "type,grade,size:value", NULL, &err);
    check_no_error(&err);
    pack_write(&listing, &(PackOptions){.root = folder, .out = out, .seed = 1}, comm, &err);
    check_no_error(&err);
    listing_free(&listing);
}

static Trainer *open_trainer(Config *config, Arena *arena, const char *augment)
{
    char text[1024];
    Error err = {0};
    snprintf(
        text, sizeof text,
        "pack: %s/pack.h5\nrun: %s/run\nimage: 16\ntrunk: {kind: resnet20, width: 4}\nbatch: 32\n"
        "lane: 8\nepochs: 3\nworkers: 2\nlog_every: 100000\naugment: {%s}\n"
        "heads: [{name: type}, {name: grade, kind: ordinal, mix: false}, {name: size, kind: "
        "regression}]\n",
        folder, folder, augment);
    config_parse(config, arena, text, "test", &err);
    check_no_error(&err);
    Trainer *trainer = trainer_open(&(TrainerOptions){.comm = comm, .config = config}, &err);
    check_no_error(&err);
    return trainer;
}

/* Number of a record's row in the manifest. */
static int row_of(const Trainer *trainer, uint32_t record)
{
    return atoi(pack_record_path(trainer->pack, record));
}

/* Terms of a label of `type`, `grade` or `size`: one, or as the ordinal loss has them. */
static int terms_of(int head, int value)
{
    return head == 1 ? nn_ordinal_terms(value, 4) : 1;
}

/* From the manifest and the shares alone. */
static double expected_terms(const Trainer *trainer, int h)
{
    const Config *config = trainer->config;
    double terms = 0;
    for (int i = 0; i < config->batch; i++) {
        const Mix *mix = trainer_mix_of(trainer, i / config->lane);
        mix = mix ? &mix[i % config->lane] : NULL;
        double share = mix ? mix->share : 1;
        int own = label[h][row_of(trainer, trainer->batch[i])];
        if (h == 1 && share < 1) continue; /* mix: false */
        if (own >= 0) terms += share * terms_of(h, own);
        if (!mix) continue;
        int first = i / config->lane * config->lane;
        int other = label[h][row_of(trainer, trainer->batch[first + mix->partner])];
        if (other >= 0) terms += (1 - share) * terms_of(h, other);
    }
    return terms;
}

/* As the lanes hand them to the losses. */
static double weights_of_lanes(Trainer *trainer, int h)
{
    const Config *config = trainer->config;
    LaneWorker *worker = &trainer->engine.worker[0];
    const HeadRun *head = &worker->run.head[h];
    double sum = 0;
    for (int lane = 0; lane < config->batch / config->lane; lane++) {
        memcpy(worker->record, trainer->batch + lane * config->lane,
               sizeof *worker->record * (size_t)config->lane);
        worker->mix = trainer_mix_of(trainer, lane);
        assert_int_equal(
            engine_load(&trainer->engine, worker, config->lane, true, trainer->order_epoch), 0);
        for (int i = 0; i < config->lane * head->parts; i++)
            if (head->target[i].weight != 0)
                sum += (double)head->target[i].weight * terms_of(h, head->target[i].label);
    }
    return sum;
}

/* Float weights are within 2^-24 of the shares; what is divided by is the very sum of the weights in use. */
static void check_step(Trainer *trainer)
{
    trainer_find_batch(trainer);
    for (int h = 0; h < HEADS; h++) {
        double expected = expected_terms(trainer, h), used = weights_of_lanes(trainer, h);
        assert_true(fabs(used - expected) <= 1e-7 * expected);
        assert_true(trainer->head_share[h] == (used > 0 ? 1 / used : 0));
    }
}

static void check_run(const char *augment)
{
    Arena *arena = arena_create("test");
    Config config;
    Trainer *trainer = open_trainer(&config, arena, augment);
    for (int i = 0; i < STEPS; i++) {
        check_step(trainer);
        trainer_step(trainer);
    }
    trainer_close(trainer);
    arena_destroy(arena);
}

static void terms_are_counted_exactly(void **state)
{
    (void)state;
    check_run("");
    check_run("mixup: {alpha: 1}, mix: {probability: 0.7}");
    check_run("cutmix: {alpha: 1}, mix: {probability: 0.7}");
    check_run("mixup: {alpha: 0.3}, cutmix: {alpha: 1}, mix: {probability: 0.5, off_epochs: 1}");
}

static void last_epochs_are_not_mixed(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config config;
    Trainer *trainer = open_trainer(&config, arena, "mixup: {alpha: 1}, mix: {off_epochs: 2}");
    for (int i = 0; i < STEPS; i++) {
        trainer_find_batch(trainer);
        assert_int_equal(trainer_mix_of(trainer, 0) != NULL, i < STEPS / 3);
        trainer_step(trainer);
    }
    trainer_close(trainer);
    arena_destroy(arena);
}

static void targets_follow_the_shares(void **state)
{
    (void)state;
    Target own = {.weight = 3, .label = 1}, other = {.weight = 0.5F, .label = 2}, part[MIX_PARTS];
    mix_targets(part, own, other, NULL, true);
    assert_true(part[0].weight == 3 && part[0].label == 1 && part[1].weight == 0);
    mix_targets(part, own, other, &(Mix){.share = 1}, false);
    assert_true(part[0].weight == 3 && part[0].label == 1 && part[1].weight == 0);
    mix_targets(part, own, other, &(Mix){.share = 0.75}, true);
    assert_true(part[0].weight == 2.25F && part[0].label == 1);
    assert_true(part[1].weight == 0.125F && part[1].label == 2);
    mix_targets(part, own, other, &(Mix){.share = 0.25}, true);
    assert_true(part[0].weight == 0.375F && part[0].label == 2);
    assert_true(part[1].weight == 0.75F && part[1].label == 1);
    mix_targets(part, own, (Target){0}, &(Mix){.share = 0.25}, true); /* one of them is missing */
    assert_true(part[0].weight == 0 && part[1].weight == 0.75F && part[1].label == 1);
    mix_targets(part, own, other, &(Mix){.share = 0.25}, false);
    assert_true(part[0].weight == 0 && part[1].weight == 0);
}

/* The part of an image that cannot be read is masked, the other one stays. */
static void bad_images_have_no_part(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config config;
    Trainer *trainer = open_trainer(&config, arena, "mixup: {alpha: 1}, mix: {probability: 0.9}");
    trainer_find_batch(trainer);
    bool bad[8] = {[3] = true};
    const Mix *mix = trainer_mix_of(trainer, 0);
    LaneImages all = {.record = trainer->batch, .mix = mix}, some = all;
    some.bad = bad;
    for (int n = 0; n < config.lane; n++) {
        Target whole[MIX_PARTS], left[MIX_PARTS];
        engine_targets(&trainer->engine, 0, &all, n, whole);
        engine_targets(&trainer->engine, 0, &some, n, left);
        int own = mix[n].share < 0.5; /* the part of the image itself */
        bool gone[MIX_PARTS];
        gone[own] = bad[n];
        gone[!own] = bad[mix[n].partner];
        for (int i = 0; i < MIX_PARTS; i++)
            assert_true(left[i].weight == (gone[i] ? 0 : whole[i].weight));
    }
    trainer_close(trainer);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    char pack[256], command[300];
    comm = comm_open(&argc, &argv);
    if (!mkdtemp(folder)) return 1;
    snprintf(pack, sizeof pack, "%s/pack.h5", folder);
    make_pack(pack);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_follow_the_shares), cmocka_unit_test(terms_are_counted_exactly),
        cmocka_unit_test(last_epochs_are_not_mixed), cmocka_unit_test(bad_images_have_no_part)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", folder);
    return failed;
}
