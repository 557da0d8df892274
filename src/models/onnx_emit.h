/*
 * What the emitters of ops share: values in two layouts, parameters as constants, nodes with names.
 * ONNX's convolutions want channels first; norms and linear layers of umbel work on the last axis. A
 * tensor is emitted in the layout that comes naturally and is transposed, once, where a reader asks
 * for the other.
 */
#pragma once

#include "models/onnx.h"

#include "nn/parts.h"

/* Tensors of rank 2 and 3 are the same in both. */
typedef enum Layout {
    CHANNELS_FIRST, /* (N,C,H,W) */
    CHANNELS_LAST,  /* (N,H,W,C), as umbel has it */
    LAYOUTS,
} Layout;

/* A tensor of the graph as a value of the ONNX model. */
typedef struct Value {
    const char *name[LAYOUTS]; /* NULL: not made in this layout */
    /* A bare norm waits for the gain and bias behind it, since ONNX has them in one operator: its input,
     * channels last; NULL: it is no norm. */
    const char *norm_input;
    float norm_epsilon;
} Value;

typedef struct Emitter {
    Onnx *onnx;
    Arena *arena;
    const Model *model;
    Value *value;   /* by tensor id */
    const Op *op;   /* at work */
    int nodes;      /* of this op so far: part of their names */
    OnnxNode *node; /* the last one */
} Emitter;

typedef void EmitFn(Emitter *emitter);

/* A NULL-terminated list of names. */
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A node of the op at work; returns the name of its output. Its attributes follow by emit_int … */
const char *emit(Emitter *emitter, const char *op_type, const char *const *inputs);
void emit_int(Emitter *emitter, const char *key, int value);
void emit_ints(Emitter *emitter, const char *key, int count, const int *values);
void emit_float(Emitter *emitter, const char *key, float value);

/* Input i of the op at work in a layout. */
const char *emit_input(Emitter *emitter, int i, Layout layout);
/* Says that the op's output is the value `name`. */
void emit_output(Emitter *emitter, Layout layout, const char *name);
/* Input i, channels last, times gain plus bias. */
const char *emit_affine_input(Emitter *emitter, int i, AffineParts affine);
/* x W^T + b over the last axis. */
const char *emit_linear(Emitter *emitter, const char *x, LinearParts linear);
/* x / 2 (1 + erf(x / sqrt(2))) */
const char *emit_gelu(Emitter *emitter, const char *x);

/* --- constants; they return the name --- */

/* A parameter or a statistic as it is. */
const char *emit_param(Emitter *emitter, const Param *param);
const char *emit_state(Emitter *emitter, const Param *state);
/* (out,in) as (in,out). */
const char *emit_transposed(Emitter *emitter, const Param *matrix);
/* (out,K,K,in) as (out,in,K,K), (K,K,C) as (C,1,K,K). */
const char *emit_kernel(Emitter *emitter, const Param *kernel);
/* Numbers of the op at work; `key` tells them apart. The values are copied. */
const char *emit_floats(Emitter *emitter, const char *key, int rank, const int *dim,
                        const float *values);
const char *emit_number(Emitter *emitter, const char *key, float value);
const char *emit_integers(Emitter *emitter, const char *key, int count, const int *values);

/* --- the emitters, grouped by file --- */

/* onnx_conv.c */
EmitFn emit_conv, emit_conv_norm, emit_depthwise_norm, emit_max_pool, emit_average_pool,
    emit_mean_pool, emit_pad_shortcut;
/* onnx_rows.c */
EmitFn emit_layernorm, emit_normalize, emit_affine, emit_grn, emit_plain_linear, emit_linear_gelu,
    emit_linear_residual, emit_mlp;
/* onnx_tokens.c */
EmitFn emit_tokens, emit_attention, emit_pool_tokens;
/* onnx_heads.c */
EmitFn emit_attention_pool, emit_dropout, emit_value;
