/* A block of records on all workers. */
#include "pack_block.h"

#include <stdlib.h>
#include <string.h>

Block *block_create(const Listing *listing, const PackOptions *options)
{
    int workers = pool_cores();
    Block *block = calloc(1, sizeof *block);
    Image *image = calloc((size_t)workers, sizeof *image);
    if (!block || !image) die("pack: out of memory");
    block->listing = listing;
    block->options = options;
    block->image = image;
    block->files = file_source(listing, options->root);
    block->source = listing->source ? listing->source : &block->files.source;
    block->pool = pool_create(workers);
    pthread_mutex_init(&block->turn, NULL);
    return block;
}

void block_destroy(Block *block)
{
    for (int w = 0; w < pool_workers(block->pool); w++) image_free(&block->image[w]);
    pthread_mutex_destroy(&block->turn);
    pool_destroy(block->pool);
    free(block->image);
    free(block);
}

void block_set(Block *block, size_t begin, size_t end)
{
    block->begin = begin;
    block->count = end - begin < BLOCK_RECORDS ? end - begin : BLOCK_RECORDS;
    memset(block->record, 0, sizeof block->record);
}

/* The next record of the block, with its bytes or the error that kept them away. */
static bool take_record(Block *block, size_t *i)
{
    RecordSource *source = block->source;
    if (source->in_order) pthread_mutex_lock(&block->turn);
    *i = atomic_fetch_add(&block->next, 1);
    bool taken = *i < block->count;
    if (taken) record_read(&block->record[*i], source, block->begin + *i);
    if (source->in_order) pthread_mutex_unlock(&block->turn);
    return taken;
}

static void load_some(void *context, int worker)
{
    Block *block = context;
    size_t i;
    while (take_record(block, &i)) {
        Record *record = &block->record[i];
        if (record->err.kind == ERROR_NONE &&
            record_prepare(record, block->options, &block->image[worker]))
            continue;
        record_fail(record, block->source, block->begin + i);
    }
}

void block_load(Block *block)
{
    atomic_store(&block->next, 0);
    pool_run(block->pool, load_some, block);
}

void block_drop(Block *block)
{
    for (size_t i = 0; i < block->count; i++) free(block->record[i].data);
    block->count = 0;
}
