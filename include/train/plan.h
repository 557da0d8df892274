/* What a configuration means for a pack, before anything is built: its heads, its model, its size.
 */
#pragma once

#include "data/pack.h"
#include "models/model.h"
#include "train/config.h"

/* Heads default to all label groups of the pack; each one named must be a label group that its kind can learn, and
 * gets the usual kind if it names none. All mistakes at once. Memory comes from `run`. */
bool plan_heads(Config *config, const Pack *pack, Arena *run, Error *err);

/* The heads of a configuration that plan_heads has settled, with the facts of the training split. */
HeadSpec *plan_head_specs(const Config *config, const Pack *pack, Arena *run);

/* The model of a configuration whose heads plan_heads has settled. Memory comes from `run`. */
ModelSpec plan_model(const Config *config, const Pack *pack, Arena *run);

/* Bytes. */
typedef struct Footprint {
    uint64_t rank; /* memory of a rank with `workers` workers, without program and libraries */
    uint64_t node; /* memory that the ranks of a node share besides: node_reduce */
    uint64_t checkpoint; /* one file */
    uint64_t parameters; /* their number, without padding */
} Footprint;

/* The size of a run, from the planned network; nothing of that size is allocated. False if the
 * network cannot be built (ERROR_USAGE). */
bool plan_footprint(const Config *config, const Pack *pack, int workers, Footprint *footprint,
                    Error *err);
