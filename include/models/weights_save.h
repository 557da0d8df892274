/* A model's numbers as a safetensors file with the names and layouts of another program. */
#pragma once

#include "models/model.h"
#include "models/naming.h"

typedef struct WeightsSave {
    const Naming *naming;        /* whose names */
    const char *kind;            /* of the trunk */
    const char *head;            /* becomes the classifier; NULL: the trunk alone is written */
    const char *const *metadata; /* pairs of key and value, NULL at the end; NULL: none */
} WeightsSave;

/* Writes parameters and statistics of the trunk and of one head atomically. An array for which the
 * naming has no name is an error, since without it the file would not be the network. Memory comes
 * from `arena`. */
bool weights_save(const Model *model, const WeightsSave *options, const char *path, Arena *arena,
                  Error *err);
