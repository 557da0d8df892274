/* Records prepared ahead, in order: blocks of them are read, checked and, if asked to, re-encoded on all cores of a
 * rank while the calling thread sends or writes those before. Private to data. */
#pragma once

#include "record.h"

enum { BLOCK_RECORDS = 64 };

typedef struct Block {
    size_t place, count;          /* the first of the pipeline's records, and how many */
    Record record[BLOCK_RECORDS]; /* (count); without data where it failed */
} Block;

typedef struct Pipeline Pipeline;

/* What is to be prepared: `count` records of the listing by their numbers, which rise. */
typedef struct PipelineInput {
    const Listing *listing;
    const PackOptions *options;
    const size_t *number; /* (count) */
    size_t count;
} PipelineInput;

/* Calls take(context, pipeline) on the calling thread while others prepare records. It may return before it has
 * had all of them. Two blocks are in memory at a time, on more than BLOCK_RECORDS cores a little more. */
void pipeline_run(const PipelineInput *input, void (*take)(void *context, Pipeline *pipeline),
                  void *context);
/* Waits for the next block, of BLOCK_RECORDS unless it is the last; NULL after that. Whoever takes over the bytes of
 * a record sets its data to NULL; what is left is freed when the next block is asked for. */
Block *pipeline_next(Pipeline *pipeline);

/* Frees the bytes of its records. */
void block_drop(Block *block);
