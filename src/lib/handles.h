/* What the handles of umbel.h point to. Private to lib. */
#pragma once

#include "train/restore.h"
#include "umbel.h"

struct UmbelModel {
    Arena *arena;
    Config config;
    CheckpointHead *head; /* (heads) */
    int heads;
    ModelSpec spec; /* with the lane that it was trained with */
    Model network;  /* for a lane of one image: its stores hold the values of all contexts */
    float *prepared;
};

/* Tells the caller, who may not want to know, what `err` holds. */
void report_error(UmbelError *error, const Error *err);
