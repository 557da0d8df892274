/* Feature vectors to a file, row by row, under a temporary name until all are there. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct FeatureFile FeatureFile;

/* By the name's ending: FILE.h5 has the arrays `features`, float32 (images,length), and `paths`; FILE.npy the features
 * alone. NULL with an error: another ending, or it cannot be made. */
FeatureFile *feature_file_create(const char *path, int length, Error *err);

/* The features of the next image; NULL, of one that could not be read, is a row of NaN. */
bool feature_file_add(FeatureFile *file, const char *name, const float *features, Error *err);

/* Gives the file its name, or with `keep` false or on an error removes it. NULL is allowed. */
bool feature_file_close(FeatureFile *file, bool keep, Error *err);
