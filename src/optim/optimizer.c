/* The table of optimizers, and one step: norm, clipping, update, in blocks over all workers. */
#include "optim/optimizer.h"

#include "kernels/kernels.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

extern const OptimizerType optimizer_adamw, optimizer_sgd;

static const OptimizerType *const optimizers[] = {&optimizer_adamw, &optimizer_sgd};

const char *const optimizer_names[] = {"adamw", "sgd", NULL};

/* Elements of a block; blocks begin anew at each parameter, so that they do not depend on its
 * neighbours. */
enum { BLOCK = 4096 };

const OptimizerType *optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (strcmp(optimizers[i]->name, name) == 0) return optimizers[i];
    return NULL;
}

static size_t blocks_of(const Param *param)
{
    return (param->count + BLOCK - 1) / BLOCK;
}

static size_t all_blocks(const ParamStore *store)
{
    size_t blocks = 0;
    for (int i = 0; i < store->count; i++) blocks += blocks_of(store->list[i]);
    return blocks;
}

Optimizer *optimizer_create(const OptimizerType *type, const void *options, ParamStore *store,
                            Arena *run)
{
    Optimizer *optimizer = arena_new(run, Optimizer, 1);
    *optimizer = (Optimizer){.type = type, .options = options, .store = store};
    for (int s = 0; s < type->slots; s++) optimizer->slot[s] = arena_new(run, float, store->total);
    optimizer->block_sum = arena_new(run, double, all_blocks(store) + 1);
    return optimizer;
}

/* One step's work, shared by the workers. */
typedef struct StepWork {
    Optimizer *optimizer;
    double lr;
    float grad_scale;
    GradientFn *read;
    void *context;
    atomic_int next_param;
} StepWork;

/* Parameters are dealt one at a time: there are hundreds, and their cost differs. */
static const Param *next_param(StepWork *work)
{
    int i = atomic_fetch_add(&work->next_param, 1);
    return i < work->optimizer->store->count ? work->optimizer->store->list[i] : NULL;
}

static size_t first_block(const ParamStore *store, const Param *param)
{
    size_t block = 0;
    for (int i = 0; store->list[i] != param; i++) block += blocks_of(store->list[i]);
    return block;
}

static void sum_blocks(void *context, int worker)
{
    (void)worker;
    StepWork *work = context;
    float gradient[BLOCK];
    for (const Param *param; (param = next_param(work));) {
        if (param->frozen) continue; /* its sums stay zero */
        double *sum = work->optimizer->block_sum + first_block(work->optimizer->store, param);
        for (size_t begin = 0; begin < param->count; begin += BLOCK) {
            size_t count = param->count - begin < BLOCK ? param->count - begin : BLOCK;
            work->read(work->context, param->offset + begin, gradient, count);
            *sum++ = kernels()->sum_squares(gradient, count);
        }
    }
}

static double gradient_norm(StepWork *work, Pool *pool)
{
    atomic_store(&work->next_param, 0);
    pool_run(pool, sum_blocks, work);
    double sum = 0;
    size_t blocks = all_blocks(work->optimizer->store);
    for (size_t b = 0; b < blocks; b++) sum += work->optimizer->block_sum[b];
    return sqrt(sum);
}

static void update_block(const StepWork *work, const Param *param, size_t begin, size_t count)
{
    const Optimizer *optimizer = work->optimizer;
    float gradient[BLOCK];
    if (param->frozen) return;
    size_t offset = param->offset + begin;
    work->read(work->context, offset, gradient, count);
    UpdateSlice slice = {.value = optimizer->store->value + offset,
                         .grad = gradient,
                         .count = count,
                         .decay = param->decay,
                         .lr = work->lr * param->lr_scale,
                         .grad_scale = work->grad_scale,
                         .updates = optimizer->updates};
    for (int s = 0; s < optimizer->type->slots; s++) slice.slot[s] = optimizer->slot[s] + offset;
    optimizer->type->update(optimizer->options, &slice);
}

static void update_some(void *context, int worker)
{
    (void)worker;
    StepWork *work = context;
    for (const Param *param; (param = next_param(work));)
        for (size_t begin = 0; begin < param->count; begin += BLOCK)
            update_block(work, param, begin,
                         param->count - begin < BLOCK ? param->count - begin : BLOCK);
}

double optimizer_step(Optimizer *optimizer, Pool *pool, double lr, double clip_norm,
                      GradientFn *read, void *context)
{
    StepWork work = {
        .optimizer = optimizer, .lr = lr, .grad_scale = 1, .read = read, .context = context};
    double norm = 0;
    if (clip_norm > 0) {
        norm = gradient_norm(&work, pool);
        double scale = clip_norm / (norm + 1e-6);
        if (scale < 1) work.grad_scale = (float)scale;
    }
    optimizer->updates++;
    atomic_store(&work.next_param, 0);
    pool_run(pool, update_some, &work);
    return norm;
}
