/* A checkpoint's network in the formats of other programs (docs/formats.md). */
#pragma once

#include "io/onnx.h"
#include "models/model.h"
#include "train/checkpoint.h"
#include "train/config.h"

typedef struct Export {
    const char *path; /* of the checkpoint */
    Checkpoint checkpoint;
    Config config;
    Model model;
    Arena *arena;
} Export;

/* Loads the checkpoint and builds its network, without pack and ranks; memory comes from `arena`.
 * `path` is kept. */
bool export_open(Export *export, const char *path, Arena *arena, Error *err);

/* All heads as an ONNX file; `input` is the type of the pixels. Atomic. */
bool export_onnx(const Export *export, const char *path, OnnxType input, Error *err);

/* The trunk and one head, or none (NULL), as a safetensors file with the names of `scheme` (NULL: those that are
 * usual for the trunk's family). Atomic. */
bool export_safetensors(const Export *export, const char *path, const char *scheme,
                        const char *head, Error *err);
