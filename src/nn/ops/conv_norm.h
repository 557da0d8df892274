/* What computes the op (conv_norm.c) and what adds it to a graph (conv_norm_build.c) share. */
#pragma once

#include "conv.h"
#include "nn/graph.h"

enum { WEIGHT, GAIN, BIAS };             /* parameters */
enum { RUNNING_MEAN, RUNNING_VAR };      /* statistics */
enum { CONV_OUT, MEAN, RSTD, ARGUMENT }; /* kept for backward; ARGUMENT of SiLU alone */

typedef struct ConvNormOptions {
    Convolution conv;
    bool depthwise; /* a group for each channel: not as products */
    bool fixed;     /* the running statistics take the place of the lane's */
    Activation activation;
    float epsilon, drop_path;
} ConvNormOptions;

extern const OpType conv_norm_type;
