/*
 * A bounded buffer of blocks. Workers take the numbers of records in rising order and put what they make of them
 * into their places; the last one to fill a block hands it over. A worker is one of two on its core, so that one
 * decodes while the other waits for a file.
 */
#include "pack_pipeline.h"

#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_PER_CORE = 2 };

typedef struct Slot {
    Block block;
    size_t filled; /* records of it */
} Slot;

struct Pipeline {
    const PipelineInput *input;
    FileSource files;
    RecordSource *source;
    Image *image; /* (workers of the pool); that of worker 0 is not used */
    Slot *slot;   /* (slots): block b lies in slot b % slots */
    size_t slots;
    void (*take)(void *context, Pipeline *pipeline);
    void *context;
    pthread_mutex_t turn; /* to read, of a source that is read in order; taken before `lock` */
    size_t given;         /* blocks that have been handed over; of the calling thread */
    pthread_mutex_t lock; /* of all below and of `filled` */
    pthread_cond_t room, full;
    size_t begun; /* records that workers have taken */
    size_t freed; /* blocks that have been handed over, and whose slots are free again */
    bool stopped; /* no more are wanted */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t block_count(const Pipeline *pipeline, size_t block)
{
    return smaller(BLOCK_RECORDS, pipeline->input->count - block * BLOCK_RECORDS);
}

static Slot *slot_of(const Pipeline *pipeline, size_t block)
{
    return &pipeline->slot[block % pipeline->slots];
}

static Record *record_at(const Pipeline *pipeline, size_t place)
{
    return &slot_of(pipeline, place / BLOCK_RECORDS)->block.record[place % BLOCK_RECORDS];
}

/* --- workers --- */

/* The place of the next record, once there is room for it; false if there are no more. */
static bool begin_record(Pipeline *pipeline, size_t *place)
{
    pthread_mutex_lock(&pipeline->lock);
    while (!pipeline->stopped && pipeline->begun < pipeline->input->count &&
           pipeline->begun / BLOCK_RECORDS >= pipeline->freed + pipeline->slots)
        pthread_cond_wait(&pipeline->room, &pipeline->lock);
    bool begun = !pipeline->stopped && pipeline->begun < pipeline->input->count;
    if (begun) *place = pipeline->begun++;
    pthread_mutex_unlock(&pipeline->lock);
    return begun;
}

/* The next record with its bytes or the error that kept them away. */
static bool read_record(Pipeline *pipeline, size_t *place)
{
    RecordSource *source = pipeline->source;
    if (source->in_order) pthread_mutex_lock(&pipeline->turn);
    bool begun = begin_record(pipeline, place);
    if (begun) record_read(record_at(pipeline, *place), source, pipeline->input->number[*place]);
    if (source->in_order) pthread_mutex_unlock(&pipeline->turn);
    return begun;
}

static void end_record(Pipeline *pipeline, size_t place)
{
    size_t block = place / BLOCK_RECORDS;
    pthread_mutex_lock(&pipeline->lock);
    if (++slot_of(pipeline, block)->filled == block_count(pipeline, block))
        pthread_cond_signal(&pipeline->full);
    pthread_mutex_unlock(&pipeline->lock);
}

static void prepare_records(Pipeline *pipeline, Image *image)
{
    size_t place;
    while (read_record(pipeline, &place)) {
        Record *record = record_at(pipeline, place);
        if (record->err.kind != ERROR_NONE ||
            !record_prepare(record, pipeline->input->options, image))
            record_fail(record, pipeline->source, pipeline->input->number[place]);
        end_record(pipeline, place);
    }
}

/* --- the calling thread --- */

void block_drop(Block *block)
{
    for (size_t i = 0; i < block->count; i++) free(block->record[i].data);
    memset(block, 0, sizeof *block);
}

/* The slot of the block that was handed over last is free again. */
static void free_slot(Pipeline *pipeline)
{
    Slot *slot = slot_of(pipeline, pipeline->freed);
    block_drop(&slot->block);
    pthread_mutex_lock(&pipeline->lock);
    slot->filled = 0;
    pipeline->freed++;
    pthread_cond_broadcast(&pipeline->room);
    pthread_mutex_unlock(&pipeline->lock);
}

Block *pipeline_next(Pipeline *pipeline)
{
    size_t next = pipeline->given;
    if (pipeline->freed < next) free_slot(pipeline);
    if (next * BLOCK_RECORDS >= pipeline->input->count) return NULL;
    Slot *slot = slot_of(pipeline, next);
    size_t count = block_count(pipeline, next);
    pthread_mutex_lock(&pipeline->lock);
    while (slot->filled < count) pthread_cond_wait(&pipeline->full, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
    slot->block.place = next * BLOCK_RECORDS;
    slot->block.count = count;
    pipeline->given++;
    return &slot->block;
}

static void stop(Pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->lock);
    pipeline->stopped = true;
    pthread_cond_broadcast(&pipeline->room);
    pthread_mutex_unlock(&pipeline->lock);
}

/* --- both --- */

/* MPI may only be called from worker 0. */
static void run_worker(void *context, int worker)
{
    Pipeline *pipeline = context;
    if (worker > 0) {
        prepare_records(pipeline, &pipeline->image[worker]);
        return;
    }
    pipeline->take(pipeline->context, pipeline);
    stop(pipeline);
}

static Pipeline *create(const PipelineInput *input, int workers)
{
    Pipeline *pipeline = calloc(1, sizeof *pipeline);
    size_t slots = 2 + (size_t)workers / BLOCK_RECORDS;
    Slot *slot = calloc(slots, sizeof *slot);
    Image *image = calloc((size_t)workers, sizeof *image);
    if (!pipeline || !slot || !image) die("pack: out of memory");
    *pipeline = (Pipeline){.input = input, .image = image, .slot = slot, .slots = slots};
    pipeline->files = file_source(input->listing, input->options->root);
    pipeline->source = input->listing->source ? input->listing->source : &pipeline->files.source;
    pthread_mutex_init(&pipeline->turn, NULL);
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->room, NULL);
    pthread_cond_init(&pipeline->full, NULL);
    return pipeline;
}

static void destroy(Pipeline *pipeline, int workers)
{
    for (size_t s = 0; s < pipeline->slots; s++) {
        pipeline->slot[s].block.count = BLOCK_RECORDS; /* also of one that was never full */
        block_drop(&pipeline->slot[s].block);
    }
    for (int w = 0; w < workers; w++) image_free(&pipeline->image[w]);
    pthread_cond_destroy(&pipeline->full);
    pthread_cond_destroy(&pipeline->room);
    pthread_mutex_destroy(&pipeline->lock);
    pthread_mutex_destroy(&pipeline->turn);
    free(pipeline->image);
    free(pipeline->slot);
    free(pipeline);
}

void pipeline_run(const PipelineInput *input, void (*take)(void *context, Pipeline *pipeline),
                  void *context)
{
    int workers = 1 + WORKERS_PER_CORE * pool_cores();
    if (workers > WORKERS_MAX) workers = WORKERS_MAX;
    Pool *pool = pool_create(workers);
    Pipeline *pipeline = create(input, workers);
    pipeline->take = take;
    pipeline->context = context;
    pool_run(pool, run_worker, pipeline);
    pool_destroy(pool);
    destroy(pipeline, workers);
}
