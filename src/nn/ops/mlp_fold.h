/*
 * The folded weights of the MLP (mlp.c tells the algebra): made once per step, in panels, and shared
 * by the workers; and the way back from gradients of folded weights to those of the parameters.
 */
#pragma once

#include "nn/run.h"

enum { MLP_NORM_GAIN, MLP_NORM_BIAS, MLP_FC1, MLP_FC1_BIAS, MLP_FC2, MLP_FC2_BIAS, MLP_GAMMA };

typedef struct MlpFolded {
    float *w1t; /* W1'^T (C,hidden), in panels, as all four */
    float *w1;  /* W1' (hidden,C) */
    float *w2t; /* W2'^T (hidden,C) */
    float *w2;  /* W2' (C,hidden) */
    float *b1;  /* (hidden), zeros up to whole panels behind it */
    float *b2;  /* (C) */
} MlpFolded;

size_t mlp_prepared(const Op *op);
void mlp_prepare(const Op *op, const float *value, float *base);
MlpFolded mlp_folded(const Op *op, const Run *run);

/* Gradients with respect to the folded weights, in the places of run->dparam where those of the
 * parameters go. */
typedef struct MlpSums {
    float *dw1; /* dW1' (hidden,C) */
    float *db1; /* (hidden) */
    float *g;   /* G = dout^T h (C,hidden) */
    float *t;   /* (C): sum of s dout */
} MlpSums;

MlpSums mlp_sums(const Op *op, const Run *run);
/* Turns the sums into the parameters' gradients, in place; `piece` is scratch, 2 C floats. */
void mlp_unfold(const Op *op, const Run *run, const MlpSums *sums, float *piece);
