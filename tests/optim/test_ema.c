/* The average of the weights against its definition in double precision. */
#include "check.h"

#include "optim/ema.h"

#include <math.h>

enum { STEPS = 60 };

static ParamStore *make_store(Arena *arena, int columns)
{
    ParamStore *store = param_store_create(arena);
    param_declare(store, "a", shape_of(2, 37, columns), (Init){INIT_NORMAL, 1}, true);
    param_declare(store, "b", shape_of(1, 11), (Init){INIT_NORMAL, 1}, false);
    param_layout(store, 1);
    return store;
}

static float value_at(int step, size_t i)
{
    return (float)sin(0.1 * step + (double)i);
}

/* Follows values that move for 60 steps. */
static Ema *follow(const EmaOptions *options, int workers, Arena *arena)
{
    ParamStore *params = make_store(arena, 23), *state = make_store(arena, 3);
    Ema *ema = ema_create(options, params, state, arena);
    Pool *pool = pool_create(workers);
    for (int step = 0; step <= STEPS; step++) {
        for (size_t i = 0; i < params->total; i++) params->value[i] = value_at(step, i);
        for (size_t i = 0; i < state->total; i++) state->value[i] = value_at(step, i + 5);
        if (step == 0)
            ema_begin(ema);
        else
            ema_update(ema, pool, (uint64_t)step);
    }
    pool_destroy(pool);
    return ema;
}

static double expected(const EmaOptions *options, size_t i)
{
    double average = (double)value_at(0, i);
    for (int step = 1; step <= STEPS; step++) {
        double decay = options->decay;
        if (options->warmup) decay = fmin(decay, (1.0 + step) / (10.0 + step));
        average = decay * average + (1 - decay) * (double)value_at(step, i);
    }
    return average;
}

static void averages_follow(void **state)
{
    (void)state;
    for (int warmup = 0; warmup < 2; warmup++) {
        Arena *arena = arena_create("test");
        EmaOptions options = {.decay = 0.95, .warmup = warmup};
        Ema *ema = follow(&options, 2, arena);
        for (int p = 0; p < 2; p++)
            for (size_t i = 0; i < ema->params->list[p]->count; i++) {
                size_t at = ema->params->list[p]->offset + i;
                assert_true(fabs((double)ema->param_value[at] - expected(&options, at)) < 1e-6);
            }
        for (size_t i = 0; i < ema->state->list[0]->count; i++)
            assert_true(fabs((double)ema->state_value[i] - expected(&options, i + 5)) < 1e-6);
        arena_destroy(arena);
    }
}

static void workers_do_not_matter(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    EmaOptions options = {.decay = 0.9};
    Ema *one = follow(&options, 1, arena);
    for (int workers = 2; workers < 4; workers++) {
        Ema *more = follow(&options, workers, arena);
        for (int p = 0; p < 2; p++) {
            const Param *param = one->params->list[p];
            assert_memory_equal(one->param_value + param->offset, more->param_value + param->offset,
                                sizeof(float) * param->count);
        }
        assert_memory_equal(one->state_value, more->state_value, sizeof(float) * one->state->total);
    }
    arena_destroy(arena);
}

/* What is frozen has the average that it had, wherever its value is. */
static void frozen_averages_stay(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    EmaOptions options = {.decay = 0.5};
    ParamStore *params = make_store(arena, 3), *statistics = make_store(arena, 2);
    Ema *ema = ema_create(&options, params, statistics, arena);
    Pool *pool = pool_create(2);
    memset(ema->param_value, 0, sizeof(float) * params->total);
    params->list[0]->frozen = true;
    ema_update(ema, pool, 1);
    for (int p = 0; p < 2; p++)
        for (size_t i = params->list[p]->offset;
             i < params->list[p]->offset + params->list[p]->count; i++)
            assert_true(ema->param_value[i] == (p == 0 ? 0 : params->value[i] / 2));
    pool_destroy(pool);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(averages_follow),
                                       cmocka_unit_test(workers_do_not_matter),
                                       cmocka_unit_test(frozen_averages_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
