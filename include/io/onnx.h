/*
 * ONNX models: nodes (operators of the standard set) over named values, constants, inputs, outputs and
 * texts for whoever reads the file. Through protobuf-c; onnx.c is the only file that includes its
 * headers. A model is built piece by piece, nodes in the order in which they are computed, then
 * written at once. Names and texts are copied, constants are not.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

typedef struct Onnx Onnx;         /* a model under construction */
typedef struct OnnxNode OnnxNode; /* one of its nodes */

/* Element types, by ONNX's numbers. */
typedef enum OnnxType { ONNX_F32 = 1, ONNX_U8 = 2, ONNX_I64 = 7 } OnnxType;

enum {
    ONNX_OPSET = 17,     /* version of the operators */
    ONNX_IR_VERSION = 8, /* of the file format: the one that came with that set */
    ONNX_RANK_MAX = 5,
    ONNX_BATCH = -1, /* as a dimension: any number of images */
};

/* Memory comes from `arena`. */
Onnx *onnx_create(Arena *arena, const char *graph_name);

/* `dim` has `rank` entries, ONNX_BATCH allowed. */
void onnx_add_input(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim);
void onnx_add_output(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim);
void onnx_add_metadata(Onnx *onnx, const char *key, const char *value);

/* A named array, row-major; `data` is read by onnx_write and must live until then. */
void onnx_add_constant(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim,
                       const void *data);

/* A node that computes `output` from `inputs` (NULL-terminated); it is valid until onnx_write. */
OnnxNode *onnx_add_node(Onnx *onnx, const char *op_type, const char *const *inputs,
                        const char *output);
/* A further output, behind the first. */
void onnx_node_output(OnnxNode *node, const char *name);
void onnx_node_int(OnnxNode *node, const char *key, int64_t value);
void onnx_node_ints(OnnxNode *node, const char *key, int count, const int *values);
void onnx_node_float(OnnxNode *node, const char *key, float value);

/* Writes the file atomically; the same model gives the same bytes. Two values of one name are ERROR_DATA, as are more than
 * 2 GiB, which protobuf cannot hold. */
bool onnx_write(const Onnx *onnx, const char *path, Error *err);
