/* Optimizers and schedules against PyTorch and timm in double precision (golden.h). */
#include "check.h"
#include "golden.h"

#include "optim/optimizer.h"
#include "optim/schedule.h"

#include <math.h>
#include <stdlib.h>

/* Numbers in [-0.5, 0.5), as make_golden.py makes them; step -1: the values at the start. */
static double noise(size_t i, int step)
{
    uint32_t h = (uint32_t)i * 2654435761U + (uint32_t)(step + 1) * 2246822519U;
    h ^= h >> 15;
    h *= 3266489917U;
    h ^= h >> 13;
    return (double)(h >> 8) / 0x1p24 - 0.5;
}

static const struct {
    const char *name;
    Shape shape;
    bool decays;
    int stage;
} rows[] = {{"matrix", {2, {80, 60}}, true, 1},
            {"kernel", {4, {6, 3, 3, 4}}, true, 1},
            {"depthwise", {3, {3, 3, 10}}, true, 2},
            {"bias", {1, {31}}, false, 2},
            {"head", {2, {5, 6}}, true, 0}};
enum { PARAMS = sizeof rows / sizeof *rows };

/* The golden arrays have no padding: where a parameter begins in them. */
static size_t golden_base(const ParamStore *store, int param)
{
    size_t base = 0;
    for (int p = 0; p < param; p++) base += store->list[p]->count;
    return base;
}

static ParamStore *make_store(Arena *arena)
{
    ParamStore *store = param_store_create(arena);
    for (int p = 0; p < PARAMS; p++)
        param_declare(store, rows[p].name, rows[p].shape, (Init){0}, rows[p].decays)->stage =
            rows[p].stage;
    param_allocate(store);
    for (int p = 0; p < PARAMS; p++)
        for (size_t i = 0; i < store->list[p]->count; i++)
            store->value[store->list[p]->offset + i] = (float)noise(golden_base(store, p) + i, -1);
    return store;
}

static int gradient_step;

/* As reduce_read would give it. A slice lies within one parameter. */
static void read_gradient(void *context, size_t offset, float *gradient, size_t count)
{
    const ParamStore *store = context;
    int p = 0;
    while (offset >= store->list[p]->offset + store->list[p]->count) p++;
    size_t first = golden_base(store, p) + offset - store->list[p]->offset;
    for (size_t i = 0; i < count; i++) gradient[i] = (float)(0.2 * noise(first + i, gradient_step));
}

/* Pairs of words, "nesterov true momentum 0.8". */
static void set_options(const Option *table, const char *settings, void *options)
{
    char text[256], *rest = text, *key, *value;
    Error err = {0};
    option_defaults(table, options);
    snprintf(text, sizeof text, "%s", settings);
    while ((key = strtok_r(rest, " ", &rest)) && (value = strtok_r(rest, " ", &rest)))
        option_parse(option_find(table, key), value, options, &err);
    check_no_error(&err);
}

/* An optimizer at work. */
typedef struct Training {
    Arena *arena;
    ParamStore *store;
    Optimizer *optimizer;
    Pool *pool;
    void *options;
} Training;

static Training begin(const char *kind, const char *settings, int workers)
{
    const OptimizerType *type = optimizer_find(kind);
    Training training = {.arena = arena_create("test"), .options = calloc(1, type->options_bytes)};
    set_options(type->options, settings, training.options);
    training.store = make_store(training.arena);
    training.optimizer = optimizer_create(type, training.options, training.store, training.arena);
    training.pool = pool_create(workers);
    return training;
}

static double step(const Training *training, double lr, Clip clip)
{
    return optimizer_step(training->optimizer, training->pool, lr, clip, read_gradient,
                          training->store);
}

/* With the rate falling in a straight line, as in make_golden.py. */
static void run(const Training *training, double lr, Clip clip)
{
    for (gradient_step = 0; gradient_step < GOLDEN_STEPS; gradient_step++)
        step(training, lr * (GOLDEN_STEPS - gradient_step) / GOLDEN_STEPS, clip);
}

static void end(Training *training)
{
    pool_destroy(training->pool);
    free(training->options);
    arena_destroy(training->arena);
}

#define DECAY "weight_decay 0.05"

static void all_equal_pytorch(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof golden_runs / sizeof *golden_runs; r++) {
        const GoldenRun *golden = &golden_runs[r];
        char settings[256];
        snprintf(settings, sizeof settings, DECAY " %s", golden->settings);
        Training training = begin(golden->kind, settings, 2);
        run(&training, golden->lr, (Clip){.norm = golden->clip_norm, .adaptive = golden->adaptive});
        double worst = 0;
        for (int p = 0; p < PARAMS; p++) {
            const Param *param = training.store->list[p];
            size_t base = golden_base(training.store, p);
            for (size_t i = 0; i < param->count; i++) {
                if ((base + i) % GOLDEN_EVERY) continue;
                double wanted = golden->value[(base + i) / GOLDEN_EVERY];
                double got = (double)training.store->value[param->offset + i];
                worst = fmax(worst, fabs(got - wanted) / fmax(fabs(wanted), 1));
            }
        }
        print_message("%s %s: worst error %.2g\n", golden->kind, golden->settings, worst);
        assert_true(worst < 1e-6);
        end(&training);
    }
}

/* --- what PyTorch calls parameter groups, and freezing --- */

static float value_of(const Training *training, int param, size_t i)
{
    return training->store->value[training->store->list[param]->offset + i];
}

/* Parameters do not see each other: a rate of its own gives what the whole run at that rate gives. */
static void rates_are_per_parameter(void **state)
{
    (void)state;
    static const char *const kinds[] = {"adamw", "sgd", "lamb", "lars", "lion"};
    for (int k = 0; k < 5; k++) {
        Training mixed = begin(kinds[k], DECAY, 2), slow = begin(kinds[k], DECAY, 2);
        mixed.store->list[0]->lr_scale = 0.25;
        mixed.store->list[3]->frozen = true;
        run(&mixed, 0.01, (Clip){0});
        run(&slow, 0.0025, (Clip){0});
        Training quick = begin(kinds[k], DECAY, 2);
        run(&quick, 0.01, (Clip){0});
        for (size_t i = 0; i < 30; i++) {
            assert_true(value_of(&mixed, 0, i) == value_of(&slow, 0, i));
            assert_true(value_of(&mixed, 1, i) == value_of(&quick, 1, i));
            assert_true((double)value_of(&mixed, 3, i) ==
                        (double)(float)noise(golden_base(mixed.store, 3) + i, -1));
        }
        end(&mixed), end(&slow), end(&quick);
    }
}

/* A parameter that begins to learn late counts its own updates: Adam starts as if it were new. */
static void unfrozen_ones_begin_anew(void **state)
{
    (void)state;
    Training late = begin("adamw", DECAY, 1), fresh = begin("adamw", DECAY, 1);
    optimizer_freeze(late.optimizer, 0, true);
    for (gradient_step = 0; gradient_step < 7; gradient_step++) step(&late, 0.01, (Clip){0});
    optimizer_freeze(late.optimizer, 0, false);
    for (; gradient_step < 12; gradient_step++) {
        step(&late, 0.01, (Clip){0});
        step(&fresh, 0.01, (Clip){0});
    }
    for (size_t i = 0; i < 4800; i++) assert_true(value_of(&late, 0, i) == value_of(&fresh, 0, i));
    end(&late), end(&fresh);
}

static void workers_do_not_matter(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof golden_runs / sizeof *golden_runs; r++) {
        Clip clip = {.norm = 0.5, .adaptive = 0.02};
        Training one = begin(golden_runs[r].kind, golden_runs[r].settings, 1);
        run(&one, 0.01, clip);
        for (int workers = 2; workers < 4; workers++) {
            Training more = begin(golden_runs[r].kind, golden_runs[r].settings, workers);
            run(&more, 0.01, clip);
            assert_memory_equal(one.store->value, more.store->value,
                                sizeof(float) * one.store->total);
            end(&more);
        }
        end(&one);
    }
}

static void norm_is_that_of_the_gradient(void **state)
{
    (void)state;
    Training training = begin("sgd", "", 1);
    training.store->list[1]->frozen = true;
    double sum = 0;
    for (int p = 0; p < PARAMS; p++)
        for (size_t i = 0; p != 1 && i < training.store->list[p]->count; i++)
            sum += pow((double)(float)(0.2 * noise(golden_base(training.store, p) + i, 0)), 2);
    gradient_step = 0;
    double norm = step(&training, 0, (Clip){.norm = 1});
    assert_true(fabs(norm - sqrt(sum)) < 1e-12 * norm);
    assert_int_equal(training.optimizer->updates, 1);
    end(&training);
}

/* --- schedules --- */

static double lr_of(const char *kind, const char *settings, uint64_t at)
{
    const ScheduleType *type = schedule_find(kind);
    double options[16] = {0};
    set_options(type->options, settings, options);
    return schedule_lr(type, options, 2.0, at, 10, 6);
}

static void near(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-13 * fmax(1, fabs(b)));
}

static void schedules_equal_pytorch(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof golden_rates / sizeof *golden_rates; r++)
        for (uint64_t at = 0; at < 60; at++)
            near(lr_of(golden_rates[r].kind, golden_rates[r].settings, at), golden_rates[r].lr[at]);
}

static void warm_up_comes_first(void **state)
{
    (void)state;
    near(lr_of("constant", "", 0), 2);
    near(lr_of("constant", "", 59), 2);
    near(lr_of("constant", "warmup_epochs 1", 0), 0.2);
    near(lr_of("constant", "warmup_epochs 1", 9), 2);
    near(lr_of("cosine", "warmup_epochs 1", 4), 1);
    near(lr_of("cosine", "warmup_epochs 1", 10), 2);
    near(lr_of("cosine", "warmup_epochs 1", 35), 1);
    near(lr_of("polynomial", "warmup_epochs 1 end_factor 0.5", 35), 1.5);
    near(lr_of("one_cycle", "warmup_epochs 6", 59), 2);
    near(lr_of("cosine", "", 1000), 0);
}

static void plateau_equals_pytorch(void **state)
{
    (void)state;
    const ScheduleType *type = schedule_find("plateau");
    double options[16] = {0};
    set_options(type->options, "factor 0.5 patience 2 threshold 1e-3 cooldown 1 end_factor 0.1",
                options);
    for (int sign = -1; sign <= 1; sign += 2) {
        ScheduleState plateau = schedule_begin();
        for (size_t i = 0; i < sizeof golden_metrics / sizeof *golden_metrics; i++) {
            double metric = sign > 0 ? golden_metrics[i] : -(1 - golden_metrics[i]);
            type->observe(options, &plateau, metric);
            near(2 * plateau.scale, sign > 0 ? golden_plateau_max[i] : golden_plateau_min[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_equal_pytorch),
        cmocka_unit_test(rates_are_per_parameter),
        cmocka_unit_test(unfrozen_ones_begin_anew),
        cmocka_unit_test(workers_do_not_matter),
        cmocka_unit_test(norm_is_that_of_the_gradient),
        cmocka_unit_test(schedules_equal_pytorch),
        cmocka_unit_test(warm_up_comes_first),
        cmocka_unit_test(plateau_equals_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
