/* The flat parameter store: declaration, layout, initialisation. */
#include "nn/param.h"

#include "base/hash.h"
#include "base/random.h"

#include <assert.h>
#include <string.h>

ParamStore *param_store_create(Arena *run)
{
    ParamStore *store = arena_new(run, ParamStore, 1);
    store->arena = run;
    return store;
}

Param *param_declare(ParamStore *store, const char *name, Shape shape, Init init, bool decay)
{
    assert(store->value == NULL);
    store->list = arena_extend(store->arena, store->list, store->count);
    Param *param = arena_new(store->arena, Param, 1);
    *param = (Param){.name = arena_strdup(store->arena, name),
                     .shape = shape,
                     .offset = store->total,
                     .count = shape_count(shape),
                     .init = init,
                     .decay = decay,
                     .lr_scale = 1};
    store->list[store->count++] = param;
    store->total += (param->count + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
    return param;
}

/* Rejection; with the usual deviation of 0.02 the cut lies 100 deviations out. */
static bool is_cut(Init init, double x)
{
    return init.kind == INIT_TRUNC_NORMAL && (x < -2 || x > 2);
}

static void fill_normal(float *value, size_t count, Init init, Random *random)
{
    enum { DRAWS = 256 };
    double normal[DRAWS];
    for (size_t filled = 0; filled < count;) {
        size_t draws = count - filled < DRAWS ? count - filled : DRAWS;
        random_normals(random, normal, draws);
        for (size_t i = 0; i < draws; i++) {
            double x = init.value * normal[i];
            if (!is_cut(init, x)) value[filled++] = (float)x;
        }
    }
}

static void fill(float *value, size_t count, Init init, Random *random)
{
    switch (init.kind) {
    case INIT_CONSTANT:
        for (size_t i = 0; i < count; i++) value[i] = (float)init.value;
        return;
    case INIT_UNIFORM:
        for (size_t i = 0; i < count; i++)
            value[i] = (float)(init.value * (2 * random_uniform(random) - 1));
        return;
    case INIT_NORMAL:
    case INIT_TRUNC_NORMAL:
        fill_normal(value, count, init, random);
        return;
    }
}

void param_allocate(ParamStore *store)
{
    store->value = arena_new(store->arena, float, store->total);
}

void param_layout(ParamStore *store, uint64_t seed)
{
    param_allocate(store);
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        Random random = random_at(seed, RANDOM_INIT, hash_text(param->name), 0, 0);
        fill(store->value + param->offset, param->count, param->init, &random);
    }
}

Param *param_find(const ParamStore *store, const char *name)
{
    for (int i = 0; i < store->count; i++)
        if (strcmp(store->list[i]->name, name) == 0) return store->list[i];
    return NULL;
}
