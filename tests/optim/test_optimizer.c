/* Optimizers against float64 forms of PyTorch's formulas; schedules against closed forms. */
#include "check.h"

#include "base/random.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 50 };
static const double PI = 3.14159265358979323846;

/* What PyTorch calls a parameter group: a learning rate of its own, or none at all. */
static struct {
    double lr_scale;
    bool frozen;
} group[2] = {{1, false}, {1, false}};

/* A store with a matrix that decays (not a multiple of a block) and a bias that does not. */
static ParamStore *make_store(Arena *arena)
{
    ParamStore *store = param_store_create(arena);
    Init init = {INIT_NORMAL, 0.5};
    param_declare(store, "matrix", shape_of(2, 97, 53), init, true);
    param_declare(store, "bias", shape_of(1, 31), init, false);
    param_layout(store, 3);
    for (int p = 0; p < store->count; p++) {
        store->list[p]->lr_scale = group[p].lr_scale;
        store->list[p]->frozen = group[p].frozen;
    }
    return store;
}

/* The gradient of step `step`: a function of the place, as reduce_read would give it. */
static uint64_t gradient_step;

static float gradient_at(size_t i)
{
    Random random = random_at(5, RANDOM_MIX, 0, gradient_step, i);
    return (float)(random_normal(&random) * 0.1);
}

static void read_gradient(void *context, size_t offset, float *gradient, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) gradient[i] = gradient_at(offset + i);
}

static void *make_options(const OptimizerType *type, const char *const *settings)
{
    void *options = calloc(1, type->options_bytes);
    Error err = {0};
    option_defaults(type->options, options);
    for (; *settings; settings += 2)
        option_parse(option_find(type->options, settings[0]), settings[1], options, &err);
    check_no_error(&err);
    return options;
}

/* Runs 50 steps with lr falling; returns the store's values. */
static const float *train(const char *kind, const char *const *settings, int workers, double clip,
                          Arena *arena)
{
    const OptimizerType *type = optimizer_find(kind);
    void *options = make_options(type, settings);
    ParamStore *store = make_store(arena);
    Optimizer *optimizer = optimizer_create(type, options, store, arena);
    Pool *pool = pool_create(workers);
    for (gradient_step = 0; gradient_step < STEPS; gradient_step++)
        optimizer_step(optimizer, pool, 0.01 / (1 + (double)gradient_step), clip, read_gradient,
                       NULL);
    pool_destroy(pool);
    free(options);
    return store->value;
}

static double gradient_norm(const ParamStore *store)
{
    double sum = 0;
    for (int p = 0; p < store->count; p++)
        for (size_t i = 0; i < store->list[p]->count && !group[p].frozen; i++)
            sum += pow((double)gradient_at(store->list[p]->offset + i), 2);
    return sqrt(sum);
}

typedef struct Reference {
    double value, m, v;
} Reference;

static void reference_adamw(Reference *r, double g, double lr, double decay, int t)
{
    r->value *= 1 - lr * decay;
    r->m = 0.9 * r->m + 0.1 * g;
    r->v = 0.999 * r->v + 0.001 * g * g;
    r->value -= lr / (1 - pow(0.9, t)) * r->m / (sqrt(r->v) / sqrt(1 - pow(0.999, t)) + 1e-8);
}

static void reference_sgd(Reference *r, double g, double lr, double decay, bool nesterov)
{
    g += decay * r->value;
    r->m = 0.9 * r->m + g;
    r->value -= lr * (nesterov ? g + 0.9 * r->m : r->m);
}

static void compare(const char *kind, const char *const *settings, double decay, bool nesterov,
                    double clip)
{
    Arena *arena = arena_create("test");
    const float *value = train(kind, settings, 2, clip, arena);
    ParamStore *start = make_store(arena);
    double worst = 0;
    for (int p = 0; p < start->count; p++)
        for (size_t i = 0; i < start->list[p]->count; i += 13) {
            Reference r = {.value = (double)start->value[start->list[p]->offset + i]};
            for (gradient_step = 0; gradient_step < STEPS && !group[p].frozen; gradient_step++) {
                double lr = group[p].lr_scale * 0.01 / (1 + (double)gradient_step);
                double scale = clip > 0 ? fmin(1, clip / (gradient_norm(start) + 1e-6)) : 1;
                double g = scale * (double)gradient_at(start->list[p]->offset + i);
                double d = start->list[p]->decay ? decay : 0;
                if (strcmp(kind, "adamw") == 0)
                    reference_adamw(&r, g, lr, d, (int)gradient_step + 1);
                else
                    reference_sgd(&r, g, lr, d, nesterov);
            }
            double error = fabs(r.value - (double)value[start->list[p]->offset + i]);
            if (error > worst) worst = error;
            if (clip > 0) i += 500; /* its norm is slow here */
        }
    arena_destroy(arena);
    print_message("%s: worst error %.2g\n", kind, worst);
    /* 50 roundings of values up to 2, and of the factors that multiply them */
    assert_true(worst < 2e-6);
}

static void test_adamw(void **state)
{
    (void)state;
    compare("adamw", (const char *const[]){"weight_decay", "0.05", NULL}, 0.05, false, 0);
}

static void test_adamw_clipped(void **state)
{
    (void)state;
    compare("adamw", (const char *const[]){"weight_decay", "0.05", NULL}, 0.05, false, 0.7);
}

static void test_sgd(void **state)
{
    (void)state;
    compare("sgd", (const char *const[]){"weight_decay", "0.01", NULL}, 0.01, false, 0);
}

static void test_sgd_nesterov(void **state)
{
    (void)state;
    compare("sgd", (const char *const[]){"weight_decay", "0.01", "nesterov", "true", NULL}, 0.01,
            true, 0);
}

/* Other rates for matrix and bias, decay included; then the bias frozen, outside the norm too. */
static void test_groups(void **state)
{
    (void)state;
    const char *const decay[] = {"weight_decay", "0.05", NULL};
    group[0].lr_scale = 0.25;
    group[1].lr_scale = 1.5;
    compare("adamw", decay, 0.05, false, 0);
    compare("sgd", decay, 0.05, false, 0.7);
    group[1].frozen = true;
    compare("adamw", decay, 0.05, false, 0.7);
    compare("sgd", decay, 0.05, false, 0);
    group[0].lr_scale = group[1].lr_scale = 1;
    group[1].frozen = false;
}

static void test_workers(void **state)
{
    (void)state;
    static const char *const kinds[] = {"adamw", "sgd"};
    const char *const none[] = {NULL};
    for (int k = 0; k < 2; k++) {
        Arena *arena = arena_create("test");
        size_t bytes = sizeof(float) * make_store(arena)->total;
        const float *one = train(kinds[k], none, 1, 0.5, arena);
        assert_memory_equal(one, train(kinds[k], none, 2, 0.5, arena), bytes);
        assert_memory_equal(one, train(kinds[k], none, 3, 0.5, arena), bytes);
        arena_destroy(arena);
    }
}

static void test_norm(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ParamStore *store = make_store(arena);
    const OptimizerType *type = optimizer_find("sgd");
    void *options = make_options(type, (const char *const[]){NULL});
    Optimizer *optimizer = optimizer_create(type, options, store, arena);
    Pool *pool = pool_create(1);
    gradient_step = 0;
    double norm = optimizer_step(optimizer, pool, 0, 1, read_gradient, NULL);
    assert_true(fabs(norm - gradient_norm(store)) < 1e-12 * norm);
    assert_int_equal(optimizer->updates, 1);
    pool_destroy(pool);
    free(options);
    arena_destroy(arena);
}

/* --- schedules --- */

static double lr_of(const char *kind, const char *const *settings, uint64_t step)
{
    const ScheduleType *type = schedule_find(kind);
    double options[16] = {0};
    Error err = {0};
    option_defaults(type->options, options);
    for (; *settings; settings += 2)
        option_parse(option_find(type->options, settings[0]), settings[1], options, &err);
    check_no_error(&err);
    return schedule_lr(type, options, 2.0, step, 10, 6);
}

static void near(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-14 * fmax(1, fabs(b)));
}

static void test_schedules(void **state)
{
    (void)state;
    const char *const none[] = {NULL}, *const warm[] = {"warmup_epochs", "1", NULL};
    near(lr_of("constant", none, 0), 2);
    near(lr_of("constant", none, 59), 2);
    near(lr_of("constant", warm, 0), 0.2);
    near(lr_of("constant", warm, 9), 2);
    near(lr_of("cosine", none, 0), 2);
    near(lr_of("cosine", none, 30), 1);
    near(lr_of("cosine", none, 59), 1 + cos(PI * 59 / 60));
    near(lr_of("cosine", warm, 4), 1);
    near(lr_of("cosine", warm, 10), 2);
    near(lr_of("cosine", warm, 35), 1);
    near(lr_of("cosine", (const char *const[]){"end_factor", "0.5", NULL}, 30), 1.5);
    const char *const steps[] = {"every_epochs", "2", "factor", "0.5", NULL};
    near(lr_of("step", steps, 19), 2);
    near(lr_of("step", steps, 20), 1);
    near(lr_of("step", steps, 40), 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adamw),   cmocka_unit_test(test_adamw_clipped),
        cmocka_unit_test(test_sgd),     cmocka_unit_test(test_sgd_nesterov),
        cmocka_unit_test(test_workers), cmocka_unit_test(test_norm),
        cmocka_unit_test(test_groups),  cmocka_unit_test(test_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
