/* Networks of other programs as checkpoints of step 0. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct ImportOptions {
    const char *path;    /* a safetensors file */
    const char *kind;    /* of the trunk */
    const char *out;     /* the checkpoint to write */
    const char *head;    /* name of the classifier's head; ignored if the file has no classifier */
    const char *classes; /* file of its class names; NULL: numbers, which take a pack's order */
    const char *const *set;
    int sets;          /* "key=value" of the configuration that goes into the checkpoint */
    bool allow_unused; /* tensors that the trunk has no place for are left out */
} ImportOptions;

typedef struct ImportReport {
    const char *scheme; /* whose names the file has */
    int classes;        /* 0: the file has no classifier */
    int image;
    size_t parameters;
} ImportReport;

/* Reads the file, writes the checkpoint. All mistakes at once. */
bool import_weights(const ImportOptions *options, ImportReport *report, Error *err);
