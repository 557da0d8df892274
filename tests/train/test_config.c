/* Configurations: every mistake's text and place, overrides, round trip, digest, resuming. */
#include "check.h"

#include "train/config.h"

#include <stdlib.h>
#include <unistd.h>

static const char good[] = "pack: a.h5\n"
                           "image: 64\n"
                           "trunk: {kind: convnext_atto, patch: 4, drop_path: 0.1}\n"
                           "heads: [{name: type}, {name: part, weight: 0.5}]\n"
                           "batch: 128\n"
                           "lane: 16\n"
                           "optimizer: {kind: adamw, lr: 2e-3}\n"
                           "schedule: {kind: cosine, warmup_epochs: 1}\n"
                           "checkpoint: {every_steps: 200, keep: 3}\n"
                           "run: runs/parts\n";

/* Parses `text` and compares all lines of the error. */
static void expect(const char *text, const char *error)
{
    Arena *arena = arena_create("test");
    Config config;
    Error err = {0};
    assert_false(config_parse(&config, arena, text, "c.yaml", &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_string_equal(err.text, error);
    arena_destroy(arena);
}

/* The good text with `line` in front. */
static char *with(const char *line)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s\n%s", line, good);
    return text;
}

static void test_good(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config config;
    Error err = {0};
    config_parse(&config, arena, good, "c.yaml", &err);
    check_no_error(&err);
    assert_string_equal(config.pack, "a.h5");
    assert_string_equal(config.run, "runs/parts");
    assert_int_equal(config.image, 64);
    assert_int_equal(config.batch, 128);
    assert_int_equal(config.epochs, 30);
    assert_int_equal(config.head_count, 2);
    assert_string_equal(config.heads[1].name, "part");
    assert_true(config.heads[0].weight == 1 && config.heads[1].weight == 0.5);
    assert_int_equal(config.checkpoint_every, 200);
    assert_string_equal(config.trunk->kinds[config.trunk_kind], "convnext_atto");
    const OptimizerCommon *common = config.optimizer_options;
    assert_true(common->lr == 2e-3 && common->weight_decay == 0.05);
    arena_destroy(arena);
}

static void test_keys(void **state)
{
    (void)state;
    expect(with("lanes: 3"), "c.yaml:1:8: lanes: unknown key; did you mean lane?");
    expect(with("xyzzyx: 3"), "c.yaml:1:9: xyzzyx: unknown key; umbel train --keys lists all");
    expect("pack: a\ntrunk: {kind: resnet20, patch: 2}\n",
           "c.yaml:2:32: trunk.patch: belongs to the kind convnext_atto, not to the one chosen");
    expect("pack: a\ntrunk: {kind: resnet20}\noptimizer: {kind: adamw, momentum: 0.9}\n",
           "c.yaml:3:36: optimizer.momentum: belongs to the kind sgd, not to the one chosen");
    expect("pack: a\ntrunk: {kind: resnet20}\nheads: [{name: a, wait: 2}]\n",
           "c.yaml:3:25: heads[0].wait: unknown key; a head has name, kind, weight and what "
           "umbel train --keys lists for its kind");
}

static void test_values(void **state)
{
    (void)state;
    expect("pack: a\ntrunk: {kind: resnet20}\nbatch: 12x\n",
           "c.yaml:3:8: batch: must be an integer from 1 to 1048576, not \"12x\"");
    expect("pack: a\ntrunk: {kind: resnet20}\nimage: 5000\n",
           "c.yaml:3:8: image: must be an integer from 8 to 4096, not \"5000\"");
    expect(
        "pack: a\ntrunk: {kind: resnet20}\nreduce: exakt\n",
        "c.yaml:3:9: reduce: must be one of exact, float, not \"exakt\"; did you mean \"exact\"?");
    expect("pack: a\ntrunk: {kind: resnet20}\nclip_norm: nan\n",
           "c.yaml:3:12: clip_norm: must be a number from 0 to 1000000000, not \"nan\"");
    expect("pack: a\ntrunk: {kind: resnet20}\naugment: {enabled: yes}\n",
           "c.yaml:3:20: augment.enabled: must be true or false, not \"yes\"");
    expect("pack: a\ntrunk: {kind: resnet20}\nimage: [1, 2]\n",
           "c.yaml:3:8: image: must be an integer from 8 to 4096, not \"[1, 2]\"");
}

static void test_lists(void **state)
{
    (void)state;
    expect("pack: a\ntrunk: {kind: resnet20}\naugment: {mean: [0.5]}\n",
           "c.yaml:3:17: augment.mean: must have exactly 3 elements, not 1");
    expect("pack: a\ntrunk: {kind: resnet20}\naugment: {scale: [1, 0.5]}\n",
           "c.yaml: augment.scale: must rise, from the least share to the largest");
}

static void test_structure(void **state)
{
    (void)state;
    expect(
        "pack: a\ntrunk: resnet20\n",
        "c.yaml: trunk.kind: must be given, such as convnext_atto; umbel train --keys lists all\n"
        "c.yaml:2:8: trunk: must be a map such as {key: value}, not \"resnet20\"");
    expect("pack: a\ntrunk: {kind: resnet20}\nimage: {a: 1}\n",
           "c.yaml:3:12: image.a: unknown key; did you mean image?");
    expect("pack: a\ntrunk: {kind: resnet20}\nheads: type\n",
           "c.yaml:3:8: heads: must be a list such as [{name: type}, {name: part}]");
    expect("pack: a\ntrunk: {kind: resnet20}\nheads: {name: a}\n",
           "c.yaml:3:15: heads: must be a list such as [{name: type}, {name: part}]");
    expect("pack: a\ntrunk: {kind: resnet20}\nheads: [{name: a}, {}]\n",
           "c.yaml:3:20: heads[1]: must be a map such as {name: type}");
    expect("pack: a\ntrunk: {kind: resnet20}\nepochs: 3\noptimizer: {lr: 1}\noptimizer.lr: 2\n",
           "c.yaml:5:15: optimizer.lr: is given twice, first at c.yaml:4:17");
    expect("trunk: {kind: resnet20}\n",
           "c.yaml: pack: must be given: the data pack, as umbel pack writes it; several as one: "
           "[a.h5, b.h5], or parts-*.h5");
    expect("pack: a\ntrunk: {kind: resnet20}\nheads: [{name: a}, {name: a}, {weight: 2}]\n",
           "c.yaml: heads[1].name: \"a\" is also heads[0]; give each label group one head\n"
           "c.yaml: heads[2].name: must be given");
    expect("", "c.yaml: is empty");
    expect("- a\n", "c.yaml:1:1: must be `key: value` lines");
}

static void test_together(void **state)
{
    (void)state;
    expect("pack: a\ntrunk: {kind: resnet20}\nbatch: 100\nlane: 16\n",
           "c.yaml:3:8: batch: 100 is no multiple of lane, 16");
    expect("pack: a\ntrunk: {kind: resnet20}\nbatch: 8194\nlane: 2\n",
           "c.yaml:3:8: batch: 8194 images in lanes of 2 are 4097 lanes; at most 4096 are "
           "possible, so choose a "
           "larger lane");
    expect("pack: a\ntrunk: {kind: resnet20}\nbatsh: 1\nlane: x\noptimizer: {lr: -1}\n",
           "c.yaml:3:8: batsh: unknown key; did you mean batch?\n"
           "c.yaml:4:7: lane: must be an integer from 1 to 4096, not \"x\"\n"
           "c.yaml:5:17: optimizer.lr: must be a number from 0 to 1000, not \"-1\"");
}

/* --- overrides --- */

static bool load(Config *config, Arena *arena, const char *set, Error *err)
{
    char path[] = "/tmp/umbel-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, good, sizeof good - 1) == sizeof good - 1);
    close(fd);
    bool ok = config_load(config, arena, path, &set, 1, err);
    unlink(path);
    return ok;
}

static void test_set(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config config;
    Error err = {0};
    load(&config, arena, "batch=64", &err);
    check_no_error(&err);
    assert_int_equal(config.batch, 64);
    load(&config, arena, "heads=[{name: angle, weight: 3}]", &err);
    check_no_error(&err);
    assert_int_equal(config.head_count, 1);
    assert_string_equal(config.heads[0].name, "angle");
    load(&config, arena, "trunk={kind: resnet20}", &err);
    check_no_error(&err);
    assert_string_equal(config.trunk->name, "resnet_cifar");
    assert_false(load(&config, arena, "optimizer.lrr=1", &err));
    assert_string_equal(
        err.text, "--set optimizer.lrr=1: optimizer.lrr: unknown key; did you mean optimizer.lr?");
    err = (Error){0};
    assert_false(load(&config, arena, "batch", &err));
    check_error(&err, "--set batch: must be KEY=VALUE");
    arena_destroy(arena);
}

/* --- as text, and on resume --- */

static Hash128 digest_of(const Config *config)
{
    Hasher *hasher = hasher_create();
    config_digest(config, hasher);
    return hasher_finish(hasher);
}

static void parse_good(Config *config, Arena *arena, const char *text)
{
    Error err = {0};
    config_parse(config, arena, text, "c.yaml", &err);
    check_no_error(&err);
}

static void test_round_trip(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config first, second;
    parse_good(&first, arena, good);
    snprintf(first.run, sizeof first.run, "odd \"name\" \\ # with: every\tthing\x7f");
    char *text = config_print(&first, arena);
    parse_good(&second, arena, text);
    assert_string_equal(second.run, first.run);
    assert_string_equal(config_print(&second, arena), text);
    Hash128 a = digest_of(&first), b = digest_of(&second);
    assert_true(a.high == b.high && a.low == b.low);
    arena_destroy(arena);
}

/* Packs are a text like others, but a longer one. */
static void test_packs(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config first, second;
    parse_good(&first, arena, "pack: [a.h5,  b c.h5 , 'p-*.h5']\ntrunk: {kind: resnet20}\n");
    assert_string_equal(first.pack, "[a.h5, b c.h5, p-*.h5]");
    parse_good(&second, arena, config_print(&first, arena));
    assert_string_equal(second.pack, first.pack);
    static char text[8192];
    snprintf(text, sizeof text, "pack: [%03500d, b.h5]\ntrunk: {kind: resnet20}\n", 7);
    parse_good(&first, arena, text);
    assert_int_equal(strlen(first.pack), 3508);
    parse_good(&second, arena, config_print(&first, arena));
    assert_string_equal(second.pack, first.pack);
    snprintf(text, sizeof text, "pack: %04090d\nrun: %0600d\ntrunk: {kind: resnet20}\n", 7, 7);
    expect(text, "c.yaml:2:6: run: is longer than 511 bytes");
    arena_destroy(arena);
}

/* What a change does: to the digest, and when a run is resumed. */
static void test_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        bool in_digest, may_change;
    } cases[] = {
        {"pack=b.h5", false, true},
        {"run=elsewhere", false, true},
        {"workers=7", false, true},
        {"log_every=3", false, true},
        {"checkpoint.keep=9", false, true},
        {"checkpoint.every_steps=9", false, true},
        {"checkpoint.pareto=9", false, true},
        {"epochs=31", true, true},
        {"optimizer.lr=1e-3", true, true},
        {"schedule.warmup_epochs=2", true, true},
        {"schedule={kind: constant}", true, true},
        {"seed=2", true, false},
        {"batch=64", true, false},
        {"lane=8", true, false},
        {"image=96", true, false},
        {"reduce=float", true, false},
        {"conv=direct", true, false},
        {"clip_norm=1", true, false},
        {"trunk.drop_path=0.2", true, false},
        {"trunk.kind=convnext_pico", true, false},
        {"heads[1].weight=1", true, false},
        {"heads=[{name: type}]", true, false},
        {"heads[0].kind=ordinal", true, false},
        {"heads[0].dropout=0", false, true},
        {"heads[0].dropout=0.1", true, false},
        {"heads[0].pool=attention", true, false},
        {"optimizer.beta2=0.99", true, false},
        {"augment.flip=0", true, false},
    };
    Arena *arena = arena_create("test");
    Config saved, now;
    load(&saved, arena, "seed=1", &(Error){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {0};
        load(&now, arena, cases[i].set, &err);
        check_no_error(&err);
        Hash128 a = digest_of(&saved), b = digest_of(&now);
        bool differs = a.high != b.high || a.low != b.low;
        if (differs != cases[i].in_digest) fail_msg("digest and %s", cases[i].set);
        if (config_compatible(&now, &saved, &err) != cases[i].may_change)
            fail_msg("resume and %s", cases[i].set);
    }
    Error err = {0};
    load(&now, arena, "seed=2", &err);
    config_compatible(&now, &saved, &err);
    check_error(&err, "seed: the run began with 1 and cannot go on with 2");
    arena_destroy(arena);
}

/* --- kinds of heads --- */

static void test_head_kinds(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Config config, saved;
    Error err = {0};
    static const char set[] =
        "heads=[{smoothing: 0.1, name: a, kind: softmax}, {name: b, hidden: [8, 4]}, "
        "{name: c, period: 180, kind: circular}]";
    load(&config, arena, set, &err);
    check_no_error(&err);
    assert_string_equal(config.heads[0].type->name, "softmax");
    assert_null(config.heads[1].type); /* the labels are to decide */
    assert_int_equal(config.heads[1].body.hidden.value[1], 4);
    assert_string_equal(config.heads[2].type->name, "circular");
    parse_good(&saved, arena, config_print(&config, arena));
    assert_string_equal(config_print(&saved, arena), config_print(&config, arena));
    /* a checkpoint from before there were kinds */
    parse_good(&saved, arena, good);
    assert_string_equal(saved.heads[0].type->name, "softmax");
    static const struct {
        const char *set, *expected;
    } refused[] = {
        {"heads=[{name: a, kind: softmaks}]",
         "heads[0].kind: there is no \"softmaks\"; did you mean \"softmax\"?"},
        {"heads=[{name: a, period: 180}]",
         "heads[0].period: belongs to the kind circular; say so with kind: circular"},
        {"heads=[{name: a, kind: ordinal, period: 180}]",
         "heads[0].period: belongs to the kind circular, not to ordinal"},
        {"heads=[{name: a, kind: softmax, smothing: 0.1}]",
         "heads[0].smothing: unknown key; did you mean smoothing?"},
        {"heads=[{name: a, kind: softmax, smoothing: 1}]",
         "heads[0].smoothing: must be a number from 0 to 0.99"},
        {"heads=[{name: a, kind: softmax, loss: focal, smoothing: 0.1}]",
         "heads[0].smoothing: is of cross_entropy"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        err = (Error){0};
        assert_false(load(&config, arena, refused[i].set, &err));
        check_error(&err, refused[i].expected);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_keys),
        cmocka_unit_test(test_values), cmocka_unit_test(test_structure),
        cmocka_unit_test(test_lists),  cmocka_unit_test(test_together),
        cmocka_unit_test(test_set),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_scopes), cmocka_unit_test(test_head_kinds),
        cmocka_unit_test(test_packs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
