/*
 * What an op is made of, for those who carry a network into another form (models/onnx.h): geometry and
 * options as the graph has resolved them, parameters by their role. Parameters point into
 * graph->params, statistics into graph->state; NULL: the op has none. Each function takes ops of the
 * type that it is named after.
 */
#pragma once

#include "kernels/kernels.h"
#include "nn/graph.h"

/* conv: weight (out,K,K,C), bias. */
typedef struct ConvParts {
    ConvShape shape;
    const Param *weight, *bias;
} ConvParts;
ConvParts nn_conv_parts(const Op *op);

/* conv_norm: weight (out,K,K,C/groups), or (K,K,C) if there is a group for each channel. */
typedef struct ConvNormParts {
    ConvShape shape;
    int groups;
    Activation activation;
    float epsilon;
    const Param *weight, *gain, *bias, *mean, *variance;
} ConvNormParts;
ConvNormParts nn_conv_norm_parts(const Op *op);

/* depthwise_norm: stride 1, weight (K,K,C), bias; the norm behind it is bare. */
typedef struct DepthwiseNormParts {
    int kernel;
    float epsilon;
    const Param *weight, *bias;
} DepthwiseNormParts;
DepthwiseNormParts nn_depthwise_norm_parts(const Op *op);

/* max_pool, average_pool */
ConvShape nn_pool_shape(const Op *op);
int nn_pad_shortcut_stride(const Op *op);

typedef struct AffineParts {
    const Param *gain, *bias;
} AffineParts;
AffineParts nn_affine_parts(const Op *op);
AffineParts nn_layernorm_parts(const Op *op, float *epsilon);
float nn_normalize_epsilon(const Op *op);
AffineParts nn_grn_parts(const Op *op, float *epsilon);

/* linear, linear_gelu, linear_residual: weight (out,D), bias. */
typedef struct LinearParts {
    const Param *weight, *bias;
} LinearParts;
LinearParts nn_linear_parts(const Op *op);

typedef struct MlpParts {
    AffineParts norm;
    LinearParts fc1, fc2;
    const Param *gamma;
} MlpParts;
MlpParts nn_mlp_parts(const Op *op);

/* tokens: position (T,D), class token (D). */
typedef struct TokensParts {
    const Param *position, *class_token;
} TokensParts;
TokensParts nn_tokens_parts(const Op *op);
int nn_attention_heads(const Op *op);
/* pool_tokens: the tokens that are averaged. */
typedef struct TokenRange {
    int begin, count;
} TokenRange;
TokenRange nn_pool_tokens_range(const Op *op);
/* attention_pool: weight (D). */
const Param *nn_attention_pool_weight(const Op *op);
/* value_loss: what turns outputs into values. */
void nn_value_loss_scale(const Op *op, double *mean, double *deviation);
