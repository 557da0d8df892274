/* Named numbers of a result, one row each; private to train. */
#pragma once

#include "io/json.h"
#include "models/head.h"

/* The measures that have a figure. */
enum {
    OF_CLASS = 1 << MEASURE_CLASS,
    OF_RANK = 1 << MEASURE_RANK,
    OF_SET = 1 << MEASURE_SET,
    OF_VALUE = 1 << MEASURE_VALUE,
    OF_ANGLE = 1 << MEASURE_ANGLE,
    OF_CLASSES = OF_CLASS | OF_RANK,
};

typedef struct Figure {
    const char *key;
    unsigned measures; /* OF_… */
    size_t offset;     /* of a double in the result */
} Figure;

/* Adds the figures of a measure to the current level; the last row has no key. */
void figures_json(const Figure *figures, const void *result, HeadMeasure measure, Json *json);
