/*
 * Networks from foreign files: recognising whose names a safetensors file has, and reading our
 * parameters and statistics from it.
 */
#pragma once

#include "io/safetensors.h"
#include "models/naming.h"
#include "nn/param.h"

typedef struct ForeignModel {
    const Safetensors *file;
    const Naming *naming;
    const char *kind; /* of the trunk */
    const char
        *prefix; /* of all names: "", or "module." where PyTorch's data parallelism left it */
} ForeignModel;

/* Finds the naming of `family` under which the file has most of the trunk's parameters; `path` is for
 * messages. False: it has none of them under any. */
bool foreign_open(ForeignModel *model, const Safetensors *file, const char *path,
                  const char *family, const char *kind, const ParamStore *params, Error *err);

/* Classes of the file's classifier; 0: it has none. */
int foreign_classes(const ForeignModel *model);

typedef struct ForeignOptions {
    const char *path;  /* for messages */
    const char *head;  /* the head that gets the classifier; NULL: none does */
    bool allow_unused; /* tensors that nothing asks for are no mistake; a classifier without a head
                          never is */
} ForeignOptions;

/* Reads all parameters and statistics of the trunk and of the head. Every tensor that is missing, of
 * another shape or unused is a line of the error, up to a number that people read. */
bool foreign_load(const ForeignModel *model, const ForeignOptions *options,
                  const ParamStore *params, const ParamStore *state, Error *err);
