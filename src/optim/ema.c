/* The moving average of a network's weights (Polyak and Juditsky 1992). */
#include "optim/ema.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(EmaOptions, member)
const Option ema_options[] = {
    {.key = "decay",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(decay),
     .fallback = "0",
     .low = 0,
     .high = 0.9999999,
     .help =
         "share of a moving average of the weights that each update keeps; the average is what is "
         "validated, evaluated and exported; 0: none"},
    {.key = "warmup",
     .type = OPTION_BOOL,
     .added = true,
     .offset = AT(warmup),
     .fallback = "true",
     .help = "let the average follow quickly at first: its decay is at most (1 + updates) / (10 + "
             "updates)"},
    {.key = NULL},
};
#undef AT

Ema *ema_create(const EmaOptions *options, const ParamStore *params, const ParamStore *state,
                Arena *run)
{
    Ema *ema = arena_new(run, Ema, 1);
    *ema = (Ema){.options = options,
                 .params = params,
                 .state = state,
                 .param_value = arena_new(run, float, params->total + 1),
                 .state_value = arena_new(run, float, state->total + 1)};
    return ema;
}

void ema_begin(Ema *ema)
{
    memcpy(ema->param_value, ema->params->value, sizeof(float) * ema->params->total);
    memcpy(ema->state_value, ema->state->value, sizeof(float) * ema->state->total);
}

/* One update, shared by the workers. */
typedef struct EmaWork {
    const Ema *ema;
    float rest; /* 1 - decay */
    atomic_int next_param;
} EmaWork;

static void follow(float *average, const ParamStore *store, size_t begin, size_t count, float rest)
{
    const float *value = store->value + begin;
    average += begin;
    for (size_t i = 0; i < count; i++) average[i] += rest * (value[i] - average[i]);
}

static void update_some(void *context, int worker)
{
    EmaWork *work = context;
    const Ema *ema = work->ema;
    const ParamStore *params = ema->params;
    for (int i; (i = atomic_fetch_add(&work->next_param, 1)) < params->count;)
        if (!params->list[i]->frozen)
            follow(ema->param_value, params, params->list[i]->offset, params->list[i]->count,
                   work->rest);
    if (worker == 0) follow(ema->state_value, ema->state, 0, ema->state->total, work->rest);
}

void ema_update(Ema *ema, Pool *pool, uint64_t updates)
{
    double decay = ema->options->decay, quick = (1 + (double)updates) / (10 + (double)updates);
    if (ema->options->warmup && quick < decay) decay = quick;
    EmaWork work = {.ema = ema, .rest = (float)(1 - decay)};
    pool_run(pool, update_some, &work);
}
