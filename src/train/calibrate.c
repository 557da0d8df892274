/*
 * Gathering logits. Lanes are cut from the split in pack order and dealt out to the ranks in one piece each, as in
 * evaluation; rank 0 then receives the pieces in the order of the ranks, which is that of the records.
 */
#include "train/calibrate.h"

#include "base/pulse.h"
#include "base/stop.h"

#include <string.h>

typedef struct Collection {
    Engine *engine;
    const uint32_t *record; /* of the split */
    size_t images, begin;   /* `begin`: the first of this rank */
    float **logits;         /* (heads)(images of this rank,outputs); NULL: has no temperature */
    bool *bad;              /* (images of this rank) */
    atomic_size_t next_lane;
    size_t last_lane; /* exclusive */
} Collection;

bool head_has_temperature(const HeadType *type)
{
    return type->label != LABEL_VALUE;
}

/* First image of a rank's piece; of the rank behind the last one: `images`. */
static size_t first_image(size_t images, int lane, size_t rank, size_t size)
{
    size_t lanes = (images + (size_t)lane - 1) / (size_t)lane;
    size_t first = lanes * rank / size * (size_t)lane;
    return first < images ? first : images;
}

static size_t row_floats(const ModelHead *head)
{
    return (size_t)head->type->outputs(head->classes);
}

static void keep_lane(Collection *c, const LaneWorker *worker, size_t begin, size_t count)
{
    const Model *model = &c->engine->model;
    memcpy(c->bad + (begin - c->begin), worker->bad, sizeof(bool) * count);
    for (int h = 0; h < model->heads; h++) {
        size_t row = row_floats(&model->head[h]);
        if (!c->logits[h]) continue;
        memcpy(c->logits[h] + (begin - c->begin) * row,
               run_value(&worker->run, model->head[h].logits), sizeof(float) * count * row);
    }
}

static void collect_some(void *context, int index)
{
    Collection *c = context;
    LaneWorker *worker = &c->engine->worker[index];
    size_t lane, size = (size_t)c->engine->lane;
    while (!stop_requested() && (lane = atomic_fetch_add(&c->next_lane, 1)) < c->last_lane) {
        size_t begin = lane * size;
        size_t count = c->images - begin < size ? c->images - begin : size;
        memcpy(worker->record, c->record + begin, sizeof(uint32_t) * count);
        engine_load(c->engine, worker, (int)count, false, 0);
        worker->run.poll = NULL;
        graph_forward(&worker->run);
        keep_lane(c, worker, begin, count);
    }
}

/* Brings one array of (images of each rank) x `bytes` to rank 0, into `all`. */
static void gather(const Collection *c, const void *own, char *all, size_t bytes)
{
    Comm *comm = c->engine->comm;
    size_t size = (size_t)comm_size(comm), rank = (size_t)comm_rank(comm);
    for (size_t from = 0; from < size; from++) {
        size_t begin = first_image(c->images, c->engine->lane, from, size);
        size_t end = first_image(c->images, c->engine->lane, from + 1, size);
        if (rank == from && rank == 0)
            memcpy(all + begin * bytes, own, (end - begin) * bytes);
        else if (rank == from)
            comm_send(comm, own, (end - begin) * bytes, 0);
        else if (rank == 0)
            comm_receive(comm, all + begin * bytes, (end - begin) * bytes, (int)from);
    }
}

static void gather_head(const Collection *c, int h, const bool *bad, HeadAnswers *answers,
                        Arena *arena)
{
    const ModelHead *head = &c->engine->model.head[h];
    size_t row = row_floats(head);
    bool first = comm_rank(c->engine->comm) == 0;
    float *all = first ? arena_new(arena, float, c->images *row + 1) : NULL;
    gather(c, c->logits[h], (char *)all, sizeof(float) * row);
    if (!first) return;
    Target *target = arena_new(arena, Target, c->images + 1);
    for (size_t i = 0; i < c->images; i++)
        if (!bad[i]) target[i] = engine_target(c->engine, h, c->record[i], false, 0);
    *answers = (HeadAnswers){.measure = head->type->measure,
                             .classes = head->classes,
                             .outputs = (int)row,
                             .images = c->images,
                             .logits = all,
                             .target = target};
}

bool calibrate_collect(HeadAnswers *answers, size_t *bad, Engine *engine, Split split, Arena *arena)
{
    Collection c = {.engine = engine};
    c.record = pack_split(engine->pack, split, &c.images);
    size_t size = (size_t)comm_size(engine->comm), rank = (size_t)comm_rank(engine->comm);
    size_t lane = (size_t)engine->lane, lanes = (c.images + lane - 1) / lane;
    c.begin = first_image(c.images, engine->lane, rank, size);
    c.last_lane = lanes * (rank + 1) / size;
    atomic_store(&c.next_lane, lanes * rank / size);
    size_t own = c.last_lane * lane - lanes * rank / size * lane;
    c.bad = arena_new(arena, bool, own + 1);
    c.logits = arena_new(arena, float *, engine->model.heads + 1);
    for (int h = 0; h < engine->model.heads; h++)
        if (head_has_temperature(engine->model.head[h].type))
            c.logits[h] = arena_new(arena, float, own *row_floats(&engine->model.head[h]) + 1);
    pulse_phase("calibrating");
    pool_run(engine->pool, collect_some, &c);
    int64_t stopped = stop_requested();
    comm_sum_i64(engine->comm, &stopped, 1);
    if (stopped) return false;

    bool *all_bad = arena_new(arena, bool, c.images + 1);
    gather(&c, c.bad, (char *)all_bad, sizeof(bool));
    *bad = 0;
    for (size_t i = 0; i < c.images; i++) *bad += all_bad[i];
    for (int h = 0; h < engine->model.heads; h++) {
        answers[h] = (HeadAnswers){0};
        if (c.logits[h]) gather_head(&c, h, all_bad, &answers[h], arena);
    }
    return true;
}
