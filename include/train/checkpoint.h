/*
 * Checkpoints: everything a run needs to go on, in one sealed HDF5 file (docs/formats.md). Also the
 * in-memory view of one, whether it was loaded or is about to be saved; the digest is a function of
 * it.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "models/head.h"
#include "nn/param.h"
#include "train/watch.h"

#include <stdint.h>

enum { CHECKPOINT_VERSION = 2 };

/* A named array of floats. */
typedef struct CheckpointArray {
    const char *group; /* "param", "slot/m", "state", "ema", "ema_state", "best_param", … */
    const char *name;  /* of the parameter */
    Shape shape;
    float *value;
} CheckpointArray;

/* What the configuration does not tell of a head. */
typedef struct CheckpointHead {
    const char *name;
    int classes; /* 0: its labels are values */
    const char *const *class_name;
    HeadFacts facts;
} CheckpointHead;

/* State that is a list of numbers. */
typedef struct CheckpointNumbers {
    double *value;
    size_t count; /* 0: there is none */
} CheckpointNumbers;

typedef struct Checkpoint {
    const char *config; /* as resolved, YAML */
    uint64_t step, epoch, updates, skipped;
    uint64_t validated;      /* step of the last validation */
    uint64_t bad;            /* unreadable images in the epoch so far */
    uint64_t skipped_in_row; /* steps, up to this one */
    CheckpointHead *head;
    int heads;
    CheckpointArray *array; /* parameters, slots, statistics, each in store order */
    int arrays;
    Watch watch;
    CheckpointNumbers balance;      /* as in Balancer */
    CheckpointNumbers interference; /* as in Interference: sums, then steps */
    CheckpointNumbers front;        /* as front_to_numbers makes them */
    uint64_t *born;                 /* (parameters), as in Optimizer; NULL: all zero */
    int params;
    double *
        best; /* (heads + 1): best validation score so far per head (head_score), and joint accuracy; -1: none */
    /* (heads + 2): steps of the best validations: of each head, joint, weighted; 0: none; NULL: not known */
    uint64_t *best_step;
    /* (heads): validations in a row without a better score, counted until the head has finished; NULL: all
     * zero */
    uint64_t *stale;
    Hash128 pack; /* hash of the pack that it was trained on */
    const char
        *provenance; /* "name: value" lines: program, ISA, libraries; for people and warnings */
} Checkpoint;

/* Adds the arrays of `flat`, which is parallel to `store`, in store order; names and values are not
 * copied. The list comes from `arena`. */
void checkpoint_add_store(Checkpoint *checkpoint, const char *group, const ParamStore *store,
                          float *flat, Arena *arena);

/* Writes `checkpoint` to `path` atomically and sealed. */
bool checkpoint_save(const Checkpoint *checkpoint, const char *path, Error *err);

/* Loads into memory of `arena`. */
bool checkpoint_load(Checkpoint *checkpoint, const char *path, Arena *arena, Error *err);

/* Loads the configuration alone. */
bool checkpoint_load_config(const char **config, const char *path, Arena *arena, Error *err);

/* The group that the network is read from for use: "param" or "state", or the averages of the same if
 * there are any. */
const char *checkpoint_group(const Checkpoint *checkpoint, const char *group);

/* NULL: no such array. */
const CheckpointArray *checkpoint_find(const Checkpoint *checkpoint, const char *group,
                                       const char *name);

/* Copies the arrays of one group into a flat array parallel to `store`. Each parameter must be
 * there with its shape; all that are not are reported. */
bool checkpoint_copy(const Checkpoint *checkpoint, const char *group, const ParamStore *store,
                     float *flat, Error *err);

/* The digest as docs/formats.md defines it: arrays in order, step, epoch, and the configuration's
 * keys that shape the trajectory. False if the stored configuration cannot be read. */
bool checkpoint_digest(const Checkpoint *checkpoint, Hash128 *digest, Error *err);
