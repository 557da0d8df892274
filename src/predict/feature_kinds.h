/* Kinds of feature files; private to predict. A kind is one file and one row in the table of features.c. */
#pragma once

#include "predict/features.h"

enum { FEATURE_ROWS = 256 }; /* that are written at once */

typedef struct FeatureKind {
    const char *ending; /* ".npy" */
    /* Makes a file for rows of `length` numbers; NULL with an error. */
    void *(*create)(const char *path, int length, Error *err);
    /* Appends up to FEATURE_ROWS rows. */
    bool (*append)(void *file, const char *const *names, const float *rows, int count, Error *err);
    /* Finishes it, unless it is not to be kept, and closes it; false: it is not whole. */
    bool (*close)(void *file, bool keep, Error *err);
} FeatureKind;

extern const FeatureKind feature_kind_h5, feature_kind_npy;
