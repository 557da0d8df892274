/*
 * A model as an ONNX graph for inference, made from its ops: the one description of a network is the
 * graph that the trunk has built. Each op type has an emitter in a table of src/models/onnx.c.
 */
#pragma once

#include "io/onnx.h"
#include "models/model.h"

typedef struct ModelOnnx {
    OnnxType input; /* ONNX_F32 or ONNX_U8: type of the pixels, which are 0 … 255 in both */
    float scale[3], shift[3]; /* of red, green and blue, from a pixel to the network's input */
} ModelOnnx;

/* Adds to `onnx`: the input "images" (batch,3,H,W), RGB; the nodes that lead to logits, normalisation
 * first; for each head an output with its name: what its last layer gives (batch,outputs), or the
 * predictions where its type says so. Every parameter is a
 * constant under its name, in the order of axes that ONNX asks for. Reads the model's values, which must live until
 * onnx_write; memory comes from `arena`. An op without an emitter is an error. */
bool model_to_onnx(const Model *model, const ModelOnnx *options, Onnx *onnx, Arena *arena,
                   Error *err);
