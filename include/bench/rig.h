/*
 * A rig for measurements: the configured training in a temporary folder, silent, on still pictures
 * with made-up labels or on the configured pack. Everything here is collective.
 */
#pragma once

#include "dist/reduce.h"
#include "train/trainer.h"

enum { RIG_HEADS_MAX = 16 };

/* Heads of still pictures: names and numbers of classes. */
typedef struct RigHeads {
    const char *name[RIG_HEADS_MAX];
    int classes[RIG_HEADS_MAX];
    int count;
} RigHeads;

/* "22,176,7" as heads; their names are those of the configuration's heads where it names as many, else
 * head1, head2, … False if it is no list of at least one number of 2 or more (ERROR_USAGE). Memory
 * comes from `run`. */
bool rig_heads_parse(RigHeads *heads, const char *list, const Config *config, Arena *run,
                     Error *err);

/* Those of the configured pack. Memory comes from `run`. */
bool rig_heads_of_pack(RigHeads *heads, const Config *config, Arena *run, Error *err);

typedef struct RigOptions {
    Comm *comm;
    const Config *config;
    const RigHeads *still; /* heads for still pictures; NULL: the configured pack and its heads */
} RigOptions;

typedef struct Rig {
    Comm *comm;
    Arena *arena;
    Config config; /* a copy, changed to suit */
    char folder[OPTION_TEXT_BYTES / 2];
    Trainer *trainer;
} Rig;

bool rig_open(Rig *rig, const RigOptions *options, Error *err);
/* Also after a rig_open that failed. */
void rig_close(Rig *rig);

/* A training step; seconds, the longest over ranks. */
double rig_step(Rig *rig);
/* Images per second of an evaluation: the validation images, all ranks. 0 if there are none. */
double rig_evaluate(Rig *rig);
