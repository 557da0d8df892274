/* The table of optimizers, and one step: clipping, norms, update, in blocks over all workers. */
#include "optim/optimizer.h"

#include "agc.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* One row for each file X.c, which defines optimizer_X. */
#define OPTIMIZER_ROWS(ROW) ROW(adamw) ROW(sgd) ROW(lamb) ROW(lars) ROW(lion)

#define DECLARE(name) extern const OptimizerType optimizer_##name;
OPTIMIZER_ROWS(DECLARE)

#define ADDRESS(name) &optimizer_##name,
static const OptimizerType *const optimizers[] = {OPTIMIZER_ROWS(ADDRESS)};

#define NAME(name) #name,
const char *const optimizer_names[] = {OPTIMIZER_ROWS(NAME) NULL};

enum { BLOCK = OPTIMIZER_BLOCK };

const OptimizerType *optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (strcmp(optimizers[i]->name, name) == 0) return optimizers[i];
    return NULL;
}

Optimizer *optimizer_create(const OptimizerType *type, const void *options, ParamStore *store,
                            Arena *run)
{
    Optimizer *optimizer = arena_new(run, Optimizer, 1);
    *optimizer = (Optimizer){.type = type, .options = options, .store = store};
    for (int s = 0; s < type->slots; s++) optimizer->slot[s] = arena_new(run, float, store->total);
    optimizer->born = arena_new(run, uint64_t, store->count + 1);
    optimizer->first_block = arena_new(run, size_t, store->count + 1);
    optimizer->first_unit = arena_new(run, size_t, store->count + 1);
    for (int i = 0; i < store->count; i++) {
        optimizer->first_block[i] = optimizer->blocks;
        optimizer->first_unit[i] = optimizer->units;
        optimizer->blocks += (store->list[i]->count + BLOCK - 1) / BLOCK;
        optimizer->units += agc_units(store->list[i]);
    }
    optimizer->block_sum = arena_new(run, double, optimizer->blocks + 1);
    optimizer->unit_factor = arena_new(run, float, optimizer->units + 1);
    optimizer->unit_square = arena_new(run, double, 2 * optimizer->units + 1);
    return optimizer;
}

void optimizer_freeze(Optimizer *optimizer, int index, bool frozen)
{
    Param *param = optimizer->store->list[index];
    if (param->frozen && !frozen) optimizer->born[index] = optimizer->updates;
    param->frozen = frozen;
}

/* One step's work, shared by the workers. */
typedef struct StepWork {
    Optimizer *optimizer;
    double lr;
    Clip clip;
    float grad_scale;
    GradientFn *read;
    void *context;
    atomic_int next_param;
} StepWork;

/* Calls `work_on` for each parameter that learns. They are dealt one at a time: there are hundreds, and
 * their cost differs. */
static void for_some(StepWork *work, void (*work_on)(StepWork *, int))
{
    const ParamStore *store = work->optimizer->store;
    for (int i; (i = atomic_fetch_add(&work->next_param, 1)) < store->count;)
        if (!store->list[i]->frozen) work_on(work, i);
}

static void for_all(StepWork *work, Pool *pool, void (*job)(void *, int))
{
    atomic_store(&work->next_param, 0);
    pool_run(pool, job, work);
}

static size_t block_count(const Param *param, size_t begin)
{
    return param->count - begin < BLOCK ? param->count - begin : BLOCK;
}

/* The gradient of one block, clipped unit by unit. */
static void read_block(const StepWork *work, int index, size_t begin, float *gradient)
{
    const Optimizer *optimizer = work->optimizer;
    const Param *param = optimizer->store->list[index];
    size_t count = block_count(param, begin);
    work->read(work->context, param->offset + begin, gradient, count);
    if (work->clip.adaptive > 0)
        agc_apply(gradient, optimizer->unit_factor + optimizer->first_unit[index], param, begin,
                  count);
}

/* --- clipping --- */

static void find_factors(StepWork *work, int index)
{
    const Optimizer *optimizer = work->optimizer;
    const Param *param = optimizer->store->list[index];
    size_t first = optimizer->first_unit[index];
    if (agc_units(param) > 0)
        agc_factors(optimizer->unit_factor + first, optimizer->unit_square + 2 * first, param,
                    optimizer->store->value + param->offset, work->clip.adaptive, work->read,
                    work->context);
}

static void find_some_factors(void *work, int worker)
{
    (void)worker;
    for_some(work, find_factors);
}

static void sum_blocks(StepWork *work, int index)
{
    const Param *param = work->optimizer->store->list[index];
    float gradient[BLOCK];
    double *sum = work->optimizer->block_sum + work->optimizer->first_block[index];
    for (size_t begin = 0; begin < param->count; begin += BLOCK) {
        read_block(work, index, begin, gradient);
        *sum++ = kernels()->sum_squares(gradient, block_count(param, begin));
    }
}

static void sum_some_blocks(void *work, int worker)
{
    (void)worker;
    for_some(work, sum_blocks);
}

static double gradient_norm(StepWork *work, Pool *pool)
{
    const Optimizer *optimizer = work->optimizer;
    memset(optimizer->block_sum, 0, sizeof(double) * optimizer->blocks); /* of frozen ones too */
    for_all(work, pool, sum_some_blocks);
    double sum = 0;
    for (size_t b = 0; b < optimizer->blocks; b++) sum += optimizer->block_sum[b];
    return sqrt(sum);
}

/* --- update --- */

static UpdateSlice slice_at(const StepWork *work, int index, size_t begin, float *gradient)
{
    const Optimizer *optimizer = work->optimizer;
    const Param *param = optimizer->store->list[index];
    size_t offset = param->offset + begin;
    read_block(work, index, begin, gradient);
    UpdateSlice slice = {.value = optimizer->store->value + offset,
                         .grad = gradient,
                         .count = block_count(param, begin),
                         .decay = param->decay,
                         .lr = work->lr * param->lr_scale,
                         .grad_scale = work->grad_scale,
                         .updates = optimizer->updates - optimizer->born[index],
                         .trust = 1};
    for (int s = 0; s < optimizer->type->slots; s++) slice.slot[s] = optimizer->slot[s] + offset;
    return slice;
}

/* A worker has a whole parameter, so its norms are sums in the order of its blocks. */
static double find_trust(const StepWork *work, int index)
{
    const Optimizer *optimizer = work->optimizer;
    const Param *param = optimizer->store->list[index];
    float gradient[BLOCK];
    UpdateNorms squares = {0};
    UpdateSlice slice = {0};
    for (size_t begin = 0; begin < param->count; begin += BLOCK) {
        slice = slice_at(work, index, begin, gradient);
        optimizer->type->measure(optimizer->options, &slice, &squares);
    }
    UpdateNorms norms = {sqrt(squares.value), sqrt(squares.direction)};
    return optimizer->type->trust(optimizer->options, &slice, &norms);
}

static void update_param(StepWork *work, int index)
{
    const Optimizer *optimizer = work->optimizer;
    const Param *param = optimizer->store->list[index];
    float gradient[BLOCK];
    double trust = optimizer->type->measure ? find_trust(work, index) : 1;
    for (size_t begin = 0; begin < param->count; begin += BLOCK) {
        UpdateSlice slice = slice_at(work, index, begin, gradient);
        slice.trust = trust;
        optimizer->type->update(optimizer->options, &slice);
    }
}

static void update_some(void *work, int worker)
{
    (void)worker;
    for_some(work, update_param);
}

double optimizer_step(Optimizer *optimizer, Pool *pool, double lr, Clip clip, GradientFn *read,
                      void *context)
{
    StepWork work = {.optimizer = optimizer,
                     .lr = lr,
                     .clip = clip,
                     .grad_scale = 1,
                     .read = read,
                     .context = context};
    double norm = 0;
    if (clip.adaptive > 0) for_all(&work, pool, find_some_factors);
    if (clip.norm > 0) {
        norm = gradient_norm(&work, pool);
        double scale = clip.norm / (norm + 1e-6);
        if (scale < 1) work.grad_scale = (float)scale;
    }
    optimizer->updates++;
    for_all(&work, pool, update_some);
    return norm;
}
