/* The classes that sampling balances: those of one head, or combinations of those of all. */
#include "trainer.h"

#include <stdlib.h>

/* A record's class so far, and its label in one more head. */
typedef struct Pair {
    int64_t key;
    size_t at;
} Pair;

static int by_key(const void *a, const void *b)
{
    int64_t x = ((const Pair *)a)->key, y = ((const Pair *)b)->key;
    return x < y ? -1 : x > y;
}

/* class_of (count) becomes the number of each record's pair of (class, label) among all pairs that occur,
 * in their order. Returns how many occur. */
static int combine(int32_t *class_of, const int32_t *label, int labels, const uint32_t *records,
                   size_t count)
{
    Pair *pair = malloc(sizeof *pair * (count + 1));
    if (!pair) die("sampling: out of memory");
    for (size_t i = 0; i < count; i++) {
        int32_t own = label[records[i]];
        pair[i] = (Pair){(int64_t)class_of[i] * (labels + 1) + (own < 0 ? 0 : own + 1), i};
    }
    qsort(pair, count, sizeof *pair, by_key);
    int classes = 0;
    for (size_t i = 0; i < count; i++) {
        classes += i == 0 || pair[i].key != pair[i - 1].key;
        class_of[pair[i].at] = classes - 1;
    }
    free(pair);
    return classes;
}

static int classes_of_head(const Trainer *trainer, int32_t *class_of, const uint32_t *records,
                           size_t count)
{
    int h = config_find_head(trainer->config, trainer->config->balance_by);
    for (size_t i = 0; i < count; i++) class_of[i] = trainer->engine.label[h][records[i]];
    return trainer->engine.model.head[h].classes;
}

void trainer_open_sampler(Trainer *trainer)
{
    const Config *config = trainer->config;
    const Engine *engine = &trainer->engine;
    BalanceKind kind = (BalanceKind)config->balance;
    size_t count;
    const uint32_t *records = pack_split(trainer->pack, SPLIT_TRAIN, &count);
    int32_t *class_of = NULL;
    int classes = 0;
    if (kind != BALANCE_NONE) {
        class_of = arena_new(trainer->arena, int32_t, count);
        if (*config->balance_by)
            classes = classes_of_head(trainer, class_of, records, count);
        else
            for (int h = 0; h < config->head_count; h++)
                classes = combine(class_of, engine->label[h], engine->model.head[h].classes,
                                  records, count);
    }
    trainer->sampler = sampler_create(records, count, kind, class_of, classes, trainer->arena);
}
