/* What a configuration means for a pack, before anything is built: its heads, its model, its size.
 */
#pragma once

#include "data/flips.h"
#include "data/pack.h"
#include "models/model.h"
#include "train/config.h"
#include "train/engine.h"

/* Heads default to all label groups of the pack; each one named must be a label group that its kind can learn, and
 * gets the usual kind if it names none. All mistakes at once. Memory comes from `run`. */
bool plan_heads(Config *config, const Pack *pack, Arena *run, Error *err);

/* The heads of a configuration that plan_heads has settled, with the facts of the training split. */
HeadSpec *plan_head_specs(const Config *config, const Pack *pack, Arena *run);

/* The classes of such a head in the order of its predictions: names (classes of its label group). */
const char *const *plan_class_names(const Config *config, int head, const Pack *pack, Arena *run);

/* The model of a configuration whose heads plan_heads has settled. Memory comes from `run`. */
ModelSpec plan_model(const Config *config, const Pack *pack, Arena *run);
/* The same with heads from elsewhere: (config->head_count), which must outlive the model. */
ModelSpec plan_model_with(const Config *config, const HeadSpec *head, Arena *run);

enum { PLAN_FORMS_MAX = 64 };

/* The forms that the network has in the course of a run. */
typedef struct FormPlan {
    EngineForm *form; /* (forms): image and freeze; 0 forms: the network stays as it is */
    int forms;
    int *of_epoch; /* (epochs): index of a form */
} FormPlan;

/* The forms that progressive resizing and gradual unfreezing ask for. Memory comes from `run`. */
bool plan_forms(const Config *config, const Pack *pack, FormPlan *plan, Arena *run, Error *err);

/* (heads): what horizontal (0) or vertical (1) flips make of each head's labels, by its rules (data/flips.h); NULL if no
 * head has any. Mistakes are in terms of the key. */
bool plan_flips(const Config *config, const Pack *pack, int direction, const FlipRule **rules,
                Arena *run, Error *err);
/* Warns of angles whose pictures are turned over without a rule. */
void plan_flips_warn(const Config *config);

/* Bytes. */
typedef struct Footprint {
    uint64_t rank; /* memory of a rank with `workers` workers, without program and libraries */
    uint64_t node; /* memory that the ranks of a node share besides: node_reduce */
    uint64_t checkpoint; /* one file */
    uint64_t parameters; /* their number, without padding */
} Footprint;

/* The size of a run, from the planned network; nothing of that size is allocated. False if the
 * network cannot be built (ERROR_USAGE). */
bool plan_footprint(const Config *config, const ModelSpec *spec, int workers, Footprint *footprint,
                    Error *err);
