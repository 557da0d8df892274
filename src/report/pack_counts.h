/* Labels of a pack, counted; private to report. */
#pragma once

#include "base/arena.h"
#include "data/pack.h"

typedef struct ClassCounts {
    int class;
    size_t split[SPLIT_COUNT], all; /* images */
} ClassCounts;

typedef struct PackCounts {
    const LabelGroup *group;
    size_t labelled;    /* images */
    ClassCounts *class; /* (classes), most frequent first */
    double *value;      /* (labelled) of values, rising */
} PackCounts;

/* Memory comes from `arena`. */
PackCounts pack_counts_of(const Pack *pack, const LabelGroup *group, Arena *arena);

/* (rows,columns): images with the r-th most frequent class of a and the c-th of b. */
double *pack_counts_together(const PackCounts *a, int rows, const PackCounts *b, int columns,
                             size_t records, Arena *arena);

/* Up to `most` records of a class, evenly over the pack; returns how many. */
int pack_counts_sample(const LabelGroup *group, int class, size_t records, uint32_t *record,
                       int most);
