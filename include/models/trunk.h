/*
 * Trunks: networks from images (N,H,W,3) to features (N,D). A new one is one file trunk_X.c and one
 * row in the table of trunk.c.
 */
#pragma once

#include "base/option.h"
#include "nn/graph.h"

/* How published networks of a family see their pictures. */
typedef struct Preprocessing {
    int image;   /* side, pixels */
    double crop; /* share of the shorter side that the centre crop keeps */
    double mean[3], deviation[3];
    const char *interpolation; /* as in augment.interpolation */
} Preprocessing;

#define IMAGENET_MEAN                                                                              \
    {                                                                                              \
        0.485, 0.456, 0.406                                                                        \
    }
#define IMAGENET_DEVIATION                                                                         \
    {                                                                                              \
        0.229, 0.224, 0.225                                                                        \
    }

typedef struct TrunkType {
    const char *name; /* family: "convnext" */
    const char *const
        *kinds; /* NULL-terminated; what the configuration names: "convnext_atto", … */
    const Option *options;
    size_t options_bytes;
    Preprocessing preprocessing;
    /* Adds the network to the graph, under the graph's current scope; `kind` is an index into
     * kinds. Returns the features (N,D). Mistakes (an image too small) go into the graph's error.
     */
    Tensor *(*build)(Graph *graph, int kind, const void *options, Tensor *images);
} TrunkType;

/* The family that has `kind`, and its index there; NULL: no such kind. */
const TrunkType *trunk_find(const char *kind, int *index);
/* All kinds of all families, NULL-terminated, in table order. */
const char *const *trunk_kinds(void);
