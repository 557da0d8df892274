/*
 * Where the time of training steps goes, from the spans of a rank's workers. Times are those of
 * threads: two workers that compute for a second have spent two.
 */
#pragma once

#include "bench/rig.h"
#include "nn/work.h"

typedef struct OpTime {
    const char *name, *type;
    Work work;                     /* of an image */
    double forward, backward, sum; /* seconds per step, all workers of the rank */
} OpTime;

typedef struct Profile {
    int workers, steps, ops;
    double images; /* that this rank computes in a step, mean */
    int lane;
    OpTime *op;              /* (ops) */
    double kind[SPAN_KINDS]; /* seconds per step; of optimizer and prepare: of the main thread */
    Spans *spans;            /* (workers): of the last step */
} Profile;

/* Begins to watch the rig; memory comes from `run`, so that the profile outlives the rig. Local. */
void profile_begin(Profile *profile, Rig *rig, Arena *run);
/* Adds the step that has just been taken. */
void profile_add_step(Profile *profile);
/* Turns sums into means per step, and ends the watch. */
void profile_end(Profile *profile, Rig *rig);

/* The ops by their time, longest first: (ops) indices into `op`, from `run`. */
int *profile_slowest(const Profile *profile, Arena *run);
double op_time_total(const OpTime *time);
/* Operations of floating point per second and worker while the op was at work; 0: it counts none. */
double op_time_flops(const Profile *profile, const OpTime *time);

/* The last step's spans in the format of chrome://tracing and Perfetto: one line of time per worker. */
bool profile_write_trace(const Profile *profile, const char *path, Error *err);
